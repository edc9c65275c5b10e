//! Rules and proofs.

use super::attribute::Declares;
use super::{Builder, Built, Failure, Pair};
use crate::diag::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::{
    Actions, BinaryOp, Effect, Expr, ExprKind, Ident, Name, Oblige, Overridable, Place, Prove, Rule as RuleItem,
    Spanned, Target, Whom,
};
use crate::syntax::grammar::Rule;

/// The clauses of a rule or proof that stand at most once, with the place of each seen.
#[derive(Default)]
struct Seen(Vec<(Rule, Span)>);

impl Seen {
    /// Notes a clause; gives the place of an earlier one of its kind.
    fn earlier(&mut self, kind: Rule, span: Span) -> Option<Span> {
        let earlier = self.0.iter().find(|(seen, _)| *seen == kind).map(|&(_, span)| span);
        self.0.push((kind, span));
        earlier
    }
}

impl Builder<'_> {
    pub fn rule(&mut self, pair: Pair<'_>) -> Built<RuleItem> {
        let mut parts = self.parts(pair);
        let effect = effect(&parts.need()?);
        let name = self.declared(&parts.need()?, Declares::Value);
        let audit = parts.take_if(Rule::audit).is_some();
        let overridable = parts.take_if(Rule::overridable).map(|pair| self.overridable(pair));
        let actions = self.actions(parts.need()?)?;
        let mut rule = RuleItem {
            effect,
            name,
            audit,
            overridable,
            actions,
            targets: Vec::new(),
            when: None,
            because: None,
            overrides: Vec::new(),
            obliges: Vec::new(),
            controls: Vec::new(),
        };
        let mut seen = Seen::default();
        for clause in parts {
            self.clause(&mut rule, &mut seen, clause)?;
        }
        Ok(rule)
    }

    fn clause(&mut self, rule: &mut RuleItem, seen: &mut Seen, clause: Pair<'_>) -> Built<()> {
        let kind = clause.as_rule();
        match kind {
            Rule::oblige => rule.obliges.append(&mut self.duties(clause)?),
            Rule::control => rule.controls.extend(self.parts(clause).map(|text| self.string(&text))),
            _ if self.is_repeated(seen, &clause) => {}
            Rule::for_ => rule.targets = self.targets(self.only(clause)?)?,
            Rule::when => rule.when = Some(self.expression(self.only(clause)?)?),
            Rule::because => rule.because = Some(self.only_string(clause)?),
            Rule::overrides => rule.overrides = self.names(self.only(clause)?),
            _ => return self.unexpected(&clause),
        }
        Ok(())
    }

    /// Whether a clause of this kind was seen before; then it is left out, with a diagnostic.
    fn is_repeated(&mut self, seen: &mut Seen, clause: &Pair<'_>) -> bool {
        let whole = self.span(clause);
        let word = clause.as_str().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("").to_owned();
        let span = Span { end: whole.start + word.len() as u32, ..whole };
        let Some(earlier) = seen.earlier(clause.as_rule(), span) else { return false };
        let help = match &*word {
            "when" => "a rule has one condition: join the two with `and`",
            "for" => "a rule has one `for`: separate its terms with commas",
            "because" => "a rule gives one reason: join the two texts",
            _ => "name all the rules after one `overrides`, separated by commas",
        };
        let message = format!("this rule has a `{word}` already");
        self.diagnostics.push(
            Diagnostic::new(Code::DUPLICATE_CLAUSE, span, message)
                .label("the second")
                .also(earlier, "the first")
                .help(help),
        );
        true
    }

    fn overridable(&self, pair: Pair<'_>) -> Overridable {
        let span = self.span(&pair);
        let by = self.parts(pair).next().map(|names| self.names(names)).unwrap_or_default();
        Overridable { by, span }
    }

    pub fn actions(&mut self, pair: Pair<'_>) -> Built<Actions> {
        let inner = self.only(pair)?;
        Ok(match inner.as_rule() {
            Rule::any_action => Actions::Any(Place(self.span(&inner))),
            _ => Actions::Named(self.names(inner)),
        })
    }

    pub fn duties(&mut self, pair: Pair<'_>) -> Built<Vec<Oblige>> {
        self.parts(pair).map(|duty| self.duty(duty)).collect()
    }

    fn duty(&mut self, pair: Pair<'_>) -> Built<Oblige> {
        let mut parts = self.parts(pair);
        let name = self.name(parts.need()?);
        let args = parts.map(|argument| self.entry(argument)).collect::<Built<_>>()?;
        Ok(Oblige { name, args })
    }

    pub fn targets(&mut self, pair: Pair<'_>) -> Built<Vec<Target>> {
        self.parts(pair).map(|target| self.target(target)).collect()
    }

    fn target(&mut self, pair: Pair<'_>) -> Built<Target> {
        let mut parts = self.parts(pair);
        let word = parts.need()?;
        let whom = if word.as_str().starts_with("subject") { Whom::Subject } else { Whom::Resource };
        let whom = Spanned::new(whom, self.span(&word));
        let mut target = Target { whom, is: Vec::new(), within: None, equals: None };
        for part in parts {
            match part.as_rule() {
                Rule::target_is => target.is = self.names(self.only(part)?),
                Rule::target_in => target.within = Some(self.target_value(part)?),
                _ => target.equals = Some(self.target_value(part)?),
            }
        }
        Ok(target)
    }

    fn target_value(&mut self, pair: Pair<'_>) -> Built<Expr> {
        let Some(operation) = self.parts(pair).find(|part| part.as_rule() == Rule::operation) else {
            return Err(Box::new(super::parts::disagreement(Span::default())));
        };
        let is_paren = operation.as_str().starts_with('(');
        let value = self.operation(operation)?;
        if !is_paren && let Some(place) = condition(&value) {
            return Err(condition_in_for(place));
        }
        Ok(value)
    }

    pub fn prove(&mut self, pair: Pair<'_>) -> Built<Prove> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Value);
        let always = parts.need()?.as_rule() == Rule::always;
        let effect = effect(&parts.need()?);
        let actions = self.actions(parts.need()?)?;
        let mut prove = Prove { name, always, effect, actions, targets: Vec::new(), when: None };
        let mut seen = Seen::default();
        for clause in parts {
            if self.is_repeated(&mut seen, &clause) {
                continue;
            }
            match clause.as_rule() {
                Rule::for_ => prove.targets = self.targets(self.only(clause)?)?,
                _ => prove.when = Some(self.expression(self.only(clause)?)?),
            }
        }
        Ok(prove)
    }

    /// `argument` or `entry`: a name or a text, and its value.
    pub fn entry(&mut self, pair: Pair<'_>) -> Built<(Ident, Expr)> {
        let mut parts = self.parts(pair);
        Ok((self.key(&parts.need()?)?, self.expression(parts.need()?)?))
    }

    /// A name or a text.
    pub fn key(&self, pair: &Pair<'_>) -> Built<Ident> {
        if pair.as_rule() == Rule::string { self.text_key(pair) } else { Ok(self.ident(pair)) }
    }

    /// A key written as a string.
    fn text_key(&self, pair: &Pair<'_>) -> Built<Ident> {
        let text = self.string(pair);
        match crate::syntax::unescape(&text.node.raw) {
            Ok(key) => Ok(Spanned::new(key.into(), text.span)),
            Err((_, escape)) => {
                let message = format!("strings have no escape `\\{escape}`");
                let help = r#"the escapes are `\"`, `\\`, `\n`, `\t`, `\r` and `\u{…}`"#;
                Err(Box::new(Diagnostic::new(Code::BAD_ESCAPE, text.span, message).help(help)))
            }
        }
    }
}

pub(super) fn effect(pair: &Pair<'_>) -> Effect {
    if pair.as_str().starts_with("allow") { Effect::Allow } else { Effect::Deny }
}

/// The operator that makes of a target's value a condition, which was meant to stand in `when`.
fn condition(value: &Expr) -> Option<Span> {
    match &value.node {
        ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) => Some(value.span),
        ExprKind::Is(..)
        | ExprKind::IsPresent(_)
        | ExprKind::IsEmpty(_)
        | ExprKind::Like(..)
        | ExprKind::Matches(..) => Some(value.span),
        ExprKind::Binary(op, ..) if !is_computing(op.node) => Some(value.span),
        _ => None,
    }
}

fn is_computing(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Otherwise | BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul)
}

fn condition_in_for(span: Span) -> Failure {
    let help = "separate the terms of `for` with commas, and put other conditions into `when`";
    let diagnostic =
        Diagnostic::new(Code::SYNTAX, span, "a condition stands where `for` expects an entity or a list of entities");
    Box::new(diagnostic.label("this is a condition").help(help))
}

/// The name that a path stands for.
pub(super) fn path_name(segments: Vec<Ident>) -> Name {
    Name { segments }
}
