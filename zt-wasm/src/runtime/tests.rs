//! Tests of the routines, as Rust, against what `zt-eval` does.

mod bind;
mod decide;
mod names;
mod text;
mod values;

use super::env;
use super::layout::*;
use super::memory::*;

/// Where the arena of tests begins.
const ARENA_AT: i32 = 1 << 16;

/// Bytes behind the arena.
const SCRAP_LEN: i32 = 1 << 16;

/// An empty memory with an arena.
pub fn start() {
    env::reset();
    env::st32(H_ARENA, ARENA_AT);
    env::st32(SCRAP, SCRAP_LEN);
    arena_start(ARENA_AT);
}

#[test]
fn an_arena_that_cannot_grow_fails_and_says_so() {
    start();
    let block = alloc(2 << 16);
    assert_eq!((block, env::ld32(FAILED)), (ARENA_AT, 0));
    env::allow_pages(5);
    assert_eq!(alloc(1 << 16), ARENA_AT + (2 << 16));
    // What is written now goes where nothing else is.
    assert_eq!(alloc(8), 4 << 16);
    assert_eq!(env::ld32(FAILED), 1);
}

#[test]
fn texts_are_ordered_by_bytes() {
    start();
    env::write(ARENA_AT, b"reddishly red");
    for (a, b) in [("red", "red"), ("red", "reddish"), ("reddishly", "reddishl"), ("", "r"), (" red", "red")] {
        let place = |text: &str| "reddishly red".find(text).unwrap() as i32 + ARENA_AT;
        let (at, bt, an, bn) = (place(a), place(b), a.len() as i32, b.len() as i32);
        assert_eq!(bytes_order(at, an, bt, bn), a.cmp(b) as i32, "{a:?} {b:?}");
        assert_eq!(bytes_equal(at, an, bt, bn), a == b, "{a:?} {b:?}");
    }
}
