//! What holds for every document: nothing panics, hiding only hides, values survive being written and read.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::fixture::*;
use super::{Given, InvalidRequest, Request, parse_value};
use crate::decision::value_to_json;
use crate::id::EntityTypeId;
use crate::json::Scanner;
use crate::limits::Limits;
use crate::schema::{Attribute, Schema, Type};
use crate::store::Store;
use crate::value::{Datum, Value};

/// Draws from a list of numbers, so that shorter lists are simpler documents.
struct Dice(std::vec::IntoIter<u16>);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0.next().map_or(0, |drawn| drawn as usize % count)
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == one_in - 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

fn dice() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..300)
}

/// A value that is mostly of the type. No `null` and nothing mistyped when `exact`.
fn value(dice: &mut Dice, schema: &Schema, ty: &Type, exact: bool) -> Json {
    if !exact && dice.is(12) {
        return dice.pick(&[0, 1, 2, 3, 4]).into();
    }
    if !exact && dice.is(12) {
        return Json::Null;
    }
    let text = match ty.present() {
        Type::Bool => return dice.is(2).into(),
        Type::Int => return (dice.below(5) as i64 - 2).into(),
        Type::Enum(id) => {
            let members = &schema.enum_type(*id).unwrap().members;
            return members[dice.below(members.len())].to_string().into();
        }
        Type::Entity(types) => return reference(dice, schema, types),
        Type::Set(of) | Type::List(of) => {
            return (0..dice.below(4)).map(|_| value(dice, schema, of, exact)).collect();
        }
        Type::Map(of) => {
            let keys = ["a", "b", "", "x/y"];
            return (0..dice.below(4)).map(|at| (keys[at].to_owned(), value(dice, schema, of, exact))).collect();
        }
        Type::Record(id) => {
            let mut members = Map::new();
            for field in &schema.record(*id).unwrap().fields {
                if dice.is(2) {
                    members.insert(field.name.to_string(), value(dice, schema, &field.ty, exact));
                }
            }
            return members.into();
        }
        Type::Decimal => dice.pick(&["1.5", "-0.25", "3"]),
        Type::String => dice.pick(&["", "x", "ä\n\"\\", "long enough"]),
        Type::Timestamp => dice.pick(&["2026-03-02T10:00:00Z", "1969-12-31T23:59:59.999Z"]),
        Type::Duration => dice.pick(&["15m", "-1h30m", "2w"]),
        Type::Ip => dice.pick(&["10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1"]),
        Type::IpRange => dice.pick(&["10.0.0.0/8", "2001:db8::/32"]),
        Type::Version => dice.pick(&["1.2.3", "1.0.0-rc.1+x"]),
        Type::Quantity => dice.pick(&["1Gi", "100m", "1e3", "-3"]),
        Type::Path => dice.pick(&["/", "/a/b%20c", "/a%3Fb/"]),
        Type::Host => dice.pick(&["example.com", "[::1]:80", "A.b."]),
        Type::Optional(_) => "",
    };
    text.into()
}

fn reference(dice: &mut Dice, schema: &Schema, types: &[EntityTypeId]) -> Json {
    let ty = types.get(dice.below(types.len().max(1)));
    let name = ty.and_then(|ty| schema.entity(*ty)).map_or("None", |entity| &entity.name);
    json!({ "type": name, "id": dice.pick(&["a", "b", "c"]) })
}

fn attributes(dice: &mut Dice, schema: &Schema, declared: &[Attribute]) -> Json {
    let mut members = Map::new();
    for attribute in declared {
        if dice.is(2) {
            members.insert(attribute.name.to_string(), value(dice, schema, &attribute.ty, false));
        }
    }
    members.into()
}

fn entity(dice: &mut Dice, schema: &Schema, ty: EntityTypeId, id: &str) -> Json {
    let declared = schema.entity(ty).unwrap();
    let mut entity = json!({ "type": *declared.name, "id": id });
    if dice.is(2) {
        entity["properties"] = attributes(dice, schema, &declared.attributes);
    }
    if dice.is(2) {
        entity["parents"] = (0..dice.below(3)).map(|_| reference(dice, schema, &declared.parents)).collect();
    }
    entity
}

fn part(dice: &mut Dice, schema: &Schema) -> Json {
    let mut part = json!({
        "subject": entity(dice, schema, USER, "ann"),
        "resource": entity(dice, schema, DOCUMENT, "d1"),
    });
    if dice.is(2) {
        part["context"] = attributes(dice, schema, &schema.context);
    }
    if dice.is(2) {
        part["entities"] = [("a", GROUP), ("b", GROUP), ("a", USER)]
            .into_iter()
            .map(|(id, ty)| entity(dice, schema, ty, id))
            .collect();
    }
    part
}

fn request(drawn: Vec<u16>, with_evidence: bool) -> Json {
    let (schema, mut dice) = (schema(), Dice(drawn.into_iter()));
    let mut request = part(&mut dice, &schema);
    request["action"] = json!({ "name": dice.pick(&["read", "write"]) });
    if with_evidence {
        request["evidence"] = json!({});
        for source in ["idp", "client", "api"] {
            if dice.is(2) {
                request["evidence"][source] = part(&mut dice, &schema);
            }
        }
    }
    request
}

/// The members that can be hidden, as paths. Not what frames the question; not the entries of maps, which are known as a
/// whole; not what a complete source leaves out, whose silence is a fact.
fn hideable(json: &Json, path: &str, found: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (key, value) in members {
                let below = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                let is_fixed = ["/subject", "/resource", "/action", "/evidence"].contains(&below.as_str());
                let is_opaque = ["pod", "uid", "room", "ratings"].contains(&key.as_str());
                if !is_fixed && !is_opaque {
                    found.push(below.clone());
                }
                if !is_opaque {
                    hideable(value, &below, found);
                }
            }
        }
        Json::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                hideable(element, &format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
}

fn without(json: &Json, path: &str) -> Json {
    let (parent, key) = path.rsplit_once('/').unwrap();
    let mut json = json.clone();
    let key = key.replace("~1", "/").replace("~0", "~");
    json.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(&key);
    json
}

/// Whether less or the same is known.
fn is_less(less: &Datum, more: &Datum) -> bool {
    match (less, more) {
        (Datum::Unknown, _) => true,
        (Datum::Value(Value::Record(less)), Datum::Value(Value::Record(more))) => all_less(less, more),
        (Datum::Value(Value::List(less)), Datum::Value(Value::List(more))) => {
            let datum = |value: &Value| Datum::Value(value.clone());
            less.len() == more.len()
                && less.iter().zip(more.iter()).all(|(less, more)| is_less(&datum(less), &datum(more)))
        }
        (less, more) => less == more,
    }
}

fn all_less(less: &[Datum], more: &[Datum]) -> bool {
    less.len() == more.len() && less.iter().zip(more).all(|(less, more)| is_less(less, more))
}

fn knows_less(less: &Request, more: &Request) -> bool {
    all_less(less.context(), more.context())
        && less.entities().iter().all(|entity| {
            let more = more.described(entity.uid());
            let attributes = more.map_or(&[][..], |more| more.attributes());
            let is_silent = entity.attributes().iter().all(|datum| *datum == Datum::Unknown);
            let parents = more.and_then(|more| more.parents());
            (is_silent || all_less(entity.attributes(), attributes))
                && entity.parents().is_none_or(|known| known.is_empty() && more.is_none() || parents == Some(known))
        })
}

/// A document's value as a program would give it; `None` for numbers that are no integers.
fn given(json: &Json) -> Option<Given> {
    Some(match json {
        Json::Null => Given::Null,
        Json::Bool(value) => Given::Bool(*value),
        Json::Number(number) => Given::Int(number.as_i64()?),
        Json::String(text) => Given::from(text.as_str()),
        Json::Array(elements) => Given::List(elements.iter().map(given).collect::<Option<_>>()?),
        Json::Object(members) if members.contains_key("type") => {
            Given::entity(members["type"].as_str()?, members["id"].as_str()?)
        }
        Json::Object(members) => Given::record(
            members.iter().map(|(key, value)| Some((key.as_str(), given(value)?))).collect::<Option<Vec<_>>>()?,
        ),
    })
}

/// The document as text, with its members in any order.
fn shuffled(json: &Json, dice: &mut Dice) -> String {
    match json {
        Json::Object(members) => {
            let mut left: Vec<_> = members.iter().collect();
            let mut written = Vec::new();
            while !left.is_empty() {
                let (key, value) = left.remove(dice.below(left.len()));
                written.push(format!("{}: {}", Json::from(key.as_str()), shuffled(value, dice)));
            }
            format!("{{{}}}", written.join(", "))
        }
        Json::Array(elements) => {
            let written: Vec<_> = elements.iter().map(|element| shuffled(element, dice)).collect();
            format!("[{}]", written.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// The request as the careful way binds it.
fn bound_by_parts(text: &str) -> Result<Request, InvalidRequest> {
    let mut request = Request::empty();
    super::parts::bind(&mut request, &policy(), Scanner::new(text.as_bytes(), 64)).map(|()| request)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_order_of_members_does_not_matter(drawn in dice(), order in dice(), with_evidence: bool) {
        let document = request(drawn, with_evidence);
        let text = shuffled(&document, &mut Dice(order.into_iter()));
        let bound = Request::from_json(&policy(), text.as_bytes());
        prop_assert_eq!(&bound, &bound_by_parts(&text), "{}", text);
        prop_assert_eq!(bound.map_err(|error| error.code()), try_bind(&document).map_err(|error| error.code()));
    }

    #[test]
    fn a_request_can_be_bound_again(drawn in prop::collection::vec((dice(), any::<bool>()), 2..6)) {
        let policy = policy();
        let mut reused = Request::empty();
        for (drawn, with_evidence) in drawn {
            let document = request(drawn, with_evidence).to_string();
            match Request::from_json(&policy, document.as_bytes()) {
                Ok(fresh) => {
                    prop_assert_eq!(reused.bind_json(&policy, document.as_bytes()), Ok(()));
                    prop_assert_eq!(&reused, &fresh);
                }
                Err(error) => {
                    prop_assert_eq!(reused.bind_json(&policy, document.as_bytes()), Err(error));
                    prop_assert_eq!(&reused, &Request::empty());
                }
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let policy = policy();
        let _ = Request::from_json(&policy, &bytes);
        let _ = Store::from_json(&policy, &bytes);
        let _ = parse_value(&policy.schema, &policy.limits, &Type::Record(crate::id::RecordId::new(2)), &bytes);
    }

    #[test]
    fn no_damaged_document_panics(drawn in dice(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = request(drawn, true).to_string().into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Request::from_json(&policy(), &bytes);
    }

    #[test]
    fn hiding_a_member_only_hides(drawn in dice(), with_evidence: bool, at: prop::sample::Index) {
        let whole = request(drawn, with_evidence);
        let mut paths = Vec::new();
        hideable(&whole, "", &mut paths);
        let hidden = without(&whole, &paths[at.index(paths.len())]);
        if let (Ok(less), Ok(more)) = (try_bind(&hidden), try_bind(&whole)) {
            prop_assert!(knows_less(&less, &more), "{hidden}\n{less:#?}\n{more:#?}");
        }
    }

    #[test]
    fn binding_is_the_same_every_time(drawn in dice(), with_evidence: bool) {
        let document = request(drawn, with_evidence);
        prop_assert_eq!(try_bind(&document), try_bind(&document));
    }

    #[test]
    fn values_survive_being_written(drawn in dice(), choice: prop::sample::Index) {
        let (schema, limits) = (schema(), Limits::default());
        let types: Vec<&Type> = schema.context.iter().chain(schema.entities.iter().flat_map(|entity| &entity.attributes)).map(|attribute| &attribute.ty).collect();
        let ty = types[choice.index(types.len())];
        let written = value(&mut Dice(drawn.into_iter()), &schema, ty, true).to_string();
        let Datum::Value(value) = parse_value(&schema, &limits, ty, written.as_bytes()).unwrap_or(Datum::Absent) else { return Ok(()) };
        prop_assert!(schema.accepts(ty, &value));
        prop_assert!(value.is_canonical(64));
        let again = parse_value(&schema, &limits, ty, value_to_json(&schema, ty, &value).to_string().as_bytes());
        prop_assert!(again.is_ok_and(|again| is_less(&Datum::Value(value.clone()), &again)), "{written}: {value:?}");
    }

    #[test]
    fn everything_known_is_of_its_type(drawn in dice(), with_evidence: bool) {
        let Ok(request) = try_bind(&request(drawn, with_evidence)) else { return Ok(()) };
        let schema = schema();
        for (attribute, datum) in schema.context.iter().zip(request.context()) {
            prop_assert!(schema.accepts_datum(&attribute.ty, datum), "{}: {datum:?}", attribute.name);
        }
        for entity in request.entities() {
            let declared = schema.entity(entity.uid().ty).unwrap();
            prop_assert_eq!(declared.attributes.len(), entity.attributes().len());
            for (attribute, datum) in declared.attributes.iter().zip(entity.attributes()) {
                prop_assert!(schema.accepts_datum(&attribute.ty, datum));
            }
            prop_assert!(entity.parents().unwrap_or_default().iter().all(|uid| declared.parents.contains(&uid.ty)));
        }
    }

    #[test]
    fn programs_and_documents_agree(drawn in dice()) {
        let (schema, mut dice) = (schema(), Dice(drawn.into_iter()));
        let mut document = reading(json!({}));
        document["context"] = attributes(&mut dice, &schema, &schema.context);
        document["resource"]["properties"] = attributes(&mut dice, &schema, &schema.entity(DOCUMENT).unwrap().attributes);
        let policy = policy();
        let mut builder = Request::builder(&policy).subject("User", "ann").action("read").resource("Document", "d1").describes_context().describes("Document", "d1");
        for (name, json) in document["context"].as_object().unwrap() {
            let Some(given) = given(json) else { return Ok(()) };
            builder = builder.context(name, given);
        }
        for (name, json) in document["resource"]["properties"].as_object().unwrap() {
            let Some(given) = given(json) else { return Ok(()) };
            builder = builder.attribute("Document", "d1", name, given);
        }
        prop_assert_eq!(builder.build().map_err(|error| error.code()), try_bind(&document).map_err(|error| error.code()));
    }
}
