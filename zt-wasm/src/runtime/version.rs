//! Semantic versions: from text, as text, and their precedence.
//!
//! Build metadata has no part in precedence and is dropped, so equal versions have one text.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;

/// The longest text of a version.
const VERSION_LEN_MAX: i32 = 256;
// A version in memory: its three numbers, and
const VERSION_PRE: i32 = 24;
const VERSION_BUILD: i32 = 32;
const VERSION_SIZE: i32 = 40;

/// Reads a version to a cell; whether the text is one.
pub fn version_parse(at: i32, len: i32, out_cell: i32) -> bool {
    if len > VERSION_LEN_MAX {
        return false;
    }
    let end = at + len;
    let version = alloc(VERSION_SIZE);
    let mut next = at;
    let mut part = 0;
    while part < 24 {
        if part > 0 {
            if next >= end || ld8(next) != b'.' as i32 {
                return false;
            }
            next += 1;
        }
        next = version_number(next, end, version + part);
        if next == NOWHERE {
            return false;
        }
        part += 8;
    }
    st64(version + VERSION_PRE, 0);
    st64(version + VERSION_BUILD, 0);
    if next < end && ld8(next) == b'-' as i32 {
        let pre = next + 1;
        next = version_identifiers(pre, end, true);
        st64(version + VERSION_PRE, span(pre, next - pre));
    }
    if next != NOWHERE && next < end && ld8(next) == b'+' as i32 {
        next = version_identifiers(next + 1, end, false);
    }
    put_cell(out_cell, T_VERSION, 0, span(version, 0));
    return next == end;
}

/// Reads a number of 64 bits without sign or leading zeros; gives what is behind it, or nowhere.
fn version_number(at: i32, end: i32, to: i32) -> i32 {
    let mut next = at;
    let mut number = 0u64;
    while next < end {
        let digit = ld8(next) - b'0' as i32;
        if digit < 0 || digit > 9 {
            break;
        }
        // The largest is 18446744073709551615.
        if next > at && number == 0 || number > 1844674407370955161 || number == 1844674407370955161 && digit > 5 {
            return NOWHERE;
        }
        number = number.wrapping_mul(10).wrapping_add(digit as u64);
        next += 1;
    }
    st64(to, number as i64);
    return if next == at { NOWHERE } else { next };
}

/// Goes through identifiers between dots; gives what is behind them, or nowhere.
fn version_identifiers(at: i32, end: i32, is_pre: bool) -> i32 {
    let mut from = at;
    loop {
        let mut next = from;
        while next < end && version_is_identifier(ld8(next)) {
            next += 1;
        }
        if next == from {
            return NOWHERE;
        }
        if is_pre && next - from > 1 && ld8(from) == b'0' as i32 && version_is_number(from, next) {
            return NOWHERE;
        }
        if next >= end || ld8(next) != b'.' as i32 {
            return next;
        }
        from = next + 1;
    }
}

fn version_is_identifier(byte: i32) -> bool {
    let letter = byte | 32;
    return byte >= b'0' as i32 && byte <= b'9' as i32
        || letter >= b'a' as i32 && letter <= b'z' as i32
        || byte == b'-' as i32;
}

/// Whether an identifier is of digits only.
fn version_is_number(from: i32, to: i32) -> bool {
    let mut at = from;
    while at < to {
        // Letters and the hyphen are what else there is.
        if ld8(at) > b'9' as i32 || ld8(at) == b'-' as i32 {
            return false;
        }
        at += 1;
    }
    return true;
}

/// Orders two versions by precedence: -1, 0 or 1.
pub fn version_order(a_cell: i32, b_cell: i32) -> i32 {
    let a = ld32(a_cell + 8);
    let b = ld32(b_cell + 8);
    let mut part = 0;
    while part < 24 {
        let left = ld64(a + part) as u64;
        let right = ld64(b + part) as u64;
        if left != right {
            return if left < right { -1 } else { 1 };
        }
        part += 8;
    }
    let a_len = ld32(a + VERSION_PRE + 4);
    let b_len = ld32(b + VERSION_PRE + 4);
    // A release comes after its pre-releases.
    if a_len == 0 || b_len == 0 {
        return (a_len == 0) as i32 - (b_len == 0) as i32;
    }
    return version_pre_order(ld32(a + VERSION_PRE), a_len, ld32(b + VERSION_PRE), b_len);
}

/// Whether two versions are one.
pub fn version_equal(a_cell: i32, b_cell: i32) -> bool {
    return version_order(a_cell, b_cell) == 0;
}

/// Orders pre-releases identifier by identifier; where one goes on, it is the later one.
fn version_pre_order(a: i32, a_len: i32, b: i32, b_len: i32) -> i32 {
    let a_end = a + a_len;
    let b_end = b + b_len;
    let mut left = a;
    let mut right = b;
    loop {
        let left_end = version_identifier_end(left, a_end);
        let right_end = version_identifier_end(right, b_end);
        let order = version_identifier_order(left, left_end, right, right_end);
        if order != 0 {
            return order;
        }
        if left_end == a_end || right_end == b_end {
            return (left_end != a_end) as i32 - (right_end != b_end) as i32;
        }
        left = left_end + 1;
        right = right_end + 1;
    }
}

fn version_identifier_end(at: i32, end: i32) -> i32 {
    let mut next = at;
    while next < end && ld8(next) != b'.' as i32 {
        next += 1;
    }
    return next;
}

/// Numbers come before words; of two numbers, which have no leading zeros, the longer one is greater.
fn version_identifier_order(a: i32, a_end: i32, b: i32, b_end: i32) -> i32 {
    let a_is_number = version_is_number(a, a_end);
    let b_is_number = version_is_number(b, b_end);
    if a_is_number != b_is_number {
        return if a_is_number { -1 } else { 1 };
    }
    let a_len = a_end - a;
    let b_len = b_end - b;
    if a_is_number && a_len != b_len {
        return if a_len < b_len { -1 } else { 1 };
    }
    return bytes_order(a, a_len, b, b_len);
}

pub fn out_version(version_cell: i32) {
    let version = ld32(version_cell + 8);
    let mut part = 0;
    while part < 24 {
        if part > 0 {
            out_byte(b'.' as i32);
        }
        out_uint(ld64(version + part) as u64);
        part += 8;
    }
    let pre_len = ld32(version + VERSION_PRE + 4);
    if pre_len > 0 {
        out_byte(b'-' as i32);
        out_bytes(ld32(version + VERSION_PRE), pre_len);
    }
}
