//! Which type fits where, and which operators a type has.

use zt_eval::schema::{Schema, Type};

/// Whether it, or what it holds, has been reported already.
pub fn is_error(ty: &Type) -> bool {
    match ty {
        Type::Entity(types) => types.is_empty(),
        Type::Set(inner) | Type::List(inner) | Type::Map(inner) | Type::Optional(inner) => is_error(inner),
        _ => false,
    }
}

/// Whether every value of `actual` is one of `wanted`.
pub fn fits(actual: &Type, wanted: &Type) -> bool {
    if is_error(actual) || is_error(wanted) {
        return true;
    }
    match (actual, wanted) {
        (Type::Entity(actual), Type::Entity(wanted)) => actual.iter().all(|ty| wanted.contains(ty)),
        (Type::Set(actual), Type::Set(wanted))
        | (Type::List(actual), Type::List(wanted))
        | (Type::Map(actual), Type::Map(wanted))
        | (Type::Optional(actual), Type::Optional(wanted)) => fits(actual, wanted),
        (Type::Optional(_), _) => false,
        (actual, Type::Optional(wanted)) => fits(actual, wanted),
        _ => actual == wanted,
    }
}

/// Whether values of both can be the same: equal types, or entity types that overlap.
pub fn comparable(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Entity(a), Type::Entity(b)) => a.is_empty() || b.is_empty() || a.iter().any(|ty| b.contains(ty)),
        (Type::Set(a), Type::Set(b)) | (Type::List(a), Type::List(b)) => comparable(a, b),
        _ => is_error(a) || is_error(b) || a == b,
    }
}

/// Whether `==` is defined on it.
pub fn has_equality(ty: &Type) -> bool {
    match ty {
        Type::Record(_) | Type::Map(_) | Type::Optional(_) => false,
        Type::Set(inner) | Type::List(inner) => has_equality(inner),
        _ => true,
    }
}

/// Whether `<` is defined on it.
pub fn has_order(schema: &Schema, ty: &Type) -> bool {
    match ty {
        Type::Int
        | Type::Decimal
        | Type::String
        | Type::Timestamp
        | Type::Duration
        | Type::Version
        | Type::Quantity => true,
        Type::Enum(id) => schema.enum_type(*id).is_some_and(|found| found.ordered),
        other => is_error(other),
    }
}

/// The type of a collection's elements, of a map's values.
pub fn element(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Set(inner) | Type::List(inner) | Type::Map(inner) => Some(inner),
        _ => None,
    }
}

/// The type in backquotes, for sentences.
pub fn described(schema: &Schema, ty: &Type) -> String {
    format!("`{}`", schema.type_text(ty))
}

/// Whether elements of one type can be in a collection of the other: an address also in a range, or among ranges, and
/// a text among a map's keys.
pub fn holds(collection: &Type, element: &Type) -> bool {
    match (collection, element) {
        (Type::IpRange, Type::Ip) | (Type::Map(_), Type::String) => true,
        (Type::Set(inner) | Type::List(inner), Type::Ip) if **inner == Type::IpRange => true,
        (Type::Set(inner) | Type::List(inner), element) => has_equality(inner) && comparable(inner, element),
        _ => false,
    }
}
