//! Provenance: no allow depends on what only an unverified source says.
//!
//! An expression is unverified if any part of it is. The walk finds the first such part and remembers the way to it,
//! through functions and `let`s, so that the diagnostic can draw it.

use std::sync::Arc;

use zt_eval::id::SourceId;
use zt_eval::schema::{Attribute, Schema};

use super::Checker;
use crate::diag::{Code, Diagnostic};
use crate::hir::{Expr, ExprKind, Function};
use crate::resolve::Owner;
use crate::span::Span;

/// Steps that a diagnostic draws: the way through a chain of functions may be as long as the policy.
const STEPS_MAX: usize = 8;

/// An unverified part and how it is reached, outermost step first.
#[derive(Clone, Debug)]
pub struct Leak {
    /// Calls on the way, with their places.
    steps: Vec<(Span, String)>,
    /// The part itself.
    place: Span,
    /// What it is, such as `context.user_agent`.
    what: String,
    /// Whose attribute, if it is one.
    declared: Option<(Owner, u32)>,
    source: SourceId,
}

/// What the walk knows.
pub struct Walk<'w> {
    /// Types and sources.
    pub schema: &'w Schema,
    /// Functions, callees first.
    pub functions: &'w [Function],
    /// What was found in each of them.
    pub leaks: &'w [(Option<Leak>, Option<Arc<str>>)],
    /// The unverified source of the request's subject in the rule at hand, if any.
    pub subject_from: Option<SourceId>,
}

impl Walk<'_> {
    /// The first unverified part of `expr`.
    pub fn leak(&self, expr: &Expr) -> Option<Leak> {
        match &expr.kind {
            ExprKind::Subject => {
                let source = self.subject_from?;
                Some(Leak { steps: Vec::new(), place: expr.span, what: "subject".into(), declared: None, source })
            }
            ExprKind::Context(index) => {
                let attribute = self.schema.context.get(*index as usize)?;
                self.attribute(expr, attribute, "context", (Owner::Context, *index))
            }
            ExprKind::Attribute { of, ty, attribute } => self.leak(of).or_else(|| {
                let entity = self.schema.entity(*ty)?;
                let declared = (Owner::Entity(*ty), *attribute);
                self.attribute(expr, entity.attributes.get(*attribute as usize)?, &entity.name, declared)
            }),
            ExprKind::Within(a, b) => self.leak(a).or_else(|| self.leak(b)).or_else(|| self.parents(expr, a)),
            ExprKind::Call(function, args) => args.iter().find_map(|arg| self.leak(arg)).or_else(|| {
                let callee = self.functions.get(function.0 as usize)?;
                let mut leak = self.leaks.get(function.0 as usize)?.0.clone()?;
                leak.steps.insert(0, (expr.span, callee.name.to_string()));
                leak.steps.truncate(STEPS_MAX);
                Some(leak)
            }),
            _ => children(expr).find_map(|child| self.leak(child)),
        }
    }

    fn attribute(&self, expr: &Expr, attribute: &Attribute, owner: &str, declared: (Owner, u32)) -> Option<Leak> {
        let source = self.schema.source(attribute.from)?;
        let what = format!("{owner}.{}", attribute.name);
        let leak = Leak { steps: Vec::new(), place: expr.span, what, declared: Some(declared), source: attribute.from };
        (!source.verified).then_some(leak)
    }

    /// Whether the hierarchy that `in` climbs is told by an unverified source.
    fn parents(&self, expr: &Expr, of: &Expr) -> Option<Leak> {
        let zt_eval::schema::Type::Entity(types) = &of.ty else { return None };
        let (mut seen, mut pending) = (types.clone(), types.clone());
        while let Some(current) = pending.pop() {
            let entity = self.schema.entity(current)?;
            if entity.parents.is_empty() {
                continue;
            }
            if self.schema.source(entity.parents_from).is_some_and(|source| !source.verified) {
                let what = format!("the parents of `{}`", entity.name);
                return Some(Leak {
                    steps: Vec::new(),
                    place: expr.span,
                    what,
                    declared: None,
                    source: entity.parents_from,
                });
            }
            for parent in &entity.parents {
                if !seen.contains(parent) {
                    seen.push(*parent);
                    pending.push(*parent);
                }
            }
        }
        None
    }
}

/// The expressions directly within an expression.
pub fn children(expr: &Expr) -> impl Iterator<Item = &Expr> {
    type Few<'e> = [Option<&'e Expr>; 3];
    let one = |of| -> Few<'_> { [Some(of), None, None] };
    let two = |a, b| -> Few<'_> { [Some(a), Some(b), None] };
    let (few, many): (Few<'_>, &[Expr]) = match &expr.kind {
        ExprKind::Const(_)
        | ExprKind::Param(_)
        | ExprKind::Subject
        | ExprKind::Resource
        | ExprKind::Context(_)
        | ExprKind::Local(_)
        | ExprKind::Weekday(..)
        | ExprKind::TimeOfDay(..) => ([None; 3], &[]),
        ExprKind::Attribute { of, .. }
        | ExprKind::Field { of, .. }
        | ExprKind::Capture { of, .. }
        | ExprKind::Not(of)
        | ExprKind::Is(of, _)
        | ExprKind::IsPresent(of)
        | ExprKind::IsEmpty(of)
        | ExprKind::Matches(of, _)
        | ExprKind::Now(_, of)
        | ExprKind::Negate(of)
        | ExprKind::Lower(of)
        | ExprKind::Size(of) => (one(of), &[]),
        ExprKind::Call(_, parts)
        | ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Set(parts)
        | ExprKind::List(parts) => ([None; 3], parts),
        ExprKind::If(a, b, c) => ([Some(a), Some(b), Some(c)], &[]),
        ExprKind::Compare(_, a, b)
        | ExprKind::Within(a, b)
        | ExprKind::Contains(a, b)
        | ExprKind::ContainsAny(a, b)
        | ExprKind::ContainsAll(a, b)
        | ExprKind::StartsWith(a, b)
        | ExprKind::EndsWith(a, b)
        | ExprKind::Otherwise(a, b)
        | ExprKind::Arith(_, a, b)
        | ExprKind::SetOperation(_, a, b)
        | ExprKind::Index(a, b) => (two(a, b), &[]),
        ExprKind::Quantified { over, body, .. } => (two(over, body), &[]),
    };
    few.into_iter().flatten().chain(many)
}

impl Checker<'_, '_> {
    fn walk(&self, subject_from: Option<SourceId>) -> Walk<'_> {
        Walk { schema: &self.schema, functions: &self.checked, leaks: &self.leaks, subject_from }
    }

    /// Remembers what is unverified and what is sensitive in a function that was just checked, so that no body is walked
    /// for each of its calls.
    pub fn remember_leaks(&mut self, body: &Expr) {
        let found = (self.walk(None).leak(body), self.sensitive_part(body));
        self.leaks.push(found);
    }

    /// The name of a sensitive attribute in `expr`.
    pub fn sensitive_part(&self, expr: &Expr) -> Option<Arc<str>> {
        let attribute = match &expr.kind {
            ExprKind::Context(index) => self.schema.context.get(*index as usize),
            ExprKind::Attribute { ty, attribute, .. } => {
                self.schema.entity(*ty).and_then(|entity| entity.attributes.get(*attribute as usize))
            }
            _ => None,
        };
        if let Some(attribute) = attribute.filter(|attribute| attribute.sensitive) {
            return Some(attribute.name.clone());
        }
        let of_callee = match &expr.kind {
            ExprKind::Call(function, _) => self.leaks.get(function.0 as usize).and_then(|(_, found)| found.clone()),
            _ => None,
        };
        of_callee.or_else(|| children(expr).find_map(|child| self.sensitive_part(child)))
    }

    /// Reports the first unverified part of `expr`, which the thing that `what` names depends on.
    pub fn require_verified(
        &mut self,
        expr: &Expr,
        what: impl FnOnce() -> String,
        name: Span,
        subject_from: Option<SourceId>,
    ) -> bool {
        let walk = self.walk(subject_from);
        let Some(leak) = walk.leak(expr) else { return true };
        let what = what();
        let source = self.schema.source(leak.source).map(|source| source.name.to_string()).unwrap_or_default();
        let message = format!("{what} depends on `{}`, which only `{source}` vouches for", leak.what.trim_matches('`'));
        let primary = leak.steps.first().map_or(leak.place, |(span, _)| *span);
        let mut diagnostic = Diagnostic::new(Code::UNVERIFIED, primary, message).help(format!(
            "`{source}` is unverified: whoever forges it would widen access. use it in a `deny` rule, or let a verified source vouch for it"
        ));
        diagnostic = match leak.steps.split_first() {
            Some((first, rest)) => {
                let mut diagnostic = diagnostic.label(format!("by way of `{}`", first.1));
                for (span, name) in rest {
                    diagnostic = diagnostic.also(*span, format!("by way of `{name}`"));
                }
                diagnostic.also(leak.place, "read here")
            }
            None => diagnostic.label("unverified"),
        };
        diagnostic = diagnostic.also(name, "depends on it");
        if let Some(declared) = leak.declared.and_then(|(owner, index)| self.resolved.attribute_span(owner, index)) {
            diagnostic = diagnostic.also(declared, format!("from `{source}`"));
        }
        self.report(diagnostic);
        false
    }
}
