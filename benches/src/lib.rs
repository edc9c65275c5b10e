//! What the benchmarks measure, and how they compare `zt` with its peers.
//!
//! [`workloads`] lists the comparisons. In each, every engine has the same policy, the same entities and the same requests
//! in one process, and nothing is timed before all engines were seen to decide alike. The peers are dependencies of this
//! package alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up has nothing better to do than to stop and say why"
)]

pub mod admission;
pub mod apps;
pub mod company;
pub mod documents;
pub mod examples;
pub mod export;
pub mod floor;
pub mod gateway;
pub mod generated;
pub mod harness;
pub mod measure;
pub mod module;
pub mod peers;
pub mod report;
pub mod scale;
pub mod world;
pub mod zt;

use std::error::Error;

use zt_eval::Policy;
use zt_lang::{Options, Sources};

use harness::Workload;

/// Everything that is compared, in the order in which it is reported.
#[must_use]
pub fn workloads() -> Vec<Workload> {
    let documents = [gateway::FROM_JSON, gateway::PREPARED, admission::FROM_JSON, admission::PREPARED];
    apps::workloads().into_iter().chain(generated::workloads()).chain(documents).collect()
}

/// Compiles sources.
///
/// # Errors
///
/// When they have mistakes.
pub fn compile(sources: Sources) -> Result<Policy, Box<dyn Error>> {
    Ok(zt_lang::compile(sources, &Options::default())?.policy)
}
