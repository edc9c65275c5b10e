//! Freshness by table and by brute force; hierarchy against a naive search.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Known, Reading, World};
use crate::Truth;
use crate::graph::Policy;
use crate::request::Request;
use crate::request::fixture::*;
use crate::store::Store;
use crate::value::{Datum, EntityUid, Timestamp, Value};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn seconds(time: Timestamp) -> String {
    time.to_string()
}

/// What is known of a context attribute `now` seconds after the epoch, and until when.
fn read(context: &Json, attribute: u32, now: Option<i64>) -> (Datum, Option<i64>, bool) {
    let (policy, request, store) = (policy(), bind(json!({ "context": context })), Store::empty());
    let now = now.map(|now| at(now * 1000));
    let world = World { policy: &policy, store: &store, request: &request, now, granted: &[] };
    let Reading { datum, until, used_now, .. } = world.context(attribute);
    (datum.to_datum(), until.map(Timestamp::millis), used_now)
}

const YES: Datum = Datum::Value(Value::Bool(true));

#[test]
fn since_holds_from_the_clock_less_skew_until_the_age_is_over() {
    let context = json!({ "mfa": true, "auth_time": 10_000 });
    assert_eq!(read(&context, MFA, Some(9_939)), (Datum::Unknown, Some(9_940_000), true), "matures at T - skew");
    assert_eq!(read(&context, MFA, Some(9_940)), (YES, Some(10_900_001), true));
    assert_eq!(read(&context, MFA, Some(10_900)), (YES, Some(10_900_001), true), "age itself still counts");
    assert_eq!(read(&context, MFA, Some(10_901)), (Datum::Unknown, None, true));
    assert_eq!(read(&context, MFA, None), (Datum::Unknown, None, true));
}

#[test]
fn an_unknown_or_absent_clock_makes_evidence_unknown() {
    assert_eq!(read(&json!({ "mfa": true }), MFA, Some(0)), (Datum::Unknown, None, false));
    assert_eq!(read(&json!({ "mfa": true, "auth_time": "soon" }), MFA, Some(0)), (Datum::Unknown, None, false));
    assert_eq!(read(&json!({ "auth_time": 0 }), MFA, Some(0)), (Datum::Unknown, None, false));
}

#[test]
fn until_holds_before_its_clock_for_absence_too() {
    let context = json!({ "session": null, "token": { "exp": 100 } });
    assert_eq!(read(&context, SESSION, Some(99)), (Datum::Absent, Some(100_000), true));
    assert_eq!(read(&context, SESSION, Some(100)), (Datum::Unknown, None, true));
}

#[test]
fn times_at_the_ends_of_the_calendar_do_not_overflow() {
    for time in [Timestamp::MIN, Timestamp::MAX] {
        let context = json!({ "mfa": true, "auth_time": seconds(time), "both": 1, "token": { "exp": seconds(time) } });
        for now in [Timestamp::MIN, at(0), Timestamp::MAX] {
            for attribute in [MFA, BOTH] {
                read(&context, attribute, Some(now.millis().div_euclid(1000).max(-62_135_596_800)));
            }
        }
    }
    let last = json!({ "mfa": true, "auth_time": seconds(Timestamp::MAX) });
    assert_eq!(read(&last, MFA, Some(253_402_300_799)), (YES, None, true), "no later instant is left");
}

#[test]
fn a_granted_step_up_has_its_value_now_and_for_good() {
    let (policy, request, store) = (policy(), bind(json!({})), Store::empty());
    let world = World { policy: &policy, store: &store, request: &request, now: None, granted: &[true] };
    let reading = world.context(MFA);
    assert_eq!((reading.datum, reading.until, reading.used_now), (Known::Value(&Value::Bool(true)), None, false));
    assert_eq!(world.context(AUTH_TIME).datum, Known::Unknown);
}

#[test]
fn readings_name_the_clocks_they_consulted() {
    let (policy, request, store) = (policy(), bind(json!({})), Store::empty());
    let world = World { policy: &policy, store: &store, request: &request, now: None, granted: &[] };
    assert_eq!(world.context(BOTH).clocks().collect::<Vec<_>>(), [AUTH_TIME, TOKEN]);
    assert_eq!(world.context(99), Reading::UNKNOWN);
    assert_eq!(world.attribute(&uid(SERVICE, "s"), 99), Reading::UNKNOWN);
}

#[test]
fn the_store_alone_speaks_for_its_entities() {
    let policy = policy();
    let store = Store::from_json(&policy, br#"[{"type": "User", "id": "ann", "properties": {"badge": 1}}]"#).unwrap();
    let claim = json!({ "type": "User", "id": "ann", "properties": { "badge": 2, "clearance": "secret" }, "parents": [{"type": "Group", "id": "admins"}] });
    let request = bind(json!({ "subject": claim }));
    let world = World { policy: &policy, store: &store, request: &request, now: None, granted: &[] };
    let ann = uid(USER, "ann");
    assert_eq!(world.attribute(&ann, 3).datum, Known::Value(&Value::Int(1)));
    assert_eq!(world.attribute(&ann, 0).datum, Known::Unknown);
    assert_eq!(world.attribute(&ann, 1).datum, Known::Absent, "the store is complete");
    assert_eq!(world.parents(&ann), Some(&[][..]));
    assert_eq!(world.within(&ann, &uid(GROUP, "admins"), &mut |_| ()), Truth::False);
}

proptest! {
    /// What is known is the same up to `until`, and another there.
    #[test]
    fn a_reading_holds_exactly_until_it_flips(auth in -5_i64..1000, exp in -5_i64..1000, now in -100_i64..1100) {
        let (auth, exp, now) = (auth * 1000, exp * 1000, now * 1000);
        let context = json!({ "both": 1, "mfa": true, "session": null, "auth_time": auth / 1000, "token": { "exp": exp / 1000 } });
        let (policy, request, store) = (policy(), bind(json!({ "context": context })), Store::empty());
        for attribute in [MFA, SESSION, BOTH] {
            let read = |millis: i64| {
                World { policy: &policy, store: &store, request: &request, now: Some(at(millis)), granted: &[] }
                    .context(attribute)
            };
            let first = read(now);
            let end = first.until.map_or(now + 3_000_000, Timestamp::millis);
            prop_assert!(end > now);
            for probe in [now, (now + end) / 2, end - 1, now + 1].into_iter().filter(|probe| *probe < end) {
                prop_assert_eq!(read(probe).datum, first.datum);
            }
            if let Some(until) = first.until {
                prop_assert_ne!(read(until.millis()).datum, first.datum);
            }
        }
    }

    /// The lookup through ancestor sets answers as a naive search does, and consults at least what decides.
    #[test]
    fn within_is_reachability(edges in edges(), speakers in prop::collection::vec(0..3_u8, NODES)) {
        let policy = policy();
        let (store, request) = hierarchy(&policy, &edges, &speakers);
        let (Some(store), Some(request)) = (store, request) else { return Ok(()) };
        let world = World { policy: &policy, store: &store, request: &request, now: None, granted: &[] };
        for (inner, outer) in pairs() {
            let mut consulted = BTreeSet::new();
            let truth = world.within(&inner, &outer, &mut |uid| { consulted.insert(uid.clone()); });
            prop_assert_eq!(truth, naive_within(&world, &inner, &outer), "{:?} in {:?}", inner, outer);
            prop_assert!(truth != Truth::Unknown || consulted.iter().any(|uid| world.parents(uid).is_none()));
        }
    }

    /// A cycle is found when and only when following parents from somewhere in the request comes back.
    #[test]
    fn cycles_through_the_store_are_found(edges in edges(), speakers in prop::collection::vec(0..3_u8, NODES)) {
        let policy = policy();
        let (store, request) = hierarchy(&policy, &edges, &speakers);
        let (Some(store), Some(request)) = (store, request) else { return Ok(()) };
        let world = World { policy: &policy, store: &store, request: &request, now: None, granted: &[] };
        let has_cycle = pairs().any(|(uid, _)| {
            world.parents(&uid).unwrap_or_default().iter().any(|parent| reaches(&world, parent, &uid))
        });
        prop_assert_eq!(world.check().is_err(), has_cycle);
    }
}

#[test]
fn a_request_belongs_to_its_policy() {
    let (policy, request, store) = (policy(), bind(json!({})), Store::empty());
    let mut other = policy.clone();
    other.derived.digest = [8; 32];
    let world = |policy| World { policy, store: &store, request: &request, now: None, granted: &[] }.check();
    assert_eq!(world(&policy), Ok(()));
    assert_eq!(world(&other).unwrap_err().code(), "R0118");
}

const NODES: usize = 7;

fn edges() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..NODES, 0..NODES), 0..10)
}

fn node(number: usize) -> EntityUid {
    uid(GROUP, &number.to_string())
}

fn pairs() -> impl Iterator<Item = (EntityUid, EntityUid)> {
    (0..NODES).flat_map(|inner| (0..NODES).map(move |outer| (node(inner), node(outer))))
}

/// Groups with these parents, each described by the store (0), the request (1) or nobody (2); `None` for what is refused.
fn hierarchy(policy: &Policy, edges: &[(usize, usize)], speakers: &[u8]) -> (Option<Store>, Option<Request>) {
    let described_by = |speaker: u8| -> Vec<Json> {
        let group = |number: usize| {
            let parents = edges.iter().filter(|(from, _)| *from == number);
            let parents: Vec<Json> = parents.map(|(_, to)| json!({ "type": "Group", "id": to.to_string() })).collect();
            json!({ "type": "Group", "id": number.to_string(), "parents": parents })
        };
        (0..NODES).filter(|number| speakers[*number] == speaker).map(group).collect()
    };
    let store = Store::from_json(policy, Json::from(described_by(0)).to_string().as_bytes()).ok();
    (store, try_bind(&reading(json!({ "entities": described_by(1) }))).ok())
}

fn closure(world: &World, from: &EntityUid) -> BTreeSet<EntityUid> {
    let mut reached = BTreeSet::from([from.clone()]);
    loop {
        let parents = reached.iter().flat_map(|uid| world.parents(uid).unwrap_or_default()).cloned();
        let next: BTreeSet<_> = reached.iter().cloned().chain(parents).collect();
        if next == reached {
            return reached;
        }
        reached = next;
    }
}

fn reaches(world: &World, from: &EntityUid, to: &EntityUid) -> bool {
    closure(world, from).contains(to)
}

fn naive_within(world: &World, inner: &EntityUid, outer: &EntityUid) -> Truth {
    let reached = closure(world, inner);
    if reached.contains(outer) {
        Truth::True
    } else if reached.iter().any(|uid| world.parents(uid).is_none()) {
        Truth::Unknown
    } else {
        Truth::False
    }
}
