//! Addresses, versions, paths, host names, and writing values.

mod host;
mod net;
mod out;
mod path;
mod value;
mod version;

use proptest::prelude::*;

use super::super::env;
use super::super::layout::*;
use super::super::memory::*;
use super::super::out::*;
use super::start;

/// A text in memory: its address and its length.
fn place(text: &str) -> (i32, i32) {
    let (at, len) = (alloc(text.len() as i32), text.len() as i32);
    env::write(at, text.as_bytes());
    (at, len)
}

/// What a routine writes.
fn written(write: impl FnOnce()) -> String {
    out_start();
    write();
    let text = env::read(env::ld32(OUT), env::ld32(OUT + 4));
    String::from_utf8(text).unwrap()
}

/// The text of a cell.
fn text_of(cell: i32) -> String {
    let bytes = env::read(env::ld32(cell + 8), env::ld32(cell + 12));
    String::from_utf8(bytes).unwrap()
}

/// The cell that a routine reads a text to, when it does.
fn parsed(text: &str, parse: fn(i32, i32, i32) -> bool) -> Option<i32> {
    let (at, len) = place(text);
    let into = cell(-1, -1, -1);
    parse(at, len, into).then_some(into)
}

/// Texts, and texts that differ from them here and there.
fn nearly(texts: impl Strategy<Value = String>, alphabet: &'static str) -> impl Strategy<Value = String> {
    let change = (0..3u8, any::<prop::sample::Index>(), any::<prop::sample::Index>());
    (texts, prop::collection::vec(change, 0..3)).prop_map(move |(text, changes)| {
        let mut chars: Vec<char> = text.chars().collect();
        let letters: Vec<char> = alphabet.chars().collect();
        for (kind, place, letter) in changes {
            let (at, letter) = (place.index(chars.len() + 1), letters[letter.index(letters.len())]);
            match kind {
                0 => chars.insert(at, letter),
                1 if at < chars.len() => chars[at] = letter,
                _ if at < chars.len() => drop(chars.remove(at)),
                _ => {}
            }
        }
        chars.into_iter().collect()
    })
}
