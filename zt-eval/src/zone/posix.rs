//! The rule that recurs every year, in the notation of POSIX's `TZ` as RFC 8536, §3.3.1 extends it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::is_offset;
use crate::value::{civil_from_days, days_from_civil};

/// A standard offset, and possibly another one between two dates of every year.
///
/// ```
/// use zt_eval::zone::PosixRule;
///
/// assert!(PosixRule::parse("CET-1CEST,M3.5.0,M10.5.0/3").is_some());
/// assert!(PosixRule::parse("<+0530>-5:30").is_some());
/// assert!(PosixRule::parse("XYZ3ABC,J60,J300").is_none()); // days of the year: no zone of the database has them
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct PosixRule {
    /// Seconds east of UTC.
    std: i32,
    dst: Option<Daylight>,
}

/// Daylight saving time.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Daylight {
    /// Seconds east of UTC.
    pub offset: i32,
    /// When it starts, in standard time.
    pub start: YearDay,
    /// When it ends, in daylight saving time.
    pub end: YearDay,
}

/// `Mm.w.d/time`: the `w`-th day `d` of the week in month `m`, the last one for week 5.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct YearDay {
    /// From 1.
    pub month: u8,
    /// From 1 to 5, which is the last.
    pub week: u8,
    /// 0 for Sunday.
    pub weekday: u8,
    /// Seconds from midnight of that day; may be negative, and more than a day.
    pub time: i32,
}

const DAY_SECONDS: i64 = 86_400;
const TIME_DEFAULT: i32 = 2 * 3_600;
const TIME_HOURS_MAX: i32 = 167;
const OFFSET_HOURS_MAX: i32 = 25;

impl PosixRule {
    /// The rule that the text states: names of letters or in `<…>`, offsets, and dates in the `M` form. `None` for the
    /// other forms of dates and anything malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = skip_name(text)?;
        let (west, text) = parse_time(text, OFFSET_HOURS_MAX)?;
        let std = -west;
        if text.is_empty() {
            return Some(Self { std, dst: None });
        }
        let text = skip_name(text)?;
        let (offset, text) = match parse_time(text, OFFSET_HOURS_MAX) {
            Some((west, text)) => (-west, text),
            None => (std + 3_600, text),
        };
        let (start, end) = text.strip_prefix(',')?.split_once(',')?;
        let dst = Daylight { offset, start: YearDay::parse(start)?, end: YearDay::parse(end)? };
        Some(Self { std, dst: Some(dst) }).filter(Self::is_valid)
    }

    /// Whether every number is in its range.
    pub(super) fn is_valid(&self) -> bool {
        let is_dst_valid = |dst: &Daylight| is_offset(dst.offset) && dst.start.is_valid() && dst.end.is_valid();
        is_offset(self.std) && self.dst.as_ref().is_none_or(is_dst_valid)
    }

    /// The offset in force at so many seconds since the epoch, and when the next transition is.
    ///
    /// A date's time may be a week away from it, and an offset a day, so the transitions that matter lie between the
    /// year before last and the year after next. Where two fall together, the one of the later year holds.
    pub(super) fn offset_at(&self, seconds: i64) -> (i32, Option<i64>) {
        let Some(dst) = &self.dst else {
            return (self.std, None);
        };
        let (year, _, _) = civil_from_days(seconds.div_euclid(DAY_SECONDS));
        let mut transitions = [(0, self.std); 10];
        for (slots, year) in transitions.chunks_exact_mut(2).zip(year - 2..) {
            if let [start, end] = slots {
                *start = (dst.start.seconds(year) - i64::from(self.std), dst.offset);
                *end = (dst.end.seconds(year) - i64::from(dst.offset), self.std);
            }
        }
        transitions.sort_by_key(|(at, _)| *at); // stable: years stay in order
        let current = transitions.iter().rev().find(|(at, _)| *at <= seconds);
        let next = transitions.iter().find(|(at, _)| *at > seconds);
        (current.map_or(self.std, |(_, offset)| *offset), next.map(|(at, _)| *at))
    }

    /// The standard offset, in seconds east of UTC.
    #[must_use]
    pub const fn std_offset(&self) -> i32 {
        self.std
    }

    /// Daylight saving time, if the rule has any.
    #[must_use]
    pub const fn daylight(&self) -> Option<&Daylight> {
        self.dst.as_ref()
    }
}

impl YearDay {
    fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once('/') {
            Some((date, time)) => (date, parse_time(time, TIME_HOURS_MAX).filter(|(_, rest)| rest.is_empty())?.0),
            None => (text, TIME_DEFAULT),
        };
        let mut numbers = date.strip_prefix('M')?.split('.').map(parse_small);
        let [month, week, weekday] = [numbers.next()??, numbers.next()??, numbers.next()??];
        let day = Self { month, week, weekday, time };
        (numbers.next().is_none() && day.is_valid()).then_some(day)
    }

    fn is_valid(&self) -> bool {
        let time_max = (TIME_HOURS_MAX + 1) * 3_600 - 1;
        (1..=12).contains(&self.month)
            && (1..=5).contains(&self.week)
            && self.weekday <= 6
            && (-time_max..=time_max).contains(&self.time)
    }

    /// Local seconds since the epoch in a year.
    fn seconds(&self, year: i64) -> i64 {
        let month = i64::from(self.month);
        let first = days_from_civil(year, month, 1);
        let after_month =
            if month == 12 { days_from_civil(year + 1, 1, 1) } else { days_from_civil(year, month + 1, 1) };
        let first_weekday = (first + 4).rem_euclid(7); // 1970-01-01 was a Thursday
        let day = first + (i64::from(self.weekday) - first_weekday).rem_euclid(7) + 7 * (i64::from(self.week) - 1);
        let day = if day >= after_month { day - 7 } else { day };
        day * DAY_SECONDS + i64::from(self.time)
    }
}

/// The text behind a zone's abbreviation: three or more letters, or `<…>`.
fn skip_name(text: &str) -> Option<&str> {
    let (name, rest, is_allowed): (_, _, fn(u8) -> bool) = match text.strip_prefix('<') {
        Some(quoted) => {
            let (name, rest) = quoted.split_once('>')?;
            (name, rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'))
        }
        None => {
            let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
            let (name, rest) = text.split_at_checked(end)?;
            (name, rest, |byte| byte.is_ascii_alphabetic())
        }
    };
    (name.len() >= 3 && name.bytes().all(is_allowed)).then_some(rest)
}

/// Seconds of `[+-]h[h[h]][:mm[:ss]]`, and the text behind.
fn parse_time(text: &str, hours_max: i32) -> Option<(i32, &str)> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(unsigned.len());
    let (clock, rest) = unsigned.split_at_checked(end)?;
    let mut parts = clock.split(':').map(parse_small);
    let hours = i32::from(parts.next()??);
    let minutes = parts.next().map_or(Some(0), |minutes| minutes.map(i32::from))?;
    let seconds = parts.next().map_or(Some(0), |seconds| seconds.map(i32::from))?;
    let is_valid = parts.next().is_none() && hours <= hours_max && minutes < 60 && seconds < 60;
    is_valid.then_some((sign * (hours * 3_600 + minutes * 60 + seconds), rest))
}

/// A number of one to three digits.
fn parse_small(text: &str) -> Option<u8> {
    let is_small = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_small { text.parse().ok() } else { None }
}

impl fmt::Display for PosixRule {
    /// POSIX notation that parses back; abbreviations have no meaning here and are written `STD` and `DST`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "STD{}", Clock(-self.std))?;
        match &self.dst {
            None => Ok(()),
            Some(dst) => write!(f, "DST{},{},{}", Clock(-dst.offset), dst.start, dst.end),
        }
    }
}

impl fmt::Display for YearDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "M{}.{}.{}/{}", self.month, self.week, self.weekday, Clock(self.time))
    }
}

/// Seconds, written `h:mm:ss` as far as needed.
struct Clock(i32);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (hours, minutes, seconds) = (magnitude / 3_600, magnitude / 60 % 60, magnitude % 60);
        write!(f, "{}{hours}", if self.0 < 0 { "-" } else { "" })?;
        match (minutes, seconds) {
            (0, 0) => Ok(()),
            (minutes, 0) => write!(f, ":{minutes:02}"),
            (minutes, seconds) => write!(f, ":{minutes:02}:{seconds:02}"),
        }
    }
}
