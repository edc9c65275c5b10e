//! What was found to be unknown, in memory that decisions reuse.
//!
//! Every text is written into one line first and copied into a buffer that is large enough. Spare buffers are sorted by
//! size: a decision that asks for no more buffers of any size than one before it finds them all, in whatever order it asks.

use crate::decision::{Fact, Unknown};
use crate::graph::Policy;
use crate::graph::text::Walk;
use crate::id::NodeId;
use crate::schema::Schema;

/// What is found before repetitions are first thrown out.
const FOUND_MIN: usize = 256;

/// Spare buffers of one size; more are let go, for they may come from other memory that never gets them back.
const SPARE_MAX: usize = 4_096;

/// Capacity of the smallest buffers; those of each size hold twice as much as those of the one before.
const BYTES_MIN: usize = 32;

/// What was found to be unknown.
#[derive(Debug, Default)]
pub(super) struct Unknowns {
    found: Vec<Unknown>,
    /// How many there may be before repetitions are next thrown out.
    found_max: usize,
    /// The text that is being written.
    pub line: String,
    /// For writing nodes.
    pub walk: Walk,
    /// By size.
    buffers: Vec<Buffers>,
}

/// Buffers of one size.
#[derive(Debug, Default)]
struct Buffers {
    spare: Vec<String>,
    /// How many the decision has taken: there is room for all of them to come back.
    taken: usize,
}

impl Unknowns {
    /// Forgets what was found.
    pub fn start(&mut self) {
        if !self.found.is_empty() {
            let mut found = std::mem::take(&mut self.found);
            self.take_back(&mut found);
            self.found = found;
        }
        self.found_max = FOUND_MIN;
        self.buffers.iter_mut().for_each(|buffers| buffers.taken = 0);
    }

    /// Adds a fact.
    pub fn add_fact(&mut self, schema: &Schema, fact: Fact) {
        self.line.clear();
        // Writing to a string does not fail.
        let _ = schema.write_fact(&mut self.line, &fact);
        self.add_line(Some(fact));
    }

    /// Adds an operation on known values that has no exact result.
    pub fn add_node(&mut self, policy: &Policy, node: NodeId) {
        self.line.clear();
        policy.write_node(&mut self.line, node, &mut self.walk);
        self.add_line(None);
    }

    /// Adds what the line names.
    pub fn add_line(&mut self, fact: Option<Fact>) {
        let mut text = self.buffer(self.line.len());
        text.push_str(&self.line);
        self.found.push(Unknown { fact, text });
        // Nested quantifiers find the same over and over: what is kept stays within a constant of what is different.
        if self.found.len() >= self.found_max {
            self.tidy();
            self.found_max = self.found.len().saturating_mul(2).max(FOUND_MIN);
        }
    }

    /// What was found, sorted.
    pub fn give(&mut self, unknown: &mut Vec<Unknown>) {
        self.tidy();
        unknown.append(&mut self.found);
    }

    /// Keeps the memory of what a decision names no more.
    #[inline]
    pub fn take_back(&mut self, unknown: &mut Vec<Unknown>) {
        if !unknown.is_empty() {
            self.take_all_back(unknown);
        }
    }

    #[inline(never)]
    fn take_all_back(&mut self, unknown: &mut Vec<Unknown>) {
        unknown.drain(..).for_each(|each| keep(&mut self.buffers, each.text));
    }

    fn tidy(&mut self) {
        self.found.sort_unstable();
        let buffers = &mut self.buffers;
        self.found.dedup_by(|again, first| {
            let is_same = again == first;
            if is_same {
                keep(buffers, std::mem::take(&mut again.text));
            }
            is_same
        });
    }

    fn buffer(&mut self, bytes: usize) -> String {
        let bytes = bytes.max(BYTES_MIN).checked_next_power_of_two().unwrap_or(bytes);
        let Some(buffers) = of_size(&mut self.buffers, bytes) else {
            return String::new();
        };
        buffers.taken += 1;
        buffers.spare.pop().unwrap_or_else(|| {
            buffers.spare.reserve(buffers.taken.min(SPARE_MAX));
            String::with_capacity(bytes)
        })
    }
}

/// The buffers that hold this much, or half as much and more if it is not a power of two.
fn of_size(buffers: &mut Vec<Buffers>, bytes: usize) -> Option<&mut Buffers> {
    let size = (bytes / BYTES_MIN).checked_ilog2()? as usize;
    if buffers.len() <= size {
        buffers.resize_with(size + 1, Buffers::default);
    }
    buffers.get_mut(size)
}

fn keep(buffers: &mut Vec<Buffers>, mut text: String) {
    let Some(buffers) = of_size(buffers, text.capacity()) else {
        return;
    };
    buffers.taken = buffers.taken.saturating_sub(1);
    if buffers.spare.len() < SPARE_MAX {
        text.clear();
        buffers.spare.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(unknowns: &mut Unknowns, fact: u32, bytes: usize) {
        unknowns.line = "x".repeat(bytes);
        unknowns.add_line(Some(Fact::Context(fact)));
    }

    fn spare(unknowns: &Unknowns) -> usize {
        unknowns.buffers.iter().map(|buffers| buffers.spare.len()).sum()
    }

    #[test]
    fn repetitions_do_not_pile_up_and_what_is_given_is_sorted() {
        let mut unknowns = Unknowns::default();
        unknowns.start();
        for round in 0..10_000 {
            add(&mut unknowns, 600 - round % 600, 3);
            assert!(unknowns.found.len() <= 1_200);
        }
        let mut given = Vec::new();
        unknowns.give(&mut given);
        assert_eq!(given.len(), 600);
        assert!(given.is_sorted());
    }

    #[test]
    fn buffers_are_found_again_in_any_order() {
        let mut unknowns = Unknowns::default();
        let mut given = Vec::new();
        let lengths = [0, 1, 32, 33, 64, 65, 5_000, 5_000];
        for (fact, bytes) in (0..).zip(lengths) {
            add(&mut unknowns, fact, bytes);
        }
        unknowns.give(&mut given);
        assert!(given.iter().zip(lengths).all(|(each, bytes)| each.text.len() == bytes));
        unknowns.take_back(&mut given);
        assert_eq!(spare(&unknowns), lengths.len());
        for (fact, bytes) in (0..).zip(lengths.into_iter().rev()) {
            add(&mut unknowns, fact, bytes);
        }
        assert_eq!(spare(&unknowns), 0);
        assert_eq!(unknowns.found.iter().map(|each| each.text.len()).max(), Some(5_000));
    }

    #[test]
    fn buffers_of_others_do_not_pile_up() {
        let mut unknowns = Unknowns::default();
        for _ in 0..3 {
            let text = || String::with_capacity(100);
            let mut foreign = (0..3_000).map(|_| Unknown { fact: None, text: text() }).collect();
            unknowns.take_back(&mut foreign);
        }
        assert_eq!(spare(&unknowns), SPARE_MAX);
    }
}
