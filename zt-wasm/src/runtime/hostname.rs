//! Canonical host names.
//!
//! A name that is in lower case is kept as part of the text that it was read from.

use super::address::*;
use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;

/// The longest name, and the longest label.
const HOST_LEN_MAX: i32 = 253;
const HOST_LABEL_MAX: i32 = 63;

/// Reads a host to a cell; whether the text names one.
pub fn hostname_parse(at: i32, len: i32, out_cell: i32) -> bool {
    let end = at + len;
    if len > 0 && ld8(at) == b'[' as i32 {
        let close = host_find(at, end, b']' as i32);
        // Behind the bracket there is a port or nothing.
        if close == end || !host_ends_in_port(close + 1, end) {
            return false;
        }
        return host_bracketed(at + 1, close - at - 1, out_cell);
    }
    let colon = host_find(at, end, b':' as i32);
    if !host_ends_in_port(colon, end) {
        return false;
    }
    let mut name_len = colon - at;
    if name_len > 0 && ld8(colon - 1) == b'.' as i32 {
        name_len -= 1;
    }
    return host_name(at, name_len, out_cell);
}

/// Where a byte first stands, or the end.
fn host_find(at: i32, end: i32, byte: i32) -> i32 {
    let mut next = at;
    while next < end && ld8(next) != byte {
        next += 1;
    }
    return next;
}

/// Whether there is nothing, or a colon and a port.
fn host_ends_in_port(at: i32, end: i32) -> bool {
    if at == end {
        return true;
    }
    let digits = end - at - 1;
    if ld8(at) != b':' as i32 || digits < 1 || digits > 5 {
        return false;
    }
    let mut port = 0;
    let mut next = at + 1;
    while next < end {
        let digit = ld8(next) - b'0' as i32;
        if digit < 0 || digit > 9 {
            return false;
        }
        port = port * 10 + digit;
        next += 1;
    }
    return port <= 65535;
}

/// An IPv6 address, in brackets unless it is an IPv4 address.
fn host_bracketed(at: i32, len: i32, out_cell: i32) -> bool {
    let bytes = alloc(16 + IP_TEXT_MAX);
    if !v6_read(at, len, bytes) {
        return false;
    }
    let text = bytes + 16;
    if ip_is_mapped(bytes) {
        put_cell(out_cell, T_HOST, 0, span(text, ip_text(bytes + 12, 4, text) - text));
        return true;
    }
    st8(text, b'[' as i32);
    let end = ip_text(bytes, 6, text + 1);
    st8(end, b']' as i32);
    put_cell(out_cell, T_HOST, 0, span(text, end + 1 - text));
    return true;
}

fn host_name(at: i32, len: i32, out_cell: i32) -> bool {
    if len == 0 || len > HOST_LEN_MAX {
        return false;
    }
    let end = at + len;
    let mut last = at; // where the last label begins
    let mut has_upper = false;
    let mut next = at;
    while next < end {
        let byte = ld8(next);
        next += 1;
        if byte == b'.' as i32 {
            if !host_is_label_len(next - 1 - last) {
                return false;
            }
            last = next;
        } else if byte >= b'A' as i32 && byte <= b'Z' as i32 {
            has_upper = true;
        } else if !host_is_allowed(byte) {
            return false;
        }
    }
    if !host_is_label_len(end - last) {
        return false;
    }
    // Other readers take `127.1` and `0x7f.1` for an address.
    if host_is_number(last, end) {
        if !v4_read(at, len, alloc(8)) {
            return false;
        }
    }
    let name = if has_upper { host_lower(at, len) } else { at };
    put_cell(out_cell, T_HOST, 0, span(name, len));
    return true;
}

fn host_is_label_len(len: i32) -> bool {
    return len >= 1 && len <= HOST_LABEL_MAX;
}

/// Lower-case letters, digits, `-` and `_`.
fn host_is_allowed(byte: i32) -> bool {
    return byte >= b'a' as i32 && byte <= b'z' as i32
        || byte >= b'0' as i32 && byte <= b'9' as i32
        || byte == b'-' as i32
        || byte == b'_' as i32;
}

/// Whether a label that is not empty is of digits only, or `0x` with digits of base 16.
fn host_is_number(at: i32, end: i32) -> bool {
    let mut is_hex = false;
    let mut next = at;
    if end - at >= 2 && ld8(at) == b'0' as i32 && (ld8(at + 1) | 32) == b'x' as i32 {
        is_hex = true;
        next += 2;
    }
    while next < end {
        let digit = hex_value(ld8(next));
        if digit < 0 || digit > 9 && !is_hex {
            return false;
        }
        next += 1;
    }
    return true;
}

fn host_lower(at: i32, len: i32) -> i32 {
    let name = alloc(len);
    let mut index = 0;
    while index < len {
        let byte = ld8(at + index);
        let is_upper = byte >= b'A' as i32 && byte <= b'Z' as i32;
        st8(name + index, if is_upper { byte | 32 } else { byte });
        index += 1;
    }
    return name;
}
