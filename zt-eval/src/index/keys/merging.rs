//! Which patterns of a slot are put together in automata.
//!
//! A pattern with a literal of its own is found through that. The others are put together two by two, and the
//! automata that this gives again, as long as that stays in proportion: one that does not fit to its neighbour is as large
//! as it gets. A level has at most as many states as its products may have, and there are no more levels than doublings,
//! so the work is linear in the patterns but for that.
//!
//! A pass over the text must be worth it. A literal that only a few patterns have finds them with less work, and one that
//! many share mostly does, unless a few automata test all of them.

use std::collections::HashMap;

use super::automata::Automaton;
use super::filing::{Filed, Place, file};
use super::parts::draft;
use super::{Keys, Test};
use crate::index::LEAF_MAX;
use crate::pattern::Pattern;

/// Patterns of one slot that one automaton tests.
pub(crate) struct Merged {
    /// Their positions among the slot's tests, ascending. The keys count these.
    pub members: Vec<u32>,
    pub keys: Keys,
}

/// What comes of putting a slot's patterns together.
pub(crate) struct Merging {
    /// The automata that are worth having, those of most patterns first.
    pub automata: Vec<Merged>,
    /// Patterns that are found through nothing, unless it is one of the automata; ascending.
    pub unfiled: Vec<u32>,
}

/// A pattern for text that cannot be found exactly, and what it is found through.
struct Inexact<'p> {
    key: u32,
    pattern: &'p Pattern,
    filed: Option<Filed<'p>>,
}

/// Where in a text a literal stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Stands {
    First,
    Last,
    Within,
}

impl Inexact<'_> {
    /// The literal that it is found by, and where that stands.
    fn literal(&self) -> Option<(Stands, &[u8])> {
        match &self.filed.as_ref()?.place {
            Place::Prefix(text, _) => Some((Stands::First, text)),
            Place::Suffix(text, _) => Some((Stands::Last, text)),
            Place::Infix(text) => Some((Stands::Within, text)),
            _ => None,
        }
    }
}

/// Puts those of a slot's patterns together for which that is worth it.
pub(crate) fn merge(tests: &[Test<'_>]) -> Merging {
    let patterns = patterns(tests);
    let unfiled: Vec<&Inexact<'_>> = patterns.iter().filter(|pattern| pattern.filed.is_none()).collect();
    let shared = sharing(&patterns);
    // Those with a literal are rarely tested where that is: few automata must do for all of them.
    let least_of_shared = LEAF_MAX.max(shared.len() / 4);
    let numbers = unfiled.iter().map(|pattern| pattern.key).collect();
    let mut merged = automata(unfiled, 2);
    merged.extend(automata(shared, least_of_shared));
    merged.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    Merging { automata: merged.into_iter().map(|merged| finish(merged, tests)).collect(), unfiled: numbers }
}

/// Automata of so many of the patterns at least.
fn automata(mut patterns: Vec<&Inexact<'_>>, least: usize) -> Vec<(Automaton, Vec<u32>)> {
    if patterns.len() < least {
        return Vec::new();
    }
    patterns.sort_by_cached_key(|pattern| text(pattern.pattern));
    let single = patterns.iter().filter_map(|pattern| {
        let draft = draft(pattern.pattern)?;
        Some((Automaton::of(&draft, pattern.key), vec![pattern.key]))
    });
    let mut automata = put_together(single.collect());
    automata.retain(|(_, members)| members.len() >= least);
    automata
}

#[cfg_attr(not(feature = "codegen"), expect(unused_variables, reason = "the automaton is all that decisions need"))]
fn finish((mut automaton, mut members): (Automaton, Vec<u32>), tests: &[Test<'_>]) -> Merged {
    #[cfg(feature = "codegen")]
    let found = members.clone();
    members.sort_unstable();
    automaton.renumber(&members);
    let exact = vec![true; members.len()].into();
    let keys = Keys { exact, merged: Some(Box::new(automaton)), ..Keys::default() };
    #[cfg(feature = "codegen")]
    let keys = Keys { filings: filings(&members, &found, tests), ..keys };
    Merged { keys, members }
}

/// By key: its pattern, and when it is found, given the order in which an automaton has its members.
#[cfg(feature = "codegen")]
fn filings(members: &[u32], found: &[u32], tests: &[Test<'_>]) -> Vec<crate::index::export::Filing> {
    use crate::index::export::Filing;
    let places: HashMap<u32, u32> = found.iter().copied().zip(0..).collect();
    let filing = |member: &u32| match tests.get(*member as usize) {
        Some(Test::Matches(pattern)) => {
            Filing::Matches((*pattern).clone(), places.get(member).copied().unwrap_or_default())
        }
        // Only patterns are put together.
        _ => Filing::Always,
    };
    members.iter().map(filing).collect()
}

/// Puts neighbours together until none fits to the next.
fn put_together(mut level: Vec<(Automaton, Vec<u32>)>) -> Vec<(Automaton, Vec<u32>)> {
    let mut done = Vec::new();
    while level.len() > 1 {
        let mut next = Vec::with_capacity(level.len() / 2 + 1);
        let mut waiting: Option<(Automaton, Vec<u32>)> = None;
        for (automaton, members) in level {
            waiting = match waiting.take() {
                None => Some((automaton, members)),
                Some((first, mut of_first)) => match first.product(&automaton) {
                    Some(product) => {
                        of_first.extend(members);
                        next.push((product, of_first));
                        None
                    }
                    None => {
                        done.push((first, of_first));
                        Some((automaton, members))
                    }
                },
            };
        }
        next.extend(waiting);
        level = next;
    }
    done.extend(level);
    done
}

/// The patterns for text that are not found exactly.
fn patterns<'p>(tests: &[Test<'p>]) -> Vec<Inexact<'p>> {
    let patterns = (0..).zip(tests).filter_map(|(key, test)| match *test {
        Test::Matches(pattern @ (Pattern::Glob(_) | Pattern::Regex(_))) => {
            Some(Inexact { key, pattern, filed: file(test) })
        }
        _ => None,
    });
    patterns.filter(|pattern| !pattern.filed.as_ref().is_some_and(|filed| filed.is_exact)).collect()
}

/// Those that share the literal that they are found by with more than a few others.
fn sharing<'i, 'p>(patterns: &'i [Inexact<'p>]) -> Vec<&'i Inexact<'p>> {
    let mut counts: HashMap<(Stands, &[u8]), usize> = HashMap::new();
    for literal in patterns.iter().filter_map(Inexact::literal) {
        *counts.entry(literal).or_default() += 1;
    }
    let is_shared = |literal| counts.get(&literal).is_some_and(|count| *count > LEAF_MAX);
    patterns.iter().filter(|pattern| pattern.literal().is_some_and(is_shared)).collect()
}

/// By text, patterns that begin alike are neighbours, which makes small products.
fn text(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Glob(glob) => glob.to_string(),
        Pattern::Regex(regex) => regex.source().to_owned(),
        Pattern::Route(_) | Pattern::HostGlob(_) => String::new(),
    }
}
