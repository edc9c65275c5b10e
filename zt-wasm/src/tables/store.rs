//! The store, as routines find its entities: a table by hash, and for each entity what is said of it and what lies above.
//!
//! Ancestors and anchors are worked out here, once; entities that have the same share them.

use std::collections::HashMap;

use zt_eval::request::StoreError;
use zt_eval::value::EntityUid;
use zt_eval::{Policy, Store};

use super::data::{Data, number};
use super::schema::{Header, Row, bytes};
use crate::layout::*;

/// Writes a store for a policy.
///
/// # Errors
///
/// When it was read against other declarations.
pub fn write(data: &mut Data, policy: &Policy, store: &Store) -> Result<Header, StoreError> {
    store.check_fits(policy.schema())?;
    if store.is_empty() {
        return Ok(header(0, u32::MAX));
    }
    let anchors: HashMap<EntityUid, u32> = policy.anchors().into_iter().zip(0..).collect();
    let mut rows = Rows { data, store, anchors, lineages: HashMap::new() };
    let mask = number(store.len().next_power_of_two() - 1);
    // By bucket, and in each by name.
    let mut sorted: Vec<(u32, &EntityUid, u32)> =
        store.entities().map(|stored| (hash(stored.uid()) & mask, stored.uid(), rows.row(stored))).collect();
    sorted.sort_unstable();
    let addresses: Vec<u32> = sorted.iter().map(|(.., row)| *row).collect();
    let first = rows.data.words(&addresses);
    let begins = (0..=mask + 1).map(|bucket| {
        let before = sorted.partition_point(|(of, ..)| *of < bucket);
        first + number(before * 4)
    });
    let table = rows.data.words(&begins.collect::<Vec<_>>());
    Ok(header(table, mask))
}

/// The store that is in force, at first the one that is baked in.
fn header(table: u32, mask: u32) -> Header {
    vec![(H_STORE, table), (H_STORE_MASK, mask), (DATA_TABLE, table), (DATA_MASK, mask)]
}

/// As the routines have it.
fn hash(uid: &EntityUid) -> u32 {
    let hashed = |hash: u64, word: u64| {
        let product = (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        product ^ product >> 32
    };
    let id = uid.id.as_str().as_bytes();
    let (words, rest) = id.as_chunks::<8>();
    let hash = hashed(u64::from(number(uid.ty.index())), id.len() as u64);
    let hash = words.iter().fold(hash, |hash, word| hashed(hash, u64::from_le_bytes(*word)));
    let last = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    (hashed(hash, last) & 0xFFFF_FFFF) as u32
}

struct Rows<'a> {
    data: &'a mut Data,
    store: &'a Store,
    anchors: HashMap<EntityUid, u32>,
    /// What lies above the entities of a lineage: a row, as far as it says that.
    lineages: HashMap<u32, Vec<u8>>,
}

impl Rows<'_> {
    fn row(&mut self, stored: &zt_eval::store::Stored) -> u32 {
        let above = match self.lineages.get(&stored.lineage()) {
            Some(above) => above.clone(),
            None => {
                let above = self.above(stored);
                self.lineages.insert(stored.lineage(), above.clone());
                above
            }
        };
        let mut row = Row(above);
        let uid = self.data.encode_entity(stored.uid());
        row.put_bytes(0, &uid);
        row.put(STORED_ATTRIBUTES, self.data.cells(stored.attributes()));
        self.data.align(8);
        self.data.bytes(&row.0)
    }

    fn above(&mut self, stored: &zt_eval::store::Stored) -> Vec<u8> {
        // Anchors and open ancestors in the store's own order: it decides what a search that succeeds has consulted.
        let mut ancestors: Vec<&EntityUid> = self.store.ancestors(stored).collect();
        let anchors: Vec<u32> = ancestors.iter().filter_map(|uid| self.anchors.get(*uid).copied()).collect();
        let open: Vec<&EntityUid> = self.store.open(stored).collect();
        ancestors.sort_unstable();
        let mut row = Row(vec![0; bytes(STORED)]);
        row.put(STORED_ABOVE, self.data.entities(ancestors.iter().copied()));
        row.put(STORED_ABOVE_COUNT, number(ancestors.len()));
        row.put(STORED_OPEN, self.data.entities(open.iter().copied()));
        row.put(STORED_OPEN_COUNT, number(open.len()));
        row.put(STORED_ANCHORS, self.data.words(&anchors));
        row.put(STORED_ANCHORS_COUNT, number(anchors.len()));
        row.put(STORED_IS_WHOLE, open.is_empty().into());
        row.0
    }
}
