//! Entity data that the host sets at run time.
//!
//! A document is read twice. The first time it stands behind the data that are in force, which are not touched: whatever is wrong
//! with it, or with memory, is found then. The second time it stands where those were, and nothing is new to find: the same is
//! read, and written to lower addresses. What comes of that stays where it is, and decisions begin behind it.
//!
//! What is refused is what `zt-eval/src/store/load.rs` refuses. Nothing is written to a table of the whole document that could
//! not be had: it may be longer than the scrap behind the arena.

use super::bind::*;
use super::data_kin::*;
use super::declared::*;
use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::read::*;
use super::store::*;

// What a document holds: its first and its last entity, how many there are, and how often any is mentioned.
pub const DATA_FIRST: i32 = 416;
const DATA_LAST: i32 = 420;
pub const DATA_COUNT: i32 = 424;
pub const DATA_MENTIONS: i32 = 428;

// Of an entity of the document, behind what all entities of a store have:
pub const DATUM_NEXT: i32 = STORED; // the next of the document
pub const DATUM_PARENTS: i32 = STORED + 4; // address of its parents' cells, and later of their numbers
pub const DATUM_PARENTS_COUNT: i32 = STORED + 8;
pub const DATUM_LEADER: i32 = STORED + 12; // the first with the same parents: what lies above is worked out for that one
pub const DATUM_STEP: i32 = STORED + 16;
pub const DATUM_AT: i32 = STORED + 20; // how far its parents are gone through
pub const DATUM_BACK: i32 = STORED + 24; // where the way goes back to
pub const DATUM_HEIGHT: i32 = STORED + 28; // steps up to its farthest ancestor
pub const DATUM_NUMBERS: i32 = STORED + 32; // address of its ancestors' numbers, sorted
pub const DATUM: i32 = STORED + 40;

// What the host is told.
const DATA_SET: i32 = 0;
pub const DATA_REFUSED: i32 = 1;
const DATA_NO_MEMORY: i32 = 2;

/// Puts the data of a document in force, which stands behind those that are. What the host is told.
pub fn data_set(at: i32, len: i32) -> i32 {
    let longest = data_longest(at, len);
    if ld32(ERROR) != 0 {
        return DATA_REFUSED;
    }
    // The longest block for a value is as for a request with one entity.
    st32(SCRAP, ld32(SCRAP) + longest * 16);
    st32(ARENA_END, (pages() << 16) - ld32(SCRAP));
    if !arena_reserve(0) {
        return DATA_NO_MEMORY;
    }
    if !data_read(at, len) {
        return if ld32(FAILED) != 0 { DATA_NO_MEMORY } else { DATA_REFUSED };
    }
    let place = ld32(H_DATA);
    copy(place, at, len);
    arena_start(place + len);
    if !data_read(place, len) {
        // Cannot be. Whoever decided without the data would let requests speak for their entities.
        st32(DATA_MASK, DATA_LOST);
        return DATA_NO_MEMORY;
    }
    st32(DATA_TABLE, ld32(R0));
    st32(DATA_MASK, ld32(R1));
    st32(H_ARENA, ld32(ARENA));
    return DATA_SET;
}

/// Reads a document for its form: how many bytes its longest entity has.
fn data_longest(at: i32, len: i32) -> i32 {
    let mut longest = 0;
    let mut is_first = true;
    json_start(at, len);
    json_open(OPEN_ARRAY);
    while json_next(CLOSE_ARRAY, is_first) {
        is_first = false;
        let start = ld32(JP);
        json_skip();
        if ld32(JP) - start > longest {
            longest = ld32(JP) - start;
        }
    }
    json_finish();
    return longest;
}

/// Reads a document into a store; whether that went well. Its table is then in [`R0`], the mask in [`R1`].
fn data_read(at: i32, len: i32) -> bool {
    let mut is_first = true;
    json_start(at, len);
    read_reset();
    st32(READ_STRICT, 1);
    st32(DATA_FIRST, NOWHERE);
    st32(DATA_LAST, NOWHERE);
    st32(DATA_COUNT, 0);
    st32(DATA_MENTIONS, 0);
    json_open(OPEN_ARRAY);
    while json_next(CLOSE_ARRAY, is_first) {
        is_first = false;
        data_entity();
    }
    st32(READ_STRICT, 0);
    if ld32(ERROR) == 0 {
        data_index();
    }
    return ld32(ERROR) == 0;
}

/// Reads an entity and puts it behind the others.
fn data_entity() {
    let mut given = 0;
    let mut ty = -1;
    let mut id = NOWHERE;
    let mut id_len = 0;
    let mut properties = NOWHERE;
    let mut parents = NOWHERE;
    json_open(OPEN_OBJECT);
    let depth = ld32(JDEPTH);
    loop {
        let member = member_next(M_TYPE | M_ID | M_PROPERTIES | M_PARENTS, given);
        if member == 0 {
            break;
        }
        given |= member;
        json_peek();
        if member == M_TYPE {
            read_string();
            ty = entity_type_find();
        } else if member == M_ID {
            read_string();
            id = ld32(STR);
            id_len = ld32(STR_LEN);
        } else {
            if member == M_PROPERTIES {
                properties = ld32(JP);
            } else {
                parents = ld32(JP);
            }
            json_skip();
        }
    }
    let datum = read_alloc(DATUM);
    let is_too_many = (ld32(DATA_COUNT) as u32) >= (ld32(H_DATA_ENTITIES_MAX) as u32);
    if ty < 0 || given & M_ID == 0 || is_too_many || ld32(ERROR) != 0 {
        json_fail();
        return;
    }
    fill(datum, 0, DATUM);
    put_cell(datum, T_ENTITY, ty, span(id, id_len));
    let behind = ld32(JP);
    let outside = ld32(JDEPTH);
    let of = entity_type_row(ty);
    st32(JDEPTH, depth);
    data_properties(datum, of, properties);
    st32(JDEPTH, depth);
    data_parents(datum, of, parents);
    if ld32(ERROR) != 0 {
        return;
    }
    st32(JP, behind);
    st32(JDEPTH, outside);
    let last = ld32(DATA_LAST);
    if last == NOWHERE {
        st32(DATA_FIRST, datum);
    } else {
        st32(last + DATUM_NEXT, datum);
    }
    st32(DATA_LAST, datum);
    st32(DATA_COUNT, ld32(DATA_COUNT) + 1);
    st32(DATA_MENTIONS, ld32(DATA_MENTIONS) + 1 + ld32(datum + DATUM_PARENTS_COUNT));
}

/// Reads an entity's attributes. What is optional and missing is absent: the store is complete.
fn data_properties(datum: i32, of: i32, from: i32) {
    let declared = entity_attributes(of);
    let count = entity_attributes_count(of);
    let cells = read_alloc(count * (CELL + 1));
    if ld32(ERROR) != 0 {
        return;
    }
    fill(cells, 0, count * (CELL + 1));
    st32(datum + STORED_ATTRIBUTES, cells);
    let mut at = 0;
    while at < count {
        let optional = type_is_optional(attribute_type(attribute_row(declared, at))) as i32;
        st32(cells + at * CELL, if optional != 0 { T_ABSENT } else { T_UNKNOWN });
        at += 1;
    }
    if from == NOWHERE {
        return;
    }
    let given = cells + count * CELL;
    let mut is_first = true;
    st32(JP, from);
    json_open(OPEN_OBJECT);
    while json_next(CLOSE_OBJECT, is_first) {
        is_first = false;
        json_key();
        at = row_find(declared, count, attribute_width(), ld32(STR), ld32(STR_LEN));
        if at < 0 {
            json_skip();
        } else if ld8(given + at) != 0 {
            json_fail();
        } else {
            st8(given + at, 1);
            read_value(attribute_type(attribute_row(declared, at)), 1, EXTENT_WHOLE, cells + at * CELL);
        }
    }
}

/// Reads references to an entity's parents, which must be of permitted types.
fn data_parents(datum: i32, of: i32, from: i32) {
    if from == NOWHERE || ld32(ERROR) != 0 {
        return;
    }
    let start = pool_len();
    let cell = read_alloc(CELL);
    let mut count = 0;
    st32(JP, from);
    json_open(OPEN_ARRAY);
    while json_next(CLOSE_ARRAY, count == 0) {
        count += 1;
        if (count as u32) > (ld32(H_ELEMENTS_MAX) as u32) || !read_reference(cell, entity_parents(of)) {
            json_fail();
        }
        pool_push(cell);
    }
    if ld32(ERROR) == 0 {
        st32(datum + DATUM_PARENTS, pool_take(start));
        st32(datum + DATUM_PARENTS_COUNT, count);
    }
}

/// Finds out who is who, what lies above whom, and makes the table by which entities are found.
fn data_index() {
    kin_number();
    kin_lead();
    kin_climb();
    if ld32(ERROR) != 0 {
        return;
    }
    let count = ld32(DATA_COUNT);
    let mut buckets = 1;
    while buckets < count {
        buckets = buckets * 2;
    }
    // Each bucket's number stands two places on until entities are at their places, then one place on, then where it is to be.
    let table = read_alloc((buckets + 2) * 4);
    let row = read_alloc(count * 4);
    if ld32(ERROR) != 0 {
        return;
    }
    fill(table, 0, (buckets + 2) * 4);
    let mut datum = ld32(DATA_FIRST);
    while datum != NOWHERE {
        kin_take(datum);
        let bucket = table + 8 + ((uid_hash(datum) as i32) & (buckets - 1)) * 4;
        st32(bucket, ld32(bucket) + 4);
        datum = ld32(datum + DATUM_NEXT);
    }
    let mut begin = row;
    let mut at = table;
    while at != table + (buckets + 2) * 4 {
        begin += ld32(at);
        st32(at, begin);
        at += 4;
    }
    at = 0;
    while at < ld32(DATA_MENTIONS) {
        datum = kin_named(at);
        if datum != NOWHERE {
            let bucket = table + 4 + ((uid_hash(datum) as i32) & (buckets - 1)) * 4;
            st32(ld32(bucket), datum);
            st32(bucket, ld32(bucket) + 4);
        }
        at += 1;
    }
    st32(R0, table);
    st32(R1, buckets - 1);
}
