//! Reads what a document says of one thing: attributes and parents, wherever in the document they stand.

use super::Request;
use super::gather::{Attributes, Gathered, Speaker, is_complete, takes_parents};
use super::invalid::{InvalidKind, InvalidRequest};
use super::read::{Reader, duplicate, expect};
use crate::graph::Policy;
use crate::id::EntityTypeId;
use crate::json::{Kind, Scanner};
use crate::schema::Attribute;
use crate::value::EntityUid;

/// Adds what is read to a request.
pub(super) struct Describer<'r, 'p> {
    pub gathered: Gathered<'r, 'p>,
    pub reader: Reader<'p>,
}

impl<'r, 'p> Describer<'r, 'p> {
    pub fn new(request: &'r mut Request, policy: &'p Policy) -> Self {
        let gathered = Gathered::new(policy, request);
        Self { reader: gathered.reader(), gathered }
    }

    /// Reads an entity's `properties`.
    pub fn properties(
        &mut self,
        speaker: Speaker,
        uid: &EntityUid,
        scanner: &mut Scanner,
    ) -> Result<(), InvalidRequest> {
        if scanner.peek()? == Kind::Null {
            return Ok(scanner.null()?);
        }
        expect(scanner, Kind::Object)?;
        attributes(&self.reader, scanner, speaker, self.gathered.attributes(uid)?)
    }

    /// Reads `context`.
    pub fn context(&mut self, speaker: Speaker, scanner: &mut Scanner) -> Result<(), InvalidRequest> {
        if scanner.peek()? == Kind::Null {
            return Ok(scanner.null()?);
        }
        expect(scanner, Kind::Object)?;
        attributes(&self.reader, scanner, speaker, self.gathered.context())
    }

    /// Reads an entity's `parents`, if they are the speaker's to say.
    pub fn parents(&mut self, speaker: Speaker, uid: &EntityUid, scanner: &mut Scanner) -> Result<(), InvalidRequest> {
        let from = self.reader.schema.entity(uid.ty).map(|entity| entity.parents_from);
        if !takes_parents(self.reader.schema, uid.ty) || !from.is_some_and(|from| speaker.speaks_for(from)) {
            return Ok(scanner.skip().map(drop)?);
        }
        scanner.peek()?;
        let is_read = self.gathered.reads_parents(uid.ty);
        let reader = &self.reader;
        self.gathered.say_parents(uid, Some(scanner.offset()), |uids| {
            if !is_read || scanner.peek()? != Kind::Array {
                scanner.skip()?;
                return Ok(false);
            }
            parents(reader, scanner, uid.ty, uids)
        })
    }
}

/// Reads the attributes that an object says; those that `speaker` has no say in are passed over.
fn attributes(
    reader: &Reader,
    scanner: &mut Scanner,
    speaker: Speaker,
    attributes: Attributes<'_, '_>,
) -> Result<(), InvalidRequest> {
    let Attributes { declared, reads, names, said, pool } = attributes;
    said.begin();
    scanner.object(|scanner, key, offset| {
        let name_of = |at| declared.get(at).map(|attribute: &Attribute| &*attribute.name);
        let place = names.and_then(|names| names.find(key, name_of));
        let Some((at, attribute)) = place.and_then(|at| Some((at, declared.get(at)?))) else {
            return Ok(scanner.skip().map(drop)?);
        };
        if !said.give(at) {
            return Err(duplicate(key, offset));
        }
        if !speaker.speaks_for(attribute.from) {
            return Ok(scanner.skip().map(drop)?);
        }
        let complete = is_complete(reader.schema, attribute.from);
        let mut datum = said.take_spare(at);
        let extent = reads.extent(at);
        reader.read(scanner, &attribute.ty, complete, extent, pool, &mut datum).map_err(|e| e.under(key))?;
        if said.say(at, datum) {
            return Ok(());
        }
        Err(InvalidRequest::new(InvalidKind::SaidTwice, Some(offset)).under(key))
    })?;
    said.end(declared, reads, speaker);
    Ok(())
}

/// Reads references to parents of permitted types; whether they are all that. Anything else makes the whole unknown.
fn parents(
    reader: &Reader,
    scanner: &mut Scanner,
    of: EntityTypeId,
    uids: &mut Vec<EntityUid>,
) -> Result<bool, InvalidRequest> {
    let permitted = reader.schema.entity(of).map_or(&[][..], |entity| &entity.parents);
    let offset = scanner.offset();
    let mut is_known = true;
    let mut count = 0;
    scanner.array(|scanner| {
        count += 1;
        let is_counted_only = count > reader.limits.elements_max as usize;
        if is_counted_only || scanner.peek()? != Kind::Object {
            is_known = false;
            return Ok(scanner.skip().map(drop)?);
        }
        let names = reader.entity_names(scanner).map_err(|e| e.at(count - 1))?;
        match reader.uid(names).filter(|uid| permitted.contains(&uid.ty)) {
            Some(uid) => uids.push(uid),
            None => is_known = false,
        }
        Ok::<_, InvalidRequest>(())
    })?;
    reader.check_elements(count, Some(offset))?;
    Ok(is_known)
}
