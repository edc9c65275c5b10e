//! What can be wrong with a pattern's text.

use std::fmt;

/// Why text is no pattern. Offsets are in bytes of the pattern's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PatternError {
    /// A backslash before something that has no special meaning.
    UnknownEscape {
        /// Of the backslash.
        offset: usize,
    },
    /// A brace in a pattern for text, which has no captures.
    BraceInText {
        /// Of the brace.
        offset: usize,
    },
    /// A route that does not start with `/`.
    NoLeadingSlash,
    /// Nothing between two slashes of a route.
    EmptySegment {
        /// Of the second slash.
        offset: usize,
    },
    /// A wildcard or a brace beside other text in a segment or label.
    PartialWildcard {
        /// Of the wildcard or brace.
        offset: usize,
    },
    /// A second `**` in a route.
    SecondRest {
        /// Of the second one.
        offset: usize,
    },
    /// A capture whose name is none.
    CaptureName {
        /// Of the name.
        offset: usize,
    },
    /// A name that an earlier capture has already.
    DuplicateCapture {
        /// The name.
        name: String,
        /// Of the second one.
        offset: usize,
    },
    /// Segment text that no canonical path has.
    Segment {
        /// Of the segment.
        offset: usize,
    },
    /// A label that no canonical host has.
    Label {
        /// Of the label.
        offset: usize,
    },
    /// Text for a host that no canonical host can match as a whole.
    Host,
}

impl PatternError {
    /// Where in the pattern's text the mistake is, in bytes; `None` when it is about the whole.
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        match self {
            Self::UnknownEscape { offset }
            | Self::BraceInText { offset }
            | Self::EmptySegment { offset }
            | Self::PartialWildcard { offset }
            | Self::SecondRest { offset }
            | Self::CaptureName { offset }
            | Self::DuplicateCapture { offset, .. }
            | Self::Segment { offset }
            | Self::Label { offset } => Some(*offset),
            Self::NoLeadingSlash | Self::Host => None,
        }
    }

    /// How to mend it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::UnknownEscape { .. } => r"a pattern knows `\*`, `\\`, `\{` and `\}`",
            Self::BraceInText { .. } => r"only routes of a `Path` capture; write `\{` or `\}` for the character",
            Self::NoLeadingSlash => "begin the route with `/`",
            Self::EmptySegment { .. } => "write a single `/` between segments: a path with `//` is never canonical",
            Self::PartialWildcard { .. } => {
                r"`*`, `**` and `{name}` stand for whole parts; write `\*` for the character"
            }
            Self::SecondRest { .. } => "keep one `**`, and write `*` for each single segment",
            Self::CaptureName { .. } => "name it with letters, digits and `_`, beginning with a letter",
            Self::DuplicateCapture { .. } => "give each capture its own name",
            Self::Segment { .. } => {
                "write the segment as it stands in a URL, without dot segments and control characters"
            }
            Self::Label { .. } => "a label has 1 to 63 ASCII letters, digits, `-` or `_`",
            Self::Host => "write the host without port and trailing dot, at most 253 characters long",
        }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownEscape { .. } => f.write_str("this escape means nothing in a pattern"),
            Self::BraceInText { .. } => f.write_str("a pattern for text has no captures"),
            Self::NoLeadingSlash => f.write_str("a route starts with `/`"),
            Self::EmptySegment { .. } => f.write_str("a segment of the route is empty"),
            Self::PartialWildcard { .. } => f.write_str("a wildcard beside other text"),
            Self::SecondRest { .. } => f.write_str("a route has at most one `**`"),
            Self::CaptureName { .. } => f.write_str("a capture needs a name"),
            Self::DuplicateCapture { name, .. } => write!(f, "`{name}` is captured twice"),
            Self::Segment { .. } => f.write_str("no canonical path has this segment"),
            Self::Label { .. } => f.write_str("no canonical host has this label"),
            Self::Host => f.write_str("no canonical host matches this"),
        }
    }
}

impl std::error::Error for PatternError {}
