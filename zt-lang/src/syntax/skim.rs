//! Reading a file in two goes: first all but its rules, then its rules, block by block.
//!
//! Only files without mistakes can be read this way; whatever is out of the ordinary gives nothing, and is then read as a
//! whole.

use std::ops::Range;

use super::ast;
use super::blocks::{BLOCK_TOKENS, Blocks};
use super::lex::{Lexer, Token, TokenKind};
use super::parse::{Parser, SyntaxLimits};
use super::split::{Chunk, Outline};
use crate::span::FileId;

/// Words of clauses that name other rules or packages.
const CLAUSES_ABOUT_OTHERS: [&str; 2] = ["overridable", "overrides"];

/// The items of a file but its rules, and the places of the blocks that have rules.
pub fn skim(file: FileId, text: &str, limits: &SyntaxLimits) -> Option<(Vec<ast::Item>, Vec<Range<usize>>)> {
    if text.len() > limits.file_bytes_max {
        return None;
    }
    let mut blocks = Blocks::of(text, BLOCK_TOKENS);
    let (mut tokens, mut items, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
    let (mut start, mut count) = (0, 0);
    while blocks.next(&mut tokens) {
        let end = tokens.last().map_or(start, |token| token.end);
        let outline = Outline::new(text, &tokens);
        let chunks = outline.chunks();
        count += chunks.len();
        let (rules, others): (Vec<Chunk>, Vec<Chunk>) = chunks.into_iter().partition(|chunk| is_rule(&outline, chunk));
        // What comes first says which package it is.
        let starts_with_rule = start == 0 && rules.first().is_some_and(|chunk| chunk.first == 0);
        if starts_with_rule || count > limits.items_max || rules.iter().any(|chunk| names_others(&outline, chunk)) {
            return None;
        }
        if !rules.is_empty() {
            ranges.push(start..end);
        }
        items.extend(parsed(file, &tokens, &outline, limits, others)?);
        start = end;
    }
    Some((items, ranges))
}

/// The rules of a block that [`skim`] has found.
pub fn rules(file: FileId, text: &str, block: Range<usize>, limits: &SyntaxLimits) -> Option<Vec<ast::Item>> {
    let mut lexer = Lexer::within(text.get(..block.end)?, block.start);
    let tokens: Vec<Token> = std::iter::from_fn(|| lexer.next()).collect();
    let outline = Outline::new(text, &tokens);
    let chunks = outline.chunks().into_iter().filter(|chunk| is_rule(&outline, chunk)).collect();
    parsed(file, &tokens, &outline, limits, chunks)
}

fn parsed(
    file: FileId,
    tokens: &[Token],
    outline: &Outline<'_>,
    limits: &SyntaxLimits,
    chunks: Vec<Chunk>,
) -> Option<Vec<ast::Item>> {
    let mut parser = Parser::new(file, tokens, outline, limits);
    chunks.into_iter().for_each(|chunk| parser.chunk(chunk));
    parser.diagnostics.is_empty().then_some(parser.items)
}

fn is_rule(outline: &Outline<'_>, chunk: &Chunk) -> bool {
    chunk.head.is_some_and(|head| matches!(outline.word(head), "allow" | "deny"))
}

fn names_others(outline: &Outline<'_>, chunk: &Chunk) -> bool {
    let mut words = outline.chunk_tokens(*chunk).iter().filter(|token| token.kind == TokenKind::Word);
    words.any(|word| CLAUSES_ABOUT_OTHERS.contains(&word.text(outline.text)))
}
