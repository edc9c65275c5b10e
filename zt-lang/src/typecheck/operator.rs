//! Operators over values: comparison, membership, hierarchy, text, arithmetic and presence.

use zt_eval::schema::Type;
use zt_eval::value::{Arith, Value};

use super::expr::{join, typed};
use super::{Checker, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, Comparison, ExprKind};
use crate::resolve::entity_type;
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

    fn membership(
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
        let fits = match (&element.ty, &collection.ty) {
            (Type::Ip, Type::IpRange) | (Type::String, Type::Map(_)) => true,
            (Type::Ip, Type::Set(inner) | Type::List(inner)) if **inner == Type::IpRange => true,
            (element, Type::Set(inner) | Type::List(inner)) => {
                ty::has_equality(element) && ty::comparable(element, inner)
            }
            _ => false,
        };
        if fits {
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

    fn contains(&mut self, scope: &mut Scope, a: &ast::Expr, b: &ast::Expr, span: Span) -> Option<hir::Expr> {
        let collection = self.infer(scope, a, None).and_then(|a| self.met(a));
        let wanted = collection.as_ref().map(|collection| match &collection.ty {
            Type::Map(_) => Type::String,
            ty => ty::element(ty).unwrap_or(ty).clone(),
        });
        let element = self.infer(scope, b, wanted.as_ref()).and_then(|b| self.met(b));
        let (collection, element) = (collection?, element?);
        let fits = match (&collection.ty, &element.ty) {
            (Type::String | Type::Map(_), Type::String) | (Type::IpRange, Type::Ip) => true,
            (Type::Set(inner) | Type::List(inner), Type::Ip) if **inner == Type::IpRange => true,
            (Type::Set(inner) | Type::List(inner), element) => {
                ty::has_equality(inner) && ty::comparable(inner, element)
            }
            _ => false,
        };
        if !fits {
            let (left, right) = (ty::described(&self.schema, &collection.ty), ty::described(&self.schema, &element.ty));
            let diagnostic = Diagnostic::new(Code::NOT_COMPARABLE, span, format!("{left} cannot contain {right}"));
            let diagnostic = self.advise_containing(diagnostic, &collection, &element, span);
            self.report(diagnostic);
            return None;
        }
        Some(typed(ExprKind::Contains(Box::new(collection), Box::new(element)), Type::Bool, span))
    }

    fn contains_several(
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

    fn is(&mut self, scope: &mut Scope, of: &ast::Expr, names: &[ast::Name], span: Span) -> Option<hir::Expr> {
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

    fn negation(
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

    fn arithmetic(
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

fn plain(described: &str) -> &str {
    described.trim_matches('`')
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
