//! The rules that could apply, by way of the index.
//!
//! From a division to the entries that its slots' values lead to, one at a time: [`walk_start`], then [`walk_next`] until it
//! gives nowhere. There is one walk at a time. A walk consults what `zt-eval`'s does and proves the same conjuncts.

use super::env::*;
use super::keys::*;
use super::layout::*;
use super::memory::*;
use super::row::*;
use super::sort::*;

/// The keys that lookups found in this decision: a list.
pub const KEYS: i32 = 1856;
const WALK_WANT: i32 = 1872;
const WALK_FRAME: i32 = 1876; // where the walk is: the innermost division
const WALK_AT: i32 = 1880; // the next entry
const WALK_END: i32 = 1884;
const WALK_FRAMES: i32 = 1888; // the outermost division
/// Of the entry that a walk gave: which conjuncts are known to hold.
pub const WALK_PROVEN: i32 = 1892;
/// The point of which a walk looks for the intervals that hold it: 16 bytes.
const WALK_POINT: i32 = 2000;
/// Addresses of candidates: a list.
pub const CANDIDATES: i32 = 1896;

/// Conditions that are true count.
pub const WANT_TRUE: i32 = 0;
/// Conditions that are true or unknown count.
pub const WANT_NOT_FALSE: i32 = 1;

// A division on the way.
const WALK_FRAME_NEXT: i32 = 0; // the next dimension
const WALK_FRAME_END: i32 = 4;
const WALK_FRAME_DIMENSION: i32 = 8; // the dimension whose slot was asked and leads to more, or nowhere
const WALK_FRAME_KEY: i32 = 12; // the position of its next key
const WALK_FRAME_KEYS: i32 = 16; // behind its last key
const WALK_FRAME_GATES: i32 = 20; // whether all gates on the way hold: true, or unknown
const WALK_FRAME_SIZE: i32 = 24;
/// Divisions inside divisions; `zt-eval` makes a few, and with more there is no decision.
pub const WALK_FRAMES_MAX: i32 = 16;

// A candidate: its rule, and which conjuncts are known to hold.
pub const CANDIDATE_PROVEN: i32 = 4;
const CANDIDATE: i32 = 8;

/// Memory for the walks of a decision.
pub fn walk_prepare() {
    list_new(KEYS);
    list_new(CANDIDATES);
    list_new(STABBING);
    if ld32(H_DIVIDES) != 0 {
        st32(WALK_FRAMES, alloc(WALK_FRAME_SIZE * WALK_FRAMES_MAX));
    }
}

/// Begins to go through the entries of a division.
pub fn walk_start(division: i32, want: i32) {
    st32(WALK_WANT, want);
    if ld32(H_DIVIDES) == 0 {
        walk_entries(place_at(division), entries_end(division));
        return;
    }
    st32(WALK_FRAME, ld32(WALK_FRAMES) - WALK_FRAME_SIZE);
    st32(STABBING + 4, 0);
    walk_enter(division, TRUE);
}

/// Goes to a division; `gates` says whether those on the way hold.
fn walk_enter(division: i32, gates: i32) {
    let frame = ld32(WALK_FRAME) + WALK_FRAME_SIZE;
    if frame == ld32(WALK_FRAMES) + WALK_FRAMES_MAX * WALK_FRAME_SIZE {
        st32(FAILED, 1);
        return;
    }
    let gates = walk_gates(division, gates);
    let mut end = place_at(division);
    let mut dimensions = 0;
    if gates != FALSE {
        end = entries_end(division);
        dimensions = division_dimensions_count(division);
    }
    let first = division_dimensions(division);
    st32(WALK_FRAME, frame);
    st32(frame + WALK_FRAME_NEXT, first);
    st32(frame + WALK_FRAME_END, first + dimensions * dimension_width());
    st32(frame + WALK_FRAME_DIMENSION, NOWHERE);
    st32(frame + WALK_FRAME_GATES, gates);
    walk_entries(place_at(division), end);
}

/// Whether the gates of a division hold and those before do: false when no rule of it is wanted.
fn walk_gates(division: i32, before: i32) -> i32 {
    let mut gates = before;
    let mut gate = division_gates(division);
    let end = gate + division_gates_count(division) * number_width();
    while gate != end {
        let truth = node_truth(number_at(gate));
        if truth == FALSE || truth == UNKNOWN && ld32(WALK_WANT) == WANT_TRUE {
            return FALSE;
        }
        if truth == UNKNOWN {
            gates = UNKNOWN;
        }
        gate += number_width();
    }
    return gates;
}

fn walk_entries(at: i32, end: i32) {
    st32(WALK_AT, at);
    st32(WALK_END, end);
}

/// The next entry whose rule could be wanted, or nowhere. A rule may come more than once, and in any order.
pub fn walk_next() -> i32 {
    loop {
        let entry = ld32(WALK_AT);
        if entry != ld32(WALK_END) {
            st32(WALK_AT, entry + entry_width(entry));
            if walk_considers(entry) {
                return entry;
            }
        } else if ld32(FAILED) != 0 || !walk_on() {
            return NOWHERE;
        }
    }
}

/// Goes to further entries, if only to none; whether there is anywhere to go.
fn walk_on() -> bool {
    if ld32(H_DIVIDES) == 0 {
        return false;
    }
    let frame = ld32(WALK_FRAME);
    if walk_more(frame) {
        return true;
    }
    let dimension = ld32(frame + WALK_FRAME_NEXT);
    if dimension != ld32(frame + WALK_FRAME_END) {
        st32(frame + WALK_FRAME_NEXT, dimension + dimension_width());
        walk_dimension(frame, dimension);
    } else if frame != ld32(WALK_FRAMES) {
        st32(WALK_FRAME, frame - WALK_FRAME_SIZE);
    } else {
        return false;
    }
    return true;
}

/// Whether the entry's further test leaves it open that its rule's condition is wanted.
fn walk_considers(entry: i32) -> bool {
    // What entries call proven takes it for granted that gates hold.
    let mut proven = entry_proven(entry);
    if ld32(H_DIVIDES) != 0 {
        if ld32(ld32(WALK_FRAME) + WALK_FRAME_GATES) != TRUE {
            proven = 0;
        }
    }
    st32(WALK_PROVEN, proven);
    if ld32(H_FURTHER) == 0 {
        return true;
    }
    if !entry_has_further(entry) {
        return true;
    }
    let truth = walk_key_truth(entry_lookup(entry), entry_key(entry));
    if truth == TRUE {
        st32(WALK_PROVEN, proven | entry_also(entry));
        return true;
    }
    return truth == UNKNOWN && ld32(WALK_WANT) != WANT_TRUE;
}

/// Whether a lookup finds a key.
fn walk_key_truth(lookup: i32, key: i32) -> i32 {
    match tag_used(lookup_kind(lookup)) {
        // Patterns are matched one by one, and so this one alone.
        T_LOOKUP_PATTERNS => return pattern_truth(lookup, key),
        _ => return walk_found(lookup, key),
    }
}

fn walk_found(lookup: i32, key: i32) -> i32 {
    walk_find(lookup);
    let found = lookup_found(lookup);
    let keys = ld32(KEYS);
    let mut at = keys + ld32(found + FINDING_START) * 4;
    let end = keys + ld32(found + FINDING_END) * 4;
    while at < end {
        if ld32(at) == key {
            return TRUE;
        }
        at += 4;
    }
    return if ld32(found + FINDING_IS_ALL) != 0 { FALSE } else { UNKNOWN };
}

/// Asks the slot of a dimension.
fn walk_dimension(frame: i32, dimension: i32) {
    let lookup = dimension_lookup(dimension);
    walk_find(lookup);
    let found = lookup_found(lookup);
    let is_all = ld32(found + FINDING_IS_ALL) != 0;
    if !is_all && ld32(WALK_WANT) != WANT_TRUE {
        walk_entries(place_at(dimension), entries_end(dimension));
        st32(frame + WALK_FRAME_DIMENSION, NOWHERE);
        return;
    }
    st32(frame + WALK_FRAME_DIMENSION, dimension);
    match tag_used(dimension_kind(dimension)) {
        T_BY_INTERVALS => {
            // Intervals never lead to divisions, in which others would be gone through meanwhile.
            if is_all {
                // What was found can be forgotten before the walk is through.
                copy(WALK_POINT, found + FINDING_POINT, 16);
                push(STABBING, 0);
                push(STABBING, dimension_table_count(dimension));
            }
        }
        _ => {
            st32(frame + WALK_FRAME_KEY, ld32(found + FINDING_START));
            st32(frame + WALK_FRAME_KEYS, ld32(found + FINDING_END));
        }
    }
}

/// Goes to what the dimension at hand leads to next, if only to no entries; whether there is more.
fn walk_more(frame: i32) -> bool {
    let dimension = ld32(frame + WALK_FRAME_DIMENSION);
    if dimension == NOWHERE {
        return false;
    }
    let table = dimension_table(dimension);
    match tag_used(dimension_kind(dimension)) {
        T_BY_INTERVALS => {
            let item = intervals_next(table, WALK_POINT);
            if item == NOWHERE {
                return false;
            }
            walk_entries(place_at(item + INTERVAL_ENTRIES), entries_end(item + INTERVAL_ENTRIES));
            return true;
        }
        T_BY_KEYS => {
            let key = walk_key(frame);
            if key < 0 {
                return false;
            }
            let count = dimension_table_count(dimension);
            let bucket = walk_bucket(table, count, bucket_width(), ld32(ld32(KEYS) + key * 4));
            if bucket != NOWHERE {
                let mut start = table + count * bucket_width();
                if bucket != table {
                    start = place_at(bucket_entries(bucket - bucket_width()));
                }
                walk_entries(start, place_at(bucket_entries(bucket)));
            }
            return true;
        }
        T_BY_PARTS => {
            let key = walk_key(frame);
            if key < 0 {
                return false;
            }
            let bucket = walk_bucket(table, dimension_table_count(dimension), part_width(), ld32(ld32(KEYS) + key * 4));
            if bucket != NOWHERE {
                let part = bucket_entries(bucket);
                if entries_end(part) == NOWHERE {
                    walk_enter(place_at(part), ld32(frame + WALK_FRAME_GATES));
                } else {
                    walk_entries(place_at(part), entries_end(part));
                }
            }
            return true;
        }
        _ => return false,
    }
}

/// The position of the next key of the dimension at hand, which is then behind it; -1 behind the last.
fn walk_key(frame: i32) -> i32 {
    let key = ld32(frame + WALK_FRAME_KEY);
    if key >= ld32(frame + WALK_FRAME_KEYS) {
        return -1;
    }
    st32(frame + WALK_FRAME_KEY, key + 1);
    return key;
}

fn walk_bucket(table: i32, count: i32, width: i32, key: i32) -> i32 {
    let mut low = 0;
    let mut high = count;
    while low < high {
        let middle = (low + high) >> 1;
        let bucket = table + middle * width;
        let found = number_at(bucket);
        if found == key {
            return bucket;
        }
        if (found as u32) < (key as u32) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NOWHERE;
}

/// The candidates of one or two divisions, the second of which may be nowhere, in source order and each once.
pub fn walk_candidates(first: i32, second: i32, want: i32) {
    st32(CANDIDATES + 4, 0);
    walk_collect(first, want);
    if second != NOWHERE {
        walk_collect(second, want);
    }
    if ld32(H_SCATTERS) != 0 {
        sort_from(CANDIDATES, 0, ORDER_CANDIDATES);
        list_dedup(CANDIDATES, 0, ORDER_CANDIDATES);
    }
    if ld32(FAILED) != 0 {
        st32(CANDIDATES + 4, 0);
    }
}

fn walk_collect(division: i32, want: i32) {
    walk_start(division, want);
    loop {
        let entry = walk_next();
        if entry == NOWHERE {
            return;
        }
        let candidate = alloc(CANDIDATE);
        st32(candidate, entry_rule(entry));
        st32(candidate + CANDIDATE_PROVEN, ld32(WALK_PROVEN));
        push(CANDIDATES, candidate);
    }
}
