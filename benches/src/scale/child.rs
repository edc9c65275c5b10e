//! Doing one job in a fresh process, and measuring it there.
#![allow(clippy::disallowed_methods, reason = "measuring time needs a clock")]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use super::Job;

/// The environment variable that names the job of a child process.
pub const JOB: &str = "ZT_BENCH_JOB";

/// What a job measures.
#[derive(Default)]
pub struct Run {
    nanos: u64,
    bytes: u64,
}

impl Run {
    /// Does the work, and notes how long it took and by how much the process grew at most.
    ///
    /// # Panics
    ///
    /// When it is called twice: the process is no longer fresh.
    pub fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        assert_eq!(self.nanos, 0, "a job measures once");
        let before = resident("VmRSS:");
        forget_peak();
        let started = Instant::now();
        let result = work();
        self.nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.bytes = resident("VmHWM:").saturating_sub(before);
        result
    }
}

/// Lets the kernel count the peak from now on. Where it does not, the peak is the process's, which did nothing larger.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// A line of what the kernel says of this process's memory, in bytes.
fn resident(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux says how large a process is");
    let kibibytes = status.lines().find_map(|each| each.strip_prefix(line)).expect("the line is there");
    kibibytes.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Does the job that the environment names, if it names one, and says what it measured. The `main` of the benchmark calls
/// this first.
#[must_use]
pub fn run_job(jobs: &[Job]) -> bool {
    let Ok(wanted) = env::var(JOB) else { return false };
    let (name, case) = wanted.rsplit_once(' ').expect("a job and a case");
    let job = jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("there is no job {name}"));
    let mut run = Run::default();
    (job.work)(case, &mut run);
    println!("{} {}", run.nanos, run.bytes);
    true
}

/// Where an input of a child is kept.
fn input_path(name: &str) -> PathBuf {
    env::temp_dir().join(format!("zt-bench-{}", name.replace([' ', '/'], "-")))
}

/// Keeps an input for children to read: what makes it would leave a heap with holes, in which growth does not show.
///
/// # Panics
///
/// When it cannot be written.
pub fn keep_input(name: &str, bytes: &[u8]) {
    fs::write(input_path(name), bytes).expect("the folder for temporary files can be written to");
}

/// An input that the parent keeps.
///
/// # Panics
///
/// When there is none of that name.
#[must_use]
pub fn input(name: &str) -> Vec<u8> {
    fs::read(input_path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// An input that is text.
///
/// # Panics
///
/// When there is none of that name, or it is no text.
#[must_use]
pub fn input_text(name: &str) -> String {
    String::from_utf8(input(name)).expect("the input is text")
}

/// Forgets an input.
pub fn drop_input(name: &str) {
    let _ = fs::remove_file(input_path(name));
}

/// Does a job in a process of its own: nanoseconds and bytes.
#[must_use]
pub fn run_child(job: &str, case: &str) -> (u64, u64) {
    let program = env::current_exe().expect("the program has a file");
    let output = Command::new(program).env(JOB, format!("{job} {case}")).output().expect("the program runs");
    assert!(output.status.success(), "{job} {case}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (nanos, bytes) = text.trim().split_once(' ').expect("two numbers");
    (nanos.parse().unwrap(), bytes.parse().unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_sees_what_its_work_holds() {
        let mut run = Run::default();
        let kept = run.measure(|| std::hint::black_box(vec![1_u8; 64 << 20]));
        assert_eq!(kept.len(), 64 << 20);
        assert!(run.nanos > 0);
        // Other tests of this process may grow it at the same time.
        assert!(run.bytes >= 60 << 20, "{}", run.bytes);
    }
}
