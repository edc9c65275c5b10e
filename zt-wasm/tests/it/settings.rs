//! Parameters that the host's settings give values to: a module with settings decides as the policy does that has these
//! values, and refuses settings that the policy would refuse.

use std::cell::Cell;
use std::fs;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::{Map, Value as Json, json};
use zt_eval::decision::Mode;
use zt_eval::{Policy, Store};
use zt_lang::oracle::policy::policy as generate;
use zt_lang::oracle::property::Subject;
use zt_lang::oracle::request::{instant, request, store as entities};
use zt_lang::oracle::{Choices, pool};
use zt_lang::{Options, Sources};
use zt_wasm::host::{Host, HostError, HostLimits, Instance};
use zt_wasm::{CompileError, Description, Target, compile_with_settings, target};

use crate::agree::host;
use crate::examples::{files, policy, store};
use crate::generated::{damage, times};
use crate::kubewarden::{Call, answer, call, example};
use crate::oracle::{applied, decided};

const POLICIES: u32 = 40;
/// Settings of a policy; with each, so many requests.
const SETTINGS: usize = 8;
const REQUESTS: usize = 8;

fn compiled(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add("settings.zt", text.as_bytes());
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

fn names(policy: &Policy) -> Vec<&str> {
    policy.schema().params.iter().map(|param| &*param.name).collect()
}

/// Settings for some of the parameters, of their types or of others.
fn some_settings(policy: &Policy, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut members = Map::new();
    for param in &policy.schema().params {
        let value = match choices.below(12) {
            0 | 1 => continue,
            2 if choices.chance(1, 3) => pool::hostile(choices),
            _ => pool::json(policy.schema(), &param.ty, choices, 3),
        };
        members.insert(param.name.to_string(), value);
    }
    if choices.chance(1, 30) {
        members.insert("no_such".to_owned(), json!(1));
    }
    let mut text = Json::from(members).to_string().into_bytes();
    if choices.chance(1, 4) {
        damage(&mut text, choices);
    }
    text
}

#[test]
fn modules_with_settings_decide_as_policies_with_these_values() {
    let (host, counts) = (host(), [const { Cell::new(0u32) }; 3]);
    let config = Config { cases: POLICIES * times(), failure_persistence: None, ..Config::default() };
    let strategy = (proptest::collection::vec(proptest::num::u8::ANY, 200..1200), proptest::num::u64::ANY);
    let outcome = TestRunner::new(config).run(&strategy, |(bytes, seed)| {
        let subject = Subject::compile(generate(&mut Choices::new(&bytes))).map_err(TestCaseError::fail)?;
        let told = |error| TestCaseError::fail(format!("{error}\n{}", subject.files));
        agrees(&subject.compiled, seed, &host, &counts).map_err(told)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (_, seed))) => panic!("seed {seed}: {reason}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
    let [applied, refused, allowed] = counts.map(|count| count.get());
    println!("{applied} settings applied, {refused} refused, {allowed} requests allowed");
    assert!(applied > POLICIES && refused > POLICIES / 4 && allowed > 0, "{applied}, {refused}, {allowed}");
}

fn agrees(policy: &Policy, seed: u64, host: &Host, counts: &[Cell<u32>; 3]) -> Result<(), String> {
    if policy.schema().params.is_empty() {
        return Ok(());
    }
    let count = |at: usize| counts[at].set(counts[at].get() + 1);
    let mut choices = Choices::endless(seed);
    let store = Store::from_json(policy, entities(policy.schema(), &mut choices).as_bytes()).unwrap();
    let module = compile_with_settings(policy, &store, Target::Core(Default::default()), &names(policy)).unwrap();
    let mut instance = host.load(&module, None).unwrap().instantiate().unwrap();
    let mut in_force = policy.missing_params().next().is_none().then(|| policy.clone());
    for _ in 0..SETTINGS {
        let settings = some_settings(policy, &mut choices);
        let shown = String::from_utf8_lossy(&settings).into_owned();
        match (instance.configure(&settings), applied(policy, &settings)) {
            (Ok(()), Some(with)) => {
                count(0);
                in_force = Some(with);
            }
            // Those before stay.
            (Err(HostError::Settings(wrong)), None) if !wrong.is_empty() => count(1),
            (found, expected) => return Err(format!("{shown}: {found:?}, expected {}", expected.is_some())),
        }
        for _ in 0..REQUESTS {
            let mut request = request(policy.schema(), &mut choices).into_bytes();
            let now = instant(&mut choices);
            if choices.chance(1, 6) {
                damage(&mut request, &mut choices);
            }
            let expected = match &in_force {
                Some(with) => decided(with, &store, &request, now, Mode::Full),
                None => decided(policy, &store, b"", now, Mode::Full),
            };
            let found = instance.decide(&request, now, Mode::Full).map_err(|error| error.to_string())?;
            if found != expected.as_bytes() {
                let (request, found) = (String::from_utf8_lossy(&request), String::from_utf8_lossy(found));
                return Err(format!("{shown} at {now:?}: {request}\nengine {expected}\nmodule {found}"));
            }
            if expected.contains(r#""effect":"allow""#) {
                count(2);
            }
        }
    }
    Ok(())
}

/// Parameters of many types, which obligations write out.
const TYPES: &str = r#"
package types

enum Level { low < mid < high }
entity Group
entity User in Group { level: Level  from: Ip  name: String }
entity Thing { tags: Set<String>  size: Int }
record Plan { name: String  most: Int?  tags: Set<String> }
context { plan: Plan  at: Timestamp }

param names:  Set<String> = ["a"]
param ranges: Set<IpRange> = [10.0.0.0/8]
param most:   Map<Int>
param plans:  List<Plan>
param plan:   Plan
param level:  Level = mid
param group:  Group = Group::"staff"
param people: Set<User> = []
param age:    Duration = 5m
param since:  Timestamp = "2026-01-01T00:00:00Z"
param path:   Path = "/a"

obligation note(names: Set<String>, most: Map<Int>, plan: Plan, plans: List<Plan>, level: Level, people: Set<User>)

action take, move: User -> Thing

allow known: take
  when subject.name in names or subject in people or subject.level >= level
  oblige note(names: names, most: most, plan: plan, plans: plans, level: level, people: people)
allow member: move when subject in group and context.at - since > age
deny outside: any when subject.from not in ranges
deny large: any when resource.size > (most[subject.name] otherwise 1)
deny unplanned: move when none p in plans: (p.name == context.plan.name and p.tags contains_any resource.tags)
deny other: move when context.plan.name != plan.name because "another plan"
"#;

#[test]
fn parameters_of_every_kind_of_type_are_set() {
    let (policy, host, counts) = (compiled(TYPES), host(), [const { Cell::new(0) }; 3]);
    for seed in 0..u64::from(30 * times()) {
        agrees(&policy, seed, &host, &counts).unwrap();
    }
    let [applied, refused, _] = counts.map(|count| count.get());
    assert!(applied > 20 && refused > 20, "{applied}, {refused}");
}

const QUOTA: &str = r#"
package quota
entity User { spent: Int }
entity Thing
param most: Int
param names: Set<String> = []
action buy: User -> Thing
allow within: buy when subject.spent < most
deny named: buy when "a" in names
"#;

const SPENT: &str = r#"{"subject": {"type": "User", "id": "ann", "properties": {"spent": 5}},
    "action": {"name": "buy"}, "resource": {"type": "Thing", "id": "t"}}"#;

fn instance(policy: &Policy, limits: HostLimits) -> Instance {
    let module =
        compile_with_settings(policy, &Store::empty(), Target::Core(Default::default()), &["most", "names"]).unwrap();
    Host::new(limits).unwrap().load(&module, None).unwrap().instantiate().unwrap()
}

fn effect(instance: &mut Instance) -> String {
    let decision = instance.decide(SPENT.as_bytes(), None, Mode::Full).unwrap();
    let decision: Json = serde_json::from_slice(decision).unwrap();
    format!("{} {}", decision["effect"].as_str().unwrap(), decision["reason"].as_str().unwrap_or_default())
}

#[test]
fn settings_that_do_not_fit_are_refused_in_words() {
    let mut instance = instance(&compiled(QUOTA), HostLimits { instances_max: 1, ..HostLimits::default() });
    // Without a value for each parameter nothing is decided.
    assert_eq!(effect(&mut instance), "deny invalid");
    instance.configure(br#"{"most": 10}"#).unwrap();
    assert_eq!(effect(&mut instance), "allow ");
    let unreadable = "the settings are no JSON object, or go beyond the limits of the policy";
    let long = format!(r#"{{"most": 1, "names": ["{}"]}}"#, "x".repeat(2 << 20));
    let cases = [
        ("{}", "missing: setting `most`: expected a value of type Int"),
        ("null", "missing: setting `most`: expected a value of type Int"),
        ("", "missing: setting `most`: expected a value of type Int"),
        (r#"{"most": "10"}"#, "setting `most`: expected a value of type Int"),
        (r#"{"most": null}"#, "setting `most`: expected a value of type Int"),
        (r#"{"most": 1.0}"#, "setting `most`: expected a value of type Int"),
        (r#"{"most": 1, "names": ["a", 5]}"#, "setting `names`: expected a value of type Set<String>"),
        (r#"{"most": 1, "most": 1}"#, "there twice: `most`"),
        (r#"{"most": 1, "mo\u0073t": 2}"#, "there twice: `most`"),
        (r#"{"most": 1, "\"more\n": 2}"#, "there is no setting `\"more\n`; there are: most, names"),
        (r#"{"subject": {}, "most": 1}"#, "there is no setting `subject`; there are: most, names"),
        ("[]", unreadable),
        (r#"{"most": 1}}"#, unreadable),
        (r#"{"most": 1"#, unreadable),
        (&long, unreadable),
    ];
    for (settings, expected) in cases {
        match instance.configure(settings.as_bytes()) {
            Err(HostError::Settings(wrong)) => assert_eq!(wrong, expected, "{settings}"),
            other => panic!("{settings}: {other:?}"),
        }
        assert_eq!(effect(&mut instance), "allow ", "{settings}");
    }
    instance.configure(br#"{"most": 10, "names": ["b", "a"]}"#).unwrap();
    assert_eq!(effect(&mut instance), "deny rule");
    // As often as one likes: those before are forgotten.
    for most in 0..2000 {
        instance.configure(format!(r#"{{"most": {most}, "names": ["{}"]}}"#, "b".repeat(9999)).as_bytes()).unwrap();
        assert_eq!(effect(&mut instance) == "allow ", most > 5);
    }
}

/// No request names a place in which parameters are.
#[test]
fn requests_do_not_reach_settings() {
    let policy = compiled(QUOTA);
    let mut instance = instance(&policy, HostLimits { instances_max: 1, ..HostLimits::default() });
    instance.configure(br#"{"most": 1}"#).unwrap();
    for member in ["settings", "params", "most", "context", "evidence"] {
        for value in [r#"{"most": 100}"#, r#"{"pep": {"context": {"most": 100}}}"#, "100"] {
            let request = SPENT.replacen('{', &format!(r#"{{"{member}": {value}, "#), 1);
            let found = instance.decide(request.as_bytes(), None, Mode::Full).unwrap().to_vec();
            let with = applied(&policy, br#"{"most": 1}"#).unwrap();
            assert_eq!(
                String::from_utf8(found).unwrap(),
                decided(&with, &Store::empty(), request.as_bytes(), None, Mode::Full)
            );
            assert!(
                !decided(&with, &Store::empty(), request.as_bytes(), None, Mode::Full).contains(r#""effect":"allow""#)
            );
        }
    }
}

#[test]
fn memory_that_ends_refuses_settings() {
    let mut instance =
        instance(&compiled(QUOTA), HostLimits { instances_max: 1, memory_bytes_max: 8 << 16, ..HostLimits::default() });
    instance.configure(br#"{"most": 10}"#).unwrap();
    let many = |count: usize| format!(r#"{{"most": 1, "names": [{}]}}"#, vec!["\"x\""; count].join(","));
    let mut refused = 0;
    for count in (1..4000).step_by(61) {
        match instance.configure(many(count).as_bytes()) {
            Ok(()) => assert_eq!(effect(&mut instance), "deny no_rule"),
            Err(HostError::Settings(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
        instance.configure(br#"{"most": 10}"#).unwrap();
        assert_eq!(effect(&mut instance), "allow ");
    }
    assert!(refused > 5, "{refused}");
}

#[test]
fn what_cannot_be_a_setting_is_refused() {
    let policy = compiled(QUOTA);
    let refused = |target, settings: &[&str]| {
        let error: CompileError = compile_with_settings(&policy, &Store::empty(), target, settings).unwrap_err();
        error.to_string()
    };
    assert_eq!(refused(Target::Core(Default::default()), &["names"]), "parameter `most` has no value");
    assert_eq!(
        refused(Target::Core(Default::default()), &["more"]),
        "there is no parameter `more` that could be a setting"
    );
    let opa = Target::Opa(target::opa::Options::default());
    assert_eq!(refused(opa, &["most"]), "hosts of target `opa` give no settings");
    let module =
        compile_with_settings(&policy, &Store::empty(), Target::Core(Default::default()), &["most", "names", "most"])
            .unwrap();
    let said: Vec<(String, String, bool)> = Description::read(&module)
        .unwrap()
        .settings
        .into_iter()
        .map(|setting| (setting.name, setting.ty, setting.is_required))
        .collect();
    let expected = [("most", "Int", true), ("names", "Set<String>", false)];
    assert_eq!(said, expected.map(|(name, ty, required)| (name.to_owned(), ty.to_owned(), required)));
}

/// The admission policy with its parameters as settings: the module, and calls with settings of many kinds.
pub fn admission() -> (Vec<u8>, Vec<Call>) {
    let folder = example();
    let policy = policy(&folder);
    let entities = store(&folder, &policy);
    let options = target::kubewarden::Options::default();
    let target = Target::Kubewarden(options);
    let module = compile_with_settings(&policy, &entities, target, &["registries", "memory_max"]).unwrap();
    let mut calls = vec![
        call("validate_settings", "{}", json!({ "valid": true })),
        call("validate_settings", "null", json!({ "valid": true })),
        call("validate_settings", r#"{"memory_max": "32Gi", "registries": []}"#, json!({ "valid": true })),
    ];
    let wrong = [
        (r#"{"memory_max": "lots"}"#, "setting `memory_max`: expected a value of type Quantity"),
        (r#"{"registries": "docker.io/"}"#, "setting `registries`: expected a value of type Set<String>"),
        (r#"{"registry": []}"#, "there is no setting `registry`; there are: registries, memory_max"),
        (r#"{"\"\u0000": []}"#, "there is no setting `\"\u{0}`; there are: registries, memory_max"),
        ("[]", "the settings are no JSON object, or go beyond the limits of the policy"),
    ];
    for (settings, message) in wrong {
        calls.push(call("validate_settings", settings, json!({ "valid": false, "message": message })));
        let refused = json!({ "accepted": false, "message": message, "code": 500 });
        let payload = format!(r#"{{"request": {{}}, "settings": {settings}}}"#);
        calls.push(call("validate", payload, refused));
    }
    let twice = r#"{"memory_max": "1Gi", "memory_max": "2Gi"}"#;
    let message = "there twice: `memory_max`";
    calls.push(call("validate_settings", twice, json!({ "valid": false, "message": message })));
    let some = [
        json!({}),
        json!({ "registries": ["docker.io/", "registry.meridian.example/"] }),
        json!({ "registries": [], "memory_max": "64Gi" }),
        json!({ "memory_max": "1Mi" }),
    ];
    for path in files(&folder.join("requests"), "json") {
        let Ok(request) = serde_json::from_slice::<Json>(&fs::read(path).unwrap()) else { continue };
        let request = &request["context"]["review"]["request"];
        for settings in &some {
            let with = applied(&policy, settings.to_string().as_bytes()).unwrap();
            let payload = json!({ "request": request, "settings": settings }).to_string();
            calls.push(call("validate", payload, answer(&with, &entities, request, false)));
        }
        // Left out, they are the defaults.
        calls.push(call(
            "validate",
            json!({ "request": request }).to_string(),
            answer(&policy, &entities, request, false),
        ));
    }
    (module, calls)
}
/// Parameters as settings: the plugin's configuration.
mod proxies {
    use super::*;
    use crate::proxy::gateway::{ORIGINS, document, example, requests, target};
    use crate::proxy::host::{Answer, Known, Proxy};
    use zt_eval::value::Timestamp;

    fn gateway() -> (Policy, Store, Vec<u8>) {
        let policy = policy(&example());
        let store = store(&example(), &policy);
        let module = compile_with_settings(&policy, &store, target(ORIGINS), &["blocked"]).unwrap();
        (policy, store, module)
    }

    fn text(settings: &str) -> Answer {
        Answer::Value(settings.into())
    }

    /// The decision as the module tells it.
    fn told(policy: &Policy, store: &Store, known: &Known) -> String {
        let now = known.now.and_then(|now| Timestamp::from_millis(now as i64));
        let told = decided(policy, store, document(known).unwrap().to_string().as_bytes(), now, Mode::Full);
        if told.len() <= 4096 {
            return told;
        }
        let told: Json = serde_json::from_str(&told).unwrap();
        json!({ "effect": told["effect"], "rules": told["rules"] }).to_string()
    }

    #[test]
    fn each_root_context_has_its_own_configuration() {
        let (policy, store, module) = gateway();
        let mut proxy = Proxy::new(&module);
        let settings = ["", "{}", r#"{"blocked": []}"#, r#"{"blocked": ["0.0.0.0/0", "::/0"]}"#];
        let with: Vec<Policy> = settings.iter().map(|text| applied(&policy, text.as_bytes()).unwrap()).collect();
        for (root, settings) in (1..).zip(settings) {
            proxy.create(root, 0);
            proxy.configure_root(root, &text(settings)).unwrap();
        }
        let (mut context, mut blocked, mut let_through) = (100, 0, 0);
        for (name, known, _) in requests() {
            for (root, with) in (1..).zip(&with) {
                context += 1;
                proxy.create(context, root);
                let outcome = proxy.ask_in(context, &known);
                let expected = told(with, &store, &known);
                assert_eq!(outcome.decision.as_deref(), Some(&*expected), "{name} under {root}");
                blocked += usize::from(expected.contains(r#""rule":"blocked_network""#));
                let_through += usize::from(outcome.continues);
                proxy.delete(context);
            }
        }
        assert!(blocked > 60 && let_through > 40, "{blocked}, {let_through}");
    }

    #[test]
    fn a_configuration_that_does_not_fit_is_refused_in_words() {
        let (policy, store, module) = gateway();
        let mut proxy = Proxy::new(&module);
        let known = requests().into_iter().find(|(.., expected)| expected["effect"] == "allow").unwrap().1;
        // Nobody has configured it yet.
        assert!(!proxy.ask(&known).continues);
        proxy.create(1, 0);
        proxy.configure_root(1, &text("")).unwrap();
        let cases = [
            (text(r#"{"blocked": "10.0.0.0/8"}"#), "setting `blocked`: expected a value of type Set<IpRange>"),
            (text(r#"{"allowed": []}"#), "there is no setting `allowed`; there are: blocked"),
            (text(r#"{"blocked": [], "blocked": []}"#), "there twice: `blocked`"),
            // What a Struct is on the wire.
            (
                Answer::Value(b"\x0a\x0f\x0a\x07blocked\x12\x04\x32\x02\x0a\x00".to_vec()),
                "the settings are no JSON object, or go beyond the limits of the policy",
            ),
            (Answer::Value(vec![0xFF; 40]), "the settings are no JSON object, or go beyond the limits of the policy"),
        ];
        for (configuration, wrong) in &cases {
            let logs = proxy.configure_root(1, configuration).unwrap_err();
            let expected = format!("zt: the plugin's configuration, JSON text in a StringValue, was refused: {wrong}");
            assert_eq!(logs, [expected]);
            // What was there before is in force.
            assert_eq!(proxy.ask(&known).decision, Some(told(&policy, &store, &known)));
        }
        let hostile = [
            Answer::Status(12),
            Answer::At(-1, 4),
            Answer::At(1 << 20, 1 << 19),
            Answer::At(0, i32::MAX),
            Answer::At(0, -1),
        ];
        for configuration in &hostile {
            proxy.configure_root(1, configuration).unwrap_err();
            proxy.create(2, 0);
            proxy.configure_root(2, configuration).unwrap_err();
            // A request under a root context whose configuration was refused is denied.
            proxy.create(9, 2);
            assert!(!proxy.ask_in(9, &known).continues);
        }
        proxy.create(10, 1);
        assert!(proxy.ask_in(10, &known).continues);
    }

    /// A changed configuration comes with a new root context. That takes no more memory each time.
    #[test]
    fn configurations_may_be_changed_for_ever() {
        let (policy, store, module) = gateway();
        let mut proxy = Proxy::new(&module);
        let known = requests().into_iter().find(|(.., expected)| expected["effect"] == "allow").unwrap().1;
        let mut pages = 0;
        for root in 1..3000 {
            let ranges = vec!["\"192.0.2.0/24\""; root as usize % 7 * 40].join(",");
            let settings = format!(r#"{{"blocked": [{ranges}]}}"#);
            proxy.create(root, 0);
            proxy.configure_root(root, &text(&settings)).unwrap();
            proxy.create(root + 10_000, root);
            let with = applied(&policy, settings.as_bytes()).unwrap();
            if root % 100 == 0 {
                assert_eq!(proxy.ask_in(root + 10_000, &known).decision, Some(told(&with, &store, &known)));
            }
            proxy.delete(root - 1);
            if root == 100 {
                pages = proxy.pages();
            }
        }
        assert_eq!(proxy.pages(), pages);
    }

    #[test]
    fn without_memory_a_configuration_is_refused() {
        let (_, _, module) = gateway();
        let pages = Proxy::new(&module).pages();
        let known = requests().into_iter().find(|(.., expected)| expected["effect"] == "allow").unwrap().1;
        let (mut taken, mut refused) = (0, 0);
        for more in 0..8 {
            let mut proxy = Proxy::with_pages(&module, pages + more).unwrap();
            for count in [0, 100, 3000, 9000] {
                let ranges = vec!["\"192.0.2.0/24\""; count].join(",");
                let configuration = text(&format!(r#"{{"blocked": [{ranges}]}}"#));
                match proxy.configure_root(1, &configuration) {
                    Ok(()) => taken += 1,
                    Err(_) => refused += 1,
                }
                drop(proxy.ask(&known));
            }
        }
        assert!(taken > 5 && refused > 5, "{taken}, {refused}");
    }
}
