//! Where each rule is filed, as whoever compiled the policy chose.
//!
//! Choosing weighs all guards of all rules of a division, and is most of the work of an index. So it is done once, and a
//! compiled policy says what was chosen: for every division that is divided further, in the order in which divisions are made,
//! for every rule of it, the conjunct by which it is filed. Whoever loads the policy files each rule under the places that
//! this conjunct of its own has, which it works out itself, and refuses what names a conjunct that the rule cannot be filed
//! by. So a plan that lies costs time, within the bounds of the index, and never leaves a rule out.

use super::guard::USABLE_MAX;
use crate::id::RuleId;

/// A choice: no conjunct; the rule is always looked at.
pub(crate) const LOOSE: u8 = USABLE_MAX;

/// Rules one after the other that are filed alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    /// The position of a conjunct, below [`USABLE_MAX`], or [`LOOSE`].
    pub by: u8,
    /// How many rules there are, at least one.
    pub rules: u32,
}

/// By what rules are filed, and in which order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Plan {
    /// The choices for all divisions one after the other; neighbouring runs differ.
    pub runs: Vec<Run>,
    /// The rules of each tree that is divided, one tree's after the other's: those of one place side by side, in every
    /// division, as far as rules have one place each.
    pub order: Vec<RuleId>,
}

impl Plan {
    /// Adds what was chosen for the next rule.
    #[cfg(feature = "build")]
    pub fn push(&mut self, by: u8) {
        match self.runs.last_mut() {
            Some(run) if run.by == by => run.rules = run.rules.saturating_add(1),
            _ => self.runs.push(Run { by, rules: 1 }),
        }
    }
}

/// How far a plan was followed.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Followed {
    /// The run that is followed, and how many of its rules were.
    run: usize,
    rules: u32,
    /// How many rules of the order were filed.
    ordered: usize,
}

impl Followed {
    /// What was chosen for the next rules, of which at most so many are asked for, if anything was.
    #[inline]
    pub fn next(&mut self, plan: &Plan, most: usize) -> Option<Run> {
        let mut run = plan.runs.get(self.run)?;
        if self.rules >= run.rules {
            (self.run, self.rules) = (self.run + 1, 0);
            run = plan.runs.get(self.run)?;
        }
        let rules = (run.rules - self.rules).min(super::count(most));
        self.rules += rules;
        Some(Run { by: run.by, rules })
    }

    /// The rules of the next tree, which has so many.
    pub fn next_tree<'p>(&mut self, plan: &'p Plan, rules: usize) -> Option<&'p [RuleId]> {
        let end = self.ordered.checked_add(rules)?;
        let next = plan.order.get(self.ordered..end)?;
        self.ordered = end;
        Some(next)
    }

    /// Whether the plan says no more.
    pub fn is_end(self, plan: &Plan) -> bool {
        self.ordered == plan.order.len() && self.is_end_of_runs(plan)
    }

    fn is_end_of_runs(self, plan: &Plan) -> bool {
        match plan.runs.get(self.run) {
            Some(run) => self.rules >= run.rules && self.run + 1 == plan.runs.len(),
            None => plan.runs.is_empty(),
        }
    }
}

#[cfg(all(test, feature = "build"))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail by panicking")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn choices_come_back(choices in proptest::collection::vec(0..3_u8, 0..40), most in 1..9_usize) {
            let (mut plan, mut followed) = (Plan::default(), Followed::default());
            choices.iter().for_each(|by| plan.push(*by));
            prop_assert!(plan.runs.windows(2).all(|pair| pair[0].by != pair[1].by));
            let mut rest = &choices[..];
            while !rest.is_empty() {
                prop_assert!(!followed.is_end(&plan));
                let run = followed.next(&plan, most.min(rest.len())).unwrap();
                let (now, later) = rest.split_at(run.rules as usize);
                prop_assert!(!now.is_empty() && now.len() <= most && now.iter().all(|by| *by == run.by));
                rest = later;
            }
            prop_assert!(followed.is_end(&plan));
            prop_assert_eq!(followed.next(&plan, most), None);
        }
    }
}
