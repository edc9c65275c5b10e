//! Sets of bytes.

use std::fmt::Write;

/// A set of bytes.
#[derive(Clone, Copy)]
pub struct Set([bool; 256]);

impl Set {
    pub const EMPTY: Self = Self([false; 256]);
    pub const ALL: Self = Self([true; 256]);

    pub fn range(bytes: std::ops::RangeInclusive<u8>) -> Self {
        Self(std::array::from_fn(|at| u8::try_from(at).is_ok_and(|byte| bytes.contains(&byte))))
    }

    pub fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.has(at) || other.has(at)))
    }

    pub fn complement(self) -> Self {
        Self(std::array::from_fn(|at| !self.has(at)))
    }

    fn has(&self, at: usize) -> bool {
        self.0.get(at).copied().unwrap_or(false)
    }

    /// As a pattern for the next byte, which is none at the end of the text.
    pub fn pattern(&self) -> String {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for at in (0..256).filter(|at| self.has(*at)) {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == at => *last = at,
                _ => ranges.push((at, at)),
            }
        }
        let mut text = String::new();
        for (first, last) in &ranges {
            let separator = if text.is_empty() { "" } else { " | " };
            // Writing to a string does not fail.
            let _ = match first == last {
                true => write!(text, "{separator}{first}"),
                false => write!(text, "{separator}{first}..={last}"),
            };
        }
        format!("Some({text})")
    }

    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }
}
