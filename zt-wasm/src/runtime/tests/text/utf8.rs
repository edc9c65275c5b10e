//! Against std.

use proptest::prelude::*;

use super::super::super::utf8::*;
use super::{CELL_AT, put};
use crate::runtime::env;

fn agrees(bytes: &[u8]) {
    let (at, len) = put(bytes);
    assert_eq!(utf8_valid(at, len), str::from_utf8(bytes).is_ok(), "{}", bytes.escape_ascii());
}

#[test]
fn every_start_of_a_character_is_told() {
    let edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    for first in 0x80..=0xff {
        agrees(&[first]);
        for second in edges {
            agrees(&[b'a', first, second]);
            for third in edges {
                agrees(&[first, second, third]);
                agrees(&[first, second, third, 0x80]);
                agrees(&[first, second, third, 0xbf, b'z']);
                agrees(&[first, second, third, 0xc0]);
            }
        }
    }
}

#[test]
fn every_character_goes_there_and_back() {
    for c in
        (0..0x800).chain(0x800..0x11_0000 - 1).step_by(7).chain([0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x1_0000, 0x10_ffff])
    {
        let Some(c) = char::from_u32(c) else { continue };
        let end = utf8_put(CELL_AT, c as i32);
        assert_eq!(env::read(CELL_AT, end - CELL_AT), c.to_string().as_bytes());
        assert_eq!(utf8_char(CELL_AT, end), c as i32);
        assert_eq!(utf8_width(env::ld8(CELL_AT)), end - CELL_AT);
    }
}

proptest! {
    #[test]
    fn texts_are_valid_and_damaged_ones_as_std_says(text: String, at: prop::sample::Index, byte: u8) {
        let mut bytes = text.into_bytes();
        agrees(&bytes);
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            agrees(&bytes);
            agrees(&bytes[..at]);
        }
    }

    #[test]
    fn bytes_are_valid_as_std_says(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        agrees(&bytes);
    }
}
