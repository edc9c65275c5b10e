//! Saying what is wrong with an item that the grammar does not know.
//!
//! The grammar tells how far it came and what could have stood there. From these and the tokens around, the mistakes that
//! people make most are recognised by name, each with its mending edit; the rest is said as "expected … found …".

use std::collections::BTreeSet;

use super::Parser;
use super::failure::{is_reserved, quote};
use crate::diag::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::TokenKind;
use crate::syntax::split::{Chunk, ITEM_WORDS, closing, nearest};

/// Words of other languages for items of this one.
const FOREIGN_ITEMS: &[(&str, &str)] = &[
    ("permit", "allow"),
    ("forbid", "deny"),
    ("import", "use"),
    ("include", "use"),
    ("function", "fn"),
    ("def", "fn"),
    ("const", "let"),
    ("var", "let"),
    ("module", "package"),
    ("namespace", "package"),
    ("type", "record"),
    ("struct", "record"),
    ("assert", "prove"),
    ("reject", "deny"),
    ("grant", "allow"),
    ("actions", "action"),
];

/// Words of other languages for clauses of this one.
const FOREIGN_CLAUSES: &[(&str, &str)] =
    &[("where", "when"), ("if", "when"), ("unless", "when not"), ("having", "when"), ("reason", "because")];

pub(super) const CLAUSES: &[&str] = &["for", "when", "because", "oblige", "overrides", "control"];

/// Where the grammar stopped.
pub(super) struct Scene {
    pub(super) chunk: Chunk,
    /// The first token that could not be read; the chunk's end if the item ended too early.
    pub(super) index: usize,
    expected: Vec<Rule>,
}

impl Scene {
    pub(super) fn expects(&self, production: Rule) -> bool {
        self.expected.contains(&production)
    }

    pub(super) fn expects_operator(&self) -> bool {
        self.expects(Rule::binary) || self.expects(Rule::is_test) || self.expects(Rule::select)
    }

    pub(super) fn expects_expression(&self) -> bool {
        [Rule::expression, Rule::operation, Rule::neg, Rule::not, Rule::string].iter().any(|&it| self.expects(it))
            && !self.expects_operator()
    }

    pub(super) fn expects_clause(&self) -> bool {
        self.expects(Rule::when) || self.expects(Rule::kw_when)
    }
}

impl Parser<'_> {
    /// The diagnostic for an item that the grammar refused.
    pub(super) fn blame(&self, chunk: Chunk, base: usize, error: &pest::error::Error<Rule>) -> Diagnostic {
        let offset = base
            + match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
            };
        let expected = match &error.variant {
            pest::error::ErrorVariant::ParsingError { positives, .. } => positives.clone(),
            pest::error::ErrorVariant::CustomError { .. } => Vec::new(),
        };
        let read = self.outline.chunk_tokens(chunk).partition_point(|token| token.end <= offset);
        let scene = Scene { chunk, index: chunk.first + read, expected };
        self.unknown_item(&scene)
            .or_else(|| self.habit(&scene))
            .or_else(|| self.foreign_text(&scene))
            .or_else(|| self.foreign_operator(&scene))
            .or_else(|| self.presence(&scene))
            .or_else(|| self.conditional(&scene))
            .or_else(|| self.missing_name(&scene))
            .or_else(|| self.reserved_word(&scene))
            .or_else(|| self.missing_colon(&scene))
            .or_else(|| self.lone_bracket(&scene))
            .or_else(|| self.bad_literal(&scene))
            .or_else(|| self.entity_reference(&scene))
            .or_else(|| self.quantifier(&scene))
            .or_else(|| self.clause(&scene))
            .unwrap_or_else(|| self.plainly(&scene))
    }

    pub(super) fn at(&self, index: usize) -> &str {
        self.outline.word(index)
    }

    pub(super) fn kind_at(&self, index: usize) -> Option<TokenKind> {
        self.outline.token(index).map(|token| token.kind)
    }

    /// The place of a token, or right behind the last one of the item.
    pub(super) fn place(&self, scene: &Scene) -> Span {
        if scene.index < scene.chunk.end {
            return self.token_span(scene.index);
        }
        let end = self.end_of(scene.index.saturating_sub(1));
        self.span(end, end)
    }

    pub(super) fn end_of(&self, index: usize) -> usize {
        self.outline.token(index).map_or(0, |token| token.end)
    }

    /// How an item is called in messages: `allow reading`.
    fn title(&self, chunk: Chunk) -> String {
        let Some(head) = chunk.head else { return "this".to_owned() };
        let named = matches!(self.kind_at(head + 1), Some(TokenKind::Word)) && head + 1 < chunk.end;
        if named { format!("`{} {}`", self.at(head), self.at(head + 1)) } else { format!("this `{}`", self.at(head)) }
    }

    /// A bracket or string in the chunk that nothing closes.
    pub(super) fn unclosed(&self, chunk: Chunk) -> Option<Diagnostic> {
        let mut indices = chunk.first..chunk.end;
        let text = indices.clone().find(|&index| self.kind_at(index) == Some(TokenKind::Unclosed));
        if let Some(index) = text {
            return Some(self.unclosed_text(index));
        }
        let open =
            |index: &usize| self.kind_at(*index) == Some(TokenKind::Open) && self.outline.partner(*index).is_none();
        let opener = indices.find(open)?;
        let culprit = self.outdented(opener, chunk.end).unwrap_or(opener);
        let close = char::from(closing(self.at(culprit).bytes().next().unwrap_or(b'{')));
        let message = format!("this `{}` is never closed", self.at(culprit));
        let end = self.end_of(chunk.end - 1);
        let diagnostic = Diagnostic::new(Code::UNCLOSED, self.token_span(culprit), message).label("opened here");
        let help = format!("add the missing `{close}`");
        let mended = if close == '}' { "\n}".to_owned() } else { close.to_string() };
        Some(match (chunk.end < self.outline.tokens.len(), culprit == opener) {
            (true, true) => {
                let next = self.token_span(chunk.end);
                diagnostic
                    .also(next, format!("`{close}` is missing before this"))
                    .help(help)
                    .fix(self.span(end, end), mended)
            }
            (false, true) => {
                diagnostic.also(self.span(end, end), format!("the file ends without `{close}`")).help(help)
            }
            (_, false) => diagnostic.help(help),
        })
    }

    fn unclosed_text(&self, index: usize) -> Diagnostic {
        let span = self.token_span(index);
        if self.at(index).starts_with('`') {
            let end = Span { start: span.end, ..span };
            return Diagnostic::new(Code::UNCLOSED, span, "this name in backquotes is never closed")
                .help("add the missing backquote")
                .fix(end, "`");
        }
        let help = "strings end on the line they start on; a quote within one is written `\\\"`, a line break `\\n`";
        let end = Span { start: span.end, ..span };
        Diagnostic::new(Code::UNCLOSED, span, "this string is never closed")
            .label("the closing `\"` is missing on this line")
            .help(help)
            .fix(end, "\"")
    }

    /// A block whose closing bracket stands further left than the line that opens it: probably the one that is not closed.
    fn outdented(&self, opener: usize, end: usize) -> Option<usize> {
        let indentation = |index: usize| {
            let first = (0..=index).rev().find(|&at| self.outline.token(at).is_some_and(|token| token.starts_line))?;
            Some(self.outline.column(first))
        };
        let closes_line = |index: usize| self.outline.token(index).is_some_and(|token| token.starts_line);
        let candidates =
            (opener + 1..end.min(opener + 2000)).filter_map(|index| Some((index, self.outline.partner(index)?)));
        let mut blocks = candidates.filter(|&(index, partner)| partner > index && closes_line(partner));
        blocks
            .find(|&(index, partner)| self.outline.column(partner) < indentation(index).unwrap_or(0))
            .map(|(index, _)| index)
    }

    /// Text from `first` to `end` that belongs to no item.
    pub(super) fn stray(&self, first: usize, end: usize) -> Diagnostic {
        let word = self.at(first);
        let place = self.token_span(first);
        if let Some(known) = item_word(word) {
            let message = format!("no item starts with `{word}`");
            return Diagnostic::new(Code::STRAY_TEXT, place, message)
                .label(format!("did you mean `{known}`?"))
                .help(format!("write `{known}`"))
                .fix(place, known);
        }
        let lower = word.to_ascii_lowercase();
        if lower != word && matches!(&*lower, "and" | "or" | "in" | "is" | "like" | "matches" | "contains") {
            let message = format!("`{word}` is not an operator here: operators are in small letters");
            return Diagnostic::new(Code::FOREIGN_OPERATOR, place, message)
                .help(format!("write `{lower}`"))
                .fix(place, lower);
        }
        let scene = Scene { chunk: Chunk { first, end, head: None }, index: first, expected: Vec::new() };
        if let Some(diagnostic) = self.foreign_text(&scene) {
            return diagnostic;
        }
        let last_of_line = (first + 1..end)
            .take_while(|&index| self.outline.token(index).is_some_and(|token| !token.starts_line))
            .last();
        let span = place.to(self.token_span(last_of_line.unwrap_or(first)));
        let help = format!(
            "items start with {}; comments start with `//`",
            listed(ITEM_WORDS.iter().map(|word| format!("`{word}`")).collect())
        );
        Diagnostic::new(Code::STRAY_TEXT, span, "this text belongs to no item").label("not part of an item").help(help)
    }

    /// Behind annotations stands no item.
    fn unknown_item(&self, scene: &Scene) -> Option<Diagnostic> {
        if scene.chunk.head.is_some() || scene.index < scene.chunk.end && self.at(scene.index) == "@" {
            return None;
        }
        if scene.index < scene.chunk.end {
            let is_word =
                self.kind_at(scene.index) == Some(TokenKind::Word) && self.at(scene.index.saturating_sub(1)) != "@";
            return is_word.then(|| self.stray(scene.index, scene.chunk.end));
        }
        let span = self.token_span(scene.chunk.first).to(self.token_span(scene.chunk.end - 1));
        Some(
            Diagnostic::new(Code::STRAY_TEXT, span, "an annotation stands before the item it is about")
                .label("no item follows")
                .help("put it before a rule or a declaration, or remove it"),
        )
    }

    /// Signs and quotes that the language does not have.
    fn foreign_text(&self, scene: &Scene) -> Option<Diagnostic> {
        let text = self.at(scene.index);
        let span = self.place(scene);
        if scene.index >= scene.chunk.end || self.kind_at(scene.index) != Some(TokenKind::Foreign) {
            return None;
        }
        let foreign = |message: &str| Diagnostic::new(Code::FOREIGN_OPERATOR, span, message);
        Some(match text.chars().next()? {
            '\'' if text.len() > 1 => {
                let mended = text.replace('"', "\\\"").replace('\'', "\"");
                foreign("strings stand in double quotes").help(format!("write {}", quote(&mended))).fix(span, mended)
            }
            '\'' => foreign("a single quote means nothing here").help("strings stand in double quotes"),
            '#' => {
                let mended = format!("//{}", text.trim_start_matches('#'));
                foreign("comments start with `//`")
                    .label("not a comment")
                    .help(format!("write {}", quote(&mended)))
                    .fix(span, mended)
            }
            '/' => foreign("there are no block comments")
                .label("not a comment")
                .help("start each line of a comment with `//`"),
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2018}' | '\u{2019}' => {
                foreign("typographic quotes do not delimit strings").help("use plain double quotes, `\"`")
            }
            '\u{a0}' => {
                foreign("this space is a non-breaking space").help("replace it by a plain space").fix(span, " ")
            }
            _ => Diagnostic::new(Code::SYNTAX, span, format!("{} means nothing here", quote(text)))
                .help("names with other letters than a-z stand in backquotes"),
        })
    }

    /// Operators of other languages.
    fn foreign_operator(&self, scene: &Scene) -> Option<Diagnostic> {
        if scene.index >= scene.chunk.end {
            return None;
        }
        let text = self.at(scene.index);
        let span = self.place(scene);
        let after_operand = scene.expects_operator();
        let (message, with) = match text {
            "&&" | "&" => ("conditions are joined with `and`", Some("and")),
            "||" => ("conditions are joined with `or`", Some("or")),
            "|" if after_operand => ("conditions are joined with `or`", Some("or")),
            "!" => ("conditions are negated with `not`", Some("not ")),
            "=" | "===" | "=>" if after_operand && text != "=>" => ("equality is asked with `==`", Some("==")),
            "=>" if after_operand && !scene.expects(Rule::arrow) => ("\"at least\" is written `>=`", Some(">=")),
            "=>" if scene.expects(Rule::arrow) => ("the arrow is written `->`", Some("->")),
            ":=" => ("what a name stands for follows `=`", Some("=")),
            "==" if scene.expects(Rule::equals) => ("what a name stands for follows a single `=`", Some("=")),
            "=" if scene.expects(Rule::colon) && self.head_word(scene) == "param" => {
                return Some(self.missing_type(scene));
            }
            "=" if scene.expects(Rule::colon) => ("a colon stands here", Some(":")),
            ":" if scene.expects(Rule::equals) && !scene.expects(Rule::colon) => {
                ("what a name stands for follows `=`", Some("="))
            }
            "===" => ("equality is asked with `==`", Some("==")),
            "!==" | "<>" => ("inequality is asked with `!=`", Some("!=")),
            "=<" => ("\"at most\" is written `<=`", Some("<=")),
            ";" => ("items and clauses end without a sign", Some("")),
            "/" => ("there is no division", None),
            "%" => ("there is no remainder", None),
            "~" => ("patterns are asked with `like` or `matches`", None),
            "**" | "++" | "--" | "+=" | "-=" | "^" => ("numbers have `+`, `-` and `*`", None),
            "?." => ("`.` reaches through optionals by itself", Some(".")),
            "??" => ("a value for what is absent follows `otherwise`", Some("otherwise")),
            "?" if after_operand => ("a choice is written `if … then … else …`", None),
            _ if self.kind_at(scene.index) == Some(TokenKind::Literal) && after_operand && text.contains('/') => {
                ("there is no division", None)
            }
            _ => return None,
        };
        let diagnostic =
            Diagnostic::new(Code::FOREIGN_OPERATOR, span, format!("`{text}` is not an operator here: {message}"));
        Some(match with {
            Some("") => diagnostic.help(format!("remove `{text}`")).fix(span, ""),
            Some(with) => diagnostic.help(format!("write `{}`", with.trim())).fix(span, with),
            None if message.contains("division") => {
                diagnostic.help("compare products instead: `a * 2 <= b` for `a <= b / 2`")
            }
            None => diagnostic,
        })
    }

    pub(super) fn head_word(&self, scene: &Scene) -> &str {
        scene.chunk.head.map_or("", |head| self.at(head))
    }

    /// `param limit = 5`
    fn missing_type(&self, scene: &Scene) -> Diagnostic {
        let before = scene.index.saturating_sub(1);
        let help = format!("a parameter says its type, as in `param {}: Int`", self.at(before));
        Diagnostic::new(Code::SYNTAX, self.token_span(before), "this parameter has no type")
            .label("a `:` and a type must follow")
            .help(help)
    }

    /// `if` without `then` or `else`, or where it needs parentheses.
    fn conditional(&self, scene: &Scene) -> Option<Diagnostic> {
        let is_if = scene.index < scene.chunk.end && self.at(scene.index) == "if";
        if is_if && !scene.expects_clause() && (scene.expects_expression() || scene.expects(Rule::expression)) {
            let help = "write `(if … then … else …)`";
            return Some(
                Diagnostic::new(Code::SYNTAX, self.place(scene), "`if` needs parentheses after an operator").help(help),
            );
        }
        let missing = match (scene.expects(Rule::kw_then), scene.expects(Rule::kw_else)) {
            (true, _) => "then",
            (_, true) => "else",
            _ => return None,
        };
        let opener = self.pending_if(scene)?;
        let help = match missing {
            "then" => "write `if CONDITION then VALUE else VALUE`",
            _ => "say what holds otherwise: a condition without more to ask ends in `else false`",
        };
        let diagnostic =
            Diagnostic::new(Code::SYNTAX, self.token_span(opener), format!("this `if` has no `{missing}`"));
        Some(diagnostic.also(self.place(scene), format!("`{missing}` is expected here")).help(help))
    }

    /// The innermost `if` that stands open where the grammar stopped.
    fn pending_if(&self, scene: &Scene) -> Option<usize> {
        let mut closed = 0_usize;
        let mut index = scene.index;
        while index > scene.chunk.first {
            index -= 1;
            match (self.at(index), self.outline.partner(index)) {
                (")" | "]" | "}", Some(partner)) => index = partner,
                ("else", _) => closed += 1,
                ("if", _) if closed == 0 => return Some(index),
                ("if", _) => closed -= 1,
                _ => {}
            }
        }
        None
    }

    /// An item without a name.
    fn missing_name(&self, scene: &Scene) -> Option<Diagnostic> {
        let nameless_proof =
            self.head_word(scene) == "prove" && matches!(self.at(scene.index.saturating_sub(1)), "never" | "always");
        let head =
            scene.chunk.head.filter(|&head| head + 1 == scene.index || nameless_proof && head + 2 == scene.index)?;
        let word = self.at(head);
        if nameless_proof {
            return Some(self.nameless(
                head,
                "proof",
                "prove holds_are_absolute: never allow change when resource.legal_hold",
            ));
        }
        if matches!(word, "context")
            || self.kind_at(scene.index) == Some(TokenKind::Word) && scene.index < scene.chunk.end && word != "test"
        {
            return None;
        }
        let (what, example) = match word {
            "package" => ("package line", "package documents"),
            "use" => ("`use`", "use zt.http"),
            "enum" => ("enum", "enum Clearance { public < internal < secret }"),
            "source" => ("source", "source idp verified"),
            "entity" => ("entity", "entity User { clearance: Clearance from idp }"),
            "record" => ("record", "record Token { sub: String }"),
            "obligation" => ("obligation", "obligation audit(level: String)"),
            "action" => ("action", "action read, list: User -> Document"),
            "let" => ("`let`", "let office = [10.0.0.0/8]"),
            "fn" => ("function", "fn cleared(u: User) = u.clearance >= internal"),
            "param" => ("param", "param max_risk: Int = 50"),
            "allow" => ("rule", "allow staff_read: read"),
            "deny" => ("rule", "deny legal_hold: change"),
            "test" => ("test", "test \"what it shows\" { … }"),
            _ => ("proof", "prove holds_are_absolute: never allow change when resource.legal_hold"),
        };
        Some(self.nameless(head, what, example))
    }

    fn nameless(&self, head: usize, what: &str, example: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(Code::SYNTAX, self.token_span(head), format!("this {what} has no name"));
        diagnostic.label("a name must follow").help(format!("for example `{example}`"))
    }

    /// A keyword where a name should be.
    fn reserved_word(&self, scene: &Scene) -> Option<Diagnostic> {
        let word = self.at(scene.index);
        let wants_name = [
            Rule::ident,
            Rule::name,
            Rule::names,
            Rule::union,
            Rule::type_,
            Rule::fn_param,
            Rule::actions,
            Rule::duty,
            Rule::alias,
        ]
        .iter()
        .any(|&it| scene.expects(it));
        let is_word_reserved = self.kind_at(scene.index) == Some(TokenKind::Word) && is_reserved(word);
        if scene.index >= scene.chunk.end
            || !is_word_reserved
            || !(wants_name || scene.chunk.head.is_some_and(|head| head + 1 == scene.index))
        {
            return None;
        }
        // A clause's word behind an unfinished list is no misnamed thing.
        if CLAUSES.contains(&word) || matches!(word, "and" | "or" | "in" | "is" | "then" | "else") {
            return None;
        }
        let place = self.place(scene);
        let diagnostic =
            Diagnostic::new(Code::RESERVED_WORD, place, format!("`{word}` is a word of the language, not a name"));
        Some(
            diagnostic
                .label("a name is expected here")
                .help(format!("choose another name, or put it in backquotes: `` `{word}` ``"))
                .fix(place, format!("`{word}`")),
        )
    }

    /// `allow reading read` without its colon, or a field without one.
    fn missing_colon(&self, scene: &Scene) -> Option<Diagnostic> {
        let found = self.kind_at(scene.index)?;
        let fits = matches!(found, TokenKind::Word | TokenKind::Quoted | TokenKind::Str | TokenKind::Literal)
            || matches!(self.at(scene.index), "(" | "[");
        if !scene.expects(Rule::colon) || !fits || scene.index >= scene.chunk.end {
            return None;
        }
        let before = scene.index.checked_sub(1)?;
        let end = self.end_of(before);
        let name = self.at(before);
        let is_rule = scene
            .chunk
            .head
            .is_some_and(|head| head + 1 == before && matches!(self.at(head), "allow" | "deny" | "prove"));
        let message = if is_rule {
            format!("a `:` is missing after the name {}", quote(name))
        } else {
            format!("a `:` is missing after {}", quote(name))
        };
        let help = format!("write {}", quote(&format!("{name}: {}", self.at(scene.index))));
        Some(
            Diagnostic::new(Code::SYNTAX, self.token_span(before), message)
                .label("followed by `:`")
                .help(help)
                .fix(self.span(end, end), ":"),
        )
    }

    fn lone_bracket(&self, scene: &Scene) -> Option<Diagnostic> {
        let is_close = self.kind_at(scene.index) == Some(TokenKind::Close) && scene.index < scene.chunk.end;
        if !is_close || self.outline.partner(scene.index).is_some() {
            return None;
        }
        let place = self.place(scene);
        let message = format!("this `{}` closes nothing", self.at(scene.index));
        Some(
            Diagnostic::new(Code::SYNTAX, place, message)
                .help("remove it, or add the bracket that it should close")
                .fix(place, ""),
        )
    }

    fn bad_literal(&self, scene: &Scene) -> Option<Diagnostic> {
        if self.kind_at(scene.index) != Some(TokenKind::Literal)
            || scene.index >= scene.chunk.end
            || scene.expects_operator()
        {
            return None;
        }
        let text = self.at(scene.index);
        let literals = [Rule::expression, Rule::operation, Rule::int, Rule::neg, Rule::not];
        if !literals.iter().any(|&it| scene.expects(it)) {
            return None;
        }
        let help = "numbers are written `42`, `1_000` or `3.50`, durations `15m` or `1h30m`, times of day `08:00`, addresses `10.1.2.3` or `2001:db8::1`, ranges `10.0.0.0/8`; other values stand in strings";
        Some(
            Diagnostic::new(
                Code::BAD_LITERAL,
                self.place(scene),
                format!("`{text}` is no number, duration, time of day or address"),
            )
            .help(help),
        )
    }

    /// `x is not present`, `x is null`.
    fn presence(&self, scene: &Scene) -> Option<Diagnostic> {
        let is_before = scene.index.checked_sub(1).filter(|&before| self.at(before) == "is")?;
        let span = self.token_span(is_before).to(self.place(scene));
        let (message, help) = match self.at(scene.index) {
            "not" => ("`is not` is not an operator", "negate the whole test: `not (x is present)`, `not (x is User)`"),
            "null" | "none" => ("`is` asks for a type, for presence or for emptiness", "write `not (x is present)`"),
            _ => return None,
        };
        Some(Diagnostic::new(Code::FOREIGN_OPERATOR, span, message).help(help))
    }

    /// `User::ann` without quotes, `user::"ann"` without a capital.
    fn entity_reference(&self, scene: &Scene) -> Option<Diagnostic> {
        let colons = match (self.at(scene.index), scene.index.checked_sub(1)) {
            ("::", _) => scene.index,
            (_, Some(before)) if self.at(before) == "::" => before,
            _ => return None,
        };
        let (name, id) = (colons.checked_sub(1).map_or("", |before| self.at(before)), self.at(colons + 1));
        let span = self.token_span(colons.saturating_sub(1)).to(self.token_span(colons + 1));
        if self.kind_at(colons + 1) != Some(TokenKind::Str) {
            let mended = format!("{name}::\"{id}\"");
            return Some(
                Diagnostic::new(
                    Code::SYNTAX,
                    span,
                    "an entity's id is a text in quotes, a member of an enum follows a dot",
                )
                .help(format!("write `{mended}`, or `{name}.{id}`"))
                .fix(span, mended),
            );
        }
        let mut letters = name.chars();
        let capital = letters.next()?.to_ascii_uppercase();
        let mended = format!("{capital}{}::{id}", letters.as_str());
        let diagnostic = Diagnostic::new(Code::LETTER_CASE, span, format!("`{name}` is not the name of a type"));
        Some(diagnostic.help(format!("types start with a capital letter: write `{mended}`")).fix(span, mended))
    }

    /// `all x in xs x > 1` or without parentheses.
    fn quantifier(&self, scene: &Scene) -> Option<Diagnostic> {
        let wants_body = scene.expects(Rule::paren) || scene.expects(Rule::open_paren);
        if !wants_body || self.at(scene.index.checked_sub(1)?) != ":" {
            return None;
        }
        let help = "write `all x in xs: (x > 1)`; likewise `any`, `none` and `count(x in xs: (x > 1))`";
        Some(
            Diagnostic::new(Code::SYNTAX, self.place(scene), "what is asked of each element stands in parentheses")
                .label("a `(` is expected here")
                .help(help),
        )
    }

    /// A word where a rule's next clause should be.
    fn clause(&self, scene: &Scene) -> Option<Diagnostic> {
        let head = scene.chunk.head?;
        let is_rule = matches!(self.at(head), "allow" | "deny" | "prove");
        if !is_rule || !scene.expects_clause() || scene.index >= scene.chunk.end {
            return None;
        }
        let word = self.at(scene.index);
        let place = self.place(scene);
        let foreign = FOREIGN_CLAUSES.iter().find(|(foreign, _)| *foreign == word).map(|&(_, known)| known);
        if let Some(known) = foreign.or_else(|| nearest(word, CLAUSES)) {
            let diagnostic = Diagnostic::new(Code::SYNTAX, place, format!("no clause starts with `{word}`"));
            return Some(
                diagnostic.label(format!("did you mean `{known}`?")).help(format!("write `{known}`")).fix(place, known),
            );
        }
        let before = self.at(scene.index.saturating_sub(1));
        let message = format!("expected {} after {}, found {}", self.wanted(scene), quote(before), quote(word));
        let help = "conditions follow `when`, whom the rule is about follows `for`; actions are separated by commas, conditions joined with `and` or `or`";
        Some(Diagnostic::new(Code::SYNTAX, place, message).label("not expected here").help(help))
    }

    /// What was expected, and what stands there.
    fn plainly(&self, scene: &Scene) -> Diagnostic {
        let wanted = self.wanted(scene);
        let place = self.place(scene);
        if scene.index >= scene.chunk.end {
            let title = self.title(scene.chunk);
            let last = self.at(scene.index.saturating_sub(1));
            let message = format!("{title} ends too early: expected {wanted} after {}", quote(last));
            return Diagnostic::new(Code::SYNTAX, self.token_span(scene.index.saturating_sub(1)), message)
                .label(format!("expected {wanted} after this"));
        }
        let found = self.at(scene.index);
        if let Some(known) = self.nearest_expected(scene, found) {
            let diagnostic = Diagnostic::new(Code::SYNTAX, place, format!("expected {wanted}, found `{found}`"));
            return diagnostic
                .label(format!("did you mean `{known}`?"))
                .help(format!("write `{known}`"))
                .fix(place, known);
        }
        let shown = if found.len() > 40 { "this text".to_owned() } else { quote(found) };
        Diagnostic::new(Code::SYNTAX, place, format!("expected {wanted}, found {shown}"))
            .label(format!("expected {wanted}"))
    }

    /// The keyword among those expected that `found` probably means.
    fn nearest_expected(&self, scene: &Scene, found: &str) -> Option<String> {
        let wordings = scene.expected.iter().filter_map(|&it| wording(it)).collect::<Vec<_>>();
        let words: Vec<&str> = wordings
            .iter()
            .flat_map(|wording| wording.split('`'))
            .filter(|word| crate::syntax::lex::is_word(word))
            .collect();
        let foreign = FOREIGN_ITEMS
            .iter()
            .find(|(foreign, known)| *foreign == found && words.contains(known))
            .map(|&(_, known)| known);
        foreign.or_else(|| nearest(found, &words)).map(str::to_owned)
    }

    /// What could have stood where the grammar stopped, in an author's words.
    fn wanted(&self, scene: &Scene) -> String {
        let words: BTreeSet<String> = scene.expected.iter().filter_map(|&it| wording(it)).collect();
        let mut words: Vec<_> = words.into_iter().collect();
        if words.iter().any(|word| word == "an expression") {
            words.retain(|word| !matches!(&**word, "a name" | "a text in quotes" | "`(`" | "`[`" | "`{`"));
        }
        let is_clause = |word: &String| CLAUSES.iter().any(|clause| *word == format!("`{clause}`"));
        if words.iter().filter(|word| is_clause(word)).count() > 2 {
            words.retain(|word| !is_clause(word));
            words.push("a clause such as `when` or `because`".to_owned());
        } else if words.len() > 1 {
            words.retain(|word| word != "an operator");
        }
        if words.len() > 1 {
            words.retain(|word| word != "the end of the item");
        }
        if words.len() > 5 {
            words.truncate(4);
        }
        if words.is_empty() { "something else".to_owned() } else { listed(words) }
    }
}

fn item_word(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    let foreign = FOREIGN_ITEMS.iter().find(|(foreign, _)| *foreign == lower).map(|&(_, known)| known);
    foreign.or_else(|| nearest(&lower, ITEM_WORDS))
}

/// `a, b or c`
fn listed(mut words: Vec<String>) -> String {
    match (words.pop(), words.is_empty()) {
        (Some(last), true) => last,
        (Some(last), false) => format!("{} or {last}", words.join(", ")),
        (None, _) => String::new(),
    }
}

/// How a production is called in messages; none for those that only clutter them.
fn wording(production: Rule) -> Option<String> {
    use Rule as R;
    let phrase = match production {
        R::EOI => "the end of the item",
        R::ident | R::any_ident | R::name | R::names | R::alias | R::path | R::from_name => "a name",
        R::field | R::attribute | R::fn_param | R::entry | R::argument => "a field such as `name: …`",
        R::type_ | R::set | R::list_of | R::map | R::union | R::type_ident | R::type_name => "a type",
        R::expression
        | R::operation
        | R::if_
        | R::not
        | R::neg
        | R::literal_start
        | R::paren
        | R::list
        | R::record_literal
        | R::quantified
        | R::count
        | R::constant
        | R::quantifier
        | R::entity_start
        | R::request_word
        | R::entity_literal
        | R::int
        | R::decimal
        | R::duration
        | R::time
        | R::ip
        | R::ip_range => "an expression",
        R::string => "a text in quotes",
        R::kw_not | R::kw_count | R::kw_if => "an expression",
        R::binary | R::is_test | R::like | R::matches | R::kw_like | R::kw_matches => "an operator",
        R::select | R::index | R::call | R::double_colon | R::optional | R::bar | R::dot => return None,
        R::actions | R::any_action => "actions or `any`",
        R::when | R::kw_when => "`when`",
        R::for_ | R::kw_for => "`for`",
        R::because | R::kw_because | R::expect_because => "`because`",
        R::oblige | R::kw_oblige => "`oblige`",
        R::overrides | R::kw_overrides => "`overrides`",
        R::control | R::kw_control => "`control`",
        R::whom | R::target | R::targets => "`subject` or `resource`",
        R::verified | R::unverified => "`verified` or `unverified`",
        R::always | R::never => "`never` or `always`",
        R::effect => "`allow` or `deny`",
        R::declared => "`:`",
        R::group => "`=`",
        R::attributes => "`{`",
        R::params | R::fn_params => "`(`",
        R::duty => "an obligation such as `audit(level: \"high\")`",
        R::ordered | R::unordered => "a member",
        R::target_is => "`is`",
        R::target_in => "`in`",
        R::target_equals | R::equal => "`==`",
        R::given => "`given`",
        R::expect => "`expect`",
        R::given_now
        | R::given_param
        | R::evidence
        | R::part_subject
        | R::part_resource
        | R::part_entity
        | R::part_stored
        | R::part_context => "a part of the request such as `subject …` or `context { … }`",
        R::expect_by | R::expect_challenge | R::expect_unknown | R::expect_reason => {
            "a detail such as `by …` or `challenge …`"
        }
        R::from | R::fresh_until | R::fresh_since | R::step_up | R::sensitive => "a modifier such as `from …`",
        R::annotation => return None,
        R::open_paren => "`(`",
        R::close_paren => "`)`",
        R::open_bracket => "`[`",
        R::close_bracket => "`]`",
        R::open_brace => "`{`",
        R::close_brace => "`}`",
        R::open_angle => "`<`",
        R::close_angle => "`>`",
        R::less => "`<`",
        R::colon => "`:`",
        R::comma => "`,`",
        R::arrow => "`->`",
        R::equals => "`=`",
        _ => return keyword(production),
    };
    Some(phrase.to_owned())
}

/// `kw_when` is `` `when` ``; other productions have no wording of their own.
fn keyword(production: Rule) -> Option<String> {
    let name = format!("{production:?}");
    name.strip_prefix("kw_").map(|word| format!("`{word}`"))
}
