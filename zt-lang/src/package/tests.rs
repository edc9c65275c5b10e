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
fn every_file_says_its_package() {
    let alone = |text: &str| {
        let mut sources = Sources::new();
        sources.add("a.zt", text.as_bytes());
        let report = parse(sources, &Options::default()).typecheck().unwrap_err();
        report.diagnostics.iter().map(|found| found.code.id()).collect::<Vec<_>>()
    };
    for text in ["", "\n", "// nothing yet\n", "entity User"] {
        assert_eq!(alone(text), ["E0606"], "{text}");
        assert_eq!(codes(&[text]), ["E0606"], "{text}");
    }
    assert_eq!(codes(&["", "// nor here"]), ["E0606", "E0606"]);
    assert_eq!(codes(&["package other"]), ["E0605"]);
}

#[test]
fn too_many_entity_types_are_told_where_they_begin() {
    let types = |count: usize| (0..count).map(|number| format!("entity E{number}\n")).collect::<String>();
    let check = |text: String| {
        let mut sources = Sources::new();
        sources.add("a.zt", format!("package many\n{text}").as_bytes());
        parse(sources, &Options::default()).typecheck()
    };
    assert!(check(types(4096)).is_ok_and(|checked| checked.lower().is_ok()));
    let report = check(types(5000)).unwrap_err();
    let errors: Vec<_> = report.diagnostics.iter().filter(|found| found.code.id() == "E0801").collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].message, "`E4096` is entity type 4097; a policy has 4096 at most");
    assert_eq!(report.sources.place(errors[0].span()).to_string(), "a.zt:4098:8");
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
