//! The stages of compiling, one value each.

use std::collections::BTreeSet;
use std::fmt;

use zt_eval::Limits;
use zt_eval::value::Duration;

use crate::diag::{Code, Diagnostic, Severity};
use crate::package::{assemble, used_library};
use crate::resolve::resolve;
use crate::source::Sources;
use crate::span::{FileId, Span};
use crate::syntax::{self, SyntaxLimits, ast};
use crate::{hir, library, lint, lower, typecheck};

/// What compiling depends on besides the text.
#[derive(Clone, Debug)]
pub struct Options {
    /// Limits of the text.
    pub syntax: SyntaxLimits,
    /// Limits of the compiled policy and of what it reads.
    pub limits: Limits,
    /// How far in the future evidence may be established, against clocks that differ.
    pub clock_skew: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { syntax: SyntaxLimits::default(), limits: Limits::default(), clock_skew: Duration::from_millis(60_000) }
    }
}

/// Diagnostics with the text that they are about.
#[derive(Clone, Debug)]
pub struct Report {
    /// The files, the built-in packages that are used included.
    pub sources: Sources,
    /// What was found, in order of place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.diagnostics {
            let place = self.sources.place(diagnostic.span());
            writeln!(f, "{place}: {}: {}", diagnostic.code, diagnostic.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// Files as trees. Parsing never fails: what could not be read has a diagnostic instead.
#[derive(Debug)]
pub struct Parsed {
    sources: Sources,
    files: Vec<(FileId, ast::File)>,
    diagnostics: Vec<Diagnostic>,
    options: Options,
}

/// Parses all files, and the packages of the built-in library that they use.
#[must_use]
pub fn parse(sources: Sources, options: &Options) -> Parsed {
    let mut parsed = Parsed { sources, files: Vec::new(), diagnostics: Vec::new(), options: options.clone() };
    let mut known = BTreeSet::new();
    let mut next = 0;
    loop {
        let pending: Vec<FileId> = parsed.sources.iter().map(|(id, _)| id).skip(next).collect();
        if pending.is_empty() {
            return parsed;
        }
        next += pending.len();
        for id in pending {
            parsed.file(id);
        }
        for name in used_library(parsed.files.iter().map(|(_, file)| file)) {
            let text = library::find(&name);
            if let Some((file, text)) = text.filter(|_| known.insert(name)) {
                parsed.sources.add(file, text.as_bytes());
            }
        }
    }
}

impl Parsed {
    fn file(&mut self, id: FileId) {
        let Some(source) = self.sources.get(id) else { return };
        if let Some(offset) = source.invalid_at {
            let message =
                format!("the file is not UTF-8 text: the byte at offset {offset} does not belong to any character");
            let help = "save the file as UTF-8";
            self.diagnostics.push(Diagnostic::new(Code::NOT_UTF8, Span::new(id, 0, 0), message).help(help));
            return;
        }
        let (file, diagnostics) = syntax::parse(id, &source.text, &self.options.syntax);
        self.diagnostics.extend(diagnostics);
        self.files.push((id, file));
    }

    /// What the parser found.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The text of the files.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The files' trees.
    #[must_use]
    pub fn files(&self) -> &[(FileId, ast::File)] {
        &self.files
    }

    /// Resolves names and checks types.
    ///
    /// # Errors
    ///
    /// Everything that was found, if any of it is an error.
    pub fn typecheck(self) -> Result<Checked, Report> {
        let Self { sources, files, mut diagnostics, options } = self;
        // A file without items has said nothing that could be checked; what it has instead was reported.
        let packages = assemble(&files, &mut diagnostics);
        let mut resolved = resolve(packages, &mut diagnostics);
        let hir = typecheck::check(&mut resolved, &sources, &options.limits, options.clock_skew, &mut diagnostics);
        if !diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error) {
            lint::lint(&resolved, &hir, &mut diagnostics);
        }
        drop(resolved);
        leave_out_echoes(&sources, &files, &mut diagnostics);
        let report = sorted(sources, diagnostics);
        if report.has_errors() {
            return Err(report);
        }
        Ok(Checked { hir, report, options })
    }
}

/// Codes that say that a name is not known.
const UNKNOWN_NAMES: &[Code] = &[
    Code::UNKNOWN_NAME,
    Code::UNKNOWN_TYPE,
    Code::UNKNOWN_ACTION,
    Code::UNKNOWN_SOURCE,
    Code::UNKNOWN_OBLIGATION,
    Code::UNKNOWN_FUNCTION,
    Code::UNKNOWN_RULE,
    Code::UNKNOWN_MEMBER,
    Code::UNKNOWN_ATTRIBUTE,
    Code::CANNOT_INFER,
];

/// A name that stands in an item that could not be parsed may be declared there: that it is unknown is no news.
fn leave_out_echoes(sources: &Sources, files: &[(FileId, ast::File)], diagnostics: &mut Vec<Diagnostic>) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let broken = files.iter().flat_map(|(_, file)| &file.broken);
    let words: BTreeSet<&str> = broken.flat_map(|span| sources.text(*span).split(|c| !is_word(c))).collect();
    if words.is_empty() {
        return;
    }
    diagnostics.retain(|diagnostic| {
        let mut named = sources.text(diagnostic.span()).split(|c| !is_word(c)).filter(|word| !word.is_empty());
        !(UNKNOWN_NAMES.contains(&diagnostic.code) && named.any(|word| words.contains(word)))
    });
}

pub(crate) fn sorted(sources: Sources, mut diagnostics: Vec<Diagnostic>) -> Report {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span(), diagnostic.code));
    Report { sources, diagnostics }
}

/// A policy that is well-typed, with the warnings about it.
#[derive(Clone, Debug)]
pub struct Checked {
    hir: hir::Policy,
    report: Report,
    options: Options,
}

impl Checked {
    /// The typed policy.
    #[must_use]
    pub fn hir(&self) -> &hir::Policy {
        &self.hir
    }

    /// The warnings, with the text that they are about.
    #[must_use]
    pub fn warnings(&self) -> &Report {
        &self.report
    }

    /// The text of the files.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.report.sources
    }

    /// The limits that it was checked with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// Compiles to a decision graph.
    ///
    /// # Errors
    ///
    /// When the graph would be larger than a limit: the diagnostic names limit, usage and place.
    pub fn lower(&self) -> Result<zt_eval::Policy, Report> {
        lower::lower(&self.hir, &self.options.limits).map_err(|error| {
            let diagnostic = Diagnostic::new(Code::TOO_LARGE, error.span(), error.to_string())
                .help("split the condition, or call functions with many uses of their arguments less often");
            sorted(self.report.sources.clone(), vec![diagnostic])
        })
    }
}
