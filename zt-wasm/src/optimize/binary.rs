//! Instructions from the binary format, and to it.

use super::Ins;
use crate::code::write_unsigned;

/// Reads instructions.
pub(crate) fn decode(mut bytes: &[u8], code: &mut Vec<Ins>) {
    while let Some((op, rest)) = bytes.split_first() {
        bytes = rest;
        code.push(match op {
            0x02..=0x04 => Ins::Open(*op, take(&mut bytes, 1).first().copied().unwrap_or_default()),
            0x0C | 0x0D => Ins::Branch(*op, unsigned(&mut bytes)),
            0x11 => {
                take(&mut bytes, 2);
                Ins::Raw(vec![0x11, 0, 0])
            }
            0x20..=0x22 => Ins::Local(*op, unsigned(&mut bytes)),
            0x28..=0x3E => {
                take(&mut bytes, 1);
                Ins::Access(*op, unsigned(&mut bytes))
            }
            0x3F | 0x40 => {
                take(&mut bytes, 1);
                Ins::Raw(vec![*op, 0])
            }
            0x41 => Ins::I32(i32::try_from(signed(&mut bytes)).unwrap_or_default()),
            0x42 => Ins::I64(signed(&mut bytes)),
            0xFC => {
                // `memory.init` and `memory.copy` have two operands, `data.drop` and `memory.fill` one; all are short.
                let len = if matches!(bytes.first(), Some(0x08 | 0x0A)) { 3 } else { 2 };
                Ins::Raw([&[0xFC], take(&mut bytes, len)].concat())
            }
            0xFD => {
                // Of those in use, only `v128.load` has operands, which are short.
                let len = if bytes.first() == Some(&0x00) { 3 } else { 1 };
                Ins::Raw([&[0xFD], take(&mut bytes, len)].concat())
            }
            _ => Ins::Plain(*op),
        });
    }
}

fn take<'b>(bytes: &mut &'b [u8], len: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at(len.min(bytes.len()));
    *bytes = rest;
    taken
}

fn unsigned(bytes: &mut &[u8]) -> u32 {
    let (mut value, mut shift) = (0u32, 0);
    for byte in take_while_more(bytes) {
        value |= u32::from(byte & 0x7F).checked_shl(shift).unwrap_or_default();
        shift += 7;
    }
    value
}

fn signed(bytes: &mut &[u8]) -> i64 {
    let (mut value, mut shift, mut last) = (0i64, 0, 0);
    for byte in take_while_more(bytes) {
        value |= i64::from(byte & 0x7F).checked_shl(shift).unwrap_or_default();
        shift += 7;
        last = *byte;
    }
    if last & 0x40 != 0 && shift < 64 { value | (-1i64 << shift) } else { value }
}

/// The bytes of a number.
fn take_while_more<'b>(bytes: &mut &'b [u8]) -> &'b [u8] {
    let len = bytes.iter().position(|byte| byte & 0x80 == 0).map_or(bytes.len(), |last| last + 1);
    take(bytes, len)
}

/// Writes instructions; `call` and `global` say the numbers of functions and of what stands for cells.
pub(crate) fn encode(code: &[Ins], call: &impl Fn(u32) -> u32, global: &impl Fn(u32) -> u32, bytes: &mut Vec<u8>) {
    for ins in code {
        match ins {
            Ins::Plain(op) => bytes.push(*op),
            Ins::Open(op, ty) => bytes.extend([*op, *ty]),
            Ins::Branch(op, number) | Ins::Local(op, number) => numbered(*op, *number, bytes),
            Ins::Call(symbol) => numbered(0x10, call(*symbol), bytes),
            Ins::Global(op, cell) => numbered(*op, global(*cell), bytes),
            Ins::Access(op, offset) => {
                bytes.extend([*op, 0]);
                write_unsigned(*offset, bytes);
            }
            Ins::I32(value) => {
                bytes.push(0x41);
                write_signed((*value).into(), bytes);
            }
            Ins::I64(value) => {
                bytes.push(0x42);
                write_signed(*value, bytes);
            }
            Ins::Raw(raw) => bytes.extend(raw),
        }
    }
}

fn numbered(op: u8, number: u32, bytes: &mut Vec<u8>) {
    bytes.push(op);
    write_unsigned(number, bytes);
}

fn write_signed(mut value: i64, bytes: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(value & 0x7F).unwrap_or_default();
        value >>= 7;
        if (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0) {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}
