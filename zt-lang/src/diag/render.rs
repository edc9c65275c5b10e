//! Diagnostics as a person reads them.
//!
//! miette draws; this module decides what is drawn, so that no text of a policy can make a report long or misleading:
//! a label that runs over several lines is drawn on its first, a long line is cut around the label, and characters that
//! drive terminals are replaced. miette draws one source per report: labels in other files follow as notes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::lines::{Lines, printable};
use super::marks::{self, Mark};
use super::{Diagnostic, Fix, Label, Severity, in_order};
use crate::source::Sources;
use crate::span::FileId;

/// How many diagnostics are drawn; the rest are counted.
pub const SHOWN_MAX: usize = 200;

/// A line of more bytes than this is cut around its label.
const LINE_BYTES_MAX: usize = 400;
/// How much of a long line is shown on each side of a label, and of a long label itself.
const CUT_BYTES: usize = 80;
/// Below this miette has no room to wrap.
const WIDTH_MIN: usize = 40;

/// How a report looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RenderOptions {
    /// With ANSI colours.
    pub color: bool,
    /// With box-drawing characters, as against ASCII.
    pub unicode: bool,
    /// Columns to wrap messages at.
    pub width: usize,
    /// With terminal hyperlinks; kept for hosts that have pages to link to, of no effect yet.
    pub links: bool,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { color: false, unicode: true, width: 100, links: false }
    }
}

/// The report on `diagnostics`: each drawn on its source, then how many there are. Empty when there are none.
///
/// ```
/// use zt_lang::diag::{Code, Diagnostic, render::{RenderOptions, render}};
/// use zt_lang::{Sources, span::{FileId, Span}};
///
/// let sources = Sources::single("door.zt", "package door\n\nallow enter: opne");
/// let span = Span::new(FileId(0), 27, 31);
/// let found = Diagnostic::new(Code::UNKNOWN_ACTION, span, "no action `opne`").fix(span, "open");
/// let report = render(&[found], &sources, RenderOptions::default());
/// assert!(report.contains("door.zt:3:14"));
/// assert!(report.contains("help: write `open`"));
/// assert!(report.ends_with("1 error\n`ztc explain E0204` says more\n"));
/// ```
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, options: RenderOptions) -> String {
    let all = in_order(diagnostics);
    let Some(first) = all.iter().find(|d| d.severity() == Severity::Error).or(all.first()) else {
        return String::new();
    };
    let mut report = Report { handler: handler(options), sources, files: BTreeMap::new(), out: String::new() };
    for diagnostic in chosen(&all) {
        report.diagnostic(diagnostic);
    }
    report.out.push_str(&closing(&all, first));
    report.out
}

/// What is drawn of a long list: errors before warnings, each in its place.
fn chosen<'a>(all: &[&'a Diagnostic]) -> Vec<&'a Diagnostic> {
    let errors = all.iter().filter(|d| d.severity() == Severity::Error).count();
    let mut room = [SHOWN_MAX.saturating_sub(errors), SHOWN_MAX];
    let mut take = |severity: Severity| {
        let left = room.get_mut(usize::from(severity == Severity::Error));
        left.is_some_and(|left| std::mem::replace(left, left.saturating_sub(1)) > 0)
    };
    all.iter().copied().filter(|d| take(d.severity())).collect()
}

/// The lines under the last diagnostic.
fn closing(all: &[&Diagnostic], first: &Diagnostic) -> String {
    let hidden = all.len().saturating_sub(SHOWN_MAX);
    let more = if hidden > 0 { format!("and {hidden} more\n") } else { String::new() };
    format!("{more}{}\n`ztc explain {}` says more\n", summary(all), first.code)
}

/// `2 errors, 1 warning`
fn summary(all: &[&Diagnostic]) -> String {
    let count = |severity, one: &str| {
        let n = all.iter().filter(|d| d.severity() == severity).count();
        (n > 0).then(|| format!("{n} {one}{}", if n == 1 { "" } else { "s" }))
    };
    let parts = [count(Severity::Error, "error"), count(Severity::Warning, "warning")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn handler(options: RenderOptions) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if options.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(options.width.max(WIDTH_MIN))
        .with_links(options.links)
        .without_cause_chain()
        .without_syntax_highlighting()
}

struct Report<'a> {
    handler: GraphicalReportHandler,
    sources: &'a Sources,
    files: BTreeMap<FileId, Arc<Lines>>,
    out: String,
}

impl Report<'_> {
    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let mut drawings = self.drawings(diagnostic);
        if let Some(last) = drawings.last_mut() {
            last.help = help(diagnostic, self.sources);
        }
        for drawing in &drawings {
            // Writing to a String does not fail; a label that miette refuses leaves what was written before it.
            let _ = self.handler.render_report(&mut self.out, drawing);
        }
        self.out.push('\n');
    }

    /// The diagnostic on its own file, then a note for each file that it points to besides.
    fn drawings(&mut self, diagnostic: &Diagnostic) -> Vec<Drawing> {
        let home = diagnostic.span().file;
        let mut main = self.drawing(Some(diagnostic), home, &diagnostic.message);
        let mut notes: Vec<Drawing> = Vec::new();
        let (here, elsewhere): (Vec<&Label>, _) = diagnostic.labels.iter().partition(|label| label.span.file == home);
        main.point_at(&here);
        for label in elsewhere {
            let mut note = self.drawing(None, label.span.file, note_text(label));
            note.point_at(&[&Label { text: String::new(), ..label.clone() }]);
            notes.push(note);
        }
        std::iter::once(main).chain(notes).collect()
    }

    fn drawing(&mut self, about: Option<&Diagnostic>, file: FileId, message: &str) -> Drawing {
        let lines = self.files.entry(file).or_insert_with(|| Arc::new(Lines::new(self.sources, file)));
        let view = View { lines: Arc::clone(lines), place: 0..0 };
        let severity = about.map_or(miette::Severity::Advice, |diagnostic| match diagnostic.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        });
        let head = about.map(|diagnostic| match diagnostic.severity() {
            Severity::Error => format!("error[{}]", diagnostic.code),
            Severity::Warning => format!("warning[{}]", diagnostic.code),
        });
        Drawing { head, severity, message: printable(message).into_owned(), labels: Vec::new(), help: None, view }
    }
}

fn note_text(label: &Label) -> &str {
    if label.text.is_empty() { "see here" } else { &label.text }
}

/// The advice, and the edit in words unless the advice has it already.
fn help(diagnostic: &Diagnostic, sources: &Sources) -> Option<String> {
    let edit = diagnostic.fix.as_ref().map(|fix| edit_in_words(fix, sources));
    let text = match (&diagnostic.help, edit) {
        (Some(help), Some(edit)) if !mentions(help, diagnostic.fix.as_ref()) => format!("{help}\n{edit}"),
        (Some(help), _) => help.clone(),
        (None, edit) => edit?,
    };
    Some(printable(&text).into_owned())
}

fn mentions(help: &str, fix: Option<&Fix>) -> bool {
    fix.is_some_and(|fix| match fix.with.trim() {
        "" => help.contains("remove") || help.contains("leave"),
        with => help.contains(with),
    })
}

fn edit_in_words(fix: &Fix, sources: &Sources) -> String {
    let old = sources.text(fix.span).trim();
    match (old, fix.with.trim()) {
        ("", new) => format!("add {}", quoted(new)),
        (old, "") => format!("remove {}", quoted(old)),
        (_, new) => format!("write {}", quoted(new)),
    }
}

/// In backquotes, which text that brings its own does not get twice.
fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains('`') { Cow::Borrowed(text) } else { Cow::Owned(format!("`{text}`")) }
}

/// One call of miette: a message on one file.
struct Drawing {
    head: Option<String>,
    severity: miette::Severity,
    message: String,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
    view: View,
}

impl Drawing {
    /// Draws these labels; the first says where the report is.
    fn point_at(&mut self, labels: &[&Label]) {
        let lines = &self.view.lines;
        let asked = labels.iter().map(|label| Mark {
            range: self.view.visible(lines.range(label.span)),
            text: printable(&label.text).into_owned(),
            primary: false,
        });
        let mut asked: Vec<Mark> = asked.collect();
        if let (Some(first), Some(label)) = (asked.first_mut(), labels.first()) {
            first.primary = true;
            self.view.place.start = lines.range(label.span).start;
        }
        let marks = marks::apart(asked, lines);
        self.view.place.end = marks.iter().find(|mark| mark.primary).map_or(0, |mark| mark.range.start);
        self.labels = marks.into_iter().map(Mark::labelled).collect();
    }
}

impl fmt::Debug for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawing {}

impl miette::Diagnostic for Drawing {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.head.as_ref().map(|head| Box::new(head) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.view)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// A file as miette reads it.
struct View {
    lines: Arc<Lines>,
    /// Where the report is, then where its primary label was drawn; the two differ when labels had to be moved.
    place: Range<usize>,
}

impl View {
    /// What is drawn of a label: its part of its first line, and of that a bounded piece. A label behind the last line
    /// break, where there is nothing to point at, moves to the end of the line before.
    fn visible(&self, range: Range<usize>) -> Range<usize> {
        let lines = &self.lines;
        let mut line = lines.line_of(range.start);
        if line > 0 && lines.line(line).is_empty() && line == lines.last() {
            line -= 1;
        }
        let line = lines.line(line);
        let long = line.len() > LINE_BYTES_MAX;
        let start = range.start.min(line.end);
        let end = range.end.clamp(start, line.end);
        let unbroken = long || lines.start_of(lines.last()) <= line.start;
        if start == end && end == line.end && unbroken {
            // Nothing follows that an arrow could point at.
            return lines.floor(end.saturating_sub(1)).max(line.start)..end;
        }
        start..if long { lines.floor(end.min(start + CUT_BYTES)) } else { end }
    }

    /// The whole lines that miette asks for, or the neighbourhood of the label on a long line.
    fn excerpt(&self, span: Range<usize>, before: usize, after: usize) -> Option<(Range<usize>, usize)> {
        let lines = &self.lines;
        let (first, last) = (lines.line_of(span.start), lines.line_of(span.end));
        let (from, to) = (first.saturating_sub(before), (last + after).min(lines.last()));
        let whole = lines.start_of(from)..lines.start_of(to + 1);
        if (from..=to).all(|line| lines.line(line).len() <= LINE_BYTES_MAX) {
            return Some((whole, 0));
        }
        // Labels that are far apart are drawn apart.
        let near = span.len() <= LINE_BYTES_MAX && first == last;
        near.then(|| {
            let line = lines.line(first);
            let start = lines.floor(span.start.saturating_sub(CUT_BYTES)).max(line.start);
            let end = lines.floor(span.end + CUT_BYTES).min(line.end).max(span.end);
            (start..end, lines.place(start).column - 1)
        })
    }
}

impl View {
    /// What miette reads to say where a label is.
    fn told(&self, asked: Range<usize>) -> Box<dyn SpanContents<'_> + '_> {
        let offset = if asked.start == self.place.end { self.place.start } else { asked.start };
        let place = self.lines.place(offset);
        self.contents(asked, place.line - 1, place.column - 1, 1)
    }

    fn contents(
        &self,
        range: Range<usize>,
        line: usize,
        column: usize,
        count: usize,
    ) -> Box<dyn SpanContents<'_> + '_> {
        let data = self.lines.slice(range.clone()).as_bytes();
        let kept = SourceSpan::from((range.start, data.len()));
        Box::new(MietteSpanContents::new_named(self.lines.name.to_string(), data, kept, line, column, count))
    }
}

impl SourceCode for View {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let lines = &self.lines;
        let asked = span.offset()..span.offset() + span.len();
        if (before, after) == (0, 0) {
            return Ok(self.told(asked));
        }
        let (range, column) = self.excerpt(asked, before, after).ok_or(MietteError::OutOfBounds)?;
        let (from, to) = (lines.line_of(range.start), lines.line_of(range.end.saturating_sub(1).max(range.start)));
        Ok(self.contents(range, from, column, to - from + 1))
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
