//! Expressions: the grammar's flat lists of operands and operators become trees.
//!
//! One function per level of precedence. They recurse only through brackets and `if`, whose nesting is bounded; prefixes
//! and chains are loops, and no tree is built deeper than the limit, so that whoever walks it may recurse.

use super::parts::Parts;
use super::{Builder, Built, Failure, Pair};
use crate::diag::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Name, Quantifier, Spanned};
use crate::syntax::grammar::Rule;

/// An expression and how many levels its tree has.
struct Tree {
    expr: Expr,
    depth: usize,
}

/// The operators of one level of precedence.
type Level = fn(BinaryOp) -> bool;

impl Builder<'_> {
    /// `expression`
    pub fn expression(&mut self, pair: Pair<'_>) -> Built<Expr> {
        Ok(self.tree(pair)?.expr)
    }

    /// `operation`
    pub fn operation(&mut self, pair: Pair<'_>) -> Built<Expr> {
        Ok(self.disjunction(&mut self.parts(pair))?.expr)
    }

    /// `entity_literal`
    pub fn entity_literal(&mut self, pair: Pair<'_>) -> Built<Expr> {
        let span = self.span(&pair);
        let mut parts = self.parts(pair);
        let segments = self.parts(parts.need()?).map(|segment| self.ident(&segment)).collect();
        let id = self.string(&parts.need()?);
        Ok(Spanned::new(ExprKind::Entity(Name { segments }, id), span))
    }

    /// `expression`
    fn tree(&mut self, pair: Pair<'_>) -> Built<Tree> {
        let inner = self.only(pair)?;
        match inner.as_rule() {
            Rule::if_ => self.if_(inner),
            _ => self.disjunction(&mut self.parts(inner)),
        }
    }

    fn node(&self, kind: ExprKind, span: Span, depth: usize) -> Built<Tree> {
        if depth > self.limits.expression_depth_max {
            return Err(self.too_deep(span, depth));
        }
        Ok(Tree { expr: Spanned::new(kind, span), depth })
    }

    /// A chain of `else if` is read as a list and nests to the right.
    fn if_(&mut self, pair: Pair<'_>) -> Built<Tree> {
        let whole = self.span(&pair);
        let mut arms = self.parts(pair).collect::<Vec<_>>();
        if arms.len() / 2 > self.limits.expression_depth_max {
            return Err(self.too_deep(whole, arms.len() / 2 + 1));
        }
        let Some(last) = arms.pop() else { return Err(Box::new(super::parts::disagreement(whole))) };
        let mut chain = self.tree(last)?;
        while let (Some(then), Some(condition)) = (arms.pop(), arms.pop()) {
            let (condition, then) = (self.tree(condition)?, self.tree(then)?);
            let span = if arms.is_empty() { whole } else { condition.expr.span.to(chain.expr.span) };
            let depth = 1 + condition.depth.max(then.depth).max(chain.depth);
            let kind = ExprKind::If(Box::new(condition.expr), Box::new(then.expr), Box::new(chain.expr));
            chain = self.node(kind, span, depth)?;
        }
        Ok(chain)
    }

    fn disjunction(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        self.connected(parts, "or", Self::conjunction)
    }

    fn conjunction(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        self.connected(parts, "and", Self::negation)
    }

    /// A flat list joined by `and` or by `or`; lists of the same word within it are joined to it.
    fn connected(
        &mut self,
        parts: &mut Parts<'_>,
        joiner: &str,
        operand: fn(&mut Self, &mut Parts<'_>) -> Built<Tree>,
    ) -> Built<Tree> {
        let first = operand(self, parts)?;
        if !next_is(parts, joiner) {
            return Ok(first);
        }
        let (mut span, mut depth, mut operands) = (first.expr.span, 0, Vec::new());
        let mut add = |tree: Tree| {
            span = span.to(tree.expr.span);
            match (tree.expr.node, joiner) {
                (ExprKind::And(list), "and") | (ExprKind::Or(list), "or") => {
                    depth = depth.max(tree.depth - 1);
                    operands.extend(list);
                }
                (node, _) => {
                    depth = depth.max(tree.depth);
                    operands.push(Spanned::new(node, tree.expr.span));
                }
            }
        };
        add(first);
        while next_is(parts, joiner) {
            parts.need()?;
            add(operand(self, parts)?);
        }
        let kind = if joiner == "and" { ExprKind::And(operands) } else { ExprKind::Or(operands) };
        self.node(kind, span, depth + 1)
    }

    fn negation(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        let starts = self.prefixes(parts, Rule::not);
        let operand = self.comparison(parts)?;
        self.prefixed(&starts, operand, ExprKind::Not)
    }

    /// The places of repeated prefixes.
    fn prefixes(&self, parts: &mut Parts<'_>, prefix: Rule) -> Vec<Span> {
        std::iter::from_fn(|| parts.take_if(prefix)).map(|pair| self.span(&pair)).collect()
    }

    fn prefixed(&self, prefixes: &[Span], operand: Tree, wrap: fn(Box<Expr>) -> ExprKind) -> Built<Tree> {
        let Some(first) = prefixes.first() else { return Ok(operand) };
        let depth = operand.depth + prefixes.len();
        if depth > self.limits.expression_depth_max {
            return Err(self.too_deep(first.to(operand.expr.span), depth));
        }
        prefixes.iter().rev().try_fold(operand, |tree, prefix| {
            let span = prefix.to(tree.expr.span);
            self.node(wrap(Box::new(tree.expr)), span, tree.depth + 1)
        })
    }

    fn comparison(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        let left = self.alternative(parts)?;
        if !is_comparison(parts) {
            return Ok(left);
        }
        let compared = self.compared(left, parts)?;
        if is_comparison(parts) {
            let second = self.span(&parts.need()?);
            return Err(chained(compared.expr.span, second));
        }
        Ok(compared)
    }

    /// `left` and what it is compared with.
    fn compared(&mut self, left: Tree, parts: &mut Parts<'_>) -> Built<Tree> {
        let test = parts.need()?;
        let place = self.span(&test);
        if test.as_rule() == Rule::binary {
            let op = Spanned::new(binary_op(&test), place);
            let right = self.alternative(parts)?;
            self.refuse_null(&op, &left, &right)?;
            return self.binary(op, left, right);
        }
        let span = left.expr.span.to(place);
        let (asked, depth, left) = (test.as_rule(), left.depth + 1, Box::new(left.expr));
        let inner = self.only(test)?;
        let kind = match (asked, inner.as_rule()) {
            (Rule::like, _) => ExprKind::Like(left, self.string(&inner)),
            (Rule::matches, _) => ExprKind::Matches(left, self.string(&inner)),
            (_, Rule::present) => ExprKind::IsPresent(left),
            (_, Rule::empty) => ExprKind::IsEmpty(left),
            _ => ExprKind::Is(left, self.names(inner)),
        };
        self.node(kind, span, depth)
    }

    fn binary(&self, op: Spanned<BinaryOp>, left: Tree, right: Tree) -> Built<Tree> {
        let span = left.expr.span.to(right.expr.span);
        let depth = 1 + left.depth.max(right.depth);
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        self.node(ExprKind::Binary(op, left, right), span, depth)
    }

    /// `a otherwise b otherwise c` is `a otherwise (b otherwise c)`: the first that is present.
    fn alternative(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        let mut before = Vec::new();
        let mut last = self.sum(parts)?;
        while next_op(parts).is_some_and(|op| op == BinaryOp::Otherwise) {
            let op = parts.need()?;
            before.push((last, Spanned::new(BinaryOp::Otherwise, self.span(&op))));
            last = self.sum(parts)?;
        }
        if let Some((first, _)) = before.first()
            && before.len() >= self.limits.expression_depth_max
        {
            return Err(self.too_deep(first.expr.span.to(last.expr.span), before.len() + 1));
        }
        before.into_iter().rev().try_fold(last, |right, (left, op)| self.binary(op, left, right))
    }

    fn sum(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        self.left_chain(parts, |op| matches!(op, BinaryOp::Add | BinaryOp::Sub), Self::product)
    }

    fn product(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        self.left_chain(parts, |op| op == BinaryOp::Mul, Self::range)
    }

    fn left_chain(
        &mut self,
        parts: &mut Parts<'_>,
        level: Level,
        operand: fn(&mut Self, &mut Parts<'_>) -> Built<Tree>,
    ) -> Built<Tree> {
        let mut left = operand(self, parts)?;
        while next_op(parts).is_some_and(level) {
            let op = parts.need()?;
            let op = Spanned::new(binary_op(&op), self.span(&op));
            let right = operand(self, parts)?;
            left = self.binary(op, left, right)?;
        }
        Ok(left)
    }

    fn range(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        let low = self.negative(parts)?;
        if !next_is(parts, "..") {
            return Ok(low);
        }
        parts.need()?;
        let high = self.negative(parts)?;
        let span = low.expr.span.to(high.expr.span);
        if next_is(parts, "..") {
            return Err(Box::new(
                Diagnostic::new(Code::BAD_RANGE, span, "a range has two ends").help("write `low..high`"),
            ));
        }
        let depth = 1 + low.depth.max(high.depth);
        self.node(ExprKind::Range(Box::new(low.expr), Box::new(high.expr)), span, depth)
    }

    fn negative(&mut self, parts: &mut Parts<'_>) -> Built<Tree> {
        let signs = self.prefixes(parts, Rule::neg);
        if let Some(not) = parts.take_if(Rule::not) {
            return Err(not_within(self.span(&not)));
        }
        // The least Int has no positive counterpart.
        if let [sign] = signs.as_slice()
            && parts.peek() == Some(Rule::int)
            && let Some(literal) = parts.take_if(Rule::int)
        {
            let is_least = digits(literal.as_str()) == "9223372036854775808";
            let span = sign.to(self.span(&literal));
            let operand = match is_least {
                true => return self.postfixed(self.node(ExprKind::Int(i64::MIN), span, 1)?, parts),
                false => self.primary(literal)?,
            };
            let operand = self.postfixed(operand, parts)?;
            return self.prefixed(&signs, operand, ExprKind::Neg);
        }
        let operand = self.primary(parts.need()?)?;
        let operand = self.postfixed(operand, parts)?;
        self.prefixed(&signs, operand, ExprKind::Neg)
    }

    fn postfixed(&mut self, mut tree: Tree, parts: &mut Parts<'_>) -> Built<Tree> {
        while let Some(Rule::select | Rule::index | Rule::call) = parts.peek() {
            tree = self.postfix(tree, parts.need()?)?;
        }
        Ok(tree)
    }

    fn postfix(&mut self, tree: Tree, pair: Pair<'_>) -> Built<Tree> {
        let span = tree.expr.span.to(self.span(&pair));
        let (mut depth, base) = (tree.depth, Box::new(tree.expr));
        let kind = match pair.as_rule() {
            Rule::select => ExprKind::Field(base, self.ident(&self.only(pair)?)),
            Rule::index => {
                let key = self.tree(self.only(pair)?)?;
                depth = depth.max(key.depth);
                ExprKind::Index(base, Box::new(key.expr))
            }
            _ => ExprKind::Call(base, self.elements(pair, &mut depth)?),
        };
        self.node(kind, span, depth + 1)
    }

    /// Expressions in a row; `depth` becomes that of the deepest if that is more.
    fn elements(&mut self, pair: Pair<'_>, depth: &mut usize) -> Built<Vec<Expr>> {
        let mut elements = Vec::new();
        for element in self.parts(pair) {
            let tree = self.tree(element)?;
            *depth = tree.depth.max(*depth);
            elements.push(tree.expr);
        }
        Ok(elements)
    }

    fn primary(&mut self, pair: Pair<'_>) -> Built<Tree> {
        let span = self.span(&pair);
        let text = pair.as_str();
        let leaf = match pair.as_rule() {
            Rule::string => ExprKind::String(self.string(&pair).node),
            Rule::int => ExprKind::Int(self.int(text, span)),
            Rule::decimal => ExprKind::Decimal(digits(text).into()),
            Rule::duration => ExprKind::Duration(text.into()),
            Rule::time => ExprKind::Time(text.into()),
            Rule::ip => ExprKind::Ip(text.into()),
            Rule::ip_range => ExprKind::IpRange(text.into()),
            Rule::constant if text == "null" => ExprKind::Null,
            Rule::constant => ExprKind::Bool(text == "true"),
            Rule::request_word | Rule::ident => ExprKind::Name(self.ident(&pair).node),
            Rule::entity_literal => self.entity_literal(pair)?.node,
            _ => return self.compound(pair, span),
        };
        self.node(leaf, span, 1)
    }

    fn compound(&mut self, pair: Pair<'_>, span: Span) -> Built<Tree> {
        match pair.as_rule() {
            Rule::paren => {
                let inner = self.tree(self.only(pair)?)?;
                Ok(Tree { expr: Spanned::new(inner.expr.node, span), depth: inner.depth })
            }
            Rule::list => {
                let mut depth = 0;
                let elements = self.elements(pair, &mut depth)?;
                self.node(ExprKind::List(elements), span, depth + 1)
            }
            Rule::record_literal => self.record_literal(pair, span),
            Rule::quantified | Rule::count => self.quantified(pair, span),
            _ => self.unexpected(&pair),
        }
    }

    fn record_literal(&mut self, pair: Pair<'_>, span: Span) -> Built<Tree> {
        let mut depth = 0;
        let mut entries = Vec::new();
        for entry in self.parts(pair) {
            let mut entry = self.parts(entry);
            let key = self.key(&entry.need()?)?;
            let value = self.tree(entry.need()?)?;
            depth = value.depth.max(depth);
            entries.push((key, value.expr));
        }
        self.node(ExprKind::Record(entries), span, depth + 1)
    }

    fn quantified(&mut self, pair: Pair<'_>, span: Span) -> Built<Tree> {
        let quantifier = match pair.as_str().get(..3) {
            Some("all") => Quantifier::All,
            Some("any") => Quantifier::Any,
            Some("non") => Quantifier::None,
            _ => Quantifier::Count,
        };
        let mut parts = self.parts(pair);
        let mut vars = Vec::new();
        while let Some(var) = parts.take_if(Rule::ident) {
            vars.push(self.declared(&var, super::attribute::Declares::Value));
        }
        let over = self.disjunction(&mut self.parts(parts.need()?))?;
        let body = self.compound_body(parts.need()?)?;
        let depth = 1 + over.depth.max(body.depth);
        let (over, body) = (Box::new(over.expr), Box::new(body.expr));
        self.node(ExprKind::Quantified { quantifier, vars, over, body }, span, depth)
    }

    /// `paren`
    fn compound_body(&mut self, pair: Pair<'_>) -> Built<Tree> {
        let span = self.span(&pair);
        self.compound(pair, span)
    }

    fn int(&mut self, text: &str, span: Span) -> i64 {
        digits(text).parse().unwrap_or_else(|_| {
            let message = format!("`{text}` is beyond the greatest Int, {}", i64::MAX);
            self.diagnostics.push(Diagnostic::new(Code::BAD_LITERAL, span, message).label("an Int has 64 bits"));
            i64::MAX
        })
    }

    /// `x == null` is no test: absence is asked for with `is present`.
    fn refuse_null(&self, op: &Spanned<BinaryOp>, left: &Tree, right: &Tree) -> Built<()> {
        let (asked, negated) = match (op.node, &left.expr.node, &right.expr.node) {
            (BinaryOp::Eq, _, ExprKind::Null) => (&left.expr, true),
            (BinaryOp::Ne, _, ExprKind::Null) => (&left.expr, false),
            (BinaryOp::Eq, ExprKind::Null, _) => (&right.expr, true),
            (BinaryOp::Ne, ExprKind::Null, _) => (&right.expr, false),
            _ => return Ok(()),
        };
        let text = self.text_at(asked.span);
        let mended = if negated { format!("not ({text} is present)") } else { format!("{text} is present") };
        let diagnostic = Diagnostic::new(Code::FOREIGN_OPERATOR, op.span, "nothing is compared with `null`")
            .label("absence is not a value")
            .help(format!("write {}", super::failure::quote(&mended)))
            .fix(left.expr.span.to(right.expr.span), mended);
        Err(Box::new(diagnostic))
    }
}

fn digits(text: &str) -> String {
    text.replace('_', "")
}

/// Whether this operator comes next.
fn next_is(parts: &mut Parts<'_>, wanted: &str) -> bool {
    parts.peek_text(Rule::binary) == Some(wanted)
}

fn next_op(parts: &mut Parts<'_>) -> Option<BinaryOp> {
    parts.peek_text(Rule::binary).and_then(op_of)
}

fn binary_op(pair: &Pair<'_>) -> BinaryOp {
    op_of(pair.as_str()).unwrap_or(BinaryOp::Eq)
}

fn op_of(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "==" => BinaryOp::Eq,
        "!=" => BinaryOp::Ne,
        "<" => BinaryOp::Lt,
        "<=" => BinaryOp::Le,
        ">" => BinaryOp::Gt,
        ">=" => BinaryOp::Ge,
        "in" => BinaryOp::In,
        "contains" => BinaryOp::Contains,
        "contains_any" => BinaryOp::ContainsAny,
        "contains_all" => BinaryOp::ContainsAll,
        "starts_with" => BinaryOp::StartsWith,
        "ends_with" => BinaryOp::EndsWith,
        "otherwise" => BinaryOp::Otherwise,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        _ if text.starts_with("not") => BinaryOp::NotIn, // with any space or comment between
        _ => return None,
    })
}

fn is_comparison(parts: &mut Parts<'_>) -> bool {
    let computing = |op| matches!(op, BinaryOp::Otherwise | BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul);
    matches!(parts.peek(), Some(Rule::is_test | Rule::like | Rule::matches))
        || next_op(parts).is_some_and(|op| !computing(op))
}

fn chained(first: Span, second: Span) -> Failure {
    let help = "join two comparisons with `and`, as in `a < b and b < c`, or say with parentheses what is compared";
    let diagnostic = Diagnostic::new(Code::SYNTAX, second, "comparisons cannot be chained");
    Box::new(diagnostic.label("a second comparison").also(first, "compared already").help(help))
}

fn not_within(span: Span) -> Failure {
    let help = "put `not` and what it negates into parentheses, as in `a == (not b)`";
    Box::new(
        Diagnostic::new(Code::SYNTAX, span, "`not` cannot stand after an operator other than `and` and `or`")
            .help(help),
    )
}
