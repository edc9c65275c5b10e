//! Policies and requests for the comparison in Node.js (`benches/node`): the same ones that the engines in this process
//! get, written to files. A folder for each case has `case.json`, the modules, and the policy in each language.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use zt_eval::Store;
use zt_lang::Sources;
use zt_wasm::target::opa;
use zt_wasm::{Target, compile};

use crate::apps::{APPS, App};
use crate::documents::Documents;
use crate::gateway::{self, routes};
use crate::{admission, world};

/// Routes of the gateway.
const ROUTES: usize = 50;
/// Entities of each kind of the applications.
const ENTITIES: usize = 50;

/// What a case's policy is.
struct Policies {
    /// For hosts with a clock, and for those without one.
    zt: [String; 2],
    /// Entities as `zt` reads them; they are baked in.
    entities: String,
    rego: String,
    /// Where Rego has the answer.
    rule: &'static str,
    /// Data of Rego.
    data: Value,
    /// The policy and the schema, where requests are read by one; nothing where Cedar cannot say it.
    cedar: Option<(String, Option<&'static str>)>,
    /// Entities as Cedar reads them.
    cedar_entities: Value,
}

/// What is asked.
struct Requests {
    /// As `zt` reads them, each a text.
    zt: Vec<String>,
    /// As Rego reads them, where those are others.
    rego: Option<Vec<String>>,
    allowed: Vec<bool>,
}

/// Writes all cases, a folder each.
///
/// # Panics
///
/// When a policy has mistakes, or a file cannot be written.
pub fn write(folder: &Path) {
    let one = Policies { cedar: None, ..self::gateway() };
    let policy = "package open entity User entity Thing action call: User -> Thing allow anyone: call".to_owned();
    let rego = "package open\n\nimport rego.v1\n\ndefault allow := false\n\nallow if input.action.name == \"call\"\n"
        .to_owned();
    let open = Policies { zt: [policy.clone(), policy], rego, rule: "data.open.allow", ..one };
    let ask = r#"{"subject":{"type":"User","id":"ann"},"action":{"name":"call"},"resource":{"type":"Thing","id":"x"}}"#;
    let request = Requests { zt: vec![ask.to_owned()], rego: None, allowed: vec![true] };
    case(folder, "open", &open, &request);
    case(folder, "gateway", &self::gateway(), &documents(&gateway::documents(ROUTES)));
    case(folder, "admission", &admission(), &documents(&admission::documents("mixed")));
    for (name, app) in APPS {
        let (policies, requests) = self::app(&app);
        case(folder, name, &policies, &requests);
    }
}

fn gateway() -> Policies {
    Policies {
        zt: [routes::zt(ROUTES), routes::zt_without_clock(ROUTES)],
        entities: "[]".to_owned(),
        rego: routes::rego(ROUTES),
        rule: gateway::RULE,
        data: json!({}),
        cedar: Some((routes::cedar(ROUTES), Some(routes::CEDAR_SCHEMA))),
        cedar_entities: json!([]),
    }
}

fn admission() -> Policies {
    Policies {
        zt: [admission::ZT.to_owned(), admission::ZT.to_owned()],
        entities: "[]".to_owned(),
        rego: admission::REGO.to_owned(),
        rule: admission::RULE,
        data: json!({}),
        cedar: None,
        cedar_entities: json!([]),
    }
}

fn documents(documents: &Documents) -> Requests {
    Requests {
        zt: documents.iter().map(|document| document.text().to_owned()).collect(),
        rego: None,
        allowed: documents.iter().map(|document| document.allowed).collect(),
    }
}

fn app(app: &App) -> (Policies, Requests) {
    let (world, asks) = app.case(ENTITIES);
    let policies = Policies {
        zt: [app.zt.to_owned(), app.zt.to_owned()],
        entities: world.zt(),
        rego: app.rego.to_owned(),
        rule: app.rego_rule,
        data: json!({ "entities": world.rego() }),
        cedar: Some((app.cedar.to_owned(), None)),
        cedar_entities: world.cedar(),
    };
    let requests = Requests {
        zt: asks.iter().map(world::Ask::zt).collect(),
        rego: Some(asks.iter().map(|ask| ask.rego().to_string()).collect()),
        allowed: app.decided(&world, &asks),
    };
    (policies, requests)
}

fn case(folder: &Path, name: &str, policies: &Policies, requests: &Requests) {
    let folder = folder.join(name);
    fs::create_dir_all(&folder).unwrap();
    let write = |file: &str, bytes: &[u8]| fs::write(folder.join(file), bytes).unwrap();
    let [zt, without_clock] = &policies.zt;
    write("policy.zt", zt.as_bytes());
    write("core.wasm", &module(zt, &policies.entities, Target::Core(Default::default())));
    let bare = opa::Options::default().with_bare(true);
    write("opa.wasm", &module(without_clock, &policies.entities, Target::Opa(opa::Options::default())));
    write("opa-bare.wasm", &module(without_clock, &policies.entities, Target::Opa(bare)));
    write("policy.rego", policies.rego.as_bytes());
    let cedar = policies.cedar.as_ref().map(|(policy, schema)| {
        write("policy.cedar", policy.as_bytes());
        json!({ "policy": policy, "schema": schema, "entities": policies.cedar_entities })
    });
    let case = json!({
        "requests": requests.zt,
        "inputs": requests.rego,
        "allowed": requests.allowed,
        "entrypoint": policies.rule.trim_start_matches("data.").replace('.', "/"),
        "data": policies.data,
        "cedar": cedar,
    });
    write("case.json", case.to_string().as_bytes());
}

fn module(policy: &str, entities: &str, target: Target) -> Vec<u8> {
    let policy = crate::compile(Sources::single("policy.zt", policy)).unwrap_or_else(|report| panic!("{report}"));
    let store = Store::from_json(&policy, entities.as_bytes()).unwrap();
    compile(&policy, &store, target).unwrap()
}
