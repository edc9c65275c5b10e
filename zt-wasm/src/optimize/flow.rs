//! Which locals are needed where: what is set for nothing is not set, and locals that are never needed together are one.
//!
//! Code is walked from its end to its start. A loop is known only once its start was come to: the walk begins again until
//! nothing new is learned there.

use std::collections::BTreeMap;

use super::{BR, ELSE, END, GET, IF, Ins, LOOP, RETURN, SET, TEE, UNREACHABLE};

/// A set of locals.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Locals(Vec<u64>);

impl Locals {
    pub fn add(&mut self, local: u32) {
        let (word, bit) = (local as usize / 64, local % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0.get_mut(word).into_iter().for_each(|word| *word |= 1 << bit);
    }

    fn remove(&mut self, local: u32) {
        self.0.get_mut(local as usize / 64).into_iter().for_each(|word| *word &= !(1 << (local % 64)));
    }

    pub fn has(&self, local: u32) -> bool {
        self.0.get(local as usize / 64).is_some_and(|word| word >> (local % 64) & 1 != 0)
    }

    /// Adds all of another; whether any is new.
    fn join(&mut self, other: &Self) -> bool {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        let mut is_new = false;
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            is_new |= *more & !*word != 0;
            *word |= more;
        }
        is_new
    }

    fn each(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..)
            .zip(&self.0)
            .flat_map(|(at, word)| (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| at * 64 + bit))
    }
}

/// What was opened and, on the way back, is open still.
struct Open {
    /// What is needed where branches to it lead.
    target: Locals,
    /// What is needed behind it.
    behind: Locals,
    /// What is needed at the start of the `else`.
    otherwise: Option<Locals>,
}

/// Tells of each use of a local what is needed behind it; gives what is needed at the start.
pub(super) fn needed(code: &[Ins], mut tell: impl FnMut(usize, &Locals)) -> Locals {
    let starts = starts(code);
    let mut loops: BTreeMap<usize, Locals> = BTreeMap::new();
    loop {
        let mut learned = false;
        back(code, &starts, &mut loops, &mut learned, &mut |_, _| {});
        if !learned {
            return back(code, &starts, &mut loops, &mut learned, &mut tell);
        }
    }
}

/// Where what ends at a place was opened.
fn starts(code: &[Ins]) -> BTreeMap<usize, usize> {
    let (mut open, mut starts) = (Vec::new(), BTreeMap::new());
    for (at, ins) in code.iter().enumerate() {
        match ins {
            Ins::Open(..) => open.push(at),
            ins if *ins == END => {
                starts.insert(at, open.pop().unwrap_or_default());
            }
            _ => {}
        }
    }
    starts
}

fn back(
    code: &[Ins],
    starts: &BTreeMap<usize, usize>,
    loops: &mut BTreeMap<usize, Locals>,
    learned: &mut bool,
    tell: &mut impl FnMut(usize, &Locals),
) -> Locals {
    let mut live = Locals::default();
    let mut open: Vec<Open> = Vec::new();
    let target = |open: &[Open], depth: u32| {
        let at = open.len().checked_sub(depth as usize + 1);
        at.and_then(|at| open.get(at)).map(|open| open.target.clone()).unwrap_or_default()
    };
    for (at, ins) in code.iter().enumerate().rev() {
        match ins {
            Ins::Open(op, _) => {
                let Some(closed) = open.pop() else {
                    continue;
                };
                if *op == LOOP {
                    *learned |= loops.entry(at).or_default().join(&live);
                } else if *op == IF {
                    live.join(&closed.otherwise.unwrap_or(closed.behind));
                }
            }
            Ins::Branch(op, depth) => {
                let target = target(&open, *depth);
                if *op == BR {
                    live = target;
                } else {
                    live.join(&target);
                }
            }
            Ins::Local(op, local) => {
                tell(at, &live);
                if *op == GET {
                    live.add(*local);
                } else {
                    live.remove(*local);
                }
            }
            ins if *ins == END => {
                let start = starts.get(&at).copied().unwrap_or_default();
                let is_loop = matches!(code.get(start), Some(Ins::Open(LOOP, _)));
                let target = if is_loop { loops.get(&start).cloned().unwrap_or_default() } else { live.clone() };
                open.push(Open { target, behind: live.clone(), otherwise: None });
            }
            ins if *ins == ELSE => {
                if let Some(open) = open.last_mut() {
                    open.otherwise = Some(std::mem::replace(&mut live, open.behind.clone()));
                }
            }
            ins if *ins == RETURN || *ins == Ins::Plain(UNREACHABLE) => live = Locals::default(),
            _ => {}
        }
    }
    live
}

/// Leaves out the setting of what is not needed behind it.
pub(super) fn drop_unneeded(code: Vec<Ins>) -> Vec<Ins> {
    let mut needless = Locals::default();
    needed(&code, |at, live| {
        if let Some(Ins::Local(SET | TEE, local)) = code.get(at)
            && !live.has(*local)
        {
            needless.add(u32::try_from(at).unwrap_or(u32::MAX));
        }
    });
    let mut out = Vec::with_capacity(code.len());
    for (at, ins) in (0u32..).zip(code) {
        match ins {
            Ins::Local(SET, _) if needless.has(at) => out.push(super::DROPPED),
            Ins::Local(TEE, _) if needless.has(at) => {}
            ins => out.push(ins),
        }
    }
    out
}

/// Makes one local of those of a type that are never needed together. Of a local's copy and the local that is so only if one
/// of both is set again while the other is needed.
pub(super) fn share(code: &mut [Ins], params: &[u8], locals: &[u8]) {
    let types: Vec<u8> = params.iter().chain(locals).copied().collect();
    let mut apart: Vec<Locals> = vec![Locals::default(); types.len()];
    let mut part = |one: u32, other: u32| {
        for (one, other) in [(one, other), (other, one)] {
            apart.get_mut(one as usize).into_iter().for_each(|apart| apart.add(other));
        }
    };
    let first = needed(code, |at, live| {
        let Some(Ins::Local(SET | TEE, set)) = code.get(at) else {
            return;
        };
        let copied = match at.checked_sub(1).and_then(|before| code.get(before)) {
            Some(Ins::Local(GET | TEE, copied)) => Some(*copied),
            _ => None,
        };
        live.each().filter(|other| other != set && Some(*other) != copied).for_each(|other| part(*set, other));
    });
    let given = u32::try_from(params.len()).unwrap_or_default();
    for needed in first.each() {
        (0..given).filter(|param| *param != needed).for_each(|param| part(needed, param));
    }
    let mut uses = vec![0usize; types.len()];
    for ins in code.iter() {
        if let Ins::Local(_, local) = ins {
            uses.get_mut(*local as usize).into_iter().for_each(|uses| *uses += 1);
        }
    }
    let mut order: Vec<u32> = (given..).take(locals.len()).collect();
    order.sort_by_key(|local| usize::MAX - uses.get(*local as usize).copied().unwrap_or_default());
    // For each local the one that it becomes, and for each of those what must not become it.
    let mut becomes: Vec<u32> = (0..).take(types.len()).collect();
    let mut taken: Vec<(u32, Locals)> =
        (0..given).map(|param| (param, apart.get(param as usize).cloned().unwrap_or_default())).collect();
    for local in order {
        let ty = types.get(local as usize);
        let place = taken.iter_mut().find(|(other, apart)| types.get(*other as usize) == ty && !apart.has(local));
        let more = apart.get(local as usize).cloned().unwrap_or_default();
        match place {
            Some((other, apart)) => {
                apart.join(&more);
                becomes.get_mut(local as usize).into_iter().for_each(|becomes| *becomes = *other);
            }
            None => taken.push((local, more)),
        }
    }
    for ins in code.iter_mut() {
        if let Ins::Local(_, local) = ins {
            *local = becomes.get(*local as usize).copied().unwrap_or(*local);
        }
    }
}
