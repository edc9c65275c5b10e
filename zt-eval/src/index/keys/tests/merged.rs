//! Patterns that are put together against asking them one by one.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::index::keys::automata::Automaton;
use crate::index::keys::merging::{Merging, merge};
use crate::index::keys::parts::draft;
use crate::value::Text;

/// What every automaton of the tests says of a text must be what its patterns say.
fn agree_merged(tests: &[Owned], texts: &[String]) -> Result<Merging, String> {
    let merging = merge(&tests.iter().map(Owned::test).collect::<Vec<_>>());
    for of in &merging.automata {
        let own: Vec<Owned> = of.members.iter().map(|member| tests[*member as usize].clone()).collect();
        assert!(of.members.is_sorted_by(|a, b| a < b));
        for text in texts {
            agree(&own, &of.keys, &string(text))?;
        }
    }
    let mut members: Vec<u32> = merging.automata.iter().flat_map(|of| of.members.clone()).collect();
    let count = members.len();
    members.sort_unstable();
    members.dedup();
    assert_eq!(members.len(), count, "a pattern is in one automaton at most");
    Ok(merging)
}

fn automaton(pattern: &Owned, key: u32) -> Automaton {
    let Owned::Matches(pattern) = pattern else { panic!("no pattern") };
    Automaton::of(&draft(pattern).unwrap(), key)
}

#[test]
fn patterns_that_begin_apart_become_one_automaton() {
    let tests: Vec<_> = (0..200).map(|at| matches_regex(&format!("(?i)team-{at}-[a-z]+"))).collect();
    let texts: Vec<_> = (0..210).map(|at| format!("TEAM-{at}-blue")).chain(["team-7-".to_owned()]).collect();
    let merging = agree_merged(&tests, &texts).unwrap();
    assert_eq!(merging.unfiled.len(), 200);
    assert_eq!(merging.automata.len(), 1);
    assert_eq!(merging.automata[0].keys.merged(), Some(200));
    assert_eq!(hits(&merging.automata[0].keys, &string("team-11-x")).len(), 1);
    // A row has a few dozen columns of four bytes; the patterns have some ten states each.
    assert!(merging.automata[0].keys.bytes() < 200 * 16 * 512, "{}", merging.automata[0].keys.bytes());
}

#[test]
fn products_that_would_explode_are_given_up() {
    // Which of these letters are in a text takes a state for each set of them.
    let tests: Vec<_> = ('a'..='z').map(|letter| matches_regex(&format!("[a-z]*{letter}[a-z]*"))).collect();
    let texts = ["", "a", "abc", "zyx", "thequickbrownfoxjumpsoverthelazydog", "abc1"].map(str::to_owned);
    let merging = agree_merged(&tests, &texts).unwrap();
    let largest = merging.automata.iter().map(|of| of.members.len()).max().unwrap_or(0);
    assert!(largest < 8, "{largest}");
    let mut whole = automaton(&tests[0], 0);
    let fits = (1..).zip(&tests[1..]).take_while(|(key, test)| {
        let product = whole.product(&automaton(test, *key));
        product.map(|product| whole = product).is_some()
    });
    assert!(fits.count() < 8);
}

#[test]
fn what_has_a_good_literal_is_left_where_it_is() {
    let mut tests: Vec<_> = (0..100).map(|at| matches_glob(&format!("*word{at:03}x*y"))).collect();
    tests.extend(["*abcd*", "abcd*", "abcd"].map(matches_glob));
    let merging = merge(&tests.iter().map(Owned::test).collect::<Vec<_>>());
    assert!(merging.automata.is_empty() && merging.unfiled.is_empty());
}

#[test]
fn a_literal_that_many_share_tells_nothing() {
    let tests: Vec<_> = (0..100).map(|at| matches_glob(&format!("report-*-q{at:02}"))).collect();
    // Their ends are shorter than what they begin with.
    let texts = ["report--q07", "report-x-q99", "report-q07", "report-a-q07-q08", "x"];
    let merging = agree_merged(&tests, &texts.map(str::to_owned)).unwrap();
    assert_eq!(merging.automata.len(), 1);
    let keys = &merging.automata[0].keys;
    assert_eq!(hits(keys, &string("report-a-q07-q08")), [8]);
    assert_eq!(hits(keys, &string("report-q07")), [] as [u32; 0]);
}

#[test]
fn automata_that_give_up_stay_alone() {
    let config = dense::Config::new().start_kind(StartKind::Anchored).unicode_word_boundary(true);
    let dense = dense::Builder::new().configure(config).build(r"\A(?:[a-z ]*\b[0-9]+)\z").unwrap();
    let quits = Regex::from_dfa("q", dense.to_sparse().unwrap().to_bytes_little_endian()).unwrap();
    assert_eq!(quits.is_match("é"), None);
    assert!(draft(&Pattern::Regex(quits)).is_none());
    let mut long = String::new();
    (0..100).for_each(|at| write!(long, "a{at}*").unwrap());
    assert!(draft(&Pattern::Glob(Glob::parse(&long).unwrap())).is_none());
}

#[test]
fn work_stays_linear() {
    // Twice the patterns, twice the cells: groups do not depend on how many there are.
    let bytes = |count: usize| {
        let letter = |at: usize| char::from(b'a' + u8::try_from(at % 26).unwrap());
        let source = |at| format!("[a-z]*{}[0-9]*{}[a-z]*", letter(at), letter(at / 26));
        let tests: Vec<_> = (0..count).map(|at| matches_regex(&source(at))).collect();
        let merging = merge(&tests.iter().map(Owned::test).collect::<Vec<_>>());
        merging.automata.iter().map(|of| of.keys.bytes()).sum::<usize>()
    };
    let (few, many) = (bytes(300), bytes(600));
    assert!(few > 0 && many < 3 * few, "{few} {many}");
}

fn source() -> impl Strategy<Value = Owned> {
    let glob = "[ab]?\\*[abé]{0,2}\\*?[ab]{0,2}\\*?[ab]?".prop_map(|glob| matches_glob(&glob));
    let parts = [
        "a",
        "b",
        "é",
        "[ab]+",
        ".",
        ".*",
        "a*",
        "b?",
        "(ab|ba)",
        "(ab){2}",
        "(?i:a)",
        "(?s:.)",
        r"(?-u:\b)",
        "(?m:^)",
        "(?m:$)",
    ];
    let regex = prop::collection::vec(prop::sample::select(parts.to_vec()), 0..6);
    prop_oneof![glob, regex.prop_map(|parts| matches_regex(&parts.concat()))]
}

proptest! {
    #[test]
    fn merged_patterns_agree(
        patterns in prop::collection::vec(source(), 0..40),
        texts in prop::collection::vec(prop_oneof![4 => "[abé]{0,8}", 1 => "[aA\\n ]{0,5}", 1 => any::<String>()], 1..8),
    ) {
        let mut tests = Vec::new();
        for pattern in patterns {
            if !tests.contains(&pattern) {
                tests.push(pattern);
            }
        }
        agree_merged(&tests, &texts).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn products_agree_whatever_is_put_together(
        patterns in prop::collection::vec(source(), 1..5),
        texts in prop::collection::vec(prop_oneof!["[abé]{0,8}", "[aA\\n ]{0,5}"], 1..8),
    ) {
        let single = |(key, pattern): (u32, &Owned)| match pattern {
            Owned::Matches(pattern) => draft(pattern).map(|draft| Automaton::of(&draft, key)),
            _ => None,
        };
        let parts: Vec<Automaton> = (0..).zip(&patterns).filter_map(single).collect();
        // A glob without a wildcard has no automaton here.
        let drafted: Vec<&Owned> = patterns.iter().filter(|pattern| single((0, pattern)).is_some()).collect();
        let Some(whole) = parts.iter().skip(1).try_fold(parts.first().cloned(), |whole, part| {
            Some(Some(whole?.product(part)?))
        }).flatten() else { return Ok(()) };
        for text in &texts {
            let mut found = Vec::new();
            whole.hits(text, &mut found);
            found.sort_unstable();
            let text = Value::String(Text::from(text.as_str()));
            let expected: Vec<u32> = (0..).zip(&patterns).filter(|(_, pattern)| {
                drafted.contains(pattern) && pattern.holds(&text) == Some(true)
            }).map(|(key, _)| key).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
