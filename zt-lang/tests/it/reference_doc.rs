//! The language reference says nothing that the compiler does not do.
//!
//! Every fenced block of its pages is put to work, by the words after the fence:
//!
//! | fence | what it holds |
//! |---|---|
//! | `zt` | a policy, checked without errors; its tests pass |
//! | `zt fails E0301` | a policy that fails with this code |
//! | `zt fragment` | items that, added to the vocabulary, check without errors |
//! | `zt condition` | a condition on each line, about the vocabulary; `// true`, `// false` or `// unknown` behind it is what the engines say of it |
//! | `json request`, `json entities` | documents that are read against the vocabulary |
//! | `json request R0104`, `json entities R0116` | documents that are refused with this code |
//! | `json decision` | what the nearest policy before it decides of the nearest request before it |
//! | `text`, `json` | not looked at |
//!
//! The *vocabulary* is the policy marked `zt vocabulary`; conditions are asked of the first `json request`, at the instant
//! [`NOW`]. A `json asked` is a request for the policy before it and the decision after it.

use zt_eval::decision::Reason;
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Request, Store};
use zt_lang::diag::{Diagnostic, Severity};
use zt_lang::reference::compare;
use zt_lang::{Checked, Options, Report, Sources, parse, testing};

const PAGES: [(&str, &str); 6] = [
    ("README.md", include_str!("../../../grammar/README.md")),
    ("types.md", include_str!("../../../grammar/types.md")),
    ("operators.md", include_str!("../../../grammar/operators.md")),
    ("meaning.md", include_str!("../../../grammar/meaning.md")),
    ("requests.md", include_str!("../../../grammar/requests.md")),
    ("library.md", include_str!("../../../grammar/library.md")),
];
const GRAMMAR: &str = include_str!("../../../grammar/zt.pest");

/// The instant at which examples are decided, which the reference states.
const NOW: &str = "2026-03-02T10:00:00Z";

struct Block {
    place: String,
    kind: &'static str,
    text: String,
}

/// All blocks in the order of the pages.
fn blocks() -> Vec<Block> {
    let mut found = Vec::new();
    for (page, text) in PAGES {
        let mut lines = (1..).zip(text.lines());
        while let Some((number, line)) = lines.next() {
            let Some(kind) = line.strip_prefix("```") else { continue };
            let inside: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            found.push(Block { place: format!("{page}:{number}"), kind, text: inside.join("\n") + "\n" });
        }
    }
    found
}

fn first(kind: &str) -> String {
    blocks().into_iter().find(|block| block.kind == kind).map(|block| block.text).expect("the reference has it")
}

/// A policy's files, which `// file: NAME` lines separate.
fn sources(text: &str) -> Sources {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("// file: ") {
            Some(name) => files.push((name, String::new())),
            None if files.is_empty() => files.push(("policy.zt", format!("{line}\n"))),
            None => files.last_mut().expect("there is one").1.extend([line, "\n"]),
        }
    }
    let mut sources = Sources::new();
    for (name, text) in files {
        sources.add(name, text.as_bytes());
    }
    sources
}

fn check(text: &str) -> Result<Checked, Report> {
    parse(sources(text), &Options::default()).typecheck()
}

fn compile(text: &str) -> Result<(Checked, Policy), String> {
    let checked = check(text).map_err(|report| report.to_string())?;
    let policy = checked.lower().map_err(|report| report.to_string())?;
    Ok((checked, policy))
}

fn errors(report: &Report) -> Vec<&'static str> {
    let errors = report.diagnostics.iter().filter(|one| one.severity() == Severity::Error);
    errors.map(|one: &Diagnostic| one.code.id()).collect()
}

fn now() -> Option<Timestamp> {
    Timestamp::parse_rfc3339(NOW)
}

fn policy_block(text: &str) -> Result<(), String> {
    let (checked, policy) = compile(text)?;
    let failed: Vec<String> = testing::run(checked.hir(), &policy, None)
        .iter()
        .filter(|test| !test.passed())
        .map(|test| format!("the test \"{}\" fails: {:#?}", test.name, test.failures))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn failing_block(text: &str, code: &str) -> Result<(), String> {
    match check(text) {
        Ok(_) => Err(format!("it should fail with {code}")),
        Err(report) if errors(&report) == [code] => Ok(()),
        Err(report) => Err(format!("it should fail with {code} alone:\n{report}")),
    }
}

/// Each condition as a deny rule of an action of its own: what it is shows in the reason of the denial.
fn conditions_block(text: &str) -> Result<(), String> {
    let rows: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split_once(" // ").unwrap_or((line, "")))
        .collect();
    let mut source = first("zt vocabulary");
    for (index, (condition, _)) in rows.iter().enumerate() {
        source += &format!("action row_{index}: User -> Document\ndeny row_{index}: row_{index} when {condition}\n");
    }
    let (checked, policy) = compile(&source)?;
    let mut document: serde_json::Value = serde_json::from_str(&first("json request")).expect("JSON");
    for (index, (condition, comment)) in rows.iter().enumerate() {
        let wanted = comment.split([' ', ',', ':']).next().unwrap_or_default();
        if !["true", "false", "unknown"].contains(&wanted) {
            continue;
        }
        document["action"] = serde_json::json!({ "name": format!("row_{index}") });
        let request =
            Request::from_json(&policy, document.to_string().as_bytes()).map_err(|error| error.to_string())?;
        let decision = compare(checked.hir(), &policy, &Store::empty(), &request, now())
            .map_err(|difference| format!("`{condition}`: the engines disagree: {difference:?}"))?;
        let found = match decision.reason {
            Some(Reason::Rule) => "true",
            Some(Reason::Unknown) => "unknown",
            _ => "false",
        };
        if found != wanted {
            return Err(format!("`{}` is {found}", condition.trim()));
        }
    }
    Ok(())
}

/// What reading a document gives: nothing, or the code it is refused with.
fn document_block(kind: &str, text: &str) -> Result<(), String> {
    // Without rules it would read nothing.
    let policy = compile(&first("zt vocabulary"))?.1.reading_all();
    let mut words = kind.split(' ').skip(1);
    let read = match words.next() {
        Some("request") => Request::from_json(&policy, text.as_bytes()).map(drop),
        _ => Store::from_json(&policy, text.as_bytes()).map(drop),
    };
    match (read, words.next()) {
        (Ok(()), None) => Ok(()),
        (Err(error), Some(code)) if error.code() == code => Ok(()),
        (Ok(()), Some(code)) => Err(format!("it should be refused with {code}")),
        (Err(error), _) => Err(format!("{}: {error}", error.code())),
    }
}

fn decision_block(before: &[Block], text: &str) -> Result<(), String> {
    let nearest = |wanted: &[&str]| {
        let block = before.iter().rev().find(|block| wanted.contains(&block.kind));
        block.map(|block| block.text.clone()).ok_or("there is nothing to decide before it")
    };
    let (checked, policy) = compile(&nearest(&["zt", "zt vocabulary"])?)?;
    let request = nearest(&["json request", "json asked"])?;
    let request = Request::from_json(&policy, request.as_bytes()).map_err(|error| error.to_string())?;
    let decision = compare(checked.hir(), &policy, &Store::empty(), &request, now())
        .map_err(|difference| format!("the engines disagree: {difference:?}"))?;
    let wanted: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let found = decision.to_json(&policy);
    if found == wanted { Ok(()) } else { Err(format!("it is\n{found:#}")) }
}

#[test]
fn examples_do_what_the_reference_says() {
    let blocks = blocks();
    let mut failures = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let (kind, text) = (block.kind, block.text.as_str());
        let result = match kind.split(' ').collect::<Vec<_>>().as_slice() {
            ["zt"] | ["zt", "vocabulary"] => policy_block(text),
            ["zt", "fails", code] => failing_block(text, code),
            ["zt", "fragment"] => policy_block(&(first("zt vocabulary") + text)),
            ["zt", "condition"] => conditions_block(text),
            ["json", "request" | "entities", ..] => document_block(kind, text),
            ["json", "decision"] => decision_block(&blocks[..index], text),
            ["json"] | ["json", "asked"] | ["text"] => Ok(()),
            _ => Err("this kind of block is not known".into()),
        };
        if let Err(problem) = result {
            failures.push(format!("{} ({kind}): {problem}", block.place));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(blocks.len() > 50, "{} blocks", blocks.len());
}

/// The productions that the grammar has, its words and signs left out.
#[test]
fn every_production_is_in_the_reference() {
    let (productions, _) = GRAMMAR.split_once("// ---- words and signs ----").expect("the grammar has this part");
    let names = productions.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.trim());
    let names = names.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let heads: Vec<&str> =
        PAGES[0].1.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.trim()).collect();
    let missing: Vec<&str> = names.filter(|name| !heads.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(heads.len() > 100, "{} productions", heads.len());
}

/// What the headings of a page are called in links.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let plain = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    plain.map(|line| line.chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// Links between the pages lead somewhere, down to the heading.
#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for (page, text) in PAGES {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("https://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let Some((_, found)) = PAGES.iter().find(|(name, _)| *name == if file.is_empty() { page } else { file })
            else {
                let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../grammar").join(file);
                if !path.exists() {
                    broken.push(format!("{page}: {target}"));
                }
                continue;
            };
            if !anchor.is_empty() && !anchors(found).contains(&anchor.to_owned()) {
                broken.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Rooms that the architecture speaks of exist.
#[test]
fn the_architecture_names_what_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("it is there");
    let names = text.split('`').skip(1).step_by(2);
    let places =
        names.filter(|name| ["zt-eval/", "zt-lang/", "ztc/", "grammar/"].iter().any(|head| name.starts_with(head)));
    let missing: Vec<&str> = places.filter(|place| !root.join(place).exists()).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Whatever a built-in package declares stands on the page about it.
#[test]
fn the_library_is_described_in_full() {
    let page = PAGES.iter().find(|(name, _)| *name == "library.md").expect("it is there").1;
    let mut missing = Vec::new();
    for package in zt_lang::library::names() {
        let section = page.split_once(&format!("\n## {package}\n")).expect("each package has a section").1;
        let section = section.split("\n## ").next().unwrap_or_default();
        let (_, text) = zt_lang::library::find(package).expect("it is there");
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            let declared = match line.split_once(' ') {
                Some(("fn", rest)) => rest.split(" =").next().unwrap_or_default().to_owned(),
                Some(("record", rest)) => rest.trim_end_matches(" {").to_owned(),
                Some(("source" | "entity", _)) => line.trim_end_matches(" {").to_owned(),
                Some((name, rest)) if name.ends_with(':') => format!("{name} {}", rest.trim()),
                _ => continue,
            };
            if !section.contains(&format!("`{declared}`")) {
                missing.push(format!("{package}: {declared}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
