//! What deciding an action can consult: the static superset of `depends_on`.

use std::collections::BTreeSet;

use super::{Node, Policy};
use crate::id::{ActionId, EntityTypeId, NodeId, RuleId};
use crate::schema::text::member;
use crate::schema::{Attribute, Type};

/// A kind of evidence that decisions can rest on, whichever entity it is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Slot {
    /// An attribute of the context, by position.
    Context(u32),
    /// An attribute of the entities of a type, by position.
    Attribute(EntityTypeId, u32),
    /// The parents of the entities of a type.
    Parents(EntityTypeId),
    /// The instant of the decision.
    Now,
}

impl Policy {
    /// Everything that deciding an action can consult, sorted.
    #[must_use]
    pub fn slots(&self, action: ActionId) -> Vec<Slot> {
        let mut slots = BTreeSet::new();
        for id in self.reachable_from(self.rule_roots(action)) {
            self.node_slots(action, id, &mut slots);
        }
        slots.into_iter().collect()
    }

    /// A slot as decisions name it: `context.mfa`, `User.clearance`, `User parents`, `now`.
    #[must_use]
    pub fn slot_text(&self, slot: Slot) -> String {
        let schema = &self.schema;
        let entity = |ty| schema.entity(ty).map_or("?", |entity| &entity.name);
        match slot {
            Slot::Context(at) => {
                format!("context.{}", member(schema.context.get(at as usize).map_or("?", |attribute| &attribute.name)))
            }
            Slot::Attribute(ty, at) => {
                let attribute = schema.entity(ty).and_then(|entity| entity.attributes.get(at as usize));
                format!("{}.{}", entity(ty), member(attribute.map_or("?", |attribute| &attribute.name)))
            }
            Slot::Parents(ty) => format!("{} parents", entity(ty)),
            Slot::Now => "now".into(),
        }
    }

    /// The nodes that an action's rules start from.
    pub(crate) fn rule_roots(&self, action: ActionId) -> Vec<NodeId> {
        let rules = self.rules_for(action).into_iter();
        rules.flat_map(|rules| rules.all()).flat_map(|rule| self.roots_of(*rule)).collect()
    }

    /// The nodes that a rule starts from: its condition and the arguments of its obligations.
    pub(crate) fn roots_of(&self, rule: RuleId) -> impl Iterator<Item = NodeId> {
        self.rule(rule).into_iter().flat_map(|rule| {
            let args = rule.extras.duties.iter().flat_map(|duty| duty.args.iter().copied());
            std::iter::once(rule.condition).chain(args)
        })
    }

    /// All nodes that can be read on the way from these, in order.
    pub(crate) fn reachable_from(&self, mut pending: Vec<NodeId>) -> BTreeSet<NodeId> {
        let mut reached = BTreeSet::new();
        while let Some(id) = pending.pop() {
            if let Some(node) = self.node(id)
                && reached.insert(id)
            {
                node.each_child(|child| pending.push(child));
            }
        }
        reached
    }

    fn node_slots(&self, action: ActionId, id: NodeId, slots: &mut BTreeSet<Slot>) {
        match self.node(id) {
            Some(Node::Context(at)) => {
                add_attribute(&self.schema.context, *at, slots, Slot::Context);
            }
            Some(Node::Attribute { ty, attribute, .. }) => {
                let siblings = self.schema.entity(*ty).map_or(&[][..], |entity| &entity.attributes);
                add_attribute(siblings, *attribute, slots, |at| Slot::Attribute(*ty, at));
            }
            Some(Node::Within(inner, _)) => self.add_parents(&self.entity_types(action, *inner), slots),
            Some(Node::Now(..) | Node::Weekday(..) | Node::TimeOfDay(..)) => {
                slots.insert(Slot::Now);
            }
            _ => {}
        }
    }

    /// The types that a node's entity can have, as far as its declaration tells; all where it does not.
    fn entity_types(&self, action: ActionId, id: NodeId) -> Vec<EntityTypeId> {
        let action = self.schema.action(action);
        let declared = match self.node(id) {
            Some(Node::Subject) => return action.map_or(Vec::new(), |action| action.subjects.clone()),
            Some(Node::Resource) => return action.map_or(Vec::new(), |action| action.resources.clone()),
            Some(Node::Context(at)) => self.schema.context.get(*at as usize).map(|attribute| &attribute.ty),
            Some(Node::Attribute { ty, attribute, .. }) => self
                .schema
                .entity(*ty)
                .and_then(|entity| entity.attributes.get(*attribute as usize))
                .map(|attribute| &attribute.ty),
            Some(Node::Field { record, field, .. }) => {
                self.schema.record(*record).and_then(|record| record.fields.get(*field as usize)).map(|field| &field.ty)
            }
            _ => None,
        };
        match declared.map(Type::present) {
            Some(Type::Entity(types)) => types.clone(),
            _ => (0..self.schema.entities.len()).map(EntityTypeId::new).collect(),
        }
    }

    fn add_parents(&self, from: &[EntityTypeId], slots: &mut BTreeSet<Slot>) {
        for row in from.iter().filter_map(|ty| self.derived.leads_to.get(ty.index())) {
            let reached = row.iter().enumerate().filter(|(_, reached)| **reached);
            let types = reached.map(|(ty, _)| EntityTypeId::new(ty));
            let has_parents = |ty: &EntityTypeId| self.schema.entity(*ty).is_some_and(|ty| !ty.parents.is_empty());
            slots.extend(types.filter(has_parents).map(Slot::Parents));
        }
    }
}

fn add_attribute(siblings: &[Attribute], at: u32, slots: &mut BTreeSet<Slot>, slot: impl Fn(u32) -> Slot) {
    slots.insert(slot(at));
    for bound in siblings.get(at as usize).into_iter().flat_map(|attribute| &attribute.freshness) {
        slots.insert(slot(bound.clock().attribute));
        slots.insert(Slot::Now);
    }
}
