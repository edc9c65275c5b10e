//! What modules for hosts of OPA's WebAssembly policies export (ABI 1.3).
//!
//! A value is the address of its JSON text, behind which stands a zero byte; where a host gave it, its length stands in the
//! four bytes before. So nothing is parsed or written but the request and the decision. The heap begins behind the tables,
//! and [`H_ARENA`] is its pointer: what is decided stands behind it.

use super::bind::*;
use super::decide::*;
use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::write::*;

/// Bytes that the arena and its scrap have beside what a request asks for.
const OPA_ARENA: i32 = 65536;
/// Bytes of the longest request of all, whatever a policy's limit: what is made from it has addresses yet.
const OPA_REQUEST_MAX: i32 = 1 << 26;
const OPA_BLOCK_MAX: i32 = 1 << 30;

// A context of an evaluation: input, data, entrypoint, result.
const OPA_CONTEXT_DATA: i32 = 4;
const OPA_CONTEXT_ENTRYPOINT: i32 = 8;
const OPA_CONTEXT_RESULT: i32 = 12;
const OPA_CONTEXT: i32 = 16;

pub fn opa_builtins() -> i32 {
    return ld32(OPA_BUILTINS);
}

pub fn opa_entrypoints() -> i32 {
    return ld32(OPA_ENTRYPOINTS);
}

pub fn opa_malloc(len: i32) -> i32 {
    st32(SCRAP, 0);
    arena_start(ld32(H_ARENA));
    if len < 0 || len > OPA_BLOCK_MAX || !arena_reserve(len + 8 + BEHIND) {
        host_abort(ld32(OPA_NO_MEMORY));
        return NOWHERE;
    }
    let at = alloc(len);
    st32(H_ARENA, ld32(ARENA));
    return at;
}

/// Memory is given back by [`opa_heap_ptr_set`].
pub fn opa_free(_at: i32) {}

pub fn opa_heap_ptr_get() -> i32 {
    return ld32(H_ARENA);
}

pub fn opa_heap_ptr_set(at: i32) {
    if (at as u32) < (ld32(OPA_BASE) as u32) || !opa_is_there(at, 0) {
        host_abort(ld32(OPA_NO_HEAP));
        return;
    }
    st32(H_ARENA, at);
}

/// A value of a text. That it is JSON is found out when it is read. Some hosts count the zero byte behind it.
pub fn opa_json_parse(at: i32, given: i32) -> i32 {
    if !opa_is_there(at, given) {
        return NOWHERE;
    }
    let mut len = given;
    if len > 0 {
        if ld8(at + len - 1) == 0 {
            len -= 1;
        }
    }
    let value = opa_malloc(len + 5) + 4;
    st32(value - 4, len);
    copy(value, at, len);
    st8(value + len, 0);
    return value;
}

pub fn opa_json_dump(value: i32) -> i32 {
    return value;
}

/// Decides; the decision in full.
pub fn opa_eval(_none: i32, entrypoint: i32, data: i32, at: i32, len: i32, heap: i32, _format: i32) -> i32 {
    opa_begin(entrypoint, data);
    opa_heap_ptr_set(heap);
    return opa_decision(at, len);
}

/// Decides; the effect alone.
pub fn opa_eval_bare(_none: i32, entrypoint: i32, data: i32, at: i32, len: i32, heap: i32, _format: i32) -> i32 {
    opa_begin(entrypoint, data);
    opa_heap_ptr_set(heap);
    return opa_effect(at, len);
}

pub fn opa_eval_ctx_new() -> i32 {
    let context = opa_malloc(OPA_CONTEXT);
    fill(context, 0, OPA_CONTEXT);
    return context;
}

pub fn opa_eval_ctx_set_input(context: i32, value: i32) {
    opa_check_context(context);
    st32(context, value);
}

pub fn opa_eval_ctx_set_data(context: i32, value: i32) {
    opa_check_context(context);
    st32(context + OPA_CONTEXT_DATA, value);
}

pub fn opa_eval_ctx_set_entrypoint(context: i32, entrypoint: i32) {
    opa_check_context(context);
    st32(context + OPA_CONTEXT_ENTRYPOINT, entrypoint);
}

pub fn opa_eval_ctx_get_result(context: i32) -> i32 {
    opa_check_context(context);
    return ld32(context + OPA_CONTEXT_RESULT);
}

/// Contexts are on the heap, below its pointer: nothing of the policy's own is written by way of one.
fn opa_check_context(context: i32) {
    if (context as u32) < (ld32(OPA_BASE) as u32) || !opa_is_below(context, OPA_CONTEXT) {
        host_abort(ld32(OPA_NO_CONTEXT));
    }
}

/// Decides as the context says; the decision in full.
pub fn opa_eval_ctx(context: i32) -> i32 {
    opa_check_context(context);
    opa_begin(ld32(context + OPA_CONTEXT_ENTRYPOINT), ld32(context + OPA_CONTEXT_DATA));
    let input = ld32(context);
    st32(context + OPA_CONTEXT_RESULT, opa_decision(input, opa_value_len(input)));
    return 0;
}

/// Decides as the context says; the effect alone.
pub fn opa_eval_ctx_bare(context: i32) -> i32 {
    opa_check_context(context);
    opa_begin(ld32(context + OPA_CONTEXT_ENTRYPOINT), ld32(context + OPA_CONTEXT_DATA));
    let input = ld32(context);
    st32(context + OPA_CONTEXT_RESULT, opa_effect(input, opa_value_len(input)));
    return 0;
}

/// Whether so many bytes are in memory, of which no more than 2 GiB are used: addresses have no sign that way.
fn opa_is_there(at: i32, len: i32) -> bool {
    return at >= 0 && len >= 0 && at as i64 + len as i64 <= (pages() as i64) << 16;
}

/// Whether so many bytes stand below the heap's pointer, so that nothing is written over them while they are read.
fn opa_is_below(at: i32, len: i32) -> bool {
    return opa_is_there(at, len) && at as i64 + len as i64 <= ld32(H_ARENA) as i64;
}

/// The length of a value that the host gave; of any other, none.
fn opa_value_len(value: i32) -> i32 {
    if (value as u32) < (ld32(OPA_BASE) as u32) || !opa_is_there(value, 0) {
        return 0;
    }
    return ld32(value - 4);
}

/// There is one entrypoint, and all data are in the module.
fn opa_begin(entrypoint: i32, data: i32) {
    if entrypoint != 0 {
        host_abort(ld32(OPA_NO_ENTRYPOINT));
    }
    if data != NOWHERE {
        let len = opa_value_len(data);
        let is_there = opa_is_there(data, len) && opa_is_there(data + len, BEHIND);
        json_start(if is_there { data } else { NOWHERE }, if is_there { len } else { 0 });
        json_open(b'{' as i32);
        let has_member = json_next(b'}' as i32, true);
        json_finish();
        if has_member || ld32(ERROR) != 0 {
            host_abort(ld32(OPA_DATA_GIVEN));
        }
    }
}

fn opa_decide(at: i32, len: i32, full: bool) {
    let is_short = len >= 0 && len <= ld32(H_BYTES_MAX) && len < OPA_REQUEST_MAX && opa_is_below(at, len);
    st32(SCRAP, if is_short { OPA_ARENA + len * 16 } else { OPA_ARENA });
    arena_start(ld32(H_ARENA));
    // Room for the decision that the request is invalid.
    if !arena_reserve(OPA_ARENA) {
        host_abort(ld32(OPA_NO_MEMORY));
        return;
    }
    st32(HAS_NOW, 0);
    if is_short && bind_request(at, len) {
        decide(full);
    } else {
        decide_invalid();
    }
}

/// What is decided stays until the host puts the heap's pointer back.
fn opa_decision(at: i32, len: i32) -> i32 {
    opa_decide(at, len, true);
    write_decision();
    if ld32(FAILED) != 0 || !arena_reserve(ld32(OUT + 4) + 16) {
        arena_start(ld32(H_ARENA));
        decide_invalid();
        write_decision();
    }
    let written = ld32(OUT + 4);
    let text = alloc(written + 16);
    st64(text, 0x6c75_7365_7222_7b5b); // [{"resul
    st32(text + 8, 0x3a_2274); // t":
    copy(text + 11, ld32(OUT), written);
    st32(text + 11 + written, 0x5d7d); // }]
    st32(H_ARENA, ld32(ARENA));
    return text;
}

/// Whoever is told no obligations cannot discharge them: access that comes with any is denied.
fn opa_effect(at: i32, len: i32) -> i32 {
    opa_decide(at, len, false);
    let is_obliged = ld32(H_OBLIGES) != 0 && ld32(OBLIGED + 4) != 0;
    return ld32(if ld32(EFFECT) != 0 && !is_obliged { OPA_TRUE } else { OPA_FALSE });
}
