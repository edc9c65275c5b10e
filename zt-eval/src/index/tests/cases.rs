//! Cases that chance hardly comes by.

use super::*;
use crate::decision::{Decision, Fact, Reason};

/// A policy whose rules are these.
fn policy_with(effect: Effect, make: impl FnOnce(&mut Builder) -> Vec<NodeId>) -> Policy {
    let mut builder = builder();
    for (at, condition) in make(&mut builder).into_iter().enumerate() {
        builder.add_rule(rule(&format!("r{at}"), effect, condition), &[READ]);
    }
    builder.finish().unwrap()
}

fn decided(policy: &Policy, store: &Store, parts: Json) -> Decision {
    decide(policy, store, &full_request(policy, parts), Some(now()), Mode::Full, &mut Scratch::new())
}

#[test]
fn a_test_behind_the_sixteenth_conjunct_proves_nothing_of_another() {
    let policy = policy_with(Effect::Allow, |builder| {
        let (count, labels) = (builder.context(COUNT), builder.context(LABELS));
        let rule = |at: usize, builder: &mut Builder| {
            let mut conjuncts = Vec::new();
            for not in 0..16 {
                let not = builder.constant(int(not));
                let is = builder.equal(count, not);
                conjuncts.push(builder.not(is));
            }
            let (key, word) = (builder.constant(text("x")), builder.constant(text(&format!("w{at}"))));
            let entry = builder.index(labels, key);
            // It costs more, and so comes after the others.
            conjuncts.push(builder.equal(entry, word));
            builder.and(conjuncts)
        };
        (0..30).map(|at| rule(at, builder)).collect()
    });
    let ask = |count: i64| {
        let context = json!({ "count": count, "labels": { "x": "w7" } });
        rule_names(&policy, &decided(&policy, &Store::empty(), json!({ "context": context })).rules)
    };
    assert_eq!(ask(99), ["r7"]);
    for count in 0..16 {
        assert!(ask(count).is_empty(), "{count}");
    }
}

#[test]
fn the_deepest_divisions_still_hold_all_their_rules() {
    let alternatives = 2_usize.pow(6);
    let policy = policy_with(Effect::Allow, |builder| {
        let (count, maybe, word) = (builder.context(COUNT), builder.context(MAYBE), builder.context(TEXT));
        let (labels, numbers, tags) = (builder.context(LABELS), builder.context(NUMBERS), builder.context(TAGS));
        let key = builder.constant(text("x"));
        let entry = builder.index(labels, key);
        let rule = |at: usize, builder: &mut Builder| {
            let bit = |slot: usize| (at >> slot & 1) as i64;
            let names = ["a", "b"];
            let mut conjuncts = Vec::new();
            for (slot, constant) in [
                (count, int(bit(0))),
                (maybe, int(bit(1))),
                (word, text(names[at >> 2 & 1])),
                (entry, text(names[at >> 3 & 1])),
            ] {
                let constant = builder.constant(constant);
                conjuncts.push(builder.equal(slot, constant));
            }
            for (slot, constant) in [(numbers, int(bit(4))), (tags, text(names[at >> 5 & 1]))] {
                let constant = builder.constant(constant);
                conjuncts.push(builder.contains(slot, constant));
            }
            builder.and(conjuncts)
        };
        (0..alternatives * 20).map(|at| rule(at % alternatives, builder)).collect()
    });
    let index = &policy.derived.index;
    assert_eq!(depth_of(index, index.trees(READ.index()).allows), DEPTH_MAX);
    for at in [0, 21, alternatives - 1] {
        let names = ["a", "b"];
        let context = json!({
            "count": at & 1, "maybe": at >> 1 & 1, "text": names[at >> 2 & 1], "labels": { "x": names[at >> 3 & 1] },
            "numbers": [at >> 4 & 1], "tags": [names[at >> 5 & 1]],
        });
        let decision = decided(&policy, &Store::empty(), json!({ "context": context }));
        let expected: Vec<RuleId> = (0..20).map(|copy| RuleId::new(copy * alternatives + at)).collect();
        assert_eq!(decision.rules, expected);
    }
}

/// `in` of each of so many groups.
fn groups(count: usize) -> Policy {
    policy_with(Effect::Allow, |builder| {
        let subject = builder.subject();
        let within = |at: usize, builder: &mut Builder| {
            let group = builder.constant(uid(GROUP, &format!("g{at}")));
            builder.within(subject, group)
        };
        (0..count).map(|at| within(at, builder)).collect()
    })
}

#[test]
fn a_decision_depends_on_parents_that_anchors_were_read_from() {
    let group = json!([{ "type": "Group", "id": "g3" }]);
    for count in [4, 40] {
        let policy = groups(count);
        let stored = json!([
            { "type": "User", "id": "ann", "properties": { "level": "low", "manager": null }, "parents": group },
            { "type": "Group", "id": "g3", "parents": [] },
        ]);
        let store = Store::from_json(&policy, stored.to_string().as_bytes()).unwrap();
        let said = json!({ "subject": { "type": "User", "id": "ann", "parents": group }, "entities": [{ "type": "Group", "id": "g3", "parents": [] }] });
        for (store, parts) in [(store, json!({})), (Store::empty(), said)] {
            let decision = decided(&policy, &store, parts);
            assert_eq!(rule_names(&policy, &decision.rules), ["r3"], "of {count}");
            let Value::Entity(ann) = uid(USER, "ann") else { unreachable!() };
            assert!(decision.depends_on.contains(&Fact::Parents(ann)), "of {count}");
        }
    }
}

#[test]
fn what_could_open_a_denial_is_named_though_its_rules_are_filed() {
    for count in [4, 40] {
        let policy = policy_with(Effect::Allow, |builder| {
            let slot = builder.context(TEXT);
            let is = |at: usize, builder: &mut Builder| {
                let word = builder.constant(text(&format!("w{at}")));
                builder.equal(slot, word)
            };
            (0..count).map(|at| is(at, builder)).collect()
        });
        let decision = decided(&policy, &Store::empty(), json!({}));
        assert_eq!(decision.reason, Some(Reason::NoRule));
        assert_eq!(unknown_texts(&decision), ["context.text"], "of {count}");
        assert!(unknown_texts(&decided(&policy, &Store::empty(), json!({ "context": { "text": "?" } }))).is_empty());
    }
}

#[test]
fn a_decision_depends_on_parents_that_a_condition_was_answered_from() {
    let mut builder = builder();
    let (subject, group) = (builder.subject(), builder.constant(uid(GROUP, "g")));
    let within = builder.within(subject, group);
    let outside = builder.not(within);
    builder.add_rule(rule("outside", Effect::Allow, outside), &[READ]);
    // It makes the group one by which rules are filed.
    builder.add_rule(rule("within", Effect::Allow, within), &[WRITE]);
    let policy = builder.finish().unwrap();
    let properties = json!({ "level": "low", "manager": null });
    let stored = json!([{ "type": "User", "id": "ann", "properties": properties, "parents": [] }]);
    let store = Store::from_json(&policy, stored.to_string().as_bytes()).unwrap();
    let decision = decided(&policy, &store, json!({}));
    assert_eq!(rule_names(&policy, &decision.rules), ["outside"]);
    let Value::Entity(ann) = uid(USER, "ann") else { unreachable!() };
    assert_eq!(decision.depends_on, [Fact::Parents(ann)]);
}

#[test]
fn patterns_without_literals_are_found_by_one_automaton() {
    let mut builder = builder();
    let word = builder.context(TEXT);
    for at in 0..40 {
        let condition = builder.matches(word, Pattern::Regex(regex(&format!("(?i)t{at}-[a-z]*"))));
        builder.add_rule(rule(&format!("r{at}"), Effect::Deny, condition), &[READ]);
    }
    let policy = builder.finish().unwrap();
    let tree = policy.derived.index.trees(READ.index()).denies;
    let store = Store::empty();
    let request = full_request(&policy, json!({ "context": { "text": "T7-x" } }));
    assert_eq!(candidates_of(&policy, &store, &request, tree, false), [RuleId::new(7)]);
    let unknown = full_request(&policy, json!({ "context": {} }));
    assert_eq!(candidates_of(&policy, &store, &unknown, tree, false).len(), 40);
    let stats = policy.stats();
    assert_eq!(stats.always, 0);
    assert_eq!(stats.slots[0].structures, [("merged automata", 1), ("patterns in them", 40)]);
    assert_eq!((stats.slots[0].rules, stats.slots[0].bucket_max), (40, 1));
}

#[test]
fn a_pattern_that_stands_alone_does_not_stand_in_the_way() {
    let policy = policy_with(Effect::Deny, |builder| {
        let (word, lower) = (builder.context(TEXT), builder.context(TEXT));
        let lower = builder.lower(lower);
        let lone = builder.matches(lower, Pattern::Regex(regex("[a-z]+[0-9]+")));
        let rule = |at: usize, builder: &mut Builder| {
            let [one, other] = [at, at + 100].map(|at| {
                let constant = builder.constant(text(&format!("W{at}")));
                builder.equal(word, constant)
            });
            // Of this alternative the equality is the guard, though the pattern is one conjunct as well.
            let both = builder.and([lone, one]);
            builder.or([both, other])
        };
        (0..20).map(|at| rule(at, builder)).collect()
    });
    let merged = |(name, _): &(&str, usize)| *name == "merged automata";
    assert!(!policy.stats().slots.iter().any(|slot| slot.structures.iter().any(merged)));
    let request = full_request(&policy, json!({ "context": { "text": "W7" } }));
    let tree = policy.derived.index.trees(READ.index()).denies;
    assert_eq!(candidates_of(&policy, &Store::empty(), &request, tree, false), [RuleId::new(7)]);
}

#[test]
fn a_rule_that_is_at_a_place_twice_is_found_once() {
    let policy = policy_with(Effect::Deny, |builder| {
        let (count, flag) = (builder.context(COUNT), builder.context(A));
        let condition = |at: i64, builder: &mut Builder| {
            let (low, above) = (builder.constant(int(at)), builder.constant(int(at + 1)));
            let (is, less) = (builder.equal(count, low), builder.compare(CompareOp::Less, count, above));
            let both = builder.and([is, flag]);
            let also = builder.and([less, flag]);
            // The same place as alternative, and in an alternative.
            if at % 2 == 0 { builder.or([is, both]) } else { builder.or([less, also]) }
        };
        (0..40).map(|at| condition(at, builder)).collect()
    });
    let index = &policy.derived.index;
    let tree = index.trees(READ.index()).denies;
    let mut traversal = super::super::Traversal::default();
    index.traverse(tree, &mut traversal);
    assert_eq!(traversal.entries.len(), 40);
    assert!(traversal.entries.values().all(|times| *times == 1), "{:?}", traversal.entries);
    let request = full_request(&policy, json!({ "context": { "count": 6 } }));
    let found = candidates_of(&policy, &Store::empty(), &request, tree, false);
    let expected = (0..40).filter(|at| *at == 6 || at % 2 == 1 && 6 < at + 1);
    assert_eq!(found, expected.map(RuleId::new).collect::<Vec<_>>());
}

#[test]
fn of_very_many_bounds_some_are_looked_at() {
    let policy = policy_with(Effect::Deny, |builder| {
        let count = builder.context(COUNT);
        let condition = |rule: i64, builder: &mut Builder| {
            let bounds = (0..300).map(|at| {
                let bound = builder.constant(int(at - rule));
                builder.compare(CompareOp::Less, bound, count)
            });
            let bounds: Vec<NodeId> = bounds.collect();
            builder.and(bounds)
        };
        (0..20).map(|rule| condition(rule, builder)).collect()
    });
    let tree = policy.derived.index.trees(READ.index()).denies;
    let found = |count: i64| {
        let request = full_request(&policy, json!({ "context": { "count": count } }));
        let decision = decided(&policy, &Store::empty(), json!({ "context": { "count": count } }));
        (candidates_of(&policy, &Store::empty(), &request, tree, false), decision.rules)
    };
    let all: Vec<RuleId> = (0..20).map(RuleId::new).collect();
    assert_eq!(found(300), (all.clone(), all.clone()));
    assert_eq!(found(295).1, all[5..]);
    assert!(found(-40).0.is_empty());
}

/// Of many rules of one shape, how many are looked at where one or two hold.
fn looked_at(context: Json, shape: impl Fn(i64, &mut Builder) -> NodeId) -> usize {
    let policy = policy_with(Effect::Deny, |builder| (0..60).map(|at| shape(at, builder)).collect());
    let tree = policy.derived.index.trees(READ.index()).denies;
    let request = full_request(&policy, json!({ "context": context }));
    let found = candidates_of(&policy, &Store::empty(), &request, tree, false);
    let fired = decided(&policy, &Store::empty(), json!({ "context": context })).rules;
    assert!(!fired.is_empty() && fired.iter().all(|rule| found.contains(rule)));
    found.len()
}

#[test]
fn few_rules_of_each_of_these_shapes_are_looked_at() {
    let stand_in = looked_at(json!({ "maybe": 7 }), |at, builder| {
        let (slot, zero, at) = (builder.context(MAYBE), builder.constant(int(0)), builder.constant(int(at)));
        let slot = builder.otherwise(slot, zero);
        builder.equal(slot, at)
    });
    let key = looked_at(json!({ "labels": { "k7": "" } }), |at, builder| {
        let (slot, key) = (builder.context(LABELS), builder.constant(text(&format!("k{at}"))));
        builder.contains(slot, key)
    });
    let ip = |at: i64, builder: &mut Builder| builder.constant(Value::Ip(Ip::parse(&format!("10.0.0.{at}")).unwrap()));
    let range = looked_at(json!({ "network": "10.0.0.7/32" }), |at, builder| {
        let (slot, ip) = (builder.context(NETWORK), ip(at, builder));
        builder.contains(slot, ip)
    });
    let ranges = looked_at(json!({ "ranges": ["10.0.0.7/32", "192.0.2.0/24"] }), |at, builder| {
        let (slot, ip) = (builder.context(RANGES), ip(at, builder));
        builder.contains(slot, ip)
    });
    let outside = looked_at(json!({ "count": 7 }), |at, builder| {
        let (slot, at) = (builder.context(COUNT), builder.constant(int(at)));
        let (below, above) = (builder.compare(CompareOp::Less, slot, at), builder.compare(CompareOp::Less, at, slot));
        let either = builder.or([below, above]);
        builder.not(either)
    });
    let chosen = looked_at(json!({ "a": true, "count": 7 }), |at, builder| {
        let (flag, slot) = (builder.context(A), builder.context(COUNT));
        let (one, other) = (builder.constant(int(at)), builder.constant(int(at + 100)));
        let (one, other) = (builder.equal(slot, one), builder.equal(slot, other));
        builder.choose(flag, one, other)
    });
    let whole = looked_at(json!({ "tags": ["t07", "u"] }), |at, builder| {
        let slot = builder.context(TAGS);
        let tags = builder.constant(Value::set(vec![text(&format!("t{at:02}")), text("u")]));
        builder.equal(slot, tags)
    });
    assert_eq!([stand_in, key, range, ranges, outside, chosen, whole], [1; 7]);
    // Of bounds, those that hold.
    let ordered = looked_at(json!({ "text": "w58x" }), |at, builder| {
        let (slot, bound) = (builder.context(TEXT), builder.constant(text(&format!("w{at:02}"))));
        builder.compare(CompareOp::Less, slot, bound)
    });
    assert_eq!(ordered, 1);
}
