//! Whole texts through the parser.

mod blockwise;
mod hostile;
mod matching;
mod mistakes;
mod shapes;

use super::*;
use crate::span::FileId;

/// The tree and, per diagnostic, its code, the text it is about and its message.
fn read(text: &str) -> (ast::File, Vec<(String, String, String)>) {
    let (file, diagnostics) = parse(FileId(0), text, &SyntaxLimits::default());
    let facts = diagnostics.iter().map(|diagnostic| {
        let about = text.get(diagnostic.span().range()).expect("places lie on character boundaries of the text");
        (diagnostic.code.to_string(), about.to_owned(), diagnostic.message.clone())
    });
    (file, facts.collect())
}

#[test]
fn the_policy_of_the_tour() {
    let (file, diagnostics) = read(include_str!("tests/documents.zt"));
    assert_eq!(diagnostics, []);
    assert_eq!(file.items.len(), 23);
}
