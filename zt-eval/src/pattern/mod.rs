//! Patterns: the right side of `like` and `matches`.
//!
//! Matching takes time linear in the value and never fails: every pattern here is checked when it is made, also when it
//! comes out of a file. `*` crosses anything in text, is one segment in a path and one label in a host.

mod error;
mod glob;
mod host;
mod regex;
mod route;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::value::{Text, Value};

pub use error::PatternError;
pub use glob::Glob;
pub use host::{HostGlob, HostLabel};
pub use regex::Regex;
pub use route::{Route, RouteSegment};

/// A pattern for one kind of value.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Pattern {
    /// `like` on text.
    Glob(Glob),
    /// `like` on a path.
    Route(Route),
    /// `like` on a host.
    HostGlob(HostGlob),
    /// `matches` on text.
    Regex(Regex),
}

impl Pattern {
    /// Whether the value matches; `None` for a kind of value that the pattern is not made for, and where a regex's
    /// automaton gives up.
    #[must_use]
    pub fn matches(&self, value: &Value) -> Option<bool> {
        match (self, value) {
            (Self::Glob(glob), Value::String(text)) => Some(glob.matches(text)),
            (Self::Route(route), Value::Path(path)) => Some(route.matches(path)),
            (Self::HostGlob(glob), Value::Host(host)) => Some(glob.matches(host)),
            (Self::Regex(regex), Value::String(text)) => regex.is_match(text),
            _ => None,
        }
    }

    /// What a route's captures hold when the value matches, in the order of [`Route::names`]; `None` when it does not,
    /// and for any other pattern.
    #[must_use]
    pub fn captures(&self, value: &Value) -> Option<Vec<Text>> {
        match (self, value) {
            (Self::Route(route), Value::Path(path)) => route.captures(path),
            _ => None,
        }
    }

    /// What the route's capture at `index` holds; `None` as for [`captures`](Self::captures).
    #[must_use]
    pub fn capture(&self, value: &Value, index: usize) -> Option<Text> {
        match (self, value) {
            (Self::Route(route), Value::Path(path)) => route.capture(path, index),
            _ => None,
        }
    }
}

/// A character of a pattern's text, once escapes are undone.
enum Token {
    Char(char),
    Star,
    Open,
    Close,
}

/// The tokens of a pattern's text with their byte offsets. The escapes are `\*`, `\\`, `\{` and `\}`.
fn tokens(text: &str) -> impl Iterator<Item = Result<(usize, Token), PatternError>> {
    let mut chars = text.char_indices();
    std::iter::from_fn(move || {
        let (offset, c) = chars.next()?;
        let token = match c {
            '*' => Token::Star,
            '{' => Token::Open,
            '}' => Token::Close,
            '\\' => match chars.next() {
                Some((_, escaped @ ('*' | '\\' | '{' | '}'))) => Token::Char(escaped),
                _ => return Some(Err(PatternError::UnknownEscape { offset })),
            },
            _ => Token::Char(c),
        };
        Some(Ok((offset, token)))
    })
}

/// Writes text so that it comes back as plain characters of a pattern.
fn write_escaped(f: &mut impl std::fmt::Write, text: &str) -> std::fmt::Result {
    text.chars().try_for_each(|c| {
        if matches!(c, '*' | '\\' | '{' | '}') {
            f.write_char('\\')?;
        }
        f.write_char(c)
    })
}
