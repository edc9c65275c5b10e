//! Guards by patterns that are put together.
//!
//! Each automaton is a slot's lookup of its own: a decision runs it only if it comes upon a rule that it tests. There are at
//! most [`AUTOMATA_MAX`], since dividing rules looks at every lookup there is. A regular expression that was put together
//! with no other, and has no literal, is no guard after all.

use super::super::keys::{Merging, merge};
use super::{Family, Guard, Guards, Place, is_regex};

/// Automata of a policy, the largest of each slot first.
const AUTOMATA_MAX: usize = 256;

impl Guards<'_> {
    /// Moves patterns that are better tested together to automata.
    pub(super) fn merge_patterns(&mut self) {
        let mut moved: Vec<Vec<Option<Place>>> = Vec::new();
        let mut changes = false;
        for axis in 0..self.axes.len() {
            let places = self.merge_axis(axis);
            changes |= places.is_some();
            moved.push(places.unwrap_or_default());
        }
        if changes {
            self.move_places(&moved);
        }
    }

    /// By test of an axis: its new place; none for a test that has none. `None` when nothing changes.
    fn merge_axis(&mut self, axis: usize) -> Option<Vec<Option<Place>>> {
        let tests = self.tests.get(axis)?;
        let slot = self.axes.get(axis).filter(|axis| axis.family == Family::Keys)?.slot;
        let Merging { automata, unfiled } = merge(tests);
        if automata.is_empty() && unfiled.is_empty() {
            return None;
        }
        let tests = std::mem::take(self.tests.get_mut(axis)?);
        let mut places = vec![None; tests.len()];
        for of in automata.into_iter().take(AUTOMATA_MAX.saturating_sub(self.merged.len())) {
            let number = super::super::count(self.merged.len());
            let axis = self.axis(slot, Family::Merged(number));
            for (key, member) in (0..).zip(&of.members) {
                places.get_mut(*member as usize).into_iter().for_each(|place| *place = Some(Place { axis, key }));
            }
            let own = of.members.iter().filter_map(|member| tests.get(*member as usize).copied());
            self.tests.get_mut(axis as usize)?.extend(own);
            self.merged.push(of.keys);
        }
        let kept = self.tests.get_mut(axis)?;
        for ((at, place), test) in (0..).zip(&mut places).zip(&tests) {
            if place.is_none() && unfiled.binary_search(&at).is_err() {
                *place = Some(Place { axis: super::super::count(axis), key: super::super::count(kept.len()) });
                kept.push(*test);
            }
        }
        Some(places)
    }

    fn move_places(&mut self, moved: &[Vec<Option<Place>>]) {
        for guard in &mut self.guards {
            let range = guard.places.indices();
            let mut is_lost = false;
            for place in self.places.get_mut(range).unwrap_or_default() {
                match moved.get(place.axis as usize).and_then(|tests| tests.get(place.key as usize)) {
                    Some(Some(to)) => *place = *to,
                    Some(None) => is_lost = true,
                    None => {}
                }
            }
            if is_lost {
                guard.places.end = guard.places.start;
            }
        }
    }

    /// How good a guard is, the best least: one that may be lost is worse than any other.
    pub(super) fn rank(&self, guard: Guard) -> (bool, usize) {
        let places = self.places(guard);
        let may_be_lost = |place: &Place| {
            let tests = self.tests.get(place.axis as usize);
            tests.and_then(|tests| tests.get(place.key as usize)).is_some_and(is_regex)
        };
        (places.iter().any(may_be_lost), places.len())
    }
}
