//! Entity data: what is known of entities beyond a single request.
//!
//! Loaded once, validated in full, then read only; for the entities it holds, it alone speaks. The ancestors of every
//! entity are worked out when it is loaded, so that a hierarchy test is a lookup.

mod ancestry;
mod load;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::graph::Policy;
use crate::request::StoreError;
use crate::schema::Schema;
use crate::value::{Datum, EntityUid};

use ancestry::Ancestry;

/// The entities that a policy knows of without being told in the request.
#[derive(Clone, Debug, Default)]
pub struct Store {
    entities: Vec<Stored>,
    ancestry: Ancestry,
    /// By entity: its number. Entities that are named as ancestors and not held have the numbers after those that are.
    numbers: HashMap<EntityUid, u32>,
    /// Entities that are named and not held.
    open: Vec<EntityUid>,
    /// Of the schema that it was read against; `None` for the empty store, which fits any.
    fingerprint: Option<[u8; 32]>,
    /// Counts replacements in a running engine.
    pub(crate) revision: u64,
}

/// An entity of the store.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    uid: EntityUid,
    attributes: Box<[Datum]>,
    parents: Box<[EntityUid]>,
    /// Which set of ancestors it has; entities with the same parents share it.
    lineage: u32,
}

impl Stored {
    /// The entity.
    #[must_use]
    pub fn uid(&self) -> &EntityUid {
        &self.uid
    }

    /// Its attributes by position.
    #[must_use]
    pub fn attributes(&self) -> &[Datum] {
        &self.attributes
    }

    /// Its parents, sorted.
    #[must_use]
    pub fn parents(&self) -> &[EntityUid] {
        &self.parents
    }
}

impl Store {
    /// A store of no entities.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads entities from JSON: an array of `{"type", "id", "properties"?, "parents"?}`. A missing optional attribute is
    /// absent, another missing attribute unknown, missing parents are none.
    ///
    /// # Errors
    ///
    /// When the document does not fit the policy, with the place: also for values that are not of their declared type,
    /// parents of a type that is not permitted, entities described twice, cycles among parents, and limits.
    pub fn from_json(policy: &Policy, text: &[u8]) -> Result<Self, StoreError> {
        load::load(&policy.schema, &policy.limits, text)
    }

    /// How many entities it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// How often the engine that holds it has replaced its predecessor.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// All entities, in the order of the document.
    #[must_use]
    pub fn entities(&self) -> &[Stored] {
        &self.entities
    }

    /// An entity, if it is held.
    #[must_use]
    pub fn get(&self, uid: &EntityUid) -> Option<&Stored> {
        self.entities.get(*self.numbers.get(uid)? as usize)
    }

    /// Whether one or more steps from parent to parent lead from `stored`, one of this store's entities, to `uid`.
    #[must_use]
    pub fn has_ancestor(&self, stored: &Stored, uid: &EntityUid) -> bool {
        self.numbers.get(uid).is_some_and(|number| self.ancestry.has(stored.lineage, *number))
    }

    /// All ancestors of an entity of this store, as far as the store knows.
    pub fn ancestors(&self, stored: &Stored) -> impl Iterator<Item = &EntityUid> {
        self.ancestry.all(stored.lineage).iter().filter_map(|number| self.uid(*number))
    }

    /// The ancestors of an entity of this store that the store does not hold, and of whose parents it knows nothing.
    pub fn open(&self, stored: &Stored) -> impl Iterator<Item = &EntityUid> {
        self.ancestry.open(stored.lineage).iter().filter_map(|number| self.uid(*number))
    }

    /// Whether any entity has an ancestor that is not held.
    #[must_use]
    pub fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether its data was read against declarations that mean the same as these.
    #[must_use]
    pub fn fits(&self, schema: &Schema) -> bool {
        self.fingerprint.is_none_or(|fingerprint| fingerprint == schema.fingerprint())
    }

    /// The same as a result.
    ///
    /// # Errors
    ///
    /// When the store was read against other declarations.
    pub fn check_fits(&self, schema: &Schema) -> Result<(), StoreError> {
        if self.fits(schema) { Ok(()) } else { Err(StoreError::other_schema()) }
    }

    fn uid(&self, number: u32) -> Option<&EntityUid> {
        let number = number as usize;
        match self.entities.get(number) {
            Some(stored) => Some(&stored.uid),
            None => self.open.get(number.checked_sub(self.entities.len())?),
        }
    }
}
