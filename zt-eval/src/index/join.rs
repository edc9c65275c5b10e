//! A store in terms of a policy: which anchors each lineage holds.
//!
//! Entities with the same parents share a lineage, so what a hierarchy test of the subject needs is one short list, worked out
//! when policy and store come together. When a store follows another, only the chunks of lists are made anew in which a
//! lineage is another.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Anchors, Range};
use crate::store::Store;

/// Lineages whose lists stand together.
const CHUNK: u32 = 256;

/// The anchors of every lineage of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Join {
    chunks: Vec<Arc<Chunk>>,
}

#[derive(Debug, Default)]
struct Chunk {
    /// By lineage of the chunk.
    lists: Vec<List>,
    numbers: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct List {
    range: Range,
    is_whole: bool,
}

/// What lies above an entity of a lineage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Above<'a> {
    /// The anchors, as far as the store knows.
    pub anchors: &'a [u32],
    /// Whether the store knows all: it holds every entity above.
    pub is_whole: bool,
}

impl Join {
    /// The join of a policy's anchors and a store.
    pub fn of(anchors: &Anchors, store: &Store) -> Self {
        let chunks = super::count(store.lineages()).div_ceil(CHUNK);
        Self { chunks: (0..chunks).map(|chunk| Arc::new(Chunk::of(anchors, store, chunk))).collect() }
    }

    /// The join of the same anchors and a store that was made from `old`, of which this is the join.
    pub fn follow(&self, anchors: &Anchors, old: &Store, store: &Store) -> Self {
        let changed: BTreeSet<u32> = store.lineages_since(old).map(|lineage| lineage / CHUNK).collect();
        let mut chunks = self.chunks.clone();
        chunks.resize_with(store.lineages().div_ceil(CHUNK as usize), Arc::default);
        for chunk in changed {
            if let Some(place) = chunks.get_mut(chunk as usize) {
                *place = Arc::new(Chunk::of(anchors, store, chunk));
            }
        }
        Self { chunks }
    }

    /// What lies above an entity of this lineage.
    #[inline]
    pub fn above(&self, lineage: u32) -> Above<'_> {
        let chunk = self.chunks.get((lineage / CHUNK) as usize);
        let list = chunk.and_then(|chunk| Some((chunk, chunk.lists.get((lineage % CHUNK) as usize)?)));
        list.map_or(Above { anchors: &[], is_whole: false }, |(chunk, list)| Above {
            anchors: list.range.of(&chunk.numbers),
            is_whole: list.is_whole,
        })
    }
}

impl Chunk {
    fn of(anchors: &Anchors, store: &Store, chunk: u32) -> Self {
        let mut made = Self::default();
        for lineage in chunk * CHUNK..(chunk + 1) * CHUNK {
            let start = super::count(made.numbers.len());
            let above = store.ancestors_of(lineage).iter().filter_map(|number| anchors.find(store.uid(*number)?));
            made.numbers.extend(above);
            let range = Range { start, end: super::count(made.numbers.len()) };
            made.lists.push(List { range, is_whole: store.open_of(lineage).is_empty() });
        }
        made
    }
}
