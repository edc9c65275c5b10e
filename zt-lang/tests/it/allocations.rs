//! Deciding a prepared request allocates nothing once its memory has grown: over the examples, and over ten thousand rules.

use std::fs;
use std::path::{Path, PathBuf};

use allocation_counter::measure;
use zt_eval::decision::{Decision, Mode, Reason};
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
        held += 1;
        assert_eq!(counted.count_total, 0, "{mode:?} of {request:?}: {decision:?}");
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

/// What the policies of the next tests are about.
const MODEL: &str = r#"
package p
entity Group in Group
entity User in Group { clearance: Int  manager: User }
entity Doc { owner: User  path: Path }
record Item { image: String  size: Int }
context {
  risk: Int
  word: String
  items: List<Item>
  labels: Map<String>
  mfa: Bool fresh 15m since mfa_at step_up "urn:acr:mfa" gives true
  mfa_at: Timestamp
  phone: Bool step_up "urn:acr:phone" gives true
}
obligation tell(who: User, what: String)
action read: User -> Doc
"#;

/// A full decision that is made again for the same request, in the same memory, allocates nothing.
fn twice(rules: &str, entities: &str, question: &str) -> Decision {
    let policy = compile(Sources::single("p.zt", &format!("{MODEL}{rules}")));
    let store = Store::from_json(&policy, entities.as_bytes()).unwrap();
    let snapshot = Snapshot::new(policy, store).unwrap();
    let document = format!(
        r#"{{ "subject": {{ "type": "User", "id": "ann" }}, "action": {{ "name": "read" }},
              "resource": {{ "type": "Doc", "id": "d" }} {question} }}"#
    );
    // Of what is said twice, the question's is what counts.
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let document = document.to_string();
    let request = snapshot.prepare(Request::from_json(snapshot.policy(), document.as_bytes()).unwrap());
    let now = Timestamp::parse_rfc3339(NOW);
    let (mut scratch, mut decision) = (Scratch::new(), Decision::default());
    snapshot.decide_into(&request, now, Mode::Full, &mut scratch, &mut decision);
    let first = decision.clone();
    let counted = measure(|| snapshot.decide_into(&request, now, Mode::Full, &mut scratch, &mut decision));
    assert_eq!(first, decision);
    assert_eq!(counted.count_total, 0, "{rules}: {decision:?}");
    decision
}

/// The same for a denial that names this as unknown; how many step-ups it asks for.
fn denied_twice(rules: &str, entities: &str, question: &str, unknown: &[&str]) -> usize {
    let decision = twice(rules, entities, question);
    assert_eq!(decision.effect, Effect::Deny);
    let named: Vec<&str> = decision.unknown.iter().map(|each| each.text.as_str()).collect();
    assert_eq!(named, unknown, "{rules}");
    decision.challenge.len()
}

#[test]
fn denials_for_unknown_evidence_allocate_nothing() {
    let check = |rules: &str, question: &str, unknown: &[&str]| {
        denied_twice(rules, "[]", question, unknown);
    };
    check("allow z: read\ndeny a: read when context.risk > 7", "", &["context.risk"]);
    check("allow a: read when context.risk < 7 and context.word == \"x\"", "", &["context.risk", "context.word"]);
    check("allow a: read when subject.clearance > 3", "", &["User::\"ann\".clearance"]);
    check("allow a: read when resource.owner.manager.clearance > 3", "", &["Doc::\"d\".owner"]);
    let owned =
        r#", "resource": { "type": "Doc", "id": "d", "properties": { "owner": { "type": "User", "id": "b\"ob" } } }"#;
    check("allow a: read when resource.owner.clearance > 3", owned, &["User::\"b\\\"ob\".clearance"]);
    check("allow a: read when context.mfa", r#", "context": { "mfa": true }"#, &["context.mfa"]);
    check("allow a: read oblige tell(who: resource.owner, what: \"x\")", "", &["Doc::\"d\".owner"]);
    check(
        "allow a: read when (context.labels[context.word] otherwise \"y\") == \"x\"",
        "",
        &["context.word", "context.labels"],
    );
    check(
        "allow a: read when if context.phone then context.risk == 1 else context.risk == 2",
        r#", "context": { "phone": true }"#,
        &["context.risk"],
    );
}

#[test]
fn denials_for_unknown_parents_allocate_nothing() {
    let rule = "allow a: read for subject in Group::\"staff\"";
    denied_twice(rule, "[]", "", &["User::\"ann\" parents"]);
    let law = r#", "subject": { "type": "User", "id": "ann", "parents": [{ "type": "Group", "id": "law" }] }"#;
    denied_twice(rule, "[]", law, &["Group::\"law\" parents"]);
    let stored = r#"[{ "type": "User", "id": "ann", "parents": [{ "type": "Group", "id": "law" }, { "type": "Group", "id": "it" }] }]"#;
    denied_twice(rule, stored, "", &["Group::\"it\" parents", "Group::\"law\" parents"]);
    // The request closes the gap that the store leaves; it is looked whether that closes a cycle.
    let described =
        r#", "entities": [{ "type": "Group", "id": "law", "parents": [{ "type": "Group", "id": "all" }] }]"#;
    denied_twice(rule, stored, described, &["Group::\"all\" parents", "Group::\"it\" parents"]);
    let sets = "allow a: read when subject in [Group::\"staff\", Group::\"board\"]";
    denied_twice(sets, stored, described, &["Group::\"all\" parents", "Group::\"it\" parents"]);
}

#[test]
fn denials_for_unknown_elements_allocate_nothing() {
    let rule = "allow a: read when all item in context.items: (item.image like \"reg/*\" and any other in context.items: \
                (other.size > item.size))";
    denied_twice(rule, "[]", "", &["context.items"]);
    let items = (0..60).map(|at| match at % 3 {
        0 => format!(r#"{{ "image": "reg/{at}" }}"#),
        1 => format!(r#"{{ "size": {at} }}"#),
        _ => "{}".into(),
    });
    let items = items.collect::<Vec<_>>().join(",");
    let question = format!(r#", "context": {{ "items": [{items}] }}"#);
    let unknown = ["context.items[].image", "context.items[].size"];
    denied_twice(rule, "[]", &question, &unknown);
    // More of them than are noted before repetitions are thrown out, and all different.
    let owners = (0..400).map(|at| format!(r#"{{ "type": "Group", "id": "g{at}" }}"#)).collect::<Vec<_>>().join(",");
    let stored = format!(r#"[{{ "type": "User", "id": "ann", "parents": [{owners}] }}]"#);
    let decision = twice("allow z: read\ndeny a: read for subject in Group::\"staff\"", &stored, "");
    assert_eq!((decision.effect, decision.unknown.len()), (Effect::Deny, 400));
}

#[test]
fn denials_without_an_exact_result_allocate_nothing() {
    let check = |condition: &str, context: &str, unknown: &str| {
        let question = format!(
            r#", "context": {context}, "resource": {{ "type": "Doc", "id": "d", "properties": {{ "path": "/a" }} }}"#
        );
        denied_twice(&format!("allow z: read\ndeny a: read when {condition}"), "[]", &question, &[unknown]);
    };
    let risk = r#"{ "risk": 9223372036854775807, "items": [{ "image": "reg/a", "size": 1 }] }"#;
    check("context.risk + 1 > 2", risk, "context.risk + 1");
    check("-context.risk - 2 < 2", risk, "-context.risk - 2");
    check(
        "context.risk + count(item in context.items: (item.image like \"reg/*\")) > 2",
        risk,
        "context.risk + count(x in context.items: (x.image like \"reg/*\"))",
    );
    check(
        "context.risk + (if now.weekday(\"UTC\") in [mon, wed] and now.time(\"UTC\") in 08:00..18:00 and not (resource.path starts_with \"/b\") then 1 else 2) > 2",
        risk,
        "context.risk + (if now.weekday(\"UTC\") in [mon, wed] and now.time(\"UTC\") in 08:00..18:00 and not resource.path starts_with \"/b\" then 1 else 2)",
    );
}

#[test]
fn other_decisions_in_full_allocate_nothing() {
    let challenged = denied_twice(
        "allow a: read when context.mfa and context.phone\nallow b: read when context.phone and context.risk < 5",
        "[]",
        r#", "context": { "risk": 7 }"#,
        &["context.mfa", "context.phone"],
    );
    assert_eq!(challenged, 2);
    let by_rule = twice("allow a: read\ndeny b: read when context.risk > 5", "[]", r#", "context": { "risk": 7 }"#);
    assert_eq!((by_rule.effect, by_rule.reason), (Effect::Deny, Some(Reason::Rule)));
    let no_rule = twice("allow a: read when context.risk < 5", "[]", r#", "context": { "risk": 7 }"#);
    assert_eq!((no_rule.effect, no_rule.reason), (Effect::Deny, Some(Reason::NoRule)));
    let obliged =
        "allow a: read oblige tell(who: User::\"bob\", what: \"x\") oblige tell(who: User::\"cyd\", what: \"y\")";
    let obliged =
        twice(&format!("{obliged}\ndeny c audit: read when context.risk > 3"), "[]", r#", "context": { "risk": 7 }"#);
    assert_eq!((obliged.effect, obliged.obligations.len(), obliged.audit.len()), (Effect::Allow, 2, 1));
}
