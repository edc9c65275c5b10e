//! Whether an entity lies below another.
//!
//! An entity of the store has all its ancestors there at hand. Where the store or the request leaves the way open, it is gone
//! up parent by parent, without recursion: each description keeps how far it has come, and is gone through once.

use super::declared::*;
use super::env::*;
use super::facts::*;
use super::gather::*;
use super::layout::*;
use super::leaves::*;
use super::memory::*;
use super::store::*;
use super::walk::*;

/// A number that is new for each way up.
const CLIMB_STEP: i32 = 1788;
/// The description whose parents are gone through, or nowhere.
const CLIMB_AT: i32 = 1792;
/// What is looked for: an entity; nowhere for all anchors.
const CLIMB_FOR: i32 = 1796;
/// The types of entities from which to go on.
const CLIMB_LEADS: i32 = 1808;
/// A byte for each anchor: whether it was come to.
const CLIMB_ANCHORS: i32 = 1816;

/// Before the first way of a request.
pub fn climb_reset() {
    st32(CLIMB_STEP, 0);
}

/// Whether `inner` is, or lies below, `outer`: an entity, or any of a set or list of them.
pub fn within(inner: i32, outer: i32) -> i32 {
    if ld32(inner) != T_ENTITY {
        return UNKNOWN;
    }
    let tag = ld32(outer);
    if tag != T_SET && tag != T_LIST {
        return within_one(inner, outer);
    }
    let count = ld32(outer + 4);
    let mut truth = FALSE;
    let mut at = 0;
    while at < count && truth != TRUE {
        let next = within_one(inner, ld32(outer + 8) + at * CELL);
        if next != FALSE {
            truth = next;
        }
        at += 1;
    }
    return truth;
}

fn within_one(inner: i32, outer: i32) -> i32 {
    if ld32(outer) != T_ENTITY {
        return UNKNOWN;
    }
    if uid_equal(inner, outer) {
        return TRUE;
    }
    let leads = entity_leads(entity_row(outer));
    if !has_type(leads, ld32(inner + 4)) {
        return FALSE;
    }
    st32(CLIMB_FOR, outer);
    return climb(inner, leads);
}

/// Adds the numbers of the anchors that an entity is or lies below to the keys that are found, in the order in which `zt-eval`
/// finds them. Whether those are all. From entities of a type that is none of `leads`, no way leads on.
pub fn anchors_of(uid: i32, leads: i32) -> bool {
    if ld32(uid) != T_ENTITY {
        return false;
    }
    let count = ld32(H_ANCHORS_COUNT);
    let own = uid_search(uid, ld32(H_ANCHORS), count);
    if own >= 0 {
        push(KEYS, anchor_number(own));
    }
    if !has_type(leads, ld32(uid + 4)) {
        return true;
    }
    let stored = store_find(uid);
    if stored != NOWHERE && ld32(stored + STORED_IS_WHOLE) != 0 {
        note_parents(uid);
        let mut anchor = ld32(stored + STORED_ANCHORS);
        let end = anchor + ld32(stored + STORED_ANCHORS_COUNT) * 4;
        while anchor < end {
            push(KEYS, ld32(anchor));
            anchor += 4;
        }
        return true;
    }
    // Many ways can lead to one anchor.
    let found = alloc(count);
    if ld32(FAILED) != 0 {
        return false;
    }
    fill(found, 0, count);
    st32(CLIMB_ANCHORS, found);
    st32(CLIMB_FOR, NOWHERE);
    let truth = climb(uid, leads);
    let mut at = 0;
    while at < count {
        if ld8(found + at) != 0 {
            push(KEYS, at);
        }
        at += 1;
    }
    return truth == FALSE;
}

/// The number of the anchor that is at a position.
pub fn anchor_number(at: i32) -> i32 {
    return ld32(ld32(H_ANCHORS) + ld32(H_ANCHORS_COUNT) * CELL + at * 4);
}

/// Goes up from an entity through those whose type leads on, until what is looked for is found: true. Otherwise unknown if
/// any parents were, else false. Notes the entities whose parents it looked at.
fn climb(from: i32, leads: i32) -> i32 {
    st32(CLIMB_STEP, ld32(CLIMB_STEP) + 1);
    st32(CLIMB_AT, NOWHERE);
    st32(CLIMB_LEADS, leads);
    let mut truth = FALSE;
    let mut next = from;
    loop {
        if next != NOWHERE && climb_leads(next) {
            let stored = store_find(next);
            if stored == NOWHERE {
                truth = truth | climb_put_off(next);
            } else {
                note_parents(next);
                if climb_stored(stored) {
                    return TRUE;
                }
                let mut open = ld32(stored + STORED_OPEN);
                let end = open + ld32(stored + STORED_OPEN_COUNT) * CELL;
                while open < end {
                    if climb_leads(open) {
                        truth = truth | climb_put_off(open);
                    }
                    open += CELL;
                }
            }
        }
        let said = ld32(CLIMB_AT);
        if said == NOWHERE {
            return truth;
        }
        let at = ld32(said + SAID_AT);
        if at < ld32(said + SAID_PARENTS_COUNT) {
            st32(said + SAID_AT, at + 1);
            next = ld32(said + SAID_PARENTS) + at * CELL;
            if climb_said(next) {
                return TRUE;
            }
        } else {
            st32(CLIMB_AT, ld32(said + SAID_BACK));
            next = NOWHERE;
        }
    }
}

fn climb_leads(uid: i32) -> bool {
    return has_type(ld32(CLIMB_LEADS), ld32(uid + 4));
}

/// Takes down an entity that the store does not hold, to go up from it. Unknown if nobody says where to, else false.
fn climb_put_off(uid: i32) -> i32 {
    let said = said_find(uid);
    if said == NOWHERE {
        note_parents(uid);
        leaves_note_open(uid);
        return UNKNOWN;
    }
    let step = ld32(CLIMB_STEP);
    if ld32(said + SAID_STEP) == step {
        return FALSE;
    }
    note_parents(uid);
    st32(said + SAID_STEP, step);
    st32(said + SAID_AT, 0);
    st32(said + SAID_BACK, ld32(CLIMB_AT));
    st32(CLIMB_AT, said);
    if ld32(said + SAID_PARENTS_KNOWN) != 0 {
        return FALSE;
    }
    leaves_note_open(uid);
    return UNKNOWN;
}

/// Looks at the ancestors that the store has of one of its entities: whether what is looked for is among them.
fn climb_stored(stored: i32) -> bool {
    let outer = ld32(CLIMB_FOR);
    if outer != NOWHERE {
        return uid_search(outer, ld32(stored + STORED_ABOVE), ld32(stored + STORED_ABOVE_COUNT)) >= 0;
    }
    let mut at = ld32(stored + STORED_ANCHORS);
    let end = at + ld32(stored + STORED_ANCHORS_COUNT) * 4;
    while at < end {
        st8(ld32(CLIMB_ANCHORS) + ld32(at), 1);
        at += 4;
    }
    return false;
}

/// Looks at a parent that the request says: whether it is what is looked for.
fn climb_said(parent: i32) -> bool {
    let outer = ld32(CLIMB_FOR);
    if outer != NOWHERE {
        return uid_equal(parent, outer);
    }
    let anchor = uid_search(parent, ld32(H_ANCHORS), ld32(H_ANCHORS_COUNT));
    if anchor >= 0 {
        st8(ld32(CLIMB_ANCHORS) + anchor_number(anchor), 1);
    }
    return false;
}
