//! Tests whose answer is the same whatever the value is.

use zt_eval::pattern::Pattern;
use zt_eval::value::Value;

use crate::diag::{Code, Diagnostic};
use crate::hir::{Comparison, Expr, ExprKind};
use crate::typecheck::{children, path_key};

/// Characters that stand for others in patterns of other languages, and for themselves here.
const FOREIGN: [char; 2] = ['%', '?'];

/// Warns of tests in an expression that no value changes, and of patterns that another language would read otherwise.
pub fn tests(expr: &Expr, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(found) = same_sides(expr).or_else(|| capitals(expr)).or_else(|| foreign_pattern(expr)) {
        diagnostics.push(found);
        return;
    }
    children(expr).for_each(|child| tests(child, diagnostics));
}

fn same_sides(expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Compare(comparison, a, b) = &expr.kind else { return None };
    if path_key(a)? != path_key(b)? {
        return None;
    }
    let holds = matches!(comparison, Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual);
    let message = format!("both sides are the same: this is never {}", !holds);
    Some(Diagnostic::new(Code::SETTLED, expr.span, message).help("compare with something else, or leave it out"))
}

/// `lower(x)` against text with capital letters.
fn capitals(expr: &Expr) -> Option<Diagnostic> {
    let (a, b) = match &expr.kind {
        ExprKind::Compare(_, a, b)
        | ExprKind::Contains(a, b)
        | ExprKind::StartsWith(a, b)
        | ExprKind::EndsWith(a, b) => (a, b),
        ExprKind::Matches(of, pattern) => {
            let Pattern::Glob(glob) = &**pattern else { return None };
            let text = glob.pieces().iter().find(|piece| has_capitals(piece))?;
            return is_lowered(of).then(|| lowered(expr, text));
        }
        _ => return None,
    };
    let (constant, value) = match (&a.kind, &b.kind) {
        (ExprKind::Const(value), _) if is_lowered(b) => (a, value),
        (_, ExprKind::Const(value)) if is_lowered(a) => (b, value),
        _ => return None,
    };
    let text = match value {
        Value::String(text) => text,
        Value::Set(all) | Value::List(all) => all.iter().find_map(|each| match each {
            Value::String(text) if has_capitals(text) => Some(text),
            _ => None,
        })?,
        _ => return None,
    };
    has_capitals(text).then(|| lowered(constant, text))
}

fn is_lowered(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Lower(_))
}

fn has_capitals(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn lowered(at: &Expr, text: &str) -> Diagnostic {
    let message = format!("`lower` leaves no capital letters: \"{}\" is never found", text.escape_debug());
    Diagnostic::new(Code::SETTLED, at.span, message).help("write it in small letters")
}

/// A pattern for text that has no `*`, but what stands for other characters elsewhere.
fn foreign_pattern(expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Matches(_, pattern) = &expr.kind else { return None };
    let Pattern::Glob(glob) = &**pattern else { return None };
    let [text] = glob.pieces() else { return None };
    let foreign = text.chars().find(|c| FOREIGN.contains(c))?;
    let message = format!("`{foreign}` is an ordinary character here: this pattern is met by one text only");
    Some(
        Diagnostic::new(Code::FOREIGN_PATTERN, expr.span, message)
            .help("`*` is any run of characters; if this very text is meant, compare with `==`"),
    )
}
