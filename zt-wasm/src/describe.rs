//! What a module says of itself, and what it is made of.
//!
//! A module carries its description as JSON in the custom section [`SECTION`]; one for the target `core` gives the same
//! text to its host by `zt_describe`. Nothing in it depends on when or where the module was built: the same policy and
//! entities give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value as Json, json};
use thiserror::Error;
use wasmparser::{Parser, Payload};
use zt_eval::id::ParamId;
use zt_eval::{Policy, Store};

use crate::target::{Target, core};
use crate::{ABI_VERSION, Slots};

/// The name of the custom section.
pub const SECTION: &str = "zt.policy";

/// What a module says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// The policy's name.
    pub name: String,
    /// The SHA-256 of the compiled policy, in hexadecimal; it covers parameters, but not the entities.
    pub digest: String,
    /// The compiler that made the policy from its text, with its version.
    pub compiler: String,
    /// What made the module from the policy, with its version.
    pub writer: String,
    /// The target that the module is for, by its name on the command line.
    pub target: String,
    /// The version of the ABI for the target `core`.
    pub abi: u32,
    /// How many entities are baked in.
    pub entities: u64,
    /// The most bytes that a request may have; a longer one is invalid.
    pub request_bytes_max: u32,
    /// The parameters that the host's settings give values to.
    pub settings: Vec<Setting>,
    /// What the policy says of itself, by name: its version, author and so on. An annotation without text is empty.
    pub annotations: BTreeMap<String, String>,
    /// Whether it takes entity data from its host.
    pub takes_data: bool,
    /// What stands for what in a request in slots, if it takes such.
    pub slots: Option<Slots>,
}

/// A parameter that the host's settings give a value to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its type, as it is written in the language.
    pub ty: String,
    /// Whether it has no default, so that nothing is decided without a value for it.
    pub is_required: bool,
}

/// Bytes of a module do not say what it is.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum DescribeError {
    /// They are something else.
    #[error("this is no WebAssembly module")]
    NotWasm,
    /// They begin as a module does, and are none.
    #[error("the module is damaged: {0}")]
    Damaged(String),
    /// Somebody else made the module.
    #[error("this module was not made from a zt policy: it has no section `{SECTION}`")]
    NoSection,
    /// The section is there, but is not what this crate writes.
    #[error("the section `{SECTION}` is not understood")]
    NotUnderstood,
}

impl Description {
    /// That of a module that is being made.
    pub(crate) fn of(policy: &Policy, entities: &Store, target: &Target, late: &BTreeSet<ParamId>) -> Self {
        let digest = policy.digest().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let options = if let Target::Core(options) = *target { options } else { core::Options::default() };
        Self {
            name: policy.name().to_owned(),
            digest,
            compiler: policy.compiler().to_owned(),
            writer: concat!("zt-wasm ", env!("CARGO_PKG_VERSION")).to_owned(),
            target: target.name().to_owned(),
            abi: ABI_VERSION.unsigned_abs(),
            entities: entities.len() as u64,
            request_bytes_max: policy.limits().request_bytes_max,
            settings: late.iter().filter_map(|id| Setting::of(policy, *id)).collect(),
            annotations: annotations(policy),
            takes_data: options.data,
            slots: options.slots.then(|| Slots::of(policy)),
        }
    }

    /// As the module carries it: members sorted by name, without spaces.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = json!({
            "abi": self.abi,
            "compiler": self.compiler,
            "digest": self.digest,
            "entities": self.entities,
            "name": self.name,
            "request_bytes_max": self.request_bytes_max,
            "target": self.target,
            "writer": self.writer,
        });
        if let Some(members) = json.as_object_mut() {
            if !self.settings.is_empty() {
                members.insert("settings".into(), self.settings.iter().map(Setting::to_json).collect());
            }
            if !self.annotations.is_empty() {
                members.insert("annotations".into(), json!(self.annotations));
            }
            members.extend(self.takes_data.then(|| ("takes_data".to_owned(), true.into())));
            members.extend(self.slots.as_ref().map(|slots| ("slots".to_owned(), slots.to_json())));
        }
        json.to_string()
    }

    /// From that text. Members that it does not know are passed over.
    ///
    /// # Errors
    ///
    /// When a member is missing or of another type.
    pub fn from_json(text: &[u8]) -> Result<Self, DescribeError> {
        let json: Json = serde_json::from_slice(text).map_err(|_| DescribeError::NotUnderstood)?;
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let number = |name: &str| json.get(name).and_then(Json::as_u64);
        let small = |name: &str| number(name).and_then(|number| u32::try_from(number).ok());
        let read = || {
            Some(Self {
                name: text("name")?,
                digest: text("digest")?,
                compiler: text("compiler")?,
                writer: text("writer")?,
                target: text("target")?,
                abi: small("abi")?,
                entities: number("entities")?,
                request_bytes_max: small("request_bytes_max")?,
                settings: match json.get("settings") {
                    None => Vec::new(),
                    Some(settings) => settings.as_array()?.iter().map(Setting::from_json).collect::<Option<_>>()?,
                },
                annotations: match json.get("annotations") {
                    None => BTreeMap::new(),
                    Some(annotations) => annotations
                        .as_object()?
                        .iter()
                        .map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())))
                        .collect::<Option<_>>()?,
                },
                takes_data: json.get("takes_data").and_then(Json::as_bool).unwrap_or_default(),
                slots: match json.get("slots") {
                    Some(slots) => Some(Slots::from_json(slots)?),
                    None => None,
                },
            })
        };
        read().ok_or(DescribeError::NotUnderstood)
    }

    /// What a module says of itself. It is not checked that the rest of the module is what this says: whoever must be
    /// sure knows the digest of the whole module.
    ///
    /// # Errors
    ///
    /// When the bytes are no module, or one that does not come from a policy.
    pub fn read(module: &[u8]) -> Result<Self, DescribeError> {
        let mut found = None;
        for payload in payloads(module) {
            if let Payload::CustomSection(section) = payload?
                && section.name() == SECTION
            {
                found = Some(section.data());
            }
        }
        Self::from_json(found.ok_or(DescribeError::NoSection)?)
    }
}

/// What a policy says of itself, by name: of several of one name, the first.
pub(crate) fn annotations(policy: &Policy) -> BTreeMap<String, String> {
    let all = policy.schema().annotations.iter().rev();
    all.map(|(name, text)| (name.to_string(), text.as_deref().unwrap_or_default().to_owned())).collect()
}

impl Setting {
    fn of(policy: &Policy, id: ParamId) -> Option<Self> {
        let param = policy.schema().param(id)?;
        Some(Self {
            name: param.name.to_string(),
            ty: policy.schema().type_text(&param.ty),
            is_required: param.value.is_none() && !param.ty.is_optional(),
        })
    }

    fn to_json(&self) -> Json {
        json!({ "name": self.name, "type": self.ty, "required": self.is_required })
    }

    fn from_json(json: &Json) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        Some(Self { name: text("name")?, ty: text("type")?, is_required: json.get("required")?.as_bool()? })
    }
}

/// A section of a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// Its name: `code`, `data` and so on, or a custom section's own.
    pub name: String,
    /// Whether engines pass it over.
    pub is_custom: bool,
    /// Its bytes, with those that say where it begins and how long it is.
    pub bytes: u64,
}

/// The sections of a module, in their order. With the 8 bytes at its start they are all that it has.
///
/// # Errors
///
/// When the bytes are no module.
pub fn sections(module: &[u8]) -> Result<Vec<Section>, DescribeError> {
    let mut sections = Vec::new();
    // Where the section before ends.
    let mut end = HEADER;
    for payload in payloads(module) {
        let payload = payload?;
        let Some((_, range)) = payload.as_section() else {
            continue;
        };
        let (name, is_custom) = match &payload {
            Payload::CustomSection(section) => (section.name().to_owned(), true),
            other => (name(other).to_owned(), false),
        };
        sections.push(Section { name, is_custom, bytes: range.end.saturating_sub(end) });
        end = range.end;
    }
    Ok(sections)
}

/// The bytes at the start of every module.
const HEADER: u64 = 8;

/// The parts of a module; functions are not looked into.
fn payloads(module: &[u8]) -> impl Iterator<Item = Result<Payload<'_>, DescribeError>> {
    let is_wasm = module.starts_with(b"\0asm");
    Parser::new(0).parse_all(module).map(move |payload| {
        payload.map_err(|error| match is_wasm {
            true => DescribeError::Damaged(error.message().to_owned()),
            false => DescribeError::NotWasm,
        })
    })
}

fn name(payload: &Payload<'_>) -> &'static str {
    match payload {
        Payload::TypeSection(_) => "type",
        Payload::ImportSection(_) => "import",
        Payload::FunctionSection(_) => "function",
        Payload::TableSection(_) => "table",
        Payload::MemorySection(_) => "memory",
        Payload::GlobalSection(_) => "global",
        Payload::ExportSection(_) => "export",
        Payload::StartSection { .. } => "start",
        Payload::ElementSection(_) => "element",
        Payload::DataCountSection { .. } => "data count",
        Payload::CodeSectionStart { .. } => "code",
        Payload::DataSection(_) => "data",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use zt_lang::{Options, Sources};

    fn policy() -> Policy {
        let text = "package door\nentity Person\nentity Door\naction open: Person -> Door\nallow anyone: open";
        let mut sources = Sources::new();
        sources.add("door.zt", text.as_bytes());
        zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
    }

    #[test]
    fn a_module_says_what_it_was_made_from() {
        let policy = policy();
        let entities = r#"[{"type": "Person", "id": "ann"}]"#;
        let entities = Store::from_json(&policy, entities.as_bytes()).unwrap();
        let module = compile(&policy, &entities, Target::Core(Default::default())).unwrap();
        let description = Description::read(&module).unwrap();
        assert_eq!((&*description.name, &*description.target), ("door", "core"));
        assert_eq!((description.abi, description.entities, description.digest.len()), (1, 1, 64));
        assert_eq!(
            description,
            Description::of(&policy, &entities, &Target::Core(Default::default()), &BTreeSet::new())
        );
        assert_eq!(Description::from_json(description.to_json().as_bytes()), Ok(description));
        assert_eq!(module, compile(&policy, &entities, Target::Core(Default::default())).unwrap());
    }

    #[test]
    fn sections_are_all_of_a_module() {
        let module = compile(&policy(), &Store::empty(), Target::Core(Default::default())).unwrap();
        let sections = sections(&module).unwrap();
        let bytes: u64 = sections.iter().map(|section| section.bytes).sum();
        assert_eq!(bytes + HEADER, module.len() as u64);
        let custom: Vec<&str> = sections.iter().filter(|section| section.is_custom).map(|it| &*it.name).collect();
        assert_eq!(custom, [SECTION]);
        assert!(
            ["type", "function", "memory", "export", "code", "data"]
                .iter()
                .all(|name| sections.iter().any(|section| section.name == *name && section.bytes > 2))
        );
    }

    #[test]
    fn what_is_no_module_of_a_policy_is_refused() {
        assert_eq!(Description::read(b"ZTB"), Err(DescribeError::NotWasm));
        assert!(matches!(sections(b"\0asm\x02\0\0\0"), Err(DescribeError::Damaged(_))));
        let empty = b"\0asm\x01\0\0\0";
        assert_eq!(Description::read(empty), Err(DescribeError::NoSection));
        assert_eq!(sections(empty), Ok(Vec::new()));
        let mut other = empty.to_vec();
        other.extend([0, 12, 9]);
        other.extend(SECTION.bytes());
        other.extend(b"{}");
        assert_eq!(Description::read(&other), Err(DescribeError::NotUnderstood));
        let module = compile(&policy(), &Store::empty(), Target::Core(Default::default())).unwrap();
        for end in (0..module.len()).step_by(7) {
            // Cut off anywhere, it is refused or what is left is whole; nothing panics.
            let part = &module[..end];
            let _ = (sections(part), Description::read(part));
        }
    }
}
