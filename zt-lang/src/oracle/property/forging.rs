//! P3: forging never helps.
//!
//! Two requests agree on everything verified when they differ only in attributes and parents of unverified sources, in
//! anything such sources say where evidence is sorted (also of what is not theirs to say), and in who the subject is where only an unverified source says so. As
//! long as both are valid, the same allow rules fire, with the same obligations; of the decision, deny rules alone make
//! the difference.

use serde_json::{Value as Json, json};
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::id::SourceId;
use zt_eval::schema::{Attribute, Schema};
use zt_eval::{Effect, Request};

use super::{Asked, Subject};
use crate::oracle::choices::Choices;
use crate::oracle::pool;
use crate::oracle::request::Case;

impl Subject {
    /// Forges some of what unverified sources say: the same allow rules fire.
    ///
    /// # Errors
    ///
    /// The forged request whose allow rules are others.
    pub fn forging_never_helps(&self, asked: &Asked<'_>, choices: &mut Choices<'_>) -> Result<(), String> {
        let Ok(mut document) = serde_json::from_str::<Json>(&asked.case.request) else { return Ok(()) };
        forge(self.compiled.schema(), &mut document, choices);
        let case = Case { request: document.to_string(), ..asked.case.clone() };
        let Some(forged) = self.ask(&case)? else {
            // What is not a source's to say is passed over, so that nothing but parents can spoil a request.
            let error =
                Request::from_json(&self.compiled, case.request.as_bytes()).err().map(|error| error.to_string());
            let is_cycle = error.as_ref().is_none_or(|error| error.contains("cycle"));
            return self
                .expect(&case, is_cycle, || format!("forging makes a request invalid: {error:?}\nof\n{}", asked.case));
        };
        let (before, after) = (self.firing(asked)?, self.firing(&forged)?);
        let same =
            before.rules == after.rules && before.obligations == after.obligations && before.effect == after.effect;
        self.expect(&case, same, || format!("forging moves allow rules: {before:?}\n{after:?}\nof\n{}", asked.case))?;
        let (before, after) = (self.decide(asked), self.decide(&forged));
        let both = before.effect == Effect::Allow && after.effect == Effect::Allow;
        let agree = before.rules == after.rules && before.obligations == after.obligations;
        self.expect(&case, !both || agree, || {
            format!("forging changes an allowed request: {before:?}\n{after:?}\nof\n{}", asked.case)
        })
    }

    /// The decision by allow rules alone.
    fn firing(&self, asked: &Asked<'_>) -> Result<Decision, String> {
        let told =
            |error: String| self.told(asked.case, &format!("a request that was read is not read again: {error}"));
        let request =
            Request::from_json(&self.allows, asked.case.request.as_bytes()).map_err(|error| told(error.to_string()))?;
        Ok(eval::decide(&self.allows, &asked.store, &request, asked.case.now, Mode::Full, &mut Scratch::new()))
    }
}

fn is_verified(schema: &Schema, source: SourceId) -> bool {
    schema.source(source).is_none_or(|source| source.verified)
}

fn forge(schema: &Schema, document: &mut Json, choices: &mut Choices<'_>) {
    let is_flat = document.get("evidence").is_none();
    if is_flat {
        forge_part(schema, document, choices, &|from| !is_verified(schema, from));
        forge_subject(schema, document, choices);
        return;
    }
    // The flat part is the enforcement point's own, of which nothing is unverified.
    let names = [document.get("subject").cloned(), document.get("resource").cloned()];
    let Some(evidence) = document.get_mut("evidence").and_then(Json::as_object_mut) else { return };
    for source in schema.sources.iter().filter(|source| !source.verified) {
        match evidence.get_mut(&*source.name) {
            Some(part) => {
                for (role, name) in ["subject", "resource"].into_iter().zip(&names) {
                    complete_name(part, role, name.as_ref());
                }
                forge_part(schema, part, choices, &|_| true);
            }
            None => {
                let mut part = json!({ "subject": {}, "resource": {}, "context": {} });
                for (role, name) in ["subject", "resource"].into_iter().zip(&names) {
                    complete_name(&mut part, role, name.as_ref());
                    if let Some(Json::Object(entity)) = part.get_mut(role) {
                        entity.insert("properties".into(), json!({}));
                    }
                }
                forge_part(schema, &mut part, choices, &|_| true);
                evidence.insert(source.name.to_string(), part);
            }
        }
    }
}

/// Puts in the name that a source may leave to the document.
fn complete_name(part: &mut Json, role: &str, name: Option<&Json>) {
    let (Some(Json::Object(entity)), Some(name)) = (part.get_mut(role), name) else { return };
    for key in ["type", "id"] {
        if let Some(value) = name.get(key) {
            entity.insert(key.into(), value.clone());
        }
    }
}

/// Changes what `may` be changed, by who vouches for it.
fn forge_part(schema: &Schema, part: &mut Json, choices: &mut Choices<'_>, may: &dyn Fn(SourceId) -> bool) {
    if let Some(Json::Object(context)) = part.get_mut("context") {
        forge_attributes(schema, &schema.context, context, choices, may);
    }
    for role in ["subject", "resource"] {
        if let Some(entity) = part.get_mut(role) {
            forge_entity(schema, entity, choices, may);
        }
    }
    for entity in part.get_mut("entities").and_then(Json::as_array_mut).into_iter().flatten() {
        forge_entity(schema, entity, choices, may);
    }
}

fn forge_entity(schema: &Schema, entity: &mut Json, choices: &mut Choices<'_>, may: &dyn Fn(SourceId) -> bool) {
    let ty = entity.get("type").and_then(Json::as_str).and_then(|name| schema.find_entity(name));
    let Some(ty) = ty.and_then(|ty| schema.entity(ty)) else { return };
    if let Some(Json::Object(properties)) = entity.get_mut("properties") {
        forge_attributes(schema, &ty.attributes, properties, choices, may);
    }
    let forges = may(ty.parents_from) && !ty.parents.is_empty();
    if forges && choices.chance(1, 2) {
        let parents = (0..choices.below(3)).filter_map(|_| {
            let parent = choices.pick(&ty.parents)?;
            Some(pool::entity(schema, *parent, choices.text(pool::IDS)))
        });
        let parents = Json::Array(parents.collect());
        if let Json::Object(members) = entity {
            members.insert("parents".into(), parents);
        }
    }
}

fn forge_attributes(
    schema: &Schema,
    declared: &[Attribute],
    members: &mut serde_json::Map<String, Json>,
    choices: &mut Choices<'_>,
    may: &dyn Fn(SourceId) -> bool,
) {
    for attribute in declared.iter().filter(|attribute| may(attribute.from)) {
        match choices.below(6) {
            0 => {}
            1 => drop(members.remove(&*attribute.name)),
            2 => drop(members.insert(attribute.name.to_string(), pool::hostile(choices))),
            _ => drop(members.insert(attribute.name.to_string(), pool::json(schema, &attribute.ty, choices, 3))),
        }
    }
}

/// Makes the request another subject's, where the subject is a claim. What is said of entities stays as it is.
fn forge_subject(schema: &Schema, document: &mut Json, choices: &mut Choices<'_>) {
    let name = document.get("action").and_then(|action| action.get("name")).and_then(Json::as_str);
    let Some(action) = name.and_then(|name| schema.find_action(name)).and_then(|id| schema.action(id)) else { return };
    if is_verified(schema, action.subject_from) {
        return;
    }
    let Some(subject) = choices.pick(&action.subjects).map(|ty| pool::entity(schema, *ty, choices.text(pool::IDS)))
    else {
        return;
    };
    let Some(before) = document.get_mut("subject").map(|place| std::mem::replace(place, subject)) else { return };
    let is_described = before.get("properties").is_some() || before.get("parents").is_some();
    if let Json::Object(members) = document {
        let entities = members.entry("entities").or_insert_with(|| json!([]));
        if let Some(entities) = entities.as_array_mut().filter(|_| is_described) {
            entities.push(before);
        }
    }
}
