//! What people get wrong, and what they are told.

use super::*;

/// The single mistake of a text: code, text it is about, and what the fix makes of the whole text.
fn mistake(text: &str) -> (String, String, Option<String>) {
    let (_, diagnostics) = parse(FileId(0), text, &SyntaxLimits::default());
    assert_eq!(diagnostics.len(), 1, "{text}: {diagnostics:#?}");
    let diagnostic = &diagnostics[0];
    let mended = diagnostic.fix.as_ref().map(|fix| {
        let range = fix.span.range();
        format!("{}{}{}", &text[..range.start], fix.with, &text[range.end..])
    });
    if let Some(mended) = &mended {
        assert_eq!(read(mended).1, [], "{text}: the fix mends it");
    }
    (diagnostic.code.to_string(), text[diagnostic.span().range()].to_owned(), mended)
}

#[test]
fn mistakes_with_their_fixes() {
    for (text, code, about, mended) in [
        ("allow a: read when b && c", "E0105", "&&", "allow a: read when b and c"),
        ("allow a: read when b || c", "E0105", "||", "allow a: read when b or c"),
        ("allow a: read when b | c", "E0105", "|", "allow a: read when b or c"),
        ("allow a: read when !b", "E0105", "!", "allow a: read when not b"),
        ("allow a: read when b = c", "E0105", "=", "allow a: read when b == c"),
        ("allow a: read when b === c", "E0105", "===", "allow a: read when b == c"),
        ("allow a: read when b <> c", "E0105", "<>", "allow a: read when b != c"),
        ("allow a: read when b => c", "E0105", "=>", "allow a: read when b >= c"),
        ("allow a: read when b == 'c'", "E0105", "'c'", "allow a: read when b == \"c\""),
        ("allow a: read when b;", "E0105", ";", "allow a: read when b"),
        ("allow a: read when b != null", "E0105", "!=", "allow a: read when b is present"),
        ("allow a: read when b.c == null", "E0105", "==", "allow a: read when not (b.c is present)"),
        ("# why", "E0105", "# why", "// why"),
        ("action read: User => Document", "E0105", "=>", "action read: User -> Document"),
        ("let a == 5", "E0105", "==", "let a = 5"),
        ("allow a read", "E0101", "a", "allow a: read"),
        ("context { mfa Bool }", "E0101", "mfa", "context { mfa: Bool }"),
        ("allow a: read where b", "E0101", "where", "allow a: read when b"),
        ("allow a: read wen b", "E0101", "wen", "allow a: read when b"),
        ("allow a: read when b == User::ann", "E0101", "User::ann", "allow a: read when b == User::\"ann\""),
        ("allow a: read when b == user::\"ann\"", "E0110", "user::\"ann\"", "allow a: read when b == User::\"ann\""),
        ("let source = 5", "E0107", "source", "let `source` = 5"),
        ("enum A { any, b }", "E0107", "any", "enum A { `any`, b }"),
        ("allow a: read when b == source", "E0107", "source", "allow a: read when b == `source`"),
        ("fn f(action: Int) = 5", "E0107", "action", "fn f(`action`: Int) = 5"),
        ("entity user", "E0110", "user", "entity User"),
        ("let Office = 5", "E0110", "Office", "let office = 5"),
        ("entity _x", "E0110", "_x", "entity `_x`"),
        ("alow a: read", "E0106", "alow", "allow a: read"),
        ("permit a: read", "E0106", "permit", "allow a: read"),
        ("@owner(\"x\")\nalow a: read", "E0106", "alow", "@owner(\"x\")\nallow a: read"),
        ("entity A { b: Int", "E0102", "{", ""),
        ("allow a: read because \"b", "E0102", "\"b", "allow a: read because \"b\""),
        ("allow a: read when b)", "E0101", ")", "allow a: read when b"),
        ("allow a: read when b OR c", "E0105", "OR", "allow a: read when b or c"),
        ("allow a: read when b startsWith \"c\"", "E0105", "startsWith", "allow a: read when b starts_with \"c\""),
        ("allow a: read when b in (\"c\", \"d\")", "E0101", "(\"c\", \"d\")", "allow a: read when b in [\"c\", \"d\"]"),
        ("allow a: read when b in {1, 2}", "E0101", "{1, 2}", "allow a: read when b in [1, 2]"),
        ("allow a: read when { b.c }", "E0101", "{", "allow a: read when b.c"),
        ("allow a: read when b is \"User\"", "E0101", "\"User\"", "allow a: read when b is User"),
        ("allow a: read when b > 1,000", "E0101", "1,000", "allow a: read when b > 1_000"),
        ("allow a: read when b > 30 days", "E0101", "30 days", "allow a: read when b > 30d"),
        ("allow a: read when exists b in c: (b)", "E0101", "exists", "allow a: read when any b in c: (b)"),
        ("allow a: read when any b in c (b)", "E0101", "(", "allow a: read when any b in c: (b)"),
        ("allow a: read and write", "E0101", "and", "allow a: read, write"),
        ("fn f(u: User): Bool = 5", "E0101", ":", "fn f(u: User) = 5"),
        ("fn f(u: User) -> Bool = 5", "E0101", "->", "fn f(u: User) = 5"),
        ("let a 5", "E0101", "a", "let a = 5"),
        ("entity A { b: Map<String, Int> }", "E0101", "String,", "entity A { b: Map<Int> }"),
        ("entity A { b: Int form idp }", "E0101", "form", "entity A { b: Int from idp }"),
        ("action a: User, Team -> Doc", "E0101", ",", "action a: User | Team -> Doc"),
        ("test \"a\" { expect permit read }", "E0101", "permit", "test \"a\" { expect allow read }"),
    ] {
        let mended = Some(mended.to_owned()).filter(|text| !text.is_empty());
        assert_eq!(mistake(text), (code.to_owned(), about.to_owned(), mended), "{text}");
    }
}

#[test]
fn mistakes_without_a_fix() {
    for (text, code, about) in [
        ("package", "E0101", "package"),
        ("allow : read", "E0101", "allow"),
        ("test { expect allow read }", "E0101", "test"),
        ("prove never allow a", "E0101", "prove"),
        ("allow a:", "E0101", ":"),
        ("allow a: read when", "E0101", "when"),
        ("allow a: read when b c", "E0101", "c"),
        ("allow a: read b.c", "E0101", "b"),
        ("allow a: read when if b then c", "E0101", "if"),
        ("allow a: read when if b", "E0101", "if"),
        ("allow a: read when b == if c then d else e", "E0101", "if"),
        ("allow a: read when b < c < d", "E0101", "<"),
        ("allow a: read when b == c is present", "E0101", "is present"),
        ("allow a: read when b == not c", "E0101", "not"),
        ("allow a: read when a is not present", "E0105", "is not"),
        ("allow a: read when all x in xs: x > 1", "E0101", "x"),
        ("allow a: read when b / 2 > 1", "E0105", "/"),
        ("allow a: read when 10/2 > 1", "E0105", "10/2"),
        ("allow a: read when b == 12abc", "E0701", "12abc"),
        ("allow a: read when b == 10.0.0", "E0701", "10.0.0"),
        ("allow a: read when b == 9223372036854775808", "E0701", "9223372036854775808"),
        ("allow a: read when b when c", "E0109", "when"),
        ("allow a: read for subject in b and resource in c", "E0101", "b and resource in c"),
        ("/* b */", "E0105", "/* b */"),
        ("param p = 5", "E0101", "p"),
        ("enum A { a < b, c }", "E0101", ","),
        ("test \"a\" { given subject { a: 1 } expect allow read }", "E0101", "subject { a: 1 }"),
        ("@owner(\"x\")", "E0106", "@owner(\"x\")"),
        ("let a = { \"\\q\": 1 }", "E0108", "\"\\q\""),
        ("é", "E0101", "é"),
    ] {
        assert_eq!(mistake(text), (code.to_owned(), about.to_owned(), None), "{text}");
    }
}

#[test]
fn the_brackets_that_are_blamed() {
    let text = "test \"a\" {\n  given subject User::\"ann\" { a: 1\n        context { b: 2 }\n  expect deny read\n}\nlet x = 5";
    let (file, diagnostics) = parse(FileId(0), text, &SyntaxLimits::default());
    assert_eq!((file.items.len(), diagnostics.len()), (1, 1));
    assert!(text[..diagnostics[0].span().start as usize].ends_with("\"ann\" "), "the inner block, by its indentation");
    let text = "entity A {\n  b: Int\n\nentity C { d: Int }\n";
    let (file, facts) = read(text);
    assert_eq!((file.items.len(), facts.len(), &*facts[0].0), (1, 1, "E0102"));
}

#[test]
fn each_mistake_is_told_once_and_spoils_no_other_item() {
    let text = "package demo
enum Clearance { public < internal
source idp verified
allow a read
alow b: write
  when c
let ok = 1
deny : write
allow d: read when e && f
entity user { a: Int }
Some prose that somebody left here,
  over two lines.
allow g: read when (h and i
param j: Int = 'x'
fn k(l) = 1
record Ok { a: Int } trailing words
allow m: read because \"unclosed
@owner(\"x\")
allow last: read";
    let (file, facts) = read(text);
    let codes: Vec<_> = facts.iter().map(|(code, ..)| &**code).collect();
    assert_eq!(
        codes,
        ["E0102", "E0101", "E0106", "E0101", "E0105", "E0110", "E0106", "E0102", "E0105", "E0101", "E0106", "E0102"]
    );
    assert_eq!(file.items.len(), 6, "package, source, let, entity, record, last rule");
}

#[test]
fn messages_read_as_sentences() {
    for (text, message) in [
        ("allow a: read when b c", "expected an operator or a clause such as `when` or `because` after `b`, found `c`"),
        ("allow a: read when", "`allow a` ends too early: expected an expression after `when`"),
        ("source idp", "this source does not say whether it is trusted"),
        ("allow a: read when x AND y", "`AND` is not an operator here: operators are in small letters"),
        ("allow a: read when x has y", "`has` is not an operator here"),
        ("allow a: read when x in (1, 2)", "lists stand in square brackets"),
        ("allow a: read when any x in xs (x)", "a `:` is missing before what is asked of each element"),
        ("allow a: read when t > 30 days", "a duration is one word"),
        ("allow read when x", "this rule has no name"),
        ("fn f(u: User): Bool = u.on", "a function does not state the type of its result"),
        ("entity A { b: String form idp }", "no modifier of attributes is called `form`"),
        ("allow : read", "this rule has no name"),
        ("allow a: read when !b", "`!` is not an operator here: conditions are negated with `not`"),
        ("param p: Set", "`param p` ends too early: expected `<` after `Set`"),
        ("for x", "this text belongs to no item"),
    ] {
        assert_eq!(read(text).1[0].2, message);
    }
}
