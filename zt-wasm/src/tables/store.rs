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
        return Ok(vec![(H_STORE, 0), (H_STORE_MASK, u32::MAX)]);
    }
    let anchors: HashMap<EntityUid, u32> = policy.anchors().into_iter().zip(0..).collect();
    let mut rows = Rows { data, store, anchors, lineages: HashMap::new() };
    // At most half full, so that a search ends soon.
    let mut places = vec![0u32; (store.len() * 2).next_power_of_two()];
    let mask = places.len() - 1;
    for stored in store.entities() {
        let row = rows.row(stored);
        let mut at = hash(stored.uid()) as usize & mask;
        while places.get(at).is_some_and(|place| *place != 0) {
            at = (at + 1) & mask;
        }
        places.get_mut(at).into_iter().for_each(|place| *place = row);
    }
    let table = rows.data.words(&places);
    Ok(vec![(H_STORE, table), (H_STORE_MASK, number(mask))])
}

/// FNV-1a, as the routines have it.
fn hash(uid: &EntityUid) -> u32 {
    let ty = number(uid.ty.index()).to_le_bytes();
    let all = ty.iter().chain(uid.id.as_str().as_bytes());
    all.fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
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
        row.put(STORED_PARENTS, self.data.entities(stored.parents()));
        row.put(STORED_PARENTS_COUNT, number(stored.parents().len()));
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
