//! What a delegated package cannot do by way of other packages.

use zt_eval::value::Timestamp;
use zt_eval::{Effect, Request, Store};

use crate::{Checked, Options, Report, Sources, parse};

const VOCABULARY: &str = r#"
    package vocab
    entity User
    entity Folder in Folder
    entity Document in Folder { held: Bool }
    action read: User -> Document
"#;

fn check(files: &[&str]) -> Result<Checked, Report> {
    let mut sources = Sources::new();
    sources.add("vocab.zt", VOCABULARY.as_bytes());
    for (index, text) in files.iter().enumerate() {
        sources.add(&format!("{index}.zt"), text.as_bytes());
    }
    parse(sources, &Options::default()).typecheck()
}

fn codes(files: &[&str]) -> Vec<&'static str> {
    check(files).unwrap_err().diagnostics.iter().map(|found| found.code.id()).collect()
}

fn decide(checked: &Checked, folder: &str) -> Effect {
    let policy = checked.lower().unwrap();
    let request = format!(
        r#"{{"subject": {{"type": "vocab.User", "id": "ann"}}, "action": {{"name": "vocab.read"}},
             "resource": {{"type": "vocab.Document", "id": "d", "parents": [{{"type": "vocab.Folder", "id": "{folder}"}}]}},
             "entities": [{{"type": "vocab.Folder", "id": "{folder}", "parents": []}}]}}"#
    );
    let request = Request::from_json(&policy, request.as_bytes()).unwrap();
    let now = Timestamp::parse_rfc3339("2026-03-02T10:00:00Z");
    crate::reference::compare(checked.hir(), &policy, &Store::empty(), &request, now).unwrap().effect
}

const ROOT: &str = r#"package root use vocab use team scope resource in vocab.Folder::"a""#;

#[test]
fn what_only_a_delegated_package_uses_acts_within_its_scope() {
    let team = "package team use helper";
    let helper = "package helper use vocab allow everything: vocab.read";
    let checked = check(&[ROOT, team, helper]).unwrap();
    assert_eq!(decide(&checked, "a"), Effect::Allow);
    assert_eq!(decide(&checked, "b"), Effect::Deny);
    let vouching = "package helper source friend verified context { ok: Bool from friend }";
    assert_eq!(codes(&[ROOT, team, vouching]), ["E0603", "E0603"]);
}

#[test]
fn a_delegated_package_does_not_bound_what_others_use() {
    let baseline = "package baseline use vocab deny never: vocab.read when resource.held";
    let root = format!("{ROOT} use baseline");
    let narrowing = r#"package team use baseline scope resource in Folder::"nowhere" allow mine: read"#;
    let narrowing = narrowing.replace("Folder", "vocab.Folder").replace(": read", ": vocab.read");
    assert_eq!(codes(&[&root, &narrowing, baseline]), ["E0604"]);
    let by_way = ["package team use helper", &narrowing.replace("package team", "package helper")];
    assert_eq!(codes(&[&root, by_way[0], by_way[1], baseline]), ["E0604"]);
}

#[test]
fn rules_that_several_delegated_packages_use_have_no_scope() {
    let root = format!(r#"{ROOT} use crew scope resource in vocab.Folder::"b""#);
    let users = ["package team use helper", "package crew use helper"];
    let rules = "package helper use vocab allow everything: vocab.read";
    assert_eq!(codes(&[&root, users[0], users[1], rules]), ["E0604"]);
    let functions = "package helper fn twice(n: Int) = n + n";
    assert!(check(&[&root, users[0], users[1], functions]).is_ok());
}
