//! What is said where something has no origin: what is missing, and the lines to add.

use zt_eval::schema::{Attribute, Obligation, Schema, Type};

use super::origins::OriginsError;

pub(super) fn unmapped(rule: &str, declared: &Obligation) -> OriginsError {
    let args: Vec<String> = declared
        .params
        .iter()
        .map(|param| format!("{} = \"x-zt-{}-{}\"", key(&param.name), declared.name, param.name))
        .collect();
    OriginsError::missing(format!(
        "rule `{rule}` obliges to `{}`, and no header carries that: say which, in the origins\n\n[obligations]\n{} = {{ {} }}",
        declared.name,
        key(&declared.name),
        args.join(", ")
    ))
}

pub(super) fn unsupplied(rule: Option<(String, String)>, what: &str, lines: &str) -> OriginsError {
    let who = rule.map_or_else(|| "the policy".to_owned(), |(rule, _)| format!("rule `{rule}`"));
    OriginsError::missing(format!(
        "{who} reads `{what}`, and nothing says where it comes from: say so in the origins, such as\n\n{lines}"
    ))
}

/// A name as TOML's keys are written.
pub(super) fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_bare { name.to_owned() } else { format!("{name:?}") }
}

/// An origin that an attribute may have.
pub(super) fn example(attribute: &Attribute, schema: &Schema) -> String {
    let is_of_token = schema.source(attribute.from).is_some_and(|source| &*source.name == "zt.oidc.token");
    let name = &attribute.name;
    match attribute.ty.present() {
        Type::Ip => "\"source.address\"".into(),
        _ if is_of_token => format!("[\"jwt\", {name:?}]"),
        _ => format!("[\"metadata\", \"FILTER\", {name:?}]"),
    }
}
