//! Operators that look into text and collections, and what makes sets and lists.
//!
//! Operators take data, and are unknown for those that are no values of the kinds that they are for. Each is linear in its
//! operands, or n log n where a list has to be sorted.

use super::address::*;
use super::declared::*;
use super::env::*;
use super::glob::*;
use super::layout::*;
use super::memory::*;
use super::order::*;

// Operators that make a set of two.
pub const SET_UNION: i32 = 0;
pub const SET_INTERSECTION: i32 = 1;
pub const SET_DIFFERENCE: i32 = 2;

/// Where a cell is found among sorted ones, every `step` bytes apart; nowhere if it is not.
fn cell_find(at: i32, count: i32, step: i32, wanted: i32) -> i32 {
    let mut low = 0;
    let mut high = count;
    while low < high {
        let middle = (low + high) >> 1;
        let candidate = at + middle * step;
        let order = value_order(candidate, wanted);
        if order == 0 {
            return candidate;
        }
        if order < 0 {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NOWHERE;
}

/// Whether all elements of a collection are of the kind of `sample`, and of a kind that has equality. A set is sorted by kind
/// first, but a list may be mixed.
fn is_comparable(collection: i32, sample: i32) -> bool {
    let tag = ld32(sample);
    if tag >= T_MAP {
        return false;
    }
    let mut at = ld32(collection + 8);
    let end = at + ld32(collection + 4) * CELL;
    while at < end {
        if ld32(at) != tag {
            return false;
        }
        at += CELL;
    }
    return true;
}

/// Whether a collection of addresses and ranges has an address; unknown if it has anything else.
fn contains_address(collection: i32, address: i32) -> i32 {
    let mut at = ld32(collection + 8);
    let end = at + ld32(collection + 4) * CELL;
    let mut found = FALSE;
    while at < end {
        let tag = ld32(at);
        if tag == T_IP {
            found |= (value_order(at, address) == 0) as i32;
        } else if tag == T_RANGE {
            found |= range_holds(at, address) as i32;
        } else {
            return UNKNOWN;
        }
        at += CELL;
    }
    return found;
}

fn list_contains(list: i32, element: i32) -> i32 {
    let mut at = ld32(list + 8);
    let end = at + ld32(list + 4) * CELL;
    let mut truth = FALSE;
    while at < end {
        let equal = values_equal(at, element);
        if equal == TRUE {
            return TRUE;
        }
        if equal == UNKNOWN {
            truth = UNKNOWN;
        }
        at += CELL;
    }
    return truth;
}

fn set_contains(set: i32, element: i32) -> i32 {
    let at = ld32(set + 8);
    let count = ld32(set + 4);
    let tag = ld32(element);
    if tag >= T_MAP || (count != 0 && (ld32(at) != tag || ld32(at + (count - 1) * CELL) != tag)) {
        return UNKNOWN;
    }
    return (cell_find(at, count, CELL, element) != NOWHERE) as i32;
}

/// Whether a collection has an element: a set or list a value, a map a key, a text another text, a range an address, a set or
/// list of ranges an address that lies in any.
pub fn contains(a: i32, b: i32) -> i32 {
    let tag = ld32(b);
    if tag < T_BOOL {
        return UNKNOWN;
    }
    match tag_used(ld32(a)) {
        T_SET => match tag_used(tag) {
            T_IP => contains_address(a, b),
            _ => set_contains(a, b),
        },
        T_LIST => match tag_used(tag) {
            T_IP => contains_address(a, b),
            _ => list_contains(a, b),
        },
        T_STRING => {
            if tag == T_STRING {
                (text_find(ld32(a + 8), ld32(a + 12), ld32(b + 8), ld32(b + 12)) >= 0) as i32
            } else {
                UNKNOWN
            }
        }
        T_MAP => {
            if tag == T_STRING {
                (cell_find(ld32(a + 8), ld32(a + 4), CELL * 2, b) != NOWHERE) as i32
            } else {
                UNKNOWN
            }
        }
        T_RANGE => {
            if tag == T_IP {
                range_holds(a, b) as i32
            } else {
                UNKNOWN
            }
        }
        _ => UNKNOWN,
    }
}

/// Whether how many elements of `b` that `a` has settles a question: 1, the first that it has; 0, the first that it has not.
fn contains_until(a: i32, b: i32, settles: i32) -> i32 {
    let tag_a = ld32(a);
    let tag_b = ld32(b);
    if (tag_a != T_SET && tag_a != T_LIST) || (tag_b != T_SET && tag_b != T_LIST) {
        return UNKNOWN;
    }
    let count = ld32(a + 4);
    let count_b = ld32(b + 4);
    if count + count_b != 0 {
        let sample = if count != 0 { ld32(a + 8) } else { ld32(b + 8) };
        if !is_comparable(a, sample) || !is_comparable(b, sample) {
            return UNKNOWN;
        }
    }
    let base = ld32(ARENA);
    let mut sorted = ld32(a + 8);
    if tag_a == T_LIST {
        sorted = alloc(count * CELL);
        if ld32(FAILED) != 0 {
            return UNKNOWN;
        }
        copy(sorted, ld32(a + 8), count * CELL);
        cells_sort(sorted, count);
    }
    let mut at = ld32(b + 8);
    let end = at + count_b * CELL;
    let mut truth = 1 - settles;
    while at < end && truth != settles {
        if (cell_find(sorted, count, CELL, at) != NOWHERE) as i32 == settles {
            truth = settles;
        }
        at += CELL;
    }
    st32(ARENA, base);
    return truth;
}

/// Whether a set or list has any element of another.
pub fn contains_any(a: i32, b: i32) -> i32 {
    return contains_until(a, b, TRUE);
}

/// Whether a set or list has all elements of another.
pub fn contains_all(a: i32, b: i32) -> i32 {
    return contains_until(a, b, FALSE);
}

/// The cell of the union, intersection or difference of two sets. Both are walked once: what is in either alone and what is in
/// both comes by, in order.
pub fn set_operation(op: i32, a: i32, b: i32) -> i32 {
    if ld32(a) != T_SET || ld32(b) != T_SET {
        return CELL_UNKNOWN;
    }
    let mut left = ld32(a + 8);
    let left_end = left + ld32(a + 4) * CELL;
    let mut right = ld32(b + 8);
    let right_end = right + ld32(b + 4) * CELL;
    let header = cell(T_SET, 0, 0);
    let block = alloc((left_end - left) + (right_end - right));
    if ld32(FAILED) != 0 {
        return CELL_UNKNOWN;
    }
    let mut to = block;
    while left < left_end || right < right_end {
        let order = if right == right_end {
            -1
        } else if left == left_end {
            1
        } else {
            value_order(left, right)
        };
        let is_wanted = if order == 0 {
            op != SET_DIFFERENCE
        } else if order < 0 {
            op != SET_INTERSECTION
        } else {
            op == SET_UNION
        };
        if is_wanted {
            copy(to, if order <= 0 { left } else { right }, CELL);
            to += CELL;
        }
        if order <= 0 {
            left += CELL;
        }
        if order >= 0 {
            right += CELL;
        }
    }
    st32(ARENA, to);
    put_cell(header, T_SET, (to - block) >> 4, span(block, 0));
    return header;
}

/// Sorts cells in their place, in n log n steps.
pub fn cells_sort(at: i32, count: i32) {
    let mut sorted = 1;
    while sorted < count && value_order(at + (sorted - 1) * CELL, at + sorted * CELL) <= 0 {
        sorted += 1;
    }
    if sorted >= count {
        return;
    }
    let mut root = count >> 1;
    while root > 0 {
        root -= 1;
        cell_sink(at, root, count);
    }
    let mut end = count;
    while end > 1 {
        end -= 1;
        cells_swap(at, at + end * CELL);
        cell_sink(at, 0, end);
    }
}

fn cells_swap(a: i32, b: i32) {
    let low = ld64(a);
    let high = ld64(a + 8);
    copy(a, b, CELL);
    st64(b, low);
    st64(b + 8, high);
}

/// Lets a cell of a heap sink to where none below is greater.
fn cell_sink(at: i32, from: i32, end: i32) {
    let mut root = from;
    loop {
        let mut child = root * 2 + 1;
        if child >= end {
            return;
        }
        if child + 1 < end && value_order(at + child * CELL, at + (child + 1) * CELL) < 0 {
            child += 1;
        }
        if value_order(at + root * CELL, at + child * CELL) >= 0 {
            return;
        }
        cells_swap(at + root * CELL, at + child * CELL);
        root = child;
    }
}

/// The cell of the set of cells that stand together; they are sorted where they are and then belong to the set. Unknown when one
/// is not a value of which everything is known.
pub fn set_of(cells_at: i32, count: i32) -> i32 {
    let mut at = cells_at;
    let end = cells_at + count * CELL;
    while at < end {
        if ld32(at) == T_ABSENT || !wholly_known(at) {
            return CELL_UNKNOWN;
        }
        at += CELL;
    }
    cells_sort(cells_at, count);
    // What repeats is left out: `to` is behind the last that is kept.
    let mut to = cells_at;
    at = cells_at;
    while at < end {
        if to == cells_at || value_order(to - CELL, at) != 0 {
            copy(to, at, CELL);
            to += CELL;
        }
        at += CELL;
    }
    return cell(T_SET, (to - cells_at) >> 4, span(cells_at, 0));
}

/// The cell of the list of cells that stand together, which then belong to it. Unknown when one is not a value.
pub fn list_of(cells_at: i32, count: i32) -> i32 {
    let mut at = cells_at;
    let end = cells_at + count * CELL;
    while at < end {
        if ld32(at) < T_BOOL {
            return CELL_UNKNOWN;
        }
        at += CELL;
    }
    return cell(T_LIST, count, span(cells_at, 0));
}

/// The cell of what a map has at a key: absent when it has none, or when the map is absent.
pub fn map_index(map: i32, key: i32) -> i32 {
    if ld32(map) == T_ABSENT {
        return CELL_ABSENT;
    }
    if ld32(map) != T_MAP || ld32(key) != T_STRING {
        return CELL_UNKNOWN;
    }
    let found = cell_find(ld32(map + 8), ld32(map + 4), CELL * 2, key);
    return if found == NOWHERE { CELL_ABSENT } else { found + CELL };
}

/// The cell of a record's field; absent when the record is.
pub fn field_of(record: i32, field: i32) -> i32 {
    let tag = ld32(record);
    if tag == T_RECORD && (field as u32) < (ld32(record + 4) as u32) {
        return ld32(record + 8) + field * CELL;
    }
    return if tag == T_ABSENT { CELL_ABSENT } else { CELL_UNKNOWN };
}

/// Whether a text or a collection is empty.
pub fn is_empty(a: i32) -> i32 {
    let tag = ld32(a);
    if tag == T_STRING {
        return (ld32(a + 12) == 0) as i32;
    }
    if tag < T_SET || tag == T_RECORD {
        return UNKNOWN;
    }
    return (ld32(a + 4) == 0) as i32;
}

/// The cell of the number of characters of a text, of elements of a collection.
pub fn size_of(a: i32) -> i32 {
    let tag = ld32(a);
    if tag == T_STRING {
        return cell(T_INT, 0, text_chars(ld32(a + 8), ld32(a + 12)) as i64);
    }
    if tag < T_SET || tag == T_RECORD {
        return CELL_UNKNOWN;
    }
    return cell(T_INT, 0, ld32(a + 4) as i64);
}

/// How many characters UTF-8 has: its bytes, less those that continue one, which begin with the bits 10.
fn text_chars(at: i32, len: i32) -> i32 {
    let mut chars = len;
    let mut done = 0;
    while done + 8 <= len {
        let bytes = ld64(at + done) as u64;
        chars -= ((bytes >> 7) & ((bytes ^ 0xffff_ffff_ffff_ffff) >> 6) & 0x0101_0101_0101_0101).count_ones() as i32;
        done += 8;
    }
    while done < len {
        chars -= ((ld8(at + done) & 192) == 128) as i32;
        done += 1;
    }
    return chars;
}

/// Whether a text starts with another, or a path with another by whole segments.
pub fn starts_with(a: i32, b: i32) -> i32 {
    let tag = ld32(a);
    if tag != ld32(b) || (tag != T_STRING && tag != T_PATH) {
        return UNKNOWN;
    }
    let at = ld32(a + 8);
    let prefix = ld32(b + 8);
    let len = ld32(b + 12);
    if ld32(a + 12) < len || !bytes_equal(at, len, prefix, len) {
        return FALSE;
    }
    if tag == T_STRING || ld32(a + 12) == len {
        return TRUE;
    }
    return (ld8(at + len) == b'/' as i32 || (len > 0 && ld8(prefix + len - 1) == b'/' as i32)) as i32;
}

/// Whether a text ends with another.
pub fn ends_with(a: i32, b: i32) -> i32 {
    if ld32(a) != T_STRING || ld32(b) != T_STRING {
        return UNKNOWN;
    }
    let len = ld32(b + 12);
    let before = ld32(a + 12) - len;
    return (before >= 0 && bytes_equal(ld32(a + 8) + before, len, ld32(b + 8), len)) as i32;
}

/// The cell of a text with its ASCII letters in lower case.
pub fn lower(a: i32) -> i32 {
    if ld32(a) != T_STRING {
        return CELL_UNKNOWN;
    }
    let at = ld32(a + 8);
    let len = ld32(a + 12);
    let mut done = 0;
    while done < len && !is_upper(ld8(at + done)) {
        done += 1;
    }
    if done == len {
        return a;
    }
    let to = alloc(len);
    if ld32(FAILED) != 0 {
        return CELL_UNKNOWN;
    }
    copy(to, at, len);
    while done < len {
        let byte = ld8(at + done);
        st8(to + done, if is_upper(byte) { byte + 32 } else { byte });
        done += 1;
    }
    return cell(T_STRING, 0, span(to, len));
}

fn is_upper(byte: i32) -> bool {
    return byte >= b'A' as i32 && byte <= b'Z' as i32;
}

/// Whether an optional has a value.
pub fn is_present(a: i32) -> i32 {
    let tag = ld32(a);
    return if tag == T_UNKNOWN { UNKNOWN } else { (tag != T_ABSENT) as i32 };
}

/// Whether an entity is of certain types: those whose bit is 1.
pub fn entity_is(cell: i32, types: i32) -> i32 {
    return if ld32(cell) == T_ENTITY { has_type(types, ld32(cell + 4)) as i32 } else { UNKNOWN };
}

/// The truth of a condition's cell: unknown unless it is a truth value.
pub fn cell_truth(cell: i32) -> i32 {
    return if ld32(cell) == T_BOOL { ld32(cell + 4) } else { UNKNOWN };
}

/// The cell of a truth.
pub fn truth_cell(truth: i32) -> i32 {
    match truth {
        FALSE => CELL_FALSE,
        TRUE => CELL_TRUE,
        _ => CELL_UNKNOWN,
    }
}
