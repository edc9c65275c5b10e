//! Where attributes come from: what fits, and what is refused.

use serde_json::json;
use zt_eval::Store;
use zt_lang::Sources;
use zt_wasm::target::proxy_wasm::{Options, Origins};
use zt_wasm::{CompileError, Target, compile};

use super::assert_invalid;
use super::host::{JWT_AUTHN, Known, Proxy};
use super::metadata::Said;

fn compiled(text: &str, origins: &str) -> Result<Vec<u8>, CompileError> {
    let mut sources = Sources::new();
    sources.add("p.zt", text.as_bytes());
    let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck().unwrap().lower().unwrap();
    let options = Options::default().with_origins(Origins::parse(origins)?);
    compile(&policy, &Store::empty(), Target::ProxyWasm(options))
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
