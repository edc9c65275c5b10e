//! Filing rules so that few are found together.
//!
//! Each division files a rule by the guard that was chosen for it when the policy was compiled, and makes sure that it is one
//! of the rule's own. Loading a policy takes a good part of its time here, and most of that on memory. So rules go from
//! division to division in small records, what filing asks of a guard stands in a row of a table, and a rule's entry is worked
//! out once for all places of a division.

#[cfg(feature = "build")]
mod choose;
mod handles;
mod shelf;

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::FixedState;

use super::guard::{Axis, Family, Guards, OfRule};
use super::intervals::Intervals;
use super::keys::Keys;
use super::plan::{Followed, LOOSE};
use super::table::Table;
use super::{
    Bucket, By, COPIES_MAX, DEPTH_MAX, Dimension, Division, Entry, Index, LEAF_MAX, Lookup, LookupKind, Misfiled, Plan,
    Range, Trees, count, gates,
};
use crate::graph::Policy;
use crate::id::{EntityTypeId, NodeId, RuleId};

use handles::{Handle, Handles};
use shelf::{Shelf, Sorter};

/// Rules for which looking a slot up is worth it.
const SMALL: usize = 3;

/// Entries for which room is made; most rules stand in two divisions, and in the second in a list and a bucket.
const ENTRIES_PER_RULE: usize = 3;

/// A rule on its way to where it is filed.
#[derive(Clone, Copy)]
struct Filed<'p> {
    rule: RuleId,
    conjuncts: &'p [NodeId],
    /// Guards that it was not filed by, as bits of their positions.
    open: u32,
    /// At how many places it stands; more than 255 are too many in any case.
    copies: u8,
    /// Conjuncts that are known to hold, as [`Entry::proven`] says.
    proven: u16,
    /// Those that were before the last guard that it was filed by.
    before: u16,
}

/// Fills the index of a policy as a plan says.
pub(super) fn build(
    policy: &Policy,
    leads_to: &[Box<[bool]>],
    guards: Guards<'_>,
    plan: &Plan,
    index: &mut Index,
) -> Result<(), Misfiled> {
    let mut builder = Builder::new(policy, leads_to, guards, Cow::Borrowed(plan), index);
    builder.trees()?;
    if builder.followed.is_end(plan) { Ok(()) } else { Err(Misfiled { rule: None }) }
}

/// Fills the index of a policy as seems best, or anyhow where there is a seed; the plan by which it is the same again.
#[cfg(feature = "build")]
pub(super) fn choose(
    policy: &Policy,
    leads_to: &[Box<[bool]>],
    guards: Guards<'_>,
    seed: Option<u64>,
    index: &mut Index,
) -> Result<Plan, Misfiled> {
    let mut builder = Builder::new(policy, leads_to, guards, Cow::Owned(Plan::default()), index);
    builder.chooser = Some(choose::Chooser::new(&builder.guards, seed));
    builder.trees()?;
    Ok(builder.plan.into_owned())
}

/// The keys of every slot that has any; by axis, their number.
fn build_keys(guards: &mut Guards<'_>, index: &mut Index) -> Vec<u32> {
    let mut merged = std::mem::take(&mut guards.merged).into_iter();
    let number = |(axis, tests): (&Axis, &Vec<_>)| {
        match axis.family {
            Family::Keys => index.keys.push(Keys::build(tests)),
            Family::Merged(_) => index.keys.extend(merged.next()), // they come in the order of their numbers
            Family::Anchors | Family::Intervals | Family::Type => {}
        }
        count(index.keys.len()).saturating_sub(1)
    };
    guards.axes.iter().zip(&guards.tests).map(number).collect()
}

struct Builder<'b, 'p> {
    policy: &'p Policy,
    leads_to: &'b [Box<[bool]>],
    guards: Guards<'p>,
    handles: Handles,
    /// By axis: the number of its keys.
    keys: Vec<u32>,
    lookups: Lookups,
    sorter: Sorter,
    plan: Cow<'b, Plan>,
    followed: Followed,
    /// Who makes the plan, unless there is one.
    #[cfg(feature = "build")]
    chooser: Option<choose::Chooser>,
    index: &'b mut Index,
}

/// The lookups that were made.
struct Lookups {
    known: HashMap<Lookup, u32>,
    /// By axis: the lookup of the tree that is being made.
    of_axis: Vec<Option<u32>>,
    /// How many trees were made.
    trees: u32,
    /// By guard: how many trees there were when its places were last looked at.
    seen: Vec<u32>,
}

impl<'b, 'p> Builder<'b, 'p> {
    fn new(
        policy: &'p Policy,
        leads_to: &'b [Box<[bool]>],
        mut guards: Guards<'p>,
        plan: Cow<'b, Plan>,
        index: &'b mut Index,
    ) -> Self {
        let keys = build_keys(&mut guards, index);
        let handles = Handles::of(&guards, &keys, index);
        index.anchors = std::mem::take(&mut guards.anchors);
        index.anchor_of_const = std::mem::take(&mut guards.anchor_of_const);
        index.entries.reserve(ENTRIES_PER_RULE * policy.rules.len());
        let lookups = Lookups { known: HashMap::new(), of_axis: Vec::new(), trees: 0, seen: vec![0; handles.len()] };
        Self {
            policy,
            leads_to,
            guards,
            handles,
            keys,
            lookups,
            sorter: Sorter::default(),
            plan,
            followed: Followed::default(),
            #[cfg(feature = "build")]
            chooser: None,
            index,
        }
    }

    /// Makes the trees of all actions.
    fn trees(&mut self) -> Result<(), Misfiled> {
        // Actions often have the same rules: those of `any`.
        let mut known: HashMap<Rc<[RuleId]>, u32, FixedState> = HashMap::default();
        // A list that actions share is looked at once.
        let mut of_lists: HashMap<(*const [RuleId], super::Kind), u32, FixedState> = HashMap::default();
        for rules in &self.policy.actions {
            let mut tree = |kind: super::Kind| {
                let list = (std::sync::Arc::as_ptr(kind.of(rules)), kind);
                if let Some(division) = of_lists.get(&list) {
                    return Ok(*division);
                }
                let rules: Rc<[RuleId]> = kind.rules(self.policy, rules).into();
                let division = match known.get(&rules) {
                    Some(division) => *division,
                    None => self.tree(&rules)?,
                };
                known.insert(rules, division);
                of_lists.insert(list, division);
                Ok(division)
            };
            let [denies, duties] = [tree(super::Kind::Denies)?, tree(super::Kind::Duties)?];
            let [allows, audits] = [tree(super::Kind::Allows)?, tree(super::Kind::Audits)?];
            self.index.actions.push(Trees { denies, duties, allows, audits });
        }
        self.index.entries.shrink_to_fit();
        Ok(())
    }

    /// Finds the conjuncts that all of the rules share and that are looked at first, and takes them for proven.
    fn open_gates(&mut self, filed: &mut [Filed<'p>]) -> Range {
        let start = count(self.index.gates.len());
        if filed.len() > SMALL {
            let proven = filed.first().map_or(0, |first| first.proven);
            let gates = gates::shared(self.policy, proven, filed.iter().map(|each| each.conjuncts));
            if !gates.is_empty() {
                for each in filed {
                    let bits = gates::bits(each.conjuncts, &gates);
                    each.proven |= bits;
                    // A guard of two conjuncts may be worth it when one is known to hold.
                    if self.guards.is_plain(each.rule) {
                        each.open &= !u32::from(bits);
                    }
                }
            }
            self.index.gates.extend(gates.iter().map(|gate| gate.node));
        }
        Range { start, end: count(self.index.gates.len()) }
    }

    /// The divisions of one kind of rules of an action.
    fn tree(&mut self, rules: &[RuleId]) -> Result<u32, Misfiled> {
        let mut filed = self.make_lookups(rules);
        self.divide(&mut filed, 0)
    }

    /// The rules of a tree on their way, and the lookups for them: which anchors are asked for depends on the rules, and with
    /// them how far up a lookup goes.
    fn make_lookups(&mut self, rules: &[RuleId]) -> Vec<Filed<'p>> {
        let mut wanted = vec![vec![false; self.policy.schema.entities.len()]; self.guards.axes.len()];
        self.lookups.trees += 1;
        let mut seen = std::mem::take(&mut self.lookups.seen);
        let filed = |rule: &RuleId| {
            let policy: &'p Policy = self.policy;
            let conjuncts = policy.conjuncts(*rule);
            let open = self.guards.open(*rule, conjuncts, |guard| {
                // Rules share guards.
                if let Some(seen) = seen.get_mut(guard as usize).filter(|seen| **seen != self.lookups.trees) {
                    *seen = self.lookups.trees;
                    self.mark_wanted(guard, &mut wanted);
                }
            });
            let proven = Entry::none_proven(conjuncts.len());
            Filed { rule: *rule, conjuncts, open, copies: 1, proven, before: proven }
        };
        let filed = rules.iter().map(filed).collect();
        self.lookups.seen = seen;
        self.lookups.of_axis = (0..).zip(&wanted).map(|(axis, wanted)| self.make_lookup(axis, wanted)).collect();
        filed
    }

    /// Marks the types of the anchors that a guard asks for, by axis.
    fn mark_wanted(&self, guard: u32, wanted: &mut [Vec<bool>]) {
        let handle = self.handles.get(guard);
        for place in handle.map_or(&[][..], |handle| handle.places(&self.guards.places)) {
            let is_anchor = self.axis(place.axis).is_some_and(|axis| axis.family == Family::Anchors);
            if let Some(anchor) = self.index.anchors.uid(place.key).filter(|_| is_anchor)
                && let Some(mark) =
                    wanted.get_mut(place.axis as usize).and_then(|types| types.get_mut(anchor.ty.index()))
            {
                *mark = true;
            }
        }
    }

    fn make_lookup(&mut self, axis: u32, wanted: &[bool]) -> Option<u32> {
        let Axis { slot, family } = self.axis(axis)?;
        let kind = match family {
            Family::Intervals => LookupKind::Point,
            Family::Keys | Family::Merged(_) => LookupKind::Keys(self.keys.get(axis as usize).copied()?),
            Family::Type => LookupKind::Type,
            Family::Anchors => LookupKind::Anchors(self.leading(wanted)),
        };
        let lookups = &mut self.index.lookups;
        Some(*self.lookups.known.entry(Lookup { slot, kind }).or_insert_with_key(|lookup| {
            lookups.push(lookup.clone());
            count(lookups.len()) - 1
        }))
    }

    /// By entity type: whether its parents lead to a wanted type.
    fn leading(&self, wanted: &[bool]) -> Box<[bool]> {
        let reaches = |row: &[bool]| row.iter().zip(wanted).any(|(leads, wanted)| *leads && *wanted);
        let leads = |ty: &EntityTypeId| self.leads_to.get(ty.index()).is_some_and(|row| reaches(row));
        self.policy.schema.entities.iter().map(|entity| entity.parents.iter().any(leads)).collect()
    }

    /// Makes a division of rules that ascend.
    fn divide(&mut self, filed: &mut [Filed<'p>], depth: u32) -> Result<u32, Misfiled> {
        let gates = self.open_gates(filed);
        let is_divided = filed.len() > LEAF_MAX && depth < DEPTH_MAX;
        #[cfg(feature = "build")]
        if is_divided {
            self.extend_plan(filed, depth);
        }
        let start = self.next_entry();
        let mut shelves: Vec<Shelf> = Vec::new();
        for (at, each) in (0..).zip(&mut *filed) {
            match if is_divided { self.next_choice()? } else { LOOSE } {
                LOOSE => self.add_entry(each, each.proven),
                by => self.shelve(at, each, by, depth, &mut shelves)?,
            }
        }
        let loose = Range { start, end: self.next_entry() };
        shelves.sort_by_key(|shelf| shelf.axis);
        let mut made = Vec::with_capacity(shelves.len());
        for shelf in shelves {
            made.extend(self.dimension(shelf, filed, depth)?);
        }
        let start = count(self.index.dimensions.len());
        self.index.dimensions.extend(made);
        let dimensions = Range { start, end: count(self.index.dimensions.len()) };
        self.index.divisions.push(Division { gates, loose, dimensions });
        Ok(count(self.index.divisions.len()) - 1)
    }

    /// By which conjunct the next rule is filed.
    #[inline]
    fn next_choice(&mut self) -> Result<u8, Misfiled> {
        self.followed.next(&self.plan).ok_or(Misfiled { rule: None })
    }

    /// Puts a rule at the places of the guard that it is to be filed by.
    #[inline]
    fn shelve(
        &self,
        at: u32,
        filed: &mut Filed<'p>,
        by: u8,
        depth: u32,
        shelves: &mut Vec<Shelf>,
    ) -> Result<(), Misfiled> {
        let is_open = filed.open >> by & 1 == 1;
        let of_rule = self.guards.at(filed.rule, filed.conjuncts, by).filter(|_| is_open);
        let usable = of_rule.and_then(|of_rule| Some((of_rule, self.usable(filed, of_rule, depth)?)));
        let Some((of_rule, handle)) = usable else { return Err(Misfiled { rule: Some(filed.rule) }) };
        filed.before = filed.proven;
        filed.proven |= if handle.exact { of_rule.conjuncts } else { 0 };
        filed.copies = filed.copies.saturating_mul(u8::try_from(handle.count()).unwrap_or(u8::MAX));
        filed.open &= !(1 << by);
        for place in handle.places(&self.guards.places) {
            shelf::put(shelves, at, *place);
        }
        Ok(())
    }

    fn lookup(&self, axis: u32) -> Option<u32> {
        self.lookups.of_axis.get(axis as usize).copied().flatten()
    }

    fn axis(&self, axis: u32) -> Option<Axis> {
        self.guards.axes.get(axis as usize).copied()
    }

    /// What a guard of a rule has, if the rule can be filed by it.
    #[inline]
    fn usable(&self, filed: &Filed<'p>, of_rule: OfRule, depth: u32) -> Option<&Handle> {
        let is_proven = of_rule.conjuncts != 0 && of_rule.conjuncts & !filed.proven == 0;
        let handle = self.handles.get(of_rule.guard).filter(|_| !is_proven)?;
        (depth == 0 || u32::from(filed.copies).saturating_mul(handle.count()) <= COPIES_MAX).then_some(handle)
    }

    fn dimension(&mut self, shelf: Shelf, filed: &[Filed<'p>], depth: u32) -> Result<Option<Dimension>, Misfiled> {
        let Some(lookup) = self.lookup(shelf.axis) else { return Ok(None) };
        let start = self.next_entry();
        for member in shelf.members.iter().filter_map(|at| filed.get(*at as usize)) {
            self.add_entry(member, member.before);
        }
        let all = Range { start, end: self.next_entry() };
        let by = if self.guards.is_interval(shelf.axis) {
            let (intervals, first) = self.intervals(&shelf, filed, start);
            By::Intervals { lookup, intervals, first }
        } else {
            By::Keys { lookup, table: self.table(&shelf, filed, start, depth)? }
        };
        Ok(Some(Dimension { by, all }))
    }

    /// The intervals of a shelf, and where the entries of the first are; `all` is where those of its members are.
    fn intervals(&mut self, shelf: &Shelf, filed: &[Filed<'p>], all: u32) -> (Intervals, u32) {
        let first = self.next_entry();
        let runs = self.sorter.sort(shelf, true);
        let mut held = Vec::with_capacity(runs.len());
        for (key, run) in runs.iter() {
            let bounds = self.guards.intervals.get(key as usize).copied().unwrap_or_default();
            // One that ends before it starts holds nothing.
            if bounds.0 <= bounds.1 {
                held.push((bounds, count(run.len())));
                run.iter().for_each(|member| self.repeat_entry(shelf, *member, filed, all));
            }
        }
        (Intervals::build(held.into_iter()), first)
    }

    /// The table of a shelf; `all` is where the entries of its members are.
    fn table(&mut self, shelf: &Shelf, filed: &[Filed<'p>], all: u32, depth: u32) -> Result<Table, Misfiled> {
        let runs = self.sorter.sort(shelf, false);
        let mut buckets = Vec::with_capacity(runs.len());
        let mut crowd = Vec::<Filed<'p>>::new();
        for (key, run) in runs.iter() {
            let bucket = if run.len() <= LEAF_MAX {
                let start = self.next_entry();
                run.iter().for_each(|member| self.repeat_entry(shelf, *member, filed, all));
                Bucket::Entries(Range { start, end: self.next_entry() })
            } else {
                crowd.clear();
                crowd.extend(run.iter().filter_map(|member| shelf.member(*member, filed)).copied());
                Bucket::Division(self.divide(&mut crowd, depth + 1)?)
            };
            buckets.push((key, bucket));
        }
        Ok(self.index.tables.add(&buckets))
    }

    /// Where the next entry will be.
    fn next_entry(&self) -> u32 {
        count(self.index.entries.len())
    }

    fn add_entry(&mut self, filed: &Filed<'p>, proven: u16) {
        let entry = self.entry(filed, proven);
        self.index.entries.push(entry);
    }

    /// Adds the entry of a member as it is where it is known to pass the guard that it was filed by.
    fn repeat_entry(&mut self, shelf: &Shelf, member: u32, filed: &[Filed<'p>], all: u32) {
        let entry = self.index.entries.get(all as usize + member as usize).copied();
        if let (Some(entry), Some(member)) = (entry, shelf.member(member, filed)) {
            self.index.entries.push(Entry { proven: member.proven, ..entry });
        }
    }

    /// The entry of a rule, with the test of another slot if there is one: most rules that come up need not be looked into.
    #[inline]
    fn entry(&self, filed: &Filed<'p>, proven: u16) -> Entry {
        let mut further = self.guards.of_rule(filed.rule, filed.conjuncts, filed.open).filter_map(|of_rule| {
            // It is no further copy.
            let handle = self.usable(filed, of_rule, 0).filter(|handle| handle.is_single)?;
            let also = if handle.exact { of_rule.conjuncts } else { 0 };
            Some(Entry { rule: filed.rule, proven, also, lookup: self.lookup(handle.axis)?, key: handle.key })
        });
        further.next().unwrap_or(Entry { rule: filed.rule, proven, also: 0, lookup: Entry::NONE, key: 0 })
    }
}
