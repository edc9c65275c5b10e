//! Expectations against decisions.

use std::sync::Arc;

use zt_eval::Effect;
use zt_eval::decision::{Decision, Duty, Reason};
use zt_eval::id::RuleId;
use zt_eval::request::InvalidRequest;

use super::report::{self, listed, quoted};
use super::{Mismatch, Problem};
use crate::hir;

/// What is wrong when the request was refused. A test must say that it means that: a slip in what it gives would otherwise
/// look like any denial.
pub(super) fn invalid(expect: &hir::Expect, error: InvalidRequest) -> Option<Problem> {
    let is_meant = expect.reason.as_deref() == Some("invalid") && expect.effect == Effect::Deny;
    let asks_more = expect.by.as_ref().is_some_and(|by| !by.is_empty())
        || expect.challenge.as_ref().is_some_and(|challenge| !challenge.is_empty())
        || expect.duties.as_ref().is_some_and(|duties| !duties.is_empty())
        || !expect.unknown.is_empty()
        || expect.because.is_some();
    (!is_meant || asks_more).then_some(Problem::Invalid(error))
}

/// What is not as expected.
pub(super) fn check(policy: &zt_eval::Policy, expect: &hir::Expect, decision: &Decision) -> Option<Problem> {
    if let Some(Reason::Invalid(error)) = &decision.reason {
        return invalid(expect, error.clone());
    }
    let checks = [
        effect(expect, decision),
        reason(expect, decision),
        rules(policy, expect, decision),
        because(policy, expect, decision),
        challenge(policy, expect, decision),
        unknown(expect, decision),
        duties(policy, expect, decision),
    ];
    let mismatches: Vec<Mismatch> = checks.into_iter().flatten().collect();
    (!mismatches.is_empty()).then_some(Problem::Expectation(mismatches))
}

fn mismatch(expected: impl Into<String>, got: impl Into<String>) -> Option<Mismatch> {
    Some(Mismatch { expected: expected.into(), got: got.into() })
}

fn effect(expect: &hir::Expect, decision: &Decision) -> Option<Mismatch> {
    let name = |effect| if effect == Effect::Allow { "allow" } else { "deny" };
    if expect.effect == decision.effect {
        return None;
    }
    mismatch(name(expect.effect), name(decision.effect))
}

fn reason(expect: &hir::Expect, decision: &Decision) -> Option<Mismatch> {
    let expected = expect.reason.as_deref()?;
    let got = match &decision.reason {
        None => "none, since access is allowed",
        Some(Reason::Rule) => "rule",
        Some(Reason::Unknown) => "unknown",
        Some(Reason::NoRule) => "no_rule",
        Some(Reason::Invalid(_)) => "invalid",
    };
    if expected == got {
        return None;
    }
    mismatch(format!("reason {expected}"), format!("reason {got}"))
}

/// All determining rules, in any order.
fn rules(policy: &zt_eval::Policy, expect: &hir::Expect, decision: &Decision) -> Option<Mismatch> {
    let mut expected = expect.by.clone()?;
    let mut got = names(policy, &decision.rules);
    expected.sort_unstable();
    expected.dedup();
    got.sort_unstable();
    if expected == got {
        return None;
    }
    mismatch(by(&expected), by(&names(policy, &decision.rules)))
}

fn by(names: &[Arc<str>]) -> String {
    if names.is_empty() { "by no rule".into() } else { format!("by {}", quoted(names)) }
}

fn names(policy: &zt_eval::Policy, rules: &[RuleId]) -> Vec<Arc<str>> {
    rules.iter().filter_map(|id| policy.rule(*id)).map(|rule| rule.name.clone().into()).collect()
}

fn because(policy: &zt_eval::Policy, expect: &hir::Expect, decision: &Decision) -> Option<Mismatch> {
    let expected = expect.because.as_ref()?;
    let rules = decision.rules.iter().filter_map(|id| policy.rule(*id));
    let got: Vec<Arc<str>> = rules.filter_map(|rule| rule.extras.because.clone()).collect();
    if got.contains(expected) {
        return None;
    }
    let texts: Vec<String> = got.iter().map(|text| format!("\"{text}\"")).collect();
    let got = if texts.is_empty() { "no reason in words".into() } else { format!("because {}", listed(&texts)) };
    mismatch(format!("because \"{expected}\""), got)
}

/// All step-ups, in any order.
fn challenge(policy: &zt_eval::Policy, expect: &hir::Expect, decision: &Decision) -> Option<Mismatch> {
    let mut expected = expect.challenge.clone()?;
    let mut got = report::challenged(policy, decision);
    expected.sort_unstable();
    expected.dedup();
    got.sort_unstable();
    if expected == got {
        return None;
    }
    let text = |names: &[Arc<str>]| {
        if names.is_empty() { "no challenge".into() } else { format!("a challenge for {}", quoted(names)) }
    };
    mismatch(text(&expected), text(&got))
}

/// Each text that is expected must be among what was unknown.
fn unknown(expect: &hir::Expect, decision: &Decision) -> Option<Mismatch> {
    let got: Vec<&str> = decision.unknown.iter().map(|unknown| &*unknown.text).collect();
    let missing: Vec<&String> = expect.unknown.iter().filter(|text| !got.contains(&text.as_str())).collect();
    if missing.is_empty() {
        return None;
    }
    let got =
        if got.is_empty() { "nothing that is unknown matters".into() } else { format!("unknown: {}", quoted(&got)) };
    mismatch(format!("unknown: {}", quoted(&missing)), got)
}

/// All obligations, in any order.
fn duties(policy: &zt_eval::Policy, expect: &hir::Expect, decision: &Decision) -> Option<Mismatch> {
    let expected = expect.duties.as_ref()?.iter().cloned();
    let expected: Vec<Duty> = expected.map(|(obligation, args)| Duty { obligation, args }).collect();
    let sorted = |duties: &[Duty]| {
        let mut all: Vec<_> = duties.iter().map(|duty| (duty.obligation, duty.args.clone())).collect();
        all.sort_unstable();
        all
    };
    if sorted(&expected) == sorted(&decision.obligations) {
        return None;
    }
    let text = |duties: &[Duty]| {
        let texts: Vec<String> = duties.iter().map(|duty| report::duty(policy, duty)).collect();
        if texts.is_empty() { "no obligation".into() } else { format!("oblige {}", texts.join(", ")) }
    };
    mismatch(text(&expected), text(&decision.obligations))
}
