//! The index in plain arrays, for code generators.

use super::table::Bucket as TableBucket;
use crate::graph::Policy;
use crate::id::{ActionId, NodeId, RuleId};
use crate::pattern::Pattern;
use crate::value::{IpRange, Value};

/// An index. Numbers are positions in its arrays.
#[derive(Clone, Debug)]
pub struct Index {
    /// By lookup.
    pub lookups: Vec<Lookup>,
    /// By the number in [`LookupKind::Keys`], and by key: what finds it.
    pub keys: Vec<Vec<Filing>>,
    /// By division.
    pub divisions: Vec<Division>,
    /// By action.
    pub actions: Vec<Trees>,
    /// By rule: the conjuncts of its condition, in the order in which they are looked at.
    pub conjuncts: Vec<Vec<NodeId>>,
}

/// The divisions that hold an action's rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trees {
    /// Deny rules that decide.
    pub denies: u32,
    /// Allow rules that decide and oblige to something.
    pub duties: u32,
    /// Allow rules that decide and oblige to nothing.
    pub allows: u32,
    /// Rules of either kind that are only reported.
    pub audits: u32,
}

/// Rules, as far as they are told apart.
#[derive(Clone, Debug)]
pub struct Division {
    /// Conditions that all its rules need, in the order in which they are looked at before anything else: where one is false,
    /// no rule of the division fires. Entries have them as proven; where one is unknown, nothing is.
    pub gates: Vec<NodeId>,
    /// Rules that no dimension holds.
    pub loose: Vec<Entry>,
    /// The others.
    pub dimensions: Vec<Dimension>,
}

/// Rules by what a slot is.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// How it leads to rules.
    pub by: By,
    /// All its rules, in source order.
    pub all: Vec<Entry>,
}

/// How a dimension leads to rules.
#[derive(Clone, Debug)]
pub enum By {
    /// By the keys that a lookup finds; sorted by key.
    Keys {
        /// The lookup.
        lookup: u32,
        /// What stands under which key.
        buckets: Vec<(u32, Bucket)>,
    },
    /// By the intervals that hold the point that a lookup finds.
    Intervals {
        /// The lookup.
        lookup: u32,
        /// Lower and upper end, both included, and how many entries each has; sorted by these ends.
        intervals: Vec<(i128, i128, u32)>,
        /// Those of each interval, one after the other.
        entries: Vec<Entry>,
    },
}

/// What is filed under a key.
#[derive(Clone, Debug)]
pub enum Bucket {
    /// These entries.
    Entries(Vec<Entry>),
    /// The rules of a division.
    Division(u32),
}

/// A rule where it is filed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The rule.
    pub rule: RuleId,
    /// Which of its first 15 conjuncts are known to hold, as bits, if all gates on the way hold; those that it does not have
    /// do. The last bit says that it has no more.
    pub proven: u16,
    /// Those that hold if `key` is among the keys that `lookup` finds.
    pub also: u16,
    /// A further lookup, without whose `key` the rule's condition does not hold.
    pub lookup: Option<u32>,
    /// The key.
    pub key: u32,
}

/// What is asked of a slot.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The node that reads the slot.
    pub slot: NodeId,
    /// Which keys its value gives.
    pub kind: LookupKind,
}

/// Which keys a slot's value gives.
#[derive(Clone, Debug)]
pub enum LookupKind {
    /// Those that [`Index::keys`] says under this number.
    Keys(u32),
    /// The anchors that the entity is or lies below; by entity type, whether its parents lead to any that are asked for.
    Anchors(Vec<bool>),
    /// The entity's type.
    Type,
    /// The place of the value in the order of its kind.
    Point,
}

/// What finds a key.
#[derive(Clone, PartialEq, Debug)]
pub enum Filing {
    /// A scalar that equals this.
    Equal(Value),
    /// A set or list that has this scalar, a map with this key, a range or a collection of ranges that holds this address.
    Element(Value),
    /// An address in this range.
    Range(IpRange),
    /// A text that starts so.
    Prefix(Vec<u8>),
    /// A text that ends so.
    Suffix(Vec<u8>),
    /// A text that has this in it.
    Infix(Vec<u8>),
    /// A path that starts so, 255 standing for one segment, and goes on as it may.
    Path(Vec<u8>, Rest),
    /// A host that ends so, 255 standing for one label.
    Host(Vec<u8>, Rest),
    /// A text that matches; all keys of a lookup are of this kind, or none is. If a text matches several, keys are found in the
    /// order of these numbers.
    Matches(Pattern, u32),
    /// Every value.
    Always,
}

/// What may follow (of hosts: precede) the text that finds a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rest {
    /// Nothing.
    Nothing,
    /// Nothing, or a further segment.
    Segments,
    /// Anything.
    Anything,
}

impl Index {
    pub(crate) fn of(policy: &Policy) -> Option<Self> {
        let index = &super::Index::listed(policy).ok()?;
        let trees = |trees: &super::Trees| Trees {
            denies: trees.denies,
            duties: trees.duties,
            allows: trees.allows,
            audits: trees.audits,
        };
        Some(Self {
            lookups: index.lookups.iter().map(lookup).collect(),
            keys: index.keys.iter().map(|keys| keys.filings().to_vec()).collect(),
            divisions: index.divisions.iter().map(|each| division(index, *each)).collect(),
            actions: index.actions.iter().map(trees).collect(),
            conjuncts: (0..policy.rules.len()).map(|rule| policy.conjuncts(RuleId::new(rule)).to_vec()).collect(),
        })
    }

    /// The trees of an action.
    #[must_use]
    pub fn trees(&self, action: ActionId) -> Option<Trees> {
        self.actions.get(action.index()).copied()
    }
}

fn lookup(lookup: &super::Lookup) -> Lookup {
    let kind = match &lookup.kind {
        super::LookupKind::Keys(number) => LookupKind::Keys(*number),
        super::LookupKind::Anchors(leads) => LookupKind::Anchors(leads.to_vec()),
        super::LookupKind::Type => LookupKind::Type,
        super::LookupKind::Point => LookupKind::Point,
    };
    Lookup { slot: lookup.slot, kind }
}

fn division(index: &super::Index, division: super::Division) -> Division {
    let dimensions = division.dimensions.indices().filter_map(|at| index.dimension(at));
    Division {
        gates: index.gates(division).to_vec(),
        loose: entries(index, division.loose),
        dimensions: dimensions.map(|dimension| self::dimension(index, dimension)).collect(),
    }
}

fn dimension(index: &super::Index, dimension: &super::Dimension) -> Dimension {
    let by = match &dimension.by {
        super::By::Keys { lookup, table } => {
            let mut buckets: Vec<(u32, Bucket)> =
                index.tables.keyed(*table).map(|(key, found)| (key, bucket(index, found))).collect();
            buckets.sort_by_key(|(key, _)| *key);
            By::Keys { lookup: *lookup, buckets }
        }
        super::By::Intervals { lookup, intervals, first } => {
            let entries = index.entries_behind(*first, intervals.all()).iter().map(entry).collect();
            By::Intervals { lookup: *lookup, intervals: intervals.sorted().collect(), entries }
        }
    };
    Dimension { by, all: entries(index, dimension.all) }
}

fn bucket(index: &super::Index, bucket: TableBucket) -> Bucket {
    match bucket {
        TableBucket::Entries(range) => Bucket::Entries(entries(index, range)),
        TableBucket::Division(division) => Bucket::Division(division),
    }
}

fn entries(index: &super::Index, range: super::Range) -> Vec<Entry> {
    index.entries(range).iter().map(entry).collect()
}

fn entry(entry: &super::Entry) -> Entry {
    let lookup = (entry.lookup != super::Entry::NONE).then_some(entry.lookup);
    Entry { rule: entry.rule, proven: entry.proven, also: entry.also, lookup, key: entry.key }
}
