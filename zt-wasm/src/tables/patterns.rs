//! Tables of patterns: `runtime/glob.rs`, `runtime/route.rs` and `runtime/regex.rs` say how they are laid out. They hold no
//! addresses and need no alignment.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use regex_automata::Anchored;
use regex_automata::dfa::Automaton;
use regex_automata::dfa::sparse::DFA;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use zt_eval::pattern::{Glob, HostGlob, HostLabel, Pattern, Regex, Route, RouteSegment};

use super::data::number;

/// A pattern's table; `None` for a regular expression whose automaton cannot be read, which no policy has.
#[must_use]
pub fn pattern(pattern: &Pattern) -> Option<Vec<u8>> {
    match pattern {
        Pattern::Glob(of) => Some(glob(of)),
        Pattern::Route(of) => Some(route(of)),
        Pattern::HostGlob(of) => Some(host(of)),
        Pattern::Regex(of) => regex(of),
    }
}

/// The table of a pattern for text.
#[must_use]
pub fn glob(glob: &Glob) -> Vec<u8> {
    let pieces = glob.pieces();
    let mut table = number(pieces.len()).to_le_bytes().to_vec();
    let (first, last, middle) = match pieces {
        [first, middle @ .., last] => (Some(first), Some(last), middle),
        [only] => (Some(only), None, &[][..]),
        [] => (None, None, &[][..]),
    };
    first.into_iter().chain(last).chain(middle).for_each(|piece| text(&mut table, piece));
    table
}

/// The table of a pattern for hosts.
#[must_use]
pub fn host(glob: &HostGlob) -> Vec<u8> {
    let mut table = number(glob.labels().len()).to_le_bytes().to_vec();
    for label in glob.labels() {
        match label {
            HostLabel::Literal(literal) => text(&mut table, literal),
            HostLabel::Any => text(&mut table, ""),
        }
    }
    table
}

/// The table of a pattern for paths.
#[must_use]
pub fn route(route: &Route) -> Vec<u8> {
    let tail_count = route.tail().map_or(u32::MAX, |tail| number(tail.len()));
    let mut table = number(route.head().len()).to_le_bytes().to_vec();
    table.extend(tail_count.to_le_bytes());
    for segment in route.head().iter().chain(route.tail().unwrap_or_default()) {
        match segment {
            RouteSegment::Literal(literal) => text(&mut table, literal),
            RouteSegment::Any => table.extend((-1_i32).to_le_bytes()),
            RouteSegment::Capture(_) => table.extend((-2_i32).to_le_bytes()),
        }
    }
    table
}

/// A text's length and bytes.
fn text(table: &mut Vec<u8>, text: &str) {
    table.extend(number(text.len()).to_le_bytes());
    table.extend(text.as_bytes());
}

/// Where a step leads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Target {
    /// No text matches any more.
    Fails,
    /// The automaton gives up.
    GivesUp,
    /// To the state of this number.
    State(u32),
}

/// A state: whether a text may end in it, and where bytes lead: the last byte of each run, the last one's being 255.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct State {
    ends: bool,
    runs: Vec<(u8, Target)>,
}

/// The table of a regular expression; `None` where its automaton cannot be read, which of no policy's can be.
#[must_use]
pub fn regex(regex: &Regex) -> Option<Vec<u8>> {
    let (dfa, _) = DFA::from_bytes(regex.bytes()).ok()?;
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
    let states = merged(reached(&dfa, start));
    Some(rows(&states, 1).unwrap_or_else(|| rows(&states, 2).unwrap_or_default()))
}

/// The states that texts can reach, from the start on, walked as `Regex::is_match` does.
fn reached(dfa: &DFA<&[u8]>, start: StateID) -> Vec<State> {
    let mut numbers = HashMap::from([(start, 0)]);
    let mut found = vec![start];
    let mut states = Vec::new();
    while let Some(id) = found.get(states.len()).copied() {
        let mut runs: Vec<(u8, Target)> = Vec::new();
        for byte in 0..=u8::MAX {
            let next = dfa.next_state(id, byte);
            let target = if dfa.is_dead_state(next) {
                Target::Fails
            } else if dfa.is_quit_state(next) {
                Target::GivesUp
            } else {
                Target::State(*numbers.entry(next).or_insert_with(|| {
                    found.push(next);
                    number(found.len() - 1)
                }))
            };
            match runs.last_mut() {
                Some(run) if run.1 == target => run.0 = byte,
                _ => runs.push((byte, target)),
            }
        }
        states.push(State { ends: dfa.is_match_state(dfa.next_eoi_state(id)), runs });
    }
    states
}

/// How many runs are looked at at most to find states that are the same.
const RUNS_LOOKED_AT_MAX: usize = 50_000_000;

/// The same automaton with fewer states (Moore): states are told apart by whether a text may end in them, then by what they lead
/// to, until nothing more tells any apart. One that would take too long is left as it is.
fn merged(states: Vec<State>) -> Vec<State> {
    let runs: usize = states.iter().map(|state| state.runs.len()).sum();
    let rounds = RUNS_LOOKED_AT_MAX / runs.max(1);
    // A state in which nothing matches any more is told apart from `Fails`, too, so that it can be found to be that.
    let mut classes: Vec<u32> = states.iter().map(|state| u32::from(state.ends)).collect();
    let mut count = 0;
    for _ in 0..rounds {
        let (finer, now) = refined(&states, &classes);
        classes = finer;
        if now == count {
            return joined(&states, &classes);
        }
        count = now;
    }
    states
}

/// The class of what fails: the first, as of every state in which no text may end.
const CLASS_FAILS: u32 = 0;

/// The classes in which states are that were in one class and whose bytes lead to the same classes, and how many there are. That
/// of what fails is always the first.
fn refined(states: &[State], classes: &[u32]) -> (Vec<u32>, usize) {
    let mut known: HashMap<State, u32> = HashMap::new();
    let mut of_class = |class: u32, runs: Vec<(u8, Target)>| {
        // The class before is as one more run.
        let key = State { ends: false, runs: [(0, Target::State(class))].into_iter().chain(runs).collect() };
        let next = number(known.len());
        match known.entry(key) {
            Entry::Occupied(class) => *class.get(),
            Entry::Vacant(place) => *place.insert(next),
        }
    };
    of_class(CLASS_FAILS, vec![(u8::MAX, Target::State(CLASS_FAILS))]);
    let finer = states.iter().zip(classes).map(|(state, class)| {
        let runs = renumbered(&state.runs, |target| match target {
            Target::Fails => Target::State(CLASS_FAILS),
            Target::GivesUp => Target::GivesUp,
            Target::State(to) => Target::State(classes.get(to as usize).copied().unwrap_or_default()),
        });
        of_class(*class, runs)
    });
    let finer: Vec<u32> = finer.collect();
    (finer, known.len())
}

/// Runs with other targets; those that then lead to the same are one.
fn renumbered(runs: &[(u8, Target)], to: impl Fn(Target) -> Target) -> Vec<(u8, Target)> {
    let mut renumbered: Vec<(u8, Target)> = Vec::with_capacity(runs.len());
    for (end, target) in runs {
        let target = to(*target);
        match renumbered.last_mut() {
            Some(run) if run.1 == target => run.0 = *end,
            _ => renumbered.push((*end, target)),
        }
    }
    renumbered
}

/// One state for each class that texts reach, the start's first.
fn joined(states: &[State], classes: &[u32]) -> Vec<State> {
    let class_of = |state: u32| classes.get(state as usize).copied().unwrap_or_default();
    // By class, the number of its state; the start's class stays a state even where it fails.
    let mut numbers: HashMap<u32, u32> = HashMap::from([(class_of(0), 0)]);
    let mut order = vec![0_usize];
    for (at, class) in classes.iter().enumerate() {
        if *class != CLASS_FAILS
            && let Entry::Vacant(place) = numbers.entry(*class)
        {
            place.insert(number(order.len()));
            order.push(at);
        }
    }
    let target = |target| match target {
        Target::State(to) if class_of(to) == CLASS_FAILS => Target::Fails,
        Target::State(to) => numbers.get(&class_of(to)).map_or(Target::Fails, |to| Target::State(*to)),
        other => other,
    };
    let states = order.iter().filter_map(|at| states.get(*at));
    states.map(|state| State { ends: state.ends, runs: renumbered(&state.runs, target) }).collect()
}

/// The table with offsets of two bytes (1) or four (2); `None` when it is too long for those.
fn rows(states: &[State], width: u32) -> Option<Vec<u8>> {
    let wide = 1 << width;
    let mut offsets = Vec::with_capacity(states.len());
    let mut end = 4;
    for state in states {
        offsets.push(number(end));
        end += 2 + state.runs.len().saturating_sub(1) + state.runs.len() * wide;
    }
    if width == 1 && end > usize::from(u16::MAX) {
        return None;
    }
    let mut table = width.to_le_bytes().to_vec();
    for state in states {
        // At most 256 runs.
        let head = (number(state.runs.len()) << 1) | u32::from(state.ends);
        table.extend(head.to_le_bytes().iter().take(2));
        let ends = state.runs.iter().map(|(end, _)| *end);
        table.extend(ends.take(state.runs.len().saturating_sub(1)));
        for (_, target) in &state.runs {
            let offset = match target {
                Target::Fails => 0,
                Target::GivesUp => 1,
                Target::State(to) => offsets.get(*to as usize).copied().unwrap_or_default(),
            };
            table.extend(offset.to_le_bytes().iter().take(wide));
        }
    }
    Some(table)
}
