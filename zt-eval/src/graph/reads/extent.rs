//! How much of a place in the evidence is read.

use crate::request::Bits;
use crate::schema::Type;

/// How much of a place is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Extent {
    /// Nothing: it is unknown.
    Nothing,
    /// Everything.
    Whole,
    /// Of a record: that it is there, and so much of its fields by position; nothing of those that are not listed.
    Fields(Fields),
    /// Of a list or a map: how many elements it has, its keys, and so much of each element.
    Elements(Box<Extent>),
}

/// How much is read of a record's fields.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// By position; of those that are not listed nothing.
    each: Box<[Extent]>,
    /// Positions of those that are read and that a complete source says to be absent by saying nothing.
    silent: Bits,
}

impl PartialEq for Fields {
    /// What is silent follows from the record's declaration.
    fn eq(&self, other: &Self) -> bool {
        self.each == other.each
    }
}

impl Eq for Fields {}

impl Fields {
    pub(in crate::graph) fn new(each: Box<[Extent]>, is_optional: impl Fn(usize) -> bool) -> Self {
        let mut silent = Bits::default();
        for (at, extent) in each.iter().enumerate() {
            if *extent != Extent::Nothing && is_optional(at) {
                silent.insert(at);
            }
        }
        Self { each, silent }
    }

    /// By position.
    #[cfg(feature = "codegen")]
    #[must_use]
    pub fn each(&self) -> &[Extent] {
        &self.each
    }

    /// Whether a complete source says the field at this position to be absent by saying nothing, and it is read.
    #[inline]
    pub(crate) fn is_silent(&self, at: usize) -> bool {
        self.silent.contains(at)
    }
}

impl Extent {
    /// Of a record's field.
    pub fn field(&self, at: usize) -> &Self {
        match self {
            Self::Nothing => &Self::Nothing,
            Self::Fields(fields) => fields.each.get(at).unwrap_or(&Self::Nothing),
            Self::Whole | Self::Elements(_) => &Self::Whole,
        }
    }

    /// Of the elements of a list, the values of a map.
    pub fn element(&self) -> &Self {
        match self {
            Self::Nothing => &Self::Nothing,
            Self::Elements(of) => of,
            Self::Whole | Self::Fields(_) => &Self::Whole,
        }
    }

    /// That a value of a type is there, and nothing about what is in it that its being there does not depend on.
    pub(super) fn presence(ty: &Type) -> Self {
        match ty.present() {
            Type::Record(_) => Self::Fields(Fields::default()),
            Type::List(of) | Type::Map(of) => Self::Elements(Self::presence(of).into()),
            // Of a set in which something is unknown, nothing is known.
            _ => Self::Whole,
        }
    }
}
