//! From text to the tree, whatever the text.
//!
//! [`parse`] never fails and never recurses deeper than its limits: files are split into items by tokens, items are checked
//! for nesting, and only then read by the grammar, each alone. An item that cannot be read is left out of the tree and
//! has exactly one diagnostic.

mod attribute;
mod blame;
mod expr;
mod failure;
mod habit;
mod item;
mod parts;
mod rule;
mod test_block;
#[cfg(test)]
mod tests;

use pest::Parser as _;

use super::ast;
use super::blocks::{BLOCK_TOKENS, Blocks};
use super::grammar::{Rule, ZtGrammar};
use super::lex::{Token, tokens};
use super::matcher::{Matches, Pair, Pairs};
use super::nesting;
use super::split::{Chunk, Outline};
use crate::diag::{Code, Diagnostic};
use crate::span::{FileId, Span};

use parts::Parts;

pub use failure::is_reserved;

/// Bounds on what one file may be. Beyond them there is a diagnostic that names the limit and what was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SyntaxLimits {
    /// Bytes of a file.
    pub file_bytes_max: usize,
    /// Brackets, `if`s and quantifiers within each other.
    pub nesting_max: usize,
    /// Items of a file.
    pub items_max: usize,
    /// Levels of an expression's tree.
    pub expression_depth_max: usize,
}

impl Default for SyntaxLimits {
    fn default() -> Self {
        Self { file_bytes_max: 32 << 20, nesting_max: 64, items_max: 200_000, expression_depth_max: 200 }
    }
}

/// Reads a file's text. The diagnostics are in the order of the text.
///
/// ```
/// use zt_lang::FileId;
/// use zt_lang::syntax::{SyntaxLimits, parse};
/// let (file, diagnostics) = parse(FileId(0), "package door\nallow enter: open", &SyntaxLimits::default());
/// assert_eq!(file.items.len(), 2);
/// assert!(diagnostics.is_empty());
/// ```
#[must_use]
pub fn parse(file: FileId, text: &str, limits: &SyntaxLimits) -> (ast::File, Vec<Diagnostic>) {
    if text.len() > limits.file_bytes_max {
        let message = format!("the file has {} bytes, more than the limit of {}", text.len(), limits.file_bytes_max);
        let help = "split the policy into several files, or raise the limit `file_bytes_max`";
        return (
            ast::File::default(),
            vec![Diagnostic::new(Code::TOO_LARGE, Span::new(file, 0, 0), message).help(help)],
        );
    }
    match in_blocks(file, text, limits, BLOCK_TOKENS) {
        Some(items) => (ast::File { items, broken: Vec::new() }, Vec::new()),
        None => whole(file, text, limits),
    }
}

/// A file read as a whole, whatever its mistakes.
fn whole(file: FileId, text: &str, limits: &SyntaxLimits) -> (ast::File, Vec<Diagnostic>) {
    let all_tokens = tokens(text);
    let outline = Outline::new(text, &all_tokens);
    let chunks = outline.chunks();
    let mut parser = Parser::new(file, &all_tokens, &outline, limits);
    parser.check_item_count(&chunks);
    let mut broken = Vec::new();
    for &chunk in chunks.iter().take(limits.items_max) {
        let before = parser.items.len();
        parser.chunk(chunk);
        if parser.items.len() == before {
            broken.push(parser.token_span(chunk.first).to(parser.token_span(chunk.end.saturating_sub(1))));
        }
    }
    (ast::File { items: parser.items, broken }, parser.diagnostics)
}

/// The items of a file that has no mistakes, read block by block.
fn in_blocks(file: FileId, text: &str, limits: &SyntaxLimits, size: usize) -> Option<Vec<ast::Item>> {
    let mut blocks = Blocks::of(text, size);
    let (mut tokens, mut items) = (Vec::new(), Vec::new());
    while blocks.next(&mut tokens) {
        let outline = Outline::new(text, &tokens);
        let mut parser = Parser::new(file, &tokens, &outline, limits);
        std::mem::swap(&mut parser.items, &mut items);
        outline.chunks().into_iter().for_each(|chunk| parser.chunk(chunk));
        if !parser.diagnostics.is_empty() || parser.items.len() > limits.items_max {
            return None;
        }
        items = parser.items;
    }
    Some(items)
}

pub(super) struct Parser<'a> {
    file: FileId,
    /// With comments.
    all_tokens: &'a [Token],
    /// Without comments.
    outline: &'a Outline<'a>,
    limits: &'a SyntaxLimits,
    /// Room for the productions of an item.
    matches: Matches,
    pub(super) items: Vec<ast::Item>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What an item is built with.
struct Builder<'a> {
    file: FileId,
    /// Offset in the file of the text that the grammar reads.
    base: usize,
    text: &'a str,
    all_tokens: &'a [Token],
    limits: &'a SyntaxLimits,
    /// Mistakes that leave the item in the tree.
    diagnostics: Vec<Diagnostic>,
}

/// A mistake that leaves the item out of the tree.
type Failure = Box<Diagnostic>;
type Built<T> = Result<T, Failure>;

impl<'a> Parser<'a> {
    pub(super) fn new(
        file: FileId,
        all_tokens: &'a [Token],
        outline: &'a Outline<'a>,
        limits: &'a SyntaxLimits,
    ) -> Self {
        let (matches, items, diagnostics) = (Matches::default(), Vec::new(), Vec::new());
        Self { file, all_tokens, outline, limits, matches, items, diagnostics }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn token_span(&self, index: usize) -> Span {
        self.outline.token(index).map_or(self.span(0, 0), |token| self.span(token.start, token.end))
    }

    fn check_item_count(&mut self, chunks: &[Chunk]) {
        let Some(first_beyond) = chunks.get(self.limits.items_max) else { return };
        let message = format!("the file has {} items, more than the limit of {}", chunks.len(), self.limits.items_max);
        let help = "split the policy into several files, or raise the limit `items_max`";
        self.diagnostics
            .push(Diagnostic::new(Code::TOO_LARGE, self.token_span(first_beyond.first), message).help(help));
    }

    pub(super) fn chunk(&mut self, chunk: Chunk) {
        let before_grammar = self.unclosed(chunk).or_else(|| self.too_deep(chunk));
        if let Some(diagnostic) = before_grammar {
            return self.diagnostics.push(diagnostic);
        }
        if chunk.head.is_none() && self.outline.word(chunk.first) != "@" {
            let stray = self.stray(chunk.first, chunk.end);
            return self.diagnostics.push(stray);
        }
        self.item(chunk);
    }

    fn too_deep(&self, chunk: Chunk) -> Option<Diagnostic> {
        let limit = self.limits.nesting_max;
        let nesting = nesting::measure(self.outline.text, self.outline.chunk_tokens(chunk), limit);
        let place = self.token_span(chunk.first + nesting.beyond?);
        let message = format!("this nests {} deep, more than the limit of {limit}", nesting.deepest);
        let help = "give parts of it names with `let` or `fn`; the limit is called `nesting_max`";
        Some(Diagnostic::new(Code::NESTING, place, message).label("beyond the limit from here").help(help))
    }

    fn item(&mut self, chunk: Chunk) {
        let (Some(first), Some(last)) = (self.outline.token(chunk.first), self.outline.chunk_tokens(chunk).last())
        else {
            return;
        };
        let text = self.outline.text.get(first.start..last.end).unwrap_or("");
        let mut matches = std::mem::take(&mut self.matches);
        self.read(chunk, first.start, text, &mut matches);
        self.matches = matches;
    }

    fn read(&mut self, chunk: Chunk, base: usize, text: &str, matches: &mut Matches) {
        if let Some(pairs) = matches.alone(text) {
            return self.build(base, pairs);
        }
        // What stands behind a whole item is a mistake of its own.
        if let Some(pairs) = matches.item(text)
            && let Some(end) = pairs.peek().map(|pair| pair.end())
            && let Some(after) = self.stray_after(chunk, base + end)
        {
            self.build(base, pairs);
            let stray = self.stray(after, chunk.end);
            return self.diagnostics.push(stray);
        }
        let diagnostic = match ZtGrammar::parse(Rule::alone, text) {
            Err(error) => self.blame(chunk, base, &error),
            Ok(_) => parts::disagreement(self.span(base, base + text.len())),
        };
        self.diagnostics.push(diagnostic);
    }

    /// The index of the first token from `end` on, if it can be no part of the item before it.
    fn stray_after(&self, chunk: Chunk, end: usize) -> Option<usize> {
        let count = self.outline.chunk_tokens(chunk).partition_point(|token| token.start < end);
        let after = chunk.first + count;
        let closed = self.outline.word(after.checked_sub(1)?) == "}";
        let in_first_column = self.outline.column(after) == 0;
        let is_word = !matches!(self.outline.word(after), "" | ")" | "]" | "}" | "," | "." | "|");
        (after < chunk.end && (closed || in_first_column) && is_word).then_some(after)
    }

    fn build(&mut self, base: usize, pairs: Pairs<'_>) {
        let mut builder = Builder {
            file: self.file,
            base,
            text: self.outline.text,
            all_tokens: self.all_tokens,
            limits: self.limits,
            diagnostics: Vec::new(),
        };
        let mut parts = Parts::of(base, self.file, pairs);
        let item = parts.need().and_then(|pair| builder.item(pair));
        self.diagnostics.append(&mut builder.diagnostics);
        match item {
            Ok(item) => self.items.push(item),
            Err(failure) => self.diagnostics.push(*failure),
        }
    }
}
