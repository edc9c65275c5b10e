//! What a kind of host can give to a policy, and whether that is enough.

use std::collections::BTreeSet;

use thiserror::Error;
use zt_eval::Policy;
use zt_eval::codegen::member;
use zt_eval::graph::{Node, Rule};
use zt_eval::id::NodeId;
use zt_eval::schema::Attribute;

/// A policy asks for what hosts of a kind do not give: where it does so first.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("hosts of target `{target}` have no clock, and rule `{rule}` needs one: {need}")]
pub struct Unsupplied {
    /// The target's name.
    pub target: &'static str,
    /// The rule's name.
    pub rule: String,
    /// What in it needs the clock, in the author's words.
    pub need: String,
}

/// Checks that no rule needs to know the time.
///
/// # Errors
///
/// When one does: the first.
pub(crate) fn without_clock(policy: &Policy, target: &'static str) -> Result<(), Unsupplied> {
    for rule in policy.rules() {
        if let Some(need) = clock_need(policy, rule) {
            return Err(Unsupplied { target, rule: rule.name.to_string(), need });
        }
    }
    Ok(())
}

/// What of a rule needs a clock: the first in the order of writing.
fn clock_need(policy: &Policy, rule: &Rule) -> Option<String> {
    let args = rule.duties.iter().flat_map(|duty| duty.args.iter().copied());
    let mut pending: Vec<NodeId> = std::iter::once(rule.condition).chain(args).collect();
    pending.reverse();
    let mut seen = BTreeSet::new();
    while let Some(id) = pending.pop() {
        let Some(node) = policy.node(id).filter(|_| seen.insert(id)) else {
            continue;
        };
        if let Some(need) = node_need(policy, node) {
            return Some(need);
        }
        let mut children = Vec::new();
        node.each_child(|child| children.push(child));
        pending.extend(children.into_iter().rev());
    }
    None
}

fn node_need(policy: &Policy, node: &Node) -> Option<String> {
    let schema = policy.schema();
    match node {
        Node::Now(..) => Some("it compares `now`".into()),
        Node::Weekday(..) => Some("it asks for `now.weekday`".into()),
        Node::TimeOfDay(..) => Some("it asks for `now.time`".into()),
        Node::Context(at) => fresh("context", schema.context.get(*at as usize)?),
        Node::Attribute { ty, attribute, .. } => {
            let entity = schema.entity(*ty)?;
            fresh(&entity.name, entity.attributes.get(*attribute as usize)?)
        }
        _ => None,
    }
}

fn fresh(of: &str, attribute: &Attribute) -> Option<String> {
    let name = member(&attribute.name);
    (!attribute.freshness.is_empty()).then(|| format!("`{of}.{name}` has to be fresh"))
}
