//! The gateway's policy in each language, for any number of routes.
//!
//! Every five routes serve one resource: list, create, read, change, read a part. A change is only taken from the
//! resource's networks, and each resource has an hour of maintenance in which it serves nothing. Four rules hold for all
//! routes: the token's issuer and audience, its expiry, and networks that are turned away. The languages have different
//! means; each text uses its own language's, and puts the test that rules out the most first.

use std::fmt::Write;

/// The issuer of good tokens.
pub const ISSUER: &str = "https://login.example.com";
/// Whom good tokens are for.
pub const AUDIENCE: &str = "https://api.example.com";
/// 2026-03-02T10:00:00Z, when all decisions are made.
pub const NOW: i64 = 1_772_445_600;
/// 2026-03-02T00:00:00Z.
const MIDNIGHT: i64 = NOW - 10 * 3600;
/// Networks that are turned away.
const BLOCKED: [&str; 3] = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.128/25"];

/// How many routes serve one resource.
pub const ROUTES_PER_RESOURCE: usize = 5;

/// The first segment of a resource's paths after the version; also the stem of its scopes.
#[must_use]
pub fn resource(index: usize) -> String {
    format!("res{index}")
}

/// The network from which a resource may be changed.
#[must_use]
pub fn network(index: usize) -> String {
    format!("10.{}.{}.0/24", index / 256 % 256, index % 256)
}

/// The hour of the day at which a resource's maintenance begins.
#[must_use]
pub fn maintenance_hour(index: usize) -> i64 {
    i64::try_from(index % 24).unwrap_or(0)
}

/// The window of a resource's maintenance, in seconds.
fn maintenance(index: usize) -> (i64, i64) {
    let begin = MIDNIGHT + maintenance_hour(index) * 3600;
    (begin, begin + 3600)
}

/// Writes for each resource; writing to a string does not fail.
fn for_resources(text: &mut String, routes: usize, write: impl Fn(&mut String, usize) -> std::fmt::Result) {
    for index in 0..routes / ROUTES_PER_RESOURCE {
        let _ = write(text, index);
    }
}

/// The policy in zt. The host says what time it is, and that tokens expire is said where they are declared.
#[must_use]
pub fn zt(routes: usize) -> String {
    let context = "token: Token from idp fresh until token.exp, source_ip: Ip";
    zt_by(routes, context, "now", "")
}

/// The same for hosts without a clock: the request says what time it is, as it does for the peers.
#[must_use]
pub fn zt_without_clock(routes: usize) -> String {
    let context = "token: Token from idp, source_ip: Ip, now: Timestamp";
    let expired = "deny expired: call\n  when context.now >= context.token.exp\n";
    zt_by(routes, context, "context.now", expired)
}

/// The policy, by what is known of a request, how `now` is written, and the rules that only one of the two has.
fn zt_by(routes: usize, context: &str, now: &str, rules: &str) -> String {
    let mut text = format!(
        r#"package gateway

source idp verified
entity Client
entity Request {{ method: String, path: Path }}
record Token {{ iss: String, aud: Set<String>, exp: Timestamp, scopes: Set<String> }}
context {{ {context} }}
action call: Client -> Request

{rules}deny foreign_token: call
  when context.token.iss != "{ISSUER}" or not (context.token.aud contains "{AUDIENCE}")
  because "sign in again"
deny blocked_network: call
  when context.source_ip in [{}]
  because "this network is blocked"
"#,
        BLOCKED.join(", ")
    );
    for_resources(&mut text, routes, |text, index| {
        let (name, network, hour) = (resource(index), network(index), maintenance_hour(index));
        let end = if hour == 23 { "2026-03-03T00".to_owned() } else { format!("2026-03-02T{:02}", hour + 1) };
        write!(
            text,
            r#"
deny {name}_maintenance: call
  when resource.path like "/v1/{name}/**" and {now} >= "2026-03-02T{hour:02}:00:00Z" and {now} < "{end}:00:00Z"
  because "{name} is under maintenance"
allow {name}_list: call
  when resource.path like "/v1/{name}" and resource.method == "GET" and context.token.scopes contains "{name}:read"
allow {name}_create: call
  when resource.path like "/v1/{name}" and resource.method == "POST" and context.token.scopes contains "{name}:write"
allow {name}_read: call
  when resource.path like "/v1/{name}/{{id}}" and resource.method == "GET" and context.token.scopes contains "{name}:read"
allow {name}_change: call
  when resource.path like "/v1/{name}/{{id}}" and resource.method == "PUT" and context.token.scopes contains "{name}:write"
    and context.source_ip in [{network}, 192.168.0.0/16]
allow {name}_part: call
  when resource.path like "/v1/{name}/{{id}}/parts/{{part}}" and resource.method == "GET"
    and context.token.scopes contains "{name}:read"
"#
        )
    });
    text
}

/// What Cedar's reader of requests and its validator are told.
pub const CEDAR_SCHEMA: &str = r#"
entity Client;
entity Request = { method: String, path: String };
type Token = { iss: String, sub: String, aud: Set<String>, exp: Long, iat: Long, jti: String, scopes: Set<String> };
action call appliesTo { principal: [Client], resource: [Request],
  context: { now: Long, source_ip: ipaddr, user_agent: String, token: Token } };
"#;

/// The policy in Cedar, whose `*` crosses segments: paths with a segment too many or an empty one are taken out again.
#[must_use]
pub fn cedar(routes: usize) -> String {
    let blocked = BLOCKED.map(|range| format!(r#"context.source_ip.isInRange(ip("{range}"))"#)).join(" || ");
    let mut text = format!(
        r#"
forbid(principal, action == Action::"call", resource)
when {{ context.token.iss != "{ISSUER}" || !context.token.aud.contains("{AUDIENCE}") }};
forbid(principal, action == Action::"call", resource) when {{ context.now >= context.token.exp }};
forbid(principal, action == Action::"call", resource) when {{ {blocked} }};
"#
    );
    for_resources(&mut text, routes, |text, index| {
        let (name, network, (begin, end)) = (resource(index), network(index), maintenance(index));
        let one = format!(
            r#"resource.path like "/v1/{name}/*" && resource.path != "/v1/{name}/" && !(resource.path like "/v1/{name}/*/*")"#
        );
        let part = format!(
            r#"resource.path like "/v1/{name}/*/parts/*" && !(resource.path like "/v1/{name}/*/parts/*/*") && !(resource.path like "/v1/{name}/*/*/parts/*") && !(resource.path like "/v1/{name}//parts/*") && !(resource.path like "/v1/{name}/*/parts/")"#
        );
        write!(
            text,
            r#"
forbid(principal, action == Action::"call", resource)
when {{ (resource.path == "/v1/{name}" || resource.path like "/v1/{name}/*") && context.now >= {begin} && context.now < {end} }};
permit(principal, action == Action::"call", resource)
when {{ resource.path == "/v1/{name}" && resource.method == "GET" && context.token.scopes.contains("{name}:read") }};
permit(principal, action == Action::"call", resource)
when {{ resource.path == "/v1/{name}" && resource.method == "POST" && context.token.scopes.contains("{name}:write") }};
permit(principal, action == Action::"call", resource)
when {{ {one} && resource.method == "GET" && context.token.scopes.contains("{name}:read") }};
permit(principal, action == Action::"call", resource)
when {{ {one} && resource.method == "PUT" && context.token.scopes.contains("{name}:write")
  && (context.source_ip.isInRange(ip("{network}")) || context.source_ip.isInRange(ip("192.168.0.0/16"))) }};
permit(principal, action == Action::"call", resource)
when {{ {part} && resource.method == "GET" && context.token.scopes.contains("{name}:read") }};
"#
        )
    });
    text
}

/// What both Rego policies begin with. A request's path is split once.
const REGO_HEAD: &str = r#"package gateway

import rego.v1

default allow := false

allow if {
  not denied
  permitted
}

token := input.context.token
method := input.resource.properties.method
segments := split(input.resource.properties.path, "/")
"#;

/// The rules of Rego for all routes.
fn rego_common() -> String {
    let mut text = format!(
        r#"{REGO_HEAD}
denied if token.iss != "{ISSUER}"
denied if not "{AUDIENCE}" in token.aud
denied if input.context.now >= token.exp
"#
    );
    for range in BLOCKED {
        let _ = writeln!(text, r#"denied if net.cidr_contains("{range}", input.context.source_ip)"#);
    }
    text
}

/// The policy in Rego, a rule for each route.
#[must_use]
pub fn rego(routes: usize) -> String {
    let mut text = rego_common();
    for_resources(&mut text, routes, |text, index| {
        let (name, network, (begin, end)) = (resource(index), network(index), maintenance(index));
        write!(
            text,
            r#"
denied if {{ segments[2] == "{name}"; segments[1] == "v1"; input.context.now >= {begin}; input.context.now < {end} }}
permitted if {{ segments[2] == "{name}"; count(segments) == 3; segments[1] == "v1"; method == "GET"; "{name}:read" in token.scopes }}
permitted if {{ segments[2] == "{name}"; count(segments) == 3; segments[1] == "v1"; method == "POST"; "{name}:write" in token.scopes }}
permitted if {{ segments[2] == "{name}"; count(segments) == 4; segments[1] == "v1"; segments[3] != ""; method == "GET"; "{name}:read" in token.scopes }}
permitted if {{ segments[2] == "{name}"; count(segments) == 4; segments[1] == "v1"; segments[3] != ""; method == "PUT"; "{name}:write" in token.scopes; within_{index} }}
permitted if {{ segments[2] == "{name}"; count(segments) == 6; segments[1] == "v1"; segments[3] != ""; segments[4] == "parts"; segments[5] != ""; method == "GET"; "{name}:read" in token.scopes }}
within_{index} if net.cidr_contains("{network}", input.context.source_ip)
within_{index} if net.cidr_contains("192.168.0.0/16", input.context.source_ip)
"#
        )
    });
    text
}

/// The policy in Rego as one who knows the interpreter would write it: the routes are data, found by name.
#[must_use]
pub fn rego_indexed() -> String {
    format!(
        r#"{}
served := data.resources[segments[2]]
denied if {{ segments[1] == "v1"; input.context.now >= served.begin; input.context.now < served.end }}
permitted if {{ segments[1] == "v1"; count(segments) == 3; method == "GET"; served.read in token.scopes }}
permitted if {{ segments[1] == "v1"; count(segments) == 3; method == "POST"; served.write in token.scopes }}
permitted if {{ segments[1] == "v1"; count(segments) == 4; segments[3] != ""; method == "GET"; served.read in token.scopes }}
permitted if {{ segments[1] == "v1"; count(segments) == 4; segments[3] != ""; method == "PUT"; served.write in token.scopes; within }}
permitted if {{ segments[1] == "v1"; count(segments) == 6; segments[3] != ""; segments[4] == "parts"; segments[5] != ""; method == "GET"; served.read in token.scopes }}
within if net.cidr_contains(served.network, input.context.source_ip)
within if net.cidr_contains("192.168.0.0/16", input.context.source_ip)
"#,
        rego_common()
    )
}

/// The data of [`rego_indexed`], as JSON.
#[must_use]
pub fn rego_data(routes: usize) -> String {
    let resources: serde_json::Map<String, serde_json::Value> = (0..routes / ROUTES_PER_RESOURCE)
        .map(|index| {
            let (name, (begin, end)) = (resource(index), maintenance(index));
            let about = serde_json::json!({
                "begin": begin, "end": end, "network": network(index),
                "read": format!("{name}:read"), "write": format!("{name}:write"),
            });
            (name, about)
        })
        .collect();
    serde_json::json!({ "resources": resources }).to_string()
}

/// The policy in CEL: expressions of which none may hold, and expressions of which one must, in this order.
///
/// `within(address, range)` is the host's. The language's own `matches` tells the routes apart, behind a test of the
/// prefix: the interpreter compiles a regular expression each time that it is reached.
#[must_use]
pub fn cel(routes: usize) -> (Vec<String>, Vec<String>) {
    let blocked = BLOCKED.map(|range| format!(r#"within(context.source_ip, "{range}")"#)).join(" || ");
    let mut denials = vec![
        format!(r#"context.token.iss != "{ISSUER}" || !("{AUDIENCE}" in context.token.aud)"#),
        "context.now >= context.token.exp".to_owned(),
        blocked,
    ];
    let mut permissions = Vec::new();
    let path = "resource.properties.path";
    for index in 0..routes / ROUTES_PER_RESOURCE {
        let (name, network, (begin, end)) = (resource(index), network(index), maintenance(index));
        let is = |method: &str| format!(r#"resource.properties.method == "{method}""#);
        let scoped = |scope: &str| format!(r#""{name}:{scope}" in context.token.scopes"#);
        let all = format!(r#"{path} == "/v1/{name}""#);
        let one = format!(r#"{path}.startsWith("/v1/{name}/") && {path}.matches("^/v1/{name}/[^/]+$")"#);
        let part = format!(r#"{path}.startsWith("/v1/{name}/") && {path}.matches("^/v1/{name}/[^/]+/parts/[^/]+$")"#);
        denials.push(format!(
            r#"({all} || {path}.startsWith("/v1/{name}/")) && context.now >= {begin} && context.now < {end}"#
        ));
        permissions.push(format!("{all} && {} && {}", is("GET"), scoped("read")));
        permissions.push(format!("{all} && {} && {}", is("POST"), scoped("write")));
        permissions.push(format!("{} && {one} && {}", is("GET"), scoped("read")));
        permissions.push(format!(
            r#"{} && {one} && {} && (within(context.source_ip, "{network}") || within(context.source_ip, "192.168.0.0/16"))"#,
            is("PUT"),
            scoped("write")
        ));
        permissions.push(format!("{} && {part} && {}", is("GET"), scoped("read")));
    }
    (denials, permissions)
}
