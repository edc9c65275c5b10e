//! From text to a checked policy, and on to a compiled one.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark is not a library")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use zt_benches::company::policy_text;
use zt_lang::{Options, Sources};

fn stages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check");
    group.sample_size(20).measurement_time(Duration::from_secs(8));
    let options = Options::default();
    for rules in [100_usize, 1_000, 10_000] {
        let text = policy_text(rules);
        let sources = Sources::single("company.zt", &text);
        group.throughput(Throughput::Elements(rules as u64));
        group.bench_with_input(BenchmarkId::new("parse", rules), &sources, |bench, sources| {
            bench.iter(|| black_box(zt_lang::parse(sources.clone(), &options)));
        });
        group.bench_with_input(BenchmarkId::new("to_checked", rules), &sources, |bench, sources| {
            bench.iter(|| black_box(zt_lang::parse(sources.clone(), &options).typecheck().unwrap()));
        });
        let checked = zt_lang::parse(sources.clone(), &options).typecheck().unwrap();
        group.bench_with_input(BenchmarkId::new("lower", rules), &checked, |bench, checked| {
            bench.iter(|| black_box(checked.lower().unwrap()));
        });
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
