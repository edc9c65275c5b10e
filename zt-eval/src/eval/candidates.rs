//! The rules that could apply, by way of the index, and what remains to be evaluated of them.

use std::ops::ControlFlow;

use super::evaluator::Evaluator;
use super::operand::Operand;
use super::scratch::Found;
use crate::Truth;
use crate::decision::Fact;
use crate::facts::{Above, Speaker};
use crate::id::{EntityTypeId, NodeId};
use crate::index::{Bucket, By, Dimension, Entry, Intervals, Lookup, LookupKind};
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
        self.consider(index.entries(division.loose), want, visit)?;
        for at in division.dimensions.indices() {
            if let Some(dimension) = index.dimension(at) {
                self.look_up(dimension, want, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Visits the entries whose further test does not show that their rule's condition is not wanted.
    #[inline]
    fn consider<F>(&mut self, entries: &[Entry], want: Want, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Entry) -> ControlFlow<()>,
    {
        // Rules that are filed together mostly have the same further lookup.
        let (mut lookup, mut found) = (Entry::NONE, Found::default());
        for entry in entries {
            let mut entry = *entry;
            if entry.lookup != Entry::NONE {
                if entry.lookup != lookup {
                    (lookup, found) = (entry.lookup, self.find(entry.lookup));
                }
                let keys = self.scratch.keys.get(found.keys()).unwrap_or_default();
                if keys.contains(&entry.key) {
                    entry.proven |= entry.also;
                } else if found.is_all || want == Want::True {
                    continue;
                }
            }
            visit(self, entry)?;
        }
        ControlFlow::Continue(())
    }

    fn look_up<F>(&mut self, dimension: &'a Dimension, want: Want, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Entry) -> ControlFlow<()>,
    {
        let index = &self.derived.index;
        let found = match &dimension.by {
            By::Keys { lookup, .. } => self.find(*lookup),
            By::Intervals { slot, intervals, .. } => self.find_intervals(*slot, intervals),
        };
        if !found.is_all && want == Want::NotFalse {
            return self.consider(index.entries(dimension.all), want, visit);
        }
        for at in found.keys() {
            // What deeper lookups find stands behind.
            let Some(key) = self.scratch.keys.get(at).copied() else { continue };
            let bucket = match &dimension.by {
                By::Keys { table, .. } => index.find(*table, key),
                By::Intervals { first, .. } => {
                    self.consider(index.entry(first + key), want, visit)?;
                    continue;
                }
            };
            match bucket {
                Some(Bucket::Entries(entries)) => self.consider(index.entries(entries), want, visit)?,
                Some(Bucket::Division(division)) => self.each_candidate(division, want, visit)?,
                None => {}
            }
        }
        ControlFlow::Continue(())
    }

    /// What a lookup finds; done once for a decision.
    #[inline]
    fn find(&mut self, lookup: u32) -> Found {
        match self.scratch.found(lookup) {
            Some(found) => found,
            None => self.find_anew(lookup),
        }
    }

    fn find_anew(&mut self, number: u32) -> Found {
        let index = &self.derived.index;
        let start = self.scratch.keys.len();
        let is_all = index.lookup(number).is_some_and(|lookup| self.find_keys(lookup));
        self.scratch.set_found(number, start, is_all)
    }

    /// Adds the keys that the slot's value gives to the scratch's. Whether those are all: it is known what the slot is.
    fn find_keys(&mut self, lookup: &'a Lookup) -> bool {
        if let LookupKind::Anchors(leads) = &lookup.kind {
            return self.find_anchors(lookup.slot, leads);
        }
        let slot = self.value(lookup.slot);
        let found = &mut self.scratch.keys;
        match (&lookup.kind, slot.value()) {
            (LookupKind::Keys(keys), Some(value)) => {
                let Some(keys) = self.derived.index.keys(*keys) else {
                    return false;
                };
                keys.hits(value, found);
                true
            }
            (LookupKind::Type, Some(Value::Entity(uid))) => {
                found.extend(u32::try_from(uid.ty.index()));
                true
            }
            _ => false,
        }
    }

    fn find_intervals(&mut self, slot: NodeId, intervals: &Intervals) -> Found {
        let start = self.scratch.keys.len();
        let point = self.value(slot).value().and_then(Intervals::point);
        if let Some(at) = point {
            intervals.stab(at, &mut self.scratch.keys);
        }
        Found::new(start, self.scratch.keys.len(), point.is_some())
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
            Speaker::Store(stored) => {
                let above = self.join.above(stored.lineage());
                if !above.is_whole {
                    return self.climb_to_anchors(uid, leads);
                }
                if self.notes {
                    self.scratch.note(Fact::Parents(uid.clone()));
                }
                self.scratch.keys.extend_from_slice(above.anchors);
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
                    Above::Stored(stored) => found.extend_from_slice(join.above(stored.lineage()).anchors),
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
