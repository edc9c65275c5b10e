//! The example of a gateway: its requests as a proxy knows them, and what they amount to as documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::schema::Type;
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Request, Store};
use zt_wasm::target::proxy_wasm::{self, Origins};
use zt_wasm::{Target, compile};

use super::host::{JWT_AUTHN, Known, Outcome, Proxy};
use super::metadata::Said;
use crate::examples::{files, policy, store};

pub const REQUESTS: [&str; 2] = ["limits", "requests_per_minute"];
const CLAIMS: [&str; 2] = [JWT_AUTHN, "jwt"];
const TIER: [&str; 2] = ["accounts", "tier"];
pub const ORIGINS: &str = r#"
[[subject]]
type = "Partner"
id   = "jwt.sub"
when = { "jwt.gty" = "client-credentials" }

[[subject]]
type = "User"
id   = "jwt.sub"

[[subject]]
type = "Anonymous"

[context]
mfa                 = "jwt.mfa"
mfa_at              = "jwt.mfa_at"
tier                = ["metadata", "accounts", "tier"]
requests_per_minute = "metadata.limits.requests_per_minute"

[obligations]
audit = { event = "x-zt-audit-event", who = "x-zt-audit-who" }
"#;

pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/api-gateway")
}

pub fn target(origins: &str) -> Target {
    Target::ProxyWasm(proxy_wasm::Options::default().with_origins(Origins::parse(origins).unwrap()))
}

pub struct Gateway {
    pub policy: Policy,
    pub store: Store,
    pub proxy: Proxy,
}

impl Gateway {
    pub fn new() -> Self {
        let (policy, folder) = (policy(&example()), example());
        let store = store(&folder, &policy);
        let proxy = Proxy::new(&compile(&policy, &store, target(ORIGINS)).unwrap());
        Self { policy, store, proxy }
    }

    fn decide(&self, known: &Known) -> Decision {
        let now = known.now.and_then(|now| Timestamp::from_millis(now as i64));
        match document(known).as_ref().map(|document| Request::from_json(&self.policy, document.to_string().as_bytes()))
        {
            Some(Ok(bound)) => eval::decide(&self.policy, &self.store, &bound, now, Mode::Full, &mut Scratch::new()),
            Some(Err(error)) => Decision::invalid(error),
            None => panic!("no document of {known:?}"),
        }
    }

    /// Asks the module: what comes of it is what the engine decides.
    pub fn ask(&mut self, known: &Known) -> (Outcome, Json) {
        let outcome = self.proxy.ask(known);
        let mut expected = self.decide(known).to_json(&self.policy);
        expected.as_object_mut().unwrap().remove("error");
        let told = outcome.decision.as_deref().unwrap();
        if expected.to_string().len() > 4096 {
            expected = json!({ "effect": expected["effect"], "rules": expected["rules"] });
        }
        assert_eq!(told, expected.to_string(), "{known:?}");
        assert_eq!(outcome.continues, expected["effect"] == "allow");
        assert!(outcome.logs.is_empty(), "{:?}", outcome.logs);
        (outcome, expected)
    }
}

/// A claim as a proxy has it; none where it cannot be so.
fn kept(name: &str, value: &Json) -> Option<Said> {
    Some(match (name, value) {
        // Tokens have seconds there.
        ("exp" | "iat" | "nbf" | "auth_time" | "mfa_at", Json::String(text)) => {
            Said::Number(Timestamp::parse_rfc3339(text)?.millis() as f64 / 1000.0)
        }
        // One text is as good as a list there, and 3.0 as 3.
        ("aud" | "scope", Json::String(_)) => return None,
        (_, Json::Number(number)) if number.as_i64().is_none() => return None,
        _ => value.into(),
    })
}

/// What a proxy knows of a request of the example; none, if no proxy can know that.
fn known(request: &Json, now: Option<&str>) -> Option<Known> {
    let mut known =
        Known { now: now.map(|now| Timestamp::parse_rfc3339(now).unwrap().millis() as u64), ..Known::default() };
    if request.get("evidence").is_some() || request["resource"]["type"] != "zt.http.Request" {
        return None;
    }
    let (subject, context, asked) = (&request["subject"], &request["context"], &request["resource"]["properties"]);
    if subject.get("properties").is_some() {
        return None; // said by nobody but the store
    }
    let mut claim = |name: &str, value: &Json| {
        known.claim(name, kept(name, value)?);
        Some(())
    };
    if subject["type"] == "Partner" {
        claim("gty", &json!("client-credentials"))?;
    }
    if subject["type"] != "Anonymous" {
        claim("sub", &subject["id"])?;
    }
    for (name, value) in context["token"].as_object().into_iter().flatten() {
        claim(name, value)?;
    }
    for name in ["mfa", "mfa_at"] {
        if let Some(value) = context.get(name) {
            claim(name, value)?;
        }
    }
    for (name, path) in [("tier", TIER), ("requests_per_minute", REQUESTS)] {
        if let Some(value) = context.get(name) {
            known.say(&path, kept(name, value)?);
        }
    }
    let source = context["source_ip"].as_str()?;
    known.set(
        "source.address",
        if source.contains(':') { format!("[{source}]:4711") } else { format!("{source}:4711") },
    );
    for name in ["method", "host", "scheme"] {
        match asked.get(name) {
            None | Some(Json::Null) => {}
            Some(value) => known.set(&format!("request.{name}"), value.as_str()?),
        }
    }
    let mut path = asked["path"].as_str()?.to_owned();
    for (at, (name, values)) in asked["query"]
        .as_object()?
        .iter()
        .flat_map(|(name, values)| values.as_array().unwrap().iter().map(move |value| (name, value)))
        .enumerate()
    {
        path += &format!("{}{name}={}", if at == 0 { '?' } else { '&' }, values.as_str()?);
    }
    known.set("request.path", path);
    for (name, values) in asked["headers"].as_object()? {
        known.headers.extend(values.as_array()?.iter().map(|value| (name.clone(), value.as_str().unwrap().to_owned())));
    }
    Some(known)
}

/// The document that a proxy's knowledge amounts to.
pub fn document(known: &Known) -> Option<Json> {
    let policy = policy(&example());
    let claims = policy.schema().records.iter().find(|record| &*record.name == "zt.oidc.Claims")?;
    let said = known.metadata.at(&CLAIMS);
    let claim = |name: &str| said?.at(&[name]).filter(|said| **said != Said::Null);
    let mut token = Map::new();
    for field in &claims.fields {
        let Some(value) = claim(&field.name) else { continue };
        token.insert(field.name.to_string(), typed(field.ty.present(), &field.name, value));
    }
    let text = |said: &Said| match said {
        Said::Text(text) => Some(text.clone()),
        _ => None,
    };
    let is_partner = claim("gty").and_then(text).is_some_and(|kind| kind == "client-credentials");
    let (ty, id) = match claim("sub") {
        Some(id) => (if is_partner { "Partner" } else { "User" }, text(id)?),
        None => ("Anonymous", "-".to_owned()),
    };
    let mut context = Map::new();
    if said.is_some() {
        context.insert("token".into(), token.into());
    }
    for attribute in &policy.schema().context {
        let said = match &*attribute.name {
            "mfa" | "mfa_at" => claim(&attribute.name),
            "tier" => known.metadata.at(&TIER),
            "requests_per_minute" => known.metadata.at(&REQUESTS),
            _ => None,
        };
        if let Some(said) = said.filter(|said| **said != Said::Null) {
            context.insert(attribute.name.to_string(), typed(&attribute.ty, &attribute.name, said));
        }
    }
    let address = known.text("source.address")?;
    let address = address.rsplit_once(':')?.0.trim_matches(['[', ']']);
    context.insert("source_ip".into(), address.into());
    Some(json!({
        "subject": { "type": ty, "id": id },
        "action": { "name": "call" },
        "resource": { "type": "zt.http.Request", "id": "-", "properties": line(known) },
        "context": context,
    }))
}

/// The properties of the resource.
fn line(known: &Known) -> Json {
    let mut line = Map::new();
    for name in ["method", "host", "scheme"] {
        if let Some(text) = known.text(&format!("request.{name}")) {
            line.insert(name.into(), text.into());
        }
    }
    if let Some(target) = known.text("request.path") {
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        line.insert("path".into(), path.into());
        let parameters = query.split('&').filter(|part| !part.is_empty());
        let parameters = parameters.map(|part| part.split_once('=').unwrap_or((part, "")));
        let decoded: Option<Vec<_>> = parameters.map(|(name, value)| decoded(name).zip(decoded(value))).collect();
        if let Some(parameters) = decoded {
            line.insert("query".into(), by_name(parameters));
        }
    }
    let headers = known.headers.iter().filter(|(name, _)| !name.starts_with(':') && !name.is_empty());
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    line.insert("headers".into(), by_name(headers));
    line.into()
}

fn by_name(pairs: impl IntoIterator<Item = (String, String)>) -> Json {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        found.entry(name).or_default().push(value);
    }
    json!(found)
}

/// A form's text without its escapes.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?.to_owned();
                u8::from_str_radix(&digits, 16).ok().filter(|_| !digits.starts_with('+'))?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A value of a declared type, from metadata.
fn typed(ty: &Type, name: &str, said: &Said) -> Json {
    match (ty, said) {
        (Type::List(_) | Type::Set(_), Said::List(all)) => all.iter().map(scalar).collect(),
        (Type::List(_) | Type::Set(_), Said::Struct(_)) => json!({}),
        (Type::List(_) | Type::Set(_), Said::Text(text)) if name == "scope" => {
            text.split(' ').filter(|word| !word.is_empty()).collect()
        }
        (Type::List(_) | Type::Set(_), one) => json!([scalar(one)]),
        (Type::Timestamp, Said::Number(seconds)) if *seconds >= 0.0 && *seconds < 2f64.powi(52) => {
            let millis = (seconds * 1000.0) as i64;
            serde_json::from_str(&format!("{}.{:03}", millis / 1000, millis % 1000)).unwrap()
        }
        (Type::Timestamp, Said::Number(_)) => NOTHING,
        _ => scalar(said),
    }
}

/// What is no value of any type that has no parts.
const NOTHING: Json = Json::Array(Vec::new());

fn scalar(said: &Said) -> Json {
    match said {
        Said::Text(text) => text.as_str().into(),
        Said::Bool(truth) => (*truth).into(),
        Said::Number(number) if number.fract() == 0.0 && number.abs() < 2f64.powi(53) => (*number as i64).into(),
        Said::Number(_) | Said::Null | Said::Struct(_) | Said::List(_) => NOTHING,
    }
}

/// The example's requests that a proxy can know, by name, with what is expected of each.
pub fn requests() -> Vec<(String, Known, Json)> {
    let expected: Json = serde_json::from_slice(&fs::read(example().join("expected.json")).unwrap()).unwrap();
    let mut found = Vec::new();
    for path in files(&example().join("requests"), "json") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let expected = expected[&name].clone();
        let Ok(request) = serde_json::from_slice::<Json>(&fs::read(path).unwrap()) else { continue };
        found.extend(known(&request, expected["now"].as_str()).map(|known| (name, known, expected)));
    }
    found
}

pub fn request(name: &str) -> Known {
    requests().into_iter().find(|(known, ..)| known == name).unwrap().1
}
