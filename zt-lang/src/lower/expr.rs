//! Expressions to nodes.

use zt_eval::graph::{CompareOp, NowOp, Quantifier};
use zt_eval::id::NodeId;

use super::{Argument, Binding, Frame, Lowering, Place};
use crate::hir::{self, Comparison, Expr, ExprKind, FunctionId, LocalId};

impl<'p> Lowering<'p, '_> {
    pub(super) fn expr(&mut self, expr: &'p Expr, at: Place) -> NodeId {
        match &expr.kind {
            ExprKind::Const(value) => self.builder.constant(value.clone()),
            ExprKind::Param(param) => self.builder.param(*param),
            ExprKind::Subject => self.builder.subject(),
            ExprKind::Resource => self.builder.resource(),
            ExprKind::Context(attribute) => self.builder.context(*attribute),
            ExprKind::Attribute { of, ty, attribute } => {
                let of = self.expr(of, at);
                self.builder.attribute(of, *ty, *attribute)
            }
            ExprKind::Field { of, record, field } => {
                let of = self.expr(of, at);
                self.builder.field(of, *record, *field)
            }
            ExprKind::Local(local) => self.local(*local, at),
            ExprKind::Call(function, args) => self.call(*function, args, at),
            ExprKind::And(parts) => {
                let parts = self.all(parts, at);
                self.builder.and(parts)
            }
            ExprKind::Or(parts) => {
                let parts = self.all(parts, at);
                self.builder.or(parts)
            }
            ExprKind::If(condition, then, otherwise) => {
                let (condition, then) = self.both(condition, then, at);
                let otherwise = self.expr(otherwise, at);
                self.builder.choose(condition, then, otherwise)
            }
            ExprKind::Quantified { quantifier, over, key, element, body } => {
                let over = self.expr(over, at);
                self.quantified(*quantifier, over, (*key, *element), body, at)
            }
            ExprKind::Set(elements) => {
                let elements = self.all(elements, at);
                self.builder.set(elements)
            }
            ExprKind::List(elements) => {
                let elements = self.all(elements, at);
                self.builder.list(elements)
            }
            ExprKind::Weekday(zone, days) => self.builder.weekday((**zone).clone(), *days),
            ExprKind::TimeOfDay(zone, ranges) => self.builder.time_of_day((**zone).clone(), ranges.as_slice()),
            operator => self.unary(operator, at).unwrap_or_else(|| self.binary(operator, at)),
        }
    }

    /// Operators with one operand.
    fn unary(&mut self, kind: &'p ExprKind, at: Place) -> Option<NodeId> {
        let of = match kind {
            ExprKind::Not(of)
            | ExprKind::Is(of, _)
            | ExprKind::IsPresent(of)
            | ExprKind::IsEmpty(of)
            | ExprKind::Matches(of, _)
            | ExprKind::Capture { of, .. }
            | ExprKind::Now(_, of)
            | ExprKind::Negate(of)
            | ExprKind::Lower(of)
            | ExprKind::Size(of) => self.expr(of, at),
            _ => return None,
        };
        let builder = &mut *self.builder;
        Some(match kind {
            ExprKind::Is(_, types) => builder.is(of, types.iter().copied()),
            ExprKind::IsPresent(_) => builder.is_present(of),
            ExprKind::IsEmpty(_) => builder.is_empty(of),
            ExprKind::Matches(_, pattern) => builder.matches(of, (**pattern).clone()),
            ExprKind::Capture { pattern, index, .. } => builder.capture(of, (**pattern).clone(), *index),
            ExprKind::Now(comparison, _) => self.now(*comparison, of),
            ExprKind::Negate(_) => builder.negate(of),
            ExprKind::Lower(_) => builder.lower(of),
            ExprKind::Size(_) => builder.size(of),
            _ => builder.not(of),
        })
    }

    fn binary(&mut self, kind: &'p ExprKind, at: Place) -> NodeId {
        let (ExprKind::Compare(_, a, b)
        | ExprKind::Within(a, b)
        | ExprKind::Contains(a, b)
        | ExprKind::ContainsAny(a, b)
        | ExprKind::ContainsAll(a, b)
        | ExprKind::StartsWith(a, b)
        | ExprKind::EndsWith(a, b)
        | ExprKind::Otherwise(a, b)
        | ExprKind::Arith(_, a, b)
        | ExprKind::SetOperation(_, a, b)
        | ExprKind::Index(a, b)) = kind
        else {
            // Every other kind has its arm above.
            self.is_unbound = true;
            return self.builder.truth(false);
        };
        let (a, b) = self.both(a, b, at);
        let builder = &mut *self.builder;
        match kind {
            ExprKind::Compare(comparison, ..) => self.compare(*comparison, a, b),
            ExprKind::Within(..) => builder.within(a, b),
            ExprKind::Contains(..) => builder.contains(a, b),
            ExprKind::ContainsAny(..) => builder.contains_any(a, b),
            ExprKind::ContainsAll(..) => builder.contains_all(a, b),
            ExprKind::StartsWith(..) => builder.starts_with(a, b),
            ExprKind::EndsWith(..) => builder.ends_with(a, b),
            ExprKind::Otherwise(..) => builder.otherwise(a, b),
            ExprKind::Arith(op, ..) => builder.arith(*op, a, b),
            ExprKind::SetOperation(op, ..) => builder.set_operation(*op, a, b),
            _ => builder.index(a, b),
        }
    }

    fn both(&mut self, a: &'p Expr, b: &'p Expr, at: Place) -> (NodeId, NodeId) {
        (self.expr(a, at), self.expr(b, at))
    }

    fn compare(&mut self, comparison: Comparison, a: NodeId, b: NodeId) -> NodeId {
        let builder = &mut *self.builder;
        match comparison {
            Comparison::Equal => builder.equal(a, b),
            Comparison::NotEqual => {
                let equal = builder.equal(a, b);
                builder.not(equal)
            }
            Comparison::Less => builder.compare(CompareOp::Less, a, b),
            Comparison::LessOrEqual => builder.compare(CompareOp::LessOrEqual, a, b),
            Comparison::Greater => builder.compare(CompareOp::Less, b, a),
            Comparison::GreaterOrEqual => builder.compare(CompareOp::LessOrEqual, b, a),
        }
    }

    fn now(&mut self, comparison: Comparison, time: NodeId) -> NodeId {
        let (op, is_negated) = match comparison {
            Comparison::Equal => (NowOp::At, false),
            Comparison::NotEqual => (NowOp::At, true),
            Comparison::Less => (NowOp::Before, false),
            Comparison::LessOrEqual => (NowOp::AtOrBefore, false),
            Comparison::Greater => (NowOp::AtOrBefore, true),
            Comparison::GreaterOrEqual => (NowOp::Before, true),
        };
        let test = self.builder.now(op, time);
        if is_negated { self.builder.not(test) } else { test }
    }

    fn quantified(
        &mut self,
        quantifier: hir::Quantifier,
        over: NodeId,
        (key, element): (Option<LocalId>, LocalId),
        body: &'p Expr,
        at: Place,
    ) -> NodeId {
        let level = at.level.saturating_add(1);
        if let Some(key) = key {
            self.bind(at.frame, key, Binding::Key(level));
        }
        self.bind(at.frame, element, Binding::Element(level));
        let body = self.expr(body, Place { level, ..at });
        let builder = &mut *self.builder;
        match quantifier {
            hir::Quantifier::All => builder.quantified(Quantifier::All, over, level, body),
            hir::Quantifier::Any => builder.quantified(Quantifier::Any, over, level, body),
            hir::Quantifier::Count => builder.quantified(Quantifier::Count, over, level, body),
            hir::Quantifier::None => {
                let any = builder.quantified(Quantifier::Any, over, level, body);
                builder.not(any)
            }
        }
    }

    fn bind(&mut self, frame: usize, local: LocalId, binding: Binding<'p>) {
        if let Some(frame) = self.frames.get_mut(frame) {
            frame.insert(local, binding);
        }
    }

    fn call(&mut self, function: FunctionId, args: &'p [Expr], at: Place) -> NodeId {
        let nodes = self.all(args, at);
        let key = (function, nodes.as_slice().into(), at.level);
        if let Some(known) = self.calls.get(&key) {
            return *known;
        }
        if self.builder.error().is_some() {
            // The policy is refused; any node will do.
            return self.builder.truth(false);
        }
        let Some(callee) = self.functions.get(function.0 as usize) else {
            self.is_unbound = true;
            return self.builder.truth(false);
        };
        let arguments = args.iter().zip(nodes);
        let argument = |(expr, node)| Argument { expr, frame: at.frame, nodes: vec![(at.level, node)] };
        let bound = callee.params.iter().copied().zip(arguments.map(argument).map(Binding::Argument));
        let frame: Frame<'p> = bound.collect();
        self.frames.push(frame);
        let place = Place { frame: self.frames.len() - 1, level: at.level };
        let body = self.expr(&callee.body, place);
        self.frames.truncate(place.frame);
        self.calls.insert(key, body);
        body
    }

    fn local(&mut self, local: LocalId, at: Place) -> NodeId {
        let (expr, frame) = match self.frames.get(at.frame).and_then(|frame| frame.get(&local)) {
            Some(Binding::Element(level)) => return self.builder.element(*level),
            Some(Binding::Key(level)) => return self.builder.key(*level),
            Some(Binding::Argument(argument)) => match argument.nodes.iter().find(|(level, _)| *level == at.level) {
                Some((_, node)) => return *node,
                None => (argument.expr, argument.frame),
            },
            None => {
                self.is_unbound = true;
                return self.builder.truth(false);
            }
        };
        let node = self.expr(expr, Place { frame, level: at.level });
        if let Some(Binding::Argument(argument)) = self.frames.get_mut(at.frame).and_then(|frame| frame.get_mut(&local))
        {
            argument.nodes.push((at.level, node));
        }
        node
    }
}
