//! Reads JSON values against declared types.
//!
//! In a request, a value that is not of its type is unknown. In entity data and parameters, which somebody prepared, it is
//! an error. Limits and duplicate keys are errors in both. The rest of a value is read even when it is known to be
//! unknown as a whole, so that what makes a document invalid does not depend on the order of its parts.

use std::borrow::Cow;

use super::invalid::{InvalidKind, InvalidRequest, InvalidValue};
use crate::id::RecordId;
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
    let reader = Reader { schema, limits, on_mistyped: OnMistyped::Refuse };
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
    pub on_mistyped: OnMistyped,
}

/// The members of an entity reference that were there and were strings.
#[derive(Default)]
pub(crate) struct EntityNames<'a> {
    pub ty: Option<Cow<'a, str>>,
    pub id: Option<Cow<'a, str>>,
}

impl<'p> Reader<'p> {
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
        let kind = scanner.peek()?;
        let offset = scanner.offset();
        let value = match (ty.present(), kind) {
            (_, Kind::Null) if ty.is_optional() => {
                scanner.null()?;
                return Ok(Datum::Absent);
            }
            (Type::Set(of), Kind::Array) => self.set(scanner, of, complete)?,
            (Type::List(of), Kind::Array) => {
                self.elements(scanner, of, complete)?.map(|elements| Value::List(elements.into()))
            }
            (Type::Map(of), Kind::Object) => self.map(scanner, of, complete)?,
            (Type::Record(id), Kind::Object) => Some(self.record(scanner, *id, complete)?),
            (Type::Entity(_), Kind::Object) => self.entity(scanner, ty)?,
            (scalar, _) => self.scalar(scanner, scalar, kind)?,
        };
        match value {
            Some(value) => Ok(Datum::Value(value)),
            None => self.mistyped(ty, offset),
        }
    }

    pub fn mistyped(&self, ty: &Type, offset: usize) -> Result<Datum, InvalidRequest> {
        match self.on_mistyped {
            OnMistyped::Unknown => Ok(Datum::Unknown),
            OnMistyped::Refuse => {
                Err(InvalidRequest::new(InvalidKind::Mistyped(self.schema.type_text(ty)), Some(offset)))
            }
        }
    }

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
    pub fn string<'a>(&self, scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, InvalidRequest> {
        let offset = scanner.offset();
        let text = scanner.string()?;
        self.check_string(&text, Some(offset))?;
        Ok(text)
    }

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

    fn set(&self, scanner: &mut Scanner, of: &Type, complete: bool) -> Result<Option<Value>, InvalidRequest> {
        Ok(self.elements(scanner, of, complete)?.and_then(set_of_known))
    }

    /// The elements of an array if all are values.
    fn elements(&self, scanner: &mut Scanner, of: &Type, complete: bool) -> Result<Option<Vec<Value>>, InvalidRequest> {
        let start = scanner.offset();
        let mut elements = Some(Vec::new());
        let mut count = 0;
        scanner.array(|scanner| {
            count += 1;
            if count > self.limits.elements_max as usize {
                // Counted to the end, for the message; the array is refused.
                return Ok(scanner.skip().map(drop)?);
            }
            let datum = self.datum(scanner, of, complete).map_err(|error| error.at(count - 1))?;
            push_known(&mut elements, datum);
            Ok::<_, InvalidRequest>(())
        })?;
        self.check_elements(count, Some(start))?;
        Ok(elements)
    }

    fn map(&self, scanner: &mut Scanner, of: &Type, complete: bool) -> Result<Option<Value>, InvalidRequest> {
        let start = scanner.offset();
        let mut keys: Vec<(Text, usize)> = Vec::new();
        let mut values = Some(Vec::new());
        let mut count = 0;
        scanner.object(|scanner, key, offset| {
            count += 1;
            if count > self.limits.elements_max as usize {
                return Ok(scanner.skip().map(drop)?);
            }
            self.check_string(&key, Some(offset)).map_err(|error| error.under(&key))?;
            let datum = self.datum(scanner, of, complete).map_err(|error| error.under(&key))?;
            keys.push((key.into(), offset));
            push_known(&mut values, datum);
            Ok::<_, InvalidRequest>(())
        })?;
        self.check_elements(count, Some(start))?;
        check_distinct(&keys)?;
        Ok(values.and_then(|values| Value::map(keys.into_iter().map(|(key, _)| key).zip(values).collect())))
    }

    fn record(&self, scanner: &mut Scanner, id: RecordId, complete: bool) -> Result<Value, InvalidRequest> {
        let fields = self.schema.record(id).map_or(&[][..], |record| &record.fields);
        let mut data: Vec<Option<Datum>> = vec![None; fields.len()];
        scanner.object(|scanner, key, offset| {
            let place = fields.iter().zip(&mut data).find(|(field, _)| *field.name == *key);
            let Some((field, datum)) = place else {
                return Ok(scanner.skip().map(drop)?);
            };
            if datum.is_some() {
                return Err(duplicate(&key, offset));
            }
            *datum = Some(self.datum(scanner, &field.ty, complete).map_err(|error| error.under(&key))?);
            Ok(())
        })?;
        Ok(Value::Record(fields.iter().zip(data).map(|(field, datum)| settle(&field.ty, datum, complete)).collect()))
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
            let (seen, name) = match &*key {
                "type" => (&mut has_type, &mut names.ty),
                "id" => (&mut has_id, &mut names.id),
                _ => return Ok(scanner.skip().map(drop)?),
            };
            if std::mem::replace(seen, true) {
                return Err(duplicate(&key, offset));
            }
            if scanner.peek()? == Kind::String {
                *name = Some(self.string(scanner).map_err(|error| error.under(&key))?);
            } else {
                scanner.skip()?;
            }
            Ok(())
        })?;
        Ok(names)
    }

    /// The entity that both names are given of, if its type exists.
    pub fn uid(&self, names: EntityNames) -> Option<EntityUid> {
        let ty = self.schema.find_entity(&names.ty?)?;
        Some(EntityUid { ty, id: names.id?.into() })
    }
}

/// What is known of a place of type `ty`, given what was said. Silence is a fact where the speaker is `complete`.
pub(crate) fn settle(ty: &Type, said: Option<Datum>, complete: bool) -> Datum {
    said.unwrap_or(if complete && ty.is_optional() { Datum::Absent } else { Datum::Unknown })
}

/// The set of values of which nothing inside is unknown: whether a partly known element equals another is not known.
pub(crate) fn set_of_known(elements: Vec<Value>) -> Option<Value> {
    elements.iter().all(Value::is_wholly_known).then(|| Value::set(elements))
}

/// Adds a value; anything else makes the whole unknown.
pub(crate) fn push_known(values: &mut Option<Vec<Value>>, datum: Datum) {
    match (datum, values.as_mut()) {
        (Datum::Value(value), Some(values)) => values.push(value),
        _ => *values = None,
    }
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

fn check_distinct(keys: &[(Text, usize)]) -> Result<(), InvalidRequest> {
    let mut sorted: Vec<&(Text, usize)> = keys.iter().collect();
    sorted.sort_unstable();
    let twice = sorted.windows(2).filter(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
    match twice.filter_map(|pair| pair.last()).min_by_key(|(_, offset)| *offset) {
        Some((key, offset)) => Err(duplicate(key, *offset)),
        None => Ok(()),
    }
}
