//! Timestamps and durations against `zt-eval`'s.

use proptest::prelude::*;
use zt_eval::value::{Duration, Timestamp};

use super::super::super::layout::*;
use super::super::super::time::*;
use super::{put, written};
use crate::runtime::env::*;
use crate::runtime::tests::start;

fn check_timestamp(text: &str) {
    let (at, len) = put(text.as_bytes());
    let ours = timestamp_parse(at, len).then(|| ld64(R0));
    assert_eq!(ours, Timestamp::parse_rfc3339(text).map(Timestamp::millis), "{text:?}");
}

fn check_seconds(text: &str) {
    let (at, len) = put(text.as_bytes());
    let ours = timestamp_of_number(at, len).then(|| ld64(R0));
    assert_eq!(ours, Timestamp::parse_seconds(text).map(Timestamp::millis), "{text:?}");
}

fn check_duration(text: &str) {
    let (at, len) = put(text.as_bytes());
    let ours = duration_parse(at, len).then(|| ld64(R0));
    assert_eq!(ours, Duration::parse(text).map(Duration::millis), "{text:?}");
}

#[test]
fn timestamps() {
    let texts =
        "2026-03-02T13:00:00+01:00|2026-03-02T12:00:00Z|2026-03-02t12:00:00z|2026-03-02 12:00:00Z|2026-03-02T12:00:00
        |2026-03-02T12:00Z|2026-03-02T12:00:60Z|2026-02-29T00:00:00Z|2024-02-29T00:00:00Z|1900-02-29T00:00:00Z
        |2000-02-29T00:00:00Z|2024-04-31T00:00:00Z|2024-12-31T24:00:00Z|2024-12-31T23:60:00Z|2024-00-01T00:00:00Z
        |2024-13-01T00:00:00Z|2024-01-00T00:00:00Z|2024-01-32T00:00:00Z|0000-01-01T00:00:00Z|0001-01-01T00:00:00Z
        |0001-01-01T00:00:00+00:01|0001-01-01T00:00:00-00:01|9999-12-31T23:59:59.999Z|9999-12-31T23:59:59.9999Z
        |9999-12-31T23:59:59-00:01|9999-12-31T23:59:59+23:59|10000-01-01T00:00:00Z|2024-01-01T00:00:00+24:00
        |2024-01-01T00:00:00+00:60|2024-01-01T00:00:00-0100|2024-01-01T00:00:00+01|2024-01-01T00:00:00.Z
        |2024-01-01T00:00:00.1Z|2024-01-01T00:00:00.12+01:00|2024-01-01T00:00:00.123456789012345678901234567890Z
        |2024-01-01T00:00:00.1x|2024-01-01T00:00:00.1|2024-01-01T00:00:00,1Z|2024-01-01T00:00:00ZZ|2024-01-01T00:00:00Z
        |2024-01-01T00:00:00.1Z+00:00|2024-01-01T00:00:00+01:00Z|2024-1-01T00:00:00Z |2024-01-01T00:00:00−01:00
        |2024-01-01T0000:00Z|20240101T000000Z|2024-01-01T00:00:00*01:00|é024-01-01T00:00:00Z|-024-01-01T00:00:00Z
        |2024-01-01X00:00:00Z|2024/01-01T00:00:00Z|2024-01/01T00:00:00Z|2024-01-01T00:00.00Z|2024-01-01T00.00:00Z||T|Z";
    texts.split('|').map(str::trim_end).for_each(check_timestamp);
    // Every cut of one, and every byte of it changed to others.
    let text = "2024-02-29T23:59:58.125-11:30";
    for at in 0..text.len() {
        check_timestamp(&text[..at]);
        check_timestamp(&text[at..]);
        for other in ["0", "9", ":", "-", "+", ".", "T", "Z", " ", "t", "/"] {
            check_timestamp(&[&text[..at], other, &text[at + 1..]].concat());
            check_timestamp(&[&text[..at], other, &text[at..]].concat());
        }
    }
}

#[test]
fn seconds() {
    let texts = "0 -0 -0.0 1 -1 1772452800 1772452800.5 1772452800.1239 -1.5 -0.0001 0.0001 -0.001 -0.0019 1e3 1E+3 1e-3 1e-4 -1e-4 \
        12345e-2 -12345e-5 -12345e-6 1.5e9 0.0000015e15 253402300799 253402300799.999 253402300799.9999 253402300800 \
        -62135596800 -62135596800.000 -62135596800.0001 -62135596800.001 -62135596801 1e11 1e12 1e400 0e400 -0e400 1e-400 \
        0.00e99999999999999999999 1e99999999999999999999 1e-99999999999999999999 -1e-99999999999999999999 \
        100000000000000000000000000000000000000000000e-40 0.000000000000000000000000000000000000000001e45 \
        123456789012345678901234567890e-20 -123456789012345678901234567890e-20 10e-1 100.00 -100.00e-2";
    texts.split(' ').for_each(check_seconds);
}

#[test]
fn durations() {
    let texts = "1h30m 30m1h 0s 1w2d3h4m5s6ms -1w -0ms - 1 h 1x 1h1h 1m1ms 1ms1m 1s1ms 1ms1s 1mss 1hm 1h30 1h30 1.5h 00001h +1h 1h- \
        --1h 1é 1H 9223372036854775807ms 9223372036854775808ms -9223372036854775808ms -9223372036854775809ms \
        18446744073709551615ms 18446744073709551616ms 15250284452w 15250284452w3d7h12m55s807ms \
        15250284452w3d7h12m55s808ms -15250284452w3d7h12m55s808ms -15250284452w3d7h12m55s809ms 15250284453w \
        10000000000000000000w 106751991167d7h12m55s807ms 106751991167d7h12m55s808ms 9223372036854775s807ms \
        9223372036854775s808ms 9223372036854775808ms1ms 15250284452w9223372036854775808ms 30500568904943w \
        15250284452w15250284452d15250284452h 1w1w 1d1w 0w0d0h0m0s0ms";
    texts.split(' ').chain([""]).for_each(check_duration);
}

#[test]
fn what_is_written() {
    for millis in [0, 1, -1, 999, 1000, 59_999, 3_600_000, 86_400_000, 86_399_999, -90_061_001, i64::MAX, i64::MIN] {
        assert_eq!(written(|| out_duration(millis)), Duration::from_millis(millis).to_string());
    }
    for millis in [0, 1, -1, -86_400_000, TIMESTAMP_MIN, TIMESTAMP_MAX, 951_782_400_000, 951_868_799_999] {
        assert_eq!(written(|| out_timestamp(millis)), Timestamp::from_millis(millis).unwrap().to_string());
    }
}

#[test]
fn days_follow_each_other() {
    start();
    let mut last = (-2, 12, 31);
    for days in days_from_civil(-1, 1, 1)..days_from_civil(2401, 1, 1) {
        civil_from_days(days);
        let date = (ld32(R0), ld32(R1), ld32(R2));
        assert_eq!(days_from_civil(date.0, date.1, date.2), days);
        let is_next = match date {
            (year, 1, 1) => last == (year - 1, 12, 31),
            (year, month, 1) => (last.0, last.1) == (year, month - 1) && last.2 >= 28,
            (year, month, day) => last == (year, month, day - 1),
        };
        assert!(is_next, "{last:?} {date:?}");
        last = date;
    }
    assert_eq!(days_from_civil(1970, 1, 1), 0);
}

proptest! {
    #[test]
    fn instants_go_there_and_back(millis in TIMESTAMP_MIN..=TIMESTAMP_MAX) {
        for millis in [millis, millis - millis % 1000] {
            let text = Timestamp::from_millis(millis).unwrap().to_string();
            prop_assert_eq!(&written(|| out_timestamp(millis)), &text);
            check_timestamp(&text);
            prop_assert_eq!(i64::from(days_of(millis)), millis.div_euclid(DAY_MS));
        }
    }

    #[test]
    fn dates(text in "[0-9]{3}[0-9]-(0[0-9]|1[0-3])-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,5})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])") {
        check_timestamp(&text);
    }

    #[test]
    fn numbers(text in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?") {
        check_seconds(&text);
    }

    #[test]
    fn spans(text in "-?([0-9]{1,12}w)?([0-9]{1,3}d)?([0-9]{1,2}h)?([0-9]{1,9}m)?([0-9]{1,19}s)?([0-9]{1,20}ms)?", millis: i64, less in 0..64_u32) {
        check_duration(&text);
        let span = Duration::from_millis(millis >> less);
        prop_assert_eq!(written(|| out_duration(span.millis())), span.to_string());
        check_duration(&span.to_string());
    }

    #[test]
    fn near_spans(text in "[-0-9wdhms]{0,9}") {
        check_duration(&text);
    }
}
