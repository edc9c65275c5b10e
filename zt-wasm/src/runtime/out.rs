//! The text that a decision is written to: JSON, and names as an author writes them.
//!
//! It stands in the arena and moves when it outgrows its place. When memory has come to its end the text is cut and
//! [`FAILED`] is set: whoever reads the text has to look at that first.

use super::declared::*;
use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;

/// Where digits are written before they are text, backwards from [`OUT_DIGITS_END`]: 32 bytes.
pub const OUT_DIGITS_END: i32 = 1664;
/// Room at the start. The arena must have it from the start, for then a denial can be written in any case.
pub const OUT_FIRST: i32 = 1024;

/// Begins the text anew.
pub fn out_start() {
    st32(OUT, alloc(OUT_FIRST));
    st32(OUT + 4, 0);
    st32(OUT + 8, OUT_FIRST);
}

/// Makes room for so many bytes more; whether there is.
pub fn out_room(len: i32) -> bool {
    let used = ld32(OUT + 4);
    if ld32(OUT + 8) - used >= len {
        return true;
    }
    let room = used * 2 + len;
    if !arena_reserve(room + 8) {
        st32(FAILED, 1);
        return false;
    }
    let more = alloc(room);
    copy(more, ld32(OUT), used);
    st32(OUT, more);
    st32(OUT + 8, room);
    return true;
}

pub fn out_byte(byte: i32) {
    if out_room(1) {
        let used = ld32(OUT + 4);
        st8(ld32(OUT) + used, byte);
        st32(OUT + 4, used + 1);
    }
}

pub fn out_bytes(at: i32, len: i32) {
    if out_room(len) {
        let used = ld32(OUT + 4);
        copy(ld32(OUT) + used, at, len);
        st32(OUT + 4, used + len);
    }
}

/// Up to eight bytes, the first one lowest: `out_word(0x6c6c756e, 4)` writes `null`.
pub fn out_word(word: i64, len: i32) {
    if out_room(8) {
        let used = ld32(OUT + 4);
        st64(ld32(OUT) + used, word);
        st32(OUT + 4, used + len);
    }
}

/// `null`
pub fn out_null() {
    out_word(0x6c6c756e, 4);
}

/// `true` or `false`
pub fn out_bool(is_true: i32) {
    if is_true != 0 {
        out_word(0x65757274, 4);
    } else {
        out_word(0x65736c6166, 5);
    }
}

pub fn out_uint(number: u64) {
    let at = out_number(number);
    out_bytes(at, OUT_DIGITS_END - at);
}

/// Writes a number's digits up to [`OUT_DIGITS_END`]: where they begin.
pub fn out_number(number: u64) -> i32 {
    let mut left = number;
    let mut at = OUT_DIGITS_END;
    loop {
        at -= 1;
        st8(at, b'0' as i32 + (left % 10) as i32);
        left = left / 10;
        if left == 0 {
            break;
        }
    }
    return at;
}

pub fn out_int(number: i64) {
    if number < 0 {
        out_byte(b'-' as i32);
        out_uint(0u64.wrapping_sub(number as u64));
    } else {
        out_uint(number as u64);
    }
}

/// A digit of a number in base 16, as text.
pub fn hex_letter(digit: i32) -> i32 {
    return if digit < 10 { b'0' as i32 + digit } else { b'a' as i32 - 10 + digit };
}

/// What a digit of a number in base 16 stands for, in either case; -1 for any other byte.
pub fn hex_value(byte: i32) -> i32 {
    let digit = byte - b'0' as i32;
    if digit >= 0 && digit <= 9 {
        return digit;
    }
    let letter = (byte | 32) - b'a' as i32;
    return if letter >= 0 && letter <= 5 { letter + 10 } else { -1 };
}

/// A JSON string.
pub fn out_json_text(at: i32, len: i32) {
    out_byte(b'"' as i32);
    out_json_part(at, len);
    out_byte(b'"' as i32);
}

/// What stands between the quotes of a JSON string.
pub fn out_json_part(at: i32, len: i32) {
    let end = at + len;
    let mut from = at;
    loop {
        let to = json_plain(from, end);
        out_bytes(from, to - from);
        if to >= end {
            return;
        }
        out_json_escape(ld8(to));
        from = to + 1;
    }
}

fn out_json_escape(byte: i32) {
    let letter = match byte {
        8 => b'b' as i32,
        9 => b't' as i32,
        10 => b'n' as i32,
        12 => b'f' as i32,
        13 => b'r' as i32,
        34 | 92 => byte,
        _ => 0,
    };
    out_byte(b'\\' as i32);
    if letter != 0 {
        out_byte(letter);
        return;
    }
    out_word(0x303075, 3);
    out_byte(hex_letter(byte >> 4));
    out_byte(hex_letter(byte & 15));
}

/// Makes a JSON string of all that was written since the text was `mark` bytes long.
pub fn out_as_json(mark: i32) {
    let len = ld32(OUT + 4) - mark;
    if !arena_reserve(len + 8) {
        st32(FAILED, 1);
        return;
    }
    let text = alloc(len);
    copy(text, ld32(OUT) + mark, len);
    st32(OUT + 4, mark);
    out_json_text(text, len);
}

/// A text as a literal of the language: with quotes, and with escapes for what cannot be seen.
pub fn out_quoted(at: i32, len: i32) {
    let end = at + len;
    let mut from = at;
    let mut to = at;
    out_byte(b'"' as i32);
    while to < end {
        let mut byte = ld8(to);
        let mut next = to + 1;
        // U+0080 to U+009F are control characters too.
        if byte == 0xc2 && next < end {
            if ld8(next) < 0xa0 {
                byte = ld8(next);
                next += 1;
            }
        }
        if byte < 32 || byte == b'"' as i32 || byte == b'\\' as i32 || byte == 127 || next - to == 2 {
            out_bytes(from, to - from);
            out_quoted_escape(byte);
            from = next;
        }
        to = next;
    }
    out_bytes(from, end - from);
    out_byte(b'"' as i32);
}

fn out_quoted_escape(byte: i32) {
    let letter = match byte {
        9 => b't' as i32,
        10 => b'n' as i32,
        13 => b'r' as i32,
        34 | 92 => byte,
        _ => 0,
    };
    out_byte(b'\\' as i32);
    if letter != 0 {
        out_byte(letter);
        return;
    }
    out_word(0x7b75, 2);
    if byte > 15 {
        out_byte(hex_letter(byte >> 4));
    }
    out_byte(hex_letter(byte & 15));
    out_byte(b'}' as i32);
}

/// A name as it stands after a dot: in backquotes unless it is a word.
pub fn out_member(at: i32, len: i32) {
    if out_is_word(at, len) {
        out_bytes(at, len);
        return;
    }
    out_byte(b'`' as i32);
    out_bytes(at, len);
    out_byte(b'`' as i32);
}

/// Whether a name is of letters, digits and underscores and does not start with a digit.
fn out_is_word(at: i32, len: i32) -> bool {
    let mut index = 0;
    while index < len {
        let byte = ld8(at + index);
        let letter = byte | 32;
        let is_digit = byte >= b'0' as i32 && byte <= b'9' as i32;
        let is_letter = letter >= b'a' as i32 && letter <= b'z' as i32 || byte == b'_' as i32;
        if !is_letter && !(is_digit && index > 0) {
            return false;
        }
        index += 1;
    }
    return len > 0;
}

/// An entity as an author writes it: `User::"ann"`.
pub fn out_uid(uid: i32) {
    let name = entity_row(uid);
    out_bytes(name_at(name), name_len(name));
    out_word(0x3a3a, 2);
    out_quoted(ld32(uid + 8), ld32(uid + 12));
}
