//! Where tests are filed, what is exact, and sets made to hurt.

use super::super::forced::{Literal, forced_literal};
use super::*;
use crate::id::EnumId;
use crate::value::EnumMember;

fn place(test: Owned) -> (&'static str, bool) {
    let keys = build(&[test]);
    (keys.describe()[0].0, keys.is_exact(0))
}

#[test]
fn patterns_are_filed_by_what_they_say() {
    assert_eq!(place(matches_glob("abc")), ("hash table of values", true));
    assert_eq!(place(matches_glob("abc*")), ("trie of text prefixes", true));
    assert_eq!(place(matches_glob("*abc")), ("trie of text suffixes", true));
    assert_eq!(place(matches_glob("*abc*")), ("automaton of text parts", true));
    assert_eq!(place(matches_glob("*")), ("trie of text prefixes", true));
    assert_eq!(place(matches_glob("ab*c")), ("trie of text prefixes", false));
    assert_eq!(place(matches_glob("a*bc")), ("trie of text suffixes", false));
    assert_eq!(place(matches_glob("a*bc*d")), ("automaton of text parts", false));
    assert_eq!(place(matches_route("/a/{b}/**")), ("trie of routes", true));
    assert_eq!(place(matches_route("/a/**/b")), ("trie of routes", false));
    assert_eq!(place(matches_host("*.a.com")), ("trie of hosts", true));
    assert_eq!(place(Owned::Infix(String::new())), ("trie of text prefixes", true));
    assert_eq!(place(matches_regex("ab|abc")), ("trie of text prefixes", false));
    assert_eq!(place(matches_regex(".*abc.*")), ("automaton of text parts", false));
    assert_eq!(place(matches_regex("a|b")), ("not filed", false));
    assert!(!Keys::supports(&matches_regex("[a-z]+").test()));
    assert!(!Keys::supports(&Owned::Equal(Value::set(vec![])).test()));
}

#[test]
fn literals_are_those_that_the_automaton_forces() {
    let forced = |source| forced_literal(&regex(source));
    let prefix = |text: &str| Some(Literal::Prefix(text.into()));
    let infix = |text: &str| Some(Literal::Infix(text.into()));
    assert_eq!(forced("/api/v[0-9]+/users"), prefix("/api/v"));
    assert_eq!(forced(r"[a-z]+@example\.com"), infix("@example.com"));
    assert_eq!(forced("(?i)abc"), None);
    assert_eq!(forced("[abc]+x?"), None);
    assert_eq!(forced("(abc)?d"), None);
    assert_eq!(forced("(abc|abd)x"), prefix("ab"));
    assert_eq!(forced("(x|y)(abc|zabc)"), infix("abc"));
    assert_eq!(forced("[xy](ab){0,2}"), None);
    assert_eq!(forced("[xy](ab){2}"), infix("ab"));
    assert_eq!(forced("é[à-é]"), prefix("é"), "half a character is no text");
    assert_eq!(forced("[xy]aab+aab"), infix("aab"));
    assert_eq!(forced(""), None);
}

#[test]
fn an_automaton_that_gives_up_forces_nothing_it_did_not_see() {
    let config = dense::Config::new().quit(b'q', true).start_kind(StartKind::Anchored);
    let dfa = dense::Builder::new().configure(config).build(r"\A[a-z]*abc\z").unwrap().to_sparse().unwrap();
    let gives_up = Regex::from_dfa("[a-z]*abc", dfa.to_bytes_little_endian()).unwrap();
    assert_eq!(forced_literal(&gives_up), None);
}

#[test]
fn a_source_that_lies_does_not_mislead() {
    let honest = regex("[a-z]+");
    let lying = Regex::from_dfa("[0-9]secret", honest.bytes().to_vec()).unwrap();
    assert_eq!(forced_literal(&lying), None);
}

#[test]
fn routes_branch() {
    let routes = ["/a/*", "/*/b", "/{x}/{y}", "/a/b", "/a/**", "/**", "/a/b/", "/*/b/**", "/a/*/c", "/", "/*/"];
    let tests: Vec<_> = routes.into_iter().map(matches_route).collect();
    let keys = build(&tests);
    for path in ["/", "/a", "/a/", "/a/b", "/x/b", "/a/x", "/a/b/", "/a/b/c", "/x", "/x/", "/ab", "/a//".trim_end()] {
        let Some(path) = Path::parse(path) else { continue };
        agree(&tests, &keys, &Value::Path(path)).unwrap();
    }
    let path = Value::Path(Path::parse("/a/b").unwrap());
    assert_eq!(hits(&keys, &path), [0, 1, 2, 3, 4, 5, 7]);
}

#[test]
fn routes_with_more_segments_than_can_wait_are_filed_by_the_first() {
    let route = |literals: usize| format!("{}{}", "/a".repeat(literals), "/*".repeat(40 - literals));
    let tests: Vec<_> = (0..=40).map(|literals| matches_route(&route(literals))).collect();
    let keys = build(&tests);
    let path = Value::Path(Path::parse(&"/a".repeat(40)).unwrap());
    assert_eq!(hits(&keys, &path).len(), 41);
    assert!(!keys.is_exact(0));
    let host = |labels: usize| vec!["*"; labels].join(".");
    let tests: Vec<_> = (20..60).map(|labels| matches_host(&host(labels))).collect();
    let keys = build(&tests);
    for labels in [1, 20, 31, 32, 33, 50] {
        let host = crate::value::Host::parse(&vec!["a"; labels].join(".")).unwrap();
        agree(&tests, &keys, &Value::Host(host)).unwrap();
    }
}

#[test]
fn ranges_reach_the_ends_of_their_space() {
    let texts = ["0.0.0.0/0", "255.255.255.255/32", "::/0", "128.0.0.0/1", "0.0.0.0/32", "ffff::/16"];
    let tests: Vec<_> = texts.iter().map(|text| Owned::InRange(IpRange::parse(text).unwrap())).collect();
    let keys = build(&tests);
    let found = |text| hits(&keys, &Value::Ip(crate::value::Ip::parse(text).unwrap()));
    assert_eq!(found("255.255.255.255"), [0, 1, 3]);
    assert_eq!(found("0.0.0.0"), [0, 4]);
    assert_eq!(found("127.255.255.255"), [0]);
    assert_eq!(found("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), [2, 5]);
    assert_eq!(found("::"), [2]);
}

#[test]
fn what_occurs_again_and_again_is_named_once() {
    let mut tests: Vec<_> = (1..40).map(|len| Owned::Infix("a".repeat(len))).collect();
    tests.extend((0..500).map(|at| matches_glob(&format!("{at}*aaaaaaa*x"))));
    let keys = build(&tests);
    let text = string(&"a".repeat(20_000));
    let mut found = Vec::new();
    keys.hits(&text, &mut found);
    assert_eq!(found.len(), 539, "each once");
    assert!(found.capacity() < 4_096, "and no memory for the others");
    agree(&tests, &keys, &text).unwrap();
}

#[test]
fn elements_that_repeat_or_overlap_are_named_once() {
    let ip = |text: &str| Value::Ip(crate::value::Ip::parse(text).unwrap());
    let range = |text| Value::IpRange(IpRange::parse(text).unwrap());
    let tests: Vec<_> = (0..60)
        .map(|last| Owned::HasElement(ip(&format!("10.0.0.{last}"))))
        .chain([Owned::HasElement(ip("::1"))])
        .collect();
    let keys = build(&tests);
    let ranges = Value::set(vec![range("10.0.0.0/8"), range("10.0.0.0/27"), range("10.0.0.4/30"), range("::1/128")]);
    assert_eq!(hits(&keys, &ranges).len(), 61);
    agree(&tests, &keys, &ranges).unwrap();
    let list = Value::List(vec![ip("10.0.0.1"); 100].into());
    assert_eq!(hits(&keys, &list), [1]);
    assert_eq!(hits(&keys, &range("10.0.0.4/30")), [4, 5, 6, 7]);
}

#[test]
fn elements_are_keys_of_maps() {
    let keys = build(&[Owned::HasElement(string("a")), Owned::HasElement(string("b"))]);
    let map = Value::map(vec![("b".into(), Value::Int(1)), ("c".into(), string("a"))]).unwrap();
    assert_eq!(hits(&keys, &map), [1]);
}

#[test]
fn entities_have_types_and_ids() {
    let uid = |ty, id: &str| EntityUid { ty: EntityTypeId::new(ty), id: id.into() };
    let tests = [
        Owned::Equal(Value::Entity(uid(1, "a"))),
        Owned::Equal(Value::Entity(uid(0, "a"))),
        Owned::Equal(Value::Enum(EnumMember { ty: EnumId::new(0), index: 0 })),
    ];
    let keys = build(&tests);
    assert_eq!(hits(&keys, &Value::Entity(uid(1, "a"))), [0]);
    assert_eq!(hits(&keys, &Value::Entity(uid(0, "a"))), [1]);
    assert_eq!(hits(&keys, &Value::Entity(uid(2, "a"))), [0_u32; 0]);
}

#[test]
fn many_equal_texts_are_told_apart() {
    let tests: Vec<_> = (0..20_000).map(|at| Owned::Equal(string(&format!("value-{at}")))).collect();
    let keys = build(&tests);
    for at in (0..20_000).step_by(97) {
        assert_eq!(hits(&keys, &string(&format!("value-{at}"))), [at]);
    }
    assert_eq!(hits(&keys, &string("value-20000")), [0_u32; 0]);
    assert_eq!(keys.describe(), [("hash table of values", 20_000)]);
}

#[test]
fn no_tests_are_never_hit() {
    let keys = build(&[]);
    assert_eq!(hits(&keys, &string("")), [0_u32; 0]);
    assert_eq!(hits(&keys, &Value::Path(Path::parse("/").unwrap())), [0_u32; 0]);
    assert!(keys.describe().is_empty() && !keys.is_exact(0));
}
