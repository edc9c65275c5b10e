//! What a condition that holds, or does not hold, says about the rest of the expression.
//!
//! Facts are about *paths*: `subject`, `context.token.acr`, a local. `x is present and x > 3` is fine because the right
//! operand of `and` matters only where the left one is true.

use std::sync::Arc;

use zt_eval::id::EntityTypeId;
use zt_eval::pattern::Pattern;
use zt_eval::schema::Type;
use zt_eval::value::Value;

use crate::hir::{Expr, ExprKind};

/// Facts in force, and captures in scope.
#[derive(Clone, Default)]
pub struct Facts {
    present: Vec<String>,
    types: Vec<(String, Vec<EntityTypeId>)>,
    /// Captures by name, as expressions.
    pub captures: Vec<(Arc<str>, Arc<Expr>)>,
}

impl Facts {
    /// Adds what holds where `condition` is true.
    pub fn assume(&mut self, condition: &Expr) {
        match &condition.kind {
            ExprKind::And(parts) => parts.iter().for_each(|part| self.assume(part)),
            ExprKind::Not(inner) => self.assume_not(inner),
            ExprKind::IsPresent(path) => self.assume_present(path),
            ExprKind::Is(of, types) => self.narrow(of, types.clone()),
            ExprKind::Matches(of, pattern) => self.capture(of, pattern, condition),
            _ => {}
        }
    }

    /// Adds what holds where `condition` is false.
    pub fn assume_not(&mut self, condition: &Expr) {
        match &condition.kind {
            ExprKind::Or(parts) => parts.iter().for_each(|part| self.assume_not(part)),
            ExprKind::Not(inner) => self.assume_inside_not(inner),
            ExprKind::Is(of, types) => {
                if let Type::Entity(all) = of.ty.present() {
                    let rest: Vec<EntityTypeId> = all.iter().copied().filter(|ty| !types.contains(ty)).collect();
                    if !rest.is_empty() {
                        self.narrow(of, rest);
                    }
                }
            }
            _ => {}
        }
    }

    /// The same facts without those about presence.
    #[must_use]
    pub fn without_presence(&self) -> Self {
        Self { present: Vec::new(), ..self.clone() }
    }

    /// Whether nothing is known of any path.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty() && self.types.is_empty()
    }

    /// The type of the path `expr`, as far as it is known here.
    pub fn narrowed(&self, expr: &Expr) -> Option<Type> {
        let key = key(expr)?;
        let mut ty = expr.ty.clone();
        if ty.is_optional() && self.present.contains(&key) {
            ty = ty.present().clone();
        }
        for (_, known) in self.types.iter().filter(|(path, _)| *path == key) {
            ty = intersect(&ty, known);
        }
        Some(ty)
    }

    /// Under two negations a match is true as well, but captures read from there would surprise: they are left out.
    fn assume_inside_not(&mut self, condition: &Expr) {
        let captures = self.captures.len();
        self.assume(condition);
        self.captures.truncate(captures);
    }

    fn assume_present(&mut self, path: &Expr) {
        if let Some(key) = key(path) {
            self.present.push(key);
        }
        // A path through an optional is there only if the optional is.
        if let ExprKind::Attribute { of, .. } | ExprKind::Field { of, .. } = &path.kind {
            self.assume_present(of);
        }
    }

    fn narrow(&mut self, of: &Expr, types: Vec<EntityTypeId>) {
        if let Some(key) = key(of) {
            self.types.push((key, types));
        }
    }

    fn capture(&mut self, of: &Expr, pattern: &Arc<Pattern>, condition: &Expr) {
        let Pattern::Route(route) = &**pattern else { return };
        for (index, name) in (0_u32..).zip(route.names()) {
            let kind = ExprKind::Capture { of: Box::new(of.clone()), pattern: pattern.clone(), index };
            let text: &str = name;
            self.captures.push((text.into(), Arc::new(Expr { kind, ty: Type::String, span: condition.span })));
        }
    }
}

fn intersect(ty: &Type, known: &[EntityTypeId]) -> Type {
    match ty {
        Type::Entity(types) => {
            let both: Vec<EntityTypeId> = types.iter().copied().filter(|ty| known.contains(ty)).collect();
            Type::Entity(if both.is_empty() { types.clone() } else { both })
        }
        Type::Optional(inner) => intersect(inner, known).optional(),
        other => other.clone(),
    }
}

/// A text that is equal for two expressions only if they read the same place.
pub fn key(expr: &Expr) -> Option<String> {
    Some(match &expr.kind {
        ExprKind::Subject => "subject".into(),
        ExprKind::Resource => "resource".into(),
        ExprKind::Context(attribute) => format!("context.{attribute}"),
        ExprKind::Local(local) => format!("local.{}", local.0),
        ExprKind::Const(Value::Entity(uid)) => format!("entity.{}:{:?}", uid.ty.index(), &*uid.id),
        ExprKind::Attribute { of, ty, attribute } => format!("{}.{}:{attribute}", key(of)?, ty.index()),
        ExprKind::Field { of, field, .. } => format!("{}.{field}", key(of)?),
        ExprKind::Index(map, index) => match &index.kind {
            ExprKind::Const(Value::String(text)) => format!("{}[{text:?}]", key(map)?),
            _ => format!("{}[{}]", key(map)?, key(index)?),
        },
        _ => return None,
    })
}
