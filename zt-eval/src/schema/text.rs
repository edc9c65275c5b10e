//! How declared things read in messages: as the author of a policy would write them.

use std::fmt::{self, Write};

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
        text(|out| self.write_types(out, types))
    }

    /// The same, into memory of the caller's.
    pub(crate) fn write_types(&self, out: &mut impl Write, types: &[EntityTypeId]) -> fmt::Result {
        types.iter().enumerate().try_for_each(|(at, ty)| {
            out.write_str(if at == 0 { "" } else { " | " })?;
            out.write_str(self.entity_name(*ty))
        })
    }

    fn entity_name(&self, ty: EntityTypeId) -> &str {
        self.entity(ty).map_or("?", |entity| &entity.name)
    }

    /// An entity: `User::"ann"`.
    #[must_use]
    pub fn uid_text(&self, uid: &EntityUid) -> String {
        text(|out| self.write_uid(out, uid))
    }

    /// The same, into memory of the caller's.
    pub(crate) fn write_uid(&self, out: &mut impl Write, uid: &EntityUid) -> fmt::Result {
        write!(out, "{}::{}", self.entity_name(uid.ty), Quoted(&uid.id))
    }

    /// A fact: `context.mfa`, `User::"ann".clearance`, `User::"ann" parents`, `now`.
    #[must_use]
    pub fn fact_text(&self, fact: &Fact) -> String {
        text(|out| self.write_fact(out, fact))
    }

    /// The text of a fact, into memory of the caller's.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_fact(&self, out: &mut impl Write, fact: &Fact) -> fmt::Result {
        match fact {
            Fact::Context(attribute) => {
                let attribute = self.context.get(*attribute as usize);
                write!(out, "context.{}", Member(attribute.map_or("?", |each| &each.name)))
            }
            Fact::Attribute(uid, attribute) => {
                let attribute = self.entity(uid.ty).and_then(|entity| entity.attributes.get(*attribute as usize));
                self.write_uid(out, uid)?;
                write!(out, ".{}", Member(attribute.map_or("?", |each| &each.name)))
            }
            Fact::Parents(uid) => {
                self.write_uid(out, uid)?;
                out.write_str(" parents")
            }
            Fact::Now => out.write_str("now"),
        }
    }
}

/// What is written, as a text.
fn text(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text);
    text
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

/// The same, to be written.
pub(crate) struct Member<'a>(pub &'a str);

impl fmt::Display for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_word(self.0) { f.write_str(self.0) } else { write!(f, "`{}`", self.0) }
    }
}

/// A string literal.
#[must_use]
pub fn quoted(text: &str) -> String {
    Quoted(text).to_string()
}

/// A string literal of what something reads as, to be written.
pub(crate) struct Quoted<T>(pub T);

impl<T: fmt::Display> fmt::Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        write!(Escaping(f), "{}", self.0)?;
        f.write_str("\"")
    }
}

/// Escapes what is written to it as in a string literal.
struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let is_special = |each: char| matches!(each, '"' | '\\') || each.is_control();
        part.split_inclusive(is_special).try_for_each(|run| {
            let last = run.chars().next_back().filter(|last| is_special(*last));
            let Some((last, plain)) = last.and_then(|last| Some((last, run.strip_suffix(last)?))) else {
                return self.0.write_str(run);
            };
            self.0.write_str(plain)?;
            match last {
                '"' => self.0.write_str("\\\""),
                '\\' => self.0.write_str("\\\\"),
                '\n' => self.0.write_str("\\n"),
                '\t' => self.0.write_str("\\t"),
                '\r' => self.0.write_str("\\r"),
                hidden => write!(self.0, "\\u{{{:x}}}", u32::from(hidden)),
            }
        })
    }
}
