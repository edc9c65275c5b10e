//! Values of a request from what a proxy's host has, written as slots have them.
//!
//! Texts of properties and headers are cut as they have to be; metadata are of the types that they have themselves. What fits
//! no type of the policy is written as what is none, and so unknown. Text is checked to be UTF-8 when the request is read.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::proxy_host::*;
use super::proxy_message::*;
use super::proxy_spiffe::*;
use super::slots::*;

const SPACE: i32 = b' ' as i32;
/// Digits before which a double has no fraction, and its bits.
const DOUBLE_BITS: i32 = 52;
/// A number that is as large or larger may stand for others, too.
const DOUBLE_EXPONENT_MAX: i32 = 53;

pub fn proxy_text(text: i32) {
    let place = ld32(PROXY_TEXTS) + text * 8;
    out_bytes(ld32(place), ld32(place + 4));
}

/// Writes a byte and four more.
pub fn proxy_tag(tag: i32, number: i32) {
    out_word(tag as i64 | ((number as u32 as i64) << 8), 5);
}

pub fn proxy_u32(number: i32) {
    out_word(number as u32 as i64, 4);
}

/// Writes room for a count: where it is.
pub fn proxy_count() -> i32 {
    proxy_u32(0);
    return ld32(OUT + 4) - 4;
}

/// Fills in a count.
pub fn proxy_counted(place: i32, count: i32) {
    if ld32(FAILED) == 0 {
        st32(ld32(OUT) + place, count);
    }
}

/// Writes a text.
pub fn proxy_say(at: i32, len: i32) {
    proxy_tag(S_TEXT, len);
    proxy_bytes(at, len);
}

/// Writes the length of a text, and it.
pub fn proxy_say_name(at: i32, len: i32) {
    proxy_u32(len);
    proxy_bytes(at, len);
}

/// A request that is too long already is not made longer.
fn proxy_bytes(at: i32, len: i32) {
    if ld32(OUT + 4) > ld32(H_BYTES_MAX) {
        st32(PROXY_BAD, 1);
        return;
    }
    out_bytes(at, len);
}

/// Writes what is no value of any type but lists and sets.
fn proxy_unknown() {
    proxy_tag(S_LIST, 0);
}

/// Writes what is no value of a type that is filled in such a way.
pub fn proxy_no_value(kind: i32) {
    match tag_used(kind) {
        T_FILL_LIST | T_FILL_WORDS | T_FILL_HEADER_ALL => proxy_tag(S_OBJECT, 0),
        _ => proxy_unknown(),
    }
}

/// Whether a property can name something: an empty text does not.
pub fn proxy_can_name(kind: i32, known: i32) -> bool {
    if ld32(known) == KNOWN_TEXT {
        return span_len(proxy_cut(kind, known)) != 0;
    }
    return ld32(known) > KNOWN_NULL;
}

/// Where a property's text is, and how much of it counts.
pub fn proxy_cut(kind: i32, known: i32) -> i64 {
    let at = ld32(known + 4);
    let len = ld32(known + 8);
    return match tag_used(kind) {
        T_FILL_ADDRESS => proxy_address(at, len),
        T_FILL_PATH => span(at, proxy_path_len(at, len)),
        T_FILL_TRUST_DOMAIN | T_FILL_WORKLOAD | T_FILL_NAMESPACE | T_FILL_ACCOUNT => spiffe_part(at, len, kind),
        _ => span(at, len),
    };
}

/// Writes a value made of one property: whether it is there. What is there and no value is written as what is none.
pub fn proxy_value(kind: i32, property: i32) -> bool {
    let known = proxy_known(property);
    let what = ld32(known);
    if what <= KNOWN_NULL {
        return false;
    }
    match tag_used(kind) {
        T_FILL_VALUE => proxy_scalar(known),
        T_FILL_TIME => {
            if what == KNOWN_NUMBER {
                proxy_time(ld64(ld32(known + 4)));
            } else {
                proxy_scalar(known);
            }
        }
        T_FILL_LIST => proxy_list(known, false),
        T_FILL_WORDS => proxy_list(known, true),
        _ => {
            let text = proxy_cut(kind, known);
            // Envoy has no subject of a certificate, say, where there is no certificate, and says so by an empty text.
            if span_len(text) == 0 && kind != T_FILL_PATH {
                return false;
            }
            proxy_say(span_at(text), span_len(text));
        }
    }
    return true;
}

/// Writes a value that has no parts.
pub fn proxy_scalar(known: i32) {
    let what = ld32(known);
    if what == KNOWN_TEXT {
        proxy_say(ld32(known + 4), ld32(known + 8));
    } else if what == KNOWN_NUMBER {
        proxy_number(ld64(ld32(known + 4)));
    } else if what == KNOWN_BOOL {
        out_byte(S_FALSE + ld32(known + 8));
    } else {
        proxy_unknown();
    }
}

/// How much of a request's target stands before the query.
pub fn proxy_path_len(at: i32, len: i32) -> i32 {
    let mut path = 0;
    while path < len {
        if ld8(at + path) == b'?' as i32 {
            break;
        }
        path += 1;
    }
    return path;
}

/// An address without its port: `10.0.0.1:80`, `[::1]:80`; one that has none as it is.
fn proxy_address(at: i32, len: i32) -> i64 {
    let mut colons = 0;
    let mut last = len;
    let mut index = 0;
    while index < len {
        let byte = ld8(at + index);
        if byte == b']' as i32 && ld8(at) == b'[' as i32 {
            return span(at + 1, index - 1);
        }
        if byte == b':' as i32 {
            colons += 1;
            last = index;
        }
        index += 1;
    }
    return span(at, if colons == 1 { last } else { len });
}

/// Writes a double that is a whole number.
fn proxy_number(bits: i64) {
    let exponent = proxy_exponent(bits);
    let mantissa = proxy_mantissa(bits);
    let mut whole = 0i64;
    if bits << 1 != 0 {
        let shift = (DOUBLE_BITS - exponent) as i64;
        if exponent < 0 || exponent >= DOUBLE_EXPONENT_MAX || (mantissa >> shift) << shift != mantissa {
            proxy_unknown();
            return;
        }
        whole = mantissa >> shift;
    }
    out_byte(S_INT);
    out_word(if bits < 0 { 0 - whole } else { whole }, 8);
}

/// Writes a double of seconds since the epoch; parts of milliseconds are dropped.
fn proxy_time(bits: i64) {
    let exponent = proxy_exponent(bits);
    if exponent >= DOUBLE_BITS || bits < 0 {
        proxy_unknown();
        return;
    }
    let mut millis = 0i64;
    if exponent > -12 {
        millis = (proxy_mantissa(bits) * 1000) >> ((DOUBLE_BITS - exponent) as i64);
    }
    out_byte(S_TIME);
    out_word(millis, 8);
}

fn proxy_exponent(bits: i64) -> i32 {
    return ((bits >> 52) as i32 & 2047) - 1023;
}

/// The digits of a double, the highest among them.
fn proxy_mantissa(bits: i64) -> i64 {
    return (bits & 0xf_ffff_ffff_ffff) | 0x10_0000_0000_0000;
}

/// Writes a list, or one value as a list, or its words.
fn proxy_list(known: i32, words: bool) {
    let what = ld32(known);
    let at = ld32(known + 4);
    let end = at + ld32(known + 8);
    if what == KNOWN_STRUCT {
        proxy_tag(S_OBJECT, 0);
        return;
    }
    out_byte(S_LIST);
    let place = proxy_count();
    if what == KNOWN_LIST {
        proxy_counted(place, proxy_items(at, end));
    } else if words && what == KNOWN_TEXT {
        proxy_counted(place, proxy_words(at, end));
    } else {
        proxy_scalar(known);
        proxy_counted(place, 1);
    }
}

/// Writes a list's items: how many.
fn proxy_items(from: i32, end: i32) -> i32 {
    let mut count = 0;
    let mut next = proxy_next_item(from, end);
    while ld32(PROXY_ITEM) != KNOWN_MISSING {
        proxy_scalar(PROXY_ITEM);
        count += 1;
        next = proxy_next_item(next, end);
    }
    return count;
}

/// Writes the words of a text: how many.
fn proxy_words(from: i32, end: i32) -> i32 {
    let mut count = 0;
    let mut start = from;
    while start < end {
        let mut at = start;
        while at < end && ld8(at) != SPACE {
            at += 1;
        }
        if at > start {
            proxy_say(start, at - start);
            count += 1;
        }
        start = at + 1;
    }
    return count;
}
