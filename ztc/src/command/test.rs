//! `ztc test`

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use zt_eval::Policy;
use zt_lang::Sources;
use zt_lang::testing::{self, Failure, TestResult};

use super::compile;
use crate::exit::{Exit, Stop};
use crate::input;
use crate::options::{Bounds, Params};
use crate::render::{Paint, Screen, plain};

/// Runs the tests in policies.
///
/// Every test is decided by the compiled policy and by a plain interpreter of the language, which must agree.
#[derive(Args, Debug)]
pub struct Test {
    /// Policy files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Runs only the tests whose names contain this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    #[command(flatten)]
    params: Params,
    #[command(flatten)]
    bounds: Bounds,
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    policies: Vec<Json>,
}

impl Test {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        let sources = input::sources(&self.paths)?;
        let options = self.bounds.options()?;
        let mut tally = Tally::default();
        let mut exit = Exit::Fine;
        for policy in zt_lang::policies(&sources) {
            match compile(policy, &options) {
                Ok((checked, mut compiled)) => {
                    self.params.apply(&mut compiled)?;
                    let results = testing::run(checked.hir(), &compiled, self.filter.as_deref());
                    tally.take(screen, &compiled, checked.sources(), &results)?;
                }
                Err(report) => {
                    screen.diagnostics(&report.diagnostics, &report.sources);
                    exit = exit.max(Exit::of(&report.diagnostics, false));
                }
            }
        }
        if exit == Exit::Fine || tally.passed + tally.failed > 0 || screen.is_json() {
            self.summary(screen, &tally)?;
        }
        Ok(if tally.failed > 0 { exit.max(Exit::Findings) } else { exit })
    }

    fn summary(&self, screen: &mut Screen, tally: &Tally) -> Result<(), Stop> {
        if screen.is_json() {
            let policies = &tally.policies;
            return screen.json(&json!({ "passed": tally.passed, "failed": tally.failed, "policies": policies }));
        }
        if tally.passed + tally.failed == 0 {
            return match &self.filter {
                Some(filter) => screen.out(&format!("no test has `{filter}` in its name\n")),
                None => screen.out("there are no tests\n"),
            };
        }
        let paint = screen.paint();
        let failed = format!("{} failed", tally.failed);
        let failed = if tally.failed > 0 { paint.bad(failed) } else { failed };
        screen.out(&format!("\n{} passed, {failed}\n", tally.passed))
    }
}

impl Tally {
    fn take(
        &mut self,
        screen: &mut Screen,
        policy: &Policy,
        sources: &Sources,
        results: &[TestResult],
    ) -> Result<(), Stop> {
        let passed = results.iter().filter(|result| result.passed()).count();
        self.passed += passed;
        self.failed += results.len() - passed;
        if screen.is_json() {
            let tests: Vec<Json> = results.iter().map(|result| result_json(policy, sources, result)).collect();
            self.policies.push(json!({ "name": policy.name(), "tests": tests }));
            return Ok(());
        }
        let paint = screen.paint();
        let heading = if results.is_empty() { String::new() } else { format!("{}\n", paint.bold(policy.name())) };
        let lines: String = results.iter().map(|result| result_text(sources, result, paint)).collect();
        screen.out(&(heading + &lines))
    }
}

fn result_text(sources: &Sources, result: &TestResult, paint: Paint) -> String {
    let word = if result.passed() { paint.good("pass") } else { paint.bad("FAIL") };
    let mut text = format!("  {word}  {}\n", plain(&result.name));
    for failure in &result.failures {
        // Writing to a string does not fail.
        let _ = writeln!(text, "        {}", paint.dim(sources.place(failure.span)));
        let _ = writeln!(text, "          {}", plain(sources.text(failure.span)).replace('\n', " "));
        let _ = writeln!(text, "        {}", plain(&failure.to_string()));
        for line in &failure.explanation {
            let _ = writeln!(text, "          {}", plain(line));
        }
    }
    text
}

fn result_json(policy: &Policy, sources: &Sources, result: &TestResult) -> Json {
    json!({
        "name": &*result.name,
        "place": sources.place(result.span),
        "passed": result.passed(),
        "failures": result.failures.iter().map(|failure| failure_json(policy, sources, failure)).collect::<Vec<_>>(),
    })
}

fn failure_json(policy: &Policy, sources: &Sources, failure: &Failure) -> Json {
    json!({
        "place": sources.place(failure.span),
        "message": failure.to_string(),
        "explanation": failure.explanation,
        "decision": failure.decision.as_ref().map(|decision| decision.to_json(policy)),
    })
}
