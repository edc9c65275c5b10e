//! Running the `test` blocks of a policy.
//!
//! Each expectation becomes a request document, read and decided like any other, by the decision graph and by the
//! reference interpreter. What went wrong is data; `ztc` renders it beside the text of the test.

mod expect;
mod report;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::request::InvalidRequest;
use zt_eval::{Request, Store};

use crate::hir;
use crate::reference::{Difference, compare};
use crate::span::Span;

pub use report::describe;

/// What became of a test.
#[derive(Clone, PartialEq, Debug)]
pub struct TestResult {
    /// What the test says.
    pub name: Arc<str>,
    /// Its name's place.
    pub span: Span,
    /// What went wrong; nothing, if it passed.
    pub failures: Vec<Failure>,
}

impl TestResult {
    /// Whether everything came out as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Something that went wrong in a test.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// The expectation's place; the test's name, if it makes no sense as a whole.
    pub span: Span,
    /// What went wrong.
    pub problem: Problem,
    /// What came out instead, if a decision did.
    pub decision: Option<Decision>,
    /// The decision in words, a line for each part.
    pub explanation: Vec<String>,
}

/// The kinds of failure.
#[derive(Clone, PartialEq, Debug)]
pub enum Problem {
    /// Something else came out than was expected.
    Expectation(Vec<Mismatch>),
    /// The request is invalid, and the test does not say so by `reason invalid`.
    Invalid(InvalidRequest),
    /// What is given cannot be put to work: a parameter's value, the entities of the store.
    Given(String),
    /// The engines disagree, which is a fault of theirs and not of the policy.
    Engines(Difference),
}

/// A part of a decision that is not as expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mismatch {
    /// What was expected, in words: `allow`, `a challenge for mfa`.
    pub expected: String,
    /// What came out instead, in the same words.
    pub got: String,
}

/// Runs the tests of a policy, or those whose names contain `filter`. `compiled` is what `policy` was lowered to.
#[must_use]
pub fn run(policy: &hir::Policy, compiled: &zt_eval::Policy, filter: Option<&str>) -> Vec<TestResult> {
    let wanted = |test: &&hir::Test| filter.is_none_or(|filter| test.name.contains(filter));
    let mut runner = Runner { policy, compiled, scratch: Scratch::new() };
    policy.tests.iter().filter(wanted).map(|test| runner.test(test)).collect()
}

struct Runner<'p> {
    policy: &'p hir::Policy,
    compiled: &'p zt_eval::Policy,
    scratch: Scratch,
}

impl Runner<'_> {
    fn test(&mut self, test: &hir::Test) -> TestResult {
        let failures = match self.given(test) {
            Ok((compiled, store)) => {
                let compiled = compiled.as_ref().unwrap_or(self.compiled);
                test.expects.iter().filter_map(|expect| self.expect(test, expect, compiled, &store)).collect()
            }
            Err(what) => vec![Failure {
                span: test.span,
                problem: Problem::Given(what),
                decision: None,
                explanation: Vec::new(),
            }],
        };
        TestResult { name: test.name.clone(), span: test.span, failures }
    }

    /// The policy with the test's parameters, if it has any, and its store.
    fn given(&self, test: &hir::Test) -> Result<(Option<zt_eval::Policy>, Store), String> {
        let with_params = if test.params.is_empty() { None } else { Some(self.with_params(test)?) };
        let compiled = with_params.as_ref().unwrap_or(self.compiled);
        if let Some(param) = compiled.missing_params().next() {
            return Err(format!("the parameter `{0}` has no value; give it one: `param {0} …`", param.name));
        }
        let store = if test.store.is_empty() {
            Store::empty()
        } else {
            let text = serde_json::Value::from(test.store.clone()).to_string();
            let store = Store::from_json(compiled, text.as_bytes());
            store.map_err(|error| format!("the entities of the store do not load: {}", report::refusal(&error)))?
        };
        Ok((with_params, store))
    }

    fn with_params(&self, test: &hir::Test) -> Result<zt_eval::Policy, String> {
        let mut compiled = self.compiled.clone();
        for (id, value) in &test.params {
            let Some(param) = self.policy.schema.param(*id) else { continue };
            compiled.set_param(&param.name, value.clone()).map_err(|error| error.to_string())?;
        }
        Ok(compiled)
    }

    fn expect(
        &mut self,
        test: &hir::Test,
        expect: &hir::Expect,
        compiled: &zt_eval::Policy,
        store: &Store,
    ) -> Option<Failure> {
        let failure = |problem, decision: Option<Decision>| Failure {
            span: expect.span,
            problem,
            explanation: decision.as_ref().map(|decision| describe(compiled, decision)).unwrap_or_default(),
            decision,
        };
        let request = match self.request(test, expect, compiled) {
            Ok(request) => request,
            Err(error) => return expect::invalid(expect, error).map(|problem| failure(problem, None)),
        };
        let decision = match compare(self.policy, compiled, store, &request, test.now) {
            Ok(decision) => decision,
            Err(difference) => {
                let decision = eval::decide(compiled, store, &request, test.now, Mode::Full, &mut self.scratch);
                return Some(failure(Problem::Engines(*difference), Some(decision)));
            }
        };
        expect::check(compiled, expect, &decision).map(|problem| failure(problem, Some(decision)))
    }

    /// The test's request with the action that is expected of.
    fn request(
        &self,
        test: &hir::Test,
        expect: &hir::Expect,
        compiled: &zt_eval::Policy,
    ) -> Result<Request, InvalidRequest> {
        let mut document = test.request.clone();
        let action = self.policy.schema.action(expect.action).map(|action| action.name.to_string());
        document.insert("action".into(), serde_json::json!({ "name": action }));
        Request::from_json(compiled, serde_json::Value::Object(document).to_string().as_bytes())
    }
}
