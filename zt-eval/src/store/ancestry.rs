//! The ancestors of the entities of a lineage.
//!
//! Worked out upwards: parents before children, each lineage once. Three limits keep hostile data from growing the sets
//! quadratically: on the steps of one way up, on the ancestors of one entity and on the sets' sum.

use std::sync::Arc;

use super::Store;
use super::kin::{Above, Ancestor, Kin, Lineage, ancestor_key};
use crate::limits::Limits;
use crate::request::{InvalidKind, InvalidRequest};

/// Entries of all ancestor sets together.
const ENTRIES_MAX: usize = 1 << 26;

/// How far ancestry may go.
pub(super) struct Bounds {
    elements_max: u32,
    depth_max: u32,
}

impl Bounds {
    /// For what can only grow smaller.
    pub const NONE: Self = Self { elements_max: u32::MAX, depth_max: u32::MAX };

    pub const fn of(limits: &Limits) -> Self {
        Self { elements_max: limits.elements_max, depth_max: limits.hierarchy_depth_max }
    }
}

/// Why ancestors cannot be worked out.
pub(super) enum Fault {
    /// These entities, each a parent of the one before, and the first of the last.
    Cycle(Vec<u32>),
    /// A limit is exceeded by the entities of this lineage.
    Limit { error: InvalidRequest, lineage: u32 },
}

impl Fault {
    /// The error without its place, given the cycle's text.
    pub fn error(self, text: impl FnOnce(&[u32]) -> String) -> InvalidRequest {
        match self {
            Self::Cycle(numbers) => InvalidRequest::new(InvalidKind::Cycle(text(&numbers)), None),
            Self::Limit { error, .. } => error,
        }
    }
}

/// Works out these lineages' ancestors, sorted by number; those of all others are right, or become so by it.
pub(super) fn work_out(store: &mut Store, pending: &[u32], bounds: &Bounds) -> Result<(), Fault> {
    if pending.is_empty() {
        return Ok(());
    }
    let mut states = vec![State::Done; store.lineages.len()];
    for lineage in pending {
        if let Some(state) = states.get_mut(*lineage as usize) {
            *state = State::New;
        }
    }
    let mut walk = Walk { store, states, path: Vec::new(), bounds };
    pending.iter().try_for_each(|lineage| walk.from(*lineage))
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// To be worked out.
    New,
    /// On the path.
    Open,
    Done,
}

/// A walk from parents to their parents. Does not recurse: ways may be long.
struct Walk<'a> {
    store: &'a mut Store,
    /// By lineage.
    states: Vec<State>,
    path: Vec<Step>,
    bounds: &'a Bounds,
}

struct Step {
    lineage: u32,
    /// The entity that has this lineage and is a parent of the step's before.
    entered_by: Option<u32>,
    /// How many parents have been looked at.
    next: usize,
}

impl Walk<'_> {
    fn from(&mut self, lineage: u32) -> Result<(), Fault> {
        self.enter(lineage, None)?;
        while let Some(step) = self.path.last_mut() {
            let parents = self.store.lineages.get(step.lineage).and_then(Lineage::kin).map(|kin| &kin.parents);
            let parent = parents.and_then(|parents| parents.get(step.next)).copied();
            step.next += 1;
            match parent {
                Some(parent) => {
                    if let Some(lineage) = self.store.at(parent).map(|stored| stored.lineage) {
                        self.enter(lineage, Some(parent))?;
                    }
                }
                None => self.leave()?,
            }
        }
        Ok(())
    }

    fn enter(&mut self, lineage: u32, by: Option<u32>) -> Result<(), Fault> {
        match self.states.get_mut(lineage as usize) {
            Some(state @ State::New) => {
                *state = State::Open;
                self.path.push(Step { lineage, entered_by: by, next: 0 });
                Ok(())
            }
            Some(State::Open) => {
                let circle = self.path.iter().skip_while(|step| step.lineage != lineage).skip(1);
                Err(Fault::Cycle(by.into_iter().chain(circle.filter_map(|step| step.entered_by)).collect()))
            }
            Some(State::Done) | None => Ok(()),
        }
    }

    fn leave(&mut self) -> Result<(), Fault> {
        let Some(Step { lineage, .. }) = self.path.pop() else {
            return Ok(());
        };
        if let Some(state) = self.states.get_mut(lineage as usize) {
            *state = State::Done;
        }
        let Some(before) = self.store.kin(lineage) else {
            return Ok(());
        };
        let kin = self.kin(before).map_err(|error| Fault::Limit { error: error.under("parents"), lineage })?;
        if kin == *before {
            return Ok(());
        }
        let entries = self.store.entries - before.numbers.len() + kin.numbers.len();
        if entries > ENTRIES_MAX {
            let max = u32::try_from(ENTRIES_MAX).unwrap_or(u32::MAX);
            let error = InvalidRequest::limit("ancestors of all entities", max, entries, None);
            return Err(Fault::Limit { error, lineage });
        }
        self.store.entries = entries;
        if let Some(Lineage::Live { kin: place, .. }) = self.store.lineages.get_mut(lineage) {
            *place = Arc::new(kin);
        }
        Ok(())
    }

    /// What follows from a list of parents whose own ancestors are worked out.
    fn kin(&self, before: &Kin) -> Result<Kin, InvalidRequest> {
        let Bounds { elements_max, depth_max } = *self.bounds;
        let (mut ancestors, mut open, mut depth) = (Vec::new(), Vec::new(), 0);
        let mut tidied = before.parents.len();
        for &parent in before.parents.iter() {
            if let Some(uid) = self.store.uid(parent) {
                ancestors.push(Ancestor { number: parent, key: ancestor_key(uid) });
            }
            depth = depth.max(1);
            let Some(stored) = self.store.at(parent) else {
                open.push(parent);
                continue;
            };
            if let Some(above) = self.store.kin(stored.lineage) {
                depth = depth.max(above.depth.saturating_add(1));
                ancestors.extend(above.above.iter());
                open.extend_from_slice(&above.open);
            }
            // Keeps what is gathered within a constant of the limit, however much the parents' ancestors overlap.
            if ancestors.len().saturating_sub(tidied) > elements_max as usize {
                tidy(&mut ancestors, &mut open, elements_max)?;
                tidied = ancestors.len();
            }
        }
        if depth > depth_max {
            return Err(InvalidRequest::limit("hierarchy_depth_max", depth_max, depth as usize, None));
        }
        tidy(&mut ancestors, &mut open, elements_max)?;
        let numbers = ancestors.iter().map(|ancestor| ancestor.number).collect();
        let (parents, uids) = (Arc::clone(&before.parents), Arc::clone(&before.uids));
        Ok(Kin { parents, uids, numbers, above: Above::of(&ancestors), open: open.into(), depth })
    }
}

fn tidy(ancestors: &mut Vec<Ancestor>, open: &mut Vec<u32>, elements_max: u32) -> Result<(), InvalidRequest> {
    ancestors.sort_unstable();
    ancestors.dedup();
    // Stable, because it takes runs that are already sorted as they are: each parent brings one.
    open.sort();
    open.dedup();
    if ancestors.len() > elements_max as usize {
        return Err(InvalidRequest::limit("elements_max", elements_max, ancestors.len(), None));
    }
    Ok(())
}
