//! The rules that could apply, by way of the index, and what remains to be evaluated of them.

use std::ops::ControlFlow;

use super::asked::{Asked, Whole};
use super::evaluator::Evaluator;
use super::scratch::Found;
use crate::Truth;
use crate::decision::Fact;
use crate::facts::Above;
use crate::id::{EntityTypeId, NodeId, RuleId};
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

/// A rule whose condition may be wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Candidate {
    pub rule: RuleId,
    /// Which of its conjuncts are known to hold, as [`Entry::proven`] says.
    proven: u16,
}

/// How rules are looked for.
#[derive(Clone, Copy)]
struct Search {
    want: Want,
    /// Whether all gates and tests on the way are known to hold: what entries call proven takes that for granted.
    way_holds: bool,
}

impl<'a> Evaluator<'a, '_> {
    /// Shows `visit` every rule of a division whose condition is wanted, and some others, until it breaks. A rule may come
    /// more than once, and in any order.
    #[inline]
    pub fn each_candidate<F>(&mut self, division: u32, want: Want, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Candidate) -> ControlFlow<()>,
    {
        let (index, search) = (&self.derived.index, Search { want, way_holds: true });
        match index.only_loose(division) {
            Some(entries) => self.consider(entries, search, visit),
            None => self.search(division, search, visit),
        }
    }

    fn search<F>(&mut self, division: u32, mut search: Search, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Candidate) -> ControlFlow<()>,
    {
        let index = &self.derived.index;
        let division = index.division(division);
        for gate in index.gates(division) {
            match self.truth(*gate) {
                Truth::True => {}
                Truth::Unknown if search.want == Want::NotFalse => search.way_holds = false,
                Truth::False | Truth::Unknown => return ControlFlow::Continue(()),
            }
        }
        let loose = index.entries(division.loose);
        if !loose.is_empty() {
            self.consider(loose, search, visit)?;
        }
        for at in division.dimensions.indices() {
            if let Some(dimension) = index.dimension(at) {
                self.look_up(dimension, search, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Visits the entries whose further test does not show that their rule's condition is not wanted.
    #[inline]
    fn consider<F>(&mut self, entries: &[Entry], search: Search, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Candidate) -> ControlFlow<()>,
    {
        // Rules that are filed together mostly have the same further lookup.
        let (mut lookup, mut found) = (Entry::NONE, Found::default());
        for entry in entries {
            let mut proven = if search.way_holds { entry.proven } else { 0 };
            if entry.lookup != Entry::NONE {
                if entry.lookup != lookup {
                    (lookup, found) = (entry.lookup, self.find(entry.lookup));
                }
                let keys = self.scratch.keys.get(found.keys()).unwrap_or_default();
                if keys.contains(&entry.key) {
                    proven |= entry.also;
                } else if found.is_all || search.want == Want::True {
                    continue;
                }
            }
            visit(self, Candidate { rule: entry.rule, proven })?;
        }
        ControlFlow::Continue(())
    }

    fn look_up<F>(&mut self, dimension: &'a Dimension, search: Search, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Candidate) -> ControlFlow<()>,
    {
        let index = &self.derived.index;
        let (By::Keys { lookup, .. } | By::Intervals { lookup, .. }) = &dimension.by;
        let found = self.find(*lookup);
        if !found.is_all && search.want == Want::NotFalse {
            return self.consider_all(dimension, search, visit);
        }
        let table = match &dimension.by {
            By::Keys { table, .. } => *table,
            By::Intervals { intervals, first, .. } => {
                let Some(at) = self.scratch.point(found) else { return ControlFlow::Continue(()) };
                for filed in intervals.stab(at) {
                    self.consider(index.entries_behind(*first, filed), search, visit)?;
                }
                return ControlFlow::Continue(());
            }
        };
        for at in found.keys() {
            // What deeper lookups find stands behind.
            let Some(key) = self.scratch.keys.get(at).copied() else { continue };
            match index.find(table, key) {
                Some(Bucket::Entries(entries)) => self.consider(index.entries(entries), search, visit)?,
                Some(Bucket::Division(division)) => self.search(division, search, visit)?,
                None => {}
            }
        }
        ControlFlow::Continue(())
    }

    /// Visits all rules of a dimension whose slot is not known: nothing shows that they pass its tests.
    #[cold]
    #[inline(never)]
    fn consider_all<F>(&mut self, dimension: &'a Dimension, search: Search, visit: &mut F) -> ControlFlow<()>
    where
        F: FnMut(&mut Self, Candidate) -> ControlFlow<()>,
    {
        let index = &self.derived.index;
        let listed = index.entries(dimension.all);
        if !listed.is_empty() {
            return self.consider(listed, search, visit);
        }
        let search = Search { way_holds: false, ..search };
        match &dimension.by {
            By::Keys { table, .. } => {
                for bucket in index.buckets(*table) {
                    match bucket {
                        Bucket::Entries(entries) => self.consider(index.entries(entries), search, visit)?,
                        Bucket::Division(division) => self.search(division, search, visit)?,
                    }
                }
                ControlFlow::Continue(())
            }
            By::Intervals { intervals, first, .. } => {
                self.consider(index.entries_behind(*first, intervals.all()), search, visit)
            }
        }
    }

    /// What a lookup finds; done once for a decision.
    #[inline]
    fn find(&mut self, lookup: u32) -> Found {
        match self.scratch.found(lookup) {
            Some(found) => found,
            None => self.find_anew(lookup),
        }
    }

    #[inline(never)]
    fn find_anew(&mut self, number: u32) -> Found {
        let start = self.scratch.keys.len();
        let Some(lookup) = self.derived.index.lookup(number) else {
            return Found::default();
        };
        if let LookupKind::Anchors(leads) = &lookup.kind
            && let Some(Asked { uid: Value::Entity(uid), above, .. }) = self.asked(lookup.slot)
        {
            let is_all = self.find_anchors_of(uid, *above, leads);
            return self.scratch.set_found(number, start, is_all);
        }
        self.find_elsewhere(number, lookup)
    }

    /// The same for what most lookups are not of.
    #[inline(never)]
    fn find_elsewhere(&mut self, number: u32, lookup: &'a Lookup) -> Found {
        let start = self.scratch.keys.len();
        if lookup.kind == LookupKind::Point {
            let point = self.value(lookup.slot).value().and_then(Intervals::point);
            return self.scratch.set_point(number, point);
        }
        let is_all = self.find_keys(lookup);
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

    /// Adds the anchors that the slot's entity is or lies below. Whether those are all.
    fn find_anchors(&mut self, slot: NodeId, leads: &[bool]) -> bool {
        let slot = self.value(slot);
        let Some(Value::Entity(uid)) = slot.value() else {
            return false;
        };
        self.find_anchors_of(uid, self.whole(uid), leads)
    }

    /// The same, given what lies above the entity, if the store holds all of it.
    #[inline(always)]
    fn find_anchors_of(&mut self, uid: &EntityUid, above: Option<Whole<'a>>, leads: &[bool]) -> bool {
        let leads = |ty: EntityTypeId| leads.get(ty.index()) == Some(&true);
        if let Some(anchor) = self.derived.index.anchors.find(uid) {
            self.scratch.keys.push(anchor);
        }
        if !leads(uid.ty) {
            return true;
        }
        let Some(above) = above else {
            return self.climb_to_anchors(uid, leads);
        };
        if self.notes {
            self.note_parents(uid);
        }
        self.scratch.keys.extend_from_slice(above.anchors);
        true
    }

    #[inline(never)]
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
    #[inline]
    pub fn candidate_truth(&mut self, candidate: Candidate, want: Want) -> Truth {
        if candidate.proven == Entry::HOLDS {
            return Truth::True;
        }
        self.rest_truth(candidate, want)
    }

    fn rest_truth(&mut self, candidate: Candidate, want: Want) -> Truth {
        let mut truth = Truth::True;
        // The last bit is no conjunct's.
        let mut proven = candidate.proven & !(1 << (u16::BITS - 1));
        for node in self.world.policy.conjuncts(candidate.rule) {
            let is_proven = proven & 1 == 1;
            proven >>= 1;
            if is_proven {
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
    pub fn candidates(&mut self, divisions: &[u32], want: Want) -> Vec<Candidate> {
        let mut found = std::mem::take(&mut self.scratch.candidates);
        found.clear();
        for division in divisions {
            // The visitor never breaks.
            let _ = self.each_candidate(*division, want, &mut |_, candidate| {
                found.push(candidate);
                ControlFlow::Continue(())
            });
        }
        // Of the times that a rule came, the one comes first at which most was proven.
        found.sort_unstable_by_key(|each| (each.rule, std::cmp::Reverse(each.proven.count_ones()), each.proven));
        found.dedup_by_key(|each| each.rule);
        found
    }
}
