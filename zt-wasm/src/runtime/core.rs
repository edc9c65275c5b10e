//! What modules of the target `core` export.

use super::bind::*;
use super::decide::*;
use super::env::*;
use super::layout::*;
use super::memory::*;
use super::write::*;

/// Bytes that the arena and its scrap have beside what a request asks for.
const CORE_ARENA: i32 = 65536;

/// A place for a request of so many bytes; nowhere for one that is too long, or when there is no memory left. What was
/// decided before is forgotten.
pub fn core_alloc(len: i32) -> i32 {
    let is_short = len >= 0 && len <= ld32(H_BYTES_MAX) && len < CORE_REQUEST_MAX;
    st32(SCRAP, if is_short { CORE_ARENA + len * 16 } else { CORE_ARENA });
    arena_start(ld32(H_ARENA));
    // Room for the request, and for the decision that it is invalid.
    if is_short && arena_reserve(len + CORE_ARENA) {
        return alloc(len);
    }
    st32(SCRAP, CORE_ARENA);
    arena_start(ld32(H_ARENA));
    return NOWHERE;
}

/// Bytes of the longest request of all, whatever a policy's limit: what is made from it has addresses yet.
const CORE_REQUEST_MAX: i32 = 1 << 26;

/// Decides the request at an address that `core_alloc` gave. The decision as JSON: its address and length.
pub fn core_decide(at: i32, len: i32, has_now: i32, now: i64, full: i32) -> i64 {
    st32(HAS_NOW, (has_now != 0) as i32);
    st64(NOW, now);
    let is_there = at >= ld32(H_ARENA) && len >= 0 && len <= ld32(ARENA) - at;
    if is_there && bind_request(at, len) {
        decide(full != 0);
    } else {
        decide_invalid();
    }
    write_decision();
    if ld32(FAILED) != 0 {
        arena_start(ld32(H_ARENA));
        decide_invalid();
        write_decision();
    }
    return span(ld32(OUT), ld32(OUT + 4));
}
