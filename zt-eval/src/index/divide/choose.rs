//! Which guard of each rule is the one to file it by.
//!
//! Every rule offers its guards. How many rules could stand at a place is counted over the rules of the division, from
//! which follows what each offer is worth and which slot tells most rules apart.

use super::super::guard::{Axis, Family, Guard, Place};
use super::super::{LEAF_MAX, Range, count};
use super::{Builder, Filed, SMALL};
use crate::graph::Node;

/// What a slot would do for a division.
#[derive(Clone, Copy, Default)]
pub(super) struct AxisLoad {
    /// Rules that it could file.
    rules: u64,
    /// The sum over them of how many others stand at the same places.
    crowd: u64,
    /// Rules that it is to file.
    chosen: u64,
}

/// A guard by which a rule could be filed.
#[derive(Clone, Copy)]
pub(super) struct Offer {
    /// Its position among the rule's.
    pub at: usize,
    pub guard: Guard,
    first: Place,
    /// The slot that all its places are on; [`NO_AXIS`] if there are several.
    axis: u32,
    /// How many rules could stand where it would file the rule.
    crowd: u64,
}

/// No axis has this number.
const NO_AXIS: u32 = u32::MAX;

/// The offers for the rules of a division, one rule after the other.
#[derive(Default)]
pub(super) struct Offers {
    all: Vec<Offer>,
    /// By rule, and one more: where its offers start.
    starts: Vec<u32>,
}

impl Offers {
    fn refill(&mut self, rules: impl Iterator<Item = impl Iterator<Item = Offer>>) {
        self.all.clear();
        self.starts.clear();
        for offers in rules {
            self.starts.push(count(self.all.len()));
            self.all.extend(offers);
        }
        self.starts.push(count(self.all.len()));
    }

    fn of(&self, rule: usize) -> &[Offer] {
        let start = self.starts.get(rule).copied().unwrap_or_default();
        let end = self.starts.get(rule + 1).copied().unwrap_or_default();
        Range { start, end }.of(&self.all)
    }
}

impl Builder<'_, '_> {
    /// By rule: the guard that it is to be filed by.
    pub fn choose(&mut self, filed: &[Filed]) -> Vec<Option<Offer>> {
        let mut offers = std::mem::take(&mut self.offers);
        offers.refill(filed.iter().map(|each| self.usable(*each).map(|(at, _, guard)| self.offer(at, guard))));
        self.weigh(&mut offers.all);
        let primary = self.primary(filed.len());
        let mut choices: Vec<Option<Offer>> =
            (0..filed.len()).map(|at| self.choice(offers.of(at), primary, filed.len())).collect();
        self.drop_small(&mut choices);
        self.forget(&offers.all);
        self.offers = offers;
        choices
    }

    fn offer(&self, at: usize, guard: Guard) -> Offer {
        let places = self.guards.places(guard);
        let Some((first, rest)) = places.split_first() else {
            return Offer { at, guard, first: Place { axis: NO_AXIS, key: 0 }, axis: NO_AXIS, crowd: 0 };
        };
        let is_single = rest.iter().all(|place| place.axis == first.axis);
        Offer { at, guard, first: *first, axis: if is_single { first.axis } else { NO_AXIS }, crowd: 0 }
    }

    /// Counts how many rules could be filed where, and so what each offer is worth.
    fn weigh(&mut self, offers: &mut [Offer]) {
        let (mut loads, mut on_axis) = (std::mem::take(&mut self.loads), std::mem::take(&mut self.on_axis));
        for offer in &*offers {
            for place in self.places(offer) {
                if let Some(load) = load_at(&mut loads, *place) {
                    *load += 1;
                }
            }
            if let Some(load) = on_axis.get_mut(offer.axis as usize) {
                load.rules += 1;
            }
        }
        for offer in offers {
            offer.crowd = self.places(offer).iter().map(|place| self.crowd(*place, &mut loads, &on_axis)).sum();
            if let Some(load) = on_axis.get_mut(offer.axis as usize) {
                load.crowd += offer.crowd;
            }
        }
        (self.loads, self.on_axis) = (loads, on_axis);
    }

    /// Makes the counts zero again.
    fn forget(&mut self, offers: &[Offer]) {
        let mut loads = std::mem::take(&mut self.loads);
        for offer in offers {
            for place in self.places(offer) {
                if let Some(load) = load_at(&mut loads, *place) {
                    *load = 0;
                }
            }
            if let Some(load) = self.on_axis.get_mut(offer.axis as usize) {
                *load = AxisLoad::default();
            }
        }
        self.loads = loads;
    }

    /// Most have one place, which is at hand.
    pub fn places<'o>(&'o self, offer: &'o Offer) -> &'o [Place] {
        if offer.guard.places() == 1 { std::slice::from_ref(&offer.first) } else { self.guards.places(offer.guard) }
    }

    /// How many rules stand at a place.
    fn crowd(&self, place: Place, loads: &mut [Vec<u32>], on_axis: &[AxisLoad]) -> u64 {
        match on_axis.get(place.axis as usize) {
            // Of intervals, half are expected to hold a value.
            Some(on_axis) if self.is_interval(place.axis) => on_axis.rules / 2 + 1,
            _ => load_at(loads, place).map_or(0, |load| u64::from(*load)),
        }
    }

    /// The slot that tells most rules apart.
    fn primary(&self, rules: usize) -> Option<u32> {
        let gain = |load: &AxisLoad| (load.rules * rules as u64).saturating_sub(load.crowd);
        let gains = (0_u32..).zip(&self.on_axis).map(|(axis, load)| (gain(load), std::cmp::Reverse(axis)));
        gains.max().filter(|(gain, _)| *gain > 0).map(|(_, axis)| axis.0)
    }

    fn choice(&self, offers: &[Offer], primary: Option<u32>, rules: usize) -> Option<Offer> {
        let best = offers.iter().min_by_key(|offer| offer.crowd)?;
        // One place at a time is hit: what is at all of them together may be more than there is.
        if best.crowd >= rules as u64 * u64::from(best.guard.places()) {
            return None;
        }
        let on_primary = primary.and_then(|primary| offers.iter().find(|offer| offer.axis == primary));
        let chosen = match on_primary {
            Some(offer) if offer.crowd <= 4 * best.crowd + LEAF_MAX as u64 => offer,
            _ => best,
        };
        Some(*self.type_first(chosen, offers).unwrap_or(chosen))
    }

    /// Attributes are unknown of an entity of another type: a rule that is about one type is filed by that first.
    fn type_first<'o>(&self, chosen: &Offer, offers: &'o [Offer]) -> Option<&'o Offer> {
        let slot = self.axis(chosen.axis)?.slot;
        let Some(Node::Attribute { of, .. }) = self.policy.node(slot) else { return None };
        let is_type = |axis: Axis| axis.family == Family::Type && axis.slot == *of;
        offers.iter().find(|offer| self.axis(offer.axis).is_some_and(is_type))
    }

    /// Looking a slot up costs more than looking at a rule or two.
    fn drop_small(&mut self, choices: &mut [Option<Offer>]) {
        for axis in choices.iter().flatten().map(|offer| offer.axis) {
            if let Some(load) = self.on_axis.get_mut(axis as usize) {
                load.chosen += 1;
            }
        }
        for choice in choices {
            let on_axis = choice.and_then(|offer| self.on_axis.get(offer.axis as usize));
            if on_axis.is_some_and(|load| load.chosen < SMALL as u64) {
                *choice = None;
            }
        }
    }
}

/// How many rules stand at a place; none are counted on intervals.
fn load_at(loads: &mut [Vec<u32>], place: Place) -> Option<&mut u32> {
    loads.get_mut(place.axis as usize)?.get_mut(place.key as usize)
}
