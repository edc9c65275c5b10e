//! Memory that decisions reuse.
//!
//! The datum of a node that several others read is kept with the stamp under which it was computed, and holds while the stamp
//! of the level that it depends on is the same. Renewing a stamp forgets every datum of a level at once, so nothing is ever
//! cleared. Stamps only grow, so what another policy's decision left behind never matches.

use super::Fired;
use super::candidates::Candidate;
use super::unknowns::Unknowns;
use crate::Truth;
use crate::decision::{Decision, Fact};
use crate::facts::Climb;
use crate::graph::{Derived, Effect, Node, Policy};
use crate::id::{NodeId, RuleId};
use crate::request::Cycles;
use crate::value::{Datum, EntityUid, Timestamp, Value};

/// Quantifiers inside quantifiers that any policy may have.
pub(crate) const LEVELS_MAX: usize = 16;

/// Facts that are noted before repetitions are first thrown out.
const FACTS_MIN: usize = 1024;

/// Memory that decisions reuse, so that they need not allocate it anew. It holds copies of evidence that was last used.
#[derive(Debug, Default)]
pub struct Scratch {
    kept: Vec<Kept>,
    /// By node, where what is unknown is looked for: the stamp under which the node was last walked.
    walked: Vec<u64>,
    /// Whether every node is kept, for explanations; else those that several others read.
    keeps_all: bool,
    /// By level; 0 for what depends on no variable.
    stamps: [u64; LEVELS_MAX + 1],
    last_stamp: u64,
    /// What was consulted; repetitions are thrown out now and then.
    facts: Vec<Fact>,
    /// How many facts there may be before that is next done.
    facts_max: usize,
    pub(super) flip: Option<Timestamp>,
    /// For the way up from parent to parent.
    pub(super) climb: Climb,
    /// Keys that lookups found.
    pub(super) keys: Vec<u32>,
    /// Places of values in the order of their kind, that lookups found.
    points: Vec<i128>,
    /// By lookup: what it found.
    found: Vec<Looked>,
    /// Anchors found on the way up, before repetitions are thrown out.
    pub(super) anchors: Vec<u32>,
    /// Candidates that are put in order before they are looked at.
    pub(super) candidates: Vec<Candidate>,
    /// Deny rules that fired.
    pub(super) fired: Vec<Fired>,
    /// Allow rules that could change a denial.
    pub(super) open: Vec<(RuleId, Truth)>,
    /// What was found to be unknown.
    pub(super) unknowns: Unknowns,
    /// Entities whose parents were looked at.
    pub(super) consulted: Vec<EntityUid>,
    /// By context attribute: whether its step-up is taken as done.
    pub(super) granted: Vec<bool>,
    /// For cycles among parents.
    pub(super) cycles: Cycles,
    /// Memory of the arguments of obligations of decisions that were used again.
    args: Vec<Vec<Value>>,
    /// How many of them the decision has taken: there is room for all of them to come back.
    args_taken: usize,
    /// Nodes computed, for tests that count.
    pub(crate) computed: u64,
}

/// A lookup.
#[derive(Clone, Copy, Debug, Default)]
struct Looked {
    /// The stamp under which it was done.
    stamp: u64,
    found: Found,
}

/// What a lookup found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    start: u32,
    end: u32,
    /// Whether there are no other keys: what was looked up is known.
    pub is_all: bool,
}

impl Found {
    fn new(start: usize, end: usize, is_all: bool) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: narrow(start), end: narrow(end), is_all }
    }

    /// Where the keys stand among all that were found.
    #[inline]
    pub fn keys(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Clone, Debug)]
struct Kept {
    stamp: u64,
    datum: Datum,
}

impl Scratch {
    /// Scratch memory; it grows to the size of the policies that it is used with.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what the last decision computed, and if `notes` are taken what it consulted.
    #[inline]
    pub(super) fn start(&mut self, policy: &Policy, notes: bool) {
        self.keeps_all = false;
        if notes {
            self.start_notes();
        }
        self.begin(policy, policy.derived.kept_count as usize);
    }

    /// The same, to keep what every node gives from now on.
    pub(super) fn start_keeping_all(&mut self, policy: &Policy) {
        self.keeps_all = true;
        self.start_notes();
        self.begin(policy, policy.nodes.len());
    }

    fn start_notes(&mut self) {
        self.facts.clear();
        self.facts_max = FACTS_MIN;
        self.unknowns.start();
        self.flip = None;
    }

    /// What one way of keeping left behind means nothing to the other: their stamps differ.
    #[inline(always)]
    fn begin(&mut self, policy: &Policy, kept: usize) {
        self.args_taken = 0;
        let lookups = policy.derived.index.lookups();
        if self.found.len() < lookups || self.kept.len() < kept {
            self.grow(lookups, kept);
        }
        self.restart();
    }

    #[inline(never)]
    fn grow(&mut self, lookups: usize, kept: usize) {
        self.found.resize(lookups.max(self.found.len()), Looked::default());
        self.kept.resize(kept.max(self.kept.len()), Kept { stamp: 0, datum: Datum::Unknown });
    }

    /// Forgets what was computed and looked up: the same request is looked at in another way.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.keys.clear();
        self.points.clear();
        self.renew(0);
    }

    /// What a lookup found, if it was done.
    #[inline]
    pub(super) fn found(&self, lookup: u32) -> Option<Found> {
        let looked = self.found.get(lookup as usize).filter(|looked| looked.stamp == self.stamp(0));
        looked.map(|looked| looked.found)
    }

    /// Remembers where in the order of its kind a lookup found a value, if that is known.
    pub(super) fn set_point(&mut self, lookup: u32, point: Option<i128>) -> Found {
        let start = self.points.len();
        self.points.extend(point);
        self.remember(lookup, Found::new(start, self.points.len(), point.is_some()))
    }

    #[inline]
    fn remember(&mut self, lookup: u32, found: Found) -> Found {
        let stamp = self.stamp(0);
        if let Some(place) = self.found.get_mut(lookup as usize) {
            *place = Looked { stamp, found };
        }
        found
    }

    /// The point that a lookup found.
    #[inline]
    pub(super) fn point(&self, found: Found) -> Option<i128> {
        self.points.get(found.keys())?.first().copied()
    }

    /// Remembers that a lookup found the keys from `start`.
    #[inline]
    pub(super) fn set_found(&mut self, lookup: u32, start: usize, is_all: bool) -> Found {
        self.remember(lookup, Found::new(start, self.keys.len(), is_all))
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
    pub(super) fn give_facts(&mut self, facts: &mut Vec<Fact>) {
        self.tidy();
        facts.append(&mut self.facts);
    }

    /// Makes a decision that was used before into one of which nothing is known, a denial, and keeps its memory.
    #[inline(always)]
    pub(crate) fn reuse(&mut self, decision: &mut Decision) {
        decision.effect = Effect::Deny;
        decision.reason = None;
        decision.rules.clear();
        decision.overridden.clear();
        decision.audit.clear();
        self.unknowns.take_back(&mut decision.unknown);
        if !decision.obligations.is_empty() {
            self.take_args_back(decision);
        }
        decision.valid_until = None;
        decision.depends_on.clear();
        decision.challenge.clear();
    }

    #[inline(never)]
    fn take_args_back(&mut self, decision: &mut Decision) {
        while let Some(duty) = decision.obligations.pop() {
            let mut args = duty.args;
            args.clear();
            self.args.push(args);
        }
    }

    /// Memory for the arguments of an obligation.
    pub(super) fn spare_args(&mut self) -> Vec<Value> {
        self.args_taken += 1;
        self.args.pop().unwrap_or_else(|| {
            self.args.reserve(self.args_taken);
            Vec::new()
        })
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

    /// Where the datum of a node is kept, if it is.
    #[inline]
    pub(super) fn place(&self, node: NodeId, derived: &Derived) -> Option<usize> {
        if self.keeps_all {
            return Some(node.index());
        }
        derived.kept.get(node.index()).filter(|place| **place < Derived::BORROWED).map(|place| *place as usize)
    }

    /// The datum of a node, if it was computed and kept.
    pub(super) fn recall(&self, node: NodeId, derived: &Derived) -> Option<&Datum> {
        self.recall_at(self.place(node, derived)?, node, derived)
    }

    /// The same, when it is known where it would be.
    #[inline]
    pub(super) fn recall_at(&self, place: usize, node: NodeId, derived: &Derived) -> Option<&Datum> {
        let kept = self.kept.get(place)?;
        (kept.stamp != 0 && kept.stamp == self.stamp(derived.level(node))).then_some(&kept.datum)
    }

    /// Keeps the datum of a node.
    #[inline]
    pub(super) fn keep_at(&mut self, place: usize, node: NodeId, derived: &Derived, datum: Datum) {
        let stamp = self.stamp(derived.level(node));
        if let Some(kept) = self.kept.get_mut(place) {
            *kept = Kept { stamp, datum };
        }
    }

    /// Whether what every node gives is kept.
    #[inline]
    pub(super) fn keeps_all(&self) -> bool {
        self.keeps_all
    }

    /// Counts a node that was computed.
    pub(super) fn note_computed(&mut self, node: &Node) {
        self.computed += u64::from(!node.only_reads());
    }

    /// Whether the node has not been walked since its level's stamp was renewed; it then has.
    pub(super) fn enter(&mut self, node: NodeId, derived: &Derived) -> bool {
        let stamp = self.stamp(derived.level(node));
        if self.walked.len() <= node.index() {
            self.walked.resize(derived.levels.len(), 0);
        }
        self.walked.get_mut(node.index()).is_some_and(|walked| std::mem::replace(walked, stamp) != stamp)
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
        let mut facts = Vec::new();
        scratch.give_facts(&mut facts);
        assert_eq!(facts.len(), 3_000);
    }
}
