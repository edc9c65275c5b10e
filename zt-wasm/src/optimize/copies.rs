//! What is known of locals on the way: that one is a constant, or the same as another. Who gets it gets that.

use super::{ELSE, END, GET, Ins, LOOP, SET, TEE};

/// What each local is known to be.
#[derive(Clone, Default)]
struct Known(Vec<(u32, Ins)>);

impl Known {
    fn get(&self, local: u32) -> Option<&Ins> {
        self.0.iter().find(|(known, _)| *known == local).map(|(_, is)| is)
    }

    /// A local becomes something else.
    fn forget(&mut self, local: u32) {
        self.0.retain(|(known, is)| *known != local && *is != Ins::Local(GET, local));
    }
}

/// What is open: what was known at its start, of which less may hold behind it.
struct Open {
    known: Known,
    changed: Vec<u32>,
}

/// Gets constants, and what was copied, in the place of locals that are set to them.
pub(super) fn propagate(code: &mut [Ins]) {
    let uses = |code: &[Ins], local: u32| code.iter().filter(|ins| **ins == Ins::Local(GET, local)).count();
    let mut known = Known::default();
    let mut open: Vec<Open> = Vec::new();
    for at in 0..code.len() {
        let before = at.checked_sub(1).and_then(|before| code.get(before)).cloned();
        let Some(ins) = code.get(at).cloned() else {
            return;
        };
        match ins {
            Ins::Local(GET, local) => {
                if let (Some(is), Some(place)) = (known.get(local), code.get_mut(at)) {
                    *place = is.clone();
                }
            }
            Ins::Local(op, local) => {
                known.forget(local);
                open.iter_mut().for_each(|open| open.changed.push(local));
                let is = before.filter(|before| match before {
                    Ins::Local(GET | TEE, other) => *other != local,
                    Ins::I32(-64..64) | Ins::I64(-64..64) => true,
                    Ins::I32(_) | Ins::I64(_) => op == SET && uses(code, local) == 1,
                    _ => false,
                });
                let is = is.map(|is| if let Ins::Local(_, other) = is { Ins::Local(GET, other) } else { is });
                known.0.extend(is.map(|is| (local, is)));
            }
            Ins::Open(op, _) => {
                if op == LOOP {
                    set_in_loop(code, at).into_iter().for_each(|local| known.forget(local));
                }
                open.push(Open { known: known.clone(), changed: Vec::new() });
            }
            ins if ins == ELSE => {
                if let Some(open) = open.last() {
                    known = open.known.clone();
                }
            }
            ins if ins == END => {
                if let Some(closed) = open.pop() {
                    known = closed.known;
                    closed.changed.into_iter().for_each(|local| known.forget(local));
                }
            }
            _ => {}
        }
    }
}

fn set_in_loop(code: &[Ins], start: usize) -> Vec<u32> {
    let (_, end) = super::parts(code, start + 1);
    let set = |ins: &Ins| if let Ins::Local(SET | TEE, local) = ins { Some(*local) } else { None };
    code.get(start..end).unwrap_or_default().iter().filter_map(set).collect()
}
