//! Functions before they have numbers: compiled routines, and what is generated for a policy.

/// A part of a routine's body, as the build script compiled it.
pub(crate) enum Op {
    /// Instructions that mean the same in every module.
    Bytes(&'static [u8]),
    /// A call of a function by name.
    Call(&'static str),
    /// A load from a fixed address.
    Load(u8, u32),
    /// What comes before the value of a store to a fixed address.
    Place(u32),
    /// That store.
    Store(u8, u32),
    /// `block`, `loop` or `if` with a type of results and a label.
    Open(u8, u8, u32),
    Else,
    End,
    /// `br` or `br_if` to a label.
    Branch(u8, u32),
    /// The arm of a `match` on the tags that a policy uses: left out if it uses none of these.
    Arm {
        tags: &'static [i64],
        test: &'static [Op],
        ty: u8,
        label: u32,
        body: &'static [Op],
        rest: &'static [Op],
    },
}

/// A compiled routine. Types are written as in the binary format.
pub(crate) struct Routine {
    pub name: &'static str,
    pub params: &'static [u8],
    pub result: Option<u8>,
    /// Behind the parameters.
    pub locals: &'static [u8],
    pub body: &'static [Op],
}

/// A 32-bit integer, in the binary format.
pub(crate) const I32: u8 = 0x7F;
/// A 64-bit integer.
pub(crate) const I64: u8 = 0x7E;

include!(concat!(env!("OUT_DIR"), "/routines.rs"));

/// The routine of this name.
pub(crate) fn routine(name: &str) -> Option<&'static Routine> {
    let at = ROUTINES.binary_search_by(|routine| routine.name.cmp(name)).ok()?;
    ROUTINES.get(at)
}

/// A cell at a fixed address that only loads and stores of its own reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FixedCell {
    /// Whether it has 8 bytes, not 4.
    pub is_wide: bool,
    /// Whether any routine stores there.
    pub is_stored: bool,
}

/// The cell at an address, if it is such a one.
pub(crate) fn fixed_cell(at: u32) -> Option<FixedCell> {
    let place = CELLS.binary_search_by(|(other, ..)| other.cmp(&at)).ok()?;
    CELLS.get(place).map(|(_, is_wide, is_stored)| FixedCell { is_wide: *is_wide, is_stored: *is_stored })
}

/// A part of the body of a generated function.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    Call(String),
}

/// A function that is generated for a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generated {
    pub params: Vec<u8>,
    pub result: Option<u8>,
    /// Behind the parameters.
    pub locals: Vec<u8>,
    pub body: Vec<Piece>,
}

/// Instructions that generated functions are made of; see the specification's binary format for the numbers.
impl Generated {
    pub fn new(params: &[u8], result: Option<u8>) -> Self {
        Self { params: params.to_vec(), result, ..Self::default() }
    }

    /// A new local.
    pub fn local(&mut self, ty: u8) -> u32 {
        self.locals.push(ty);
        u32::try_from(self.params.len() + self.locals.len() - 1).unwrap_or(u32::MAX)
    }

    pub fn bytes(&mut self, more: &[u8]) {
        if let Some(Piece::Bytes(bytes)) = self.body.last_mut() {
            bytes.extend_from_slice(more);
        } else {
            self.body.push(Piece::Bytes(more.to_vec()));
        }
    }

    pub fn call(&mut self, name: impl Into<String>) {
        self.body.push(Piece::Call(name.into()));
    }

    pub fn i32(&mut self, value: i32) {
        self.bytes(&[0x41]);
        self.signed(value.into());
    }

    pub fn i64(&mut self, value: i64) {
        self.bytes(&[0x42]);
        self.signed(value);
    }

    /// An address or a number that has no sign.
    pub fn u32(&mut self, value: u32) {
        self.i32(value.cast_signed());
    }

    pub fn get(&mut self, local: u32) {
        self.bytes(&[0x20]);
        self.unsigned(local);
    }

    pub fn set(&mut self, local: u32) {
        self.bytes(&[0x21]);
        self.unsigned(local);
    }

    pub fn tee(&mut self, local: u32) {
        self.bytes(&[0x22]);
        self.unsigned(local);
    }

    /// Of a function of the first type, in the first table.
    pub fn call_indirect(&mut self) {
        self.bytes(&[0x11, 0, 0]);
    }

    /// `i32.load` of what is so far behind the address on the stack.
    pub fn load(&mut self, offset: u32) {
        self.bytes(&[0x28, 0]);
        self.unsigned(offset);
    }

    pub fn block(&mut self, ty: u8) {
        self.bytes(&[0x02, ty]);
    }

    pub fn repeat(&mut self, ty: u8) {
        self.bytes(&[0x03, ty]);
    }

    pub fn when(&mut self, ty: u8) {
        self.bytes(&[0x04, ty]);
    }

    pub fn otherwise(&mut self) {
        self.bytes(&[0x05]);
    }

    pub fn end(&mut self) {
        self.bytes(&[0x0B]);
    }

    pub fn branch(&mut self, depth: u32) {
        self.bytes(&[0x0C]);
        self.unsigned(depth);
    }

    pub fn branch_if(&mut self, depth: u32) {
        self.bytes(&[0x0D]);
        self.unsigned(depth);
    }

    pub fn unsigned(&mut self, value: u32) {
        let mut bytes = Vec::new();
        write_unsigned(value, &mut bytes);
        self.bytes(&bytes);
    }

    fn signed(&mut self, mut value: i64) {
        loop {
            let low = u8::try_from(value & 0x7F).unwrap_or_default();
            value >>= 7;
            if (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0) {
                return self.bytes(&[low]);
            }
            self.bytes(&[low | 0x80]);
        }
    }
}

/// LEB128.
pub(crate) fn write_unsigned(mut value: u32, bytes: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(value & 0x7F).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}
