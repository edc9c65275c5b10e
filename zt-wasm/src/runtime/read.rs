//! Values of declared types, from JSON.
//!
//! A value that is not of its type is unknown; limits and keys that are given twice make the request invalid. What is open
//! around the value being read is a chain of frames, of which there are at most as many as JSON may nest, and which are used
//! again; elements stand in a pool until their collection ends.

use super::bind::*;
use super::collection::*;
use super::declared::*;
use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::scalar::*;
use super::slots::*;
use super::store::*;

// What is to be read next: its type, how much of it, and the cell that it goes to.
const READ_TYPE: i32 = 1776;
const READ_EXTENT: i32 = 1780;
const READ_OUT: i32 = 1784;
/// The outermost frame.
const READ_NESTS: i32 = 1772;
/// 1 while entity data are read: what is not of its type is a mistake.
pub const READ_STRICT: i32 = 452;
/// Cells of elements, keys and values: address, how many bytes, for how many there is room.
const POOL: i32 = 1760;

// A frame: the kind of value that is open, and
const NEST_TYPE: i32 = 4; // its type
const NEST_EXTENT: i32 = 8;
const NEST_OUT: i32 = 12; // the cell that it goes to
const NEST_OUTER: i32 = 16;
const NEST_INNER: i32 = 20; // a frame that was made for use inside of this one, or nowhere
const NEST_COUNT: i32 = 24; // elements that were begun; of a record, whether a member was
const NEST_KNOWN: i32 = 28; // whether all elements are values so far
const NEST_START: i32 = 32; // where its elements begin in the pool; of a record, the address of its fields
const NEST_FIELDS: i32 = 36; // of a record, the number of its fields
const NEST_ELEMENT: i32 = 40; // the cell of the element being read
const NEST_LEFT: i32 = 56; // in a request in slots, how many elements or members are left
const NEST: i32 = 64;

pub const OPEN_OBJECT: i32 = 123;
pub const CLOSE_OBJECT: i32 = 125;
pub const OPEN_ARRAY: i32 = 91;
pub const CLOSE_ARRAY: i32 = 93;

/// Forgets frames and pool: the arena begins anew.
pub fn read_reset() {
    st32(READ_NESTS, NOWHERE);
    st32(POOL, NOWHERE);
    st32(POOL + 4, 0);
    st32(POOL + 8, 0);
}

/// A block, or a mistake: behind it nothing more is read.
pub fn read_alloc(len: i32) -> i32 {
    let at = alloc(len);
    if ld32(FAILED) != 0 {
        json_fail();
    }
    return at;
}

/// Reads a string within its limit.
pub fn read_string() {
    json_string();
    read_check_string();
}

pub fn read_check_string() {
    if (ld32(STR_LEN) as u32) > (ld32(H_STRING_MAX) as u32) {
        json_fail();
    }
}

/// Reads so much of a value of a type into a cell. In records, what is optional and missing is absent if the one who says
/// it is `complete`.
pub fn read_value(ty: i32, complete: i32, extent: i32, out: i32) {
    st32(READ_TYPE, ty);
    st32(READ_EXTENT, extent);
    st32(READ_OUT, out);
    let kind = read_begin();
    match type_used(kind) {
        T_SET | T_LIST | T_MAP | T_RECORD => read_nested(kind, complete),
        _ => {}
    }
}

/// Reads what was begun to its end.
fn read_nested(kind: i32, complete: i32) {
    let mut frame = read_push(NOWHERE, kind, complete);
    while frame != NOWHERE && ld32(ERROR) == 0 {
        if read_next(frame) {
            let inner = read_begin();
            if inner != 0 {
                frame = read_push(frame, inner, complete);
            }
        } else if ld32(ERROR) == 0 {
            read_close(frame);
            frame = ld32(frame + NEST_OUTER);
        }
    }
}

/// Reads what is next, or its begin if it is a collection or a record: then its kind.
fn read_begin() -> i32 {
    let ty = ld32(READ_TYPE);
    let out = ld32(READ_OUT);
    let kind = type_kind(ty);
    let mut is_known = false;
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 && ld32(READ_EXTENT) != EXTENT_NOTHING {
            return slots_begin(ty, out);
        }
    }
    if ld32(READ_EXTENT) == EXTENT_NOTHING {
        read_skip();
    } else {
        let given = json_peek();
        if given == K_STRING {
            // All scalars but these two are written as strings.
            if kind != T_BOOL && kind != T_INT && kind < T_ENTITY {
                read_string();
                is_known = scalar_of_text(ty, ld32(STR), ld32(STR_LEN), out);
            } else {
                json_skip();
            }
        } else if given == K_NUMBER {
            json_number();
            is_known = scalar_of_number(ty, ld32(STR), ld32(STR_LEN), out);
        } else if given == K_BOOL {
            is_known = scalar_of_bool(ty, json_bool(), out);
        } else if given == K_NULL && type_is_optional(ty) {
            json_null();
            put_cell(out, T_ABSENT, 0, 0);
            return 0;
        } else {
            match type_used(kind) {
                T_SET | T_LIST => {
                    if given == K_ARRAY {
                        json_open(OPEN_ARRAY);
                        return kind;
                    }
                    json_skip();
                }
                T_MAP | T_RECORD => {
                    if given == K_OBJECT {
                        json_open(OPEN_OBJECT);
                        return kind;
                    }
                    json_skip();
                }
                T_ENTITY => {
                    if given == K_OBJECT {
                        is_known = read_reference(out, type_parts(ty));
                    } else {
                        json_skip();
                    }
                }
                _ => json_skip(),
            }
        }
    }
    if !is_known {
        put_cell(out, T_UNKNOWN, 0, 0);
        read_refuse();
    }
    return 0;
}

/// What was read is not of its type.
fn read_refuse() {
    if ld32(H_TAKES_DATA) != 0 {
        if ld32(READ_STRICT) != 0 {
            json_fail();
        }
    }
}

/// Opens a frame for what is next.
fn read_push(outer: i32, kind: i32, complete: i32) -> i32 {
    let ty = ld32(READ_TYPE);
    let out = ld32(READ_OUT);
    let frame = read_frame(outer);
    put_cell(out, T_UNKNOWN, 0, 0);
    st32(frame, kind);
    st32(frame + NEST_TYPE, ty);
    st32(frame + NEST_EXTENT, ld32(READ_EXTENT));
    st32(frame + NEST_OUT, out);
    st32(frame + NEST_COUNT, 0);
    st32(frame + NEST_KNOWN, 1);
    if ld32(H_TAKES_SLOTS) != 0 {
        st32(frame + NEST_LEFT, ld32(SLOTS_COUNT));
    }
    match type_used(kind) {
        T_RECORD => read_fields(frame, ty, complete),
        _ => st32(frame + NEST_START, ld32(POOL + 4)),
    }
    return frame;
}

/// The frame inside of another, or the outermost.
fn read_frame(outer: i32) -> i32 {
    let place = if outer == NOWHERE { READ_NESTS } else { outer + NEST_INNER };
    let kept = ld32(place);
    if kept != NOWHERE {
        return kept;
    }
    let frame = read_alloc(NEST);
    st32(frame + NEST_OUTER, outer);
    st32(frame + NEST_INNER, NOWHERE);
    st32(place, frame);
    return frame;
}

/// A record's fields, of which nothing is said: cells of those that are read, up to the last one, and behind them a byte for
/// each field that says whether it was given.
fn read_fields(frame: i32, ty: i32, complete: i32) {
    let extent = ld32(frame + NEST_EXTENT);
    let is_whole = extent_is_whole(extent);
    let count = if is_whole { type_count(ty) } else { extent_count(extent) };
    let len = count * CELL + type_count(ty);
    let cells = read_alloc(len);
    clear(cells, len);
    let mut at = if complete != 0 { count } else { 0 };
    let fields = type_parts(ty);
    while at > 0 {
        at -= 1;
        if is_whole || extent_part(extent, at) != EXTENT_NOTHING {
            if type_is_optional(field_type(fields + at * field_width())) {
                st32(cells + at * CELL, T_ABSENT);
            }
        }
    }
    st32(frame + NEST_START, cells);
    st32(frame + NEST_FIELDS, count);
}

/// Whether all fields of a record are read.
fn extent_is_whole(extent: i32) -> bool {
    return extent == EXTENT_WHOLE || extent_kind(extent) != EXTENT_FIELDS;
}

/// Comes to the next value in what is open; false at its end.
fn read_next(frame: i32) -> bool {
    return match type_used(ld32(frame)) {
        T_RECORD => read_next_field(frame),
        T_MAP => read_next_entry(frame),
        _ => read_next_element(frame),
    };
}

fn read_next_field(frame: i32) -> bool {
    let ty = ld32(frame + NEST_TYPE);
    let fields = type_parts(ty);
    let declared = type_count(ty);
    let count = ld32(frame + NEST_FIELDS);
    let cells = ld32(frame + NEST_START);
    let extent = ld32(frame + NEST_EXTENT);
    let is_whole = extent_is_whole(extent);
    while read_member(frame) {
        st32(frame + NEST_COUNT, 1);
        let at = row_find(fields, declared, field_width(), ld32(STR), ld32(STR_LEN));
        if at >= 0 {
            let given = cells + count * CELL + at;
            if ld8(given) != 0 {
                json_fail();
                return false;
            }
            st8(given, 1);
            if at < count {
                let part = if is_whole { EXTENT_WHOLE } else { extent_part(extent, at) };
                if part != EXTENT_NOTHING {
                    st32(READ_TYPE, field_type(fields + at * field_width()));
                    st32(READ_EXTENT, part);
                    st32(READ_OUT, cells + at * CELL);
                    return true;
                }
            }
        }
        read_skip();
    }
    return false;
}

fn read_next_element(frame: i32) -> bool {
    read_keep(frame);
    if !read_more(frame) {
        return false;
    }
    // A set is read whole.
    let extent = if ld32(frame) == T_SET { EXTENT_WHOLE } else { ld32(frame + NEST_EXTENT) };
    return read_element(frame, extent);
}

fn read_next_entry(frame: i32) -> bool {
    read_keep(frame);
    if !read_member(frame) {
        return false;
    }
    read_check_string();
    put_cell(frame + NEST_ELEMENT, T_STRING, 0, span(ld32(STR), ld32(STR_LEN)));
    pool_push(frame + NEST_ELEMENT);
    return read_element(frame, ld32(frame + NEST_EXTENT));
}

/// Whether another element comes in what is open.
fn read_more(frame: i32) -> bool {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            return slots_more(frame + NEST_LEFT);
        }
    }
    return json_next(CLOSE_ARRAY, ld32(frame + NEST_COUNT) == 0);
}

/// Whether another member comes in what is open; its key is then at [`STR`].
fn read_member(frame: i32) -> bool {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            if !slots_more(frame + NEST_LEFT) {
                return false;
            }
            slots_text();
            return true;
        }
    }
    return json_next_member(ld32(frame + NEST_COUNT) == 0);
}

/// Reads past a value.
pub fn read_skip() {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            slots_skip();
            return;
        }
    }
    json_skip();
}

/// The kind of the value to come: an array, an object or another.
pub fn read_kind() -> i32 {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            return slots_kind();
        }
    }
    return json_peek();
}

/// Goes into a list, when [`read_kind`] told of it.
pub fn read_open_list() {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            slots_open_list();
            return;
        }
    }
    json_open(OPEN_ARRAY);
}

/// Whether another value comes in that list.
pub fn read_next_of_list(is_first: bool) -> bool {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            return slots_next();
        }
    }
    return json_next(CLOSE_ARRAY, is_first);
}

/// Begins an element of a collection, of which so much is read.
fn read_element(frame: i32, extent: i32) -> bool {
    let count = ld32(frame + NEST_COUNT) + 1;
    st32(frame + NEST_COUNT, count);
    if (count as u32) > (ld32(H_ELEMENTS_MAX) as u32) {
        json_fail();
        return false;
    }
    let mut part = EXTENT_WHOLE;
    if extent != EXTENT_WHOLE {
        if extent_kind(extent) == EXTENT_ELEMENTS {
            part = extent_part(extent, 0);
        }
    }
    st32(READ_TYPE, type_of(ld32(frame + NEST_TYPE)));
    st32(READ_EXTENT, part);
    st32(READ_OUT, frame + NEST_ELEMENT);
    return ld32(ERROR) == 0;
}

/// Puts the element that was read last into the pool.
fn read_keep(frame: i32) {
    if ld32(frame + NEST_COUNT) == 0 || ld32(ERROR) != 0 {
        return;
    }
    if ld32(frame + NEST_ELEMENT) < T_BOOL {
        st32(frame + NEST_KNOWN, 0);
    }
    pool_push(frame + NEST_ELEMENT);
}

/// Ends what is open: its value.
fn read_close(frame: i32) {
    let out = ld32(frame + NEST_OUT);
    let start = ld32(frame + NEST_START);
    let count = ld32(frame + NEST_COUNT);
    let is_known = ld32(frame + NEST_KNOWN) != 0;
    match type_used(ld32(frame)) {
        T_RECORD => put_cell(out, T_RECORD, ld32(frame + NEST_FIELDS), start as u32 as i64),
        T_SET => {
            let cells = pool_take(start);
            if is_known {
                copy(out, set_of(cells, count), CELL);
            }
        }
        T_LIST => {
            let cells = pool_take(start);
            if is_known {
                put_cell(out, T_LIST, count, cells as u32 as i64);
            }
        }
        _ => {
            let pairs = pool_take(start);
            names_sort(pairs, count, 2 * CELL);
            if !names_ascend(pairs, count, 2 * CELL) {
                json_fail();
            }
            if is_known {
                put_cell(out, T_MAP, count, pairs as u32 as i64);
            }
        }
    }
    if ld32(out) == T_UNKNOWN {
        read_refuse();
    }
}

/// Adds a cell to the pool.
pub fn pool_push(cell: i32) {
    let len = ld32(POOL + 4);
    if len == ld32(POOL + 8) {
        let room = if len == 0 { 16 * CELL } else { len * 2 };
        let more = read_alloc(room);
        if ld32(ERROR) != 0 {
            return;
        }
        copy(more, ld32(POOL), len);
        st32(POOL, more);
        st32(POOL + 8, room);
    }
    copy_cell(ld32(POOL) + len, cell);
    st32(POOL + 4, len + CELL);
}

/// How much is in the pool.
pub fn pool_len() -> i32 {
    return ld32(POOL + 4);
}

/// Takes what is in the pool from `start` on: the address of the cells, which are now in a block of their own.
pub fn pool_take(start: i32) -> i32 {
    let len = ld32(POOL + 4) - start;
    let cells = read_alloc(len);
    copy(cells, ld32(POOL) + start, len);
    st32(POOL + 4, start);
    return cells;
}

/// Reads a reference to an entity into a cell: whether it is one of the permitted types.
pub fn read_reference(out: i32, permitted: i32) -> bool {
    if ld32(H_TAKES_SLOTS) != 0 {
        if ld32(SLOTS) != 0 {
            return slots_reference(out, permitted);
        }
    }
    let mut given = 0;
    let mut ty = -1;
    let mut has_id = false;
    json_open(OPEN_OBJECT);
    loop {
        let member = member_next(M_TYPE | M_ID, given);
        if member == 0 {
            break;
        }
        given |= member;
        if json_peek() != K_STRING {
            json_skip();
        } else {
            read_string();
            if member == M_TYPE {
                ty = entity_type_find();
            } else {
                put_cell(out, T_ENTITY, 0, span(ld32(STR), ld32(STR_LEN)));
                has_id = true;
            }
        }
    }
    if ty < 0 || !has_id || ld32(ERROR) != 0 {
        return false;
    }
    st32(out + 4, ty);
    return has_type(permitted, ty);
}

/// The entity type with the name that was read last; -1 if there is none.
pub fn entity_type_find() -> i32 {
    return row_find(ld32(H_ENTITY_TYPES), ld32(H_ENTITY_TYPES_COUNT), entity_width(), ld32(STR), ld32(STR_LEN));
}
