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
//! the policy when that is built or loaded; its wire form only says by which of its conjuncts each rule is filed ([`Plan`]).

mod anchors;
mod divide;
#[cfg(feature = "codegen")]
pub(crate) mod export;
mod gates;
mod guard;
mod intervals;
mod join;
mod keys;
mod plan;
mod stats;
mod table;

#[cfg(all(test, feature = "build"))]
mod tests;

use std::sync::Arc;

use crate::graph::{ActionRules, Policy};
use crate::id::{ConstId, NodeId, RuleId};

pub(crate) use anchors::Anchors;
pub(crate) use intervals::Intervals;
pub(crate) use join::Join;
use keys::Keys;
pub(crate) use plan::{LOOSE, Plan, Run};
pub(crate) use stats::Traversal;
pub use stats::{SlotStats, Stats};
pub(crate) use table::Bucket;
use table::{Table, Tables};

/// Rules that are told apart faster one by one than by another division.
const LEAF_MAX: usize = 8;

/// Divisions inside divisions.
const DEPTH_MAX: u32 = 4;

/// Places in deeper divisions at which a rule may be filed, if its first conjunct has fewer keys.
const COPIES_MAX: u32 = 64;

/// Conjuncts of a rule of which it can be noted that they hold.
const PROVABLE_MAX: usize = 15;

/// The constant is no entity that hierarchy tests name.
const NO_ANCHOR: u32 = u32::MAX;

/// The index of a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Entities that rules name in hierarchy tests.
    pub anchors: Anchors,
    /// By constant: the anchor that it is, or [`NO_ANCHOR`].
    anchor_of_const: Vec<u32>,
    /// By the number in [`Lookup::Keys`].
    keys: Vec<Keys>,
    lookups: Vec<Lookup>,
    divisions: Vec<Division>,
    dimensions: Vec<Dimension>,
    /// Nodes that all rules of some division share.
    gates: Vec<NodeId>,
    tables: Tables,
    entries: Vec<Entry>,
    /// By action.
    actions: Vec<Trees>,
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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The rule.
    pub rule: RuleId,
    /// Which of its first 15 conjuncts are known to hold, as bits, since the way here passed their tests; those that it does
    /// not have do. The last bit says that it has no more.
    pub proven: u16,
    /// Those that hold if [`Entry::key`] is among the keys that [`Entry::lookup`] finds.
    pub also: u16,
    /// Another lookup by which the rule could have been filed; [`Entry::NONE`] if there is none.
    pub lookup: u32,
    /// The rule's condition does not hold unless that lookup finds this key.
    pub key: u32,
}

impl Entry {
    /// There is no further lookup.
    pub const NONE: u32 = u32::MAX;

    /// The whole condition is known to hold.
    pub const HOLDS: u16 = u16::MAX;

    /// What is known of a rule with so many conjuncts before anything was tested.
    pub fn none_proven(conjuncts: usize) -> u16 {
        if conjuncts > PROVABLE_MAX { 0 } else { u16::MAX << conjuncts }
    }
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
    /// Conjuncts of all its rules that are looked at first: where one does not hold, no rule of it fires.
    pub gates: Range,
    /// Rules that no dimension holds.
    pub loose: Range,
    pub dimensions: Range,
}

/// Rules by what a slot is.
#[derive(Clone, Debug)]
pub(crate) struct Dimension {
    pub by: By,
    /// All its rules, each once and in source order, if they do not stand so where `by` leads: a rule can stand there several
    /// times, or under an interval that holds nothing. Else none.
    pub all: Range,
}

/// How a dimension leads to rules.
#[derive(Clone, Debug)]
pub(crate) enum By {
    /// By the keys that a lookup finds.
    Keys { lookup: u32, table: Table },
    /// By the intervals that hold the point that a lookup finds; entries of an interval are as far behind the first as it says.
    Intervals { lookup: u32, intervals: Intervals, first: u32 },
}

/// What is asked of a slot: at most once for a decision.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Lookup {
    /// The node that reads the slot.
    pub slot: NodeId,
    pub kind: LookupKind,
}

/// Which keys a slot's value gives.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum LookupKind {
    /// The tests against constants that it passes; which they are, [`Index::keys`] says under this number.
    Keys(u32),
    /// The anchors that the entity is or lies below; marked are the entity types whose parents lead to any that are asked for.
    Anchors(Box<[bool]>),
    /// The entity's type.
    Type,
    /// The place of the value in the order of its kind.
    Point,
}

/// How a policy's plan does not fit its rules.
#[derive(Debug)]
pub(crate) enum Misfiled {
    /// The rule has no such conjunct, or is not to be filed where the plan has it.
    Rule(RuleId),
    /// The plan has too few choices or rules, or too many.
    Count,
    /// Rules of one place do not stand side by side.
    Order,
    /// There are more places than an index can have.
    Size,
}

impl Index {
    /// The index of a valid policy whose levels are known, with the rules filed as its plan says.
    pub fn of(policy: &Policy, levels: &[u8], leads_to: &[Box<[bool]>]) -> Result<Self, Misfiled> {
        let mut index = Self::default();
        let guards = guard::Guards::of(policy, levels);
        divide::build(policy, leads_to, guards, &policy.plan, (&mut index, false))?;
        Ok(index)
    }

    /// The index of a policy, every dimension of which lists all its rules.
    #[cfg(feature = "codegen")]
    fn listed(policy: &Policy) -> Result<Self, Misfiled> {
        let mut index = Self::default();
        let guards = guard::Guards::of(policy, &policy.derived.levels);
        divide::build(policy, &policy.derived.leads_to, guards, &policy.plan, (&mut index, true))?;
        Ok(index)
    }

    /// The index of a valid policy whose levels are known, and the plan that was made for it.
    #[cfg(feature = "build")]
    pub fn choose(policy: &Policy, levels: &[u8], leads_to: &[Box<[bool]>]) -> Result<(Self, Plan), Misfiled> {
        let mut index = Self::default();
        let guards = guard::Guards::of(policy, levels);
        let plan = divide::choose(policy, leads_to, guards, None, &mut index)?;
        Ok((index, plan))
    }

    /// A plan by which a policy's rules can be filed, and need not be well.
    #[cfg(all(test, feature = "build"))]
    fn any_plan(policy: &Policy, seed: u64) -> Option<Plan> {
        let guards = guard::Guards::of(policy, &policy.derived.levels);
        divide::choose(policy, &policy.derived.leads_to, guards, Some(seed), &mut Self::default()).ok()
    }

    /// The number of the anchor that a constant is, if it is one.
    #[inline]
    pub fn anchor_of_const(&self, constant: ConstId) -> Option<u32> {
        self.anchor_of_const.get(constant.index()).copied().filter(|anchor| *anchor != NO_ANCHOR)
    }

    /// The trees of an action.
    pub fn trees(&self, action: usize) -> Trees {
        self.actions.get(action).copied().unwrap_or_default()
    }

    pub fn division(&self, id: u32) -> Division {
        self.divisions.get(id as usize).copied().unwrap_or_default()
    }

    /// Whether a division holds no rule.
    pub fn is_empty(&self, division: u32) -> bool {
        let Division { loose, dimensions, .. } = self.division(division);
        loose.start == loose.end && dimensions.start == dimensions.end
    }

    /// The entries of a division that has nothing else.
    #[inline]
    pub fn only_loose(&self, division: u32) -> Option<&[Entry]> {
        let Division { gates, loose, dimensions } = self.divisions.get(division as usize)?;
        (gates.start == gates.end && dimensions.start == dimensions.end).then(|| self.entries(*loose))
    }

    pub fn dimension(&self, at: usize) -> Option<&Dimension> {
        self.dimensions.get(at)
    }

    /// The nodes that all rules of a division share.
    pub fn gates(&self, division: Division) -> &[NodeId] {
        division.gates.of(&self.gates)
    }

    pub fn entries(&self, range: Range) -> &[Entry] {
        range.of(&self.entries)
    }

    /// The entries at a range that starts so far behind the first.
    pub fn entries_behind(&self, first: u32, range: Range) -> &[Entry] {
        self.entries(Range { start: first.saturating_add(range.start), end: first.saturating_add(range.end) })
    }

    pub fn keys(&self, number: u32) -> Option<&Keys> {
        self.keys.get(number as usize)
    }

    pub fn lookup(&self, number: u32) -> Option<&Lookup> {
        self.lookups.get(number as usize)
    }

    /// How many lookups there are.
    pub fn lookups(&self) -> usize {
        self.lookups.len()
    }

    /// All that a table has.
    pub fn buckets(&self, table: Table) -> impl Iterator<Item = Bucket> {
        self.tables.buckets(table)
    }

    /// What a table has under a key.
    #[inline]
    pub fn find(&self, table: Table, key: u32) -> Option<Bucket> {
        self.tables.find(table, key)
    }
}

/// The kinds of rules of an action, apart by what they need: as [`Trees`] has them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    Denies,
    Duties,
    Allows,
    Audits,
}

impl Kind {
    /// The action's list that rules of the kind are in.
    fn of(self, rules: &ActionRules) -> &Arc<[RuleId]> {
        match self {
            Self::Denies => &rules.denies,
            Self::Duties | Self::Allows => &rules.allows,
            Self::Audits => &rules.audits,
        }
    }

    fn rules(self, policy: &Policy, rules: &ActionRules) -> Vec<RuleId> {
        let obliges = |id: &RuleId| policy.rule(*id).is_some_and(|rule| !rule.extras.duties.is_empty());
        let all = self.of(rules).iter().copied();
        match self {
            Self::Denies | Self::Audits => all.collect(),
            Self::Duties => all.filter(obliges).collect(),
            Self::Allows => all.filter(|id| !obliges(id)).collect(),
        }
    }
}

/// More than `u32::MAX` of anything in a policy is beyond its limits.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
