//! Running workloads and writing one Markdown table for each.

use std::path::Path;

use crate::harness::Workload;
use crate::measure::{self, Effort, Figures};

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Arguments {
    filter: Option<String>,
    effort: Effort,
    /// Whether to measure at all; otherwise only the decisions are compared, as in a test.
    is_measured: bool,
}

impl Arguments {
    /// Reads the arguments: `--bench` is cargo's way to say that this is no test, `--quick` takes less time, and any other
    /// word is a part of the names of the workloads to run, `apps/github`, or of a case, `generated/spread/10/`.
    pub fn read(arguments: impl Iterator<Item = String>) -> Self {
        let mut read = Self { filter: None, effort: Effort::FULL, is_measured: false };
        for argument in arguments {
            match argument.as_str() {
                "--bench" => read.is_measured = true,
                "--quick" => read.effort = Effort::QUICK,
                word if word.starts_with("--") => {}
                word => read.filter = Some(word.to_owned()),
            }
        }
        read
    }

    fn wants(&self, workload: &str, case: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| format!("{workload}/{case}/").contains(filter.as_str()))
    }
}

/// Compares the engines on all workloads that are asked for, and prints a table for each. `count` is the program that
/// counts allocations, `folder` a place for criterion's files.
pub fn run(workloads: &[Workload], arguments: &Arguments, count: &Path, folder: &Path) {
    let mut tables = Vec::new();
    for workload in workloads {
        let mut cases: Vec<&str> =
            workload.cases.iter().copied().filter(|case| arguments.wants(workload.name, case)).collect();
        if !arguments.is_measured {
            cases.truncate(1);
        }
        let rows: Vec<Row> = cases.iter().flat_map(|case| measured(workload, case, arguments, count, folder)).collect();
        if !rows.is_empty() {
            tables.push(table(workload, &rows));
            println!("{}", table(workload, &rows));
        }
    }
    if tables.len() > 1 {
        println!("{}", tables.join("\n"));
    }
    if !tables.is_empty() {
        println!("\nReading the clock around a single call adds {} to p99.", time(measure::clock_ns()));
    }
}

/// A line of a table.
struct Row {
    case: String,
    allowed: String,
    contender: &'static str,
    figures: Figures,
}

fn measured(workload: &Workload, name: &str, arguments: &Arguments, count: &Path, folder: &Path) -> Vec<Row> {
    let id = format!("{}/{name}", workload.name);
    let mut case = (workload.build)(name);
    let allowed = format!("{} of {}", case.compare(&id), case.requests.len());
    if !arguments.is_measured {
        println!("{id}: {} engines agree, {allowed} requests are allowed", case.contenders.len());
        return Vec::new();
    }
    let requests = case.requests.len();
    let mut rows = Vec::new();
    for contender in &mut case.contenders {
        let asked = contender.requests_max.min(requests);
        let median_ns = measure::median(contender, asked, &id, arguments.effort, folder);
        let (p99_ns, calls) = measure::tail(contender, asked, arguments.effort);
        let figures = Figures { median_ns, p99_ns, calls, allocations: f64::NAN, bytes: f64::NAN };
        rows.push(Row { case: name.to_owned(), allowed: allowed.clone(), contender: contender.name, figures });
    }
    // The other process needs the memory.
    drop(case);
    for (contender, allocations, bytes) in measure::allocations(count, workload, name) {
        let row =
            rows.iter_mut().find(|row| row.contender == contender).expect("both processes have the same contenders");
        (row.figures.allocations, row.figures.bytes) = (allocations, bytes);
    }
    rows
}

fn table(workload: &Workload, rows: &[Row]) -> String {
    let mut text = format!("\n### {}\n\n{}\n\n", workload.name, workload.about);
    text += &format!("| {} | allowed | engine | median | p99 | allocations | bytes |\n", workload.axis);
    text += "|---:|---:|---|---:|---:|---:|---:|\n";
    let mut previous = None;
    for row in rows {
        let is_new = previous.replace(&row.case) != Some(&row.case);
        let (case, allowed) = if is_new { (row.case.as_str(), row.allowed.as_str()) } else { ("", "") };
        let Figures { median_ns, p99_ns, allocations, bytes, .. } = row.figures;
        let p99 = p99_ns.map_or_else(|| "–".to_owned(), time);
        text += &format!(
            "| {case} | {allowed} | {} | {} | {p99} | {} | {} |\n",
            row.contender,
            time(median_ns),
            amount(allocations),
            amount(bytes)
        );
    }
    text
}

/// A time with a unit and three digits: `1.23 µs`.
#[must_use]
pub fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

/// A number of things per decision, with thousands set apart.
#[must_use]
pub fn amount(value: f64) -> String {
    if value < 1_000.0 {
        return if value.fract() == 0.0 { format!("{value}") } else { three_digits(value) };
    }
    let digits = format!("{value:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

fn three_digits(value: f64) -> String {
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_amounts_are_short() {
        assert_eq!(time(4.0), "4.00 ns");
        assert_eq!(time(1_234.0), "1.23 µs");
        assert_eq!(time(56_780_000.0), "56.8 ms");
        assert_eq!(amount(0.0), "0");
        assert_eq!(amount(12.25), "12.2");
        assert_eq!(amount(1_234_567.0), "1,234,567");
    }

    #[test]
    fn a_word_selects_workloads_and_cases() {
        let read = |words: &[&str]| Arguments::read(words.iter().map(|word| (*word).to_owned()));
        assert!(read(&["--bench"]).wants("apps/github", "20"));
        assert!(read(&["--bench", "github"]).wants("apps/github", "20"));
        assert!(read(&["apps/github/20", "--quick"]).wants("apps/github", "20"));
        assert!(!read(&["generated"]).wants("apps/github", "20"));
    }
}
