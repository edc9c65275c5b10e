//! Decisions as JSON.

use serde_json::json;

use super::{Challenge, Decision, Duty, Fact, Reason, Unknown};
use crate::graph::{Effect, Place, Rule, RuleExtras};
use crate::id::{NodeId, ObligationId, RuleId};
use crate::request::Request;
use crate::request::fixture::*;
use crate::value::{Datum, Duration, Timestamp, Value};

fn decision(effect: Effect, reason: Option<Reason>) -> Decision {
    Decision {
        effect,
        reason,
        rules: Vec::new(),
        overridden: Vec::new(),
        audit: Vec::new(),
        unknown: Vec::new(),
        obligations: Vec::new(),
        valid_until: None,
        depends_on: Vec::new(),
        challenge: Vec::new(),
    }
}

fn rule(name: &str, because: Option<&str>) -> Rule {
    Rule {
        name: name.into(),
        place: Place::new("a.zt", 1, 1),
        effect: Effect::Deny,
        audit: false,
        condition: NodeId::new(0),
        extras: RuleExtras { because: because.map(Into::into), ..RuleExtras::default() }.into(),
    }
}

#[test]
fn a_decision_is_written_with_names() {
    let mut policy = policy();
    policy.rules = vec![rule("hold", Some("on hold")), rule("team.late", None)];
    let mut deny = decision(Effect::Deny, Some(Reason::Rule));
    deny.rules = vec![RuleId::new(0)];
    deny.overridden = vec![RuleId::new(1)];
    deny.unknown = vec![Unknown { fact: Some(Fact::Context(MFA)), text: "context.mfa".into() }];
    deny.valid_until = Timestamp::parse_rfc3339("2026-03-02T10:00:00Z");
    deny.depends_on = vec![
        Fact::Context(MFA),
        Fact::Context(19),
        Fact::Attribute(uid(USER, "a\"n"), 0),
        Fact::Parents(uid(USER, "ann")),
        Fact::Now,
    ];
    let max_age = Some(Duration::from_millis(900_000));
    deny.challenge = vec![Challenge { attribute: MFA, acr: "urn:mfa".into(), max_age }];
    let token =
        Value::Record([Datum::Value(Value::String("x".into())), Datum::Unknown, Datum::Unknown, Datum::Absent].into());
    let args = vec![Value::String("high".into()), token];
    deny.obligations = vec![Duty { obligation: ObligationId::new(0), args }];
    assert_eq!(
        deny.to_json(&policy),
        json!({
            "effect": "deny",
            "reason": "rule",
            "rules": [{ "rule": "hold", "place": "a.zt:1:1", "because": "on hold" }],
            "overridden": [{ "rule": "team.late", "place": "a.zt:1:1" }],
            "audit": [],
            "unknown": ["context.mfa"],
            "obligations": [{ "name": "audit", "args": { "level": "high", "token": { "sub": "x", "note": null } } }],
            "valid_until": "2026-03-02T10:00:00Z",
            "depends_on": ["context.mfa", "context.`app.io/name`", "User::\"a\\\"n\".clearance", "User::\"ann\" parents", "now"],
            "challenge": [{ "attribute": "mfa", "acr": "urn:mfa", "max_age": 900 }],
        })
    );
}

#[test]
fn an_invalid_request_is_told_what_is_wrong() {
    let error = Request::from_json(&policy(), br#"{"subject": 1}"#).unwrap_err();
    let json = decision(Effect::Deny, Some(Reason::Invalid(error))).to_json(&policy());
    assert_eq!(json["reason"], "invalid");
    assert_eq!(
        json["error"],
        json!({ "code": "R0102", "message": "`action` is missing", "path": "$", "offset": null })
    );
    let allow = decision(Effect::Allow, None).to_json(&policy());
    assert_eq!((&allow["effect"], allow.get("reason"), &allow["valid_until"]), (&json!("allow"), None, &json!(null)));
}
