//! A memory with a policy's tables, and what routines leave in it as values.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use zt_eval::id::{EntityTypeId, EnumId};
use zt_eval::value::{
    Datum, Decimal, Duration, EntityUid, EnumMember, Host, Ip, IpRange, Path, Quantity, Text, Timestamp, Value, Version,
};
use zt_eval::{Policy, Request, Store};

use crate::runtime::bind::bind_request;
use crate::runtime::env::{grow, ld32, ld64, pages, read, reset, st32, st64, write};
use crate::runtime::gather::said_find;
use crate::runtime::layout::*;
use crate::runtime::memory::{alloc, arena_start};
use crate::tables::data::Data;
use crate::tables::{schema, store};

/// Where tables begin: behind the header.
const TABLES: u32 = 2048;

/// A memory with a policy's tables.
pub struct Machine {
    /// Behind them.
    end: i32,
}

impl Machine {
    /// Puts the tables of a policy and a store into this thread's memory.
    pub fn new(policy: &Policy, entities: &Store) -> Self {
        reset();
        let mut data = Data::new(TABLES);
        let mut header = schema::write(&mut data, policy).header;
        header.extend(store::write(&mut data, policy, entities).unwrap());
        data.align(8);
        assert!(data.fits());
        let end = data.end() as i32;
        grow_to(end);
        write(TABLES as i32, &data.into_bytes());
        for (cell, value) in header {
            st32(cell, value as i32);
        }
        for (cell, tag, a) in
            [(CELL_UNKNOWN, T_UNKNOWN, 0), (CELL_ABSENT, T_ABSENT, 0), (CELL_FALSE, T_BOOL, 0), (CELL_TRUE, T_BOOL, 1)]
        {
            st32(cell, tag);
            st32(cell + 4, a);
            st64(cell + 8, 0);
        }
        Self { end }
    }

    /// Makes the memory as large as it is before binding this request.
    pub fn make_room(&self, text: &str) {
        grow_to(((self.end + text.len() as i32 + 7) & -8) + (1 << 16) + scrap(text.len()));
    }

    /// Binds a request, which stands at the very end of what is not the arena.
    pub fn bind(&self, text: &[u8]) -> bool {
        let arena = (self.end + text.len() as i32 + 7) & -8;
        grow_to(arena + (1 << 16) + scrap(text.len()));
        let at = arena - text.len() as i32;
        write(at, text);
        st32(H_ARENA, arena);
        st32(SCRAP, scrap(text.len()));
        arena_start(arena);
        bind_request(at, text.len() as i32)
    }

    /// Whether what was bound is this request; what differs.
    pub fn same(&self, request: &Request) -> Result<(), String> {
        let count = request.context().len() as i32;
        same("action", &(ld32(ACTION) as usize), &request.action().index())?;
        same("subject", &uid_at(SUBJECT), request.subject())?;
        same("resource", &uid_at(RESOURCE), request.resource())?;
        same("context", &data_at(ld32(CONTEXT), count), &brief(request.context()))?;
        let addresses = (0..ld32(DESCRIBED_COUNT)).map(|at| ld32(ld32(DESCRIBED) + at * 4));
        let described: BTreeMap<EntityUid, i32> = addresses.map(|at| (uid_at(at), at)).collect();
        let uids: Vec<&EntityUid> = request.entities().iter().map(|entity| entity.uid()).collect();
        same("entities", &described.keys().collect::<Vec<_>>(), &uids)?;
        same("entities, counted", &(ld32(DESCRIBED_COUNT) as usize), &uids.len())?;
        for entity in request.entities() {
            let at = described[entity.uid()];
            let count = entity.attributes().len() as i32;
            let what = format!("{:?}", entity.uid());
            same(&what, &data_at(ld32(at + SAID_ATTRIBUTES), count), &brief(entity.attributes()))?;
            let parents = (ld32(at + SAID_PARENTS_KNOWN) != 0).then(|| {
                (0..ld32(at + SAID_PARENTS_COUNT)).map(|n| uid_at(ld32(at + SAID_PARENTS) + n * CELL)).collect()
            });
            same(&what, &parents, &entity.parents().map(<[_]>::to_vec))?;
            same(&what, &said_find(at), &at)?;
        }
        let said = |uid| described.get(uid).copied().unwrap_or(NOWHERE);
        same("the subject's description", &ld32(SUBJECT_SAID), &said(request.subject()))?;
        same("the resource's description", &ld32(RESOURCE_SAID), &said(request.resource()))
    }
}

/// An error that names what differs.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}

fn grow_to(end: i32) {
    let missing = (end + 65535) / 65536 - pages();
    if missing > 0 {
        assert!(grow(missing) >= 0);
    }
}

/// A new cell of an entity.
pub fn place_uid(uid: &EntityUid) -> i32 {
    let id = uid.id.as_str().as_bytes();
    let at = alloc(CELL + id.len() as i32);
    write(at + CELL, id);
    st32(at, T_ENTITY);
    st32(at + 4, uid.ty.index() as i32);
    st32(at + 8, at + CELL);
    st32(at + 12, id.len() as i32);
    at
}

fn bytes_at(at: i32) -> Vec<u8> {
    read(ld32(at), ld32(at + 4))
}

fn text_at(at: i32) -> String {
    String::from_utf8(bytes_at(at)).unwrap()
}

/// The entity in a cell.
pub fn uid_at(cell: i32) -> EntityUid {
    assert_eq!(ld32(cell), T_ENTITY);
    EntityUid { ty: EntityTypeId::new(ld32(cell + 4) as usize), id: Text::new(&text_at(cell + 8)) }
}

/// The data in cells.
pub fn data_at(cells: i32, count: i32) -> Vec<Datum> {
    (0..count).map(|at| datum_at(cells + at * CELL)).collect()
}

/// A record's fields without those at its end that are unknown: routines have no cells for what nothing reads.
fn known(mut fields: Vec<Datum>) -> Arc<[Datum]> {
    while fields.last() == Some(&Datum::Unknown) {
        fields.pop();
    }
    fields.into()
}

/// Data with their records as [`datum_at`] gives them.
pub fn brief(data: &[Datum]) -> Vec<Datum> {
    let datum = |datum: &Datum| match datum {
        Datum::Value(value) => Datum::Value(brief_value(value)),
        other => other.clone(),
    };
    data.iter().map(datum).collect()
}

fn brief_value(value: &Value) -> Value {
    match value {
        Value::List(all) => Value::List(all.iter().map(brief_value).collect()),
        Value::Map(all) => Value::Map(all.iter().map(|(key, value)| (key.clone(), brief_value(value))).collect()),
        Value::Record(fields) => Value::Record(known(brief(fields))),
        other => other.clone(),
    }
}

/// The datum in a cell.
pub fn datum_at(cell: i32) -> Datum {
    match ld32(cell) {
        T_UNKNOWN => Datum::Unknown,
        T_ABSENT => Datum::Absent,
        _ => Datum::Value(value_at(cell)),
    }
}

fn value_at(cell: i32) -> Value {
    let (a, b) = (ld32(cell + 4), ld64(cell + 8));
    let values = |at: i32| -> Vec<Value> { (0..a).map(|n| value_at(at + n * CELL)).collect() };
    match ld32(cell) {
        T_BOOL => Value::Bool(a != 0),
        T_INT => Value::Int(b),
        T_DECIMAL => Value::Decimal(Decimal::from_units(b)),
        T_STRING => Value::String(Text::new(&text_at(cell + 8))),
        T_TIMESTAMP => Value::Timestamp(Timestamp::from_millis(b).unwrap()),
        T_DURATION => Value::Duration(Duration::from_millis(b)),
        T_IP => Value::Ip(Ip::new(address_at(a, b as i32))),
        T_RANGE => Value::IpRange(IpRange::new(address_at(a & 255, b as i32), (a >> 8) as u8).unwrap()),
        T_VERSION => Value::Version(version_at(b as i32).into()),
        T_QUANTITY => {
            let units = i128::from(ld64(b as i32 + 8)) << 64 | i128::from(ld64(b as i32) as u64);
            Value::Quantity(Quantity::from_units(units).unwrap())
        }
        T_PATH => Value::Path(Path::parse(&text_at(cell + 8)).unwrap()),
        T_HOST => Value::Host(Host::parse(&text_at(cell + 8)).unwrap()),
        T_ENUM => Value::Enum(EnumMember { ty: EnumId::new(b as usize), index: a as u32 }),
        T_ENTITY => Value::Entity(uid_at(cell)),
        T_SET => Value::Set(values(b as i32).into()),
        T_LIST => Value::List(values(b as i32).into()),
        T_MAP => {
            let pair = |at: i32| (Text::new(&text_at(at + 8)), value_at(at + CELL));
            Value::Map((0..a).map(|n| pair(b as i32 + n * 2 * CELL)).collect())
        }
        T_RECORD => Value::Record(known(data_at(b as i32, a))),
        tag => panic!("no tag: {tag}"),
    }
}

fn address_at(family: i32, at: i32) -> IpAddr {
    let octets: [u8; 16] = read(at, 16).try_into().unwrap();
    match family {
        4 => Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).into(),
        6 => Ipv6Addr::from(octets).into(),
        _ => panic!("no family: {family}"),
    }
}

fn version_at(at: i32) -> Version {
    let pre = text_at(at + 24);
    let dash = if pre.is_empty() { "" } else { "-" };
    assert_eq!(ld32(at + 36), 0, "build metadata is dropped");
    Version::parse(&format!("{}.{}.{}{dash}{pre}", ld64(at) as u64, ld64(at + 8) as u64, ld64(at + 16) as u64)).unwrap()
}

/// Bytes of the scrap that a request asks for, as modules have it.
fn scrap(len: usize) -> i32 {
    (1 << 16) + len as i32 * 16
}
