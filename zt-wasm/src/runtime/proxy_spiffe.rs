//! SPIFFE IDs, taken apart: `spiffe://trust-domain/path` (SPIFFE-ID, section 2).
//!
//! A text that is none has no parts, so that nobody is taken for a workload of a domain by a name that only looks alike.

use super::env::*;
use super::layout::*;
use super::memory::*;

/// `spiffe:/`
const SPIFFE_SCHEME: i64 = 0x2f3a_6566_6669_7073;
const SPIFFE_BEGIN: i32 = 9;
const SPIFFE_MAX: i32 = 2048;
const SPIFFE_DOMAIN_MAX: i32 = 255;
/// `/ns/`
const SPIFFE_NAMESPACE: i32 = 0x2f73_6e2f;
/// `/sa/`
const SPIFFE_ACCOUNT: i32 = 0x2f61_732f;

/// Where a part is; nothing of what is no SPIFFE ID, or one without such a part.
pub fn spiffe_part(at: i32, len: i32, part: i32) -> i64 {
    let nothing = span(at, 0);
    let end = at + len;
    if len <= SPIFFE_BEGIN || len > SPIFFE_MAX {
        return nothing;
    }
    if ld64(at) != SPIFFE_SCHEME || ld8(at + 8) != b'/' as i32 {
        return nothing;
    }
    let domain = at + SPIFFE_BEGIN;
    let path = spiffe_letters(domain, end, false);
    if path == domain || path - domain > SPIFFE_DOMAIN_MAX || !spiffe_has_segments(path, end) {
        return nothing;
    }
    if part == T_FILL_TRUST_DOMAIN {
        return span(domain, path - domain);
    }
    return if part == T_FILL_WORKLOAD { span(path, end - path) } else { spiffe_account(path, end, part) };
}

/// Of a path `/ns/NAMESPACE/sa/ACCOUNT`, as Kubernetes' identities have it, either name.
fn spiffe_account(path: i32, end: i32, part: i32) -> i64 {
    let nothing = span(path, 0);
    if end - path < 8 || ld32(path) != SPIFFE_NAMESPACE {
        return nothing;
    }
    let namespace = path + 4;
    let behind = spiffe_letters(namespace, end, true);
    if end - behind < 5 || ld32(behind) != SPIFFE_ACCOUNT {
        return nothing;
    }
    let account = behind + 4;
    if spiffe_letters(account, end, true) != end {
        return nothing;
    }
    return if part == T_FILL_NAMESPACE { span(namespace, behind - namespace) } else { span(account, end - account) };
}

/// Whether there are only segments from here on, each behind a slash.
fn spiffe_has_segments(from: i32, end: i32) -> bool {
    let mut at = from;
    while at < end {
        let segment = at + 1;
        if ld8(at) != b'/' as i32 {
            return false;
        }
        at = spiffe_letters(segment, end, true);
        let len = at - segment;
        let is_dot = len > 0 && len < 3 && ld8(segment) == b'.' as i32 && ld8(at - 1) == b'.' as i32;
        if len == 0 || is_dot {
            return false;
        }
    }
    return true;
}

/// Where letters, digits, dots, dashes and underscores end.
fn spiffe_letters(from: i32, end: i32, capitals: bool) -> i32 {
    let mut at = from;
    while at < end {
        let byte = ld8(at);
        let letter = if capitals { byte | 32 } else { byte };
        let is_letter = letter >= b'a' as i32 && letter <= b'z' as i32 || byte >= b'0' as i32 && byte <= b'9' as i32;
        if !is_letter && byte != b'.' as i32 && byte != b'-' as i32 && byte != b'_' as i32 {
            return at;
        }
        at += 1;
    }
    return at;
}
