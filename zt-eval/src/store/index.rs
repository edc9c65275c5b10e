//! From hashes to numbers, in shards that copies share.
//!
//! The index keeps no keys: whoever looks something up says which of the numbers under a hash it is. A copy is made in
//! constant time; writing to it copies one shard of 256. Linear probing over flat memory, so that a lookup meets few
//! lines of it; what is removed leaves no mark behind.

use std::iter;
use std::sync::Arc;

/// Shards are chosen by the upper 8 bits of a hash, places in them by other bits.
const SHARDS: usize = 256;
const SHARD_MIN: usize = 8;

/// Numbers by hash.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    shards: Arc<[Shard]>,
}

/// Entries: in the upper half the part of the hash that chooses the place, in the lower half the number, and one more;
/// nothing is zero. The length is a power of two.
#[derive(Clone, Debug, Default)]
struct Shard {
    entries: Arc<[u64]>,
    used: usize,
}

impl Index {
    /// The number under this hash that `is_it`.
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let shard = self.shards.get(shard_of(hash))?;
        shard.find(tag_of(hash), is_it).map(|(_, number)| number)
    }

    /// Adds a number that is not there.
    pub fn insert(&mut self, hash: u64, number: u32) {
        if self.shards.is_empty() {
            self.shards = iter::repeat_with(Shard::default).take(SHARDS).collect();
        }
        if let Some(shard) = Arc::make_mut(&mut self.shards).get_mut(shard_of(hash)) {
            shard.insert(tag_of(hash), number);
        }
    }

    /// Removes a number that is there.
    pub fn remove(&mut self, hash: u64, number: u32) {
        if let Some(shard) = Arc::make_mut(&mut self.shards).get_mut(shard_of(hash)) {
            shard.remove(tag_of(hash), number);
        }
    }
}

const fn shard_of(hash: u64) -> usize {
    (hash >> 56) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "the bits behind those that choose the shard")]
const fn tag_of(hash: u64) -> u32 {
    (hash >> 24) as u32
}

impl Shard {
    /// The place and the number of the entry with this tag whose number `is_it`.
    fn find(&self, tag: u32, is_it: impl Fn(u32) -> bool) -> Option<(usize, u32)> {
        let mut at = self.home(tag);
        for _ in 0..self.entries.len() {
            let (found, number) = self.entry(at)?;
            if found == tag && is_it(number) {
                return Some((at, number));
            }
            at = self.after(at);
        }
        None
    }

    /// The tag and the number at a place, if it is taken.
    fn entry(&self, at: usize) -> Option<(u32, u32)> {
        let entry = self.entries.get(at).copied().filter(|entry| *entry != 0)?;
        Some(((entry >> 32) as u32, (entry as u32).wrapping_sub(1)))
    }

    fn home(&self, tag: u32) -> usize {
        tag as usize & self.mask()
    }

    fn after(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.mask()
    }

    /// Keeps places within the entries, whose number is a power of two.
    fn mask(&self) -> usize {
        self.entries.len().wrapping_sub(1)
    }

    fn insert(&mut self, tag: u32, number: u32) {
        // A quarter stays free, so that probing ends soon.
        if (self.used + 1) * 4 > self.entries.len() * 3 {
            self.grow();
        }
        self.used += 1;
        let mut at = self.home(tag);
        while self.entry(at).is_some() {
            at = self.after(at);
        }
        self.set(at, u64::from(tag) << 32 | u64::from(number.wrapping_add(1)));
    }

    fn grow(&mut self) {
        let len = (self.entries.len() * 2).max(SHARD_MIN);
        let old = std::mem::replace(&mut self.entries, iter::repeat_n(0, len).collect());
        self.used = 0;
        for entry in old.iter().filter(|entry| **entry != 0) {
            self.insert((entry >> 32) as u32, (*entry as u32).wrapping_sub(1));
        }
    }

    fn remove(&mut self, tag: u32, number: u32) {
        let Some((mut hole, _)) = self.find(tag, |found| found == number) else {
            return;
        };
        self.used -= 1;
        // What was put behind the hole because it was taken moves up.
        let mut at = hole;
        loop {
            at = self.after(at);
            let Some((tag, _)) = self.entry(at) else {
                break;
            };
            let distance = |from: usize| at.wrapping_sub(from) & self.mask();
            if distance(self.home(tag)) >= distance(hole) {
                self.set(hole, self.entries.get(at).copied().unwrap_or_default());
                hole = at;
            }
        }
        self.set(hole, 0);
    }

    fn set(&mut self, at: usize, entry: u64) {
        if let Some(place) = Arc::make_mut(&mut self.entries).get_mut(at) {
            *place = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Hashes of which many fall into one shard and onto one place.
    fn hash_of(number: u32) -> u64 {
        u64::from(number % 3) << 56 | u64::from(number % 7) << 24
    }

    proptest! {
        #[test]
        fn finds_what_was_added_and_not_removed(steps in prop::collection::vec((any::<bool>(), 0_u32..100), 0..300)) {
            let (mut index, mut model) = (Index::default(), BTreeSet::new());
            for (adds, number) in steps {
                let before = index.clone();
                let was_there = model.contains(&number);
                if adds && model.insert(number) {
                    index.insert(hash_of(number), number);
                }
                if !adds && model.remove(&number) {
                    index.remove(hash_of(number), number);
                }
                prop_assert_eq!(before.find(hash_of(number), |found| found == number).is_some(), was_there);
                for number in 0..100 {
                    let found = index.find(hash_of(number), |found| found == number);
                    prop_assert_eq!(found.is_some(), model.contains(&number));
                }
            }
        }
    }
}
