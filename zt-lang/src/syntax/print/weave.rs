//! Weaves the comments of a text into the tokens that its tree prints.
//!
//! The printed tokens are those of the text but for commas, parentheses and backquotes that may be left out, so that
//! walking both lists side by side finds each comment's place. A comment that ends a line stays behind its token; one
//! that has a line for itself stays before the token that follows. A comma belongs to what stands before it: comments
//! in between move behind it.

use std::collections::VecDeque;

use super::layout::{Comment, Token};
use crate::syntax::lex::{self, TokenKind};

/// The text has tokens that the tree does not print, or the other way round: nothing can be woven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mismatch;

/// Puts the comments and empty lines of `text` into the notes of `tokens`; gives those behind the last token.
pub(super) fn weave(text: &str, tokens: &mut [Token]) -> Result<Vec<Comment>, Mismatch> {
    let mut weaver = Weaver { tokens, next: 0, eaten: 0, hoisted: VecDeque::new(), end: Vec::new() };
    let mut before = 0;
    for found in lex::tokens(text) {
        let gap = text.get(before..found.start).unwrap_or("");
        let blank = gap.matches('\n').count() > 1;
        let word = found.text(text);
        match found.kind {
            TokenKind::Doc if weaver.expects_doc(word) => weaver.take(blank),
            TokenKind::Doc if weaver.hoisted_doc(word) => {}
            TokenKind::Doc | TokenKind::Comment => weaver.comment(word, blank, found, text),
            _ => weaver.eat(word, blank)?,
        }
        before = found.end;
    }
    weaver.finish()
}

struct Weaver<'a> {
    tokens: &'a mut [Token],
    /// The printed token that is expected next.
    next: usize,
    /// How many of its bytes were seen already, where the text's tokens are smaller.
    eaten: usize,
    /// Doc comments that are printed before annotations but were written behind them.
    hoisted: VecDeque<String>,
    end: Vec<Comment>,
}

impl Weaver<'_> {
    /// Whether a doc comment of the text is the one that is printed next.
    fn expects_doc(&self, found: &str) -> bool {
        self.tokens.get(self.next).is_some_and(|token| token.text.starts_with("///") && doc(&token.text) == doc(found))
    }

    /// Whether a doc comment of the text has been passed among the printed tokens already.
    fn hoisted_doc(&mut self, found: &str) -> bool {
        let passed = self.hoisted.front().is_some_and(|passed| doc(passed) == doc(found));
        if passed {
            self.hoisted.pop_front();
        }
        passed
    }

    fn take(&mut self, blank: bool) {
        if let Some(token) = self.tokens.get_mut(self.next) {
            token.notes.blank = blank;
        }
        self.next += 1;
    }

    /// Finds a token of the text among the printed ones.
    fn eat(&mut self, found: &str, blank: bool) -> Result<(), Mismatch> {
        let mut rest = found;
        let mut first = true;
        loop {
            let Some(token) = self.tokens.get_mut(self.next) else {
                return if first && droppable(rest) { Ok(()) } else { Err(Mismatch) };
            };
            if self.eaten == 0 && first && same(&token.text, rest) {
                keep_spelling(token, rest);
                self.take(blank);
                return Ok(());
            }
            let wanted = token.text.get(self.eaten..).unwrap_or("");
            if let Some(more) = rest.strip_prefix(wanted) {
                (rest, first) = (more, false);
                self.eaten = 0;
                self.take(blank);
                if rest.is_empty() {
                    return Ok(());
                }
            } else if wanted.starts_with(rest) {
                self.eaten += rest.len();
                return Ok(());
            } else if first && droppable(rest) {
                return Ok(());
            } else if token.optional && self.eaten == 0 {
                self.next += 1;
            } else if found == "@" && token.text.starts_with("///") {
                self.hoisted.push_back(token.text.clone());
                self.next += 1;
            } else {
                return Err(Mismatch);
            }
        }
    }

    fn comment(&mut self, found: &str, blank: bool, at: lex::Token, text: &str) {
        let mut place = if self.eaten > 0 { self.next + 1 } else { self.next };
        while self.tokens.get(place).is_some_and(|token| token.text == ",") {
            place += 1;
        }
        let found = found.trim_end();
        let taken = self.tokens.get(place).is_some_and(|token| !token.notes.before.is_empty());
        let behind = place.checked_sub(1).and_then(|last| self.tokens.get_mut(last));
        match behind {
            Some(token) if !at.starts_line && !taken && token.notes.after.is_none() => {
                token.notes.after = Some(found.to_owned());
            }
            _ => {
                let indented = text.get(..at.start).is_some_and(|before| !before.is_empty() && !before.ends_with('\n'));
                let comment = Comment { text: found.to_owned(), blank, indented };
                match self.tokens.get_mut(place) {
                    Some(token) => token.notes.before.push(comment),
                    None => self.end.push(comment),
                }
            }
        }
    }

    fn finish(self) -> Result<Vec<Comment>, Mismatch> {
        let left = self.tokens.get(self.next..).unwrap_or(&[]);
        if self.hoisted.is_empty() && left.iter().all(|token| token.optional) { Ok(self.end) } else { Err(Mismatch) }
    }
}

/// A doc comment's text.
fn doc(comment: &str) -> &str {
    comment.trim_start_matches("///").trim()
}

/// What the author may have written without need: trailing commas, parentheses, an empty block.
fn droppable(found: &str) -> bool {
    matches!(found, "," | "(" | ")" | "{" | "}")
}

/// Whether a token of the text is the printed one, in another spelling.
fn same(printed: &str, found: &str) -> bool {
    printed == found
        || plain_number(found).is_some_and(|plain| plain == printed)
        || unquoted(printed) == unquoted(found)
        || (found.starts_with('"') && names_same(printed, found))
}

/// A number without `_`.
fn plain_number(found: &str) -> Option<String> {
    found.starts_with(|c: char| c.is_ascii_digit()).then(|| found.replace('_', ""))
}

fn unquoted(name: &str) -> &str {
    name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(name)
}

/// Whether an entry's name that is printed as a word is written as a string.
fn names_same(printed: &str, found: &str) -> bool {
    let raw = found.trim_start_matches('"').trim_end_matches('"');
    !printed.starts_with('"') && crate::syntax::unescape(raw).is_ok_and(|name| name == unquoted(printed))
}

/// Keeps the author's spelling where the tree has forgotten it.
fn keep_spelling(token: &mut Token, found: &str) {
    if found.starts_with(|c: char| c.is_ascii_digit() || c == '"') {
        found.clone_into(&mut token.text);
    }
}
