//! Single patterns as automata, state by state, to be put together.
//!
//! A glob becomes a chain: its literals are sought one behind the other, each leftmost, with the steps back of Knuth, Morris
//! and Pratt. A regular expression has an automaton already, which is only written out. Large ones are left as they are.

use std::collections::HashMap;

use regex_automata::dfa::Automaton as _;
use regex_automata::util::primitives::StateID;

use super::automata::Draft;
use super::forced::{advance, failures};
use crate::pattern::{Glob, Pattern, Regex};

/// States of a pattern that is worth putting together with others.
const STATES_MAX: usize = 256;

/// The automaton of a pattern for text; `None` for other patterns, for large ones, and for a regular expression whose
/// automaton can give up, since it then says neither yes nor no.
pub(super) fn draft(pattern: &Pattern) -> Option<Draft> {
    match pattern {
        Pattern::Glob(glob) => of_glob(glob),
        Pattern::Regex(regex) => of_regex(regex),
        Pattern::Route(_) | Pattern::HostGlob(_) => None,
    }
}

fn of_glob(glob: &Glob) -> Option<Draft> {
    let (prefix, behind) = glob.pieces().split_first()?;
    let (suffix, middle) = behind.split_last()?;
    let len: usize = glob.pieces().iter().map(String::len).sum();
    if len >= STATES_MAX - 1 {
        return None;
    }
    let mut states = vec![([0; 256], false)];
    for byte in prefix.bytes() {
        let mut leads = [0; 256];
        lead(&mut leads, byte, states.len() + 1);
        states.push((leads, false));
    }
    for piece in middle {
        seek(piece.as_bytes(), false, &mut states);
    }
    seek(suffix.as_bytes(), true, &mut states);
    Some(Draft { states, start: 1 })
}

/// Adds states that seek a literal, and where it ends the text those that go on seeking.
fn seek(literal: &[u8], is_last: bool, states: &mut Vec<([u16; 256], bool)>) {
    let failures = failures(literal);
    let first = states.len();
    for matched in 0..literal.len() + usize::from(is_last) {
        let mut leads = [0; 256];
        for byte in 0..=u8::MAX {
            lead(&mut leads, byte, first + advance(literal, &failures, matched, byte));
        }
        states.push((leads, is_last && matched == literal.len()));
    }
}

fn lead(leads: &mut [u16; 256], byte: u8, to: usize) {
    if let Some(lead) = leads.get_mut(usize::from(byte)) {
        *lead = u16::try_from(to).unwrap_or_default();
    }
}

fn of_regex(regex: &Regex) -> Option<Draft> {
    let (dfa, start) = regex.automaton();
    let mut known: HashMap<StateID, usize> = HashMap::from([(start, 1)]);
    let mut ids = vec![start];
    let mut states = vec![([0; 256], false)];
    while let Some(id) = ids.get(states.len() - 1).copied() {
        let mut leads = [0; 256];
        for byte in 0..=u8::MAX {
            let to = dfa.next_state(id, byte);
            if dfa.is_quit_state(to) {
                return None;
            }
            if !dfa.is_dead_state(to) {
                let number = *known.entry(to).or_insert_with(|| {
                    ids.push(to);
                    ids.len()
                });
                lead(&mut leads, byte, number);
            }
        }
        if ids.len() >= STATES_MAX {
            return None;
        }
        states.push((leads, dfa.is_match_state(dfa.next_eoi_state(id))));
    }
    Some(Draft { states, start: 1 })
}
