//! Strings and numbers of JSON.

use std::borrow::Cow;

use wide::u8x16;

use super::Scanner;
use super::error::{JsonError, JsonErrorKind};

/// The head of a text that is UTF-8.
pub(super) fn valid_head(text: &[u8]) -> &str {
    match str::from_utf8(text) {
        Ok(valid) => valid,
        Err(error) => {
            let head = text.get(..error.valid_up_to()).map(str::from_utf8);
            head.and_then(Result::ok).unwrap_or_default()
        }
    }
}

/// The string behind an opening quote, and the offset behind its closing one; nothing if it has escapes or mistakes.
#[inline]
pub(super) fn plain_string<'a>(scanner: &Scanner<'a>, start: usize) -> Option<(&'a str, usize)> {
    let end = start + plain_len(scanner.text.get(start..)?);
    if *scanner.text.get(end)? != b'"' {
        return None;
    }
    Some((scanner.valid.get(start..end)?, end + 1))
}

/// Reads a string behind its opening quote.
#[cold]
pub(super) fn string_tail<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, JsonError> {
    let plain = plain_text(scanner)?;
    if scanner.rest().first() == Some(&b'"') {
        scanner.offset += 1;
        return Ok(Cow::Borrowed(plain));
    }
    escaped_tail(scanner, plain).map(Cow::Owned)
}

/// The rest of a string that has escapes, behind the text before the first of them.
fn escaped_tail(scanner: &mut Scanner<'_>, plain: &str) -> Result<String, JsonError> {
    let mut decoded = plain.to_owned();
    while let Some(c) = escape_or_end(scanner)? {
        decoded.push(c);
        decoded.push_str(plain_text(scanner)?);
    }
    Ok(decoded)
}

/// Behind plain text: what an escape stands for, or nothing behind the closing quote.
fn escape_or_end(scanner: &mut Scanner<'_>) -> Result<Option<char>, JsonError> {
    match scanner.rest().first() {
        Some(b'"') => {
            scanner.offset += 1;
            Ok(None)
        }
        Some(b'\\') => match escape(scanner.rest()) {
            Ok((c, len)) => {
                scanner.offset += len;
                Ok(Some(c))
            }
            Err((kind, behind)) => {
                scanner.offset += behind;
                Err(scanner.error(kind))
            }
        },
        Some(_) => Err(scanner.error(JsonErrorKind::ControlCharacter)),
        None => Err(scanner.error(JsonErrorKind::EndOfText)),
    }
}

/// Reads text up to an escape, the closing quote or a control character.
#[inline]
fn plain_text<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, JsonError> {
    let start = scanner.offset;
    skip_plain(scanner)?;
    Ok(scanner.valid.get(start..scanner.offset).unwrap_or_default())
}

#[inline]
fn skip_plain(scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
    let end = scanner.offset + plain_len(scanner.rest());
    if end > scanner.valid.len() {
        scanner.offset = scanner.valid.len();
        return Err(scanner.error(JsonErrorKind::InvalidUtf8));
    }
    scanner.offset = end;
    Ok(())
}

/// How many bytes stand before the first that is no plain text of a string.
#[inline(always)]
pub(super) fn plain_len(text: &[u8]) -> usize {
    let mut len = 0;
    while let Some(chunk) = text.get(len..).and_then(<[u8]>::first_chunk) {
        let found = not_plain(*chunk);
        if found != 0 {
            return len + found.trailing_zeros() as usize;
        }
        len += chunk.len();
    }
    last_plain_len(text, len)
}

/// The same for the last bytes of a document.
#[cold]
fn last_plain_len(text: &[u8], start: usize) -> usize {
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
    start + text.iter().skip(start).take_while(is_plain).count()
}

/// Which of sixteen bytes are a quote, a backslash or a control character: a bit for each.
#[inline(always)]
fn not_plain(bytes: [u8; 16]) -> i32 {
    let bytes = u8x16::new(bytes);
    // With this bit turned a quote comes right behind the control characters, which stay among themselves.
    let turned = bytes ^ u8x16::splat(0x02);
    let quotes_or_controls = turned.min(u8x16::splat(0x20)).cmp_eq(turned);
    (quotes_or_controls | bytes.cmp_eq(u8x16::splat(b'\\'))).move_mask()
}

/// The character that the escape at the start stands for, and the bytes that it takes; or what is wrong, and so far behind
/// its backslash.
pub(super) fn escape(rest: &[u8]) -> Result<(char, usize), (JsonErrorKind, usize)> {
    let c = match rest.get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(rest).map_err(|kind| (kind, 0)),
        Some(_) => return Err((JsonErrorKind::BadEscape, 0)),
        None => return Err((JsonErrorKind::EndOfText, 1)),
    };
    Ok((c, 2))
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

/// The end of an integer that starts there; nothing if it is none in JSON's grammar, or goes on as another number.
#[inline]
pub(super) fn plain_integer(text: &[u8], start: usize) -> Option<usize> {
    let digits = start + usize::from(text.get(start) == Some(&b'-'));
    let mut end = digits;
    while text.get(end)?.is_ascii_digit() {
        end += 1;
    }
    let has_one_form = end == digits + 1 || end > digits && text.get(digits) != Some(&b'0');
    let goes_on = matches!(text.get(end), Some(b'.' | b'e' | b'E'));
    (has_one_form && !goes_on).then_some(end)
}

/// Reads a number and gives its text.
pub(super) fn number<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, JsonError> {
    let start = scanner.offset;
    match plain_integer(scanner.text, start) {
        Some(end) => scanner.offset = end,
        None => skip_number(scanner)?,
    }
    Ok(scanner.valid.get(start..scanner.offset).unwrap_or_default())
}

/// The end of a number that starts there, if it is one: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
pub(super) fn past_number(text: &[u8], start: usize) -> Option<usize> {
    number_end(text.get(start..)?).ok().map(|len| start + len)
}

/// Reads past a number.
fn skip_number(scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
    let start = scanner.rest();
    match number_end(start) {
        Ok(len) => {
            scanner.offset += len;
            Ok(())
        }
        Err(read) => Err(bad_number(scanner, start, read)),
    }
}

/// How many bytes the number at the start takes, or how many are read when it goes wrong.
fn number_end(start: &[u8]) -> Result<usize, usize> {
    let wrong = |rest: &[u8]| start.len() - rest.len();
    let mut rest = start.strip_prefix(b"-").unwrap_or(start);
    rest = match rest.strip_prefix(b"0") {
        Some(behind) => behind,
        None => digits(rest).ok_or_else(|| wrong(rest))?,
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = digits(fraction).ok_or_else(|| wrong(fraction))?;
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let unsigned = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        rest = digits(unsigned).ok_or_else(|| wrong(unsigned))?;
    }
    // A leading zero.
    if rest.first().is_some_and(u8::is_ascii_digit) { Err(wrong(rest)) } else { Ok(wrong(rest)) }
}

/// The text behind one or more digits.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len == 0 { None } else { text.get(len..) }
}

/// The error at the byte where a number goes wrong; at its first byte, what stands there is no number at all.
fn bad_number(scanner: &Scanner<'_>, start: &[u8], read: usize) -> JsonError {
    let kind = match start.get(read) {
        None => JsonErrorKind::EndOfText,
        Some(byte) if read == 0 => JsonErrorKind::UnexpectedByte(*byte),
        Some(_) => JsonErrorKind::BadNumber,
    };
    JsonError { offset: scanner.offset + read, kind }
}
