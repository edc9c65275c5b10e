//! Filing rules so that few are found together.
//!
//! Each division files a rule by the guard whose places fewest of its rules share. One slot is preferred, the one that tells
//! most rules apart, since each slot costs a lookup; rules that it leaves crowded take another. Every choice only counts how
//! often places occur, so building takes time linear in what is filed.

use std::collections::HashMap;
use std::rc::Rc;

use super::guard::{Axis, Family, Guard, Guards, OfRule, Place};
use super::intervals::Intervals;
use super::keys::Keys;
use super::{
    Bucket, By, COPIES_MAX, DEPTH_MAX, Dimension, Division, Entry, Index, LEAF_MAX, Lookup, LookupKind, Range, Trees,
    count,
};
use crate::graph::{Node, Policy};
use crate::id::{EntityTypeId, RuleId};

/// Rules for which looking a slot up is worth it.
const SMALL: usize = 3;

/// A rule on its way to where it is filed.
#[derive(Clone, Copy)]
struct Filed {
    rule: RuleId,
    /// Conjuncts that it was filed by, as bits of its guards' positions.
    used: u64,
    proven: u16,
    /// At how many places it stands.
    copies: u32,
}

/// A rule under a key.
#[derive(Clone, Copy)]
struct Keyed {
    key: u32,
    filed: Filed,
}

/// Fills the index of a policy.
pub(super) fn build(policy: &Policy, leads_to: &[Box<[bool]>], mut guards: Guards<'_>, index: &mut Index) {
    let loads = (0..guards.axes.len()).map(|axis| vec![0; guards.keys(axis)]).collect();
    index.anchors = std::mem::take(&mut guards.anchors);
    index.anchor_of_const = std::mem::take(&mut guards.anchor_of_const);
    let keys = build_keys(&mut guards, index);
    let on_axis = vec![AxisLoad::default(); guards.axes.len()];
    let lookups = Lookups { known: HashMap::new(), of_axis: Vec::new() };
    let mut builder = Builder { policy, leads_to, guards, keys, loads, on_axis, lookups, index };
    // Actions often have the same rules: those of `any`.
    let mut known: HashMap<Rc<[RuleId]>, u32> = HashMap::new();
    for rules in &policy.actions {
        let [denies, duties, allows, audits] = super::kinds(policy, rules).map(|rules| {
            let rules: Rc<[RuleId]> = rules.into();
            if let Some(division) = known.get(&rules) {
                return *division;
            }
            let division = builder.tree(&rules);
            known.insert(rules, division);
            division
        });
        builder.index.actions.push(Trees { denies, duties, allows, audits });
    }
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
    /// By axis: the number of its keys.
    keys: Vec<u32>,
    /// By axis and key: how many rules of the division that is being made could be filed there. Zero between divisions.
    loads: Vec<Vec<u32>>,
    on_axis: Vec<AxisLoad>,
    lookups: Lookups,
    index: &'b mut Index,
}

/// The lookups that were made.
struct Lookups {
    known: HashMap<Lookup, u32>,
    /// By axis: the lookup of the tree that is being made; none for intervals.
    of_axis: Vec<Option<u32>>,
}

/// What a slot would do for a division.
#[derive(Clone, Copy, Default)]
struct AxisLoad {
    /// Rules that it could file.
    rules: u64,
    /// The sum over them of how many others stand at the same places.
    crowd: u64,
}

impl Builder<'_, '_> {
    /// The divisions of one kind of rules of an action.
    fn tree(&mut self, rules: &[RuleId]) -> u32 {
        self.make_lookups(rules);
        let filed = rules.iter().map(|rule| Filed { rule: *rule, used: 0, proven: 0, copies: 1 }).collect::<Vec<_>>();
        self.divide(&filed, 0)
    }

    /// Which anchors are asked for depends on the rules, and with them how far up a lookup goes.
    fn make_lookups(&mut self, rules: &[RuleId]) {
        let mut wanted = vec![vec![false; self.policy.schema.entities.len()]; self.guards.axes.len()];
        let guards =
            rules.iter().flat_map(|rule| self.guards.of_rule(*rule)).filter_map(|of| self.guards.guard(of.guard));
        for place in guards.flat_map(|guard| self.guards.places(guard)) {
            let is_anchor = self.axis(place.axis).is_some_and(|axis| axis.family == Family::Anchors);
            if let Some(anchor) = self.index.anchors.uid(place.key).filter(|_| is_anchor)
                && let Some(mark) =
                    wanted.get_mut(place.axis as usize).and_then(|types| types.get_mut(anchor.ty.index()))
            {
                *mark = true;
            }
        }
        self.lookups.of_axis = (0..).zip(&wanted).map(|(axis, wanted)| self.make_lookup(axis, wanted)).collect();
    }

    fn make_lookup(&mut self, axis: u32, wanted: &[bool]) -> Option<u32> {
        let Axis { slot, family } = self.axis(axis)?;
        let kind = match family {
            Family::Intervals => return None,
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

    fn lookup(&self, axis: u32) -> Option<u32> {
        self.lookups.of_axis.get(axis as usize).copied().flatten()
    }

    fn divide(&mut self, filed: &[Filed], depth: u32) -> u32 {
        let choices = if filed.len() <= LEAF_MAX || depth >= DEPTH_MAX { Vec::new() } else { self.choose(filed) };
        let mut loose = Vec::new();
        let mut by_axis: Vec<(u32, Vec<Keyed>)> = Vec::new();
        for (at, each) in filed.iter().enumerate() {
            match choices.get(at).copied().flatten() {
                None => loose.push(*each),
                Some(chosen) => self.file(*each, chosen, &mut by_axis),
            }
        }
        by_axis.sort_by_key(|(axis, _)| *axis);
        let loose = self.entries(&loose);
        let made: Vec<Dimension> =
            by_axis.into_iter().filter_map(|(axis, keyed)| self.dimension(axis, keyed, depth)).collect();
        let start = count(self.index.dimensions.len());
        self.index.dimensions.extend(made);
        let dimensions = Range { start, end: count(self.index.dimensions.len()) };
        self.index.divisions.push(Division { loose, dimensions });
        count(self.index.divisions.len()) - 1
    }

    /// Puts a rule at the places of the guard at this position of its guards.
    fn file(&self, filed: Filed, chosen: usize, by_axis: &mut Vec<(u32, Vec<Keyed>)>) {
        let Some((of_rule, guard)) = self.guard_at(filed.rule, chosen) else { return };
        let is_exact =
            guard.exact && self.guards.places(guard).iter().all(|place| self.is_exact(place.axis, place.key));
        let proven = if is_exact { filed.proven | of_rule.conjuncts } else { filed.proven };
        let copies = filed.copies.saturating_mul(count(self.guards.places(guard).len()));
        let filed = Filed { used: filed.used | 1_u64.checked_shl(count(chosen)).unwrap_or(0), proven, copies, ..filed };
        for place in self.guards.places(guard) {
            let keyed = Keyed { key: place.key, filed };
            match by_axis.iter_mut().find(|(axis, _)| *axis == place.axis) {
                Some((_, all)) => all.push(keyed),
                None => by_axis.push((place.axis, vec![keyed])),
            }
        }
    }

    fn is_exact(&self, axis: u32, key: u32) -> bool {
        match self.axis(axis).map(|axis| axis.family) {
            Some(Family::Keys) => {
                let keys = self.keys.get(axis as usize).copied().unwrap_or_default();
                self.index.keys(keys).is_some_and(|keys| keys.is_exact(key))
            }
            family => family.is_some(),
        }
    }

    fn axis(&self, axis: u32) -> Option<Axis> {
        self.guards.axes.get(axis as usize).copied()
    }

    fn guard_at(&self, rule: RuleId, at: usize) -> Option<(OfRule, Guard)> {
        let of_rule = *self.guards.of_rule(rule).get(at)?;
        Some((of_rule, self.guards.guard(of_rule.guard)?))
    }

    /// The guards that a rule could be filed by, with their positions. The first 64 are looked at.
    fn usable(&self, filed: Filed) -> impl Iterator<Item = (usize, Guard)> {
        let of_rule = self.guards.of_rule(filed.rule).iter().take(64).enumerate();
        of_rule.filter_map(move |(at, of_rule)| {
            let guard = self.guards.guard(of_rule.guard)?;
            let copies = filed.copies.saturating_mul(count(self.guards.places(guard).len()));
            let fits = filed.used == 0 || copies <= COPIES_MAX;
            (fits && filed.used >> at & 1 == 0).then_some((at, guard))
        })
    }

    /// By rule: the position of the guard that it is to be filed by.
    fn choose(&mut self, filed: &[Filed]) -> Vec<Option<usize>> {
        self.count_places(filed, true);
        self.weigh_axes(filed);
        let primary = self.primary(filed.len());
        let mut choices: Vec<Option<usize>> =
            filed.iter().map(|each| self.choice(*each, primary, filed.len())).collect();
        self.count_places(filed, false);
        self.on_axis.fill(AxisLoad::default());
        self.drop_small(filed, &mut choices);
        choices
    }

    /// Counts where the rules could be filed, or takes that back.
    fn count_places(&mut self, filed: &[Filed], add: bool) {
        let mut loads = std::mem::take(&mut self.loads);
        let guards = filed.iter().flat_map(|each| self.usable(*each));
        for place in guards.flat_map(|(_, guard)| self.guards.places(guard)) {
            let on_axis = loads.get_mut(place.axis as usize);
            if let Some(load) = on_axis.and_then(|loads| loads.get_mut(place.key as usize)) {
                *load = if add { *load + 1 } else { 0 };
            }
        }
        self.loads = loads;
    }

    /// How many rules stand where a guard would file one.
    fn crowd(&self, guard: Guard) -> u64 {
        let load = |place: &Place| {
            let on_axis = self.loads.get(place.axis as usize);
            u64::from(on_axis.and_then(|loads| loads.get(place.key as usize)).copied().unwrap_or_default())
        };
        let is_interval = |axis| self.axis(axis).is_some_and(|axis| axis.family == Family::Intervals);
        // Of intervals, half are expected to hold a value.
        let each = self.guards.places(guard).iter().map(|place| match self.on_axis.get(place.axis as usize) {
            Some(on_axis) if is_interval(place.axis) => on_axis.rules / 2 + 1,
            _ => load(place),
        });
        each.sum()
    }

    fn weigh_axes(&mut self, filed: &[Filed]) {
        let mut on_axis = std::mem::take(&mut self.on_axis);
        for (_, guard) in filed.iter().flat_map(|each| self.usable(*each)) {
            if let Some(load) = self.single_axis(guard).and_then(|axis| on_axis.get_mut(axis as usize)) {
                load.rules += 1;
            }
        }
        self.on_axis = on_axis;
        let mut on_axis = self.on_axis.clone();
        for (_, guard) in filed.iter().flat_map(|each| self.usable(*each)) {
            if let Some(load) = self.single_axis(guard).and_then(|axis| on_axis.get_mut(axis as usize)) {
                load.crowd += self.crowd(guard);
            }
        }
        self.on_axis = on_axis;
    }

    /// The slot that tells most rules apart.
    fn primary(&self, rules: usize) -> Option<u32> {
        let gain = |load: &AxisLoad| (load.rules * rules as u64).saturating_sub(load.crowd);
        let gains = (0_u32..).zip(&self.on_axis).map(|(axis, load)| (gain(load), std::cmp::Reverse(axis)));
        gains.max().filter(|(gain, _)| *gain > 0).map(|(_, axis)| axis.0)
    }

    fn choice(&self, filed: Filed, primary: Option<u32>, rules: usize) -> Option<usize> {
        let crowd = |guard: Guard| self.crowd(guard);
        let weighed = self.usable(filed).map(|(at, guard)| (at, crowd(guard), self.guards.places(guard).len()));
        let (best, least, places) = weighed.min_by_key(|(_, crowd, _)| *crowd)?;
        // One place at a time is hit: what is at all of them together may be more than there is.
        if least >= (rules * places) as u64 {
            return None;
        }
        let on_primary = self.usable(filed).find(|(_, guard)| self.single_axis(*guard) == primary && primary.is_some());
        let chosen = match on_primary {
            Some((at, guard)) if crowd(guard) <= 4 * least + LEAF_MAX as u64 => at,
            _ => best,
        };
        Some(self.type_first(filed, chosen).unwrap_or(chosen))
    }

    /// Attributes are unknown of an entity of another type: a rule that is about one type is filed by that first.
    fn type_first(&self, filed: Filed, chosen: usize) -> Option<usize> {
        let (_, guard) = self.guard_at(filed.rule, chosen)?;
        let slot = self.axis(self.single_axis(guard)?)?.slot;
        let Some(Node::Attribute { of, .. }) = self.policy.node(slot) else { return None };
        let is_type = |axis: Axis| axis.family == Family::Type && axis.slot == *of;
        let mut usable = self.usable(filed);
        usable
            .find(|(_, guard)| self.single_axis(*guard).and_then(|axis| self.axis(axis)).is_some_and(is_type))
            .map(|(at, _)| at)
    }

    /// Looking a slot up costs more than looking at a rule or two.
    fn drop_small(&self, filed: &[Filed], choices: &mut [Option<usize>]) {
        let axis_of = |each: &Filed, choice: &Option<usize>| {
            choice.and_then(|at| self.guard_at(each.rule, at)).and_then(|(_, guard)| self.single_axis(guard))
        };
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for axis in filed.iter().zip(&*choices).filter_map(|(each, choice)| axis_of(each, choice)) {
            *counts.entry(axis).or_default() += 1;
        }
        for (each, choice) in filed.iter().zip(choices) {
            let is_small = axis_of(each, choice).and_then(|axis| counts.get(&axis)).is_some_and(|count| *count < SMALL);
            if is_small {
                *choice = None;
            }
        }
    }

    fn dimension(&mut self, axis: u32, mut keyed: Vec<Keyed>, depth: u32) -> Option<Dimension> {
        let mut all: Vec<Filed> = keyed.iter().map(|keyed| Filed { proven: 0, ..keyed.filed }).collect();
        all.sort_unstable_by_key(|filed| filed.rule);
        all.dedup_by_key(|filed| filed.rule);
        let all = self.entries(&all);
        let Some(lookup) = self.lookup(axis) else {
            let bounds = |keyed: &Keyed| self.guards.intervals.get(keyed.key as usize).copied();
            let intervals = Intervals::build(&keyed.iter().filter_map(bounds).collect::<Vec<_>>());
            let entries: Vec<Filed> = keyed.iter().map(|keyed| keyed.filed).collect();
            let first = self.entries(&entries).start;
            return Some(Dimension { by: By::Intervals { slot: self.axis(axis)?.slot, intervals, first }, all });
        };
        // Stable: within a bucket, rules stay in source order.
        keyed.sort_by_key(|keyed| keyed.key);
        let mut buckets = Vec::new();
        for run in keyed.chunk_by(|a, b| a.key == b.key) {
            let Some(key) = run.first().map(|keyed| keyed.key) else { continue };
            let filed: Vec<Filed> = run.iter().map(|keyed| keyed.filed).collect();
            buckets.push((key, self.bucket(&filed, depth)));
        }
        let table = self.index.tables.add(&buckets);
        Some(Dimension { by: By::Keys { lookup, table }, all })
    }

    fn bucket(&mut self, filed: &[Filed], depth: u32) -> Bucket {
        if filed.len() <= LEAF_MAX {
            return Bucket::Entries(self.entries(filed));
        }
        Bucket::Division(self.divide(filed, depth + 1))
    }

    fn entries(&mut self, filed: &[Filed]) -> Range {
        let start = count(self.index.entries.len());
        for each in filed {
            let entry = self.entry(*each);
            self.index.entries.push(entry);
        }
        Range { start, end: count(self.index.entries.len()) }
    }

    /// The entry of a rule, with the test of another slot if there is one: most rules that come up need not be looked into.
    fn entry(&self, filed: Filed) -> Entry {
        let single = |guard: Guard| match self.guards.places(guard) {
            [place] => Some((self.lookup(place.axis)?, *place)),
            _ => None,
        };
        let further = self.usable(filed).find_map(|(at, guard)| Some((at, guard.exact, single(guard)?)));
        let Some((at, exact, (lookup, place))) = further else {
            return Entry { rule: filed.rule, proven: filed.proven, also: 0, lookup: Entry::NONE, key: 0 };
        };
        let is_exact = exact && self.is_exact(place.axis, place.key);
        let conjuncts = self.guards.of_rule(filed.rule).get(at).map_or(0, |of_rule| of_rule.conjuncts);
        let also = if is_exact { conjuncts } else { 0 };
        Entry { rule: filed.rule, proven: filed.proven, also, lookup, key: place.key }
    }

    /// The slot of a guard whose places are all on one.
    fn single_axis(&self, guard: Guard) -> Option<u32> {
        let (first, rest) = self.guards.places(guard).split_first()?;
        rest.iter().all(|place| place.axis == first.axis).then_some(first.axis)
    }
}
