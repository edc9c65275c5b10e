//! How to mend what does not fit: what an author probably meant by a value of the wrong type.
//!
//! Nothing here decides that something is wrong; a diagnostic comes in and leaves with advice, and with an edit where the
//! text alone tells what was meant.

use zt_eval::id::EntityTypeId;
use zt_eval::schema::Type;
use zt_eval::value::{Decimal, Duration, Ip, IpRange, Value};

use super::{Checker, Place, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::names::{listed, nearest_declared};
use crate::resolve::{Def, Namespace};
use crate::span::Span;
use crate::syntax::ast;

/// Words of other languages for the parts of a request.
const PARTS: &[(&str, &str)] = &[
    ("user", "subject"),
    ("principal", "subject"),
    ("actor", "subject"),
    ("caller", "subject"),
    ("identity", "subject"),
    ("requester", "subject"),
    ("object", "resource"),
    ("target", "resource"),
    ("env", "context"),
    ("ctx", "context"),
    ("environment", "context"),
    ("time", "now"),
    ("today", "now"),
    ("True", "true"),
    ("TRUE", "true"),
    ("False", "false"),
    ("FALSE", "false"),
];

/// Functions and methods of other languages that are operators here: how they are called, and what stands between.
const INFIX: &[(&[&str], &str)] = &[
    (&["contains", "includes", "has", "hastag", "contain"], "contains"),
    (&["containsany", "contains_any", "containsanyof"], "contains_any"),
    (&["containsall", "contains_all"], "contains_all"),
    (&["startswith", "starts_with", "hasprefix"], "starts_with"),
    (&["endswith", "ends_with", "hassuffix"], "ends_with"),
    (&["isinrange", "inrange"], "in"),
    (&["in"], "in"),
];

const PRESENCE: &[&str] = &["has", "exists", "defined", "is_present", "present", "is_defined", "isset"];
const EMPTINESS: &[&str] = &["isempty", "is_empty", "empty"];
const SIZE: &[&str] = &["len", "length", "count", "size"];
const LOWER: &[&str] = &["lower", "tolower", "tolowercase", "to_lower", "lowercase", "lowerascii"];
const GOING_THROUGH: &[&str] = &["any", "all", "exists", "some", "every", "filter", "map", "foreach", "none"];
const CONVERSIONS: &[&str] =
    &["int", "float", "str", "string", "to_number", "tostring", "double", "uint", "bool", "number", "cast"];

impl Checker<'_, '_> {
    /// How `found`, which stands where a `wanted` is needed, could become one.
    pub fn advise(&self, diagnostic: Diagnostic, found: &hir::Expr, wanted: &Type) -> Diagnostic {
        let wanted = wanted.present();
        let text = match &found.kind {
            ExprKind::Const(Value::String(text)) => Some(&**text),
            _ => None,
        };
        match (wanted, text) {
            (Type::Enum(id), _) => self.as_member(diagnostic, *id, found, text),
            (Type::Entity(types), _) if found.ty == Type::String => self.as_entity(diagnostic, types, found, text),
            (_, Some(text)) if is_bare(wanted, text) => {
                let what = ty::described(&self.schema, wanted);
                diagnostic
                    .help(format!("values of type {what} are written without quotes: `{text}`"))
                    .fix(found.span, text)
            }
            (Type::Set(inner) | Type::List(inner), _) if ty::fits(&found.ty, inner) => {
                let mended = format!("[{}]", self.sources.text(found.span));
                diagnostic.help(format!("put it into brackets: `{mended}`")).fix(found.span, mended)
            }
            _ => self.by_type(diagnostic, found, wanted),
        }
    }

    /// What the types alone say.
    fn by_type(&self, diagnostic: Diagnostic, found: &hir::Expr, wanted: &Type) -> Diagnostic {
        let is_literal = matches!(found.kind, ExprKind::Const(_));
        let written = self.sources.text(found.span);
        match (wanted, &found.ty) {
            (Type::String, Type::Int | Type::Decimal | Type::Bool) if is_literal => diagnostic
                .help(format!("a text stands in quotes: `\"{written}\"`"))
                .fix(found.span, format!("\"{written}\"")),
            (Type::String, Type::Entity(_)) => diagnostic.help("an entity is compared with an entity, not with its id"),
            (Type::Duration, Type::Int) => diagnostic.help("a duration says its unit: `30s`, `15m`, `24h`, `7d`"),
            (Type::Timestamp, Type::Int | Type::Duration) => {
                diagnostic.help("an instant is written as text: `\"2026-03-02T10:00:00Z\"`")
            }
            (Type::Version, Type::Decimal | Type::Int) => {
                diagnostic.help("a version is written as text, with three numbers: `\"14.2.0\"`")
            }
            (Type::Quantity, Type::Decimal | Type::Int) if is_literal => diagnostic
                .help(format!("an amount is written as text: `\"{written}\"`"))
                .fix(found.span, format!("\"{written}\"")),
            (Type::Int, Type::Decimal) => diagnostic
                .help("an `Int` has no places behind the point: compare whole numbers, or declare a `Decimal`"),
            (Type::Decimal, Type::Int) => diagnostic.help("numbers are not converted: declare both as `Decimal`"),
            (Type::Bool, found) if *found != Type::Bool => diagnostic
                .help("a condition is a comparison or another test; each side of `and` and `or` is one by itself"),
            _ => diagnostic,
        }
    }

    fn as_member(
        &self,
        diagnostic: Diagnostic,
        id: zt_eval::id::EnumId,
        found: &hir::Expr,
        text: Option<&str>,
    ) -> Diagnostic {
        let Some(declared) = self.schema.enum_type(id) else { return diagnostic };
        let members = &declared.members;
        let member = text.and_then(|text| match self.positions.member(id, text) {
            Some(at) => members.get(at as usize).map(|member| &**member),
            None => nearest_declared(self.diagnostics, text, members.iter().map(|member| &**member)),
        });
        match member {
            Some(member) => diagnostic
                .help(format!("members of an enum are written without quotes: `{member}`"))
                .fix(found.span, member),
            None => diagnostic.help(format!("the members of `{}` are {}", declared.name, listed(members, "and"))),
        }
    }

    fn as_entity(
        &self,
        diagnostic: Diagnostic,
        types: &[EntityTypeId],
        found: &hir::Expr,
        text: Option<&str>,
    ) -> Diagnostic {
        let names: Vec<&str> =
            types.iter().filter_map(|ty| self.schema.entity(*ty)).map(|entity| &*entity.name).collect();
        match (names.as_slice(), text) {
            ([name], Some(_)) => {
                let mended = format!("{name}::{}", self.sources.text(found.span));
                diagnostic.help(format!("an entity is written with its type: `{mended}`")).fix(found.span, mended)
            }
            ([name, ..], _) => diagnostic
                .help(format!("an entity is compared with an entity, such as `{name}::\"…\"`; its id is not a text")),
            ([], _) => diagnostic,
        }
    }

    /// Advice about two sides that cannot be equal or ordered.
    pub fn advise_pair(&self, diagnostic: Diagnostic, a: &hir::Expr, b: &hir::Expr, op: Span) -> Diagnostic {
        let is_equality = self.sources.text(op) == "==";
        let diagnostic = match (&a.ty, &b.ty) {
            (Type::Set(inner) | Type::List(inner), other) if ty::comparable(inner, other) => {
                return diagnostic.help("to ask whether it is one of them, write `contains`");
            }
            (other, Type::Set(inner) | Type::List(inner)) if ty::comparable(inner, other) => {
                return diagnostic.help("to ask whether it is one of them, write `in`");
            }
            (Type::Ip, Type::IpRange) => diagnostic.help("whether an address is in a range is asked with `in`"),
            (Type::Entity(from), Type::Entity(to))
                if from.iter().any(|from| to.iter().any(|to| self.leads(*from, *to))) =>
            {
                diagnostic.help("whether an entity belongs to another is asked with `in`")
            }
            _ if matches!(a.kind, ExprKind::Const(_)) && !matches!(b.kind, ExprKind::Const(_)) => {
                return self.advise(diagnostic, a, &b.ty);
            }
            _ if a.ty == Type::String && !matches!(b.kind, ExprKind::Const(_)) => {
                return self.advise(diagnostic, a, &b.ty);
            }
            _ => return self.advise(diagnostic, b, &a.ty),
        };
        if is_equality { diagnostic.fix(op, "in") } else { diagnostic }
    }

    /// Advice about `element in collection`.
    pub fn advise_membership(
        &self,
        diagnostic: Diagnostic,
        element: &hir::Expr,
        collection: &hir::Expr,
        op: Span,
    ) -> Diagnostic {
        match (&element.ty, &collection.ty) {
            (Type::String, Type::String) => diagnostic.help("to ask for a part of a text, write `text contains part`"),
            (Type::Ip, Type::Set(inner) | Type::List(inner)) if **inner == Type::String => {
                diagnostic.help("addresses and ranges are written without quotes: `[10.0.0.0/8, 192.168.0.1]`")
            }
            (Type::Ip, Type::String) => self.advise(diagnostic, collection, &Type::IpRange),
            (Type::Set(_) | Type::List(_), Type::Set(_) | Type::List(_)) => diagnostic.help(
                "whether a set holds any or all of several values is asked with `contains_any` or `contains_all`",
            ),
            (a, b) if ty::comparable(a, b) => diagnostic.help("one value is compared with `==`").fix(op, "=="),
            _ => diagnostic.help("`in` asks of sets, lists, maps' keys, address ranges and entities"),
        }
    }

    /// Advice about `entity in "text"`.
    pub fn advise_within(&self, diagnostic: Diagnostic, entity: &hir::Expr, target: &hir::Expr) -> Diagnostic {
        let (Type::Entity(types), Type::String) = (&entity.ty, &target.ty) else {
            return diagnostic.help("an entity is in another entity, or in any of a set of them");
        };
        let parents: Vec<EntityTypeId> = types
            .iter()
            .filter_map(|ty| self.schema.entity(*ty))
            .flat_map(|entity| entity.parents.iter().copied())
            .collect();
        let text = match &target.kind {
            ExprKind::Const(Value::String(text)) => Some(&**text),
            _ => None,
        };
        self.as_entity(diagnostic, if parents.is_empty() { types } else { &parents }, target, text)
    }

    /// Advice about `collection contains element`.
    pub fn advise_containing(
        &self,
        diagnostic: Diagnostic,
        collection: &hir::Expr,
        element: &hir::Expr,
        span: Span,
    ) -> Diagnostic {
        match (&collection.ty, &element.ty) {
            (Type::Set(_) | Type::List(_), Type::Set(_) | Type::List(_)) => {
                diagnostic.help("for several values write `contains_all` or `contains_any`")
            }
            (Type::Set(inner) | Type::List(inner), _) => self.advise(diagnostic, element, inner),
            (Type::Entity(_), Type::Entity(_)) => {
                let mended = format!("{} in {}", self.sources.text(element.span), self.sources.text(collection.span));
                diagnostic
                    .help(format!("who belongs to an entity is asked from the other side: `{mended}`"))
                    .fix(span, mended)
            }
            (Type::Path, _) => diagnostic
                .help("a path is asked with `starts_with`, or with `like` and a route: `path like \"/users/*\"`"),
            (Type::Host, _) => diagnostic.help("a host is asked with `like`: `host like \"*.example.com\"`"),
            _ => diagnostic.help("`contains` asks of sets, lists, maps' keys, address ranges and text"),
        }
    }

    /// What a name that nothing declares probably means, if it is no misspelling.
    pub fn foreign_name(&self, scope: &Scope, name: &str, span: Span) -> Option<Diagnostic> {
        let diagnostic = Diagnostic::new(Code::UNKNOWN_NAME, span, format!("nothing here is called `{name}`"));
        let attribute_of = |ty: &Type| match ty {
            Type::Entity(types) => types.iter().any(|ty| self.positions.of_entity(*ty, name).is_some()),
            _ => false,
        };
        if let Place::Rule { subject, resource } = &scope.place {
            let owner =
                if attribute_of(subject) { Some("subject") } else { attribute_of(resource).then_some("resource") };
            if let Some(owner) = owner {
                return Some(
                    diagnostic.help(format!("did you mean `{owner}.{name}`?")).fix(span, format!("{owner}.{name}")),
                );
            }
        }
        if let Some((_, known)) = PARTS.iter().find(|(foreign, _)| *foreign == name) {
            return Some(diagnostic.help(format!("did you mean `{known}`?")).fix(span, *known));
        }
        if let Some(symbol) = self.resolved.symbols.find(scope.package, Namespace::Type, &[name]) {
            return Some(match symbol.def {
                Def::Entity(_) => diagnostic.help(format!("`{name}` is a type: one entity of it is written `{name}::\"id\"`, and whether an entity is of it is asked with `is {name}`")),
                _ => diagnostic.help(format!("`{name}` is a type, and not a value")),
            });
        }
        match name {
            "undefined" | "None" | "nil" | "Null" | "NULL" => {
                Some(diagnostic.help("whether an optional is there is asked with `is present`"))
            }
            "input" | "request" | "req" | "data" | "attributes" => {
                Some(diagnostic.help("the parts of a request are called `subject`, `resource` and `context`"))
            }
            _ => None,
        }
    }

    /// What an attribute that an entity type does not have probably means.
    pub fn foreign_attribute(&self, ty: EntityTypeId, field: &str) -> Option<String> {
        let entity = self.schema.entity(ty)?;
        let parent = entity.parents.first().and_then(|parent| self.schema.entity(*parent));
        match (field, parent) {
            ("id" | "uid" | "eid" | "key", _) => Some(format!(
                "an entity is compared as a whole: `== {}::\"…\"`; declare an attribute for what is compared as text",
                entity.name
            )),
            ("type" | "kind", _) => {
                Some(format!("the type of an entity is asked with `is`, as in `is {}`", entity.name))
            }
            (
                "group" | "groups" | "role" | "roles" | "team" | "teams" | "parent" | "parents" | "memberOf"
                | "member_of" | "folder",
                Some(parent),
            ) => Some(format!("what an entity belongs to is asked with `in`, as in `in {}::\"…\"`", parent.name)),
            _ => None,
        }
    }

    /// What a call of a function that nothing declares probably means.
    pub fn foreign_call(
        &self,
        scope: &Scope,
        callee: &ast::Expr,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<Diagnostic> {
        let whole = self.sources.text(callee.span);
        let diagnostic =
            Diagnostic::new(Code::UNKNOWN_FUNCTION, callee.span, format!("there is no function `{whole}`"));
        let mend = |mended: String| Some(diagnostic.clone().help(format!("write `{mended}`")).fix(span, mended));
        let text = |expr: &ast::Expr| self.sources.text(expr.span).to_owned();
        let (name, receiver) = match &callee.node {
            ast::ExprKind::Name(name) => (&**name, None),
            ast::ExprKind::Field(base, field) => (&*field.node, Some(&**base)),
            _ => return None,
        };
        let operands: Vec<String> = receiver.into_iter().chain(args).map(text).collect();
        let lower = name.to_ascii_lowercase();
        let known = |names: &[&str]| names.contains(&&*lower);
        match operands.as_slice() {
            [] if lower == "now" => mend("now".into()),
            [of] if receiver.is_none() && known(PRESENCE) => mend(format!("{of} is present")),
            [of] if known(EMPTINESS) => mend(format!("{of} is empty")),
            [of] if known(SIZE) => mend(format!("size({of})")),
            [of] if known(LOWER) => mend(format!("lower({of})")),
            [of, key] if lower == "get" => mend(format!("{of}[{key}]")),
            [of, other] if INFIX.iter().any(|(names, _)| known(names)) => {
                let infix = INFIX.iter().find(|(names, _)| known(names)).map_or("", |(_, infix)| infix);
                mend(format!("{of} {infix} {}", if infix == "in" { other.trim_matches('"') } else { other }))
            }
            [id] if receiver.is_none() && self.is_entity(scope, name) && id.starts_with('"') => {
                mend(format!("{name}::{id}"))
            }
            [.., pattern] if matches!(&*lower, "match" | "matches" | "re_match" | "test") => {
                let help = format!("patterns are asked with `matches`: `text matches {pattern}`");
                Some(diagnostic.help(if pattern.starts_with('"') {
                    help
                } else {
                    "patterns are asked with `matches`: `text matches \"[a-z]+\"`".into()
                }))
            }
            [.., literal]
                if matches!(&*lower, "ip" | "cidr" | "ipaddr" | "decimal" | "duration") && literal.starts_with('"') =>
            {
                mend(literal.trim_matches('"').into())
            }
            _ if lower.contains("cidr") || lower.starts_with("ip") => Some(
                diagnostic
                    .help("addresses and ranges are written bare, and compared with `in`: `context.ip in 10.0.0.0/8`"),
            ),
            _ if matches!(&*lower, "date" | "datetime" | "timestamp" | "time") => Some(
                diagnostic
                    .help("an instant is written as text where one is compared: `now < \"2026-03-02T10:00:00Z\"`"),
            ),
            _ if receiver.is_some() && known(GOING_THROUGH) => {
                Some(diagnostic.help("go through a collection with `any x in xs: (…)`, `all`, `none` or `count`"))
            }
            _ if known(CONVERSIONS) => {
                Some(diagnostic.help("values are not converted: declare what is compared with the same type"))
            }
            _ if lower.contains("upper") => Some(diagnostic.help("compare in small letters: `lower(text) == \"…\"`")),
            _ => None,
        }
    }

    fn is_entity(&self, scope: &Scope, name: &str) -> bool {
        matches!(
            self.resolved.symbols.find(scope.package, Namespace::Type, &[name]).map(|symbol| symbol.def),
            Some(Def::Entity(_))
        )
    }
}

/// Whether `text` is a literal of a type whose literals stand without quotes.
fn is_bare(wanted: &Type, text: &str) -> bool {
    match wanted {
        Type::Int => text.parse::<i64>().is_ok(),
        Type::Decimal => Decimal::parse(text).is_some(),
        Type::Bool => matches!(text, "true" | "false"),
        Type::Duration => Duration::parse(text).is_some(),
        Type::Ip => Ip::parse(text).is_some(),
        Type::IpRange => IpRange::parse(text).is_some() || Ip::parse(text).is_some(),
        _ => false,
    }
}
