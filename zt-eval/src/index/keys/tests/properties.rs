//! Generated tests and values.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::id::EnumId;
use crate::value::{Decimal, Duration, EnumMember, Host, Ip, Quantity, Timestamp, Version};

/// Text over few letters, so that texts lead, end and contain each other; and hostile text.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[ab]{0,5}", 2 => "[aé\u{10FFFF}]{0,3}", 1 => "[ab]{30,40}", 1 => any::<String>()]
}

fn path() -> impl Strategy<Value = Path> {
    prop_oneof![4 => "(/[ab]){1,5}/?", 1 => "(/[abé ]{1,2}){1,3}", 1 => Just("/".into())]
        .prop_filter_map("path", |text: String| Path::parse(&text))
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![4 => "([ab]{1,2}\\.){0,3}[ab]", 1 => Just("[2001:db8::1]".into()), 1 => Just("10.0.0.1".into())]
        .prop_filter_map("host", |text: String| Host::parse(&text))
}

/// Addresses that differ in few bits, so that ranges hold them.
fn addr() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u32..4, 0_u32..4).prop_map(|(high, low)| std::net::Ipv4Addr::from_bits(high << 30 | low).into()),
        (0_u128..4, 0_u128..4).prop_map(|(high, low)| std::net::Ipv6Addr::from_bits(high << 126 | low).into()),
        any::<IpAddr>(),
    ]
}

fn range() -> impl Strategy<Value = IpRange> {
    (addr(), 0_u8..=128).prop_filter_map("range", |(addr, prefix)| match addr {
        IpAddr::V4(v4) => {
            let prefix = prefix % 33;
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpRange::new(std::net::Ipv4Addr::from_bits(v4.to_bits() & mask).into(), prefix)
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpRange::new(std::net::Ipv6Addr::from_bits(v6.to_bits() & mask).into(), prefix)
        }
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    let near = || prop_oneof![-3_i64..3, any::<i64>()];
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        near().prop_map(Value::Int),
        near().prop_map(|units| Value::Decimal(Decimal::from_units(units))),
        near().prop_map(|millis| Value::Duration(Duration::from_millis(millis))),
        (-9_i128..9).prop_map(|units| Value::Quantity(Quantity::from_units(units).unwrap())),
        (-9_i64..9).prop_map(|millis| Value::Timestamp(Timestamp::from_millis(millis).unwrap())),
        text().prop_map(|text| string(&text)),
        text().prop_map(|text| string(&text)),
        text().prop_map(|text| string(&text)),
        addr().prop_map(|addr| Value::Ip(Ip::new(addr))),
        addr().prop_map(|addr| Value::Ip(Ip::new(addr))),
        range().prop_map(Value::IpRange),
        (0_u64..2, "(-[ab]{1,2})?(\\+c)?")
            .prop_filter_map("version", |(a, pre)| Version::parse(&format!("{a}.0.0{pre}")))
            .prop_map(|version| Value::Version(Arc::new(version))),
        path().prop_map(Value::Path),
        path().prop_map(Value::Path),
        host().prop_map(Value::Host),
        (0_u32..3).prop_map(|index| Value::Enum(EnumMember { ty: EnumId::new(0), index })),
        (0_usize..3, "[ab]{0,1}")
            .prop_map(|(ty, id)| Value::Entity(EntityUid { ty: EntityTypeId::new(ty), id: id.into() })),
    ]
}

/// A route without rejections: `**` and the capture at most once, a slash at the end only.
fn route() -> impl Strategy<Value = Route> {
    let segment = || prop::sample::select(vec!["*", "a", "b", "é"]);
    let head = prop::collection::vec(segment(), 0..5);
    let tail = prop::option::of(prop::collection::vec(segment(), 0..3));
    (head, any::<bool>(), tail, any::<bool>()).prop_map(|(mut head, captures, tail, slash)| {
        if let Some(segment) = head.iter_mut().find(|segment| captures && **segment == "*") {
            *segment = "{x}";
        }
        let rest = tail.into_iter().flat_map(|tail| std::iter::once("**").chain(tail));
        let mut segments: Vec<_> = head.into_iter().chain(rest).collect();
        if slash || segments.is_empty() {
            segments.push("");
        }
        Route::parse(&format!("/{}", segments.join("/"))).unwrap()
    })
}

/// A regex whose parts are each well formed.
fn any_regex() -> impl Strategy<Value = Regex> {
    let parts =
        ["a", "b", "ab", "é", "[ab]+", ".", ".*", "a*", "b?", "(ab|ba)", "(ab)?", "(ab){2}", "(?i:a)", "(a|)", r"\."];
    let source = prop::collection::vec(prop::sample::select(parts.to_vec()), 0..6).prop_map(|parts| parts.concat());
    source.prop_map(|source| regex(&source))
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        3 => "[ab*]{0,6}".prop_map(|text| Pattern::Glob(Glob::parse(&text).unwrap())),
        3 => route().prop_map(Pattern::Route),
        2 => "((\\*|[ab]{1,2})\\.){0,3}(\\*|[ab])"
            .prop_map(|text| Pattern::HostGlob(HostGlob::parse(&text).unwrap())),
        1 => any_regex().prop_map(Pattern::Regex),
    ]
}

fn test() -> impl Strategy<Value = Owned> {
    prop_oneof![
        scalar().prop_map(Owned::Equal),
        scalar().prop_map(Owned::HasElement),
        range().prop_map(Owned::InRange),
        text().prop_map(Owned::Prefix),
        text().prop_map(Owned::Suffix),
        text().prop_map(Owned::Infix),
        path().prop_map(Owned::PathPrefix),
        pattern().prop_map(Owned::Matches),
        pattern().prop_map(Owned::Matches),
    ]
}

fn tests() -> impl Strategy<Value = Vec<Owned>> {
    prop::collection::vec(test(), 0..24).prop_map(distinct)
}

fn distinct(tests: Vec<Owned>) -> Vec<Owned> {
    let mut distinct = Vec::new();
    for test in tests {
        if !distinct.contains(&test) {
            distinct.push(test);
        }
    }
    distinct
}

/// A scalar, or a collection as the language has them: of one kind.
fn value() -> impl Strategy<Value = Value> {
    let strings = prop::collection::vec(text().prop_map(|text| string(&text)), 0..30);
    let ips = prop::collection::vec(addr().prop_map(|addr| Value::Ip(Ip::new(addr))), 0..6);
    let ranges = prop::collection::vec(range().prop_map(Value::IpRange), 0..6);
    let elements = prop_oneof![strings, ips, ranges];
    prop_oneof![
        6 => scalar(),
        1 => elements.clone().prop_map(Value::set),
        1 => elements.prop_map(|elements| Value::List(elements.into())),
    ]
}

proptest! {
    #[test]
    fn keys_agree_with_their_tests(tests in tests(), values in prop::collection::vec(value(), 1..8)) {
        let keys = build(&tests);
        for value in &values {
            agree(&tests, &keys, value).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn globs_and_texts_agree(
        tests in prop::collection::vec(
            prop_oneof![
                "[ab*]{0,6}".prop_map(|glob| matches_glob(&glob)),
                text().prop_map(Owned::Prefix),
                text().prop_map(Owned::Suffix),
                text().prop_map(Owned::Infix),
            ],
            0..40,
        ).prop_map(distinct),
        texts in prop::collection::vec(text(), 1..6),
    ) {
        let keys = build(&tests);
        for text in &texts {
            agree(&tests, &keys, &string(text)).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn routes_agree(
        tests in prop::collection::vec(
            prop_oneof![
                route().prop_map(|route| Owned::Matches(Pattern::Route(route))),
                path().prop_map(Owned::PathPrefix),
            ],
            0..40,
        ).prop_map(distinct),
        paths in prop::collection::vec(path(), 1..6),
    ) {
        let keys = build(&tests);
        for path in paths {
            agree(&tests, &keys, &Value::Path(path)).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn regexes_agree(
        sources in prop::collection::vec(any_regex(), 0..8),
        texts in prop::collection::vec("[abAé.]{0,8}", 1..8),
    ) {
        let tests = distinct(sources.into_iter().map(|regex| Owned::Matches(Pattern::Regex(regex))).collect());
        let keys = build(&tests);
        for text in &texts {
            agree(&tests, &keys, &string(text)).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn ranges_agree(ranges in prop::collection::vec(range().prop_map(Owned::InRange), 0..40), addr in addr()) {
        let tests = distinct(ranges);
        agree(&tests, &build(&tests), &Value::Ip(Ip::new(addr))).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn supported_tests_are_filed(test in test()) {
        let keys = build(std::slice::from_ref(&test));
        let is_filed = keys.describe().iter().all(|(name, _)| *name != "not filed");
        prop_assert_eq!(Keys::supports(&test.test()), is_filed);
        prop_assert!(is_filed || !keys.is_exact(0));
    }
}
