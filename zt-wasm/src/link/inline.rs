//! Functions that one place calls stand there, and so do those that are no longer than a call.

use std::collections::{HashMap, HashSet};

use super::Draft;
use crate::optimize::{self, GET, Ins};

/// Instructions of a body that may stand in several places, behind those that get its parameters.
const SHORT: usize = 1;
/// The same in routines, of which there are as many as there are: they are called often, and gain time.
const SHORT_IN_ROUTINES: usize = 3;
/// Locals that a function may get by what stands in it.
const LOCALS_MAX: usize = 200;

/// Puts functions into those that call them, callees first; those that are `kept` stay, too.
pub(super) fn inline(
    order: &[u32],
    calls: &HashMap<u32, Vec<u32>>,
    kept: &HashSet<u32>,
    drafts: &mut HashMap<u32, Draft>,
) {
    let mut sites: HashMap<u32, usize> = HashMap::new();
    for ins in drafts.values().flat_map(|draft| &draft.code) {
        if let Ins::Call(callee) = ins {
            *sites.entry(*callee).or_default() += 1;
        }
    }
    for symbol in callees_first(order, calls) {
        let Some(draft) = drafts.get(&symbol) else {
            continue;
        };
        let most = if draft.is_generated { SHORT } else { SHORT_IN_ROUTINES };
        let may_stand = |callee: u32| {
            drafts.get(&callee).filter(|draft| {
                let is_alone = sites.get(&callee) == Some(&1) && !kept.contains(&callee);
                !draft.is_import && draft.sets_locals && (is_alone || is_short(draft, most))
            })
        };
        let mut inlined = with_callees(draft, may_stand);
        let shape = |symbol: u32| {
            drafts.get(&symbol).map(|draft| (draft.params.len(), usize::from(draft.result.is_some())))
        };
        inlined.code = optimize::shrink(std::mem::take(&mut inlined.code), &shape);
        drafts.insert(symbol, inlined);
    }
}

fn callees_first(order: &[u32], calls: &HashMap<u32, Vec<u32>>) -> Vec<u32> {
    let (mut done, mut sorted) = (HashSet::new(), Vec::with_capacity(order.len()));
    for root in order {
        let mut path = vec![(*root, 0)];
        while let Some((symbol, next)) = path.last_mut() {
            let callee = calls.get(symbol).and_then(|called| called.get(*next)).copied();
            if done.contains(symbol) {
                path.pop();
            } else if let Some(callee) = callee {
                *next += 1;
                path.push((callee, 0));
            } else {
                done.insert(*symbol);
                sorted.push(*symbol);
                path.pop();
            }
        }
    }
    sorted
}

/// The body behind the gets of all parameters, one after the other, if these are all uses of them.
fn behind_params(draft: &Draft) -> Option<&[Ins]> {
    let params = draft.params.len();
    let (gets, rest) = draft.code.split_at_checked(params)?;
    let is_param = |(at, ins): (u32, &Ins)| *ins == Ins::Local(GET, at);
    let is_first = (0..).zip(gets).all(is_param);
    let uses_again = rest.iter().any(|ins| matches!(ins, Ins::Local(_, local) if (*local as usize) < params));
    (is_first && !uses_again).then_some(rest)
}

fn is_short(draft: &Draft, most: usize) -> bool {
    behind_params(draft).is_some_and(|rest| rest.len() <= most && !rest.contains(&optimize::RETURN))
}

/// A function with others in it.
fn with_callees<'d>(draft: &Draft, may_stand: impl Fn(u32) -> Option<&'d Draft>) -> Draft {
    let mut with = Draft { code: Vec::with_capacity(draft.code.len()), ..draft.clone() };
    for ins in &draft.code {
        let callee = if let Ins::Call(callee) = ins { may_stand(*callee) } else { None };
        let more = |callee: &Draft| with.locals.len() + callee.locals.len() + callee.params.len();
        let Some(callee) = callee.filter(|callee| more(callee) <= LOCALS_MAX) else {
            with.code.push(ins.clone());
            continue;
        };
        match behind_params(callee) {
            Some(rest) if callee.locals.is_empty() && !rest.contains(&optimize::RETURN) => {
                with.code.extend_from_slice(rest)
            }
            _ => {
                let places = places(&mut with, callee);
                let local = |at: u32| places.get(at as usize).copied().unwrap_or_default();
                with.code.extend(optimize::inlined(&callee.code, callee.result, callee.params.len(), local));
            }
        }
    }
    with
}

/// Where a callee's parameters and locals are among those of its caller: behind all others. What is never needed together is
/// one local in the end.
fn places(with: &mut Draft, callee: &Draft) -> Vec<u32> {
    let first = with.params.len() + with.locals.len();
    with.locals.extend(callee.params.iter().chain(&callee.locals));
    (u32::try_from(first).unwrap_or(u32::MAX)..).take(callee.params.len() + callee.locals.len()).collect()
}
