//! A memory with all of a policy's tables, and its nodes, which are computed here as generated code does.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value as Json;
use zt_eval::codegen::Keeping;
use zt_eval::decision::Mode;
use zt_eval::eval::{self, Scratch};
use zt_eval::graph::{CompareOp, Node, NowOp, Quantifier};
use zt_eval::id::NodeId;
use zt_eval::value::{Arith, Datum, SetOp, Timestamp};
use zt_eval::zone::{time_in, weekday_in};
use zt_eval::{Decision, Policy, Request, Store};

use super::super::bind::machine::datum_at;
use crate::runtime::agree::agreement;
use crate::runtime::arithmetic::{arith, negate};
use crate::runtime::collection::*;
use crate::runtime::decide::{decide_json, truth_and, truth_or};
use crate::runtime::env::{
    allow_pages, fill, grow, ld8, ld32, ld64, pages, read, reset, set_nodes, st8, st32, st64, write,
};
use crate::runtime::facts::{attribute_value, context_value, flips_at, note_now};
use crate::runtime::hierarchy::within;
use crate::runtime::layout::*;
use crate::runtime::memo::*;
use crate::runtime::memory::{alloc, cell, span};
use crate::runtime::order::{values_equal, values_less};
use crate::tables::data::Data;
use crate::tables::nodes::Numbers;
use crate::tables::rules::{Plan, Zeroed};
use crate::tables::{rules, schema, store};

/// Where tables begin: behind the header.
const TABLES: u32 = 2048;

/// A policy in this thread's memory.
pub struct Module {
    /// Behind its tables.
    end: i32,
    /// What `tag_used` tells apart and is in its tables.
    pub tags: BTreeSet<i32>,
}

impl Module {
    pub fn new(policy: &Policy, entities: &Store) -> Self {
        reset();
        let plan = Plan::of(policy).unwrap();
        let mut data = Data::new(TABLES);
        let zeroed = Zeroed::reserve(&mut data, policy, &plan);
        let mut schema = schema::write(&mut data, policy);
        let rules = rules::write(&mut data, policy, &plan, &zeroed, &mut schema);
        let store = store::write(&mut data, policy, entities).unwrap();
        let consts: Vec<i32> = policy.consts().iter().map(|value| data.cell(value) as i32).collect();
        let params = policy.schema().params.iter();
        let params: Vec<i32> = params
            .map(|param| match &param.value {
                Some(value) => data.cell(value) as i32,
                None if param.ty.is_optional() => CELL_ABSENT,
                None => CELL_UNKNOWN,
            })
            .collect();
        data.align(8);
        assert!(data.fits());
        let end = data.end() as i32;
        grow_to(end);
        write(data.base() as i32, &data.into_bytes());
        for (cell, value) in schema.header.into_iter().chain(rules.header.iter().copied()).chain(store) {
            st32(cell, value as i32);
        }
        for (cell, tag, a) in
            [(CELL_UNKNOWN, T_UNKNOWN, 0), (CELL_ABSENT, T_ABSENT, 0), (CELL_FALSE, T_BOOL, 0), (CELL_TRUE, T_BOOL, 1)]
        {
            st32(cell, tag);
            st32(cell + 4, a);
            st64(cell + 8, 0);
        }
        let numbers = plan.numbers;
        let nodes = Rc::new(Nodes { policy: policy.clone(), numbers, consts, params });
        let values = Rc::clone(&nodes);
        set_nodes(
            Box::new(move |node| nodes.truth(nodes.id(node))),
            Box::new(move |node| values.value(values.id(node))),
        );
        Self { end, tags: rules.tags }
    }

    /// The decision on a request, as text.
    pub fn decide(&self, text: &[u8], now: Option<Timestamp>, mode: Mode) -> String {
        let arena = (self.end + text.len() as i32 + 7) & -8;
        grow_to(arena + (1 << 16));
        self.decide_with(arena, text, now, mode)
    }

    /// The same with no more memory than there is, of which the arena has so much only.
    pub fn decide_within(&self, text: &[u8], now: Option<Timestamp>, mode: Mode, arena: i32) -> String {
        allow_pages(pages() as usize);
        self.decide_with((pages() << 16) - arena, text, now, mode)
    }

    fn decide_with(&self, arena: i32, text: &[u8], now: Option<Timestamp>, mode: Mode) -> String {
        let at = arena - text.len() as i32;
        write(at, text);
        st32(H_ARENA, arena);
        st32(HAS_NOW, now.is_some().into());
        st64(NOW, now.map_or(0, Timestamp::millis));
        decide_json(at, text.len() as i32, mode == Mode::Full);
        String::from_utf8(read(ld32(OUT), ld32(OUT + 4))).unwrap()
    }
}

/// What `zt-eval` decides, as text; without why a request is invalid.
pub fn expected(policy: &Policy, store: &Store, text: &[u8], now: Option<Timestamp>, mode: Mode) -> String {
    let decision = match Request::from_json(policy, text) {
        Ok(request) => eval::decide(policy, store, &request, now, mode, &mut Scratch::new()),
        Err(error) => Decision::invalid(error),
    };
    let mut json = decision.to_json(policy);
    if let Json::Object(members) = &mut json {
        members.remove("error");
    }
    serde_json::to_string(&json).unwrap()
}

fn grow_to(end: i32) {
    let missing = (end + 65535) / 65536 - pages();
    if missing > 0 {
        assert!(grow(missing) >= 0);
    }
}

/// What is generated with a policy.
struct Nodes {
    policy: Policy,
    numbers: Numbers,
    consts: Vec<i32>,
    params: Vec<i32>,
}

impl Nodes {
    /// The node with a number, of which 0 is nobody's.
    fn id(&self, number: i32) -> NodeId {
        self.numbers.nodes()[number as usize - 1]
    }

    fn slot(&self, id: NodeId) -> Option<(i32, i32)> {
        match self.policy.keeping(id) {
            Keeping::At(place) => Some((ld32(H_KEPT) + place as i32 * KEPT, self.policy.level(id).into())),
            _ => None,
        }
    }

    fn truth(&self, id: NodeId) -> i32 {
        let node = &self.policy.nodes()[id.index()];
        if !node.is_condition() {
            return cell_truth(self.value(id));
        }
        let slot = self.slot(id);
        if let Some((slot, level)) = slot
            && memo_has(slot, level)
        {
            return ld32(slot + 4);
        }
        let truth = self.truth_of(node);
        if let Some((slot, level)) = slot {
            memo_keep(slot, level, truth);
        }
        truth
    }

    fn value(&self, id: NodeId) -> i32 {
        let node = &self.policy.nodes()[id.index()];
        if node.is_condition() {
            return truth_cell(self.truth(id));
        }
        let slot = self.slot(id);
        if let Some((slot, level)) = slot
            && memo_has(slot, level)
        {
            return ld32(slot + 4);
        }
        let value = self.value_of(node);
        if let Some((slot, level)) = slot {
            memo_keep(slot, level, value);
        }
        value
    }

    fn truth_of(&self, node: &Node) -> i32 {
        let both = |test: fn(i32, i32) -> i32, a: &NodeId, b: &NodeId| {
            let (a, b) = (self.value(*a), self.value(*b));
            test(a, b)
        };
        match node {
            Node::And(all) => self.fold(all, FALSE, truth_and, TRUE),
            Node::Or(all) => self.fold(all, TRUE, truth_or, FALSE),
            Node::Not(of) => match self.truth(*of) {
                UNKNOWN => UNKNOWN,
                known => 1 - known,
            },
            Node::Compare(CompareOp::Equal, a, b) => both(values_equal, a, b),
            Node::Compare(CompareOp::Less, a, b) => both(|a, b| values_less(a, b, false), a, b),
            Node::Compare(CompareOp::LessOrEqual, a, b) => both(|a, b| values_less(a, b, true), a, b),
            Node::Within(a, b) => both(within, a, b),
            Node::Contains(a, b) => both(contains, a, b),
            Node::ContainsAny(a, b) => both(contains_any, a, b),
            Node::ContainsAll(a, b) => both(contains_all, a, b),
            Node::StartsWith(a, b) => both(starts_with, a, b),
            Node::EndsWith(a, b) => both(ends_with, a, b),
            Node::Is(of, types) => {
                let len = self.policy.schema().entities.len() as i32 / 8 + 1;
                let at = alloc(len);
                fill(at, 0, len);
                for ty in types.iter().map(|ty| ty.index() as i32) {
                    st8(at + ty / 8, ld8(at + ty / 8) | 1 << (ty % 8));
                }
                entity_is(self.value(*of), at)
            }
            Node::IsPresent(of) => is_present(self.value(*of)),
            Node::IsEmpty(of) => is_empty(self.value(*of)),
            Node::Matches(of, pattern) => match datum_at(self.value(*of)) {
                Datum::Value(value) => truth(self.policy.pattern(*pattern).unwrap().matches(&value)),
                _ => UNKNOWN,
            },
            Node::Now(op, time) => self.now(*op, self.value(*time)),
            Node::Weekday(zone, days) => {
                let zone = self.policy.zone(*zone).unwrap();
                calendar(|now| weekday_in(zone, now, days.0))
            }
            Node::TimeOfDay(zone, ranges) => {
                let zone = self.policy.zone(*zone).unwrap();
                calendar(|now| time_in(zone, now, ranges))
            }
            Node::Quantified { quantifier, over, level, body } => {
                let is_all = *quantifier == Quantifier::All;
                let (settling, otherwise) = if is_all { (FALSE, TRUE) } else { (TRUE, FALSE) };
                let mut found = otherwise;
                let known = self.each(*over, (*level).into(), |this| {
                    let truth = this.truth(*body);
                    if truth == settling || found == otherwise {
                        found = truth;
                    }
                    truth != settling
                });
                if known { found } else { UNKNOWN }
            }
            _ => panic!("no condition: {node:?}"),
        }
    }

    fn value_of(&self, node: &Node) -> i32 {
        match node {
            Node::Const(id) => self.consts[id.index()],
            Node::Param(id) => self.params[id.index()],
            Node::Subject => SUBJECT,
            Node::Resource => RESOURCE,
            Node::Context(attribute) => context_value(*attribute as i32),
            Node::Attribute { of, ty, attribute } => {
                attribute_value(self.value(*of), ty.index() as i32, *attribute as i32)
            }
            Node::Field { of, field, .. } => field_of(self.value(*of), *field as i32),
            Node::Element(level) => level_element((*level).into()),
            Node::Key(level) => level_key((*level).into()),
            Node::If { condition, then, otherwise } => match self.truth(*condition) {
                TRUE => self.value(*then),
                FALSE => self.value(*otherwise),
                _ => {
                    let then = self.value(*then);
                    agreement(then, self.value(*otherwise))
                }
            },
            Node::Otherwise(first, second) => {
                let first = self.value(*first);
                if ld32(first) == T_ABSENT { self.value(*second) } else { first }
            }
            Node::Quantified { over, level, body, .. } => {
                let (mut held, mut unknown) = (0, false);
                let known = self.each(*over, (*level).into(), |this| {
                    match this.truth(*body) {
                        TRUE => held += 1,
                        UNKNOWN => unknown = true,
                        _ => {}
                    }
                    !unknown
                });
                if known && !unknown { cell(T_INT, 0, held) } else { CELL_UNKNOWN }
            }
            Node::Capture { of, pattern, index } => {
                let captured = match datum_at(self.value(*of)) {
                    Datum::Value(value) => self.policy.pattern(*pattern).unwrap().capture(&value, *index as usize),
                    _ => None,
                };
                captured.map_or(CELL_UNKNOWN, |text| {
                    let at = alloc(text.len() as i32);
                    write(at, text.as_bytes());
                    cell(T_STRING, 0, span(at, text.len() as i32))
                })
            }
            Node::Arith(op, a, b) => {
                let op = match op {
                    Arith::Add => 0,
                    Arith::Sub => 1,
                    Arith::Mul => 2,
                };
                let a = self.value(*a);
                arith(op, a, self.value(*b))
            }
            Node::Negate(of) => negate(self.value(*of)),
            Node::Lower(of) => lower(self.value(*of)),
            Node::Size(of) => size_of(self.value(*of)),
            Node::SetOperation(op, a, b) => {
                let op = match op {
                    SetOp::Union => 0,
                    SetOp::Intersection => 1,
                    SetOp::Difference => 2,
                };
                let a = self.value(*a);
                set_operation(op, a, self.value(*b))
            }
            Node::Index(map, key) => {
                let map = self.value(*map);
                map_index(map, self.value(*key))
            }
            Node::Set(all) => self.cells(all).map_or(CELL_UNKNOWN, |at| set_of(at, all.len() as i32)),
            Node::List(all) => self.cells(all).map_or(CELL_UNKNOWN, |at| list_of(at, all.len() as i32)),
            _ => panic!("no value: {node:?}"),
        }
    }

    fn fold(&self, all: &[NodeId], end: i32, join: fn(i32, i32) -> i32, from: i32) -> i32 {
        let mut truth = from;
        for node in all {
            truth = join(truth, self.truth(*node));
            if truth == end {
                break;
            }
        }
        truth
    }

    /// Goes through a collection until told to stop; whether it is one.
    fn each(&self, over: NodeId, level: i32, mut visit: impl FnMut(&Self) -> bool) -> bool {
        let collection = self.value(over);
        let count = level_count(collection);
        if count < 0 {
            return false;
        }
        level_open(level, collection, self.numbers.get(over) as i32);
        for index in 0..count {
            level_go(level, index);
            if !visit(self) {
                break;
            }
        }
        level_close(level);
        true
    }

    /// The cells of elements that are all values; as `zt-eval`, none is computed behind the first that is not.
    fn cells(&self, all: &[NodeId]) -> Option<i32> {
        let cells: Option<Vec<i32>> =
            all.iter().map(|node| Some(self.value(*node)).filter(|cell| ld32(*cell) > T_ABSENT)).collect();
        let cells = cells?;
        let at = alloc(cells.len() as i32 * CELL);
        for (place, cell) in (at..).step_by(CELL as usize).zip(cells) {
            write(place, &read(cell, CELL));
        }
        Some(at)
    }

    fn now(&self, op: NowOp, time: i32) -> i32 {
        if ld32(time) != T_TIMESTAMP {
            return UNKNOWN;
        }
        note_now();
        if ld32(HAS_NOW) == 0 {
            return UNKNOWN;
        }
        let (now, time) = (ld64(NOW), ld64(time + 8));
        let (holds, flip) = match op {
            NowOp::Before => (now < time, (now < time).then_some(time)),
            NowOp::AtOrBefore => (now <= time, (now <= time).then_some(time + 1)),
            NowOp::At => (now == time, if now < time { Some(time) } else { (now == time).then_some(time + 1) }),
        };
        if let Some(flip) = flip {
            flips_at(flip);
        }
        holds.into()
    }
}

fn truth(known: Option<bool>) -> i32 {
    known.map_or(UNKNOWN, i32::from)
}

fn calendar(test: impl FnOnce(Timestamp) -> (bool, Timestamp)) -> i32 {
    note_now();
    if ld32(HAS_NOW) == 0 {
        return UNKNOWN;
    }
    let (holds, flip) = test(Timestamp::from_millis(ld64(NOW)).unwrap());
    flips_at(flip.millis());
    holds.into()
}
