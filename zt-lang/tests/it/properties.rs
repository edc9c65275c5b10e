//! The promises of the language, over generated policies and requests.
//!
//! `ZT_PROPERTY_CASES` multiplies the number of policies: 10 takes ten times as long and sees ten times as much.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use zt_eval::decision::{Decision, Reason};
use zt_eval::{Effect, Policy, Store};
use zt_lang::oracle::Choices;
use zt_lang::oracle::policy::{Files, crowded, policy};
use zt_lang::oracle::property::{Asked, Subject, printing_is_faithful};
use zt_lang::oracle::request::{Case, instant, request, store};

const POLICIES: u32 = 450;
/// Policies of many rules, of which each costs as much as several others.
const CROWDED: u32 = 120;
const REQUESTS: u64 = 40;
/// Tries to make a failing case smaller.
const SHRINKS_MAX: u32 = 400;
/// Requests to a store.
const PER_STORE: u64 = 10;

fn times() -> u32 {
    std::env::var("ZT_PROPERTY_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// How often each kind of decision came up.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    fn count(&mut self, kind: &'static str, holds: bool) {
        *self.0.entry(kind).or_default() += usize::from(holds);
    }

    fn add(&mut self, decision: &Decision) {
        self.count("allow", decision.effect == Effect::Allow);
        self.count("deny by rule", decision.reason == Some(Reason::Rule));
        self.count("deny by what is unknown", decision.reason == Some(Reason::Unknown));
        self.count("deny for want of a rule", decision.reason == Some(Reason::NoRule));
        self.count("challenge", !decision.challenge.is_empty());
        self.count("override", !decision.overridden.is_empty());
        self.count("obligation", !decision.obligations.is_empty());
        self.count("audit", !decision.audit.is_empty());
        self.count("end", decision.valid_until.is_some());
        self.count("known in part", !decision.unknown.is_empty());
    }

    /// Generated cases must come to all ends, or the properties say nothing.
    fn is_telling(&self) {
        let all = ["allow", "deny by rule", "deny by what is unknown", "deny for want of a rule", "invalid"];
        let total: usize = all.iter().map(|kind| self.0.get(kind).copied().unwrap_or(0)).sum();
        println!("{total} cases: {:?}", self.0);
        let least = [
            ("allow", 10),
            ("deny by rule", 2),
            ("deny by what is unknown", 2),
            ("deny for want of a rule", 10),
            ("invalid", 1),
            ("challenge", 1),
            ("obligation", 5),
            ("audit", 2),
            ("end", 10),
            ("known in part", 5),
        ];
        for (kind, percent) in least {
            let count = self.0.get(kind).copied().unwrap_or(0);
            assert!(count * 100 >= total * percent, "only {count} of {total} cases with: {kind}");
        }
        assert!(self.0["override"] > 0);
    }
}

/// What makes a policy of choices.
type Generator = fn(&mut Choices<'_>) -> Files;

/// Runs a property on policies of both kinds; `seed` is for what is asked of them.
fn run(mut property: impl FnMut(Subject, u64) -> Result<(), String>) {
    run_on(POLICIES * times(), 200..1200, policy, &mut property);
    run_on(CROWDED * times(), 500..3000, crowded, &mut property);
}

/// Runs a property on policies made of so many shrinkable bytes.
fn run_on(
    policies: u32,
    bytes: Range<usize>,
    generate: Generator,
    property: &mut impl FnMut(Subject, u64) -> Result<(), String>,
) {
    let config =
        Config { cases: policies, failure_persistence: None, max_shrink_iters: SHRINKS_MAX, ..Config::default() };
    let strategy = (proptest::collection::vec(proptest::num::u8::ANY, bytes), proptest::num::u64::ANY);
    let property = std::cell::RefCell::new(property);
    let outcome = TestRunner::new(config).run(&strategy, |(bytes, seed)| {
        let subject = Subject::compile(generate(&mut Choices::new(&bytes))).map_err(TestCaseError::fail)?;
        (property.borrow_mut())(subject, seed).map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (_, seed))) => panic!("seed {seed}: {reason}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// Asks a policy a number of requests. `each` gets what is valid, `invalid` counts the rest.
fn ask(
    subject: &Subject,
    seed: u64,
    mut each: impl FnMut(&Asked<'_>, &mut Choices<'_>) -> Result<(), String>,
) -> Result<usize, String> {
    let schema = subject.compiled.schema();
    let (mut entities, mut invalid) = (String::new(), 0);
    for round in 0..REQUESTS {
        let mut choices = Choices::endless(seed.wrapping_add(round.wrapping_mul(0x9E37_79B9)));
        if round % PER_STORE == 0 {
            entities = store(schema, &mut choices);
        }
        let case = Case { store: entities.clone(), request: request(schema, &mut choices), now: instant(&mut choices) };
        match subject.ask(&case)? {
            Some(asked) => each(&asked, &mut choices)?,
            None => invalid += 1,
        }
    }
    Ok(invalid)
}

#[test]
fn engines_agree_and_decisions_keep_what_they_say() {
    let mut tally = Tally::default();
    run(|subject, seed| {
        let invalid = ask(&subject, seed, |asked, choices| {
            let decision = subject.engines_agree(asked)?;
            subject.holds_until(asked, &decision, choices)?;
            subject.depends_only(asked, &decision, choices)?;
            subject.unread_is_idle(asked, &decision)?;
            if choices.chance(1, 4) {
                subject.challenge_works(asked, &decision)?;
            }
            tally.add(&decision);
            Ok(())
        })?;
        *tally.0.entry("invalid").or_default() += invalid;
        Ok(())
    });
    tally.is_telling();
}

#[test]
fn hiding_and_forging_never_help() {
    run(|subject, seed| {
        ask(&subject, seed, |asked, choices| {
            subject.hiding_never_helps(asked, choices, 4)?;
            subject.forging_never_helps(asked, choices)
        })
        .map(drop)
    });
}

#[test]
fn residuals_decide_the_rest() {
    run(|subject, seed| ask(&subject, seed, |asked, choices| subject.residual_agrees(asked, choices)).map(drop));
}

#[test]
fn residuals_are_written_as_text() {
    let (mut written, mut all) = (0, 0);
    run(|subject, seed| {
        let mut choices = Choices::endless(seed);
        ask(&subject, seed, |asked, _| {
            // Compiling takes its time: a few for each policy.
            if choices.chance(1, 8) {
                all += 1;
                written += usize::from(subject.residual_text_agrees(asked, &mut choices)?);
            }
            Ok(())
        })
        .map(drop)
    });
    println!("{written} of {all} residuals were written");
    assert!(written * 100 >= all * 95);
}

#[test]
fn printing_and_saving_are_faithful() {
    run(|subject, seed| {
        printing_is_faithful(&subject.files)?;
        subject.saving_is_faithful(None)?;
        let case = Case {
            store: "[]".to_owned(),
            request: request(subject.compiled.schema(), &mut Choices::endless(seed)),
            now: None,
        };
        let asked = subject.ask(&case)?;
        subject.saving_is_faithful(asked.as_ref())
    });
}

#[test]
fn hostile_requests_are_denied_and_never_crash() {
    let subject = Subject::generate(&mut Choices::endless(7)).unwrap();
    for text in ["", "{", "[]", "null", "{\"subject\":{}}", "\u{feff}{}"] {
        let case = Case { store: "[]".to_owned(), request: text.to_owned(), now: None };
        assert!(subject.ask(&case).unwrap().is_none());
    }
    let (policy, _): (&Policy, Store) = (&subject.compiled, Store::empty());
    assert!(Store::from_json(policy, b"{}").is_err());
}
