//! What filing asks of a guard, at hand: rules have few guards, but each is looked at several times in each division.
//!
//! Places are numbered through, so that what is counted of them stands in one array. All intervals of a slot share a number,
//! since which of them a rule has tells nothing of how many rules stand beside it.

use super::super::guard::{Family, Guard, Guards, Place};
use super::super::{Index, Range, count};

/// No axis has this number.
pub(super) const NO_AXIS: u32 = u32::MAX;

/// A guard that rules can be filed by.
#[derive(Clone, Copy)]
pub(super) struct Handle {
    /// Its places; none if it has lost them.
    places: Range,
    /// The number of the first.
    first: u32,
    /// The key of the first.
    pub key: u32,
    /// The axis that all its places are on; [`NO_AXIS`] if there are several.
    pub axis: u32,
    /// Whether what is found at one of its places is known to pass it.
    pub exact: bool,
    /// Whether it has one place, and that is a key, so that an entry can name it.
    pub is_single: bool,
}

impl Handle {
    /// How many places it has.
    #[inline]
    pub fn count(&self) -> u32 {
        self.places.end - self.places.start
    }

    /// Its places among all.
    pub fn places<'p>(&self, all: &'p [Place]) -> &'p [Place] {
        self.places.of(all)
    }
}

/// All guards, by number.
pub(super) struct Handles {
    all: Vec<Handle>,
    /// By place: its number.
    pub numbers: Vec<u32>,
    /// How many numbers there are.
    pub count: u32,
}

impl Handles {
    /// The guards whose keys, by axis, have these numbers in the index.
    pub fn of(guards: &Guards<'_>, keys: &[u32], index: &Index) -> Self {
        let (numbers, count) = number(guards);
        let is_exact = |place: &Place| match guards.axes.get(place.axis as usize).map(|axis| axis.family) {
            Some(Family::Keys) => {
                let keys = keys.get(place.axis as usize).and_then(|keys| index.keys(*keys));
                keys.is_some_and(|keys| keys.is_exact(place.key))
            }
            family => family.is_some(),
        };
        let handle = |guard: &Guard| {
            let places = guards.places(*guard);
            let (axis, key) = places.first().map_or((NO_AXIS, 0), |place| (place.axis, place.key));
            let axis = if places.iter().all(|place| place.axis == axis) { axis } else { NO_AXIS };
            Handle {
                places: guard.range(),
                first: guard.range().of(&numbers).first().copied().unwrap_or_default(),
                key,
                axis,
                exact: guard.exact && places.iter().all(is_exact),
                is_single: places.len() == 1 && !guards.is_interval(axis),
            }
        };
        let all = guards.guards.iter().map(handle).collect();
        Self { all, numbers, count }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// A guard that has places.
    #[inline]
    pub fn get(&self, guard: u32) -> Option<&Handle> {
        self.all.get(guard as usize).filter(|handle| handle.places.start < handle.places.end)
    }

    /// The numbers of a guard's places. Most have one, which is at hand.
    #[inline]
    pub fn numbers_of<'h>(&'h self, handle: &'h Handle) -> &'h [u32] {
        if handle.count() == 1 { std::slice::from_ref(&handle.first) } else { handle.places.of(&self.numbers) }
    }
}

/// Numbers places, equal ones alike; how many numbers there are.
fn number(guards: &Guards<'_>) -> (Vec<u32>, u32) {
    let at = |place: u32| guards.places.get(place as usize).copied();
    let mut by_axis: Vec<u32> = (0..count(guards.places.len())).collect();
    by_axis.sort_by_key(|place| at(*place).map(|place| place.axis));
    let key = |place: &Place| if guards.is_interval(place.axis) { 0 } else { place.key as usize };
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
