//! Why a policy cannot be built.

use std::error::Error;
use std::fmt;

use crate::graph::validate::Fault;

/// Why a policy cannot be built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuildError {
    kind: BuildErrorKind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum BuildErrorKind {
    Limit { limit: &'static str, max: u32, usage: usize },
    Invalid(Fault),
}

impl BuildError {
    pub(super) fn limit(limit: &'static str, max: u32, usage: usize) -> Self {
        Self { kind: BuildErrorKind::Limit { limit, max, usage } }
    }

    pub(super) fn invalid(fault: Fault) -> Self {
        Self { kind: BuildErrorKind::Invalid(fault) }
    }

    /// The limit that is exceeded, by its name in [`Limits`](crate::Limits), with its value and what the policy uses of
    /// it, at least; `None` for parts that do not fit together.
    #[must_use]
    pub fn exceeded(&self) -> Option<(&'static str, u32, usize)> {
        match self.kind {
            BuildErrorKind::Limit { limit, max, usage } => Some((limit, max, usage)),
            BuildErrorKind::Invalid(_) => None,
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            BuildErrorKind::Limit { limit, max, usage } => {
                write!(f, "the policy needs {limit} of at least {usage}, and the limit is {max}")
            }
            BuildErrorKind::Invalid(fault) => write!(f, "the policy does not fit together: {fault}"),
        }
    }
}

impl Error for BuildError {}
