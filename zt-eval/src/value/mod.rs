//! Values of the language and what can be known of them.
//!
//! A [`Value`] is canonical by construction: the parsers in this module's children give one form to every value, or
//! nothing. What cannot be put into canonical form is [`Datum::Unknown`], never a guess. Values clone in constant time.

mod collection;
mod decimal;
mod duration;
mod host;
mod knowledge;
mod net;
mod number;
mod ops;
mod path;
mod quantity;
mod text;
mod timestamp;
mod version;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{EntityTypeId, EnumId};

pub use collection::{SetOp, contains, contains_all, contains_any, set_operation};
pub use decimal::Decimal;
pub use duration::Duration;
pub use host::Host;
pub(crate) use host::is_label;
pub use knowledge::agreement;
pub use net::{Ip, IpRange};
pub use ops::{Arith, arith, compare, ends_with, equal, index, is_empty, lower, negate, size, starts_with};
pub use path::Path;
pub(crate) use path::{decode_segment, write_segment};
pub use quantity::Quantity;
pub use text::Text;
pub use timestamp::Timestamp;
pub(crate) use timestamp::{DAY_MS, civil_from_days, days_from_civil};
pub use version::Version;

/// An entity's identity: its type and its id within the type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct EntityUid {
    /// The entity's type.
    pub ty: EntityTypeId,
    /// The id, unique within the type; compared by bytes.
    pub id: Text,
}

/// A member of an enum, by its position in the declaration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct EnumMember {
    /// The enum.
    pub ty: EnumId,
    /// Position among the members, which is also the order of an ordered enum.
    pub index: u32,
}

/// A known value.
///
/// Sets are kept sorted and without repetition, map entries sorted by key. The order of the variants is part of
/// [`Value::order`]. Rust's `==` and `<` here are structural; the language's are [`equal`] and [`compare`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<wire::Item>", into = "Vec<wire::Item>")]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A fixed-point number.
    Decimal(Decimal),
    /// UTF-8 text, compared by bytes.
    String(Text),
    /// An instant.
    Timestamp(Timestamp),
    /// A span of time.
    Duration(Duration),
    /// An address.
    Ip(Ip),
    /// A range of addresses.
    IpRange(IpRange),
    /// A semantic version.
    Version(Arc<Version>),
    /// A Kubernetes amount.
    Quantity(Quantity),
    /// A canonical URL path.
    Path(Path),
    /// A canonical host name.
    Host(Host),
    /// An enum's member.
    Enum(EnumMember),
    /// A reference to an entity.
    Entity(EntityUid),
    /// Distinct values, in [`Value::order`].
    Set(Arc<[Value]>),
    /// Values in order. Elements of record type may be partly unknown inside.
    List(Arc<[Value]>),
    /// Values by key, sorted by key.
    Map(Arc<[(Text, Value)]>),
    /// A record's fields, in the order of its declaration.
    Record(Arc<[Datum]>),
}

/// What is known of a place that can hold a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Datum {
    /// Nothing is known.
    Unknown,
    /// Known not to be there: a fact, possible for optional types only.
    Absent,
    /// Known.
    Value(Value),
}

impl Datum {
    /// The value, when there is one.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }

    /// The value, when there is one.
    #[must_use]
    pub fn into_value(self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }
}

impl From<Option<Value>> for Datum {
    /// `None` is what an operation gives that has no exact result: unknown.
    fn from(result: Option<Value>) -> Self {
        result.map_or(Self::Unknown, Self::Value)
    }
}
