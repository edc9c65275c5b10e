//! The scanner of JSON (RFC 8259), as `zt-eval`'s reads it.
//!
//! It reads from [`JP`] to [`JE`]. What is read last as text is at [`STR`], in the input or, if it had escapes, in the arena.
//! A caller may keep ([`JP`], [`JDEPTH`]) and put them back to read something again.
//!
//! A mistake sets [`ERROR`] and puts the end before everything: whatever is called then finds the text to end and gives no
//! value, so that loops over members and elements end without asking. Skipping checks as much as reading does.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::utf8::*;

// What a value is, by its first byte.
pub const K_NULL: i32 = 0;
pub const K_BOOL: i32 = 1;
pub const K_NUMBER: i32 = 2;
pub const K_STRING: i32 = 3;
pub const K_ARRAY: i32 = 4;
pub const K_OBJECT: i32 = 5;

/// Containers that may be open; whatever a policy's limits say.
const JSON_DEPTH: i32 = 256;
/// What may stand between tokens, as bits: space, tab, line feed and carriage return.
const JSON_SPACES: i64 = 0x1_0000_2600;
/// Eight spaces.
const JSON_INDENT: i64 = 0x2020_2020_2020_2020;
/// A one in each of eight bytes.
const JSON_ONES: i64 = 0x0101_0101_0101_0101;
const JSON_NULL: i32 = 0x6c6c_756e;
const JSON_TRUE: i32 = 0x6575_7274;
/// `false` behind its first byte.
const JSON_ALSE: i32 = 0x6573_6c61;
const JSON_QUOTE: i32 = b'"' as i32;
const JSON_BACKSLASH: i32 = b'\\' as i32;
const JSON_COMMA: i32 = b',' as i32;

/// Begins to read so many bytes.
pub fn json_start(at: i32, len: i32) {
    st32(JP, at);
    st32(JE, at + len);
    st32(JDEPTH, 0);
    st32(STR, at);
    st32(STR_LEN, 0);
    st32(ERROR, 0);
    if !utf8_valid(at, len) {
        json_fail();
    }
}

/// There is a mistake; nothing is left to read.
pub fn json_fail() {
    st32(ERROR, 1);
    st32(JE, 0);
    st32(STR_LEN, 0);
}

/// The kind of the value to come, which is then at [`JP`]; -1 when none can begin there.
pub fn json_peek() -> i32 {
    let byte = json_token();
    if byte == JSON_QUOTE {
        return K_STRING;
    }
    if byte == b'{' as i32 {
        return K_OBJECT;
    }
    if byte == b'[' as i32 {
        return K_ARRAY;
    }
    if json_is_digit(byte) || byte == b'-' as i32 {
        return K_NUMBER;
    }
    if byte == b't' as i32 || byte == b'f' as i32 {
        return K_BOOL;
    }
    if byte == b'n' as i32 {
        return K_NULL;
    }
    json_fail();
    return -1;
}

/// Reads `null`.
pub fn json_null() {
    json_token();
    json_literal(JSON_NULL, 0);
}

/// Reads `true` or `false`: 1 or 0.
pub fn json_bool() -> i32 {
    if json_token() == b't' as i32 {
        json_literal(JSON_TRUE, 0);
        return 1;
    }
    json_false();
    return 0;
}

/// Reads a number; its text is at [`STR`].
pub fn json_number() {
    json_token();
    let at = ld32(JP);
    json_skip_number();
    st32(STR, at);
    // Nothing, after a mistake: it leaves the place as it was.
    st32(STR_LEN, ld32(JP) - at);
}

/// Reads a string; its text is at [`STR`].
pub fn json_string() {
    json_expect(JSON_QUOTE);
    let start = ld32(JP);
    let end = json_plain(start, ld32(JE));
    if end < ld32(JE) && ld8(end) == JSON_QUOTE {
        st32(STR, start);
        st32(STR_LEN, end - start);
        st32(JP, end + 1);
        return;
    }
    json_skip_tail(end);
    if ld32(ERROR) == 0 {
        json_unescape(start, ld32(JP) - 1);
    }
}

/// Reads the opening byte of an object or array.
pub fn json_open(open: i32) {
    json_expect(open);
    let depth = ld32(JDEPTH);
    if depth >= ld32(H_DEPTH_MAX) || depth >= JSON_DEPTH {
        json_fail();
        return;
    }
    st32(JDEPTH, depth + 1);
}

/// Whether another member or element comes; reads the comma before it, or the closing byte.
pub fn json_next(close: i32, is_first: bool) -> bool {
    let byte = json_token();
    if byte == close {
        json_close();
        return false;
    }
    if byte < 0 {
        json_fail();
        return false;
    }
    if !is_first {
        json_expect(JSON_COMMA);
    }
    return ld32(ERROR) == 0;
}

/// Reads a key, which is then at [`STR`], and the colon behind it.
pub fn json_key() {
    json_string();
    json_expect(b':' as i32);
}

/// Ends the document: nothing but space is left.
pub fn json_finish() {
    if json_token() >= 0 {
        json_fail();
    }
}

/// Reads past a value. What is at [`STR`] stays.
pub fn json_skip() {
    // What is open, the innermost as the lowest bit, 1 for objects; each 64 go to memory when more are opened.
    let mut bits = 0i64;
    let mut count = 0;
    loop {
        let byte = json_token();
        if byte == b'{' as i32 || byte == b'[' as i32 {
            json_open(byte);
            // Closing bytes are the opening ones and two.
            if json_token() != byte + 2 {
                if count != 0 && (count & 63) == 0 {
                    st64(JOPEN + (((count - 1) >> 6) << 3), bits);
                }
                let is_object = byte >> 5 & 1;
                bits = (bits << 1) | is_object as i64;
                count += 1;
                if is_object != 0 {
                    json_skip_key();
                }
                continue;
            }
            json_close();
        } else {
            json_skip_scalar(byte);
        }
        // Behind a value: what ends here is closed.
        loop {
            if count == 0 {
                return;
            }
            let is_object = bits as i32 & 1;
            let next = json_token();
            if next == JSON_COMMA {
                st32(JP, ld32(JP) + 1);
                if is_object != 0 {
                    json_skip_key();
                }
                break;
            }
            if next != b']' as i32 + (is_object << 5) {
                json_fail();
                return;
            }
            json_close();
            bits = bits >> 1;
            count -= 1;
            if count != 0 && (count & 63) == 0 {
                bits = ld64(JOPEN + (((count - 1) >> 6) << 3));
            }
        }
    }
}

/// The next byte that is no space, which is then at [`JP`]; -1 at the end.
fn json_token() -> i32 {
    let at = ld32(JP);
    if at < ld32(JE) {
        let byte = ld8(at);
        if byte > 0x20 {
            return byte;
        }
        return json_behind_space(at);
    }
    return -1;
}

fn json_behind_space(at: i32) -> i32 {
    let end = ld32(JE);
    let mut at = at;
    while at < end {
        let byte = ld8(at);
        if byte > 0x20 || ((JSON_SPACES >> (byte as i64)) & 1) == 0 {
            st32(JP, at);
            return byte;
        }
        at += 1;
        while at + 8 <= end && ld64(at) == JSON_INDENT {
            at += 8;
        }
    }
    st32(JP, at);
    return -1;
}

/// Reads a byte that must come next.
fn json_expect(byte: i32) {
    if json_token() == byte {
        st32(JP, ld32(JP) + 1);
    } else {
        json_fail();
    }
}

/// Reads the closing byte.
fn json_close() {
    st32(JP, ld32(JP) + 1);
    st32(JDEPTH, ld32(JDEPTH) - 1);
}

/// Reads four bytes that must come next, behind so many.
fn json_literal(literal: i32, behind: i32) {
    let at = ld32(JP) + behind;
    if at + 4 <= ld32(JE) && ld32(at) == literal {
        st32(JP, at + 4);
    } else {
        json_fail();
    }
}

fn json_false() {
    if json_token() == b'f' as i32 {
        json_literal(JSON_ALSE, 1);
    } else {
        json_fail();
    }
}

fn json_skip_key() {
    json_skip_string();
    json_expect(b':' as i32);
}

fn json_skip_scalar(byte: i32) {
    if byte == JSON_QUOTE {
        json_skip_string();
    } else if byte == b't' as i32 {
        json_literal(JSON_TRUE, 0);
    } else if byte == b'f' as i32 {
        json_false();
    } else if byte == b'n' as i32 {
        json_literal(JSON_NULL, 0);
    } else {
        json_skip_number();
    }
}

fn json_skip_string() {
    json_expect(JSON_QUOTE);
    json_skip_tail(ld32(JP));
}

/// Reads past the rest of a string.
fn json_skip_tail(from: i32) {
    let mut at = from;
    loop {
        let end = ld32(JE);
        at = json_plain(at, end);
        if at >= end {
            break;
        }
        let byte = ld8(at);
        if byte == JSON_QUOTE {
            st32(JP, at + 1);
            return;
        }
        if byte != JSON_BACKSLASH {
            break; // a control character
        }
        let escape = json_escape(at, end);
        if escape < 0 {
            break;
        }
        at += span_len(escape);
    }
    json_fail();
}

/// The first byte that is no plain text of a string: a quote, a backslash or a control character; or the end.
fn json_plain(from: i32, end: i32) -> i32 {
    let mut at = from;
    while at + 8 <= end {
        let found = json_not_plain(ld64(at));
        if found != 0 {
            return at + (found.trailing_zeros() >> 3) as i32;
        }
        at += 8;
    }
    while at < end {
        let byte = ld8(at);
        if byte < 0x20 || byte == JSON_QUOTE || byte == JSON_BACKSLASH {
            return at;
        }
        at += 1;
    }
    return at;
}

/// Which of eight bytes are a quote, a backslash or a control character: their highest bits are set. Bits above the lowest
/// of these may be wrong, because subtraction borrows (S. Anderson, "Bit Twiddling Hacks": "Determine if a word has a byte
/// less than n").
fn json_not_plain(bytes: i64) -> i64 {
    let quotes = bytes ^ (JSON_ONES * 0x22);
    let backslashes = bytes ^ (JSON_ONES * 0x5c);
    let found = (quotes.wrapping_sub(JSON_ONES) & !quotes)
        | (backslashes.wrapping_sub(JSON_ONES) & !backslashes)
        | (bytes.wrapping_sub(JSON_ONES * 0x20) & !bytes);
    return found & (JSON_ONES << 7);
}

/// What the escape at a backslash stands for, and how many bytes it takes; negative when it is none.
fn json_escape(at: i32, end: i32) -> i64 {
    if at + 2 > end {
        return -1;
    }
    let kind = ld8(at + 1);
    if kind == b'u' as i32 {
        return json_unicode(at, end);
    }
    let code = match kind {
        0x22 | 0x5c | 0x2f => kind,
        0x62 => 8,  // b
        0x66 => 12, // f
        0x6e => 10, // n
        0x72 => 13, // r
        0x74 => 9,  // t
        _ => -1,
    };
    return if code < 0 { -1 } else { span(code, 2) };
}

/// The character of `\uXXXX` or of a surrogate pair of them, and how many bytes it takes; negative when there is none.
fn json_unicode(at: i32, end: i32) -> i64 {
    let first = json_unit(at, end);
    if (first >> 11) != 0x1b {
        return if first < 0 { -1 } else { span(first, 6) };
    }
    let second = json_unit(at + 6, end);
    if first >= 0xdc00 || (second >> 10) != 0x37 {
        return -1; // half of a pair
    }
    return span(0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff), 12);
}

/// The number of `\uXXXX`; -1 when something else stands there.
fn json_unit(at: i32, end: i32) -> i32 {
    if at + 6 > end || ld16(at) != 0x755c {
        return -1;
    }
    let mut unit = 0;
    let mut next = at + 2;
    while next < at + 6 {
        let byte = ld8(next);
        let letter = (byte | 0x20) - b'a' as i32;
        let mut digit = byte - b'0' as i32;
        if !json_is_digit(byte) {
            if letter < 0 || letter > 5 {
                return -1;
            }
            digit = letter + 10;
        }
        unit = (unit << 4) | digit;
        next += 1;
    }
    return unit;
}

/// Writes what stands between the quotes of a string that was read past, without escapes, to the arena.
fn json_unescape(start: i32, end: i32) {
    let text = alloc(end - start);
    let mut to = text;
    let mut at = start;
    while at < end {
        let plain = json_plain(at, end) - at;
        copy(to, at, plain);
        to += plain;
        at += plain;
        if at < end {
            let escape = json_escape(at, end);
            if escape < 0 {
                // There was no block, and the input was written over: the request is invalid already.
                break;
            }
            to = utf8_put(to, span_at(escape));
            at += span_len(escape);
        }
    }
    st32(STR, text);
    st32(STR_LEN, to - text);
}

/// Reads past a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
fn json_skip_number() {
    let end = ld32(JE);
    let mut at = ld32(JP);
    if json_byte(at, end) == b'-' as i32 {
        at += 1;
    }
    let whole = at;
    at = json_digits(at, end);
    // No digits, or a zero before others.
    let mut is_bad = at == whole || (at - whole > 1 && ld8(whole) == b'0' as i32);
    if json_byte(at, end) == b'.' as i32 {
        let fraction = at + 1;
        at = json_digits(fraction, end);
        is_bad = is_bad || at == fraction;
    }
    if (json_byte(at, end) | 0x20) == b'e' as i32 {
        at += 1;
        let sign = json_byte(at, end);
        if sign == b'+' as i32 || sign == b'-' as i32 {
            at += 1;
        }
        let exponent = at;
        at = json_digits(exponent, end);
        is_bad = is_bad || at == exponent;
    }
    if is_bad {
        json_fail();
    } else {
        st32(JP, at);
    }
}

/// The byte there, or -1 at the end.
fn json_byte(at: i32, end: i32) -> i32 {
    return if at < end { ld8(at) } else { -1 };
}

/// The first byte that is no digit, or the end.
pub fn json_digits(from: i32, end: i32) -> i32 {
    let mut at = from;
    while at < end && json_is_digit(ld8(at)) {
        at += 1;
    }
    return at;
}

pub fn json_is_digit(byte: i32) -> bool {
    return (byte - b'0' as i32) as u32 <= 9;
}
