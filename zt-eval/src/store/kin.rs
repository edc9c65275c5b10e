//! Whose descendants entities are: one record for each distinct list of parents.
//!
//! Most entities have few distinct lists of parents between them (a million users, some hundred groups), so one set of
//! ancestors per list is small where a set per entity would not be. What a list's record says is replaced as a whole, so
//! that two stores can be compared list by list without looking inside.

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
pub(super) struct Kin {
    /// The parents' numbers, sorted.
    pub parents: Arc<[u32]>,
    /// The parents, sorted.
    pub uids: Arc<[EntityUid]>,
    /// The parents and all above them, by key.
    pub ancestors: Box<[Ancestor]>,
    /// The same, by number.
    pub numbers: Box<[u32]>,
    /// Those of them that are not held, by number.
    pub open: Box<[u32]>,
    /// Steps of the longest way up.
    pub depth: u32,
}

/// An entity that lies above others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Ancestor {
    /// Narrows a search down to one entity, nearly always, without a look at any.
    pub key: u64,
    pub number: u32,
}

impl Kin {
    /// The numbers of the ancestors with this key.
    pub fn with_key(&self, key: u64) -> impl Iterator<Item = u32> {
        let from = self.ancestors.partition_point(|ancestor| ancestor.key < key);
        let rest = self.ancestors.get(from..).unwrap_or_default().iter();
        rest.take_while(move |ancestor| ancestor.key == key).map(|ancestor| ancestor.number)
    }
}

/// The same for equal entities.
pub(super) fn key_of(uid: &EntityUid) -> u64 {
    (uid.ty.index() as u64) << 32 | u64::from(uid.id.hash32())
}
