//! Generated policies, stores and requests.

use std::collections::BTreeSet;

use zt_eval::Store;
use zt_eval::decision::Mode;
use zt_lang::oracle::Choices;
use zt_lang::oracle::policy::crowded;
use zt_lang::oracle::property::Subject;
use zt_lang::oracle::request::{instant, request, store};

use super::module::{Module, expected};
use crate::runtime::layout::*;

fn times() -> u64 {
    std::env::var("ZT_PROPERTY_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Decides requests to a policy; how many there were of each kind: allowed, denied, denied with something unknown.
fn decide_some(subject: &Subject, seed: u64, requests: u64, tags: &mut BTreeSet<i32>) -> [u64; 3] {
    let policy = &subject.compiled;
    let mut kinds = [0; 3];
    for round in 0..2 {
        let mut choices = Choices::endless(seed << 8 | round);
        let entities = store(policy.schema(), &mut choices);
        let entities = Store::from_json(policy, entities.as_bytes()).unwrap();
        let module = Module::new(policy, &entities);
        tags.extend(&module.tags);
        for _ in 0..requests {
            let text = request(policy.schema(), &mut choices);
            let now = instant(&mut choices);
            for mode in [Mode::Full, Mode::Effect] {
                let found = module.decide(text.as_bytes(), now, mode);
                let expected = expected(policy, &entities, text.as_bytes(), now, mode);
                assert_eq!(found, expected, "seed {seed}, {mode:?}, {now:?}\n{text}\n{}", subject.files);
                if mode == Mode::Full {
                    let is_allowed = expected.contains(r#""effect":"allow""#);
                    let is_known = expected.contains(r#""unknown":[]"#);
                    kinds[if is_allowed { 0 } else { 1 + usize::from(!is_known) }] += 1;
                }
            }
        }
    }
    kinds
}

fn add(sum: &mut [u64; 3], more: [u64; 3]) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

#[test]
fn decisions_are_the_same() {
    let mut kinds = [0; 3];
    for seed in 0..60 * times() {
        let subject = Subject::generate(&mut Choices::endless(seed)).unwrap();
        add(&mut kinds, decide_some(&subject, seed, 12, &mut BTreeSet::new()));
    }
    // Or some kind of decision was not compared.
    assert!(kinds.iter().all(|count| *count > 40), "{kinds:?}");
}

#[test]
fn decisions_of_many_rules_are_the_same() {
    let (mut kinds, mut tags) = ([0; 3], BTreeSet::new());
    for seed in 0..16 * times() {
        let subject = Subject::compile(crowded(&mut Choices::endless(seed))).unwrap();
        add(&mut kinds, decide_some(&subject, seed, 8, &mut tags));
    }
    assert!(kinds.iter().sum::<u64>() >= 128);
    // Every kind of test that finds rules, and every kind of node. Patterns that are put together, paths and hosts have tests
    // of their own.
    let apart = [T_LOOKUP_PATTERNS, T_PATTERN_GLOB, T_PATTERN_REGEX, T_KEYS_PATHS, T_KEYS_HOSTS];
    tags.retain(|tag| !apart.contains(tag));
    let known = [T_LOOKUP_KEYS..=T_LOOKUP_POINT, T_BY_PARTS..=T_BY_INTERVALS, T_KEYS_EQUAL..=T_KEYS_INFIXES];
    let known = known.into_iter().flatten().chain(T_NODE_OPERATOR..=T_NODE_OTHERWISE);
    let known = known.chain([ORDER_NUMBERS, ORDER_CANDIDATES, ORDER_PARTS]);
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), known.collect::<Vec<_>>());
}
