//! What a decision says of its own validity: until when, and as long as what stays the same.

use std::collections::HashSet;

use serde_json::{Value as Json, json};
use zt_eval::decision::{Decision, Fact};
use zt_eval::id::EntityTypeId;
use zt_eval::schema::{Attribute, Schema};
use zt_eval::value::{EntityUid, Timestamp};

use super::{Asked, Subject, is_same};
use crate::oracle::choices::Choices;
use crate::oracle::pool;
use crate::oracle::request::Case;

impl Subject {
    /// The decision is the same at the instant, just before `valid_until`, and at some instants between.
    ///
    /// # Errors
    ///
    /// The instant at which it is another.
    pub fn holds_until(&self, asked: &Asked<'_>, decision: &Decision, choices: &mut Choices<'_>) -> Result<(), String> {
        let Some(now) = asked.case.now else {
            return self
                .expect(asked.case, decision.valid_until.is_none(), || "without a clock nothing ends".to_owned());
        };
        self.expect(asked.case, decision.valid_until.is_none_or(|until| until > now), || {
            "it ends before it begins".to_owned()
        })?;
        let last = decision.valid_until.map_or(Timestamp::MAX.millis(), |until| until.millis() - 1);
        let span = last - now.millis();
        let near = [0, 1, 60_000, 900_000].map(|step| now.millis().saturating_add(step).min(last));
        let between = now.millis() + span / 256 * i64::try_from(choices.below(256)).unwrap_or(0);
        for later in near.into_iter().chain([between, last]).filter_map(Timestamp::from_millis) {
            let other = self.decide_at(asked, Some(later));
            let told = || {
                format!(
                    "the decision holds until {:?}, and is another at {later}: {decision:?}\n{other:?}",
                    decision.valid_until
                )
            };
            self.expect(asked.case, is_same(decision, &other), told)?;
        }
        Ok(())
    }

    /// The decision stays the same whatever changes outside `depends_on`.
    ///
    /// # Errors
    ///
    /// The change that moves it.
    pub fn depends_only(
        &self,
        asked: &Asked<'_>,
        decision: &Decision,
        choices: &mut Choices<'_>,
    ) -> Result<(), String> {
        let (Ok(mut request), Ok(mut store)) =
            (serde_json::from_str::<Json>(&asked.case.request), serde_json::from_str::<Json>(&asked.case.store))
        else {
            return Ok(());
        };
        let mut editor =
            Editor { schema: self.compiled.schema(), facts: decision.depends_on.iter().collect(), choices };
        editor.request(&mut request);
        editor.store(&mut store);
        let is_timeless = !editor.facts.contains(&Fact::Now);
        let now = if is_timeless { crate::oracle::request::instant(editor.choices) } else { asked.case.now };
        let case = Case { store: store.to_string(), request: request.to_string(), now };
        // Parents that nothing consults can still close a cycle, which makes a request invalid.
        let Some(other) = self.decide_case(&case)? else { return Ok(()) };
        self.expect(&case, *decision == other, || {
            format!("something outside matters: {decision:?}\n{other:?}\nof\n{}", asked.case)
        })
    }
}

/// Changes what no fact is about.
struct Editor<'s, 'c, 'b> {
    schema: &'s Schema,
    facts: HashSet<&'s Fact>,
    choices: &'c mut Choices<'b>,
}

impl Editor<'_, '_, '_> {
    fn request(&mut self, document: &mut Json) {
        let names = ["subject", "resource"].map(|role| document.get(role).cloned().unwrap_or(Json::Null));
        self.part(document, &names);
        if let Some(evidence) = document.get_mut("evidence").and_then(Json::as_object_mut) {
            evidence.values_mut().for_each(|part| self.part(part, &names));
        }
        if let Json::Object(members) = document {
            members.insert("undeclared".into(), pool::hostile(self.choices));
        }
    }

    fn part(&mut self, part: &mut Json, names: &[Json; 2]) {
        let schema = self.schema;
        if let Some(Json::Object(context)) = part.get_mut("context") {
            self.attributes(&schema.context, context, Fact::Context, true);
        }
        for (role, name) in ["subject", "resource"].into_iter().zip(names) {
            if let (Some(Json::Object(entity)), Some(uid)) = (part.get_mut(role), self.uid(name)) {
                self.entity(entity, &uid, true);
            }
        }
        for entity in part.get_mut("entities").and_then(Json::as_array_mut).into_iter().flatten() {
            let uid = self.uid(entity);
            if let (Json::Object(entity), Some(uid)) = (entity, uid) {
                self.entity(entity, &uid, true);
            }
        }
    }

    /// Attributes in the store, and one more entity there that nothing knows.
    fn store(&mut self, store: &mut Json) {
        let Some(entities) = store.as_array_mut() else { return };
        for entity in entities.iter_mut() {
            let uid = self.uid(entity);
            if let (Json::Object(entity), Some(uid)) = (entity, uid) {
                self.entity(entity, &uid, false);
            }
        }
        let ty = EntityTypeId::new(self.choices.below(self.schema.entities.len()));
        entities.push(pool::entity(self.schema, ty, "nobody else"));
    }

    fn uid(&self, name: &Json) -> Option<EntityUid> {
        let ty = self.schema.find_entity(name.get("type")?.as_str()?)?;
        Some(EntityUid { ty, id: name.get("id")?.as_str()?.into() })
    }

    /// In the store values have their types, and parents are consulted together.
    fn entity(&mut self, entity: &mut serde_json::Map<String, Json>, uid: &EntityUid, is_request: bool) {
        let schema = self.schema;
        let Some(ty) = schema.entity(uid.ty) else { return };
        if let Some(Json::Object(properties)) = entity.get_mut("properties") {
            self.attributes(&ty.attributes, properties, |at| Fact::Attribute(uid.clone(), at), is_request);
        }
        let is_consulted = self.facts.contains(&Fact::Parents(uid.clone()));
        if is_request && !is_consulted && self.choices.chance(1, 2) {
            match self.choices.below(3) {
                0 => drop(entity.remove("parents")),
                1 => drop(entity.insert("parents".into(), json!([]))),
                _ => {
                    let parent = self.choices.pick(&ty.parents).map(|parent| pool::entity(schema, *parent, "c"));
                    entity.insert("parents".into(), Json::Array(parent.into_iter().collect()));
                }
            }
        }
    }

    fn attributes(
        &mut self,
        declared: &[Attribute],
        members: &mut serde_json::Map<String, Json>,
        fact: impl Fn(u32) -> Fact,
        is_request: bool,
    ) {
        for (at, attribute) in (0..).zip(declared) {
            if self.facts.contains(&fact(at)) || self.choices.chance(1, 3) {
                continue;
            }
            match self.choices.below(4) {
                0 => drop(members.remove(&*attribute.name)),
                1 if is_request => drop(members.insert(attribute.name.to_string(), pool::hostile(self.choices))),
                _ => {
                    let value = pool::json(self.schema, &attribute.ty, self.choices, 3);
                    members.insert(attribute.name.to_string(), value);
                }
            }
        }
    }
}
