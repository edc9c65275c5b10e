//! What expressions give.
//!
//! Every operand is evaluated, also where the result is settled without it: so everything that could have been consulted
//! is noted.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use zt_eval::Truth;
use zt_eval::decision::{Duty, Fact};
use zt_eval::facts::{Reading, World};
use zt_eval::id::ParamId;
use zt_eval::value::{self, Datum, EntityUid, Text, Timestamp, Value};
use zt_eval::zone;

use crate::hir::{self, Comparison, Expr, ExprKind, FunctionId, LocalId, Quantifier};

pub(super) struct Interpreter<'a> {
    pub policy: &'a hir::Policy,
    pub world: World<'a>,
    /// What locals hold now. A local is read only inside what binds it, and nothing recurs, so that none hides another.
    locals: HashMap<LocalId, Datum>,
    pub notes: Notes,
}

/// What was consulted.
#[derive(Default)]
pub(super) struct Notes {
    /// Everything.
    pub facts: BTreeSet<Fact>,
    /// What of it was not known, or not wholly.
    pub unknown: BTreeSet<Fact>,
    /// The earliest later instant at which any of it is another.
    pub flip: Option<Timestamp>,
}

impl Notes {
    /// Adds what another run consulted; what was unknown there is not of interest here.
    pub fn merge(&mut self, other: Self) {
        self.facts.extend(other.facts);
        self.flips_at(other.flip);
    }

    fn flips_at(&mut self, flip: Option<Timestamp>) {
        self.flip = self.flip.into_iter().chain(flip).min();
    }
}

impl<'a> Interpreter<'a> {
    pub fn new(policy: &'a hir::Policy, world: World<'a>) -> Self {
        Self { policy, world, locals: HashMap::new(), notes: Notes::default() }
    }

    /// The arguments of obligations; `None` when one is not a value, or not wholly known.
    pub fn duties(&mut self, duties: &[hir::Duty]) -> Option<Vec<Duty>> {
        let all: Vec<Option<Duty>> = duties.iter().map(|duty| self.duty(duty)).collect();
        all.into_iter().collect()
    }

    fn duty(&mut self, duty: &hir::Duty) -> Option<Duty> {
        let args = self.values(&duty.args)?;
        args.iter().all(Value::is_wholly_known).then_some(Duty { obligation: duty.obligation, args })
    }

    /// Whether all conditions hold.
    pub fn all(&mut self, conditions: &[Expr]) -> Truth {
        self.truths(conditions).into_iter().fold(Truth::True, Truth::and)
    }

    fn truths(&mut self, conditions: &[Expr]) -> Vec<Truth> {
        conditions.iter().map(|condition| self.truth(condition)).collect()
    }

    /// A condition that is no Boolean value is unknown.
    fn truth(&mut self, condition: &Expr) -> Truth {
        match self.datum(condition) {
            Datum::Value(Value::Bool(known)) => known.into(),
            _ => Truth::Unknown,
        }
    }

    fn data(&mut self, exprs: &[Expr]) -> Vec<Datum> {
        exprs.iter().map(|expr| self.datum(expr)).collect()
    }

    /// The values of all; `None` when one is not a value.
    fn values(&mut self, exprs: &[Expr]) -> Option<Vec<Value>> {
        self.data(exprs).into_iter().map(Datum::into_value).collect()
    }

    fn datum(&mut self, expr: &Expr) -> Datum {
        match &expr.kind {
            ExprKind::Const(value) => Datum::Value(value.clone()),
            ExprKind::Param(param) => self.param(*param),
            ExprKind::Subject => Datum::Value(Value::Entity(self.world.request.subject().clone())),
            ExprKind::Resource => Datum::Value(Value::Entity(self.world.request.resource().clone())),
            ExprKind::Context(attribute) => self.context(*attribute),
            ExprKind::Attribute { of, ty, attribute } => match self.datum(of) {
                Datum::Value(Value::Entity(uid)) if uid.ty == *ty => self.attribute(&uid, *attribute),
                Datum::Absent => Datum::Absent,
                _ => Datum::Unknown,
            },
            ExprKind::Field { of, field, .. } => match self.datum(of) {
                Datum::Value(Value::Record(fields)) => fields.get(*field as usize).cloned().unwrap_or(Datum::Unknown),
                Datum::Absent => Datum::Absent,
                _ => Datum::Unknown,
            },
            ExprKind::Local(local) => self.locals.get(local).cloned().unwrap_or(Datum::Unknown),
            ExprKind::Call(function, args) => self.call(*function, args),
            ExprKind::And(parts) => datum_of(self.all(parts)),
            ExprKind::Or(parts) => datum_of(self.truths(parts).into_iter().fold(Truth::False, Truth::or)),
            ExprKind::Not(of) => datum_of(self.truth(of).not()),
            ExprKind::If(condition, then, otherwise) => self.choose(condition, then, otherwise),
            ExprKind::Otherwise(first, second) => match (self.datum(first), self.datum(second)) {
                (Datum::Absent, second) => second,
                (first, _) => first,
            },
            ExprKind::IsPresent(of) => match self.datum(of) {
                Datum::Unknown => Datum::Unknown,
                Datum::Absent => bool_datum(false),
                Datum::Value(_) => bool_datum(true),
            },
            ExprKind::Now(comparison, time) => self.compare_now(*comparison, time),
            ExprKind::Weekday(zone, days) => self.calendar(|now| zone::weekday_in(zone, now, days.0)),
            ExprKind::TimeOfDay(zone, ranges) => self.calendar(|now| zone::time_in(zone, now, ranges)),
            ExprKind::Quantified { quantifier, over, key, element, body } => {
                self.quantified(*quantifier, over, *key, *element, body)
            }
            operator => self.operator(operator),
        }
    }

    /// Operators whose result is unknown unless every operand is a value.
    fn operator(&mut self, kind: &ExprKind) -> Datum {
        match kind {
            ExprKind::Compare(comparison, a, b) => self.test([a, b], |[a, b]| compare(*comparison, a, b)),
            ExprKind::Within(inner, outer) => match self.operands([inner, outer]) {
                Some([inner, outer]) => datum_of(self.within(&inner, &outer)),
                None => Datum::Unknown,
            },
            ExprKind::Contains(a, b) => self.test([a, b], |[a, b]| value::contains(a, b)),
            ExprKind::ContainsAny(a, b) => self.test([a, b], |[a, b]| value::contains_any(a, b)),
            ExprKind::ContainsAll(a, b) => self.test([a, b], |[a, b]| value::contains_all(a, b)),
            ExprKind::StartsWith(a, b) => self.test([a, b], |[a, b]| value::starts_with(a, b)),
            ExprKind::EndsWith(a, b) => self.test([a, b], |[a, b]| value::ends_with(a, b)),
            ExprKind::Is(of, types) => self.test([of], |[of]| match of {
                Value::Entity(uid) => Some(types.contains(&uid.ty)),
                _ => None,
            }),
            ExprKind::IsEmpty(of) => self.test([of], |[of]| value::is_empty(of)),
            ExprKind::Matches(of, pattern) => self.test([of], |[of]| pattern.matches(of)),
            ExprKind::Capture { of, pattern, index } => {
                self.apply([of], |[of]| pattern.capture(of, *index as usize).map(Value::String))
            }
            ExprKind::Arith(op, a, b) => self.apply([a, b], |[a, b]| value::arith(*op, a, b)),
            ExprKind::Negate(of) => self.apply([of], |[of]| value::negate(of)),
            ExprKind::Lower(of) => self.apply([of], |[of]| value::lower(of)),
            ExprKind::Size(of) => self.apply([of], |[of]| value::size(of)),
            ExprKind::SetOperation(op, a, b) => self.apply([a, b], |[a, b]| value::set_operation(*op, a, b)),
            ExprKind::Index(map, key) => match (self.datum(map), self.datum(key)) {
                (Datum::Absent, _) => Datum::Absent,
                (Datum::Value(map), Datum::Value(key)) => value::index(&map, &key).unwrap_or(Datum::Unknown),
                _ => Datum::Unknown,
            },
            ExprKind::Set(elements) => self.values(elements).map(Value::set).into(),
            ExprKind::List(elements) => self.values(elements).map(|list| Value::List(list.into())).into(),
            _ => Datum::Unknown,
        }
    }

    fn operands<const N: usize>(&mut self, exprs: [&Expr; N]) -> Option<[Value; N]> {
        let data = exprs.map(|expr| self.datum(expr).into_value());
        let values: Vec<Value> = data.into_iter().collect::<Option<_>>()?;
        values.try_into().ok()
    }

    fn apply<const N: usize>(
        &mut self,
        exprs: [&Expr; N],
        operator: impl FnOnce([&Value; N]) -> Option<Value>,
    ) -> Datum {
        self.operands(exprs).and_then(|values| operator(values.each_ref())).into()
    }

    fn test<const N: usize>(&mut self, exprs: [&Expr; N], test: impl FnOnce([&Value; N]) -> Option<bool>) -> Datum {
        self.apply(exprs, |values| test(values).map(Value::Bool))
    }

    /// An optional parameter without a value is absent.
    fn param(&self, id: ParamId) -> Datum {
        match self.world.policy.schema().param(id) {
            Some(param) if param.value.is_none() && param.ty.is_optional() => Datum::Absent,
            Some(param) => param.value.clone().into(),
            None => Datum::Unknown,
        }
    }

    /// Arguments are bound by value.
    fn call(&mut self, function: FunctionId, args: &[Expr]) -> Datum {
        let args = self.data(args);
        let Some(function) = self.policy.functions.get(function.0 as usize) else {
            return Datum::Unknown;
        };
        self.locals.extend(function.params.iter().copied().zip(args));
        self.datum(&function.body)
    }

    fn choose(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) -> Datum {
        let (truth, then, otherwise) = (self.truth(condition), self.datum(then), self.datum(otherwise));
        match truth {
            Truth::True => then,
            Truth::False => otherwise,
            Truth::Unknown => value::agreement(&then, &otherwise),
        }
    }

    fn quantified(
        &mut self,
        quantifier: Quantifier,
        over: &Expr,
        key: Option<LocalId>,
        element: LocalId,
        body: &Expr,
    ) -> Datum {
        let Some(elements) = self.datum(over).value().and_then(elements) else {
            return Datum::Unknown;
        };
        let mut truths = Vec::new();
        for (name, value) in elements {
            if let (Some(key), Some(name)) = (key, name) {
                self.locals.insert(key, Datum::Value(Value::String(name)));
            }
            self.locals.insert(element, Datum::Value(value));
            truths.push(self.truth(body));
        }
        let any = truths.iter().copied().fold(Truth::False, Truth::or);
        match quantifier {
            Quantifier::All => datum_of(truths.into_iter().fold(Truth::True, Truth::and)),
            Quantifier::Any => datum_of(any),
            Quantifier::None => datum_of(any.not()),
            Quantifier::Count if truths.contains(&Truth::Unknown) => Datum::Unknown,
            Quantifier::Count => {
                let count = truths.into_iter().filter(|truth| *truth == Truth::True).count();
                i64::try_from(count).ok().map(Value::Int).into()
            }
        }
    }

    fn context(&mut self, attribute: u32) -> Datum {
        self.read(self.world.context(attribute), attribute, Fact::Context)
    }

    fn attribute(&mut self, uid: &EntityUid, attribute: u32) -> Datum {
        self.read(self.world.attribute(uid, attribute), attribute, |at| Fact::Attribute(uid.clone(), at))
    }

    fn read(&mut self, reading: Reading<'_>, attribute: u32, fact: impl Fn(u32) -> Fact) -> Datum {
        self.notes.facts.insert(fact(attribute));
        self.notes.facts.extend(reading.clocks().map(&fact));
        if reading.used_now {
            self.now();
        }
        self.notes.flips_at(reading.until);
        let datum = reading.datum.to_datum();
        if !is_whole(&datum) {
            self.notes.unknown.insert(fact(attribute));
        }
        datum
    }

    /// The instant of the decision.
    fn now(&mut self) -> Option<Timestamp> {
        self.notes.facts.insert(Fact::Now);
        if self.world.now.is_none() {
            self.notes.unknown.insert(Fact::Now);
        }
        self.world.now
    }

    /// Whatever the comparison, its result is the same until the time, at the time, and after it.
    fn compare_now(&mut self, comparison: Comparison, time: &Expr) -> Datum {
        let (now, time) = (self.now(), self.datum(time));
        let (Some(now), Datum::Value(Value::Timestamp(time))) = (now, time) else {
            return Datum::Unknown;
        };
        let after = time.millis().checked_add(1).and_then(Timestamp::from_millis);
        for flip in after.into_iter().chain([time]).filter(|flip| *flip > now) {
            self.notes.flips_at(Some(flip));
        }
        bool_datum(holds(comparison, now.cmp(&time)))
    }

    fn calendar(&mut self, test: impl FnOnce(Timestamp) -> (bool, Timestamp)) -> Datum {
        let Some(now) = self.now() else {
            return Datum::Unknown;
        };
        let (holds, flip) = test(now);
        self.notes.flips_at(Some(flip));
        bool_datum(holds)
    }
}

/// The elements of a collection, with their keys if it is a map; `None` for what is no collection.
fn elements(collection: &Value) -> Option<Vec<(Option<Text>, Value)>> {
    match collection {
        Value::Set(all) | Value::List(all) => Some(all.iter().map(|element| (None, element.clone())).collect()),
        Value::Map(entries) => Some(entries.iter().map(|(key, value)| (Some(key.clone()), value.clone())).collect()),
        _ => None,
    }
}

fn compare(comparison: Comparison, a: &Value, b: &Value) -> Option<bool> {
    match comparison {
        Comparison::Equal => value::equal(a, b),
        Comparison::NotEqual => value::equal(a, b).map(|equal| !equal),
        order => value::compare(a, b).map(|ordering| holds(order, ordering)),
    }
}

fn holds(comparison: Comparison, ordering: Ordering) -> bool {
    match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

/// Whether nothing is unknown in it.
fn is_whole(datum: &Datum) -> bool {
    match datum {
        Datum::Unknown => false,
        Datum::Absent => true,
        Datum::Value(value) => value.is_wholly_known(),
    }
}

fn datum_of(truth: Truth) -> Datum {
    match truth {
        Truth::True => bool_datum(true),
        Truth::False => bool_datum(false),
        Truth::Unknown => Datum::Unknown,
    }
}

fn bool_datum(value: bool) -> Datum {
    Datum::Value(Value::Bool(value))
}
