//! The deepest graph that is loaded is decided, explained and drawn on less stack than threads have by default, also
//! without optimisation.

use serde_json::json;

use super::fixture::*;
use crate::decision::Mode;
use crate::eval::{Scratch, decide, explain};
use crate::graph::draw::DrawOptions;
use crate::graph::validate::NODE_DEPTH_CEILING;
use crate::graph::{Effect, Node, Policy};
use crate::id::NodeId;
use crate::store::Store;

/// A tower of one kind of node on `context.a`, as high as is allowed.
fn tower(grow: fn(NodeId) -> Node) -> Policy {
    let mut policy = builder().finish().unwrap();
    policy.limits.node_depth_max = NODE_DEPTH_CEILING;
    policy.nodes.push(Node::Context(A));
    for top in 1..NODE_DEPTH_CEILING as usize {
        policy.nodes.push(grow(NodeId::new(top - 1)));
    }
    policy.rules.push(rule("x", Effect::Allow, NodeId::new(policy.nodes.len() - 1)));
    policy.actions[0].allows = [crate::id::RuleId::new(0)].into();
    Policy::from_bytes(&policy.to_bytes()).unwrap()
}

fn use_fully(policy: &Policy) {
    let request = request(policy, json!({}));
    let mut scratch = Scratch::new();
    let decision = decide(policy, &Store::empty(), &request, Some(now()), Mode::Full, &mut scratch);
    assert_eq!(unknown_texts(&decision), ["context.a"]);
    let _ = explain(policy, &Store::empty(), &request, None, &mut scratch);
    let _ = policy.to_svg(&DrawOptions::default());
    let _ = policy.to_dot(&DrawOptions::default());
}

#[test]
fn the_deepest_graph_fits_a_threads_stack() {
    let work = || {
        use_fully(&tower(Node::Not));
        use_fully(&tower(|of| Node::And([of, of].into())));
        use_fully(&tower(|of| Node::If { condition: of, then: of, otherwise: of }));
        use_fully(&tower(|of| Node::Set([of, of].into())));
        use_fully(&tower(Node::Negate));
    };
    std::thread::Builder::new().stack_size(3 << 19).spawn(work).unwrap().join().unwrap();
}
