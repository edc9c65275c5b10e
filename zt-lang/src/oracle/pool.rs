//! The values that generated policies write and generated requests carry.
//!
//! Both draw from the same few, so that equalities hold now and then, bounds are met exactly, and sets overlap.

use serde_json::{Value as Json, json};
use zt_eval::schema::{Schema, Type};
use zt_eval::value::Timestamp;

use super::choices::Choices;

/// 2026-03-02T10:00:00Z, a Monday: the instant around which everything happens.
pub const ANCHOR_MS: i64 = 1_772_445_600_000;

const TEXTS: &[&str] = &["red", "blue", "", "Red", "red-blue", "b\"l\\ue", "gr\u{fc}n"];
const KEYS: &[&str] = &["app", "tier", "app.kubernetes.io/name"];
const PATHS: &[&str] = &["/", "/users/ann", "/users/ann/orders/1", "/users/", "/admin", "/users/bob/keys"];
const HOSTS: &[&str] = &["api.example.com", "example.com", "a.b.example.com", "internal"];
const VERSIONS: &[&str] = &["1.2.3", "1.2.3-rc.1", "2.0.0", "10.0.0"];
const QUANTITIES: &[&str] = &["500m", "1", "2Gi", "100"];
const DECIMALS: &[&str] = &["1.5", "0.25", "100.000001", "3.0"];
const DURATIONS: &[&str] = &["15m", "1h", "24h", "7d", "500ms"];
const IPS: &[&str] = &["10.1.2.3", "10.1.2.4", "192.168.0.1", "2001:db8::1"];
const RANGES: &[&str] = &["10.0.0.0/8", "10.1.2.0/24", "2001:db8::/32", "192.168.0.1/32"];
/// Shifts of instants around [`ANCHOR_MS`], in milliseconds.
const SHIFTS: &[i64] = &[0, -60_000, -900_000, 3_600_000, -3_600_000, 60_001, -7_200_000, 1, 604_800_000];
/// Ids of entities of every type.
pub const IDS: &[&str] = &["a", "b", "c"];

/// A text, quoted as policies quote it.
pub fn quoted(text: &str) -> String {
    let escaped: String =
        text.chars().flat_map(|char| matches!(char, '"' | '\\').then_some('\\').into_iter().chain([char])).collect();
    format!("\"{escaped}\"")
}

/// A key that maps have, or not.
pub fn key(choices: &mut Choices<'_>) -> &'static str {
    choices.text(KEYS)
}

/// An instant near the one at which everything happens.
pub fn instant(choices: &mut Choices<'_>) -> Timestamp {
    let shift = choices.pick(SHIFTS).copied().unwrap_or_default();
    Timestamp::from_millis(ANCHOR_MS + shift).unwrap_or(Timestamp::MAX)
}

/// A literal of a scalar, enum or entity type; `None` for other types.
pub fn literal(schema: &Schema, ty: &Type, choices: &mut Choices<'_>) -> Option<String> {
    Some(match ty {
        Type::Bool => choices.text(&["true", "false"]).to_owned(),
        Type::Int => choices
            .text(&["1", "0", "2", "3", "-1", "10", "9_223_372_036_854_775_807", "-9223372036854775807"])
            .to_owned(),
        Type::Decimal => choices.text(DECIMALS).to_owned(),
        Type::String => quoted(choices.text(TEXTS)),
        Type::Timestamp => quoted(&instant(choices).to_string()),
        Type::Duration => choices.text(DURATIONS).to_owned(),
        Type::Ip => choices.text(IPS).to_owned(),
        Type::IpRange => choices.text(RANGES).to_owned(),
        Type::Version => quoted(choices.text(VERSIONS)),
        Type::Quantity => quoted(choices.text(QUANTITIES)),
        Type::Path => quoted(choices.text(PATHS)),
        Type::Host => quoted(choices.text(HOSTS)),
        Type::Enum(id) => {
            let members = &schema.enum_type(*id)?.members;
            choices.pick(members)?.to_string()
        }
        Type::Entity(types) => {
            let ty = schema.entity(*choices.pick(types)?)?;
            format!("{}::{}", ty.name, quoted(choices.text(IDS)))
        }
        _ => return None,
    })
}

/// Patterns for `like` on a type, and whether they capture.
pub fn pattern(ty: &Type, choices: &mut Choices<'_>) -> Option<&'static str> {
    Some(match ty {
        Type::String => choices.text(&["red*", "*", "*e*", "r?d", "*-blue", "re\\*", "*d*b*"]),
        Type::Path => choices.text(&["/users/**", "/users/*", "/**", "/*/*/orders/*", "/admin", "/**/keys"]),
        Type::Host => choices.text(&["*.example.com", "api.example.com", "*.*.example.com", "*"]),
        _ => return None,
    })
}

/// A value of the type as JSON. Some lists of records are empty, some values are huge, none is of another type.
pub fn json(schema: &Schema, ty: &Type, choices: &mut Choices<'_>, depth: u32) -> Json {
    match ty {
        Type::Bool => Json::Bool(!choices.chance(1, 3)),
        Type::Int => int(choices),
        Type::Decimal => match choices.below(4) {
            0 => json!(100),
            _ => Json::String(choices.text(DECIMALS).to_owned()),
        },
        Type::String => Json::String(choices.text(TEXTS).to_owned()),
        Type::Timestamp => match choices.below(5) {
            0 => json!(instant(choices).millis() / 1000),
            _ => Json::String(instant(choices).to_string()),
        },
        Type::Duration => Json::String(choices.text(DURATIONS).to_owned()),
        Type::Ip => match choices.below(9) {
            8 => json!("::ffff:10.1.2.3"),
            _ => Json::String(choices.text(IPS).to_owned()),
        },
        Type::IpRange => Json::String(choices.text(RANGES).to_owned()),
        Type::Version => Json::String(choices.text(VERSIONS).to_owned()),
        Type::Quantity => match choices.below(5) {
            4 => json!(1),
            _ => Json::String(choices.text(QUANTITIES).to_owned()),
        },
        Type::Path => Json::String(choices.text(PATHS).to_owned()),
        Type::Host => match choices.below(9) {
            8 => json!("API.example.com:443"),
            _ => Json::String(choices.text(HOSTS).to_owned()),
        },
        Type::Enum(id) => {
            let members = schema.enum_type(*id).map_or(&[][..], |found| &found.members);
            choices.pick(members).map_or(Json::Null, |member| Json::String(member.to_string()))
        }
        Type::Entity(types) => match choices.pick(types) {
            Some(ty) => entity(schema, *ty, choices.text(IDS)),
            None => Json::Null,
        },
        Type::Record(id) => record(schema, schema.record(*id).map_or(&[][..], |record| &record.fields), choices, depth),
        Type::Set(inner) | Type::List(inner) => {
            let count = if depth == 0 { 0 } else { choices.below(4) };
            Json::Array((0..count).map(|_| json(schema, inner, choices, depth - 1)).collect())
        }
        Type::Map(inner) => {
            let count = if depth == 0 { 0 } else { choices.below(4) };
            let entry = |_| (key(choices).to_owned(), json(schema, inner, choices, depth - 1));
            Json::Object((0..count).map(entry).collect())
        }
        Type::Optional(_) if choices.chance(1, 4) => Json::Null,
        Type::Optional(inner) => json(schema, inner, choices, depth),
    }
}

fn int(choices: &mut Choices<'_>) -> Json {
    match choices.below(24) {
        23 => json!(i64::MAX),
        22 => json!(i64::MIN),
        at => json!([1, 0, 2, 3, -1, 10].get(at % 6).copied().unwrap_or(1)),
    }
}

fn record(schema: &Schema, fields: &[zt_eval::schema::Field], choices: &mut Choices<'_>, depth: u32) -> Json {
    let mut members = serde_json::Map::new();
    for field in fields {
        if !choices.chance(1, 16) {
            members.insert(field.name.to_string(), json(schema, &field.ty, choices, depth.saturating_sub(1)));
        }
    }
    Json::Object(members)
}

/// A reference to an entity.
pub fn entity(schema: &Schema, ty: zt_eval::id::EntityTypeId, id: &str) -> Json {
    json!({ "type": schema.entity(ty).map_or("", |found| &found.name), "id": id })
}

/// A value that is hardly of the type, or of no type at all.
pub fn hostile(choices: &mut Choices<'_>) -> Json {
    match choices.below(14) {
        0 => Json::Null,
        1 => json!(1e300),
        2 => json!("/a/../b"),
        3 => json!("/a%2fb"),
        4 => json!([[]]),
        5 => json!({ "type": "Nobody", "id": "x" }),
        6 => json!("010.1.2.3"),
        7 => json!(-0.5),
        8 => json!("9999-12-31T23:59:60Z"),
        9 => json!([1, "two", null]),
        10 => json!("1.2"),
        11 => json!({}),
        12 => json!(u64::MAX),
        _ => json!("\u{0}"),
    }
}
