//! What operators mean on known values.
//!
//! The one place for it: the reference interpreter and the graph's evaluator both call these functions, and generated
//! code is tested against them. `None` is a result that is not known: kinds that the operator does not take, overflow,
//! or a value that would not be exact. Operators on unknown operands are the callers' part.

use std::cmp::Ordering;

use super::{Datum, Value};

/// Arithmetic operators.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Arith {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
}

/// The order of two values of one ordered kind: numbers, instants, spans and amounts by size, text by bytes, versions by
/// precedence, members of one enum by position. `None` for any other pair.
#[must_use]
#[inline]
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    // What is compared most.
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (a, b) => compare_others(a, b),
    }
}

fn compare_others(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Version(a), Value::Version(b)) => Some(a.cmp(b)),
        (Value::Quantity(a), Value::Quantity(b)) => Some(a.cmp(b)),
        (Value::Enum(a), Value::Enum(b)) if a.ty == b.ty => Some(a.index.cmp(&b.index)),
        _ => None,
    }
}

/// Whether two values are equal: scalars, members of one enum, entities (of any types), sets, and lists of such.
/// `None` for values of different kinds, and where maps or records are compared.
#[must_use]
#[inline]
pub fn equal(a: &Value, b: &Value) -> Option<bool> {
    // What is compared most.
    match (a, b) {
        (Value::Entity(a), Value::Entity(b)) => Some(a == b),
        (Value::String(a), Value::String(b)) => Some(a == b),
        (a, b) => equal_others(a, b),
    }
}

fn equal_others(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Set(a), Value::Set(b)) | (Value::List(a), Value::List(b)) => equal_elements(a, b),
        (Value::Enum(a), Value::Enum(b)) => (a.ty == b.ty).then_some(a.index == b.index),
        (Value::Map(_) | Value::Record(_), _) => None,
        _ => is_same_kind(a, b).then(|| a == b),
    }
}

fn equal_elements(a: &[Value], b: &[Value]) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    let mut result = Some(true);
    for (a, b) in a.iter().zip(b) {
        match equal(a, b) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

/// Whether two values are of one variant of [`Value`].
pub(super) fn is_same_kind(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// The result of an arithmetic operator: `+ - *` on two integers or decimals, `+ -` on two spans or amounts,
/// an instant plus or minus a span, the span between two instants, and a span times an integer in either order.
#[must_use]
pub fn arith(op: Arith, a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => int_arith(op, *a, *b).map(Value::Int),
        (Value::Decimal(a), Value::Decimal(b)) => match op {
            Arith::Add => a.checked_add(*b),
            Arith::Sub => a.checked_sub(*b),
            Arith::Mul => a.checked_mul(*b),
        }
        .map(Value::Decimal),
        (Value::Quantity(a), Value::Quantity(b)) => match op {
            Arith::Add => a.checked_add(*b),
            Arith::Sub => a.checked_sub(*b),
            Arith::Mul => None,
        }
        .map(Value::Quantity),
        _ => time_arith(op, a, b),
    }
}

fn int_arith(op: Arith, a: i64, b: i64) -> Option<i64> {
    match op {
        Arith::Add => a.checked_add(b),
        Arith::Sub => a.checked_sub(b),
        Arith::Mul => a.checked_mul(b),
    }
}

fn time_arith(op: Arith, a: &Value, b: &Value) -> Option<Value> {
    match (op, a, b) {
        (Arith::Add, Value::Duration(a), Value::Duration(b)) => a.checked_add(*b).map(Value::Duration),
        (Arith::Sub, Value::Duration(a), Value::Duration(b)) => a.checked_sub(*b).map(Value::Duration),
        (Arith::Mul, Value::Duration(span), Value::Int(times))
        | (Arith::Mul, Value::Int(times), Value::Duration(span)) => span.checked_mul(*times).map(Value::Duration),
        (Arith::Add, Value::Timestamp(at), Value::Duration(span)) => at.checked_add(*span).map(Value::Timestamp),
        (Arith::Sub, Value::Timestamp(at), Value::Duration(span)) => at.checked_sub(*span).map(Value::Timestamp),
        (Arith::Sub, Value::Timestamp(a), Value::Timestamp(b)) => a.since(*b).map(Value::Duration),
        _ => None,
    }
}

/// Unary minus on integers, decimals, spans and amounts.
#[must_use]
pub fn negate(value: &Value) -> Option<Value> {
    match value {
        Value::Int(int) => int.checked_neg().map(Value::Int),
        Value::Decimal(decimal) => decimal.checked_neg().map(Value::Decimal),
        Value::Duration(span) => span.checked_neg().map(Value::Duration),
        Value::Quantity(amount) => Some(Value::Quantity(amount.negated())),
        _ => None,
    }
}

/// Whether text starts with other text, or a path with another by whole segments
/// ([`Path::starts_with`](super::Path::starts_with)).
#[must_use]
pub fn starts_with(value: &Value, prefix: &Value) -> Option<bool> {
    match (value, prefix) {
        (Value::String(text), Value::String(prefix)) => Some(text.starts_with(&**prefix)),
        (Value::Path(path), Value::Path(prefix)) => Some(path.starts_with(prefix)),
        _ => None,
    }
}

/// Whether text ends with other text.
#[must_use]
pub fn ends_with(value: &Value, suffix: &Value) -> Option<bool> {
    match (value, suffix) {
        (Value::String(text), Value::String(suffix)) => Some(text.ends_with(&**suffix)),
        _ => None,
    }
}

/// Text with its ASCII letters in lower case.
///
/// ASCII only: an engine without Unicode tables gives the same, and no version of Unicode changes a decision.
#[must_use]
pub fn lower(value: &Value) -> Option<Value> {
    let Value::String(text) = value else {
        return None;
    };
    if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(value.clone());
    }
    Some(Value::String(text.to_ascii_lowercase().into()))
}

/// The number of Unicode scalar values of text, or of elements of a collection.
#[must_use]
pub fn size(value: &Value) -> Option<Value> {
    let count = match value {
        Value::String(text) => text.chars().count(),
        Value::Set(elements) | Value::List(elements) => elements.len(),
        Value::Map(entries) => entries.len(),
        _ => return None,
    };
    i64::try_from(count).ok().map(Value::Int)
}

/// Whether text or a collection has nothing in it.
#[must_use]
pub fn is_empty(value: &Value) -> Option<bool> {
    match value {
        Value::String(text) => Some(text.is_empty()),
        Value::Set(elements) | Value::List(elements) => Some(elements.is_empty()),
        Value::Map(entries) => Some(entries.is_empty()),
        _ => None,
    }
}

/// What a map holds at a key: a value, or [`Datum::Absent`], for a map is known as a whole.
#[must_use]
pub fn index(map: &Value, key: &Value) -> Option<Datum> {
    let (Value::Map(entries), Value::String(key)) = (map, key) else {
        return None;
    };
    let found = entries.binary_search_by(|(entry, _)| entry.as_bytes().cmp(key.as_bytes())).ok();
    Some(found.and_then(|at| entries.get(at)).map_or(Datum::Absent, |(_, value)| Datum::Value(value.clone())))
}
