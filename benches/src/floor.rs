//! Deciders written by hand in Rust, as a floor: what the same decisions cost when names are numbers beforehand, and the
//! policy is code for exactly these entities.

use std::collections::HashMap;

use crate::world::{Attribute, Entity, Uid, World};

/// Decides a request, given by its number: whether it is allowed.
pub type Decide = Box<dyn FnMut(usize) -> bool>;

/// A world whose entities are numbers.
#[derive(Clone, Debug)]
pub struct Numbered {
    numbers: HashMap<Uid, u32>,
    /// By number: the ancestors, sorted, the entity included.
    ancestors: Vec<Box<[u32]>>,
}

impl Numbered {
    /// Numbers the entities of a world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let numbers: HashMap<Uid, u32> =
            world.entities.iter().zip(0..).map(|(entity, number)| (entity.uid.clone(), number)).collect();
        let reached = world.ancestors();
        let sorted = |entity: &Entity| {
            let mut ancestors: Box<[u32]> = reached[&entity.uid].iter().map(|uid| numbers[*uid]).collect();
            ancestors.sort_unstable();
            ancestors
        };
        Self { ancestors: world.entities.iter().map(sorted).collect(), numbers }
    }

    /// The number of an entity.
    #[must_use]
    pub fn number(&self, uid: &Uid) -> u32 {
        self.numbers[uid]
    }

    /// The entity and all that it is in.
    #[must_use]
    pub fn ancestors(&self, entity: u32) -> &[u32] {
        &self.ancestors[entity as usize]
    }

    /// Whether one entity is in another, or is it.
    #[must_use]
    pub fn is_in(&self, entity: u32, other: u32) -> bool {
        self.ancestors(entity).binary_search(&other).is_ok()
    }

    /// The entities that an attribute names, sorted: one for an entity, none where there is no such attribute.
    #[must_use]
    pub fn attribute(&self, entity: &Entity, name: &str) -> Box<[u32]> {
        let attribute = entity.attributes.iter().find(|(each, _)| *each == name);
        let uids = match attribute {
            Some((_, Attribute::Entity(uid))) => std::slice::from_ref(uid),
            Some((_, Attribute::Entities(uids))) => uids.as_slice(),
            _ => &[],
        };
        let mut numbers: Box<[u32]> = uids.iter().map(|uid| self.number(uid)).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The entity that an attribute names; an entity that nothing is in, where there is no such attribute.
    #[must_use]
    pub fn one(&self, entity: &Entity, name: &str) -> u32 {
        self.attribute(entity, name).first().copied().unwrap_or(u32::MAX)
    }
}

/// Whether a sorted set of numbers has one.
#[must_use]
pub fn has(set: &[u32], number: u32) -> bool {
    set.binary_search(&number).is_ok()
}
