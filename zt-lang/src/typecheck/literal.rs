//! Literals: text, numbers, times, addresses, lists.

use std::sync::Arc;

use zt_eval::schema::Type;
use zt_eval::value::{Decimal, Duration, Host, Ip, IpRange, Path, Quantity, Timestamp, Value, Version};

use super::expr::{join, typed};
use super::{Checker, Place, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::span::Span;
use crate::syntax::{ast, unescape};

impl Checker<'_, '_> {
    /// Types a literal, as `expected` says where the text alone does not.
    pub fn literal(&mut self, scope: &mut Scope, expr: &ast::Expr, expected: Option<&Type>) -> Option<hir::Expr> {
        let span = expr.span;
        let constant = |value, ty| Some(typed(ExprKind::Const(value), ty, span));
        match &expr.node {
            ast::ExprKind::Bool(value) => constant(Value::Bool(*value), Type::Bool),
            ast::ExprKind::Int(value) => match expected.map(Type::present) {
                Some(Type::Decimal) => match Decimal::from_int(*value) {
                    Some(decimal) => constant(Value::Decimal(decimal), Type::Decimal),
                    None => self.bad_literal(span, "a `Decimal`", "decimals reach about ±9.2 × 10¹²"),
                },
                _ => constant(Value::Int(*value), Type::Int),
            },
            ast::ExprKind::Decimal(text) => match Decimal::parse(text) {
                Some(value) => constant(Value::Decimal(value), Type::Decimal),
                None => self.bad_literal(
                    span,
                    "a `Decimal`",
                    "decimals have at most six places and reach about ±9.2 × 10¹²",
                ),
            },
            ast::ExprKind::Duration(text) => match Duration::parse(text) {
                Some(value) => constant(Value::Duration(value), Type::Duration),
                None => self.bad_literal(
                    span,
                    "a `Duration`",
                    "units go from large to small, each once: `1d12h`, `1h30m`, `500ms`",
                ),
            },
            ast::ExprKind::Ip(text) => match Ip::parse(text) {
                Some(value) => constant(Value::Ip(value), Type::Ip),
                None => self.bad_literal(
                    span,
                    "an address",
                    "each part of an IPv4 address is 0 to 255, without leading zeros",
                ),
            },
            ast::ExprKind::IpRange(text) => self.ip_range(text, span),
            ast::ExprKind::String(text) => self.text(&ast::Spanned::new(text.clone(), span), expected),
            ast::ExprKind::List(elements) => self.list(scope, elements, expected, span),
            ast::ExprKind::Range(first, _) if !matches!(first.node, ast::ExprKind::Time(_)) => {
                let diagnostic = Diagnostic::new(Code::TYPE_MISMATCH, span, "ranges stand in calendar tests only");
                self.report(diagnostic.help("write both bounds: `x >= 18 and x <= 65`"));
                None
            }
            ast::ExprKind::Time(_) | ast::ExprKind::Range(..) => {
                let message = "times of day and ranges stand in calendar tests only";
                let help = "write `now.time(\"Europe/Berlin\") in 08:00..18:00` or `now.weekday(\"Europe/Berlin\") in [mon..fri]`";
                self.report(Diagnostic::new(Code::TYPE_MISMATCH, span, message).help(help));
                None
            }
            ast::ExprKind::Record(_) if matches!(scope.place, Place::Test(_)) => self.misplaced_record(expected, span),
            ast::ExprKind::Null | ast::ExprKind::Record(_) => {
                let what = if matches!(expr.node, ast::ExprKind::Null) { "`null`" } else { "a record in braces" };
                let message = format!("{what} can be written in tests only");
                let help = "ask with `is present`, or say what stands in with `otherwise`";
                self.report(Diagnostic::new(Code::ONLY_IN_TESTS, span, message).help(help));
                None
            }
            _ => None,
        }
    }

    /// Braces in a test where neither a record nor a map is needed.
    fn misplaced_record(&mut self, expected: Option<&Type>, span: Span) -> Option<hir::Expr> {
        let wanted = expected.map_or_else(|| "a single value".to_owned(), |ty| ty::described(&self.schema, ty));
        let diagnostic = Diagnostic::new(
            Code::TYPE_MISMATCH,
            span,
            format!("braces stand for records and maps, and {wanted} is needed here"),
        );
        let name = match expected.map(Type::present) {
            Some(Type::Entity(types)) => {
                types.first().and_then(|ty| self.schema.entity(*ty)).map(|entity| entity.name.clone())
            }
            _ => None,
        };
        self.report(match name {
            Some(name) => diagnostic.help(format!(
                "name the entity, as in `{name}::\"x\"`, and describe it beside: `entity {name}::\"x\" {{ … }}`"
            )),
            None => diagnostic,
        });
        None
    }

    fn bad_literal(&mut self, span: Span, what: &str, help: &str) -> Option<hir::Expr> {
        let text = self.sources.text(span).to_owned();
        self.report(Diagnostic::new(Code::BAD_LITERAL, span, format!("`{text}` is not {what}")).help(help));
        None
    }

    fn ip_range(&mut self, text: &str, span: Span) -> Option<hir::Expr> {
        if let Some(range) = IpRange::parse(text) {
            return Some(typed(ExprKind::Const(Value::IpRange(range)), Type::IpRange, span));
        }
        let message = format!("`{text}` is not a range of addresses");
        let diagnostic = Diagnostic::new(Code::BAD_RANGE, span, message);
        self.report(match network_of(text) {
            Some(network) => diagnostic
                .label("bits are set behind the prefix")
                .help(format!("the range that holds this address is `{network}`"))
                .fix(span, network),
            None => {
                diagnostic.help("a range is an address and the length of its prefix: `10.0.0.0/8`, `2001:db8::/32`")
            }
        });
        None
    }

    /// The plain text of a string literal.
    pub fn plain_text(&mut self, text: &ast::Spanned<ast::StringLit>) -> Option<Arc<str>> {
        match unescape(&text.node.raw) {
            Ok(plain) => Some(plain.into()),
            Err((offset, found)) => {
                let start = text.span.start as usize + 1 + offset;
                let span = Span::new(text.span.file, start, start + 1 + found.len_utf8());
                let message = format!("strings have no escape `\\{found}`");
                self.report(Diagnostic::new(Code::BAD_ESCAPE, span, message).help(
                    "they have `\\\"`, `\\\\`, `\\n`, `\\t`, `\\r` and `\\u{1F600}`; a backslash itself is `\\\\`",
                ));
                None
            }
        }
    }

    /// A string literal as the type that is expected, if that type is written as a string.
    fn text(&mut self, text: &ast::Spanned<ast::StringLit>, expected: Option<&Type>) -> Option<hir::Expr> {
        let plain = self.plain_text(text)?;
        let (value, ty, help) = match expected.map(Type::present) {
            Some(Type::Timestamp) => (
                Timestamp::parse_rfc3339(&plain).map(Value::Timestamp),
                Type::Timestamp,
                "write it as RFC 3339 does, with an offset: `\"2026-03-02T10:00:00Z\"`",
            ),
            Some(Type::Version) => (
                Version::parse(&plain).map(|version| Value::Version(Arc::new(version))),
                Type::Version,
                "versions have three numbers: `\"14.2.0\"`, `\"1.0.0-rc.1\"`",
            ),
            Some(Type::Quantity) => (
                Quantity::parse(&plain).map(Value::Quantity),
                Type::Quantity,
                "amounts are written as Kubernetes does: `\"500m\"`, `\"2Gi\"`",
            ),
            Some(Type::Path) => (
                Path::parse(&plain).map(Value::Path),
                Type::Path,
                "a path begins with `/` and has no `//`, no dot segments, no query and no encoded slash",
            ),
            Some(Type::Host) => {
                (Host::parse(&plain).map(Value::Host), Type::Host, "a host is a name such as `\"api.example.com\"`")
            }
            _ => return Some(typed(ExprKind::Const(Value::String(plain.into())), Type::String, text.span)),
        };
        match value {
            Some(value) => Some(typed(ExprKind::Const(value), ty, text.span)),
            None => {
                let what = ty::described(&self.schema, &ty);
                self.report(
                    Diagnostic::new(Code::BAD_LITERAL, text.span, format!("this text is not a {what}"))
                        .label(format!("a {what} is expected here"))
                        .help(help),
                );
                None
            }
        }
    }

    fn list(
        &mut self,
        scope: &mut Scope,
        elements: &[ast::Expr],
        expected: Option<&Type>,
        span: Span,
    ) -> Option<hir::Expr> {
        if let (Some(Type::Map(_)), []) = (expected.map(Type::present), elements) {
            let ty = expected.map(Type::present).cloned()?;
            return Some(typed(ExprKind::Const(Value::Map(Arc::from([]))), ty, span));
        }
        let wanted = expected.map(Type::present).filter(|ty| matches!(ty, Type::Set(_) | Type::List(_)));
        let element = wanted.and_then(ty::element);
        let mut typed_elements = Vec::with_capacity(elements.len());
        let mut common: Option<Type> = element.cloned();
        for expr in elements {
            let Some(found) = self.infer(scope, expr, common.as_ref()).and_then(|found| self.met(found)) else {
                continue;
            };
            common = match common.as_ref() {
                None => Some(found.ty.clone()),
                Some(earlier) => self.join_elements(earlier, &found).or(common),
            };
            typed_elements.push(found);
        }
        if typed_elements.len() < elements.len() {
            return None;
        }
        let Some(common) = common else {
            let message = "nothing says what an empty list is a list of";
            let help = "state the type where it is named: `let allowed: Set<String> = []`";
            self.report(Diagnostic::new(Code::CANNOT_INFER, span, message).help(help));
            return None;
        };
        let is_composite = matches!(common, Type::Set(_) | Type::List(_) | Type::Map(_) | Type::Record(_));
        if is_composite && !elements.is_empty() {
            let message = "the elements of a list that is written out are single values";
            let help = "lists hold scalars, enum members and entities here; ask the inner collections one by one";
            self.report(Diagnostic::new(Code::BAD_TYPE, span, message).help(help));
            return None;
        }
        let typed_elements = typed_elements.into_iter().map(|found| widen(found, &common)).collect::<Vec<_>>();
        for found in &typed_elements {
            self.coerce(found.clone(), &common)?;
        }
        Some(self.collection(typed_elements, &common, matches!(wanted, Some(Type::List(_))), span))
    }

    fn join_elements(&mut self, earlier: &Type, found: &hir::Expr) -> Option<Type> {
        match (earlier, &found.ty) {
            // A single address among ranges is the range that holds it alone.
            (Type::Ip, Type::IpRange) | (Type::IpRange, Type::Ip) => Some(Type::IpRange),
            (earlier, found) => join(earlier, found),
        }
    }

    fn collection(&self, elements: Vec<hir::Expr>, element: &Type, is_list: bool, span: Span) -> hir::Expr {
        let ty = Box::new(element.clone());
        let ty = if is_list { Type::List(ty) } else { Type::Set(ty) };
        let values: Option<Vec<Value>> = elements.iter().map(|element| self.fold(element)).collect();
        let kind = match (values, is_list) {
            (Some(values), true) => ExprKind::Const(Value::List(values.into())),
            (Some(values), false) => ExprKind::Const(Value::set(values)),
            (None, true) => ExprKind::List(elements),
            (None, false) => ExprKind::Set(elements),
        };
        typed(kind, ty, span)
    }
}

fn widen(found: hir::Expr, common: &Type) -> hir::Expr {
    match (&found.kind, common) {
        (ExprKind::Const(Value::Ip(ip)), Type::IpRange) => {
            let prefix = if ip.addr().is_ipv4() { 32 } else { 128 };
            match IpRange::new(ip.addr(), prefix) {
                Some(range) => typed(ExprKind::Const(Value::IpRange(range)), Type::IpRange, found.span),
                None => found,
            }
        }
        _ => found,
    }
}

/// The canonical range around an address with a prefix, when only the bits behind the prefix are wrong.
fn network_of(text: &str) -> Option<String> {
    let (addr, prefix) = text.split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    match Ip::parse(addr)?.addr() {
        std::net::IpAddr::V4(addr) if prefix <= 32 => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            Some(format!("{}/{prefix}", std::net::Ipv4Addr::from(u32::from(addr) & mask)))
        }
        std::net::IpAddr::V6(addr) if prefix <= 128 => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            Some(format!("{}/{prefix}", std::net::Ipv6Addr::from(u128::from(addr) & mask)))
        }
        _ => None,
    }
}
