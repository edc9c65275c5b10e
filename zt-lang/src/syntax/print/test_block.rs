//! Test blocks.

use super::builder::{Builder, STEP};
use super::expr::{Rank, name_in_expression};
use super::item::effect;
use super::layout::{Gap, Op};
use crate::syntax::ast::{Described, Expect, ExpectDetail, Given, Name, Part, Spanned, StringLit, Test};

/// The width of `given `, by which what is given is indented.
const GIVEN: usize = 6;

impl Builder<'_> {
    /// `test "…" { given … expect … }`
    pub(super) fn test_block(&mut self, node: &Test) {
        self.word("test");
        self.push_op(Op::In(STEP));
        self.space();
        self.string(&node.name.node);
        self.space();
        self.group(|b| {
            b.word("{");
            b.push_op(Op::Hard(Gap::Inner));
            if !node.given.is_empty() {
                b.word("given");
                b.space();
                b.indented_by(GIVEN, |b| b.givens(&node.given));
            }
            for (position, expect) in node.expects.iter().enumerate() {
                if position > 0 || !node.given.is_empty() {
                    b.paragraph();
                }
                b.expect(expect);
            }
            b.close_block();
        });
    }

    fn givens(&mut self, givens: &[Given]) {
        for (position, given) in givens.iter().enumerate() {
            if position > 0 {
                self.paragraph();
            }
            match given {
                Given::Now(text) => self.said("now", text),
                Given::Param(name, value) => {
                    self.word("param");
                    self.space();
                    self.name(name);
                    self.space();
                    self.expr(value);
                }
                Given::Part(part) => self.part(part),
                Given::Evidence(source, parts) => self.evidence(source, parts),
            }
        }
    }

    /// A word and a text.
    fn said(&mut self, word: &str, text: &Spanned<StringLit>) {
        self.word(word);
        self.space();
        self.string(&text.node);
    }

    fn evidence(&mut self, source: &Name, parts: &[Part]) {
        self.word("evidence");
        self.space();
        self.name(source);
        self.space();
        self.group(|b| {
            b.word("{");
            b.indented(|b| {
                for (position, part) in parts.iter().enumerate() {
                    b.push_op(Op::Hard(if position == 0 { Gap::Inner } else { Gap::Kept }));
                    b.part(part);
                }
                b.push_op(Op::Dangle);
            });
            if !parts.is_empty() {
                b.hard();
            }
            b.word("}");
        });
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Subject(described) => self.described("subject", described),
            Part::Resource(described) => self.described("resource", described),
            Part::Entity(described) => self.described("entity", described),
            Part::Stored(described) => {
                self.word("store");
                self.space();
                self.described("entity", described);
            }
            Part::Context(attributes) => {
                self.word("context");
                self.space();
                self.record(&attributes.node);
            }
        }
    }

    fn described(&mut self, word: &str, described: &Described) {
        self.word(word);
        if let Some(uid) = &described.uid {
            self.space();
            self.expr(uid);
        }
        if let Some(parents) = &described.parents {
            self.spaced("in");
            self.ranked(parents, Rank::Or);
        }
        if let Some(attributes) = &described.attributes {
            self.space();
            self.record(attributes);
        }
    }

    fn expect(&mut self, expect: &Expect) {
        self.group(|b| {
            b.word("expect");
            b.spaced(effect(expect.effect));
            b.name(&expect.action);
            b.indented(|b| {
                for (position, detail) in expect.details.iter().enumerate() {
                    let stays = position == 0 && matches!(detail, ExpectDetail::By(_));
                    if stays {
                        b.space()
                    } else {
                        b.line()
                    }
                    b.detail(detail);
                }
            });
        });
    }

    fn detail(&mut self, detail: &ExpectDetail) {
        match detail {
            ExpectDetail::By(rules) => {
                self.word("by");
                self.space();
                self.names(rules);
            }
            ExpectDetail::Challenge(attributes) => {
                self.word("challenge");
                self.space();
                if attributes.is_empty() {
                    self.word("none");
                }
                self.group(|b| b.indented(|b| b.commas(attributes, Self::bare)));
            }
            ExpectDetail::Unknown(paths) => {
                self.word("unknown");
                self.space();
                self.group(|b| b.indented(|b| b.commas(paths, Self::path)));
            }
            ExpectDetail::Oblige(duties) => {
                self.word("oblige");
                self.space();
                self.group(|b| b.indented(|b| b.commas(duties, |b, duty| b.call_by_name(&duty.name, &duty.args))));
            }
            ExpectDetail::Because(text) => self.said("because", text),
            ExpectDetail::Reason(reason) => {
                self.word("reason");
                self.space();
                self.bare(reason);
            }
        }
    }

    /// A path from a part of the request.
    fn path(&mut self, path: &Name) {
        for (position, segment) in path.segments.iter().enumerate() {
            if position > 0 {
                self.word(".");
                self.any(segment);
            } else {
                self.word(name_in_expression(&segment.node));
            }
        }
    }
}
