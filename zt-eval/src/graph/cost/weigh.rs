//! What one computation of a node takes at most, and how large what it gives can be, at the policy's limits.
//!
//! Sizes follow from declared types and constants, and from the nodes that a node reads; those of a variable from all
//! collections that its level goes through. A collection depends on outer variables only, so a few passes settle them.

use crate::eval::LEVELS_MAX;
use crate::graph::{Node, Policy};
use crate::id::{NodeId, RecordId};
use crate::schema::{Attribute, Type};
use crate::value::{SetOp, Value};

/// Bounds for one node.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct Weight {
    /// Steps of the node itself, without the nodes that it reads and the elements that it goes through.
    pub own: u64,
    pub size: Size,
    /// Steps to compute it with all that it reads, nothing being remembered.
    pub whole: u64,
    /// Steps to find out where in the evidence it comes from.
    pub trail: u64,
}

/// How large a value can be.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct Size {
    /// Elements of the longest collection in it.
    pub elements: u64,
    /// Elements and fields at any depth.
    pub parts: u64,
}

impl Size {
    fn or(self, other: Self) -> Self {
        Self { elements: self.elements.max(other.elements), parts: self.parts.max(other.parts) }
    }

    fn and(self, other: Self) -> Self {
        Self { elements: self.elements.saturating_add(other.elements), parts: self.parts.saturating_add(other.parts) }
    }

    /// A collection of so many of these.
    fn times(self, count: u64) -> Self {
        let parts = self.parts.saturating_add(1).saturating_mul(count);
        Self { elements: self.elements.max(count), parts }
    }

    /// All of these side by side.
    fn of_all(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::default(), |sum, each| Self {
            elements: sum.elements.max(each.elements),
            parts: sum.parts.saturating_add(each.parts).saturating_add(1),
        })
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Set(all) | Value::List(all) => Self::of_all(all.iter().map(Self::of)).with_elements(all.len()),
            Value::Map(all) => Self::of_all(all.iter().map(|(_, value)| Self::of(value))).with_elements(all.len()),
            Value::Record(all) => Self::of_all(all.iter().map(|field| field.value().map_or(Self::default(), Self::of))),
            _ => Self::default(),
        }
    }

    fn with_elements(self, count: usize) -> Self {
        Self { elements: self.elements.max(count as u64), ..self }
    }
}

/// Weighs nodes.
pub(super) struct Scale<'p> {
    policy: &'p Policy,
    /// By record type.
    records: Vec<Option<Size>>,
    /// By level: what its variable can be.
    variables: [Weight; LEVELS_MAX + 1],
    /// By node.
    weights: Vec<Weight>,
    /// Steps of a test of one entity against one other.
    climb: u64,
}

/// By node, its bounds; and the steps of a hierarchy test of one entity against one other.
pub(super) fn weigh(policy: &Policy) -> (Vec<Weight>, u64) {
    let climb = climb(policy);
    let records = vec![None; policy.schema.records.len()];
    let variables = [Weight::default(); LEVELS_MAX + 1];
    let mut scale = Scale { policy, records, variables, weights: Vec::new(), climb };
    loop {
        scale.weigh_all();
        let variables = scale.find_variables();
        if variables == scale.variables {
            return (scale.weights, climb);
        }
        scale.variables = variables;
    }
}

/// Every parent of every described entity is gone through at most once, and the list of anchors above an entity of the store.
fn climb(policy: &Policy) -> u64 {
    let limits = &policy.limits;
    if policy.schema.entities.iter().all(|entity| entity.parents.is_empty()) {
        return 1;
    }
    let entities = u64::from(limits.request_entities_max);
    let parents = entities.saturating_mul(u64::from(limits.elements_max).saturating_add(1));
    parents.saturating_add(policy.derived.index.anchors.len() as u64).saturating_add(1)
}

impl Scale<'_> {
    fn weigh_all(&mut self) {
        self.weights.clear();
        for node in &self.policy.nodes {
            let size = self.size(node);
            let own = self.own(node);
            let weight = Weight { own, size, whole: self.whole(node, own), trail: self.trail(node) };
            self.weights.push(weight);
        }
    }

    fn find_variables(&self) -> [Weight; LEVELS_MAX + 1] {
        let mut variables = [Weight::default(); LEVELS_MAX + 1];
        for node in &self.policy.nodes {
            if let Node::Quantified { over, level, .. } = node
                && let Some(variable) = variables.get_mut(usize::from(*level))
            {
                let over = self.of(*over);
                variable.size = variable.size.or(over.size);
                variable.trail = variable.trail.max(over.trail);
            }
        }
        variables
    }

    fn of(&self, id: NodeId) -> Weight {
        self.weights.get(id.index()).copied().unwrap_or_default()
    }

    fn variable(&self, level: u8) -> Weight {
        self.variables.get(usize::from(level)).copied().unwrap_or_default()
    }

    fn size(&mut self, node: &Node) -> Size {
        let policy = self.policy;
        match node {
            Node::Const(id) => policy.constant(*id).map_or(Size::default(), Size::of),
            Node::Param(id) => policy.schema.param(*id).map_or(Size::default(), |param| match &param.value {
                Some(value) => Size::of(value),
                None => self.size_of_type(&param.ty),
            }),
            Node::Context(_) | Node::Attribute { .. } => declared(policy, node).map_or(Size::default(), |attribute| {
                let gives = attribute.step_up.as_ref().map_or(Size::default(), |step_up| Size::of(&step_up.gives));
                self.size_of_type(&attribute.ty).or(gives)
            }),
            Node::Element(level) => self.variable(*level).size,
            Node::Field { of, .. } | Node::Index(of, _) => self.of(*of).size,
            Node::If { then: a, otherwise: b, .. } | Node::Otherwise(a, b) => self.of(*a).size.or(self.of(*b).size),
            Node::SetOperation(SetOp::Union, a, b) => self.of(*a).size.and(self.of(*b).size),
            Node::SetOperation(_, a, _) => self.of(*a).size,
            Node::Set(all) | Node::List(all) => {
                Size::of_all(all.iter().map(|id| self.of(*id).size)).with_elements(all.len())
            }
            _ => Size::default(),
        }
    }

    fn size_of_type(&mut self, ty: &Type) -> Size {
        match ty.present() {
            Type::Set(of) | Type::List(of) | Type::Map(of) => {
                self.size_of_type(of).times(u64::from(self.policy.limits.elements_max))
            }
            Type::Record(record) => self.size_of_record(*record),
            _ => Size::default(),
        }
    }

    fn size_of_record(&mut self, id: RecordId) -> Size {
        let Some(record) = self.policy.schema.record(id) else { return Size::default() };
        if let Some(known) = self.records.get(id.index()).copied().flatten() {
            return known;
        }
        // A record that has itself as a part, which none may, would be of no size that is known.
        self.note_record(id, Size { elements: u64::MAX, parts: u64::MAX });
        let size = Size::of_all(record.fields.iter().map(|field| self.size_of_type(&field.ty)));
        self.note_record(id, size);
        size
    }

    fn note_record(&mut self, id: RecordId, size: Size) {
        if let Some(known) = self.records.get_mut(id.index()) {
            *known = Some(size);
        }
    }

    fn own(&self, node: &Node) -> u64 {
        let parts = |id: &NodeId| self.of(*id).size.parts;
        let besides = match node {
            Node::Context(_) | Node::Attribute { .. } => {
                declared(self.policy, node).map_or(0, |attribute| attribute.freshness.len() as u64)
            }
            Node::Compare(_, a, b) | Node::If { then: a, otherwise: b, .. } => parts(a).min(parts(b)),
            Node::Within(_, outer) => self.of(*outer).size.elements.max(1).saturating_mul(self.climb),
            Node::Contains(collection, _) => parts(collection),
            Node::ContainsAny(a, b) | Node::ContainsAll(a, b) | Node::SetOperation(_, a, b) => {
                parts(a).saturating_add(parts(b))
            }
            Node::Set(all) | Node::List(all) => all.len() as u64,
            Node::TimeOfDay(_, ranges) => ranges.len() as u64,
            _ => 0,
        };
        besides.saturating_add(1)
    }

    fn whole(&self, node: &Node, own: u64) -> u64 {
        let whole = |id: NodeId| self.of(id).whole;
        match node {
            Node::Quantified { over, body, .. } => {
                let each = whole(*body).saturating_add(1).saturating_mul(self.of(*over).size.elements);
                own.saturating_add(whole(*over)).saturating_add(each)
            }
            _ => {
                let mut sum = own;
                node.each_child(|child| sum = sum.saturating_add(whole(child)));
                sum
            }
        }
    }

    fn trail(&self, node: &Node) -> u64 {
        let (whole, trail) = (|id: &NodeId| self.of(*id).whole, |id: &NodeId| self.of(*id).trail);
        let further = match node {
            Node::Attribute { of, .. } => whole(of),
            Node::Field { of, .. } | Node::Index(of, _) => trail(of),
            Node::Element(level) => self.variable(*level).trail,
            Node::Otherwise(a, b) => whole(a).saturating_add(trail(a).max(trail(b))),
            Node::If { condition, then, otherwise } => {
                whole(condition).saturating_mul(2).saturating_add(trail(then).max(trail(otherwise)))
            }
            _ => 0,
        };
        further.saturating_add(1)
    }
}

fn declared<'p>(policy: &'p Policy, node: &Node) -> Option<&'p Attribute> {
    match node {
        Node::Context(at) => policy.schema.context.get(*at as usize),
        Node::Attribute { ty, attribute, .. } => policy.schema.entity(*ty)?.attributes.get(*attribute as usize),
        _ => None,
    }
}

/// Steps to see whether a datum is known in every part.
pub(super) fn look_through(weight: Weight) -> u64 {
    weight.size.parts.saturating_add(1)
}
