//! From a request to the rules that could apply to it.
//!
//! For every action and kind of rule there is a tree. A node of the tree, a [`Division`], holds rules that are always looked
//! at, and dimensions. A [`Dimension`] is a slot (a node of the graph that reads evidence) with the tests that rules make of
//! it; each rule is filed under the keys of one of its conjuncts, the one that fewest rules share. Looking a slot up gives
//! the keys whose tests its value passes, and so the rules for which that conjunct holds; a bucket that many rules share is
//! divided again by another slot. So the work grows with the rules that could apply.
//!
//! *Exactness.* A rule that is passed over is one whose condition is known to be false, or, where only true conditions are
//! wanted, one that is not true: its conjunct is false or unknown. When a slot is not a known value, every rule filed by it
//! is a candidate wherever rules count that are not false. What remains of a candidate is evaluated like any condition, so
//! the index decides nothing by itself.
//!
//! *Size.* A rule is filed once for each key of its conjunct, and in deeper divisions at most [`COPIES_MAX`] times; divisions
//! are at most [`DEPTH_MAX`] deep. So the index is linear in the policy, whatever the rules look like. It is worked out from
//! the policy when that is built or loaded, and is no part of its wire form.

mod anchors;
mod divide;
mod guard;
mod intervals;
mod join;
mod keys;
mod table;

use crate::graph::{ActionRules, Effect, Policy};
use crate::id::{NodeId, RuleId};

pub(crate) use anchors::Anchors;
pub(crate) use intervals::Intervals;
pub(crate) use join::Join;
use keys::Keys;
pub(crate) use table::Bucket;
use table::{Table, Tables};

/// Rules of which a division is not worth it.
const LEAF_MAX: usize = 3;

/// Divisions inside divisions.
const DEPTH_MAX: u32 = 4;

/// Places in deeper divisions at which a rule may be filed, if its first conjunct has fewer keys.
const COPIES_MAX: u32 = 64;

/// The index of a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Entities that rules name in hierarchy tests.
    pub anchors: Anchors,
    /// By the `slot` of [`Lookup::Keys`].
    slots: Vec<Keys>,
    divisions: Vec<Division>,
    dimensions: Vec<Dimension>,
    tables: Tables,
    entries: Vec<Entry>,
    /// By action.
    actions: Vec<Trees>,
    conjuncts: Conjuncts,
}

/// The divisions that hold an action's rules.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Trees {
    /// Deny rules that decide.
    pub denies: u32,
    /// Allow rules that decide and oblige to something.
    pub duties: u32,
    /// Allow rules that decide and oblige to nothing.
    pub allows: u32,
    /// Rules of either kind that are only reported.
    pub audits: u32,
}

/// A rule where it is filed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Entry {
    /// The rule.
    pub rule: RuleId,
    /// Which of its first 16 conjuncts are known to hold, as bits, since the way here passed their tests.
    pub proven: u16,
}

/// Positions in an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Range {
    start: u32,
    end: u32,
}

impl Range {
    pub fn of<T>(self, all: &[T]) -> &[T] {
        all.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    pub fn indices(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Rules, as far as they are told apart by what they test.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Division {
    /// Rules that no dimension holds.
    pub loose: Range,
    pub dimensions: Range,
}

/// Rules by the value of a slot.
#[derive(Clone, Debug)]
pub(crate) struct Dimension {
    /// The node that reads the slot.
    pub slot: NodeId,
    pub lookup: Lookup,
    /// All its rules, in source order.
    pub all: Range,
}

/// How a slot's value leads to rules.
#[derive(Clone, Debug)]
pub(crate) enum Lookup {
    /// By the tests against constants that the value passes.
    Keys { slot: u32, table: Table },
    /// By the anchors that the entity is or lies below; `leads` marks the entity types whose parents lead to any of them.
    Anchors { leads: Box<[bool]>, table: Table },
    /// By the entity's type.
    Type { table: Table },
    /// By the intervals that hold the value; the entry of an interval is as far behind the first as its number says.
    Intervals { intervals: Intervals, first: u32 },
}

/// The conjuncts of every rule's condition, cheapest first.
#[derive(Clone, Debug, Default)]
struct Conjuncts {
    /// By rule, and one more: where its conjuncts start.
    starts: Vec<u32>,
    nodes: Vec<NodeId>,
}

impl Index {
    /// The index of a valid policy whose levels are known.
    pub fn of(policy: &Policy, levels: &[u8], leads_to: &[Box<[bool]>]) -> Self {
        let mut index = Self { conjuncts: Conjuncts::of(policy), ..Self::default() };
        let guards = guard::Guards::of(policy, levels, &index.conjuncts);
        divide::build(policy, leads_to, guards, &mut index);
        index
    }

    /// The conjuncts of a rule's condition.
    pub fn conjuncts(&self, rule: RuleId) -> &[NodeId] {
        self.conjuncts.of_rule(rule.index())
    }

    /// The trees of an action.
    pub fn trees(&self, action: usize) -> Trees {
        self.actions.get(action).copied().unwrap_or_default()
    }

    pub fn division(&self, id: u32) -> Division {
        self.divisions.get(id as usize).copied().unwrap_or_default()
    }

    pub fn dimension(&self, at: usize) -> Option<&Dimension> {
        self.dimensions.get(at)
    }

    pub fn entries(&self, range: Range) -> &[Entry] {
        range.of(&self.entries)
    }

    pub fn entry(&self, at: u32) -> Option<Entry> {
        self.entries.get(at as usize).copied()
    }

    pub fn keys(&self, slot: u32) -> Option<&Keys> {
        self.slots.get(slot as usize)
    }

    /// What a table has under a key.
    pub fn find(&self, table: Table, key: u32) -> Option<Bucket> {
        self.tables.find(table, key)
    }
}

impl Conjuncts {
    fn of_rule(&self, rule: usize) -> &[NodeId] {
        let start = self.starts.get(rule).copied().unwrap_or_default();
        let end = self.starts.get(rule + 1).copied().unwrap_or_default();
        Range { start, end }.of(&self.nodes)
    }

    fn of(policy: &Policy) -> Self {
        let mut conjuncts = Self::default();
        for rule in &policy.rules {
            conjuncts.starts.push(count(conjuncts.nodes.len()));
            match policy.node(rule.condition) {
                Some(crate::graph::Node::And(all)) => conjuncts.nodes.extend(all),
                _ => conjuncts.nodes.push(rule.condition),
            }
        }
        conjuncts.starts.push(count(conjuncts.nodes.len()));
        conjuncts
    }
}

/// The rules of an action apart by what they need: as [`Trees`] has them.
fn kinds(policy: &Policy, rules: &ActionRules) -> [Vec<RuleId>; 4] {
    let obliges = |id: &RuleId| policy.rule(*id).is_some_and(|rule| !rule.duties.is_empty());
    let (duties, allows) = rules.allows.iter().copied().partition(|id| obliges(id));
    debug_assert!(rules.allows.iter().all(|id| policy.rule(*id).is_none_or(|rule| rule.effect == Effect::Allow)));
    [rules.denies.to_vec(), duties, allows, rules.audits.to_vec()]
}

/// More than `u32::MAX` of anything in a policy is beyond its limits.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
