//! Every request of every example, whole and with parts hidden, by both engines.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use zt_eval::value::Timestamp;
use zt_eval::{Request, Store};

use super::super::compare;
use super::NOW;
use crate::{Checked, Options, Sources, parse};

pub fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "zt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub fn check(folder: &Path) -> Checked {
    let mut all = Sources::new();
    for path in sources(folder) {
        all.add(&path.display().to_string(), &fs::read(&path).unwrap());
    }
    parse(all, &Options::default()).typecheck().unwrap_or_else(|report| panic!("{report}"))
}

pub fn requests(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder.join("requests")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

pub fn store(folder: &Path, policy: &zt_eval::Policy) -> Store {
    match fs::read(folder.join("entities.json")) {
        Ok(text) => Store::from_json(policy, &text).unwrap(),
        Err(_) => Store::empty(),
    }
}

#[test]
fn the_engines_agree_on_the_examples() {
    for folder in examples() {
        let checked = check(&folder);
        let policy = checked.lower().unwrap_or_else(|report| panic!("{report}"));
        let store = store(&folder, &policy);
        for (path, text) in requests(&folder) {
            for now in [Some(NOW), Some("2026-03-07T03:00:00Z"), None] {
                let documents = if now == Some(NOW) { variants(&text) } else { vec![text.clone()] };
                let now = now.map(|now| Timestamp::parse_rfc3339(now).unwrap());
                for document in documents {
                    let Ok(request) = Request::from_json(&policy, &document) else { continue };
                    if let Err(difference) = compare(checked.hir(), &policy, &store, &request, now) {
                        panic!("{}: {difference}\n{}", path.display(), String::from_utf8_lossy(&document));
                    }
                }
            }
        }
    }
}

/// Variants of a document that are tried.
const VARIANTS_MAX: usize = 16;

/// The document, and some of those in which one member is left out or is `null`.
fn variants(text: &[u8]) -> Vec<Vec<u8>> {
    let mut variants = vec![text.to_vec()];
    if let Ok(document) = serde_json::from_slice::<Json>(text) {
        let mut pointers = Vec::new();
        members(&document, String::new(), &mut pointers);
        let step = pointers.len().div_ceil(VARIANTS_MAX).max(1);
        for (index, (above, key)) in pointers.into_iter().step_by(step).enumerate() {
            let mut document = document.clone();
            let Some(Json::Object(object)) = document.pointer_mut(&above) else { continue };
            object.remove(&key);
            if index % 2 == 1 {
                object.insert(key, Json::Null);
            }
            variants.push(document.to_string().into_bytes());
        }
    }
    variants
}

fn members(json: &Json, at: String, found: &mut Vec<(String, String)>) {
    match json {
        Json::Object(object) => {
            for (key, value) in object {
                found.push((at.clone(), key.clone()));
                members(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Json::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                members(value, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_tests_in_the_examples_pass() {
    let mut failed = Vec::new();
    for folder in examples() {
        let checked = check(&folder);
        let policy = checked.lower().unwrap_or_else(|report| panic!("{report}"));
        for result in crate::testing::run(checked.hir(), &policy, None) {
            for failure in result.failures {
                let place = checked.sources().place(failure.span);
                failed.push(format!("{place}: {}: {failure}\n  {}", result.name, failure.explanation.join("\n  ")));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
