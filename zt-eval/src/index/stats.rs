//! What a policy's index consists of, and what looking something up in it takes at most.
//!
//! For people and for bounds; deciding never asks.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bucket, By, Dimension, Division, Entry, Index, Intervals, Lookup, LookupKind, Range};
use crate::graph::{Policy, wire};
use crate::id::{NodeId, RuleId};

/// How large a policy is, and how its rules are found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stats {
    /// Rules.
    pub rules: usize,
    /// Nodes of the decision graph.
    pub nodes: usize,
    /// Bytes of the compiled policy by part; lengths of parts are left out.
    pub bytes: Vec<(&'static str, usize)>,
    /// Bytes of the index in memory, which is worked out when a policy is loaded.
    pub index_bytes: usize,
    /// The slots by which rules are found, those by which most are found first.
    pub slots: Vec<SlotStats>,
    /// Rules that are always looked at: no slot finds them, or so few rules stand beside them that none is asked.
    pub always: usize,
    /// The most rules that no further slot tells apart.
    pub bucket_max: usize,
}

/// How a slot finds rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlotStats {
    /// The slot as an author would write it.
    pub slot: String,
    /// The structures that its value is looked up in, with the number of constants in each.
    pub structures: Vec<(&'static str, usize)>,
    /// Rules that it finds.
    pub rules: usize,
    /// The most rules that one constant finds and no further slot tells apart.
    pub bucket_max: usize,
}

impl Policy {
    /// How large the policy is, and how its rules are found.
    ///
    /// ```
    /// # fn look(policy: &zt_eval::Policy) {
    /// for slot in policy.stats().slots {
    ///     println!("{}: {} rules", slot.slot, slot.rules);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        let index = &self.derived.index;
        let mut slots = index.slots(self);
        slots.sort_by(|a, b| b.rules.cmp(&a.rules).then_with(|| a.slot.cmp(&b.slot)));
        let always = index.always();
        let loose_max = index.divisions.iter().map(|division| division.loose.len()).max().unwrap_or(0);
        let bucket_max = slots.iter().map(|slot| slot.bucket_max).fold(loose_max, usize::max);
        Stats {
            rules: self.rules.len(),
            nodes: self.nodes.len(),
            bytes: wire::sizes(self),
            index_bytes: index.bytes(),
            slots,
            always,
            bucket_max,
        }
    }
}

/// What visiting all candidates of some divisions can take.
#[derive(Clone, Default, Debug)]
pub(crate) struct Traversal {
    /// Keys and entries looked at.
    pub steps: u64,
    /// Nodes that are read each time.
    pub slots: Vec<(NodeId, u64)>,
    /// Lookups, each done once for a decision.
    pub lookups: BTreeSet<u32>,
    /// By rule: how often it can be visited.
    pub entries: BTreeMap<RuleId, u64>,
}

impl Traversal {
    /// Adds so many of another.
    pub fn add(&mut self, other: &Self, times: u64) {
        self.steps = self.steps.saturating_add(other.steps.saturating_mul(times));
        self.slots.extend(other.slots.iter().map(|(slot, each)| (*slot, each.saturating_mul(times))));
        self.lookups.extend(&other.lookups);
        for (rule, each) in &other.entries {
            *self.entries.entry(*rule).or_default() += each.saturating_mul(times);
        }
    }

    fn step(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }
}

impl Lookup {
    /// Whether it goes up from an entity.
    pub fn is_hierarchy(&self) -> bool {
        matches!(self.kind, LookupKind::Anchors(_))
    }
}

impl Range {
    fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }
}

/// What a slot is asked for, for the places at which it is asked.
#[derive(Default)]
struct Asked {
    structures: Vec<(&'static str, usize)>,
    rules: BTreeSet<RuleId>,
    bucket_max: usize,
}

impl Index {
    /// Adds all that visiting a division's candidates can look at: every key found, every entry visited.
    pub fn traverse(&self, division: u32, traversal: &mut Traversal) {
        let found = self.division(division);
        let Division { loose, dimensions, .. } = found;
        traversal.slots.extend(self.gates(found).iter().map(|gate| (*gate, 1)));
        self.visit(self.entries(loose), traversal);
        for dimension in dimensions.indices().filter_map(|at| self.dimension(at)) {
            traversal.step(1);
            match &dimension.by {
                By::Keys { lookup, table } => {
                    traversal.lookups.insert(*lookup);
                    traversal.step(self.found_max(*lookup));
                    self.tables.buckets(*table).for_each(|bucket| match bucket {
                        Bucket::Entries(entries) => self.visit(self.entries(entries), traversal),
                        Bucket::Division(division) => self.traverse(division, traversal),
                    });
                }
                By::Intervals { lookup, intervals, first } => {
                    traversal.lookups.insert(*lookup);
                    traversal.step(intervals.len() as u64);
                    self.visit_intervals(*first, intervals, dimension, traversal);
                }
            }
        }
    }

    /// Visits the entries of all intervals, and the rules that only come up when the slot is unknown: theirs hold nothing.
    fn visit_intervals(&self, first: u32, intervals: &Intervals, of: &Dimension, traversal: &mut Traversal) {
        let found = self.entries_behind(first, intervals.all());
        self.visit(found, traversal);
        let known: BTreeSet<RuleId> = found.iter().map(|entry| entry.rule).collect();
        let others = self.entries(of.all).iter().filter(|entry| !known.contains(&entry.rule));
        others.for_each(|entry| self.visit(std::slice::from_ref(entry), traversal));
    }

    fn visit(&self, entries: &[Entry], traversal: &mut Traversal) {
        for entry in entries {
            *traversal.entries.entry(entry.rule).or_default() += 1;
            traversal.step(1);
            if entry.lookup != Entry::NONE {
                traversal.lookups.insert(entry.lookup);
                traversal.step(self.found_max(entry.lookup));
            }
        }
    }

    /// How many keys a lookup finds at most.
    pub fn found_max(&self, lookup: u32) -> u64 {
        match self.lookup(lookup).map(|lookup| &lookup.kind) {
            Some(LookupKind::Keys(keys)) => self.keys(*keys).map_or(0, |keys| keys.found_max() as u64),
            Some(LookupKind::Anchors(_)) => self.anchors.len() as u64,
            Some(LookupKind::Type | LookupKind::Point) => 1,
            None => 0,
        }
    }

    /// Rules that stand in no dimension of an action.
    fn always(&self) -> usize {
        let trees = self.actions.iter().flat_map(|trees| [trees.denies, trees.duties, trees.allows, trees.audits]);
        let divisions: BTreeSet<u32> = trees.collect();
        let loose = divisions.into_iter().flat_map(|division| self.entries(self.division(division).loose));
        loose.map(|entry| entry.rule).collect::<BTreeSet<_>>().len()
    }

    fn slots(&self, policy: &Policy) -> Vec<SlotStats> {
        let mut asked: BTreeMap<(NodeId, &'static str), Asked> = BTreeMap::new();
        for dimension in &self.dimensions {
            let (slot, family) = self.asked_by(dimension);
            let asked = asked.entry((slot, family)).or_default();
            self.add_rules(dimension, &mut asked.rules);
            self.add_structures(dimension, asked);
        }
        self.add_merged(&mut asked);
        let stats = asked.into_iter().map(|((slot, _), asked)| SlotStats {
            slot: policy.node_text(slot),
            structures: asked.structures,
            rules: asked.rules.len(),
            bucket_max: asked.bucket_max,
        });
        stats.collect()
    }

    /// Adds the rules of a dimension.
    fn add_rules(&self, dimension: &Dimension, rules: &mut BTreeSet<RuleId>) {
        let mut add = |entries: &[Entry]| rules.extend(entries.iter().map(|entry| entry.rule));
        add(self.entries(dimension.all));
        match &dimension.by {
            By::Intervals { intervals, first, .. } => add(self.entries_behind(*first, intervals.all())),
            By::Keys { table, .. } => {
                for bucket in self.tables.buckets(*table) {
                    match bucket {
                        Bucket::Entries(entries) => rules.extend(self.entries(entries).iter().map(|entry| entry.rule)),
                        Bucket::Division(division) => {
                            let Division { loose, dimensions, .. } = self.division(division);
                            rules.extend(self.entries(loose).iter().map(|entry| entry.rule));
                            dimensions.of(&self.dimensions).iter().for_each(|inner| self.add_rules(inner, rules));
                        }
                    }
                }
            }
        }
    }

    /// Patterns that are put together mostly tell the last few rules apart, and so stand in entries, not in dimensions.
    fn add_merged(&self, asked: &mut BTreeMap<(NodeId, &'static str), Asked>) {
        for (number, lookup) in (0..).zip(&self.lookups) {
            let LookupKind::Keys(keys) = lookup.kind else { continue };
            let Some(patterns) = self.keys(keys).and_then(super::Keys::merged) else { continue };
            let asked = asked.entry((lookup.slot, "patterns")).or_default();
            let entries = self.entries.iter().filter(|entry| entry.lookup == number);
            asked.rules.extend(entries.map(|entry| entry.rule));
            for (name, count) in [("merged automata", 1), ("patterns in them", patterns)] {
                match asked.structures.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, sum)) => *sum += count,
                    None => asked.structures.push((name, count)),
                }
            }
        }
    }

    fn asked_by(&self, dimension: &Dimension) -> (NodeId, &'static str) {
        match &dimension.by {
            By::Intervals { lookup, .. } | By::Keys { lookup, .. } => match self.lookup(*lookup) {
                Some(Lookup { slot, kind: LookupKind::Keys(keys) }) => {
                    let is_merged = self.keys(*keys).is_some_and(|keys| keys.merged().is_some());
                    (*slot, if is_merged { "patterns" } else { "constants" })
                }
                Some(Lookup { slot, kind: LookupKind::Anchors(_) }) => (*slot, "ancestors"),
                Some(Lookup { slot, kind: LookupKind::Type }) => (*slot, "types"),
                Some(Lookup { slot, kind: LookupKind::Point }) => (*slot, "intervals"),
                None => (NodeId::new(usize::MAX), ""),
            },
        }
    }

    fn add_structures(&self, dimension: &Dimension, asked: &mut Asked) {
        let (structures, bucket_max) = match &dimension.by {
            By::Intervals { intervals, .. } => (vec![("tree of intervals", intervals.len())], 1),
            By::Keys { lookup, table } => {
                let filed = self.tables.buckets(*table).count();
                let structures = match self.lookup(*lookup).map(|lookup| &lookup.kind) {
                    Some(LookupKind::Keys(keys)) => self.keys(*keys).map_or(Vec::new(), super::Keys::describe),
                    Some(LookupKind::Anchors(_)) => vec![("table of ancestors", filed)],
                    Some(LookupKind::Type) => vec![("table of entity types", filed)],
                    Some(LookupKind::Point) | None => Vec::new(),
                };
                let together = |bucket| match bucket {
                    Bucket::Entries(entries) => entries.len(),
                    Bucket::Division(division) => self.division(division).loose.len(),
                };
                (structures, self.tables.buckets(*table).map(together).max().unwrap_or(0))
            }
        };
        asked.bucket_max = asked.bucket_max.max(bucket_max);
        for (name, count) in structures {
            match asked.structures.iter_mut().find(|(known, _)| *known == name) {
                Some((_, most)) => *most = count.max(*most),
                None => asked.structures.push((name, count)),
            }
        }
    }

    /// How many bytes the index takes in memory.
    fn bytes(&self) -> usize {
        let keys: usize = self.keys.iter().map(super::Keys::bytes).sum();
        let intervals = self.dimensions.iter().map(|dimension| match &dimension.by {
            By::Intervals { intervals, .. } => intervals.bytes(),
            By::Keys { .. } => 0,
        });
        let marks = self.lookups.iter().map(|lookup| match &lookup.kind {
            LookupKind::Anchors(marks) => marks.len(),
            LookupKind::Keys(_) | LookupKind::Type | LookupKind::Point => 0,
        });
        let lists = size_of_val(&*self.anchor_of_const)
            + size_of_val(&*self.keys)
            + size_of_val(&*self.lookups)
            + size_of_val(&*self.divisions)
            + size_of_val(&*self.dimensions)
            + size_of_val(&*self.gates)
            + size_of_val(&*self.entries)
            + size_of_val(&*self.actions);
        let parts = keys + intervals.sum::<usize>() + marks.sum::<usize>();
        lists + parts + self.anchors.bytes() + self.tables.bytes()
    }
}
