//! What a kind of host can give to a policy, and whether that is enough.

use std::collections::BTreeSet;

use thiserror::Error;
use zt_eval::codegen::member;
use zt_eval::graph::{Node, Rule};
use zt_eval::id::{EntityTypeId, NodeId};
use zt_eval::schema::Attribute;
use zt_eval::{Policy, Store};

/// A policy asks for what hosts of a kind do not give: where it does so first.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Unsupplied {
    /// A rule needs to know the time.
    #[error("hosts of target `{target}` have no clock, and rule `{rule}` needs one: {need}")]
    Clock {
        /// The target's name.
        target: &'static str,
        /// The rule's name.
        rule: String,
        /// What in it needs the clock, in the author's words.
        need: String,
    },
    /// A rule reads what is never in the context.
    #[error("hosts of target `{target}` do not say `context.{attribute}`, which rule `{rule}` reads")]
    Context {
        /// The target's name.
        target: &'static str,
        /// The rule's name.
        rule: String,
        /// The attribute's.
        attribute: String,
    },
    /// A rule reads an attribute of entities that nobody describes.
    #[error(
        "hosts of target `{target}` do not say `{entity}.{attribute}`, which rule `{rule}` reads: give entities of this type \
         when the module is built"
    )]
    Attribute {
        /// The target's name.
        target: &'static str,
        /// The rule's name.
        rule: String,
        /// The name of the entities' type.
        entity: String,
        /// The attribute's.
        attribute: String,
    },
    /// None of the policy's actions is ever asked for.
    #[error("hosts of target `{target}` ask for `{actions}`, and the policy has none of these actions")]
    Actions {
        /// The target's name.
        target: &'static str,
        /// The actions' names.
        actions: String,
    },
}

/// Checks that no rule needs to know the time.
///
/// # Errors
///
/// When one does: the first.
pub(crate) fn without_clock(policy: &Policy, target: &'static str) -> Result<(), Unsupplied> {
    match first(policy, |node| node_need(policy, node)) {
        Some((rule, need)) => Err(Unsupplied::Clock { target, rule, need }),
        None => Ok(()),
    }
}

/// Checks that rules read nothing of the context but these attributes.
///
/// # Errors
///
/// When one does: the first.
pub(crate) fn context_of(policy: &Policy, target: &'static str, known: &[&str]) -> Result<(), Unsupplied> {
    let unknown = |node: &Node| match node {
        Node::Context(at) => {
            let name = &policy.schema().context.get(*at as usize)?.name;
            (!known.contains(&&**name)).then(|| member(name).to_string())
        }
        _ => None,
    };
    match first(policy, unknown) {
        Some((rule, attribute)) => Err(Unsupplied::Context { target, rule, attribute }),
        None => Ok(()),
    }
}

/// Checks that rules read only attributes of entities that are given, or that are absent where nobody says them.
///
/// # Errors
///
/// When one reads another: the first.
pub(crate) fn attributes_of(policy: &Policy, target: &'static str, entities: &Store) -> Result<(), Unsupplied> {
    let schema = policy.schema();
    let given: BTreeSet<EntityTypeId> = entities.entities().map(|entity| entity.uid().ty).collect();
    let read = |node: &Node| match node {
        Node::Attribute { ty, attribute, .. } if !given.contains(ty) => {
            let entity = schema.entity(*ty)?;
            let declared = entity.attributes.get(*attribute as usize)?;
            let is_silent = declared.ty.is_optional() && schema.source(declared.from).is_some_and(|from| from.complete);
            (!is_silent).then(|| (entity.name.to_string(), member(&declared.name).to_string()))
        }
        _ => None,
    };
    match first(policy, read) {
        Some((rule, (entity, attribute))) => Err(Unsupplied::Attribute { target, rule, entity, attribute }),
        None => Ok(()),
    }
}

/// The first rule with a node of which something is to be said, and what.
pub(crate) fn first<T>(policy: &Policy, say: impl Fn(&Node) -> Option<T>) -> Option<(String, T)> {
    policy.rules().iter().find_map(|rule| Some((rule.name.to_string(), first_in(policy, rule, &say)?)))
}

/// What is said of a rule's nodes: the first in the order of writing.
fn first_in<T>(policy: &Policy, rule: &Rule, say: &impl Fn(&Node) -> Option<T>) -> Option<T> {
    let args = rule.extras.duties.iter().flat_map(|duty| duty.args.iter().copied());
    let mut pending: Vec<NodeId> = std::iter::once(rule.condition).chain(args).collect();
    pending.reverse();
    let mut seen = BTreeSet::new();
    while let Some(id) = pending.pop() {
        let Some(node) = policy.node(id).filter(|_| seen.insert(id)) else {
            continue;
        };
        if let Some(said) = say(node) {
            return Some(said);
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
