//! The promises of the language, as properties of decisions.
//!
//! Each is a function that gives the first counterexample it meets, with all that is needed to see it again.
//!
//! | function | promise |
//! |---|---|
//! | [`Subject::engines_agree`] | the decision graph and the reference interpreter decide alike, in both modes |
//! | [`Subject::hiding_never_helps`] | P2: a request in which less is known gets no more access; [`hiding`] lists what counts as less |
//! | [`Subject::forging_never_helps`] | P3: what only unverified sources say moves no allow rule |
//! | [`Subject::holds_until`] | the decision is the same at every instant before `valid_until` |
//! | [`Subject::depends_only`] | nothing outside `depends_on` moves the decision |
//! | [`Subject::unread_is_idle`] | what no rule reads of a request moves no decision |
//! | [`Subject::challenge_works`] | the challenge leads to allow, and none of it can be left out |
//! | [`Subject::residual_agrees`] | what is left of a policy once a part of a request is known decides the rest alike |
//! | [`Subject::residual_text_agrees`] | a residual's text compiles and decides as the residual does |
//! | [`printing_is_faithful`] | printing a policy and reading it again gives the policy; formatting is idempotent |
//! | [`Subject::saving_is_faithful`] | a saved policy loads as the same policy |

mod forging;
pub mod hiding;
mod lasting;
mod residual;
mod stepping;
mod text;

use zt_eval::decision::{Decision, Mode, Reason};
use zt_eval::eval::{self, Scratch};
use zt_eval::value::Timestamp;
use zt_eval::{Request, Store};

use super::choices::Choices;
use super::policy::{self, Files};
use super::request::Case;
use crate::{Options, hir, lower, reference};

pub use text::printing_is_faithful;

/// A compiled policy under test.
pub struct Subject {
    /// Its text.
    pub files: Files,
    /// Its typed form.
    pub hir: hir::Policy,
    /// Its graph.
    pub compiled: zt_eval::Policy,
    /// The same rules with every deny rule only reported, so that the decision is which allow rules fire.
    pub allows: zt_eval::Policy,
    options: Options,
}

/// A case as far as it can be read.
pub struct Asked<'c> {
    /// The case.
    pub case: &'c Case,
    /// Its entity data.
    pub store: Store,
    /// Its request.
    pub request: Request,
}

impl Subject {
    /// The policy that the choices make. It must compile.
    ///
    /// # Errors
    ///
    /// What the compiler has against it: then the generator or the compiler is wrong.
    pub fn generate(choices: &mut Choices<'_>) -> Result<Self, String> {
        Self::compile(policy::policy(choices))
    }

    /// A policy from its text.
    ///
    /// # Errors
    ///
    /// What the compiler has against it.
    pub fn compile(files: Files) -> Result<Self, String> {
        let options = Options::default();
        let checked =
            crate::parse(files.sources(), &options).typecheck().map_err(|report| format!("{report}\n{files}"))?;
        let compiled = checked.lower().map_err(|report| format!("{report}\n{files}"))?;
        let hir = checked.hir().clone();
        let mut permissive = hir.clone();
        for rule in &mut permissive.rules {
            rule.audit |= rule.effect == zt_eval::Effect::Deny;
        }
        let allows = lower::lower(&permissive, &options.limits).map_err(|error| format!("{error}\n{files}"))?;
        Ok(Self { files, hir, compiled, allows, options })
    }

    /// Reads a case; `None` if its request is invalid, by itself or with the store.
    ///
    /// # Errors
    ///
    /// When the entity data does not load.
    pub fn ask<'c>(&self, case: &'c Case) -> Result<Option<Asked<'c>>, String> {
        let store = self.store(case)?;
        let Ok(request) = Request::from_json(&self.compiled, case.request.as_bytes()) else { return Ok(None) };
        let is_valid = request.check_against(self.compiled.schema(), &store).is_ok();
        Ok(is_valid.then_some(Asked { case, store, request }))
    }

    fn store(&self, case: &Case) -> Result<Store, String> {
        Store::from_json(&self.compiled, case.store.as_bytes()).map_err(|error| self.told(case, &error.to_string()))
    }

    /// The decision in full.
    pub fn decide(&self, asked: &Asked<'_>) -> Decision {
        self.decide_at(asked, asked.case.now)
    }

    fn decide_at(&self, asked: &Asked<'_>, now: Option<Timestamp>) -> Decision {
        eval::decide(&self.compiled, &asked.store, &asked.request, now, Mode::Full, &mut Scratch::new())
    }

    /// The decision on another case, if that can be read.
    fn decide_case(&self, case: &Case) -> Result<Option<Decision>, String> {
        Ok(self.ask(case)?.map(|asked| self.decide(&asked)))
    }

    /// The graph and the reference decide alike.
    ///
    /// # Errors
    ///
    /// The field in which they differ.
    pub fn engines_agree(&self, asked: &Asked<'_>) -> Result<Decision, String> {
        reference::compare(&self.hir, &self.compiled, &asked.store, &asked.request, asked.case.now)
            .map_err(|difference| self.told(asked.case, &difference.to_string()))
    }

    /// The decision is the same when the request is bound with all that it says, also with what no rule reads.
    ///
    /// # Errors
    ///
    /// Both decisions.
    pub fn unread_is_idle(&self, asked: &Asked<'_>, decision: &Decision) -> Result<(), String> {
        let all = self.compiled.clone().reading_all();
        // What is read can break a rule for documents that what is skipped cannot.
        let Ok(request) = Request::from_json(&all, asked.case.request.as_bytes()) else { return Ok(()) };
        if request.check_against(all.schema(), &asked.store).is_err() {
            return Ok(());
        }
        let other = eval::decide(&all, &asked.store, &request, asked.case.now, Mode::Full, &mut Scratch::new());
        self.expect(asked.case, other == *decision, || {
            format!("what is not read moves the decision: {decision:?} without it, {other:?} with it")
        })
    }

    /// The policy loads from its wire form as what it is, and decides alike.
    ///
    /// # Errors
    ///
    /// The difference.
    pub fn saving_is_faithful(&self, asked: Option<&Asked<'_>>) -> Result<(), String> {
        let bytes = self.compiled.to_bytes();
        let loaded = zt_eval::Policy::from_bytes(&bytes)
            .map_err(|error| format!("a saved policy does not load: {error}\n{}", self.files))?;
        if loaded != self.compiled || loaded.to_bytes() != bytes {
            return Err(format!("a saved policy loads as another one\n{}", self.files));
        }
        let Some(asked) = asked else { return Ok(()) };
        let decision =
            eval::decide(&loaded, &asked.store, &asked.request, asked.case.now, Mode::Full, &mut Scratch::new());
        self.expect(asked.case, decision == self.decide(asked), || "a saved policy decides otherwise".to_owned())
    }

    fn expect(&self, case: &Case, holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
        if holds { Ok(()) } else { Err(self.told(case, &message())) }
    }

    /// A message with everything that reproduces what it is about.
    fn told(&self, case: &Case, message: &str) -> String {
        format!("{message}\n\n{case}\n{}", self.files)
    }
}

/// Whether two decisions agree in all that is a function of policy and request.
fn is_same(a: &Decision, b: &Decision) -> bool {
    a.effect == b.effect
        && a.reason == b.reason
        && a.rules == b.rules
        && a.overridden == b.overridden
        && a.audit == b.audit
        && a.obligations == b.obligations
        && a.challenge == b.challenge
}

fn is_invalid(decision: &Decision) -> bool {
    matches!(decision.reason, Some(Reason::Invalid(_)))
}
