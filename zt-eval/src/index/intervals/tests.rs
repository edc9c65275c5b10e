use proptest::prelude::*;

use super::*;
use crate::id::EnumId;
use crate::value::{Decimal, Duration, EnumMember, Quantity, Timestamp, compare};

fn stabbed(intervals: &(Intervals, Vec<u32>), at: i128) -> Vec<u32> {
    let (intervals, order) = intervals;
    let mut found: Vec<u32> = intervals.stab(at).flat_map(|filed| filed.of(order).to_vec()).collect();
    found.sort_unstable();
    found
}

/// The intervals, and the positions of those given in the order in which they are filed.
fn build(all: &[(i128, i128)]) -> (Intervals, Vec<u32>) {
    let held = (0..).zip(all).filter(|(_, (low, high))| low <= high);
    let mut held: Vec<((i128, i128), u32)> = held.map(|(at, bounds)| (*bounds, at)).collect();
    held.sort_unstable();
    let runs = held.chunk_by(|a, b| a.0 == b.0).map(|run| (run[0].0, run.len() as u32));
    (Intervals::build(runs), held.iter().map(|(_, at)| *at).collect())
}

fn naive(intervals: &[(i128, i128)], at: i128) -> Vec<u32> {
    (0..).zip(intervals).filter(|(_, (low, high))| (*low..=*high).contains(&at)).map(|(at, _)| at).collect()
}

#[test]
fn the_ends_of_the_line_are_points() {
    let all = [(i128::MIN, i128::MAX), (i128::MIN, i128::MIN), (i128::MAX, i128::MAX), (1, 0)];
    let intervals = build(&all);
    assert_eq!(stabbed(&intervals, i128::MIN), [0, 1]);
    assert_eq!(stabbed(&intervals, i128::MAX), [0, 2]);
    assert_eq!(stabbed(&intervals, 0), [0]);
    assert_eq!((intervals.0.len(), intervals.0.all().end), (3, 3));
    let twice = build(&[(1, 5), (0, 3), (1, 5)]);
    assert_eq!((twice.0.len(), twice.0.all().end), (2, 3));
    assert_eq!(stabbed(&twice, 4), [0, 2]);
    assert_eq!(stabbed(&build(&[]), 0), [0_u32; 0]);
}

#[test]
fn large_sets_agree_with_their_definition() {
    let spread = |at: i128| (at * 7919) % 10_007;
    let all: Vec<_> = (0..5_000).map(|at| (spread(at), spread(at) + at % 50)).collect();
    let intervals = build(&all);
    for at in (-3..10_100).step_by(7) {
        assert_eq!(stabbed(&intervals, at), naive(&all, at));
    }
}

#[test]
fn nothing_without_an_order_is_a_point() {
    assert_eq!(Intervals::point(&Value::Bool(true)), None);
    assert_eq!(Intervals::point(&Value::Ip(crate::value::Ip::parse("10.0.0.1").unwrap())), None);
}

/// Texts that differ early, late or not at all, and versions that differ anywhere.
fn coarse_pair() -> impl Strategy<Value = (Value, Value)> {
    let text = || {
        "[a\u{0}\u{e9}\u{10ffff}]{0,3}|sixteen bytes...[ab]{0,2}".prop_map(|text| Value::String(text.as_str().into()))
    };
    let number = || prop_oneof![0..3_u64, Just(i64::MAX as u64), (i64::MAX as u64)..=u64::MAX];
    let version = move || {
        (number(), number(), number(), prop_oneof![Just(""), Just("-rc.1")]).prop_map(|(major, minor, patch, pre)| {
            Value::Version(Version::parse(&format!("{major}.{minor}.{patch}{pre}")).unwrap().into())
        })
    };
    prop_oneof![(text(), text()), (version(), version())]
}

/// Values of one ordered kind.
fn pair() -> impl Strategy<Value = (Value, Value)> {
    let near = || prop_oneof![-3_i64..3, any::<i64>()];
    let both = |make: fn(i64) -> Value| (near(), near()).prop_map(move |(a, b)| (make(a), make(b)));
    let units = || prop_oneof![-9_i128..9, -Quantity::UNITS_MAX..=Quantity::UNITS_MAX];
    let quantity = |units| Value::Quantity(Quantity::from_units(units).unwrap());
    prop_oneof![
        both(Value::Int),
        both(|units| Value::Decimal(Decimal::from_units(units))),
        both(|millis| Value::Duration(Duration::from_millis(millis))),
        both(|millis| Value::Timestamp(Timestamp::from_millis(millis % 1_000_000_000).unwrap())),
        both(|at| Value::Enum(EnumMember { ty: EnumId::new(0), index: (at & 7) as u32 })),
        (units(), units()).prop_map(move |(a, b)| (quantity(a), quantity(b))),
    ]
}

proptest! {
    #[test]
    fn stabbing_agrees_with_its_definition(
        all in prop::collection::vec((-20_i128..20, -20_i128..20), 0..40),
        at in -25_i128..25,
    ) {
        prop_assert_eq!(stabbed(&build(&all), at), naive(&all, at));
    }

    #[test]
    fn points_are_ordered_as_values_are((a, b) in pair()) {
        let points = Intervals::point(&a).unwrap().cmp(&Intervals::point(&b).unwrap());
        prop_assert_eq!(Some(points), compare(&a, &b));
    }

    #[test]
    fn no_lesser_value_has_a_greater_point((a, b) in coarse_pair()) {
        let (one, other) = (Intervals::point(&a).unwrap(), Intervals::point(&b).unwrap());
        prop_assert!(!Intervals::is_faithful(&a));
        prop_assert!(compare(&a, &b) != Some(std::cmp::Ordering::Less) || one <= other);
    }
}
