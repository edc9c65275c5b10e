//! Diagnostics as a machine reads them: one flat object each, in the order in which a person reads them.
//!
//! Everything is listed; only [`render`](super::render) stops at a limit.

use std::collections::BTreeMap;

use serde::Serialize;

use super::lines::Lines;
use super::{Diagnostic, Label, Severity, in_order};
use crate::source::Sources;
use crate::span::{FileId, Span};

/// A diagnostic.
///
/// ```
/// use zt_lang::diag::{Code, Diagnostic, json::json};
/// use zt_lang::{Sources, span::{FileId, Span}};
///
/// let sources = Sources::single("door.zt", "package door\n\nallow enter: opne");
/// let span = Span::new(FileId(0), 27, 31);
/// let found = Diagnostic::new(Code::UNKNOWN_ACTION, span, "no action `opne`").fix(span, "open");
/// let text = serde_json::to_string(&json(&[found], &sources)).unwrap();
/// assert!(text.starts_with(r#"[{"code":"E0204","severity":"error","message":"no action `opne`","labels":[{"file":"door.zt""#));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct JsonDiagnostic {
    /// The code, such as `E0301`.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// The places; what the diagnostic is about comes first.
    pub labels: Vec<JsonLabel>,
    /// How to mend it.
    pub help: Option<String>,
    /// The edit that mends it.
    pub fix: Option<JsonFix>,
}

/// A place, and what is to be said of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct JsonLabel {
    /// Where.
    #[serde(flatten)]
    pub place: JsonPlace,
    /// A short phrase; may be empty.
    pub text: String,
}

/// Replace what stands at the place by `with`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct JsonFix {
    /// What to replace; of no length to insert.
    #[serde(flatten)]
    pub place: JsonPlace,
    /// The new text.
    pub with: String,
}

/// A range of a file: `start..end` in bytes from 0, and its ends as lines and columns (in characters) from 1.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the type's own documentation says it")]
pub struct JsonPlace {
    pub file: String,
    pub start: usize,
    pub end: usize,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// The diagnostics in serialisable form, sorted by place.
#[must_use]
pub fn json(diagnostics: &[Diagnostic], sources: &Sources) -> Vec<JsonDiagnostic> {
    let mut files = Files { sources, lines: BTreeMap::new() };
    in_order(diagnostics).into_iter().map(|diagnostic| files.diagnostic(diagnostic)).collect()
}

struct Files<'a> {
    sources: &'a Sources,
    lines: BTreeMap<FileId, Lines>,
}

impl Files<'_> {
    fn diagnostic(&mut self, diagnostic: &Diagnostic) -> JsonDiagnostic {
        JsonDiagnostic {
            code: diagnostic.code.id(),
            severity: match diagnostic.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            message: diagnostic.message.clone(),
            labels: diagnostic.labels.iter().map(|label| self.label(label)).collect(),
            help: diagnostic.help.clone(),
            fix: diagnostic.fix.as_ref().map(|fix| JsonFix { place: self.place(fix.span), with: fix.with.to_string() }),
        }
    }

    fn label(&mut self, label: &Label) -> JsonLabel {
        JsonLabel { place: self.place(label.span), text: label.text.clone() }
    }

    fn place(&mut self, span: Span) -> JsonPlace {
        let lines = self.lines.entry(span.file).or_insert_with(|| Lines::new(self.sources, span.file));
        let range = lines.range(span);
        let (first, last) = (lines.place(range.start), lines.place(range.end));
        JsonPlace {
            file: self.sources.get(span.file).map(|file| file.name.to_string()).unwrap_or_default(),
            start: range.start,
            end: range.end,
            line: first.line,
            column: first.column,
            end_line: last.line,
            end_column: last.column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;

    #[test]
    fn places_are_for_people_and_for_editors() {
        let sources = Sources::single("a.zt", "package a\n  // é x\n");
        let span = Span::new(FileId(0), 18, 19);
        let found = json(&[Diagnostic::new(Code::SYNTAX, span, "wrong").label("here").help("mend it")], &sources);
        let place = found[0].labels[0].place.clone();
        assert_eq!((place.start, place.end, place.line, place.column), (18, 19, 2, 8));
        assert_eq!((place.end_line, place.end_column), (2, 9));
        assert_eq!(found[0].help.as_deref(), Some("mend it"));
        assert_eq!(found[0].severity, "error");
    }

    #[test]
    fn a_span_of_no_file_is_no_panic() {
        let found = json(&[Diagnostic::new(Code::UNUSED, Span::new(FileId(9), 5, 7), "unused")], &Sources::new());
        assert_eq!(found[0].severity, "warning");
        assert_eq!(found[0].labels[0].place.line, 1);
    }
}
