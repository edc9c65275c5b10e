//! The interpreter against the decision graph, over policies, requests and instants that make every field matter.

pub(crate) mod examples;

use zt_eval::decision::{Decision, Reason};
use zt_eval::value::Timestamp;
use zt_eval::{Effect, Request, Store};

use super::compare;
use crate::{Checked, Options, Sources, parse};

pub(crate) const NOW: &str = "2026-03-02T10:00:00Z";

pub(crate) fn checked(text: &str) -> Checked {
    match parse(Sources::single("test.zt", text), &Options::default()).typecheck() {
        Ok(checked) => checked,
        Err(report) => panic!("{report}"),
    }
}

/// The decision on which the engines agree.
fn decide_at(checked: &Checked, store: &str, request: &str, now: Option<&str>) -> (zt_eval::Policy, Decision) {
    let policy = checked.lower().unwrap_or_else(|report| panic!("{report}"));
    let store = Store::from_json(&policy, store.as_bytes()).unwrap();
    let request = Request::from_json(&policy, request.as_bytes()).unwrap();
    let now = now.map(|now| Timestamp::parse_rfc3339(now).unwrap());
    match compare(checked.hir(), &policy, &store, &request, now) {
        Ok(decision) => (policy, decision),
        Err(difference) => panic!("{difference}"),
    }
}

const DESK: &str = r#"
    package desk
    enum Level { low < mid < high }
    source idp verified
    source client unverified
    entity Group in Group from idp
    entity User in Group from idp { level: Level from idp  boss: User? from idp  tags: Set<String> from idp }
    entity Room { open_from: Timestamp }
    context {
      mfa: Bool from idp fresh 15m since auth_time step_up "acr:mfa" gives true
      pin: Bool from idp step_up "acr:pin" gives true
      auth_time: Timestamp from idp
      risk: Int
      labels: Map<String>
      agent: String from client
    }
    obligation page(who: String)
    action enter, leave: User -> Room

    allow staff: enter for subject in Group::"staff" when context.mfa
    allow known: enter when subject.level >= mid and context.pin
    deny risky overridable: enter when context.risk > 50 because "too risky"
    allow rescue: enter when subject.tags contains "rescue" overrides risky oblige page(who: context.labels["who"] otherwise "nobody")
    deny early: enter when now < resource.open_from
    deny old audit: enter when context.agent like "*MSIE*"
    allow out: leave when none tag in subject.tags: (tag starts_with "no-") and size(subject.tags) < 3
"#;

fn desk(action: &str, user: &str, context: &str) -> (Vec<String>, Decision) {
    desk_at(action, user, context, Some(NOW))
}

fn desk_at(action: &str, user: &str, context: &str, now: Option<&str>) -> (Vec<String>, Decision) {
    let request = format!(
        r#"{{"action":{{"name":"{action}"}},"subject":{{"type":"User","id":"ann",{user}}},"context":{{{context}}},
            "resource":{{"type":"Room","id":"r","properties":{{"open_from":"2026-03-02T09:00:00Z"}}}}}}"#
    );
    let (policy, decision) = decide_at(&checked(DESK), "[]", &request, now);
    let names = decision.rules.iter().filter_map(|id| policy.rule(*id)).map(|rule| rule.name.to_string());
    (names.collect(), decision)
}

const STAFF: &str = r#""parents":[{"type":"Group","id":"staff"}],"properties":{"level":"low","boss":null,"tags":[]}"#;
const MFA: &str = r#""mfa":true,"auth_time":"2026-03-02T09:50:00Z","risk":1"#;

#[test]
fn an_allow_rule_fires_and_says_until_when() {
    let (rules, decision) = desk("enter", STAFF, MFA);
    assert_eq!((decision.effect, rules), (Effect::Allow, vec!["staff".to_owned()]));
    assert_eq!(decision.valid_until, Timestamp::parse_rfc3339("2026-03-02T10:05:00.001Z"));
    assert!(decision.challenge.is_empty() && decision.reason.is_none());
}

#[test]
fn what_is_unknown_denies_and_is_named() {
    let (rules, decision) = desk("enter", STAFF, r#""mfa":true,"auth_time":"2026-03-02T09:50:00Z""#);
    assert_eq!((decision.reason, rules), (Some(Reason::Unknown), vec!["risky".to_owned()]));
    let unknown: Vec<&str> = decision.unknown.iter().map(|unknown| &*unknown.text).collect();
    assert_eq!(unknown, ["context.risk"]);
}

#[test]
fn stale_evidence_is_challenged() {
    let (rules, decision) = desk("enter", STAFF, r#""mfa":true,"auth_time":"2026-03-02T08:00:00Z","risk":1"#);
    assert!(rules.is_empty());
    assert_eq!(decision.reason, Some(Reason::NoRule));
    let asked: Vec<&str> = decision.challenge.iter().map(|challenge| &*challenge.acr).collect();
    assert_eq!(asked, ["acr:mfa"]);
    assert_eq!(decision.challenge[0].max_age.map(|age| age.millis()), Some(15 * 60_000));
}

#[test]
fn the_challenge_drops_what_comes_first() {
    let both = STAFF.replace("low", "high");
    let (_, decision) = desk("enter", &both, r#""risk":1"#);
    let asked: Vec<&str> = decision.challenge.iter().map(|challenge| &*challenge.acr).collect();
    assert_eq!(asked, ["acr:pin"], "either would do, and mfa is dropped first");
}

#[test]
fn an_override_takes_a_deny_away_and_obliges() {
    let rescue = STAFF.replace("[]}", r#"["rescue"]}"#);
    let (rules, decision) = desk("enter", &rescue, r#""risk":99,"labels":{"who":"ops"},"agent":"MSIE""#);
    assert_eq!((decision.effect, rules), (Effect::Allow, vec!["rescue".to_owned()]));
    assert_eq!((decision.overridden.len(), decision.obligations.len(), decision.audit.len()), (1, 1, 1));
    let (_, unsaid) = desk("enter", &rescue, r#""risk":99,"labels":{},"agent":"curl""#);
    assert_eq!((unsaid.effect, unsaid.audit.len()), (Effect::Allow, 0));
    let (rules, hidden) = desk("enter", &rescue, r#""risk":99"#);
    assert_eq!((hidden.reason, rules), (Some(Reason::Rule), vec!["risky".to_owned()]));
}

#[test]
fn without_an_instant_nothing_that_needs_one_is_known() {
    let (rules, decision) = desk_at("enter", STAFF, MFA, None);
    assert_eq!((decision.reason, rules), (Some(Reason::Unknown), vec!["early".to_owned()]));
    assert!(decision.unknown.iter().any(|unknown| &*unknown.text == "now"));
}

#[test]
fn hierarchies_are_open_where_parents_are_unknown() {
    let (_, decision) = desk("enter", r#""properties":{"level":"low"}"#, MFA);
    assert_eq!(decision.reason, Some(Reason::NoRule));
    assert!(decision.unknown.iter().any(|unknown| &*unknown.text == "User::\"ann\" parents"));
    let (_, decision) = desk("enter", r#""parents":[{"type":"Group","id":"other"}],"properties":{"level":"low"}"#, MFA);
    assert!(decision.unknown.iter().any(|unknown| &*unknown.text == "Group::\"other\" parents"));
}

#[test]
fn quantifiers_go_through_every_element() {
    for (tags, effect) in [
        (r#"[]"#, Effect::Allow),
        (r#"["a","b"]"#, Effect::Allow),
        (r#"["a","no-exit"]"#, Effect::Deny),
        (r#"["a","b","c"]"#, Effect::Deny),
        (r#"["a",1]"#, Effect::Deny),
    ] {
        let user = STAFF.replace("[]}", &format!("{tags}}}"));
        assert_eq!(desk("leave", &user, "").1.effect, effect, "{tags}");
    }
}

#[test]
fn arguments_and_elements_keep_apart() {
    let checked = checked(
        r#"
        package p
        record Part { ok: Bool }
        entity User { xs: List<Part> ys: List<Part> m: Map<Int> }
        action one, two: User -> User
        fn twice(b: Bool, u: User) = b and any x in u.xs: (x.ok and b)
        fn inner(c: Bool, v: User) = any x in v.xs: (x.ok and c)
        fn outer(b: Bool, u: User) = all y in u.ys: (y.ok or inner(b, u))
        fn id(b: Bool) = b
        allow a: one when twice(any y in subject.ys: (y.ok), subject)
        allow b: two when id(id(outer(any z in subject.xs: (z.ok), subject)))
          and count(k, v in subject.m: (k == "a" or v > count(x in subject.xs: (x.ok)))) >= 1
        "#,
    );
    let lists = ["[]", r#"[{"ok":true}]"#, r#"[{"ok":false},{"ok":true}]"#, r#"[{"ok":true},{"ok":false}]"#, r#"[{}]"#];
    let mut effects = Vec::new();
    for (xs, ys) in lists.iter().flat_map(|xs| lists.iter().map(move |ys| (xs, ys))) {
        for action in ["one", "two"] {
            for map in [r#"{"a":0}"#, r#"{"b":1}"#, r#"{}"#] {
                let request = format!(
                    r#"{{"action":{{"name":"{action}"}},"resource":{{"type":"User","id":"v"}},
                    "subject":{{"type":"User","id":"u","properties":{{"xs":{xs},"ys":{ys},"m":{map}}}}}}}"#
                );
                effects.push(decide_at(&checked, "[]", &request, None).1.effect);
            }
        }
    }
    assert!(effects.contains(&Effect::Allow) && effects.contains(&Effect::Deny));
}

#[test]
fn an_invalid_request_is_invalid_to_both() {
    let policy = checked(DESK).lower().unwrap_or_else(|report| panic!("{report}"));
    let other = checked("package q\nentity E\naction a: E -> E\nallow r: a");
    let other_policy = other.lower().unwrap_or_else(|report| panic!("{report}"));
    let text = br#"{"subject":{"type":"E","id":"x"},"action":{"name":"a"},"resource":{"type":"E","id":"y"}}"#;
    let request = Request::from_json(&other_policy, text).unwrap();
    let desk = checked(DESK);
    let decision = compare(desk.hir(), &policy, &Store::empty(), &request, None).unwrap();
    assert!(matches!(decision.reason, Some(Reason::Invalid(_))));
}

const CHOICE: &str = r#"
    package choice
    record Claim { who: String  age: Int }
    entity User
    entity Door
    context { first: Bool  one: Claim  two: Claim  ones: List<Claim>  twos: List<Claim> }
    obligation log(claim: Claim)
    action open, sum, tell: User -> Door

    let claim = if context.first then context.one else context.two
    allow grown: open when claim.age == 18
    allow single: sum when size(if context.first then context.ones else context.twos) == 1
    allow told: tell oblige log(claim: claim)
"#;

/// Knowing more of what two records differ in does not make their common part less known.
#[test]
fn a_choice_between_records_is_known_where_they_agree() {
    let checked = checked(CHOICE);
    let ask = |action: &str, context: &str| {
        let request = format!(
            r#"{{"subject": {{"type": "User", "id": "ann"}}, "action": {{"name": "{action}"}},
                 "resource": {{"type": "Door", "id": "d"}}, "context": {context}}}"#
        );
        decide_at(&checked, "[]", &request, None).1
    };
    let grown = [
        r#"{"one": {"age": 18}, "two": {"age": 18}}"#,
        r#"{"one": {"age": 18, "who": "a"}, "two": {"age": 18}}"#,
        r#"{"one": {"age": 18, "who": "a"}, "two": {"age": 18, "who": "b"}}"#,
    ];
    for context in grown {
        assert_eq!(ask("open", context).effect, Effect::Allow, "{context}");
    }
    let open = ask("open", r#"{"one": {"age": 18, "who": "a"}, "two": {"age": 19, "who": "a"}}"#);
    assert_eq!(open.effect, Effect::Deny);
    assert_eq!(open.unknown.iter().map(|unknown| &*unknown.text).collect::<Vec<_>>(), ["context.first"]);
    for context in
        [r#"{"ones": [{"age": 1}], "twos": [{"age": 1}]}"#, r#"{"ones": [{"age": 1}], "twos": [{"age": 2}]}"#]
    {
        assert_eq!(ask("sum", context).effect, Effect::Allow, "{context}");
    }
}

#[test]
fn an_obligation_needs_arguments_that_are_wholly_known() {
    let checked = checked(CHOICE);
    let ask = |one: &str| {
        let request = format!(
            r#"{{"subject": {{"type": "User", "id": "ann"}}, "action": {{"name": "tell"}},
                 "resource": {{"type": "Door", "id": "d"}}, "context": {{"first": true, "one": {one}}}}}"#
        );
        decide_at(&checked, "[]", &request, None).1
    };
    assert_eq!(ask(r#"{"who": "a", "age": 1}"#).effect, Effect::Allow);
    let partly = ask(r#"{"who": "a"}"#);
    assert_eq!(partly.effect, Effect::Deny);
    assert_eq!(partly.unknown.iter().map(|unknown| &*unknown.text).collect::<Vec<_>>(), ["context.one"]);
}
