//! What a policy reads of the evidence, so that binding a request can skip the rest.
//!
//! Nothing that any node can look at is left out: what is not read would be unknown, and the policy would decide otherwise
//! than its author wrote. Where following a value exactly would cost too much, all of it is read.
//!
//! Values are followed from the attributes that hold them (*places*): through fields, elements, choices. Asking whether a
//! place holds anything reads that it is there; whatever else is done to a value reads it whole, but for its parts where
//! it is only a way to them.

mod extent;

use std::collections::BTreeMap;

use super::validate::Use;
use super::{Node, Policy};
use crate::id::{EntityTypeId, NodeId, RecordId};
use crate::schema::{Attribute, Freshness, Schema, Type};
use crate::value::Value;

pub use extent::{Extent, Fields};

/// Places that one node is followed to; a node that can be more is taken to read them whole.
const PLACES_MAX: usize = 64;

/// What is read of the attributes of one thing.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct AttributeReads {
    /// By position.
    extents: Box<[Extent]>,
    /// Positions of those that are read and that their source says to be absent by saying nothing.
    pub silent: Box<[u32]>,
}

impl AttributeReads {
    fn new(schema: &Schema, declared: &[Attribute], extents: Box<[Extent]>) -> Self {
        let is_silent = |attribute: &Attribute| {
            attribute.ty.is_optional() && schema.source(attribute.from).is_some_and(|source| source.complete)
        };
        let all = (0u32..).zip(declared).zip(&extents);
        let silent = all.filter(|((_, attribute), extent)| is_silent(attribute) && **extent != Extent::Nothing);
        Self { silent: silent.map(|((at, _), _)| at).collect(), extents }
    }

    /// How much of the attribute at this position is read.
    pub fn extent(&self, at: usize) -> &Extent {
        self.extents.get(at).unwrap_or(&Extent::Whole)
    }
}

/// What is read of the entities of one type.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct EntityReads {
    pub attributes: AttributeReads,
    /// Whether a test of the hierarchy can need their parents.
    pub parents: bool,
}

/// What a policy reads.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Reads {
    pub context: AttributeReads,
    /// By [`EntityTypeId`].
    entities: Box<[EntityReads]>,
    /// Of a type that is not declared.
    undeclared: EntityReads,
}

impl Reads {
    /// What the rules of a policy read; `levels` as in [`Derived`](super::Derived).
    pub fn of(policy: &Policy, levels: &[u8], uses: &[Use]) -> Self {
        let mut places = Places::new(&policy.schema);
        let held = Held::by(policy, levels, &mut places);
        held.mark(policy, uses, &mut places);
        let parents = held.parents_read(policy, &places);
        let extents = |declared: &[Attribute], step: &dyn Fn(u32) -> Step| {
            let extents = (0u32..).zip(declared).map(|(at, attribute)| places.extent(None, step(at), &attribute.ty));
            AttributeReads::new(&policy.schema, declared, extents.collect())
        };
        let entities = policy.schema.entities.iter().enumerate().map(|(index, entity)| EntityReads {
            attributes: extents(&entity.attributes, &|at| Step::Attribute(EntityTypeId::new(index), at)),
            parents: parents.get(index) == Some(&true),
        });
        let entities = entities.collect();
        Self { context: extents(&policy.schema.context, &Step::Context), entities, undeclared: EntityReads::default() }
    }

    /// Everything that is declared.
    #[cfg(any(test, feature = "build"))]
    pub fn all(schema: &Schema) -> Self {
        let whole = |declared: &[Attribute]| {
            AttributeReads::new(schema, declared, declared.iter().map(|_| Extent::Whole).collect())
        };
        let entity = |attributes: &[Attribute]| EntityReads { attributes: whole(attributes), parents: true };
        let entities = schema.entities.iter().map(|ty| entity(&ty.attributes));
        Self { context: whole(&schema.context), entities: entities.collect(), undeclared: EntityReads::default() }
    }

    /// What is read of the entities of a type.
    pub fn entity(&self, ty: EntityTypeId) -> &EntityReads {
        self.entities.get(ty.index()).unwrap_or(&self.undeclared)
    }
}

#[cfg(feature = "build")]
impl Policy {
    /// The same policy, but that requests are bound with everything they say: decisions must not differ, as tests check.
    #[must_use]
    pub fn reading_all(mut self) -> Self {
        self.derived.reads = Reads::all(&self.schema);
        self
    }
}

/// From a place to one in it; from nowhere to an attribute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Context(u32),
    Attribute(EntityTypeId, u32),
    Field(u32),
    /// Any element of a collection.
    Element,
}

type PlaceId = u32;

struct Place<'p> {
    ty: &'p Type,
    is_whole: bool,
}

/// The places that are read, by how one comes to them.
struct Places<'p> {
    schema: &'p Schema,
    all: Vec<Place<'p>>,
    steps: BTreeMap<(Option<PlaceId>, Step), PlaceId>,
}

impl<'p> Places<'p> {
    fn new(schema: &'p Schema) -> Self {
        Self { schema, all: Vec::new(), steps: BTreeMap::new() }
    }

    fn step(&mut self, from: Option<PlaceId>, step: Step, ty: &'p Type) -> PlaceId {
        *self.steps.entry((from, step)).or_insert_with(|| {
            self.all.push(Place { ty, is_whole: false });
            PlaceId::try_from(self.all.len() - 1).unwrap_or(PlaceId::MAX)
        })
    }

    fn ty(&self, place: PlaceId) -> Option<&'p Type> {
        self.all.get(place as usize).map(|place| place.ty.present())
    }

    fn mark_whole(&mut self, place: PlaceId) {
        if let Some(place) = self.all.get_mut(place as usize) {
            place.is_whole = true;
        }
    }

    /// An attribute; with it the times that tell whether it is fresh are read.
    fn attribute(&mut self, siblings: &'p [Attribute], at: u32, step: impl Fn(u32) -> Step) -> Option<PlaceId> {
        let attribute = siblings.get(at as usize)?;
        for clock in attribute.freshness.iter().map(Freshness::clock) {
            let sibling = siblings.get(clock.attribute as usize)?;
            let mut place = self.step(None, step(clock.attribute), &sibling.ty);
            for field in &clock.fields {
                place = self.field(place, None, *field).unwrap_or(place);
            }
            self.mark_whole(place);
        }
        Some(self.step(None, step(at), &attribute.ty))
    }

    /// A record's field; `record` is the type that whoever reads it takes it for.
    fn field(&mut self, of: PlaceId, record: Option<RecordId>, field: u32) -> Option<PlaceId> {
        match self.ty(of)? {
            Type::Record(id) if record.is_none_or(|record| record == *id) => {
                let ty = &self.schema.record(*id)?.fields.get(field as usize)?.ty;
                Some(self.step(Some(of), Step::Field(field), ty))
            }
            _ => None,
        }
    }

    fn element(&mut self, of: PlaceId) -> Option<PlaceId> {
        match self.ty(of)? {
            Type::Set(element) | Type::List(element) | Type::Map(element) => {
                Some(self.step(Some(of), Step::Element, element))
            }
            _ => None,
        }
    }

    /// How much of what is one step away is read. Goes as deep as nodes nest.
    fn extent(&self, from: Option<PlaceId>, step: Step, ty: &Type) -> Extent {
        let Some(place) = self.steps.get(&(from, step)) else {
            return Extent::Nothing;
        };
        if self.all.get(*place as usize).is_none_or(|place| place.is_whole) {
            return Extent::Whole;
        }
        match ty.present() {
            Type::Record(id) => {
                let fields = self.schema.record(*id).map_or(&[][..], |record| &record.fields);
                let extent = |(at, ty)| self.extent(Some(*place), Step::Field(at), ty);
                let each = (0u32..).zip(fields.iter().map(|field| &field.ty)).map(extent).collect();
                Extent::Fields(Fields::new(each, |at| fields.get(at).is_some_and(|field| field.ty.is_optional())))
            }
            Type::List(of) | Type::Map(of) => match self.extent(Some(*place), Step::Element, of) {
                Extent::Nothing => Extent::presence(ty),
                read => Extent::Elements(read.into()),
            },
            _ => Extent::Whole,
        }
    }
}

/// Where each node's value can come from: places, and the variables of quantifiers.
///
/// Quantifiers share their variables' nodes with all others of their level, so that what is done to a variable itself is
/// told apart by the quantifier whose body does it; what is done to a part of it is not.
struct Held {
    /// By [`NodeId`]: which of `sets`; the first is empty.
    of: Vec<u32>,
    sets: Vec<Vec<PlaceId>>,
    /// By [`NodeId`]: bits of the levels whose variable the value can be; empty where there are no variables.
    variables: Vec<u32>,
    /// By quantifier level: where its variable's values come from.
    elements: Vec<Vec<PlaceId>>,
}

impl Held {
    /// A quantifier's collection depends on variables of outer levels only, so that level after level can be followed.
    fn by<'p>(policy: &'p Policy, levels: &[u8], places: &mut Places<'p>) -> Self {
        let deepest = levels.iter().copied().max().unwrap_or(0);
        let variables = if deepest == 0 { Vec::new() } else { vec![0; policy.nodes.len()] };
        let of = vec![0; policy.nodes.len()];
        let mut held = Self { of, sets: vec![Vec::new()], variables, elements: vec![Vec::new()] };
        for level in 0..=deepest {
            for (at, node) in policy.nodes.iter().enumerate() {
                if levels.get(at) == Some(&level) {
                    let found = held.places(policy, places, node);
                    held.keep(places, at, found);
                    held.keep_variables(at, node);
                }
            }
            let next = held.elements_of(policy, places, level.saturating_add(1));
            held.elements.push(next);
        }
        held
    }

    /// The places that a node's value can come from, but for variables.
    fn get(&self, id: NodeId) -> &[PlaceId] {
        let set = self.of.get(id.index()).and_then(|set| self.sets.get(*set as usize));
        set.map_or(&[], Vec::as_slice)
    }

    fn variables(&self, id: NodeId) -> u32 {
        self.variables.get(id.index()).copied().unwrap_or(0)
    }

    /// All places that a node's value can come from.
    fn all(&self, id: NodeId) -> impl Iterator<Item = PlaceId> {
        let variables = self.variables(id);
        let levels = (0usize..).zip(&self.elements).filter(move |(level, _)| variables >> level & 1 == 1);
        self.get(id).iter().chain(levels.flat_map(|(_, places)| places)).copied()
    }

    fn keep(&mut self, places: &mut Places<'_>, at: usize, mut found: Vec<PlaceId>) {
        if found.is_empty() {
            return;
        }
        limit(places, &mut found);
        if let Some(of) = self.of.get_mut(at) {
            *of = u32::try_from(self.sets.len()).unwrap_or(0);
            self.sets.push(found);
        }
    }

    fn keep_variables(&mut self, at: usize, node: &Node) {
        let variables = match node {
            Node::Element(level) => bit(*level),
            Node::Otherwise(first, second) | Node::If { then: first, otherwise: second, .. } => {
                self.variables(*first) | self.variables(*second)
            }
            _ => return,
        };
        self.variables.get_mut(at).into_iter().for_each(|place| *place = variables);
    }

    fn places<'p>(&self, policy: &'p Policy, places: &mut Places<'p>, node: &Node) -> Vec<PlaceId> {
        let schema = &policy.schema;
        match node {
            Node::Context(at) => places.attribute(&schema.context, *at, Step::Context).into_iter().collect(),
            Node::Attribute { ty, attribute, .. } => {
                let siblings = schema.entity(*ty).map_or(&[][..], |entity| &entity.attributes);
                places.attribute(siblings, *attribute, |at| Step::Attribute(*ty, at)).into_iter().collect()
            }
            Node::Field { of, record, field } => {
                self.all(*of).filter_map(|place| places.field(place, Some(*record), *field)).collect()
            }
            Node::Index(map, _) => self.all(*map).filter_map(|place| places.element(place)).collect(),
            Node::Otherwise(first, second) | Node::If { then: first, otherwise: second, .. } => {
                [self.get(*first), self.get(*second)].concat()
            }
            _ => Vec::new(),
        }
    }

    /// Where the values of the variables of a level come from.
    fn elements_of(&self, policy: &Policy, places: &mut Places<'_>, of_level: u8) -> Vec<PlaceId> {
        let mut found = Vec::new();
        for node in &policy.nodes {
            if let Node::Quantified { over, level, .. } = node
                && *level == of_level
            {
                found.extend(self.all(*over).filter_map(|place| places.element(place)));
                limit(places, &mut found);
            }
        }
        found
    }

    /// Marks what is read whole.
    fn mark(&self, policy: &Policy, uses: &[Use], places: &mut Places<'_>) {
        for (set, uses) in self.of.iter().zip(uses) {
            if *set != 0 && uses.is_whole() {
                let held = self.sets.get(*set as usize);
                held.into_iter().flatten().for_each(|place| places.mark_whole(*place));
            }
        }
        if !self.variables.is_empty() {
            self.mark_elements(policy, places);
        }
    }

    /// Marks the elements that bodies of quantifiers read whole through their variables.
    fn mark_elements(&self, policy: &Policy, places: &mut Places<'_>) {
        // By node: bits of the levels whose variable is read whole on the way to it.
        let mut wholes: Vec<u32> = Vec::with_capacity(self.variables.len());
        for node in &policy.nodes {
            let mut all = 0;
            node.each_child(|child| all |= wholes.get(child.index()).copied().unwrap_or(0));
            node.each_use(|child, is_whole| all |= if is_whole { self.variables(child) } else { 0 });
            if let Node::Quantified { over, level, .. } = node {
                if all & bit(*level) != 0 {
                    let elements: Vec<_> = self.all(*over).filter_map(|place| places.element(place)).collect();
                    elements.into_iter().for_each(|place| places.mark_whole(place));
                }
                all &= !bit(*level);
            }
            wholes.push(all);
        }
    }

    /// By entity type: whether a step from its parents can be part of the way to an entity that rules ask for with `in`.
    fn parents_read(&self, policy: &Policy, places: &Places<'_>) -> Vec<bool> {
        let entities = &policy.schema.entities;
        let mut leads = vec![false; entities.len()];
        for node in &policy.nodes {
            if let Node::Within(_, outer) = node
                && !self.mark_types(policy, places, *outer, &mut leads)
            {
                leads.fill(true);
                break;
            }
        }
        let mut children = vec![Vec::new(); entities.len()];
        for (child, entity) in entities.iter().enumerate() {
            for parent in &entity.parents {
                children.get_mut(parent.index()).into_iter().for_each(|list| list.push(child));
            }
        }
        let mut pending: Vec<usize> = (0..leads.len()).filter(|at| leads.get(*at) == Some(&true)).collect();
        while let Some(at) = pending.pop() {
            for child in children.get(at).into_iter().flatten() {
                if let Some(known @ false) = leads.get_mut(*child) {
                    *known = true;
                    pending.push(*child);
                }
            }
        }
        let leads_on = |parent: &EntityTypeId| leads.get(parent.index()) == Some(&true);
        entities.iter().map(|entity| entity.parents.iter().any(leads_on)).collect()
    }

    /// Marks the types of the entities that a node can be; false if they cannot be told.
    fn mark_types(&self, policy: &Policy, places: &Places<'_>, id: NodeId, marked: &mut [bool]) -> bool {
        match policy.node(id) {
            Some(Node::Const(id)) => policy.constant(*id).is_some_and(|value| mark_type_of(value, marked)),
            Some(Node::Param(id)) => policy.schema.param(*id).is_some_and(|param| mark_types_in(&param.ty, marked)),
            Some(Node::Context(_) | Node::Attribute { .. } | Node::Field { .. }) => {
                let held = self.get(id);
                let mark = |place: &PlaceId| places.ty(*place).is_some_and(|ty| mark_types_in(ty, marked));
                !held.is_empty() && held.iter().all(mark)
            }
            _ => false,
        }
    }
}

const fn bit(level: u8) -> u32 {
    1u32.wrapping_shl(level as u32)
}

fn mark_type_of(value: &Value, marked: &mut [bool]) -> bool {
    match value {
        Value::Entity(uid) => mark_type(uid.ty, marked),
        Value::Set(all) | Value::List(all) => all.iter().all(|value| mark_type_of(value, marked)),
        _ => false,
    }
}

fn mark_types_in(ty: &Type, marked: &mut [bool]) -> bool {
    match ty.present() {
        Type::Entity(types) => types.iter().all(|ty| mark_type(*ty, marked)),
        Type::Set(of) | Type::List(of) => mark_types_in(of, marked),
        _ => false,
    }
}

fn mark_type(ty: EntityTypeId, marked: &mut [bool]) -> bool {
    marked.get_mut(ty.index()).map(|marked| *marked = true).is_some()
}

/// Puts places in order, each once. Where they are too many, they are read whole, and followed no further.
fn limit(places: &mut Places<'_>, found: &mut Vec<PlaceId>) {
    found.sort_unstable();
    found.dedup();
    if found.len() > PLACES_MAX {
        found.drain(..).for_each(|place| places.mark_whole(place));
    }
}
