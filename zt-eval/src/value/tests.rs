mod properties;

use std::cmp::Ordering;
use std::fmt::{Debug, Display};

use super::*;

fn string(text: &str) -> Value {
    Value::String(text.into())
}

fn ints(numbers: impl IntoIterator<Item = i64>) -> Value {
    Value::set(numbers.into_iter().map(Value::Int).collect())
}

/// Checks text → canonical text; `None` is what must not parse.
fn check<T: Display + PartialEq + Debug>(parse: fn(&str) -> Option<T>, cases: &[(&str, Option<&str>)]) {
    for (text, expected) in cases {
        let parsed = parse(text);
        assert_eq!(parsed.as_ref().map(T::to_string).as_deref(), *expected, "{text:?}");
        if let Some(value) = parsed {
            assert_eq!(parse(&value.to_string()), Some(value), "{text:?} and back");
        }
    }
}

#[test]
fn decimals() {
    check(
        Decimal::parse,
        &[
            ("0", Some("0")),
            ("-0.0", Some("0")),
            ("3.50", Some("3.5")),
            ("-12.000001000", Some("-12.000001")),
            ("9223372036854.775807", Some("9223372036854.775807")),
            ("-9223372036854.775808", Some("-9223372036854.775808")),
            ("9223372036854.775808", None),
            ("99999999999999999999999999999999999999999999999999", None),
            ("0.0000001", None),
            ("1e2", None),
            ("01", None),
            (".5", None),
            ("1.", None),
            ("+1", None),
            ("-", None),
            ("", None),
            ("١", None),
        ],
    );
    let [half, third] = ["0.5", "0.333333"].map(|text| Decimal::parse(text).unwrap());
    assert_eq!(half.checked_mul(half), Decimal::parse("0.25"));
    assert_eq!(third.checked_mul(third), None);
    assert_eq!(Decimal::from_int(i64::MAX), None);
}

#[test]
fn quantities() {
    check(
        Quantity::parse,
        &[
            ("500m", Some("500m")),
            ("0.5", Some("500m")),
            ("+1.5Gi", Some("1610612736")),
            ("-2k", Some("-2000")),
            ("1e3", Some("1000")),
            ("1E3", Some("1000")),
            ("1E", Some("1000000000000000000")),
            ("1e-9", Some("1n")),
            ("1500u", Some("1500u")),
            ("1000u", Some("1m")),
            (".5", Some("500m")),
            ("5.", Some("5")),
            ("0.00000000000000000000E", Some("0")),
            ("0.0009765625Ki", Some("1")),
            ("0.00000095367431640625Ei", Some("1099511627776")),
            ("170141183460469231731687303715884105728e-30", None),
            ("9223372036854775807", Some("9223372036854775807")),
            ("9223372036854775808", None),
            ("8Ei", None),
            ("1e-10", None),
            ("0.1n", None),
            ("1e", None),
            ("1e99999999999", None),
            ("1e2147483647", None),
            ("1e-2147483648", None),
            ("1K", None),
            ("1ki", None),
            ("1 k", None),
            ("1mm", None),
            ("1.2.3", None),
            (".", None),
            ("m", None),
            ("", None),
        ],
    );
    assert!(Quantity::parse("1Gi") > Quantity::parse("1G"));
}

#[test]
fn durations() {
    check(
        Duration::parse,
        &[
            ("15m", Some("15m")),
            ("1h30m", Some("1h30m")),
            ("90m", Some("1h30m")),
            ("2w", Some("14d")),
            ("1w1d1h1m1s1ms", Some("8d1h1m1s1ms")),
            ("500ms", Some("500ms")),
            ("0s", Some("0s")),
            ("-0ms", Some("0s")),
            ("-1s500ms", Some("-1s500ms")),
            ("9223372036854775807ms", Some("106751991167d7h12m55s807ms")),
            ("-9223372036854775808ms", Some("-106751991167d7h12m55s808ms")),
            ("9223372036854775808ms", None),
            ("99999999999999999999w", None),
            ("30m1h", None),
            ("1m1m", None),
            ("1h-1m", None),
            ("1.5h", None),
            ("1 h", None),
            ("h", None),
            ("15", None),
            ("", None),
            ("-", None),
        ],
    );
}

#[test]
fn timestamps() {
    check(
        Timestamp::parse_rfc3339,
        &[
            ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z")),
            ("2026-03-02t13:00:00.5+01:00", Some("2026-03-02T12:00:00.500Z")),
            ("2024-02-29T23:59:59.999999z", Some("2024-02-29T23:59:59.999Z")),
            ("1969-12-31T23:59:59.9999Z", Some("1969-12-31T23:59:59.999Z")),
            ("1990-12-31T15:59:59-08:00", Some("1990-12-31T23:59:59Z")),
            ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z")),
            ("9999-12-31T23:59:59.999Z", Some("9999-12-31T23:59:59.999Z")),
            ("2000-01-01T00:00:00-00:00", Some("2000-01-01T00:00:00Z")),
            ("0001-01-01T00:00:00+00:01", None),
            ("9999-12-31T23:59:59-00:01", None),
            ("0000-12-31T23:59:59Z", None),
            ("1990-12-31T23:59:60Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("1900-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-00-01T00:00:00Z", None),
            ("2026-01-00T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01T00:60:00Z", None),
            ("2026-01-01T00:00:00", None),
            ("2026-01-01 00:00:00Z", None),
            ("2026-01-01T00:00:00.Z", None),
            ("2026-01-01T00:00:00+0100", None),
            ("2026-01-01T00:00:00+24:00", None),
            ("2026-01-01T00:00Z", None),
            ("2026-1-1T00:00:00Z", None),
            ("+2026-01-01T00:00:00Z", None),
            ("2026-01-01T00:00:00ZZ", None),
            ("", None),
        ],
    );
}

#[test]
fn numeric_dates() {
    for (text, millis) in [
        ("0", Some(0)),
        ("1772452800", Some(1_772_452_800_000)),
        ("1.5e3", Some(1_500_000)),
        ("0.0019", Some(1)),
        ("-0.0001", Some(-1)),
        ("-1.0010", Some(-1_001)),
        ("-1.0011", Some(-1_002)),
        ("1e-99999999999999999999", Some(0)),
        ("-1e-99999999999999999999", Some(-1)),
        ("0e99999999999999999999", Some(0)),
        ("253402300799.9999", Some(253_402_300_799_999)),
        ("253402300800", None),
        ("-62135596800", Some(-62_135_596_800_000)),
        ("-62135596800.0001", None),
        ("1e99999999999999999999", None),
        ("1e", None),
        ("0x1", None),
        ("NaN", None),
        ("", None),
    ] {
        assert_eq!(Timestamp::parse_seconds(text).map(Timestamp::millis), millis, "{text}");
    }
}

#[test]
fn addresses() {
    check(
        Ip::parse,
        &[
            ("10.1.2.3", Some("10.1.2.3")),
            ("::ffff:10.1.2.3", Some("10.1.2.3")),
            ("::FFFF:0A01:0203", Some("10.1.2.3")),
            ("2001:DB8:0:0::1", Some("2001:db8::1")),
            ("::10.1.2.3", Some("::a01:203")),
            ("010.1.2.3", None),
            ("10.1.2", None),
            ("fe80::1%eth0", None),
            ("[::1]", None),
            (" 10.1.2.3", None),
            ("10.1.2.3/8", None),
        ],
    );
    check(
        IpRange::parse,
        &[
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("10.1.2.3/32", Some("10.1.2.3/32")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("::ffff:0:0/96", Some("0.0.0.0/0")),
            ("2001:db8::/32", Some("2001:db8::/32")),
            ("::/0", Some("::/0")),
            ("::ffff:0:0/95", None),
            ("10.1.0.0/8", None),
            ("10.0.0.0/33", None),
            ("::/129", None),
            ("10.0.0.0/08", None),
            ("10.0.0.0/+8", None),
            ("10.0.0.0/", None),
            ("10.0.0.0", None),
        ],
    );
    let is_in = |ip, range| IpRange::parse(range).unwrap().contains(Ip::parse(ip).unwrap());
    assert!(is_in("10.255.0.1", "10.0.0.0/8") && is_in("::ffff:10.0.0.1", "10.0.0.0/8"));
    assert!(!is_in("11.0.0.1", "10.0.0.0/8") && !is_in("10.0.0.1", "::/0"));
    assert!(is_in("1.2.3.4", "0.0.0.0/0") && is_in("fe80::1", "::/0") && is_in("fe80::1", "fe80::1/128"));
}

#[test]
fn hosts() {
    let long_label = "a".repeat(64);
    let long_name = ["abcdefg"; 32].join("."); // 255 bytes
    check(
        Host::parse,
        &[
            ("Example.COM", Some("example.com")),
            ("example.com.:8080", Some("example.com")),
            ("_dmarc.my-host", Some("_dmarc.my-host")),
            ("10.1.2.3:80", Some("10.1.2.3")),
            ("[2001:DB8::0:1]:443", Some("[2001:db8::1]")),
            ("[::ffff:10.1.2.3]", Some("10.1.2.3")),
            (&long_name[..253], Some(&long_name[..253])),
            (&long_name, None),
            (&long_label, None),
            ("", None),
            (".", None),
            ("a..b", None),
            (".a", None),
            ("a..", None),
            ("a:", None),
            ("a:65536", None),
            ("a:80:80", None),
            ("a:-1", None),
            ("user@a", None),
            ("a b", None),
            ("bücher.de", None),
            ("a\0b", None),
            ("010.1.2.3", None),
            ("127.1", None),
            ("0x7f.1", None),
            ("a.0x7f", None),
            ("[10.1.2.3]", None),
            ("[::1", None),
            ("[::1].", None),
            ("[::1]x", None),
            ("[::1]:", None),
            ("::1", None),
        ],
    );
}

#[test]
fn paths() {
    check(
        Path::parse,
        &[
            ("/", Some("/")),
            ("/a/b/", Some("/a/b/")),
            ("/a%2Db/%c3%a9", Some("/a-b/é")),
            ("/%25/%3f%23", Some("/%25/%3F%23")),
            ("/%252e%252e", Some("/%252e%252e")),
            ("/.../..a/.b", Some("/.../..a/.b")),
            ("/a;v=1/b", Some("/a;v=1/b")),
            ("", None),
            ("a/b", None),
            ("//", None),
            ("/a//b", None),
            ("/a/../b", None),
            ("/a/.", None),
            ("/a/%2e%2E/b", None),
            ("/a/..;/b", None),
            ("/a/.%3Bx", None),
            ("/a%2fb", None),
            ("/a%5cb", None),
            ("/a\\b", None),
            ("/a%00", None),
            ("/a\n", None),
            ("/a%7f", None),
            ("/a%c2%85", None),
            ("/a?b", None),
            ("/a#b", None),
            ("/a%", None),
            ("/a%4", None),
            ("/a%g0", None),
            ("/a%+1", None),
            ("/%ff", None),
        ],
    );
    let starts = |path, prefix| Path::parse(path).unwrap().starts_with(&Path::parse(prefix).unwrap());
    assert!(
        starts("/a/b", "/a") && starts("/a", "/a") && starts("/a/", "/a") && starts("/a/b", "/a/") && starts("/a", "/")
    );
    assert!(!starts("/ab", "/a") && !starts("/a", "/a/") && !starts("/a", "/a/b"));
}

#[test]
fn versions() {
    check(
        Version::parse,
        &[
            ("1.2.3", Some("1.2.3")),
            ("1.2.3-rc.1+build.5", Some("1.2.3-rc.1")),
            ("v1.2.3", None),
            ("1.2", None),
            ("01.2.3", None),
        ],
    );
    assert_eq!(Version::parse(&format!("1.2.3-{}", "a".repeat(256))), None);
    let ordered =
        ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.10.0"];
    assert!(ordered.is_sorted_by(|a, b| Version::parse(a) < Version::parse(b)));
}

#[test]
fn operators_take_their_kinds_only() {
    let [int, text, truth] = [Value::Int(1), string("a"), Value::Bool(true)];
    assert_eq!(compare(&int, &Value::Int(2)), Some(Ordering::Less));
    assert_eq!(compare(&int, &text), None);
    assert_eq!(compare(&truth, &truth), None);
    assert_eq!(equal(&truth, &truth), Some(true));
    assert_eq!(equal(&int, &text), None);
    let member = |ty, index| Value::Enum(EnumMember { ty: EnumId::new(ty), index });
    assert_eq!(compare(&member(0, 1), &member(0, 0)), Some(Ordering::Greater));
    assert_eq!(compare(&member(0, 1), &member(1, 1)), None);
    assert_eq!(equal(&member(0, 1), &member(1, 1)), None);
    let entity = |ty| Value::Entity(EntityUid { ty: EntityTypeId::new(ty), id: "x".into() });
    assert_eq!(equal(&entity(0), &entity(1)), Some(false));
    assert_eq!(equal(&ints([1, 2]), &ints([2, 1])), Some(true));
    assert_eq!(equal(&ints([]), &ints([1])), Some(false));
    let record = Value::Record([Datum::Unknown].into());
    assert_eq!(equal(&record, &record), None);
    let list = |values: &[&Value]| Value::List(values.iter().map(|value| (*value).clone()).collect());
    assert_eq!(equal(&list(&[&int, &record]), &list(&[&int, &record])), None);
    assert_eq!(equal(&list(&[&record, &int]), &list(&[&record, &Value::Int(2)])), Some(false));
}

#[test]
fn arithmetic() {
    let at = Value::Timestamp(Timestamp::parse_seconds("3600").unwrap());
    let hour = Value::Duration(Duration::parse("1h").unwrap());
    let epoch = Value::Timestamp(Timestamp::from_millis(0).unwrap());
    assert_eq!(arith(Arith::Sub, &at, &hour).as_ref(), Some(&epoch));
    assert_eq!(arith(Arith::Sub, &at, &epoch).as_ref(), Some(&hour));
    assert_eq!(arith(Arith::Add, &at, &at), None);
    assert_eq!(arith(Arith::Sub, &hour, &at), None);
    assert_eq!(arith(Arith::Mul, &Value::Int(2), &hour), arith(Arith::Add, &hour, &hour));
    assert_eq!(arith(Arith::Mul, &hour, &hour), None);
    assert_eq!(arith(Arith::Add, &Value::Int(i64::MAX), &Value::Int(1)), None);
    assert_eq!(arith(Arith::Add, &Value::Timestamp(Timestamp::MAX), &hour), None);
    assert_eq!(negate(&Value::Int(i64::MIN)), None);
    assert_eq!(negate(&Value::Quantity(Quantity::parse("1m").unwrap())), Quantity::parse("-1m").map(Value::Quantity));
}

#[test]
fn text_operators() {
    assert_eq!(contains(&string("abc"), &string("bc")), Some(true));
    assert_eq!(starts_with(&string("abc"), &string("ab")), Some(true));
    assert_eq!(ends_with(&string("abc"), &string("ab")), Some(false));
    assert_eq!(lower(&string("ÄBc")), Some(string("Äbc")));
    assert_eq!(size(&string("äb")), Some(Value::Int(2)));
    assert_eq!(is_empty(&string("")), Some(true));
    assert_eq!(size(&Value::Bool(true)), None);
}

#[test]
fn collections() {
    let range = Value::IpRange(IpRange::parse("10.0.0.0/8").unwrap());
    let [inside, outside] = ["10.1.1.1", "11.1.1.1"].map(|ip| Value::Ip(Ip::parse(ip).unwrap()));
    let ranges = Value::set(vec![range.clone(), outside.clone()]);
    assert_eq!(contains(&range, &inside), Some(true));
    assert_eq!(contains(&ranges, &inside), Some(true));
    assert_eq!(contains(&Value::List([range].into()), &outside), Some(false));
    assert_eq!(contains(&ints([1, 2]), &string("a")), None);
    assert_eq!(contains(&ints([]), &string("a")), Some(false));
    let map = Value::map(vec![("b".into(), Value::Int(1)), ("a".into(), Value::Int(2))]).unwrap();
    assert_eq!(Value::map(vec![("a".into(), Value::Int(1)), ("a".into(), Value::Int(1))]), None);
    assert_eq!(contains(&map, &string("a")), Some(true));
    assert_eq!(index(&map, &string("b")), Some(Datum::Value(Value::Int(1))));
    assert_eq!(index(&map, &string("c")), Some(Datum::Absent));
    assert_eq!(contains_any(&ints([1]), &Value::set(vec![string("a")])), None);
    assert_eq!(contains_all(&ints([1, 2]), &Value::List([Value::Int(2), Value::Int(2)].into())), Some(true));
}

#[test]
fn hostile_serial_forms_are_refused() {
    use super::wire::Item;
    let bytes = |items: &Vec<Item>| postcard::to_stdvec(items).unwrap();
    let read = |items: Vec<Item>| postcard::from_bytes::<Value>(&bytes(&items)).ok();
    assert_eq!(read(vec![Item::Int(1), Item::Int(2), Item::Set(2)]), Some(ints([1, 2])));
    assert_eq!(read(vec![Item::Int(2), Item::Int(1), Item::Set(2)]), None);
    assert_eq!(read(vec![Item::Int(1), Item::Int(1), Item::Set(2)]), None);
    assert_eq!(read(vec![Item::Int(1), Item::Set(2)]), None);
    assert_eq!(read(vec![Item::Int(1), Item::Int(1)]), None);
    assert_eq!(read(vec![]), None);
    assert_eq!(read(vec![Item::Unknown]), None);
    assert_eq!(read(vec![Item::Unknown, Item::List(1)]), None);
    assert_eq!(read(vec![Item::Unknown, Item::Record(1)]), Some(Value::Record([Datum::Unknown].into())));
    assert_eq!(read(vec![Item::Int(1), Item::Int(1), Item::Map(vec!["b".into(), "a".into()])]), None);
    let nested = |depth: u32| std::iter::once(Item::Int(1)).chain((0..depth).map(|_| Item::List(1))).collect();
    assert!(read(nested(Value::DEPTH_MAX)).is_some());
    assert_eq!(read(nested(Value::DEPTH_MAX + 1)), None);
    assert_eq!(read(nested(1_000_000)), None);
    let as_json = |text: &str| serde_json::from_str::<Value>(text).ok();
    assert_eq!(as_json(r#"[{"Path":"/a/../b"}]"#), None);
    assert_eq!(as_json(r#"[{"Host":"A"}]"#), None);
    assert_eq!(as_json(r#"[{"Quantity":170141183460469231731687303715884105727}]"#), None);
    assert_eq!(as_json(r#"[{"Timestamp":9223372036854775807}]"#), None);
    assert_eq!(as_json(r#"[{"IpRange":["10.0.0.1",8]}]"#), None);
    assert_eq!(as_json(r#"[{"Version":"1.2"}]"#), None);
}
