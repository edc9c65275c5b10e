//! What the language promises, over the examples' requests.

use serde_json::Value as Json;
use zt_eval::Request;
use zt_eval::value::Timestamp;

use super::{compare_document, hiding_never_helps, hidings, holds_until};
use crate::reference::tests::NOW;
use crate::reference::tests::examples::{check, examples, requests, store};

#[test]
fn hiding_never_helps_in_the_examples() {
    let now = Timestamp::parse_rfc3339(NOW);
    let mut tried = 0;
    for folder in examples() {
        let policy = check(&folder).lower().unwrap_or_else(|report| panic!("{report}"));
        if policy.schema().sources.iter().any(|source| source.complete) {
            continue;
        }
        let store = store(&folder, &policy);
        for (path, text) in requests(&folder) {
            let Ok(request) = Request::from_json(&policy, &text) else { continue };
            let Ok(document) = serde_json::from_slice::<Json>(&text) else { continue };
            let hidden: Vec<Request> = hidings(&document)
                .into_iter()
                .filter_map(|document| Request::from_json(&policy, document.to_string().as_bytes()).ok())
                .collect();
            tried += hidden.len();
            for now in [now, None] {
                if let Err(found) = hiding_never_helps(&policy, &store, &request, &hidden, now) {
                    panic!("{}: {found:?} is allowed", path.display());
                }
            }
        }
    }
    assert!(tried > 100, "{tried} requests");
}

#[test]
fn decisions_hold_until_they_say_in_the_examples() {
    for folder in examples() {
        let policy = check(&folder).lower().unwrap_or_else(|report| panic!("{report}"));
        let store = store(&folder, &policy);
        for (path, text) in requests(&folder) {
            let Ok(request) = Request::from_json(&policy, &text) else { continue };
            for now in [NOW, "2026-03-02T09:30:00+01:00", "2026-03-28T23:59:59Z", "2026-03-29T00:59:59.999Z"] {
                let now = Timestamp::parse_rfc3339(now).unwrap();
                if let Err(found) = holds_until(&policy, &store, &request, now) {
                    panic!("{} at {now}: {found:?}", path.display());
                }
            }
        }
    }
}

#[test]
fn documents_that_are_no_requests_are_not_compared() {
    let checked = crate::reference::tests::checked("package p\nentity E\naction a: E -> E\nallow r: a");
    let policy = checked.lower().unwrap_or_else(|report| panic!("{report}"));
    let store = zt_eval::Store::empty();
    let decided = compare_document(checked.hir(), &policy, &store, b"{}", None);
    assert_eq!(decided, Ok(None));
    let valid = br#"{"subject":{"type":"E","id":"x"},"action":{"name":"a"},"resource":{"type":"E","id":"y"}}"#;
    assert!(compare_document(checked.hir(), &policy, &store, valid, None).unwrap().is_some());
}

#[test]
fn hidings_leave_out_one_part_each() {
    let document = serde_json::json!({
        "subject": { "type": "U", "id": "u", "properties": { "a/b": 1 }, "parents": [] },
        "context": { "c": 2 },
        "entities": [{ "type": "U", "id": "v" }],
        "evidence": { "s": { "context": {} } },
    });
    // `properties` and what is in it, `parents`, `context` and what is in it, the entity, the source and its context.
    assert_eq!(hidings(&document).len(), 8);
    assert!(hidings(&document).iter().all(|hidden| *hidden != document));
}
