//! Equality with many scalars as one probe of a hash table.
//!
//! Text brings its hash along, and every other scalar is a few bytes, so that a probe never reads text unless the hash
//! says that it is the right one. The hash is keyed: nobody can prepare constants that collide.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::narrow;
use crate::value::Value;

/// Scalars with their keys, by open addressing; at most half full.
#[derive(Clone, Debug, Default)]
pub(super) struct Equal {
    hashes: RandomState,
    /// Keys the hashes of values that are their own bits.
    seed: u64,
    /// A power of two of slots, or none.
    slots: Box<[Slot]>,
    entries: Box<[(Value, u32)]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The half of the hash that does not choose the slot.
    tag: u32,
    /// The entry's position, counted from 1; 0 where the slot is free.
    entry: u32,
}

impl Equal {
    pub fn build(entries: Vec<(Value, u32)>) -> Self {
        let capacity = if entries.is_empty() { 0 } else { (2 * entries.len()).next_power_of_two() };
        let hashes = RandomState::default();
        let mut table = Self {
            seed: hashes.hash_one(capacity),
            hashes,
            slots: vec![Slot::default(); capacity].into(),
            entries: entries.into(),
        };
        let mask = capacity.wrapping_sub(1);
        for (entry, (value, _)) in table.entries.iter().enumerate() {
            let hash = table.hash(value);
            let mut at = low(hash) & mask;
            while table.slots.get(at).is_some_and(|slot| slot.entry != 0) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = table.slots.get_mut(at) {
                *slot = Slot { tag: high(hash), entry: narrow(entry + 1) };
            }
        }
        table
    }

    /// A hash of a scalar. The kinds that tests are mostly about take one multiplication.
    fn hash(&self, value: &Value) -> u64 {
        let bits = match value {
            Value::String(text) => text.hash32().into(),
            Value::Entity(uid) => u64::from(uid.id.hash32()) | (uid.ty.index() as u64) << 32,
            Value::Enum(member) => member.index.into(),
            Value::Int(int) => int.cast_unsigned(),
            Value::Bool(truth) => (*truth).into(),
            other => return self.hashes.hash_one(other),
        };
        fold(bits ^ self.seed, 0x9E37_79B9_7F4A_7C15)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes the table takes; long texts are shared with the policy's constants.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.slots) + size_of_val(&*self.entries)
    }

    /// Gives the keys of all entries that are equal to the scalar.
    pub fn hits(&self, value: &Value, mut give: impl FnMut(u32)) {
        // Collections are never filed, and hashing one would take as long as it is.
        let is_scalar = !matches!(value, Value::Set(_) | Value::List(_) | Value::Map(_) | Value::Record(_));
        if self.slots.is_empty() || !is_scalar {
            return;
        }
        let mask = self.slots.len() - 1;
        let hash = self.hash(value);
        let mut at = low(hash) & mask;
        while let Some(slot) = self.slots.get(at).filter(|slot| slot.entry != 0) {
            if slot.tag == high(hash)
                && let Some((candidate, key)) = self.entries.get(slot.entry as usize - 1)
                && candidate == value
            {
                give(*key);
            }
            at = (at + 1) & mask;
        }
    }
}

/// The product of two words with its halves folded into one (as in wyhash): every bit of either matters.
#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

#[expect(clippy::cast_possible_truncation, reason = "the other half is the tag")]
const fn low(hash: u64) -> usize {
    hash as u32 as usize
}

const fn high(hash: u64) -> u32 {
    (hash >> 32) as u32
}
