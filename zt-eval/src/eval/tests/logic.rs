//! Kleene's tables, and what the builder may simplify.

use serde_json::json;

use super::fixture::*;
use crate::graph::build::Builder;
use crate::graph::{CompareOp, Node, Quantifier};
use crate::id::NodeId;
use crate::value::{Arith, Datum, Value};

const ALL: [Option<bool>; 3] = [Some(true), Some(false), None];

fn datum(known: Option<bool>) -> Datum {
    known.map(Value::Bool).into()
}

fn check2(
    make: impl Fn(&mut Builder, NodeId, NodeId) -> NodeId,
    expected: impl Fn(Option<bool>, Option<bool>) -> Option<bool>,
) {
    for a in ALL {
        for b in ALL {
            let built = evaluate(
                |builder| {
                    let (a, b) = (builder.context(A), builder.context(B));
                    make(builder, a, b)
                },
                json!({ "a": a, "b": b }),
            );
            assert_eq!(built, datum(expected(a, b)), "{a:?} {b:?}");
        }
    }
}

#[test]
fn and_is_kleenes() {
    check2(
        |builder, a, b| builder.and([a, b]),
        |a, b| if a == Some(false) || b == Some(false) { Some(false) } else { a.and(b) },
    );
}

#[test]
fn or_is_kleenes() {
    check2(
        |builder, a, b| builder.or([a, b]),
        |a, b| if a == Some(true) || b == Some(true) { Some(true) } else { a.and(b) },
    );
}

#[test]
fn not_is_kleenes() {
    check2(|builder, a, _| builder.not(a), |a, _| a.map(|known| !known));
}

#[test]
fn what_hides_the_unknown_is_not_simplified() {
    check2(
        |builder, a, _| {
            let not = builder.not(a);
            builder.or([a, not])
        },
        |a, _| a.map(|_| true),
    );
    check2(|builder, a, _| builder.equal(a, a), |a, _| a.map(|_| true));
}

#[test]
fn if_with_an_unknown_condition_is_known_where_its_arms_agree() {
    for a in ALL {
        for b in ALL {
            for c in ALL {
                let context = json!({ "a": a, "b": b, "c": c });
                let built = evaluate(
                    |builder| {
                        let (a, b, c) = (builder.context(A), builder.context(B), builder.context(C));
                        builder.choose(a, b, c)
                    },
                    context,
                );
                let expected = match a {
                    Some(true) => b,
                    Some(false) => c,
                    None if b == c => b,
                    None => None,
                };
                assert_eq!(built, datum(expected), "{a:?} {b:?} {c:?}");
            }
        }
    }
}

#[test]
fn constants_absorb_and_vanish() {
    let mut builder = builder();
    let (a, yes, no) = (builder.context(A), builder.truth(true), builder.truth(false));
    assert_eq!(builder.and([a, yes]), a);
    assert_eq!(builder.and([a, no]), no);
    assert_eq!(builder.or([a, no]), a);
    assert_eq!(builder.or([a, yes]), yes);
    assert_eq!(builder.and([]), yes);
    assert_eq!(builder.or([]), no);
    assert_eq!(builder.choose(yes, a, no), a);
    assert_eq!(builder.choose(no, a, yes), yes);
    let not = builder.not(a);
    assert_eq!(builder.not(not), a);
    assert_eq!(builder.not(no), yes);
}

#[test]
fn connectives_are_flat_distinct_and_ordered_by_cost() {
    let mut builder = builder();
    let (a, b, c) = (builder.context(A), builder.context(B), builder.context(C));
    let (subject, friends) = (builder.subject(), builder.context(FRIENDS));
    let dear = builder.within(subject, friends);
    let inner = builder.and([dear, c]);
    let all = builder.and([inner, b, a, b]);
    assert_eq!(builder.node(all), Some(&Node::And([a, b, c, dear].into())));
    assert_eq!(builder.and([a, c, dear, b]), all);
}

#[test]
fn long_connectives_stay_shared() {
    let mut builder = builder();
    let mut all = builder.truth(true);
    let mut edges = 0;
    for number in 0..500 {
        let (count, number) = (builder.context(COUNT), builder.constant(int(number)));
        let test = builder.equal(count, number);
        all = builder.and([all, test]);
        edges += builder.node(all).unwrap().children().len();
    }
    assert!(edges < 500 * 40, "{edges}");
}

#[test]
fn equal_nodes_are_one_and_equations_have_one_order() {
    let mut builder = builder();
    let (count, five) = (builder.context(COUNT), builder.constant(int(5)));
    let first = builder.equal(five, count);
    assert_eq!(builder.equal(count, five), first);
    assert_eq!(builder.node_text(first), "context.count == 5");
}

#[test]
fn constants_are_folded_by_the_evaluators_own_operators() {
    let mut builder = builder();
    let (two, three) = (builder.constant(int(2)), builder.constant(int(3)));
    let five = builder.arith(Arith::Add, two, three);
    assert_eq!(builder.constant_of(five), Some(&int(5)));
    let less = builder.compare(CompareOp::Less, two, three);
    assert_eq!(builder.constant_truth(less), Some(true));
    let max = builder.constant(int(i64::MAX));
    let overflow = builder.arith(Arith::Add, max, two);
    assert_eq!(builder.constant_of(overflow), None, "unknown is no constant");
    let test = builder.equal(overflow, five);
    let policy = with_rule(builder, test);
    let request = request(&policy, json!({}));
    assert_eq!(datum_of(&policy, policy.rules()[0].condition, &request, None), Datum::Unknown);
}

#[test]
fn what_no_rule_reaches_is_dropped() {
    let mut builder = builder();
    let (unused, a) = (builder.context(B), builder.context(A));
    let text = builder.constant(text("unused"));
    let _ = builder.equal(unused, text);
    let policy = with_rule(builder, a);
    assert_eq!(policy.nodes(), [Node::Context(A)]);
    assert_eq!(policy.constant(crate::id::ConstId::new(0)), None);
}

#[test]
fn limits_are_named_with_value_and_usage() {
    let limits = crate::Limits { node_depth_max: 3, ..crate::Limits::default() };
    let span = crate::value::Duration::from_millis(0);
    let mut builder = Builder::new(schema(), limits, span, "test", "tests");
    let mut node = builder.context(COUNT);
    for _ in 0..3 {
        node = builder.negate(node);
    }
    builder.add_rule(rule("it", crate::Effect::Allow, node), &[READ]);
    let error = builder.finish().unwrap_err();
    assert_eq!(error.exceeded(), Some(("node_depth_max", 3, 4)));

    let limits = crate::Limits { nodes_max: 2, ..crate::Limits::default() };
    let mut builder = Builder::new(schema(), limits, span, "test", "tests");
    for attribute in 0..4 {
        builder.context(attribute);
    }
    assert_eq!(builder.finish().unwrap_err().exceeded(), Some(("nodes_max", 2, 3)));

    let limits = crate::Limits { quantifier_depth_max: 1, ..crate::Limits::default() };
    let mut builder = Builder::new(schema(), limits, span, "test", "tests");
    let (over, body) = (builder.context(TAGS), builder.context(A));
    builder.quantified(Quantifier::All, over, 2, body);
    assert_eq!(builder.finish().unwrap_err().exceeded(), Some(("quantifier_depth_max", 1, 2)));
}

#[test]
fn nested_literals_do_not_grow_the_policy() {
    let mut builder = builder();
    let mut list = builder.constant(int(1));
    for _ in 0..60 {
        list = builder.list([list, list]);
    }
    let test = builder.is_empty(list);
    let policy = with_rule(builder, test);
    assert!(policy.to_bytes().len() < 4_000);
    assert_eq!(decide_full(&policy, &request(&policy, json!({}))).effect, crate::Effect::Deny);
}
