//! Modules for hosts of OPA's policies, in such hosts, against the engine.
//!
//! The hosts come from npm, PyPI and crates.io, into `target/`. A machine that cannot have one is told so, loudly; with
//! `ZT_HOSTS=required` that is a failure.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::{Policy, Request, Store};
use zt_lang::{Options, Sources};
use zt_wasm::{CompileError, Target, compile, target};

use crate::examples::{EXAMPLES, files, policy, store};
use crate::hosts::{folder, node_package, python, rust, skipped};

/// An example whose policy asks for no clock, its requests, and its modules for OPA's hosts.
struct Example {
    name: &'static str,
    policy: Policy,
    store: Store,
    requests: Vec<PathBuf>,
    /// By whether its results are bare.
    modules: BTreeMap<bool, PathBuf>,
}

/// The examples that need no clock, and a policy with so many entities that its module makes memory larger.
fn examples(for_whom: &str) -> Vec<Example> {
    let mut found = Vec::new();
    for name in EXAMPLES {
        let folder_of = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
        let policy = policy(&folder_of);
        let store = store(&folder_of, &policy);
        let requests = files(&folder_of.join("requests"), "json");
        found.extend(Example::of(for_whom, name, policy, store, requests));
    }
    assert!(!found.is_empty(), "all examples need a clock");
    found.extend(many_entities(for_whom));
    found
}

const ROLES: &str = "package roles
entity Role
entity User in Role { level: Int  seat: String? }
entity Thing { owner: User  rank: Int }
action take: User -> Thing
allow owner: take when subject == resource.owner
allow senior: take for subject in Role::\"senior\" when subject.level >= resource.rank
deny seatless: take when subject.seat is present and subject.seat == \"\" because \"take a seat\"
";

fn many_entities(for_whom: &str) -> Option<Example> {
    let mut sources = Sources::new();
    sources.add("roles.zt", ROLES.as_bytes());
    let policy = zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap();
    let users = (0..4000).map(|at| {
        let seat = if at % 2 == 0 { "" } else { "4b" };
        let role = if at % 3 == 2 { "senior" } else { "junior" };
        json!({
            "type": "User", "id": format!("user {at}"), "properties": { "level": at % 7, "seat": seat },
            "parents": [{ "type": "Role", "id": role }],
        })
    });
    let entities = Json::from(users.collect::<Vec<_>>());
    let store = Store::from_json(&policy, entities.to_string().as_bytes()).unwrap();
    let requests = (0..40).map(|at| {
        let path = folder("opa").join(format!("{for_whom}-roles-{at}.json"));
        let owner = json!({ "type": "User", "id": format!("user {}", at % 5 * 101) });
        let request = json!({
            "subject": { "type": "User", "id": format!("user {}", at * 101) },
            "action": { "name": "take" },
            "resource": { "type": "Thing", "id": "it", "properties": { "owner": owner, "rank": at % 4 } },
        });
        fs::write(&path, request.to_string()).unwrap();
        path
    });
    Example::of(for_whom, "roles", policy, store, requests.collect())
}

impl Example {
    /// None, if there is no module since it would need a clock.
    fn of(for_whom: &str, name: &'static str, policy: Policy, store: Store, requests: Vec<PathBuf>) -> Option<Self> {
        let mut modules = BTreeMap::new();
        for bare in [false, true] {
            let options = target::opa::Options::default().with_bare(bare);
            let module = match compile(&policy, &store, Target::Opa(options)) {
                Ok(module) => module,
                Err(CompileError::Unsupplied(_)) => return None,
                Err(error) => panic!("{name}: {error}"),
            };
            let path = folder("opa").join(format!("{for_whom}-{name}-{bare}.wasm"));
            fs::write(&path, module).unwrap();
            modules.insert(bare, path);
        }
        Some(Self { name, policy, store, requests, modules })
    }

    /// The decision of the engine, as a module gives it.
    fn expected(&self, request: &[u8], bare: bool) -> Json {
        let decision = match Request::from_json(&self.policy, request) {
            Ok(bound) => eval::decide(&self.policy, &self.store, &bound, None, Mode::Full, &mut Scratch::new()),
            Err(error) => Decision::invalid(error),
        };
        let mut json = decision.to_json(&self.policy);
        if bare {
            return (json["effect"] == "allow" && json["obligations"] == serde_json::json!([])).into();
        }
        json.as_object_mut().unwrap().remove("error");
        json
    }

    /// Compares what a host printed; how many decisions there were, and with which texts evaluations were ended.
    fn agrees(&self, printed: &str, bare: bool) -> (usize, Vec<String>) {
        let (mut decided, mut aborts) = (0, Vec::new());
        let mut own = self.requests.iter();
        for line in printed.lines() {
            let line: Json = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            if let Some(abort) = line["abort"].as_str() {
                aborts.push(abort.to_owned());
                continue;
            }
            let request = match line["sent"].as_str() {
                Some(sent) => sent.as_bytes().to_vec(),
                None => fs::read(own.next().unwrap()).unwrap(),
            };
            let expected = self.expected(&request, bare);
            assert_eq!(line["result"], expected, "{}: {} {line}", self.name, String::from_utf8_lossy(&request));
            decided += 1;
        }
        (decided, aborts)
    }
}

fn decides(mut command: Command, example: &Example, bare: bool) -> (usize, Vec<String>) {
    let output = command.arg(&example.modules[&bare]).args(&example.requests).output().unwrap();
    let (printed, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {complaint}", example.name);
    example.agrees(&printed, bare)
}

/// All examples, by commands of a host.
fn host(name: &str, command: impl Fn() -> Command, decisions_each: usize, ends: &[&str]) {
    let mut all = 0;
    for example in examples(name) {
        for bare in [false, true] {
            let (decided, aborts) = decides(command(), &example, bare);
            assert!(decided >= example.requests.len() * decisions_each / 2, "{}: only {decided}", example.name);
            assert_eq!(aborts.len(), ends.len(), "{}: {aborts:?}", example.name);
            for (abort, end) in aborts.iter().zip(ends) {
                assert!(abort.contains(end), "{}: {abort}", example.name);
            }
            all += decided;
        }
    }
    println!("{name}: {all} decisions");
}

const NO_ENTRYPOINT: &str = "zt: this policy has one entrypoint, which has the number 0";
const DATA_GIVEN: &str = "zt: this policy holds its entities: build it anew instead of giving it data";

#[test]
fn npm_decides_as_the_engine_does() {
    let Some(package) = node_package("@open-policy-agent/opa-wasm@1.10.0") else {
        return skipped("npm's opa-wasm");
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/opa.mjs");
    let command = || {
        let mut command = Command::new("node");
        command.arg(&script).arg(&package);
        command
    };
    host("npm", command, 2, &[NO_ENTRYPOINT, DATA_GIVEN]);
}

#[test]
fn pypi_decides_as_the_engine_does() {
    let Some(python) = python(&["opa-wasm[cranelift]==0.3.2"], "opa_wasm") else {
        return skipped("PyPI's opa-wasm");
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/opa.py");
    let command = || {
        let mut command = Command::new(&python);
        command.arg(&script);
        command
    };
    host("pypi", command, 2, &[DATA_GIVEN, NO_ENTRYPOINT]);
}

#[test]
fn the_rust_crate_decides_as_the_engine_does() {
    let Some(program) = rust("opa") else {
        return skipped("the crate opa-wasm");
    };
    host("crate", || Command::new(&program), 1, &[DATA_GIVEN]);
}

#[test]
fn a_policy_that_needs_the_time_is_refused_by_rule_and_attribute() {
    let refused = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
        let policy = policy(&folder);
        compile(&policy, &store(&folder, &policy), Target::Opa(target::opa::Options::default()))
            .unwrap_err()
            .to_string()
    };
    let documents =
        "hosts of target `opa` have no clock, and rule `staff_read` needs one: `Device.posture` has to be fresh";
    assert_eq!(refused("documents"), documents);
    let gateway =
        "hosts of target `opa` have no clock, and rule `foreign_token` needs one: `context.token` has to be fresh";
    assert_eq!(refused("api-gateway"), gateway);
}
