//! Where a name stands among its siblings: attributes, fields, members of enums.
//!
//! A schema lists them by position, and a policy may name each of thousands as often: each is looked up, none is searched.

use std::collections::HashMap;
use std::sync::Arc;

use zt_eval::id::{EntityTypeId, EnumId, RecordId};
use zt_eval::schema::{Attribute, Schema};

use crate::resolve::Owner;

/// Positions by name, of what is declared twice the first.
#[derive(Default)]
pub struct Positions {
    context: HashMap<Arc<str>, u32>,
    entities: Vec<HashMap<Arc<str>, u32>>,
    records: Vec<HashMap<Arc<str>, u32>>,
    enums: Vec<HashMap<Arc<str>, u32>>,
    /// The first enum that has a member of the name.
    members: HashMap<Arc<str>, EnumId>,
}

impl Positions {
    pub fn of(schema: &Schema) -> Self {
        let attributes = |all: &[Attribute]| numbered(all.iter().map(|attribute| &attribute.name));
        let mut members = HashMap::new();
        for (id, ty) in schema.enums.iter().enumerate() {
            for member in &ty.members {
                members.entry(member.clone()).or_insert_with(|| EnumId::new(id));
            }
        }
        Self {
            context: attributes(&schema.context),
            entities: schema.entities.iter().map(|entity| attributes(&entity.attributes)).collect(),
            records: schema.records.iter().map(|of| numbered(of.fields.iter().map(|field| &field.name))).collect(),
            enums: schema.enums.iter().map(|ty| numbered(ty.members.iter())).collect(),
            members,
        }
    }

    /// An attribute's.
    pub fn attribute(&self, owner: Owner, name: &str) -> Option<u32> {
        match owner {
            Owner::Context => self.context.get(name).copied(),
            Owner::Entity(id) => self.of_entity(id, name),
        }
    }

    pub fn of_entity(&self, id: EntityTypeId, name: &str) -> Option<u32> {
        self.entities.get(id.index())?.get(name).copied()
    }

    /// A record's field's.
    pub fn field(&self, id: RecordId, name: &str) -> Option<u32> {
        self.records.get(id.index())?.get(name).copied()
    }

    /// An enum's member's.
    pub fn member(&self, id: EnumId, name: &str) -> Option<u32> {
        self.enums.get(id.index())?.get(name).copied()
    }

    /// An enum that has a member of this name.
    pub fn enum_with(&self, member: &str) -> Option<EnumId> {
        self.members.get(member).copied()
    }
}

fn numbered<'n>(names: impl Iterator<Item = &'n Arc<str>>) -> HashMap<Arc<str>, u32> {
    let mut found = HashMap::new();
    for (at, name) in (0..).zip(names) {
        found.entry(name.clone()).or_insert(at);
    }
    found
}
