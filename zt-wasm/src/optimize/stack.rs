//! Values that stay on the stack, or are computed where they are needed, instead of going through a local.

use super::{BR, DROP, ELSE, END, GET, IF, Ins, LOOP, RETURN, SELECT, SET, Shape, TEE, UNREACHABLE};

/// Functions of more instructions are left alone, and so are ways longer than this: looking takes time.
const FAR: usize = 600;

/// How many values an instruction takes from the stack and puts there; nothing of what opens, ends or leaves a block.
pub(super) fn effect(ins: &Ins, shape: &impl Shape) -> Option<(usize, usize)> {
    Some(match ins {
        Ins::I32(_) | Ins::I64(_) | Ins::Local(GET, _) | Ins::Global(0x23, _) => (0, 1),
        Ins::Local(SET, _) | Ins::Global(..) | Ins::Plain(DROP) => (1, 0),
        Ins::Local(..) => (1, 1),
        Ins::Access(0x28..=0x35, _) => (1, 1),
        Ins::Access(..) => (2, 0),
        Ins::Call(symbol) => shape.of(*symbol)?,
        Ins::Plain(SELECT) => (3, 1),
        Ins::Plain(op) if is_unary(*op) => (1, 1),
        Ins::Plain(op) if is_binary(*op) => (2, 1),
        Ins::Raw(raw) => match raw.as_slice() {
            [0x11, ..] | [0x40, ..] => (1, 1),
            [0x3F, ..] => (0, 1),
            [0xFC, 0x08 | 0x0A | 0x0B, ..] => (3, 0),
            _ => return None,
        },
        _ => return None,
    })
}

/// Tests for zero, counts of bits, conversions.
pub(super) fn is_unary(op: u8) -> bool {
    matches!(op, 0x45 | 0x50 | 0x67..=0x69 | 0x79..=0x7B | 0xA7 | 0xAC | 0xAD)
}

pub(super) fn is_binary(op: u8) -> bool {
    matches!(op, 0x46..=0x4F | 0x51..=0x5A | 0x6A..=0x78 | 0x7C..=0x8A)
}

/// Lets values stay where they are between being set and got, or brings what gives them to where they are got.
pub(super) fn keep_on_stack(mut code: Vec<Ins>, shape: &impl Shape) -> Vec<Ins> {
    let mut counts = counts(&code);
    // What is gone is nothing instead, until the end: places stay the same.
    for at in 0..code.len() {
        let Some(Ins::Local(SET, local)) = code.get(at).cloned() else {
            continue;
        };
        let (sets, gets) = counts.get(local as usize).copied().unwrap_or_default();
        if let Some(way) = way(&code, at, local, shape) {
            let is_last = gets == 1;
            if !is_last && way.leaves {
                continue;
            }
            put(&mut code, at, super::NOTHING);
            put(&mut code, way.got, if is_last { super::NOTHING } else { Ins::Local(TEE, local) });
            if let Some((_, gets)) = counts.get_mut(local as usize) {
                *gets -= 1;
            }
        } else if sets == 1 && gets == 1 {
            bring(&mut code, at, local);
        }
    }
    code.retain(|ins| *ins != super::NOTHING);
    code
}

fn put(code: &mut [Ins], at: usize, ins: Ins) {
    code.get_mut(at).into_iter().for_each(|place| *place = ins.clone());
}

/// How often each local is set, and got.
fn counts(code: &[Ins]) -> Vec<(usize, usize)> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for ins in code {
        if let Ins::Local(op, local) = ins {
            if counts.len() <= *local as usize {
                counts.resize(*local as usize + 1, (0, 0));
            }
            if let Some((sets, gets)) = counts.get_mut(*local as usize) {
                *(if *op == GET { gets } else { sets }) += 1;
            }
        }
    }
    counts
}

/// The way from where a local is set to where it is got.
struct Way {
    got: usize,
    /// Whether a branch leads out of it.
    leaves: bool,
}

/// The way, if a value that stayed on the stack would be just there at its end.
fn way(code: &[Ins], set: usize, local: u32, shape: &impl Shape) -> Option<Way> {
    let (mut height, mut depth, mut leaves) = (0usize, 0usize, false);
    let mut opened: Vec<usize> = Vec::new();
    for (at, ins) in code.iter().enumerate().skip(set + 1).take(FAR) {
        match ins {
            Ins::Local(GET, got) if *got == local => return (depth == 0 && height == 0).then_some(Way { got: at, leaves }),
            Ins::Local(_, other) if *other == local => return None,
            Ins::Branch(op, to) => {
                leaves |= *to as usize >= depth;
                if depth == 0 {
                    if *op == BR {
                        return None;
                    }
                    height = height.checked_sub(1)?;
                }
            }
            Ins::Open(op, ty) => {
                if depth == 0 {
                    height = height.checked_sub(usize::from(*op == IF))?;
                    opened.push(usize::from(*ty != super::VOID));
                }
                depth += 1;
            }
            ins if *ins == END => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    height += opened.pop().unwrap_or_default();
                }
            }
            ins if depth == 0 && (*ins == ELSE || *ins == RETURN || *ins == Ins::Plain(UNREACHABLE)) => return None,
            ins if depth == 0 && *ins != super::NOTHING => {
                let (takes, gives) = effect(ins, shape)?;
                height = height.checked_sub(takes)? + gives;
            }
            _ => {}
        }
    }
    None
}

/// Brings what gives a local that is set once to where it is got once, if that gives the same there.
fn bring(code: &mut [Ins], set: usize, local: u32) {
    let Some(start) = super::start_of_value(code.get(..set).unwrap_or_default()) else {
        return;
    };
    let given: Vec<Ins> = code.get(start..set).unwrap_or_default().to_vec();
    if given.iter().any(|ins| matches!(ins, Ins::Local(TEE, _))) {
        return;
    }
    let reads = given.iter().any(|ins| matches!(ins, Ins::Access(..) | Ins::Global(..)));
    let mut depth = 0usize;
    for (at, ins) in code.iter().enumerate().skip(set + 1).take(FAR) {
        match ins {
            Ins::Local(GET, got) if *got == local => {
                if let Some(part) = code.get_mut(start..=at) {
                    part.rotate_left(given.len());
                    // The local's getting, what gives it, and its setting stand at the end now.
                    let end = part.len() - given.len();
                    part.get_mut(end - 1).into_iter().for_each(|place| *place = super::NOTHING);
                    part.get_mut(..1).into_iter().flatten().for_each(|place| *place = super::NOTHING);
                }
                return;
            }
            Ins::Local(SET | TEE, other) if given.contains(&Ins::Local(GET, *other)) => return,
            Ins::Open(LOOP, _) => return,
            Ins::Open(..) => depth += 1,
            ins if *ins == END => {
                let Some(outer) = depth.checked_sub(1) else {
                    return;
                };
                depth = outer;
            }
            ins if *ins == ELSE && depth == 0 => return,
            Ins::Access(0x36..=0x3E, _) | Ins::Global(0x24, _) | Ins::Call(_) | Ins::Raw(_) if reads => return,
            _ => {}
        }
    }
}
