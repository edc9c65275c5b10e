//! How values are ordered and when they are equal.
//!
//! Two orders: [`value_order`] is total, over all data, and keeps sets sorted; [`values_equal`] and [`values_less`] are the
//! language's, and unknown where it compares nothing. What nests is walked with a stack of pairs in the arena, each of which
//! takes no more room than the cell that it enters and is given back when it is left.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::version::*;

// Where a walk over two collections stands: the next cell of either, how many pairs are left, how the sizes are ordered,
// and what it came from.
const PAIR_A: i32 = 0;
const PAIR_B: i32 = 4;
const PAIR_LEFT: i32 = 8;
const PAIR_SIZES: i32 = 12;
const PAIR_PREVIOUS: i32 = 16;
const PAIR: i32 = 24;

/// How many cells stand in a collection or a record: of a map keys and values, of anything else none.
pub fn inner_cells(cell: i32) -> i32 {
    let tag = ld32(cell);
    if tag < T_SET {
        return 0;
    }
    let count = ld32(cell + 4);
    return if tag == T_MAP { count * 2 } else { count };
}

fn i32_order(a: i32, b: i32) -> i32 {
    return (a > b) as i32 - (a < b) as i32;
}

fn i64_order(a: i64, b: i64) -> i32 {
    return (a > b) as i32 - (a < b) as i32;
}

/// Orders what two cells hold as text.
pub fn text_order(a: i32, b: i32) -> i32 {
    return bytes_order(ld32(a + 8), ld32(a + 12), ld32(b + 8), ld32(b + 12));
}

/// Whether two cells hold the same text.
pub fn text_equal(a: i32, b: i32) -> bool {
    return bytes_equal(ld32(a + 8), ld32(a + 12), ld32(b + 8), ld32(b + 12));
}

/// Addresses and ranges: by family, address, prefix.
fn address_order(a: i32, b: i32) -> i32 {
    let family = ld32(a + 4) & 255;
    let order = i32_order(family, ld32(b + 4) & 255);
    if order != 0 {
        return order;
    }
    let len = if family == 4 { 4 } else { 16 };
    let by_bytes = bytes_order(ld32(a + 8), len, ld32(b + 8), len);
    return if by_bytes != 0 { by_bytes } else { i32_order(ld32(a + 4), ld32(b + 4)) };
}

/// Signed numbers of 128 bits.
fn quantity_order(a: i32, b: i32) -> i32 {
    let high = i64_order(ld64(ld32(a + 8) + 8), ld64(ld32(b + 8) + 8));
    if high != 0 {
        return high;
    }
    let low_a = ld64(ld32(a + 8)) as u64;
    let low_b = ld64(ld32(b + 8)) as u64;
    return (low_a > low_b) as i32 - (low_a < low_b) as i32;
}

/// Orders all but what is inside collections and records, which are the same here.
fn order_outside(a: i32, b: i32) -> i32 {
    let tag = ld32(a);
    let kinds = i32_order(tag, ld32(b));
    if kinds != 0 {
        return kinds;
    }
    match tag_used(tag) {
        T_BOOL => i32_order(ld32(a + 4), ld32(b + 4)),
        T_INT | T_DECIMAL | T_TIMESTAMP | T_DURATION => i64_order(ld64(a + 8), ld64(b + 8)),
        T_STRING | T_PATH | T_HOST => text_order(a, b),
        T_IP | T_RANGE => address_order(a, b),
        T_VERSION => version_order(a, b),
        T_QUANTITY => quantity_order(a, b),
        T_ENUM => {
            let enums = i64_order(ld64(a + 8), ld64(b + 8));
            if enums != 0 { enums } else { i32_order(ld32(a + 4), ld32(b + 4)) }
        }
        T_ENTITY => {
            let types = i32_order(ld32(a + 4), ld32(b + 4));
            if types != 0 { types } else { text_order(a, b) }
        }
        _ => 0,
    }
}

/// Enters two collections.
fn pair_enter(previous: i32, a: i32, b: i32) -> i32 {
    let count_a = inner_cells(a);
    let count_b = inner_cells(b);
    let pair = alloc(PAIR);
    st32(pair + PAIR_A, ld32(a + 8));
    st32(pair + PAIR_B, ld32(b + 8));
    st32(pair + PAIR_LEFT, if count_a < count_b { count_a } else { count_b });
    st32(pair + PAIR_SIZES, i32_order(count_a, count_b));
    st32(pair + PAIR_PREVIOUS, previous);
    return pair;
}

/// Goes on to the next pair of cells.
fn pair_go(pair: i32) {
    st32(pair + PAIR_A, ld32(pair + PAIR_A) + CELL);
    st32(pair + PAIR_B, ld32(pair + PAIR_B) + CELL);
    st32(pair + PAIR_LEFT, ld32(pair + PAIR_LEFT) - 1);
}

/// The total order of data, by kind first: -1, 0 or 1.
pub fn value_order(a: i32, b: i32) -> i32 {
    let order = order_outside(a, b);
    if order != 0 {
        return order;
    }
    match tag_used(ld32(a)) {
        T_SET | T_LIST | T_MAP | T_RECORD => order_inside(a, b),
        _ => 0,
    }
}

fn order_inside(a: i32, b: i32) -> i32 {
    let base = ld32(ARENA);
    let mut top = pair_enter(NOWHERE, a, b);
    let mut order = 0;
    while order == 0 && top != NOWHERE && ld32(FAILED) == 0 {
        if ld32(top + PAIR_LEFT) == 0 {
            order = ld32(top + PAIR_SIZES);
            st32(ARENA, top);
            top = ld32(top + PAIR_PREVIOUS);
        } else {
            let left = ld32(top + PAIR_A);
            let right = ld32(top + PAIR_B);
            pair_go(top);
            order = order_outside(left, right);
            if order == 0 && ld32(left) >= T_SET {
                top = pair_enter(top, left, right);
            }
        }
    }
    st32(ARENA, base);
    return order;
}

/// Equality, where of sets and lists only the sizes count.
fn equal_outside(a: i32, b: i32) -> i32 {
    let tag = ld32(a);
    if tag != ld32(b) || tag < T_BOOL {
        return UNKNOWN;
    }
    match tag_used(tag) {
        T_STRING | T_PATH | T_HOST => text_equal(a, b) as i32,
        T_ENTITY => (ld32(a + 4) == ld32(b + 4) && text_equal(a, b)) as i32,
        T_ENUM => {
            if ld64(a + 8) != ld64(b + 8) {
                UNKNOWN
            } else {
                (ld32(a + 4) == ld32(b + 4)) as i32
            }
        }
        T_SET | T_LIST => (ld32(a + 4) == ld32(b + 4)) as i32,
        T_MAP | T_RECORD => UNKNOWN,
        _ => (order_outside(a, b) == 0) as i32,
    }
}

/// Whether two values are equal, as a truth: unknown unless they are of one kind, and for maps and records.
pub fn values_equal(a: i32, b: i32) -> i32 {
    let truth = equal_outside(a, b);
    if truth != TRUE {
        return truth;
    }
    match tag_used(ld32(a)) {
        T_SET | T_LIST => equal_inside(a, b),
        _ => TRUE,
    }
}

/// False where anything inside is unequal, else unknown where anything is not comparable.
fn equal_inside(a: i32, b: i32) -> i32 {
    let base = ld32(ARENA);
    let mut top = pair_enter(NOWHERE, a, b);
    let mut truth = TRUE;
    while truth != FALSE && top != NOWHERE && ld32(FAILED) == 0 {
        if ld32(top + PAIR_LEFT) == 0 {
            st32(ARENA, top);
            top = ld32(top + PAIR_PREVIOUS);
        } else {
            let left = ld32(top + PAIR_A);
            let right = ld32(top + PAIR_B);
            pair_go(top);
            let of_these = equal_outside(left, right);
            if of_these != TRUE {
                truth = of_these;
            } else if ld32(left) >= T_SET {
                top = pair_enter(top, left, right);
            }
        }
    }
    st32(ARENA, base);
    return truth;
}

/// Whether one value is less than another, or less or equal, as a truth: unknown for kinds that have no order.
pub fn values_less(a: i32, b: i32, or_equal: bool) -> i32 {
    let tag = ld32(a);
    if tag != ld32(b) {
        return UNKNOWN;
    }
    match tag_used(tag) {
        T_INT | T_DECIMAL | T_STRING | T_TIMESTAMP | T_DURATION | T_VERSION | T_QUANTITY => {
            (order_outside(a, b) < or_equal as i32) as i32
        }
        T_ENUM => {
            if ld64(a + 8) != ld64(b + 8) {
                UNKNOWN
            } else {
                (ld32(a + 4) < ld32(b + 4) + or_equal as i32) as i32
            }
        }
        _ => UNKNOWN,
    }
}

/// Whether nothing inside a datum is unknown; what is absent is known.
pub fn wholly_known(cell: i32) -> bool {
    let tag = ld32(cell);
    if tag == T_UNKNOWN {
        return false;
    }
    match tag_used(tag) {
        T_SET | T_LIST | T_MAP | T_RECORD => known_inside(cell),
        _ => true,
    }
}

fn known_inside(cell: i32) -> bool {
    let base = ld32(ARENA);
    let mut top = pair_enter(NOWHERE, cell, cell);
    let mut is_known = true;
    while is_known && top != NOWHERE && ld32(FAILED) == 0 {
        if ld32(top + PAIR_LEFT) == 0 {
            st32(ARENA, top);
            top = ld32(top + PAIR_PREVIOUS);
        } else {
            let inner = ld32(top + PAIR_A);
            pair_go(top);
            if ld32(inner) == T_UNKNOWN {
                is_known = false;
            } else if ld32(inner) >= T_SET {
                top = pair_enter(top, inner, inner);
            }
        }
    }
    st32(ARENA, base);
    return is_known;
}
