//! Which guard of each rule is the one to file it by.
//!
//! Every rule offers its guards. How many rules could stand at a place is counted over the rules of the division, from
//! which follows what each offer is worth and which slot tells most rules apart.

use super::super::LEAF_MAX;
use super::super::guard::Guards;
use super::handles::{Handle, Handles};
use super::{Builder, Filed, SMALL};

/// How many rules of the division that is being made could be filed where: zero between divisions.
#[derive(Default)]
pub(super) struct Loads {
    /// By number of a place.
    by_place: Vec<u32>,
    on_axis: Vec<AxisLoad>,
    /// Axes of intervals, with the number that these share.
    intervals: Vec<(u32, u32)>,
}

/// What a slot would do for a division.
#[derive(Clone, Copy, Default)]
struct AxisLoad {
    /// Rules that it could file.
    rules: u64,
    /// The sum over them of how many others stand at the same places.
    crowd: u64,
    /// Rules that it is to file.
    chosen: u64,
}

/// The guards by which the rules of a division could be filed, one rule after the other.
#[derive(Default)]
pub(super) struct Offers {
    all: Vec<Offer>,
    /// By rule: how many it has.
    counts: Vec<u8>,
}

/// A guard by which a rule could be filed.
#[derive(Clone, Copy)]
struct Offer {
    /// How many rules could stand where it would file the rule.
    crowd: u64,
    guard: u32,
    /// Its position among the rule's.
    at: u8,
}

impl Loads {
    pub fn new(guards: &Guards<'_>, handles: &Handles) -> Self {
        let intervals = guards.places.iter().zip(&handles.numbers).filter(|(place, _)| guards.is_interval(place.axis));
        let mut intervals: Vec<(u32, u32)> = intervals.map(|(place, number)| (place.axis, *number)).collect();
        intervals.sort_unstable();
        intervals.dedup();
        Self {
            by_place: vec![0; handles.count as usize],
            on_axis: vec![AxisLoad::default(); guards.axes.len()],
            intervals,
        }
    }

    #[inline]
    fn at(&mut self, place: u32) -> Option<&mut u32> {
        self.by_place.get_mut(place as usize)
    }

    #[inline]
    fn on_axis(&mut self, handle: &Handle) -> Option<&mut AxisLoad> {
        self.on_axis.get_mut(handle.axis as usize)
    }

    /// Of intervals, half are expected to hold a value.
    fn halve_intervals(&mut self) {
        for (axis, place) in &self.intervals {
            let rules = self.on_axis.get(*axis as usize).map_or(0, |load| load.rules);
            if let Some(load) = self.by_place.get_mut(*place as usize) {
                *load = super::count(usize::try_from(rules / 2 + 1).unwrap_or(usize::MAX));
            }
        }
    }

    /// The slot that tells most of so many rules apart.
    fn primary(&self, rules: usize) -> Option<u32> {
        let gain = |load: &AxisLoad| (load.rules * rules as u64).saturating_sub(load.crowd);
        let gains = (0_u32..).zip(&self.on_axis).map(|(axis, load)| (gain(load), std::cmp::Reverse(axis)));
        gains.max().filter(|(gain, _)| *gain > 0).map(|(_, axis)| axis.0)
    }
}

impl Builder<'_, '_> {
    /// By rule: the position of the guard that it is to be filed by.
    pub fn choose(&mut self, filed: &[Filed]) -> Vec<Option<u8>> {
        let (mut loads, mut offers) = (std::mem::take(&mut self.loads), std::mem::take(&mut self.offers));
        self.gather(filed, &mut offers, &mut loads);
        self.weigh(&mut offers.all, &mut loads);
        let primary = loads.primary(filed.len());
        let mut choices = Vec::with_capacity(filed.len());
        let mut rest = &*offers.all;
        for count in &offers.counts {
            let (of_rule, others) = rest.split_at_checked(usize::from(*count)).unwrap_or_default();
            rest = others;
            let chosen = self.choice(of_rule, primary, filed.len());
            let handle = chosen.and_then(|offer| self.handles.get(offer.guard));
            handle.and_then(|handle| loads.on_axis(handle)).into_iter().for_each(|load| load.chosen += 1);
            choices.push(chosen.map(|offer| offer.at));
        }
        self.drop_small(filed, &mut choices, &loads);
        self.forget(&offers.all, &mut loads);
        (self.loads, self.offers) = (loads, offers);
        choices
    }

    /// Counts how many rules could be filed where.
    fn gather(&self, filed: &[Filed], offers: &mut Offers, loads: &mut Loads) {
        offers.all.clear();
        offers.counts.clear();
        for each in filed {
            let mut count = 0;
            for (at, of_rule, handle) in self.usable(each) {
                offers.all.push(Offer { crowd: 0, guard: of_rule.guard, at });
                count += 1;
                loads.on_axis(handle).into_iter().for_each(|load| load.rules += 1);
                for place in self.handles.numbers_of(handle) {
                    loads.at(*place).into_iter().for_each(|load| *load += 1);
                }
            }
            offers.counts.push(count);
        }
    }

    /// What each offer is worth.
    fn weigh(&self, offers: &mut [Offer], loads: &mut Loads) {
        loads.halve_intervals();
        for offer in offers {
            let Some(handle) = self.handles.get(offer.guard) else { continue };
            let loaded = self.handles.numbers_of(handle).iter().filter_map(|place| loads.by_place.get(*place as usize));
            offer.crowd = loaded.copied().map(u64::from).sum();
            loads.on_axis(handle).into_iter().for_each(|load| load.crowd += offer.crowd);
        }
    }

    /// Makes the counts zero again.
    fn forget(&self, offers: &[Offer], loads: &mut Loads) {
        for handle in offers.iter().filter_map(|offer| self.handles.get(offer.guard)) {
            for place in self.handles.numbers_of(handle) {
                loads.at(*place).into_iter().for_each(|load| *load = 0);
            }
        }
        for (_, place) in &loads.intervals {
            loads.by_place.get_mut(*place as usize).into_iter().for_each(|load| *load = 0);
        }
        loads.on_axis.fill(AxisLoad::default());
    }

    /// Which of a rule's offers is taken.
    fn choice(&self, offers: &[Offer], primary: Option<u32>, rules: usize) -> Option<Offer> {
        let best = offers.iter().min_by_key(|offer| offer.crowd)?;
        let best_places = self.handles.get(best.guard).map_or(0, Handle::count);
        // One place at a time is hit: what is at all of them together may be more than there is.
        if best.crowd >= rules as u64 * u64::from(best_places) {
            return None;
        }
        let on = |axis| offers.iter().find(|offer| self.axis_of(offer) == Some(axis));
        let near = |offer: &&Offer| offer.crowd <= 4 * best.crowd + LEAF_MAX as u64;
        let chosen = primary.and_then(on).filter(near).unwrap_or(best);
        // Attributes are unknown of an entity of another type: a rule that is about one type is filed by that first.
        let type_axis = self.axis_of(chosen).and_then(|axis| self.type_axes.get(axis as usize).copied().flatten());
        Some(*type_axis.and_then(on).unwrap_or(chosen))
    }

    /// The axis that all places of an offer are on, or no axis's number.
    fn axis_of(&self, offer: &Offer) -> Option<u32> {
        self.handles.get(offer.guard).map(|handle| handle.axis)
    }

    /// Looking a slot up costs more than looking at a rule or two.
    fn drop_small(&self, filed: &[Filed], choices: &mut [Option<u8>], loads: &Loads) {
        let is_small = |axis: &AxisLoad| (1..SMALL as u64).contains(&axis.chosen);
        if !loads.on_axis.iter().any(is_small) {
            return;
        }
        for (each, choice) in filed.iter().zip(choices) {
            let of_rule = choice.and_then(|at| self.guards.of_rule(each.rule).get(usize::from(at)));
            let handle = of_rule.and_then(|of_rule| self.handles.get(of_rule.guard));
            if handle.and_then(|handle| loads.on_axis.get(handle.axis as usize)).is_some_and(is_small) {
                *choice = None;
            }
        }
    }
}
