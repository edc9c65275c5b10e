//! Declarations: a fixed skeleton that has one of everything, with attributes that vary.

use std::fmt::Write as _;
use std::sync::Arc;

use zt_eval::id::{EntityTypeId, EnumId, RecordId, SourceId};
use zt_eval::schema::{
    Action, Attribute, EntityType, EnumType, Field, Obligation, Param, RecordType, Schema, Source, Type,
};

use crate::oracle::choices::Choices;
use crate::oracle::pool;

/// Names of attributes: plain ones, ones that are words of the language, ones that need backquotes.
const NAMES: &[&str] = &[
    "level",
    "owner",
    "when",
    "tags",
    "any",
    "from",
    "app.kubernetes.io/name",
    "score",
    "sensitive",
    "now",
    "peer",
    "in",
];

const SOURCES: &[(&str, bool, bool)] = &[
    ("pep", true, false),
    ("idp", true, false),
    ("api", true, true),
    ("client", false, false),
    ("browser", false, true),
];
/// How often each source speaks.
const SPEAKERS: &[usize] = &[0, 1, 2, 0, 1, 2, 1, 0, 3, 4];

const USER: usize = 0;
const SERVICE: usize = 1;
const GROUP: usize = 2;
const FOLDER: usize = 3;
const DOCUMENT: usize = 4;
const DEVICE: usize = 5;
const TEAM: usize = 6;
const ENTITIES: &[&str] = &["User", "Service", "Group", "Folder", "Document", "Device", "Team"];

/// The declarations of a policy.
pub struct Vocabulary {
    /// What is declared, except what freshness and step-up say.
    pub schema: Schema,
    /// Names of action groups, with their actions.
    pub groups: Vec<(&'static str, Vec<usize>)>,
    /// The declarations as text.
    pub text: String,
}

/// Some vocabulary.
pub fn vocabulary(choices: &mut Choices<'_>) -> Vocabulary {
    let mut schema = Schema { enums: enums(), sources: sources(), ..Schema::default() };
    let mut text = String::from("enum Level { low < mid < high }\nenum Colour { red, green, blue }\n\n");
    for source in schema.sources.iter().skip(1) {
        let vouched = if source.verified { "verified" } else { "unverified" };
        let complete = if source.complete { " complete" } else { "" };
        let _ = writeln!(text, "source {} {vouched}{complete}", source.name);
    }
    skeleton(&mut schema, choices);
    for fields in [2, 3] {
        let name = if fields == 2 { "Item" } else { "Claims" };
        let record = record(&schema, name, fields, choices);
        write_record(&schema, &record, &mut text);
        schema.records.push(record);
    }
    for index in 0..schema.entities.len() {
        let (attributes, body) = attributes(&schema, choices, false);
        if let Some(entity) = schema.entities.get_mut(index) {
            entity.attributes = attributes;
        }
        write_entity(&schema, index, &body, &mut text);
    }
    let (context, body) = attributes(&schema, choices, true);
    schema.context = context;
    let _ = write!(text, "\ncontext {{\n{body}}}\n\n");
    schema.obligations = obligations(&schema, choices);
    for obligation in &schema.obligations {
        let params: Vec<String> =
            obligation.params.iter().map(|param| format!("{}: {}", param.name, schema.type_text(&param.ty))).collect();
        let _ = writeln!(text, "obligation {}({})", obligation.name, params.join(", "));
    }
    let groups = actions(&mut schema, choices, &mut text);
    params(&mut schema, choices, &mut text);
    Vocabulary { schema, groups, text }
}

fn enums() -> Vec<EnumType> {
    let members = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect();
    vec![
        EnumType { name: "Level".into(), members: members(&["low", "mid", "high"]), ordered: true },
        EnumType { name: "Colour".into(), members: members(&["red", "green", "blue"]), ordered: false },
    ]
}

fn sources() -> Vec<Source> {
    let source = |(name, verified, complete): &(&str, bool, bool)| Source {
        name: Arc::from(*name),
        verified: *verified,
        complete: *complete,
    };
    SOURCES.iter().map(source).collect()
}

/// Entity types with their parents, as yet without attributes. Types may lead to themselves and to each other.
fn skeleton(schema: &mut Schema, choices: &mut Choices<'_>) {
    let parents: [&[usize]; 7] = [
        if choices.chance(1, 3) { &[GROUP, TEAM] } else { &[GROUP] },
        if choices.chance(1, 2) { &[TEAM] } else { &[] },
        if choices.chance(1, 4) { &[GROUP, TEAM] } else { &[GROUP] },
        &[FOLDER],
        if choices.chance(1, 4) { &[FOLDER, TEAM] } else { &[FOLDER] },
        &[],
        if choices.chance(1, 2) { &[GROUP, TEAM] } else { &[] },
    ];
    for (index, (name, parents)) in ENTITIES.iter().zip(parents).enumerate() {
        let from = match index {
            TEAM if choices.chance(1, 3) => 3,
            DOCUMENT | FOLDER => 0,
            _ => choices.below(3),
        };
        schema.entities.push(EntityType {
            name: Arc::from(*name),
            parents: parents.iter().map(|index| EntityTypeId::new(*index)).collect(),
            parents_from: SourceId::new(from),
            attributes: Vec::new(),
        });
    }
}

fn scalar(choices: &mut Choices<'_>) -> Type {
    let entity = |types: &[usize]| Type::Entity(types.iter().map(|index| EntityTypeId::new(*index)).collect());
    match choices.below(20) {
        0..=2 => Type::Bool,
        3 | 4 => Type::Int,
        5 | 6 => Type::String,
        7 => Type::Decimal,
        8 => Type::Timestamp,
        9 => Type::Duration,
        10 => Type::Ip,
        11 => Type::Version,
        12 => Type::Quantity,
        13 => Type::Path,
        14 => Type::Host,
        15 => Type::Enum(EnumId::new(0)),
        16 => Type::Enum(EnumId::new(1)),
        17 => entity(&[USER]),
        18 => entity(&[USER, SERVICE]),
        _ => entity(&[DEVICE]),
    }
}

/// A type for an attribute or, without records, for what is within one.
fn some_type(schema: &Schema, choices: &mut Choices<'_>) -> Type {
    let records = schema.records.len();
    let inner = match choices.below(16) {
        0..=8 => scalar(choices),
        9 | 10 => Type::Set(Box::new(scalar(choices))),
        11 => Type::List(Box::new(scalar(choices))),
        12 => Type::Map(Box::new(scalar(choices))),
        13 => Type::IpRange,
        14 if records > 0 => Type::Record(RecordId::new(choices.below(records))),
        _ if records > 0 => Type::List(Box::new(Type::Record(RecordId::new(choices.below(records))))),
        _ => Type::Set(Box::new(Type::IpRange)),
    };
    if choices.chance(1, 4) { inner.optional() } else { inner }
}

fn record(schema: &Schema, name: &str, fields: usize, choices: &mut Choices<'_>) -> RecordType {
    let mut found =
        vec![Field { name: "ok".into(), ty: Type::Bool }, Field { name: "exp".into(), ty: Type::Timestamp }];
    for field in NAMES.iter().skip(choices.below(6)).take(fields) {
        found.push(Field { name: Arc::from(*field), ty: some_type(schema, choices) });
    }
    RecordType { name: name.into(), fields: found }
}

fn write_record(schema: &Schema, record: &RecordType, text: &mut String) {
    let _ = writeln!(text, "\nrecord {} {{", record.name);
    for field in &record.fields {
        let _ = writeln!(text, "  {}: {}", word(&field.name), schema.type_text(&field.ty));
    }
    text.push_str("}\n");
}

fn write_entity(schema: &Schema, index: usize, body: &str, text: &mut String) {
    let Some(entity) = schema.entities.get(index) else { return };
    let _ = write!(text, "\nentity {}", entity.name);
    if !entity.parents.is_empty() {
        let parents: Vec<&str> =
            entity.parents.iter().filter_map(|id| schema.entity(*id)).map(|parent| &*parent.name).collect();
        let from = schema.source(entity.parents_from).map_or("pep", |source| &source.name);
        let _ = write!(text, " in {} from {from}", parents.join(", "));
    }
    let _ = writeln!(text, " {{\n{body}}}");
}

/// A name as an attribute is called in a policy.
pub fn word(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { name.to_owned() } else { format!("`{name}`") }
}

/// Attributes of the context or of an entity type, and their text.
fn attributes(schema: &Schema, choices: &mut Choices<'_>, is_context: bool) -> (Vec<Attribute>, String) {
    let mut found = Vec::new();
    let mut text = String::new();
    let verified = SourceId::new(choices.below(3));
    let mut clocks = Vec::new();
    if is_context || choices.chance(1, 2) {
        found.push(plain("seen", Type::Timestamp, verified));
        clocks.push("seen");
    }
    if is_context {
        found.push(plain("claims", Type::Record(RecordId::new(1)), SourceId::new(1)));
        clocks.push("claims.exp");
        found.push(plain("ok", Type::Bool, SourceId::new(choices.below(2))));
    }
    let untimed = found.len();
    let count = if is_context { 4 + choices.below(4) } else { 1 + choices.below(4) };
    for name in NAMES.iter().skip(choices.below(5)).take(count) {
        let from = choices.pick(SPEAKERS).copied().unwrap_or_default();
        found.push(plain(name, some_type(schema, choices), SourceId::new(from)));
    }
    for (index, attribute) in found.iter().enumerate() {
        let source = schema.source(attribute.from);
        let _ = write!(text, "  {}: {}", word(&attribute.name), schema.type_text(&attribute.ty));
        if let Some(source) = source.filter(|_| attribute.from != Schema::PEP || choices.chance(1, 2)) {
            let _ = write!(text, " from {}", source.name);
        }
        if &*attribute.name == "ok" {
            let _ = write!(
                text,
                "{} step_up \"urn:acr:mfa\" gives true",
                choices.text(&["", " fresh 15m since seen", " fresh 2h since seen fresh until claims.exp"])
            );
        } else if index >= untimed {
            let is_verified = source.is_some_and(|source| source.verified);
            modifiers(schema, attribute, &clocks, is_context && is_verified, choices, &mut text);
        }
        text.push('\n');
    }
    (found, text)
}

fn modifiers(
    schema: &Schema,
    attribute: &Attribute,
    clocks: &[&str],
    steps_up: bool,
    choices: &mut Choices<'_>,
    text: &mut String,
) {
    if let Some(clock) = choices.pick(clocks).filter(|_| choices.chance(1, 3)) {
        let _ = write!(text, " fresh {} since {clock}", choices.text(&["15m", "24h", "2h", "500ms"]));
    }
    if let Some(clock) = choices.pick(clocks).filter(|_| choices.chance(1, 6)) {
        let _ = write!(text, " fresh until {clock}");
    }
    if steps_up
        && choices.chance(1, 2)
        && let Some(gives) = pool::literal(schema, attribute.ty.present(), choices)
    {
        let _ = write!(text, " step_up \"urn:acr:{}\" gives {gives}", choices.below(3));
    }
    if choices.chance(1, 12) {
        text.push_str(" sensitive");
    }
}

fn plain(name: &str, ty: Type, from: SourceId) -> Attribute {
    Attribute { name: name.into(), ty, from, freshness: Vec::new(), step_up: None, sensitive: false, doc: None }
}

fn obligations(schema: &Schema, choices: &mut Choices<'_>) -> Vec<Obligation> {
    let mut obligation = |name: &str, count: usize| {
        let names = ["level", "who", "note"];
        let param = |name: &&str| Field { name: Arc::from(*name), ty: some_type(schema, choices).present().clone() };
        Obligation { name: name.into(), params: names.iter().take(count).map(param).collect() }
    };
    vec![obligation("log", 1), obligation("page", 2), obligation("trace", 0)]
}

/// Names of actions, types of subjects, who vouches for them, types of resources.
type Declared<'d> = (&'d [&'d str], &'d [usize], usize, &'d [usize]);

fn actions(schema: &mut Schema, choices: &mut Choices<'_>, text: &mut String) -> Vec<(&'static str, Vec<usize>)> {
    let claimed = if choices.chance(1, 2) { 3 } else { 0 };
    let declared: &[Declared<'_>] = &[
        (&["read", "list"], &[USER, SERVICE], 0, &[DOCUMENT]),
        (&["write"], &[USER], 1, &[DOCUMENT, FOLDER]),
        (&["claim"], &[USER], claimed, &[DOCUMENT]),
    ];
    for (names, subjects, from, resources) in declared {
        let types = |types: &[usize]| types.iter().map(|index| EntityTypeId::new(*index)).collect::<Vec<_>>();
        let (subjects, resources) = (types(subjects), types(resources));
        let vouched = schema.sources.get(*from).map_or("pep", |source| &source.name);
        let from_text = if *from == 0 { String::new() } else { format!(" from {vouched}") };
        let (a, b) = (schema.types_text(&subjects), schema.types_text(&resources));
        let _ = writeln!(text, "action {}: {a}{from_text} -> {b}", names.join(", "));
        for name in *names {
            schema.actions.push(Action {
                name: Arc::from(*name),
                subjects: subjects.clone(),
                subject_from: SourceId::new(*from),
                resources: resources.clone(),
            });
        }
    }
    text.push_str("action change = write\naction look = read, list\naction most = look, change\n\n");
    vec![("change", vec![2]), ("look", vec![0, 1]), ("most", vec![0, 1, 2])]
}

/// Parameters; most have a default, one without is unknown until it is given.
fn params(schema: &mut Schema, choices: &mut Choices<'_>, text: &mut String) {
    for name in ["limit", "wanted"] {
        let ty = scalar(choices);
        let Some(default) = pool::literal(schema, &ty, choices) else { continue };
        let default = if choices.chance(1, 8) { String::new() } else { format!(" = {default}") };
        let _ = writeln!(text, "param {name}: {}{default}", schema.type_text(&ty));
        schema.params.push(Param { name: name.into(), ty, value: None });
    }
}
