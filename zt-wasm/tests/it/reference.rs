//! The policies and requests of the language reference, as modules. What each block means is told, and checked through the
//! engine, by `zt-lang/tests/it/reference_doc.rs`; here modules decide the same.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};

use crate::agree::{Both, host};

const PAGES: [&str; 6] = ["README.md", "types.md", "operators.md", "meaning.md", "requests.md", "library.md"];

/// The fenced blocks of all pages: the words after the fence, and what is inside.
fn blocks() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../grammar");
    let mut found = Vec::new();
    for page in PAGES {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(kind) = line.strip_prefix("```") else { continue };
            let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push((kind.to_owned(), inside.join("\n") + "\n"));
        }
    }
    found
}

fn policy(text: &str) -> Policy {
    let mut sources = Sources::new();
    for (at, part) in text.split("// file: ").enumerate().filter(|(_, part)| !part.trim().is_empty()) {
        // What stands before the first name has none.
        let (name, part) = if at == 0 { ("policy.zt", part) } else { part.split_once('\n').unwrap() };
        sources.add(name, part.as_bytes());
    }
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

/// The vocabulary with a rule and an action for each line of a block of conditions.
fn conditions(vocabulary: &str, block: &str) -> (String, Vec<String>) {
    let lines = block.lines().filter(|line| !line.trim().is_empty());
    let conditions = lines.map(|line| line.split_once(" // ").map_or(line, |(condition, _)| condition));
    let (mut text, mut actions) = (vocabulary.to_owned(), Vec::new());
    for (at, condition) in conditions.enumerate() {
        text += &format!("action row_{at}: User -> Document\ndeny row_{at}: row_{at} when {condition}\n");
        actions.push(format!("row_{at}"));
    }
    (text, actions)
}

fn of<'b>(blocks: &'b [(String, String)], kind: &str) -> Vec<&'b str> {
    blocks.iter().filter(|block| block.0 == kind).map(|block| &*block.1).collect()
}

#[test]
fn modules_decide_what_the_reference_shows_as_the_engine_does() {
    let blocks = blocks();
    let vocabulary = of(&blocks, "zt vocabulary")[0];
    // Good ones and those that are to be refused.
    let is_request = |kind: &str| kind.starts_with("json request") || kind == "json asked";
    let documents: Vec<&str> = blocks.iter().filter(|block| is_request(&block.0)).map(|block| &*block.1).collect();
    let request: Json = serde_json::from_str(of(&blocks, "json request")[0]).unwrap();

    let mut cases: Vec<(String, Vec<String>)> =
        of(&blocks, "zt condition").iter().map(|block| conditions(vocabulary, block)).collect();
    cases.extend(of(&blocks, "zt fragment").iter().map(|block| (vocabulary.to_owned() + block, Vec::new())));
    cases.extend(
        blocks
            .iter()
            .filter(|block| ["zt", "zt vocabulary"].contains(&&*block.0))
            .map(|block| (block.1.clone(), Vec::new())),
    );
    let (host, store, mut asked) = (host(), Store::empty(), 0);
    for (text, actions) in &cases {
        let policy = policy(text);
        if policy.missing_params().next().is_some() {
            continue;
        }
        let of_actions = actions.iter().map(|action| {
            let mut request = request.clone();
            request["action"] = json!({ "name": action });
            request.to_string()
        });
        let mut both = Both::of(&host, &policy, &store);
        for document in of_actions.chain(documents.iter().map(|document| (*document).to_owned())) {
            for now in [Timestamp::parse_rfc3339("2026-03-02T10:00:00Z"), None] {
                for mode in [Mode::Full, Mode::Effect] {
                    let agreed = both.agree(document.as_bytes(), now, mode);
                    assert!(agreed.is_ok(), "{text}\n{}", agreed.unwrap_err());
                    asked += 1;
                }
            }
        }
    }
    assert!(cases.len() > 40 && asked > 1_500, "{} policies, {asked} decisions", cases.len());
}
