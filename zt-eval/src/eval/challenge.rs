//! Which step-ups would lead to allow.
//!
//! From all of them, those are dropped in declared order without which access is still granted, until none more can be:
//! what remains is enough, and none of it can be spared.

use super::evaluator::Evaluator;
use crate::decision::{Challenge, Decision};
use crate::facts::World;
use crate::graph::{ActionRules, Effect};
use crate::index::Trees;
use crate::schema::{Attribute, Freshness};

impl<'a> Evaluator<'a, '_> {
    pub(super) fn challenge(&mut self, rules: &'a ActionRules, trees: Trees, decision: &mut Decision) {
        let action = self.world.request.action().index();
        if self.world.policy.derived.steps_up.get(action) != Some(&true) {
            return;
        }
        let mut granted = std::mem::take(&mut self.scratch.granted);
        granted.clear();
        let context = &self.world.policy.schema.context;
        granted.extend(context.iter().map(|attribute| attribute.step_up.is_some()));
        if self.allows_with(rules, trees, &granted) {
            while self.drop_needless(rules, trees, &mut granted) {}
            let attributes = (0u32..).zip(context).zip(&granted).filter(|(_, granted)| **granted);
            decision.challenge.extend(attributes.filter_map(|((at, attribute), _)| challenge_for(at, attribute)));
        }
        self.scratch.granted = granted;
    }

    /// One pass; whether it dropped any.
    fn drop_needless(&mut self, rules: &'a ActionRules, trees: Trees, granted: &mut [bool]) -> bool {
        let mut dropped = false;
        for at in 0..granted.len() {
            let was_granted = granted.get_mut(at).is_some_and(std::mem::take);
            if !was_granted {
                continue;
            }
            let is_needless = self.allows_with(rules, trees, granted);
            dropped |= is_needless;
            if let Some(step_up) = granted.get_mut(at) {
                *step_up = !is_needless;
            }
        }
        dropped
    }

    /// Whether access is granted once these step-ups are done.
    fn allows_with(&mut self, rules: &'a ActionRules, trees: Trees, granted: &[bool]) -> bool {
        self.scratch.restart();
        let world: World<'_> = World { granted, ..self.world };
        let asked = [*self.subject, *self.resource];
        Evaluator::new(world, self.join, &asked, &mut *self.scratch, self.notes).effect(rules, trees) == Effect::Allow
    }
}

fn challenge_for(attribute: u32, declared: &Attribute) -> Option<Challenge> {
    let ages = declared.freshness.iter().filter_map(|bound| match bound {
        Freshness::Since { age, .. } => Some(*age),
        Freshness::Until { .. } => None,
    });
    Some(Challenge { attribute, acr: declared.step_up.as_ref()?.acr.clone(), max_age: ages.min() })
}
