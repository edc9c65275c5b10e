//! Compiled code, before a module gives it numbers.

use std::fmt::Write as _;

/// The types of the small part of Rust.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ty {
    I32,
    U32,
    I64,
    U64,
    Bool,
    /// No value.
    Unit,
    /// What does not come back.
    Never,
}

impl Ty {
    pub fn is_wide(self) -> bool {
        matches!(self, Self::I64 | Self::U64)
    }

    pub fn is_signed(self) -> bool {
        matches!(self, Self::I32 | Self::I64)
    }

    pub fn is_value(self) -> bool {
        !matches!(self, Self::Unit | Self::Never)
    }

    /// As a type of results, in the binary format.
    pub fn block(self) -> u8 {
        match self {
            Self::I32 | Self::U32 | Self::Bool => 0x7F,
            Self::I64 | Self::U64 => 0x7E,
            Self::Unit | Self::Never => 0x40,
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "i32" => Self::I32,
            "u32" => Self::U32,
            "i64" => Self::I64,
            "u64" => Self::U64,
            "bool" => Self::Bool,
            _ => return None,
        })
    }
}

/// A part of a function's body.
#[derive(Clone, Debug)]
pub enum Op {
    /// Instructions that mean the same in every module.
    Bytes(Vec<u8>),
    /// A call of a function by name.
    Call(String),
    /// A load from a fixed address.
    Load(u8, i64),
    /// What comes before the value of a store to a fixed address.
    Place(i64),
    /// That store.
    Store(u8, i64),
    /// `block`, `loop` or `if` with a type of results and a label.
    Open(u8, u8, u32),
    Else,
    End,
    /// `br` or `br_if` to a label.
    Branch(u8, u32),
    /// The arm of a `match` on the tags that a policy uses: left out if it uses none of these.
    Arm {
        tags: Vec<i64>,
        test: Vec<Op>,
        open: (u8, u32),
        body: Vec<Op>,
        rest: Vec<Op>,
    },
}

/// A list of operations that grows.
#[derive(Clone, Debug, Default)]
pub struct Code(pub Vec<Op>);

impl Code {
    pub fn bytes(&mut self, more: &[u8]) {
        if let Some(Op::Bytes(bytes)) = self.0.last_mut() {
            bytes.extend_from_slice(more);
        } else {
            self.0.push(Op::Bytes(more.to_vec()));
        }
    }

    pub fn op(&mut self, op: Op) {
        self.0.push(op);
    }

    pub fn append(&mut self, other: Self) {
        for op in other.0 {
            match op {
                Op::Bytes(bytes) => self.bytes(&bytes),
                op => self.0.push(op),
            }
        }
    }

    pub fn constant(&mut self, ty: Ty, value: i64) {
        self.bytes(&[if ty.is_wide() { 0x42 } else { 0x41 }]);
        // A 32-bit constant is written as the signed number of the same bits.
        let value = if ty.is_wide() { value } else { i64::from(value as i32) };
        self.bytes(&signed(value));
    }

    pub fn local(&mut self, opcode: u8, index: u32) {
        self.bytes(&[opcode]);
        self.bytes(&unsigned(index.into()));
    }
}

/// LEB128.
pub fn unsigned(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7F) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// LEB128 of a signed number.
pub fn signed(mut value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7F) as u8;
        value >>= 7;
        if (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0) {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A compiled function.
pub struct Routine {
    pub params: Vec<Ty>,
    pub result: Ty,
    /// Types of the locals behind the parameters.
    pub locals: Vec<Ty>,
    pub body: Vec<Op>,
}

impl Routine {
    /// As the text of a Rust constant.
    pub fn write(&self, name: &str, text: &mut String) {
        let kinds = |types: &[Ty]| types.iter().map(|ty| format!("{:#x}", ty.block())).collect::<Vec<_>>().join(", ");
        let result = if self.result.is_value() { format!("Some({:#x})", self.result.block()) } else { "None".into() };
        let (params, locals) = (kinds(&self.params), kinds(&self.locals));
        let _ = writeln!(
            text,
            "Routine {{ name: {name:?}, params: &[{params}], result: {result}, locals: &[{locals}], body: {} }},",
            ops(&self.body)
        );
    }
}

fn ops(all: &[Op]) -> String {
    let each: Vec<String> = all.iter().map(op).collect();
    format!("&[{}]", each.join(", "))
}

fn op(op: &Op) -> String {
    match op {
        Op::Bytes(bytes) => format!("Op::Bytes(&{bytes:?})"),
        Op::Call(name) => format!("Op::Call({name:?})"),
        Op::Open(opcode, ty, label) => format!("Op::Open({opcode:#x}, {ty:#x}, {label})"),
        Op::Load(opcode, at) => format!("Op::Load({opcode:#x}, {at})"),
        Op::Place(at) => format!("Op::Place({at})"),
        Op::Store(opcode, at) => format!("Op::Store({opcode:#x}, {at})"),
        Op::Else => "Op::Else".into(),
        Op::End => "Op::End".into(),
        Op::Branch(opcode, label) => format!("Op::Branch({opcode:#x}, {label})"),
        Op::Arm { tags, test, open: (ty, label), body, rest } => format!(
            "Op::Arm {{ tags: &{tags:?}, test: {}, ty: {ty:#x}, label: {label}, body: {}, rest: {} }}",
            ops(test),
            ops(body),
            ops(rest)
        ),
    }
}
