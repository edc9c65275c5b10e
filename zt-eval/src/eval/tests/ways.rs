//! Ways up that are kept, against going up anew for each test.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::fixture::*;
use crate::Truth;
use crate::decision::{Decision, Fact, Mode, Reason};
use crate::eval::asked::asked;
use crate::eval::evaluator::Evaluator;
use crate::eval::{Scratch, decide};
use crate::facts::World;
use crate::graph::{Effect, Policy};
use crate::index::Join;
use crate::store::Store;
use crate::value::{EntityUid, Value};

/// The last group is named by no rule.
const GROUPS: usize = 6;

fn group(at: usize) -> EntityUid {
    EntityUid { ty: GROUP, id: format!("g{at}").into() }
}

/// Denies each member of so many groups.
fn denying(groups: usize) -> Policy {
    let mut builder = builder();
    for at in 0..groups {
        let (subject, outer) = (builder.subject(), builder.constant(Value::Entity(group(at))));
        let condition = builder.within(subject, outer);
        builder.add_rule(rule(&format!("r{at}"), Effect::Deny, condition), &[READ]);
    }
    builder.finish().unwrap()
}

/// Who knows an entity, and which groups behind its own place are its parents.
#[derive(Clone, Debug)]
struct Known {
    by: u8,
    parents: Vec<bool>,
}

impl Known {
    fn json(&self, ty: &str, id: &str, from: usize) -> Json {
        let parents = (from..GROUPS).filter(|at| self.parents[*at]);
        let parents: Vec<Json> = parents.map(|at| json!({ "type": "Group", "id": format!("g{at}") })).collect();
        match self.by {
            1 => json!({ "type": ty, "id": id }),
            _ => json!({ "type": ty, "id": id, "parents": parents }),
        }
    }
}

fn known() -> impl Strategy<Value = Known> {
    (0..5_u8, vec(any::<bool>(), GROUPS)).prop_map(|(by, parents)| Known { by, parents })
}

/// What was noted.
fn noted(scratch: &mut Scratch) -> BTreeSet<Fact> {
    let mut facts = Vec::new();
    scratch.give_facts(&mut facts);
    facts.into_iter().collect()
}

proptest! {
    #[test]
    fn they_give_and_note_the_same(ann in known(), groups in vec(known(), GROUPS), order in vec((any::<bool>(), 0..GROUPS), 1..20)) {
        let policy = denying(GROUPS - 1);
        let all: Vec<(u8, Json)> = groups.iter().enumerate()
            .map(|(at, known)| (known.by, known.json("Group", &format!("g{at}"), at + 1)))
            .collect();
        let those = |by: fn(u8) -> bool| all.iter().filter(|(of, _)| by(*of)).map(|(_, json)| json.clone()).collect::<Vec<_>>();
        let (mut stored, mut parts) = (those(|by| by > 2), json!({ "entities": those(|by| by == 1 || by == 2) }));
        match ann.by {
            0 => {}
            1 | 2 => parts["subject"] = ann.json("User", "ann", 0),
            _ => stored.push(ann.json("User", "ann", 0)),
        }
        let store = Store::from_json(&policy, json!(stored).to_string().as_bytes()).unwrap();
        let request = full_request(&policy, parts);
        prop_assert!(request.check_against(policy.schema(), &store).is_ok());

        let world = World { policy: &policy, store: &store, request: &request, now: None, granted: &[] };
        let join = Join::of(&policy.derived.index.anchors, &store);
        let asked = asked(&world, &join);
        let (mut shared, mut of_all) = (Scratch::new(), BTreeSet::new());
        shared.start(&policy, true);
        for (is_group, at) in order {
            let inner = if is_group { group(0) } else { request.subject().clone() };
            let outer = group(at);
            if inner == outer {
                continue;
            }
            let mut facts = BTreeSet::new();
            let truth = world.within(&inner, &outer, &mut |uid| _ = facts.insert(Fact::Parents(uid.clone())));
            let expected = (at + 1 < GROUPS).then_some(truth);
            let mut alone = Scratch::new();
            alone.start(&policy, true);
            let given = Evaluator::new(world, &join, &asked, &mut alone, true).within_by_way(&inner, &outer);
            prop_assert_eq!(given, expected);
            let given = Evaluator::new(world, &join, &asked, &mut shared, true).within_by_way(&inner, &outer);
            prop_assert_eq!(given, expected);
            if expected.is_some() {
                prop_assert_eq!(&noted(&mut alone), &facts);
                of_all.extend(facts);
            }
        }
        prop_assert_eq!(noted(&mut shared), of_all);
    }
}

#[test]
fn one_goes_up_once_for_all_rules() {
    let (rules, parents) = (300, 40);
    let policy = denying(rules);
    // None of them is named by a rule, and nobody says what lies above any.
    let above: Vec<Json> = (0..parents).map(|at| json!({ "type": "Group", "id": format!("p{at}") })).collect();
    let request = full_request(&policy, json!({ "subject": { "type": "User", "id": "ann", "parents": above } }));
    for mode in [Mode::Full, Mode::Effect] {
        let mut scratch = Scratch::new();
        let decision: Decision = decide(&policy, &Store::empty(), &request, None, mode, &mut scratch);
        assert_eq!(decision.effect, Effect::Deny);
        if mode == Mode::Full {
            assert_eq!(decision.reason, Some(Reason::Unknown));
            assert_eq!(decision.rules.len(), rules);
            assert_eq!(decision.depends_on.len(), parents + 1);
        }
        let steps = scratch.computed as usize;
        assert!(steps < 4 * (rules + parents), "{steps}");
    }
}

#[test]
fn ways_are_kept_from_few_entities() {
    let policy = denying(2);
    let request = full_request(&policy, json!({}));
    let (store, join) = (Store::empty(), Join::default());
    let world = World { policy: &policy, store: &store, request: &request, now: None, granted: &[] };
    let asked = asked(&world, &join);
    let mut scratch = Scratch::new();
    scratch.start(&policy, true);
    let mut evaluator = Evaluator::new(world, &join, &asked, &mut scratch, true);
    let kept = (2..100).filter(|at| evaluator.within_by_way(&group(*at), &group(0)).is_some()).count();
    assert_eq!(kept, 8);
    assert_eq!(
        evaluator.within_by_way(request.subject(), &group(0)),
        Some(Truth::Unknown),
        "the subject always has room"
    );
}
