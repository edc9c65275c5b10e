//! One constructor for each kind of node but the connectives.

use super::Builder;
use crate::graph::{CompareOp, Node, NowOp, Quantifier, Weekdays};
use crate::id::{EntityTypeId, NodeId, ParamId, RecordId};
use crate::pattern::Pattern;
use crate::value::{Arith, SetOp, Value};
use crate::zone::Zone;

impl Builder {
    /// A constant.
    pub fn constant(&mut self, value: Value) -> NodeId {
        let id = self.intern_const(value);
        self.intern(Node::Const(id))
    }

    /// A parameter's value. It is not folded: it can be given anew.
    pub fn param(&mut self, id: ParamId) -> NodeId {
        self.intern(Node::Param(id))
    }

    /// The request's subject.
    pub fn subject(&mut self) -> NodeId {
        self.intern(Node::Subject)
    }

    /// The request's resource.
    pub fn resource(&mut self) -> NodeId {
        self.intern(Node::Resource)
    }

    /// The context's attribute at a position.
    pub fn context(&mut self, attribute: u32) -> NodeId {
        self.intern(Node::Context(attribute))
    }

    /// An entity's attribute, at its position in the declaration of `ty`.
    pub fn attribute(&mut self, of: NodeId, ty: EntityTypeId, attribute: u32) -> NodeId {
        self.intern(Node::Attribute { of, ty, attribute })
    }

    /// A record's field, at its position in the declaration of `record`.
    pub fn field(&mut self, of: NodeId, record: RecordId, field: u32) -> NodeId {
        self.operator(Node::Field { of, record, field })
    }

    /// The element that the quantifier at a level is at.
    pub fn element(&mut self, level: u8) -> NodeId {
        self.check_level(level);
        self.intern(Node::Element(level))
    }

    /// The key that the quantifier over a map at a level is at.
    pub fn key(&mut self, level: u8) -> NodeId {
        self.check_level(level);
        self.intern(Node::Key(level))
    }

    /// A quantifier at a level (from 1, outermost first) whose body reads its element at that level.
    pub fn quantified(&mut self, quantifier: Quantifier, over: NodeId, level: u8, body: NodeId) -> NodeId {
        self.check_level(level);
        self.intern(Node::Quantified { quantifier, over, level, body })
    }

    fn check_level(&mut self, level: u8) {
        let max = self.policy.limits.quantifier_depth_max;
        if u32::from(level) > max {
            self.exceeds("quantifier_depth_max", max, usize::from(level));
        }
    }

    /// A comparison.
    pub fn compare(&mut self, op: CompareOp, left: NodeId, right: NodeId) -> NodeId {
        let (left, right) = if op == CompareOp::Equal { self.in_order(left, right) } else { (left, right) };
        self.operator(Node::Compare(op, left, right))
    }

    /// The sides of an equation in their one order: a constant second, else as they were made.
    fn in_order(&self, left: NodeId, right: NodeId) -> (NodeId, NodeId) {
        let key = |id: NodeId| (self.constant_of(id).is_some(), id);
        if key(right) < key(left) { (right, left) } else { (left, right) }
    }

    /// Whether they are equal.
    pub fn equal(&mut self, left: NodeId, right: NodeId) -> NodeId {
        self.compare(CompareOp::Equal, left, right)
    }

    /// Whether an entity is, or lies below, another or any of a collection.
    pub fn within(&mut self, inner: NodeId, outer: NodeId) -> NodeId {
        match (self.constant_of(inner), self.constant_of(outer)) {
            // Reflexive; whether one constant entity lies below another, the store says.
            (Some(Value::Entity(inner)), Some(Value::Entity(outer))) if inner == outer => self.truth(true),
            _ => self.intern(Node::Within(inner, outer)),
        }
    }

    /// Whether a collection has an element.
    pub fn contains(&mut self, collection: NodeId, element: NodeId) -> NodeId {
        self.operator(Node::Contains(collection, element))
    }

    /// Whether a collection has any of another's elements.
    pub fn contains_any(&mut self, collection: NodeId, elements: NodeId) -> NodeId {
        self.operator(Node::ContainsAny(collection, elements))
    }

    /// Whether a collection has all of another's elements.
    pub fn contains_all(&mut self, collection: NodeId, elements: NodeId) -> NodeId {
        self.operator(Node::ContainsAll(collection, elements))
    }

    /// Whether a text or a path starts with another.
    pub fn starts_with(&mut self, of: NodeId, prefix: NodeId) -> NodeId {
        self.operator(Node::StartsWith(of, prefix))
    }

    /// Whether a text ends with another.
    pub fn ends_with(&mut self, of: NodeId, suffix: NodeId) -> NodeId {
        self.operator(Node::EndsWith(of, suffix))
    }

    /// Whether an entity is of one of these types.
    pub fn is(&mut self, of: NodeId, types: impl IntoIterator<Item = EntityTypeId>) -> NodeId {
        let mut types: Vec<_> = types.into_iter().collect();
        types.sort_unstable();
        types.dedup();
        self.operator(Node::Is(of, types.into()))
    }

    /// Whether an optional has a value.
    pub fn is_present(&mut self, of: NodeId) -> NodeId {
        self.operator(Node::IsPresent(of))
    }

    /// Whether a text or a collection is empty.
    pub fn is_empty(&mut self, of: NodeId) -> NodeId {
        self.operator(Node::IsEmpty(of))
    }

    /// Whether a value matches a pattern.
    pub fn matches(&mut self, of: NodeId, pattern: Pattern) -> NodeId {
        let pattern = self.intern_pattern(pattern);
        self.operator(Node::Matches(of, pattern))
    }

    /// What a route captures at a position.
    pub fn capture(&mut self, of: NodeId, pattern: Pattern, index: u32) -> NodeId {
        let pattern = self.intern_pattern(pattern);
        self.operator(Node::Capture { of, pattern, index })
    }

    /// How the instant of the decision compares with a time.
    pub fn now(&mut self, op: NowOp, time: NodeId) -> NodeId {
        self.intern(Node::Now(op, time))
    }

    /// Whether it is one of these weekdays in a zone.
    pub fn weekday(&mut self, zone: Zone, days: Weekdays) -> NodeId {
        let zone = self.intern_zone(zone);
        self.intern(Node::Weekday(zone, days))
    }

    /// Whether the time of day in a zone is in one of these half-open ranges of milliseconds from midnight.
    pub fn time_of_day(&mut self, zone: Zone, ranges: impl Into<Box<[(u32, u32)]>>) -> NodeId {
        let zone = self.intern_zone(zone);
        self.intern(Node::TimeOfDay(zone, ranges.into()))
    }

    /// Arithmetic.
    pub fn arith(&mut self, op: Arith, left: NodeId, right: NodeId) -> NodeId {
        self.operator(Node::Arith(op, left, right))
    }

    /// Negation of a number or a duration.
    pub fn negate(&mut self, of: NodeId) -> NodeId {
        self.operator(Node::Negate(of))
    }

    /// A text in lower case.
    pub fn lower(&mut self, of: NodeId) -> NodeId {
        self.operator(Node::Lower(of))
    }

    /// How many characters or elements there are.
    pub fn size(&mut self, of: NodeId) -> NodeId {
        self.operator(Node::Size(of))
    }

    /// Union, intersection, difference of two sets.
    pub fn set_operation(&mut self, op: SetOp, left: NodeId, right: NodeId) -> NodeId {
        self.operator(Node::SetOperation(op, left, right))
    }

    /// A map's value at a key.
    pub fn index(&mut self, map: NodeId, key: NodeId) -> NodeId {
        self.operator(Node::Index(map, key))
    }

    /// A set of elements.
    pub fn set(&mut self, elements: impl IntoIterator<Item = NodeId>) -> NodeId {
        let mut elements: Vec<_> = elements.into_iter().collect();
        elements.sort_unstable();
        elements.dedup();
        self.operator(Node::Set(elements.into()))
    }

    /// A list of elements.
    pub fn list(&mut self, elements: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.operator(Node::List(elements.into_iter().collect()))
    }
}
