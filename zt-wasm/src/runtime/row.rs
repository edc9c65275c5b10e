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

// Divisions: where entries start and end, addresses of dimensions and gates; then how many of each of these.

pub fn entries_end(row: i32) -> i32 {
    return place_at(row + place_width());
}

pub fn division_dimensions(division: i32) -> i32 {
    return place_at(division + 2 * place_width());
}

pub fn division_gates(division: i32) -> i32 {
    return place_at(division + 3 * place_width());
}

pub fn division_dimensions_count(division: i32) -> i32 {
    return number_at(division + 4 * place_width());
}

pub fn division_gates_count(division: i32) -> i32 {
    return number_at(division + 4 * place_width() + number_width());
}

// Dimensions: where all entries start and end, addresses of the lookup, and of buckets sorted by key, or of intervals; then
// the kind, and how many buckets or intervals.

pub fn dimension_width() -> i32 {
    return 4 * place_width() + 2 * number_width();
}

pub fn dimension_lookup(dimension: i32) -> i32 {
    return place_at(dimension + 2 * place_width());
}

pub fn dimension_table(dimension: i32) -> i32 {
    return place_at(dimension + 3 * place_width());
}

pub fn dimension_kind(dimension: i32) -> i32 {
    return number_at(dimension + 4 * place_width());
}

pub fn dimension_table_count(dimension: i32) -> i32 {
    return number_at(dimension + 4 * place_width() + number_width());
}

// Buckets: the key, and where entries end, which begin where those of the bucket before do, the first behind all buckets. Of
// a dimension that leads to divisions: the key, and where entries start and end, or the address of a division and nowhere.

pub fn bucket_width() -> i32 {
    return number_width() + place_width();
}

pub fn part_width() -> i32 {
    return number_width() + 2 * place_width();
}

/// Where a bucket's entries start and end, or a division and nowhere.
pub fn bucket_entries(bucket: i32) -> i32 {
    return bucket + number_width();
}

// Entries: a rule, and what is proven of it; of one with a further lookup, which the highest bit of the rule's number says,
// also the key, the lookup's number from 1, and what is proven with it. Lookups and what is proven have a byte each where
// that is enough for all entries; else what is proven has two.

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

/// The highest number of a rule in entries, of which some have a further lookup.
fn entry_rule_max() -> i32 {
    return if ld32(H_MANY) != 0 { 0x7fff_ffff } else { 0x7fff };
}

pub fn entry_rule(entry: i32) -> i32 {
    let number = number_at(entry);
    return if ld32(H_FURTHER) != 0 { number & entry_rule_max() } else { number };
}

pub fn entry_has_further(entry: i32) -> bool {
    return (number_at(entry) as u32) > (entry_rule_max() as u32);
}

pub fn entry_width(entry: i32) -> i32 {
    let width = number_width() + bits_width();
    if ld32(H_FURTHER) == 0 {
        return width;
    }
    return width + entry_has_further(entry) as i32 * (number_width() + lookup_width() + bits_width());
}

pub fn entry_proven(entry: i32) -> i32 {
    return bits_at(entry + number_width());
}

pub fn entry_key(entry: i32) -> i32 {
    return number_at(entry + number_width() + bits_width());
}

/// The further lookup of an entry that has one.
pub fn entry_lookup(entry: i32) -> i32 {
    let at = entry + 2 * number_width() + bits_width();
    let number = if ld32(H_BITS) != 0 { number_at(at) } else { ld8(at) };
    return ld32(H_LOOKUPS) + number * (2 * place_width() + 3 * number_width());
}

pub fn entry_also(entry: i32) -> i32 {
    return bits_at(entry + 2 * number_width() + bits_width() + lookup_width());
}

// Lookups: the address of sections of keys, or of patterns, or of a bit for each entity type; the address of what was found;
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

// Intervals: three numbers of 16 bytes (low, high, how far the stretch reaches of which it is the middle), and where the
// entries start and end that are filed under it.

pub fn interval_width() -> i32 {
    return 48 + 2 * place_width();
}
