//! Who loads a module.

pub mod core;
pub mod kubewarden;
pub mod opa;
pub mod proxy_wasm;

use zt_eval::{Policy, Store};

use crate::compile::CompileError;
use crate::layout::{CORE_BASE, H_DATA, OPA_BASE};
use crate::link::Parts;
use crate::module::{Export, Memory};
use crate::profile::{self, Unsupplied};
use crate::tables::data::Data;
use crate::tables::nodes::Numbers;
use crate::tables::schema::{Header, Types};

/// The function that gives the description of a module; it is generated, as the text is.
pub(crate) const DESCRIBE: &str = "describe";

/// A kind of host.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "a build has one")]
pub enum Target {
    /// Any program with a WebAssembly engine, by the ABI that this project defines.
    Core(core::Options),
    /// Hosts of OPA's WebAssembly policies, by OPA's ABI 1.3.
    Opa(opa::Options),
    /// Kubewarden's policy server, by waPC.
    Kubewarden(kubewarden::Options),
    /// Proxies such as Envoy, by proxy-wasm 0.2.1.
    ProxyWasm(proxy_wasm::Options),
}

impl Target {
    /// All of them, by the name that they have on the command line.
    pub const ALL: &[(&str, Self)] = &[
        (core::NAME, Self::Core(core::Options { data: false, slots: false })),
        (kubewarden::NAME, Self::Kubewarden(kubewarden::Options { record_obligations: false })),
        (opa::NAME, Self::Opa(opa::Options { bare: false })),
        (proxy_wasm::NAME, Self::ProxyWasm(proxy_wasm::Options { origins: proxy_wasm::Origins::NONE, bare: false })),
    ];

    /// Whether hosts set entity data.
    pub(crate) fn takes_data(&self) -> bool {
        matches!(self, Self::Core(core::Options { data: true, .. }))
    }

    /// The name that it has on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Core(_) => core::NAME,
            Self::Kubewarden(_) => kubewarden::NAME,
            Self::Opa(_) => opa::NAME,
            Self::ProxyWasm(_) => proxy_wasm::NAME,
        }
    }

    /// What a module for it shows, one that takes settings or not.
    pub(crate) fn exports(&self, takes_settings: bool) -> Vec<Export> {
        match self {
            Self::Core(options) => core::exports(*options, takes_settings),
            Self::Opa(options) => opa::exports(*options),
            Self::Kubewarden(_) => kubewarden::exports(),
            Self::ProxyWasm(_) => proxy_wasm::exports(takes_settings),
        }
    }

    /// Whether its hosts have a way to give settings.
    pub(crate) fn takes_settings(&self) -> bool {
        !matches!(self, Self::Opa(_))
    }

    /// Whether its modules give their description by [`DESCRIBE`]; all carry it in a custom section.
    pub(crate) fn describes(&self) -> bool {
        matches!(self, Self::Core(_))
    }

    /// Where its memory comes from; `pages` are enough at first.
    pub(crate) fn memory(&self, pages: u32) -> Memory {
        match self {
            Self::Core(_) | Self::Kubewarden(_) | Self::ProxyWasm(_) => Memory::Own(pages),
            // No host gives fewer.
            Self::Opa(_) => Memory::Imported { module: "env", name: "memory", pages: 2 },
        }
    }

    /// Whether its hosts give what a policy needs.
    ///
    /// # Errors
    ///
    /// When they do not.
    pub(crate) fn check(&self, policy: &Policy, entities: &Store) -> Result<(), Unsupplied> {
        match self {
            // What proxies know is for their users to say: see its tables.
            Self::Core(_) | Self::ProxyWasm(_) => Ok(()),
            Self::Opa(_) => profile::without_clock(policy, opa::NAME),
            Self::Kubewarden(_) => kubewarden::check(policy, entities),
        }
    }

    /// Data of its own, what it imports, and what is generated for it.
    ///
    /// # Errors
    ///
    /// When what its hosts give does not fit the policy.
    pub(crate) fn tables(
        &self,
        (policy, entities): (&Policy, &Store),
        numbers: &Numbers,
        types: &mut Types,
        data: &mut Data,
        parts: &mut Parts,
    ) -> Result<Header, CompileError> {
        match self {
            Self::Core(options) => Ok(core::tables(*options, policy, data)),
            Self::Opa(options) => Ok(opa::tables(*options, data, parts)),
            Self::Kubewarden(options) => Ok(kubewarden::tables(*options, policy, data, parts)),
            Self::ProxyWasm(options) => proxy_wasm::tables(options, (policy, entities), numbers, types, data, parts),
        }
    }

    /// Further places that are to say where the arena begins.
    pub(crate) fn heap(&self) -> &'static [i32] {
        match self {
            Self::Core(_) => &[CORE_BASE, H_DATA],
            Self::Kubewarden(_) | Self::ProxyWasm(_) => &[],
            Self::Opa(_) => &[OPA_BASE],
        }
    }

    /// A custom section of its own: its name, and what is in it.
    pub(crate) fn section(&self, policy: &Policy) -> Option<(&'static str, Vec<u8>)> {
        match self {
            Self::Core(_) | Self::Opa(_) | Self::ProxyWasm(_) => None,
            Self::Kubewarden(_) => Some(kubewarden::metadata(policy)),
        }
    }
}
