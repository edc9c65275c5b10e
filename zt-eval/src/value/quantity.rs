//! Kubernetes amounts (`resource.Quantity`): exact or nothing.
//!
//! Kubernetes rounds what is finer than a nano unit and caps what exceeds 2^63-1. A cap that a policy states must not be
//! met by rounding, so both are `None` here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::{is_digits, strip_minus};

/// An amount in Kubernetes's notation, in nano units: `500m`, `1.5Gi`, `1e3`.
///
/// ```
/// use zt_eval::value::Quantity;
///
/// let half = Quantity::parse("500m").unwrap();
/// assert_eq!(Quantity::parse("0.5"), Some(half));
/// assert!(half < Quantity::parse("1Ki").unwrap());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "i128", into = "i128")]
pub struct Quantity(i128);

const PLACES: i64 = 9;

impl Quantity {
    /// Units in one: the amount is held as a count of nano units.
    pub const SCALE: i128 = 1_000_000_000;

    /// The largest magnitude in nano units: Kubernetes has no amount beyond 2^63-1.
    pub const UNITS_MAX: i128 = i64::MAX as i128 * Self::SCALE;

    /// The amount that the text states, in the grammar of Kubernetes's `resource.Quantity`: an optional sign, digits with
    /// an optional point, then one of `n u m k M G T P E`, `Ki Mi Gi Ti Pi Ei`, a decimal exponent (`e3`, `E-2`), or
    /// nothing. `None` for anything finer than a nano unit or beyond 2^63-1, and for a mantissa whose
    /// digits alone exceed 128 bits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('+') {
            Some(rest) => (false, rest),
            None => strip_minus(text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (mantissa, suffix) = rest.split_at_checked(end)?;
        let magnitude = exact(mantissa, Scale::of(suffix)?)?;
        Self::from_units(if negative { -magnitude } else { magnitude })
    }

    /// The amount of so many nano units; `None` beyond [`UNITS_MAX`](Self::UNITS_MAX).
    #[must_use]
    pub const fn from_units(units: i128) -> Option<Self> {
        if -Self::UNITS_MAX <= units && units <= Self::UNITS_MAX { Some(Self(units)) } else { None }
    }

    /// The amount in nano units.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The sum; `None` beyond the range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::from_units)
    }

    /// The difference; `None` beyond the range.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).and_then(Self::from_units)
    }

    /// The amount with its sign turned; the range is symmetric, so there always is one.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }
}

/// What a suffix multiplies by: a power of ten times a power of two.
struct Scale {
    tens: i64,
    twos: i64,
}

impl Scale {
    fn of(suffix: &str) -> Option<Self> {
        let (tens, twos) = match suffix {
            "n" => (-9, 0),
            "u" => (-6, 0),
            "m" => (-3, 0),
            "" => (0, 0),
            "k" => (3, 0),
            "M" => (6, 0),
            "G" => (9, 0),
            "T" => (12, 0),
            "P" => (15, 0),
            "E" => (18, 0),
            "Ki" => (0, 10),
            "Mi" => (0, 20),
            "Gi" => (0, 30),
            "Ti" => (0, 40),
            "Pi" => (0, 50),
            "Ei" => (0, 60),
            // `i32` takes exactly Kubernetes's exponents: an optional sign and digits.
            _ => (suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?.into(), 0),
        };
        Some(Self { tens, twos })
    }
}

/// The mantissa times its scale in nano units, when that is a whole number within 128 bits.
///
/// Factors of two and five are moved apart, so that a binary suffix may complete what a decimal fraction leaves over.
fn exact(mantissa: &str, scale: Scale) -> Option<i128> {
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let mut digits = 0_i128;
    for digit in whole.bytes().chain(fraction.bytes()) {
        digits = digits.checked_mul(10)?.checked_add(digit.wrapping_sub(b'0').into())?;
    }
    if digits == 0 {
        return Some(0);
    }
    let tens = PLACES.checked_add(scale.tens)?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let fives_applied = apply_power(digits, 5, tens)?;
    apply_power(fives_applied, 2, tens.checked_add(scale.twos)?)
}

/// `value × base^power`, when that is whole and within 128 bits.
///
/// Each step changes the magnitude by at least a factor of two, so there are at most 127 whatever the power says.
fn apply_power(mut value: i128, base: i128, power: i64) -> Option<i128> {
    for _ in 0..power {
        value = value.checked_mul(base)?;
    }
    for _ in power..0 {
        if value % base != 0 {
            return None;
        }
        value /= base;
    }
    Some(value)
}

impl TryFrom<i128> for Quantity {
    type Error = &'static str;

    fn try_from(units: i128) -> Result<Self, Self::Error> {
        Self::from_units(units).ok_or("quantity out of range")
    }
}

impl From<Quantity> for i128 {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

impl fmt::Display for Quantity {
    /// A whole number with the coarsest of no suffix, `m`, `u` and `n` that states the amount exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = [(Self::SCALE, ""), (1_000_000, "m"), (1_000, "u")];
        match steps.into_iter().find(|(step, _)| self.0 % step == 0) {
            Some((step, suffix)) => write!(f, "{}{suffix}", self.0 / step),
            None => write!(f, "{}n", self.0),
        }
    }
}
