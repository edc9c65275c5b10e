//! Globs over host names, by whole labels.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::PatternError;
use crate::value::{Host, is_label};

/// A pattern for a host: labels are literal or `*`, which is exactly one label.
///
/// ```
/// use zt_eval::pattern::HostGlob;
/// use zt_eval::value::Host;
///
/// let tenants = HostGlob::parse("*.example.com").unwrap();
/// assert!(tenants.matches(&Host::parse("acme.example.com").unwrap()));
/// assert!(!tenants.matches(&Host::parse("a.b.example.com").unwrap()));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostGlob {
    labels: Vec<HostLabel>,
}

/// One label of a host pattern.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum HostLabel {
    /// This label in lower case, or a whole bracketed address.
    Literal(Arc<str>),
    /// Any one label; no bracketed address, which has none.
    Any,
}

impl HostGlob {
    /// The pattern that the text states, in any case.
    ///
    /// # Errors
    ///
    /// For `*` beside other text in a label, and for what no canonical host can match.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.starts_with('[') {
            return Self::address(text);
        }
        let mut offset = 0;
        let mut labels = Vec::new();
        for label in text.split('.') {
            labels.push(parse_label(label, offset)?);
            offset += label.len() + 1;
        }
        let is_literal = !labels.contains(&HostLabel::Any);
        if text.len() > Host::LEN_MAX || (is_literal && Host::parse(text).is_none()) {
            return Err(PatternError::Host);
        }
        Ok(Self { labels })
    }

    /// The pattern of one bracketed address.
    fn address(text: &str) -> Result<Self, PatternError> {
        let host = Host::parse(text).filter(|_| text.ends_with(']')).ok_or(PatternError::Host)?;
        Ok(Self { labels: host.labels().map(|label| HostLabel::Literal(label.into())).collect() })
    }

    /// Whether the host matches.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        let mut texts = host.labels();
        self.labels.iter().all(|label| texts.next().is_some_and(|text| label.matches(text))) && texts.next().is_none()
    }

    /// The labels from left to right.
    #[must_use]
    pub fn labels(&self) -> &[HostLabel] {
        &self.labels
    }
}

impl HostLabel {
    /// Whether a label of a canonical host matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => &**literal == text,
            Self::Any => !text.starts_with('['),
        }
    }
}

fn parse_label(label: &str, offset: usize) -> Result<HostLabel, PatternError> {
    if label == "*" {
        return Ok(HostLabel::Any);
    }
    if let Some(at) = label.find('*') {
        return Err(PatternError::PartialWildcard { offset: offset + at });
    }
    let lower = label.to_ascii_lowercase();
    if is_label(&lower) { Ok(HostLabel::Literal(lower.into())) } else { Err(PatternError::Label { offset }) }
}

impl TryFrom<String> for HostGlob {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<HostGlob> for String {
    fn from(glob: HostGlob) -> Self {
        glob.to_string()
    }
}

impl fmt::Display for HostGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.labels.iter().enumerate().try_for_each(|(at, label)| {
            f.write_str(if at == 0 { "" } else { "." })?;
            f.write_str(match label {
                HostLabel::Literal(text) => text,
                HostLabel::Any => "*",
            })
        })
    }
}
