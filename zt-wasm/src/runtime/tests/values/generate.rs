//! Generated data: of any kinds, and pairs that operators have something to say about.

use std::sync::Arc;

use proptest::prelude::*;
use zt_eval::id::{EntityTypeId, EnumId};
use zt_eval::value::{
    Datum, Decimal, Duration, EntityUid, EnumMember, Host, Ip, IpRange, Path, Quantity, Timestamp, Value, Version,
};

/// How many kinds of scalars there are.
const KINDS: usize = 14;

fn ip() -> impl Strategy<Value = Ip> {
    let near = prop::sample::select(vec!["10.0.0.1", "10.0.1.1", "11.0.0.0", "::1", "2001:db8::1", "2001:db8::"]);
    prop_oneof![near.prop_map(|text| Ip::parse(text).unwrap()), any::<std::net::IpAddr>().prop_map(Ip::new)]
}

fn range() -> impl Strategy<Value = IpRange> {
    let texts =
        ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/32", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8::/127", "::1/128"];
    prop::sample::select(texts.to_vec()).prop_map(|text| IpRange::parse(text).unwrap())
}

/// A scalar of a kind, often near the others.
pub fn scalar_of(kind: usize) -> BoxedStrategy<Value> {
    let near = prop_oneof![-3_i64..3, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
    match kind {
        0 => any::<bool>().prop_map(Value::Bool).boxed(),
        1 => near.prop_map(Value::Int).boxed(),
        2 => prop_oneof![near, (-9_i64..9).prop_map(|tenth| tenth * 100_000)]
            .prop_map(|units| Value::Decimal(Decimal::from_units(units)))
            .boxed(),
        3 => "[abA é]{0,3}".prop_map(|text| Value::String(text.into())).boxed(),
        4 => prop_oneof![-9_i64..9, Timestamp::MIN.millis()..=Timestamp::MAX.millis(), Just(Timestamp::MAX.millis())]
            .prop_map(|millis| Value::Timestamp(Timestamp::from_millis(millis).unwrap()))
            .boxed(),
        5 => near.prop_map(|millis| Value::Duration(Duration::from_millis(millis))).boxed(),
        6 => ip().prop_map(Value::Ip).boxed(),
        7 => range().prop_map(Value::IpRange).boxed(),
        8 => (0_u64..3, 0_u64..3, "(-[a-z0]{1,2})?")
            .prop_filter_map("version", |(a, b, pre)| Version::parse(&format!("{a}.{b}.0{pre}")))
            .prop_map(|version| Value::Version(Arc::new(version)))
            .boxed(),
        9 => prop_oneof![-9_i128..9, -Quantity::UNITS_MAX..=Quantity::UNITS_MAX, Just(Quantity::UNITS_MAX)]
            .prop_map(|units| Value::Quantity(Quantity::from_units(units).unwrap()))
            .boxed(),
        10 => "(/[ab %]{1,2}){0,2}/?"
            .prop_filter_map("path", |text| Path::parse(&text.replace('%', "%25")).map(Value::Path))
            .boxed(),
        11 => "[a-c]{1,2}(\\.[a-c0-9]{1,2}){0,2}"
            .prop_filter_map("host", |text| Host::parse(&text).map(Value::Host))
            .boxed(),
        12 => (0_usize..2, 0_u32..3)
            .prop_map(|(ty, index)| Value::Enum(EnumMember { ty: EnumId::new(ty), index }))
            .boxed(),
        _ => (0_usize..3, "[ab]{0,2}")
            .prop_map(|(ty, id)| Value::Entity(EntityUid { ty: EntityTypeId::new(ty), id: id.into() }))
            .boxed(),
    }
}

pub fn scalar() -> impl Strategy<Value = Value> {
    (0..KINDS).prop_flat_map(scalar_of)
}

pub fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        let field = prop_oneof![Just(Datum::Unknown), Just(Datum::Absent), inner.clone().prop_map(Datum::Value)];
        let entries = prop::collection::btree_map("[a-c]{0,2}", inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::set),
            prop::collection::vec(inner, 0..4).prop_map(|values| Value::List(values.into())),
            entries.prop_map(|map| Value::map(map.into_iter().map(|(k, v)| (k.into(), v)).collect()).unwrap()),
            prop::collection::vec(field, 0..4).prop_map(|data| Value::Record(data.into())),
        ]
    })
}

/// A scalar of a kind, or a collection of such.
fn of_kind(kind: usize) -> impl Strategy<Value = Value> {
    let of = scalar_of(kind);
    prop_oneof![
        of.clone(),
        prop::collection::vec(of.clone(), 0..9).prop_map(Value::set),
        prop::collection::vec(of.clone(), 0..9).prop_map(|values| Value::List(values.into())),
        prop::collection::btree_map("[ab]{0,2}", of, 0..4)
            .prop_map(|map| Value::map(map.into_iter().map(|(k, v)| (k.into(), v)).collect()).unwrap()),
    ]
}

fn datum_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Datum> {
    prop_oneof![1 => Just(Datum::Unknown), 1 => Just(Datum::Absent), 18 => value.prop_map(Datum::Value)]
}

pub fn datum() -> impl Strategy<Value = Datum> {
    datum_of(prop_oneof![value(), (0..KINDS).prop_flat_map(of_kind)])
}

/// A value with something in it made another, or unknown.
fn changed(value: &Value, by: &mut impl Iterator<Item = u8>) -> Value {
    let change = by.next().unwrap_or(0);
    match value {
        Value::Int(int) if change % 2 == 1 => Value::Int(int.wrapping_add(1)),
        Value::String(_) if change % 4 == 1 => Value::String("b".into()),
        Value::List(elements) => Value::List(elements.iter().map(|element| changed(element, by)).collect()),
        Value::Map(entries) => Value::Map(entries.iter().map(|(k, v)| (k.clone(), changed(v, by))).collect()),
        Value::Record(fields) => {
            let field = |field: &Datum| match field {
                _ if by.next() == Some(1) => Datum::Unknown,
                Datum::Value(value) => Datum::Value(changed(value, by)),
                other => other.clone(),
            };
            Value::Record(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// Two data: of one kind, the same, nearly the same, any.
pub fn pair() -> impl Strategy<Value = (Datum, Datum)> {
    let alike = (0..KINDS).prop_flat_map(|kind| (datum_of(of_kind(kind)), datum_of(of_kind(kind))));
    let with_addresses = (of_kind(7), of_kind(6)).prop_map(|(a, b)| (Datum::Value(a), Datum::Value(b)));
    let in_time = (prop_oneof![scalar_of(4), scalar_of(5), scalar_of(1)], prop_oneof![scalar_of(5), scalar_of(1)])
        .prop_map(|(a, b)| (Datum::Value(a), Datum::Value(b)));
    let near = (value(), prop::collection::vec(0_u8..6, 0..9)).prop_map(|(value, changes)| {
        let other = changed(&value, &mut changes.into_iter());
        (Datum::Value(value), Datum::Value(other))
    });
    prop_oneof![
        4 => alike,
        1 => with_addresses,
        2 => in_time,
        1 => datum().prop_map(|datum| (datum.clone(), datum)),
        2 => near,
        2 => (datum(), datum()),
    ]
}
