//! Words that several messages use.

use super::{Builder, Failure};
use crate::diag::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::split::ITEM_WORDS;

/// The words besides those that start items that are no names unless quoted.
const RESERVED_WITHIN_ITEMS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "is",
    "like",
    "matches",
    "contains_any",
    "contains_all",
    "contains",
    "starts_with",
    "ends_with",
    "if",
    "then",
    "else",
    "otherwise",
    "true",
    "false",
    "null",
    "all",
    "any",
    "none",
    "count",
    "subject",
    "resource",
    "now",
    "when",
    "for",
    "because",
    "oblige",
    "control",
    "overrides",
];

/// Whether `word` is a name only in backquotes.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    ITEM_WORDS.contains(&word) || RESERVED_WITHIN_ITEMS.contains(&word)
}

/// `text` in backquotes, unless it brings its own.
pub(super) fn quote(text: &str) -> String {
    if text.contains('`') { text.to_owned() } else { format!("`{text}`") }
}

impl Builder<'_> {
    /// The text at a place.
    pub fn text_at(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// An expression whose tree is too deep.
    pub fn too_deep(&self, span: Span, depth: usize) -> Failure {
        let limit = self.limits.expression_depth_max;
        let message = format!("this expression is {depth} levels deep, more than the limit of {limit}");
        let help = "give parts of it names with `let` or `fn`, or put values into a list; the limit is called `expression_depth_max`";
        Box::new(Diagnostic::new(Code::TOO_LARGE, span, message).help(help))
    }
}
