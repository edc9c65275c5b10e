//! What each kind of node gives, and how often it is computed.

use serde_json::{Value as Json, json};

use super::fixture::*;
use crate::Truth;
use crate::decision::Mode;
use crate::eval::{Scratch, decide};
use crate::graph::build::Builder;
use crate::graph::{CompareOp, Effect, NowOp, Quantifier, Weekdays};
use crate::id::NodeId;
use crate::pattern::{Glob, Pattern, Route};
use crate::store::Store;
use crate::value::{Arith, Datum, SetOp, Value};
use crate::zone::Zone;

fn value(value: Value) -> Datum {
    Datum::Value(value)
}

fn truth(known: bool) -> Datum {
    value(Value::Bool(known))
}

fn check(make: impl Fn(&mut Builder) -> NodeId, cases: &[(Json, Datum)]) {
    for (context, expected) in cases {
        assert_eq!(evaluate(&make, context.clone()), *expected, "{context}");
    }
}

#[test]
fn evidence() {
    check(|b| b.context(COUNT), &[(json!({ "count": 3 }), value(int(3))), (json!({}), Datum::Unknown)]);
    check(
        |b| b.context(MAYBE),
        &[
            (json!({ "maybe": 3 }), value(int(3))),
            (json!({ "maybe": null }), Datum::Absent),
            (json!({}), Datum::Unknown),
        ],
    );
    check(|b| b.subject(), &[(json!({}), value(uid(USER, "ann")))]);
    check(|b| b.resource(), &[(json!({}), value(uid(DOC, "d")))]);
    check(|b| b.param(crate::id::ParamId::new(0)), &[(json!({}), value(int(5)))]);
}

#[test]
fn attributes_of_entities() {
    let mut builder = builder();
    let subject = builder.subject();
    let manager = builder.attribute(subject, USER, MANAGER);
    let level = builder.attribute(manager, USER, LEVEL_OF);
    let present = builder.is_present(level);
    let policy = with_rule(builder, present);
    let condition = policy.rules()[0].condition;
    let ask = |properties: Json| {
        let subject = json!({ "type": "User", "id": "ann", "properties": properties });
        let bob = json!({ "type": "User", "id": "bob", "properties": { "level": "high" } });
        let request = full_request(&policy, json!({ "subject": subject, "entities": [bob] }));
        datum_of(&policy, condition, &request, Some(now()))
    };
    assert_eq!(ask(json!({ "manager": { "type": "User", "id": "bob" } })), truth(true));
    assert_eq!(ask(json!({ "manager": null })), truth(false), "through an absent entity, attributes are absent");
    assert_eq!(ask(json!({ "manager": { "type": "User", "id": "eve" } })), Datum::Unknown);
    assert_eq!(ask(json!({})), Datum::Unknown);
}

#[test]
fn an_attribute_of_another_type_is_unknown() {
    check(
        |b| {
            let resource = b.resource();
            b.attribute(resource, USER, LEVEL_OF)
        },
        &[(json!({}), Datum::Unknown)],
    );
}

#[test]
fn optionals() {
    let cases = |present: Datum, absent: Datum| {
        [(json!({ "maybe": 3 }), present), (json!({ "maybe": null }), absent), (json!({}), Datum::Unknown)]
    };
    check(
        |b| {
            let maybe = b.context(MAYBE);
            b.is_present(maybe)
        },
        &cases(truth(true), truth(false)),
    );
    check(
        |b| {
            let (maybe, none) = (b.context(MAYBE), b.constant(int(-1)));
            b.otherwise(maybe, none)
        },
        &cases(value(int(3)), value(int(-1))),
    );
    check(
        |b| {
            let (maybe, three) = (b.context(MAYBE), b.constant(int(3)));
            b.equal(maybe, three)
        },
        &cases(truth(true), Datum::Unknown),
    );
}

#[test]
fn operators() {
    let tags = || json!({ "tags": ["a", "b"], "count": 2, "text": "Abc", "path": "/users/7/orders" });
    let on_tags = |make: fn(&mut Builder, NodeId) -> NodeId, expected: Datum| {
        let make = |b: &mut Builder| {
            let tags = b.context(TAGS);
            make(b, tags)
        };
        check(make, &[(tags(), expected), (json!({}), Datum::Unknown)]);
    };
    let set = |all: &[&str]| Value::set(all.iter().map(|each| text(each)).collect());
    on_tags(
        |b, tags| {
            let a = b.constant(text("a"));
            b.contains(tags, a)
        },
        truth(true),
    );
    on_tags(
        |b, tags| {
            let of = b.constant(Value::set(vec![text("b"), text("z")]));
            b.contains_any(tags, of)
        },
        truth(true),
    );
    on_tags(
        |b, tags| {
            let of = b.constant(Value::set(vec![text("b"), text("z")]));
            b.contains_all(tags, of)
        },
        truth(false),
    );
    on_tags(|b, tags| b.is_empty(tags), truth(false));
    on_tags(|b, tags| b.size(tags), value(int(2)));
    on_tags(
        |b, tags| {
            let of = b.constant(Value::set(vec![text("b"), text("z")]));
            b.set_operation(SetOp::Union, tags, of)
        },
        value(set(&["a", "b", "z"])),
    );
    let on = |attribute: u32, make: fn(&mut Builder, NodeId) -> NodeId, expected: Datum| {
        let make = |b: &mut Builder| {
            let of = b.context(attribute);
            make(b, of)
        };
        check(make, &[(tags(), expected), (json!({}), Datum::Unknown)]);
    };
    on(TEXT, |b, of| b.lower(of), value(text("abc")));
    on(TEXT, |b, of| b.matches(of, Pattern::Glob(Glob::parse("A*c").unwrap())), truth(true));
    on(
        TEXT,
        |b, of| {
            let prefix = b.constant(text("Ab"));
            b.starts_with(of, prefix)
        },
        truth(true),
    );
    on(
        TEXT,
        |b, of| {
            let suffix = b.constant(text("Ab"));
            b.ends_with(of, suffix)
        },
        truth(false),
    );
    on(PATH, |b, of| b.capture(of, Pattern::Route(Route::parse("/users/{uid}/**").unwrap()), 0), value(text("7")));
    on(PATH, |b, of| b.capture(of, Pattern::Route(Route::parse("/other/{uid}").unwrap()), 0), Datum::Unknown);
    on(COUNT, |b, of| b.negate(of), value(int(-2)));
    on(
        COUNT,
        |b, of| {
            let max = b.constant(int(i64::MAX));
            b.arith(Arith::Add, of, max)
        },
        Datum::Unknown,
    );
    on(
        COUNT,
        |b, of| {
            let three = b.constant(int(3));
            b.compare(CompareOp::LessOrEqual, three, of)
        },
        truth(false),
    );
    on(
        COUNT,
        |b, of| {
            let one = b.constant(int(1));
            b.set([of, one])
        },
        value(Value::set(vec![int(1), int(2)])),
    );
    on(COUNT, |b, of| b.list([of, of]), value(Value::List([int(2), int(2)].into())));
}

#[test]
fn maps() {
    check(
        |b| {
            let (labels, key) = (b.context(LABELS), b.constant(text("app")));
            b.index(labels, key)
        },
        &[
            (json!({ "labels": { "app": "x" } }), value(text("x"))),
            (json!({ "labels": {} }), Datum::Absent),
            (json!({}), Datum::Unknown),
        ],
    );
    check(
        |b| {
            let (labels, key, element) = (b.context(LABELS), b.key(1), b.element(1));
            let same = b.equal(key, element);
            b.quantified(Quantifier::Any, labels, 1, same)
        },
        &[
            (json!({ "labels": { "p": "q", "x": "x" } }), truth(true)),
            (json!({ "labels": { "p": "q" } }), truth(false)),
            (json!({}), Datum::Unknown),
        ],
    );
}

/// A quantifier over `context.items` whose body is `x.size < context.count`.
fn over_items(b: &mut Builder, quantifier: Quantifier) -> NodeId {
    let (items, element, count) = (b.context(ITEMS), b.element(1), b.context(COUNT));
    let size = b.field(element, ITEM, 1);
    let body = b.compare(CompareOp::Less, size, count);
    b.quantified(quantifier, items, 1, body)
}

#[test]
fn quantifiers() {
    let sizes = |all: &[Option<i64>]| {
        let items: Vec<Json> = all.iter().map(|size| json!({ "image": "i", "size": size })).collect();
        json!({ "items": items, "count": 5 })
    };
    let rows = [
        (sizes(&[]), Some(true), Some(false), Some(0)),
        (sizes(&[Some(1), Some(2)]), Some(true), Some(true), Some(2)),
        (sizes(&[Some(1), Some(9)]), Some(false), Some(true), Some(1)),
        (sizes(&[Some(9)]), Some(false), Some(false), Some(0)),
        (sizes(&[None, Some(9)]), Some(false), None, None),
        (sizes(&[None, Some(1)]), None, Some(true), None),
        (json!({ "count": 5 }), None, None, None),
    ];
    for (context, all, any, count) in rows {
        let run = |quantifier| evaluate(|b| over_items(b, quantifier), context.clone());
        assert_eq!(run(Quantifier::All), all.map(Value::Bool).into(), "all {context}");
        assert_eq!(run(Quantifier::Any), any.map(Value::Bool).into(), "any {context}");
        assert_eq!(run(Quantifier::Count), count.map(Value::Int).into(), "count {context}");
    }
}

/// For every number of `numbers`, some other number of it differs by `count`; the inner body reads both variables, its
/// parts one or none.
fn nested(b: &mut Builder) -> NodeId {
    let (numbers, outer, inner, count) = (b.context(NUMBERS), b.element(1), b.element(2), b.context(COUNT));
    let doubled = b.arith(Arith::Add, outer, count);
    let same = b.equal(doubled, inner);
    let any = b.quantified(Quantifier::Any, numbers, 2, same);
    b.quantified(Quantifier::Count, numbers, 1, any)
}

#[test]
fn memory_holds_in_nested_quantifiers() {
    check(
        nested,
        &[
            (json!({ "numbers": [1, 2, 3], "count": 1 }), value(int(2))),
            (json!({ "numbers": [1, 2, 3, 5], "count": 2 }), value(int(2))),
            (json!({ "numbers": [], "count": 2 }), value(int(0))),
        ],
    );
}

#[test]
fn what_does_not_depend_on_a_variable_is_computed_once() {
    let mut builder = builder();
    let node = nested(&mut builder);
    let five = builder.constant(int(1));
    let condition = builder.equal(node, five);
    let policy = with_rule(builder, condition);
    let request = request(&policy, json!({ "numbers": [10, 20, 30, 40], "count": 1 }));
    let mut scratch = Scratch::new();
    let _ = decide(&policy, &Store::empty(), &request, None, Mode::Effect, &mut scratch);
    // Besides what only reads evidence, once: the comparison and the count. For each of 4 elements: the sum and the inner
    // quantifier. For each of 16 pairs: the equation.
    assert_eq!(scratch.computed, 2 + 4 * 2 + 16);
}

#[test]
fn shared_tests_are_computed_once_for_all_rules() {
    let mut builder = builder();
    let (subject, friends) = (builder.subject(), builder.context(FRIENDS));
    let shared = builder.within(subject, friends);
    for index in 0..10 {
        let (count, number) = (builder.context(COUNT), builder.constant(int(index)));
        let own = builder.equal(count, number);
        let condition = builder.and([own, shared]);
        builder.add_rule(rule(&format!("r{index}"), Effect::Deny, condition), &[READ]);
    }
    let policy = builder.finish().unwrap();
    let request = request(&policy, json!({ "friends": [{ "type": "User", "id": "bob" }] }));
    let mut scratch = Scratch::new();
    let decision = decide(&policy, &Store::empty(), &request, None, Mode::Full, &mut scratch);
    assert_eq!(decision.effect, Effect::Deny);
    // The test of their own of ten rules, and the one that they share.
    assert_eq!(scratch.computed, 10 + 1);
}

#[test]
fn hierarchy() {
    let mut builder = builder();
    let (subject, staff) = (builder.subject(), builder.constant(uid(GROUP, "staff")));
    let within = builder.within(subject, staff);
    let policy = with_rule(builder, within);
    let condition = policy.rules()[0].condition;
    let ask = |parts: Json| datum_of(&policy, condition, &full_request(&policy, parts), None);
    let group = |id: &str| json!({ "type": "Group", "id": id });
    let ann = |parents: &[Json]| json!({ "type": "User", "id": "ann", "parents": parents });
    assert_eq!(ask(json!({ "subject": ann(&[group("staff")]) })), truth(true));
    assert_eq!(ask(json!({ "subject": ann(&[]) })), truth(false));
    assert_eq!(ask(json!({})), Datum::Unknown);
    assert_eq!(ask(json!({ "subject": ann(&[group("law")]) })), Datum::Unknown, "whose parents nobody knows");
    let law = json!({ "type": "Group", "id": "law", "parents": [group("staff")] });
    assert_eq!(ask(json!({ "subject": ann(&[group("law")]), "entities": [law] })), truth(true));
}

#[test]
fn within_a_collection_is_within_any_of_it() {
    let user = |id: &str| json!({ "type": "User", "id": id });
    check(
        |b| {
            let (subject, friends) = (b.subject(), b.context(FRIENDS));
            b.within(subject, friends)
        },
        &[
            (json!({ "friends": [user("bob"), user("ann")] }), truth(true)),
            (json!({ "friends": [user("bob")] }), truth(false)),
            (json!({ "friends": [] }), truth(false)),
            (json!({}), Datum::Unknown),
        ],
    );
}

/// A time test's truth now, with the instant at which it flips.
fn flip(make: impl Fn(&mut Builder) -> NodeId, context: Json, now: Option<&str>) -> (Truth, Option<String>) {
    let mut builder = builder();
    let node = make(&mut builder);
    let policy = with_rule(builder, node);
    let request = request(&policy, context);
    let now = now.map(time);
    let decision = decide(&policy, &Store::empty(), &request, now, Mode::Full, &mut Scratch::new());
    let truth = match datum_of(&policy, policy.rules()[0].condition, &request, now) {
        Datum::Value(Value::Bool(known)) => known.into(),
        _ => Truth::Unknown,
    };
    (truth, decision.valid_until.map(|until| until.to_string()))
}

#[test]
fn comparisons_with_now_flip_where_they_say() {
    let until = json!({ "until": "2026-03-02T10:00:00Z" });
    let run = |op, now: &str| {
        let make = |b: &mut Builder| {
            let until = b.context(UNTIL);
            b.now(op, until)
        };
        flip(make, until.clone(), Some(now))
    };
    let (at, after) = (Some("2026-03-02T10:00:00Z".to_owned()), Some("2026-03-02T10:00:00.001Z".to_owned()));
    assert_eq!(run(NowOp::Before, "2026-03-02T09:00:00Z"), (Truth::True, at.clone()));
    assert_eq!(run(NowOp::Before, "2026-03-02T10:00:00Z"), (Truth::False, None));
    assert_eq!(run(NowOp::AtOrBefore, "2026-03-02T10:00:00Z"), (Truth::True, after.clone()));
    assert_eq!(run(NowOp::AtOrBefore, "2026-03-02T10:00:00.001Z"), (Truth::False, None));
    assert_eq!(run(NowOp::At, "2026-03-02T09:00:00Z"), (Truth::False, at));
    assert_eq!(run(NowOp::At, "2026-03-02T10:00:00Z"), (Truth::True, after));
    assert_eq!(run(NowOp::At, "2026-03-02T11:00:00Z"), (Truth::False, None));
}

#[test]
fn without_an_instant_time_is_unknown() {
    let make = |b: &mut Builder| {
        let until = b.context(UNTIL);
        b.now(NowOp::Before, until)
    };
    assert_eq!(flip(make, json!({ "until": "2026-03-02T10:00:00Z" }), None), (Truth::Unknown, None));
    let zone = || Zone::new("Etc/UTC", 0, Vec::new(), None).unwrap();
    assert_eq!(flip(|b| b.weekday(zone(), Weekdays(0b1)), json!({}), None), (Truth::Unknown, None));
}

#[test]
fn calendar_tests() {
    let zone = || Zone::new("Etc/UTC", 0, Vec::new(), None).unwrap();
    let monday = |now: &str| flip(|b| b.weekday(zone(), Weekdays(0b1)), json!({}), Some(now));
    assert_eq!(monday("2026-03-02T10:00:00Z"), (Truth::True, Some("2026-03-03T00:00:00Z".into())));
    let hour = 3_600_000;
    let office = |now: &str| flip(|b| b.time_of_day(zone(), [(8 * hour, 18 * hour)]), json!({}), Some(now));
    assert_eq!(office("2026-03-02T10:00:00Z"), (Truth::True, Some("2026-03-02T18:00:00Z".into())));
    assert_eq!(office("2026-03-02T07:00:00Z"), (Truth::False, Some("2026-03-02T08:00:00Z".into())));
}

#[test]
fn fresh_evidence_goes_stale() {
    let ask = |now| flip(|b| b.context(MFA), json!({ "mfa": true, "auth_time": "2026-03-02T09:50:00Z" }), now);
    assert_eq!(ask(Some("2026-03-02T10:00:00Z")), (Truth::True, Some("2026-03-02T10:05:00.001Z".into())));
    assert_eq!(ask(Some("2026-03-02T10:06:00Z")), (Truth::Unknown, None));
    assert_eq!(ask(None), (Truth::Unknown, None));
}
