//! What modules for Kubewarden export: a guest of waPC that answers for an admission request.
//!
//! The request document is put together from the bytes of the host's payload: who asks, what is done to what, and the request
//! itself as `context.review.request`. What is not as the API server sends it makes the request invalid.

use super::bind::*;
use super::decide::*;
use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::settings::*;
use super::write::*;

/// Bytes that the arena and its scrap have beside what a payload asks for.
const WAPC_ARENA: i32 = 65536;
/// Bytes of the longest operation and payload.
const WAPC_MAX: i32 = 1 << 26;

// What was found in the payload: where it stands, and its length.
const FOUND_REQUEST: i32 = 832;
const FOUND_SETTINGS: i32 = 840;
const FOUND_USER: i32 = 848;
const FOUND_OPERATION: i32 = 856;
const FOUND_RESOURCE: i32 = 864;
const FOUND_NAMESPACE: i32 = 872;
const FOUND_NAME: i32 = 880;
const FOUND_USER_NAME: i32 = 888;
const FOUND_GROUPS: i32 = 896;
const FOUND_RESOURCE_NAME: i32 = 904;
const FOUND: i32 = 8;

/// Answers the host's call: 1, or 0 when it was told an error.
pub fn wapc_guest_call(operation_len: i32, len: i32) -> i32 {
    let fits = operation_len >= 0 && len >= 0 && operation_len < WAPC_MAX && len < WAPC_MAX;
    // No text of the payload is longer than that.
    st32(SCRAP, if fits { WAPC_ARENA + len } else { WAPC_ARENA });
    arena_start(ld32(H_ARENA));
    if !fits || !arena_reserve(operation_len + len + WAPC_ARENA) {
        wapc_fail(WAPC_NO_MEMORY);
        return 0;
    }
    let operation = alloc(operation_len);
    let payload = alloc(len);
    guest_request(operation, payload);
    if wapc_is(WAPC_VALIDATE, operation, operation_len) {
        wapc_validate(payload, len);
        return 1;
    }
    if wapc_is(WAPC_VALIDATE_SETTINGS, operation, operation_len) {
        wapc_validate_settings(payload, len);
        return 1;
    }
    if wapc_is(WAPC_PROTOCOL_VERSION, operation, operation_len) {
        wapc_answer(WAPC_V1);
        return 1;
    }
    wapc_fail(WAPC_NO_OPERATION);
    return 0;
}

/// The place of a text's address and length.
fn wapc_text(text: i32) -> i32 {
    return ld32(WAPC_TEXTS) + text * 8;
}

fn wapc_is(text: i32, at: i32, len: i32) -> bool {
    let place = wapc_text(text);
    return bytes_equal(ld32(place), ld32(place + 4), at, len);
}

fn wapc_out(text: i32) {
    let place = wapc_text(text);
    out_bytes(ld32(place), ld32(place + 4));
}

fn wapc_answer(text: i32) {
    let place = wapc_text(text);
    guest_response(ld32(place), ld32(place + 4));
}

fn wapc_fail(text: i32) {
    let place = wapc_text(text);
    guest_error(ld32(place), ld32(place + 4));
}

fn wapc_validate_settings(payload: i32, len: i32) {
    if ld32(H_SETTINGS_COUNT) == 0 {
        wapc_answer(if wapc_has_settings(payload, len) { WAPC_SETTINGS_GIVEN } else { WAPC_VALID });
        return;
    }
    if wapc_apply(payload, len) {
        wapc_answer(WAPC_VALID);
        return;
    }
    out_start();
    wapc_out(WAPC_NOT_VALID);
    let mark = ld32(OUT + 4);
    settings_write_wrong();
    out_as_json(mark);
    out_byte(b'}' as i32);
    wapc_respond(WAPC_NOT_VALID_WITHOUT_MEMORY);
}

/// Applies settings, with the memory that they need.
fn wapc_apply(at: i32, len: i32) -> bool {
    let is_short = (len as u32) <= (ld32(H_BYTES_MAX) as u32) && len < WAPC_MAX;
    return bind_room(if is_short { len } else { 0 }) && settings_apply(at, len);
}

/// Applies the settings of a payload.
fn wapc_apply_found() -> bool {
    if ld32(H_SETTINGS_COUNT) == 0 {
        return true;
    }
    if ld32(FOUND_SETTINGS) == NOWHERE {
        return wapc_apply(NOWHERE, 0);
    }
    return wapc_apply(ld32(FOUND_SETTINGS), ld32(FOUND_SETTINGS + 4));
}

/// Whether settings are anything but `null` or an empty object.
fn wapc_has_settings(at: i32, len: i32) -> bool {
    json_start(at, len);
    if json_peek() == K_NULL {
        json_null();
    } else {
        json_open(b'{' as i32);
        if json_next(b'}' as i32, true) {
            return true;
        }
    }
    json_finish();
    return ld32(ERROR) != 0;
}

fn wapc_validate(payload: i32, len: i32) {
    st32(HAS_NOW, 0);
    let is_read = wapc_read(payload, len);
    if is_read {
        if !wapc_apply_found() {
            wapc_write_bad_settings();
            wapc_respond(WAPC_DENIED_WITHOUT_MEMORY);
            return;
        }
    }
    if is_read && wapc_document() && bind_written() {
        decide(true);
    } else {
        decide_invalid();
    }
    wapc_write();
    wapc_respond(WAPC_DENIED_WITHOUT_MEMORY);
}

/// Answers with what was written, or with another text if there was no memory for all of it.
fn wapc_respond(otherwise: i32) {
    if ld32(FAILED) != 0 {
        wapc_answer(otherwise);
        return;
    }
    guest_response(ld32(OUT), ld32(OUT + 4));
}

fn wapc_write_bad_settings() {
    out_start();
    wapc_out(WAPC_BAD_SETTINGS);
    let mark = ld32(OUT + 4);
    settings_write_wrong();
    out_as_json(mark);
    wapc_out(WAPC_MISCONFIGURED);
}

/// Finds the parts of a payload; whether it is JSON, and none is there twice.
fn wapc_read(payload: i32, len: i32) -> bool {
    json_start(payload, len);
    wapc_members(FOUND_REQUEST, WAPC_KEYS_OF_PAYLOAD, 2);
    json_finish();
    if ld32(ERROR) != 0 || wapc_has_settings_found() {
        return false;
    }
    wapc_inside(FOUND_REQUEST, FOUND_USER, WAPC_KEYS_OF_REQUEST, 5);
    wapc_inside(FOUND_USER, FOUND_USER_NAME, WAPC_KEYS_OF_USER, 2);
    wapc_inside(FOUND_RESOURCE, FOUND_RESOURCE_NAME, WAPC_KEYS_OF_RESOURCE, 1);
    return ld32(ERROR) == 0;
}

/// Settings of a policy that takes none make the request invalid: the host has not asked about them before.
fn wapc_has_settings_found() -> bool {
    if ld32(H_SETTINGS_COUNT) != 0 || ld32(FOUND_SETTINGS) == NOWHERE {
        return false;
    }
    return wapc_has_settings(ld32(FOUND_SETTINGS), ld32(FOUND_SETTINGS + 4));
}

/// Finds members of what was found, if it is an object.
fn wapc_inside(of: i32, found: i32, keys: i32, count: i32) {
    fill(found, 0, count * FOUND);
    if ld32(ERROR) == 0 && ld32(of) != NOWHERE {
        wapc_again(of);
        wapc_members(found, keys, count);
    }
}

/// Begins to read what was found.
fn wapc_again(of: i32) {
    st32(JP, ld32(of));
    st32(JE, ld32(of) + ld32(of + 4));
    st32(JDEPTH, 0);
}

/// Reads past a value; of an object, finds the members with these keys.
fn wapc_members(found: i32, keys: i32, count: i32) {
    fill(found, 0, count * FOUND);
    if json_peek() != K_OBJECT {
        json_skip();
        return;
    }
    json_open(b'{' as i32);
    let mut is_first = true;
    while json_next_member(is_first) {
        is_first = false;
        json_peek();
        let start = ld32(JP);
        json_skip();
        let mut key = 0;
        while key < count && ld32(ERROR) == 0 {
            if wapc_is(keys + key, ld32(STR), ld32(STR_LEN)) {
                let place = found + key * FOUND;
                if ld32(place) != NOWHERE {
                    json_fail(); // there twice
                } else {
                    st32(place, start);
                    st32(place + 4, ld32(JP) - start);
                }
            }
            key += 1;
        }
    }
}

fn wapc_is_text(found: i32) -> bool {
    return ld32(found) != NOWHERE && ld8(ld32(found)) == b'"' as i32;
}

/// Whether nothing was found, or `null`.
fn wapc_is_absent(found: i32) -> bool {
    return ld32(found) == NOWHERE || ld8(ld32(found)) == b'n' as i32;
}

/// Writes what stands between the quotes of a text that was found, if one was.
fn wapc_out_inner(found: i32) {
    if wapc_is_text(found) {
        out_bytes(ld32(found) + 1, ld32(found + 4) - 2);
    }
}

/// Writes the request document; whether there is what it needs.
fn wapc_document() -> bool {
    if !wapc_is_text(FOUND_USER_NAME) || !wapc_is_text(FOUND_OPERATION) || !wapc_is_text(FOUND_RESOURCE_NAME) {
        return false;
    }
    let has_namespace = wapc_is_text(FOUND_NAMESPACE) && ld32(FOUND_NAMESPACE + 4) > 2;
    if !wapc_is_text(FOUND_NAMESPACE) && !wapc_is_absent(FOUND_NAMESPACE) {
        return false;
    }
    if !wapc_is_text(FOUND_NAME) && !wapc_is_absent(FOUND_NAME) {
        return false;
    }
    out_start();
    wapc_out(WAPC_SUBJECT);
    out_bytes(ld32(FOUND_USER_NAME), ld32(FOUND_USER_NAME + 4));
    wapc_out(WAPC_PARENTS);
    wapc_groups();
    wapc_out(WAPC_ACTION);
    if !wapc_operation() {
        return false;
    }
    wapc_out(WAPC_RESOURCE);
    wapc_out_inner(FOUND_RESOURCE_NAME);
    out_byte(b'/' as i32);
    wapc_out_inner(FOUND_NAMESPACE);
    out_byte(b'/' as i32);
    wapc_out_inner(FOUND_NAME);
    out_byte(b'"' as i32);
    wapc_out(WAPC_PARENTS);
    if has_namespace {
        wapc_out(WAPC_NAMESPACE);
        out_bytes(ld32(FOUND_NAMESPACE), ld32(FOUND_NAMESPACE + 4));
        out_byte(b'}' as i32);
    }
    wapc_out(WAPC_CONTEXT);
    out_bytes(ld32(FOUND_REQUEST), ld32(FOUND_REQUEST + 4));
    wapc_out(WAPC_END);
    return ld32(ERROR) == 0 && ld32(FAILED) == 0;
}

/// Writes the user's groups. None are said when there are none.
fn wapc_groups() {
    if wapc_is_absent(FOUND_GROUPS) {
        return;
    }
    wapc_again(FOUND_GROUPS);
    json_open(b'[' as i32);
    let mut is_first = true;
    while json_next(b']' as i32, is_first) {
        json_peek();
        let start = ld32(JP);
        json_skip();
        if !is_first {
            out_byte(b',' as i32);
        }
        is_first = false;
        wapc_out(WAPC_GROUP);
        out_bytes(start, ld32(JP) - start);
        out_byte(b'}' as i32);
    }
}

/// Writes the operation as actions are named; whether it is in capitals.
fn wapc_operation() -> bool {
    let mut at = ld32(FOUND_OPERATION) + 1;
    let end = at + ld32(FOUND_OPERATION + 4) - 2;
    while at < end {
        let byte = ld8(at);
        if byte < b'A' as i32 || byte > b'Z' as i32 {
            return false;
        }
        out_byte(byte + 32);
        at += 1;
    }
    return true;
}

fn wapc_write() {
    out_start();
    if ld32(EFFECT) == 0 {
        wapc_write_denial();
        return;
    }
    wapc_out(WAPC_ACCEPTED);
    let mark = ld32(OUT + 4);
    wapc_out(WAPC_ANNOTATIONS);
    let start = ld32(OUT + 4);
    out_byte(b'[' as i32);
    write_obligations();
    out_byte(b']' as i32);
    if ld32(OUT + 4) == start + 2 {
        st32(OUT + 4, mark);
    } else if ld32(WAPC_RECORDS) == 0 {
        // Whoever does not know an obligation denies.
        st32(OUT + 4, 0);
        wapc_out(WAPC_DENIED);
        wapc_out(WAPC_OBLIGED);
        wapc_out(WAPC_FORBIDDEN);
        return;
    } else {
        out_as_json(start);
        out_byte(b'}' as i32);
    }
    out_byte(b'}' as i32);
}

fn wapc_write_denial() {
    wapc_out(WAPC_DENIED);
    if ld32(REASON) == REASON_INVALID {
        wapc_out(WAPC_INVALID);
        wapc_out(WAPC_BAD_REQUEST);
        return;
    }
    let count = ld32(RULES + 4);
    if count == 0 {
        wapc_out(WAPC_NO_RULE);
    }
    let mut at = 0;
    while at < count {
        if at > 0 {
            wapc_out(WAPC_BETWEEN);
        }
        let message = ld32(WAPC_MESSAGES) + ld32(ld32(RULES) + at * 4) * 8;
        out_bytes(ld32(message), ld32(message + 4));
        at += 1;
    }
    wapc_out(WAPC_FORBIDDEN);
}
