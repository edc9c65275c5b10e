//! Which guard of each rule is the one to file it by.
//!
//! Every rule offers its guards. How many rules could stand at a place is counted over the rules of the division, from
//! which follows what each offer is worth and which slot tells most rules apart.

use super::super::guard::Guards;
use super::super::plan::LOOSE;
use super::super::{LEAF_MAX, Misfiled, Plan, Range, count};
use super::filing::Filing;
use super::handles::{Handle, NO_AXIS};
use super::{Builder, Filed, SMALL};
use crate::id::RuleId;

/// What is needed for choosing.
#[derive(Default)]
pub(super) struct Chooser {
    /// By place: its number. Numbers run through, so that what is counted of places stands in one array. All intervals of a
    /// slot share a number, since which of them a rule has tells nothing of how many rules stand beside it.
    numbers: Vec<u32>,
    /// By axis of an attribute: the axis of the type of the entity that has it, if rules ask for that.
    type_axes: Vec<Option<u32>>,
    loads: Loads,
    offers: Offers,
    /// What choices are drawn from that need not be good ones, for tests of plans.
    seed: Option<u64>,
    /// By division: what was chosen for its rules, in the order in which these are filed.
    chosen: Vec<Vec<u8>>,
    order: Vec<RuleId>,
}

impl Chooser {
    pub fn new(guards: &Guards<'_>, seed: Option<u64>) -> Self {
        let (numbers, count) = number(guards);
        let loads = Loads::new(guards, &numbers, count);
        let type_axes = guards.axes.iter().map(|axis| guards.type_axis(*axis)).collect();
        Self { numbers, type_axes, loads, offers: Offers::default(), seed, chosen: Vec::new(), order: Vec::new() }
    }

    /// Adds the rules of a tree in the order in which they are filed.
    pub fn add_order(&mut self, rules: impl Iterator<Item = RuleId>) {
        self.order.extend(rules);
    }

    /// What was chosen.
    pub fn into_plan(self) -> Plan {
        let mut plan = Plan { order: self.order, ..Plan::default() };
        self.chosen.into_iter().flatten().for_each(|by| plan.push(by));
        plan
    }

    /// The numbers of a guard's places.
    #[inline]
    fn numbers_of(&self, handle: &Handle) -> &[u32] {
        handle.range.of(&self.numbers)
    }
}

/// Numbers places, equal ones alike; how many numbers there are.
fn number(guards: &Guards<'_>) -> (Vec<u32>, u32) {
    let at = |place: u32| guards.places.get(place as usize).copied();
    let mut by_axis: Vec<u32> = (0..count(guards.places.len())).collect();
    by_axis.sort_by_key(|place| at(*place).map(|place| place.axis));
    let key = |place: &super::super::guard::Place| if guards.is_interval(place.axis) { 0 } else { place.key as usize };
    let keys = guards.places.iter().map(key).max().map_or(0, |last| last + 1);
    // By key: the axis on which it was last seen, and its number there. An array for each axis could be far more than there is.
    let mut known = vec![(NO_AXIS, 0); keys];
    let (mut numbers, mut next) = (vec![0; guards.places.len()], 0);
    for (place, of) in by_axis.into_iter().filter_map(|place| Some((place, at(place)?))) {
        let Some(known) = known.get_mut(key(&of)) else { continue };
        if known.0 != of.axis {
            *known = (of.axis, next);
            next += 1;
        }
        numbers.get_mut(place as usize).into_iter().for_each(|number| *number = known.1);
    }
    (numbers, next)
}

/// How many rules of the division that is being made could be filed where: zero between divisions.
#[derive(Default)]
struct Loads {
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
struct Offers {
    all: Vec<Offer>,
    /// By rule: how many it has.
    counts: Vec<u8>,
}

impl Offers {
    /// Those of the rule at a position, which start at `start`; the next start is behind them.
    fn of_rule(&self, rule: usize, start: &mut usize) -> &[Offer] {
        let from = *start;
        *start += self.counts.get(rule).copied().map_or(0, usize::from);
        self.all.get(from..*start).unwrap_or_default()
    }
}

/// A guard by which a rule could be filed.
#[derive(Clone, Copy)]
struct Offer {
    guard: u32,
    /// Its position among the rule's.
    at: u8,
}

impl Loads {
    fn new(guards: &Guards<'_>, numbers: &[u32], count: u32) -> Self {
        let intervals = guards.places.iter().zip(numbers).filter(|(place, _)| guards.is_interval(place.axis));
        let mut intervals: Vec<(u32, u32)> = intervals.map(|(place, number)| (place.axis, *number)).collect();
        intervals.sort_unstable();
        intervals.dedup();
        Self {
            by_place: vec![Load::default(); count as usize],
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

impl<'p> Builder<'_, 'p> {
    /// Chooses for each rule of a division, and files it so, as [`Builder::divided`] does. Rules ascend; where they are to be ordered, they then
    /// stand as they are filed.
    pub fn choose_divided(
        &mut self,
        filed: &mut [Filed<'p>],
        depth: u32,
        is_ordered: bool,
    ) -> Result<(Range, Range), Misfiled> {
        let choices = self.choices(filed, depth);
        let by_rule: Vec<RuleId> = filed.iter().map(|each| each.rule).collect();
        let number = self.chooser.as_mut().map_or(0, |chooser| {
            chooser.chosen.push(choices.clone());
            chooser.chosen.len() - 1
        });
        let start = self.next_entry();
        let mut filing = Filing::new(false);
        for ((at, each), by) in (0..).zip(&mut *filed).zip(&choices) {
            match *by {
                LOOSE => self.add_entry(each, each.proven),
                by => self.put(at, each, by, depth, &mut filing).ok_or(Misfiled::Rule(each.rule))?,
            }
        }
        let loose = Range { start, end: self.next_entry() };
        let mut sorted = filing.sort(filed).unwrap_or_default();
        let is_ordered_within = is_ordered && !filing.is_repeated;
        let made = self.make_dimensions(&filing, &mut sorted, depth, is_ordered_within)?;
        if is_ordered_within {
            let always = filed.iter().zip(&choices).filter(|(_, by)| **by == LOOSE).map(|(each, _)| *each);
            let all: Vec<Filed<'p>> = always.chain(sorted).collect();
            filed.iter_mut().zip(all).for_each(|(place, each)| *place = each);
            let choice = |each: &Filed<'_>| choices.get(by_rule.binary_search(&each.rule).ok()?).copied();
            let chosen = filed.iter().filter_map(choice).collect();
            if let Some(place) = self.chooser.as_mut().and_then(|chooser| chooser.chosen.get_mut(number)) {
                *place = chosen;
            }
        }
        Ok((loose, made))
    }

    /// What is chosen for each rule of a division.
    fn choices(&mut self, filed: &[Filed<'_>], depth: u32) -> Vec<u8> {
        let Some(mut chooser) = self.chooser.take() else { return Vec::new() };
        let choices = match chooser.seed {
            None => self.choose(filed, depth, &mut chooser),
            Some(seed) => filed.iter().map(|each| self.choose_any(each, depth, seed)).collect(),
        };
        self.chooser = Some(chooser);
        choices.into_iter().map(|choice| choice.unwrap_or(LOOSE)).collect()
    }

    /// Any conjunct that a rule can be filed by, or none.
    fn choose_any(&self, filed: &Filed<'_>, depth: u32, seed: u64) -> Option<u8> {
        let of_rule = self.guards.of_rule(filed.rule, filed.conjuncts, filed.open);
        let usable = of_rule.filter(|of_rule| self.usable(filed, *of_rule, depth).is_some());
        let mixed = (seed ^ filed.rule.index() as u64 ^ u64::from(depth) << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let drawn = usable.max_by_key(|of_rule| mixed.rotate_left(of_rule.at.into()) % 7);
        drawn.filter(|_| !mixed.is_multiple_of(5)).map(|of_rule| of_rule.at)
    }

    /// By rule: the conjunct that it is to be filed by.
    fn choose(&self, filed: &[Filed<'_>], depth: u32, chooser: &mut Chooser) -> Vec<Option<u8>> {
        self.gather(filed, depth, chooser);
        chooser.loads.halve_intervals();
        let primary = chooser.loads.primary(filed.len()).unwrap_or(NO_AXIS);
        let mut choices = Vec::with_capacity(filed.len());
        let mut start = 0;
        for at in 0..filed.len() {
            let offers = chooser.offers.of_rule(at, &mut start);
            let chosen = self.choice(offers, primary, filed.len(), chooser);
            if let Some((_, axis)) = chosen
                && let Some(load) = chooser.loads.on_axis.get_mut(axis as usize)
            {
                load.chosen += 1;
            }
            choices.push(chosen.map(|(at, _)| at));
        }
        self.drop_small(filed, &mut choices, &chooser.loads);
        self.forget(chooser);
        choices
    }

    /// Counts how many rules could be filed where.
    fn gather(&self, filed: &[Filed<'_>], depth: u32, chooser: &mut Chooser) {
        let Chooser { numbers, loads, offers, .. } = chooser;
        offers.all.clear();
        offers.counts.clear();
        for each in filed {
            let before = offers.all.len();
            for of_rule in self.guards.of_rule(each.rule, each.conjuncts, each.open) {
                let Some(handle) = self.usable(each, of_rule, depth) else { continue };
                offers.all.push(Offer { guard: of_rule.guard, at: of_rule.at });
                if let Some(load) = loads.on_axis(handle) {
                    load.rules += 1;
                    handle.range.of(numbers).iter().for_each(|place| loads.add(handle.axis, *place, 1));
                } else {
                    let places = handle.places(&self.guards.places).iter().zip(handle.range.of(numbers));
                    places.for_each(|(place, number)| loads.add(place.axis, *number, 0));
                }
            }
            offers.counts.push(u8::try_from(offers.all.len() - before).unwrap_or(u8::MAX));
        }
    }

    /// Makes the counts zero again.
    fn forget(&self, chooser: &mut Chooser) {
        let Chooser { numbers, loads, offers, .. } = chooser;
        loads.on_axis.fill(AxisLoad::default());
        // Going through what was counted takes as long as this many places.
        if offers.all.len() * 8 > loads.by_place.len() {
            return loads.by_place.fill(Load::default());
        }
        let handles = offers.all.iter().filter_map(|offer| self.handles.get(offer.guard));
        let counted = handles.flat_map(|handle| handle.range.of(numbers));
        for place in counted.chain(loads.intervals.iter().map(|(_, place)| place)) {
            loads.by_place.get_mut(*place as usize).into_iter().for_each(|load| *load = Load::default());
        }
    }

    /// Which of a rule's offers is taken, and on which axis all of its places are.
    fn choice(&self, offers: &[Offer], primary: u32, rules: usize, chooser: &Chooser) -> Option<(u8, u32)> {
        let mut best: Option<(u64, u8, &Handle)> = None;
        let mut on_primary: Option<(u64, u8)> = None;
        for offer in offers {
            let Some(handle) = self.handles.get(offer.guard) else { continue };
            let crowd = chooser.loads.crowd(chooser.numbers_of(handle));
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
        Some(self.type_first(chosen.1, offers, chooser).unwrap_or(chosen))
    }

    /// Attributes are unknown of an entity of another type: a rule that is about one type is filed by that first.
    fn type_first(&self, axis: u32, offers: &[Offer], chooser: &Chooser) -> Option<(u8, u32)> {
        let of_type = chooser.type_axes.get(axis as usize).copied().flatten()?;
        let is_it = |offer: &&Offer| self.handles.get(offer.guard).is_some_and(|handle| handle.axis == of_type);
        offers.iter().find(is_it).map(|offer| (offer.at, of_type))
    }

    /// Looking a slot up costs more than looking at a rule or two.
    fn drop_small(&self, filed: &[Filed<'_>], choices: &mut [Option<u8>], loads: &Loads) {
        let is_small = |axis: &AxisLoad| (1..SMALL as u64).contains(&axis.chosen);
        if !loads.on_axis.iter().any(is_small) {
            return;
        }
        for (each, choice) in filed.iter().zip(choices) {
            let of_rule = choice.and_then(|at| self.guards.at(each.rule, each.conjuncts, at));
            let handle = of_rule.and_then(|of_rule| self.handles.get(of_rule.guard));
            if handle.and_then(|handle| loads.on_axis.get(handle.axis as usize)).is_some_and(is_small) {
                *choice = None;
            }
        }
    }
}
