//! Walking over expressions.

use super::ast::{Expr, ExprKind};

impl Expr {
    /// Calls `visit` on this expression and on all within it.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        visit(self);
        match &self.node {
            ExprKind::List(parts) | ExprKind::And(parts) | ExprKind::Or(parts) => {
                parts.iter().for_each(|part| part.walk(visit));
            }
            ExprKind::Record(fields) => fields.iter().for_each(|(_, value)| value.walk(visit)),
            ExprKind::Range(a, b) | ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => {
                a.walk(visit);
                b.walk(visit);
            }
            ExprKind::Call(callee, args) => {
                callee.walk(visit);
                args.iter().for_each(|arg| arg.walk(visit));
            }
            ExprKind::Field(inner, _)
            | ExprKind::Not(inner)
            | ExprKind::Neg(inner)
            | ExprKind::Is(inner, _)
            | ExprKind::IsPresent(inner)
            | ExprKind::IsEmpty(inner)
            | ExprKind::Like(inner, _)
            | ExprKind::Matches(inner, _) => inner.walk(visit),
            ExprKind::If(condition, then, otherwise) => {
                condition.walk(visit);
                then.walk(visit);
                otherwise.walk(visit);
            }
            ExprKind::Quantified { over, body, .. } => {
                over.walk(visit);
                body.walk(visit);
            }
            _ => {}
        }
    }

    /// The names in it, dotted ones at full length and at each shorter one: `a.b.c`, `a.b`, `a`.
    #[must_use]
    pub fn dotted_names(&self) -> Vec<Vec<&str>> {
        let mut names = Vec::new();
        self.walk(&mut |expr| names.extend(expr.dotted()));
        names
    }

    /// The segments of a chain of fields that begins with a name.
    #[must_use]
    pub fn dotted(&self) -> Option<Vec<&str>> {
        match &self.node {
            ExprKind::Name(name) => Some(vec![name]),
            ExprKind::Field(base, field) => {
                let mut segments = base.dotted()?;
                segments.push(&field.node);
                Some(segments)
            }
            _ => None,
        }
    }
}
