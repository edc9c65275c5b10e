//! What was unknown and mattered.
//!
//! From a node that is unknown the walk goes down through operands that are, to facts that are to be found out, or to
//! operations on known values that have no exact result. Data that were computed already are not computed again, except
//! inside quantifiers, whose elements are gone through once more.

use std::fmt::Write;

use super::evaluator::Evaluator;
use super::operand::{Operand, element_count};
use crate::Truth;
use crate::decision::Fact;
use crate::graph::Node;
use crate::id::NodeId;
use crate::schema::text::Member;
use crate::value::{Datum, EntityUid, Value};

impl<'a> Evaluator<'a, '_> {
    /// Collects what makes a condition, or a value, unknown.
    pub fn leaves(&mut self, id: NodeId) {
        if self.value(id).value().is_some() || !self.scratch.enter(id, self.derived) {
            return;
        }
        let Some(node) = self.world.policy.nodes.get(id.index()) else {
            return;
        };
        match node {
            Node::Context(_) | Node::Attribute { .. } | Node::Field { .. } | Node::Element(_) | Node::Index(..) => {
                self.place_leaves(id, node);
            }
            Node::Within(inner, outer) if self.are_values(node) => self.parent_leaves(*inner, *outer),
            Node::Now(..) | Node::Weekday(..) | Node::TimeOfDay(..) if self.are_values(node) => {
                self.add_fact(Fact::Now);
            }
            Node::Quantified { over, level, body, .. } => self.element_leaves(id, *over, *level, *body),
            Node::If { condition, then, otherwise } => match self.truth(*condition) {
                Truth::True => self.leaves(*then),
                Truth::False => self.leaves(*otherwise),
                Truth::Unknown => self.operand_leaves(id, node),
            },
            _ => self.operand_leaves(id, node),
        }
    }

    fn are_values(&mut self, node: &Node) -> bool {
        let mut are_values = true;
        node.each_child(|child| are_values = are_values && self.value(child).value().is_some());
        are_values
    }

    /// The leaves of the operands that are unknown; when none is, the operation itself.
    fn operand_leaves(&mut self, id: NodeId, node: &Node) {
        let mut is_any_unknown = false;
        node.each_child(|child| {
            if matches!(self.value(child), Operand::Unknown) {
                is_any_unknown = true;
                self.leaves(child);
            }
        });
        if !is_any_unknown && !self.choice_leaves(node) {
            self.add_node(id);
        }
    }

    /// What leaves open which of two records it is that a part is asked of; whether anything does.
    fn choice_leaves(&mut self, node: &Node) -> bool {
        let of = match node {
            Node::Field { of, .. } | Node::Index(of, _) => Some(*of),
            Node::Element(level) => self.binding(*level).map(|binding| binding.over),
            Node::If { condition, then, otherwise } => match self.truth(*condition) {
                Truth::True => Some(*then),
                Truth::False => Some(*otherwise),
                Truth::Unknown => {
                    self.leaves(*condition);
                    return true;
                }
            },
            _ => None,
        };
        let policy = self.world.policy;
        of.and_then(|of| policy.nodes.get(of.index())).is_some_and(|of| self.choice_leaves(of))
    }

    /// Collects what makes an argument of an obligation not wholly known.
    pub fn argument_leaves(&mut self, id: NodeId) {
        match self.datum(id) {
            Datum::Value(value) if value.is_wholly_known() => {}
            Datum::Value(_) => {
                if self.add_place(id).is_none() {
                    self.add_node(id);
                }
            }
            Datum::Unknown | Datum::Absent => self.leaves(id),
        }
    }

    /// A place in the evidence: what it is in, when that is unknown, else the place itself.
    fn place_leaves(&mut self, id: NodeId, node: &'a Node) {
        let mut is_inside_unknown = false;
        node.each_child(|child| {
            is_inside_unknown = is_inside_unknown || matches!(self.value(child), Operand::Unknown);
        });
        let waits_for_now = if is_inside_unknown { None } else { self.add_place(id) };
        match waits_for_now {
            Some(true) => self.add_fact(Fact::Now),
            Some(false) => {}
            None => self.operand_leaves(id, node),
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

    /// Adds the place in the evidence that a node's datum comes from, when it is a part of one fact; whether that waits for
    /// the instant of the decision.
    fn add_place(&mut self, id: NodeId) -> Option<bool> {
        let mut line = std::mem::take(&mut self.scratch.unknowns.line);
        line.clear();
        let fact = self.place(id, &mut line);
        self.scratch.unknowns.line = line;
        let waits_for_now = self.waits_for_now(fact.as_ref()?);
        self.scratch.unknowns.add_line(fact);
        Some(waits_for_now)
    }

    /// Where in the evidence a node's datum comes from, when it is a part of one fact: that fact, and how the place reads.
    fn place(&mut self, id: NodeId, line: &mut String) -> Option<Fact> {
        let policy = self.world.policy;
        let (fact, part) = match policy.nodes.get(id.index())? {
            Node::Context(attribute) => return self.fact_place(Fact::Context(*attribute), line),
            Node::Attribute { of, ty, attribute } => match self.datum(*of) {
                Datum::Value(Value::Entity(uid)) if uid.ty == *ty => {
                    return self.fact_place(Fact::Attribute(uid, *attribute), line);
                }
                _ => return None,
            },
            Node::Field { of, record, field } => {
                let fact = self.place(*of, line)?;
                let field = policy.schema.record(*record)?.fields.get(*field as usize)?;
                (fact, write!(line, ".{}", Member(&field.name)))
            }
            Node::Element(level) => {
                let over = self.binding(*level)?.over;
                (self.place(over, line)?, line.write_str("[]"))
            }
            Node::Index(map, key) => {
                let fact = self.place(*map, line)?;
                line.push('[');
                policy.write_node(line, *key, &mut self.scratch.unknowns.walk);
                (fact, line.write_str("]"))
            }
            Node::Otherwise(first, second) => match self.value(*first) {
                Operand::Absent => return self.place(*second, line),
                _ => return self.place(*first, line),
            },
            Node::If { condition, then, otherwise } => match self.truth(*condition) {
                Truth::True => return self.place(*then, line),
                Truth::False => return self.place(*otherwise, line),
                Truth::Unknown => return None,
            },
            _ => return None,
        };
        part.ok().map(|()| fact)
    }

    fn fact_place(&self, fact: Fact, line: &mut String) -> Option<Fact> {
        self.world.policy.schema.write_fact(line, &fact).ok().map(|()| fact)
    }

    fn add_fact(&mut self, fact: Fact) {
        self.scratch.unknowns.add_fact(&self.world.policy.schema, fact);
    }

    /// Adds an operation on known values that has no exact result.
    fn add_node(&mut self, id: NodeId) {
        self.scratch.unknowns.add_node(self.world.policy, id);
    }

    /// The entities whose unknown parents leave it open whether one lies within another.
    fn parent_leaves(&mut self, inner: NodeId, outer: NodeId) {
        let (inner, outer) = (self.datum(inner), self.datum(outer));
        let (Some(Value::Entity(inner)), Some(outer)) = (inner.value(), outer.value()) else {
            return;
        };
        match outer {
            Value::Set(all) | Value::List(all) => {
                all.iter().for_each(|outer| self.parent_leaves_of(inner, outer));
            }
            one => self.parent_leaves_of(inner, one),
        }
    }

    fn parent_leaves_of(&mut self, inner: &EntityUid, outer: &Value) {
        let Value::Entity(outer) = outer else {
            return;
        };
        if self.way_leaves(inner, outer).is_some() {
            return;
        }
        let mut climb = std::mem::take(&mut self.scratch.climb);
        let mut consulted = std::mem::take(&mut self.scratch.consulted);
        let truth = self.world.within_using(inner, outer, &mut climb, &mut |uid| consulted.push(uid.clone()));
        for uid in consulted.drain(..) {
            self.scratch.computed += 1;
            if truth == Truth::Unknown {
                self.add_open(&uid);
            }
        }
        (self.scratch.climb, self.scratch.consulted) = (climb, consulted);
    }

    /// Adds the parents of an entity, if they are unknown.
    pub fn add_open(&mut self, uid: &EntityUid) {
        if self.world.parents(uid).is_none() {
            self.add_fact(Fact::Parents(uid.clone()));
        }
    }

    fn element_leaves(&mut self, id: NodeId, over: NodeId, level: u8, body: NodeId) {
        let collection = self.value(over);
        if matches!(collection, Operand::Unknown) {
            return self.leaves(over);
        }
        let Some(count) = collection.value().and_then(element_count) else {
            self.add_node(id);
            return;
        };
        self.open(over, level, collection);
        for index in 0..count {
            self.go_to(index);
            if self.truth(body) == Truth::Unknown {
                self.leaves(body);
            }
        }
        self.close();
    }
}
