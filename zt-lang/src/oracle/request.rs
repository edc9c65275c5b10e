//! Requests and entity data for a policy, as documents.
//!
//! Most are whole and well-typed, so that rules get to fire; the rest lack parts, lie about types, are stale, or are made
//! to trip the reader.

use serde_json::{Map, Value as Json, json};
use zt_eval::id::{ActionId, EntityTypeId, SourceId};
use zt_eval::schema::{Attribute, Schema};
use zt_eval::value::Timestamp;

use super::choices::Choices;
use super::pool;

/// How well a request's author behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manner {
    Whole,
    Partial,
    Careless,
    Hostile,
}

/// Everything that a decision is asked with, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The entity data.
    pub store: String,
    /// The request document.
    pub request: String,
    /// The instant.
    pub now: Option<Timestamp>,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let now = self.now.map_or_else(|| "none".to_owned(), |now| now.to_string());
        writeln!(f, "store: {}\nrequest: {}\nnow: {now}", self.store, self.request)
    }
}

struct Writer<'s, 'c, 'b> {
    schema: &'s Schema,
    choices: &'c mut Choices<'b>,
    manner: Manner,
}

/// Entity data that loads: no value is mistyped, no parents close a cycle.
pub fn store(schema: &Schema, choices: &mut Choices<'_>) -> String {
    let mut writer = Writer { schema, choices, manner: Manner::Partial };
    let mut entities = Vec::new();
    for (uid, rank) in all_entities(schema) {
        if writer.choices.chance(1, 3) {
            entities.push(writer.entity(uid, rank, |_| true));
        }
    }
    Json::Array(entities).to_string()
}

/// All entities that requests speak of, each with its place in an order in which parents come later.
fn all_entities(schema: &Schema) -> Vec<((EntityTypeId, &'static str), usize)> {
    let types = schema.entities.len();
    let uids = pool::IDS.iter().flat_map(|id| (0..types).map(move |ty| (EntityTypeId::new(ty), *id)));
    uids.enumerate().map(|(rank, uid)| (uid, rank)).collect()
}

/// An instant to decide at.
pub fn instant(choices: &mut Choices<'_>) -> Option<Timestamp> {
    match choices.below(16) {
        0..=9 => Timestamp::from_millis(pool::ANCHOR_MS),
        15 => None,
        _ => {
            let near =
                choices.pick(&[0, 1, -1, 60_000, 900_000, 900_001, -60_000, 86_400_000]).copied().unwrap_or_default();
            pool::instant(choices).millis().checked_add(near).and_then(Timestamp::from_millis)
        }
    }
}

/// A request document for the policy's schema.
pub fn request(schema: &Schema, choices: &mut Choices<'_>) -> String {
    let manner = match choices.below(12) {
        0..=6 => Manner::Whole,
        7 | 8 => Manner::Partial,
        9 | 10 => Manner::Careless,
        _ => Manner::Hostile,
    };
    let mut writer = Writer { schema, choices, manner };
    let document = writer.document();
    if manner == Manner::Hostile { garbled(&document.to_string(), writer.choices) } else { document.to_string() }
}

/// Sometimes a member that is given twice, sometimes a text that breaks off.
fn garbled(text: &str, choices: &mut Choices<'_>) -> String {
    match choices.below(6) {
        0 => {
            let keys: Vec<usize> = text.match_indices("{\"").map(|(at, _)| at).collect();
            let Some(at) = choices.pick(&keys).copied() else { return text.to_owned() };
            let (head, tail) = text.split_at(at + 1);
            let key = tail.split_inclusive('"').take(2).collect::<String>();
            format!("{head}{key}:null,{tail}")
        }
        1 => text.char_indices().nth(choices.below(text.len())).map_or(text, |(at, _)| text.split_at(at).0).to_owned(),
        _ => text.to_owned(),
    }
}

impl Writer<'_, '_, '_> {
    fn document(&mut self) -> Json {
        let action = self.choices.below(self.schema.actions.len());
        let Some(action) = self.schema.action(ActionId::new(action)) else { return Json::Null };
        let subject = self.choices.pick(&action.subjects).copied().unwrap_or(EntityTypeId::new(0));
        let resource = self.choices.pick(&action.resources).copied().unwrap_or(EntityTypeId::new(0));
        let subject = (subject, self.choices.text(pool::IDS));
        let resource = (resource, self.choices.text(pool::IDS));
        let is_sorted = self.choices.chance(1, 4);
        let speaks: fn(SourceId) -> bool = if is_sorted { |source| source == Schema::PEP } else { |_| true };
        let mut document = self.part(subject, resource, speaks);
        let name = if self.manner == Manner::Hostile && self.choices.chance(1, 8) { "nothing" } else { &action.name };
        document.insert("action".into(), json!({ "name": name }));
        if is_sorted {
            let mut evidence = Map::new();
            for (index, source) in self.schema.sources.iter().enumerate().skip(1) {
                if self.manner == Manner::Whole || self.choices.chance(3, 4) {
                    let part = self.part_of(subject, resource, SourceId::new(index));
                    evidence.insert(source.name.to_string(), Json::Object(part));
                }
            }
            document.insert("evidence".into(), Json::Object(evidence));
        }
        if self.choices.chance(1, 4) {
            document.insert("comment".into(), pool::hostile(self.choices));
        }
        Json::Object(document)
    }

    fn part_of(
        &mut self,
        subject: (EntityTypeId, &'static str),
        resource: (EntityTypeId, &'static str),
        source: SourceId,
    ) -> Map<String, Json> {
        self.part(subject, resource, |from| from == source)
    }

    /// What one speaker says, or all of them.
    fn part(
        &mut self,
        subject: (EntityTypeId, &'static str),
        resource: (EntityTypeId, &'static str),
        speaks: impl Fn(SourceId) -> bool,
    ) -> Map<String, Json> {
        let mut part = Map::new();
        let all = all_entities(self.schema);
        let rank = |uid| all.iter().find(|(each, _)| *each == uid).map_or(0, |(_, rank)| *rank);
        part.insert("subject".into(), self.entity(subject, rank(subject), &speaks));
        if subject != resource {
            part.insert("resource".into(), self.entity(resource, rank(resource), &speaks));
        } else {
            part.insert("resource".into(), pool::entity(self.schema, resource.0, resource.1));
        }
        if self.keeps(8) {
            part.insert("context".into(), Json::Object(self.attributes(&self.schema.context, &speaks)));
        }
        let mut others = Vec::new();
        for (uid, rank) in all.iter().copied().filter(|(uid, _)| *uid != subject && *uid != resource) {
            let is_told = if self.manner == Manner::Whole { 3 } else { 1 };
            if self.choices.chance(is_told, 4) {
                others.push(self.entity(uid, rank, &speaks));
            }
        }
        part.insert("entities".into(), Json::Array(others));
        part
    }

    /// Whether to say something that one need not say: less often, the worse the manner.
    fn keeps(&mut self, of: usize) -> bool {
        self.manner == Manner::Whole || !self.choices.chance(1, of)
    }

    fn entity(&mut self, uid: (EntityTypeId, &'static str), rank: usize, speaks: impl Fn(SourceId) -> bool) -> Json {
        let mut object = Map::new();
        let Some(entity) = self.schema.entity(uid.0) else { return Json::Null };
        object.insert("type".into(), Json::String(entity.name.to_string()));
        object.insert("id".into(), Json::String(uid.1.to_owned()));
        if self.keeps(8) {
            object.insert("properties".into(), Json::Object(self.attributes(&entity.attributes, &speaks)));
        }
        if !entity.parents.is_empty() && speaks(entity.parents_from) && self.keeps(6) {
            object.insert("parents".into(), self.parents(&entity.parents, rank));
        }
        Json::Object(object)
    }

    fn parents(&mut self, permitted: &[EntityTypeId], rank: usize) -> Json {
        let is_hostile = self.manner == Manner::Hostile && self.choices.chance(1, 8);
        let later = all_entities(self.schema)
            .into_iter()
            .filter(|(uid, at)| permitted.contains(&uid.0) && (*at > rank || is_hostile));
        let candidates: Vec<_> = later.map(|(uid, _)| uid).collect();
        let mut parents = Vec::new();
        for _ in 0..self.choices.below(3) {
            if let Some((ty, id)) = self.choices.pick(&candidates) {
                parents.push(pool::entity(self.schema, *ty, id));
            }
        }
        if is_hostile && self.choices.chance(1, 3) {
            parents.push(pool::hostile(self.choices));
        }
        Json::Array(parents)
    }

    fn attributes(&mut self, declared: &[Attribute], speaks: &impl Fn(SourceId) -> bool) -> Map<String, Json> {
        let mut members = Map::new();
        for attribute in declared {
            // A speaker now and then also says what is not its to say.
            let is_its_own = speaks(attribute.from) || self.choices.chance(1, 12);
            if is_its_own && self.keeps(6) {
                let value = match self.manner {
                    Manner::Careless if self.choices.chance(1, 8) => pool::hostile(self.choices),
                    Manner::Hostile if self.choices.chance(1, 4) => pool::hostile(self.choices),
                    _ => pool::json(self.schema, &attribute.ty, self.choices, 3),
                };
                members.insert(attribute.name.to_string(), value);
            }
        }
        if self.manner != Manner::Whole && self.choices.chance(1, 8) {
            members.insert("undeclared".into(), pool::hostile(self.choices));
        }
        members
    }
}
