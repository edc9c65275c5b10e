//! Nodes and values as the policy's author would write them.
//!
//! For people: in explanations, in what was unknown, in drawings. The text is bounded, since a graph shares what a text
//! must repeat; what does not fit ends in `…`.

mod time;

use std::collections::HashSet;
use std::fmt::{self, Write};

use super::{CompareOp, Node, NowOp, Policy, Quantifier};
use crate::id::{NodeId, PatternId};
use crate::pattern::Pattern;
use crate::schema::text::{Member, Quoted};
use crate::value::{Arith, Datum, SetOp, Value};

/// Bytes of a node's text.
const TEXT_MAX: usize = 2_000;

/// How tightly an expression binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
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

/// Memory for finding out which variables a quantifier must name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    seen: HashSet<NodeId>,
    pending: Vec<NodeId>,
}

impl Policy {
    /// A node as its author would write it.
    #[must_use]
    pub fn node_text(&self, node: NodeId) -> String {
        self.node_text_within(node, TEXT_MAX)
    }

    /// A node as its author would write it, in at most `bytes_max` bytes and an ellipsis.
    #[must_use]
    pub fn node_text_within(&self, node: NodeId, bytes_max: usize) -> String {
        self.text_within(bytes_max, |writer| writer.node(node, Binding::Any))
    }

    /// The text of a node, behind what `out` holds already.
    pub(crate) fn write_node(&self, out: &mut String, node: NodeId, walk: &mut Walk) {
        self.write_within(out, TEXT_MAX, walk, |writer| writer.node(node, Binding::Any));
    }

    /// A value as a literal.
    #[must_use]
    pub fn value_text(&self, value: &Value) -> String {
        self.text_within(TEXT_MAX, |writer| writer.value(value))
    }

    /// A datum as a literal, `absent`, or `unknown`.
    #[must_use]
    pub fn datum_text(&self, datum: &Datum) -> String {
        match datum {
            Datum::Unknown => "unknown".into(),
            Datum::Absent => "absent".into(),
            Datum::Value(value) => self.value_text(value),
        }
    }

    fn text_within<'a>(
        &'a self,
        bytes_max: usize,
        write: impl FnOnce(&mut Writer<'a, '_, '_>) -> fmt::Result,
    ) -> String {
        let mut text = String::new();
        self.write_within(&mut text, bytes_max, &mut Walk::default(), write);
        text
    }

    fn write_within<'a>(
        &'a self,
        out: &mut String,
        bytes_max: usize,
        walk: &mut Walk,
        write: impl FnOnce(&mut Writer<'a, '_, '_>) -> fmt::Result,
    ) {
        let mut bounded = Bounded { text: out, room: bytes_max };
        if write(&mut Writer { policy: self, out: &mut bounded, walk }).is_err() {
            bounded.text.push('…');
        }
    }
}

/// A text that refuses to grow beyond its bound.
struct Bounded<'t> {
    text: &'t mut String,
    /// Bytes that may still be added.
    room: usize,
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if part.len() <= self.room {
            self.text.push_str(part);
            self.room -= part.len();
            return Ok(());
        }
        let end = part.floor_char_boundary_at(self.room);
        self.text.push_str(part.get(..end).unwrap_or_default());
        Err(fmt::Error)
    }
}

/// `str::floor_char_boundary`, which is younger than the oldest compiler that is supported.
trait FloorCharBoundary {
    fn floor_char_boundary_at(&self, at: usize) -> usize;
}

impl FloorCharBoundary for str {
    fn floor_char_boundary_at(&self, at: usize) -> usize {
        (0..=at).rev().find(|end| self.is_char_boundary(*end)).unwrap_or(0)
    }
}

struct Writer<'a, 'o, 't> {
    policy: &'a Policy,
    out: &'o mut Bounded<'t>,
    walk: &'o mut Walk,
}

impl<'a> Writer<'a, '_, '_> {
    fn node(&mut self, id: NodeId, context: Binding) -> fmt::Result {
        let Some(node) = self.policy.nodes.get(id.index()) else {
            return self.out.write_str("?");
        };
        if binding_of(node) >= context {
            return self.bare(node);
        }
        self.out.write_str("(")?;
        self.bare(node)?;
        self.out.write_str(")")
    }

    fn bare(&mut self, node: &'a Node) -> fmt::Result {
        match node {
            Node::Const(id) => match self.policy.consts.get(id.index()) {
                Some(value) => self.value(value),
                None => self.out.write_str("?"),
            },
            Node::Param(id) => self.out.write_str(self.policy.schema.param(*id).map_or("?", |param| &param.name)),
            Node::Subject => self.out.write_str("subject"),
            Node::Resource => self.out.write_str("resource"),
            Node::Context(at) => {
                let name = self.policy.schema.context.get(*at as usize).map_or("?", |attribute| &attribute.name);
                write!(self.out, "context.{}", Member(name))
            }
            Node::Attribute { of, ty, attribute } => {
                let entity = self.policy.schema.entity(*ty);
                let attribute = entity.and_then(|entity| entity.attributes.get(*attribute as usize));
                self.dotted(*of, attribute.map_or("?", |attribute| &attribute.name))
            }
            Node::Field { of, record, field } => {
                let field = self.policy.schema.record(*record).and_then(|record| record.fields.get(*field as usize));
                self.dotted(*of, field.map_or("?", |field| &field.name))
            }
            Node::Element(level) => self.variable('x', *level),
            Node::Key(level) => self.variable('k', *level),
            Node::And(all) => self.joined(all, " and ", Binding::Not),
            Node::Or(all) => self.joined(all, " or ", Binding::And),
            Node::Not(of) => self.negated(*of),
            Node::If { condition, then, otherwise } => {
                self.around("if ", *condition, "")?;
                self.around(" then ", *then, "")?;
                self.around(" else ", *otherwise, "")
            }
            Node::Compare(op, left, right) => self.compare(*op, *left, *right, true),
            Node::Within(left, right) => self.infix(*left, "in", *right),
            Node::Contains(left, right) if self.is_const(*left) => self.infix(*right, "in", *left),
            Node::Contains(left, right) => self.infix(*left, "contains", *right),
            Node::ContainsAny(left, right) => self.infix(*left, "contains_any", *right),
            Node::ContainsAll(left, right) => self.infix(*left, "contains_all", *right),
            Node::StartsWith(left, right) => self.infix(*left, "starts_with", *right),
            Node::EndsWith(left, right) => self.infix(*left, "ends_with", *right),
            Node::Is(of, types) => {
                self.node(*of, Binding::Otherwise)?;
                self.out.write_str(" is ")?;
                self.policy.schema.write_types(self.out, types)
            }
            Node::IsPresent(of) => self.suffixed(*of, " is present"),
            Node::IsEmpty(of) => self.suffixed(*of, " is empty"),
            Node::Matches(of, pattern) => self.matches(*of, *pattern),
            Node::Capture { of, pattern, index } => self.capture(*of, *pattern, *index),
            Node::Now(op, time) => {
                write!(self.out, "now {} ", now_text(*op))?;
                self.node(*time, Binding::Otherwise)
            }
            Node::Weekday(zone, days) => self.weekday(*zone, *days),
            Node::TimeOfDay(zone, ranges) => self.time_of_day(*zone, ranges),
            Node::Quantified { quantifier, over, level, body } => self.quantified(*quantifier, *over, *level, *body),
            Node::Otherwise(first, second) => {
                self.node(*first, Binding::Otherwise)?;
                self.out.write_str(" otherwise ")?;
                self.node(*second, Binding::Sum)
            }
            Node::Arith(op, left, right) => self.arith(*op, *left, *right),
            Node::Negate(of) => {
                self.out.write_str("-")?;
                self.node(*of, Binding::Postfix)
            }
            Node::Lower(of) => self.around("lower(", *of, ")"),
            Node::Size(of) => self.around("size(", *of, ")"),
            Node::SetOperation(op, left, right) => {
                self.around(set_operation_text(*op), *left, ", ")?;
                self.around("", *right, ")")
            }
            Node::Index(map, key) => {
                self.node(*map, Binding::Postfix)?;
                self.around("[", *key, "]")
            }
            Node::Set(elements) | Node::List(elements) => {
                self.out.write_str("[")?;
                self.joined(elements, ", ", Binding::Any)?;
                self.out.write_str("]")
            }
        }
    }

    fn dotted(&mut self, of: NodeId, name: &str) -> fmt::Result {
        self.node(of, Binding::Postfix)?;
        write!(self.out, ".{}", Member(name))
    }

    fn suffixed(&mut self, of: NodeId, suffix: &str) -> fmt::Result {
        self.node(of, Binding::Otherwise)?;
        self.out.write_str(suffix)
    }

    fn around(&mut self, before: &str, of: NodeId, after: &str) -> fmt::Result {
        self.out.write_str(before)?;
        self.node(of, Binding::Any)?;
        self.out.write_str(after)
    }

    fn joined(&mut self, all: &[NodeId], separator: &str, context: Binding) -> fmt::Result {
        self.separated(all.iter(), separator, |writer, node| writer.node(*node, context))
    }

    fn infix(&mut self, left: NodeId, operator: &str, right: NodeId) -> fmt::Result {
        self.node(left, Binding::Otherwise)?;
        write!(self.out, " {operator} ")?;
        self.node(right, Binding::Otherwise)
    }

    fn is_const(&self, id: NodeId) -> bool {
        matches!(self.policy.nodes.get(id.index()), Some(Node::Const(_)))
    }

    /// A comparison or, unless it `holds`, its opposite; a constant stands on the right.
    fn compare(&mut self, op: CompareOp, left: NodeId, right: NodeId, holds: bool) -> fmt::Result {
        let (plain, turned) = match (op, holds) {
            (CompareOp::Equal, true) => ("==", "=="),
            (CompareOp::Equal, false) => ("!=", "!="),
            (CompareOp::Less, true) => ("<", ">"),
            (CompareOp::Less, false) => (">=", "<="),
            (CompareOp::LessOrEqual, true) => ("<=", ">="),
            (CompareOp::LessOrEqual, false) => (">", "<"),
        };
        if self.is_const(left) { self.infix(right, turned, left) } else { self.infix(left, plain, right) }
    }

    /// `not x`, or the comparison that says the same.
    fn negated(&mut self, of: NodeId) -> fmt::Result {
        match self.policy.nodes.get(of.index()) {
            Some(Node::Compare(op, left, right)) => self.compare(*op, *left, *right, false),
            Some(Node::Within(left, right)) => self.infix(*left, "not in", *right),
            Some(Node::Contains(left, right)) if self.is_const(*left) => self.infix(*right, "not in", *left),
            Some(Node::Now(op, time)) => {
                write!(self.out, "now {} ", not_now_text(*op))?;
                self.node(*time, Binding::Otherwise)
            }
            Some(Node::Quantified { quantifier: Quantifier::Any, over, level, body }) => {
                self.bound("none ", *over, *level, *body, "")
            }
            _ => {
                self.out.write_str("not ")?;
                self.node(of, Binding::Not)
            }
        }
    }

    fn arith(&mut self, op: Arith, left: NodeId, right: NodeId) -> fmt::Result {
        let (operator, left_binding, right_binding) = match op {
            Arith::Add => ("+", Binding::Sum, Binding::Product),
            Arith::Sub => ("-", Binding::Sum, Binding::Product),
            Arith::Mul => ("*", Binding::Product, Binding::Sign),
        };
        self.node(left, left_binding)?;
        write!(self.out, " {operator} ")?;
        self.node(right, right_binding)
    }

    fn matches(&mut self, of: NodeId, pattern: PatternId) -> fmt::Result {
        self.node(of, Binding::Otherwise)?;
        match self.policy.patterns.get(pattern.index()) {
            // A regex's backslashes are its own: only a quote is escaped in its literal.
            Some(Pattern::Regex(regex)) => {
                self.out.write_str(" matches \"")?;
                self.separated(regex.source().split('"'), "\\\"", |writer, part| writer.out.write_str(part))?;
                self.out.write_str("\"")
            }
            Some(Pattern::Glob(glob)) => write!(self.out, " like \"{glob}\""),
            Some(Pattern::Route(route)) => write!(self.out, " like \"{route}\""),
            Some(Pattern::HostGlob(host)) => write!(self.out, " like \"{host}\""),
            None => self.out.write_str(" like ?"),
        }
    }

    fn capture(&mut self, of: NodeId, pattern: PatternId, index: u32) -> fmt::Result {
        match self.policy.patterns.get(pattern.index()) {
            Some(Pattern::Route(route)) => self.out.write_str(route.names().nth(index as usize).unwrap_or("?")),
            _ => self.dotted(of, "?"),
        }
    }

    fn variable(&mut self, letter: char, level: u8) -> fmt::Result {
        match level {
            1 => self.out.write_char(letter),
            deeper => write!(self.out, "{letter}{deeper}"),
        }
    }

    fn quantified(&mut self, quantifier: Quantifier, over: NodeId, level: u8, body: NodeId) -> fmt::Result {
        match quantifier {
            Quantifier::All => self.bound("all ", over, level, body, ""),
            Quantifier::Any => self.bound("any ", over, level, body, ""),
            Quantifier::Count => self.bound("count(", over, level, body, ")"),
        }
    }

    fn bound(&mut self, head: &str, over: NodeId, level: u8, body: NodeId, tail: &str) -> fmt::Result {
        self.out.write_str(head)?;
        if self.reads_key(body, level) {
            self.variable('k', level)?;
            self.out.write_str(", ")?;
        }
        self.variable('x', level)?;
        self.out.write_str(" in ")?;
        self.node(over, Binding::Compare)?;
        self.around(": (", body, ")")?;
        self.out.write_str(tail)
    }

    /// Whether the body of a quantifier reads its key. Nodes are looked at once each, so it is linear in the body.
    fn reads_key(&mut self, body: NodeId, level: u8) -> bool {
        let Walk { seen, pending } = &mut *self.walk;
        seen.clear();
        pending.clear();
        pending.push(body);
        while let Some(id) = pending.pop() {
            match self.policy.nodes.get(id.index()) {
                Some(Node::Key(key)) if *key == level => return true,
                Some(node) if seen.insert(id) => node.each_child(|child| pending.push(child)),
                _ => {}
            }
        }
        false
    }

    fn value(&mut self, value: &Value) -> fmt::Result {
        let schema = &self.policy.schema;
        match value {
            Value::Bool(known) => write!(self.out, "{known}"),
            Value::Int(int) => write!(self.out, "{int}"),
            Value::Decimal(decimal) => write!(self.out, "{decimal}"),
            Value::String(text) => write!(self.out, "{}", Quoted(text)),
            Value::Timestamp(time) => write!(self.out, "\"{time}\""),
            Value::Duration(span) => write!(self.out, "{span}"),
            Value::Ip(ip) => write!(self.out, "{ip}"),
            Value::IpRange(range) => write!(self.out, "{range}"),
            Value::Version(version) => write!(self.out, "\"{version}\""),
            Value::Quantity(quantity) => write!(self.out, "\"{quantity}\""),
            Value::Path(path) => write!(self.out, "{}", Quoted(path)),
            Value::Host(host) => write!(self.out, "\"{host}\""),
            Value::Enum(of) => {
                let name = schema.enum_type(of.ty).and_then(|ty| ty.members.get(of.index as usize));
                self.out.write_str(name.map_or("?", |name| name))
            }
            Value::Entity(uid) => schema.write_uid(self.out, uid),
            Value::Set(all) | Value::List(all) => {
                self.out.write_str("[")?;
                self.separated(all.iter(), ", ", |writer, element| writer.value(element))?;
                self.out.write_str("]")
            }
            Value::Map(entries) => {
                self.out.write_str("{")?;
                self.separated(entries.iter(), ", ", |writer, (key, value)| {
                    write!(writer.out, "{}: ", Quoted(key))?;
                    writer.value(value)
                })?;
                self.out.write_str("}")
            }
            // A value does not know its record type's name, so fields read as a tuple.
            Value::Record(fields) => {
                self.out.write_str("{")?;
                self.separated(fields.iter(), ", ", |writer, field| match field {
                    Datum::Unknown => writer.out.write_str("unknown"),
                    Datum::Absent => writer.out.write_str("absent"),
                    Datum::Value(value) => writer.value(value),
                })?;
                self.out.write_str("}")
            }
        }
    }

    fn separated<T>(
        &mut self,
        all: impl Iterator<Item = T>,
        separator: &str,
        mut write: impl FnMut(&mut Self, T) -> fmt::Result,
    ) -> fmt::Result {
        for (index, one) in all.enumerate() {
            if index > 0 {
                self.out.write_str(separator)?;
            }
            write(self, one)?;
        }
        Ok(())
    }
}

fn binding_of(node: &Node) -> Binding {
    match node {
        Node::If { .. } => Binding::Any,
        Node::Or(_) => Binding::Or,
        Node::And(_) => Binding::And,
        Node::Not(_) => Binding::Not,
        Node::Compare(..)
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
        | Node::TimeOfDay(..) => Binding::Compare,
        Node::Otherwise(..) => Binding::Otherwise,
        Node::Arith(Arith::Mul, ..) => Binding::Product,
        Node::Arith(..) => Binding::Sum,
        Node::Negate(_) => Binding::Sign,
        _ => Binding::Postfix,
    }
}

fn now_text(op: NowOp) -> &'static str {
    match op {
        NowOp::Before => "<",
        NowOp::AtOrBefore => "<=",
        NowOp::At => "==",
    }
}

fn not_now_text(op: NowOp) -> &'static str {
    match op {
        NowOp::Before => ">=",
        NowOp::AtOrBefore => ">",
        NowOp::At => "!=",
    }
}

fn set_operation_text(op: SetOp) -> &'static str {
    match op {
        SetOp::Union => "union(",
        SetOp::Intersection => "intersection(",
        SetOp::Difference => "difference(",
    }
}
