//! Every example is a test: its policy checks without a warning, its own tests pass, and each of its requests comes out
//! as `expected.json` says, in the decision graph and in the reference interpreter.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Pdp, Store};
use zt_lang::testing;
use zt_lang::{Checked, Sources, differential};

#[test]
fn api_gateway() {
    Example::load("api-gateway").check();
}

#[test]
fn documents() {
    Example::load("documents").check();
}

#[test]
fn internal_apps() {
    Example::load("internal-apps").check();
}

#[test]
fn platform() {
    Example::load("platform").check();
}

#[test]
fn pod_security() {
    Example::load("pod-security").check();
}

#[test]
fn segmentation() {
    Example::load("segmentation").check();
}

#[test]
fn no_example_is_left_out() {
    let folders = fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<String> = folders.collect();
    // Programs that decide with modules are tested in `hosts`.
    let known = ["api-gateway", "documents", "hosts", "internal-apps", "platform", "pod-security", "segmentation"];
    assert_eq!(found, known.map(String::from).into());
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

pub struct Example {
    pub folder: PathBuf,
    checked: Checked,
    pub pdp: Pdp,
    /// What is not as it should be, line by line: all of it is told at once.
    differences: String,
}

impl Example {
    pub fn load(name: &str) -> Self {
        let folder = folder(name);
        let mut sources = Sources::new();
        add_sources(&folder, &mut sources);
        let parsed = zt_lang::parse(sources, &zt_lang::Options::default());
        let checked = parsed.typecheck().unwrap_or_else(|report| panic!("{report}"));
        let policy = checked.lower().unwrap_or_else(|report| panic!("{report}"));
        let store = match fs::read(folder.join("entities.json")) {
            Ok(text) => Store::from_json(&policy, &text).unwrap(),
            Err(_) => Store::empty(),
        };
        let pdp = Pdp::new(policy, store).unwrap();
        Self { folder, checked, pdp, differences: String::new() }
    }

    fn check(mut self) {
        let warnings = self.checked.warnings().to_string();
        self.tell(&warnings);
        self.run_tests();
        self.decide_requests();
        assert!(self.differences.is_empty(), "{}", self.differences);
    }

    fn tell(&mut self, text: &str) {
        self.differences.push_str(text);
    }

    fn run_tests(&mut self) {
        let results = testing::run(self.checked.hir(), self.pdp.snapshot().policy(), None);
        assert!(!results.is_empty(), "there are no tests");
        for result in results {
            for failure in &result.failures {
                let place = self.checked.sources().place(failure.span);
                writeln!(self.differences, "{place}: {failure}").unwrap();
            }
        }
    }

    fn decide_requests(&mut self) {
        let expected: Json = serde_json::from_slice(&fs::read(self.folder.join("expected.json")).unwrap()).unwrap();
        let expected = expected.as_object().unwrap();
        let files = fs::read_dir(self.folder.join("requests")).unwrap().map(|entry| entry.unwrap().path());
        let stems: BTreeSet<String> =
            files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        let said: BTreeSet<String> = expected.keys().cloned().collect();
        assert_eq!(stems, said, "requests and expectations do not match");
        for (stem, expected) in expected {
            let document = fs::read(self.folder.join("requests").join(format!("{stem}.json"))).unwrap();
            self.decide(stem, &document, expected);
        }
    }

    fn decide(&mut self, stem: &str, document: &[u8], expected: &Json) {
        let now = expected.get("now").map(|now| Timestamp::parse_rfc3339(now.as_str().unwrap()).unwrap());
        let snapshot = self.pdp.snapshot();
        let decision = self.pdp.decide_json(document, now, Mode::Full);
        let got = decision.to_json(snapshot.policy());
        for line in unlike(expected, &got) {
            self.tell(&format!("{stem}: {line}\n"));
        }
        let effect = self.pdp.decide_json(document, now, Mode::Effect).effect;
        if effect != decision.effect {
            self.tell(&format!("{stem}: effect mode says {effect:?}\n"));
        }
        let hir = self.checked.hir();
        if let Err(difference) = differential::compare_document(hir, snapshot.policy(), snapshot.store(), document, now)
        {
            self.tell(&format!("{stem}: {difference}\n"));
        }
    }
}

/// Where a decision is not as expected. What an expectation does not mention may be anything.
fn unlike(expected: &Json, got: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    let mut compare = |name: &str, got: Json| {
        if let Some(expected) = expected.get(name).filter(|expected| **expected != got) {
            lines.push(format!("expected {name} {expected}, got {got}"));
        }
    };
    let names = |list: &str, member: &str| -> Json {
        got[list].as_array().unwrap().iter().map(|entry| entry[member].clone()).collect()
    };
    compare("effect", got["effect"].clone());
    compare("reason", got["reason"].clone());
    compare("rules", names("rules", "rule"));
    compare("overridden", names("overridden", "rule"));
    compare("challenge", names("challenge", "attribute"));
    compare("obligations", got["obligations"].clone());
    let unknown = got["unknown"].as_array().unwrap();
    for text in expected.get("unknown").and_then(Json::as_array).into_iter().flatten() {
        if !unknown.contains(text) {
            lines.push(format!("expected {text} among the unknown, got {}", json!(unknown)));
        }
    }
    lines
}

fn add_sources(folder: &Path, sources: &mut Sources) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            add_sources(&entry, sources);
        } else if entry.extension().is_some_and(|extension| extension == "zt") {
            sources.add(&entry.to_string_lossy(), &fs::read(&entry).unwrap());
        }
    }
}
