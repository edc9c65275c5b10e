//! Instants: RFC 3339 text and JWT's NumericDate, in milliseconds.
//!
//! Every instant lies in the years 0001 to 9999 of UTC, so that each has RFC 3339 text. What is finer than a millisecond
//! is dropped toward the past: evidence never looks younger than it is by this.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::duration::Duration;
use super::number::{Number, is_digits};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// ```
/// use zt_eval::value::Timestamp;
///
/// let noon = Timestamp::parse_rfc3339("2026-03-02T13:00:00+01:00").unwrap();
/// assert_eq!(noon.to_string(), "2026-03-02T12:00:00Z");
/// assert_eq!(Timestamp::parse_seconds("1772452800"), Some(noon));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Timestamp(i64);

pub(crate) const DAY_MS: i64 = 86_400_000;

/// The seconds that nearly every token states: digits, too few to overflow, the first of them not zero.
fn plain_seconds(text: &[u8]) -> Option<i64> {
    if text.len() > 12 || matches!(text.first(), None | Some(b'0')) {
        return None;
    }
    text.iter().try_fold(0, |seconds, byte| byte.is_ascii_digit().then(|| seconds * 10 + i64::from(byte - b'0')))
}

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000);

    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The instant of so many milliseconds since the epoch; `None` outside the years 0001 to 9999.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Option<Self> {
        if Self::MIN.0 <= millis && millis <= Self::MAX.0 { Some(Self(millis)) } else { None }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant that RFC 3339 text states, offset included. `None` for anything looser (a space for the `T`, no
    /// offset), for a leap second, and outside the years 0001 to 9999.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't'])?;
        let (clock, offset_ms) = split_offset(time)?;
        let millis = parse_date(date)?.checked_mul(DAY_MS)?.checked_add(parse_clock(clock)?)?;
        Self::from_millis(millis.checked_sub(offset_ms)?)
    }

    /// The instant that number text states in seconds since the epoch, as JWT's NumericDate (RFC 7519, §2). `None` when
    /// the text is no JSON number, and outside the years 0001 to 9999.
    #[must_use]
    pub fn parse_seconds(text: &str) -> Option<Self> {
        if let Some(seconds) = plain_seconds(text.as_bytes()) {
            return Self::from_millis(seconds * 1000);
        }
        let number = Number::parse(text)?;
        let scaled = number.scaled(3)?;
        let millis = match (number.negative, scaled.is_exact) {
            (false, _) => scaled.magnitude,
            (true, true) => -scaled.magnitude,
            (true, false) => -scaled.magnitude - 1,
        };
        i64::try_from(millis).ok().and_then(Self::from_millis)
    }

    /// The instant that much later; `None` outside the years 0001 to 9999.
    #[must_use]
    pub fn checked_add(self, span: Duration) -> Option<Self> {
        self.0.checked_add(span.millis()).and_then(Self::from_millis)
    }

    /// The instant that much earlier; `None` outside the years 0001 to 9999.
    #[must_use]
    pub fn checked_sub(self, span: Duration) -> Option<Self> {
        self.0.checked_sub(span.millis()).and_then(Self::from_millis)
    }

    /// The time from `earlier` to this instant, negative when it is later after all.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_millis)
    }
}

/// Days since the epoch of `YYYY-MM-DD`.
fn parse_date(text: &str) -> Option<i64> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let year = parse_digits(year, 4).filter(|year| *year >= 1)?;
    let month = parse_digits(month, 2).filter(|month| (1..=12).contains(month))?;
    let day = parse_digits(day, 2).filter(|day| (1..=days_in_month(year, month)).contains(day))?;
    Some(days_from_civil(year, month, day))
}

/// Milliseconds since midnight of `hh:mm:ss` with an optional fraction, cut below the millisecond.
fn parse_clock(text: &str) -> Option<i64> {
    let (seconds, fraction) = match text.split_once('.') {
        Some((seconds, fraction)) => (seconds, parse_fraction(fraction)?),
        None => (text, 0),
    };
    let (hour_minute, second) = seconds.rsplit_once(':')?;
    let second = parse_digits(second, 2).filter(|second| *second < 60)?;
    Some(parse_minutes(hour_minute)? * 60_000 + second * 1_000 + fraction)
}

fn parse_fraction(digits: &str) -> Option<i64> {
    if digits.is_empty() || !is_digits(digits) {
        return None;
    }
    let padded = digits.bytes().chain(*b"00");
    Some(padded.take(3).fold(0, |millis, digit| millis * 10 + i64::from(digit.wrapping_sub(b'0'))))
}

/// Minutes since midnight of `hh:mm`.
fn parse_minutes(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let hour = parse_digits(hour, 2).filter(|hour| *hour < 24)?;
    let minute = parse_digits(minute, 2).filter(|minute| *minute < 60)?;
    Some(hour * 60 + minute)
}

/// The clock's text and the offset behind it in milliseconds east of UTC.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let sign_at = time.rfind(['+', '-'])?;
    let (clock, offset) = time.split_at_checked(sign_at)?;
    if let Some(east) = offset.strip_prefix('+') {
        return Some((clock, parse_minutes(east)? * 60_000));
    }
    Some((clock, -parse_minutes(offset.strip_prefix('-')?)? * 60_000))
}

fn parse_digits(text: &str, len: usize) -> Option<i64> {
    if text.len() == len && is_digits(text) { text.parse().ok() } else { None }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
///
/// Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of so many days since 1970-01-01; `civil_from_days` of the same source.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl TryFrom<i64> for Timestamp {
    type Error = &'static str;

    fn try_from(millis: i64) -> Result<Self, Self::Error> {
        Self::from_millis(millis).ok_or("timestamp out of range")
    }
}

impl From<Timestamp> for i64 {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; milliseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let of_day = self.0.rem_euclid(DAY_MS);
        let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match of_day % 1_000 {
            0 => f.write_str("Z"),
            millis => write!(f, ".{millis:03}Z"),
        }
    }
}
