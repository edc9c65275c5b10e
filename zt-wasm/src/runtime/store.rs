//! Entities of the store, by their names.
//!
//! A name is a cell of an entity or of a text: what it is of (`a`), and bytes. Everything here compares names by that, so
//! that lists of entities and keys of maps are sorted alike.

use super::declared::*;
use super::env::*;
use super::layout::*;
use super::memory::*;

/// Whether two entities are the same.
pub fn uid_equal(a: i32, b: i32) -> bool {
    if ld32(a + 4) != ld32(b + 4) {
        return false;
    }
    return bytes_equal(ld32(a + 8), ld32(a + 12), ld32(b + 8), ld32(b + 12));
}

/// The order of two entities, or of two texts: -1, 0 or 1.
pub fn name_order(a: i32, b: i32) -> i32 {
    let left = ld32(a + 4) as u32;
    let right = ld32(b + 4) as u32;
    if left != right {
        return if left < right { -1 } else { 1 };
    }
    return bytes_order(ld32(a + 8), ld32(a + 12), ld32(b + 8), ld32(b + 12));
}

/// FNV-1a over the four bytes of an entity's type, lowest first, and its id.
pub fn uid_hash(uid: i32) -> u32 {
    let mut hash = fnv(2166136261u32, uid + 4, 4);
    hash = fnv(hash, ld32(uid + 8), ld32(uid + 12));
    return hash;
}

fn fnv(hash: u32, at: i32, len: i32) -> u32 {
    let mut hash = hash;
    let end = at + len;
    let mut at = at;
    while at != end {
        hash = (hash ^ (ld8(at) as u32)).wrapping_mul(16777619);
        at += 1;
    }
    return hash;
}

/// The mask of the store that is in force; -1 when there is none.
pub fn store_mask() -> i32 {
    if ld32(H_TAKES_DATA) != 0 {
        return ld32(DATA_MASK);
    }
    return ld32(H_STORE_MASK);
}

fn store_table() -> i32 {
    if ld32(H_TAKES_DATA) != 0 {
        return ld32(DATA_TABLE);
    }
    return ld32(H_STORE);
}

/// Where the store has an entity, or nowhere. A bucket has one entity or so, unless somebody chose ids whose hashes meet: it is
/// sorted for them.
pub fn store_find(uid: i32) -> i32 {
    let mask = store_mask();
    if mask == -1 {
        return NOWHERE;
    }
    let bucket = store_table() + ((uid_hash(uid) as i32) & mask) * 4;
    let mut low = ld32(bucket);
    let mut high = ld32(bucket + 4);
    while low != high {
        let middle = low + (((high - low) >> 3) << 2);
        let stored = ld32(middle);
        if uid_equal(stored, uid) {
            return stored;
        }
        if name_order(stored, uid) < 0 {
            low = middle + 4;
        } else {
            high = middle;
        }
    }
    return NOWHERE;
}

/// The position of an entity among cells that are sorted; -1 if it is not there.
pub fn uid_search(uid: i32, cells: i32, count: i32) -> i32 {
    let mut low = 0;
    let mut high = count;
    while low < high {
        let middle = (low + high) >> 1;
        let order = name_order(cells + middle * CELL, uid);
        if order == 0 {
            return middle;
        }
        if order < 0 {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

/// Whether names that stand `stride` bytes apart ascend, none twice.
pub fn names_ascend(at: i32, count: i32, stride: i32) -> bool {
    let mut left = count - 1;
    let mut at = at;
    while left > 0 {
        if name_order(at, at + stride) >= 0 {
            return false;
        }
        at += stride;
        left -= 1;
    }
    return true;
}

/// Sorts items of `stride` bytes that begin with a name. Merges, so that no input makes it slow.
pub fn names_sort(at: i32, count: i32, stride: i32) {
    // As most are given.
    if names_ascend(at, count, stride) {
        return;
    }
    let len = count * stride;
    let mut from = at;
    let mut to = alloc(len);
    if ld32(FAILED) != 0 {
        return;
    }
    let mut width = stride;
    while width < len {
        let mut start = 0;
        while start < len {
            let middle = if start + width < len { start + width } else { len };
            let end = if middle + width < len { middle + width } else { len };
            names_merge(from + start, from + middle, from + end, to + start, stride);
            start = end;
        }
        let merged = to;
        to = from;
        from = merged;
        width = width * 2;
    }
    if from != at {
        copy(at, from, len);
    }
}

/// Merges what stands before and behind `middle` to another place.
fn names_merge(start: i32, middle: i32, end: i32, to: i32, stride: i32) {
    let mut left = start;
    let mut right = middle;
    let mut to = to;
    while left < middle && right < end {
        if name_order(left, right) <= 0 {
            copy(to, left, stride);
            left += stride;
        } else {
            copy(to, right, stride);
            right += stride;
        }
        to += stride;
    }
    copy(to, left, middle - left);
    copy(to + (middle - left), right, end - right);
}

/// The position in a table of rows that begin with a name's address and length; -1 if it has no such name.
pub fn row_find(table: i32, count: i32, stride: i32, at: i32, len: i32) -> i32 {
    let mut row = 0;
    let mut place = table;
    while row < count {
        if name_len(place) == len {
            if bytes_equal(name_at(place), len, at, len) {
                return row;
            }
        }
        place += stride;
        row += 1;
    }
    return -1;
}
