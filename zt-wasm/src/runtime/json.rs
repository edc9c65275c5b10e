//! The scanner of JSON (RFC 8259), as `zt-eval`'s reads it.
//!
//! It reads from [`JP`] to [`JE`]. What is read last as text is at [`STR`], in the input or, if it had escapes, in the arena.
//! A caller may keep ([`JP`], [`JDEPTH`]) and put them back to read something again.
//!
//! A mistake sets [`ERROR`] and puts the end before everything: whatever is called then finds the text to end and gives no
//! value, so that loops over members and elements end without asking. Skipping checks as much as reading does.
//!
//! Functions that go on from a place give the place behind what they read, and [`NOWHERE`] when that is a mistake: nothing
//! can be read there. Sixteen bytes are loaded at once even where the text ends before: memory goes on behind every text.

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
const JSON_NULL: i32 = 0x6c6c_756e;
const JSON_TRUE: i32 = 0x6575_7274;
/// `false` behind its first byte.
const JSON_ALSE: i32 = 0x6573_6c61;
/// What the letters `b f n r t` stand for behind a backslash: four bits for every second letter from `b` on.
const JSON_ESCAPES: i64 = 0x9d_0a00_0c08;
const JSON_QUOTE: i32 = b'"' as i32;
const JSON_BACKSLASH: i32 = b'\\' as i32;
const JSON_COMMA: i32 = b',' as i32;
/// A comma and the quote of a key behind it; a key's last quote and its colon.
const JSON_COMMA_KEY: i32 = 0x222c;
const JSON_KEY_COLON: i32 = 0x3a22;

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

/// The kind of the value to come, which is then at [`JP`]; -1 at the end. What can begin no value has one of the kinds, and
/// is found to be wrong when it is read or skipped.
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
    if byte < 0 {
        json_fail();
        return -1;
    }
    if byte <= b'9' as i32 {
        return K_NUMBER;
    }
    return if byte == b'n' as i32 { K_NULL } else { K_BOOL };
}

/// Reads `null`, when [`json_peek`] told of it.
pub fn json_null() {
    json_word();
}

/// Reads `true` or `false`, when [`json_peek`] told of it: 1 or 0.
pub fn json_bool() -> i32 {
    let is_true = json_token() == b't' as i32;
    json_word();
    return is_true as i32;
}

/// Reads a number; its text is at [`STR`].
pub fn json_number() {
    json_token();
    let at = ld32(JP);
    let behind = json_past_number(at, ld32(JE));
    if behind == NOWHERE {
        json_fail();
        return;
    }
    st32(JP, behind);
    st32(STR, at);
    st32(STR_LEN, behind - at);
}

/// Reads a string; its text is at [`STR`].
pub fn json_string() {
    json_expect(JSON_QUOTE);
    let end = ld32(JE);
    let start = ld32(JP);
    let plain = json_plain(start, end);
    let behind = json_past_escapes(plain, end);
    if behind == NOWHERE {
        json_fail();
        return;
    }
    st32(JP, behind);
    st32(STR, start);
    st32(STR_LEN, behind - 1 - start);
    if behind - 1 != plain {
        json_unescape(start, behind - 1);
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

/// Whether another member comes; reads its key, which is then at [`STR`], and the colon behind it. Or the closing byte.
pub fn json_next_member(is_first: bool) -> bool {
    // As most documents are written: short keys without escapes, and no space around them.
    let at = ld32(JP);
    let is_key = if is_first { ld8(at) == JSON_QUOTE } else { ld16(at) == JSON_COMMA_KEY };
    if is_key {
        let key = at + 2 - is_first as i32;
        let marks = marks16(key);
        let len = marks.trailing_zeros() as i32;
        let behind = key + len + 2;
        if marks != 0 && ld16(behind - 2) == JSON_KEY_COLON && behind <= ld32(JE) {
            st32(STR, key);
            st32(STR_LEN, len);
            st32(JP, behind);
            return true;
        }
    }
    if !json_next(b'}' as i32, is_first) {
        return false;
    }
    json_string();
    json_expect(b':' as i32);
    return true;
}

/// Ends the document: nothing but space is left.
pub fn json_finish() {
    if json_token() >= 0 {
        json_fail();
    }
}

/// Reads past a value. What is at [`STR`] stays.
pub fn json_skip() {
    let end = ld32(JE);
    let outside = ld32(JDEPTH);
    let mut at = ld32(JP);
    let mut depth = outside;
    let mut close = 0; // ends the innermost container that is open in the value, if any; those of others are at JCLOSERS
    loop {
        if close == b'}' as i32 {
            at = json_past_key(at, end);
        }
        if at >= end {
            break;
        }
        let mut byte = ld8(at);
        if byte <= 0x20 {
            at = json_space(at, end);
            byte = json_byte(at, end);
        }
        if byte == JSON_QUOTE {
            at = json_past_string(at, end);
        } else if byte | 0x20 == b'{' as i32 {
            if depth >= ld32(H_DEPTH_MAX) || depth >= JSON_DEPTH {
                break;
            }
            st8(JCLOSERS - outside + depth, close);
            depth += 1;
            // Closing bytes are the opening ones and two.
            close = byte + 2;
            at = json_space(at + 1, end);
            if json_byte(at, end) != close {
                continue;
            }
        } else if byte <= b'9' as i32 {
            at = json_past_number(at, end);
        } else {
            at = json_past_word(at, end);
        }
        // Behind a value: what ends here is closed.
        loop {
            if close == 0 {
                break;
            }
            byte = -1;
            if at >= end {
                break;
            }
            byte = ld8(at);
            if byte <= 0x20 {
                at = json_space(at, end);
                byte = json_byte(at, end);
            }
            if byte != close {
                break;
            }
            at += 1;
            depth -= 1;
            close = ld8(JCLOSERS - outside + depth);
        }
        if close == 0 && at != NOWHERE {
            st32(JP, at);
            return;
        }
        if close == 0 || byte != JSON_COMMA {
            break;
        }
        at += 1;
    }
    json_fail();
}

/// The next byte that is no space, which is then at [`JP`]; -1 at the end.
fn json_token() -> i32 {
    let end = ld32(JE);
    let mut at = ld32(JP);
    if at < end {
        let byte = ld8(at);
        if byte > 0x20 {
            return byte;
        }
    }
    at = json_space(at, end);
    st32(JP, at);
    return json_byte(at, end);
}

/// The first byte that is no space, or the end.
fn json_space(from: i32, end: i32) -> i32 {
    let mut at = from;
    while at < end {
        let byte = ld8(at);
        if byte > 0x20 || ((JSON_SPACES >> (byte as i64)) & 1) == 0 {
            break;
        }
        at += 1;
    }
    return at;
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

/// Reads `null`, `true` or `false`.
fn json_word() {
    json_token();
    let behind = json_past_word(ld32(JP), ld32(JE));
    if behind == NOWHERE {
        json_fail();
        return;
    }
    st32(JP, behind);
}

fn json_past_word(at: i32, end: i32) -> i32 {
    let byte = ld8(at);
    let is_false = byte == b'f' as i32;
    let mut word = if is_false { JSON_ALSE } else { JSON_TRUE };
    if byte == b'n' as i32 {
        word = JSON_NULL;
    }
    let behind = at + is_false as i32 + 4;
    return if behind <= end && ld32(behind - 4) == word { behind } else { NOWHERE };
}

/// Goes past a key and its colon.
fn json_past_key(from: i32, end: i32) -> i32 {
    let mut at = from;
    if ld8(at) != JSON_QUOTE {
        at = json_space(at, end);
        if json_byte(at, end) != JSON_QUOTE {
            return NOWHERE;
        }
    }
    at = json_past_string(at, end);
    if ld8(at) != b':' as i32 {
        at = json_space(at, end);
    }
    return if json_byte(at, end) == b':' as i32 { at + 1 } else { NOWHERE };
}

/// Goes past a string that begins with a quote here.
fn json_past_string(at: i32, end: i32) -> i32 {
    let marks = marks16(at + 1);
    let quote = at + 1 + marks.trailing_zeros() as i32;
    if marks != 0 && quote < end {
        if ld8(quote) == JSON_QUOTE {
            return quote + 1;
        }
    }
    return json_past_escapes(json_plain(at + 1, end), end);
}

/// Goes past the rest of a string.
fn json_past_escapes(from: i32, end: i32) -> i32 {
    let mut at = from;
    while at < end {
        if ld8(at) == JSON_QUOTE {
            return at + 1;
        }
        // Of control characters there are none either.
        let escape = json_escape(at, end);
        if escape < 0 {
            break;
        }
        at = json_plain(at + span_len(escape), end);
    }
    return NOWHERE;
}

/// The first byte that is no plain text of a string: a quote, a backslash or a control character; or the end.
pub fn json_plain(from: i32, end: i32) -> i32 {
    let mut at = from;
    while at < end {
        let marks = marks16(at);
        if marks != 0 {
            at += marks.trailing_zeros() as i32;
            break;
        }
        at += 16;
    }
    return if at < end { at } else { end };
}

/// What the escape at a backslash stands for, and how many bytes it takes; negative when it is none.
fn json_escape(at: i32, end: i32) -> i64 {
    if at + 2 > end || ld8(at) != JSON_BACKSLASH {
        return -1;
    }
    let kind = ld8(at + 1);
    if kind == b'u' as i32 {
        return json_unicode(at, end);
    }
    let mut code = kind;
    if kind != JSON_QUOTE && kind != JSON_BACKSLASH && kind != b'/' as i32 {
        let letter = kind - b'b' as i32;
        if letter < 0 || letter > 18 || (letter & 1) != 0 {
            return -1;
        }
        code = (JSON_ESCAPES >> (letter as i64 * 2)) as i32 & 15;
        if code == 0 {
            return -1;
        }
    }
    return span(code, 2);
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
        if !json_is_digit(byte) && ((byte | 0x20) - b'a' as i32) as u32 > 5 {
            return -1;
        }
        unit = (unit << 4) | ((byte & 15) + (byte >> 6) * 9);
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

/// Goes past a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`. Of a zero before other digits it reads
/// the zero: the rest of them is no token that may follow.
fn json_past_number(from: i32, end: i32) -> i32 {
    let mut at = from + (ld8(from) == b'-' as i32) as i32;
    at = if json_byte(at, end) == b'0' as i32 { at + 1 } else { json_some_digits(at, end) };
    if json_byte(at, end) == b'.' as i32 {
        at = json_some_digits(at + 1, end);
    }
    if (json_byte(at, end) | 0x20) == b'e' as i32 {
        let sign = json_byte(at + 1, end);
        let is_signed = sign == b'+' as i32 || sign == b'-' as i32;
        at = json_some_digits(at + 1 + is_signed as i32, end);
    }
    return at;
}

/// The byte there, or -1 at the end.
fn json_byte(at: i32, end: i32) -> i32 {
    return if at < end { ld8(at) } else { -1 };
}

/// As [`json_digits`], of which there must be one at least.
fn json_some_digits(from: i32, end: i32) -> i32 {
    let at = json_digits(from, end);
    return if at == from { NOWHERE } else { at };
}

/// The first byte that is no digit, or the end.
pub fn json_digits(from: i32, end: i32) -> i32 {
    let mut at = from;
    while at < end && (ld8(at) - b'0' as i32) as u32 <= 9 {
        at += 1;
    }
    return at;
}

pub fn json_is_digit(byte: i32) -> bool {
    return (byte - b'0' as i32) as u32 <= 9;
}
