//! Regular expressions, as automata over bytes that match a text as a whole.
//!
//! Table: 4 bytes that say how wide an offset is (1: two bytes, 2: four), then a row for each state, the start's first. A row
//! has the number of its runs times two, and one more if a text may end in it (2 bytes); the last byte of each run but the last
//! (1 byte each), which ends at 255; for each run the offset, from the table's start, of the row that its bytes lead to. The
//! offset 0 is of no row: nothing matches any more. Nor is 1: the automaton gives up.

use super::env::*;
use super::layout::*;

pub const REGEX_FAILS: i32 = 0;
pub const REGEX_GIVES_UP: i32 = 1;
pub const REGEX_ROWS: i32 = 4;

/// Whether a whole text matches, as a truth; unknown where the automaton gives up. A step for each byte, in each a search among
/// the runs of a row.
pub fn regex_truth(table: i32, at: i32, len: i32) -> i32 {
    let width = ld32(table);
    let mut row = table + REGEX_ROWS;
    let mut next = at;
    let end = at + len;
    while next < end {
        let byte = ld8(next);
        let last = (ld16(row) >> 1) - 1;
        let mut low = 0;
        let mut high = last;
        while low < high {
            let middle = (low + high) >> 1;
            if ld8(row + 2 + middle) < byte {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let target = row + 2 + last + (low << width);
        let to = if width == 1 { ld16(target) } else { ld32(target) };
        if to == REGEX_FAILS {
            return FALSE;
        }
        if to == REGEX_GIVES_UP {
            return UNKNOWN;
        }
        row = table + to;
        next += 1;
    }
    return ld16(row) & 1;
}

/// Whether a whole text is known to match.
pub fn regex_matches(table: i32, at: i32, len: i32) -> bool {
    return regex_truth(table, at, len) == TRUE;
}

/// The truth of a regular expression on a datum.
pub fn is_like_regex(table: i32, cell: i32) -> i32 {
    return if ld32(cell) == T_STRING { regex_truth(table, ld32(cell + 8), ld32(cell + 12)) } else { UNKNOWN };
}
