//! A store in the making.
//!
//! Numbers and lineages are handed out at once and taken back at the end only, so that whatever a document mentions stays
//! what it is while the document is read. Nothing here can be seen until the draft is finished; a draft that fails is
//! dropped.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use foldhash::quality::RandomState;

use super::ancestry::{self, Bounds, Fault};
use super::kin::{Kin, Lineage, key_of};
use super::{Slot, Store, Stored};
use crate::value::{Datum, EntityUid};

/// Differs from process to process, so that nobody can prepare lists of parents that collide.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// Where an entity is in the index.
pub(super) fn hash_of(uid: &EntityUid) -> u64 {
    let key = key_of(uid);
    let mixed = (key ^ key >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

/// A store that is being made from another.
pub(super) struct Draft<'s> {
    old: &'s Store,
    pub store: Store,
    /// Lineages that are new, and whose ancestors are not worked out.
    born: Vec<u32>,
    /// Lineages that entities have no longer, once for each entity.
    released: Vec<u32>,
    /// Entities that lie above others and have other parents than before, or are held and were not, or the reverse.
    moved: Vec<u32>,
    /// Entities of the old store that are described anew.
    replaced: HashSet<u32, foldhash::fast::FixedState>,
    /// Entities that are not held any more.
    removed: Vec<u32>,
}

impl<'s> Draft<'s> {
    pub fn of(old: &'s Store) -> Self {
        Self {
            old,
            store: old.clone(),
            born: Vec::new(),
            released: Vec::new(),
            moved: Vec::new(),
            replaced: HashSet::default(),
            removed: Vec::new(),
        }
    }

    /// The number of an entity that is named as a parent.
    pub fn name(&mut self, uid: EntityUid) -> u32 {
        match self.store.find(&uid) {
            Some(number) => number,
            None => {
                self.store.open += 1;
                self.store.add_slot(hash_of(&uid), Slot::Open { uid, named: 0 })
            }
        }
    }

    /// The lineage of the entities with these parents, sorted by number, each once.
    pub fn lineage(&mut self, parents: &[u32]) -> u32 {
        let hash = HASHES.hash_one(parents);
        let is_it = |lineage| self.store.kin(lineage).is_some_and(|kin| *kin.parents == *parents);
        if let Some(lineage) = self.store.by_parents.find(hash, is_it) {
            return lineage;
        }
        let mut uids: Vec<EntityUid> = parents.iter().filter_map(|number| self.store.uid(*number)).cloned().collect();
        uids.sort_unstable();
        for parent in parents {
            if let Some(named) = self.store.slots.get_mut(*parent).and_then(Slot::named_mut) {
                *named += 1;
            }
        }
        let kin = Kin { parents: parents.into(), uids: uids.into(), ..Kin::default() };
        let lineage = self.store.add_lineage(hash, kin);
        self.born.push(lineage);
        lineage
    }

    /// Holds an entity and gives its number; `None` when the draft has described it before.
    pub fn describe(&mut self, uid: EntityUid, attributes: Arc<[Datum]>, lineage: u32) -> Option<u32> {
        let parents = self.store.kin(lineage).map(|kin| Arc::clone(&kin.uids)).unwrap_or_default();
        let found = self.store.find(&uid);
        let hash = hash_of(&uid);
        let mut stored = Stored { uid, attributes, parents, lineage, named: 0 };
        let number = match found {
            None => self.store.add_slot(hash, Slot::Held(stored)),
            Some(number) => {
                self.take_place(number, lineage)?;
                let slot = self.store.slots.get_mut(number)?;
                stored.named = slot.named_mut().map_or(0, |named| *named);
                *slot = Slot::Held(stored);
                number
            }
        };
        self.store.held += 1;
        if let Some(Lineage::Live { uses, .. }) = self.store.lineages.get_mut(lineage) {
            *uses += 1;
        }
        Some(number)
    }

    /// Notes what changes when an entity that has a number is described.
    fn take_place(&mut self, number: u32, lineage: u32) -> Option<()> {
        match self.store.slots.get(number)? {
            Slot::Held(before) => {
                if self.old.at(number).is_none() || !self.replaced.insert(number) {
                    return None;
                }
                self.store.held -= 1;
                self.released.push(before.lineage);
                if before.named > 0 && before.lineage != lineage {
                    self.moved.push(number);
                }
            }
            Slot::Open { .. } => {
                self.store.open -= 1;
                self.moved.push(number);
            }
            Slot::Free { .. } => {}
        }
        Some(())
    }

    /// Forgets what is known of an entity.
    pub fn remove(&mut self, uid: &EntityUid) {
        let Some(number) = self.store.find(uid) else {
            return;
        };
        let Some(slot) = self.store.slots.get_mut(number) else {
            return;
        };
        let Slot::Held(Stored { uid, lineage, named, .. }) = slot else {
            return;
        };
        self.released.push(*lineage);
        if *named > 0 {
            self.moved.push(number);
        }
        *slot = Slot::Open { uid: uid.clone(), named: *named };
        self.store.held -= 1;
        self.store.open += 1;
        self.removed.push(number);
    }

    /// Takes back what nobody needs any more and works out the ancestors.
    pub fn finish(&mut self, bounds: &Bounds) -> Result<(), Fault> {
        for lineage in std::mem::take(&mut self.released) {
            self.store.release(lineage);
        }
        for number in std::mem::take(&mut self.removed) {
            self.store.free_unless_named(number);
        }
        let mut pending = std::mem::take(&mut self.born);
        pending.extend(self.store.lineages_below(&mut self.moved));
        pending.sort_unstable();
        pending.dedup();
        ancestry::work_out(&mut self.store, &pending, bounds)
    }
}

impl Store {
    fn add_slot(&mut self, hash: u64, slot: Slot) -> u32 {
        let number = match self.free_slot {
            None => self.slots.push(slot),
            Some(number) => {
                if let Some(place) = self.slots.get_mut(number) {
                    self.free_slot = if let Slot::Free { next } = place { *next } else { None };
                    *place = slot;
                }
                number
            }
        };
        self.numbers.insert(hash, number);
        number
    }

    fn add_lineage(&mut self, hash: u64, kin: Kin) -> u32 {
        let lineage = Lineage::Live { kin: Arc::new(kin), uses: 0 };
        let number = match self.free_lineage {
            None => self.lineages.push(lineage),
            Some(number) => {
                if let Some(place) = self.lineages.get_mut(number) {
                    self.free_lineage = if let Lineage::Free { next } = place { *next } else { None };
                    *place = lineage;
                }
                number
            }
        };
        self.by_parents.insert(hash, number);
        number
    }

    /// One entity less has this lineage; frees it with the last one, and the parents that nobody else names.
    fn release(&mut self, lineage: u32) {
        let Some(place) = self.lineages.get_mut(lineage) else {
            return;
        };
        let Lineage::Live { kin, uses } = place else {
            return;
        };
        *uses -= 1;
        if *uses > 0 {
            return;
        }
        let kin = Arc::clone(kin);
        *place = Lineage::Free { next: self.free_lineage.replace(lineage) };
        self.by_parents.remove(HASHES.hash_one(&*kin.parents), lineage);
        self.entries -= kin.numbers.len();
        for parent in kin.parents.iter() {
            if let Some(named) = self.slots.get_mut(*parent).and_then(Slot::named_mut) {
                *named -= 1;
            }
            self.free_unless_named(*parent);
        }
    }

    /// Frees the number of an entity that is neither held nor named.
    fn free_unless_named(&mut self, number: u32) {
        let Some(Slot::Open { uid, named: 0 }) = self.slots.get(number) else {
            return;
        };
        let hash = hash_of(uid);
        self.numbers.remove(hash, number);
        self.open -= 1;
        if let Some(slot) = self.slots.get_mut(number) {
            *slot = Slot::Free { next: self.free_slot.replace(number) };
        }
    }

    /// The lineages that have one of these entities among their ancestors, as far as ancestors are worked out.
    fn lineages_below(&self, numbers: &mut [u32]) -> Vec<u32> {
        numbers.sort_unstable();
        let is_below = |kin: &Kin| kin.numbers.iter().any(|number| numbers.binary_search(number).is_ok());
        let lineages = (0..).zip(self.lineages.iter()).filter(|_| !numbers.is_empty());
        lineages.filter(|(_, lineage)| lineage.kin().is_some_and(|kin| is_below(kin))).map(|(at, _)| at).collect()
    }
}
