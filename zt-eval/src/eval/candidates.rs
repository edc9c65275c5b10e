//! The rules that could apply, by way of the index, and what remains to be evaluated of them.

use std::ops::ControlFlow;

use super::evaluator::Evaluator;
use super::operand::Operand;
use crate::Truth;
use crate::decision::Fact;
use crate::facts::{Above, Speaker};
use crate::id::{EntityTypeId, NodeId};
use crate::index::{Bucket, Dimension, Entry, Lookup};
use crate::value::{EntityUid, Value};

/// Which conditions count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Want {
    /// Those that are true.
    True,
    /// Those that are true or unknown.
    NotFalse,
}

impl<'a> Evaluator<'a, '_> {
    /// Shows `visit` every rule of a division whose condition is wanted, and some others, until it breaks. A rule may come
    /// more than once, and in any order.
    pub fn each_candidate<F>(&mut self, division: u32, want: Want, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Entry) -> ControlFlow<()>,
    {
        let index = &self.derived.index;
        let division = index.division(division);
        for entry in index.entries(division.loose) {
            visit(self, *entry)?;
        }
        for at in division.dimensions.indices() {
            if let Some(dimension) = index.dimension(at) {
                self.look_up(dimension, want, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn look_up<F>(&mut self, dimension: &'a Dimension, want: Want, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Entry) -> ControlFlow<()>,
    {
        let index = &self.derived.index;
        let start = self.scratch.keys.len();
        let is_known = self.find_keys(dimension);
        if !is_known && want == Want::NotFalse {
            self.scratch.keys.truncate(start);
            for entry in index.entries(dimension.all) {
                visit(self, *entry)?;
            }
            return ControlFlow::Continue(());
        }
        let mut at = start;
        // What deeper lookups add behind this one's keys is gone when they return.
        while let Some(key) = self.scratch.keys.get(at).copied() {
            at += 1;
            let bucket = match &dimension.lookup {
                Lookup::Keys { table, .. } | Lookup::Anchors { table, .. } | Lookup::Type { table } => {
                    index.find(*table, key)
                }
                Lookup::Intervals { first, .. } => {
                    if let Some(entry) = index.entry(first + key) {
                        visit(self, entry)?;
                    }
                    None
                }
            };
            match bucket {
                Some(Bucket::Entries(entries)) => {
                    for entry in index.entries(entries) {
                        visit(self, *entry)?;
                    }
                }
                Some(Bucket::Division(division)) => self.each_candidate(division, want, visit)?,
                None => {}
            }
        }
        self.scratch.keys.truncate(start);
        ControlFlow::Continue(())
    }

    /// Adds the keys that the slot's value passes to the scratch's. Whether those are all: it is known what the slot is.
    fn find_keys(&mut self, dimension: &'a Dimension) -> bool {
        if let Lookup::Anchors { leads, .. } = &dimension.lookup {
            return self.find_anchors(dimension.slot, leads);
        }
        let slot = self.value(dimension.slot);
        let Some(value) = slot.value() else {
            return false;
        };
        let found = &mut self.scratch.keys;
        match (&dimension.lookup, value) {
            (Lookup::Keys { slot, .. }, value) => match self.derived.index.keys(*slot) {
                Some(keys) => keys.hits(value, found),
                None => return false,
            },
            (Lookup::Type { .. }, Value::Entity(uid)) => found.extend(u32::try_from(uid.ty.index())),
            (Lookup::Intervals { intervals, .. }, value) => match crate::index::Intervals::point(value) {
                Some(at) => intervals.stab(at, found),
                None => return false,
            },
            _ => return false,
        }
        true
    }

    /// Adds the anchors that the slot's entity is or lies below. Whether those are all.
    fn find_anchors(&mut self, slot: NodeId, leads: &[bool]) -> bool {
        let (slot, speaker) = match self.asked(slot) {
            Some(asked) => (Operand::Ref(asked.uid), Some(asked.speaker)),
            None => (self.value(slot), None),
        };
        let Some(Value::Entity(uid)) = slot.value() else {
            return false;
        };
        let leads = |ty: EntityTypeId| leads.get(ty.index()) == Some(&true);
        if let Some(anchor) = self.derived.index.anchors.find(uid) {
            self.scratch.keys.push(anchor);
        }
        if !leads(uid.ty) {
            return true;
        }
        match speaker.unwrap_or_else(|| self.world.speaker(uid)) {
            Speaker::Store(stored) if self.world.store.open(stored).next().is_none() => {
                if self.notes {
                    self.scratch.note(Fact::Parents(uid.clone()));
                }
                self.scratch.keys.extend_from_slice(self.join.anchors_above(stored.lineage()));
                true
            }
            _ => self.climb_to_anchors(uid, leads),
        }
    }

    fn climb_to_anchors(&mut self, uid: &EntityUid, leads: impl Fn(EntityTypeId) -> bool) -> bool {
        let (join, anchors, notes) = (self.join, &self.derived.index.anchors, self.notes);
        let mut climb = std::mem::take(&mut self.scratch.climb);
        let mut found = std::mem::take(&mut self.scratch.anchors);
        found.clear();
        let truth = self.world.climb(
            uid,
            &mut climb,
            leads,
            &mut |uid| {
                if notes {
                    self.scratch.note(Fact::Parents(uid.clone()));
                }
            },
            |above| {
                match above {
                    Above::Stored(stored) => found.extend_from_slice(join.anchors_above(stored.lineage())),
                    Above::Said(parent) => found.extend(anchors.find(parent)),
                }
                false
            },
        );
        // Many ways can lead to one anchor.
        found.sort_unstable();
        found.dedup();
        self.scratch.keys.extend_from_slice(&found);
        (self.scratch.climb, self.scratch.anchors) = (climb, found);
        truth == Truth::False
    }

    /// The truth of a candidate's condition, as far as that is wanted: one that is not may be given as unknown or false.
    pub fn entry_truth(&mut self, entry: Entry, want: Want) -> Truth {
        let index = &self.derived.index;
        let mut truth = Truth::True;
        for (at, node) in index.conjuncts(entry.rule).iter().enumerate() {
            if at < 16 && entry.proven >> at & 1 == 1 {
                continue;
            }
            truth = truth.and(self.truth(*node));
            if truth == Truth::False || (truth == Truth::Unknown && want == Want::True) {
                break;
            }
        }
        truth
    }

    /// The candidates of some divisions in source order, each once, for the caller to give back.
    pub fn candidates(&mut self, divisions: &[u32], want: Want) -> Vec<Entry> {
        let mut found = std::mem::take(&mut self.scratch.candidates);
        found.clear();
        for division in divisions {
            // The visitor never breaks.
            let _ = self.each_candidate(*division, want, &mut |_, entry| {
                found.push(entry);
                ControlFlow::Continue(())
            });
        }
        // Of a rule's entries, the one of which most is proven comes first.
        found.sort_unstable_by_key(|entry| (entry.rule, std::cmp::Reverse(entry.proven.count_ones())));
        found.dedup_by_key(|entry| entry.rule);
        found
    }
}
