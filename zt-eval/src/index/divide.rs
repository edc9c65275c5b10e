//! Filing rules so that few are found together.
//!
//! Each division files a rule by the guard whose places fewest of its rules share. One slot is preferred, the one that tells
//! most rules apart, since each slot costs a lookup; rules that it leaves crowded take another. Every choice only counts how
//! often places occur, so building takes time linear in what is filed.
//!
//! Most of the time of loading a policy is spent here, and most of that on memory. So rules go from division to division in
//! small records, what filing asks of a guard stands in a row of a table, and a rule's entry is worked out once for all places
//! of a division.

mod choose;
mod handles;

use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::FixedState;

use super::guard::{Axis, Family, Guards, OfRule};
use super::intervals::Intervals;
use super::keys::Keys;
use super::table::Table;
use super::{
    Bucket, By, COPIES_MAX, DEPTH_MAX, Dimension, Division, Entry, Index, LEAF_MAX, Lookup, LookupKind, Range, Trees,
    count, gates,
};
use crate::graph::Policy;
use crate::id::{EntityTypeId, RuleId};

use choose::{Loads, Offers};
use handles::{Handle, Handles};

/// Rules for which looking a slot up is worth it.
const SMALL: usize = 3;

/// Guards of a rule that are looked at.
const USABLE_MAX: u8 = 64;

/// Entries for which room is made; most rules stand in two divisions, and in the second in a list and a bucket.
const ENTRIES_PER_RULE: usize = 3;

/// A rule on its way to where it is filed.
#[derive(Clone, Copy)]
struct Filed {
    rule: RuleId,
    /// At how many places it stands.
    copies: u32,
    /// Guards that it was filed by, as bits of their positions.
    used: u64,
    /// Conjuncts that are known to hold, as [`Entry::proven`] says.
    proven: u16,
    /// Those that were before the last guard that it was filed by.
    before: u16,
}

/// The rules of a division that a slot finds.
struct Shelf {
    axis: u32,
    /// Positions in the division, ascending.
    members: Vec<u32>,
    /// Keys, with positions among the members.
    keyed: Vec<Keyed>,
}

impl Shelf {
    /// Adds a rule that comes after those before it, or once more, under a key.
    fn add(&mut self, at: u32, key: u32) {
        if self.members.last() != Some(&at) {
            self.members.push(at);
        }
        self.keyed.push(keyed(key, count(self.members.len() - 1)));
    }

    /// Puts keys in order; a rule that has one twice has it once.
    fn sort(&mut self) {
        self.keyed.sort_unstable();
        self.keyed.dedup();
    }

    /// The rules of each key in source order, when keys are in order.
    fn runs(&self) -> impl Iterator<Item = (u32, &[Keyed])> {
        let runs = self.keyed.chunk_by(|a, b| key_of(*a) == key_of(*b));
        runs.filter_map(|run| Some((key_of(*run.first()?), run)))
    }

    fn member<'f>(&self, keyed: Keyed, filed: &'f [Filed]) -> Option<&'f Filed> {
        filed.get(*self.members.get(position_of(keyed))? as usize)
    }
}

/// A key in the upper half and a position in the lower: one number sorts faster than two.
type Keyed = u64;

fn keyed(key: u32, position: u32) -> Keyed {
    u64::from(key) << 32 | u64::from(position)
}

fn key_of(keyed: Keyed) -> u32 {
    count(usize::try_from(keyed >> 32).unwrap_or(usize::MAX))
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn position_of(keyed: Keyed) -> usize {
    keyed as u32 as usize
}

/// Fills the index of a policy.
pub(super) fn build(policy: &Policy, leads_to: &[Box<[bool]>], mut guards: Guards<'_>, index: &mut Index) {
    let keys = build_keys(&mut guards, index);
    let handles = Handles::of(&guards, &keys, index);
    let loads = Loads::new(&guards, &handles);
    index.anchors = std::mem::take(&mut guards.anchors);
    index.anchor_of_const = std::mem::take(&mut guards.anchor_of_const);
    let lookups = Lookups { known: HashMap::new(), of_axis: Vec::new(), trees: 0, seen: vec![0; handles.len()] };
    let type_axes = guards.axes.iter().map(|axis| guards.type_axis(*axis)).collect();
    index.entries.reserve(ENTRIES_PER_RULE * policy.rules.len());
    let mut builder = Builder {
        policy,
        leads_to,
        guards,
        handles,
        keys,
        type_axes,
        loads,
        offers: Offers::default(),
        lookups,
        index,
    };
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
    index.entries.shrink_to_fit();
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
    /// By axis of an attribute: the axis of the type of the entity that has it, if rules ask for that.
    type_axes: Vec<Option<u32>>,
    loads: Loads,
    offers: Offers,
    lookups: Lookups,
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
        let filed = |rule: &RuleId| {
            let proven = Entry::none_proven(self.index.conjuncts(*rule).len());
            Filed { rule: *rule, copies: 1, used: 0, proven, before: proven }
        };
        let mut filed: Vec<Filed> = rules.iter().map(filed).collect();
        self.divide(&mut filed, 0)
    }

    /// Which anchors are asked for depends on the rules, and with them how far up a lookup goes.
    fn make_lookups(&mut self, rules: &[RuleId]) {
        let mut wanted = vec![vec![false; self.policy.schema.entities.len()]; self.guards.axes.len()];
        self.lookups.trees += 1;
        for of_rule in rules.iter().flat_map(|rule| self.guards.of_rule(*rule)) {
            // Rules share guards.
            match self.lookups.seen.get_mut(of_rule.guard as usize) {
                Some(seen) if *seen != self.lookups.trees => *seen = self.lookups.trees,
                _ => continue,
            }
            let handle = self.handles.get(of_rule.guard);
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

    /// Makes a division of rules that ascend.
    fn divide(&mut self, filed: &mut [Filed], depth: u32) -> u32 {
        let gates = self.open_gates(filed);
        let choices = if filed.len() <= LEAF_MAX || depth >= DEPTH_MAX { Vec::new() } else { self.choose(filed) };
        let start = self.next_entry();
        let mut shelves: Vec<Shelf> = Vec::new();
        for (at, each) in (0..).zip(&mut *filed) {
            match choices.get(at as usize).copied().flatten() {
                None => self.add_entry(each, each.proven),
                Some(chosen) => self.shelve(at, each, chosen, &mut shelves),
            }
        }
        let loose = Range { start, end: self.next_entry() };
        shelves.sort_by_key(|shelf| shelf.axis);
        let made: Vec<Dimension> =
            shelves.into_iter().filter_map(|shelf| self.dimension(shelf, filed, depth)).collect();
        let start = count(self.index.dimensions.len());
        self.index.dimensions.extend(made);
        let dimensions = Range { start, end: count(self.index.dimensions.len()) };
        self.index.divisions.push(Division { gates, loose, dimensions });
        count(self.index.divisions.len()) - 1
    }

    /// Puts a rule at the places of the guard that it is to be filed by.
    fn shelve(&self, at: u32, filed: &mut Filed, chosen: u8, shelves: &mut Vec<Shelf>) {
        let Some(of_rule) = self.guards.of_rule(filed.rule).get(usize::from(chosen)) else { return };
        let Some(handle) = self.handles.get(of_rule.guard) else { return };
        filed.before = filed.proven;
        filed.proven |= if handle.exact { of_rule.conjuncts } else { 0 };
        filed.copies = filed.copies.saturating_mul(handle.count());
        filed.used |= 1_u64.checked_shl(chosen.into()).unwrap_or(0);
        for place in handle.places(&self.guards.places) {
            match shelves.iter_mut().find(|shelf| shelf.axis == place.axis) {
                Some(shelf) => shelf.add(at, place.key),
                None => shelves.push(Shelf { axis: place.axis, members: vec![at], keyed: vec![keyed(place.key, 0)] }),
            }
        }
    }

    fn lookup(&self, axis: u32) -> Option<u32> {
        self.lookups.of_axis.get(axis as usize).copied().flatten()
    }

    fn axis(&self, axis: u32) -> Option<Axis> {
        self.guards.axes.get(axis as usize).copied()
    }

    /// The guards that a rule could be filed by, with their positions. The first [`USABLE_MAX`] are looked at.
    #[inline]
    fn usable(&self, filed: &Filed) -> impl Iterator<Item = (u8, OfRule, &Handle)> {
        let Filed { copies, used, proven, .. } = *filed;
        (0..USABLE_MAX).zip(self.guards.of_rule(filed.rule)).filter_map(move |(at, of_rule)| {
            let is_proven = of_rule.conjuncts != 0 && of_rule.conjuncts & !proven == 0;
            if is_proven || used >> at & 1 == 1 {
                return None;
            }
            let handle = self.handles.get(of_rule.guard)?;
            let fits = used == 0 || copies.saturating_mul(handle.count()) <= COPIES_MAX;
            fits.then_some((at, *of_rule, handle))
        })
    }

    fn dimension(&mut self, mut shelf: Shelf, filed: &[Filed], depth: u32) -> Option<Dimension> {
        let lookup = self.lookup(shelf.axis)?;
        shelf.sort();
        let start = self.next_entry();
        for member in shelf.members.iter().filter_map(|at| filed.get(*at as usize)) {
            self.add_entry(member, member.before);
        }
        let all = Range { start, end: self.next_entry() };
        let by = if self.guards.is_interval(shelf.axis) {
            let (intervals, first) = self.intervals(&shelf, filed, start);
            By::Intervals { lookup, intervals, first }
        } else {
            By::Keys { lookup, table: self.table(&shelf, filed, start, depth) }
        };
        Some(Dimension { by, all })
    }

    /// The intervals of a shelf, and where the entries of the first are; `all` is where those of its members are.
    fn intervals(&mut self, shelf: &Shelf, filed: &[Filed], all: u32) -> (Intervals, u32) {
        let first = self.next_entry();
        let mut held = Vec::new();
        for (key, run) in shelf.runs() {
            let bounds = self.guards.intervals.get(key as usize).copied().unwrap_or_default();
            // One that ends before it starts holds nothing.
            if bounds.0 <= bounds.1 {
                held.push((bounds, count(run.len())));
                run.iter().for_each(|keyed| self.repeat_entry(shelf, *keyed, filed, all));
            }
        }
        (Intervals::build(held.into_iter()), first)
    }

    /// The table of a shelf; `all` is where the entries of its members are.
    fn table(&mut self, shelf: &Shelf, filed: &[Filed], all: u32, depth: u32) -> Table {
        let (mut buckets, mut crowd) = (Vec::new(), Vec::<Filed>::new());
        for (key, run) in shelf.runs() {
            let bucket = if run.len() <= LEAF_MAX {
                let start = self.next_entry();
                run.iter().for_each(|keyed| self.repeat_entry(shelf, *keyed, filed, all));
                Bucket::Entries(Range { start, end: self.next_entry() })
            } else {
                crowd.clear();
                crowd.extend(run.iter().filter_map(|keyed| shelf.member(*keyed, filed)).copied());
                Bucket::Division(self.divide(&mut crowd, depth + 1))
            };
            buckets.push((key, bucket));
        }
        self.index.tables.add(&buckets)
    }

    /// Where the next entry will be.
    fn next_entry(&self) -> u32 {
        count(self.index.entries.len())
    }

    fn add_entry(&mut self, filed: &Filed, proven: u16) {
        let entry = self.entry(filed, proven);
        self.index.entries.push(entry);
    }

    /// Adds the entry of a member as it is where it is known to pass the guard that it was filed by.
    fn repeat_entry(&mut self, shelf: &Shelf, keyed: Keyed, filed: &[Filed], all: u32) {
        let entry = self.index.entries.get(all as usize + position_of(keyed)).copied();
        if let (Some(entry), Some(member)) = (entry, shelf.member(keyed, filed)) {
            self.index.entries.push(Entry { proven: member.proven, ..entry });
        }
    }

    /// The entry of a rule, with the test of another slot if there is one: most rules that come up need not be looked into.
    fn entry(&self, filed: &Filed, proven: u16) -> Entry {
        let mut further = self.usable(filed).filter_map(|(_, of_rule, handle)| {
            let lookup = if handle.is_single { self.lookup(handle.axis)? } else { return None };
            let also = if handle.exact { of_rule.conjuncts } else { 0 };
            Some(Entry { rule: filed.rule, proven, also, lookup, key: handle.key })
        });
        further.next().unwrap_or(Entry { rule: filed.rule, proven, also: 0, lookup: Entry::NONE, key: 0 })
    }
}
