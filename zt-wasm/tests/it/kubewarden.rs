//! Modules for Kubewarden, against the engine: by a host in this file, and by the crates that the policy server is made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::{Policy, Request, Store};
use zt_wasm::{Target, compile, target};

use crate::examples::{files, policy, store};
use crate::guest::Wapc;
use crate::hosts::{folder, rust, skipped};
use crate::settings;

/// What a host calls a guest with, and what is to come of it.
pub struct Call {
    operation: &'static str,
    payload: String,
    answer: Result<Json, String>,
}

pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pod-security")
}

pub fn call(operation: &'static str, payload: impl Into<String>, answer: Json) -> Call {
    Call { operation, payload: payload.into(), answer: Ok(answer) }
}

/// The document of an admission request, put together once more.
fn document(request: &Json) -> Json {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let groups = request["userInfo"]["groups"].as_array().cloned().unwrap_or_default();
    let groups: Vec<Json> = groups.into_iter().map(|id| json!({ "type": "zt.k8s.Group", "id": id })).collect();
    let namespace = text(&request["namespace"]);
    let id = format!("{}/{namespace}/{}", text(&request["resource"]["resource"]), text(&request["name"]));
    let parents = match &*namespace {
        "" => json!([]),
        namespace => json!([{ "type": "zt.k8s.Namespace", "id": namespace }]),
    };
    json!({
        "subject": { "type": "zt.k8s.User", "id": request["userInfo"]["username"], "parents": groups },
        "action": { "name": text(&request["operation"]).to_lowercase() },
        "resource": { "type": "zt.k8s.Resource", "id": id, "parents": parents },
        "context": { "review": {
            "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request,
        }},
    })
}

/// What a module is to answer.
pub fn answer(policy: &Policy, entities: &Store, request: &Json, records: bool) -> Json {
    let decision = match Request::from_json(policy, document(request).to_string().as_bytes()) {
        Ok(bound) => eval::decide(policy, entities, &bound, None, Mode::Full, &mut Scratch::new()),
        Err(error) => Decision::invalid(error),
    };
    let decision = decision.to_json(policy);
    let duties = &decision["obligations"];
    let denied = |message: String, code: u16| json!({ "accepted": false, "message": message, "code": code });
    if decision["effect"] == "allow" {
        return match (duties == &json!([]), records) {
            (true, _) => json!({ "accepted": true }),
            (false, true) => {
                json!({ "accepted": true, "audit_annotations": { "zt-obligations": duties.to_string() } })
            }
            (false, false) => denied("access comes with obligations, which Kubewarden cannot discharge".into(), 403),
        };
    }
    let rules = decision["rules"].as_array().unwrap();
    let messages: Vec<String> = rules
        .iter()
        .map(|rule| match rule["because"].as_str() {
            Some(because) => because.to_owned(),
            None => format!("rule {} denies", rule["rule"].as_str().unwrap()),
        })
        .collect();
    match decision["reason"].as_str() {
        Some("invalid") => denied("the request does not fit this policy".into(), 400),
        _ if messages.is_empty() => denied("no rule allows this".into(), 403),
        _ => denied(messages.join("; "), 403),
    }
}

/// What is answered to a payload that is none.
pub fn invalid() -> Json {
    json!({ "accepted": false, "message": "the request does not fit this policy", "code": 400 })
}

fn calls(policy: &Policy, entities: &Store, records: bool) -> Vec<Call> {
    let mut calls = vec![
        call("protocol_version", "", json!("v1")),
        call("validate_settings", "{}", json!({ "valid": true })),
        call("validate_settings", " null", json!({ "valid": true })),
        call("validate_settings", r#"{"a": 1}"#, json!({ "valid": false, "message": "this policy takes no settings" })),
        Call { operation: "reload", payload: String::new(), answer: Err("there is no such operation".into()) },
    ];
    for path in files(&example().join("requests"), "json") {
        let Ok(request) = serde_json::from_slice::<Json>(&fs::read(path).unwrap()) else { continue };
        let request = &request["context"]["review"]["request"];
        let payload = json!({ "request": request, "settings": {} }).to_string();
        calls.push(call("validate", payload, answer(policy, entities, request, records)));
        // Hosts leave out settings that nobody gave.
        let payload = json!({ "request": request }).to_string();
        calls.push(call("validate", payload, answer(policy, entities, request, records)));
    }
    let invalid = invalid();
    let good = calls.iter().find(|call| call.answer == Ok(json!({ "accepted": true }))).unwrap().payload.clone();
    let damaged = [
        String::new(),
        "{}".into(),
        "[]".into(),
        r#"{"request": 5}"#.into(),
        good[..good.len() / 2].into(),
        format!("{good}!"),
        good.replacen(r#""settings":{}"#, r#""settings":{"a":1}"#, 1),
        good.replacen(r#""operation":"CREATE""#, r#""operation":"DELETE","operation":"CREATE""#, 1),
        good.replacen(r#""operation":"CREATE""#, r#""operation":"create""#, 1),
        good.replacen(r#""operation":"CREATE""#, r#""operation":"CRE\u0041TE""#, 1),
        good.replacen(r#""username":"#, r#""username":"root","username":"#, 1),
        good.replacen(r#""groups":["#, r#""groups":[5,"#, 1),
    ];
    // A group that is none makes the user's groups unknown, and nothing that is asked of a ConfigMap depends on them.
    for (at, payload) in damaged.into_iter().enumerate() {
        assert_ne!(payload, good, "damage {at}");
        let expected = match at {
            11 => {
                let payload: Json = serde_json::from_str(&payload).unwrap();
                answer(policy, entities, &payload["request"], records)
            }
            _ => invalid.clone(),
        };
        calls.push(call("validate", payload, expected));
    }
    calls
}

/// A guest's answers by the protocol, as its page has it.
fn answers(module: &[u8], calls: &[Call]) -> Vec<Result<String, String>> {
    let mut guest = Wapc::of(module, usize::MAX);
    calls.iter().map(|call| guest.call(call.operation, call.payload.as_bytes())).collect()
}

/// For each way to treat obligations: the module, and the calls.
fn modules() -> Vec<(Vec<u8>, Vec<Call>)> {
    let folder = example();
    let policy = policy(&folder);
    let entities = store(&folder, &policy);
    let module = |records| {
        let options = target::kubewarden::Options::default().with_record_obligations(records);
        let module = compile(&policy, &entities, Target::Kubewarden(options)).unwrap();
        (module, calls(&policy, &entities, records))
    };
    [false, true].map(module).into()
}

fn agree(calls: &[Call], answers: &[Result<String, String>]) {
    assert_eq!(calls.len(), answers.len());
    let mut accepted = 0;
    for (call, answer) in calls.iter().zip(answers) {
        match (&call.answer, answer) {
            (Ok(expected), Ok(answer)) => {
                let answer: Json = serde_json::from_str(answer).unwrap_or_else(|_| panic!("{answer}"));
                assert_eq!(answer, *expected, "{} {}", call.operation, call.payload);
                accepted += usize::from(answer["accepted"] == true);
            }
            (Err(expected), Err(error)) => assert!(error.contains(expected), "{error}"),
            (_, answer) => panic!("{answer:?} for {} {}", call.operation, call.payload),
        }
    }
    assert!(accepted > 5 && accepted < answers.len() / 2, "{accepted} of {}", answers.len());
}

#[test]
fn guests_answer_as_the_engine_decides() {
    for (module, calls) in modules().into_iter().chain([settings::admission()]) {
        agree(&calls, &answers(&module, &calls));
    }
}

#[test]
fn the_policy_servers_crates_get_the_same_answers() {
    let Some(program) = rust("kubewarden") else {
        return skipped("a host of the crates wapc and wasmtime-provider");
    };
    for (at, (module, calls)) in modules().into_iter().chain([settings::admission()]).enumerate() {
        let (path, lines) = (folder("kubewarden").join(format!("{at}.wasm")), folder("kubewarden").join("calls"));
        fs::write(&path, module).unwrap();
        let line = |call: &Call| json!({ "operation": call.operation, "payload": call.payload }).to_string();
        fs::write(&lines, calls.iter().map(line).collect::<Vec<_>>().join("\n")).unwrap();
        let output = Command::new(&program).args([path, lines]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answers = String::from_utf8(output.stdout).unwrap();
        let answers = answers.lines().map(|line| {
            let line: Json = serde_json::from_str(line).unwrap();
            line["answer"].as_str().map(str::to_owned).ok_or_else(|| line["error"].to_string())
        });
        agree(&calls, &answers.collect::<Vec<_>>());
    }
}

#[test]
fn a_policy_for_something_else_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/segmentation");
    let policy = policy(&folder);
    let options = target::kubewarden::Options::default();
    let refused = compile(&policy, &store(&folder, &policy), Target::Kubewarden(options)).unwrap_err().to_string();
    assert!(refused.contains("target `kubewarden`"), "{refused}");
}

/// Requests come from users, on resources, and nothing is said of other entities but what is baked in.
#[test]
fn what_is_never_asked_or_said_is_refused() {
    let compiled = |text: &str, entities: &str| {
        let mut sources = zt_lang::Sources::new();
        sources.add("robots.zt", text.as_bytes());
        let options = zt_lang::Options::default();
        let policy = zt_lang::parse(sources, &options).typecheck().unwrap().lower().unwrap();
        let store = Store::from_json(&policy, entities.as_bytes()).unwrap();
        compile(&policy, &store, Target::Kubewarden(target::kubewarden::Options::default()))
    };
    let refused = |text| compiled(text, "[]").unwrap_err().to_string();
    let others = "package robots\nuse zt.k8s\nentity Robot { level: Int }\naction create: Robot -> k8s.Resource
        allow senior: create when subject.level > 2\n";
    assert!(refused(others).contains("by a `zt.k8s.User` on a `zt.k8s.Resource`"), "{}", refused(others));
    let unsaid = "package robots\nuse zt.k8s\nentity Robot { level: Int }\naction create: k8s.User -> k8s.Resource
        allow senior: create when Robot::\"r2\".level > 2\n";
    assert!(refused(unsaid).contains("`Robot.level`, which rule `senior` reads"), "{}", refused(unsaid));
    let robots = r#"[{"type": "Robot", "id": "r2", "properties": {"level": 3}}]"#;
    assert!(compiled(unsaid, robots).is_ok());
}

/// Kubewarden shows what the `package` line is annotated with.
#[test]
fn the_metadata_have_what_the_policy_says_of_itself() {
    let policy = policy(&example());
    let options = target::kubewarden::Options::default();
    let module = compile(&policy, &Store::empty(), Target::Kubewarden(options)).unwrap();
    let custom = zt_wasm::inspect(&module).unwrap().custom;
    let (_, metadata) = custom.iter().find(|(name, _)| name == "io.kubewarden.metadata").unwrap();
    let metadata: Json = serde_json::from_slice(metadata).unwrap();
    let said = |name: &str| metadata["annotations"][format!("io.kubewarden.policy.{name}")].as_str();
    assert_eq!(
        (said("title"), said("version"), said("license")),
        (Some("Pod security"), Some("1.4.0"), Some("Apache-2.0"))
    );
    assert_eq!(said("author"), policy.annotation("author"));
    assert_eq!(said("owner"), None);
    let description = zt_wasm::Description::read(&module).unwrap();
    assert_eq!(description.annotations.get("owner").map(String::as_str), policy.annotation("owner"));
    assert_eq!(description.annotations.get("reviewed").map(String::as_str), Some(""));
}
