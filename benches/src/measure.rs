//! Measuring one contender: time by criterion, the tail by timing single calls, allocations in a process of their own.
//!
//! Counting allocations costs a little on each, which would burden engines that allocate: so the timed process has the
//! system's allocator as it is, and the binary `count`, with the same workloads, has the counting one.
#![allow(clippy::disallowed_methods, reason = "measuring time needs a clock")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};

use crate::harness::{Contender, Workload};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    warm_up: Duration,
    measurement: Duration,
    samples: usize,
    /// Single calls that are timed, if there is time for so many.
    calls_max: usize,
    /// Time for them.
    calls: Duration,
}

impl Effort {
    /// For figures to publish.
    pub const FULL: Self = Self {
        warm_up: Duration::from_millis(500),
        measurement: Duration::from_millis(2_000),
        samples: 50,
        calls_max: 200_000,
        calls: Duration::from_millis(1_000),
    };
    /// For a look while working.
    pub const QUICK: Self = Self {
        warm_up: Duration::from_millis(100),
        measurement: Duration::from_millis(300),
        samples: 10,
        calls_max: 20_000,
        calls: Duration::from_millis(200),
    };
}

/// What was measured of one contender, for one decision.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Criterion's median, in nanoseconds: of samples that each go round the requests.
    pub median_ns: f64,
    /// Of single calls, the clock's own time included; none if there were fewer than a hundred.
    pub p99_ns: Option<f64>,
    /// How many single calls that is of.
    pub calls: usize,
    /// Allocations, growing ones included.
    pub allocations: f64,
    /// Bytes that they asked for.
    pub bytes: f64,
}

/// The median time of one decision, in nanoseconds.
///
/// # Panics
///
/// When criterion's estimate cannot be read.
pub fn median(contender: &mut Contender, asked: usize, group: &str, effort: Effort, folder: &Path) -> f64 {
    let (group, name) = (slug(group), slug(contender.name));
    let mut criterion = Criterion::default().without_plots().output_directory(folder);
    let mut benches = criterion.benchmark_group(&group);
    benches.warm_up_time(effort.warm_up).measurement_time(effort.measurement).sample_size(effort.samples);
    // A second for one decision is no case for fifty samples of growing length.
    let first = Instant::now();
    contender.decide(0);
    if first.elapsed() * 1_000 > effort.measurement {
        benches.sample_size(10).sampling_mode(SamplingMode::Flat);
    }
    benches.bench_function(&name, |bench| {
        let mut request = 0;
        bench.iter(|| {
            request = if request + 1 < asked { request + 1 } else { 0 };
            black_box(contender.decide(black_box(request)))
        });
    });
    benches.finish();
    let path = folder.join(&group).join(&name).join("new/estimates.json");
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let estimates: serde_json::Value = serde_json::from_slice(&text).unwrap();
    estimates["median"]["point_estimate"].as_f64().expect("criterion estimates a median")
}

/// The 99th percentile of the times of single calls, in nanoseconds, and how many calls it is of.
pub fn tail(contender: &mut Contender, asked: usize, effort: Effort) -> (Option<f64>, usize) {
    let started = Instant::now();
    let mut times = Vec::with_capacity(effort.calls_max);
    while times.len() < effort.calls_max && started.elapsed() < effort.calls {
        for request in 0..asked {
            let before = Instant::now();
            black_box(contender.decide(black_box(request)));
            times.push(before.elapsed());
        }
    }
    let calls = times.len();
    (percentile(times, 99), calls)
}

/// The time that reading the clock twice adds to a single call, in nanoseconds: a median.
#[must_use]
pub fn clock_ns() -> f64 {
    let times = (0..10_001).map(|_| {
        let before = Instant::now();
        before.elapsed()
    });
    percentile(times.collect(), 50).unwrap_or_default()
}

/// Needs a hundred times to say anything.
fn percentile(mut times: Vec<Duration>, percent: usize) -> Option<f64> {
    times.sort_unstable();
    let at = times.len() * percent / 100;
    times.get(at).filter(|_| times.len() >= 100).map(|time| time.as_nanos() as f64)
}

/// Allocations and bytes of one decision, by contender, counted by the program `count`.
///
/// # Panics
///
/// When it cannot be run, or fails.
#[must_use]
pub fn allocations(count: &Path, workload: &Workload, case: &str) -> Vec<(String, f64, f64)> {
    let output = Command::new(count).args([workload.name, case]).output().expect("the program `count` runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(counted).collect()
}

/// A line that [`count`] wrote.
fn counted(line: &str) -> (String, f64, f64) {
    let mut fields = line.split('\t');
    let mut field = || fields.next().expect("three fields");
    (field().to_owned(), field().parse().unwrap(), field().parse().unwrap())
}

/// Counts allocations and bytes of a case with `counter`, which says both of what it runs, and writes a line for each
/// contender. Every request is decided once beforehand, so that memory that is kept from then on does not count.
pub fn count(workload: &Workload, case: &str, counter: impl Fn(&mut dyn FnMut()) -> (u64, u64)) {
    let mut case = (workload.build)(case);
    let requests = case.requests.len();
    for contender in &mut case.contenders {
        let asked = contender.requests_max.min(requests);
        let mut all = || {
            for request in 0..asked {
                black_box(contender.decide(black_box(request)));
            }
        };
        all();
        let (allocations, bytes) = counter(&mut all);
        println!("{}\t{}\t{}", contender.name, allocations as f64 / asked as f64, bytes as f64 / asked as f64);
    }
}

/// A name that criterion uses as a file's as it is.
fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_time_that_so_many_do_not_exceed() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_nanos).collect();
        assert_eq!(percentile(times.clone(), 99), Some(199.0));
        assert_eq!(percentile(times[..99].to_vec(), 99), None);
    }

    #[test]
    fn what_one_process_counts_the_other_reads() {
        assert_eq!(counted("zt, effect\t0\t12.5"), ("zt, effect".to_owned(), 0.0, 12.5));
    }
}
