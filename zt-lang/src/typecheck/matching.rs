//! `like` and `matches`: patterns are read when the policy is compiled.

use std::sync::Arc;

use zt_eval::pattern::{Glob, HostGlob, Pattern, PatternError, Route};
use zt_eval::schema::Type;

use super::expr::typed;
use super::{Checker, Scope, children, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::regex;
use crate::span::Span;
use crate::syntax::{ast, unescape_pattern, unescape_regex};

/// Expressions in a path that a route captures from. Each use of a capture repeats the path, and paths may be chosen by
/// captures of earlier ones: without a bound, a policy could double in size with each line.
const CAPTURED_SIZE_MAX: usize = 16;

impl Checker<'_, '_> {
    /// `x like "…"`, by the type of `x`.
    pub fn like(
        &mut self,
        scope: &mut Scope,
        of: &ast::Expr,
        literal: &ast::Spanned<ast::StringLit>,
        span: Span,
    ) -> Option<hir::Expr> {
        let of = self.infer(scope, of, None).and_then(|of| self.met(of))?;
        let Ok(text) = unescape_pattern(&literal.node.raw) else {
            self.plain_text(literal);
            return None;
        };
        let parsed = match &of.ty {
            Type::String => Glob::parse(&text).map(Pattern::Glob),
            Type::Path => Route::parse(&text).map(Pattern::Route),
            Type::Host => HostGlob::parse(&text).map(Pattern::HostGlob),
            other => {
                let message =
                    format!("`like` asks of text, paths and hosts, not of {}", ty::described(&self.schema, other));
                let diagnostic = Diagnostic::new(Code::TYPE_MISMATCH, of.span, message);
                self.report(match other {
                    Type::Ip => diagnostic.help("ask for a range: `in 10.0.0.0/8`"),
                    Type::Set(_) | Type::List(_) => {
                        diagnostic.help("ask of each element: `any x in xs: (x like \"a*\")`")
                    }
                    _ => diagnostic,
                });
                return None;
            }
        };
        let pattern = match parsed {
            Ok(pattern) => Arc::new(pattern),
            Err(error) => {
                self.bad_pattern(literal, &text, &error);
                return None;
            }
        };
        if let Pattern::Route(route) = &*pattern {
            if route.names().next().is_some() && exceeds(&of, &mut { CAPTURED_SIZE_MAX }) {
                let message =
                    format!("this path is too long to capture from: the limit is {CAPTURED_SIZE_MAX} expressions");
                self.report(
                    Diagnostic::new(Code::TOO_LARGE, of.span, message)
                        .help("match an attribute itself, or capture nothing"),
                );
                return None;
            }
            scope.captures_seen.extend(route.names().map(|name| (Arc::from(name), literal.span)));
        }
        Some(typed(ExprKind::Matches(Box::new(of), pattern), Type::Bool, span))
    }

    fn bad_pattern(&mut self, literal: &ast::Spanned<ast::StringLit>, text: &str, error: &PatternError) {
        // Escapes shift offsets; then the whole literal is underlined.
        let offset = error.offset().filter(|_| *literal.node.raw == *text);
        let span = offset.map_or(literal.span, |offset| {
            let start = literal.span.start as usize + 1 + offset;
            let length = text.get(offset..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            Span::new(literal.span.file, start, start + length)
        });
        self.report(Diagnostic::new(Code::BAD_PATTERN, span, error.to_string()).help(error.help()));
    }

    /// `x matches "…"`.
    pub fn matches(
        &mut self,
        scope: &mut Scope,
        of: &ast::Expr,
        literal: &ast::Spanned<ast::StringLit>,
        span: Span,
    ) -> Option<hir::Expr> {
        let of = self.check(scope, of, &Type::String);
        let text = unescape_regex(&literal.node.raw);
        let pattern = match regex::compile(&text, self.limits) {
            Ok(pattern) => Arc::new(Pattern::Regex(pattern)),
            Err(regex::Error::Malformed(message)) => {
                let message = format!("this regular expression is not well formed: {message}");
                self.report(Diagnostic::new(Code::BAD_REGEX, literal.span, message));
                return None;
            }
            Err(regex::Error::TooLarge { limit }) => {
                let message =
                    format!("the automaton of this regular expression is larger than the limit of {limit} bytes");
                self.report(
                    Diagnostic::new(Code::TOO_LARGE, literal.span, message)
                        .help("bound its repetitions, or split it; classes of Unicode letters are large"),
                );
                return None;
            }
        };
        Some(typed(ExprKind::Matches(Box::new(of?), pattern), Type::Bool, span))
    }
}

/// Whether there are more expressions in `expr` than are left; looks at no more than that.
fn exceeds(expr: &hir::Expr, left: &mut usize) -> bool {
    match left.checked_sub(1) {
        Some(rest) => {
            *left = rest;
            children(expr).any(|child| exceeds(child, left))
        }
        None => true,
    }
}
