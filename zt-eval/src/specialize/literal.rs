//! Literals: values, patterns and times of day as the language writes them, and the types of values.

use std::fmt::Write as _;

use super::source::{NotWritable, ident, type_text};
use crate::graph::Policy;
use crate::schema::Type;
use crate::schema::text::{member, quoted};
use crate::value::Value;

/// `08:00`, with seconds only where there are any.
pub(super) fn clock(millis: u32) -> String {
    let seconds = millis / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if seconds == 0 { format!("{hours:02}:{minutes:02}") } else { format!("{hours:02}:{minutes:02}:{seconds:02}") }
}

/// A pattern as a string literal: its own escapes stay, quotes and what is not printed are escaped.
pub(super) fn pattern_literal(pattern: &str) -> String {
    let mut literal = String::from("\"");
    for each in pattern.chars() {
        match each {
            '"' => literal.push_str("\\\""),
            hidden if hidden.is_control() => {
                // Writing to a string does not fail.
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(hidden));
            }
            plain => literal.push(plain),
        }
    }
    literal.push('"');
    literal
}

/// Whether a literal is of another type unless its place says of which.
pub(super) fn needs_type(value: &Value) -> bool {
    matches!(
        value,
        Value::Timestamp(_)
            | Value::Version(_)
            | Value::Quantity(_)
            | Value::Path(_)
            | Value::Host(_)
            | Value::Set(_)
            | Value::List(_)
    )
}

/// A value as a literal.
pub(super) fn literal(policy: &Policy, value: &Value) -> Result<String, NotWritable> {
    Ok(match value {
        Value::Bool(known) => known.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Decimal(decimal) => {
            let text = decimal.to_string();
            if text.contains('.') { text } else { format!("{text}.0") }
        }
        Value::String(text) => quoted(text),
        Value::Timestamp(time) => format!("\"{time}\""),
        Value::Duration(span) => span.to_string(),
        Value::Ip(ip) => ip.to_string(),
        Value::IpRange(range) => range.to_string(),
        Value::Version(version) => format!("\"{version}\""),
        Value::Quantity(quantity) => format!("\"{quantity}\""),
        Value::Path(path) => quoted(&path.to_string()),
        Value::Host(host) => format!("\"{host}\""),
        Value::Enum(of) => {
            let ty = policy.schema.enum_type(of.ty);
            let name = ty.and_then(|ty| ty.members.get(of.index as usize)).map_or("", |name| name);
            format!("{}.{}", ident(ty.map_or("", |ty| &ty.name)), member(name))
        }
        Value::Entity(uid) => {
            format!("{}::{}", type_text(&policy.schema, &Type::Entity(vec![uid.ty])), quoted(&uid.id))
        }
        Value::Set(all) | Value::List(all) => {
            let texts: Result<Vec<_>, _> = all.iter().map(|each| literal(policy, each)).collect();
            format!("[{}]", texts?.join(", "))
        }
        // The one map that has a literal, where a map is wanted.
        Value::Map(entries) if entries.is_empty() => "[]".into(),
        Value::Map(_) | Value::Record(_) => {
            return Err(NotWritable::new("a value without a literal", &policy.value_text(value)));
        }
    })
}

/// The type of a value; `None` of collections that do not say what they hold, and of records.
pub(super) fn type_of(value: &Value) -> Option<Type> {
    let of_elements = |all: &[Value]| {
        let types: Option<Vec<Type>> = all.iter().map(type_of).collect();
        types?.into_iter().reduce(joined).map(Box::new)
    };
    Some(match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Decimal(_) => Type::Decimal,
        Value::String(_) => Type::String,
        Value::Timestamp(_) => Type::Timestamp,
        Value::Duration(_) => Type::Duration,
        Value::Ip(_) => Type::Ip,
        Value::IpRange(_) => Type::IpRange,
        Value::Version(_) => Type::Version,
        Value::Quantity(_) => Type::Quantity,
        Value::Path(_) => Type::Path,
        Value::Host(_) => Type::Host,
        Value::Enum(of) => Type::Enum(of.ty),
        Value::Entity(uid) => Type::Entity(vec![uid.ty]),
        Value::Set(all) => Type::Set(of_elements(all)?),
        Value::List(all) => Type::List(of_elements(all)?),
        Value::Map(_) | Value::Record(_) => return None,
    })
}

/// The type that holds the values of both.
pub(super) fn joined(a: Type, b: Type) -> Type {
    match (a, b) {
        (Type::Entity(a), Type::Entity(b)) => {
            let mut both = [a, b].concat();
            both.sort_unstable();
            both.dedup();
            Type::Entity(both)
        }
        (Type::Set(a), Type::Set(b)) => Type::Set(Box::new(joined(*a, *b))),
        (Type::Optional(a), b) | (b, Type::Optional(a)) => joined(*a, b.present().clone()).optional(),
        (a, _) => a,
    }
}
