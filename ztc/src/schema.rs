//! The JSON Schema (draft 2020-12) of the requests for an action.
//!
//! It describes requests that say everything that deciding can consult, in its declared types. The engine takes more than
//! that: members that are not declared are passed over, and what is missing or mistyped is unknown. What makes a request
//! invalid is closed here as well: types of subject and resource, sources of evidence, sizes of collections.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use zt_eval::Policy;
use zt_eval::graph::Slot;
use zt_eval::id::{ActionId, EntityTypeId, EnumId, RecordId, SourceId};
use zt_eval::schema::{Attribute, Field, Freshness, Schema, Type};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of the requests for an action.
pub fn request_schema(policy: &Policy, action: ActionId) -> Json {
    let mut writer = Writer { policy, slots: policy.slots(action), defs: BTreeMap::new() };
    let mut schema = writer.request(action);
    if let Json::Object(members) = &mut schema {
        members.insert("$defs".into(), writer.defs.into_iter().collect::<Map<_, _>>().into());
    }
    schema
}

/// Whose word a part of the request is.
#[derive(Clone, Copy)]
enum Speaker {
    /// The enforcement point vouches for all.
    All,
    /// One source, for its own.
    Source(SourceId),
}

impl Speaker {
    fn speaks_for(self, source: SourceId) -> bool {
        match self {
            Self::All => true,
            Self::Source(own) => own == source,
        }
    }
}

struct Writer<'a> {
    policy: &'a Policy,
    slots: Vec<Slot>,
    defs: BTreeMap<String, Json>,
}

impl<'a> Writer<'a> {
    fn schema(&self) -> &'a Schema {
        self.policy.schema()
    }

    fn request(&mut self, action: ActionId) -> Json {
        let Some(declared) = self.schema().action(action) else { return json!(false) };
        let name = &*declared.name;
        json!({
            "$schema": DRAFT,
            "title": format!("a request for `{name}` to the policy `{}`", self.policy.name()),
            "type": "object",
            "required": ["subject", "action", "resource"],
            "properties": {
                "subject": self.one_of(&declared.subjects),
                "action": {
                    "type": "object",
                    "required": ["name"],
                    "properties": { "name": { "const": name } },
                },
                "resource": self.one_of(&declared.resources),
                "context": self.context(Speaker::All),
                "entities": self.entities(Speaker::All),
                "evidence": self.evidence(action),
            },
        })
    }

    /// A full description of an entity of one of these types.
    fn one_of(&mut self, types: &[EntityTypeId]) -> Json {
        let mut all: Vec<Json> = types.iter().map(|ty| self.described(*ty)).collect();
        match all.pop() {
            Some(only) if all.is_empty() => only,
            Some(last) => {
                all.push(last);
                json!({ "oneOf": all })
            }
            None => json!(false),
        }
    }

    /// Descriptions of further entities: those that deciding can consult in full, any other by type and id.
    fn entities(&mut self, speaker: Speaker) -> Json {
        let all = (0..self.schema().entities.len()).map(EntityTypeId::new);
        let (consulted, others): (Vec<_>, Vec<_>) = all.partition(|ty| self.is_consulted(*ty, speaker));
        let mut items: Vec<Json> = consulted.into_iter().map(|ty| self.description_by(ty, speaker)).collect();
        if !others.is_empty() {
            items.push(self.entity_reference(&others));
        }
        json!({
            "description": "further entities that are described",
            "type": "array",
            "maxItems": self.policy.limits().request_entities_max,
            "items": { "oneOf": items },
        })
    }

    fn description_by(&mut self, ty: EntityTypeId, speaker: Speaker) -> Json {
        match speaker {
            Speaker::All => self.described(ty),
            Speaker::Source(_) => self.entity(ty, speaker, &["type", "id"]),
        }
    }

    /// Whether deciding can consult anything that the speaker says of entities of a type.
    fn is_consulted(&self, ty: EntityTypeId, speaker: Speaker) -> bool {
        let Some(entity) = self.schema().entity(ty) else { return false };
        self.slots.iter().any(|slot| match slot {
            Slot::Attribute(of, at) if *of == ty => {
                entity.attributes.get(*at as usize).is_some_and(|attribute| speaker.speaks_for(attribute.from))
            }
            Slot::Parents(of) => *of == ty && speaker.speaks_for(entity.parents_from),
            _ => false,
        })
    }

    fn described(&mut self, ty: EntityTypeId) -> Json {
        let name = self.entity_name(ty);
        if !self.defs.contains_key(&name) {
            let entity = self.entity(ty, Speaker::All, &["type", "id"]);
            self.defs.insert(name.clone(), entity);
        }
        reference(&name)
    }

    fn entity(&mut self, ty: EntityTypeId, speaker: Speaker, required: &[&str]) -> Json {
        let name = self.entity_name(ty);
        let mut members = Map::new();
        members.insert("type".into(), json!({ "const": name }));
        members.insert("id".into(), json!({ "type": "string" }));
        if let Some(entity) = self.schema().entity(ty) {
            let properties = self.attributes(&entity.attributes, speaker, |at| Slot::Attribute(ty, at));
            if !properties.is_empty() {
                members.insert("properties".into(), json!({ "type": ["object", "null"], "properties": properties }));
            }
            if speaker.speaks_for(entity.parents_from) && self.slots.contains(&Slot::Parents(ty)) {
                members.insert("parents".into(), self.parents(&entity.parents, entity.parents_from));
            }
        }
        json!({ "type": "object", "required": required, "properties": members })
    }

    fn parents(&mut self, types: &[EntityTypeId], from: SourceId) -> Json {
        json!({
            "description": format!("what it is in; from `{}`", self.source_name(from)),
            "type": "array",
            "maxItems": self.policy.limits().elements_max,
            "items": self.entity_reference(types),
        })
    }

    fn context(&mut self, speaker: Speaker) -> Json {
        let context = &self.schema().context;
        let properties = self.attributes(context, speaker, Slot::Context);
        json!({ "type": ["object", "null"], "properties": properties })
    }

    fn attributes(
        &mut self,
        declared: &[Attribute],
        speaker: Speaker,
        slot: impl Fn(u32) -> Slot,
    ) -> Map<String, Json> {
        let mut properties = Map::new();
        for (at, attribute) in (0..).zip(declared) {
            if speaker.speaks_for(attribute.from) && self.slots.contains(&slot(at)) {
                properties.insert(attribute.name.to_string(), self.attribute(attribute, declared));
            }
        }
        properties
    }

    fn attribute(&mut self, attribute: &Attribute, siblings: &[Attribute]) -> Json {
        let description = self.description(attribute, siblings);
        let mut schema = self.ty(&attribute.ty);
        if let Json::Object(members) = &mut schema {
            members.insert("description".into(), description.into());
            if attribute.sensitive {
                // Sent to the engine and never given back by it.
                members.insert("writeOnly".into(), true.into());
            }
        }
        schema
    }

    /// Its doc comment, and what the declaration says of where it comes from and how long it counts.
    fn description(&self, attribute: &Attribute, siblings: &[Attribute]) -> String {
        let mut parts: Vec<String> =
            attribute.doc.iter().map(|doc| doc.trim().trim_end_matches('.').to_owned()).collect();
        parts.push(format!("from `{}`", self.source_name(attribute.from)));
        for freshness in &attribute.freshness {
            let clock = |at: u32| siblings.get(at as usize).map_or("?", |clock| &*clock.name);
            parts.push(match freshness {
                Freshness::Since { age, clock: since } => format!("fresh for {age} since `{}`", clock(since.attribute)),
                Freshness::Until { clock: until } => format!("fresh until `{}`", clock(until.attribute)),
            });
        }
        parts.extend(attribute.sensitive.then(|| "sensitive".into()));
        parts.join("; ")
    }

    /// What each source says, and no other.
    fn evidence(&mut self, action: ActionId) -> Json {
        let sources = self.schema().sources.iter().enumerate();
        let parts: Map<String, Json> =
            sources.map(|(index, source)| (source.name.to_string(), self.part(action, SourceId::new(index)))).collect();
        json!({
            "description": "evidence by source; each attribute is then taken from its own source's part alone, and what \
                stands outside is `pep`'s",
            "type": "object",
            "additionalProperties": false,
            "properties": parts,
        })
    }

    fn part(&mut self, action: ActionId, source: SourceId) -> Json {
        let Some(declared) = self.schema().action(action) else { return json!(true) };
        let speaker = Speaker::Source(source);
        let mut members = Map::new();
        let is_voucher = declared.subject_from == source && source != Schema::PEP;
        let named: &[&str] = if is_voucher { &["type", "id"] } else { &[] };
        members.insert("subject".into(), self.asked(&declared.subjects, speaker, named));
        members.insert("resource".into(), self.asked(&declared.resources, speaker, &[]));
        members.insert("context".into(), self.context(speaker));
        members.insert("entities".into(), self.entities(speaker));
        json!({ "type": "object", "properties": members })
    }

    fn asked(&mut self, types: &[EntityTypeId], speaker: Speaker, required: &[&str]) -> Json {
        let all: Vec<Json> = types.iter().map(|ty| self.entity(*ty, speaker, required)).collect();
        json!({ "anyOf": all })
    }

    fn ty(&mut self, ty: &Type) -> Json {
        match ty {
            Type::Optional(of) => json!({ "anyOf": [self.ty(of), { "type": "null" }] }),
            Type::Set(of) | Type::List(of) => {
                json!({ "type": "array", "maxItems": self.policy.limits().elements_max, "items": self.ty(of) })
            }
            Type::Map(of) => json!({
                "type": "object",
                "maxProperties": self.policy.limits().elements_max,
                "additionalProperties": self.ty(of),
            }),
            Type::Record(id) => self.record(*id),
            Type::Enum(id) => self.enumeration(*id),
            Type::Entity(types) => self.entity_reference(types),
            scalar => scalar_schema(scalar),
        }
    }

    fn record(&mut self, id: RecordId) -> Json {
        let Some(record) = self.schema().record(id) else { return json!(true) };
        let name = record.name.to_string();
        if !self.defs.contains_key(&name) {
            // Claims the name first: records do not contain themselves, but a validated policy need not be trusted twice.
            self.defs.insert(name.clone(), json!(true));
            let fields = self.fields(&record.fields);
            self.defs.insert(name.clone(), json!({ "type": "object", "properties": fields }));
        }
        json!({ "$ref": pointer(&name) })
    }

    fn fields(&mut self, fields: &[Field]) -> Map<String, Json> {
        fields.iter().map(|field| (field.name.to_string(), self.ty(&field.ty))).collect()
    }

    fn enumeration(&mut self, id: EnumId) -> Json {
        let Some(declared) = self.schema().enum_type(id) else { return json!(true) };
        let name = declared.name.to_string();
        let members: Vec<&str> = declared.members.iter().map(|member| &**member).collect();
        self.defs.insert(name.clone(), json!({ "enum": members }));
        json!({ "$ref": pointer(&name) })
    }

    fn entity_reference(&self, types: &[EntityTypeId]) -> Json {
        let names: Vec<String> = types.iter().map(|ty| self.entity_name(*ty)).collect();
        let ty = if let [only] = names.as_slice() { json!({ "const": only }) } else { json!({ "enum": names }) };
        json!({
            "type": "object",
            "required": ["type", "id"],
            "properties": { "type": ty, "id": { "type": "string" } },
        })
    }

    fn entity_name(&self, ty: EntityTypeId) -> String {
        self.schema().entity(ty).map(|entity| entity.name.to_string()).unwrap_or_default()
    }

    fn source_name(&self, source: SourceId) -> &'a str {
        self.schema().source(source).map_or("pep", |source| &source.name)
    }
}

fn reference(name: &str) -> Json {
    json!({ "$ref": pointer(name) })
}

fn pointer(name: &str) -> String {
    format!("#/$defs/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn scalar_schema(ty: &Type) -> Json {
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Int => json!({ "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX }),
        Type::Decimal => number_or(r"^-?[0-9]+(\.[0-9]{1,6})?$"),
        Type::Timestamp => json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "number" }] }),
        Type::Duration => json!({ "type": "string", "pattern": "^-?([0-9]+(ms|[wdhms]))+$" }),
        Type::Ip => json!({ "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] }),
        Type::IpRange => json!({ "type": "string", "pattern": "^[0-9A-Fa-f.:]+/[0-9]+$" }),
        Type::Version => json!({ "type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+([-+].*)?$" }),
        Type::Quantity => number_or(r"^[+-]?[0-9.]+([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$"),
        Type::Path => json!({ "type": "string", "pattern": "^/" }),
        _ => json!({ "type": "string" }),
    }
}

fn number_or(pattern: &str) -> Json {
    json!({ "anyOf": [{ "type": "number" }, { "type": "string", "pattern": pattern }] })
}
