//! One value against many constants at once.
//!
//! [`Keys`] answers for all tests of a slot in one go what each of them would answer alone. It never misses a test that
//! holds; it may name one that does not, and says beforehand of which tests that is true. What it costs depends on the
//! value and on what is found, hardly on how many tests there are; nothing is allocated but room for what is found. Its
//! memory is linear in the tests, whatever they say.

mod addresses;
mod automata;
mod distinct;
mod equal;
mod filing;
mod forced;
mod infix;
mod merging;
mod parts;
mod trie;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::pattern::Pattern;
use crate::value::{IpRange, Path, Value};

use addresses::Addresses;
use automata::Automaton;
use distinct::Distinct;
use equal::Equal;
use filing::{Filed, Place, file};
use infix::Infixes;
pub(crate) use merging::{Merging, merge};
use trie::{Entry, Trie};

/// A test of one slot's value against a constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Test<'p> {
    /// The value equals a scalar.
    Equal(&'p Value),
    /// The value is a set or list that has this scalar, a map with this key, or holds this address in a range.
    HasElement(&'p Value),
    /// The value is an address in the range.
    InRange(IpRange),
    /// The value is text that starts so.
    Prefix(&'p str),
    /// The value is text that ends so.
    Suffix(&'p str),
    /// The value is text that has this in it.
    Infix(&'p str),
    /// The value is a path that starts so by whole segments.
    PathPrefix(&'p Path),
    /// The value matches.
    Matches(&'p Pattern),
}

/// Tests of one slot, filed by their constants. A key is a test's position in what it was built of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    exact: Box<[bool]>,
    equal: Equal,
    elements: Equal,
    /// Addresses that are sought as elements, ascending: a range among the elements holds a run of them.
    element_ips: Box<[(IpAddr, u32)]>,
    addresses: Addresses,
    prefixes: Trie<false>,
    suffixes: Trie<true>,
    infixes: Infixes,
    /// Patterns that are put together; tests that are stand alone.
    merged: Option<Box<Automaton>>,
    paths: Trie<false>,
    hosts: Trie<true>,
    /// Tests that are named for every value, because nothing could be found to file them by.
    always: Box<[u32]>,
    /// By key: what finds it, for code generators.
    #[cfg(feature = "codegen")]
    filings: Vec<super::export::Filing>,
}

impl Keys {
    /// Whether the test can be filed. One that cannot is still taken by [`build`](Self::build), but hit by every value.
    pub fn supports(test: &Test<'_>) -> bool {
        file(test).is_some()
    }

    /// Files the tests, which are distinct.
    pub fn build(tests: &[Test<'_>]) -> Self {
        let mut drafts = Drafts::default();
        // Values are large and mostly compared for equality: room that grows would cost more than filing them.
        let count = |is: fn(&Test<'_>) -> bool| tests.iter().filter(|test| is(test)).count();
        drafts.equal.reserve_exact(count(|test| matches!(test, Test::Equal(_))));
        drafts.elements.reserve_exact(count(|test| matches!(test, Test::HasElement(_))));
        let mut exact = Vec::with_capacity(tests.len());
        #[cfg(feature = "codegen")]
        let mut filings = Vec::with_capacity(tests.len());
        for (key, test) in (0..).zip(tests) {
            let filed = file(test);
            #[cfg(feature = "codegen")]
            filings.push(super::export::Filing::from(filed.as_ref().map(|filed| &filed.place)));
            exact.push(filed.as_ref().is_some_and(|filed| filed.is_exact));
            match filed {
                Some(Filed { place, .. }) => drafts.add(place, key),
                None => drafts.always.push(key),
            }
        }
        let keys = drafts.finish(exact);
        #[cfg(feature = "codegen")]
        let keys = Self { filings, ..keys };
        keys
    }

    /// By key: what finds it.
    #[cfg(feature = "codegen")]
    pub fn filings(&self) -> &[super::export::Filing] {
        &self.filings
    }

    /// Whether a hit means that the test is true of a known value of the slot's type. Otherwise it only may be.
    pub fn is_exact(&self, key: u32) -> bool {
        self.exact.get(key as usize).copied().unwrap_or(false)
    }

    /// Appends every key whose test holds of the value, or may hold when the key is not exact; each key once.
    pub fn hits(&self, value: &Value, found: &mut Vec<u32>) {
        found.extend_from_slice(&self.always);
        match value {
            Value::Set(elements) => self.element_hits(elements, false, found),
            Value::List(elements) => self.element_hits(elements, true, found),
            Value::Map(entries) if !self.elements.is_empty() => {
                for (key, _) in entries.iter() {
                    self.elements.hits(&Value::String(key.clone()), |key| found.push(key));
                }
            }
            Value::Map(_) | Value::Record(_) => {}
            scalar => self.scalar_hits(scalar, found),
        }
    }

    fn scalar_hits(&self, value: &Value, found: &mut Vec<u32>) {
        self.equal.hits(value, |key| found.push(key));
        match value {
            Value::String(text) => {
                self.prefixes.hits(text, found);
                self.suffixes.hits(text, found);
                self.infixes.hits(text, found);
                if let Some(merged) = &self.merged {
                    merged.hits(text, found);
                }
            }
            Value::Path(path) => self.paths.hits(path.as_str(), found),
            Value::Host(host) => self.hosts.hits(host.as_str(), found),
            Value::Ip(ip) => self.addresses.hits(ip.addr(), found),
            Value::IpRange(range) => self.ips_in(*range).for_each(|key| found.push(key)),
            _ => {}
        }
    }

    /// What the elements of a set or list hit. Elements of a list can repeat, and ranges overlap.
    fn element_hits(&self, elements: &[Value], may_repeat: bool, found: &mut Vec<u32>) {
        if self.elements.is_empty() {
            return;
        }
        let has_ranges = !self.element_ips.is_empty() && elements.iter().any(|it| matches!(it, Value::IpRange(_)));
        if !may_repeat && !has_ranges {
            return elements.iter().for_each(|element| self.elements.hits(element, |key| found.push(key)));
        }
        let mut distinct = Distinct::new(found);
        for element in elements {
            self.elements.hits(element, |key| distinct.push(key));
            if let Value::IpRange(range) = element {
                self.ips_in(*range).for_each(|key| distinct.push(key));
            }
        }
        distinct.finish();
    }

    /// The keys of the addresses in a range that are sought as elements.
    fn ips_in(&self, range: IpRange) -> impl Iterator<Item = u32> {
        let first = range.addr().addr();
        let at = self.element_ips.partition_point(|(ip, _)| *ip < first);
        let behind = self.element_ips.get(at..).unwrap_or_default().iter();
        behind.take_while(move |(ip, _)| range.contains((*ip).into())).map(|(_, key)| *key)
    }

    /// What the tests are filed in and how many each structure has, for people. Of patterns that are put together
    /// [`merged`](Self::merged) tells.
    pub fn describe(&self) -> Vec<(&'static str, usize)> {
        let counts = [
            ("hash table of values", self.equal.len()),
            ("hash table of elements", self.elements.len()),
            ("table of address ranges", self.addresses.len()),
            ("trie of text prefixes", self.prefixes.len()),
            ("trie of text suffixes", self.suffixes.len()),
            ("automaton of text parts", self.infixes.len()),
            ("trie of routes", self.paths.len()),
            ("trie of hosts", self.hosts.len()),
            ("not filed", self.always.len()),
        ];
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// How many patterns one automaton tests here together.
    pub fn merged(&self) -> Option<usize> {
        self.merged.as_ref().map(|_| self.exact.len())
    }

    /// How many keys one value finds at most.
    pub fn found_max(&self) -> usize {
        let merged = self.merged.as_ref().map_or(0, |merged| merged.found_max());
        let by_text = self.prefixes.len() + self.suffixes.len() + self.infixes.len() + merged;
        let others = self.elements.len() + self.addresses.len() + self.paths.len() + self.hosts.len() + by_text;
        // Of distinct constants, a scalar equals one; a range holds any of the addresses.
        self.equal.len().min(1) + self.element_ips.len() + others + self.always.len()
    }

    /// How many bytes it takes in memory, itself not counted.
    pub fn bytes(&self) -> usize {
        let lists = self.exact.len() + size_of_val(&*self.element_ips) + size_of_val(&*self.always);
        let tables = self.equal.bytes() + self.elements.bytes() + self.addresses.bytes();
        let tries = self.prefixes.bytes() + self.suffixes.bytes() + self.paths.bytes() + self.hosts.bytes();
        lists + tables + tries + self.infixes.bytes() + self.merged.as_ref().map_or(0, |merged| merged.bytes())
    }
}

/// Tests by where they are filed, before the structures are built.
#[derive(Default)]
struct Drafts<'p> {
    equal: Vec<(Value, u32)>,
    elements: Vec<(Value, u32)>,
    ranges: Vec<(IpRange, u32)>,
    prefixes: Vec<Entry<'p>>,
    suffixes: Vec<Entry<'p>>,
    infixes: Vec<(std::borrow::Cow<'p, [u8]>, u32)>,
    paths: Vec<Entry<'p>>,
    hosts: Vec<Entry<'p>>,
    always: Vec<u32>,
}

impl<'p> Drafts<'p> {
    fn add(&mut self, place: Place<'p>, key: u32) {
        match place {
            Place::Equal(value) => self.equal.push((value, key)),
            Place::Element(value) => self.elements.push((value, key)),
            Place::Range(range) => self.ranges.push((range, key)),
            Place::Prefix(text, accept) => self.prefixes.push(Entry { text, accept, key }),
            Place::Suffix(text, accept) => self.suffixes.push(Entry { text, accept, key }),
            Place::Infix(text) => self.infixes.push((text, key)),
            Place::Path(text, accept) => self.paths.push(Entry { text, accept, key }),
            Place::Host(text, accept) => self.hosts.push(Entry { text, accept, key }),
        }
    }

    fn finish(mut self, mut exact: Vec<bool>) -> Keys {
        let infixes = Infixes::build(&mut self.infixes).unwrap_or_else(|| {
            // The library refuses sets of literals beyond its size of ids.
            self.always.extend(self.infixes.iter().map(|(_, key)| *key));
            for (_, key) in &self.infixes {
                exact.get_mut(*key as usize).into_iter().for_each(|exact| *exact = false);
            }
            Infixes::default()
        });
        let mut element_ips: Vec<_> = self.elements.iter().filter_map(element_ip).collect();
        element_ips.sort_unstable();
        Keys {
            exact: exact.into(),
            equal: Equal::build(self.equal),
            elements: Equal::build(self.elements),
            element_ips: element_ips.into(),
            addresses: Addresses::build(&self.ranges),
            prefixes: Trie::build(self.prefixes),
            suffixes: Trie::build(self.suffixes),
            infixes,
            merged: None,
            paths: Trie::build(self.paths),
            hosts: Trie::build(self.hosts),
            always: self.always.into(),
            #[cfg(feature = "codegen")]
            filings: Vec::new(),
        }
    }
}

fn element_ip((value, key): &(Value, u32)) -> Option<(IpAddr, u32)> {
    match value {
        Value::Ip(ip) => Some((ip.addr(), *key)),
        _ => None,
    }
}

/// A position as structures keep it, saturating where none of them can have grown to.
pub(super) fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
