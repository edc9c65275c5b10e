//! Requests that are refused, and those that nearly are: documents put together at random from parts that fit and parts that
//! do not, in any order.

use zt_eval::{Limits, Policy, Store};
use zt_lang::Options;
use zt_lang::oracle::Choices;
use zt_lang::oracle::policy::Files;

use super::bound_alike;
use super::machine::Machine;
use crate::runtime::env::{allow_pages, pages};

const DOCUMENTS: u64 = 6_000;

const POLICY: &str = r#"package p
source idp verified complete
source client unverified
enum Level { low < middle < high }
record Token { sub: String?  exp: Timestamp  scopes: Set<String>  parts: List<Part> }
record Part { name: String?  tags: Map<Int> }
entity Group in Group
entity User in Group, Team from idp { level: Level? from idp  tags: Set<String> from client  boss: User? }
entity Team in Group from client
entity Document { path: Path?  owner: User | Team }
context { token: Token? from idp  ip: Ip  all: List<Map<Set<Int>>> }
action read: User -> Document
action write: User | Team from idp -> Document | Team
deny a: read when subject in Group::"g" and context.token is present and "x" in context.token.scopes
deny b: read, write when context.token is present and context.token.sub is present and context.token.sub == "x"
"#;

/// Of whose attributes everything is read, also what no rule does.
fn policy(limits: Limits) -> Policy {
    let files = Files(vec![("p.zt".to_owned(), POLICY.to_owned())]);
    let options = Options { limits, ..Options::default() };
    let checked = zt_lang::parse(files.sources(), &options).typecheck().unwrap_or_else(|report| panic!("{report}"));
    checked.lower().unwrap_or_else(|report| panic!("{report}")).reading_all()
}

fn narrow() -> Limits {
    Limits {
        request_bytes_max: 1_500,
        depth_max: 9,
        string_bytes_max: 12,
        elements_max: 4,
        request_entities_max: 5,
        ..Limits::default()
    }
}

const STORE: &str = r#"[
    {"type": "User", "id": "bob", "properties": {"level": "low"}, "parents": [{"type": "Team", "id": "t"}]},
    {"type": "Group", "id": "h", "parents": [{"type": "Group", "id": "g"}, {"type": "Group", "id": "i"}]}
]"#;

/// Writes documents.
struct Author<'c> {
    choices: Choices<'c>,
    /// How often parts do not fit: once in so many.
    careless: usize,
}

impl Author<'_> {
    fn errs(&mut self) -> bool {
        self.careless > 0 && self.choices.chance(1, self.careless)
    }

    fn one(&mut self, texts: &[&'static str]) -> String {
        self.choices.text(texts).to_owned()
    }

    /// Members in any order; now and then one is missing, one comes twice, or one is there that nobody knows.
    fn object(&mut self, mut members: Vec<(&'static str, String)>) -> String {
        if self.errs() && !members.is_empty() {
            let at = self.choices.below(members.len());
            members.remove(at);
        }
        if self.errs() && !members.is_empty() {
            let again = members[self.choices.below(members.len())].clone();
            members.push(again);
        }
        if self.choices.chance(1, 6) {
            members.push(("", "[{\"a\":1,\"a\":[]}]".to_owned()));
        }
        for at in (1..members.len()).rev() {
            members.swap(at, self.choices.below(at + 1));
        }
        let members: Vec<String> = members.iter().map(|(key, value)| self.member(key, value)).collect();
        format!("{{{}}}", members.join(","))
    }

    fn member(&mut self, key: &str, value: &str) -> String {
        // The same key, written otherwise.
        match key.chars().next().filter(|_| self.choices.chance(1, 16)) {
            Some(first) => format!(" \"\\u{:04x}{}\" :\n{value} ", u32::from(first), &key[first.len_utf8()..]),
            None => format!("\"{key}\":{value}"),
        }
    }

    fn list(&mut self, max: usize, mut element: impl FnMut(&mut Self) -> String) -> String {
        let count = if self.errs() { self.choices.below(8) } else { self.choices.below(max + 1) };
        let all: Vec<String> = (0..count).map(|_| element(self)).collect();
        format!("[{}]", all.join(","))
    }

    fn odd(&mut self) -> String {
        self.one(&[
            "null",
            "0",
            "\"\"",
            "[]",
            "{}",
            "true",
            "\"a text that is too long\"",
            "[[[[[[[[[]]]]]]]]]",
            "{\"a\"}",
            "1e",
        ])
    }

    fn uid(&mut self, ty: &'static str) -> Vec<(&'static str, String)> {
        let ty = if self.errs() { self.one(&["\"User\"", "\"Nobody\"", "7"]) } else { format!("\"{ty}\"") };
        let id = if self.errs() { self.odd() } else { self.one(&["\"ann\"", "\"bob\"", "\"g\"", "\"h\"", "\"t\""]) };
        vec![("type", ty), ("id", id)]
    }

    fn reference(&mut self) -> String {
        let ty = self.choices.text(&["Group", "Team", "Group", "User"]);
        let uid = self.uid(ty);
        self.object(uid)
    }

    fn value(&mut self, key: &'static str) -> String {
        if self.errs() {
            return self.odd();
        }
        match key {
            "level" => self.one(&["\"low\"", "\"high\"", "\"none\"", "null"]),
            "tags" | "scopes" => self.list(3, |author| author.one(&["\"a\"", "\"b\"", "\"\\u0061\"", "3"])),
            "boss" | "owner" => self.reference(),
            "path" => self.one(&["\"/a\"", "\"a\"", "null"]),
            "ip" => self.one(&["\"10.0.0.1\"", "\"::1\"", "\"10.0.0\"", "1"]),
            "all" => self.list(2, |author| {
                let members =
                    ["x", "y"].map(|key| (key, author.list(2, |author| author.one(&["1", "2", "-0", "1.5"]))));
                author.object(members.to_vec())
            }),
            "parts" => self.list(2, |author| {
                let tags = author.one(&[
                    "{}",
                    "{\"a\":1,\"b\":2}",
                    "{\"b\":1,\"a\":2}",
                    "{\"a\":1,\"\\u0061\":2}",
                    "{\"a\":null}",
                ]);
                let name = author.one(&["\"n\"", "null", "2"]);
                author.object(vec![("tags", tags), ("name", name)])
            }),
            "exp" => self.one(&["1700000000", "\"2026-01-01T00:00:00Z\"", "\"never\""]),
            "sub" => self.one(&["\"x\"", "null", "[]"]),
            "token" => {
                let members = ["sub", "exp", "scopes", "parts"].map(|key| (key, self.value(key)));
                self.object(members.to_vec())
            }
            _ => "0".to_owned(),
        }
    }

    fn attributes(&mut self, declared: &[&'static str]) -> String {
        let mut members = Vec::new();
        for key in declared {
            if self.choices.chance(1, 2) {
                members.push((*key, self.value(key)));
            }
        }
        self.object(members)
    }

    fn entity(&mut self, ty: &'static str, is_named: bool) -> String {
        let mut members = if is_named { self.uid(ty) } else { Vec::new() };
        if self.choices.chance(1, 2) {
            members.push(("properties", self.attributes(&["level", "tags", "boss", "path", "owner"])));
        }
        if self.choices.chance(1, 3) {
            let parents = if self.errs() { self.odd() } else { self.list(3, Self::reference) };
            members.push(("parents", parents));
        }
        self.object(members)
    }

    fn part(&mut self, is_flat: bool) -> Vec<(&'static str, String)> {
        let mut members = Vec::new();
        for (key, ty) in [("subject", "User"), ("resource", "Document")] {
            if is_flat || self.choices.chance(1, 2) {
                let is_named = is_flat || self.choices.chance(1, 4);
                members.push((key, self.entity(ty, is_named)));
            }
        }
        if self.choices.chance(1, 2) {
            members.push(("context", self.attributes(&["token", "ip", "all"])));
        }
        if self.choices.chance(1, 2) {
            let entities = self.list(3, |author| {
                let ty = author.choices.text(&["Group", "Team", "User", "Group"]);
                author.entity(ty, true)
            });
            members.push(("entities", entities));
        }
        members
    }

    fn document(&mut self) -> String {
        let mut members = self.part(true);
        let action = if self.errs() { self.odd() } else { self.one(&["\"read\"", "\"write\"", "\"re\\u0061d\""]) };
        let action = self.object(vec![("name", action)]);
        members.push(("action", action));
        if self.choices.chance(1, 2) {
            let sources: Vec<&'static str> =
                if self.errs() { vec!["idp", "other"] } else { vec!["idp", "client", "pep"] };
            let mut evidence = Vec::new();
            for source in sources {
                if self.choices.chance(2, 3) {
                    let part = self.part(false);
                    evidence.push((source, self.object(part)));
                }
            }
            members.push(("evidence", self.object(evidence)));
        }
        let mut text = self.object(members);
        if self.errs() {
            let at = self.choices.below(text.len());
            text = text.chars().take(at).collect();
        }
        if self.errs() {
            text.push_str(&self.one(&[" ", "}", "0"]));
        }
        text
    }
}

#[test]
fn documents_of_any_order_are_refused_alike() {
    let policy = policy(narrow());
    let entities = Store::from_json(&policy, STORE.as_bytes()).unwrap();
    let machine = Machine::new(&policy, &entities);
    let (mut taken, mut refused, mut sorted) = (0, 0, 0);
    for seed in 0..DOCUMENTS {
        let mut author = Author { choices: Choices::endless(seed), careless: [0, 40, 200][seed as usize % 3] };
        let text = author.document();
        let told = |what| format!("seed {seed}: {what}\n{text}");
        match bound_alike(&machine, &policy, &entities, text.as_bytes()).map_err(told) {
            Ok(Some(_)) => {
                taken += 1;
                sorted += u32::from(text.contains("\"evidence\""));
            }
            Ok(None) => refused += 1,
            Err(what) => panic!("{what}"),
        }
    }
    println!("{taken} taken, {sorted} of them with evidence, {refused} refused");
    assert!(taken > 1_000 && refused > 1_000 && sorted > 200, "{taken} {sorted} {refused}");
}

/// A document that asks the plain question and says this besides.
fn asking(more: &str) -> String {
    format!(
        r#"{{"subject":{{"type":"User","id":"ann"}},"action":{{"name":"read"}},"resource":{{"type":"Document","id":"d"}}{more}}}"#
    )
}

#[test]
fn limits_and_cycles_are_as_they_are() {
    let policy = policy(narrow());
    let entities = Store::from_json(&policy, STORE.as_bytes()).unwrap();
    let machine = Machine::new(&policy, &entities);
    let listed = |count: usize| {
        let all: Vec<String> =
            (0..count).map(|at| format!(r#"{{"type":"User","id":"u{at}","properties":{{}}}}"#)).collect();
        asking(&format!(r#","entities":[{}]"#, all.join(",")))
    };
    let above = |group: &str, parent: &str| {
        asking(&format!(
            r#","entities":[{{"type":"Group","id":"{group}","parents":[{{"type":"Group","id":"{parent}"}}]}}]"#
        ))
    };
    for (text, is_taken) in [
        (asking(""), true),
        (asking(&" ".repeat(1_500)), false),
        (listed(5), true),
        (listed(6), false),
        (asking(r#","entities":[{"type":"User","id":"u"},{"id":"u","type":"User"}]"#), false),
        (asking(r#","entities":[{"type":"User","id":"twelve bytes"}]"#), true),
        (asking(r#","entities":[{"type":"User","id":"thirteen byte"}]"#), false),
        (asking(r#","thirteen byte":1"#), true),
        (asking(r#","context":{"all":[{},{},{},{}]}"#), true),
        (asking(r#","context":{"all":[{},{},{},{},{}]}"#), false),
        (asking(r#","context":{"all":[{"thirteen byte":[]}]}"#), false),
        (asking(r#","context":{"ip":[1,2,3,4,5]}"#), true),
        (asking(r#","x":[[[[[[[[1]]]]]]]]"#), true),
        (asking(r#","x":[[[[[[[[[1]]]]]]]]]"#), false),
        (above("g", "g"), false),
        // The store says that `h` lies in `g` and in `i`, and nothing about these.
        (above("g", "h"), false),
        (above("i", "h"), false),
        (above("k", "h"), true),
        // It alone speaks for `h`.
        (above("h", "k"), true),
        (above("h", "h"), false),
        (asking(r#","context":null,"entities":null"#), false),
        (asking(r#","context":null"#), true),
        (asking(r#","evidence":{}"#), true),
        (asking(r#","evidence":null"#), false),
        (asking("").replace("read", "write"), true),
        (asking(r#","evidence":{}"#).replace("read", "write"), false),
        (asking(r#","evidence":{"idp":{"subject":{"type":"User","id":"ann"}}}"#).replace("read", "write"), true),
        (asking(r#","evidence":{"idp":{"subject":{"type":"User"}}}"#).replace("read", "write"), false),
        (asking(r#","evidence":{"client":{"subject":{"type":"User","id":"ann"}}}"#).replace("read", "write"), false),
        (asking("").replace("User", "Team"), false),
    ] {
        let bound = bound_alike(&machine, &policy, &entities, text.as_bytes());
        assert_eq!(bound.map(|request| request.is_some()), Ok(is_taken), "{text}");
    }
}

#[test]
fn without_memory_a_request_is_invalid() {
    let policy = policy(Limits::default());
    let entities = Store::empty();
    let sets: Vec<String> = (0..1_000).map(|at| format!(r#"{{"a":[{at},2,3],"b":[],"c":[1]}}"#)).collect();
    let groups: Vec<String> = (0..1_000)
        .map(|at| format!(r#"{{"type":"Group","id":"{at}","parents":[{{"type":"Group","id":"x"}}]}}"#))
        .collect();
    let text = asking(&format!(r#","context":{{"all":[{}]}},"entities":[{}]"#, sets.join(","), groups.join(",")));
    let mut refused = 0;
    for more in 0.. {
        let machine = Machine::new(&policy, &entities);
        // Grows to its first size.
        assert!(machine.bind(asking("").as_bytes()));
        machine.make_room(&text);
        allow_pages(pages() as usize + more);
        if machine.bind(text.as_bytes()) {
            break;
        }
        refused += 1;
    }
    println!("{refused} refused");
    assert!(refused > 0);
}
