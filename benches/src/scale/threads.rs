//! One engine on several threads: how many decisions a second.
//!
//! A snapshot of zt is shared by all threads; regorus has a virtual machine for each thread,
//! as what decides there must be mutable. Each thread goes round the same requests, from a start of its own.
#![allow(clippy::disallowed_methods, reason = "measuring throughput needs a clock")]

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use zt_eval::Mode;

use super::{Effort, section};
use crate::gateway;
use crate::harness::Contender;
use crate::report::amount;
use crate::zt::Shared;

/// How many routes the gateway has here.
const ROUTES: usize = 500;

/// The table.
#[must_use]
pub fn table(effort: Effort) -> String {
    let time = if effort == Effort::Quick { Duration::from_millis(300) } else { Duration::from_secs(1) };
    let zt = Shared::new(&gateway::routes::zt(ROUTES));
    let from_json = |_| zt.from_json("zt", &gateway::documents(ROUTES), Mode::Effect);
    let prepared = |_| zt.prepared("zt", &gateway::documents(ROUTES), Mode::Effect);
    let rego = |_| gateway::rego_indexed(ROUTES).vm("regorus", &gateway::documents(ROUTES));
    let rego_prepared = |_| gateway::rego_indexed(ROUTES).vm_prepared("regorus", &gateway::documents(ROUTES));
    let rows = vec![
        row("zt, from JSON", time, &from_json),
        row("zt, prepared", time, &prepared),
        row("regorus, RVM, routes as data, from JSON", time, &rego),
        row("regorus, RVM, routes as data, prepared", time, &rego_prepared),
    ];
    section(
        "scale/threads",
        "The gateway's 500 routes on several threads: decisions a second, all threads together, and in brackets how many \
         times those of one thread that is; medians of seven rounds. zt shares one snapshot; regorus has an engine for \
         each thread.",
        &["engine", "1 thread", "2 threads", "4 threads"],
        &rows,
    )
}

/// Rounds that are measured. One, two and four threads take turns: what else a machine does comes and goes.
const ROUNDS: usize = 7;

fn row(name: &str, time: Duration, contender: &(dyn Fn(usize) -> Contender + Sync)) -> Vec<String> {
    let rounds: Vec<[f64; 3]> =
        (0..ROUNDS).map(|_| [1, 2, 4].map(|threads| throughput(threads, time, contender))).collect();
    let [one, two, four] = [0, 1, 2].map(|at| median(rounds.iter().map(|round| round[at]).collect()));
    let times = |all: f64| format!("{} ({:.2})", amount(all), all / one);
    vec![name.to_owned(), amount(one), times(two), times(four)]
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Decisions a second of so many threads. Each builds its contender itself: contenders do not travel between threads.
fn throughput(threads: usize, time: Duration, contender: &(dyn Fn(usize) -> Contender + Sync)) -> f64 {
    let (barrier, stop) = (Barrier::new(threads + 1), AtomicBool::new(false));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (barrier, stop) = (&barrier, &stop);
                scope.spawn(move || work(&mut contender(thread), thread, barrier, stop))
            })
            .collect();
        barrier.wait();
        thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

/// Decides until it is time, and says how many decisions a second that were.
fn work(contender: &mut Contender, thread: usize, barrier: &Barrier, stop: &AtomicBool) -> f64 {
    const BATCH: usize = 32;
    let requests = gateway::REQUESTS;
    let mut request = thread * 101 % requests;
    for warm in 0..requests {
        black_box(contender.decide(warm));
    }
    barrier.wait();
    let started = Instant::now();
    let mut decided = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..BATCH {
            request = (request + 1) % requests;
            black_box(contender.decide(request));
        }
        decided += BATCH;
    }
    decided as f64 / started.elapsed().as_secs_f64()
}
