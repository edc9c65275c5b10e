//! Routes: patterns for paths, by whole segments.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{PatternError, Token, tokens, write_escaped};
use crate::value::{Path, Text, decode_segment, write_segment};

/// A pattern for a path. A segment is literal (percent-decoded as paths are), `*` (any one segment that is not empty),
/// `{name}` (the same, captured), or, once, `**` (any number of segments, also none).
///
/// ```
/// use zt_eval::pattern::Route;
/// use zt_eval::value::Path;
///
/// let route = Route::parse("/users/{uid}/orders/**").unwrap();
/// let path = Path::parse("/users/ann/orders/7/items").unwrap();
/// assert_eq!(route.capture(&path, 0).as_deref(), Some("ann"));
/// assert!(!route.matches(&Path::parse("/users/ann").unwrap()));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Route {
    /// What leads a path, or all of it when there is no tail.
    head: Vec<RouteSegment>,
    /// What ends a path, behind `**`.
    tail: Option<Vec<RouteSegment>>,
}

/// One segment of a route.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RouteSegment {
    /// This decoded text; empty for a trailing slash, as the last segment only.
    Literal(Arc<str>),
    /// Any segment that is not empty.
    Any,
    /// Any segment that is not empty, by name.
    Capture(Arc<str>),
}

impl Route {
    /// The route that the text states.
    ///
    /// # Errors
    ///
    /// As [`PatternError`] lists them.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let body = text.strip_prefix('/').ok_or(PatternError::NoLeadingSlash)?;
        let mut route = Self { head: Vec::new(), tail: None };
        let mut offset = 1;
        for raw in body.split('/') {
            let is_last = offset + raw.len() == text.len();
            route.push(raw, offset, is_last)?;
            offset += raw.len() + 1;
        }
        Ok(route)
    }

    fn push(&mut self, raw: &str, offset: usize, is_last: bool) -> Result<(), PatternError> {
        if raw == "**" {
            let second = self.tail.replace(Vec::new()).is_some();
            return if second { Err(PatternError::SecondRest { offset }) } else { Ok(()) };
        }
        if raw.is_empty() && !is_last {
            return Err(PatternError::EmptySegment { offset });
        }
        let segment = parse_segment(raw, offset)?;
        if let RouteSegment::Capture(name) = &segment
            && self.names().any(|earlier| earlier == &**name)
        {
            return Err(PatternError::DuplicateCapture { name: name.to_string(), offset: offset + 1 });
        }
        self.tail.as_mut().unwrap_or(&mut self.head).push(segment);
        Ok(())
    }

    /// Whether the path matches.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        let mut texts = path.segments();
        let head_matches = self.head.iter().all(|segment| texts.next().is_some_and(|text| segment.matches(text)));
        head_matches
            && match &self.tail {
                None => texts.next().is_none(),
                // What the head has taken is gone from the iterator, so the two cannot overlap.
                Some(tail) => {
                    tail.iter().rev().all(|segment| texts.next_back().is_some_and(|text| segment.matches(text)))
                }
            }
    }

    /// What the captures hold, in the order of [`names`](Self::names); `None` when the path does not match.
    #[must_use]
    pub fn captures(&self, path: &Path) -> Option<Vec<Text>> {
        self.matches(path).then(|| self.captured(path).map(Text::from).collect())
    }

    /// What the capture at `index` of [`names`](Self::names) holds; `None` when there is none or the path does not match.
    #[must_use]
    pub fn capture(&self, path: &Path, index: usize) -> Option<Text> {
        if !self.matches(path) {
            return None;
        }
        self.captured(path).nth(index).map(Text::from)
    }

    /// The captured segments of a path that matches.
    fn captured<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a str> {
        let tail = self.tail.as_deref().unwrap_or_default();
        let before_tail = path.segments().count().saturating_sub(tail.len());
        let head = self.head.iter().zip(path.segments());
        let pairs = head.chain(tail.iter().zip(path.segments().skip(before_tail)));
        pairs.filter_map(|(segment, text)| matches!(segment, RouteSegment::Capture(_)).then_some(text))
    }

    /// The captures' names from left to right; they are distinct.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.head.iter().chain(self.tail.iter().flatten()).filter_map(|segment| match segment {
            RouteSegment::Capture(name) => Some(&**name),
            RouteSegment::Literal(_) | RouteSegment::Any => None,
        })
    }

    /// The segments before `**`, or all of them.
    #[must_use]
    pub fn head(&self) -> &[RouteSegment] {
        &self.head
    }

    /// The segments behind `**`; `None` when the route has none, and so matches paths of exactly the head's length.
    #[must_use]
    pub fn tail(&self) -> Option<&[RouteSegment]> {
        self.tail.as_deref()
    }
}

impl RouteSegment {
    /// Whether a decoded segment matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => &**literal == text,
            Self::Any | Self::Capture(_) => !text.is_empty(),
        }
    }
}

fn parse_segment(raw: &str, offset: usize) -> Result<RouteSegment, PatternError> {
    if raw == "*" {
        return Ok(RouteSegment::Any);
    }
    let name = raw.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if let Some(name) = name.filter(|name| !name.contains(['{', '}', '\\', '*'])) {
        let error = PatternError::CaptureName { offset: offset + 1 };
        return if is_name(name) { Ok(RouteSegment::Capture(name.into())) } else { Err(error) };
    }
    let mut literal = String::with_capacity(raw.len());
    for token in tokens(raw) {
        match token.map_err(|error| shifted(error, offset))? {
            (_, Token::Char(c)) => literal.push(c),
            (at, _) => {
                return Err(PatternError::PartialWildcard { offset: offset + at });
            }
        }
    }
    let decoded = decode_segment(&literal).ok_or(PatternError::Segment { offset })?;
    Ok(RouteSegment::Literal(decoded.into()))
}

/// The tokens of a segment count from its start; the only error among them is a bad escape.
fn shifted(error: PatternError, by: usize) -> PatternError {
    match error {
        PatternError::UnknownEscape { offset } => PatternError::UnknownEscape { offset: offset + by },
        other => other,
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl TryFrom<String> for Route {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Route> for String {
    fn from(route: Route) -> Self {
        route.to_string()
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |f: &mut fmt::Formatter<'_>, segment: &RouteSegment| write!(f, "/{segment}");
        self.head.iter().try_for_each(|segment| write(f, segment))?;
        let Some(tail) = &self.tail else {
            return Ok(());
        };
        f.write_str("/**")?;
        tail.iter().try_for_each(|segment| write(f, segment))
    }
}

impl fmt::Display for RouteSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Capture(name) => write!(f, "{{{name}}}"),
            Self::Literal(text) => write_segment(&mut Escaping(f), text),
        }
    }
}

/// Escapes what is written to it.
struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        write_escaped(self.0, part)
    }
}
