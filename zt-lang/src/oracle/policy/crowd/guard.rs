//! Tests of one place against constants, in every form that the language has for them.

use zt_eval::id::EntityTypeId;
use zt_eval::schema::Type;

use crate::oracle::policy::condition::plain;
use crate::oracle::policy::expr::{has_equality, has_order};
use crate::oracle::policy::scope::{Fact, Place, Scope};
use crate::oracle::policy::{Author, Condition};
use crate::oracle::pool;

/// Whether rules can be told apart by values of the type.
pub fn is_telling(ty: &Type) -> bool {
    match ty.present() {
        Type::Bool | Type::Record(_) | Type::Optional(_) => false,
        Type::Set(inner) | Type::List(inner) | Type::Map(inner) => has_equality(inner),
        _ => true,
    }
}

const GLOBS: &[&str] = &["red*", "*blue", "*d*", "r?d", "red-*", "*-*", "b*e", "red", "*"];
const REGEXES: &[&str] = &["red.*", "(?s).*blue", "r.d", "red-[a-z]+", "(red|blue)", "[rR]ed", ".*-.*"];
const ROUTES: &[&str] = &[
    "/users/**",
    "/users/*",
    "/users/ann",
    "/*/ann/**",
    "/**",
    "/users/*/orders/*",
    "/admin",
    "/**/keys",
    "/users/ann/**",
];
const HOSTS: &[&str] = &["*.example.com", "api.example.com", "*.*.example.com", "*", "example.com", "a.*.example.com"];
const TEXT_PARTS: &[&str] = &["red", "r", "", "d", "blue", "-", "red-", "e", "Red"];
const PATH_PARTS: &[&str] = &["/users", "/", "/users/ann", "/users/", "/admin", "/users/ann/orders"];

impl Author<'_, '_> {
    /// A test of a place; where the place may be absent, of its being there first.
    pub fn guard(&mut self, scope: &Scope, place: &Place) -> Option<Condition> {
        let Type::Optional(_) = &place.ty else { return self.guard_of(scope, &place.text, &place.ty) };
        if has_equality(place.ty.present()) && self.choices.chance(1, 6) {
            let (stand_in, other) = (self.constant(place.ty.present())?, self.constant(place.ty.present())?);
            return Some(plain(format!("({} otherwise {stand_in}) == {other}", place.text)));
        }
        let present = Fact::Present(place.text.clone());
        let inner = scope.with(self.schema, std::slice::from_ref(&present));
        let there = inner.places.iter().find(|each| each.text == place.text)?.clone();
        let test = self.guard_of(&inner, &there.text, &there.ty)?;
        let holds = [vec![present], test.holds].concat();
        Some(Condition { text: format!("{} is present and ({})", place.text, test.text), holds, fails: Vec::new() })
    }

    fn guard_of(&mut self, scope: &Scope, text: &str, ty: &Type) -> Option<Condition> {
        match ty {
            Type::Entity(types) => self.entity_guard(scope, text, types),
            Type::Map(inner) => self.map_guard(scope, text, inner),
            Type::Set(inner) | Type::List(inner) => self.collection_guard(text, ty, inner).map(plain),
            Type::IpRange if self.choices.chance(2, 3) => {
                Some(plain(format!("{text} contains {}", self.constant(&Type::Ip)?)))
            }
            scalar => self.scalar_guard(text, scalar).map(plain),
        }
    }

    /// A constant of a scalar type: mostly one that requests have too.
    fn constant(&mut self, ty: &Type) -> Option<String> {
        if self.choices.chance(1, 8) {
            let far = self.choices.below(40);
            match ty {
                Type::Int => return Some(far.to_string()),
                Type::String => return Some(format!("\"red{far}\"")),
                Type::Ip => return Some(format!("10.1.2.{far}")),
                _ => {}
            }
        }
        pool::literal(self.schema, ty, self.choices)
    }

    fn constants(&mut self, ty: &Type) -> Option<String> {
        let several: Option<Vec<String>> = (0..1 + self.choices.below(4)).map(|_| self.constant(ty)).collect();
        Some(format!("[{}]", several?.join(", ")))
    }

    fn scalar_guard(&mut self, text: &str, ty: &Type) -> Option<String> {
        let is_ordered = has_order(self.schema, ty);
        match self.choices.below(if is_ordered { 8 } else { 4 }) {
            0 => Some(format!("{text} == {}", self.constant(ty)?)),
            // Ranges beside addresses are tests of their own.
            1 if *ty != Type::Ip => Some(format!("{text} in {}", self.constants(ty)?)),
            2 | 3 => match self.part_guard(text, ty) {
                Some(found) => Some(found),
                None => self.turned_guard(text, ty),
            },
            1 => self.part_guard(text, ty),
            4 | 5 => {
                let operator = self.choices.text(&["<", "<=", ">", ">="]);
                Some(format!("{text} {operator} {}", self.constant(ty)?))
            }
            6 => {
                let (low, high) = (self.choices.text(&[">", ">="]), self.choices.text(&["<", "<="]));
                let (from, to) = (self.constant(ty)?, self.constant(ty)?);
                Some(format!("{text} {low} {from} and {text} {high} {to}"))
            }
            _ => self.turned_guard(text, ty),
        }
    }

    /// The constant on the left, where it has its type by itself.
    fn turned_guard(&mut self, text: &str, ty: &Type) -> Option<String> {
        let operators: &[&'static str] =
            if has_order(self.schema, ty) { &["==", "<", "<=", ">", ">="] } else { &["=="] };
        let operator = self.choices.text(operators);
        match self.literal(ty, true) {
            Some(constant) => Some(format!("{constant} {operator} {text}")),
            None => Some(format!("{text} {operator} {}", self.constant(ty)?)),
        }
    }

    /// A test that only some types have.
    fn part_guard(&mut self, text: &str, ty: &Type) -> Option<String> {
        Some(match ty {
            Type::String => match self.choices.below(7) {
                0 => format!("{text} like \"{}\"", self.choices.text(GLOBS)),
                1 => format!("{text} matches \"{}\"", self.choices.text(REGEXES)),
                2 => format!("lower({text}) == {}", self.constant(ty)?),
                3 => format!("lower({text}) in {}", self.constants(ty)?),
                at => {
                    let operator = ["starts_with", "ends_with", "contains"].get(at - 4).copied().unwrap_or("contains");
                    format!("{text} {operator} \"{}\"", self.choices.text(TEXT_PARTS))
                }
            },
            Type::Path if self.choices.chance(1, 3) => {
                format!("{text} starts_with \"{}\"", self.choices.text(PATH_PARTS))
            }
            Type::Path => format!("{text} like \"{}\"", self.choices.text(ROUTES)),
            Type::Host => format!("{text} like \"{}\"", self.choices.text(HOSTS)),
            Type::Ip => match self.choices.below(3) {
                0 => format!("{text} in {}", self.constant(&Type::IpRange)?),
                1 => format!("{text} in {}", self.constants(&Type::IpRange)?),
                _ => format!("{} contains {text}", self.constants(&Type::IpRange)?),
            },
            _ => return None,
        })
    }

    fn collection_guard(&mut self, text: &str, ty: &Type, inner: &Type) -> Option<String> {
        if matches!(inner, Type::Set(_) | Type::List(_)) {
            return Some(format!("{text} is empty"));
        }
        Some(match self.choices.below(6) {
            0 | 1 => format!("{text} contains {}", self.constant(inner)?),
            2 | 3 => {
                let operator = self.choices.text(&["contains_any", "contains_all"]);
                format!("{text} {operator} {}", self.constants(inner)?)
            }
            4 if *inner == Type::IpRange => format!("{text} contains {}", self.constant(&Type::Ip)?),
            4 if !matches!(inner, Type::Entity(_)) => format!("{} in {text}", self.literal(inner, true)?),
            _ => format!("{text} == {}", self.literal(ty, false)?),
        })
    }

    fn map_guard(&mut self, scope: &Scope, text: &str, inner: &Type) -> Option<Condition> {
        let key = pool::quoted(pool::key(self.choices));
        let entry = format!("{text}[{key}]");
        if self.choices.chance(1, 3) {
            let contains = self.choices.chance(1, 2);
            return Some(plain(if contains { format!("{text} contains {key}") } else { format!("{key} in {text}") }));
        }
        if !is_telling(inner) || matches!(inner, Type::Map(_)) {
            return Some(plain(format!("{text} contains {key}")));
        }
        // An earlier conjunct may have settled of what types the entry's entity is.
        let known = scope.known(&entry, inner.clone());
        let test = self.guard_of(scope, &entry, &known)?;
        if scope.is_present(&entry) {
            return Some(test);
        }
        let holds = [vec![Fact::Present(entry.clone())], test.holds].concat();
        Some(Condition { text: format!("{entry} is present and ({})", test.text), holds, fails: Vec::new() })
    }

    fn entity_guard(&mut self, scope: &Scope, text: &str, types: &[EntityTypeId]) -> Option<Condition> {
        match self.choices.below(8) {
            0 => Some(plain(format!("{text} == {}", self.entity(types)?))),
            1 => {
                let (listed, rest) = self.some_of(types);
                let names = self.schema.types_text(&listed);
                let fails = if rest.is_empty() { Vec::new() } else { vec![Fact::Types(text.to_owned(), rest)] };
                let holds = vec![Fact::Types(text.to_owned(), listed)];
                Some(Condition { text: format!("{text} is {names}"), holds, fails })
            }
            _ if scope.verified && !self.is_trusted(types) => Some(plain(format!("{text} == {}", self.entity(types)?))),
            form => {
                let reached = self.reached(types);
                let among = [*self.choices.pick(&reached)?];
                let count = if form < 5 { 1 } else { 1 + self.choices.below(3) };
                let several: Option<Vec<String>> = (0..count).map(|_| self.entity(&among)).collect();
                let several = several?.join(", ");
                Some(plain(if form < 5 { format!("{text} in {several}") } else { format!("{text} in [{several}]") }))
            }
        }
    }

    /// An entity of one of the types, mostly one that requests speak of.
    fn entity(&mut self, types: &[EntityTypeId]) -> Option<String> {
        let name = &self.schema.entity(*self.choices.pick(types)?)?.name;
        let far = self.choices.chance(1, 8);
        let id = if far { format!("e{}", self.choices.below(20)) } else { self.choices.text(pool::IDS).to_owned() };
        Some(format!("{name}::{}", pool::quoted(&id)))
    }
}
