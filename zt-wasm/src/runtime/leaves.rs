//! What was unknown and mattered: as `zt-eval/src/eval/leaves.rs` finds it, which says why.
//!
//! From a node that is unknown the walk goes down through operands that are, to facts that are to be found out, or to
//! operations on known values that have no exact result. What is still to be walked waits on a list: a node, and -1, or the
//! position of the next element of a quantifier that is open.

use super::declared::*;
use super::env::*;
use super::facts::*;
use super::hierarchy::*;
use super::keys::*;
use super::layout::*;
use super::memo::*;
use super::memory::*;
use super::order::*;
use super::out::*;
use super::row::*;
use super::sort::*;
use super::write::*;

/// What is still to be walked: a list of two numbers each.
const LEAVES: i32 = 1944;
const LEAVES_VISIT: i32 = -1;
/// Entities whose parents were asked for and are not known: a list.
const LEAVES_OPEN: i32 = 1956;
/// Whether such entities are wanted.
const LEAVES_WANTED: i32 = 1968;

// Something unknown: whether it is a fact, the fact, and the text (address and length).
const UNKNOWN_FACT: i32 = 4;
const UNKNOWN_TEXT: i32 = 16;
const UNKNOWN_SIZE: i32 = 24;

/// Before the first walk of a decision.
pub fn leaves_start() {
    list_new(LEAVES);
    list_new(LEAVES_OPEN);
    out_start();
}

/// Collects what makes a condition, or a value, unknown.
pub fn leaves_of(root: i32) {
    if ld32(H_NESTS) == 0 {
        leaves_visit(root);
        return;
    }
    leaves_later(root);
    // A list whose memory was had when there was none left is not read.
    while ld32(LEAVES + 4) != 0 && ld32(FAILED) == 0 {
        let state = list_pop(LEAVES);
        let node = list_pop(LEAVES);
        if state == LEAVES_VISIT {
            leaves_visit(node);
        } else {
            leaves_element(node, state);
        }
    }
}

/// Collects what makes a rule's condition unknown.
pub fn leaves_of_rule(row: i32) {
    let condition = rule_condition(row);
    if condition != 0 {
        leaves_of(condition);
        return;
    }
    let conjuncts = rule_conjuncts(row);
    let count = number_at(conjuncts);
    let mut at = 0;
    while at < count {
        leaves_of(listed(conjuncts, at));
        at += 1;
    }
}

/// Collects what makes an argument of an obligation not wholly known.
pub fn leaves_of_argument(node: i32) {
    let row = node_row(node);
    if row == NOWHERE || ld32(FAILED) != 0 {
        return;
    }
    if !node_is_value(node, row) {
        leaves_of(node);
        return;
    }
    if ld8(row + 1) & NODE_IS_CONDITION != 0 || wholly_known(node_value(node)) {
        return;
    }
    if !leaves_place(node) {
        leaves_found_text(row);
    }
}

fn leaves_later(node: i32) {
    push(LEAVES, node);
    push(LEAVES, LEAVES_VISIT);
}

/// A node's row; nowhere for a constant.
fn node_row(node: i32) -> i32 {
    return place_at(ld32(H_NODES) + node * place_width());
}

fn node_child(row: i32, at: i32) -> i32 {
    return listed(row + NODE_CHILDREN, at);
}

/// What a row has behind its children.
fn node_more(row: i32) -> i32 {
    return row + NODE_CHILDREN + (number_at(row + NODE_CHILDREN) + 1) * number_width();
}

fn node_is_value(node: i32, row: i32) -> bool {
    if row == NOWHERE {
        return true;
    }
    if ld8(row + 1) & NODE_IS_CONDITION != 0 {
        return node_truth(node) != UNKNOWN;
    }
    return ld32(node_value(node)) > T_ABSENT;
}

fn node_is_unknown(node: i32) -> bool {
    let row = node_row(node);
    if row == NOWHERE {
        return false;
    }
    if ld8(row + 1) & NODE_IS_CONDITION != 0 {
        return node_truth(node) == UNKNOWN;
    }
    return ld32(node_value(node)) == T_UNKNOWN;
}

fn children_are_values(row: i32) -> bool {
    let count = number_at(row + NODE_CHILDREN);
    let mut at = 0;
    while at < count {
        let child = node_child(row, at);
        if !node_is_value(child, node_row(child)) {
            return false;
        }
        at += 1;
    }
    return true;
}

fn leaves_visit(node: i32) {
    let row = node_row(node);
    if row == NOWHERE {
        return;
    }
    if node_is_value(node, row) {
        return;
    }
    // Whatever was walked since the level's stamp was renewed is not walked again.
    let stamp = ld32(LEVELS + (ld8(row + 1) & NODE_LEVEL) * LEVEL);
    let walked = ld32(H_NODE_STAMPS) + node * 4;
    if ld32(walked) == stamp {
        return;
    }
    st32(walked, stamp);
    match tag_used(ld8(row)) {
        T_NODE_CONTEXT => leaves_in_context(row),
        T_NODE_ATTRIBUTE | T_NODE_FIELD | T_NODE_ELEMENT | T_NODE_INDEX => leaves_in_place(node, row),
        T_NODE_WITHIN => {
            if children_are_values(row) {
                leaves_parents(node_value(node_child(row, 0)), node_value(node_child(row, 1)));
            } else {
                leaves_operands(node, row);
            }
        }
        T_NODE_NOW => {
            if children_are_values(row) {
                leaves_found_fact(FACT_NOW, NOWHERE);
            } else {
                leaves_operands(node, row);
            }
        }
        T_NODE_QUANTIFIED => leaves_elements(node, row),
        T_NODE_IF => {
            let truth = node_truth(node_child(row, 0));
            if truth == UNKNOWN {
                leaves_operands(node, row);
            } else {
                leaves_later(node_child(row, if truth == TRUE { 1 } else { 2 }));
            }
        }
        T_NODE_OPERATOR | T_NODE_OTHERWISE => leaves_operands(node, row),
        _ => never(),
    }
}

/// An attribute of the context, which is in nothing that could be unknown.
fn leaves_in_context(row: i32) {
    list_new(WAITING);
    leaves_found_place(FACT_CONTEXT, number_at(node_more(row)), NOWHERE);
    if leaves_waits_for_now() {
        leaves_found_fact(FACT_NOW, NOWHERE);
    }
}

/// The leaves of the operands that are unknown; when none is, the operation itself.
fn leaves_operands(node: i32, row: i32) {
    let count = number_at(row + NODE_CHILDREN);
    let mut is_any = false;
    let mut at = 0;
    while at < count {
        if node_is_unknown(node_child(row, at)) {
            leaves_later(node_child(row, at));
            is_any = true;
        }
        at += 1;
    }
    if !is_any && !leaves_choice(node) {
        leaves_found_text(row);
    }
}

/// What leaves open which of two records it is that a part is asked of; whether anything does.
fn leaves_choice(node: i32) -> bool {
    let mut at = node;
    loop {
        let row = node_row(at);
        if row == NOWHERE {
            return false;
        }
        match tag_used(ld8(row)) {
            T_NODE_FIELD | T_NODE_INDEX => {
                at = node_child(row, 0);
            }
            T_NODE_ELEMENT => {
                let level = number_at(node_more(row));
                if level_collection(level) == NOWHERE {
                    return false;
                }
                at = level_over(level);
            }
            T_NODE_IF => {
                let condition = node_child(row, 0);
                let truth = node_truth(condition);
                if truth == UNKNOWN {
                    leaves_later(condition);
                    return true;
                }
                at = node_child(row, if truth == TRUE { 1 } else { 2 });
            }
            _ => return false,
        }
    }
}

/// A place in the evidence: what it is in, when that is unknown, else the place itself.
fn leaves_in_place(node: i32, row: i32) {
    let count = number_at(row + NODE_CHILDREN);
    let mut is_inside_unknown = false;
    let mut at = 0;
    while at < count && !is_inside_unknown {
        is_inside_unknown = node_is_unknown(node_child(row, at));
        at += 1;
    }
    if is_inside_unknown || !leaves_place(node) {
        leaves_operands(node, row);
    } else if leaves_waits_for_now() {
        leaves_found_fact(FACT_NOW, NOWHERE);
    }
}

/// Adds the place in the evidence that a node's datum comes from, if it is a part of one fact.
fn leaves_place(node: i32) -> bool {
    let mut at = node;
    list_new(WAITING);
    loop {
        let row = node_row(at);
        if row == NOWHERE || ld32(FAILED) != 0 {
            return false;
        }
        match tag_used(ld8(row)) {
            T_NODE_CONTEXT => {
                leaves_found_place(FACT_CONTEXT, number_at(node_more(row)), NOWHERE);
                return true;
            }
            T_NODE_ATTRIBUTE => {
                let uid = node_value(node_child(row, 0));
                if ld32(uid) != T_ENTITY || ld32(uid + 4) != number_at(node_more(row) + number_width()) {
                    return false;
                }
                leaves_found_place(FACT_ATTRIBUTE, number_at(node_more(row)), uid);
                return true;
            }
            T_NODE_FIELD | T_NODE_INDEX => {
                push(WAITING, row);
                at = node_child(row, 0);
            }
            T_NODE_ELEMENT => {
                let level = number_at(node_more(row));
                if level_collection(level) == NOWHERE {
                    return false;
                }
                push(WAITING, row);
                at = level_over(level);
            }
            T_NODE_OTHERWISE => {
                let first = node_child(row, 0);
                at = if node_is_absent(first) { node_child(row, 1) } else { first };
            }
            T_NODE_IF => {
                let truth = node_truth(node_child(row, 0));
                if truth == UNKNOWN {
                    return false;
                }
                at = node_child(row, if truth == TRUE { 1 } else { 2 });
            }
            _ => return false,
        }
    }
}

fn node_is_absent(node: i32) -> bool {
    let row = node_row(node);
    if row == NOWHERE {
        return false;
    }
    if ld8(row + 1) & NODE_IS_CONDITION != 0 {
        return false;
    }
    return ld32(node_value(node)) == T_ABSENT;
}

/// Adds a fact, and behind its text the steps that wait, the last one first.
fn leaves_found_place(kind: i32, index: i32, uid: i32) {
    let unknown = leaves_found(kind, index, uid);
    let mark = ld32(OUT + 4);
    out_fact(unknown + UNKNOWN_FACT);
    while ld32(H_NESTS) != 0 && ld32(WAITING + 4) != 0 && ld32(FAILED) == 0 {
        let row = list_pop(WAITING);
        let more = node_more(row);
        match tag_used(ld8(row)) {
            T_NODE_ELEMENT => out_word(0x5d5b, 2), // []
            T_NODE_FIELD => {
                let field = place_at(more);
                out_byte(b'.' as i32);
                out_member(name_at(field), name_len(field));
            }
            T_NODE_INDEX => out_bytes(place_at(more), number_at(more + place_width())),
            _ => {}
        }
    }
    leaves_text(unknown, mark);
}

/// Adds a fact.
fn leaves_found_fact(kind: i32, uid: i32) {
    let unknown = leaves_found(kind, 0, uid);
    let mark = ld32(OUT + 4);
    out_fact(unknown + UNKNOWN_FACT);
    leaves_text(unknown, mark);
}

fn leaves_found(kind: i32, index: i32, uid: i32) -> i32 {
    let unknown = alloc(UNKNOWN_SIZE);
    st32(unknown, 1);
    st32(unknown + UNKNOWN_FACT, kind);
    st32(unknown + UNKNOWN_FACT + FACT_INDEX, index);
    st32(unknown + UNKNOWN_FACT + FACT_UID, uid);
    push(UNKNOWNS, unknown);
    return unknown;
}

/// Takes what was written since the mark for a text.
fn leaves_text(unknown: i32, mark: i32) {
    let len = ld32(OUT + 4) - mark;
    if ld32(FAILED) != 0 || !arena_reserve(len + 8) {
        st32(FAILED, 1);
        return;
    }
    let text = alloc(len);
    copy(text, ld32(OUT) + mark, len);
    st32(unknown + UNKNOWN_TEXT, text);
    st32(unknown + UNKNOWN_TEXT + 4, len);
    st32(OUT + 4, mark);
}

/// Adds an operation.
fn leaves_found_text(row: i32) {
    let unknown = alloc(UNKNOWN_SIZE);
    st32(unknown, 0);
    st64(unknown + UNKNOWN_TEXT, 0);
    let flags = ld8(row + 1);
    if flags & NODE_HAS_TEXT != 0 {
        let kind = ld8(row);
        let mut more = node_more(row);
        // What else there is stands before it.
        if kind == T_NODE_ATTRIBUTE {
            more += 2 * number_width();
        } else if kind == T_NODE_FIELD {
            more += place_width();
        } else if kind == T_NODE_INDEX {
            more += place_width() + number_width();
        } else if kind == T_NODE_CONTEXT || kind == T_NODE_ELEMENT || kind == T_NODE_QUANTIFIED {
            more += number_width();
        }
        let text = place_at(more);
        let len = number_at(more + place_width());
        if ld32(H_TEXTS_IN_PARTS) != 0 && flags & NODE_IN_PARTS != 0 {
            let mark = ld32(OUT + 4);
            let mut part = text;
            let end = part + len * (place_width() + number_width());
            while part != end {
                out_bytes(place_at(part), number_at(part + place_width()));
                part += place_width() + number_width();
            }
            leaves_text(unknown, mark);
        } else {
            st32(unknown + UNKNOWN_TEXT, text);
            st32(unknown + UNKNOWN_TEXT + 4, len);
        }
    }
    push(UNKNOWNS, unknown);
}

/// Whether the attribute that was added last is unknown for want of the instant: there is one at which it would be known.
fn leaves_waits_for_now() -> bool {
    if ld32(H_BOUNDED) == 0 {
        return false;
    }
    if ld32(HAS_NOW) != 0 || ld32(FAILED) != 0 {
        return false;
    }
    let fact = ld32(ld32(UNKNOWNS) + ld32(UNKNOWNS + 4) * 4 - 4) + UNKNOWN_FACT;
    let full = ld32(FULL);
    st32(FULL, 0);
    // Reading it tells when it is fresh, too.
    let is_unknown = ld32(leaves_read(fact)) == T_UNKNOWN;
    st32(HAS_NOW, 1);
    st64(NOW, ld64(FRESH_FROM));
    let cell = leaves_read(fact);
    st32(HAS_NOW, 0);
    st32(FULL, full);
    return is_unknown && ld32(cell) != T_UNKNOWN;
}

fn leaves_read(fact: i32) -> i32 {
    let index = ld32(fact + FACT_INDEX);
    let uid = ld32(fact + FACT_UID);
    return match tag_used(ld32(fact)) {
        FACT_CONTEXT => context_value(index),
        _ => attribute_value(uid, ld32(uid + 4), index),
    };
}

/// The entities whose unknown parents leave it open whether one lies within another.
fn leaves_parents(inner: i32, outer: i32) {
    let tag = ld32(outer);
    if tag != T_SET && tag != T_LIST {
        leaves_parents_of(inner, outer);
        return;
    }
    let count = ld32(outer + 4);
    let mut at = 0;
    while at < count {
        leaves_parents_of(inner, ld32(outer + 8) + at * CELL);
        at += 1;
    }
}

fn leaves_parents_of(inner: i32, outer: i32) {
    st32(LEAVES_OPEN + 4, 0);
    st32(LEAVES_WANTED, 1);
    let truth = within(inner, outer);
    st32(LEAVES_WANTED, 0);
    if truth != UNKNOWN {
        return;
    }
    let mut at = 0;
    while at < ld32(LEAVES_OPEN + 4) && ld32(FAILED) == 0 {
        leaves_found_fact(FACT_PARENTS, ld32(ld32(LEAVES_OPEN) + at * 4));
        at += 1;
    }
}

/// An entity's parents were asked for and are not known.
pub fn leaves_note_open(uid: i32) {
    if ld32(LEAVES_WANTED) != 0 {
        push(LEAVES_OPEN, uid);
    }
}

fn leaves_elements(node: i32, row: i32) {
    let over = node_child(row, 0);
    let cell = node_value(over);
    if ld32(cell) == T_UNKNOWN {
        leaves_later(over);
        return;
    }
    if level_count(cell) < 0 {
        leaves_found_text(row);
        return;
    }
    level_open(number_at(node_more(row)), cell, over);
    push(LEAVES, node);
    push(LEAVES, 0);
}

/// Goes to an element of a quantifier that is open, and leaves it behind the last one.
fn leaves_element(node: i32, index: i32) {
    let row = node_row(node);
    let level = number_at(node_more(row));
    let body = node_child(row, 1);
    if index >= level_count(level_collection(level)) {
        level_close(level);
        return;
    }
    level_go(level, index);
    push(LEAVES, node);
    push(LEAVES, index + 1);
    if node_truth(body) == UNKNOWN {
        leaves_later(body);
    }
}
