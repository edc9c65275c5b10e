//! A segment of data: bytes at fixed addresses, among them constants as cells.
//!
//! Everything is appended and never moved, so that an address that was given stays good. Texts and other bytes that are
//! the same are there once.

use std::collections::HashMap;
use std::net::IpAddr;

use zt_eval::value::{Datum, EntityUid, Ip, Value, Version};

use super::row::{Rows, Widths};
use crate::layout;

/// Bytes of a cell.
pub const CELL: usize = layout::CELL as usize;

/// A segment that grows.
#[derive(Debug)]
pub struct Data {
    base: u32,
    bytes: Vec<u8>,
    /// Shared bytes by how they are aligned.
    shared: HashMap<(usize, Box<[u8]>), u32>,
    /// Parts by name, and where each begins.
    parts: Vec<(&'static str, usize)>,
    /// How wide rows are.
    widths: Widths,
    /// What was wider than that: the segment is of no use then.
    pub lacks: Widths,
}

impl Data {
    /// An empty segment at an address, which is a multiple of eight and not [`layout::NOWHERE`].
    #[cfg(test)]
    #[must_use]
    pub fn new(base: u32) -> Self {
        Self::with_rows(base, Widths { wide: true, many: true })
    }

    /// The same, with rows of such widths: what does not fit in is noted in [`lacks`](Self::lacks).
    #[must_use]
    pub fn with_rows(base: u32, widths: Widths) -> Self {
        let (bytes, shared, parts) = (Vec::new(), HashMap::new(), Vec::new());
        Self { base, bytes, shared, parts, widths, lacks: Widths::default() }
    }

    /// How wide rows are.
    #[must_use]
    pub fn widths(&self) -> Widths {
        self.widths
    }

    /// Rows that are to be written.
    #[must_use]
    pub fn rows(&self) -> Rows {
        Rows::new(self.widths)
    }

    /// Where the segment begins.
    #[must_use]
    pub fn base(&self) -> u32 {
        self.base
    }

    /// So many bytes that are zero at first, aligned to eight: they stand before the segment, and so this comes before
    /// anything is written.
    pub fn zeroed(&mut self, len: u32) -> u32 {
        debug_assert!(self.bytes.is_empty());
        let at = self.base;
        self.base = at.saturating_add(len).saturating_add(7) & !7;
        at
    }

    /// Where the next byte will stand. Saturates; [`fits`](Self::fits) then says no.
    #[must_use]
    pub fn end(&self) -> u32 {
        u32::try_from(self.bytes.len()).ok().and_then(|len| self.base.checked_add(len)).unwrap_or(u32::MAX)
    }

    /// Whether all addresses that were given are such: a module's addresses are not negative as signed numbers.
    #[must_use]
    pub fn fits(&self) -> bool {
        i32::try_from(self.end()).is_ok()
    }

    /// The segment.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What follows belongs to this part, of which one may read how large it is.
    pub fn part(&mut self, name: &'static str) {
        self.parts.push((name, self.bytes.len()));
    }

    /// The parts and how many bytes each has.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, usize)> {
        let ends = self.parts.iter().skip(1).map(|(_, start)| *start).chain([self.bytes.len()]);
        self.parts.iter().zip(ends).map(|((name, start), end)| (*name, end - start)).collect()
    }

    /// Zeros until the next byte's address is a multiple of `to`; that address.
    pub fn align(&mut self, to: usize) -> u32 {
        let to = to.max(1);
        let past = (self.base as usize).wrapping_add(self.bytes.len()) % to;
        if past != 0 {
            self.bytes.resize(self.bytes.len() + to - past, 0);
        }
        self.end()
    }

    /// Appends bytes as they are; their address.
    pub fn bytes(&mut self, bytes: &[u8]) -> u32 {
        let at = self.end();
        self.bytes.extend_from_slice(bytes);
        at
    }

    /// So many zeros, to be [patched](Self::patch); their address.
    pub fn reserve(&mut self, len: usize) -> u32 {
        let at = self.end();
        self.bytes.resize(self.bytes.len() + len, 0);
        at
    }

    /// The address of such bytes, aligned so: the same for the same bytes. No more than that may be done with it than
    /// reading them.
    pub fn shared(&mut self, bytes: &[u8], align: usize) -> u32 {
        if let Some(at) = self.shared.get(&(align, bytes.into())) {
            return *at;
        }
        self.align(align);
        let at = self.bytes(bytes);
        self.shared.insert((align, bytes.into()), at);
        at
    }

    /// The address of a text's bytes; equal texts share it.
    pub fn text(&mut self, text: &str) -> u32 {
        self.shared(text.as_bytes(), 1)
    }

    /// A text's address and length as 8 bytes hold them.
    pub fn span(&mut self, text: &str) -> u64 {
        u64::from(self.text(text)) | (text.len() as u64) << 32
    }

    /// The address of numbers of 4 bytes each; equal rows of numbers share it.
    pub fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.shared(&bytes, 1)
    }

    /// The address of `count` bits, the lowest of a byte first, of which those at these positions are 1. Equal rows share it. Where
    /// one bit is 1, the row is a part of a longer one, in which there are zeros on both sides: there are no more than eight of
    /// those, however many rows.
    pub fn bits(&mut self, count: usize, ones: impl IntoIterator<Item = usize>) -> u32 {
        let mut ones = ones.into_iter();
        let len = count.div_ceil(8);
        match (ones.next(), ones.next()) {
            (Some(one), None) => {
                let mut around = vec![0; len * 2];
                around.get_mut(len).into_iter().for_each(|byte| *byte = 1 << (one % 8));
                self.shared(&around, 1).saturating_add(number(len.saturating_sub(one / 8)))
            }
            (first, second) => {
                let mut bits = vec![0u8; len];
                for one in first.into_iter().chain(second).chain(ones) {
                    bits.get_mut(one / 8).into_iter().for_each(|byte| *byte |= 1 << (one % 8));
                }
                self.shared(&bits, 1)
            }
        }
    }

    /// The address of a constant's cell; equal constants share it.
    pub fn cell(&mut self, value: &Value) -> u32 {
        let cell = self.encode(value);
        self.shared(&cell, 1)
    }

    /// The address of the cells of such data.
    pub fn cells<'a>(&mut self, data: impl IntoIterator<Item = &'a Datum>) -> u32 {
        let cells: Vec<u8> = data.into_iter().flat_map(|datum| self.encode_datum(datum)).collect();
        self.shared(&cells, 1)
    }

    /// The address of the cells of entities.
    pub fn entities<'a>(&mut self, uids: impl IntoIterator<Item = &'a EntityUid>) -> u32 {
        let cells: Vec<u8> = uids.into_iter().flat_map(|uid| self.encode_entity(uid)).collect();
        self.shared(&cells, 1)
    }

    /// A datum as a cell holds it; what it refers to is appended.
    pub fn encode_datum(&mut self, datum: &Datum) -> [u8; CELL] {
        match datum {
            Datum::Unknown => cell(layout::T_UNKNOWN, 0, 0),
            Datum::Absent => cell(layout::T_ABSENT, 0, 0),
            Datum::Value(value) => self.encode(value),
        }
    }

    /// An entity as a cell holds it.
    pub fn encode_entity(&mut self, uid: &EntityUid) -> [u8; CELL] {
        cell(layout::T_ENTITY, number(uid.ty.index()), self.span(uid.id.as_str()))
    }

    /// A value as a cell holds it; what it refers to is appended. Goes as deep as the value nests, which limits bound.
    pub fn encode(&mut self, value: &Value) -> [u8; CELL] {
        match value {
            Value::Bool(value) => cell(layout::T_BOOL, u32::from(*value), 0),
            Value::Int(value) => cell(layout::T_INT, 0, value.cast_unsigned()),
            Value::Decimal(value) => cell(layout::T_DECIMAL, 0, value.units().cast_unsigned()),
            Value::String(text) => cell(layout::T_STRING, 0, self.span(text.as_str())),
            Value::Timestamp(time) => cell(layout::T_TIMESTAMP, 0, time.millis().cast_unsigned()),
            Value::Duration(span) => cell(layout::T_DURATION, 0, span.millis().cast_unsigned()),
            Value::Ip(ip) => {
                let (family, at) = self.address(*ip);
                cell(layout::T_IP, family, at.into())
            }
            Value::IpRange(range) => {
                let (family, at) = self.address(range.addr());
                cell(layout::T_RANGE, family | u32::from(range.prefix()) << 8, at.into())
            }
            Value::Version(version) => cell(layout::T_VERSION, 0, self.version(version).into()),
            Value::Quantity(amount) => {
                let at = self.shared(&amount.units().to_le_bytes(), 1);
                cell(layout::T_QUANTITY, 0, at.into())
            }
            Value::Path(path) => cell(layout::T_PATH, 0, self.span(path.as_str())),
            Value::Host(host) => cell(layout::T_HOST, 0, self.span(host.as_str())),
            Value::Enum(member) => cell(layout::T_ENUM, member.index, member.ty.index() as u64),
            Value::Entity(uid) => self.encode_entity(uid),
            Value::Set(elements) => self.collection(layout::T_SET, elements),
            Value::List(elements) => self.collection(layout::T_LIST, elements),
            Value::Map(entries) => {
                let mut cells = Vec::with_capacity(entries.len() * 2 * CELL);
                for (key, value) in entries.iter() {
                    cells.extend(cell(layout::T_STRING, 0, self.span(key.as_str())));
                    cells.extend(self.encode(value));
                }
                let at = self.shared(&cells, 1);
                cell(layout::T_MAP, number(entries.len()), at.into())
            }
            Value::Record(fields) => {
                let at = self.cells(fields.iter());
                cell(layout::T_RECORD, number(fields.len()), at.into())
            }
        }
    }

    fn collection(&mut self, tag: i32, elements: &[Value]) -> [u8; CELL] {
        let cells: Vec<u8> = elements.iter().flat_map(|element| self.encode(element)).collect();
        let at = self.shared(&cells, 1);
        cell(tag, number(elements.len()), at.into())
    }

    /// An address's family and where its bytes are.
    fn address(&mut self, ip: Ip) -> (u32, u32) {
        let mut octets = [0; 16];
        let family = match ip.addr() {
            IpAddr::V4(addr) => {
                octets.iter_mut().zip(addr.octets()).for_each(|(place, octet)| *place = octet);
                4
            }
            IpAddr::V6(addr) => {
                octets = addr.octets();
                6
            }
        };
        (family, self.shared(&octets, 1))
    }

    fn version(&mut self, version: &Version) -> u32 {
        let (major, minor, patch) = version.core();
        let pre_release = self.span(version.pre_release());
        // Build metadata is dropped from every version.
        let numbers = [major, minor, patch, pre_release, 0];
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.shared(&bytes, 1)
    }

    /// Writes bytes at an address that was reserved; without effect beyond the segment.
    pub fn patch(&mut self, at: u32, bytes: &[u8]) {
        let Some(start) = at.checked_sub(self.base).map(|start| start as usize) else {
            return;
        };
        let places = start.checked_add(bytes.len()).and_then(|end| self.bytes.get_mut(start..end));
        if let Some(places) = places {
            places.copy_from_slice(bytes);
        }
    }
}

/// A cell: its tag and its two numbers.
#[must_use]
pub fn cell(tag: i32, a: u32, b: u64) -> [u8; CELL] {
    let mut cell = [0; CELL];
    let bytes = tag.to_le_bytes().into_iter().chain(a.to_le_bytes()).chain(b.to_le_bytes());
    cell.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    cell
}

/// A count or a position, saturating: a segment with so many of anything does not [fit](Data::fits).
#[must_use]
pub fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zt_eval::id::EntityTypeId;

    const BASE: u32 = 1 << 16;

    fn read(data: &Data, at: u32, len: usize) -> &[u8] {
        let at = (at - BASE) as usize;
        &data.bytes[at..at + len]
    }

    fn cell_at(data: &Data, at: u32) -> (i32, u32, u64) {
        let bytes = read(data, at, CELL);
        let tag = i32::from_le_bytes(bytes[..4].try_into().unwrap());
        let a = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
        (tag, a, u64::from_le_bytes(bytes[8..].try_into().unwrap()))
    }

    #[test]
    fn equal_bytes_are_there_once_and_addresses_stay() {
        let mut data = Data::new(BASE);
        let red = data.text("red");
        let blue = data.text("blue");
        assert_eq!((red, blue, data.text("red"), data.end()), (BASE, BASE + 3, BASE, BASE + 7));
        assert_eq!(data.align(8), BASE + 8);
        let row = data.words(&[1, 2]);
        assert_eq!((row, data.words(&[1, 2])), (BASE + 8, BASE + 8));
        assert_eq!(read(&data, row, 8), [1, 0, 0, 0, 2, 0, 0, 0]);
        let hole = data.reserve(12);
        data.patch(hole + 4, &7u32.to_le_bytes());
        data.patch(hole + 8, &9u64.to_le_bytes()); // reaches beyond the end
        assert_eq!(read(&data, hole, 12), [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(read(&data, red, 7), b"redblue");
    }

    #[test]
    fn constants_are_cells() {
        let mut data = Data::new(BASE);
        let uid = EntityUid { ty: EntityTypeId::new(3), id: "ann".into() };
        let entity = data.cell(&Value::Entity(uid));
        let (tag, ty, span) = cell_at(&data, entity);
        assert_eq!((tag, ty, span >> 32), (layout::T_ENTITY, 3, 3));
        assert_eq!(read(&data, span as u32, 3), b"ann");

        let set = Value::set(vec![Value::Int(-1), Value::Bool(true)]);
        let at = data.cell(&set);
        assert_eq!(data.cell(&set), at);
        let (tag, count, elements) = cell_at(&data, at);
        assert_eq!((tag, count), (layout::T_SET, 2));
        assert_eq!(cell_at(&data, elements as u32), (layout::T_BOOL, 1, 0));
        assert_eq!(cell_at(&data, elements as u32 + 16), (layout::T_INT, 0, u64::MAX));

        let range = data.cell(&Value::IpRange(zt_eval::value::IpRange::parse("10.0.0.0/8").unwrap()));
        let (tag, family, octets) = cell_at(&data, range);
        assert_eq!((tag, family), (layout::T_RANGE, 4 | 8 << 8));
        assert_eq!(read(&data, octets as u32, 4), [10, 0, 0, 0]);

        let record = Value::Record([Datum::Unknown, Datum::Absent, Datum::Value(Value::Int(5))].into());
        let at = data.cell(&record);
        let (tag, count, fields) = cell_at(&data, at);
        assert_eq!((tag, count), (layout::T_RECORD, 3));
        let tags = [0, 16, 32].map(|offset| cell_at(&data, fields as u32 + offset).0);
        assert_eq!(tags, [layout::T_UNKNOWN, layout::T_ABSENT, layout::T_INT]);
    }
}
