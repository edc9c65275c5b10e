//! Addresses and ranges of them: from text, as text, and which holds which.
//!
//! Text is read as std reads it. An IPv4-mapped IPv6 address is the IPv4 address that it names, so no cell holds one. Of the
//! 16 bytes of an IPv4 address the last twelve are zero.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;

/// Bytes of the longest text of an address, and some.
pub const IP_TEXT_MAX: i32 = 48;

/// Reads an address to a cell; whether the text is one.
pub fn ip_parse(at: i32, len: i32, out_cell: i32) -> bool {
    let bytes = alloc(16);
    let form = ip_read(at, len, bytes);
    if form == 0 {
        return false;
    }
    put_cell(out_cell, T_IP, form & 6, span(bytes, 0));
    return true;
}

/// Reads `address/prefix` to a cell; whether the text is a range, without bits behind the prefix.
pub fn range_parse(at: i32, len: i32, out_cell: i32) -> bool {
    let mut slash = 0;
    while slash < len && ld8(at + slash) != b'/' as i32 {
        slash += 1;
    }
    let bytes = alloc(16);
    let form = ip_read(at, slash, bytes);
    let mut prefix = range_prefix(at + slash + 1, len - slash - 1);
    // A range of mapped addresses is the IPv4 range that it names.
    if form == 5 {
        prefix -= 96;
    }
    let family = form & 6;
    let width = if family == 4 { 4 } else { 16 };
    if form == 0 || prefix < 0 || prefix > width * 8 {
        return false;
    }
    let mut index = prefix >> 3;
    let mut behind = 255 >> (prefix & 7);
    while index < width {
        if (ld8(bytes + index) & behind) != 0 {
            return false;
        }
        behind = 255;
        index += 1;
    }
    put_cell(out_cell, T_RANGE, family | (prefix << 8), span(bytes, 0));
    return true;
}

/// The length of a prefix, at most 255; -1 when the text, which may have no bytes, is none.
fn range_prefix(at: i32, len: i32) -> i32 {
    if len < 1 || len > 3 {
        return -1;
    }
    if len > 1 && ld8(at) == b'0' as i32 {
        return -1;
    }
    let mut prefix = 0;
    let mut index = 0;
    while index < len {
        let digit = ld8(at + index) - b'0' as i32;
        if digit < 0 || digit > 9 {
            return -1;
        }
        prefix = prefix * 10 + digit;
        index += 1;
    }
    return if prefix > 255 { -1 } else { prefix };
}

/// Whether an address lies in a range; never across families.
pub fn range_holds(range_cell: i32, ip_cell: i32) -> bool {
    let form = ld32(range_cell + 4);
    if (form & 255) != ld32(ip_cell + 4) {
        return false;
    }
    let range = ld32(range_cell + 8);
    let ip = ld32(ip_cell + 8);
    let whole = form >> 11;
    let bits = (form >> 8) & 7;
    if !bytes_equal(range, whole, ip, whole) {
        return false;
    }
    return bits == 0 || ((ld8(range + whole) ^ ld8(ip + whole)) >> (8 - bits)) == 0;
}

/// Reads an address to 16 bytes: 4 or 6 for its family, 5 for IPv4 by way of a mapped IPv6 address, 0 if it is none.
fn ip_read(at: i32, len: i32, to: i32) -> i32 {
    let mut form = 4;
    if !v4_read(at, len, to) {
        if !v6_read(at, len, to) {
            return 0;
        }
        if !ip_is_mapped(to) {
            return 6;
        }
        form = 5;
        st32(to, ld32(to + 12));
    }
    st32(to + 4, 0);
    st64(to + 8, 0);
    return form;
}

/// Whether an IPv6 address is a dress of an IPv4 address, which its last four bytes are then.
pub fn ip_is_mapped(bytes: i32) -> bool {
    return ld64(bytes) == 0 && ld32(bytes + 8) == -65536;
}

/// Reads an IPv4 address to four bytes; whether the text is one.
pub fn v4_read(at: i32, len: i32, to: i32) -> bool {
    let end = at + len;
    let mut next = at;
    let mut part = 0;
    while part < 4 {
        if part > 0 {
            if next >= end || ld8(next) != b'.' as i32 {
                return false;
            }
            next += 1;
        }
        let from = next;
        let mut number = 0;
        while next < end {
            let digit = ld8(next) - b'0' as i32;
            if digit < 0 || digit > 9 {
                break;
            }
            number = number * 10 + digit;
            next += 1;
            // Also of many zeros there are too many.
            if number > 255 || next - from > 3 {
                return false;
            }
        }
        if next == from || next - from > 1 && ld8(from) == b'0' as i32 {
            return false;
        }
        st8(to + part, number);
        part += 1;
    }
    return next == end;
}

/// Reads an IPv6 address to 16 bytes; whether the text is one.
pub fn v6_read(at: i32, len: i32, to: i32) -> bool {
    let end = at + len;
    let mut next = at;
    let mut groups = 0;
    let mut gap = -1; // groups before `::`
    if len >= 2 {
        if ld16(at) == 0x3a3a {
            gap = 0;
            next += 2;
        }
    }
    let mut is_open = gap < 0; // whether a group has to follow
    while is_open || next < end {
        if groups == 8 || gap >= 0 && groups == 7 {
            return false;
        }
        let from = next;
        let mut number = 0;
        let mut digit = 0;
        while next < end && next - from < 5 && digit >= 0 {
            digit = hex_value(ld8(next));
            if digit >= 0 {
                number = (number << 4) | digit;
                next += 1;
            }
        }
        let byte = if next < end { ld8(next) } else { 0 };
        if byte == b'.' as i32 {
            // The last two groups as an IPv4 address; beside a gap there is no room for eight.
            if groups > 6 || gap >= 0 && groups > 5 || !v4_read(from, end - from, to + groups * 2) {
                return false;
            }
            groups += 2;
            break;
        }
        if next == from || next - from > 4 {
            return false;
        }
        st8(to + groups * 2, number >> 8);
        st8(to + groups * 2 + 1, number & 255);
        groups += 1;
        is_open = next < end;
        if is_open {
            if byte != b':' as i32 {
                return false;
            }
            next += 1;
            if next < end && ld8(next) == b':' as i32 {
                if gap >= 0 {
                    return false;
                }
                gap = groups;
                next += 1;
                is_open = false;
            }
        }
    }
    if gap < 0 {
        return groups == 8;
    }
    if groups == 8 {
        return false;
    }
    let tail = (groups - gap) * 2;
    copy(to + 16 - tail, to + gap * 2, tail);
    fill(to + gap * 2, 0, 16 - groups * 2);
    return true;
}

/// Writes an address as text and gives its end; there must be room for [`IP_TEXT_MAX`] bytes.
pub fn ip_text(bytes: i32, family: i32, to: i32) -> i32 {
    return if family == 4 { v4_text(bytes, to) } else { v6_text(bytes, to) };
}

fn v4_text(bytes: i32, to: i32) -> i32 {
    let mut next = to;
    let mut index = 0;
    while index < 4 {
        let number = ld8(bytes + index);
        if index > 0 {
            st8(next, b'.' as i32);
            next += 1;
        }
        if number > 99 {
            st8(next, b'0' as i32 + number / 100);
            next += 1;
        }
        if number > 9 {
            st8(next, b'0' as i32 + number / 10 % 10);
            next += 1;
        }
        st8(next, b'0' as i32 + number % 10);
        next += 1;
        index += 1;
    }
    return next;
}

/// As std writes it (RFC 5952): the first longest run of two or more zero groups is left out.
fn v6_text(bytes: i32, to: i32) -> i32 {
    let mut gap = 8;
    let mut gap_len = 1;
    let mut zeros = 0;
    let mut index = 0;
    while index < 8 {
        zeros = if ld16(bytes + index * 2) == 0 { zeros + 1 } else { 0 };
        index += 1;
        if zeros > gap_len {
            gap_len = zeros;
            gap = index - zeros;
        }
    }
    let mut next = to;
    index = 0;
    while index < 8 {
        if index == gap {
            st16(next, 0x3a3a);
            next += 2;
            index += gap_len;
        } else {
            if index > 0 && index != gap + gap_len {
                st8(next, b':' as i32);
                next += 1;
            }
            let group = (ld8(bytes + index * 2) << 8) | ld8(bytes + index * 2 + 1);
            let mut shift = 12;
            while shift >= 0 {
                if shift == 0 || (group >> shift) != 0 {
                    st8(next, hex_letter((group >> shift) & 15));
                    next += 1;
                }
                shift -= 4;
            }
            index += 1;
        }
    }
    return next;
}

/// The address of a cell, or the first address of a range.
pub fn out_ip(ip_cell: i32) {
    if out_room(IP_TEXT_MAX) {
        let end = ip_text(ld32(ip_cell + 8), ld32(ip_cell + 4) & 255, ld32(OUT) + ld32(OUT + 4));
        st32(OUT + 4, end - ld32(OUT));
    }
}

pub fn out_range(range_cell: i32) {
    out_ip(range_cell);
    out_byte(b'/' as i32);
    out_uint((ld32(range_cell + 4) >> 8) as u64);
}
