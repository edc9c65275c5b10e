//! The entities that rules name in hierarchy tests, numbered.

use crate::value::EntityUid;

/// Entities that rules name in hierarchy tests, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchors {
    uids: Vec<EntityUid>,
    /// By hash, with linear probing and at most half full: a number and one more, or zero. The length is a power of two.
    places: Vec<u32>,
    /// By entity type: whether any is of it.
    types: Vec<bool>,
}

impl Anchors {
    /// None yet, with room for so many.
    pub fn with_capacity(count: usize) -> Self {
        let places = vec![0; (count * 2).next_power_of_two()];
        Self { uids: Vec::with_capacity(count), places, types: Vec::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.uids.len()
    }

    /// The number of an entity, which it now has.
    pub fn add(&mut self, uid: &EntityUid) -> u32 {
        // A search ends at a free place, so there always is one.
        if (self.uids.len() + 1) * 2 > self.places.len() {
            self.grow();
        }
        let (at, found) = self.probe(uid);
        if let Some(number) = found {
            return number;
        }
        self.uids.push(uid.clone());
        let number = super::count(self.uids.len());
        if let Some(place) = self.places.get_mut(at) {
            *place = number;
        }
        if self.types.len() <= uid.ty.index() {
            self.types.resize(uid.ty.index() + 1, false);
        }
        if let Some(mark) = self.types.get_mut(uid.ty.index()) {
            *mark = true;
        }
        number - 1
    }

    fn grow(&mut self) {
        self.places = vec![0; (self.places.len() * 2).max(8)];
        for at in 0..self.uids.len() {
            let Some(uid) = self.uids.get(at) else { continue };
            let (place, _) = self.probe(uid);
            if let Some(place) = self.places.get_mut(place) {
                *place = super::count(at + 1);
            }
        }
    }

    /// The number of an entity, if rules name it.
    #[inline]
    pub fn find(&self, uid: &EntityUid) -> Option<u32> {
        if self.types.get(uid.ty.index()) != Some(&true) {
            return None;
        }
        self.probe(uid).1
    }

    /// Where an entity stands or would stand, and its number.
    fn probe(&self, uid: &EntityUid) -> (usize, Option<u32>) {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = (uid.id.hash32() as usize ^ uid.ty.index().wrapping_mul(0x9E37_79B9)) & mask;
        loop {
            match self.places.get(at).copied() {
                None | Some(0) => return (at, None),
                Some(number) if self.uids.get(number as usize - 1) == Some(uid) => return (at, Some(number - 1)),
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    /// How many bytes they take, but for long ids.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.uids) + size_of_val(&*self.places) + self.types.len()
    }

    /// An anchor.
    #[inline]
    pub fn uid(&self, number: u32) -> Option<&EntityUid> {
        self.uids.get(number as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::EntityTypeId;

    #[test]
    fn every_anchor_has_its_number() {
        let uid = |at: u32| EntityUid { ty: EntityTypeId::new(at as usize % 3), id: format!("e{}", at / 3).into() };
        for (room, count) in [(0, 1), (0, 2), (1, 2), (2, 3), (0, 1_000), (1_000, 1_000)] {
            let mut anchors = Anchors::with_capacity(room);
            for round in 0..2 {
                for at in 0..count {
                    assert_eq!(anchors.add(&uid(at)), at, "round {round}");
                }
            }
            assert_eq!(anchors.len(), count as usize);
            for at in 0..count {
                assert_eq!((anchors.find(&uid(at)), anchors.uid(at)), (Some(at), Some(&uid(at))));
            }
            assert_eq!(anchors.find(&uid(count)), None);
        }
        assert_eq!(Anchors::default().find(&uid(0)), None);
    }
}
