//! The serial form of types: flat, so that a hostile file cannot make reading one recurse.

use serde::{Deserialize, Serialize};

use super::Type;
use crate::id::{EntityTypeId, EnumId, RecordId};

/// The deepest nesting of type constructors.
const WRAPPERS_MAX: usize = 32;

/// A type as the constructors around a type that has none, outermost first.
#[derive(Serialize, Deserialize)]
pub(super) struct Form {
    wrappers: Vec<Wrapper>,
    of: Leaf,
}

#[derive(Serialize, Deserialize, PartialEq)]
enum Wrapper {
    Set,
    List,
    Map,
    Optional,
}

#[derive(Serialize, Deserialize)]
enum Leaf {
    Bool,
    Int,
    Decimal,
    String,
    Timestamp,
    Duration,
    Ip,
    IpRange,
    Version,
    Quantity,
    Path,
    Host,
    Enum(EnumId),
    Entity(Vec<EntityTypeId>),
    Record(RecordId),
}

impl From<Type> for Form {
    fn from(mut ty: Type) -> Self {
        let mut wrappers = Vec::new();
        loop {
            let (wrapper, inner) = match ty {
                Type::Set(inner) => (Wrapper::Set, inner),
                Type::List(inner) => (Wrapper::List, inner),
                Type::Map(inner) => (Wrapper::Map, inner),
                Type::Optional(inner) => (Wrapper::Optional, inner),
                Type::Bool => {
                    return Self { wrappers, of: Leaf::Bool };
                }
                Type::Int => {
                    return Self { wrappers, of: Leaf::Int };
                }
                Type::Decimal => {
                    return Self { wrappers, of: Leaf::Decimal };
                }
                Type::String => {
                    return Self { wrappers, of: Leaf::String };
                }
                Type::Timestamp => {
                    return Self { wrappers, of: Leaf::Timestamp };
                }
                Type::Duration => {
                    return Self { wrappers, of: Leaf::Duration };
                }
                Type::Ip => {
                    return Self { wrappers, of: Leaf::Ip };
                }
                Type::IpRange => {
                    return Self { wrappers, of: Leaf::IpRange };
                }
                Type::Version => {
                    return Self { wrappers, of: Leaf::Version };
                }
                Type::Quantity => {
                    return Self { wrappers, of: Leaf::Quantity };
                }
                Type::Path => {
                    return Self { wrappers, of: Leaf::Path };
                }
                Type::Host => {
                    return Self { wrappers, of: Leaf::Host };
                }
                Type::Enum(id) => {
                    return Self { wrappers, of: Leaf::Enum(id) };
                }
                Type::Entity(types) => {
                    return Self { wrappers, of: Leaf::Entity(types) };
                }
                Type::Record(id) => {
                    return Self { wrappers, of: Leaf::Record(id) };
                }
            };
            wrappers.push(wrapper);
            ty = *inner;
        }
    }
}

impl TryFrom<Form> for Type {
    type Error = &'static str;

    fn try_from(form: Form) -> Result<Self, Self::Error> {
        if form.wrappers.len() > WRAPPERS_MAX {
            return Err("a type is nested too deeply");
        }
        let mut ty = Self::from(form.of);
        if let Self::Entity(types) = &ty
            && (types.is_empty() || !types.is_sorted_by(|a, b| a < b))
        {
            return Err("the types of an entity reference are not sorted");
        }
        for wrapper in form.wrappers.into_iter().rev() {
            if wrapper == Wrapper::Optional && ty.is_optional() {
                return Err("an optional of an optional");
            }
            let inner = Box::new(ty);
            ty = match wrapper {
                Wrapper::Set => Self::Set(inner),
                Wrapper::List => Self::List(inner),
                Wrapper::Map => Self::Map(inner),
                Wrapper::Optional => Self::Optional(inner),
            };
        }
        Ok(ty)
    }
}

impl From<Leaf> for Type {
    fn from(leaf: Leaf) -> Self {
        match leaf {
            Leaf::Bool => Self::Bool,
            Leaf::Int => Self::Int,
            Leaf::Decimal => Self::Decimal,
            Leaf::String => Self::String,
            Leaf::Timestamp => Self::Timestamp,
            Leaf::Duration => Self::Duration,
            Leaf::Ip => Self::Ip,
            Leaf::IpRange => Self::IpRange,
            Leaf::Version => Self::Version,
            Leaf::Quantity => Self::Quantity,
            Leaf::Path => Self::Path,
            Leaf::Host => Self::Host,
            Leaf::Enum(id) => Self::Enum(id),
            Leaf::Entity(types) => Self::Entity(types),
            Leaf::Record(id) => Self::Record(id),
        }
    }
}
