//! Past whole values, which is what happens to most of a document.
//!
//! One loop, whose state is where it stands and a bit for each open container. It goes past well-formed text only: anything
//! else, and what nests deeper than there are bits, is left to the reading half of the scanner, which says what is wrong.

use super::text::{escape, past_number, plain_integer, plain_len};

/// Containers that can be open around a place.
const DEPTH_MAX: u32 = 63;

/// The end of the value that starts there, in text that is UTF-8, if it is well-formed and nests at most so deep.
pub(super) fn past_value(text: &[u8], start: usize, depth_max: u32) -> Option<usize> {
    let depth_max = depth_max.min(DEPTH_MAX);
    let mut depth = 0;
    // The innermost last, 1 for an object.
    let mut open = 0_u64;
    let mut at = start;
    loop {
        let (byte, value) = token(text, at)?;
        at = match byte {
            b'"' => past_string(text, value + 1)?,
            b'{' | b'[' => {
                depth += 1;
                if depth > depth_max {
                    return None;
                }
                let (next, inside) = token(text, value + 1)?;
                if next != closer(byte == b'{') {
                    open = open << 1 | u64::from(byte == b'{');
                    at = if byte == b'{' { past_key(text, inside)? } else { inside };
                    continue;
                }
                depth -= 1;
                inside + 1
            }
            b'-' | b'0'..=b'9' => plain_integer(text, value).or_else(|| past_number(text, value))?,
            b't' => past_word(text, value, b"true")?,
            b'f' => past_word(text, value, b"false")?,
            b'n' => past_word(text, value, b"null")?,
            _ => return None,
        };
        loop {
            if depth == 0 {
                return Some(at);
            }
            let is_object = open & 1 == 1;
            let (byte, behind) = token(text, at)?;
            at = behind + 1;
            if byte == b',' {
                if is_object {
                    at = past_key(text, at)?;
                }
                break;
            }
            if byte != closer(is_object) {
                return None;
            }
            open >>= 1;
            depth -= 1;
        }
    }
}

/// What ends an object or an array.
pub(super) const fn closer(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}

/// The next byte from there that is no space, and where it stands.
#[inline(always)]
fn token(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match text.get(at) {
        Some(byte) if *byte > b' ' => Some((*byte, at)),
        _ => token_behind_space(text, at),
    }
}

#[inline(never)]
fn token_behind_space(text: &[u8], mut at: usize) -> Option<(u8, usize)> {
    const INDENT: &[u8] = b"        ";
    while text.get(at..)?.starts_with(INDENT) {
        at += INDENT.len();
    }
    while let b' ' | b'\t' | b'\n' | b'\r' = *text.get(at)? {
        at += 1;
    }
    Some((*text.get(at)?, at))
}

#[inline(always)]
fn past_key(text: &[u8], at: usize) -> Option<usize> {
    let (byte, start) = token(text, at)?;
    if byte != b'"' {
        return None;
    }
    let (byte, colon) = token(text, past_string(text, start + 1)?)?;
    (byte == b':').then_some(colon + 1)
}

/// Past the string behind an opening quote.
#[inline(always)]
fn past_string(text: &[u8], start: usize) -> Option<usize> {
    let end = start + plain_len(text.get(start..)?);
    if *text.get(end)? == b'"' { Some(end + 1) } else { past_escapes(text, end) }
}

#[inline(never)]
fn past_escapes(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => {
                let (_, len) = escape(text.get(at..)?).ok()?;
                at += len;
                at += plain_len(text.get(at..)?);
            }
            _ => return None,
        }
    }
}

#[inline]
fn past_word(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}
