//! Values as JSON, and as literals of the language.
//!
//! Values nest; where the writing of each that is open stands is kept in frames in the arena, which are linked to the one
//! around and to the one that was last inside, so that there are as many as values nest deep.

use super::address::*;
use super::declared::*;
use super::env::*;
use super::layout::*;
use super::memory::*;
use super::number::*;
use super::out::*;
use super::path::*;
use super::time::*;
use super::version::*;

/// Address of the addresses of enums' types, by the number of the enum: part of the header where literals are written.
pub const H_ENUMS: i32 = 1600;

// A frame: the one around (+0) and the one inside (+4), or nowhere, and
const FRAME_CELL: i32 = 8;
const FRAME_TYPE: i32 = 12;
const FRAME_INDEX: i32 = 16; // of the elements, entries or fields the last one that is written
const FRAME_IS_BEGUN: i32 = 20; // whether any is written
const FRAME: i32 = 24;

/// Bytes of a literal.
const LITERAL_MAX: i32 = 2000;

/// Writes a value of a type as a request would give it. What is unknown inside a record is left out, what is absent is
/// `null`. A value that is of another type is `null`, which no value of a policy is.
pub fn out_value(ty: i32, value: i32) {
    match tag_used(ld32(value)) {
        T_SET | T_LIST | T_MAP | T_RECORD => json_collection(ty, value),
        _ => json_scalar(ty, value),
    }
}

fn json_collection(ty: i32, value: i32) {
    let mut frame = json_value_open(NOWHERE, ty, value);
    while frame != NOWHERE {
        frame = json_value_next(frame);
    }
}

/// Writes a scalar, or begins a collection; gives the frame to go on with.
fn json_value_open(frame: i32, ty: i32, value: i32) -> i32 {
    let tag = ld32(value);
    if tag < T_SET || type_kind(ty) != tag {
        json_scalar(ty, value);
        return frame;
    }
    out_byte(if tag < T_MAP { b'[' as i32 } else { b'{' as i32 });
    return out_frame(frame, ty, value);
}

/// Writes the next element, entry or field of what is open, or its end; gives the frame to go on with.
fn json_value_next(frame: i32) -> i32 {
    let value = ld32(frame + FRAME_CELL);
    let ty = ld32(frame + FRAME_TYPE);
    let tag = ld32(value);
    let last = ld32(frame + FRAME_INDEX);
    let index = match tag_used(tag) {
        T_RECORD => json_field_after(ty, value, last),
        _ => last + 1,
    };
    if index < 0 || index >= ld32(value + 4) {
        out_byte(if tag < T_MAP { b']' as i32 } else { b'}' as i32 });
        return ld32(frame);
    }
    if ld32(frame + FRAME_IS_BEGUN) != 0 {
        out_byte(b',' as i32);
    }
    st32(frame + FRAME_IS_BEGUN, 1);
    st32(frame + FRAME_INDEX, index);
    let cells = ld32(value + 8);
    match tag_used(tag) {
        T_RECORD => {
            let field = type_parts(ty) + index * field_width();
            json_name(name_at(field), name_len(field));
            return json_value_open(frame, field_type(field), cells + index * CELL);
        }
        T_MAP => {
            let key = cells + index * (2 * CELL);
            json_name(ld32(key + 8), ld32(key + 12));
            return json_value_open(frame, type_of(ty), key + CELL);
        }
        _ => return json_value_open(frame, type_of(ty), cells + index * CELL),
    }
}

/// A member's name and its colon.
fn json_name(at: i32, len: i32) {
    out_json_text(at, len);
    out_byte(b':' as i32);
}

/// The field, not unknown, whose name follows that of the field `last` or, for -1, is the first; -1 if there is none. Members
/// of JSON objects are sorted by name, and fields are few.
fn json_field_after(ty: i32, record: i32, last: i32) -> i32 {
    let fields = type_parts(ty);
    let cells = ld32(record + 8);
    let mut count = type_count(ty);
    if ld32(record + 4) < count {
        count = ld32(record + 4);
    }
    let mut best = -1;
    let mut index = 0;
    while index < count {
        if ld32(cells + index * CELL) != T_UNKNOWN {
            let field = fields + index * field_width();
            if last < 0 || json_field_order(field, fields + last * field_width()) > 0 {
                if best < 0 || json_field_order(field, fields + best * field_width()) < 0 {
                    best = index;
                }
            }
        }
        index += 1;
    }
    return best;
}

fn json_field_order(a: i32, b: i32) -> i32 {
    return bytes_order(name_at(a), name_len(a), name_at(b), name_len(b));
}

fn json_scalar(ty: i32, value: i32) {
    let tag = ld32(value);
    match tag_used(tag) {
        T_BOOL => out_bool(ld32(value + 4)),
        T_INT => out_int(ld64(value + 8)),
        T_STRING | T_HOST => out_json_text(ld32(value + 8), ld32(value + 12)),
        T_PATH => out_path(value),
        T_ENUM => json_member(ty, value),
        T_ENTITY => json_uid(value),
        T_DECIMAL | T_TIMESTAMP | T_DURATION | T_IP | T_RANGE | T_VERSION | T_QUANTITY => {
            out_byte(b'"' as i32);
            out_plain(value);
            out_byte(b'"' as i32);
        }
        _ => out_null(),
    }
}

fn json_member(ty: i32, value: i32) {
    let index = ld32(value + 4);
    if type_kind(ty) != T_ENUM || index < 0 || index >= type_count(ty) {
        out_null();
        return;
    }
    let name = type_parts(ty) + index * name_width();
    out_json_text(name_at(name), name_len(name));
}

/// An entity: `{"id":"ann","type":"User"}`.
pub fn json_uid(uid: i32) {
    let name = entity_row(uid);
    out_word(0x3a226469227b, 6);
    out_json_text(ld32(uid + 8), ld32(uid + 12));
    out_word(0x3a2265707974222c, 8);
    out_json_text(name_at(name), name_len(name));
    out_byte(b'}' as i32);
}

/// The text of a scalar that has none to escape, without quotes.
fn out_plain(value: i32) {
    match tag_used(ld32(value)) {
        T_DECIMAL => out_decimal(ld64(value + 8)),
        T_TIMESTAMP => out_timestamp(ld64(value + 8)),
        T_DURATION => out_duration(ld64(value + 8)),
        T_IP => out_ip(value),
        T_RANGE => out_range(value),
        T_VERSION => out_version(value),
        T_QUANTITY => out_quantity(value),
        _ => {}
    }
}

/// The frame inside another one, or a first one. When memory has come to its end there is none, and nothing goes on.
fn out_frame(around: i32, ty: i32, value: i32) -> i32 {
    let mut frame = if around == NOWHERE { NOWHERE } else { ld32(around + 4) };
    if frame == NOWHERE {
        frame = alloc(FRAME);
        st32(frame, around);
        st32(frame + 4, NOWHERE);
        if around != NOWHERE {
            st32(around + 4, frame);
        }
    }
    st32(frame + FRAME_CELL, value);
    st32(frame + FRAME_TYPE, ty);
    st32(frame + FRAME_INDEX, -1);
    st32(frame + FRAME_IS_BEGUN, 0);
    return if ld32(FAILED) != 0 { NOWHERE } else { frame };
}

/// Writes a datum as a literal, or `unknown`, or `absent`; what does not fit into 2000 bytes ends in `…`.
pub fn out_literal(datum: i32) {
    let from = ld32(OUT + 4);
    let mut frame = literal_open(NOWHERE, datum);
    while frame != NOWHERE && ld32(OUT + 4) - from <= LITERAL_MAX {
        frame = literal_next(frame);
    }
    if ld32(OUT + 4) - from > LITERAL_MAX {
        let mut end = from + LITERAL_MAX;
        // No character is cut.
        while end > from && (ld8(ld32(OUT) + end) & 0xc0) == 0x80 {
            end -= 1;
        }
        st32(OUT + 4, end);
        out_word(0xa680e2, 3);
    }
}

/// Writes a scalar, or begins a collection; gives the frame to go on with.
fn literal_open(frame: i32, datum: i32) -> i32 {
    let tag = ld32(datum);
    if tag == T_UNKNOWN {
        out_word(0x6e776f6e6b6e75, 7);
        return frame;
    }
    if tag == T_ABSENT {
        out_word(0x746e65736261, 6);
        return frame;
    }
    if tag < T_SET {
        literal_scalar(datum);
        return frame;
    }
    out_byte(if tag < T_MAP { b'[' as i32 } else { b'{' as i32 });
    return out_frame(frame, NOWHERE, datum);
}

/// Writes the next part of what is open, or its end; gives the frame to go on with.
fn literal_next(frame: i32) -> i32 {
    let value = ld32(frame + FRAME_CELL);
    let tag = ld32(value);
    let index = ld32(frame + FRAME_INDEX) + 1;
    if index >= ld32(value + 4) {
        out_byte(if tag < T_MAP { b']' as i32 } else { b'}' as i32 });
        return ld32(frame);
    }
    if index > 0 {
        out_word(0x202c, 2);
    }
    st32(frame + FRAME_INDEX, index);
    let cells = ld32(value + 8);
    if tag != T_MAP {
        return literal_open(frame, cells + index * CELL);
    }
    let key = cells + index * (2 * CELL);
    out_quoted(ld32(key + 8), ld32(key + 12));
    out_word(0x203a, 2);
    return literal_open(frame, key + CELL);
}

fn literal_scalar(datum: i32) {
    let tag = ld32(datum);
    match tag_used(tag) {
        T_BOOL => out_bool(ld32(datum + 4)),
        T_INT => out_int(ld64(datum + 8)),
        T_STRING | T_HOST => out_quoted(ld32(datum + 8), ld32(datum + 12)),
        T_PATH => out_path(datum),
        T_ENUM => literal_member(datum),
        T_ENTITY => out_uid(datum),
        T_TIMESTAMP | T_VERSION | T_QUANTITY => {
            out_byte(b'"' as i32);
            out_plain(datum);
            out_byte(b'"' as i32);
        }
        _ => out_plain(datum),
    }
}

fn literal_member(datum: i32) {
    let ty = ld32(ld32(H_ENUMS) + ld32(datum + 8) * 4);
    let name = type_parts(ty) + ld32(datum + 4) * name_width();
    out_bytes(name_at(name), name_len(name));
}
