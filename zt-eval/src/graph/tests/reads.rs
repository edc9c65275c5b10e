//! What policies read: enough for every decision, and little more.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::decision::Mode;
use crate::eval::tests::random::{any_policy, context};
use crate::eval::{Scratch, decide};
use crate::graph::build::Builder;
use crate::graph::reads::{Extent, Fields};
use crate::graph::{DutyTemplate, Effect, Policy, Quantifier};
use crate::id::{ActionId, NodeId, ObligationId, RecordId};
use crate::limits::Limits;
use crate::request::Request;
use crate::request::fixture::*;
use crate::store::Store;
use crate::value::{Datum, Duration, Value};

const POD: u32 = 15;
const PODS: u32 = 18;
const CONTAINER: RecordId = RecordId::new(1);
const POD_RECORD: RecordId = RecordId::new(2);

/// The policy of one rule, whose condition is what `make` makes.
fn policy_when(make: impl FnOnce(&mut Builder) -> NodeId) -> Policy {
    let mut builder = Builder::new(schema(), Limits::default(), Duration::from_millis(60_000), "reads", "tests");
    let condition = make(&mut builder);
    let rule = crate::eval::tests::fixture::rule("r", Effect::Allow, condition);
    builder.add_rule(rule, &[ActionId::new(0)]);
    builder.finish().unwrap()
}

fn extent(policy: &Policy, at: u32) -> &Extent {
    policy.derived.reads.context.extent(at as usize)
}

fn fields(extents: &[Extent]) -> Extent {
    Extent::Fields(Fields::new(extents.into(), |_| false))
}

const NOTHING: Extent = Extent::Nothing;
const WHOLE: Extent = Extent::Whole;

fn containers(builder: &mut Builder) -> NodeId {
    let pod = builder.context(POD);
    builder.field(pod, POD_RECORD, 0)
}

#[test]
fn attributes_are_read_with_their_clocks() {
    let policy = policy_when(|builder| builder.context(MFA));
    assert_eq!([MFA, AUTH_TIME, TOKEN, BOTH].map(|at| extent(&policy, at).clone()), [WHOLE, WHOLE, NOTHING, NOTHING]);
    let policy = policy_when(|builder| {
        let session = builder.context(SESSION);
        builder.is_present(session)
    });
    assert_eq!(*extent(&policy, SESSION), WHOLE);
    assert_eq!(*extent(&policy, TOKEN), fields(&[NOTHING, WHOLE, NOTHING, NOTHING]));
    let badge = |builder: &mut Builder| {
        let subject = builder.subject();
        let badge = builder.attribute(subject, USER, 3);
        let seven = builder.constant(Value::Int(7));
        builder.equal(badge, seven)
    };
    let policy = policy_when(badge);
    let user = &policy.derived.reads.entity(USER).attributes;
    assert_eq!([0, 1, 2, 3, 4].map(|at| user.extent(at).clone()), [NOTHING, NOTHING, NOTHING, WHOLE, NOTHING]);
    assert_eq!(policy.derived.reads.entity(DOCUMENT).attributes.extent(0), &NOTHING);
}

#[test]
fn of_elements_only_the_fields_that_bodies_read() {
    let policy = policy_when(|builder| {
        let (over, element) = (containers(builder), builder.element(1));
        let body = builder.field(element, CONTAINER, 1);
        builder.quantified(Quantifier::Any, over, 1, body)
    });
    let element = fields(&[NOTHING, WHOLE]);
    assert_eq!(*extent(&policy, POD), fields(&[Extent::Elements(element.into()), NOTHING, NOTHING, NOTHING]));
    let policy = policy_when(|builder| {
        let over = containers(builder);
        builder.is_empty(over)
    });
    assert_eq!(*extent(&policy, POD), fields(&[Extent::Elements(fields(&[]).into()), NOTHING, NOTHING, NOTHING]));
}

#[test]
fn what_one_body_does_to_its_elements_is_not_done_to_others() {
    let policy = policy_when(|builder| {
        let (over, element) = (containers(builder), builder.element(1));
        let body = builder.field(element, CONTAINER, 1);
        let privileged = builder.quantified(Quantifier::Any, over, 1, body);
        let (resource, draft) = (builder.resource(), builder.constant(Value::String("draft".into())));
        let (tags, same) = (builder.attribute(resource, DOCUMENT, 1), builder.equal(element, draft));
        let is_draft = builder.quantified(Quantifier::Any, tags, 1, same);
        builder.and([privileged, is_draft])
    });
    let element = fields(&[NOTHING, WHOLE]);
    assert_eq!(*extent(&policy, POD), fields(&[Extent::Elements(element.into()), NOTHING, NOTHING, NOTHING]));
    let policy = policy_when(|builder| {
        let (over, element) = (containers(builder), builder.element(1));
        let same = builder.equal(element, element);
        builder.quantified(Quantifier::Any, over, 1, same)
    });
    assert_eq!(*extent(&policy, POD), fields(&[Extent::Elements(WHOLE.into()), NOTHING, NOTHING, NOTHING]));
}

#[test]
fn choices_and_defaults_are_ways_to_parts() {
    let policy = policy_when(|builder| {
        let (mfa, pod) = (builder.context(MFA), builder.context(POD));
        let inner = builder.field(pod, POD_RECORD, 3);
        let either = builder.choose(mfa, inner, pod);
        let either = builder.otherwise(either, pod);
        let host = builder.field(either, POD_RECORD, 2);
        builder.is_present(host)
    });
    let inner = fields(&[NOTHING, NOTHING, WHOLE, NOTHING]);
    assert_eq!(*extent(&policy, POD), fields(&[NOTHING, NOTHING, WHOLE, inner]));
}

#[test]
fn arguments_and_sets_are_read_whole() {
    let mut builder = Builder::new(schema(), Limits::default(), Duration::from_millis(0), "reads", "tests");
    let (level, token) = (builder.context(17), builder.context(TOKEN));
    let mut rule = crate::eval::tests::fixture::rule("r", Effect::Allow, level);
    rule.extras.duties = vec![DutyTemplate { obligation: ObligationId::new(0), args: Box::new([level, token]) }];
    builder.add_rule(rule, &[ActionId::new(0)]);
    assert_eq!(*extent(&builder.finish().unwrap(), TOKEN), WHOLE);
    let policy = policy_when(|builder| {
        let pods = builder.context(PODS);
        builder.is_empty(pods)
    });
    assert_eq!(*extent(&policy, PODS), WHOLE);
}

#[test]
fn parents_are_read_on_the_way_to_what_rules_name() {
    let reads = |ty, id: &str| {
        let id = Value::Entity(uid(ty, id));
        let policy = policy_when(|builder| {
            let (subject, outer) = (builder.subject(), builder.constant(id));
            builder.within(subject, outer)
        });
        [GROUP, USER, FOLDER, DOCUMENT, SERVICE].map(|ty| policy.derived.reads.entity(ty).parents)
    };
    assert_eq!(reads(GROUP, "staff"), [true, true, false, false, false]);
    assert_eq!(reads(FOLDER, "f"), [false, false, true, true, false]);
    assert_eq!(reads(USER, "ann"), [false; 5]);
    let policy = policy_when(|builder| builder.context(MFA));
    assert!(!policy.derived.reads.entity(USER).parents);
}

#[test]
fn the_unread_is_unknown_and_need_only_be_well_formed() {
    let policy = policy_when(|builder| {
        let token = builder.context(TOKEN);
        let note = builder.field(token, RecordId::new(0), 3);
        builder.is_present(note)
    });
    let bound = |context: &str| {
        let question = reading(json!({})).to_string();
        let document = format!("{},\"context\":{context}}}", question.strip_suffix('}').unwrap());
        Request::from_json(&policy, document.as_bytes()).map_err(|error| error.code())
    };
    let request = bound(r#"{"port":1,"token":{"sub":"x","sub2":{},"note":null,"scopes":[1,{"a":1,"a":1}]}}"#).unwrap();
    assert_eq!(context_of(&request, "port"), Datum::Unknown);
    let token = Value::Record([Datum::Unknown, Datum::Unknown, Datum::Unknown, Datum::Absent].into());
    assert_eq!(context_of(&request, "token"), Datum::Value(token));
    assert_eq!(bound(r#"{"token":{"sub":1,"sub":2}}"#), Err("R0104"), "a declared field given twice");
    assert_eq!(bound(r#"{"port":1,"port":1}"#), Err("R0104"), "a declared attribute given twice");
    assert_eq!(bound(r#"{"port":1,"pod":{"labels":}}"#), Err("R0101"));
    assert!(bound(r#"{"pod":{"labels":{"a":"1","a":"1"}}}"#).is_ok());
    let cycle = json!([{ "type": "Group", "id": "g", "parents": [{ "type": "Group", "id": "g" }] }]);
    let document = reading(json!({ "entities": cycle })).to_string();
    let request = Request::from_json(&policy, document.as_bytes()).unwrap();
    assert_eq!(request.described(&uid(GROUP, "g")).unwrap().parents(), None);
    let built = Request::builder(&policy).subject("User", "ann").action("read").resource("Document", "d1");
    let built = built.context("port", 1).parents("User", "ann", [("Group", "g")]).build().unwrap();
    assert_eq!(built.context()[13], Datum::Unknown);
    assert_eq!(built.described(&uid(USER, "ann")).unwrap().parents(), None);
}

fn document(context: Json, more: Json) -> String {
    let mut document = json!({
        "subject": { "type": "User", "id": "ann", "properties": more["user"], "parents": more["parents"] },
        "action": { "name": "read" },
        "resource": { "type": "Doc", "id": "d", "properties": { "owner": { "type": "User", "id": "ann" } } },
    });
    document["context"] = context;
    document.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_not_read_moves_no_decision(policy in any_policy(), context in context(), all_parents: bool) {
        let parents = json!([{ "type": "Group", "id": "staff" }]);
        let user = json!({ "level": "high", "manager": { "type": "User", "id": "bob" } });
        let more = json!({ "user": user, "parents": if all_parents { parents } else { json!(null) } });
        let document = document(context, more);
        let all = policy.clone().reading_all();
        let decide = |policy: &Policy| {
            let request = Request::from_json(policy, document.as_bytes()).unwrap();
            let now = Some(crate::eval::tests::fixture::now());
            decide(policy, &Store::empty(), &request, now, Mode::Full, &mut Scratch::new())
        };
        prop_assert_eq!(decide(&policy), decide(&all));
    }
}
