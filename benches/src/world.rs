//! Entities and requests, said once and written for each engine in its own form.
//!
//! Engines differ in where they keep hierarchies: `zt` and Cedar are given parents and work out ancestors when they load;
//! Rego has no hierarchies, so its data has the ancestors worked out already, which spares it the work at decision time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value, json};

/// An entity's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uid {
    /// Its type.
    pub ty: &'static str,
    /// Its id.
    pub id: String,
}

/// The name of an entity.
pub fn uid(ty: &'static str, id: impl fmt::Display) -> Uid {
    Uid { ty, id: id.to_string() }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.ty, self.id)
    }
}

/// A value of an attribute.
#[derive(Clone, PartialEq, Debug)]
pub enum Attribute {
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// An entity.
    Entity(Uid),
    /// Entities, in no order.
    Entities(Vec<Uid>),
}

/// What is known of an entity.
#[derive(Clone, PartialEq, Debug)]
pub struct Entity {
    /// Its name.
    pub uid: Uid,
    /// Its attributes.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// The entities that it is in.
    pub parents: Vec<Uid>,
}

/// A question.
#[derive(Clone, PartialEq, Debug)]
pub struct Ask {
    /// Who asks.
    pub subject: Uid,
    /// For what.
    pub action: &'static str,
    /// Of what.
    pub resource: Uid,
    /// Under which circumstances.
    pub context: Vec<(&'static str, Attribute)>,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {:?}", self.subject, self.action, self.resource, self.context)
    }
}

/// Everything that is known.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct World {
    /// The entities.
    pub entities: Vec<Entity>,
}

impl World {
    /// Adds an entity.
    pub fn add(&mut self, uid: Uid, attributes: Vec<(&'static str, Attribute)>, parents: Vec<Uid>) {
        self.entities.push(Entity { uid, attributes, parents });
    }

    /// The ancestors of each entity, itself included.
    #[must_use]
    pub fn ancestors(&self) -> BTreeMap<&Uid, BTreeSet<&Uid>> {
        let parents: BTreeMap<&Uid, &[Uid]> =
            self.entities.iter().map(|entity| (&entity.uid, entity.parents.as_slice())).collect();
        let reached = |start| {
            let (mut seen, mut pending) = (BTreeSet::from([start]), vec![start]);
            while let Some(next) = pending.pop() {
                let parents = parents.get(next).copied().unwrap_or_default();
                pending.extend(parents.iter().filter(|parent| seen.insert(*parent)));
            }
            seen
        };
        parents.keys().map(|uid| (*uid, reached(*uid))).collect()
    }

    /// As `zt`'s store reads it.
    #[must_use]
    pub fn zt(&self) -> String {
        let entity = |entity: &Entity| {
            let parents: Vec<Value> = entity.parents.iter().map(typed).collect();
            let mut value = typed(&entity.uid);
            value["properties"] = record(&entity.attributes, typed);
            value["parents"] = parents.into();
            value
        };
        Value::Array(self.entities.iter().map(entity).collect()).to_string()
    }

    /// As Cedar's entities are read.
    #[must_use]
    pub fn cedar(&self) -> Value {
        let entity = |entity: &Entity| {
            let parents: Vec<Value> = entity.parents.iter().map(typed).collect();
            let attributes = record(&entity.attributes, |uid| json!({"__entity": typed(uid)}));
            json!({"uid": typed(&entity.uid), "attrs": attributes, "parents": parents})
        };
        self.entities.iter().map(entity).collect()
    }

    /// As data for Rego: `{"User::ann": {"is_in": {"User::ann": true, "Group::staff": true}, …attributes}}`. Sets are objects
    /// too, since only keys of objects are found without a search.
    #[must_use]
    pub fn rego(&self) -> Value {
        let ancestors = self.ancestors();
        let entity = |entity: &Entity| {
            let mut value: Map<String, Value> =
                entity.attributes.iter().map(|(name, value)| ((*name).to_owned(), rego_value(value))).collect();
            value.insert("is_in".to_owned(), keys(ancestors[&entity.uid].iter().copied()));
            (entity.uid.to_string(), value.into())
        };
        Value::Object(self.entities.iter().map(entity).collect())
    }
}

impl Ask {
    /// As `zt` reads it.
    #[must_use]
    pub fn zt(&self) -> String {
        json!({
            "subject": typed(&self.subject),
            "action": {"name": self.action},
            "resource": typed(&self.resource),
            "context": record(&self.context, typed),
        })
        .to_string()
    }

    /// As Rego's input.
    #[must_use]
    pub fn rego(&self) -> Value {
        let context: Map<String, Value> =
            self.context.iter().map(|(name, value)| ((*name).to_owned(), rego_value(value))).collect();
        json!({
            "subject": self.subject.to_string(),
            "action": self.action,
            "resource": self.resource.to_string(),
            "context": context,
        })
    }
}

fn typed(uid: &Uid) -> Value {
    json!({"type": uid.ty, "id": uid.id})
}

fn keys<'a>(uids: impl Iterator<Item = &'a Uid>) -> Value {
    Value::Object(uids.map(|uid| (uid.to_string(), true.into())).collect())
}

fn rego_value(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(value) => (*value).into(),
        Attribute::Int(value) => (*value).into(),
        Attribute::Entity(uid) => uid.to_string().into(),
        Attribute::Entities(uids) => keys(uids.iter()),
    }
}

/// Attributes as JSON, entities as `entity` writes them.
pub(crate) fn record(attributes: &[(&'static str, Attribute)], entity: impl Fn(&Uid) -> Value) -> Value {
    let value = |value: &Attribute| match value {
        Attribute::Bool(value) => (*value).into(),
        Attribute::Int(value) => (*value).into(),
        Attribute::Entity(uid) => entity(uid),
        Attribute::Entities(uids) => uids.iter().map(&entity).collect(),
    };
    Value::Object(attributes.iter().map(|(name, each)| ((*name).to_owned(), value(each))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_are_transitive_and_include_the_entity() {
        let mut world = World::default();
        world.add(uid("User", "ann"), vec![], vec![uid("Group", 1)]);
        world.add(uid("Group", 1), vec![], vec![uid("Group", 2)]);
        world.add(uid("Group", 2), vec![], vec![]);
        let expected = json!({"User::ann": true, "Group::1": true, "Group::2": true});
        assert_eq!(world.rego()["User::ann"]["is_in"], expected);
        assert_eq!(world.rego()["Group::2"]["is_in"], json!({"Group::2": true}));
    }
}
