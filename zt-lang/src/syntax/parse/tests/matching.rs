//! The matcher finds what pest finds.

use std::path::Path;

use pest::Parser as _;
use pest::iterators::Pair;

use crate::syntax::grammar::{Rule, ZtGrammar, is_noise};
use crate::syntax::lex::{Token, tokens};
use crate::syntax::matcher::{self, Matches};
use crate::syntax::split::Outline;

/// A production, its first byte, one past its last, and how deep it lies.
type Found = (Rule, usize, usize, usize);

/// One past the last byte before `end` that is more than space or comment.
fn trimmed(tokens: &[Token], start: usize, end: usize) -> usize {
    let before = tokens.iter().rfind(|token| !token.is_comment() && token.start < end);
    before.map_or(end, |token| token.end.min(end)).max(start)
}

fn by_pest(text: &str, tokens: &[Token]) -> Option<Vec<Found>> {
    fn walk(pair: Pair<'_, Rule>, tokens: &[Token], depth: usize, found: &mut Vec<Found>) {
        if is_noise(pair.as_rule()) {
            return;
        }
        let span = pair.as_span();
        found.push((pair.as_rule(), span.start(), trimmed(tokens, span.start(), span.end()), depth));
        pair.into_inner().for_each(|inner| walk(inner, tokens, depth + 1, found));
    }
    let mut found = Vec::new();
    ZtGrammar::parse(Rule::alone, text).ok()?.for_each(|pair| walk(pair, tokens, 0, &mut found));
    Some(found)
}

fn by_matcher(text: &str) -> Option<Vec<Found>> {
    fn walk(pair: matcher::Pair<'_>, depth: usize, found: &mut Vec<Found>) {
        found.push((pair.as_rule(), pair.start(), pair.end(), depth));
        pair.into_inner().for_each(|inner| walk(inner, depth + 1, found));
    }
    let mut found = Vec::new();
    Matches::default().alone(text)?.for_each(|pair| walk(pair, 0, &mut found));
    Some(found)
}

fn agree(text: &str) {
    assert_eq!(by_matcher(text), by_pest(text, &tokens(text)), "{text}");
}

/// The items of a file, each as its text.
fn items(text: &str) -> Vec<&str> {
    let all = tokens(text);
    let outline = Outline::new(text, &all);
    let chunks = outline.chunks().into_iter();
    chunks
        .filter_map(|chunk| {
            let tokens = outline.chunk_tokens(chunk);
            text.get(tokens.first()?.start..tokens.last()?.end)
        })
        .collect()
}

/// The item, and what becomes of it when it loses its end, a token, or gets one twice.
fn agree_and_broken(item: &str) {
    agree(item);
    for token in tokens(item) {
        let (before, after) = (&item[..token.start], &item[token.end..]);
        agree(before);
        agree(&format!("{before}{after}"));
        agree(&format!("{before}{} {}", &item[..token.end][token.start..], &item[token.start..]));
    }
}

pub(super) fn policies(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            policies(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "zt") {
            found.extend(std::fs::read_to_string(path).ok());
        }
    }
}

#[test]
fn on_every_policy_whole_and_broken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["../examples", "src/library", "tests"] {
        policies(&root.join(folder), &mut texts);
    }
    let items: Vec<&str> = texts.iter().flat_map(|text| items(text)).collect();
    assert!(items.len() > 300, "{}", items.len());
    let mut long = 0;
    for item in items {
        // What becomes of long items is read in time that grows with the square of their length.
        if item.len() < 400 || long < 20 {
            long += usize::from(item.len() >= 400);
            agree_and_broken(item);
        } else {
            agree(item);
        }
    }
}

#[test]
fn on_words_literals_and_comments() {
    for value in [
        "a.b[c](d).e",
        "not not a",
        "- - 1",
        "1_000",
        "3.50",
        "15m",
        "1h30m",
        "08:00..18:00",
        "10.1.2.3",
        "10.0.0.0/8",
        "2001:db8::1",
        "::1",
        "::/0",
        "a:b:c:d:1:2:3:4",
        "fe80::1/64",
        "ab::\"c\"",
        "`a b`.c",
        "`a`::\"c\"",
        "nota",
        "not(a)",
        "a not // x\n in b",
        "if a then b else if c then d else e",
        "if a then b",
        "iff",
        "all x in xs: (x)",
        "all: (x)",
        "allx",
        "count(k, v in m: (k == v))",
        "any x in xs: (none y in ys: (x in y))",
        "{ a: 1, \"b c\": [1, 2,], }",
        "\"ü \\\" \\\\\"",
        "\"a\nb\"",
        "\"a\\\n\"",
        "a is present and b is empty or c is D | e.F",
        "a like \"*\" and b matches \"[a-z]+\"",
        "a<b",
        "a<>b",
        "a===b",
        "a..b",
        "a . b",
        "a. . b",
        "ü",
        "",
        "(a",
        "null",
        "nullable",
        "x otherwise y",
        "now - 2h",
        "subject == resource",
        "context.subject",
        "a /* b */",
        "a // b",
        "a # b",
        "5m5",
        "1.2.3",
        "1:2",
        "12:34:56:7",
        "a::b",
        "::",
        "1::",
    ] {
        agree(&format!("let x = {value}"));
        agree(&format!("let x: Set<Map<A | b.C>?> = {value} // end"));
        agree(&format!("allow r: any when {value} because \"x\""));
    }
}
