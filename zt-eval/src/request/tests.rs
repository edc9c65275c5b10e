//! One test for each rule of binding.

use serde_json::{Value as Json, json};

use super::fixture::*;
use super::{Given, InvalidKind, Part, Request, parse_value};
use crate::limits::Limits;
use crate::schema::Type;
use crate::value::{Datum, Value};

fn text(value: &str) -> Datum {
    Datum::Value(Value::String(value.into()))
}

fn code(request: &Json) -> &'static str {
    try_bind(request).map_or_else(|error| error.code(), |_| "bound")
}

/// Code, path and the text at the offset.
#[track_caller]
fn refused(document: &str, code: &str, path: &str, at: &str) {
    let error = Request::from_json(&policy(), document.as_bytes()).unwrap_err();
    assert_eq!((error.code(), error.path().as_str()), (code, path), "{error}");
    match error.offset() {
        Some(offset) => assert!(document[offset..].starts_with(at), "{error}: {}", &document[offset..]),
        None => assert_eq!(at, "", "{error}"),
    }
}

fn raw(more: &str) -> String {
    format!(
        r#"{{"subject":{{"type":"User","id":"ann"}},"action":{{"name":"read"}},"resource":{{"type":"Document","id":"d1"}}{more}}}"#
    )
}

#[test]
fn the_question_must_be_whole() {
    for member in ["subject", "action", "resource"] {
        let mut request = reading(json!({}));
        request.as_object_mut().unwrap().remove(member);
        assert_eq!(code(&request), "R0102", "{member}");
    }
    assert_eq!(code(&reading(json!({"action": {}}))), "R0102");
    assert_eq!(code(&reading(json!({"action": "read"}))), "R0103");
    assert_eq!(code(&reading(json!({"action": {"name": "fly"}}))), "R0106");
    assert_eq!(code(&reading(json!({"subject": {"type": "User"}}))), "R0102");
    assert_eq!(code(&reading(json!({"subject": {"type": "Userr", "id": "a"}}))), "R0105");
    assert_eq!(code(&reading(json!({"subject": {"type": "User", "id": 1}}))), "R0103");
    assert_eq!(code(&reading(json!({"subject": {"type": "Group", "id": "g"}}))), "R0108");
    assert_eq!(code(&reading(json!({"resource": {"type": "User", "id": "ann"}}))), "R0109");
    assert_eq!(code(&json!([])), "R0103");
}

#[test]
fn usual_documents_are_bound_in_one_pass() {
    let policy = policy();
    let one_pass = |document: &str| {
        let scanner = crate::json::Scanner::new(document.as_bytes(), 64);
        super::bind::in_one_pass(&mut Request::empty(), &policy, &scanner)
    };
    let ann = r#""subject":{"type":"User","id":"ann","properties":{"badge":1},"parents":[]}"#;
    let asked = r#""action":{"name":"write"},"resource":{"type":"Document","id":"d1","properties":{"hold":true}}"#;
    let more = r#""context":{"port":1},"entities":[{"type":"Group","id":"a"},{"type":"Group","id":"b","parents":[]}]"#;
    let idp = r#""evidence":{"idp":{"subject":{"type":"User","id":"ann"},"context":{"mfa":true}}}"#;
    assert!(one_pass(&format!("{{{ann},{asked},{more}}}")));
    assert!(one_pass(&format!("{{{more},{asked},{ann}}}")));
    assert!(one_pass(&format!("{{{ann},{asked},{more},{idp}}}")));
    let before_its_name = r#""subject":{"parents":[],"properties":{"badge":1},"id":"ann","type":"User"}"#;
    assert!(one_pass(&format!("{{{before_its_name},{asked},{more}}}")));
    assert!(!one_pass(&format!("{{{idp},{ann},{asked}}}")), "what the evidence is about comes behind it");
    assert!(!one_pass(&format!("{{{ann},{asked},{more},{more}}}")));
    assert!(bind(json!({})).subject_described().is_none());
    let request = Request::from_json(&policy, format!("{{{ann},{asked},{more}}}").as_bytes()).unwrap();
    assert_eq!(request.subject_described().map(|entity| entity.uid()), Some(request.subject()));
    assert_eq!(request.resource_described().map(|entity| entity.uid()), Some(request.resource()));
    assert_eq!(request.subject_value(), &Value::Entity(uid(USER, "ann")));
}

#[test]
fn errors_name_the_place() {
    refused(
        r#"{"subject": {"type": "Userr", "id": "x"}, "action": {"name": "read"}, "resource": {"type": "Document", "id": "d"}}"#,
        "R0105",
        "$.subject.type",
        "\"Userr\"",
    );
    refused(&raw(r#","context":{"mfa":true,"mfa":true}"#), "R0104", "$.context.mfa", "\"mfa\":true}");
    refused(
        &raw(r#","entities":[{"type":"User","id":"bob"},{"type":"User","id":"bob"}]"#),
        "R0111",
        "$.entities[1]",
        "{\"type\":\"User\",\"id\":\"bob\"}]",
    );
    refused(
        &raw(r#","context":{"app.io/name":"a","app.io/name":"a"}"#),
        "R0104",
        r#"$.context["app.io/name"]"#,
        "\"app.io/name\":\"a\"}",
    );
    refused("{} {}", "R0101", "$", "{}");
    refused("{\"a\": tru}", "R0101", "$", "}");
    refused("", "R0101", "$", "");
}

#[test]
fn undeclared_members_are_skipped_wherever_they_stand() {
    let request = bind(json!({
        "now": "2026-01-01T00:00:00Z",
        "context": { "nope": [1, {"a": 2}], "port": 1 },
        "entities": [{ "type": "User", "id": "bob", "nope": 1, "properties": { "nope": 1, "badge": 2 } }],
    }));
    assert_eq!(context_of(&request, "port"), Datum::Value(Value::Int(1)));
    assert_eq!(attribute_of(&request, &uid(USER, "bob"), "badge"), Datum::Value(Value::Int(2)));
    assert!(Request::from_json(&policy(), raw(r#","x":{"y":1,"y":2}"#).as_bytes()).is_ok());
    refused(&raw(r#","x":{"y":}"#), "R0101", "$", "}");
}

#[test]
fn declared_members_may_not_be_given_twice() {
    for more in [
        r#","subject":{"type":"User","id":"ann"}"#,
        r#","context":{},"context":{}"#,
        r#","entities":[],"entities":[]"#,
        r#","evidence":{},"evidence":{}"#,
        r#","evidence":{"idp":{},"idp":{}}"#,
        r#","evidence":{"idp":{"context":{},"context":{}}}"#,
        r#","context":{"agent":"a","agent":"b"},"evidence":{}"#,
        r#","context":{"token":{"sub":"a","sub":"a"}}"#,
        r#","context":{"who":{"type":"User","type":"User","id":"a"}}"#,
        r#","context":{"pod":{"labels":{"a":"1","a":"1"}}}"#,
        r#","context":{"pod":{"labels":{"a":1,"a":"1"}}}"#,
        r#","entities":[{"type":"User","type":"User","id":"bob"}]"#,
        r#","entities":[{"type":"User","id":"bob","properties":{"badge":1,"badge":1}}]"#,
    ] {
        let error = Request::from_json(&policy(), raw(more).as_bytes()).unwrap_err();
        assert_eq!(error.code(), "R0104", "{more}: {error}");
    }
}

#[test]
fn values_are_of_their_declared_type_or_unknown() {
    let request = bind(json!({ "context": {
        "ip": "10.0.0.1", "path": "/a/../b", "amount": 12.5, "memory": "1Gi", "version": "1.2.3", "wait": "15m",
        "port": 1.0, "agent": 3, "auth_time": 1767225600, "range": "10.0.0.0/8", "host": "Example.COM:443",
    }}));
    for (name, expected) in [
        ("ip", Type::Ip),
        ("amount", Type::Decimal),
        ("memory", Type::Quantity),
        ("version", Type::Version),
        ("wait", Type::Duration),
        ("auth_time", Type::Timestamp),
        ("range", Type::IpRange),
        ("host", Type::Host),
    ] {
        let datum = context_of(&request, name);
        assert!(datum.value().is_some_and(|value| schema().accepts(&expected, value)), "{name}: {datum:?}");
    }
    for name in ["path", "port", "agent", "mfa"] {
        assert_eq!(context_of(&request, name), Datum::Unknown, "{name}");
    }
}

#[test]
fn null_is_absent_for_optionals_alone() {
    let request = bind(json!({ "context": { "port": null, "agent": null, "token": { "note": null, "sub": null } } }));
    assert_eq!(context_of(&request, "port"), Datum::Absent);
    assert_eq!(context_of(&request, "agent"), Datum::Unknown);
    let Datum::Value(Value::Record(fields)) = context_of(&request, "token") else { panic!() };
    assert_eq!(fields[0], Datum::Unknown);
    assert_eq!(fields[3], Datum::Absent);
}

#[test]
fn silence_is_a_fact_where_a_complete_source_describes() {
    let described = bind(json!({ "context": { "pod": { "containers": [{ "image": "a" }], "labels": {} } } }));
    assert_eq!(context_of(&described, "uid"), Datum::Absent);
    assert_eq!(context_of(&described, "port"), Datum::Unknown, "`pep` is not complete");
    let Datum::Value(Value::Record(pod)) = context_of(&described, "pod") else { panic!() };
    assert_eq!(pod[2], Datum::Absent);
    let container = Value::Record([text("a"), Datum::Absent].into());
    assert_eq!(pod[0], Datum::Value(Value::List([container].into())));

    let silent = bind(json!({}));
    assert_eq!(context_of(&silent, "uid"), Datum::Unknown);
    assert_eq!(context_of(&bind(json!({ "context": null })), "uid"), Datum::Unknown);

    let by_other = bind(json!({ "context": {}, "evidence": { "idp": { "context": {} } } }));
    assert_eq!(context_of(&by_other, "uid"), Datum::Unknown);
    let by_api = bind(json!({ "evidence": { "api": { "context": {}, "subject": { "properties": {} } } } }));
    assert_eq!(context_of(&by_api, "uid"), Datum::Absent);
    assert_eq!(attribute_of(&by_api, &uid(USER, "ann"), "room"), Datum::Absent);
    assert_eq!(attribute_of(&by_api, &uid(USER, "ann"), "manager"), Datum::Unknown);
}

#[test]
fn a_collection_with_a_bad_element_is_unknown_as_a_whole() {
    let document = |properties: Json| {
        let request = bind(json!({ "resource": { "type": "Document", "id": "d1", "properties": properties } }));
        move |name: &str| attribute_of(&request, &uid(DOCUMENT, "d1"), name)
    };
    let known = document(json!({ "tags": ["b", "a", "b"], "levels": [2, 1, 2], "ratings": { "z": 1, "": "2.5" } }));
    assert_eq!(known("tags").value().map(crate::value::size), Some(Some(Value::Int(2))));
    let two = [2, 1, 2].map(Value::Int);
    assert_eq!(known("levels"), Datum::Value(Value::List(two.into())));
    assert!(known("ratings").value().is_some());
    for properties in [
        json!({ "tags": ["a", 1], "levels": [1, "2"], "ratings": { "a": "x" } }),
        json!({ "tags": ["a", null], "levels": [1, 1.5], "ratings": { "a": null } }),
        json!({ "tags": "a", "levels": {}, "ratings": [] }),
        json!({ "tags": [["a"]], "levels": [99999999999999999999_u128 as f64], "ratings": { "a": 1.0000001 } }),
    ] {
        let unknown = document(properties.clone());
        for name in ["tags", "levels", "ratings"] {
            assert_eq!(unknown(name), Datum::Unknown, "{name} of {properties}");
        }
    }
}

#[test]
fn lists_of_records_are_partly_known_and_sets_are_not() {
    let request = bind(json!({ "context": {
        "pod": { "containers": [{ "image": 1, "privileged": true }] },
        "pods": [{ "image": 1, "privileged": true }],
    }}));
    let Datum::Value(Value::Record(pod)) = context_of(&request, "pod") else { panic!() };
    assert!(pod[0].value().is_some());
    assert_eq!(context_of(&request, "pods"), Datum::Unknown);
    let request = bind(json!({ "context": { "pod": { "containers": [{ "image": "a" }, 1] } } }));
    let Datum::Value(Value::Record(pod)) = context_of(&request, "pod") else { panic!() };
    assert_eq!(pod[0], Datum::Unknown);
}

#[test]
fn entity_values_are_of_permitted_types() {
    let who = |who: Json| context_of(&bind(json!({ "context": { "who": who } })), "who");
    assert_eq!(who(json!({"type": "User", "id": "a", "x": 1})), Datum::Value(Value::Entity(uid(USER, "a"))));
    for bad in [
        json!({"type": "Group", "id": "a"}),
        json!({"type": "User"}),
        json!({"type": "No", "id": "a"}),
        json!("User::\"a\""),
        json!({"type": "User", "id": 1}),
    ] {
        assert_eq!(who(bad.clone()), Datum::Unknown, "{bad}");
    }
}

#[test]
fn parents_are_known_as_a_whole() {
    let parents = |parents: Json| {
        let request = bind(json!({ "subject": { "type": "User", "id": "ann", "parents": parents } }));
        request.described(&uid(USER, "ann")).and_then(|entity| entity.parents().map(<[_]>::to_vec))
    };
    let group = |id: &str| json!({ "type": "Group", "id": id });
    assert_eq!(parents(json!([group("b"), group("a"), group("b")])), Some(vec![uid(GROUP, "a"), uid(GROUP, "b")]));
    assert_eq!(parents(json!([])), Some(vec![]));
    for bad in [json!(null), json!("x"), json!([group("a"), 1]), json!([{ "type": "User", "id": "a" }]), json!([{}])] {
        assert_eq!(parents(bad.clone()), None, "{bad}");
    }
    let service = bind(json!({ "entities": [{ "type": "Service", "id": "s", "parents": 1, "properties": {} }] }));
    assert_eq!(service.described(&uid(SERVICE, "s")).and_then(|entity| entity.parents()), Some(&[][..]));
}

#[test]
fn evidence_counts_from_its_own_source_alone() {
    let request = bind(json!({
        "subject": { "type": "User", "id": "ann", "properties": { "clearance": "secret", "badge": 1, "nickname": "x" }, "parents": [] },
        "context": { "port": 1, "agent": "flat" },
        "evidence": {
            "idp": { "subject": { "properties": { "clearance": "public", "badge": 2 } }, "context": { "port": 2, "agent": "idp" } },
            "client": { "subject": { "properties": { "nickname": "annie", "clearance": "secret" } }, "context": { "agent": "curl" } },
        },
    }));
    let ann = uid(USER, "ann");
    assert_eq!(attribute_of(&request, &ann, "clearance"), Datum::Value(clearance(0)));
    assert_eq!(attribute_of(&request, &ann, "badge"), Datum::Value(Value::Int(1)));
    assert_eq!(attribute_of(&request, &ann, "nickname"), text("annie"));
    assert_eq!(context_of(&request, "agent"), text("curl"));
    assert_eq!(context_of(&request, "port"), Datum::Value(Value::Int(1)));
    assert_eq!(request.described(&ann).unwrap().parents(), None, "parents are the idp's to say");
}

fn clearance(index: u32) -> Value {
    Value::Enum(crate::value::EnumMember { ty: crate::id::EnumId::new(0), index })
}

#[test]
fn nothing_is_said_twice_by_its_own_source() {
    let pep = |more: Json| code(&reading(more));
    assert_eq!(pep(json!({ "context": { "port": 1 }, "evidence": { "pep": { "context": { "port": 1 } } } })), "R0110");
    assert_eq!(
        pep(json!({ "context": { "port": 1 }, "evidence": { "pep": { "context": { "ip": "::1" } } } })),
        "bound"
    );
    assert_eq!(pep(json!({ "context": { "port": 1 }, "evidence": { "idp": { "context": { "port": 1 } } } })), "bound");
    let folders = json!([{ "type": "Folder", "id": "f" }]);
    let resource = json!({ "type": "Document", "id": "d1", "parents": folders });
    assert_eq!(pep(json!({ "resource": resource, "entities": [resource] })), "R0110");
    let twice = json!({ "subject": { "type": "User", "id": "ann", "properties": { "badge": 1 } },
        "entities": [{ "type": "User", "id": "ann", "properties": { "badge": 1 } }] });
    assert_eq!(pep(twice), "R0110");
    assert_eq!(pep(json!({ "entities": [{ "type": "User", "id": "b" }, { "type": "User", "id": "b" }] })), "R0111");
}

#[test]
fn sources_speak_of_the_request() {
    assert_eq!(code(&reading(json!({ "evidence": { "nobody": {} } }))), "R0107");
    assert_eq!(code(&reading(json!({ "evidence": null }))), "R0103");
    assert_eq!(code(&reading(json!({ "evidence": { "idp": { "subject": { "id": "bob" } } } }))), "R0112");
    assert_eq!(code(&reading(json!({ "evidence": { "idp": { "resource": { "type": "Folder" } } } }))), "R0112");
    assert_eq!(code(&reading(json!({ "evidence": { "idp": { "subject": { "id": "ann" } } } }))), "bound");
}

#[test]
fn the_subject_comes_from_its_source() {
    let write = |evidence: Json| code(&reading(json!({ "action": { "name": "write" }, "evidence": evidence })));
    assert_eq!(code(&reading(json!({ "action": { "name": "write" } }))), "bound", "the flat form vouches for all");
    assert_eq!(write(json!({})), "R0113");
    assert_eq!(write(json!({ "idp": { "subject": { "id": "ann" } } })), "R0113");
    assert_eq!(write(json!({ "client": { "subject": { "type": "User", "id": "ann" } } })), "R0113");
    assert_eq!(write(json!({ "idp": { "subject": { "type": "User", "id": "ann" } } })), "bound");
}

#[test]
fn parts_must_have_their_shape() {
    for more in [
        json!({ "context": [] }),
        json!({ "entities": {} }),
        json!({ "entities": [1] }),
        json!({ "evidence": [] }),
        json!({ "evidence": { "idp": 1 } }),
        json!({ "evidence": { "idp": { "subject": 1 } } }),
        json!({ "subject": { "type": "User", "id": "ann", "properties": [] } }),
    ] {
        assert_eq!(code(&reading(more.clone())), "R0103", "{more}");
    }
    assert_eq!(code(&reading(json!({ "subject": { "type": "User", "id": "ann", "properties": null } }))), "bound");
}

#[test]
fn limits_are_named_with_their_usage() {
    let limits = Limits {
        string_bytes_max: 8,
        elements_max: 3,
        request_entities_max: 2,
        request_bytes_max: 400,
        depth_max: 6,
        ..Limits::default()
    };
    let policy = policy_of(schema(), limits);
    let limit = |more: Json| {
        let error = Request::from_json(&policy, reading(more).to_string().as_bytes()).unwrap_err();
        assert_eq!(error.code(), "R0115", "{error}");
        match error.kind() {
            InvalidKind::Limit { limit, max, usage } => (*limit, *max, *usage, error.path()),
            other => panic!("{other}"),
        }
    };
    let path = String::from;
    assert_eq!(
        limit(json!({ "context": { "agent": "123456789" } })),
        ("string_bytes_max", 8, 9, path("$.context.agent"))
    );
    assert_eq!(limit(json!({ "context": { "pod": { "labels": { "123456789": "" } } } })).0, "string_bytes_max");
    assert_eq!(limit(json!({ "subject": { "type": "User", "id": "123456789" } })).3, "$.subject.id");
    let properties = json!({ "tags": ["a", "a", "a", "a", "a"] });
    assert_eq!(
        limit(json!({ "resource": { "type": "Document", "id": "d", "properties": properties } })),
        ("elements_max", 3, 5, path("$.resource.properties.tags"))
    );
    let group = json!({ "type": "Group", "id": "g" });
    let many = json!([group, group, group, group]);
    assert_eq!(limit(json!({ "subject": { "type": "User", "id": "a", "parents": many } })).0, "elements_max");
    let users: Vec<Json> = (0..3).map(|n| json!({ "type": "User", "id": n.to_string(), "properties": {} })).collect();
    assert_eq!(limit(json!({ "entities": users })), ("request_entities_max", 2, 3, path("$.entities[2]")));
    assert_eq!(limit(json!({ "x": "y".repeat(400) })).0, "request_bytes_max");
    assert_eq!(limit(json!({ "x": [[[[[[[1]]]]]]] })).0, "depth_max");
    let error =
        Request::from_json(&policy, reading(json!({ "context": { "agent": "123456789" } })).to_string().as_bytes());
    assert_eq!(error.unwrap_err().kind().to_string(), "9 exceeds the limit `string_bytes_max` of 8");
}

#[test]
fn strings_of_undeclared_and_mistyped_places_have_no_limit() {
    let policy = policy_of(schema(), Limits { string_bytes_max: 8, ..Limits::default() });
    let request = reading(json!({ "context": { "nope": "0123456789", "port": "0123456789" } }));
    assert!(Request::from_json(&policy, request.to_string().as_bytes()).is_ok());
}

#[test]
fn a_cycle_of_parents_is_named() {
    let group =
        |id: &str, parent: &str| json!({ "type": "Group", "id": id, "parents": [{ "type": "Group", "id": parent }] });
    let request = reading(json!({ "entities": [group("a", "b"), group("b", "c"), group("c", "a")] }));
    let error = try_bind(&request).unwrap_err();
    assert_eq!(error.kind(), &InvalidKind::Cycle(r#"Group::"a" → Group::"b" → Group::"c" → Group::"a""#.into()));
    let itself = reading(json!({ "entities": [group("a", "a")] }));
    assert_eq!(code(&itself), "R0114");
    let diamond = reading(json!({ "entities": [group("a", "b"), group("b", "d"), group("c", "d")] }));
    assert_eq!(code(&diamond), "bound");
}

#[test]
fn programs_say_the_same_as_documents() {
    let built = Request::builder(&policy())
        .subject("User", "ann")
        .action("write")
        .resource("Document", "d1")
        .context("port", 443)
        .context("path", "/a/b")
        .attribute("Document", "d1", "tags", ["b", "a"])
        .attribute("Document", "d1", "owner", Given::entity("User", "ann"))
        .attribute("User", "ann", "clearance", "secret")
        .evidence(
            "idp",
            Part::new()
                .names_subject()
                .context("mfa", true)
                .context("auth_time", "2026-03-02T10:00:00Z")
                .context("token", Given::record([("sub", Given::from("x")), ("note", Given::Null)]))
                .attribute("User", "ann", "clearance", "internal")
                .attribute("User", "ann", "manager", None::<&str>)
                .parents("User", "ann", [("Group", "staff")]),
        )
        .evidence(
            "api",
            Part::new().describes_context().context("pod", Given::record([("labels", Given::record([("a", "b")]))])),
        )
        .build()
        .unwrap();
    let bound = bind(json!({
        "action": { "name": "write" },
        "subject": { "type": "User", "id": "ann", "properties": { "clearance": "secret" } },
        "resource": { "type": "Document", "id": "d1", "properties": { "tags": ["b", "a"], "owner": { "type": "User", "id": "ann" } } },
        "context": { "port": 443, "path": "/a/b" },
        "evidence": {
            "idp": {
                "subject": { "type": "User", "id": "ann", "properties": { "clearance": "internal", "manager": null }, "parents": [{ "type": "Group", "id": "staff" }] },
                "context": { "mfa": true, "auth_time": "2026-03-02T10:00:00Z", "token": { "sub": "x", "note": null } },
            },
            "api": { "context": { "pod": { "labels": { "a": "b" } } } },
        },
    }));
    assert_eq!(built, bound);
}

#[test]
fn programs_are_told_of_names_that_do_not_exist() {
    let policy = policy();
    let builder = || Request::builder(&policy).subject("User", "ann").action("read").resource("Document", "d1");
    let code = |builder: super::Builder| builder.build().map_or_else(|error| error.code(), |_| "bound");
    assert_eq!(code(builder()), "bound");
    assert_eq!(code(builder().context("nope", 1)), "R0117");
    assert_eq!(code(builder().attribute("User", "ann", "nope", 1)), "R0117");
    assert_eq!(code(builder().attribute("Nope", "ann", "nope", 1)), "R0105");
    assert_eq!(code(builder().context("token", Given::record([("nope", 1)]))), "R0117");
    assert_eq!(code(builder().evidence("nope", Part::new())), "R0107");
    assert_eq!(code(builder().context("port", 1).context("port", 1)), "R0104");
    assert_eq!(code(builder().action("write").evidence("idp", Part::new())), "R0113");
    assert_eq!(code(Request::builder(&policy).action("read")), "R0102");
    let error = builder().context("nope", 1).build().unwrap_err();
    assert_eq!(error.to_string(), "`nope` is not declared at $.context.nope");
}

#[test]
fn parameters_must_be_of_their_type() {
    let (schema, limits) = (schema(), Limits::default());
    let parse = |ty: &Type, text: &str| parse_value(&schema, &limits, ty, text.as_bytes());
    assert_eq!(parse(&Type::Int, "10").unwrap(), Datum::Value(Value::Int(10)));
    assert_eq!(parse(&Type::Int.optional(), "null").unwrap(), Datum::Absent);
    let error = parse(&set(Type::Int), "[1, \"2\"]").unwrap_err();
    assert_eq!((error.code(), error.path().as_str(), error.offset()), ("R0116", "$[1]", Some(4)));
    assert_eq!(error.kind().to_string(), "expected a value of type Int");
    assert_eq!(parse(&Type::Int, "null").unwrap_err().code(), "R0116");
    assert_eq!(parse(&Type::Int, "1 2").unwrap_err().code(), "R0101");
}
