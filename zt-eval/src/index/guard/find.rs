//! What a single condition asks of a slot.
//!
//! Only slots count whose declared type every known value has, and only constants that fit it: a test on a known value is
//! then never unknown.

use super::super::keys::Test;
use super::super::{Intervals, count};
use super::{Family, Found, Guards, Place};
use crate::graph::{CompareOp, Node, Policy};
use crate::id::NodeId;
use crate::schema::Type;
use crate::value::Value;

impl<'p> Guards<'p> {
    /// The guard of a condition, if it has one.
    pub(super) fn find(&mut self, node: NodeId) -> Option<Found> {
        let policy = self.policy;
        match policy.node(node)? {
            Node::Compare(op, left, right) => self.comparison(*op, *left, *right),
            Node::Contains(outer, inner) => self.membership(*outer, *inner),
            Node::ContainsAny(slot, elements) => {
                let of = self.element_type(*slot)?;
                let elements = fitting_elements(policy, of, policy.constant_of(*elements)?)?;
                if !self.could_afford(elements.len()) {
                    return None;
                }
                let places = elements.iter().map(|each| self.test(*slot, Test::HasElement(each)));
                some_of(places.collect())
            }
            Node::ContainsAll(slot, elements) => self.whole(*slot, policy.constant_of(*elements)?),
            Node::Within(slot, outer) => self.within(*slot, policy.constant_of(*outer)?),
            Node::Is(slot, types) => {
                self.entity_slot(*slot)?;
                let axis = self.axis(*slot, Family::Type);
                let places = types.iter().map(|ty| Place { axis, key: count(ty.index()) });
                Some(Found { places: places.collect(), exact: true })
            }
            Node::StartsWith(slot, prefix) => match (self.slot_type(*slot)?, policy.constant_of(*prefix)?) {
                (Type::String, Value::String(prefix)) => self.single(*slot, Test::Prefix(prefix)),
                (Type::Path, Value::Path(prefix)) => self.single(*slot, Test::PathPrefix(prefix)),
                _ => None,
            },
            Node::EndsWith(slot, suffix) => match (self.slot_type(*slot)?, policy.constant_of(*suffix)?) {
                (Type::String, Value::String(suffix)) => self.single(*slot, Test::Suffix(suffix)),
                _ => None,
            },
            Node::Matches(slot, pattern) => {
                let pattern = policy.pattern(*pattern)?;
                let fits = matches!(
                    (self.slot_type(*slot)?, pattern),
                    (Type::String, crate::pattern::Pattern::Glob(_) | crate::pattern::Pattern::Regex(_))
                        | (Type::Path, crate::pattern::Pattern::Route(_))
                        | (Type::Host, crate::pattern::Pattern::HostGlob(_))
                );
                if fits { self.single(*slot, Test::Matches(pattern)) } else { None }
            }
            Node::Or(all) => self.any(all, true),
            Node::Not(of) => self.negated(*of),
            Node::If { then, otherwise, .. } => {
                let found = self.any(&[*then, *otherwise], true)?;
                Some(Found { exact: false, ..found })
            }
            _ => None,
        }
    }

    /// The guard of having all elements of a constant: the first of them.
    fn whole(&mut self, slot: NodeId, elements: &'p Value) -> Option<Found> {
        let of = self.element_type(slot)?;
        let first = fitting_elements(self.policy, of, elements)?.first()?;
        let place = self.test(slot, Test::HasElement(first))?;
        Some(Found { places: vec![place], exact: false })
    }

    fn single(&mut self, slot: NodeId, test: Test<'p>) -> Option<Found> {
        some_of(vec![self.test(slot, test)])
    }

    pub(super) fn comparison(&mut self, op: CompareOp, left: NodeId, right: NodeId) -> Option<Found> {
        let policy = self.policy;
        let (slot, constant, slot_is_left) = match (policy.constant_of(left), policy.constant_of(right)) {
            (None, Some(constant)) => (left, constant, true),
            (Some(constant), None) => (right, constant, false),
            _ => return None,
        };
        if op == CompareOp::Equal && matches!(constant, Value::Set(_) | Value::List(_)) {
            return self.whole(slot, constant);
        }
        self.fits(slot, constant)?;
        if op == CompareOp::Equal {
            return self.single(slot, Test::Equal(constant));
        }
        let at = Intervals::point(constant)?;
        let exact = Intervals::is_faithful(constant);
        let is_open = exact && op == CompareOp::Less;
        let (low, high) = match (is_open, slot_is_left) {
            (true, true) => (i128::MIN, at.checked_sub(1)?),
            (false, true) => (i128::MIN, at),
            (true, false) => (at.checked_add(1)?, i128::MAX),
            (false, false) => (at, i128::MAX),
        };
        let axis = self.axis(slot, Family::Intervals);
        let key = self.interval(low, high);
        Some(Found { places: vec![Place { axis, key }], exact })
    }

    fn membership(&mut self, outer: NodeId, inner: NodeId) -> Option<Found> {
        let policy = self.policy;
        if let Some(element) = policy.constant_of(inner) {
            let found = match (self.slot_type(outer)?, element) {
                (Type::String, Value::String(part)) => Test::Infix(part),
                (Type::Map(_), Value::String(_)) | (Type::IpRange, Value::Ip(_)) => Test::HasElement(element),
                (Type::Set(of) | Type::List(of), Value::Ip(_)) if **of == Type::IpRange => Test::HasElement(element),
                (Type::Set(of) | Type::List(of), element) if policy.schema().accepts(of, element) => {
                    Test::HasElement(element)
                }
                _ => return None,
            };
            return self.single(outer, found);
        }
        let ty = self.slot_type(inner);
        match policy.constant_of(outer)? {
            Value::IpRange(range) if ty == Some(&Type::Ip) => self.single(inner, Test::InRange(*range)),
            Value::Set(elements) | Value::List(elements) if self.could_afford(elements.len()) => {
                let places = elements.iter().map(|element| match element {
                    Value::IpRange(range) if ty == Some(&Type::Ip) => self.test(inner, Test::InRange(*range)),
                    element => {
                        self.fits(inner, element)?;
                        self.test(inner, Test::Equal(element))
                    }
                });
                some_of(places.collect())
            }
            _ => None,
        }
    }

    fn within(&mut self, slot: NodeId, outer: &'p Value) -> Option<Found> {
        self.entity_slot(slot)?;
        let outer = match outer {
            Value::Set(all) | Value::List(all) => &**all,
            one => std::slice::from_ref(one),
        };
        if !self.could_afford(outer.len()) {
            return None;
        }
        let axis = self.axis(slot, Family::Anchors);
        let places = outer.iter().map(|outer| match outer {
            Value::Entity(uid) => Some(Place { axis, key: self.anchors.add(uid) }),
            _ => None,
        });
        some_of(places.collect())
    }

    /// The slot must have a scalar type that the constant is of.
    fn fits(&self, slot: NodeId, constant: &Value) -> Option<()> {
        let fits = match constant {
            Value::Entity(_) => self.entity_slot(slot).is_some(),
            _ => self.slot_type(slot).is_some_and(|ty| self.policy.schema().accepts(ty, constant)),
        };
        fits.then_some(())
    }

    fn element_type(&self, slot: NodeId) -> Option<&'p Type> {
        match self.slot_type(slot)? {
            Type::Set(of) | Type::List(of) => Some(of),
            _ => None,
        }
    }

    pub fn entity_slot(&self, slot: NodeId) -> Option<()> {
        match self.policy.node(slot)? {
            Node::Subject | Node::Resource => Some(()),
            _ => matches!(self.slot_type(slot)?, Type::Entity(_)).then_some(()),
        }
    }

    /// The type of every value that a slot can have, if the node is a slot: declared evidence outside quantifiers.
    fn slot_type(&self, node: NodeId) -> Option<&'p Type> {
        let schema = self.policy.schema();
        if self.levels.get(node.index()) != Some(&0) {
            return None;
        }
        let ty = match self.policy.node(node)? {
            Node::Context(at) => &schema.context.get(*at as usize)?.ty,
            Node::Attribute { ty, attribute, .. } => &schema.entity(*ty)?.attributes.get(*attribute as usize)?.ty,
            Node::Field { of, record, field } => {
                // A field of anything but a record of this type has no value.
                let Type::Record(declared) = self.slot_type(*of)? else { return None };
                let fields = &schema.record(*record)?.fields;
                (declared == record).then_some(&fields.get(*field as usize)?.ty)?
            }
            Node::Index(map, _) => match self.slot_type(*map)? {
                Type::Map(of) => of,
                _ => return None,
            },
            // What stands for what is absent must be of the same type.
            Node::Otherwise(first, second) => {
                let ty = self.slot_type(*first)?;
                let fits = match self.policy.constant_of(*second) {
                    Some(constant) => schema.accepts(ty, constant),
                    None => self.slot_type(*second) == Some(ty),
                };
                fits.then_some(ty)?
            }
            Node::Lower(of) => match self.slot_type(*of)? {
                Type::String => &Type::String,
                _ => return None,
            },
            _ => return None,
        };
        Some(ty.present())
    }
}

/// The guard of alternatives each of which is exact; `None` if one has no place.
fn some_of(places: Vec<Option<Place>>) -> Option<Found> {
    let places: Option<Vec<Place>> = places.into_iter().collect();
    Some(Found { places: places?, exact: true })
}

/// The elements of a collection if all are of this type.
fn fitting_elements<'p>(policy: &Policy, of: &Type, collection: &'p Value) -> Option<&'p [Value]> {
    let (Value::Set(elements) | Value::List(elements)) = collection else { return None };
    elements.iter().all(|element| policy.schema().accepts(of, element)).then_some(elements)
}
