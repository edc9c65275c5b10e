//! Memory that decisions reuse.
//!
//! A node's datum is kept with the stamp under which it was computed, and holds while the stamp of the level that it depends
//! on is the same. Renewing a stamp forgets every datum of a level at once, so nothing is ever cleared. Stamps only grow,
//! so what another policy's decision left behind never matches.

use crate::decision::Fact;
use crate::graph::Policy;
use crate::id::NodeId;
use crate::value::{Datum, Text, Timestamp};

/// Quantifiers inside quantifiers that any policy may have.
pub(crate) const LEVELS_MAX: usize = 16;

/// Facts that are noted before repetitions are first thrown out.
const FACTS_MIN: usize = 1024;

/// Memory that decisions reuse, so that they need not allocate it anew. It holds copies of evidence that was last used.
#[derive(Debug, Default)]
pub struct Scratch {
    entries: Vec<Entry>,
    /// By level; 0 for what depends on no variable.
    stamps: [u64; LEVELS_MAX + 1],
    last_stamp: u64,
    pub(super) bindings: [Binding; LEVELS_MAX + 1],
    /// What was consulted; repetitions are thrown out now and then.
    facts: Vec<Fact>,
    /// How many facts there may be before that is next done.
    facts_max: usize,
    pub(super) flip: Option<Timestamp>,
    /// Nodes computed, for tests that count.
    #[cfg(test)]
    pub(crate) computed: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    stamp: u64,
    /// The stamp under which the node was last walked for what is unknown in it.
    walked: u64,
    datum: Datum,
}

/// Where a quantifier is.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    /// The collection's node.
    pub over: NodeId,
    /// The key, over a map.
    pub key: Option<Text>,
    /// The element, or the map's value.
    pub element: Datum,
}

impl Default for Binding {
    fn default() -> Self {
        Self { over: NodeId::new(usize::MAX), key: None, element: Datum::Unknown }
    }
}

impl Scratch {
    /// Scratch memory; it grows to the size of the policies that it is used with.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what the last decision consulted and computed.
    pub(super) fn start(&mut self, policy: &Policy) {
        self.facts.clear();
        self.facts_max = FACTS_MIN;
        self.flip = None;
        let nodes = policy.nodes.len();
        if self.entries.len() < nodes {
            self.entries.resize(nodes, Entry { stamp: 0, walked: 0, datum: Datum::Unknown });
        }
        self.renew(0);
    }

    /// Notes that a fact was consulted. Nested quantifiers consult the same facts over and over: what is kept stays within a
    /// constant of what is different.
    pub(super) fn note(&mut self, fact: Fact) {
        self.facts.push(fact);
        if self.facts.len() >= self.facts_max {
            self.tidy();
            self.facts_max = self.facts.len().saturating_mul(2).max(FACTS_MIN);
        }
    }

    fn tidy(&mut self) {
        self.facts.sort_unstable();
        self.facts.dedup();
    }

    /// What was consulted, sorted.
    pub(super) fn take_facts(&mut self) -> Vec<Fact> {
        self.tidy();
        std::mem::take(&mut self.facts)
    }

    /// Forgets every datum that depends on a level.
    pub(super) fn renew(&mut self, level: u8) {
        self.last_stamp += 1;
        if let Some(stamp) = self.stamps.get_mut(usize::from(level)) {
            *stamp = self.last_stamp;
        }
    }

    fn stamp(&self, level: u8) -> u64 {
        self.stamps.get(usize::from(level)).copied().unwrap_or(0)
    }

    pub(super) fn recall(&self, node: NodeId, level: u8) -> Option<&Datum> {
        let entry = self.entries.get(node.index())?;
        (entry.stamp != 0 && entry.stamp == self.stamp(level)).then_some(&entry.datum)
    }

    pub(super) fn remember(&mut self, node: NodeId, level: u8, datum: Datum) {
        let stamp = self.stamp(level);
        if let Some(entry) = self.entries.get_mut(node.index()) {
            entry.stamp = stamp;
            entry.datum = datum;
        }
    }

    /// Whether the node has not been walked since its datum was computed; it then has.
    pub(super) fn enter(&mut self, node: NodeId, level: u8) -> bool {
        let stamp = self.stamp(level);
        self.entries.get_mut(node.index()).is_some_and(|entry| std::mem::replace(&mut entry.walked, stamp) != stamp)
    }

    pub(super) fn binding(&self, level: u8) -> Option<&Binding> {
        self.bindings.get(usize::from(level))
    }

    pub(super) fn flips_at(&mut self, flip: Option<Timestamp>) {
        self.flip = [self.flip, flip].into_iter().flatten().min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_facts_do_not_pile_up() {
        let mut scratch = Scratch { facts_max: FACTS_MIN, ..Scratch::new() };
        for round in 0..100_000 {
            scratch.note(Fact::Context(round % 3_000));
            assert!(scratch.facts.len() <= 6_000);
        }
        assert_eq!(scratch.take_facts().len(), 3_000);
    }
}
