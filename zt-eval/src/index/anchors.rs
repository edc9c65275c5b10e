//! The entities that rules name in hierarchy tests, numbered.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::value::EntityUid;

/// Entities that rules name in hierarchy tests, by number. Ids have their own hash, keyed by process; that is hashed on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchors {
    numbers: HashMap<EntityUid, u32, FixedState>,
    uids: Vec<EntityUid>,
    /// By entity type: whether any is of it.
    types: Vec<bool>,
}

impl Anchors {
    /// The number of an entity, which it now has.
    pub fn add(&mut self, uid: &EntityUid) -> u32 {
        if let Some(number) = self.find(uid) {
            return number;
        }
        let number = super::count(self.uids.len());
        if self.types.len() <= uid.ty.index() {
            self.types.resize(uid.ty.index() + 1, false);
        }
        if let Some(mark) = self.types.get_mut(uid.ty.index()) {
            *mark = true;
        }
        self.numbers.insert(uid.clone(), number);
        self.uids.push(uid.clone());
        number
    }

    /// The number of an entity, if rules name it.
    #[inline]
    pub fn find(&self, uid: &EntityUid) -> Option<u32> {
        if self.types.get(uid.ty.index()) != Some(&true) {
            return None;
        }
        self.numbers.get(uid).copied()
    }

    /// An anchor.
    #[inline]
    pub fn uid(&self, number: u32) -> Option<&EntityUid> {
        self.uids.get(number as usize)
    }
}
