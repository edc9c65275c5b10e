//! Tries over bytes: which of many texts lead a text, and which routes match a path.
//!
//! A label is as long as it can be, so that a walk visits few nodes, and nodes lie in flat arrays, level by level: the
//! children of a node are consecutive. [`WILD`], a byte that no UTF-8 has, stands for one whole segment. A node can be
//! reached with one rest of the text only, because a wildcard takes exactly one segment; so no node is visited twice.
//!
//! A trie that runs `BACKWARDS` reads both its texts and what is sought in it from the end: suffixes, and host names, whose
//! segments are labels. There is no reversed copy of what is sought.

use std::borrow::Cow;

use super::narrow;

/// Stands for one segment in the texts of a trie.
pub(super) const WILD: u8 = 0xFF;

/// The most wildcards that a text may have: so many branches can be waiting during a walk.
pub(super) const WILD_MAX: usize = 32;

/// What may follow where a text of the trie ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Accept {
    /// Nothing.
    End,
    /// Nothing, or a further segment.
    Boundary,
    /// Anything.
    Any,
}

/// A text to be filed.
pub(super) struct Entry<'p> {
    pub text: Cow<'p, [u8]>,
    pub accept: Accept,
    pub key: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Trie<const BACKWARDS: bool> {
    /// One more than there are, unless there is none: what belongs to a node ends where the next one's starts.
    nodes: Box<[Node]>,
    /// By node: the byte of its label that is read first.
    firsts: Box<[u8]>,
    labels: Box<[u8]>,
    accepts: Box<[(Accept, u32)]>,
    has_wild: bool,
}

/// Where the parts of a node start.
#[derive(Clone, Copy, Debug)]
struct Node {
    label: u32,
    children: u32,
    accepts: u32,
}

/// The texts below a node, while it is laid out; `depth` bytes of them are spelt out above it.
#[derive(Clone, Copy)]
struct Below {
    from: usize,
    to: usize,
    depth: usize,
}

/// A node whose label has been read.
struct Inside<'t> {
    first_child: u32,
    last_child: u32,
    rest: &'t [u8],
}

impl<const BACKWARDS: bool> Trie<BACKWARDS> {
    pub fn build(mut entries: Vec<Entry<'_>>) -> Self {
        if BACKWARDS {
            entries.iter_mut().for_each(|entry| entry.text.to_mut().reverse());
        }
        entries.sort_unstable_by(|a, b| (&a.text, a.accept, a.key).cmp(&(&b.text, b.accept, b.key)));
        let (mut nodes, mut firsts) = (Vec::new(), Vec::new());
        let mut labels: Vec<u8> = Vec::new();
        let mut accepts = Vec::with_capacity(entries.len());
        let mut waiting = Vec::new();
        if !entries.is_empty() {
            waiting.push(Below { from: 0, to: entries.len(), depth: 0 });
        }
        while let Some(below) = waiting.get(nodes.len()).copied() {
            nodes.push(Node {
                label: narrow(labels.len()),
                children: narrow(waiting.len()),
                accepts: narrow(accepts.len()),
            });
            let group = entries.get(below.from..below.to).unwrap_or_default();
            let label = shared_label(group, below.depth);
            let depth = below.depth + label.len();
            firsts.push(label.first().copied().unwrap_or_default());
            if BACKWARDS {
                labels.extend(label.iter().rev());
            } else {
                labels.extend(label);
            }
            let ending = group.iter().take_while(|entry| entry.text.len() == depth);
            accepts.extend(ending.map(|entry| (entry.accept, entry.key)));
            divide(group, below.from, depth, &mut waiting);
        }
        if !nodes.is_empty() {
            nodes.push(Node {
                label: narrow(labels.len()),
                children: narrow(waiting.len()),
                accepts: narrow(accepts.len()),
            });
        }
        Self {
            has_wild: labels.contains(&WILD),
            nodes: nodes.into(),
            firsts: firsts.into(),
            labels: labels.into(),
            accepts: accepts.into(),
        }
    }

    /// The number of texts filed.
    pub fn len(&self) -> usize {
        self.accepts.len()
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.nodes) + self.firsts.len() + self.labels.len() + size_of_val(&*self.accepts)
    }

    /// Appends the keys of all texts that lead this one and accept what follows.
    pub fn hits(&self, text: &str, found: &mut Vec<u32>) {
        if self.nodes.is_empty() {
            return;
        }
        if self.has_wild {
            return self.branching_hits(text.as_bytes(), found);
        }
        let (mut node, mut rest) = (0, text.as_bytes());
        while let Some(inside) = self.enter(node, rest, found) {
            let Some(child) = self.literal_child(&inside) else {
                return;
            };
            (node, rest) = (child, inside.rest);
        }
    }

    /// Where a literal and a wildcard both lead on, one waits until the other is done.
    fn branching_hits(&self, text: &[u8], found: &mut Vec<u32>) {
        let mut waiting = [(0_u32, 0_u32); WILD_MAX];
        let mut waiting_count = 0;
        let mut next = Some((0, text));
        loop {
            if next.is_none() {
                waiting_count = match usize::checked_sub(waiting_count, 1) {
                    Some(fewer) => fewer,
                    None => return,
                };
                next = waiting.get(waiting_count).map(|&(node, len)| (node, rest_of::<BACKWARDS>(text, len as usize)));
            }
            let Some((node, rest)) = next.take() else {
                return;
            };
            let Some(inside) = self.enter(node, rest, found) else {
                continue;
            };
            let literal = self.literal_child(&inside);
            let wild = self.wild_child(&inside);
            if let (Some(_), Some(wild)) = (literal, wild)
                && let Some(slot) = waiting.get_mut(waiting_count)
            {
                *slot = (wild, narrow(inside.rest.len()));
                waiting_count += 1;
            }
            next = literal.or(wild).map(|child| (child, inside.rest));
        }
    }

    /// Reads a node's label off the text, and reports what ends at the node; `None` where the text says otherwise.
    fn enter<'t>(&self, node: u32, text: &'t [u8], found: &mut Vec<u32>) -> Option<Inside<'t>> {
        let at = node as usize;
        let [this, next] = self.nodes.get(at..at.checked_add(2)?)? else {
            return None;
        };
        let label = self.labels.get(this.label as usize..next.label as usize)?;
        let rest =
            if self.has_wild { strip::<BACKWARDS>(text, label)? } else { strip_literal::<BACKWARDS>(text, label)? };
        for (accept, key) in self.accepts.get(this.accepts as usize..next.accepts as usize)? {
            let is_accepted = match accept {
                Accept::End => rest.is_empty(),
                Accept::Boundary => rest.first().is_none_or(|byte| *byte == b'/'),
                Accept::Any => true,
            };
            if is_accepted {
                found.push(*key);
            }
        }
        Some(Inside { first_child: this.children, last_child: next.children, rest })
    }

    fn literal_child(&self, inside: &Inside<'_>) -> Option<u32> {
        let byte = if BACKWARDS { inside.rest.last() } else { inside.rest.first() }?;
        let firsts = self.firsts.get(inside.first_child as usize..inside.last_child as usize)?;
        firsts.binary_search(byte).ok().map(|at| inside.first_child + narrow(at))
    }

    /// The child that starts with a wildcard, which sorts behind all others.
    fn wild_child(&self, inside: &Inside<'_>) -> Option<u32> {
        let last = inside.last_child.checked_sub(1).filter(|last| *last >= inside.first_child)?;
        (self.firsts.get(last as usize) == Some(&WILD)).then_some(last)
    }
}

/// What all texts of a sorted group have in common behind `depth`.
fn shared_label<'e>(group: &'e [Entry<'_>], depth: usize) -> &'e [u8] {
    let end = |entry: Option<&'e Entry<'_>>| entry.and_then(|entry| entry.text.get(depth..)).unwrap_or_default();
    let (first, last) = (end(group.first()), end(group.last()));
    let shared = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    first.get(..shared).unwrap_or_default()
}

/// Makes a node wait for each byte that stands at `depth` in texts of the group.
fn divide(group: &[Entry<'_>], from: usize, depth: usize, waiting: &mut Vec<Below>) {
    let mut from = from;
    for same in group.chunk_by(|a, b| a.text.get(depth) == b.text.get(depth)) {
        let to = from + same.len();
        if same.first().is_some_and(|entry| entry.text.len() > depth) {
            waiting.push(Below { from, to, depth });
        }
        from = to;
    }
}

/// The part of the text of which `len` bytes are not yet read.
fn rest_of<const BACKWARDS: bool>(text: &[u8], len: usize) -> &[u8] {
    let rest = if BACKWARDS { text.get(..len) } else { text.get(text.len().saturating_sub(len)..) };
    rest.unwrap_or_default()
}

fn strip_literal<'t, const BACKWARDS: bool>(text: &'t [u8], literal: &[u8]) -> Option<&'t [u8]> {
    if BACKWARDS { text.strip_suffix(literal) } else { text.strip_prefix(literal) }
}

/// Reads a label that can have wildcards off the text.
fn strip<'t, const BACKWARDS: bool>(text: &'t [u8], label: &[u8]) -> Option<&'t [u8]> {
    if BACKWARDS {
        let mut pieces = label.rsplit(|byte| *byte == WILD);
        let rest = strip_literal::<true>(text, pieces.next()?)?;
        pieces.try_fold(rest, |rest, piece| strip_literal::<true>(strip_label(rest)?, piece))
    } else {
        let mut pieces = label.split(|byte| *byte == WILD);
        let rest = strip_literal::<false>(text, pieces.next()?)?;
        pieces.try_fold(rest, |rest, piece| strip_literal::<false>(strip_segment(rest)?, piece))
    }
}

/// A path without its next segment, which must not be empty.
fn strip_segment(path: &[u8]) -> Option<&[u8]> {
    let len = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
    path.get(len..).filter(|_| len > 0)
}

/// A host without its last label, which must not be a bracketed address.
fn strip_label(host: &[u8]) -> Option<&[u8]> {
    let start = host.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1);
    let (rest, label) = host.split_at_checked(start)?;
    (!label.is_empty() && !label.starts_with(b"[")).then_some(rest)
}
