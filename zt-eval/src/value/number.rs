//! Number text, taken apart without rounding.
//!
//! Values keep the exact number that the text states, so nothing here passes through floating point.

/// A number in the grammar of RFC 8259, §6: `-12.50e3` is the digits `12` and `50`, negative, with exponent 3.
pub(super) struct Number<'a> {
    /// Whether a minus sign stands before it.
    pub(super) negative: bool,
    /// Whether an exponent is written.
    pub(super) has_exponent: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

/// A magnitude cut to a whole number of units.
pub(super) struct Scaled {
    /// The whole units, without sign.
    pub(super) magnitude: i128,
    /// Whether nothing was cut off.
    pub(super) is_exact: bool,
}

/// Exponents beyond this are treated as this: every number that is not zero is then out of every range.
const EXPONENT_MAX: i64 = 1 << 40;

impl<'a> Number<'a> {
    /// Takes number text apart; `None` when it is not a number in JSON's grammar.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (negative, rest) = strip_minus(text);
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (rest, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let leads_with_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leads_with_zero || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        Some(Self {
            negative,
            has_exponent: exponent.is_some(),
            whole,
            fraction,
            exponent: exponent.map_or(Some(0), parse_exponent)?,
        })
    }

    /// The magnitude times 10^`places`, cut toward zero; `None` when it exceeds 128 bits.
    pub(super) fn scaled(&self, places: u32) -> Option<Scaled> {
        let digits = || self.whole.bytes().chain(self.fraction.bytes()).skip_while(|digit| *digit == b'0');
        let count = i64::try_from(digits().count()).ok()?;
        if count == 0 {
            return Some(Scaled { magnitude: 0, is_exact: true });
        }
        let fraction_len = i64::try_from(self.fraction.len()).ok()?;
        let kept = count.checked_add(self.exponent)?.checked_sub(fraction_len)?.checked_add(places.into())?;
        if kept > 39 {
            return None; // 10^39 and more: beyond 128 bits whatever the digits are
        }
        let mut magnitude = 0_i128;
        let mut digits = digits();
        for _ in 0..kept {
            let digit = digits.next().unwrap_or(b'0').wrapping_sub(b'0');
            magnitude = magnitude.checked_mul(10)?.checked_add(digit.into())?;
        }
        Some(Scaled { magnitude, is_exact: digits.all(|digit| digit == b'0') })
    }
}

/// Whether every byte is an ASCII digit; true of empty text.
pub(super) fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text behind a leading minus sign, and whether there was one.
pub(super) fn strip_minus(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('+') {
        Some(digits) => (false, digits),
        None => strip_minus(text),
    };
    if digits.is_empty() || !is_digits(digits) {
        return None;
    }
    let magnitude = digits.parse().unwrap_or(EXPONENT_MAX).min(EXPONENT_MAX);
    Some(if negative { -magnitude } else { magnitude })
}
