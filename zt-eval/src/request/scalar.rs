//! From text, numbers and truth values to values of a declared type: the one place that says how each type is written.
//!
//! Requests, entity data, parameters and programs all come through here, so a text means the same wherever it is given.

use crate::schema::{Schema, Type};
use crate::value::{Decimal, Duration, EnumMember, Host, Ip, IpRange, Path, Quantity, Timestamp, Value, Version};

impl Schema {
    /// The value of a scalar type that a text stands for; `None` when it stands for none.
    #[must_use]
    pub fn value_of_text(&self, ty: &Type, text: &str) -> Option<Value> {
        match ty.present() {
            Type::String => Some(Value::String(text.into())),
            Type::Decimal => Decimal::parse(text).map(Value::Decimal),
            Type::Timestamp => Timestamp::parse_rfc3339(text).map(Value::Timestamp),
            Type::Duration => Duration::parse(text).map(Value::Duration),
            Type::Ip => Ip::parse(text).map(Value::Ip),
            Type::IpRange => IpRange::parse(text).map(Value::IpRange),
            Type::Version => Version::parse(text).map(|version| Value::Version(version.into())),
            Type::Quantity => Quantity::parse(text).map(Value::Quantity),
            Type::Path => Path::parse(text).map(Value::Path),
            Type::Host => Host::parse(text).map(Value::Host),
            Type::Enum(id) => {
                let index = self.enum_type(*id)?.members.iter().position(|member| **member == *text)?;
                Some(Value::Enum(EnumMember { ty: *id, index: u32::try_from(index).ok()? }))
            }
            _ => None,
        }
    }

    /// The value of a scalar type that a JSON number stands for, by its exact text; `None` when it stands for none.
    #[must_use]
    pub fn value_of_number(&self, ty: &Type, number: &str) -> Option<Value> {
        match ty.present() {
            Type::Int => number.parse().ok().map(Value::Int),
            Type::Decimal => Decimal::parse(number).map(Value::Decimal),
            Type::Timestamp => Timestamp::parse_seconds(number).map(Value::Timestamp),
            Type::Quantity => Quantity::parse(number).map(Value::Quantity),
            _ => None,
        }
    }

    /// The value of type `Bool`.
    #[must_use]
    pub fn value_of_bool(&self, ty: &Type, value: bool) -> Option<Value> {
        (*ty.present() == Type::Bool).then_some(Value::Bool(value))
    }
}
