//! Loads entity data. Whoever prepares it can mend it, so unlike a request it is refused for any value that is not of its
//! declared type.

use std::collections::HashMap;

use super::ancestry::{Ancestry, Parents};
use super::{Store, Stored};
use crate::id::EntityTypeId;
use crate::json::{Kind, Scanner};
use crate::limits::Limits;
use crate::request::cycle;
use crate::request::read::{OnMistyped, Reader, duplicate, expect, settle};
use crate::request::{InvalidKind, InvalidRequest, StoreError};
use crate::schema::{Attribute, Schema};
use crate::value::{Datum, EntityUid};

pub(super) fn load(schema: &Schema, limits: &Limits, text: &[u8]) -> Result<Store, StoreError> {
    let loader = Loader { reader: Reader { schema, limits, on_mistyped: OnMistyped::Refuse }, schema, limits };
    let mut scanner = loader.reader.scanner(text, "entities_bytes_max", limits.entities_bytes_max)?;
    let mut store = loader.entities(&mut scanner)?;
    scanner.finish()?;

    let parents = number_parents(&mut store);
    loader.check_acyclic(&store, &parents)?;
    let (ancestry, lineages) = Ancestry::of(&parents, limits)?;
    store.ancestry = ancestry;
    for (stored, lineage) in store.entities.iter_mut().zip(lineages) {
        stored.lineage = lineage;
    }
    store.fingerprint = Some(schema.fingerprint());
    Ok(store)
}

struct Loader<'p> {
    reader: Reader<'p>,
    schema: &'p Schema,
    limits: &'p Limits,
}

impl Loader<'_> {
    fn entities(&self, scanner: &mut Scanner) -> Result<Store, StoreError> {
        expect(scanner, Kind::Array)?;
        let mut store = Store::default();
        let max = self.limits.store_entities_max;
        scanner.array(|scanner| {
            scanner.peek()?;
            let offset = scanner.offset();
            let at = store.entities.len();
            if at >= max as usize {
                return Err(InvalidRequest::limit("store_entities_max", max, at + 1, Some(offset)));
            }
            let stored = self.entity(scanner).map_err(|error| error.at(at))?;
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            if store.numbers.insert(stored.uid.clone(), number).is_some() {
                let kind = InvalidKind::DuplicateEntity(self.schema.uid_text(&stored.uid));
                return Err(InvalidRequest::new(kind, Some(offset)).at(at));
            }
            store.entities.push(stored);
            Ok(())
        })?;
        Ok(store)
    }

    /// Reads an entity; the members come in any order, so the ones that need the type are kept for later.
    fn entity(&self, scanner: &mut Scanner) -> Result<Stored, StoreError> {
        expect(scanner, Kind::Object)?;
        let offset = scanner.offset();
        let (mut ty, mut id, mut properties, mut parents) = (None, None, None, None);
        scanner.object(|scanner, key, offset| {
            let mark = match &*key {
                "type" => &mut ty,
                "id" => &mut id,
                "properties" => &mut properties,
                "parents" => &mut parents,
                _ => return Ok(scanner.skip().map(drop)?),
            };
            if mark.is_some() {
                return Err(duplicate(&key, offset));
            }
            scanner.peek()?;
            *mark = Some(scanner.clone());
            Ok(scanner.skip().map(drop)?)
        })?;
        let missing = |name| InvalidRequest::new(InvalidKind::Missing(name), Some(offset));
        let ty = self.entity_type(ty.ok_or_else(|| missing("type"))?).map_err(|error| error.under("type"))?;
        let id = self.text(id.ok_or_else(|| missing("id"))?).map_err(|error| error.under("id"))?;
        Ok(Stored {
            uid: EntityUid { ty, id: id.into() },
            attributes: self.attributes(ty, properties).map_err(|error| error.under("properties"))?,
            parents: self.parents(ty, parents).map_err(|error| error.under("parents"))?,
            lineage: 0,
        })
    }

    fn entity_type(&self, scanner: Scanner) -> Result<EntityTypeId, StoreError> {
        let offset = scanner.offset();
        let name = self.text(scanner)?;
        let ty = self.schema.find_entity(&name);
        ty.ok_or_else(|| InvalidRequest::new(InvalidKind::UnknownType(name), Some(offset)))
    }

    fn text(&self, mut scanner: Scanner) -> Result<String, StoreError> {
        expect(&mut scanner, Kind::String)?;
        Ok(self.reader.string(&mut scanner)?.into_owned())
    }

    fn attributes(&self, ty: EntityTypeId, properties: Option<Scanner>) -> Result<Box<[Datum]>, StoreError> {
        let declared = self.schema.entity(ty).map_or(&[][..], |entity| &entity.attributes);
        let mut data = vec![None; declared.len()];
        if let Some(mut scanner) = properties {
            expect(&mut scanner, Kind::Object)?;
            self.said(&mut scanner, declared, &mut data)?;
        }
        Ok(declared.iter().zip(data).map(|(attribute, said)| settle(&attribute.ty, said, true)).collect())
    }

    fn said(
        &self,
        scanner: &mut Scanner,
        declared: &[Attribute],
        data: &mut [Option<Datum>],
    ) -> Result<(), StoreError> {
        scanner.object(|scanner, key, offset| {
            let place = declared.iter().zip(data.iter_mut()).find(|(attribute, _)| *attribute.name == *key);
            let Some((attribute, datum)) = place else {
                return Ok(scanner.skip().map(drop)?);
            };
            if datum.is_some() {
                return Err(duplicate(&key, offset));
            }
            *datum = Some(self.reader.datum(scanner, &attribute.ty, true).map_err(|error| error.under(&key))?);
            Ok(())
        })
    }

    fn parents(&self, ty: EntityTypeId, parents: Option<Scanner>) -> Result<Box<[EntityUid]>, StoreError> {
        let Some(mut scanner) = parents else {
            return Ok(Box::default());
        };
        expect(&mut scanner, Kind::Array)?;
        let start = scanner.offset();
        let permitted = self.schema.entity(ty).map_or(&[][..], |entity| &entity.parents);
        let mut uids = Vec::new();
        let mut count = 0;
        scanner.array(|scanner| {
            count += 1;
            if count > self.limits.elements_max as usize {
                return Ok(scanner.skip().map(drop)?);
            }
            uids.push(self.parent(scanner, permitted).map_err(|error| error.at(count - 1))?);
            Ok::<_, InvalidRequest>(())
        })?;
        self.reader.check_elements(count, Some(start))?;
        uids.sort_unstable();
        uids.dedup();
        Ok(uids.into())
    }

    fn parent(&self, scanner: &mut Scanner, permitted: &[EntityTypeId]) -> Result<EntityUid, StoreError> {
        expect(scanner, Kind::Object)?;
        let offset = scanner.offset();
        let names = self.reader.entity_names(scanner)?;
        let uid = self.reader.uid(names).filter(|uid| permitted.contains(&uid.ty));
        uid.ok_or_else(|| {
            let kind = InvalidKind::ParentType(self.schema.types_text(permitted));
            InvalidRequest::new(kind, Some(offset))
        })
    }

    fn check_acyclic(&self, store: &Store, parents: &Parents) -> Result<(), StoreError> {
        let held = |at: usize| parents.get(at).into_iter().flatten().map(|number| *number as usize);
        let Some(found) = cycle::find(parents.len(), |at| held(at).filter(|number| *number < parents.len()).collect())
        else {
            return Ok(());
        };
        let first = found.first().copied().unwrap_or_default();
        let uids = found.iter().filter_map(|number| store.entities.get(*number)).map(Stored::uid);
        let error = InvalidRequest::new(InvalidKind::Cycle(cycle::text(self.schema, uids)), None);
        Err(error.under("parents").at(first))
    }
}

/// The parents as numbers; entities that are named and not held get the numbers after those that are.
fn number_parents(store: &mut Store) -> Parents {
    let Store { entities, numbers, open, .. } = store;
    let held = entities.len();
    let mut number_of = |uid: &EntityUid, numbers: &mut HashMap<EntityUid, u32>| {
        *numbers.entry(uid.clone()).or_insert_with(|| {
            open.push(uid.clone());
            u32::try_from(held + open.len() - 1).unwrap_or(u32::MAX)
        })
    };
    entities
        .iter()
        .map(|stored| {
            let mut own: Vec<u32> = stored.parents.iter().map(|uid| number_of(uid, numbers)).collect();
            own.sort_unstable();
            own.into()
        })
        .collect()
}
