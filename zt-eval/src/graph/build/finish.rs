//! From the builder's arenas to a policy that holds what its rules reach and nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{BuildError, Builder};
use crate::graph::validate::plan;
use crate::graph::{ActionRules, Effect, Node, Policy};
use crate::id::{ActionId, ConstId, NodeId, PatternId, RuleId, ZoneId};

impl Builder {
    /// The policy.
    ///
    /// # Errors
    ///
    /// When a limit is exceeded, or parts do not fit together, which is a compiler's mistake.
    pub fn finish(mut self) -> Result<Policy, BuildError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let Self { mut policy, rules, facts, nodes, consts, patterns, zones, .. } = self;
        // They are as large as the policy, and what follows needs room.
        drop((facts, nodes, consts, patterns, zones));
        policy.actions = rules.by_action(policy.schema.actions.len());
        let mut policy = compact(policy);
        plan(&mut policy).map_err(BuildError::invalid)?;
        policy.seal();
        Ok(policy)
    }
}

/// Rules by the actions that they are for. Rules for the same actions are kept together, and lists of rules that several
/// actions have are made once: a policy of many actions and many rules for any of them is no larger than their number.
#[derive(Default, Debug)]
pub(super) struct Groups {
    numbers: HashMap<Box<[ActionId]>, usize>,
    /// By group.
    rules: Vec<[Vec<RuleId>; 3]>,
}

impl Groups {
    /// Adds a rule, which comes after those added before.
    pub fn add(&mut self, rule: RuleId, effect: Effect, audit: bool, actions: &[ActionId]) {
        let group = match self.numbers.get(actions) {
            Some(group) => *group,
            None => {
                self.numbers.insert(actions.into(), self.rules.len());
                self.rules.push(Default::default());
                self.rules.len() - 1
            }
        };
        let Some([denies, allows, audits]) = self.rules.get_mut(group) else { return };
        let list = match (audit, effect) {
            (true, _) => audits,
            (false, Effect::Deny) => denies,
            (false, Effect::Allow) => allows,
        };
        list.push(rule);
    }

    fn by_action(self, count: usize) -> Vec<ActionRules> {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (actions, group) in &self.numbers {
            for action in actions {
                groups.get_mut(action.index()).into_iter().for_each(|groups| groups.push(*group));
            }
        }
        let mut known: HashMap<Vec<usize>, ActionRules> = HashMap::new();
        let mut lists: HashSet<Arc<[RuleId]>> = HashSet::new();
        let rules_of = |mut groups: Vec<usize>| {
            groups.sort_unstable();
            groups.dedup();
            if let Some(rules) = known.get(&groups) {
                return rules.clone();
            }
            let [denies, allows, audits] = [0, 1, 2].map(|kind| shared(&mut lists, self.list(&groups, kind)));
            let rules = ActionRules { denies, allows, audits };
            known.insert(groups, rules.clone());
            rules
        };
        groups.into_iter().map(rules_of).collect()
    }

    /// The rules of a kind in some groups, in order. No rule is in two groups.
    fn list(&self, groups: &[usize], kind: usize) -> Vec<RuleId> {
        let of_group = |group: &usize| self.rules.get(*group).and_then(|kinds| kinds.get(kind));
        let mut all: Vec<RuleId> = groups.iter().filter_map(of_group).flatten().copied().collect();
        all.sort_unstable();
        all
    }
}

/// The list with this content that there is, or a new one.
fn shared(lists: &mut HashSet<Arc<[RuleId]>>, content: Vec<RuleId>) -> Arc<[RuleId]> {
    if let Some(known) = lists.get(content.as_slice()) {
        return Arc::clone(known);
    }
    let list: Arc<[RuleId]> = content.into();
    lists.insert(Arc::clone(&list));
    list
}

/// Numbers what is kept anew, in the old order, so that children still precede parents and sorted operands stay sorted.
struct Renumbering {
    /// By old index.
    new: Vec<Option<u32>>,
}

impl Renumbering {
    fn new(kept: &[bool]) -> Self {
        let mut count = 0;
        let new = kept
            .iter()
            .map(|kept| {
                kept.then(|| {
                    count += 1;
                    count - 1
                })
            })
            .collect();
        Self { new }
    }

    fn of(&self, old: usize) -> usize {
        self.new.get(old).copied().flatten().map_or(usize::MAX, |new| new as usize)
    }

    fn keep<T>(&self, mut all: Vec<T>) -> Vec<T> {
        let mut new = self.new.iter();
        all.retain(|_| new.next().is_some_and(Option::is_some));
        all.shrink_to_fit();
        all
    }
}

/// Drops nodes that no rule reaches, and the constants, patterns and zones that only they used.
fn compact(mut policy: Policy) -> Policy {
    let nodes = Renumbering::new(&reached(&policy));
    let kept = nodes.keep(std::mem::take(&mut policy.nodes));
    let used = Used::by(&kept, &policy);
    policy.nodes = kept.into_iter().map(|node| renumbered(node, &nodes, &used)).collect();
    policy.consts = used.consts.keep(policy.consts);
    policy.patterns = used.patterns.keep(policy.patterns);
    policy.zones = used.zones.keep(policy.zones);
    let node = |id: NodeId| NodeId::new(nodes.of(id.index()));
    for rule in &mut policy.rules {
        rule.condition = node(rule.condition);
        // Most rules have none, and shall not come to have room for them.
        if !rule.extras.duties.is_empty() {
            rule.extras.duties.iter_mut().flat_map(|duty| duty.args.iter_mut()).for_each(|arg| *arg = node(*arg));
        }
    }
    policy
}

/// Children precede parents, so one sweep from the end finds all that rules reach.
fn reached(policy: &Policy) -> Vec<bool> {
    let mut reached = vec![false; policy.nodes.len()];
    let mark = |reached: &mut Vec<bool>, id: NodeId| {
        if let Some(entry) = reached.get_mut(id.index()) {
            *entry = true;
        }
    };
    for rule in (0..policy.rules.len()).map(RuleId::new) {
        policy.roots_of(rule).for_each(|root| mark(&mut reached, root));
    }
    for (index, node) in policy.nodes.iter().enumerate().rev() {
        if reached.get(index) == Some(&true) {
            node.each_child(|child| mark(&mut reached, child));
        }
    }
    reached
}

struct Used {
    consts: Renumbering,
    patterns: Renumbering,
    zones: Renumbering,
}

impl Used {
    fn by(nodes: &[Node], policy: &Policy) -> Self {
        let mut consts = vec![false; policy.consts.len()];
        let mut patterns = vec![false; policy.patterns.len()];
        let mut zones = vec![false; policy.zones.len()];
        for node in nodes {
            let entry = match node {
                Node::Const(id) => consts.get_mut(id.index()),
                Node::Matches(_, id) | Node::Capture { pattern: id, .. } => patterns.get_mut(id.index()),
                Node::Weekday(id, _) | Node::TimeOfDay(id, _) => zones.get_mut(id.index()),
                _ => None,
            };
            if let Some(entry) = entry {
                *entry = true;
            }
        }
        let [consts, patterns, zones] = [consts, patterns, zones].map(|kept| Renumbering::new(&kept));
        Self { consts, patterns, zones }
    }
}

fn renumbered(node: Node, nodes: &Renumbering, used: &Used) -> Node {
    match node.map_children(|child| NodeId::new(nodes.of(child.index()))) {
        Node::Const(id) => Node::Const(ConstId::new(used.consts.of(id.index()))),
        Node::Matches(of, id) => Node::Matches(of, PatternId::new(used.patterns.of(id.index()))),
        Node::Capture { of, pattern, index } => {
            Node::Capture { of, pattern: PatternId::new(used.patterns.of(pattern.index())), index }
        }
        Node::Weekday(id, days) => Node::Weekday(ZoneId::new(used.zones.of(id.index())), days),
        Node::TimeOfDay(id, ranges) => Node::TimeOfDay(ZoneId::new(used.zones.of(id.index())), ranges),
        other => other,
    }
}
