//! Decisions as people read them.

use std::fmt::{Display, Write};

use serde_json::Value as Json;
use zt_eval::decision::{Challenge, Decision, Duty, Reason};
use zt_eval::id::RuleId;
use zt_eval::value::Duration;
use zt_eval::{Effect, Policy};

use super::{Paint, plain};

/// Width of the first column.
const LABEL_WIDTH: usize = 13;

/// A decision: what it is and why, then a line for each part that is not empty.
pub fn decision(policy: &Policy, decision: &Decision, paint: Paint) -> String {
    let head = head(decision.effect == Effect::Allow, decision.reason.as_ref().map(reason_name), paint);
    let mut rows = Rows { text: head + "\n", paint };
    rows.rules(policy, "rule", &decision.rules);
    if let Some(Reason::Invalid(error)) = &decision.reason {
        rows.row("problem", [format!("{error} ({})", error.code())]);
    }
    rows.rules(policy, "overridden", &decision.overridden);
    rows.rules(policy, "only audited", &decision.audit);
    rows.row("unknown", decision.unknown.iter().map(|unknown| plain(&unknown.text).into_owned()));
    rows.row("step-up", decision.challenge.iter().filter_map(|challenge| step_up(policy, challenge)));
    rows.row("obligation", decision.obligations.iter().map(|duty| obligation(policy, duty)));
    rows.row("valid until", decision.valid_until.map(|until| until.to_string()));
    rows.text
}

/// What a decision depends on, as a further part of it.
pub fn depends_on(policy: &Policy, decision: &Decision, paint: Paint) -> String {
    let mut rows = Rows { text: String::new(), paint };
    let facts = decision.depends_on.iter().map(|fact| policy.schema().fact_text(fact));
    rows.row("depends on", facts);
    rows.text
}

/// The same of a decision as JSON, which is all that a module gives: values are shown as JSON has them.
pub fn decision_json(decision: &Json, paint: Paint) -> String {
    let is_allowed = decision.get("effect").is_some_and(|effect| effect == "allow");
    let head = head(is_allowed, text(decision, "reason"), paint);
    let mut rows = Rows { text: head + "\n", paint };
    for (label, list) in [("rule", "rules"), ("overridden", "overridden"), ("only audited", "audit")] {
        rows.row(label, entries(decision, list).map(|rule| rule_json(rule, paint)));
    }
    rows.row("unknown", entries(decision, "unknown").filter_map(Json::as_str).map(|text| plain(text).into_owned()));
    rows.row("step-up", entries(decision, "challenge").map(step_up_json));
    rows.row("obligation", entries(decision, "obligations").map(obligation_json));
    rows.row("valid until", text(decision, "valid_until").map(|text| plain(text).into_owned()));
    rows.text
}

fn text<'d>(json: &'d Json, member: &str) -> Option<&'d str> {
    json.get(member)?.as_str()
}

fn entries<'d>(json: &'d Json, list: &str) -> impl Iterator<Item = &'d Json> {
    json.get(list).and_then(Json::as_array).into_iter().flatten()
}

fn rule_json(rule: &Json, paint: Paint) -> String {
    let of = |member| plain(text(rule, member).unwrap_or_default());
    rule_row(&of("rule"), text(rule, "because"), &*of("place"), paint)
}

fn step_up_json(challenge: &Json) -> String {
    let of = |member| plain(text(challenge, member).unwrap_or_default());
    let seconds = challenge.get("max_age").and_then(Json::as_i64).and_then(|seconds| seconds.checked_mul(1000));
    step_up_row(&of("attribute"), &of("acr"), seconds.map(Duration::from_millis))
}

/// `audit(level: "high")`
fn obligation_json(obligation: &Json) -> String {
    let args = obligation.get("args").and_then(Json::as_object).into_iter().flatten();
    let args: Vec<String> = args.map(|(name, value)| format!("{name}: {value}")).collect();
    plain(&format!("{}({})", text(obligation, "name").unwrap_or_default(), args.join(", "))).into_owned()
}

/// As JSON has it.
fn reason_name(reason: &Reason) -> &'static str {
    match reason {
        Reason::Rule => "rule",
        Reason::Unknown => "unknown",
        Reason::NoRule => "no_rule",
        Reason::Invalid(_) => "invalid",
    }
}

fn head(is_allowed: bool, reason: Option<&str>, paint: Paint) -> String {
    if is_allowed {
        return paint.good("allowed");
    }
    let why = match reason {
        Some("rule") => ": a rule forbids it",
        Some("unknown") => ": with what is known, a rule that forbids it cannot be ruled out",
        Some("no_rule") => ": no rule allows it",
        Some("invalid") => ": the request is invalid",
        _ => "",
    };
    paint.bad("denied") + why
}

fn rule_row(name: &str, because: Option<&str>, place: impl Display, paint: Paint) -> String {
    let because = because.map(|because| format!(": {}", plain(because))).unwrap_or_default();
    format!("{}{because}  {}", paint.bold(name), paint.dim(place))
}

fn step_up_row(attribute: &str, acr: &str, max_age: Option<Duration>) -> String {
    let age = max_age.map(|age| format!(", no older than {age}")).unwrap_or_default();
    format!("{attribute} ({}{age}) would allow it", plain(acr))
}

fn step_up(policy: &Policy, challenge: &Challenge) -> Option<String> {
    let attribute = policy.schema().context.get(challenge.attribute as usize)?;
    Some(step_up_row(&attribute.name, &challenge.acr, challenge.max_age))
}

/// `audit(level: "high")`
fn obligation(policy: &Policy, duty: &Duty) -> String {
    let Some(declared) = policy.schema().obligation(duty.obligation) else {
        return String::new();
    };
    let args = declared.params.iter().zip(&duty.args);
    let args: Vec<String> =
        args.map(|(param, value)| format!("{}: {}", param.name, policy.value_text(value))).collect();
    format!("{}({})", declared.name, args.join(", "))
}

/// A table of two columns.
struct Rows {
    text: String,
    paint: Paint,
}

impl Rows {
    fn rules(&mut self, policy: &Policy, label: &str, ids: &[RuleId]) {
        let paint = self.paint;
        let rules = ids.iter().filter_map(|id| policy.rule(*id));
        let rules = rules.map(|rule| rule_row(&rule.name, rule.extras.because.as_deref(), &rule.place, paint));
        self.row(label, rules);
    }

    /// A line for each entry; the first has the label.
    fn row(&mut self, label: &str, entries: impl IntoIterator<Item = String>) {
        for (index, entry) in entries.into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            // Writing to a string does not fail.
            let _ = writeln!(self.text, "  {label:LABEL_WIDTH$} {entry}");
        }
    }
}
