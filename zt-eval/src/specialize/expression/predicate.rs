//! Tests as text: comparisons, membership, types, presence, and their opposites.
//!
//! A test that the types of its operands rule out does not compile; what is written in its place is false, or true where it
//! is denied, and unknown in the same cases.

use super::{Binding, Text, Typed, Writer};
use crate::graph::{CompareOp, Node, Quantifier};
use crate::id::{EntityTypeId, NodeId};
use crate::schema::Type;
use crate::specialize::source::NotWritable;
use crate::value::Value;

impl<'a> Writer<'a, '_> {
    /// Whether an entity is of one of these types; it is asked only of those that it can be of.
    pub(super) fn kind(&mut self, of: NodeId, types: &[EntityTypeId]) -> Text {
        let text = self.operand(of, Binding::Otherwise, Typed::No)?;
        let possible = self.view.entity_types(of);
        let asked: Vec<EntityTypeId> = types.iter().copied().filter(|ty| possible.contains(ty)).collect();
        if asked.is_empty() {
            return self.never(&[of], true);
        }
        Ok(format!("{text} is {}", self.types_text(&asked)))
    }

    /// A test that is false of everything that is known, and true where it is denied: what it is asked of is compared with
    /// itself, so that it is unknown as before.
    fn never(&mut self, operands: &[NodeId], holds: bool) -> Text {
        let is_always_known =
            |id: &NodeId| matches!(self.policy.node(*id), Some(Node::Const(_) | Node::Subject | Node::Resource));
        let open: Vec<NodeId> = operands.iter().copied().filter(|id| !is_always_known(id)).collect();
        match open.as_slice() {
            [] => Ok((!holds).to_string()),
            [one] => {
                let text = self.operand(*one, Binding::Otherwise, Typed::No)?;
                Ok(format!("{text} {} {text}", if holds { "!=" } else { "==" }))
            }
            _ => Err(NotWritable::new("a test that its types rule out", "")),
        }
    }

    /// Whether no two values of the operands' types meet in a test, as far as entities are concerned.
    fn is_ruled_out(&self, node: &Node) -> bool {
        let elements = |id: NodeId| match self.view.declared(id).as_ref().map(Type::present) {
            Some(Type::Set(inner) | Type::List(inner)) => match &**inner {
                Type::Entity(types) => types.clone(),
                _ => Vec::new(),
            },
            _ => self.view.entity_types(id),
        };
        let (a, b) = match node {
            Node::Compare(CompareOp::Equal, a, b) => (self.view.entity_types(*a), self.view.entity_types(*b)),
            Node::Contains(a, b) => (elements(*a), self.view.entity_types(*b)),
            Node::Within(a, b) => {
                let leads_to = &self.policy.derived.leads_to;
                let from: Vec<_> =
                    self.view.entity_types(*a).iter().filter_map(|ty| leads_to.get(ty.index())).collect();
                let to = elements(*b);
                let meets = from.iter().any(|row| to.iter().any(|ty| row.get(ty.index()) == Some(&true)));
                return !from.is_empty() && !to.is_empty() && !meets;
            }
            _ => return false,
        };
        !a.is_empty() && !b.is_empty() && !a.iter().any(|ty| b.contains(ty))
    }

    /// A test of one or two operands, or its opposite.
    pub(super) fn test(&mut self, node: &'a Node, holds: bool) -> Text {
        if self.is_ruled_out(node) {
            return self.never(&node.children(), holds);
        }
        let (a, operator, b) = match node {
            Node::Compare(op, a, b) => return self.compare(*op, *a, *b, holds),
            Node::Matches(of, pattern) => return self.matches(*of, *pattern),
            Node::Within(a, b) if holds => (a, "in", b),
            Node::Within(a, b) => (a, "not in", b),
            Node::Contains(a, b) => match self.policy.constant_of(*a) {
                Some(Value::Set(_) | Value::List(_) | Value::IpRange(_)) if holds => (b, "in", a),
                Some(Value::Set(_) | Value::List(_) | Value::IpRange(_)) => (b, "not in", a),
                _ => (a, "contains", b),
            },
            Node::ContainsAny(a, b) => (a, "contains_any", b),
            Node::ContainsAll(a, b) => (a, "contains_all", b),
            Node::StartsWith(a, b) => (a, "starts_with", b),
            Node::EndsWith(a, b) => (a, "ends_with", b),
            _ => return Err(NotWritable::new("a condition", "")),
        };
        self.infix(*a, operator, *b)
    }

    /// Each operand says of which type the other's literals are.
    fn infix(&mut self, a: NodeId, operator: &str, b: NodeId) -> Text {
        let are_literals = self.policy.constant_of(a).is_some() && self.policy.constant_of(b).is_some();
        let typed = if are_literals { Typed::No } else { Typed::Yes };
        let left = self.operand(a, Binding::Otherwise, typed)?;
        Ok(format!("{left} {operator} {}", self.operand(b, Binding::Otherwise, typed)?))
    }

    fn compare(&mut self, op: CompareOp, a: NodeId, b: NodeId, holds: bool) -> Text {
        let (plain, turned) = match (op, holds) {
            (CompareOp::Equal, true) => ("==", "=="),
            (CompareOp::Equal, false) => ("!=", "!="),
            (CompareOp::Less, true) => ("<", ">"),
            (CompareOp::Less, false) => (">=", "<="),
            (CompareOp::LessOrEqual, true) => ("<=", ">="),
            (CompareOp::LessOrEqual, false) => (">", "<"),
        };
        if self.policy.constant_of(a).is_some() { self.infix(b, turned, a) } else { self.infix(a, plain, b) }
    }

    pub(super) fn negated(&mut self, of: NodeId) -> Result<(String, Binding), NotWritable> {
        let node = self.get(of)?;
        let has_opposite = match node {
            Node::Compare(..) | Node::Within(..) => true,
            Node::Contains(a, _) => {
                matches!(self.policy.constant_of(*a), Some(Value::Set(_) | Value::List(_) | Value::IpRange(_)))
            }
            _ => false,
        };
        Ok(match node {
            test if has_opposite => (self.test(test, false)?, Binding::Compare),
            Node::Now(op, time) => (self.now(*op, *time, false)?, Binding::Compare),
            Node::Quantified { quantifier: Quantifier::Any, over, level, body } => {
                (format!("none {}", self.quantified(*over, *level, *body)?), Binding::Postfix)
            }
            _ => (format!("not {}", self.operand(of, Binding::Not, Typed::Yes)?), Binding::Not),
        })
    }

    /// Only optionals are asked whether they are present. Where one is so no longer, because which of several it is has been
    /// settled, to be equal to oneself says the same.
    pub(super) fn presence(&mut self, of: NodeId) -> Text {
        let path = self.path(of)?;
        let present = std::mem::take(&mut self.view.facts.present);
        let declared = self.view.declared(of);
        self.view.facts.present = present;
        match declared {
            Some(ty) if ty.is_optional() => {}
            Some(Type::Record(_) | Type::Map(_)) => return Err(NotWritable::new("what is present for sure", &path)),
            _ => return Ok(format!("{path} == {path}")),
        }
        Ok(format!("{path} is present"))
    }
}
