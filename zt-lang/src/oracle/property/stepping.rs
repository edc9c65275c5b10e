//! The challenge: what to ask of the subject, so that the same request is allowed.
//!
//! That a step-up is done is tried out in the policy instead of the request: a copy of the typed policy in which the
//! attribute's value stands where the attribute stood. Clocks that attributes share then stay as they are.

use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::{Effect, Request};

use super::{Asked, Subject};
use crate::hir::{self, Expr, ExprKind};
use crate::lower;

impl Subject {
    /// Doing all of the challenge leads to allow, doing all but one does not; where there is none, doing everything does
    /// not.
    ///
    /// # Errors
    ///
    /// The step-ups that have another effect.
    pub fn challenge_works(&self, asked: &Asked<'_>, decision: &Decision) -> Result<(), String> {
        let steps: Vec<u32> = decision.challenge.iter().map(|step| step.attribute).collect();
        if decision.effect == Effect::Allow {
            return self.expect(asked.case, steps.is_empty(), || "a challenge beside an allow".to_owned());
        }
        self.expect(asked.case, steps.is_sorted(), || "a challenge out of order".to_owned())?;
        if steps.is_empty() {
            let context = (0..).zip(&self.compiled.schema().context);
            let all: Vec<u32> =
                context.filter(|(_, attribute)| attribute.step_up.is_some()).map(|(at, _)| at).collect();
            return self.steps_lead_to(asked, &all, Effect::Deny);
        }
        self.steps_lead_to(asked, &steps, Effect::Allow)?;
        for left_out in &steps {
            let others: Vec<u32> = steps.iter().copied().filter(|step| step != left_out).collect();
            self.steps_lead_to(asked, &others, Effect::Deny)?;
        }
        Ok(())
    }

    fn steps_lead_to(&self, asked: &Asked<'_>, steps: &[u32], effect: Effect) -> Result<(), String> {
        let granted = lower::lower(&self.granted(steps), &self.options.limits).map_err(|error| error.to_string())?;
        let request = Request::from_json(&granted, asked.case.request.as_bytes()).map_err(|error| error.to_string())?;
        let found =
            eval::decide(&granted, &asked.store, &request, asked.case.now, Mode::Effect, &mut Scratch::new()).effect;
        self.expect(asked.case, found == effect, || format!("the steps {steps:?} of a challenge lead to {found:?}"))
    }

    /// The policy as it is when the subject has taken these steps.
    fn granted(&self, steps: &[u32]) -> hir::Policy {
        let mut policy = self.hir.clone();
        let context = &self.hir.schema.context;
        let value = |at: u32| {
            let step_up = context.get(at as usize)?.step_up.as_ref()?;
            steps.contains(&at).then(|| step_up.gives.clone())
        };
        let mut grant = |expr: &mut Expr| {
            if let ExprKind::Context(at) = expr.kind
                && let Some(value) = value(at)
            {
                expr.kind = ExprKind::Const(value);
            }
        };
        for function in &mut policy.functions {
            each(&mut function.body, &mut grant);
        }
        for rule in &mut policy.rules {
            rule.conditions.iter_mut().for_each(|condition| each(condition, &mut grant));
            rule.duties.iter_mut().flat_map(|duty| &mut duty.args).for_each(|arg| each(arg, &mut grant));
        }
        policy
    }
}

/// Calls `change` on an expression and on all within it.
fn each(expr: &mut Expr, change: &mut impl FnMut(&mut Expr)) {
    change(expr);
    match &mut expr.kind {
        ExprKind::Const(_)
        | ExprKind::Param(_)
        | ExprKind::Subject
        | ExprKind::Resource
        | ExprKind::Context(_)
        | ExprKind::Local(_)
        | ExprKind::Weekday(..)
        | ExprKind::TimeOfDay(..) => {}
        ExprKind::Attribute { of, .. }
        | ExprKind::Field { of, .. }
        | ExprKind::Capture { of, .. }
        | ExprKind::Not(of)
        | ExprKind::Is(of, _)
        | ExprKind::IsPresent(of)
        | ExprKind::IsEmpty(of)
        | ExprKind::Matches(of, _)
        | ExprKind::Now(_, of)
        | ExprKind::Negate(of)
        | ExprKind::Lower(of)
        | ExprKind::Size(of) => each(of, change),
        ExprKind::Call(_, parts)
        | ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Set(parts)
        | ExprKind::List(parts) => {
            parts.iter_mut().for_each(|part| each(part, change));
        }
        ExprKind::If(a, b, c) => [a, b, c].into_iter().for_each(|part| each(part, change)),
        ExprKind::Compare(_, a, b)
        | ExprKind::Within(a, b)
        | ExprKind::Contains(a, b)
        | ExprKind::ContainsAny(a, b)
        | ExprKind::ContainsAll(a, b)
        | ExprKind::StartsWith(a, b)
        | ExprKind::EndsWith(a, b)
        | ExprKind::Otherwise(a, b)
        | ExprKind::Arith(_, a, b)
        | ExprKind::SetOperation(_, a, b)
        | ExprKind::Index(a, b) => [a, b].into_iter().for_each(|part| each(part, change)),
        ExprKind::Quantified { over, body, .. } => [over, body].into_iter().for_each(|part| each(part, change)),
    }
}
