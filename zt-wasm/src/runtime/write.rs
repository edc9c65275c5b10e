//! The decision as JSON, byte for byte as `zt-eval` writes it; of an invalid request only that it is.

use super::decide::*;
use super::declared::*;
use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::out_value::*;
use super::row::*;
use super::sort::*;
use super::time::*;

// Where parts of the text of a decision without what is in it end; each begins where the one before it ends.
pub const TEXT_AUDIT: i32 = 10; // {"audit":[
pub const TEXT_CHALLENGE: i32 = 25; // ],"challenge":[
pub const TEXT_DEPENDS_ON: i32 = 41; // ],"depends_on":[
pub const TEXT_EFFECT: i32 = 53; // ],"effect":"
pub const TEXT_OBLIGATIONS: i32 = 70; // ","obligations":[
pub const TEXT_OVERRIDDEN: i32 = 86; // ],"overridden":[
pub const TEXT_REASON: i32 = 98; // ],"reason":"
pub const TEXT_RULES: i32 = 109; // ","rules":[
pub const TEXT_UNKNOWN: i32 = 122; // ],"unknown":[
pub const TEXT_VALID_UNTIL: i32 = 138; // ],"valid_until":
// Parts of other texts in it.
pub const TEXT_ACR: i32 = 145; // {"acr":
pub const TEXT_ATTRIBUTE: i32 = 158; // ,"attribute":
pub const TEXT_MAX_AGE: i32 = 169; // ,"max_age":
pub const TEXT_CONTEXT: i32 = 177; // context.
pub const TEXT_PARENTS: i32 = 185; // " parents"
const TEXT_BECAUSE: i32 = 197; // {"because":"
const TEXT_PLACE: i32 = 208; // ","place":"
const TEXT_RULE: i32 = 218; // ","rule":"
const TEXT_END: i32 = 220; // "}

/// The next of a rule's texts.
const TEXT_NEXT: i32 = 2016;

/// Writes the decision to the text of [`OUT`].
pub fn write_decision() {
    if ld32(REASON) != REASON_INVALID {
        write_all();
    }
    if ld32(FAILED) != 0 || ld32(REASON) == REASON_INVALID {
        // The request is not read any more: its memory has room for this.
        arena_start(ld32(H_ARENA));
        decide_invalid();
        write_all();
    }
}

fn write_all() {
    out_start();
    write_part(0, TEXT_AUDIT);
    if ld32(H_AUDITS) != 0 {
        write_rules(AUDIT);
    }
    write_part(TEXT_AUDIT, TEXT_CHALLENGE);
    write_challenge();
    write_part(TEXT_CHALLENGE, TEXT_DEPENDS_ON);
    write_facts();
    write_part(TEXT_DEPENDS_ON, TEXT_EFFECT);
    if ld32(EFFECT) != 0 {
        out_word(0x776f6c6c61, 5); // allow
    } else {
        out_word(0x796e6564, 4); // deny
    }
    write_part(TEXT_EFFECT, TEXT_OBLIGATIONS);
    write_obligations();
    write_part(TEXT_OBLIGATIONS, TEXT_OVERRIDDEN);
    if ld32(H_OVERRIDES) != 0 {
        write_rules(OVERRIDDEN);
    }
    if ld32(REASON) != 0 {
        write_part(TEXT_OVERRIDDEN, TEXT_REASON);
        write_reason();
        write_part(TEXT_REASON, TEXT_RULES);
    } else {
        out_byte(b']' as i32);
        write_part(TEXT_REASON + 1, TEXT_RULES);
    }
    write_rules(RULES);
    write_part(TEXT_RULES, TEXT_UNKNOWN);
    write_unknowns();
    write_part(TEXT_UNKNOWN, TEXT_VALID_UNTIL);
    if ld32(H_TIMED) != 0 && ld32(HAS_FLIP) != 0 {
        out_byte(b'"' as i32);
        out_timestamp(ld64(FLIP));
        out_byte(b'"' as i32);
    } else {
        out_null();
    }
    out_byte(b'}' as i32);
}

/// A part of the text.
fn write_part(from: i32, to: i32) {
    out_bytes(ld32(H_TEXTS) + from, to - from);
}

fn out_comma(is_first: bool) {
    if !is_first {
        out_byte(b',' as i32);
    }
}

fn write_reason() {
    match ld32(REASON) {
        1 => out_word(0x656c7572, 4),       // rule
        2 => out_word(0x6e776f6e6b6e75, 7), // unknown
        3 => out_word(0x656c75725f6f6e, 7), // no_rule
        _ => out_word(0x64696c61766e69, 7), // invalid
    }
}

pub fn write_rules(list: i32) {
    let mut at = 0;
    let count = ld32(list + 4);
    while at < count {
        out_comma(at == 0);
        write_rule(rule_texts(rule_row(ld32(ld32(list) + at * 4))));
        at += 1;
    }
}

/// A rule as decisions name it. Its texts are the reason, of which the length is one more or 0 for none; the number of its
/// file; the place in that; its name. All are as they stand in JSON.
fn write_rule(texts: i32) {
    st32(TEXT_NEXT, texts);
    let because = text_number();
    if because != 0 {
        write_part(TEXT_PARENTS, TEXT_BECAUSE);
        text_out(because - 1);
        write_part(TEXT_BECAUSE, TEXT_PLACE);
    } else {
        out_byte(b'{' as i32);
        write_part(TEXT_BECAUSE + 2, TEXT_PLACE);
    }
    let file = ld32(H_FILES) + text_number() * 8;
    out_bytes(ld32(file), ld32(file + 4));
    text_out(text_number());
    write_part(TEXT_PLACE, TEXT_RULE);
    text_out(text_number());
    write_part(TEXT_RULE, TEXT_END);
}

/// The next number among a rule's texts, 7 bits in a byte, the lowest first.
fn text_number() -> i32 {
    let mut at = ld32(TEXT_NEXT);
    let mut number = 0;
    let mut shift = 0;
    loop {
        let byte = ld8(at);
        number = number | ((byte & 127) << shift);
        at += 1;
        shift += 7;
        if byte < 128 {
            break;
        }
    }
    st32(TEXT_NEXT, at);
    return number;
}

/// The next so many bytes of a rule's texts.
fn text_out(len: i32) {
    let at = ld32(TEXT_NEXT);
    out_bytes(at, len);
    st32(TEXT_NEXT, at + len);
}

fn write_challenge() {
    if ld32(H_STEPS_UP) == 0 {
        return;
    }
    let mut at = 0;
    let count = ld32(CHALLENGE + 4);
    while at < count {
        let attribute = attribute_row(ld32(H_SCHEMA_CONTEXT), ld32(ld32(CHALLENGE) + at * 4));
        out_comma(at == 0);
        write_part(TEXT_VALID_UNTIL, TEXT_ACR);
        let acr = attribute_acr(attribute);
        out_json_text(name_at(acr), name_len(acr));
        write_part(TEXT_ACR, TEXT_ATTRIBUTE);
        out_json_text(name_at(attribute), name_len(attribute));
        write_part(TEXT_ATTRIBUTE, TEXT_MAX_AGE);
        let max_age = attribute_max_age(attribute);
        if max_age < 0 {
            out_null();
        } else {
            out_int(max_age);
        }
        out_byte(b'}' as i32);
        at += 1;
    }
}

fn write_facts() {
    sort_from(FACTS, 0, ORDER_FACTS);
    let mut at = 0;
    let count = ld32(FACTS + 4);
    while at < count && ld32(FAILED) == 0 {
        out_comma(at == 0);
        let mark = ld32(OUT + 4);
        out_fact(ld32(ld32(FACTS) + at * 4));
        out_as_json(mark);
        at += 1;
    }
}

/// A fact as an author writes it: `context.mfa`, `User::"ann".clearance`, `User::"ann" parents`, `now`.
pub fn out_fact(fact: i32) {
    let uid = ld32(fact + 8);
    match tag_used(ld32(fact)) {
        FACT_CONTEXT => {
            write_part(TEXT_MAX_AGE, TEXT_CONTEXT);
            out_fact_name(ld32(H_SCHEMA_CONTEXT), fact);
        }
        FACT_ATTRIBUTE => {
            out_uid(uid);
            out_byte(b'.' as i32);
            out_fact_name(entity_attributes(entity_row(uid)), fact);
        }
        FACT_PARENTS => {
            out_uid(uid);
            write_part(TEXT_CONTEXT, TEXT_PARENTS);
        }
        FACT_NOW => out_word(0x776f6e, 3),
        _ => never(),
    }
}

/// The name of a fact's attribute, which is among those.
fn out_fact_name(attributes: i32, fact: i32) {
    let name = attribute_row(attributes, ld32(fact + 4));
    out_member(name_at(name), name_len(name));
}

fn write_unknowns() {
    let mut at = 0;
    let count = ld32(UNKNOWNS + 4);
    while at < count && ld32(FAILED) == 0 {
        let unknown = ld32(ld32(UNKNOWNS) + at * 4);
        out_comma(at == 0);
        out_json_text(ld32(unknown + 16), ld32(unknown + 20));
        at += 1;
    }
}

pub fn write_obligations() {
    if ld32(H_OBLIGES) == 0 {
        return;
    }
    let mut at = 0;
    let mut is_first = true;
    let count = ld32(OBLIGED + 4);
    while at < count {
        let duties = rule_duties(rule_row(ld32(ld32(OBLIGED) + at * 4)));
        let mut duty = duties + 4;
        let end = duty + ld32(duties) * DUTY;
        while duty != end {
            out_comma(is_first);
            is_first = false;
            out_bytes(ld32(duty), ld32(duty + 4));
            write_args(ld32(duty + DUTY_ARGS), ld32(duty + DUTY_COUNT));
            out_bytes(ld32(duty + DUTY_BEHIND), ld32(duty + DUTY_BEHIND + 4));
            duty += DUTY;
        }
        at += 1;
    }
}

fn write_args(args: i32, count: i32) {
    let mut at = 0;
    while at < count {
        let arg = args + at * ARG;
        out_bytes(ld32(arg), ld32(arg + 4));
        out_value(ld32(arg + ARG_TYPE), node_value(ld32(arg + ARG_NODE)));
        at += 1;
    }
}
