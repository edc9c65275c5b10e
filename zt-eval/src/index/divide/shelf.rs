//! The rules of a division that a slot finds, put together by key.
//!
//! Rules come in source order and stay in it under each key. Where keys of the division come first is their order, but for
//! intervals, whose order is their own; so putting together is counting, and takes time linear in what stands on the shelf.

use super::super::guard::Place;
use super::super::{Range, count};
use super::Filed;

/// The rules of a division that a slot finds.
pub(super) struct Shelf {
    pub axis: u32,
    /// Positions in the division, ascending.
    pub members: Vec<u32>,
    keyed: Vec<Keyed>,
}

/// A member, by its position among the members, under a key.
#[derive(Clone, Copy)]
struct Keyed {
    key: u32,
    member: u32,
}

/// The members of a shelf under each of its keys.
pub(super) struct Runs {
    /// Keys, and where their members stand.
    keys: Vec<(u32, Range)>,
    members: Vec<u32>,
}

/// Room for putting shelves together, used again for each.
#[derive(Default)]
pub(super) struct Sorter {
    /// By key: when it was last seen, and which it was of the keys then.
    seen: Vec<(u32, u32)>,
    round: u32,
}

impl Shelf {
    pub fn new(axis: u32) -> Self {
        Self { axis, members: Vec::new(), keyed: Vec::new() }
    }

    /// Adds a rule that comes after those before it, or the same once more, under another key.
    #[inline]
    pub fn add(&mut self, at: u32, key: u32) {
        if self.members.last() != Some(&at) {
            self.members.push(at);
        }
        self.keyed.push(Keyed { key, member: count(self.members.len() - 1) });
    }

    /// A member, given the rules of the division.
    pub fn member<'f, 'p>(&self, member: u32, filed: &'f [Filed<'p>]) -> Option<&'f Filed<'p>> {
        filed.get(*self.members.get(member as usize)? as usize)
    }
}

impl Runs {
    /// Each key with the positions of its members among the members.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.keys.iter().map(|(key, range)| (*key, range.of(&self.members)))
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Sorter {
    /// Puts a shelf's members together, by ascending keys if that is wanted.
    pub fn sort(&mut self, shelf: &Shelf, ascending: bool) -> Runs {
        let mut keys = self.count(&shelf.keyed);
        if ascending {
            keys.sort_unstable_by_key(|(key, _)| *key);
            for (at, (key, _)) in (0..).zip(&keys) {
                self.seen.get_mut(*key as usize).into_iter().for_each(|seen| seen.1 = at);
            }
        }
        let mut start = 0;
        for (_, range) in &mut keys {
            let rules = range.end;
            *range = Range { start, end: start };
            start += rules;
        }
        let mut members = vec![0; shelf.keyed.len()];
        for keyed in &shelf.keyed {
            let at = self.seen.get(keyed.key as usize).map_or(0, |seen| seen.1);
            if let Some((_, range)) = keys.get_mut(at as usize)
                && let Some(place) = members.get_mut(range.end as usize)
            {
                *place = keyed.member;
                range.end += 1;
            }
        }
        Runs { keys, members }
    }

    /// The keys in the order in which they come first, and how many stand under each.
    fn count(&mut self, keyed: &[Keyed]) -> Vec<(u32, Range)> {
        self.round += 1;
        let mut keys: Vec<(u32, Range)> = Vec::new();
        for Keyed { key, .. } in keyed {
            if self.seen.len() <= *key as usize {
                self.seen.resize((*key as usize + 1).next_power_of_two(), (0, 0));
            }
            let Some(seen) = self.seen.get_mut(*key as usize) else { continue };
            if seen.0 != self.round {
                *seen = (self.round, count(keys.len()));
                keys.push((*key, Range::default()));
            }
            keys.get_mut(seen.1 as usize).into_iter().for_each(|(_, range)| range.end += 1);
        }
        keys
    }
}

/// Adds a rule at a place, to a shelf that is made where there is none.
pub(super) fn put(shelves: &mut Vec<Shelf>, at: u32, place: Place) {
    match shelves.iter_mut().find(|shelf| shelf.axis == place.axis) {
        Some(shelf) => shelf.add(at, place.key),
        None => {
            let mut shelf = Shelf::new(place.axis);
            shelf.add(at, place.key);
            shelves.push(shelf);
        }
    }
}
