//! What conjuncts ask of single slots.
//!
//! A guard is a conjunct that holds only if a slot passes one of a few tests against constants; it is the handle by which a
//! rule is found. Only slots whose declared type every known value has count, with constants that fit it, so that a test on a
//! known value is never unknown.

mod compound;
mod find;
mod merged;

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Anchors;
use super::keys::{Keys, Test};
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
    /// By guard.
    kinds: Vec<Kind>,
    pub places: Vec<Place>,
    /// By node: its guard, or that there is none, or that it was not looked for.
    by_node: Vec<u32>,
    /// By node that a connective negates: the guard of its negation, or that there is none.
    by_negated: HashMap<NodeId, Option<u32>, FixedState>,
    /// The guards of rules that have others than those of their conjuncts one by one.
    others: Vec<OfRule>,
    /// By rule, up to the last that has any: where its others stand.
    others_of: Vec<Option<super::Range>>,
    /// Places that guards of many may still take. Rules can share what has many keys, and an index that repeats it for each
    /// of them would be quadratic in the policy.
    budget: usize,
}

/// How much more than what the policy itself holds guards of many places take, all together.
const BUDGET_TIMES: usize = 4;

/// Conjuncts of a rule that are looked at.
pub(super) const USABLE_MAX: u8 = 32;

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
    pub places: super::Range,
    /// Whether it then does hold.
    pub exact: bool,
}

/// Whether the rules that have a guard need a closer look.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    /// It is an interval, which can be joined with another.
    Interval,
    /// It has more places than each rule can have.
    Wide,
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub axis: u32,
    /// The test's number, the anchor's, the interval's, or the type's.
    pub key: u32,
}

/// A guard of a rule.
#[derive(Clone, Copy)]
pub(super) struct OfRule {
    pub guard: u32,
    /// The conjuncts that it stands for, as bits.
    pub conjuncts: u16,
    /// The position of the first of them, below [`USABLE_MAX`].
    pub at: u8,
}

impl OfRule {
    fn new(at: u8, guard: u32) -> Self {
        let conjuncts = if usize::from(at) < super::PROVABLE_MAX { 1 << at } else { 0 };
        Self { guard, conjuncts, at }
    }
}

impl<'p> Guards<'p> {
    pub fn of(policy: &'p Policy, levels: &'p [u8]) -> Self {
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
            guards: Vec::new(),
            kinds: Vec::new(),
            places: Vec::new(),
            by_node: vec![UNSEEN; policy.nodes.len()],
            by_negated: HashMap::default(),
            others: Vec::new(),
            others_of: Vec::new(),
            budget: BUDGET_TIMES * size_of_policy(policy),
        };
        guards.number_anchors();
        // Of conditions: whether it was found that their guards are those of their conjuncts one by one.
        let mut plain = vec![false; policy.nodes.len()];
        for (at, rule) in policy.rules.iter().enumerate() {
            if let Some(is_plain) = plain.get_mut(rule.condition.index()).filter(|is_plain| !**is_plain) {
                *is_plain = guards.add_rule(at, policy.conjuncts(RuleId::new(at)));
            }
        }
        guards.merge_patterns();
        guards.rank_intervals();
        guards.drop_repeated();
        guards
    }

    /// The guards of a rule with these conjuncts that start at these positions, given as bits, in their order.
    #[inline]
    pub fn of_rule(&self, rule: RuleId, conjuncts: &[NodeId], mut open: u32) -> impl Iterator<Item = OfRule> {
        let others = self.others_of(rule);
        std::iter::from_fn(move || {
            while let at @ 0..USABLE_MAX = bit_at(open) {
                open &= open - 1;
                let of_rule = match others {
                    None => conjuncts.get(usize::from(at)).and_then(|node| self.plain(at, *node)),
                    Some(others) => others.iter().copied().find(|other| other.at == at),
                };
                if of_rule.is_some() {
                    return of_rule;
                }
            }
            None
        })
    }

    /// The positions at which guards of a rule with these conjuncts can start, as bits.
    #[inline]
    pub fn open(&self, rule: RuleId, conjuncts: &[NodeId]) -> u32 {
        match self.others_of(rule) {
            Some(others) => others.iter().fold(0, |open, other| open | 1 << other.at),
            None => 1_u32.checked_shl(super::count(conjuncts.len())).unwrap_or(0).wrapping_sub(1),
        }
    }

    /// Whether a rule's guards are those of its conjuncts one by one.
    #[inline]
    pub fn is_plain(&self, rule: RuleId) -> bool {
        self.others_of(rule).is_none()
    }

    /// The guard of a rule with these conjuncts that the one at this position is the first of.
    #[inline]
    pub fn at(&self, rule: RuleId, conjuncts: &[NodeId], at: u8) -> Option<OfRule> {
        match self.others_of(rule) {
            None if at < USABLE_MAX => self.plain(at, *conjuncts.get(usize::from(at))?),
            others => others?.iter().copied().find(|other| other.at == at),
        }
    }

    /// The guard that the conjunct at this position is by itself.
    #[inline]
    pub fn conjunct(&self, conjuncts: &[NodeId], at: u8) -> Option<OfRule> {
        let guard = *self.by_node.get(conjuncts.get(usize::from(at))?.index())?;
        Some(OfRule::new(at, guard)) // where there is none, no guard has this number
    }

    #[inline]
    fn plain(&self, at: u8, node: NodeId) -> Option<OfRule> {
        let guard = self.by_node.get(node.index()).copied().filter(|guard| *guard < UNSEEN)?;
        Some(OfRule::new(at, guard))
    }

    #[inline]
    fn others_of(&self, rule: RuleId) -> Option<&[OfRule]> {
        self.others_of.get(rule.index()).copied().flatten().map(|range| range.of(&self.others))
    }

    /// The guard, unless none of its places was kept.
    pub fn guard(&self, id: u32) -> Option<Guard> {
        self.guards.get(id as usize).copied().filter(|guard| guard.places.start < guard.places.end)
    }

    /// The axis of the type of the entity that has the attribute that an axis is about.
    #[cfg(feature = "build")]
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

    /// Finds the guards of a rule; whether they are those of its conjuncts one by one.
    fn add_rule(&mut self, rule: usize, conjuncts: &[NodeId]) -> bool {
        let (mut intervals, mut is_wide) = (0_u8, false);
        for (_, node) in (0..USABLE_MAX).zip(conjuncts) {
            // What is no guard has no kind.
            let guard = match self.by_node.get(node.index()).copied().unwrap_or(NO_GUARD) {
                UNSEEN => self.add_guard_of(*node).unwrap_or(NO_GUARD),
                known => known,
            };
            match self.kinds.get(guard as usize) {
                None | Some(Kind::Plain) => {}
                Some(Kind::Interval) => intervals += 1,
                Some(Kind::Wide) => is_wide = true,
            }
        }
        let is_plain = !is_wide && intervals <= 1;
        if !is_plain {
            self.add_others(rule, conjuncts, is_wide);
        }
        is_plain
    }

    /// Adds guards of a rule that are not simply those of its conjuncts: if two bounds of a slot are one interval, or not all
    /// places of a long list can be had.
    fn add_others(&mut self, rule: usize, conjuncts: &[NodeId], is_wide: bool) {
        let first = self.others.len();
        for (at, node) in (0..USABLE_MAX).zip(conjuncts) {
            if let Some(guard) = self.guard_of(*node)
                && self.affords(self.guard(guard).map_or(0, |guard| self.places(guard).len()))
            {
                self.others.push(OfRule::new(at, guard));
            }
        }
        let found = self.others.len();
        self.join_intervals(first);
        if !is_wide && self.others.len() == found {
            return self.others.truncate(first);
        }
        self.others_of.resize(rule + 1, None);
        if let Some(place) = self.others_of.last_mut() {
            let end = super::count(self.others.len());
            *place = Some(super::Range { start: super::count(first), end });
        }
    }

    /// Makes one interval of two bounds on the same slot.
    fn join_intervals(&mut self, first: usize) {
        let mut at = first;
        while let Some(one) = self.others.get(at).copied() {
            if !self.join_interval(at, one) {
                at += 1;
            }
        }
    }

    /// Joins a guard with a later one of its rule, which goes. Whether there is one.
    fn join_interval(&mut self, at: usize, one: OfRule) -> bool {
        let bounds_of = |of: &OfRule| {
            let guard = self.guard(of.guard)?;
            self.interval_of(guard).map(|(axis, bounds)| (axis, bounds, guard.exact))
        };
        let Some((axis, (low, high), exact)) = bounds_of(&one) else { return false };
        let later = self.others.get(at + 1..).unwrap_or_default().iter();
        let twin = later.zip(at + 1..).find_map(|(other, twin)| {
            let (of_axis, bounds, other_exact) = bounds_of(other)?;
            (of_axis == axis).then_some((twin, bounds, exact && other_exact))
        });
        let Some((twin, (other_low, other_high), exact)) = twin else { return false };
        let other = self.others.remove(twin);
        let key = self.interval(low.max(other_low), high.min(other_high));
        let guard = self.add(&[Place { axis, key }], exact);
        let conjuncts = one.conjuncts | other.conjuncts;
        // Both bounds are conjuncts of their own; beyond the bits that there are none is named.
        let conjuncts = if one.conjuncts == 0 || other.conjuncts == 0 { 0 } else { conjuncts };
        if let Some(place) = self.others.get_mut(at) {
            *place = OfRule { guard, conjuncts, at: one.at };
        }
        true
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

    /// Leaves each place of a guard once.
    fn drop_repeated(&mut self) {
        for guard in self.guards.iter_mut().filter(|guard| guard.places.end > guard.places.start + 1) {
            let places = self.places.get_mut(guard.places.indices()).unwrap_or_default();
            places.sort_unstable();
            let mut kept = 0;
            for at in 1..places.len() {
                if places.get(at) != places.get(kept) {
                    kept += 1;
                    places.swap(at, kept);
                }
            }
            guard.places.end = guard.places.start + super::count(kept + 1);
        }
    }

    fn add(&mut self, places: &[Place], exact: bool) -> u32 {
        let start = super::count(self.places.len());
        self.places.extend_from_slice(places);
        let kind = match places {
            [place] if self.is_interval(place.axis) => Kind::Interval,
            places if places.len() > super::COPIES_MAX as usize => Kind::Wide,
            _ => Kind::Plain,
        };
        self.guards.push(Guard { places: super::Range { start, end: super::count(self.places.len()) }, exact });
        self.kinds.push(kind);
        super::count(self.guards.len() - 1)
    }

    #[inline]
    fn guard_of(&mut self, node: NodeId) -> Option<u32> {
        match self.by_node.get(node.index()).copied() {
            Some(UNSEEN) => self.add_guard_of(node),
            known => known.filter(|guard| *guard != NO_GUARD),
        }
    }

    fn add_guard_of(&mut self, node: NodeId) -> Option<u32> {
        // Most of all, rules name one group or folder.
        let guard = match self.one_anchor(node) {
            Some(place) => Some(self.add(&[place], true)),
            None => {
                let found = self.find(node);
                self.add_found(found)
            }
        };
        if let Some(known) = self.by_node.get_mut(node.index()) {
            *known = guard.unwrap_or(NO_GUARD);
        }
        guard
    }

    fn add_found(&mut self, found: Option<Found>) -> Option<u32> {
        let found = found.filter(|found| !found.places.is_empty() && self.affords(found.places.len()))?;
        Some(self.add(&found.places, found.exact))
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

/// The position of the lowest bit; 32 for none.
#[expect(clippy::cast_possible_truncation, reason = "there are 32 bits")]
const fn bit_at(bits: u32) -> u8 {
    bits.trailing_zeros() as u8
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
