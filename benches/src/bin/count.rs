//! Counts the allocations of a case's contenders: `count WORKLOAD CASE`. Linking `allocation_counter` replaces the
//! allocator, which is why this is a program of its own.
#![allow(clippy::expect_used, reason = "called by the benchmarks alone, which show what it says when it stops")]

use std::env;

fn main() {
    let mut arguments = env::args().skip(1);
    let (workload, case) = arguments.next().zip(arguments.next()).expect("a workload and a case");
    let workloads = zt_benches::workloads();
    let workload = workloads.iter().find(|each| each.name == workload).expect("the workload is one of `workloads`");
    zt_benches::measure::count(workload, &case, |run| {
        let counted = allocation_counter::measure(run);
        (counted.count_total, counted.bytes_total)
    });
}
