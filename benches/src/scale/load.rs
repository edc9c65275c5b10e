//! Loading a compiled policy, beside the least that any reading of the same bytes costs.

use std::hint::black_box;

use sha2::{Digest, Sha256};
use zt_eval::Policy;

use super::{Effort, Job, Run, drop_input, input, keep_input, memory, repeated, section};
use crate::scale::compile::zt_text;

/// What child processes do.
pub const JOBS: &[Job] = &[
    Job { name: "load/zt", work: load },
    Job { name: "load/sha256", work: digest },
    Job { name: "load/copy", work: copy },
];

fn load(case: &str, run: &mut Run) {
    let bytes = input(&name(case));
    black_box(run.measure(|| Policy::from_bytes(&bytes)).unwrap());
}

fn digest(case: &str, run: &mut Run) {
    let bytes = input(&name(case));
    black_box(run.measure(|| Sha256::digest(&bytes)));
}

fn copy(case: &str, run: &mut Run) {
    let bytes = input(&name(case));
    black_box(run.measure(|| bytes.clone()));
}

/// The input of a case.
fn name(case: &str) -> String {
    format!("load {case}.ztb")
}

/// The table.
///
/// # Panics
///
/// When a policy cannot be compiled or kept.
#[must_use]
pub fn table(effort: Effort) -> String {
    let (cases, times): (&[&str], usize) =
        if effort == Effort::Quick { (&["1000"], 3) } else { (&["1000", "10000", "100000"], 9) };
    let mut rows = Vec::new();
    for case in cases {
        let policy = crate::compile(zt_lang::Sources::single("p.zt", &zt_text(case))).unwrap();
        let bytes = policy.to_bytes();
        keep_input(&name(case), &bytes);
        let (took, grew) = repeated("load/zt", case, times);
        let (hashed, _) = repeated("load/sha256", case, times);
        let (copied, _) = repeated("load/copy", case, times);
        rows.push(vec![(*case).to_owned(), memory(bytes.len() as u64), took, grew, hashed, copied]);
        drop_input(&name(case));
    }
    section(
        "scale/load",
        "A compiled policy of generated rules from bytes in memory to a policy that is ready to decide, each time in a \
         fresh process; reading only for scale.",
        &["rules", "bytes", "load", "memory", "SHA-256 of the bytes", "copy of the bytes"],
        &rows,
    )
}
