//! Quantifiers over collections that are known: their bodies, element by element.
//!
//! One that an element settles is settled. Otherwise the bodies are written out where they are few, and the quantifier stays
//! as it is where they are many.

use super::{Binding, Fold, Folded};
use crate::Truth;
use crate::graph::{Node, Quantifier};
use crate::id::NodeId;
use crate::value::{Datum, Value};

/// Elements of a known collection for which a quantifier's body is written out.
const WRITTEN_OUT_MAX: usize = 16;

impl Fold<'_, '_, '_> {
    pub(super) fn quantified(
        &mut self,
        node: &Node,
        quantifier: Quantifier,
        over: NodeId,
        level: u8,
        body: NodeId,
    ) -> Folded {
        let collection = match self.fold(over).known {
            None => return self.kept(node),
            Some(Datum::Value(collection @ (Value::Set(_) | Value::List(_) | Value::Map(_)))) => collection,
            Some(_) => return self.settled(node, Datum::Unknown),
        };
        let absorbing = match quantifier {
            Quantifier::All => Some(Truth::False),
            Quantifier::Any => Some(Truth::True),
            Quantifier::Count => None,
        };
        let mut parts = Vec::new();
        for binding in elements(&collection) {
            let Some(left) = self.elements_left.checked_sub(1) else { return self.kept(node) };
            self.elements_left = left;
            let part = self.at(level, binding, body);
            match part.truth() {
                Some(truth) if Some(truth) == absorbing => return self.truth_node(truth == Truth::True),
                _ => parts.push(part),
            }
        }
        match absorbing {
            Some(absorbing) => self.written_out(node, &parts, absorbing.not()),
            None => self.counted(node, &parts),
        }
    }

    /// The body with the quantifier of a level at an element.
    fn at(&mut self, level: u8, binding: Binding, body: NodeId) -> Folded {
        self.bind(level, Some(binding));
        let part = self.fold(body);
        self.bind(level, None);
        part
    }

    fn bind(&mut self, level: u8, binding: Option<Binding>) {
        if let Some(place) = self.bindings.get_mut(usize::from(level)) {
            *place = binding;
        }
    }

    /// `all` is the conjunction, `any` the disjunction of its body for each element.
    fn written_out(&mut self, node: &Node, parts: &[Folded], unit: Truth) -> Folded {
        let rest: Vec<&Folded> = parts.iter().filter(|part| part.truth() != Some(unit)).collect();
        if rest.is_empty() {
            return self.truth_node(unit == Truth::True);
        }
        if rest.iter().all(|part| part.known.is_some()) {
            return self.settled(node, Datum::Unknown);
        }
        let nodes: Option<Vec<NodeId>> = rest.iter().map(|part| part.node).collect();
        match nodes.filter(|nodes| nodes.len() <= WRITTEN_OUT_MAX) {
            Some(nodes) if unit == Truth::True => Folded::open(Some(self.to.and(nodes))),
            Some(nodes) => Folded::open(Some(self.to.or(nodes))),
            None => self.kept(node),
        }
    }

    fn counted(&mut self, node: &Node, parts: &[Folded]) -> Folded {
        let truths: Vec<Option<Truth>> = parts.iter().map(Folded::truth).collect();
        if truths.contains(&Some(Truth::Unknown)) {
            return self.settled(node, Datum::Unknown);
        }
        if truths.contains(&None) {
            return self.kept(node);
        }
        let held = truths.iter().filter(|truth| **truth == Some(Truth::True)).count();
        self.settled(node, i64::try_from(held).ok().map(Value::Int).into())
    }
}

fn elements(collection: &Value) -> Vec<Binding> {
    match collection {
        Value::Set(all) | Value::List(all) => {
            all.iter().map(|element| Binding { key: None, element: Datum::Value(element.clone()) }).collect()
        }
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| Binding { key: Some(key.clone()), element: Datum::Value(value.clone()) })
            .collect(),
        _ => Vec::new(),
    }
}
