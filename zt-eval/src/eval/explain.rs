//! Why a decision came out as it did: every rule of the action with its condition taken apart.
//!
//! An explanation is data; `ztc` renders it. What a sensitive attribute says, and whatever is computed from it, is hidden in
//! it; that a rule fired is not, since the decision says so as well.

use std::collections::HashSet;
use std::sync::Arc;

use super::asked::asked;
use super::evaluator::Evaluator;
use super::operand::element_count;
use super::{Scratch, decide};
use crate::Truth;
use crate::decision::{Decision, Mode};
use crate::facts::World;
use crate::graph::{Effect, Node, Policy};
use crate::id::{NodeId, RuleId};
use crate::index::Join;
use crate::request::Request;
use crate::store::Store;
use crate::value::{Datum, Timestamp};

/// Elements of a collection that an explanation goes into.
const ELEMENTS_MAX: usize = 8;

/// Nodes that an explanation goes into.
const TRACES_MAX: usize = 10_000;

/// A decision and how it came about.
#[derive(Clone, PartialEq, Debug)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// The action's rules in source order; none when the request is invalid.
    pub rules: Vec<RuleTrace>,
}

/// How a rule came out.
#[derive(Clone, PartialEq, Debug)]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleId,
    /// Its condition; for an allow rule also that its obligations' arguments are values.
    pub truth: Truth,
    /// Whether it fires.
    pub fires: bool,
    /// Its condition, taken apart.
    pub condition: Trace,
    /// The arguments of its obligations.
    pub args: Vec<Trace>,
}

/// A node and what became of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    /// The node.
    pub node: NodeId,
    /// As its author would write it.
    pub text: Arc<str>,
    /// Which element of the collection of the enclosing quantifier this is about.
    pub element: Option<usize>,
    /// What became of it.
    pub shown: Shown,
    /// What it reads; left out for constants, and where the same node was taken apart before.
    pub children: Vec<Trace>,
}

/// What an explanation shows of a node.
#[derive(Clone, PartialEq, Debug)]
pub enum Shown {
    /// The result did not depend on it.
    NotEvaluated,
    /// It depends on a sensitive attribute.
    Hidden,
    /// This is known of it.
    Known(Datum),
}

/// Decides a request in full and explains the decision.
#[must_use]
pub fn explain(
    policy: &Policy,
    store: &Store,
    request: &Request,
    now: Option<Timestamp>,
    scratch: &mut Scratch,
) -> Explanation {
    let decision = decide(policy, store, request, now, Mode::Full, scratch);
    let world = World { policy, store, request, now, granted: &[] };
    let Some(rules) = policy.rules_for(request.action()).filter(|_| world.check().is_ok()) else {
        return Explanation { decision, rules: Vec::new() };
    };
    scratch.start_keeping_all(policy);
    let join = Join::of(&policy.derived.index.anchors, store);
    let asked = asked(&world, &join);
    let evaluator = Evaluator::new(world, &join, &asked, scratch, false);
    let mut tracer = Tracer { evaluator, hidden: policy.sensitive_nodes(), seen: HashSet::new(), budget: TRACES_MAX };
    let mut ids: Vec<RuleId> = rules.all().copied().collect();
    ids.sort_unstable();
    let rules = ids.into_iter().filter_map(|id| tracer.rule(id)).collect();
    Explanation { decision, rules }
}

struct Tracer<'a, 's> {
    evaluator: Evaluator<'a, 's>,
    hidden: Vec<bool>,
    /// Nodes outside quantifiers that were taken apart.
    seen: HashSet<NodeId>,
    budget: usize,
}

impl Tracer<'_, '_> {
    fn rule(&mut self, id: RuleId) -> Option<RuleTrace> {
        let rule = self.evaluator.world.policy.rule(id)?;
        let (truth, fires) = match rule.effect {
            Effect::Allow => {
                let truth = self.evaluator.allow_truth(id);
                (truth, truth == Truth::True)
            }
            Effect::Deny => {
                let truth = self.evaluator.condition(id);
                (truth, truth != Truth::False)
            }
        };
        let condition = self.trace(rule.condition);
        let args = rule.extras.duties.iter().flat_map(|duty| &duty.args).map(|arg| self.trace(*arg)).collect();
        Some(RuleTrace { rule: id, truth, fires, condition, args })
    }

    fn trace(&mut self, id: NodeId) -> Trace {
        let policy = self.evaluator.world.policy;
        let children = self.children(id);
        Trace { node: id, text: policy.node_text(id).into(), element: None, shown: self.shown(id), children }
    }

    fn shown(&self, id: NodeId) -> Shown {
        match self.evaluator.scratch.recall(id, self.evaluator.derived) {
            None => Shown::NotEvaluated,
            Some(_) if self.is_hidden(id) => Shown::Hidden,
            Some(datum) => Shown::Known(datum.clone()),
        }
    }

    fn is_hidden(&self, id: NodeId) -> bool {
        self.hidden.get(id.index()).copied().unwrap_or(true)
    }

    fn children(&mut self, id: NodeId) -> Vec<Trace> {
        let policy = self.evaluator.world.policy;
        let is_repeated = self.evaluator.derived.level(id) == 0 && !self.seen.insert(id);
        let is_evaluated = self.shown(id) != Shown::NotEvaluated;
        let Some(node) = policy.node(id).filter(|_| !is_repeated && is_evaluated && self.budget > 0) else {
            return Vec::new();
        };
        self.budget -= 1;
        match node {
            Node::Quantified { over, level, body, .. } => self.elements(id, *over, *level, *body),
            other => other
                .children()
                .into_iter()
                .filter(|child| !matches!(policy.node(*child), Some(Node::Const(_))))
                .map(|child| self.trace(child))
                .collect(),
        }
    }

    fn elements(&mut self, id: NodeId, over: NodeId, level: u8, body: NodeId) -> Vec<Trace> {
        let mut traces = vec![self.trace(over)];
        let collection = self.evaluator.value(over);
        // How many elements there are is part of what is hidden.
        let count = collection.value().and_then(element_count).filter(|_| !self.is_hidden(id)).unwrap_or(0);
        self.evaluator.open(over, level, collection);
        for index in 0..count.min(ELEMENTS_MAX) {
            self.evaluator.go_to(index);
            self.evaluator.value(body);
            let trace = self.trace(body);
            traces.push(Trace { element: Some(index), ..trace });
        }
        self.evaluator.close();
        traces
    }
}

impl Policy {
    /// By node: whether its datum depends on a sensitive attribute.
    fn sensitive_nodes(&self) -> Vec<bool> {
        let mut sensitive = vec![false; self.nodes.len()];
        let mut levels = [false; 256];
        // Variables stand before the quantifiers that bind them: each round finds sensitive collections one level deeper.
        loop {
            let before = levels;
            for (index, node) in self.nodes.iter().enumerate() {
                let mut is_sensitive = self.reads_sensitive(node, &levels);
                node.each_child(|child| is_sensitive |= sensitive.get(child.index()) == Some(&true));
                if let Some(entry) = sensitive.get_mut(index) {
                    *entry = is_sensitive;
                }
                if let Node::Quantified { over, level, .. } = node
                    && sensitive.get(over.index()) == Some(&true)
                    && let Some(entry) = levels.get_mut(usize::from(*level))
                {
                    *entry = true;
                }
            }
            if levels == before {
                return sensitive;
            }
        }
    }

    fn reads_sensitive(&self, node: &Node, levels: &[bool; 256]) -> bool {
        match node {
            Node::Context(at) => self.schema.context.get(*at as usize).is_some_and(|attribute| attribute.sensitive),
            Node::Attribute { ty, attribute, .. } => self
                .schema
                .entity(*ty)
                .and_then(|entity| entity.attributes.get(*attribute as usize))
                .is_some_and(|attribute| attribute.sensitive),
            Node::Element(level) | Node::Key(level) => levels.get(usize::from(*level)) == Some(&true),
            _ => false,
        }
    }
}
