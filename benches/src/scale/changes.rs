//! Changing one entity of a large store. The old store stays as it is for whoever decides by it; the new one shares with it
//! all that did not change.
#![allow(clippy::disallowed_methods, reason = "measuring time needs a clock")]

use std::hint::black_box;
use std::time::Instant;

use zt_eval::{Policy, Store};
use zt_lang::Sources;

use super::{Effort, entities, section};
use crate::report::time;

/// A change: its name, and the entity that the number asks for, as the document to add.
type Change = (&'static str, fn(usize) -> String);

const CHANGES: [Change; 4] = [
    ("a user's attributes", |number| user(number, number % 40)),
    ("a user's groups", |number| user(number, 20 + number)),
    ("a new user", |number| user(100_000_000 + number, number % 40)),
    // Group 11 has a hundredth of all other groups below it, and their members.
    ("the parent of a group with thousands below it", |number| {
        format!(r#"[{{"type":"Group","id":"11","parents":[{{"type":"Group","id":"{}"}}]}}]"#, 1 + number % 10)
    }),
];

fn user(number: usize, group: usize) -> String {
    format!(
        r#"[{{"type":"User","id":"u{number}","properties":{{"clearance":"secret","department":"law","risk":{}}},"parents":[{{"type":"Group","id":"{group}"}}]}}]"#,
        number % 100
    )
}

/// The table.
///
/// # Panics
///
/// When the store does not load.
#[must_use]
pub fn table(effort: Effort) -> String {
    let (cases, times): (&[&str], usize) =
        if effort == Effort::Quick { (&["10000"], 100) } else { (&["10000", "1000000"], 1_000) };
    let policy = crate::compile(Sources::single("people.zt", entities::POLICY)).unwrap();
    let mut rows = Vec::new();
    for case in cases {
        let store = Store::from_json(&policy, entities::json(case).as_bytes()).unwrap();
        let row = |name: &str, mut nanos: Vec<u64>| {
            nanos.sort_unstable();
            let at = |percent: usize| time(nanos[nanos.len() * percent / 100] as f64);
            vec![name.to_owned(), (*case).to_owned(), at(50), at(99)]
        };
        for (name, document) in CHANGES {
            rows.push(row(name, upserts(&policy, &store, document, times)));
        }
        rows.push(row("a user taken away", removals(&store, times)));
    }
    section(
        "scale/changes",
        "One entity of the store changed, from its JSON in memory to the new store, with the old one kept until the new \
         one is there: single calls, one after another.",
        &["change", "entities", "median", "p99"],
        &rows,
    )
}

fn upserts(policy: &Policy, store: &Store, document: fn(usize) -> String, times: usize) -> Vec<u64> {
    let mut store = store.clone();
    let upsert = |number| {
        let document = document(number);
        let started = Instant::now();
        let new = store.upsert_json(policy, document.as_bytes()).unwrap();
        let took = started.elapsed();
        store = black_box(new);
        u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
    };
    (0..times).map(upsert).collect()
}

fn removals(store: &Store, times: usize) -> Vec<u64> {
    let users: Vec<_> = store.entities().filter(|entity| entity.uid().id.starts_with('u')).take(times).collect();
    assert_eq!(users.len(), times, "there are so many users");
    let mut smaller = store.clone();
    let remove = |user: &zt_eval::store::Stored| {
        let started = Instant::now();
        let new = smaller.remove(std::slice::from_ref(user.uid())).unwrap();
        let took = started.elapsed();
        smaller = black_box(new);
        u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
    };
    let took = users.into_iter().map(remove).collect();
    assert_eq!(smaller.len(), store.len() - times);
    took
}
