//! Cutting a file into blocks of whole items, so that no more than a block of it is held as tokens.
//!
//! A block ends where an item surely starts: at an item word in the first column, where no bracket stands open and no
//! annotation waits for its item. What a block alone is split into is then what the whole file would be split into there.
//! That holds for text without mistakes; a file in which a block has one is read as a whole, because what is said about it
//! may depend on what stands far from it.

use super::lex::{Lexer, Token, TokenKind};
use super::split::{Outline, closing};

/// Tokens of a block, about: some hundred rules, which fit a processor's cache.
pub(super) const BLOCK_TOKENS: usize = 4096;

/// The blocks of a text, each as its tokens with comments.
pub(super) struct Blocks<'a> {
    text: &'a str,
    /// Tokens that a block has at least, unless it is the last.
    size: usize,
    lexer: Lexer<'a>,
    /// Read already, and part of the next block: comments, then an item's first word.
    ahead: Vec<Token>,
    /// Which brackets close what stands open.
    open: Vec<u8>,
    /// Whether every bracket so far had its partner. Where one has none, no place is sure any more.
    is_sound: bool,
    /// Whether an `@` came since the last item word in the first column.
    is_annotated: bool,
}

impl<'a> Blocks<'a> {
    pub fn of(text: &'a str, size: usize) -> Self {
        let lexer = Lexer::new(text);
        Self { text, size, lexer, ahead: Vec::new(), open: Vec::new(), is_sound: true, is_annotated: false }
    }

    /// Fills `tokens` with those of the next block; tells whether there is one.
    pub fn next(&mut self, tokens: &mut Vec<Token>) -> bool {
        tokens.clear();
        tokens.append(&mut self.ahead);
        // One past the last token that is no comment.
        let mut solid = tokens.len();
        while let Some(token) = self.lexer.next() {
            if token.is_comment() {
                tokens.push(token);
                continue;
            }
            self.note(&token);
            let before = solid.checked_sub(1).and_then(|last| tokens.get(last)).copied();
            let is_full = tokens.len() >= self.size;
            let is_item = (is_full || self.is_annotated) && self.starts_item(before, token);
            let is_cut = is_item && is_full && self.is_sound && !self.is_annotated;
            self.is_annotated &= !is_item;
            if is_cut {
                self.ahead.extend(tokens.drain(solid..));
                self.ahead.push(token);
                return true;
            }
            tokens.push(token);
            solid = tokens.len();
        }
        !tokens.is_empty()
    }

    /// Keeps account of brackets and annotations.
    fn note(&mut self, token: &Token) {
        let text = token.text(self.text);
        let byte = text.bytes().next().unwrap_or(0);
        match token.kind {
            TokenKind::Open => self.open.push(closing(byte)),
            TokenKind::Close => self.is_sound &= self.open.pop() == Some(byte),
            TokenKind::Punct if text == "@" => self.is_annotated = true,
            _ => {}
        }
    }

    /// Whether an item surely starts at a word, which follows `before`.
    fn starts_item(&self, before: Option<Token>, word: Token) -> bool {
        if word.kind != TokenKind::Word || !self.open.is_empty() || !Outline::is_first_column(self.text, word) {
            return false;
        }
        let mut tokens: Vec<Token> = before.into_iter().chain([word]).collect();
        let at = tokens.len() - 1;
        let mut lexer = self.lexer.clone();
        tokens.extend(std::iter::from_fn(|| lexer.next()).filter(|token| !token.is_comment()).take(2));
        Outline::unpaired(self.text, tokens).surely_starts_item(at)
    }
}
