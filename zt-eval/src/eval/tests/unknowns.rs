//! What is named as unknown.

use serde_json::{Value as Json, json};

use super::fixture::*;
use crate::graph::build::Builder;
use crate::graph::{CompareOp, NowOp, Quantifier};
use crate::id::NodeId;
use crate::pattern::{Glob, Pattern};
use crate::value::Arith;

fn check(make: impl Fn(&mut Builder) -> NodeId, parts: Json, expected: &[&str]) {
    let mut builder = builder();
    let node = make(&mut builder);
    let policy = with_rule(builder, node);
    let decision = decide_full(&policy, &full_request(&policy, parts.clone()));
    assert_eq!(unknown_texts(&decision), expected, "{parts}");
}

#[test]
fn the_entity_first_and_then_its_attribute() {
    let make = |b: &mut Builder| {
        let (resource, high) = (b.resource(), b.constant(crate::value::Value::Bool(true)));
        let owner = b.attribute(resource, DOC, OWNER);
        let level = b.attribute(owner, USER, LEVEL_OF);
        let present = b.equal(level, level);
        b.equal(present, high)
    };
    check(make, json!({}), &["Doc::\"d\".owner"]);
    let owned = json!({ "type": "Doc", "id": "d", "properties": { "owner": { "type": "User", "id": "bob" } } });
    check(make, json!({ "resource": owned }), &["User::\"bob\".level"]);
}

#[test]
fn fields_inside_elements() {
    let make = |b: &mut Builder| {
        let (items, element) = (b.context(ITEMS), b.element(1));
        let image = b.field(element, ITEM, 0);
        let body = b.matches(image, Pattern::Glob(Glob::parse("reg/*").unwrap()));
        b.quantified(Quantifier::All, items, 1, body)
    };
    check(make, json!({}), &["context.items"]);
    let items = json!([{ "image": "reg/a", "size": 1 }, { "size": 2 }, {}]);
    check(make, json!({ "context": { "items": items } }), &["context.items[].image"]);
}

#[test]
fn known_operands_without_a_result() {
    let make = |b: &mut Builder| {
        let (count, max, one) = (b.context(COUNT), b.constant(int(i64::MAX)), b.constant(int(1)));
        let sum = b.arith(Arith::Add, count, max);
        b.compare(CompareOp::Less, one, sum)
    };
    check(make, json!({ "context": { "count": 1 } }), &["context.count + 9223372036854775807"]);
}

#[test]
fn parents_and_time() {
    let make = |b: &mut Builder| {
        let (subject, staff) = (b.subject(), b.constant(uid(GROUP, "staff")));
        b.within(subject, staff)
    };
    check(make, json!({}), &["User::\"ann\" parents"]);
    let law = json!([{ "type": "Group", "id": "law" }]);
    check(make, json!({ "subject": { "type": "User", "id": "ann", "parents": law } }), &["Group::\"law\" parents"]);
    let make = |b: &mut Builder| {
        let until = b.context(UNTIL);
        b.now(NowOp::Before, until)
    };
    check(make, json!({}), &["context.until"]);
}

#[test]
fn stale_evidence_is_named_itself() {
    check(|b| b.context(MFA), json!({ "context": { "mfa": true } }), &["context.mfa"]);
}

#[test]
fn only_the_arm_that_matters() {
    let make = |b: &mut Builder| {
        let (a, yes, no) = (b.context(A), b.context(B), b.context(C));
        b.choose(a, yes, no)
    };
    check(make, json!({ "context": { "a": true } }), &["context.b"]);
    check(make, json!({ "context": { "b": true } }), &["context.a", "context.c"]);
}

#[test]
fn keys_of_maps() {
    let make = |b: &mut Builder| {
        let (labels, name, word) = (b.context(LABELS), b.context(TEXT), b.constant(text("x")));
        let label = b.index(labels, name);
        b.equal(label, word)
    };
    check(make, json!({ "context": { "labels": {} } }), &["context.text"]);
    check(make, json!({ "context": { "text": "k" } }), &["context.labels"]);
    check(make, json!({ "context": { "text": "k", "labels": {} } }), &["context.labels[context.text] == \"x\""]);
}
