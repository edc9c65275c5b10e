//! Hosts that anybody writes, by the ABI of this project: `ABI.md`.
//!
//! What only some hosts want is in a module that is asked for it, and costs the others nothing.

use zt_eval::Policy;

use super::DESCRIBE;
use crate::layout::*;
use crate::module::Export;
use crate::tables::data::{Data, number};
use crate::tables::schema::Header;
use crate::{ABI_VERSION, slots};

/// The target's name.
pub(super) const NAME: &str = "core";

/// What modules of the target `core` take beside requests in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Entity data that the host sets at run time, in place of those that are baked in.
    pub data: bool,
    /// Requests in slots: a binary form without names.
    pub slots: bool,
}

impl Options {
    /// These, but with entity data from the host or not.
    #[must_use]
    pub fn with_data(self, data: bool) -> Self {
        Self { data, ..self }
    }

    /// These, but with requests in slots or not.
    #[must_use]
    pub fn with_slots(self, slots: bool) -> Self {
        Self { slots, ..self }
    }
}

pub(super) fn exports(options: Options, takes_settings: bool) -> Vec<Export> {
    let function = |(name, of)| Export::Function { name, of };
    let mut exports = vec![Export::Memory("memory"), Export::Global("zt_abi_version", ABI_VERSION)];
    exports.extend([("zt_alloc", "core_alloc"), ("zt_decide", "core_decide"), ("zt_describe", DESCRIBE)].map(function));
    if takes_settings {
        exports.push(function(("zt_configure", "core_configure")));
    }
    if options.data {
        exports.extend([("zt_alloc_data", "core_alloc_data"), ("zt_set_data", "core_set_data")].map(function));
    }
    if options.slots {
        exports.push(function(("zt_decide_slots", "core_decide_slots")));
    }
    exports
}

pub(super) fn tables(options: Options, policy: &Policy, data: &mut Data) -> Header {
    let limits = policy.limits();
    let mut header = vec![(H_TAKES_DATA, options.data.into()), (H_TAKES_SLOTS, options.slots.into())];
    if options.data {
        header.extend([
            (H_DATA_BYTES_MAX, limits.entities_bytes_max),
            (H_DATA_ENTITIES_MAX, limits.store_entities_max),
            (H_DATA_HEIGHT_MAX, limits.hierarchy_depth_max),
        ]);
    }
    if options.slots {
        let all = slots::of(policy);
        let words: Vec<u32> = all.iter().flat_map(|slot| slots::words(*slot)).collect();
        header.extend([(H_SLOTS, data.words(&words)), (H_SLOTS_COUNT, number(all.len()))]);
    }
    header
}
