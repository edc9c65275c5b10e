use std::cmp::Ordering;
use std::fmt::{Debug, Display};
use std::sync::Arc;

use proptest::prelude::*;

use super::{ints, string};
use crate::value::*;

/// Any scalar, often near the others.
fn scalar() -> impl Strategy<Value = Value> {
    let near = prop_oneof![-3_i64..3, any::<i64>()];
    let quantity = prop_oneof![-9_i128..9, -Quantity::UNITS_MAX..=Quantity::UNITS_MAX];
    let millis = prop_oneof![-9_i64..9, Timestamp::MIN.millis()..=Timestamp::MAX.millis()];
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        near.clone().prop_map(Value::Int),
        near.clone().prop_map(|units| Value::Decimal(Decimal::from_units(units))),
        near.prop_map(|millis| Value::Duration(Duration::from_millis(millis))),
        quantity.prop_map(|units| Value::Quantity(Quantity::from_units(units).unwrap())),
        millis.prop_map(|millis| Value::Timestamp(Timestamp::from_millis(millis).unwrap())),
        "[ab]{0,2}".prop_map(|text| string(&text)),
        any::<std::net::IpAddr>().prop_map(|addr| Value::Ip(Ip::new(addr))),
        (any::<std::net::IpAddr>(), 0_u8..=128).prop_filter_map("range", |(addr, prefix)| {
            IpRange::parse(&range_text(addr, prefix)).map(Value::IpRange)
        }),
        (0_u64..3, 0_u64..3, "(-[a-z0]{1,2})?")
            .prop_filter_map("version", |(a, b, pre)| Version::parse(&format!("{a}.{b}.0{pre}")))
            .prop_map(|version| Value::Version(Arc::new(version))),
        "(/[a-c%?# é]{1,3}){0,3}/?".prop_filter_map("path", |text| {
            Path::parse(&text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")).map(Value::Path)
        }),
        "[a-c]{1,3}(\\.[a-c0-9]{1,3}){0,2}".prop_filter_map("host", |text| Host::parse(&text).map(Value::Host)),
        (0_usize..2, 0_u32..3).prop_map(|(ty, index)| Value::Enum(EnumMember { ty: EnumId::new(ty), index })),
        (0_usize..2, "[ab]{0,1}")
            .prop_map(|(ty, id)| Value::Entity(EntityUid { ty: EntityTypeId::new(ty), id: id.into() })),
    ]
}

/// Text of a range whose host bits are cleared by hand.
fn range_text(addr: std::net::IpAddr, prefix: u8) -> String {
    match addr {
        std::net::IpAddr::V4(v4) => {
            let prefix = prefix % 33;
            let mask = if prefix == 0 { 0 } else { u32::MAX << (32 - prefix) };
            format!("{}/{prefix}", std::net::Ipv4Addr::from(u32::from(v4) & mask))
        }
        std::net::IpAddr::V6(v6) => {
            let mask = if prefix == 0 { 0 } else { u128::MAX << (128 - prefix) };
            format!("{}/{prefix}", std::net::Ipv6Addr::from(u128::from(v6) & mask))
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        let datum = prop_oneof![Just(Datum::Unknown), Just(Datum::Absent), inner.clone().prop_map(Datum::Value)];
        let entries = prop::collection::btree_map("[a-c]{0,2}", inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::set),
            prop::collection::vec(inner, 0..4).prop_map(|values| Value::List(values.into())),
            entries.prop_map(|map| Value::map(map.into_iter().map(|(k, v)| (k.into(), v)).collect()).unwrap()),
            prop::collection::vec(datum, 0..4).prop_map(|data| Value::Record(data.into())),
        ]
    })
}

/// Parses `text` in every way; what parses must come back from its own text.
fn round_trips(text: &str) -> Result<(), TestCaseError> {
    fn check<T: Display + PartialEq + Debug>(parse: fn(&str) -> Option<T>, text: &str) -> Result<(), TestCaseError> {
        let Some(value) = parse(text) else {
            return Ok(());
        };
        prop_assert_eq!(parse(&value.to_string()), Some(value));
        Ok(())
    }
    check(Decimal::parse, text)?;
    check(Quantity::parse, text)?;
    check(Duration::parse, text)?;
    check(Timestamp::parse_rfc3339, text)?;
    check(Ip::parse, text)?;
    check(IpRange::parse, text)?;
    check(Host::parse, text)?;
    check(Path::parse, text)?;
    check(Version::parse, text)?;
    let _ = Timestamp::parse_seconds(text);
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_total(text in any::<String>()) {
        round_trips(&text)?;
    }

    #[test]
    fn likely_text_round_trips(text in prop_oneof![
        "[-+]?[0-9]{0,20}[.]?[0-9]{0,12}([eEnumkMGTPK]i?)?[-+]?[0-9]{0,3}",
        "-?([0-9]{1,20}(w|d|h|m|s|ms)){1,6}",
        "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{0,5})?(Z|[-+][0-2][0-9]:[0-5][0-9])",
        "[0-9a-f:.]{1,30}(/[0-9]{1,3})?",
        "(/|[.;%]|[a-z%]{0,3}|%[0-9a-fA-F]{2}){0,12}",
        "[\\[\\]a-zA-Z0-9._:-]{1,24}",
        "[0-9]{1,2}\\.[0-9]\\.[0-9](-[0-9a-z.-]{1,6})?(\\+[0-9a-z.]{1,6})?",
    ]) {
        round_trips(&text)?;
    }

    #[test]
    fn decimal_text_is_its_units(units in any::<i64>()) {
        let decimal = Decimal::from_units(units);
        prop_assert_eq!(Decimal::parse(&decimal.to_string()), Some(decimal));
    }

    #[test]
    fn duration_text_is_its_millis(millis in any::<i64>()) {
        let span = Duration::from_millis(millis);
        prop_assert_eq!(Duration::parse(&span.to_string()), Some(span));
    }

    // The other library ends more than a day before the last year does.
    #[test]
    fn timestamps_agree_with_jiff(millis in Timestamp::MIN.millis()..=Timestamp::MAX.millis() - 2 * 86_400_000) {
        let ours = Timestamp::from_millis(millis).unwrap();
        let theirs = jiff::Timestamp::from_millisecond(millis).unwrap();
        prop_assert_eq!(theirs.to_string().parse::<jiff::Timestamp>().unwrap(), ours.to_string().parse().unwrap());
        prop_assert_eq!(Timestamp::parse_rfc3339(&ours.to_string()), Some(ours));
        prop_assert_eq!(Timestamp::parse_rfc3339(&theirs.to_string()), Some(ours));
    }

    #[test]
    fn seconds_are_cut_toward_the_past(whole in 0_i64..100_000, fraction in 0_u32..1_000_000, negative: bool) {
        let sign = if negative { "-" } else { "" };
        let micros = (whole * 1_000_000 + i64::from(fraction)) * if negative { -1 } else { 1 };
        let parsed = Timestamp::parse_seconds(&format!("{sign}{whole}.{fraction:06}")).unwrap();
        prop_assert_eq!(parsed.millis(), micros.div_euclid(1_000));
        let shifted = Timestamp::parse_seconds(&format!("{sign}{whole}{fraction:06}e-6"));
        prop_assert!(shifted.is_none_or(|shifted| shifted == parsed));
    }

    #[test]
    fn order_is_total(a in value(), b in value(), c in value()) {
        prop_assert_eq!(a.order(&b), b.order(&a).reverse());
        prop_assert_eq!(a.order(&b).is_eq(), a == b);
        if a.order(&b).is_le() && b.order(&c).is_le() {
            prop_assert!(a.order(&c).is_le());
        }
    }

    #[test]
    fn comparison_agrees_with_equality_and_order(a in scalar(), b in scalar()) {
        prop_assert_eq!(compare(&a, &b).map(Ordering::reverse), compare(&b, &a));
        prop_assert_eq!(equal(&a, &b), equal(&b, &a));
        if let Some(order) = compare(&a, &b) {
            prop_assert_eq!(equal(&a, &b), Some(order.is_eq()));
            prop_assert_eq!(a.order(&b), order);
        }
        prop_assert_eq!(equal(&a, &a), Some(true));
    }

    #[test]
    fn serial_forms_round_trip(value in value()) {
        prop_assert!(value.is_canonical(Value::DEPTH_MAX));
        let bytes = postcard::to_stdvec(&value).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Value>(&bytes), Ok(value.clone()));
        let json = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    }

    #[test]
    fn hostile_bytes_give_canonical_values_or_none(value in value(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = postcard::to_stdvec(&value).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(value) = postcard::from_bytes::<Value>(&bytes) {
            prop_assert!(value.is_canonical(Value::DEPTH_MAX));
        }
    }

    #[test]
    fn set_operators_are_those_of_sets(
        a in prop::collection::btree_set(-4_i64..4, 0..6),
        b in prop::collection::btree_set(-4_i64..4, 0..6),
    ) {
        let [left, right] = [&a, &b].map(|set| ints(set.iter().copied()));
        let operate = |op| set_operation(op, &left, &right).unwrap();
        prop_assert_eq!(operate(SetOp::Union), ints(a.union(&b).copied()));
        prop_assert_eq!(operate(SetOp::Intersection), ints(a.intersection(&b).copied()));
        prop_assert_eq!(operate(SetOp::Difference), ints(a.difference(&b).copied()));
        prop_assert_eq!(contains_any(&left, &right), Some(!a.is_disjoint(&b)));
        prop_assert_eq!(contains_all(&left, &right), Some(a.is_superset(&b)));
        prop_assert_eq!(equal(&left, &right), Some(a == b));
        for element in -4..4 {
            prop_assert_eq!(contains(&left, &Value::Int(element)), Some(a.contains(&element)));
        }
    }

    #[test]
    fn ranges_hold_what_shares_their_prefix(addr in any::<u128>(), other in any::<u128>(), prefix in 0_u8..=128, share: bool) {
        let [addr, other] = [addr, if share { addr ^ (other >> 64) } else { other }].map(std::net::Ipv6Addr::from);
        let range = IpRange::parse(&range_text(addr.into(), prefix));
        let ip = Ip::new(other.into());
        if let Some(range) = range.filter(|range| range.addr().addr().is_ipv6() && ip.addr().is_ipv6()) {
            let shared = (u128::from(addr) ^ u128::from(other)).leading_zeros();
            prop_assert_eq!(range.contains(ip), shared >= prefix.into());
        }
    }
}
