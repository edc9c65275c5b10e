//! Arithmetic on numbers, instants, spans and amounts: exact, or unknown.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::number::*;

// Operators.
pub const ARITH_ADD: i32 = 0;
pub const ARITH_SUB: i32 = 1;
pub const ARITH_MUL: i32 = 2;

// The first and the last instant.
pub const ARITH_INSTANT_MIN: i64 = -62_135_596_800_000;
pub const ARITH_INSTANT_MAX: i64 = 253_402_300_799_999;

// The greatest amount, 2^63-1 in billionths: its upper and its lower half.
const ARITH_AMOUNT_MAX_HIGH: i64 = 499_999_999;
const ARITH_AMOUNT_MAX_LOW: u64 = 18_446_744_072_709_551_616;

const ARITH_LOW_HALF: u64 = 0xffff_ffff;

/// A sum in R0; false beyond 64 bits.
fn arith_add_checked(a: i64, b: i64) -> bool {
    let sum = a.wrapping_add(b);
    st64(R0, sum);
    return ((a ^ sum) & (b ^ sum)) >= 0;
}

/// A difference in R0; false beyond 64 bits.
fn arith_sub_checked(a: i64, b: i64) -> bool {
    let difference = a.wrapping_sub(b);
    st64(R0, difference);
    return ((a ^ b) & (a ^ difference)) >= 0;
}

/// The upper half of a product.
fn arith_mul_high(a: u64, b: u64) -> u64 {
    let a_low = a & ARITH_LOW_HALF;
    let a_high = a >> 32;
    let b_low = b & ARITH_LOW_HALF;
    let b_high = b >> 32;
    let middle = (a_high * b_low) + ((a_low * b_low) >> 32);
    let other = (a_low * b_high) + (middle & ARITH_LOW_HALF);
    return a_high * b_high + (middle >> 32) + (other >> 32);
}

/// The magnitude of a number.
fn arith_magnitude(number: i64) -> u64 {
    return if number < 0 { 0i64.wrapping_sub(number) as u64 } else { number as u64 };
}

/// A product in R0; false beyond 64 bits.
fn arith_mul_checked(a: i64, b: i64) -> bool {
    let product = a.wrapping_mul(b);
    st64(R0, product);
    if arith_mul_high(arith_magnitude(a), arith_magnitude(b)) != 0 {
        return false;
    }
    // The lower half of the magnitude has its top bit only for the least number of all.
    let of_magnitudes = arith_magnitude(a).wrapping_mul(arith_magnitude(b)) as i64;
    if of_magnitudes < 0 {
        return (a < 0) != (b < 0) && product == of_magnitudes;
    }
    return true;
}

/// A value that is held in 64 bits.
fn arith_i64(op: i32, tag: i32, a: i64, b: i64) -> i32 {
    let fits = match op {
        ARITH_ADD => arith_add_checked(a, b),
        ARITH_SUB => arith_sub_checked(a, b),
        _ => arith_mul_checked(a, b),
    };
    return if fits { cell(tag, 0, ld64(R0)) } else { CELL_UNKNOWN };
}

fn arith_decimal(op: i32, a: i64, b: i64) -> i32 {
    if op == ARITH_MUL {
        return if decimal_mul(a, b) { cell(T_DECIMAL, 0, ld64(R0)) } else { CELL_UNKNOWN };
    }
    return arith_i64(op, T_DECIMAL, a, b);
}

/// An instant and a span, or the span between two instants.
fn arith_instant(op: i32, a: i64, b_cell: i32) -> i32 {
    let b = ld64(b_cell + 8);
    if ld32(b_cell) == T_TIMESTAMP {
        return if op == ARITH_SUB { arith_i64(op, T_DURATION, a, b) } else { CELL_UNKNOWN };
    }
    if op == ARITH_MUL || ld32(b_cell) != T_DURATION {
        return CELL_UNKNOWN;
    }
    let fits = if op == ARITH_ADD { arith_add_checked(a, b) } else { arith_sub_checked(a, b) };
    let instant = ld64(R0);
    if !fits || instant < ARITH_INSTANT_MIN || instant > ARITH_INSTANT_MAX {
        return CELL_UNKNOWN;
    }
    return cell(T_TIMESTAMP, 0, instant);
}

/// An amount of these halves; unknown beyond the range, which is symmetric.
fn arith_amount(low: u64, high: i64) -> i32 {
    let is_negative = high < 0;
    let low_size = if is_negative { 0u64.wrapping_sub(low) } else { low };
    let high_size = if is_negative { (!high).wrapping_add((low == 0) as i64) } else { high };
    if high_size > ARITH_AMOUNT_MAX_HIGH || (high_size == ARITH_AMOUNT_MAX_HIGH && low_size > ARITH_AMOUNT_MAX_LOW) {
        return CELL_UNKNOWN;
    }
    let at = alloc(16);
    st64(at, low as i64);
    st64(at + 8, high);
    return cell(T_QUANTITY, 0, span(at, 0));
}

/// Amounts are far below 2^127, so that nothing is lost before the range is looked at.
fn arith_amounts(op: i32, a: i32, b: i32) -> i32 {
    let low_a = ld64(a) as u64;
    let low_b = ld64(b) as u64;
    if op == ARITH_ADD {
        let low = low_a.wrapping_add(low_b);
        return arith_amount(low, ld64(a + 8).wrapping_add(ld64(b + 8)).wrapping_add((low < low_a) as i64));
    }
    if op == ARITH_SUB {
        let borrowed = (low_a < low_b) as i64;
        return arith_amount(low_a.wrapping_sub(low_b), ld64(a + 8).wrapping_sub(ld64(b + 8)).wrapping_sub(borrowed));
    }
    return CELL_UNKNOWN;
}

/// The cell of what an arithmetic operator gives; unknown for operands that it does not take and for what is not exact.
pub fn arith(op: i32, a: i32, b: i32) -> i32 {
    let tag = ld32(a);
    let is_alike = tag == ld32(b);
    match tag_used(tag) {
        T_INT => {
            if is_alike {
                arith_i64(op, T_INT, ld64(a + 8), ld64(b + 8))
            } else if op == ARITH_MUL && ld32(b) == T_DURATION {
                arith_i64(op, T_DURATION, ld64(a + 8), ld64(b + 8))
            } else {
                CELL_UNKNOWN
            }
        }
        T_DECIMAL => {
            if is_alike {
                arith_decimal(op, ld64(a + 8), ld64(b + 8))
            } else {
                CELL_UNKNOWN
            }
        }
        T_DURATION => {
            if (is_alike && op != ARITH_MUL) || (op == ARITH_MUL && ld32(b) == T_INT) {
                arith_i64(op, T_DURATION, ld64(a + 8), ld64(b + 8))
            } else {
                CELL_UNKNOWN
            }
        }
        T_TIMESTAMP => arith_instant(op, ld64(a + 8), b),
        T_QUANTITY => {
            if is_alike {
                arith_amounts(op, ld32(a + 8), ld32(b + 8))
            } else {
                CELL_UNKNOWN
            }
        }
        _ => CELL_UNKNOWN,
    }
}

/// The cell of a number, span or amount with its sign turned.
pub fn negate(a: i32) -> i32 {
    let tag = ld32(a);
    match tag_used(tag) {
        T_INT | T_DECIMAL | T_DURATION => arith_i64(ARITH_SUB, tag, 0, ld64(a + 8)),
        T_QUANTITY => {
            let low = ld64(ld32(a + 8)) as u64;
            arith_amount(0u64.wrapping_sub(low), (!ld64(ld32(a + 8) + 8)).wrapping_add((low == 0) as i64))
        }
        _ => CELL_UNKNOWN,
    }
}
