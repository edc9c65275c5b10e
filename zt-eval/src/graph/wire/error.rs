//! Why bytes are not a compiled policy.

use std::error::Error;
use std::fmt;

use super::VERSION;
use super::bytes::Flaw;
use crate::graph::Policy;
use crate::graph::validate::Fault;

/// Why bytes are not a compiled policy.
#[derive(Clone, PartialEq, Debug)]
pub struct LoadError {
    pub(super) kind: LoadKind,
    pub(super) offset: Option<usize>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum LoadKind {
    NotAPolicy,
    Version { found: u8 },
    Truncated,
    TooLarge { usage: usize },
    Digest,
    Malformed(String),
    TrailingBytes,
    NotCanonical,
    Invalid(Fault),
}

impl LoadError {
    pub(super) fn at(kind: LoadKind, offset: usize) -> Self {
        Self { kind, offset: Some(offset) }
    }

    pub(super) fn flaw(flaw: Flaw, offset: usize) -> Self {
        let kind = match flaw {
            Flaw::NotCanonical => LoadKind::NotCanonical,
            other => LoadKind::Malformed(other.text().to_owned()),
        };
        Self::at(kind, offset)
    }

    /// Whether the policy was compiled for another version of the engine.
    #[must_use]
    pub fn is_version_mismatch(&self) -> bool {
        matches!(self.kind, LoadKind::Version { .. })
    }

    /// Whether it claims to be a policy of this version and is damaged or forged.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        !matches!(self.kind, LoadKind::NotAPolicy | LoadKind::Version { .. } | LoadKind::TooLarge { .. })
    }

    /// Whether it is no compiled policy at all.
    #[must_use]
    pub fn is_not_a_policy(&self) -> bool {
        self.kind == LoadKind::NotAPolicy
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.kind {
            LoadKind::NotAPolicy => "R0201",
            LoadKind::Version { .. } => "R0202",
            LoadKind::Truncated => "R0203",
            LoadKind::TooLarge { .. } => "R0204",
            LoadKind::Digest => "R0205",
            LoadKind::Malformed(_) => "R0206",
            LoadKind::TrailingBytes => "R0207",
            LoadKind::NotCanonical => "R0208",
            LoadKind::Invalid(_) => "R0209",
        }
    }

    /// The byte at which it is wrong, where that is known.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LoadKind::NotAPolicy => write!(f, "not a compiled policy")?,
            LoadKind::Version { found } => {
                write!(
                    f,
                    "the policy has format version {found}, and this engine reads version {VERSION}: compile it anew"
                )?;
            }
            LoadKind::Truncated => write!(f, "the compiled policy is cut off")?,
            LoadKind::TooLarge { usage } => {
                write!(f, "the compiled policy has {usage} bytes, and the limit is {}", Policy::WIRE_BYTES_MAX)?;
            }
            LoadKind::Digest => write!(f, "the compiled policy does not have the digest that it states")?,
            LoadKind::Malformed(error) => write!(f, "the compiled policy is malformed: {error}")?,
            LoadKind::TrailingBytes => write!(f, "bytes follow the compiled policy")?,
            LoadKind::NotCanonical => write!(f, "the compiled policy is not in its one canonical form")?,
            LoadKind::Invalid(fault) => write!(f, "the compiled policy is not valid: {fault}")?,
        }
        match self.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

impl Error for LoadError {}
