//! Which guard of each rule is the one to file it by.
//!
//! Every rule offers its guards. How many rules could stand at a place is counted over the rules of the division, from
//! which follows what each offer is worth and which slot tells most rules apart.

use super::super::LEAF_MAX;
use super::super::guard::Guards;
use super::handles::{Handle, Handles, NO_AXIS};
use super::{Builder, Filed, SMALL};

/// How many rules of the division that is being made could be filed where: zero between divisions.
#[derive(Default)]
pub(super) struct Loads {
    /// By number of a place.
    by_place: Vec<Load>,
    on_axis: Vec<AxisLoad>,
    /// Axes of intervals, with the number that these share.
    intervals: Vec<(u32, u32)>,
}

/// What could stand at a place.
#[derive(Clone, Copy, Default)]
struct Load {
    /// Rules, once for each time that the place is one of theirs.
    rules: u32,
    /// Those of them whose guard has all of its places on this axis.
    of_axis: u32,
}

/// What a slot would do for a division.
#[derive(Clone, Copy, Default)]
struct AxisLoad {
    /// Rules that it could file.
    rules: u64,
    /// The sum over their places of how many rules stand there.
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
            by_place: vec![Load::default(); handles.count as usize],
            on_axis: vec![AxisLoad::default(); guards.axes.len()],
            intervals,
        }
    }

    #[inline]
    fn on_axis(&mut self, handle: &Handle) -> Option<&mut AxisLoad> {
        self.on_axis.get_mut(handle.axis as usize)
    }

    /// Counts a rule at a place of an axis. Where one more stands, each of the others has one more beside it.
    #[inline]
    fn add(&mut self, axis: u32, place: u32, of_axis: u32) {
        let (axis, load) = (self.on_axis.get_mut(axis as usize), self.by_place.get_mut(place as usize));
        if let (Some(axis), Some(load)) = (axis, load) {
            load.rules += 1;
            axis.crowd += u64::from(load.of_axis) + u64::from(load.rules * of_axis);
            load.of_axis += of_axis;
        }
    }

    /// Of intervals, half are expected to hold a value.
    fn halve_intervals(&mut self) {
        for (axis, place) in &self.intervals {
            let axis = self.on_axis.get_mut(*axis as usize);
            if let (Some(axis), Some(load)) = (axis, self.by_place.get_mut(*place as usize)) {
                load.rules = super::count(usize::try_from(axis.rules / 2 + 1).unwrap_or(usize::MAX));
                axis.crowd = u64::from(load.of_axis) * u64::from(load.rules);
            }
        }
    }

    /// How many rules stand at these places.
    #[inline]
    fn crowd(&self, places: &[u32]) -> u64 {
        places.iter().filter_map(|place| self.by_place.get(*place as usize)).map(|load| u64::from(load.rules)).sum()
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
        loads.halve_intervals();
        let primary = loads.primary(filed.len()).unwrap_or(NO_AXIS);
        let mut choices = Vec::with_capacity(filed.len());
        let mut rest = &*offers.all;
        for count in &offers.counts {
            let (of_rule, others) = rest.split_at_checked(usize::from(*count)).unwrap_or_default();
            rest = others;
            let chosen = self.choice(of_rule, primary, filed.len(), &loads);
            if let Some((_, axis)) = chosen
                && let Some(load) = loads.on_axis.get_mut(axis as usize)
            {
                load.chosen += 1;
            }
            choices.push(chosen.map(|(at, _)| at));
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
            let before = offers.all.len();
            for (at, of_rule, handle) in self.usable(each) {
                offers.all.push(Offer { guard: of_rule.guard, at });
                if let Some(load) = loads.on_axis(handle) {
                    load.rules += 1;
                    self.handles.numbers_of(handle).iter().for_each(|place| loads.add(handle.axis, *place, 1));
                } else {
                    let places = handle.places(&self.guards.places).iter().zip(self.handles.numbers_of(handle));
                    places.for_each(|(place, number)| loads.add(place.axis, *number, 0));
                }
            }
            offers.counts.push(u8::try_from(offers.all.len() - before).unwrap_or(u8::MAX));
        }
    }

    /// Makes the counts zero again.
    fn forget(&self, offers: &[Offer], loads: &mut Loads) {
        loads.on_axis.fill(AxisLoad::default());
        // Going through what was counted takes as long as this many places.
        if offers.len() * 8 > loads.by_place.len() {
            return loads.by_place.fill(Load::default());
        }
        let handles = offers.iter().filter_map(|offer| self.handles.get(offer.guard));
        let counted = handles.flat_map(|handle| self.handles.numbers_of(handle));
        for place in counted.chain(loads.intervals.iter().map(|(_, place)| place)) {
            loads.by_place.get_mut(*place as usize).into_iter().for_each(|load| *load = Load::default());
        }
    }

    /// Which of a rule's offers is taken, and on which axis all of its places are.
    fn choice(&self, offers: &[Offer], primary: u32, rules: usize, loads: &Loads) -> Option<(u8, u32)> {
        let mut best: Option<(u64, u8, &Handle)> = None;
        let mut on_primary: Option<(u64, u8)> = None;
        for offer in offers {
            let Some(handle) = self.handles.get(offer.guard) else { continue };
            let crowd = loads.crowd(self.handles.numbers_of(handle));
            if best.is_none_or(|(least, ..)| crowd < least) {
                best = Some((crowd, offer.at, handle));
            }
            if handle.axis == primary && on_primary.is_none() {
                on_primary = Some((crowd, offer.at));
            }
        }
        let (crowd, at, handle) = best?;
        // One place at a time is hit: what is at all of them together may be more than there is.
        if crowd >= rules as u64 * u64::from(handle.count()) {
            return None;
        }
        let near = on_primary.filter(|(beside, _)| primary != NO_AXIS && *beside <= 4 * crowd + LEAF_MAX as u64);
        let chosen = near.map_or((at, handle.axis), |(_, at)| (at, primary));
        Some(self.type_first(chosen.1, offers).unwrap_or(chosen))
    }

    /// Attributes are unknown of an entity of another type: a rule that is about one type is filed by that first.
    fn type_first(&self, axis: u32, offers: &[Offer]) -> Option<(u8, u32)> {
        let of_type = self.type_axes.get(axis as usize).copied().flatten()?;
        let is_it = |offer: &&Offer| self.handles.get(offer.guard).is_some_and(|handle| handle.axis == of_type);
        offers.iter().find(is_it).map(|offer| (offer.at, of_type))
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
