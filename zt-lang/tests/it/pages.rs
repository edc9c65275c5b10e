//! The page of every code: its policies do what it says.

use zt_lang::diag::codes::{ALL, Code};
use zt_lang::diag::render::{RenderOptions, render};
use zt_lang::diag::{Diagnostic, Severity};
use zt_lang::{Options, Sources};

/// Codes whose mistake no short text can show: bytes that are no text, and sheer size.
const WITHOUT_FAILS: [Code; 3] = [Code::NESTING, Code::NOT_UTF8, Code::TOO_LARGE];
/// Of those, the ones that are not mended by another text either.
const WITHOUT_MENDED: [Code; 2] = [Code::NOT_UTF8, Code::TOO_LARGE];
/// A page is read in a minute.
const PROSE_LINES_MAX: usize = 40;

/// A page in its parts.
struct Page {
    title: &'static str,
    prose_lines: usize,
    /// Section headings with the policies in them.
    sections: Vec<(&'static str, Vec<String>)>,
}

impl Page {
    fn read(code: Code) -> Self {
        let mut lines = code.page().lines();
        let title = lines.next().unwrap_or_default();
        let mut page = Self { title, prose_lines: 0, sections: Vec::new() };
        while let Some(line) = lines.next() {
            if let Some(heading) = line.strip_prefix("## ") {
                page.sections.push((heading, Vec::new()));
            } else if line == "```zt" {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                page.sections.last_mut().expect("a policy stands in a section").1.push(block.join("\n") + "\n");
            } else {
                assert!(!line.starts_with("```"), "{code}: fences are ```zt");
                page.prose_lines += usize::from(!line.is_empty());
            }
        }
        page
    }

    fn policy(&self, heading: &str) -> Option<&str> {
        let (_, policies) = self.sections.iter().find(|(found, _)| *found == heading)?;
        assert!(policies.len() <= 1, "{}: one policy in a section", self.title);
        policies.first().map(String::as_str)
    }
}

/// A policy's files, which `// file: NAME` lines separate.
fn sources(policy: &str) -> Sources {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in policy.lines() {
        if let Some(name) = line.strip_prefix("// file: ") {
            files.push((name, String::new()));
            continue;
        }
        if files.is_empty() {
            files.push(("policy.zt", String::new()));
        }
        let (_, text) = files.last_mut().expect("there is one");
        text.push_str(line);
        text.push('\n');
    }
    let mut sources = Sources::new();
    for (name, text) in files {
        sources.add(name, text.as_bytes());
    }
    sources
}

/// What is found in the files, and how a person reads it.
fn check(sources: Sources) -> (Vec<Diagnostic>, String) {
    let report = match zt_lang::parse(sources, &Options::default()).typecheck() {
        Err(report) => report,
        Ok(checked) => checked.lower().err().unwrap_or_else(|| checked.warnings().clone()),
    };
    let text = render(&report.diagnostics, &report.sources, RenderOptions::default());
    (report.diagnostics, text)
}

fn diagnostics(policy: &str) -> (Vec<Diagnostic>, String) {
    check(sources(policy))
}

/// Runs `test` on every page and reports all failures together.
fn on_all(test: impl Fn(Code, &Page) -> Result<(), String>) {
    let failures: Vec<String> = ALL.iter().filter_map(|&code| test(code, &Page::read(code)).err()).collect();
    assert!(failures.is_empty(), "{} pages\n\n{}", failures.len(), failures.join("\n"));
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[test]
fn every_page_has_its_parts() {
    on_all(|code, page| {
        let title = format!("# {code}: {}", code.title());
        ensure(page.title == title, || format!("{code}: the title is `{}`", page.title))?;
        let headings: Vec<_> = page.sections.iter().map(|(heading, _)| *heading).collect();
        ensure(headings == ["Fails", "Mended"], || format!("{code}: the sections are {headings:?}"))?;
        ensure(page.prose_lines <= PROSE_LINES_MAX, || format!("{code}: {} lines of prose", page.prose_lines))?;
        let long = code.page().lines().find(|line| line.chars().count() > 90);
        ensure(long.is_none(), || format!("{code}: too long: {}", long.unwrap_or_default()))?;
        let (fails, mended) = (page.policy("Fails").is_some(), page.policy("Mended").is_some());
        ensure(fails != WITHOUT_FAILS.contains(&code), || format!("{code}: a failing policy: {fails}"))?;
        ensure(mended != WITHOUT_MENDED.contains(&code), || format!("{code}: a mended policy: {mended}"))
    });
}

#[test]
fn every_page_has_a_code() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/diag/pages");
    for entry in std::fs::read_dir(folder).expect("the pages are here") {
        let name = entry.expect("readable").file_name().into_string().expect("ASCII");
        let code = name.strip_suffix(".md").and_then(Code::find);
        assert!(code.is_some_and(|code| format!("{code}.md") == name), "{name} belongs to no code");
    }
}

/// One mistake, one diagnostic: a failing policy has the one error, or the one warning, that its page is about.
#[test]
fn failing_policies_fail_with_their_code_alone() {
    on_all(|code, page| {
        let Some(policy) = page.policy("Fails") else { return Ok(()) };
        let (found, report) = diagnostics(policy);
        let weighty = found.iter().filter(|one| one.severity() >= code.severity());
        let codes: Vec<Code> = weighty.map(|one| one.code).collect();
        ensure(codes == [code], || format!("{code}: the failing policy gives {codes:?}\n{report}"))
    });
}

/// The house style of messages.
#[test]
fn messages_are_in_house_style() {
    on_all(|code, page| {
        let Some(policy) = page.policy("Fails") else { return Ok(()) };
        let (found, report) = diagnostics(policy);
        let silent = found.iter().find(|one| one.message.ends_with('.') || one.message.starts_with(char::is_uppercase));
        ensure(silent.is_none(), || format!("{code}: messages are lower case without a final stop\n{report}"))
    });
}

#[test]
fn mended_policies_compile_without_a_word() {
    on_all(|code, page| {
        let Some(policy) = page.policy("Mended") else { return Ok(()) };
        let (found, report) = diagnostics(policy);
        ensure(found.is_empty(), || format!("{code}: the mended policy gives\n{report}"))
    });
}

/// An edit that a diagnostic offers leads to a policy without that diagnostic.
#[test]
fn offered_edits_mend() {
    on_all(|code, page| {
        let Some(policy) = page.policy("Fails") else { return Ok(()) };
        let (found, report) = diagnostics(policy);
        let Some(fix) = found.iter().find(|one| one.code == code).and_then(|one| one.fix.clone()) else {
            return Ok(());
        };
        let old = sources(policy);
        let mut new = Sources::new();
        for (id, file) in old.iter() {
            let mut text = file.text.to_string();
            if id == fix.span.file {
                text.replace_range(fix.span.range(), &fix.with);
            }
            new.add(&file.name, text.as_bytes());
        }
        let (again, text) = check(new);
        let bad = again.iter().any(|one| one.severity() == Severity::Error || one.code == code);
        ensure(!bad, || format!("{code}: the edit of\n{report}gives\n{text}"))
    });
}
