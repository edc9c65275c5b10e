//! How a policy decides.
//!
//! A deny rule fires when its condition is true or unknown, an allow rule only when it is true and every argument of its
//! obligations is known. The effect is allow when an allow rule fires and no deny rule does that none of them overrides.
//! Nothing here reads evidence but through [`World`], and nothing fails: whatever cannot be known is unknown.

mod apply;
mod challenge;
mod evaluator;
mod explain;
mod leaves;
mod scratch;

#[cfg(all(test, feature = "build"))]
pub(crate) mod tests;

use std::collections::BTreeSet;

#[cfg(feature = "build")]
pub(crate) use apply::apply;
pub use explain::{Explanation, RuleTrace, Shown, Trace, explain};
pub(crate) use scratch::LEVELS_MAX;
pub use scratch::Scratch;

use crate::Truth;
use crate::decision::{Decision, Duty, Mode, Reason, Unknown};
use crate::facts::World;
use crate::graph::{ActionRules, DutyTemplate, Effect, Policy, Rule};
use crate::id::RuleId;
use crate::request::{InvalidRequest, Request};
use crate::store::Store;
use crate::value::{Datum, Timestamp};

use evaluator::Evaluator;

/// Decides a request at an instant.
///
/// The store must have been read for this policy ([`Pdp`](crate::Pdp) sees to it); with entities of other declarations the
/// decision means nothing, though it is still made. A request that was bound for another policy is denied as invalid.
pub fn decide(
    policy: &Policy,
    store: &Store,
    request: &Request,
    now: Option<Timestamp>,
    mode: Mode,
    scratch: &mut Scratch,
) -> Decision {
    let world = World { policy, store, request, now, granted: &[] };
    if let Err(error) = world.check() {
        return Decision::invalid(error);
    }
    let Some(rules) = policy.rules_for(request.action()) else {
        return Decision::invalid(InvalidRequest::other_policy());
    };
    scratch.start(policy);
    let mut evaluator = Evaluator { world, scratch, notes: mode == Mode::Full };
    match mode {
        Mode::Effect => evaluator.decide_effect(rules),
        Mode::Full => evaluator.decide_in_full(rules),
    }
}

impl Decision {
    /// The denial of a request that does not fit the policy.
    pub fn invalid(error: InvalidRequest) -> Self {
        Self { reason: Some(Reason::Invalid(error)), ..blank(Effect::Deny) }
    }
}

fn blank(effect: Effect) -> Decision {
    Decision {
        effect,
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

/// A deny rule that fired.
#[derive(Clone, Copy)]
struct Fired {
    rule: RuleId,
    /// True or unknown.
    truth: Truth,
    /// Whether one of the allow rules that override it fires: false when none does and none could.
    overridden: Truth,
}

impl<'a> Evaluator<'a, '_> {
    fn decide_effect(&mut self, rules: &'a ActionRules) -> Decision {
        let mut decision = blank(self.effect(rules));
        if decision.effect == Effect::Allow {
            decision.obligations = self.firing_allows(rules).1;
        }
        decision
    }

    /// The effect alone; stops as soon as it is settled.
    fn effect(&mut self, rules: &'a ActionRules) -> Effect {
        let mut overridden_any = false;
        for deny in &rules.denies {
            if self.condition(*deny) == Truth::False {
                continue;
            }
            if self.overridden(rules, *deny) != Truth::True {
                return Effect::Deny;
            }
            overridden_any = true;
        }
        // An override is an allow rule that fires.
        if overridden_any || rules.allows.iter().any(|allow| self.allow_truth(*allow) == Truth::True) {
            Effect::Allow
        } else {
            Effect::Deny
        }
    }

    fn decide_in_full(&mut self, rules: &'a ActionRules) -> Decision {
        let fired = self.fired_denies(rules);
        let standing: Vec<Fired> = fired.iter().copied().filter(|deny| deny.overridden != Truth::True).collect();
        let mut decision = if standing.is_empty() { self.allowed(rules) } else { None }
            .unwrap_or_else(|| self.denied(rules, &standing));
        decision.overridden =
            fired.iter().filter(|deny| deny.overridden == Truth::True).map(|deny| deny.rule).collect();
        decision.audit = rules.audits.iter().copied().filter(|rule| self.would_fire(*rule)).collect();
        if decision.effect == Effect::Deny {
            decision.challenge = self.challenge(rules);
        }
        decision.valid_until = self.scratch.flip;
        decision.depends_on = self.scratch.take_facts();
        decision
    }

    fn fired_denies(&mut self, rules: &'a ActionRules) -> Vec<Fired> {
        let mut fired = Vec::new();
        for rule in rules.denies.iter().copied() {
            let truth = self.condition(rule);
            if truth != Truth::False {
                fired.push(Fired { rule, truth, overridden: self.overridden(rules, rule) });
            }
        }
        fired
    }

    /// The decision when no deny rule stands, unless no allow rule fires.
    fn allowed(&mut self, rules: &'a ActionRules) -> Option<Decision> {
        let (allows, obligations) = self.firing_allows(rules);
        (!allows.is_empty()).then(|| Decision { rules: allows, obligations, ..blank(Effect::Allow) })
    }

    fn denied(&mut self, rules: &'a ActionRules, standing: &[Fired]) -> Decision {
        let reason = if standing.iter().any(|deny| deny.truth == Truth::True) {
            Reason::Rule
        } else if standing.is_empty() {
            Reason::NoRule
        } else {
            Reason::Unknown
        };
        let unknown = self.unknown(rules, standing);
        let standing = standing.iter().map(|deny| deny.rule).collect();
        Decision { reason: Some(reason), rules: standing, unknown, ..blank(Effect::Deny) }
    }

    /// What could change the denial if it were known: nothing, when a deny rule is true and no override of it is open.
    fn unknown(&mut self, rules: &'a ActionRules, standing: &[Fired]) -> Vec<Unknown> {
        if standing.iter().any(|deny| deny.truth == Truth::True && deny.overridden == Truth::False) {
            return Vec::new();
        }
        let truths: Vec<_> = rules.allows.iter().map(|allow| (*allow, self.allow_truth(*allow))).collect();
        let no_allow_fires = truths.iter().all(|(_, truth)| *truth != Truth::True);
        let overrides = |allow: RuleId| standing.iter().any(|deny| self.overriders(deny.rule).contains(&allow));
        let open: Vec<RuleId> = truths
            .into_iter()
            .filter(|(allow, truth)| *truth == Truth::Unknown && (no_allow_fires || overrides(*allow)))
            .map(|(allow, _)| allow)
            .collect();
        if no_allow_fires && open.is_empty() {
            return Vec::new();
        }
        let mut found = BTreeSet::new();
        for deny in standing.iter().filter(|deny| deny.truth == Truth::Unknown) {
            if let Some(rule) = self.rule(deny.rule) {
                self.leaves(rule.condition, &mut found);
            }
        }
        for allow in open {
            self.allow_leaves(allow, &mut found);
        }
        found.into_iter().collect()
    }

    fn allow_leaves(&mut self, allow: RuleId, found: &mut BTreeSet<Unknown>) {
        let Some(rule) = self.rule(allow) else {
            return;
        };
        self.leaves(rule.condition, found);
        for arg in rule.duties.iter().flat_map(|duty| &duty.args) {
            self.argument_leaves(*arg, found);
        }
    }

    fn rule(&self, id: RuleId) -> Option<&'a Rule> {
        self.world.policy.rules.get(id.index())
    }

    fn condition(&mut self, id: RuleId) -> Truth {
        self.rule(id).map_or(Truth::Unknown, |rule| self.truth(rule.condition))
    }

    /// Whether an allow rule fires: its condition, and that every argument of its obligations is a value in which
    /// nothing is unknown.
    fn allow_truth(&mut self, id: RuleId) -> Truth {
        let Some(rule) = self.rule(id) else {
            return Truth::Unknown;
        };
        let mut truth = self.truth(rule.condition);
        for arg in rule.duties.iter().flat_map(|duty| &duty.args) {
            if truth == Truth::False {
                break;
            }
            truth = truth.and(match self.datum(*arg) {
                Datum::Unknown => Truth::Unknown,
                Datum::Absent => Truth::False,
                Datum::Value(value) if value.is_wholly_known() => Truth::True,
                Datum::Value(_) => Truth::Unknown,
            });
        }
        truth
    }

    fn would_fire(&mut self, id: RuleId) -> bool {
        match self.rule(id).map(|rule| rule.effect) {
            Some(Effect::Deny) => self.condition(id) != Truth::False,
            Some(Effect::Allow) => self.allow_truth(id) == Truth::True,
            None => false,
        }
    }

    fn overriders(&self, deny: RuleId) -> &'a [RuleId] {
        self.world.policy.derived.overriders.get(deny.index()).map_or(&[], |allows| allows)
    }

    /// Whether an allow rule of the action that overrides this deny rule fires.
    fn overridden(&mut self, rules: &ActionRules, deny: RuleId) -> Truth {
        let mut truth = Truth::False;
        for allow in self.overriders(deny) {
            if rules.allows.binary_search(allow).is_ok() {
                truth = truth.or(self.allow_truth(*allow));
            }
            if truth == Truth::True {
                break;
            }
        }
        truth
    }

    /// The allow rules that fire and what they oblige to.
    fn firing_allows(&mut self, rules: &'a ActionRules) -> (Vec<RuleId>, Vec<Duty>) {
        let (mut allows, mut duties) = (Vec::new(), Vec::new());
        for allow in rules.allows.iter().copied() {
            if self.allow_truth(allow) == Truth::True {
                allows.push(allow);
                let templates = self.rule(allow).into_iter().flat_map(|rule| &rule.duties);
                duties.extend(templates.map(|duty| self.duty(duty)));
            }
        }
        (allows, duties)
    }

    fn duty(&mut self, duty: &DutyTemplate) -> Duty {
        let args = duty.args.iter().filter_map(|arg| self.datum(*arg).into_value()).collect();
        Duty { obligation: duty.obligation, args }
    }
}
