//! Which of many literals occur in a text: one pass of an automaton (Aho and Corasick, 1975).
//!
//! In that automaton a state repeats the literals that end in it, so literals are short ([`LITERAL_LEN_MAX`]) and distinct:
//! then there are few in a state, and memory stays linear. Tests with one literal share it.

use std::borrow::Cow;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::{Builder, NFA};
use aho_corasick::{Anchored, MatchKind};

use super::distinct::Distinct;
use super::narrow;

/// The longest literal in bytes; a longer one is sought by what it starts with.
pub(super) const LITERAL_LEN_MAX: usize = 32;

#[derive(Clone, Debug, Default)]
pub(super) struct Infixes {
    machine: Option<Box<NFA>>,
    /// By literal: where its keys start in `keys`; and where the last one's end.
    starts: Box<[u32]>,
    keys: Box<[u32]>,
}

impl Infixes {
    /// Sorts the literals, and files them; `None` when there are more than the library has ids for.
    pub fn build(literals: &mut [(Cow<'_, [u8]>, u32)]) -> Option<Self> {
        literals.sort_unstable();
        let mut distinct: Vec<&[u8]> = Vec::new();
        let mut starts = Vec::new();
        for (at, (literal, _)) in literals.iter().enumerate() {
            let literal = literal.get(..LITERAL_LEN_MAX).unwrap_or(literal);
            if distinct.last() != Some(&literal) {
                distinct.push(literal);
                starts.push(narrow(at));
            }
        }
        if distinct.is_empty() {
            return Some(Self::default());
        }
        starts.push(narrow(literals.len()));
        // A full table of transitions was not faster on texts of the usual length.
        let machine = Builder::new().match_kind(MatchKind::Standard).prefilter(false).build(&distinct).ok()?;
        Some(Self {
            machine: Some(Box::new(machine)),
            starts: starts.into(),
            keys: literals.iter().map(|(_, key)| *key).collect(),
        })
    }

    /// The number of tests filed.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn bytes(&self) -> usize {
        let machine = self.machine.as_ref().map_or(0, |machine| size_of::<NFA>() + machine.memory_usage());
        machine + size_of_val(&*self.starts) + size_of_val(&*self.keys)
    }

    /// Appends the keys of all literals that occur in the text.
    pub fn hits(&self, text: &str, found: &mut Vec<u32>) {
        let start = found.len();
        let Some(machine) = &self.machine else {
            return;
        };
        search(machine, text, found);
        // Literals have been found; their keys take their place.
        let behind = found.len();
        for at in start..behind {
            let literal = found.get(at).map_or(usize::MAX, |literal| *literal as usize);
            let (from, to) = (self.starts.get(literal), self.starts.get(literal.saturating_add(1)));
            let keys = from.zip(to).and_then(|(from, to)| self.keys.get(*from as usize..*to as usize));
            found.extend_from_slice(keys.unwrap_or_default());
        }
        found.drain(start..behind);
    }
}

/// Appends which literals occur, each once. The library's own search reports every occurrence.
fn search(machine: &NFA, text: &str, found: &mut Vec<u32>) {
    let Ok(mut state) = machine.start_state(Anchored::No) else {
        return;
    };
    let mut distinct = Distinct::new(found);
    for byte in text.bytes() {
        state = machine.next_state(Anchored::No, state, byte);
        if machine.is_special(state) && machine.is_match(state) {
            for at in 0..machine.match_len(state) {
                distinct.push(machine.match_pattern(state, at).as_u32());
            }
        }
    }
    distinct.finish();
}
