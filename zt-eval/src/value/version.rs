//! Semantic versions, compared by precedence.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A semantic version (semver.org 2.0.0).
///
/// Build metadata has no part in precedence (§10 there), so it is dropped: equal versions are one value.
///
/// ```
/// use zt_eval::value::Version;
///
/// assert!(Version::parse("1.10.0").unwrap() > Version::parse("1.9.0").unwrap());
/// assert!(Version::parse("2.0.0-rc.1").unwrap() < Version::parse("2.0.0").unwrap());
/// assert_eq!(Version::parse("1.0.0+a"), Version::parse("1.0.0+b"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

impl Version {
    /// The longest text of a version, in bytes.
    pub const LEN_MAX: usize = 256;

    /// The version that the text states; `None` when it is none or longer than [`LEN_MAX`](Self::LEN_MAX).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::LEN_MAX {
            return None;
        }
        let mut version = semver::Version::parse(text).ok()?;
        version.build = semver::BuildMetadata::EMPTY;
        Some(Self(version))
    }

    /// Major, minor and patch number.
    #[must_use]
    pub const fn core(&self) -> (u64, u64, u64) {
        (self.0.major, self.0.minor, self.0.patch)
    }

    /// The pre-release identifiers, joined by dots; empty for a release.
    #[must_use]
    pub fn pre_release(&self) -> &str {
        self.0.pre.as_str()
    }
}

impl TryFrom<String> for Version {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a semantic version")
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
