//! Filing rules so that few are found together.
//!
//! Each division files a rule by the guard that was chosen for it when the policy was compiled, and makes sure that it is one
//! of the rule's own. Rules come in the order that the plan says: those that are found together stand side by side in every
//! division, so that a division of theirs is a part of the list that the division around it has, and nothing is sorted or
//! moved. What the plan says is not taken for granted: all rules of the list are filed, each by what it tests, and a place that
//! comes again after others is refused.

#[cfg(feature = "build")]
mod choose;
mod filing;
mod handles;

use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::FixedState;

use super::gates::Gates;
use super::guard::{Axis, Family, Guards, OfRule, Place};
use super::intervals::Intervals;
use super::keys::Keys;
use super::plan::{Followed, LOOSE};
use super::table::Table;
use super::{
    Bucket, By, COPIES_MAX, DEPTH_MAX, Dimension, Division, Entry, Index, LEAF_MAX, Lookup, LookupKind, Misfiled, Plan,
    Range, Run, Trees, count,
};
use crate::graph::Policy;
use crate::id::{EntityTypeId, NodeId, RuleId};

use filing::{Filing, Group, members};
use handles::{Handle, Handles};

/// Rules for which looking a slot up is worth it.
const SMALL: usize = 3;

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

/// Fills the index of a policy as a plan says; each dimension lists all its rules if that is wanted.
pub(super) fn build(
    policy: &Policy,
    leads_to: &[Box<[bool]>],
    guards: Guards<'_>,
    plan: &Plan,
    (index, lists_all): (&mut Index, bool),
) -> Result<(), Misfiled> {
    let mut builder = Builder::new(policy, leads_to, guards, plan, index);
    builder.lists_all = lists_all;
    builder.trees()?;
    if builder.followed.is_end(plan) { Ok(()) } else { Err(Misfiled::Count) }
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
    let none = Plan::default();
    let mut builder = Builder::new(policy, leads_to, guards, &none, index);
    builder.chooser = Some(choose::Chooser::new(&builder.guards, seed));
    builder.trees()?;
    Ok(builder.chooser.map(choose::Chooser::into_plan).unwrap_or_default())
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
    plan: &'b Plan,
    followed: Followed,
    /// By rule: the number of the last tree that it was to be filed in, until it was.
    awaited: Vec<u32>,
    /// Whether each dimension lists all its rules, even if each stands there once.
    lists_all: bool,
    /// Who makes the plan, unless there is one.
    #[cfg(feature = "build")]
    chooser: Option<choose::Chooser>,
    index: &'b mut Index,
}

/// The lookups that were made.
struct Lookups {
    known: HashMap<Lookup, u32>,
    /// How many trees were made.
    trees: u32,
    /// By guard: how many trees there were when its places were last asked for.
    seen: Vec<u32>,
    /// By axis: whether the tree that is being made asks for it, and the types of the anchors that it asks for.
    asked: Vec<Option<Vec<bool>>>,
}

impl<'b, 'p> Builder<'b, 'p> {
    fn new(
        policy: &'p Policy,
        leads_to: &'b [Box<[bool]>],
        mut guards: Guards<'p>,
        plan: &'b Plan,
        index: &'b mut Index,
    ) -> Self {
        let keys = build_keys(&mut guards, index);
        let handles = Handles::of(&guards, &keys, index);
        index.anchors = std::mem::take(&mut guards.anchors);
        index.anchor_of_const = std::mem::take(&mut guards.anchor_of_const);
        index.entries.reserve(policy.rules.len());
        let asked = vec![None; guards.axes.len()];
        let lookups = Lookups { known: HashMap::new(), trees: 0, seen: vec![0; handles.len()], asked };
        Self {
            policy,
            leads_to,
            guards,
            handles,
            keys,
            lookups,
            plan,
            followed: Followed::default(),
            awaited: vec![0; policy.rules.len()],
            lists_all: false,
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
            let gates = Gates::shared(self.policy, proven, || filed.iter().map(|each| each.conjuncts));
            if !gates.all.is_empty() {
                for each in filed {
                    let bits = gates.bits(each.conjuncts);
                    each.proven |= bits;
                    // A guard of two conjuncts may be worth it when one is known to hold.
                    if self.guards.is_plain(each.rule) {
                        each.open &= !u32::from(bits);
                    }
                }
            }
            self.index.gates.extend(gates.all.iter().map(|gate| gate.node));
        }
        Range { start, end: count(self.index.gates.len()) }
    }

    /// The divisions of one kind of rules of an action. While they are made, lookups have the numbers of their axes: which
    /// anchors are asked for depends on all rules, and with them how far up a lookup goes.
    fn tree(&mut self, rules: &[RuleId]) -> Result<u32, Misfiled> {
        self.lookups.trees += 1;
        let (dimensions, entries) = (self.index.dimensions.len(), self.index.entries.len());
        let rules_in_order = self.in_order(rules)?;
        let filed = |rule: &RuleId| {
            let conjuncts = self.policy.conjuncts(*rule);
            let proven = Entry::none_proven(conjuncts.len());
            let open = self.guards.open(*rule, conjuncts);
            Filed { rule: *rule, conjuncts, open, copies: 1, proven, before: proven }
        };
        let mut filed: Vec<Filed<'p>> = rules_in_order.iter().map(filed).collect();
        let tree = self.divide(&mut filed, 0, true)?;
        #[cfg(feature = "build")]
        if let Some(chooser) = self.chooser.as_mut().filter(|_| rules.len() > LEAF_MAX) {
            chooser.add_order(filed.iter().map(|each| each.rule));
        }
        let numbers = self.make_lookups()?;
        let number = |axis: u32| numbers.get(axis as usize).copied().unwrap_or(Entry::NONE);
        for dimension in self.index.dimensions.get_mut(dimensions..).unwrap_or_default() {
            let (By::Keys { lookup, .. } | By::Intervals { lookup, .. }) = &mut dimension.by;
            *lookup = number(*lookup);
        }
        for entry in self.index.entries.get_mut(entries..).unwrap_or_default() {
            if entry.lookup != Entry::NONE {
                entry.lookup = number(entry.lookup);
            }
        }
        Ok(tree)
    }

    /// The rules of a tree as the plan has them, which are no others, and each once.
    fn in_order<'r>(&mut self, rules: &'r [RuleId]) -> Result<&'r [RuleId], Misfiled>
    where
        'b: 'r,
    {
        if rules.len() <= LEAF_MAX || self.is_choosing() {
            return Ok(rules);
        }
        let tree = self.lookups.trees;
        for rule in rules {
            self.awaited.get_mut(rule.index()).into_iter().for_each(|awaited| *awaited = tree);
        }
        let ordered = self.followed.next_tree(self.plan, rules.len()).ok_or(Misfiled::Count)?;
        for rule in ordered {
            let awaited = self.awaited.get_mut(rule.index()).filter(|awaited| **awaited == tree);
            *awaited.ok_or(Misfiled::Rule(*rule))? = 0;
        }
        Ok(ordered)
    }

    /// Whether a plan is made, and none followed.
    fn is_choosing(&self) -> bool {
        #[cfg(feature = "build")]
        return self.chooser.is_some();
        #[cfg(not(feature = "build"))]
        false
    }

    /// Notes that a guard's places are asked for.
    #[inline]
    fn ask(&mut self, guard: u32) {
        // Rules share guards.
        if let Some(seen) = self.lookups.seen.get_mut(guard as usize).filter(|seen| **seen != self.lookups.trees) {
            *seen = self.lookups.trees;
            self.ask_first(guard);
        }
    }

    #[cold]
    fn ask_first(&mut self, guard: u32) {
        let handle = self.handles.get(guard);
        for place in handle.map_or(&[][..], |handle| handle.places(&self.guards.places)) {
            let axis = self.guards.axes.get(place.axis as usize);
            let Some(asked) = self.lookups.asked.get_mut(place.axis as usize) else { continue };
            let types = asked.get_or_insert_default();
            if axis.is_some_and(|axis| axis.family == Family::Anchors)
                && let Some(anchor) = self.index.anchors.uid(place.key)
            {
                types.resize(self.policy.schema.entities.len(), false);
                types.get_mut(anchor.ty.index()).into_iter().for_each(|mark| *mark = true);
            }
        }
    }

    /// Makes the lookups for what the tree asked for; their numbers, by axis.
    fn make_lookups(&mut self) -> Result<Vec<u32>, Misfiled> {
        let mut numbers = vec![Entry::NONE; self.lookups.asked.len()];
        for (axis, number) in numbers.iter_mut().enumerate() {
            if let Some(types) = self.lookups.asked.get_mut(axis).and_then(Option::take) {
                *number = self.make_lookup(axis, &types).ok_or(Misfiled::Size)?;
            }
        }
        Ok(numbers)
    }

    fn make_lookup(&mut self, axis: usize, wanted: &[bool]) -> Option<u32> {
        let Axis { slot, family } = self.guards.axes.get(axis).copied()?;
        let kind = match family {
            Family::Intervals => LookupKind::Point,
            Family::Keys | Family::Merged(_) => LookupKind::Keys(self.keys.get(axis).copied()?),
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

    /// Makes a division of rules, which stand as the plan has them, unless a division around it sorted them.
    fn divide(&mut self, filed: &mut [Filed<'p>], depth: u32, is_ordered: bool) -> Result<u32, Misfiled> {
        let gates = self.open_gates(filed);
        let (loose, dimensions) = if filed.len() > LEAF_MAX && depth < DEPTH_MAX {
            self.divided(filed, depth, is_ordered)?
        } else {
            let start = self.next_entry();
            filed.iter().for_each(|each| self.add_entry(each, each.proven));
            (Range { start, end: self.next_entry() }, Range::default())
        };
        self.index.divisions.push(Division { gates, loose, dimensions });
        Ok(count(self.index.divisions.len()) - 1)
    }

    /// Puts the rules of a division at the places of the guards that they are to be filed by, or adds the entries of those
    /// that are to be filed by none.
    fn file(&mut self, filed: &mut [Filed<'p>], depth: u32, filing: &mut Filing) -> Result<(), Misfiled> {
        let (mut at, mut left) = (0, filed);
        while !left.is_empty() {
            let Run { by, rules } = self.followed.next(self.plan, left.len()).ok_or(Misfiled::Count)?;
            let (run, later) = left.split_at_mut_checked(rules as usize).ok_or(Misfiled::Count)?;
            match by {
                LOOSE => run.iter().for_each(|each| self.add_entry(each, each.proven)),
                by => self.put_run(at, run, by, depth, filing)?,
            }
            (at, left) = (at + rules, later);
        }
        Ok(())
    }

    /// Puts rules that are to be filed by the same conjunct.
    fn put_run(
        &mut self,
        start: u32,
        run: &mut [Filed<'p>],
        by: u8,
        depth: u32,
        filing: &mut Filing,
    ) -> Result<(), Misfiled> {
        for (at, each) in (start..).zip(run) {
            match self.usual_place(each, by) {
                Some((place, proven)) => {
                    (each.before, each.proven) = (each.proven, proven);
                    each.open &= !(1 << by);
                    filing.put(at, place);
                }
                None => self.put(at, each, by, depth, filing).ok_or(Misfiled::Rule(each.rule))?,
            }
        }
        Ok(())
    }

    /// As [`Builder::put`], for a guard that is a conjunct, has one place, and was asked for: its place, and what is then known
    /// to hold.
    #[inline]
    fn usual_place(&self, filed: &Filed<'p>, by: u8) -> Option<(Place, u16)> {
        // A guard that is a conjunct, and is open, is not proven.
        let is_open = filed.open >> by & 1 == 1;
        let of_rule =
            self.guards.conjunct(filed.conjuncts, by).filter(|_| is_open && self.guards.is_plain(filed.rule))?;
        let handle = self.handles.get(of_rule.guard)?;
        let was_asked = self.lookups.seen.get(of_rule.guard as usize) == Some(&self.lookups.trees);
        let place = handle.only_place().filter(|_| was_asked && u32::from(filed.copies) <= COPIES_MAX)?;
        Some((place, filed.proven | if handle.exact { of_rule.conjuncts } else { 0 }))
    }

    /// Puts a rule at the places of the guard that it is to be filed by, if it can be.
    #[inline(never)]
    fn put(&mut self, at: u32, filed: &mut Filed<'p>, by: u8, depth: u32, filing: &mut Filing) -> Option<()> {
        let open = filed.open & !1_u32.checked_shl(by.into())?;
        let of_rule = self.guards.at(filed.rule, filed.conjuncts, by).filter(|_| open != filed.open)?;
        let handle = self.usable(filed, of_rule, depth)?;
        filed.before = filed.proven;
        filed.proven |= if handle.exact { of_rule.conjuncts } else { 0 };
        filed.open = open;
        match handle.only_place() {
            Some(place) => filing.put(at, place),
            None => {
                filed.copies = filed.copies.saturating_mul(u8::try_from(handle.count()).unwrap_or(u8::MAX));
                filing.put_all(at, handle.places(&self.guards.places));
            }
        }
        self.ask(of_rule.guard);
        Some(())
    }

    /// What a guard of a rule has, if the rule can be filed by it.
    #[inline]
    fn usable(&self, filed: &Filed<'p>, of_rule: OfRule, depth: u32) -> Option<&Handle> {
        let is_proven = of_rule.conjuncts != 0 && of_rule.conjuncts & !filed.proven == 0;
        let handle = self.handles.get(of_rule.guard).filter(|_| !is_proven)?;
        (depth == 0 || u32::from(filed.copies).saturating_mul(handle.count()) <= COPIES_MAX).then_some(handle)
    }

    /// Adds the entries of the rules that no slot finds, and makes the dimensions of the others.
    fn divided(&mut self, filed: &mut [Filed<'p>], depth: u32, is_ordered: bool) -> Result<(Range, Range), Misfiled> {
        #[cfg(feature = "build")]
        if self.is_choosing() {
            return self.choose_divided(filed, depth, is_ordered);
        }
        let start = self.next_entry();
        let mut filing = Filing::new(is_ordered);
        self.file(filed, depth, &mut filing)?;
        let loose = Range { start, end: self.next_entry() };
        let dimensions = match filing.sort(filed) {
            Some(mut sorted) => self.make_dimensions(&filing, &mut sorted, depth, false)?,
            None => self.make_dimensions(&filing, filed, depth, true)?,
        };
        Ok((loose, dimensions))
    }

    /// Makes the dimensions of rules that are grouped.
    fn make_dimensions(
        &mut self,
        filing: &Filing,
        filed: &mut [Filed<'p>],
        depth: u32,
        is_ordered: bool,
    ) -> Result<Range, Misfiled> {
        let mut made = Vec::new();
        for groups in filing.groups.chunk_by(|one, next| one.place.axis == next.place.axis) {
            let Some(lookup) = groups.first().map(|group| group.place.axis) else { continue };
            let all = self.list(lookup, groups, filed, filing.is_repeated);
            let by = if self.guards.is_interval(lookup) {
                let first = self.next_entry();
                By::Intervals { lookup, intervals: self.intervals(groups, filed)?, first }
            } else {
                By::Keys { lookup, table: self.table(groups, filed, depth, is_ordered)? }
            };
            made.push(Dimension { by, all });
        }
        let start = count(self.index.dimensions.len());
        self.index.dimensions.extend(made);
        Ok(Range { start, end: count(self.index.dimensions.len()) })
    }

    /// The list of all rules of a dimension, if not each of them stands there once.
    fn list(&mut self, axis: u32, groups: &[Group], filed: &[Filed<'p>], is_repeated: bool) -> Range {
        let start = self.next_entry();
        let holds_nothing = |group: &Group| self.guards.is_interval(axis) && is_empty(self.bounds(group.place.key));
        if self.lists_all || is_repeated || groups.iter().any(holds_nothing) {
            members(groups, filed).iter().for_each(|member| self.add_entry(member, member.before));
        }
        Range { start, end: self.next_entry() }
    }

    fn bounds(&self, interval: u32) -> (i128, i128) {
        self.guards.intervals.get(interval as usize).copied().unwrap_or_default()
    }

    /// The intervals of rules, with their entries.
    fn intervals(&mut self, groups: &[Group], filed: &[Filed<'p>]) -> Result<Intervals, Misfiled> {
        if !groups.is_sorted_by(|one, next| one.place.key < next.place.key) {
            return Err(Misfiled::Order);
        }
        let mut held = Vec::with_capacity(groups.len());
        for group in groups {
            let bounds = self.bounds(group.place.key);
            if !is_empty(bounds) {
                held.push((bounds, count(group.len())));
                group.rules.of(filed).iter().for_each(|each| self.add_entry(each, each.proven));
            }
        }
        Ok(Intervals::build(held.into_iter()))
    }

    /// The table of rules, with their entries and divisions.
    fn table(
        &mut self,
        groups: &[Group],
        filed: &mut [Filed<'p>],
        depth: u32,
        is_ordered: bool,
    ) -> Result<Table, Misfiled> {
        let table = self.index.tables.add(groups.len(), Group::bounds(groups));
        for group in groups {
            let rules = filed.get_mut(group.rules.indices()).unwrap_or_default();
            let bucket = if rules.len() <= LEAF_MAX {
                let start = self.next_entry();
                rules.iter().for_each(|each| self.add_entry(each, each.proven));
                Bucket::Entries(Range { start, end: self.next_entry() })
            } else {
                Bucket::Division(self.divide(rules, depth + 1, is_ordered)?)
            };
            self.index.tables.put(table, group.place.key, bucket)?;
        }
        Ok(table)
    }

    /// Where the next entry will be.
    fn next_entry(&self) -> u32 {
        count(self.index.entries.len())
    }

    /// Adds the entry of a rule, with the test of another slot if there is one: most rules that come up need not be looked into.
    #[inline(never)]
    fn add_entry(&mut self, filed: &Filed<'p>, proven: u16) {
        let further = self.guards.of_rule(filed.rule, filed.conjuncts, filed.open).find_map(|of_rule| {
            // It is no further copy.
            let handle = self.usable(filed, of_rule, 0).filter(|handle| handle.is_single)?;
            Some((of_rule, *handle))
        });
        let mut entry = Entry { rule: filed.rule, proven, also: 0, lookup: Entry::NONE, key: 0 };
        if let Some((of_rule, handle)) = further {
            let also = if handle.exact { of_rule.conjuncts } else { 0 };
            entry = Entry { also, lookup: handle.axis, key: handle.key, ..entry };
            self.ask(of_rule.guard);
        }
        self.index.entries.push(entry);
    }
}

/// Whether an interval ends before it starts, and so holds nothing.
fn is_empty((low, high): (i128, i128)) -> bool {
    low > high
}
