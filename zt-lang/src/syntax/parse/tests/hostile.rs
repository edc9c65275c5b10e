//! No text exhausts the stack, the clock or the parser's temper.

use super::*;

/// Parses on a thread with the stack that threads get by default.
fn codes(text: String) -> Vec<String> {
    let run = move || read(&text).1.into_iter().map(|(code, ..)| code).collect::<Vec<_>>();
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap()
}

fn condition(of: impl Into<String>) -> String {
    format!("allow a: read when {}", of.into())
}

#[test]
fn nesting_is_refused_before_the_grammar_recurses() {
    let n = 100_000;
    for text in ["(", "[", "{", "f(", "if a then ", "a[", "all x in ", "count(x in xs: (", "if ", "{a:", "Set<"] {
        let codes = codes(condition(text.repeat(n)));
        assert_eq!(codes.len(), 1, "{text}");
        assert!(["E0102", "E0103", "E0101"].contains(&&*codes[0]), "{text}: {codes:?}");
    }
    assert_eq!(codes(format!("param a: {}", "Set<".repeat(n))), ["E0103"]);
    assert_eq!(codes(condition("(".repeat(n) + "a" + &")".repeat(n))), ["E0103"]);
    assert_eq!(codes(condition("if a then ".repeat(n) + "a" + &" else b".repeat(n))), ["E0103"]);
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let n = 64;
    assert_eq!(codes(condition("(".repeat(n) + "a" + &")".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("[".repeat(n) + "a" + &"]".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("f(".repeat(n) + "a" + &")".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("{a: ".repeat(n) + "a" + &"}".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("if a then ".repeat(n) + "a" + &" else b".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("if ".repeat(n) + "a" + &" then b else c".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("all x in xs: (".repeat(n) + "a" + &")".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("all x in ".repeat(n) + "a" + &": (b)".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("count(x in xs: (".repeat(n / 2) + "a" + &"))".repeat(n / 2))), [""; 0]);
    assert_eq!(codes(format!("param a: {}T{}", "Set<".repeat(n), ">".repeat(n))), [""; 0]);
    // The same text broken in its midst: no part is read more than twice.
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("f(", ")"),
        ("{a: ", "}"),
        ("if a then ", " else b"),
        ("all x in xs: (", ")"),
        ("if a then b else (", ")"),
    ] {
        assert_eq!(codes(condition(open.repeat(n) + "a $" + &close.repeat(n))), ["E0101"], "{open}");
    }
    assert_eq!(codes(format!("param a: {}T$", "Set<".repeat(n))), ["E0101"]);
}

#[test]
fn trees_deeper_than_the_limit_are_refused() {
    let n = 100_000;
    for text in [
        "not ".repeat(n) + "a",
        "-".repeat(n) + "a",
        "a".to_owned() + &".a".repeat(n),
        "a".to_owned() + &"[a]".repeat(n),
        "a".to_owned() + &" + a".repeat(n),
        "a".to_owned() + &" * a".repeat(n),
        "a".to_owned() + &" otherwise a".repeat(n),
        "if a then b else ".repeat(n) + "c",
    ] {
        assert_eq!(codes(condition(text.clone())), ["E0801"], "{}", &text[..20]);
    }
    assert_eq!(codes(condition("not ".repeat(199) + "a")), [""; 0]);
    assert_eq!(codes(condition("not ".repeat(200) + "a")), ["E0801"]);
}

#[test]
fn long_flat_lists_are_read() {
    let n = 20_000;
    assert_eq!(codes(condition("a".to_owned() + &" and a".repeat(n))), [""; 0]);
    assert_eq!(codes(condition("a".to_owned() + &" or a and b".repeat(n))), [""; 0]);
    assert_eq!(codes(condition(format!("a in [{}]", "1, ".repeat(n)))), [""; 0]);
    assert_eq!(codes("enum A { ".to_owned() + &"a, ".repeat(n) + "}"), [""; 0]);
    assert_eq!(codes("(".repeat(n) + &"[".repeat(n) + &"]".repeat(n)), ["E0102"]);
}

#[test]
fn limits_on_bytes_and_items() {
    let limits = SyntaxLimits { file_bytes_max: 20, items_max: 1, ..SyntaxLimits::default() };
    let read = |text: &str| {
        let (file, diagnostics) = parse(FileId(0), text, &limits);
        (file.items.len(), diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect::<Vec<_>>())
    };
    assert_eq!(read("let a = 1 let b = 2"), (1, vec!["the file has 2 items, more than the limit of 1".to_owned()]));
    assert_eq!(read("let a = 1 // 4567890 "), (0, vec!["the file has 21 bytes, more than the limit of 20".to_owned()]));
}

proptest::proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC*|[ -~\n]{0,200}") {
        read(&text);
    }

    /// Words of the language in any order come closer to what the grammar knows.
    #[test]
    fn any_words_are_survived(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..80)) {
        for separator in [" ", "\n", ""] {
            read(&words.join(separator));
        }
    }

    /// The tour with a part cut out or put elsewhere.
    #[test]
    fn broken_policies_are_survived(from in 0_usize..3000, length in 0_usize..60, to in 0_usize..3000) {
        let tour: Vec<char> = include_str!("documents.zt").chars().collect();
        let (from, to) = (from.min(tour.len()), to.min(tour.len()));
        let cut = &tour[from..(from + length).min(tour.len())];
        let rest: Vec<char> = tour[..from].iter().chain(&tour[from + cut.len()..]).copied().collect();
        read(&rest.iter().collect::<String>());
        let moved = [&tour[..to], cut, &tour[to..]].concat();
        read(&moved.iter().collect::<String>());
    }
}

#[test]
fn any_bytes_that_are_text_are_survived() {
    for byte in 0..=127_u8 {
        for text in [
            format!("{}", char::from(byte)),
            format!("allow a: read when {}b", char::from(byte)),
            format!("let a{}", char::from(byte).to_string().repeat(9)),
        ] {
            read(&text);
        }
    }
}

const WORDS: &[&str] = &[
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
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "then",
    "else",
    "all",
    "any",
    "count",
    "when",
    "for",
    "because",
    "oblige",
    "subject",
    "resource",
    "now",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "::",
    ":",
    ",",
    ".",
    "..",
    "<",
    ">",
    "=",
    "==",
    "->",
    "|",
    "?",
    "@",
    "-",
    "+",
    "*",
    "!",
    "a",
    "User",
    "b.c",
    "`d e`",
    "\"x\"",
    "\"",
    "'",
    "`",
    "1",
    "1.5",
    "15m",
    "08:00",
    "10.0.0.0/8",
    "::1",
    "fe80::1",
    "// c\n",
    "/// d\n",
    "\n",
    "é",
    "\u{feff}",
    "given",
    "expect",
    "from",
    "fresh",
    "since",
    "Set",
    "Set<",
    "never",
];
