//! The arena: blocks that last for one decision.

use super::env::*;
use super::layout::*;

/// Bytes that there are behind every text that is read, for as many as are loaded at once.
pub const BEHIND: i32 = 32;

/// Begins the arena anew; `keep` is where it begins.
pub fn arena_start(keep: i32) {
    st32(ARENA, (keep + 7) & -8);
    st32(ARENA_END, (pages() << 16) - ld32(SCRAP));
    st32(FAILED, 0);
}

/// A block of so many bytes, eight-aligned and not zeroed. When there is no memory left, [`FAILED`] is set and the block is
/// the scrap behind the arena, where nothing else is: whatever is written there, nothing is damaged that a routine relies on,
/// and the decision is that the request is invalid. The scrap is as long as the longest block: sixteen times a request, and
/// then some.
pub fn alloc(len: i32) -> i32 {
    let at = ld32(ARENA);
    let left = ld32(ARENA_END) - at;
    let len = (len + 7) & -8;
    if len > left {
        if !arena_grow(len - left) {
            st32(FAILED, 1);
            return ld32(ARENA_END);
        }
    }
    st32(ARENA, at + len);
    return at;
}

/// Addresses are positive numbers.
const PAGES_MAX: i32 = 32767;

fn arena_grow(missing: i32) -> bool {
    let needed = ((missing as u32 + 65535) >> 16) as i32;
    let before = pages();
    let more = needed + (before >> 2);
    if before + needed > PAGES_MAX {
        return false;
    }
    // A quarter more, so that many small blocks do not grow memory page by page.
    if before + more > PAGES_MAX || grow(more) < 0 {
        if grow(needed) < 0 {
            return false;
        }
    }
    st32(ARENA_END, (pages() << 16) - ld32(SCRAP));
    return true;
}

/// Makes sure that the arena has so many bytes; whether it does.
pub fn arena_reserve(len: i32) -> bool {
    let left = ld32(ARENA_END) - ld32(ARENA);
    if left >= len {
        return true;
    }
    return arena_grow(len - left);
}

/// A cell.
pub fn cell(tag: i32, a: i32, b: i64) -> i32 {
    let at = alloc(CELL);
    put_cell(at, tag, a, b);
    return at;
}

/// Writes a cell.
pub fn put_cell(at: i32, tag: i32, a: i32, b: i64) {
    st32(at, tag);
    st32(at + 4, a);
    st64(at + 8, b);
}

/// An address and a length as one number.
pub fn span(at: i32, len: i32) -> i64 {
    return (at as u32 as i64) | ((len as i64) << 32);
}

pub fn span_at(span: i64) -> i32 {
    return span as i32;
}

pub fn span_len(span: i64) -> i32 {
    return (span >> 32) as i32;
}

/// Adds a number to a list.
pub fn push(list: i32, number: i32) {
    let count = ld32(list + 4);
    if count == ld32(list + 8) {
        let room = if count == 0 { 8 } else { count * 2 };
        let more = alloc(room * 4);
        copy(more, ld32(list), count * 4);
        st32(list, more);
        st32(list + 8, room);
    }
    st32(ld32(list) + count * 4, number);
    st32(list + 4, count + 1);
}

/// Orders bytes as unsigned numbers, shorter before longer: -1, 0 or 1.
pub fn bytes_order(a: i32, a_len: i32, b: i32, b_len: i32) -> i32 {
    let least = if a_len < b_len { a_len } else { b_len };
    let mut at = 0;
    while at < least {
        let left = ld64(a + at);
        let right = ld64(b + at);
        if left != right {
            // The first byte that differs, unless it is behind them.
            let bit = (left ^ right).trailing_zeros() as i32 & 56;
            if at + (bit >> 3) >= least {
                break;
            }
            let is_less = ((left >> bit) & 255) < ((right >> bit) & 255);
            return if is_less { -1 } else { 1 };
        }
        at += 8;
    }
    if a_len == b_len {
        return 0;
    }
    return if a_len < b_len { -1 } else { 1 };
}

/// Whether two texts are the same.
pub fn bytes_equal(a: i32, a_len: i32, b: i32, b_len: i32) -> bool {
    if a_len != b_len {
        return false;
    }
    let mut at = 0;
    while at + 8 <= a_len {
        if ld64(a + at) != ld64(b + at) {
            return false;
        }
        at += 8;
    }
    return (ld64(a + at) ^ ld64(b + at)) & first_bytes(a_len - at) == 0;
}

/// Of eight bytes, the bits of so many, fewer than eight. Where fewer are left of a text, eight can be loaded yet: memory
/// goes on behind every text.
pub fn first_bytes(len: i32) -> i64 {
    return (1i64 << (len * 8)).wrapping_sub(1);
}

/// Makes so many bytes zero; up to seven behind them may be, too. A few take less time one by one.
pub fn clear(at: i32, len: i32) {
    if len > 256 {
        fill(at, 0, len);
        return;
    }
    let mut next = at;
    while next - at < len {
        st64(next, 0);
        next += 8;
    }
}

/// Copies a cell.
pub fn copy_cell(to: i32, from: i32) {
    let rest = ld64(from + 8);
    st64(to, ld64(from));
    st64(to + 8, rest);
}
