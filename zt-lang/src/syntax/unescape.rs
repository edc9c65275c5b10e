//! Undoing the escapes of strings.
//!
//! The tree keeps strings as written, because what an escape means depends on what is expected: plain text, a `like`
//! pattern (whose parser needs to see `\*`), or a regular expression (whose backslashes are its own).

/// Plain text: `\" \\ \n \t \r \u{1F600}`.
///
/// # Errors
///
/// The offset in `raw` of the backslash, and the character behind it, when there is no such escape.
///
/// ```
/// use zt_lang::syntax::unescape;
/// assert_eq!(unescape(r#"say \"hi\"\u{21}"#), Ok("say \"hi\"!".to_owned()));
/// assert_eq!(unescape(r"C:\d"), Err((2, 'd')));
/// ```
pub fn unescape(raw: &str) -> Result<String, (usize, char)> {
    undo(raw, |_| false)
}

/// The text of a `like` pattern: as [`unescape`], but `\*`, `\{`, `\}` and `\\` stay for the pattern's own parser.
///
/// # Errors
///
/// As [`unescape`].
pub fn unescape_pattern(raw: &str) -> Result<String, (usize, char)> {
    undo(raw, |c| matches!(c, '*' | '{' | '}' | '\\'))
}

/// The text of a regular expression: as written, but for `\"`, which is a quote.
#[must_use]
pub fn unescape_regex(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('"')) => {}
            ('\\', Some(next)) => {
                text.extend(['\\', next]);
                chars.next();
            }
            _ => text.push(c),
        }
    }
    text
}

fn undo(raw: &str, keep: impl Fn(char) -> bool) -> Result<String, (usize, char)> {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        let (next_at, next) = chars.next().ok_or((at, '\\'))?;
        match next {
            _ if keep(next) => text.extend(['\\', next]),
            '"' | '\\' => text.push(next),
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'u' => {
                let (scalar, length) = raw.get(next_at + 1..).and_then(braced_scalar).ok_or((at, 'u'))?;
                text.push(scalar);
                chars.by_ref().take(length).for_each(drop);
            }
            _ => return Err((at, next)),
        }
    }
    Ok(text)
}

/// `{XX}`: the scalar value and how many characters say it.
fn braced_scalar(text: &str) -> Option<(char, usize)> {
    let (digits, _) = text.strip_prefix('{')?.split_once('}')?;
    let well_formed = (1..=6).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| well_formed)?;
    Some((char::from_u32(value)?, digits.len() + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text() {
        assert_eq!(unescape(r"a\n\t\r\\b").as_deref(), Ok("a\n\t\r\\b"));
        assert_eq!(unescape(r"\u{e9}\u{1F600}x").as_deref(), Ok("é😀x"));
        for (raw, at, c) in
            [(r"\u{110000}", 0, 'u'), (r"a\u{}", 1, 'u'), (r"\u{+1}", 0, 'u'), (r"\u41", 0, 'u'), (r"é\*", 2, '*')]
        {
            assert_eq!(unescape(raw), Err((at, c)), "{raw}");
        }
        assert_eq!(unescape("a\\"), Err((1, '\\')));
    }

    #[test]
    fn patterns_and_regexes_keep_their_own() {
        assert_eq!(unescape_pattern(r#"\*a\{b\}\\c\"\n"#).as_deref(), Ok("\\*a\\{b\\}\\\\c\"\n"));
        assert_eq!(unescape_regex(r#"\d+\"\\"\."#), "\\d+\"\\\\\"\\.");
    }
}
