//! What does not depend on one request: `cargo bench -p zt-benches --bench scale -- [--quick] [compile|load|entities|changes|threads|modules]`.
#![allow(missing_docs, reason = "a benchmark is not a library")]

use std::env;

use zt_benches::scale::{self, Effort, changes, compile, entities, load, modules, threads};

/// Measures and gives a table.
type Table = fn(Effort) -> String;

fn main() {
    if scale::run_job(&scale::jobs()) {
        return;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    // Cargo says `--bench` when this is no test; a test only looks whether it all runs.
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let is_test = !arguments.iter().any(|argument| argument == "--bench");
    let effort = if is_quick || is_test { Effort::Quick } else { Effort::Full };
    let wanted = arguments.iter().find(|argument| !argument.starts_with("--"));
    let tables: [(&str, Table); 7] = [
        ("scale/compile", compile::table),
        ("scale/load", load::table),
        ("scale/entities", entities::table),
        ("scale/changes", changes::table),
        ("scale/threads", threads::table),
        ("scale/modules/size", modules::sizes),
        ("scale/modules/time", modules::times),
    ];
    for (name, table) in tables {
        if wanted.is_none_or(|wanted| name.contains(wanted.as_str())) {
            println!("{}", table(effort));
        }
    }
}
