//! What the passes must leave alone, next to what they are for.

use super::*;

const LESS: Ins = Ins::Plain(0x48);
const LOAD: Ins = Ins::Access(0x28, 0);
const STORE: Ins = Ins::Access(0x36, 0);

fn get(local: u32) -> Ins {
    Ins::Local(GET, local)
}

fn set(local: u32) -> Ins {
    Ins::Local(SET, local)
}

fn shape(_: u32) -> Option<(usize, usize)> {
    Some((1, 1))
}

fn shrunk(code: &[Ins]) -> Vec<Ins> {
    shrink(code.to_vec(), &shape)
}

#[test]
fn values_stay_on_the_stack() {
    assert_eq!(shrunk(&[Ins::Call(0), set(1), get(1), Ins::Call(0)]), [Ins::Call(0), Ins::Call(0)]);
    // Twice: the first one takes the place of the setting.
    let twice = [get(0), Ins::Call(0), set(1), Ins::I32(7), set(2), get(1), get(1), Ins::Plain(ADD)];
    assert_eq!(shrunk(&twice), [get(0), Ins::Call(0), Ins::Local(TEE, 1), get(1), Ins::Plain(ADD)]);
    // A value that stands below another one is not in its place.
    let below = [get(0), Ins::Call(0), set(1), get(0), Ins::Call(0), get(1), LESS];
    assert_eq!(shrunk(&below), below);
}

#[test]
fn what_a_branch_takes_along_stays_in_its_local() {
    // Behind the block the local is got again, and the branch leads there before it is got inside.
    let code = [
        Ins::Open(BLOCK, VOID),
        get(0),
        Ins::Call(0),
        set(1),
        get(0),
        Ins::Branch(BR_IF, 0),
        get(1),
        Ins::Call(0),
        set(0),
        END,
        get(1),
        get(0),
        Ins::Plain(ADD),
    ];
    assert!(shrunk(&code).contains(&set(1)), "{:?}", shrunk(&code));
}

#[test]
fn what_is_read_is_not_read_behind_a_store() {
    let moved = [get(0), LOAD, set(1), get(0), Ins::I32(1), Ins::Plain(ADD), get(1), Ins::Plain(ADD)];
    assert!(!shrunk(&moved).contains(&set(1)));
    let stays = [get(0), LOAD, set(1), get(0), Ins::I32(1), STORE, get(0), get(1), Ins::Plain(ADD)];
    assert!(shrunk(&stays).contains(&set(1)) || shrunk(&stays).get(1) == Some(&LOAD));
    // Nor is a local got when it is another already.
    let other = [get(0), set(1), get(0), Ins::Call(0), set(0), get(0), get(1), LESS, get(0), LESS];
    assert!(shrunk(&other).contains(&set(1)), "{:?}", shrunk(&other));
}

#[test]
fn copies_in_loops_end_where_the_loop_sets_them() {
    let code = [
        get(0),
        set(1),
        Ins::Open(LOOP, VOID),
        get(1),
        Ins::Call(0),
        set(0),
        get(0),
        Ins::Branch(BR_IF, 0),
        END,
        get(1),
        get(0),
        LESS,
    ];
    let small = shrunk(&code);
    assert!(small.contains(&get(1)) && small.contains(&set(1)), "{small:?}");
}

#[test]
fn truths_go_together_without_branches() {
    let either = [get(0), get(1), LESS, Ins::Open(IF, 0x7F), Ins::I32(1), ELSE, get(1), get(2), LESS, END];
    assert_eq!(shrunk(&either), [get(0), get(1), LESS, get(1), get(2), LESS, Ins::Plain(OR)]);
    // What is no truth is not one of both.
    let number = [get(0), get(1), LESS, Ins::Open(IF, 0x7F), Ins::I32(1), ELSE, get(1), Ins::Call(0), END];
    assert_eq!(shrunk(&number), number);
}

#[test]
fn locals_share_a_place_unless_both_are_needed() {
    let mut code = vec![get(0), Ins::Call(0), set(1), get(1), get(1), LESS, set(2), get(2), get(2), LESS];
    assert_eq!(finish(&mut code, &[0x7F], &[0x7F; 2]), [] as [u8; 0]);
    let mut code = vec![get(0), Ins::Call(0), set(1), get(0), Ins::Call(0), set(2), get(1), get(2), LESS, get(0), LESS];
    assert_eq!(finish(&mut code, &[0x7F], &[0x7F; 2]), [0x7F; 2]);
    // What is zero at first is not what is given.
    let mut code = vec![get(1), Ins::Call(0)];
    assert_eq!(finish(&mut code, &[0x7F], &[0x7F]), [0x7F]);
}
