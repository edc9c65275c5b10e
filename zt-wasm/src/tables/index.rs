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
use super::nodes::Numbers;
use super::patterns;
use super::row::Rows;
use super::schema::Header;
use crate::layout::*;

/// The tables of an index.
#[derive(Debug)]
pub struct IndexTables {
    /// What `tag_used` tells apart and is in it.
    pub tags: BTreeSet<i32>,
    /// What the header says of it.
    pub header: Header,
    entries: Entries,
    divisions: u32,
    division_bytes: u32,
}

impl IndexTables {
    /// Where a division is.
    #[must_use]
    pub fn division(&self, division: u32) -> u32 {
        self.divisions.saturating_add(division.saturating_mul(self.division_bytes))
    }
}

/// Writes the tables of an index; `found` is where lookups put what they found.
pub fn write(data: &mut Data, index: &Index, numbers: &Numbers, found: u32) -> IndexTables {
    let widths = data.widths();
    let division_bytes = 4 * widths.place() + 2 * widths.number();
    let lookup_bytes = 2 * widths.place() + 3 * widths.number();
    let lookups = data.reserve(index.lookups.len() * lookup_bytes as usize);
    let divisions = data.reserve(index.divisions.len() * division_bytes as usize);
    let entries = Entries::of(index);
    let header = vec![
        (H_DIVIDES, index.divisions.iter().any(divides).into()),
        (H_SCATTERS, scatters(index).into()),
        (H_FURTHER, entries.further.into()),
        (H_BITS, entries.bits.into()),
        (H_LOOKUPS, lookups.saturating_sub(lookup_bytes)),
    ];
    let mut tags = BTreeSet::new();
    if !index.lookups.is_empty() {
        tags.insert(ORDER_NUMBERS);
    }
    if scatters(index) {
        tags.insert(ORDER_CANDIDATES);
    }
    let tables = IndexTables { tags, header, entries, divisions, division_bytes };
    let mut writer = Writer { data, index, numbers, tables, lookups, lookup_bytes, sections: BTreeMap::new() };
    for (lookup, at) in index.lookups.iter().zip(0..) {
        writer.lookup(lookup, at, found);
    }
    for (division, at) in index.divisions.iter().zip(0..) {
        writer.division(division, at);
    }
    writer.tables
}

/// Whether a division has more than entries.
fn divides(division: &Division) -> bool {
    !division.dimensions.is_empty() || !division.gates.is_empty()
}

/// Whether the entries of divisions may come in another order than that of rules, or one rule twice.
fn scatters(index: &Index) -> bool {
    let is_scattered = |division: &Division| {
        !division.dimensions.is_empty() || !division.loose.is_sorted_by(|one, next| one.rule < next.rule)
    };
    // Allow rules with and without obligations are candidates together.
    let has_loose = |at: u32| index.divisions.get(at as usize).is_some_and(|division| !division.loose.is_empty());
    index.divisions.iter().any(is_scattered)
        || index.actions.iter().any(|trees| has_loose(trees.duties) && has_loose(trees.allows))
}

struct Writer<'a> {
    data: &'a mut Data,
    index: &'a Index,
    numbers: &'a Numbers,
    tables: IndexTables,
    /// Where lookups begin.
    lookups: u32,
    lookup_bytes: u32,
    /// By number of keys: where its sections are, and how many.
    sections: BTreeMap<u32, (u32, u32)>,
}

impl Writer<'_> {
    fn tag(&mut self, tag: i32) -> u32 {
        self.tables.tags.insert(tag);
        tag.cast_unsigned()
    }

    fn types_that(&mut self, flags: &[bool]) -> u32 {
        let types = flags.iter().enumerate().filter(|(_, flag)| **flag).map(|(at, _)| at);
        self.data.bits(flags.len(), types)
    }

    fn lookup(&mut self, lookup: &Lookup, at: u32, found: u32) {
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
            LookupKind::Anchors(leads) => (self.tag(T_LOOKUP_ANCHORS), self.types_that(leads), number(leads.len())),
            LookupKind::Type => (self.tag(T_LOOKUP_TYPE), 0, 0),
            LookupKind::Point => (self.tag(T_LOOKUP_POINT), 0, 0),
        };
        let mut row = self.data.rows();
        row.place(table).place(found.saturating_add(at.saturating_mul(FINDING.cast_unsigned())));
        row.number(kind).number(self.numbers.get(lookup.slot)).number(count);
        row.patch(self.data, self.lookup_at(at));
    }

    /// The sections of the keys with this number, which are written if they are not yet.
    fn sections(&mut self, keys: u32, filings: &[Filing]) -> (u32, u32) {
        if let Some(sections) = self.sections.get(&keys) {
            return *sections;
        }
        let mut filed = Sections::default();
        (0..).zip(filings).for_each(|(key, filing)| filed.add(filing, key));
        let sections = filed.write(self.data);
        let count = number(sections.len());
        let mut rows = self.data.rows();
        for (kind, at, count) in sections {
            if kind == T_KEYS_INFIXES {
                self.tag(ORDER_PARTS);
            }
            rows.place(at).number(self.tag(kind)).number(count);
        }
        let sections = (rows.share(self.data), count);
        self.sections.insert(keys, sections);
        sections
    }

    /// Patterns by key, and beside them the keys in the order in which they are found.
    fn patterns(&mut self, filings: &[Filing]) -> u32 {
        let found = |filing: &Filing| if let Filing::Matches(_, at) = filing { *at } else { u32::MAX };
        let mut order: Vec<(u32, u32)> = filings.iter().map(found).zip(0..).collect();
        order.sort_unstable();
        let mut rows = self.data.rows();
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
            let table = self.data.shared(&table.unwrap_or_default(), 1);
            rows.place(table).number(kind).number(key);
        }
        rows.share(self.data)
    }

    fn division(&mut self, division: &Division, at: u32) {
        let mut dimensions = self.data.rows();
        for dimension in &division.dimensions {
            self.dimension(dimension, &mut dimensions);
        }
        let mut gates = self.data.rows();
        for gate in &division.gates {
            gates.number(self.numbers.get(*gate));
        }
        let mut row = self.data.rows();
        let (start, end) = self.entries(&division.loose);
        row.place(start).place(end).place(dimensions.share(self.data)).place(gates.share(self.data));
        row.number(number(division.dimensions.len()));
        row.number(number(division.gates.len()));
        row.patch(self.data, self.tables.division(at));
    }

    fn dimension(&mut self, dimension: &Dimension, row: &mut Rows) {
        let (start, end) = self.entries(&dimension.all);
        row.place(start).place(end);
        let (kind, lookup, table, count) = match &dimension.by {
            By::Keys { lookup, buckets } => {
                let is_flat = buckets.iter().all(|(_, bucket)| matches!(bucket, Bucket::Entries(_)));
                let (kind, table) =
                    if is_flat { (T_BY_KEYS, self.buckets(buckets)) } else { (T_BY_PARTS, self.parts(buckets)) };
                (kind, lookup, table, number(buckets.len()))
            }
            By::Intervals { lookup, intervals, entries } => {
                (T_BY_INTERVALS, lookup, self.intervals(intervals, entries), number(intervals.len()))
            }
        };
        row.place(self.lookup_at(*lookup)).place(table);
        row.number(self.tag(kind)).number(count);
    }

    fn lookup_at(&self, lookup: u32) -> u32 {
        self.lookups.saturating_add(lookup.saturating_mul(self.lookup_bytes))
    }

    /// Where entries start and end.
    fn entries(&mut self, entries: &[Entry]) -> (u32, u32) {
        let mut rows = self.data.rows();
        self.add(entries, &mut rows);
        let len = number(rows.bytes.len());
        let start = rows.share(self.data);
        (start, start.saturating_add(len))
    }

    fn add(&self, entries: &[Entry], rows: &mut Rows) {
        for entry in entries {
            let conjuncts = self.index.conjuncts.get(entry.rule.index()).map_or(0, |conjuncts| conjuncts.len());
            self.tables.entries.write(entry, conjuncts, rows);
        }
    }

    /// Buckets of entries, which stand behind them.
    fn buckets(&mut self, buckets: &[(u32, Bucket)]) -> u32 {
        let mut entries = self.data.rows();
        let mut ends = Vec::with_capacity(buckets.len());
        for (_, bucket) in buckets {
            self.add(entries_of(bucket), &mut entries);
            ends.push(number(entries.bytes.len()));
        }
        let mut rows = self.data.rows();
        let widths = self.data.widths();
        let len = number(buckets.len()).saturating_mul(widths.number() + widths.place());
        let first = self.data.end().saturating_add(len);
        for ((key, _), end) in buckets.iter().zip(ends) {
            rows.number(*key).place(first.saturating_add(end));
        }
        rows.append(entries);
        rows.write(self.data)
    }

    /// Buckets of which some lead to divisions.
    fn parts(&mut self, buckets: &[(u32, Bucket)]) -> u32 {
        let mut rows = self.data.rows();
        for (key, bucket) in buckets {
            let (start, end) = match bucket {
                Bucket::Entries(entries) => self.entries(entries),
                Bucket::Division(division) => (self.tables.division(*division), NOWHERE.cast_unsigned()),
            };
            rows.number(*key).place(start).place(end);
        }
        rows.share(self.data)
    }

    /// Intervals sorted by their lower ends; each row also has how far the stretch reaches of which it is the middle, and
    /// where its entries are: one interval's behind the other's.
    fn intervals(&mut self, intervals: &[(i128, i128, u32)], entries: &[Entry]) -> u32 {
        let mut reaches = vec![i128::MIN; intervals.len()];
        spread_reach(intervals, &mut reaches);
        let mut rows = self.data.rows();
        let mut rest = entries;
        for ((low, high, count), reach) in intervals.iter().zip(reaches) {
            for wide in [low, high, &reach] {
                rows.bytes.extend(wide.to_le_bytes());
            }
            let (own, others) = rest.split_at(rest.len().min(*count as usize));
            let (start, end) = self.entries(own);
            rows.place(start).place(end);
            rest = others;
        }
        rows.share(self.data)
    }
}

/// Which columns entries have.
#[derive(Clone, Copy, Debug)]
struct Entries {
    /// Whether any has a further lookup.
    further: bool,
    /// Whether lookups, and what is proven, take more than a byte.
    bits: bool,
}

impl Entries {
    fn of(index: &Index) -> Self {
        // The last bit is no conjunct's, so that what is wholly proven is told apart.
        let lookups = u8::try_from(index.lookups.len() + 1).is_ok();
        let all_short = index.conjuncts.iter().all(|conjuncts| conjuncts.len() < 8);
        Self { further: all_entries(index).any(|entry| entry.lookup.is_some()), bits: !(lookups && all_short) }
    }

    /// An entry of a rule with so many conjuncts.
    fn write(self, entry: &Entry, conjuncts: usize, rows: &mut Rows) {
        let rule = number(entry.rule.index());
        let Some(lookup) = entry.lookup else {
            rows.flagged(rule, self.further.then_some(false));
            return self.bits(entry.proven, conjuncts, rows);
        };
        rows.flagged(rule, Some(true));
        self.bits(entry.proven, conjuncts, rows);
        rows.number(entry.key);
        if self.bits {
            rows.number(lookup.saturating_add(1));
        } else {
            rows.byte(u8::try_from(lookup.saturating_add(1)).unwrap_or_default());
        }
        self.bits(entry.also, conjuncts, rows);
    }

    /// What is proven: the bits of conjuncts, of which there are no others, or all for the whole condition.
    fn bits(self, bits: u16, conjuncts: usize, rows: &mut Rows) {
        let own = u32::try_from(conjuncts)
            .ok()
            .and_then(|conjuncts| 1u16.checked_shl(conjuncts))
            .map_or(u16::MAX, |end| end - 1);
        let [low, high] = if bits == u16::MAX { bits } else { bits & own }.to_le_bytes();
        rows.byte(low);
        if self.bits {
            rows.byte(high);
        }
    }
}

fn all_entries(index: &Index) -> impl Iterator<Item = &Entry> {
    index.divisions.iter().flat_map(|division| {
        let filed = division.dimensions.iter().flat_map(|dimension| {
            let by: Vec<&[Entry]> = match &dimension.by {
                By::Keys { buckets, .. } => buckets.iter().map(|(_, bucket)| entries_of(bucket)).collect(),
                By::Intervals { entries, .. } => vec![entries],
            };
            dimension.all.iter().chain(by.into_iter().flatten())
        });
        division.loose.iter().chain(filed)
    })
}

fn entries_of(bucket: &Bucket) -> &[Entry] {
    match bucket {
        Bucket::Entries(entries) => entries,
        Bucket::Division(_) => &[],
    }
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
            let mut rows = data.rows();
            for key in &self.always {
                rows.number(*key);
            }
            sections.push((T_KEYS_ALWAYS, rows.share(data), number(self.always.len())));
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
    let mut rows = data.rows();
    for (value, key) in values {
        rows.place(data.cell(value)).number(*key);
    }
    rows.share(data)
}

fn text_rows(data: &mut Data, mut texts: Vec<Text>) -> u32 {
    texts.sort();
    let mut rows = data.rows();
    for (text, rest, key) in texts {
        let rest = match rest {
            Rest::Nothing => 0,
            Rest::Segments => 1,
            Rest::Anything => 2,
        };
        rows.place(data.shared(&text, 1)).number(number(text.len())).number(rest).number(key);
    }
    rows.share(data)
}
