//! The reference interpreter: what a policy means, said in the plainest way.
//!
//! The oracle that the decision graph and generated code are tested against. It walks the typed policy, evaluates all of
//! it and never stops early; it shares nothing, remembers nothing and is slow. With the engine it has in common only what
//! operators mean on known values ([`zt_eval::value`], patterns, zones) and the reading of evidence ([`World`]).
//!
//! `effect`, `reason`, `rules`, `overridden`, `audit`, `obligations` and `challenge` are exact. `unknown`, `valid_until`
//! and `depends_on` are the coarsest bounds that are sound: everything that any rule of the action could have looked at.

mod compare;
mod hierarchy;
mod interpret;

#[cfg(test)]
pub(crate) mod tests;

use zt_eval::decision::{Challenge, Decision, Duty, Reason, Unknown};
use zt_eval::facts::World;
use zt_eval::graph::Effect;
use zt_eval::id::RuleId;
use zt_eval::schema::{Attribute, Freshness};
use zt_eval::value::Timestamp;
use zt_eval::{Request, Store, Truth};

use crate::hir;
use interpret::{Interpreter, Notes};

pub use compare::{Difference, compare};

/// Decides a request at an instant, in full.
///
/// `compiled` is what `policy` was lowered to: requests and stores are read for it, and it knows the parameters' values.
/// Its rules and nodes are not looked at.
pub fn decide(
    policy: &hir::Policy,
    compiled: &zt_eval::Policy,
    store: &Store,
    request: &Request,
    now: Option<Timestamp>,
) -> Decision {
    let world = World { policy: compiled, store, request, now, granted: &[] };
    if let Err(error) = world.check() {
        return Decision { reason: Some(Reason::Invalid(error)), ..denial() };
    }
    let (outcome, mut notes) = outcome(policy, world);
    let mut decision = outcome.decision(policy);
    if decision.effect == Effect::Deny {
        let schema = compiled.schema();
        let unknown = |fact: &_| Unknown { fact: Some(fact).cloned(), text: schema.fact_text(fact) };
        decision.unknown = notes.unknown.iter().map(unknown).collect();
        decision.challenge = challenge(policy, world, &mut notes);
    }
    decision.valid_until = notes.flip;
    decision.depends_on = notes.facts.into_iter().collect();
    decision
}

fn denial() -> Decision {
    Decision {
        effect: Effect::Deny,
        reason: None,
        rules: Vec::new(),
        overridden: Vec::new(),
        audit: Vec::new(),
        unknown: Vec::new(),
        obligations: Vec::new(),
        valid_until: None,
        depends_on: Vec::new(),
        challenge: Vec::new(),
    }
}

/// The rules that fired, in source order.
#[derive(Default)]
struct Outcome {
    /// Deny rules whose condition is true or unknown.
    denies: Vec<(RuleId, Truth)>,
    /// Allow rules whose condition is true and whose obligations are known, with these.
    allows: Vec<(RuleId, Vec<Duty>)>,
    /// Rules of either kind that are only reported.
    audit: Vec<RuleId>,
}

/// Evaluates all rules of the request's action.
fn outcome(policy: &hir::Policy, world: World<'_>) -> (Outcome, Notes) {
    let mut interpreter = Interpreter::new(policy, world);
    let mut outcome = Outcome::default();
    for (index, rule) in policy.rules.iter().enumerate() {
        if !rule.actions.contains(&world.request.action()) {
            continue;
        }
        let id = RuleId::new(index);
        let truth = interpreter.all(&rule.conditions);
        let duties = interpreter.duties(&rule.duties);
        let fires = match rule.effect {
            Effect::Deny => truth != Truth::False,
            Effect::Allow => truth == Truth::True && duties.is_some(),
        };
        match (fires, rule.audit, rule.effect) {
            (false, ..) => {}
            (true, true, _) => outcome.audit.push(id),
            (true, false, Effect::Deny) => outcome.denies.push((id, truth)),
            (true, false, Effect::Allow) => outcome.allows.push((id, duties.unwrap_or_default())),
        }
    }
    (outcome, interpreter.notes)
}

impl Outcome {
    /// Whether an allow rule that fired overrides this deny rule.
    fn is_overridden(&self, policy: &hir::Policy, deny: RuleId) -> bool {
        let overrides = |allow: RuleId| policy.rules.get(allow.index()).map_or(&[][..], |rule| &rule.overrides);
        self.allows.iter().any(|(allow, _)| overrides(*allow).iter().any(|index| RuleId::new(*index as usize) == deny))
    }

    fn decision(&self, policy: &hir::Policy) -> Decision {
        let (overridden, standing): (Vec<_>, Vec<_>) =
            self.denies.iter().copied().partition(|(deny, _)| self.is_overridden(policy, *deny));
        let mut decision = denial();
        decision.overridden = overridden.into_iter().map(|(deny, _)| deny).collect();
        decision.audit = self.audit.clone();
        if standing.is_empty() && !self.allows.is_empty() {
            decision.effect = Effect::Allow;
            decision.rules = self.allows.iter().map(|(allow, _)| *allow).collect();
            decision.obligations = self.allows.iter().flat_map(|(_, duties)| duties.clone()).collect();
            return decision;
        }
        decision.reason = Some(if standing.iter().any(|(_, truth)| *truth == Truth::True) {
            Reason::Rule
        } else if !standing.is_empty() {
            Reason::Unknown
        } else {
            Reason::NoRule
        });
        decision.rules = standing.into_iter().map(|(deny, _)| deny).collect();
        decision
    }
}

/// The step-ups that remain when, of all that there are, those are dropped in declared order without which access is still
/// granted, until none more can be; none if even all of them do not lead to allow.
fn challenge(policy: &hir::Policy, world: World<'_>, notes: &mut Notes) -> Vec<Challenge> {
    let context = &world.policy.schema().context;
    let mut allows = |granted: &[bool]| {
        let (outcome, consulted) = outcome(policy, World { granted, ..world });
        notes.merge(consulted);
        outcome.decision(policy).effect == Effect::Allow
    };
    let mut granted: Vec<bool> = context.iter().map(|attribute| attribute.step_up.is_some()).collect();
    if !allows(&granted) {
        return Vec::new();
    }
    loop {
        let before = granted.clone();
        for at in 0..granted.len() {
            let without: Vec<bool> =
                granted.iter().enumerate().map(|(index, granted)| *granted && index != at).collect();
            if without != granted && allows(&without) {
                granted = without;
            }
        }
        if granted == before {
            break;
        }
    }
    let kept = (0u32..).zip(context).zip(granted).filter(|(_, granted)| *granted);
    kept.filter_map(|((position, attribute), _)| step_up(position, attribute)).collect()
}

fn step_up(position: u32, attribute: &Attribute) -> Option<Challenge> {
    let ages = attribute.freshness.iter().filter_map(|bound| match bound {
        Freshness::Since { age, .. } => Some(*age),
        Freshness::Until { .. } => None,
    });
    Some(Challenge { attribute: position, acr: attribute.step_up.as_ref()?.acr.clone(), max_age: ages.min() })
}
