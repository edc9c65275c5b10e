//! Decisions and failures in words, for the author of a test.

use std::fmt;
use std::sync::Arc;

use zt_eval::decision::{Challenge, Decision, Duty, Reason};
use zt_eval::id::RuleId;
use zt_eval::request::InvalidRequest;
use zt_eval::{Effect, Policy};

use super::{Failure, Problem};

/// A decision in words: a line for why it came out so, then one for each part that is not empty.
#[must_use]
pub fn describe(policy: &Policy, decision: &Decision) -> Vec<String> {
    let mut lines = vec![why(policy, decision)];
    if !decision.unknown.is_empty() {
        let texts: Vec<&str> = decision.unknown.iter().map(|unknown| &*unknown.text).collect();
        lines.push(format!("unknown: {}", quoted(&texts)));
    }
    if !decision.overridden.is_empty() {
        lines.push(format!("overridden: {}", rules(policy, &decision.overridden)));
    }
    if !decision.audit.is_empty() {
        lines.push(format!("only reported: {}", rules(policy, &decision.audit)));
    }
    lines.extend(decision.obligations.iter().map(|duty| format!("oblige {}", self::duty(policy, duty))));
    lines.extend(decision.challenge.iter().filter_map(|challenge| step_up(policy, challenge)));
    lines
}

fn why(policy: &Policy, decision: &Decision) -> String {
    let fired = &decision.rules;
    match (&decision.reason, decision.effect) {
        (None, Effect::Allow) => format!("allowed by {}", rules(policy, fired)),
        (None, Effect::Deny) => "denied".into(),
        (Some(Reason::Rule), _) => format!("denied by {}", rules(policy, fired)),
        (Some(Reason::Unknown), _) => {
            format!("denied because it could not be ruled out that {} forbids it", rules(policy, fired))
        }
        (Some(Reason::NoRule), _) => "denied because no allow rule fires".into(),
        (Some(Reason::Invalid(error)), _) => format!("denied because the request is invalid: {}", refusal(error)),
    }
}

fn rules(policy: &Policy, ids: &[RuleId]) -> String {
    let text = |id: &RuleId| {
        let rule = policy.rule(*id)?;
        Some(match &rule.extras.because {
            Some(because) => format!("`{}` (\"{because}\")", rule.name),
            None => format!("`{}`", rule.name),
        })
    };
    listed(&ids.iter().filter_map(text).collect::<Vec<_>>())
}

fn step_up(policy: &Policy, challenge: &Challenge) -> Option<String> {
    let attribute = policy.schema().context.get(challenge.attribute as usize)?;
    let age = challenge.max_age.map(|age| format!(", no older than {age}")).unwrap_or_default();
    Some(format!("a step-up of `{}` (\"{}\"{age}) would allow it", attribute.name, challenge.acr))
}

/// The names of the step-ups that are asked for.
pub(super) fn challenged(policy: &Policy, decision: &Decision) -> Vec<Arc<str>> {
    let context = &policy.schema().context;
    let asked = decision.challenge.iter().filter_map(|challenge| context.get(challenge.attribute as usize));
    asked.map(|attribute| attribute.name.clone()).collect()
}

/// `audit(level: "high")`
pub(super) fn duty(policy: &Policy, duty: &Duty) -> String {
    let Some(declared) = policy.schema().obligation(duty.obligation) else {
        return String::new();
    };
    let args = declared.params.iter().zip(&duty.args);
    let args: Vec<String> =
        args.map(|(param, value)| format!("{}: {}", param.name, policy.value_text(value))).collect();
    format!("{}({})", declared.name, args.join(", "))
}

/// Why a document was refused. Its offsets would be in a document that the author has not written.
pub(super) fn refusal(error: &InvalidRequest) -> String {
    format!("{} at `{}` ({})", error.kind(), error.path(), error.code())
}

pub(super) fn quoted<T: fmt::Display>(items: &[T]) -> String {
    listed(&items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>())
}

pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The failure in one sentence; [`Failure::explanation`] says more.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Expectation(mismatches) => {
                for (index, mismatch) in mismatches.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(f, "{separator}expected {}, got {}", mismatch.expected, mismatch.got)?;
                }
                Ok(())
            }
            Problem::Invalid(error) => write!(f, "the request is invalid: {}", refusal(error)),
            Problem::Given(what) => f.write_str(what),
            Problem::Engines(difference) => write!(f, "{difference}; please report this"),
        }
    }
}
