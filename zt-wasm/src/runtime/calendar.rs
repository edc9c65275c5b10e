//! Tests on the instant of the decision, and when their answers may change.
//!
//! Table of a zone: the offset before the first transition (4 bytes, seconds east of UTC), how many transitions there are (4
//! bytes), what recurs after the last (4 bytes: 0 nothing, 1 one offset, 2 daylight saving time), its standard offset, the
//! offset of daylight saving time (4 bytes each), when that starts and when it ends, each as month, week, weekday (1 byte each,
//! and one that is nothing) and seconds from midnight (4 bytes); then transitions, 8 bytes each: their second since the epoch
//! times 2^20, plus the offset from then on plus 2^19.

use super::arithmetic::*;
use super::env::*;
use super::facts::*;
use super::layout::*;

pub const ZONE_INITIAL: i32 = 0;
pub const ZONE_COUNT: i32 = 4;
pub const ZONE_RULE: i32 = 8;
pub const ZONE_STANDARD: i32 = 12;
pub const ZONE_DAYLIGHT: i32 = 16;
pub const ZONE_DATES: i32 = 20;
pub const ZONE_DATE: i32 = 8;
pub const ZONE_TRANSITIONS: i32 = 36;
pub const ZONE_OFFSET_BIAS: i64 = 524_288;

// Comparisons of now with an instant: earlier, not later, the same.
pub const NOW_BEFORE: i32 = 0;
pub const NOW_AT_OR_BEFORE: i32 = 1;
pub const NOW_AT: i32 = 2;

const CALENDAR_DAY_MS: i64 = 86_400_000;
/// Beyond every instant, in seconds.
const CALENDAR_NEVER: i64 = 1_099_511_627_776;
/// Days and years of the proleptic calendar recur every 400 years.
const CALENDAR_ERA_DAYS: i64 = 146_097;
const CALENDAR_EPOCH_DAYS: i64 = 719_468; // from 0000-03-01 to 1970-01-01

// Of the zone at now: its offset, the clock's milliseconds, and the instant of the next transition.
const LOCAL_OFFSET: i32 = 1688;
const LOCAL_MS: i32 = 1696;
const LOCAL_NEXT: i32 = 1704;

/// Days since the epoch of a month's first day; month 13 is the next year's first. Years count from March, so that a leap day is
/// the last (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn calendar_month(year: i64, month: i64) -> i64 {
    let from_march = (month + 9) % 12;
    let shifted = year + 400 - (month <= 2) as i64;
    let of_era = shifted % 400;
    let of_year = (153 * from_march + 2) / 5;
    return shifted / 400 * CALENDAR_ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - CALENDAR_EPOCH_DAYS - CALENDAR_ERA_DAYS;
}

/// The year of a day since the epoch.
fn calendar_year(days: i64) -> i64 {
    let shifted = days + CALENDAR_EPOCH_DAYS + CALENDAR_ERA_DAYS;
    let of_era = shifted % CALENDAR_ERA_DAYS;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // From January on it is the next year.
    return shifted / CALENDAR_ERA_DAYS * 400 - 400 + year + (of_year >= 306) as i64;
}

/// Seconds since the epoch, on the zone's clock, of a recurring date in a year.
fn zone_date(date: i32, year: i64) -> i64 {
    let month = ld8(date) as i64;
    let first = calendar_month(year, month);
    // 1970-01-01 was a Thursday; days are made positive by whole weeks.
    let weekday = (first + 4 + 7_000_000) % 7;
    let mut day = first + (ld8(date + 2) as i64 + 7 - weekday) % 7 + 7 * (ld8(date + 1) as i64 - 1);
    if day >= calendar_month(year, month + 1) {
        day -= 7;
    }
    return day * 86_400 + ld32(date + 4) as i64;
}

/// The rule's offset at a second (R0) and when it next changes (R1). A date's time may be a week away from it, and an offset a
/// day, so that years from the one before last to the one after next count. Of what falls together the last holds.
fn zone_rule(table: i32, seconds: i64) {
    let standard = ld32(table + ZONE_STANDARD);
    let daylight = ld32(table + ZONE_DAYLIGHT);
    let year = calendar_year((seconds + 86_400_000_000) / 86_400 - 1_000_000) - 2;
    let mut offset = standard;
    let mut latest = -CALENDAR_NEVER;
    let mut next = CALENDAR_NEVER;
    let mut change = 0;
    while change < 10 && ld32(table + ZONE_RULE) == 2 {
        let ends = change & 1;
        let before = if ends == 0 { standard } else { daylight };
        let at = zone_date(table + ZONE_DATES + ends * ZONE_DATE, year + (change >> 1) as i64) - before as i64;
        if at > seconds {
            if at < next {
                next = at;
            }
        } else if at >= latest {
            latest = at;
            offset = if ends == 0 { daylight } else { standard };
        }
        change += 1;
    }
    st64(R0, offset as i64);
    st64(R1, next);
}

/// The offset at a second (R0), and the second of the next transition (R1).
fn zone_offset(table: i32, seconds: i64) {
    let count = ld32(table + ZONE_COUNT);
    let transitions = table + ZONE_TRANSITIONS;
    let mut low = 0;
    let mut high = count;
    while low < high {
        let middle = (low + high) >> 1;
        if (ld64(transitions + middle * 8) >> 20) <= seconds {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if low == count && ld32(table + ZONE_RULE) != 0 {
        zone_rule(table, seconds);
        return;
    }
    st64(R1, if low == count { CALENDAR_NEVER } else { ld64(transitions + low * 8) >> 20 });
    if low == 0 {
        st64(R0, ld32(table + ZONE_INITIAL) as i64);
    } else {
        st64(R0, (ld64(transitions + low * 8 - 8) & 1_048_575) - ZONE_OFFSET_BIAS);
    }
}

/// Reads the zone's clock at now; false when the instant is not known.
fn local_start(table: i32) -> bool {
    note_now();
    if ld32(HAS_NOW) == 0 {
        return false;
    }
    let now = ld64(NOW);
    zone_offset(table, (now + CALENDAR_DAY_MS * 1_000_000) / 1_000 - 86_400_000_000);
    let offset = ld64(R0) * 1_000;
    st64(LOCAL_OFFSET, offset);
    st64(LOCAL_MS, now + offset);
    st64(LOCAL_NEXT, ld64(R1) * 1_000);
    return true;
}

/// The answer may change at a time of the zone's clock, or before at its next transition; at the last instant if never.
fn local_flip(millis: i64) {
    let mut flip = ARITH_INSTANT_MAX;
    let boundary = millis - ld64(LOCAL_OFFSET);
    if boundary >= ARITH_INSTANT_MIN && boundary < flip {
        flip = boundary;
    }
    let next = ld64(LOCAL_NEXT);
    if next >= ARITH_INSTANT_MIN && next < flip {
        flip = next;
    }
    flips_at(flip);
}

/// Days since the epoch, on the zone's clock.
fn local_day() -> i64 {
    return (ld64(LOCAL_MS) + CALENDAR_DAY_MS * 1_000_000) / CALENDAR_DAY_MS - 1_000_000;
}

fn calendar_has_day(days: i32, day: i64) -> i32 {
    return (days >> ((day + 3 + 7_000_000) % 7) as i32) & 1;
}

/// Whether it is one of these weekdays (bit 0 for Monday) in a zone.
pub fn weekday_is(zone_table: i32, days: i32) -> i32 {
    if !local_start(zone_table) {
        return UNKNOWN;
    }
    let day = local_day();
    let is_in = calendar_has_day(days, day);
    let mut later = 1i64;
    while later <= 7 && calendar_has_day(days, day + later) == is_in {
        later += 1;
    }
    local_flip(if later <= 7 { (day + later) * CALENDAR_DAY_MS } else { CALENDAR_NEVER * 1_000 });
    return is_in;
}

/// Whether the time of day in a zone is in one of these ranges: from and to, 4 bytes each, in milliseconds from midnight.
pub fn time_in(zone_table: i32, ranges_at: i32, count: i32) -> i32 {
    if !local_start(zone_table) {
        return UNKNOWN;
    }
    let midnight = local_day() * CALENDAR_DAY_MS;
    let time = ld64(LOCAL_MS) - midnight;
    let mut is_in = FALSE;
    let mut next = CALENDAR_NEVER * 1_000;
    let mut at = ranges_at;
    let end = ranges_at + count * 8;
    while at < end {
        let from = calendar_time(ld32(at));
        let to = calendar_time(ld32(at + 4));
        let has_begun = from <= time;
        let goes_on = time < to;
        let holds = if from <= to { has_begun && goes_on } else { has_begun || goes_on };
        is_in |= holds as i32;
        next = calendar_nearer(calendar_nearer(next, time, from), time, to);
        at += 8;
    }
    local_flip(if count == 0 { next } else { midnight + next });
    return is_in;
}

/// A time of day as it is stored; what lies behind 24 h is taken for 24 h.
fn calendar_time(stored: i32) -> i64 {
    let millis = stored as u32 as i64;
    return if millis < CALENDAR_DAY_MS { millis } else { CALENDAR_DAY_MS };
}

/// The earlier of what comes next and the next time that the clock shows `mark`.
fn calendar_nearer(next: i64, time: i64, mark: i64) -> i64 {
    let ahead = if mark > time { mark } else { mark + CALENDAR_DAY_MS };
    return if ahead < next { ahead } else { next };
}

/// How now compares with an instant; unknown when either is not known.
pub fn now_is(op: i32, cell: i32) -> i32 {
    if ld32(cell) != T_TIMESTAMP {
        return UNKNOWN;
    }
    note_now();
    if ld32(HAS_NOW) == 0 {
        return UNKNOWN;
    }
    let now = ld64(NOW);
    let time = ld64(cell + 8);
    let holds = match op {
        NOW_BEFORE => now < time,
        NOW_AT_OR_BEFORE => now <= time,
        _ => now == time,
    };
    // An instant is passed a millisecond after it.
    let flip = if op == NOW_BEFORE || (op == NOW_AT && now < time) { time } else { time + 1 };
    if now < flip && flip <= ARITH_INSTANT_MAX {
        flips_at(flip);
    }
    return holds as i32;
}
