//! Decisions that are worth reading.

use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};

use super::module::{Module, expected};
use crate::runtime::env::{ld32, st32};
use crate::runtime::memo::STAMP;

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

/// A policy with some of everything.
const CLINIC: &str = r#"package clinic
entity User in Team { clearance: Int }
entity Team {}
entity Record { owner: User, tags: Set<String>? }
context { mfa: Bool step_up "urn:acr:mfa" gives true, seen: Timestamp, risk: Int, sessions: List<Int> }
obligation log(why: String, level: Int)
action read: User -> Record
deny risky overridable: read
  when context.risk > 5
  because "too risky"
deny late: read
  when now >= context.seen + 1h
deny busy: read
  when any s in context.sessions: (s > subject.clearance)
allow own: read
  when resource.owner == subject and context.mfa
  oblige log(why: "own", level: subject.clearance)
allow staff: read
  when subject in Team::"staff" and context.mfa
  oblige log(why: "staff", level: 1)
  overrides risky
"#;

const NOW: i64 = 1_772_445_600_000;

fn clinic(subject: &str, context: &str) -> String {
    format!(
        r#"{{"subject":{{"type":"User","id":"ann",{subject}}},"action":{{"name":"read"}},
        "resource":{{"type":"Record","id":"r\"1","properties":{{"owner":{{"type":"User","id":"ann"}}}}}},
        "context":{context}}}"#
    )
}

fn clinic_requests() -> Vec<String> {
    let seen = r#""seen":"2026-03-02T10:00:00Z""#;
    let subject = r#""properties":{"clearance":3}"#;
    let staff = r#""properties":{"clearance":3},"parents":[{"type":"Team","id":"staff"}]"#;
    vec![
        clinic(subject, &format!(r#"{{{seen},"mfa":true,"risk":1,"sessions":[1,2]}}"#)),
        clinic(subject, &format!(r#"{{{seen},"mfa":false,"risk":1,"sessions":[]}}"#)),
        clinic(staff, &format!(r#"{{{seen},"mfa":true,"risk":9,"sessions":[1]}}"#)),
        clinic(staff, &format!(r#"{{{seen},"mfa":false,"risk":9,"sessions":[1]}}"#)),
        clinic(subject, &format!(r#"{{{seen},"mfa":true,"sessions":[1]}}"#)),
        clinic(r#""properties":{}"#, r#"{"mfa":true,"risk":1,"sessions":[1,2]}"#),
        clinic(subject, "[]"),
        "{".to_owned(),
    ]
}

#[test]
fn every_field_is_written() {
    let policy = compile(CLINIC);
    let requests = clinic_requests();
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    let found = decisions(&policy, "[]", &requests, Some(NOW));
    let has = |at: usize, part: &str| assert!(found[at].contains(part), "{part} in {}", found[at]);
    has(1, r#""obligations":[{"args":{"level":3,"why":"own"},"name":"log"}]"#);
    has(1, r#""valid_until":"2026-03-02T11:00:00Z""#);
    has(3, r#""challenge":[{"acr":"urn:acr:mfa","attribute":"mfa","max_age":null}]"#);
    has(5, r#""overridden":[{"because":"too risky","#);
    has(7, r#""reason":"rule""#);
    has(9, r#""unknown":["context.risk"#);
    has(11, r#""unknown":["context.seen","User::\"ann\".clearance"#);
    has(13, r#""reason":"invalid""#);
    has(15, r#""reason":"invalid""#);
    decisions(&policy, "[]", &requests, None);
}

#[test]
fn stamps_begin_anew() {
    let policy = compile(CLINIC);
    let store = Store::from_json(&policy, b"[]").unwrap();
    let now = Timestamp::from_millis(NOW);
    for left in 0..12 {
        let module = Module::new(&policy, &store);
        st32(STAMP, -1 - left);
        for request in clinic_requests() {
            let decision = module.decide(request.as_bytes(), now, Mode::Full);
            assert_eq!(decision, expected(&policy, &store, request.as_bytes(), now, Mode::Full));
        }
        // They did.
        assert!((0..1 << 16).contains(&ld32(STAMP)));
    }
}

#[test]
fn without_memory_there_is_no_access() {
    let policy = compile(CLINIC);
    let store = Store::from_json(&policy, b"[]").unwrap();
    let module = Module::new(&policy, &store);
    let now = Timestamp::from_millis(NOW);
    let sessions = vec!["1"; 1000].join(",");
    let request = clinic(
        r#""properties":{"clearance":3}"#,
        &format!(r#"{{"seen":"2026-03-02T10:00:00Z","mfa":true,"risk":1,"sessions":[{sessions}]}}"#),
    );
    let allowed = module.decide(request.as_bytes(), now, Mode::Full);
    assert!(allowed.contains(r#""effect":"allow""#));
    let invalid = expected(&policy, &store, b"{", now, Mode::Full);
    // The request alone takes more.
    for taken in (4..16).map(|kilobytes| kilobytes << 10) {
        assert_eq!(module.decide_within(request.as_bytes(), now, Mode::Full, taken), invalid, "{taken}");
    }
}
