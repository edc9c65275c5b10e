//! Walking the productions that the grammar finds.
//!
//! The grammar guarantees which parts a production has; where the two disagree there is a diagnostic, never a panic.

use super::{Builder, Built, Pair};
use crate::diag::{Code, Diagnostic};
use crate::span::{FileId, Span};
use crate::syntax::grammar::Rule;
use crate::syntax::matcher::Pairs;

/// The parts of a production, keywords and signs left out.
pub(super) struct Parts<'a> {
    inner: Pairs<'a>,
    whole: Span,
}

impl<'a> Parts<'a> {
    pub fn of(base: usize, file: FileId, pairs: Pairs<'a>) -> Self {
        Self { inner: pairs, whole: Span::new(file, base, base) }
    }

    /// The next part; there must be one.
    pub fn need(&mut self) -> Built<Pair<'a>> {
        self.next().ok_or_else(|| Box::new(disagreement(self.whole)))
    }

    /// The next part if it is of this kind.
    pub fn take_if(&mut self, wanted: Rule) -> Option<Pair<'a>> {
        if self.peek() == Some(wanted) { self.next() } else { None }
    }

    /// The kind of the next part.
    pub fn peek(&self) -> Option<Rule> {
        self.inner.peek().map(|pair| pair.as_rule())
    }

    /// The text of the next part, if that is of this kind.
    pub fn peek_text(&self, wanted: Rule) -> Option<&'a str> {
        self.inner.peek().filter(|pair| pair.as_rule() == wanted).map(|pair| pair.as_str())
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
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
    /// Where a production stands.
    pub fn span(&self, pair: &Pair<'_>) -> Span {
        Span::new(self.file, self.base + pair.start(), self.base + pair.end())
    }

    pub fn parts<'a>(&self, pair: Pair<'a>) -> Parts<'a> {
        let whole = self.span(&pair);
        Parts { inner: pair.into_inner(), whole }
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
