//! Compiled policies on the wire: round trips, damage, forgery.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::eval::tests::fixture::*;
use crate::eval::tests::random::random_policy;
use crate::graph::{Effect, Extras, Node, Policy, Rule, RuleExtras, wire};
use crate::id::{ConstId, NodeId, RuleId};
use crate::index::{LOOSE, Run};
use crate::schema::{Clock, Freshness, Schema};
use crate::value::{Duration, Value};

fn policy() -> Policy {
    let mut builder = builder();
    let nodes: Vec<_> = (0..3).map(|at| builder.context(at)).collect();
    let (subject, staff) = (builder.subject(), builder.constant(uid(GROUP, "staff")));
    let within = builder.within(subject, staff);
    let all = builder.and([nodes[0], within]);
    let any = builder.or([nodes[1], nodes[2], all]);
    let full = Rule {
        audit: true,
        extras: Extras::from(RuleExtras {
            because: Some(name("late")),
            controls: vec![name("a"), name("late"), name("a")],
            annotations: vec![(name("owner"), Some(name("ops"))), (name("draft"), None)],
            ..RuleExtras::default()
        }),
        ..rule("d", Effect::Deny, all)
    };
    builder.add_rule(rule("d", Effect::Deny, all), &[READ, WRITE]);
    builder.add_rule(rule("x", Effect::Allow, any), &[READ]);
    builder.add_rule(full, &[WRITE]);
    builder.finish().unwrap()
}

/// The settings and the body of a wire form whose settings are short.
fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    assert!(bytes[36] < 0x80);
    bytes[37..].split_at(bytes[36].into())
}

/// The wire form of whatever the body is, with a fitting digest and the settings of [`policy`].
fn sealed(body: &[u8]) -> Vec<u8> {
    wire::file(parts(&policy().to_bytes()).0, body)
}

/// A body in which the head has become another.
fn with_head(body: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    assert!(body[0] >= 0x80 && body[1] < 0x80, "a length of two bytes");
    let len = usize::from(body[0] & 0x7f) | usize::from(body[1]) << 7;
    let (head, rest) = body[2..].split_at(len);
    let mut head = head.to_vec();
    change(&mut head);
    let len = [head.len() as u8 | 0x80, (head.len() >> 7) as u8];
    [&len, &head[..], rest].concat()
}

#[test]
fn policies_come_back_as_they_were() {
    let policy = policy();
    let bytes = policy.to_bytes();
    let again = Policy::from_bytes(&bytes).unwrap();
    assert_eq!(again, policy);
    assert_eq!(again.to_bytes(), bytes);
    assert_eq!(again.digest(), policy.digest());
}

#[test]
fn errors_say_what_kind_they_are_and_where() {
    let bytes = policy().to_bytes();
    let error = Policy::from_bytes(b"{}").unwrap_err();
    assert!(error.is_not_a_policy() && !error.is_corrupt());
    let mut other = bytes.clone();
    other[3] = 9;
    let error = Policy::from_bytes(&other).unwrap_err();
    assert!(error.is_version_mismatch());
    assert_eq!((error.code(), error.offset()), ("R0202", Some(3)));
    assert_eq!(Policy::from_bytes(&bytes[..20]).unwrap_err().code(), "R0203");
    let mut other = bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    let error = Policy::from_bytes(&other).unwrap_err();
    assert!(error.is_corrupt());
    assert_eq!(error.code(), "R0205");
    let mut body = parts(&bytes).1.to_vec();
    body.push(0);
    let error = Policy::from_bytes(&sealed(&body)).unwrap_err();
    assert_eq!((error.code(), error.offset()), ("R0207", Some(bytes.len())));
    assert_eq!(Policy::from_bytes(&sealed(&body[..9])).unwrap_err().code(), "R0206");
}

#[test]
fn a_policy_has_one_form() {
    let bytes = policy().to_bytes();
    let (settings, body) = parts(&bytes);
    // A length in three bytes instead of two.
    let error = Policy::from_bytes(&sealed(&[&[body[0], body[1] | 0x80, 0], &body[2..]].concat())).unwrap_err();
    assert_eq!(error.code(), "R0208", "{error}");
    // The name's length, 4, in two bytes instead of one, within the head.
    let longer = with_head(body, |head| {
        assert_eq!(head[0], 4);
        head.splice(..1, [0x84, 0]);
    });
    assert_eq!(Policy::from_bytes(&sealed(&longer)).unwrap_err().code(), "R0208");
    // The number of settings likewise.
    let settings = [&[settings[0] | 0x80, 0], &settings[1..]].concat();
    assert_eq!(Policy::from_bytes(&wire::file(&settings, body)).unwrap_err().code(), "R0208");
}

#[test]
fn texts_and_strings_are_used_up() {
    let bytes = policy().to_bytes();
    let body = parts(&bytes).1;
    let find = |part: &[u8]| body.windows(part.len()).position(|window| window == part).unwrap();
    let texts = find(b"adraftlate");
    let changed = |at: usize, with: &[u8]| {
        let mut body = body.to_vec();
        body[at..at + with.len()].copy_from_slice(with);
        Policy::from_bytes(&sealed(&body)).unwrap_err().to_string()
    };
    // Strings out of order, then the same one twice.
    assert!(changed(texts, b"z").contains("its strings"));
    assert!(changed(texts, b"\xff").contains("its text"));
    // The section of texts claims one byte less: then it does not hold what is used.
    assert_eq!(usize::from(body[texts - 1]), b"adraftlateopsownertest.zt".len() + b"staffdxd".len());
    assert!(
        Policy::from_bytes(&sealed(&[&body[..texts - 1], &[body[texts - 1] - 1], &body[texts..]].concat())).is_err()
    );
}

#[test]
fn a_parameter_changes_the_digest_as_compiling_with_it_would() {
    let mut policy = policy();
    let before = *policy.digest();
    policy.set_param("max", Value::Int(7)).unwrap();
    assert_ne!(*policy.digest(), before);
    let again = Policy::from_bytes(&policy.to_bytes()).unwrap();
    assert_eq!(again, policy);
    assert_eq!(again.digest(), policy.digest());
    assert_eq!(again.schema().params[0].value, Some(Value::Int(7)));
}

/// A policy that is refused, by what was done to it.
fn refused(change: impl FnOnce(&mut Policy), expected: &str) {
    let mut policy = policy();
    change(&mut policy);
    let error = Policy::from_bytes(&policy.to_bytes()).unwrap_err();
    assert_eq!(error.code(), "R0209");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn forged_graphs_are_refused() {
    let own = |policy: &Policy| NodeId::new(policy.nodes.len());
    refused(|p| p.nodes.push(Node::Not(own(p))), "a child that does not precede its parent");
    refused(|p| p.nodes.push(Node::Const(ConstId::new(99))), "an unknown constant");
    refused(|p| p.nodes.push(Node::Context(99)), "an unknown attribute");
    refused(|p| p.nodes.push(Node::And([NodeId::new(0)].into())), "fewer than two");
    refused(|p| p.nodes.push(Node::Element(9)), "a level outside the limit");
    refused(|p| p.nodes.push(Node::Element(0)), "a level outside the limit");
    refused(
        |p| {
            p.nodes.push(Node::Element(1));
            p.rules[0].condition = NodeId::new(p.nodes.len() - 1);
        },
        "free variable",
    );
    refused(|p| p.rules[0].condition = NodeId::new(99), "an unknown node");
    refused(|p| p.rules[1].extras.overrides = [RuleId::new(1)].into(), "an override of what is no deny rule");
    refused(|p| p.actions[0].denies = [RuleId::new(1)].into(), "a rule where it does not belong");
    refused(|p| p.actions[0].denies = [RuleId::new(0), RuleId::new(0)].into(), "out of order");
    refused(|p| p.limits.node_depth_max = 100_000, "a greater depth of nodes");
    refused(|p| p.limits.node_depth_max = 1, "too deep");
    refused(
        |p| p.schema.entities.resize(Schema::ENTITY_TYPES_MAX + 1, p.schema.entities[0].clone()),
        "more entity types than are supported",
    );
    refused(|p| p.schema.sources.clear(), "no source `pep`");
    refused(|p| p.schema.params[0].value = Some(text("x")), "a parameter's value that is not of its type");
    refused(
        |p| {
            let clock = Clock { attribute: 99, fields: vec![] };
            p.schema.context[0].freshness = vec![Freshness::Since { age: Duration::from_millis(0), clock }];
        },
        "a freshness bound that reads no time",
    );
    refused(
        |p| p.schema.context[3].step_up.as_mut().unwrap().gives = Value::Int(1),
        "a step-up that gives another type",
    );
}

/// Forty deny rules that test another count and one of three texts, and a last conjunct that is no handle.
fn planned() -> Policy {
    let mut builder = builder();
    let (count, word, mfa) = (builder.context(COUNT), builder.context(TEXT), builder.context(MFA));
    // Made first, so that they come first in each rule.
    let texts = ["w0", "w1", "w2"].map(|each| {
        let each = builder.constant(text(each));
        builder.equal(word, each)
    });
    for at in 0..40 {
        let number = builder.constant(int(at));
        let conjuncts = [builder.equal(count, number), texts[at as usize % 3], mfa];
        let condition = builder.and(conjuncts);
        builder.add_rule(rule(&format!("d{at}"), Effect::Deny, condition), &[READ]);
    }
    builder.finish().unwrap()
}

/// What loading a policy with another plan gives.
fn with_plan(runs: &[(u8, u32)], order: impl IntoIterator<Item = usize>) -> Result<Policy, crate::graph::LoadError> {
    let mut policy = planned();
    policy.plan.runs = runs.iter().map(|&(by, rules)| Run { by, rules }).collect();
    policy.plan.order = order.into_iter().map(RuleId::new).collect();
    Policy::from_bytes(&policy.to_bytes())
}

/// The rules of [`planned`] by text, and those of each text in source order.
fn by_text() -> impl Iterator<Item = usize> {
    (0..3).flat_map(|text| (text..40).step_by(3))
}

#[test]
fn a_policy_is_loaded_as_it_was_planned() {
    let policy = planned();
    assert!(!policy.plan.runs.is_empty());
    let again = Policy::from_bytes(&policy.to_bytes()).unwrap();
    assert_eq!(again.plan, policy.plan);
    assert_eq!(format!("{:?}", again.stats()), format!("{:?}", policy.stats()));
}

#[test]
fn a_plan_that_does_not_fit_is_refused() {
    let (mfa, own) = (0, 2);
    assert_eq!(planned().plan.runs, [Run { by: own, rules: 40 }]);
    let refused = |runs: &[(u8, u32)], code: &str, expected: &str| {
        let error = with_plan(runs, 0..40).unwrap_err();
        assert!(error.code() == code && error.to_string().contains(expected), "{runs:?}: {error}");
    };
    let (misfiled, uncounted) = ("a conjunct by which it cannot be filed in rule", "not as many choices");
    // One that has no handle, one that the rule does not have, and one that no rule can have.
    refused(&[(mfa, 40)], "R0209", misfiled);
    refused(&[(own, 7), (3, 33)], "R0209", "in rule 7");
    refused(&[(LOOSE - 1, 40)], "R0209", misfiled);
    refused(&[(LOOSE + 1, 40)], "R0206", "no such kind");
    // Missing, too short, too long.
    refused(&[], "R0209", uncounted);
    refused(&[(own, 39)], "R0209", uncounted);
    refused(&[(own, 41)], "R0209", uncounted);
    refused(&[(own, 20), (own, 20)], "R0208", "canonical");
}

#[test]
fn a_plan_whose_order_does_not_fit_is_refused() {
    let (texts, counts) = (1, 2);
    let refused = |runs: &[(u8, u32)], order: Vec<usize>, expected: &str| {
        let error = with_plan(runs, order.clone()).unwrap_err();
        assert!(error.code() == "R0209" && error.to_string().contains(expected), "{order:?}: {error}");
    };
    let uncounted = "not as many choices";
    // No rule, too few, too many, one twice and so another not at all, one that there is not.
    refused(&[(counts, 40)], vec![], uncounted);
    refused(&[(counts, 40)], (0..39).collect(), uncounted);
    refused(&[(counts, 40)], (0..41).collect(), uncounted);
    refused(&[(counts, 40)], (0..39).chain([7]).collect(), "in rule 7");
    refused(&[(counts, 40)], (0..39).chain([40]).collect(), "in rule 40");
    // A text comes again after others; a rule of another place stands among those of one.
    refused(&[(texts, 40), (LOOSE, 40)], (0..40).collect(), "a place");
    refused(&[(texts, 7), (LOOSE, 1), (texts, 32), (LOOSE, 40)], by_text().collect(), "a place");
}

#[test]
fn another_plan_that_fits_changes_no_decision() {
    let policy = planned();
    let (texts, counts) = (1, 2);
    for rule in (0..40).map(RuleId::new) {
        let reads = |at: usize| policy.node_text(policy.conjuncts(rule)[at]);
        assert!(reads(0).contains("mfa") && reads(1).contains("text") && reads(2).contains("count"));
    }
    // None is filed; all by the text, and then those of a text by the count, or not; a few of them loose.
    let in_any_order = || (0..40).map(|at| at * 7 % 40).collect::<Vec<_>>();
    let plans = [
        (vec![(LOOSE, 40)], in_any_order()),
        (vec![(counts, 40)], in_any_order()),
        (vec![(texts, 40), (counts, 40)], by_text().collect()),
        (vec![(texts, 40), (LOOSE, 40)], by_text().collect()),
        (vec![(counts, 20), (LOOSE, 20)], in_any_order()),
    ];
    for (plan, order) in plans {
        let other = with_plan(&plan, order).unwrap();
        for context in [
            json!({ "count": 7, "text": "w1", "mfa": true }),
            json!({ "count": 7, "text": "w2", "mfa": true }),
            json!({ "count": 7, "mfa": true }),
            json!({ "text": "w0", "mfa": true }),
            json!({ "count": 30, "text": "w0" }),
        ] {
            let decide = |policy: &Policy| decide_full(policy, &request(policy, context.clone()));
            assert_eq!(decide(&other), decide(&policy), "{plan:?} {context}");
        }
    }
}

#[test]
fn a_level_is_bound_once() {
    let quantified = |p: &mut Policy, over: usize, body: usize| {
        p.nodes.push(Node::Quantified {
            quantifier: crate::graph::Quantifier::Any,
            over: NodeId::new(over),
            level: 1,
            body: NodeId::new(body),
        });
        p.nodes.len() - 1
    };
    refused(
        |p| {
            let inner = quantified(p, 0, 0);
            quantified(p, 0, inner);
        },
        "bound again inside it",
    );
    refused(
        |p| {
            p.nodes.push(Node::Element(1));
            let element = p.nodes.len() - 1;
            quantified(p, element, 0);
        },
        "depends on its own elements",
    );
}

#[test]
fn deep_and_long_claims_cost_nothing() {
    for byte in [0x0b, 0x0c, 0x12, 0xff, 0x7f] {
        assert!(Policy::from_bytes(&sealed(&vec![byte; 1 << 20])).is_err());
    }
    // A name that claims to be as long as memory.
    let mut body = vec![0xff; 9];
    body.push(0x01);
    assert!(Policy::from_bytes(&sealed(&body)).is_err());
}

/// Uses what was loaded; nothing may panic.
fn exercise(policy: &Policy) {
    let document = json!({
        "subject": { "type": "User", "id": "ann" },
        "action": { "name": "read" },
        "resource": { "type": "Doc", "id": "d" },
        "context": { "a": true, "count": 3, "labels": { "a": "b" } },
    });
    let Ok(request) = crate::Request::from_json(policy, document.to_string().as_bytes()) else {
        return;
    };
    let _ = decide_full(policy, &request);
    let _ = policy.to_svg(&Default::default());
    for action in 0..policy.schema().actions.len() {
        let _ = policy.slots(crate::id::ActionId::new(action));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_bytes_are_a_policy_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Policy::from_bytes(&bytes);
        let _ = Policy::from_bytes(&sealed(&bytes));
    }

    #[test]
    fn damage_is_found(at in any::<prop::sample::Index>(), flip in 1..=255u8, cut in any::<prop::sample::Index>()) {
        let mut bytes = policy().to_bytes();
        prop_assert!(Policy::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Policy::from_bytes(&bytes).is_err());
    }

    #[test]
    fn forgeries_are_refused_or_harmless(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        nodes in vec(0..60u8, 0..20),
    ) {
        let policy = random_policy(nodes.iter().map(|at| match at % 4 {
            0 => Node::Context(u32::from(at % 17)),
            1 => Node::Not(NodeId::new(usize::from(*at))),
            2 => Node::And([NodeId::new(usize::from(*at)), NodeId::new(0)].into()),
            _ => Node::Subject,
        }).collect());
        let bytes = policy.to_bytes();
        let (settings, body) = parts(&bytes);
        let (settings, mut body) = (settings.to_vec(), body.to_vec());
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Ok(policy) = Policy::from_bytes(&wire::file(&settings, &body)) {
            exercise(&policy);
        }
    }
}
