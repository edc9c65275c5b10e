//! What is said where something has no origin: what is missing, and the lines to add.

use zt_eval::schema::Obligation;

use super::origins::OriginsError;

pub(super) fn unmapped(rule: &str, declared: &Obligation) -> OriginsError {
    let args: Vec<String> = declared
        .params
        .iter()
        .map(|param| format!("{} = {:?}", key(&param.name), header_for(&declared.name, &param.name)))
        .collect();
    OriginsError::missing(format!(
        "rule `{rule}` obliges to `{}`, and no header carries that: say which, in the origins\n\n[obligations]\n{} = {{ {} }}",
        declared.name,
        key(&declared.name),
        args.join(", ")
    ))
}

/// Something that is read and that no origin gives: with the lines that give it, or none where this target cannot.
pub(super) fn unsupplied(
    rule: Option<(String, String)>,
    what: &str,
    lines: Option<String>,
    ty: &str,
    otherwise: &str,
) -> OriginsError {
    let who = rule.map_or_else(|| "the policy".to_owned(), |(rule, _)| format!("rule `{rule}`"));
    OriginsError::missing(match lines {
        Some(lines) => format!(
            "{who} reads `{what}`, and nothing says where it comes from: say so in the origins, such as\n\n{lines}{otherwise}"
        ),
        None => format!(
            "{who} reads `{what}`, which is of type {ty}, and nothing that a proxy knows is: declare what the rules need of it as texts, numbers or lists of these{otherwise}"
        ),
    })
}

/// A header that may carry an obligation's argument.
pub(super) fn header_for(obligation: &str, arg: &str) -> String {
    format!("x-zt-{obligation}-{arg}").to_ascii_lowercase().replace(['_', '.'], "-")
}

/// A name as TOML's keys are written.
pub(super) fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_bare { name.to_owned() } else { format!("{name:?}") }
}
