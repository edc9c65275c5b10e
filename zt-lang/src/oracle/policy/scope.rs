//! What an expression can read where it stands, with the type that the checker knows it by there.

use zt_eval::id::EntityTypeId;
use zt_eval::schema::{Schema, Type};

use super::vocabulary::word;

/// What a condition says where it is true, or where it is false.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    /// The optional at this path is there.
    Present(String),
    /// The entity at this path has one of these types.
    Types(String, Vec<EntityTypeId>),
    /// A segment of a path is known by this name.
    Capture(String),
}

/// Something that can be read.
#[derive(Clone, Debug)]
pub struct Place {
    /// As it is written.
    pub text: String,
    /// As it is known here.
    pub ty: Type,
    /// What it is an attribute or a field of.
    base: Option<String>,
}

/// Where an expression stands.
#[derive(Clone)]
pub struct Scope {
    roots: Vec<(String, Type)>,
    facts: Vec<Fact>,
    /// All that can be read.
    pub places: Vec<Place>,
    /// Whether nothing unverified may be read.
    pub verified: bool,
    /// How many quantifiers stand around.
    pub quantifiers: u8,
}

impl Scope {
    /// A scope with the context and these roots.
    pub fn new(schema: &Schema, roots: Vec<(String, Type)>, verified: bool) -> Self {
        let mut scope = Self { roots, facts: Vec::new(), places: Vec::new(), verified, quantifiers: 0 };
        scope.refresh(schema);
        scope
    }

    /// The scope in which these hold as well.
    pub fn with(&self, schema: &Schema, facts: &[Fact]) -> Self {
        if facts.is_empty() {
            return self.clone();
        }
        let mut scope = self.clone();
        for fact in facts {
            if let Fact::Present(text) = fact {
                scope.present(text);
            } else {
                scope.facts.push(fact.clone());
            }
            // The next fact may be about a place that this one brings into reach.
            scope.refresh(schema);
        }
        scope
    }

    /// Whether the optional at this path is known to be there: then nobody may ask.
    pub fn is_present(&self, text: &str) -> bool {
        self.facts.iter().any(|fact| matches!(fact, Fact::Present(path) if path == text))
    }

    /// A path through an optional is there only if the optional is.
    fn present(&mut self, text: &str) {
        let mut next = Some(text.to_owned());
        while let Some(text) = next {
            next = self.places.iter().find(|place| place.text == text).and_then(|place| place.base.clone());
            self.facts.push(Fact::Present(text));
        }
    }

    /// The scope within a quantifier, with its variables.
    pub fn within(&self, schema: &Schema, variables: Vec<(String, Type)>) -> Self {
        let mut scope = self.clone();
        scope.quantifiers += 1;
        let mut roots = variables;
        roots.append(&mut scope.roots);
        scope.roots = roots;
        scope.refresh(schema);
        scope
    }

    fn refresh(&mut self, schema: &Schema) {
        self.places.clear();
        for fact in self.facts.clone() {
            if let Fact::Capture(name) = fact {
                self.places.push(Place { text: name, ty: Type::String, base: None });
            }
        }
        for (text, ty) in self.roots.clone() {
            self.add(schema, text, ty, None, 2);
        }
        for attribute in &schema.context {
            if self.may_read(schema, attribute.from) {
                self.add(schema, format!("context.{}", word(&attribute.name)), attribute.ty.clone(), None, 2);
            }
        }
    }

    fn may_read(&self, schema: &Schema, from: zt_eval::id::SourceId) -> bool {
        !self.verified || schema.source(from).is_some_and(|source| source.verified)
    }

    /// The type that something declared with this type is known by here.
    pub fn known(&self, text: &str, mut ty: Type) -> Type {
        if self.is_present(text) {
            ty = ty.present().clone();
        }
        for fact in &self.facts {
            if let Fact::Types(path, types) = fact
                && path == text
            {
                ty = narrowed(ty, types);
            }
        }
        ty
    }

    fn add(&mut self, schema: &Schema, text: String, ty: Type, base: Option<String>, depth: u32) {
        let ty = self.known(&text, ty);
        self.places.push(Place { text: text.clone(), ty: ty.clone(), base });
        if depth == 0 {
            return;
        }
        let within = |inner: &Type| if ty.is_optional() { inner.clone().optional() } else { inner.clone() };
        match ty.present() {
            Type::Record(id) => {
                for field in schema.record(*id).map_or(&[][..], |record| &record.fields) {
                    let path = format!("{text}.{}", word(&field.name));
                    self.add(schema, path, within(&field.ty), Some(text.clone()), depth - 1);
                }
            }
            Type::Entity(types) => {
                let [only] = types.as_slice() else { return };
                for attribute in schema.entity(*only).map_or(&[][..], |entity| &entity.attributes) {
                    if self.may_read(schema, attribute.from) {
                        let path = format!("{text}.{}", word(&attribute.name));
                        self.add(schema, path, within(&attribute.ty), Some(text.clone()), depth - 1);
                    }
                }
            }
            _ => {}
        }
    }
}

fn narrowed(ty: Type, known: &[EntityTypeId]) -> Type {
    match ty {
        Type::Entity(types) => {
            let both: Vec<EntityTypeId> = types.iter().copied().filter(|ty| known.contains(ty)).collect();
            Type::Entity(if both.is_empty() { types } else { both })
        }
        Type::Optional(inner) => narrowed(*inner, known).optional(),
        other => other,
    }
}
