//! What the machine gives to routines, for native tests: a linear memory of each thread's own, and the functions that are
//! generated with a policy.

use std::cell::{Cell, RefCell};

pub const PAGE: usize = 1 << 16;
/// Pages that a memory grows to; small, so that tests come to the end of it.
const PAGES_MAX: usize = 1 << 10;

/// A function that is generated with a policy: from a node's number to its truth, or to the cell of its datum.
pub type Generated = Box<dyn Fn(i32) -> i32>;

thread_local! {
    static MEMORY: RefCell<Vec<u8>> = RefCell::new(vec![0; 4 * PAGE]);
    static PAGES_ALLOWED: Cell<usize> = const { Cell::new(PAGES_MAX) };
    static NODE_TRUTH: RefCell<Generated> = RefCell::new(Box::new(|_| panic!("no nodes")));
    static NODE_VALUE: RefCell<Generated> = RefCell::new(Box::new(|_| panic!("no nodes")));
}

/// Makes the memory empty.
pub fn reset() {
    MEMORY.with_borrow_mut(|memory| *memory = vec![0; 4 * PAGE]);
    PAGES_ALLOWED.set(PAGES_MAX);
}

/// The memory does not grow beyond so many pages.
pub fn allow_pages(pages: usize) {
    PAGES_ALLOWED.set(pages);
}

pub fn set_nodes(truth: Generated, value: Generated) {
    NODE_TRUTH.with_borrow_mut(|generated| *generated = truth);
    NODE_VALUE.with_borrow_mut(|generated| *generated = value);
}

pub fn write(at: i32, bytes: &[u8]) {
    let at = at as u32 as usize;
    MEMORY.with_borrow_mut(|memory| memory[at..at + bytes.len()].copy_from_slice(bytes));
}

pub fn read(at: i32, len: i32) -> Vec<u8> {
    let at = at as u32 as usize;
    MEMORY.with_borrow(|memory| memory[at..at + len as u32 as usize].to_vec())
}

fn load<const N: usize>(at: i32) -> [u8; N] {
    let at = at as u32 as usize;
    MEMORY.with_borrow(|memory| memory[at..at + N].try_into().unwrap())
}

/// `i32.load8_u`
pub fn ld8(at: i32) -> i32 {
    load::<1>(at)[0].into()
}

/// `i32.load16_u`
pub fn ld16(at: i32) -> i32 {
    u16::from_le_bytes(load(at)).into()
}

/// `i32.load`
pub fn ld32(at: i32) -> i32 {
    i32::from_le_bytes(load(at))
}

/// `i64.load`
pub fn ld64(at: i32) -> i64 {
    i64::from_le_bytes(load(at))
}

/// `i32.store8`
pub fn st8(at: i32, value: i32) {
    write(at, &[value as u8]);
}

/// `i32.store16`
pub fn st16(at: i32, value: i32) {
    write(at, &(value as u16).to_le_bytes());
}

/// `i32.store`
pub fn st32(at: i32, value: i32) {
    write(at, &value.to_le_bytes());
}

/// `i64.store`
pub fn st64(at: i32, value: i64) {
    write(at, &value.to_le_bytes());
}

/// `memory.copy`: the ranges may overlap.
pub fn copy(to: i32, from: i32, len: i32) {
    let (to, from, len) = (to as u32 as usize, from as u32 as usize, len as u32 as usize);
    MEMORY.with_borrow_mut(|memory| memory.copy_within(from..from + len, to));
}

/// `memory.fill`
pub fn fill(at: i32, byte: i32, len: i32) {
    let (at, len) = (at as u32 as usize, len as u32 as usize);
    MEMORY.with_borrow_mut(|memory| memory[at..at + len].fill(byte as u8));
}

/// `memory.size`, in pages.
pub fn pages() -> i32 {
    MEMORY.with_borrow(|memory| (memory.len() / PAGE) as i32)
}

/// `memory.grow`: the pages before, or -1.
pub fn grow(by: i32) -> i32 {
    let (before, by) = (pages() as usize, by as u32 as usize);
    if before + by > PAGES_ALLOWED.get() {
        return -1;
    }
    MEMORY.with_borrow_mut(|memory| memory.resize((before + by) * PAGE, 0));
    before as i32
}

/// Generated: the truth of a node.
pub fn node_truth(node: i32) -> i32 {
    NODE_TRUTH.with_borrow(|generated| generated(node))
}

/// Generated: the cell of a node's datum.
pub fn node_value(node: i32) -> i32 {
    NODE_VALUE.with_borrow(|generated| generated(node))
}

/// The host ends the evaluation, with a text that a zero byte ends. Nothing behind it is reached.
pub fn host_abort(text: i32) {
    let mut end = text;
    while ld8(end) != 0 {
        end += 1;
    }
    panic!("{}", String::from_utf8_lossy(&read(text, end - text)));
}

thread_local! {
    /// What the host of a guest calls it with, an operation and a payload, and what the guest answers.
    static CALL: RefCell<[Vec<u8>; 3]> = const { RefCell::new([const { Vec::new() }; 3]) };
}

/// The host writes the operation and the payload.
pub fn guest_request(operation: i32, payload: i32) {
    CALL.with_borrow(|[given, with, _]| {
        write(operation, given);
        write(payload, with);
    });
}

/// The guest's answer.
pub fn guest_response(at: i32, len: i32) {
    let answer = read(at, len);
    CALL.with_borrow_mut(|[.., place]| *place = answer);
}

/// Why the guest has no answer.
pub fn guest_error(at: i32, len: i32) {
    guest_response(at, len);
}

/// No proxy is there natively: it knows nothing and takes nothing. Modules are tested with a host.
pub fn host_property(_path: i32, _len: i32, _at: i32, _len_at: i32) -> i32 {
    1
}

pub fn host_property_set(_path: i32, _path_len: i32, _at: i32, _len: i32) -> i32 {
    1
}

pub fn host_headers(_map: i32, _at: i32, _len_at: i32) -> i32 {
    1
}

/// Which buffer, from where, how many bytes at most.
pub fn host_buffer(_buffer: i32, _start: i32, _max: i32, _at: i32, _len_at: i32) -> i32 {
    1
}

pub fn host_header_add(_map: i32, _name: i32, _name_len: i32, _at: i32, _len: i32) -> i32 {
    1
}

pub fn host_header_remove(_map: i32, _name: i32, _name_len: i32) -> i32 {
    1
}

/// Status, details, body, headers, gRPC status.
pub fn host_respond(_status: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32) -> i32 {
    1
}

pub fn host_time(_at: i32) -> i32 {
    1
}

pub fn host_log(_level: i32, _at: i32, _len: i32) -> i32 {
    1
}

/// The same number. In a `match` on it, the arms of tags that a policy has no values of are left out of its module.
pub fn tag_used(tag: i32) -> i32 {
    tag
}

/// The same number. In a `match` on it, the arms of types of which a policy reads nothing are left out of its module.
pub fn type_used(kind: i32) -> i32 {
    kind
}

/// Nothing comes here: of a `match` that ends with it, the last arm that is left needs no test.
pub fn never() -> ! {
    panic!("what nothing comes to")
}
