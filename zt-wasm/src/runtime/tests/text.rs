//! Reading JSON, numbers and times.

mod json;
mod numbers;
mod scalars;
mod times;
mod utf8;

use super::super::env::*;
use super::super::layout::*;
use super::super::memory::BEHIND;
use super::super::out::*;
use super::start;

/// Where tests put cells.
const CELL_AT: i32 = 1 << 15;

/// Puts a text at the very end of an empty memory, so that reading beyond it is found out; gives its address and length.
fn put(text: &[u8]) -> (i32, i32) {
    start();
    let len = text.len() as i32;
    while (pages() - 2) << 16 < len {
        assert!(grow(1) > 0);
    }
    let at = (pages() << 16) - BEHIND - len;
    write(at, text);
    // What stands behind a text is not of it, however well it would go on.
    let behind = br#"":1,"a":"x"}]}, "b":[{""#;
    write(at + len, &behind[len as usize % 12..]);
    (at, len)
}

/// What a routine writes.
fn written(write_it: impl Fn()) -> String {
    start();
    out_start();
    write_it();
    String::from_utf8(read(ld32(OUT), ld32(OUT + 4))).unwrap()
}

/// The 128-bit number there.
fn wide(at: i32) -> i128 {
    i128::from(ld64(at + 8)) << 64 | i128::from(ld64(at) as u64)
}

fn put_wide(at: i32, number: i128) {
    st64(at, number as i64);
    st64(at + 8, (number >> 64) as i64);
}
