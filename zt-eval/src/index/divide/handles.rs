//! What filing asks of a guard, at hand: rules share guards, and each is looked at several times in each division.

use super::super::guard::{Family, Guard, Guards, Place};
use super::super::{Index, Range};

/// No axis has this number.
pub(super) const NO_AXIS: u32 = u32::MAX;

/// A guard that rules can be filed by.
#[derive(Clone, Copy)]
pub(super) struct Handle {
    /// Where its places stand; nowhere if it has lost them.
    pub range: Range,
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
        self.range.end - self.range.start
    }

    /// Its place, if it has one.
    #[inline]
    pub fn only_place(&self) -> Option<Place> {
        (self.count() == 1).then_some(Place { axis: self.axis, key: self.key })
    }

    /// Its places among all.
    pub fn places<'p>(&self, all: &'p [Place]) -> &'p [Place] {
        self.range.of(all)
    }
}

/// All guards, by number.
pub(super) struct Handles(Vec<Handle>);

impl Handles {
    /// The guards whose keys, by axis, have these numbers in the index.
    pub fn of(guards: &Guards<'_>, keys: &[u32], index: &Index) -> Self {
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
                range: guard.places,
                key,
                axis,
                exact: guard.exact && places.iter().all(is_exact),
                is_single: places.len() == 1 && !guards.is_interval(axis),
            }
        };
        Self(guards.guards.iter().map(handle).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A guard that has places.
    #[inline]
    pub fn get(&self, guard: u32) -> Option<&Handle> {
        self.0.get(guard as usize).filter(|handle| handle.range.start < handle.range.end)
    }
}
