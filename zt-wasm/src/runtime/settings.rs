//! Settings: values that a host gives to parameters when it loads a module.
//!
//! A parameter that is set so has a cell of its own, which the code of conditions reads. Settings are taken as a whole: a
//! member that is no such parameter, or not of its type through and through, is refused, since a host that runs a policy
//! with half of its settings would enforce what nobody has asked for. No request reaches these cells.

use super::declared::*;
use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::order::*;
use super::out::*;
use super::read::*;
use super::store::*;

// What is wrong with settings, and with which of them: the row of a parameter, or nowhere; the name that was given.
const SETTINGS_WRONG: i32 = 800;
const SETTINGS_ROW: i32 = 804;
const SETTINGS_NAME: i32 = 808;
const SETTINGS_NAME_LEN: i32 = 812;
/// Whether any were applied and stay.
pub const SETTINGS_STAY: i32 = 816;

// Also the numbers of their texts.
const SETTINGS_UNREADABLE: i32 = 0;
const SETTINGS_UNKNOWN: i32 = 1;
const SETTINGS_TWICE: i32 = 2;
const SETTINGS_MISTYPED: i32 = 3;
const SETTINGS_MISSING: i32 = 4;
/// Behind the name of an unknown one: which there are.
const SETTINGS_THERE_ARE: i32 = 5;
/// Behind the name of one that was given twice.
const SETTINGS_QUOTE: i32 = 6;
pub const SETTINGS_NO_MEMORY: i32 = 7;
/// Before what is wrong, in a proxy's log.
pub const SETTINGS_REFUSED: i32 = 8;
/// Where entity data stand behind the settings that are in force.
pub const SETTINGS_AFTER_DATA: i32 = 9;
/// Bytes of the longest settings of all.
const SETTINGS_MAX: i32 = 1 << 26;

/// Gives parameters the values that settings have for them, and their defaults to the others: whether that is possible.
/// What is not wrong stays good as long as the bytes and the arena behind them are. No bytes are no settings.
pub fn settings_apply(at: i32, len: i32) -> bool {
    st32(SETTINGS_WRONG, SETTINGS_UNREADABLE);
    st32(SETTINGS_ROW, NOWHERE);
    let count = ld32(H_SETTINGS_COUNT);
    let given = alloc(count);
    if ld32(FAILED) != 0 || len < 0 || len > SETTINGS_MAX || (len as u32) > (ld32(H_BYTES_MAX) as u32) {
        return false;
    }
    fill(given, 0, count);
    read_reset();
    if len > 0 {
        json_start(at, len);
        if json_peek() == K_NULL {
            json_null();
        } else if !settings_members(given, count) {
            return false;
        }
        json_finish();
        if ld32(ERROR) != 0 {
            return false;
        }
    }
    return settings_defaults(given, count);
}

/// Reads the members of an object; whether all are good.
fn settings_members(given: i32, count: i32) -> bool {
    json_open(OPEN_OBJECT);
    // A value nests as deep as it may, wherever it stands.
    st32(JDEPTH, 0);
    let mut is_first = true;
    while json_next(CLOSE_OBJECT, is_first) {
        is_first = false;
        json_key();
        if ld32(ERROR) != 0 {
            return false;
        }
        st32(SETTINGS_NAME, ld32(STR));
        st32(SETTINGS_NAME_LEN, ld32(STR_LEN));
        let place = row_find(ld32(H_SETTINGS), count, setting_width(), ld32(STR), ld32(STR_LEN));
        if place < 0 {
            st32(SETTINGS_WRONG, SETTINGS_UNKNOWN);
            return false;
        }
        if ld8(given + place) != 0 {
            st32(SETTINGS_WRONG, SETTINGS_TWICE);
            return false;
        }
        st8(given + place, 1);
        let row = setting_row(place);
        read_value(setting_type(row), 1, EXTENT_WHOLE, setting_cell(row));
        if ld32(ERROR) != 0 {
            return false;
        }
        if !wholly_known(setting_cell(row)) {
            st32(SETTINGS_WRONG, SETTINGS_MISTYPED);
            st32(SETTINGS_ROW, row);
            return false;
        }
    }
    return ld32(ERROR) == 0;
}

/// Gives the others their defaults; whether they have one.
fn settings_defaults(given: i32, count: i32) -> bool {
    let mut place = 0;
    while place < count {
        let row = setting_row(place);
        if ld8(given + place) == 0 {
            if setting_default(row) == NOWHERE {
                st32(SETTINGS_WRONG, SETTINGS_MISSING);
                st32(SETTINGS_ROW, row);
                return false;
            }
            copy(setting_cell(row), setting_default(row), CELL);
        }
        place += 1;
    }
    return ld32(FAILED) == 0;
}

/// Whether every parameter has a value, where settings stay until there are others.
pub fn settings_are_there() -> bool {
    return ld32(H_SETTINGS_WANTED) == 0 || ld32(SETTINGS_STAY) != 0;
}

/// Where a text and its length are.
pub fn settings_text(text: i32) -> i32 {
    return ld32(H_SETTINGS_TEXTS) + text * 8;
}

fn settings_out(text: i32) {
    let place = settings_text(text);
    out_bytes(ld32(place), ld32(place + 4));
}

/// Writes what is wrong with settings that were not applied.
pub fn settings_write_wrong() {
    let wrong = ld32(SETTINGS_WRONG);
    settings_out(wrong);
    let row = ld32(SETTINGS_ROW);
    if row != NOWHERE {
        let wanted = setting_wanted(row);
        out_bytes(name_at(wanted), name_len(wanted));
    } else if wrong != SETTINGS_UNREADABLE {
        out_bytes(ld32(SETTINGS_NAME), ld32(SETTINGS_NAME_LEN));
        settings_out(if wrong == SETTINGS_UNKNOWN { SETTINGS_THERE_ARE } else { SETTINGS_QUOTE });
    }
}
