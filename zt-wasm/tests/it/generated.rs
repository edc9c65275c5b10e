//! Generated policies, as modules: module, graph and reference interpreter decide each request alike.
//!
//! `ZT_PROPERTY_CASES` multiplies the number of policies, as in the properties of the language.

use std::cell::Cell;
use std::fs;
use std::ops::Range;
use std::path::Path;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::Value as Json;
use zt_eval::Store;
use zt_eval::decision::Mode;
use zt_lang::differential::compare_document;
use zt_lang::oracle::policy::{Files, crowded, policy};
use zt_lang::oracle::property::Subject;
use zt_lang::oracle::request::{instant, request, store};
use zt_lang::oracle::{Choices, pool};
use zt_wasm::host::Host;
use zt_wasm::target::core;

use crate::agree::{Both, host};
use crate::oracle::module;
use crate::{data, slots};

const POLICIES: u32 = 50;
/// Policies of many rules.
const CROWDED: u32 = 20;
const STORES: u64 = 2;
/// Requests to a store; each is decided in both modes, and once more damaged.
const REQUESTS: u64 = 130;
/// Decisions of modules that there are at least for each multiple of the policies.
const DECISIONS_MIN: u64 = 40_000;

pub fn times() -> u32 {
    std::env::var("ZT_PROPERTY_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

#[test]
fn modules_of_generated_policies_decide_as_the_engine_does() {
    let (host, asked, in_slots) = (host(), Cell::new(0u64), Cell::new(0u64));
    run(POLICIES * times(), 200..1200, policy, &host, &asked, &in_slots);
    run(CROWDED * times(), 500..3000, crowded, &host, &asked, &in_slots);
    println!("{} decisions, {} requests in slots", asked.get(), in_slots.get());
    assert!(asked.get() >= DECISIONS_MIN * u64::from(times()), "only {} decisions", asked.get());
    assert!(in_slots.get() > 100, "only {} requests could be said in slots", in_slots.get());
}

fn run(
    policies: u32,
    bytes: Range<usize>,
    generate: fn(&mut Choices<'_>) -> Files,
    host: &Host,
    asked: &Cell<u64>,
    in_slots: &Cell<u64>,
) {
    let config = Config { cases: policies, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let strategy = (proptest::collection::vec(proptest::num::u8::ANY, bytes), proptest::num::u64::ANY);
    let outcome = TestRunner::new(config).run(&strategy, |(bytes, seed)| {
        let subject = Subject::compile(generate(&mut Choices::new(&bytes))).map_err(TestCaseError::fail)?;
        agrees(&subject, seed, host, asked, in_slots).map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (_, seed))) => panic!("seed {seed}: {reason}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

fn agrees(subject: &Subject, seed: u64, host: &Host, asked: &Cell<u64>, in_slots: &Cell<u64>) -> Result<(), String> {
    let policy = &subject.compiled;
    if policy.missing_params().next().is_some() {
        // It decides nothing yet.
        return Ok(());
    }
    let told = |error: String, entities: &str| {
        let files: Vec<String> = subject.files.0.iter().map(|(name, text)| format!("// ---- {name}\n{text}")).collect();
        format!("{error}\nentities {entities}\n{}", files.join("\n"))
    };
    for round in 0..STORES {
        let mut choices = Choices::endless(seed.wrapping_add(round));
        let text = store(policy.schema(), &mut choices);
        let entities = Store::from_json(policy, text.as_bytes()).map_err(|error| told(error.to_string(), &text))?;
        let takes_all = core::Options::default().with_data(true).with_slots(true);
        let options = if round == 1 { takes_all } else { core::Options::default() };
        let mut both = Both::with(host, policy, &entities, options);
        for _ in 0..REQUESTS {
            let (mut request, now) = (request(policy.schema(), &mut choices).into_bytes(), instant(&mut choices));
            let by_reference = compare_document(&subject.hir, policy, &entities, &request, now);
            drop(by_reference.map_err(|error| told(error.to_string(), &text))?);
            for mode in [Mode::Full, Mode::Effect] {
                drop(both.agree(&request, now, mode).map_err(|error| told(error, &text))?);
            }
            damage(&mut request, &mut choices);
            drop(both.agree(&request, now, Mode::Full).map_err(|error| told(error, &text))?);
            asked.set(asked.get() + 3);
        }
        if round == 1 {
            let [times, encoded] =
                slots::generated(policy, &mut both, &mut choices).map_err(|error| told(error, &text))?;
            asked.set(asked.get() + times);
            in_slots.set(in_slots.get() + encoded);
            let times = data::generated(policy, &mut both, &mut choices).map_err(|error| told(error, &text))?;
            asked.set(asked.get() + times);
        }
    }
    Ok(())
}

/// Changes a byte, cuts the rest off, or doubles a part.
pub fn damage(request: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let at = choices.below(request.len().max(1));
    match choices.below(4) {
        0 => request.truncate(at),
        1 => {
            let end = (at + choices.below(40)).min(request.len());
            let part = request.get(at..end).unwrap_or_default().to_vec();
            request.splice(at..at, part);
        }
        2 => request.insert(at, *b"\"{}[],:\\ 0ntf\x00\xff".get(choices.below(15)).unwrap_or(&b' ')),
        _ => {
            if let Some(byte) = request.get_mut(at) {
                *byte ^= 1 << choices.below(8);
            }
        }
    }
}

/// What the fuzz target found, and its seeds.
#[test]
fn what_fuzzing_found_stays_mended() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions/module");
    let mut replayed = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        module(&fs::read(&path).unwrap()).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        replayed += 1;
    }
    assert!(replayed >= 4, "{replayed}");
    // And more like them.
    let mut choices = Choices::endless(11);
    for first in (0..=255u8).cycle().take(1000 * times() as usize) {
        let mut bytes = format!("\0{}", Json::from_iter([("limit", pool::hostile(&mut choices))])).into_bytes();
        if first & 32 == 0 {
            bytes.extend(b" ");
        }
        bytes[0] = first;
        damage(&mut bytes, &mut choices);
        module(&bytes).unwrap_or_else(|fault| panic!("{}: {fault}", String::from_utf8_lossy(&bytes)));
    }
}
