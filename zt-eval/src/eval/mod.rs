//! How a policy decides.
//!
//! A deny rule fires when its condition is true or unknown, an allow rule only when it is true and every argument of its
//! obligations is known. The effect is allow when an allow rule fires and no deny rule does that none of them overrides.
//! Nothing here reads evidence but through [`World`], and nothing fails: whatever cannot be known is unknown.

mod apply;
mod asked;
mod candidates;
mod challenge;
mod clock;
mod evaluator;
mod explain;
mod hierarchy;
mod leaves;
mod operand;
mod paths;
mod quantified;
mod scratch;
mod unknowns;

#[cfg(all(test, feature = "build"))]
pub(crate) mod tests;

use std::ops::ControlFlow;

use arrayvec::ArrayVec;

#[cfg(feature = "build")]
pub(crate) use apply::apply;
pub(crate) use apply::{compare_values, test};
pub(crate) use asked::{Asked, Whole};
pub use explain::{Explanation, RuleTrace, Shown, Trace, explain};
pub(crate) use operand::Operand;
pub(crate) use scratch::LEVELS_MAX;
pub use scratch::Scratch;

use crate::Truth;
use crate::decision::{Decision, Duty, Mode, Reason};
use crate::facts::World;
use crate::graph::{ActionRules, Derived, DutyTemplate, Effect, Policy, Rule, short};
use crate::id::RuleId;
use crate::index::{Join, Trees};
use crate::request::{InvalidRequest, Request};
use crate::store::Store;
use crate::value::{Datum, Timestamp};

use candidates::{Candidate, Want};
use evaluator::Evaluator;

/// Decides a request at an instant.
///
/// Works out how the store's entities lie to the policy for this one decision; a [`Snapshot`](crate::pdp::Snapshot) does so
/// once. The store must have been read for this policy (a snapshot sees to it); with entities of other declarations the
/// decision means nothing, though it is still made. A request that was bound for another policy is denied as invalid.
pub fn decide(
    policy: &Policy,
    store: &Store,
    request: &Request,
    now: Option<Timestamp>,
    mode: Mode,
    scratch: &mut Scratch,
) -> Decision {
    let join = Join::of(&policy.derived.index.anchors, store);
    let world = World { policy, store, request, now, granted: &[] };
    let mut decision = Decision::default();
    decide_in(world, &join, mode, scratch, &mut decision);
    decision
}

/// Decides into a decision that was used before.
pub(crate) fn decide_in<'a>(
    world: World<'a>,
    join: &'a Join,
    mode: Mode,
    scratch: &mut Scratch,
    decision: &mut Decision,
) {
    match world.check_using(&mut scratch.cycles) {
        Ok(()) => decide_checked(world, join, &asked::asked(&world, join), mode, scratch, decision),
        Err(error) => {
            scratch.reuse(decision);
            decision.reason = Some(Reason::Invalid(error));
        }
    }
}

/// The same of a world that was [checked](World::check), and of whose subject and resource it is known what is said of them.
#[inline(always)]
pub(crate) fn decide_checked<'a>(
    world: World<'a>,
    join: &'a Join,
    asked: &[Asked<'a>; 2],
    mode: Mode,
    scratch: &mut Scratch,
    decision: &mut Decision,
) {
    scratch.reuse(decision);
    let action = world.request.action();
    let Some(rules) = world.policy.rules_for(action) else {
        decision.reason = Some(Reason::Invalid(InvalidRequest::other_policy()));
        return;
    };
    let notes = mode == Mode::Full;
    scratch.start(world.policy, notes);
    let mut evaluator = Evaluator::new(world, join, asked, scratch, notes);
    if world.policy.derived.held.is_empty() {
        evaluator.decide(rules, decision);
    } else {
        evaluator.decide_holding(rules, decision);
    }
}

impl Decision {
    /// The denial of a request that does not fit the policy.
    pub fn invalid(error: InvalidRequest) -> Self {
        Self { reason: Some(Reason::Invalid(error)), ..Self::default() }
    }
}

/// A deny rule that fired.
#[derive(Clone, Copy, Debug)]
struct Fired {
    rule: RuleId,
    /// True or unknown.
    truth: Truth,
    /// Whether one of the allow rules that override it fires: false when none does and none could.
    overridden: Truth,
}

impl Fired {
    /// Whether no rule that fires overrides it.
    fn stands(&self) -> bool {
        self.overridden != Truth::True
    }
}

impl<'a, 's> Evaluator<'a, 's> {
    #[inline(always)]
    fn new(world: World<'a>, join: &'a Join, asked: &'s [Asked<'a>; 2], scratch: &'s mut Scratch, notes: bool) -> Self {
        let [subject, resource] = asked;
        let derived = &world.policy.derived;
        let short = if scratch.keeps_all() { &short::NONE } else { &derived.short };
        let bindings = ArrayVec::new();
        Self { world, derived, short, join, subject, resource, scratch, held: &mut [], bindings, notes }
    }

    /// The same, with memory of what is borrowed.
    #[inline(never)]
    fn decide_holding(self, rules: &'a ActionRules, decision: &mut Decision) {
        let mut held = [const { None }; Derived::HELD_MAX];
        Evaluator { held: &mut held, ..self }.decide(rules, decision);
    }

    #[inline(never)]
    fn decide(&mut self, rules: &'a ActionRules, decision: &mut Decision) {
        let trees = self.derived.index.trees(self.world.request.action().index());
        match self.notes {
            false => self.decide_effect(rules, trees, decision),
            true => self.decide_in_full(rules, trees, decision),
        }
    }

    fn decide_effect(&mut self, rules: &'a ActionRules, trees: Trees, decision: &mut Decision) {
        let Some(overridden) = self.denies_settled(rules, trees) else {
            return;
        };
        if !self.derived.index.is_empty(trees.duties) {
            let obliging = self.candidates(&[trees.duties], Want::True);
            for found in &obliging {
                if self.allows(*found) {
                    decision.effect = Effect::Allow;
                    self.oblige(found.rule, decision);
                }
            }
            self.scratch.candidates = obliging;
        }
        // An override is an allow rule that fires.
        if decision.effect == Effect::Allow || overridden || self.any_holds(trees.allows) {
            decision.effect = Effect::Allow;
        }
    }

    /// The effect alone; stops as soon as it is settled.
    fn effect(&mut self, rules: &'a ActionRules, trees: Trees) -> Effect {
        match self.denies_settled(rules, trees) {
            None => Effect::Deny,
            Some(overridden) if overridden || self.any_holds(trees.allows) || self.any_obliges(trees.duties) => {
                Effect::Allow
            }
            Some(_) => Effect::Deny,
        }
    }

    /// Whether any deny rule fires and is overridden; `None` when one stands.
    fn denies_settled(&mut self, rules: &'a ActionRules, trees: Trees) -> Option<bool> {
        let mut overridden = false;
        if self.derived.index.is_empty(trees.denies) {
            return Some(false);
        }
        let flow = self.each_candidate(trees.denies, Want::NotFalse, &mut |this, found| {
            if this.candidate_truth(found, Want::NotFalse) == Truth::False {
                return ControlFlow::Continue(());
            }
            if this.overridden(rules, found.rule) != Truth::True {
                return ControlFlow::Break(());
            }
            overridden = true;
            ControlFlow::Continue(())
        });
        flow.is_continue().then_some(overridden)
    }

    /// Whether any allow rule of a division fires that obliges to nothing, so that its condition is all there is to it.
    fn any_holds(&mut self, division: u32) -> bool {
        let flow = self.each_candidate(division, Want::True, &mut |this, found| match this
            .candidate_truth(found, Want::True)
        {
            Truth::True => ControlFlow::Break(()),
            Truth::False | Truth::Unknown => ControlFlow::Continue(()),
        });
        flow.is_break()
    }

    /// Whether any allow rule of a division fires that obliges to something.
    fn any_obliges(&mut self, division: u32) -> bool {
        let flow = self.each_candidate(division, Want::True, &mut |this, found| match this.allows(found) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        flow.is_break()
    }

    /// Whether a candidate among the allow rules fires.
    fn allows(&mut self, found: Candidate) -> bool {
        let condition = self.candidate_truth(found, Want::True);
        condition == Truth::True && self.args_known(found.rule, condition) == Truth::True
    }

    #[inline(never)]
    fn decide_in_full(&mut self, rules: &'a ActionRules, trees: Trees, decision: &mut Decision) {
        let mut fired = std::mem::take(&mut self.scratch.fired);
        self.find_fired(rules, trees, &mut fired);
        let stands = fired.iter().any(Fired::stands);
        if stands || !self.allowed(trees, decision) {
            self.denied(trees, &fired, decision);
        }
        let overridden = fired.iter().filter(|deny| !deny.stands());
        decision.overridden.extend(overridden.map(|deny| deny.rule));
        self.scratch.fired = fired;
        self.find_audited(trees, decision);
        if decision.effect == Effect::Deny {
            self.challenge(rules, trees, decision);
        }
        decision.valid_until = self.scratch.flip;
        self.scratch.give_facts(&mut decision.depends_on);
    }

    /// The deny rules that fire, in source order.
    fn find_fired(&mut self, rules: &'a ActionRules, trees: Trees, fired: &mut Vec<Fired>) {
        fired.clear();
        let candidates = self.candidates(&[trees.denies], Want::NotFalse);
        for found in &candidates {
            let truth = self.candidate_truth(*found, Want::NotFalse);
            if truth != Truth::False {
                fired.push(Fired { rule: found.rule, truth, overridden: self.overridden(rules, found.rule) });
            }
        }
        self.scratch.candidates = candidates;
    }

    /// Whether any allow rule fires; the decision then has them and what they oblige to.
    fn allowed(&mut self, trees: Trees, decision: &mut Decision) -> bool {
        let candidates = self.candidates(&[trees.duties, trees.allows], Want::True);
        for found in &candidates {
            if self.allows(*found) {
                decision.rules.push(found.rule);
                self.oblige(found.rule, decision);
            }
        }
        self.scratch.candidates = candidates;
        if !decision.rules.is_empty() {
            decision.effect = Effect::Allow;
        }
        decision.effect == Effect::Allow
    }

    fn denied(&mut self, trees: Trees, fired: &[Fired], decision: &mut Decision) {
        let standing = || fired.iter().filter(|deny| deny.stands());
        decision.reason = Some(if standing().any(|deny| deny.truth == Truth::True) {
            Reason::Rule
        } else if standing().next().is_none() {
            Reason::NoRule
        } else {
            Reason::Unknown
        });
        decision.rules.extend(standing().map(|deny| deny.rule));
        // When a deny rule is true and no override of it is open, nothing that could be found out changes the denial.
        if !standing().any(|deny| deny.truth == Truth::True && deny.overridden == Truth::False) {
            self.find_unknown(trees, fired);
            self.scratch.unknowns.give(&mut decision.unknown);
        }
    }

    /// What could change the denial if it were known.
    fn find_unknown(&mut self, trees: Trees, fired: &[Fired]) {
        let mut open = std::mem::take(&mut self.scratch.open);
        self.find_allows(trees, &mut open);
        let no_allow_fires = open.iter().all(|(_, truth)| *truth != Truth::True);
        open.retain(|(allow, truth)| *truth == Truth::Unknown && (no_allow_fires || self.overrides(*allow, fired)));
        if !no_allow_fires || !open.is_empty() {
            for deny in fired.iter().filter(|deny| deny.stands() && deny.truth == Truth::Unknown) {
                if let Some(rule) = self.rule(deny.rule) {
                    self.leaves(rule.condition);
                }
            }
            open.iter().for_each(|(allow, _)| self.allow_leaves(*allow));
        }
        self.scratch.open = open;
    }

    /// The allow rules that could apply, in source order, with their truth.
    fn find_allows(&mut self, trees: Trees, allows: &mut Vec<(RuleId, Truth)>) {
        allows.clear();
        let candidates = self.candidates(&[trees.duties, trees.allows], Want::NotFalse);
        for found in &candidates {
            let condition = self.candidate_truth(*found, Want::NotFalse);
            allows.push((found.rule, self.args_known(found.rule, condition)));
        }
        self.scratch.candidates = candidates;
    }

    /// Whether an allow rule overrides a deny rule that stands.
    fn overrides(&self, allow: RuleId, fired: &[Fired]) -> bool {
        fired.iter().any(|deny| deny.stands() && self.overriders(deny.rule).contains(&allow))
    }

    fn allow_leaves(&mut self, allow: RuleId) {
        let Some(rule) = self.rule(allow) else {
            return;
        };
        self.leaves(rule.condition);
        for arg in rule.extras.duties.iter().flat_map(|duty| &duty.args) {
            self.argument_leaves(*arg);
        }
    }

    fn rule(&self, id: RuleId) -> Option<&'a Rule> {
        self.world.policy.rules.get(id.index())
    }

    /// What a rule obliges to.
    fn duties(&self, id: RuleId) -> &'a [DutyTemplate] {
        self.rule(id).map_or(&[], |rule| &rule.extras.duties)
    }

    fn condition(&mut self, id: RuleId) -> Truth {
        self.rule(id).map_or(Truth::Unknown, |rule| self.truth(rule.condition))
    }

    /// Whether an allow rule fires: its condition, and that every argument of its obligations is a value in which
    /// nothing is unknown.
    fn allow_truth(&mut self, id: RuleId) -> Truth {
        let condition = self.condition(id);
        self.args_known(id, condition)
    }

    /// The same, when the truth of the condition is known.
    fn args_known(&mut self, id: RuleId, condition: Truth) -> Truth {
        let mut truth = condition;
        for arg in self.duties(id).iter().flat_map(|duty| &duty.args) {
            if truth == Truth::False {
                break;
            }
            let arg = self.value(*arg);
            truth = truth.and(match arg.value() {
                Some(value) if value.is_wholly_known() => Truth::True,
                None if matches!(arg, Operand::Absent) => Truth::False,
                _ => Truth::Unknown,
            });
        }
        truth
    }

    /// The `audit` rules that would fire.
    fn find_audited(&mut self, trees: Trees, decision: &mut Decision) {
        let candidates = self.candidates(&[trees.audits], Want::NotFalse);
        for found in &candidates {
            let condition = self.candidate_truth(*found, Want::NotFalse);
            let fires = match self.rule(found.rule).map(|rule| rule.effect) {
                Some(Effect::Deny) => condition != Truth::False,
                Some(Effect::Allow) => self.args_known(found.rule, condition) == Truth::True,
                None => false,
            };
            if fires {
                decision.audit.push(found.rule);
            }
        }
        self.scratch.candidates = candidates;
    }

    fn overriders(&self, deny: RuleId) -> &'a [RuleId] {
        self.derived.overriders.get(deny.index()).map_or(&[], |allows| allows)
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

    /// Adds what a firing allow rule obliges to.
    fn oblige(&mut self, allow: RuleId, decision: &mut Decision) {
        for duty in self.duties(allow) {
            let duty = self.duty(duty);
            decision.obligations.push(duty);
        }
    }

    fn duty(&mut self, duty: &DutyTemplate) -> Duty {
        let mut args = self.scratch.spare_args();
        args.extend(duty.args.iter().filter_map(|arg| self.value(*arg).into_datum().into_value()));
        Duty { obligation: duty.obligation, args }
    }

    /// What a node gives, for those who keep it.
    fn datum(&mut self, id: crate::id::NodeId) -> Datum {
        self.value(id).into_datum()
    }
}
