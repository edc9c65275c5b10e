//! Nodes, as the routines go through them for what is unknown.
//!
//! A node has its text where it can be what is unknown: an operation on known values that has no exact result. Most
//! comparisons cannot, by the types that are declared, and so have none.

use std::collections::BTreeSet;

use zt_eval::Policy;
use zt_eval::codegen::Index;
use zt_eval::graph::{CompareOp, Node};
use zt_eval::id::NodeId;
use zt_eval::pattern::Pattern;
use zt_eval::schema::Type;
use zt_eval::value::Value;

use super::data::{Data, number};
use super::row::Rows;
use super::schema::{Header, Types};
use super::texts::{Placed, Texts};
use crate::layout::*;

/// Writes the table of a policy's nodes; where it is. `tags` gets what `tag_used` tells apart.
pub fn write(
    data: &mut Data,
    policy: &Policy,
    numbers: &Numbers,
    types: &mut Types,
    tags: &mut BTreeSet<i32>,
) -> Header {
    let texts = write_texts(data, policy, numbers);
    let has_text = has_text(policy);
    let (mut rows, mut nests) = (data.rows(), false);
    // What has no number is never unknown.
    rows.place(NOWHERE.cast_unsigned());
    for id in numbers.nodes() {
        let Some(node) = policy.node(*id).filter(|node| !matches!(node, Node::Const(_))) else {
            rows.place(NOWHERE.cast_unsigned());
            continue;
        };
        tags.insert(kind(node));
        let text = has_text(*id, node).then(|| texts.place(data, &policy.node_text(*id)));
        nests |= !children(policy, node).is_empty();
        rows.place(row(data, policy, numbers, types, *id, text).share(data));
    }
    vec![(H_NODES, rows.write(data)), (H_NESTS, nests.into()), (H_TEXTS_IN_PARTS, texts.has_parts.into())]
}

/// The numbers by which nodes are asked for: 0 for those that nothing asks for by number, which are conditions of rules that
/// are nothing but the conjunction of their conjuncts, and constants that are no more than operands.
#[derive(Debug)]
pub struct Numbers {
    of: Vec<u32>,
    nodes: Vec<NodeId>,
}

impl Numbers {
    #[must_use]
    pub fn of(policy: &Policy, index: &Index) -> Self {
        let conjunctions = conjunctions(policy, index);
        let asked = asked(policy, index);
        let mut numbers = Self { of: Vec::new(), nodes: Vec::new() };
        for (at, node) in policy.nodes().iter().enumerate() {
            let id = NodeId::new(at);
            let is_operand = matches!(node, Node::Const(_)) && !asked.contains(&id);
            if is_operand || conjunctions.contains(&id) {
                numbers.of.push(0);
            } else {
                numbers.nodes.push(id);
                numbers.of.push(number(numbers.nodes.len()));
            }
        }
        numbers
    }

    /// A node's number.
    #[must_use]
    pub fn get(&self, node: NodeId) -> u32 {
        self.of.get(node.index()).copied().unwrap_or_default()
    }

    /// Behind the last number.
    #[must_use]
    pub fn end(&self) -> u32 {
        number(self.nodes.len()).saturating_add(1)
    }

    /// Nodes by number, from 1.
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }
}

/// Nodes that are asked for whatever they are: a constant among them has a number.
fn asked(policy: &Policy, index: &Index) -> BTreeSet<NodeId> {
    let rules = policy.rules();
    let mut asked: BTreeSet<NodeId> = index.conjuncts.iter().flat_map(|conjuncts| conjuncts.iter().copied()).collect();
    asked.extend(rules.iter().map(|rule| rule.condition));
    asked.extend(rules.iter().flat_map(|rule| &rule.extras.duties).flat_map(|duty| duty.args.iter().copied()));
    asked.extend(index.lookups.iter().map(|lookup| lookup.slot));
    asked.extend(index.divisions.iter().flat_map(|division| division.gates.iter().copied()));
    for node in policy.nodes() {
        match node {
            Node::Within(inner, outer) => asked.extend([*inner, *outer]),
            Node::Quantified { over, body, .. } => asked.extend([*over, *body]),
            Node::If { condition: asked_of, .. } | Node::Attribute { of: asked_of, .. } => asked.extend([*asked_of]),
            _ => {}
        }
    }
    asked
}

/// Whether a node can be what is unknown, and so has a text.
fn has_text(policy: &Policy) -> impl Fn(NodeId, &Node) -> bool {
    let args: BTreeSet<NodeId> =
        policy.rules().iter().flat_map(|rule| &rule.extras.duties).flat_map(|duty| duty.args.iter().copied()).collect();
    let conditions: BTreeSet<NodeId> = policy.rules().iter().map(|rule| rule.condition).collect();
    move |id, node| {
        let is_root = args.contains(&id) || conditions.contains(&id) && !node.is_condition();
        is_root || Shapes { policy }.can_be_named(node)
    }
}

/// Writes the nodes' texts: those that are parts of others share their bytes.
fn write_texts(data: &mut Data, policy: &Policy, numbers: &Numbers) -> Texts {
    let has_text = has_text(policy);
    let nodes = numbers.nodes().iter().filter_map(|id| Some((*id, policy.node(*id)?)));
    let mut all: Vec<String> = nodes
        .filter(|(id, node)| !matches!(node, Node::Const(_)) && has_text(*id, node))
        .map(|(id, _)| policy.node_text(id))
        .collect();
    all.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    all.dedup();
    Texts::write(data, &all)
}

/// Conditions of rules that are nothing but the conjunction of the rule's conjuncts, which are asked one by one: nothing asks
/// for the whole.
fn conjunctions(policy: &Policy, index: &Index) -> BTreeSet<NodeId> {
    let mut alone: BTreeSet<NodeId> = BTreeSet::new();
    for (at, rule) in policy.rules().iter().enumerate() {
        let conjuncts = index.conjuncts.get(at).map_or(&[][..], |conjuncts| conjuncts);
        let Some(node @ Node::And(all)) = policy.node(rule.condition) else {
            continue;
        };
        // One of which all operands are truths is unknown only where an operand is.
        let is_plain = !(Shapes { policy }).can_be_named(node);
        if is_plain && *conjuncts == **all {
            alone.insert(rule.condition);
        }
    }
    for child in policy.nodes().iter().flat_map(Node::children) {
        alone.remove(&child);
    }
    for arg in policy.rules().iter().flat_map(|rule| &rule.extras.duties).flat_map(|duty| &duty.args) {
        alone.remove(arg);
    }
    alone
}

fn row(
    data: &mut Data,
    policy: &Policy,
    numbers: &Numbers,
    types: &mut Types,
    id: NodeId,
    text: Option<Placed>,
) -> Rows {
    let mut row = data.rows();
    let Some(node) = policy.node(id) else {
        return row;
    };
    let kind = kind(node);
    let flag = |flag: i32, holds: bool| if holds { flag } else { 0 };
    let flags = flag(NODE_IS_CONDITION, node.is_condition())
        | flag(NODE_HAS_TEXT, text.is_some())
        | flag(NODE_IN_PARTS, text.is_some_and(|text| text.in_parts));
    let level = policy.level(id) & byte(NODE_LEVEL);
    row.byte(byte(kind)).byte(byte(flags) | level);
    row.list(&children(policy, node).iter().map(|child| numbers.get(*child)).collect::<Vec<_>>());
    more(data, policy, types, node, &mut row);
    if let Some(text) = text {
        row.place(text.at).number(text.len);
    }
    row
}

/// The nodes that are asked when a node is unknown.
fn children(policy: &Policy, node: &Node) -> Vec<NodeId> {
    let mut children = node.children();
    if matches!(kind(node), T_NODE_OPERATOR | T_NODE_NOW) {
        // A constant is known, and not asked.
        children.retain(|child| policy.constant_of(*child).is_none());
    }
    children
}

fn byte(number: i32) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

/// What a row has behind its children.
fn more(data: &mut Data, policy: &Policy, types: &mut Types, node: &Node, row: &mut Rows) {
    match node {
        Node::Field { record, field, .. } => row.place(types.field(data, policy.schema(), *record, *field)),
        Node::Index(_, key) => row.name(data, &format!("[{}]", policy.node_text(*key))),
        Node::Context(attribute) => row.number(*attribute),
        Node::Attribute { ty, attribute, .. } => row.number(*attribute).number(number(ty.index())),
        Node::Element(level) | Node::Quantified { level, .. } => row.number(u32::from(*level)),
        _ => row,
    };
}

fn kind(node: &Node) -> i32 {
    match node {
        Node::Context(_) => T_NODE_CONTEXT,
        Node::Attribute { .. } => T_NODE_ATTRIBUTE,
        Node::Field { .. } => T_NODE_FIELD,
        Node::Element(_) => T_NODE_ELEMENT,
        Node::Index(..) => T_NODE_INDEX,
        Node::Within(..) => T_NODE_WITHIN,
        Node::Now(..) | Node::Weekday(..) | Node::TimeOfDay(..) => T_NODE_NOW,
        Node::Quantified { .. } => T_NODE_QUANTIFIED,
        Node::If { .. } => T_NODE_IF,
        Node::Otherwise(..) => T_NODE_OTHERWISE,
        _ => T_NODE_OPERATOR,
    }
}

/// What is known beforehand of what nodes give.
struct Shapes<'p> {
    policy: &'p Policy,
}

impl Shapes<'_> {
    /// Whether a node can be unknown, or no condition, without that any operand is unknown. Rather yes than no.
    fn can_be_named(&self, node: &Node) -> bool {
        let never = match node {
            Node::Const(_)
            | Node::Context(_)
            | Node::Subject
            | Node::Resource
            | Node::IsPresent(_)
            | Node::Weekday(..)
            | Node::TimeOfDay(..)
            | Node::Otherwise(..) => true,
            Node::Now(_, time) => self.shape(*time) == Some(Type::Timestamp),
            Node::And(all) | Node::Or(all) => all.iter().all(|child| self.is_truth(*child)),
            Node::Not(of) => self.is_truth(*of),
            Node::If { condition, .. } => self.is_truth(*condition),
            Node::Quantified { over, .. } => self.shape(*over).is_some_and(|shape| is_collection(&shape)),
            Node::Compare(op, left, right) => self.both(*left, *right).is_some_and(|shapes| compares(*op, &shapes)),
            Node::Contains(outer, inner) => self.both(*outer, *inner).is_some_and(|shapes| contains(&shapes)),
            Node::ContainsAny(left, right) | Node::ContainsAll(left, right) => {
                self.both(*left, *right).is_some_and(|(left, right)| match (element(&left), element(&right)) {
                    (Some(left), Some(right)) => left == right && is_scalar(left),
                    _ => false,
                })
            }
            Node::StartsWith(left, right) => self
                .both(*left, *right)
                .is_some_and(|shapes| shapes == (Type::String, Type::String) || shapes == (Type::Path, Type::Path)),
            Node::EndsWith(left, right) => self.both(*left, *right) == Some((Type::String, Type::String)),
            Node::Is(of, _) => self.shape(*of).is_some_and(|shape| is_entity(&shape)),
            Node::IsEmpty(of) | Node::Size(of) => {
                self.shape(*of).is_some_and(|shape| shape == Type::String || is_collection(&shape))
            }
            Node::Lower(of) => self.shape(*of) == Some(Type::String),
            Node::Matches(of, pattern) => {
                let shape = match self.policy.pattern(*pattern) {
                    Some(Pattern::Glob(_)) => Some(Type::String),
                    Some(Pattern::Route(_)) => Some(Type::Path),
                    Some(Pattern::HostGlob(_)) => Some(Type::Host),
                    // An automaton can give up.
                    Some(Pattern::Regex(_)) | None => None,
                };
                shape.is_some() && self.shape(*of) == shape
            }
            Node::Within(inner, outer) => self.both(*inner, *outer).is_some_and(|(inner, outer)| {
                is_entity(&inner) && (is_entity(&outer) || element(&outer).is_some_and(is_entity))
            }),
            _ => false,
        };
        !never
    }

    fn is_truth(&self, id: NodeId) -> bool {
        self.policy.node(id).is_some_and(Node::is_condition) || self.shape(id) == Some(Type::Bool)
    }

    fn both(&self, left: NodeId, right: NodeId) -> Option<(Type, Type)> {
        Some((self.shape(left)?, self.shape(right)?))
    }

    /// The type of every value that a node gives, if it gives nothing else but what is unknown: never what is absent. Goes
    /// as deep as places nest.
    fn shape(&self, id: NodeId) -> Option<Type> {
        let schema = self.policy.schema();
        match self.policy.node(id)? {
            Node::Const(constant) => value_shape(self.policy.constant(*constant)?),
            // Whatever it is set to: nothing is decided before it has a value.
            Node::Param(param) => present(&schema.param(*param)?.ty),
            Node::Subject | Node::Resource => Some(Type::Entity(Vec::new())),
            Node::Context(at) => present(&schema.context.get(*at as usize)?.ty),
            Node::Attribute { of, ty, attribute } => {
                self.shape(*of)?;
                present(&schema.entity(*ty)?.attributes.get(*attribute as usize)?.ty)
            }
            Node::Field { of, record, field } => {
                let is_record = self.shape(*of)? == Type::Record(*record);
                let fields = &schema.record(*record)?.fields;
                if is_record { present(&fields.get(*field as usize)?.ty) } else { None }
            }
            Node::Otherwise(first, second) => {
                let shape = self.shape_if_there(*first)?;
                let is_like = self.is_empty(*second, &shape) || self.shape(*second).as_ref() == Some(&shape);
                is_like.then_some(shape)
            }
            Node::Lower(of) => self.shape(*of).filter(|shape| *shape == Type::String),
            Node::Size(of) => self.shape(*of).map(|_| Type::Int),
            Node::Key(_) => Some(Type::String),
            node if node.is_condition() => Some(Type::Bool),
            _ => None,
        }
    }

    /// The type of every value that a node gives, which may also give what is absent. What is evidence of another type is
    /// unknown. Goes as deep as places nest.
    fn shape_if_there(&self, id: NodeId) -> Option<Type> {
        let schema = self.policy.schema();
        let declared = match self.policy.node(id)? {
            Node::Context(at) => &schema.context.get(*at as usize)?.ty,
            Node::Attribute { ty, attribute, .. } => &schema.entity(*ty)?.attributes.get(*attribute as usize)?.ty,
            Node::Field { record, field, .. } => &schema.record(*record)?.fields.get(*field as usize)?.ty,
            Node::Otherwise(first, second) => {
                let shape = self.shape_if_there(*first)?;
                return (self.shape_if_there(*second).as_ref() == Some(&shape)).then_some(shape);
            }
            _ => return self.shape(id),
        };
        present(declared.present())
    }

    /// Whether a node is a constant collection of a type's kind with nothing in it.
    fn is_empty(&self, id: NodeId, ty: &Type) -> bool {
        match (self.policy.constant_of(id), ty) {
            (Some(Value::Set(all)), Type::Set(_)) | (Some(Value::List(all)), Type::List(_)) => all.is_empty(),
            _ => false,
        }
    }
}

/// A type that is not optional; entities of whatever types are alike here.
fn present(ty: &Type) -> Option<Type> {
    match ty {
        Type::Optional(_) => None,
        Type::Entity(_) => Some(Type::Entity(Vec::new())),
        Type::Set(of) => Some(Type::Set(present(of)?.into())),
        Type::List(of) => Some(Type::List(present(of)?.into())),
        other => Some(other.clone()),
    }
}

fn value_shape(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Decimal(_) => Type::Decimal,
        Value::String(_) => Type::String,
        Value::Timestamp(_) => Type::Timestamp,
        Value::Duration(_) => Type::Duration,
        Value::Ip(_) => Type::Ip,
        Value::IpRange(_) => Type::IpRange,
        Value::Version(_) => Type::Version,
        Value::Quantity(_) => Type::Quantity,
        Value::Path(_) => Type::Path,
        Value::Host(_) => Type::Host,
        Value::Enum(member) => Type::Enum(member.ty),
        Value::Entity(_) => Type::Entity(Vec::new()),
        Value::Set(all) => Type::Set(elements_shape(all)?.into()),
        Value::List(all) => Type::List(elements_shape(all)?.into()),
        Value::Map(_) | Value::Record(_) => return None,
    })
}

/// The shape that all elements have, of which there is at least one.
fn elements_shape(all: &[Value]) -> Option<Type> {
    let (first, rest) = all.split_first()?;
    let shape = value_shape(first)?;
    rest.iter().all(|each| value_shape(each).as_ref() == Some(&shape)).then_some(shape)
}

fn is_collection(ty: &Type) -> bool {
    matches!(ty, Type::Set(_) | Type::List(_) | Type::Map(_))
}

fn is_entity(ty: &Type) -> bool {
    matches!(ty, Type::Entity(_))
}

fn is_scalar(ty: &Type) -> bool {
    !is_collection(ty) && !matches!(ty, Type::Record(_) | Type::Optional(_))
}

fn element(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Set(of) | Type::List(of) => Some(of),
        _ => None,
    }
}

/// Whether any two values of these types compare.
fn compares(op: CompareOp, (left, right): &(Type, Type)) -> bool {
    let is_ordered = matches!(left, Type::Int | Type::Decimal | Type::Timestamp | Type::Duration | Type::Quantity);
    left == right && if op == CompareOp::Equal { is_scalar(left) } else { is_ordered }
}

/// Whether of any two values of these types one has the other or has not.
fn contains((outer, inner): &(Type, Type)) -> bool {
    match (outer, inner) {
        (Type::String, Type::String) | (Type::IpRange, Type::Ip) => true,
        (Type::Set(of) | Type::List(of), inner) => {
            **of == *inner && is_scalar(inner) || **of == Type::IpRange && *inner == Type::Ip
        }
        _ => false,
    }
}
