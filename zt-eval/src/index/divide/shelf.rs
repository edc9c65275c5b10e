//! The rules of a division that a slot finds, put together by key.
//!
//! Rules come in source order and stay in it under each key. Where keys of the division come first is their order, but for
//! intervals, whose order is their own; so putting together is counting, and takes time linear in what stands on the shelf.

use super::super::count;
use super::super::guard::Place;

/// The rules of a division that a slot finds.
pub(super) struct Shelf {
    pub axis: u32,
    /// Whether a rule stands under several keys.
    pub is_repeated: bool,
    keyed: Vec<Keyed>,
}

/// A rule, by its position in the division, under a key.
#[derive(Clone, Copy)]
struct Keyed {
    key: u32,
    at: u32,
}

/// The rules under a key.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub key: u32,
    start: u32,
    end: u32,
}

/// The rules of a shelf under each of its keys.
pub(super) struct Groups {
    pub all: Vec<Group>,
    /// Positions in the division, one group's after the other's.
    order: Vec<u32>,
}

/// Room for putting shelves together, used again for each.
pub(super) struct Sorter {
    /// By key: when it was last seen, and which it was of the keys then.
    seen: Vec<(u32, u32)>,
    round: u32,
}

/// The shelves of a division.
#[derive(Default)]
pub(super) struct Shelves {
    pub all: Vec<Shelf>,
    /// Where something was put last: mostly the next stands there as well.
    last: usize,
}

impl Shelves {
    /// Adds a rule that comes after those before it, or the same once more, at another place.
    #[inline]
    pub fn put(&mut self, at: u32, place: Place) {
        match self.all.get_mut(self.last) {
            Some(shelf) if shelf.axis == place.axis => shelf.add(at, place.key),
            _ => self.put_elsewhere(at, place),
        }
    }

    fn put_elsewhere(&mut self, at: u32, place: Place) {
        let known = self.all.iter().position(|shelf| shelf.axis == place.axis);
        self.last = known.unwrap_or_else(|| {
            self.all.push(Shelf { axis: place.axis, is_repeated: false, keyed: Vec::new() });
            self.all.len() - 1
        });
        self.all.get_mut(self.last).into_iter().for_each(|shelf| shelf.add(at, place.key));
    }
}

impl Shelf {
    #[inline]
    fn add(&mut self, at: u32, key: u32) {
        self.is_repeated |= self.keyed.last().is_some_and(|last| last.at == at);
        self.keyed.push(Keyed { key, at });
    }

    /// The keys of its rules.
    pub fn keys(&self) -> impl Iterator<Item = u32> {
        self.keyed.iter().map(|keyed| keyed.key)
    }

    /// The positions of its rules in the division, ascending, each once.
    pub fn members(&self) -> impl Iterator<Item = u32> {
        let mut last = None;
        self.keyed.iter().map(|keyed| keyed.at).filter(move |at| last.replace(*at) != Some(*at))
    }
}

impl Groups {
    /// The positions of a group's rules in the division.
    #[inline]
    pub fn of(&self, group: Group) -> &[u32] {
        self.order.get(group.start as usize..group.end as usize).unwrap_or_default()
    }

    /// The lowest key and the highest.
    pub fn bounds(&self) -> (u32, u32) {
        let keys = || self.all.iter().map(|group| group.key);
        (keys().min().unwrap_or(0), keys().max().unwrap_or(0))
    }
}

impl Sorter {
    /// Room for so many keys.
    pub fn new(keys: usize) -> Self {
        Self { seen: vec![(0, 0); keys], round: 0 }
    }

    /// Puts a shelf's rules together, by ascending keys if that is wanted.
    pub fn sort(&mut self, mut shelf: Shelf, ascending: bool) -> Groups {
        let mut all = self.count(&mut shelf.keyed);
        if ascending {
            self.rank(&mut all, &mut shelf.keyed);
        }
        let mut start = 0;
        for group in &mut all {
            let rules = group.end;
            (group.start, group.end) = (start, start);
            start += rules;
        }
        let mut order = vec![0; shelf.keyed.len()];
        for Keyed { key, at } in shelf.keyed {
            if let Some(group) = all.get_mut(key as usize)
                && let Some(place) = order.get_mut(group.end as usize)
            {
                *place = at;
                group.end += 1;
            }
        }
        Groups { all, order }
    }

    /// The keys in the order in which they come first, and how many stand under each; what is keyed has the number of its
    /// group then.
    fn count(&mut self, keyed: &mut [Keyed]) -> Vec<Group> {
        self.round += 1;
        let mut groups: Vec<Group> = Vec::new();
        for Keyed { key, .. } in keyed {
            let Some(seen) = self.seen.get_mut(*key as usize) else { continue };
            if seen.0 != self.round {
                *seen = (self.round, count(groups.len()));
                groups.push(Group { key: *key, start: 0, end: 0 });
            }
            *key = seen.1;
            groups.get_mut(seen.1 as usize).into_iter().for_each(|group| group.end += 1);
        }
        groups
    }

    /// Puts groups in the order of their keys.
    fn rank(&mut self, groups: &mut [Group], keyed: &mut [Keyed]) {
        let before: Vec<u32> = groups.iter().map(|group| group.key).collect();
        groups.sort_unstable_by_key(|group| group.key);
        for (at, group) in (0..).zip(groups) {
            self.seen.get_mut(group.key as usize).into_iter().for_each(|seen| seen.1 = at);
        }
        for keyed in keyed {
            let seen = before.get(keyed.key as usize).and_then(|key| self.seen.get(*key as usize));
            keyed.key = seen.map_or(0, |seen| seen.1);
        }
    }
}
