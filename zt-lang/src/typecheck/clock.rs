//! `now`: comparisons with instants, and calendar tests.
//!
//! A comparison is put into the form `now OP t`, with `t` free of `now`, so that the instant at which it flips is `t`.

use std::sync::Arc;

use zt_eval::graph::Weekdays;
use zt_eval::schema::Type;
use zt_eval::value::Arith;
use zt_eval::zone::Zone;

use super::expr::typed;
use super::{Checker, Place, Scope};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, Comparison, ExprKind};
use crate::names::nearest;
use crate::span::Span;
use crate::syntax::ast::{self, BinaryOp};
use crate::tzdata;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MS: u32 = 24 * 60 * 60 * 1000;

/// The forms in which `now` may stand beside a comparison.
enum Form<'e> {
    /// `now`
    Now,
    /// `now + d`
    Plus(&'e ast::Expr),
    /// `now - d`, or `now - t`
    Minus(&'e ast::Expr),
    /// `t - now`
    From(&'e ast::Expr),
}

enum Question {
    Weekday,
    Time,
}

fn is_now(expr: &ast::Expr) -> bool {
    matches!(&expr.node, ast::ExprKind::Name(name) if &**name == "now")
}

fn form(expr: &ast::Expr) -> Option<Form<'_>> {
    match &expr.node {
        ast::ExprKind::Name(_) if is_now(expr) => Some(Form::Now),
        ast::ExprKind::Binary(op, a, b) => match op.node {
            BinaryOp::Add if is_now(a) => Some(Form::Plus(b)),
            BinaryOp::Sub if is_now(a) => Some(Form::Minus(b)),
            BinaryOp::Sub if is_now(b) => Some(Form::From(a)),
            _ => None,
        },
        _ => None,
    }
}

/// `now.weekday("zone")` or `now.time("zone")`.
fn question(expr: &ast::Expr) -> Option<(Question, &[ast::Expr])> {
    let ast::ExprKind::Call(callee, args) = &expr.node else { return None };
    let ast::ExprKind::Field(base, name) = &callee.node else { return None };
    match &*name.node {
        "weekday" if is_now(base) => Some((Question::Weekday, args)),
        "time" if is_now(base) => Some((Question::Time, args)),
        _ => None,
    }
}

/// The comparison with its sides exchanged.
fn swapped(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

impl Checker<'_, '_> {
    /// A comparison in which `now` takes part; `None` when it does not.
    pub fn clock_comparison(
        &mut self,
        scope: &mut Scope,
        comparison: Comparison,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Option<Option<hir::Expr>> {
        if let Some((question, args)) = question(a) {
            return Some(self.asked(scope, &question, args, comparison, b, span));
        }
        if let Some((question, args)) = question(b) {
            return Some(self.asked(scope, &question, args, swapped(comparison), a, span));
        }
        if matches!(scope.place, Place::Test(_)) {
            return None;
        }
        match (form(a), form(b)) {
            (Some(form), _) => Some(self.instant(scope, &form, comparison, b, span)),
            (None, Some(form)) => Some(self.instant(scope, &form, swapped(comparison), a, span)),
            (None, None) => None,
        }
    }

    fn instant(
        &mut self,
        scope: &mut Scope,
        form: &Form<'_>,
        comparison: Comparison,
        other: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let (comparison, at) = match form {
            Form::Now => (comparison, self.check(scope, other, &Type::Timestamp)?),
            Form::Plus(span_of) => {
                let other = self.check(scope, other, &Type::Timestamp);
                let shift = self.check(scope, span_of, &Type::Duration);
                (comparison, self.shifted(Arith::Sub, other?, shift?, span))
            }
            Form::Minus(subtracted) => {
                let subtracted = self.infer(scope, subtracted, None).and_then(|found| self.met(found))?;
                if subtracted.ty == Type::Timestamp {
                    let age = self.check(scope, other, &Type::Duration)?;
                    (comparison, self.shifted(Arith::Add, subtracted, age, span))
                } else {
                    let shift = self.coerce(subtracted, &Type::Duration)?;
                    let other = self.check(scope, other, &Type::Timestamp)?;
                    (comparison, self.shifted(Arith::Add, other, shift, span))
                }
            }
            Form::From(instant) => {
                let instant = self.check(scope, instant, &Type::Timestamp);
                let left = self.check(scope, other, &Type::Duration);
                (swapped(comparison), self.shifted(Arith::Sub, instant?, left?, span))
            }
        };
        Some(typed(ExprKind::Now(comparison, Box::new(at)), Type::Bool, span))
    }

    fn shifted(&self, op: Arith, at: hir::Expr, by: hir::Expr, span: Span) -> hir::Expr {
        let found = typed(ExprKind::Arith(op, Box::new(at), Box::new(by)), Type::Timestamp, span);
        match self.fold(&found) {
            Some(value) => hir::Expr { kind: ExprKind::Const(value), ..found },
            None => found,
        }
    }

    /// `now.weekday(…) in …` and `now.time(…) in …`; `None` when the left side asks neither.
    pub fn calendar(
        &mut self,
        scope: &mut Scope,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Option<Option<hir::Expr>> {
        let (question, args) = question(a)?;
        let zone = self.zone(scope, args, a.span);
        let test = match question {
            Question::Weekday => self.weekdays(b).map(|days| zone.map(|zone| ExprKind::Weekday(zone, days))),
            Question::Time => self.time_ranges(b).map(|ranges| zone.map(|zone| ExprKind::TimeOfDay(zone, ranges))),
        };
        Some(test.flatten().map(|kind| typed(kind, Type::Bool, span)))
    }

    /// A comparison of the weekday or the time of day with one literal.
    fn asked(
        &mut self,
        scope: &mut Scope,
        question: &Question,
        args: &[ast::Expr],
        comparison: Comparison,
        other: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let zone = self.zone(scope, args, span);
        let (kind, negated) = match (question, comparison) {
            (Question::Weekday, Comparison::Equal | Comparison::NotEqual) => {
                let days = self.weekdays(other);
                (ExprKind::Weekday(zone?, days?), comparison == Comparison::NotEqual)
            }
            (Question::Time, Comparison::Less) => {
                let range = self.time(other).and_then(|end| self.some_time(0, end, other.span));
                (ExprKind::TimeOfDay(zone?, vec![range?]), false)
            }
            (Question::Time, Comparison::GreaterOrEqual) => {
                let range = self.time(other).and_then(|start| self.some_time(start, DAY_MS, other.span));
                (ExprKind::TimeOfDay(zone?, vec![range?]), false)
            }
            (Question::Weekday, _) => {
                let message = "weekdays have no first and no last";
                self.report(
                    Diagnostic::new(Code::NOT_ORDERED, span, message)
                        .help("write `in [mon..fri]`, `== sat` or `!= sun`"),
                );
                return None;
            }
            (Question::Time, _) => {
                let message = "times of day are compared by `in`, `<` and `>=` only";
                let help = "a range takes its start and leaves out its end: `in 08:00..18:00`";
                self.report(Diagnostic::new(Code::NOT_ORDERED, span, message).help(help));
                return None;
            }
        };
        let found = typed(kind, Type::Bool, span);
        Some(if negated { typed(ExprKind::Not(Box::new(found)), Type::Bool, span) } else { found })
    }

    /// Calls of `now`'s questions outside comparisons; `None` for any other call.
    pub fn clock_call(
        &mut self,
        _scope: &mut Scope,
        callee: &ast::Expr,
        _args: &[ast::Expr],
        span: Span,
    ) -> Option<Option<hir::Expr>> {
        let ast::ExprKind::Field(base, _) = &callee.node else { return None };
        is_now(base).then(|| {
            self.now_misused(span);
            None
        })
    }

    fn zone(&mut self, scope: &mut Scope, args: &[ast::Expr], span: Span) -> Option<Arc<Zone>> {
        let [zone] = args else {
            self.arity("now.weekday", 1, args.len(), span);
            return None;
        };
        let ast::ExprKind::String(literal) = &zone.node else {
            // Zones are embedded when the policy is compiled, so that only their names can be written here.
            if self.check(scope, zone, &Type::String).is_some() {
                let message = "the zone must be written as a text";
                self.report(
                    Diagnostic::new(Code::NOT_CONSTANT, zone.span, message).help("write its name: `\"Europe/Berlin\"`"),
                );
            }
            return None;
        };
        let name = self.plain_text(&ast::Spanned::new(literal.clone(), zone.span))?;
        let found = self.zones.entry(name.clone()).or_insert_with(|| tzdata::find(&name).map(Arc::new)).clone();
        if found.is_none() {
            let diagnostic = Diagnostic::new(Code::UNKNOWN_ZONE, zone.span, format!("there is no time zone `{name}`"));
            self.report(match nearest(&name, tzdata::names()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(zone.span, format!("\"{near}\"")),
                None => diagnostic.help(
                    "zones have the names of the IANA database: `\"Europe/Berlin\"`, `\"America/New_York\"`, `\"UTC\"`",
                ),
            });
        }
        found
    }

    fn weekdays(&mut self, expr: &ast::Expr) -> Option<Weekdays> {
        match &expr.node {
            ast::ExprKind::List(elements) => {
                let mut days = 0;
                for element in elements {
                    days |= self.weekdays(element)?.0;
                }
                Some(Weekdays(days))
            }
            ast::ExprKind::Range(first, last) => {
                let (first, last) = (self.weekday(first), self.weekday(last));
                let (first, last) = (first?, last?);
                let length = (last + 7 - first) % 7;
                Some(Weekdays((0..=length).fold(0, |days, step| days | 1 << ((first + step) % 7))))
            }
            _ => self.weekday(expr).map(|day| Weekdays(1 << day)),
        }
    }

    fn weekday(&mut self, expr: &ast::Expr) -> Option<u8> {
        let name = match &expr.node {
            ast::ExprKind::Name(name) => &**name,
            _ => "",
        };
        let day = (0..).zip(WEEKDAYS).find(|(_, day)| *day == name).map(|(index, _)| index);
        if day.is_none() {
            let diagnostic = Diagnostic::new(Code::TYPE_MISMATCH, expr.span, "a weekday is needed here");
            self.report(
                diagnostic
                    .help("weekdays are `mon`, `tue`, `wed`, `thu`, `fri`, `sat` and `sun`; a range is `[mon..fri]`"),
            );
        }
        day
    }

    fn time_ranges(&mut self, expr: &ast::Expr) -> Option<Vec<(u32, u32)>> {
        match &expr.node {
            ast::ExprKind::List(elements) => {
                let ranges: Vec<_> = elements.iter().map(|element| self.time_ranges(element)).collect();
                ranges.into_iter().collect::<Option<Vec<_>>>().map(|ranges| ranges.concat())
            }
            ast::ExprKind::Range(start, end) => {
                let (start_ms, end_ms) = (self.time(start), self.time(end));
                let (start_ms, end_ms) = (start_ms?, end_ms?);
                self.some_time(start_ms, end_ms, expr.span).map(|range| vec![range])
            }
            _ => {
                let message = "a range of times of day is needed here";
                self.report(
                    Diagnostic::new(Code::TYPE_MISMATCH, expr.span, message).help("write it as `08:00..18:00`"),
                );
                None
            }
        }
    }

    /// The range of times of day, if any time is in it.
    fn some_time(&mut self, start: u32, end: u32, span: Span) -> Option<(u32, u32)> {
        if start != end && start != DAY_MS {
            return Some((start, end));
        }
        let message = "this range holds no time at all";
        let help = "a range takes its start and leaves out its end; a whole day is `00:00..24:00`";
        self.report(Diagnostic::new(Code::BAD_RANGE, span, message).help(help));
        None
    }

    fn time(&mut self, expr: &ast::Expr) -> Option<u32> {
        let millis = match &expr.node {
            ast::ExprKind::Time(text) => time_of_day(text),
            _ => None,
        };
        if millis.is_none() {
            let message = "a time of day is needed here";
            let help = "times of day are `00:00` to `24:00`, with seconds if need be: `17:30:15`";
            self.report(Diagnostic::new(Code::BAD_LITERAL, expr.span, message).help(help));
        }
        millis
    }
}

/// Milliseconds from midnight of `HH:MM` or `HH:MM:SS`.
fn time_of_day(text: &str) -> Option<u32> {
    let parts: Vec<u32> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match *parts.as_slice() {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let millis = ((hours * 60 + minutes) * 60 + seconds) * 1000;
    (hours <= 24 && minutes < 60 && seconds < 60 && millis <= DAY_MS).then_some(millis)
}
