//! Nodes: a byte for the kind, then what it consists of.
//!
//! Most nodes read nodes that were made just before, or the tests that many share, which stand near the start. A child is
//! therefore counted from whichever end is nearer: below `own`, the number of the node, the first, the last, the second,
//! the last but one and so on are 0, 1, 2, 3…; at `own` and beyond, where no child of a valid policy is, a number is
//! itself. So each number means another child, and small numbers mean likely ones.
//!
//! Constants are mostly used in their order, so the difference from the next is written.

use super::bytes::{Flaw, Reader, Writer, delta, undelta};
use crate::graph::{CompareOp, Node, NowOp, Operands, Quantifier, Weekdays};
use crate::id::{ConstId, EntityTypeId, NodeId, ParamId, PatternId, RecordId, ZoneId};
use crate::value::{Arith, SetOp};

const CONST: u8 = 0;
const PARAM: u8 = 1;
const SUBJECT: u8 = 2;
const RESOURCE: u8 = 3;
const CONTEXT: u8 = 4;
const ATTRIBUTE: u8 = 5;
const FIELD: u8 = 6;
const ELEMENT: u8 = 7;
const KEY: u8 = 8;
const AND: u8 = 9;
const OR: u8 = 10;
const NOT: u8 = 11;
const IF: u8 = 12;
const EQUAL: u8 = 13;
const LESS: u8 = 14;
const LESS_OR_EQUAL: u8 = 15;
const WITHIN: u8 = 16;
const CONTAINS: u8 = 17;
const CONTAINS_ANY: u8 = 18;
const CONTAINS_ALL: u8 = 19;
const STARTS_WITH: u8 = 20;
const ENDS_WITH: u8 = 21;
const IS: u8 = 22;
const IS_PRESENT: u8 = 23;
const IS_EMPTY: u8 = 24;
const MATCHES: u8 = 25;
const CAPTURE: u8 = 26;
const NOW_BEFORE: u8 = 27;
const NOW_AT_OR_BEFORE: u8 = 28;
const NOW_AT: u8 = 29;
const WEEKDAY: u8 = 30;
const TIME_OF_DAY: u8 = 31;
const ALL: u8 = 32;
const ANY: u8 = 33;
const COUNT: u8 = 34;
const OTHERWISE: u8 = 35;
const ADD: u8 = 36;
const SUB: u8 = 37;
const MUL: u8 = 38;
const NEGATE: u8 = 39;
const LOWER: u8 = 40;
const SIZE: u8 = 41;
const UNION: u8 = 42;
const INTERSECTION: u8 = 43;
const DIFFERENCE: u8 = 44;
const INDEX: u8 = 45;
const SET: u8 = 46;
const LIST: u8 = 47;

fn kind(node: &Node) -> u8 {
    match node {
        Node::Const(_) => CONST,
        Node::Param(_) => PARAM,
        Node::Subject => SUBJECT,
        Node::Resource => RESOURCE,
        Node::Context(_) => CONTEXT,
        Node::Attribute { .. } => ATTRIBUTE,
        Node::Field { .. } => FIELD,
        Node::Element(_) => ELEMENT,
        Node::Key(_) => KEY,
        Node::And(_) => AND,
        Node::Or(_) => OR,
        Node::Not(_) => NOT,
        Node::If { .. } => IF,
        Node::Compare(CompareOp::Equal, ..) => EQUAL,
        Node::Compare(CompareOp::Less, ..) => LESS,
        Node::Compare(CompareOp::LessOrEqual, ..) => LESS_OR_EQUAL,
        Node::Within(..) => WITHIN,
        Node::Contains(..) => CONTAINS,
        Node::ContainsAny(..) => CONTAINS_ANY,
        Node::ContainsAll(..) => CONTAINS_ALL,
        Node::StartsWith(..) => STARTS_WITH,
        Node::EndsWith(..) => ENDS_WITH,
        Node::Is(..) => IS,
        Node::IsPresent(_) => IS_PRESENT,
        Node::IsEmpty(_) => IS_EMPTY,
        Node::Matches(..) => MATCHES,
        Node::Capture { .. } => CAPTURE,
        Node::Now(NowOp::Before, _) => NOW_BEFORE,
        Node::Now(NowOp::AtOrBefore, _) => NOW_AT_OR_BEFORE,
        Node::Now(NowOp::At, _) => NOW_AT,
        Node::Weekday(..) => WEEKDAY,
        Node::TimeOfDay(..) => TIME_OF_DAY,
        Node::Quantified { quantifier: Quantifier::All, .. } => ALL,
        Node::Quantified { quantifier: Quantifier::Any, .. } => ANY,
        Node::Quantified { quantifier: Quantifier::Count, .. } => COUNT,
        Node::Otherwise(..) => OTHERWISE,
        Node::Arith(Arith::Add, ..) => ADD,
        Node::Arith(Arith::Sub, ..) => SUB,
        Node::Arith(Arith::Mul, ..) => MUL,
        Node::Negate(_) => NEGATE,
        Node::Lower(_) => LOWER,
        Node::Size(_) => SIZE,
        Node::SetOperation(SetOp::Union, ..) => UNION,
        Node::SetOperation(SetOp::Intersection, ..) => INTERSECTION,
        Node::SetOperation(SetOp::Difference, ..) => DIFFERENCE,
        Node::Index(..) => INDEX,
        Node::Set(_) => SET,
        Node::List(_) => LIST,
    }
}

pub(super) fn write(writer: &mut Writer, nodes: &[Node]) {
    writer.count(nodes.len());
    let mut next_const = 0;
    for (own, node) in nodes.iter().enumerate() {
        writer.byte(kind(node));
        if let Node::And(all) | Node::Or(all) | Node::Set(all) | Node::List(all) = node {
            writer.count(all.len());
        }
        node.each_child(|child| writer.number(child_code(number(own), number(child.index()))));
        write_own(writer, node, &mut next_const);
    }
}

/// What a node consists of besides its children.
fn write_own(writer: &mut Writer, node: &Node, next_const: &mut u32) {
    match node {
        Node::Const(id) => {
            let id = number(id.index());
            writer.number(delta(id, *next_const));
            *next_const = id.wrapping_add(1);
        }
        Node::Param(id) => writer.count(id.index()),
        Node::Context(at) => writer.number(*at),
        Node::Attribute { ty, attribute, .. } => {
            writer.count(ty.index());
            writer.number(*attribute);
        }
        Node::Field { record, field, .. } => {
            writer.count(record.index());
            writer.number(*field);
        }
        Node::Element(level) | Node::Key(level) | Node::Quantified { level, .. } => writer.byte(*level),
        Node::Is(_, types) => {
            writer.count(types.len());
            types.iter().for_each(|ty| writer.count(ty.index()));
        }
        Node::Matches(_, pattern) => writer.count(pattern.index()),
        Node::Capture { pattern, index, .. } => {
            writer.count(pattern.index());
            writer.number(*index);
        }
        Node::Weekday(zone, days) => {
            writer.count(zone.index());
            writer.byte(days.0);
        }
        Node::TimeOfDay(zone, ranges) => {
            writer.count(zone.index());
            writer.count(ranges.len());
            ranges.iter().flat_map(|(from, to)| [from, to]).for_each(|at| writer.number(*at));
        }
        _ => {}
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The number that is written for a child of the node with number `own`.
fn child_code(own: u32, child: u32) -> u32 {
    match own.checked_sub(child) {
        None | Some(0) => child,
        // From the end when that is nearer, in odd numbers.
        Some(back) if back - 1 < child => 2 * (back - 1) + 1,
        Some(_) => 2 * child,
    }
}

/// The child that a number stands for.
#[inline]
fn child_of(own: u32, code: u32) -> u32 {
    if code >= own {
        code
    } else if code & 1 == 1 {
        own - 1 - (code >> 1)
    } else {
        code >> 1
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Vec<Node>, Flaw> {
    let (mut own, mut next_const) = (0, 0);
    reader.list(|reader| {
        let mut parts = Parts { reader, own, next_const };
        let node = parts.node()?;
        (own, next_const) = (own + 1, parts.next_const);
        Ok(node)
    })
}

/// Reads the parts of nodes.
struct Parts<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// The number of the node that is read.
    own: u32,
    next_const: u32,
}

impl Parts<'_, '_> {
    fn node(&mut self) -> Result<Node, Flaw> {
        Ok(match self.reader.byte()? {
            CONST => Node::Const(self.constant()?),
            PARAM => Node::Param(ParamId::new(self.index()?)),
            SUBJECT => Node::Subject,
            RESOURCE => Node::Resource,
            CONTEXT => Node::Context(self.reader.number()?),
            ATTRIBUTE => Node::Attribute {
                of: self.child()?,
                ty: EntityTypeId::new(self.index()?),
                attribute: self.reader.number()?,
            },
            FIELD => {
                Node::Field { of: self.child()?, record: RecordId::new(self.index()?), field: self.reader.number()? }
            }
            ELEMENT => Node::Element(self.reader.byte()?),
            KEY => Node::Key(self.reader.byte()?),
            AND => Node::And(self.children()?),
            OR => Node::Or(self.children()?),
            NOT => Node::Not(self.child()?),
            IF => Node::If { condition: self.child()?, then: self.child()?, otherwise: self.child()? },
            EQUAL => Node::Compare(CompareOp::Equal, self.child()?, self.child()?),
            LESS => Node::Compare(CompareOp::Less, self.child()?, self.child()?),
            LESS_OR_EQUAL => Node::Compare(CompareOp::LessOrEqual, self.child()?, self.child()?),
            WITHIN => Node::Within(self.child()?, self.child()?),
            CONTAINS => Node::Contains(self.child()?, self.child()?),
            CONTAINS_ANY => Node::ContainsAny(self.child()?, self.child()?),
            CONTAINS_ALL => Node::ContainsAll(self.child()?, self.child()?),
            STARTS_WITH => Node::StartsWith(self.child()?, self.child()?),
            ENDS_WITH => Node::EndsWith(self.child()?, self.child()?),
            IS_PRESENT => Node::IsPresent(self.child()?),
            IS_EMPTY => Node::IsEmpty(self.child()?),
            OTHERWISE => Node::Otherwise(self.child()?, self.child()?),
            ADD => Node::Arith(Arith::Add, self.child()?, self.child()?),
            SUB => Node::Arith(Arith::Sub, self.child()?, self.child()?),
            MUL => Node::Arith(Arith::Mul, self.child()?, self.child()?),
            NEGATE => Node::Negate(self.child()?),
            LOWER => Node::Lower(self.child()?),
            SIZE => Node::Size(self.child()?),
            UNION => Node::SetOperation(SetOp::Union, self.child()?, self.child()?),
            INTERSECTION => Node::SetOperation(SetOp::Intersection, self.child()?, self.child()?),
            DIFFERENCE => Node::SetOperation(SetOp::Difference, self.child()?, self.child()?),
            INDEX => Node::Index(self.child()?, self.child()?),
            SET => Node::Set(self.children()?),
            LIST => Node::List(self.children()?),
            other => self.seldom(other)?,
        })
    }

    /// The kinds with parts of their own.
    fn seldom(&mut self, kind: u8) -> Result<Node, Flaw> {
        Ok(match kind {
            IS => {
                Node::Is(self.child()?, self.reader.boxed(|reader| Ok(EntityTypeId::new(reader.number()? as usize)))?)
            }
            MATCHES => Node::Matches(self.child()?, PatternId::new(self.index()?)),
            CAPTURE => Node::Capture {
                of: self.child()?,
                pattern: PatternId::new(self.index()?),
                index: self.reader.number()?,
            },
            NOW_BEFORE => Node::Now(NowOp::Before, self.child()?),
            NOW_AT_OR_BEFORE => Node::Now(NowOp::AtOrBefore, self.child()?),
            NOW_AT => Node::Now(NowOp::At, self.child()?),
            WEEKDAY => Node::Weekday(ZoneId::new(self.index()?), Weekdays(self.reader.byte()?)),
            TIME_OF_DAY => Node::TimeOfDay(
                ZoneId::new(self.index()?),
                self.reader.boxed(|reader| Ok((reader.number()?, reader.number()?)))?,
            ),
            ALL => self.quantified(Quantifier::All)?,
            ANY => self.quantified(Quantifier::Any)?,
            COUNT => self.quantified(Quantifier::Count)?,
            _ => return Err(Flaw::Kind),
        })
    }

    fn quantified(&mut self, quantifier: Quantifier) -> Result<Node, Flaw> {
        let (over, body) = (self.child()?, self.child()?);
        Ok(Node::Quantified { quantifier, over, level: self.reader.byte()?, body })
    }

    #[inline]
    fn child(&mut self) -> Result<NodeId, Flaw> {
        let code = self.reader.number()?;
        Ok(NodeId::new(child_of(self.own, code) as usize))
    }

    fn children(&mut self) -> Result<Operands, Flaw> {
        let count = self.reader.count()?;
        Operands::try_of(count, || self.child())
    }

    fn index(&mut self) -> Result<usize, Flaw> {
        Ok(self.reader.number()? as usize)
    }

    fn constant(&mut self) -> Result<ConstId, Flaw> {
        let id = undelta(self.reader.number()?, self.next_const);
        self.next_const = id.wrapping_add(1);
        Ok(ConstId::new(id as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_another_child() {
        for own in 0..40 {
            let mut seen: Vec<u32> = (0..60).map(|child| child_code(own, child)).collect();
            assert!((0..60).all(|child| child_of(own, child_code(own, child)) == child));
            assert!((0..60).all(|code| child_code(own, child_of(own, code)) == code));
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..60));
        }
        for own in [u32::MAX, u32::MAX - 1, 1 << 31] {
            for child in [0, 1, own / 2, own - 1, own, u32::MAX] {
                assert_eq!(child_of(own, child_code(own, child)), child);
            }
        }
    }
}
