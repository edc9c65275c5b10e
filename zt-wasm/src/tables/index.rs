//! The index of rules, as the routines walk it.
//!
//! Divisions, entries and keys are those of `zt-eval`'s index, in the order in which it comes upon them. What finds keys is
//! made anew, of tables that are searched where they stand.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use zt_eval::codegen::{Bucket, By, Dimension, Division, Entry, Filing, Index, Lookup, LookupKind, Rest};
use zt_eval::pattern::Pattern;
use zt_eval::value::Value;

use super::data::{Data, number};
use super::patterns;
use super::schema::{Row, bytes};
use crate::layout::*;

/// The tables of an index.
#[derive(Debug)]
pub struct IndexTables {
    /// Where it begins.
    pub index: u32,
    /// What `tag_used` tells apart and is in it.
    pub tags: BTreeSet<i32>,
    divisions: u32,
}

impl IndexTables {
    /// Where a division is.
    #[must_use]
    pub fn division(&self, division: u32) -> u32 {
        self.divisions.saturating_add(division.saturating_mul(number(bytes(DIVISION))))
    }
}

/// Writes the tables of an index.
pub fn write(data: &mut Data, index: &Index) -> IndexTables {
    let lookups = data.reserve(index.lookups.len() * bytes(LOOKUP));
    let divisions = data.reserve(index.divisions.len() * bytes(DIVISION));
    let at = data.words(&[lookups, number(index.lookups.len())]);
    let tables = IndexTables { index: at, tags: BTreeSet::new(), divisions };
    let mut writer = Writer { data, index, tables, lookups, sections: BTreeMap::new() };
    for (lookup, at) in index.lookups.iter().zip((lookups..).step_by(bytes(LOOKUP))) {
        writer.lookup(lookup, at);
    }
    for (division, at) in index.divisions.iter().zip((divisions..).step_by(bytes(DIVISION))) {
        writer.division(division, at);
    }
    writer.tables
}

struct Writer<'a> {
    data: &'a mut Data,
    index: &'a Index,
    tables: IndexTables,
    /// Where lookups begin.
    lookups: u32,
    /// By number of keys: where its sections are, and how many.
    sections: BTreeMap<u32, (u32, u32)>,
}

impl Writer<'_> {
    fn tag(&mut self, tag: i32) -> u32 {
        self.tables.tags.insert(tag);
        tag.cast_unsigned()
    }

    fn lookup(&mut self, lookup: &Lookup, at: u32) {
        let (kind, table, count) = match &lookup.kind {
            LookupKind::Keys(keys) => {
                let filings = self.index.keys.get(*keys as usize).map_or(&[][..], |filings| filings);
                if matches!(filings, [Filing::Matches(..), ..]) {
                    (self.tag(T_LOOKUP_PATTERNS), self.patterns(filings), number(filings.len()))
                } else {
                    let (table, count) = self.sections(*keys, filings);
                    (self.tag(T_LOOKUP_KEYS), table, count)
                }
            }
            LookupKind::Anchors(leads) => {
                (self.tag(T_LOOKUP_ANCHORS), self.data.flags(leads.iter().copied()), number(leads.len()))
            }
            LookupKind::Type => (self.tag(T_LOOKUP_TYPE), 0, 0),
            LookupKind::Point => (self.tag(T_LOOKUP_POINT), 0, 0),
        };
        let mut row = Row::new(LOOKUP);
        row.put(0, kind);
        row.put(LOOKUP_SLOT, number(lookup.slot.index()));
        row.put(LOOKUP_TABLE, table);
        row.put(LOOKUP_COUNT, count);
        self.data.patch(at, &row.0);
    }

    /// The sections of the keys with this number, which are written if they are not yet.
    fn sections(&mut self, keys: u32, filings: &[Filing]) -> (u32, u32) {
        if let Some(sections) = self.sections.get(&keys) {
            return *sections;
        }
        let mut filed = Sections::default();
        (0..).zip(filings).for_each(|(key, filing)| filed.add(filing, key));
        let mut words = Vec::new();
        for (kind, at, count) in filed.write(self.data) {
            words.extend([self.tag(kind), at, count]);
        }
        let sections = (self.data.words(&words), number(words.len() / 3));
        self.sections.insert(keys, sections);
        sections
    }

    /// Patterns by key, and beside them the keys in the order in which they are found.
    fn patterns(&mut self, filings: &[Filing]) -> u32 {
        let found = |filing: &Filing| if let Filing::Matches(_, at) = filing { *at } else { u32::MAX };
        let mut order: Vec<(u32, u32)> = filings.iter().map(found).zip(0..).collect();
        order.sort_unstable();
        let mut words = Vec::with_capacity(filings.len() * 3);
        for (filing, (_, key)) in filings.iter().zip(order) {
            let (kind, table) = match filing {
                Filing::Matches(pattern @ Pattern::Glob(_), _) => {
                    (self.tag(T_PATTERN_GLOB), patterns::pattern(pattern))
                }
                Filing::Matches(pattern @ Pattern::Regex(_), _) => {
                    (self.tag(T_PATTERN_REGEX), patterns::pattern(pattern))
                }
                _ => (0, None),
            };
            // A policy with a pattern that has no table has no module.
            let table = self.data.shared(&table.unwrap_or_default(), 4);
            words.extend([kind, table, key]);
        }
        self.data.words(&words)
    }

    fn division(&mut self, division: &Division, at: u32) {
        let mut dimensions = Vec::with_capacity(division.dimensions.len() * bytes(DIMENSION));
        for dimension in &division.dimensions {
            dimensions.extend(self.dimension(dimension).0);
        }
        let mut row = Row::new(DIVISION);
        row.put(0, self.entries(&division.loose));
        row.put(4, number(division.loose.len()));
        row.put(DIVISION_DIMENSIONS, self.data.shared(&dimensions, 4));
        row.put(DIVISION_DIMENSIONS_COUNT, number(division.dimensions.len()));
        let gates: Vec<u32> = division.gates.iter().map(|gate| number(gate.index())).collect();
        row.put(DIVISION_GATES, self.data.words(&gates));
        row.put(DIVISION_GATES_COUNT, number(gates.len()));
        self.data.patch(at, &row.0);
    }

    fn dimension(&mut self, dimension: &Dimension) -> Row {
        let mut row = Row::new(DIMENSION);
        row.put(DIMENSION_ALL, self.entries(&dimension.all));
        row.put(DIMENSION_ALL_COUNT, number(dimension.all.len()));
        match &dimension.by {
            By::Keys { lookup, buckets } => {
                let words: Vec<u32> = buckets.iter().flat_map(|(key, bucket)| self.bucket(*key, bucket)).collect();
                row.put(0, self.tag(T_BY_KEYS));
                row.put(DIMENSION_BY, self.lookup_at(*lookup));
                row.put(DIMENSION_TABLE, self.data.words(&words));
                row.put(DIMENSION_TABLE_COUNT, number(buckets.len()));
            }
            By::Intervals { lookup, intervals, entries } => {
                let entries = self.entries(entries);
                row.put(0, self.tag(T_BY_INTERVALS));
                row.put(DIMENSION_BY, self.lookup_at(*lookup));
                row.put(DIMENSION_TABLE, self.data.shared(&interval_rows(intervals, entries), 8));
                row.put(DIMENSION_TABLE_COUNT, number(intervals.len()));
            }
        }
        row
    }

    fn lookup_at(&self, lookup: u32) -> u32 {
        self.lookups.saturating_add(lookup.saturating_mul(number(bytes(LOOKUP))))
    }

    fn bucket(&mut self, key: u32, bucket: &Bucket) -> [u32; 3] {
        match bucket {
            Bucket::Entries(entries) => [key, self.entries(entries), number(entries.len())],
            Bucket::Division(division) => [key, self.tables.division(*division), u32::MAX],
        }
    }

    fn entries(&mut self, entries: &[Entry]) -> u32 {
        let mut rows = Vec::with_capacity(entries.len() * bytes(ENTRY));
        for entry in entries {
            let mut row = Row::new(ENTRY);
            row.put(0, number(entry.rule.index()));
            row.put(ENTRY_PROVEN, u32::from(entry.proven) | u32::from(entry.also) << 16);
            row.put(ENTRY_LOOKUP, entry.lookup.map_or(NOWHERE.cast_unsigned(), |lookup| self.lookup_at(lookup)));
            row.put(ENTRY_KEY, entry.key);
            rows.extend(row.0);
        }
        self.data.shared(&rows, 4)
    }
}

/// Intervals sorted by their lower ends; each row also has how far the stretch reaches of which it is the middle, and where
/// its entries are: one interval's behind the other's.
fn interval_rows(intervals: &[(i128, i128, u32)], entries: u32) -> Vec<u8> {
    let mut reaches = vec![i128::MIN; intervals.len()];
    spread_reach(intervals, &mut reaches);
    let mut rows = Vec::with_capacity(intervals.len() * bytes(INTERVAL));
    let mut at = entries;
    for ((low, high, count), reach) in intervals.iter().zip(reaches) {
        let mut row = Row::new(INTERVAL);
        row.put_bytes(INTERVAL_LOW, &low.to_le_bytes());
        row.put_bytes(INTERVAL_HIGH, &high.to_le_bytes());
        row.put_bytes(INTERVAL_REACH, &reach.to_le_bytes());
        row.put(INTERVAL_ENTRIES, at);
        row.put(INTERVAL_ENTRIES_COUNT, *count);
        at = at.saturating_add(count.saturating_mul(ENTRY.cast_unsigned()));
        rows.extend(row.0);
    }
    rows
}

/// How far a stretch of intervals reaches; each half's middle is told, too. Halving bounds the depth.
fn spread_reach(intervals: &[(i128, i128, u32)], reaches: &mut [i128]) -> i128 {
    let middle = intervals.len() / 2;
    let Some((left, [item, right @ ..])) = intervals.split_at_checked(middle) else {
        return i128::MIN;
    };
    let Some((left_reaches, [reach, right_reaches @ ..])) = reaches.split_at_mut_checked(middle) else {
        return i128::MIN;
    };
    *reach = item.1.max(spread_reach(left, left_reaches)).max(spread_reach(right, right_reaches));
    *reach
}

/// The tests of a slot by how they are found.
#[derive(Default)]
struct Sections {
    always: Vec<u32>,
    equal: Vec<(Value, u32)>,
    elements: Vec<(Value, u32)>,
    ranges: Vec<(Value, u32)>,
    prefixes: Vec<Text>,
    suffixes: Vec<Text>,
    infixes: Vec<Text>,
    paths: Vec<Text>,
    hosts: Vec<Text>,
}

/// A text in the order in which it is read, what may follow, and the key.
type Text = (Vec<u8>, Rest, u32);

impl Sections {
    fn add(&mut self, filing: &Filing, key: u32) {
        let backwards = |text: &[u8]| text.iter().rev().copied().collect::<Vec<u8>>();
        match filing {
            Filing::Equal(value) => self.equal.push((value.clone(), key)),
            Filing::Element(value) => self.elements.push((value.clone(), key)),
            Filing::Range(range) => self.ranges.push((Value::IpRange(*range), key)),
            Filing::Prefix(text) => self.prefixes.push((text.clone(), Rest::Anything, key)),
            Filing::Suffix(text) => self.suffixes.push((backwards(text), Rest::Anything, key)),
            Filing::Infix(text) => self.infixes.push((text.clone(), Rest::Anything, key)),
            Filing::Path(text, rest) => self.paths.push((text.clone(), *rest, key)),
            Filing::Host(text, rest) => self.hosts.push((backwards(text), *rest, key)),
            // Patterns have a lookup of their own kind.
            Filing::Always | Filing::Matches(..) => self.always.push(key),
        }
    }

    /// Writes the rows of each section that has any: its kind, where they are, how many.
    fn write(mut self, data: &mut Data) -> Vec<(i32, u32, u32)> {
        self.equal.sort();
        self.elements.sort();
        // Of ranges that hold an address, the innermost is found first.
        self.ranges.sort_by_key(|(range, key)| match range {
            Value::IpRange(range) => (Reverse(range.prefix()), *key),
            _ => (Reverse(0), *key),
        });
        let mut sections = Vec::new();
        if !self.always.is_empty() {
            sections.push((T_KEYS_ALWAYS, data.words(&self.always), number(self.always.len())));
        }
        let elements = value_rows(data, &self.elements);
        let elements_count = number(self.elements.len());
        let values = [(T_KEYS_EQUAL, &self.equal), (T_KEYS_ELEMENTS, &self.elements), (T_KEYS_RANGES, &self.ranges)];
        for (kind, values) in values.into_iter().filter(|(_, values)| !values.is_empty()) {
            sections.push((kind, value_rows(data, values), number(values.len())));
        }
        if self.elements.iter().any(|(value, _)| matches!(value, Value::Ip(_))) {
            sections.push((T_KEYS_IPS, elements, elements_count));
        }
        let texts = [
            (T_KEYS_PREFIXES, self.prefixes),
            (T_KEYS_SUFFIXES, self.suffixes),
            (T_KEYS_INFIXES, self.infixes),
            (T_KEYS_PATHS, self.paths),
            (T_KEYS_HOSTS, self.hosts),
        ];
        for (kind, texts) in texts.into_iter().filter(|(_, texts)| !texts.is_empty()) {
            let count = number(texts.len());
            sections.push((kind, text_rows(data, texts), count));
        }
        sections
    }
}

fn value_rows(data: &mut Data, values: &[(Value, u32)]) -> u32 {
    let mut rows = Vec::with_capacity(values.len() * bytes(VALUE_ROW));
    for (value, key) in values {
        let mut row = Row::new(VALUE_ROW);
        row.put_bytes(0, &data.encode(value));
        row.put(VALUE_KEY, *key);
        rows.extend(row.0);
    }
    data.shared(&rows, 8)
}

fn text_rows(data: &mut Data, mut texts: Vec<Text>) -> u32 {
    texts.sort();
    let mut words = Vec::with_capacity(texts.len() * 4);
    for (text, rest, key) in texts {
        let rest = match rest {
            Rest::Nothing => 0,
            Rest::Segments => 1,
            Rest::Anything => 2,
        };
        words.extend([data.shared(&text, 1), number(text.len()), rest, key]);
    }
    data.words(&words)
}
