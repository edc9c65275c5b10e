//! What was unknown and mattered.
//!
//! From a node that is unknown the walk goes down through operands that are, to facts that are to be found out, or to
//! operations on known values that have no exact result. Data that were computed already are not computed again, except
//! inside quantifiers, whose elements are gone through once more.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::evaluator::Evaluator;
use super::operand::{Operand, element_count};
use crate::Truth;
use crate::decision::{Fact, Unknown};
use crate::graph::Node;
use crate::id::NodeId;
use crate::schema::text::member;
use crate::value::{Datum, EntityUid, Value};

/// A place in the evidence: the fact that it is part of, and how it reads.
type Place = (Fact, String);

impl<'a> Evaluator<'a, '_> {
    /// Collects what makes a condition, or a value, unknown.
    pub fn leaves(&mut self, id: NodeId, found: &mut BTreeSet<Unknown>) {
        if self.value(id).value().is_some() || !self.scratch.enter(id, self.derived) {
            return;
        }
        let Some(node) = self.world.policy.nodes.get(id.index()) else {
            return;
        };
        match node {
            Node::Context(_) | Node::Attribute { .. } | Node::Field { .. } | Node::Element(_) | Node::Index(..) => {
                self.place_leaves(id, node, found);
            }
            Node::Within(inner, outer) if self.are_values(node) => self.parent_leaves(*inner, *outer, found),
            Node::Now(..) | Node::Weekday(..) | Node::TimeOfDay(..) if self.are_values(node) => {
                found.insert(self.fact(Fact::Now));
            }
            Node::Quantified { over, level, body, .. } => self.element_leaves(id, *over, *level, *body, found),
            Node::If { condition, then, otherwise } => match self.truth(*condition) {
                Truth::True => self.leaves(*then, found),
                Truth::False => self.leaves(*otherwise, found),
                Truth::Unknown => self.operand_leaves(id, node, found),
            },
            _ => self.operand_leaves(id, node, found),
        }
    }

    fn are_values(&mut self, node: &Node) -> bool {
        node.children().into_iter().all(|child| self.value(child).value().is_some())
    }

    /// The leaves of the operands that are unknown; when none is, the operation itself.
    fn operand_leaves(&mut self, id: NodeId, node: &Node, found: &mut BTreeSet<Unknown>) {
        let unknown: Vec<_> =
            node.children().into_iter().filter(|child| self.datum(*child) == Datum::Unknown).collect();
        for child in &unknown {
            self.leaves(*child, found);
        }
        if unknown.is_empty() && !self.choice_leaves(node, found) {
            found.insert(Unknown { fact: None, text: self.node_text(id) });
        }
    }

    /// What leaves open which of two records it is that a part is asked of; whether anything does.
    fn choice_leaves(&mut self, node: &Node, found: &mut BTreeSet<Unknown>) -> bool {
        let of = match node {
            Node::Field { of, .. } | Node::Index(of, _) => Some(*of),
            Node::Element(level) => self.binding(*level).map(|binding| binding.over),
            Node::If { condition, then, otherwise } => match self.truth(*condition) {
                Truth::True => Some(*then),
                Truth::False => Some(*otherwise),
                Truth::Unknown => {
                    self.leaves(*condition, found);
                    return true;
                }
            },
            _ => None,
        };
        let policy = self.world.policy;
        of.and_then(|of| policy.nodes.get(of.index())).is_some_and(|of| self.choice_leaves(of, found))
    }

    /// Collects what makes an argument of an obligation not wholly known.
    pub fn argument_leaves(&mut self, id: NodeId, found: &mut BTreeSet<Unknown>) {
        match self.datum(id) {
            Datum::Value(value) if value.is_wholly_known() => {}
            Datum::Value(_) => {
                let (fact, text) = self.place(id).map_or((None, None), |(fact, text)| (Some(fact), Some(text.into())));
                let text = text.unwrap_or_else(|| self.node_text(id));
                found.insert(Unknown { fact, text });
            }
            Datum::Unknown | Datum::Absent => self.leaves(id, found),
        }
    }

    /// A place in the evidence: what it is in, when that is unknown, else the place itself.
    fn place_leaves(&mut self, id: NodeId, node: &'a Node, found: &mut BTreeSet<Unknown>) {
        let is_inside_unknown = node.children().into_iter().any(|child| self.datum(child) == Datum::Unknown);
        let place = if is_inside_unknown { None } else { self.place(id) };
        match place {
            Some((fact, text)) => {
                let waits_for_now = self.waits_for_now(&fact);
                found.insert(Unknown { fact: Some(fact), text: text.into() });
                if waits_for_now {
                    found.insert(self.fact(Fact::Now));
                }
            }
            None => self.operand_leaves(id, node, found),
        }
    }

    /// Whether an attribute is unknown for want of the instant of the decision.
    fn waits_for_now(&self, fact: &Fact) -> bool {
        let reading = match fact {
            Fact::Context(attribute) => self.world.context(*attribute),
            Fact::Attribute(uid, attribute) => self.world.attribute(uid, *attribute),
            Fact::Parents(_) | Fact::Now => return false,
        };
        reading.used_now && self.world.now.is_none()
    }

    /// Where in the evidence a node's datum comes from, when it is a part of one fact.
    fn place(&mut self, id: NodeId) -> Option<Place> {
        let policy = self.world.policy;
        match policy.nodes.get(id.index())? {
            Node::Context(attribute) => Some(self.fact_place(Fact::Context(*attribute))),
            Node::Attribute { of, ty, attribute } => match self.datum(*of) {
                Datum::Value(Value::Entity(uid)) if uid.ty == *ty => {
                    Some(self.fact_place(Fact::Attribute(uid, *attribute)))
                }
                _ => None,
            },
            Node::Field { of, record, field } => {
                let (fact, text) = self.place(*of)?;
                let field = policy.schema.record(*record)?.fields.get(*field as usize)?;
                Some((fact, format!("{text}.{}", member(&field.name))))
            }
            Node::Element(level) => {
                let over = self.binding(*level)?.over;
                let (fact, text) = self.place(over)?;
                Some((fact, format!("{text}[]")))
            }
            Node::Index(map, key) => {
                let (fact, text) = self.place(*map)?;
                let key = self.node_text(*key);
                Some((fact, format!("{text}[{key}]")))
            }
            Node::Otherwise(first, second) => match self.datum(*first) {
                Datum::Absent => self.place(*second),
                _ => self.place(*first),
            },
            Node::If { condition, then, otherwise } => match self.truth(*condition) {
                Truth::True => self.place(*then),
                Truth::False => self.place(*otherwise),
                Truth::Unknown => None,
            },
            _ => None,
        }
    }

    fn fact_place(&self, fact: Fact) -> Place {
        let text = self.world.policy.schema.fact_text(&fact);
        (fact, text)
    }

    fn fact(&self, fact: Fact) -> Unknown {
        let text = self.world.policy.schema.fact_text(&fact).into();
        Unknown { fact: Some(fact), text }
    }

    /// The entities whose unknown parents leave it open whether one lies within another.
    fn parent_leaves(&mut self, inner: NodeId, outer: NodeId, found: &mut BTreeSet<Unknown>) {
        let (inner, outer) = (self.datum(inner), self.datum(outer));
        let (Some(Value::Entity(inner)), Some(outer)) = (inner.value(), outer.value()) else {
            return;
        };
        match outer {
            Value::Set(all) | Value::List(all) => {
                all.iter().for_each(|outer| self.parent_leaves_of(inner, outer, found));
            }
            one => self.parent_leaves_of(inner, one, found),
        }
    }

    fn parent_leaves_of(&mut self, inner: &EntityUid, outer: &Value, found: &mut BTreeSet<Unknown>) {
        let Value::Entity(outer) = outer else {
            return;
        };
        let mut consulted = Vec::new();
        if self.world.within(inner, outer, &mut |uid| consulted.push(uid.clone())) != Truth::Unknown {
            return;
        }
        for uid in consulted {
            if self.world.parents(&uid).is_none() {
                found.insert(self.fact(Fact::Parents(uid)));
            }
        }
    }

    fn element_leaves(&mut self, id: NodeId, over: NodeId, level: u8, body: NodeId, found: &mut BTreeSet<Unknown>) {
        let collection = self.value(over);
        if matches!(collection, Operand::Unknown) {
            return self.leaves(over, found);
        }
        let Some(count) = collection.value().and_then(element_count) else {
            found.insert(Unknown { fact: None, text: self.node_text(id) });
            return;
        };
        self.open(over, level, collection);
        for index in 0..count {
            self.go_to(index);
            if self.truth(body) == Truth::Unknown {
                self.leaves(body, found);
            }
        }
        self.close();
    }

    fn node_text(&self, id: NodeId) -> Arc<str> {
        self.world.policy.node_text(id).into()
    }
}
