//! The examples, as modules.

use std::fs;
use std::path::{Path, PathBuf};

use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};

use crate::agree::{Both, host};

pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub fn policy(folder: &Path) -> Policy {
    let mut sources = Sources::new();
    for path in files(folder, "zt") {
        sources.add(path.strip_prefix(folder).unwrap().to_str().unwrap(), &fs::read(&path).unwrap());
    }
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

pub fn store(folder: &Path, policy: &Policy) -> Store {
    let entities = fs::read(folder.join("entities.json")).ok();
    entities.map_or(Store::empty(), |text| Store::from_json(policy, &text).unwrap())
}

pub const EXAMPLES: [&str; 6] =
    ["api-gateway", "documents", "internal-apps", "platform", "pod-security", "segmentation"];

#[test]
fn modules_of_the_examples_decide_as_the_engine_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let host = host();
    let mut asked = 0;
    for name in EXAMPLES {
        let folder = root.join(name);
        let policy = policy(&folder);
        let store = store(&folder, &policy);
        let mut both = Both::of(&host, &policy, &store);
        for request in files(&folder.join("requests"), "json") {
            let text = fs::read(&request).unwrap();
            for now in [Timestamp::parse_rfc3339("2026-03-02T10:00:00Z"), None] {
                for mode in [Mode::Full, Mode::Effect] {
                    let agreed = both.agree(&text, now, mode);
                    assert!(agreed.is_ok(), "{}: {}", request.display(), agreed.unwrap_err());
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 1000, "only {asked} decisions");
}
