//! Deciding a prepared request allocates nothing once its memory has grown: over the examples, and over ten thousand rules.

use std::fs;
use std::path::{Path, PathBuf};

use allocation_counter::measure;
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::Scratch;
use zt_eval::value::Timestamp;
use zt_eval::{Effect, Policy, Prepared, Request, Snapshot, Store};
use zt_lang::{Options, Sources};

const NOW: &str = "2026-03-02T10:00:00Z";

fn compile(sources: Sources) -> Policy {
    let checked = zt_lang::parse(sources, &Options::default()).typecheck().unwrap_or_else(|report| panic!("{report}"));
    checked.lower().unwrap_or_else(|report| panic!("{report}"))
}

fn policy_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(policy_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "zt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn example(folder: &Path) -> (Snapshot, Vec<Prepared>) {
    let mut sources = Sources::new();
    for path in policy_files(folder) {
        sources.add(&path.display().to_string(), &fs::read(&path).unwrap());
    }
    let policy = compile(sources);
    let store = match fs::read(folder.join("entities.json")) {
        Ok(text) => Store::from_json(&policy, &text).unwrap(),
        Err(_) => Store::empty(),
    };
    let snapshot = Snapshot::new(policy, store).unwrap();
    let documents =
        fs::read_dir(folder.join("requests")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let requests = documents.filter_map(|text| Request::from_json(snapshot.policy(), &text).ok());
    let prepared = requests.map(|request| snapshot.prepare(request)).collect();
    (snapshot, prepared)
}

/// Decides every request twice; the second time nothing may be allocated wherever that is promised. How many decisions
/// were held to it.
fn check(snapshot: &Snapshot, prepared: &[Prepared], mode: Mode) -> usize {
    let now = Timestamp::parse_rfc3339(NOW);
    let (mut scratch, mut decision) = (Scratch::new(), Decision::default());
    for request in prepared {
        snapshot.decide_into(request, now, mode, &mut scratch, &mut decision);
    }
    let mut held = 0;
    for request in prepared {
        let counted = measure(|| snapshot.decide_into(request, now, mode, &mut scratch, &mut decision));
        if mode == Mode::Effect || decision.effect == Effect::Allow {
            held += 1;
            assert_eq!(counted.count_total, 0, "{mode:?} of {request:?}: {decision:?}");
        }
    }
    held
}

#[test]
fn decisions_on_the_examples_allocate_nothing() {
    let (mut effects, mut allows) = (0, 0);
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("requests").is_dir() {
            let (snapshot, prepared) = example(&folder);
            effects += check(&snapshot, &prepared, Mode::Effect);
            allows += check(&snapshot, &prepared, Mode::Full);
        }
    }
    assert!(effects > 200 && allows > 60, "{effects} effects, {allows} full decisions that allow");
}

#[test]
fn decisions_among_many_rules_allocate_nothing() {
    let mut text = String::from(
        "package p\nentity Group in Group\nentity User in Group\nentity Doc in Group { owner: User }\n\
         context { mfa: Bool  risk: Int  agent: String }\naction read: User -> Doc\n",
    );
    for rule in 0..2_000 {
        let (group, folder) = (rule % 300, rule % 170);
        text += &format!(
            "allow a{rule}: read for subject in Group::\"g{group}\", resource in Group::\"f{folder}\" when context.mfa and context.risk < {rule}\n\
             deny d{rule}: read for resource in Group::\"f{folder}\" when context.agent like \"*bot{rule}*\"\n",
        );
    }
    let policy = compile(Sources::single("p.zt", &text));
    let entity = |ty: &str, id: String, parent: String| {
        format!(r#"{{"type":"{ty}","id":"{id}","parents":[{{"type":"Group","id":"{parent}"}}]}}"#)
    };
    let users = (0..50).map(|at| entity("User", format!("u{at}"), format!("g{at}")));
    let docs = (0..50).map(|at| entity("Doc", format!("d{at}"), format!("f{at}")));
    let entities = format!("[{}]", users.chain(docs).collect::<Vec<_>>().join(","));
    let store = Store::from_json(&policy, entities.as_bytes()).unwrap();
    let snapshot = Snapshot::new(policy, store).unwrap();
    let request = |at: usize| {
        let agent = if at.is_multiple_of(5) { format!("bot{at}") } else { "curl".into() };
        let text = format!(
            r#"{{"subject":{{"type":"User","id":"u{at}"}},"action":{{"name":"read"}},"resource":{{"type":"Doc","id":"d{at}"}},
               "context":{{"mfa":true,"risk":{},"agent":"{agent}"}}}}"#,
            at * 7
        );
        snapshot.prepare(Request::from_json(snapshot.policy(), text.as_bytes()).unwrap())
    };
    let prepared: Vec<Prepared> = (0..50).map(request).collect();
    assert_eq!(check(&snapshot, &prepared, Mode::Effect), 50);
    check(&snapshot, &prepared, Mode::Full);
}

#[test]
fn binding_documents_of_one_shape_allocates_nothing() {
    let policy = compile(Sources::single(
        "p.zt",
        "package p\nsource idp verified\nentity User\nentity Request { method: String, path: Path }\n\
         record Port { number: Int, name: String? }\nrecord Token { iss: String, exp: Timestamp, scopes: Set<String> }\n\
         context { token: Token from idp fresh until token.exp, ports: List<Port> }\naction call: User -> Request\n\
         allow calls: call when context.token.iss == \"https://login.example.com/\" and context.token.scopes contains \"read\"\n\
           and resource.method == \"GET\" and resource.path like \"/v1/**\" and any p in context.ports: (p.number == 443)\n\
         deny named: call when any p in context.ports: ((p.name otherwise \"\") == \"forbidden\")\n",
    ));
    let snapshot = Snapshot::new(policy, Store::empty()).unwrap();
    let document = |at: usize| {
        format!(
            r#"{{"subject":{{"type":"User","id":"u{at}"}},"action":{{"name":"call"}},
               "resource":{{"type":"Request","id":"r{at}","properties":{{"method":"GET","path":"/v1/things/{at}"}}}},
               "context":{{"token":{{"iss":"https://login.example.com/","exp":1772449200,"scopes":["write","read","s{at}"]}},
                 "ports":[{{"number":{at},"name":"a"}},{{"number":443,"name":"b{at}"}}]}}}}"#
        )
    };
    let now = Timestamp::parse_rfc3339(NOW);
    let (mut request, mut scratch, mut decision) = (Request::empty(), Scratch::new(), Decision::default());
    for at in 0..20 {
        let document = document(at);
        let mut decide = || {
            snapshot.decide_json_into(document.as_bytes(), now, Mode::Full, &mut request, &mut scratch, &mut decision);
        };
        let counted = measure(&mut decide);
        assert_eq!(decision.effect, Effect::Allow, "{decision:?}");
        assert!(at < 3 || counted.count_total == 0, "{counted:?} for {document}");
    }
}
