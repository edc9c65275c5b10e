//! Values of a request document from what a proxy's host has.
//!
//! Hosts give bytes and do not say of which type: the policy's declarations say. A number is a double of 8 bytes, a truth one
//! byte, a list a map with empty values. Text is checked to be UTF-8 when the document is read.

use super::env::*;
use super::layout::*;
use super::out::*;
use super::proxy_host::*;

const SPACE: i32 = b' ' as i32;
/// Digits before which a double has no fraction, and its bits.
const DOUBLE_BITS: i32 = 52;
/// A number from here on is taken for none: so no eight letters are taken for a number.
const DOUBLE_EXPONENT_MAX: i32 = 51;

/// Writes a comma, unless something has just been opened.
pub fn proxy_comma() {
    let last = ld8(ld32(OUT) + ld32(OUT + 4) - 1);
    if last != b'{' as i32 && last != b'[' as i32 {
        out_byte(b',' as i32);
    }
}

pub fn proxy_text(text: i32) {
    let place = ld32(PROXY_TEXTS) + text * 8;
    out_bytes(ld32(place), ld32(place + 4));
}

/// Writes a value made of one property: whether it is there. What is there and no value is written as what is none.
pub fn proxy_value(kind: i32, property: i32) -> bool {
    let known = proxy_known(property);
    if ld32(known) != KNOWN_THERE {
        return false;
    }
    let at = ld32(known + 4);
    let len = ld32(known + 8);
    // Envoy has no subject of a certificate, say, where there is no certificate, and says so by an empty text.
    if kind == T_FILL_NAME && len == 0 {
        return false;
    }
    match tag_used(kind) {
        T_FILL_TEXT => proxy_say(at, len),
        T_FILL_NAME => proxy_say(at, len),
        T_FILL_ADDRESS => proxy_address(at, len),
        T_FILL_PATH => proxy_say(at, proxy_path_len(at, len)),
        T_FILL_NUMBER => {
            if len == 8 {
                proxy_number(ld64(at));
            } else {
                st32(PROXY_BAD, 1);
            }
        }
        T_FILL_TIME => {
            if len == 8 {
                proxy_time(ld64(at));
            } else {
                proxy_say(at, len);
            }
        }
        T_FILL_BOOL => {
            if len == 1 && ld8(at) < 2 {
                out_bool(ld8(at));
            } else {
                st32(PROXY_BAD, 1);
            }
        }
        T_FILL_TEXTS => proxy_texts(at, len, false),
        T_FILL_WORDS => proxy_texts(at, len, true),
        _ => {}
    }
    return true;
}

/// Writes a text.
pub fn proxy_say(at: i32, len: i32) {
    proxy_check_text(at, len);
    proxy_escaped(at, len);
}

/// A zero byte is in no text: what has one is a number, or a map, where text is expected.
pub fn proxy_check_text(at: i32, len: i32) {
    let end = at + len;
    let mut next = at;
    while next < end {
        if ld8(next) == 0 {
            st32(PROXY_BAD, 1);
            return;
        }
        next += 1;
    }
}

/// Writes a text whose bytes may be any. A document that is too long already is not made longer.
pub fn proxy_escaped(at: i32, len: i32) {
    if ld32(OUT + 4) > ld32(H_BYTES_MAX) {
        st32(PROXY_BAD, 1);
        return;
    }
    out_json_text(at, len);
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

/// Writes an address without its port: `10.0.0.1:80`, `[::1]:80`; one that has none as it is.
fn proxy_address(at: i32, len: i32) {
    let mut colons = 0;
    let mut last = len;
    let mut index = 0;
    while index < len {
        let byte = ld8(at + index);
        if byte == b']' as i32 && ld8(at) == b'[' as i32 {
            proxy_say(at + 1, index - 1);
            return;
        }
        if byte == b':' as i32 {
            colons += 1;
            last = index;
        }
        index += 1;
    }
    proxy_say(at, if colons == 1 { last } else { len });
}

/// Writes a double that is a whole number.
fn proxy_number(bits: i64) {
    let exponent = proxy_exponent(bits);
    let mantissa = proxy_mantissa(bits);
    if bits << 1 == 0 {
        out_byte(b'0' as i32);
        return;
    }
    let shift = (DOUBLE_BITS - exponent) as i64;
    if exponent < 0 || exponent >= DOUBLE_EXPONENT_MAX || (mantissa >> shift) << shift != mantissa {
        proxy_text(PROXY_UNKNOWN);
        return;
    }
    let whole = mantissa >> shift;
    out_int(if bits < 0 { 0 - whole } else { whole });
}

/// Writes a double of seconds since the epoch; parts of milliseconds are dropped.
fn proxy_time(bits: i64) {
    let exponent = proxy_exponent(bits);
    if exponent >= DOUBLE_EXPONENT_MAX || bits < 0 {
        proxy_text(PROXY_UNKNOWN);
        return;
    }
    let mut millis = 0i64;
    if exponent > -12 {
        millis = (proxy_mantissa(bits) * 1000) >> ((DOUBLE_BITS - exponent) as i64);
    }
    out_int(millis / 1000);
    out_byte(b'.' as i32);
    let rest = (millis % 1000) as i32;
    out_byte(b'0' as i32 + rest / 100);
    out_byte(b'0' as i32 + rest / 10 % 10);
    out_byte(b'0' as i32 + rest % 10);
}

fn proxy_exponent(bits: i64) -> i32 {
    return ((bits >> 52) as i32 & 2047) - 1023;
}

/// The digits of a double, the highest among them.
fn proxy_mantissa(bits: i64) -> i64 {
    return (bits & 0xf_ffff_ffff_ffff) | 0x10_0000_0000_0000;
}

/// Writes a list of texts, or one text as a list, or its words.
fn proxy_texts(at: i32, len: i32, words: bool) {
    out_byte(b'[' as i32);
    let count = proxy_pairs(at, len);
    if count >= 0 {
        proxy_list(count);
    } else if words {
        proxy_words(at, len);
    } else {
        proxy_say(at, len);
    }
    out_byte(b']' as i32);
}

fn proxy_list(count: i32) {
    let mut pair = ld32(PROXY_PAIRS);
    let mut at = 0;
    while at < count {
        proxy_comma();
        proxy_item(pair);
        pair += 2 * CELL;
        at += 1;
    }
}

/// Writes what a list has as a key, without a value: a map is no list.
pub fn proxy_item(pair: i32) {
    if ld32(pair + CELL + 12) != 0 {
        st32(PROXY_BAD, 1);
    }
    proxy_say(ld32(pair + 8), ld32(pair + 12));
}

fn proxy_words(from: i32, len: i32) {
    let end = from + len;
    let mut start = from;
    while start < end {
        let mut at = start;
        while at < end && ld8(at) != SPACE {
            at += 1;
        }
        if at > start {
            proxy_comma();
            proxy_say(start, at - start);
        }
        start = at + 1;
    }
}
