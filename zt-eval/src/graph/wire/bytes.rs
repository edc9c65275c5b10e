//! Numbers, texts and lists of a policy's body.
//!
//! Reading fails with a [`Flaw`] alone, which is a byte: where it stands is where the reader stands. Numbers are little
//! groups of seven bits (LEB128), at most 32 bits, without superfluous groups.

/// Items for which memory is reserved before they are read: more are made room for as they come, so that a file that claims
/// many and is cut off costs little.
const RESERVED_MAX: usize = 1 << 20;

/// What is wrong with a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flaw {
    CutOff,
    Number,
    Text,
    Strings,
    Kind,
    Head,
    Unusual,
    Settings,
    NotCanonical,
}

impl Flaw {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::CutOff => "it ends too early",
            Self::Number => "a number is too large",
            Self::Text => "its text is not as long as is used, or is not UTF-8",
            Self::Strings => "its strings are out of order, unused or unknown",
            Self::Kind => "there is no such kind of part",
            Self::Head => "its declarations cannot be read",
            Self::Unusual => "its unusual constants are not as many as are used",
            Self::Settings => "it has a wrong number of parameters",
            Self::NotCanonical => "it is not in its canonical form",
        }
    }
}

/// Reads a body from its start.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    text: &'a str,
}

impl<'a> Reader<'a> {
    /// A reader of these bytes that takes texts from this text.
    pub fn new(bytes: &'a [u8], text: &'a str) -> Self {
        Self { rest: bytes, text }
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// All bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub fn byte(&mut self) -> Result<u8, Flaw> {
        let (first, rest) = self.rest.split_first().ok_or(Flaw::CutOff)?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub fn number(&mut self) -> Result<u32, Flaw> {
        let first = self.byte()?;
        if first < 0x80 { Ok(first.into()) } else { self.long_number(first) }
    }

    fn long_number(&mut self, first: u8) -> Result<u32, Flaw> {
        let mut number = u32::from(first & 0x7f);
        for shift in [7, 14, 21, 28] {
            let byte = self.byte()?;
            if shift == 28 && byte > 0x0f {
                return Err(Flaw::Number);
            }
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if byte == 0 { Err(Flaw::NotCanonical) } else { Ok(number) };
            }
        }
        Err(Flaw::Number)
    }

    /// A length; of parts that take a byte at least, and so no more than bytes are left.
    #[inline]
    pub fn count(&mut self) -> Result<usize, Flaw> {
        let count = self.number()? as usize;
        if count > self.left() { Err(Flaw::CutOff) } else { Ok(count) }
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Flaw::CutOff)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A length and as many bytes.
    pub fn section(&mut self) -> Result<&'a [u8], Flaw> {
        let len = self.count()?;
        self.take(len)
    }

    /// A list: its length, and each part.
    #[inline]
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T, Flaw>) -> Result<Vec<T>, Flaw> {
        let count = self.count()?;
        let mut list = Vec::with_capacity(count.min(RESERVED_MAX));
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(list)
    }

    /// A list that does not grow.
    #[inline]
    pub fn boxed<T>(&mut self, read: impl FnMut(&mut Self) -> Result<T, Flaw>) -> Result<Box<[T]>, Flaw> {
        Ok(self.list(read)?.into_boxed_slice())
    }

    /// The section from which texts are taken from now on.
    pub fn open_texts(&mut self) -> Result<(), Flaw> {
        self.text = std::str::from_utf8(self.section()?).map_err(|_| Flaw::Text)?;
        Ok(())
    }

    /// A length here, and as many bytes of the section of texts.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, Flaw> {
        let len = self.number()? as usize;
        let (taken, rest) = self.text.split_at_checked(len).ok_or(Flaw::Text)?;
        self.text = rest;
        Ok(taken)
    }

    pub fn finish_texts(&self) -> Result<(), Flaw> {
        if self.text.is_empty() { Ok(()) } else { Err(Flaw::Text) }
    }
}

/// Writes a body.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    text: String,
}

impl Writer {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    #[expect(clippy::cast_possible_truncation, reason = "the groups of seven bits are what is wanted")]
    pub fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// A length. What is longer than `u32::MAX` is refused on reading, as it is larger than any file may be.
    pub fn count(&mut self, count: usize) {
        self.number(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub fn text(&mut self, text: &str) {
        self.count(text.len());
        self.text.push_str(text);
    }

    /// The body: the head, the texts, and what was written.
    pub fn assemble(self, head: &[u8]) -> Vec<u8> {
        let mut lengths = (Self::default(), Self::default());
        lengths.0.count(head.len());
        lengths.1.count(self.text.len());
        [lengths.0.bytes(), head, lengths.1.bytes(), self.text.as_bytes(), &self.bytes].concat()
    }
}

/// A number that stands for `at` where `expected` is likely: zero for that, small ones for its neighbours.
pub(super) fn delta(at: u32, expected: u32) -> u32 {
    let difference = at.wrapping_sub(expected);
    // The sign goes to the lowest bit.
    if difference >> 31 == 1 { !(difference << 1) } else { difference << 1 }
}

/// What [`delta`] stands for.
#[inline]
pub(super) fn undelta(delta: u32, expected: u32) -> u32 {
    let difference = if delta & 1 == 1 { !(delta >> 1) } else { delta >> 1 };
    expected.wrapping_add(difference)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(number: u32, expected: u32, shift in 0..32u32) {
            let number = number >> shift;
            let mut writer = Writer::default();
            writer.number(number);
            let bytes = writer.bytes().to_vec();
            let mut reader = Reader::new(&bytes, "");
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.left(), 0);
            prop_assert_eq!(undelta(delta(number, expected), expected), number);
            prop_assert_eq!(delta(undelta(number, expected), expected), number);
        }

        #[test]
        fn a_number_has_one_form(bytes in proptest::collection::vec(any::<u8>(), 0..8)) {
            let mut reader = Reader::new(&bytes, "");
            if let Ok(number) = reader.number() {
                let mut writer = Writer::default();
                writer.number(number);
                prop_assert_eq!(writer.bytes(), &bytes[..bytes.len() - reader.left()]);
            }
        }
    }
}
