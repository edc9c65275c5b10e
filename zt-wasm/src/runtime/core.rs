//! What modules of the target `core` export.

use super::bind::*;
use super::data::*;
use super::decide::*;
use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::settings::*;
use super::slots::*;
use super::time::*;
use super::write::*;

/// Bytes that the arena and its scrap have beside what a request asks for.
const CORE_ARENA: i32 = 65536;

/// A place for a request of so many bytes; nowhere for one that is too long, or when there is no memory left. What was
/// decided before is forgotten.
pub fn core_alloc(len: i32) -> i32 {
    let is_short = len >= 0 && len <= ld32(H_BYTES_MAX) && core_is_short(len);
    st32(SCRAP, if is_short { core_scrap(len) } else { CORE_ARENA });
    arena_start(ld32(H_ARENA));
    // Room for the request, and for the decision that it is invalid.
    if is_short && arena_reserve(len + CORE_ARENA) {
        return alloc(len);
    }
    st32(SCRAP, CORE_ARENA);
    arena_start(ld32(H_ARENA));
    return NOWHERE;
}

/// Bytes of the longest request of all, whatever a policy's limit: what is made from it has addresses yet.
const CORE_REQUEST_MAX: i32 = 1 << 26;

fn core_is_short(len: i32) -> bool {
    if ld32(H_TAKES_SLOTS) != 0 {
        return len < CORE_REQUEST_MAX / 2;
    }
    return len < CORE_REQUEST_MAX;
}

/// An element takes two bytes in JSON, and one in slots.
fn core_scrap(len: i32) -> i32 {
    if ld32(H_TAKES_SLOTS) != 0 {
        return CORE_ARENA + len * 32;
    }
    return CORE_ARENA + len * 16;
}

/// Whether the host has set entity data. They stand behind the settings, which stay as they are then.
fn core_has_data() -> bool {
    return ld32(H_TAKES_DATA) != 0 && ld32(H_ARENA) != ld32(H_DATA);
}

/// Whether that is where `core_alloc` gave a place for so many bytes.
fn core_is_there(at: i32, len: i32) -> bool {
    return at >= ld32(H_ARENA) && len >= 0 && len <= ld32(ARENA) - at;
}

/// Puts settings in force, which stand at an address that `core_alloc` gave: 0. Or what is wrong with them, as text: its
/// address and length; the settings before stay then.
pub fn core_configure(at: i32, len: i32) -> i64 {
    let given = if core_is_there(at, len) { len } else { -1 };
    if core_has_data() {
        return ld64(settings_text(SETTINGS_AFTER_DATA));
    }
    let cells = ld32(H_SETTINGS_CELLS);
    let size = ld32(H_SETTINGS_COUNT) * CELL;
    let before = alloc(size);
    copy(before, cells, size);
    if settings_apply(at, given) {
        // Once more, where they are to stay: behind the tables, and decisions behind them.
        let base = ld32(CORE_BASE);
        copy(base, at, len);
        arena_start(base + len);
        settings_apply(base, len);
        st32(H_ARENA, ld32(ARENA));
        st32(H_DATA, ld32(ARENA));
        st32(SETTINGS_STAY, 1);
        return 0;
    }
    copy(cells, before, size);
    out_start();
    settings_write_wrong();
    if ld32(FAILED) != 0 {
        return ld64(settings_text(SETTINGS_NO_MEMORY));
    }
    return span(ld32(OUT), ld32(OUT + 4));
}

/// Decides the request at an address that `core_alloc` gave. The decision as JSON: its address and length.
pub fn core_decide(at: i32, len: i32, has_now: i32, now: i64, full: i32) -> i64 {
    core_now(has_now, now);
    let is_bound = core_is_ready(at, len) && bind_request(at, len);
    return core_answer(is_bound, full);
}

/// The same for a request in slots.
pub fn core_decide_slots(at: i32, len: i32, has_now: i32, now: i64, full: i32) -> i64 {
    core_now(has_now, now);
    let is_bound = core_is_ready(at, len) && bind_slots(at, len);
    return core_answer(is_bound, full);
}

/// A number that is no instant is as if there were none.
fn core_now(has_now: i32, now: i64) {
    st32(HAS_NOW, (has_now != 0 && timestamp_fits(now)) as i32);
    st64(NOW, now);
}

/// Whether a request that the host has written there can be decided.
fn core_is_ready(at: i32, len: i32) -> bool {
    if ld32(H_TAKES_DATA) != 0 && ld32(DATA_MASK) == DATA_LOST {
        return false;
    }
    return core_is_there(at, len) && settings_are_there();
}

/// Decides what was bound, and writes it: its address and length.
fn core_answer(is_bound: bool, full: i32) -> i64 {
    if is_bound {
        decide(full != 0);
    } else {
        decide_invalid();
    }
    write_decision();
    if ld32(FAILED) != 0 {
        arena_start(ld32(H_ARENA));
        decide_invalid();
        write_decision();
    }
    return span(ld32(OUT), ld32(OUT + 4));
}

/// A place for a document of entity data; nowhere for one that is too long, or when there is no memory left.
pub fn core_alloc_data(len: i32) -> i32 {
    st32(SCRAP, CORE_ARENA);
    arena_start(ld32(H_ARENA));
    let is_short = len >= 0 && (len as u32) <= (ld32(H_DATA_BYTES_MAX) as u32) && len < CORE_REQUEST_MAX;
    if is_short && arena_reserve(len + CORE_ARENA) {
        return alloc(len);
    }
    return NOWHERE;
}

/// Puts the document at an address that `core_alloc_data` gave in force: 0; or leaves what was in force: 1 when it is no entity
/// data of the policy, 2 when there is no memory for them.
pub fn core_set_data(at: i32, len: i32) -> i32 {
    let told = if core_is_there(at, len) { data_set(at, len) } else { DATA_REFUSED };
    arena_start(ld32(H_ARENA));
    return told;
}
