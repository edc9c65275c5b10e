//! Whether bytes are UTF-8 (RFC 3629), and characters of text that is.

use super::env::*;

/// The highest bit of each of eight bytes: none is set where all are ASCII.
const UTF8_HIGH: i64 = 0x8080_8080_8080_8080u64 as i64;

/// Whether so many bytes are UTF-8.
pub fn utf8_valid(at: i32, len: i32) -> bool {
    let end = at + len;
    let mut at = at;
    while at < end {
        while at + 8 <= end && (ld64(at) & UTF8_HIGH) == 0 {
            at += 8;
        }
        while at < end && ld8(at) < 0x80 {
            at += 1;
        }
        while at < end && ld8(at) >= 0x80 {
            if utf8_char(at, end) < 0 {
                return false;
            }
            at += utf8_width(ld8(at));
        }
    }
    return true;
}

/// How many bytes a character takes that begins with this byte.
pub fn utf8_width(first: i32) -> i32 {
    if first < 0x80 {
        return 1;
    }
    if first < 0xe0 {
        return 2;
    }
    return if first < 0xf0 { 3 } else { 4 };
}

/// The character whose first byte is at `at`; -1 where there is none before `end`.
pub fn utf8_char(at: i32, end: i32) -> i32 {
    let first = ld8(at);
    if first < 0x80 {
        return first;
    }
    let width = utf8_width(first);
    // Neither a continuation, nor a longer form of ASCII, nor a character beyond U+10FFFF.
    if first < 0xc2 || first > 0xf4 || at + width > end {
        return -1;
    }
    let mut code = first & (0x7f >> width);
    let mut next = 1;
    while next < width {
        let byte = ld8(at + next);
        if (byte & 0xc0) != 0x80 {
            return -1;
        }
        code = (code << 6) | (byte & 0x3f);
        next += 1;
    }
    if width == 3 && (code < 0x800 || (code >> 11) == 0x1b) {
        return -1; // a longer form, or half of a surrogate pair
    }
    if width == 4 && (code < 0x1_0000 || code > 0x10_ffff) {
        return -1;
    }
    return code;
}

/// Writes a character; gives the place behind it.
pub fn utf8_put(at: i32, code: i32) -> i32 {
    if code < 0x80 {
        st8(at, code);
        return at + 1;
    }
    let mut width = 2;
    if code >= 0x800 {
        width = if code < 0x1_0000 { 3 } else { 4 };
    }
    let mut rest = code;
    let mut last = at + width - 1;
    while last > at {
        st8(last, 0x80 | (rest & 0x3f));
        rest = rest >> 6;
        last -= 1;
    }
    st8(at, ((0xf00 >> width) & 0xff) | rest);
    return at + width;
}
