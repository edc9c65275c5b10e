//! A small, total tokenizer.
//!
//! It never fails: every byte that is not white space belongs to exactly one token, and tokens are in order. The grammar
//! decides what is well formed; tokens serve what must work on broken text (finding where items start, checking
//! nesting before the grammar recurses, saying what was found) and the formatter, which needs the comments.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TokenKind {
    /// A name or a keyword.
    Word,
    /// A name in backquotes, with them.
    Quoted,
    /// A number, duration, time of day, address or address range, or what starts like one.
    Literal,
    /// A string, with its quotes.
    Str,
    /// A string or backquoted name that its line does not close.
    Unclosed,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// An operator, a separator or `@`.
    Punct,
    /// `// …` up to the end of its line, without the line break.
    Comment,
    /// `/// …` up to the end of its line, without the line break.
    Doc,
    /// What the language has no use for: `'text'`, `# …`, `/* … */`, other characters.
    Foreign,
}

/// A piece of text; `start..end` are bytes of the text it was read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Whether no other token stands before it on its line.
    pub starts_line: bool,
}

impl Token {
    /// Its text, out of the text it was read from.
    #[must_use]
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.range()).unwrap_or("")
    }

    /// Its bytes.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether the grammar skips it: comments, doc comments included.
    #[must_use]
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::Comment | TokenKind::Doc)
    }
}

/// All tokens of a text, comments included.
///
/// ```
/// use zt_lang::syntax::lex::{TokenKind, tokens};
/// let text = "let a = 10.0.0.0/8 // home";
/// let kinds: Vec<_> = tokens(text).iter().map(|token| token.kind).collect();
/// use TokenKind::*;
/// assert_eq!(kinds, [Word, Word, Punct, Literal, Comment]);
/// ```
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(text);
    std::iter::from_fn(|| lexer.next()).collect()
}

/// Whether a byte may stand inside a name.
#[must_use]
pub fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a name can be written without backquotes, reserved words apart.
#[must_use]
pub fn is_word(name: &str) -> bool {
    name.bytes().all(is_word_byte) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The longest first, so that the first match is the right one. Those of other languages are known too, so that
/// messages can name them whole.
const OPERATORS: &[&str] = &[
    "===", "!==", "==", "!=", "<=", ">=", "=>", "->", "<>", "=<", "&&", "||", "..", "::", ":=", "?.", "??", "**", "++",
    "--", "+=", "-=",
];

/// Reads token after token.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads from an offset on.
    pub fn within(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// The next token, if any is left.
    pub fn next(&mut self) -> Option<Token> {
        let is_first = self.at == 0;
        let starts_line = self.skip_space() || is_first;
        let start = self.at;
        let kind = self.next_kind()?;
        Some(Token { kind, start, end: self.at, starts_line })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The byte `ahead` of the current one, or NUL past the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The byte before the current one, or NUL.
    fn before(&self) -> u8 {
        self.at.checked_sub(1).and_then(|at| self.text.as_bytes().get(at)).copied().unwrap_or(0)
    }

    /// Skips white space and a byte-order mark; tells whether a line break was among it.
    fn skip_space(&mut self) -> bool {
        if self.at == 0 && self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        let from = self.at;
        while matches!(self.peek(0), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        self.text.get(from..self.at).is_some_and(|skipped| skipped.contains('\n'))
    }

    fn next_kind(&mut self) -> Option<TokenKind> {
        let first = self.rest().chars().next()?;
        Some(match first {
            '/' if self.rest().starts_with("//") => self.comment(),
            '/' if self.rest().starts_with("/*") => self.block_comment(),
            '#' => self.up_to_line_end(TokenKind::Foreign),
            '"' => self.delimited('"', TokenKind::Str, TokenKind::Unclosed),
            '`' => self.delimited('`', TokenKind::Quoted, TokenKind::Unclosed),
            '\'' => self.single_quoted(),
            '(' | '[' | '{' => self.one(TokenKind::Open),
            ')' | ']' | '}' => self.one(TokenKind::Close),
            '0'..='9' => self.literal(),
            'a'..='z' | 'A'..='Z' | '_' => self.word(),
            ':' if self.starts_address_with_colons() => self.literal(),
            '!'..='~' => self.punct(),
            _ => self.foreign(),
        })
    }

    fn one(&mut self, kind: TokenKind) -> TokenKind {
        self.at += 1;
        kind
    }

    fn up_to_line_end(&mut self, kind: TokenKind) -> TokenKind {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or(rest);
        self.at += line.trim_end_matches('\r').len();
        kind
    }

    fn comment(&mut self) -> TokenKind {
        let doc = self.peek(2) == b'/' && self.peek(3) != b'/';
        self.up_to_line_end(if doc { TokenKind::Doc } else { TokenKind::Comment })
    }

    fn block_comment(&mut self) -> TokenKind {
        let rest = self.rest();
        self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        TokenKind::Foreign
    }

    /// From a delimiter to the next one on this line that no backslash escapes (backquotes know no escapes).
    fn delimited(&mut self, delimiter: char, closed: TokenKind, open: TokenKind) -> TokenKind {
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices().skip(1) {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' if delimiter != '`' => escaped = true,
                _ if c == delimiter => {
                    self.at += offset + 1;
                    return closed;
                }
                _ => {}
            }
        }
        self.up_to_line_end(open)
    }

    fn single_quoted(&mut self) -> TokenKind {
        let line = self.rest().split('\n').next().unwrap_or("");
        let inner = line.get(1..).unwrap_or("");
        self.at += inner.find('\'').map_or(1, |end| end + 2);
        TokenKind::Foreign
    }

    fn word(&mut self) -> TokenKind {
        if let Some(length) = self.address_length() {
            self.at += length;
            return TokenKind::Literal;
        }
        while is_word_byte(self.peek(0)) {
            self.at += 1;
        }
        TokenKind::Word
    }

    fn literal(&mut self) -> TokenKind {
        while self.continues_literal() {
            self.at += 1;
        }
        TokenKind::Literal
    }

    fn continues_literal(&self) -> bool {
        let next = self.peek(1);
        match self.peek(0) {
            b'.' | b'/' => next.is_ascii_digit(),
            b':' => next.is_ascii_hexdigit() || next == b':' || self.before() == b':',
            byte => is_word_byte(byte),
        }
    }

    /// `::1`, `::/0` and `::`, as against the colons of `User::"ann"`.
    fn starts_address_with_colons(&self) -> bool {
        let after_name = is_word_byte(self.before()) || self.before() == b'`';
        self.rest().starts_with("::") && !after_name && self.peek(2) != b'"'
    }

    /// The length of an address that starts with a letter: it has `::` or seven colons.
    fn address_length(&self) -> Option<usize> {
        let group = (0..5).take_while(|&ahead| self.peek(ahead).is_ascii_hexdigit()).count();
        if group > 4 || self.peek(group) != b':' {
            return None;
        }
        let part_of_address = |ahead: &usize| match self.peek(*ahead) {
            b'.' => self.peek(ahead + 1).is_ascii_digit(),
            byte => byte == b':' || byte.is_ascii_hexdigit(),
        };
        let length = (0..48).take_while(part_of_address).count();
        let run = self.rest().get(..length)?;
        let shaped = run.contains("::") || run.matches(':').count() >= 7;
        let after = self.peek(length);
        if !shaped || is_word_byte(after) || after == b'"' {
            return None;
        }
        let digits = (1..4).take_while(|&ahead| self.peek(length + ahead).is_ascii_digit()).count();
        Some(if after == b'/' && digits > 0 { length + 1 + digits } else { length })
    }

    fn punct(&mut self) -> TokenKind {
        let rest = self.rest();
        self.at += OPERATORS.iter().find(|operator| rest.starts_with(**operator)).map_or(1, |operator| operator.len());
        TokenKind::Punct
    }

    fn foreign(&mut self) -> TokenKind {
        let length = self.rest().chars().take_while(|c| !c.is_ascii()).map(char::len_utf8).sum::<usize>();
        self.at += length.max(1);
        TokenKind::Foreign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(TokenKind, &str)> {
        tokens(text).iter().map(|token| (token.kind, token.text(text))).collect()
    }

    #[test]
    fn tokens_know_whether_they_start_a_line() {
        assert!(tokens("a b\nc").iter().map(|token| token.starts_line).eq([true, false, true]));
        assert!(tokens("\u{feff}a").iter().all(|token| token.starts_line && token.start == 3));
    }

    #[test]
    fn literals_are_whole() {
        for literal in [
            "42",
            "1_000",
            "3.50",
            "15m",
            "1h30m",
            "08:00",
            "08:00:30",
            "10.1.2.3",
            "10.0.0.0/8",
            "2001:db8::1",
            "2001:db8::/32",
            "::1",
            "::/0",
            "::",
            "fe80::1",
            "fd00::/8",
            "::ffff:10.0.0.1",
            "a:b:c:d:1:2:3:4",
            "fd00::",
        ] {
            assert_eq!(read(literal), [(TokenKind::Literal, literal)], "{literal}");
        }
    }

    #[test]
    fn ranges_names_and_entities_are_not_literals() {
        use TokenKind::{Literal, Punct, Str, Word};
        assert_eq!(read("08:00..18:00"), [(Literal, "08:00"), (Punct, ".."), (Literal, "18:00")]);
        assert_eq!(read("1..3"), [(Literal, "1"), (Punct, ".."), (Literal, "3")]);
        assert_eq!(read("mon..fri"), [(Word, "mon"), (Punct, ".."), (Word, "fri")]);
        assert_eq!(read("Face::\"a\""), [(Word, "Face"), (Punct, "::"), (Str, "\"a\"")]);
        assert_eq!(read("a:b"), [(Word, "a"), (Punct, ":"), (Word, "b")]);
        assert_eq!(read("a: b"), [(Word, "a"), (Punct, ":"), (Word, "b")]);
    }

    #[test]
    fn comments_and_strings_hide_what_they_hold() {
        use TokenKind::{Comment, Doc, Foreign, Str, Unclosed};
        assert_eq!(read("// a { \"\r\n/// b\n//// c"), [(Comment, "// a { \""), (Doc, "/// b"), (Comment, "//// c")]);
        assert_eq!(read(r#""a // \" b" "c"#), [(Str, r#""a // \" b""#), (Unclosed, "\"c")]);
        assert_eq!(read("'a' # b\n/* c\n*/"), [(Foreign, "'a'"), (Foreign, "# b"), (Foreign, "/* c\n*/")]);
    }
}
