//! Which step-ups would lead to allow.
//!
//! From all of them, those are dropped in declared order without which access is still granted, until none more can be: what
//! remains is enough, and none of it can be spared.

use super::decide::*;
use super::declared::*;
use super::env::*;
use super::layout::*;
use super::memory::*;

pub fn challenge_find() {
    if ld32(H_STEPS_UP) == 0 {
        return;
    }
    if !action_steps_up(ld32(DECIDING)) {
        return;
    }
    let count = ld32(H_SCHEMA_CONTEXT_COUNT);
    let granted = alloc(count);
    let mut at = 0;
    while at < count {
        let declared = attribute_row(ld32(H_SCHEMA_CONTEXT), at);
        st8(granted + at, (attribute_gives(declared) != NOWHERE) as i32);
        at += 1;
    }
    st32(GRANTED, granted);
    if allows_with_granted() {
        while drop_needless(granted, count) {}
        at = 0;
        while at < count {
            if ld8(granted + at) != 0 {
                push(CHALLENGE, at);
            }
            at += 1;
        }
    }
    st32(GRANTED, NOWHERE);
}

/// One pass; whether it dropped any.
fn drop_needless(granted: i32, count: i32) -> bool {
    let mut dropped = false;
    let mut at = 0;
    while at < count && ld32(FAILED) == 0 {
        if ld8(granted + at) != 0 {
            st8(granted + at, 0);
            if allows_with_granted() {
                dropped = true;
            } else {
                st8(granted + at, 1);
            }
        }
        at += 1;
    }
    return dropped && ld32(FAILED) == 0;
}

/// Whether access is granted once these step-ups are done.
fn allows_with_granted() -> bool {
    decide_restart();
    return effect_allows();
}
