//! How large policies are, how their rules are found, and how many steps decisions can take.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use zt_eval::Policy;
use zt_eval::graph::{Cost, SlotStats, Stats};

use super::{Paint, counted};

/// The rules that are named of those that take most.
const RULES_SHOWN: usize = 5;

/// What is told of a policy that was built.
pub struct Sizes {
    /// How large it is.
    pub stats: Stats,
    /// What its decisions can take.
    pub cost: Cost,
}

impl Sizes {
    /// For people.
    pub fn to_text(&self, policy: &Policy, paint: Paint) -> String {
        let Self { stats, cost } = self;
        let mut text = format!("  {:9}  {}\n", "index", counted(stats.index_bytes, "byte"));
        let worst = action(policy, cost).map_or(String::new(), |name| format!(" to decide `{name}`"));
        let rows = [
            format!("  {:9}  at most {}{worst}\n", "steps", steps(cost.steps)),
            format!("  {:9}  {} always looked at\n", "search", counted(stats.always, "rule")),
        ];
        text.extend(rows);
        text += &format!("\n{}\n", paint.bold("bytes by part"));
        for (part, bytes) in &stats.bytes {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {part:29}  {bytes:>9}");
        }
        if !stats.slots.is_empty() {
            text += &format!("\n{}\n{}", paint.bold("how rules are found"), table(&stats.slots));
        }
        text += &format!("\n{}\n{}", paint.bold("rules that take most steps"), rules_text(policy, cost));
        text
    }

    /// For programs.
    pub fn to_json(&self, policy: &Policy) -> Json {
        let Self { stats, cost } = self;
        let slot = |slot: &SlotStats| {
            let tests = slot.structures.iter().map(|(name, count)| json!({ "name": name, "constants": count }));
            json!({
                "slot": slot.slot, "rules": slot.rules, "bucket_max": slot.bucket_max,
                "structures": tests.collect::<Vec<_>>(),
            })
        };
        let parts = stats.bytes.iter().map(|(part, bytes)| json!({ "part": part, "bytes": bytes }));
        json!({
            "bytes_by_part": parts.collect::<Vec<_>>(),
            "index_bytes": stats.index_bytes,
            "always": stats.always,
            "bucket_max": stats.bucket_max,
            "slots": stats.slots.iter().map(slot).collect::<Vec<_>>(),
            "cost": cost_json(policy, cost),
        })
    }
}

/// The slots with the rules that each finds.
fn table(slots: &[SlotStats]) -> String {
    let heading = ["slot".into(), "rules".into(), "together".into(), "looked up in".into()];
    let row = |slot: &SlotStats| {
        let structures = slot.structures.iter().map(|(name, count)| format!("{name} ({count})"));
        let structures = structures.collect::<Vec<_>>().join(", ");
        [slot.slot.clone(), slot.rules.to_string(), slot.bucket_max.to_string(), structures]
    };
    let rows: Vec<[String; 4]> = std::iter::once(heading).chain(slots.iter().map(row)).collect();
    let width = rows.iter().map(|[slot, ..]| slot.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for [slot, rules, together, structures] in rows {
        let _ = writeln!(text, "  {slot:width$}  {rules:>7}  {together:>8}  {structures}");
    }
    text
}

fn rules_text(policy: &Policy, cost: &Cost) -> String {
    let shown = cost.rules.iter().take(RULES_SHOWN);
    let rules: Vec<_> = shown.filter_map(|(rule, steps)| Some((policy.rule(*rule)?, steps))).collect();
    let width = rules.iter().map(|(rule, _)| rule.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (rule, steps) in rules {
        let _ = writeln!(text, "  {:width$}  {steps:>9}  {}", &*rule.name, rule.place);
    }
    text
}

fn action<'p>(policy: &'p Policy, cost: &Cost) -> Option<&'p str> {
    let action = policy.schema().action(cost.action?)?;
    Some(&action.name)
}

fn cost_json(policy: &Policy, cost: &Cost) -> Json {
    let rule = |(rule, steps): &(_, u64)| {
        let rule = policy.rule(*rule)?;
        Some(json!({ "rule": &*rule.name, "place": rule.place.to_string(), "steps": steps }))
    };
    let rules: Vec<Json> = cost.rules.iter().take(RULES_SHOWN).filter_map(rule).collect();
    json!({ "steps": cost.steps, "action": action(policy, cost), "rules": rules })
}

/// A number of steps in words.
pub fn steps(steps: u64) -> String {
    match steps {
        u64::MAX => "more steps than can be counted".into(),
        1 => "1 step".into(),
        steps => format!("{steps} steps"),
    }
}

/// That a policy's decisions could take too many steps, for people.
pub fn refusal_text(policy: &Policy, cost: &Cost, max: u64, paint: Paint) -> String {
    let of = action(policy, cost).map_or(String::new(), |name| format!(" on `{name}`"));
    let (error, name) = (paint.bad("error:"), policy.name());
    let rules = rules_text(policy, cost);
    let (most, max) = (steps(cost.steps), steps(max));
    let help = "lower the limits on requests with `--limit`, or nest fewer quantifiers";
    format!("{error} `{name}`: a decision{of} could take {most}; at most {max} are allowed\n{rules}  help: {help}\n")
}

/// The same for programs.
pub fn refusal_json(policy: &Policy, cost: &Cost, max: u64) -> Json {
    json!({ "name": policy.name(), "max_cost": max, "cost": cost_json(policy, cost) })
}
