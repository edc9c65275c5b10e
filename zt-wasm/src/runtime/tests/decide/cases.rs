//! Decisions that are worth reading.

use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};

use super::module::{Module, expected};

pub fn compile(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add("test.zt", text.as_bytes());
    let checked = zt_lang::parse(sources, &Options::default()).typecheck().unwrap_or_else(|report| panic!("{report}"));
    checked.lower().unwrap_or_else(|report| panic!("{report}"))
}

/// The decisions on requests, each of which must be `zt-eval`'s.
pub fn decisions(policy: &Policy, entities: &str, requests: &[&str], now: Option<i64>) -> Vec<String> {
    let store = Store::from_json(policy, entities.as_bytes()).unwrap();
    let module = Module::new(policy, &store);
    let now = now.map(|ms| Timestamp::from_millis(ms).unwrap());
    let mut found = Vec::new();
    for request in requests {
        for mode in [Mode::Effect, Mode::Full] {
            let decision = module.decide(request.as_bytes(), now, mode);
            assert_eq!(decision, expected(policy, &store, request.as_bytes(), now, mode), "{mode:?} {request}");
            found.push(decision);
        }
    }
    found
}

#[test]
fn a_set_of_entities_has_one_of_them() {
    let policy = compile(
        r#"package p
entity User {}
entity Document {}
record Claims { level: String, when: Set<User> }
context { claims: Claims from pep, when: Set<Int> from pep }
action read: User -> Document
deny d: read
  when (context.claims.when contains_any [User::"c"]) and (context.claims.level contains "blue") and (context.when contains_any context.when)
allow a: read
"#,
    );
    let request = r#"{"subject":{"type":"User","id":"a"},"action":{"name":"read"},"resource":{"type":"Document","id":"d"},
        "context":{"claims":{"level":"red-blue","when":[{"id":"b","type":"User"},{"id":"c","type":"User"},{"id":"c","type":"User"}]},"when":[10]}}"#;
    let found = decisions(&policy, "[]", &[request], None);
    assert!(found[1].contains(r#""effect":"deny""#), "{}", found[1]);
}
