//! Straight through or by stages: the same policy and the same warnings.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::*;

/// Compiles both ways; tells whether it could be done straight through.
fn agree(sources: &Sources) -> bool {
    let options = Options::default();
    let staged = parse(sources.clone(), &options).typecheck().and_then(|checked| {
        let policy = checked.lower()?;
        Ok((policy.to_bytes(), format!("{:?}", checked.warnings().diagnostics)))
    });
    let direct = straight(sources, &options);
    let is_direct = direct.is_some();
    if let Some(compiled) = direct {
        let found = (compiled.policy.to_bytes(), format!("{:?}", compiled.warnings.diagnostics));
        assert_eq!(Some(&found), staged.as_ref().ok(), "{:?}", staged.as_ref().err());
    }
    let compiled = compile(sources.clone(), &options);
    match (compiled, staged) {
        (Ok(compiled), Ok((bytes, _))) => assert_eq!(compiled.policy.to_bytes(), bytes),
        (Err(found), Err(expected)) => assert_eq!(found.to_string(), expected.to_string()),
        (found, expected) => panic!("{:?} as against {:?}", found.err(), expected.err()),
    }
    is_direct
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "zt") {
            found.push(path);
        }
    }
    found.sort();
}

/// The text of a policy without its tests.
fn untested(text: &str) -> String {
    let (mut file, _) = syntax::parse(FileId(0), text, &Options::default().syntax);
    file.items.retain(|item| !matches!(item.kind, ast::ItemKind::Test(_)));
    syntax::print(&file)
}

#[test]
fn on_the_examples() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut direct = 0;
    for example in std::fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let mut paths = Vec::new();
        files(&example, &mut paths);
        let (mut whole, mut without_tests) = (Sources::new(), Sources::new());
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.to_string_lossy();
            whole.add(&name, text.as_bytes());
            without_tests.add(&name, untested(&text).as_bytes());
        }
        agree(&whole);
        direct += usize::from(agree(&without_tests));
    }
    // The others have rules that can be overridden.
    assert!(direct >= 1, "{direct}");
}

const HEAD: &str = "package p
entity Group in Group
entity User in Group
entity Document in Group { owner: User, tags: Set<String> }
context { mfa: Bool, risk: Int }
action read, write: User -> Document
let unused = 1
fn calm(limit: Int) = context_free(limit) < 50
fn context_free(n: Int) = n + 1
";

/// So many rules that they make several blocks, with what deserves a warning among them.
fn many(extra: &str) -> String {
    let mut text = HEAD.to_owned();
    for index in 0..400 {
        let (group, effect) = (index % 7, if index % 5 == 0 { "deny" } else { "allow" });
        let _ = writeln!(
            text,
            "/// Rule {index}.\n@owner(\"team {group}\")\n{effect} r{index}: read for subject in Group::\"g{group}\""
        );
        let _ =
            writeln!(text, "  when context.mfa and calm(context.risk) and all t in resource.tags: (t != \"x{index}\")");
        let _ = match index {
            57 => writeln!(text, "{extra}"),
            200 => writeln!(text, "let half = {index} // between the rules"),
            300 => writeln!(text, "allow never: write when context.risk == 1 and context.risk == 2"),
            _ => Ok(()),
        };
    }
    text
}

#[test]
fn on_many_rules() {
    let single = |extra: &str| Sources::single("p.zt", &many(extra));
    assert!(agree(&single("")));
    assert!(!compile(single(""), &Options::default()).unwrap().warnings.diagnostics.is_empty());
    for by_stages in [
        "allow r3: read",
        "allow bad: read when context.nothing",
        "allow broken: read when (",
        "deny d overridable: read",
        "test \"t\" { given subject User::\"a\" resource Document::\"d\" expect deny read }",
        "stray text",
    ] {
        assert!(!agree(&single(by_stages)), "{by_stages}");
    }
}

#[test]
fn on_several_packages() {
    let mut sources = Sources::new();
    sources.add("a.zt", b"package a\nuse b\nuse zt.http\nentity U\naction go: U -> http.Request\nallow x: go\n");
    sources.add("b.zt", b"package b\nallow y: go\n");
    agree(&sources);
    let mut sources = Sources::new();
    sources.add("one.zt", "package p\nallow first: read\nallow second: write".as_bytes());
    sources.add("two.zt", many("").as_bytes());
    assert!(agree(&sources));
    assert!(!agree(&Sources::single("p.zt", &format!("allow early: read\n{}", many("")))));
}
