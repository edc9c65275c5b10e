//! Scalars of each type, from JSON: the one place that says how each type is written.
//!
//! A type's kind is the tag of its values. The cell is written when there is such a value; otherwise it may be written too,
//! and what is in it means nothing.

use super::address::*;
use super::declared::*;
use super::env::*;
use super::hostname::*;
use super::layout::*;
use super::memory::*;
use super::number::*;
use super::path::*;
use super::time::*;
use super::version::*;

/// The value of a type that a text stands for; whether there is one.
pub fn scalar_of_text(ty: i32, at: i32, len: i32, out: i32) -> bool {
    let kind = type_kind(ty);
    return match type_used(kind) {
        T_STRING => {
            put_cell(out, T_STRING, 0, span(at, len));
            true
        }
        T_DECIMAL => {
            let is_one = decimal_parse(at, len);
            scalar_put(is_one, T_DECIMAL, out)
        }
        T_TIMESTAMP => {
            let is_one = timestamp_parse(at, len);
            scalar_put(is_one, T_TIMESTAMP, out)
        }
        T_DURATION => {
            let is_one = duration_parse(at, len);
            scalar_put(is_one, T_DURATION, out)
        }
        T_QUANTITY => scalar_quantity(at, len, out),
        T_IP => ip_parse(at, len, out),
        T_RANGE => range_parse(at, len, out),
        T_VERSION => version_parse(at, len, out),
        T_PATH => path_parse(at, len, out),
        T_HOST => hostname_parse(at, len, out),
        T_ENUM => scalar_enum(ty, at, len, out),
        _ => false,
    };
}

/// The value of a type that a JSON number stands for, by its exact text; whether there is one.
pub fn scalar_of_number(ty: i32, at: i32, len: i32, out: i32) -> bool {
    let kind = type_kind(ty);
    return match type_used(kind) {
        T_INT => int_parse(at, len, out),
        T_DECIMAL => {
            let is_one = decimal_parse(at, len);
            scalar_put(is_one, T_DECIMAL, out)
        }
        T_TIMESTAMP => {
            let is_one = timestamp_of_number(at, len);
            scalar_put(is_one, T_TIMESTAMP, out)
        }
        T_QUANTITY => scalar_quantity(at, len, out),
        _ => false,
    };
}

/// The value of type `Bool`; whether that is the type.
pub fn scalar_of_bool(ty: i32, value: i32, out: i32) -> bool {
    return match type_used(type_kind(ty)) {
        T_BOOL => {
            put_cell(out, T_BOOL, value, 0);
            true
        }
        _ => false,
    };
}

/// The value whose number is in [`R0`], if it is one.
fn scalar_put(is_one: bool, tag: i32, out: i32) -> bool {
    if is_one {
        put_cell(out, tag, 0, ld64(R0));
    }
    return is_one;
}

fn scalar_quantity(at: i32, len: i32, out: i32) -> bool {
    if !quantity_parse(at, len) {
        return false;
    }
    quantity_put(out);
    return true;
}

/// The member of an enum that has this name.
fn scalar_enum(ty: i32, at: i32, len: i32, out: i32) -> bool {
    let names = type_parts(ty);
    let count = type_count(ty);
    let mut member = 0;
    while member < count {
        let name = names + member * name_width();
        if bytes_equal(name_at(name), name_len(name), at, len) {
            put_cell(out, T_ENUM, member, type_enum(ty) as i64);
            return true;
        }
        member += 1;
    }
    return false;
}
