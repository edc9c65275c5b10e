//! What is in what: elements in collections, addresses in ranges, entities in their ancestors and in their types.

use zt_eval::schema::Type;
use zt_eval::value::Value;

use super::expr::typed;
use super::{Checker, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::resolve::entity_type;
use crate::span::Span;
use crate::syntax::ast::{self, BinaryOp};

impl Checker<'_, '_> {
    pub fn membership(
        &mut self,
        scope: &mut Scope,
        op: &ast::Spanned<BinaryOp>,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let negated = op.node == BinaryOp::NotIn;
        let found = match self.calendar(scope, a, b, span) {
            Some(found) => found?,
            None => self.plain_membership(scope, op.span, a, b, span)?,
        };
        if negated {
            return Some(typed(ExprKind::Not(Box::new(found)), Type::Bool, span));
        }
        Some(found)
    }

    fn plain_membership(
        &mut self,
        scope: &mut Scope,
        op: Span,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let (element, collection) = if self.needs_context(scope, a) {
            let b = self.infer(scope, b, None).and_then(|b| self.met(b))?;
            let wanted = if matches!(b.ty, Type::Map(_)) { Some(Type::String) } else { ty::element(&b.ty).cloned() };
            let a = self.infer(scope, a, wanted.as_ref()).and_then(|a| self.met(a))?;
            (a, b)
        } else {
            let a = self.infer(scope, a, None).and_then(|a| self.met(a));
            // A bare list is a set of what stands on the left; an address may also stand among ranges.
            let wanted = a.as_ref().filter(|a| a.ty != Type::Ip).map(|a| Type::Set(Box::new(a.ty.clone())));
            if a.is_none() && self.needs_context(scope, b) {
                return None;
            }
            let b = self.infer(scope, b, wanted.as_ref()).and_then(|b| self.met(b));
            (a?, b?)
        };
        self.member_of(scope, element, collection, op, span)
    }

    /// `element in collection`, by the types of both.
    fn member_of(
        &mut self,
        scope: &Scope,
        element: hir::Expr,
        collection: hir::Expr,
        op: Span,
        span: Span,
    ) -> Option<hir::Expr> {
        if matches!(element.ty, Type::Entity(_)) {
            return self.within(scope, element, collection, op, span);
        }
        if ty::holds(&collection.ty, &element.ty) {
            let kind = ExprKind::Contains(Box::new(collection), Box::new(element));
            return Some(typed(kind, Type::Bool, span));
        }
        let (left, right) = (ty::described(&self.schema, &element.ty), ty::described(&self.schema, &collection.ty));
        let diagnostic = Diagnostic::new(Code::NOT_COMPARABLE, op, format!("{left} cannot be in {right}"))
            .also(element.span, format!("of type {left}"))
            .also(collection.span, format!("of type {right}"));
        let diagnostic = self.advise_membership(diagnostic, &element, &collection, op);
        self.report(diagnostic);
        None
    }

    fn within(
        &mut self,
        scope: &Scope,
        entity: hir::Expr,
        target: hir::Expr,
        op: Span,
        span: Span,
    ) -> Option<hir::Expr> {
        let ancestors = match &target.ty {
            Type::Set(inner) | Type::List(inner) => (**inner).clone(),
            other => other.clone(),
        };
        let (Type::Entity(from), Type::Entity(to)) = (&entity.ty, &ancestors) else {
            let what = ty::described(&self.schema, &target.ty);
            let diagnostic = Diagnostic::new(Code::NOT_COMPARABLE, op, format!("an entity cannot be in {what}"))
                .also(target.span, format!("of type {what}"));
            let diagnostic = self.advise_within(diagnostic, &entity, &target);
            self.report(diagnostic);
            return None;
        };
        if !from.is_empty() && !to.is_empty() && !from.iter().any(|from| to.iter().any(|to| self.leads(*from, *to))) {
            if scope.shared {
                return Some(typed(ExprKind::Const(Value::Bool(false)), Type::Bool, span));
            }
            let (left, right) = (ty::described(&self.schema, &entity.ty), ty::described(&self.schema, &ancestors));
            self.report(
                Diagnostic::new(Code::BAD_TARGET, op, format!("{left} is never in {right}"))
                    .also(entity.span, format!("of type {left}"))
                    .also(target.span, format!("of type {right}"))
                    .help(format!(
                        "if it can be, its type says so: `entity {} in {} {{ … }}`",
                        plain(&left),
                        plain(&right)
                    )),
            );
            return None;
        }
        Some(typed(ExprKind::Within(Box::new(entity), Box::new(target)), Type::Bool, span))
    }

    /// Whether parents of `from` can lead to `to`.
    pub fn leads(&self, from: zt_eval::id::EntityTypeId, to: zt_eval::id::EntityTypeId) -> bool {
        let (mut seen, mut pending) = (vec![from], vec![from]);
        while let Some(current) = pending.pop() {
            if current == to {
                return true;
            }
            for parent in self.schema.entity(current).map(|entity| entity.parents.as_slice()).unwrap_or_default() {
                if !seen.contains(parent) {
                    seen.push(*parent);
                    pending.push(*parent);
                }
            }
        }
        false
    }

    pub fn contains(&mut self, scope: &mut Scope, a: &ast::Expr, b: &ast::Expr, span: Span) -> Option<hir::Expr> {
        let collection = self.infer(scope, a, None).and_then(|a| self.met(a));
        let wanted = collection.as_ref().map(|collection| match &collection.ty {
            Type::Map(_) => Type::String,
            ty => ty::element(ty).unwrap_or(ty).clone(),
        });
        let element = self.infer(scope, b, wanted.as_ref()).and_then(|b| self.met(b));
        let (collection, element) = (collection?, element?);
        let is_text_in_text = collection.ty == Type::String && element.ty == Type::String;
        if !is_text_in_text && !ty::holds(&collection.ty, &element.ty) {
            let (left, right) = (ty::described(&self.schema, &collection.ty), ty::described(&self.schema, &element.ty));
            let diagnostic = Diagnostic::new(Code::NOT_COMPARABLE, span, format!("{left} cannot contain {right}"));
            let diagnostic = self.advise_containing(diagnostic, &collection, &element, span);
            self.report(diagnostic);
            return None;
        }
        Some(typed(ExprKind::Contains(Box::new(collection), Box::new(element)), Type::Bool, span))
    }

    pub fn contains_several(
        &mut self,
        scope: &mut Scope,
        op: BinaryOp,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let (a, b) = self.operands(scope, a, b)?;
        for side in [&a, &b] {
            if !matches!(&side.ty, Type::Set(inner) | Type::List(inner) if ty::has_equality(inner)) {
                let message = format!("a set or a list is needed here, not {}", ty::described(&self.schema, &side.ty));
                let diagnostic = Diagnostic::new(Code::TYPE_MISMATCH, side.span, message);
                let wanted = if std::ptr::eq(side, &b) { a.ty.clone() } else { Type::Set(Box::new(b.ty.clone())) };
                let diagnostic = self.advise(diagnostic, side, &wanted);
                self.report(diagnostic);
                return None;
            }
        }
        if !ty::element(&a.ty).zip(ty::element(&b.ty)).is_some_and(|(a, b)| ty::comparable(a, b)) {
            self.not_comparable(&a, &b, span);
            return None;
        }
        let (a, b) = (Box::new(a), Box::new(b));
        let kind = if op == BinaryOp::ContainsAny { ExprKind::ContainsAny(a, b) } else { ExprKind::ContainsAll(a, b) };
        Some(typed(kind, Type::Bool, span))
    }

    pub fn is(&mut self, scope: &mut Scope, of: &ast::Expr, names: &[ast::Name], span: Span) -> Option<hir::Expr> {
        let of = self.infer(scope, of, None).and_then(|of| self.met(of));
        let mut types = Vec::new();
        for name in names {
            types.extend(
                entity_type(&self.resolved.symbols, scope.package, name, self.diagnostics).map(|ty| (ty, name.span())),
            );
        }
        let of = of?;
        let Type::Entity(possible) = &of.ty else {
            let message =
                format!("`is` asks for the type of an entity, and this is {}", ty::described(&self.schema, &of.ty));
            self.report(Diagnostic::new(Code::TYPE_MISMATCH, of.span, message));
            return None;
        };
        if types.len() < names.len() {
            return None;
        }
        if scope.shared {
            types.retain(|(ty, _)| possible.contains(ty));
            if types.is_empty() {
                return Some(typed(ExprKind::Const(Value::Bool(false)), Type::Bool, span));
            }
        }
        for (ty, place) in &types {
            if !possible.contains(ty) {
                let what = ty::described(&self.schema, &Type::Entity(vec![*ty]));
                let message = format!("this is never a {what}");
                let diagnostic = Diagnostic::new(Code::IMPOSSIBLE_IS, *place, message)
                    .also(of.span, format!("of type {}", ty::described(&self.schema, &of.ty)));
                let belongs = possible.iter().any(|from| self.leads(*from, *ty));
                let help = format!("what an entity belongs to is asked with `in`: `in {}::\"…\"`", plain(&what));
                self.report(if belongs { diagnostic.help(help) } else { diagnostic });
                return None;
            }
        }
        let mut types: Vec<_> = types.into_iter().map(|(ty, _)| ty).collect();
        types.sort_unstable();
        types.dedup();
        Some(typed(ExprKind::Is(Box::new(of), types), Type::Bool, span))
    }
}

fn plain(described: &str) -> &str {
    described.trim_matches('`')
}
