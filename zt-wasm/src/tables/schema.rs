//! What a policy declares, as the routines that bind requests look it up.
//!
//! Rows of a table have the layout that `runtime/layout.rs` gives them. What is derived of the policy (how much of each
//! attribute is read, which types of parents lead where) is as the evaluator has it, so that both bind alike.

use std::collections::{BTreeSet, HashMap};

use zt_eval::Policy;
use zt_eval::codegen::Extent;
use zt_eval::graph::{Effect, Node};
use zt_eval::id::{ActionId, EntityTypeId, RecordId};
use zt_eval::schema::{Action, Attribute, EntityType, Field, Freshness, Schema, Type};
use zt_eval::value::EntityUid;

use super::data::{Data, number};
use super::row::{Rows, Widths};
use crate::layout::*;

// As bits, of attributes and of entity types: see `runtime/declared.rs`.
const ATTRIBUTE_IS_COMPLETE: i32 = 1;
const ATTRIBUTE_IS_SILENT: i32 = 2;
const ENTITY_TAKES_PARENTS: i32 = 1;
const ENTITY_READS_PARENTS: i32 = 2;

/// JSON that nests deeper is refused whatever a policy's limits say.
const DEPTH_CEILING: u32 = 256;

/// Cells of the header and what is in them.
pub type Header = Vec<(i32, u32)>;

/// The tables of the schema, and where types are.
#[derive(Debug)]
pub struct SchemaTables {
    /// What they are found by, and the policy's limits.
    pub header: Header,
    /// The types that are written so far.
    pub types: Types,
    pub actions: Actions,
}

/// The table of actions.
#[derive(Debug)]
pub struct Actions {
    at: u32,
    /// Where the addresses of each action's divisions are, and behind them that of its overriding rules.
    pub trees: Vec<u32>,
}

/// Types that are written, each once.
#[derive(Debug, Default)]
pub struct Types {
    written: HashMap<Type, u32>,
    /// The fields of records: address and number.
    records: HashMap<RecordId, (u32, u32)>,
}

/// Writes the tables of a policy's schema.
pub fn write(data: &mut Data, policy: &Policy) -> SchemaTables {
    let schema = policy.schema();
    let (is_bounded, steps_up) = (is_bounded(schema), steps_up(schema));
    let mut writer = Writer { data, policy, schema, types: Types::default(), is_bounded, steps_up };
    let context = writer.attributes(&schema.context, |at| policy.context_extent(at));
    let entities = writer.entities();
    let actions = writer.actions();
    let sources = writer.sources();
    let anchors = writer.anchors();
    let Writer { types, .. } = writer;
    let widths = data.widths().header();

    let limits = policy.limits();
    let skew = policy.clock_skew().millis().cast_unsigned();
    let mut header = vec![
        (H_SCHEMA_CONTEXT, context),
        (H_SCHEMA_CONTEXT_COUNT, number(schema.context.len())),
        (H_ENTITY_TYPES, entities),
        (H_ENTITY_TYPES_COUNT, number(schema.entities.len())),
        (H_ACTIONS, actions.at),
        (H_ACTIONS_COUNT, number(schema.actions.len())),
        (H_SOURCES, sources),
        (H_SOURCES_COUNT, number(schema.sources.len())),
        (H_CLOCK_SKEW, low(skew)),
        (H_CLOCK_SKEW + 4, high(skew)),
        (H_DEPTH_MAX, limits.depth_max.min(DEPTH_CEILING)),
        (H_STRING_MAX, limits.string_bytes_max),
        (H_ELEMENTS_MAX, limits.elements_max),
        (H_ENTITIES_MAX, limits.request_entities_max),
        (H_BYTES_MAX, limits.request_bytes_max),
    ];
    header.extend(widths);
    header.extend(anchors);
    header.extend(features(policy));
    SchemaTables { header, types, actions }
}

/// What a policy has any of.
fn features(policy: &Policy) -> Header {
    let schema = policy.schema();
    let bounded = is_bounded(schema);
    let clock = |node: &Node| matches!(node, Node::Now(..) | Node::Weekday(..) | Node::TimeOfDay(..));
    let rules = policy.rules();
    let all = [
        (H_BOUNDED, bounded),
        (H_STEPS_UP, steps_up(schema)),
        (H_TAKES_PARENTS, schema.entities.iter().any(|entity| !entity.parents.is_empty())),
        (H_OVERRIDES, rules.iter().any(|rule| !rule.extras.overrides.is_empty())),
        (H_OBLIGES, rules.iter().any(|rule| !rule.extras.duties.is_empty())),
        (H_DENIES, rules.iter().any(|rule| rule.effect == Effect::Deny && !rule.audit)),
        (H_AUDITS, rules.iter().any(|rule| rule.audit)),
        (H_TIMED, bounded || policy.nodes().iter().any(clock)),
    ];
    all.map(|(cell, has)| (cell, has.into())).into()
}

/// Whether any attribute has a bound of freshness.
fn is_bounded(schema: &Schema) -> bool {
    let mut attributes = schema.entities.iter().flat_map(|entity| &entity.attributes).chain(&schema.context);
    attributes.any(|attribute| !attribute.freshness.is_empty())
}

/// Whether any attribute can be renewed.
fn steps_up(schema: &Schema) -> bool {
    schema.context.iter().any(|attribute| attribute.step_up.is_some())
}

/// Writes a table of names. Its address.
fn names<'a>(data: &mut Data, names: impl IntoIterator<Item = &'a str>) -> u32 {
    let mut rows = data.rows();
    for name in names {
        rows.name(data, name);
    }
    rows.share(data)
}

fn low(word: u64) -> u32 {
    u32::try_from(word & u64::from(u32::MAX)).unwrap_or(0)
}

fn high(word: u64) -> u32 {
    low(word >> 32)
}

impl Types {
    /// The address of a type, which is written if it is not yet.
    pub fn address(&mut self, data: &mut Data, schema: &Schema, ty: &Type) -> u32 {
        if let Some(at) = self.written.get(ty) {
            return *at;
        }
        let present = ty.present();
        let at = data.reserve(type_bytes(present, data.widths()));
        // A record can hold itself.
        self.written.insert(ty.clone(), at);
        let mut row = data.rows();
        row.byte(u8::try_from(kind(present)).unwrap_or_default()).byte(ty.is_optional().into());
        match present {
            Type::Set(of) | Type::List(of) | Type::Map(of) => {
                row.place(self.address(data, schema, of));
            }
            Type::Enum(id) => {
                let members = schema.enum_type(*id).map_or(&[][..], |declared| &declared.members);
                row.place(names(data, members.iter().map(|name| &**name)));
                row.number(number(members.len())).number(number(id.index()));
            }
            Type::Entity(types) => {
                row.place(type_bits(data, schema, types));
            }
            Type::Record(id) => {
                let (fields, count) = self.fields(data, schema, *id);
                row.place(fields).number(count);
            }
            _ => {}
        }
        row.patch(data, at);
        at
    }

    /// The address of a field's row.
    pub fn field(&mut self, data: &mut Data, schema: &Schema, record: RecordId, field: u32) -> u32 {
        let (fields, _) = self.fields(data, schema, record);
        fields.saturating_add(field.saturating_mul(field_bytes(data.widths())))
    }

    fn fields(&mut self, data: &mut Data, schema: &Schema, id: RecordId) -> (u32, u32) {
        if let Some(fields) = self.records.get(&id) {
            return *fields;
        }
        let fields = schema.record(id).map_or(&[][..], |record| &record.fields);
        let table = data.reserve(fields.len() * field_bytes(data.widths()) as usize);
        self.records.insert(id, (table, number(fields.len())));
        let mut rows = data.rows();
        for Field { name, ty } in fields {
            let address = self.address(data, schema, ty);
            rows.name(data, name).place(address);
        }
        rows.patch(data, table);
        (table, number(fields.len()))
    }
}

/// Bytes of a field's row.
fn field_bytes(widths: Widths) -> u32 {
    2 * widths.place() + widths.number()
}

/// Bytes of a type's row.
fn type_bytes(present: &Type, widths: Widths) -> usize {
    let (places, numbers) = match present {
        Type::Set(_) | Type::List(_) | Type::Map(_) | Type::Entity(_) => (1, 0),
        Type::Record(_) => (1, 1),
        Type::Enum(_) => (1, 2),
        _ => (0, 0),
    };
    (2 + places * widths.place() + numbers * widths.number()) as usize
}

/// The tag of a type's values.
pub fn kind(ty: &Type) -> i32 {
    match ty {
        Type::Bool => T_BOOL,
        Type::Int => T_INT,
        Type::Decimal => T_DECIMAL,
        Type::String => T_STRING,
        Type::Timestamp => T_TIMESTAMP,
        Type::Duration => T_DURATION,
        Type::Ip => T_IP,
        Type::IpRange => T_RANGE,
        Type::Version => T_VERSION,
        Type::Quantity => T_QUANTITY,
        Type::Path => T_PATH,
        Type::Host => T_HOST,
        Type::Enum(_) => T_ENUM,
        Type::Entity(_) => T_ENTITY,
        Type::Set(_) => T_SET,
        Type::List(_) => T_LIST,
        Type::Map(_) => T_MAP,
        Type::Record(_) => T_RECORD,
        Type::Optional(of) => kind(of),
    }
}

/// A bit for each entity type: whether it is one of these.
fn type_bits(data: &mut Data, schema: &Schema, types: &[EntityTypeId]) -> u32 {
    data.bits(schema.entities.len(), types.iter().map(|ty| ty.index()))
}

struct Writer<'a> {
    data: &'a mut Data,
    policy: &'a Policy,
    schema: &'a Schema,
    types: Types,
    /// Whether rows of attributes have bounds of freshness, and what renews them.
    is_bounded: bool,
    steps_up: bool,
}

impl<'a> Writer<'a> {
    fn attributes(&mut self, declared: &[Attribute], extent: impl Fn(usize) -> &'a Extent) -> u32 {
        let mut rows = self.data.rows();
        for (at, attribute) in declared.iter().enumerate() {
            self.attribute(attribute, extent(at), &mut rows);
        }
        rows.share(self.data)
    }

    fn attribute(&mut self, declared: &Attribute, extent: &Extent, row: &mut Rows) {
        let complete = self.schema.source(declared.from).is_some_and(|source| source.complete);
        let is_silent = complete && declared.ty.is_optional() && *extent != Extent::Nothing;
        let flag = |flag: i32, holds: bool| if holds { u8::try_from(flag).unwrap_or_default() } else { 0 };
        row.name(self.data, &declared.name);
        row.place(self.types.address(self.data, self.schema, &declared.ty)).place(self.extent(extent));
        row.number(number(declared.from.index()));
        row.byte(flag(ATTRIBUTE_IS_COMPLETE, complete) | flag(ATTRIBUTE_IS_SILENT, is_silent));
        if self.is_bounded {
            row.place(self.bounds(&declared.freshness)).number(number(declared.freshness.len()));
        }
        if self.steps_up {
            let given = declared.step_up.as_ref();
            row.place(given.map_or(NOWHERE.cast_unsigned(), |step_up| self.data.cell(&step_up.gives)));
            row.name(self.data, given.map_or("", |step_up| &step_up.acr));
            let ages = declared.freshness.iter().filter_map(|bound| match bound {
                Freshness::Since { age, .. } => Some(age.millis().max(0) / 1000),
                Freshness::Until { .. } => None,
            });
            row.bytes.extend(ages.min().unwrap_or(-1).to_le_bytes());
        }
    }

    fn bounds(&mut self, freshness: &[Freshness]) -> u32 {
        let mut rows = Vec::with_capacity(freshness.len() * bytes(BOUND));
        for bound in freshness {
            let mut row = Row::new(BOUND);
            if let Freshness::Since { age, .. } = bound {
                row.put64(BOUND_AGE, age.millis().cast_unsigned());
            }
            let clock = bound.clock();
            row.put(BOUND_IS_UNTIL, matches!(bound, Freshness::Until { .. }).into());
            row.put(BOUND_CLOCK, clock.attribute);
            row.put(BOUND_FIELDS, self.data.words(&clock.fields));
            row.put(BOUND_FIELDS_COUNT, number(clock.fields.len()));
            rows.extend(row.0);
        }
        self.data.shared(&rows, 1)
    }

    /// How much of a value is read. Goes as deep as types nest.
    fn extent(&mut self, extent: &Extent) -> u32 {
        let (kind, parts) = match extent {
            Extent::Nothing => return EXTENT_NOTHING.cast_unsigned(),
            Extent::Whole => return EXTENT_WHOLE.cast_unsigned(),
            Extent::Fields(fields) => {
                (EXTENT_FIELDS, fields.each().iter().map(|field| self.extent(field)).collect::<Vec<_>>())
            }
            Extent::Elements(of) => (EXTENT_ELEMENTS, vec![self.extent(of)]),
        };
        let mut row = self.data.rows();
        row.number(kind.cast_unsigned()).number(number(parts.len()));
        for part in parts {
            row.place(part);
        }
        row.share(self.data)
    }

    fn entities(&mut self) -> u32 {
        let schema = self.schema;
        let all = &schema.entities;
        let parents: BTreeSet<EntityTypeId> = all.iter().flat_map(|entity| entity.parents.iter().copied()).collect();
        let takers: Vec<EntityTypeId> = (0..)
            .map(EntityTypeId::new)
            .zip(all)
            .filter(|(_, entity)| !entity.parents.is_empty())
            .map(|(id, _)| id)
            .collect();
        let mut rows = self.data.rows();
        for (at, entity) in (0..).zip(all) {
            let id = EntityTypeId::new(at);
            // Nothing else leads to it.
            let below = if parents.contains(&id) { &takers[..] } else { &[] };
            let leads: Vec<EntityTypeId> =
                below.iter().copied().filter(|from| self.policy.parents_lead_to(*from, id)).collect();
            self.entity(id, entity, &leads, &mut rows);
        }
        rows.share(self.data)
    }

    fn entity(&mut self, id: EntityTypeId, entity: &EntityType, leads: &[EntityTypeId], row: &mut Rows) {
        let policy = self.policy;
        let flag = |flag: i32, holds: bool| if holds { u8::try_from(flag).unwrap_or_default() } else { 0 };
        row.name(self.data, &entity.name);
        row.place(self.attributes(&entity.attributes, |at| policy.attribute_extent(id, at)));
        row.number(number(entity.attributes.len()));
        row.place(type_bits(self.data, self.schema, &entity.parents)).place(type_bits(self.data, self.schema, leads));
        row.number(number(entity.parents_from.index()));
        row.byte(
            flag(ENTITY_TAKES_PARENTS, !entity.parents.is_empty())
                | flag(ENTITY_READS_PARENTS, policy.reads_parents(id)),
        );
    }

    /// Where actions are, and where their trees will be: what rules have of them is for whoever writes rules.
    fn actions(&mut self) -> Actions {
        let schema = self.schema;
        let mut rows = self.data.rows();
        let mut ends = Vec::with_capacity(schema.actions.len());
        for (at, Action { name, subjects, subject_from, resources }) in (0..).zip(&schema.actions) {
            rows.name(self.data, name);
            rows.place(type_bits(self.data, schema, subjects)).place(type_bits(self.data, schema, resources));
            rows.number(number(subject_from.index()));
            rows.byte(self.policy.can_step_up(ActionId::new(at)).into());
            ends.push(number(rows.bytes.len()));
            // Trees, and rules.
            for _ in 0..5 {
                rows.place(NOWHERE.cast_unsigned());
            }
        }
        // Not shared: it is to be patched.
        let at = rows.write(self.data);
        Actions { at, trees: ends.iter().map(|end| at.saturating_add(*end)).collect() }
    }

    fn sources(&mut self) -> u32 {
        let schema = self.schema;
        names(self.data, schema.sources.iter().map(|source| &*source.name))
    }

    /// The anchors, sorted, and behind them the number of each.
    fn anchors(&mut self) -> [(i32, u32); 2] {
        let anchors = self.policy.anchors();
        let mut sorted: Vec<(&EntityUid, u32)> = anchors.iter().zip(0..).collect();
        sorted.sort_unstable();
        let mut rows = Vec::with_capacity(sorted.len() * 20);
        for (uid, _) in &sorted {
            rows.extend(self.data.encode_entity(uid));
        }
        rows.extend(sorted.iter().flat_map(|(_, number)| number.to_le_bytes()));
        [(H_ANCHORS, self.data.shared(&rows, 1)), (H_ANCHORS_COUNT, number(anchors.len()))]
    }
}

/// A row of a table.
pub(crate) struct Row(pub Vec<u8>);

impl Row {
    pub fn new(size: i32) -> Self {
        Self(vec![0; bytes(size)])
    }

    pub fn put(&mut self, at: i32, value: u32) {
        self.put_bytes(at, &value.to_le_bytes());
    }

    pub fn put64(&mut self, at: i32, value: u64) {
        self.put_bytes(at, &value.to_le_bytes());
    }

    pub fn put_bytes(&mut self, at: i32, value: &[u8]) {
        let places = self.0.iter_mut().skip(bytes(at));
        places.zip(value).for_each(|(place, byte)| *place = *byte);
    }
}

/// A size or an offset of the layout, none of which is negative.
pub(super) fn bytes(size: i32) -> usize {
    usize::try_from(size).unwrap_or(0)
}
