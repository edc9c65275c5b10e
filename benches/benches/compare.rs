//! Compares `zt` with its peers: `cargo bench -p zt-benches --bench compare -- [--quick] [part of a workload's name]`.
#![allow(missing_docs, reason = "a benchmark is not a library")]

use std::env;
use std::path::Path;

use zt_benches::report::{self, Arguments};
use zt_benches::workloads;

fn main() {
    let arguments = Arguments::read(env::args().skip(1));
    let count = Path::new(env!("CARGO_BIN_EXE_count"));
    report::run(&workloads(), &arguments, count, Path::new(env!("CARGO_TARGET_TMPDIR")));
}
