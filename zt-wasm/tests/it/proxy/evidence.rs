//! Whose word an origin is, and what it may therefore say; and that messages help.

use super::origins::{SMALL, SMALL_ORIGINS, compiled};

/// What the request line says can be what is asked about, and nothing else.
#[test]
fn what_clients_write_is_nobodys_evidence() {
    let asked = ["request.method", "request.path", "request.host", "request.scheme"];
    let refused = |from: &str, to: &str| {
        let origins = SMALL_ORIGINS.replacen(from, to, 1);
        assert_ne!(origins, SMALL_ORIGINS, "{from}");
        compiled(SMALL, &origins).map(|module| module.len()).expect_err(to).to_string()
    };
    for origin in asked {
        for from in ["mtls.uri_san", "jwt.teams"] {
            let said = refused(from, origin);
            let why = format!("`{origin}` is what the request asks for, and the client writes there what it likes");
            assert!(said.contains(&why) && said.contains("it cannot say who asks"), "{said}");
        }
        let said = refused("jwt.tenant", origin);
        assert!(said.contains(&format!("source `idp` vouches for `tenant`, and `{origin}` is what")), "{said}");
        let said = refused("[jwt]", &format!("when = {{ \"{origin}\" = \"x\" }}\n\n[jwt]"));
        assert!(said.contains("it cannot say who asks"), "{said}");
    }
    for origin in ["request.query", "request.headers", "request.headers.x-user", "request.id", "request"] {
        for (from, to) in [("mtls.uri_san", origin), ("jwt.teams", origin), ("jwt.tenant", origin)] {
            assert!(refused(from, to).contains(&format!("`{origin}` is ")), "{from} as {to}");
        }
    }
}

const SOURCES: &str = "package sources
use zt.http
source geo verified
source client unverified
record Own { method: String  id: String }
entity Area
entity Shop in Area from geo { name: String  owner: String from geo  word: String from client }
entity User { level: String  word: String from client }
context { country: String from geo  asked: String  word: String from client  line: http.RequestLine from geo  own: Own  said: Own from client }
action call: User -> Shop
deny a: call when CONDITION
";

/// Whether an origin is taken for what a condition reads.
fn takes(condition: &str, lines: &str) -> Result<(), String> {
    let text = SOURCES.replace("CONDITION", condition);
    let origins = format!("{lines}\n[jwt]\n");
    compiled(&text, &origins).map(drop).map_err(|error| error.to_string())
}

#[test]
fn the_request_line_is_the_proxys_own_observation_and_no_others() {
    let shop = |more: &str| format!("[resource]\ntype = \"Shop\"\nid = \"request.host\"\n{more}");
    let context = |line: &str| shop(&format!("[context]\n{line}"));
    for (condition, lines) in [
        ("context.asked == \"a\"", context("asked = \"request.host\"")),
        ("context.word == \"a\"", context("word = \"request.path\"")),
        ("context.word == \"a\"", context("word = \"request.headers.x\"")),
        ("resource.name == \"a\"", shop("attributes = { name = \"request.path\" }")),
        ("resource.word == \"a\"", shop("attributes = { word = \"request.headers.x\" }")),
        ("resource == Shop::\"a\"", shop("when = { \"request.method\" = \"GET\" }")),
        ("context.own.method == \"a\"", context("own = \"request\"")),
        ("context.said.id == \"a\"", context("said = \"request\"")),
        (
            "subject.word == \"a\"",
            shop("[[subject]]\ntype = \"User\"\nid = \"jwt.sub\"\nattributes = { word = \"request.host\" }"),
        ),
    ] {
        assert_eq!(takes(condition, &lines), Ok(()), "{lines}");
    }
    for (condition, lines, message) in [
        (
            "context.country == \"a\"",
            context("country = \"request.path\""),
            "source `geo` vouches for `country`, and `request.path` is what the request asks for",
        ),
        // Neither where it is the default, nor part by part.
        ("context.line.method == \"a\"", shop(""), "source `geo` vouches for `line`, and `request` is what"),
        (
            "context.own.id == \"a\"",
            context("own = \"request\""),
            "source `pep` vouches for `own`, and `request.id` is the client's word",
        ),
        (
            "context.asked == \"a\"",
            context("asked = \"request.headers.x\""),
            "source `pep` vouches for `asked`, and `request.headers.x` is the client's word",
        ),
        (
            "resource.owner == \"a\"",
            shop("attributes = { owner = \"request.path\" }"),
            "source `geo` vouches for `owner`, and `request.path` is what",
        ),
        (
            "resource in Area::\"a\"",
            shop("parents = [{ type = \"Area\", id = \"request.path\" }]"),
            "`request.path` is what the request asks for, and the client writes there what it likes: it cannot say what is asked about",
        ),
        ("resource == Shop::\"a\"", shop("when = { \"request.id\" = \"GET\" }"), "`request.id` is the client's word"),
        (
            "subject.level == \"a\"",
            shop("[[subject]]\ntype = \"User\"\nid = \"jwt.sub\"\nattributes = { level = \"request.host\" }"),
            "source `pep` vouches for `level`, and `request.host` is what the request asks for, and the client writes there \
             what it likes: which is not who asks",
        ),
    ] {
        let said = takes(condition, &lines).expect_err(&lines);
        assert!(said.contains(message), "{lines}\n{said}");
    }
}

/// What a message says to write is taken when it is written.
#[test]
fn hints_can_be_followed() {
    let text = "package hints
use zt.http
use zt.oidc
enum E { x, y }
record Own { k: String? }
source geo verified
source client unverified
entity Shop
entity User { level: Int  boss: User }
context { TYPE }
action call: User -> Shop
allow a: call when CONDITION
";
    let origins = |more: &str| format!("[resource]\ntype = \"Shop\"\nid = \"request.host\"\n{more}");
    let build = |of: &str, condition: &str, origins: &str| {
        let text = text.replace("TYPE", of).replace("CONDITION", condition);
        compiled(&text, origins).map(drop).map_err(|error| error.to_string())
    };
    for (of, condition) in [
        ("a: Bool from geo", "context.a"),
        ("a: E from geo", "context.a == x"),
        ("a: Ip from geo", "context.a == 1.2.3.4"),
        ("a: List<Ip> from geo", "context.a contains 1.2.3.4"),
        ("a: Quantity from geo", "context.a > \"1Mi\""),
        ("a: Set<Path>", "context.a contains \"/a\""),
        ("a: Own from oidc.token", "context.a.k is present"),
        ("a: List<String> from oidc.token", "context.a contains \"a\""),
        ("a: Map<List<String>>", "context.a[\"k\"] is present"),
    ] {
        let said = build(of, condition, &origins("")).expect_err(of);
        let (_, lines) = said.split_once("such as\n\n").unwrap_or_else(|| panic!("{of}: {said}"));
        assert_eq!(build(of, condition, &origins(lines)), Ok(()), "{of}: {said}");
    }
    for (of, condition, ty) in [
        ("a: Own from geo", "context.a.k is present", "Own"),
        ("a: Map<String> from geo", "context.a[\"k\"] is present", "Map<String>"),
        ("a: User from geo", "context.a == User::\"a\"", "User"),
        ("a: Set<User> from geo", "context.a contains User::\"a\"", "Set<User>"),
        ("a: List<List<Int>> from geo", "context.a contains [1]", "List<List<Int>>"),
    ] {
        let said = build(of, condition, &origins("")).expect_err(of);
        let message = format!("reads `context.a`, which is of type {ty}, and nothing that a proxy knows is");
        assert!(said.contains(&message) && !said.contains("such as"), "{said}");
    }
    let said = build("", "subject.level > 2", &origins("")).unwrap_err();
    assert!(said.contains("attributes = { level = [\"metadata\", \"FILTER\", \"level\"] }"), "{said}");
    let said = build("", "subject.boss == User::\"a\"", &origins("")).unwrap_err();
    assert!(said.contains("lists of these, or give entities of type `User`"), "{said}");
}
