//! Modules for proxies, against the engine: what they decide is what the engine decides on the document that a proxy's
//! knowledge amounts to, put together here once more.

pub mod gateway;
pub mod host;
mod origins;

use serde_json::{Value as Json, json};
use zt_wasm::compile;

use self::gateway::{CLAIMS, Gateway, ORIGINS, REQUESTS, request, requests, target};
use self::host::{Answer, Known, Outcome, Proxy, pairs};

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
        for value in [&b"\xff\xfe"[..], b"\xc0\x80", b"a\0b", b"1234567\0\0", &[0xff; 64]] {
            bad.set(path, value);
            let outcome = gateway.proxy.ask(&bad);
            assert!(!outcome.continues, "{path} as {value:?}");
        }
        bad.set(path, vec![b'a'; 1 << 20]);
        // A condition that does not hold is another subject.
        assert!(!gateway.proxy.ask(&bad).continues || path.ends_with("gty"), "{path} is long");
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
    for truth in [&[2][..], &[1, 1], &[], b"true"] {
        let mut known = request("refund");
        known.set(&format!("{CLAIMS}mfa"), truth);
        assert_invalid(&gateway.proxy.ask(&known), &format!("mfa as {truth:?}"));
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
