//! The ways up from entities that rules ask of, where the store does not know all that lies above.
//!
//! Thousands of rules can ask whether the subject lies within this group or that one. A way up is gone once for each type of
//! entity that is asked for, since it leads only through types that lead to that one, and each test is then one look at what
//! was come to. A test that went up by itself would stop at what it looks for: so that no more is noted than it would have
//! looked at, everything that was come to is kept with how far the way had gone by then.

use std::cell::Cell;

use super::evaluator::Evaluator;
use crate::Truth;
use crate::decision::Fact;
use crate::facts::Above;
use crate::id::EntityTypeId;
use crate::value::EntityUid;

/// Entities from which ways up are kept, the subject and the resource whenever they come. From others one goes up anew.
const STARTS_MAX: usize = 8;

/// Ways up, in memory that decisions reuse.
#[derive(Debug, Default)]
pub(super) struct Ways {
    from: Vec<EntityUid>,
    /// By entity that they start from, then by type.
    ways: Vec<Way>,
    /// By entity that they start from, then by anchor.
    reached: Vec<Reached>,
    /// Entities whose parents were looked at, way after way; where none are to be noted, none.
    consulted: Vec<EntityUid>,
}

/// A way up to all entities of a type.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The stamp under which it was gone.
    stamp: u64,
    /// What a test gives for an anchor that was not come to.
    otherwise: Truth,
    /// Where what was consulted stands, and how much of it was noted.
    start: usize,
    end: usize,
    noted: usize,
    /// Whether it was told whose parents are unknown.
    is_told: bool,
}

/// An anchor.
#[derive(Clone, Copy, Default, Debug)]
struct Reached {
    /// The stamp under which it was come to.
    stamp: u64,
    /// How many entities had been consulted.
    after: usize,
}

impl Way {
    const NONE: Self = Self { stamp: 0, otherwise: Truth::Unknown, start: 0, end: 0, noted: 0, is_told: false };
}

impl Ways {
    /// Forgets all that were gone.
    #[inline]
    pub fn clear(&mut self) {
        if !self.from.is_empty() {
            self.from.clear();
            self.consulted.clear();
        }
    }

    /// Makes room for the ways from so many entities.
    fn grow(&mut self, types: usize, anchors: usize) {
        let count = self.from.len();
        if self.ways.len() < count * types {
            self.ways.resize(count * types, Way::NONE);
        }
        if self.reached.len() < count * anchors {
            self.reached.resize(count * anchors, Reached::default());
        }
    }
}

/// Where a way and the anchor that is asked for stand.
#[derive(Clone, Copy)]
struct Asking {
    way: usize,
    reached: usize,
}

impl Evaluator<'_, '_> {
    /// Whether an entity lies below another, if the way up to that one is kept.
    pub fn within_by_way(&mut self, inner: &EntityUid, outer: &EntityUid) -> Option<Truth> {
        let asking = self.way(inner, outer)?;
        let stamp = self.scratch.stamp(0);
        let (ways, way) = (&self.scratch.ways, self.scratch.ways.ways.get(asking.way)?);
        let reached = ways.reached.get(asking.reached).filter(|reached| reached.stamp == stamp);
        let (truth, end) = reached.map_or((way.otherwise, way.end), |reached| (Truth::True, way.start + reached.after));
        if self.notes {
            self.note_way(asking.way, end);
        }
        Some(truth)
    }

    /// The same, when what is unknown is collected. Adds those whose unknown parents leave it open.
    pub fn way_leaves(&mut self, inner: &EntityUid, outer: &EntityUid) -> Option<Truth> {
        let truth = self.within_by_way(inner, outer)?;
        let way = self.way(inner, outer).and_then(|asking| self.scratch.ways.ways.get_mut(asking.way))?;
        if truth == Truth::Unknown && !std::mem::replace(&mut way.is_told, true) {
            let (start, end) = (way.start, way.end);
            let consulted = std::mem::take(&mut self.scratch.ways.consulted);
            consulted.get(start..end).into_iter().flatten().for_each(|uid| self.add_open(uid));
            self.scratch.ways.consulted = consulted;
        }
        Some(truth)
    }

    /// The way from an entity to all of the type of an anchor; it is gone, if it was not yet.
    fn way(&mut self, inner: &EntityUid, outer: &EntityUid) -> Option<Asking> {
        let (types, anchors) = (self.derived.leads_to.len(), self.derived.index.anchors.len());
        let anchor = self.derived.index.anchors.find(outer)? as usize;
        let from = self.start_of(inner)?;
        let asking = Asking { way: from * types + outer.ty.index(), reached: from * anchors + anchor };
        self.scratch.ways.grow(types, anchors);
        if self.scratch.ways.ways.get(asking.way)?.stamp != self.scratch.stamp(0) {
            self.go_up(inner, outer.ty, asking.way, from * anchors);
        }
        Some(asking)
    }

    /// The number of an entity among those from which ways are kept.
    fn start_of(&mut self, inner: &EntityUid) -> Option<usize> {
        let from = &mut self.scratch.ways.from;
        if let Some(at) = from.iter().position(|uid| uid == inner) {
            return Some(at);
        }
        let request = self.world.request;
        let is_asked = inner == request.subject() || inner == request.resource();
        // A quantifier can come to any number of entities.
        if !is_asked && (from.len() >= STARTS_MAX || !self.bindings.is_empty()) {
            return None;
        }
        from.push(inner.clone());
        Some(from.len() - 1)
    }

    fn go_up(&mut self, inner: &EntityUid, ty: EntityTypeId, way: usize, anchors_at: usize) {
        let (world, join, anchors, notes) = (self.world, self.join, &self.derived.index.anchors, self.notes);
        let stamp = self.scratch.stamp(0);
        let mut climb = std::mem::take(&mut self.scratch.climb);
        let Ways { ways, reached, consulted, .. } = &mut self.scratch.ways;
        let (start, after) = (consulted.len(), Cell::new(0));
        let mut reach = |anchor: u32| {
            if let Some(place) = reached.get_mut(anchors_at + anchor as usize)
                && place.stamp != stamp
            {
                *place = Reached { stamp, after: after.get() };
            }
        };
        let is_of_type = |anchor: u32| anchors.uid(anchor).is_some_and(|uid| uid.ty == ty);
        let otherwise = world.climb(
            inner,
            &mut climb,
            |from| world.parents_lead_to(from, ty),
            &mut |uid| {
                after.set(after.get() + 1);
                if notes {
                    consulted.push(uid.clone());
                }
            },
            |above| {
                match above {
                    Above::Stored(stored) => {
                        let above = join.above(stored.lineage()).anchors.iter().copied();
                        above.filter(|anchor| is_of_type(*anchor)).for_each(&mut reach);
                    }
                    Above::Said(parent) if parent.ty == ty => anchors.find(parent).into_iter().for_each(&mut reach),
                    Above::Said(_) => {}
                }
                false
            },
        );
        if let Some(place) = ways.get_mut(way) {
            *place = Way { stamp, otherwise, start, end: consulted.len(), noted: start, is_told: false };
        }
        self.scratch.computed += after.get() as u64;
        self.scratch.climb = climb;
    }

    /// Notes what a way consulted up to a place, unless it was noted before.
    fn note_way(&mut self, way: usize, end: usize) {
        let ways = &mut self.scratch.ways;
        let Some(way) = ways.ways.get_mut(way).filter(|way| way.noted < end) else {
            return;
        };
        let fresh = std::mem::replace(&mut way.noted, end)..end;
        for at in fresh {
            if let Some(uid) = self.scratch.ways.consulted.get(at) {
                let fact = Fact::Parents(uid.clone());
                self.scratch.note(fact);
            }
        }
    }
}
