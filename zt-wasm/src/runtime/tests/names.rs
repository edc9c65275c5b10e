//! Addresses, versions, paths, host names, and writing values.

mod out;

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
