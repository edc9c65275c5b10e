//! How declared things read in messages: as the author of a policy would write them.

use std::fmt::Write as _;

use super::{Schema, Type};
use crate::decision::Fact;
use crate::id::EntityTypeId;
use crate::value::EntityUid;

impl Schema {
    /// A type as it is declared: `Set<String>?`.
    #[must_use]
    pub fn type_text(&self, ty: &Type) -> String {
        match ty {
            Type::Enum(id) => self.enum_type(*id).map_or("enum", |ty| &ty.name).into(),
            Type::Record(id) => self.record(*id).map_or("record", |ty| &ty.name).into(),
            Type::Entity(types) => self.types_text(types),
            Type::Set(of) => format!("Set<{}>", self.type_text(of)),
            Type::List(of) => format!("List<{}>", self.type_text(of)),
            Type::Map(of) => format!("Map<{}>", self.type_text(of)),
            Type::Optional(of) => format!("{}?", self.type_text(of)),
            scalar => format!("{scalar:?}"),
        }
    }

    /// Entity types as a union: `User | Service`.
    #[must_use]
    pub fn types_text(&self, types: &[EntityTypeId]) -> String {
        let names: Vec<&str> = types.iter().map(|ty| self.entity_name(*ty)).collect();
        names.join(" | ")
    }

    fn entity_name(&self, ty: EntityTypeId) -> &str {
        self.entity(ty).map_or("?", |entity| &entity.name)
    }

    /// An entity: `User::"ann"`.
    #[must_use]
    pub fn uid_text(&self, uid: &EntityUid) -> String {
        format!("{}::{}", self.entity_name(uid.ty), quoted(&uid.id))
    }

    /// A fact: `context.mfa`, `User::"ann".clearance`, `User::"ann" parents`, `now`.
    #[must_use]
    pub fn fact_text(&self, fact: &Fact) -> String {
        match fact {
            Fact::Context(attribute) => {
                let attribute = self.context.get(*attribute as usize);
                format!("context.{}", member(attribute.map_or("?", |each| &each.name)))
            }
            Fact::Attribute(uid, attribute) => {
                let attribute = self.entity(uid.ty).and_then(|entity| entity.attributes.get(*attribute as usize));
                format!("{}.{}", self.uid_text(uid), member(attribute.map_or("?", |each| &each.name)))
            }
            Fact::Parents(uid) => format!("{} parents", self.uid_text(uid)),
            Fact::Now => "now".into(),
        }
    }
}

/// A name as it stands after a dot: in backquotes unless it is a word.
#[must_use]
pub fn member(name: &str) -> std::borrow::Cow<'_, str> {
    if is_word(name) { name.into() } else { format!("`{name}`").into() }
}

pub(crate) fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
}

/// A string literal.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for each in text.chars() {
        match each {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\t' => literal.push_str("\\t"),
            '\r' => literal.push_str("\\r"),
            hidden if hidden.is_control() => {
                // Writing to a string does not fail.
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(hidden));
            }
            plain => literal.push(plain),
        }
    }
    literal.push('"');
    literal
}
