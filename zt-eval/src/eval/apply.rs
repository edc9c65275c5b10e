//! What operators give for their operands.
//!
//! One function without evidence, memory or control flow, so that the evaluator and the builder's constant folding cannot
//! disagree.

use crate::graph::{CompareOp, Node};
use crate::id::{EntityTypeId, NodeId};
use crate::pattern::Pattern;
use crate::value::{self, Datum, Value};

/// The datum of an operator whose operands `operand` gives; `None` for nodes that read evidence, variables or parameters,
/// and for those that may leave a child unread.
pub(crate) fn apply(node: &Node, patterns: &[Pattern], mut operand: impl FnMut(NodeId) -> Datum) -> Option<Datum> {
    let datum = match node {
        Node::Field { of, field, .. } => field_of(&operand(*of), *field),
        Node::Not(of) => unary(&operand(*of), |value| as_bool(value).map(|known| Value::Bool(!known))),
        Node::Compare(op, left, right) => test(&operand(*left), &operand(*right), |a, b| compare(*op, a, b)),
        Node::Contains(left, right) => test(&operand(*left), &operand(*right), value::contains),
        Node::ContainsAny(left, right) => test(&operand(*left), &operand(*right), value::contains_any),
        Node::ContainsAll(left, right) => test(&operand(*left), &operand(*right), value::contains_all),
        Node::StartsWith(left, right) => test(&operand(*left), &operand(*right), value::starts_with),
        Node::EndsWith(left, right) => test(&operand(*left), &operand(*right), value::ends_with),
        Node::Is(of, types) => unary(&operand(*of), |value| is_of(value, types)),
        Node::IsPresent(of) => present(&operand(*of)),
        Node::IsEmpty(of) => unary(&operand(*of), |value| value::is_empty(value).map(Value::Bool)),
        Node::Matches(of, pattern) => {
            unary(&operand(*of), |value| patterns.get(pattern.index())?.matches(value).map(Value::Bool))
        }
        Node::Capture { of, pattern, index } => unary(&operand(*of), |value| {
            patterns.get(pattern.index())?.capture(value, *index as usize).map(Value::String)
        }),
        Node::Arith(op, left, right) => binary(&operand(*left), &operand(*right), |a, b| value::arith(*op, a, b)),
        Node::Negate(of) => unary(&operand(*of), value::negate),
        Node::Lower(of) => unary(&operand(*of), value::lower),
        Node::Size(of) => unary(&operand(*of), value::size),
        Node::SetOperation(op, left, right) => {
            binary(&operand(*left), &operand(*right), |a, b| value::set_operation(*op, a, b))
        }
        Node::Index(map, key) => index(&operand(*map), &operand(*key)),
        Node::Set(elements) => collect(elements, operand).map(Value::set).into(),
        Node::List(elements) => collect(elements, operand).map(|list| Value::List(list.into())).into(),
        _ => return None,
    };
    Some(datum)
}

fn unary(of: &Datum, apply: impl FnOnce(&Value) -> Option<Value>) -> Datum {
    of.value().and_then(apply).into()
}

fn binary(left: &Datum, right: &Datum, apply: impl FnOnce(&Value, &Value) -> Option<Value>) -> Datum {
    left.value().zip(right.value()).and_then(|(left, right)| apply(left, right)).into()
}

fn test(left: &Datum, right: &Datum, holds: impl FnOnce(&Value, &Value) -> Option<bool>) -> Datum {
    binary(left, right, |left, right| holds(left, right).map(Value::Bool))
}

fn as_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(known) => Some(*known),
        _ => None,
    }
}

fn compare(op: CompareOp, left: &Value, right: &Value) -> Option<bool> {
    match op {
        CompareOp::Equal => value::equal(left, right),
        CompareOp::Less => value::compare(left, right).map(std::cmp::Ordering::is_lt),
        CompareOp::LessOrEqual => value::compare(left, right).map(std::cmp::Ordering::is_le),
    }
}

fn field_of(record: &Datum, field: u32) -> Datum {
    match record {
        Datum::Absent => Datum::Absent,
        Datum::Value(Value::Record(fields)) => fields.get(field as usize).cloned().unwrap_or(Datum::Unknown),
        _ => Datum::Unknown,
    }
}

fn is_of(value: &Value, types: &[EntityTypeId]) -> Option<Value> {
    match value {
        Value::Entity(uid) => Some(Value::Bool(types.binary_search(&uid.ty).is_ok())),
        _ => None,
    }
}

fn present(of: &Datum) -> Datum {
    match of {
        Datum::Unknown => Datum::Unknown,
        Datum::Absent => Datum::Value(Value::Bool(false)),
        Datum::Value(_) => Datum::Value(Value::Bool(true)),
    }
}

fn index(map: &Datum, key: &Datum) -> Datum {
    if *map == Datum::Absent {
        return Datum::Absent;
    }
    map.value().zip(key.value()).and_then(|(map, key)| value::index(map, key)).unwrap_or(Datum::Unknown)
}

fn collect(elements: &[NodeId], mut operand: impl FnMut(NodeId) -> Datum) -> Option<Vec<Value>> {
    elements.iter().map(|element| operand(*element).value().cloned()).collect()
}
