//! From the syntax tree to text: the one layout of zt.
//!
//! [`print`] writes any tree, [`format`] the tree of a text together with its comments. Both build one list of tokens
//! and layout instructions ([`builder`], filled by [`item`], [`expr`] and [`test_block`]), which [`layout`] turns into
//! lines; [`weave`] puts the comments in between. Parsing what was printed gives the tree again, and formatting what
//! was formatted changes nothing.

mod builder;
mod expr;
mod item;
mod layout;
mod test_block;
mod weave;

#[cfg(test)]
mod tests;

use std::ops::Range;

use builder::{Builder, bare_value_word, type_word};
use layout::{Comment, Line, Op, Token, WIDTH_MAX, width};

use super::ast::{File, Item, ItemKind};
use super::lex::{self, tokens};
use super::{SyntaxLimits, parse};
use crate::diag::Diagnostic;
use crate::span::FileId;

/// The text of a tree, without comments other than doc comments.
#[must_use]
pub fn print(file: &File) -> String {
    let (mut sheet, items) = Sheet::new(file, None);
    layout::join(&sheet.lines(&items, Vec::new()))
}

/// Formats a text.
///
/// Words, literals and comments stay as they are and where they are; lines, spaces, optional commas and parentheses, and
/// backquotes become canonical. A text of which that cannot be said for sure is given back as it is.
///
/// # Errors
///
/// The parser's diagnostics, if the text does not parse.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let file = parse_whole(text)?;
    let formatted = lay_out(text, &file).filter(|formatted| is_faithful(text, &file, formatted));
    Ok(formatted.unwrap_or_else(|| text.to_owned()))
}

fn parse_whole(text: &str) -> Result<File, Vec<Diagnostic>> {
    let (file, diagnostics) = parse(FileId::default(), text, &SyntaxLimits::default());
    if diagnostics.is_empty() { Ok(file) } else { Err(diagnostics) }
}

/// The formatted text, unless its tokens cannot be matched with the tree's.
fn lay_out(text: &str, file: &File) -> Option<String> {
    let (mut sheet, items) = Sheet::new(file, Some(text));
    let end = weave::weave(text, &mut sheet.tokens).ok()?;
    Some(layout::join(&sheet.lines(&items, end)))
}

/// Whether `formatted` has the tree and the comments of `text`.
fn is_faithful(text: &str, file: &File, formatted: &str) -> bool {
    comments(text) == comments(formatted) && parse_whole(formatted).is_ok_and(|again| again == *file)
}

/// The comments of a text, in alphabetical order: those beside commas may move past each other's tokens.
fn comments(text: &str) -> Vec<&str> {
    let found = tokens(text).into_iter().filter(lex::Token::is_comment);
    let mut comments: Vec<&str> = found.map(|token| slashes_apart(token.text(text))).collect();
    comments.sort_unstable();
    comments
}

/// A comment's text: `///text` and `/// text` are the same.
fn slashes_apart(comment: &str) -> &str {
    comment.trim_start_matches("///").trim()
}

/// A file on its way to lines.
struct Sheet {
    tokens: Vec<Token>,
}

/// An item on its way to lines.
struct Entry<'a> {
    item: &'a Item,
    ops: Vec<Op>,
    tokens: Range<usize>,
}

impl Sheet {
    fn new<'a>(file: &'a File, text: Option<&str>) -> (Self, Vec<Entry<'a>>) {
        let mut builder = Builder::new(text);
        let mut entries = Vec::with_capacity(file.items.len());
        for item in &file.items {
            let start = builder.tokens.len();
            builder.item(item);
            entries.push(Entry { item, ops: builder.take_ops(), tokens: start..builder.tokens.len() });
        }
        (Self { tokens: builder.tokens }, entries)
    }

    fn lines(&mut self, entries: &[Entry<'_>], end: Vec<Comment>) -> Vec<Line> {
        let mut page = Page::default();
        for entry in entries {
            let notes = self.tokens.get_mut(entry.tokens.start).map(|token| &mut token.notes);
            let comments = notes.map(|notes| std::mem::take(&mut notes.before)).unwrap_or_default();
            let blank = self.tokens.get(entry.tokens.start).is_some_and(|token| token.notes.blank);
            let lines = layout::lay_out(&entry.ops, &self.tokens);
            page.push(entry.item, comments, blank, lines);
        }
        page.finish(end)
    }
}

/// The lines so far, item by item.
#[derive(Default)]
struct Page {
    lines: Vec<Line>,
    last: Option<Last>,
    /// Lines of one-line declarations of one kind that stand together, with the width of their heads.
    run: Vec<(usize, usize)>,
    run_kind: Option<Column>,
}

/// What the last item was.
#[derive(Clone, Copy)]
struct Last {
    /// A declaration of a single line.
    single: bool,
    /// Nothing closes it, so that indented comments behind it are its own.
    open_ended: bool,
}

/// Declarations that are aligned with their neighbours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Source,
    Enum,
    Let,
    Param,
}

/// What an item is aligned by, and the width of what stands before that.
fn column(item: &Item) -> Option<(Column, usize)> {
    Some(match &item.kind {
        ItemKind::Source(node) => (Column::Source, width("source  ") + width(&bare_value_word(&node.name.node))),
        ItemKind::Enum(node) => (Column::Enum, width("enum  ") + width(&type_word(&node.name.node))),
        ItemKind::Let(node) if node.ty.is_none() => {
            (Column::Let, width("let  ") + width(&bare_value_word(&node.name.node)))
        }
        ItemKind::Param(node) => (Column::Param, width("param : ") + width(&bare_value_word(&node.name.node))),
        _ => return None,
    })
}

impl Page {
    fn push(&mut self, item: &Item, mut comments: Vec<Comment>, blank: bool, lines: Vec<Line>) {
        let heads = item.annotations.len() + item.doc.as_ref().map_or(0, |doc| doc.split('\n').count());
        let single = lines.len() <= heads + 1 && is_declaration(item);
        self.own_comments(&mut comments);
        let apart = comments.first().map_or(blank, |first| first.blank);
        let together = single && self.last.is_some_and(|last| last.single) && !apart;
        if !together {
            self.align();
            self.blank();
        }
        let commented = !comments.is_empty();
        self.comments(comments);
        if commented && blank {
            self.blank();
        }
        self.lines.extend(lines);
        self.note_run(item, single);
        let open_ended = matches!(item.kind, ItemKind::Rule(_) | ItemKind::Prove(_));
        self.last = Some(Last { single, open_ended });
    }

    /// Indented comments directly behind a rule stay with it.
    fn own_comments(&mut self, comments: &mut Vec<Comment>) {
        if !self.last.is_some_and(|last| last.open_ended) {
            return;
        }
        let own = comments.iter().take_while(|comment| comment.indented && !comment.blank).count();
        for comment in comments.drain(..own) {
            self.lines.push(Line::new(format!("  {}", comment.text)));
        }
    }

    fn comments(&mut self, comments: Vec<Comment>) {
        for (position, comment) in comments.into_iter().enumerate() {
            if comment.blank && position > 0 {
                self.blank();
            }
            self.lines.push(Line::new(comment.text));
        }
    }

    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.code.is_empty()) {
            self.lines.push(Line::default());
        }
    }

    /// Notes the line just pushed if it is aligned with its neighbours.
    fn note_run(&mut self, item: &Item, single: bool) {
        let column = column(item).filter(|_| single);
        let kind = column.map(|(kind, _)| kind);
        if self.run_kind != kind {
            self.align();
        }
        self.run_kind = kind;
        let at = self.lines.len().saturating_sub(1);
        self.run.extend(column.map(|(_, head)| (at, head)));
    }

    /// Aligns the run that ends here, as in `source a   verified` above `source abc verified`.
    fn align(&mut self) {
        let run = std::mem::take(&mut self.run);
        self.run_kind = None;
        let column = run.iter().map(|&(_, head)| head).max().unwrap_or(0);
        let pads = run.iter().filter_map(|&(at, head)| Some((self.lines.get(at)?, column - head)));
        if pads.into_iter().any(|(line, pad)| width(&line.code) + pad > WIDTH_MAX) {
            return;
        }
        for (at, head) in run {
            let Some(line) = self.lines.get_mut(at) else { continue };
            let place = line.code.char_indices().nth(head).map_or(line.code.len(), |(place, _)| place);
            line.code.insert_str(place, &" ".repeat(column - head));
        }
    }

    fn finish(mut self, mut end: Vec<Comment>) -> Vec<Line> {
        self.own_comments(&mut end);
        self.align();
        if end.first().is_some_and(|first| first.blank) {
            self.blank();
        }
        self.comments(end);
        self.lines
    }
}

/// Whether an item may stand close to its neighbours: rules, tests and the package line do not.
fn is_declaration(item: &Item) -> bool {
    !matches!(item.kind, ItemKind::Package(_) | ItemKind::Rule(_) | ItemKind::Test(_))
}
