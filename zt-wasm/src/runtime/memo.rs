//! Where quantifiers are, and data that a decision keeps.
//!
//! A datum is kept with the stamp under which it was computed, and holds while the stamp of the level that it depends on is
//! the same. Stamps only grow; when there is none left, everything is forgotten and they begin anew.

use super::env::*;
use super::layout::*;

/// The last stamp.
pub const STAMP: i32 = 1868;
const LEVEL_CELL: i32 = 4;
const LEVEL_AT: i32 = 8;
const LEVEL_NODE: i32 = 12;
const LEVELS_END: i32 = 784;

/// Forgets what depends on a level.
pub fn level_renew(level: i32) {
    let mut stamp = ld32(STAMP).wrapping_add(1);
    if stamp == 0 {
        stamps_forget();
        stamp = ld32(STAMP).wrapping_add(1);
    }
    st32(STAMP, stamp);
    st32(LEVELS + level * LEVEL, stamp);
}

/// Makes what was kept under any stamp forgotten, and gives each level a stamp again.
fn stamps_forget() {
    fill(ld32(H_KEPT), 0, ld32(H_KEPT_BYTES));
    let mut stamp = 0;
    let mut level = LEVELS;
    while level != LEVELS_END {
        stamp += 1;
        st32(level, stamp);
        level += LEVEL;
    }
    st32(STAMP, stamp);
}

/// Whether a datum is kept that depends on this level.
pub fn memo_has(slot: i32, level: i32) -> bool {
    return ld32(slot) == ld32(LEVELS + level * LEVEL);
}

/// Keeps a datum that depends on a level: its truth, or the address of its cell. Gives it back.
pub fn memo_keep(slot: i32, level: i32, datum: i32) -> i32 {
    st32(slot, ld32(LEVELS + level * LEVEL));
    st32(slot + 4, datum);
    return datum;
}

/// Enters a quantifier over a collection, which a node gives; it stands nowhere yet.
pub fn level_open(level: i32, cell: i32, node: i32) {
    let at = LEVELS + level * LEVEL;
    st32(at + LEVEL_CELL, cell);
    st32(at + LEVEL_AT, 0);
    st32(at + LEVEL_NODE, node);
}

/// Puts a quantifier at an element; what depends on its level is then to be computed anew.
pub fn level_go(level: i32, index: i32) {
    st32(LEVELS + level * LEVEL + LEVEL_AT, index);
    level_renew(level);
}

pub fn level_close(level: i32) {
    st32(LEVELS + level * LEVEL + LEVEL_CELL, NOWHERE);
}

/// The collection that a quantifier goes through; nowhere outside of it.
pub fn level_collection(level: i32) -> i32 {
    return ld32(LEVELS + level * LEVEL + LEVEL_CELL);
}

/// The node that gives the collection.
pub fn level_over(level: i32) -> i32 {
    return ld32(LEVELS + level * LEVEL + LEVEL_NODE);
}

/// How many elements a quantifier goes through; -1 over what is no collection.
pub fn level_count(cell: i32) -> i32 {
    let tag = ld32(cell);
    if tag < T_SET || tag > T_MAP {
        return -1;
    }
    return ld32(cell + 4);
}

/// The element that a quantifier is at; over a map, the value.
pub fn level_element(level: i32) -> i32 {
    let cell = level_collection(level);
    let index = ld32(LEVELS + level * LEVEL + LEVEL_AT);
    // Nothing is at no place, and so no collection.
    if index >= level_count(cell) {
        return CELL_UNKNOWN;
    }
    if ld32(cell) == T_MAP {
        return ld32(cell + 8) + index * (2 * CELL) + CELL;
    }
    return ld32(cell + 8) + index * CELL;
}

/// The key that a quantifier over a map is at.
pub fn level_key(level: i32) -> i32 {
    let cell = level_collection(level);
    let index = ld32(LEVELS + level * LEVEL + LEVEL_AT);
    if ld32(cell) != T_MAP || index >= ld32(cell + 4) {
        return CELL_UNKNOWN;
    }
    return ld32(cell + 8) + index * (2 * CELL);
}
