//! What modules for proxies export (proxy-wasm 0.2.1): a request's headers have come, and it goes on or is answered here.
//!
//! It goes on only if the policy allows it and every obligation could be written to a header. Whatever else happens, the
//! request is answered, and never merely held: a host leaves a request that is paused without an answer hanging.

use super::decide::*;
use super::declared::*;
use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::out_value::*;
use super::proxy_document::*;
use super::proxy_host::*;
use super::proxy_settings::*;
use super::proxy_value::*;
use super::write::*;

const CONTINUE: i32 = 0;
const PAUSE: i32 = 1;
const PROXY_OK: i32 = 0;
const PROXY_NOT_FOUND: i32 = 1;
const LOG_ERROR: i32 = 4;
/// The longest decision that is told in full.
const PROXY_TOLD_MAX: i32 = 4096;
/// Where the challenge's headers have the length of its value.
const CHALLENGE_LENGTH: i32 = 16;

/// Nothing is done here: that it is there tells which version of the ABI a module is for.
pub fn proxy_version() {}

/// The host gives a configuration of so many bytes: whether the policy takes it.
pub fn proxy_on_configure(context: i32, len: i32) -> i32 {
    if ld32(H_SETTINGS_COUNT) != 0 {
        return proxy_configure(context, len) as i32;
    }
    if len != 0 {
        proxy_log(PROXY_LOG_CONFIGURED);
        return 0;
    }
    return 1;
}

pub fn proxy_on_request_headers(context: i32, _count: i32, _is_last: i32) -> i32 {
    let mut begun = proxy_begin();
    if begun && ld32(H_SETTINGS_COUNT) != 0 {
        begun = proxy_settings(context);
    }
    proxy_clock();
    if begun && proxy_bind() {
        proxy_decide();
    } else {
        decide_invalid();
    }
    proxy_tell();
    if ld32(EFFECT) == 0 {
        proxy_answer();
        return PAUSE;
    }
    let unwritten = proxy_oblige();
    if unwritten == NOWHERE {
        return CONTINUE;
    }
    if ld32(FAILED) != 0 {
        decide_invalid();
        proxy_tell();
        proxy_answer();
    } else {
        proxy_deny_obliged(unwritten);
    }
    return PAUSE;
}

/// Decides in full where decisions are told, and a denial always: it says why.
fn proxy_decide() {
    if ld32(PROXY_TELLS) == 0 {
        decide(false);
        if ld32(EFFECT) != 0 || ld32(REASON) == REASON_INVALID {
            return;
        }
    }
    decide(true);
}

/// What is wrong besides what the decision says: memory came to its end.
const PROXY_WITHOUT_MEMORY: i32 = 948;

/// Writes the decision and tells it to the host, if that is wanted.
fn proxy_tell() {
    st32(PROXY_WITHOUT_MEMORY, ld32(FAILED));
    if ld32(PROXY_TELLS) == 0 {
        return;
    }
    let is_invalid = ld32(REASON) == REASON_INVALID;
    write_decision();
    if ld32(REASON) == REASON_INVALID && !is_invalid {
        st32(PROXY_WITHOUT_MEMORY, 1);
    }
    if ld32(OUT + 4) > PROXY_TOLD_MAX {
        proxy_write_short(NOWHERE);
    }
    proxy_hand_over();
}

fn proxy_hand_over() {
    let name = proxy_place(PROXY_DECISION);
    if host_property_set(ld32(name), ld32(name + 4), ld32(OUT), ld32(OUT + 4)) != PROXY_OK {
        proxy_log(PROXY_LOG_DECISION);
    }
}

/// Writes the effect and the rules, if these are few enough; between them the obligation of a header that cannot carry it.
fn proxy_write_short(unwritten: i32) {
    out_start();
    proxy_text(if ld32(EFFECT) != 0 { PROXY_SHORT_ALLOW } else { PROXY_SHORT_DENY });
    if unwritten != NOWHERE {
        proxy_text(PROXY_SHORT_OBLIGATION);
        out_json_text(ld32(unwritten + HEADER_OBLIGATION), ld32(unwritten + HEADER_OBLIGATION + 4));
        proxy_text(PROXY_SHORT_REASON);
    }
    let mark = ld32(OUT + 4);
    proxy_text(PROXY_SHORT_RULES);
    write_rules(RULES);
    out_byte(b']' as i32);
    if ld32(OUT + 4) > PROXY_TOLD_MAX || ld32(FAILED) != 0 {
        st32(OUT + 4, mark);
    }
    out_byte(b'}' as i32);
}

/// The place of a text's address and length.
fn proxy_place(text: i32) -> i32 {
    return ld32(PROXY_TEXTS) + text * 8;
}

fn proxy_log(text: i32) {
    let place = proxy_place(text);
    host_log(LOG_ERROR, ld32(place), ld32(place + 4));
}

/// Writes obligations to headers, of which the client may have sent none: the header that could not be written, or nowhere.
fn proxy_oblige() -> i32 {
    let mut header = ld32(PROXY_HEADERS);
    let end = header + ld32(PROXY_HEADERS_COUNT) * HEADER;
    while header < end {
        if proxy_may_have(ld32(header), ld32(header + 4)) {
            if !proxy_took(host_header_remove(0, ld32(header), ld32(header + 4))) {
                return header;
            }
        }
        header += HEADER;
    }
    if ld32(H_OBLIGES) == 0 {
        return NOWHERE;
    }
    out_start();
    let mut at = 0;
    while at < ld32(OBLIGED + 4) {
        let rule = ld32(PROXY_DUTIES) + ld32(ld32(OBLIGED) + at * 4) * 8;
        let mut head = ld32(rule);
        let last = head + ld32(rule + 4) * HEAD;
        while head < last {
            if !proxy_set(head) {
                return ld32(head + HEAD_HEADER);
            }
            head += HEAD;
        }
        at += 1;
    }
    return NOWHERE;
}

fn proxy_took(status: i32) -> bool {
    if status == PROXY_OK || status == PROXY_NOT_FOUND {
        return true;
    }
    proxy_log(PROXY_LOG_HEADER);
    return false;
}

/// Writes a value to its header: text without its quotes. A header can hold no control characters.
fn proxy_set(head: i32) -> bool {
    st32(OUT + 4, 0);
    out_value(ld32(head + HEAD_TYPE), node_value(ld32(head)));
    let mut at = ld32(OUT);
    let mut len = ld32(OUT + 4);
    if ld32(FAILED) == 0 && ld8(at) == b'"' as i32 {
        json_start(at, len);
        json_string();
        at = ld32(STR);
        len = ld32(STR_LEN);
    }
    if ld32(FAILED) != 0 || !proxy_is_plain(at, len) {
        return false;
    }
    let header = ld32(head + HEAD_HEADER);
    return proxy_took(host_header_add(0, ld32(header), ld32(header + 4), at, len));
}

fn proxy_is_plain(from: i32, len: i32) -> bool {
    let mut at = from;
    while at < from + len {
        let byte = ld8(at);
        if byte < b' ' as i32 || byte == 127 {
            return false;
        }
        at += 1;
    }
    return true;
}

/// Denies what the policy allows, since an obligation cannot be carried out: tells which, and the rules that allow.
fn proxy_deny_obliged(header: i32) {
    st32(EFFECT, 0);
    if ld32(PROXY_TELLS) != 0 {
        proxy_write_short(header);
        proxy_hand_over();
    }
    out_start();
    proxy_text(PROXY_SAY_OBLIGATION);
    out_bytes(ld32(header + HEADER_OBLIGATION), ld32(header + HEADER_OBLIGATION + 4));
    proxy_text(PROXY_SAY_NO_HEADER);
    let body = alloc(8);
    proxy_keep(body);
    if ld32(FAILED) != 0 {
        copy(body, proxy_place(PROXY_SAY_NO_MEMORY), 8);
    }
    proxy_respond(403, PROXY_OBLIGATION, body, proxy_place(PROXY_PLAIN));
}

/// Answers the request that is denied. What was written before is told already.
fn proxy_answer() {
    if ld32(PROXY_WITHOUT_MEMORY) != 0 {
        proxy_respond(403, PROXY_NO_MEMORY, proxy_place(PROXY_SAY_NO_MEMORY), proxy_place(PROXY_PLAIN));
        return;
    }
    if ld32(REASON) == REASON_INVALID {
        proxy_respond(403, PROXY_INVALID, proxy_place(PROXY_SAY_INVALID), proxy_place(PROXY_PLAIN));
        return;
    }
    // What was written is kept by its place, in the arena.
    let body = alloc(16);
    if ld32(RULES + 4) == 0 {
        copy(body, proxy_place(PROXY_SAY_NO_RULE), 8);
    } else {
        proxy_reasons();
        proxy_keep(body);
    }
    if ld32(FAILED) == 0 && ld32(H_STEPS_UP) != 0 && ld32(CHALLENGE + 4) != 0 {
        proxy_challenge();
        proxy_keep(body + 8);
        if ld32(FAILED) == 0 {
            proxy_respond(401, PROXY_CHALLENGED, body, body + 8);
            return;
        }
    }
    if ld32(FAILED) != 0 {
        proxy_respond(403, PROXY_DENIED, proxy_place(PROXY_SAY_NO_MEMORY), proxy_place(PROXY_PLAIN));
        return;
    }
    proxy_respond(403, PROXY_DENIED, body, proxy_place(PROXY_PLAIN));
}

/// Keeps the place and the length of what was written.
fn proxy_keep(at: i32) {
    st32(at, ld32(OUT));
    st32(at + 4, ld32(OUT + 4));
}

/// Answers with a status, a text that says why for logs, and the places of a body's and of headers' address and length.
fn proxy_respond(status: i32, details: i32, body: i32, headers: i32) {
    let why = proxy_place(details);
    let taken = host_respond(
        status,
        ld32(why),
        ld32(why + 4),
        ld32(body),
        ld32(body + 4),
        ld32(headers),
        ld32(headers + 4),
        -1,
    );
    if taken != PROXY_OK {
        proxy_log(PROXY_LOG_RESPONSE);
    }
}

/// Writes what the rules say, a line each.
fn proxy_reasons() {
    out_start();
    let mut at = 0;
    while at < ld32(RULES + 4) {
        if at > 0 {
            out_byte(b'\n' as i32);
        }
        let message = ld32(PROXY_MESSAGES) + ld32(ld32(RULES) + at * 4) * 8;
        out_bytes(ld32(message), ld32(message + 4));
        at += 1;
    }
}

/// Writes the headers of a challenge (RFC 9470), as hosts read maps.
fn proxy_challenge() {
    out_start();
    proxy_text(PROXY_CHALLENGE);
    let start = ld32(OUT + 4);
    proxy_text(PROXY_BEARER);
    let mut max_age = -1i64;
    let mut at = 0;
    while at < ld32(CHALLENGE + 4) {
        let attribute = attribute_row(ld32(H_SCHEMA_CONTEXT), ld32(ld32(CHALLENGE) + at * 4));
        if at > 0 {
            out_byte(b' ' as i32);
        }
        let acr = attribute_acr(attribute);
        out_bytes(name_at(acr), name_len(acr));
        let age = attribute_max_age(attribute);
        if age >= 0 && (max_age < 0 || age < max_age) {
            max_age = age;
        }
        at += 1;
    }
    out_byte(b'"' as i32);
    if max_age >= 0 {
        proxy_text(PROXY_MAX_AGE);
        out_int(max_age);
    }
    st32(ld32(OUT) + CHALLENGE_LENGTH, ld32(OUT + 4) - start);
    out_byte(0);
}
