//! Modules for proxies, against the engine: what they decide is what the engine decides on the document that a proxy's
//! knowledge amounts to, put together here once more.

mod host;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Request, Store};
use zt_lang::{Options, Sources};
use zt_wasm::target::proxy_wasm::{self, Origins};
use zt_wasm::{CompileError, Target, compile};

use self::host::{Answer, Known, Outcome, Proxy, pairs};
use crate::examples::{files, policy, store};

const CLAIMS: &str = "metadata.filter_metadata.envoy.filters.http.jwt_authn.jwt.";
const TIER: &str = "metadata.filter_metadata.accounts.tier";
const REQUESTS: &str = "metadata.filter_metadata.limits.requests_per_minute";
const ORIGINS: &str = r#"
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

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/api-gateway")
}

fn target(origins: &str) -> Target {
    Target::ProxyWasm(proxy_wasm::Options::default().with_origins(Origins::parse(origins).unwrap()))
}

struct Gateway {
    policy: Policy,
    store: Store,
    proxy: Proxy,
}

impl Gateway {
    fn new() -> Self {
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
    fn ask(&mut self, known: &Known) -> (Outcome, Json) {
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

/// A claim or another value as a proxy keeps it; none where it cannot be of this type.
fn kept(name: &str, value: &Json) -> Option<Vec<u8>> {
    Some(match (name, value) {
        ("exp" | "iat" | "nbf" | "auth_time" | "mfa_at", Json::String(text)) => {
            let millis = Timestamp::parse_rfc3339(text)?.millis();
            (millis as f64 / 1000.0).to_le_bytes().into()
        }
        (_, Json::String(text)) => text.clone().into_bytes(),
        (_, Json::Bool(truth)) => vec![u8::from(*truth)],
        (_, Json::Number(number)) => number.as_f64()?.to_le_bytes().into(),
        (_, Json::Array(texts)) => {
            let texts: Option<Vec<&str>> = texts.iter().map(Json::as_str).collect();
            pairs(texts?.into_iter().map(|text| (text, "")))
        }
        _ => return None,
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
        known.set(&format!("{CLAIMS}{name}"), kept(name, value)?);
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
        match context.get(name) {
            None => {}
            Some(Json::String(text)) if name == "tier" => known.set(path, text.as_bytes()),
            Some(Json::Number(number)) if name != "tier" => known.set(path, number.as_f64()?.to_le_bytes()),
            _ => return None,
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
    known.headers.push((":method".into(), "GET".into()));
    for (name, values) in asked["headers"].as_object()? {
        known.headers.extend(values.as_array()?.iter().map(|value| (name.clone(), value.as_str().unwrap().to_owned())));
    }
    Some(known)
}

/// The document that a proxy's knowledge amounts to.
fn document(known: &Known) -> Option<Json> {
    let policy = policy(&example());
    let claims = policy.schema().records.iter().find(|record| &*record.name == "zt.oidc.Claims")?;
    let mut token = Map::new();
    for field in &claims.fields {
        let Some(value) = known.value(&format!("{CLAIMS}{}", field.name)) else { continue };
        token
            .insert(field.name.to_string(), typed(&policy.schema().type_text(field.ty.present()), &field.name, value)?);
    }
    let subject = known.text(&format!("{CLAIMS}sub"));
    let is_partner = known.text(&format!("{CLAIMS}gty")).is_some_and(|kind| kind == "client-credentials");
    let (ty, id) = match subject {
        Some(id) => (if is_partner { "Partner" } else { "User" }, id),
        None => ("Anonymous", "-".to_owned()),
    };
    let mut context = Map::new();
    if !token.is_empty() {
        context.insert("token".into(), token.into());
    }
    for (name, ty, path) in [
        ("mfa", "Bool", &*format!("{CLAIMS}mfa")),
        ("mfa_at", "Timestamp", &*format!("{CLAIMS}mfa_at")),
        ("tier", "Tier", TIER),
        ("requests_per_minute", "Int", REQUESTS),
    ] {
        if let Some(value) = known.value(path) {
            context.insert(name.into(), typed(ty, name, value)?);
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

/// A value of a declared type, from what a proxy keeps; none for a request that is invalid by it.
fn typed(ty: &str, name: &str, bytes: &[u8]) -> Option<Json> {
    let double = || Some(f64::from_le_bytes(bytes.try_into().ok()?));
    let text = || String::from_utf8(bytes.to_vec()).ok();
    let list = || {
        let count = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        let mut at = 4 + count * 8;
        let texts = (0..count).map(|item| {
            let len = u32::from_le_bytes(bytes[4 + item * 8..8 + item * 8].try_into().unwrap()) as usize;
            at += len + 2;
            String::from_utf8(bytes[at - len - 2..at - 2].to_vec()).unwrap()
        });
        Some(texts.collect::<Vec<_>>())
    };
    Some(match ty {
        "Bool" => (*bytes.first()? != 0).into(),
        "Int" => {
            let number = double()?;
            if number.fract() == 0.0 && number.abs() < 2f64.powi(51) { (number as i64).into() } else { json!([null]) }
        }
        "Timestamp" if bytes.len() == 8 => json!(format!("{:.3}", double()?)).as_str()?.parse::<f64>().ok()?.into(),
        _ if ty.starts_with("Set<") || ty.starts_with("List<") => match (bytes.contains(&0), name) {
            (true, _) => list()?.into(),
            (false, "scope") => text()?.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().into(),
            (false, _) => vec![text()?].into(),
        },
        _ => text()?.into(),
    })
}

/// The example's requests that a proxy can know, by name, with what is expected of each.
fn requests() -> Vec<(String, Known, Json)> {
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

#[test]
fn modules_decide_as_the_engine_does_on_what_a_proxy_knows() {
    let mut gateway = Gateway::new();
    let requests = requests();
    assert!(requests.len() > 60, "only {}", requests.len());
    let mut allowed = 0;
    for (name, known, expected) in &requests {
        let (outcome, decision) = gateway.ask(known);
        assert_eq!(decision["effect"], expected["effect"], "{name}");
        let rules: Vec<&Json> = decision["rules"].as_array().unwrap().iter().map(|rule| &rule["rule"]).collect();
        assert_eq!(json!(rules), expected["rules"], "{name}");
        allowed += usize::from(outcome.continues);
    }
    assert!(allowed > 15 && allowed < requests.len() - 15, "{allowed} of {}", requests.len());
}

fn request(name: &str) -> Known {
    requests().into_iter().find(|(known, ..)| known == name).unwrap().1
}

#[test]
fn denials_say_why() {
    let mut gateway = Gateway::new();
    let plain = ("content-type".to_owned(), "text/plain; charset=utf-8".to_owned());
    let (outcome, _) = gateway.ask(&request("over-limit"));
    let response = outcome.response.unwrap();
    assert_eq!((response.status, &*response.details), (403, "zt_denied"));
    assert_eq!(response.body, "too many requests: wait a minute, or ask for a larger plan");
    assert_eq!(response.headers, [plain.clone()]);

    let (outcome, _) = gateway.ask(&request("unlisted-route"));
    assert_eq!(outcome.response.unwrap().body, "no rule allows this");

    let (outcome, _) = gateway.ask(&request("stale-mfa"));
    let response = outcome.response.unwrap();
    assert_eq!((response.status, &*response.details, &*response.body), (401, "zt_challenge", "no rule allows this"));
    let challenge =
        r#"Bearer error="insufficient_user_authentication", acr_values="urn:meridian:acr:mfa", max_age=900"#;
    assert_eq!(response.headers, [plain, ("www-authenticate".into(), challenge.into())]);
}

#[test]
fn obligations_are_headers_that_no_client_can_send() {
    let mut gateway = Gateway::new();
    let mut refund = request("refund");
    let forged =
        [("x-zt-audit-who", "nobody"), ("X-Zt-Audit-Event", "nothing"), ("x-zt-audit-who", "root"), ("x-other", "1")];
    refund.headers.extend(forged.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let sent = |outcome: &Outcome, name: &str| -> Vec<String> {
        let named = outcome.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.clone()).collect()
    };
    let (outcome, _) = gateway.ask(&refund);
    assert!(outcome.continues);
    assert_eq!(sent(&outcome, "x-zt-audit-event"), ["refund"]);
    assert_eq!(sent(&outcome, "x-zt-audit-who"), ["sue"]);
    assert_eq!(sent(&outcome, "x-other"), ["1"]);
    let mut late = request("late-refund");
    late.headers.extend(forged.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let (outcome, _) = gateway.ask(&late);
    assert_eq!(sent(&outcome, "x-zt-audit-event"), ["refund", "refund after hours"]);
    let mut product = request("public-product");
    product.headers.extend(forged.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let (outcome, _) = gateway.ask(&product);
    assert!(outcome.continues && sent(&outcome, "x-zt-audit-who").is_empty(), "{outcome:?}");

    // What cannot stand in a header is not left out.
    refund.set(&format!("{CLAIMS}sub"), "sue\r\nx-admin: 1");
    let outcome = gateway.proxy.ask(&refund);
    assert_eq!(outcome.response.unwrap().status, 403);
    // Nor is what the host does not take.
    let outcome = gateway.proxy.ask(&Known { takes: 10, ..request("refund") });
    assert_eq!(outcome.response.unwrap().details, "zt_invalid");
    assert!(outcome.logs.iter().any(|line| line == "zt: the host does not take a header"), "{:?}", outcome.logs);
}

fn assert_invalid(outcome: &Outcome, what: &str) {
    let response = outcome.response.as_ref().unwrap_or_else(|| panic!("{what} goes on"));
    assert_eq!((response.status, &*response.details), (403, "zt_invalid"), "{what}");
    assert_eq!(response.body, "the request does not fit this policy");
    assert!(outcome.decision.as_ref().unwrap().contains(r#""reason":"invalid""#), "{what}");
}

#[test]
fn a_host_that_says_what_it_cannot_is_denied() {
    let mut gateway = Gateway::new();
    let good = request("refund");
    let asked = gateway.ask(&good).0.asked;
    assert!(asked.len() > 10, "{asked:?}");
    for path in &asked {
        let mut bad = good.clone();
        for status in [2, 4, 6, 7, 8, 10, 12, 99, -1] {
            bad.properties.insert(path.clone(), Answer::Status(status));
            assert_invalid(&gateway.proxy.ask(&bad), &format!("{path} with status {status}"));
        }
        for (at, len) in
            [(0, -1), (-1, 1), (16, i32::MAX), (i32::MAX, 16), (i32::MIN, i32::MIN), (1 << 30, 4), (0, 2 << 20)]
        {
            bad.properties.insert(path.clone(), Answer::At(at, len));
            assert_invalid(&gateway.proxy.ask(&bad), &format!("{path} at {at}, {len} bytes"));
        }
        for value in [&b"\xff\xfe"[..], b"\xc0\x80", b"a\0b", b"\0", b"1234567\0\0", &[0xff; 64]] {
            bad.set(path, value);
            let outcome = gateway.proxy.ask(&bad);
            // One byte is what a Bool has.
            assert!(!outcome.continues, "{path} as {value:?}");
        }
        bad.set(path, vec![b'a'; 1 << 20]);
        assert!(!gateway.proxy.ask(&bad).continues, "{path} is long");
        bad.set(path, vec![b'a'; (1 << 20) + 1]);
        assert!(!gateway.proxy.ask(&bad).continues, "{path} is longer");
        gateway.ask(&good);
    }
}

#[test]
fn damaged_maps_are_denied() {
    let mut gateway = Gateway::new();
    let good = request("public-product");
    let map = pairs([("accept", "*/*"), (":path", "/"), ("x", "")]);
    let mut damaged: Vec<Vec<u8>> = (0..map.len()).map(|len| map[..len].to_vec()).collect();
    damaged.push([&map[..], b"\0"].concat());
    for at in 0..28 {
        for value in [1, 0x7f, 0x80, 0xff] {
            let mut changed = map.clone();
            changed[at] ^= value;
            damaged.push(changed);
        }
    }
    damaged.push(vec![0xff; 4]);
    damaged.push([&0x1fff_ffffu32.to_le_bytes()[..], &[0; 64]].concat());
    for map in damaged {
        let outcome = gateway.proxy.ask(&Known { map: Some(Answer::Value(map.clone())), ..good.clone() });
        assert_invalid(&outcome, &format!("{map:?}"));
    }
    for status in [1, 2, 3, 8] {
        let outcome = gateway.proxy.ask(&Known { map: Some(Answer::Status(status)), ..good.clone() });
        assert_invalid(&outcome, &format!("status {status}"));
    }
    let none = Known { map: Some(Answer::Value(vec![0; 4])), ..good.clone() };
    assert!(gateway.proxy.ask(&none).continues);
    gateway.ask(&good);
}

#[test]
fn what_clients_write_is_read_as_it_stands() {
    let mut gateway = Gateway::new();
    let good = request("public-product");
    let path = good.text("request.path").unwrap();
    let queries = [
        "",
        "?",
        "?&&",
        "?a",
        "?=",
        "?a=1&a=2&b=3&a=4",
        "?%61=%31",
        "?a=+b%20c",
        "?a=%",
        "?a=%4",
        "?a=%4g",
        "?%zz",
        "?a=%ff",
        "?a=%00",
        "?account=1&account=2",
        "?account=1&%61ccount=2",
        "?a=?b=/c#d",
        "?\"=\\",
        "?a=\u{e9}",
    ];
    let mut effects = [0, 0];
    for query in queries {
        let mut known = good.clone();
        known.set("request.path", format!("{path}{query}"));
        let (outcome, _) = gateway.ask(&known);
        effects[usize::from(outcome.continues)] += 1;
    }
    assert!(effects.iter().all(|count| *count > 3), "{effects:?}");
    for path in
        ["/a/../admin", "/%2e%2e/a", "//", "/%2f", "/;", "*", "", "/v1/products/1\u{1}", "http://a/v1/products", "/\\"]
    {
        let mut known = good.clone();
        known.set("request.path", path);
        gateway.ask(&known);
    }
    let headers = [
        [("X-Original-URL", "/admin"), ("accept", "1")],
        [("user-agent", "x"), ("User-Agent", "meridian-app/1.0")],
        [("cookie", "\u{7f}\u{1}\"\\"), ("", "nameless")],
        [("b", "2"), ("a", "1")],
    ];
    for more in headers {
        let mut known = good.clone();
        known.headers.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        gateway.ask(&known);
    }
    let mut known = good.clone();
    known.headers.extend((0..3000).map(|at| (format!("x-{}", at % 700), format!("{at}"))));
    gateway.ask(&known);
    for address in ["10.20.0.9:1", "[2001:db8:20::1]:1", "[::ffff:10.20.0.9]:1"] {
        let mut known = request("operations-flag");
        known.set("source.address", address);
        gateway.ask(&known);
    }
    for scope in ["account:read", "  account:read   account:write ", "", "account:read\u{a0}account:write"] {
        let mut known = request("own-account");
        known.set(&format!("{CLAIMS}scope"), scope);
        let (outcome, _) = gateway.ask(&known);
        assert_eq!(outcome.continues, scope.contains("account:read") && !scope.contains('\u{a0}'), "{scope:?}");
    }
}

#[test]
fn numbers_are_doubles() {
    let mut gateway = Gateway::new();
    let good = request("public-product");
    for number in [
        0.0,
        -0.0,
        1.0,
        60.0,
        61.0,
        -3.0,
        0.5,
        60.5,
        1e-9,
        1e15,
        2f64.powi(50),
        2f64.powi(51),
        1e300,
        f64::NAN,
        f64::INFINITY,
        f64::MIN_POSITIVE,
    ] {
        let mut known = good.clone();
        known.set(REQUESTS, number.to_le_bytes());
        let (outcome, _) = gateway.ask(&known);
        assert_eq!(outcome.continues, number <= 60.0 && number.fract() == 0.0, "{number}");
    }
    // Eight letters are no number, whichever they are.
    for text in [b"12345678", b"abcdef3C", b"!!!!!!/C", b"aaaaaaaa", b"zzzzzz~B"] {
        let mut known = good.clone();
        known.set(REQUESTS, &text[..]);
        assert!(!gateway.proxy.ask(&known).continues, "{text:?}");
    }
    let at = |seconds: f64| {
        let mut known = request("own-account");
        known.set(&format!("{CLAIMS}iat"), (seconds - 60.0).to_le_bytes());
        known.set(&format!("{CLAIMS}exp"), (seconds + 60.0).to_le_bytes());
        known
    };
    let now = request("own-account").now.unwrap() as f64 / 1000.0;
    for (seconds, goes_on) in
        [(now, true), (now + 0.5, true), (now + 60.25, false), (now - 60.0, false), (0.0, false), (1e20, false)]
    {
        assert_eq!(gateway.ask(&at(seconds)).0.continues, goes_on, "{seconds}");
    }
}

#[test]
fn without_memory_a_request_is_denied_and_the_next_is_decided() {
    let gateway = Gateway::new();
    let module = compile(&gateway.policy, &gateway.store, target(ORIGINS)).unwrap();
    let mut good = request("public-product");
    let (mut without, mut with) = (0, 0);
    for pages in 1..40 {
        let Some(mut proxy) = Proxy::with_pages(&module, pages) else { continue };
        for len in [10, 1 << 10, 30 << 10, 200 << 10, 900 << 10] {
            good.headers = vec![("x".into(), "\u{e9}".repeat(len / 2)), ("y".into(), "\"".repeat(len / 30))];
            let outcome = proxy.ask(&good);
            match outcome.response {
                None => with += 1,
                Some(response) => {
                    assert!(["zt_no_memory", "zt_invalid"].contains(&&*response.details), "{response:?}");
                    without += usize::from(response.details == "zt_no_memory");
                }
            }
        }
    }
    assert!(without > 20 && with > 20, "{without} without memory, {with} with");
}

#[test]
fn configurations_are_refused() {
    let mut gateway = Gateway::new();
    assert!(gateway.proxy.configure(0));
    assert!(!gateway.proxy.configure(12));
    gateway.ask(&request("refund"));
}

fn compiled(text: &str, origins: &str) -> Result<Vec<u8>, CompileError> {
    let mut sources = Sources::new();
    sources.add("p.zt", text.as_bytes());
    let policy = zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap();
    compile(&policy, &Store::empty(), target(origins))
}

const SMALL: &str = "package small
use zt.http
source idp verified complete
source client unverified
entity Team
entity User in Team from idp { level: Int from idp  nick: String? from idp }
obligation note(what: String, much: Int)
context { tenant: String? from idp  agent: String from client  peer: Ip  limit: Int }
action call: User -> http.Request
allow team: call for subject in Team::\"core\" when subject.level > 2 and context.limit > 0 oblige note(what: \"it\", much: context.limit)
allow loner: call when not (context.tenant is present) and resource.path == \"/loner\"
allow nameless: call when not (subject.nick is present) and resource.path == \"/nameless\"
deny agents: call when context.agent like \"*evil*\"
deny net: call when context.peer in 192.0.2.0/24
";
const SMALL_ORIGINS: &str = r#"
[[subject]]
type = "User"
id = "mtls.uri_san"
attributes = { level = "jwt.level", nick = "jwt.nick" }
parents = [{ type = "Team", id = "jwt.teams" }]

[jwt]
payload = "access"

[context]
tenant = "jwt.tenant"
agent = "request.headers.user-agent"
peer = "source.address"
limit = ["route", "a.b", "limit"]

[obligations]
note = { what = "x-note", much = "x-much" }
"#;

#[test]
fn subjects_have_attributes_and_parents() {
    let mut proxy = Proxy::new(&compiled(SMALL, SMALL_ORIGINS).unwrap());
    let claim = |name: &str| format!("metadata.filter_metadata.envoy.filters.http.jwt_authn.access.{name}");
    let mut known = Known::default();
    known.set("connection.uri_san_peer_certificate", "spiffe://a/b");
    known.set("source.address", "10.0.0.1");
    known.set("request.path", "/");
    known.set("xds.route_metadata.filter_metadata.a.b.limit", 5f64.to_le_bytes());
    known.set(&claim("level"), 3f64.to_le_bytes());
    known.headers.push(("user-agent".into(), "kind".into()));
    // Who is in no team that is known is not let through.
    assert!(!proxy.ask(&known).continues);
    for (teams, goes_on) in [
        (pairs([("core", "")]), true),
        (pairs([("more", ""), ("core", "")]), true),
        (b"core".to_vec(), true),
        (pairs([]), false),
        (b"more".to_vec(), false),
        (pairs([("core", "x")]), false),
    ] {
        known.set(&claim("teams"), teams.clone());
        assert_eq!(proxy.ask(&known).continues, goes_on, "{teams:?}");
    }
    known.set(&claim("teams"), "core");
    let sent = proxy.ask(&known).headers;
    assert!(
        sent.contains(&("x-note".into(), "it".into())) && sent.contains(&("x-much".into(), "5".into())),
        "{sent:?}"
    );
    for (agents, goes_on) in [(&["kind"][..], true), (&["evil"], false), (&["kind", "kind"], false), (&[], false)] {
        let mut known = known.clone();
        known.headers = agents.iter().map(|agent| ("user-agent".to_owned(), (*agent).to_owned())).collect();
        assert_eq!(proxy.ask(&known).continues, goes_on, "{agents:?}");
    }
    known.set("connection.uri_san_peer_certificate", "");
    assert_invalid(&proxy.ask(&known), "nobody");
}

#[test]
fn without_a_token_nothing_is_said_to_be_absent() {
    let mut proxy = Proxy::new(&compiled(SMALL, SMALL_ORIGINS).unwrap());
    let claim = |name: &str| format!("metadata.filter_metadata.envoy.filters.http.jwt_authn.access.{name}");
    for path in ["/loner", "/nameless"] {
        let mut known = Known::default();
        known.set("connection.uri_san_peer_certificate", "spiffe://a/b");
        known.set("source.address", "10.0.0.1:1");
        known.set("request.path", path);
        known.headers.push(("user-agent".into(), "kind".into()));
        assert!(!proxy.ask(&known).continues, "{path}");
        known.set(&claim("level"), 1f64.to_le_bytes());
        assert!(proxy.ask(&known).continues, "{path}");
        // `null` is as absent as what is not there.
        known.properties.insert(claim("tenant"), Answer::Status(3));
        known.properties.insert(claim("nick"), Answer::Status(3));
        assert!(proxy.ask(&known).continues, "{path}");
        known.set(&claim("tenant"), "t");
        known.set(&claim("nick"), "n");
        assert!(!proxy.ask(&known).continues, "{path}");
    }
}

#[test]
fn origins_that_do_not_fit_are_refused() {
    let refused = |origins: String| match compiled(SMALL, &origins) {
        Err(error @ CompileError::Origins(_)) => error.to_string(),
        other => panic!("{:?} of\n{origins}", other.map(|module| module.len())),
    };
    let changed = |from: &str, to: &str| {
        let origins = SMALL_ORIGINS.replacen(from, to, 1);
        assert_ne!(origins, SMALL_ORIGINS, "{from}");
        refused(origins)
    };
    let cases = [
        ("limit = [\"route\", \"a.b\", \"limit\"]\n", "", "rule `team` reads `context.limit`"),
        ("tenant = \"jwt.tenant\"", "", "tenant = [\"metadata\", \"FILTER\", \"tenant\"]"),
        ("attributes = { level = \"jwt.level\", nick = \"jwt.nick\" }", "", "rule `team` reads `User.level`"),
        ("tenant = ", "tennant = ", "line 12, column 1: the context has no attribute `tennant`"),
        ("nick = ", "nik = ", "`User` has no attribute `nik`"),
        ("\"User\"", "\"Team\"", "the action's subject is no `Team` but User"),
        ("type = \"Team\"", "type = \"User\"", "a `User` has no parents of type `User`"),
        ("jwt.tenant", "request.headers.x-tenant", "headers are the client's word"),
        ("jwt.tenant", "request.id", "headers are the client's word"),
        ("mtls.uri_san", "request.headers.x-user", "headers are the client's word"),
        ("jwt.teams", "request.headers.x-teams", "headers are the client's word"),
        ("jwt.tenant", "request.headers", "headers are the client's word"),
        ("jwt.tenant", "request.query", "is of type String?, which this cannot give"),
        ("[\"route\", \"a.b\", \"limit\"]", "\"request.method\"", "is of type Int, which this cannot give"),
        ("mtls.uri_san", "jwt", "this is no text"),
        ("[jwt]", "when = { \"source.address\" = \"::1\" }\n\n[jwt]", "a condition compares texts"),
        ("jwt.tenant", "jwt..tenant", "a part that is empty"),
        ("jwt.tenant", "metadata.only", "there is no origin `metadata.only`"),
        ("jwt.tenant", "sorce.address", "there is no origin `sorce.address`"),
        ("note = {", "nota = {", "the policy has no obligation `nota`"),
        ("much = ", "mush = ", "obligation `note` has no argument `mush`"),
        ("much = \"x-much\"", "", "rule `team` obliges to `note`, and no header carries that"),
        ("x-much", "X-Much", "no name of a header"),
        ("x-much", ":path", "no name of a header"),
        ("[jwt]", "action = \"go\"\n\n[jwt]", "unknown field `action`"),
    ];
    for (from, to, message) in cases {
        let said = changed(from, to);
        assert!(said.contains(message), "{from} → {to}: {said}");
    }
    assert!(
        refused(format!("action = \"go\"\n{SMALL_ORIGINS}"))
            .contains("line 1, column 10: the policy has no action `go`")
    );
    let earlier = format!("[[subject]]\ntype = \"User\"\n{SMALL_ORIGINS}");
    assert!(refused(earlier).contains("let it be the last"));
    let other = "package other\nentity A\nentity B\ncontext { acr: Bool step_up \"a b\" gives true }\naction go: A -> B\nallow a: go when context.acr\n";
    let said = compiled(other, "").unwrap_err().to_string();
    assert!(said.contains("say what a request is about"), "{said}");
    let origins = "[resource]\ntype = \"B\"\nid = \"request.host\"\n\n[context]\nacr = \"jwt.acr\"\n";
    let said = compiled(other, origins).unwrap_err().to_string();
    assert!(said.contains("no challenge can ask for \"a b\""), "{said}");
    assert!(compiled(&other.replace("a b", "a"), origins).is_ok());
}
