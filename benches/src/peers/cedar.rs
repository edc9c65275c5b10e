//! Cedar: policies parsed, entities with their ancestors worked out, requests built beforehand. A decision is
//! `Authorizer::is_authorized`, which also says which policies determined it.

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};

use crate::harness::{Contender, effect};
use crate::world::{Ask, Uid, World, record};

/// Cedar, ready to decide.
///
/// # Panics
///
/// When the policies, the entities or a request have a mistake.
#[must_use]
pub fn contender(policies: &str, world: &World, asks: &[Ask]) -> Contender {
    let policies: PolicySet = policies.parse().unwrap_or_else(|error| panic!("{error}"));
    let entities = Entities::from_json_value(world.cedar(), None).unwrap_or_else(|error| panic!("{error}"));
    let requests: Vec<Request> = asks.iter().map(request).collect();
    let authorizer = Authorizer::new();
    Contender::new("cedar-policy", move |request| {
        let response = authorizer.is_authorized(&requests[request], &policies, &entities);
        effect(response.decision() == Decision::Allow)
    })
}

fn request(ask: &Ask) -> Request {
    let context = Context::from_json_value(record(&ask.context, |_| unreachable!("no entities here")), None).unwrap();
    let action = entity("Action", ask.action);
    Request::new(named(&ask.subject), action, named(&ask.resource), context, None).unwrap()
}

fn named(uid: &Uid) -> EntityUid {
    entity(uid.ty, &uid.id)
}

fn entity(ty: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(ty.parse().unwrap(), id.parse().unwrap())
}
