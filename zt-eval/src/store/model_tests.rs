//! A store after any changes is the store of what is left, by comparison with a plain model and with loading anew.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Lineage, Slot, Store};
use crate::request::fixture::*;
use crate::value::{Datum, EntityUid, Value};

const NODES: u8 = 10;

/// A user's badge, or nothing for groups, and parents.
#[derive(Clone, Debug)]
struct Said {
    badge: i64,
    parents: BTreeSet<u8>,
}

#[derive(Clone, Debug)]
enum Change {
    Upsert(BTreeMap<u8, Said>),
    Remove(Vec<u8>),
}

/// What is said of each entity that is held.
type Model = BTreeMap<u8, Said>;

/// Even ones are groups and may be parents; odd ones are users.
fn node(number: u8) -> EntityUid {
    uid(if number.is_multiple_of(2) { GROUP } else { USER }, &number.to_string())
}

fn document(said: &Model) -> String {
    let name = |number: &u8| if number.is_multiple_of(2) { "Group" } else { "User" };
    let reference = |number: &u8| json!({ "type": name(number), "id": number.to_string() });
    let entity = |(number, said): (&u8, &Said)| {
        let mut entity = reference(number);
        entity["parents"] = said.parents.iter().map(reference).collect();
        if !number.is_multiple_of(2) {
            entity["properties"] = json!({ "badge": said.badge });
        }
        entity
    };
    Json::from(said.iter().map(entity).collect::<Vec<_>>()).to_string()
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    // Mostly upwards, so that most changes close no cycle.
    let parents = prop::collection::btree_set((0..NODES / 2).prop_map(|group| group * 2), 0..3);
    let said = (0..3_i64, parents).prop_map(|(badge, parents)| Said { badge, parents });
    let upward = |(number, mut said): (u8, Said)| {
        if said.badge > 0 {
            said.parents.retain(|parent| *parent > number);
        }
        (number, said)
    };
    let upsert = prop::collection::vec((0..NODES, said).prop_map(upward), 0..4)
        .prop_map(|said| Change::Upsert(said.into_iter().collect()));
    let remove = prop::collection::vec(0..NODES, 0..3).prop_map(Change::Remove);
    prop::collection::vec(prop_oneof![3 => upsert, 1 => remove], 1..12)
}

/// All that is reached in one step or more; of what is not held nothing is known.
fn above(model: &Model, from: u8) -> BTreeSet<u8> {
    let mut reached = BTreeSet::new();
    let mut pending = vec![from];
    while let Some(number) = pending.pop() {
        let parents = model.get(&number).into_iter().flat_map(|said| &said.parents);
        pending.extend(parents.filter(|parent| reached.insert(**parent)));
    }
    reached
}

fn has_cycle(model: &Model) -> bool {
    model.keys().any(|number| above(model, *number).contains(number))
}

fn check(store: &Store, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(store.len(), model.len());
    let named: BTreeSet<u8> = model.values().flat_map(|said| said.parents.iter().copied()).collect();
    prop_assert_eq!(store.has_open(), named.iter().any(|number| !model.contains_key(number)));
    for number in 0..NODES {
        let uid = node(number);
        prop_assert_eq!(store.number(&uid).and_then(|at| store.at(at)), store.get(&uid));
        let is_known = model.contains_key(&number) || named.contains(&number);
        prop_assert_eq!(store.find(&uid).and_then(|at| store.uid(at)), is_known.then_some(&uid));
        let Some(said) = model.get(&number) else {
            prop_assert_eq!(store.get(&uid), None);
            continue;
        };
        check_entity(store, model, number, said)?;
    }
    Ok(())
}

fn check_entity(store: &Store, model: &Model, number: u8, said: &Said) -> Result<(), TestCaseError> {
    let Some(stored) = store.get(&node(number)) else {
        return Err(TestCaseError::fail(format!("{number} is not held")));
    };
    if !number.is_multiple_of(2) {
        prop_assert_eq!(&stored.attributes()[3], &Datum::Value(Value::Int(said.badge)));
    }
    let uids = |numbers: &BTreeSet<u8>| numbers.iter().map(|number| node(*number)).collect::<BTreeSet<_>>();
    prop_assert_eq!(stored.parents().iter().cloned().collect::<BTreeSet<_>>(), uids(&said.parents));
    let above = above(model, number);
    prop_assert_eq!(store.ancestors(stored).cloned().collect::<BTreeSet<_>>(), uids(&above));
    let open: BTreeSet<u8> = above.iter().copied().filter(|number| !model.contains_key(number)).collect();
    prop_assert_eq!(store.open(stored).cloned().collect::<BTreeSet<_>>(), uids(&open));
    for other in 0..NODES {
        prop_assert_eq!(store.has_ancestor(stored, &node(other)), above.contains(&other), "{} in {}", number, other);
    }
    Ok(())
}

/// What is counted is what is there.
fn check_counts(store: &Store) -> Result<(), TestCaseError> {
    let slots: Vec<&Slot> = store.slots.iter().collect();
    prop_assert_eq!(store.held, slots.iter().filter(|slot| slot.stored().is_some()).count());
    prop_assert_eq!(store.open, slots.iter().filter(|slot| matches!(slot, Slot::Open { .. })).count());
    let kins: Vec<_> = store.lineages.iter().filter_map(Lineage::kin).collect();
    prop_assert_eq!(store.entries, kins.iter().map(|kin| kin.numbers.len()).sum::<usize>());
    for (lineage, at) in store.lineages.iter().zip(0..) {
        if let Lineage::Live { kin, uses } = lineage {
            let users = store.entities().filter(|stored| stored.lineage() == at);
            prop_assert_eq!(*uses as usize, users.count());
            prop_assert!(kin.numbers.is_sorted() && kin.open.is_sorted());
            let above: BTreeSet<u32> = kin.above.iter().map(|ancestor| ancestor.number).collect();
            prop_assert!(above.into_iter().eq(kin.numbers.iter().copied()));
        }
    }
    Ok(())
}

/// The derived table that a reader keeps by lineage, brought up to date, is the one made anew.
fn check_since(new: &Store, old: &Store) -> Result<(), TestCaseError> {
    let table = |store: &Store, lineage: u32| -> Vec<Option<EntityUid>> {
        let all = store.ancestors_of(lineage).iter().chain(store.open_of(lineage));
        all.map(|number| store.uid(*number).cloned()).collect()
    };
    let mut tables: Vec<_> = (0..old.lineages() as u32).map(|lineage| table(old, lineage)).collect();
    tables.resize(new.lineages(), Vec::new());
    for lineage in new.lineages_since(old) {
        tables[lineage as usize] = table(new, lineage);
    }
    let anew: Vec<_> = (0..new.lineages() as u32).map(|lineage| table(new, lineage)).collect();
    prop_assert_eq!(tables, anew);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_changed_store_is_the_store_of_what_is_left(changes in changes()) {
        let policy = policy();
        let (mut store, mut model) = (Store::empty(), Model::new());
        for change in changes {
            let mut next = model.clone();
            let changed = match &change {
                Change::Upsert(said) => {
                    next.extend(said.clone());
                    store.upsert_json(&policy, document(said).as_bytes())
                }
                Change::Remove(numbers) => {
                    next.retain(|number, _| !numbers.contains(number));
                    store.remove(&numbers.iter().map(|number| node(*number)).collect::<Vec<_>>())
                }
            };
            match changed {
                Ok(changed) => {
                    prop_assert!(!has_cycle(&next));
                    check_since(&changed, &store)?;
                    check(&store, &model)?;
                    (store, model) = (changed, next);
                }
                Err(error) => {
                    prop_assert_eq!(error.code(), "R0114");
                    prop_assert!(has_cycle(&next), "{}", error);
                }
            }
            check(&store, &model)?;
            check_counts(&store)?;
        }
        check(&Store::from_json(&policy, document(&model).as_bytes()).unwrap(), &model)?;
    }
}
