//! Canonical paths.
//!
//! A path is kept decoded. One without escapes, which most are, is the text that it was read from.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::utf8::*;

// Which bytes are data of a segment wherever they stand: of those below 64 the bits that are set in the first number, of
// those below 128 in the second. Not: control characters, `#`, `%`, `/`, `?`, `\`; and from 128 on it depends.
const PATH_PLAIN_LOW: u64 = 0x7fff7fd700000000;
const PATH_PLAIN_HIGH: u64 = 0x7fffffffefffffff;

/// Reads a path to a cell; whether the text has a canonical form.
pub fn path_parse(at: i32, len: i32, out_cell: i32) -> bool {
    if len == 0 {
        return false;
    }
    let end = at + len;
    let checked = path_check(at, end, true);
    if checked == end {
        put_cell(out_cell, T_PATH, 0, span(at, len));
        return ld8(at) == b'/' as i32;
    }
    if checked == NOWHERE || ld8(at) != b'/' as i32 {
        return false;
    }
    let path = alloc(len);
    copy(path, at, checked - at);
    let path_end = path_decode(checked, end, path + (checked - at));
    if path_end == NOWHERE || !utf8_valid(path, path_end - path) {
        return false;
    }
    put_cell(out_cell, T_PATH, 0, span(path, path_end - path));
    return path_check(path, path_end, false) == path_end;
}

/// Looks for what has no canonical form: nowhere if there is such, else the first escape of an encoded path, or the end.
fn path_check(at: i32, end: i32, is_encoded: bool) -> i32 {
    let mut next = at;
    while next < end {
        let byte = ld8(next);
        next += 1;
        let plain = if byte < 64 { PATH_PLAIN_LOW } else { PATH_PLAIN_HIGH };
        if byte < 128 && ((plain >> (byte & 63) as u64) & 1) != 0 {
            continue;
        }
        if byte == b'/' as i32 {
            if path_is_banned(next, end) {
                return NOWHERE;
            }
        } else if byte < 128 {
            let is_mark = byte == b'%' as i32 || byte == b'?' as i32 || byte == b'#' as i32;
            if !is_mark || is_encoded && byte != b'%' as i32 {
                return NOWHERE;
            }
            if is_encoded {
                return next - 1;
            }
        } else if byte == 0xc2 && next < end {
            // U+0080 to U+009F are control characters.
            if ld8(next) < 0xa0 {
                return NOWHERE;
            }
        }
    }
    return end;
}

/// Whether a segment is empty without being the last, or `.` or `..`, also before `;`.
fn path_is_banned(at: i32, end: i32) -> bool {
    if at >= end {
        return false;
    }
    let first = ld8(at);
    if first != b'.' as i32 {
        return first == b'/' as i32;
    }
    let is_double = at + 1 < end && ld8(at + 1) == b'.' as i32;
    let behind = if is_double { at + 2 } else { at + 1 };
    if behind >= end {
        return true;
    }
    let byte = ld8(behind);
    return byte == b'/' as i32 || byte == b';' as i32;
}

/// Decodes the rest of a path once; gives the end of what it writes, or nowhere. There must be room for all of the text.
fn path_decode(from: i32, end: i32, to: i32) -> i32 {
    let mut at = from;
    let mut next = to;
    while at < end {
        let mut byte = ld8(at);
        at += 1;
        if byte == b'?' as i32 || byte == b'#' as i32 {
            return NOWHERE;
        }
        if byte == b'%' as i32 {
            if end - at < 2 {
                return NOWHERE;
            }
            byte = (hex_value(ld8(at)) << 4) | hex_value(ld8(at + 1));
            at += 2;
            // An encoded slash would not separate, though what it decodes to does. No digit at all gives a negative number.
            if byte < 0 || byte == b'/' as i32 {
                return NOWHERE;
            }
        }
        st8(next, byte);
        next += 1;
    }
    return next;
}

/// A path in quotes, encoded as far as reading it back needs. In JSON and as a literal of the language it is the same, since
/// a path has no control characters and no backslashes.
pub fn out_path(path_cell: i32) {
    let mut from = ld32(path_cell + 8);
    let end = from + ld32(path_cell + 12);
    let mut at = from;
    out_byte(b'"' as i32);
    while at < end {
        let word: i64 = match ld8(at) {
            37 => 0x353225, // %25
            63 => 0x463325, // %3F
            35 => 0x333225, // %23
            _ => 0,
        };
        if word != 0 {
            out_json_part(from, at - from);
            out_word(word, 3);
            from = at + 1;
        }
        at += 1;
    }
    out_json_part(from, end - from);
    out_byte(b'"' as i32);
}
