//! Where a rule stands in the text that it was compiled from.

use std::fmt;
use std::sync::Arc;

/// A place in a file. All rules of a file share its name, so that a hundred thousand places are a hundred thousand pairs
/// of numbers.
///
/// ```
/// let place = zt_eval::graph::Place::new("access.zt", 3, 1);
/// assert_eq!(place.to_string(), "access.zt:3:1");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    file: Arc<str>,
    line: u32,
    column: u32,
}

impl Place {
    /// The place at a line and a column, both counted from 1.
    #[must_use]
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column }
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub const fn column(&self) -> u32 {
        self.column
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
