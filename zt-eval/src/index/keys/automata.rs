//! One automaton for many patterns: one pass over a text tells which of them match.
//!
//! The automaton is the product of its parts' automata, and says of each of its states which patterns match a text that
//! ends there. Telling which of *n* patterns match can take 2ⁿ states. So a product is given up as soon as it has more than
//! [`STATES_FACTOR`] times as many states as its parts have together, or more than so many entries in the lists of what
//! matches, or more than [`CELLS_FACTOR`] cells for each of their states. What was given up has cost no more than that.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::narrow;

/// How many states a product may have for each state of its parts.
const STATES_FACTOR: usize = 4;

/// How many cells a product's table may have for each state of its parts.
const CELLS_FACTOR: usize = 128;

/// A deterministic automaton over bytes.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Automaton {
    /// By byte: its column. Bytes that no state tells apart share one.
    columns: Box<[u8; 256]>,
    width: u32,
    /// By row and column: the first cell of the next state's row. The row of the state in which nothing can match any more
    /// comes first.
    cells: Box<[u32]>,
    start: u32,
    /// By state, and one more: where the keys start of what matches a text that ends there.
    accepts: Box<[u32]>,
    keys: Box<[u32]>,
    /// How many states its parts have together.
    parts: usize,
}

/// The first row: nothing matches, whatever follows.
const DEAD: u32 = 0;

/// An automaton of one pattern, state by state. The first state is the dead one.
pub(super) struct Draft {
    /// By state: where each byte leads, and whether a text that ends there matches.
    pub states: Vec<([u16; 256], bool)>,
    pub start: u16,
}

impl Automaton {
    /// The automaton of one pattern.
    pub fn of(draft: &Draft, key: u32) -> Self {
        let (columns, examples) = columns_of(draft);
        let width = examples.len();
        let row = |state: u16| narrow(usize::from(state) * width);
        let cells = draft
            .states
            .iter()
            .flat_map(|(leads, _)| examples.iter().map(move |byte| row(leads.get(*byte).copied().unwrap_or_default())));
        let cells = cells.collect();
        let mut lists = Lists::default();
        let own = [key];
        draft.states.iter().for_each(|(_, accepts)| lists.add(if *accepts { &own } else { &[] }, &[]));
        let Lists { starts, keys } = lists.finish();
        let (start, parts) = (row(draft.start), draft.states.len());
        Self { columns, width: narrow(width), cells, start, accepts: starts, keys, parts }
    }

    /// One automaton for the patterns of two; `None` where it would be out of proportion.
    pub fn product(&self, other: &Self) -> Option<Self> {
        let (columns, pairs) = self.columns_with(other);
        let parts = self.parts + other.parts;
        let states_max = (STATES_FACTOR * parts).min(CELLS_FACTOR * parts / pairs.len().max(1));
        let width = narrow(pairs.len());
        let mut known: HashMap<(u32, u32), u32, FixedState> = HashMap::default();
        known.insert((DEAD, DEAD), DEAD);
        known.insert((self.start, other.start), width);
        let mut states = vec![(DEAD, DEAD), (self.start, other.start)];
        let (mut cells, mut lists) = (Vec::new(), Lists::default());
        let mut at = 0;
        while let Some((row, others)) = states.get(at).copied() {
            // Most bytes lead where the one before led.
            let mut last = ((DEAD, DEAD), DEAD);
            for (column, others_column) in &pairs {
                let to = (self.cell(row, *column), other.cell(others, *others_column));
                if to != last.0 {
                    let cell = *known.entry(to).or_insert_with(|| {
                        states.push(to);
                        narrow(states.len() - 1).saturating_mul(width)
                    });
                    last = (to, cell);
                }
                cells.push(last.1);
            }
            lists.add(self.matching(row), other.matching(others));
            if states.len().max(lists.keys.len()) > states_max {
                return None;
            }
            at += 1;
        }
        let Lists { starts, keys } = lists.finish();
        Some(Self { columns, width, cells: cells.into(), start: width, accepts: starts, keys, parts })
    }

    /// The columns that two automata need together, and which of theirs each is.
    fn columns_with(&self, other: &Self) -> (Box<[u8; 256]>, Vec<(u8, u8)>) {
        let mut columns = Box::new([0; 256]);
        let (mut known, mut pairs) = (BTreeMap::new(), Vec::new());
        for (column, pair) in columns.iter_mut().zip(self.columns.iter().copied().zip(other.columns.iter().copied())) {
            *column = *known.entry(pair).or_insert_with(|| {
                pairs.push(pair);
                u8::try_from(pairs.len() - 1).unwrap_or(u8::MAX)
            });
        }
        (columns, pairs)
    }

    #[inline]
    fn cell(&self, row: u32, column: u8) -> u32 {
        self.cells.get((row + u32::from(column)) as usize).copied().unwrap_or(DEAD)
    }

    /// The keys of what matches a text that ends in the state.
    fn matching(&self, row: u32) -> &[u32] {
        let state = row.checked_div(self.width).unwrap_or_default() as usize;
        let ends = self.accepts.get(state).zip(self.accepts.get(state + 1));
        ends.and_then(|(from, to)| self.keys.get(*from as usize..*to as usize)).unwrap_or_default()
    }

    /// Appends the keys of all patterns that match the text.
    pub fn hits(&self, text: &str, found: &mut Vec<u32>) {
        let mut row = self.start;
        for byte in text.bytes() {
            let column = self.columns.get(usize::from(byte)).copied().unwrap_or_default();
            row = self.cell(row, column);
            if row == DEAD {
                return;
            }
        }
        found.extend_from_slice(self.matching(row));
    }

    /// Gives each key the number that it has among these, which are ascending and all that there are.
    pub fn renumber(&mut self, members: &[u32]) {
        for key in &mut self.keys {
            *key = narrow(members.partition_point(|member| member < key));
        }
    }

    /// The most patterns that one text can match.
    pub fn found_max(&self) -> usize {
        let lists = self.accepts.iter().zip(self.accepts.iter().skip(1));
        lists.map(|(from, to)| to.saturating_sub(*from) as usize).max().unwrap_or(0)
    }

    pub fn bytes(&self) -> usize {
        let lists = size_of_val(&*self.cells) + size_of_val(&*self.accepts) + size_of_val(&*self.keys);
        size_of::<Self>() + size_of_val(&*self.columns) + lists
    }
}

/// By byte its column, and by column one of its bytes.
fn columns_of(draft: &Draft) -> (Box<[u8; 256]>, Vec<usize>) {
    let lead = |leads: &[u16; 256], byte: usize| leads.get(byte).copied().unwrap_or_default();
    // Bytes that some state tells from the one before.
    let mut starts = [false; 256];
    for (leads, _) in &draft.states {
        for (start, pair) in starts.iter_mut().skip(1).zip(leads.windows(2)) {
            *start |= pair.first() != pair.last();
        }
    }
    let mut columns = Box::new([0; 256]);
    let mut known: HashMap<Vec<u16>, u8, FixedState> = HashMap::default();
    let mut examples = Vec::new();
    let mut current = 0;
    for (byte, (column, starts)) in columns.iter_mut().zip(starts).enumerate() {
        if starts || byte == 0 {
            let leads = draft.states.iter().map(|(leads, _)| lead(leads, byte)).collect();
            current = *known.entry(leads).or_insert_with(|| {
                examples.push(byte);
                u8::try_from(examples.len() - 1).unwrap_or(u8::MAX)
            });
        }
        *column = current;
    }
    (columns, examples)
}

/// What matches, by state.
#[derive(Default)]
struct Lists<L = Vec<u32>> {
    starts: L,
    keys: L,
}

impl Lists {
    fn add(&mut self, keys: &[u32], others: &[u32]) {
        self.starts.push(narrow(self.keys.len()));
        self.keys.extend_from_slice(keys);
        self.keys.extend_from_slice(others);
    }

    fn finish(mut self) -> Lists<Box<[u32]>> {
        self.starts.push(narrow(self.keys.len()));
        Lists { starts: self.starts.into(), keys: self.keys.into() }
    }
}
