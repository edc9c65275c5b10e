//! What a policy can meet, told apart by `tag_used` and `type_used`: arms of routines for anything else are not linked.

use std::collections::BTreeSet;

use zt_eval::Policy;
use zt_eval::codegen::Extent;
use zt_eval::graph::{Node, Quantifier};
use zt_eval::id::{EntityTypeId, ParamId};
use zt_eval::schema::Type;
use zt_eval::value::{Datum, Value};

use crate::layout::*;
use crate::tables::schema;

/// The tags of values that a policy can meet.
pub(super) fn values(policy: &Policy) -> BTreeSet<i64> {
    let schema = policy.schema();
    let always = [T_UNKNOWN, T_ABSENT, T_BOOL, T_STRING, T_ENTITY];
    let mut tags: BTreeSet<i64> = always.map(i64::from).into();
    let attributes = schema.entities.iter().flat_map(|entity| &entity.attributes).chain(&schema.context);
    let fields = schema.records.iter().flat_map(|record| &record.fields);
    let params = schema.obligations.iter().flat_map(|obligation| &obligation.params);
    let declared = attributes.map(|attribute| &attribute.ty).chain(fields.chain(params).map(|field| &field.ty));
    for ty in declared.chain(schema.params.iter().map(|param| &param.ty)) {
        type_tags(ty, &mut tags);
    }
    let given = schema.context.iter().filter_map(|attribute| attribute.step_up.as_ref()).map(|step_up| &step_up.gives);
    for value in
        policy.consts().iter().chain(given).chain(schema.params.iter().filter_map(|param| param.value.as_ref()))
    {
        value_tags(value, &mut tags);
    }
    for node in policy.nodes() {
        let made: &[i32] = match node {
            Node::Size(_) | Node::Quantified { quantifier: Quantifier::Count, .. } => &[T_INT],
            Node::Arith(..) => &[T_DURATION, T_TIMESTAMP],
            Node::Set(_) | Node::SetOperation(..) => &[T_SET],
            Node::List(_) => &[T_LIST],
            _ => &[],
        };
        tags.extend(made.iter().copied().map(i64::from));
    }
    tags
}

/// The types of which any value is read: of evidence as much as rules need, of settings, and of entity data if hosts set any.
pub(super) fn read(policy: &Policy, late: &BTreeSet<ParamId>, takes_data: bool) -> BTreeSet<i64> {
    let schema = policy.schema();
    let mut types = Types { policy, tags: BTreeSet::new(), records: BTreeSet::new() };
    for (at, attribute) in schema.context.iter().enumerate() {
        types.add(&attribute.ty, policy.context_extent(at));
    }
    for (id, entity) in (0..).map(EntityTypeId::new).zip(&schema.entities) {
        for (at, attribute) in entity.attributes.iter().enumerate() {
            types.add(&attribute.ty, if takes_data { &Extent::Whole } else { policy.attribute_extent(id, at) });
        }
    }
    for param in late.iter().filter_map(|id| schema.param(*id)) {
        types.add(&param.ty, &Extent::Whole);
    }
    types.tags
}

struct Types<'p> {
    policy: &'p Policy,
    tags: BTreeSet<i64>,
    /// Records of which everything is there.
    records: BTreeSet<usize>,
}

impl Types<'_> {
    /// Goes as deep as types nest.
    fn add(&mut self, ty: &Type, extent: &Extent) {
        if *extent == Extent::Nothing {
            return;
        }
        let present = ty.present();
        self.tags.insert(i64::from(schema::kind(present) + TYPES_READ));
        match (present, extent) {
            // A set is read whole.
            (Type::Set(of), _) => self.add(of, &Extent::Whole),
            (Type::List(of) | Type::Map(of), Extent::Elements(part)) => self.add(of, part),
            (Type::List(of) | Type::Map(of), _) => self.add(of, &Extent::Whole),
            (Type::Record(id), extent) => {
                let policy = self.policy;
                let fields = policy.schema().record(*id).map_or(&[][..], |record| &record.fields);
                if let Extent::Fields(parts) = extent {
                    for (field, part) in fields.iter().zip(parts.each()) {
                        self.add(&field.ty, part);
                    }
                } else if self.records.insert(id.index()) {
                    for field in fields {
                        self.add(&field.ty, &Extent::Whole);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The kinds of facts that decisions can rest on, and lists that every module sorts.
pub(super) fn facts(policy: &Policy) -> BTreeSet<i64> {
    let schema = policy.schema();
    let mut attributes = schema.entities.iter().flat_map(|entity| &entity.attributes).chain(&schema.context);
    let is_bounded = attributes.any(|attribute| !attribute.freshness.is_empty());
    let kinds = policy.nodes().iter().filter_map(|node| match node {
        Node::Context(_) => Some(FACT_CONTEXT),
        Node::Attribute { .. } => Some(FACT_ATTRIBUTE),
        Node::Within(..) => Some(FACT_PARENTS),
        Node::Now(..) | Node::Weekday(..) | Node::TimeOfDay(..) => Some(FACT_NOW),
        _ => None,
    });
    let sorted = [ORDER_FACTS, ORDER_UNKNOWNS];
    kinds.chain(is_bounded.then_some(FACT_NOW)).chain(sorted).map(i64::from).collect()
}

fn type_tags(ty: &Type, tags: &mut BTreeSet<i64>) {
    let present = ty.present();
    tags.insert(schema::kind(present).into());
    match present {
        Type::Set(of) | Type::List(of) | Type::Map(of) => type_tags(of, tags),
        _ => {}
    }
}

fn value_tags(value: &Value, tags: &mut BTreeSet<i64>) {
    tags.insert(value_tag(value).into());
    match value {
        Value::Set(all) | Value::List(all) => all.iter().for_each(|value| value_tags(value, tags)),
        Value::Map(entries) => entries.iter().for_each(|(_, value)| value_tags(value, tags)),
        Value::Record(fields) => fields.iter().filter_map(Datum::value).for_each(|value| value_tags(value, tags)),
        _ => {}
    }
}

fn value_tag(value: &Value) -> i32 {
    match value {
        Value::Bool(_) => T_BOOL,
        Value::Int(_) => T_INT,
        Value::Decimal(_) => T_DECIMAL,
        Value::String(_) => T_STRING,
        Value::Timestamp(_) => T_TIMESTAMP,
        Value::Duration(_) => T_DURATION,
        Value::Ip(_) => T_IP,
        Value::IpRange(_) => T_RANGE,
        Value::Version(_) => T_VERSION,
        Value::Quantity(_) => T_QUANTITY,
        Value::Path(_) => T_PATH,
        Value::Host(_) => T_HOST,
        Value::Enum(_) => T_ENUM,
        Value::Entity(_) => T_ENTITY,
        Value::Set(_) => T_SET,
        Value::List(_) => T_LIST,
        Value::Map(_) => T_MAP,
        Value::Record(_) => T_RECORD,
    }
}
