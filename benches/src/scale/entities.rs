//! A store of a million entities: reading it, and changing one entity in it.

use std::fmt::{self, Write};
use std::hint::black_box;

use zt_eval::{Policy, Store};
use zt_lang::Sources;

use super::{Effort, Job, Run, drop_input, input, keep_input, memory, repeated, section};

/// What the entities are declared as.
pub const POLICY: &str = r#"package people

source idp verified
enum Clearance { public < internal < confidential < secret }
entity Group in Group from idp
entity User in Group from idp { clearance: Clearance from idp, department: String from idp, risk: Int from idp }
entity Folder in Folder
entity Document in Folder { owner: User, classification: Clearance }
context { mfa: Bool from idp }
action read: User -> Document

allow reading: read
  for subject in Group::"0", resource in Folder::"0"
  when context.mfa and subject.clearance >= resource.classification and subject.risk < 50
"#;

/// The input that is the policy.
const POLICY_INPUT: &str = "entities.ztb";

/// What child processes do.
pub const JOBS: &[Job] = &[
    Job { name: "entities/zt", work: load },
    Job { name: "entities/serde_json to Value", work: value },
    Job { name: "entities/serde_json to IgnoredAny", work: ignored },
];

fn load(case: &str, run: &mut Run) {
    let (policy, text) = (Policy::from_bytes(&input(POLICY_INPUT)).unwrap(), input(&name(case)));
    let store = run.measure(|| Store::from_json(&policy, &text)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(store.len(), count(case));
    black_box(store);
}

fn value(case: &str, run: &mut Run) {
    let text = input(&name(case));
    black_box(run.measure(|| serde_json::from_slice::<serde_json::Value>(&text)).unwrap());
}

fn ignored(case: &str, run: &mut Run) {
    let text = input(&name(case));
    black_box(run.measure(|| serde_json::from_slice::<serde::de::IgnoredAny>(&text)).unwrap());
}

/// The input of a case.
fn name(case: &str) -> String {
    format!("entities {case}.json")
}

fn count(case: &str) -> usize {
    case.parse().expect("a case is a number of entities")
}

/// So many entities: seven of ten are users in two groups each, two are documents; the rest are half groups and half
/// folders, each kind a tree of four levels.
#[must_use]
pub fn json(case: &str) -> String {
    let count = count(case);
    let containers = count / 20;
    let documents = count / 5;
    let users = count - 2 * containers - documents;
    let mut text = String::with_capacity(count * 200);
    let mut separator = "[";
    let mut each = |numbers: usize, write: &dyn Fn(&mut String, usize) -> fmt::Result| {
        for number in 0..numbers {
            text.push_str(separator);
            separator = ",\n";
            // Writing to a string does not fail.
            let _ = write(&mut text, number);
        }
    };
    each(containers, &|text, number| container(text, "Group", number, containers));
    each(containers, &|text, number| container(text, "Folder", number, containers));
    each(documents, &|text, number| document(text, number, containers, users));
    each(users, &|text, number| user(text, number, containers));
    text.push(']');
    text
}

/// A root, ten below it, a hundredth of all below those, and all others below these.
fn container(text: &mut String, kind: &str, number: usize, containers: usize) -> fmt::Result {
    let middle = (containers / 100).max(1);
    let parent = match number {
        0 => return write!(text, r#"{{"type":"{kind}","id":"0","parents":[]}}"#),
        1..=10 => 0,
        _ if number <= 10 + middle => 1 + number % 10,
        _ => 11 + number % middle,
    };
    write!(text, r#"{{"type":"{kind}","id":"{number}","parents":[{{"type":"{kind}","id":"{parent}"}}]}}"#)
}

/// A step that shares no factor with the numbers of entities, so that neighbours differ.
fn scattered(number: usize, step: usize, among: usize) -> usize {
    number.wrapping_mul(step) % among
}

fn clearance(number: usize) -> &'static str {
    ["public", "internal", "confidential", "secret"][number / 7 % 4]
}

fn user(text: &mut String, number: usize, containers: usize) -> fmt::Result {
    write!(
        text,
        r#"{{"type":"User","id":"u{number}","properties":{{"clearance":"{}","department":"department-{}","risk":{}}},"parents":[{{"type":"Group","id":"{}"}},{{"type":"Group","id":"{}"}}]}}"#,
        clearance(number),
        number % 97,
        number % 100,
        scattered(number, 7_919, containers),
        scattered(number, 104_729, containers)
    )
}

fn document(text: &mut String, number: usize, containers: usize, users: usize) -> fmt::Result {
    write!(
        text,
        r#"{{"type":"Document","id":"d{number}","properties":{{"owner":{{"type":"User","id":"u{}"}},"classification":"{}"}},"parents":[{{"type":"Folder","id":"{}"}}]}}"#,
        scattered(number, 104_729, users),
        clearance(number),
        scattered(number, 7_919, containers)
    )
}

/// The table.
///
/// # Panics
///
/// When an input cannot be kept or a child fails.
#[must_use]
pub fn table(effort: Effort) -> String {
    let (cases, times): (&[&str], usize) =
        if effort == Effort::Quick { (&["10000"], 3) } else { (&["10000", "100000", "1000000"], 5) };
    let policy = crate::compile(Sources::single("people.zt", POLICY)).expect("the policy has no mistakes");
    keep_input(POLICY_INPUT, &policy.to_bytes());
    let mut rows = Vec::new();
    for case in cases {
        let text = json(case);
        keep_input(&name(case), text.as_bytes());
        let bytes = memory(text.len() as u64);
        drop(text);
        for job in JOBS {
            let (took, grew) = repeated(job.name, case, times);
            rows.push(vec![job.name.replace("entities/", ""), (*case).to_owned(), bytes.clone(), took, grew]);
        }
        drop_input(&name(case));
    }
    drop_input(POLICY_INPUT);
    section(
        "scale/entities",
        "Entity data from JSON in memory, each time in a fresh process: medians, and by how much the process grew at its \
         largest, without the JSON. zt reads, checks types and parents, and works out all ancestors.",
        &["reader", "entities", "JSON", "time", "memory"],
        &rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entities_fit_the_policy_and_are_all_there() {
        let policy = crate::compile(Sources::single("people.zt", POLICY)).unwrap();
        let store = Store::from_json(&policy, json("10000").as_bytes()).unwrap();
        assert_eq!(store.len(), 10_000);
        assert!(!store.has_open(), "every parent is among the entities");
        let user = store.entities().find(|entity| &*entity.uid().id == "u6999").expect("the user is there");
        assert!(store.ancestors(user).count() >= 4);
    }
}
