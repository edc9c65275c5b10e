//! Values of all types, as JSON and as literals.

use std::sync::Arc;

use serde_json::Value as Json;
use zt_eval::decision::{uid_to_json, value_to_json};
use zt_eval::graph::build::Builder;
use zt_eval::id::{EntityTypeId, EnumId, RecordId};
use zt_eval::schema::{EntityType, EnumType, Field, RecordType, Source, Type};
use zt_eval::value::*;
use zt_eval::{Limits, Policy, Schema};

use super::super::super::declared::*;
use super::super::super::out_value::*;
use super::*;

/// Types and values at random, the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// SplitMix64.
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Bits of which often many are zero.
    fn few_bits(&mut self) -> u64 {
        let shift = self.below(64);
        self.bits() >> shift
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn ty(&mut self, depth: u32) -> Type {
        let scalars = [
            Type::Bool,
            Type::Int,
            Type::Decimal,
            Type::String,
            Type::Timestamp,
            Type::Duration,
            Type::Ip,
            Type::IpRange,
            Type::Version,
            Type::Quantity,
            Type::Path,
            Type::Host,
            Type::Enum(EnumId::new(self.below(2))),
            Type::Entity(vec![EntityTypeId::new(0), EntityTypeId::new(1)]),
        ];
        let kind = if depth == 0 { self.below(scalars.len()) } else { self.below(2 * scalars.len()) };
        match kind % 4 {
            _ if kind < scalars.len() => scalars[kind].clone(),
            0 => Type::Record(RecordId::new(self.below(2))),
            1 => Type::Set(self.ty(depth - 1).into()),
            2 => Type::List(self.ty(depth - 1).into()),
            _ => Type::Map(self.ty(depth - 1).into()),
        }
    }

    fn value(&mut self, schema: &Schema, ty: &Type) -> Value {
        let count = self.below(4);
        match ty.present() {
            Type::Set(of) => Value::set((0..count).map(|_| self.value(schema, of)).collect()),
            Type::List(of) => Value::List((0..count).map(|_| self.value(schema, of)).collect()),
            Type::Map(of) => {
                let keys = ["", "b", "a", "a b", "\"", "é\n"];
                let from = self.below(3);
                let entries = (from..from + count).map(|key| (keys[key].into(), self.value(schema, of))).collect();
                Value::map(entries).unwrap()
            }
            Type::Record(id) => {
                let fields = &schema.record(*id).unwrap().fields;
                Value::Record(fields.iter().map(|field| self.datum(schema, field)).collect())
            }
            scalar => self.scalar(scalar),
        }
    }

    fn datum(&mut self, schema: &Schema, field: &Field) -> Datum {
        match self.below(6) {
            0 => Datum::Unknown,
            1 => Datum::Absent,
            _ => Datum::Value(self.value(schema, &field.ty)),
        }
    }

    fn scalar(&mut self, ty: &Type) -> Value {
        let wide = (self.few_bits() as i128) * (self.few_bits() as i128 >> 20);
        match ty {
            Type::Bool => Value::Bool(self.below(2) == 0),
            Type::Int => Value::Int(self.few_bits() as i64),
            Type::Decimal => Value::Decimal(Decimal::from_units(self.few_bits() as i64)),
            Type::String => {
                Value::String(self.pick(&["", "ann", "a\"b\\c", "\u{7f}\u{85}\n\u{1}", "é漢🦀, long enough"]).into())
            }
            Type::Timestamp => {
                let millis = (self.few_bits() % 253_402_300_799_999) as i64;
                Value::Timestamp(Timestamp::from_millis(millis).unwrap())
            }
            Type::Duration => Value::Duration(Duration::from_millis(self.few_bits() as i64)),
            Type::Ip => Value::Ip(Ip::parse(self.pick(&["10.1.2.3", "::1", "2001:db8::1:0:0:1", "0.0.0.0"])).unwrap()),
            Type::IpRange => Value::IpRange(
                IpRange::parse(self.pick(&["10.0.0.0/8", "::/0", "2001:db8::/32", "1.2.3.4/32"])).unwrap(),
            ),
            Type::Version => {
                let text = self.pick(&["1.2.3", "0.0.0-a.1", "18446744073709551615.1.0--", "1.0.0-rc.1+b"]);
                Value::Version(Arc::new(Version::parse(text).unwrap()))
            }
            Type::Quantity => {
                Value::Quantity(Quantity::from_units(wide).unwrap_or_else(|| Quantity::parse("1500m").unwrap()))
            }
            Type::Path => Value::Path(Path::parse(self.pick(&["/", "/a/b", "/%22%3f%23%25/é/", "/a%20b"])).unwrap()),
            Type::Host => Value::Host(Host::parse(self.pick(&["a.b", "[::1]", "10.1.2.3", "x_y-z"])).unwrap()),
            Type::Enum(ty) => Value::Enum(EnumMember { ty: *ty, index: self.below(3) as u32 }),
            Type::Entity(types) => {
                let ty = types[self.below(types.len())];
                Value::Entity(EntityUid { ty, id: self.pick(&["", "ann", "a\"\n", "é\u{80}"]).into() })
            }
            other => panic!("no scalar: {other:?}"),
        }
    }
}

fn schema() -> Schema {
    let field = |name: &str, ty: Type| Field { name: name.into(), ty };
    let entity = |name: &str| EntityType {
        name: name.into(),
        parents: Vec::new(),
        parents_from: Schema::PEP,
        attributes: Vec::new(),
    };
    let members = |name: &str, names: [&str; 3]| EnumType {
        name: name.into(),
        members: names.map(Arc::from).to_vec(),
        ordered: false,
    };
    // Names are not in their order, one begins another, and they have what is escaped.
    let inner = vec![
        field("x", Type::Timestamp),
        field("w", Type::Map(Type::Version.into())),
        field("b", Type::Int.optional()),
    ];
    let outer = vec![
        field("z", Type::Int),
        field("mm", Type::Set(Type::Host.into()).optional()),
        field("m", Type::List(Type::Record(RecordId::new(0)).into())),
        field("é\"", Type::Enum(EnumId::new(1))),
        field("a", Type::Record(RecordId::new(0)).optional()),
        field("m m", Type::Bool),
    ];
    let record = |name: &str, fields| RecordType { name: name.into(), fields };
    Schema {
        sources: vec![Source { name: "pep".into(), verified: true, complete: true }],
        enums: vec![members("E", ["low", "high", "\"other\""]), members("F", ["a", "b b", "c"])],
        records: vec![record("Inner", inner), record("Outer", outer)],
        entities: vec![entity("User"), entity("zt.k8s.Pod")],
        ..Schema::default()
    }
}

fn place_name(at: i32, name: &str) {
    let (text, len) = place(name);
    env::st64(at, span(text, len));
}

/// A table of names.
fn place_names<'a>(names: impl ExactSizeIterator<Item = &'a Arc<str>>, size: i32) -> i32 {
    let table = alloc(names.len() as i32 * size);
    names.enumerate().for_each(|(index, name)| place_name(table + index as i32 * size, name));
    table
}

fn place_type(schema: &Schema, ty: &Type) -> i32 {
    let at = alloc(14);
    let put = |kind: i32, parts: i32, count: usize, id: i32| {
        env::st8(at, kind);
        env::st8(at + 1, ty.is_optional().into());
        env::st32(at + 2, parts);
        env::st32(at + 6, count as i32);
        env::st32(at + 10, id);
    };
    match ty.present() {
        Type::Set(of) => put(T_SET, place_type(schema, of), 0, 0),
        Type::List(of) => put(T_LIST, place_type(schema, of), 0, 0),
        Type::Map(of) => put(T_MAP, place_type(schema, of), 0, 0),
        Type::Enum(id) => {
            let members = &schema.enum_type(*id).unwrap().members;
            put(T_ENUM, place_names(members.iter(), 8), members.len(), id.index() as i32);
        }
        Type::Record(id) => {
            let fields = &schema.record(*id).unwrap().fields;
            let names: Vec<_> = fields.iter().map(|field| field.name.clone()).collect();
            let table = place_names(names.iter(), field_width());
            for (index, field) in fields.iter().enumerate() {
                env::st32(table + index as i32 * field_width() + 8, place_type(schema, &field.ty));
            }
            put(T_RECORD, table, fields.len(), 0);
        }
        // Of a scalar only the kind is read; of entities nothing is. Whatever else stands there must do no harm.
        Type::Entity(_) => put(T_ENTITY, -1, 99, -1),
        scalar => {
            let scalars =
                [Type::Bool, Type::Int, Type::Decimal, Type::String, Type::Timestamp, Type::Duration, Type::Ip];
            let more = [Type::IpRange, Type::Version, Type::Quantity, Type::Path, Type::Host];
            let kind = scalars.iter().chain(&more).position(|each| each == scalar).unwrap();
            put(T_BOOL + kind as i32, -1, 99, -1);
        }
    }
    at
}

fn put_datum(at: i32, datum: &Datum) {
    match datum {
        Datum::Unknown => put_cell(at, T_UNKNOWN, 0, 0),
        Datum::Absent => put_cell(at, T_ABSENT, 0, 0),
        Datum::Value(value) => put_value(at, value),
    }
}

/// Cells behind each other, and a cell that has them.
fn put_all(at: i32, tag: i32, count: usize, each: impl ExactSizeIterator<Item = Datum>) {
    let cells = alloc(each.len() as i32 * CELL);
    each.enumerate().for_each(|(index, datum)| put_datum(cells + index as i32 * CELL, &datum));
    put_cell(at, tag, count as i32, span(cells, 0));
}

fn put_value(at: i32, value: &Value) {
    let put_text = |tag: i32, a: i32, text: &str| {
        let (text, len) = place(text);
        put_cell(at, tag, a, span(text, len));
    };
    let read = |text: String, parse: fn(i32, i32, i32) -> bool| {
        let (text, len) = place(&text);
        assert!(parse(text, len, at));
    };
    match value {
        Value::Bool(value) => put_cell(at, T_BOOL, (*value).into(), 0),
        Value::Int(value) => put_cell(at, T_INT, 0, *value),
        Value::Decimal(value) => put_cell(at, T_DECIMAL, 0, value.units()),
        Value::String(value) => put_text(T_STRING, 0, value),
        Value::Timestamp(value) => put_cell(at, T_TIMESTAMP, 0, value.millis()),
        Value::Duration(value) => put_cell(at, T_DURATION, 0, value.millis()),
        Value::Ip(value) => read(value.to_string(), super::super::super::address::ip_parse),
        Value::IpRange(value) => read(value.to_string(), super::super::super::address::range_parse),
        Value::Version(value) => read(value.to_string(), super::super::super::version::version_parse),
        Value::Quantity(value) => {
            let bytes = alloc(16);
            env::write(bytes, &value.units().to_le_bytes());
            put_cell(at, T_QUANTITY, 0, span(bytes, 0));
        }
        Value::Path(value) => put_text(T_PATH, 0, value.as_str()),
        Value::Host(value) => put_text(T_HOST, 0, value.as_str()),
        Value::Enum(member) => put_cell(at, T_ENUM, member.index as i32, member.ty.index() as i64),
        Value::Entity(uid) => put_text(T_ENTITY, uid.ty.index() as i32, &uid.id),
        Value::Set(all) => put_all(at, T_SET, all.len(), all.iter().cloned().map(Datum::Value)),
        Value::List(all) => put_all(at, T_LIST, all.len(), all.iter().cloned().map(Datum::Value)),
        Value::Record(all) => put_all(at, T_RECORD, all.len(), all.iter().cloned()),
        Value::Map(all) => {
            let pairs: Vec<_> = all
                .iter()
                .flat_map(|(key, value)| [Value::String(key.clone()), value.clone()])
                .map(Datum::Value)
                .collect();
            put_all(at, T_MAP, all.len(), pairs.into_iter());
        }
    }
}

/// JSON with members sorted by name, which `serde_json` does by itself unless another crate asks it to keep their order.
fn sorted_text(json: &Json) -> String {
    match json {
        Json::Array(all) => format!("[{}]", all.iter().map(sorted_text).collect::<Vec<_>>().join(",")),
        Json::Object(members) => {
            let mut all: Vec<_> = members.iter().collect();
            all.sort_unstable_by_key(|(name, _)| *name);
            let all: Vec<_> = all
                .iter()
                .map(|(name, value)| format!("{}:{}", Json::from(name.as_str()), sorted_text(value)))
                .collect();
            format!("{{{}}}", all.join(","))
        }
        scalar => scalar.to_string(),
    }
}

/// A new memory with what is looked up in the schema.
fn start_with(schema: &Schema) {
    start();
    env::st32(H_WIDE, 1);
    env::st32(H_MANY, 1);
    let names: Vec<_> = schema.entities.iter().map(|entity| entity.name.clone()).collect();
    env::st32(H_ENTITY_TYPES, place_names(names.iter(), entity_width()));
    let enums = alloc(8);
    for index in 0..2 {
        env::st32(enums + index as i32 * 4, place_type(schema, &Type::Enum(EnumId::new(index))));
    }
    env::st32(H_ENUMS, enums);
}

fn policy() -> Policy {
    Builder::new(schema(), Limits::default(), Duration::from_millis(0), "p", "c").finish().unwrap()
}

fn check(schema: &Schema, ty: &Type, value: &Value) {
    start_with(schema);
    let (at, ty_at) = (alloc(CELL), place_type(schema, ty));
    put_value(at, value);
    assert_eq!(written(|| out_value(ty_at, at)), sorted_text(&value_to_json(schema, ty, value)), "{ty:?} {value:?}");
}

#[test]
fn what_is_no_value_of_the_type_is_null() {
    let schema = schema();
    let set = Value::set(vec![Value::Int(1)]);
    check(&schema, &Type::Int, &set);
    check(&schema, &Type::List(Type::Int.into()), &set);
    check(&schema, &Type::Record(RecordId::new(0)), &Value::List([].into()));
    start_with(&schema);
    for tag in [T_UNKNOWN, T_ABSENT] {
        let at = cell(tag, 0, 0);
        assert_eq!(written(|| out_value(place_type(&schema, &Type::Int), at)), "null");
    }
}

#[test]
fn an_entity_is_written_as_a_reference() {
    let schema = schema();
    start_with(&schema);
    let uid = EntityUid { ty: EntityTypeId::new(1), id: "a\"\n".into() };
    let at = alloc(CELL);
    put_value(at, &Value::Entity(uid.clone()));
    assert_eq!(written(|| json_uid(at)), sorted_text(&uid_to_json(&schema, &uid)));
}

#[test]
fn writing_ends_where_memory_ends() {
    let schema = schema();
    start_with(&schema);
    let ty = place_type(&schema, &(0..40).fold(Type::Int, |of, _| Type::List(of.into())));
    // Cells that share what is in them: 2^40 elements.
    let mut value = cell(T_INT, 0, 7);
    for _ in 0..40 {
        let pair = alloc(2 * CELL);
        env::copy(pair, value, CELL);
        env::copy(pair + CELL, value, CELL);
        value = cell(T_LIST, 2, span(pair, 0));
    }
    let literal = written(|| out_literal(value));
    assert!(literal.len() == 2003 && literal.ends_with('…') && env::ld32(FAILED) == 0, "{literal}");
    env::allow_pages(5);
    let json = written(|| out_value(ty, value));
    assert!(json.len() > 50_000 && env::ld32(FAILED) == 1, "{}", json.len());
}

#[test]
fn literals_are_cut_between_characters() {
    let policy = policy();
    for before in 0..8 {
        let text = "x".repeat(before) + &"漢é🦀".repeat(300);
        start_with(policy.schema());
        let value = Value::List([Value::String(text.as_str().into())].into());
        let at = alloc(CELL);
        put_value(at, &value);
        assert_eq!(written(|| out_literal(at)), policy.value_text(&value));
    }
    for len in 1994..2004 {
        start_with(policy.schema());
        let value = Value::String("x".repeat(len).as_str().into());
        let at = alloc(CELL);
        put_value(at, &value);
        assert_eq!(written(|| out_literal(at)), policy.value_text(&value));
    }
}

proptest! {
    #[test]
    fn values_are_written_as_json(seed in any::<u64>()) {
        let (schema, mut random) = (schema(), Random(seed));
        let ty = random.ty(3);
        let value = random.value(&schema, &ty);
        check(&schema, &ty, &value);
        check(&schema, &ty.optional(), &value);
    }

    #[test]
    fn data_are_written_as_literals(seed in any::<u64>()) {
        let (policy, mut random) = (policy(), Random(seed));
        let ty = random.ty(3);
        for datum in [Datum::Unknown, Datum::Absent, Datum::Value(random.value(policy.schema(), &ty))] {
            start_with(policy.schema());
            let at = alloc(CELL);
            put_datum(at, &datum);
            prop_assert_eq!(written(|| out_literal(at)), policy.datum_text(&datum), "{:?}", datum);
        }
    }
}
