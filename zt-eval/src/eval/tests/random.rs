//! Laws over generated graphs and requests.
//!
//! Graphs come in two kinds: any nodes that validation lets through, types ignored, for totality; and well-typed
//! conditions, built once as they are and once by the builder's constructors, for what simplifying must keep.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::fixture::*;
use crate::decision::Mode;
use crate::eval::{Scratch, decide, explain};
use crate::graph::build::Builder;
use crate::graph::draw::DrawOptions;
use crate::graph::{CompareOp, Effect, Node, NowOp, Operands, Policy, Quantifier, Weekdays};
use crate::id::{ConstId, NodeId, ParamId, PatternId, RuleId, ZoneId};
use crate::pattern::{Glob, Pattern, Route};
use crate::store::Store;
use crate::value::{Arith, Datum, SetOp, Value};
use crate::zone::Zone;

/// A context in which each attribute is there or not.
pub(crate) fn context() -> impl Strategy<Value = Json> {
    let user = |id: &str| json!({ "type": "User", "id": id });
    let values = [
        ("a", vec![json!(true), json!(false)]),
        ("b", vec![json!(true), json!(false)]),
        ("c", vec![json!(true), json!(false)]),
        ("mfa", vec![json!(true), json!(false)]),
        (
            "auth_time",
            vec![json!("2026-03-02T09:59:30Z"), json!("2026-03-02T10:00:30Z"), json!("2026-03-01T00:00:00Z")],
        ),
        ("key", vec![json!(true), json!(false)]),
        (
            "items",
            vec![json!([]), json!([{ "image": "x", "size": 1 }, { "size": 2 }]), json!([{ "image": "y", "size": 3 }])],
        ),
        ("labels", vec![json!({}), json!({ "x": "y", "a": "a" })]),
        ("count", vec![json!(0), json!(1), json!(2), json!(i64::MAX)]),
        ("text", vec![json!("x"), json!("a"), json!("Abc")]),
        ("path", vec![json!("/users/7"), json!("/")]),
        ("tags", vec![json!([]), json!(["a", "x"]), json!(["b"])]),
        ("until", vec![json!("2026-03-02T10:00:00Z"), json!("2026-03-02T11:00:00Z"), json!("2026-03-01T10:00:00Z")]),
        ("secret", vec![json!("x")]),
        ("maybe", vec![json!(null), json!(1)]),
        ("friends", vec![json!([]), json!([user("ann")]), json!([user("bob"), user("cy")])]),
        ("numbers", vec![json!([]), json!([1, 2]), json!([0, 1, 2])]),
        ("network", vec![json!("10.0.0.0/8"), json!("10.0.0.1/32"), json!("2001:db8::/32")]),
        ("ranges", vec![json!([]), json!(["10.0.0.0/8", "10.0.0.0/30"]), json!(["192.0.2.0/24", "::/0"])]),
    ];
    let members: Vec<_> = values
        .into_iter()
        .map(|(key, values)| {
            let key = key.to_owned();
            prop::option::weighted(0.7, prop::sample::select(values)).prop_map(move |value| (key.clone(), value))
        })
        .collect();
    members
        .prop_map(|members| Json::Object(members.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()))
}

pub(crate) fn parts() -> impl Strategy<Value = Json> {
    let parents = prop::sample::select(vec![json!([]), json!([{ "type": "Group", "id": "g" }])]);
    (context(), prop::option::of(parents), any::<bool>()).prop_map(|(context, parents, described)| {
        let mut parts = json!({ "context": context });
        let mut subject = json!({ "type": "User", "id": "ann", "properties": { "level": "low", "manager": null } });
        if let Some(parents) = parents {
            subject["parents"] = parents;
        }
        if described {
            parts["subject"] = subject;
        }
        parts
    })
}

fn consts() -> Vec<Value> {
    vec![
        Value::Bool(true),
        int(0),
        int(2),
        text("a"),
        uid(GROUP, "g"),
        uid(USER, "ann"),
        Value::set(vec![text("a"), text("x")]),
        Value::set(vec![int(1), int(2)]),
        Value::Timestamp(now()),
    ]
}

/// Any node; children are taken modulo the nodes before it.
fn any_node() -> impl Strategy<Value = Node> {
    let id = || any::<u16>().prop_map(|index| NodeId::new(usize::from(index)));
    let pair = || (id(), id());
    let many = || vec(id(), 2..4).prop_map(Operands::from);
    let level = || 1u8..3;
    prop_oneof![
        4 => (0..9usize).prop_map(|index| Node::Const(ConstId::new(index))),
        8 => (0..17u32).prop_map(Node::Context),
        1 => Just(Node::Param(ParamId::new(0))),
        2 => prop_oneof![Just(Node::Subject), Just(Node::Resource)],
        2 => (id(), 0..2u32).prop_map(|(of, attribute)| Node::Attribute { of, ty: USER, attribute }),
        2 => (id(), 0..2u32).prop_map(|(of, field)| Node::Field { of, record: ITEM, field }),
        3 => prop_oneof![level().prop_map(Node::Element), level().prop_map(Node::Key)],
        4 => prop_oneof![many().prop_map(Node::And), many().prop_map(Node::Or), id().prop_map(Node::Not)],
        2 => (id(), id(), id()).prop_map(|(condition, then, otherwise)| Node::If { condition, then, otherwise }),
        4 => (prop::sample::select(vec![CompareOp::Equal, CompareOp::Less, CompareOp::LessOrEqual]), pair())
            .prop_map(|(op, (a, b))| Node::Compare(op, a, b)),
        4 => pair().prop_flat_map(|(a, b)| prop::sample::select(vec![
            Node::Within(a, b),
            Node::Contains(a, b),
            Node::ContainsAny(a, b),
            Node::ContainsAll(a, b),
            Node::StartsWith(a, b),
            Node::EndsWith(a, b),
            Node::Otherwise(a, b),
            Node::Arith(Arith::Add, a, b),
            Node::Arith(Arith::Mul, a, b),
            Node::SetOperation(SetOp::Intersection, a, b),
            Node::Index(a, b),
        ])),
        4 => id().prop_flat_map(|of| prop::sample::select(vec![
            Node::Is(of, [GROUP, USER].into()),
            Node::IsPresent(of),
            Node::IsEmpty(of),
            Node::Matches(of, PatternId::new(0)),
            Node::Matches(of, PatternId::new(1)),
            Node::Capture { of, pattern: PatternId::new(1), index: 0 },
            Node::Now(NowOp::Before, of),
            Node::Now(NowOp::At, of),
            Node::Negate(of),
            Node::Lower(of),
            Node::Size(of),
        ])),
        1 => Just(Node::Weekday(ZoneId::new(0), Weekdays(0b10))),
        1 => Just(Node::TimeOfDay(ZoneId::new(0), [(0, 60_000)].into())),
        4 => (prop::sample::select(vec![Quantifier::All, Quantifier::Any, Quantifier::Count]), pair(), level())
            .prop_map(|(quantifier, (over, body), level)| Node::Quantified { quantifier, over, level, body }),
        1 => prop_oneof![many().prop_map(Node::Set), many().prop_map(Node::List)],
    ]
}

/// The nodes as a policy, leaving out those that validation would refuse; every closed node is a rule.
pub(crate) fn random_policy(nodes: Vec<Node>) -> Policy {
    let mut policy = builder().finish().unwrap();
    policy.consts = consts();
    policy.patterns =
        vec![Pattern::Glob(Glob::parse("a*").unwrap()), Pattern::Route(Route::parse("/users/{id}").unwrap())];
    policy.zones = vec![Zone::new("Etc/UTC", 0, Vec::new(), None).unwrap()];
    for node in nodes {
        let count = policy.nodes.len();
        let mut is_leaf = true;
        node.each_child(|_| is_leaf = false);
        if count == 0 && !is_leaf {
            continue;
        }
        policy.nodes.push(node.map_children(|child| NodeId::new(child.index() % count)));
        if crate::graph::validate::validate(&policy).is_err() {
            policy.nodes.pop();
        }
    }
    let derived = crate::graph::validate::validate(&policy).unwrap();
    for (index, _) in derived.levels.iter().enumerate().filter(|(_, level)| **level == 0) {
        let effect = if index % 3 == 0 { Effect::Deny } else { Effect::Allow };
        policy.rules.push(rule(&format!("r{index}"), effect, NodeId::new(index)));
    }
    let of = |effect| -> std::sync::Arc<[RuleId]> {
        let ids = policy.rules.iter().enumerate().filter(|(_, rule)| rule.effect == effect);
        ids.map(|(index, _)| RuleId::new(index)).collect()
    };
    let (denies, allows) = (of(Effect::Deny), of(Effect::Allow));
    policy.actions[0] = crate::graph::ActionRules { denies, allows, audits: [].into() };
    crate::graph::validate::plan(&mut policy).unwrap();
    Policy::from_bytes(&policy.to_bytes()).unwrap()
}

pub(crate) fn any_policy() -> impl Strategy<Value = Policy> {
    vec(any_node(), 1..40).prop_map(random_policy)
}

/// Whether `less` says no more than `more`.
fn is_below(less: &Datum, more: &Datum) -> bool {
    match (less, more) {
        (Datum::Unknown, _) => true,
        (Datum::Value(less), Datum::Value(more)) => is_value_below(less, more),
        (less, more) => less == more,
    }
}

fn is_value_below(less: &Value, more: &Value) -> bool {
    match (less, more) {
        (Value::Record(less), Value::Record(more)) => less.iter().zip(more.iter()).all(|(a, b)| is_below(a, b)),
        (Value::List(less), Value::List(more)) => {
            less.len() == more.len() && less.iter().zip(more.iter()).all(|(a, b)| is_value_below(a, b))
        }
        (less, more) => less == more,
    }
}

/// The parts without some of their members.
fn hide(parts: &Json, hidden: u32) -> Json {
    let mut less = parts.clone();
    if let Some(context) = less["context"].as_object_mut() {
        let mut at = 0;
        context.retain(|_, _| {
            at += 1;
            hidden & (1 << (at % 18)) == 0
        });
        if hidden & (1 << 18) != 0
            && let Some(size) =
                context.get_mut("items").and_then(|items| items.get_mut(0)).and_then(Json::as_object_mut)
        {
            size.remove("size");
        }
    }
    if hidden & (1 << 19) != 0
        && let Some(subject) = less.get_mut("subject").and_then(Json::as_object_mut)
    {
        subject.remove("parents");
    }
    less
}

fn effect(policy: &Policy, parts: &Json, mode: Mode) -> Effect {
    let request = full_request(policy, parts.clone());
    decide(policy, &Store::empty(), &request, Some(now()), mode, &mut Scratch::new()).effect
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_valid_graph_has_a_decision_an_explanation_and_a_picture(policy in any_policy(), parts in parts(), timed: bool) {
        let request = full_request(&policy, parts);
        let now = timed.then(now);
        let mut scratch = Scratch::new();
        let full = decide(&policy, &Store::empty(), &request, now, Mode::Full, &mut scratch);
        let quick = decide(&policy, &Store::empty(), &request, now, Mode::Effect, &mut scratch);
        prop_assert_eq!(full.effect, quick.effect);
        prop_assert_eq!(&full.obligations, &quick.obligations);
        let explained = explain(&policy, &Store::empty(), &request, now, &mut scratch);
        prop_assert_eq!(explained.decision, full);
        let options = DrawOptions::default();
        prop_assert!(policy.to_svg(&options).ends_with("</svg>\n"));
        let dot = policy.to_dot(&options);
        prop_assert_eq!(dot.chars().next_back(), Some('\n'));
    }

    #[test]
    fn short_forms_say_what_nodes_say(policy in any_policy(), parts in parts()) {
        let request = full_request(&policy, parts);
        for rule in policy.rules() {
            let [long, short] = truths_of(&policy, &Store::empty(), rule.condition, &request);
            prop_assert_eq!(short, long, "{}", policy.node_text(rule.condition));
        }
    }

    #[test]
    fn each_node_knows_no_more_when_less_is_known(policy in any_policy(), parts in parts(), hidden: u32, timed: bool) {
        let (more, less) = (full_request(&policy, parts.clone()), full_request(&policy, hide(&parts, hidden)));
        for rule in policy.rules() {
            let more = datum_of(&policy, rule.condition, &more, Some(now()));
            let less = datum_of(&policy, rule.condition, &less, timed.then(now));
            prop_assert!(is_below(&less, &more), "{}: {less:?} {more:?}", policy.node_text(rule.condition));
        }
    }

    #[test]
    fn hiding_never_helps(policy in any_policy(), parts in parts(), hidden: u32) {
        if effect(&policy, &hide(&parts, hidden), Mode::Effect) == Effect::Allow {
            prop_assert_eq!(effect(&policy, &parts, Mode::Full), Effect::Allow);
        }
    }

    #[test]
    fn a_decision_holds_until_it_says(policy in any_policy(), parts in parts(), part in 0.0..1.0f64) {
        let request = full_request(&policy, parts);
        let at = |now| decide(&policy, &Store::empty(), &request, Some(now), Mode::Full, &mut Scratch::new());
        let first = at(now());
        let last = first.valid_until.map_or(i64::MAX, crate::value::Timestamp::millis);
        let span = (last - now().millis()).min(86_400_000 * 400);
        let later = now().millis() + ((span - 1) as f64 * part) as i64;
        let later = at(crate::value::Timestamp::from_millis(later).unwrap());
        prop_assert_eq!(first, later);
    }

    #[test]
    fn knowledge_that_is_not_named_changes_nothing(policy in any_policy(), parts in parts()) {
        let request = full_request(&policy, parts.clone());
        let decision = decide(&policy, &Store::empty(), &request, Some(now()), Mode::Full, &mut Scratch::new());
        let consulted: Vec<String> = fact_texts(&policy, &decision);
        let mut other = parts;
        if let Some(context) = other["context"].as_object_mut() {
            context.retain(|key, _| consulted.contains(&format!("context.{key}")));
        }
        let other = full_request(&policy, other);
        let again = decide(&policy, &Store::empty(), &other, Some(now()), Mode::Full, &mut Scratch::new());
        prop_assert_eq!(decision, again);
    }

    #[test]
    fn slots_cover_what_is_consulted(policy in any_policy(), parts in parts()) {
        use crate::decision::Fact;
        use crate::graph::Slot;
        let slots = policy.slots(READ);
        let decision = decide_full(&policy, &full_request(&policy, parts));
        for fact in decision.depends_on {
            let slot = match &fact {
                Fact::Context(at) => Slot::Context(*at),
                Fact::Attribute(uid, at) => Slot::Attribute(uid.ty, *at),
                Fact::Parents(uid) => Slot::Parents(uid.ty),
                Fact::Now => Slot::Now,
            };
            prop_assert!(slots.contains(&slot), "{fact:?}");
        }
    }

    #[test]
    fn simplifying_keeps_meaning(tree in conditions(), parts in parts()) {
        let mut builder = builder();
        let node = tree.build(&mut builder, 0);
        let built = with_rule(builder, node);
        let mut raw = super::fixture::builder().finish().unwrap();
        let node = tree.raw(&mut raw, 0);
        raw.rules.push(rule("it", Effect::Allow, node));
        let raw = Policy::from_bytes(&raw.to_bytes()).unwrap();
        let of = |policy: &Policy| {
            let request = full_request(policy, parts.clone());
            datum_of(policy, policy.rules()[0].condition, &request, Some(now()))
        };
        prop_assert_eq!(of(&built), of(&raw), "{} / {}", built.node_text(built.rules()[0].condition), raw.node_text(node));
    }
}

/// A well-typed condition.
#[derive(Clone, Debug)]
enum Tree {
    Truth(bool),
    Flag(u32),
    Less(Number, Number),
    Same(Number, Number),
    Present,
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    If(Box<Tree>, Box<Tree>, Box<Tree>),
    /// Over `context.numbers`.
    Each(Quantifier, Box<Tree>),
}

/// A whole number.
#[derive(Clone, Copy, Debug)]
enum Number {
    Constant(i64),
    Count,
    Maybe(i64),
    /// The innermost variable, or 1 outside quantifiers.
    Element,
    Sum(i64, i64),
}

fn numbers() -> impl Strategy<Value = Number> {
    let small = || prop::sample::select(vec![0, 1, 2, i64::MAX]);
    prop_oneof![
        small().prop_map(Number::Constant),
        Just(Number::Count),
        small().prop_map(Number::Maybe),
        Just(Number::Element),
        (small(), small()).prop_map(|(a, b)| Number::Sum(a, b)),
    ]
}

fn conditions() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Tree::Truth),
        (0..3u32).prop_map(Tree::Flag),
        (numbers(), numbers()).prop_map(|(a, b)| Tree::Less(a, b)),
        (numbers(), numbers()).prop_map(|(a, b)| Tree::Same(a, b)),
        Just(Tree::Present),
    ];
    leaf.prop_recursive(5, 48, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Tree::All),
            vec(inner.clone(), 0..4).prop_map(Tree::Any),
            boxed().prop_map(Tree::Not),
            (boxed(), boxed(), boxed()).prop_map(|(a, b, c)| Tree::If(a, b, c)),
            (prop::sample::select(vec![Quantifier::All, Quantifier::Any]), boxed())
                .prop_map(|(quantifier, body)| Tree::Each(quantifier, body)),
        ]
    })
}

impl Tree {
    /// Quantifiers nested deeper than the limit are left out in both forms.
    fn build(&self, b: &mut Builder, level: u8) -> NodeId {
        match self {
            Self::Truth(known) => b.truth(*known),
            Self::Flag(at) => b.context(*at),
            Self::Less(x, y) => {
                let (x, y) = (x.build(b, level), y.build(b, level));
                b.compare(CompareOp::Less, x, y)
            }
            Self::Same(x, y) => {
                let (x, y) = (x.build(b, level), y.build(b, level));
                b.equal(x, y)
            }
            Self::Present => {
                let maybe = b.context(MAYBE);
                b.is_present(maybe)
            }
            Self::All(all) => {
                let all: Vec<_> = all.iter().map(|each| each.build(b, level)).collect();
                b.and(all)
            }
            Self::Any(all) => {
                let all: Vec<_> = all.iter().map(|each| each.build(b, level)).collect();
                b.or(all)
            }
            Self::Not(of) => {
                let of = of.build(b, level);
                b.not(of)
            }
            Self::If(condition, then, otherwise) => {
                let (condition, then) = (condition.build(b, level), then.build(b, level));
                let otherwise = otherwise.build(b, level);
                b.choose(condition, then, otherwise)
            }
            Self::Each(_, body) if level >= 4 => body.build(b, level),
            Self::Each(quantifier, body) => {
                let (over, body) = (b.context(NUMBERS), body.build(b, level + 1));
                b.quantified(*quantifier, over, level + 1, body)
            }
        }
    }

    /// The same, node for node.
    fn raw(&self, p: &mut Policy, level: u8) -> NodeId {
        let node = match self {
            Self::Truth(known) => return raw_const(p, Value::Bool(*known)),
            Self::Flag(at) => Node::Context(*at),
            Self::Less(x, y) => Node::Compare(CompareOp::Less, x.raw(p, level), y.raw(p, level)),
            Self::Same(x, y) => Node::Compare(CompareOp::Equal, x.raw(p, level), y.raw(p, level)),
            Self::Present => Node::IsPresent(push(p, Node::Context(MAYBE))),
            Self::All(all) => Node::And(raw_all(p, all, level, true)),
            Self::Any(all) => Node::Or(raw_all(p, all, level, false)),
            Self::Not(of) => Node::Not(of.raw(p, level)),
            Self::If(condition, then, otherwise) => Node::If {
                condition: condition.raw(p, level),
                then: then.raw(p, level),
                otherwise: otherwise.raw(p, level),
            },
            Self::Each(_, body) if level >= 4 => return body.raw(p, level),
            Self::Each(quantifier, body) => Node::Quantified {
                quantifier: *quantifier,
                over: push(p, Node::Context(NUMBERS)),
                level: level + 1,
                body: body.raw(p, level + 1),
            },
        };
        push(p, node)
    }
}

impl Number {
    fn build(self, b: &mut Builder, level: u8) -> NodeId {
        match self {
            Self::Constant(value) => b.constant(int(value)),
            Self::Count => b.context(COUNT),
            Self::Maybe(other) => {
                let (maybe, other) = (b.context(MAYBE), b.constant(int(other)));
                b.otherwise(maybe, other)
            }
            Self::Element if level == 0 => b.constant(int(1)),
            Self::Element => b.element(level),
            Self::Sum(x, y) => {
                let (x, y) = (b.constant(int(x)), b.constant(int(y)));
                b.arith(Arith::Add, x, y)
            }
        }
    }

    fn raw(self, p: &mut Policy, level: u8) -> NodeId {
        let node = match self {
            Self::Constant(value) => return raw_const(p, int(value)),
            Self::Count => Node::Context(COUNT),
            Self::Maybe(other) => Node::Otherwise(push(p, Node::Context(MAYBE)), raw_const(p, int(other))),
            Self::Element if level == 0 => return raw_const(p, int(1)),
            Self::Element => Node::Element(level),
            Self::Sum(x, y) => Node::Arith(Arith::Add, raw_const(p, int(x)), raw_const(p, int(y))),
        };
        push(p, node)
    }
}

fn push(p: &mut Policy, node: Node) -> NodeId {
    p.nodes.push(node);
    NodeId::new(p.nodes.len() - 1)
}

fn raw_const(p: &mut Policy, value: Value) -> NodeId {
    p.consts.push(value);
    let id = ConstId::new(p.consts.len() - 1);
    push(p, Node::Const(id))
}

/// Operands, padded with units to two.
fn raw_all(p: &mut Policy, all: &[Tree], level: u8, unit: bool) -> Operands {
    let mut nodes: Vec<_> = all.iter().map(|each| each.raw(p, level)).collect();
    while nodes.len() < 2 {
        nodes.push(raw_const(p, Value::Bool(unit)));
    }
    nodes.into()
}
