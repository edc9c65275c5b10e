//! Types as they are stored and as they read; where parents lead.

use super::{Schema, Type};
use crate::id::{EntityTypeId, EnumId, RecordId};
use crate::request::fixture::{self, DOCUMENT, FOLDER, GROUP, SERVICE, USER, list, map, set};
use crate::value::{Datum, EnumMember, Value};

fn types() -> Vec<Type> {
    let user = Type::Entity(vec![USER, SERVICE]);
    vec![
        Type::Bool,
        Type::Host.optional(),
        set(Type::Enum(EnumId::new(0))).optional(),
        map(list(user)),
        list(Type::Record(RecordId::new(1))),
    ]
}

#[test]
fn types_survive_being_stored() {
    for ty in types() {
        let bytes = postcard::to_stdvec(&ty).unwrap();
        assert_eq!(postcard::from_bytes(&bytes), Ok(ty));
    }
}

#[test]
fn hostile_types_are_refused_without_recursion() {
    // A count of wrappers, then as many times `Set`.
    let mut bytes = postcard::to_stdvec(&100_000_u32).unwrap();
    bytes.resize(bytes.len() + 100_000, 0);
    bytes.push(0);
    assert!(postcard::from_bytes::<Type>(&bytes).is_err());
    let unsorted = postcard::to_stdvec(&Type::Entity(vec![SERVICE, USER])).unwrap();
    assert!(postcard::from_bytes::<Type>(&unsorted).is_err());
    let twice = postcard::to_stdvec(&Type::Optional(Box::new(Type::Optional(Box::new(Type::Int))))).unwrap();
    assert!(postcard::from_bytes::<Type>(&twice).is_err());
}

#[test]
fn types_read_as_they_are_declared() {
    let schema = fixture::schema();
    let texts: Vec<String> = types().iter().map(|ty| schema.type_text(ty)).collect();
    assert_eq!(texts, ["Bool", "Host?", "Set<Clearance>?", "Map<List<User | Service>>", "List<Container>"]);
}

#[test]
fn parents_lead_up_and_to_the_type_itself() {
    let rows = fixture::schema().leads_to();
    let leads = |from: EntityTypeId, to: EntityTypeId| rows[from.index()][to.index()];
    assert!(leads(USER, GROUP) && leads(DOCUMENT, FOLDER) && leads(GROUP, GROUP) && leads(USER, USER));
    assert!(!leads(GROUP, USER) && !leads(USER, FOLDER) && !leads(SERVICE, GROUP));
}

#[test]
fn values_fit_their_type_alone() {
    let schema = fixture::schema();
    let member = |index| Value::Enum(EnumMember { ty: EnumId::new(0), index });
    let clearance = Type::Enum(EnumId::new(0));
    assert!(schema.accepts(&clearance, &member(2)) && !schema.accepts(&clearance, &member(3)));
    assert!(schema.accepts(&Type::Int.optional(), &Value::Int(1)) && !schema.accepts(&Type::Int, &Value::Bool(true)));
    let container = Type::Record(RecordId::new(1));
    let record = |data: Vec<Datum>| Value::Record(data.into());
    assert!(schema.accepts(&container, &record(vec![Datum::Unknown, Datum::Absent])));
    assert!(!schema.accepts(&container, &record(vec![Datum::Absent, Datum::Absent])), "`image` is not optional");
    assert!(!schema.accepts(&container, &record(vec![Datum::Unknown])));
    assert!(!schema.accepts(&set(Type::Int), &Value::set(vec![Value::Bool(true)])));
    assert!(!Schema::default().accepts(&container, &record(vec![])));
    let deep = (0..100).fold((Type::Int, Value::Int(1)), |(ty, value), _| (list(ty), Value::List([value].into())));
    assert!(!schema.accepts(&deep.0, &deep.1));
}
