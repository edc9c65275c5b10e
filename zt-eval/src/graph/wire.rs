//! Compiled policies as bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 3 | `ZTB` |
//! | 1 | version of the format |
//! | 32 | SHA-256 of the body: the policy's digest |
//! | rest | the body: the policy in [postcard](https://postcard.jamesmunns.com)'s form |
//!
//! A policy has one form, and a form is of one policy: what would not be written the same way again is refused. Reading
//! does not recurse (values and types are flat on the wire), and reserves no more memory than the bytes at hand warrant.

use std::error::Error;
use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Policy;
use super::validate::{Fault, validate};

const MAGIC: &[u8; 3] = b"ZTB";
const VERSION: u8 = 2;
const DIGEST_AT: usize = 4;
const BODY_AT: usize = 36;

impl Policy {
    /// The largest compiled policy that is read.
    pub const WIRE_BYTES_MAX: usize = 512 << 20;

    /// The policy's wire form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = body(self);
        let mut bytes = Vec::with_capacity(BODY_AT + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&digest_of(&body));
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads a policy's wire form and checks it in full.
    ///
    /// # Errors
    ///
    /// When it is not a compiled policy of this version, or is damaged or forged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoadError> {
        if bytes.len() > Self::WIRE_BYTES_MAX {
            return Err(LoadError::at(LoadKind::TooLarge { usage: bytes.len() }, Self::WIRE_BYTES_MAX));
        }
        let body = check_header(bytes)?;
        let mut policy = decode(body)?;
        let derived = validate(&policy).map_err(|fault| LoadError { kind: LoadKind::Invalid(fault), offset: None })?;
        policy.derived = derived;
        policy.derived.digest = digest_of(body);
        Ok(policy)
    }
}

/// The body of a policy's wire form.
pub(crate) fn body(policy: &Policy) -> Vec<u8> {
    // Writing into memory fails on sequences of unknown length only, and a policy has none. Were it to fail, the empty
    // body would be refused on loading.
    postcard::to_stdvec(policy).unwrap_or_default()
}

pub(crate) fn digest_of(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// The body behind a header that fits it.
fn check_header(bytes: &[u8]) -> Result<&[u8], LoadError> {
    if bytes.get(..MAGIC.len()) != Some(MAGIC) {
        return Err(LoadError::at(LoadKind::NotAPolicy, 0));
    }
    match bytes.get(MAGIC.len()) {
        Some(&VERSION) => {}
        Some(&found) => return Err(LoadError::at(LoadKind::Version { found }, MAGIC.len())),
        None => return Err(LoadError::at(LoadKind::Truncated, bytes.len())),
    }
    let (Some(digest), Some(body)) = (bytes.get(DIGEST_AT..BODY_AT), bytes.get(BODY_AT..)) else {
        return Err(LoadError::at(LoadKind::Truncated, bytes.len()));
    };
    if digest != digest_of(body) {
        return Err(LoadError::at(LoadKind::Digest, DIGEST_AT));
    }
    Ok(body)
}

fn decode(bytes: &[u8]) -> Result<Policy, LoadError> {
    let mut deserializer = postcard::Deserializer::from_bytes(bytes);
    let malformed = |error: postcard::Error| LoadError { kind: LoadKind::Malformed(error.to_string()), offset: None };
    let policy = Policy::deserialize(&mut deserializer).map_err(malformed)?;
    let rest = deserializer.finalize().map_err(malformed)?;
    if !rest.is_empty() {
        return Err(LoadError::at(LoadKind::TrailingBytes, BODY_AT + bytes.len() - rest.len()));
    }
    let again = body(&policy);
    if again != bytes {
        let same = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        return Err(LoadError::at(LoadKind::NotCanonical, BODY_AT + same));
    }
    Ok(policy)
}

/// Why bytes are not a compiled policy.
#[derive(Clone, PartialEq, Debug)]
pub struct LoadError {
    kind: LoadKind,
    offset: Option<usize>,
}

#[derive(Clone, PartialEq, Debug)]
enum LoadKind {
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
    fn at(kind: LoadKind, offset: usize) -> Self {
        Self { kind, offset: Some(offset) }
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
