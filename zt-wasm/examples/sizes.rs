//! Sizes of modules: of one rule, of the examples, and of many rules of one shape. With a name, that module's functions and
//! tables by size: `cargo run -p zt-wasm --example sizes -- one`.
#![allow(clippy::unwrap_used, reason = "a tool for whoever works on this crate: what it reads is in this repository")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};
use zt_wasm::{Target, compile, compile_with_names, inspect};

const EXAMPLES: &[&str] = &["api-gateway", "documents", "internal-apps", "platform", "pod-security", "segmentation"];

const ONE: &str = "package one
entity User
entity Document
source idp verified
context { mfa: Bool from idp }
action read: User -> Document
allow every: read
  when context.mfa
";

const MANY: &str = "package company
source idp verified
source scorer verified
entity Group in Group from idp
entity User in Group from idp
entity Folder in Folder
entity Document in Folder { owner: User }
context { mfa: Bool from idp, risk: Int from scorer }
action read: User -> Document
";

/// As the benchmark of generated rules has them: over as many groups and folders as leave a handful of rules to a request.
fn many(rules: usize) -> String {
    let mut text = MANY.to_owned();
    let names = (rules * 5).isqrt().max(10);
    let mut seed = 1u64;
    let mut below = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % bound
    };
    for number in 0..rules {
        let (group, folder) = (below(names), below(names));
        let _ = writeln!(
            text,
            "\nallow rule_{number}: read\n  for subject in Group::\"{group}\", resource in Folder::\"{folder}\"\n  \
             when context.mfa and context.risk < 50 and resource.owner == subject"
        );
    }
    text
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|found| found == "zt") {
            found.push(path);
        }
    }
    found.sort();
}

fn lower(sources: Sources) -> Policy {
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

fn text(text: &str) -> (Policy, Store) {
    let mut sources = Sources::new();
    sources.add("policy.zt", text.as_bytes());
    (lower(sources), Store::empty())
}

fn policy(name: &str) -> (Policy, Store) {
    if name == "one" {
        return text(ONE);
    }
    if let Ok(rules) = name.parse() {
        return text(&many(rules));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    let (mut sources, mut paths) = (Sources::new(), Vec::new());
    files(&folder, &mut paths);
    for path in paths {
        sources.add(path.strip_prefix(&folder).unwrap().to_str().unwrap(), &fs::read(&path).unwrap());
    }
    let policy = lower(sources);
    let entities = fs::read(folder.join("entities.json")).ok();
    let store = entities.map_or(Store::empty(), |text| Store::from_json(&policy, &text).unwrap());
    (policy, store)
}

/// Bytes of rules' names, places and reasons.
fn told(policy: &Policy) -> usize {
    let because = |rule: &zt_eval::graph::Rule| rule.extras.because.as_ref().map_or(0, |because| because.len());
    policy.rules().iter().map(|rule| rule.name.len() + rule.place.to_string().len() + because(rule)).sum()
}

fn main() {
    if let Some(name) = std::env::args().nth(1) {
        let (policy, store) = policy(&name);
        let report = inspect(&compile_with_names(&policy, &store, Target::Core(Default::default())).unwrap()).unwrap();
        println!("sections {:?}", report.sections);
        println!("tables {:?}", report.tables);
        let mut functions = report.functions;
        functions.sort_by_key(|(_, bytes)| usize::MAX - bytes);
        let rest: Vec<String> = functions.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
        println!("{} functions: {}", functions.len(), rest.join("; "));
        return;
    }
    println!("{:>14} {:>8} {:>8} {:>8} {:>8} {:>6}", "", "total", "code", "data", "told", "rules");
    for name in ["one"].iter().chain(EXAMPLES).chain(&["1000", "10000"]) {
        let (policy, store) = policy(name);
        let report = inspect(&compile(&policy, &store, Target::Core(Default::default())).unwrap()).unwrap();
        let of =
            |section: &str| report.sections.iter().find(|(name, _)| name == section).map_or(0, |(_, bytes)| *bytes);
        let (code, data, told, rules) = (of("code"), of("data"), told(&policy), policy.rules().len());
        println!("{name:>14} {:>8} {code:>8} {data:>8} {told:>8} {rules:>6}", report.total);
    }
}
