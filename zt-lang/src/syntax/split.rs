//! Cutting a file into items before the grammar sees it.
//!
//! Items start at reserved words, so that their starts can be told in broken text too: each item is then parsed alone and
//! a mistake stays in its item. Brackets that have a partner are stepped over whole; within one that has none, an item
//! word in the first column starts the next item all the same.

use super::lex::{Token, TokenKind};

/// The words that start items.
pub(super) const ITEM_WORDS: &[&str] = &[
    "package",
    "use",
    "enum",
    "source",
    "entity",
    "record",
    "context",
    "obligation",
    "action",
    "let",
    "fn",
    "param",
    "allow",
    "deny",
    "test",
    "prove",
];

/// The first bytes of the words that start items: most words of a text can be told by theirs.
const ITEM_INITIALS: [bool; 256] = {
    let mut initials = [false; 256];
    let mut rest = ITEM_WORDS;
    while let [word, more @ ..] = rest {
        if let [first, ..] = word.as_bytes() {
            #[expect(clippy::indexing_slicing, reason = "there are as many places as bytes")]
            {
                initials[*first as usize] = true;
            }
        }
        rest = more;
    }
    initials
};

fn is_item_word(word: &str) -> bool {
    let initial = word.bytes().next().and_then(|first| ITEM_INITIALS.get(usize::from(first)));
    initial == Some(&true) && ITEM_WORDS.contains(&word)
}

/// Words behind which an item goes on, whatever comes.
const OPEN_ENDED_WORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "is",
    "like",
    "matches",
    "contains",
    "contains_any",
    "contains_all",
    "starts_with",
    "ends_with",
    "otherwise",
    "if",
    "then",
    "else",
    "for",
    "when",
    "because",
    "oblige",
    "control",
    "overrides",
    "by",
    "from",
    "as",
    "scope",
    "never",
    "always",
    "expect",
];

/// Signs behind which an item goes on.
const OPEN_ENDED_SIGNS: &[&str] = &[
    ",", ":", "=", ".", "@", "->", "|", "<", "<=", ">=", "==", "!=", "+", "-", "*", "..", "::", "&&", "||", "!", "=>",
];

/// Words with which an item goes on, though they stand in the first column.
const CONTINUING_WORDS: &[&str] = &[
    "verified",
    "unverified",
    "complete",
    "audit",
    "overridable",
    "never",
    "always",
    "where",
    "unless",
    "having",
    "reason",
];

/// A run of tokens that is one item, or text that belongs to none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Chunk {
    /// Index of its first token.
    pub first: usize,
    /// One past the index of its last token.
    pub end: usize,
    /// Index of its item word; none in stray text.
    pub head: Option<usize>,
}

/// The tokens that the grammar sees, and which bracket closes which.
pub(super) struct Outline<'a> {
    pub text: &'a str,
    pub tokens: Vec<Token>,
    /// For a bracket, the index of its partner.
    partners: Vec<Option<usize>>,
}

impl<'a> Outline<'a> {
    pub fn new(text: &'a str, all_tokens: &[Token]) -> Self {
        let tokens: Vec<_> = all_tokens.iter().filter(|token| !token.is_comment()).copied().collect();
        let mut outline = Self { text, tokens, partners: Vec::new() };
        outline.partners = outline.pair_brackets();
        outline
    }

    /// Tokens without comments, of which it is not known which brackets belong together.
    pub fn unpaired(text: &'a str, tokens: Vec<Token>) -> Self {
        Self { text, tokens, partners: Vec::new() }
    }

    pub fn token(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    /// The text of a token; empty when there is none.
    pub fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text(self.text))
    }

    pub fn partner(&self, index: usize) -> Option<usize> {
        self.partners.get(index).copied().flatten()
    }

    pub fn chunk_tokens(&self, chunk: Chunk) -> &[Token] {
        self.tokens.get(chunk.first..chunk.end).unwrap_or(&[])
    }

    fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// Bytes between the start of its line and a token.
    pub fn column(&self, index: usize) -> usize {
        let start = self.tokens.get(index).map_or(0, |token| token.start);
        let before = self.text.get(..start).unwrap_or("");
        let line = before.rfind('\n').map_or(before, |at| before.get(at + 1..).unwrap_or(""));
        line.trim_start_matches('\u{feff}').len()
    }

    fn in_first_column(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| Self::is_first_column(self.text, *token))
    }

    /// Whether a token stands at the start of a line.
    pub fn is_first_column(text: &str, token: Token) -> bool {
        let before = text.as_bytes().get(..token.start).unwrap_or(&[]);
        match before.last() {
            None | Some(b'\n') => true,
            _ => before.ends_with("\u{feff}".as_bytes()),
        }
    }

    /// Whether an item starts at a token whatever came before, unless brackets or annotations did that are not complete.
    pub fn surely_starts_item(&self, index: usize) -> bool {
        self.is_boundary(index, false) && self.starts_item(index, None)
    }

    fn is_item_word(&self, index: usize) -> bool {
        self.kind(index) == Some(TokenKind::Word) && is_item_word(self.word(index))
    }

    /// Whether the token before `index` cannot end an item.
    fn is_open_ended_before(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else { return false };
        match self.kind(before) {
            // Behind a dot or `@` any word is a name.
            Some(TokenKind::Word) => {
                let is_name = before.checked_sub(1).is_some_and(|sign| matches!(self.word(sign), "." | "@"));
                !is_name && OPEN_ENDED_WORDS.contains(&self.word(before))
            }
            Some(TokenKind::Punct) => OPEN_ENDED_SIGNS.contains(&self.word(before)),
            _ => false,
        }
    }

    /// Whether what follows an item word is what follows it at the head of an item.
    fn has_shape_of_head(&self, index: usize) -> bool {
        let next = self.kind(index + 1);
        let names = matches!(next, Some(TokenKind::Word | TokenKind::Quoted));
        match self.word(index) {
            "context" => self.word(index + 1) == "{",
            "test" => matches!(next, Some(TokenKind::Str | TokenKind::Unclosed)),
            "allow" | "deny" => names || self.word(index + 1) == ":",
            _ => names,
        }
    }

    /// Whether an item word starts an item, given the head of the item before it.
    fn starts_item(&self, index: usize, head: Option<usize>) -> bool {
        if !self.is_item_word(index) {
            return false;
        }
        let before = index.checked_sub(1).map_or("", |before| self.word(before));
        let starts_line = self.tokens.get(index).is_some_and(|token| token.starts_line);
        let is_name = head.is_some_and(|head| head + 1 == index) && !starts_line;
        if is_name || matches!(before, "never" | "always" | "expect") || self.word(index + 1) == "." {
            return false;
        }
        if self.in_first_column(index) {
            return self.word(index + 2) != "::";
        }
        if matches!(before, "." | "@") {
            return false;
        }
        self.has_shape_of_head(index) && (starts_line || !self.is_open_ended_before(index))
    }

    /// Whether a word in the first column can neither start nor continue an item.
    fn is_stray(&self, index: usize) -> bool {
        let word = self.word(index);
        self.kind(index) == Some(TokenKind::Word)
            && self.in_first_column(index)
            && !self.is_open_ended_before(index)
            && !OPEN_ENDED_WORDS.contains(&word)
            && !CONTINUING_WORDS.contains(&word)
    }

    /// Whether an item surely starts here, even where a bracket stands open: an item word in the first column, except for
    /// the words that the blocks of tests have too.
    fn is_boundary(&self, index: usize, in_test: bool) -> bool {
        if !self.in_first_column(index) || !self.is_item_word(index) || !self.has_shape_of_head(index) {
            return false;
        }
        let of_test = match self.word(index) {
            "entity" => self.word(index + 2) == "::",
            "context" => in_test,
            "param" => in_test && self.word(index + 2) != ":",
            "allow" | "deny" => {
                matches!(index.checked_sub(1).map(|before| self.word(before)), Some("expect" | "never" | "always"))
            }
            _ => false,
        };
        !of_test
    }

    /// For each bracket the index of its partner. One that lacks its partner does not disturb the others.
    fn pair_brackets(&self) -> Vec<Option<usize>> {
        let mut pairing = Pairing { partners: vec![None; self.tokens.len()], open: Vec::new(), pending: [0; 3] };
        let mut in_test = false;
        for (index, token) in self.tokens.iter().enumerate() {
            let byte = self.text.as_bytes().get(token.start).copied().unwrap_or(0);
            match token.kind {
                TokenKind::Open => pairing.open(index, closing(byte)),
                TokenKind::Close => pairing.close(index, byte),
                TokenKind::Word if self.is_boundary(index, in_test) => {
                    pairing.forget();
                    in_test = self.word(index) == "test";
                }
                _ => {}
            }
        }
        pairing.partners
    }

    /// The file's chunks, in order; every token is in one.
    pub fn chunks(&self) -> Vec<Chunk> {
        let mut splitter = Splitter { outline: self, chunks: Vec::new(), current: None, in_annotations: false };
        let mut index = 0;
        let mut unclosed = false;
        while index < self.tokens.len() {
            let starts = splitter.look_at(index, unclosed);
            unclosed = unclosed && !starts;
            index = match (self.kind(index), self.partner(index)) {
                (Some(TokenKind::Open), Some(partner)) => partner + 1,
                (Some(TokenKind::Open), None) => {
                    unclosed = true;
                    index + 1
                }
                _ => index + 1,
            };
        }
        splitter.finish()
    }
}

struct Pairing {
    partners: Vec<Option<usize>>,
    /// The brackets that stand open, each with the byte that closes it.
    open: Vec<(usize, u8)>,
    /// How many of each kind stand open.
    pending: [usize; 3],
}

impl Pairing {
    fn count(&mut self, close: u8) -> &mut usize {
        let [round, square, curly] = &mut self.pending;
        match close {
            b')' => round,
            b']' => square,
            _ => curly,
        }
    }

    fn open(&mut self, index: usize, close: u8) {
        self.open.push((index, close));
        *self.count(close) += 1;
    }

    fn close(&mut self, index: usize, byte: u8) {
        // Looks for a partner only when there is one: every step then takes a bracket off, and time stays linear.
        if *self.count(byte) == 0 {
            return;
        }
        while let Some((opener, close)) = self.open.pop() {
            *self.count(close) -= 1;
            if close == byte {
                self.set(opener, index);
                self.set(index, opener);
                return;
            }
        }
    }

    fn set(&mut self, index: usize, partner: usize) {
        if let Some(place) = self.partners.get_mut(index) {
            *place = Some(partner);
        }
    }

    /// What stands open has no partner.
    fn forget(&mut self) {
        self.open.clear();
        self.pending = [0; 3];
    }
}

struct Splitter<'o, 'a> {
    outline: &'o Outline<'a>,
    chunks: Vec<Chunk>,
    current: Option<Chunk>,
    /// Between `@` and the item that is annotated.
    in_annotations: bool,
}

impl Splitter<'_, '_> {
    /// Starts a chunk at `index` if one starts there; tells whether.
    fn look_at(&mut self, index: usize, unclosed: bool) -> bool {
        let outline = self.outline;
        if unclosed && !outline.in_first_column(index) {
            return false;
        }
        let head = self.current.and_then(|chunk| chunk.head);
        if outline.starts_item(index, head) {
            match &mut self.current {
                Some(chunk) if self.in_annotations => chunk.head = Some(index),
                _ => self.start(index, Some(index)),
            }
            self.in_annotations = false;
            return true;
        }
        if outline.word(index) == "@" && !self.in_annotations && !outline.is_open_ended_before(index) {
            self.start(index, None);
            self.in_annotations = true;
            return true;
        }
        if self.in_annotations && outline.is_stray(index) {
            self.in_annotations = false; // a misspelt item word: its text must not swallow the next item
            return false;
        }
        let after_head = head.is_some_and(|head| head + 1 == index);
        let stray = !unclosed && !self.in_annotations && !after_head && outline.is_stray(index);
        let first_stray = self.current.is_none_or(|chunk| chunk.head.is_some());
        if self.current.is_none() || stray && (first_stray || resembles_item_word(outline.word(index))) {
            self.start(index, None);
            return true;
        }
        false
    }

    fn start(&mut self, index: usize, head: Option<usize>) {
        self.close(index);
        self.current = Some(Chunk { first: index, end: index, head });
    }

    fn close(&mut self, end: usize) {
        self.chunks.extend(self.current.take().map(|chunk| Chunk { end, ..chunk }));
    }

    fn finish(mut self) -> Vec<Chunk> {
        self.close(self.outline.tokens.len());
        self.chunks
    }
}

/// Whether a word is probably an item word misspelt.
pub(super) fn resembles_item_word(word: &str) -> bool {
    nearest(word, ITEM_WORDS).is_some()
}

/// The word of `known` that `word` probably means.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let allowed = if word.len() < 5 { 1 } else { 2 };
    if word.len() > 24 || word.len() < 2 {
        return None;
    }
    let distances = known.iter().map(|&known| (strsim::damerau_levenshtein(word, known), known));
    distances
        .filter(|&(distance, known)| distance <= allowed && known.len() > distance + 1)
        .min()
        .map(|(_, known)| known)
}

/// The bracket that closes `open`.
pub(super) fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}
