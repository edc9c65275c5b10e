//! Globs over text.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{PatternError, Token, tokens, write_escaped};

/// A pattern for text: `*` is any run of characters, also none; everything else is itself.
///
/// ```
/// use zt_eval::pattern::Glob;
///
/// let browser = Glob::parse("Mozilla/*MSIE*").unwrap();
/// assert!(browser.matches("Mozilla/4.0 (compatible; MSIE 6.0)"));
/// assert!(!browser.matches("curl/8"));
/// assert!(Glob::parse(r"100\*").unwrap().matches("100*"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob {
    /// The text between stars; only the first and the last may be empty.
    pieces: Vec<String>,
}

impl Glob {
    /// The glob that the text states.
    ///
    /// # Errors
    ///
    /// For a brace without a backslash (only routes capture) and for a backslash before anything but `*`, `\`, `{`, `}`.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut done = Vec::new();
        let mut piece = String::new();
        for token in tokens(text) {
            match token? {
                (_, Token::Char(c)) => piece.push(c),
                (offset, Token::Open | Token::Close) => {
                    return Err(PatternError::BraceInText { offset });
                }
                // The second of two stars adds nothing.
                (_, Token::Star) if piece.is_empty() && !done.is_empty() => {}
                (_, Token::Star) => done.push(std::mem::take(&mut piece)),
            }
        }
        done.push(piece);
        Ok(Self { pieces: done })
    }

    /// Whether the whole text matches.
    ///
    /// Linear: what stands between two stars is sought leftmost, and the search never goes back. A later place could
    /// only leave less text for the pieces behind.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (prefix, middle, suffix) = match self.pieces.as_slice() {
            [exact] => return text == exact,
            [prefix, middle @ .., suffix] => (prefix, middle, suffix),
            [] => return false,
        };
        let between = text.strip_prefix(&**prefix).and_then(|rest| rest.strip_suffix(&**suffix));
        let Some(mut rest) = between else {
            return false;
        };
        middle.iter().all(|piece| match rest.split_once(&**piece) {
            Some((_, behind)) => {
                rest = behind;
                true
            }
            None => false,
        })
    }

    /// The text between stars, for a code generator: one piece is the whole text; of several the first is a prefix, the
    /// last a suffix (both possibly empty), and the others (never empty) occur between them in this order.
    #[must_use]
    pub fn pieces(&self) -> &[String] {
        &self.pieces
    }
}

impl TryFrom<String> for Glob {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.to_string()
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().enumerate().try_for_each(|(at, piece)| {
            f.write_str(if at == 0 { "" } else { "*" })?;
            write_escaped(f, piece)
        })
    }
}
