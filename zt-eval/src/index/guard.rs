//! What conjuncts ask of single slots.
//!
//! A guard is a conjunct that holds only if a slot passes one of a few tests against constants; it is the handle by which a
//! rule is found. Only slots whose declared type every known value has count, with constants that fit it, so that a test on a
//! known value is never unknown.

mod find;
mod merged;

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::keys::{Keys, Test};
use super::{Anchors, Conjuncts};
use crate::graph::{Node, Policy};
use crate::id::{NodeId, RuleId};
use crate::value::Value;

/// All that rules can be filed by.
pub(super) struct Guards<'p> {
    policy: &'p Policy,
    levels: &'p [u8],
    pub anchors: Anchors,
    pub anchor_of_const: Vec<u32>,
    pub axes: Vec<Axis>,
    by_slot: HashMap<(NodeId, Family), u32, FixedState>,
    /// By axis of the family of keys: its tests.
    pub tests: Vec<Vec<Test<'p>>>,
    by_test: HashMap<(u32, Test<'p>), u32, FixedState>,
    /// By number: the automata of patterns that are put together.
    pub merged: Vec<Keys>,
    /// By interval: its bounds, inclusive; ascending, each once, when all are known.
    pub intervals: Vec<(i128, i128)>,
    pub guards: Vec<Guard>,
    pub places: Vec<Place>,
    /// By node: its guard, or that there is none, or that it was not looked for.
    by_node: Vec<u32>,
    /// By rule, and one more: where its guards start.
    starts: Vec<u32>,
    of_rules: Vec<OfRule>,
    /// Places that guards of many may still take. Rules can share what has many keys, and an index that repeats it for each
    /// of them would be quadratic in the policy.
    budget: usize,
}

/// How much more than what the policy itself holds guards of many places take, all together.
const BUDGET_TIMES: usize = 4;

/// Guards of a rule, before two on a slot are made one: each is compared with the others, and fewer are looked at anyway.
const OF_RULE_MAX: usize = 128;

/// A slot and how it is looked up.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub slot: NodeId,
    pub family: Family,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Family {
    /// By tests against constants.
    Keys,
    /// By patterns that one automaton tests, of which a slot can have several; by number.
    Merged(u32),
    /// By ancestors.
    Anchors,
    /// By order.
    Intervals,
    /// By the entity's type. Apart from other keys, because attributes are read of the right type only.
    Type,
}

/// A condition that holds only if one of these places is hit.
#[derive(Clone, Copy)]
pub(super) struct Guard {
    /// Where its places stand among all.
    places: super::Range,
    /// Whether it then does hold.
    pub exact: bool,
}

impl Guard {
    /// Where its places stand among all.
    pub fn range(self) -> super::Range {
        self.places
    }
}

/// A guard on its way.
struct Found {
    places: Vec<Place>,
    exact: bool,
}

/// The node has no guard.
const NO_GUARD: u32 = u32::MAX;
/// Whether the node has a guard was not looked for.
const UNSEEN: u32 = u32::MAX - 1;

/// A test of a slot.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub axis: u32,
    /// The test's number, the anchor's, the interval's, or the type's.
    pub key: u32,
}

/// A guard of a rule.
#[derive(Clone, Copy)]
pub(super) struct OfRule {
    /// The conjuncts that it stands for, as bits.
    pub conjuncts: u16,
    pub guard: u32,
}

impl<'p> Guards<'p> {
    pub fn of(policy: &'p Policy, levels: &'p [u8], conjuncts: &Conjuncts) -> Self {
        let mut guards = Self {
            policy,
            levels,
            anchors: Anchors::default(),
            anchor_of_const: Vec::new(),
            axes: Vec::new(),
            by_slot: HashMap::default(),
            tests: Vec::new(),
            by_test: HashMap::default(),
            merged: Vec::new(),
            intervals: Vec::new(),
            guards: Vec::with_capacity(policy.nodes.len()),
            places: Vec::with_capacity(policy.nodes.len()),
            by_node: vec![UNSEEN; policy.nodes.len()],
            starts: Vec::with_capacity(policy.rules.len() + 1),
            of_rules: Vec::with_capacity(policy.nodes.len()),
            budget: BUDGET_TIMES * size_of_policy(policy),
        };
        guards.number_anchors();
        for rule in 0..policy.rules.len() {
            guards.starts.push(super::count(guards.of_rules.len()));
            guards.add_rule(conjuncts.of_rule(rule));
        }
        guards.starts.push(super::count(guards.of_rules.len()));
        guards.merge_patterns();
        guards.rank_intervals();
        guards
    }

    /// The guards of a rule.
    pub fn of_rule(&self, rule: RuleId) -> &[OfRule] {
        let start = self.starts.get(rule.index()).copied().unwrap_or_default();
        let end = self.starts.get(rule.index() + 1).copied().unwrap_or_default();
        super::Range { start, end }.of(&self.of_rules)
    }

    /// The guard, unless none of its places was kept.
    pub fn guard(&self, id: u32) -> Option<Guard> {
        self.guards.get(id as usize).copied().filter(|guard| guard.places.start < guard.places.end)
    }

    /// The axis of the type of the entity that has the attribute that an axis is about.
    pub fn type_axis(&self, axis: Axis) -> Option<u32> {
        match self.policy.node(axis.slot)? {
            Node::Attribute { of, .. } => self.by_slot.get(&(*of, Family::Type)).copied(),
            _ => None,
        }
    }

    /// The places of a guard.
    pub fn places(&self, guard: Guard) -> &[Place] {
        guard.places.of(&self.places)
    }

    fn add_rule(&mut self, conjuncts: &[NodeId]) {
        let first = self.of_rules.len();
        for (at, node) in conjuncts.iter().enumerate() {
            let bit = if at < super::PROVABLE_MAX { 1 << at } else { 0 };
            if self.of_rules.len() - first == OF_RULE_MAX {
                break;
            }
            if let Some(guard) = self.guard_of(*node)
                && self.affords(self.guard(guard).map_or(0, |guard| self.places(guard).len()))
            {
                self.of_rules.push(OfRule { conjuncts: bit, guard });
            }
        }
        self.join_intervals(first);
    }

    /// Makes one interval of two bounds on the same slot.
    fn join_intervals(&mut self, first: usize) {
        let mut at = first;
        while let Some(one) = self.of_rules.get(at).copied() {
            if !self.join_interval(at, one) {
                at += 1;
            }
        }
    }

    /// Joins a guard with a later one of its rule, which goes. Whether there is one.
    fn join_interval(&mut self, at: usize, one: OfRule) -> bool {
        let Some((axis, (low, high))) = self.interval_of(one.guard) else { return false };
        let later = self.of_rules.get(at + 1..).unwrap_or_default().iter();
        let twin = later.zip(at + 1..).find_map(|(other, twin)| {
            let (of_axis, bounds) = self.interval_of(other.guard)?;
            (of_axis == axis).then_some((twin, bounds))
        });
        let Some((twin, (other_low, other_high))) = twin else { return false };
        let other = self.of_rules.remove(twin);
        let guard = self.add_interval(axis, low.max(other_low), high.min(other_high));
        let conjuncts = one.conjuncts | other.conjuncts;
        // Both bounds are conjuncts of their own; beyond the bits that there are none is named.
        let conjuncts = if one.conjuncts == 0 || other.conjuncts == 0 { 0 } else { conjuncts };
        if let Some(place) = self.of_rules.get_mut(at) {
            *place = OfRule { conjuncts, guard };
        }
        true
    }

    fn interval_of(&self, guard: u32) -> Option<(u32, (i128, i128))> {
        let [place] = self.places(self.guard(guard)?) else { return None };
        let is_interval = self.axes.get(place.axis as usize)?.family == Family::Intervals;
        is_interval.then(|| Some((place.axis, *self.intervals.get(place.key as usize)?)))?
    }

    fn add_interval(&mut self, axis: u32, low: i128, high: i128) -> u32 {
        self.intervals.push((low, high));
        let key = super::count(self.intervals.len() - 1);
        self.add(&[Place { axis, key }], true)
    }

    /// Numbers intervals anew in their order, equal ones alike, so that who sorts keys sorts them.
    fn rank_intervals(&mut self) {
        let mut order: Vec<((i128, i128), usize)> = self.intervals.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let mut ranks = vec![0; order.len()];
        self.intervals.clear();
        for (bounds, old) in order {
            if self.intervals.last() != Some(&bounds) {
                self.intervals.push(bounds);
            }
            ranks.get_mut(old).into_iter().for_each(|rank| *rank = super::count(self.intervals.len() - 1));
        }
        let is_interval = |place: &&mut Place| {
            self.axes.get(place.axis as usize).is_some_and(|axis| axis.family == Family::Intervals)
        };
        for place in self.places.iter_mut().filter(is_interval) {
            place.key = ranks.get(place.key as usize).copied().unwrap_or_default();
        }
    }

    fn add(&mut self, places: &[Place], exact: bool) -> u32 {
        let start = super::count(self.places.len());
        self.places.extend_from_slice(places);
        self.guards.push(Guard { places: super::Range { start, end: super::count(self.places.len()) }, exact });
        super::count(self.guards.len() - 1)
    }

    fn guard_of(&mut self, node: NodeId) -> Option<u32> {
        match self.by_node.get(node.index()).copied() {
            Some(UNSEEN) => {}
            known => return known.filter(|guard| *guard != NO_GUARD),
        }
        // Most of all, rules name one group or folder.
        let guard = match self.one_anchor(node) {
            Some(place) => Some(self.add(&[place], true)),
            None => {
                let found =
                    self.find(node).filter(|found| !found.places.is_empty() && self.affords(found.places.len()));
                found.map(|found| self.add(&found.places, found.exact))
            }
        };
        if let Some(known) = self.by_node.get_mut(node.index()) {
            *known = guard.unwrap_or(NO_GUARD);
        }
        guard
    }

    /// The place of a hierarchy test that names one entity.
    fn one_anchor(&mut self, node: NodeId) -> Option<Place> {
        let Node::Within(slot, outer) = self.policy.node(node)? else { return None };
        let Node::Const(id) = self.policy.node(*outer)? else { return None };
        let anchor = self.anchor_of_const.get(id.index()).copied().filter(|anchor| *anchor != super::NO_ANCHOR)?;
        self.entity_slot(*slot)?;
        Some(Place { axis: self.axis(*slot, Family::Anchors), key: anchor })
    }

    /// Whether so many places may be taken; they then are.
    fn affords(&mut self, places: usize) -> bool {
        let is_affordable = self.could_afford(places);
        if is_affordable && places > super::COPIES_MAX as usize {
            self.budget -= places;
        }
        is_affordable
    }

    fn could_afford(&self, places: usize) -> bool {
        places <= super::COPIES_MAX as usize || places <= self.budget
    }

    /// Numbers the entities that hierarchy tests name, wherever these stand in a condition.
    fn number_anchors(&mut self) {
        let policy = self.policy;
        self.anchor_of_const.resize(policy.consts.len(), super::NO_ANCHOR);
        let entities = policy.consts.iter().filter(|value| matches!(value, Value::Entity(_))).count();
        self.anchors = Anchors::with_capacity(entities);
        for node in policy.nodes() {
            let Node::Within(_, outer) = node else { continue };
            if let (Some(Node::Const(id)), Some(Value::Entity(uid))) = (policy.node(*outer), policy.constant_of(*outer))
                && let Some(place) = self.anchor_of_const.get_mut(id.index())
                && *place == super::NO_ANCHOR
            {
                *place = self.anchors.add(uid);
            }
        }
    }

    fn test(&mut self, slot: NodeId, test: Test<'p>) -> Option<Place> {
        // Whether a regular expression has a place is seen when it is known what it can be put together with.
        if !is_regex(&test) && !Keys::supports(&test) {
            return None;
        }
        let axis = self.axis(slot, Family::Keys);
        let tests = self.tests.get_mut(axis as usize)?;
        let key = *self.by_test.entry((axis, test)).or_insert_with_key(|(_, test)| {
            tests.push(*test);
            super::count(tests.len() - 1)
        });
        Some(Place { axis, key })
    }

    pub fn is_interval(&self, axis: u32) -> bool {
        self.axes.get(axis as usize).is_some_and(|axis| axis.family == Family::Intervals)
    }

    fn axis(&mut self, slot: NodeId, family: Family) -> u32 {
        let (axes, tests) = (&mut self.axes, &mut self.tests);
        *self.by_slot.entry((slot, family)).or_insert_with(|| {
            axes.push(Axis { slot, family });
            tests.push(Vec::new());
            super::count(axes.len() - 1)
        })
    }
}

fn is_regex(test: &Test<'_>) -> bool {
    matches!(test, Test::Matches(crate::pattern::Pattern::Regex(_)))
}

/// What a policy holds: nodes, and the elements of constants.
fn size_of_policy(policy: &Policy) -> usize {
    let elements = |value: &Value| match value {
        Value::Set(all) | Value::List(all) => all.len(),
        _ => 1,
    };
    policy.nodes.len() + policy.consts.iter().map(elements).sum::<usize>()
}
