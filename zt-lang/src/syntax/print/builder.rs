//! Collects tokens and layout instructions; knows how names are spelled.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::layout::{Gap, Op, Token, width};
use crate::span::Span;
use crate::syntax::ast::{Ident, Name, StringLit};
use crate::syntax::is_reserved;
use crate::syntax::lex::{is_word, tokens};

/// Columns by which a nested line is indented.
pub(super) const STEP: usize = 2;

/// A name where any word may stand: after a dot, as an attribute, field or argument.
pub(super) fn any_word(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("`{name}`") }
}

/// A name where reserved words are not names.
pub(super) fn bare_word(name: &str) -> String {
    if is_reserved(name) { format!("`{name}`") } else { any_word(name) }
}

/// The name of a declared value where any word may stand: a capital needs backquotes.
pub(super) fn value_word(name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii_uppercase()) { format!("`{name}`") } else { any_word(name) }
}

/// The name of a declared value where reserved words are not names.
pub(super) fn bare_value_word(name: &str) -> String {
    if is_reserved(name) { format!("`{name}`") } else { value_word(name) }
}

/// The name of a declared type: what has no capital needs backquotes.
pub(super) fn type_word(name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii_uppercase()) { any_word(name) } else { format!("`{name}`") }
}

/// The places of a text's parentheses, each pair from the first byte to the last.
fn parentheses(text: &str) -> BTreeSet<(usize, usize)> {
    let mut open = Vec::new();
    let mut pairs = BTreeSet::new();
    for token in tokens(text) {
        match token.text(text) {
            "(" => open.push(token.start),
            ")" => pairs.extend(open.pop().map(|start| (start, token.end))),
            _ => {}
        }
    }
    pairs
}

/// The tokens and instructions so far.
#[derive(Default)]
pub(super) struct Builder<'a> {
    pub tokens: Vec<Token>,
    pub ops: Vec<Op>,
    /// What the tree was parsed from, if the author's choice of lines is to be kept.
    source: Option<&'a str>,
    /// Where the author's parentheses start and end.
    parentheses: BTreeSet<(usize, usize)>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(source: Option<&'a str>) -> Self {
        Self { source, parentheses: source.map(parentheses).unwrap_or_default(), ..Self::default() }
    }

    /// Whether the author put parentheses around what stands at `span`, without need or with.
    pub(super) fn is_parenthesised(&self, span: Span) -> bool {
        self.parentheses.contains(&(span.start as usize, span.end as usize))
    }

    /// The width of what `content` prints, on one line.
    pub(super) fn width_of(content: impl FnOnce(&mut Self)) -> usize {
        let mut scratch = Self::default();
        content(&mut scratch);
        let gaps = scratch.ops.iter().map(|op| match op {
            Op::Space => 1,
            Op::Line(flat, _) => *flat,
            _ => 0,
        });
        gaps.sum::<usize>() + scratch.tokens.iter().map(|token| width(&token.text)).sum::<usize>()
    }

    /// The instructions since the last call.
    pub(super) fn take_ops(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.ops)
    }

    /// Whether the author's text between two places has a line break; unknown for trees without text.
    pub(super) fn breaks_between(&self, from: Span, to: Span) -> Option<bool> {
        let text = self.source?.get(from.end as usize..to.start as usize)?;
        Some(text.contains('\n'))
    }

    /// Whether the author started a line with what stands at `span`.
    pub(super) fn starts_line(&self, span: Span) -> bool {
        let before = self.source.and_then(|text| text.get(..span.start as usize));
        before.is_some_and(|text| text.trim_end_matches([' ', '\t', '`']).ends_with('\n'))
    }

    fn push(&mut self, text: String, optional: bool) {
        self.ops.push(Op::Token(self.tokens.len()));
        self.tokens.push(Token { text, optional, ..Token::default() });
    }

    /// A word or mark.
    pub(super) fn word(&mut self, text: impl Into<String>) {
        self.push(text.into(), false);
    }

    /// A mark that the author may have left out.
    pub(super) fn optional(&mut self, text: &str) {
        self.push(text.to_owned(), true);
    }

    pub(super) fn space(&mut self) {
        self.ops.push(Op::Space);
    }

    /// A word between spaces.
    pub(super) fn spaced(&mut self, text: &str) {
        self.space();
        self.word(text);
        self.space();
    }

    /// A space or a line break.
    pub(super) fn line(&mut self) {
        self.ops.push(Op::Line(1, Gap::Tight));
    }

    /// Nothing or a line break.
    pub(super) fn soft(&mut self) {
        self.ops.push(Op::Line(0, Gap::Tight));
    }

    pub(super) fn hard(&mut self) {
        self.ops.push(Op::Hard(Gap::Tight));
    }

    /// A line break at which the author's empty lines are kept.
    pub(super) fn paragraph(&mut self) {
        self.ops.push(Op::Hard(Gap::Kept));
    }

    pub(super) fn push_op(&mut self, op: Op) {
        self.ops.push(op);
    }

    /// A group: on one line if it fits.
    pub(super) fn group(&mut self, content: impl FnOnce(&mut Self)) {
        self.ops.push(Op::Open(false));
        content(self);
        self.ops.push(Op::Close);
    }

    /// Following lines are indented by one step more, up to the end of `content`.
    pub(super) fn indented(&mut self, content: impl FnOnce(&mut Self)) {
        self.indented_by(STEP, content);
    }

    pub(super) fn indented_by(&mut self, columns: usize, content: impl FnOnce(&mut Self)) {
        self.ops.push(Op::In(columns));
        content(self);
        self.ops.push(Op::Out(columns));
    }

    /// Brackets around entries that are separated by commas.
    pub(super) fn bracketed<T>(&mut self, open: &str, items: &[T], close: &str, each: impl FnMut(&mut Self, &T)) {
        self.group(|b| {
            b.word(open);
            b.indented(|b| {
                b.soft();
                b.commas(items, each);
                b.push_op(Op::Dangle);
            });
            b.soft();
            b.word(close);
        });
    }

    /// `a, b, c`, broken behind the commas with the group around it.
    pub(super) fn commas<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                self.optional(",");
                self.line();
            }
            each(self, item);
        }
    }

    /// A name where reserved words are not names.
    pub(super) fn bare(&mut self, name: &Ident) {
        self.word(bare_word(&name.node));
    }

    /// The name of a type that is declared here.
    pub(super) fn declares_type(&mut self, name: &Ident) {
        self.word(type_word(&name.node));
    }

    /// The name of a value that is declared here.
    pub(super) fn declares_value(&mut self, name: &Ident) {
        self.word(bare_value_word(&name.node));
    }

    /// The name of an attribute, field or parameter that is declared here.
    pub(super) fn declares_field(&mut self, name: &Ident) {
        self.word(value_word(&name.node));
    }

    /// A name where any word may stand.
    pub(super) fn any(&mut self, name: &Ident) {
        self.word(any_word(&name.node));
    }

    /// A possibly qualified name.
    pub(super) fn name(&mut self, name: &Name) {
        for (position, segment) in name.segments.iter().enumerate() {
            if position > 0 {
                self.word(".");
                self.any(segment);
            } else {
                self.bare(segment);
            }
        }
    }

    /// A string as it was written.
    pub(super) fn string(&mut self, literal: &StringLit) {
        self.word(format!("\"{}\"", literal.raw));
    }

    /// `///` lines.
    pub(super) fn doc(&mut self, doc: Option<&Arc<str>>) {
        let Some(doc) = doc else { return };
        for line in doc.split('\n') {
            let text = if line.is_empty() { "///".to_owned() } else { format!("/// {line}") };
            self.word(text);
            self.hard();
        }
    }
}
