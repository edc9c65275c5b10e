//! What lowering makes of functions, quantifiers and limits; that it keeps meaning is the reference's tests' part.

use zt_eval::graph::Node;
use zt_eval::schema::Type;
use zt_eval::{Limits, Request, Store};

use super::{LowerError, lower};
use crate::hir::{self, Expr, ExprKind, FunctionId, LocalId};
use crate::reference::tests::checked;

const DECLARATIONS: &str = r#"
    package p
    entity Tag { hot: Bool }
    record Part { ok: Bool name: String }
    entity User { xs: List<Part> ys: List<Part> n: Int flag: Bool }
    action act: User -> User
"#;

fn lowered(items: &str, limits: &Limits) -> Result<zt_eval::Policy, LowerError> {
    lower(checked(&format!("{DECLARATIONS}\n{items}")).hir(), limits)
}

fn nodes(items: &str) -> Vec<Node> {
    lowered(items, &Limits::default()).unwrap().nodes().to_vec()
}

fn quantifier_levels(nodes: &[Node]) -> Vec<u8> {
    let level = |node: &Node| match node {
        Node::Quantified { level, .. } => Some(*level),
        _ => None,
    };
    nodes.iter().filter_map(level).collect()
}

#[test]
fn rules_keep_their_positions_and_everything_else() {
    let policy = lowered(
        r#"
        obligation note(text: String)
        deny late overridable: act when subject.n > 5 because "too late"
        allow plain: act
        allow emergency: act overrides late oblige note(text: "why") control "C-1"
        "#,
        &Limits::default(),
    )
    .unwrap();
    let names: Vec<&str> = policy.rules().iter().map(|rule| &*rule.name).collect();
    assert_eq!(names, ["late", "plain", "emergency"]);
    let emergency = &policy.rules()[2];
    assert_eq!(emergency.extras.overrides.len(), 1);
    assert_eq!(emergency.extras.overrides[0].index(), 0);
    assert_eq!(emergency.extras.duties.len(), 1);
    assert_eq!(&*emergency.extras.controls[0], "C-1");
    assert_eq!(policy.rules()[0].extras.because.as_deref(), Some("too late"));
    assert!(policy.rules()[0].place.to_string().starts_with("test.zt:"));
}

#[test]
fn rules_share_what_functions_give() {
    let one = nodes("fn big(u: User) = u.n > 5 and u.flag\nallow a: act when big(subject)");
    let two =
        nodes("fn big(u: User) = u.n > 5 and u.flag\nallow a: act when big(subject)\nallow b: act when big(subject)");
    assert_eq!(one, two);
    let written_out = nodes("allow a: act when subject.n > 5 and subject.flag");
    assert_eq!(one, written_out);
}

#[test]
fn a_comparison_and_its_mirror_are_one_node() {
    assert_eq!(
        nodes("allow a: act when subject.n > 5 and 5 < subject.n").len(),
        nodes("allow a: act when subject.n > 5").len()
    );
    assert_eq!(
        nodes("allow a: act when subject.n != 5 and not (subject.n == 5)").len(),
        nodes("allow a: act when subject.n != 5").len()
    );
}

#[test]
fn levels_count_the_quantifiers_around_in_the_graph() {
    let nested = nodes("allow a: act when any x in subject.xs: (all y in subject.ys: (x.name == y.name))");
    assert_eq!(quantifier_levels(&nested), [2, 1]);
    let beside = nodes("allow a: act when any x in subject.xs: (x.ok) and any y in subject.ys: (y.ok)");
    assert_eq!(quantifier_levels(&beside), [1, 1]);
}

#[test]
fn an_argument_with_quantifiers_does_not_rebind_the_functions_own() {
    let items = r#"
        fn twice(b: Bool, u: User) = b and any x in u.xs: (x.ok and b)
        allow a: act when twice(any y in subject.ys: (y.ok), subject)
    "#;
    // Once beside the function's quantifier, once inside it; the graph would be refused if they clashed.
    let mut levels = quantifier_levels(&nodes(items));
    levels.sort_unstable();
    assert_eq!(levels, [1, 1, 2]);
}

#[test]
fn arguments_of_arguments_are_lowered_where_they_are_used() {
    let items = r#"
        fn inner(c: Bool, v: User) = any x in v.xs: (x.ok and c)
        fn outer(b: Bool, u: User) = all y in u.ys: (y.ok or inner(b, u))
        allow a: act when outer(any z in subject.xs: (z.ok), subject)
    "#;
    let mut levels = quantifier_levels(&nodes(items));
    levels.sort_unstable();
    assert_eq!(levels, [1, 2, 3]);
}

/// Rules `a` and `b`, where `a` calls the last of a chain of functions, each of which calls the one before `calls` times.
fn chain(length: u32, calls: usize) -> hir::Policy {
    let items = "fn first(n: Int) = n > 0\nallow a: act when first(subject.n)\nallow b: act";
    let mut policy = checked(&format!("{DECLARATIONS}\n{items}")).hir().clone();
    let condition = policy.rules[0].conditions[0].clone();
    for index in 1..length {
        let local = LocalId(1_000 + index);
        let argument = Expr { kind: ExprKind::Local(local), ty: Type::Int, span: condition.span };
        let call = ExprKind::Call(FunctionId(index - 1), vec![argument]);
        let call = Expr { kind: call, ty: Type::Bool, span: condition.span };
        let negated = Expr { kind: ExprKind::Not(Box::new(call)), ty: Type::Bool, span: condition.span };
        let body = Expr { kind: ExprKind::Or(vec![negated; calls]), ty: Type::Bool, span: condition.span };
        policy.functions.push(hir::Function { name: "more".into(), params: vec![local], body });
    }
    if let ExprKind::Call(function, _) = &mut policy.rules[0].conditions[0].kind {
        *function = FunctionId(length - 1);
    }
    policy
}

#[test]
fn a_chain_of_functions_that_double_is_refused_before_it_is_walked() {
    let text = lower(&chain(60, 2), &Limits::default()).unwrap_err().to_string();
    assert!(text.starts_with("with its functions put in, the rule `a` has ") && text.contains("`nodes_max`"), "{text}");
    let small = lower(&chain(12, 2), &Limits::default()).unwrap();
    assert!(small.nodes().len() < 10, "what doubles is shared");
}

#[test]
fn a_long_chain_of_functions_is_refused_before_it_is_walked() {
    let text = lower(&chain(500, 1), &Limits::default()).unwrap_err().to_string();
    assert!(text.contains("nests") && text.contains("`node_depth_max`"), "{text}");
}

#[test]
fn the_longest_chain_that_is_not_refused_can_be_walked() {
    let policy = chain(132, 1);
    let lowered = lower(&policy, &Limits::default()).unwrap();
    let request = br#"{"subject":{"type":"User","id":"u","properties":{"n":1}},"action":{"name":"act"},
                       "resource":{"type":"User","id":"v"}}"#;
    let request = Request::from_json(&lowered, request).unwrap();
    assert!(crate::reference::compare(&policy, &lowered, &Store::empty(), &request, None).is_ok());
}

#[test]
fn each_limit_is_named_with_the_rule() {
    let item = "allow a: act when subject.n > 5 and subject.flag and subject.n * 2 < 100";
    let few = Limits { nodes_max: 11, ..Limits::default() };
    let text = lowered(item, &few).unwrap_err().to_string();
    assert!(text.contains("rule `a`") && text.contains("`nodes_max` is 11"), "{text}");
    let flat = Limits { node_depth_max: 3, ..Limits::default() };
    let text = lowered(item, &flat).unwrap_err().to_string();
    assert!(text.contains("rule `a`") && text.contains("`node_depth_max`"), "{text}");
    let one_level = Limits { quantifier_depth_max: 1, ..Limits::default() };
    let nested =
        "fn any_ok(u: User) = any x in u.xs: (x.ok)\nallow a: act when all y in subject.ys: (any_ok(subject) or y.ok)";
    let text = lowered(nested, &one_level).unwrap_err().to_string();
    assert!(text.contains("rule `a`") && text.contains("`quantifier_depth_max` is 1"), "{text}");
}
