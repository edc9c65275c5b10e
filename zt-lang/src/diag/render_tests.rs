use super::*;
use crate::diag::Code;
use crate::span::Span;

const POLICY: &str =
    "package door\n\nentity User { clearance: Int }\nallow enter: open\n  when subject.clearence >= 3\n";

fn at(sources: &Sources, file: u32, text: &str) -> Span {
    let start = sources.get(FileId(file)).unwrap().text.find(text).unwrap();
    Span::new(FileId(file), start, start + text.len())
}

fn plain() -> RenderOptions {
    RenderOptions { unicode: false, ..RenderOptions::default() }
}

#[test]
fn a_report_shows_place_message_and_help() {
    let sources = Sources::single("door.zt", POLICY);
    let found =
        Diagnostic::new(Code::UNKNOWN_ATTRIBUTE, at(&sources, 0, "clearence"), "`User` has no attribute `clearence`")
            .label("not an attribute")
            .also(at(&sources, 0, "User"), "declared here")
            .fix(at(&sources, 0, "clearence"), "clearance");
    let expected = "\
error[E0301]

  x `User` has no attribute `clearence`
   ,-[door.zt:5:16]
 2 | 
 3 | entity User { clearance: Int }
   :        ^^|^
   :          `-- declared here
 4 | allow enter: open
 5 |   when subject.clearence >= 3
   :                ^^^^|^^^^
   :                    `-- not an attribute
   `----
  help: write `clearance`

1 error
`ztc explain E0301` says more
";
    assert_eq!(render(&[found], &sources, plain()), expected);
}

#[test]
fn other_files_become_notes() {
    let mut sources = Sources::single("a.zt", "package a\nenum Colour { red }\n");
    sources.add("b.zt", b"package a\nenum Colour { blue }\n");
    let found = Diagnostic::new(Code::DUPLICATE, at(&sources, 1, "Colour"), "`Colour` is declared twice")
        .also(at(&sources, 0, "Colour"), "declared first here")
        .help("give one of them another name");
    let expected = "\
error[E0203]

  x `Colour` is declared twice
   ,-[b.zt:2:6]
 1 | package a
 2 | enum Colour { blue }
   :      ^^^^^^
   `----
  > declared first here
   ,-[a.zt:2:6]
 1 | package a
 2 | enum Colour { red }
   :      ^^^^^^
   `----
  help: give one of them another name

1 error
`ztc explain E0203` says more
";
    assert_eq!(render(&[found], &sources, plain()), expected);
}

#[test]
fn errors_are_sorted_counted_and_limited() {
    let sources = Sources::single("a.zt", &"package a\n".repeat(400));
    let warnings =
        (0..220).map(|n| Diagnostic::new(Code::UNUSED, Span::new(FileId(0), n * 10, n * 10 + 7), format!("w{n};")));
    let errors =
        [3990, 3000].map(|at| Diagnostic::new(Code::SYNTAX, Span::new(FileId(0), at, at + 3), format!("e{at};")));
    let all: Vec<_> = warnings.chain(errors.clone()).chain(errors).collect();
    let report = render(&all, &sources, plain());
    let place = |text: &str| report.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(place("w0;") < place("w197;") && place("w197;") < place("e3000;") && place("e3000;") < place("e3990;"));
    assert!(!report.contains("w198;"));
    assert!(report.ends_with("and 22 more\n2 errors, 220 warnings\n`ztc explain E0101` says more\n"), "{report}");
    assert_eq!(render(&[], &sources, plain()), "");
}

#[test]
fn fixes_are_told_in_words() {
    let sources = Sources::single("a.zt", "package a");
    let told = |span: (usize, usize), with: &str, advice: Option<&str>| {
        let mut found = Diagnostic::new(Code::SYNTAX, Span::new(FileId(0), 0, 3), "wrong");
        found.help = advice.map(str::to_owned);
        let span = Span::new(FileId(0), span.0, span.1);
        help(&found.fix(span, with), &sources).unwrap()
    };
    assert_eq!(told((0, 7), "paquet", None), "write `paquet`");
    assert_eq!(told((0, 7), "", None), "remove `package`");
    assert_eq!(told((7, 7), " x", None), "add `x`");
    assert_eq!(told((0, 7), "`source`", None), "write `source`");
    assert_eq!(told((0, 7), "paquet", Some("`paquet` is the word")), "`paquet` is the word");
    assert_eq!(told((0, 7), "paquet", Some("the word is French")), "the word is French\nwrite `paquet`");
}

#[test]
fn a_label_of_many_lines_or_columns_stays_small() {
    let long = format!("package a\nlet x = \"{}\"\n{}", "é".repeat(50_000), "let y = 1\n".repeat(5_000));
    let sources = Sources::single("a.zt", &long);
    let whole = Diagnostic::new(Code::STRAY_TEXT, Span::new(FileId(0), 0, long.len()), "all of it");
    let inside = Diagnostic::new(Code::BAD_LITERAL, Span::new(FileId(0), 40_001, 90_000), "a long one")
        .label("here")
        .also(Span::new(FileId(0), 20, 21), "and far away")
        .also(Span::new(FileId(0), long.len(), long.len()), "at the end");
    let report = render(&[whole, inside], &sources, plain());
    assert!(report.len() < 4_000, "{report}");
    assert!(report.contains("here") && report.contains("far away") && report.contains("at the end"), "{report}");
    assert!(report.contains("a.zt:2:20001"), "{report}");
}

#[test]
fn no_place_is_too_strange() {
    let texts =
        ["", "\n", "a", "a\n", "é", "\r\n", "a\r\nb\r\n", "\u{1b}[2J\u{202e}x\n\t\tö", "\u{feff}package a", "\n\n\n"];
    for text in texts {
        let sources = Sources::single("a.zt", text);
        for start in 0..=text.len() + 2 {
            for end in start..=text.len() + 2 {
                for file in [0, 1] {
                    let found = Diagnostic::new(Code::SYNTAX, Span::new(FileId(0), start, end), "m").label("first");
                    let found = found.also(Span::new(FileId(file), end, end), "second");
                    let report = render(&[found], &sources, RenderOptions { color: false, width: 1, ..plain() });
                    assert!(!report.contains("Failed to read"), "{text:?} {start}..{end}: {report}");
                    assert!(!report.contains('\u{1b}') && !report.contains('\u{202e}'), "{report:?}");
                    if file == 0 && !text.trim().is_empty() && !text.starts_with('\n') {
                        assert!(report.contains("first"), "{text:?} {start}..{end}: {report}");
                    }
                }
            }
        }
    }
}

#[test]
fn colour_and_boxes_are_options() {
    let sources = Sources::single("a.zt", "package a");
    let found = [Diagnostic::new(Code::UNUSED, Span::new(FileId(0), 0, 3), "unused")];
    assert!(render(&found, &sources, RenderOptions { color: true, ..plain() }).contains("\u{1b}["));
    assert!(render(&found, &sources, RenderOptions::default()).contains("╭─[a.zt:1:1]"));
    assert!(render(&found, &sources, plain()).is_ascii());
}

#[test]
fn labels_within_each_other_are_drawn_apart() {
    let sources = Sources::single("a.zt", "package a\nallow r: x for resource in Group::\"g\"");
    let found = Diagnostic::new(
        Code::BAD_TARGET,
        at(&sources, 0, "resource in Group::\"g\""),
        "`Document` is never in `Group`",
    )
    .also(at(&sources, 0, "resource"), "a document")
    .also(at(&sources, 0, "Group::\"g\""), "a group");
    let expected = "\
error[E0506]

  x `Document` is never in `Group`
   ,-[a.zt:2:16]
 1 | package a
 2 | allow r: x for resource in Group::\"g\"
   :                ^^^^|^^^ ^^ ^^^^^|^^^^
   :                    |     |      `-- a group
   :                    `-- a document
   `----

1 error
`ztc explain E0506` says more
";
    assert_eq!(render(&[found], &sources, plain()), expected);
}
