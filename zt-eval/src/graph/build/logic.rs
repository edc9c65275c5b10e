//! Connectives, `if` and `otherwise` in canonical form, and the folding of constants.
//!
//! `false` absorbs a conjunction and `true` a disjunction, also beside unknown operands: Kleene's laws, like the removal of
//! units, repetitions and double negations. `x and not x` is not among them.

use super::Builder;
use crate::eval::apply;
use crate::graph::Node;
use crate::id::NodeId;
use crate::value::{Datum, Value};

/// Operands of an inner connective that are taken over into the outer one. Longer ones stay nodes of their own: were they
/// taken over wherever they are used, a graph could be quadratic in the policy.
const FLATTEN_MAX: usize = 32;

impl Builder {
    /// `true` or `false`.
    pub fn truth(&mut self, known: bool) -> NodeId {
        self.constant(Value::Bool(known))
    }

    /// Conjunction; of nothing, true.
    pub fn and(&mut self, conditions: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.connective(conditions.into_iter().collect(), true)
    }

    /// Disjunction; of nothing, false.
    pub fn or(&mut self, conditions: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.connective(conditions.into_iter().collect(), false)
    }

    /// Negation.
    pub fn not(&mut self, of: NodeId) -> NodeId {
        match self.node(of) {
            // The inner operand is a condition: as the operand of `not` nothing else is possible.
            Some(Node::Not(inner)) => *inner,
            _ => self.operator(Node::Not(of)),
        }
    }

    /// `then` if the condition holds, else `otherwise`.
    pub fn choose(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) -> NodeId {
        match self.constant_truth(condition) {
            Some(true) => return then,
            Some(false) => return otherwise,
            None => {}
        }
        if then == otherwise {
            return then;
        }
        match self.node(condition) {
            Some(Node::Not(inner)) => {
                let inner = *inner;
                self.choose(inner, otherwise, then)
            }
            _ => self.intern(Node::If { condition, then, otherwise }),
        }
    }

    /// `first`, or `second` where it is absent.
    pub fn otherwise(&mut self, first: NodeId, second: NodeId) -> NodeId {
        match self.constant_of(first) {
            Some(_) => first,
            None => self.intern(Node::Otherwise(first, second)),
        }
    }

    fn connective(&mut self, conditions: Vec<NodeId>, is_and: bool) -> NodeId {
        let mut operands = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match (self.constant_truth(condition), self.node(condition)) {
                (Some(known), _) if known == is_and => {}
                (Some(absorbing), _) => return self.truth(absorbing),
                (None, Some(Node::And(inner))) if is_and && inner.len() <= FLATTEN_MAX => operands.extend(inner),
                (None, Some(Node::Or(inner))) if !is_and && inner.len() <= FLATTEN_MAX => operands.extend(inner),
                _ => operands.push(condition),
            }
        }
        operands.sort_unstable_by_key(|operand| (self.cost(*operand), *operand));
        operands.dedup();
        match operands.as_slice() {
            [] => self.truth(is_and),
            [only] => *only,
            _ if is_and => self.intern(Node::And(operands.into())),
            _ => self.intern(Node::Or(operands.into())),
        }
    }

    /// An operator on nodes; a constant when all its operands are and it has a value on them.
    pub(super) fn operator(&mut self, node: Node) -> NodeId {
        let mut are_constant = true;
        node.each_child(|child| are_constant &= self.constant_of(child).is_some());
        if are_constant && !self.nests(&node) {
            let operand = |id| self.constant_of(id).cloned().into();
            // A result that is unknown or absent has no constant; the node stays and gives it.
            if let Some(Datum::Value(value)) = apply(&node, &self.policy.patterns, operand) {
                return self.constant(value);
            }
        }
        self.intern(node)
    }

    /// Whether it puts collections into a collection. Nodes share them; a constant would repeat them, and repeat that at the
    /// next level.
    fn nests(&self, node: &Node) -> bool {
        let (Node::Set(elements) | Node::List(elements)) = node else {
            return false;
        };
        let is_collection =
            |value: &Value| matches!(value, Value::Set(_) | Value::List(_) | Value::Map(_) | Value::Record(_));
        elements.iter().any(|element| self.constant_of(*element).is_some_and(is_collection))
    }
}
