//! Building a decision graph.
//!
//! Nodes are made bottom-up by one constructor per kind, which owns canonicity: equal nodes are one node, conditions whose
//! result does not depend on evidence are constants, and the operands of `and` and `or` stand in the order in which they
//! are best tried. A rewriting must hold in Kleene's logic: `x == x` is unknown when `x` is, and so stays.
//!
//! Limits are checked as the graph grows. Constructors still return a node beyond them, so that callers need not look after
//! each step; [`Builder::finish`] then gives the first error.

mod error;
mod finish;
mod logic;
mod make;

use std::collections::HashMap;

use super::{Node, Policy, Rule};
use crate::id::{ActionId, ConstId, NodeId, PatternId, RuleId, ZoneId};
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::schema::Schema;
use crate::value::{Duration, Value};
use crate::zone::Zone;

pub use error::BuildError;

/// Builds a [`Policy`].
#[derive(Debug)]
pub struct Builder {
    policy: Policy,
    /// By [`NodeId`].
    facts: Vec<NodeFacts>,
    nodes: HashMap<Node, NodeId>,
    /// By serial form: two values that are equal may still read differently.
    consts: HashMap<Vec<u8>, ConstId>,
    patterns: HashMap<Pattern, PatternId>,
    zones: HashMap<Zone, ZoneId>,
    /// By [`RuleId`].
    rule_actions: Vec<Vec<ActionId>>,
    error: Option<BuildError>,
}

/// What the builder keeps of a node.
#[derive(Clone, Copy, Debug)]
struct NodeFacts {
    /// Nesting of nodes, from 1.
    depth: u32,
    /// What it costs to compute, with all that it reads.
    cost: u64,
}

impl Builder {
    /// A builder for a policy of this name, made by this compiler.
    #[must_use]
    pub fn new(schema: Schema, limits: Limits, clock_skew: Duration, name: &str, compiler: &str) -> Self {
        let policy = Policy {
            name: name.into(),
            compiler: compiler.into(),
            schema,
            limits,
            clock_skew,
            consts: Vec::new(),
            patterns: Vec::new(),
            zones: Vec::new(),
            nodes: Vec::new(),
            rules: Vec::new(),
            actions: Vec::new(),
            derived: super::Derived::default(),
        };
        Self {
            policy,
            facts: Vec::new(),
            nodes: HashMap::new(),
            consts: HashMap::new(),
            patterns: HashMap::new(),
            zones: HashMap::new(),
            rule_actions: Vec::new(),
            error: None,
        }
    }

    /// What the policy declares.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.policy.schema
    }

    /// The first limit that was exceeded, if any.
    #[must_use]
    pub fn error(&self) -> Option<&BuildError> {
        self.error.as_ref()
    }

    /// A node that was made.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.policy.node(id)
    }

    /// The constant that a node is, if it is one.
    #[must_use]
    pub fn constant_of(&self, id: NodeId) -> Option<&Value> {
        self.policy.constant_of(id)
    }

    /// What a condition is for every request, if that can be told.
    #[must_use]
    pub fn constant_truth(&self, id: NodeId) -> Option<bool> {
        match self.constant_of(id)? {
            Value::Bool(known) => Some(*known),
            _ => None,
        }
    }

    /// A node as its author would write it.
    #[must_use]
    pub fn node_text(&self, id: NodeId) -> String {
        self.policy.node_text(id)
    }

    /// Adds a rule for these actions; rules come in the order of the source. An overriding rule names deny rules by the ids
    /// that they have or will have.
    pub fn add_rule(&mut self, rule: Rule, actions: &[ActionId]) -> RuleId {
        let id = RuleId::new(self.policy.rules.len());
        self.policy.rules.push(rule);
        self.rule_actions.push(actions.to_vec());
        id
    }

    /// The one node that is equal to this, whose children have been made.
    fn intern(&mut self, node: Node) -> NodeId {
        if let Some(known) = self.nodes.get(&node) {
            return *known;
        }
        if self.policy.nodes.len() >= self.policy.limits.nodes_max as usize {
            let usage = self.policy.nodes.len() + 1;
            self.exceeds("nodes_max", self.policy.limits.nodes_max, usage);
            // Any node will do: the policy is refused. Nothing more is stored, so that memory stays bounded.
            return NodeId::new(0);
        }
        let facts = self.facts_of(&node);
        if facts.depth > self.policy.limits.node_depth_max {
            self.exceeds("node_depth_max", self.policy.limits.node_depth_max, facts.depth as usize);
        }
        let id = NodeId::new(self.policy.nodes.len());
        self.policy.nodes.push(node.clone());
        self.facts.push(facts);
        self.nodes.insert(node, id);
        id
    }

    fn exceeds(&mut self, limit: &'static str, max: u32, usage: usize) {
        self.error.get_or_insert(BuildError::limit(limit, max, usage));
    }

    fn facts_of(&self, node: &Node) -> NodeFacts {
        let mut facts = NodeFacts { depth: 1, cost: own_cost(node) };
        node.each_child(|child| {
            if let Some(child) = self.facts.get(child.index()) {
                facts.depth = facts.depth.max(child.depth.saturating_add(1));
                facts.cost = facts.cost.saturating_add(child.cost);
            }
        });
        if let Node::Quantified { body, .. } = node {
            let body = self.cost(*body);
            facts.cost = facts.cost.saturating_add(body.saturating_mul(ELEMENTS_ASSUMED));
        }
        facts
    }

    fn cost(&self, id: NodeId) -> u64 {
        self.facts.get(id.index()).map_or(0, |facts| facts.cost)
    }

    fn intern_const(&mut self, value: Value) -> ConstId {
        // Writing a value into memory does not fail.
        let form = postcard::to_stdvec(&value).unwrap_or_default();
        let consts = &mut self.policy.consts;
        *self.consts.entry(form).or_insert_with(|| {
            consts.push(value);
            ConstId::new(consts.len() - 1)
        })
    }

    fn intern_pattern(&mut self, pattern: Pattern) -> PatternId {
        let patterns = &mut self.policy.patterns;
        *self.patterns.entry(pattern).or_insert_with_key(|pattern| {
            patterns.push(pattern.clone());
            PatternId::new(patterns.len() - 1)
        })
    }

    fn intern_zone(&mut self, zone: Zone) -> ZoneId {
        let zones = &mut self.policy.zones;
        *self.zones.entry(zone).or_insert_with_key(|zone| {
            zones.push(zone.clone());
            ZoneId::new(zones.len() - 1)
        })
    }
}

/// Elements that a collection is assumed to have, where only the order of tests depends on it.
const ELEMENTS_ASSUMED: u64 = 16;

/// What computing a node costs besides its children: about a comparison's worth each, and only the order matters. Cheap
/// and decisive tests come first, those that walk, search or repeat last.
fn own_cost(node: &Node) -> u64 {
    match node {
        Node::Const(_) | Node::Param(_) | Node::Subject | Node::Resource | Node::Element(_) | Node::Key(_) => 0,
        Node::And(_) | Node::Or(_) | Node::Not(_) | Node::If { .. } | Node::Otherwise(..) | Node::IsPresent(_) => 1,
        Node::Is(..) => 1,
        Node::Field { .. } | Node::Context(_) | Node::Compare(..) | Node::IsEmpty(_) | Node::Now(..) => 2,
        Node::Arith(..) | Node::Negate(_) => 2,
        // Looking an entity up.
        Node::Attribute { .. } => 6,
        Node::StartsWith(..) | Node::EndsWith(..) | Node::Index(..) | Node::Size(_) => 6,
        Node::Contains(..) | Node::Lower(_) | Node::Weekday(..) | Node::TimeOfDay(..) => 12,
        Node::ContainsAny(..) | Node::ContainsAll(..) | Node::SetOperation(..) | Node::Set(_) | Node::List(_) => 24,
        Node::Matches(..) | Node::Capture { .. } => 40,
        Node::Within(..) => 60,
        Node::Quantified { .. } => 80,
    }
}
