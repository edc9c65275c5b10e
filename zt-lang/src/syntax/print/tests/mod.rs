//! The printer's and the formatter's properties, and how the result looks.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod fixtures;
mod properties;
mod trees;

use super::*;

/// Formats a text that parses, without falling back on the text itself.
fn formatted(text: &str) -> String {
    let file = parse_whole(text).unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}\n{text}"));
    let formatted =
        lay_out(text, &file).unwrap_or_else(|| panic!("tokens do not match:\n{text}\n---\n{}", print(&file)));
    assert_eq!(comments(text), comments(&formatted), "comments differ:\n{text}\n---\n{formatted}");
    let again = parse_whole(&formatted).unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}\n{formatted}"));
    assert!(again == file, "trees differ:\n{text}\n---\n{formatted}");
    formatted
}

/// Asserts that `text` is formatted to `expected`, and that to itself.
#[track_caller]
fn assert_formats(text: &str, expected: &str) {
    let once = formatted(text);
    assert_eq!(once, expected, "\n--- got\n{once}--- expected\n{expected}---");
    assert_eq!(formatted(&once), once, "formatting twice changes something");
}

/// Asserts that a text is as the formatter would have it.
#[track_caller]
fn assert_stable(text: &str) {
    assert_formats(text, text);
}
