//! What is known at an instant, what lies above what, and what that rests on.

use std::collections::BTreeSet;

use zt_eval::decision::Fact;
use zt_eval::facts::{Reading, World};
use zt_eval::id::EntityTypeId;
use zt_eval::value::{Datum, EntityUid, Timestamp};
use zt_eval::{Policy, Request, Store, Truth};

use super::machine::{brief, datum_at, place_uid, same, uid_at};
use crate::runtime::declared::has_type;
use crate::runtime::env::{fill, ld8, ld32, ld64, st8, st32, st64};
use crate::runtime::facts::{attribute_value, context_value, facts_reset, resource_attribute, subject_attribute};
use crate::runtime::hierarchy::{anchors_of, within};
use crate::runtime::layout::*;
use crate::runtime::memory::{alloc, put_cell};
use crate::runtime::walk::KEYS;

/// A request that is bound in this thread's memory.
pub struct Asked<'a> {
    pub policy: &'a Policy,
    pub store: &'a Store,
    pub request: &'a Request,
    pub now: Option<Timestamp>,
}

/// Everything that can be asked about: the entities of the request, of the store, and one that nobody knows.
fn entities(asked: &Asked<'_>) -> BTreeSet<EntityUid> {
    let mut all: BTreeSet<EntityUid> = asked.request.entities().iter().map(|entity| entity.uid().clone()).collect();
    all.extend([asked.request.subject().clone(), asked.request.resource().clone()]);
    all.extend(asked.store.entities().map(|stored| stored.uid().clone()));
    all.extend(asked.store.entities().flat_map(|stored| stored.parents().to_vec()));
    all.extend(asked.policy.anchors());
    let types = 0..asked.policy.schema().entities.len();
    all.extend(types.map(|ty| EntityUid { ty: EntityTypeId::new(ty), id: "nobody".into() }));
    all
}

/// Compares all readings of all evidence, with and without notes.
pub fn facts_alike(asked: &Asked<'_>) -> Result<(), String> {
    let granted_none = vec![false; asked.request.context().len()];
    let granted_all = vec![true; asked.request.context().len()];
    let world =
        World { policy: asked.policy, store: asked.store, request: asked.request, now: asked.now, granted: &[] };
    st32(HAS_NOW, asked.now.is_some().into());
    st64(NOW, asked.now.map_or(0, Timestamp::millis));
    for granted in [&[][..], &granted_none, &granted_all] {
        st32(GRANTED, grant(granted));
        contexts(World { granted, ..world })?;
    }
    st32(GRANTED, NOWHERE);
    let all: Vec<EntityUid> = entities(asked).into_iter().collect();
    let cells: Vec<i32> = all.iter().map(place_uid).collect();
    for (uid, cell) in all.iter().zip(&cells) {
        attributes(world, uid, *cell)?;
        anchors(world, uid, *cell)?;
        for (outer, outer_cell) in all.iter().zip(&cells) {
            let told = |what: String| format!("{uid:?} in {outer:?}: {what}");
            one_within(world, (uid, *cell), (outer, *outer_cell)).map_err(told)?;
        }
    }
    sets(world, &all, &cells)
}

fn grant(granted: &[bool]) -> i32 {
    if granted.is_empty() {
        return NOWHERE;
    }
    let at = alloc(granted.len() as i32);
    (0..).zip(granted).for_each(|(position, is_granted)| st8(at + position, (*is_granted).into()));
    at
}

/// What a routine gives in either mode, with the facts and the flip that it noted.
fn noted<T: PartialEq + std::fmt::Debug>(routine: impl Fn() -> T) -> Result<(T, BTreeSet<Fact>, Option<i64>), String> {
    facts_reset();
    st32(FULL, 0);
    let silent = routine();
    same("facts that nobody wants", &(ld32(FACTS + 4), ld32(HAS_FLIP)), &(0, 0))?;
    st32(FULL, 1);
    let told = routine();
    same("the same with notes", &told, &silent)?;
    // Again: nothing new is noted.
    let count = ld32(FACTS + 4);
    routine();
    same("facts, noted twice", &ld32(FACTS + 4), &count)?;
    let facts: BTreeSet<Fact> = (0..count).map(|at| fact_at(ld32(ld32(FACTS) + at * 4))).collect();
    same("distinct facts", &facts.len(), &(count as usize))?;
    Ok((told, facts, (ld32(HAS_FLIP) != 0).then(|| ld64(FLIP))))
}

fn fact_at(at: i32) -> Fact {
    let (index, uid) = (ld32(at + 4) as u32, ld32(at + 8));
    match ld32(at) {
        FACT_CONTEXT => Fact::Context(index),
        FACT_ATTRIBUTE => Fact::Attribute(uid_at(uid), index),
        FACT_PARENTS => Fact::Parents(uid_at(uid)),
        FACT_NOW => Fact::Now,
        kind => panic!("no fact: {kind}"),
    }
}

/// What reading an attribute notes.
fn facts_of(reading: &Reading<'_>, at: u32, fact: impl Fn(u32) -> Fact) -> BTreeSet<Fact> {
    let now = reading.used_now.then_some(Fact::Now);
    reading.clocks().chain([at]).map(fact).chain(now).collect()
}

fn contexts(world: World<'_>) -> Result<(), String> {
    for at in 0..world.request.context().len() as u32 {
        let reading = world.context(at);
        let found = noted(|| datum_at(context_value(at as i32)))?;
        let flip = reading.until.map(Timestamp::millis);
        let expected = (brief(&[reading.datum.to_datum()]).remove(0), facts_of(&reading, at, Fact::Context), flip);
        same(&format!("context {at}"), &found, &expected)?;
    }
    Ok(())
}

fn attributes(world: World<'_>, uid: &EntityUid, cell: i32) -> Result<(), String> {
    let ty = uid.ty.index() as i32;
    let declared = world.policy.schema().entity(uid.ty).map_or(0, |entity| entity.attributes.len());
    for at in 0..declared as u32 {
        let reading = world.attribute(uid, at);
        let facts = facts_of(&reading, at, |at| Fact::Attribute(uid.clone(), at));
        let expected = (brief(&[reading.datum.to_datum()]).remove(0), facts, reading.until.map(Timestamp::millis));
        let what = format!("{uid:?} {at}");
        same(&what, &noted(|| datum_at(attribute_value(cell, ty, at as i32)))?, &expected)?;
        if uid == world.request.subject() {
            same(&what, &noted(|| datum_at(subject_attribute(ty, at as i32)))?, &expected)?;
        }
        if uid == world.request.resource() {
            same(&what, &noted(|| datum_at(resource_attribute(ty, at as i32)))?, &expected)?;
        }
    }
    let nothing = (Datum::Unknown, BTreeSet::new(), None);
    same("of another type", &noted(|| datum_at(attribute_value(cell, ty + 1, 0)))?, &nothing)?;
    same("of what is unknown", &noted(|| datum_at(attribute_value(CELL_UNKNOWN, ty, 0)))?, &nothing)?;
    let absent = (Datum::Absent, BTreeSet::new(), None);
    same("of what is absent", &noted(|| datum_at(attribute_value(CELL_ABSENT, ty, 0)))?, &absent)
}

fn note(facts: &mut BTreeSet<Fact>, parents: &EntityUid) {
    facts.insert(Fact::Parents(parents.clone()));
}

fn truth_of(truth: i32) -> Truth {
    match truth {
        FALSE => Truth::False,
        TRUE => Truth::True,
        UNKNOWN => Truth::Unknown,
        other => panic!("no truth: {other}"),
    }
}

fn one_within(world: World<'_>, inner: (&EntityUid, i32), outer: (&EntityUid, i32)) -> Result<(), String> {
    let mut facts = BTreeSet::new();
    let truth = world.within(inner.0, outer.0, &mut |uid| note(&mut facts, uid));
    same("within", &noted(|| truth_of(within(inner.1, outer.1)))?, &(truth, facts, None))
}

/// Hierarchy tests against many at once, and against what is no entity.
fn sets(world: World<'_>, all: &[EntityUid], cells: &[i32]) -> Result<(), String> {
    let elements = alloc(all.len() as i32 * CELL);
    let outer = alloc(CELL);
    for (inner, cell) in all.iter().zip(cells) {
        for (first, tag) in [(0, T_SET), (all.len() / 2, T_LIST), (all.len(), T_SET)] {
            let chosen: Vec<EntityUid> = all[first..].iter().filter(|uid| *uid != inner).cloned().collect();
            for (at, uid) in (0..).zip(&chosen) {
                crate::runtime::env::copy(elements + at * CELL, place_uid(uid), CELL);
            }
            put_cell(outer, tag, chosen.len() as i32, elements.into());
            let (mut truth, mut facts) = (Truth::False, BTreeSet::new());
            for uid in &chosen {
                let consulted = &mut |uid: &EntityUid| note(&mut facts, uid);
                truth = truth.or(world.within(inner, uid, consulted));
                if truth == Truth::True {
                    break;
                }
            }
            same("within any", &noted(|| truth_of(within(*cell, outer)))?, &(truth, facts, None))?;
        }
        for other in [CELL_UNKNOWN, CELL_ABSENT, CELL_TRUE] {
            same("within nothing", &truth_of(within(*cell, other)), &Truth::Unknown)?;
            same("nothing within", &truth_of(within(other, *cell)), &Truth::Unknown)?;
        }
    }
    Ok(())
}

/// The anchors that an entity is or lies below.
fn anchors(world: World<'_>, uid: &EntityUid, cell: i32) -> Result<(), String> {
    let anchors = world.policy.anchors();
    let types = world.policy.schema().entities.len();
    let leads_on =
        |from: usize| anchors.iter().any(|anchor| world.policy.parents_lead_to(EntityTypeId::new(from), anchor.ty));
    let leads = alloc(types as i32 / 8 + 1);
    fill(leads, 0, types as i32 / 8 + 1);
    for from in (0..types as i32).filter(|from| leads_on(*from as usize)) {
        st8(leads + from / 8, ld8(leads + from / 8) | 1 << (from % 8));
    }
    let (is_all, facts, _) = noted(|| {
        [0, 4, 8].into_iter().for_each(|at| st32(KEYS + at, 0));
        anchors_of(cell, leads)
    })?;
    let keys: Vec<i32> = (0..ld32(KEYS + 4)).map(|at| ld32(ld32(KEYS) + at * 4)).collect();

    let mut expected: BTreeSet<i32> = BTreeSet::new();
    let (mut is_known, mut consulted) = (true, BTreeSet::new());
    for (number, anchor) in (0..).zip(&anchors) {
        match world.within(uid, anchor, &mut |uid| note(&mut consulted, uid)) {
            Truth::True => {
                expected.insert(number);
            }
            Truth::Unknown => is_known = false,
            Truth::False => {}
        }
    }
    let what = format!("anchors above {uid:?}");
    same(&what, &keys.iter().copied().collect(), &expected)?;
    same(&what, &keys.len(), &expected.len())?;
    if !is_known || !has_type(leads, uid.ty.index() as i32) {
        same(&what, &is_all, &is_known)?;
    }
    // One way up consults all that ways to each anchor do.
    if !consulted.is_subset(&facts) {
        return Err(format!("{what}: {facts:?} instead of {consulted:?}"));
    }
    // Keys come in the order in which the evaluator finds them.
    let above = world.store.get(uid).filter(|stored| world.store.open(stored).next().is_none());
    let number = |uid: &EntityUid| anchors.iter().position(|anchor| anchor == uid).map(|at| at as i32);
    let in_order: Vec<i32> = match above {
        Some(stored) => number(uid).into_iter().chain(world.store.ancestors(stored).filter_map(number)).collect(),
        None => number(uid).into_iter().chain(expected.iter().copied().filter(|at| Some(*at) != number(uid))).collect(),
    };
    same(&what, &keys, &in_order)
}
