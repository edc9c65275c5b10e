//! What a decision takes at most.
//!
//! A *step* is one node computed or recalled, one element of a collection gone through or compared, one parent followed on
//! the way up from an entity, one entry of the index looked at or compared, one rule looked at because it overrides another
//! or is overridden; an entity of the store counts once, with all
//! that lies above it there, which was worked out beforehand. Work on one text (comparing, matching, hashing) is one step:
//! it is linear in at most [`string_bytes_max`](crate::Limits::string_bytes_max) bytes. Reading the request is bounded by
//! its own size and not counted, nor are texts for people.
//!
//! The bound is for a decision in full, at the policy's limits: every collection has `elements_max` elements, every request
//! describes `request_entities_max` entities with as many parents each, every rule is a candidate, nothing ends early, and
//! what was unknown is looked for in every rule. Sums saturate.

mod tally;
mod weigh;

#[cfg(all(test, feature = "build"))]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::{ActionRules, Policy, Rule};
use crate::id::{ActionId, NodeId, RuleId};
use crate::index::Traversal;

use tally::Tally;
use weigh::{Weight, look_through, weigh};

/// What a decision takes at most, in steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cost {
    /// The steps of a decision on the action that can take most.
    pub steps: u64,
    /// That action; none in a policy without actions.
    pub action: Option<ActionId>,
    /// Its rules with the steps that each would take alone, most first. Their sum can be greater than all steps, because
    /// rules share tests, or smaller, because finding them takes steps too.
    pub rules: Vec<(RuleId, u64)>,
}

impl Policy {
    /// The greatest number of steps that a decision in full takes at the policy's limits, challenge included.
    ///
    /// A step is one node computed or recalled, one element of a collection gone through, one parent followed, one entry of
    /// the index looked at, one rule looked at for what it overrides. A bound for every request, usually far above what any takes; [`u64::MAX`] means that the number
    /// is beyond counting.
    ///
    /// ```
    /// # fn look(policy: &zt_eval::Policy) {
    /// let cost = policy.cost();
    /// for (rule, steps) in cost.rules.iter().take(3) {
    ///     let name = policy.rule(*rule).map_or("", |rule| &rule.name);
    ///     println!("{name}: {steps} of {}", cost.steps);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn cost(&self) -> Cost {
        let (weights, climb) = weigh(self);
        let mut scale = Costing { policy: self, climb, weights: &weights, tally: Tally::new(self, &weights) };
        // Actions often have the same rules.
        let mut known: HashSet<[*const [RuleId]; 3]> = HashSet::new();
        let mut worst: Option<(u64, ActionId)> = None;
        for (action, rules) in self.actions.iter().enumerate() {
            let action = ActionId::new(action);
            if !known.insert(rules.lists().map(Arc::as_ptr)) {
                continue;
            }
            let steps = scale.of_action(action, rules);
            if worst.is_none_or(|(most, _)| steps > most) {
                worst = Some((steps, action));
            }
        }
        let Some((steps, action)) = worst else {
            return Cost { steps: 0, action: None, rules: Vec::new() };
        };
        let mut rules = scale.of_rules(action);
        rules.sort_by_key(|(rule, steps)| (std::cmp::Reverse(*steps), *rule));
        Cost { steps, action: Some(action), rules }
    }
}

/// Adds up runs: a decision is one in full and, for the challenge, some that stop at the effect.
struct Costing<'p> {
    policy: &'p Policy,
    climb: u64,
    weights: &'p [Weight],
    tally: Tally<'p>,
}

/// What finding the candidates takes, and how often each rule can be one.
#[derive(Default)]
struct Search {
    full: Traversal,
    effect: Traversal,
}

/// Nodes that are read so many times, and steps beside these reads.
#[derive(Default)]
struct Reads {
    nodes: Vec<(NodeId, u64)>,
    steps: u64,
}

impl Reads {
    fn add_steps(&mut self, times: u64, steps: u64) {
        self.steps = self.steps.saturating_add(times.saturating_mul(steps));
    }
}

impl Costing<'_> {
    fn of_action(&mut self, action: ActionId, rules: &ActionRules) -> u64 {
        let search = self.search(action);
        let (mut full, mut effect) = (self.looked_up(&search.full), self.looked_up(&search.effect));
        let every: Vec<RuleId> = rules.all().copied().collect();
        for rule in &every {
            self.add_rule(*rule, rules, &search.effect.entries, &mut full, &mut effect);
        }
        self.sum(action, &full, &effect)
    }

    fn of_rules(&mut self, action: ActionId) -> Vec<(RuleId, u64)> {
        let Some(rules) = self.policy.rules_for(action) else { return Vec::new() };
        let entries = self.search(action).effect.entries;
        let every: Vec<RuleId> = rules.all().copied().collect();
        let steps = |rule: RuleId| {
            let (mut full, mut effect) = (Reads::default(), Reads::default());
            self.add_rule(rule, rules, &entries, &mut full, &mut effect);
            (rule, self.sum(action, &full, &effect))
        };
        every.into_iter().map(steps).collect()
    }

    fn sum(&mut self, action: ActionId, full: &Reads, effect: &Reads) -> u64 {
        let first = self.tally.steps(&full.nodes, true).saturating_add(full.steps);
        let runs = self.challenge_runs(action);
        if runs == 0 {
            return first;
        }
        let each = self.tally.steps(&effect.nodes, false).saturating_add(effect.steps);
        first.saturating_add(each.saturating_mul(runs))
    }

    /// One with all step-ups; then passes that drop one each, until the last has none left to drop.
    fn challenge_runs(&self, action: ActionId) -> u64 {
        if self.policy.derived.steps_up.get(action.index()) != Some(&true) {
            return 0;
        }
        let renewable =
            self.policy.schema.context.iter().filter(|attribute| attribute.step_up.is_some()).count() as u64;
        1 + renewable.saturating_mul(renewable + 1) / 2
    }

    /// In full, allow rules are looked for once to grant access and once more to say what was unknown.
    fn search(&self, action: ActionId) -> Search {
        let index = &self.policy.derived.index;
        let trees = index.trees(action.index());
        let mut search = Search::default();
        let kinds = [(trees.denies, 1, 1), (trees.duties, 2, 1), (trees.allows, 2, 1), (trees.audits, 1, 0)];
        for (tree, in_full, in_effect) in kinds {
            let mut traversal = Traversal::default();
            index.traverse(tree, &mut traversal);
            search.full.add(&traversal, in_full);
            search.effect.add(&traversal, in_effect);
        }
        search
    }

    fn looked_up(&self, traversal: &Traversal) -> Reads {
        let index = &self.policy.derived.index;
        let mut reads = Reads { nodes: traversal.slots.clone(), steps: traversal.steps };
        for number in &traversal.lookups {
            let Some(lookup) = index.lookup(*number) else { continue };
            let elements = self.weights.get(lookup.slot.index()).map_or(0, |weight| weight.size.elements);
            let climb = if lookup.is_hierarchy() { self.climb } else { 0 };
            reads.nodes.push((lookup.slot, 1));
            reads.add_steps(1, elements.saturating_add(climb).saturating_add(index.found_max(*number)));
        }
        reads
    }

    fn add_rule(
        &self,
        id: RuleId,
        of_action: &ActionRules,
        entries: &BTreeMap<RuleId, u64>,
        full: &mut Reads,
        effect: &mut Reads,
    ) {
        let Some(rule) = self.policy.rule(id) else { return };
        let times = |rule: &RuleId| entries.get(rule).copied().unwrap_or(0);
        let conjuncts = self.policy.conjuncts(id);
        let read = |reads: &mut Reads, times: u64| reads.nodes.extend(conjuncts.iter().map(|node| (*node, times)));
        if rule.audit || of_action.denies.binary_search(&id).is_ok() {
            read(full, 1);
            self.add_args(rule, 1, full);
            if !rule.audit {
                full.nodes.push((rule.condition, 1));
                read(effect, times(&id));
                // Those of other actions are looked at, too.
                let overriders = self.policy.derived.overriders.get(id.index()).map_or(0, |allows| allows.len() as u64);
                full.add_steps(1, overriders);
                effect.add_steps(times(&id), overriders);
            }
            return;
        }
        let overridden = rule.extras.overrides.iter().filter(|deny| of_action.denies.binary_search(deny).is_ok());
        let (count, tried) = overridden.fold((0_u64, 0_u64), |(count, tried), deny| (count + 1, tried + times(deny)));
        read(full, 2);
        full.nodes.push((rule.condition, count + 1));
        // Each is looked for among the denials that stand.
        full.add_steps(1, rule.extras.overrides.len() as u64);
        // As often as the condition, once to oblige, once to say what is unknown in them.
        self.add_args(rule, count + 4, full);
        read(effect, times(&id));
        effect.nodes.push((rule.condition, tried));
        self.add_args(rule, times(&id) + tried, effect);
    }

    fn add_args(&self, rule: &Rule, times: u64, reads: &mut Reads) {
        for arg in rule.extras.duties.iter().flat_map(|duty| &duty.args) {
            let weight = self.weights.get(arg.index()).copied().unwrap_or_default();
            reads.nodes.push((*arg, times));
            reads.add_steps(times, look_through(weight));
            reads.add_steps(1, weight.trail);
        }
    }
}
