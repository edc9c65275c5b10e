//! Nodes as text that compiles to the same nodes.
//!
//! [`node_text`](crate::graph::Policy::node_text) is for people and may leave out what they know; here every name resolves
//! and every literal has the type that it is meant to have. The checker lets an optional, a narrower type or a capture be
//! used only where a condition before it says so. The order of a graph's conditions is another than the author's was, and
//! conditions that are known to hold are gone: guards are therefore written first, and again where one is wanted. Where the
//! guard is known to hold that changes nothing; everywhere else the one it repeats decides.

use super::literal::{clock, literal, needs_type, pattern_literal};
use super::source::{Lets, NotWritable, ident, type_text};
use super::view::View;
use crate::graph::{CompareOp, Node, NowOp, Policy, Quantifier, Weekdays};
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

    /// A rule's condition; what it says is assumed for what is written next.
    pub fn rule(&mut self, condition: NodeId) -> Text {
        let text = self.condition(condition, Binding::Any)?;
        self.view.assume(condition);
        Ok(text)
    }

    /// An obligation's argument.
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

    /// Whether an entity is of one of these types; it is asked only of those that it can be of.
    fn kind(&mut self, of: NodeId, types: &[EntityTypeId]) -> Text {
        let text = self.operand(of, Binding::Otherwise, Typed::No)?;
        let possible = self.view.entity_types(of);
        let asked: Vec<EntityTypeId> = types.iter().copied().filter(|ty| possible.contains(ty)).collect();
        if asked.is_empty() {
            return self.never(&[of], true);
        }
        Ok(format!("{text} is {}", self.types_text(&asked)))
    }

    /// A test that is false of everything that is known, and true where it is denied: what it is asked of is compared with
    /// itself, so that it is unknown as before.
    fn never(&mut self, operands: &[NodeId], holds: bool) -> Text {
        let is_always_known =
            |id: &NodeId| matches!(self.policy.node(*id), Some(Node::Const(_) | Node::Subject | Node::Resource));
        let open: Vec<NodeId> = operands.iter().copied().filter(|id| !is_always_known(id)).collect();
        match open.as_slice() {
            [] => Ok((!holds).to_string()),
            [one] => {
                let text = self.operand(*one, Binding::Otherwise, Typed::No)?;
                Ok(format!("{text} {} {text}", if holds { "!=" } else { "==" }))
            }
            _ => Err(NotWritable::new("a test that its types rule out", "")),
        }
    }

    /// Whether no two values of the operands' types meet in a test, as far as entities are concerned.
    fn is_ruled_out(&self, node: &Node) -> bool {
        let elements = |id: NodeId| match self.view.declared(id).as_ref().map(Type::present) {
            Some(Type::Set(inner) | Type::List(inner)) => match &**inner {
                Type::Entity(types) => types.clone(),
                _ => Vec::new(),
            },
            _ => self.view.entity_types(id),
        };
        let (a, b) = match node {
            Node::Compare(CompareOp::Equal, a, b) => (self.view.entity_types(*a), self.view.entity_types(*b)),
            Node::Contains(a, b) => (elements(*a), self.view.entity_types(*b)),
            Node::Within(a, b) => {
                let leads_to = &self.policy.derived.leads_to;
                let from: Vec<_> =
                    self.view.entity_types(*a).iter().filter_map(|ty| leads_to.get(ty.index())).collect();
                let to = elements(*b);
                let meets = from.iter().any(|row| to.iter().any(|ty| row.get(ty.index()) == Some(&true)));
                return !from.is_empty() && !to.is_empty() && !meets;
            }
            _ => return false,
        };
        !a.is_empty() && !b.is_empty() && !a.iter().any(|ty| b.contains(ty))
    }

    /// A test of one or two operands, or its opposite.
    fn test(&mut self, node: &'a Node, holds: bool) -> Text {
        if self.is_ruled_out(node) {
            return self.never(&node.children(), holds);
        }
        let (a, operator, b) = match node {
            Node::Compare(op, a, b) => return self.compare(*op, *a, *b, holds),
            Node::Matches(of, pattern) => return self.matches(*of, *pattern),
            Node::Within(a, b) if holds => (a, "in", b),
            Node::Within(a, b) => (a, "not in", b),
            Node::Contains(a, b) => match self.policy.constant_of(*a) {
                Some(Value::Set(_) | Value::List(_) | Value::IpRange(_)) if holds => (b, "in", a),
                Some(Value::Set(_) | Value::List(_) | Value::IpRange(_)) => (b, "not in", a),
                _ => (a, "contains", b),
            },
            Node::ContainsAny(a, b) => (a, "contains_any", b),
            Node::ContainsAll(a, b) => (a, "contains_all", b),
            Node::StartsWith(a, b) => (a, "starts_with", b),
            Node::EndsWith(a, b) => (a, "ends_with", b),
            _ => return Err(NotWritable::new("a condition", "")),
        };
        self.infix(*a, operator, *b)
    }

    /// Each operand says of which type the other's literals are.
    fn infix(&mut self, a: NodeId, operator: &str, b: NodeId) -> Text {
        let are_literals = self.policy.constant_of(a).is_some() && self.policy.constant_of(b).is_some();
        let typed = if are_literals { Typed::No } else { Typed::Yes };
        let left = self.operand(a, Binding::Otherwise, typed)?;
        Ok(format!("{left} {operator} {}", self.operand(b, Binding::Otherwise, typed)?))
    }

    fn compare(&mut self, op: CompareOp, a: NodeId, b: NodeId, holds: bool) -> Text {
        let (plain, turned) = match (op, holds) {
            (CompareOp::Equal, true) => ("==", "=="),
            (CompareOp::Equal, false) => ("!=", "!="),
            (CompareOp::Less, true) => ("<", ">"),
            (CompareOp::Less, false) => (">=", "<="),
            (CompareOp::LessOrEqual, true) => ("<=", ">="),
            (CompareOp::LessOrEqual, false) => (">", "<"),
        };
        if self.policy.constant_of(a).is_some() { self.infix(b, turned, a) } else { self.infix(a, plain, b) }
    }

    fn negated(&mut self, of: NodeId) -> Result<(String, Binding), NotWritable> {
        let node = self.get(of)?;
        let has_opposite = match node {
            Node::Compare(..) | Node::Within(..) => true,
            Node::Contains(a, _) => {
                matches!(self.policy.constant_of(*a), Some(Value::Set(_) | Value::List(_) | Value::IpRange(_)))
            }
            _ => false,
        };
        Ok(match node {
            test if has_opposite => (self.test(test, false)?, Binding::Compare),
            Node::Now(op, time) => (self.now(*op, *time, false)?, Binding::Compare),
            Node::Quantified { quantifier: Quantifier::Any, over, level, body } => {
                (format!("none {}", self.quantified(*over, *level, *body)?), Binding::Postfix)
            }
            _ => (format!("not {}", self.operand(of, Binding::Not, Typed::Yes)?), Binding::Not),
        })
    }

    /// Only optionals are asked whether they are present. Where one is so no longer, because which of several it is has been
    /// settled, to be equal to oneself says the same.
    fn presence(&mut self, of: NodeId) -> Text {
        let path = self.path(of)?;
        let present = std::mem::take(&mut self.view.facts.present);
        let declared = self.view.declared(of);
        self.view.facts.present = present;
        match declared {
            Some(ty) if ty.is_optional() => {}
            Some(Type::Record(_) | Type::Map(_)) => return Err(NotWritable::new("what is present for sure", &path)),
            _ => return Ok(format!("{path} == {path}")),
        }
        Ok(format!("{path} is present"))
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
        if is_condition(self.get(id)?) {
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

fn is_condition(node: &Node) -> bool {
    matches!(
        node,
        Node::And(_)
            | Node::Or(_)
            | Node::Not(_)
            | Node::Compare(..)
            | Node::Within(..)
            | Node::Contains(..)
            | Node::ContainsAny(..)
            | Node::ContainsAll(..)
            | Node::StartsWith(..)
            | Node::EndsWith(..)
            | Node::Is(..)
            | Node::IsPresent(_)
            | Node::IsEmpty(_)
            | Node::Matches(..)
            | Node::Now(..)
            | Node::Weekday(..)
            | Node::TimeOfDay(..)
            | Node::Quantified { quantifier: Quantifier::All | Quantifier::Any, .. }
    )
}
