//! Decisions and values as JSON.
//!
//! A value is written so that reading it against its type gives it back; numbers that a JSON reader might round are text.

use serde_json::{Map, Value as Json, json};

use super::{Decision, Duty, Reason};
use crate::graph::{Effect, Policy, Rule};
use crate::id::RuleId;
use crate::request::InvalidRequest;
use crate::schema::{Field, Schema, Type};
use crate::value::{Datum, EntityUid, Value};

impl Decision {
    /// The decision with the names of the policy that made it.
    ///
    /// `effect`, `rules`, `overridden`, `audit`, `unknown`, `obligations`, `valid_until`, `depends_on` and `challenge` are
    /// always there; `reason` on deny, and `error` beside it when the request is invalid.
    #[must_use]
    pub fn to_json(&self, policy: &Policy) -> Json {
        let schema = &policy.schema;
        let mut json = json!({
            "effect": effect(self.effect),
            "rules": rules(policy, &self.rules),
            "overridden": rules(policy, &self.overridden),
            "audit": rules(policy, &self.audit),
            "unknown": self.unknown.iter().map(|unknown| &*unknown.text).collect::<Vec<_>>(),
            "obligations": self.obligations.iter().map(|duty| obligation(schema, duty)).collect::<Vec<_>>(),
            "valid_until": self.valid_until.map(|until| until.to_string()),
            "depends_on": self.depends_on.iter().map(|fact| schema.fact_text(fact)).collect::<Vec<_>>(),
            "challenge": self.challenge.iter().map(|step_up| challenge(schema, step_up)).collect::<Vec<_>>(),
        });
        if let (Some(reason), Json::Object(members)) = (&self.reason, &mut json) {
            members.insert("reason".into(), reason_name(reason).into());
            if let Reason::Invalid(error) = reason {
                members.insert("error".into(), error_json(error));
            }
        }
        json
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

fn reason_name(reason: &Reason) -> &'static str {
    match reason {
        Reason::Rule => "rule",
        Reason::Unknown => "unknown",
        Reason::NoRule => "no_rule",
        Reason::Invalid(_) => "invalid",
    }
}

fn error_json(error: &InvalidRequest) -> Json {
    json!({
        "code": error.code(),
        "message": error.kind().to_string(),
        "path": error.path(),
        "offset": error.offset(),
    })
}

fn rules(policy: &Policy, ids: &[RuleId]) -> Json {
    ids.iter().filter_map(|id| policy.rules.get(id.index())).map(rule).collect()
}

fn rule(rule: &Rule) -> Json {
    let mut json = json!({ "rule": &*rule.name, "place": rule.place.to_string() });
    if let (Some(because), Json::Object(members)) = (&rule.extras.because, &mut json) {
        members.insert("because".into(), (**because).into());
    }
    json
}

fn obligation(schema: &Schema, duty: &Duty) -> Json {
    let declared = schema.obligation(duty.obligation);
    let params = declared.map_or(&[][..], |obligation| &obligation.params);
    let args: Map<String, Json> = params
        .iter()
        .zip(&duty.args)
        .map(|(param, value)| (param.name.to_string(), value_to_json(schema, &param.ty, value)))
        .collect();
    json!({ "name": declared.map(|obligation| &*obligation.name), "args": args })
}

fn challenge(schema: &Schema, challenge: &super::Challenge) -> Json {
    let attribute = schema.context.get(challenge.attribute as usize).map(|attribute| &*attribute.name);
    // A part of a second would be lost on whoever asks for it; an authentication that is younger serves as well.
    let max_age = challenge.max_age.map(|age| age.millis().max(0) / 1000);
    json!({ "attribute": attribute, "acr": &*challenge.acr, "max_age": max_age })
}

/// A value of type `ty` as a request would give it. What is unknown inside a record is left out, what is absent is `null`.
#[must_use]
pub fn value_to_json(schema: &Schema, ty: &Type, value: &Value) -> Json {
    match (ty.present(), value) {
        (Type::Set(of), Value::Set(elements)) | (Type::List(of), Value::List(elements)) => {
            elements.iter().map(|element| value_to_json(schema, of, element)).collect()
        }
        (Type::Map(of), Value::Map(entries)) => {
            entries.iter().map(|(key, value)| (key.to_string(), value_to_json(schema, of, value))).collect()
        }
        (Type::Record(id), Value::Record(data)) => {
            let fields = schema.record(*id).map_or(&[][..], |record| &record.fields);
            fields.iter().zip(data.iter()).filter_map(|(field, datum)| member(schema, field, datum)).collect()
        }
        (_, scalar) => scalar_to_json(schema, scalar),
    }
}

fn member(schema: &Schema, field: &Field, datum: &Datum) -> Option<(String, Json)> {
    let json = match datum {
        Datum::Unknown => return None,
        Datum::Absent => Json::Null,
        Datum::Value(value) => value_to_json(schema, &field.ty, value),
    };
    Some((field.name.to_string(), json))
}

fn scalar_to_json(schema: &Schema, value: &Value) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::String(value) => (**value).into(),
        Value::Decimal(value) => value.to_string().into(),
        Value::Timestamp(value) => value.to_string().into(),
        Value::Duration(value) => value.to_string().into(),
        Value::Ip(value) => value.to_string().into(),
        Value::IpRange(value) => value.to_string().into(),
        Value::Version(value) => value.to_string().into(),
        Value::Quantity(value) => value.to_string().into(),
        Value::Path(value) => value.to_string().into(),
        Value::Host(value) => value.to_string().into(),
        Value::Enum(member) => {
            let members = schema.enum_type(member.ty).map(|ty| &ty.members);
            members.and_then(|members| members.get(member.index as usize)).map(|name| &**name).into()
        }
        Value::Entity(uid) => uid_to_json(schema, uid),
        // Not of the type they were said to be of, which no value of a validated policy is.
        Value::Set(_) | Value::List(_) | Value::Map(_) | Value::Record(_) => Json::Null,
    }
}

/// An entity reference: `{"type", "id"}`.
#[must_use]
pub fn uid_to_json(schema: &Schema, uid: &EntityUid) -> Json {
    json!({ "type": schema.entity(uid.ty).map(|entity| &*entity.name), "id": &*uid.id })
}
