//! Reads entity data. Whoever prepares it can mend it, so unlike a request it is refused for any value that is not of its
//! declared type.
//!
//! One pass: members are read where they stand. Only what depends on an entity's type and stands before it is passed over
//! and read afterwards.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::Store;
use super::ancestry::{Bounds, Fault};
use super::draft::Draft;
use crate::id::EntityTypeId;
use crate::json::{Kind, Scanner};
use crate::limits::Limits;
use crate::request::cycle;
use crate::request::read::{OnMistyped, Reader, duplicate, expect, settle};
use crate::request::{InvalidKind, InvalidRequest, StoreError};
use crate::schema::Schema;
use crate::value::{Datum, EntityUid, Text};

/// A store with the entities of a document added.
pub(super) fn upsert(old: &Store, schema: &Schema, limits: &Limits, text: &[u8]) -> Result<Store, StoreError> {
    old.check_fits(schema)?;
    let reader = Reader { schema, limits, names: None, on_mistyped: OnMistyped::Refuse };
    let mut scanner = reader.scanner(text, "entities_bytes_max", limits.entities_bytes_max)?;
    let mut loader = Loader {
        reader,
        schema,
        limits,
        draft: Draft::of(old),
        described: Vec::new(),
        data: Vec::new(),
        parents: Vec::new(),
        last_type: EntityTypeId::new(0),
    };
    loader.entities(&mut scanner)?;
    scanner.finish()?;
    loader.finish()
}

struct Loader<'a> {
    reader: Reader<'a>,
    schema: &'a Schema,
    limits: &'a Limits,
    draft: Draft<'a>,
    /// The numbers of the document's entities, in its order.
    described: Vec<u32>,
    /// What is said of the entity that is being read: its attributes and its parents.
    data: Vec<Option<Datum>>,
    parents: Vec<u32>,
    /// Of the name that was read last: most often the next is the same.
    last_type: EntityTypeId,
}

/// The members of an entity, as far as they are read.
#[derive(Default)]
struct Said<'a> {
    ty: Option<EntityTypeId>,
    id: Option<Text>,
    properties: Part<'a>,
    parents: Part<'a>,
}

/// A member that depends on the entity's type.
#[derive(Default)]
enum Part<'a> {
    #[default]
    Missing,
    /// It stands there and is to be read.
    Waits(Scanner<'a>),
    Read,
}

impl Part<'_> {
    const fn is_said(&self) -> bool {
        !matches!(self, Self::Missing)
    }
}

impl Loader<'_> {
    fn entities(&mut self, scanner: &mut Scanner) -> Result<(), StoreError> {
        expect(scanner, Kind::Array)?;
        scanner.array(|scanner| {
            scanner.peek()?;
            let at = self.described.len();
            self.entity(scanner).map_err(|error| error.at(at))
        })
    }

    fn entity(&mut self, scanner: &mut Scanner) -> Result<(), StoreError> {
        expect(scanner, Kind::Object)?;
        let start = Some(scanner.offset());
        let mut said = Said::default();
        self.data.clear();
        self.parents.clear();
        scanner.object(|scanner, key, offset| {
            let is_twice = match key {
                "type" => said.ty.is_some(),
                "id" => said.id.is_some(),
                "properties" => said.properties.is_said(),
                "parents" => said.parents.is_said(),
                _ => return Ok(scanner.skip().map(drop)?),
            };
            if is_twice {
                return Err(duplicate(key, offset));
            }
            self.member(scanner, key, &mut said).map_err(|error| error.under(key))
        })?;
        let missing = |name| InvalidRequest::new(InvalidKind::Missing(name), start);
        let ty = said.ty.ok_or_else(|| missing("type"))?;
        let id = said.id.ok_or_else(|| missing("id"))?;
        if let Part::Waits(mut scanner) = said.properties {
            self.properties(&mut scanner, ty).map_err(|error| error.under("properties"))?;
        }
        if let Part::Waits(mut scanner) = said.parents {
            self.parents(&mut scanner, ty).map_err(|error| error.under("parents"))?;
        }
        self.hold(EntityUid { ty, id }, start)
    }

    fn member<'t>(&mut self, scanner: &mut Scanner<'t>, key: &str, said: &mut Said<'t>) -> Result<(), StoreError> {
        match (key, said.ty) {
            ("type", _) => said.ty = Some(self.entity_type(scanner)?),
            ("id", _) => {
                expect(scanner, Kind::String)?;
                said.id = Some(self.reader.string(scanner)?.into());
            }
            ("properties", Some(ty)) => {
                said.properties = Part::Read;
                self.properties(scanner, ty)?;
            }
            ("parents", Some(ty)) => {
                said.parents = Part::Read;
                self.parents(scanner, ty)?;
            }
            (name, _) => {
                scanner.peek()?;
                let part = if name == "parents" { &mut said.parents } else { &mut said.properties };
                *part = Part::Waits(scanner.clone());
                scanner.skip()?;
            }
        }
        Ok(())
    }

    /// Puts an entity that has been read into the draft.
    fn hold(&mut self, uid: EntityUid, start: Option<usize>) -> Result<(), StoreError> {
        let declared = self.schema.entity(uid.ty).map_or(&[][..], |entity| &entity.attributes);
        self.data.resize(declared.len(), None);
        let settled =
            declared.iter().zip(self.data.drain(..)).map(|(attribute, said)| settle(&attribute.ty, said, true));
        let attributes = if declared.is_empty() { Arc::default() } else { settled.collect() };
        self.parents.sort_unstable();
        self.parents.dedup();
        let lineage = self.draft.lineage(&self.parents);
        let Some(number) = self.draft.describe(uid.clone(), attributes, lineage) else {
            return Err(InvalidRequest::new(InvalidKind::DuplicateEntity(self.schema.uid_text(&uid)), start));
        };
        self.described.push(number);
        let (held, max) = (self.draft.store.held, self.limits.store_entities_max);
        if held > max as usize {
            return Err(InvalidRequest::limit("store_entities_max", max, held, start));
        }
        Ok(())
    }

    fn entity_type(&mut self, scanner: &mut Scanner) -> Result<EntityTypeId, StoreError> {
        expect(scanner, Kind::String)?;
        let offset = Some(scanner.offset());
        let name = self.reader.string(scanner)?;
        let ty = self.find_type(&name);
        ty.ok_or_else(|| InvalidRequest::new(InvalidKind::UnknownType(name.into_owned()), offset))
    }

    fn find_type(&mut self, name: &str) -> Option<EntityTypeId> {
        if self.schema.entity(self.last_type).is_some_and(|entity| *entity.name == *name) {
            return Some(self.last_type);
        }
        let ty = self.schema.find_entity(name)?;
        self.last_type = ty;
        Some(ty)
    }

    fn properties(&mut self, scanner: &mut Scanner, ty: EntityTypeId) -> Result<(), StoreError> {
        expect(scanner, Kind::Object)?;
        let declared = self.schema.entity(ty).map_or(&[][..], |entity| &entity.attributes);
        self.data.resize(declared.len(), None);
        // Most documents give the attributes in one order, and many in that of the declaration.
        let mut next = 0;
        scanner.object(|scanner, key, offset| {
            let is_it = |at: &usize| declared.get(*at).is_some_and(|attribute| *attribute.name == *key);
            let Some(at) = (next..declared.len()).chain(0..next).find(is_it) else {
                return Ok(scanner.skip().map(drop)?);
            };
            next = at + 1;
            let (Some(attribute), Some(datum)) = (declared.get(at), self.data.get_mut(at)) else {
                return Ok(());
            };
            if datum.is_some() {
                return Err(duplicate(key, offset));
            }
            *datum = Some(self.reader.datum(scanner, &attribute.ty, true).map_err(|error| error.under(key))?);
            Ok(())
        })
    }

    fn parents(&mut self, scanner: &mut Scanner, ty: EntityTypeId) -> Result<(), StoreError> {
        expect(scanner, Kind::Array)?;
        let start = Some(scanner.offset());
        let permitted = self.schema.entity(ty).map_or(&[][..], |entity| &entity.parents);
        let mut count = 0;
        scanner.array(|scanner| {
            count += 1;
            if count > self.limits.elements_max as usize {
                return Ok(scanner.skip().map(drop)?);
            }
            let parent = self.parent(scanner, permitted).map_err(|error| error.at(count - 1))?;
            self.parents.push(parent);
            Ok::<_, InvalidRequest>(())
        })?;
        self.reader.check_elements(count, start)
    }

    fn parent(&mut self, scanner: &mut Scanner, permitted: &[EntityTypeId]) -> Result<u32, StoreError> {
        expect(scanner, Kind::Object)?;
        let offset = Some(scanner.offset());
        let names = self.reader.entity_names(scanner)?;
        let ty = names.ty.and_then(|name| self.find_type(&name)).filter(|ty| permitted.contains(ty));
        match (ty, names.id) {
            (Some(ty), Some(id)) => Ok(self.draft.name(EntityUid { ty, id: id.into() })),
            _ => Err(InvalidRequest::new(InvalidKind::ParentType(self.schema.types_text(permitted)), offset)),
        }
    }

    fn finish(mut self) -> Result<Store, StoreError> {
        match self.draft.finish(&Bounds::of(self.limits)) {
            Ok(()) => {
                let mut store = self.draft.store;
                store.fingerprint = Some(self.schema.fingerprint());
                Ok(store)
            }
            Err(fault) => Err(self.placed(fault)),
        }
    }

    /// The error at an entity of the document that has to do with it.
    fn placed(&self, mut fault: Fault) -> InvalidRequest {
        let at = match &mut fault {
            Fault::Cycle(numbers) => {
                // A cycle is closed by an entity that the document describes; it is told from the first of them on.
                let sorted: BTreeSet<u32> = numbers.iter().copied().collect();
                let at = self.described.iter().position(|number| sorted.contains(number));
                let first = at.and_then(|at| self.described.get(at));
                let turn = numbers.iter().position(|number| Some(number) == first);
                numbers.rotate_left(turn.unwrap_or_default());
                at
            }
            Fault::Limit { lineage, .. } => self.described_above(*lineage),
        };
        let is_cycle = matches!(fault, Fault::Cycle(_));
        let store = &self.draft.store;
        let uid = |number: &u32| store.uid(*number);
        let error = fault.error(|numbers| cycle::text(self.schema, numbers.iter().filter_map(uid)));
        let error = if is_cycle { error.under("parents") } else { error };
        at.into_iter().fold(error, InvalidRequest::at)
    }

    /// The position of the first entity that the document describes and that has this lineage, else of one that entities
    /// of this lineage lie below.
    fn described_above(&self, lineage: u32) -> Option<usize> {
        let store = &self.draft.store;
        let (mut seen, mut pending) = (HashSet::from([lineage]), vec![lineage]);
        while let Some(lineage) = pending.pop() {
            let has_lineage = |number: &u32| store.at(*number).is_some_and(|stored| stored.lineage == lineage);
            if let Some(at) = self.described.iter().position(has_lineage) {
                return Some(at);
            }
            let parents = store.kin(lineage).into_iter().flat_map(|kin| kin.parents.iter());
            let above = parents.filter_map(|parent| store.at(*parent)).map(|stored| stored.lineage);
            pending.extend(above.filter(|lineage| seen.insert(*lineage)));
        }
        None
    }
}
