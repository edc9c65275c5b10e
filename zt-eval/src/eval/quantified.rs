//! Going through the elements of a collection.

use super::evaluator::{Binding, Evaluator};
use super::operand::{Operand, element, element_count};
use crate::Truth;
use crate::graph::Quantifier;
use crate::id::NodeId;
use crate::value::Value;

impl<'a> Evaluator<'a, '_> {
    /// What the body was for the elements, until no further one can change the result; `None` over what is no collection.
    pub fn quantified(&mut self, quantifier: Quantifier, over: NodeId, level: u8, body: NodeId) -> Option<Truths> {
        let collection = self.value(over);
        let count = collection.value().and_then(element_count)?;
        let mut truths = Truths::default();
        if count == 0 {
            return Some(truths);
        }
        self.open(over, level, collection);
        for index in 0..count {
            self.go_to(index);
            truths.add(self.truth(body));
            if truths.settle(quantifier) {
                break;
            }
        }
        self.close();
        Some(truths)
    }

    /// Enters a quantifier over a collection; it stands nowhere yet.
    pub fn open(&mut self, over: NodeId, level: u8, collection: Operand<'a>) {
        // Validation bounds the nesting; beyond it variables would be unknown.
        let _ = self.bindings.try_push(Binding { level, over, collection, index: 0, element: None });
    }

    /// Puts the innermost quantifier at an element; everything that depends on its level is then to be computed anew.
    pub fn go_to(&mut self, index: usize) {
        if let Some(binding) = self.bindings.last_mut() {
            binding.index = index;
            binding.element = match &binding.collection {
                Operand::Ref(collection) => element(collection, index),
                _ => None,
            };
            self.scratch.renew(binding.level);
        }
    }

    pub fn close(&mut self) {
        self.bindings.pop();
    }

    pub fn binding(&self, level: u8) -> Option<&Binding<'a>> {
        self.bindings.iter().rev().find(|binding| binding.level == level)
    }
}

/// How often a body was true, false, unknown.
#[derive(Default)]
pub(super) struct Truths {
    held: i64,
    failed: bool,
    unknown: bool,
}

impl Truths {
    fn add(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.held += 1,
            Truth::False => self.failed = true,
            Truth::Unknown => self.unknown = true,
        }
    }

    /// Whether no further element can change the result.
    fn settle(&self, quantifier: Quantifier) -> bool {
        match quantifier {
            Quantifier::All => self.failed,
            Quantifier::Any => self.held > 0,
            Quantifier::Count => self.unknown,
        }
    }

    /// For `all` and `any`.
    pub fn truth(&self, quantifier: Quantifier) -> Truth {
        let is_all = quantifier == Quantifier::All;
        if self.settle(quantifier) {
            (!is_all).into()
        } else if self.unknown {
            Truth::Unknown
        } else {
            is_all.into()
        }
    }

    /// For `count`.
    pub fn count(self) -> Operand<'static> {
        if self.unknown { Operand::Unknown } else { Operand::Own(Value::Int(self.held)) }
    }
}
