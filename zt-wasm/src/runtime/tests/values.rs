//! Operators, patterns and calendars.

mod calendar;
mod generate;
mod operators;
mod patterns;

use std::sync::Arc;

use zt_eval::Truth;
use zt_eval::id::{EntityTypeId, EnumId};
use zt_eval::value::{
    Datum, Decimal, Duration, EntityUid, EnumMember, Host, Ip, IpRange, Path, Quantity, Text, Timestamp, Value, Version,
};

use super::super::env;
use super::super::layout::*;
use super::super::memory::*;
use super::{ARENA_AT, start};
use crate::tables::data::Data;

/// An empty memory with the cells that never change, and the cells of these data.
fn given<const N: usize>(data: [&Datum; N]) -> [i32; N] {
    start();
    put_cell(CELL_UNKNOWN, T_UNKNOWN, 0, 0);
    put_cell(CELL_ABSENT, T_ABSENT, 0, 0);
    put_cell(CELL_FALSE, T_BOOL, 0, 0);
    put_cell(CELL_TRUE, T_BOOL, 1, 0);
    let mut segment = Data::new(ARENA_AT as u32);
    let cells = data.map(|datum| segment.cells([datum]) as i32);
    put(&segment.into_bytes());
    cells
}

/// Bytes in the arena: their address.
fn put(bytes: &[u8]) -> i32 {
    let at = alloc(bytes.len() as i32);
    env::write(at, bytes);
    at
}

fn known(value: &Value) -> Datum {
    Datum::Value(value.clone())
}

fn truth(number: i32) -> Truth {
    match number {
        FALSE => Truth::False,
        TRUE => Truth::True,
        UNKNOWN => Truth::Unknown,
        other => panic!("{other} is no truth"),
    }
}

/// What an operator gives on values, as a truth on data.
fn truth_of(result: Option<bool>) -> Truth {
    result.map_or(Truth::Unknown, Truth::from)
}

fn text_at(span: i64) -> String {
    String::from_utf8(env::read(span as i32, (span >> 32) as i32)).unwrap()
}

/// The datum that a cell holds.
fn datum(cell: i32) -> Datum {
    match env::ld32(cell) {
        T_UNKNOWN => Datum::Unknown,
        T_ABSENT => Datum::Absent,
        _ => Datum::Value(value(cell)),
    }
}

fn value(cell: i32) -> Value {
    let (a, b) = (env::ld32(cell + 4), env::ld64(cell + 8));
    let at = b as i32;
    let inner = |at: i32, index: i32| datum(at + index * CELL).into_value().unwrap();
    match env::ld32(cell) {
        T_BOOL => Value::Bool(a == 1),
        T_INT => Value::Int(b),
        T_DECIMAL => Value::Decimal(Decimal::from_units(b)),
        T_STRING => Value::String(text_at(b).into()),
        T_TIMESTAMP => Value::Timestamp(Timestamp::from_millis(b).unwrap()),
        T_DURATION => Value::Duration(Duration::from_millis(b)),
        T_IP => Value::Ip(Ip::new(address(a, at))),
        T_RANGE => Value::IpRange(IpRange::new(address(a & 255, at), (a >> 8) as u8).unwrap()),
        T_VERSION => Value::Version(version(at)),
        T_QUANTITY => {
            let units = i128::from_le_bytes(env::read(at, 16).try_into().unwrap());
            Value::Quantity(Quantity::from_units(units).unwrap())
        }
        T_PATH => {
            let encoded = text_at(b).replace('%', "%25").replace('?', "%3F").replace('#', "%23");
            Value::Path(Path::parse(&encoded).unwrap())
        }
        T_HOST => Value::Host(Host::parse(&text_at(b)).unwrap()),
        T_ENUM => Value::Enum(EnumMember { ty: EnumId::new(b as usize), index: a as u32 }),
        T_ENTITY => Value::Entity(EntityUid { ty: EntityTypeId::new(a as usize), id: text_at(b).into() }),
        // As it stands: that it is sorted is part of what is tested.
        T_SET => Value::Set((0..a).map(|index| inner(at, index)).collect()),
        T_LIST => Value::List((0..a).map(|index| inner(at, index)).collect()),
        T_MAP => Value::Map((0..a).map(|index| (key(at + index * 2 * CELL), inner(at, index * 2 + 1))).collect()),
        T_RECORD => Value::Record((0..a).map(|index| datum(at + index * CELL)).collect()),
        other => panic!("{other} is no tag"),
    }
}

fn key(cell: i32) -> Text {
    assert_eq!(env::ld32(cell), T_STRING);
    text_at(env::ld64(cell + 8)).into()
}

fn address(family: i32, at: i32) -> std::net::IpAddr {
    match family {
        4 => <[u8; 4]>::try_from(env::read(at, 4)).unwrap().into(),
        6 => <[u8; 16]>::try_from(env::read(at, 16)).unwrap().into(),
        other => panic!("{other} is no family"),
    }
}

fn version(at: i32) -> Arc<Version> {
    let [major, minor, patch, pre] = [0, 8, 16, 24].map(|offset| env::ld64(at + offset));
    let pre = text_at(pre);
    let dash = if pre.is_empty() { "" } else { "-" };
    Arc::new(Version::parse(&format!("{major}.{minor}.{patch}{dash}{pre}")).unwrap())
}
