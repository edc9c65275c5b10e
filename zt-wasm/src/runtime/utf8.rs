//! Whether bytes are UTF-8 (RFC 3629), and characters of text that is.

use super::env::*;

/// The highest bit of each of eight bytes: none is set where all are ASCII.
const UTF8_HIGH: i64 = 0x8080_8080_8080_8080u64 as i64;

/// Whether so many bytes are UTF-8.
pub fn utf8_valid(at: i32, len: i32) -> bool {
    let end = at + len;
    let mut at = at;
    loop {
        while at + 32 <= end && !beyond_ascii32(at) {
            at += 32;
        }
        while at + 8 <= end && (ld64(at) & UTF8_HIGH) == 0 {
            at += 8;
        }
        if at >= end {
            return true;
        }
        if utf8_char(at, end) < 0 {
            return false;
        }
        at += utf8_width(ld8(at));
    }
}

/// How many bytes a character takes that begins with this byte.
pub fn utf8_width(first: i32) -> i32 {
    return 1 + (first >= 0x80) as i32 + (first >= 0xe0) as i32 + (first >= 0xf0) as i32;
}

/// The character whose first byte is at `at`; -1 where there is none before `end`.
pub fn utf8_char(at: i32, end: i32) -> i32 {
    let first = ld8(at);
    if first < 0x80 {
        return first;
    }
    let width = utf8_width(first);
    let behind = at + width;
    if behind > end {
        return -1;
    }
    let mut code = first;
    let mut next = at + 1;
    while next < behind {
        let byte = ld8(next);
        if (byte & 0xc0) != 0x80 {
            return -1;
        }
        code = (code << 6) | (byte & 0x3f);
        next += 1;
    }
    // With the bits that tell the width still in it: neither a continuation first, nor what a shorter form has, nor half of
    // a surrogate pair, nor anything beyond U+10FFFF.
    let is_good = match width {
        2 => code >= 0x3080,
        3 => code >= 0xe_0800 && (code >> 11) != 0x1db,
        _ => ((code - 0x3c1_0000) as u32) < 0x10_0000,
    };
    return if is_good { code & ((2 << (5 * width)) - 1) } else { -1 };
}

/// Writes a character; gives the place behind it.
pub fn utf8_put(at: i32, code: i32) -> i32 {
    if code < 0x80 {
        st8(at, code);
        return at + 1;
    }
    let width = 2 + (code >= 0x800) as i32 + (code >= 0x1_0000) as i32;
    let mut rest = code;
    let mut last = at + width - 1;
    while last > at {
        st8(last, 0x80 | (rest & 0x3f));
        rest = rest >> 6;
        last -= 1;
    }
    st8(at, (0xf00 >> width) | rest);
    return at + width;
}
