//! The check that a policy from outside passes before anything reads it.
//!
//! Afterwards ids are in range, children precede parents, variables stand inside the quantifiers that bind them, nesting is
//! bounded, and declarations fit together. Types of operands are not checked: evaluation is total without it. Nor is it
//! checked that nodes are distinct and reached, which costs time but cannot change a decision.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::short::Short;
use super::{Derived, DutyTemplate, Effect, Kept, Node, Policy, Rule};
use crate::eval::LEVELS_MAX;
use crate::id::{NodeId, RuleId};
use crate::index::{Index, Misfiled};
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::request::names::DeclaredNames;
use crate::schema::{Attribute, Freshness, Schema, Type};
use crate::value::Value;

/// Nodes inside nodes that any policy may have: evaluation recurses so deep, and must fit the 2 MiB that threads have.
pub(crate) const NODE_DEPTH_CEILING: u32 = 256;

/// Milliseconds of a day.
const DAY_MS: u32 = 86_400_000;

/// What is wrong with a policy, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    what: &'static str,
    place: Place,
}

/// A part of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Schema,
    Limits,
    Actions,
    Consts,
    Node(usize),
    Rule(usize),
    Plan,
}

impl From<Misfiled> for Fault {
    fn from(misfiled: Misfiled) -> Self {
        let (what, place) = match misfiled {
            Misfiled::Rule(rule) => ("a conjunct by which it cannot be filed", Place::Rule(rule.index())),
            Misfiled::Count => ("not as many choices as there are rules to file", Place::Plan),
            Misfiled::Order => ("a place that comes again after others", Place::Plan),
            Misfiled::Size => ("more places than are supported", Place::Plan),
        };
        Self { what, place }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in ", self.what)?;
        match self.place {
            Place::Schema => write!(f, "its declarations"),
            Place::Limits => write!(f, "its limits"),
            Place::Actions => write!(f, "its lists of rules by action"),
            Place::Consts => write!(f, "its constants"),
            Place::Node(index) => write!(f, "node {index}"),
            Place::Rule(index) => write!(f, "rule {index}"),
            Place::Plan => write!(f, "the plan of its index"),
        }
    }
}

fn ensure(holds: bool, place: Place, what: &'static str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault { what, place }) }
}

/// Checks a policy and computes what follows from its parts, but for the digest.
pub(crate) fn validate(policy: &Policy) -> Result<Derived, Fault> {
    let nodes = parts(policy)?;
    Derived::of(policy, &nodes, |levels, leads_to| Index::of(policy, levels, leads_to))
}

/// Checks a policy, plans its index, and computes what follows from its parts, but for the digest.
#[cfg(feature = "build")]
pub(crate) fn plan(policy: &mut Policy) -> Result<(), Fault> {
    let nodes = parts(policy)?;
    let mut plan = crate::index::Plan::default();
    policy.derived = Derived::of(policy, &nodes, |levels, leads_to| {
        let (index, chosen) = Index::choose(policy, levels, leads_to)?;
        plan = chosen;
        Ok(index)
    })?;
    policy.plan = plan;
    Ok(())
}

/// Checks all parts of a policy but its plan.
fn parts(policy: &Policy) -> Result<Nodes, Fault> {
    limits(&policy.limits)?;
    schema(&policy.schema)?;
    ensure(policy.clock_skew.millis() >= 0, Place::Limits, "a negative clock skew")?;
    let canonical = policy.consts.iter().all(|value| value.is_canonical(Value::DEPTH_MAX));
    ensure(canonical, Place::Consts, "a value that is not canonical")?;
    let mut nodes = nodes(policy)?;
    let lists = rules(policy, &mut nodes)?;
    actions(policy, &lists)?;
    Ok(nodes)
}

impl Derived {
    /// What follows from the parts of a valid policy, but for the digests.
    fn of(
        policy: &Policy,
        Nodes { shapes, uses }: &Nodes,
        index: impl FnOnce(&[u8], &[Box<[bool]>]) -> Result<Index, Misfiled>,
    ) -> Result<Self, Fault> {
        let levels: Box<[u8]> = shapes.iter().map(|shape| deepest(shape.free)).collect();
        let leads_to = policy.schema.leads_to();
        let Kept { kept, count: kept_count, held } = policy.kept(&levels, uses);
        Ok(Self {
            index: index(&levels, &leads_to)?,
            short: Short::of(policy, &kept, &held),
            kept,
            kept_count,
            held,
            reads: super::reads::Reads::of(policy, &levels, uses),
            names: DeclaredNames::of(&policy.schema),
            levels,
            leads_on: policy.schema.leads_on(&leads_to),
            leads_to,
            overriders: policy.overriders(),
            steps_up: policy.steps_up(|id| shapes.get(id.index()).is_some_and(|shape| shape.steps_up)),
            body_digest: [0; 32],
            digest: [0; 32],
        })
    }
}

fn limits(limits: &Limits) -> Result<(), Fault> {
    let place = Place::Limits;
    ensure(limits.node_depth_max <= NODE_DEPTH_CEILING, place, "a greater depth of nodes than is supported")?;
    let levels = limits.quantifier_depth_max as usize;
    ensure(levels <= LEVELS_MAX, place, "a greater depth of quantifiers than is supported")
}

fn schema(schema: &Schema) -> Result<(), Fault> {
    let place = Place::Schema;
    let pep = schema.source(Schema::PEP).is_some_and(|source| &*source.name == "pep" && source.verified);
    ensure(pep, place, "no source `pep` at the head")?;
    ensure(schema.entities.len() <= Schema::ENTITY_TYPES_MAX, place, "more entity types than are supported")?;
    let fields = schema.records.iter().flat_map(|record| &record.fields);
    let params = schema.obligations.iter().flat_map(|obligation| &obligation.params);
    for field in fields.chain(params) {
        is_declared(schema, &field.ty)?;
    }
    attributes(schema, &schema.context, true)?;
    for entity in &schema.entities {
        let parents = entity.parents.iter().all(|ty| schema.entity(*ty).is_some());
        ensure(parents, place, "an undeclared type of parents")?;
        ensure(schema.source(entity.parents_from).is_some(), place, "an undeclared source")?;
        attributes(schema, &entity.attributes, false)?;
    }
    for action in &schema.actions {
        let declared = action.subjects.iter().chain(&action.resources).all(|ty| schema.entity(*ty).is_some());
        ensure(declared, place, "an undeclared type of an action")?;
        ensure(schema.source(action.subject_from).is_some(), place, "an undeclared source")?;
    }
    for param in &schema.params {
        is_declared(schema, &param.ty)?;
        let fits = param.value.as_ref().is_none_or(|value| fits(schema, &param.ty, value));
        ensure(fits, place, "a parameter's value that is not of its type")?;
    }
    Ok(())
}

fn fits(schema: &Schema, ty: &Type, value: &Value) -> bool {
    schema.accepts(ty, value) && value.is_canonical(Value::DEPTH_MAX)
}

/// Types are bounded in depth when they are read, and records name records by id, so this goes no deeper than one type.
fn is_declared(schema: &Schema, ty: &Type) -> Result<(), Fault> {
    let declared = match ty {
        Type::Enum(id) => schema.enum_type(*id).is_some(),
        Type::Entity(types) => {
            let declared = types.iter().all(|ty| schema.entity(*ty).is_some());
            declared && !types.is_empty() && types.is_sorted_by(|a, b| a < b)
        }
        Type::Record(id) => schema.record(*id).is_some(),
        Type::Optional(of) => {
            return ensure(!of.is_optional(), Place::Schema, "an optional of an optional")
                .and_then(|()| is_declared(schema, of));
        }
        Type::Set(of) | Type::List(of) | Type::Map(of) => return is_declared(schema, of),
        _ => true,
    };
    ensure(declared, Place::Schema, "an undeclared type")
}

fn attributes(schema: &Schema, siblings: &[Attribute], is_context: bool) -> Result<(), Fault> {
    let place = Place::Schema;
    for attribute in siblings {
        is_declared(schema, &attribute.ty)?;
        ensure(schema.source(attribute.from).is_some(), place, "an undeclared source")?;
        for bound in &attribute.freshness {
            let time = schema.clock_type(siblings, bound.clock()).map(Type::present);
            ensure(time == Some(&Type::Timestamp), place, "a freshness bound that reads no time")?;
            let negative = matches!(bound, Freshness::Since { age, .. } if age.millis() < 0);
            ensure(!negative, place, "a negative age")?;
        }
        if let Some(step_up) = &attribute.step_up {
            ensure(is_context, place, "a step-up outside the context")?;
            ensure(fits(schema, &attribute.ty, &step_up.gives), place, "a step-up that gives another type")?;
        }
    }
    Ok(())
}

/// What is known of a node once its children are.
#[derive(Clone, Copy)]
struct Shape {
    depth: u32,
    /// Levels whose variable it reads without binding it, as bits from bit 0 for level 0, which has none.
    free: u32,
    /// The outermost level that it binds; above all of them when none.
    binds: u8,
    /// Whether it reads an attribute that the subject can renew.
    steps_up: bool,
}

/// How a node is used by those that read it and by rules.
#[derive(Clone, Copy, Default)]
pub(crate) struct Use(u8);

impl Use {
    const ONCE: u8 = 1;
    const REPEATED: u8 = 2;
    const WHOLE: u8 = 4;
    const BODY: u8 = 8;

    /// Adds a use.
    #[inline]
    fn add(&mut self, whole: bool) {
        self.0 |= Self::ONCE | (self.0 & Self::ONCE) << 1 | if whole { Self::WHOLE } else { 0 };
    }

    /// Adds a use as the body of a quantifier: it is computed anew for each element, whichever quantifier goes there.
    #[inline]
    fn add_body(&mut self) {
        self.0 |= Self::BODY | Self::WHOLE;
    }

    /// Whether more than one reads it, or one for each element though it is the same for all.
    #[inline]
    pub fn is_repeated(self) -> bool {
        const BOTH: u8 = Use::ONCE | Use::BODY;
        self.0 & Self::REPEATED != 0 || self.0 & BOTH == BOTH
    }

    /// Whether any takes what it gives as a whole, and not as a way to a part of it.
    #[inline]
    pub fn is_whole(self) -> bool {
        self.0 & Self::WHOLE != 0
    }
}

/// What is known of nodes.
struct Nodes {
    shapes: Vec<Shape>,
    uses: Vec<Use>,
}

/// Checks every node.
fn nodes(policy: &Policy) -> Result<Nodes, Fault> {
    let usage = u32::try_from(policy.nodes.len()).unwrap_or(u32::MAX);
    ensure(usage <= policy.limits.nodes_max, Place::Limits, "fewer nodes allowed than there are")?;
    let mut shapes: Vec<Shape> = Vec::with_capacity(policy.nodes.len());
    let mut uses = vec![Use::default(); policy.nodes.len()];
    for (index, node) in policy.nodes.iter().enumerate() {
        let place = Place::Node(index);
        refers(policy, place, node)?;
        let mut shape = shape(place, node, &shapes, &mut uses, policy.limits.quantifier_depth_max)?;
        if let Node::Context(at) = node {
            shape.steps_up = policy.schema.context.get(*at as usize).is_some_and(|each| each.step_up.is_some());
        }
        ensure(shape.depth <= policy.limits.node_depth_max, place, "too deep nesting")?;
        if shape.free > 1 || matches!(node, Node::Quantified { .. }) {
            repeat_uses(node, shape.free, &shapes, &mut uses);
        }
        shapes.push(shape);
    }
    Ok(Nodes { shapes, uses })
}

/// Adds the repeated uses of children inside of quantifiers: that of one which is the same for all elements.
fn repeat_uses(node: &Node, free: u32, before: &[Shape], uses: &mut [Use]) {
    let own = deepest(free);
    node.each_use(|child, is_whole| {
        let level = match node {
            Node::Quantified { level, .. } if is_whole => *level,
            _ => own,
        };
        let is_same = before.get(child.index()).is_some_and(|child| deepest(child.free) < level);
        if let Some(uses) = uses.get_mut(child.index()).filter(|_| is_same) {
            uses.add(is_whole);
        }
    });
}

fn deepest(free: u32) -> u8 {
    u8::try_from(free.checked_ilog2().unwrap_or(0)).unwrap_or(0)
}

/// Checks a node's place among the others, and adds its uses of these.
#[inline]
fn shape(place: Place, node: &Node, before: &[Shape], uses: &mut [Use], levels_max: u32) -> Result<Shape, Fault> {
    let mut shape = Shape { depth: 1, free: 0, binds: u8::MAX, steps_up: false };
    let mut precede = true;
    node.each_use(|child, is_whole| match (before.get(child.index()), uses.get_mut(child.index())) {
        (Some(child), Some(uses)) => {
            shape.depth = shape.depth.max(child.depth + 1);
            shape.free |= child.free;
            shape.binds = shape.binds.min(child.binds);
            shape.steps_up |= child.steps_up;
            match node {
                Node::Quantified { level, .. } if is_whole && deepest(child.free) >= *level => uses.add_body(),
                _ => uses.add(is_whole),
            }
        }
        _ => precede = false,
    });
    ensure(precede, place, "a child that does not precede its parent")?;
    match node {
        Node::Element(level) | Node::Key(level) => shape.free = bit(place, *level, levels_max)?,
        Node::Quantified { over, level, body, .. } => {
            let bit = bit(place, *level, levels_max)?;
            let free = |id: &NodeId| before.get(id.index()).map_or(0, |shape| shape.free);
            let rebinds = before.get(body.index()).is_some_and(|body| body.binds <= *level);
            ensure(!rebinds, place, "a quantifier whose level is bound again inside it")?;
            ensure(free(over) < bit, place, "a collection that depends on its own elements")?;
            shape.free = free(over) | (free(body) & !bit);
            shape.binds = shape.binds.min(*level);
        }
        _ => {}
    }
    Ok(shape)
}

/// The bit of a level in [`Shape::free`].
fn bit(place: Place, level: u8, levels_max: u32) -> Result<u32, Fault> {
    ensure(level >= 1 && u32::from(level) <= levels_max, place, "a level outside the limit")?;
    1u32.checked_shl(u32::from(level)).ok_or(Fault { what: "a level outside the limit", place })
}

/// Checks what a node refers to besides its children.
fn refers(policy: &Policy, place: Place, node: &Node) -> Result<(), Fault> {
    let schema = &policy.schema;
    let (holds, what) = match node {
        Node::Const(id) => (id.index() < policy.consts.len(), "an unknown constant"),
        Node::Param(id) => (schema.param(*id).is_some(), "an unknown parameter"),
        Node::Context(at) => ((*at as usize) < schema.context.len(), "an unknown attribute"),
        Node::Attribute { ty, attribute, .. } => {
            let entity = schema.entity(*ty);
            (entity.is_some_and(|ty| (*attribute as usize) < ty.attributes.len()), "an unknown attribute")
        }
        Node::Field { record, field, .. } => {
            let record = schema.record(*record);
            (record.is_some_and(|record| (*field as usize) < record.fields.len()), "an unknown field")
        }
        Node::And(all) | Node::Or(all) => (all.len() >= 2, "fewer than two conditions"),
        Node::Is(_, types) => {
            let declared = types.iter().all(|ty| schema.entity(*ty).is_some());
            (declared && !types.is_empty() && types.is_sorted_by(|a, b| a < b), "wrong types")
        }
        Node::Matches(_, id) => (id.index() < policy.patterns.len(), "an unknown pattern"),
        Node::Capture { pattern, index, .. } => match policy.patterns.get(pattern.index()) {
            Some(Pattern::Route(route)) => (route.names().nth(*index as usize).is_some(), "an unknown capture"),
            _ => (false, "a capture of what is no route"),
        },
        Node::Weekday(zone, days) => (zone.index() < policy.zones.len() && days.0 < 128, "an unknown zone or day"),
        Node::TimeOfDay(zone, ranges) => {
            let within_day = ranges.iter().all(|(start, end)| *start < DAY_MS && *end <= DAY_MS);
            let zone = zone.index() < policy.zones.len();
            (zone && within_day && !ranges.is_empty(), "an unknown zone or a time that no day has")
        }
        _ => (true, ""),
    };
    ensure(holds, place, what)
}

/// The list of an action in which a rule stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum List {
    Denies,
    Allows,
    Audits,
}

/// Checks every rule; the lists in which they stand.
fn rules(policy: &Policy, nodes: &mut Nodes) -> Result<Vec<List>, Fault> {
    let mut lists = Vec::with_capacity(policy.rules.len());
    for (index, each) in policy.rules.iter().enumerate() {
        rule(policy, nodes, Place::Rule(index), each)?;
        lists.push(match (each.audit, each.effect) {
            (true, _) => List::Audits,
            (false, Effect::Deny) => List::Denies,
            (false, Effect::Allow) => List::Allows,
        });
    }
    Ok(lists)
}

fn rule(policy: &Policy, nodes: &mut Nodes, place: Place, rule: &Rule) -> Result<(), Fault> {
    root(nodes, place, rule.condition)?;
    let is_allow = rule.effect == Effect::Allow;
    ensure(is_allow || rule.extras.duties.is_empty(), place, "obligations of a deny rule")?;
    ensure(is_allow || rule.extras.overrides.is_empty(), place, "overrides of a deny rule")?;
    for deny in &rule.extras.overrides {
        let is_deny = policy.rule(*deny).is_some_and(|rule| rule.effect == Effect::Deny);
        ensure(is_deny, place, "an override of what is no deny rule")?;
    }
    rule.extras.duties.iter().try_for_each(|template| duty(policy, nodes, place, template))
}

fn duty(policy: &Policy, nodes: &mut Nodes, place: Place, duty: &DutyTemplate) -> Result<(), Fault> {
    let params = policy.schema.obligation(duty.obligation).map(|obligation| obligation.params.len());
    ensure(params == Some(duty.args.len()), place, "an obligation with a wrong number of arguments")?;
    duty.args.iter().try_for_each(|arg| root(nodes, place, *arg))
}

/// What a rule starts from is a node that depends on no variable, and is read whole.
fn root(nodes: &mut Nodes, place: Place, node: NodeId) -> Result<(), Fault> {
    let is_closed = nodes.shapes.get(node.index()).is_some_and(|shape| shape.free == 0);
    nodes.uses.get_mut(node.index()).into_iter().for_each(|uses| uses.add(true));
    ensure(is_closed, place, "an unknown node, or one with a free variable,")
}

fn actions(policy: &Policy, lists: &[List]) -> Result<(), Fault> {
    let place = Place::Actions;
    ensure(policy.actions.len() == policy.schema.actions.len(), place, "a wrong number of actions")?;
    // Actions share lists, and a forged file may have very many of them share very long ones.
    let mut seen: HashSet<(*const [RuleId], List)> = HashSet::new();
    for rules in &policy.actions {
        for (ids, list) in rules.lists().into_iter().zip([List::Denies, List::Allows, List::Audits]) {
            if seen.insert((Arc::as_ptr(ids), list)) {
                listed(ids, list, lists)?;
            }
        }
    }
    Ok(())
}

fn listed(ids: &[RuleId], list: List, lists: &[List]) -> Result<(), Fault> {
    let place = Place::Actions;
    ensure(ids.is_sorted_by(|a, b| a < b), place, "rules out of order")?;
    let belong = ids.iter().all(|id| lists.get(id.index()) == Some(&list));
    ensure(belong, place, "a rule where it does not belong")
}
