//! The file that says where a policy's attributes come from, as it is written.
//!
//! What it means depends on the policy: [`plan`](super::plan) says that. Here is only its form, with the place of
//! everything that a message may be about.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

/// Where the attributes of a policy come from, for modules of the target `proxy-wasm`: a file in TOML. Without one,
/// defaults hold.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Origins {
    read: Option<Arc<Read>>,
}

/// A file that was read: its text, for places in it, and what it says.
#[derive(PartialEq, Debug)]
struct Read {
    text: String,
    file: File,
}

/// What holds when no file says anything.
static NOTHING: File = File {
    action: None,
    subject: Vec::new(),
    jwt: Jwt { payload: None },
    context: BTreeMap::new(),
    resource: None,
    obligations: BTreeMap::new(),
};

/// The origins do not fit the policy, or are not written as they must be.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{}{message}", .place.map_or(String::new(), |(line, column)| format!("line {line}, column {column}: ")))]
pub struct OriginsError {
    place: Option<(usize, usize)>,
    message: String,
}

impl OriginsError {
    /// A mistake that has no place in the file: something is not there.
    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }

    /// The line and the column, from 1, of what is wrong; none where something is missing.
    #[must_use]
    pub fn place(&self) -> Option<(usize, usize)> {
        self.place
    }
}

impl Origins {
    /// What holds when there is no file.
    pub(crate) const NONE: Self = Self { read: None };

    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// When it is no TOML, or has members that origins do not have.
    pub fn parse(text: &str) -> Result<Self, OriginsError> {
        let file = toml::from_str(text).map_err(|error| OriginsError {
            place: error.span().map(|span| place(text, span.start)),
            message: error.message().to_owned(),
        })?;
        Ok(Self { read: Some(Arc::new(Read { text: text.to_owned(), file })) })
    }

    /// What is written.
    pub(super) fn file(&self) -> &File {
        self.read.as_ref().map_or(&NOTHING, |read| &read.file)
    }

    /// A mistake at something that is written.
    pub(super) fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> OriginsError {
        let text = self.read.as_ref().map_or("", |read| &read.text);
        OriginsError { place: Some(place(text, at.span().start)), message: message.into() }
    }
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Attributes by name, and the origin of each.
pub(super) type Attributes = BTreeMap<Spanned<String>, Spanned<Written>>;

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// The action that is asked for.
    pub action: Option<Spanned<String>>,
    /// Who asks: the first that is there.
    pub subject: Vec<Entity>,
    pub jwt: Jwt,
    pub context: Attributes,
    pub resource: Option<Entity>,
    /// Obligations, their arguments, and the headers that these are written to.
    pub obligations: BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, Spanned<String>>>,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Jwt {
    /// The name under which the proxy keeps the claims.
    pub payload: Option<Spanned<String>>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entity {
    #[serde(rename = "type")]
    pub ty: Spanned<String>,
    pub id: Option<Spanned<Written>>,
    /// Origins, and the text that each must be.
    #[serde(default)]
    pub when: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    pub attributes: Attributes,
    #[serde(default)]
    pub parents: Vec<Parent>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parent {
    #[serde(rename = "type")]
    pub ty: Spanned<String>,
    pub id: Spanned<Written>,
}

/// An origin as it is written.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(untagged, expecting = "an origin is text such as \"jwt.sub\", or a list of its parts")]
pub(super) enum Written {
    Dotted(String),
    Parts(Vec<String>),
}

impl Written {
    pub fn parts(&self) -> Vec<String> {
        match self {
            Self::Dotted(text) => text.split('.').map(str::to_owned).collect(),
            Self::Parts(parts) => parts.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_a_place() {
        let wrong = |text: &str| Origins::parse(text).unwrap_err().to_string();
        assert!(wrong("action = 5").starts_with("line 1, column 10: "), "{}", wrong("action = 5"));
        let unknown = wrong("[context]\n\n[contxt]\nmfa = \"jwt.mfa\"\n");
        assert!(unknown.starts_with("line 3, column 2: unknown field `contxt`"), "{unknown}");
        let number = wrong("[context]\nmfa = 5\n");
        assert!(number.starts_with("line 2, column 7: ") && number.contains("an origin is text"), "{number}");
        let twice = wrong("[context]\nmfa = \"jwt.mfa\"\nmfa = \"jwt.amr\"\n");
        assert!(twice.starts_with("line 3, column 1: "), "{twice}");
    }

    #[test]
    fn what_is_written_is_kept_with_its_place() {
        let text = "[[subject]]\ntype = \"User\"\nid = [\"jwt\", \"a.b\"]\nwhen = { \"jwt.gty\" = \"code\" }\n\n[context]\nmfa = \"jwt.mfa\"\n";
        let origins = Origins::parse(text).unwrap();
        let (name, origin) = origins.file().context.first_key_value().unwrap();
        assert_eq!(origins.error(name, "x").place(), Some((7, 1)));
        assert_eq!(origins.error(origin, "x").place(), Some((7, 7)));
        assert_eq!(origins.file().subject[0].id.as_ref().unwrap().get_ref().parts(), ["jwt", "a.b"]);
        assert_eq!(*Origins::parse("").unwrap().file(), NOTHING);
    }
}
