//! The request document, put together from what a proxy's host has.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::proxy_host::*;
use super::proxy_query::*;
use super::proxy_value::*;
use super::utf8::*;

/// Writes the document to the text of [`OUT`]: whether there is all that it needs.
pub fn proxy_document() -> bool {
    out_start();
    proxy_text(PROXY_SUBJECT);
    if !proxy_subject() {
        return false;
    }
    proxy_text(PROXY_ACTION);
    if !proxy_who(ld32(PROXY_RESOURCE)) {
        return false;
    }
    proxy_text(PROXY_BEFORE_CONTEXT);
    proxy_fills(ld32(PROXY_CONTEXT), ld32(PROXY_CONTEXT_COUNT));
    proxy_text(PROXY_END);
    return ld32(PROXY_BAD) == 0 && ld32(FAILED) == 0;
}

/// Writes the first subject that is there.
fn proxy_subject() -> bool {
    let mut who = ld32(PROXY_SUBJECTS);
    let end = who + ld32(PROXY_SUBJECTS_COUNT) * WHO;
    while who < end {
        if proxy_who(who) {
            return true;
        }
        who += WHO;
    }
    return false;
}

/// Writes an entity, if it has an id and its conditions hold: whether it does.
fn proxy_who(who: i32) -> bool {
    if !proxy_holds(ld32(who + WHO_WHEN), ld32(who + WHO_WHEN_COUNT)) {
        return false;
    }
    let id = ld32(who + WHO_ID_FROM);
    if id >= 0 {
        // An empty text names nobody.
        if !proxy_has(id) || ld32(proxy_known(id) + 8) == 0 {
            return false;
        }
    }
    out_bytes(ld32(who), ld32(who + 4));
    if id >= 0 {
        proxy_value(ld32(who + WHO_ID_KIND), id);
    } else {
        proxy_text(PROXY_NO_ID);
    }
    let count = ld32(who + WHO_FILLS_COUNT);
    if count > 0 {
        proxy_text(PROXY_ATTRIBUTES);
        proxy_fills(ld32(who + WHO_FILLS), count);
        out_byte(b'}' as i32);
    }
    proxy_parents(ld32(who + WHO_PARENTS), ld32(who + WHO_PARENTS_COUNT));
    out_byte(b'}' as i32);
    return true;
}

fn proxy_holds(conditions: i32, count: i32) -> bool {
    let mut at = conditions;
    while at < conditions + count * WHEN {
        let known = proxy_known(ld32(at));
        if ld32(known) != KNOWN_THERE {
            return false;
        }
        // What is no text is not merely another one.
        proxy_check_text(ld32(known + 4), ld32(known + 8));
        if !utf8_valid(ld32(known + 4), ld32(known + 8)) {
            st32(PROXY_BAD, 1);
        }
        if !bytes_equal(ld32(known + 4), ld32(known + 8), ld32(at + 4), ld32(at + 8)) {
            return false;
        }
        at += WHEN;
    }
    return true;
}

/// Writes an entity's parents. If any is not there, none are said: they are unknown.
fn proxy_parents(parents: i32, count: i32) {
    if count == 0 {
        return;
    }
    let mark = ld32(OUT + 4);
    proxy_text(PROXY_PARENTS);
    let mut parent = parents;
    while parent < parents + count * PARENT {
        if !proxy_has(ld32(parent + 12)) {
            st32(OUT + 4, mark);
            return;
        }
        match tag_used(ld32(parent + 8)) {
            T_FILL_TEXTS => proxy_each_parent(parent),
            _ => {
                proxy_comma();
                out_bytes(ld32(parent), ld32(parent + 4));
                proxy_value(ld32(parent + 8), ld32(parent + 12));
                out_byte(b'}' as i32);
            }
        }
        parent += PARENT;
    }
    out_byte(b']' as i32);
}

/// Writes a parent for each text of a list.
fn proxy_each_parent(parent: i32) {
    let known = proxy_known(ld32(parent + 12));
    let at = ld32(known + 4);
    let len = ld32(known + 8);
    let count = proxy_pairs(at, len);
    let mut pair = ld32(PROXY_PAIRS);
    let mut left = if count < 0 { 1 } else { count };
    while left > 0 {
        proxy_comma();
        out_bytes(ld32(parent), ld32(parent + 4));
        if count < 0 {
            proxy_say(at, len);
        } else {
            proxy_item(pair);
        }
        out_byte(b'}' as i32);
        pair += 2 * CELL;
        left -= 1;
    }
}

fn proxy_fills(rows: i32, count: i32) {
    let mut row = rows;
    while row < rows + count * FILL {
        let mark = proxy_name(row);
        match tag_used(ld32(row + FILL_KIND)) {
            T_FILL_RECORD => proxy_record(row, mark),
            _ => proxy_fill(row, mark),
        }
        row += FILL;
    }
}

/// Writes a comma where one is needed and a name: how much was written before.
fn proxy_name(row: i32) -> i32 {
    let mark = ld32(OUT + 4);
    proxy_comma();
    out_bytes(ld32(row), ld32(row + 4));
    return mark;
}

/// Writes a record of what is there. One of claims is not there without a token.
fn proxy_record(row: i32, mark: i32) {
    if ld32(row + FILL_MISSING) == MISSING_IN_TOKEN {
        if !proxy_has_token() {
            st32(OUT + 4, mark);
            return;
        }
    }
    let rows = ld32(row + FILL_FROM);
    out_byte(b'{' as i32);
    let mut field = rows;
    while field < rows + ld32(row + FILL_COUNT) * FILL {
        let before = proxy_name(field);
        proxy_fill(field, before);
        field += FILL;
    }
    out_byte(b'}' as i32);
}

/// Writes a value behind its name.
fn proxy_fill(row: i32, mark: i32) {
    let from = ld32(row + FILL_FROM);
    let kind = ld32(row + FILL_KIND);
    let is_there = match tag_used(kind) {
        T_FILL_QUERY => proxy_query(from),
        T_FILL_HEADERS => {
            proxy_all_headers();
            true
        }
        T_FILL_HEADER => proxy_header(from),
        T_FILL_HEADER_ALL => {
            proxy_header_all(from);
            true
        }
        T_FILL_NOTHING => false,
        _ => proxy_value(kind, from),
    };
    if !is_there {
        proxy_missing(row, mark);
    }
}

/// Takes back what was written since the mark, or says that a value is unknown.
fn proxy_missing(row: i32, mark: i32) {
    let missing = ld32(row + FILL_MISSING);
    st32(OUT + 4, mark);
    if missing == MISSING_LEFT_OUT {
        return;
    }
    if missing == MISSING_IN_TOKEN {
        if proxy_has_token() {
            return;
        }
    }
    proxy_name(row);
    if missing == MISSING_NULL {
        out_null();
    } else {
        proxy_text(PROXY_UNKNOWN);
    }
}
