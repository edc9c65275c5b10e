//! Where each test is filed, and whether being found there means that it holds.
//!
//! A pattern that says more than its place can hold is filed by a part of it that every match must have.

use std::borrow::Cow;

use super::Test;
use super::forced::{Literal, forced_literal};
use super::infix::LITERAL_LEN_MAX;
use super::trie::{Accept, WILD, WILD_MAX};
use crate::pattern::{Glob, HostGlob, HostLabel, Pattern, Route, RouteSegment};
use crate::value::{IpRange, Path, Value};

/// A test's place.
pub(super) struct Filed<'p> {
    pub place: Place<'p>,
    /// Whether the test is true of exactly the values that find it there.
    pub is_exact: bool,
}

/// The structure that finds a test, and what it finds it by.
pub(super) enum Place<'p> {
    Equal(Value),
    Element(Value),
    Range(IpRange),
    Prefix(Cow<'p, [u8]>, Accept),
    Suffix(Cow<'p, [u8]>, Accept),
    Infix(Cow<'p, [u8]>),
    Path(Cow<'p, [u8]>, Accept),
    Host(Cow<'p, [u8]>, Accept),
}

/// Where the test is filed; `None` when there is no place for it.
pub(super) fn file<'p>(test: &Test<'p>) -> Option<Filed<'p>> {
    let place = match *test {
        Test::Equal(value) => Place::Equal(scalar(value)?),
        Test::HasElement(value) => Place::Element(scalar(value)?),
        Test::InRange(range) => Place::Range(range),
        Test::Prefix(text) => prefix(text),
        Test::Suffix(text) => suffix(text),
        Test::Infix(text) => return Some(infix(text)),
        Test::PathPrefix(path) => path_prefix(path),
        Test::Matches(Pattern::Glob(glob)) => return Some(glob_place(glob)),
        Test::Matches(Pattern::Route(route)) => return Some(route_place(route)),
        Test::Matches(Pattern::HostGlob(glob)) => return Some(host_place(glob)),
        Test::Matches(Pattern::Regex(regex)) => {
            let place = match forced_literal(regex)? {
                Literal::Prefix(text) => Place::Prefix(text.into_bytes().into(), Accept::Any),
                Literal::Infix(text) => Place::Infix(text.into_bytes().into()),
            };
            return Some(Filed { place, is_exact: false });
        }
    };
    Some(Filed { place, is_exact: true })
}

/// The value if it is a scalar: the language's equality of two scalars of one kind is sameness, and never that of others.
fn scalar(value: &Value) -> Option<Value> {
    let is_scalar = !matches!(value, Value::Set(_) | Value::List(_) | Value::Map(_) | Value::Record(_));
    is_scalar.then(|| value.clone())
}

fn prefix(text: &str) -> Place<'_> {
    Place::Prefix(text.as_bytes().into(), Accept::Any)
}

fn suffix(text: &str) -> Place<'_> {
    Place::Suffix(text.as_bytes().into(), Accept::Any)
}

fn infix(text: &str) -> Filed<'_> {
    // What is in every text leads every text; a literal without bytes is no work for an automaton.
    let place = if text.is_empty() { prefix(text) } else { Place::Infix(text.as_bytes().into()) };
    Filed { place, is_exact: text.len() <= LITERAL_LEN_MAX }
}

fn path_prefix(path: &Path) -> Place<'_> {
    let text = path.as_str();
    let accept = if text.ends_with('/') { Accept::Any } else { Accept::Boundary };
    Place::Path(text.as_bytes().into(), accept)
}

fn glob_place(glob: &Glob) -> Filed<'_> {
    let exact = |place| Filed { place, is_exact: true };
    match glob.pieces() {
        [text] => exact(Place::Equal(Value::String(text.as_str().into()))),
        [text, last] if last.is_empty() => exact(prefix(text)),
        [first, text] if first.is_empty() => exact(suffix(text)),
        [first, text, last] if first.is_empty() && last.is_empty() => infix(text),
        [first, middle @ .., last] => {
            let middle = middle.iter().max_by_key(|piece| piece.len()).map_or("", |piece| piece);
            // An end is found with less work than what is in between.
            let place = if first.len() >= last.len().max(middle.len()) {
                prefix(first)
            } else if last.len() >= middle.len() {
                suffix(last)
            } else {
                infix(middle).place
            };
            Filed { place, is_exact: false }
        }
        // A glob has a piece.
        [] => Filed { place: prefix(""), is_exact: false },
    }
}

/// A route is filed by what stands before `**`, and by its first segments when it has many.
fn route_place(route: &Route) -> Filed<'_> {
    let head = route.head();
    let mut text = Vec::new();
    for segment in head.iter().take(WILD_MAX) {
        text.push(b'/');
        match segment {
            RouteSegment::Literal(literal) => text.extend_from_slice(literal.as_bytes()),
            RouteSegment::Any | RouteSegment::Capture(_) => text.push(WILD),
        }
    }
    let is_whole = head.len() <= WILD_MAX;
    let accept = if is_whole && route.tail().is_none() { Accept::End } else { Accept::Boundary };
    let is_exact = is_whole && route.tail().is_none_or(<[_]>::is_empty);
    Filed { place: Place::Path(text.into(), accept), is_exact }
}

/// A host pattern is filed by its labels, or its last ones when it has many.
fn host_place(glob: &HostGlob) -> Filed<'_> {
    let labels = glob.labels();
    let last = labels.get(labels.len().saturating_sub(WILD_MAX)..).unwrap_or_default();
    let mut text = Vec::new();
    for (at, label) in last.iter().enumerate() {
        if at > 0 {
            text.push(b'.');
        }
        match label {
            HostLabel::Literal(literal) => text.extend_from_slice(literal.as_bytes()),
            HostLabel::Any => text.push(WILD),
        }
    }
    let is_exact = last.len() == labels.len();
    let accept = if is_exact { Accept::End } else { Accept::Any };
    Filed { place: Place::Host(text.into(), accept), is_exact }
}

#[cfg(feature = "codegen")]
impl From<Option<&Place<'_>>> for crate::index::export::Filing {
    fn from(place: Option<&Place<'_>>) -> Self {
        use crate::index::export::Rest;
        let rest = |accept: &Accept| match accept {
            Accept::End => Rest::Nothing,
            Accept::Boundary => Rest::Segments,
            Accept::Any => Rest::Anything,
        };
        match place {
            None => Self::Always,
            Some(Place::Equal(value)) => Self::Equal(value.clone()),
            Some(Place::Element(value)) => Self::Element(value.clone()),
            Some(Place::Range(range)) => Self::Range(*range),
            Some(Place::Prefix(text, _)) => Self::Prefix(text.to_vec()),
            Some(Place::Suffix(text, _)) => Self::Suffix(text.to_vec()),
            Some(Place::Infix(text)) => Self::Infix(text.iter().take(LITERAL_LEN_MAX).copied().collect()),
            Some(Place::Path(text, accept)) => Self::Path(text.to_vec(), rest(accept)),
            Some(Place::Host(text, accept)) => Self::Host(text.to_vec(), rest(accept)),
        }
    }
}
