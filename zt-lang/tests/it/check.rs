//! Policies with the expected diagnostics beside the mistakes: `// ^^^^ E0301` speaks of the line above it.

use std::fs;
use std::path::Path;

use zt_lang::diag::Diagnostic;
use zt_lang::{Options, Sources, parse};

/// Line, first and last column (counted from 1, in characters), code.
type Found = (usize, usize, usize, String);

fn expected(text: &str) -> Vec<Found> {
    let mut code_line = 0;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let marked = line.trim_start().strip_prefix("//").is_some_and(|rest| rest.trim_start().starts_with('^'));
        if !marked {
            code_line = number;
            continue;
        }
        let start = line.chars().take_while(|&c| c != '^').count() + 1;
        let length = line.chars().filter(|&c| c == '^').count();
        let code = line.rsplit('^').next().unwrap_or_default().trim();
        found.push((code_line, start, start + length - 1, code.to_owned()));
    }
    found
}

fn actual(diagnostic: &Diagnostic, text: &str) -> Found {
    let range = diagnostic.span().range();
    let before = &text[..range.start];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    let length = text[range].chars().count();
    (line, column, column + length.max(1) - 1, diagnostic.code.id().to_owned())
}

fn diagnostics(name: &str, text: &str) -> Vec<Diagnostic> {
    match parse(Sources::single(name, text), &Options::default()).typecheck() {
        Ok(checked) => checked.warnings().diagnostics.clone(),
        Err(report) => report.diagnostics,
    }
}

#[test]
fn mistakes_are_found_where_they_stand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check");
    let mut files = 0;
    let mut differences = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let found = diagnostics(&name, &text);
        let mut wanted = expected(&text);
        let mut got: Vec<Found> = found.iter().map(|diagnostic| actual(diagnostic, &text)).collect();
        wanted.sort();
        got.sort();
        for missing in wanted.iter().filter(|wanted| !got.contains(wanted)) {
            differences.push(format!("{name}: expected {missing:?}"));
        }
        for diagnostic in &found {
            if !wanted.contains(&actual(diagnostic, &text)) {
                differences.push(format!("{name}: found {:?}: {}", actual(diagnostic, &text), diagnostic.message));
            }
        }
        files += 1;
    }
    differences.sort();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(files >= 5, "{files} files");
}

/// Chains of functions that call each other twice double with each link: what walks into them must remember.
#[test]
fn chains_of_functions_are_checked_in_time() {
    let mut text = String::from("package chains\nentity User { a: Bool }\nentity Door\naction open: User -> Door\n");
    text.push_str("fn f0(u: User) = u.a\n");
    for link in 1..60 {
        let callee = link - 1;
        text.push_str(&format!("fn f{link}(u: User) = f{callee}(u) or not f{callee}(u)\n"));
    }
    text.push_str("allow enter: open when f59(subject)\n");
    let checked = parse(Sources::single("chains.zt", &text), &Options::default()).typecheck().unwrap();
    let report = checked.lower().unwrap_err();
    assert_eq!(report.diagnostics.iter().map(|found| found.code.id()).collect::<Vec<_>>(), ["E0801"]);
}

const DOORS: &str = "source client unverified\nentity User\nentity Door { open: Bool from client  path: Path }\naction enter: User -> Door\n";

fn codes(text: &str) -> Vec<&'static str> {
    diagnostics("long.zt", text).iter().map(|found| found.code.id()).collect()
}

/// Nothing recurses along a chain of declarations, and no diagnostic grows with it.
#[test]
fn long_chains_are_followed_without_recursion() {
    let mut lets = format!("package long\n{DOORS}let l0 = 1\nfn f0(d: Door) = d.open\n");
    for link in 1..4_000 {
        let callee = link - 1;
        lets.push_str(&format!("let l{link} = l{callee}\nfn f{link}(d: Door) = f{callee}(d)\n"));
    }
    lets.push_str("param n: Int = l3999\nallow a: enter when n == 1 and f3999(resource)\n");
    assert_eq!(codes(&lets), ["E0401"]);
}

/// A path chosen by what was captured from a path so chosen would double with each match.
#[test]
fn captures_do_not_multiply() {
    let mut text = format!("package captures\n{DOORS}allow a: enter when resource.path like \"/{{c0}}\"");
    for link in 1..40 {
        let last = link - 1;
        text.push_str(&format!(
            " and (if c{last} == c{last} then resource.path else resource.path) like \"/{{c{link}}}\""
        ));
    }
    assert!(codes(&text).contains(&"E0801"));
}
