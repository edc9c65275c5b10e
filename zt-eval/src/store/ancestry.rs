//! The ancestors of every entity, as sets that entities with the same parents share.
//!
//! Most entities have few distinct lists of parents between them (a million users, some hundred groups), so one set per
//! distinct list is small where a set per entity would not be. Two limits keep hostile data from growing the sets
//! quadratically: on the ancestors of one entity and on the sets' sum.

use std::collections::HashMap;

use crate::limits::Limits;
use crate::request::InvalidRequest;

/// Entries of all ancestor sets together.
const ENTRIES_MAX: usize = 1 << 26;

/// Ancestor sets by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Ancestry {
    sets: Vec<Set>,
}

/// Entity numbers, sorted.
#[derive(Clone, Debug, Default)]
struct Set {
    all: Box<[u32]>,
    open: Box<[u32]>,
}

/// The parents of the entities that a store holds, as numbers, sorted; numbers from `parents.len()` on are not held.
pub(super) type Parents = Vec<Box<[u32]>>;

impl Ancestry {
    pub fn has(&self, set: u32, number: u32) -> bool {
        self.all(set).binary_search(&number).is_ok()
    }

    pub fn all(&self, set: u32) -> &[u32] {
        self.sets.get(set as usize).map_or(&[], |set| &set.all)
    }

    pub fn open(&self, set: u32) -> &[u32] {
        self.sets.get(set as usize).map_or(&[], |set| &set.open)
    }

    /// Works out the sets, and which of them each entity has. The parents are free of cycles.
    pub fn of(parents: &Parents, limits: &Limits) -> Result<(Self, Vec<u32>), InvalidRequest> {
        let mut ancestry = Self::default();
        let mut entries = 0;
        let mut by_parents: HashMap<&[u32], u32> = HashMap::new();
        let mut lineages = vec![0; parents.len()];
        for number in ancestors_first(parents) {
            let Some(own) = parents.get(number) else {
                continue;
            };
            let lineage = match by_parents.get(&**own) {
                Some(lineage) => *lineage,
                None => {
                    let set = ancestry.union(own, &lineages, limits.elements_max).map_err(|error| error.at(number))?;
                    entries += set.all.len();
                    if entries > ENTRIES_MAX {
                        let max = u32::try_from(ENTRIES_MAX).unwrap_or(u32::MAX);
                        return Err(InvalidRequest::limit("ancestors of all entities", max, entries, None));
                    }
                    let lineage = u32::try_from(ancestry.sets.len()).unwrap_or(u32::MAX);
                    ancestry.sets.push(set);
                    by_parents.insert(own, lineage);
                    lineage
                }
            };
            if let Some(place) = lineages.get_mut(number) {
                *place = lineage;
            }
        }
        Ok((ancestry, lineages))
    }

    /// The parents and all their ancestors.
    fn union(&self, parents: &[u32], lineages: &[u32], elements_max: u32) -> Result<Set, InvalidRequest> {
        let mut all = parents.to_vec();
        let mut tidied = all.len();
        for parent in parents {
            let Some(lineage) = lineages.get(*parent as usize) else {
                continue;
            };
            all.extend_from_slice(self.all(*lineage));
            // Keeps what is gathered within a constant of the limit, however much the parents' ancestors overlap.
            if all.len() - tidied > elements_max as usize {
                tidy(&mut all, elements_max)?;
                tidied = all.len();
            }
        }
        tidy(&mut all, elements_max)?;
        let held = all.partition_point(|number| (*number as usize) < lineages.len());
        Ok(Set { open: all.get(held..).unwrap_or_default().into(), all: all.into() })
    }
}

fn tidy(numbers: &mut Vec<u32>, elements_max: u32) -> Result<(), InvalidRequest> {
    // Stable, because it takes runs that are already sorted as they are: each parent brings one.
    numbers.sort();
    numbers.dedup();
    if numbers.len() > elements_max as usize {
        return Err(InvalidRequest::limit("elements_max", elements_max, numbers.len(), None).under("parents"));
    }
    Ok(())
}

/// The held entities in an order in which parents stand before children. Does not recurse: chains may be long.
fn ancestors_first(parents: &Parents) -> Vec<usize> {
    let mut order = Vec::with_capacity(parents.len());
    let mut is_seen = vec![false; parents.len()];
    for root in 0..parents.len() {
        // Each entry: an entity, and how many of its parents have been looked at.
        let mut path = vec![(root, 0)];
        if is_seen.get_mut(root).is_none_or(|seen| std::mem::replace(seen, true)) {
            continue;
        }
        while let Some((number, next)) = path.last_mut() {
            let parent = parents.get(*number).and_then(|own| own.get(*next)).map(|parent| *parent as usize);
            *next += 1;
            match parent {
                None => {
                    order.push(*number);
                    path.pop();
                }
                Some(parent) => {
                    if is_seen.get_mut(parent).is_some_and(|seen| !std::mem::replace(seen, true)) {
                        path.push((parent, 0));
                    }
                }
            }
        }
    }
    order
}
