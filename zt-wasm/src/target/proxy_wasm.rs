//! Proxies, by proxy-wasm 0.2.1: Envoy, Istio, and others that load its modules.
//!
//! A policy is asked when a request's headers have come. The request document is put together from what the proxy knows, as
//! [`Origins`] say; headers are the client's word, and can only be what an unverified source says. A request that is allowed
//! goes on, with obligations as headers; any other is answered with 403, or 401 where a step-up would help.

mod duties;
mod fill;
mod messages;
mod origin;
mod origins;
mod plan;
mod tables;

pub use origins::{Origins, OriginsError};

use zt_eval::{Policy, Store};

use crate::code::I32;
use crate::compile::CompileError;
use crate::layout::PROXY_TELLS;
use crate::link::{Import, Parts};
use crate::module::Export;
use crate::slots;
use crate::tables::data::Data;
use crate::tables::nodes::Numbers;
use crate::tables::schema::{Header, Types};

/// The target's name.
pub(super) const NAME: &str = "proxy-wasm";

/// What modules for proxies are to do.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Where attributes come from.
    pub origins: Origins,
    /// Decisions are not told to the host, which takes less time.
    pub bare: bool,
}

impl Options {
    /// These, but with such origins.
    #[must_use]
    pub fn with_origins(self, origins: Origins) -> Self {
        Self { origins, ..self }
    }

    /// These, but telling decisions to the host or not.
    #[must_use]
    pub fn with_bare(self, bare: bool) -> Self {
        Self { bare, ..self }
    }
}

/// A host passes over what it does not know: one misspelt name, and every request would go on.
pub(super) fn exports(takes_settings: bool) -> Vec<Export> {
    let mut functions = vec![
        ("proxy_abi_version_0_2_1", "proxy_version"),
        ("proxy_on_memory_allocate", "proxy_on_memory_allocate"),
        ("proxy_on_configure", "proxy_on_configure"),
        ("proxy_on_request_headers", "proxy_on_request_headers"),
    ];
    if takes_settings {
        functions.push(("proxy_on_context_create", "proxy_on_context_create"));
        functions.push(("proxy_on_delete", "proxy_on_delete"));
    }
    let functions = functions.into_iter().map(|(name, of)| Export::Function { name, of });
    [Export::Memory("memory")].into_iter().chain(functions).collect()
}

/// The host's functions, and how many numbers each takes. All give a status.
pub(crate) const IMPORTS: [(&str, &str, usize); 9] = [
    ("host_property", "proxy_get_property", 4),
    ("host_property_set", "proxy_set_property", 4),
    ("host_headers", "proxy_get_header_map_pairs", 3),
    ("host_buffer", "proxy_get_buffer_bytes", 5),
    ("host_header_add", "proxy_add_header_map_value", 5),
    ("host_header_remove", "proxy_remove_header_map_value", 3),
    ("host_respond", "proxy_send_local_response", 8),
    ("host_time", "proxy_get_current_time_nanoseconds", 1),
    ("host_log", "proxy_log", 3),
];

/// The host's functions, and tables of where everything comes from.
///
/// # Errors
///
/// When something has no origin that fits.
pub(super) fn tables(
    options: &Options,
    (policy, entities): (&Policy, &Store),
    numbers: &Numbers,
    types: &mut Types,
    data: &mut Data,
    parts: &mut Parts,
) -> Result<Header, CompileError> {
    let plan = plan::Plan::of(policy, entities, &options.origins)?;
    for (of, name, params) in IMPORTS {
        let import = Import { module: "env", name, params: vec![I32; params], result: Some(I32) };
        parts.imports.insert(of.to_owned(), import);
    }
    let slots = slots::of(policy);
    let mut writer = tables::Writer { policy, slots, numbers, types, data, kinds: &mut parts.tags };
    let mut header = writer.write(&plan)?;
    header.push((PROXY_TELLS, (!options.bare).into()));
    Ok(header)
}
