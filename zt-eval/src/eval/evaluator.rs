//! Nodes to data.
//!
//! Every node is computed at most once for a request (inside a quantifier, once for each element), and every fact and
//! instant on which its datum rests is noted when it is read. Recursion is bounded by the policy's `node_depth_max`.
//! Evaluation is total on every validated graph, also where types are mixed up: what has no meaning is unknown.

use super::apply::apply;
use super::scratch::{Binding, Scratch};
use crate::Truth;
use crate::decision::Fact;
use crate::facts::{Reading, World};
use crate::graph::{Node, NowOp, Quantifier, Weekdays};
use crate::id::{NodeId, ParamId, ZoneId};
use crate::value::{Datum, EntityUid, Text, Timestamp, Value, agreement};
use crate::zone::{self, Zone};

pub(super) struct Evaluator<'a, 's> {
    pub world: World<'a>,
    pub scratch: &'s mut Scratch,
    /// Whether facts and flips are wanted.
    pub notes: bool,
}

impl<'a> Evaluator<'a, '_> {
    pub fn truth(&mut self, node: NodeId) -> Truth {
        truth_of(&self.datum(node))
    }

    pub fn datum(&mut self, id: NodeId) -> Datum {
        let Some(node) = self.world.policy.nodes.get(id.index()) else {
            return Datum::Unknown;
        };
        let level = self.level(id);
        if let Some(known) = self.scratch.recall(id, level) {
            return known.clone();
        }
        // The stamp of this node's level is the same afterwards: quantifiers inside it bind deeper levels only.
        let datum = self.compute(node);
        self.scratch.remember(id, level, datum.clone());
        datum
    }

    pub fn level(&self, id: NodeId) -> u8 {
        self.world.policy.derived.levels.get(id.index()).copied().unwrap_or(0)
    }

    fn compute(&mut self, node: &'a Node) -> Datum {
        #[cfg(test)]
        {
            self.scratch.computed += 1;
        }
        match node {
            Node::Const(id) => self.world.policy.consts.get(id.index()).cloned().into(),
            Node::Param(id) => self.param(*id),
            Node::Subject => Datum::Value(Value::Entity(self.world.request.subject().clone())),
            Node::Resource => Datum::Value(Value::Entity(self.world.request.resource().clone())),
            Node::Context(attribute) => self.context(*attribute),
            Node::Attribute { of, ty, attribute } => match self.datum(*of) {
                Datum::Value(Value::Entity(uid)) if uid.ty == *ty => self.attribute(uid, *attribute),
                Datum::Absent => Datum::Absent,
                _ => Datum::Unknown,
            },
            Node::Element(level) => self.scratch.binding(*level).map_or(Datum::Unknown, |at| at.element.clone()),
            Node::Key(level) => self.scratch.binding(*level).and_then(|at| at.key.clone()).map(Value::String).into(),
            Node::And(all) => self.all(all),
            Node::Or(all) => self.any(all),
            Node::If { condition, then, otherwise } => self.choose(*condition, *then, *otherwise),
            Node::Otherwise(first, second) => match self.datum(*first) {
                Datum::Absent => self.datum(*second),
                known => known,
            },
            Node::Within(inner, outer) => self.within(*inner, *outer),
            Node::Now(op, time) => self.compare_now(*op, *time),
            Node::Weekday(zone, days) => self.weekday(*zone, *days),
            Node::TimeOfDay(zone, ranges) => self.time_of_day(*zone, ranges),
            Node::Quantified { quantifier, over, level, body } => self.quantified(*quantifier, *over, *level, *body),
            operator => {
                let patterns = &self.world.policy.patterns;
                apply(operator, patterns, |operand| self.datum(operand)).unwrap_or(Datum::Unknown)
            }
        }
    }

    fn param(&self, id: ParamId) -> Datum {
        match self.world.policy.schema.param(id) {
            Some(param) if param.value.is_none() && param.ty.is_optional() => Datum::Absent,
            Some(param) => param.value.clone().into(),
            None => Datum::Unknown,
        }
    }

    fn context(&mut self, attribute: u32) -> Datum {
        let reading = self.world.context(attribute);
        self.note_reading(&reading, attribute, Fact::Context);
        reading.datum.to_datum()
    }

    fn attribute(&mut self, uid: EntityUid, attribute: u32) -> Datum {
        let reading = self.world.attribute(&uid, attribute);
        self.note_reading(&reading, attribute, |at| Fact::Attribute(uid.clone(), at));
        reading.datum.to_datum()
    }

    fn note_reading(&mut self, reading: &Reading<'_>, attribute: u32, fact: impl Fn(u32) -> Fact) {
        if !self.notes {
            return;
        }
        self.scratch.note(fact(attribute));
        reading.clocks().for_each(|clock| self.scratch.note(fact(clock)));
        if reading.used_now {
            self.scratch.note(Fact::Now);
        }
        self.scratch.flips_at(reading.until);
    }

    /// The instant of the decision, noted as consulted.
    fn now(&mut self) -> Option<Timestamp> {
        if self.notes {
            self.scratch.note(Fact::Now);
        }
        self.world.now
    }

    fn flips_at(&mut self, flip: Option<Timestamp>) {
        if self.notes {
            self.scratch.flips_at(flip);
        }
    }

    fn all(&mut self, nodes: &[NodeId]) -> Datum {
        let mut truth = Truth::True;
        for node in nodes {
            truth = truth.and(self.truth(*node));
            if truth == Truth::False {
                break;
            }
        }
        datum_of(truth)
    }

    fn any(&mut self, nodes: &[NodeId]) -> Datum {
        let mut truth = Truth::False;
        for node in nodes {
            truth = truth.or(self.truth(*node));
            if truth == Truth::True {
                break;
            }
        }
        datum_of(truth)
    }

    fn choose(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) -> Datum {
        match self.truth(condition) {
            Truth::True => self.datum(then),
            Truth::False => self.datum(otherwise),
            Truth::Unknown => {
                let (then, otherwise) = (self.datum(then), self.datum(otherwise));
                agreement(&then, &otherwise)
            }
        }
    }

    fn within(&mut self, inner: NodeId, outer: NodeId) -> Datum {
        let (inner, outer) = (self.datum(inner), self.datum(outer));
        match (inner.value(), outer.value()) {
            (Some(Value::Entity(inner)), Some(outer)) => datum_of(self.within_any(inner, outer)),
            _ => Datum::Unknown,
        }
    }

    fn within_any(&mut self, inner: &EntityUid, outer: &Value) -> Truth {
        let (Value::Set(all) | Value::List(all)) = outer else {
            return self.within_one(inner, outer);
        };
        let mut truth = Truth::False;
        for outer in all.iter() {
            truth = truth.or(self.within_one(inner, outer));
            if truth == Truth::True {
                break;
            }
        }
        truth
    }

    pub fn within_one(&mut self, inner: &EntityUid, outer: &Value) -> Truth {
        let Value::Entity(outer) = outer else {
            return Truth::Unknown;
        };
        let (scratch, notes) = (&mut *self.scratch, self.notes);
        self.world.within(inner, outer, &mut |uid| {
            if notes {
                scratch.note(Fact::Parents(uid.clone()));
            }
        })
    }

    fn compare_now(&mut self, op: NowOp, time: NodeId) -> Datum {
        let Datum::Value(Value::Timestamp(time)) = self.datum(time) else {
            return Datum::Unknown;
        };
        let Some(now) = self.now() else {
            return Datum::Unknown;
        };
        let after = || Timestamp::from_millis(time.millis().checked_add(1)?);
        let (holds, flip) = match op {
            NowOp::Before => (now < time, (now < time).then_some(time)),
            NowOp::AtOrBefore => (now <= time, if now <= time { after() } else { None }),
            NowOp::At if now < time => (false, Some(time)),
            NowOp::At => (now == time, if now == time { after() } else { None }),
        };
        self.flips_at(flip);
        datum_of(holds.into())
    }

    fn weekday(&mut self, id: ZoneId, days: Weekdays) -> Datum {
        self.calendar(id, |zone, now| zone::weekday_in(zone, now, days.0))
    }

    fn time_of_day(&mut self, id: ZoneId, ranges: &[(u32, u32)]) -> Datum {
        self.calendar(id, |zone, now| zone::time_in(zone, now, ranges))
    }

    fn calendar(&mut self, id: ZoneId, test: impl FnOnce(&Zone, Timestamp) -> (bool, Timestamp)) -> Datum {
        let (now, zone) = (self.now(), self.world.policy.zones.get(id.index()));
        let Some((now, zone)) = now.zip(zone) else {
            return Datum::Unknown;
        };
        let (holds, flip) = test(zone, now);
        self.flips_at(Some(flip));
        datum_of(holds.into())
    }

    fn quantified(&mut self, quantifier: Quantifier, over: NodeId, level: u8, body: NodeId) -> Datum {
        let collection = self.datum(over);
        let Some(count) = collection.value().and_then(element_count) else {
            return Datum::Unknown;
        };
        let mut truths = Truths::default();
        for index in 0..count {
            self.bind(over, level, &collection, index);
            truths.add(self.truth(body));
            if truths.settle(quantifier) {
                break;
            }
        }
        truths.result(quantifier)
    }

    /// Puts the quantifier of a level at an element; everything that depends on the level is then to be computed anew.
    pub fn bind(&mut self, over: NodeId, level: u8, collection: &Datum, index: usize) {
        let (key, element) = element_at(collection, index);
        if let Some(binding) = self.scratch.bindings.get_mut(usize::from(level)) {
            *binding = Binding { over, key, element };
        }
        self.scratch.renew(level);
    }
}

/// How often a body was true, false, unknown.
#[derive(Default)]
struct Truths {
    held: i64,
    failed: bool,
    unknown: bool,
}

impl Truths {
    fn add(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.held += 1,
            Truth::False => self.failed = true,
            Truth::Unknown => self.unknown = true,
        }
    }

    /// Whether no further element can change the result.
    fn settle(&self, quantifier: Quantifier) -> bool {
        match quantifier {
            Quantifier::All => self.failed,
            Quantifier::Any => self.held > 0,
            Quantifier::Count => self.unknown,
        }
    }

    fn result(&self, quantifier: Quantifier) -> Datum {
        let settled = self.settle(quantifier);
        match quantifier {
            Quantifier::Count if settled => Datum::Unknown,
            Quantifier::Count => Datum::Value(Value::Int(self.held)),
            Quantifier::All if settled => datum_of(Truth::False),
            Quantifier::Any if settled => datum_of(Truth::True),
            _ if self.unknown => Datum::Unknown,
            Quantifier::All => datum_of(Truth::True),
            Quantifier::Any => datum_of(Truth::False),
        }
    }
}

/// How many elements a quantifier goes through; `None` over what is no collection.
pub(super) fn element_count(collection: &Value) -> Option<usize> {
    match collection {
        Value::Set(all) | Value::List(all) => Some(all.len()),
        Value::Map(entries) => Some(entries.len()),
        _ => None,
    }
}

fn element_at(collection: &Datum, index: usize) -> (Option<Text>, Datum) {
    match collection.value() {
        Some(Value::Set(all) | Value::List(all)) => (None, all.get(index).cloned().into()),
        Some(Value::Map(entries)) => match entries.get(index) {
            Some((key, value)) => (Some(key.clone()), Datum::Value(value.clone())),
            None => (None, Datum::Unknown),
        },
        _ => (None, Datum::Unknown),
    }
}

/// A condition's truth; whatever is not a Boolean value is unknown.
pub(super) fn truth_of(datum: &Datum) -> Truth {
    match datum {
        Datum::Value(Value::Bool(known)) => (*known).into(),
        _ => Truth::Unknown,
    }
}

fn datum_of(truth: Truth) -> Datum {
    match truth {
        Truth::True => Datum::Value(Value::Bool(true)),
        Truth::False => Datum::Value(Value::Bool(false)),
        Truth::Unknown => Datum::Unknown,
    }
}
