//! The text of a policy: named files, held once, pointed into by spans.

use std::sync::Arc;

use zt_eval::graph::Place;

use crate::span::{FileId, Span};

/// One file's name and text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// How messages call it; usually its path.
    pub name: Arc<str>,
    /// Its text; empty when the bytes were not UTF-8.
    pub text: Arc<str>,
    /// Offset of the first byte that is not UTF-8, if any.
    pub invalid_at: Option<usize>,
    /// Offsets of the first byte of each line.
    line_starts: Arc<[u32]>,
}

impl SourceFile {
    /// Line and column of an offset, both counted from 1, columns in characters.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|&start| start as usize <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).map_or(0, |&start| start as usize);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        (line, column)
    }
}

/// The files that make a policy. The built-in library joins them under names such as `zt/http.zt`.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl FromIterator<SourceFile> for Sources {
    fn from_iter<I: IntoIterator<Item = SourceFile>>(files: I) -> Self {
        Self { files: files.into_iter().collect() }
    }
}

impl Sources {
    /// No files yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sources of a single file.
    ///
    /// ```
    /// let sources = zt_lang::Sources::single("door.zt", "package door");
    /// assert_eq!(sources.iter().count(), 1);
    /// ```
    #[must_use]
    pub fn single(name: &str, text: &str) -> Self {
        let mut sources = Self::new();
        sources.add(name, text.as_bytes());
        sources
    }

    /// Adds a file; bytes that are not UTF-8 become a diagnostic of the parser.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let (text, invalid_at) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => ("", Some(error.valid_up_to())),
        };
        let behind_breaks = text.bytes().zip(1_u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
        let line_starts = std::iter::once(0).chain(behind_breaks).collect();
        self.files.push(SourceFile { name: name.into(), text: text.into(), invalid_at, line_starts });
        id
    }

    /// The files in order, with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// A file by id.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The text at a span; empty when the span is of no file here.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).and_then(|file| file.text.get(span.range())).unwrap_or("")
    }

    /// The place of a span's start as `name:line:column`, both counted from 1, columns in characters.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        self.start(span).map(|place| place.to_string()).unwrap_or_default()
    }

    /// The place of a span's start, if it is of a file here.
    #[must_use]
    pub fn start(&self, span: Span) -> Option<Place> {
        let file = self.get(span.file)?;
        let (line, column) = file.line_column(span.start as usize);
        // A file is no longer than offsets reach.
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Some(Place::new(file.name.clone(), number(line), number(column)))
    }
}
