//! Expressions: the dispatch over their kinds, the connectives, `if`, quantifiers and calls.

use zt_eval::schema::Type;
use zt_eval::value::Value;

use super::{Checker, Local, Place, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::span::Span;
use crate::syntax::ast;

/// A typed expression of a kind.
pub fn typed(kind: ExprKind, ty: Type, span: Span) -> hir::Expr {
    hir::Expr { kind, ty, span }
}

impl Checker<'_, '_> {
    /// Types `expr`; `expected` guides literals and bare names, and is not otherwise enforced.
    pub fn infer(&mut self, scope: &mut Scope, expr: &ast::Expr, expected: Option<&Type>) -> Option<hir::Expr> {
        let span = expr.span;
        match &expr.node {
            ast::ExprKind::Not(inner) => {
                let inner = self.check(scope, inner, &Type::Bool)?;
                Some(typed(ExprKind::Not(Box::new(inner)), Type::Bool, span))
            }
            ast::ExprKind::And(parts) => self.and(scope, parts, span),
            ast::ExprKind::Or(parts) => self.or(scope, parts, span),
            ast::ExprKind::If(condition, then, otherwise) => {
                self.conditional(scope, condition, then, otherwise, expected, span)
            }
            ast::ExprKind::Quantified { quantifier, vars, over, body } => {
                self.quantified(scope, *quantifier, vars, over, body, span)
            }
            ast::ExprKind::Call(callee, args) => self.call(scope, callee, args, span),
            ast::ExprKind::Name(_)
            | ast::ExprKind::Field(..)
            | ast::ExprKind::Index(..)
            | ast::ExprKind::Entity(..) => self.path(scope, expr, expected),
            ast::ExprKind::Like(of, pattern) => self.like(scope, of, pattern, span),
            ast::ExprKind::Matches(of, pattern) => self.matches(scope, of, pattern, span),
            ast::ExprKind::Neg(_)
            | ast::ExprKind::Binary(..)
            | ast::ExprKind::Is(..)
            | ast::ExprKind::IsPresent(_)
            | ast::ExprKind::IsEmpty(_) => self.operator(scope, expr, expected),
            _ => self.literal(scope, expr, expected),
        }
    }

    /// Types `expr` as a value of `wanted`.
    pub fn check(&mut self, scope: &mut Scope, expr: &ast::Expr, wanted: &Type) -> Option<hir::Expr> {
        let found = self.infer(scope, expr, Some(wanted))?;
        self.coerce(found, wanted)
    }

    /// `found`, if it fits `wanted`.
    pub fn coerce(&mut self, found: hir::Expr, wanted: &Type) -> Option<hir::Expr> {
        if ty::fits(&found.ty, wanted) {
            return (!ty::is_error(&found.ty)).then_some(found);
        }
        if found.ty.is_optional() && ty::fits(found.ty.present(), wanted) {
            self.optional_not_met(&found);
        } else {
            let (needed, actual) = (ty::described(&self.schema, wanted), ty::described(&self.schema, &found.ty));
            let message = format!("this is of type {actual}, where {needed} is needed");
            let diagnostic =
                Diagnostic::new(Code::TYPE_MISMATCH, found.span, message).label(format!("of type {actual}"));
            let diagnostic = self.advise(diagnostic, &found, wanted);
            self.report(diagnostic);
        }
        None
    }

    /// `found`, if it is not optional.
    pub fn met(&mut self, found: hir::Expr) -> Option<hir::Expr> {
        if found.ty.is_optional() {
            self.optional_not_met(&found);
            return None;
        }
        (!ty::is_error(&found.ty)).then_some(found)
    }

    fn optional_not_met(&mut self, found: &hir::Expr) {
        let text = self.sources.text(found.span).to_owned();
        let example = match found.ty.present() {
            Type::Bool => "false",
            Type::Int => "0",
            Type::String => "\"\"",
            Type::Set(_) | Type::List(_) | Type::Map(_) => "[]",
            _ => "",
        };
        let ask = format!("ask first: `{} is present and …`", self.sources.text(self.absent_part(found).span));
        let help = match example {
            "" => ask,
            _ => format!("{ask}; or say what stands in: `{text} otherwise {example}`"),
        };
        self.report(
            Diagnostic::new(Code::OPTIONAL_NOT_MET, found.span, format!("`{text}` may be absent"))
                .label(format!("of type {}", ty::described(&self.schema, &found.ty)))
                .help(help),
        );
    }

    /// The part of a path that is declared optional, and by which the whole may be absent.
    fn absent_part<'e>(&self, path: &'e hir::Expr) -> &'e hir::Expr {
        let (of, declared) = match &path.kind {
            ExprKind::Attribute { of, ty, attribute } => {
                let entity = self.schema.entity(*ty);
                (of, entity.and_then(|entity| entity.attributes.get(*attribute as usize)).map(|it| &it.ty))
            }
            ExprKind::Field { of, record, field } => {
                let record = self.schema.record(*record);
                (of, record.and_then(|record| record.fields.get(*field as usize)).map(|it| &it.ty))
            }
            _ => return path,
        };
        if of.ty.is_optional() && declared.is_some_and(|ty| !ty.is_optional()) { self.absent_part(of) } else { path }
    }

    fn and(&mut self, scope: &mut Scope, parts: &[ast::Expr], span: Span) -> Option<hir::Expr> {
        let outer = scope.facts.clone();
        let parts = self.chain(scope, parts, |scope, part| scope.facts.assume(part));
        scope.facts = outer;
        Some(typed(ExprKind::And(parts?), Type::Bool, span))
    }

    fn or(&mut self, scope: &mut Scope, parts: &[ast::Expr], span: Span) -> Option<hir::Expr> {
        let outer = scope.facts.clone();
        let parts = self.chain(scope, parts, |scope, part| scope.facts.assume_not(part));
        scope.facts = outer;
        Some(typed(ExprKind::Or(parts?), Type::Bool, span))
    }

    /// Checks conditions one after the other; `then` says what each adds to what the next may assume.
    pub fn chain(
        &mut self,
        scope: &mut Scope,
        parts: &[ast::Expr],
        then: impl Fn(&mut Scope, &hir::Expr),
    ) -> Option<Vec<hir::Expr>> {
        let mut typed = Vec::with_capacity(parts.len());
        for part in parts {
            if let Some(part) = self.check(scope, part, &Type::Bool) {
                then(scope, &part);
                typed.push(part);
            }
        }
        (typed.len() == parts.len()).then_some(typed)
    }

    fn conditional(
        &mut self,
        scope: &mut Scope,
        condition: &ast::Expr,
        then: &ast::Expr,
        otherwise: &ast::Expr,
        expected: Option<&Type>,
        span: Span,
    ) -> Option<hir::Expr> {
        let condition = self.check(scope, condition, &Type::Bool);
        let outer = scope.facts.clone();
        condition.iter().for_each(|condition| scope.facts.assume(condition));
        let then = self.infer(scope, then, expected);
        scope.facts = outer.clone();
        condition.iter().for_each(|condition| scope.facts.assume_not(condition));
        let expected = expected.cloned().or_else(|| then.as_ref().map(|then| then.ty.clone()));
        let otherwise = self.infer(scope, otherwise, expected.as_ref());
        scope.facts = outer;
        let (condition, then, otherwise) = (condition?, then?, otherwise?);
        let Some(ty) = join(&then.ty, &otherwise.ty) else {
            let (a, b) = (ty::described(&self.schema, &then.ty), ty::described(&self.schema, &otherwise.ty));
            self.report(
                Diagnostic::new(
                    Code::TYPE_MISMATCH,
                    otherwise.span,
                    format!("the arms of this `if` are of types {a} and {b}"),
                )
                .label(format!("of type {b}"))
                .also(then.span, format!("of type {a}")),
            );
            return None;
        };
        Some(typed(ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise)), ty, span))
    }

    fn quantified(
        &mut self,
        scope: &mut Scope,
        quantifier: ast::Quantifier,
        vars: &[ast::Ident],
        over: &ast::Expr,
        body: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let over = self.infer(scope, over, None).and_then(|over| self.met(over))?;
        let (key_var, element_var) = self.quantifier_vars(&over, vars)?;
        if scope.depth >= self.limits.quantifier_depth_max {
            let message = format!(
                "quantifiers nest {} deep here; the limit is {}",
                scope.depth + 1,
                self.limits.quantifier_depth_max
            );
            self.report(
                Diagnostic::new(Code::TOO_LARGE, span, message).help("split the condition, or flatten the data"),
            );
            return None;
        }
        let element_ty = ty::element(&over.ty)?.clone();
        let outer = scope.locals.len();
        let key = key_var.map(|name| self.bind(scope, name, Type::String));
        let element = self.bind(scope, element_var, element_ty);
        scope.depth += 1;
        let body = self.check(scope, body, &Type::Bool);
        scope.depth -= 1;
        scope.locals.truncate(outer);
        let (quantifier, ty) = match quantifier {
            ast::Quantifier::All => (hir::Quantifier::All, Type::Bool),
            ast::Quantifier::Any => (hir::Quantifier::Any, Type::Bool),
            ast::Quantifier::None => (hir::Quantifier::None, Type::Bool),
            ast::Quantifier::Count => (hir::Quantifier::Count, Type::Int),
        };
        let kind = ExprKind::Quantified { quantifier, over: Box::new(over), key, element, body: Box::new(body?) };
        Some(typed(kind, ty, span))
    }

    fn quantifier_vars<'v>(
        &mut self,
        over: &hir::Expr,
        vars: &'v [ast::Ident],
    ) -> Option<(Option<&'v ast::Ident>, &'v ast::Ident)> {
        let is_map = matches!(over.ty, Type::Map(_));
        if ty::element(&over.ty).is_none() {
            let message = format!("there is nothing to go through in {}", ty::described(&self.schema, &over.ty));
            let help = "quantifiers go through sets, lists and maps";
            self.report(Diagnostic::new(Code::TYPE_MISMATCH, over.span, message).help(help));
            return None;
        }
        match vars {
            [key, value] if is_map => Some((Some(key), value)),
            [element] if !is_map => Some((None, element)),
            _ => {
                let span = vars.iter().map(|var| var.span).reduce(Span::to).unwrap_or(over.span);
                let (message, help) = if is_map {
                    ("a map has keys and values: name both", "write `all key, value in …`")
                } else {
                    ("only maps have keys and values: name one variable", "write `all element in …`")
                };
                self.report(Diagnostic::new(Code::ARITY, span, message).help(help));
                None
            }
        }
    }

    /// A new local named `name`.
    pub fn bind(&mut self, scope: &mut Scope, name: &ast::Ident, ty: Type) -> hir::LocalId {
        let id = self.fresh_local();
        scope.locals.push(Local { name: name.node.clone(), id, ty });
        id
    }

    /// A constant's value; anything else is reported.
    pub fn constant(&mut self, scope: &mut Scope, expr: &ast::Expr, wanted: &Type) -> Option<Value> {
        let found = self.check(scope, expr, wanted)?;
        let span = found.span;
        let value = self.fold(&found);
        if value.is_none() {
            let diagnostic = Diagnostic::new(Code::NOT_CONSTANT, span, "this is not known when the policy is compiled");
            self.report(diagnostic.help("write a literal, or name a `let` that stands for one"));
        }
        value
    }

    /// The value of an expression that depends on nothing.
    pub fn fold(&self, expr: &hir::Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Const(value) => Some(value.clone()),
            // A `let` that has a value was given it when it was checked: chains of them are not followed.
            ExprKind::Call(function, _) => match &self.checked.get(function.0 as usize)?.body.kind {
                ExprKind::Const(value) => Some(value.clone()),
                _ => None,
            },
            ExprKind::Arith(op, a, b) => zt_eval::value::arith(*op, &self.fold(a)?, &self.fold(b)?),
            ExprKind::Negate(inner) => zt_eval::value::negate(&self.fold(inner)?),
            _ => None,
        }
    }

    /// Whether `now` stands for an instant here: in tests it is a constant.
    pub fn test_now(scope: &Scope) -> Option<zt_eval::value::Timestamp> {
        match scope.place {
            Place::Test(now) => now,
            _ => None,
        }
    }
}

/// The type that both fit.
pub fn join(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Entity(x), Type::Entity(y)) => {
            let mut both: Vec<_> = x.iter().chain(y).copied().collect();
            both.sort_unstable();
            both.dedup();
            Some(Type::Entity(both))
        }
        (Type::Optional(_), _) | (_, Type::Optional(_)) => join(a.present(), b.present()).map(Type::optional),
        _ if ty::fits(a, b) => Some(b.clone()),
        _ if ty::fits(b, a) => Some(a.clone()),
        _ => None,
    }
}
