//! Spans of time in the language's own notation.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::{is_digits, strip_minus};

/// A span of time in milliseconds, possibly negative.
///
/// ```
/// use zt_eval::value::Duration;
///
/// let span = Duration::parse("1h30m").unwrap();
/// assert_eq!(span.millis(), 5_400_000);
/// assert_eq!(span.to_string(), "1h30m");
/// assert_eq!(Duration::parse("30m1h"), None); // units go from coarse to fine
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(i64);

/// Units from coarse to fine, in milliseconds.
const UNITS: [(&str, i64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// The span that the text states: numbers with the units `w d h m s ms`, from coarse to fine, each at most once, with
    /// an optional minus sign before all. `None` for anything else and beyond the range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = strip_minus(text);
        let mut units = UNITS.into_iter();
        let mut total = 0_i128;
        loop {
            let (count, unit, after) = split_part(rest)?;
            let (_, millis) = units.by_ref().find(|(name, _)| *name == unit)?;
            total = total.checked_add(i128::from(count) * i128::from(millis))?;
            if after.is_empty() {
                break;
            }
            rest = after;
        }
        i64::try_from(if negative { -total } else { total }).ok().map(Self)
    }

    /// The span of so many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The span in milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The sum; `None` beyond the range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` beyond the range.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The span with its sign turned; `None` for the least span.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// The span so many times; `None` beyond the range.
    #[must_use]
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).map(Self)
    }
}

/// The first number, its unit, and the text after both.
fn split_part(text: &str) -> Option<(u64, &str, &str)> {
    let (digits, rest) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    let unit_len = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, after) = rest.split_at_checked(unit_len)?;
    if digits.is_empty() || !is_digits(digits) {
        return None;
    }
    Some((digits.parse().ok()?, unit, after))
}

impl fmt::Display for Duration {
    /// Days and finer units, each as large as it can be. Weeks are left out: `14d` reads as well as `2w`, `1w1d` does not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (name, millis) in UNITS.into_iter().skip(1) {
            let millis = millis.unsigned_abs();
            if rest >= millis {
                write!(f, "{}{name}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}
