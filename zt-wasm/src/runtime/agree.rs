//! What is known of a datum when it is one of two and not known which: what they agree on.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::order::*;

// What is being put together: the next cell of either and of the result, how many are left, the kind, the cell that stands for
// the whole, and what it lies in.
const SHARED_A: i32 = 0;
const SHARED_B: i32 = 4;
const SHARED_TO: i32 = 8;
const SHARED_LEFT: i32 = 12;
const SHARED_TAG: i32 = 16;
const SHARED_WHOLE: i32 = 20;
const SHARED_PREVIOUS: i32 = 24;
const SHARED: i32 = 32;

/// The cell of what two data agree on: a record field by field, a list or map of the same size and keys whose elements all agree
/// on something, else what is the same, else nothing.
pub fn agreement(a: i32, b: i32) -> i32 {
    if value_order(a, b) == 0 {
        return a;
    }
    if !is_divisible(a, b) {
        return CELL_UNKNOWN;
    }
    let whole = cell(T_UNKNOWN, 0, 0);
    let mut top = shared_enter(NOWHERE, whole, a, b);
    while top != NOWHERE && ld32(FAILED) == 0 {
        if ld32(top + SHARED_LEFT) == 0 {
            top = ld32(top + SHARED_PREVIOUS);
        } else {
            let left = ld32(top + SHARED_A);
            let right = ld32(top + SHARED_B);
            let to = ld32(top + SHARED_TO);
            st32(top + SHARED_A, left + CELL);
            st32(top + SHARED_B, right + CELL);
            st32(top + SHARED_TO, to + CELL);
            st32(top + SHARED_LEFT, ld32(top + SHARED_LEFT) - 1);
            if is_divisible(left, right) {
                top = shared_enter(top, to, left, right);
            } else if value_order(left, right) == 0 {
                copy(to, left, CELL);
            } else {
                put_cell(to, T_UNKNOWN, 0, 0);
                top = shared_give_up(top);
            }
        }
    }
    return whole;
}

/// Whether two data can agree in part.
fn is_divisible(a: i32, b: i32) -> bool {
    let tag = ld32(a);
    return tag >= T_LIST && tag == ld32(b) && (tag == T_RECORD || ld32(a + 4) == ld32(b + 4));
}

fn shared_enter(previous: i32, whole: i32, a: i32, b: i32) -> i32 {
    // Of a record, one can have fewer cells: of the others nothing is read.
    let least = if ld32(a + 4) < ld32(b + 4) { a } else { b };
    let count = inner_cells(least);
    let block = alloc(count * CELL);
    let top = alloc(SHARED);
    put_cell(whole, ld32(a), ld32(least + 4), span(block, 0));
    st32(top + SHARED_A, ld32(a + 8));
    st32(top + SHARED_B, ld32(b + 8));
    st32(top + SHARED_TO, block);
    st32(top + SHARED_LEFT, count);
    st32(top + SHARED_TAG, ld32(a));
    st32(top + SHARED_WHOLE, whole);
    st32(top + SHARED_PREVIOUS, previous);
    return top;
}

/// A record can have an unknown field; a list or map with an unknown element is unknown as a whole. Gives what goes on.
fn shared_give_up(from: i32) -> i32 {
    let mut top = from;
    while top != NOWHERE && ld32(top + SHARED_TAG) != T_RECORD {
        put_cell(ld32(top + SHARED_WHOLE), T_UNKNOWN, 0, 0);
        top = ld32(top + SHARED_PREVIOUS);
    }
    return top;
}
