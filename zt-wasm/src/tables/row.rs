//! Rows of the tables by which a module decides, as `runtime/row.rs` reads them.

use super::data::Data;
use crate::layout::{H_MANY, H_WIDE};

/// How wide addresses and numbers are in rows: two bytes, or four.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Widths {
    /// Addresses have four.
    pub wide: bool,
    /// Numbers have four.
    pub many: bool,
}

impl Widths {
    /// Both wide where either says so.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { wide: self.wide || other.wide, many: self.many || other.many }
    }

    /// What the header says of them.
    #[must_use]
    pub fn header(self) -> [(i32, u32); 2] {
        [(H_WIDE, self.wide.into()), (H_MANY, self.many.into())]
    }

    /// Bytes of an address.
    #[must_use]
    pub fn place(self) -> u32 {
        if self.wide { 4 } else { 2 }
    }

    /// Bytes of a number.
    #[must_use]
    pub fn number(self) -> u32 {
        if self.many { 4 } else { 2 }
    }
}

/// Bytes of rows, as they come.
#[derive(Debug)]
pub struct Rows {
    pub bytes: Vec<u8>,
    widths: Widths,
    /// What has been too wide.
    pub lacks: Widths,
}

impl Rows {
    #[must_use]
    pub fn new(widths: Widths) -> Self {
        Self { bytes: Vec::new(), widths, lacks: Widths::default() }
    }

    pub fn place(&mut self, value: u32) -> &mut Self {
        self.lacks.wide |= !put(&mut self.bytes, value, self.widths.wide);
        self
    }

    pub fn number(&mut self, value: u32) -> &mut Self {
        self.lacks.many |= !put(&mut self.bytes, value, self.widths.many);
        self
    }

    /// A text's address and length.
    pub fn name(&mut self, data: &mut Data, text: &str) -> &mut Self {
        self.place(data.text(text)).number(super::data::number(text.len()))
    }

    pub fn byte(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    /// A number whose highest bit is a flag, if there is one.
    pub fn flagged(&mut self, value: u32, flag: Option<bool>) -> &mut Self {
        let Some(flag) = flag else {
            return self.number(value);
        };
        let bit = 1 << (8 * self.widths.number() - 1);
        self.lacks.many |= value >= bit;
        self.number(value | if flag { bit } else { 0 })
    }

    /// The rows of another table behind these.
    pub fn append(&mut self, other: Self) {
        self.bytes.extend(other.bytes);
        self.lacks = self.lacks.or(other.lacks);
    }

    /// How many numbers there are, and these.
    pub fn list(&mut self, numbers: &[u32]) -> &mut Self {
        self.number(super::data::number(numbers.len()));
        for each in numbers {
            self.number(*each);
        }
        self
    }

    /// The address of such bytes, which other tables may have, too.
    pub fn share(self, data: &mut Data) -> u32 {
        data.lacks = data.lacks.or(self.lacks);
        data.shared(&self.bytes, 1)
    }

    /// The address of the bytes, which are written anew.
    pub fn write(self, data: &mut Data) -> u32 {
        data.lacks = data.lacks.or(self.lacks);
        data.bytes(&self.bytes)
    }

    /// Writes the bytes where they were [reserved](Data::reserve).
    pub fn patch(self, data: &mut Data, at: u32) {
        data.lacks = data.lacks.or(self.lacks);
        data.patch(at, &self.bytes);
    }
}

/// Whether the value fits.
fn put(bytes: &mut Vec<u8>, value: u32, is_wide: bool) -> bool {
    if is_wide {
        bytes.extend(value.to_le_bytes());
        return true;
    }
    bytes.extend(u16::try_from(value).unwrap_or_default().to_le_bytes());
    u16::try_from(value).is_ok()
}
