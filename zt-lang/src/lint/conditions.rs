//! Conditions that are the same for every request.
//!
//! What depends on evidence is unknown where the evidence is: "always true" says of it that it is true whenever it is known.

use std::cmp::Ordering;
use std::collections::HashMap;

use zt_eval::value::{self, Value};

use crate::diag::{Code, Diagnostic};
use crate::hir::{self, Comparison, Expr, ExprKind};
use crate::typecheck::{children, path_key};

/// Warns of a rule's conditions that always hold or that never can.
pub fn of_rule(rule: &hir::Rule, diagnostics: &mut Vec<Diagnostic>) {
    for condition in &rule.conditions {
        if constant(condition) == Some(false) {
            let message = format!("`{}` can never apply: this is always false", rule.name);
            diagnostics.push(Diagnostic::new(Code::NEVER_APPLIES, condition.span, message));
            return;
        }
    }
    let mut conjuncts = Vec::new();
    rule.conditions.iter().for_each(|condition| flatten(condition, &mut conjuncts));
    if let Some((first, second)) = exclusive(conjuncts.into_iter(), false) {
        let message = format!("`{}` can never apply: this contradicts the rest", rule.name);
        diagnostics
            .push(Diagnostic::new(Code::NEVER_APPLIES, second.span, message).also(first.span, "both cannot hold"));
        return;
    }
    let written = rule.conditions.iter().filter(|condition| !matches!(condition.kind, ExprKind::Is(..)));
    written.for_each(|condition| constant_parts(condition, diagnostics));
}

fn flatten<'e>(condition: &'e Expr, conjuncts: &mut Vec<&'e Expr>) {
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().for_each(|part| flatten(part, conjuncts)),
        _ => conjuncts.push(condition),
    }
}

/// Warns about the outermost parts of a condition that are always the same.
fn constant_parts(condition: &Expr, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(value) = constant(condition) {
        let message = format!("this is always {value}");
        diagnostics.push(Diagnostic::new(Code::CONSTANT_CONDITION, condition.span, message).help("leave it out"));
        return;
    }
    let (ExprKind::And(parts) | ExprKind::Or(parts)) = &condition.kind else {
        if let ExprKind::Not(part) = &condition.kind {
            constant_parts(part, diagnostics);
        }
        return;
    };
    let any = matches!(condition.kind, ExprKind::Or(_));
    if let Some((first, second)) = exclusive(parts.iter(), any) {
        let (what, why) = if any { ("true", "one of both always holds") } else { ("false", "both cannot hold") };
        let (meant, written) = if any { ("and", "or") } else { ("or", "and") };
        diagnostics.push(
            Diagnostic::new(Code::CONSTANT_CONDITION, second.span, format!("with the rest, this is always {what}"))
                .also(first.span, why)
                .help(format!("where `{written}` stands, `{meant}` may be meant")),
        );
        return;
    }
    children(condition).for_each(|part| constant_parts(part, diagnostics));
}

/// The value of a condition that depends on nothing. A `let` is a switch that its author means to turn: it is not looked
/// into.
fn constant(expr: &Expr) -> Option<bool> {
    match &expr.kind {
        ExprKind::Const(Value::Bool(value)) => Some(*value),
        ExprKind::Not(inner) => constant(inner).map(|value| !value),
        ExprKind::And(parts) => junction(parts, false),
        ExprKind::Or(parts) => junction(parts, true),
        ExprKind::Compare(comparison, a, b) => match (&a.kind, &b.kind) {
            (ExprKind::Const(a), ExprKind::Const(b)) => compare(*comparison, a, b),
            _ => None,
        },
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

fn compare(comparison: Comparison, a: &Value, b: &Value) -> Option<bool> {
    match comparison {
        Comparison::Equal => value::equal(a, b),
        Comparison::NotEqual => value::equal(a, b).map(|equal| !equal),
        Comparison::Less => value::compare(a, b).map(Ordering::is_lt),
        Comparison::LessOrEqual => value::compare(a, b).map(Ordering::is_le),
        Comparison::Greater => value::compare(a, b).map(Ordering::is_gt),
        Comparison::GreaterOrEqual => value::compare(a, b).map(Ordering::is_ge),
    }
}

/// What a comparison asks of one place: the place, how it compares, and the constant.
struct Asked<'e> {
    expr: &'e Expr,
    comparison: Comparison,
    wanted: &'e Value,
}

/// What was asked of one place until now: the closest on each side.
#[derive(Default)]
struct Known<'e> {
    equal: Option<Asked<'e>>,
    above: Option<Asked<'e>>,
    below: Option<Asked<'e>>,
}

/// Two comparisons of one place with constants that cannot both hold; of their negations, if `negated`.
fn exclusive<'e>(parts: impl Iterator<Item = &'e Expr>, negated: bool) -> Option<(&'e Expr, &'e Expr)> {
    let mut all: Vec<(&Expr, Asked<'e>)> = parts.filter_map(|part| asked(part, negated)).collect();
    if all.len() < 2 {
        return None;
    }
    // What a place must not be is settled by what it must be, which is to be known first.
    all.sort_by_key(|(_, asked)| asked.comparison == Comparison::NotEqual);
    let mut known: HashMap<String, Known<'e>> = HashMap::new();
    for (place, asked) in all {
        let Some(key) = path_key(place) else { continue };
        let known = known.entry(key).or_default();
        if let Some(earlier) = known.excludes(&asked) {
            let (first, second) = (earlier.expr, asked.expr);
            return Some(if first.span <= second.span { (first, second) } else { (second, first) });
        }
        known.note(asked);
    }
    None
}

fn asked(expr: &Expr, negated: bool) -> Option<(&Expr, Asked<'_>)> {
    let ExprKind::Compare(comparison, a, b) = &expr.kind else { return None };
    let (place, comparison, wanted) = match (&a.kind, &b.kind) {
        (_, ExprKind::Const(wanted)) => (a, *comparison, wanted),
        (ExprKind::Const(wanted), _) => (b, flipped(*comparison), wanted),
        _ => return None,
    };
    let comparison = if negated { opposite(comparison) } else { comparison };
    Some((place, Asked { expr, comparison, wanted }))
}

impl<'e> Known<'e> {
    /// What was asked before that leaves no value for this.
    fn excludes(&self, asked: &Asked<'_>) -> Option<&Asked<'e>> {
        [&self.equal, &self.above, &self.below].into_iter().flatten().find(|known| is_exclusive(known, asked))
    }

    fn note(&mut self, asked: Asked<'e>) {
        let (side, closer) = match asked.comparison {
            Comparison::Equal => (&mut self.equal, None),
            Comparison::NotEqual => return,
            Comparison::Greater | Comparison::GreaterOrEqual => (&mut self.above, Some(Ordering::Greater)),
            Comparison::Less | Comparison::LessOrEqual => (&mut self.below, Some(Ordering::Less)),
        };
        let is_closer = |known: &Asked<'_>| {
            let order = value::compare(asked.wanted, known.wanted);
            closer.is_some() && (order == closer || order == Some(Ordering::Equal) && is_strict(asked.comparison))
        };
        if side.as_ref().is_none_or(is_closer) {
            *side = Some(asked);
        }
    }
}

/// Whether no value meets both.
fn is_exclusive(a: &Asked<'_>, b: &Asked<'_>) -> bool {
    match (a.comparison, b.comparison) {
        (Comparison::Equal, _) => compare(b.comparison, a.wanted, b.wanted) == Some(false),
        (_, Comparison::Equal) => compare(a.comparison, b.wanted, a.wanted) == Some(false),
        (Comparison::Greater | Comparison::GreaterOrEqual, Comparison::Less | Comparison::LessOrEqual)
        | (Comparison::Less | Comparison::LessOrEqual, Comparison::Greater | Comparison::GreaterOrEqual) => {
            let touching = !is_strict(a.comparison) && !is_strict(b.comparison);
            // What lies on one side of the other's bound must not lie on the wrong one.
            let wrong = if is_upper(a.comparison) { Ordering::Less } else { Ordering::Greater };
            let order = value::compare(a.wanted, b.wanted);
            order == Some(wrong) || order == Some(Ordering::Equal) && !touching
        }
        _ => false,
    }
}

fn is_strict(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Less | Comparison::Greater)
}

fn is_upper(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Less | Comparison::LessOrEqual)
}

/// The comparison with its sides exchanged.
fn flipped(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

/// The comparison that holds where this one does not.
fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}
