//! Where lines begin in a file, and its text as a terminal may show it.
//!
//! A policy under review is untrusted text: control characters and bidirectional overrides could rewrite the terminal
//! or reorder the code that the reviewer sees. They are shown as other characters of the same length, so that every
//! offset stays what it was.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::source::{SourceFile, Sources};
use crate::span::{FileId, Span};

/// A place that a person can find: both counted from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LineColumn {
    pub line: usize,
    pub column: usize,
}

/// One file, prepared for pointing into.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    pub name: Arc<str>,
    text: Arc<str>,
    /// Offset of each line's first byte; never empty.
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of a file; of an empty one when there is no such file.
    pub fn new(sources: &Sources, file: FileId) -> Self {
        sources.get(file).map_or_else(|| Self::of("", ""), |SourceFile { name, text, .. }| Self::of(name, text))
    }

    fn of(name: &str, text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        Self { name: printable(name).into(), text: shown(text).into(), starts }
    }

    /// The bytes of `span`, moved to where this text has characters: never beyond the end, never inside a character.
    pub fn range(&self, span: Span) -> Range<usize> {
        let end = self.floor(span.range().end);
        self.floor(span.range().start).min(end)..end
    }

    /// The nearest character boundary at or before `offset`.
    pub fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// The text of a range of boundaries.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or("")
    }

    /// The line of an offset, counted from 0.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The first byte of a line counted from 0; the text's end when there is no such line.
    pub fn start_of(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// A line's range without its line break.
    pub fn line(&self, line: usize) -> Range<usize> {
        let (start, end) = (self.start_of(line), self.start_of(line + 1));
        start..start + self.slice(start..end).trim_end_matches(['\n', '\r']).len()
    }

    /// The number of the last line, counted from 0.
    pub fn last(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Line and column of an offset.
    pub fn place(&self, offset: usize) -> LineColumn {
        let line = self.line_of(offset);
        let column = self.slice(self.start_of(line)..self.floor(offset)).chars().count();
        LineColumn { line: line + 1, column: column + 1 }
    }
}

/// The text with every character that could drive a terminal replaced by a harmless one of the same length.
fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut rest = text.chars().peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(c) = rest.next() {
        let line_break = c == '\r' && rest.peek() == Some(&'\n');
        out.push(if line_break || !is_hostile(c) { c } else { stand_in(c) });
    }
    Cow::Owned(out)
}

fn stand_in(hostile: char) -> char {
    match hostile.len_utf8() {
        1 => '?',
        2 => '·',
        _ => char::REPLACEMENT_CHARACTER,
    }
}

/// A message with such characters spelled out as `\u{…}`.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hostile(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Control characters other than line feeds and tabs, and what reorders or hides text (Trojan Source, CVE-2021-42574).
/// All of them are at most three bytes long in UTF-8.
fn is_hostile(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{61c}' | '\u{feff}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_survive_the_cleaning() {
        let text = "a\u{1b}[31m\u{202e}b\u{85}c\u{feff}d";
        assert_eq!(shown(text), "a?[31m\u{fffd}b·c\u{fffd}d");
        assert_eq!(shown(text).len(), text.len());
        assert_eq!(printable("a\u{1b}b"), "a\\u{1b}b");
        assert_eq!(shown("a\rb\r\nc"), "a?b\r\nc");
    }

    #[test]
    fn columns_count_characters() {
        let lines = Lines::of("a.zt", "é\r\nüx\n");
        assert_eq!(lines.place(6), LineColumn { line: 2, column: 2 });
        assert_eq!(lines.place(8), LineColumn { line: 3, column: 1 });
        assert_eq!(lines.place(5), LineColumn { line: 2, column: 1 });
        assert_eq!(lines.line(0), 0..2);
        assert_eq!(lines.line(1), 4..7);
    }

    #[test]
    fn spans_beyond_the_text_are_moved_into_it() {
        let lines = Lines::of("a.zt", "aé");
        let span = |start, end| Span::new(FileId(0), start, end);
        assert_eq!(lines.range(span(2, 900)), 1..3);
        assert_eq!(lines.range(span(900, 2)), 1..1);
    }
}
