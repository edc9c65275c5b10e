//! Text that knows its hash.
//!
//! Deciding compares text and looks it up far more often than it makes any. So the hash is computed once, when text is read;
//! short text needs no memory of its own, and longer text is shared.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use foldhash::quality::RandomState;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// Differs from process to process, so that nobody can prepare text that collides.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// UTF-8 text, compared by bytes; clones in constant time.
///
/// ```
/// use zt_eval::value::Text;
///
/// let text = Text::from("staff");
/// assert_eq!(&*text, "staff");
/// assert!(Text::from("b") > Text::from("a"));
/// ```
#[derive(Clone)]
pub struct Text {
    hash: u32,
    text: SmolStr,
}

impl Text {
    /// The text of a string.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { hash: hash_of(text), text: SmolStr::new(text) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its hash, the same for equal text within one process.
    #[must_use]
    pub const fn hash32(&self) -> u32 {
        self.hash
    }
}

#[expect(clippy::cast_possible_truncation, reason = "any 32 bits of a hash serve")]
fn hash_of(text: &str) -> u32 {
    let mut hasher = HASHES.build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish() as u32
}

impl Default for Text {
    fn default() -> Self {
        Self::new("")
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { hash: hash_of(&text), text: text.into() }
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        Self::new(&text)
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self { hash: hash_of(&text), text: text.into() }
    }
}

impl From<Text> for Arc<str> {
    fn from(text: Text) -> Self {
        text.text.into()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.as_str().cmp(other.text.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.hash);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reading)
    }
}

/// Takes text from where it stands: short text is read without memory of its own.
struct Reading;

impl Visitor<'_> for Reading {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text::new(text))
    }
}
