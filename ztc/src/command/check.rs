//! `ztc check`

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;
use zt_eval::Policy;
use zt_eval::graph::Cost;
use zt_lang::diag::Severity;
use zt_lang::diag::json::{JsonDiagnostic, json};
use zt_lang::{Checked, Diagnostic, Report, Sources};

use super::compile;
use crate::exit::{Exit, Stop};
use crate::input;
use crate::options::Bounds;
use crate::render::{Screen, counted, sizes};

/// Checks policies and shows what is wrong, and how to mend it.
///
/// Folders are searched for .zt files. Files of several policies may be given together: each package that no other uses is
/// checked as a policy of its own, with the packages that it uses.
#[derive(Args, Debug)]
pub struct Check {
    /// Policy files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Treats warnings as errors
    #[arg(long)]
    deny_warnings: bool,
    /// Refuses policies of which a decision could take more steps than this, at the limits
    #[arg(long, value_name = "STEPS")]
    max_cost: Option<u64>,
    #[command(flatten)]
    bounds: Bounds,
}

/// The result for programs.
#[derive(Serialize)]
struct Outcome {
    /// The policies without errors.
    policies: Vec<Summary>,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<JsonDiagnostic>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    too_costly: Vec<Json>,
}

/// What a policy consists of.
#[derive(Serialize)]
struct Summary {
    name: String,
    files: usize,
    rules: usize,
    actions: usize,
    tests: usize,
    /// The steps that a decision can take, if they are bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<u64>,
}

impl Check {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        let sources = input::sources(&self.paths)?;
        let options = self.bounds.options()?;
        let mut outcome =
            Outcome { policies: Vec::new(), errors: 0, warnings: 0, diagnostics: Vec::new(), too_costly: Vec::new() };
        let mut told = HashSet::new();
        let mut exit = Exit::Fine;
        for policy in zt_lang::policies(&sources) {
            let files = policy.iter().count();
            let report = match compile(policy, &options) {
                Ok((checked, policy)) => {
                    let cost = self.max_cost.map(|max| (max, policy.cost()));
                    match cost.as_ref().filter(|(max, cost)| cost.steps > *max) {
                        Some((max, cost)) => {
                            exit = exit.max(Exit::Findings);
                            outcome.refuse(screen, &policy, cost, *max);
                        }
                        None => {
                            let steps = cost.map(|(_, cost)| cost.steps);
                            outcome.policies.push(Summary { steps, ..Summary::of(&checked, files) });
                        }
                    }
                    checked.warnings().clone()
                }
                Err(report) => report,
            };
            let fresh = not_told(report, &mut told);
            exit = exit.max(Exit::of(&fresh.diagnostics, self.deny_warnings));
            outcome.take(screen, &fresh);
        }
        outcome.print(screen)?;
        Ok(exit)
    }
}

impl Outcome {
    fn take(&mut self, screen: &Screen, report: &Report) {
        let errors = report.diagnostics.iter().filter(|each| each.severity() == Severity::Error).count();
        self.errors += errors;
        self.warnings += report.diagnostics.len() - errors;
        if screen.is_json() {
            self.diagnostics.extend(json(&report.diagnostics, &report.sources));
        } else {
            screen.diagnostics(&report.diagnostics, &report.sources);
        }
    }

    /// A decision of the policy could take too many steps.
    fn refuse(&mut self, screen: &Screen, policy: &Policy, cost: &Cost, max: u64) {
        self.errors += 1;
        if screen.is_json() {
            self.too_costly.push(sizes::refusal_json(policy, cost, max));
        } else {
            screen.note(&sizes::refusal_text(policy, cost, max, screen.note_paint()));
        }
    }

    fn print(&self, screen: &mut Screen) -> Result<(), Stop> {
        if screen.is_json() {
            return screen.json(self);
        }
        let paint = screen.paint();
        for policy in &self.policies {
            let ok = paint.good("ok");
            let parts = [
                counted(policy.rules, "rule"),
                counted(policy.actions, "action"),
                counted(policy.tests, "test"),
                counted(policy.files, "file"),
            ];
            let steps = policy.steps.map_or(String::new(), |steps| format!(", at most {}", sizes::steps(steps)));
            screen.out(&format!("{ok} {}: {}{steps}\n", paint.bold(&policy.name), parts.join(", ")))?;
        }
        Ok(())
    }
}

impl Summary {
    fn of(checked: &Checked, files: usize) -> Self {
        let hir = checked.hir();
        Self {
            name: hir.name.to_string(),
            files,
            rules: hir.rules.len(),
            actions: hir.schema.actions.len(),
            tests: hir.tests.len(),
            steps: None,
        }
    }
}

/// The report without what was told of a file that several policies share.
fn not_told(mut report: Report, told: &mut HashSet<(String, String, String)>) -> Report {
    let key = |sources: &Sources, each: &Diagnostic| {
        (sources.place(each.span()), each.code.to_string(), each.message.clone())
    };
    let sources = report.sources.clone();
    report.diagnostics.retain(|each| !told.contains(&key(&sources, each)));
    told.extend(report.diagnostics.iter().map(|each| key(&sources, each)));
    report
}
