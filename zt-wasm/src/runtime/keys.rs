//! Which keys a slot's value gives: one value against many constants.
//!
//! Equal constants are found by halving their sorted rows, texts by narrowing them byte by byte, intervals as `zt-eval` does;
//! ranges and parts of texts are tried one by one. Keys come in the order in which `zt-eval` finds them: on it depends what is
//! consulted where the first rule that fires ends a search.

use super::address::*;
use super::env::*;
use super::glob::*;
use super::hierarchy::*;
use super::layout::*;
use super::memory::*;
use super::order::*;
use super::regex::*;
use super::row::*;
use super::sort::*;
use super::walk::*;

/// Numbers that wait: a list.
pub const WAITING: i32 = 1908;
/// Where keys that are to be found once each begin among all; -1 when they come once each anyway.
const DISTINCT: i32 = 1920;
/// How many keys there may be before repeated ones are next dropped.
const DISTINCT_FULL: i32 = 1924;
/// So many keys are looked through one by one.
const FEW: i32 = 16;
/// Stretches of intervals that are still to be gone through, the next one last: a list of their starts and ends.
pub const STABBING: i32 = 1984;

/// What a lookup finds, done once for each trial of a decision.
pub fn walk_find(lookup: i32) {
    let found = lookup_found(lookup);
    if ld32(found) == ld32(LEVELS) {
        return;
    }
    let start = ld32(KEYS + 4);
    st32(DISTINCT, -1);
    let is_all = keys_of(lookup, node_value(lookup_slot(lookup)));
    if lookup_kind(lookup) != T_LOOKUP_POINT {
        st32(found + FINDING_START, start);
        st32(found + FINDING_END, ld32(KEYS + 4));
    }
    st32(found + FINDING_IS_ALL, is_all as i32);
    st32(found, ld32(LEVELS));
}

/// Adds the keys that a slot's value gives. Whether those are all: it is known what the slot is.
fn keys_of(lookup: i32, cell: i32) -> bool {
    match tag_used(lookup_kind(lookup)) {
        T_LOOKUP_KEYS => {
            if ld32(cell) <= T_ABSENT {
                return false;
            }
            keys_hit(place_at(lookup), lookup_count(lookup), cell);
            return true;
        }
        T_LOOKUP_ANCHORS => {
            if ld32(cell) != T_ENTITY {
                return false;
            }
            return anchors_of(cell, place_at(lookup));
        }
        T_LOOKUP_TYPE => {
            if ld32(cell) != T_ENTITY {
                return false;
            }
            push(KEYS, ld32(cell + 4));
            return true;
        }
        T_LOOKUP_POINT => return point_of(cell, lookup_found(lookup) + FINDING_POINT),
        T_LOOKUP_PATTERNS => {
            if ld32(cell) <= T_ABSENT {
                return false;
            }
            patterns_hit(place_at(lookup), lookup_count(lookup), cell);
            return true;
        }
        _ => return false,
    }
}

fn keys_hit(sections: i32, count: i32, cell: i32) {
    let tag = ld32(cell);
    let mut section = sections;
    let end = sections + count * section_width();
    while section != end {
        let rows = place_at(section);
        let number = section_count(section);
        match tag_used(section_kind(section)) {
            T_KEYS_ALWAYS => always_hit(rows, number),
            T_KEYS_EQUAL => {
                if tag < T_SET {
                    equal_hit(rows, number, cell);
                }
            }
            T_KEYS_ELEMENTS => {
                if tag >= T_SET && tag <= T_MAP {
                    elements_hit(rows, number, cell);
                }
            }
            T_KEYS_IPS => {
                if tag == T_RANGE {
                    ips_hit(rows, number, cell);
                }
            }
            T_KEYS_RANGES => {
                if tag == T_IP {
                    ranges_hit(rows, number, cell);
                }
            }
            T_KEYS_PREFIXES => {
                if tag == T_STRING {
                    texts_hit(rows, number, cell, false);
                }
            }
            T_KEYS_SUFFIXES => {
                if tag == T_STRING {
                    texts_hit(rows, number, cell, true);
                }
            }
            T_KEYS_INFIXES => {
                if tag == T_STRING {
                    parts_hit(rows, number, cell);
                }
            }
            T_KEYS_PATHS => {
                if tag == T_PATH {
                    texts_hit(rows, number, cell, false);
                }
            }
            T_KEYS_HOSTS => {
                if tag == T_HOST {
                    texts_hit(rows, number, cell, true);
                }
            }
            _ => {}
        }
        section += section_width();
    }
}

/// A key that was found.
fn key_push(key: i32) {
    let start = ld32(DISTINCT);
    if start >= 0 {
        let count = ld32(KEYS + 4);
        if count - start <= FEW && key_is_among(key, start, count) {
            return;
        }
    }
    push(KEYS, key);
    if start >= 0 && ld32(KEYS + 4) >= ld32(DISTINCT_FULL) {
        keys_drop_repeated();
        let twice = (ld32(KEYS + 4) - start) * 2;
        st32(DISTINCT_FULL, start + if twice > 4 * FEW { twice } else { 4 * FEW });
    }
}

fn key_is_among(key: i32, start: i32, end: i32) -> bool {
    let keys = ld32(KEYS);
    let mut at = start;
    while at < end {
        if ld32(keys + at * 4) == key {
            return true;
        }
        at += 1;
    }
    return false;
}

fn keys_drop_repeated() {
    let start = ld32(DISTINCT);
    if ld32(KEYS + 4) - start > FEW {
        sort_from(KEYS, start, ORDER_NUMBERS);
        list_dedup(KEYS, start, ORDER_NUMBERS);
    }
}

fn always_hit(rows: i32, count: i32) {
    let mut at = 0;
    while at < count {
        key_push(number_at(rows + at * number_width()));
        at += 1;
    }
}

/// The keys of the constants that equal a scalar: an equality and a pattern can be about the same text.
fn equal_hit(rows: i32, count: i32, cell: i32) {
    let mut low = 0;
    let mut high = count;
    while low < high {
        let middle = (low + high) >> 1;
        if value_order(cell, place_at(rows + middle * value_width())) > 0 {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while low < count {
        let row = rows + low * value_width();
        if value_order(cell, place_at(row)) != 0 {
            return;
        }
        key_push(value_key(row));
        low += 1;
    }
}

/// The keys of the elements of a collection, or of the keys of a map; of addresses, too, that a range among the elements holds.
fn elements_hit(rows: i32, count: i32, cell: i32) {
    let elements = ld32(cell + 8);
    let step = if ld32(cell) == T_MAP { 2 * CELL } else { CELL };
    let end = elements + ld32(cell + 4) * step;
    let ips = ips_are_sought(rows, count);
    // Elements of a list can repeat, and ranges overlap.
    if ld32(cell) == T_LIST || ips && ranges_are_among(elements, end, step) {
        st32(DISTINCT, ld32(KEYS + 4));
        st32(DISTINCT_FULL, ld32(KEYS + 4) + 4 * FEW);
    }
    let mut element = elements;
    while element != end {
        if ld32(element) < T_SET {
            equal_hit(rows, count, element);
        }
        if ips && ld32(element) == T_RANGE && step == CELL {
            ips_hit(rows, count, element);
        }
        element += step;
    }
    if ld32(DISTINCT) >= 0 {
        keys_drop_repeated();
        st32(DISTINCT, -1);
    }
}

fn ips_are_sought(rows: i32, count: i32) -> bool {
    let mut at = 0;
    while at < count {
        if ld32(place_at(rows + at * value_width())) == T_IP {
            return true;
        }
        at += 1;
    }
    return false;
}

fn ranges_are_among(elements: i32, end: i32, step: i32) -> bool {
    let mut element = elements;
    while element != end {
        if ld32(element) == T_RANGE {
            return true;
        }
        element += step;
    }
    return false;
}

/// The keys of the addresses that a range holds.
fn ips_hit(rows: i32, count: i32, range: i32) {
    let mut at = 0;
    while at < count {
        let row = rows + at * value_width();
        let value = place_at(row);
        if ld32(value) == T_IP && range_holds(range, value) {
            key_push(value_key(row));
        }
        at += 1;
    }
}

/// The keys of the ranges that hold an address.
fn ranges_hit(rows: i32, count: i32, ip: i32) {
    let mut at = 0;
    while at < count {
        let row = rows + at * value_width();
        if range_holds(place_at(row), ip) {
            key_push(value_key(row));
        }
        at += 1;
    }
}

/// The keys of the texts that lead a text, or, backwards, end it, with wildcards for one segment each. Rows are narrowed to
/// those that share what was read so far; where a literal and a wildcard both lead on, the wildcard waits.
fn texts_hit(rows: i32, count: i32, cell: i32, is_backwards: bool) {
    let text = ld32(cell + 8);
    let len = ld32(cell + 12);
    let mut low = 0;
    let mut high = count;
    let mut depth = 0;
    let mut at = 0;
    list_new(WAITING);
    loop {
        low = texts_ending(rows, low, high, depth, text, len, at, is_backwards);
        let mut wild = high;
        if low < high && row_byte(rows, high - 1, depth) == WILD {
            wild = texts_from(rows, low, high, depth, WILD);
            let behind = segment_end(text, len, at, is_backwards);
            if behind > at {
                push(WAITING, wild);
                push(WAITING, high);
                push(WAITING, depth + 1);
                push(WAITING, behind);
            }
        }
        high = wild;
        if at < len {
            let byte = text_byte(text, len, at, is_backwards);
            // Often all go on alike.
            if low < high && (row_byte(rows, low, depth) != byte || row_byte(rows, high - 1, depth) != byte) {
                low = texts_from(rows, low, high, depth, byte);
                high = texts_from(rows, low, high, depth, byte + 1);
            }
            depth += 1;
            at += 1;
        } else {
            low = high;
        }
        if low >= high {
            if ld32(WAITING + 4) == 0 || ld32(FAILED) != 0 {
                return;
            }
            at = list_pop(WAITING);
            depth = list_pop(WAITING);
            high = list_pop(WAITING);
            low = list_pop(WAITING);
        }
    }
}

fn text_byte(text: i32, len: i32, at: i32, is_backwards: bool) -> i32 {
    return ld8(if is_backwards { text + len - 1 - at } else { text + at });
}

/// Reports the rows that end at this depth, which stand before the others; the first of the others.
fn texts_ending(rows: i32, low: i32, high: i32, depth: i32, text: i32, len: i32, at: i32, is_backwards: bool) -> i32 {
    let mut row = low;
    while row < high {
        let place = rows + row * text_width();
        if text_len(place) != depth {
            return row;
        }
        let rest = text_rest(place);
        let mut is_accepted = at == len || rest == 2;
        if !is_accepted && rest == 1 {
            is_accepted = text_byte(text, len, at, is_backwards) == b'/' as i32;
        }
        if is_accepted {
            key_push(text_key(place));
        }
        row += 1;
    }
    return row;
}

/// The byte of a row's text at a depth.
fn row_byte(rows: i32, row: i32, depth: i32) -> i32 {
    return ld8(place_at(rows + row * text_width()) + depth);
}

/// The first row of which the byte at this depth is not less; all are longer.
fn texts_from(rows: i32, low: i32, high: i32, depth: i32, byte: i32) -> i32 {
    let mut from = low;
    let mut to = high;
    while from < to {
        let middle = (from + to) >> 1;
        if row_byte(rows, middle, depth) < byte {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/// Behind the segment of a path, or the label of a host, that begins here; here when there is none. Backwards, a label is
/// read from its end, and must not be a bracketed address.
fn segment_end(text: i32, len: i32, at: i32, is_backwards: bool) -> i32 {
    let separator = if is_backwards { b'.' as i32 } else { b'/' as i32 };
    let mut end = at;
    while end < len {
        if text_byte(text, len, end, is_backwards) == separator {
            break;
        }
        end += 1;
    }
    if is_backwards && end > at {
        if text_byte(text, len, end - 1, true) == b'[' as i32 {
            return at;
        }
    }
    return end;
}

/// The keys of the texts that are part of a text: in the order in which they are first complete, longer ones first; when
/// there are many, in the order of rows. Rows are sorted by text.
fn parts_hit(rows: i32, count: i32, cell: i32) {
    let mut found = 0;
    let mut end = 0;
    let mut row = 0;
    list_new(WAITING);
    while row < count {
        let place = rows + row * text_width();
        if row == 0 || !part_is_same(place) {
            end = part_end(ld32(cell + 8), ld32(cell + 12), place_at(place), text_len(place));
            if end > 0 {
                found += 1;
            }
        }
        if end > 0 {
            let part = alloc(8);
            st32(part, place);
            st32(part + 4, end);
            push(WAITING, part);
        }
        row += 1;
    }
    if found <= FEW {
        sort_from(WAITING, 0, ORDER_PARTS);
    }
    let mut at = 0;
    while at < ld32(WAITING + 4) && ld32(FAILED) == 0 {
        let part = ld32(ld32(WAITING) + at * 4);
        key_push(text_key(ld32(part)));
        at += 1;
    }
}

/// Whether a row has the same text as the one before it.
fn part_is_same(row: i32) -> bool {
    let before = row - text_width();
    return bytes_equal(place_at(before), text_len(before), place_at(row), text_len(row));
}

/// Where a text is first complete in another one, or zero.
fn part_end(text: i32, len: i32, part: i32, part_len: i32) -> i32 {
    let mut at = 0;
    while at + part_len <= len {
        if ld8(text + at) == ld8(part) {
            if bytes_equal(text + at, part_len, part, part_len) {
                return at + part_len;
            }
        }
        at += 1;
    }
    return 0;
}

/// The keys of the patterns that a text matches.
fn patterns_hit(rows: i32, count: i32, cell: i32) {
    let mut at = 0;
    while at < count {
        let key = section_count(rows + at * section_width());
        if pattern_matches(rows + key * section_width(), cell) {
            push(KEYS, key);
        }
        at += 1;
    }
}

/// Whether the slot of a lookup matches the pattern of a key.
pub fn pattern_truth(lookup: i32, key: i32) -> i32 {
    let cell = node_value(lookup_slot(lookup));
    if ld32(cell) <= T_ABSENT {
        return UNKNOWN;
    }
    return pattern_matches(place_at(lookup) + key * section_width(), cell) as i32;
}

fn pattern_matches(row: i32, cell: i32) -> bool {
    let table = place_at(row);
    if ld32(cell) != T_STRING {
        return false;
    }
    match tag_used(section_kind(row)) {
        T_PATTERN_GLOB => return glob_matches(table, ld32(cell + 8), ld32(cell + 12)),
        T_PATTERN_REGEX => return regex_matches(table, ld32(cell + 8), ld32(cell + 12)),
        _ => return false,
    }
}

/// The next interval that holds a point, or nowhere: the middle of the next stretch, unless that ends before the point; then
/// what is left of it, then what is right of it unless the middle starts behind the point.
pub fn intervals_next(table: i32, point: i32) -> i32 {
    while ld32(STABBING + 4) != 0 && ld32(FAILED) == 0 {
        let end = list_pop(STABBING);
        let start = list_pop(STABBING);
        let middle = (start + end) >> 1;
        let item = table + middle * interval_width();
        if start < end && !wide_less(item + INTERVAL_REACH, point) {
            let has_started = !wide_less(point, item + INTERVAL_LOW);
            if has_started {
                push(STABBING, middle + 1);
                push(STABBING, end);
            }
            push(STABBING, start);
            push(STABBING, middle);
            if has_started && !wide_less(item + INTERVAL_HIGH, point) {
                return item;
            }
        }
    }
    return NOWHERE;
}

/// Puts down an image of a value by which no lesser one of its kind comes after it; whether the kind is ordered. Of texts it
/// is the first bytes, of versions the first two numbers.
fn point_of(cell: i32, at: i32) -> bool {
    let mut low = ld64(cell + 8);
    let mut high = low >> 63;
    match tag_used(ld32(cell)) {
        T_INT | T_DECIMAL | T_TIMESTAMP | T_DURATION => {}
        T_ENUM => {
            low = ld32(cell + 4) as u32 as i64;
            high = 0;
        }
        T_QUANTITY => {
            high = ld64(low as i32 + 8);
            low = ld64(low as i32);
        }
        T_STRING => {
            high = text_word(cell, 0) ^ (1 << 63);
            low = text_word(cell, 8);
        }
        T_VERSION => {
            high = ld64(low as i32);
            low = ld64(low as i32 + 8);
            if high < 0 {
                high = 0x7fff_ffff_ffff_ffff;
                low = -1;
            }
        }
        _ => return false,
    }
    st64(at, low);
    st64(at + 8, high);
    return true;
}

/// Eight bytes of a text from a position on, the first one highest; what lies behind its end is zero.
fn text_word(cell: i32, from: i32) -> i64 {
    let text = ld32(cell + 8);
    let len = ld32(cell + 12);
    let mut word: i64 = 0;
    let mut at = from;
    while at < from + 8 {
        word = word << 8;
        if at < len {
            word = word | ld8(text + at) as i64;
        }
        at += 1;
    }
    return word;
}

/// Whether one number of 16 bytes is less than another.
fn wide_less(a: i32, b: i32) -> bool {
    let high = ld64(a + 8);
    let other = ld64(b + 8);
    if high != other {
        return high < other;
    }
    return (ld64(a) as u64) < (ld64(b) as u64);
}
