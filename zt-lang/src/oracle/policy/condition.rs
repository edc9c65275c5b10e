//! Conditions: about one place, and their combinations.

use zt_eval::id::EntityTypeId;
use zt_eval::schema::Type;

use super::expr::{has_equality, has_order, has_union};
use super::scope::{Fact, Place, Scope};
use super::{Author, Condition};
use crate::oracle::pool;

const ZONES: &[&str] =
    &["Europe/Berlin", "UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"];

/// A condition that says nothing about other expressions.
pub fn plain(text: String) -> Condition {
    Condition { text, holds: Vec::new(), fails: Vec::new() }
}

impl Author<'_, '_> {
    /// A condition; one that is not a single word or call is to be put in parentheses by whoever combines it.
    pub fn condition(&mut self, scope: &Scope, depth: u32) -> Condition {
        let kind = if depth == 0 { 0 } else { self.choices.below(12) };
        match kind {
            0..=3 => self.atom(scope, depth),
            4..=6 => self.all_of(scope, depth),
            7 | 8 => self.any_of(scope, depth),
            9 => {
                let inner = self.condition(scope, depth - 1);
                let is_capture = |fact: &Fact| matches!(fact, Fact::Capture(_));
                let holds = inner.fails.into_iter().filter(|fact| !is_capture(fact)).collect();
                let fails = inner.holds.into_iter().filter(|fact| !is_capture(fact)).collect();
                Condition { text: format!("not ({})", inner.text), holds, fails }
            }
            10 => self.quantified(scope, depth).unwrap_or_else(|| self.atom(scope, depth)),
            _ => match self.value(scope, &Type::Bool, false, depth - 1) {
                Some(text) => plain(text),
                None => self.atom(scope, depth),
            },
        }
    }

    /// A conjunction: what its parts say holds where it does.
    pub fn all_of(&mut self, scope: &Scope, depth: u32) -> Condition {
        let (mut inner, mut texts, mut holds) = (scope.clone(), Vec::new(), Vec::new());
        for _ in 0..2 + self.choices.below(2) {
            let part = self.condition(&inner, depth.saturating_sub(1));
            inner = inner.with(self.schema, &part.holds);
            texts.push(format!("({})", part.text));
            holds.extend(part.holds);
        }
        Condition { text: texts.join(" and "), holds, fails: Vec::new() }
    }

    /// A disjunction: what its parts say when they fail holds where it does not.
    pub fn any_of(&mut self, scope: &Scope, depth: u32) -> Condition {
        let (mut inner, mut texts, mut fails) = (scope.clone(), Vec::new(), Vec::new());
        for _ in 0..2 + self.choices.below(2) {
            let part = self.condition(&inner, depth.saturating_sub(1));
            inner = inner.with(self.schema, &part.fails);
            texts.push(format!("({})", part.text));
            fails.extend(part.fails);
        }
        Condition { text: texts.join(" or "), holds: Vec::new(), fails }
    }

    fn quantified(&mut self, scope: &Scope, depth: u32) -> Option<Condition> {
        let (variables, over, inner) = self.generator(scope)?;
        let quantifier = self.choices.text(&["any", "all", "none"]);
        // Variables stand first among the places, and so do conditions on them.
        let body = self.condition(&inner, depth - 1);
        Some(plain(format!("({quantifier} {variables} in {over}: ({}))", body.text)))
    }

    /// A condition about a single place or about the time.
    pub fn atom(&mut self, scope: &Scope, depth: u32) -> Condition {
        match self.choices.below(16) {
            14 => return plain(self.calendar()),
            15 => {
                if let Some(text) = self.compared(scope, depth) {
                    return plain(text);
                }
            }
            _ => {}
        }
        let Some(place) = self.place(scope, |_| true) else { return plain("true".to_owned()) };
        self.about(scope, &place, depth).unwrap_or_else(|| plain(self.choices.text(&["true", "false"]).to_owned()))
    }

    /// Two expressions compared, neither of which need be a place.
    fn compared(&mut self, scope: &Scope, depth: u32) -> Option<String> {
        // A literal of a union has one of its types, and the other side may have another.
        let fits = |ty: &Type| has_equality(ty) && !has_union(ty);
        let ty = self.place(scope, |place| fits(place.ty.present()))?.ty.present().clone();
        let left = self.value(scope, &ty, true, depth)?;
        if left.starts_with('[') {
            // A list that is written out takes its type from the other side, which then must have one.
            return Some(format!("{left} == {}", self.value(scope, &ty, true, depth)?));
        }
        self.comparison(scope, &left, &ty, depth)
    }

    fn comparison(&mut self, scope: &Scope, left: &str, ty: &Type, depth: u32) -> Option<String> {
        let operators: &[&'static str] =
            if has_order(self.schema, ty) { &["==", "!=", "<", ">=", "<=", ">"] } else { &["==", "!="] };
        let operator = self.choices.text(operators);
        Some(format!("{left} {operator} {}", self.value(scope, ty, false, depth)?))
    }

    fn calendar(&mut self) -> String {
        let zone = self.choices.text(ZONES);
        let test = self.choices.text(&[
            "weekday IN in [mon..fri]",
            "weekday IN == mon",
            "weekday IN not in [fri..sun, wed]",
            "time IN in 08:00..18:00",
            "time IN in [22:00..06:00, 12:00..13:30:15]",
            "time IN < 10:00",
            "time IN >= 15:30",
        ]);
        format!("now.{}", test.replacen(" IN", &format!("(\"{zone}\")"), 1))
    }

    /// A condition about `place`.
    fn about(&mut self, scope: &Scope, place: &Place, depth: u32) -> Option<Condition> {
        let text = &place.text;
        if has_equality(&place.ty) && self.choices.chance(1, 4) {
            return self.comparison(scope, text, &place.ty, depth).map(plain);
        }
        match &place.ty {
            Type::Optional(_) => self.about_optional(scope, place, depth),
            Type::Bool => Some(plain(text.clone())),
            Type::String => self.about_text(scope, text, depth).map(plain),
            Type::Timestamp => self.about_instant(scope, text, depth).map(plain),
            Type::Path => Some(self.about_path(text)),
            Type::Host => {
                let pattern = pool::pattern(&place.ty, self.choices)?;
                Some(plain(format!("{text} like {}", pool::quoted(pattern))))
            }
            Type::Ip if self.choices.chance(3, 4) => {
                let ranges = Type::Set(Box::new(Type::IpRange));
                let wanted = if self.choices.chance(1, 2) { &ranges } else { &Type::IpRange };
                let range = self.value(scope, wanted, true, depth)?;
                Some(plain(format!("{text} in {range}")))
            }
            Type::IpRange => Some(plain(format!("{text} contains {}", self.value(scope, &Type::Ip, false, depth)?))),
            Type::Entity(types) => self.about_entity(scope, text, types, depth),
            Type::Set(inner) | Type::List(inner) => self.about_collection(scope, place, inner, depth).map(plain),
            Type::Map(inner) => self.about_map(scope, text, inner, depth),
            Type::Record(_) => None,
            scalar => {
                if self.choices.chance(1, 3) {
                    // An address may also stand among ranges, so that `[]` would say too little.
                    let set = self.value(scope, &Type::Set(Box::new(scalar.clone())), *scalar == Type::Ip, depth)?;
                    return Some(plain(format!("{text} {} {set}", self.choices.text(&["in", "not in"]))));
                }
                self.comparison(scope, text, scalar, depth).map(plain)
            }
        }
    }

    fn about_optional(&mut self, scope: &Scope, place: &Place, depth: u32) -> Option<Condition> {
        let present = Fact::Present(place.text.clone());
        let inner = scope.with(self.schema, std::slice::from_ref(&present));
        let there = inner.places.iter().find(|each| each.text == place.text).cloned();
        match self.choices.below(3) {
            0 => {
                Some(Condition { text: format!("{} is present", place.text), holds: vec![present], fails: Vec::new() })
            }
            1 => {
                let body = self.about(&inner, &there?, depth)?;
                let mut holds = vec![present];
                holds.extend(body.holds);
                Some(Condition {
                    text: format!("{} is present and ({})", place.text, body.text),
                    holds,
                    fails: Vec::new(),
                })
            }
            _ => {
                let ty = place.ty.present();
                let stand_in = self.value(scope, ty, false, depth).filter(|_| has_equality(ty))?;
                let left = format!("({} otherwise {stand_in})", place.text);
                self.comparison(scope, &left, ty, depth).map(plain)
            }
        }
    }

    fn about_text(&mut self, scope: &Scope, text: &str, depth: u32) -> Option<String> {
        Some(match self.choices.below(6) {
            0 => format!("{text} like {}", pattern_literal(pool::pattern(&Type::String, self.choices)?)),
            1 => {
                let regex = self.choices.text(&["red", "r.d", "[a-z]+", "(red|blue)(-.*)?", "\\\\w*", "(?i)RED.*"]);
                format!("{text} matches \"{}\"", regex.replace("\\\\", "\\"))
            }
            2 => format!("{text} is empty"),
            3 => {
                let set = self.value(scope, &Type::Set(Box::new(Type::String)), false, depth)?;
                format!("{text} in {set}")
            }
            _ => {
                let operator = self.choices.text(&["contains", "starts_with", "ends_with"]);
                format!("{text} {operator} {}", self.value(scope, &Type::String, false, depth)?)
            }
        })
    }

    fn about_path(&mut self, text: &str) -> Condition {
        match self.choices.below(3) {
            0 => {
                let name = self.fresh("c");
                let route =
                    self.choices.text(&["/users/NAME/**", "/NAME", "/users/NAME", "/**/NAME", "/*/NAME/orders/*"]);
                let route = route.replacen("NAME", &format!("{{{name}}}"), 1);
                Condition {
                    text: format!("{text} like \"{route}\""),
                    holds: vec![Fact::Capture(name)],
                    fails: Vec::new(),
                }
            }
            1 => plain(format!("{text} like \"{}\"", pool::pattern(&Type::Path, self.choices).unwrap_or("/**"))),
            _ => {
                plain(format!("{text} starts_with \"{}\"", self.choices.text(&["/users", "/", "/admin", "/users/ann"])))
            }
        }
    }

    /// `now` against an instant, in each of its forms.
    fn about_instant(&mut self, scope: &Scope, text: &str, depth: u32) -> Option<String> {
        let operator = self.choices.text(&["<", "<=", ">", ">=", "==", "!="]);
        let span = self.value(scope, &Type::Duration, true, depth)?;
        Some(match self.choices.below(6) {
            0 => format!("now {operator} {text}"),
            1 => format!("{text} {operator} now"),
            2 => format!("now - {text} {operator} {span}"),
            3 => format!("{text} - now {operator} {span}"),
            4 => format!("now + {span} {operator} {text}"),
            _ => format!("now - {span} {operator} {text}"),
        })
    }

    fn about_entity(&mut self, scope: &Scope, text: &str, types: &[EntityTypeId], depth: u32) -> Option<Condition> {
        match self.choices.below(4) {
            0 => {
                let (listed, rest) = self.some_of(types);
                let names = self.schema.types_text(&listed);
                let fails = if rest.is_empty() { Vec::new() } else { vec![Fact::Types(text.to_owned(), rest)] };
                let holds = vec![Fact::Types(text.to_owned(), listed)];
                Some(Condition { text: format!("{text} is {names}"), holds, fails })
            }
            1 => self.comparison(scope, text, &Type::Entity(types.to_vec()), depth).map(plain),
            _ => self.hierarchy(scope, text, types).map(plain),
        }
    }

    /// Some of the types, at least one, and the others.
    pub fn some_of(&mut self, types: &[EntityTypeId]) -> (Vec<EntityTypeId>, Vec<EntityTypeId>) {
        let (mut listed, mut rest): (Vec<_>, Vec<_>) = types.iter().copied().partition(|_| self.choices.chance(1, 2));
        if listed.is_empty() {
            std::mem::swap(&mut listed, &mut rest);
        }
        (listed, rest)
    }

    /// `x in …`, if the parents on the way may be relied upon here.
    pub fn hierarchy(&mut self, scope: &Scope, text: &str, types: &[EntityTypeId]) -> Option<String> {
        if scope.verified && !self.is_trusted(types) {
            return None;
        }
        let reached = self.reached(types);
        let among = self.choices.pick(&reached).copied()?;
        let target = Type::Entity(vec![among]);
        let outer = match self.choices.below(4) {
            0 => self.literal(&Type::Set(Box::new(target)), true)?,
            1 => {
                let set = Type::Set(Box::new(target.clone()));
                let place = self.place(scope, |place| place.ty == target || place.ty == set);
                place.map(|place| place.text).or_else(|| self.literal(&target, true))?
            }
            _ => self.literal(&target, true)?,
        };
        Some(format!("{text} {} {outer}", if self.choices.chance(1, 6) { "not in" } else { "in" }))
    }

    /// Whether all parents that `in` may look at are vouched for.
    pub fn is_trusted(&self, types: &[EntityTypeId]) -> bool {
        self.reached(types).iter().filter_map(|id| self.schema.entity(*id)).all(|entity| {
            let source = self.schema.source(entity.parents_from);
            entity.parents.is_empty() || source.is_some_and(|source| source.verified)
        })
    }

    /// The types that parents of these types can lead to, themselves included.
    pub fn reached(&self, types: &[EntityTypeId]) -> Vec<EntityTypeId> {
        let mut reached = types.to_vec();
        let mut at = 0;
        while let Some(ty) = reached.get(at).copied() {
            at += 1;
            for parent in self.schema.entity(ty).map_or(&[][..], |entity| &entity.parents) {
                if !reached.contains(parent) {
                    reached.push(*parent);
                }
            }
        }
        reached
    }

    fn about_collection(&mut self, scope: &Scope, place: &Place, inner: &Type, depth: u32) -> Option<String> {
        let text = &place.text;
        let kind = self.choices.below(if has_equality(inner) { 8 } else { 4 });
        Some(match kind {
            0 => format!("{text} is empty"),
            1 => format!("size({text}) {} {}", self.choices.text(&[">=", "<", "=="]), self.choices.below(3)),
            2 | 3 => self.quantified(scope, depth.max(1))?.text,
            4 | 5 => {
                let several = self.value(scope, &place.ty, false, depth)?;
                format!("{text} {} {several}", self.choices.text(&["contains_any", "contains_all"]))
            }
            _ if *inner == Type::IpRange && self.choices.chance(1, 2) => {
                format!("{text} contains {}", self.literal(&Type::Ip, true)?)
            }
            _ => format!("{text} contains {}", self.value(scope, inner, false, depth)?),
        })
    }

    fn about_map(&mut self, scope: &Scope, text: &str, inner: &Type, depth: u32) -> Option<Condition> {
        let key = self.key(scope);
        let entry = format!("{text}[{key}]");
        let is_present = scope.is_present(&entry);
        Some(plain(match self.choices.below(5) {
            0 => format!("{text} contains {key}"),
            1 if !is_present => {
                let text = format!("{entry} is present");
                return Some(Condition { text, holds: vec![Fact::Present(entry)], fails: Vec::new() });
            }
            2 => format!("{key} in {text}"),
            4 if !is_present => {
                let stand_in = self.value(scope, inner, false, depth).filter(|_| has_equality(inner))?;
                self.comparison(scope, &format!("({entry} otherwise {stand_in})"), inner, depth)?
            }
            _ => self.quantified(scope, depth.max(1))?.text,
        }))
    }
}

/// A pattern as policies write it: its escapes are read by the pattern, not by the string.
fn pattern_literal(pattern: &str) -> String {
    format!("\"{pattern}\"")
}
