//! Walking the pairs that the grammar makes.
//!
//! The grammar guarantees which parts a production has; where the two disagree there is a diagnostic, never a panic.

use std::iter::Peekable;

use pest::iterators::Pairs;

use super::{Builder, Built, Pair};
use crate::diag::{Code, Diagnostic};
use crate::span::{FileId, Span};
use crate::syntax::grammar::{Rule, is_noise};

/// The parts of a production, keywords and signs left out.
pub(super) struct Parts<'a> {
    inner: Peekable<Pairs<'a, Rule>>,
    whole: Span,
}

impl<'a> Parts<'a> {
    pub fn of(base: usize, file: FileId, pairs: Pairs<'a, Rule>) -> Self {
        Self { inner: pairs.peekable(), whole: Span::new(file, base, base) }
    }

    /// The next part; there must be one.
    pub fn need(&mut self) -> Built<Pair<'a>> {
        self.next().ok_or_else(|| Box::new(disagreement(self.whole)))
    }

    /// The next part if it is of this kind.
    pub fn take_if(&mut self, wanted: Rule) -> Option<Pair<'a>> {
        self.skip_noise();
        self.inner.next_if(|pair| pair.as_rule() == wanted)
    }

    /// The kind of the next part.
    pub fn peek(&mut self) -> Option<Rule> {
        self.skip_noise();
        self.inner.peek().map(Pair::as_rule)
    }

    /// The text of the next part, if that is of this kind.
    pub fn peek_text(&mut self, wanted: Rule) -> Option<&'a str> {
        self.skip_noise();
        self.inner.peek().filter(|pair| pair.as_rule() == wanted).map(Pair::as_str)
    }

    fn skip_noise(&mut self) {
        while self.inner.next_if(|pair| is_noise(pair.as_rule())).is_some() {}
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        self.skip_noise();
        self.inner.next()
    }
}

/// Never seen unless the grammar and the code that reads it part ways.
pub(super) fn disagreement(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::SYNTAX,
        span,
        "this could be read but not understood: please report it as a defect of the compiler",
    )
}

impl Builder<'_> {
    /// Where a production stands, without the space and comments that the grammar skipped behind it.
    pub fn span(&self, pair: &Pair<'_>) -> Span {
        let span = pair.as_span();
        let (start, end) = (self.base + span.start(), self.base + span.end());
        let last = self.tokens.partition_point(|token| token.start < end).checked_sub(1);
        let trimmed = last.and_then(|last| self.tokens.get(last)).map_or(end, |token| token.end.min(end));
        Span::new(self.file, start, trimmed.max(start))
    }

    pub fn parts<'a>(&self, pair: Pair<'a>) -> Parts<'a> {
        let whole = self.span(&pair);
        Parts { inner: pair.into_inner().peekable(), whole }
    }

    /// The single part of a production.
    pub fn only<'a>(&self, pair: Pair<'a>) -> Built<Pair<'a>> {
        self.parts(pair).need()
    }

    /// A failure because of a production that should not stand here.
    pub fn unexpected<T>(&self, pair: &Pair<'_>) -> Built<T> {
        Err(Box::new(disagreement(self.span(pair))))
    }
}
