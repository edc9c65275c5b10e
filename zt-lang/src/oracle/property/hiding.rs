//! P2: hiding never helps.
//!
//! What can be taken from a request document, so that it says less and nothing else:
//!
//! * the key of an attribute, in `context` or `properties`, and the key of a field of a record in it, unless its type is
//!   optional and its source is complete: then leaving it out is a statement;
//! * the value of such a place, replaced by one of no type, or by `null` unless the type is optional;
//! * an element of a set or list, or a value in a map, replaced by `null`: the collection is then unknown, or its record is;
//! * `parents`, left out or replaced by something else than a list;
//! * `properties`, `context`, an element of `entities`, or all of these, as wholes;
//! * the part of one source in `evidence`, though not `evidence` itself: then the flat form would speak for all;
//! * the instant.
//!
//! Taking any of them leads to a request that is less known (`is_less`), and one after the other in any chain.

use serde_json::Value as Json;
use zt_eval::schema::{Schema, Type};
use zt_eval::value::{Datum, Value};
use zt_eval::{Effect, Request};

use super::{Asked, Subject, is_invalid};
use crate::oracle::choices::Choices;
use crate::oracle::request::Case;

/// One thing that can be taken.
#[derive(Clone, Debug)]
enum Taking {
    /// The key, or the element, at the end of the pointer.
    Remove(Vec<String>),
    /// The value there, by a value that is of no type.
    Mistype(Vec<String>),
    /// The value there, by `null`.
    Null(Vec<String>),
    /// The instant.
    Now,
}

impl Subject {
    /// Takes one thing after the other from a request: none of them gets it allowed.
    ///
    /// # Errors
    ///
    /// The request that is allowed, or that is not less known.
    pub fn hiding_never_helps(&self, asked: &Asked<'_>, choices: &mut Choices<'_>, chain: usize) -> Result<(), String> {
        let Ok(mut document) = serde_json::from_str::<Json>(&asked.case.request) else { return Ok(()) };
        // A key that is given twice, with one value in serde's eyes, never gets here: such requests are invalid.
        let mut now = asked.case.now;
        let mut before = self.decide(asked).effect;
        let mut known = asked.request.clone();
        for _ in 0..chain {
            let takings = takings(self.compiled.schema(), &document);
            // The clock is one of many; pick it as if it were one of a few.
            let clock = takings.first().filter(|_| choices.chance(1, 6));
            let Some(taking) = clock.or_else(|| choices.pick(&takings)) else { return Ok(()) };
            match taking {
                Taking::Now => now = None,
                other => apply(&mut document, other),
            }
            let case = Case { store: asked.case.store.clone(), request: document.to_string(), now };
            let Some(less) = self.ask(&case)? else { return Ok(()) };
            let told = || format!("{taking:?} of\n{}", asked.case);
            self.expect(&case, is_less(self.compiled.schema(), &less.request, &known), || {
                format!("not less known by {}", told())
            })?;
            let decision = self.decide(&less);
            let widens = before == Effect::Deny && decision.effect == Effect::Allow && !is_invalid(&decision);
            self.expect(&case, !widens, || format!("hiding helps: {}", told()))?;
            (before, known) = (decision.effect, less.request);
        }
        Ok(())
    }
}

fn takings(schema: &Schema, document: &Json) -> Vec<Taking> {
    let mut found = vec![Taking::Now];
    part(schema, document, Vec::new(), None, &mut found);
    for (source, inner) in document.get("evidence").and_then(Json::as_object).into_iter().flatten() {
        let at = vec!["evidence".to_owned(), source.clone()];
        // The question stays vouched for, so that the request stays valid.
        part(schema, inner, at.clone(), Some(document), &mut found);
        found.push(Taking::Remove(at));
    }
    found
}

fn under(at: &[String], key: &str) -> Vec<String> {
    at.iter().cloned().chain([key.to_owned()]).collect()
}

/// What can be taken from one speaker's part. `whole` is the document, where names may be left to it.
fn part(schema: &Schema, part: &Json, at: Vec<String>, whole: Option<&Json>, found: &mut Vec<Taking>) {
    if let Some(context) = part.get("context") {
        let context_at = under(&at, "context");
        let types = schema.context.iter().map(|attribute| (&*attribute.name, &attribute.ty, attribute.from));
        attributes(schema, context, types, &context_at, found);
        found.push(Taking::Remove(context_at));
    }
    for role in ["subject", "resource"] {
        if let Some(entity) = part.get(role) {
            let named = whole.and_then(|whole| whole.get(role)).unwrap_or(entity);
            description(schema, entity, named, &under(&at, role), found);
        }
    }
    let entities_at = under(&at, "entities");
    for (index, entity) in part.get("entities").and_then(Json::as_array).into_iter().flatten().enumerate() {
        let entity_at = under(&entities_at, &index.to_string());
        description(schema, entity, entity, &entity_at, found);
        found.push(Taking::Remove(entity_at));
    }
    if part.get("entities").is_some() {
        found.push(Taking::Remove(entities_at));
    }
}

fn description(schema: &Schema, entity: &Json, named: &Json, at: &[String], found: &mut Vec<Taking>) {
    let ty = named.get("type").and_then(Json::as_str).and_then(|name| schema.find_entity(name));
    let Some(ty) = ty.and_then(|ty| schema.entity(ty)) else { return };
    if let Some(properties) = entity.get("properties") {
        let properties_at = under(at, "properties");
        let types = ty.attributes.iter().map(|attribute| (&*attribute.name, &attribute.ty, attribute.from));
        attributes(schema, properties, types, &properties_at, found);
        found.push(Taking::Remove(properties_at));
    }
    if entity.get("parents").is_some() {
        found.extend([Taking::Remove(under(at, "parents")), Taking::Mistype(under(at, "parents"))]);
    }
}

fn attributes<'s>(
    schema: &Schema,
    object: &Json,
    declared: impl Iterator<Item = (&'s str, &'s Type, zt_eval::id::SourceId)>,
    at: &[String],
    found: &mut Vec<Taking>,
) {
    for (name, ty, from) in declared {
        let complete = schema.source(from).is_some_and(|source| source.complete);
        if let Some(value) = object.get(name) {
            place(schema, value, ty, complete, under(at, name), found);
        }
    }
}

/// What can be taken at a declared place and within it.
fn place(schema: &Schema, value: &Json, ty: &Type, complete: bool, at: Vec<String>, found: &mut Vec<Taking>) {
    found.push(Taking::Mistype(at.clone()));
    if !ty.is_optional() {
        found.push(Taking::Null(at.clone()));
    }
    if !(ty.is_optional() && complete) {
        found.push(Taking::Remove(at.clone()));
    }
    match ty.present() {
        Type::Record(id) => {
            for field in schema.record(*id).map_or(&[][..], |record| &record.fields) {
                if let Some(inner) = value.get(&*field.name) {
                    place(schema, inner, &field.ty, complete, under(&at, &field.name), found);
                }
            }
        }
        Type::Set(inner) | Type::List(inner) => {
            for (index, element) in value.as_array().into_iter().flatten().enumerate() {
                let element_at = under(&at, &index.to_string());
                found.push(Taking::Null(element_at.clone()));
                if let Type::Record(id) = &**inner {
                    for field in schema.record(*id).map_or(&[][..], |record| &record.fields) {
                        if let Some(inner) = element.get(&*field.name) {
                            place(schema, inner, &field.ty, complete, under(&element_at, &field.name), found);
                        }
                    }
                }
            }
        }
        Type::Map(_) => {
            found.extend(value.as_object().into_iter().flatten().map(|(key, _)| Taking::Null(under(&at, key))));
        }
        _ => {}
    }
}

fn apply(document: &mut Json, taking: &Taking) {
    let (path, with) = match taking {
        Taking::Remove(path) => (path, None),
        // No type of the language is written as a list within a list of lists.
        Taking::Mistype(path) => (path, Some(serde_json::json!([[[]]]))),
        Taking::Null(path) => (path, Some(Json::Null)),
        Taking::Now => return,
    };
    let Some((last, above)) = path.split_last() else { return };
    let mut current = document;
    for key in above {
        let next = match current {
            Json::Object(members) => members.get_mut(key),
            Json::Array(elements) => key.parse().ok().and_then(|at: usize| elements.get_mut(at)),
            _ => None,
        };
        let Some(next) = next else { return };
        current = next;
    }
    match (current, with) {
        (Json::Object(members), Some(with)) => drop(members.insert(last.clone(), with)),
        (Json::Object(members), None) => drop(members.remove(last)),
        (Json::Array(elements), with) => {
            let Some(at) = last.parse().ok().filter(|at: &usize| *at < elements.len()) else { return };
            match (elements.get_mut(at), with) {
                (Some(element), Some(with)) => *element = with,
                _ => drop(elements.remove(at)),
            }
        }
        _ => {}
    }
}

/// Whether `less` comes from `more` by replacing known leaves by unknown ones.
fn is_less(schema: &Schema, less: &Request, more: &Request) -> bool {
    let asks_same =
        less.action() == more.action() && less.subject() == more.subject() && less.resource() == more.resource();
    let contexts = less.context().iter().zip(more.context()).all(|(less, more)| is_less_datum(less, more));
    let entities = less.entities().iter().all(|entity| {
        let takes_parents = schema.entity(entity.uid().ty).is_some_and(|ty| !ty.parents.is_empty());
        match more.described(entity.uid()) {
            Some(other) => {
                let attributes = entity.attributes().iter().zip(other.attributes());
                let parents = entity.parents().is_none() || entity.parents() == other.parents();
                attributes.into_iter().all(|(less, more)| is_less_datum(less, more)) && parents
            }
            None => {
                let says_nothing = entity.attributes().iter().all(|datum| *datum == Datum::Unknown);
                says_nothing && (entity.parents().is_none() || !takes_parents)
            }
        }
    });
    asks_same && contexts && entities
}

fn is_less_datum(less: &Datum, more: &Datum) -> bool {
    match (less, more) {
        (Datum::Unknown, _) => true,
        (Datum::Value(less), Datum::Value(more)) => is_less_value(less, more),
        (less, more) => less == more,
    }
}

fn is_less_value(less: &Value, more: &Value) -> bool {
    match (less, more) {
        (Value::Record(less), Value::Record(more)) => {
            less.len() == more.len() && less.iter().zip(more.iter()).all(|(less, more)| is_less_datum(less, more))
        }
        (Value::List(less), Value::List(more)) => {
            less.len() == more.len() && less.iter().zip(more.iter()).all(|(less, more)| is_less_value(less, more))
        }
        (Value::Map(less), Value::Map(more)) => {
            less.len() == more.len()
                && less.iter().zip(more.iter()).all(|(less, more)| less.0 == more.0 && is_less_value(&less.1, &more.1))
        }
        (less, more) => less == more,
    }
}
