use proptest::prelude::*;
use regex_automata::dfa::dense;

use super::*;
use crate::value::{Host, Path};

/// Builds a regex as the compiler does.
fn regex(source: &str) -> Regex {
    let config = dense::Config::new().start_kind(regex_automata::dfa::StartKind::Anchored);
    let dense = dense::Builder::new().configure(config).build(&format!(r"\A(?:{source})\z")).unwrap();
    let sparse = dense.to_sparse().unwrap();
    Regex::from_dfa(source, sparse.to_bytes_little_endian()).unwrap()
}

#[test]
fn malformed_patterns_name_their_place() {
    let glob = |text| Glob::parse(text).unwrap_err();
    assert_eq!(glob("ab{c"), PatternError::BraceInText { offset: 2 });
    assert_eq!(glob(r"a\d"), PatternError::UnknownEscape { offset: 1 });
    assert_eq!(glob("a\\"), PatternError::UnknownEscape { offset: 1 });
    let route = |text| Route::parse(text).unwrap_err();
    assert_eq!(route("a"), PatternError::NoLeadingSlash);
    assert_eq!(route("/a//b"), PatternError::EmptySegment { offset: 3 });
    assert_eq!(route("/**/a/**"), PatternError::SecondRest { offset: 6 });
    assert_eq!(route("/a/b*"), PatternError::PartialWildcard { offset: 4 });
    assert_eq!(route("/a/x{b}"), PatternError::PartialWildcard { offset: 4 });
    assert_eq!(route("/***"), PatternError::PartialWildcard { offset: 1 });
    assert_eq!(route("/{a}/{}"), PatternError::CaptureName { offset: 6 });
    assert_eq!(route("/{a-b}"), PatternError::CaptureName { offset: 2 });
    assert_eq!(route("/{a}/{a}"), PatternError::DuplicateCapture { name: "a".into(), offset: 6 });
    assert_eq!(route("/a/.."), PatternError::Segment { offset: 3 });
    assert_eq!(route("/a/b?c"), PatternError::Segment { offset: 3 });
    assert_eq!(route(r"/a/b\\c"), PatternError::Segment { offset: 3 });
    assert_eq!(route(r"/a/b\c"), PatternError::UnknownEscape { offset: 4 });
    let host = |text| HostGlob::parse(text).unwrap_err();
    assert_eq!(host("*.ex*.com"), PatternError::PartialWildcard { offset: 4 });
    assert_eq!(host("a..com"), PatternError::Label { offset: 2 });
    assert_eq!(host("a.com."), PatternError::Label { offset: 6 });
    assert_eq!(host("a.com:80"), PatternError::Label { offset: 2 });
    assert_eq!(host("127.1"), PatternError::Host);
    assert_eq!(host("[::1]:80"), PatternError::Host);
}

#[test]
fn globs() {
    let matches = |glob, text| Glob::parse(glob).unwrap().matches(text);
    assert!(matches("", "") && matches("*", "") && matches("**", "x") && matches("a*a", "aa"));
    assert!(!matches("", "x") && !matches("a*a", "a") && !matches("*ab*ab*", "aab"));
    assert!(matches(r"\{\*\\\}", r"{*\}"));
    assert_eq!(Glob::parse("a**b*").unwrap().pieces(), ["a", "b", ""]);
    assert_eq!(Glob::parse(r"**\*").unwrap().to_string(), r"*\*");
}

#[test]
fn routes() {
    let matches = |route, path| Route::parse(route).unwrap().matches(&Path::parse(path).unwrap());
    assert!(
        matches("/a/**", "/a") && matches("/a/**", "/a/") && matches("/a/**", "/a/b/c") && !matches("/a/**", "/ab")
    );
    assert!(matches("/**", "/") && matches("/", "/") && !matches("/*", "/") && !matches("/a", "/a/"));
    assert!(matches("/a/*/", "/a/b/") && !matches("/a/*", "/a/"));
    assert!(matches("/a%2Db", "/a-b") && matches(r"/\*%3f", "/*%3F") && !matches(r"/\*", "/a"));
    assert!(matches("/a/**/b", "/a/b") && matches("/a/**/b", "/a/x/b") && !matches("/a/**/a", "/a"));
    let route = Route::parse("/{first}/x/**/{last}/y").unwrap();
    let path = Path::parse("/1/x/2/3/4/y").unwrap();
    assert_eq!(route.names().collect::<Vec<_>>(), ["first", "last"]);
    assert_eq!(route.captures(&path).unwrap(), ["1".into(), "4".into()]);
    assert_eq!(route.capture(&path, 1).as_deref(), Some("4"));
    assert_eq!(route.capture(&path, 2), None);
    assert_eq!(route.capture(&Path::parse("/1/x/y").unwrap(), 0), None);
}

#[test]
fn host_globs() {
    let matches = |glob, host| HostGlob::parse(glob).unwrap().matches(&Host::parse(host).unwrap());
    assert!(matches("*.Example.com", "a.example.COM:80") && matches("[::1]", "[0::1]:80") && matches("*", "a"));
    assert!(!matches("*.example.com", "example.com") && !matches("*.com", "a.b.com") && !matches("*", "[::1]"));
}

#[test]
fn regexes_match_whole_texts() {
    let cases = [
        (r"[a-z]+-\d{2}", "abc-12", true),
        (r"[a-z]+-\d{2}", "abc-123", false),
        ("a|ab", "ab", true),
        ("a*?", "aaa", true),
        ("", "", true),
        ("", "é", false),
        (".", "é", true),
        (r"(?-u:\w)+", "é", false),
        (r"^a$", "a", true),
        ("(?s).*", "any\nthing", true),
    ];
    for (source, text, expected) in cases {
        assert_eq!(regex(source).is_match(text), Some(expected), "{source} {text}");
    }
}

#[test]
fn a_quit_state_gives_no_answer() {
    let config = dense::Config::new().quit(b'x', true).start_kind(regex_automata::dfa::StartKind::Anchored);
    let dfa = dense::Builder::new().configure(config).build(r"\A.*\z").unwrap().to_sparse().unwrap();
    let regex = Regex::from_dfa(".*", dfa.to_bytes_little_endian()).unwrap();
    assert_eq!(regex.is_match("ab"), Some(true));
    assert_eq!(regex.is_match("axb"), None);
}

#[test]
fn patterns_take_their_kind_only() {
    let pattern = Pattern::Glob(Glob::parse("a*").unwrap());
    assert_eq!(pattern.matches(&Value::String("ab".into())), Some(true));
    assert_eq!(pattern.matches(&Value::Path(Path::parse("/a").unwrap())), None);
}

/// Stars as recursion, straight from the definition.
fn naive_glob(glob: &[char], text: &[char]) -> bool {
    match (glob, text) {
        ([], _) => text.is_empty(),
        (['*', rest @ ..], _) => (0..=text.len()).any(|skipped| naive_glob(rest, &text[skipped..])),
        ([c, rest @ ..], [first, behind @ ..]) => c == first && naive_glob(rest, behind),
        (_, []) => false,
    }
}

fn naive_route(route: &[&str], path: &[&str]) -> bool {
    match (route, path) {
        ([], _) => path.is_empty(),
        (["**", rest @ ..], _) => (0..=path.len()).any(|skipped| naive_route(rest, &path[skipped..])),
        ([segment, rest @ ..], [first, behind @ ..]) => {
            let is_wild = *segment == "*" || segment.starts_with('{');
            (if is_wild { !first.is_empty() } else { segment == first }) && naive_route(rest, behind)
        }
        (_, []) => false,
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

proptest! {
    #[test]
    fn globs_agree_with_their_definition(glob in "[ab*é]{0,8}", text in "[abé]{0,10}") {
        let parsed = Glob::parse(&glob).unwrap();
        prop_assert_eq!(parsed.matches(&text), naive_glob(&chars(&glob), &chars(&text)));
    }

    #[test]
    fn routes_agree_with_their_definition(
        head in prop::collection::vec(prop_oneof!["a", "b", Just("*".into()), Just("{x}".into())], 0..4),
        tail in prop::option::of(prop::collection::vec(prop_oneof!["a", "b", Just("*".into())], 0..3)),
        slash: bool,
        path in "(/[ab]){0,6}/?",
    ) {
        let mut segments: Vec<String> = head;
        segments.extend(tail.into_iter().flat_map(|tail: Vec<String>| ["**".to_owned()].into_iter().chain(tail)));
        if slash || segments.is_empty() {
            segments.push(String::new());
        }
        let text = format!("/{}", segments.join("/"));
        let (Ok(route), Some(path)) = (Route::parse(&text), Path::parse(&path)) else { return Ok(()) };
        let [segments, texts]: [Vec<&str>; 2] = [segments.iter().map(|s| &**s).collect(), path.segments().collect()];
        prop_assert_eq!(route.matches(&path), naive_route(&segments, &texts), "{} {}", text, path);
        prop_assert_eq!(route.captures(&path).map(|c| c.len()), route.matches(&path).then(|| route.names().count()));
    }

    #[test]
    fn pattern_text_round_trips(text in prop_oneof![any::<String>(), "[/ab*{}\\\\%2F.;]{0,12}", "(/(\\*|\\*\\*|\\{[a-z]\\}|[a-z%]|%3[0-9]|\\\\\\*){0,2}){0,4}"]) {
        if let Ok(glob) = Glob::parse(&text) {
            prop_assert_eq!(Glob::parse(&glob.to_string()), Ok(glob));
        }
        if let Ok(route) = Route::parse(&text) {
            prop_assert_eq!(Route::parse(&route.to_string()), Ok(route));
        }
        if let Ok(host) = HostGlob::parse(&text) {
            prop_assert_eq!(HostGlob::parse(&host.to_string()), Ok(host));
        }
    }

    #[test]
    fn hostile_automata_give_an_answer(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        text in "[a-z0-9é-]{0,12}",
    ) {
        let good = regex("[a-z]+(-[0-9]{2})?");
        let mut bytes = good.bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(regex) = Regex::from_dfa("x", bytes) {
            let _ = regex.is_match(&text);
        }
    }

    #[test]
    fn serial_forms_round_trip(glob in "[ab*]{0,6}", route in "(/[a-c*]){1,4}", host in "([a-c*]\\.){0,3}[a-c]") {
        let patterns = [
            Glob::parse(&glob).map(Pattern::Glob),
            Route::parse(&route).map(Pattern::Route),
            HostGlob::parse(&host).map(Pattern::HostGlob),
            Ok(Pattern::Regex(regex("ab?"))),
        ];
        for pattern in patterns {
            let pattern = pattern.unwrap();
            let bytes = postcard::to_stdvec(&pattern).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Pattern>(&bytes), Ok(pattern));
        }
    }
}
