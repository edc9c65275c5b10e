#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail by panicking")]

use proptest::prelude::*;
use serde_json::json;

use crate::decision::Mode;
use crate::eval::tests::fixture::*;
use crate::eval::tests::random::{any_policy, parts};
use crate::eval::{Scratch, decide};
use crate::graph::build::Builder;
use crate::graph::{CompareOp, DutyTemplate, Effect, Policy, Quantifier, Rule, RuleExtras};
use crate::id::{NodeId, RuleId};
use crate::limits::Limits;
use crate::store::Store;
use crate::value::Value;

/// Lists have three elements at most, and requests describe two entities.
fn small() -> Limits {
    Limits { elements_max: 3, request_entities_max: 2, ..Limits::default() }
}

fn cost_of(make: impl Fn(&mut Builder) -> NodeId) -> u64 {
    let mut builder = builder();
    let node = make(&mut builder);
    let mut policy = with_rule(builder, node);
    policy.limits = small();
    let cost = policy.cost();
    assert_eq!(cost.action, Some(READ));
    assert_eq!(cost.rules.len(), 1);
    cost.steps
}

#[test]
fn reading_evidence_is_counted_each_time() {
    // The rule's entry twice; its condition to allow, to see what is unknown, and where the search for that starts; the one
    // visit of that search, which may ask for the place twice.
    assert_eq!(cost_of(|b| b.context(A)), 2 + 3 + (1 + 2));
}

#[test]
fn elements_are_counted_for_each_quantifier() {
    let any = |b: &mut Builder| {
        let (numbers, count, number) = (b.context(NUMBERS), b.context(COUNT), b.element(1));
        let less = b.compare(CompareOp::Less, number, count);
        b.quantified(Quantifier::Any, numbers, 1, less)
    };
    // The quantifier is computed thrice and visited once; each goes through 3 elements, and computing for the visit's five
    // reads is the body's part.
    let quantifier = 3 + (3 * 3 + 3) + 3;
    let body = (3 + 5) * 3;
    let less = body + 3 * 3;
    let reads = body + 3 * 5;
    // The element may turn out not to be there to be borrowed: another step for each read.
    let (number, count, numbers) = (2 * reads + 3 * (1 + 2 * 2), reads + 3, (3 + 5) + 3);
    assert_eq!(cost_of(any), 2 + quantifier + less + number + count + numbers);
}

#[test]
fn hierarchy_tests_go_up_through_all_that_a_request_describes() {
    let within = |b: &mut Builder| {
        let (subject, group) = (b.subject(), b.constant(uid(GROUP, "g")));
        b.within(subject, group)
    };
    // Two entities with three parents each, the entities themselves, the first step, the one anchor.
    let climb = 2 * (3 + 1) + 1 + 1;
    // The entry with its further test twice, and the lookup for it.
    let search = 2 * (1 + 1) + (climb + 1);
    let test = 3 * (1 + climb);
    let visit = 1 + 2 + 2 * (1 + climb);
    let (subject, group) = (1 + (3 + 5) + 3, (3 + 5) + 3);
    assert_eq!(cost_of(within), search + test + visit + subject + group);
}

#[test]
fn a_challenge_decides_again_for_each_choice_of_step_ups() {
    // Two attributes can be renewed: all of them, both dropped in turn, and what remains once more.
    let runs = 1 + 2 + 1;
    let again = 1 + 2;
    assert_eq!(cost_of(|b| b.context(MFA)), 2 + 3 * 2 + 3 + runs * again);
}

#[test]
fn shared_tests_are_counted_once_for_all_rules() {
    let mut builder = builder();
    let (subject, friends) = (builder.subject(), builder.context(FRIENDS));
    let shared = builder.within(subject, friends);
    for at in [A, B, C] {
        let own = builder.context(at);
        let condition = builder.and([own, shared]);
        builder.add_rule(rule(&format!("r{at}"), Effect::Deny, condition), &[READ]);
    }
    let policy = builder.finish().unwrap();
    let cost = policy.cost();
    let alone = cost.rules[0].1;
    assert!(cost.rules.iter().all(|(_, steps)| *steps == alone));
    assert!(cost.steps > alone && cost.steps < alone + alone / 2, "{} {alone}", cost.steps);
}

#[test]
fn nested_quantifiers_multiply_and_sums_saturate() {
    let nested = |levels: u8, depend: bool| {
        let mut builder = builder();
        let (mut body, numbers) = (builder.context(A), builder.context(NUMBERS));
        for level in (1..=levels).rev() {
            let number = builder.element(level);
            let other = if depend && level > 1 { builder.element(level - 1) } else { builder.context(COUNT) };
            let less = builder.compare(CompareOp::Less, number, other);
            let both = builder.and([less, body]);
            body = builder.quantified(Quantifier::Any, numbers, level, both);
        }
        let mut policy = with_rule(builder, body);
        policy.limits.elements_max = 1 << 30;
        policy.cost().steps
    };
    assert!(nested(1, true) > 1 << 30);
    assert!(nested(2, true) > 1 << 60);
    assert_eq!(nested(3, true), u64::MAX);
    assert!(nested(3, false) < 1 << 40, "what does not depend on a variable is not done for each of its values");
}

#[test]
fn how_rules_are_found_is_told() {
    let mut builder = builder();
    for number in 0..20 {
        let (count, constant) = (builder.context(COUNT), builder.constant(int(number)));
        let condition = builder.equal(count, constant);
        builder.add_rule(rule(&format!("r{number}"), Effect::Deny, condition), &[READ]);
    }
    let loose = builder.context(A);
    builder.add_rule(rule("loose", Effect::Deny, loose), &[READ]);
    let policy = builder.finish().unwrap();
    let stats = policy.stats();
    assert_eq!((stats.rules, stats.nodes, stats.always, stats.bucket_max), (21, policy.nodes().len(), 1, 1));
    let [slot] = &*stats.slots else { panic!("{:?}", stats.slots) };
    assert_eq!((&*slot.slot, slot.rules, slot.bucket_max), ("context.count", 20, 1));
    assert_eq!(slot.structures, [("hash table of values", 20)]);
    assert!(stats.index_bytes > 20 * 16);
    let parts: usize = stats.bytes.iter().map(|(_, bytes)| bytes).sum();
    assert!(policy.to_bytes().len().abs_diff(parts) <= 10, "{} {parts}", policy.to_bytes().len());
}

/// Every other allow rule overrides all denials, and obliges to something that it computes.
fn with_duties(mut policy: Policy) -> Policy {
    let denies: std::sync::Arc<[RuleId]> = policy.actions[0].denies.clone();
    for (index, rule) in policy.rules.iter_mut().enumerate() {
        if rule.effect == Effect::Allow && index % 2 == 0 {
            rule.extras.overrides = denies.to_vec();
            rule.extras.duties = [DutyTemplate { obligation: AUDIT, args: [rule.condition].into() }].into();
        }
    }
    policy
}

/// Denials that are unknown, as many allow rules that are, one that fires, and one that is unknown and overrides all denials.
fn crowd(count: i64) -> Policy {
    let mut builder = builder();
    let (maybe, always) = (builder.context(COUNT), builder.constant(Value::Bool(true)));
    let mut denies = Vec::new();
    for number in 0..count {
        let number = builder.constant(int(number));
        let condition = builder.equal(maybe, number);
        denies.push(builder.add_rule(rule("d", Effect::Deny, condition), &[READ, WRITE]));
        builder.add_rule(rule("a", Effect::Allow, condition), &[READ]);
    }
    builder.add_rule(rule("ok", Effect::Allow, always), &[READ]);
    let unknown = builder.context(A);
    let extras = RuleExtras { overrides: denies, ..RuleExtras::default() };
    // That of the other action is looked at, too.
    for (name, action) in [("over", READ), ("other", WRITE)] {
        builder.add_rule(Rule { extras: extras.clone().into(), ..rule(name, Effect::Allow, unknown) }, &[action]);
    }
    builder.finish().unwrap()
}

#[test]
fn rules_are_not_set_against_each_other_one_by_one() {
    let steps = |count: i64| {
        let policy = crowd(count);
        let mut scratch = Scratch::new();
        let decision = decide(&policy, &Store::empty(), &request(&policy, json!({})), None, Mode::Full, &mut scratch);
        assert_eq!((decision.effect, decision.rules.len()), (Effect::Deny, usize::try_from(count).unwrap()));
        assert_eq!(unknown_texts(&decision), ["context.a", "context.count"]);
        assert!(scratch.computed <= policy.cost().steps, "{} > {}", scratch.computed, policy.cost().steps);
        scratch.computed
    };
    assert_eq!(steps(400) - steps(200), 2 * (steps(200) - steps(100)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_decision_takes_more(policy in any_policy(), parts in parts(), timed: bool, duties: bool) {
        let mut policy = if duties { with_duties(policy) } else { policy };
        policy.limits = small();
        crate::graph::validate::plan(&mut policy).unwrap();
        let policy = Policy::from_bytes(&policy.to_bytes()).unwrap();
        let request = full_request(&policy, parts);
        let cost = policy.cost();
        for mode in [Mode::Full, Mode::Effect] {
            let mut scratch = Scratch::new();
            let _ = decide(&policy, &Store::empty(), &request, timed.then(now), mode, &mut scratch);
            prop_assert!(scratch.computed <= cost.steps, "{} > {}", scratch.computed, cost.steps);
        }
    }
}
