//! Sets, lists and maps: how they are made canonical, and the operators that look into them.
//!
//! Every operator is linear in its operands, or n log n where a list must be sorted first.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::ops::{equal, is_same_kind};
use super::{Datum, Ip, Text, Value};

/// Operators that make a set of two sets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum SetOp {
    /// What is in either.
    Union,
    /// What is in both.
    Intersection,
    /// What is in the first alone.
    Difference,
}

impl Value {
    /// A total order over all values, by variant first, in which sets are kept. It is not the language's order, which is
    /// [`compare`](super::compare).
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    /// The set of these values.
    #[must_use]
    pub fn set(mut elements: Vec<Self>) -> Self {
        elements.sort_unstable();
        elements.dedup();
        Self::Set(elements.into())
    }

    /// The map of these entries; `None` when a key occurs twice.
    #[must_use]
    pub fn map(mut entries: Vec<(Text, Self)>) -> Option<Self> {
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        is_strictly_ascending(entries.iter().map(|(key, _)| key)).then(|| Self::Map(entries.into()))
    }

    /// Whether sets and maps inside are strictly sorted and nothing nests deeper than `depth_max` collections.
    ///
    /// True of every value that [`Value::set`], [`Value::map`] and deserialisation make.
    #[must_use]
    pub fn is_canonical(&self, depth_max: u32) -> bool {
        let is_scalar = !matches!(self, Self::Set(_) | Self::List(_) | Self::Map(_) | Self::Record(_));
        if is_scalar {
            return true;
        }
        let Some(depth_max) = depth_max.checked_sub(1) else {
            return false;
        };
        match self {
            Self::Set(elements) => {
                is_strictly_ascending(elements.iter()) && elements.iter().all(|element| element.is_canonical(depth_max))
            }
            Self::List(elements) => elements.iter().all(|element| element.is_canonical(depth_max)),
            Self::Map(entries) => {
                is_strictly_ascending(entries.iter().map(|(key, _)| key))
                    && entries.iter().all(|(_, value)| value.is_canonical(depth_max))
            }
            Self::Record(fields) => fields.iter().filter_map(Datum::value).all(|value| value.is_canonical(depth_max)),
            _ => true,
        }
    }
}

/// Whether each item is greater than the one before.
pub(super) fn is_strictly_ascending<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    let mut items = items.into_iter();
    let Some(mut last) = items.next() else {
        return true;
    };
    items.all(|item| {
        let ascends = last < item;
        last = item;
        ascends
    })
}

/// Whether a collection holds an element: a set or list a value, a map a key, text other text, a range of addresses an
/// address; a set or list of ranges holds an address that lies in any of them.
#[must_use]
pub fn contains(collection: &Value, element: &Value) -> Option<bool> {
    match (collection, element) {
        (Value::String(text), Value::String(part)) => Some(text.contains(&**part)),
        (Value::IpRange(range), Value::Ip(ip)) => Some(range.contains(*ip)),
        (Value::Map(entries), Value::String(key)) => {
            Some(entries.binary_search_by(|(entry, _)| entry.cmp(key)).is_ok())
        }
        (Value::Set(elements) | Value::List(elements), Value::Ip(ip)) => contains_ip(elements, *ip),
        (Value::Set(elements), element) => {
            is_comparable(elements, element).then(|| elements.binary_search(element).is_ok())
        }
        (Value::List(elements), element) => list_contains(elements, element),
        _ => None,
    }
}

fn contains_ip(elements: &[Value], ip: Ip) -> Option<bool> {
    let mut found = false;
    for element in elements {
        found |= match element {
            Value::Ip(element) => *element == ip,
            Value::IpRange(range) => range.contains(ip),
            _ => return None,
        };
    }
    Some(found)
}

/// True if one element is equal, else not known if one cannot be compared, else false.
fn list_contains(elements: &[Value], element: &Value) -> Option<bool> {
    let mut result = Some(false);
    for candidate in elements {
        match equal(candidate, element) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => result = None,
        }
    }
    result
}

/// Whether the elements of a set are of the kind of `element`, and of a kind that has equality.
///
/// A set is sorted by kind first, so its ends tell.
fn is_comparable(set: &[Value], element: &Value) -> bool {
    let has_equality = !matches!(element, Value::Map(_) | Value::Record(_));
    let ends = set.first().into_iter().chain(set.last());
    has_equality && ends.into_iter().all(|end| is_same_kind(end, element))
}

/// Whether the first set or list holds any element of the second.
#[must_use]
pub fn contains_any(collection: &Value, elements: &Value) -> Option<bool> {
    let (collection, elements) = comparable_sets(collection, elements)?;
    Some(elements.iter().any(|element| collection.binary_search(element).is_ok()))
}

/// Whether the first set or list holds every element of the second.
#[must_use]
pub fn contains_all(collection: &Value, elements: &Value) -> Option<bool> {
    let (collection, elements) = comparable_sets(collection, elements)?;
    Some(elements.iter().all(|element| collection.binary_search(element).is_ok()))
}

type Elements<'a> = Cow<'a, [Value]>;

/// Both collections as sorted elements, when all elements are of one kind.
fn comparable_sets<'a>(a: &'a Value, b: &'a Value) -> Option<(Elements<'a>, Elements<'a>)> {
    let (a, b) = (sorted(a)?, sorted(b)?);
    let sample = a.first().or(b.first());
    let is_one_kind = sample.is_none_or(|sample| is_comparable(&a, sample) && is_comparable(&b, sample));
    is_one_kind.then_some((a, b))
}

fn sorted(collection: &Value) -> Option<Elements<'_>> {
    match collection {
        Value::Set(elements) => Some(Cow::Borrowed(elements)),
        Value::List(elements) => {
            let mut elements = elements.to_vec();
            elements.sort_unstable();
            Some(Cow::Owned(elements))
        }
        _ => None,
    }
}

/// Union, intersection or difference of two sets.
#[must_use]
pub fn set_operation(op: SetOp, a: &Value, b: &Value) -> Option<Value> {
    let (Value::Set(a), Value::Set(b)) = (a, b) else {
        return None;
    };
    let result = match op {
        SetOp::Union => merge(a, b),
        SetOp::Intersection => select(a, b, true),
        SetOp::Difference => select(a, b, false),
    };
    Some(Value::Set(result.into()))
}

/// The union of two sorted slices, sorted.
fn merge(a: &[Value], b: &[Value]) -> Vec<Value> {
    let mut result = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
        let order = left.cmp(right);
        result.extend(if order.is_le() { a.next() } else { b.next() }.cloned());
        if order.is_eq() {
            b.next();
        }
    }
    result.extend(a.chain(b).cloned());
    result
}

/// The elements of a sorted slice that are in another one, or those that are not.
fn select(from: &[Value], other: &[Value], is_wanted: bool) -> Vec<Value> {
    let mut other = other.iter().peekable();
    let mut result = Vec::new();
    for element in from {
        while other.next_if(|candidate| *candidate < element).is_some() {}
        let is_in_other = other.peek().is_some_and(|candidate| *candidate == element);
        if is_in_other == is_wanted {
            result.push(element.clone());
        }
    }
    result
}
