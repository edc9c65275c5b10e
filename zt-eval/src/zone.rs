//! Time zones, embedded in compiled policies so that every engine agrees.
//!
//! A zone is a table of offsets over a stated span and the rule that recurs after it (RFC 8536's model). Calendar tests
//! answer together with the instant at which the answer may change: it is the same on the whole of `[now, flip)`.

mod calendar;
mod posix;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::value::Timestamp;

pub use calendar::{time_in, weekday_in};
pub use posix::{Daylight, PosixRule, YearDay};

/// A time zone.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "ZoneParts", into = "ZoneParts")]
pub struct Zone {
    parts: ZoneParts,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
struct ZoneParts {
    name: Arc<str>,
    initial: i32,
    transitions: Vec<(i64, i32)>,
    rule: Option<PosixRule>,
}

impl Zone {
    /// The most transitions that a table may have.
    pub const TRANSITIONS_MAX: usize = 2_000;

    /// The largest offset from UTC in either direction, in seconds: RFC 8536 allows more than 25 hours and less than 26.
    pub const OFFSET_MAX: i32 = 26 * 3_600 - 1;

    /// The zone with the offset `initial` (seconds east of UTC) until the first of `transitions` (seconds since the epoch
    /// and the offset from then on), and with `rule` from the last of them on, or always where there are none; without a
    /// rule the last offset stays.
    ///
    /// `None` when the table is too long or not strictly ascending, or an offset is out of range.
    #[must_use]
    pub fn new(
        name: impl Into<Arc<str>>,
        initial: i32,
        transitions: Vec<(i64, i32)>,
        rule: Option<PosixRule>,
    ) -> Option<Self> {
        let mut offsets = transitions.iter().map(|(_, offset)| *offset).chain([initial]);
        let is_ascending = transitions.is_sorted_by(|(a, _), (b, _)| a < b);
        let is_valid = transitions.len() <= Self::TRANSITIONS_MAX
            && is_ascending
            && offsets.all(is_offset)
            && rule.as_ref().is_none_or(PosixRule::is_valid);
        let parts = ZoneParts { name: name.into(), initial, transitions, rule };
        is_valid.then_some(Self { parts })
    }

    /// The zone's name, as `Europe/Berlin`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.parts.name
    }

    /// The offset before the first transition, in seconds east of UTC.
    #[must_use]
    pub const fn initial(&self) -> i32 {
        self.parts.initial
    }

    /// Transitions in order: seconds since the epoch, and the offset from then on.
    #[must_use]
    pub fn transitions(&self) -> &[(i64, i32)] {
        &self.parts.transitions
    }

    /// What recurs after the last transition.
    #[must_use]
    pub const fn rule(&self) -> Option<&PosixRule> {
        self.parts.rule.as_ref()
    }

    /// The offset in force at an instant, in seconds east of UTC, and the first later instant at which another one may be;
    /// `None` when there is none up to [`Timestamp::MAX`].
    #[must_use]
    pub fn offset_at(&self, at: Timestamp) -> (i32, Option<Timestamp>) {
        let seconds = at.millis().div_euclid(1_000);
        let table = self.transitions();
        let passed = table.partition_point(|(start, _)| *start <= seconds);
        let next = table.get(passed).map(|(start, _)| *start);
        let last_offset = passed.checked_sub(1).and_then(|last| table.get(last)).map_or(self.initial(), |(_, o)| *o);
        let (offset, next) = match (next, self.rule()) {
            (None, Some(rule)) => rule.offset_at(seconds),
            (next, _) => (last_offset, next),
        };
        (offset, next.and_then(instant))
    }
}

/// Whether an offset is within RFC 8536's range.
fn is_offset(seconds: i32) -> bool {
    (-Zone::OFFSET_MAX..=Zone::OFFSET_MAX).contains(&seconds)
}

fn instant(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_millis(seconds.checked_mul(1_000)?)
}

impl TryFrom<ZoneParts> for Zone {
    type Error = &'static str;

    fn try_from(parts: ZoneParts) -> Result<Self, Self::Error> {
        Self::new(parts.name, parts.initial, parts.transitions, parts.rule).ok_or("not a valid time zone")
    }
}

impl From<Zone> for ZoneParts {
    fn from(zone: Zone) -> Self {
        zone.parts
    }
}
