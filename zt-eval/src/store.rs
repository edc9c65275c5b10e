//! Entity data: what is known of entities beyond a single request.
//!
//! Validated in full when it is read, then read only; for the entities it holds, it alone speaks. The ancestors of every
//! entity are worked out beforehand, so that a hierarchy test is a lookup. A changed store is a new one that shares with
//! the old what did not change: the old one stays as it is for whoever is reading it.

mod ancestry;
mod chunks;
mod draft;
mod index;
mod kin;
mod load;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::graph::Policy;
use crate::request::StoreError;
use crate::schema::Schema;
use crate::value::{Datum, EntityUid};

use chunks::Chunks;
use draft::Draft;
use index::Index;
use kin::{Lineage, ancestor_key};

pub(crate) use kin::Kin;

/// The entities that a policy knows of without being told in the request. Clones in constant time.
///
/// Every entity that is held, or named as a parent, has a number. It keeps the number in every store that is made from
/// this one, until it is neither held nor named any more; then another entity may get it.
#[derive(Clone, Debug, Default)]
pub struct Store {
    slots: Chunks<Slot>,
    /// By entity, held or not: its number.
    numbers: Index,
    lineages: Chunks<Lineage>,
    /// By list of parents: its lineage.
    by_parents: Index,
    /// How many entities are held.
    held: usize,
    /// How many are named and not held.
    open: usize,
    /// Entries of all ancestor sets together.
    entries: usize,
    /// The first number without an entity.
    free_slot: Option<u32>,
    /// The first number without a lineage.
    free_lineage: Option<u32>,
    /// Of the schema that it was read against; `None` for the empty store, which fits any.
    fingerprint: Option<[u8; 32]>,
    /// Counts replacements in a running engine.
    pub(crate) revision: u64,
}

/// What a number stands for.
#[derive(Clone, Debug)]
enum Slot {
    /// An entity that is held.
    Held(Stored),
    /// One that is named as a parent and not held; in how many lineages.
    Open { uid: EntityUid, named: u32 },
    /// Nothing; the next number of which that is true.
    Free { next: Option<u32> },
}

// A million entities are that many slots.
const _: () = assert!(size_of::<Slot>() <= 80);

impl Default for Slot {
    fn default() -> Self {
        Self::Free { next: None }
    }
}

/// An entity of the store.
#[derive(Clone, Debug)]
pub struct Stored {
    uid: EntityUid,
    pub(crate) attributes: Arc<[Datum]>,
    parents: Arc<[EntityUid]>,
    /// Which list of parents, and so which set of ancestors, it has.
    lineage: u32,
    /// How many lineages name it as a parent.
    named: u32,
}

impl PartialEq for Stored {
    /// Whether the same is said of the same entity, in whichever store.
    fn eq(&self, other: &Self) -> bool {
        self.uid == other.uid && self.attributes == other.attributes && self.parents == other.parents
    }
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

    /// The number of its list of parents; entities with the same parents have the same.
    #[must_use]
    pub const fn lineage(&self) -> u32 {
        self.lineage
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
        load::upsert(&Self::empty(), &policy.schema, &policy.limits, text)
    }

    /// This store with the entities of a document added, in the form of [`Store::from_json`]. What was known of an entity
    /// that the document describes is forgotten, its parents too.
    ///
    /// The work is that of reading the document and of copying what this store and the new one do not share: for each
    /// entity some hundred entries of the list of entities, and eight bytes for each entry in a 256th of the index by name,
    /// but no part twice. For a million entities that is some 50 kB for the first. When the parents change of an entity
    /// below which others lie, the ancestors of those are worked out again: that looks at every distinct list of parents,
    /// not at every entity.
    ///
    /// ```
    /// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
    /// #             allow readers: read  deny held: read when resource.held";
    /// # let mut sources = zt_lang::Sources::new();
    /// # sources.add("papers.zt", text.as_bytes());
    /// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
    /// use zt_eval::Store;
    ///
    /// let store = Store::from_json(&policy, br#"[{"type": "User", "id": "ann"}]"#)?;
    /// let more = store.upsert_json(&policy, br#"[{"type": "User", "id": "bob"}, {"type": "User", "id": "ann"}]"#)?;
    /// assert_eq!((store.len(), more.len()), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Store::from_json`], and when this store was read against other declarations.
    pub fn upsert_json(&self, policy: &Policy, text: &[u8]) -> Result<Self, StoreError> {
        load::upsert(self, &policy.schema, &policy.limits, text)
    }

    /// This store without some entities; those that it does not hold are passed over. One that others name as a parent
    /// is from now on an entity of which the store knows nothing, and so are its parents. Takes as long as adding.
    ///
    /// # Errors
    ///
    /// None that is known: what is taken away breaks no limit and closes no cycle.
    pub fn remove(&self, uids: &[EntityUid]) -> Result<Self, StoreError> {
        let mut draft = Draft::of(self);
        for uid in uids {
            draft.remove(uid);
        }
        // Removing closes no cycle: there is none to be written out.
        draft.finish(&ancestry::Bounds::NONE).map_err(|fault| fault.error(|_| String::new()))?;
        Ok(draft.store)
    }

    /// How many entities it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// How often the engine that holds it has replaced its predecessor.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// All entities, by number: in the order in which a document mentions them first.
    pub fn entities(&self) -> impl Iterator<Item = &Stored> {
        self.slots.iter().filter_map(Slot::stored)
    }

    /// An entity, if it is held.
    #[must_use]
    pub fn get(&self, uid: &EntityUid) -> Option<&Stored> {
        self.at(self.find(uid)?)
    }

    /// The number of an entity, if it is held.
    #[must_use]
    pub fn number(&self, uid: &EntityUid) -> Option<u32> {
        self.find(uid).filter(|number| self.at(*number).is_some())
    }

    /// The entity with a number, if it is held.
    #[must_use]
    pub fn at(&self, number: u32) -> Option<&Stored> {
        self.slots.get(number)?.stored()
    }

    /// The entity with a number, if it is held or named as a parent.
    #[must_use]
    pub fn uid(&self, number: u32) -> Option<&EntityUid> {
        self.slots.get(number)?.uid()
    }

    /// Whether one or more steps from parent to parent lead from `stored`, one of this store's entities, to `uid`.
    #[must_use]
    pub fn has_ancestor(&self, stored: &Stored, uid: &EntityUid) -> bool {
        self.kin(stored.lineage).is_some_and(|kin| self.is_above(kin, uid))
    }

    /// What lies above one of this store's entities.
    pub(crate) fn kin_of(&self, stored: &Stored) -> Option<&Arc<Kin>> {
        self.record(stored.lineage)
    }

    /// Whether an entity is among those of this store's `kin`.
    #[inline]
    pub(crate) fn is_above(&self, kin: &Kin, uid: &EntityUid) -> bool {
        kin.above.has(ancestor_key(uid), |number| self.uid(number) == Some(uid))
    }

    /// All ancestors of an entity of this store, as far as the store knows.
    pub fn ancestors(&self, stored: &Stored) -> impl Iterator<Item = &EntityUid> {
        self.ancestors_of(stored.lineage).iter().filter_map(|number| self.uid(*number))
    }

    /// The ancestors of an entity of this store that the store does not hold, and of whose parents it knows nothing.
    pub fn open(&self, stored: &Stored) -> impl Iterator<Item = &EntityUid> {
        self.open_of(stored.lineage).iter().filter_map(|number| self.uid(*number))
    }

    /// Whether any entity has an ancestor that is not held.
    #[must_use]
    pub fn has_open(&self) -> bool {
        self.open > 0
    }

    /// All lineages have numbers less than this. Not every number is in use.
    #[must_use]
    pub fn lineages(&self) -> usize {
        self.lineages.len()
    }

    /// The numbers of the ancestors of the entities of a lineage, sorted; those that are not held too.
    #[must_use]
    pub fn ancestors_of(&self, lineage: u32) -> &[u32] {
        self.kin(lineage).map_or(&[], |kin| &kin.numbers)
    }

    /// Those of the [ancestors](Self::ancestors_of) that are not held, sorted.
    #[must_use]
    pub fn open_of(&self, lineage: u32) -> &[u32] {
        self.kin(lineage).map_or(&[], |kin| &kin.open)
    }

    /// The lineages that are not what they were in `old`, a store that this one was made from: new ones, and those whose
    /// ancestors may have changed. What was derived from the others still holds. Looks only where the stores differ.
    pub fn lineages_since(&self, old: &Self) -> impl Iterator<Item = u32> {
        self.lineages.unshared(&old.lineages).filter(|lineage| match (self.record(*lineage), old.record(*lineage)) {
            (Some(new), Some(old)) => !Arc::ptr_eq(new, old),
            (new, old) => new.is_some() || old.is_some(),
        })
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

    /// The number of an entity that is held or named as a parent.
    fn find(&self, uid: &EntityUid) -> Option<u32> {
        self.numbers.find(draft::hash_of(uid), |number| self.uid(number) == Some(uid))
    }

    fn kin(&self, lineage: u32) -> Option<&Kin> {
        self.record(lineage).map(|kin| &**kin)
    }

    fn record(&self, lineage: u32) -> Option<&Arc<Kin>> {
        self.lineages.get(lineage)?.kin()
    }
}

impl Slot {
    const fn stored(&self) -> Option<&Stored> {
        match self {
            Self::Held(stored) => Some(stored),
            Self::Open { .. } | Self::Free { .. } => None,
        }
    }

    const fn uid(&self) -> Option<&EntityUid> {
        match self {
            Self::Held(Stored { uid, .. }) | Self::Open { uid, .. } => Some(uid),
            Self::Free { .. } => None,
        }
    }

    const fn named_mut(&mut self) -> Option<&mut u32> {
        match self {
            Self::Held(Stored { named, .. }) | Self::Open { named, .. } => Some(named),
            Self::Free { .. } => None,
        }
    }
}
