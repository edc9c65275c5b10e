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
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

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
    /// The nodes that there are, by their hashes.
    nodes: HashTable<NodeId>,
    /// The constants that there are, by their hashes.
    consts: HashTable<ConstId>,
    hasher: RandomState,
    patterns: HashMap<Pattern, PatternId>,
    zones: HashMap<Zone, ZoneId>,
    rules: finish::Groups,
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
            plan: crate::index::Plan::default(),
            derived: super::Derived::default(),
        };
        Self {
            policy,
            facts: Vec::new(),
            nodes: HashTable::new(),
            consts: HashTable::new(),
            hasher: RandomState::default(),
            patterns: HashMap::new(),
            zones: HashMap::new(),
            rules: finish::Groups::default(),
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
        self.rules.add(id, rule.effect, rule.audit, actions);
        self.policy.rules.push(rule);
        id
    }

    /// The one node that is equal to this, whose children have been made.
    fn intern(&mut self, node: Node) -> NodeId {
        let hash = self.hasher.hash_one(Some(&node));
        if let Some(known) = self.nodes.find(hash, |id| self.policy.node(*id) == Some(&node)) {
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
        self.policy.nodes.push(node);
        self.facts.push(facts);
        let nodes = &self.policy.nodes;
        self.nodes.insert_unique(hash, id, |id| self.hasher.hash_one(nodes.get(id.index())));
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
        let hash = self.hasher.hash_one(Some(&value));
        let consts = &mut self.policy.consts;
        let reads_alike = |id: &ConstId| consts.get(id.index()).is_some_and(|known| reads_alike(known, &value));
        if let Some(known) = self.consts.find(hash, reads_alike) {
            return *known;
        }
        let id = ConstId::new(consts.len());
        consts.push(value);
        self.consts.insert_unique(hash, id, |id| self.hasher.hash_one(consts.get(id.index())));
        id
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

/// Whether two values are equal and read alike: equal versions may be written differently, for one.
fn reads_alike(a: &Value, b: &Value) -> bool {
    let one_form = matches!(a, Value::Bool(_) | Value::Int(_) | Value::String(_) | Value::Enum(_) | Value::Entity(_));
    // Writing a value into memory does not fail.
    a == b && (one_form || postcard::to_stdvec(a).ok() == postcard::to_stdvec(b).ok())
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
