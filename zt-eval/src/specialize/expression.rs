//! Nodes as text that compiles to the same nodes.
//!
//! [`node_text`](crate::graph::Policy::node_text) is for people and may leave out what they know; here every name resolves
//! and every literal has the type that it is meant to have. The checker lets an optional, a narrower type or a capture be
//! used only where a condition before it says so. The order of a graph's conditions is another than the author's was, and
//! conditions that are known to hold are gone: guards are therefore written first, and again where one is wanted. Where the
//! guard is known to hold that changes nothing; everywhere else the one it repeats decides.

mod predicate;

use super::literal::{clock, literal, needs_type, pattern_literal};
use super::source::{Lets, NotWritable, ident, type_text};
use super::view::View;
use crate::graph::{Node, NowOp, Policy, Quantifier, Weekdays};
use crate::id::{EntityTypeId, NodeId, PatternId, ZoneId};
use crate::pattern::Pattern;
use crate::schema::text::{member, quoted};
use crate::schema::{Action, Type};
use crate::value::{Arith, SetOp, Value};

/// How tightly an expression binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    Any,
    Or,
    And,
    Not,
    Compare,
    Otherwise,
    Sum,
    Product,
    Sign,
    Postfix,
}

/// Whether the place of a literal says of which type it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed {
    Yes,
    No,
}

/// What must be said before an expression can be written.
#[derive(Clone, PartialEq)]
enum Need {
    Present(NodeId),
    Is(NodeId, EntityTypeId),
    Match(NodeId, PatternId),
}

/// Bytes that one rule's text may take: a graph shares what a text must repeat.
const TEXT_MAX: usize = 1 << 20;
/// How often guards may call for further guards.
const ROUNDS_MAX: usize = 8;

pub(super) struct Writer<'a, 'l> {
    policy: &'a Policy,
    view: View<'a>,
    lets: &'l mut Lets,
    needs: Vec<Need>,
    written: usize,
}

type Text = Result<String, NotWritable>;

impl<'a, 'l> Writer<'a, 'l> {
    pub fn new(policy: &'a Policy, action: &'a Action, lets: &'l mut Lets) -> Self {
        Self { policy, view: View::new(policy, action), lets, needs: Vec::new(), written: 0 }
    }

    /// A rule's condition; what it says is assumed for what is written next. Behind it stand the guards that the rule's
    /// obligations need: the author's condition said them too, so that where they are gone they hold.
    pub fn rule(&mut self, condition: NodeId, args: impl Iterator<Item = NodeId>) -> Text {
        let text = self.condition(condition, Binding::Any)?;
        self.view.assume(condition);
        let mut guards = Vec::new();
        for arg in args {
            self.guards_of(arg, &mut guards)?;
        }
        if guards.is_empty() {
            return Ok(text);
        }
        let is_certain = self.policy.constant_of(condition) == Some(&Value::Bool(true));
        let parts = if is_certain { Vec::new() } else { vec![self.enclosed(condition, text)?] };
        Ok([parts, guards].concat().join(" and "))
    }

    /// A condition's text as an operand of `and`.
    fn enclosed(&self, condition: NodeId, text: String) -> Text {
        Ok(if matches!(self.get(condition)?, Node::And(_)) { text } else { format!("({text})") })
    }

    /// The guards that an obligation's argument needs beyond what is assumed; they are assumed from here on.
    fn guards_of(&mut self, arg: NodeId, guards: &mut Vec<String>) -> Result<(), NotWritable> {
        for _ in 0..ROUNDS_MAX {
            self.operand(arg, Binding::Any, Typed::Yes)?;
            let needs = std::mem::take(&mut self.needs);
            if needs.is_empty() {
                return Ok(());
            }
            for need in needs {
                guards.extend(self.guard(&need)?);
            }
        }
        Err(NotWritable::new("an obligation's argument", &self.policy.node_text_within(arg, 200)))
    }

    /// An obligation's argument, of a rule whose condition was written with all arguments' guards.
    pub fn argument(&mut self, id: NodeId) -> Text {
        let text = self.operand(id, Binding::Any, Typed::Yes)?;
        match self.needs.is_empty() {
            true => Ok(text),
            false => Err(NotWritable::new("an obligation's argument", &text)),
        }
    }

    fn get(&self, id: NodeId) -> Result<&'a Node, NotWritable> {
        self.policy.node(id).ok_or_else(|| NotWritable::new("a condition", "?"))
    }

    /// A condition, with the guards that it needs.
    fn condition(&mut self, id: NodeId, context: Binding) -> Text {
        let outer = std::mem::take(&mut self.needs);
        let (text, binding) = match self.get(id)? {
            Node::And(all) => (self.chain(all, " and ", Binding::Not)?, Binding::And),
            Node::Or(all) => (self.chain(all, " or ", Binding::And)?, Binding::Or),
            Node::Not(of) if matches!(self.get(*of)?, Node::And(_) | Node::Or(_)) => {
                let inner = self.condition(*of, Binding::Not)?;
                (format!("not {inner}"), Binding::Not)
            }
            _ => self.atom(id)?,
        };
        self.needs = outer;
        self.written = self.written.saturating_add(text.len());
        if self.written > TEXT_MAX {
            return Err(NotWritable::new("a condition of more than a megabyte", ""));
        }
        Ok(if binding >= context { text } else { format!("({text})") })
    }

    /// The operands of `and` and `or`, guards first.
    fn chain(&mut self, all: &[NodeId], separator: &str, context: Binding) -> Text {
        let is_and = context == Binding::Not;
        let mut ordered = all.to_vec();
        ordered.sort_by_key(|id| self.guard_rank(*id, is_and));
        let outer = self.view.facts.clone();
        let mut texts = Vec::with_capacity(ordered.len());
        for id in ordered {
            texts.push(self.condition(id, context)?);
            if is_and { self.view.assume(id) } else { self.view.assume_not(id) }
        }
        self.view.facts = outer;
        Ok(texts.join(separator))
    }

    /// Where a condition stands among others: those on shorter paths are asked first.
    fn guard_rank(&self, id: NodeId, holds: bool) -> (usize, u8) {
        match (self.policy.node(id), holds) {
            (Some(Node::IsPresent(of)), true) => (self.path_length(*of), 0),
            (Some(Node::Is(of, _)), _) => (self.path_length(*of), 1),
            (Some(Node::Matches(of, _)), true) => (self.path_length(*of), 2),
            (Some(Node::Not(of)), false) => self.guard_rank(*of, true),
            _ => (usize::MAX, 0),
        }
    }

    fn path_length(&self, id: NodeId) -> usize {
        match self.policy.node(id) {
            Some(Node::Attribute { of, .. } | Node::Field { of, .. } | Node::Index(of, _)) => 1 + self.path_length(*of),
            _ => 0,
        }
    }

    /// A condition that is no connective, behind the guards that it needs.
    fn atom(&mut self, id: NodeId) -> Result<(String, Binding), NotWritable> {
        let outer = self.view.facts.clone();
        let mut guards = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let (text, binding) = self.bare(id)?;
            let mut needs = std::mem::take(&mut self.needs);
            if self.view.is_optional(id) {
                needs.push(Need::Present(id));
            }
            if needs.is_empty() {
                self.view.facts = outer;
                if guards.is_empty() {
                    return Ok((text, binding));
                }
                guards.push(if binding >= Binding::Not { text } else { format!("({text})") });
                return Ok((guards.join(" and "), Binding::And));
            }
            for need in needs {
                if let Some(guard) = self.guard(&need)? {
                    guards.push(guard);
                }
            }
        }
        Err(NotWritable::new("a condition", &self.policy.node_text_within(id, 200)))
    }

    /// The guard that meets a need, unless it has been met; it is assumed from here on.
    fn guard(&mut self, need: &Need) -> Result<Option<String>, NotWritable> {
        let text = match need {
            Need::Present(of) if self.view.facts.present.contains(of) => return Ok(None),
            Need::Present(of) => {
                let path = self.path(*of)?;
                self.view.assume_present(*of);
                format!("{path} is present")
            }
            Need::Is(of, ty) if self.view.entity_types(*of) == [*ty] => return Ok(None),
            Need::Match(of, pattern) if self.view.facts.matches.last() == Some(&(*of, *pattern)) => return Ok(None),
            Need::Is(of, ty) => {
                let path = self.operand(*of, Binding::Otherwise, Typed::No)?;
                self.view.facts.types.push((*of, vec![*ty]));
                format!("{path} is {}", self.types_text(&[*ty]))
            }
            Need::Match(of, pattern) => {
                let text = self.matches(*of, *pattern)?;
                self.view.facts.matches.push((*of, *pattern));
                text
            }
        };
        Ok(Some(text))
    }

    fn types_text(&self, types: &[EntityTypeId]) -> String {
        type_text(&self.policy.schema, &Type::Entity(types.to_vec()))
    }

    // ---- expressions

    /// An operand that may be absent.
    fn path(&mut self, id: NodeId) -> Text {
        let (text, binding) = self.bare(id)?;
        Ok(if binding >= Binding::Otherwise { text } else { format!("({text})") })
    }

    /// An operand that must be there.
    fn operand(&mut self, id: NodeId, context: Binding, typed: Typed) -> Text {
        if let Some(value) = self.policy.constant_of(id) {
            return if typed == Typed::No && needs_type(value) {
                self.lets.name(self.policy, value)
            } else {
                self.literal(value, context)
            };
        }
        let (text, binding) = self.bare(id)?;
        if self.view.is_optional(id) {
            self.needs.push(Need::Present(id));
        }
        if self.view.is_unguardable_collection(id) {
            let text = if binding >= Binding::Otherwise { text } else { format!("({text})") };
            return Ok(format!("({text} otherwise [])"));
        }
        Ok(if binding >= context { text } else { format!("({text})") })
    }

    fn literal(&self, value: &Value, context: Binding) -> Text {
        let text = literal(self.policy, value)?;
        Ok(if text.starts_with('-') && context > Binding::Sign { format!("({text})") } else { text })
    }

    fn bare(&mut self, id: NodeId) -> Result<(String, Binding), NotWritable> {
        let schema = &self.policy.schema;
        let text = match self.get(id)? {
            Node::Const(_) => self.operand(id, Binding::Any, Typed::Yes)?,
            Node::Param(param) => schema.param(*param).map_or_else(String::new, |param| ident(&param.name)),
            Node::Subject => "subject".into(),
            Node::Resource => "resource".into(),
            Node::Context(at) => {
                let name = schema.context.get(*at as usize).map_or("", |attribute| &attribute.name);
                format!("context.{}", member(name))
            }
            Node::Attribute { of, ty, attribute } => {
                let base = self.base(*of)?;
                if self.view.entity_types(*of) != [*ty] {
                    self.needs.push(Need::Is(*of, *ty));
                }
                let name = schema.entity(*ty).and_then(|entity| entity.attributes.get(*attribute as usize));
                format!("{base}.{}", member(name.map_or("", |attribute| &attribute.name)))
            }
            Node::Field { of, record, field } => {
                let base = self.base(*of)?;
                let name = schema.record(*record).and_then(|record| record.fields.get(*field as usize));
                format!("{base}.{}", member(name.map_or("", |field| &field.name)))
            }
            Node::Element(level) => self.lets.element(*level),
            Node::Key(level) => self.lets.key(*level),
            Node::Index(map, key) => {
                let base = self.base(*map)?;
                format!("{base}[{}]", self.operand(*key, Binding::Any, Typed::Yes)?)
            }
            Node::Lower(of) => format!("lower({})", self.operand(*of, Binding::Any, Typed::Yes)?),
            Node::Size(of) => format!("size({})", self.operand(*of, Binding::Any, Typed::No)?),
            Node::SetOperation(op, a, b) => {
                let name = match op {
                    SetOp::Union => "union",
                    SetOp::Intersection => "intersection",
                    SetOp::Difference => "difference",
                };
                let a = self.operand(*a, Binding::Any, Typed::No)?;
                format!("{name}({a}, {})", self.operand(*b, Binding::Any, Typed::No)?)
            }
            Node::Set(all) | Node::List(all) => {
                let texts: Result<Vec<_>, _> =
                    all.iter().map(|each| self.operand(*each, Binding::Any, Typed::No)).collect();
                format!("[{}]", texts?.join(", "))
            }
            Node::Capture { of, pattern, index } => self.capture(*of, *pattern, *index)?,
            Node::Quantified { quantifier, over, level, body } => {
                let inner = self.quantified(*over, *level, *body)?;
                match quantifier {
                    Quantifier::All => format!("all {inner}"),
                    Quantifier::Any => format!("any {inner}"),
                    Quantifier::Count => format!("count({inner})"),
                }
            }
            other => return self.operator(id, other),
        };
        Ok((text, Binding::Postfix))
    }

    /// What an attribute, a field or an entry is of: a path through an optional is optional.
    fn base(&mut self, of: NodeId) -> Text {
        if self.policy.constant_of(of).is_some() {
            return self.operand(of, Binding::Postfix, Typed::No);
        }
        let (text, binding) = self.bare(of)?;
        Ok(if binding >= Binding::Postfix { text } else { format!("({text})") })
    }

    fn operator(&mut self, id: NodeId, node: &'a Node) -> Result<(String, Binding), NotWritable> {
        Ok(match node {
            Node::And(_) | Node::Or(_) => (self.condition(id, Binding::Any)?, loosest(node)),
            Node::Not(of) => self.negated(*of)?,
            Node::If { condition, then, otherwise } => (self.choice(*condition, *then, *otherwise)?, Binding::Any),
            Node::IsPresent(of) => (self.presence(*of)?, Binding::Compare),
            Node::IsEmpty(of) => {
                (format!("{} is empty", self.operand(*of, Binding::Otherwise, Typed::No)?), Binding::Compare)
            }
            Node::Is(of, types) => (self.kind(*of, types)?, Binding::Compare),
            Node::Otherwise(first, second) => {
                let first = self.path(*first)?;
                let second = match self.policy.constant_of(*second) {
                    Some(_) => self.operand(*second, Binding::Sum, Typed::Yes)?,
                    None => {
                        let (text, binding) = self.bare(*second)?;
                        if binding >= Binding::Sum { text } else { format!("({text})") }
                    }
                };
                (format!("{first} otherwise {second}"), Binding::Otherwise)
            }
            Node::Arith(op, a, b) => self.arith(*op, *a, *b)?,
            Node::Negate(of) => (format!("-{}", self.operand(*of, Binding::Postfix, Typed::No)?), Binding::Sign),
            Node::Now(op, time) => (self.now(*op, *time, true)?, Binding::Compare),
            Node::Weekday(zone, days) => (self.weekday(*zone, *days), Binding::Compare),
            Node::TimeOfDay(zone, ranges) => (self.time_of_day(*zone, ranges), Binding::Compare),
            test => (self.test(test, true)?, Binding::Compare),
        })
    }

    fn choice(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) -> Text {
        let outer = self.view.facts.clone();
        let asked = self.condition(condition, Binding::Any)?;
        self.view.assume(condition);
        let first = self.arm(then)?;
        self.view.facts = outer.clone();
        self.view.assume_not(condition);
        let second = self.arm(otherwise)?;
        self.view.facts = outer;
        Ok(format!("if {asked} then {first} else {second}"))
    }

    /// An arm may be absent; what it needs inside is met there if it is a condition.
    fn arm(&mut self, id: NodeId) -> Text {
        if self.get(id)?.is_condition() {
            return self.condition(id, Binding::Any);
        }
        match self.policy.constant_of(id) {
            Some(_) => self.operand(id, Binding::Any, Typed::No),
            None => self.bare(id).map(|(text, _)| text),
        }
    }

    fn arith(&mut self, op: Arith, a: NodeId, b: NodeId) -> Result<(String, Binding), NotWritable> {
        let (operator, binding, left, right) = match op {
            Arith::Add => ("+", Binding::Sum, Binding::Sum, Binding::Product),
            Arith::Sub => ("-", Binding::Sum, Binding::Sum, Binding::Product),
            Arith::Mul => ("*", Binding::Product, Binding::Product, Binding::Sign),
        };
        let left = self.operand(a, left, Typed::No)?;
        Ok((format!("{left} {operator} {}", self.operand(b, right, Typed::No)?), binding))
    }

    fn now(&mut self, op: NowOp, time: NodeId, holds: bool) -> Text {
        let operator = match (op, holds) {
            (NowOp::Before, true) => "<",
            (NowOp::Before, false) => ">=",
            (NowOp::AtOrBefore, true) => "<=",
            (NowOp::AtOrBefore, false) => ">",
            (NowOp::At, true) => "==",
            (NowOp::At, false) => "!=",
        };
        Ok(format!("now {operator} {}", self.operand(time, Binding::Otherwise, Typed::Yes)?))
    }

    fn matches(&mut self, of: NodeId, pattern: PatternId) -> Text {
        let text = self.operand(of, Binding::Otherwise, Typed::No)?;
        let pattern = match self.policy.pattern(pattern) {
            Some(Pattern::Regex(regex)) => format!("matches \"{}\"", regex.source().replace('"', "\\\"")),
            Some(Pattern::Glob(glob)) => format!("like {}", pattern_literal(&glob.to_string())),
            Some(Pattern::Route(route)) => format!("like {}", pattern_literal(&route.to_string())),
            Some(Pattern::HostGlob(host)) => format!("like {}", pattern_literal(&host.to_string())),
            None => return Err(NotWritable::new("a pattern", &text)),
        };
        Ok(format!("{text} {pattern}"))
    }

    fn capture(&mut self, of: NodeId, pattern: PatternId, index: u32) -> Text {
        let policy = self.policy;
        let Some(Pattern::Route(route)) = policy.pattern(pattern) else {
            return Err(NotWritable::new("a capture", ""));
        };
        let name = route.names().nth(index as usize).unwrap_or_default();
        let names = |id: PatternId| match policy.pattern(id) {
            Some(Pattern::Route(route)) => route.names().any(|other| other == name),
            _ => false,
        };
        let last = self.view.facts.matches.iter().rev().find(|(_, pattern)| names(*pattern));
        if last != Some(&(of, pattern)) {
            self.needs.push(Need::Match(of, pattern));
        }
        Ok(ident(name))
    }

    fn quantified(&mut self, over: NodeId, level: u8, body: NodeId) -> Text {
        let collection = self.operand(over, Binding::Compare, Typed::No)?;
        let is_map = matches!(self.view.declared(over).as_ref().map(Type::present), Some(Type::Map(_)));
        let depth = self.view.overs.len();
        self.view.overs.resize(usize::from(level).saturating_sub(1), over);
        self.view.overs.push(over);
        let body = self.condition(body, Binding::Any)?;
        self.view.overs.truncate(depth);
        let key = if is_map { format!("{}, ", self.lets.key(level)) } else { String::new() };
        Ok(format!("{key}{} in {collection}: ({body})", self.lets.element(level)))
    }

    fn zone(&self, zone: ZoneId) -> String {
        quoted(self.policy.zone(zone).map_or("", |zone| zone.name()))
    }

    fn weekday(&self, zone: ZoneId, days: Weekdays) -> String {
        const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let named: Vec<&str> =
            DAYS.iter().enumerate().filter(|(day, _)| days.0 & (1 << day) != 0).map(|(_, name)| *name).collect();
        let zone = self.zone(zone);
        match named.as_slice() {
            [one] => format!("now.weekday({zone}) == {one}"),
            many => format!("now.weekday({zone}) in [{}]", many.join(", ")),
        }
    }

    fn time_of_day(&self, zone: ZoneId, ranges: &[(u32, u32)]) -> String {
        let texts: Vec<String> =
            ranges.iter().map(|(start, end)| format!("{}..{}", clock(*start), clock(*end))).collect();
        let zone = self.zone(zone);
        match texts.as_slice() {
            [one] => format!("now.time({zone}) in {one}"),
            many => format!("now.time({zone}) in [{}]", many.join(", ")),
        }
    }
}

fn loosest(node: &Node) -> Binding {
    if matches!(node, Node::Or(_)) { Binding::Or } else { Binding::And }
}
