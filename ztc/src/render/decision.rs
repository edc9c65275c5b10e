//! Decisions as people read them.

use std::fmt::Write;

use zt_eval::decision::{Challenge, Decision, Duty, Reason};
use zt_eval::id::RuleId;
use zt_eval::{Effect, Policy};

use super::{Paint, plain};

/// Width of the first column.
const LABEL_WIDTH: usize = 13;

/// A decision: what it is and why, then a line for each part that is not empty.
pub fn decision(policy: &Policy, decision: &Decision, paint: Paint) -> String {
    let mut rows = Rows { text: head(decision, paint) + "\n", paint };
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

fn head(decision: &Decision, paint: Paint) -> String {
    let why = match (&decision.reason, decision.effect) {
        (_, Effect::Allow) => return paint.good("allowed"),
        (Some(Reason::Rule), _) => ": a rule forbids it",
        (Some(Reason::Unknown), _) => ": with what is known, a rule that forbids it cannot be ruled out",
        (Some(Reason::NoRule), _) => ": no rule allows it",
        (Some(Reason::Invalid(_)), _) => ": the request is invalid",
        (None, _) => "",
    };
    paint.bad("denied") + why
}

fn step_up(policy: &Policy, challenge: &Challenge) -> Option<String> {
    let attribute = policy.schema().context.get(challenge.attribute as usize)?;
    let age = challenge.max_age.map(|age| format!(", no older than {age}")).unwrap_or_default();
    Some(format!("{} ({}{age}) would allow it", attribute.name, plain(&challenge.acr)))
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
        let rules = ids.iter().filter_map(|id| policy.rule(*id)).map(|rule| {
            let because = rule.because.as_ref().map(|because| format!(": {}", plain(because))).unwrap_or_default();
            format!("{}{because}  {}", paint.bold(&rule.name), paint.dim(&rule.place))
        });
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
