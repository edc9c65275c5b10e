//! What does not depend on one request: compiling and loading large policies, a large entity store, several threads.
//!
//! Memory is measured in processes that do nothing else: the program starts itself again with the name of a [`Job`], which
//! does one piece of work once, in a fresh process, and says how long it took and by how much the process grew.

pub mod changes;
pub mod compile;
pub mod entities;
pub mod load;
pub mod modules;
pub mod rules;
pub mod threads;

mod child;

use crate::report::time;

pub use child::{JOB, Run, drop_input, input, input_text, keep_input, run_child, run_job};

/// How much to measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// A look while working.
    Quick,
    /// For figures to publish.
    Full,
}

/// A piece of work that a child process does once: its name, and what does it.
#[derive(Clone, Copy)]
pub struct Job {
    /// `compile/zt`.
    pub name: &'static str,
    /// Prepares, calls `run` around what counts, and tidies up.
    pub work: fn(case: &str, run: &mut Run),
}

/// All pieces of work.
#[must_use]
pub fn jobs() -> Vec<Job> {
    [compile::JOBS, load::JOBS, entities::JOBS].concat()
}

/// A heading, a sentence, and a table.
#[must_use]
pub fn section(name: &str, about: &str, heading: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heading: Vec<String> = heading.iter().map(|&cell| cell.to_owned()).collect();
    let mut text = format!("\n### {name}\n\n{about}\n\n{}", line(&heading));
    text += &format!("|---|{}\n", "---:|".repeat(heading.len().saturating_sub(1)));
    for row in rows {
        text += &line(row);
    }
    text
}

/// An amount of memory with a unit and three digits.
#[must_use]
pub fn memory(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    let decimals = if mebibytes < 10.0 { 2 } else { usize::from(mebibytes < 100.0) };
    format!("{mebibytes:.decimals$} MiB")
}

/// The middle one.
fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Runs a job so many times, each in a process of its own, and gives the medians of time and growth, as text.
fn repeated(job: &str, case: &str, times: usize) -> (String, String) {
    let runs: Vec<(u64, u64)> = (0..times).map(|_| run_child(job, case)).collect();
    let (nanos, bytes) = runs.into_iter().unzip();
    (time(median(nanos) as f64), memory(median(bytes)))
}
