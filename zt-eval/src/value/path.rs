//! URL paths in one form.
//!
//! Servers disagree on dot segments, doubled and encoded slashes, backslashes and bad escapes. A path with any of these
//! is no value at all, so that a policy never judges another path than the server serves.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::Text;

/// A canonical URL path, percent-decoded once.
///
/// ```
/// use zt_eval::value::Path;
///
/// let path = Path::parse("/files/a%20b/").unwrap();
/// assert_eq!(path.as_str(), "/files/a b/");
/// assert_eq!(path.segments().collect::<Vec<_>>(), ["files", "a b", ""]);
/// assert_eq!(Path::parse("/files/%2e%2e/secret"), None);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Path(Text);

impl Path {
    /// The path that the text of a URL states. `None` unless it starts with `/`; for `?`, `#`, `\`, control characters,
    /// an empty segment other than the last, an encoded slash, backslash or control character, a bad escape, text that
    /// is not UTF-8 once decoded, and a segment that is `.` or `..`, also before `;`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if is_plain(text) { Some(Self(text.into())) } else { Self::parse_segments(text) }
    }

    fn parse_segments(text: &str) -> Option<Self> {
        let segments: Option<Vec<_>> = text.strip_prefix('/')?.split('/').map(decode_segment).collect();
        let segments = segments?;
        let (_, before_last) = segments.split_last()?;
        if before_last.iter().any(String::is_empty) {
            return None;
        }
        let decoded: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
        Some(Self(decoded.into()))
    }

    /// The decoded text. A `?`, `#` or `%` in it is data of a segment; `/` only separates.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The decoded segments. After a trailing slash the last one is empty; every other has text.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.strip_prefix('/').unwrap_or_default().split('/')
    }

    /// Whether `prefix` leads this path by whole segments: `/a` leads `/a`, `/a/` and `/a/b` but not `/ab`. A prefix with
    /// a trailing slash leads what lies below it: `/a/` leads `/a/` and `/a/b` but not `/a`.
    #[must_use]
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0
            .strip_prefix(&*prefix.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.0.ends_with('/'))
    }
}

/// Whether the text can be seen at a glance to be canonical as it is: of letters and digits mostly, without segments that
/// are empty before the last or that start with a dot.
fn is_plain(text: &str) -> bool {
    let mut after_slash = false;
    let is_plain = |byte| match byte {
        b'/' | b'.' if after_slash => false,
        b'/' | b'.' | b'-' | b'_' | b'~' | b':' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
            after_slash = byte == b'/';
            true
        }
        _ => false,
    };
    text.starts_with('/') && text.bytes().all(is_plain)
}

/// One segment of a URL path, percent-decoded; `None` where it has no canonical form.
pub(crate) fn decode_segment(raw: &str) -> Option<String> {
    if raw.contains(['?', '#']) {
        return None;
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        let decoded = if byte == b'%' { hex(rest.next()?)? << 4 | hex(rest.next()?)? } else { byte };
        bytes.push(decoded);
    }
    let segment = String::from_utf8(bytes).ok()?;
    let before_parameters = segment.split(';').next().unwrap_or_default();
    let is_dots = matches!(before_parameters, "." | "..");
    let has_banned = segment.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'));
    if is_dots || has_banned { None } else { Some(segment) }
}

/// Writes a decoded segment so that [`decode_segment`] gives it back.
pub(crate) fn write_segment(f: &mut impl fmt::Write, segment: &str) -> fmt::Result {
    segment.chars().try_for_each(|c| match c {
        '%' => f.write_str("%25"),
        '?' => f.write_str("%3F"),
        '#' => f.write_str("%23"),
        _ => f.write_char(c),
    })
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl TryFrom<String> for Path {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a canonical path")
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.to_string()
    }
}

impl fmt::Display for Path {
    /// Encoded as in a URL as far as parsing it back needs: `%`, `?` and `#`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments().try_for_each(|segment| {
            f.write_str("/")?;
            write_segment(f, segment)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_is_what_its_segments_say(text in "/?[a.:/%;2F-]{0,12}") {
            prop_assert_eq!(Path::parse(&text), Path::parse_segments(&text));
        }
    }
}
