//! How rules make a decision.

use serde_json::json;

use super::fixture::*;
use crate::decision::{Challenge, Duty, Mode, Reason};
use crate::eval::{Scratch, Shown, decide, explain};
use crate::graph::{DutyTemplate, Effect, Policy, Rule, RuleExtras, Slot};
use crate::id::RuleId;
use crate::pdp::Pdp;
use crate::store::Store;
use crate::value::{Duration, Value};

/// `deny d: read when context.a`, `allow x: read when context.b`.
fn simple() -> Policy {
    let mut builder = builder();
    let (a, b) = (builder.context(A), builder.context(B));
    builder.add_rule(rule("d", Effect::Deny, a), &[READ]);
    builder.add_rule(rule("x", Effect::Allow, b), &[READ]);
    builder.finish().unwrap()
}

#[test]
fn a_deny_rule_fires_unless_it_is_false_and_an_allow_rule_only_when_it_is_true() {
    let policy = simple();
    let rows = [
        (Some(false), Some(true), Effect::Allow, None, vec!["x"], vec![]),
        (Some(false), Some(false), Effect::Deny, Some(Reason::NoRule), vec![], vec![]),
        (Some(false), None, Effect::Deny, Some(Reason::NoRule), vec![], vec!["context.b"]),
        (Some(true), Some(true), Effect::Deny, Some(Reason::Rule), vec!["d"], vec![]),
        (Some(true), None, Effect::Deny, Some(Reason::Rule), vec!["d"], vec![]),
        (None, Some(true), Effect::Deny, Some(Reason::Unknown), vec!["d"], vec!["context.a"]),
        (None, None, Effect::Deny, Some(Reason::Unknown), vec!["d"], vec!["context.a", "context.b"]),
        (None, Some(false), Effect::Deny, Some(Reason::Unknown), vec!["d"], vec![]),
    ];
    for (a, b, effect, reason, rules, unknown) in rows {
        let request = request(&policy, json!({ "a": a, "b": b }));
        let decision = decide_full(&policy, &request);
        assert_eq!(decision.effect, effect, "{a:?} {b:?}");
        assert_eq!(decision.reason, reason, "{a:?} {b:?}");
        assert_eq!(rule_names(&policy, &decision.rules), rules, "{a:?} {b:?}");
        assert_eq!(unknown_texts(&decision), unknown, "{a:?} {b:?}");
        let quick = decide(&policy, &Store::empty(), &request, Some(now()), Mode::Effect, &mut Scratch::new());
        assert_eq!(quick.effect, effect);
        assert!(quick.depends_on.is_empty() && quick.rules.is_empty());
    }
}

#[test]
fn an_action_without_rules_is_denied() {
    let policy = simple();
    let request = full_request(&policy, json!({ "action": { "name": "write" } }));
    let decision = decide_full(&policy, &request);
    assert_eq!((decision.effect, decision.reason), (Effect::Deny, Some(Reason::NoRule)));
}

fn audit(level: crate::id::NodeId) -> RuleExtras {
    let duty = DutyTemplate { obligation: AUDIT, args: Box::new([level]) };
    RuleExtras { duties: vec![duty], ..RuleExtras::default() }
}

#[test]
fn an_allow_rule_needs_its_arguments() {
    let mut builder = builder();
    let (yes, arg) = (builder.truth(true), builder.context(TEXT));
    builder.add_rule(Rule { extras: audit(arg).into(), ..rule("x", Effect::Allow, yes) }, &[READ]);
    let policy = builder.finish().unwrap();
    let decision = decide_full(&policy, &request(&policy, json!({ "text": "high" })));
    assert_eq!(decision.effect, Effect::Allow);
    assert_eq!(decision.obligations, [Duty { obligation: AUDIT, args: vec![text("high")] }]);
    let decision = decide_full(&policy, &request(&policy, json!({})));
    assert_eq!(decision.reason, Some(Reason::NoRule));
    assert_eq!(unknown_texts(&decision), ["context.text"]);
}

/// `deny d overridable when a`, `deny hard when c`, `allow x when b overrides d`, `allow plain when count == 1`.
fn break_glass() -> Policy {
    let mut builder = builder();
    let (a, b, c) = (builder.context(A), builder.context(B), builder.context(C));
    let (count, one, level) = (builder.context(COUNT), builder.constant(int(1)), builder.constant(text("high")));
    let plain = builder.equal(count, one);
    let d = builder.add_rule(rule("d", Effect::Deny, a), &[READ]);
    builder.add_rule(rule("hard", Effect::Deny, c), &[READ]);
    let extras = RuleExtras { overrides: vec![d], ..audit(level) };
    let x = Rule { extras: extras.into(), ..rule("x", Effect::Allow, b) };
    builder.add_rule(x, &[READ]);
    builder.add_rule(rule("plain", Effect::Allow, plain), &[READ]);
    builder.finish().unwrap()
}

#[test]
fn break_glass_overrides_what_it_names_and_is_listed() {
    let policy = break_glass();
    let ask = |context| decide_full(&policy, &request(&policy, context));
    for a in [Some(true), None] {
        let decision = ask(json!({ "a": a, "b": true, "c": false, "count": 0 }));
        assert_eq!(decision.effect, Effect::Allow);
        assert_eq!(rule_names(&policy, &decision.rules), ["x"]);
        assert_eq!(rule_names(&policy, &decision.overridden), ["d"]);
        assert_eq!(decision.obligations.len(), 1);
    }
    let decision = ask(json!({ "a": true, "b": true, "c": true, "count": 1 }));
    assert_eq!(decision.reason, Some(Reason::Rule));
    assert_eq!(rule_names(&policy, &decision.rules), ["hard"]);
    assert_eq!(rule_names(&policy, &decision.overridden), ["d"], "listed though another rule denies");
    assert!(decision.obligations.is_empty());
    let decision = ask(json!({ "a": true, "b": false, "c": false, "count": 1 }));
    assert_eq!(rule_names(&policy, &decision.rules), ["d"]);
    assert!(unknown_texts(&decision).is_empty());
}

#[test]
fn an_unknown_override_is_what_could_change_a_certain_denial() {
    let policy = break_glass();
    let ask = |context| decide_full(&policy, &request(&policy, context));
    let decision = ask(json!({ "a": true, "c": false, "count": 1 }));
    assert_eq!(decision.reason, Some(Reason::Rule));
    assert_eq!(unknown_texts(&decision), ["context.b"]);
    let decision = ask(json!({ "a": true, "c": true }));
    assert!(unknown_texts(&decision).is_empty(), "nothing overrides `hard`");
}

#[test]
fn audit_rules_are_reported_and_never_decide() {
    let mut builder = builder();
    let (a, b) = (builder.context(A), builder.context(B));
    builder.add_rule(Rule { audit: true, ..rule("trial_deny", Effect::Deny, a) }, &[READ]);
    builder.add_rule(Rule { audit: true, ..rule("trial_allow", Effect::Allow, a) }, &[READ]);
    builder.add_rule(rule("x", Effect::Allow, b), &[READ]);
    let policy = builder.finish().unwrap();
    let decision = decide_full(&policy, &request(&policy, json!({ "b": true })));
    assert_eq!(decision.effect, Effect::Allow);
    assert_eq!(rule_names(&policy, &decision.audit), ["trial_deny"]);
    let decision = decide_full(&policy, &request(&policy, json!({ "a": true })));
    assert_eq!(decision.reason, Some(Reason::NoRule));
    assert_eq!(rule_names(&policy, &decision.audit), ["trial_deny", "trial_allow"]);
}

#[test]
fn the_challenge_is_enough_and_none_of_it_can_be_spared() {
    let mut builder = builder();
    let (mfa, key, a) = (builder.context(MFA), builder.context(KEY), builder.context(A));
    let either = builder.or([mfa, key]);
    let read = builder.and([either, a]);
    let both = builder.and([mfa, key, a]);
    builder.add_rule(rule("one", Effect::Allow, read), &[READ]);
    builder.add_rule(rule("two", Effect::Allow, both), &[WRITE]);
    let policy = builder.finish().unwrap();
    let challenge =
        |attribute, acr: &str, age| Challenge { attribute, acr: acr.into(), max_age: Some(Duration::from_millis(age)) };
    let ask = |action: &str, context| {
        let parts = json!({ "action": { "name": action }, "context": context });
        decide_full(&policy, &full_request(&policy, parts))
    };
    let (mfa, key) = (challenge(MFA, "urn:mfa", 900_000), challenge(KEY, "urn:key", 60_000));
    assert_eq!(ask("read", json!({ "a": true })).challenge, std::slice::from_ref(&key), "the first is dropped first");
    assert_eq!(ask("write", json!({ "a": true })).challenge, [mfa, key]);
    assert!(ask("read", json!({ "a": false })).challenge.is_empty());
    assert!(ask("read", json!({ "a": true, "mfa": true, "auth_time": now().to_string() })).challenge.is_empty());
}

#[test]
fn what_was_consulted_is_named_once_with_clocks_and_now() {
    let mut builder = builder();
    let (mfa, subject) = (builder.context(MFA), builder.subject());
    let staff = builder.constant(uid(GROUP, "staff"));
    let within = builder.within(subject, staff);
    let both = builder.and([mfa, within]);
    builder.add_rule(rule("x", Effect::Allow, both), &[READ]);
    builder.add_rule(rule("y", Effect::Allow, mfa), &[READ]);
    let policy = builder.finish().unwrap();
    let context = json!({ "mfa": true, "auth_time": "2026-03-02T09:59:00Z" });
    let decision = decide_full(&policy, &request(&policy, context));
    let consulted = ["context.mfa", "context.auth_time", "User::\"ann\" parents", "now"];
    assert_eq!(fact_texts(&policy, &decision), consulted);
    let slots = policy.slots(READ);
    let texts: Vec<String> = slots.iter().map(|slot| policy.slot_text(*slot)).collect();
    assert_eq!(texts, ["context.mfa", "context.auth_time", "Group parents", "User parents", "now"]);
    assert!(policy.slots(WRITE).is_empty());
    assert!(slots.contains(&Slot::Now));
}

#[test]
fn requests_of_another_policy_are_invalid() {
    let policy = simple();
    let other = break_glass();
    let decision = decide_full(&policy, &request(&other, json!({ "b": true })));
    assert!(matches!(decision.reason, Some(Reason::Invalid(_))));
    assert_eq!(decision.effect, Effect::Deny);
}

#[test]
fn a_new_parameter_value_is_a_new_policy() {
    let mut builder = builder();
    let (count, max) = (builder.context(COUNT), builder.param(crate::id::ParamId::new(0)));
    let condition = builder.equal(count, max);
    let mut policy = with_rule(builder, condition);
    let ask = |policy: &Policy| decide_full(policy, &request(policy, json!({ "count": 7 }))).effect;
    assert_eq!(ask(&policy), Effect::Deny);
    let before = *policy.digest();
    policy.set_param("max", int(7)).unwrap();
    assert_eq!(ask(&policy), Effect::Allow);
    assert_ne!(*policy.digest(), before);
    policy.set_param_json("max", b"5").unwrap();
    assert_eq!(*policy.digest(), before);
    assert!(policy.set_param("min", int(1)).unwrap_err().is_undeclared());
    assert!(policy.set_param("max", text("x")).is_err());
    assert!(policy.set_param_json("max", b"\"x\"").is_err());
}

#[test]
fn explanations_hide_what_is_sensitive() {
    let mut builder = builder();
    let (secret, word, a) = (builder.context(SECRET), builder.constant(text("x")), builder.context(A));
    let same = builder.equal(secret, word);
    let both = builder.and([same, a]);
    let policy = with_rule(builder, both);
    let request = request(&policy, json!({ "secret": "x", "a": true }));
    let explanation = explain(&policy, &Store::empty(), &request, Some(now()), &mut Scratch::new());
    let [rule] = explanation.rules.as_slice() else { panic!("one rule") };
    assert!(rule.fires);
    assert_eq!(rule.condition.shown, Shown::Hidden);
    let shown: Vec<_> = rule.condition.children.iter().map(|child| (&*child.text, &child.shown)).collect();
    let known = Shown::Known(crate::value::Datum::Value(Value::Bool(true)));
    assert_eq!(shown, [("context.a", &known), ("context.secret == \"x\"", &Shown::Hidden)]);
    assert!(!format!("{:?}", explanation.rules).contains("String(\"x\")"));
}

#[test]
fn a_pdp_decides_documents_and_replaces_pairs() {
    let pdp = Pdp::new(simple(), Store::empty()).unwrap();
    let document = json!({
        "subject": { "type": "User", "id": "ann" },
        "action": { "name": "read" },
        "resource": { "type": "Doc", "id": "d" },
        "context": { "a": false, "b": true },
    })
    .to_string();
    let ask = || pdp.decide_json(document.as_bytes(), Some(now()), Mode::Full);
    assert_eq!(ask().effect, Effect::Allow);
    assert!(matches!(pdp.decide_json(b"{", None, Mode::Effect).reason, Some(Reason::Invalid(_))));
    let old = pdp.snapshot();
    pdp.replace(break_glass(), Store::empty()).unwrap();
    assert_eq!(ask().effect, Effect::Deny);
    assert_eq!(old.decide_json(document.as_bytes(), Some(now()), Mode::Full).effect, Effect::Allow);
    assert_eq!(pdp.snapshot().store().revision(), old.store().revision() + 1);
    assert_eq!(rule_names(old.policy(), &[RuleId::new(0)]), ["d"]);
}

#[test]
fn a_pdp_needs_every_parameter() {
    let mut declared = schema();
    declared.params[0].value = None;
    let span = Duration::from_millis(0);
    let builder = crate::graph::build::Builder::new(declared, crate::Limits::default(), span, "test", "tests");
    let mut policy = builder.finish().unwrap();
    assert_eq!(Pdp::new(policy.clone(), Store::empty()).unwrap_err().missing_param(), Some("max"));
    policy.set_param("max", int(1)).unwrap();
    assert!(Pdp::new(policy, Store::empty()).is_ok());
}
