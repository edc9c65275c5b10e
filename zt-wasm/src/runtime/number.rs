//! Numbers as text: integers, decimals, quantities.
//!
//! Exact or nothing: what does not fit into its type is no value, and no number passes through floating point. Parsers
//! take what stands between `at` and the end of their text; nothing behind it is read.

use super::env::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::out::*;

/// Where digits are put together before they are written, backwards: 40 bytes up to here.
const NUMBER_DIGITS_END: i32 = 1576;
/// What digits give that exceed 64 bits, or nearly so. No type has numbers of this size.
pub const DIGITS_MANY: u64 = 0xffff_ffff_ffff_ffff;
/// From here on another digit may exceed 64 bits.
const DIGITS_FULL: u64 = 1_000_000_000_000_000_000;
/// The greatest 64-bit integer.
const INT_MAX: u64 = 0x7fff_ffff_ffff_ffff;
/// Millionths in one.
const DECIMAL_SCALE: u64 = 1_000_000;
/// The upper and lower half of the greatest quantity, 2^63 - 1 of 10^9 units.
const QUANTITY_MAX_HIGH: u64 = 499_999_999;
const QUANTITY_MAX_LOW: u64 = 0xffff_ffff_c465_3600;
/// The lower half of a number.
const LOW_HALF: u64 = 0xffff_ffff;

/// A number's digits are appended to `start`; they must be digits. [`DIGITS_MANY`] when they exceed what any type has.
pub fn digits_append(start: u64, from: i32, to: i32) -> u64 {
    let mut sum = start;
    let mut at = from;
    while at < to {
        if sum >= DIGITS_FULL {
            return DIGITS_MANY;
        }
        sum = sum * 10 + (ld8(at) - b'0' as i32) as u32 as u64;
        at += 1;
    }
    return sum;
}

/// A number and its sign as a signed number in [`R0`]; whether it fits.
pub fn int_signed(magnitude: u64, is_negative: bool) -> bool {
    let number = magnitude as i64;
    if is_negative {
        st64(R0, 0i64.wrapping_sub(number));
        return magnitude <= INT_MAX + 1;
    }
    st64(R0, number);
    return magnitude <= INT_MAX;
}

/// A number without its sign.
pub fn int_magnitude(number: i64) -> u64 {
    return if number < 0 { 0i64.wrapping_sub(number) as u64 } else { number as u64 };
}

/// Whether the text begins with a minus sign.
fn number_is_negative(at: i32, len: i32) -> bool {
    return len > 0 && ld8(at) == b'-' as i32;
}

/// The integer that a JSON number states, as a cell; `out` is written only when there is one.
pub fn int_parse(at: i32, len: i32, out: i32) -> bool {
    let is_negative = number_is_negative(at, len);
    let end = at + len;
    let digits = if is_negative { at + 1 } else { at };
    if digits == end || json_digits(digits, end) != end {
        return false;
    }
    if !int_signed(digits_append(0, digits, end), is_negative) {
        return false;
    }
    put_cell(out, T_INT, 0, ld64(R0));
    return true;
}

/// The decimal that a text states, in millionths in [`R0`].
pub fn decimal_parse(at: i32, len: i32) -> bool {
    let is_negative = number_is_negative(at, len);
    let end = at + len;
    let whole = if is_negative { at + 1 } else { at };
    let point = json_digits(whole, end);
    if point == whole || (point - whole > 1 && ld8(whole) == b'0' as i32) {
        return false;
    }
    let mut units = digits_append(0, whole, point);
    let mut places = 0;
    if point < end {
        let fraction = point + 1;
        if ld8(point) != b'.' as i32 || fraction == end || json_digits(fraction, end) != end {
            return false;
        }
        places = number_zeros_cut(fraction, end) - fraction;
        if places > 6 {
            return false;
        }
        units = digits_append(units, fraction, fraction + places);
    }
    while places < 6 {
        if units >= DIGITS_FULL {
            return false;
        }
        units = units * 10;
        places += 1;
    }
    return int_signed(units, is_negative);
}

/// The end of digits without the zeros at their end.
fn number_zeros_cut(from: i32, end: i32) -> i32 {
    let mut cut = end;
    while cut > from && ld8(cut - 1) == b'0' as i32 {
        cut -= 1;
    }
    return cut;
}

/// The product of two decimals, in [`R0`]; whether it is exact and in range.
pub fn decimal_mul(a: i64, b: i64) -> bool {
    let x = int_magnitude(a);
    let y = int_magnitude(b);
    // Halves are multiplied and summed to 128 bits; no magnitude exceeds 2^63, so that no sum exceeds 64 bits.
    let low = (x & LOW_HALF) * (y & LOW_HALF);
    let mid = (x >> 32) * (y & LOW_HALF) + (low >> 32);
    let more = (x & LOW_HALF) * (y >> 32) + (mid & LOW_HALF);
    let high = (x >> 32) * (y >> 32) + (mid >> 32) + (more >> 32);
    if high >= DECIMAL_SCALE {
        return false; // the quotient exceeds 64 bits
    }
    let upper = (high << 32) | (more & LOW_HALF);
    let lower = ((upper % DECIMAL_SCALE) << 32) | (low & LOW_HALF);
    let product = ((upper / DECIMAL_SCALE) << 32) | (lower / DECIMAL_SCALE);
    let rest = lower % DECIMAL_SCALE;
    return int_signed(product, (a < 0) != (b < 0)) && rest == 0;
}

/// The quantity that a text states (Kubernetes's notation), as a signed 128-bit number in [`R0`] and [`R1`].
pub fn quantity_parse(at: i32, len: i32) -> bool {
    let is_negative = number_is_negative(at, len);
    let end = at + len;
    let mut whole = at;
    if is_negative || (len > 0 && ld8(at) == b'+' as i32) {
        whole += 1;
    }
    let point = json_digits(whole, end);
    let mut suffix = point;
    if point < end && ld8(point) == b'.' as i32 {
        suffix = json_digits(point + 1, end);
    }
    if suffix == whole || (suffix == whole + 1 && point == whole) {
        return false; // no digits
    }
    let scale = quantity_scale(suffix, end);
    st64(R0, 0);
    st64(R1, 0);
    if scale < 0 || !wide_digits(whole, point) {
        return false;
    }
    let mut places = 0;
    if suffix > point {
        let cut = number_zeros_cut(point + 1, suffix);
        places = cut - (point + 1);
        if !wide_digits(point + 1, cut) {
            return false;
        }
    }
    let tens = span_at(scale) as i64 + 9 - places as i64;
    if !quantity_apply(tens, span_len(scale) as i64) || !quantity_fits() {
        return false;
    }
    if is_negative {
        wide_negate();
    }
    return true;
}

/// The quantity in [`R0`] and [`R1`] as a cell.
pub fn quantity_put(out: i32) {
    let low = ld64(R0);
    let high = ld64(R1);
    let at = alloc(16);
    st64(at, low);
    st64(at + 8, high);
    put_cell(out, T_QUANTITY, 0, at as i64);
}

/// What a suffix multiplies by: a power of ten (the lower half) times a power of two (the upper half); negative when there
/// is no such suffix.
fn quantity_scale(at: i32, end: i32) -> i64 {
    if at == end {
        return 0;
    }
    let first = ld8(at);
    if end - at == 1 {
        return match first {
            0x6e => span(-9, 0), // n
            0x75 => span(-6, 0), // u
            0x6d => span(-3, 0), // m
            0x6b => span(3, 0),  // k
            0x4d => span(6, 0),  // M
            0x47 => span(9, 0),  // G
            0x54 => span(12, 0), // T
            0x50 => span(15, 0), // P
            0x45 => span(18, 0), // E
            _ => -1,
        };
    }
    if end - at == 2 && ld8(at + 1) == b'i' as i32 {
        return match first {
            0x4b => span(0, 10), // Ki
            0x4d => span(0, 20), // Mi
            0x47 => span(0, 30), // Gi
            0x54 => span(0, 40), // Ti
            0x50 => span(0, 50), // Pi
            0x45 => span(0, 60), // Ei
            _ => -1,
        };
    }
    if (first | 0x20) != b'e' as i32 {
        return -1;
    }
    return quantity_exponent(at + 1, end);
}

/// The power of ten of a decimal exponent, as [`quantity_scale`] gives it.
fn quantity_exponent(at: i32, end: i32) -> i64 {
    let sign = ld8(at);
    let is_negative = sign == b'-' as i32;
    let digits = if is_negative || sign == b'+' as i32 { at + 1 } else { at };
    if digits == end || json_digits(digits, end) != end {
        return -1;
    }
    let magnitude = digits_append(0, digits, end);
    if magnitude > 0x8000_0000 || (magnitude == 0x8000_0000 && !is_negative) {
        return -1; // beyond 32 bits
    }
    return span(if is_negative { 0i32.wrapping_sub(magnitude as i32) } else { magnitude as i32 }, 0);
}

/// Multiplies the number in [`R0`] and [`R1`] by powers of ten and two; whether the product is whole and in 128 bits.
///
/// Factors of two and five are moved apart, so that a power of two may complete what a decimal fraction leaves over. Each
/// step changes the number by a factor of two at least, so that there are at most 127 of each whatever the powers are.
fn quantity_apply(tens: i64, twos: i64) -> bool {
    if (ld64(R0) | ld64(R1)) == 0 {
        return true;
    }
    let mut power = tens;
    while power > 0 {
        if !wide_times(5, 0) {
            return false;
        }
        power -= 1;
    }
    while power < 0 {
        // A fifth is a tenth of the double, which needs the whole 128 bits.
        wide_times(2, 0);
        if wide_tenth() != 0 {
            return false;
        }
        power += 1;
    }
    power = tens + twos;
    while power > 0 {
        if !wide_times(2, 0) {
            return false;
        }
        power -= 1;
    }
    while power < 0 {
        if (ld32(R0) & 1) != 0 {
            return false;
        }
        st64(R0, (ld64(R0) as u64 >> 1) as i64 | (ld64(R1) << 63));
        st64(R1, ld64(R1) >> 1);
        power += 1;
    }
    return true;
}

/// Whether the signed number in [`R0`] and [`R1`] is a quantity.
pub fn quantity_fits() -> bool {
    let low = ld64(R0);
    let high = ld64(R1);
    if high < 0 {
        wide_negate();
    }
    let upper = ld64(R1) as u64;
    let fits = upper < QUANTITY_MAX_HIGH || (upper == QUANTITY_MAX_HIGH && ld64(R0) as u64 <= QUANTITY_MAX_LOW);
    st64(R0, low);
    st64(R1, high);
    return fits;
}

/// Appends digits to the number in [`R0`] and [`R1`]; they must be digits. Whether it stays below 2^127.
fn wide_digits(from: i32, to: i32) -> bool {
    let mut at = from;
    while at < to {
        if !wide_times(10, (ld8(at) - b'0' as i32) as u32 as u64) {
            return false;
        }
        at += 1;
    }
    return true;
}

/// Multiplies the unsigned number in [`R0`] and [`R1`] by a number below 2^32, and adds another; whether it stays below
/// 2^127. Above that, the lower 128 bits are there.
pub fn wide_times(by: u64, plus: u64) -> bool {
    let mut carry = plus;
    let mut at = R0;
    while at < R0 + 16 {
        carry += ld32(at) as u32 as u64 * by;
        st32(at, carry as i32);
        carry = carry >> 32;
        at += 4;
    }
    return carry == 0 && ld64(R1) >= 0;
}

/// Divides the unsigned number in [`R0`] and [`R1`] by ten; gives the remainder.
pub fn wide_tenth() -> i32 {
    let mut rest = 0u64;
    let mut at = R0 + 12;
    while at >= R0 {
        rest = (rest << 32) | ld32(at) as u32 as u64;
        st32(at, (rest / 10) as i32);
        rest = rest % 10;
        at -= 4;
    }
    return rest as i32;
}

/// Turns the sign of the number in [`R0`] and [`R1`].
pub fn wide_negate() {
    let low = 0i64.wrapping_sub(ld64(R0));
    let borrow = (low != 0) as i32 as i64;
    st64(R0, low);
    st64(R1, 0i64.wrapping_sub(ld64(R1)).wrapping_sub(borrow));
}

/// The sum of the signed 128-bit numbers at two places, in [`R0`] and [`R1`]. Quantities' sums never exceed 128 bits.
pub fn wide_add(a: i32, b: i32) {
    let low = ld64(a).wrapping_add(ld64(b));
    let carry = ((low as u64) < (ld64(a) as u64)) as i32 as i64;
    let high = ld64(a + 8).wrapping_add(ld64(b + 8)).wrapping_add(carry);
    st64(R0, low);
    st64(R1, high);
}

/// The difference of the signed 128-bit numbers at two places, in [`R0`] and [`R1`].
pub fn wide_sub(a: i32, b: i32) {
    let borrow = ((ld64(a) as u64) < (ld64(b) as u64)) as i32 as i64;
    let low = ld64(a).wrapping_sub(ld64(b));
    let high = ld64(a + 8).wrapping_sub(ld64(b + 8)).wrapping_sub(borrow);
    st64(R0, low);
    st64(R1, high);
}

/// Orders the signed 128-bit numbers at two places: -1, 0 or 1.
pub fn wide_order(a: i32, b: i32) -> i32 {
    if ld64(a + 8) != ld64(b + 8) {
        return if ld64(a + 8) < ld64(b + 8) { -1 } else { 1 };
    }
    if ld64(a) == ld64(b) {
        return 0;
    }
    return if (ld64(a) as u64) < (ld64(b) as u64) { -1 } else { 1 };
}

/// Writes a number, with zeros before it up to so many digits (at most 20).
pub fn out_digits(number: u64, width: i32) {
    let mut rest = number;
    let mut at = NUMBER_DIGITS_END;
    while rest != 0 || at > NUMBER_DIGITS_END - width {
        at -= 1;
        st8(at, b'0' as i32 + (rest % 10) as i32);
        rest = rest / 10;
    }
    out_bytes(at, NUMBER_DIGITS_END - at);
}

/// Writes a decimal, of so many millionths.
pub fn out_decimal(units: i64) {
    if units < 0 {
        out_byte(b'-' as i32);
    }
    let magnitude = int_magnitude(units);
    out_digits(magnitude / DECIMAL_SCALE, 1);
    let mut fraction = magnitude % DECIMAL_SCALE;
    if fraction != 0 {
        let mut places = 6;
        while (fraction % 10) as i32 == 0 {
            fraction = fraction / 10;
            places -= 1;
        }
        out_byte(b'.' as i32);
        out_digits(fraction, places);
    }
}

/// Writes a quantity: a whole number with the coarsest of no suffix, `m`, `u` and `n` that states it exactly.
pub fn out_quantity(cell: i32) {
    let at = ld64(cell + 8) as i32;
    st64(R0, ld64(at));
    st64(R1, ld64(at + 8));
    let is_negative = ld64(R1) < 0;
    if is_negative {
        wide_negate();
    }
    let mut first = NUMBER_DIGITS_END;
    let mut zeros = 0;
    while (ld64(R0) | ld64(R1)) != 0 {
        let digit = wide_tenth();
        if digit == 0 && zeros == NUMBER_DIGITS_END - first {
            zeros += 1;
        }
        first -= 1;
        st8(first, b'0' as i32 + digit);
    }
    out_quantity_digits(first, zeros, is_negative);
}

/// Writes the digits from `first` on with a suffix instead of as many of the zeros at their end as possible.
fn out_quantity_digits(first: i32, zeros: i32, is_negative: bool) {
    if first == NUMBER_DIGITS_END {
        out_byte(b'0' as i32);
        return;
    }
    if is_negative {
        out_byte(b'-' as i32);
    }
    let thousands = if zeros >= 9 { 3 } else { zeros / 3 };
    out_bytes(first, NUMBER_DIGITS_END - thousands * 3 - first);
    match thousands {
        0 => out_byte(b'n' as i32),
        1 => out_byte(b'u' as i32),
        2 => out_byte(b'm' as i32),
        _ => {}
    }
}
