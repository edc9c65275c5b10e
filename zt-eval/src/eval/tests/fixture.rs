//! Declarations and requests that the tests share.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::Truth;
use crate::decision::{Decision, Fact, Mode};
use crate::eval::candidates::Want;
use crate::eval::evaluator::Evaluator;
use crate::eval::{Scratch, asked::asked, decide};
use crate::facts::World;
use crate::graph::build::Builder;
use crate::graph::{Effect, Extras, Place, Policy, Rule};
use crate::id::{ActionId, EntityTypeId, EnumId, NodeId, ObligationId, RecordId, RuleId, SourceId};
use crate::index::Join;
use crate::limits::Limits;
use crate::request::Request;
use crate::schema::{
    Action, Attribute, Clock, EntityType, EnumType, Field, Freshness, Obligation, Param, RecordType, Schema, Source,
    StepUp, Type,
};
use crate::store::Store;
use crate::value::{Datum, Duration, EntityUid, Timestamp, Value};

pub const GROUP: EntityTypeId = EntityTypeId::new(0);
pub const USER: EntityTypeId = EntityTypeId::new(1);
pub const DOC: EntityTypeId = EntityTypeId::new(2);
pub const ITEM: RecordId = RecordId::new(0);
pub const LEVEL: EnumId = EnumId::new(0);
pub const READ: ActionId = ActionId::new(0);
pub const WRITE: ActionId = ActionId::new(1);
pub const AUDIT: ObligationId = ObligationId::new(0);

/// Positions in the context.
pub const A: u32 = 0;
pub const B: u32 = 1;
pub const C: u32 = 2;
pub const MFA: u32 = 3;
pub const KEY: u32 = 5;
pub const ITEMS: u32 = 6;
pub const LABELS: u32 = 7;
pub const COUNT: u32 = 8;
pub const TEXT: u32 = 9;
pub const PATH: u32 = 10;
pub const TAGS: u32 = 11;
pub const UNTIL: u32 = 12;
pub const SECRET: u32 = 13;
pub const MAYBE: u32 = 14;
pub const FRIENDS: u32 = 15;
pub const NUMBERS: u32 = 16;
pub const NETWORK: u32 = 17;
pub const RANGES: u32 = 18;

/// Positions among the attributes of users.
pub const LEVEL_OF: u32 = 0;
pub const MANAGER: u32 = 1;

/// Position among the attributes of documents.
pub const OWNER: u32 = 0;

pub fn name(text: &str) -> Arc<str> {
    text.into()
}

pub fn attribute(text: &str, ty: Type) -> Attribute {
    Attribute {
        name: name(text),
        ty,
        from: Schema::PEP,
        freshness: Vec::new(),
        step_up: None,
        sensitive: false,
        doc: None,
    }
}

fn field(text: &str, ty: Type) -> Field {
    Field { name: name(text), ty }
}

fn step_up(text: &str, age_ms: i64) -> Attribute {
    let clock = Clock { attribute: 4, fields: Vec::new() };
    Attribute {
        freshness: vec![Freshness::Since { age: Duration::from_millis(age_ms), clock }],
        step_up: Some(StepUp { acr: name(&format!("urn:{text}")), gives: Value::Bool(true) }),
        ..attribute(text, Type::Bool)
    }
}

fn set(of: Type) -> Type {
    Type::Set(Box::new(of))
}

pub fn schema() -> Schema {
    let user = || Type::Entity(vec![USER]);
    let entity = |text, parents: &[EntityTypeId], attributes| EntityType {
        name: name(text),
        parents: parents.to_vec(),
        parents_from: SourceId::new(0),
        attributes,
    };
    let action =
        |text| Action { name: name(text), subjects: vec![USER], subject_from: Schema::PEP, resources: vec![DOC] };
    Schema {
        enums: vec![EnumType { name: name("Level"), members: vec![name("low"), name("high")], ordered: true }],
        sources: vec![Source { name: name("pep"), verified: true, complete: false }],
        records: vec![RecordType {
            name: name("Item"),
            fields: vec![field("image", Type::String), field("size", Type::Int)],
        }],
        entities: vec![
            entity("Group", &[GROUP], vec![]),
            entity(
                "User",
                &[GROUP],
                vec![attribute("level", Type::Enum(LEVEL)), attribute("manager", user().optional())],
            ),
            entity("Doc", &[], vec![attribute("owner", user())]),
        ],
        context: vec![
            attribute("a", Type::Bool),
            attribute("b", Type::Bool),
            attribute("c", Type::Bool),
            step_up("mfa", 900_000),
            attribute("auth_time", Type::Timestamp),
            step_up("key", 60_000),
            attribute("items", Type::List(Box::new(Type::Record(ITEM)))),
            attribute("labels", Type::Map(Box::new(Type::String))),
            attribute("count", Type::Int),
            attribute("text", Type::String),
            attribute("path", Type::Path),
            attribute("tags", set(Type::String)),
            attribute("until", Type::Timestamp),
            Attribute { sensitive: true, ..attribute("secret", Type::String) },
            attribute("maybe", Type::Int.optional()),
            attribute("friends", set(user())),
            attribute("numbers", set(Type::Int)),
            attribute("network", Type::IpRange),
            attribute("ranges", set(Type::IpRange)),
        ],
        obligations: vec![Obligation { name: name("audit"), params: vec![field("level", Type::String)] }],
        actions: vec![action("read"), action("write")],
        params: vec![Param { name: name("max"), ty: Type::Int, value: Some(Value::Int(5)) }],
        annotations: Vec::new(),
    }
}

pub fn builder() -> Builder {
    Builder::new(schema(), Limits::default(), Duration::from_millis(60_000), "test", "tests")
}

pub fn rule(text: &str, effect: Effect, condition: NodeId) -> Rule {
    Rule {
        name: text.into(),
        place: Place::new("test.zt", 1, 1),
        effect,
        audit: false,
        condition,
        extras: Extras::default(),
    }
}

pub fn int(value: i64) -> Value {
    Value::Int(value)
}

pub fn text(value: &str) -> Value {
    Value::String(value.into())
}

pub fn uid(ty: EntityTypeId, id: &str) -> Value {
    Value::Entity(EntityUid { ty, id: id.into() })
}

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

pub fn now() -> Timestamp {
    time("2026-03-02T10:00:00Z") // a Monday
}

/// A request of ann to read doc d with this context.
pub fn request(policy: &Policy, context: Json) -> Request {
    full_request(policy, json!({ "context": context }))
}

/// A request of ann to read doc d; `parts` are put over it.
pub fn full_request(policy: &Policy, parts: Json) -> Request {
    let mut document = json!({
        "subject": { "type": "User", "id": "ann" },
        "action": { "name": "read" },
        "resource": { "type": "Doc", "id": "d" },
    });
    document.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    Request::from_json(policy, document.to_string().as_bytes()).unwrap()
}

pub fn decide_full(policy: &Policy, request: &Request) -> Decision {
    decide(policy, &Store::empty(), request, Some(now()), Mode::Full, &mut Scratch::new())
}

/// What a node gives.
pub fn datum_of(policy: &Policy, node: NodeId, request: &Request, now: Option<Timestamp>) -> Datum {
    datum_in(policy, &Store::empty(), node, request, now)
}

/// The same beside entity data.
pub fn datum_in(policy: &Policy, store: &Store, node: NodeId, request: &Request, now: Option<Timestamp>) -> Datum {
    let world = World { policy, store, request, now, granted: &[] };
    let mut scratch = Scratch::new();
    scratch.start(policy, true);
    let join = Join::of(&policy.derived.index.anchors, store);
    Evaluator::new(world, &join, &asked(&world, &join), &mut scratch, true).datum(node)
}

/// The truth of a condition and what it rests on: by short forms, and by going from node to node.
pub fn truths_of(policy: &Policy, store: &Store, node: NodeId, request: &Request) -> [(Truth, Vec<Fact>); 2] {
    let world = World { policy, store, request, now: Some(now()), granted: &[] };
    [Scratch::start_keeping_all, |scratch: &mut Scratch, policy: &Policy| scratch.start(policy, true)].map(|start| {
        let mut scratch = Scratch::new();
        start(&mut scratch, policy);
        let join = Join::of(&policy.derived.index.anchors, store);
        let truth = Evaluator::new(world, &join, &asked(&world, &join), &mut scratch, true).truth(node);
        let mut facts = Vec::new();
        scratch.give_facts(&mut facts);
        (truth, facts)
    })
}

/// The rules that are looked at of those of a tree: where those count that are true, or where those count that are not false.
pub fn candidates_of(policy: &Policy, store: &Store, request: &Request, tree: u32, only_true: bool) -> Vec<RuleId> {
    let world = World { policy, store, request, now: Some(now()), granted: &[] };
    let mut scratch = Scratch::new();
    scratch.start(policy, true);
    let join = Join::of(&policy.derived.index.anchors, store);
    let want = if only_true { Want::True } else { Want::NotFalse };
    let asked = asked(&world, &join);
    let mut evaluator = Evaluator::new(world, &join, &asked, &mut scratch, true);
    evaluator.candidates(&[tree], want).into_iter().map(|entry| entry.rule).collect()
}

/// A policy with one rule for `read`, and the request's datum of its condition.
pub fn evaluate(make: impl FnOnce(&mut Builder) -> NodeId, context: Json) -> Datum {
    let mut builder = builder();
    let node = make(&mut builder);
    let policy = with_rule(builder, node);
    let request = request(&policy, context);
    datum_of(&policy, policy.rules()[0].condition, &request, Some(now()))
}

pub fn with_rule(mut builder: Builder, condition: NodeId) -> Policy {
    builder.add_rule(rule("it", Effect::Allow, condition), &[READ]);
    builder.finish().unwrap()
}

pub fn rule_names(policy: &Policy, ids: &[RuleId]) -> Vec<String> {
    ids.iter().map(|id| policy.rule(*id).unwrap().name.to_string()).collect()
}

pub fn unknown_texts(decision: &Decision) -> Vec<String> {
    decision.unknown.iter().map(|unknown| unknown.text.to_string()).collect()
}

pub fn fact_texts(policy: &Policy, decision: &Decision) -> Vec<String> {
    decision.depends_on.iter().map(|fact| policy.schema().fact_text(fact)).collect()
}
