//! Text that every match of a regular expression must have.
//!
//! Only the automaton decides what matches, so only the automaton is asked. What it forces at the start is read off it.
//! For text further in, the expression's source merely suggests candidates; a candidate counts when the automaton, walked
//! together with a search for the candidate, never accepts before it was found. A way to a state where the automaton gives
//! up counts as accepting: the outcome there is unknown, which is not false.

use std::collections::{BTreeMap, BTreeSet};

use regex_automata::dfa::Automaton;
use regex_automata::dfa::sparse::DFA;
use regex_automata::util::primitives::StateID;

use super::infix::LITERAL_LEN_MAX;
use crate::pattern::Regex;

/// What every match has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Literal {
    /// It starts so.
    Prefix(String),
    /// It has this in it.
    Infix(String),
}

/// A prefix of this length is not worth a search for something longer.
const GOOD_LEN: usize = 4;
const CANDIDATES_MAX: usize = 4;
/// Pairs of states walked for one candidate, states of the automaton unfolded for all.
const PAIRS_MAX: usize = 2048;
const STATES_MAX: usize = 256;

/// The text that every match has: how it starts, or a longer part of it.
pub(super) fn forced_literal(regex: &Regex) -> Option<Literal> {
    let (dfa, start) = regex.automaton();
    let mut machine = Unfolded { dfa, states: BTreeMap::new() };
    let prefix = machine.forced_prefix(start);
    if prefix.len() < GOOD_LEN {
        let longer = candidates(regex.source()).into_iter().filter(|candidate| candidate.len() > prefix.len().max(1));
        for candidate in longer.take(CANDIDATES_MAX) {
            if machine.forces(start, candidate.as_bytes()) {
                return Some(Literal::Infix(candidate));
            }
        }
    }
    (!prefix.is_empty()).then_some(Literal::Prefix(prefix))
}

/// Plain characters of the source that stand together, longest first. That some are not what they seem (in classes, in
/// other case, in alternatives) is found out later.
fn candidates(source: &str) -> Vec<String> {
    let mut runs = BTreeSet::new();
    let mut run = String::new();
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => run.push(escaped),
                _ => drop(runs.insert(std::mem::take(&mut run))),
            },
            '*' | '?' | '{' => {
                run.pop(); // what is repeated need not be there
                runs.insert(std::mem::take(&mut run));
            }
            '.' | '+' | '(' | ')' | '[' | ']' | '}' | '|' | '^' | '$' => drop(runs.insert(std::mem::take(&mut run))),
            _ => run.push(c),
        }
    }
    runs.insert(run);
    runs.retain(|run| !run.is_empty() && run.len() <= LITERAL_LEN_MAX);
    let mut runs: Vec<_> = runs.into_iter().collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
    runs
}

/// The automaton with the transitions of its states written out as far as they were needed.
struct Unfolded<'r> {
    dfa: &'r DFA<Vec<u8>>,
    states: BTreeMap<StateID, State>,
}

#[derive(Clone)]
struct State {
    /// Whether text that ends here matches, or the outcome is not known.
    accepts: bool,
    /// Bytes, both included, and where they lead; none that lead nowhere.
    moves: Box<[(u8, u8, StateID)]>,
}

impl Unfolded<'_> {
    /// The state written out; `None` beyond the limit.
    fn state(&mut self, id: StateID) -> Option<&State> {
        if !self.states.contains_key(&id) {
            if self.states.len() >= STATES_MAX {
                return None;
            }
            let state = self.unfold(id);
            self.states.insert(id, state);
        }
        self.states.get(&id)
    }

    fn unfold(&self, id: StateID) -> State {
        let mut moves: Vec<(u8, u8, StateID)> = Vec::new();
        if self.dfa.is_quit_state(id) {
            return State { accepts: true, moves: moves.into() };
        }
        for byte in 0..=u8::MAX {
            let to = self.dfa.next_state(id, byte);
            if self.dfa.is_dead_state(to) {
                continue;
            }
            match moves.last_mut() {
                Some(last) if last.2 == to && last.1.checked_add(1) == Some(byte) => last.1 = byte,
                _ => moves.push((byte, byte, to)),
            }
        }
        State { accepts: self.dfa.is_match_state(self.dfa.next_eoi_state(id)), moves: moves.into() }
    }

    /// The bytes that have no alternative, from the start, as far as they are text.
    fn forced_prefix(&mut self, start: StateID) -> String {
        let mut bytes = Vec::new();
        let mut id = start;
        while bytes.len() < LITERAL_LEN_MAX
            && let Some(State { accepts: false, moves }) = self.state(id)
            && let [(byte, last, to)] = **moves
            && byte == last
        {
            bytes.push(byte);
            id = to;
        }
        let text = bytes.utf8_chunks().next().map(|chunk| chunk.valid().to_owned());
        text.unwrap_or_default()
    }

    /// Whether no text is accepted without the literal in it.
    fn forces(&mut self, start: StateID, literal: &[u8]) -> bool {
        let failures = failures(literal);
        let mut seen = BTreeSet::from([(start, 0)]);
        let mut waiting = vec![(start, 0)];
        while let Some((id, matched)) = waiting.pop() {
            let Some(state) = self.state(id) else {
                return false;
            };
            if state.accepts || seen.len() > PAIRS_MAX {
                return false;
            }
            for &(first, last, to) in &state.moves {
                let mut before = None;
                for byte in first..=last {
                    let pair = (to, advance(literal, &failures, matched, byte));
                    if before.replace(pair) != Some(pair) && pair.1 < literal.len() && seen.insert(pair) {
                        waiting.push(pair);
                    }
                }
            }
        }
        true
    }
}

/// By length matched, counted from 1: the longest proper prefix of the literal that is a suffix of what is matched.
pub(super) fn failures(literal: &[u8]) -> Vec<usize> {
    let mut failures = vec![0];
    for byte in literal.iter().skip(1) {
        let shorter = failures.last().copied().unwrap_or_default();
        failures.push(advance(literal, &failures, shorter, *byte));
    }
    failures
}

/// How much of the literal is matched after one more byte (Knuth, Morris and Pratt).
pub(super) fn advance(literal: &[u8], failures: &[usize], mut matched: usize, byte: u8) -> usize {
    while literal.get(matched) != Some(&byte) {
        if matched == 0 {
            return 0;
        }
        matched = failures.get(matched - 1).copied().unwrap_or_default();
    }
    matched + 1
}
