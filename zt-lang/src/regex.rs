//! Regular expressions for `matches`: from text to an automaton that searches in linear time.
//!
//! The syntax is that of the `regex` crates, with two differences that keep policies predictable: a pattern matches the
//! whole text, and `\d`, `\s`, `\w` and `\b` speak of ASCII unless a `(?u)` asks otherwise.

use regex_automata::dfa::{StartKind, dense};
use regex_automata::util::syntax;
use regex_syntax::ast::{self, Ast, Visitor};
use zt_eval::Limits;
use zt_eval::pattern::Regex;

/// Why a regular expression is refused.
#[derive(Debug)]
pub enum Error {
    /// It is not well formed; what the parser says of it.
    Malformed(String),
    /// Its automaton is larger than the limit.
    TooLarge {
        /// The limit in bytes.
        limit: u32,
    },
}

/// The automaton that accepts the texts that `pattern` matches as a whole.
pub fn compile(pattern: &str, limits: &Limits) -> Result<Regex, Error> {
    let anchored = format!(r"\A(?:{})\z", ascii_classes(pattern)?);
    let limit = limits.pattern_bytes_max;
    let size = Some(limit as usize);
    let dfa = dense::Builder::new()
        .syntax(syntax::Config::new().unicode(true).utf8(true).nest_limit(50))
        .configure(
            dense::Config::new().start_kind(StartKind::Anchored).dfa_size_limit(size).determinize_size_limit(size),
        )
        .thompson(regex_automata::nfa::thompson::Config::new().nfa_size_limit(size))
        .build(&anchored)
        .map_err(|_| Error::TooLarge { limit })?;
    let sparse = dfa.to_sparse().map_err(|_| Error::TooLarge { limit })?;
    Regex::from_dfa(pattern, sparse.to_bytes_little_endian()).ok_or(Error::TooLarge { limit })
}

/// The pattern with its Perl classes and word boundaries written out for ASCII.
fn ascii_classes(pattern: &str) -> Result<String, Error> {
    let malformed = |error: ast::Error| Error::Malformed(error.kind().to_string());
    let tree = ast::parse::ParserBuilder::new().nest_limit(50).build().parse(pattern).map_err(malformed)?;
    let edits = ast::visit(&tree, Edits { edits: Vec::new(), unicode: vec![false] })?;
    let mut text = String::with_capacity(pattern.len());
    let mut at = 0;
    for (span, with) in edits {
        text.push_str(pattern.get(at..span.start.offset).unwrap_or_default());
        text.push_str(with);
        at = span.end.offset;
    }
    text.push_str(pattern.get(at..).unwrap_or_default());
    // What the tree alone does not tell (empty ranges, unknown properties) the translation does.
    let check = regex_syntax::ParserBuilder::new().nest_limit(50).build().parse(&text);
    match check {
        Ok(_) => Ok(text),
        Err(regex_syntax::Error::Parse(error)) => Err(malformed(error)),
        Err(regex_syntax::Error::Translate(error)) => Err(Error::Malformed(error.kind().to_string())),
        Err(other) => Err(Error::Malformed(other.to_string())),
    }
}

/// Collects what to replace, in order of place.
struct Edits {
    edits: Vec<(ast::Span, &'static str)>,
    /// Whether `(?u)` is in force, by group.
    unicode: Vec<bool>,
}

impl Edits {
    fn is_unicode(&self) -> bool {
        self.unicode.last().copied().unwrap_or(false)
    }

    fn perl(&mut self, class: &ast::ClassPerl) {
        if self.is_unicode() {
            return;
        }
        let with = match (&class.kind, class.negated) {
            (ast::ClassPerlKind::Digit, false) => "[0-9]",
            (ast::ClassPerlKind::Digit, true) => "[^0-9]",
            (ast::ClassPerlKind::Space, false) => r"[\t\n\v\f\r ]",
            (ast::ClassPerlKind::Space, true) => r"[^\t\n\v\f\r ]",
            (ast::ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
            (ast::ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
        };
        self.edits.push((class.span, with));
    }

    fn flags(&mut self, flags: &ast::Flags) {
        if let Some(asked) = flags.flag_state(ast::Flag::Unicode)
            && let Some(current) = self.unicode.last_mut()
        {
            *current = asked;
        }
    }
}

impl Visitor for Edits {
    type Output = Vec<(ast::Span, &'static str)>;
    type Err = Error;

    fn finish(mut self) -> Result<Self::Output, Error> {
        self.edits.sort_by_key(|(span, _)| span.start.offset);
        Ok(self.edits)
    }

    fn visit_pre(&mut self, node: &Ast) -> Result<(), Error> {
        match node {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => {
                self.unicode.push(self.is_unicode());
                if let ast::GroupKind::NonCapturing(flags) = &group.kind {
                    self.flags(flags);
                }
            }
            Ast::ClassPerl(class) => self.perl(class),
            Ast::Assertion(assertion) if !self.is_unicode() => match assertion.kind {
                ast::AssertionKind::WordBoundary => self.edits.push((assertion.span, r"(?-u:\b)")),
                ast::AssertionKind::NotWordBoundary => {
                    return Err(Error::Malformed(r"`\B` is not supported".into()));
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn visit_post(&mut self, node: &Ast) -> Result<(), Error> {
        if matches!(node, Ast::Group(_)) {
            self.unicode.pop();
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), Error> {
        if let ast::ClassSetItem::Perl(class) = item {
            self.perl(class);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        compile(pattern, &Limits::default()).unwrap().is_match(text).unwrap()
    }

    #[test]
    fn patterns_match_the_whole_text() {
        assert!(matches("[a-z]+", "abc"));
        assert!(!matches("[a-z]+", "abc1"));
        assert!(matches("a|ab", "ab"));
        assert!(!matches("^a$", "a\n"));
    }

    #[test]
    fn classes_are_ascii_unless_asked() {
        assert!(matches(r"\d+", "123"));
        assert!(!matches(r"\d+", "١٢٣"));
        assert!(matches(r"(?u)\d+", "١٢٣"));
        assert!(matches(r"(?u:\d)\d", "١2"));
        assert!(!matches(r"(?u:\d)\d", "١٢"));
        assert!(matches(r"[\w.]+@\w+", "a.b@c"));
        assert!(!matches(r"[\w.]+", "é"));
        assert!(matches(r"\W", "é"));
    }

    #[test]
    fn malformed_and_large_patterns_are_refused() {
        for pattern in ["(", "[z-a]", r"\p{Nonsense}", "a{2,1}", r"(a)\1", "*", r"\B"] {
            assert!(matches!(compile(pattern, &Limits::default()), Err(Error::Malformed(_))), "{pattern}");
        }
        assert!(matches!(compile(r"(?u)\w{50}[01]{50}", &Limits::default()), Err(Error::TooLarge { .. })));
        assert!(matches!(compile("(a?){60}[ab]*a[ab]{20}", &Limits::default()), Err(Error::TooLarge { .. })));
    }
}
