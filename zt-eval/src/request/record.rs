//! Reads records: most of what a document says of things that have parts.

use std::sync::Arc;

use super::bits::Bits;
use super::invalid::InvalidRequest;
use super::read::{Pool, Reader, duplicate, put};
use crate::graph::reads::Extent;
use crate::id::RecordId;
use crate::json::Scanner;
use crate::schema::Field;
use crate::value::{Datum, Value};

impl Reader<'_> {
    pub(super) fn record(
        &self,
        scanner: &mut Scanner,
        id: RecordId,
        complete: bool,
        extent: &Extent,
        pool: &mut Pool,
        into: &mut Datum,
    ) -> Result<bool, InvalidRequest> {
        let fields = self.schema.record(id).map_or(&[][..], |record| &record.fields);
        let mut data: Arc<[Datum]> = match std::mem::replace(into, Datum::Unknown) {
            Datum::Value(Value::Record(last)) if last.len() == fields.len() => last,
            _ => fields.iter().map(|_| Datum::Unknown).collect(),
        };
        // Asking whether somebody else has it costs more than a field: it is asked once.
        if let Some(places) = Arc::get_mut(&mut data) {
            self.fields(scanner, id, complete, extent, pool, places)?;
            return Ok(put(into, Some(Value::Record(data))));
        }
        let mut places: Vec<Datum> = fields.iter().map(|_| Datum::Unknown).collect();
        self.fields(scanner, id, complete, extent, pool, &mut places)?;
        Ok(put(into, Some(Value::Record(places.into()))))
    }

    /// Reads a record's fields, each into its place.
    fn fields(
        &self,
        scanner: &mut Scanner,
        id: RecordId,
        complete: bool,
        extent: &Extent,
        pool: &mut Pool,
        places: &mut [Datum],
    ) -> Result<(), InvalidRequest> {
        let fields = self.schema.record(id).map_or(&[][..], |record| &record.fields);
        let mut said = Bits::default();
        scanner.object(|scanner, key, offset| {
            let found = self.find_field(id, fields, key);
            let Some((at, field, place)) = found.and_then(|at| Some((at, fields.get(at)?, places.get_mut(at)?))) else {
                return Ok(scanner.skip().map(drop)?);
            };
            if !said.insert(at) {
                return Err(duplicate(key, offset));
            }
            let read = self.read(scanner, &field.ty, complete, extent.field(at), pool, place);
            read.map_err(|error| error.under(key))
        })?;
        let is_absent = |at: usize| match extent {
            _ if !complete => false,
            Extent::Fields(read) => read.is_silent(at),
            Extent::Nothing => false,
            Extent::Whole | Extent::Elements(_) => fields.get(at).is_some_and(|field| field.ty.is_optional()),
        };
        let (first, more) = places.split_at_mut(places.len().min(64));
        let mut left = !said.first();
        while let Some(place) = first.get_mut(left.trailing_zeros() as usize) {
            hush(place, is_absent(left.trailing_zeros() as usize));
            left &= left - 1;
        }
        for (at, place) in (64..).zip(more).filter(|(at, _)| !said.contains(*at)) {
            hush(place, is_absent(at));
        }
        Ok(())
    }

    #[inline]
    fn find_field(&self, id: RecordId, fields: &[Field], name: &str) -> Option<usize> {
        match self.names.and_then(|names| names.record(id)) {
            Some(names) => names.find(name, |at| fields.get(at).map(|field| &*field.name)),
            None => fields.iter().position(|field| *field.name == *name),
        }
    }
}

/// Nobody said a field, which mostly was so before.
#[inline(always)]
fn hush(place: &mut Datum, is_absent: bool) {
    match (&*place, is_absent) {
        (Datum::Absent, true) | (Datum::Unknown, false) => {}
        (_, true) => *place = Datum::Absent,
        (_, false) => *place = Datum::Unknown,
    }
}
