//! Nodes to data.
//!
//! A node that several others read is computed at most once for a request (inside a quantifier, once for each element), and
//! every fact and instant on which its datum rests is noted when it is read. Conditions give a truth, everything else an
//! operand that borrows evidence from where it is kept. Recursion is bounded by the policy's `node_depth_max`. Evaluation is
//! total on every validated graph, also where types are mixed up: what has no meaning is unknown.

use arrayvec::ArrayVec;

use super::apply::{compare, compute, test};
use super::asked::Asked;
use super::operand::Operand;
use super::quantified::Truths;
use super::scratch::{LEVELS_MAX, Scratch};
use crate::Truth;
use crate::decision::Fact;
use crate::facts::{Known, Reading, World};
use crate::graph::short::{Form, Short};
use crate::graph::{Derived, Node, Quantifier};
use crate::id::{EntityTypeId, NodeId, ParamId};
use crate::index::Join;
use crate::value::{Datum, EntityUid, Value, agreement};

pub(super) struct Evaluator<'a, 's> {
    pub world: World<'a>,
    pub derived: &'a Derived,
    /// The short forms that nodes are evaluated by: none where all that they read is to be kept.
    pub short: &'a Short,
    /// Where the store's entities lie, in terms of the policy.
    pub join: &'a Join,
    pub subject: &'s Asked<'a>,
    pub resource: &'s Asked<'a>,
    pub scratch: &'s mut Scratch,
    /// What was borrowed for the nodes that [`Derived::held`] names; no memory of it where it is empty.
    pub held: &'s mut [Option<Known<'a>>],
    /// Where the enclosing quantifiers are, outermost first.
    pub bindings: ArrayVec<Binding<'a>, LEVELS_MAX>,
    /// Whether facts and flips are wanted.
    pub notes: bool,
}

/// Where a quantifier is.
pub(super) struct Binding<'a> {
    pub level: u8,
    /// The collection's node.
    pub over: NodeId,
    pub collection: Operand<'a>,
    pub index: usize,
    /// The element that it is at, if the collection is borrowed.
    pub element: Option<&'a Value>,
}

impl<'a, 's> Evaluator<'a, 's> {
    /// The truth of a condition.
    #[inline]
    pub fn truth(&mut self, id: NodeId) -> Truth {
        match self.truth_for_short(id) {
            Some(truth) => truth,
            None => self.truth_at_length(id),
        }
    }

    fn truth_at_length(&mut self, id: NodeId) -> Truth {
        let Some(node) = self.world.policy.nodes.get(id.index()) else {
            return Truth::Unknown;
        };
        // What many conditions are made of goes a shorter way; none of it is kept but for explanations.
        match node {
            _ if self.scratch.keeps_all() => {}
            Node::Context(attribute) => return self.context(*attribute).truth(),
            Node::Compare(op, left, right) => {
                if let Some((left, right)) = self.borrow_both(*left, *right) {
                    self.count_node(node);
                    return compare(*op, left, right);
                }
            }
            Node::Within(inner, outer) if self.scratch.place(id, self.derived).is_none() => {
                self.count_node(node);
                return self.within(*inner, *outer);
            }
            Node::Or(any) if self.scratch.place(id, self.derived).is_none() => {
                self.count_node(node);
                return self.any(any);
            }
            _ => {
                if let Some(known) = self.borrow(id) {
                    return known.truth();
                }
            }
        }
        let Some(place) = self.scratch.place(id, self.derived) else {
            return match self.condition_of(node) {
                Some(truth) => truth,
                None => self.value_of(node).truth(),
            };
        };
        if let Some(known) = self.scratch.recall_at(place, id, self.derived) {
            return Operand::from(known).truth();
        }
        // The stamp of this node's level is the same afterwards: quantifiers inside it bind deeper levels only.
        match self.condition_of(node) {
            Some(truth) => {
                self.scratch.keep_at(place, id, self.derived, Operand::from(truth).into_datum());
                truth
            }
            None => self.compute_value(place, id, node).truth(),
        }
    }

    /// What a node gives.
    pub fn value(&mut self, id: NodeId) -> Operand<'a> {
        let Some(node) = self.world.policy.nodes.get(id.index()) else {
            return Operand::Unknown;
        };
        if !self.scratch.keeps_all()
            && let Some(known) = self.borrow(id)
        {
            return known.into();
        }
        let Some(place) = self.scratch.place(id, self.derived) else {
            return match self.condition_of(node) {
                Some(truth) => truth.into(),
                None => self.value_of(node),
            };
        };
        if let Some(known) = self.scratch.recall_at(place, id, self.derived) {
            return known.clone().into();
        }
        match self.condition_of(node) {
            Some(truth) => {
                self.scratch.keep_at(place, id, self.derived, Operand::from(truth).into_datum());
                truth.into()
            }
            None => self.compute_value(place, id, node),
        }
    }

    fn compute_value(&mut self, place: usize, id: NodeId, node: &'a Node) -> Operand<'a> {
        let operand = self.value_of(node);
        self.scratch.keep_at(place, id, self.derived, operand.to_datum());
        operand
    }

    /// What a node gives, if that is kept somewhere and can be borrowed as it is: evidence, and what is inside of it.
    pub fn borrow(&mut self, id: NodeId) -> Option<Known<'a>> {
        match self.short.form(id) {
            Form::Path(at) => return self.follow(self.short.path(at)?),
            Form::Const(id) => return self.world.policy.consts.get(id.index()).map(Known::Value),
            Form::Subject => return Some(Known::Value(self.subject.uid)),
            Form::Resource => return Some(Known::Value(self.resource.uid)),
            Form::Leaf(_) | Form::Lies(_) | Form::Node => {}
        }
        if !self.derived.is_borrowed(id) {
            return None;
        }
        let Some(at) = self.derived.held_at(id) else {
            return self.borrow_anew(id);
        };
        if let Some(Some(known)) = self.held.get(at) {
            return Some(*known);
        }
        let known = self.borrow_anew(id)?;
        if let Some(place) = self.held.get_mut(at) {
            *place = Some(known);
        }
        Some(known)
    }

    fn borrow_anew(&mut self, id: NodeId) -> Option<Known<'a>> {
        match self.world.policy.nodes.get(id.index())? {
            Node::Attribute { of, ty, attribute } => {
                let asked = self.asked(*of);
                let owner = match asked {
                    Some(asked) => Known::Value(asked.uid),
                    None => self.borrow(*of)?,
                };
                let uid = match owner {
                    Known::Value(Value::Entity(uid)) => uid,
                    Known::Absent => return Some(Known::Absent),
                    _ => return Some(Known::Unknown),
                };
                let said = asked.map_or_else(|| self.world.speaker(uid).attributes(), |asked| asked.attributes);
                Some(self.attribute(uid, said, *ty, *attribute))
            }
            Node::Field { of, field, .. } => Some(match self.borrow(*of)? {
                Known::Value(Value::Record(fields)) => fields.get(*field as usize).map_or(Known::Unknown, Known::from),
                Known::Absent => Known::Absent,
                _ => Known::Unknown,
            }),
            Node::Otherwise(first, second) => match self.borrow(*first)? {
                Known::Absent => self.borrow(*second),
                known => Some(known),
            },
            Node::If { condition, then, otherwise } => match self.truth(*condition) {
                Truth::True => self.borrow(*then),
                Truth::False => self.borrow(*otherwise),
                // What both agree on is computed.
                Truth::Unknown => None,
            },
            Node::Element(level) => self.binding(*level)?.element.map(Known::Value),
            node => self.read(node),
        }
    }

    /// What a node gives that reads evidence or a constant by itself.
    #[inline]
    fn read(&mut self, node: &'a Node) -> Option<Known<'a>> {
        match node {
            Node::Const(id) => self.world.policy.consts.get(id.index()).map(Known::Value),
            Node::Param(id) => Some(self.param(*id)),
            Node::Subject => Some(Known::Value(self.subject.uid)),
            Node::Resource => Some(Known::Value(self.resource.uid)),
            Node::Context(attribute) => Some(self.context(*attribute)),
            _ => None,
        }
    }

    /// The same of two nodes.
    #[inline]
    fn borrow_both(&mut self, left: NodeId, right: NodeId) -> Option<(Known<'a>, Known<'a>)> {
        if !self.derived.is_borrowed(left) || !self.derived.is_borrowed(right) {
            return None;
        }
        Some((self.borrow(left)?, self.borrow(right)?))
    }

    /// The truth of a node that is a condition by its kind.
    fn condition_of(&mut self, node: &'a Node) -> Option<Truth> {
        let truth = match node {
            Node::And(all) => self.all(all),
            Node::Or(all) => self.any(all),
            Node::Not(of) => self.truth(*of).not(),
            Node::Within(inner, outer) => self.within(*inner, *outer),
            Node::Now(op, time) => self.compare_now(*op, *time),
            Node::Weekday(zone, days) => self.weekday(*zone, *days),
            Node::TimeOfDay(zone, ranges) => self.time_of_day(*zone, ranges),
            Node::Quantified { quantifier: Quantifier::Count, .. } => return None,
            Node::Quantified { quantifier, over, level, body } => {
                let truths = self.quantified(*quantifier, *over, *level, *body);
                truths.map_or(Truth::Unknown, |truths| truths.truth(*quantifier))
            }
            operator => {
                let patterns = &self.world.policy.patterns;
                test(operator, patterns, |operand| self.value(operand))?
            }
        };
        self.count_node(node);
        Some(truth)
    }

    fn value_of(&mut self, node: &'a Node) -> Operand<'a> {
        self.count_node(node);
        match node {
            Node::Attribute { of, ty, attribute } => self.attribute_of(*of, *ty, *attribute),
            Node::Element(level) => self.binding(*level).map_or(Operand::Unknown, |at| at.collection.element(at.index)),
            Node::Key(level) => self.binding(*level).map_or(Operand::Unknown, |at| at.collection.key(at.index)),
            Node::If { condition, then, otherwise } => self.choose(*condition, *then, *otherwise),
            Node::Otherwise(first, second) => match self.value(*first) {
                Operand::Absent => self.value(*second),
                known => known,
            },
            Node::Quantified { quantifier, over, level, body } => {
                self.quantified(*quantifier, *over, *level, *body).map_or(Operand::Unknown, Truths::count)
            }
            Node::Const(_) | Node::Param(_) | Node::Subject | Node::Resource | Node::Context(_) => {
                self.read(node).map_or(Operand::Unknown, Operand::from)
            }
            operator => {
                let patterns = &self.world.policy.patterns;
                compute(operator, patterns, |operand| self.value(operand)).unwrap_or(Operand::Unknown)
            }
        }
    }

    #[inline]
    pub fn count(&mut self, id: NodeId) {
        if cfg!(test) {
            self.world.policy.nodes.get(id.index()).into_iter().for_each(|node| self.scratch.note_computed(node));
        }
    }

    #[inline]
    fn count_node(&mut self, node: &Node) {
        if cfg!(test) {
            self.scratch.note_computed(node);
        }
    }

    fn param(&self, id: ParamId) -> Known<'a> {
        match self.world.policy.schema.param(id) {
            Some(param) if param.value.is_none() && param.ty.is_optional() => Known::Absent,
            Some(param) => param.value.as_ref().map_or(Known::Unknown, Known::Value),
            None => Known::Unknown,
        }
    }

    #[inline]
    fn context(&mut self, attribute: u32) -> Known<'a> {
        if let Some(known) = self.world.lasting_context(attribute) {
            if self.notes {
                self.note_context(attribute);
            }
            return known;
        }
        let reading = self.world.context(attribute);
        self.note_reading(&reading, attribute, Fact::Context);
        reading.datum
    }

    /// The attribute of an entity that is neither the subject nor the resource.
    fn attribute_of(&mut self, of: NodeId, ty: EntityTypeId, attribute: u32) -> Operand<'a> {
        let owner = self.value(of);
        match owner.value() {
            Some(Value::Entity(uid)) => {
                let said = self.world.speaker(uid).attributes();
                self.attribute(uid, said, ty, attribute).into()
            }
            None if matches!(owner, Operand::Absent) => Operand::Absent,
            _ => Operand::Unknown,
        }
    }

    /// The subject or the resource, if the node is that.
    #[inline]
    pub fn asked(&self, node: NodeId) -> Option<&'s Asked<'a>> {
        match self.derived.short.form(node) {
            Form::Subject => Some(self.subject),
            Form::Resource => Some(self.resource),
            _ => None,
        }
    }

    #[inline]
    fn attribute(&mut self, uid: &EntityUid, said: &'a [Datum], ty: EntityTypeId, attribute: u32) -> Known<'a> {
        if uid.ty != ty {
            return Known::Unknown;
        }
        if let Some(known) = self.world.lasting_attribute(ty, said, attribute) {
            if self.notes {
                self.note_attribute(uid, attribute);
            }
            return known;
        }
        let reading = self.world.attribute_said(ty, said, attribute);
        self.note_reading(&reading, attribute, |at| Fact::Attribute(uid.clone(), at));
        reading.datum
    }

    // Where notes are taken is out of the way of where none are.
    #[inline(never)]
    pub fn note_context(&mut self, attribute: u32) {
        self.scratch.note(Fact::Context(attribute));
    }

    #[inline(never)]
    pub fn note_attribute(&mut self, uid: &EntityUid, attribute: u32) {
        self.scratch.note(Fact::Attribute(uid.clone(), attribute));
    }

    #[inline(never)]
    pub fn note_parents(&mut self, uid: &EntityUid) {
        self.scratch.note(Fact::Parents(uid.clone()));
    }

    fn note_reading(&mut self, reading: &Reading<'_>, attribute: u32, fact: impl Fn(u32) -> Fact) {
        if !self.notes {
            return;
        }
        self.scratch.note(fact(attribute));
        reading.clocks().for_each(|clock| self.scratch.note(fact(clock)));
        if reading.used_now {
            self.scratch.note(Fact::Now);
        }
        self.scratch.flips_at(reading.until);
    }

    fn all(&mut self, nodes: &[NodeId]) -> Truth {
        let mut truth = Truth::True;
        for node in nodes {
            truth = truth.and(self.truth(*node));
            if truth == Truth::False {
                break;
            }
        }
        truth
    }

    fn any(&mut self, nodes: &[NodeId]) -> Truth {
        let mut truth = Truth::False;
        for node in nodes {
            truth = truth.or(self.truth(*node));
            if truth == Truth::True {
                break;
            }
        }
        truth
    }

    fn choose(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) -> Operand<'a> {
        match self.truth(condition) {
            Truth::True => self.value(then),
            Truth::False => self.value(otherwise),
            Truth::Unknown => {
                let (then, otherwise) = (self.value(then), self.value(otherwise));
                agreement(&then.into_datum(), &otherwise.into_datum()).into()
            }
        }
    }
}
