//! Policies as WebAssembly modules, on wasmtime.

use std::rc::Rc;

use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Effect, Policy, Store};
use zt_lang::Sources;
use zt_wasm::host::{Host, HostLimits, Module};
use zt_wasm::{Target, compile};

use crate::documents::Documents;
use crate::harness::Contender;

/// The module of a policy's text for the target `core`, and the policy.
///
/// # Panics
///
/// When the policy has mistakes.
#[must_use]
pub fn of(policy: &str) -> (Policy, Vec<u8>) {
    let policy = crate::compile(Sources::single("policy.zt", policy)).unwrap_or_else(|report| panic!("{report}"));
    let module = compile(&policy, &Store::empty(), Target::Core(Default::default())).unwrap();
    (policy, module)
}

/// A module that is ready to make instances.
///
/// # Panics
///
/// When the host refuses it.
#[must_use]
pub fn load(module: &[u8]) -> Module {
    let limits = HostLimits { instances_max: 8, ..HostLimits::default() };
    Host::new(limits).unwrap().load(module, None).unwrap()
}

/// Decides from documents in one instance: JSON in, the decision as JSON out.
///
/// # Panics
///
/// When the policy has mistakes, or a decision fails.
#[must_use]
pub fn contender(name: &'static str, policy: &str, documents: &Documents, mode: Mode) -> Contender {
    let mut instance = load(&of(policy).1).instantiate().unwrap();
    let documents = Rc::clone(documents);
    let now = Timestamp::parse_rfc3339("2026-03-02T10:00:00Z");
    Contender::new(name, move |request| effect(instance.decide(&documents[request].json, now, mode).unwrap()))
}

/// The effect that a decision's text tells.
#[must_use]
pub fn effect(decision: &[u8]) -> Effect {
    let allows = br#""effect":"allow""#;
    if decision.windows(allows.len()).any(|part| part == allows) { Effect::Allow } else { Effect::Deny }
}
