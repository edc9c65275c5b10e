//! The checker: turns the syntax of resolved packages into typed [`hir`].
//!
//! Every expression is checked once, where it is written, with the type that its place expects. What has been reported
//! yields `None` or the [error type](crate::resolve::error_type), and nothing that contains it is reported again.
//!
//! Reading order: [`expr`] and the files it calls ([`path`], [`operator`] with [`membership`] and [`arithmetic`], [`call`],
//! [`literal`], [`matching`], [`clock`], and [`advice`] for their messages); then who calls it: [`evidence`], [`function`],
//! [`rule`], [`test`]. [`provenance`] reads the typed result.

mod advice;
mod arithmetic;
mod call;
mod clock;
mod evidence;
mod expr;
mod facts;
mod function;
mod literal;
mod matching;
mod membership;
mod operator;
mod path;
mod positions;
mod provenance;
mod rule;
mod target;
mod test;
mod test_value;
mod ty;

use std::collections::HashMap;
use std::sync::Arc;

use zt_eval::Limits;
use zt_eval::schema::{Schema, Type};
use zt_eval::value::{Duration, Timestamp};
use zt_eval::zone::Zone;

use crate::diag::{Code, Diagnostic, Severity};
use crate::hir;
use crate::package::PackageId;
use crate::resolve::{Declared, Resolved};
use crate::source::Sources;
use crate::span::Span;
use crate::syntax::ast;

use facts::Facts;
pub use facts::key as path_key;
use positions::Positions;
use provenance::Leak;
pub use provenance::children;

/// Checks what `resolved` declares. The result is whole only if no diagnostic is an error.
pub fn check(
    resolved: &mut Resolved<'_>,
    sources: &Sources,
    limits: &Limits,
    clock_skew: Duration,
    diagnostics: &mut Vec<Diagnostic>,
) -> hir::Policy {
    let Session(mut checker) = Session::begin(resolved, sources, limits, diagnostics);
    let rules = checker.rules();
    let proofs = checker.proofs();
    let tests = checker.tests();
    let name = checker.root_name();
    let Checker { schema, checked: functions, .. } = checker;
    hir::Policy { name, schema, clock_skew, functions, rules, tests, proofs }
}

/// Checks rules one by one, for whoever does not keep them.
pub struct Session<'r, 'a>(Checker<'r, 'a>);

impl<'r, 'a> Session<'r, 'a> {
    /// Checks all that rules may name.
    pub fn begin(
        resolved: &'r mut Resolved<'a>,
        sources: &'r Sources,
        limits: &'r Limits,
        diagnostics: &'r mut Vec<Diagnostic>,
    ) -> Self {
        let schema = std::mem::take(&mut resolved.schema);
        let positions = Positions::of(&schema);
        let functions = resolved.functions.iter().map(|_| function::State::Pending).collect();
        let mut checker = Checker {
            resolved,
            sources,
            limits,
            schema,
            positions,
            functions,
            checked: Vec::new(),
            leaks: Vec::new(),
            locals: 0,
            zones: HashMap::new(),
            diagnostics,
        };
        checker.package_annotations();
        checker.functions();
        checker.params();
        checker.evidence();
        Self(checker)
    }

    /// Checks a rule.
    pub fn rule(&mut self, declared: &Declared<'_, ast::Rule>) -> hir::Rule {
        self.0.rule(declared)
    }

    /// The root package.
    pub fn name(&self) -> Arc<str> {
        self.0.root_name()
    }

    /// What the policy declares.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// The functions that rules may call.
    pub fn functions(&self) -> &[hir::Function] {
        &self.0.checked
    }

    /// Whether any mistake was found.
    pub fn has_errors(&self) -> bool {
        self.0.diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// Checks what is left, and gives functions and schema if there was no mistake.
    pub fn end(mut self) -> Option<(Vec<hir::Function>, Schema)> {
        self.0.proofs();
        (!self.has_errors()).then_some((self.0.checked, self.0.schema))
    }
}

/// What checking needs and what it collects.
struct Checker<'r, 'a> {
    resolved: &'r Resolved<'a>,
    sources: &'r Sources,
    limits: &'r Limits,
    schema: Schema,
    positions: Positions,
    /// By position in [`Resolved::functions`].
    functions: Vec<function::State>,
    /// Functions that were checked, callees first.
    checked: Vec<hir::Function>,
    /// By position in `checked`: the unverified part of each, and the sensitive attribute in it.
    leaks: Vec<(Option<Leak>, Option<Arc<str>>)>,
    /// Number of locals given out.
    locals: u32,
    zones: HashMap<Arc<str>, Option<Arc<Zone>>>,
    diagnostics: &'r mut Vec<Diagnostic>,
}

/// Where an expression stands: what can be named there and what is known.
struct Scope {
    package: PackageId,
    place: Place,
    /// Named locals, the innermost last.
    locals: Vec<Local>,
    /// What the conditions on the way here have settled.
    facts: Facts,
    /// Captures of every route met, for a message about one that is not in scope.
    captures_seen: Vec<(Arc<str>, Span)>,
    /// Quantifiers around.
    depth: u32,
    /// Whether a test that can never hold is a fact instead of a mistake: the scope of a delegation bounds rules about
    /// several kinds of resource.
    shared: bool,
}

/// The kinds of place that expressions stand in.
#[derive(Clone)]
enum Place {
    /// A rule or a proof, with the types of its subject and its resource.
    Rule { subject: Type, resource: Type },
    /// A function's or a `let`'s body.
    Function,
    /// A value that must be known when the policy is compiled.
    Constant,
    /// A value in a test, with the test's `now`.
    Test(Option<Timestamp>),
}

/// What a local name stands for.
struct Local {
    name: Arc<str>,
    id: hir::LocalId,
    ty: Type,
}

impl Scope {
    fn new(package: PackageId, place: Place) -> Self {
        Self {
            package,
            place,
            locals: Vec::new(),
            facts: Facts::default(),
            captures_seen: Vec::new(),
            depth: 0,
            shared: false,
        }
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|local| &*local.name == name)
    }
}

impl Checker<'_, '_> {
    fn root_name(&self) -> Arc<str> {
        self.resolved.packages.list.first().map(|root| root.name.clone()).unwrap_or_default()
    }

    /// What the root package's `package` lines are annotated with.
    fn package_annotations(&mut self) {
        let resolved = self.resolved;
        let files = resolved.packages.list.first().map_or(&[][..], |root| &root.files);
        let items = files.iter().flat_map(|file| &file.items);
        let packages = items.filter(|item| matches!(item.kind, ast::ItemKind::Package(_)));
        self.schema.annotations = self.annotations(packages.flat_map(|item| &item.annotations));
    }

    /// Annotations of one thing, each name once: of two values nobody could tell which one counts.
    fn annotations<'a>(
        &mut self,
        annotations: impl Iterator<Item = &'a ast::Annotation>,
    ) -> Vec<(Arc<str>, Option<Arc<str>>)> {
        let mut names: Vec<&ast::Ident> = Vec::new();
        let mut found = Vec::new();
        for ast::Annotation { name, value } in annotations {
            if let Some(earlier) = names.iter().find(|earlier| earlier.node == name.node) {
                let message = format!("`@{}` is given twice", name.node);
                self.report(
                    Diagnostic::new(Code::DUPLICATE, name.span, message).also(earlier.span, "first given here"),
                );
            }
            names.push(name);
            found.push((name.node.clone(), value.as_ref().and_then(|text| self.plain_text(text))));
        }
        found
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn fresh_local(&mut self) -> hir::LocalId {
        self.locals += 1;
        hir::LocalId(self.locals - 1)
    }
}
