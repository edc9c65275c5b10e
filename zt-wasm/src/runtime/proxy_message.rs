//! Metadata as hosts give them: messages in the binary form of Protocol Buffers.
//!
//! `envoy.config.core.v3.Metadata` has a structure for each filter, `google.protobuf.Struct` a value for each name, and both
//! have them as entries of a key and a value; a `google.protobuf.Value` is of one of six kinds, or a mistake. Fields that are
//! not known are passed over.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::proxy_host::*;

// The field that was read last: its number and how it is written, and where it is or which number.
const PROTO_TAG: i32 = 1824;
const PROTO_AT: i32 = 1828;
const PROTO_LEN: i32 = 1832;
const PROTO_NUMBER: i32 = 1016;
/// An element of a list: what is known of it.
pub const PROXY_ITEM: i32 = 784;

// How a field is written: the lowest three bits of its tag.
const WIRE_NUMBER: i32 = 0;
const WIRE_EIGHT: i32 = 1;
const WIRE_BYTES: i32 = 2;
const WIRE_FOUR: i32 = 5;

// Of what has entries, and of lists: one of them.
const TAG_ENTRY: i32 = 0x0a;
// Of an entry.
const TAG_KEY: i32 = 0x0a;
const TAG_VALUE: i32 = 0x12;
// Of a value: what it is.
const TAG_NULL: i32 = 0x08;
const TAG_DOUBLE: i32 = 0x11;
const TAG_TEXT: i32 = 0x1a;
const TAG_BOOL: i32 = 0x20;
const TAG_STRUCT: i32 = 0x2a;
const TAG_LIST: i32 = 0x32;

fn proto_number(from: i32, end: i32) -> i32 {
    let mut at = from;
    let mut number = 0i64;
    let mut shift = 0i64;
    loop {
        if at >= end || shift > 63 {
            return -1;
        }
        let byte = ld8(at);
        number |= ((byte & 127) as i64) << shift;
        shift += 7;
        at += 1;
        if byte < 128 {
            break;
        }
    }
    st64(PROTO_NUMBER, number);
    return at;
}

/// Reads a field: where the next one begins. Where there is none, that is a mistake, and the end.
fn proto_field(from: i32, end: i32) -> i32 {
    let mut at = proto_number(from, end);
    let mut len = 0i64;
    let tag = if at < 0 || (ld64(PROTO_NUMBER) as u64) > 0xffff_ffffu64 { -1 } else { ld64(PROTO_NUMBER) as i32 };
    let wire = if tag == -1 { tag } else { tag & 7 };
    if wire == WIRE_BYTES {
        at = proto_number(at, end);
        len = ld64(PROTO_NUMBER);
    } else if wire == WIRE_EIGHT {
        len = 8;
    } else if wire == WIRE_FOUR {
        len = 4;
    } else if wire == WIRE_NUMBER {
        at = proto_number(at, end);
    } else {
        at = -1;
    }
    if at < 0 || (len as u64) > ((end - at) as u64) {
        st32(PROXY_BAD, 1);
        st32(PROTO_TAG, -1);
        return end;
    }
    st32(PROTO_TAG, tag);
    st32(PROTO_AT, at);
    st32(PROTO_LEN, len as i32);
    return at + len as i32;
}

/// Takes down those members of a property that are asked for.
pub fn proxy_members(row: i32, known: i32) {
    if ld32(known) != KNOWN_STRUCT {
        return;
    }
    let mut at = ld32(known + 4);
    let end = at + ld32(known + 8);
    while at < end {
        at = proto_field(at, end);
        if ld32(PROTO_TAG) == TAG_ENTRY {
            proxy_entry(row, ld32(PROTO_AT), ld32(PROTO_LEN));
        }
    }
}

fn proxy_entry(of: i32, from: i32, len: i32) {
    let mut at = from;
    let end = from + len;
    let mut key = from;
    let mut key_len = 0;
    let mut value = from;
    let mut value_len = 0;
    while at < end {
        at = proto_field(at, end);
        if ld32(PROTO_TAG) == TAG_KEY {
            key = ld32(PROTO_AT);
            key_len = ld32(PROTO_LEN);
        } else if ld32(PROTO_TAG) == TAG_VALUE {
            value = ld32(PROTO_AT);
            value_len = ld32(PROTO_LEN);
        }
    }
    let mut member = ld32(of + PROPERTY_MEMBER);
    while member >= 0 {
        let row = ld32(PROXY_PROPERTIES) + member * PROPERTY;
        if bytes_equal(ld32(row), ld32(row + 4), key, key_len) {
            proxy_take_member(of, proxy_known(member), value, value_len);
        }
        member = ld32(row + PROPERTY_NEXT);
    }
}

fn proxy_take_member(of: i32, known: i32, at: i32, len: i32) {
    // A key comes once.
    if ld32(known) != KNOWN_MISSING {
        st32(PROXY_BAD, 1);
    }
    if ld32(of + PROPERTY_FROM) == FROM_MESSAGE {
        st32(known, KNOWN_STRUCT);
        st64(known + 4, span(at, len));
    } else {
        proxy_read_value(known, at, len);
    }
}

/// Reads a value to what is known of a property, or of an item.
fn proxy_read_value(known: i32, from: i32, len: i32) {
    let mut at = from;
    let end = from + len;
    st32(known, KNOWN_MISSING);
    while at < end {
        at = proto_field(at, end);
        let what = match ld32(PROTO_TAG) {
            TAG_NULL => KNOWN_NULL,
            TAG_DOUBLE => KNOWN_NUMBER,
            TAG_TEXT => KNOWN_TEXT,
            TAG_BOOL => KNOWN_BOOL,
            TAG_STRUCT => KNOWN_STRUCT,
            TAG_LIST => KNOWN_LIST,
            _ => KNOWN_MISSING,
        };
        if what != KNOWN_MISSING {
            st32(known, what);
            st32(known + 4, ld32(PROTO_AT));
            st32(known + 8, if what == KNOWN_BOOL { (ld64(PROTO_NUMBER) != 0) as i32 } else { ld32(PROTO_LEN) });
        }
    }
    if ld32(known) == KNOWN_MISSING {
        st32(PROXY_BAD, 1);
    }
}

/// Reads the next of a list's items, from `at` on, to [`PROXY_ITEM`]: where the one behind it begins. At the end it is
/// missing.
pub fn proxy_next_item(from: i32, end: i32) -> i32 {
    let mut at = from;
    st32(PROXY_ITEM, KNOWN_MISSING);
    while at < end && ld32(PROXY_ITEM) == KNOWN_MISSING {
        at = proto_field(at, end);
        if ld32(PROTO_TAG) == TAG_ENTRY {
            proxy_read_value(PROXY_ITEM, ld32(PROTO_AT), ld32(PROTO_LEN));
        }
    }
    return at;
}
