//! A request in slots: the values that a policy reads by number, in a binary form without names, which `ABI.md` describes.
//!
//! It means what the flat document in JSON means that says the same, since what is said is gathered and read by the same
//! routines: these are the tokens that they read from when [`SLOTS`] is set. Numbers that stand for nothing, bytes that are
//! missing or left over and text that is not UTF-8 make a request invalid.

use super::bind::*;
use super::declared::*;
use super::env::*;
use super::gather::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::read::*;
use super::scalar::*;
use super::time::*;
use super::utf8::*;

/// 1 while a request in slots is read.
pub const SLOTS: i32 = 456;
/// Of the object or list that is open: whose attributes it says, and how many are left.
const SLOTS_OWNER: i32 = 460;
const SLOTS_LEFT: i32 = 464;
/// Of the value that was begun last: how many it has.
pub const SLOTS_COUNT: i32 = 468;
/// Address of the numbers of what is open while values are skipped.
const SLOTS_SKIPPED: i32 = 472;

pub const SLOTS_FORM: i32 = 1;
/// A count that says that nothing is said.
pub const SLOTS_UNSAID: i32 = -1;
/// The owner of the context's attributes.
const SLOTS_CONTEXT: i32 = -1;

// What begins a value.
pub const S_UNSAID: i32 = 0;
pub const S_NULL: i32 = 1;
pub const S_FALSE: i32 = 2;
pub const S_TRUE: i32 = 3;
pub const S_INT: i32 = 4;
pub const S_TEXT: i32 = 5;
pub const S_TIME: i32 = 6;
pub const S_IPV4: i32 = 7;
pub const S_IPV6: i32 = 8;
pub const S_ENTITY: i32 = 9;
pub const S_LIST: i32 = 10;
pub const S_OBJECT: i32 = 11;

/// Binds a request: false if it is invalid.
pub fn bind_slots(at: i32, len: i32) -> bool {
    if (len as u32) > (ld32(H_BYTES_MAX) as u32) {
        return false;
    }
    st32(SLOTS, 1);
    slots_document(at, len);
    st32(SLOTS, 0);
    return ld32(ERROR) == 0 && bind_fits(SPEAKER_ALL) && bind_finish();
}

fn slots_document(at: i32, len: i32) {
    st32(JP, at);
    st32(JE, at + len);
    st32(JDEPTH, 0);
    st32(STR_LEN, 0);
    st32(ERROR, 0);
    bind_reset();
    st32(SLOTS_SKIPPED, read_alloc(1024));
    slots_open();
    if slots_u32() != SLOTS_FORM {
        json_fail();
    }
    let action = slots_number(ld32(H_ACTIONS_COUNT));
    st32(ACTION, action);
    slots_entity(SUBJECT);
    slots_entity(RESOURCE);
    slots_said(SLOTS_CONTEXT, NOWHERE);
    slots_entities();
    if ld32(JP) != ld32(JE) {
        json_fail();
    }
}

/// Reads the entities that are described besides.
fn slots_entities() {
    let start = pool_len();
    let count = slots_u32();
    let mut left = count;
    slots_open();
    while left != 0 && ld32(ERROR) == 0 {
        let uid = read_alloc(CELL);
        slots_entity(uid);
        pool_push(uid);
        left -= 1;
    }
    bind_listed(start, count);
}

/// Reads an entity to a cell, and what is said of it.
fn slots_entity(out: i32) {
    slots_open();
    let ty = slots_number(ld32(H_ENTITY_TYPES_COUNT));
    slots_text();
    read_check_string();
    if ld32(ERROR) != 0 {
        return;
    }
    put_cell(out, T_ENTITY, ty, span(ld32(STR), ld32(STR_LEN)));
    slots_said(ty, out);
    let first = slots_u8();
    if first != S_UNSAID {
        st32(JP, ld32(JP) - 1);
        say_parents(SPEAKER_ALL, out);
    }
    slots_close();
}

/// Reads what is said of attributes: of the context's, or of an entity's.
fn slots_said(owner: i32, uid: i32) {
    let count = slots_u32();
    if count == SLOTS_UNSAID || ld32(ERROR) != 0 {
        return;
    }
    st32(SLOTS_OWNER, owner);
    st32(SLOTS_LEFT, count);
    if uid == NOWHERE {
        say_of_context(SPEAKER_ALL);
    } else {
        say_of_entity(SPEAKER_ALL, uid);
    }
}

/// Comes to the next attribute that is said: its position; -1 when there is none left.
pub fn slots_next_attribute() -> i32 {
    if !slots_next() {
        return -1;
    }
    let slot = ld32(H_SLOTS) + slots_number(ld32(H_SLOTS_COUNT)) * SLOT;
    if ld32(ERROR) != 0 || ld32(slot) != ld32(SLOTS_OWNER) {
        json_fail();
        return -1;
    }
    return ld32(slot + 4);
}

/// Begins a list that has nothing in it but values without parts.
pub fn slots_open_list() {
    slots_u8();
    slots_open();
    st32(SLOTS_LEFT, slots_u32());
}

/// Whether another value comes in what was opened last.
pub fn slots_next() -> bool {
    let left = ld32(SLOTS_LEFT);
    if left == 0 || ld32(ERROR) != 0 {
        slots_close();
        return false;
    }
    st32(SLOTS_LEFT, left - 1);
    return true;
}

/// The kind of the value to come, as far as parents are concerned: an array, or an object for a reference.
pub fn slots_kind() -> i32 {
    let tag = slots_u8();
    st32(JP, ld32(JP) - 1);
    if tag == S_LIST {
        return K_ARRAY;
    }
    return if tag == S_ENTITY { K_OBJECT } else { K_NULL };
}

/// Reads a reference to an entity to a cell: whether it is one of a permitted type.
pub fn slots_reference(out: i32, permitted: i32) -> bool {
    slots_u8();
    return slots_entity_value(out, permitted);
}

fn slots_entity_value(out: i32, permitted: i32) -> bool {
    let ty = slots_u32();
    slots_open();
    slots_text();
    read_check_string();
    slots_close();
    if ld32(ERROR) != 0 || (ty as u32) >= (ld32(H_ENTITY_TYPES_COUNT) as u32) {
        return false;
    }
    put_cell(out, T_ENTITY, ty, span(ld32(STR), ld32(STR_LEN)));
    return has_type(permitted, ty);
}

/// Reads a value of a type into a cell; of a collection or record its begin, and then its kind.
pub fn slots_begin(ty: i32, out: i32) -> i32 {
    let kind = type_kind(ty);
    let tag = slots_u8();
    if tag == S_NULL && type_is_optional(ty) {
        put_cell(out, T_ABSENT, 0, 0);
        return 0;
    }
    if slots_has_parts(tag, kind) {
        slots_open();
        st32(SLOTS_COUNT, slots_u32());
        return kind;
    }
    let is_known = if tag == S_TEXT && kind != T_BOOL && kind != T_INT && kind < T_ENTITY {
        slots_text();
        read_check_string();
        scalar_of_text(ty, ld32(STR), ld32(STR_LEN), out)
    } else if tag == S_ENTITY && kind == T_ENTITY {
        slots_entity_value(out, type_parts(ty))
    } else {
        let at = ld32(JP);
        slots_skip_value(tag);
        ld32(ERROR) == 0 && slots_scalar(tag, ty, at, out)
    };
    if !is_known {
        put_cell(out, T_UNKNOWN, 0, 0);
    }
    return 0;
}

fn slots_has_parts(tag: i32, kind: i32) -> bool {
    if tag == S_LIST {
        return kind == T_SET || kind == T_LIST;
    }
    return tag == S_OBJECT && (kind == T_MAP || kind == T_RECORD);
}

/// The value of a type for which these bytes stand; whether there is one.
fn slots_scalar(tag: i32, ty: i32, at: i32, out: i32) -> bool {
    let kind = type_kind(ty);
    if tag == S_TRUE || tag == S_FALSE {
        return scalar_of_bool(ty, tag - S_FALSE, out);
    }
    if tag == S_INT {
        return slots_int(ty, ld64(at), out);
    }
    if tag == S_TIME && (kind == T_TIMESTAMP || kind == T_DURATION) {
        put_cell(out, kind, 0, ld64(at));
        return kind == T_DURATION || timestamp_fits(ld64(at));
    }
    let is_four = tag == S_IPV4;
    if kind != T_IP || !is_four && tag != S_IPV6 {
        return false;
    }
    let bytes = read_alloc(16);
    // An IPv4-mapped address is the IPv4 address that it names.
    let is_mapped = !is_four && ld64(at) == 0 && ld32(at + 8) == 0xffff_0000u32 as i32;
    st64(bytes, 0);
    st64(bytes + 8, 0);
    if is_four || is_mapped {
        st32(bytes, ld32(if is_mapped { at + 12 } else { at }));
    } else {
        copy(bytes, at, 16);
    }
    put_cell(out, T_IP, if is_four || is_mapped { 4 } else { 6 }, span(bytes, 0));
    return true;
}

/// The value of a type for which a number stands.
fn slots_int(ty: i32, number: i64, out: i32) -> bool {
    if type_kind(ty) == T_INT {
        put_cell(out, T_INT, 0, number);
        return true;
    }
    // As JSON would write it.
    let is_negative = number < 0;
    let mut at = out_number(if is_negative { 0u64.wrapping_sub(number as u64) } else { number as u64 });
    if is_negative {
        at -= 1;
        st8(at, b'-' as i32);
    }
    return scalar_of_number(ty, at, OUT_DIGITS_END - at, out);
}

/// Reads past a value.
pub fn slots_skip() {
    slots_skip_value(slots_u8());
}

/// Reads past the rest of a value, which has begun so.
fn slots_skip_value(first: i32) {
    let open = ld32(SLOTS_SKIPPED);
    let mut tag = first;
    let mut top = open;
    loop {
        if tag == S_LIST || tag == S_OBJECT {
            slots_open();
            let count = slots_u32();
            // An element has a byte at least, so that twice the number is one.
            if (count as u32) > ((ld32(JE) - ld32(JP)) as u32) || ld32(ERROR) != 0 {
                json_fail();
                return;
            }
            st32(top, count * 2 + (tag == S_OBJECT) as i32);
            top += 4;
        } else {
            slots_skip_scalar(tag);
        }
        // Behind a value: what ends here is closed.
        loop {
            if top == open || ld32(ERROR) != 0 {
                return;
            }
            if ld32(top - 4) >= 2 {
                break;
            }
            top -= 4;
            slots_close();
        }
        st32(top - 4, ld32(top - 4) - 2);
        if ld32(top - 4) & 1 != 0 {
            slots_text();
        }
        tag = slots_u8();
    }
}

fn slots_skip_scalar(tag: i32) {
    match tag {
        S_NULL | S_FALSE | S_TRUE => {}
        S_INT | S_TIME => {
            slots_take(8);
        }
        S_TEXT => slots_text(),
        S_IPV4 => {
            slots_take(4);
        }
        S_IPV6 => {
            slots_take(16);
        }
        S_ENTITY => {
            slots_open();
            slots_take(4);
            slots_text();
            slots_close();
        }
        _ => json_fail(),
    }
}

/// Whether another element or member comes in a frame, of which so many are left at a place.
pub fn slots_more(left: i32) -> bool {
    let count = ld32(left);
    if count == 0 || ld32(ERROR) != 0 {
        slots_close();
        return false;
    }
    st32(left, count - 1);
    return true;
}

/// Goes into an object or a list, as deep as JSON may.
pub fn slots_open() {
    let depth = ld32(JDEPTH);
    if depth >= ld32(H_DEPTH_MAX) {
        json_fail();
        return;
    }
    st32(JDEPTH, depth + 1);
}

fn slots_close() {
    st32(JDEPTH, ld32(JDEPTH) - 1);
}

/// Reads a text, which is then at [`STR`].
pub fn slots_text() {
    let len = slots_u32();
    let at = slots_take(len);
    if ld32(ERROR) == 0 && !utf8_valid(at, len) {
        json_fail();
    }
    if ld32(ERROR) == 0 {
        st32(STR, at);
        st32(STR_LEN, len);
    }
}

/// Reads a number that is less than another.
fn slots_number(end: i32) -> i32 {
    let number = slots_u32();
    if (number as u32) >= (end as u32) {
        json_fail();
        return 0;
    }
    return number;
}

fn slots_u32() -> i32 {
    let at = slots_take(4);
    return if ld32(ERROR) != 0 { 0 } else { ld32(at) };
}

fn slots_u8() -> i32 {
    let at = slots_take(1);
    return if ld32(ERROR) != 0 { 0 } else { ld8(at) };
}

/// Goes past so many bytes: where they are. Where there are not as many, that is a mistake.
fn slots_take(len: i32) -> i32 {
    let at = ld32(JP);
    if (len as u32) > ((ld32(JE) - at) as u32) || ld32(ERROR) != 0 {
        json_fail();
        return at;
    }
    st32(JP, at + len);
    return at;
}
