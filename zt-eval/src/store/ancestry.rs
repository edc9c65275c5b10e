//! The ancestors of the entities of a lineage.
//!
//! Worked out upwards: parents before children, each lineage once. Three limits keep hostile data from growing the sets
//! quadratically: on the steps of one way up, on the ancestors of one entity and on the sets' sum. Lists of parents that are
//! worked out together and have the same ancestors share one set.

use std::cmp::Reverse;
use std::collections::HashMap;
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
    let mut walk =
        Walk { store, states, path: Vec::new(), bounds, gathered: Gathered::default(), by_ancestors: HashMap::new() };
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
    gathered: Gathered,
    /// By hash of a set of ancestors: a lineage that has it.
    by_ancestors: HashMap<u64, u32>,
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
        let Some(before) = self.store.record(lineage).map(Arc::clone) else {
            return Ok(());
        };
        let kin = self.kin(&before).map_err(|error| Fault::Limit { error: error.under("parents"), lineage })?;
        self.by_ancestors.entry(self.gathered.hash).or_insert(lineage);
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
    fn kin(&mut self, before: &Kin) -> Result<Kin, InvalidRequest> {
        let (depth, mut open) = self.gather(&before.parents)?;
        if depth > self.bounds.depth_max {
            return Err(InvalidRequest::limit("hierarchy_depth_max", self.bounds.depth_max, depth as usize, None));
        }
        let (parents, uids) = (Arc::clone(&before.parents), Arc::clone(&before.uids));
        if let Some(same) = self.same_ancestors() {
            let (numbers, above) = (Arc::clone(&same.numbers), same.above.clone());
            return Ok(Kin { parents, uids, numbers, above, open: Arc::clone(&same.open), depth });
        }
        self.gathered.all.sort_unstable();
        open.sort_unstable();
        open.dedup();
        let numbers: Arc<[u32]> = self.gathered.all.iter().map(|ancestor| ancestor.number).collect();
        let above = Above::of(&self.gathered.all);
        Ok(Kin { parents, uids, numbers, above, open: open.into(), depth })
    }

    /// Gathers parents and what lies above them; gives the depth and what is not held. Parents with the longest way up
    /// come first: one that lies above another is passed over, since all that lies above it has been gathered.
    fn gather(&mut self, parents: &[u32]) -> Result<(u32, Vec<u32>), InvalidRequest> {
        let store: &Store = self.store;
        let above = |parent: u32| store.at(parent).and_then(|stored| store.kin(stored.lineage));
        let steps = |parent: u32| above(parent).map_or(0, |kin| kin.depth);
        let mut by_depth: Vec<u32> = parents.to_vec();
        by_depth.sort_by_cached_key(|parent| Reverse(steps(*parent)));
        let depth = by_depth.first().map_or(0, |farthest| steps(*farthest).saturating_add(1));
        self.gathered.begin(store.slots.len());
        let mut open = Vec::new();
        for parent in by_depth {
            let Some(uid) = store.uid(parent) else { continue };
            if !self.gathered.add(Ancestor { number: parent, key: ancestor_key(uid) }) {
                continue;
            }
            match store.at(parent) {
                None => open.push(parent),
                Some(_) => {
                    let Some(kin) = above(parent) else { continue };
                    kin.above.iter().for_each(|ancestor| _ = self.gathered.add(ancestor));
                    open.extend_from_slice(&kin.open);
                }
            }
            // Not more than this is held of it, and at most as much again is gathered from one parent.
            let (max, used) = (self.bounds.elements_max, self.gathered.all.len());
            if used > max as usize {
                return Err(InvalidRequest::limit("elements_max", max, used, None));
            }
        }
        Ok((depth, open))
    }

    /// A list of parents worked out before with the ancestors that are gathered: they share them.
    fn same_ancestors(&self) -> Option<&Kin> {
        let lineage = self.by_ancestors.get(&self.gathered.hash)?;
        let kin = self.store.kin(*lineage)?;
        let is_same =
            kin.numbers.len() == self.gathered.all.len() && kin.numbers.iter().all(|number| self.gathered.has(*number));
        is_same.then_some(kin)
    }
}

/// A set of ancestors in the making.
#[derive(Default)]
struct Gathered {
    all: Vec<Ancestor>,
    /// Of the set, whatever the order is.
    hash: u64,
    /// By number of an entity: the set that it was last added to.
    last: Vec<u32>,
    set: u32,
}

impl Gathered {
    fn begin(&mut self, entities: usize) {
        self.last.resize(entities, 0);
        self.set += 1;
        self.hash = 0;
        self.all.clear();
    }

    /// Whether it was not there.
    fn add(&mut self, ancestor: Ancestor) -> bool {
        let Some(last) = self.last.get_mut(ancestor.number as usize).filter(|last| **last != self.set) else {
            return false;
        };
        *last = self.set;
        let mixed = (u64::from(ancestor.number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.hash = self.hash.wrapping_add((mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9));
        self.all.push(ancestor);
        true
    }

    fn has(&self, number: u32) -> bool {
        self.last.get(number as usize) == Some(&self.set)
    }
}
