//! Rows of the tables by which a module decides.
//!
//! A row holds addresses and numbers, each of two bytes where all that the policy's tables have fit, else of four: small
//! policies have small tables, and a module knows the widths when it is linked, so that reading takes one instruction.

use super::env::*;
use super::layout::*;

/// Bytes of an address in a row.
pub fn place_width() -> i32 {
    return if ld32(H_WIDE) != 0 { 4 } else { 2 };
}

/// Bytes of a number in a row.
pub fn number_width() -> i32 {
    return if ld32(H_MANY) != 0 { 4 } else { 2 };
}

pub fn place_at(at: i32) -> i32 {
    return if ld32(H_WIDE) != 0 { ld32(at) } else { ld16(at) };
}

pub fn number_at(at: i32) -> i32 {
    return if ld32(H_MANY) != 0 { ld32(at) } else { ld16(at) };
}

// A rule: its overriders, its obligations, its whole condition, whether it denies (each where any rule of the policy has
// such a thing), its conjuncts, then its texts.

/// The obligations of a rule: their number, and behind it their rows; nowhere, when it has none.
pub fn rule_duties(row: i32) -> i32 {
    return place_at(row + (ld32(H_OVERRIDES) != 0) as i32 * place_width());
}

/// The deciding allow rules that override a deny rule: how many, and their numbers.
pub fn rule_overriders(row: i32) -> i32 {
    return place_at(row);
}

fn rule_places(row: i32) -> i32 {
    return row + ((ld32(H_OVERRIDES) != 0) as i32 + (ld32(H_OBLIGES) != 0) as i32) * place_width();
}

/// The whole condition of a rule, a node; 0 where that is the conjunction of the conjuncts.
pub fn rule_condition(row: i32) -> i32 {
    return if ld32(H_WHOLE) != 0 { number_at(rule_places(row)) } else { 0 };
}

fn rule_numbers(row: i32) -> i32 {
    return rule_places(row) + (ld32(H_WHOLE) != 0) as i32 * number_width();
}

pub fn rule_is_deny(row: i32) -> bool {
    return ld8(rule_numbers(row)) != 0;
}

/// The conjuncts of a rule: how many, and their nodes.
pub fn rule_conjuncts(row: i32) -> i32 {
    return rule_numbers(row) + (ld32(H_AUDITS) != 0) as i32;
}

/// The texts of a rule.
pub fn rule_texts(row: i32) -> i32 {
    let conjuncts = rule_conjuncts(row);
    return conjuncts + (number_at(conjuncts) + 1) * number_width();
}

/// The number at a position of a list, which begins with how many there are.
pub fn listed(list: i32, at: i32) -> i32 {
    return number_at(list + at * number_width() + number_width());
}

// Divisions: addresses of entries, dimensions and gates; then how many of each.

pub fn division_dimensions(division: i32) -> i32 {
    return place_at(division + place_width());
}

pub fn division_gates(division: i32) -> i32 {
    return place_at(division + 2 * place_width());
}

pub fn division_entries_count(division: i32) -> i32 {
    return number_at(division + 3 * place_width());
}

pub fn division_dimensions_count(division: i32) -> i32 {
    return number_at(division + 3 * place_width() + number_width());
}

pub fn division_gates_count(division: i32) -> i32 {
    return number_at(division + 3 * place_width() + 2 * number_width());
}

// Dimensions: addresses of all entries, of the lookup, and of buckets sorted by key, or of intervals; then the kind, how many
// entries, and how many buckets or intervals.

pub fn dimension_width() -> i32 {
    return 3 * place_width() + 3 * number_width();
}

pub fn dimension_lookup(dimension: i32) -> i32 {
    return place_at(dimension + place_width());
}

pub fn dimension_table(dimension: i32) -> i32 {
    return place_at(dimension + 2 * place_width());
}

pub fn dimension_kind(dimension: i32) -> i32 {
    return number_at(dimension + 3 * place_width());
}

pub fn dimension_all_count(dimension: i32) -> i32 {
    return number_at(dimension + 3 * place_width() + number_width());
}

pub fn dimension_table_count(dimension: i32) -> i32 {
    return number_at(dimension + 3 * place_width() + 2 * number_width());
}

// Buckets: the address of entries or of a division, the key, and how many entries; 0 for a division.

pub fn bucket_width() -> i32 {
    return place_width() + 2 * number_width();
}

pub fn bucket_key(bucket: i32) -> i32 {
    return number_at(bucket + place_width());
}

pub fn bucket_count(bucket: i32) -> i32 {
    return number_at(bucket + place_width() + number_width());
}

// Entries: a rule, and what is proven of it; where any entry of the policy has a further lookup, the key, the lookup's number
// from 1, and what is proven with it. Lookups and what is proven have a byte each where that is enough for all entries; else
// what is proven has two.

fn bits_width() -> i32 {
    return if ld32(H_BITS) != 0 { 2 } else { 1 };
}

fn bits_at(at: i32) -> i32 {
    return if ld32(H_BITS) != 0 { ld16(at) } else { ld8(at) };
}

fn lookup_width() -> i32 {
    return if ld32(H_BITS) != 0 { number_width() } else { 1 };
}

/// Proven, when the whole condition is.
pub fn entry_holds() -> i32 {
    return if ld32(H_BITS) != 0 { 65535 } else { 255 };
}

pub fn entry_width() -> i32 {
    return number_width()
        + bits_width()
        + (ld32(H_FURTHER) != 0) as i32 * (number_width() + lookup_width() + bits_width());
}

pub fn entry_proven(entry: i32) -> i32 {
    return bits_at(entry + number_width());
}

pub fn entry_key(entry: i32) -> i32 {
    return number_at(entry + number_width() + bits_width());
}

/// The further lookup of an entry, or nowhere.
pub fn entry_lookup(entry: i32) -> i32 {
    let at = entry + 2 * number_width() + bits_width();
    let number = if ld32(H_BITS) != 0 { number_at(at) } else { ld8(at) };
    if number == 0 {
        return NOWHERE;
    }
    return ld32(H_LOOKUPS) + number * (2 * place_width() + 3 * number_width());
}

pub fn entry_also(entry: i32) -> i32 {
    return bits_at(entry + 2 * number_width() + bits_width() + lookup_width());
}

// Lookups: the address of sections of keys, or of patterns, or of a byte for each entity type; the address of what was found;
// then the kind, the slot, and how many sections or patterns.

pub fn lookup_found(lookup: i32) -> i32 {
    return place_at(lookup + place_width());
}

pub fn lookup_kind(lookup: i32) -> i32 {
    return number_at(lookup + 2 * place_width());
}

pub fn lookup_slot(lookup: i32) -> i32 {
    return number_at(lookup + 2 * place_width() + number_width());
}

pub fn lookup_count(lookup: i32) -> i32 {
    return number_at(lookup + 2 * place_width() + 2 * number_width());
}

// Sections of keys: the address of rows, the kind, and how many rows. Patterns: the address of the table, the kind, and (no
// part of it) the key that is found at this place, when several are.

pub fn section_width() -> i32 {
    return place_width() + 2 * number_width();
}

pub fn section_kind(section: i32) -> i32 {
    return number_at(section + place_width());
}

pub fn section_count(section: i32) -> i32 {
    return number_at(section + place_width() + number_width());
}

// Rows of values: the address of a cell, and a key.

pub fn value_width() -> i32 {
    return place_width() + number_width();
}

pub fn value_key(row: i32) -> i32 {
    return number_at(row + place_width());
}

// Rows of texts, in the order of bytes as they are read (from the end, for suffixes and hosts): address, length, what may
// follow (0 nothing, 1 nothing or a further segment, 2 anything), and a key.

pub fn text_width() -> i32 {
    return place_width() + 3 * number_width();
}

pub fn text_len(row: i32) -> i32 {
    return number_at(row + place_width());
}

pub fn text_rest(row: i32) -> i32 {
    return number_at(row + place_width() + number_width());
}

pub fn text_key(row: i32) -> i32 {
    return number_at(row + place_width() + 2 * number_width());
}

// Intervals: three numbers of 16 bytes (low, high, how far the stretch reaches of which it is the middle), and what is filed
// under it: an address, and how many.

pub fn interval_width() -> i32 {
    return 48 + place_width() + number_width();
}

pub fn interval_count(item: i32) -> i32 {
    return number_at(item + 48 + place_width());
}
