//! Reading a policy's parts, and giving its parameters values.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::validate::Use;
use super::{ActionRules, Derived, Effect, Node, Policy, Rule};
use crate::id::{ActionId, ConstId, NodeId, ParamId, PatternId, RuleId, ZoneId};
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::request::InvalidValue;
use crate::schema::{Param, Schema, Type};
use crate::value::{Datum, Duration, Value};
use crate::zone::Zone;

/// Steps of what is computed anew for each reader.
const ANEW_MAX: u32 = 64;

/// Which nodes' data decisions keep.
pub(crate) struct Kept {
    pub kept: Box<[u32]>,
    pub count: u32,
    pub held: Box<[u8]>,
}

impl Policy {
    /// Its name: the root package's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of an annotation that the policy says of itself, the first of that name.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        let named = self.schema.annotations.iter().find(|(known, _)| **known == *name);
        named.and_then(|(_, text)| text.as_deref())
    }

    /// The compiler that built it, with its version.
    #[must_use]
    pub fn compiler(&self) -> &str {
        &self.compiler
    }

    /// What it declares.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How far a verified clock may be ahead of the enforcement point's.
    #[must_use]
    pub fn clock_skew(&self) -> Duration {
        self.clock_skew
    }

    /// SHA-256 of its wire form, parameters' values included: what decisions depend on.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.derived.digest
    }

    /// Its rules in the order of the source, by [`RuleId`].
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by id.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(id.index())
    }

    /// A rule by the name that decisions use.
    #[must_use]
    pub fn find_rule(&self, name: &str) -> Option<RuleId> {
        self.rules.iter().position(|rule| &*rule.name == name).map(RuleId::new)
    }

    /// The rules that can apply to an action.
    #[must_use]
    pub fn rules_for(&self, action: ActionId) -> Option<&ActionRules> {
        self.actions.get(action.index())
    }

    /// Its nodes, by [`NodeId`]; each stands after those that it reads.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node by id.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    /// The deepest quantifier level whose variable a node depends on; 0 for none.
    #[must_use]
    pub fn level(&self, id: NodeId) -> u8 {
        self.derived.level(id)
    }

    /// A constant by id.
    #[must_use]
    pub fn constant(&self, id: ConstId) -> Option<&Value> {
        self.consts.get(id.index())
    }

    /// The constant that a node is, if it is one.
    #[must_use]
    pub fn constant_of(&self, id: NodeId) -> Option<&Value> {
        match self.node(id)? {
            Node::Const(id) => self.constant(*id),
            _ => None,
        }
    }

    /// What a rule's condition is for every request, if the compiler could tell.
    #[must_use]
    pub fn constant_condition(&self, rule: RuleId) -> Option<bool> {
        match self.constant_of(self.rule(rule)?.condition)? {
            Value::Bool(known) => Some(*known),
            _ => None,
        }
    }

    /// The conditions that all have to hold for a rule's to hold, cheapest first.
    #[inline]
    pub(crate) fn conjuncts(&self, rule: RuleId) -> &[NodeId] {
        let Some(rule) = self.rules.get(rule.index()) else { return &[] };
        match self.nodes.get(rule.condition.index()) {
            Some(Node::And(all)) => all,
            _ => std::slice::from_ref(&rule.condition),
        }
    }

    /// A pattern by id.
    #[must_use]
    pub fn pattern(&self, id: PatternId) -> Option<&Pattern> {
        self.patterns.get(id.index())
    }

    /// A time zone by id.
    #[must_use]
    pub fn zone(&self, id: ZoneId) -> Option<&Zone> {
        self.zones.get(id.index())
    }

    /// Parameters that have neither a default nor a value yet. An optional one needs none: it is absent.
    pub fn missing_params(&self) -> impl Iterator<Item = &Param> {
        self.schema.params.iter().filter(|param| param.value.is_none() && !param.ty.is_optional())
    }

    /// Gives a parameter a value. The policy's digest is another one afterwards.
    ///
    /// # Errors
    ///
    /// When there is no such parameter, or the value is not of its type.
    pub fn set_param(&mut self, name: &str, value: Value) -> Result<(), ParamError> {
        let id = self.find_param(name)?;
        let schema = &self.schema;
        let fits = schema.param(id).is_some_and(|param| schema.accepts(&param.ty, &value));
        if !fits || !value.is_canonical(Value::DEPTH_MAX) || !value.is_wholly_known() {
            return Err(ParamError::new(name, ParamProblem::Mistyped));
        }
        self.put_param(id, Some(value))
    }

    /// Gives a parameter the value that a JSON text has for its type; `null` leaves an optional one absent.
    ///
    /// # Errors
    ///
    /// When there is no such parameter, or the text has no value of its type.
    pub fn set_param_json(&mut self, name: &str, text: &[u8]) -> Result<(), ParamError> {
        let id = self.find_param(name)?;
        let invalid = |error| ParamError::new(name, ParamProblem::Invalid(error));
        let Some(param) = self.schema.param(id) else {
            return Err(ParamError::new(name, ParamProblem::Undeclared));
        };
        match crate::request::parse_value(&self.schema, &self.limits, &param.ty, text).map_err(invalid)? {
            // A record may lack a field.
            Datum::Value(value) if value.is_wholly_known() => self.put_param(id, Some(value)),
            Datum::Absent => self.put_param(id, None),
            Datum::Value(_) | Datum::Unknown => Err(ParamError::new(name, ParamProblem::Mistyped)),
        }
    }

    fn find_param(&self, name: &str) -> Result<ParamId, ParamError> {
        let at = self.schema.params.iter().position(|param| &*param.name == name);
        at.map(ParamId::new).ok_or_else(|| ParamError::new(name, ParamProblem::Undeclared))
    }

    fn put_param(&mut self, id: ParamId, value: Option<Value>) -> Result<(), ParamError> {
        if let Some(param) = self.schema.params.get_mut(id.index()) {
            param.value = value;
        }
        self.seal_settings();
        Ok(())
    }

    /// What follows from the parts: which nodes' data decisions keep, because more than one node or rule reads them, or a
    /// quantifier does so for each element though they are the same for all.
    pub(super) fn kept(&self, levels: &[u8], uses: &[Use]) -> Kept {
        let mut kept: Vec<u32> = Vec::with_capacity(self.nodes.len());
        let mut count = 0;
        // What a node costs whoever reads it, in steps, with all of it that is not kept: what is not kept must stay cheap, since
        // conditions on conditions on conditions would else be computed over and over.
        let mut costs: Vec<u32> = Vec::with_capacity(self.nodes.len());
        let (mut held, mut holds) = (vec![0_u8; self.nodes.len()], 0);
        for ((at, node), uses) in self.nodes.iter().enumerate().zip(uses) {
            let mut cost = 1_u32;
            node.each_child(|child| {
                cost = cost.saturating_add(costs.get(child.index()).copied().unwrap_or(1));
            });
            let is_short = cost <= ANEW_MAX;
            let place = if is_short && self.is_borrowed(node, &kept) {
                Derived::BORROWED
            } else if uses.is_repeated() && !(is_short && self.is_cheap(node, &kept, 0)) {
                count += 1;
                count - 1
            } else {
                Derived::NOT_KEPT
            };
            // What is read through several steps by several nodes, such as the containers of a Pod, is gone through once.
            let is_long = place == Derived::BORROWED && cost > 2 && uses.is_repeated() && levels.get(at) == Some(&0);
            if is_long
                && holds < Derived::HELD_MAX
                && let Some(held) = held.get_mut(at)
            {
                holds += 1;
                *held = u8::try_from(holds).unwrap_or(0);
            }
            kept.push(place);
            costs.push(if place < Derived::BORROWED { 1 } else { cost });
        }
        if holds == 0 {
            held.clear();
        }
        Kept { kept: kept.into(), count, held: held.into() }
    }

    /// Whether a node gives what stands somewhere as it is, given that of those before it.
    fn is_borrowed(&self, node: &Node, before: &[u32]) -> bool {
        let is = |id: &NodeId| before.get(id.index()) == Some(&Derived::BORROWED);
        match node {
            Node::Const(_) | Node::Param(_) | Node::Subject | Node::Resource | Node::Context(_) | Node::Element(_) => {
                true
            }
            Node::Attribute { of, .. } | Node::Field { of, .. } => is(of),
            Node::Otherwise(first, second) => is(first) && is(second),
            Node::If { condition, then, otherwise } => {
                let is_kept = before.get(condition.index()).is_some_and(|place| *place < Derived::BORROWED);
                let is_cheap = || self.node(*condition).is_some_and(|node| self.is_cheap(node, before, 0));
                is(then) && is(otherwise) && (is_kept || is_cheap())
            }
            _ => false,
        }
    }

    /// Whether computing a node again costs about as little as recalling it: a few comparisons of what is borrowed.
    fn is_cheap(&self, node: &Node, before: &[u32], depth: u32) -> bool {
        let reads = |id: &NodeId| before.get(id.index()) == Some(&Derived::BORROWED);
        let cheap = |id: &NodeId| {
            reads(id) || depth < 2 && self.node(*id).is_some_and(|node| self.is_cheap(node, before, depth + 1))
        };
        match node {
            Node::Compare(_, left, right) => reads(left) && reads(right),
            Node::Is(of, _) | Node::IsPresent(of) => reads(of),
            Node::Within(inner, outer) => {
                let is_asked = matches!(self.node(*inner), Some(Node::Subject | Node::Resource));
                is_asked && reads(outer) && self.gives_one_entity(*outer)
            }
            Node::Not(of) => cheap(of),
            Node::And(all) | Node::Or(all) => all.len() <= 3 && all.iter().all(cheap),
            node => node.only_reads(),
        }
    }

    /// Whether a node is an attribute that is one entity.
    fn gives_one_entity(&self, id: NodeId) -> bool {
        let Some(Node::Attribute { ty, attribute, .. }) = self.node(id) else { return false };
        let declared = self.schema.entity(*ty).and_then(|entity| entity.attributes.get(*attribute as usize));
        declared.is_some_and(|attribute| matches!(attribute.ty.present(), Type::Entity(_)))
    }

    /// What follows from the parts: by rule, the deciding allow rules that override it; nothing when no rule overrides any.
    pub(super) fn overriders(&self) -> Vec<Box<[RuleId]>> {
        let overrides = |rule: &Rule| rule.effect == Effect::Allow && !rule.audit && !rule.extras.overrides.is_empty();
        if !self.rules.iter().any(overrides) {
            return Vec::new();
        }
        let mut overriders = vec![Vec::new(); self.rules.len()];
        for (index, rule) in self.rules.iter().enumerate().filter(|(_, rule)| overrides(rule)) {
            for deny in &rule.extras.overrides {
                if let Some(list) = overriders.get_mut(deny.index()) {
                    list.push(RuleId::new(index));
                }
            }
        }
        overriders.into_iter().map(Vec::into_boxed_slice).collect()
    }

    /// What follows from the parts: by action, whether its rules read an attribute that the subject can renew, which is told
    /// of each node.
    pub(super) fn steps_up(&self, reads: impl Fn(NodeId) -> bool) -> Box<[bool]> {
        if self.schema.context.iter().all(|attribute| attribute.step_up.is_none()) {
            return vec![false; self.actions.len()].into();
        }
        // Each list is gone through once, however many actions share it.
        let mut known: HashMap<*const [RuleId], bool> = HashMap::new();
        let mut fires = |list: &Arc<[RuleId]>| {
            let any = || list.iter().any(|id| self.roots_of(*id).any(&reads));
            *known.entry(Arc::as_ptr(list)).or_insert_with(any)
        };
        self.actions.iter().map(|rules| rules.lists().into_iter().any(&mut fires)).collect()
    }
}

impl ActionRules {
    /// The rules of all kinds.
    pub(crate) fn all(&self) -> impl Iterator<Item = &RuleId> {
        self.lists().into_iter().flat_map(|list| list.iter())
    }

    /// The lists of the kinds.
    pub(crate) const fn lists(&self) -> [&Arc<[RuleId]>; 3] {
        [&self.denies, &self.allows, &self.audits]
    }
}

/// Why a parameter cannot have a value.
#[derive(Clone, PartialEq, Debug)]
pub struct ParamError {
    name: Arc<str>,
    problem: ParamProblem,
}

#[derive(Clone, PartialEq, Debug)]
enum ParamProblem {
    Undeclared,
    Mistyped,
    Invalid(InvalidValue),
}

impl ParamError {
    fn new(name: &str, problem: ParamProblem) -> Self {
        Self { name: name.into(), problem }
    }

    /// The parameter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the policy has no such parameter.
    #[must_use]
    pub fn is_undeclared(&self) -> bool {
        self.problem == ParamProblem::Undeclared
    }
}

impl fmt::Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.problem {
            ParamProblem::Undeclared => write!(f, "the policy has no parameter `{name}`"),
            ParamProblem::Mistyped => write!(f, "the value for parameter `{name}` is not of its type"),
            ParamProblem::Invalid(error) => write!(f, "the value for parameter `{name}`: {error}"),
        }
    }
}

impl Error for ParamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            ParamProblem::Invalid(error) => Some(error),
            _ => None,
        }
    }
}
