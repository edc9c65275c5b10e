//! Habits from other languages and slips of the pen, by name: what was meant, and how it is written here.
//!
//! Each recogniser looks at the token that the grammar refused and at its neighbours. One that is not sure says nothing:
//! then [`blame`](super::blame) tells what was expected and what stands there.

use super::Parser;
use super::blame::{CLAUSES, Scene};
use super::failure::{is_reserved, quote};
use crate::diag::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::TokenKind;
use crate::syntax::split::nearest;

/// Words and signs of other languages that stand between operands.
const OPERATORS: &[(&str, &str)] = &[
    ("startswith", "starts_with"),
    ("hasprefix", "starts_with"),
    ("endswith", "ends_with"),
    ("hassuffix", "ends_with"),
    ("includes", "contains"),
    ("containsany", "contains_any"),
    ("overlaps", "contains_any"),
    ("intersects", "contains_any"),
    ("containsall", "contains_all"),
    ("superset", "contains_all"),
    ("regex", "matches"),
    ("rlike", "matches"),
    ("ilike", "like"),
    ("eq", "=="),
    ("equals", "=="),
    ("ne", "!="),
    ("neq", "!="),
    ("gt", ">"),
    ("gte", ">="),
    ("ge", ">="),
    ("lt", "<"),
    ("lte", "<="),
    ("le", "<="),
    ("within", "in"),
    ("instanceof", "is"),
    ("≥", ">="),
    ("≤", "<="),
    ("≠", "!="),
    ("∈", "in"),
    ("∧", "and"),
    ("∨", "or"),
];

/// Words for quantifiers.
const QUANTIFIERS: &[(&str, &str)] =
    &[("exists", "any"), ("some", "any"), ("every", "all"), ("forall", "all"), ("each", "all")];

/// Spellings of units.
const UNITS: &[(&str, &str)] = &[
    ("ms", "ms"),
    ("s", "s"),
    ("sec", "s"),
    ("second", "s"),
    ("m", "m"),
    ("min", "m"),
    ("minute", "m"),
    ("h", "h"),
    ("hour", "h"),
    ("d", "d"),
    ("day", "d"),
    ("w", "w"),
    ("week", "w"),
];

/// Generic types of other languages.
const GENERICS: &[(&str, &str)] = &[
    ("Array", "List"),
    ("Vec", "List"),
    ("Seq", "List"),
    ("HashSet", "Set"),
    ("Dict", "Map"),
    ("HashMap", "Map"),
    ("Record", "Map"),
];

fn looked_up(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(foreign, _)| *foreign == word).map(|&(_, known)| known)
}

fn is_type_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase())
}

fn said(at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::SYNTAX, at, message)
}

impl Parser<'_> {
    /// The mistake, if it is a known one.
    pub(super) fn habit(&self, scene: &Scene) -> Option<Diagnostic> {
        self.between_operands(scene)
            .or_else(|| self.before_operand(scene))
            .or_else(|| self.grouping(scene))
            .or_else(|| self.quoted_or_not(scene))
            .or_else(|| self.body_of_quantifier(scene))
            .or_else(|| self.rule_head(scene))
            .or_else(|| self.targets(scene))
            .or_else(|| self.function(scene))
            .or_else(|| self.type_arguments(scene))
            .or_else(|| self.modifiers(scene))
            .or_else(|| self.declaration(scene))
            .or_else(|| self.test_block(scene))
    }

    fn before(&self, scene: &Scene) -> usize {
        scene.index.saturating_sub(1)
    }

    /// The text of the source from one token to another.
    fn text_between(&self, first: usize, last: usize) -> &str {
        let start = self.outline.token(first).map_or(0, |token| token.start);
        self.outline.text.get(start..self.end_of(last)).unwrap_or("")
    }

    /// The bracket that stands open around a token.
    fn around(&self, scene: &Scene) -> Option<usize> {
        let mut index = scene.index;
        while index > scene.chunk.first {
            index -= 1;
            match (self.kind_at(index)?, self.outline.partner(index)) {
                (TokenKind::Close, Some(partner)) => index = partner,
                (TokenKind::Open, _) => return Some(index),
                _ => {}
            }
        }
        None
    }

    fn in_item(&self, scene: &Scene) -> bool {
        scene.index < scene.chunk.end
    }

    /// `AND`, `startsWith`, `has`, `between`, `30 d`, `1,000`: something else than an operator behind an operand.
    fn between_operands(&self, scene: &Scene) -> Option<Diagnostic> {
        if !scene.expects_operator() || !self.in_item(scene) {
            return None;
        }
        let (word, place, before) = (self.at(scene.index), self.place(scene), self.before(scene));
        let lower = word.to_ascii_lowercase();
        let foreign = |message: String| Diagnostic::new(Code::FOREIGN_OPERATOR, place, message);
        if lower != word && is_reserved(&lower) {
            return Some(
                foreign(format!("`{word}` is not an operator here: operators are in small letters"))
                    .help(format!("write `{lower}`"))
                    .fix(place, lower),
            );
        }
        if let Some(known) = looked_up(OPERATORS, &lower) {
            return Some(
                foreign(format!("`{word}` is not an operator here")).help(format!("write `{known}`")).fix(place, known),
            );
        }
        let prefix = self.at(before).to_ascii_lowercase();
        if prefix == "not" && self.kind_at(before) == Some(TokenKind::Word) {
            let at = self.token_span(before);
            let message = format!("`{}` is not an operator here: operators are in small letters", self.at(before));
            return Some(Diagnostic::new(Code::FOREIGN_OPERATOR, at, message).help("write `not`").fix(at, "not"));
        }
        if let Some(known) = looked_up(QUANTIFIERS, &prefix) {
            let at = self.token_span(before);
            let message = format!("`{}` is not a quantifier here", self.at(before));
            return Some(said(at, message).help(format!("write `{known} x in xs: (…)`")).fix(at, known));
        }
        Some(match word {
            "has" | "have" => foreign("`has` is not an operator here".into()).help(
                "whether an optional is there is asked with `is present`, what a set or a map holds with `contains`",
            ),
            "between" => {
                foreign("`between` is not an operator here".into()).help("write both bounds: `x >= 18 and x <= 65`")
            }
            "subset" | "subsetof" => foreign(format!("`{word}` is not an operator here"))
                .help("turn it round: `b contains_all a` says that all of `a` is in `b`"),
            "mod" | "div" => foreign(format!("`{word}` is not an operator here: numbers have `+`, `-` and `*`")),
            "=" if self.at(scene.index + 1) == "~" => {
                let span = place.to(self.token_span(scene.index + 1));
                Diagnostic::new(Code::FOREIGN_OPERATOR, span, "`=~` is not an operator here")
                    .help("write `matches`, and the pattern in double quotes")
                    .fix(span, "matches")
            }
            ":" if is_type_name(self.at(before)) && self.kind_at(scene.index + 1) == Some(TokenKind::Str) => {
                let mended = format!("{}::{}", self.at(before), self.at(scene.index + 1));
                let span = self.token_span(before).to(self.token_span(scene.index + 1));
                said(place, "two colons stand between an entity's type and its id")
                    .help(format!("write `{mended}`"))
                    .fix(span, mended)
            }
            "," if self.is_number(before) && self.at(scene.index + 1).len() == 3 && self.is_number(scene.index + 1) => {
                let mended = format!("{}_{}", self.at(before), self.at(scene.index + 1));
                let span = self.token_span(before).to(self.token_span(scene.index + 1));
                said(span, "digits are not grouped with commas").help(format!("write `{mended}`")).fix(span, mended)
            }
            "=>" if self.at(before.saturating_sub(1)) == "(" => said(place, "there are no functions without a name")
                .help("go through a collection with `any x in xs: (…)`, `all`, `none` or `count`"),
            _ if self.is_number(before) => return self.unit(scene),
            _ => return None,
        })
    }

    fn is_number(&self, index: usize) -> bool {
        self.kind_at(index) == Some(TokenKind::Literal) && self.at(index).bytes().all(|byte| byte.is_ascii_digit())
    }

    /// `30 days`
    fn unit(&self, scene: &Scene) -> Option<Diagnostic> {
        let word = self.at(scene.index);
        let span = self.token_span(self.before(scene)).to(self.place(scene));
        let singular = if word.len() > 2 { word.trim_end_matches('s') } else { word };
        if matches!(singular, "month" | "year") {
            return Some(
                said(span, format!("there is no unit `{word}`, as its length varies"))
                    .help("count in days: `30d`, `365d`"),
            );
        }
        let unit = looked_up(UNITS, singular)?;
        let mended = format!("{}{unit}", self.at(self.before(scene)));
        Some(said(span, "a duration is one word").help(format!("write `{mended}`")).fix(span, mended))
    }

    /// `starts_with(a, b)`, `for x in xs`, `is true`, `count(xs)`.
    fn before_operand(&self, scene: &Scene) -> Option<Diagnostic> {
        if !self.in_item(scene) {
            return None;
        }
        let (word, place, before) = (self.at(scene.index), self.place(scene), self.before(scene));
        let is_infix = matches!(
            word,
            "starts_with" | "ends_with" | "contains" | "contains_any" | "contains_all" | "like" | "matches" | "in"
        );
        if scene.expects_expression() && is_infix && self.at(scene.index + 1) == "(" {
            return Some(
                said(place, format!("`{word}` stands between its operands")).help(format!("write `a {word} b`")),
            );
        }
        if scene.expects_expression() && word == "for" {
            return Some(
                said(place, "there are no loops")
                    .help("go through a collection with `any x in xs: (…)`, `all`, `none` or `count`"),
            );
        }
        if scene.expects_expression() && word == "$" {
            return Some(said(place, "`$` means nothing here").help("amounts are plain numbers: `1000`, `9.50`"));
        }
        if matches!(self.at(before), "and" | "or") && word == "when" {
            return Some(
                said(place, "`when` stands once, before the whole condition").help("remove `when`").fix(place, ""),
            );
        }
        if self.at(before) == "is" && matches!(word, "true" | "false") {
            return Some(
                said(self.token_span(before).to(place), "a `Bool` is a condition by itself")
                    .help("leave `is true` out; for the opposite, write `not` before it"),
            );
        }
        let is_request = matches!(word, "subject" | "resource" | "context" | "now");
        let opener = if self.at(before) == "(" { before.saturating_sub(1) } else { before };
        if is_request
            && matches!(self.at(opener), "all" | "any" | "none" | "count")
            && self.kind_at(opener) == Some(TokenKind::Word)
        {
            let quantifier = self.at(opener);
            let example = if quantifier == "count" { "count(x in xs: (…))" } else { "any x in xs: (…)" }
                .replace("any", if quantifier == "count" { "any" } else { quantifier });
            let help = format!("write `{example}`, where `x` is any name; how many there are in all is `size(xs)`");
            return Some(said(place, format!("`{quantifier}` first names the element that is looked at")).help(help));
        }
        None
    }

    /// `("a", "b")` and `{"a"}` for a list, `{ … }` around a condition.
    fn grouping(&self, scene: &Scene) -> Option<Diagnostic> {
        let opener = self.around(scene)?;
        let bracket = self.at(opener);
        let lead = self.at(opener.checked_sub(1)?);
        let wants_list = matches!(lead, "in" | "contains" | "contains_any" | "contains_all" | "==" | "!=");
        let is_list = match bracket {
            "(" => self.at(scene.index) == "," && scene.expects(Rule::close_paren),
            "{" => scene.index == opener + 1 || matches!(self.at(scene.index), "," | "}") && scene.expects(Rule::colon),
            _ => false,
        };
        let partner = self.outline.partner(opener)?;
        let span = self.token_span(opener).to(self.token_span(partner));
        let inner = if partner > opener + 1 { self.text_between(opener + 1, partner - 1) } else { "" };
        if wants_list && is_list {
            let mended = format!("[{inner}]");
            return Some(
                said(span, "lists stand in square brackets")
                    .help(format!("write {}", quote(&mended)))
                    .fix(span, mended),
            );
        }
        let leads_condition = matches!(lead, "when" | "=" | "and" | "or" | "then" | "else" | "not");
        (bracket == "{" && leads_condition && scene.expects(Rule::colon)).then(|| {
            said(self.token_span(opener), "conditions stand without braces")
                .help(format!("write {}", quote(inner)))
                .fix(span, inner)
        })
    }

    /// Text where none is needed, or something else where text is.
    fn quoted_or_not(&self, scene: &Scene) -> Option<Diagnostic> {
        if !self.in_item(scene) {
            return None;
        }
        let (place, before) = (self.place(scene), self.at(self.before(scene)));
        let unquoted = self.at(scene.index).trim_matches('"').to_owned();
        let is_text = self.kind_at(scene.index) == Some(TokenKind::Str);
        let bare =
            |message: &str| Some(said(place, message).help(format!("write `{unquoted}`")).fix(place, unquoted.clone()));
        if is_text && before == "is" {
            return bare("types are named without quotes");
        }
        if is_text && scene.expects(Rule::actions) {
            return bare("actions are named without quotes");
        }
        if is_text && self.head_word(scene) == "enum" {
            return bare("members of an enum are named without quotes");
        }
        if is_text || !scene.expects(Rule::string) {
            return None;
        }
        match before {
            "matches" if self.at(scene.index) == "/" => Some(
                said(place, "a regular expression stands in double quotes")
                    .help("write `matches \"a.*\"`; it must match the whole text"),
            ),
            "like" | "matches" => Some(
                said(place, "a pattern is written out here, in quotes")
                    .help("two values are compared with `==`, `starts_with`, `ends_with` or `contains`"),
            ),
            "because" => Some(
                said(place, "a reason is a text in quotes")
                    .help("it is shown as it stands; values are handed over with `oblige`"),
            ),
            "control" => {
                Some(said(place, "a control is named in quotes").help("for example `control \"NIST-800-53:AC-3\"`"))
            }
            _ => None,
        }
    }

    /// `any x in xs (x > 1)`: the parentheses were read as those of a call.
    fn body_of_quantifier(&self, scene: &Scene) -> Option<Diagnostic> {
        let before = self.before(scene);
        let opener = self.outline.partner(before).filter(|_| self.at(before) == ")" && scene.expects(Rule::colon))?;
        let is_quantifier = |index: usize| {
            matches!(self.at(index), "all" | "any" | "none") || self.at(index) == "count" && self.at(index + 1) == "("
        };
        (scene.chunk.first..opener).rev().find(|&index| is_quantifier(index))?;
        let end = self.end_of(opener.saturating_sub(1));
        let help = "write `all x in xs: (x > 1)`; likewise `any`, `none` and `count(x in xs: (x > 1))`";
        Some(
            said(self.token_span(opener), "a `:` is missing before what is asked of each element")
                .help(help)
                .fix(self.span(end, end), ":"),
        )
    }

    /// Rules without a name, with brackets, with their words in another order.
    fn rule_head(&self, scene: &Scene) -> Option<Diagnostic> {
        let head = scene.chunk.head.filter(|&head| matches!(self.at(head), "allow" | "deny"))?;
        let (effect, word, place) = (self.at(head), self.at(scene.index), self.place(scene));
        let nameless = |at: usize, action: &str| {
            let help = format!("for example `{effect} reading: {action}`");
            Some(
                said(self.token_span(at), "this rule has no name")
                    .label("a name and a `:` stand before the actions")
                    .help(help),
            )
        };
        if self.in_item(scene)
            && scene.index == head + 1
            && (CLAUSES.contains(&word) || matches!(word, "if" | ":" | "any"))
        {
            return nameless(head, "read");
        }
        if self.in_item(scene) && scene.index == head + 2 && scene.expects(Rule::colon) {
            match word {
                "(" | "{" => {
                    let help = format!(
                        "write `{effect} NAME: ACTIONS`; whom it is about follows `for`, conditions follow `when`"
                    );
                    return Some(said(place, "a rule has no brackets").help(help));
                }
                "," => return nameless(head + 1, self.at(head + 1)),
                _ if CLAUSES.contains(&word) || word == "if" => return nameless(head + 1, self.at(head + 1)),
                _ => {}
            }
        }
        if !self.in_item(scene) {
            let wants_arguments =
                self.at(self.before(scene).saturating_sub(1)) == "oblige" && scene.expects(Rule::open_paren);
            let at = self.token_span(self.before(scene));
            return wants_arguments.then(|| {
                said(at, "an obligation is followed by its arguments")
                    .label("expected `(` after this")
                    .help("for example `audit(level: \"high\")`, or `audit()` if it takes none")
            });
        }
        let positional = self.around(scene).is_some_and(|opener| {
            scene.index == opener + 1 && matches!(self.at(opener.saturating_sub(2)), "oblige" | ",")
        });
        match word {
            "overridable" if scene.expects_clause() => Some(
                said(place, "`overridable` stands before the `:`")
                    .help(format!("write `{effect} {} overridable: …`", self.at(head + 1))),
            ),
            "{" if scene.expects_clause() => Some(
                said(place, "a rule has no braces")
                    .help("its clauses follow one another: `allow reading: read when …`"),
            ),
            "and" | "or" if scene.expects(Rule::comma) && !scene.expects_operator() => Some(
                said(place, "actions are separated by commas")
                    .help("write `,`")
                    .fix(self.span(self.end_of(self.before(scene)), self.end_of(scene.index)), ","),
            ),
            "*" | "all" if scene.expects(Rule::actions) => {
                Some(said(place, "all actions together are called `any`").help("write `any`").fix(place, "any"))
            }
            "[" if scene.expects(Rule::actions) => {
                Some(said(place, "actions stand without brackets").help("separate them by commas: `read, write`"))
            }
            _ if positional
                && scene.expects(Rule::close_paren)
                && !scene.expects_operator()
                && matches!(self.kind_at(scene.index), Some(TokenKind::Str | TokenKind::Literal)) =>
            {
                Some(said(place, "the arguments of obligations are named").help("for example `audit(level: \"high\")`"))
            }
            _ => None,
        }
    }

    /// What `for` does not take.
    fn targets(&self, scene: &Scene) -> Option<Diagnostic> {
        let (word, place) = (self.at(scene.index), self.place(scene));
        if scene.expects(Rule::whom) && is_type_name(word) {
            return Some(
                said(place, "`for` speaks of the `subject` or of the `resource`")
                    .help(format!("write `for subject is {word}`, or `for resource is {word}`")),
            );
        }
        let after_whom =
            matches!(self.at(self.before(scene)), "subject" | "resource") && scene.expects(Rule::target_equals);
        match word {
            "." if after_whom => Some(
                said(place, "`for` asks what the subject or the resource is, and what it is in")
                    .help("put conditions on attributes into `when`"),
            ),
            "=" if after_whom => Some(
                Diagnostic::new(
                    Code::FOREIGN_OPERATOR,
                    place,
                    "`=` is not an operator here: equality is asked with `==`",
                )
                .help("write `==`")
                .fix(place, "=="),
            ),
            _ => None,
        }
    }

    /// Functions with a stated result, with braces, with untyped parameters; `let x 3`.
    fn function(&self, scene: &Scene) -> Option<Diagnostic> {
        if !self.in_item(scene) {
            return None;
        }
        let (word, place, before) = (self.at(scene.index), self.place(scene), self.before(scene));
        match self.head_word(scene) {
            "fn" if matches!(word, ":" | "->") && self.at(before) == ")" => {
                let equals = (scene.index..scene.chunk.end).find(|&index| self.at(index) == "=");
                let diagnostic = said(place, "a function does not state the type of its result")
                    .help("leave it out, so that `=` follows the parameters; the checker finds it");
                Some(match equals {
                    Some(equals) => diagnostic.fix(self.span(self.end_of(before), self.end_of(equals)), " ="),
                    None => diagnostic,
                })
            }
            "fn" if word == "{" && self.at(before) == ")" => {
                Some(said(place, "a function is one expression, without braces").help("write `fn name(u: User) = …`"))
            }
            "fn" | "obligation" if matches!(word, ")" | ",") && scene.expects(Rule::colon) => {
                let name = self.at(before);
                Some(
                    said(self.token_span(before), "this parameter has no type")
                        .label("a `:` and a type must follow")
                        .help(format!("for example `{name}: String`")),
                )
            }
            "let"
                if scene.expects(Rule::equals)
                    && scene.index == scene.chunk.first + 2
                    && word != "="
                    && !matches!(word, ":=" | "==") =>
            {
                let end = self.end_of(before);
                let message = format!("a `=` is missing after {}", quote(self.at(before)));
                Some(
                    said(self.token_span(before), message)
                        .label("followed by `=`")
                        .help(format!("write `{} = …`", self.at(before)))
                        .fix(self.span(end, end), " ="),
                )
            }
            _ => None,
        }
    }

    /// `Set` alone, `Map<String, Int>`, `String[]`, `Array<String>`, `note?: String`.
    fn type_arguments(&self, scene: &Scene) -> Option<Diagnostic> {
        if !self.in_item(scene) {
            return None;
        }
        let (word, place, before) = (self.at(scene.index), self.place(scene), self.before(scene));
        let (name, of) = (self.at(before), self.token_span(before));
        if scene.expects(Rule::open_angle) && matches!(name, "Set" | "List" | "Map") {
            return Some(
                said(of, format!("`{name}` does not say what it holds")).help(format!("for example `{name}<String>`")),
            );
        }
        if word == "," && scene.expects(Rule::close_angle) && self.at(before.saturating_sub(2)) == "Map" {
            let next = self.token_span(scene.index + 1);
            return Some(
                said(of.to(place), "the keys of a map are always text: only its values have a type")
                    .help("write `Map<String>` for a map to text; remove the type of the keys")
                    .fix(of.to(Span { end: next.start, ..next }), ""),
            );
        }
        if word == "[" && is_type_name(name) && self.at(scene.index + 1) == "]" {
            let span = of.to(self.token_span(scene.index + 1));
            let mended = format!("List<{name}>");
            return Some(
                said(span, "a list's type is written with `List`")
                    .help(format!("write `{mended}`, or `Set<{name}>` if neither order nor number matters"))
                    .fix(span, mended),
            );
        }
        if word == "<" && is_type_name(name) {
            if let Some(known) = looked_up(GENERICS, name) {
                return Some(
                    said(of, format!("there is no type `{name}`")).help(format!("write `{known}`")).fix(of, known),
                );
            }
            if matches!(name, "Optional" | "Option" | "Maybe" | "Nullable") {
                return Some(
                    said(of, format!("there is no type `{name}`")).help("an optional's type ends in `?`: `String?`"),
                );
            }
        }
        if word == "?" && scene.expects(Rule::colon) {
            return Some(
                said(place, "the `?` of an optional follows its type").help(format!("write `{name}: String?`")),
            );
        }
        None
    }

    /// Misspelt or unfinished `from`, `fresh`, and `from` where it cannot stand.
    fn modifiers(&self, scene: &Scene) -> Option<Diagnostic> {
        let head = self.head_word(scene);
        let (before, has_attributes) = (self.before(scene), matches!(head, "entity" | "context"));
        if has_attributes && scene.expects(Rule::kw_since) {
            let end = self.token_span(before);
            return Some(
                said(end, "this freshness has no `since`")
                    .help("it is told by a clock among the attributes: `fresh 15m since auth_time`"),
            );
        }
        if !self.in_item(scene) || !scene.expects(Rule::colon) {
            return None;
        }
        let (word, at) = (self.at(before), self.token_span(before));
        if head == "record" && word == "from" {
            return Some(
                said(at, "the fields of a record have no sources of their own")
                    .help("say `from` where an attribute is of the record's type: `token: Token from idp`"),
            );
        }
        if has_attributes && word == "fresh" {
            return Some(
                said(at, "this freshness says neither how long nor until when")
                    .help("write `fresh 15m since auth_time`, or `fresh until token.exp`"),
            );
        }
        let follows_type = self.around(scene).is_some_and(|opener| before > opener + 2);
        let known =
            nearest(word, &["from", "fresh", "step_up", "sensitive"]).filter(|_| has_attributes && follows_type)?;
        Some(
            said(at, format!("no modifier of attributes is called `{word}`"))
                .label(format!("did you mean `{known}`?"))
                .help(format!("write `{known}`"))
                .fix(at, known),
        )
    }

    /// What is given and expected in a test.
    fn test_block(&self, scene: &Scene) -> Option<Diagnostic> {
        if self.head_word(scene) != "test" || !self.in_item(scene) {
            return None;
        }
        let (word, place, before) = (self.at(scene.index), self.place(scene), self.at(self.before(scene)));
        let names_part = matches!(before, "subject" | "resource" | "entity" | "context");
        match word {
            ":" | "=" if names_part => {
                Some(said(place, format!("`{before}` has no `{word}`")).help(format!("remove `{word}`")).fix(place, ""))
            }
            "}" if scene.expects(Rule::expect) || scene.expects(Rule::kw_expect) => {
                Some(said(place, "this test expects nothing").help("add `expect allow read` or `expect deny read`"))
            }
            _ if names_part && self.kind_at(scene.index) == Some(TokenKind::Str) => {
                Some(said(place, "an entity is named with its type").help(format!("for example `User::{word}`")))
            }
            "subject" | "resource" | "context" | "now" | "entity" | "evidence" | "store" | "param" | "when"
                if before == "{" && (scene.expects(Rule::given) || scene.expects(Rule::kw_given)) =>
            {
                Some(
                    said(place, "the request of a test stands under `given`")
                        .help("write `given subject … resource … context { … }`"),
                )
            }
            _ => None,
        }
    }

    /// Actions, entities, enums and sources.
    fn declaration(&self, scene: &Scene) -> Option<Diagnostic> {
        let (word, before) = (self.at(scene.index), self.before(scene));
        if !self.in_item(scene) {
            let at = self.token_span(before);
            let early = |message: &str, help: &str| Some(said(at, message).label("the item ends here").help(help));
            return match self.head_word(scene) {
                "action" if scene.expects(Rule::declared) || scene.expects(Rule::colon) => early(
                    "this action does not say whose and on what",
                    &format!("for example `action {}: User -> Document`", self.at(before)),
                ),
                "action" if scene.expects(Rule::arrow) => {
                    early("this action does not say on what", &format!("for example `{} -> Document`", self.at(before)))
                }
                "source" if scene.expects(Rule::verified) => early(
                    "this source does not say whether it is trusted",
                    "end it in `verified`, or in `unverified` for what a client says of itself",
                ),
                "obligation" if scene.expects(Rule::params) || scene.expects(Rule::open_paren) => early(
                    "this obligation has no parameters",
                    &format!("write `obligation {}()` if it takes none", self.at(before)),
                ),
                _ => None,
            };
        }
        let place = self.place(scene);
        let swap = |message: &str, with: &'static str| {
            Some(said(place, message).help(format!("write `{with}`")).fix(place, with))
        };
        match self.head_word(scene) {
            "action" if word == "," && scene.expects(Rule::arrow) => {
                Some(said(place, "the types of an action are joined with `|`").help("write `|`").fix(place, " |"))
            }
            "entity"
                if matches!(word, "extends" | ":" | "inherits" | "memberOf" | "member_of")
                    && scene.expects(Rule::kw_in) =>
            {
                swap("the types of an entity's parents follow `in`", "in")
            }
            "entity" if word == "from" => {
                Some(said(place, "an entity as a whole comes from no source").help(
                    "its attributes and its parents do: `entity User in Group from idp { email: String from idp }`",
                ))
            }
            "entity" if word == "[" && self.at(before) == "in" => Some(
                said(place, "the types of an entity's parents stand without brackets")
                    .help("separate them by commas: `entity User in Group, Team`"),
            ),
            "enum" if word == "|" => swap("members of an enum are separated by commas", ","),
            "enum" if word == ">" => Some(
                said(place, "members of an ordered enum go from the least to the greatest")
                    .help("write `enum Level { low < high }`"),
            ),
            "enum" if word == "=" => Some(
                said(place, "members of an enum stand in braces")
                    .help("for example `enum Posture { compliant, outdated }`"),
            ),
            "enum" if word == "}" => {
                Some(said(place, "this enum has no members").help("for example `enum Posture { compliant, outdated }`"))
            }
            "enum" if word == "," && scene.expects(Rule::less) => Some(
                said(place, "members of an enum are either all in order or all without")
                    .help("write `a < b < c` or `a, b, c`"),
            ),
            "source" if word == ":" => {
                Some(said(place, "a source has no `:`").help("write `source idp verified`").fix(place, ""))
            }
            "source" if matches!(word, "trusted" | "signed") && scene.expects(Rule::verified) => {
                swap("a source is `verified` or `unverified`", "verified")
            }
            "source" if matches!(word, "untrusted" | "unsigned") && scene.expects(Rule::verified) => {
                swap("a source is `verified` or `unverified`", "unverified")
            }
            _ => None,
        }
    }
}
