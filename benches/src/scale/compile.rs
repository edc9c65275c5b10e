//! From the text of a policy to one that can decide, in this language and in Cedar.

use std::hint::black_box;
use std::str::FromStr;

use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use zt_lang::{Options, Sources};

use super::{Effort, Job, Run, drop_input, input_text, keep_input, repeated, rules, section};

/// What child processes do.
pub const JOBS: &[Job] = &[
    Job { name: "compile/zt check", work: check },
    Job { name: "compile/zt compile", work: compile },
    Job { name: "compile/cedar parse", work: cedar_parse },
    Job { name: "compile/cedar parse, validate", work: cedar_validate },
];

/// The generated rules of a case, a number of rules, in zt.
///
/// # Panics
///
/// When the case is no number.
#[must_use]
pub fn zt_text(case: &str) -> String {
    rules::zt(case.parse().expect("a case is a number of rules"))
}

fn cedar_text(case: &str) -> String {
    rules::cedar(case.parse().expect("a case is a number of rules"))
}

fn zt_input(case: &str) -> String {
    format!("compile {case}.zt")
}

fn cedar_input(case: &str) -> String {
    format!("compile {case}.cedar")
}

fn check(case: &str, run: &mut Run) {
    let sources = Sources::single("policy.zt", &input_text(&zt_input(case)));
    let checked = run.measure(|| zt_lang::parse(sources, &Options::default()).typecheck());
    black_box(checked.unwrap_or_else(|report| panic!("{report}")));
}

fn compile(case: &str, run: &mut Run) {
    let sources = Sources::single("policy.zt", &input_text(&zt_input(case)));
    black_box(run.measure(|| crate::compile(sources)).unwrap());
}

fn cedar_parse(case: &str, run: &mut Run) {
    let text = input_text(&cedar_input(case));
    black_box(run.measure(|| PolicySet::from_str(&text).unwrap()));
}

fn cedar_validate(case: &str, run: &mut Run) {
    let text = input_text(&cedar_input(case));
    let (schema, _) = Schema::from_cedarschema_str(rules::CEDAR_SCHEMA).unwrap();
    let validator = Validator::new(schema);
    let (policies, validated) = run.measure(|| {
        let policies = PolicySet::from_str(&text).unwrap();
        let validated = validator.validate(&policies, ValidationMode::Strict);
        (policies, validated)
    });
    assert!(validated.validation_passed(), "{validated}");
    black_box(policies);
}

/// The table.
///
/// # Panics
///
/// When an input cannot be kept or a child fails.
#[must_use]
pub fn table(effort: Effort) -> String {
    let (cases, times): (&[&str], usize) =
        if effort == Effort::Quick { (&["1000"], 3) } else { (&["1000", "10000", "100000"], 5) };
    let mut rows = Vec::new();
    for case in cases {
        keep_input(&zt_input(case), zt_text(case).as_bytes());
        keep_input(&cedar_input(case), cedar_text(case).as_bytes());
        for job in JOBS {
            let (took, grew) = repeated(job.name, case, times);
            rows.push(vec![job.name.replace("compile/", ""), (*case).to_owned(), took, grew]);
        }
        drop_input(&zt_input(case));
        drop_input(&cedar_input(case));
    }
    section(
        "scale/compile",
        "Generated rules from text in memory, each time in a fresh process: medians, and by how much the process grew at \
         its largest. `check` is what an editor waits for; `compile` ends with a policy that decides, as Cedar's does \
         after parsing. Checking in zt includes what validating is in Cedar.",
        &["engine", "rules", "time", "memory"],
        &rows,
    )
}
