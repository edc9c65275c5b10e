//! Integers, decimals and quantities against `zt-eval`'s.

use proptest::prelude::*;
use zt_eval::value::{Decimal, Quantity};

use super::super::super::layout::*;
use super::super::super::number::*;
use super::{CELL_AT, put, put_wide, wide, written};
use crate::runtime::env::*;
use crate::runtime::tests::start;

fn check_int(text: &str) {
    let (at, len) = put(text.as_bytes());
    let ours = int_parse(at, len, CELL_AT).then(|| (ld32(CELL_AT), ld64(CELL_AT + 8)));
    // JSON's numbers have no plus sign, which std would take.
    let theirs: Option<i64> = text.parse().ok().filter(|_| !text.starts_with('+'));
    assert_eq!(ours, theirs.map(|int| (T_INT, int)), "{text:?}");
}

fn check_decimal(text: &str) {
    let (at, len) = put(text.as_bytes());
    let ours = decimal_parse(at, len).then(|| ld64(R0));
    assert_eq!(ours, Decimal::parse(text).map(Decimal::units), "{text:?}");
}

fn check_quantity(text: &str) {
    let (at, len) = put(text.as_bytes());
    let ours = quantity_parse(at, len).then(|| wide(R0));
    assert_eq!(ours, Quantity::parse(text).map(Quantity::units), "{text:?}");
}

#[test]
fn integers() {
    let texts = "0 -0 7 -7 1.0 1e3 - 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 \
        9999999999999999999 10000000000000000000 18446744073709551615 18446744073709551616 18446744073709551621 \
        00000000000000000000000000000000012 --1 1- 1a 99999999999999999999999999999999999999 -1000000000000000000";
    texts.split(' ').chain([""]).for_each(check_int);
}

#[test]
fn decimals() {
    let texts = "0 -0 0.0 -0.000000 3.50 3.5 .5 5. - -. 1.2.3 01 00 00.1 -01 1e3 1E0 0.0000001 0.0000010 0.000001 \
        1.10000000000000000000000000000000000 9223372036854.775807 9223372036854.775808 -9223372036854.775808 \
        -9223372036854.775809 9223372036854 9223372036855 -9223372036855 1000000000000 10000000000000 \
        1000000000000000000 10000000000000000000 18446744073709.551616 100000000000000000000000000000000000000000 \
        0.00000000000000000000000000000000000000000000000000 +1 1x 1.x 1.2x x 1.2e 18446744073709551616";
    texts.split(' ').chain([""]).for_each(check_decimal);
}

#[test]
fn quantities() {
    let texts = "0 -0 +0 . +. -. - + 1. .5 1.5 500m 0.5 1Ki 1k 1K 1Mi 1M 1Gi 1G 1Ti 1T 1Pi 1P 1Ei 1E 7Ei 8Ei -8Ei 9E 10E \
        1n 1u 0.1n 0.1u 1.0n 0.000000001 0.0000000001 0.5n 1e3 1E3 1e+3 1e-3 1e-9 1e-10 10e-10 1e 1e+ 1e3x 1ex 1i 1ii 1ei \
        9223372036854775807 9223372036854775808 -9223372036854775807 -9223372036854775808 9223372036854775807.000000001 \
        9223372036854775.807k 0.0009765625Ki 0.00048828125Ki 0.000000000931322574615478515625Gi 1.1.1 1..1 .i 1.. ++1 -+1 \
        170141183460469231731687303715884105727n 170141183460469231731687303715884105728n 1e2147483647 1e2147483648 \
        1e-2147483648 1e-2147483649 0e2147483647 0e99999999999999999999 0x 0. 0.0Ei 1e00000000000000000003 \
        1000000000000000000000000000000000000000000e-30 100000000000000000000000000000000000000e-30 1.50000000000000000Gi \
        10000000000.0000000000000000000000000000000000000 1e18 1e19 9.223372036854775807e18 5e-1n 1e3Ki 1Ki1 1 1é é";
    texts.split(' ').chain([""]).for_each(check_quantity);
}

#[test]
fn the_ends_of_what_is_written() {
    for units in [0, 1, -1, 1_000_000, -1_500_000, 999_999, 100, i64::MAX, i64::MIN] {
        assert_eq!(written(|| out_decimal(units)), Decimal::from_units(units).to_string());
    }
    for units in [0, 1, 999, 1000, 1_500_000, 1_000_000_000, 1_000_000_001, 10_000_000_000_000, Quantity::UNITS_MAX] {
        check_out_quantity(units);
        check_out_quantity(-units);
    }
}

fn check_out_quantity(units: i128) {
    let expected = Quantity::from_units(units).unwrap().to_string();
    let ours = written(|| {
        put_wide(R0, units);
        quantity_put(CELL_AT);
        assert_eq!((ld32(CELL_AT), wide(ld64(CELL_AT + 8) as i32)), (T_QUANTITY, units));
        out_quantity(CELL_AT);
    });
    assert_eq!(ours, expected);
}

fn check_mul(a: i64, b: i64) {
    start();
    let product = Decimal::from_units(a).checked_mul(Decimal::from_units(b)).map(Decimal::units);
    assert_eq!(decimal_mul(a, b).then(|| ld64(R0)), product, "{a} * {b}");
}

#[test]
fn products_at_the_ends() {
    let ends = [
        0,
        1,
        -1,
        500_000,
        1_000_000,
        -1_000_000,
        2_000_000,
        i64::MAX,
        i64::MIN,
        i64::MIN + 1,
        1 << 32,
        3_037_000_499_976_050,
    ];
    for a in ends {
        for b in ends {
            check_mul(a, b);
        }
    }
}

/// Numbers of all sizes.
fn sizes() -> impl Strategy<Value = i64> {
    (any::<i64>(), 0..64_u32).prop_map(|(number, less)| number >> less)
}

fn wide_sizes() -> impl Strategy<Value = i128> {
    (any::<i128>(), 2..128_u32).prop_map(|(number, less)| number >> less)
}

proptest! {
    #[test]
    fn near_numbers(text in "-?[0-9]{0,20}(\\.[0-9]{0,8}0{0,3})?([eE][+-]?[0-9]{0,2})?") {
        check_int(&text);
        check_decimal(&text);
        check_quantity(&text);
    }

    #[test]
    fn any_text(text in "[-+0-9.eEinKMé]{0,8}") {
        check_int(&text);
        check_decimal(&text);
        check_quantity(&text);
    }

    #[test]
    fn near_quantities(text in "[-+]?[0-9]{0,3}0{0,20}(\\.[0-9]{0,9})?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?") {
        check_quantity(&text);
    }

    #[test]
    fn numbers_go_there_and_back(number in sizes(), units in wide_sizes()) {
        check_int(&number.to_string());
        check_decimal(&Decimal::from_units(number).to_string());
        prop_assert_eq!(written(|| out_decimal(number)), Decimal::from_units(number).to_string());
        prop_assert_eq!(written(|| out_digits(int_magnitude(number), 1)), number.unsigned_abs().to_string());
        let units = units % (Quantity::UNITS_MAX + 1);
        check_out_quantity(units);
        check_out_quantity(units - units % 1_000_000);
        check_quantity(&Quantity::from_units(units).unwrap().to_string());
    }

    #[test]
    fn products(a in sizes(), b in sizes()) {
        check_mul(a, b);
        check_mul(a - a % 1000, b - b % 1000);
    }

    #[test]
    fn wide_numbers(a in wide_sizes(), b in wide_sizes()) {
        start();
        let (at, bt) = (CELL_AT, CELL_AT + 16);
        put_wide(at, a);
        put_wide(bt, b);
        prop_assert_eq!(wide_order(at, bt), a.cmp(&b) as i32);
        wide_add(at, bt);
        prop_assert_eq!(wide(R0), a + b);
        wide_sub(at, bt);
        prop_assert_eq!(wide(R0), a - b);
        put_wide(R0, a);
        prop_assert_eq!(quantity_fits(), Quantity::from_units(a).is_some());
        prop_assert_eq!(wide(R0), a);
        wide_negate();
        prop_assert_eq!(wide(R0), -a);
        put_wide(R0, a.abs());
        prop_assert_eq!(i128::from(wide_tenth()), a.abs() % 10);
        prop_assert_eq!(wide(R0), a.abs() / 10);
        put_wide(R0, a.abs());
        let product = a.abs().checked_mul(10).and_then(|product| product.checked_add(7));
        prop_assert_eq!(wide_times(10, 7).then(|| wide(R0)), product);
    }
}
