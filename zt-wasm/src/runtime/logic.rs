//! Truths and data: what generated code puts together.

use super::env::*;
use super::facts::*;
use super::layout::*;
use super::memory::*;

/// Kleene's negation.
pub fn truth_not(truth: i32) -> i32 {
    return truth ^ ((truth >> 1) ^ 1);
}

/// What the conjunction of conditions is, none of which is false, given all their truths in one number by `or`.
pub fn all_of(truths: i32) -> i32 {
    return (truths >> 1) + 1;
}

/// A datum, or another one where it is absent.
pub fn or_else(cell: i32, other: i32) -> i32 {
    return if ld32(cell) == T_ABSENT { other } else { cell };
}

/// An entity's attribute: absent when the entity is, unknown when it is of another type.
pub fn attribute_of(cell: i32, ty: i32, attribute: i32) -> i32 {
    let tag = ld32(cell);
    if tag == T_ENTITY {
        return attribute_value(cell, ty, attribute);
    }
    return if tag == T_ABSENT { CELL_ABSENT } else { CELL_UNKNOWN };
}

/// For how many elements a condition held; -1 where it was unknown for one.
pub fn counted(met: i32) -> i32 {
    if met < 0 {
        return CELL_UNKNOWN;
    }
    return cell(T_INT, 0, met as i64);
}
