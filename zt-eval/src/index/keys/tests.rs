//! Every structure against asking the tests one by one.

mod merged;
mod places;
mod properties;

use std::collections::BTreeSet;

use regex_automata::dfa::{StartKind, dense};

use super::*;
use crate::id::EntityTypeId;
use crate::pattern::{Glob, HostGlob, Regex, Route};
use crate::value::{EntityUid, contains, equal, starts_with};

/// A test that owns its constant.
#[derive(Clone, PartialEq, Debug)]
enum Owned {
    Equal(Value),
    HasElement(Value),
    InRange(IpRange),
    Prefix(String),
    Suffix(String),
    Infix(String),
    PathPrefix(Path),
    Matches(Pattern),
}

impl Owned {
    fn test(&self) -> Test<'_> {
        match self {
            Self::Equal(value) => Test::Equal(value),
            Self::HasElement(value) => Test::HasElement(value),
            Self::InRange(range) => Test::InRange(*range),
            Self::Prefix(text) => Test::Prefix(text),
            Self::Suffix(text) => Test::Suffix(text),
            Self::Infix(text) => Test::Infix(text),
            Self::PathPrefix(path) => Test::PathPrefix(path),
            Self::Matches(pattern) => Test::Matches(pattern),
        }
    }

    /// What the language says of the test; `None` where it is unknown, as for values of another kind.
    fn holds(&self, value: &Value) -> Option<bool> {
        match (self, value) {
            (Self::Equal(constant), _) => equal(value, constant),
            // What text contains are infixes.
            (Self::HasElement(_), Value::String(_)) => None,
            (Self::HasElement(element), _) => contains(value, element),
            (Self::InRange(range), _) => contains(&Value::IpRange(*range), value),
            (Self::Prefix(text), _) => starts_with(value, &Value::String(text.as_str().into())),
            (Self::Suffix(text), _) => crate::value::ends_with(value, &Value::String(text.as_str().into())),
            (Self::Infix(part), Value::String(_)) => contains(value, &Value::String(part.as_str().into())),
            (Self::PathPrefix(path), _) => starts_with(value, &Value::Path(path.clone())),
            (Self::Matches(pattern), _) => pattern.matches(value),
            _ => None,
        }
    }
}

/// Builds a regex as the compiler does.
fn regex(source: &str) -> Regex {
    let config = dense::Config::new().start_kind(StartKind::Anchored);
    let dense = dense::Builder::new().configure(config).build(&format!(r"\A(?:{source})\z")).unwrap();
    Regex::from_dfa(source, dense.to_sparse().unwrap().to_bytes_little_endian()).unwrap()
}

fn matches_glob(text: &str) -> Owned {
    Owned::Matches(Pattern::Glob(Glob::parse(text).unwrap()))
}

fn matches_route(text: &str) -> Owned {
    Owned::Matches(Pattern::Route(Route::parse(text).unwrap()))
}

fn matches_host(text: &str) -> Owned {
    Owned::Matches(Pattern::HostGlob(HostGlob::parse(text).unwrap()))
}

fn matches_regex(source: &str) -> Owned {
    Owned::Matches(Pattern::Regex(regex(source)))
}

fn string(text: &str) -> Value {
    Value::String(text.into())
}

fn build(tests: &[Owned]) -> Keys {
    Keys::build(&tests.iter().map(Owned::test).collect::<Vec<_>>())
}

/// The keys that a value hits, ascending; fails when one is named twice, or what was there before is touched.
fn hits(keys: &Keys, value: &Value) -> Vec<u32> {
    let mut found = vec![u32::MAX, 0];
    keys.hits(value, &mut found);
    assert_eq!(found[..2], [u32::MAX, 0]);
    let distinct: BTreeSet<_> = found[2..].iter().copied().collect();
    assert_eq!(distinct.len(), found.len() - 2, "a key is named twice: {found:?}");
    distinct.into_iter().collect()
}

/// Compares what a value hits with what each test says.
fn agree(tests: &[Owned], keys: &Keys, value: &Value) -> Result<(), String> {
    let hits = hits(keys, value);
    for (key, test) in (0..).zip(tests) {
        let hit = hits.binary_search(&key).is_ok();
        let holds = test.holds(value);
        let is_right = match holds {
            Some(true) => hit,
            Some(false) => !hit || !keys.is_exact(key),
            None => true,
        };
        if !is_right {
            return Err(format!("{test:?} of {value:?}: {holds:?}, hit: {hit}, exact: {}", keys.is_exact(key)));
        }
    }
    Ok(())
}
