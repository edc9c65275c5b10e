//! What the grammar's expressions can start with.

use std::error::Error;

use pest_meta::ast::{Expr, RuleType};

use super::Grammar;
use super::set::Set;

type Found<T> = Result<T, Box<dyn Error>>;

/// What an expression can start with.
pub struct First {
    /// Bytes that what it matches can start with.
    pub set: Set,
    /// Whether it may match nothing, so that anything can come next.
    pub nullable: bool,
}

/// The bytes of one of which an expression matches exactly one, if it is of that kind.
pub fn one_of(grammar: &Grammar, expr: &Expr) -> Option<Set> {
    match expr {
        Expr::Str(text) => match text.as_bytes() {
            [byte] => Some(Set::range(*byte..=*byte)),
            _ => None,
        },
        Expr::Range(low, high) => match (low.as_bytes(), high.as_bytes()) {
            ([low], [high]) => Some(Set::range(*low..=*high)),
            _ => None,
        },
        Expr::Choice(a, b) => Some(one_of(grammar, a)?.union(one_of(grammar, b)?)),
        Expr::Ident(name) => class(name).or_else(|| {
            let production = grammar.get(name).ok()?;
            (production.kind == RuleType::Silent).then(|| one_of(grammar, &production.expr)).flatten()
        }),
        _ => None,
    }
}

/// Like [`one_of`], and also any character but some: all bytes of others are then taken.
pub fn run_of(grammar: &Grammar, expr: &Expr) -> Option<Set> {
    match expr {
        Expr::Seq(not, any) => match (&**not, &**any) {
            (Expr::NegPred(not), Expr::Ident(any)) if any == "ANY" => Some(one_of(grammar, not)?.complement()),
            _ => None,
        },
        _ => one_of(grammar, expr),
    }
}

/// The built-in classes of ASCII characters that the grammar uses.
fn class(name: &str) -> Option<Set> {
    let digit = Set::range(b'0'..=b'9');
    let upper = Set::range(b'A'..=b'Z');
    let alpha = upper.union(Set::range(b'a'..=b'z'));
    Some(match name {
        "ASCII_DIGIT" => digit,
        "ASCII_HEX_DIGIT" => digit.union(Set::range(b'a'..=b'f')).union(Set::range(b'A'..=b'F')),
        "ASCII_ALPHA_UPPER" => upper,
        "ASCII_ALPHA" => alpha,
        "ASCII_ALPHANUMERIC" => alpha.union(digit),
        _ => return None,
    })
}

/// What `expr` can start with; outside words space and comments may stand between its parts.
pub fn first(grammar: &Grammar, expr: &Expr, in_word: bool) -> Found<First> {
    let (set, nullable) = match expr {
        Expr::Str(text) => match text.as_bytes().first() {
            Some(byte) => (Set::range(*byte..=*byte), false),
            None => (Set::EMPTY, true),
        },
        Expr::Range(..) => (one_of(grammar, expr).unwrap_or(Set::ALL), false),
        Expr::PosPred(_) | Expr::NegPred(_) => (Set::EMPTY, true),
        Expr::Seq(a, b) => return sequence(grammar, a, b, in_word),
        Expr::Choice(a, b) => {
            let (a, b) = (first(grammar, a, in_word)?, first(grammar, b, in_word)?);
            (a.set.union(b.set), a.nullable || b.nullable)
        }
        Expr::Opt(of) | Expr::Rep(of) | Expr::RepMax(of, _) | Expr::RepMin(of, 0) | Expr::RepMinMax(of, 0, _) => {
            (first(grammar, of, in_word)?.set, true)
        }
        Expr::RepOnce(of) | Expr::RepExact(of, _) | Expr::RepMin(of, _) | Expr::RepMinMax(of, ..) => {
            return first(grammar, of, in_word);
        }
        Expr::Ident(name) => return named(grammar, name, in_word),
        other => return Err(format!("the matcher knows no `{other:?}`").into()),
    };
    Ok(First { set, nullable })
}

fn sequence(grammar: &Grammar, a: &Expr, b: &Expr, in_word: bool) -> Found<First> {
    let a = first(grammar, a, in_word)?;
    if !a.nullable {
        return Ok(a);
    }
    let b = first(grammar, b, in_word)?;
    let space = if in_word { Set::EMPTY } else { space(grammar)? };
    Ok(First { set: a.set.union(space).union(b.set), nullable: b.nullable })
}

/// What may stand between the parts of a production.
fn space(grammar: &Grammar) -> Found<Set> {
    let (space, comment) = (named(grammar, "WHITESPACE", true)?, named(grammar, "COMMENT", true)?);
    Ok(space.set.union(comment.set))
}

fn named(grammar: &Grammar, name: &str, in_word: bool) -> Found<First> {
    if let Some(set) = class(name) {
        return Ok(First { set, nullable: false });
    }
    match name {
        "ANY" => Ok(First { set: Set::ALL, nullable: false }),
        "SOI" | "EOI" => Ok(First { set: Set::EMPTY, nullable: true }),
        _ => {
            let production = grammar.get(name)?;
            first(grammar, &production.expr, in_word || production.kind == RuleType::Atomic)
        }
    }
}
