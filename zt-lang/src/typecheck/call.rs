//! Calls: of the functions that the language has, and of declared ones.

use zt_eval::schema::Type;
use zt_eval::value::SetOp;

use super::expr::{join, typed};
use super::{Checker, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::names::{listed, nearest_declared};
use crate::resolve::{Def, Namespace};
use crate::span::Span;
use crate::syntax::ast;

/// The functions that the language has, with the number of their arguments.
const BUILTINS: &[(&str, usize)] = &[("lower", 1), ("size", 1), ("union", 2), ("intersection", 2), ("difference", 2)];

impl Checker<'_, '_> {
    /// A call of a function, one of the language's or a declared one.
    pub fn call(&mut self, scope: &mut Scope, callee: &ast::Expr, args: &[ast::Expr], span: Span) -> Option<hir::Expr> {
        if let Some(clock) = self.clock_call(scope, callee, args, span) {
            return clock;
        }
        if let ast::ExprKind::Name(name) = &callee.node {
            let declared = self.resolved.symbols.find(scope.package, Namespace::Value, &[name]).is_some();
            if let Some((builtin, arity)) =
                BUILTINS.iter().find(|(builtin, _)| **builtin == **name).filter(|_| !declared)
            {
                return self.builtin(scope, builtin, *arity, args, span);
            }
        }
        let segments = callee.dotted();
        let found =
            segments.as_ref().and_then(|names| self.resolved.symbols.find(scope.package, Namespace::Value, names));
        match found.map(|symbol| symbol.def) {
            Some(Def::Function(index)) if !self.resolved.functions.get(index)?.is_let => {
                self.declared_call(scope, index, args, callee.span, span)
            }
            Some(_) => {
                let message = format!("`{}` is not a function", self.sources.text(callee.span));
                self.report(Diagnostic::new(Code::ARITY, callee.span, message).help("name it without parentheses"));
                None
            }
            None => match self.foreign_call(scope, callee, args, span) {
                Some(diagnostic) => {
                    self.report(diagnostic);
                    None
                }
                None => self.unknown_function(scope, callee),
            },
        }
    }

    fn unknown_function(&mut self, scope: &Scope, callee: &ast::Expr) -> Option<hir::Expr> {
        let text = self.sources.text(callee.span).to_owned();
        let diagnostic = Diagnostic::new(Code::UNKNOWN_FUNCTION, callee.span, format!("there is no function `{text}`"));
        let names = self.resolved.symbols.candidates(scope.package, Namespace::Value);
        let diagnostic =
            match nearest_declared(self.diagnostics, &text, names.chain(BUILTINS.iter().map(|(name, _)| *name))) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(callee.span, near),
                None => {
                    let names: Vec<&str> = BUILTINS.iter().map(|(name, _)| *name).collect();
                    diagnostic.help(format!("declare it with `fn`; the language itself has {}", listed(&names, "and")))
                }
            };
        self.report(diagnostic);
        None
    }

    fn builtin(
        &mut self,
        scope: &mut Scope,
        name: &str,
        arity: usize,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<hir::Expr> {
        if args.len() != arity {
            self.arity(name, arity, args.len(), span);
            return None;
        }
        match (name, args) {
            ("lower", [text]) => {
                let text = self.check(scope, text, &Type::String)?;
                Some(typed(ExprKind::Lower(Box::new(text)), Type::String, span))
            }
            ("size", [of]) => {
                let of = self.infer(scope, of, None).and_then(|of| self.met(of))?;
                if !matches!(of.ty, Type::String | Type::Set(_) | Type::List(_) | Type::Map(_)) {
                    let message = format!("{} has no size", ty::described(&self.schema, &of.ty));
                    self.report(
                        Diagnostic::new(Code::TYPE_MISMATCH, of.span, message)
                            .help("`size` counts in text, sets, lists and maps"),
                    );
                    return None;
                }
                Some(typed(ExprKind::Size(Box::new(of)), Type::Int, span))
            }
            (_, [a, b]) => {
                let (a, b) = self.operands(scope, a, b)?;
                let sets = matches!((&a.ty, &b.ty), (Type::Set(a), Type::Set(b)) if ty::comparable(a, b));
                let Some(ty) = join(&a.ty, &b.ty).filter(|_| sets) else {
                    self.not_comparable(&a, &b, span);
                    return None;
                };
                let op = match name {
                    "union" => SetOp::Union,
                    "intersection" => SetOp::Intersection,
                    _ => SetOp::Difference,
                };
                Some(typed(ExprKind::SetOperation(op, Box::new(a), Box::new(b)), ty, span))
            }
            _ => None,
        }
    }

    /// Says that a call has the wrong number of arguments.
    pub fn arity(&mut self, name: &str, wanted: usize, given: usize, span: Span) {
        let arguments = if wanted == 1 { "one argument".into() } else { format!("{wanted} arguments") };
        self.report(Diagnostic::new(Code::ARITY, span, format!("`{name}` takes {arguments}, and is given {given}")));
    }
}
