//! Explanations as people read them: each rule with its condition taken apart, and as programs read them.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use zt_eval::eval::{Explanation, RuleTrace, Shown, Trace};
use zt_eval::graph::Node;
use zt_eval::value::{Datum, Value};
use zt_eval::{Effect, Policy, Truth};

use super::Paint;

/// Width of the column that says what became of a test.
const WORD_WIDTH: usize = 8;
/// What stands for values that must not be shown.
const SENSITIVE: &str = "(sensitive)";

/// The rules of an explanation.
pub fn tree(policy: &Policy, explanation: &Explanation, paint: Paint) -> String {
    let mut tree = Tree { policy, paint, text: String::new() };
    for rule in &explanation.rules {
        tree.rule(rule);
    }
    tree.text
}

struct Tree<'a> {
    policy: &'a Policy,
    paint: Paint,
    text: String,
}

impl Tree<'_> {
    fn rule(&mut self, trace: &RuleTrace) {
        let Some(rule) = self.policy.rule(trace.rule) else { return };
        let word = if rule.effect == Effect::Allow { "allow" } else { "deny" };
        let mode = if rule.audit { " (audit: only reported)" } else { "" };
        let outcome = match (trace.truth, trace.fires, rule.effect) {
            (Truth::Unknown, true, _) => self.paint.unsure("fires, since nobody knows that it does not apply"),
            (Truth::Unknown, false, _) => self.paint.unsure("does not fire, since nobody knows that it applies"),
            (_, true, Effect::Allow) => self.paint.good("fires"),
            (_, true, Effect::Deny) => self.paint.bad("fires"),
            (_, false, _) => "does not fire".into(),
        };
        let name = self.paint.bold(&rule.name);
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "\n{word} {name}{mode} {outcome}  {}", self.paint.dim(&rule.place));
        self.trace(&trace.condition, 0);
        let policy = self.policy;
        for arg in trace.args.iter().filter(|arg| !is_constant(policy, arg)) {
            self.trace(arg, 0);
        }
    }

    fn trace(&mut self, trace: &Trace, depth: usize) {
        let node = self.policy.node(trace.node);
        let text = self.node_text(trace, node);
        match &trace.shown {
            Shown::NotEvaluated => self.line("-", &text, depth),
            Shown::Hidden => self.line("", &format!("{text}: {SENSITIVE}"), depth),
            Shown::Known(Datum::Unknown) => self.line("unknown", &text, depth),
            Shown::Known(Datum::Absent) => self.line("absent", &text, depth),
            Shown::Known(Datum::Value(Value::Bool(known))) => {
                self.line(if *known { "true" } else { "false" }, &text, depth)
            }
            Shown::Known(Datum::Value(value)) => {
                let value = self.policy.value_text(value);
                let shown = if value == text { text } else { format!("{text} = {value}") };
                self.line("", &shown, depth);
            }
        }
        let policy = self.policy;
        for child in trace.children.iter().filter(|child| !is_asked(policy, child)) {
            self.trace(child, depth + 1);
        }
    }

    /// Connectives by their name where what they connect follows.
    fn node_text(&self, trace: &Trace, node: Option<&Node>) -> String {
        let text = match node {
            Some(Node::And(_)) if !trace.children.is_empty() => "all of",
            Some(Node::Or(_)) if !trace.children.is_empty() => "any of",
            Some(Node::Not(_)) if !trace.children.is_empty() => "not",
            _ => &trace.text,
        };
        match trace.element {
            Some(index) => format!("[{index}] {text}"),
            None => text.to_owned(),
        }
    }

    fn line(&mut self, word: &str, text: &str, depth: usize) {
        let padded = format!("{word:WORD_WIDTH$}");
        let painted = match word {
            "true" => self.paint.good(padded),
            "false" => self.paint.bad(padded),
            "unknown" => self.paint.unsure(padded),
            _ => self.paint.dim(padded),
        };
        let _ = writeln!(self.text, "  {painted} {:1$}{text}", "", depth * 2);
    }
}

fn is_constant(policy: &Policy, trace: &Trace) -> bool {
    matches!(policy.node(trace.node), Some(Node::Const(_)))
}

/// Whether it is the subject or the resource, which stand at the head of the explanation.
fn is_asked(policy: &Policy, trace: &Trace) -> bool {
    matches!(policy.node(trace.node), Some(Node::Subject | Node::Resource))
}

/// The rules of an explanation for programs.
pub fn to_json(policy: &Policy, explanation: &Explanation) -> Json {
    explanation.rules.iter().filter_map(|trace| rule_json(policy, trace)).collect()
}

fn rule_json(policy: &Policy, trace: &RuleTrace) -> Option<Json> {
    let rule = policy.rule(trace.rule)?;
    Some(json!({
        "rule": &*rule.name,
        "place": rule.place.to_string(),
        "effect": rule.effect,
        "audit": rule.audit,
        "truth": truth_name(trace.truth),
        "fires": trace.fires,
        "condition": trace_json(policy, &trace.condition),
        "args": trace.args.iter().map(|arg| trace_json(policy, arg)).collect::<Vec<_>>(),
    }))
}

fn truth_name(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Unknown => "unknown",
    }
}

fn trace_json(policy: &Policy, trace: &Trace) -> Json {
    let (state, value) = match &trace.shown {
        Shown::NotEvaluated => ("not_evaluated", None),
        Shown::Hidden => ("sensitive", None),
        Shown::Known(Datum::Unknown) => ("unknown", None),
        Shown::Known(Datum::Absent) => ("absent", None),
        Shown::Known(Datum::Value(value)) => ("known", Some(policy.value_text(value))),
    };
    json!({
        "text": &*trace.text,
        "element": trace.element,
        "state": state,
        "value": value,
        "children": trace.children.iter().map(|child| trace_json(policy, child)).collect::<Vec<_>>(),
    })
}
