//! Maps of lists of texts: a request's headers, and the parameters of its query.
//!
//! Names and values are pairs of cells at [`PROXY_PAIRS`]; a name's values stay in their order.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::proxy_host::*;
use super::proxy_value::*;
use super::slots::*;
use super::store::*;
use super::utf8::*;

/// Writes the headers by name.
pub fn proxy_all_headers() {
    let count = proxy_headers();
    proxy_by_name(ld32(PROXY_HEADER_PAIRS), count);
}

/// Writes the value of one header: whether it comes. Of several, it is not known which counts.
pub fn proxy_header(name: i32) -> bool {
    let mark = ld32(OUT + 4);
    let found = proxy_header_values(name);
    if found > 1 {
        st32(OUT + 4, mark);
        proxy_no_value(T_FILL_HEADER);
    }
    return found > 0;
}

/// Writes all values of one header as a list.
pub fn proxy_header_all(name: i32) {
    out_byte(S_LIST);
    let place = proxy_count();
    proxy_counted(place, proxy_header_values(name));
}

/// Writes the values of one header: how many there are.
fn proxy_header_values(name: i32) -> i32 {
    let count = proxy_headers();
    let mut pair = ld32(PROXY_HEADER_PAIRS);
    let mut found = 0;
    let mut at = 0;
    while at < count {
        if bytes_equal(ld32(pair + 8), ld32(pair + 12), ld32(name), ld32(name + 4)) {
            proxy_say(ld32(pair + CELL + 8), ld32(pair + CELL + 12));
            found += 1;
        }
        pair += 2 * CELL;
        at += 1;
    }
    return found;
}

/// Writes the parameters of a request's query by name, decoded as forms are: whether they could be.
pub fn proxy_query(property: i32) -> bool {
    let known = proxy_known(property);
    if ld32(known) != KNOWN_TEXT {
        return false;
    }
    let len = ld32(known + 8);
    let path = proxy_path_len(ld32(known + 4), len);
    let count = proxy_parameters(ld32(known + 4) + path + 1, ld32(known + 4) + len);
    if count < 0 {
        return false;
    }
    proxy_by_name(ld32(PROXY_PAIRS), count);
    return true;
}

/// Reads `name=value&name=value` to [`PROXY_PAIRS`]: how many there are, or -1.
fn proxy_parameters(from: i32, end: i32) -> i32 {
    let mut most = 1;
    let mut at = from;
    while at < end {
        most += (ld8(at) == b'&' as i32) as i32;
        at += 1;
    }
    if !proxy_make_pairs(most) {
        return -1;
    }
    let mut pair = ld32(PROXY_PAIRS);
    let mut count = 0;
    let mut start = from;
    while start < end {
        let next = proxy_until(start, end, b'&' as i32);
        if next > start {
            let equals = proxy_until(start, next, b'=' as i32);
            let value = if equals < next { equals + 1 } else { next };
            if !proxy_decoded(pair, start, equals) || !proxy_decoded(pair + CELL, value, next) {
                return -1;
            }
            pair += 2 * CELL;
            count += 1;
        }
        start = next + 1;
    }
    return count;
}

fn proxy_until(from: i32, end: i32, byte: i32) -> i32 {
    let mut at = from;
    while at < end && ld8(at) != byte {
        at += 1;
    }
    return at;
}

/// Puts a text without its escapes into a cell: whether it has one.
fn proxy_decoded(cell: i32, from: i32, end: i32) -> bool {
    if !arena_reserve(end - from + 8) {
        st32(FAILED, 1);
        return false;
    }
    let text = alloc(end - from);
    let mut to = text;
    let mut at = from;
    while at < end {
        let mut byte = ld8(at);
        if byte == b'%' as i32 {
            if at + 2 >= end {
                return false;
            }
            let high = hex_value(ld8(at + 1));
            let low = hex_value(ld8(at + 2));
            if high < 0 || low < 0 {
                return false;
            }
            byte = high * 16 + low;
            at += 2;
        } else if byte == b'+' as i32 {
            byte = b' ' as i32;
        }
        st8(to, byte);
        to += 1;
        at += 1;
    }
    put_cell(cell, T_STRING, 0, span(text, to - text));
    return utf8_valid(text, to - text);
}

/// Writes so many pairs as an object: of each name, a list of its values.
fn proxy_by_name(pairs: i32, count: i32) {
    names_sort(pairs, count, 2 * CELL);
    out_byte(S_OBJECT);
    let names_place = proxy_count();
    let mut names = 0;
    let mut values_place = 0;
    let mut values = 0;
    let mut pair = pairs;
    let mut at = 0;
    while at < count {
        if at == 0 || name_order(pair - 2 * CELL, pair) != 0 {
            if at > 0 {
                proxy_counted(values_place, values);
            }
            proxy_say_name(ld32(pair + 8), ld32(pair + 12));
            out_byte(S_LIST);
            values_place = proxy_count();
            values = 0;
            names += 1;
        }
        proxy_say(ld32(pair + CELL + 8), ld32(pair + CELL + 12));
        values += 1;
        pair += 2 * CELL;
        at += 1;
    }
    if at > 0 {
        proxy_counted(values_place, values);
    }
    proxy_counted(names_place, names);
}
