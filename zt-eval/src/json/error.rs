//! What can be wrong with JSON text.

use std::fmt;

/// A mistake in JSON text and its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JsonError {
    /// Bytes before the mistake.
    pub offset: usize,
    /// The mistake.
    pub kind: JsonErrorKind,
}

/// The kinds of mistakes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonErrorKind {
    /// A byte that cannot stand there.
    UnexpectedByte(u8),
    /// The text ends within a value.
    EndOfText,
    /// Objects and arrays nest too deep.
    DepthLimit {
        /// How deep they may.
        limit: u32,
    },
    /// A string that is not UTF-8.
    InvalidUtf8,
    /// A backslash before something that JSON does not escape.
    BadEscape,
    /// Half of a surrogate pair.
    LoneSurrogate,
    /// A control character in a string, which JSON wants escaped.
    ControlCharacter,
    /// A number that is not in JSON's grammar.
    BadNumber,
    /// Something behind the document.
    TrailingData,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl fmt::Display for JsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedByte(byte) if byte.is_ascii_graphic() => {
                write!(f, "unexpected `{}`", char::from(*byte))
            }
            Self::UnexpectedByte(byte) => write!(f, "unexpected byte 0x{byte:02x}"),
            Self::EndOfText => f.write_str("the text ends within a value"),
            Self::DepthLimit { limit } => write!(f, "nested deeper than the limit of {limit}"),
            Self::InvalidUtf8 => f.write_str("text is not UTF-8"),
            Self::BadEscape => f.write_str("unknown escape"),
            Self::LoneSurrogate => f.write_str("half of a surrogate pair"),
            Self::ControlCharacter => f.write_str("unescaped control character"),
            Self::BadNumber => f.write_str("malformed number"),
            Self::TrailingData => f.write_str("unexpected text behind the document"),
        }
    }
}

impl std::error::Error for JsonError {}
