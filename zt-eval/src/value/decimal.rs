//! Fixed-point numbers: six places, exact or nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::Number;

/// A fixed-point number with six decimal places, in 64 bits: about ±9.2 million million.
///
/// ```
/// use zt_eval::value::Decimal;
///
/// let price = Decimal::parse("3.50").unwrap();
/// assert_eq!(price.units(), 3_500_000);
/// assert_eq!(price.to_string(), "3.5");
/// assert_eq!(Decimal::parse("0.0000001"), None); // seven places: not exact
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decimal(i64);

const PLACES: u32 = 6;

impl Decimal {
    /// Units in one: the value is held as a count of millionths.
    pub const SCALE: i64 = 10_i64.pow(PLACES);

    /// The number that the text states: an optional minus sign, digits, and at most six places after a point once
    /// trailing zeros are dropped. `None` for an exponent, for more places and beyond the range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = Number::parse(text).filter(|number| !number.has_exponent)?;
        let scaled = number.scaled(PLACES).filter(|scaled| scaled.is_exact)?;
        let units = if number.negative { -scaled.magnitude } else { scaled.magnitude };
        i64::try_from(units).ok().map(Self)
    }

    /// The same number as an integer; `None` beyond the range.
    #[must_use]
    pub fn from_int(int: i64) -> Option<Self> {
        int.checked_mul(Self::SCALE).map(Self)
    }

    /// The number of so many millionths.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// The number in millionths.
    #[must_use]
    pub const fn units(self) -> i64 {
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

    /// The number with its sign turned; `None` for the least number.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// The product; `None` beyond the range, and where it needs more than six places.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(other.0); // 64 × 64 bits fit into 128
        let scale = i128::from(Self::SCALE);
        if product % scale != 0 {
            return None;
        }
        i64::try_from(product / scale).ok().map(Self)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let scale = Self::SCALE.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", magnitude / scale)?;
        match magnitude % scale {
            0 => Ok(()),
            mut fraction => {
                let mut width = 6;
                while fraction % 10 == 0 {
                    (fraction, width) = (fraction / 10, width - 1);
                }
                write!(f, ".{fraction:0width$}")
            }
        }
    }
}
