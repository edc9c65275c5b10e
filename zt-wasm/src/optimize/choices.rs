//! Choices in fewer bytes: truths that are put together without branches, and branches that lead to where their code ends.

use super::{AND, BLOCK, BR, ELSE, END, IF, Ins, OR, Shape, VOID, parts};

/// Whether code gives a truth, 0 or 1, at its end.
fn gives_truth(code: &[Ins]) -> bool {
    match code.last() {
        Some(Ins::Plain(0x45..=0x5A) | Ins::I32(0 | 1)) => true,
        Some(Ins::Plain(AND)) => {
            // One of both is enough; the other has a bit at most then.
            let right = super::start_of_value(code.get(..code.len() - 1).unwrap_or_default());
            gives_truth(code.get(..code.len() - 1).unwrap_or_default())
                || right.is_some_and(|right| gives_truth(code.get(..right).unwrap_or_default()))
        }
        Some(Ins::Plain(OR)) => {
            let left = code.get(..code.len() - 1).unwrap_or_default();
            let right = super::start_of_value(left);
            gives_truth(left) && right.is_some_and(|right| gives_truth(code.get(..right).unwrap_or_default()))
        }
        _ => false,
    }
}

/// Whether all of a part is one value that may be looked at whether or not it matters, at no more cost than a branch.
fn is_free(part: &[Ins]) -> bool {
    let is_cheap = |ins: &Ins| match ins {
        Ins::I32(_) | Ins::I64(_) | Ins::Local(super::GET, _) | Ins::Global(0x23, _) => true,
        Ins::Plain(op) => super::stack::is_unary(*op) || super::stack::is_binary(*op),
        _ => false,
    };
    part.len() <= FREE_MAX && part.iter().all(is_cheap) && super::start_of_value(part) == Some(0)
}

/// Instructions of what is looked at whether or not it matters.
const FREE_MAX: usize = 4;

/// Puts truths together by `and` and `or`.
pub(super) fn merge(code: Vec<Ins>) -> Vec<Ins> {
    let mut out: Vec<Ins> = Vec::with_capacity(code.len());
    let mut at = 0;
    while let Some(ins) = code.get(at) {
        if let Ins::Open(IF, ty) = ins
            && gives_truth(&out)
        {
            let (otherwise, end) = parts(&code, at + 1);
            let part = |from: usize, to: usize| code.get(from..to).unwrap_or_default();
            if let Some(otherwise) = otherwise {
                let (then, rest) = (part(at + 1, otherwise), part(otherwise + 1, end));
                let op = match (then, rest) {
                    ([Ins::I32(1)], rest) if gives_truth(rest) && is_free(rest) => Some((OR, rest)),
                    (then, [Ins::I32(0)]) if gives_truth(then) && is_free(then) => Some((AND, then)),
                    _ => None,
                };
                if let Some((op, other)) = op {
                    out.extend_from_slice(other);
                    out.push(Ins::Plain(op));
                    at = end + 1;
                    continue;
                }
            } else if *ty == VOID
                && let Some((condition, inner)) = alone(part(at + 1, end))
                && gives_truth(condition)
                && is_free(condition)
            {
                out.extend_from_slice(condition);
                out.extend([Ins::Plain(AND), Ins::Open(IF, VOID)]);
                out.extend(outwards(inner));
                out.push(END);
                at = end + 1;
                continue;
            }
        }
        if let Some(end) = selected(&code, at, &mut out) {
            at = end + 1;
            continue;
        }
        out.push(ins.clone());
        at += 1;
    }
    out
}

/// A choice of two values that may both be looked at, without a branch, if its condition may be looked at behind them: where
/// the choice ends.
fn selected(code: &[Ins], at: usize, out: &mut Vec<Ins>) -> Option<usize> {
    if !matches!(code.get(at)?, Ins::Open(IF, ty) if *ty != VOID) {
        return None;
    }
    let (otherwise, end) = parts(code, at + 1);
    let (then, rest) = (code.get(at + 1..otherwise?)?, code.get(otherwise? + 1..end)?);
    let is_small = |arm: &[Ins]| arm.len() <= SELECTED_MAX && is_free(arm);
    let start = super::start_of_value(out)?;
    let sets = out.get(start..)?.iter().any(|ins| matches!(ins, Ins::Local(super::TEE, _)));
    if !is_small(then) || !is_small(rest) || sets {
        return None;
    }
    let condition = out.split_off(start);
    out.extend_from_slice(then);
    out.extend_from_slice(rest);
    out.extend(condition);
    out.push(Ins::Plain(super::SELECT));
    Some(end)
}

/// Instructions of each of two values of which one is chosen.
const SELECTED_MAX: usize = 3;

/// What is nothing but an `if` without `else`: its condition, and what is in it.
fn alone(code: &[Ins]) -> Option<(&[Ins], &[Ins])> {
    let at = code.iter().position(|ins| matches!(ins, Ins::Open(..)))?;
    let is_void = code.get(at) == Some(&Ins::Open(IF, VOID));
    let (otherwise, end) = parts(code, at + 1);
    (is_void && otherwise.is_none() && end + 1 == code.len()).then_some((code.get(..at)?, code.get(at + 1..end)?))
}

/// Code that stands a block less deep.
fn outwards(code: &[Ins]) -> Vec<Ins> {
    moved(code, |to, depth| if to > depth { to - 1 } else { to })
}

/// Code with other targets of its branches, of which each is told with how many blocks of the code are around it.
fn moved(code: &[Ins], to: impl Fn(u32, u32) -> u32) -> Vec<Ins> {
    let mut depth = 0u32;
    let each = code.iter().map(|ins| {
        match ins {
            Ins::Open(..) => depth += 1,
            ins if *ins == END => depth = depth.saturating_sub(1),
            _ => {}
        }
        match ins {
            Ins::Branch(op, target) => Ins::Branch(*op, to(*target, depth)),
            ins => ins.clone(),
        }
    });
    each.collect()
}

/// Makes an `else` of what follows an `if` from which a branch leads out of the block around.
pub(super) fn join(mut code: Vec<Ins>, shape: &impl Shape) -> Vec<Ins> {
    let mut at = 0;
    while at < code.len() {
        if let Some(Ins::Open(BLOCK, ty)) = code.get(at).cloned() {
            let (_, end) = parts(&code, at + 1);
            if let Some(place) = leaving(&code, at + 1, end, shape) {
                let (_, close) = parts(&code, place + 1);
                let rest = moved(
                    code.get(close + 1..end).unwrap_or_default(),
                    |to, depth| {
                        if to >= depth { to + 1 } else { to }
                    },
                );
                let then = code.get(place + 1..close - 1).unwrap_or_default().to_vec();
                let joined = [vec![Ins::Open(IF, ty)], then, vec![ELSE], rest, vec![END]].concat();
                code.splice(place..end, joined);
            }
        }
        at += 1;
    }
    code
}

/// The first `if` between two places, on an empty stack, whose end leaves the block around it.
fn leaving(code: &[Ins], from: usize, to: usize, shape: &impl Shape) -> Option<usize> {
    let (mut at, mut height) = (from, 0usize);
    while at < to {
        let ins = code.get(at)?;
        match ins {
            Ins::Open(op, ty) => {
                let (otherwise, end) = parts(code, at + 1);
                height = height.checked_sub(usize::from(*op == IF))?;
                let leaves = code.get(end.checked_sub(1)?) == Some(&Ins::Branch(BR, 1));
                if *op == IF && *ty == VOID && otherwise.is_none() && leaves && height == 0 && !is_left(code, at, end) {
                    return Some(at);
                }
                height += usize::from(*ty != VOID);
                at = end;
            }
            Ins::Branch(op, _) if *op != BR => height = height.checked_sub(1)?,
            ins => {
                let (takes, gives) = super::stack::effect(ins, shape)?;
                height = height.checked_sub(takes)? + gives;
            }
        }
        at += 1;
    }
    None
}

/// Whether a branch leads to the end of what is between two places.
fn is_left(code: &[Ins], start: usize, end: usize) -> bool {
    let mut depth = 0u32;
    code.get(start + 1..end).unwrap_or_default().iter().any(|ins| {
        match ins {
            Ins::Open(..) => depth += 1,
            ins if *ins == END => depth = depth.saturating_sub(1),
            _ => {}
        }
        matches!(ins, Ins::Branch(_, to) if *to == depth)
    })
}

/// Leaves out branches to where their code ends anyhow.
pub(super) fn drop_needless_branches(mut code: Vec<Ins>) -> Vec<Ins> {
    for at in 0..code.len() {
        if let Some(Ins::Branch(BR, depth)) = code.get(at).cloned()
            && falls_to(&code, at, depth)
        {
            code.get_mut(at).into_iter().for_each(|ins| *ins = super::NOTHING);
        }
    }
    code.retain(|ins| *ins != super::NOTHING);
    code
}

/// Whether what follows a branch comes to its target at once, with as many values.
fn falls_to(code: &[Ins], branch: usize, depth: u32) -> bool {
    let (mut at, mut left, mut given) = (branch + 1, depth, None);
    loop {
        let is_else = code.get(at) == Some(&ELSE);
        if !is_else && code.get(at) != Some(&END) {
            return false;
        }
        let end = if is_else { parts(code, at + 1).1 } else { at };
        let Some(start) = start_of(code, end) else {
            return false;
        };
        let Some(Ins::Open(op, ty)) = code.get(start) else {
            return false;
        };
        if given.is_some_and(|given| given != *ty) {
            return false;
        }
        given = Some(*ty);
        if left == 0 {
            return *op != super::LOOP;
        }
        left -= 1;
        at = end + 1;
    }
}

/// Where what ends at a place was opened.
fn start_of(code: &[Ins], end: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, ins) in code.get(..end)?.iter().enumerate().rev() {
        match ins {
            ins if *ins == END => depth += 1,
            Ins::Open(..) if depth == 0 => return Some(at),
            Ins::Open(..) => depth -= 1,
            _ => {}
        }
    }
    None
}
