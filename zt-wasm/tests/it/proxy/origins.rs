//! Where attributes come from: what fits, and what is refused.

use serde_json::json;
use zt_eval::Store;
use zt_lang::Sources;
use zt_wasm::target::proxy_wasm::{Options, Origins};
use zt_wasm::{CompileError, Target, compile};

use super::assert_invalid;
use super::host::{JWT_AUTHN, Known, Proxy};
use super::metadata::Said;

pub fn compiled(text: &str, origins: &str) -> Result<Vec<u8>, CompileError> {
    compiled_with(text, origins, false)
}

fn compiled_with(text: &str, origins: &str, bare: bool) -> Result<Vec<u8>, CompileError> {
    let mut sources = Sources::new();
    sources.add("p.zt", text.as_bytes());
    let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck().unwrap().lower().unwrap();
    let options = Options::default().with_origins(Origins::parse(origins)?).with_bare(bare);
    compile(&policy, &Store::empty(), Target::ProxyWasm(options))
}

pub const SMALL: &str = "package small
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
pub const SMALL_ORIGINS: &str = r#"
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
    let mut known = Known::default();
    known.set("connection.uri_san_peer_certificate", "spiffe://a/b");
    known.set("source.address", "10.0.0.1");
    known.set("request.path", "/");
    known.route.put(&["a.b", "limit"], 5.0.into());
    known.say(&[JWT_AUTHN, "access", "level"], 3.0);
    known.headers.push(("user-agent".into(), "kind".into()));
    // Who is in no team that is known is not let through.
    assert!(!proxy.ask(&known).continues);
    let teams = [JWT_AUTHN, "access", "teams"];
    for (said, goes_on) in [
        (json!(["core"]), true),
        (json!(["more", "core"]), true),
        (json!("core"), true),
        (json!([]), false),
        (json!("more"), false),
        // What is no name is no name of nobody.
        (json!(["core", 5]), false),
        (json!({ "core": "x" }), false),
        (json!(5), false),
        (json!(null), false),
    ] {
        known.say(&teams, said.clone());
        assert_eq!(proxy.ask(&known).continues, goes_on, "{said:?}");
    }
    known.say(&teams, "core");
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
    for path in ["/loner", "/nameless"] {
        let mut known = Known::default();
        known.set("connection.uri_san_peer_certificate", "spiffe://a/b");
        known.set("source.address", "10.0.0.1:1");
        known.set("request.path", path);
        known.headers.push(("user-agent".into(), "kind".into()));
        assert!(!proxy.ask(&known).continues, "{path}");
        known.say(&[JWT_AUTHN, "access", "level"], 1.0);
        assert!(proxy.ask(&known).continues, "{path}");
        // `null` is as absent as what is not there.
        known.say(&[JWT_AUTHN, "access", "tenant"], Said::Null);
        known.say(&[JWT_AUTHN, "access", "nick"], Said::Null);
        assert!(proxy.ask(&known).continues, "{path}");
        known.say(&[JWT_AUTHN, "access", "tenant"], "t");
        known.say(&[JWT_AUTHN, "access", "nick"], "n");
        assert!(!proxy.ask(&known).continues, "{path}");
    }
}

/// What a filter does not say is unknown, whatever its type: it is neither absent nor a list with something in it.
#[test]
fn what_nobody_says_is_not_there_in_part() {
    let text = "package unsaid
use zt.http
source idp verified complete
entity Anyone
context { groups: List<String>? from idp  level: Int? from idp  tags: Set<String>? from idp }
action call: Anyone -> http.Request
allow nothing: call when resource.path == \"/none\" and not (context.groups is present)
allow some: call when resource.path == \"/some\" and context.groups is present
allow level: call when resource.path == \"/level\" and context.level is present
allow tags: call when resource.path == \"/tags\" and context.tags is present
";
    let origins = "[[subject]]\ntype = \"Anyone\"\n[context]\ngroups = \"metadata.f.groups\"\nlevel = \"metadata.f.level\"\ntags = \"metadata.f.tags\"";
    let mut proxy = Proxy::new(&compiled(text, origins).unwrap());
    let mut ask = |path: &str, said: Option<serde_json::Value>| {
        let mut known = Known::default();
        known.set("request.path", path);
        if let Some(said) = said {
            ["groups", "level", "tags"].iter().for_each(|key| known.say(&["f", key], said.clone()));
        }
        proxy.ask(&known).continues
    };
    for path in ["/none", "/some", "/level", "/tags"] {
        assert!(!ask(path, None), "{path}");
        assert!(!ask(path, Some(json!(null))), "{path}");
        assert!(!ask(path, Some(json!({}))), "{path}");
    }
    assert!(ask("/some", Some(json!(["a"]))) && ask("/tags", Some(json!([]))) && ask("/level", Some(json!(5))));
    assert!(!ask("/level", Some(json!("12345678"))) && !ask("/level", Some(json!([5]))));
}

const WORKLOADS: &str = "package workloads
use zt.http
use zt.mesh
context { path: Path from mesh.mtls }
action call: mesh.Workload -> http.Request
fn is_shop(w: mesh.Workload) = w.trust_domain == \"prod.example\" and w.namespace == \"shop\"
allow orders: call when resource.path == \"/orders\" and is_shop(subject) and subject.service_account == \"orders\"
allow jobs: call when resource.path == \"/jobs\" and subject.trust_domain == \"prod.example\" and context.path like \"/jobs/*\"
allow strangers: call when resource.path == \"/strangers\" and subject.trust_domain != \"prod.example\"
";
const WORKLOAD_ORIGINS: &str = r#"
[[subject]]
type = "zt.mesh.Workload"
id = "mtls.uri_san"

[subject.attributes]
trust_domain = "mtls.spiffe.trust_domain"
namespace = "mtls.spiffe.namespace"
service_account = "mtls.spiffe.service_account"

[context]
path = "mtls.spiffe.path"
"#;

#[test]
fn spiffe_ids_are_taken_apart() {
    let mut proxy = Proxy::new(&compiled(WORKLOADS, WORKLOAD_ORIGINS).unwrap());
    let mut ask = |path: &str, id: &str| {
        let mut known = Known::default();
        known.set("request.path", path);
        known.set("connection.uri_san_peer_certificate", id);
        proxy.ask(&known).continues
    };
    assert!(ask("/orders", "spiffe://prod.example/ns/shop/sa/orders"));
    assert!(ask("/jobs", "spiffe://prod.example/jobs/nightly"));
    assert!(ask("/strangers", "spiffe://courier.example/ns/shop/sa/orders"));
    assert!(ask("/strangers", "spiffe://courier.example"));
    let longest = format!("spiffe://{}/a", "x".repeat(255));
    assert!(ask("/strangers", &longest) && !ask("/strangers", &longest.replace("/a", "x/a")));
    for id in [
        "spiffe://prod.example/ns/shop/sa/other",
        "spiffe://prod.example/ns/shop/sa/orders/x",
        "spiffe://prod.example/ns/shop/orders",
        "spiffe://prod.example/ns//sa/orders",
        "spiffe://prod.example/x/ns/shop/sa/orders",
        "spiffe://courier.example/ns/shop/sa/orders",
    ] {
        assert!(!ask("/orders", id), "{id}");
    }
    // What is no SPIFFE ID has no parts, and is no stranger either.
    for id in [
        "",
        "spiffe",
        "spiffe://",
        "spiffe:///ns/shop/sa/orders",
        "SPIFFE://courier.example/a",
        "spiffe://Courier.example/a",
        "spiffe://prod.example@courier.example/a",
        "spiffe://courier.example:80/a",
        "spiffe://courier.example/",
        "spiffe://courier.example//a",
        "spiffe://courier.example/./a",
        "spiffe://courier.example/a/..",
        "spiffe://courier.example/a?b",
        "spiffe://courier.example/%61",
        "spiffe://courier.example/a#b",
        "https://courier.example/ns/shop/sa/orders",
        "spiffe:/courier.example/a",
        "spiffe://courier\u{e9}.example/a",
        &longest.replace("/a", &"/ab".repeat(600)),
    ] {
        for path in ["/orders", "/jobs", "/strangers"] {
            assert!(!ask(path, id), "{path} by {id:?}");
        }
    }
    assert!(ask("/strangers", "spiffe://courier.example/.../a..b"));
}

/// Envoy says an empty subject where a connection over TLS has no certificate.
#[test]
fn an_empty_name_is_nobodys() {
    let text = "package names
use zt.http
entity Anyone
context { peer: String }
action call: Anyone -> http.Request
allow others: call when context.peer != \"CN=blocked\"
";
    let origins = "[[subject]]\ntype = \"Anyone\"\n[context]\npeer = \"mtls.subject\"";
    let mut proxy = Proxy::new(&compiled(text, origins).unwrap());
    let mut known = Known::default();
    for (peer, goes_on) in [("CN=ann", true), ("", false), ("CN=blocked", false)] {
        known.set("connection.subject_peer_certificate", peer);
        assert_eq!(proxy.ask(&known).continues, goes_on, "{peer:?}");
    }
}

#[test]
fn a_header_that_does_not_come_is_not_there() {
    let policy = "package headers
use zt.http
entity User
context { agents: List<String> from http.client  hint: String? from http.client  word: String from http.client }
action call: User -> http.Request
allow everyone: call
deny agents: call when any agent in context.agents: (agent == \"evil\")
deny hint: call when context.hint is present and context.hint == \"evil\"
deny word: call when resource.path == \"/word\" and context.word == \"evil\"
";
    let origins = "[[subject]]
type = \"User\"

[context]
agents = \"request.headers.x-agent\"
hint = \"request.headers.x-hint\"
word = [\"request\", \"headers\", \"x.word\"]
";
    let mut proxy = Proxy::new(&compiled(policy, origins).unwrap());
    let mut ask = |path: &str, headers: &[(&str, &str)]| {
        let mut known = Known::default();
        known.set("request.path", path);
        known.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        proxy.ask(&known).continues
    };
    assert!(ask("/", &[]));
    assert!(ask("/", &[("X-Agent", "a"), ("x-agent", "b"), ("x-hint", "c")]));
    assert!(!ask("/", &[("x-agent", "a"), ("X-AGENT", "evil")]));
    assert!(!ask("/", &[("x-hint", "evil")]));
    // Which one counts is not known.
    assert!(!ask("/", &[("x-hint", "a"), ("x-hint", "b")]));
    assert!(!ask("/word", &[]));
    assert!(ask("/word", &[("x.word", "good")]));
}

#[test]
fn what_no_header_can_carry_is_told() {
    let text = "package tags
use zt.http
entity Anyone
context { word: String }
obligation tag(level: String)
obligation seen(by: String)
action call: Anyone -> http.Request
allow everyone: call oblige seen(by: \"me\")
allow tagged: call when context.word != \"\" oblige tag(level: context.word)
";
    let origins = "[[subject]]\ntype = \"Anyone\"\n[context]\nword = \"metadata.f.word\"
[obligations]\ntag = { level = \"x-level\" }\nseen = { by = \"x-seen\" }\n";
    let modules = [false, true].map(|bare| compiled_with(text, origins, bare).unwrap());
    let mut proxies = modules.map(|module| Proxy::new(&module));
    let mut ask = |word: &str| {
        let mut known = Known::default();
        known.say(&["f", "word"], word);
        proxies.each_mut().map(|proxy| proxy.ask(&known))
    };
    for word in ["gold", "g\u{f6}ld, or silver", " ", "\u{80}\u{2028}", "\"\\"] {
        for outcome in ask(word) {
            assert!(outcome.continues && outcome.headers.contains(&("x-level".into(), word.into())), "{word:?}");
        }
    }
    for word in ["\0", "gold\r\nx-admin: 1", "a\tb", "\u{7f}"] {
        let [told, bare] = ask(word);
        for outcome in [&told, &bare] {
            let response = outcome.response.as_ref().unwrap_or_else(|| panic!("{word:?} goes on"));
            assert_eq!((response.status, &*response.details), (403, "zt_obligation"), "{word:?}");
            assert_eq!(response.body, "access comes with the obligation `tag`, which no header can carry");
        }
        assert_eq!(bare.decision, None);
        let decision: serde_json::Value = serde_json::from_str(&told.decision.unwrap()).unwrap();
        let rules = json!([{ "place": "p.zt:8:7", "rule": "everyone" }, { "place": "p.zt:9:7", "rule": "tagged" }]);
        assert_eq!(
            decision,
            json!({ "effect": "deny", "obligation": "tag", "reason": "obligation", "rules": rules }),
            "{word:?}"
        );
    }
}

#[test]
fn an_obligation_without_arguments_cannot_be_told() {
    let text = "package pages\nuse zt.http\nentity Anyone\nobligation page()\naction call: Anyone -> http.Request
allow a: call oblige page()\n";
    let said = compiled(text, "[[subject]]\ntype = \"Anyone\"\n").unwrap_err().to_string();
    assert!(said.contains("rule `a` obliges to `page`, which has no arguments"), "{said}");
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
        (
            "jwt.tenant",
            "request.headers.x-tenant",
            "line 12, column 10: source `idp` vouches for `tenant`, and `request.headers.x-tenant` is the client's word",
        ),
        ("jwt.tenant", "request.id", "source `idp` vouches for `tenant`, and `request.id` is the client's word"),
        ("jwt.tenant", "request.headers", "`request.headers` is the client's word"),
        (
            "\"jwt.tenant\"",
            "[\"metadata\", \"envoy.filters.http.header_to_metadata\", \"x\"]",
            "`metadata.envoy.filters.http.header_to_metadata.x` is the client's word",
        ),
        (
            "\"mtls.uri_san\"",
            "[\"metadata\", \"envoy.filters.http.json_to_metadata\", \"x\"]",
            "is the client's word, which nobody checks: it cannot say who asks",
        ),
        ("jwt.tenant", "metadata.a", "there is no origin `metadata.a`"),
        ("jwt.tenant", "mtls.spiffe", "there is no origin `mtls.spiffe`"),
        ("peer = \"source", "peer = \"request", "there is no origin `request.address`"),
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
        ("x-much", "x much", "no name of a header"),
        ("x-much", ":path", "`:path` is part of the request line"),
        ("x-much", "host", "`host` says where the request goes"),
        ("x-much", "content-length", "`content-length` says where the message ends"),
        ("x-much", "transfer-encoding", "use a header of your own, such as `x-zt-note-much`"),
        ("x-much", "connection", "`connection` is about the connection to the next server"),
        ("x-much", "x-envoy-retry-on", "`x-envoy-retry-on` is one of Envoy's own headers"),
        ("x-much", "x-note", "line 18, column 17: `x-note` carries an argument of `note` already"),
        ("x-much", "x_note", "`x-note` carries an argument of `note` already"),
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
