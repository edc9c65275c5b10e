//! Who loads a module.

use crate::ABI_VERSION;
use crate::module::{Export, Memory};

/// The function that gives the description of a module; it is generated, as the text is.
pub(crate) const DESCRIBE: &str = "describe";

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

    /// The name that it has on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
        }
    }

    /// What a module for it shows.
    pub(crate) fn exports(self) -> Vec<Export> {
        match self {
            Self::Core => vec![
                Export::Memory("memory"),
                Export::Global("zt_abi_version", ABI_VERSION),
                Export::Function { name: "zt_alloc", of: "core_alloc" },
                Export::Function { name: "zt_decide", of: "core_decide" },
                Export::Function { name: "zt_describe", of: DESCRIBE },
            ],
        }
    }

    /// Whether its modules give their description by [`DESCRIBE`]; all carry it in a custom section.
    pub(crate) fn describes(self) -> bool {
        matches!(self, Self::Core)
    }

    pub(crate) fn memory(self, pages: u32) -> Memory {
        match self {
            Self::Core => Memory::Own(pages),
        }
    }
}
