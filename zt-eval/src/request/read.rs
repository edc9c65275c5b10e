//! Reads JSON values against declared types.
//!
//! In a request, a value that is not of its type is unknown. In entity data and parameters, which somebody prepared, it is
//! an error. Limits and duplicate keys are errors in both. The rest of a value is read even when it is known to be
//! unknown as a whole, so that what makes a document invalid does not depend on the order of its parts.
//!
//! A value is read into a place that may hold one of an earlier document. Nothing of that is ever taken for said; but its
//! memory is used again where nobody shares it, so that one document after the other needs hardly any new.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::invalid::{InvalidKind, InvalidRequest, InvalidValue};
use super::names::DeclaredNames;
use crate::graph::Policy;
use crate::graph::reads::Extent;
use crate::id::{ActionId, EntityTypeId};
use crate::json::{Kind, Scanner};
use crate::limits::Limits;
use crate::schema::{Schema, Type};
use crate::value::{Datum, EntityUid, Text, Value};

/// Deeper documents are refused whatever a policy's limits say: reading a record type that contains itself recurses.
const DEPTH_CEILING: u32 = 256;

/// Reads a value of type `ty`, such as a parameter's, from JSON. A missing optional member of a record is absent.
///
/// # Errors
///
/// When the text is not JSON, not a value of the type, or exceeds a limit.
pub fn parse_value(schema: &Schema, limits: &Limits, ty: &Type, text: &[u8]) -> Result<Datum, InvalidValue> {
    let reader = Reader { schema, limits, names: None, on_mistyped: OnMistyped::Refuse };
    let mut scanner = reader.scanner(text, "request_bytes_max", limits.request_bytes_max)?;
    let datum = reader.datum(&mut scanner, ty, true)?;
    scanner.finish()?;
    Ok(datum)
}

/// What becomes of a value that is not of its type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OnMistyped {
    /// It is unknown.
    Unknown,
    /// The document is refused.
    Refuse,
}

/// What values are read against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'p> {
    pub schema: &'p Schema,
    pub limits: &'p Limits,
    /// The schema's names, if they were put in order to be looked up fast.
    pub names: Option<&'p DeclaredNames>,
    pub on_mistyped: OnMistyped,
}

/// Where the elements of collections stand until all are read, so that reading one costs a single allocation.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    values: Vec<Value>,
    entries: Vec<(Text, Value)>,
}

impl Pool {
    /// Drops what reading left when it came to an error.
    pub fn clear(&mut self) {
        self.values.clear();
        self.entries.clear();
    }
}

/// The members of an entity reference that were there and were strings.
#[derive(Default)]
pub(crate) struct EntityNames<'a> {
    pub ty: Option<Cow<'a, str>>,
    pub id: Option<Cow<'a, str>>,
}

impl<'p> Reader<'p> {
    /// Reads requests to a policy.
    pub fn of(policy: &'p Policy) -> Self {
        let names = Some(&policy.derived.names);
        Self { schema: &policy.schema, limits: &policy.limits, names, on_mistyped: OnMistyped::Unknown }
    }

    /// An entity type by the name that requests use.
    pub fn find_entity(&self, name: &str) -> Option<EntityTypeId> {
        let Some(names) = self.names else {
            return self.schema.find_entity(name);
        };
        let entities = &self.schema.entities;
        names.types().find(name, |at| entities.get(at).map(|entity| &*entity.name)).map(EntityTypeId::new)
    }

    /// An action by name.
    pub fn find_action(&self, name: &str) -> Option<ActionId> {
        let Some(names) = self.names else {
            return self.schema.find_action(name);
        };
        let actions = &self.schema.actions;
        names.actions().find(name, |at| actions.get(at).map(|action| &*action.name)).map(ActionId::new)
    }

    /// A scanner over a whole document of at most `bytes_max` bytes.
    pub fn scanner<'a>(
        &self,
        text: &'a [u8],
        limit: &'static str,
        bytes_max: u32,
    ) -> Result<Scanner<'a>, InvalidRequest> {
        if text.len() > bytes_max as usize {
            return Err(InvalidRequest::limit(limit, bytes_max, text.len(), None));
        }
        Ok(Scanner::new(text, self.limits.depth_max.min(DEPTH_CEILING)))
    }

    /// Reads what is known of a place of type `ty`. In records, a missing optional member is absent if the speaker is
    /// `complete`.
    pub fn datum(&self, scanner: &mut Scanner, ty: &Type, complete: bool) -> Result<Datum, InvalidRequest> {
        let mut datum = Datum::Unknown;
        self.read(scanner, ty, complete, &Extent::Whole, &mut Pool::default(), &mut datum)?;
        Ok(datum)
    }

    /// As [`datum`](Self::datum), so much of it, into a place whatever it holds. After an error that means nothing.
    pub fn read(
        &self,
        scanner: &mut Scanner,
        ty: &Type,
        complete: bool,
        extent: &Extent,
        pool: &mut Pool,
        into: &mut Datum,
    ) -> Result<(), InvalidRequest> {
        if matches!(extent, Extent::Nothing) {
            scanner.skip()?;
            *into = Datum::Unknown;
            return Ok(());
        }
        let kind = scanner.peek()?;
        let offset = scanner.offset();
        let is_known = match (ty.present(), kind) {
            (Type::String, Kind::String) => self.text(scanner, into)?,
            (_, Kind::Null) if ty.is_optional() => {
                scanner.null()?;
                *into = Datum::Absent;
                true
            }
            (Type::Set(of), Kind::Array) => self.set(scanner, of, complete, pool, into)?,
            (Type::List(of), Kind::Array) => self.list(scanner, of, complete, extent.element(), pool, into)?,
            (Type::Map(of), Kind::Object) => self.map(scanner, of, complete, extent.element(), pool, into)?,
            (Type::Record(id), Kind::Object) => self.record(scanner, *id, complete, extent, pool, into)?,
            (Type::Entity(_), Kind::Object) => put(into, self.entity(scanner, ty)?),
            (scalar, _) => put(into, self.scalar(scanner, scalar, kind)?),
        };
        if is_known { Ok(()) } else { self.mistyped(ty, offset, into) }
    }

    fn mistyped(&self, ty: &Type, offset: usize, into: &mut Datum) -> Result<(), InvalidRequest> {
        match self.on_mistyped {
            OnMistyped::Unknown => {
                *into = Datum::Unknown;
                Ok(())
            }
            OnMistyped::Refuse => {
                Err(InvalidRequest::new(InvalidKind::Mistyped(self.schema.type_text(ty)), Some(offset)))
            }
        }
    }

    /// Reads text, which is often what it was the last time.
    #[inline]
    fn text(&self, scanner: &mut Scanner, into: &mut Datum) -> Result<bool, InvalidRequest> {
        let text = self.string(scanner)?;
        if !matches!(into, Datum::Value(Value::String(last)) if last.as_str() == &*text) {
            *into = Datum::Value(Value::String(text.into()));
        }
        Ok(true)
    }

    #[inline]
    fn scalar(&self, scanner: &mut Scanner, ty: &Type, kind: Kind) -> Result<Option<Value>, InvalidRequest> {
        Ok(match kind {
            Kind::String if is_scalar(ty) => self.schema.value_of_text(ty, &self.string(scanner)?),
            Kind::Number => self.schema.value_of_number(ty, scanner.number()?),
            Kind::Bool => self.schema.value_of_bool(ty, scanner.bool()?),
            _ => {
                scanner.skip()?;
                None
            }
        })
    }

    /// A string within its limit.
    #[inline]
    pub fn string<'a>(&self, scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, InvalidRequest> {
        let offset = scanner.offset();
        let text = scanner.string()?;
        self.check_string(&text, Some(offset))?;
        Ok(text)
    }

    #[inline]
    pub fn check_string(&self, text: &str, offset: Option<usize>) -> Result<(), InvalidRequest> {
        let max = self.limits.string_bytes_max;
        if text.len() > max as usize {
            return Err(InvalidRequest::limit("string_bytes_max", max, text.len(), offset));
        }
        Ok(())
    }

    pub fn check_elements(&self, count: usize, offset: Option<usize>) -> Result<(), InvalidRequest> {
        let max = self.limits.elements_max;
        if count > max as usize {
            return Err(InvalidRequest::limit("elements_max", max, count, offset));
        }
        Ok(())
    }

    /// A set is read whole: of one in which something is unknown, nothing is known.
    fn set(
        &self,
        scanner: &mut Scanner,
        of: &Type,
        complete: bool,
        pool: &mut Pool,
        into: &mut Datum,
    ) -> Result<bool, InvalidRequest> {
        let mut last = match std::mem::replace(into, Datum::Unknown) {
            Datum::Value(Value::Set(last)) => Some(last),
            _ => None,
        };
        let start = pool.values.len();
        let is_known = self.elements(scanner, of, complete, &Extent::Whole, pool, &mut last)?;
        let elements = pool.values.get_mut(start..).unwrap_or_default();
        if !is_known || !elements.iter().all(Value::is_wholly_known) {
            pool.values.truncate(start);
            return Ok(false);
        }
        let mut is_distinct = elements.is_sorted_by(|a, b| a < b);
        if !is_distinct {
            elements.sort_unstable();
            is_distinct = elements.is_sorted_by(|a, b| a < b);
        }
        let elements = pool.values.drain(start..);
        Ok(put(
            into,
            Some(if is_distinct { Value::Set(shared(elements, last)) } else { Value::set(elements.collect()) }),
        ))
    }

    fn list(
        &self,
        scanner: &mut Scanner,
        of: &Type,
        complete: bool,
        extent: &Extent,
        pool: &mut Pool,
        into: &mut Datum,
    ) -> Result<bool, InvalidRequest> {
        let mut last = match std::mem::replace(into, Datum::Unknown) {
            Datum::Value(Value::List(last)) => Some(last),
            _ => None,
        };
        let start = pool.values.len();
        let is_known = self.elements(scanner, of, complete, extent, pool, &mut last)?;
        Ok(is_known && put(into, Some(Value::List(shared(pool.values.drain(start..), last)))))
    }

    /// Adds the elements of an array to the pool if all are values; tells whether they are. They take memory from the
    /// elements of an earlier one.
    fn elements(
        &self,
        scanner: &mut Scanner,
        of: &Type,
        complete: bool,
        extent: &Extent,
        pool: &mut Pool,
        last: &mut Option<Arc<[Value]>>,
    ) -> Result<bool, InvalidRequest> {
        let offset = scanner.offset();
        let start = pool.values.len();
        let mut spare = last.as_mut().and_then(Arc::get_mut).unwrap_or_default().iter_mut();
        let mut is_known = true;
        let mut count = 0;
        scanner.array(|scanner| {
            count += 1;
            if count > self.limits.elements_max as usize {
                // Counted to the end, for the message; the array is refused.
                return Ok(scanner.skip().map(drop)?);
            }
            let take = |spare| Datum::Value(std::mem::replace(spare, Value::Bool(false)));
            let mut datum = spare.next().map_or(Datum::Unknown, take);
            self.read(scanner, of, complete, extent, pool, &mut datum).map_err(|error| error.at(count - 1))?;
            match datum {
                Datum::Value(value) if is_known => pool.values.push(value),
                Datum::Value(_) => {}
                Datum::Absent | Datum::Unknown => {
                    is_known = false;
                    pool.values.truncate(start);
                }
            }
            Ok::<_, InvalidRequest>(())
        })?;
        self.check_elements(count, Some(offset))?;
        Ok(is_known)
    }

    fn map(
        &self,
        scanner: &mut Scanner,
        of: &Type,
        complete: bool,
        extent: &Extent,
        pool: &mut Pool,
        into: &mut Datum,
    ) -> Result<bool, InvalidRequest> {
        let mut last = match std::mem::replace(into, Datum::Unknown) {
            Datum::Value(Value::Map(last)) => Some(last),
            _ => None,
        };
        let mut spare = last.as_mut().and_then(Arc::get_mut).unwrap_or_default().iter_mut();
        let mark = scanner.clone();
        let start = pool.entries.len();
        let mut is_known = true;
        let mut count = 0;
        scanner.object(|scanner, key, offset| {
            count += 1;
            if count > self.limits.elements_max as usize {
                return Ok(scanner.skip().map(drop)?);
            }
            self.check_string(key, Some(offset)).map_err(|error| error.under(key))?;
            let take = |(_, spare): &mut (_, Value)| Datum::Value(std::mem::replace(spare, Value::Bool(false)));
            let mut datum = spare.next().map_or(Datum::Unknown, take);
            self.read(scanner, of, complete, extent, pool, &mut datum).map_err(|error| error.under(key))?;
            // A key whose value is unknown is kept too: it may be given twice.
            let value = datum.into_value();
            is_known &= value.is_some();
            pool.entries.push((key.into(), value.unwrap_or(Value::Bool(false))));
            Ok::<_, InvalidRequest>(())
        })?;
        self.check_elements(count, Some(mark.offset()))?;
        let entries = pool.entries.get_mut(start..).unwrap_or_default();
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        if !entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(first_duplicate(mark));
        }
        let entries = pool.entries.drain(start..);
        Ok(is_known && put(into, Some(Value::Map(shared(entries, last)))))
    }

    fn entity(&self, scanner: &mut Scanner, ty: &Type) -> Result<Option<Value>, InvalidRequest> {
        let Type::Entity(types) = ty.present() else {
            scanner.skip()?;
            return Ok(None);
        };
        let names = self.entity_names(scanner)?;
        let uid = self.uid(names).filter(|uid| types.contains(&uid.ty));
        Ok(uid.map(Value::Entity))
    }

    /// Reads an entity reference: whatever of `type` and `id` is there and is a string.
    pub fn entity_names<'a>(&self, scanner: &mut Scanner<'a>) -> Result<EntityNames<'a>, InvalidRequest> {
        let mut names = EntityNames::default();
        let (mut has_type, mut has_id) = (false, false);
        scanner.object(|scanner, key, offset| {
            let (seen, name) = match key {
                "type" => (&mut has_type, &mut names.ty),
                "id" => (&mut has_id, &mut names.id),
                _ => return Ok(scanner.skip().map(drop)?),
            };
            if std::mem::replace(seen, true) {
                return Err(duplicate(key, offset));
            }
            if scanner.peek()? == Kind::String {
                *name = Some(self.string(scanner).map_err(|error| error.under(key))?);
            } else {
                scanner.skip()?;
            }
            Ok(())
        })?;
        Ok(names)
    }

    /// The entity that both names are given of, if its type exists.
    pub fn uid(&self, names: EntityNames) -> Option<EntityUid> {
        let ty = self.find_entity(&names.ty?)?;
        Some(EntityUid { ty, id: names.id?.into() })
    }
}

/// What is known of a place of type `ty`, given what was said. Silence is a fact where the speaker is `complete`.
pub(crate) fn settle(ty: &Type, said: Option<Datum>, complete: bool) -> Datum {
    said.unwrap_or(if complete && ty.is_optional() { Datum::Absent } else { Datum::Unknown })
}

pub(crate) fn is_scalar(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::Bool | Type::Int | Type::Entity(_) | Type::Record(_) | Type::Set(_) | Type::List(_) | Type::Map(_)
    )
}

pub(crate) fn duplicate(key: &str, offset: usize) -> InvalidRequest {
    InvalidRequest::new(InvalidKind::DuplicateKey(key.to_owned()), Some(offset)).under(key)
}

/// Refuses a part of the document that is not of its kind. Parts are no evidence: they are never just unknown.
pub(crate) fn expect(scanner: &mut Scanner, kind: Kind) -> Result<(), InvalidRequest> {
    if scanner.peek()? == kind {
        return Ok(());
    }
    let expected = match kind {
        Kind::Object => "an object",
        Kind::Array => "an array",
        _ => "a string",
    };
    Err(InvalidRequest::new(InvalidKind::Shape(expected), Some(scanner.offset())))
}

/// Puts what was read into its place; tells whether it is anything.
#[inline]
pub(super) fn put(into: &mut Datum, read: Option<Value>) -> bool {
    let is_known = read.is_some();
    *into = read.into();
    is_known
}

/// The values, shared; in the memory of the last ones if nobody else has that and it has their length, else in one allocation, or none.
fn shared<T>(values: std::vec::Drain<'_, T>, mut last: Option<Arc<[T]>>) -> Arc<[T]> {
    let places = last.as_mut().and_then(Arc::get_mut).filter(|places| places.len() == values.len());
    match (places, values.len()) {
        (_, 0) => Arc::default(),
        (None, _) => values.collect(),
        (Some(places), _) => {
            places.iter_mut().zip(values).for_each(|(place, value)| *place = value);
            last.unwrap_or_default()
        }
    }
}

/// The error for the first key that an object gives again; it gives one twice.
fn first_duplicate(mut object: Scanner) -> InvalidRequest {
    let mut seen = HashSet::new();
    let found = object.object(|scanner, key, offset| {
        scanner.skip()?;
        if !seen.insert(key.to_owned()) {
            return Err(duplicate(key, offset));
        }
        Ok(())
    });
    found.err().unwrap_or_else(|| InvalidRequest::new(InvalidKind::DuplicateKey(String::new()), Some(object.offset())))
}
