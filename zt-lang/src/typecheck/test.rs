//! `test` blocks: from what is given to a request document, and what is expected of it.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use zt_eval::id::{EntityTypeId, ObligationId, ParamId, SourceId};
use zt_eval::schema::Schema;
use zt_eval::value::{EntityUid, Timestamp, Value};

use super::rule::effect;
use super::{Checker, Place, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir;
use crate::names::{listed, nearest_declared};
use crate::package::PackageId;
use crate::resolve::{Declared, Def, Namespace, Owner, segments};
use crate::syntax::ast::{self, ExpectDetail, Given, Part};

const REASONS: [&str; 4] = ["rule", "unknown", "no_rule", "invalid"];

/// A request document while it is put together.
#[derive(Default)]
struct Document {
    subject: Option<EntityUid>,
    resource: Option<EntityUid>,
    flat: Map<String, Json>,
    evidence: Map<String, Json>,
    store: Vec<Json>,
    params: Vec<(ParamId, Value)>,
}

impl Checker<'_, '_> {
    /// Checks all tests. One that could not be checked is left out.
    pub fn tests(&mut self) -> Vec<hir::Test> {
        let resolved = self.resolved;
        let mut names: Vec<&ast::Spanned<ast::StringLit>> = Vec::new();
        let mut tests = Vec::new();
        for declared in &resolved.tests {
            let name = &declared.node.name;
            if let Some(earlier) = names.iter().find(|earlier| earlier.node == name.node) {
                let message = "two tests have this name";
                self.report(Diagnostic::new(Code::DUPLICATE, name.span, message).also(earlier.span, "the first one"));
            }
            names.push(name);
            tests.extend(self.test(declared));
        }
        tests
    }

    fn test(&mut self, declared: &Declared<'_, ast::Test>) -> Option<hir::Test> {
        let node = declared.node;
        let before = self.diagnostics.len();
        let now = self.test_instant(node);
        let mut scope = Scope::new(declared.package, Place::Test(now));
        let mut document = Document::default();
        for given in &node.given {
            self.given(&mut scope, given, &mut document);
        }
        for (what, found) in [("subject", &document.subject), ("resource", &document.resource)] {
            if found.is_none() && self.diagnostics.len() == before {
                let message = format!("this test gives no {what}");
                let help = format!(
                    "a request has a subject, an action, a resource and a context: add `{what} …` under `given`"
                );
                self.report(Diagnostic::new(Code::BAD_TEST, node.name.span, message).help(help));
            }
        }
        if node.expects.is_empty() {
            let message = "this test expects nothing";
            self.report(
                Diagnostic::new(Code::BAD_TEST, node.name.span, message)
                    .help("add `expect allow read` or `expect deny read`"),
            );
        }
        let expects: Vec<_> = node.expects.iter().map(|expect| self.expect(&mut scope, expect, &document)).collect();
        let name = self.plain_text(&node.name)?;
        let expects = expects.into_iter().collect::<Option<Vec<_>>>()?;
        let Document { flat, evidence, store, params, .. } = document;
        let mut request = flat;
        if !evidence.is_empty() {
            request.insert("evidence".into(), Json::Object(evidence));
        }
        (self.diagnostics.len() == before).then(|| hir::Test {
            name,
            span: node.name.span,
            now,
            params,
            request,
            store,
            expects,
        })
    }

    fn test_instant(&mut self, node: &ast::Test) -> Option<Timestamp> {
        let mut found = None;
        for given in &node.given {
            let Given::Now(text) = given else { continue };
            let plain = self.plain_text(text)?;
            found = Timestamp::parse_rfc3339(&plain);
            if found.is_none() {
                let message = "this text is not a `Timestamp`";
                let help = "write it as RFC 3339 does, with an offset: `now \"2026-03-02T10:00:00Z\"`";
                self.report(Diagnostic::new(Code::BAD_LITERAL, text.span, message).help(help));
            }
        }
        found
    }

    fn given(&mut self, scope: &mut Scope, given: &Given, document: &mut Document) {
        match given {
            Given::Now(_) => {}
            Given::Param(name, value) => self.given_param(scope, name, value, document),
            Given::Part(part) => self.part(scope, part, None, document),
            Given::Evidence(name, parts) => {
                let symbol = self.resolved.symbols.find(scope.package, Namespace::Source, &segments(name));
                let source = match symbol.map(|symbol| symbol.def) {
                    Some(Def::Source(id)) => Some(id),
                    _ => (name.text() == "pep").then_some(Schema::PEP),
                };
                let Some(source) = source else {
                    self.unknown_source(scope.package, name);
                    return;
                };
                for part in parts {
                    self.part(scope, part, Some(source), document);
                }
                let entry = self.schema.source(source).map(|source| source.name.to_string()).unwrap_or_default();
                document.evidence.entry(entry).or_insert_with(|| Json::Object(Map::new()));
            }
        }
    }

    fn unknown_source(&mut self, package: PackageId, name: &ast::Name) {
        let text = name.text();
        let diagnostic =
            Diagnostic::new(Code::UNKNOWN_SOURCE, name.span(), format!("nothing declares a source `{text}`"));
        let candidates = self.resolved.symbols.candidates(package, Namespace::Source);
        let diagnostic = match nearest_declared(self.diagnostics, &text, candidates) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span(), near),
            None => diagnostic,
        };
        self.report(diagnostic);
    }

    fn given_param(&mut self, scope: &mut Scope, name: &ast::Name, value: &ast::Expr, document: &mut Document) {
        let symbol = self.resolved.symbols.find(scope.package, Namespace::Value, &segments(name));
        let Some(Def::Param(id)) = symbol.map(|symbol| symbol.def) else {
            let message = format!("there is no parameter `{}`", name.text());
            self.report(Diagnostic::new(Code::UNKNOWN_NAME, name.span(), message));
            return;
        };
        let Some(wanted) = self.schema.param(id).map(|param| param.ty.clone()) else { return };
        if !ty::is_error(&wanted) {
            document.params.extend(self.constant(scope, value, &wanted).map(|value| (id, value)));
        }
    }

    fn part(&mut self, scope: &mut Scope, part: &Part, source: Option<SourceId>, document: &mut Document) {
        match part {
            Part::Context(attributes) => {
                let object = self.test_attributes(scope, Owner::Context, &attributes.node);
                self.place(document, source, "context", Json::Object(object), attributes.span);
            }
            Part::Subject(described) => {
                let known = document.subject.clone();
                self.named_otherwise(scope, "subject", described, known.as_ref());
                if let Some((uid, object)) = self.described(scope, described, known) {
                    document.subject.get_or_insert(uid);
                    self.place(document, source, "subject", Json::Object(object), described.span.0);
                }
            }
            Part::Resource(described) => {
                let known = document.resource.clone();
                self.named_otherwise(scope, "resource", described, known.as_ref());
                if let Some((uid, object)) = self.described(scope, described, known) {
                    document.resource.get_or_insert(uid);
                    self.place(document, source, "resource", Json::Object(object), described.span.0);
                }
            }
            Part::Entity(described) => {
                if let Some((_, object)) = self.described(scope, described, None) {
                    let part = self.part_of(document, source);
                    let list = part.entry("entities").or_insert_with(|| Json::Array(Vec::new()));
                    if let Json::Array(list) = list {
                        list.push(Json::Object(object));
                    }
                }
            }
            Part::Stored(described) => {
                if let Some((_, object)) = self.described(scope, described, None) {
                    document.store.push(Json::Object(object));
                }
            }
        }
    }

    /// A request has one subject and one resource, however many describe them.
    fn named_otherwise(
        &mut self,
        scope: &mut Scope,
        what: &str,
        described: &ast::Described,
        known: Option<&EntityUid>,
    ) {
        let (Some(uid), Some(known)) = (&described.uid, known) else { return };
        let reported = self.diagnostics.len();
        let differs = self.test_uid(scope, uid).is_some_and(|uid| uid != *known);
        self.diagnostics.truncate(reported);
        if differs {
            let message = format!("this test names a second {what}");
            self.report(
                Diagnostic::new(Code::BAD_TEST, described.span.0, message)
                    .help(format!("a request has one {what}; other entities are described with `entity …`")),
            );
        }
    }

    fn part_of<'d>(&self, document: &'d mut Document, source: Option<SourceId>) -> &'d mut Map<String, Json> {
        let Some(source) = source else { return &mut document.flat };
        let name = self.schema.source(source).map(|source| source.name.to_string()).unwrap_or_default();
        let entry = document.evidence.entry(name).or_insert_with(|| Json::Object(Map::new()));
        match entry {
            Json::Object(object) => object,
            _ => &mut document.flat,
        }
    }

    fn place(
        &mut self,
        document: &mut Document,
        source: Option<SourceId>,
        key: &str,
        value: Json,
        span: crate::span::Span,
    ) {
        // The enforcement point names subject and resource, whoever describes them.
        if source.is_some()
            && key != "context"
            && let (Json::Object(object), false) = (&value, document.flat.contains_key(key))
        {
            let mut named = object.clone();
            named.retain(|member, _| member == "type" || member == "id");
            document.flat.insert(key.into(), Json::Object(named));
        }
        let part = self.part_of(document, source);
        let before = part.get(key).and_then(Json::as_object).is_some_and(|object| {
            source.is_some() || key == "context" || object.contains_key("properties") || object.contains_key("parents")
        });
        if before {
            let message = format!("`{key}` is given twice");
            self.report(
                Diagnostic::new(Code::BAD_TEST, span, message).help("put everything that is said of it into one place"),
            );
            return;
        }
        part.insert(key.into(), value);
    }

    fn described(
        &mut self,
        scope: &mut Scope,
        described: &ast::Described,
        known: Option<EntityUid>,
    ) -> Option<(EntityUid, Map<String, Json>)> {
        let uid = match &described.uid {
            Some(uid) => self.test_uid(scope, uid)?,
            None => match known {
                Some(uid) => uid,
                None => {
                    let message = "nothing says which entity this is";
                    let help = "name it here, or before: `subject User::\"ann\"`";
                    self.report(Diagnostic::new(Code::BAD_TEST, described.span.0, message).help(help));
                    return None;
                }
            },
        };
        let mut object = self.uid_json(&uid);
        if let Some(attributes) = &described.attributes {
            let owner: EntityTypeId = uid.ty;
            let properties = self.test_attributes(scope, Owner::Entity(owner), attributes);
            object.insert("properties".into(), Json::Object(properties));
        }
        if let Some(parents) = &described.parents {
            object.insert("parents".into(), self.test_parents(scope, parents)?);
        }
        Some((uid, object))
    }

    fn expect(&mut self, scope: &mut Scope, expect: &ast::Expect, document: &Document) -> Option<hir::Expect> {
        let action = self.one_action(scope.package, &expect.action);
        let mut found = hir::Expect {
            span: expect.span.0,
            action: action?,
            effect: effect(expect.effect),
            by: None,
            challenge: None,
            unknown: Vec::new(),
            duties: None,
            because: None,
            reason: None,
        };
        for detail in &expect.details {
            self.expect_detail(scope, detail, document, &mut found)?;
        }
        Some(found)
    }

    fn expect_detail(
        &mut self,
        scope: &mut Scope,
        detail: &ExpectDetail,
        document: &Document,
        found: &mut hir::Expect,
    ) -> Option<()> {
        match detail {
            ExpectDetail::By(names) => {
                let indexes: Vec<_> = names.iter().map(|name| self.rule_index(scope.package, name)).collect();
                let by = found.by.get_or_insert_default();
                for index in indexes {
                    let rule = self.resolved.rules.get(index?)?;
                    by.push(self.resolved.packages.qualified(rule.package, &rule.node.name.node));
                }
            }
            ExpectDetail::Challenge(names) => {
                let challenge = found.challenge.get_or_insert_default();
                for name in names {
                    let index = self.positions.attribute(Owner::Context, &name.node);
                    let declared = index.and_then(|index| self.schema.context.get(index as usize));
                    if declared.is_some_and(|attribute| attribute.step_up.is_some()) {
                        challenge.push(name.node.clone());
                        continue;
                    }
                    let message = format!("`{}` cannot be stepped up", name.node);
                    let help = "a challenge names attributes of the context that are declared with `step_up … gives …`";
                    self.report(Diagnostic::new(Code::BAD_TEST, name.span, message).help(help));
                    return None;
                }
            }
            ExpectDetail::Unknown(names) => {
                let texts: Vec<_> = names.iter().map(|name| self.unknown_text(name, document)).collect();
                found.unknown = texts.into_iter().collect::<Option<Vec<_>>>()?;
            }
            ExpectDetail::Oblige(obliges) => {
                let duties: Vec<_> = obliges.iter().map(|oblige| self.expected_duty(scope, oblige)).collect();
                found.duties = Some(duties.into_iter().collect::<Option<Vec<_>>>()?);
            }
            ExpectDetail::Because(text) => found.because = Some(self.plain_text(text)?),
            ExpectDetail::Reason(name) => {
                if !REASONS.contains(&&*name.node) {
                    let message = format!("`{}` is not a reason", name.node);
                    let help = format!("the reasons are {}", listed(&REASONS, "and"));
                    self.report(Diagnostic::new(Code::BAD_TEST, name.span, message).help(help));
                    return None;
                }
                found.reason = Some(name.node.clone());
            }
        }
        Some(())
    }

    fn expected_duty(&mut self, scope: &mut Scope, oblige: &ast::Oblige) -> Option<(ObligationId, Vec<Value>)> {
        let duty = self.duty(scope, oblige)?;
        let args: Vec<Arc<hir::Expr>> = duty.args.into_iter().map(Arc::new).collect();
        let values: Option<Vec<Value>> = args.iter().map(|arg| self.fold(arg)).collect();
        if values.is_none() {
            let message = "the arguments of an expected obligation are constants";
            self.report(Diagnostic::new(Code::NOT_CONSTANT, oblige.name.span(), message));
        }
        Some((duty.obligation, values?))
    }

    /// `subject.clearance` as decisions write it: `User::"ann".clearance`.
    fn unknown_text(&mut self, name: &ast::Name, document: &Document) -> Option<String> {
        let (first, rest) = name.segments.split_first()?;
        let uid = match &*first.node {
            "context" | "now" => return Some(name.text()),
            "subject" => document.subject.as_ref()?,
            "resource" => document.resource.as_ref()?,
            other => {
                let message = format!("`{other}` is not a part of the request");
                let help = "what can be unknown begins with `subject`, `resource`, `context` or `now`";
                self.report(Diagnostic::new(Code::BAD_TEST, first.span, message).help(help));
                return None;
            }
        };
        let path: String = rest.iter().map(|segment| format!(".{}", segment.node)).collect();
        Some(format!("{}{path}", self.schema.uid_text(uid)))
    }
}
