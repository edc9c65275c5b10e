//! What follows from the declarations: which values fit a type, where parents can lead, when entity data can be shared.

use sha2::{Digest, Sha256};

use super::{Clock, EnumType, Field, RecordType, Schema, Type};
use crate::id::EntityTypeId;
use crate::value::{Datum, EnumMember, Value};

impl Schema {
    /// Whether `value` is a value of the type. A record's fields may be unknown; they are absent only if optional.
    ///
    /// Values nested deeper than [`Value::DEPTH_MAX`] fit no type.
    #[must_use]
    pub fn accepts(&self, ty: &Type, value: &Value) -> bool {
        self.accepts_within(ty, value, Value::DEPTH_MAX)
    }

    /// Whether the datum can be what is known of a place of this type.
    #[must_use]
    pub fn accepts_datum(&self, ty: &Type, datum: &Datum) -> bool {
        self.accepts_datum_within(ty, datum, Value::DEPTH_MAX)
    }

    fn accepts_datum_within(&self, ty: &Type, datum: &Datum, depth_max: u32) -> bool {
        match datum {
            Datum::Unknown => true,
            Datum::Absent => ty.is_optional(),
            Datum::Value(value) => self.accepts_within(ty, value, depth_max),
        }
    }

    fn accepts_within(&self, ty: &Type, value: &Value, depth_max: u32) -> bool {
        match (ty.present(), value) {
            (Type::Set(of), Value::Set(elements)) | (Type::List(of), Value::List(elements)) => {
                depth_max > 0 && elements.iter().all(|element| self.accepts_within(of, element, depth_max - 1))
            }
            (Type::Map(of), Value::Map(entries)) => {
                depth_max > 0 && entries.iter().all(|(_, entry)| self.accepts_within(of, entry, depth_max - 1))
            }
            (Type::Record(id), Value::Record(data)) => {
                depth_max > 0 && self.record(*id).is_some_and(|record| self.fills(&record.fields, data, depth_max - 1))
            }
            (ty, value) => self.accepts_scalar(ty, value),
        }
    }

    fn fills(&self, fields: &[Field], data: &[Datum], depth_max: u32) -> bool {
        fields.len() == data.len()
            && fields.iter().zip(data).all(|(field, datum)| self.accepts_datum_within(&field.ty, datum, depth_max))
    }

    fn accepts_scalar(&self, ty: &Type, value: &Value) -> bool {
        match (ty, value) {
            (Type::Enum(id), Value::Enum(member)) => *id == member.ty && self.has_member(*member),
            (Type::Entity(types), Value::Entity(uid)) => types.contains(&uid.ty),
            (Type::Bool, Value::Bool(_))
            | (Type::Int, Value::Int(_))
            | (Type::Decimal, Value::Decimal(_))
            | (Type::String, Value::String(_))
            | (Type::Timestamp, Value::Timestamp(_))
            | (Type::Duration, Value::Duration(_))
            | (Type::Ip, Value::Ip(_))
            | (Type::IpRange, Value::IpRange(_))
            | (Type::Version, Value::Version(_))
            | (Type::Quantity, Value::Quantity(_))
            | (Type::Path, Value::Path(_))
            | (Type::Host, Value::Host(_)) => true,
            _ => false,
        }
    }

    fn has_member(&self, member: EnumMember) -> bool {
        self.enum_type(member.ty).is_some_and(|ty| (member.index as usize) < ty.members.len())
    }

    /// Row by entity type: the types that its parents, their parents and so on can have, and the type itself.
    ///
    /// Closed by rows of bits (Warshall), so that the most types and the densest parents take well under a second.
    #[must_use]
    pub fn leads_to(&self) -> Vec<Box<[bool]>> {
        let mut rows: Vec<Vec<u64>> =
            self.entities.iter().enumerate().map(|(own, entity)| self.parents_row(own, &entity.parents)).collect();
        for through in 0..rows.len() {
            let reached = rows.get(through).cloned().unwrap_or_default();
            for row in rows.iter_mut().filter(|row| has_bit(row, through)) {
                row.iter_mut().zip(&reached).for_each(|(word, more)| *word |= more);
            }
        }
        let types = 0..self.entities.len();
        rows.iter().map(|row| types.clone().map(|ty| has_bit(row, ty)).collect()).collect()
    }

    /// The rows of [`leads_to`](Self::leads_to) in one: whether parents can lead there by one step or more.
    pub(crate) fn leads_on(&self, leads_to: &[Box<[bool]>]) -> Box<[bool]> {
        let leads = |ty: &EntityTypeId, to| leads_to.get(ty.index()).and_then(|row| row.get(to)) == Some(&true);
        let leads_back =
            |own: usize| self.entities.get(own).is_some_and(|entity| entity.parents.iter().any(|ty| leads(ty, own)));
        let rows = leads_to.iter().enumerate();
        rows.flat_map(|(own, row)| (0..).zip(row).map(move |(to, leads)| *leads && (to != own || leads_back(own))))
            .collect()
    }

    fn parents_row(&self, own: usize, parents: &[EntityTypeId]) -> Vec<u64> {
        let mut row = vec![0; self.entities.len().div_ceil(64)];
        for ty in parents.iter().map(|ty| ty.index()).chain([own]) {
            if let Some(word) = row.get_mut(ty / 64) {
                *word |= 1 << (ty % 64);
            }
        }
        row
    }

    /// A digest of everything that entity data is read against: two schemas with the same one read it the same.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let entities: Vec<_> = self
            .entities
            .iter()
            .map(|entity| {
                let attributes: Vec<_> = entity.attributes.iter().map(|each| (&each.name, &each.ty)).collect();
                (&entity.name, &entity.parents, attributes)
            })
            .collect();
        let parts: (&Vec<EnumType>, &Vec<RecordType>, _) = (&self.enums, &self.records, entities);
        // Serialising names, ids and types into memory has no way to fail; were there one, the prefix is still a digest.
        Sha256::digest(postcard::to_stdvec(&parts).unwrap_or_default()).into()
    }

    /// The type of the time that a freshness bound reads among `siblings`; `None` when there is no such place.
    #[must_use]
    pub fn clock_type<'a>(&'a self, siblings: &'a [super::Attribute], clock: &Clock) -> Option<&'a Type> {
        let mut ty = &siblings.get(clock.attribute as usize)?.ty;
        for field in &clock.fields {
            let Type::Record(id) = ty.present() else {
                return None;
            };
            ty = &self.record(*id)?.fields.get(*field as usize)?.ty;
        }
        Some(ty)
    }
}

fn has_bit(row: &[u64], at: usize) -> bool {
    row.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}
