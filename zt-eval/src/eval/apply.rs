//! What operators give for their operands.
//!
//! Functions without evidence, memory or control flow, so that the evaluator and the builder's constant folding cannot
//! disagree.

use super::operand::Operand;
use crate::Truth;
use crate::facts::Known;
use crate::graph::{CompareOp, Node};
use crate::id::{EntityTypeId, NodeId};
use crate::pattern::Pattern;
#[cfg(feature = "build")]
use crate::value::Datum;
use crate::value::{self, Value};

/// The datum of an operator whose operands `operand` gives; `None` for nodes that read evidence, variables or parameters,
/// and for those that may leave a child unread.
#[cfg(feature = "build")]
pub(crate) fn apply(node: &Node, patterns: &[Pattern], operand: impl Fn(NodeId) -> Datum) -> Option<Datum> {
    let given = |id| Operand::from(operand(id));
    match test(node, patterns, given) {
        Some(truth) => Some(Operand::from(truth).into_datum()),
        None => compute(node, patterns, given).map(Operand::into_datum),
    }
}

/// The truth of an operator that is a condition.
pub(crate) fn test<'a>(
    node: &Node,
    patterns: &[Pattern],
    mut operand: impl FnMut(NodeId) -> Operand<'a>,
) -> Option<Truth> {
    let truth = match node {
        Node::Not(of) => operand(*of).truth().not(),
        Node::Compare(op, left, right) => both(&operand(*left), &operand(*right), |a, b| compare_values(*op, a, b)),
        Node::Contains(left, right) => both(&operand(*left), &operand(*right), value::contains),
        Node::ContainsAny(left, right) => both(&operand(*left), &operand(*right), value::contains_any),
        Node::ContainsAll(left, right) => both(&operand(*left), &operand(*right), value::contains_all),
        Node::StartsWith(left, right) => both(&operand(*left), &operand(*right), value::starts_with),
        Node::EndsWith(left, right) => both(&operand(*left), &operand(*right), value::ends_with),
        Node::Is(of, types) => one(&operand(*of), |value| is_of(value, types)),
        Node::IsPresent(of) => match operand(*of) {
            Operand::Unknown => Truth::Unknown,
            Operand::Absent => Truth::False,
            Operand::Ref(_) | Operand::Own(_) => Truth::True,
        },
        Node::IsEmpty(of) => one(&operand(*of), value::is_empty),
        Node::Matches(of, pattern) => one(&operand(*of), |value| patterns.get(pattern.index())?.matches(value)),
        _ => return None,
    };
    Some(truth)
}

/// The datum of an operator that computes a value.
pub(crate) fn compute<'a>(
    node: &Node,
    patterns: &[Pattern],
    mut operand: impl FnMut(NodeId) -> Operand<'a>,
) -> Option<Operand<'a>> {
    let result = match node {
        Node::Field { of, field, .. } => return Some(operand(*of).field(*field as usize)),
        Node::Index(map, key) => return Some(index(&operand(*map), &operand(*key))),
        Node::Capture { of, pattern, index } => operand(*of)
            .value()
            .and_then(|value| patterns.get(pattern.index())?.capture(value, *index as usize).map(Value::String)),
        Node::Arith(op, left, right) => binary(&operand(*left), &operand(*right), |a, b| value::arith(*op, a, b)),
        Node::Negate(of) => operand(*of).value().and_then(value::negate),
        Node::Lower(of) => operand(*of).value().and_then(value::lower),
        Node::Size(of) => operand(*of).value().and_then(value::size),
        Node::SetOperation(op, left, right) => {
            binary(&operand(*left), &operand(*right), |a, b| value::set_operation(*op, a, b))
        }
        Node::Set(elements) => {
            let elements = collect(elements, operand).filter(|all| all.iter().all(Value::is_wholly_known));
            elements.map(Value::set)
        }
        Node::List(elements) => collect(elements, operand).map(|list| Value::List(list.into())),
        _ => return None,
    };
    Some(result.into())
}

fn one(of: &Operand, holds: impl FnOnce(&Value) -> Option<bool>) -> Truth {
    truth_of(of.value().and_then(holds))
}

fn both(left: &Operand, right: &Operand, holds: impl FnOnce(&Value, &Value) -> Option<bool>) -> Truth {
    truth_of(left.value().zip(right.value()).and_then(|(left, right)| holds(left, right)))
}

/// No result is an unknown one.
fn truth_of(result: Option<bool>) -> Truth {
    result.map_or(Truth::Unknown, Truth::from)
}

fn binary(left: &Operand, right: &Operand, apply: impl FnOnce(&Value, &Value) -> Option<Value>) -> Option<Value> {
    left.value().zip(right.value()).and_then(|(left, right)| apply(left, right))
}

/// The truth of a comparison.
#[inline]
pub(crate) fn compare(op: CompareOp, left: Known<'_>, right: Known<'_>) -> Truth {
    truth_of(left.value().zip(right.value()).and_then(|(left, right)| compare_values(op, left, right)))
}

#[inline]
pub(crate) fn compare_values(op: CompareOp, left: &Value, right: &Value) -> Option<bool> {
    match op {
        CompareOp::Equal => value::equal(left, right),
        CompareOp::Less => value::compare(left, right).map(std::cmp::Ordering::is_lt),
        CompareOp::LessOrEqual => value::compare(left, right).map(std::cmp::Ordering::is_le),
    }
}

fn is_of(value: &Value, types: &[EntityTypeId]) -> Option<bool> {
    match value {
        Value::Entity(uid) => Some(types.binary_search(&uid.ty).is_ok()),
        _ => None,
    }
}

fn index<'a>(map: &Operand<'a>, key: &Operand<'a>) -> Operand<'a> {
    if matches!(map, Operand::Absent) {
        return Operand::Absent;
    }
    match map.value().zip(key.value()).and_then(|(map, key)| value::index(map, key)) {
        Some(found) => found.into(),
        None => Operand::Unknown,
    }
}

fn collect<'a>(elements: &[NodeId], mut operand: impl FnMut(NodeId) -> Operand<'a>) -> Option<Vec<Value>> {
    elements.iter().map(|element| operand(*element).value().cloned()).collect()
}
