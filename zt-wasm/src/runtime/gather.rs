//! Who said what, and what is known from it.
//!
//! An attribute is taken only from its own source. What a source says twice makes a request invalid; what nobody says is
//! unknown, or absent where the one who would know described the thing and is complete.

use super::declared::*;
use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::read::*;
use super::slots::*;
use super::store::*;

/// The enforcement point, which vouches for every source.
pub const SPEAKER_ALL: i32 = -1;
/// The enforcement point as a source of its own.
pub const SOURCE_PEP: i32 = 0;

/// Addresses of what is described: a list.
pub const GATHERED: i32 = 1748;
/// A number that is new for each object that says attributes.
const GATHER_STAMP: i32 = 1736;
/// Of descriptions by their hashes: the address of the first of each chain.
const GATHER_CHAINS: i32 = 1732;
const GATHER_CHAINS_COUNT: i32 = 64;
/// For each attribute of the context, as of [`SAID_STATES`].
const GATHER_CONTEXT_STATES: i32 = 1728;
/// Whether any parents are said.
pub const GATHER_HAS_PARENTS: i32 = 1820;

// Of a description, behind what everybody knows:
const SAID_HASH: i32 = SAID;
const SAID_NEXT: i32 = SAID + 4; // the next in its chain
/// Address of a number for each attribute: twice the stamp of the object that gave it last, and one more once its own
/// source has spoken of it.
const SAID_STATES: i32 = SAID + 8;
const SAID_PARENTS_SAID: i32 = SAID + 12;
// For ways through parents: on which it was taken down, how far they are gone through, and where the way goes back to.
pub const SAID_STEP: i32 = SAID + 16;
pub const SAID_AT: i32 = SAID + 20;
pub const SAID_AT_OPEN: i32 = SAID + 24;
pub const SAID_BACK: i32 = SAID + 28;
const SAID_SIZE: i32 = SAID + 32;

/// Nothing is said.
pub fn gather_reset() {
    let chains = read_alloc(GATHER_CHAINS_COUNT * 4);
    fill(chains, 0, GATHER_CHAINS_COUNT * 4);
    st32(GATHER_CHAINS, chains);
    st32(GATHER_STAMP, 0);
    st32(GATHER_HAS_PARENTS, 0);
    st32(GATHERED, NOWHERE);
    st32(GATHERED + 4, 0);
    st32(GATHERED + 8, 0);
    let count = ld32(H_SCHEMA_CONTEXT_COUNT);
    let cells = gather_cells(count);
    st32(CONTEXT, cells);
    st32(GATHER_CONTEXT_STATES, cells + count * CELL);
}

/// Cells of so many attributes, of which nothing is known, and behind them a state for each.
fn gather_cells(count: i32) -> i32 {
    let cells = read_alloc(count * (CELL + 4));
    fill(cells, 0, count * (CELL + 4));
    return cells;
}

/// What the request says of an entity, or nowhere.
pub fn said_find(uid: i32) -> i32 {
    if ld32(DESCRIBED_COUNT) == 0 {
        return NOWHERE;
    }
    return gather_find(uid, uid_hash(uid) as i32);
}

fn gather_chain(hash: i32) -> i32 {
    return ld32(GATHER_CHAINS) + (hash & (GATHER_CHAINS_COUNT - 1)) * 4;
}

fn gather_find(uid: i32, hash: i32) -> i32 {
    let mut said = ld32(gather_chain(hash));
    while said != NOWHERE {
        if ld32(said + SAID_HASH) == hash {
            if uid_equal(said, uid) {
                return said;
            }
        }
        said = ld32(said + SAID_NEXT);
    }
    return NOWHERE;
}

/// The description of an entity, which is put in if it is not yet; nowhere if they are too many, which is a mistake.
fn gather_entry(uid: i32) -> i32 {
    if ld32(ERROR) != 0 {
        return NOWHERE;
    }
    let hash = uid_hash(uid) as i32;
    let found = gather_find(uid, hash);
    if found != NOWHERE {
        return found;
    }
    let count = entity_attributes_count(entity_row(uid));
    let said = read_alloc(SAID_SIZE);
    let cells = gather_cells(count);
    if ld32(ERROR) != 0 || (ld32(GATHERED + 4) as u32) >= (ld32(H_ENTITIES_MAX) as u32) {
        json_fail();
        return NOWHERE;
    }
    fill(said, 0, SAID_SIZE);
    copy(said, uid, CELL);
    st32(said + SAID_ATTRIBUTES, cells);
    st32(said + SAID_STATES, cells + count * CELL);
    st32(said + SAID_PARENTS_KNOWN, !entity_takes_parents(entity_row(uid)) as i32);
    let chain = gather_chain(hash);
    st32(said + SAID_HASH, hash);
    st32(said + SAID_NEXT, ld32(chain));
    st32(chain, said);
    push(GATHERED, said);
    if ld32(FAILED) != 0 {
        json_fail();
    }
    return said;
}

/// Whether what is said here counts as said by the source.
fn speaks_for(speaker: i32, source: i32) -> bool {
    return speaker == SPEAKER_ALL || speaker == source;
}

/// Reads `context`.
pub fn say_context(speaker: i32) {
    if json_peek() == K_NULL {
        json_null();
        return;
    }
    say_of_context(speaker);
}

/// Reads what is said of the context.
pub fn say_of_context(speaker: i32) {
    let count = ld32(H_SCHEMA_CONTEXT_COUNT);
    say_attributes(speaker, ld32(H_SCHEMA_CONTEXT), count, ld32(CONTEXT), ld32(GATHER_CONTEXT_STATES));
}

/// Reads an entity's `properties`.
pub fn say_properties(speaker: i32, uid: i32) {
    if json_peek() == K_NULL {
        json_null();
        return;
    }
    say_of_entity(speaker, uid);
}

/// Reads what is said of an entity.
pub fn say_of_entity(speaker: i32, uid: i32) {
    let said = gather_entry(uid);
    if said == NOWHERE {
        return;
    }
    let of = entity_row(uid);
    let count = entity_attributes_count(of);
    say_attributes(
        speaker,
        entity_attributes(of),
        count,
        ld32(said + SAID_ATTRIBUTES),
        ld32(said + SAID_STATES),
    );
}

/// Reads the attributes that an object says; those that the speaker has no say in are passed over.
fn say_attributes(speaker: i32, declared: i32, count: i32, cells: i32, states: i32) {
    let stamp = ld32(GATHER_STAMP) + 2;
    st32(GATHER_STAMP, stamp);
    let mut is_first = true;
    say_open();
    loop {
        let at = say_next(declared, count, is_first);
        if at < 0 {
            break;
        }
        is_first = false;
        let state = ld32(states + at * 4);
        if state & -2 == stamp {
            json_fail();
        }
        st32(states + at * 4, stamp | (state & 1));
        let attribute = attribute_row(declared, at);
        if !speaks_for(speaker, attribute_from(attribute)) {
            json_skip();
        } else if state & 1 != 0 {
            json_fail();
        } else {
            let complete = attribute_complete(attribute);
            st32(states + at * 4, stamp | 1);
            read_value(
                attribute_type(attribute),
                complete,
                attribute_extent(attribute),
                cells + at * CELL,
            );
        }
    }
    // What a complete source has left out is absent, unless it is said elsewhere.
    let mut at = 0;
    while at < count {
        let attribute = attribute_row(declared, at);
        if attribute_is_silent(attribute) && ld32(states + at * 4) & 1 == 0 {
            if speaks_for(speaker, attribute_from(attribute)) {
                put_cell(cells + at * CELL, T_ABSENT, 0, 0);
            }
        }
        at += 1;
    }
}

/// Goes into what says attributes.
fn say_open() {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            slots_open();
            return;
        }
    }
    json_open(OPEN_OBJECT);
}

/// Comes to the next attribute that is declared, past others: its position; -1 at the end.
fn say_next(declared: i32, count: i32, is_first: bool) -> i32 {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            return slots_next_attribute();
        }
    }
    let mut is_first = is_first;
    while json_next(CLOSE_OBJECT, is_first) {
        is_first = false;
        json_key();
        let at = row_find(declared, count, attribute_width(), ld32(STR), ld32(STR_LEN));
        if at >= 0 {
            return at;
        }
        json_skip();
    }
    return -1;
}

/// Reads an entity's `parents`, if they are the speaker's to say.
pub fn say_parents(speaker: i32, uid: i32) {
    if ld32(H_TAKES_PARENTS) == 0 {
        read_skip();
        return;
    }
    let of = entity_row(uid);
    if !entity_takes_parents(of) || !speaks_for(speaker, entity_parents_from(of)) {
        read_skip();
        return;
    }
    let said = gather_entry(uid);
    if said == NOWHERE {
        return;
    }
    if ld32(said + SAID_PARENTS_SAID) != 0 {
        json_fail();
        return;
    }
    st32(said + SAID_PARENTS_SAID, 1);
    if !entity_reads_parents(of) || read_kind() != K_ARRAY {
        read_skip();
        return;
    }
    read_parents(said, entity_parents(of));
}

/// Reads references to parents of permitted types. Anything else makes the whole unknown.
fn read_parents(said: i32, permitted: i32) {
    let start = pool_len();
    let cell = read_alloc(CELL);
    let mut is_known = true;
    let mut count = 0;
    read_open_list();
    while read_next_of_list(count == 0) {
        count += 1;
        if (count as u32) > (ld32(H_ELEMENTS_MAX) as u32) {
            json_fail();
        }
        if read_kind() != K_OBJECT {
            is_known = false;
            read_skip();
        } else if read_reference(cell, permitted) {
            pool_push(cell);
        } else {
            is_known = false;
        }
    }
    if ld32(ERROR) != 0 {
        return;
    }
    let len = pool_len() - start;
    let parents = pool_take(start);
    if !is_known {
        return;
    }
    count = len / CELL;
    names_sort(parents, count, CELL);
    st32(said + SAID_PARENTS, parents);
    st32(said + SAID_PARENTS_COUNT, names_dedup(parents, count));
    st32(said + SAID_PARENTS_KNOWN, 1);
    if count > 0 {
        st32(GATHER_HAS_PARENTS, 1);
    }
}

/// Moves what is sorted together so that nothing is there twice: how many remain.
fn names_dedup(at: i32, count: i32) -> i32 {
    let mut kept = 0;
    let mut next = 0;
    while next < count {
        let is_again = kept > 0 && uid_equal(at + (kept - 1) * CELL, at + next * CELL);
        if !is_again {
            copy(at + kept * CELL, at + next * CELL, CELL);
            kept += 1;
        }
        next += 1;
    }
    return kept;
}
