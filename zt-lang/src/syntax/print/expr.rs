//! Expressions, with no more parentheses than their operators' ranks ask for.

use super::builder::{Builder, STEP, any_word, bare_word};
use super::layout::Op;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Ident, Name, Quantifier};

/// How tightly an expression's outermost operator binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    If,
    Or,
    And,
    Not,
    Compare,
    Otherwise,
    Sum,
    Product,
    Range,
    Negation,
    Postfix,
    Primary,
}

/// The rank of an expression.
fn rank(expr: &Expr) -> Rank {
    match &expr.node {
        ExprKind::If(..) => Rank::If,
        ExprKind::Or(_) => Rank::Or,
        ExprKind::And(_) => Rank::And,
        ExprKind::Not(_) => Rank::Not,
        ExprKind::Binary(op, ..) => rank_of(op.node),
        ExprKind::Is(..) | ExprKind::IsPresent(_) | ExprKind::IsEmpty(_) => Rank::Compare,
        ExprKind::Like(..) | ExprKind::Matches(..) => Rank::Compare,
        ExprKind::Range(..) => Rank::Range,
        ExprKind::Neg(_) => Rank::Negation,
        ExprKind::Int(value) if *value < 0 => Rank::Negation,
        ExprKind::Field(..) | ExprKind::Index(..) | ExprKind::Call(..) => Rank::Postfix,
        _ => Rank::Primary,
    }
}

fn rank_of(op: BinaryOp) -> Rank {
    match op {
        BinaryOp::Add | BinaryOp::Sub => Rank::Sum,
        BinaryOp::Mul => Rank::Product,
        BinaryOp::Otherwise => Rank::Otherwise,
        _ => Rank::Compare,
    }
}

/// The least ranks that an operator's sides may have without parentheses.
fn sides(op: BinaryOp) -> (Rank, Rank) {
    match rank_of(op) {
        Rank::Sum => (Rank::Sum, Rank::Product),
        Rank::Product => (Rank::Product, Rank::Range),
        Rank::Otherwise => (Rank::Sum, Rank::Otherwise),
        _ => (Rank::Otherwise, Rank::Otherwise),
    }
}

/// How an operator is written.
fn spelling(op: BinaryOp) -> &'static [&'static str] {
    match op {
        BinaryOp::Eq => &["=="],
        BinaryOp::Ne => &["!="],
        BinaryOp::Lt => &["<"],
        BinaryOp::Le => &["<="],
        BinaryOp::Gt => &[">"],
        BinaryOp::Ge => &[">="],
        BinaryOp::In => &["in"],
        BinaryOp::NotIn => &["not", "in"],
        BinaryOp::Contains => &["contains"],
        BinaryOp::ContainsAny => &["contains_any"],
        BinaryOp::ContainsAll => &["contains_all"],
        BinaryOp::StartsWith => &["starts_with"],
        BinaryOp::EndsWith => &["ends_with"],
        BinaryOp::Otherwise => &["otherwise"],
        BinaryOp::Add => &["+"],
        BinaryOp::Sub => &["-"],
        BinaryOp::Mul => &["*"],
    }
}

/// Whether an expression brings brackets within which it is broken, so that it need not start a line.
pub(super) fn hugs(expr: &Expr) -> bool {
    matches!(expr.node, ExprKind::List(_) | ExprKind::Record(_) | ExprKind::Quantified { .. })
}

impl Builder<'_> {
    /// An expression that stands alone.
    pub(super) fn expr(&mut self, expr: &Expr) {
        self.ranked(expr, Rank::If);
    }

    /// An operand, in parentheses if it binds less tightly than `least`, or if it has operators and the author put some.
    pub(super) fn ranked(&mut self, expr: &Expr, least: Rank) {
        let rank = rank(expr);
        let chosen = least > Rank::If && rank < Rank::Postfix && self.is_parenthesised(expr.span);
        if chosen || rank < least { self.parenthesised(expr, true) } else { self.unranked(expr) }
    }

    /// An expression whose further lines start where its first does: in brackets, after a line break.
    pub(super) fn flush(&mut self, expr: &Expr) {
        match &expr.node {
            ExprKind::And(parts) => self.group(|b| b.chain("and", parts, Rank::Not, 0)),
            ExprKind::Or(parts) => self.group(|b| b.chain("or", parts, Rank::And, 0)),
            _ => self.expr(expr),
        }
    }

    fn parenthesised(&mut self, expr: &Expr, optional: bool) {
        let mark = |b: &mut Self, text: &str| if optional { b.optional(text) } else { b.word(text) };
        self.group(|b| {
            mark(b, "(");
            b.indented(|b| {
                b.soft();
                b.flush(expr);
                b.push_op(Op::Dangle);
            });
            b.soft();
            mark(b, ")");
        });
    }

    fn unranked(&mut self, expr: &Expr) {
        match &expr.node {
            ExprKind::Not(inner) => {
                self.word("not");
                self.space();
                self.ranked(inner, Rank::Not);
            }
            ExprKind::Neg(inner) => {
                self.word("-");
                if matches!(inner.node, ExprKind::Neg(_)) {
                    self.space();
                }
                self.ranked(inner, Rank::Negation);
            }
            ExprKind::And(parts) => self.group(|b| b.chain("and", parts, Rank::Not, STEP)),
            ExprKind::Or(parts) => self.group(|b| b.chain("or", parts, Rank::And, STEP)),
            ExprKind::Binary(op, left, right) => self.binary(op.node, left, right),
            ExprKind::Is(inner, names) => {
                self.test(inner, &["is"]);
                self.space();
                self.types(names);
            }
            ExprKind::IsPresent(inner) => self.test(inner, &["is", "present"]),
            ExprKind::IsEmpty(inner) => self.test(inner, &["is", "empty"]),
            ExprKind::Like(inner, pattern) => {
                self.test(inner, &["like"]);
                self.space();
                self.string(&pattern.node);
            }
            ExprKind::Matches(inner, pattern) => {
                self.test(inner, &["matches"]);
                self.space();
                self.string(&pattern.node);
            }
            ExprKind::If(..) => self.group(|b| b.choice(expr)),
            _ => self.tight(expr),
        }
    }

    /// Literals, names, postfix operators and what has brackets of its own.
    fn tight(&mut self, expr: &Expr) {
        match &expr.node {
            ExprKind::Field(inner, name) => {
                self.ranked(inner, Rank::Postfix);
                self.word(".");
                self.any(name);
            }
            ExprKind::Index(inner, key) => {
                self.ranked(inner, Rank::Postfix);
                self.bracketed("[", &[key], "]", |b, key| b.flush(key));
            }
            ExprKind::Call(inner, args) => {
                self.ranked(inner, Rank::Postfix);
                self.bracketed("(", args, ")", Self::flush);
            }
            ExprKind::List(items) => self.bracketed("[", items, "]", Self::flush),
            ExprKind::Record(fields) => self.record(fields),
            ExprKind::Entity(name, id) => {
                self.entity_type(name);
                self.word("::");
                self.string(&id.node);
            }
            ExprKind::Range(from, to) => {
                self.ranked(from, Rank::Negation);
                self.word("..");
                self.ranked(to, Rank::Negation);
            }
            ExprKind::Quantified { quantifier, vars, over, body } => self.quantified(*quantifier, vars, over, body),
            _ => self.literal(expr),
        }
    }

    fn literal(&mut self, expr: &Expr) {
        match &expr.node {
            ExprKind::Bool(value) => self.word(value.to_string()),
            ExprKind::Int(value) => self.word(value.to_string()),
            ExprKind::Decimal(text)
            | ExprKind::Duration(text)
            | ExprKind::Time(text)
            | ExprKind::Ip(text)
            | ExprKind::IpRange(text) => self.word(&**text),
            ExprKind::String(literal) => self.string(literal),
            ExprKind::Null => self.word("null"),
            ExprKind::Name(name) => self.word(name_in_expression(name)),
            _ => {}
        }
    }

    /// `a and b and c`; when broken, the operator leads the line.
    fn chain(&mut self, word: &str, parts: &[Expr], least: Rank, indent: usize) {
        for (position, part) in parts.iter().enumerate() {
            if position == 0 {
                self.ranked(part, least);
                continue;
            }
            self.indented_by(indent, |b| {
                b.line();
                b.word(word);
                b.space();
                b.ranked(part, least);
            });
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let (least_left, least_right) = sides(op);
        self.group(|b| {
            b.ranked(left, least_left);
            let tail = |b: &mut Self| {
                for word in spelling(op) {
                    b.word(*word);
                    b.space();
                }
                b.ranked(right, least_right);
            };
            if hugs(right) {
                b.space();
                tail(b);
            } else {
                b.indented(|b| {
                    b.line();
                    tail(b);
                });
            }
        });
    }

    /// What is tested, and the test's words.
    fn test(&mut self, inner: &Expr, words: &[&str]) {
        self.ranked(inner, Rank::Otherwise);
        for word in words {
            self.space();
            self.word(*word);
        }
    }

    /// `if c then a else if d then b else e`, broken before each `else`.
    fn choice(&mut self, expr: &Expr) {
        let mut rest = expr;
        while let ExprKind::If(condition, then, otherwise) = &rest.node {
            self.group(|b| {
                b.word("if");
                b.space();
                b.expr(condition);
                b.indented(|b| {
                    b.line();
                    b.word("then");
                    b.space();
                    b.expr(then);
                });
            });
            self.line();
            self.word("else");
            self.space();
            rest = otherwise;
        }
        self.expr(rest);
    }

    fn quantified(&mut self, quantifier: Quantifier, vars: &[Ident], over: &Expr, body: &Expr) {
        let counts = quantifier == Quantifier::Count;
        self.word(match quantifier {
            Quantifier::All => "all",
            Quantifier::Any => "any",
            Quantifier::None => "none",
            Quantifier::Count => "count",
        });
        if counts {
            self.word("(")
        } else {
            self.space()
        }
        for (position, var) in vars.iter().enumerate() {
            if position > 0 {
                self.word(",");
                self.space();
            }
            self.declares_value(var);
        }
        self.spaced("in");
        self.ranked(over, Rank::Or);
        if self.tokens.last().is_some_and(|last| takes_colons(&last.text)) {
            self.space();
        }
        self.word(":");
        self.space();
        self.parenthesised(body, false);
        if counts {
            self.word(")");
        }
    }

    /// `{ k: v }`; lines are kept where the author had them.
    pub(super) fn record(&mut self, fields: &[(Ident, Expr)]) {
        if fields.is_empty() {
            self.word("{");
            self.indented(|b| b.push_op(Op::Dangle));
            return self.word("}");
        }
        let broken = fields.first().is_some_and(|(name, _)| self.starts_line(name.span));
        self.push_op(Op::Open(broken));
        self.word("{");
        self.indented(|b| {
            b.line();
            b.commas(fields, |b, (name, value)| b.entry(name, value));
            b.push_op(Op::Dangle);
        });
        self.line();
        self.word("}");
        self.push_op(Op::Close);
    }

    /// `name: value`
    pub(super) fn entry(&mut self, name: &Ident, value: &Expr) {
        self.key(&name.node);
        self.word(":");
        self.space();
        self.expr(value);
    }

    /// The name of an entry; what backquotes cannot hold is a string.
    fn key(&mut self, name: &str) {
        let fits_backquotes = !name.is_empty() && !name.contains(['`', '\n', '\r']);
        self.word(if fits_backquotes { any_word(name) } else { quote(name) });
    }

    /// The type in an entity literal, told from other names by its capital.
    fn entity_type(&mut self, name: &Name) {
        let (last, packages) = match name.segments.split_last() {
            Some(parts) => parts,
            None => return,
        };
        for package in packages {
            self.bare(package);
            self.word(".");
        }
        let capital = last.node.starts_with(|c: char| c.is_ascii_uppercase());
        self.word(if capital { any_word(&last.node) } else { format!("`{}`", last.node) });
    }

    /// `f(name: value, …)`, as obligations are called.
    pub(super) fn call_by_name(&mut self, name: &Name, args: &[(Ident, Expr)]) {
        self.name(name);
        self.bracketed("(", args, ")", |b, (name, value)| b.entry(name, value));
    }
}

/// Whether a colon directly behind would be read as part of a literal: `08:00`, `2001:db8::1`.
fn takes_colons(literal: &str) -> bool {
    literal.starts_with(|c: char| c.is_ascii_digit()) || (literal.contains(':') && !literal.starts_with(['"', '`']))
}

/// `name` as a string literal.
fn quote(name: &str) -> String {
    let mut quoted = String::from("\"");
    for c in name.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The words that name parts of the request are expressions as they stand.
pub(super) fn name_in_expression(name: &str) -> String {
    let part_of_request = matches!(name, "subject" | "resource" | "context" | "now");
    if part_of_request { name.to_owned() } else { bare_word(name) }
}
