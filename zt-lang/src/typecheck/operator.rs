//! Operators over values: comparison, membership, hierarchy, text, arithmetic and presence.

use zt_eval::schema::Type;
use zt_eval::value::Arith;

use super::expr::{join, typed};
use super::{Checker, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, Comparison, ExprKind};
use crate::span::Span;
use crate::syntax::ast::{self, BinaryOp};

impl Checker<'_, '_> {
    /// Types an operator's expression.
    pub fn operator(&mut self, scope: &mut Scope, expr: &ast::Expr, expected: Option<&Type>) -> Option<hir::Expr> {
        let span = expr.span;
        match &expr.node {
            ast::ExprKind::Neg(inner) => self.negation(scope, inner, expected, span),
            ast::ExprKind::Is(of, names) => self.is(scope, of, names, span),
            ast::ExprKind::IsPresent(of) => self.is_present(scope, of, span),
            ast::ExprKind::IsEmpty(of) => self.is_empty(scope, of, span),
            ast::ExprKind::Binary(op, a, b) => self.binary(scope, op, a, b, expected, span),
            _ => None,
        }
    }

    /// Types an operator with two operands.
    pub fn binary(
        &mut self,
        scope: &mut Scope,
        op: &ast::Spanned<BinaryOp>,
        a: &ast::Expr,
        b: &ast::Expr,
        expected: Option<&Type>,
        span: Span,
    ) -> Option<hir::Expr> {
        match op.node {
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                self.comparison(scope, op, a, b, span)
            }
            BinaryOp::In | BinaryOp::NotIn => self.membership(scope, op, a, b, span),
            BinaryOp::Contains => self.contains(scope, a, b, span),
            BinaryOp::ContainsAny | BinaryOp::ContainsAll => self.contains_several(scope, op.node, a, b, span),
            BinaryOp::StartsWith | BinaryOp::EndsWith => self.affix(scope, op.node, a, b, span),
            BinaryOp::Otherwise => self.otherwise(scope, a, b, expected, span),
            BinaryOp::Add => self.arithmetic(scope, Arith::Add, a, b, expected, span),
            BinaryOp::Sub => self.arithmetic(scope, Arith::Sub, a, b, expected, span),
            BinaryOp::Mul => self.arithmetic(scope, Arith::Mul, a, b, expected, span),
        }
    }

    /// Two operands where each may say what the other's literals are.
    pub fn operands(&mut self, scope: &mut Scope, a: &ast::Expr, b: &ast::Expr) -> Option<(hir::Expr, hir::Expr)> {
        if self.needs_context(scope, a) && !self.needs_context(scope, b) {
            let b = self.infer(scope, b, None).and_then(|b| self.met(b));
            let a = self.infer(scope, a, b.as_ref().map(|b| &b.ty)).and_then(|a| self.met(a));
            return Some((a?, b?));
        }
        let a = self.infer(scope, a, None).and_then(|a| self.met(a));
        let expected = a.as_ref().map(|a| a.ty.clone());
        if a.is_none() && self.needs_context(scope, b) {
            return None;
        }
        let b = self.infer(scope, b, expected.as_ref()).and_then(|b| self.met(b));
        Some((a?, b?))
    }

    /// Whether the text alone does not say of which type it is.
    pub fn needs_context(&self, scope: &Scope, expr: &ast::Expr) -> bool {
        match &expr.node {
            ast::ExprKind::String(_) | ast::ExprKind::Int(_) | ast::ExprKind::List(_) => true,
            ast::ExprKind::Name(_) => self.dotted(scope, expr).is_some(),
            ast::ExprKind::Neg(inner) => self.needs_context(scope, inner),
            _ => false,
        }
    }

    fn comparison(
        &mut self,
        scope: &mut Scope,
        op: &ast::Spanned<BinaryOp>,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let comparison = comparison_of(op.node)?;
        if let Some(found) = self.clock_comparison(scope, comparison, a, b, span) {
            return found;
        }
        let (a, b) = self.operands(scope, a, b)?;
        if !ty::comparable(&a.ty, &b.ty) {
            self.not_comparable(&a, &b, op.span);
            return None;
        }
        if !ty::has_equality(&a.ty) {
            let message =
                format!("values of type {} cannot be compared as a whole", ty::described(&self.schema, &a.ty));
            self.report(Diagnostic::new(Code::NOT_COMPARABLE, span, message).help("compare their parts"));
            return None;
        }
        let asks_order = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if asks_order && !ty::has_order(&self.schema, &a.ty) {
            self.not_ordered(&a, op.span);
            return None;
        }
        Some(typed(ExprKind::Compare(comparison, Box::new(a), Box::new(b)), Type::Bool, span))
    }

    pub fn not_comparable(&mut self, a: &hir::Expr, b: &hir::Expr, op: Span) {
        let (left, right) = (ty::described(&self.schema, &a.ty), ty::described(&self.schema, &b.ty));
        let message = format!("{left} and {right} have no values in common");
        let diagnostic = Diagnostic::new(Code::NOT_COMPARABLE, op, message)
            .also(a.span, format!("of type {left}"))
            .also(b.span, format!("of type {right}"));
        let diagnostic = self.advise_pair(diagnostic, a, b, op);
        self.report(diagnostic);
    }

    fn not_ordered(&mut self, a: &hir::Expr, op: Span) {
        let what = ty::described(&self.schema, &a.ty);
        let diagnostic = Diagnostic::new(Code::NOT_ORDERED, op, format!("{what} has no order"));
        self.report(match &a.ty {
            Type::Enum(_) => {
                diagnostic.help("an enum is ordered when its members are separated by `<`: `enum Tier { free < paid }`")
            }
            Type::Ip => diagnostic.help("ask for a range instead: `in 10.0.0.0/8`"),
            _ => diagnostic.help("only `==` and `!=` compare it"),
        });
    }

    fn affix(
        &mut self,
        scope: &mut Scope,
        op: BinaryOp,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let (a, b) = self.operands(scope, a, b)?;
        let starts = op == BinaryOp::StartsWith;
        match (&a.ty, &b.ty) {
            (Type::String, Type::String) => {}
            (Type::Path, Type::Path) if starts => {}
            (Type::Path, _) if !starts => {
                self.report(
                    Diagnostic::new(Code::TYPE_MISMATCH, a.span, "`ends_with` asks of text, not of a path")
                        .help("ask for whole segments: `path like \"/**/name\"`"),
                );
                return None;
            }
            _ => {
                let (left, right) = (ty::described(&self.schema, &a.ty), ty::described(&self.schema, &b.ty));
                let message = format!("text is compared with text here, not {left} with {right}");
                self.report(Diagnostic::new(Code::TYPE_MISMATCH, span, message));
                return None;
            }
        }
        let (a, b) = (Box::new(a), Box::new(b));
        let kind = if starts { ExprKind::StartsWith(a, b) } else { ExprKind::EndsWith(a, b) };
        Some(typed(kind, Type::Bool, span))
    }

    fn is_present(&mut self, scope: &mut Scope, of: &ast::Expr, span: Span) -> Option<hir::Expr> {
        let of = self.optional(scope, of, None)?;
        if !of.ty.is_optional() {
            self.never_absent(&of, "is present");
            return None;
        }
        Some(typed(ExprKind::IsPresent(Box::new(of)), Type::Bool, span))
    }

    /// Types what is asked for its presence. To ask again where the answer is known is idle, but no mistake.
    fn optional(&mut self, scope: &mut Scope, of: &ast::Expr, expected: Option<&Type>) -> Option<hir::Expr> {
        let found = self.infer(scope, of, expected)?;
        if found.ty.is_optional() {
            return Some(found);
        }
        let (known, reported) = (scope.facts.clone(), self.diagnostics.len());
        scope.facts = known.without_presence();
        let declared = self.infer(scope, of, expected);
        scope.facts = known;
        self.diagnostics.truncate(reported);
        Some(declared.filter(|declared| declared.ty.is_optional()).unwrap_or(found))
    }

    fn never_absent(&mut self, of: &hir::Expr, asked: &str) {
        let text = self.sources.text(of.span).to_owned();
        let what = ty::described(&self.schema, &of.ty);
        self.report(
            Diagnostic::new(
                Code::NOT_OPTIONAL,
                of.span,
                format!("`{text}` is never absent, so that `{asked}` asks nothing"),
            )
            .label(format!("of type {what}"))
            .help("a missing value is unknown, not absent, unless its type ends in `?` and its source can say so"),
        );
    }

    fn is_empty(&mut self, scope: &mut Scope, of: &ast::Expr, span: Span) -> Option<hir::Expr> {
        let of = self.infer(scope, of, None).and_then(|of| self.met(of))?;
        if !matches!(of.ty, Type::String | Type::Set(_) | Type::List(_) | Type::Map(_)) {
            let message = format!("{} is never empty", ty::described(&self.schema, &of.ty));
            self.report(
                Diagnostic::new(Code::TYPE_MISMATCH, of.span, message)
                    .help("`is empty` asks of text, sets, lists and maps"),
            );
            return None;
        }
        Some(typed(ExprKind::IsEmpty(Box::new(of)), Type::Bool, span))
    }

    fn otherwise(
        &mut self,
        scope: &mut Scope,
        a: &ast::Expr,
        b: &ast::Expr,
        expected: Option<&Type>,
        span: Span,
    ) -> Option<hir::Expr> {
        let a = self.optional(scope, a, expected)?;
        if !a.ty.is_optional() {
            self.never_absent(&a, "otherwise");
            return None;
        }
        let inner = a.ty.present().clone();
        let b = self.infer(scope, b, Some(&inner))?;
        let wanted = if b.ty.is_optional() { inner.clone().optional() } else { inner };
        let ty = match join(&wanted, &b.ty) {
            Some(ty) if !ty::is_error(&b.ty) => ty,
            _ => {
                return self
                    .coerce(b, &wanted)
                    .map(|b| typed(ExprKind::Otherwise(Box::new(a), Box::new(b)), wanted, span));
            }
        };
        Some(typed(ExprKind::Otherwise(Box::new(a), Box::new(b)), ty, span))
    }
}

fn comparison_of(op: BinaryOp) -> Option<Comparison> {
    Some(match op {
        BinaryOp::Eq => Comparison::Equal,
        BinaryOp::Ne => Comparison::NotEqual,
        BinaryOp::Lt => Comparison::Less,
        BinaryOp::Le => Comparison::LessOrEqual,
        BinaryOp::Gt => Comparison::Greater,
        BinaryOp::Ge => Comparison::GreaterOrEqual,
        _ => return None,
    })
}
