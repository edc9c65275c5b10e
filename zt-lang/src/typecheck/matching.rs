//! `like` and `matches`: patterns are read when the policy is compiled.

use std::sync::Arc;

use zt_eval::pattern::{Glob, HostGlob, Pattern, PatternError, Route};
use zt_eval::schema::Type;

use super::expr::typed;
use super::{Checker, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::regex;
use crate::span::Span;
use crate::syntax::{ast, unescape_pattern, unescape_regex};

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
                let message = format!("`like` asks of text, paths and hosts, not of {}", ty::described(&self.schema, other));
                self.report(Diagnostic::new(Code::TYPE_MISMATCH, of.span, message));
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
                let message = format!("the automaton of this regular expression is larger than the limit of {limit} bytes");
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
