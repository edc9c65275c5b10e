//! Names and paths: what a name means where it stands, attributes, fields, map entries, entity literals.

use std::sync::Arc;

use zt_eval::id::{EntityTypeId, EnumId};
use zt_eval::schema::Type;
use zt_eval::value::{EntityUid, EnumMember, Value};

use super::expr::typed;
use super::{Checker, Place, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::names::nearest_declared;
use crate::resolve::{Def, Namespace, Owner, entity_type};
use crate::span::Span;
use crate::syntax::ast;

impl Checker<'_, '_> {
    /// Types a name, a field, an index or an entity literal.
    pub fn path(&mut self, scope: &mut Scope, expr: &ast::Expr, expected: Option<&Type>) -> Option<hir::Expr> {
        let found = match &expr.node {
            ast::ExprKind::Name(name) => self.name(scope, name, expr.span, expected),
            ast::ExprKind::Field(base, field) => self.field(scope, base, field, expr.span),
            ast::ExprKind::Index(map, key) => self.index(scope, map, key, expr.span),
            ast::ExprKind::Entity(name, id) => self.entity(scope, name, id, expr.span),
            _ => None,
        }?;
        if scope.facts.is_empty() {
            return Some(found);
        }
        let ty = scope.facts.narrowed(&found).unwrap_or_else(|| found.ty.clone());
        Some(hir::Expr { ty, ..found })
    }

    fn name(&mut self, scope: &Scope, name: &Arc<str>, span: Span, expected: Option<&Type>) -> Option<hir::Expr> {
        if let Some(local) = scope.local(name) {
            let found = typed(ExprKind::Local(local.id), local.ty.clone(), span);
            return (!ty::is_error(&found.ty)).then_some(found);
        }
        if let Some((_, capture)) = scope.facts.captures.iter().rev().find(|(captured, _)| captured == name) {
            return Some(hir::Expr { span, ..(**capture).clone() });
        }
        if let Some(found) = self.keyword(scope, name, span) {
            return found;
        }
        if let Some(Type::Enum(id)) = expected.map(Type::present)
            && let Some(member) = self.member(*id, name, span)
        {
            return Some(member);
        }
        let symbols = &self.resolved.symbols;
        match symbols.find(scope.package, Namespace::Value, &[name]).map(|symbol| symbol.def) {
            Some(def) => self.value(def, span),
            None => self.unknown_name(scope, name, span, expected),
        }
    }

    fn keyword(&mut self, scope: &Scope, name: &str, span: Span) -> Option<Option<hir::Expr>> {
        let (kind, ty) = match (name, &scope.place) {
            ("subject", Place::Rule { subject, .. }) => (ExprKind::Subject, subject.clone()),
            ("resource", Place::Rule { resource, .. }) => (ExprKind::Resource, resource.clone()),
            ("now", _) => match Self::test_now(scope) {
                Some(now) => (ExprKind::Const(Value::Timestamp(now)), Type::Timestamp),
                None if matches!(scope.place, Place::Test(_)) => {
                    let help = "add `now \"2026-03-02T10:00:00Z\"` under `given`";
                    self.report(
                        Diagnostic::new(Code::BAD_TEST, span, "this test does not say when `now` is").help(help),
                    );
                    return Some(None);
                }
                None => {
                    self.now_misused(span);
                    return Some(None);
                }
            },
            ("context", Place::Constant | Place::Test(_))
            | ("subject" | "resource", Place::Constant | Place::Test(_)) => {
                let message = format!("`{name}` is not known when the policy is compiled");
                self.report(Diagnostic::new(Code::NOT_CONSTANT, span, message).help("a constant is needed here"));
                return Some(None);
            }
            ("subject" | "resource", Place::Function) => {
                let message = format!("a function does not see the request's `{name}`");
                self.report(
                    Diagnostic::new(Code::UNKNOWN_NAME, span, message)
                        .help(format!("hand it in: give the function a parameter, and call it with `{name}`")),
                );
                return Some(None);
            }
            ("context", _) => {
                let message = "`context` is not a value by itself";
                self.report(
                    Diagnostic::new(Code::TYPE_MISMATCH, span, message)
                        .help("name one of its attributes: `context.mfa`"),
                );
                return Some(None);
            }
            _ => return None,
        };
        let found = typed(kind, ty, span);
        Some((!ty::is_error(&found.ty)).then_some(found))
    }

    /// Says where `now` may stand.
    pub fn now_misused(&mut self, span: Span) {
        self.report(
            Diagnostic::new(Code::NOW_MISUSED, span, "`now` can only be compared, or asked for its weekday or time")
                .help("write `now < t`, `now - t > 30d`, or `now.weekday(\"Europe/Berlin\") in [mon..fri]`"),
        );
    }

    fn member(&self, id: EnumId, name: &str, span: Span) -> Option<hir::Expr> {
        let member = EnumMember { ty: id, index: self.positions.member(id, name)? };
        Some(typed(ExprKind::Const(Value::Enum(member)), Type::Enum(id), span))
    }

    fn value(&mut self, def: Def, span: Span) -> Option<hir::Expr> {
        match def {
            Def::Param(id) => {
                let ty = self.schema.param(id)?.ty.clone();
                (!ty::is_error(&ty)).then(|| typed(ExprKind::Param(id), ty, span))
            }
            Def::Function(index) => {
                let decl = self.resolved.functions.get(index)?;
                if !decl.is_let {
                    let message = format!("`{}` is a function", decl.name.node);
                    let help = format!("call it: `{}(…)`", decl.name.node);
                    self.report(Diagnostic::new(Code::ARITY, span, message).help(help));
                    return None;
                }
                let (function, ty) = self.let_value(index)?;
                Some(typed(ExprKind::Call(function, Vec::new()), ty, span))
            }
            _ => None,
        }
    }

    fn unknown_name(&mut self, scope: &Scope, name: &str, span: Span, expected: Option<&Type>) -> Option<hir::Expr> {
        if let Some((_, seen)) = scope.captures_seen.iter().find(|(captured, _)| &**captured == name) {
            self.report(
                Diagnostic::new(Code::CAPTURE_SCOPE, span, format!("`{name}` is known only where the match has succeeded"))
                    .also(*seen, "captured here")
                    .help("use it to the right of `and` after the match, or in the `then` arm; never from under `or` or `not`"),
            );
            return None;
        }
        if let Some(Type::Enum(id)) = expected.map(Type::present) {
            return self.unknown_member(*id, name, span);
        }
        if let Some(owner) = self.positions.enum_with(name).and_then(|id| self.schema.enum_type(id)) {
            let written = format!("{}.{name}", owner.name);
            let message = format!("nothing here says of which type `{name}` is");
            self.report(
                Diagnostic::new(Code::CANNOT_INFER, span, message)
                    .help(format!("write `{written}`"))
                    .fix(span, written),
            );
            return None;
        }
        let diagnostic = Diagnostic::new(Code::UNKNOWN_NAME, span, format!("nothing here is called `{name}`"));
        let locals = scope.locals.iter().map(|local| &*local.name);
        let candidates = self.resolved.symbols.candidates(scope.package, Namespace::Value).chain(locals);
        let foreign = self.foreign_name(scope, name, span);
        let is_attribute = self.positions.attribute(Owner::Context, name).is_some();
        let diagnostic =
            match nearest_declared(self.diagnostics, name, candidates.chain(["subject", "resource", "context"])) {
                _ if is_attribute => {
                    diagnostic.help(format!("did you mean `context.{name}`?")).fix(span, format!("context.{name}"))
                }
                _ if foreign.is_some() => foreign.unwrap_or(diagnostic),
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(span, near),
                None => diagnostic
                    .help(format!("attributes are named with their owner: `subject.{name}`, `context.{name}`")),
            };
        self.report(diagnostic);
        None
    }

    fn unknown_member(&mut self, id: EnumId, name: &str, span: Span) -> Option<hir::Expr> {
        let found = self.schema.enum_type(id)?;
        let message = format!("`{}` has no member `{name}`", found.name);
        let diagnostic = Diagnostic::new(Code::UNKNOWN_MEMBER, span, message);
        let members = &found.members;
        let diagnostic = match nearest_declared(self.diagnostics, name, members.iter().map(|member| &**member)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(span, near),
            None => diagnostic.help(format!("it has {}", crate::names::listed(members, "and"))),
        };
        self.report(diagnostic);
        None
    }

    fn field(&mut self, scope: &mut Scope, base: &ast::Expr, field: &ast::Ident, span: Span) -> Option<hir::Expr> {
        if let ast::ExprKind::Name(name) = &base.node
            && &**name == "context"
            && !matches!(scope.place, Place::Constant | Place::Test(_))
        {
            return self.context_attribute(field, span);
        }
        if let Some(segments) = self.dotted(scope, base)
            && let Some(found) = self.qualified(scope, &segments, base.span, field, span)
        {
            return found;
        }
        let base = self.infer(scope, base, None)?;
        self.attribute(base, field, span)
    }

    fn context_attribute(&mut self, field: &ast::Ident, span: Span) -> Option<hir::Expr> {
        let Some(index) = self.positions.attribute(Owner::Context, &field.node) else {
            let names = || self.schema.context.iter().map(|attribute| &*attribute.name);
            let otherwise = declared_instead(names(), "declare it in `context { … }`");
            let diagnostic = self.unknown_attribute("the context", names(), field, &otherwise);
            self.report(diagnostic);
            return None;
        };
        let ty = self.schema.context.get(index as usize)?.ty.clone();
        (!ty::is_error(&ty)).then(|| typed(ExprKind::Context(index), ty, span))
    }

    /// The names of a chain such as `zt.http`, unless its head is a value.
    pub fn dotted<'e>(&self, scope: &Scope, expr: &'e ast::Expr) -> Option<Vec<&'e str>> {
        match &expr.node {
            ast::ExprKind::Name(name) => {
                let is_value = scope.local(name).is_some()
                    || scope.facts.captures.iter().any(|(captured, _)| captured == name)
                    || ["subject", "resource", "context", "now"].contains(&&**name)
                    || self.resolved.symbols.find(scope.package, Namespace::Value, &[name]).is_some();
                (!is_value).then(|| vec![&**name])
            }
            ast::ExprKind::Field(base, field) => {
                let mut segments = self.dotted(scope, base)?;
                segments.push(&field.node);
                Some(segments)
            }
            _ => None,
        }
    }

    /// `Enum.member` and `package.name`. `None` when the segments name neither a type nor a package.
    fn qualified(
        &mut self,
        scope: &Scope,
        segments: &[&str],
        base: Span,
        field: &ast::Ident,
        span: Span,
    ) -> Option<Option<hir::Expr>> {
        let symbols = &self.resolved.symbols;
        match symbols.find(scope.package, Namespace::Type, segments).map(|symbol| symbol.def) {
            Some(Def::Enum(id)) => {
                return Some(
                    self.member(id, &field.node, span).or_else(|| self.unknown_member(id, &field.node, field.span)),
                );
            }
            Some(_) => {
                let message = format!("`{}` is a type and has no members", segments.join("."));
                let help = format!("an entity is written `{}::\"id\"`", segments.join("."));
                self.report(Diagnostic::new(Code::TYPE_MISMATCH, base, message).help(help));
                return Some(None);
            }
            None => {}
        }
        symbols.find_package(scope.package, segments)?;
        let all: Vec<&str> = segments.iter().copied().chain([&*field.node]).collect();
        match symbols.find(scope.package, Namespace::Value, &all).map(|symbol| symbol.def) {
            Some(def) => Some(self.value(def, span)),
            // `package.Type` may go on: `package.Enum.member` comes back with one more segment.
            None => {
                let message = format!("the package `{}` declares no `{}`", segments.join("."), field.node);
                self.report(Diagnostic::new(Code::UNKNOWN_NAME, field.span, message));
                Some(None)
            }
        }
    }

    /// An attribute or a field of a value.
    pub fn attribute(&mut self, of: hir::Expr, field: &ast::Ident, span: Span) -> Option<hir::Expr> {
        let optional = of.ty.is_optional();
        let (kind, ty) = match of.ty.present().clone() {
            Type::Entity(types) => match types.as_slice() {
                [] => return None,
                [only] => self.entity_attribute(of, *only, field)?,
                several => {
                    self.narrow_first(&of, several, field);
                    return None;
                }
            },
            Type::Record(record) => {
                let fields = &self.schema.record(record)?.fields;
                let Some(index) = self.positions.field(record, &field.node) else {
                    let names = || fields.iter().map(|field| &*field.name);
                    let owner = ty::described(&self.schema, &Type::Record(record));
                    let otherwise = declared_instead(names(), "declare it in the record");
                    let diagnostic = self.unknown_attribute(&owner, names(), field, &otherwise);
                    self.report(diagnostic);
                    return None;
                };
                let ty = fields.get(index as usize)?.ty.clone();
                (ExprKind::Field { of: Box::new(of), record, field: index }, ty)
            }
            other => {
                let owner = ty::described(&self.schema, &other);
                let diagnostic = Diagnostic::new(
                    Code::UNKNOWN_ATTRIBUTE,
                    field.span,
                    format!("{owner} has no attribute `{}`", field.node),
                );
                self.report(match other {
                    Type::Map(_) => diagnostic.help(format!("a map is asked with a key: `…[\"{}\"]`", field.node)),
                    Type::Set(_) | Type::List(_) | Type::String
                        if matches!(&*field.node, "length" | "size" | "count" | "len") =>
                    {
                        let mended = format!("size({})", self.sources.text(of.span));
                        diagnostic.help(format!("write `{mended}`")).fix(span, mended)
                    }
                    _ => diagnostic.help("only entities and records have attributes"),
                });
                return None;
            }
        };
        if ty::is_error(&ty) {
            return None;
        }
        Some(typed(kind, if optional { ty.optional() } else { ty }, span))
    }

    fn entity_attribute(&mut self, of: hir::Expr, ty: EntityTypeId, field: &ast::Ident) -> Option<(ExprKind, Type)> {
        let entity = self.schema.entity(ty)?;
        let Some(index) = self.positions.of_entity(ty, &field.node) else {
            let names = || entity.attributes.iter().map(|attribute| &*attribute.name);
            let owner = format!("`{}`", entity.name);
            let foreign = self.foreign_attribute(ty, &field.node);
            let otherwise = foreign.unwrap_or_else(|| declared_instead(names(), "declare it in the entity type"));
            let diagnostic = self.unknown_attribute(&owner, names(), field, &otherwise);
            self.report(diagnostic);
            return None;
        };
        let attribute_ty = entity.attributes.get(index as usize)?.ty.clone();
        Some((ExprKind::Attribute { of: Box::new(of), ty, attribute: index }, attribute_ty))
    }

    fn unknown_attribute<'n>(
        &self,
        owner: &str,
        names: impl Iterator<Item = &'n str>,
        field: &ast::Ident,
        otherwise: &str,
    ) -> Diagnostic {
        let message = format!("{owner} has no attribute `{}`", field.node);
        let diagnostic = Diagnostic::new(Code::UNKNOWN_ATTRIBUTE, field.span, message).label("not declared");
        match nearest_declared(self.diagnostics, &field.node, names) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(field.span, near),
            None => diagnostic.help(otherwise),
        }
    }

    fn narrow_first(&mut self, of: &hir::Expr, types: &[EntityTypeId], field: &ast::Ident) {
        let text = self.sources.text(of.span).to_owned();
        let name =
            |id: &EntityTypeId| self.schema.entity(*id).map(|entity| entity.name.to_string()).unwrap_or_default();
        let has = |id: &&EntityTypeId| self.positions.of_entity(**id, &field.node).is_some();
        let all = ty::described(&self.schema, &of.ty);
        let Some(owner) = types.iter().find(has).map(name) else {
            let message = format!("none of {all} has an attribute `{}`", field.node);
            self.report(Diagnostic::new(Code::UNKNOWN_ATTRIBUTE, field.span, message).label("not declared"));
            return;
        };
        self.report(
            Diagnostic::new(Code::NARROW_FIRST, of.span, format!("`{text}` may be any of {all}"))
                .label(format!("of type {all}"))
                .also(field.span, format!("an attribute of `{owner}`"))
                .help(match of.kind {
                    ExprKind::Subject | ExprKind::Resource => {
                        format!("say which first: `{text} is {owner} and …`, or in the rule's `for`: `for {text} is {owner}`")
                    }
                    _ => format!("say which first: `{text} is {owner} and …`"),
                }),
        );
    }

    fn index(&mut self, scope: &mut Scope, map: &ast::Expr, key: &ast::Expr, span: Span) -> Option<hir::Expr> {
        let map = self.infer(scope, map, None)?;
        // A path through an optional is optional, and what a key leads to is so in any case.
        let Type::Map(inner) = map.ty.present() else {
            let message = format!("{} has no entries to ask for by key", ty::described(&self.schema, &map.ty));
            let diagnostic = Diagnostic::new(Code::TYPE_MISMATCH, map.span, message);
            self.report(match map.ty.present() {
                Type::Set(_) | Type::List(_) => {
                    diagnostic.help("elements are not asked by position: write `contains`, or `any x in xs: (…)`")
                }
                Type::Entity(_) | Type::Record(_) => diagnostic.help("attributes follow a point: `subject.name`"),
                _ => diagnostic.help("only maps are asked with `[key]`"),
            });
            return None;
        };
        let key = self.check(scope, key, &Type::String)?;
        let ty = inner.as_ref().clone().optional();
        Some(typed(ExprKind::Index(Box::new(map), Box::new(key)), ty, span))
    }

    fn entity(
        &mut self,
        scope: &Scope,
        name: &ast::Name,
        id: &ast::Spanned<ast::StringLit>,
        span: Span,
    ) -> Option<hir::Expr> {
        let ty = entity_type(&self.resolved.symbols, scope.package, name, self.diagnostics);
        let id = self.plain_text(id)?;
        let ty = ty?;
        Some(typed(ExprKind::Const(Value::Entity(EntityUid { ty, id: id.into() })), Type::Entity(vec![ty]), span))
    }
}

/// What a type has instead of an attribute that it does not have, as far as that helps.
fn declared_instead<'n>(names: impl Iterator<Item = &'n str>, declare: &str) -> String {
    let names: Vec<&str> = names.take(9).collect();
    match names.len() {
        1..=8 => format!("it has {}; {declare} if it is missing", crate::names::listed(&names, "and")),
        _ => declare.to_owned(),
    }
}
