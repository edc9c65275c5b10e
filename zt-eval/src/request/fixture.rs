//! A schema that has one of everything, for tests.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{InvalidRequest, Request};
use crate::graph::Policy;
use crate::id::{EntityTypeId, EnumId, RecordId, SourceId};
use crate::limits::Limits;
use crate::schema::{
    Action, Attribute, Clock, EntityType, EnumType, Field, Freshness, Obligation, Param, RecordType, Schema, Source,
    StepUp, Type,
};
use crate::value::{Datum, Duration, EntityUid, Value};

pub(crate) const PEP: SourceId = Schema::PEP;
pub(crate) const IDP: SourceId = SourceId::new(1);
pub(crate) const CLIENT: SourceId = SourceId::new(2);
pub(crate) const API: SourceId = SourceId::new(3);

pub(crate) const GROUP: EntityTypeId = EntityTypeId::new(0);
pub(crate) const USER: EntityTypeId = EntityTypeId::new(1);
pub(crate) const FOLDER: EntityTypeId = EntityTypeId::new(2);
pub(crate) const DOCUMENT: EntityTypeId = EntityTypeId::new(3);
pub(crate) const SERVICE: EntityTypeId = EntityTypeId::new(4);

pub(crate) fn set(of: Type) -> Type {
    Type::Set(of.into())
}

pub(crate) fn list(of: Type) -> Type {
    Type::List(of.into())
}

pub(crate) fn map(of: Type) -> Type {
    Type::Map(of.into())
}

pub(crate) fn attribute(name: &str, ty: Type, from: SourceId) -> Attribute {
    Attribute { name: name.into(), ty, from, freshness: Vec::new(), step_up: None, sensitive: false, doc: None }
}

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty }
}

fn entity(name: &str, parents: Vec<EntityTypeId>, parents_from: SourceId, attributes: Vec<Attribute>) -> EntityType {
    EntityType { name: name.into(), parents, parents_from, attributes }
}

fn action(name: &str, subjects: Vec<EntityTypeId>, subject_from: SourceId, resources: Vec<EntityTypeId>) -> Action {
    Action { name: name.into(), subjects, subject_from, resources }
}

fn source(name: &str, verified: bool, complete: bool) -> Source {
    Source { name: name.into(), verified, complete }
}

fn clock(attribute: u32, fields: &[u32]) -> Clock {
    Clock { attribute, fields: fields.to_vec() }
}

pub(crate) fn schema() -> Schema {
    Schema {
        enums: vec![EnumType {
            name: "Clearance".into(),
            members: ["public", "internal", "secret"].map(Arc::from).to_vec(),
            ordered: true,
        }],
        sources: vec![
            source("pep", true, false),
            source("idp", true, false),
            source("client", false, false),
            source("api", true, true),
        ],
        records: records(),
        entities: entities(),
        context: context(),
        obligations: vec![Obligation {
            name: "audit".into(),
            params: vec![field("level", Type::String), field("token", Type::Record(RecordId::new(0)))],
        }],
        actions: vec![
            action("read", vec![USER], PEP, vec![FOLDER, DOCUMENT]),
            action("write", vec![USER], IDP, vec![DOCUMENT]),
            action("call", vec![USER, SERVICE], PEP, vec![SERVICE]),
        ],
        params: vec![Param { name: "max_risk".into(), ty: Type::Int, value: Some(Value::Int(50)) }],
        annotations: Vec::new(),
    }
}

fn records() -> Vec<RecordType> {
    let record = |name: &str, fields| RecordType { name: name.into(), fields };
    vec![
        record(
            "Token",
            vec![
                field("sub", Type::String),
                field("exp", Type::Timestamp),
                field("scopes", set(Type::String)),
                field("note", Type::String.optional()),
            ],
        ),
        record("Container", vec![field("image", Type::String), field("privileged", Type::Bool.optional())]),
        record(
            "Pod",
            vec![
                field("containers", list(Type::Record(RecordId::new(1)))),
                field("labels", map(Type::String)),
                field("host", Type::Bool.optional()),
                field("inner", Type::Record(RecordId::new(2)).optional()),
            ],
        ),
    ]
}

fn entities() -> Vec<EntityType> {
    let user = Type::Entity(vec![USER]);
    vec![
        entity("Group", vec![GROUP], IDP, vec![]),
        entity(
            "User",
            vec![GROUP],
            IDP,
            vec![
                attribute("clearance", Type::Enum(EnumId::new(0)), IDP),
                attribute("manager", user.clone().optional(), IDP),
                attribute("nickname", Type::String.optional(), CLIENT),
                attribute("badge", Type::Int, PEP),
                attribute("room", Type::String.optional(), API),
            ],
        ),
        entity("Folder", vec![FOLDER], PEP, vec![]),
        entity(
            "Document",
            vec![FOLDER],
            PEP,
            vec![
                attribute("owner", user, PEP),
                attribute("tags", set(Type::String), PEP),
                attribute("levels", list(Type::Int), PEP),
                attribute("ratings", map(Type::Decimal), PEP),
                attribute("hold", Type::Bool, PEP),
                attribute("note", Type::String.optional(), PEP),
            ],
        ),
        entity("Service", vec![], PEP, vec![attribute("name", Type::String, PEP)]),
    ]
}

/// Positions in the context.
pub(crate) const MFA: u32 = 0;
pub(crate) const AUTH_TIME: u32 = 1;
pub(crate) const TOKEN: u32 = 2;
pub(crate) const SESSION: u32 = 3;
pub(crate) const BOTH: u32 = 4;

fn context() -> Vec<Attribute> {
    let age = Duration::from_millis(15 * 60 * 1000);
    let since = Freshness::Since { age, clock: clock(AUTH_TIME, &[]) };
    let until = Freshness::Until { clock: clock(TOKEN, &[1]) };
    let mut mfa = attribute("mfa", Type::Bool, IDP);
    mfa.freshness = vec![since.clone()];
    mfa.step_up = Some(StepUp { acr: "urn:mfa".into(), gives: Value::Bool(true) });
    let mut session = attribute("session", Type::String.optional(), IDP);
    session.freshness = vec![until.clone()];
    let mut both = attribute("both", Type::Int, PEP);
    both.freshness = vec![since, until];
    vec![
        mfa,
        attribute("auth_time", Type::Timestamp, IDP),
        attribute("token", Type::Record(RecordId::new(0)), IDP),
        session,
        both,
        attribute("ip", Type::Ip, PEP),
        attribute("range", Type::IpRange, PEP),
        attribute("path", Type::Path, PEP),
        attribute("host", Type::Host, PEP),
        attribute("amount", Type::Decimal, PEP),
        attribute("memory", Type::Quantity, PEP),
        attribute("version", Type::Version, PEP),
        attribute("wait", Type::Duration, PEP),
        attribute("port", Type::Int.optional(), PEP),
        attribute("who", Type::Entity(vec![USER, SERVICE]), PEP),
        attribute("pod", Type::Record(RecordId::new(2)), API),
        attribute("uid", Type::String.optional(), API),
        attribute("agent", Type::String, CLIENT),
        attribute("pods", set(Type::Record(RecordId::new(1))), PEP),
        attribute("app.io/name", Type::String, PEP),
    ]
}

pub(crate) fn policy_of(schema: Schema, limits: Limits) -> Policy {
    let mut policy = Policy {
        name: "fixture".into(),
        compiler: "test".into(),
        schema,
        limits,
        clock_skew: Duration::from_millis(60_000),
        consts: Vec::new(),
        patterns: Vec::new(),
        zones: Vec::new(),
        nodes: Vec::new(),
        rules: Vec::new(),
        actions: Vec::new(),
        plan: crate::index::Plan::default(),
        derived: crate::graph::Derived::default(),
    };
    policy.derived.leads_to = policy.schema.leads_to();
    policy.derived.leads_on = policy.schema.leads_on(&policy.derived.leads_to);
    policy.derived.reads = crate::graph::reads::Reads::all(&policy.schema);
    policy.derived.names = super::names::DeclaredNames::of(&policy.schema);
    policy.derived.digest = [7; 32];
    policy
}

pub(crate) fn policy() -> Policy {
    policy_of(schema(), Limits::default())
}

pub(crate) fn uid(ty: EntityTypeId, id: &str) -> EntityUid {
    EntityUid { ty, id: id.into() }
}

/// A request that reads a document, with these members beside.
pub(crate) fn reading(more: Json) -> Json {
    let mut request = json!({
        "subject": { "type": "User", "id": "ann" },
        "action": { "name": "read" },
        "resource": { "type": "Document", "id": "d1" },
    });
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    request
}

pub(crate) fn try_bind(request: &Json) -> Result<Request, InvalidRequest> {
    Request::from_json(&policy(), request.to_string().as_bytes())
}

pub(crate) fn bind(more: Json) -> Request {
    try_bind(&reading(more)).unwrap()
}

/// What a request knows of a context attribute.
pub(crate) fn context_of(request: &Request, name: &str) -> Datum {
    let at = schema().context.iter().position(|attribute| &*attribute.name == name).unwrap();
    request.context()[at].clone()
}

/// What a request knows of an entity's attribute.
pub(crate) fn attribute_of(request: &Request, uid: &EntityUid, name: &str) -> Datum {
    let schema = schema();
    let at = schema.entity(uid.ty).unwrap().attributes.iter().position(|each| &*each.name == name).unwrap();
    request.described(uid).map_or(Datum::Unknown, |entity| entity.attributes()[at].clone())
}
