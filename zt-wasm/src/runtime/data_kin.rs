//! What lies above the entities of a document, as `zt-eval/src/store/ancestry.rs` works it out.
//!
//! Each entity that is described or named as a parent has a number: that of its first mention. Entities with the same parents
//! share what lies above them. Ways are gone without recursion; an entity keeps how far its parents are gone through. However
//! names and parents are chosen, the work is n log n in the mentions, and for each distinct row of parents what their own
//! ancestors are, which a limit bounds.

use super::data::*;
use super::env::*;
use super::hierarchy::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::read::*;
use super::sort::*;
use super::store::*;

/// Address of all mentions in their order.
const KIN_MENTIONS: i32 = 432;
/// Address of their names, sorted.
const KIN_NAMES: i32 = 436;
/// Address of the numbers that are being gathered, with room for one of each mention, and how many there are.
const KIN_GATHERED: i32 = 440;
const KIN_GATHERED_COUNT: i32 = 444;
/// Entries of all rows of ancestors together.
const KIN_ENTRIES: i32 = 448;
const KIN_ENTRIES_MAX: i32 = 1 << 26;
/// A list for sorting.
const KIN_LIST: i32 = 480;

// A mention: the entity's cell, the number of its first mention, and of the first, what there is to say of the entity.
const MENTION_NUMBER: i32 = 16;
const MENTION_DATUM: i32 = 20; // where it is described, or nowhere
const MENTION_ANCHOR: i32 = 24; // the number of the anchor that it is, or -1
const MENTION_STAMP: i32 = 28; // the entity among whose ancestors it was gathered last
const MENTION: i32 = 32;

// A name: a cell, and the position of what it is the name of.
const NAME_OF: i32 = 16;
const NAME: i32 = 24;

// What was done with an entity.
const KIN_NEW: i32 = 0;
const KIN_OPEN: i32 = 1; // it is on the way
const KIN_DONE: i32 = 2;

fn mention(number: i32) -> i32 {
    return ld32(KIN_MENTIONS) + number * MENTION;
}

/// Lists all mentions, an entity behind its parents, and finds those that are of the same entity.
pub fn kin_number() {
    let count = ld32(DATA_MENTIONS);
    st32(KIN_MENTIONS, read_alloc(count * MENTION));
    st32(KIN_NAMES, read_alloc(count * NAME));
    if ld32(ERROR) != 0 {
        return;
    }
    let mut number = 0;
    let mut datum = ld32(DATA_FIRST);
    while datum != NOWHERE {
        let parents = ld32(datum + DATUM_PARENTS);
        let behind = number + ld32(datum + DATUM_PARENTS_COUNT);
        let first = number;
        while number < behind {
            kin_mention(number, parents + (number - first) * CELL, NOWHERE);
            number += 1;
        }
        kin_mention(number, datum, datum);
        number += 1;
        datum = ld32(datum + DATUM_NEXT);
    }
    names_sort(ld32(KIN_NAMES), count, NAME);
    kin_check();
    let mut at = 0;
    while at < count && ld32(ERROR) == 0 {
        at = kin_same(at, count);
    }
}

/// Whoever sorts says only that memory has come to its end.
fn kin_check() {
    if ld32(FAILED) != 0 {
        json_fail();
    }
}

fn kin_mention(number: i32, uid: i32, datum: i32) {
    let to = mention(number);
    copy(to, uid, CELL);
    st32(to + MENTION_DATUM, datum);
    st32(to + MENTION_STAMP, NOWHERE);
    let name = ld32(KIN_NAMES) + number * NAME;
    copy(name, uid, CELL);
    st32(name + NAME_OF, number);
}

/// Gives the mentions of an entity, whose names stand together from a position on, their number. The position behind them.
fn kin_same(from: i32, count: i32) -> i32 {
    let name = ld32(KIN_NAMES) + from * NAME;
    let number = ld32(name + NAME_OF);
    let mut found = NOWHERE;
    let mut at = from;
    let mut next = name;
    while at < count && uid_equal(next, name) {
        let of = mention(ld32(next + NAME_OF));
        let datum = ld32(of + MENTION_DATUM);
        if datum != NOWHERE {
            if found != NOWHERE {
                json_fail(); // described twice
            }
            found = datum;
        }
        st32(of + MENTION_NUMBER, number);
        at += 1;
        next += NAME;
    }
    let first = mention(number);
    let anchor = uid_search(name, ld32(H_ANCHORS), ld32(H_ANCHORS_COUNT));
    st32(first + MENTION_DATUM, found);
    st32(first + MENTION_ANCHOR, if anchor < 0 { -1 } else { anchor_number(anchor) });
    return at;
}

/// The entity that is described and whose name is at a position among the sorted ones, if it is its first; else nowhere.
pub fn kin_named(at: i32) -> i32 {
    let number = ld32(ld32(KIN_NAMES) + at * NAME + NAME_OF);
    let of = mention(number);
    return if ld32(of + MENTION_NUMBER) == number { ld32(of + MENTION_DATUM) } else { NOWHERE };
}

/// Puts the numbers of parents in the place of their cells, and finds the entities that have the same.
pub fn kin_lead() {
    let count = ld32(DATA_COUNT);
    let rows = read_alloc(count * NAME);
    if ld32(ERROR) != 0 {
        return;
    }
    let mut number = 0;
    let mut row = rows;
    let mut datum = ld32(DATA_FIRST);
    while datum != NOWHERE {
        let parents = ld32(datum + DATUM_PARENTS);
        let parents_count = ld32(datum + DATUM_PARENTS_COUNT);
        let mut at = 0;
        while at < parents_count {
            st32(parents + at * 4, ld32(mention(number) + MENTION_NUMBER));
            number += 1;
            at += 1;
        }
        number += 1;
        // A row of numbers is sorted as a text would be.
        put_cell(row, T_STRING, 0, span(parents, parents_count * 4));
        st32(row + NAME_OF, datum);
        row += NAME;
        datum = ld32(datum + DATUM_NEXT);
    }
    names_sort(rows, count, NAME);
    kin_check();
    let end = row;
    let mut leader = rows;
    row = rows;
    while row != end {
        if !uid_equal(row, leader) {
            leader = row;
        }
        st32(ld32(row + NAME_OF) + DATUM_LEADER, ld32(leader + NAME_OF));
        row += NAME;
    }
}

/// Works out what lies above each entity that leads.
pub fn kin_climb() {
    st32(KIN_ENTRIES, 0);
    st32(KIN_GATHERED, read_alloc(ld32(DATA_MENTIONS) * 4));
    let mut datum = ld32(DATA_FIRST);
    while datum != NOWHERE && ld32(ERROR) == 0 {
        let leader = ld32(datum + DATUM_LEADER);
        if ld32(leader + DATUM_STEP) == KIN_NEW {
            kin_climb_from(leader);
        }
        datum = ld32(datum + DATUM_NEXT);
    }
}

/// Parents first. A way that comes to itself is a mistake.
fn kin_climb_from(root: i32) {
    let mut last = root;
    st32(root + DATUM_STEP, KIN_OPEN);
    st32(root + DATUM_BACK, NOWHERE);
    while last != NOWHERE && ld32(ERROR) == 0 {
        let at = ld32(last + DATUM_AT);
        if at < ld32(last + DATUM_PARENTS_COUNT) {
            st32(last + DATUM_AT, at + 1);
            let parent = kin_leader(ld32(ld32(last + DATUM_PARENTS) + at * 4));
            if parent != NOWHERE {
                let step = ld32(parent + DATUM_STEP);
                if step == KIN_OPEN {
                    json_fail();
                }
                if step == KIN_NEW {
                    st32(parent + DATUM_STEP, KIN_OPEN);
                    st32(parent + DATUM_BACK, last);
                    last = parent;
                }
            }
        } else {
            kin_gather(last);
            st32(last + DATUM_STEP, KIN_DONE);
            last = ld32(last + DATUM_BACK);
        }
    }
}

/// Who leads the entity with a number, if that is described.
fn kin_leader(number: i32) -> i32 {
    let datum = ld32(mention(number) + MENTION_DATUM);
    return if datum == NOWHERE { NOWHERE } else { ld32(datum + DATUM_LEADER) };
}

/// Gathers what lies above an entity; that of its parents is known.
fn kin_gather(datum: i32) {
    let parents = ld32(datum + DATUM_PARENTS);
    let count = ld32(datum + DATUM_PARENTS_COUNT);
    let mut height = 0;
    let mut at = 0;
    st32(KIN_GATHERED_COUNT, 0);
    while at < count && ld32(ERROR) == 0 {
        let number = ld32(parents + at * 4);
        let above = kin_leader(number);
        let mut reached = 1;
        kin_add(number, datum);
        if above != NOWHERE {
            let mut next = ld32(above + DATUM_NUMBERS);
            let end = next + ld32(above + STORED_ABOVE_COUNT) * 4;
            while next != end {
                kin_add(ld32(next), datum);
                next += 4;
            }
            reached += ld32(above + DATUM_HEIGHT);
        }
        if reached > height {
            height = reached;
        }
        at += 1;
    }
    st32(datum + DATUM_HEIGHT, height);
    st32(KIN_ENTRIES, ld32(KIN_ENTRIES) + ld32(KIN_GATHERED_COUNT));
    if (height as u32) > (ld32(H_DATA_HEIGHT_MAX) as u32) || ld32(KIN_ENTRIES) > KIN_ENTRIES_MAX {
        json_fail();
    }
    if ld32(ERROR) == 0 {
        kin_keep(datum);
    }
}

/// Adds a number to those that were gathered for an entity, once.
fn kin_add(number: i32, datum: i32) {
    let of = mention(number);
    if ld32(of + MENTION_STAMP) == datum || ld32(ERROR) != 0 {
        return;
    }
    let count = ld32(KIN_GATHERED_COUNT);
    if (count as u32) >= (ld32(H_ELEMENTS_MAX) as u32) {
        json_fail();
        return;
    }
    st32(of + MENTION_STAMP, datum);
    st32(ld32(KIN_GATHERED) + count * 4, number);
    st32(KIN_GATHERED_COUNT, count + 1);
}

/// Keeps what was gathered: in the order of numbers, but for the ancestors' cells.
fn kin_keep(datum: i32) {
    let count = ld32(KIN_GATHERED_COUNT);
    st32(KIN_LIST, ld32(KIN_GATHERED));
    st32(KIN_LIST + 4, count);
    sort_from(KIN_LIST, 0, ORDER_NUMBERS);
    kin_check();
    let numbers = read_alloc(count * 4);
    let cells = read_alloc(count * CELL);
    let open = read_alloc(count * CELL);
    let anchors = read_alloc(count * 4);
    if ld32(ERROR) != 0 {
        return;
    }
    copy(numbers, ld32(KIN_GATHERED), count * 4);
    let mut open_count = 0;
    let mut anchors_count = 0;
    let mut at = 0;
    while at < count {
        let of = mention(ld32(numbers + at * 4));
        let anchor = ld32(of + MENTION_ANCHOR);
        copy(cells + at * CELL, of, CELL);
        if ld32(of + MENTION_DATUM) == NOWHERE {
            copy(open + open_count * CELL, of, CELL);
            open_count += 1;
        }
        if anchor >= 0 {
            st32(anchors + anchors_count * 4, anchor);
            anchors_count += 1;
        }
        at += 1;
    }
    names_sort(cells, count, CELL);
    kin_check();
    st32(datum + DATUM_NUMBERS, numbers);
    st32(datum + STORED_ABOVE, cells);
    st32(datum + STORED_ABOVE_COUNT, count);
    st32(datum + STORED_OPEN, open);
    st32(datum + STORED_OPEN_COUNT, open_count);
    st32(datum + STORED_ANCHORS, anchors);
    st32(datum + STORED_ANCHORS_COUNT, anchors_count);
    st32(datum + STORED_IS_WHOLE, (open_count == 0) as i32);
}

/// Gives an entity what was worked out for the one that leads it.
pub fn kin_take(datum: i32) {
    copy(datum + STORED_ABOVE, ld32(datum + DATUM_LEADER) + STORED_ABOVE, STORED - STORED_ABOVE);
}
