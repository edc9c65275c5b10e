//! Warnings: what compiles and is probably not meant.

mod conditions;
mod settled;

use std::collections::BTreeSet;

use zt_eval::graph::Effect;
use zt_eval::schema::{Schema, Type};
use zt_eval::value::Value;

use crate::diag::{Code, Diagnostic};
use crate::hir::{self, Comparison, Expr, ExprKind};
use crate::names::listed;
use crate::package::{PackageId, package_name};
use crate::resolve::{Def, Namespace, Resolved};
use crate::typecheck::{children, path_key};

/// What the warnings about a whole policy need to know of its rules.
#[derive(Default)]
pub struct Summary {
    /// Packages that have rules.
    acting: BTreeSet<PackageId>,
    /// Whether a rule allows.
    allows: bool,
}

impl Summary {
    /// Adds a rule.
    pub fn note(&mut self, rule: &hir::Rule, package: PackageId) {
        self.acting.insert(package);
        self.allows |= rule.effect == Effect::Allow && !rule.audit;
    }
}

/// Adds the warnings about a policy that has no errors.
pub fn lint(resolved: &Resolved<'_>, policy: &hir::Policy, diagnostics: &mut Vec<Diagnostic>) {
    let mut summary = Summary::default();
    for (rule, declared) in policy.rules.iter().zip(&resolved.rules) {
        summary.note(rule, declared.package);
        self::rule(&policy.schema, rule, diagnostics);
    }
    whole(resolved, &policy.functions, &policy.schema, &summary, diagnostics);
}

/// Adds the warnings about a rule.
pub fn rule(schema: &Schema, rule: &hir::Rule, diagnostics: &mut Vec<Diagnostic>) {
    conditions::of_rule(rule, diagnostics);
    let parts = rule.conditions.iter().chain(rule.duties.iter().flat_map(|duty| &duty.args));
    parts.for_each(|part| expression(schema, part, diagnostics));
}

/// Adds the warnings about a policy besides those about each rule.
pub fn whole(
    resolved: &Resolved<'_>,
    functions: &[hir::Function],
    schema: &Schema,
    summary: &Summary,
    diagnostics: &mut Vec<Diagnostic>,
) {
    unused(resolved, summary, diagnostics);
    unused_packages(resolved, summary, diagnostics);
    for function in functions {
        expression(schema, &function.body, diagnostics);
    }
    empty(resolved, summary, diagnostics);
}

/// Adds the warnings about any expression.
fn expression(schema: &Schema, expr: &Expr, diagnostics: &mut Vec<Diagnostic>) {
    enum_chains(schema, expr, diagnostics);
    settled::tests(expr, diagnostics);
}

/// The root and the packages it delegates to declare for themselves; other packages declare for whoever uses them.
fn declares_for_itself(resolved: &Resolved<'_>, package: PackageId) -> bool {
    let delegation = resolved.packages.get(package).and_then(|found| found.delegation);
    package == PackageId(0) || delegation.is_some_and(|delegation| !delegation.scope.is_empty())
}

/// Whether the policy decides: without actions it is a library, whose declarations are for others.
fn is_library(resolved: &Resolved<'_>, summary: &Summary) -> bool {
    summary.acting.is_empty() && resolved.tests.is_empty()
}

fn unused(resolved: &Resolved<'_>, summary: &Summary, diagnostics: &mut Vec<Diagnostic>) {
    if is_library(resolved, summary) {
        return;
    }
    for (namespace, symbol) in resolved.symbols.iter() {
        let counts = match namespace {
            Namespace::Rule => false,
            Namespace::Action => matches!(symbol.def, Def::Group(_)),
            _ => true,
        };
        if counts && !symbol.used.get() && declares_for_itself(resolved, symbol.package) {
            diagnostics.push(
                Diagnostic::new(Code::UNUSED, symbol.span, format!("nothing uses `{}`", symbol.name))
                    .help("remove it, or use it"),
            );
        }
    }
}

fn unused_packages(resolved: &Resolved<'_>, summary: &Summary, diagnostics: &mut Vec<Diagnostic>) {
    for (id, package) in resolved.packages.iter() {
        for used in &package.uses {
            let acts = summary.acting.contains(&used.package);
            let declares = resolved.attributes.iter().any(|attribute| attribute.package == used.package);
            let needed = acts || declares || resolved.symbols.names_package(id, used.package);
            if !needed && declares_for_itself(resolved, id) {
                let message = format!("nothing of `{}` is used here", used.clause.package.text());
                diagnostics.push(Diagnostic::new(Code::UNUSED, used.span, message).help("remove the `use`"));
            }
        }
    }
}

/// `if x == a then … else if x == b then … else …`, where the last `else` stands for several members that nobody named.
fn enum_chains(schema: &Schema, expr: &Expr, diagnostics: &mut Vec<Diagnostic>) {
    if let Some((first, named, rest)) = chain(expr) {
        if let Some(Type::Enum(id)) = first.map(|place| &place.ty) {
            let members = schema.enum_type(*id).map(|found| found.members.as_slice()).unwrap_or_default();
            let left: Vec<&str> =
                (0..).zip(members).filter(|(index, _)| !named.contains(index)).map(|(_, name)| &**name).collect();
            if named.len() > 1 && left.len() > 1 {
                let message = format!("the last `else` stands for {}", listed(&left, "and"));
                diagnostics.push(
                    Diagnostic::new(Code::MISSING_MEMBERS, rest.span, message)
                        .help("name each member, so that one that is added later is not forgotten"),
                );
            }
        }
        children(rest).for_each(|child| enum_chains(schema, child, diagnostics));
        return;
    }
    children(expr).for_each(|child| enum_chains(schema, child, diagnostics));
}

/// The place that a chain asks about, the members it names, and its last `else`.
fn chain(expr: &Expr) -> Option<(Option<&Expr>, Vec<u32>, &Expr)> {
    let mut place: Option<&Expr> = None;
    let mut named = Vec::new();
    let mut current = expr;
    while let ExprKind::If(condition, _, otherwise) = &current.kind {
        let ExprKind::Compare(Comparison::Equal, a, b) = &condition.kind else { return None };
        let ExprKind::Const(Value::Enum(member)) = &b.kind else { return None };
        if place.is_some_and(|place| path_key(place) != path_key(a)) {
            return None;
        }
        path_key(a)?;
        place = Some(a);
        named.push(member.index);
        current = otherwise;
    }
    (!named.is_empty()).then_some((place, named, current))
}

fn empty(resolved: &Resolved<'_>, summary: &Summary, diagnostics: &mut Vec<Diagnostic>) {
    if summary.allows || summary.acting.is_empty() {
        return;
    }
    let root = resolved.packages.get(PackageId(0)).and_then(|package| package.files.first());
    if let Some(name) = root.and_then(|file| package_name(file)) {
        diagnostics.push(
            Diagnostic::new(
                Code::EMPTY_POLICY,
                name.span(),
                "this policy has no `allow` rule: it denies every request",
            )
            .help("access is denied unless a rule allows it"),
        );
    }
}
