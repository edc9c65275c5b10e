//! Compiled policies as bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 3 | `ZTB` |
//! | 1 | version of the format |
//! | 32 | the policy's digest: SHA-256 of the body's SHA-256 and the settings |
//! | number | length of the settings |
//! | that | settings: the parameters' values, in [postcard](https://postcard.jamesmunns.com)'s form |
//! | rest | the body: everything else |
//!
//! A digest made so covers both, and giving a parameter a value does not read a large policy again. The body:
//!
//! | what | how |
//! |---|---|
//! | declarations, limits, patterns, zones, unusual constants | length, then in postcard's form (`head`) |
//! | text | length, then UTF-8: all that constants, rules and the list of strings take their text from, in their order |
//! | strings | files, reasons, controls, annotations: ascending by bytes, each used |
//! | constants, nodes, rules, rules by action | count, then each (`consts`, `nodes`, `rules`) |
//! | where rules are filed | count, then each run of choices; count, then each rule (`plan`) |
//!
//! A policy has one form, and a form is of one policy. Numbers have no superfluous bytes, references are numbered so that
//! each number means another target, lists that must be sorted are; the small part in postcard's form is written again
//! and compared. Reading does not recurse (values and types are flat on the wire), and reserves no more memory than the
//! bytes at hand warrant.

mod bytes;
mod consts;
mod error;
mod head;
mod nodes;
mod plan;
mod rules;

use sha2::{Digest, Sha256};

use super::Policy;
use super::validate::validate;
use crate::value::Value;
use bytes::{Flaw, Reader, Writer};
pub use error::LoadError;
use error::LoadKind;

const MAGIC: &[u8; 3] = b"ZTB";
const VERSION: u8 = 6;
const DIGEST_AT: usize = 4;
const SETTINGS_AT: usize = 36;

impl Policy {
    /// The largest compiled policy that is read.
    pub const WIRE_BYTES_MAX: usize = 512 << 20;

    /// The policy's wire form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        file(&settings(self), &body(self))
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
        let parts = Parts::of(bytes)?;
        let mut policy = read_body(parts.body, bytes.len())?;
        read_settings(&mut policy, parts.settings)?;
        let derived = validate(&policy).map_err(|fault| LoadError { kind: LoadKind::Invalid(fault), offset: None })?;
        policy.derived = derived;
        policy.derived.body_digest = parts.body_digest;
        policy.derived.digest = parts.digest;
        Ok(policy)
    }

    /// Works out the digest of a policy that was built.
    #[cfg(feature = "build")]
    pub(crate) fn seal(&mut self) {
        self.derived.body_digest = digest_of(&body(self));
        self.seal_settings();
    }

    /// Works out the digest after parameters have got other values.
    pub(crate) fn seal_settings(&mut self) {
        self.derived.digest = digest(&self.derived.body_digest, &settings(self));
    }
}

/// The file of these parts.
pub(crate) fn file(settings: &[u8], body: &[u8]) -> Vec<u8> {
    let mut length = Writer::default();
    length.count(settings.len());
    [MAGIC, &[VERSION][..], &digest(&digest_of(body), settings), length.bytes(), settings, body].concat()
}

fn digest_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The digest of a policy whose body has this one.
fn digest(body: &[u8; 32], settings: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(body).chain_update(settings).finalize().into()
}

/// The parameters' values.
fn settings(policy: &Policy) -> Vec<u8> {
    let values: Vec<&Option<Value>> = policy.schema.params.iter().map(|param| &param.value).collect();
    // Writing into memory fails on sequences of unknown length only. Were it to fail, the empty form would be refused.
    postcard::to_stdvec(&values).unwrap_or_default()
}

/// Everything but the parameters' values.
fn body(policy: &Policy) -> Vec<u8> {
    let mut writer = Writer::default();
    let strings = rules::write_strings(&mut writer, &policy.rules);
    consts::write(&mut writer, &policy.consts);
    nodes::write(&mut writer, &policy.nodes);
    rules::write(&mut writer, &policy.rules, &strings);
    rules::write_actions(&mut writer, &policy.actions);
    plan::write(&mut writer, &policy.plan);
    writer.assemble(&head::write(policy))
}

/// The bytes of a policy's wire form, by part.
pub(crate) fn sizes(policy: &Policy) -> Vec<(&'static str, usize)> {
    let mut writer = Writer::default();
    let mut written = 0;
    let mut since = |writer: &Writer| writer.bytes().len() - std::mem::replace(&mut written, writer.bytes().len());
    let strings = rules::write_strings(&mut writer, &policy.rules);
    let in_lists = since(&writer);
    consts::write(&mut writer, &policy.consts);
    let in_consts = since(&writer);
    nodes::write(&mut writer, &policy.nodes);
    let in_nodes = since(&writer);
    rules::write(&mut writer, &policy.rules, &strings);
    rules::write_actions(&mut writer, &policy.actions);
    let in_rules = since(&writer);
    plan::write(&mut writer, &policy.plan);
    let in_plan = since(&writer);
    let (head, behind) = (head::write(policy), writer.bytes().len());
    let text = writer.assemble(&[]).len() - behind;
    let digest = file(&settings(policy), &[]).len();
    vec![
        ("declarations, patterns, zones", head.len()),
        ("text", text + in_lists),
        ("constants", in_consts),
        ("nodes", in_nodes),
        ("rules", in_rules),
        ("where rules are filed", in_plan),
        ("digest, values of parameters", digest),
    ]
}

/// The parts of a file whose digest fits.
struct Parts<'a> {
    digest: [u8; 32],
    body_digest: [u8; 32],
    settings: &'a [u8],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, LoadError> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC) {
            return Err(LoadError::at(LoadKind::NotAPolicy, 0));
        }
        match bytes.get(MAGIC.len()) {
            Some(&VERSION) => {}
            Some(&found) => return Err(LoadError::at(LoadKind::Version { found }, MAGIC.len())),
            None => return Err(LoadError::at(LoadKind::Truncated, bytes.len())),
        }
        let truncated = || LoadError::at(LoadKind::Truncated, bytes.len());
        let stated = bytes.get(DIGEST_AT..).and_then(|rest| rest.first_chunk::<32>()).ok_or_else(truncated)?;
        let mut reader = Reader::new(bytes.get(SETTINGS_AT..).unwrap_or_default(), "");
        let settings = reader.count().and_then(|len| reader.take(len));
        let settings = settings.map_err(|flaw| LoadError::flaw(flaw, bytes.len() - reader.left()))?;
        let body = reader.rest();
        let body_digest = digest_of(body);
        let digest = digest(&body_digest, settings);
        if *stated != digest {
            return Err(LoadError::at(LoadKind::Digest, DIGEST_AT));
        }
        Ok(Self { digest, body_digest, settings, body })
    }
}

/// Reads a body that ends at byte `end` of its file.
fn read_body(body: &[u8], end: usize) -> Result<Policy, LoadError> {
    let mut reader = Reader::new(body, "");
    let policy = read_parts(&mut reader);
    let offset = end - reader.left();
    match policy {
        Err(flaw) => Err(LoadError::flaw(flaw, offset)),
        Ok(_) if reader.left() > 0 => Err(LoadError::at(LoadKind::TrailingBytes, offset)),
        Ok(policy) => Ok(policy),
    }
}

fn read_parts(reader: &mut Reader<'_>) -> Result<Policy, Flaw> {
    let head = reader.section()?;
    let (mut policy, unusual) = head::read(head)?;
    reader.open_texts()?;
    let mut strings = rules::Strings::read(reader)?;
    policy.consts = consts::read(reader, unusual)?;
    policy.nodes = nodes::read(reader)?;
    policy.rules = rules::read(reader, &mut strings)?;
    policy.actions = rules::read_actions(reader)?;
    policy.plan = plan::read(reader)?;
    reader.finish_texts()?;
    strings.finish()?;
    Ok(policy)
}

/// Gives the parameters the values that a file states for them.
fn read_settings(policy: &mut Policy, bytes: &[u8]) -> Result<(), LoadError> {
    let malformed = |error: postcard::Error| LoadError { kind: LoadKind::Malformed(error.to_string()), offset: None };
    let values: Vec<Option<Value>> = postcard::from_bytes(bytes).map_err(malformed)?;
    if values.len() != policy.schema.params.len() {
        return Err(LoadError::flaw(Flaw::Settings, SETTINGS_AT));
    }
    for (param, value) in policy.schema.params.iter_mut().zip(values) {
        param.value = value;
    }
    if settings(policy) == bytes { Ok(()) } else { Err(LoadError::flaw(Flaw::NotCanonical, SETTINGS_AT)) }
}
