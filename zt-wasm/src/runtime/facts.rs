//! What is known at the instant: freshness, step-ups, and what a decision consulted.
//!
//! Whoever reads evidence does so here. Facts are noted only when the whole decision is wanted; each is there once, however
//! often it is consulted.

use super::declared::*;
use super::env::*;
use super::gather::*;
use super::layout::*;
use super::memory::*;
use super::store::*;

// A fact: its kind, and
pub const FACT_INDEX: i32 = 4; // the attribute's position
pub const FACT_UID: i32 = 8; // the entity's cell, or nowhere
const FACT_HASH: i32 = 12;
const FACT_NEXT: i32 = 16; // the next in its chain
const FACT: i32 = 24;

/// Of facts by their hashes: the address of the first of each chain, and how many chains there are, less one.
const FACT_CHAINS: i32 = 1800;
const FACT_CHAINS_MASK: i32 = 1804;
const FACT_CHAINS_FIRST: i32 = 16;

// The span in which evidence is fresh, in milliseconds: from, and until before.
pub const FRESH_FROM: i32 = 1840;
const FRESH_UNTIL: i32 = 1848;

const INSTANT_MIN: i64 = -62135596800000;
const INSTANT_MAX: i64 = 253402300799999;
const I64_MIN: i64 = -9223372036854775808;
const I64_MAX: i64 = 9223372036854775807;

/// The context's attribute at a position.
pub fn context_value(attribute: i32) -> i32 {
    let granted = ld32(GRANTED);
    if ld32(H_STEPS_UP) != 0 && granted != NOWHERE {
        let gives = attribute_gives(attribute_row(ld32(H_SCHEMA_CONTEXT), attribute));
        if gives != NOWHERE && ld8(granted + attribute) != 0 {
            note_context(attribute);
            return gives;
        }
    }
    return fact_value(NOWHERE, ld32(H_SCHEMA_CONTEXT), ld32(CONTEXT), attribute);
}

/// The attribute at a position of what should be an entity of this type: unknown of another, absent if the entity is.
pub fn attribute_value(uid: i32, ty: i32, attribute: i32) -> i32 {
    let tag = ld32(uid);
    if tag != T_ENTITY || ld32(uid + 4) != ty {
        return if tag == T_ABSENT { CELL_ABSENT } else { CELL_UNKNOWN };
    }
    return said_value(uid, store_find(uid), said_find(uid), attribute);
}

/// The subject's attribute at a position, if it is of this type.
pub fn subject_attribute(ty: i32, attribute: i32) -> i32 {
    if ld32(SUBJECT + 4) != ty {
        return CELL_UNKNOWN;
    }
    return said_value(SUBJECT, ld32(SUBJECT_STORED), ld32(SUBJECT_SAID), attribute);
}

/// The same of the resource.
pub fn resource_attribute(ty: i32, attribute: i32) -> i32 {
    if ld32(RESOURCE + 4) != ty {
        return CELL_UNKNOWN;
    }
    return said_value(RESOURCE, ld32(RESOURCE_STORED), ld32(RESOURCE_SAID), attribute);
}

/// An attribute of an entity by what is said of it: the store speaks for it, if it holds it, else the request.
fn said_value(uid: i32, stored: i32, said: i32, attribute: i32) -> i32 {
    let declared = entity_attributes(entity_row(uid));
    let mut cells = NOWHERE;
    if stored != NOWHERE {
        cells = ld32(stored + STORED_ATTRIBUTES);
    } else if said != NOWHERE {
        cells = ld32(said + SAID_ATTRIBUTES);
    }
    return fact_value(uid, declared, cells, attribute);
}

/// What is known now of one of an entity's attributes, or of the context's if the entity is nowhere.
fn fact_value(uid: i32, declared: i32, cells: i32, attribute: i32) -> i32 {
    let row = attribute_row(declared, attribute);
    if ld32(FULL) != 0 {
        fact_note_attribute(uid, attribute);
    }
    if ld32(H_BOUNDED) != 0 && attribute_bounds_count(row) != 0 {
        if !fact_is_fresh(uid, row, cells, attribute) {
            return CELL_UNKNOWN;
        }
    }
    return if cells == NOWHERE { CELL_UNKNOWN } else { cells + attribute * CELL };
}

fn fact_note_attribute(uid: i32, attribute: i32) {
    note(if uid == NOWHERE { FACT_CONTEXT } else { FACT_ATTRIBUTE }, attribute, uid);
}

/// Whether all bounds of an attribute hold now. Notes what that rests on.
fn fact_is_fresh(uid: i32, row: i32, cells: i32, attribute: i32) -> bool {
    let count = attribute_bounds_count(row);
    let mut bound = attribute_bounds(row);
    let end = bound + count * BOUND;
    let mut is_known = true;
    st64(FRESH_FROM, I64_MIN);
    st64(FRESH_UNTIL, I64_MAX);
    while bound < end {
        if ld32(FULL) != 0 {
            fact_note_attribute(uid, ld32(bound + BOUND_CLOCK));
        }
        let clock = fact_clock(bound, cells);
        if ld32(clock) != T_TIMESTAMP {
            is_known = false;
        } else {
            fact_bind(bound, ld64(clock + 8));
        }
        bound += BOUND;
    }
    let from = ld64(FRESH_FROM);
    let until = ld64(FRESH_UNTIL);
    // Nothing can be known of what is unknown anyhow, nor at any time within a span that is none.
    if !is_known || from >= until {
        return false;
    }
    if ld32(cells + attribute * CELL) == T_UNKNOWN {
        return false;
    }
    note_now();
    if ld32(HAS_NOW) == 0 {
        return false;
    }
    let now = ld64(NOW);
    if from > now {
        flips_at(from);
    } else if until > now {
        flips_at(until);
    }
    return from <= now && now < until;
}

/// The cell at a bound's clock, read as it was said: a bound on evidence is not itself bounded.
fn fact_clock(bound: i32, cells: i32) -> i32 {
    if cells == NOWHERE {
        return CELL_UNKNOWN;
    }
    let mut cell = cells + ld32(bound + BOUND_CLOCK) * CELL;
    let count = ld32(bound + BOUND_FIELDS_COUNT);
    let mut at = 0;
    while at < count {
        let field = ld32(ld32(bound + BOUND_FIELDS) + at * 4);
        if ld32(cell) != T_RECORD || field >= ld32(cell + 4) {
            return CELL_UNKNOWN;
        }
        cell = ld32(cell + 8) + field * CELL;
        at += 1;
    }
    return cell;
}

/// Narrows the span of freshness to where a bound holds, given the time at its clock.
fn fact_bind(bound: i32, clock: i64) {
    let mut until = clock;
    if ld32(bound + BOUND_IS_UNTIL) == 0 {
        let from = saturating_sub(clock, ld64(H_CLOCK_SKEW));
        if from > ld64(FRESH_FROM) {
            st64(FRESH_FROM, from);
        }
        until = saturating_add(saturating_add(clock, ld64(bound + BOUND_AGE)), 1);
    }
    if until < ld64(FRESH_UNTIL) {
        st64(FRESH_UNTIL, until);
    }
}

fn saturating_add(a: i64, b: i64) -> i64 {
    let sum = a.wrapping_add(b);
    if (a ^ sum) & (b ^ sum) < 0 {
        return if a < 0 { I64_MIN } else { I64_MAX };
    }
    return sum;
}

fn saturating_sub(a: i64, b: i64) -> i64 {
    let difference = a.wrapping_sub(b);
    if (a ^ b) & (a ^ difference) < 0 {
        return if a < 0 { I64_MIN } else { I64_MAX };
    }
    return difference;
}

/// Something that the decision rests on is another from this later instant on, if that can be written.
pub fn flips_at(ms: i64) {
    if ld32(FULL) == 0 || ms < INSTANT_MIN || ms > INSTANT_MAX {
        return;
    }
    if ld32(HAS_FLIP) == 0 || ms < ld64(FLIP) {
        st32(HAS_FLIP, 1);
        st64(FLIP, ms);
    }
}

/// Nothing was consulted.
pub fn facts_reset() {
    st32(FACTS, NOWHERE);
    st32(FACTS + 4, 0);
    st32(FACTS + 8, 0);
    st32(FACT_CHAINS, NOWHERE);
    st32(HAS_FLIP, 0);
}

/// The context's attribute at a position was consulted.
pub fn note_context(attribute: i32) {
    note(FACT_CONTEXT, attribute, NOWHERE);
}

/// An entity's attribute was consulted. Its cell must stay where it is.
pub fn note_attribute(uid: i32, attribute: i32) {
    note(FACT_ATTRIBUTE, attribute, uid);
}

/// An entity's parents were consulted; of one of the store, all its ancestors there.
pub fn note_parents(uid: i32) {
    note(FACT_PARENTS, 0, uid);
}

/// The instant was consulted.
pub fn note_now() {
    note(FACT_NOW, 0, NOWHERE);
}

fn note(kind: i32, index: i32, uid: i32) {
    if ld32(FULL) == 0 {
        return;
    }
    let hash = (index * 4 + kind) ^ fact_hash(kind, uid);
    if ld32(FACT_CHAINS) == NOWHERE {
        fact_chains(FACT_CHAINS_FIRST);
    }
    if ld32(FAILED) != 0 || fact_is_noted(kind, index, uid, hash) {
        return;
    }
    let fact = alloc(FACT);
    if ld32(FAILED) != 0 {
        return;
    }
    st32(fact, kind);
    st32(fact + FACT_INDEX, index);
    st32(fact + FACT_UID, uid);
    st32(fact + FACT_HASH, hash);
    push(FACTS, fact);
    fact_chain(fact);
    if ld32(FACTS + 4) > ld32(FACT_CHAINS_MASK) * 2 {
        fact_chains((ld32(FACT_CHAINS_MASK) + 1) * 4);
    }
}

/// The hash of the entity that a fact is of, if it is of one.
fn fact_hash(kind: i32, uid: i32) -> i32 {
    return match tag_used(kind) {
        FACT_ATTRIBUTE | FACT_PARENTS => uid_hash(uid) as i32,
        _ => 0,
    };
}

/// Whether two facts of a kind are of the same entity, if they are of one.
fn fact_is_of(kind: i32, uid: i32, other: i32) -> bool {
    return match tag_used(kind) {
        FACT_ATTRIBUTE | FACT_PARENTS => uid_equal(uid, other),
        _ => true,
    };
}

fn fact_is_noted(kind: i32, index: i32, uid: i32, hash: i32) -> bool {
    let mut fact = ld32(ld32(FACT_CHAINS) + (hash & ld32(FACT_CHAINS_MASK)) * 4);
    while fact != NOWHERE {
        if ld32(fact + FACT_HASH) == hash && ld32(fact) == kind && ld32(fact + FACT_INDEX) == index {
            if fact_is_of(kind, uid, ld32(fact + FACT_UID)) {
                return true;
            }
        }
        fact = ld32(fact + FACT_NEXT);
    }
    return false;
}

/// Puts a fact first in its chain.
fn fact_chain(fact: i32) {
    let chain = ld32(FACT_CHAINS) + (ld32(fact + FACT_HASH) & ld32(FACT_CHAINS_MASK)) * 4;
    st32(fact + FACT_NEXT, ld32(chain));
    st32(chain, fact);
}

/// Makes so many chains, a power of two, with all facts in them.
fn fact_chains(count: i32) {
    let chains = alloc(count * 4);
    if ld32(FAILED) != 0 {
        return;
    }
    fill(chains, 0, count * 4);
    st32(FACT_CHAINS, chains);
    st32(FACT_CHAINS_MASK, count - 1);
    let mut at = 0;
    while at < ld32(FACTS + 4) {
        fact_chain(ld32(ld32(FACTS) + at * 4));
        at += 1;
    }
}
