//! Tests on the instant of the decision.

use proptest::prelude::*;
use zt_eval::zone::{self as meaning, PosixRule, Zone};

use super::super::super::calendar::*;
use super::*;
use crate::tables::zones;

const RULES: [&str; 10] = [
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "<-03>3",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "IST-2IDT,M3.4.4/26,M10.5.0",
    "EET-2EEST,M3.4.4/50,M10.4.4/50",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "AAA-24BBB,M1.1.0/-167,M12.5.6/167",
];

fn zone() -> impl Strategy<Value = Zone> {
    let offset = prop_oneof![-14_i32..15, Just(25), Just(-25)].prop_map(|hours| hours * 3_600 + hours % 3 * 61);
    let start = prop_oneof![
        -70_000_000_000_i64..260_000_000_000,
        1_600_000_000_i64..1_700_000_000,
        Just(i64::MIN),
        Just(i64::MAX)
    ];
    let rule = prop::option::of(prop::sample::select(RULES.to_vec()));
    (offset.clone(), prop::collection::btree_map(start, offset, 0..5), rule).prop_map(|(initial, transitions, rule)| {
        let rule = rule.map(|text| PosixRule::parse(text).unwrap());
        Zone::new("Test/Zone", initial, transitions.into_iter().collect(), rule).unwrap()
    })
}

fn instant() -> impl Strategy<Value = Timestamp> {
    let millis = prop_oneof![
        1_590_000_000_000_i64..1_800_000_000_000,
        Timestamp::MIN.millis()..=Timestamp::MAX.millis(),
        Just(Timestamp::MIN.millis()),
        Just(Timestamp::MAX.millis()),
        Just(0_i64),
    ];
    millis.prop_map(|millis| Timestamp::from_millis(millis).unwrap())
}

/// The memory of a decision that is made in full at an instant.
fn at(now: Option<Timestamp>) {
    given([]);
    env::st32(FULL, 1);
    env::st32(HAS_NOW, now.is_some().into());
    env::st64(NOW, now.map_or(0, |now| now.millis()));
}

/// When the answers so far may change.
fn flip() -> Option<Timestamp> {
    (env::ld32(HAS_FLIP) != 0).then(|| Timestamp::from_millis(env::ld64(FLIP)).unwrap())
}

fn now_is_noted() -> bool {
    env::ld32(FACTS + 4) == 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn weekdays(zone in zone(), now in instant(), days in 0_u8..128) {
        at(Some(now));
        let table = put(&zones::zone(&zone));
        let (holds, until) = meaning::weekday_in(&zone, now, days);
        prop_assert_eq!(truth(weekday_is(table, days.into())), Truth::from(holds));
        prop_assert_eq!(flip(), Some(until));
        prop_assert!(now_is_noted());
    }

    #[test]
    fn times_of_day(
        zone in zone(),
        now in instant(),
        ranges in prop::collection::vec((0_u32..90_000_000, prop_oneof![0_u32..=86_400_000, Just(u32::MAX)]), 0..4),
    ) {
        at(Some(now));
        let table = put(&zones::zone(&zone));
        let ranges_at = put(&zones::ranges(&ranges));
        let (holds, until) = meaning::time_in(&zone, now, &ranges);
        prop_assert_eq!(truth(time_in(table, ranges_at, ranges.len() as i32)), Truth::from(holds));
        prop_assert_eq!(flip(), Some(until));
        prop_assert!(now_is_noted());
    }
}

#[test]
fn every_transition_of_a_rule_is_met_to_the_millisecond() {
    for text in RULES {
        let rule = PosixRule::parse(text).unwrap();
        let zone = Zone::new("Test/Zone", 0, vec![(1_000_000_000, 3_600)], Some(rule)).unwrap();
        let mut now = Timestamp::from_millis(1_577_836_800_000).unwrap();
        for _ in 0..12 {
            let Some(next) = zone.offset_at(now).1 else {
                break;
            };
            for millis in [-1, 0, 1] {
                now = Timestamp::from_millis(next.millis() + millis).unwrap();
                at(Some(now));
                let table = put(&zones::zone(&zone));
                let (holds, until) = meaning::weekday_in(&zone, now, 0b1_0001);
                assert_eq!((truth(weekday_is(table, 0b1_0001)), flip()), (holds.into(), Some(until)), "{text} {now}");
            }
        }
    }
}

#[test]
fn without_an_instant_nothing_is_known() {
    at(None);
    let table = put(&zones::zone(&Zone::new("UTC", 0, Vec::new(), None).unwrap()));
    assert_eq!(weekday_is(table, 127), UNKNOWN);
    assert!(now_is_noted());
    assert_eq!([time_in(table, table, 0), now_is(NOW_AT, CELL_UNKNOWN)], [UNKNOWN; 2]);
    assert_eq!(flip(), None);
}

#[test]
fn now_is_compared_and_flips_when_it_passes() {
    let time = Timestamp::from_millis(5).unwrap();
    // By operator, for an instant before, the same, one behind: whether it holds, and until when.
    let cases = [
        (NOW_BEFORE, [(true, Some(5)), (false, None), (false, None)]),
        (NOW_AT_OR_BEFORE, [(true, Some(6)), (true, Some(6)), (false, None)]),
        (NOW_AT, [(false, Some(5)), (true, Some(6)), (false, None)]),
    ];
    for (op, expected) in cases {
        for (millis, (holds, until)) in (4..).zip(expected) {
            at(Timestamp::from_millis(millis));
            let cell = cell(T_TIMESTAMP, 0, time.millis());
            assert_eq!(truth(now_is(op, cell)), Truth::from(holds), "{op} {millis}");
            assert_eq!(flip().map(Timestamp::millis), until, "{op} {millis}");
            assert!(now_is_noted());
        }
    }
    at(Some(Timestamp::MAX));
    assert_eq!(now_is(NOW_AT, cell(T_TIMESTAMP, 0, Timestamp::MAX.millis())), TRUE);
    assert_eq!(flip(), None);
    at(None);
    assert_eq!((now_is(NOW_AT, cell(T_INT, 0, 5)), now_is_noted()), (UNKNOWN, false));
}
