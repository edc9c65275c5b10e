//! Filing rules so that few are found together.
//!
//! Each division files a rule by the guard whose places fewest of its rules share. One slot is preferred, the one that tells
//! most rules apart, since each slot costs a lookup; rules that it leaves crowded take another. Every choice only counts how
//! often places occur, so building takes time linear in what is filed.

mod choose;

use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::FixedState;

use super::guard::{Axis, Family, Guard, Guards, OfRule};
use super::intervals::Intervals;
use super::keys::Keys;
use super::{
    Bucket, By, COPIES_MAX, DEPTH_MAX, Dimension, Division, Entry, Index, LEAF_MAX, Lookup, LookupKind, Range, Trees,
    count, gates,
};
use crate::graph::Policy;
use crate::id::{EntityTypeId, RuleId};

use choose::{AxisLoad, Offer, Offers};

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
    /// What was proven before the key was.
    before: u16,
}

/// Fills the index of a policy.
pub(super) fn build(policy: &Policy, leads_to: &[Box<[bool]>], mut guards: Guards<'_>, index: &mut Index) {
    let loads = (0..guards.axes.len()).map(|axis| vec![0; guards.keys(axis)]).collect();
    index.anchors = std::mem::take(&mut guards.anchors);
    index.anchor_of_const = std::mem::take(&mut guards.anchor_of_const);
    let keys = build_keys(&mut guards, index);
    let on_axis = vec![AxisLoad::default(); guards.axes.len()];
    let lookups = Lookups { known: HashMap::new(), of_axis: Vec::new() };
    let offers = Offers::default();
    let mut builder = Builder { policy, leads_to, guards, keys, loads, on_axis, offers, lookups, index };
    // Actions often have the same rules: those of `any`.
    let mut known: HashMap<Rc<[RuleId]>, u32, FixedState> = HashMap::default();
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
    offers: Offers,
    lookups: Lookups,
    index: &'b mut Index,
}

/// The lookups that were made.
struct Lookups {
    known: HashMap<Lookup, u32>,
    /// By axis: the lookup of the tree that is being made.
    of_axis: Vec<Option<u32>>,
}

impl Builder<'_, '_> {
    /// Finds the conjuncts that all of the rules share and that are looked at first, and takes them for proven.
    fn open_gates(&mut self, filed: &mut [Filed]) -> Range {
        let start = count(self.index.gates.len());
        if filed.len() > SMALL {
            let proven = filed.iter().map(|each| (each.rule, each.proven));
            let gates = gates::shared(self.policy, self.index, proven);
            for each in filed {
                each.proven |= gates::bits(self.index.conjuncts(each.rule), &gates);
            }
            self.index.gates.extend(gates);
        }
        Range { start, end: count(self.index.gates.len()) }
    }

    /// The divisions of one kind of rules of an action.
    fn tree(&mut self, rules: &[RuleId]) -> u32 {
        self.make_lookups(rules);
        let none_proven = |rule: &RuleId| Entry::none_proven(self.index.conjuncts(*rule).len());
        let filed = |rule| Filed { rule, used: 0, proven: none_proven(&rule), copies: 1 };
        let filed = rules.iter().copied().map(filed).collect();
        self.divide(filed, 0)
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

    fn lookup(&self, axis: u32) -> Option<u32> {
        self.lookups.of_axis.get(axis as usize).copied().flatten()
    }

    fn divide(&mut self, mut filed: Vec<Filed>, depth: u32) -> u32 {
        let gates = self.open_gates(&mut filed);
        let choices = if filed.len() <= LEAF_MAX || depth >= DEPTH_MAX { Vec::new() } else { self.choose(&filed) };
        let mut loose = Vec::new();
        let mut by_axis: Vec<(u32, Vec<Keyed>)> = Vec::new();
        for (at, each) in filed.iter().enumerate() {
            match choices.get(at).and_then(Option::as_ref) {
                None => loose.push(*each),
                Some(chosen) => self.file(*each, chosen, &mut by_axis),
            }
        }
        by_axis.sort_by_key(|(axis, _)| *axis);
        let loose = self.entries(loose);
        let made: Vec<Dimension> =
            by_axis.into_iter().filter_map(|(axis, keyed)| self.dimension(axis, &keyed, depth)).collect();
        let start = count(self.index.dimensions.len());
        self.index.dimensions.extend(made);
        let dimensions = Range { start, end: count(self.index.dimensions.len()) };
        self.index.divisions.push(Division { gates, loose, dimensions });
        count(self.index.divisions.len()) - 1
    }

    /// Puts a rule at the places of the guard that it is to be filed by.
    fn file(&self, filed: Filed, chosen: &Offer, by_axis: &mut Vec<(u32, Vec<Keyed>)>) {
        let places = self.places(chosen);
        let conjuncts = self.guards.of_rule(filed.rule).get(chosen.at).map_or(0, |of_rule| of_rule.conjuncts);
        let is_exact = chosen.guard.exact && places.iter().all(|place| self.is_exact(place.axis, place.key));
        let before = filed.proven;
        let proven = if is_exact { before | conjuncts } else { before };
        let copies = filed.copies.saturating_mul(chosen.guard.places());
        let used = filed.used | 1_u64.checked_shl(count(chosen.at)).unwrap_or(0);
        let filed = Filed { used, proven, copies, ..filed };
        for place in places {
            let keyed = Keyed { key: place.key, filed, before };
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

    fn is_interval(&self, axis: u32) -> bool {
        self.axis(axis).is_some_and(|axis| axis.family == Family::Intervals)
    }

    fn axis(&self, axis: u32) -> Option<Axis> {
        self.guards.axes.get(axis as usize).copied()
    }

    /// The guards that a rule could be filed by, with their positions. The first 64 are looked at.
    fn usable(&self, filed: Filed) -> impl Iterator<Item = (usize, OfRule, Guard)> {
        let of_rule = self.guards.of_rule(filed.rule).iter().take(64).enumerate();
        of_rule.filter_map(move |(at, of_rule)| {
            let guard = self.guards.guard(of_rule.guard)?;
            let copies = filed.copies.saturating_mul(guard.places());
            let fits = filed.used == 0 || copies <= COPIES_MAX;
            let is_proven = of_rule.conjuncts != 0 && of_rule.conjuncts & !filed.proven == 0;
            (fits && filed.used >> at & 1 == 0 && !is_proven).then_some((at, *of_rule, guard))
        })
    }

    fn dimension(&mut self, axis: u32, keyed: &[Keyed], depth: u32) -> Option<Dimension> {
        let before = |keyed: &Keyed| Filed { proven: keyed.before, ..keyed.filed };
        let mut all: Vec<Filed> = keyed.iter().map(before).collect();
        all.sort_unstable_by_key(|filed| filed.rule);
        all.dedup_by_key(|filed| filed.rule);
        let all = self.entries(all);
        let lookup = self.lookup(axis)?;
        if self.is_interval(axis) {
            let bounds = |keyed: &Keyed| self.guards.intervals.get(keyed.key as usize).copied().unwrap_or_default();
            let (intervals, order) = Intervals::build(&keyed.iter().map(bounds).collect::<Vec<_>>());
            let in_order = order.iter().filter_map(|at| keyed.get(*at as usize));
            let first = self.entries(in_order.map(|keyed| keyed.filed)).start;
            return Some(Dimension { by: By::Intervals { lookup, intervals, first }, all });
        }
        let mut buckets = Vec::new();
        // Within a bucket, rules stay in source order. Numbers sort faster than what they stand for.
        let mut order: Vec<(u32, u32)> = keyed.iter().zip(0..).map(|(keyed, at)| (keyed.key, at)).collect();
        order.sort_unstable();
        for run in order.chunk_by(|a, b| a.0 == b.0) {
            let Some((key, _)) = run.first() else { continue };
            let of_run = run.iter().filter_map(|(_, at)| keyed.get(*at as usize));
            let filed: Vec<Filed> = of_run.map(|keyed| keyed.filed).collect();
            buckets.push((*key, self.bucket(filed, depth)));
        }
        let table = self.index.tables.add(&buckets);
        Some(Dimension { by: By::Keys { lookup, table }, all })
    }

    fn bucket(&mut self, filed: Vec<Filed>, depth: u32) -> Bucket {
        if filed.len() <= LEAF_MAX {
            return Bucket::Entries(self.entries(filed));
        }
        Bucket::Division(self.divide(filed, depth + 1))
    }

    fn entries(&mut self, filed: impl IntoIterator<Item = Filed>) -> Range {
        let start = count(self.index.entries.len());
        for each in filed {
            let entry = self.entry(each);
            self.index.entries.push(entry);
        }
        Range { start, end: count(self.index.entries.len()) }
    }

    /// The entry of a rule, with the test of another slot if there is one: most rules that come up need not be looked into.
    fn entry(&self, filed: Filed) -> Entry {
        let single = |guard: Guard| match self.guards.places(guard) {
            [place] if !self.is_interval(place.axis) => Some((self.lookup(place.axis)?, *place)),
            _ => None,
        };
        let further = self.usable(filed).find_map(|(_, of_rule, guard)| Some((of_rule, guard.exact, single(guard)?)));
        let Some((of_rule, exact, (lookup, place))) = further else {
            return Entry { rule: filed.rule, proven: filed.proven, also: 0, lookup: Entry::NONE, key: 0 };
        };
        let is_exact = exact && self.is_exact(place.axis, place.key);
        let also = if is_exact { of_rule.conjuncts } else { 0 };
        Entry { rule: filed.rule, proven: filed.proven, also, lookup, key: place.key }
    }
}
