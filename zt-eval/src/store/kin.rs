//! Whose descendants entities are: one record for each distinct list of parents.
//!
//! Most entities have few distinct lists of parents between them (a million users, some hundred groups), so one set of
//! ancestors per list is small where a set per entity would not be; lists with the same ancestors share a set. What a list's
//! record says is replaced as a whole, so that two stores can be compared list by list without looking inside.

use std::sync::Arc;

use crate::value::EntityUid;

/// What the lineage with a number is.
#[derive(Clone, Debug)]
pub(super) enum Lineage {
    /// A list of parents that some entities have.
    Live {
        kin: Arc<Kin>,
        /// How many have it.
        uses: u32,
    },
    /// None; the next number without one.
    Free { next: Option<u32> },
}

impl Default for Lineage {
    fn default() -> Self {
        Self::Free { next: None }
    }
}

impl Lineage {
    pub fn kin(&self) -> Option<&Arc<Kin>> {
        match self {
            Self::Live { kin, .. } => Some(kin),
            Self::Free { .. } => None,
        }
    }
}

/// A list of parents and what follows from it.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Kin {
    /// The parents' numbers, sorted.
    pub(super) parents: Arc<[u32]>,
    /// The parents, sorted.
    pub(super) uids: Arc<[EntityUid]>,
    /// The parents and all above them, by number.
    pub(super) numbers: Arc<[u32]>,
    /// The same by key, to be found.
    pub(super) above: Above,
    /// Those of them that are not held, by number.
    pub(super) open: Arc<[u32]>,
    /// Steps of the longest way up.
    pub(super) depth: u32,
}

/// An entity that lies above others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Ancestor {
    pub number: u32,
    /// Narrows a search down to one entity, nearly always, without a look at any.
    pub key: u32,
}

/// Ancestors by key: open addressing with linear probing, at most half full, so that finding one mostly is one look.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Above {
    /// A number and one more, or zero for none; the length is a power of two.
    places: Arc<[Ancestor]>,
}

impl Above {
    /// Of distinct ancestors.
    pub fn of(ancestors: &[Ancestor]) -> Self {
        if ancestors.is_empty() {
            return Self::default();
        }
        let none = Ancestor { number: 0, key: 0 };
        let mut places = vec![none; (ancestors.len() * 2).next_power_of_two()];
        let mask = places.len() - 1;
        for ancestor in ancestors {
            let mut at = ancestor.key as usize & mask;
            while places.get(at).is_some_and(|place| place.number != 0) {
                at = (at + 1) & mask;
            }
            if let Some(place) = places.get_mut(at) {
                *place = Ancestor { number: ancestor.number.saturating_add(1), key: ancestor.key };
            }
        }
        Self { places: places.into() }
    }

    /// All of them, in any order.
    pub fn iter(&self) -> impl Iterator<Item = Ancestor> {
        let taken = self.places.iter().filter(|place| place.number != 0);
        taken.map(|place| Ancestor { number: place.number - 1, key: place.key })
    }

    /// Whether it has the ancestor with this key whose number `is_it`.
    #[inline]
    pub fn has(&self, key: u32, is_it: impl Fn(u32) -> bool) -> bool {
        let mut at = key as usize;
        while let Some(place) = self.place(at)
            && place.number != 0
        {
            if place.key == key && is_it(place.number - 1) {
                return true;
            }
            at += 1;
        }
        false
    }

    #[inline]
    fn place(&self, at: usize) -> Option<Ancestor> {
        self.places.get(at & self.mask()).copied()
    }

    #[inline]
    fn mask(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }
}

/// What narrows a search for an entity down.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "there are few types")]
pub(super) fn ancestor_key(uid: &EntityUid) -> u32 {
    uid.id.hash32() ^ (uid.ty.index() as u32).wrapping_mul(0x9E37_79B9)
}

/// The same for equal entities.
pub(super) fn key_of(uid: &EntityUid) -> u64 {
    (uid.ty.index() as u64) << 32 | u64::from(uid.id.hash32())
}
