//! Calendar tests on `now`, and when their answers may change.

use super::Zone;
use crate::value::{DAY_MS, Timestamp};

/// Whether `now` is on one of the weekdays in `mask` (bit 0 for Monday to bit 6 for Sunday) in a zone; and the earliest
/// later instant at which that may change: the midnight at which it does, or the zone's next transition if that comes
/// first. [`Timestamp::MAX`] stands for never.
#[must_use]
pub fn weekday_in(zone: &Zone, now: Timestamp, mask: u8) -> (bool, Timestamp) {
    let local = Local::of(zone, now);
    let day = local.millis.div_euclid(DAY_MS);
    let is_in = has_weekday(mask, day);
    let changes = (day + 1..=day + 7).find(|later| has_weekday(mask, *later) != is_in);
    (is_in, local.flip(changes.map(|later| later * DAY_MS)))
}

/// Whether the time of day of `now` in a zone lies in one of the ranges, in milliseconds from midnight; and the earliest
/// later instant at which that may change: the next end of a range, or the zone's next transition if that comes first.
/// [`Timestamp::MAX`] stands for never.
///
/// A range is half-open. One that starts after its end crosses midnight, one that starts at its end is empty, and an end
/// may be 24 h; what lies behind 24 h is taken for 24 h.
#[must_use]
pub fn time_in(zone: &Zone, now: Timestamp, ranges: &[(u32, u32)]) -> (bool, Timestamp) {
    let local = Local::of(zone, now);
    let midnight = local.millis - local.millis.rem_euclid(DAY_MS);
    let time = local.millis - midnight;
    let ranges = ranges.iter().map(|(start, end)| [start, end].map(|at| i64::from(*at).min(DAY_MS)));
    let is_in = ranges.clone().any(|[start, end]| is_between(time, start, end));
    let ends = ranges.flatten();
    let next = ends.map(|end| if end > time { end } else { end + DAY_MS }).min();
    (is_in, local.flip(next.map(|end| midnight + end)))
}

fn has_weekday(mask: u8, day: i64) -> bool {
    let from_monday = (day + 3).rem_euclid(7); // 1970-01-01 was a Thursday
    (mask >> from_monday) & 1 == 1
}

const fn is_between(time: i64, start: i64, end: i64) -> bool {
    if start <= end { start <= time && time < end } else { start <= time || time < end }
}

/// An instant on a zone's clock.
struct Local {
    /// Milliseconds since the epoch as the clock shows them.
    millis: i64,
    offset_ms: i64,
    next_transition: Option<Timestamp>,
}

impl Local {
    fn of(zone: &Zone, now: Timestamp) -> Self {
        let (offset, next_transition) = zone.offset_at(now);
        let offset_ms = i64::from(offset) * 1_000;
        Self { millis: now.millis() + offset_ms, offset_ms, next_transition }
    }

    /// The earlier of a time on this clock and the zone's next transition, up to which the clock runs evenly.
    fn flip(&self, local_ms: Option<i64>) -> Timestamp {
        let boundary = local_ms.and_then(|local_ms| Timestamp::from_millis(local_ms - self.offset_ms));
        boundary.into_iter().chain(self.next_transition).min().unwrap_or(Timestamp::MAX)
    }
}
