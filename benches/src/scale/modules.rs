//! Modules: how large they are, and how long it takes until they decide.
#![allow(clippy::disallowed_methods, reason = "measuring needs a clock")]

use std::hint::black_box;
use std::time::Instant;

use wasmparser::{Parser, Payload};
use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Pdp, Policy, Store};

use super::{Effort, median, section};
use crate::report::{amount, time};
use crate::{admission, gateway, module};

/// A policy with one rule.
const ONE_RULE: &str = "package notes

entity User
entity Note { owner: User }

action read: User -> Note

allow owner_reads: read
  when resource.owner == subject
";

/// The table of sizes.
#[must_use]
pub fn sizes(effort: Effort) -> String {
    let mut policies = vec![
        ("one rule".to_owned(), ONE_RULE.to_owned()),
        ("gateway, 50 routes".to_owned(), gateway::routes::zt(50)),
        ("admission, restricted".to_owned(), admission::ZT.to_owned()),
        ("1,000 generated rules".to_owned(), super::rules::zt(1_000)),
    ];
    if effort == Effort::Full {
        policies.push(("10,000 generated rules".to_owned(), super::rules::zt(10_000)));
    }
    let rows: Vec<Vec<String>> = policies.iter().map(|(name, policy)| size(name, policy)).collect();
    section(
        "scale/modules/size",
        "Bytes of modules for the target `core`. Texts are what decisions say of rules: names, places and reasons.",
        &["policy", "module", "code", "data", "texts among the data", "code and data without texts"],
        &rows,
    )
}

fn size(name: &str, policy: &str) -> Vec<String> {
    let (policy, module) = module::of(policy);
    let (mut code, mut data) = (0, 0);
    for payload in Parser::new(0).parse_all(&module) {
        match payload.unwrap() {
            Payload::CodeSectionStart { size, .. } => code = size as usize,
            Payload::DataSection(section) => data = (section.range().end - section.range().start) as usize,
            _ => {}
        }
    }
    let texts = texts(&policy);
    let bytes = [module.len(), code, data, texts, (code + data).saturating_sub(texts)];
    [name.to_owned()].into_iter().chain(bytes.map(|bytes| amount(bytes as f64))).collect()
}

/// Bytes of what decisions say of rules.
fn texts(policy: &Policy) -> usize {
    let because = |rule: &zt_eval::graph::Rule| rule.extras.because.as_ref().map_or(0, |because| because.len());
    policy.rules().iter().map(|rule| rule.name.len() + rule.place.to_string().len() + because(rule)).sum()
}

/// The table of times.
#[must_use]
pub fn times(effort: Effort) -> String {
    let times = if effort == Effort::Quick { 20 } else { 400 };
    let reviews = admission::documents("allowed");
    let calls = gateway::documents(50);
    let rows = vec![
        timed("gateway, 50 routes", &gateway::routes::zt(50), &calls[0].json, times),
        timed("admission, restricted", admission::ZT, &reviews[0].json, times),
    ];
    section(
        "scale/modules/time",
        "One request in wasmtime: compiling the module (once), a fresh instance from a pool, a fresh instance and a decision \
         in it, a decision in an instance that has decided before; the engine from the same bytes beside them. Medians.",
        &["policy", "compile", "instantiate", "instantiate and decide", "decide", "engine"],
        &rows,
    )
}

fn timed(name: &str, policy: &str, request: &[u8], times: usize) -> Vec<String> {
    let now = Timestamp::parse_rfc3339("2026-03-02T10:00:00Z");
    let (policy, module) = module::of(policy);
    let compile = took(times / 20, || drop(black_box(module::load(&module))));
    let loaded = module::load(&module);
    let instantiate = took(times, || drop(black_box(loaded.instantiate().unwrap())));
    let fresh = took(times, || {
        black_box(loaded.instantiate().unwrap().decide(request, now, Mode::Full).unwrap());
    });
    let mut instance = loaded.instantiate().unwrap();
    let reused = took(times * 10, || {
        black_box(instance.decide(request, now, Mode::Full).unwrap());
    });
    let pdp = Pdp::new(policy, Store::empty()).unwrap();
    let snapshot = pdp.snapshot();
    let engine = took(times * 10, || {
        let decision = snapshot.decide_json(request, now, Mode::Full);
        black_box(decision.to_json(snapshot.policy()).to_string());
    });
    [name.to_owned()].into_iter().chain([compile, instantiate, fresh, reused, engine].map(time)).collect()
}

/// The median of so many runs, in nanoseconds.
fn took(times: usize, mut run: impl FnMut()) -> f64 {
    let measured = (0..times.max(3)).map(|_| {
        let start = Instant::now();
        run();
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    });
    median(measured.collect()) as f64
}
