//! Arithmetic, and what it gives on constants.

use zt_eval::schema::Type;
use zt_eval::value::Arith;

use super::expr::typed;
use super::{Checker, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::span::Span;
use crate::syntax::ast;

impl Checker<'_, '_> {
    pub fn negation(
        &mut self,
        scope: &mut Scope,
        inner: &ast::Expr,
        expected: Option<&Type>,
        span: Span,
    ) -> Option<hir::Expr> {
        let inner = self.infer(scope, inner, expected).and_then(|inner| self.met(inner))?;
        if !matches!(inner.ty, Type::Int | Type::Decimal | Type::Duration | Type::Quantity) {
            let message = format!("{} has no negative", ty::described(&self.schema, &inner.ty));
            let diagnostic = Diagnostic::new(Code::TYPE_MISMATCH, inner.span, message);
            self.report(if inner.ty == Type::Bool {
                diagnostic.help("the opposite of a condition is `not`")
            } else {
                diagnostic
            });
            return None;
        }
        let ty = inner.ty.clone();
        self.folded(ExprKind::Negate(Box::new(inner)), ty, span)
    }

    pub fn arithmetic(
        &mut self,
        scope: &mut Scope,
        op: Arith,
        a: &ast::Expr,
        b: &ast::Expr,
        expected: Option<&Type>,
        span: Span,
    ) -> Option<hir::Expr> {
        let numeric = expected.map(Type::present).filter(|ty| matches!(ty, Type::Decimal));
        let (a, b) = if self.needs_context(scope, a) && !self.needs_context(scope, b) {
            let b = self.infer(scope, b, numeric).and_then(|b| self.met(b));
            let hint = b.as_ref().map(|b| b.ty.clone()).filter(|ty| !matches!((op, ty), (Arith::Mul, Type::Duration)));
            (self.infer(scope, a, hint.as_ref()).and_then(|a| self.met(a)), b)
        } else {
            let a = self.infer(scope, a, numeric).and_then(|a| self.met(a));
            let hint = a.as_ref().map(|a| a.ty.clone()).filter(|ty| !matches!((op, ty), (Arith::Mul, Type::Duration)));
            let b = self.infer(scope, b, hint.as_ref()).and_then(|b| self.met(b));
            (a, b)
        };
        let (a, b) = (a?, b?);
        let Some(ty) = arithmetic_type(op, &a.ty, &b.ty) else {
            let (left, right) = (ty::described(&self.schema, &a.ty), ty::described(&self.schema, &b.ty));
            let verb = match op {
                Arith::Add => format!("{left} and {right} cannot be added"),
                Arith::Sub => format!("{right} cannot be subtracted from {left}"),
                Arith::Mul => format!("{left} and {right} cannot be multiplied"),
            };
            let diagnostic = Diagnostic::new(Code::TYPE_MISMATCH, span, verb);
            self.report(match (&a.ty, &b.ty) {
                (Type::Set(_), Type::Set(_)) => {
                    diagnostic.help("sets have `union(a, b)`, `intersection(a, b)` and `difference(a, b)`")
                }
                _ => diagnostic,
            });
            return None;
        };
        self.folded(ExprKind::Arith(op, Box::new(a), Box::new(b)), ty, span)
    }

    /// An operation on constants as the constant that it gives.
    fn folded(&mut self, kind: ExprKind, ty: Type, span: Span) -> Option<hir::Expr> {
        let found = typed(kind, ty, span);
        let constant = match &found.kind {
            ExprKind::Arith(_, a, b) => self.fold(a).is_some() && self.fold(b).is_some(),
            ExprKind::Negate(inner) => self.fold(inner).is_some(),
            _ => false,
        };
        match self.fold(&found) {
            Some(value) => Some(hir::Expr { kind: ExprKind::Const(value), ..found }),
            None if constant => {
                let message = format!("the result does not fit into {}", ty::described(&self.schema, &found.ty));
                self.report(Diagnostic::new(Code::BAD_LITERAL, span, message));
                None
            }
            None => Some(found),
        }
    }
}

/// The type of an arithmetic result, if the operation is defined.
pub fn arithmetic_type(op: Arith, a: &Type, b: &Type) -> Option<Type> {
    Some(match (op, a, b) {
        (_, Type::Int, Type::Int) => Type::Int,
        (_, Type::Decimal, Type::Decimal) => Type::Decimal,
        (Arith::Add | Arith::Sub, Type::Duration, Type::Duration) => Type::Duration,
        (Arith::Add | Arith::Sub, Type::Quantity, Type::Quantity) => Type::Quantity,
        (Arith::Add | Arith::Sub, Type::Timestamp, Type::Duration) => Type::Timestamp,
        (Arith::Sub, Type::Timestamp, Type::Timestamp) => Type::Duration,
        (Arith::Mul, Type::Duration, Type::Int) | (Arith::Mul, Type::Int, Type::Duration) => Type::Duration,
        _ => return None,
    })
}
