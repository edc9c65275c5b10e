//! The request, put together from what a proxy's host has, in slots.

use super::bind::*;
use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::proxy_host::*;
use super::proxy_message::*;
use super::proxy_query::*;
use super::proxy_value::*;
use super::slots::*;
use super::utf8::*;

/// Bytes of the longest request of all, whatever a policy's limit: what is made from it has addresses yet.
const PROXY_REQUEST_MAX: i32 = 1 << 25;

/// Puts the request together and binds it: whether there is one that fits the policy.
pub fn proxy_bind() -> bool {
    proxy_ask();
    if !proxy_request() {
        return false;
    }
    let len = ld32(OUT + 4);
    // An element takes two bytes in JSON, and one here.
    return len < PROXY_REQUEST_MAX && bind_room(len * 2) && bind_slots(ld32(OUT), len);
}

/// Writes the request to the text of [`OUT`]: whether there is all that it needs.
fn proxy_request() -> bool {
    out_start();
    proxy_u32(SLOTS_FORM);
    proxy_u32(ld32(PROXY_ACTION));
    if !proxy_subject() || !proxy_who(ld32(PROXY_RESOURCE)) {
        return false;
    }
    proxy_attributes(ld32(PROXY_CONTEXT), ld32(PROXY_CONTEXT_COUNT));
    // No entities besides.
    proxy_u32(0);
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
    if id < 0 {
        proxy_u32(ld32(who));
        proxy_u32(1);
        out_byte(b'-' as i32);
    } else {
        let known = proxy_known(id);
        if !proxy_can_name(ld32(who + WHO_ID_KIND), known) {
            return false;
        }
        proxy_u32(ld32(who));
        proxy_name(ld32(who + WHO_ID_KIND), known);
    }
    let count = ld32(who + WHO_FILLS_COUNT);
    if count > 0 {
        proxy_attributes(ld32(who + WHO_FILLS), count);
    } else {
        proxy_u32(SLOTS_UNSAID);
    }
    proxy_parents(ld32(who + WHO_PARENTS), ld32(who + WHO_PARENTS_COUNT));
    return true;
}

/// Writes the name of an entity. What is no text names none.
fn proxy_name(kind: i32, known: i32) {
    if ld32(known) != KNOWN_TEXT {
        st32(PROXY_BAD, 1);
        return;
    }
    let text = proxy_cut(kind, known);
    proxy_say_name(span_at(text), span_len(text));
}

fn proxy_holds(conditions: i32, count: i32) -> bool {
    let mut at = conditions;
    while at < conditions + count * WHEN {
        let known = proxy_known(ld32(at));
        if ld32(known) <= KNOWN_NULL {
            return false;
        }
        // What is no text is not merely another one.
        if ld32(known) != KNOWN_TEXT || !utf8_valid(ld32(known + 4), ld32(known + 8)) {
            st32(PROXY_BAD, 1);
            return false;
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
    let end = parents + count * PARENT;
    let mut is_there = count > 0;
    let mut parent = parents;
    while parent < end {
        if !proxy_can_name(ld32(parent + 4), proxy_known(ld32(parent + 8))) {
            is_there = false;
        }
        parent += PARENT;
    }
    if !is_there {
        out_byte(S_UNSAID);
        return;
    }
    out_byte(S_LIST);
    let place = proxy_count();
    let mut said = 0;
    parent = parents;
    while parent < end {
        let known = proxy_known(ld32(parent + 8));
        if ld32(known) == KNOWN_LIST {
            said += proxy_each_parent(parent, ld32(known + 4), ld32(known + 8));
        } else {
            proxy_parent(parent, known);
            said += 1;
        }
        parent += PARENT;
    }
    proxy_counted(place, said);
}

/// Writes a parent for each item of a list: how many.
fn proxy_each_parent(parent: i32, from: i32, len: i32) -> i32 {
    let mut count = 0;
    let mut next = proxy_next_item(from, from + len);
    while ld32(PROXY_ITEM) != KNOWN_MISSING {
        proxy_parent(parent, PROXY_ITEM);
        count += 1;
        next = proxy_next_item(next, from + len);
    }
    return count;
}

fn proxy_parent(parent: i32, known: i32) {
    proxy_tag(S_ENTITY, ld32(parent));
    proxy_name(ld32(parent + 4), known);
}

/// Writes attributes, and how many there are.
fn proxy_attributes(rows: i32, count: i32) {
    let place = proxy_count();
    let mut said = 0;
    let mut row = rows;
    while row < rows + count * FILL {
        let mark = ld32(OUT + 4);
        proxy_u32(ld32(row));
        let is_said = match tag_used(ld32(row + FILL_KIND)) {
            T_FILL_RECORD => proxy_record(row),
            _ => proxy_fill(row),
        };
        said += proxy_keep_said(mark, is_said);
        row += FILL;
    }
    proxy_counted(place, said);
}

/// Takes back what was written since the mark, if it is not to be said: 1 if it is.
fn proxy_keep_said(mark: i32, is_said: bool) -> i32 {
    if !is_said {
        st32(OUT + 4, mark);
    }
    return is_said as i32;
}

/// Writes a record of what is there: whether it is said. One of claims is not there without a token.
fn proxy_record(row: i32) -> bool {
    if ld32(row + FILL_MISSING) == MISSING_IN_TOKEN {
        if !proxy_has_token() {
            return false;
        }
    }
    let rows = ld32(row + FILL_FROM);
    out_byte(S_OBJECT);
    let place = proxy_count();
    let mut said = 0;
    let mut field = rows;
    while field < rows + ld32(row + FILL_COUNT) * FILL {
        let mark = ld32(OUT + 4);
        proxy_say_name(ld32(field), ld32(field + 4));
        said += proxy_keep_said(mark, proxy_fill(field));
        field += FILL;
    }
    proxy_counted(place, said);
    return true;
}

/// Writes a value behind its name, or what is said where there is none: whether anything is.
fn proxy_fill(row: i32) -> bool {
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
    if is_there {
        return true;
    }
    let missing = ld32(row + FILL_MISSING);
    if missing == MISSING_LEFT_OUT {
        return false;
    }
    if missing == MISSING_IN_TOKEN {
        if proxy_has_token() {
            return false;
        }
    }
    if missing == MISSING_NULL {
        out_byte(S_NULL);
    } else {
        proxy_no_value(kind);
    }
    return true;
}
