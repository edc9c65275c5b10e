//! Patterns for text and for hosts.
//!
//! Table of a pattern for text: how many pieces (4 bytes), then each piece, its length (4 bytes) and bytes: the first, the last
//! unless that is the first, then those between. One piece is the whole text; of several the first leads it, the last ends it,
//! and the others occur between them in this order.
//!
//! Table of a pattern for hosts: how many labels (4 bytes), then each label, its length (4 bytes) and bytes; any label has the
//! length 0.

use super::env::*;
use super::layout::*;
use super::memory::*;

/// Where a text first occurs in another, from its start; -1 if it does not.
///
/// Linear (Knuth, Morris, Pratt): for each of its prefixes the arena holds, for as long as is searched, the length of the longest
/// one that the prefix ends with, which is where to go on when the next byte is another.
pub fn text_find(at: i32, len: i32, part: i32, part_len: i32) -> i32 {
    if part_len > len {
        return -1;
    }
    if part_len == 0 {
        return 0;
    }
    let base = ld32(ARENA);
    let borders = alloc(part_len * 4);
    if ld32(FAILED) != 0 {
        return -1;
    }
    st32(borders, 0);
    // First the part is searched in itself, then in the text.
    text_scan(part, 1, part_len, part, part_len, borders, true);
    let found = text_scan(at, 0, len, part, part_len, borders, false);
    st32(ARENA, base);
    return found;
}

fn text_scan(at: i32, from: i32, len: i32, part: i32, part_len: i32, borders: i32, learns: bool) -> i32 {
    let mut matched = 0;
    let mut done = from;
    while done < len {
        let byte = ld8(at + done);
        while matched > 0 && byte != ld8(part + matched) {
            matched = ld32(borders + (matched - 1) * 4);
        }
        if byte == ld8(part + matched) {
            matched += 1;
        }
        if learns {
            st32(borders + done * 4, matched);
        } else if matched == part_len {
            return done + 1 - part_len;
        }
        done += 1;
    }
    return -1;
}

/// Whether a whole text matches.
pub fn glob_matches(table: i32, at: i32, len: i32) -> bool {
    let pieces = ld32(table);
    let first = table + 4;
    let first_len = ld32(first);
    if pieces == 1 {
        return bytes_equal(at, len, first + 4, first_len);
    }
    let last = first + 4 + first_len;
    let last_len = ld32(last);
    let mut rest = at + first_len;
    let end = at + len - last_len;
    if rest > end
        || !bytes_equal(at, first_len, first + 4, first_len)
        || !bytes_equal(end, last_len, last + 4, last_len)
    {
        return false;
    }
    // A piece is sought leftmost and the search never goes back: a later place could only leave less for those behind.
    let mut piece = last + 4 + last_len;
    let mut left = pieces - 2;
    while left > 0 {
        let found = text_find(rest, end - rest, piece + 4, ld32(piece));
        if found < 0 {
            return false;
        }
        rest += found + ld32(piece);
        piece += 4 + ld32(piece);
        left -= 1;
    }
    return true;
}

/// Whether a canonical host matches.
pub fn host_matches(table: i32, at: i32, len: i32) -> bool {
    let mut left = ld32(table);
    let mut label = table + 4;
    let mut start = at;
    let end = at + len;
    while left > 0 {
        if start > end {
            return false;
        }
        let stop = byte_find(start, end, b'.' as i32);
        let label_len = ld32(label);
        if label_len == 0 {
            // No label of a name is empty or begins with a bracket, as an address does.
            if start < stop && ld8(start) == b'[' as i32 {
                return false;
            }
        } else if !bytes_equal(start, stop - start, label + 4, label_len) {
            return false;
        }
        label += 4 + label_len;
        start = stop + 1;
        left -= 1;
    }
    return start > end;
}

/// Where a byte first occurs; `end` if it does not.
pub fn byte_find(from: i32, end: i32, byte: i32) -> i32 {
    let mut at = from;
    while at < end && ld8(at) != byte {
        at += 1;
    }
    return at;
}

/// The truth of a pattern for text on a datum.
pub fn is_like_glob(table: i32, cell: i32) -> i32 {
    return if ld32(cell) == T_STRING { glob_matches(table, ld32(cell + 8), ld32(cell + 12)) as i32 } else { UNKNOWN };
}

/// The truth of a pattern for hosts on a datum.
pub fn is_like_host(table: i32, cell: i32) -> i32 {
    return if ld32(cell) == T_HOST { host_matches(table, ld32(cell + 8), ld32(cell + 12)) as i32 } else { UNKNOWN };
}
