//! Expressions of the grammar as expressions of Rust that match them.
//!
//! Each gives whether it matches. One that does not may leave the matcher anywhere: whoever tries something else puts it
//! back. Alternatives that cannot start with the next byte are not tried.

use std::collections::{BTreeSet, VecDeque};
use std::error::Error;
use std::fmt::Write;

use pest_meta::ast::{Expr, RuleType};

use super::Grammar;
use super::first::{first, one_of, run_of};

type Emitted = Result<String, Box<dyn Error>>;

/// A production, and whether it is matched within a word.
type Call = (String, bool);

/// The code of the matcher's methods for all that `roots` need.
pub fn matcher(grammar: &Grammar, roots: &[&str]) -> Emitted {
    let mut emitter = Emitter { grammar, labels: 0, called: BTreeSet::new(), pending: VecDeque::new() };
    for root in roots {
        emitter.call(root, false);
    }
    let mut methods = emitter.skip()?;
    while let Some((name, in_word)) = emitter.pending.pop_front() {
        methods.push_str(&emitter.method(&name, in_word)?);
    }
    Ok(format!("impl Matcher<'_> {{\n{methods}}}\n"))
}

struct Emitter<'g> {
    grammar: &'g Grammar,
    /// Labels given out.
    labels: usize,
    /// What was called at least once.
    called: BTreeSet<Call>,
    /// What has no method yet.
    pending: VecDeque<Call>,
}

fn method_name(name: &str, in_word: bool) -> String {
    if in_word { format!("in_word_{}", name.to_lowercase()) } else { format!("match_{name}") }
}

impl Emitter<'_> {
    fn call(&mut self, name: &str, in_word: bool) -> String {
        let call = (name.to_owned(), in_word);
        if self.called.insert(call.clone()) {
            self.pending.push_back(call);
        }
        format!("self.{}()", method_name(name, in_word))
    }

    /// White space and comments, which are no part of what a production spans.
    fn skip(&mut self) -> Emitted {
        let ident = |name: &str| Box::new(Expr::Ident(name.to_owned()));
        let spaces = Box::new(Expr::Rep(ident("WHITESPACE")));
        let commented = Expr::Seq(ident("COMMENT"), spaces.clone());
        let body = self.expr(&Expr::Seq(spaces, Box::new(Expr::Rep(Box::new(commented)))), true)?;
        Ok(format!(
            "#[inline]\nfn skip(&mut self) -> bool {{ let solid = self.solid; let found = {body}; self.solid = solid; found }}\n"
        ))
    }

    fn method(&mut self, name: &str, in_word: bool) -> Emitted {
        let grammar = self.grammar;
        let production = grammar.get(name)?;
        let is_word = match production.kind {
            RuleType::Normal | RuleType::Silent => in_word,
            RuleType::Atomic => true,
            other => return Err(format!("the matcher knows no productions such as `{name}`: {other:?}").into()),
        };
        let body = self.expr(&production.expr, is_word)?;
        let method = method_name(name, in_word);
        Ok(match production.kind == RuleType::Silent || in_word {
            true => format!("pub(super) fn {method}(&mut self) -> bool {{ {body} }}\n"),
            false => format!(
                "pub(super) fn {method}(&mut self) -> bool {{ let opened = self.open(Rule::{name}); ({body}) && self.close(opened) }}\n"
            ),
        })
    }

    fn expr(&mut self, expr: &Expr, in_word: bool) -> Emitted {
        if let Some(set) = one_of(self.grammar, expr) {
            return Ok(format!("self.step_if(matches!(self.peek(), {}))", set.pattern()));
        }
        Ok(match expr {
            Expr::Str(text) => format!("self.literal({:?}.as_bytes())", text),
            Expr::Ident(name) => match name.as_str() {
                "SOI" => "self.at == 0".to_owned(),
                "EOI" => "self.at == self.text.len()".to_owned(),
                "ANY" => "self.any()".to_owned(),
                _ => self.call(name, in_word),
            },
            Expr::Seq(..) => self.sequence(expr, in_word)?,
            Expr::Choice(..) => self.choice(expr, in_word)?,
            Expr::Opt(of) => {
                let of = self.guarded(of, in_word)?;
                format!("{{ let mark = self.mark(); if !({of}) {{ self.reset(mark); }} true }}")
            }
            Expr::Rep(of) => self.repeated(of, in_word, "true")?,
            Expr::RepOnce(of) => self.repeated(of, in_word, "!first")?,
            Expr::RepExact(of, count) => self.counted(of, *count, *count, in_word)?,
            Expr::RepMinMax(of, min, max) => self.counted(of, *min, *max, in_word)?,
            Expr::PosPred(of) => self.ahead(of, in_word, "")?,
            Expr::NegPred(of) => self.ahead(of, in_word, "!")?,
            other => return Err(format!("the matcher knows no `{other:?}`").into()),
        })
    }

    /// An expression that is tried only if the next byte can start it.
    fn guarded(&mut self, expr: &Expr, in_word: bool) -> Emitted {
        let emitted = self.expr(expr, in_word)?;
        let first = first(self.grammar, expr, in_word)?;
        if first.nullable || first.set.is_empty() || one_of(self.grammar, expr).is_some() {
            return Ok(emitted);
        }
        Ok(format!("(matches!(self.peek(), {}) && {emitted})", first.set.pattern()))
    }

    fn sequence(&mut self, expr: &Expr, in_word: bool) -> Emitted {
        let mut parts = Vec::new();
        let mut rest = expr;
        while let Expr::Seq(part, more) = rest {
            parts.push(self.part(part, in_word)?);
            rest = more;
        }
        parts.push(self.part(rest, in_word)?);
        Ok(format!("({})", parts.join(if in_word { " && " } else { " && self.skip() && " })))
    }

    /// A part of a sequence may itself be one, in brackets.
    fn part(&mut self, expr: &Expr, in_word: bool) -> Emitted {
        self.expr(expr, in_word)
    }

    fn choice(&mut self, expr: &Expr, in_word: bool) -> Emitted {
        let label = self.labels;
        self.labels += 1;
        let mut text = format!("'choice_{label}: {{ let mark = self.mark();");
        let mut rest = expr;
        while let Expr::Choice(one, more) = rest {
            let one = self.guarded(one, in_word)?;
            write!(text, " if {one} {{ break 'choice_{label} true; }} self.reset(mark);")?;
            rest = more;
        }
        let last = self.guarded(rest, in_word)?;
        write!(text, " {last} }}")?;
        Ok(text)
    }

    /// As often as it matches; outside words with space between.
    fn repeated(&mut self, of: &Expr, in_word: bool, result: &str) -> Emitted {
        if in_word && let Some(set) = run_of(self.grammar, of) {
            let run = format!("while matches!(self.peek(), {}) {{ self.at += 1; }}", set.pattern());
            let result = if result == "true" { "true" } else { "self.at > from" };
            return Ok(format!(
                "{{ let from = self.at; {run} if self.at > from {{ self.solid = self.at; }} {result} }}"
            ));
        }
        let of = self.guarded(of, in_word)?;
        let skip = if in_word { "" } else { "if !first { self.skip(); } " };
        Ok(format!(
            "{{ let mut first = true; let mut mark = self.mark(); \
             while {{ {skip}{of} }} {{ first = false; mark = self.mark(); }} self.reset(mark); let _ = first; {result} }}"
        ))
    }

    fn counted(&mut self, of: &Expr, min: u32, max: u32, in_word: bool) -> Emitted {
        let mut parts = Vec::new();
        for index in 0..max {
            parts.push(match index < min {
                true => self.expr(of, in_word)?,
                false => self.expr(&Expr::Opt(Box::new(of.clone())), in_word)?,
            });
        }
        Ok(format!("({})", parts.join(if in_word { " && " } else { " && self.skip() && " })))
    }

    /// A look at what comes, after which nothing has been read.
    fn ahead(&mut self, of: &Expr, in_word: bool, sign: &str) -> Emitted {
        if let Some(set) = one_of(self.grammar, of) {
            return Ok(format!("{sign}matches!(self.peek(), {})", set.pattern()));
        }
        let of = self.guarded(of, in_word)?;
        Ok(format!("{{ let mark = self.mark(); let found = {of}; self.reset(mark); {sign}found }}"))
    }
}
