//! Diagnostics: facts about a policy, found by the parser and the checkers, rendered last.
//!
//! A checker builds a [`Diagnostic`] from a [`Code`] of the registry and pushes it; nothing here decides what is wrong.
//! [`render`] turns facts into what a person reads, [`json`] into what a machine reads.

pub mod codes;
pub mod json;
mod lines;
mod marks;
pub mod render;

use std::sync::Arc;

use crate::span::Span;

pub use codes::Code;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The policy compiles, and something in it is probably not meant.
    Warning,
    /// The policy does not compile.
    Error,
}

/// A place with what is to be said of it; an empty text only underlines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A short phrase.
    pub text: String,
}

/// A mending edit: replace what stands at `span` by `with`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What to replace; empty to insert.
    pub span: Span,
    /// The new text.
    pub with: Arc<str>,
}

/// One thing that is wrong, or suspicious, with a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Its entry in the registry.
    pub code: Code,
    /// A plain sentence: lower case, no final stop, the author's words in backquotes.
    pub message: String,
    /// The exact text that it is about, first; then what else explains it, in reading order.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub help: Option<String>,
    /// The edit that mends it, where there is one.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A diagnostic about the text at `span`.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        let primary = Label { span, text: String::new() };
        Self { code, message: message.into(), labels: vec![primary], help: None, fix: None }
    }

    /// Says `text` beside the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = self.labels.first_mut() {
            primary.text = text.into();
        }
        self
    }

    /// Points at a further place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Offers an edit.
    #[must_use]
    pub fn fix(mut self, span: Span, with: impl Into<Arc<str>>) -> Self {
        self.fix = Some(Fix { span, with: with.into() });
        self
    }

    /// Error or warning, as the registry says.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The text that it is about.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map(|label| label.span).unwrap_or_default()
    }
}

/// By file, then place, then code; what was found twice is told once.
fn in_order(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut all: Vec<&Diagnostic> = diagnostics.iter().collect();
    all.sort_by_key(|diagnostic| (diagnostic.span(), diagnostic.code));
    all.dedup();
    all
}
