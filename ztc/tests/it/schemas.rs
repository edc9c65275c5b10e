//! The schemas of requests against requests that are decided and requests that are refused.
//!
//! A reader of the part of JSON Schema that the schemas use stands below; a keyword that it does not know is an error.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::process::{request, run};

/// Requests that are allowed although something in them is not of its type, and so unknown.
const MISTYPED: [&str; 2] = ["mistyped-overridden", "parent-of-wrong-type"];

#[test]
fn allowed_requests_of_the_examples_fit_their_schemas() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let read = |path: PathBuf| -> Json { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let folders = fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path());
    for folder in folders.filter(|folder| folder.join("expected.json").is_file()) {
        let output = run(&["schema", folder.to_str().unwrap()], b"");
        let schemas: Json = serde_json::from_slice(&output.stdout).unwrap();
        for (stem, expected) in read(folder.join("expected.json")).as_object().unwrap() {
            if expected["effect"] == "allow" {
                let request = read(folder.join("requests").join(format!("{stem}.json")));
                let schema = &schemas[request["action"]["name"].as_str().unwrap()];
                assert_eq!(fits(schema, &request), !MISTYPED.contains(&stem.as_str()), "{}/{stem}", folder.display());
            }
        }
    }
}

#[test]
fn what_makes_a_request_invalid_does_not_fit_its_schema() {
    let output = run(&["schema", "door", "--action", "open"], b"");
    let schema: Json = serde_json::from_slice(&output.stdout).unwrap();
    let good: Json = serde_json::from_str(&request("door.request.json")).unwrap();
    assert!(fits(&schema, &good));
    let changed = |change: fn(&mut Json)| {
        let mut document = good.clone();
        change(&mut document);
        document
    };
    for bad in [
        changed(|it| it["action"]["name"] = "lock".into()),
        changed(|it| it["subject"]["type"] = "Door".into()),
        changed(|it| it["resource"]["id"] = 7.into()),
        changed(|it| drop(it.as_object_mut().unwrap().remove("subject"))),
        changed(|it| it["evidence"] = json!({ "nobody": {} })),
        changed(|it| it["entities"] = json!([{ "type": "Window", "id": "w" }])),
        changed(|it| it["context"]["code"] = "yes".into()),
    ] {
        assert!(!fits(&schema, &bad), "{bad}");
    }
    assert!(fits(&schema, &changed(|it| it["context"]["undeclared"] = 1.into())));
    assert!(fits(&schema, &changed(|it| it["evidence"] = json!({ "badge": { "context": null } }))));
}

fn fits(schema: &Json, document: &Json) -> bool {
    Reader { root: schema }.accepts(schema, document)
}

struct Reader<'a> {
    root: &'a Json,
}

impl Reader<'_> {
    fn accepts(&self, schema: &Json, it: &Json) -> bool {
        match schema {
            Json::Bool(answer) => *answer,
            Json::Object(keywords) => keywords.iter().all(|(keyword, of)| self.keyword(schema, keyword, of, it)),
            other => panic!("not a schema: {other}"),
        }
    }

    fn keyword(&self, schema: &Json, keyword: &str, of: &Json, it: &Json) -> bool {
        let list = || of.as_array().unwrap();
        match keyword {
            "$schema" | "$defs" | "title" | "description" | "writeOnly" | "format" => true,
            "$ref" => self.accepts(self.root.pointer(of.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), it),
            "type" => of.as_array().map_or_else(|| is_a(it, of), |types| types.iter().any(|ty| is_a(it, ty))),
            "const" => it == of,
            "enum" => list().contains(it),
            "anyOf" => list().iter().any(|each| self.accepts(each, it)),
            "oneOf" => list().iter().filter(|each| self.accepts(each, it)).count() == 1,
            "minimum" => it.as_f64().is_none_or(|number| number >= of.as_f64().unwrap()),
            "maximum" => it.as_f64().is_none_or(|number| number <= of.as_f64().unwrap()),
            "pattern" => it.as_str().is_none_or(|text| regex::Regex::new(of.as_str().unwrap()).unwrap().is_match(text)),
            "items" => it.as_array().is_none_or(|items| items.iter().all(|item| self.accepts(of, item))),
            "maxItems" => it.as_array().is_none_or(|items| items.len() as u64 <= of.as_u64().unwrap()),
            "maxProperties" => it.as_object().is_none_or(|members| members.len() as u64 <= of.as_u64().unwrap()),
            "required" => it.is_null() || list().iter().all(|name| it.get(name.as_str().unwrap()).is_some()),
            "properties" => of
                .as_object()
                .unwrap()
                .iter()
                .all(|(name, schema)| it.get(name).is_none_or(|member| self.accepts(schema, member))),
            "additionalProperties" => it.as_object().is_none_or(|members| {
                let declared = schema.get("properties");
                let mut others = members.iter().filter(|(name, _)| declared.and_then(|all| all.get(name)).is_none());
                others.all(|(_, member)| self.accepts(of, member))
            }),
            unknown => panic!("the tests do not know the keyword `{unknown}`"),
        }
    }
}

fn is_a(it: &Json, ty: &Json) -> bool {
    match ty.as_str().unwrap() {
        "null" => it.is_null(),
        "boolean" => it.is_boolean(),
        "integer" => it.is_i64() || it.is_u64(),
        "number" => it.is_number(),
        "string" => it.is_string(),
        "array" => it.is_array(),
        "object" => it.is_object(),
        unknown => panic!("there is no type `{unknown}`"),
    }
}
