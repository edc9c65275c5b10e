//! Scalars of each type against `Schema::value_of_text`, `value_of_number` and `value_of_bool`.

use proptest::prelude::*;
use zt_eval::Schema;
use zt_eval::schema::{EnumType, Type};
use zt_eval::value::Value;

use super::super::super::address::{out_ip, out_range};
use super::super::super::layout::*;
use super::super::super::memory::span;
use super::super::super::out::out_start;
use super::super::super::scalar::*;
use super::super::super::version::out_version;
use super::{CELL_AT, put, wide};
use crate::runtime::env::*;

/// Where tests put types.
const TYPE_AT: i32 = CELL_AT + 64;
const MEMBERS: [&str; 4] = ["low", "high", "", "highest"];

fn schema() -> Schema {
    let members = MEMBERS.map(Into::into).to_vec();
    let other = EnumType { name: "other".into(), members: vec!["low".into()], ordered: false };
    Schema { enums: vec![other, EnumType { name: "level".into(), members, ordered: true }], ..Schema::default() }
}

/// The types of scalars and some others, and their kinds.
fn types() -> Vec<(Type, i32)> {
    vec![
        (Type::Bool, T_BOOL),
        (Type::Int, T_INT),
        (Type::Decimal, T_DECIMAL),
        (Type::String, T_STRING),
        (Type::Timestamp, T_TIMESTAMP),
        (Type::Duration, T_DURATION),
        (Type::Quantity, T_QUANTITY),
        (Type::Ip, T_IP),
        (Type::IpRange, T_RANGE),
        (Type::Version, T_VERSION),
        (Type::Path, T_PATH),
        (Type::Host, T_HOST),
        (Type::Enum(zt_eval::id::EnumId::new(1)), T_ENUM),
        (Type::Set(Box::new(Type::Int)), T_SET),
        (Type::Entity(vec![]), T_ENTITY),
    ]
}

fn put_type(kind: i32) {
    st32(H_WIDE, 1);
    st32(H_MANY, 1);
    st8(TYPE_AT, kind);
    st32(TYPE_AT + 2, TYPE_AT + 64);
    st32(TYPE_AT + 6, MEMBERS.len() as i32);
    st32(TYPE_AT + 10, 1);
    for (at, member) in MEMBERS.iter().enumerate() {
        let (name, bytes) = (TYPE_AT + 64 + 8 * at as i32, TYPE_AT + 128 + 16 * at as i32);
        st64(name, span(bytes, member.len() as i32));
        write(bytes, member.as_bytes());
    }
}

/// What a cell says.
fn cell_value() -> Value {
    use zt_eval::value::{Decimal, Duration, EnumMember, Host, Ip, IpRange, Path, Quantity, Timestamp, Version};
    let text = |at: i64| String::from_utf8(read(at as i32, (at >> 32) as i32)).unwrap();
    let written = |write_it: fn(i32)| {
        out_start();
        write_it(CELL_AT);
        text(ld64(OUT))
    };
    let (a, b) = (ld32(CELL_AT + 4), ld64(CELL_AT + 8));
    match ld32(CELL_AT) {
        T_BOOL => Value::Bool(a == 1),
        T_INT => Value::Int(b),
        T_DECIMAL => Value::Decimal(Decimal::from_units(b)),
        T_STRING => Value::String(text(b).into()),
        T_TIMESTAMP => Value::Timestamp(Timestamp::from_millis(b).unwrap()),
        T_DURATION => Value::Duration(Duration::from_millis(b)),
        T_QUANTITY => Value::Quantity(Quantity::from_units(wide(b as i32)).unwrap()),
        T_ENUM => Value::Enum(EnumMember { ty: zt_eval::id::EnumId::new(b as usize), index: a as u32 }),
        T_IP => Value::Ip(Ip::parse(&written(out_ip)).unwrap()),
        T_RANGE => Value::IpRange(IpRange::parse(&written(out_range)).unwrap()),
        T_VERSION => Value::Version(Version::parse(&written(out_version)).unwrap().into()),
        T_PATH => Value::Path(Path::parse(&text(b)).unwrap()),
        T_HOST => Value::Host(Host::parse(&text(b)).unwrap()),
        tag => panic!("a cell with tag {tag}"),
    }
}

fn check(text: &str, is_number: bool) {
    let schema = schema();
    for (ty, kind) in types() {
        let (at, len) = put(text.as_bytes());
        put_type(kind);
        let routine = if is_number { scalar_of_number } else { scalar_of_text };
        let ours = routine(TYPE_AT, at, len, CELL_AT).then(cell_value);
        let theirs = if is_number { schema.value_of_number(&ty, text) } else { schema.value_of_text(&ty, text) };
        assert_eq!(ours, theirs, "{ty:?} {text:?}");
    }
}

#[test]
fn each_type_takes_what_it_is_written_as() {
    let texts = "low|high|highest|higher||true|1|1.5|-2e3|500m|1h30m|2026-03-02T13:00:00+01:00|1772452800|é|10.1.2.3|10.0.0.0/8|::1|2001:db8::/32|1.2.3-a+b|/a/./b|Example.com.|a%2fb";
    texts.split('|').for_each(|text| check(text, false));
    ["0", "1", "-1", "1.5", "1e3", "12.345678", "1772452800.5", "1e-9", "9223372036854775808", "-0"]
        .into_iter()
        .for_each(|number| check(number, true));
}

#[test]
fn only_a_truth_value_is_one() {
    let schema = schema();
    for (ty, kind) in types() {
        put(b"");
        put_type(kind);
        for truth in [false, true] {
            let ours = scalar_of_bool(TYPE_AT, truth.into(), CELL_AT).then(cell_value);
            assert_eq!(ours, schema.value_of_bool(&ty, truth));
        }
    }
}

proptest! {
    #[test]
    fn texts(text in "[-+.:0-9a-zéTZ]{0,12}") {
        check(&text, false);
    }

    #[test]
    fn numbers(text in "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,7})?([eE][+-]?[0-9]{1,2})?") {
        check(&text, true);
    }
}
