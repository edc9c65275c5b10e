//! One decision: from a bound request in both modes, and from its JSON.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark is not a library")]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use zt_benches::company::{REQUEST, policy_text};
use zt_benches::compile;
use zt_benches::examples::examples;
use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Pdp, Policy, Request, Store};
use zt_lang::Sources;

fn on_examples(criterion: &mut Criterion) {
    for example in examples().unwrap() {
        let mut group = criterion.benchmark_group(format!("decide/{}", example.name));
        decide(&mut group, example.policy, example.store, &example.request, example.now);
        group.finish();
    }
}

fn on_many_rules(criterion: &mut Criterion) {
    let now = Timestamp::parse_rfc3339("2026-03-02T10:00:00Z");
    for rules in [100, 1_000, 10_000] {
        let mut group = criterion.benchmark_group(format!("decide/{rules} rules"));
        let policy = compile(Sources::single("company.zt", &policy_text(rules))).unwrap();
        decide(&mut group, policy, Store::empty(), REQUEST.as_bytes(), now);
        group.finish();
    }
}

fn decide(
    group: &mut BenchmarkGroup<'_, WallTime>,
    policy: Policy,
    store: Store,
    document: &[u8],
    now: Option<Timestamp>,
) {
    let pdp = Pdp::new(policy, store).unwrap();
    let snapshot = pdp.snapshot();
    let request = Request::from_json(snapshot.policy(), document).unwrap();
    group.bench_function("effect", |bench| bench.iter(|| pdp.decide(black_box(&request), now, Mode::Effect)));
    group.bench_function("full", |bench| bench.iter(|| pdp.decide(black_box(&request), now, Mode::Full)));
    group.bench_function("bind", |bench| bench.iter(|| Request::from_json(snapshot.policy(), black_box(document))));
    group.bench_function("json_effect", |bench| bench.iter(|| pdp.decide_json(black_box(document), now, Mode::Effect)));
    group.bench_function("json_full", |bench| bench.iter(|| pdp.decide_json(black_box(document), now, Mode::Full)));
}

criterion_group!(benches, on_examples, on_many_rules);
criterion_main!(benches);
