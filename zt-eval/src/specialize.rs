//! Partial evaluation: what remains to be decided when only a part of a request is known.
//!
//! *Not known yet* is not *missing*. A [`Partial`] request says for every place whether it is open, that is to be said later,
//! or settled: known, known to be absent, or known to be missing. [`Policy::specialize`] folds what is settled into the
//! rules, and the [`Residual`] is a policy of the same declarations that decides the rest. [`Residual::complete`] puts what
//! was known together with what is said later; on the request that comes of it the residual decides as the whole policy
//! does on the same request:
//!
//! * `effect`, `reason`, `overridden`, `audit`, `obligations`, `challenge` and `rules` are equal, rules by name and place;
//! * `unknown` names the same facts; only the text of an operation without an exact result shows what is now a constant;
//! * `valid_until` is a bound on the same decision. It may lie later than the whole policy's, since what was folded is no
//!   longer consulted;
//! * `depends_on` lacks what was folded.
//!
//! Three things are never folded, since what they give is not settled: evidence that freshness bounds and comparisons with
//! `now`, unless they are the same at every instant from [`Partial::not_before`] on; attributes that the subject can renew;
//! and attributes that are sensitive, since a residual can be read. They stay to be read, and the residual carries their
//! evidence. So do records and maps, of which only the parts are folded, and parameters.

mod evidence;
mod expression;
mod fold;
mod join;
mod literal;
mod partial;
mod rebuild;
mod source;
mod view;

use std::error::Error;
use std::fmt;

use crate::Truth;
use crate::graph::build::{BuildError, Builder};
use crate::graph::{DutyTemplate, Effect, Policy, Rule};
use crate::id::{ActionId, RuleId};
use crate::request::InvalidRequest;
use crate::store::Store;
use crate::value::Datum;

pub use partial::{NoSuchPart, Partial};
pub use source::NotWritable;

use evidence::Evidence;
use fold::Fold;

/// What becomes of conditions that are surely unknown, because evidence is known to be missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Missing {
    /// They stay: the residual's decision gives the same reason, and names what was unknown as far as it still matters.
    #[default]
    Kept,
    /// They are settled as rules settle them: false in an allow rule, true in a deny rule. The same rules fire; but a deny
    /// rule that could not be ruled out counts as true, and decisions name nothing as unknown that was known to be missing.
    Settled,
}

/// What is left of a policy once a part of a request is known.
#[derive(Clone, Debug)]
pub struct Residual {
    policy: Policy,
    partial: Partial,
}

impl Policy {
    /// What remains to be decided for an action once a part of a request is known, with the entities of a store.
    ///
    /// The residual holds for this store, and for requests of the partial request's action; every other is denied.
    ///
    /// ```
    /// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
    /// #             allow readers: read  deny held: read when resource.held";
    /// # let mut sources = zt_lang::Sources::new();
    /// # sources.add("papers.zt", text.as_bytes());
    /// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
    /// use zt_eval::Store;
    /// use zt_eval::specialize::{Missing, Partial};
    ///
    /// let known = br#"{"subject": {"type": "User", "id": "ann"}, "action": {"name": "read"}}"#;
    /// let residual = policy.specialize(&Partial::from_json(&policy, known)?, &Store::empty(), Missing::Kept)?;
    /// assert_eq!(residual.effect(), None, "which paper is not known yet");
    /// assert!(residual.to_source()?.ends_with("deny held: read\n  when resource.held\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the partial request was made for another policy, the store was read for another one, or what is known is not a
    /// valid request.
    pub fn specialize(&self, partial: &Partial, store: &Store, missing: Missing) -> Result<Residual, SpecializeError> {
        if !partial.is_for(self) {
            return Err(SpecializeError(Problem::Invalid(InvalidRequest::other_policy())));
        }
        store.check_fits(&self.schema).map_err(Problem::Invalid)?;
        let evidence = Evidence::new(self, store, partial).map_err(Problem::Invalid)?;
        let mut builder =
            Builder::new(self.schema.clone(), self.limits.clone(), self.clock_skew, &self.name, &self.compiler);
        let mut rules = Rules { fold: Fold::new(&evidence, &mut builder), missing, kept: Vec::new() };
        rules.all(partial.action());
        let kept = std::mem::take(&mut rules.kept);
        let numbers: Vec<RuleId> = kept.iter().map(|(old, _)| *old).collect();
        for (_, mut rule) in kept {
            if !rule.extras.overrides.is_empty() {
                rule.extras.overrides = renumbered(&rule.extras.overrides, &numbers);
            }
            builder.add_rule(rule, &[partial.action()]);
        }
        let policy = builder.finish().map_err(Problem::Build)?;
        Ok(Residual { policy, partial: partial.clone() })
    }
}

/// Rules by their new ids; those that are gone are left out.
fn renumbered(old: &[RuleId], numbers: &[RuleId]) -> Vec<RuleId> {
    old.iter().filter_map(|rule| numbers.binary_search(rule).ok()).map(RuleId::new).collect()
}

/// The rules of one action, one after the other.
struct Rules<'f, 'a, 'b> {
    fold: Fold<'f, 'a, 'b>,
    missing: Missing,
    /// What is kept, with the ids that they had, in order.
    kept: Vec<(RuleId, Rule)>,
}

impl Rules<'_, '_, '_> {
    fn all(&mut self, action: ActionId) {
        let policy = self.fold.policy();
        let Some(rules) = policy.rules_for(action) else { return };
        let mut ids: Vec<RuleId> = rules.all().copied().collect();
        ids.sort_unstable();
        for id in ids {
            if let Some(rule) = policy.rule(id)
                && let Some(rest) = self.rule(rule)
            {
                self.kept.push((id, rest));
            }
        }
    }

    /// What is left of a rule; nothing of one that surely does not fire.
    fn rule(&mut self, rule: &Rule) -> Option<Rule> {
        let settles = self.missing == Missing::Settled;
        let truth = self.fold.truth(rule.condition);
        let is_idle = match (rule.effect, truth) {
            (_, Some(Truth::False)) => true,
            (Effect::Allow, Some(Truth::Unknown)) => settles,
            _ => false,
        };
        if is_idle {
            return None;
        }
        let mut duties = Vec::with_capacity(rule.extras.duties.len());
        for duty in &rule.extras.duties {
            let mut args = Vec::with_capacity(duty.args.len());
            for arg in &duty.args {
                let folded = self.fold.fold(*arg);
                match folded.known {
                    // Without an argument there is no obligation, and so no access.
                    Some(Datum::Absent) => return None,
                    Some(Datum::Unknown) if settles => return None,
                    Some(Datum::Value(value)) if settles && !value.is_wholly_known() => return None,
                    _ => args.push(folded.node?),
                }
            }
            duties.push(DutyTemplate { obligation: duty.obligation, args: args.into() });
        }
        let condition = if settles {
            self.fold.settle(rule.condition, rule.effect == Effect::Allow)?
        } else {
            self.fold.fold(rule.condition).node?
        };
        if self.fold.is_false(condition) {
            return None;
        }
        let mut rest = Rule { condition, ..rule.clone() };
        if !duties.is_empty() {
            rest.extras.duties = duties;
        }
        Some(rest)
    }
}

impl Residual {
    /// The policy that decides the rest.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What was known.
    #[must_use]
    pub fn partial(&self) -> &Partial {
        &self.partial
    }

    /// The effect, if it is the same whatever the rest is.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        let policy = &self.policy;
        let rules = policy.rules_for(self.partial.action())?;
        let is_sure = |rule: &RuleId| policy.constant_condition(*rule) == Some(true);
        let has_no_override =
            |rule: &RuleId| policy.derived.overriders.get(rule.index()).is_none_or(|all| all.is_empty());
        if rules.allows.is_empty() || rules.denies.iter().any(|deny| is_sure(deny) && has_no_override(deny)) {
            return Some(Effect::Deny);
        }
        let duties_are_sure = |rule: &RuleId| {
            let duties = policy.rule(*rule).into_iter().flat_map(|rule| &rule.extras.duties);
            duties.flat_map(|duty| &duty.args).all(|arg| policy.constant_of(*arg).is_some())
        };
        let grants =
            rules.denies.is_empty() && rules.allows.iter().any(|allow| is_sure(allow) && duties_are_sure(allow));
        grants.then_some(Effect::Allow)
    }
}

/// Why there is no residual.
#[derive(Clone, PartialEq, Debug)]
pub struct SpecializeError(Problem);

#[derive(Clone, PartialEq, Debug)]
enum Problem {
    Invalid(InvalidRequest),
    Build(BuildError),
}

impl From<Problem> for SpecializeError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for SpecializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Invalid(error) => error.fmt(f),
            Problem::Build(error) => error.fmt(f),
        }
    }
}

impl Error for SpecializeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Problem::Invalid(error) => Some(error),
            Problem::Build(error) => Some(error),
        }
    }
}
