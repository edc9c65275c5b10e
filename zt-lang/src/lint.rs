//! Warnings: what compiles and is probably not meant.

use std::collections::{BTreeSet, HashMap};

use zt_eval::graph::Effect;
use zt_eval::schema::{Schema, Type};
use zt_eval::value::{self, Value};

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
    conditions(rule, diagnostics);
    let parts = rule.conditions.iter().chain(rule.duties.iter().flat_map(|duty| &duty.args));
    parts.for_each(|part| enum_chains(schema, part, diagnostics));
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
        enum_chains(schema, &function.body, diagnostics);
    }
    empty(resolved, summary, diagnostics);
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

fn conditions(rule: &hir::Rule, diagnostics: &mut Vec<Diagnostic>) {
    for condition in &rule.conditions {
        if constant(condition) == Some(false) {
            let message = format!("`{}` can never apply: this is always false", rule.name);
            diagnostics.push(Diagnostic::new(Code::NEVER_APPLIES, condition.span, message));
            return;
        }
    }
    if let Some((first, second)) = contradiction(&rule.conditions) {
        diagnostics.push(
            Diagnostic::new(
                Code::NEVER_APPLIES,
                second.span,
                format!("`{}` can never apply: this contradicts the rest", rule.name),
            )
            .also(first.span, "both cannot hold"),
        );
        return;
    }
    let written = rule.conditions.iter().filter(|condition| !matches!(condition.kind, ExprKind::Is(..)));
    written.for_each(|condition| constant_parts(condition, diagnostics));
}

/// Warns about the outermost parts of a condition that are always the same.
fn constant_parts(condition: &Expr, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(value) = constant(condition) {
        let message = format!("this is always {value}");
        diagnostics.push(Diagnostic::new(Code::CONSTANT_CONDITION, condition.span, message).help("leave it out"));
        return;
    }
    if let ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) = &condition.kind {
        children(condition).for_each(|part| constant_parts(part, diagnostics));
    }
}

/// The value of a condition that depends on nothing. A `let` is a switch that its author means to turn: it is not looked
/// into.
fn constant(expr: &Expr) -> Option<bool> {
    match &expr.kind {
        ExprKind::Const(Value::Bool(value)) => Some(*value),
        ExprKind::Not(inner) => constant(inner).map(|value| !value),
        ExprKind::And(parts) => junction(parts, false),
        ExprKind::Or(parts) => junction(parts, true),
        ExprKind::Compare(comparison, a, b) => {
            let (ExprKind::Const(a), ExprKind::Const(b)) = (&a.kind, &b.kind) else { return None };
            match comparison {
                Comparison::Equal => value::equal(a, b),
                Comparison::NotEqual => value::equal(a, b).map(|equal| !equal),
                Comparison::Less => value::compare(a, b).map(std::cmp::Ordering::is_lt),
                Comparison::LessOrEqual => value::compare(a, b).map(std::cmp::Ordering::is_le),
                Comparison::Greater => value::compare(a, b).map(std::cmp::Ordering::is_gt),
                Comparison::GreaterOrEqual => value::compare(a, b).map(std::cmp::Ordering::is_ge),
            }
        }
        ExprKind::Contains(a, b) => match (&a.kind, &b.kind) {
            (ExprKind::Const(a), ExprKind::Const(b)) => value::contains(a, b),
            _ => None,
        },
        _ => None,
    }
}

fn junction(parts: &[Expr], decisive: bool) -> Option<bool> {
    let values: Vec<Option<bool>> = parts.iter().map(constant).collect();
    if values.contains(&Some(decisive)) {
        return Some(decisive);
    }
    values.iter().all(Option::is_some).then_some(!decisive)
}

/// Two equalities in one conjunction that ask different constants of one place.
fn contradiction(conditions: &[Expr]) -> Option<(&Expr, &Expr)> {
    let mut conjuncts = Vec::new();
    conditions.iter().for_each(|condition| flatten(condition, &mut conjuncts));
    let mut equalities = Vec::new();
    for conjunct in conjuncts {
        let ExprKind::Compare(Comparison::Equal, a, b) = &conjunct.kind else { continue };
        match (&a.kind, &b.kind) {
            (_, ExprKind::Const(wanted)) => equalities.push((conjunct, a, wanted)),
            (ExprKind::Const(wanted), _) => equalities.push((conjunct, b, wanted)),
            _ => {}
        }
    }
    if equalities.len() < 2 {
        return None;
    }
    let mut asked: HashMap<String, (&Expr, &Value)> = HashMap::new();
    for (conjunct, place, wanted) in equalities {
        let Some(key) = path_key(place) else { continue };
        let (first, earlier) = *asked.entry(key).or_insert((conjunct, wanted));
        if value::equal(earlier, wanted) == Some(false) {
            return Some((first, conjunct));
        }
    }
    None
}

fn flatten<'e>(condition: &'e Expr, conjuncts: &mut Vec<&'e Expr>) {
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().for_each(|part| flatten(part, conjuncts)),
        _ => conjuncts.push(condition),
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
