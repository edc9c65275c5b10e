//! Modules for proxies, against the engine: what they decide is what the engine decides on the document that a proxy's
//! knowledge amounts to, put together here once more.

mod evidence;
pub mod gateway;
pub mod host;
mod metadata;
mod origins;

use serde_json::{Value as Json, json};
use zt_wasm::{Target, compile};

use self::gateway::{Gateway, ORIGINS, REQUESTS, request, requests, target};
use self::host::{Answer, Known, Outcome, Proxy, pairs};
use self::metadata::field;

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
        // What is no document at all cannot come from a proxy, but what it says can.
        if expected["rules"].is_array() {
            assert_eq!(json!(rules), expected["rules"], "{name}");
        }
        allowed += usize::from(outcome.continues);
    }
    assert!(allowed > 15 && allowed < requests.len() - 15, "{allowed} of {}", requests.len());
}

#[test]
fn modules_that_tell_nothing_do_the_same() {
    let mut gateway = Gateway::new();
    let Target::ProxyWasm(options) = target(ORIGINS) else { panic!("another target") };
    let bare = Target::ProxyWasm(options.with_bare(true));
    let mut bare = Proxy::new(&compile(&gateway.policy, &gateway.store, bare).unwrap());
    for (name, known, _) in requests() {
        for takes in [0, 10] {
            let known = Known { takes, ..known.clone() };
            let mut told = gateway.proxy.ask(&known);
            told.decision = None;
            // That the host does not take the decision.
            told.logs.retain(|line| !line.contains("decision"));
            assert_eq!(bare.ask(&known), told, "{name}");
        }
    }
}

#[test]
fn denials_say_why() {
    let mut gateway = Gateway::new();
    let plain = ("content-type".to_owned(), "text/plain; charset=utf-8".to_owned());
    let (outcome, _) = gateway.ask(&request("over-limit"));
    let response = outcome.response.unwrap();
    assert_eq!((response.status, &*response.details), (403, "zt_denied"));
    assert_eq!(response.body, "too many requests: wait a minute, or ask for a larger plan");
    assert_eq!(response.headers, std::slice::from_ref(&plain));

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

    // What the host does not take is not left out.
    let outcome = gateway.proxy.ask(&Known { takes: 10, ..request("refund") });
    assert_obliged(&outcome);
    assert!(outcome.logs.iter().any(|line| line == "zt: the host does not take a header"), "{:?}", outcome.logs);
}

/// Denied, since the obligation of the rule that allows cannot be carried out; and both are told.
fn assert_obliged(outcome: &Outcome) {
    let response = outcome.response.as_ref().unwrap();
    assert_eq!((response.status, &*response.details), (403, "zt_obligation"));
    assert_eq!(response.body, "access comes with the obligation `audit`, which no header can carry");
    let told = outcome.decision.as_ref().unwrap();
    let decision: Json = serde_json::from_str(told).unwrap();
    let rules: Vec<&Json> = decision["rules"].as_array().unwrap().iter().map(|rule| &rule["rule"]).collect();
    assert_eq!(json!(rules), json!(["refund"]), "{told}");
    assert!(told.starts_with(r#"{"effect":"deny","obligation":"audit","reason":"obligation","rules":[{"#), "{told}");
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
    assert_eq!(asked, ["metadata", "headers", "source.address"]);
    for path in ["metadata", "source.address"].map(str::to_owned) {
        let path = &path;
        let mut bad = good.clone();
        for status in [2, 3, 4, 6, 7, 8, 10, 12, 99, -1] {
            bad.properties.insert(path.clone(), Answer::Status(status));
            assert_invalid(&gateway.proxy.ask(&bad), &format!("{path} with status {status}"));
        }
        for (at, len) in
            [(0, -1), (-1, 1), (16, i32::MAX), (i32::MAX, 16), (i32::MIN, i32::MIN), (1 << 30, 4), (0, 2 << 20)]
        {
            bad.properties.insert(path.clone(), Answer::At(at, len));
            assert_invalid(&gateway.proxy.ask(&bad), &format!("{path} at {at}, {len} bytes"));
        }
        for value in [&b"\xff\xfe"[..], b"\xc0\x80", b"a\0b", b"1234567\0\0", &[0xff; 64]] {
            bad.set(path, value);
            let outcome = gateway.proxy.ask(&bad);
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
    assert_eq!(gateway.proxy.ask(&none).response.unwrap().details, "zt_denied");
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
        known.claim("scope", scope);
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
        2f64.powi(53) - 1.0,
        2f64.powi(53),
        -2f64.powi(53),
        1e300,
        f64::NAN,
        f64::INFINITY,
        f64::MIN_POSITIVE,
    ] {
        let mut known = good.clone();
        known.say(&REQUESTS, number);
        let (outcome, _) = gateway.ask(&known);
        let goes_on = number <= 60.0 && number.fract() == 0.0 && number > -2f64.powi(53);
        assert_eq!(outcome.continues, goes_on, "{number}");
    }
    let at = |seconds: f64| {
        let mut known = request("own-account");
        known.claim("iat", seconds - 60.0);
        known.claim("exp", seconds + 60.0);
        known
    };
    let now = request("own-account").now.unwrap() as f64 / 1000.0;
    for (seconds, goes_on) in [
        (now, true),
        (now + 0.5, true),
        (now + 60.25, false),
        (now - 60.0, false),
        (0.0, false),
        (1e14, false),
        (1e20, false),
        (f64::NAN, false),
    ] {
        assert_eq!(gateway.ask(&at(seconds)).0.continues, goes_on, "{seconds}");
    }
}

/// Of which type a value is, its sender says: a text of eight bytes is no number, and no instant.
#[test]
fn values_are_of_the_type_that_they_have() {
    let mut gateway = Gateway::new();
    let good = request("refund");
    assert!(gateway.ask(&good).0.continues);
    let values = [
        json!("12345678"),
        json!("\0\0\0\0\0\0\0\0"),
        json!("aaaaaaaa"),
        json!(0),
        json!(5),
        json!(true),
        json!(false),
        json!(null),
        json!([]),
        json!(["customer-service"]),
        json!(["customer-service", 5, null, [], {}]),
        json!({}),
        json!({ "a": { "b": [1] } }),
        json!("2026-03-02T09:00:00Z"),
        json!(""),
    ];
    let paths = ["mfa", "mfa_at", "iss", "aud", "exp", "iat", "nbf", "groups", "scope", "roles", "other"];
    let paths = paths.iter().map(|claim| vec!["envoy.filters.http.jwt_authn", "jwt", claim]);
    let mut effects = [0, 0];
    for path in paths.chain([REQUESTS.to_vec(), vec!["accounts", "tier"], vec!["other", "x"]]) {
        for value in &values {
            let mut known = good.clone();
            known.say(&path, value.clone());
            effects[usize::from(gateway.ask(&known).0.continues)] += 1;
        }
    }
    assert!(effects.iter().all(|count| *count > 30), "{effects:?}");
    // Who asks, and what conditions compare, is text.
    for value in values.iter().filter(|value| !value.is_string() && !value.is_null()) {
        for claim in ["sub", "gty"] {
            let mut known = good.clone();
            known.claim(claim, value.clone());
            assert_invalid(&gateway.proxy.ask(&known), &format!("{claim}: {value}"));
        }
    }
}

#[test]
fn damaged_metadata_are_denied() {
    let mut gateway = Gateway::new();
    let good = request("refund");
    let message = good.metadata.metadata();
    let mut ask = |message: Vec<u8>| {
        let mut known = good.clone();
        known.set("metadata", message);
        gateway.proxy.ask(&known)
    };
    assert!(ask(message.clone()).continues);
    for len in 0..message.len() {
        assert!(!ask(message[..len].to_vec()).continues, "{len} bytes");
    }
    for at in 0..message.len() {
        for value in [1, 0x07, 0x7f, 0x80, 0xff] {
            let mut changed = message.clone();
            changed[at] ^= value;
            ask(changed);
        }
    }
    // Fields that nobody knows are passed over, and an order there is none.
    let known_filters = [&b"\x12\x03abc\x18\x05\x21eight...\x2dfour"[..], &message].concat();
    assert!(ask(known_filters).continues);
    let claims = |bytes: &[u8]| {
        let entry =
            |name: &str, value: &[u8]| field(0x0a, &[field(0x0a, name.as_bytes()), field(0x12, value)].concat());
        entry("envoy.filters.http.jwt_authn", &entry("jwt", &field(0x2a, &entry("sub", bytes))))
    };
    let wrong = [
        [message.clone(), message.clone()].concat(),  // twice
        [message.clone(), vec![0x0b, 0x0c]].concat(), // a group
        [message.clone(), vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]].concat(),
        [message.clone(), vec![0x80; 20]].concat(),
        claims(&[]),
        claims(&[0x38, 1]),
        claims(b"\x1a\x02\xff\xfe"),
    ];
    for message in wrong {
        assert_invalid(&ask(message.clone()), &format!("{message:?}"));
    }
}

/// A part of the request line that comes twice is one of which nobody knows which counts.
#[test]
fn the_request_line_is_read_once() {
    let mut gateway = Gateway::new();
    let good = request("public-product");
    for name in [":path", ":method", ":authority", ":scheme", ":PATH"] {
        let mut known = good.clone();
        known.headers.push((name.into(), "GET".into()));
        let outcome = gateway.proxy.ask(&known);
        assert_invalid(&outcome, name);
    }
    for part in ["path", "method", "host", "scheme"] {
        let mut known = good.clone();
        known.properties.remove(&format!("request.{part}"));
        assert!(!gateway.ask(&known).0.continues, "without {part}");
    }
    let mut known = good.clone();
    known.headers.push((":protocol".into(), "websocket".into()));
    assert!(gateway.ask(&known).0.continues);
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
