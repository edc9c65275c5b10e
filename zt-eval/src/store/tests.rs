//! What entity data means and what is wrong with it.

use std::fmt::Write as _;

use serde_json::json;

use super::Store;
use crate::limits::Limits;
use crate::request::StoreError;
use crate::request::fixture::*;
use crate::value::{Datum, Value};

fn load(document: &str) -> Result<Store, StoreError> {
    Store::from_json(&policy(), document.as_bytes())
}

fn groups(edges: &[(&str, &str)]) -> String {
    let group = |(id, parent): &(&str, &str)| json!({ "type": "Group", "id": id, "parents": [{ "type": "Group", "id": parent }] });
    serde_json::Value::from(edges.iter().map(group).collect::<Vec<_>>()).to_string()
}

#[test]
fn missing_is_absent_for_optionals_and_unknown_for_others() {
    let store =
        load(r#"[{"type":"User","id":"ann","properties":{"manager":null,"badge":1}},{"type":"User","id":"bob"}]"#);
    let store = store.unwrap();
    let data = |id: &str| store.get(&uid(USER, id)).unwrap().attributes().to_vec();
    let one = Datum::Value(Value::Int(1));
    assert_eq!(data("ann"), [Datum::Unknown, Datum::Absent, Datum::Absent, one, Datum::Absent]);
    assert_eq!(data("bob")[..2], [Datum::Unknown, Datum::Absent]);
    assert_eq!(store.get(&uid(USER, "bob")).unwrap().parents(), []);
    assert_eq!((store.len(), store.is_empty(), store.revision()), (2, false, 0));
    assert_eq!(store.get(&uid(USER, "eve")), None);
}

#[test]
fn data_that_does_not_fit_is_refused_with_its_place() {
    for (document, code, path, at) in [
        (r#"{"type":1}"#, "R0103", "$", "{"),
        (r#"[1]"#, "R0103", "$[0]", "1"),
        (r#"[{"id":"a"}]"#, "R0102", "$[0]", "{"),
        (r#"[{"type":"User"}]"#, "R0102", "$[0]", "{"),
        (r#"[{"type":"Nope","id":"a"}]"#, "R0105", "$[0].type", "\"Nope\""),
        (r#"[{"type":"User","id":"a","id":"b"}]"#, "R0104", "$[0].id", "\"id\":\"b\""),
        (r#"[{"type":"User","id":"a"},{"type":"User","id":"a"}]"#, "R0111", "$[1]", r#"{"type":"User","id":"a"}]"#),
        (r#"[{"type":"User","id":"a","properties":{"badge":"x"}}]"#, "R0116", "$[0].properties.badge", "\"x\""),
        (r#"[{"type":"User","id":"a","properties":{"badge":null}}]"#, "R0116", "$[0].properties.badge", "null"),
        (
            r#"[{"type":"User","id":"a","properties":{"badge":1,"badge":1}}]"#,
            "R0104",
            "$[0].properties.badge",
            "\"badge\":1}",
        ),
        (r#"[{"type":"Document","id":"a","properties":{"tags":["a",2]}}]"#, "R0116", "$[0].properties.tags[1]", "2]"),
        (
            r#"[{"type":"User","id":"a","parents":[{"type":"User","id":"b"}]}]"#,
            "R0120",
            "$[0].parents[0]",
            r#"{"type":"User","id":"b"}"#,
        ),
        (r#"[{"type":"User","id":"a","parents":{}}]"#, "R0103", "$[0].parents", "{}"),
        (r#"[{"type":"User","id":"a"}"#, "R0101", "$", ""),
        (r#"[] 1"#, "R0101", "$", "1"),
    ] {
        let error = load(document).unwrap_err();
        assert_eq!((error.code(), error.path().as_str()), (code, path), "{document}: {error}");
        assert!(document[error.offset().unwrap()..].starts_with(at), "{document}: {error}");
    }
    let error = load(r#"[{"type":"Service","id":"a","parents":[{"type":"User","id":"b"}]}]"#).unwrap_err();
    assert_eq!(error.kind().to_string(), "entities of this type have no parents");
}

#[test]
fn a_cycle_is_named() {
    let error = load(&groups(&[("x", "a"), ("a", "b"), ("b", "c"), ("c", "a")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"parents form a cycle: Group::"a" → Group::"b" → Group::"c" → Group::"a" at $[1].parents"#
    );
    assert_eq!(load(&groups(&[("a", "a")])).unwrap_err().code(), "R0114");
}

#[test]
fn ancestors_are_all_that_is_reached() {
    let store = load(&groups(&[("a", "b"), ("b", "c"), ("d", "c"), ("c", "outside")])).unwrap();
    let stored = store.get(&uid(GROUP, "a")).unwrap();
    let ids = |uids: Vec<&crate::value::EntityUid>| {
        let mut ids: Vec<String> = uids.into_iter().map(|uid| uid.id.to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(store.ancestors(stored).collect()), ["b", "c", "outside"]);
    assert_eq!(ids(store.open(stored).collect()), ["outside"]);
    assert!(store.has_open() && store.has_ancestor(stored, &uid(GROUP, "outside")));
    assert!(!store.has_ancestor(stored, &uid(GROUP, "d")) && !store.has_ancestor(stored, &uid(GROUP, "a")));
    assert!(store.get(&uid(GROUP, "outside")).is_none());
}

fn chain(length: usize) -> String {
    let mut document = String::from("[");
    for at in 0..length {
        let comma = if at == 0 { "" } else { "," };
        write!(document, r#"{comma}{{"type":"Group","id":"{at}","parents":[{{"type":"Group","id":"{}"}}]}}"#, at + 1)
            .unwrap();
    }
    document + "]"
}

#[test]
fn long_chains_neither_recurse_nor_grow_without_bound() {
    let store = load(&chain(64)).unwrap();
    let first = store.get(&uid(GROUP, "0")).unwrap();
    assert!(store.has_ancestor(first, &uid(GROUP, "64")));
    let error = load(&chain(100_000)).unwrap_err();
    assert_eq!(error.code(), "R0115");
    assert_eq!(error.to_string(), "65 exceeds the limit `hierarchy_depth_max` of 64 at $[99935].parents");

    let limits = Limits { hierarchy_depth_max: u32::MAX, ..Limits::default() };
    let policy = policy_of(schema(), limits);
    let store = Store::from_json(&policy, chain(1024).as_bytes()).unwrap();
    assert_eq!(store.ancestors(store.get(&uid(GROUP, "0")).unwrap()).count(), 1024);
    let error = Store::from_json(&policy, chain(100_000).as_bytes()).unwrap_err();
    assert_eq!(error.kind().to_string(), "1025 exceeds the limit `elements_max` of 1024");
}

#[test]
fn a_chain_that_grows_from_below_is_named_by_what_was_added() {
    let store = load(&chain(64)).unwrap();
    let more = groups(&[("new", "other"), ("64", "above")]);
    let error = store.upsert_json(&policy(), more.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "65 exceeds the limit `hierarchy_depth_max` of 64 at $[1].parents");
    let error = store.upsert_json(&policy(), groups(&[("new", "other"), ("64", "3")]).as_bytes()).unwrap_err();
    assert_eq!((error.code(), error.path().as_str()), ("R0114", "$[1].parents"));
    assert!(error.kind().to_string().starts_with("parents form a cycle: Group::\"64\" → Group::\"3\" → Group::\"4\""));
}

#[test]
fn entities_with_the_same_parents_share_their_ancestors() {
    let users: Vec<_> = (0..1000)
        .map(|id| json!({ "type": "User", "id": id.to_string(), "parents": [{ "type": "Group", "id": "g" }] }))
        .collect();
    let store = load(&serde_json::Value::from(users).to_string()).unwrap();
    let lineages: std::collections::BTreeSet<u32> = store.entities().map(|stored| stored.lineage()).collect();
    assert_eq!((lineages.len(), store.lineages()), (1, 1));
}

#[test]
fn members_come_in_any_order() {
    let usual =
        r#"[{"type":"User","id":"a","properties":{"badge":1,"room":"r"},"parents":[{"type":"Group","id":"g"}]}]"#;
    let other = r#"[{"parents":[{"id":"g","type":"Group"}],"x":[],"properties":{"room":"r","badge":1},"id":"a","type":"User"}]"#;
    let stored = |document: &str| load(document).unwrap().get(&uid(USER, "a")).unwrap().clone();
    assert_eq!(stored(usual), stored(other));
    let error = load(r#"[{"properties":{"badge":"x"},"id":"a","type":"User"}]"#).unwrap_err();
    assert_eq!((error.code(), error.path().as_str(), error.offset()), ("R0116", "$[0].properties.badge", Some(24)));
}

#[test]
fn what_is_added_replaces_and_what_fails_changes_nothing() {
    let policy = policy();
    let old =
        load(r#"[{"type":"User","id":"a","properties":{"badge":1,"room":"r"},"parents":[{"type":"Group","id":"g"}]}]"#)
            .unwrap();
    let new = old.upsert_json(&policy, br#"[{"type":"User","id":"a","properties":{"badge":2}}]"#).unwrap();
    let ann = uid(USER, "a");
    assert_eq!(new.get(&ann).unwrap().attributes()[3..], [Datum::Value(Value::Int(2)), Datum::Absent]);
    assert_eq!((new.get(&ann).unwrap().parents(), new.has_open(), new.len()), (&[][..], false, 1));
    assert_eq!(old.get(&ann).unwrap().attributes()[3], Datum::Value(Value::Int(1)));
    assert_eq!((old.number(&ann), old.has_open()), (new.number(&ann), true));

    let twice = br#"[{"type":"User","id":"a"},{"type":"User","id":"a"}]"#;
    let error = old.upsert_json(&policy, twice).unwrap_err();
    assert_eq!((error.code(), error.path().as_str()), ("R0111", "$[1]"));
    let mut other = schema();
    other.entities[1].attributes.swap(0, 1);
    assert_eq!(old.upsert_json(&policy_of(other, Limits::default()), b"[]").unwrap_err().code(), "R0119");
}

#[test]
fn what_is_removed_is_open_while_it_is_named() {
    let store = load(&groups(&[("a", "b"), ("b", "c")])).unwrap();
    let (a, b, c) = (uid(GROUP, "a"), uid(GROUP, "b"), uid(GROUP, "c"));
    let number = store.number(&b).unwrap();
    let less = store.remove(&[b.clone(), uid(GROUP, "nobody")]).unwrap();
    assert_eq!((less.get(&b), less.number(&b), less.uid(number)), (None, None, Some(&b)));
    let stored = less.get(&a).unwrap();
    assert!(less.has_ancestor(stored, &b) && !less.has_ancestor(stored, &c));
    assert_eq!(less.open(stored).collect::<Vec<_>>(), [&b]);
    let none = less.remove(&[b.clone(), a.clone(), a.clone()]).unwrap();
    assert_eq!((none.len(), none.has_open(), none.uid(number)), (0, false, None));
    let again = none.upsert_json(&policy(), groups(&[("x", "y")]).as_bytes()).unwrap();
    assert!(again.uid(number).is_some(), "numbers that nobody has are given again");
    assert_eq!(again.lineages(), store.lineages());
}

#[test]
fn only_lineages_below_a_change_are_other_ones() {
    let store = load(&groups(&[("a", "b"), ("b", "c"), ("x", "y")])).unwrap();
    let lineage = |store: &Store, id: &str| store.get(&uid(GROUP, id)).unwrap().lineage();
    let since = |new: &Store| new.lineages_since(&store).collect::<Vec<_>>();
    let with_c = store.upsert_json(&policy(), groups(&[("c", "d")]).as_bytes()).unwrap();
    let mut expected = [lineage(&with_c, "a"), lineage(&with_c, "b"), lineage(&with_c, "c")];
    expected.sort();
    assert_eq!(since(&with_c), expected);
    let same = store.upsert_json(&policy(), groups(&[("a", "b"), ("b", "c"), ("z", "y")]).as_bytes()).unwrap();
    assert_eq!(since(&same), Vec::<u32>::new());
    assert_eq!(store.lineages_since(&Store::empty()).count(), store.lineages());
}

#[test]
fn limits_hold() {
    let limits = Limits { store_entities_max: 1, entities_bytes_max: 200, ..Limits::default() };
    let policy = policy_of(schema(), limits);
    let code = |document: &str| Store::from_json(&policy, document.as_bytes()).unwrap_err().kind().to_string();
    assert_eq!(code(&groups(&[("a", "b"), ("b", "c")])), "2 exceeds the limit `store_entities_max` of 1");
    assert_eq!(code(&chain(9)), format!("{} exceeds the limit `entities_bytes_max` of 200", chain(9).len()));
}

#[test]
fn a_store_fits_the_schema_that_it_was_read_against() {
    let store = load("[]").unwrap();
    let mut other = schema();
    assert!(store.fits(&other));
    other.context.pop();
    assert!(store.fits(&other), "the context is no matter of the store's");
    other.entities[1].attributes.swap(0, 1);
    assert!(!store.fits(&other) && Store::empty().fits(&other));
    assert_eq!(store.check_fits(&other).unwrap_err().code(), "R0119");
}

#[test]
fn lists_of_parents_with_the_same_ancestors_share_them() {
    let user = |id: &str, parents: &[&str]| {
        let parents: Vec<_> = parents.iter().map(|id| json!({ "type": "Group", "id": id })).collect();
        json!({ "type": "User", "id": id, "parents": parents })
    };
    let group =
        |id: &str, parent: &str| json!({ "type": "Group", "id": id, "parents": [{ "type": "Group", "id": parent }] });
    let users = [user("a", &["g0"]), user("b", &["g0", "g2"]), user("c", &["g2", "g1", "g0"]), user("d", &["g1"])];
    let all: Vec<_> = [group("g0", "g1"), group("g1", "g2"), group("g2", "g3")].into_iter().chain(users).collect();
    let store = load(&serde_json::Value::from(all).to_string()).unwrap();
    let kin = |id: &str| store.kin(store.get(&uid(USER, id)).unwrap().lineage()).unwrap();
    for id in ["b", "c"] {
        assert!(std::sync::Arc::ptr_eq(&kin("a").numbers, &kin(id).numbers), "{id}");
        assert_eq!((kin(id).depth, &*kin(id).open), (4, &*kin("a").open));
    }
    assert_eq!((kin("a").numbers.len(), kin("d").numbers.len(), kin("d").depth), (4, 3, 3));
    assert!(store.has_ancestor(store.get(&uid(USER, "c")).unwrap(), &uid(GROUP, "g3")));
    assert!(!store.has_ancestor(store.get(&uid(USER, "d")).unwrap(), &uid(GROUP, "g0")));
}
