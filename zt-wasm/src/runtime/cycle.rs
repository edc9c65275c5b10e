//! Whether parents close a cycle.
//!
//! Twice: through the parents that the request says by themselves, and together with the store's, which alone speaks for its
//! own entities: no way leads to one of them, as it goes on to what the store leaves open above. A way is gone without
//! recursion; each description keeps how far it has come.

use super::env::*;
use super::gather::*;
use super::layout::*;
use super::store::*;

// What was done with a description.
const STEP_NEW: i32 = 0;
const STEP_OPEN: i32 = 1; // it is on the way
const STEP_DONE: i32 = 2;

/// Whether there is a cycle.
pub fn cycle_closed() -> bool {
    if ld32(H_TAKES_PARENTS) == 0 {
        return false;
    }
    if ld32(GATHER_HAS_PARENTS) == 0 {
        return false;
    }
    let is_closed = cycle_on(false) || (store_mask() != -1 && cycle_on(true));
    cycle_forget();
    return is_closed;
}

/// Every description is new.
fn cycle_forget() {
    let mut at = 0;
    while at < ld32(DESCRIBED_COUNT) {
        st32(ld32(ld32(DESCRIBED) + at * 4) + SAID_STEP, STEP_NEW);
        at += 1;
    }
}

fn cycle_on(with_store: bool) -> bool {
    cycle_forget();
    let mut at = 0;
    while at < ld32(DESCRIBED_COUNT) {
        let root = ld32(ld32(DESCRIBED) + at * 4);
        if ld32(root + SAID_STEP) == STEP_NEW {
            if cycle_above(root, with_store) {
                return true;
            }
        }
        at += 1;
    }
    return false;
}

/// Whether a way up from a description comes to itself.
fn cycle_above(root: i32, with_store: bool) -> bool {
    let mut last = NOWHERE;
    let mut next = root;
    loop {
        if next != NOWHERE {
            let step = ld32(next + SAID_STEP);
            if step == STEP_OPEN {
                return true;
            }
            if step == STEP_NEW {
                st32(next + SAID_STEP, STEP_OPEN);
                st32(next + SAID_BACK, last);
                st32(next + SAID_AT_OPEN, 0);
                st32(next + SAID_AT, 0);
                last = next;
            }
        } else {
            st32(last + SAID_STEP, STEP_DONE);
            last = ld32(last + SAID_BACK);
        }
        if last == NOWHERE {
            return false;
        }
        next = cycle_next(last, with_store);
    }
}

/// The next description that one leads to, or nowhere.
fn cycle_next(said: i32, with_store: bool) -> i32 {
    let count = ld32(said + SAID_PARENTS_COUNT);
    let mut at = ld32(said + SAID_AT);
    let mut found = NOWHERE;
    while at < count && found == NOWHERE {
        let parent = ld32(said + SAID_PARENTS) + at * CELL;
        let stored = if with_store { store_find(parent) } else { NOWHERE };
        if stored == NOWHERE {
            at += 1;
            found = said_find(parent);
        } else {
            let open = ld32(said + SAID_AT_OPEN);
            if open < ld32(stored + STORED_OPEN_COUNT) {
                st32(said + SAID_AT_OPEN, open + 1);
                found = said_find(ld32(stored + STORED_OPEN) + open * CELL);
            } else {
                at += 1;
                st32(said + SAID_AT_OPEN, 0);
            }
        }
    }
    st32(said + SAID_AT, at);
    return found;
}
