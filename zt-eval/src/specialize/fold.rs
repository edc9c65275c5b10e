//! Nodes of the whole policy to nodes of the residual.
//!
//! What a node gives is *settled* when no rest can change it; it may be settled that it is unknown. A settled single value
//! becomes a constant. Everything else settled keeps its node, made anew over its folded operands, and what reads it is
//! folded by what is known of it. All of it holds in Kleene's logic, node by node, so that conditions keep their truth: true,
//! false and unknown alike.

mod quantified;

use super::evidence::Evidence;
use super::rebuild::rebuild;
use crate::Truth;
use crate::eval::apply;
use crate::graph::build::Builder;
use crate::graph::{CompareOp, Node, NowOp, Policy};
use crate::id::{EntityTypeId, NodeId};
use crate::schema::Type;
use crate::value::{Datum, Text, Value, agreement};

/// Elements of a set that becomes a constant.
const CONSTANT_ELEMENTS_MAX: usize = 100;
/// Elements that are gone through in all; quantifiers beyond them stay as they are.
const ELEMENTS_MAX: u32 = 1 << 16;

/// What became of a node.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    /// Its node in the residual; `None` where there is none outside the quantifier whose element it is about.
    pub node: Option<NodeId>,
    /// What it gives, whatever the rest is.
    pub known: Option<Datum>,
}

impl Folded {
    fn open(node: Option<NodeId>) -> Self {
        Self { node, known: None }
    }

    fn truth(&self) -> Option<Truth> {
        self.known.as_ref().map(truth_of)
    }
}

/// Where a quantifier over a known collection is.
#[derive(Clone)]
struct Binding {
    key: Option<Text>,
    element: Datum,
}

/// Folds nodes, each once for where quantifiers are.
pub(super) struct Fold<'f, 'a, 'b> {
    evidence: &'f Evidence<'a>,
    to: &'b mut Builder,
    /// By node, while no quantifier around it is at an element.
    done: Vec<Option<Folded>>,
    /// By node, as it was written.
    verbatim: Vec<Option<NodeId>>,
    /// By level.
    bindings: Vec<Option<Binding>>,
    elements_left: u32,
}

impl<'f, 'a, 'b> Fold<'f, 'a, 'b> {
    pub fn new(evidence: &'f Evidence<'a>, to: &'b mut Builder) -> Self {
        let nodes = evidence.policy().nodes().len();
        let bindings = vec![None; crate::eval::LEVELS_MAX + 1];
        Self {
            evidence,
            to,
            done: vec![None; nodes],
            verbatim: vec![None; nodes],
            bindings,
            elements_left: ELEMENTS_MAX,
        }
    }

    pub fn policy(&self) -> &'a Policy {
        self.evidence.policy()
    }

    /// Whether a node of the residual is the constant `false`.
    pub fn is_false(&self, node: NodeId) -> bool {
        self.to.constant_truth(node) == Some(false)
    }

    /// A condition's truth, if it is settled.
    pub fn truth(&mut self, id: NodeId) -> Option<Truth> {
        self.fold(id).truth()
    }

    pub fn fold(&mut self, id: NodeId) -> Folded {
        let policy = self.policy();
        let Some(node) = policy.node(id) else { return Folded::open(None) };
        let level = usize::from(policy.level(id));
        let is_free = self.bindings.iter().take(level + 1).all(Option::is_none);
        if is_free && let Some(Some(done)) = self.done.get(id.index()) {
            return done.clone();
        }
        let folded = self.node(node);
        if is_free && let Some(place) = self.done.get_mut(id.index()) {
            *place = Some(folded.clone());
        }
        folded
    }

    fn node(&mut self, node: &Node) -> Folded {
        match node {
            Node::Const(id) => self.settled(node, self.policy().constant(*id).cloned().into()),
            Node::Subject => self.entity(node, self.evidence.partial().subject().cloned()),
            Node::Resource => self.entity(node, self.evidence.partial().resource().cloned()),
            Node::Context(at) => match self.evidence.context(*at) {
                Some(datum) => self.settled(node, datum),
                None => self.kept(node),
            },
            Node::Attribute { of, ty, attribute } => {
                let known = match self.fold(*of).known {
                    Some(Datum::Value(Value::Entity(uid))) if uid.ty == *ty => {
                        self.evidence.attribute(&uid, *attribute)
                    }
                    Some(Datum::Absent) => Some(Datum::Absent),
                    Some(_) => Some(Datum::Unknown),
                    None if self.is_asked_of(*of).is_some_and(|types| !types.contains(ty)) => Some(Datum::Unknown),
                    None => None,
                };
                self.perhaps(node, known)
            }
            Node::Element(level) => match self.binding(*level) {
                Some(at) => self.bound(at.element),
                None => self.kept(node),
            },
            Node::Key(level) => match self.binding(*level) {
                Some(at) => self.bound(at.key.map(Value::String).into()),
                None => self.kept(node),
            },
            Node::And(all) => self.connective(node, all, Truth::True),
            Node::Or(all) => self.connective(node, all, Truth::False),
            Node::If { condition, then, otherwise } => self.choice(node, *condition, *then, *otherwise),
            Node::Otherwise(first, second) => self.otherwise(node, *first, *second),
            Node::Within(inner, outer) => self.within(node, *inner, *outer),
            Node::Now(op, time) => self.now(node, *op, *time),
            Node::Quantified { quantifier, over, level, body } => {
                self.quantified(node, *quantifier, *over, *level, *body)
            }
            Node::Is(of, types) if self.is_asked_of(*of).is_some() => {
                let asked = self.is_asked_of(*of).unwrap_or_default();
                let fitting = asked.iter().filter(|ty| types.contains(ty)).count();
                match fitting {
                    0 => self.truth_node(false),
                    all if all == asked.len() => self.truth_node(true),
                    _ => self.kept(node),
                }
            }
            Node::Param(_) | Node::Weekday(..) | Node::TimeOfDay(..) => self.kept(node),
            operator => self.operator(operator),
        }
    }

    fn binding(&self, level: u8) -> Option<Binding> {
        self.bindings.get(usize::from(level)).cloned().flatten()
    }

    /// The node over its folded children. A path that can be absent stays as it was written: only of a path from the
    /// request can be said before that it is present. A known entity's attribute is absent only if it is optional itself.
    fn kept(&mut self, node: &Node) -> Folded {
        if let Node::Attribute { of, .. } | Node::Field { of, .. } = node {
            let is_of_request = matches!(self.policy().node(*of), Some(Node::Subject | Node::Resource));
            let folded = self.fold(*of);
            let can_be_absent = match (&folded.known, node) {
                (Some(Datum::Value(Value::Entity(uid))), Node::Attribute { ty, .. }) if uid.ty == *ty => {
                    self.is_optional(node)
                }
                _ => self.can_be_absent(node),
            };
            let of = if is_of_request || can_be_absent { self.path(*of) } else { folded.node };
            return Folded::open(rebuild(self.policy(), self.to, node, |_| of));
        }
        let children: Vec<(NodeId, Option<NodeId>)> =
            node.children().into_iter().map(|child| (child, self.fold(child).node)).collect();
        let of = |child| children.iter().find(|(old, _)| *old == child).and_then(|(_, new)| *new);
        Folded::open(rebuild(self.policy(), self.to, node, of))
    }

    /// The node as it was written, nothing in it folded.
    fn verbatim(&mut self, id: NodeId) -> Option<NodeId> {
        let policy = self.policy();
        if let Some(Some(known)) = self.verbatim.get(id.index()) {
            return Some(*known);
        }
        let is_free = self.bindings.iter().take(usize::from(policy.level(id)) + 1).all(Option::is_none);
        let node = policy.node(id).filter(|_| is_free)?;
        let made = self.remade(node)?;
        if let Some(place) = self.verbatim.get_mut(id.index()) {
            *place = Some(made);
        }
        Some(made)
    }

    fn remade(&mut self, node: &Node) -> Option<NodeId> {
        let children: Vec<(NodeId, Option<NodeId>)> =
            node.children().into_iter().map(|child| (child, self.verbatim(child))).collect();
        let of = |child| children.iter().find(|(old, _)| *old == child).and_then(|(_, new)| *new);
        rebuild(self.policy(), self.to, node, of)
    }

    /// A path as it was written.
    fn path(&mut self, id: NodeId) -> Option<NodeId> {
        match self.policy().node(id)? {
            node @ (Node::Subject | Node::Resource | Node::Context(_)) => {
                rebuild(self.policy(), self.to, node, |_| None)
            }
            node @ (Node::Attribute { of, .. } | Node::Field { of, .. }) => {
                let of = self.path(*of);
                rebuild(self.policy(), self.to, node, |_| of)
            }
            _ => self.fold(id).node,
        }
    }

    /// Whether a part of a path is declared optional.
    fn can_be_absent(&self, node: &Node) -> bool {
        let of = match node {
            Node::Attribute { of, .. } | Node::Field { of, .. } => self.policy().node(*of),
            _ => None,
        };
        self.is_optional(node) || of.is_some_and(|of| self.can_be_absent(of))
    }

    /// Whether the last part of a path is declared optional.
    fn is_optional(&self, node: &Node) -> bool {
        let schema = &self.policy().schema;
        let ty = match node {
            Node::Context(at) => schema.context.get(*at as usize).map(|attribute| &attribute.ty),
            Node::Attribute { ty, attribute, .. } => {
                let attribute = schema.entity(*ty).and_then(|entity| entity.attributes.get(*attribute as usize));
                attribute.map(|attribute| &attribute.ty)
            }
            Node::Field { record, field, .. } => {
                let field = schema.record(*record).and_then(|record| record.fields.get(*field as usize));
                field.map(|field| &field.ty)
            }
            Node::Index(..) => return true,
            _ => None,
        };
        ty.is_some_and(Type::is_optional)
    }

    /// A node that gives this whatever the rest is.
    fn settled(&mut self, node: &Node, known: Datum) -> Folded {
        let node = match &known {
            Datum::Value(value) if is_constant(value) || matches!(node, Node::Const(_)) => {
                Some(self.to.constant(value.clone()))
            }
            // On constants the compiler refuses what has no result.
            Datum::Unknown if matches!(node, Node::Arith(..) | Node::Negate(_)) => self.remade(node),
            _ => self.kept(node).node,
        };
        Folded { node, known: Some(known) }
    }

    fn perhaps(&mut self, node: &Node, known: Option<Datum>) -> Folded {
        match known {
            Some(known) => self.settled(node, known),
            None => self.kept(node),
        }
    }

    fn entity(&mut self, node: &Node, uid: Option<crate::value::EntityUid>) -> Folded {
        self.perhaps(node, uid.map(|uid| Datum::Value(Value::Entity(uid))))
    }

    /// A part of a known collection: it has a node only as a constant.
    fn bound(&mut self, known: Datum) -> Folded {
        let node = known.value().filter(|value| is_constant(value)).cloned().map(|value| self.to.constant(value));
        Folded { node, known: Some(known) }
    }

    fn truth_node(&mut self, known: bool) -> Folded {
        Folded { node: Some(self.to.truth(known)), known: Some(Datum::Value(Value::Bool(known))) }
    }

    /// `and` with the unit true, or `or` with the unit false.
    fn connective(&mut self, node: &Node, all: &[NodeId], unit: Truth) -> Folded {
        let mut parts = Vec::with_capacity(all.len());
        for part in all {
            let folded = self.fold(*part);
            match folded.truth() {
                Some(truth) if truth == unit => {}
                Some(truth) if truth == unit.not() => return self.truth_node(truth == Truth::True),
                _ => parts.push(folded),
            }
        }
        if parts.is_empty() {
            return self.truth_node(unit == Truth::True);
        }
        let known = parts.iter().all(|part| part.known.is_some()).then_some(Datum::Unknown);
        let nodes: Option<Vec<NodeId>> = parts.iter().map(|part| part.node).collect();
        let node = nodes.map(|nodes| if matches!(node, Node::And(_)) { self.to.and(nodes) } else { self.to.or(nodes) });
        Folded { node, known }
    }

    fn choice(&mut self, node: &Node, condition: NodeId, then: NodeId, otherwise: NodeId) -> Folded {
        let (then, otherwise) = match self.truth(condition) {
            Some(Truth::True) => return self.fold(then),
            Some(Truth::False) => return self.fold(otherwise),
            truth => {
                let (then, otherwise) = (self.fold(then).known, self.fold(otherwise).known);
                match (then, otherwise) {
                    (Some(then), Some(otherwise)) if truth.is_some() || then == otherwise => (then, otherwise),
                    _ => return self.kept(node),
                }
            }
        };
        let known = agreement(&then, &otherwise);
        self.settled(node, known)
    }

    fn otherwise(&mut self, node: &Node, first: NodeId, second: NodeId) -> Folded {
        let folded = self.fold(first);
        match folded.known {
            Some(Datum::Absent) => self.fold(second),
            Some(known) => self.settled(node, known),
            None => self.kept(node),
        }
    }

    /// The types that a subject or a resource can have that is not known yet.
    fn is_asked_of(&self, id: NodeId) -> Option<Vec<EntityTypeId>> {
        let partial = self.evidence.partial();
        let action = self.policy().schema.action(partial.action())?;
        match self.policy().node(id)? {
            Node::Subject if partial.subject().is_none() => Some(action.subjects.clone()),
            Node::Resource if partial.resource().is_none() => Some(action.resources.clone()),
            _ => None,
        }
    }

    /// Whether an entity that is not known yet is, by its type, none of these, which are known.
    fn is_none_of(&mut self, id: NodeId, these: NodeId) -> bool {
        let Some(types) = self.is_asked_of(id) else { return false };
        let is_other = |value: &Value| matches!(value, Value::Entity(uid) if !types.contains(&uid.ty));
        match self.fold(these).known {
            Some(Datum::Value(Value::Set(all) | Value::List(all))) => all.iter().all(is_other),
            Some(Datum::Value(one)) => is_other(&one),
            _ => false,
        }
    }

    /// Whether an entity that is not known yet can lie within any of these, by its type.
    fn can_be_within(&self, inner: NodeId, outer: &Value) -> bool {
        let Some(types) = self.is_asked_of(inner) else { return true };
        let leads_to = &self.policy().derived.leads_to;
        let leads = |from: &EntityTypeId, to: &Value| match to {
            Value::Entity(to) => leads_to.get(from.index()).and_then(|row| row.get(to.ty.index())) == Some(&true),
            _ => true,
        };
        types.iter().any(|from| match outer {
            Value::Set(all) | Value::List(all) => all.iter().any(|to| leads(from, to)),
            one => leads(from, one),
        })
    }

    fn within(&mut self, node: &Node, inner: NodeId, outer: NodeId) -> Folded {
        let known = match (self.fold(inner).known, self.fold(outer).known) {
            (Some(Datum::Value(Value::Entity(inner))), Some(Datum::Value(outer))) => {
                self.evidence.within(&inner, &outer).map(datum_of)
            }
            (None, Some(Datum::Value(outer))) if !self.can_be_within(inner, &outer) => {
                Some(Datum::Value(Value::Bool(false)))
            }
            (Some(Datum::Value(Value::Entity(_))), None) | (None, Some(Datum::Value(_)) | None) => None,
            _ => Some(Datum::Unknown),
        };
        self.perhaps(node, known)
    }

    fn now(&mut self, node: &Node, op: NowOp, time: NodeId) -> Folded {
        let known = match self.fold(time).known {
            Some(Datum::Value(Value::Timestamp(time))) => {
                self.evidence.now(op, time).map(|known| Datum::Value(Value::Bool(known)))
            }
            Some(_) => Some(Datum::Unknown),
            None => None,
        };
        self.perhaps(node, known)
    }

    fn operator(&mut self, node: &Node) -> Folded {
        let children: Vec<(NodeId, Option<Datum>)> =
            node.children().into_iter().map(|child| (child, self.fold(child).known)).collect();
        let of = |child| children.iter().find(|(id, _)| *id == child).and_then(|(_, known)| known.clone());
        let known = if children.iter().all(|(_, known)| known.is_some()) {
            apply(node, &self.policy().patterns, |child| of(child).unwrap_or(Datum::Unknown))
        } else if let Node::Index(map, _) = node {
            of(*map).filter(|map| map.value().is_none())
        } else {
            // All other operators with two operands are unknown as soon as one of them is no value.
            let has_no_value = |known: &Option<Datum>| known.as_ref().is_some_and(|known| known.value().is_none());
            children.iter().any(|(_, known)| has_no_value(known)).then_some(Datum::Unknown)
        };
        match (known, node) {
            (Some(known), _) => self.settled(node, known),
            (None, Node::Compare(CompareOp::Equal, a, b)) if self.is_none_of(*a, *b) || self.is_none_of(*b, *a) => {
                self.truth_node(false)
            }
            (None, Node::Contains(collection, element)) if self.is_none_of(*element, *collection) => {
                self.truth_node(false)
            }
            (None, Node::Contains(collection, element)) => self.membership(node, of(*collection), *element),
            _ => self.kept(node),
        }
    }

    /// Where only membership is asked, a list may be written as well as a set.
    fn membership(&mut self, node: &Node, collection: Option<Datum>, element: NodeId) -> Folded {
        let (Some(Datum::Value(Value::List(all))), Some(element)) = (collection, self.fold(element).node) else {
            return self.kept(node);
        };
        let set = Value::set(all.to_vec());
        if !is_constant(&set) {
            return self.kept(node);
        }
        let set = self.to.constant(set);
        Folded::open(Some(self.to.contains(set, element)))
    }

    /// A condition in which everything surely unknown is settled so that it is `wanted` in the same cases as before: what is
    /// unknown is not what is wanted.
    pub fn settle(&mut self, id: NodeId, wanted: bool) -> Option<NodeId> {
        let folded = self.fold(id);
        if folded.truth() == Some(Truth::Unknown) {
            return Some(self.to.truth(!wanted));
        }
        if folded.known.is_some() {
            return folded.node;
        }
        match self.policy().node(id)? {
            Node::And(all) => {
                let all: Option<Vec<NodeId>> = all.iter().map(|part| self.settle(*part, wanted)).collect();
                all.map(|all| self.to.and(all))
            }
            Node::Or(all) => {
                let all: Option<Vec<NodeId>> = all.iter().map(|part| self.settle(*part, wanted)).collect();
                all.map(|all| self.to.or(all))
            }
            Node::Not(of) => self.settle(*of, !wanted).map(|of| self.to.not(of)),
            _ => folded.node,
        }
    }
}

/// Whether a value that was found can stand as a constant: single values, and sets of them that say what they are sets of.
/// Records and maps have no literals, and a list that is written out is a set unless its place says otherwise.
fn is_constant(value: &Value) -> bool {
    let is_single = |value: &Value| !matches!(value, Value::Set(_) | Value::List(_) | Value::Map(_) | Value::Record(_));
    match value {
        Value::Set(all) => (1..=CONSTANT_ELEMENTS_MAX).contains(&all.len()) && all.iter().all(is_single),
        other => is_single(other),
    }
}

fn truth_of(datum: &Datum) -> Truth {
    match datum {
        Datum::Value(Value::Bool(known)) => (*known).into(),
        _ => Truth::Unknown,
    }
}

fn datum_of(truth: Truth) -> Datum {
    match truth {
        Truth::True => Datum::Value(Value::Bool(true)),
        Truth::False => Datum::Value(Value::Bool(false)),
        Truth::Unknown => Datum::Unknown,
    }
}
