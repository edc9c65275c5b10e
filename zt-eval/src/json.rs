//! The engine's one reader of JSON (RFC 8259).
//!
//! A pull scanner rather than a general library, because requests need four things of it: parts that no test reads are
//! skipped without being built (but checked), numbers keep their exact text, keys arrive one by one with their offsets so
//! that the reader finds duplicates and names the place of a mistake, and generated code can mirror it byte for byte.
//!
//! Nothing recurses beyond `depth_max`, text is valid UTF-8, and half a surrogate pair is an error.
//!
//! *Speed.* Most of a document is skipped, so that skipping sets the pace: UTF-8 is checked once for the whole text, strings
//! are searched sixteen bytes at a time, and whole values are gone past in one loop (`json/skip.rs`).

mod error;
mod skip;
mod text;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub use error::{JsonError, JsonErrorKind};

/// The kind of a JSON value, told by its first byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Reads one JSON document from left to right. After an error it is spent.
///
/// ```
/// use zt_eval::json::{JsonError, Scanner};
///
/// let mut scanner = Scanner::new(br#"{"skipped": [1, {}], "amount": 12.50}"#, 8);
/// let mut amount = None;
/// scanner.object(|scanner, key, _offset| -> Result<(), JsonError> {
///     if key == "amount" {
///         amount = Some(scanner.number()?);
///     } else {
///         scanner.skip()?;
///     }
///     Ok(())
/// })?;
/// scanner.finish()?;
/// assert_eq!(amount, Some("12.50"));
/// # Ok::<(), JsonError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    text: &'a [u8],
    /// The head of `text` that is UTF-8: all of it, or what stands before a mistake that is reported once it is come to.
    valid: &'a str,
    offset: usize,
    depth: u32,
    depth_max: u32,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of `text`, which may nest objects and arrays `depth_max` deep.
    #[must_use]
    pub fn new(text: &'a [u8], depth_max: u32) -> Self {
        Self { text, valid: text::valid_head(text), offset: 0, depth: 0, depth_max }
    }

    /// The offset of the next byte to be read. After [`peek`](Self::peek) it is that of the value to come.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The whole text.
    #[must_use]
    pub const fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The kind of the value to come; skips space before it.
    ///
    /// # Errors
    ///
    /// When no value can start there.
    #[inline]
    pub fn peek(&mut self) -> Result<Kind, JsonError> {
        match self.next_token()? {
            b'n' => Ok(Kind::Null),
            b't' | b'f' => Ok(Kind::Bool),
            b'-' | b'0'..=b'9' => Ok(Kind::Number),
            b'"' => Ok(Kind::String),
            b'[' => Ok(Kind::Array),
            b'{' => Ok(Kind::Object),
            _ => Err(self.unexpected()),
        }
    }

    /// Reads `null`.
    ///
    /// # Errors
    ///
    /// When something else stands there.
    pub fn null(&mut self) -> Result<(), JsonError> {
        self.next_token()?;
        self.literal(b"null")
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    ///
    /// When something else stands there.
    pub fn bool(&mut self) -> Result<bool, JsonError> {
        let is_true = self.next_token()? == b't';
        self.literal(if is_true { b"true" } else { b"false" })?;
        Ok(is_true)
    }

    /// Reads a number and gives its exact text.
    ///
    /// # Errors
    ///
    /// When no number stands there.
    #[inline]
    pub fn number(&mut self) -> Result<&'a str, JsonError> {
        self.next_token()?;
        text::number(self)
    }

    /// Reads a string; borrows it unless it has escapes.
    ///
    /// # Errors
    ///
    /// When no string stands there, or it has a control character, a bad escape, half a surrogate pair, or bad UTF-8.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        match self.plain_string() {
            Some(plain) => Ok(Cow::Borrowed(plain)),
            None => self.other_string(),
        }
    }

    /// Reads a string that has no space before it and no escape in it. Otherwise nothing is read.
    #[inline]
    fn plain_string(&mut self) -> Option<&'a str> {
        if *self.text.get(self.offset)? != b'"' {
            return None;
        }
        let (plain, end) = text::plain_string(self, self.offset + 1)?;
        self.offset = end;
        Some(plain)
    }

    #[inline(never)]
    fn other_string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.expect(b'"')?;
        text::string_tail(self)
    }

    /// Reads an object: calls `member` with each key and the key's offset, in order; it must read exactly the value.
    ///
    /// Duplicate keys are passed on like any others: only the reader knows which members matter.
    ///
    /// # Errors
    ///
    /// When no object stands there, it is malformed or nests too deep, or `member` gives an error.
    pub fn object<E: From<JsonError>>(
        &mut self,
        mut member: impl FnMut(&mut Self, &str, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(b'{')?;
        self.enter()?;
        let mut is_first = true;
        loop {
            let decoded;
            let (key, offset) = match self.plain_key(is_first) {
                Some(key) => (key, self.offset - key.len() - r#""":"#.len()),
                None if self.has_next(b'}', is_first)? => {
                    let (key, offset) = self.key()?;
                    decoded = key;
                    (&*decoded, offset)
                }
                None => break,
            };
            is_first = false;
            member(self, key, offset)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads an array: calls `element` before each element; it must read exactly the element.
    ///
    /// # Errors
    ///
    /// When no array stands there, it is malformed or nests too deep, or `element` gives an error.
    pub fn array<E: From<JsonError>>(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.expect(b'[')?;
        self.enter()?;
        let mut is_first = true;
        while self.has_next(b']', is_first)? {
            is_first = false;
            element(self)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads past any value, checking it in full, and gives the range of its bytes. Does not recurse.
    ///
    /// # Errors
    ///
    /// When the value is malformed or nests too deep.
    #[inline]
    pub fn skip(&mut self) -> Result<Range<usize>, JsonError> {
        self.next_token()?;
        let start = self.offset;
        match skip::past_value(self.valid.as_bytes(), start, self.depth_max - self.depth) {
            Some(end) => self.offset = end,
            None => self.read_past()?,
        }
        Ok(start..self.offset)
    }

    /// Ends the document.
    ///
    /// # Errors
    ///
    /// When anything but space is left.
    pub fn finish(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        if self.rest().is_empty() { Ok(()) } else { Err(self.error(JsonErrorKind::TrailingData)) }
    }

    /// Reads past a value and finds what is wrong with it, if anything is. Does not recurse.
    #[cold]
    fn read_past(&mut self) -> Result<(), JsonError> {
        // What is open, the innermost last; whether it is an object.
        let mut open = Vec::new();
        loop {
            match self.peek()? {
                Kind::Null => self.null()?,
                Kind::Bool => drop(self.bool()?),
                Kind::Number => drop(self.number()?),
                Kind::String => drop(self.string()?),
                kind @ (Kind::Array | Kind::Object) => {
                    self.offset += 1;
                    self.enter()?;
                    open.push(kind == Kind::Object);
                    if self.has_next_in(&mut open, true)? {
                        continue;
                    }
                }
            }
            while !open.is_empty() && !self.has_next_in(&mut open, false)? {}
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    /// Whether another value comes in the innermost of what is open; reads what stands before it, or the closing byte.
    fn has_next_in(&mut self, open: &mut Vec<bool>, is_first: bool) -> Result<bool, JsonError> {
        let is_object = open.last() == Some(&true);
        let has_next = self.has_next(skip::closer(is_object), is_first)?;
        if !has_next {
            self.depth -= 1;
            open.pop();
        } else if is_object {
            self.key()?;
        }
        Ok(has_next)
    }

    /// Whether another element or member comes; reads the comma before it, or the closing byte.
    #[inline]
    fn has_next(&mut self, closer: u8, is_first: bool) -> Result<bool, JsonError> {
        let next = self.next_token()?;
        if next == closer {
            self.offset += 1;
            return Ok(false);
        }
        if !is_first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// The next key, read with its colon, where it stands as it does in most documents: behind a comma unless it is the first, with
    /// no space about it and no escape in it. Otherwise nothing is read.
    #[inline(always)]
    fn plain_key(&mut self, is_first: bool) -> Option<&'a str> {
        let mut at = self.offset;
        if !is_first {
            if *self.text.get(at)? != b',' {
                return None;
            }
            at += 1;
        }
        if *self.text.get(at)? != b'"' {
            return None;
        }
        let (key, end) = text::plain_string(self, at + 1)?;
        if *self.text.get(end)? != b':' {
            return None;
        }
        self.offset = end + 1;
        Some(key)
    }

    fn key(&mut self) -> Result<(Cow<'a, str>, usize), JsonError> {
        self.next_token()?;
        let offset = self.offset;
        let key = self.string()?;
        self.expect(b':')?;
        Ok((key, offset))
    }

    #[inline]
    fn enter(&mut self) -> Result<(), JsonError> {
        if self.depth >= self.depth_max {
            let kind = JsonErrorKind::DepthLimit { limit: self.depth_max };
            return Err(JsonError { offset: self.offset - 1, kind });
        }
        self.depth += 1;
        Ok(())
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), JsonError> {
        if self.rest().starts_with(literal) {
            self.offset += literal.len();
            return Ok(());
        }
        let same = self.rest().iter().zip(literal).take_while(|(byte, expected)| byte == expected);
        self.offset += same.count();
        Err(self.unexpected())
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.next_token()? != byte {
            return Err(self.unexpected());
        }
        self.offset += 1;
        Ok(())
    }

    /// The next byte that is no space, which becomes the next to be read.
    #[inline]
    fn next_token(&mut self) -> Result<u8, JsonError> {
        match self.text.get(self.offset) {
            Some(byte) if *byte > b' ' => Ok(*byte),
            _ => self.token_behind_space(),
        }
    }

    fn token_behind_space(&mut self) -> Result<u8, JsonError> {
        self.skip_space();
        self.text.get(self.offset).copied().ok_or_else(|| self.error(JsonErrorKind::EndOfText))
    }

    fn skip_space(&mut self) {
        const INDENT: &[u8] = b"        ";
        while self.rest().starts_with(INDENT) {
            self.offset += INDENT.len();
        }
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.offset) {
            self.offset += 1;
        }
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// The error for the next byte not being what must come.
    fn unexpected(&self) -> JsonError {
        self.error(match self.rest().first() {
            Some(byte) => JsonErrorKind::UnexpectedByte(*byte),
            None => JsonErrorKind::EndOfText,
        })
    }

    const fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { offset: self.offset, kind }
    }
}
