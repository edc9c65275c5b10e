//! What a code generator needs to know of a policy beyond what it says: what is derived of it, and its index.
//!
//! Behind the feature `codegen`. Everything is as the evaluator has it, so that generated code consults the same evidence.

pub use crate::graph::reads::{Extent, Fields};
pub use crate::index::export::{
    Bucket, By, Dimension, Division, Entry, Filing, Index, Lookup, LookupKind, Rest, Trees,
};
pub use crate::schema::text::member;

use crate::graph::{Derived, Policy};
use crate::id::{ActionId, ConstId, EntityTypeId, NodeId, RuleId};
use crate::pattern::Pattern;
use crate::value::{EntityUid, Value};
use crate::zone::Zone;

/// What a decision does with a node's datum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeping {
    /// Computes it anew each time.
    Not,
    /// Reads it where it is: evidence, a constant, or what is inside of them.
    Borrowed,
    /// Keeps it at this place, of [`Policy::kept_count`].
    At(u32),
}

impl Policy {
    /// Its constants, by [`ConstId`].
    #[must_use]
    pub fn consts(&self) -> &[Value] {
        &self.consts
    }

    /// Its patterns, by [`PatternId`](crate::id::PatternId).
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Its time zones, by [`ZoneId`](crate::id::ZoneId).
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// What decisions do with a node's datum.
    #[must_use]
    pub fn keeping(&self, node: NodeId) -> Keeping {
        match self.derived.kept.get(node.index()) {
            Some(&Derived::BORROWED) => Keeping::Borrowed,
            Some(&Derived::NOT_KEPT) | None => Keeping::Not,
            Some(place) => Keeping::At(*place),
        }
    }

    /// How many data decisions keep.
    #[must_use]
    pub fn kept_count(&self) -> u32 {
        self.derived.kept_count
    }

    /// Whether a borrowed datum is read through several steps by several nodes, so that finding it once is worth it.
    #[must_use]
    pub fn is_held(&self, node: NodeId) -> bool {
        self.derived.held_at(node).is_some()
    }

    /// The deciding allow rules that override a deny rule, in source order.
    #[must_use]
    pub fn overriders_of(&self, deny: RuleId) -> &[RuleId] {
        self.derived.overriders.get(deny.index()).map_or(&[], |allows| allows)
    }

    /// Whether an action's rules read an attribute that the subject can renew.
    #[must_use]
    pub fn can_step_up(&self, action: ActionId) -> bool {
        self.derived.steps_up.get(action.index()) == Some(&true)
    }

    /// Whether a path of one step or more can lead from an entity of one type to an entity of another.
    #[must_use]
    pub fn parents_lead_to(&self, from: EntityTypeId, to: EntityTypeId) -> bool {
        self.derived.parents_lead_to(from, to)
    }

    /// How much is read of the context's attribute at this position.
    #[must_use]
    pub fn context_extent(&self, attribute: usize) -> &Extent {
        self.derived.reads.context.extent(attribute)
    }

    /// How much is read of the attribute of entities of this type at this position.
    #[must_use]
    pub fn attribute_extent(&self, ty: EntityTypeId, attribute: usize) -> &Extent {
        self.derived.reads.entity(ty).attributes.extent(attribute)
    }

    /// Whether a test of the hierarchy can need the parents of entities of this type.
    #[must_use]
    pub fn reads_parents(&self, ty: EntityTypeId) -> bool {
        self.derived.reads.entity(ty).parents
    }

    /// Entities that hierarchy tests name, by number.
    #[must_use]
    pub fn anchors(&self) -> Vec<EntityUid> {
        let anchors = &self.derived.index.anchors;
        (0..).map_while(|number| anchors.uid(number).cloned()).collect()
    }

    /// The number of the anchor that a constant is, if it is one.
    #[must_use]
    pub fn anchor_of(&self, constant: ConstId) -> Option<u32> {
        self.derived.index.anchor_of_const(constant)
    }

    /// Its index; none if its rules cannot be filed as it says, which is so of no policy that was built or loaded.
    #[must_use]
    pub fn index(&self) -> Option<Index> {
        Index::of(self)
    }
}
