//! Who loads a module.

use crate::ABI_VERSION;
use crate::module::{Export, Memory};

/// A kind of host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Target {
    /// Any program with a WebAssembly engine, by the ABI that this project defines.
    Core,
}

impl Target {
    /// All of them, by the name that they have on the command line.
    pub const ALL: &[(&str, Self)] = &[("core", Self::Core)];

    /// What a module for it shows.
    pub(crate) fn exports(self) -> Vec<Export> {
        match self {
            Self::Core => vec![
                Export::Memory("memory"),
                Export::Global("zt_abi_version", ABI_VERSION),
                Export::Function { name: "zt_alloc", of: "core_alloc" },
                Export::Function { name: "zt_decide", of: "core_decide" },
            ],
        }
    }

    pub(crate) fn memory(self, pages: u32) -> Memory {
        match self {
            Self::Core => Memory::Own(pages),
        }
    }
}
