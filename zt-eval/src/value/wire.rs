//! The serial form of values: flat, so that reading one needs no recursion.
//!
//! A derived form of a recursive type recurses as deep as a hostile file says. Here a value is a list of items in which
//! the parts of a collection stand before it; reading keeps a stack, checks depth and order as it goes, and so gives
//! canonical values only.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::collection::is_strictly_ascending;
use super::{
    Datum, Decimal, Duration, EntityUid, EnumMember, Host, Ip, IpRange, Path, Quantity, Text, Timestamp, Value, Version,
};

impl Value {
    /// The deepest nesting of collections and records that a serialised value may have.
    pub const DEPTH_MAX: u32 = 64;
}

/// A scalar, or what gathers the data before it into a collection.
#[derive(Serialize, Deserialize)]
pub(super) enum Item {
    Unknown,
    Absent,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    String(Text),
    Timestamp(Timestamp),
    Duration(Duration),
    Ip(Ip),
    IpRange(IpRange),
    Version(Arc<Version>),
    Quantity(Quantity),
    Path(Path),
    Host(Host),
    Enum(EnumMember),
    Entity(EntityUid),
    /// The last so many values.
    Set(u32),
    /// The last so many values.
    List(u32),
    /// As many of the last values as there are keys.
    Map(Vec<Text>),
    /// The last so many data.
    Record(u32),
}

impl From<Value> for Vec<Item> {
    fn from(value: Value) -> Self {
        let mut items = Self::new();
        push_value(&mut items, &value);
        items
    }
}

fn push_value(items: &mut Vec<Item>, value: &Value) {
    let item = match value {
        Value::Bool(bool) => Item::Bool(*bool),
        Value::Int(int) => Item::Int(*int),
        Value::Decimal(decimal) => Item::Decimal(*decimal),
        Value::String(text) => Item::String(text.clone()),
        Value::Timestamp(at) => Item::Timestamp(*at),
        Value::Duration(span) => Item::Duration(*span),
        Value::Ip(ip) => Item::Ip(*ip),
        Value::IpRange(range) => Item::IpRange(*range),
        Value::Version(version) => Item::Version(version.clone()),
        Value::Quantity(amount) => Item::Quantity(*amount),
        Value::Path(path) => Item::Path(path.clone()),
        Value::Host(host) => Item::Host(host.clone()),
        Value::Enum(member) => Item::Enum(*member),
        Value::Entity(uid) => Item::Entity(uid.clone()),
        Value::Set(elements) => Item::Set(push_values(items, elements)),
        Value::List(elements) => Item::List(push_values(items, elements)),
        Value::Map(entries) => {
            entries.iter().for_each(|(_, value)| push_value(items, value));
            Item::Map(entries.iter().map(|(key, _)| key.clone()).collect())
        }
        Value::Record(fields) => {
            fields.iter().for_each(|field| push_datum(items, field));
            Item::Record(count(fields))
        }
    };
    items.push(item);
}

fn push_values(items: &mut Vec<Item>, values: &[Value]) -> u32 {
    values.iter().for_each(|value| push_value(items, value));
    count(values)
}

fn push_datum(items: &mut Vec<Item>, datum: &Datum) {
    match datum {
        Datum::Unknown => items.push(Item::Unknown),
        Datum::Absent => items.push(Item::Absent),
        Datum::Value(value) => push_value(items, value),
    }
}

/// More parts than `u32::MAX` do not fit in memory; the saturated count is refused on reading.
fn count<T>(parts: &[T]) -> u32 {
    u32::try_from(parts.len()).unwrap_or(u32::MAX)
}

impl TryFrom<Vec<Item>> for Value {
    type Error = &'static str;

    fn try_from(items: Vec<Item>) -> Result<Self, Self::Error> {
        build(items).ok_or("not a canonical value")
    }
}

/// A finished part and how deep it nests.
type Part = (Datum, u32);

fn build(mut items: Vec<Item>) -> Option<Value> {
    if items.len() == 1 {
        // Most values are scalars, and need no stack.
        return build_part(&mut Vec::new(), items.pop()?)?.0.into_value();
    }
    let mut stack: Vec<Part> = Vec::new();
    for item in items {
        let part = build_part(&mut stack, item).filter(|(_, depth)| *depth <= Value::DEPTH_MAX)?;
        stack.push(part);
    }
    let (Datum::Value(value), _) = stack.pop()? else {
        return None;
    };
    stack.is_empty().then_some(value)
}

fn build_part(stack: &mut Vec<Part>, item: Item) -> Option<Part> {
    let scalar = match item {
        Item::Unknown => return Some((Datum::Unknown, 0)),
        Item::Absent => return Some((Datum::Absent, 0)),
        Item::Set(len) => return build_set(stack, len),
        Item::List(len) => return build_list(stack, len),
        Item::Map(keys) => return build_map(stack, keys),
        Item::Record(len) => return build_record(stack, len),
        Item::Bool(bool) => Value::Bool(bool),
        Item::Int(int) => Value::Int(int),
        Item::Decimal(decimal) => Value::Decimal(decimal),
        Item::String(text) => Value::String(text),
        Item::Timestamp(at) => Value::Timestamp(at),
        Item::Duration(span) => Value::Duration(span),
        Item::Ip(ip) => Value::Ip(ip),
        Item::IpRange(range) => Value::IpRange(range),
        Item::Version(version) => Value::Version(version),
        Item::Quantity(amount) => Value::Quantity(amount),
        Item::Path(path) => Value::Path(path),
        Item::Host(host) => Value::Host(host),
        Item::Enum(member) => Value::Enum(member),
        Item::Entity(uid) => Value::Entity(uid),
    };
    Some((Datum::Value(scalar), 0))
}

fn build_set(stack: &mut Vec<Part>, len: u32) -> Option<Part> {
    let (elements, depth) = pop_values(stack, usize::try_from(len).ok()?)?;
    is_strictly_ascending(&elements).then(|| (Datum::Value(Value::Set(elements.into())), depth))
}

fn build_list(stack: &mut Vec<Part>, len: u32) -> Option<Part> {
    let (elements, depth) = pop_values(stack, usize::try_from(len).ok()?)?;
    Some((Datum::Value(Value::List(elements.into())), depth))
}

fn build_map(stack: &mut Vec<Part>, keys: Vec<Text>) -> Option<Part> {
    let (values, depth) = pop_values(stack, keys.len())?;
    let is_sorted = is_strictly_ascending(&keys);
    is_sorted.then(|| (Datum::Value(Value::Map(keys.into_iter().zip(values).collect())), depth))
}

fn build_record(stack: &mut Vec<Part>, len: u32) -> Option<Part> {
    let (fields, depth) = pop_data(stack, usize::try_from(len).ok()?)?;
    Some((Datum::Value(Value::Record(fields.into())), depth))
}

fn pop_values(stack: &mut Vec<Part>, len: usize) -> Option<(Vec<Value>, u32)> {
    let (data, depth) = pop_data(stack, len)?;
    let values: Option<Vec<_>> = data.into_iter().map(Datum::into_value).collect();
    Some((values?, depth))
}

/// The last `len` data of the stack, and the depth of what is made of them.
fn pop_data(stack: &mut Vec<Part>, len: usize) -> Option<(Vec<Datum>, u32)> {
    let parts = stack.split_off(stack.len().checked_sub(len)?);
    let depth = parts.iter().map(|(_, depth)| *depth).max().unwrap_or(0).saturating_add(1);
    Some((parts.into_iter().map(|(datum, _)| datum).collect(), depth))
}
