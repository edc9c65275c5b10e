//! How deep an item's text nests, told from its tokens alone.
//!
//! The grammar recurses where brackets, `if`s, generators (`all x in …:`) and type brackets nest, and nowhere else. What
//! nests deeper than the limit is never handed to it, so that no text can exhaust the stack.

use super::lex::{Token, TokenKind};

/// The greatest nesting found, and where the limit was first passed.
pub(super) struct Nesting {
    pub deepest: usize,
    /// Index, within the tokens given, of the first token beyond the limit.
    pub beyond: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Bracket,
    /// An `if` whose `else` has not come.
    If,
    /// A quantifier whose `:` has not come.
    Generator,
    /// `Set<` whose `>` has not come.
    Type,
}

/// Measures `tokens`, which are those of one item, without comments.
pub(super) fn measure(text: &str, tokens: &[Token], limit: usize) -> Nesting {
    let mut levels: Vec<Level> = Vec::new();
    let mut nesting = Nesting { deepest: 0, beyond: None };
    let word = |index: usize| tokens.get(index).map_or("", |token| token.text(text));
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).map_or("", word);
        match (token.kind, token.text(text)) {
            (TokenKind::Open, _) => levels.push(Level::Bracket),
            (TokenKind::Close, _) => while levels.pop().is_some_and(|level| level != Level::Bracket) {},
            (TokenKind::Word, "if") if before != "." => levels.push(Level::If),
            (TokenKind::Word, "else") if before != "." => close(&mut levels, Level::If),
            (TokenKind::Word, "all" | "any" | "none" | "count") if opens_generator(&word, index) => {
                levels.push(Level::Generator)
            }
            (TokenKind::Word, "Set" | "List" | "Map") if word(index + 1) == "<" => levels.push(Level::Type),
            (TokenKind::Punct, ":") => close(&mut levels, Level::Generator),
            (TokenKind::Punct, ">" | ">=" | ">>") => close(&mut levels, Level::Type),
            _ => continue,
        }
        nesting.deepest = nesting.deepest.max(levels.len());
        if levels.len() > limit && nesting.beyond.is_none() {
            nesting.beyond = Some(index);
        }
    }
    nesting
}

/// Takes the innermost level off if it is of this kind; an `else` also ends what stands open in its `then`.
fn close(levels: &mut Vec<Level>, kind: Level) {
    if levels.last() == Some(&kind) {
        levels.pop();
    }
}

/// `all x in` or `all k, v in`.
fn opens_generator<'a>(word: &impl Fn(usize) -> &'a str, index: usize) -> bool {
    word(index + 2) == "in" || word(index + 2) == "," && word(index + 4) == "in"
}

#[cfg(test)]
mod tests {
    use super::super::lex::tokens;
    use super::*;

    fn deepest(text: &str) -> usize {
        measure(text, &tokens(text), 1).deepest
    }

    #[test]
    fn levels_are_counted() {
        assert_eq!(deepest("a + b"), 0);
        assert_eq!(deepest("((a), [b])"), 2);
        assert_eq!(deepest("if a then b else if c then d else if e then f else g"), 1);
        assert_eq!(deepest("if if a then b else c then d else e"), 2);
        assert_eq!(deepest("all x in xs: (any y in ys: (z))"), 3 - 1);
        assert_eq!(deepest("all x in all y in zs: (y): (x)"), 2);
        assert_eq!(deepest("count(x in xs: (x))"), 2);
        assert_eq!(deepest("m: Map<Set<String>>?"), 2);
    }
}
