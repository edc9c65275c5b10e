//! Rows of what a policy declares: names, attributes, types, entity types, actions.
//!
//! Their addresses and numbers are as wide as those of `row.rs`, and columns that a policy has no use for are not there: a
//! module knows all of this when it is linked.

use super::env::*;
use super::layout::*;
use super::row::*;

// A name, with which most rows begin: address and length.

pub fn name_width() -> i32 {
    return place_width() + number_width();
}

pub fn name_at(row: i32) -> i32 {
    return place_at(row);
}

pub fn name_len(row: i32) -> i32 {
    return number_at(row + place_width());
}

// An attribute: its name, its type, how much of it is read, its source, and as bits whether that is complete, and whether the
// attribute is read, optional, and of a complete source: absent when nothing is said. Where any has a bound of freshness:
// where its bounds are, and how many. Where any can be renewed: the cell that its step-up gives, or nowhere, the acr as a
// name, and the age in seconds (8 bytes; -1 for none).

pub const ATTRIBUTE_IS_COMPLETE: i32 = 1;
pub const ATTRIBUTE_IS_SILENT: i32 = 2;

pub fn attribute_row(declared: i32, at: i32) -> i32 {
    return declared + at * attribute_width();
}

pub fn attribute_width() -> i32 {
    return attribute_step_up(0) + (ld32(H_STEPS_UP) != 0) as i32 * (place_width() + name_width() + 8);
}

pub fn attribute_type(row: i32) -> i32 {
    return place_at(row + name_width());
}

pub fn attribute_extent(row: i32) -> i32 {
    return place_at(row + name_width() + place_width());
}

pub fn attribute_from(row: i32) -> i32 {
    return number_at(row + name_width() + 2 * place_width());
}

fn attribute_flags(row: i32) -> i32 {
    return ld8(row + name_width() + 2 * place_width() + number_width());
}

pub fn attribute_complete(row: i32) -> i32 {
    return attribute_flags(row) & ATTRIBUTE_IS_COMPLETE;
}

pub fn attribute_is_silent(row: i32) -> bool {
    return attribute_flags(row) & ATTRIBUTE_IS_SILENT != 0;
}

fn attribute_fresh(row: i32) -> i32 {
    return row + name_width() + 2 * place_width() + number_width() + 1;
}

pub fn attribute_bounds(row: i32) -> i32 {
    return place_at(attribute_fresh(row));
}

pub fn attribute_bounds_count(row: i32) -> i32 {
    return number_at(attribute_fresh(row) + place_width());
}

fn attribute_step_up(row: i32) -> i32 {
    return attribute_fresh(row) + (ld32(H_BOUNDED) != 0) as i32 * name_width();
}

pub fn attribute_gives(row: i32) -> i32 {
    return place_at(attribute_step_up(row));
}

/// The acr's name.
pub fn attribute_acr(row: i32) -> i32 {
    return attribute_step_up(row) + place_width();
}

pub fn attribute_max_age(row: i32) -> i64 {
    return ld64(attribute_acr(row) + name_width());
}

// How much of a value is read: nothing, all, or the address of: 2 for fields of a record and 3 for elements, the number of
// parts, and how much is read of each. Of fields behind the last, nothing is read.

pub fn extent_kind(extent: i32) -> i32 {
    return number_at(extent);
}

pub fn extent_count(extent: i32) -> i32 {
    return number_at(extent + number_width());
}

pub fn extent_part(extent: i32, at: i32) -> i32 {
    return place_at(extent + at * place_width() + 2 * number_width());
}

// A type: its kind, which is the tag of its values, and whether it is optional (a byte each); then, of collections, the address
// of the elements' type; of entities, which types those are; of records, that of fields, and how many; of enums,
// that of members' names, how many, and the number of the enum.

pub fn type_kind(ty: i32) -> i32 {
    return ld8(ty);
}

pub fn type_is_optional(ty: i32) -> bool {
    return ld8(ty + 1) != 0;
}

/// The elements' type.
pub fn type_of(ty: i32) -> i32 {
    return place_at(ty + 2);
}

/// Fields, names of members, or types of entities.
pub fn type_parts(ty: i32) -> i32 {
    return place_at(ty + 2);
}

/// How many fields or members.
pub fn type_count(ty: i32) -> i32 {
    return number_at(ty + 2 + place_width());
}

pub fn type_enum(ty: i32) -> i32 {
    return number_at(ty + 2 + place_width() + number_width());
}

// A field: its name, and its type's address.

pub fn field_width() -> i32 {
    return name_width() + place_width();
}

pub fn field_type(field: i32) -> i32 {
    return place_at(field + name_width());
}

// Types of entities: the address of a bit for each entity type, the lowest of a byte first.

/// Whether a type is one of these.
pub fn has_type(types: i32, ty: i32) -> bool {
    return ld8(types + (ty >> 3)) >> (ty & 7) & 1 != 0;
}

// An entity type: its name; where its attributes are, and how many; which types its parents may have, and from which types
// parents lead to it; the source of its parents; and as bits whether it takes parents, and whether any rule can need them.

pub const ENTITY_TAKES_PARENTS: i32 = 1;
pub const ENTITY_READS_PARENTS: i32 = 2;

/// The row of an entity's type.
pub fn entity_row(uid: i32) -> i32 {
    return entity_type_row(ld32(uid + 4));
}

pub fn entity_type_row(ty: i32) -> i32 {
    return ld32(H_ENTITY_TYPES) + ty * entity_width();
}

pub fn entity_width() -> i32 {
    return 2 * name_width() + 2 * place_width() + number_width() + 1;
}

pub fn entity_attributes(row: i32) -> i32 {
    return place_at(row + name_width());
}

pub fn entity_attributes_count(row: i32) -> i32 {
    return number_at(row + name_width() + place_width());
}

pub fn entity_parents(row: i32) -> i32 {
    return place_at(row + 2 * name_width());
}

pub fn entity_leads(row: i32) -> i32 {
    return place_at(row + 2 * name_width() + place_width());
}

pub fn entity_parents_from(row: i32) -> i32 {
    return number_at(row + 2 * name_width() + 2 * place_width());
}

fn entity_flags(row: i32) -> i32 {
    return ld8(row + 2 * name_width() + 2 * place_width() + number_width());
}

pub fn entity_takes_parents(row: i32) -> bool {
    return entity_flags(row) & ENTITY_TAKES_PARENTS != 0;
}

pub fn entity_reads_parents(row: i32) -> bool {
    return entity_flags(row) & ENTITY_READS_PARENTS != 0;
}

// An action: its name; which types a subject, and which a resource, may have; the subject's source; whether its rules read what can be renewed (a byte); addresses of its four divisions in the index (denies, duties,
// allows, audits); and that of the deciding allow rules of the action that override any (how many, and their numbers), or
// nowhere.

pub fn action_row(action: i32) -> i32 {
    return ld32(H_ACTIONS) + action * action_width();
}

pub fn action_width() -> i32 {
    return action_trees(0) + 5 * place_width();
}

pub fn action_subjects(row: i32) -> i32 {
    return place_at(row + name_width());
}

pub fn action_resources(row: i32) -> i32 {
    return place_at(row + name_width() + place_width());
}

pub fn action_subject_from(row: i32) -> i32 {
    return number_at(row + name_width() + 2 * place_width());
}

pub fn action_steps_up(row: i32) -> bool {
    return ld8(row + name_width() + 2 * place_width() + number_width()) != 0;
}

fn action_trees(row: i32) -> i32 {
    return row + name_width() + 2 * place_width() + number_width() + 1;
}

/// One of its divisions, by position.
pub fn action_tree(row: i32, tree: i32) -> i32 {
    return place_at(action_trees(row) + tree * place_width());
}

pub fn action_overriding(row: i32) -> i32 {
    return place_at(action_trees(row) + 4 * place_width());
}

// A setting: the parameter's name; addresses of its type, of the cell that its value goes to, and of that of its default, or
// nowhere; and its name and its type in words, as a name.

pub fn setting_row(at: i32) -> i32 {
    return ld32(H_SETTINGS) + at * setting_width();
}

pub fn setting_width() -> i32 {
    return 2 * name_width() + 3 * place_width();
}

pub fn setting_type(row: i32) -> i32 {
    return place_at(row + name_width());
}

pub fn setting_cell(row: i32) -> i32 {
    return place_at(row + name_width() + place_width());
}

pub fn setting_default(row: i32) -> i32 {
    return place_at(row + name_width() + 2 * place_width());
}

pub fn setting_wanted(row: i32) -> i32 {
    return row + name_width() + 3 * place_width();
}
