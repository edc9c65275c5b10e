//! Globs, hosts, routes and regular expressions.

use proptest::prelude::*;
use regex_automata::dfa::{StartKind, dense};
use zt_eval::pattern::{Glob, HostGlob, Pattern, Regex, Route};
use zt_eval::value::{Host, Path};

use super::super::super::glob::*;
use super::super::super::regex::*;
use super::super::super::route::*;
use super::*;
use crate::tables::patterns;

/// Builds a regex as the compiler does; bytes in `quits` make it give up.
fn regex(source: &str, quits: &str) -> Regex {
    let mut config = dense::Config::new().start_kind(StartKind::Anchored);
    for byte in quits.bytes() {
        config = config.quit(byte, true);
    }
    let dense = dense::Builder::new().configure(config).build(&format!(r"\A(?:{source})\z")).unwrap();
    Regex::from_dfa(source, dense.to_sparse().unwrap().to_bytes_little_endian()).unwrap()
}

/// The truth of a pattern on a value, by the routine and by `zt-eval`.
fn truths(pattern: &Pattern, value: &Value) -> (Truth, Truth) {
    let [cell] = given([&known(value)]);
    let table = put(&patterns::pattern(pattern).unwrap());
    let found = match pattern {
        Pattern::Glob(_) => is_like_glob(table, cell),
        Pattern::Route(_) => is_like_route(table, cell),
        Pattern::HostGlob(_) => is_like_host(table, cell),
        Pattern::Regex(_) => is_like_regex(table, cell),
    };
    (truth(found), truth_of(pattern.matches(value)))
}

fn check(pattern: Pattern, value: &Value) -> Result<(), TestCaseError> {
    let (found, expected) = truths(&pattern, value);
    prop_assert_eq!(found, expected, "{:?} {:?}", pattern, value);
    Ok(())
}

fn check_route(text: &str, path: &str) -> Result<(), TestCaseError> {
    let (Ok(route), Some(path)) = (Route::parse(text), Path::parse(path)) else {
        return Ok(());
    };
    let value = Value::Path(path.clone());
    check(Pattern::Route(route.clone()), &value)?;
    let [cell, other] = given([&known(&value), &known(&Value::String("/a".into()))]);
    let table = put(&patterns::route(&route));
    for index in 0..4 {
        let expected = route.capture(&path, index).map(Value::String);
        prop_assert_eq!(datum(capture_of(table, cell, index as i32)), Datum::from(expected), "{} {}", text, path);
        prop_assert_eq!(capture_of(table, other, index as i32), CELL_UNKNOWN);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn globs_match(glob in "[ab*]{0,8}", text in "[ab]{0,12}") {
        check(Pattern::Glob(Glob::parse(&glob).unwrap()), &Value::String(text.into()))?;
    }

    #[test]
    fn hosts_match(glob in "(\\*|a|b|aa)(\\.(\\*|a|b|aa)){0,3}", host in "[ab]{1,2}(\\.[ab]{1,2}){0,3}") {
        let host = Value::Host(Host::parse(&host).unwrap());
        check(Pattern::HostGlob(HostGlob::parse(&glob).unwrap()), &host)?;
    }

    #[test]
    fn routes_match_and_capture(
        segments in prop::collection::vec(
            prop::sample::select(vec!["a", "b", "*", "**", "{x}", "{y}", "{z}", "%20", ""]), 1..6),
        path in "(/[ab ]{1,2}){0,6}/?",
    ) {
        check_route(&format!("/{}", segments.join("/")), &path)?;
    }

    #[test]
    fn regexes_match(
        source in prop::sample::select(vec![
            "", "a*b", "(a|b)*abb", "[a-c]{2,4}", "a|bc|abc", "(?:é|a)+", ".*b.*", "[^a]*", r"\p{L}+", "(ab){3}|a{5}",
            "(?i)ab+", "a$|b", "[a-z]+-[0-9]+", "x{20}", "a?b?c?a?b?c?",
        ]),
        text in "[abcéß1-]{0,7}",
    ) {
        check(Pattern::Regex(regex(source, "")), &Value::String(text.into()))?;
    }

    #[test]
    fn regexes_give_up(source in "[abc]{1,3}(\\|[abc]{1,3})?[*+]?", text in "[abc]{0,4}") {
        check(Pattern::Regex(regex(&source, "c")), &Value::String(text.into()))?;
    }
}

#[test]
fn patterns_are_unknown_for_other_kinds() {
    let host = Value::Host(Host::parse("a").unwrap());
    let patterns = [
        Pattern::Glob(Glob::parse("*").unwrap()),
        Pattern::Route(Route::parse("/**").unwrap()),
        Pattern::Regex(regex(".*", "")),
        Pattern::HostGlob(HostGlob::parse("*").unwrap()),
    ];
    let found = patterns.map(|pattern| {
        let (found, expected) = truths(&pattern, &host);
        assert_eq!(found, expected);
        found
    });
    assert_eq!(found, [Truth::Unknown, Truth::Unknown, Truth::Unknown, Truth::True]);
}

#[test]
fn addresses_are_hosts_without_labels() {
    let mut found = Vec::new();
    for (glob, host) in [("*", "[::1]"), ("[::1]", "[::1]"), ("*.*.*.*", "10.0.0.1"), ("*", "10.0.0.1"), ("a.*", "a")] {
        let pattern = Pattern::HostGlob(HostGlob::parse(glob).unwrap());
        let (truth, expected) = truths(&pattern, &Value::Host(Host::parse(host).unwrap()));
        assert_eq!(truth, expected, "{glob} {host}");
        found.push(truth);
    }
    assert_eq!(found, [Truth::False, Truth::True, Truth::True, Truth::False, Truth::False]);
}

#[test]
fn routes_match_by_whole_segments() {
    for route in ["/", "/**", "/*", "/a", "/a/", "/a/**", "/**/a", "/a/**/b", "/{x}/**/{y}", "/{x}", "/a/**/"] {
        for path in ["/", "/a", "/a/", "/a/b", "/ab", "/a/b/", "/a/x/b", "/b/a", "/a/a/b/b", "/a%20b"] {
            check_route(route, path).unwrap();
        }
    }
}

#[test]
fn tables_of_regexes_are_small_and_wide_ones_work() {
    let literal = patterns::regex(&regex("red", "")).unwrap();
    // Three letters, the end: rows of three runs, and one of one.
    assert_eq!(literal.len(), 4 + 3 * (2 + 2 + 6) + (2 + 2));
    let merged = patterns::regex(&regex("(a|b|c)x|[d-f]x", "")).unwrap();
    assert_eq!(merged.len(), 4 + (2 + 2 + 6) + (2 + 2 + 6) + (2 + 2));

    let source = r"(\p{L}{1,9}-){6}";
    let wide = regex(source, "");
    let table = patterns::regex(&wide).unwrap();
    assert_eq!(table.first(), Some(&2), "{} bytes", table.len());
    for text in ["a-b-c-d-e-f-", "a-b-c-d-e-f", "é-ßß-Ωω-日本-x-y-", "a-b-c-d-e-1-", ""] {
        let value = Value::String(text.into());
        let (found, expected) = truths(&Pattern::Regex(wide.clone()), &value);
        assert_eq!(found, expected, "{text}");
    }
}
