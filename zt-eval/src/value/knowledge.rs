//! How much of a value is known: records may be unknown in part, and so may lists and maps of them.

use super::{Datum, Value};

impl Value {
    /// Whether nothing inside is unknown.
    #[must_use]
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Record(data) => data.iter().all(|datum| match datum {
                Datum::Unknown => false,
                Datum::Absent => true,
                Datum::Value(value) => value.is_wholly_known(),
            }),
            Self::Set(elements) | Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(entries) => entries.iter().all(|(_, value)| value.is_wholly_known()),
            _ => true,
        }
    }
}

/// What is known when it is one of two data and not known which: what they agree on, field by field.
///
/// Were two records that are unknown in the same part taken for equal, finding out what they differ in would make less
/// known than before.
///
/// ```
/// use zt_eval::value::{Datum, Value, agreement};
///
/// let record = |a: Datum, b| Datum::Value(Value::Record([a, Datum::Value(Value::Int(b))].into()));
/// let int = |int| Datum::Value(Value::Int(int));
/// assert_eq!(agreement(&record(int(1), 7), &record(int(2), 7)), record(Datum::Unknown, 7));
/// assert_eq!(agreement(&int(1), &int(2)), Datum::Unknown);
/// ```
#[must_use]
pub fn agreement(a: &Datum, b: &Datum) -> Datum {
    match (a, b) {
        (Datum::Absent, Datum::Absent) => Datum::Absent,
        (Datum::Value(a), Datum::Value(b)) => common(a, b).into(),
        _ => Datum::Unknown,
    }
}

fn common(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        _ if a == b => Some(a.clone()),
        (Value::Record(a), Value::Record(b)) if a.len() == b.len() => {
            Some(Value::Record(a.iter().zip(b.iter()).map(|(a, b)| agreement(a, b)).collect()))
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            let elements: Option<Vec<_>> = a.iter().zip(b.iter()).map(|(a, b)| common(a, b)).collect();
            elements.map(|elements| Value::List(elements.into()))
        }
        (Value::Map(a), Value::Map(b)) if a.len() == b.len() => {
            let entries = a.iter().zip(b.iter()).map(|((key, a), (other, b))| {
                let value = if key == other { common(a, b) } else { None };
                value.map(|value| (key.clone(), value))
            });
            let entries: Option<Vec<_>> = entries.collect();
            entries.map(|entries| Value::Map(entries.into()))
        }
        _ => None,
    }
}
