//! The gateway in Cedar: its own readers of contexts and entities, with a schema, then its authorizer.

use std::rc::Rc;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, Schema, ValidationMode, Validator,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::routes;
use crate::documents::{Document, Documents};
use crate::harness::{Contender, effect};

struct Gateway {
    schema: Schema,
    policies: PolicySet,
    authorizer: Authorizer,
    call: EntityUid,
}

/// The document, as far as the policy's reader takes it apart.
#[derive(Deserialize)]
struct Asked {
    subject: Value,
    resource: Resource,
    context: Value,
}

#[derive(Deserialize)]
struct Resource {
    r#type: String,
    id: String,
    properties: Value,
}

impl Gateway {
    fn new(count: usize) -> Self {
        let (schema, _) = Schema::from_cedarschema_str(routes::CEDAR_SCHEMA).unwrap();
        let policies = PolicySet::from_str(&routes::cedar(count)).unwrap_or_else(|error| panic!("{error}"));
        let validated = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        assert!(validated.validation_passed(), "{validated}");
        let call = EntityUid::from_str(r#"Action::"call""#).unwrap();
        Self { schema, policies, authorizer: Authorizer::new(), call }
    }

    fn read(&self, json: &[u8]) -> (Request, Entities) {
        let asked: Asked = serde_json::from_slice(json).unwrap();
        let uid = json!({ "type": asked.resource.r#type, "id": asked.resource.id });
        let entity = json!([{ "uid": uid.clone(), "attrs": asked.resource.properties, "parents": [] }]);
        let entities = Entities::from_json_value(entity, Some(&self.schema)).unwrap();
        let context = Context::from_json_value(asked.context, Some((&self.schema, &self.call))).unwrap();
        let principal = EntityUid::from_json(asked.subject).unwrap();
        let resource = EntityUid::from_json(uid).unwrap();
        // The schema has been applied to the parts; checking the whole again is not asked for.
        (Request::new(principal, self.call.clone(), resource, context, None).unwrap(), entities)
    }

    fn decides(&self, request: &Request, entities: &Entities) -> bool {
        let response = self.authorizer.is_authorized(request, &self.policies, entities);
        debug_assert_eq!(response.diagnostics().errors().count(), 0);
        response.decision() == Decision::Allow
    }
}

/// Cedar, reading each document.
pub fn from_json(count: usize, documents: &Documents) -> Contender {
    let (gateway, documents) = (Gateway::new(count), Rc::clone(documents));
    Contender::new("cedar-policy", move |request| {
        let (asked, entities) = gateway.read(&documents[request].json);
        effect(gateway.decides(&asked, &entities))
    })
}

/// Cedar, with documents that have been read.
pub fn prepared(count: usize, documents: &Documents) -> Contender {
    let gateway = Gateway::new(count);
    let read = |document: &Document| gateway.read(&document.json);
    let asked: Vec<(Request, Entities)> = documents.iter().map(read).collect();
    Contender::new("cedar-policy", move |request| {
        let (asked, entities) = &asked[request];
        effect(gateway.decides(asked, entities))
    })
}
