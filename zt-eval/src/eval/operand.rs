//! What a node yields while a decision is made: evidence is borrowed from where it is kept, what is computed is owned.

use crate::Truth;
use crate::facts::Known;
use crate::value::{Datum, Value};

/// A datum, borrowed wherever it can be.
#[derive(Clone, Debug)]
pub(crate) enum Operand<'a> {
    /// Nothing is known.
    Unknown,
    /// Known not to be there.
    Absent,
    /// Evidence or a constant.
    Ref(&'a Value),
    /// A result.
    Own(Value),
}

impl<'a> Operand<'a> {
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Unknown | Self::Absent => None,
            Self::Ref(value) => Some(value),
            Self::Own(value) => Some(value),
        }
    }

    /// A condition's truth; whatever is not a Boolean value is unknown.
    pub fn truth(&self) -> Truth {
        match self.value() {
            Some(Value::Bool(known)) => (*known).into(),
            _ => Truth::Unknown,
        }
    }

    pub fn into_datum(self) -> Datum {
        match self {
            Self::Unknown => Datum::Unknown,
            Self::Absent => Datum::Absent,
            Self::Ref(value) => Datum::Value(value.clone()),
            Self::Own(value) => Datum::Value(value),
        }
    }

    pub fn to_datum(&self) -> Datum {
        self.clone().into_datum()
    }

    /// A field of a record: absent when the record is.
    pub fn field(self, field: usize) -> Self {
        match self {
            Self::Absent => Self::Absent,
            Self::Ref(Value::Record(fields)) => fields.get(field).map_or(Self::Unknown, Self::from),
            Self::Own(Value::Record(fields)) => fields.get(field).map_or(Self::Unknown, |datum| datum.clone().into()),
            _ => Self::Unknown,
        }
    }

    /// The element at a position of a set or list, or the value at a position of a map.
    pub fn element(&self, index: usize) -> Self {
        match self {
            Self::Ref(collection) => element(collection, index).map_or(Self::Unknown, Self::Ref),
            Self::Own(collection) => {
                element(collection, index).map_or(Self::Unknown, |element| Self::Own(element.clone()))
            }
            Self::Unknown | Self::Absent => Self::Unknown,
        }
    }

    /// The key at a position of a map.
    pub fn key(&self, index: usize) -> Self {
        match self.value() {
            Some(Value::Map(entries)) => {
                entries.get(index).map_or(Self::Unknown, |(key, _)| Self::Own(Value::String(key.clone())))
            }
            _ => Self::Unknown,
        }
    }
}

/// The element at a position, or a map's value.
pub(crate) fn element(collection: &Value, index: usize) -> Option<&Value> {
    match collection {
        Value::Set(all) | Value::List(all) => all.get(index),
        Value::Map(entries) => entries.get(index).map(|(_, value)| value),
        _ => None,
    }
}

/// How many elements a quantifier goes through; `None` over what is no collection.
pub(crate) fn element_count(collection: &Value) -> Option<usize> {
    match collection {
        Value::Set(all) | Value::List(all) => Some(all.len()),
        Value::Map(entries) => Some(entries.len()),
        _ => None,
    }
}

impl<'a> From<&'a Datum> for Operand<'a> {
    fn from(datum: &'a Datum) -> Self {
        match datum {
            Datum::Unknown => Self::Unknown,
            Datum::Absent => Self::Absent,
            Datum::Value(value) => Self::Ref(value),
        }
    }
}

impl<'a> From<Known<'a>> for Operand<'a> {
    fn from(known: Known<'a>) -> Self {
        match known {
            Known::Unknown => Self::Unknown,
            Known::Absent => Self::Absent,
            Known::Value(value) => Self::Ref(value),
        }
    }
}

impl From<Datum> for Operand<'_> {
    fn from(datum: Datum) -> Self {
        match datum {
            Datum::Unknown => Self::Unknown,
            Datum::Absent => Self::Absent,
            Datum::Value(value) => Self::Own(value),
        }
    }
}

impl From<Option<Value>> for Operand<'_> {
    /// `None` is what an operation gives that has no exact result: unknown.
    fn from(result: Option<Value>) -> Self {
        result.map_or(Self::Unknown, Self::Own)
    }
}

impl From<Truth> for Operand<'_> {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::Own(Value::Bool(true)),
            Truth::False => Self::Own(Value::Bool(false)),
            Truth::Unknown => Self::Unknown,
        }
    }
}
