//! Functions that one place calls stand there, and so do those that are no longer than a call.

use std::collections::{HashMap, HashSet};

use super::Draft;
use crate::optimize::{self, GET, Ins};

/// Instructions of a body that may stand in several places, behind those that get its parameters.
const SHORT: usize = 1;
/// Locals that a function may get by what stands in it.
const LOCALS_MAX: usize = 100;

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
        let may_stand = |callee: u32| {
            drafts.get(&callee).filter(|draft| {
                let is_alone = sites.get(&callee) == Some(&1) && !kept.contains(&callee);
                !draft.is_import && draft.sets_locals && (is_alone || is_short(draft))
            })
        };
        if let Some(inlined) = with_callees(draft, may_stand) {
            drafts.insert(symbol, inlined);
        }
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

fn is_short(draft: &Draft) -> bool {
    behind_params(draft).is_some_and(|rest| rest.len() <= SHORT && !rest.contains(&optimize::RETURN))
}

/// A function with others in it, if there are any for it.
fn with_callees<'d>(draft: &Draft, may_stand: impl Fn(u32) -> Option<&'d Draft>) -> Option<Draft> {
    let mut with = Draft { code: Vec::with_capacity(draft.code.len()), ..draft.clone() };
    let own = draft.locals.len();
    let mut changed = false;
    for ins in &draft.code {
        let callee = if let Ins::Call(callee) = ins { may_stand(*callee) } else { None };
        let Some(callee) = callee.filter(|callee| own + callee.locals.len() + callee.params.len() <= LOCALS_MAX) else {
            with.code.push(ins.clone());
            continue;
        };
        changed = true;
        match behind_params(callee) {
            Some(rest) if callee.locals.is_empty() && !rest.contains(&optimize::RETURN) => {
                with.code.extend_from_slice(rest)
            }
            _ => {
                let places = places(&mut with, own, callee);
                let local = |at: u32| places.get(at as usize).copied().unwrap_or_default();
                with.code.extend(optimize::inlined(&callee.code, callee.result, callee.params.len(), local));
            }
        }
    }
    changed.then(|| {
        with.code = optimize::optimize(std::mem::take(&mut with.code), with.params.len());
        with
    })
}

/// Where a callee's parameters and locals are among those of its caller: what stands in it uses the same ones in turn, since
/// one is done before the next begins.
fn places(with: &mut Draft, own: usize, callee: &Draft) -> Vec<u32> {
    let mut taken = vec![false; with.locals.len()];
    let mut places = Vec::new();
    for ty in callee.params.iter().chain(&callee.locals) {
        let free =
            (own..with.locals.len()).find(|at| with.locals.get(*at) == Some(ty) && taken.get(*at) == Some(&false));
        let at = free.unwrap_or_else(|| {
            with.locals.push(*ty);
            taken.push(false);
            with.locals.len() - 1
        });
        taken.get_mut(at).into_iter().for_each(|taken| *taken = true);
        places.push(u32::try_from(with.params.len() + at).unwrap_or(u32::MAX));
    }
    places
}
