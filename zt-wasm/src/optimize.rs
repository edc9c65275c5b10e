//! Makes functions smaller, and so faster, without changing what they do.
//!
//! What is constant in a module is computed here, with it which branch is taken: what only the other one called is then not
//! linked at all.

use std::collections::HashSet;

mod binary;
mod choices;
mod copies;
mod flow;
mod stack;
#[cfg(test)]
mod tests;

pub(crate) use binary::{decode, encode};

/// An instruction of those that routines and generated functions are made of; see the binary format for the numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Ins {
    /// One that is a byte.
    Plain(u8),
    /// `block`, `loop` or `if`, with its type.
    Open(u8, u8),
    /// `br` or `br_if`.
    Branch(u8, u32),
    /// Of the function with this symbol.
    Call(u32),
    /// `local.get`, `.set` or `.tee`.
    Local(u8, u32),
    /// `global.get` or `.set`, of what stands for the cell at this address.
    Global(u8, u32),
    /// A load or a store, with its offset.
    Access(u8, u32),
    I32(i32),
    I64(i64),
    /// Others, as they are.
    Raw(Vec<u8>),
}

pub(crate) const ELSE: Ins = Ins::Plain(0x05);
pub(crate) const END: Ins = Ins::Plain(0x0B);
pub(crate) const GET: u8 = 0x20;
pub(crate) const SET: u8 = 0x21;
const TEE: u8 = 0x22;
const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const IF: u8 = 0x04;
const BR: u8 = 0x0C;
const BR_IF: u8 = 0x0D;
const SELECT: u8 = 0x1B;
pub(crate) const RETURN: Ins = Ins::Plain(0x0F);
const UNREACHABLE: u8 = 0x00;
const DROP: u8 = 0x1A;
const EQZ: u8 = 0x45;
const EQ: u8 = 0x46;
const NE: u8 = 0x47;
const ADD: u8 = 0x6A;
const AND: u8 = 0x71;
const OR: u8 = 0x72;
/// In the place of what is gone while places stay the same.
const NOTHING: Ins = Ins::Plain(0x01);
const DROPPED: Ins = Ins::Plain(DROP);
const VOID: u8 = 0x40;
/// Rounds in which functions are made smaller; most need two.
const ROUNDS_MAX: usize = 8;

/// How many values functions take and give.
pub(crate) trait Shape {
    /// Of the function with this symbol.
    fn of(&self, symbol: u32) -> Option<(usize, usize)>;
}

impl<F: Fn(u32) -> Option<(usize, usize)>> Shape for F {
    fn of(&self, symbol: u32) -> Option<(usize, usize)> {
        self(symbol)
    }
}

/// Makes a body smaller, which is without its last `end`. Locals behind the parameters may go away: see [`compact`].
pub(crate) fn optimize(mut code: Vec<Ins>, params: usize) -> Vec<Ins> {
    for _ in 0..ROUNDS_MAX {
        let before = code.len();
        code = simplify(code);
        code = decide_branches(code);
        code = drop_unused(code, params);
        code = flatten(code);
        if code.last() == Some(&RETURN) {
            code.pop();
        }
        if code.len() == before {
            break;
        }
    }
    code
}

/// Makes a body smaller still, when it is known what the functions that it calls take and give.
pub(crate) fn shrink(mut code: Vec<Ins>, shape: &impl Shape) -> Vec<Ins> {
    for _ in 0..ROUNDS_MAX {
        let before = code.clone();
        code = simplify(code);
        code = decide_branches(code);
        copies::propagate(&mut code);
        code = flow::drop_unneeded(code);
        code = stack::keep_on_stack(code, shape);
        code = choices::merge(code);
        code = choices::join(code, shape);
        code = choices::drop_needless_branches(code);
        code = flatten(code);
        if code.last() == Some(&RETURN) {
            code.pop();
        }
        if code == before {
            break;
        }
    }
    code
}

/// Makes a whole function's body as small as it gets; the types of its locals behind the parameters.
pub(crate) fn finish(code: &mut Vec<Ins>, params: &[u8], locals: &[u8]) -> Vec<u8> {
    drop_first_zeros(code, params.len());
    flow::share(code, params, locals);
    *code = simplify(std::mem::take(code));
    compact(code, params.len(), locals)
}

/// Joins neighbours, and leaves out what is never come to.
fn simplify(code: Vec<Ins>) -> Vec<Ins> {
    let mut out: Vec<Ins> = Vec::with_capacity(code.len());
    // How many blocks were opened in what is never come to, when it is.
    let mut dead: Option<usize> = None;
    for ins in code {
        if let Some(depth) = &mut dead {
            match ins {
                Ins::Open(..) => *depth += 1,
                Ins::Plain(0x0B) if *depth > 0 => *depth -= 1,
                Ins::Plain(0x05 | 0x0B) if *depth == 0 => {
                    dead = None;
                    join(&mut out, ins);
                }
                _ => {}
            }
            continue;
        }
        if matches!(ins, Ins::Branch(BR, _) | Ins::Plain(UNREACHABLE | 0x0F)) {
            dead = Some(0);
        }
        join(&mut out, ins);
    }
    out
}

/// Adds an instruction behind others.
fn join(out: &mut Vec<Ins>, ins: Ins) {
    if ins == DROPPED
        && let Some(start) = start_of_value(out)
        && !out.get(start..).is_some_and(|value| value.iter().any(|ins| matches!(ins, Ins::Local(TEE, _))))
    {
        return out.truncate(start);
    }
    if ins == Ins::Plain(ADD)
        && let Some(start) = start_of_value(out)
        && let Some(before) = start.checked_sub(1)
        && let Some(Ins::I32(left)) = out.get(before).cloned()
        && !matches!(out.last(), Some(Ins::I32(_)))
    {
        // A constant is the right operand, where it goes together with others.
        out.remove(before);
        join(out, Ins::I32(left));
        return join(out, ins);
    }
    let joined: Option<(usize, Vec<Ins>)> = match (out.as_slice(), &ins) {
        ([.., Ins::I32(left), Ins::I32(right)], Ins::Plain(op)) => {
            fold(*left, *right, *op).map(|value| (2, vec![Ins::I32(value)]))
        }
        ([.., Ins::I32(value)], Ins::Plain(EQZ)) => Some((1, vec![Ins::I32((*value == 0).into())])),
        ([.., Ins::I32(0)], Ins::Plain(EQ)) => Some((1, vec![Ins::Plain(EQZ)])),
        ([.., Ins::I32(0)], Ins::Plain(ADD)) => Some((1, Vec::new())),
        ([.., Ins::I32(0), Ins::Plain(NE)], Ins::Plain(EQZ)) => Some((2, vec![Ins::Plain(EQZ)])),
        ([.., Ins::Plain(op)], Ins::Plain(EQZ)) => inverse(*op).map(|op| (1, vec![Ins::Plain(op)])),
        (
            [.., Ins::I32(0), Ins::Plain(NE)] | [.., Ins::Plain(EQZ), Ins::Plain(EQZ)],
            Ins::Open(IF, _) | Ins::Branch(0x0D, _),
        ) => Some((2, vec![ins.clone()])),
        ([.., Ins::I32(left), Ins::Plain(ADD), Ins::I32(right)], Ins::Plain(ADD)) => {
            Some((3, vec![Ins::I32(left.wrapping_add(*right)), Ins::Plain(ADD)]))
        }
        ([.., Ins::I32(more), Ins::Plain(ADD)], Ins::Access(op @ 0x28..=0x35, offset)) => {
            let offset = u32::try_from(*more).ok().and_then(|more| more.checked_add(*offset));
            offset.map(|offset| (2, vec![Ins::Access(*op, offset)]))
        }
        ([.., Ins::Local(SET, set)], Ins::Local(GET, got)) if set == got => Some((1, vec![Ins::Local(TEE, *set)])),
        ([.., Ins::Local(GET, got)], Ins::Local(SET, set)) if set == got => Some((1, Vec::new())),
        ([.., Ins::Local(GET | TEE, got)], Ins::Local(TEE, set)) if set == got => Some((0, Vec::new())),
        ([.., Ins::Local(TEE, got)], Ins::Local(SET, set)) if set == got => Some((1, vec![ins.clone()])),
        ([.., Ins::Local(TEE, set)], Ins::Plain(DROP)) => Some((1, vec![Ins::Local(SET, *set)])),
        ([.., Ins::Open(IF, VOID), Ins::Branch(BR, depth @ 1..)], Ins::Plain(0x0B)) => {
            Some((2, vec![Ins::Branch(BR_IF, *depth - 1)]))
        }
        (
            [.., Ins::Open(IF, _), Ins::I32(_) | Ins::I64(_), Ins::Plain(0x05), Ins::I32(_) | Ins::I64(_)],
            Ins::Plain(0x0B),
        ) => return choose(out),
        ([.., Ins::Open(IF, _), Ins::Plain(0x05)], Ins::Plain(0x0B)) => None,
        ([.., Ins::Plain(0x05)], Ins::Plain(0x0B)) => Some((1, vec![END])),
        _ => None,
    };
    match joined {
        Some((of, by)) => {
            out.truncate(out.len() - of);
            for ins in by {
                // The new neighbours may go together, too.
                join_once(out, ins);
            }
        }
        None => out.push(ins),
    }
}

fn join_once(out: &mut Vec<Ins>, ins: Ins) {
    out.push(ins);
}

/// A choice of two constants, up to its `end`: without a branch where it is clear where the condition begins.
fn choose(out: &mut Vec<Ins>) {
    let at = out.len().saturating_sub(4);
    let condition = out.get(..at).unwrap_or_default();
    let (Some(then), Some(otherwise)) = (out.get(at + 1), out.get(at + 3)) else {
        return out.push(END);
    };
    let is_truth = matches!(condition.last(), Some(Ins::Plain(0x45..=0x5A)));
    if let Some(Ins::I32(condition)) = condition.last() {
        let chosen = if *condition != 0 { then } else { otherwise }.clone();
        out.truncate(at.saturating_sub(1));
        return out.push(chosen);
    }
    match (then, otherwise) {
        (Ins::I32(1), Ins::I32(0)) if is_truth => out.truncate(at),
        (Ins::I32(0), Ins::I32(1)) => {
            out.truncate(at);
            join(out, Ins::Plain(EQZ));
        }
        _ => {
            let Some(start) = start_of_value(condition) else {
                return out.push(END);
            };
            let arms = [then.clone(), otherwise.clone()];
            out.truncate(at);
            out.splice(start..start, arms);
            out.push(Ins::Plain(SELECT));
        }
    }
}

/// Where the instructions begin that give the last value, if they are plain ones.
fn start_of_value(code: &[Ins]) -> Option<usize> {
    let mut wanted = 1usize;
    for (at, ins) in code.iter().enumerate().rev() {
        match ins {
            Ins::I32(_) | Ins::I64(_) | Ins::Local(GET, _) | Ins::Global(0x23, _) => wanted -= 1,
            Ins::Access(0x28..=0x35, _) | Ins::Local(TEE, _) => {}
            Ins::Plain(op) if stack::is_unary(*op) => {}
            Ins::Plain(op) if stack::is_binary(*op) => wanted += 1,
            ins if *ins == NOTHING => {}
            Ins::Plain(SELECT) => wanted += 2,
            _ => return None,
        }
        if wanted == 0 {
            return Some(at);
        }
    }
    None
}

/// Leaves out what sets locals to zero that nothing has set before: they are. For whole functions, which begin with theirs.
fn drop_first_zeros(code: &mut Vec<Ins>, params: usize) {
    let mut seen = HashSet::new();
    let mut depth = 0usize;
    let mut gone = HashSet::new();
    for (at, pair) in code.windows(2).enumerate() {
        match pair {
            [Ins::I32(0) | Ins::I64(0), Ins::Local(SET, local)]
                if depth == 0 && *local as usize >= params && !seen.contains(local) =>
            {
                gone.extend([at, at + 1]);
            }
            _ => {}
        }
        match pair {
            [Ins::Open(..), ..] => depth += 1,
            [Ins::Plain(0x0B), ..] => depth = depth.saturating_sub(1),
            [Ins::Local(_, local), ..] => drop(seen.insert(*local)),
            _ => {}
        }
    }
    let mut at = 0;
    code.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
}

fn fold(left: i32, right: i32, op: u8) -> Option<i32> {
    Some(match op {
        EQ => (left == right).into(),
        NE => (left != right).into(),
        0x48 => (left < right).into(),
        0x4A => (left > right).into(),
        0x4C => (left <= right).into(),
        0x4E => (left >= right).into(),
        ADD => left.wrapping_add(right),
        0x6B => left.wrapping_sub(right),
        0x6C => left.wrapping_mul(right),
        0x71 => left & right,
        0x72 => left | right,
        _ => return None,
    })
}

/// The comparison that holds where another does not.
fn inverse(op: u8) -> Option<u8> {
    const PAIRS: &[(u8, u8)] = &[
        (0x46, 0x47),
        (0x48, 0x4E),
        (0x49, 0x4F),
        (0x4A, 0x4C),
        (0x4B, 0x4D),
        (0x51, 0x52),
        (0x53, 0x59),
        (0x54, 0x5A),
        (0x55, 0x57),
        (0x56, 0x58),
    ];
    PAIRS.iter().find_map(|(one, other)| if op == *one { Some(*other) } else { (op == *other).then_some(*one) })
}

/// Takes the branches of conditions that are constant.
fn decide_branches(code: Vec<Ins>) -> Vec<Ins> {
    let mut out: Vec<Ins> = Vec::with_capacity(code.len());
    let mut at = 0;
    while let Some(ins) = code.get(at) {
        at += 1;
        match (out.last(), ins) {
            (Some(Ins::I32(condition)), Ins::Open(IF, ty)) => {
                let holds = *condition != 0;
                out.pop();
                let (otherwise, end) = parts(&code, at);
                let (start, stop) = match (holds, otherwise) {
                    (true, otherwise) => (at, otherwise.unwrap_or(end)),
                    (false, Some(otherwise)) => (otherwise + 1, end),
                    (false, None) => (end, end),
                };
                out.push(Ins::Open(BLOCK, *ty));
                // What is inside is looked at in the next round.
                out.extend(code.get(start..stop).unwrap_or_default().iter().cloned());
                out.push(END);
                at = end + 1;
            }
            (Some(Ins::I32(condition)), Ins::Branch(0x0D, depth)) => {
                let holds = *condition != 0;
                out.pop();
                if holds {
                    out.push(Ins::Branch(BR, *depth));
                }
            }
            _ => out.push(ins.clone()),
        }
    }
    out
}

/// Where the `else` and the `end` are of what was opened before a place.
fn parts(code: &[Ins], from: usize) -> (Option<usize>, usize) {
    let (mut depth, mut otherwise) = (0usize, None);
    for (at, ins) in code.iter().enumerate().skip(from) {
        match ins {
            Ins::Open(..) => depth += 1,
            Ins::Plain(0x05) if depth == 0 => otherwise = Some(at),
            Ins::Plain(0x0B) if depth == 0 => return (otherwise, at),
            Ins::Plain(0x0B) => depth -= 1,
            _ => {}
        }
    }
    (otherwise, code.len())
}

/// Leaves out the setting of locals that nobody gets.
fn drop_unused(code: Vec<Ins>, params: usize) -> Vec<Ins> {
    let locals = code.iter().map(|ins| if let Ins::Local(_, local) = ins { *local as usize + 1 } else { 0 }).max();
    let mut got = vec![0usize; locals.unwrap_or_default().max(params)];
    for ins in &code {
        if let Ins::Local(GET, local) = ins
            && let Some(got) = got.get_mut(*local as usize)
        {
            *got += 1;
        }
    }
    let is_unused = |local: u32| got.get(local as usize) == Some(&0);
    code.into_iter()
        .filter_map(|ins| match ins {
            Ins::Local(SET, local) if is_unused(local) => Some(Ins::Plain(DROP)),
            Ins::Local(TEE, local) if is_unused(local) => None,
            ins => Some(ins),
        })
        .collect()
}

/// Takes away blocks to whose end nothing branches.
fn flatten(mut code: Vec<Ins>) -> Vec<Ins> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut needless: Vec<(usize, usize)> = Vec::new();
    for (at, ins) in code.iter().enumerate() {
        match ins {
            Ins::Open(..) => open.push((at, false)),
            Ins::Branch(_, depth) => {
                let target = open.len().checked_sub(*depth as usize + 1).and_then(|target| open.get_mut(target));
                target.into_iter().for_each(|target| target.1 = true);
            }
            Ins::Plain(0x0B) => {
                if let Some((start, false)) = open.pop()
                    && matches!(code.get(start), Some(Ins::Open(BLOCK, _)))
                {
                    needless.push((start, at));
                }
            }
            _ => {}
        }
    }
    if needless.is_empty() {
        return code;
    }
    needless.sort_unstable();
    // One after the other, with the branches that lead out of it.
    let mut gone = vec![false; code.len()];
    for (start, end) in needless {
        let mut depth = 0u32;
        for ins in code.get_mut(start + 1..end).unwrap_or_default() {
            match ins {
                Ins::Open(..) => depth += 1,
                Ins::Plain(0x0B) => depth = depth.saturating_sub(1),
                Ins::Branch(_, to) if *to > depth => *to -= 1,
                _ => {}
            }
        }
        for at in [start, end] {
            gone.get_mut(at).into_iter().for_each(|gone| *gone = true);
            // So that it is not counted as open any more.
            code.get_mut(at).into_iter().for_each(|ins| *ins = Ins::Plain(0x01));
        }
    }
    code.into_iter().zip(gone).filter(|(_, gone)| !gone).map(|(ins, _)| ins).collect()
}

/// Gives locals new numbers, so that those of a type stand together and no unused one is there; the types of those behind
/// the parameters.
fn compact(code: &mut [Ins], params: usize, locals: &[u8]) -> Vec<u8> {
    let mut used = vec![0usize; locals.len()];
    for ins in code.iter() {
        if let Ins::Local(_, local) = ins
            && let Some(used) = (*local as usize).checked_sub(params).and_then(|local| used.get_mut(local))
        {
            *used += 1;
        }
    }
    let mut order: Vec<usize> =
        (0..locals.len()).filter(|local| used.get(*local).is_some_and(|used| *used > 0)).collect();
    order.sort_by_key(|local| {
        (locals.get(*local).map(|ty| u8::MAX - ty), used.get(*local).map(|used| usize::MAX - used))
    });
    let mut numbers = vec![0u32; locals.len()];
    for (number, local) in (u32::try_from(params).unwrap_or_default()..).zip(&order) {
        numbers.get_mut(*local).into_iter().for_each(|place| *place = number);
    }
    for ins in code {
        if let Ins::Local(_, local) = ins
            && let Some(number) = (*local as usize).checked_sub(params).and_then(|local| numbers.get(local))
        {
            *local = *number;
        }
    }
    order.iter().filter_map(|local| locals.get(*local).copied()).collect()
}

/// A body that stands where it was called: without its `return`s; `shift` says the new numbers of its locals. `params` are
/// set from the stack.
pub(crate) fn inlined(code: &[Ins], result: Option<u8>, params: usize, local: impl Fn(u32) -> u32) -> Vec<Ins> {
    let returns = code.contains(&RETURN);
    let mut out: Vec<Ins> =
        (0..u32::try_from(params).unwrap_or_default()).rev().map(|at| Ins::Local(SET, local(at))).collect();
    if returns {
        out.push(Ins::Open(BLOCK, result.unwrap_or(VOID)));
    }
    let mut depth = 0u32;
    for ins in code {
        match ins {
            Ins::Open(..) => depth += 1,
            Ins::Plain(0x0B) => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.push(match ins {
            Ins::Local(op, at) => Ins::Local(*op, local(*at)),
            Ins::Plain(0x0F) => Ins::Branch(BR, depth),
            other => other.clone(),
        });
    }
    if returns {
        out.push(END);
    }
    out
}
