//! What connectives ask of slots: each by what its parts ask.
//!
//! Negation is taken inward (De Morgan's laws hold in Kleene's logic), so that what a rule excludes by orderings is found as
//! what it demands. Parts are looked at once, negated or not, and their guards copied.

use super::{Family, Found, Guard, Guards, Place, USABLE_MAX};
use crate::graph::{CompareOp, Node};
use crate::id::NodeId;
use crate::value::Value;

impl Guards<'_> {
    /// The guard of a negation.
    pub(super) fn negated(&mut self, node: NodeId) -> Option<Found> {
        let policy = self.policy;
        match policy.node(node)? {
            Node::Compare(CompareOp::Less, left, right) => self.comparison(CompareOp::LessOrEqual, *right, *left),
            Node::Compare(CompareOp::LessOrEqual, left, right) => self.comparison(CompareOp::Less, *right, *left),
            Node::Or(all) => self.all(all, false),
            Node::And(all) => self.any(all, false),
            _ => None,
        }
    }

    /// Alternatives, of conditions or of their negations: each needs a guard.
    pub(super) fn any(&mut self, all: &[NodeId], holds: bool) -> Option<Found> {
        let mut found = Found { places: Vec::new(), exact: true };
        for each in all {
            let alternative = self.alternative(*each, holds)?;
            if !self.could_afford(found.places.len() + alternative.places.len()) {
                return None;
            }
            found.places.extend_from_slice(&alternative.places);
            found.exact &= alternative.exact;
        }
        Some(found)
    }

    /// The guard of an alternative; without places if it never holds.
    fn alternative(&mut self, node: NodeId, holds: bool) -> Option<Found> {
        let policy = self.policy;
        match (policy.node(node)?, holds) {
            (Node::And(parts), true) | (Node::Or(parts), false) => return self.all(parts, holds),
            (Node::Const(_), _) if policy.constant_of(node) == Some(&Value::Bool(!holds)) => {
                return Some(Found { places: Vec::new(), exact: true });
            }
            _ => {}
        }
        let guard = self.part(node, holds)?;
        Some(self.copy(guard))
    }

    /// A conjunction, of conditions or of their negations: the bounds that it sets for a slot, or else the best guard of a part.
    fn all(&mut self, parts: &[NodeId], holds: bool) -> Option<Found> {
        let looked_at = parts.iter().take(USABLE_MAX.into());
        let guards: Vec<Guard> = looked_at.filter_map(|part| self.part(*part, holds)).collect();
        let rank = |guard: &Guard| (self.rank(*guard), self.interval_of(*guard).is_some());
        let best = guards.iter().copied().min_by_key(rank)?;
        let Some((axis, (mut low, mut high))) = self.interval_of(best) else {
            let exact = best.exact && parts.len() == 1;
            return Some(Found { exact, ..self.copy(best) });
        };
        let mut exact = 0;
        for guard in &guards {
            let Some((_, bounds)) = self.interval_of(*guard).filter(|(of, _)| *of == axis) else { continue };
            (low, high) = (low.max(bounds.0), high.min(bounds.1));
            exact += usize::from(guard.exact);
        }
        let key = self.interval(low, high);
        Some(Found { places: vec![Place { axis, key }], exact: exact == parts.len() })
    }

    /// The guard of a condition or of its negation.
    fn part(&mut self, node: NodeId, holds: bool) -> Option<Guard> {
        let id = if holds { self.guard_of(node) } else { self.guard_of_negated(node) };
        self.guard(id?)
    }

    fn guard_of_negated(&mut self, node: NodeId) -> Option<u32> {
        if let Some(known) = self.by_negated.get(&node) {
            return *known;
        }
        let found = self.negated(node);
        let guard = self.add_found(found);
        self.by_negated.insert(node, guard);
        guard
    }

    fn copy(&self, guard: Guard) -> Found {
        Found { places: self.places(guard).to_vec(), exact: guard.exact }
    }

    /// The axis and the bounds of a guard that is one interval.
    pub(super) fn interval_of(&self, guard: Guard) -> Option<(u32, (i128, i128))> {
        let [place] = self.places(guard) else { return None };
        let is_interval = self.axes.get(place.axis as usize)?.family == Family::Intervals;
        is_interval.then(|| Some((place.axis, *self.intervals.get(place.key as usize)?)))?
    }

    /// The number of an interval.
    pub(super) fn interval(&mut self, low: i128, high: i128) -> u32 {
        self.intervals.push((low, high));
        super::super::count(self.intervals.len() - 1)
    }
}
