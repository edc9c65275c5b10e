//! Lists in order.
//!
//! A stable sort by merging, from runs of one upwards; a list that is in order already is left alone.

use super::env::*;
use super::layout::*;
use super::memory::*;
use super::row::*;
use super::store::*;

/// Makes a list empty; its memory is that of the decision before.
pub fn list_new(list: i32) {
    st64(list, 0);
    st32(list + 8, 0);
}

/// Takes the last number off a list that is not empty.
pub fn list_pop(list: i32) -> i32 {
    let count = ld32(list + 4) - 1;
    st32(list + 4, count);
    return ld32(ld32(list) + count * 4);
}

/// Sorts a list from a position on.
pub fn sort_from(list: i32, start: i32, order: i32) {
    let count = ld32(list + 4) - start;
    let at = ld32(list) + start * 4;
    if ld32(FAILED) != 0 || sort_is_done(at, count, order) {
        return;
    }
    if !arena_reserve(count * 4 + 8) {
        st32(FAILED, 1);
        return;
    }
    let mut from = at;
    let mut to = alloc(count * 4);
    let mut run = 1;
    while run < count {
        let mut left = 0;
        while left < count {
            sort_merge(from, to, left, run, count, order);
            left += run * 2;
        }
        let other = from;
        from = to;
        to = other;
        run = run * 2;
    }
    if from != at {
        copy(at, from, count * 4);
    }
}

fn sort_is_done(at: i32, count: i32, order: i32) -> bool {
    let mut index = 1;
    while index < count {
        if order_of(order, ld32(at + index * 4 - 4), ld32(at + index * 4)) > 0 {
            return false;
        }
        index += 1;
    }
    return true;
}

/// Merges two runs that stand next to each other.
fn sort_merge(from: i32, to: i32, start: i32, run: i32, count: i32, order: i32) {
    let middle = if start + run < count { start + run } else { count };
    let end = if middle + run < count { middle + run } else { count };
    let mut left = start;
    let mut right = middle;
    let mut at = start;
    while at < end {
        let mut is_left = left < middle;
        if is_left && right < end {
            is_left = order_of(order, ld32(from + left * 4), ld32(from + right * 4)) <= 0;
        }
        if is_left {
            st32(to + at * 4, ld32(from + left * 4));
            left += 1;
        } else {
            st32(to + at * 4, ld32(from + right * 4));
            right += 1;
        }
        at += 1;
    }
}

/// Leaves of numbers that are the same, which stand together from a position on, the first.
pub fn list_dedup(list: i32, start: i32, order: i32) {
    let at = ld32(list);
    let count = ld32(list + 4);
    if ld32(FAILED) != 0 || count <= start {
        return;
    }
    let mut kept = start + 1;
    let mut index = start + 1;
    while index < count {
        let number = ld32(at + index * 4);
        let is_same = same_of(order, ld32(at + kept * 4 - 4), number);
        if !is_same {
            st32(at + kept * 4, number);
            kept += 1;
        }
        index += 1;
    }
    st32(list + 4, kept);
}

fn same_of(order: i32, a: i32, b: i32) -> bool {
    return match tag_used(order) {
        ORDER_CANDIDATES => ld32(a) == ld32(b),
        _ => order_of(order, a, b) == 0,
    };
}

fn order_of(order: i32, a: i32, b: i32) -> i32 {
    return match tag_used(order) {
        ORDER_NUMBERS => number_order(a, b),
        ORDER_FACTS => fact_order(a, b),
        ORDER_UNKNOWNS => unknown_order(a, b),
        ORDER_PARTS => part_order(a, b),
        ORDER_CANDIDATES => candidate_order(a, b),
        _ => never(),
    };
}

fn number_order(a: i32, b: i32) -> i32 {
    if a == b {
        return 0;
    }
    return if (a as u32) < (b as u32) { -1 } else { 1 };
}

/// By rule; of a rule's, the one of which most is proven comes first.
fn candidate_order(a: i32, b: i32) -> i32 {
    let by_rule = number_order(ld32(a), ld32(b));
    if by_rule != 0 {
        return by_rule;
    }
    let by_count = number_order(ld32(b + 4).count_ones() as i32, ld32(a + 4).count_ones() as i32);
    return if by_count != 0 { by_count } else { number_order(ld32(a + 4), ld32(b + 4)) };
}

/// By where they end; longer ones first, and so those that start first.
fn part_order(a: i32, b: i32) -> i32 {
    let by_end = number_order(ld32(a + 4), ld32(b + 4));
    if by_end != 0 {
        return by_end;
    }
    return number_order(text_len(ld32(b)), text_len(ld32(a)));
}

/// Facts: attributes of the context, attributes of entities, parents, the instant.
fn fact_order(a: i32, b: i32) -> i32 {
    let by_kind = number_order(ld32(a), ld32(b));
    if by_kind != 0 {
        return by_kind;
    }
    match tag_used(ld32(a)) {
        FACT_ATTRIBUTE | FACT_PARENTS => {
            let by_name = name_order(ld32(a + 8), ld32(b + 8));
            if by_name != 0 {
                return by_name;
            }
        }
        _ => {}
    }
    return number_order(ld32(a + 4), ld32(b + 4));
}

/// What is no fact first.
fn unknown_order(a: i32, b: i32) -> i32 {
    let by_fact = number_order(ld32(a), ld32(b));
    if by_fact != 0 {
        return by_fact;
    }
    if ld32(a) != 0 {
        let order = fact_order(a + 4, b + 4);
        if order != 0 {
            return order;
        }
    }
    return bytes_order(ld32(a + 16), ld32(a + 20), ld32(b + 16), ld32(b + 20));
}
