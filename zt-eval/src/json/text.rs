//! Strings and numbers of JSON.

use std::borrow::Cow;

use super::Scanner;
use super::error::{JsonError, JsonErrorKind};

/// A stretch of a string.
enum Chunk<'a> {
    /// Text as it stands.
    Plain(&'a str),
    /// What an escape stands for.
    Escaped(char),
    /// The closing quote, which has been read.
    End,
}

/// Reads a string behind its opening quote.
pub(super) fn string_tail<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, JsonError> {
    let mut decoded = Cow::Borrowed("");
    loop {
        match next_chunk(scanner)? {
            Chunk::Plain(text) if decoded.is_empty() => decoded = Cow::Borrowed(text),
            Chunk::Plain(text) => decoded.to_mut().push_str(text),
            Chunk::Escaped(c) => decoded.to_mut().push(c),
            Chunk::End => return Ok(decoded),
        }
    }
}

/// As [`string_tail`], but builds nothing.
pub(super) fn skip_string_tail(scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
    while !matches!(next_chunk(scanner)?, Chunk::End) {}
    Ok(())
}

fn next_chunk<'a>(scanner: &mut Scanner<'a>) -> Result<Chunk<'a>, JsonError> {
    let rest = scanner.rest();
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
    let plain_len = rest.iter().take_while(is_plain).count();
    let (plain, behind) = rest.split_at_checked(plain_len).unwrap_or((rest, &[]));
    if !plain.is_empty() {
        return plain_chunk(scanner, plain);
    }
    match behind.first() {
        Some(b'"') => {
            scanner.offset += 1;
            Ok(Chunk::End)
        }
        Some(b'\\') => escape(scanner).map(Chunk::Escaped),
        Some(_) => Err(scanner.error(JsonErrorKind::ControlCharacter)),
        None => Err(scanner.error(JsonErrorKind::EndOfText)),
    }
}

fn plain_chunk<'a>(scanner: &mut Scanner<'a>, plain: &'a [u8]) -> Result<Chunk<'a>, JsonError> {
    match str::from_utf8(plain) {
        Ok(text) => {
            scanner.offset += plain.len();
            Ok(Chunk::Plain(text))
        }
        Err(error) => {
            scanner.offset += error.valid_up_to();
            Err(scanner.error(JsonErrorKind::InvalidUtf8))
        }
    }
}

/// Reads an escape; errors point at its backslash.
fn escape(scanner: &mut Scanner<'_>) -> Result<char, JsonError> {
    let rest = scanner.rest();
    let Some(kind) = rest.get(1) else {
        scanner.offset += 1;
        return Err(scanner.error(JsonErrorKind::EndOfText));
    };
    let (c, len) = match kind {
        b'"' => ('"', 2),
        b'\\' => ('\\', 2),
        b'/' => ('/', 2),
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'u' => unicode_escape(rest).map_err(|kind| scanner.error(kind))?,
        _ => return Err(scanner.error(JsonErrorKind::BadEscape)),
    };
    scanner.offset += len;
    Ok(c)
}

/// The character of `\uXXXX` or of a surrogate pair of them, and the bytes that it takes.
fn unicode_escape(rest: &[u8]) -> Result<(char, usize), JsonErrorKind> {
    let first = code_unit(rest).ok_or(JsonErrorKind::BadEscape)?;
    if let Some(c) = char::from_u32(first) {
        return Ok((c, 6));
    }
    let second = rest.get(6..).and_then(code_unit).filter(|unit| (0xdc00..0xe000).contains(unit));
    match second {
        Some(second) if first < 0xdc00 => {
            let combined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            char::from_u32(combined).map(|c| (c, 12)).ok_or(JsonErrorKind::LoneSurrogate)
        }
        _ => Err(JsonErrorKind::LoneSurrogate),
    }
}

/// The number of `\uXXXX` at the start.
fn code_unit(rest: &[u8]) -> Option<u32> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// Reads a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
pub(super) fn number<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, JsonError> {
    let start = scanner.rest();
    let mut rest = start.strip_prefix(b"-").unwrap_or(start);
    rest = match rest.strip_prefix(b"0") {
        Some(behind) => behind,
        None => digits(rest).ok_or_else(|| bad_number(scanner, start, rest))?,
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = digits(fraction).ok_or_else(|| bad_number(scanner, start, fraction))?;
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let unsigned = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        rest = digits(unsigned).ok_or_else(|| bad_number(scanner, start, unsigned))?;
    }
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return Err(bad_number(scanner, start, rest)); // a leading zero
    }
    let text = start.get(..start.len() - rest.len()).unwrap_or_default();
    scanner.offset += text.len();
    str::from_utf8(text).map_err(|_| scanner.error(JsonErrorKind::BadNumber))
}

/// The text behind one or more digits.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len == 0 { None } else { text.get(len..) }
}

/// The error at the byte where a number goes wrong; at its first byte, what stands there is no number at all.
fn bad_number(scanner: &Scanner<'_>, start: &[u8], rest: &[u8]) -> JsonError {
    let read = start.len() - rest.len();
    let kind = match rest.first() {
        None => JsonErrorKind::EndOfText,
        Some(byte) if read == 0 => JsonErrorKind::UnexpectedByte(*byte),
        Some(_) => JsonErrorKind::BadNumber,
    };
    JsonError { offset: scanner.offset + read, kind }
}
