//! Patterns for paths.
//!
//! Table: how many segments before `**` (4 bytes), how many behind it (4 bytes; -1 when there is no `**`), then those segments, each
//! its length (4 bytes) and bytes. A length of -1 is any segment that is not empty, -2 one that is captured.

use super::env::*;
use super::glob::*;
use super::layout::*;
use super::memory::*;

pub const SEGMENT_ANY: i32 = -1;
pub const SEGMENT_CAPTURE: i32 = -2;

// What a walk along a path has come to: the next segment of the route, and of the path, or behind its end; how many captures are
// to come before the wanted one, and where that was.
const ROUTE_SEGMENT: i32 = 1664;
const ROUTE_AT: i32 = 1668;
const ROUTE_BEFORE: i32 = 1672;
const ROUTE_CAPTURED: i32 = 1680;

/// Whether so many segments match, from where the walk is.
fn route_go(count: i32, end: i32) -> bool {
    let mut left = count;
    while left > 0 {
        let at = ld32(ROUTE_AT);
        if at > end {
            return false;
        }
        let stop = byte_find(at, end, b'/' as i32);
        let segment = ld32(ROUTE_SEGMENT);
        let len = ld32(segment);
        if len < 0 {
            if stop == at {
                return false;
            }
            if len == SEGMENT_CAPTURE {
                if ld32(ROUTE_BEFORE) == 0 {
                    st64(ROUTE_CAPTURED, span(at, stop - at));
                }
                st32(ROUTE_BEFORE, ld32(ROUTE_BEFORE) - 1);
            }
            st32(ROUTE_SEGMENT, segment + 4);
        } else {
            if !bytes_equal(at, stop - at, segment + 4, len) {
                return false;
            }
            st32(ROUTE_SEGMENT, segment + 4 + len);
        }
        st32(ROUTE_AT, stop + 1);
        left -= 1;
    }
    return true;
}

/// Whether a path matches; then where the wanted capture is, or nowhere, is at hand.
fn route_walk(table: i32, at: i32, len: i32, wanted: i32) -> bool {
    let tail = ld32(table + 4);
    let end = at + len;
    st32(ROUTE_SEGMENT, table + 8);
    st32(ROUTE_AT, at + 1);
    st32(ROUTE_BEFORE, wanted);
    st64(ROUTE_CAPTURED, 0);
    if !route_go(ld32(table), end) {
        return false;
    }
    if tail < 0 {
        return ld32(ROUTE_AT) > end;
    }
    // What is left must have the tail's segments at its end.
    let mut left = 0;
    let mut ahead = ld32(ROUTE_AT);
    while ahead <= end {
        ahead = byte_find(ahead, end, b'/' as i32) + 1;
        left += 1;
    }
    if left < tail {
        return false;
    }
    ahead = ld32(ROUTE_AT);
    while left > tail {
        ahead = byte_find(ahead, end, b'/' as i32) + 1;
        left -= 1;
    }
    st32(ROUTE_AT, ahead);
    return route_go(tail, end);
}

/// Whether a canonical path matches.
pub fn route_matches(table: i32, at: i32, len: i32) -> bool {
    return route_walk(table, at, len, -1);
}

/// The cell of what the capture at a position holds; unknown unless the path matches.
pub fn route_capture(table: i32, at: i32, len: i32, index: i32) -> i32 {
    if !route_walk(table, at, len, index) || ld64(ROUTE_CAPTURED) == 0 {
        return CELL_UNKNOWN;
    }
    return cell(T_STRING, 0, ld64(ROUTE_CAPTURED));
}

/// The truth of a route on a datum.
pub fn is_like_route(table: i32, cell: i32) -> i32 {
    return if ld32(cell) == T_PATH { route_matches(table, ld32(cell + 8), ld32(cell + 12)) as i32 } else { UNKNOWN };
}

/// The cell of a capture of a datum; unknown unless that is a path that matches.
pub fn capture_of(table: i32, cell: i32, index: i32) -> i32 {
    return if ld32(cell) == T_PATH {
        route_capture(table, ld32(cell + 8), ld32(cell + 12), index)
    } else {
        CELL_UNKNOWN
    };
}
