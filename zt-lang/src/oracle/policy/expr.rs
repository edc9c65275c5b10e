//! Expressions of a wanted type.
//!
//! *Strong* expressions have their type by themselves; the others may lean on the type that their place expects, as
//! literals and bare enum members do.

use zt_eval::schema::{Schema, Type};

use super::scope::{Place, Scope};
use super::{Author, Condition};
use crate::oracle::pool;

impl Author<'_, '_> {
    /// A place, the first ones more often, so that rules meet at the same attributes.
    pub fn place(&mut self, scope: &Scope, fits: impl Fn(&Place) -> bool) -> Option<Place> {
        let all: Vec<&Place> = scope.places.iter().filter(|place| fits(place)).collect();
        let at = self.choices.below(all.len()).min(self.choices.below(all.len()));
        all.get(at).map(|place| (*place).clone())
    }

    /// An expression of exactly this type; `None` when there is none in reach.
    pub fn value(&mut self, scope: &Scope, ty: &Type, strong: bool, depth: u32) -> Option<String> {
        let kind = if depth == 0 { self.choices.below(3) } else { self.choices.below(12) };
        let found = match kind {
            0 => self.literal(ty, strong),
            1 | 2 | 6 => self.read(scope, ty),
            3 => self.otherwise(scope, ty, depth),
            4 => self.choose(scope, ty, strong, depth),
            5 => self.named(scope, ty, depth),
            _ => self.operation(scope, ty, strong, depth),
        };
        found.or_else(|| self.literal(ty, strong)).or_else(|| self.read(scope, ty))
    }

    fn read(&mut self, scope: &Scope, ty: &Type) -> Option<String> {
        Some(self.place(scope, |place| is_a(&place.ty, ty))?.text)
    }

    /// A literal of the type.
    pub fn literal(&mut self, ty: &Type, strong: bool) -> Option<String> {
        match ty {
            Type::Set(inner) => {
                let count = if strong { 1 + self.choices.below(2) } else { self.choices.below(3) };
                let elements: Option<Vec<String>> = (0..count).map(|_| self.literal(inner, strong)).collect();
                Some(format!("[{}]", elements?.join(", ")))
            }
            Type::List(inner) if !strong => {
                let count = self.choices.below(3);
                let elements: Option<Vec<String>> = (0..count).map(|_| self.literal(inner, false)).collect();
                Some(format!("[{}]", elements?.join(", ")))
            }
            Type::Map(_) if !strong => Some("[]".to_owned()),
            Type::Timestamp | Type::Version | Type::Quantity | Type::Path | Type::Host if strong => None,
            Type::Enum(id) => {
                let name = self.schema.enum_type(*id)?.name.clone();
                let member = pool::literal(self.schema, ty, self.choices)?;
                let bare = !strong && self.choices.chance(3, 4);
                Some(if bare { member } else { format!("{name}.{member}") })
            }
            _ => pool::literal(self.schema, ty, self.choices),
        }
    }

    fn otherwise(&mut self, scope: &Scope, ty: &Type, depth: u32) -> Option<String> {
        let wanted = ty.clone().optional();
        let place = self.place(scope, |place| place.ty == wanted)?;
        let stand_in = self.value(scope, ty, false, depth - 1)?;
        Some(format!("({} otherwise {stand_in})", place.text))
    }

    fn choose(&mut self, scope: &Scope, ty: &Type, strong: bool, depth: u32) -> Option<String> {
        let condition = self.condition(scope, depth - 1);
        let inner = scope.with(self.schema, &condition.holds);
        let then = self.value(&inner, ty, strong, depth - 1)?;
        let outer = scope.with(self.schema, &condition.fails);
        let otherwise = self.value(&outer, ty, false, depth - 1)?;
        Some(format!("(if {} then {then} else {otherwise})", condition.text))
    }

    /// A `let`, a parameter or a call.
    fn named(&mut self, scope: &Scope, ty: &Type, depth: u32) -> Option<String> {
        let known: Vec<_> =
            self.named.iter().filter(|named| named.ty == *ty && (named.verified || !scope.verified)).cloned().collect();
        let named = self.choices.pick(&known)?.clone();
        if named.params.is_empty() {
            return Some(named.name);
        }
        let args: Option<Vec<String>> =
            named.params.iter().map(|param| self.value(scope, param, false, depth.saturating_sub(2))).collect();
        Some(format!("{}({})", named.name, args?.join(", ")))
    }

    fn operation(&mut self, scope: &Scope, ty: &Type, strong: bool, depth: u32) -> Option<String> {
        if matches!(ty, Type::Bool) {
            let Condition { text, .. } = self.condition(scope, depth - 1);
            return Some(format!("({text})"));
        }
        if let Some(entry) = self.entry(scope, ty, depth).filter(|_| self.choices.chance(1, 3)) {
            return Some(entry);
        }
        match ty {
            Type::Int => self.number(scope, depth),
            Type::Decimal | Type::Quantity => {
                let (a, op) = (self.read(scope, ty)?, self.operator(*ty == Type::Decimal));
                Some(format!("({a} {op} {})", self.value(scope, ty, false, depth - 1)?))
            }
            Type::Duration => self.span(scope, depth),
            Type::Timestamp => {
                let (a, op) = (self.read(scope, ty)?, self.operator(false));
                Some(format!("({a} {op} {})", self.value(scope, &Type::Duration, true, depth - 1)?))
            }
            Type::String => Some(format!("lower({})", self.value(scope, ty, false, depth - 1)?)),
            Type::Set(inner) => {
                let a = self.value(scope, ty, true, depth - 1)?;
                let b = if self.choices.chance(1, 3) { self.elements(scope, inner, depth) } else { None };
                // A set that is written out takes its type from the other one, which then must have one.
                let b = b.or_else(|| self.value(scope, ty, a.starts_with('['), depth - 1))?;
                Some(format!("{}({a}, {b})", self.choices.text(&["union", "intersection", "difference"])))
            }
            Type::List(inner) if !strong => self.elements(scope, inner, depth),
            _ => None,
        }
    }

    /// A list literal of which not everything is constant.
    fn elements(&mut self, scope: &Scope, ty: &Type, depth: u32) -> Option<String> {
        // What is written out are single values.
        if matches!(ty, Type::Record(_) | Type::Set(_) | Type::List(_) | Type::Map(_)) {
            return None;
        }
        let a = self.read(scope, ty)?;
        Some(format!("[{a}, {}]", self.value(scope, ty, false, depth - 1)?))
    }

    /// `m[k] otherwise d`
    fn entry(&mut self, scope: &Scope, ty: &Type, depth: u32) -> Option<String> {
        let map = Type::Map(Box::new(ty.clone()));
        let place = self.place(scope, |place| *place.ty.present() == map)?;
        let key = self.key(scope);
        if scope.is_present(&format!("{}[{key}]", place.text)) {
            return None;
        }
        Some(format!("({}[{key}] otherwise {})", place.text, self.value(scope, ty, false, depth - 1)?))
    }

    /// A key for a map.
    pub fn key(&mut self, scope: &Scope) -> String {
        let read = if self.choices.chance(1, 4) { self.read(scope, &Type::String) } else { None };
        read.unwrap_or_else(|| pool::quoted(pool::key(self.choices)))
    }

    fn operator(&mut self, multiplies: bool) -> &'static str {
        self.choices.text(if multiplies { &["+", "-", "*"] } else { &["+", "-"] })
    }

    fn number(&mut self, scope: &Scope, depth: u32) -> Option<String> {
        match self.choices.below(4) {
            0 => {
                let sized = |ty: &Type| matches!(ty, Type::String | Type::Set(_) | Type::List(_) | Type::Map(_));
                Some(format!("size({})", self.place(scope, |place| sized(&place.ty))?.text))
            }
            1 => {
                let (variables, over, inner) = self.generator(scope)?;
                Some(format!("count({variables} in {over}: ({}))", self.condition(&inner, depth - 1).text))
            }
            2 => Some(format!("(-{})", self.read(scope, &Type::Int)?)),
            _ => {
                let (a, op) = (self.read(scope, &Type::Int)?, self.operator(true));
                Some(format!("({a} {op} {})", self.value(scope, &Type::Int, false, depth - 1)?))
            }
        }
    }

    fn span(&mut self, scope: &Scope, depth: u32) -> Option<String> {
        match self.choices.below(3) {
            0 => {
                let (a, b) = (self.read(scope, &Type::Timestamp)?, self.read(scope, &Type::Timestamp)?);
                Some(format!("({a} - {b})"))
            }
            1 => {
                let a = self.read(scope, &Type::Duration)?;
                Some(format!("({a} * {})", self.value(scope, &Type::Int, true, depth - 1)?))
            }
            _ => {
                let (a, op) = (self.read(scope, &Type::Duration)?, self.operator(false));
                Some(format!("({a} {op} {})", self.value(scope, &Type::Duration, false, depth - 1)?))
            }
        }
    }

    /// `x in xs` or `k, v in m`, as its variables and its collection, with the scope of what follows.
    pub fn generator(&mut self, scope: &Scope) -> Option<(String, String, Scope)> {
        if scope.quantifiers >= 2 {
            return None;
        }
        let collection = |ty: &Type| matches!(ty, Type::Set(_) | Type::List(_) | Type::Map(_));
        let over = self.place(scope, |place| collection(&place.ty))?;
        let variable = self.fresh("x");
        let (variables, names) = match &over.ty {
            Type::Map(inner) => {
                let key = self.fresh("k");
                (format!("{key}, {variable}"), vec![(variable, (**inner).clone()), (key, Type::String)])
            }
            Type::Set(inner) | Type::List(inner) => (variable.clone(), vec![(variable, (**inner).clone())]),
            _ => return None,
        };
        Some((variables, over.text, scope.within(self.schema, names)))
    }
}

/// Whether a place of type `actual` can stand for a value of exactly this type, or of entities among those wanted.
pub fn is_a(actual: &Type, wanted: &Type) -> bool {
    match (actual, wanted) {
        (Type::Entity(actual), Type::Entity(wanted)) => actual.iter().all(|ty| wanted.contains(ty)),
        _ => actual == wanted,
    }
}

/// Whether values of the type can be compared by `==`.
pub fn has_equality(ty: &Type) -> bool {
    match ty {
        Type::Record(_) | Type::Map(_) | Type::Optional(_) => false,
        Type::Set(inner) | Type::List(inner) => has_equality(inner),
        _ => true,
    }
}

/// Whether values of the type have an order.
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
        _ => false,
    }
}

/// Whether the type mentions entities of several types.
pub fn has_union(ty: &Type) -> bool {
    match ty {
        Type::Entity(types) => types.len() > 1,
        Type::Set(inner) | Type::List(inner) | Type::Map(inner) | Type::Optional(inner) => has_union(inner),
        _ => false,
    }
}
