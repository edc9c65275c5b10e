//! What a proxy's host is asked: headers, metadata and other properties, all that the policy reads and each once.
//!
//! A host writes what it gives into memory that it asks the module for. What it says is checked before it is read: a status
//! that is neither "here it is" nor "there is none", an address outside of memory, a length beyond the limit, a map or a
//! message that is none make the request invalid ([`PROXY_BAD`]).
//!
//! Each call of a host takes as long as much of a decision, so that there are few: the headers in one, the request line
//! among them; and the metadata of all filters in one, as a message that says of what type each value is.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::proxy_message::*;

// Where the host writes the address and the length of what it gives.
const PROXY_AT: i32 = 920;
const PROXY_LEN: i32 = 924;
/// The time, 8 bytes.
const PROXY_TIME: i32 = 928;
/// Address of what is known of properties: rows of what it is, address and length.
const PROXY_KNOWN: i32 = 936;
/// Whether the host said something that it cannot.
pub const PROXY_BAD: i32 = 940;
/// The pairs that were read last: cells of keys and values.
pub const PROXY_PAIRS: i32 = 944;
/// The pairs of the headers, and their number; -1 when they are not read yet.
pub const PROXY_HEADER_PAIRS: i32 = 912;
const PROXY_HEADER_COUNT: i32 = 916;

// What is known of a property: nothing, or what it is, and where.
pub const KNOWN_MISSING: i32 = 0;
/// It is said that there is none: a claim that is `null`.
pub const KNOWN_NULL: i32 = 1;
pub const KNOWN_TEXT: i32 = 2;
/// A double, 8 bytes.
pub const KNOWN_NUMBER: i32 = 3;
/// In place of a length, 0 or 1.
pub const KNOWN_BOOL: i32 = 4;
pub const KNOWN_STRUCT: i32 = 5;
pub const KNOWN_LIST: i32 = 6;
const KNOWN: i32 = 12;

const STATUS_OK: i32 = 0;
const STATUS_NOT_FOUND: i32 = 1;

/// Bytes that the arena and its scrap have beside what a request asks for.
const PROXY_ARENA: i32 = 65536;
/// Bytes of the longest value, whatever a policy's limit.
const PROXY_VALUE_MAX: i32 = 1 << 26;
const NANOSECONDS: u64 = 1_000_000;

/// Begins a request: whether there is memory for it.
pub fn proxy_begin() -> bool {
    proxy_arena();
    st32(PROXY_BAD, 0);
    st32(PROXY_HEADER_COUNT, -1);
    let len = ld32(PROXY_PROPERTIES_COUNT) * KNOWN;
    if !arena_reserve(PROXY_ARENA + len) {
        st32(FAILED, 1);
        return false;
    }
    let known = alloc(len);
    fill(known, 0, len);
    st32(PROXY_KNOWN, known);
    return true;
}

fn proxy_arena() {
    st32(SCRAP, PROXY_ARENA);
    arena_start(ld32(H_ARENA));
}

/// Memory for what the host gives; nowhere, when there is none.
pub fn proxy_on_memory_allocate(len: i32) -> i32 {
    if ld32(ARENA) == NOWHERE {
        proxy_arena();
    }
    // The host then says that it could not give it.
    if !proxy_fits(len) {
        return NOWHERE;
    }
    if !arena_reserve(len + 8) {
        st32(FAILED, 1);
        return NOWHERE;
    }
    return alloc(len);
}

fn proxy_fits(len: i32) -> bool {
    return len >= 0 && len <= ld32(H_BYTES_MAX) && len < PROXY_VALUE_MAX;
}

/// The instant, if the policy depends on it and the host knows it.
pub fn proxy_clock() {
    st32(HAS_NOW, 0);
    if ld32(H_TIMED) != 0 {
        if host_time(PROXY_TIME) == STATUS_OK {
            st32(HAS_NOW, 1);
            st64(NOW, (ld64(PROXY_TIME) as u64 / NANOSECONDS) as i64);
        }
    }
}

/// Whether what the host gave is in memory and not too long.
fn proxy_gave() -> bool {
    let at = ld32(PROXY_AT) as u32 as i64;
    let len = ld32(PROXY_LEN);
    return proxy_fits(len) && at + len as i64 <= (pages() as i64) << 16;
}

/// Asks the host for all that the policy reads but headers by their names.
pub fn proxy_ask() {
    let mut row = ld32(PROXY_PROPERTIES);
    let mut known = ld32(PROXY_KNOWN);
    let end = row + ld32(PROXY_PROPERTIES_COUNT) * PROPERTY;
    while row < end {
        let from = ld32(row + PROPERTY_FROM);
        if from == FROM_HEADER {
            proxy_headers();
        } else if from != FROM_MEMBER {
            proxy_ask_property(row, known);
        }
        // Members come behind what they are members of.
        if ld32(row + PROPERTY_MEMBER) >= 0 {
            proxy_members(row, known);
        }
        row += PROPERTY;
        known += KNOWN;
    }
}

fn proxy_ask_property(row: i32, known: i32) {
    st64(PROXY_AT, 0);
    let status = host_property(ld32(row), ld32(row + 4), PROXY_AT, PROXY_LEN);
    if status == STATUS_OK && proxy_gave() {
        let is_message = ld32(row + PROPERTY_FROM) == FROM_MESSAGE;
        st32(known, if is_message { KNOWN_STRUCT } else { KNOWN_TEXT });
        st64(known + 4, ld64(PROXY_AT));
    } else if status != STATUS_NOT_FOUND {
        st32(PROXY_BAD, 1);
    }
}

/// What is known of a property: address of what it is, of its address and its length.
pub fn proxy_known(property: i32) -> i32 {
    return ld32(PROXY_KNOWN) + property * KNOWN;
}

/// Whether there is a token.
pub fn proxy_has_token() -> bool {
    return ld32(proxy_known(ld32(PROXY_TOKEN))) == KNOWN_STRUCT;
}

/// Reads the request's headers to [`PROXY_HEADER_PAIRS`], unless they are read already: how many there are.
pub fn proxy_headers() -> i32 {
    if ld32(PROXY_HEADER_COUNT) < 0 {
        st32(PROXY_HEADER_COUNT, proxy_read_headers());
    }
    return ld32(PROXY_HEADER_COUNT);
}

fn proxy_read_headers() -> i32 {
    st64(PROXY_AT, 0);
    if host_headers(0, PROXY_AT, PROXY_LEN) != STATUS_OK || !proxy_gave() {
        st32(PROXY_BAD, 1);
        return 0;
    }
    // Names are made lower-case in a copy, which is the module's own.
    let len = ld32(PROXY_LEN);
    if !arena_reserve(len + 8) {
        st32(FAILED, 1);
        return 0;
    }
    let own = alloc(len);
    copy(own, ld32(PROXY_AT), len);
    let count = proxy_pairs(own, len);
    if count < 0 {
        st32(PROXY_BAD, 1);
    }
    st32(PROXY_HEADER_PAIRS, ld32(PROXY_PAIRS));
    return proxy_keep_headers(count);
}

/// Leaves of the pairs that were read the headers, with names in small letters: how many. What begins with a colon is none,
/// but a part of the request line. Takes down those pairs that are properties.
fn proxy_keep_headers(count: i32) -> i32 {
    let mut kept = 0;
    let mut at = 0;
    while at < count {
        let pair = ld32(PROXY_PAIRS) + at * (2 * CELL);
        let name = ld32(pair + 8);
        let len = ld32(pair + 12);
        proxy_lower(name, len);
        proxy_take_header(pair);
        if len > 0 && ld8(name) != b':' as i32 {
            copy(ld32(PROXY_PAIRS) + kept * (2 * CELL), pair, 2 * CELL);
            kept += 1;
        }
        at += 1;
    }
    return kept;
}

/// Takes down a pair that is a property. Which counts where there are several, nobody knows.
fn proxy_take_header(pair: i32) {
    let mut row = ld32(PROXY_PROPERTIES);
    let mut known = ld32(PROXY_KNOWN);
    let end = row + ld32(PROXY_PROPERTIES_COUNT) * PROPERTY;
    while row < end {
        if ld32(row + PROPERTY_FROM) == FROM_HEADER {
            if bytes_equal(ld32(pair + 8), ld32(pair + 12), ld32(row), ld32(row + 4)) {
                if ld32(known) != KNOWN_MISSING {
                    st32(PROXY_BAD, 1);
                }
                st32(known, KNOWN_TEXT);
                st64(known + 4, ld64(pair + CELL + 8));
            }
        }
        row += PROPERTY;
        known += KNOWN;
    }
}

/// Whether a request can have a header of this name: if the headers were read, whether it does.
pub fn proxy_may_have(name: i32, len: i32) -> bool {
    let count = ld32(PROXY_HEADER_COUNT);
    let mut pair = ld32(PROXY_HEADER_PAIRS);
    let mut at = 0;
    while at < count {
        if bytes_equal(ld32(pair + 8), ld32(pair + 12), name, len) {
            return true;
        }
        pair += 2 * CELL;
        at += 1;
    }
    return count < 0;
}

fn proxy_lower(from: i32, len: i32) {
    let mut at = from;
    while at < from + len {
        let byte = ld8(at);
        if byte >= b'A' as i32 && byte <= b'Z' as i32 {
            st8(at, byte | 32);
        }
        at += 1;
    }
}

/// Reads a map as hosts write them to [`PROXY_PAIRS`]: how many pairs it has, or -1 when it is none. It is a number of pairs,
/// the lengths of each key and value, and these, each with a zero byte behind it; nothing else.
pub fn proxy_pairs(at: i32, len: i32) -> i32 {
    if len < 4 {
        return -1;
    }
    let count = ld32(at);
    // Each takes 10 bytes at least.
    if count < 0 || count > len {
        return -1;
    }
    let end = at + len;
    let mut lengths = at + 4;
    let mut place = lengths + count * 8;
    if place > end || !proxy_make_pairs(count) {
        return -1;
    }
    let mut pair = ld32(PROXY_PAIRS);
    let behind = place;
    while lengths < behind {
        let key = proxy_part(place, ld32(lengths), end);
        if key < 0 {
            return -1;
        }
        put_cell(pair, T_STRING, 0, span(place, ld32(lengths)));
        let value = proxy_part(key, ld32(lengths + 4), end);
        if value < 0 {
            return -1;
        }
        put_cell(pair + CELL, T_STRING, 0, span(key, ld32(lengths + 4)));
        place = value;
        pair += 2 * CELL;
        lengths += 8;
    }
    return if place == end { count } else { -1 };
}

/// Where a part of so many bytes and its zero byte end; -1, if that is not so.
fn proxy_part(at: i32, len: i32, end: i32) -> i32 {
    if len < 0 || len >= end - at {
        return -1;
    }
    return if ld8(at + len) == 0 { at + len + 1 } else { -1 };
}

/// Room for so many pairs at [`PROXY_PAIRS`].
pub fn proxy_make_pairs(count: i32) -> bool {
    let len = count * 2 * CELL;
    if !arena_reserve(len + 8) {
        st32(FAILED, 1);
        return false;
    }
    st32(PROXY_PAIRS, alloc(len));
    return true;
}

/// Reads so many bytes of a buffer: how many there are, at [`proxy_given`], or -1.
pub fn proxy_buffer(buffer: i32, len: i32) -> i32 {
    st64(PROXY_AT, 0);
    if host_buffer(buffer, 0, len, PROXY_AT, PROXY_LEN) != STATUS_OK || !proxy_gave() {
        return -1;
    }
    return ld32(PROXY_LEN);
}

/// Where the host put what it gave last.
pub fn proxy_given() -> i32 {
    return ld32(PROXY_AT);
}
