//! The index against looking at every rule, and how large and how deep it gets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail by panicking")]

mod cases;
mod sizes;

use proptest::collection::vec;
use proptest::prelude::*;
use regex_automata::dfa::{StartKind, dense};
use serde_json::{Value as Json, json};

use super::{Bucket, By, DEPTH_MAX, Index};
use crate::Truth;
use crate::decision::{Decision, Mode};
use crate::eval::tests::fixture::*;
use crate::eval::tests::random;
use crate::eval::{Scratch, decide};
use crate::graph::build::Builder;
use crate::graph::{CompareOp, Effect, Policy, Rule};
use crate::id::{NodeId, RuleId};
use crate::pattern::{Glob, Pattern, Regex, Route};
use crate::pdp::Snapshot;
use crate::request::Request;
use crate::store::Store;
use crate::value::{Datum, Ip, IpRange, Value};

/// Tests of a few slots. Not all are well-typed: the index must not take what is unknown for false.
fn tests(builder: &mut Builder) -> Vec<NodeId> {
    let mut found = Vec::new();
    let (count, maybe, one) = (builder.context(COUNT), builder.context(MAYBE), builder.constant(int(1)));
    let (or_one, or_count) = (builder.otherwise(maybe, one), builder.otherwise(maybe, count));
    for slot in [count, maybe, or_one, or_count] {
        for constant in [int(0), int(1), int(2), text("x")] {
            let constant = builder.constant(constant);
            found.push(builder.equal(slot, constant));
            for op in [CompareOp::Less, CompareOp::LessOrEqual] {
                found.push(builder.compare(op, slot, constant));
                found.push(builder.compare(op, constant, slot));
            }
        }
        for several in [vec![int(0), int(1)], vec![int(1), text("x")], vec![int(7)]] {
            let several = builder.constant(Value::set(several));
            found.push(builder.contains(several, slot));
        }
    }
    let (word, map, key) = (builder.context(TEXT), builder.context(LABELS), builder.constant(text("x")));
    let (entry, lower) = (builder.index(map, key), builder.lower(word));
    for slot in [word, entry, lower] {
        for constant in [text("a"), text("x"), text("Abc"), text("y"), int(1)] {
            let constant = builder.constant(constant);
            found.extend([
                builder.equal(slot, constant),
                builder.starts_with(slot, constant),
                builder.ends_with(slot, constant),
                builder.contains(slot, constant),
                builder.compare(CompareOp::Less, slot, constant),
                builder.compare(CompareOp::LessOrEqual, constant, slot),
            ]);
        }
        for glob in ["a*", "*b*", "A*c", "A*x*c", "x"] {
            found.push(builder.matches(slot, Pattern::Glob(Glob::parse(glob).unwrap())));
        }
        // Two are put together, whichever: they have no literal.
        for source in ["[a-c]+", "(?i)abc|x", "[ax].*", "[^x]*"] {
            found.push(builder.matches(slot, Pattern::Regex(regex(source))));
        }
    }
    let path = builder.context(PATH);
    for route in ["/users/{id}", "/users/**", "/**/7", "/"] {
        found.push(builder.matches(path, Pattern::Route(Route::parse(route).unwrap())));
    }
    let (tags, numbers, friends) = (builder.context(TAGS), builder.context(NUMBERS), builder.context(FRIENDS));
    for slot in [tags, numbers, friends, map] {
        for constant in [text("a"), text("x"), int(1), uid(USER, "ann")] {
            let element = builder.constant(constant.clone());
            found.push(builder.contains(slot, element));
            for more in [int(2), text("b"), uid(USER, "bob")] {
                let several = builder.constant(Value::set(vec![constant.clone(), more]));
                found.extend([builder.contains_any(slot, several), builder.contains_all(slot, several)]);
                found.push(builder.equal(slot, several));
            }
        }
    }
    let (network, ranges) = (builder.context(NETWORK), builder.context(RANGES));
    for slot in [network, ranges] {
        for ip in ["10.0.0.1", "10.1.2.3", "192.0.2.9", "2001:db8::1"] {
            let ip = builder.constant(Value::Ip(Ip::parse(ip).unwrap()));
            found.push(builder.contains(slot, ip));
        }
        let range = builder.constant(Value::IpRange(IpRange::parse("10.0.0.0/8").unwrap()));
        found.extend([builder.equal(slot, range), builder.contains(slot, range)]);
    }
    entity_tests(builder, &mut found);
    with_connectives(builder, found)
}

/// The tests, and behind every other one what connectives make of it and the one before, which mostly is about the same slot.
fn with_connectives(builder: &mut Builder, tests: Vec<NodeId>) -> Vec<NodeId> {
    let (flag, never) = (builder.context(A), builder.truth(false));
    let mut found = Vec::new();
    for pair in tests.chunks(2) {
        found.extend(pair);
        let [one, other] = *pair else { continue };
        let (either, both) = (builder.or([one, other]), builder.and([one, other]));
        let both_and_more = builder.and([both, flag]);
        found.extend([either, both, both_and_more].map(|of| builder.not(of)));
        found.extend([builder.not(one), builder.choose(flag, one, other), builder.choose(other, never, one)]);
    }
    found
}

/// Builds a regex as the compiler does.
fn regex(source: &str) -> Regex {
    let config = dense::Config::new().start_kind(StartKind::Anchored);
    let dense = dense::Builder::new().configure(config).build(&format!(r"\A(?:{source})\z")).unwrap();
    Regex::from_dfa(source, dense.to_sparse().unwrap().to_bytes_little_endian()).unwrap()
}

fn entity_tests(builder: &mut Builder, found: &mut Vec<NodeId>) {
    let (subject, resource) = (builder.subject(), builder.resource());
    let (owner, manager) = (builder.attribute(resource, DOC, OWNER), builder.attribute(subject, USER, MANAGER));
    for slot in [subject, resource, owner, manager] {
        for outer in [uid(GROUP, "g"), uid(GROUP, "h"), uid(GROUP, "i"), uid(USER, "ann"), uid(DOC, "d"), text("g")] {
            let constant = builder.constant(outer.clone());
            found.extend([builder.within(slot, constant), builder.equal(slot, constant)]);
            let several = builder.constant(Value::set(vec![outer, uid(GROUP, "j")]));
            found.push(builder.within(slot, several));
        }
        found.extend([builder.is(slot, [USER]), builder.is(slot, [DOC]), builder.is(slot, [GROUP, USER])]);
    }
    let level = builder.attribute(subject, USER, LEVEL_OF);
    for index in 0..2 {
        let constant = builder.constant(Value::Enum(crate::value::EnumMember { ty: LEVEL, index }));
        found.push(builder.equal(level, constant));
        found.push(builder.compare(CompareOp::LessOrEqual, level, constant));
    }
    found.extend([A, B, C].map(|flag| builder.context(flag)));
}

/// A rule: conjuncts that are alternatives that are conjunctions of tests, by number.
type Shape = Vec<Vec<Vec<u16>>>;

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    // Numbers come in few clusters, so that rules of a policy meet at slots.
    let test = (0..6_u16, 0..24_u16);
    let part = prop_oneof![5 => vec(test.clone(), 1..2), 1 => vec(test, 2..3)];
    let conjunct = prop_oneof![4 => vec(part.clone(), 1..2), 1 => vec(part, 2..4)];
    // What all rules of a policy share.
    let common = prop_oneof![1 => Just(Vec::new()), 1 => vec(conjunct.clone(), 1..3)];
    let rule = prop_oneof![20 => vec(conjunct.clone(), 1..5), 1 => vec(conjunct, 18..22)];
    (common, vec(rule, 1..60), any::<[u16; 6]>()).prop_map(|(common, mut rules, clusters)| {
        rules.iter_mut().for_each(|rule| rule.extend(common.iter().cloned()));
        let number = |(cluster, at): (u16, u16)| clusters[usize::from(cluster)].wrapping_add(at);
        let part = |part: Vec<_>| part.into_iter().map(number).collect();
        let conjunct = |conjunct: Vec<_>| conjunct.into_iter().map(part).collect();
        rules.into_iter().map(|rule| rule.into_iter().map(conjunct).collect()).collect()
    })
}

fn policy_of(shapes: &[Shape]) -> Policy {
    let mut builder = builder();
    let tests = tests(&mut builder);
    for (at, shape) in shapes.iter().enumerate() {
        let conjuncts: Vec<NodeId> = shape
            .iter()
            .map(|alternatives| {
                let all =
                    |part: &Vec<u16>| part.iter().map(|at| tests[usize::from(*at) % tests.len()]).collect::<Vec<_>>();
                let parts: Vec<NodeId> = alternatives.iter().map(|part| builder.and(all(part))).collect();
                builder.or(parts)
            })
            .collect();
        let condition = builder.and(conjuncts);
        let effect = if at % 2 == 0 { Effect::Deny } else { Effect::Allow };
        builder.add_rule(Rule { audit: at % 3 == 0, ..rule(&format!("r{at}"), effect, condition) }, &[READ]);
    }
    builder.finish().unwrap()
}

/// Groups `g` in `h` in `i`; whom the request describes, and whom the store holds.
fn worlds() -> impl Strategy<Value = (Json, Json)> {
    let parents = |of: &[&str]| json!(of.iter().map(|id| json!({ "type": "Group", "id": id })).collect::<Vec<_>>());
    let group = move |id: &str, above: &[&str]| json!({ "type": "Group", "id": id, "parents": parents(above) });
    let ann = move |above: &[&str]| {
        let manager = json!({ "type": "User", "id": "bob" });
        let properties = json!({ "level": "high", "manager": manager });
        json!({ "type": "User", "id": "ann", "properties": properties, "parents": parents(above) })
    };
    let doc = json!({ "type": "Doc", "id": "d", "properties": { "owner": { "type": "User", "id": "ann" } } });
    let subject = prop::option::of(prop::sample::select(vec![ann(&[]), ann(&["g"]), ann(&["h", "g"]), ann(&["j"])]));
    let groups = prop::sample::subsequence(vec![group("g", &["h"]), group("h", &["i"]), group("i", &[])], 0..=3);
    let stored =
        prop::sample::subsequence(vec![group("g", &["h"]), group("h", &[]), group("i", &[]), ann(&["g"])], 0..=4);
    (random::context(), subject, any::<bool>(), groups, stored).prop_map(
        move |(context, subject, owned, groups, stored)| {
            let mut parts = json!({ "context": context, "entities": groups });
            if let Some(subject) = subject {
                parts["subject"] = subject;
            }
            if owned {
                parts["resource"] = doc.clone();
            }
            (parts, json!(stored))
        },
    )
}

/// What the rule's condition comes to when it alone is looked at.
fn truth_of(policy: &Policy, store: &Store, rule: RuleId, request: &Request) -> Truth {
    match datum_in(policy, store, policy.rule(rule).unwrap().condition, request, Some(now())) {
        Datum::Value(Value::Bool(true)) => Truth::True,
        Datum::Value(Value::Bool(false)) => Truth::False,
        _ => Truth::Unknown,
    }
}

/// Whatever can fire is among the candidates.
fn hold_every_rule_that_counts(policy: &Policy, worlds: &[(Json, Json)]) -> Result<(), TestCaseError> {
    for (parts, stored) in worlds {
        let store = Store::from_json(policy, stored.to_string().as_bytes()).unwrap();
        let request = full_request(policy, parts.clone());
        if request.check_against(policy.schema(), &store).is_err() {
            continue;
        }
        let rules = policy.rules_for(READ).unwrap();
        let trees = policy.derived.index.trees(READ.index());
        let kinds = [(&rules.denies, trees.denies), (&rules.allows, trees.allows), (&rules.audits, trees.audits)];
        for ((rules, tree), only_true) in kinds.into_iter().flat_map(|kind| [(kind, true), (kind, false)]) {
            let found = candidates_of(policy, &store, &request, tree, only_true);
            prop_assert!(found.is_sorted_by(|a, b| a < b), "in source order, each once");
            prop_assert!(found.iter().all(|rule| rules.contains(rule)));
            for rule in &**rules {
                let truth = truth_of(policy, &store, *rule, &request);
                let counts = truth == Truth::True || (truth == Truth::Unknown && !only_true);
                let condition = policy.rule(*rule).unwrap().condition;
                let text = || policy.node_text(condition);
                prop_assert!(!counts || found.contains(rule), "{truth:?} and passed over: {}", text());
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn candidates_hold_every_rule_that_counts(shapes in shapes(), worlds in vec(worlds(), 4)) {
        hold_every_rule_that_counts(&policy_of(&shapes), &worlds)?;
    }

    #[test]
    fn whatever_is_planned_no_rule_is_left_out(shapes in shapes(), worlds in vec(worlds(), 4), seed: u64) {
        let mut policy = policy_of(&shapes);
        policy.plan = Index::any_plan(&policy, seed).unwrap();
        let policy = Policy::from_bytes(&policy.to_bytes()).unwrap();
        hold_every_rule_that_counts(&policy, &worlds)?;
    }

    #[test]
    fn what_is_left_out_as_proven_holds(shapes in shapes(), worlds in vec(worlds(), 4)) {
        let policy = policy_of(&shapes);
        let mut scratch = Scratch::new();
        for (parts, stored) in worlds {
            let store = Store::from_json(&policy, stored.to_string().as_bytes()).unwrap();
            let request = full_request(&policy, parts);
            if request.check_against(policy.schema(), &store).is_err() {
                continue;
            }
            let decision = decide(&policy, &store, &request, Some(now()), Mode::Full, &mut scratch);
            let rules = policy.rules_for(READ).unwrap();
            let fires = |rule: &RuleId| match (policy.rule(*rule).unwrap().effect, truth_of(&policy, &store, *rule, &request)) {
                (Effect::Deny, truth) => truth != Truth::False,
                (Effect::Allow, truth) => truth == Truth::True,
            };
            let fired = |rules: &[RuleId]| rules.iter().copied().filter(fires).collect::<Vec<_>>();
            prop_assert_eq!(&decision.audit, &fired(&rules.audits));
            let denies = fired(&rules.denies);
            let expected = if denies.is_empty() { fired(&rules.allows) } else { denies };
            prop_assert_eq!(&decision.rules, &expected);
            let brief = decide(&policy, &store, &request, Some(now()), Mode::Effect, &mut scratch);
            prop_assert_eq!(brief.effect, decision.effect);
            // What is looked up beforehand is what it is, and is not taken to another snapshot.
            let bare = decide(&policy, &Store::empty(), &request, Some(now()), Mode::Full, &mut scratch);
            let [stored, empty] = [store, Store::empty()].map(|store| Snapshot::new(policy.clone(), store).unwrap());
            let prepared = stored.prepare(request);
            let expected = [(&stored, Mode::Full, decision), (&stored, Mode::Effect, brief), (&empty, Mode::Full, bare)];
            for (snapshot, mode, expected) in expected {
                let mut again = Decision::default();
                snapshot.decide_into(&prepared, Some(now()), mode, &mut scratch, &mut again);
                prop_assert_eq!(again, expected);
            }
        }
    }

    #[test]
    fn it_is_never_deeper_than_it_may_be(shapes in shapes()) {
        let policy = policy_of(&shapes);
        let index = &policy.derived.index;
        let trees = index.trees(READ.index());
        for tree in [trees.denies, trees.duties, trees.allows, trees.audits] {
            prop_assert!(depth_of(index, tree) <= DEPTH_MAX);
        }
    }
}

/// Divisions inside a division, one in the other.
fn depth_of(index: &Index, division: u32) -> u32 {
    let dimensions = index.division(division).dimensions.of(&index.dimensions).iter();
    let tables = dimensions.filter_map(|dimension| match dimension.by {
        By::Keys { table, .. } => Some(table),
        By::Intervals { .. } => None,
    });
    let buckets = tables.flat_map(|table| index.tables.buckets(table));
    let inner = buckets.filter_map(|bucket| match bucket {
        Bucket::Division(inner) => Some(depth_of(index, inner) + 1),
        Bucket::Entries(_) => None,
    });
    inner.max().unwrap_or(0)
}
