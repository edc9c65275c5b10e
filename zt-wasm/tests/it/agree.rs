//! A policy in both forms.

use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Request, Store};
use zt_wasm::host::{Host, HostLimits, Instance};
use zt_wasm::target::core;
use zt_wasm::{Target, compile};

/// A host for a few instances.
pub fn host() -> Host {
    Host::new(HostLimits { instances_max: 4, ..HostLimits::default() }).unwrap()
}

/// A policy, its entities, and an instance of their module.
pub struct Both<'p> {
    policy: &'p Policy,
    store: &'p Store,
    instance: Instance,
}

impl<'p> Both<'p> {
    pub fn of(host: &Host, policy: &'p Policy, store: &'p Store) -> Self {
        Self::with(host, policy, store, core::Options::default())
    }

    pub fn with(host: &Host, policy: &'p Policy, store: &'p Store, options: core::Options) -> Self {
        let module = compile(policy, store, Target::Core(options)).unwrap();
        let instance = host.load(&module, None).unwrap().instantiate().unwrap();
        Self { policy, store, instance }
    }

    pub fn instance(&mut self) -> &mut Instance {
        &mut self.instance
    }

    pub fn store(&self) -> &'p Store {
        self.store
    }

    /// Decides in both forms and compares.
    pub fn agree(&mut self, request: &[u8], now: Option<Timestamp>, mode: Mode) -> Result<Decision, String> {
        let (decision, expected) = decided(self.policy, self.store, request, now, mode);
        let found = self.instance.decide(request, now, mode).map_err(|error| error.to_string())?;
        if found == expected.as_bytes() {
            return Ok(decision);
        }
        let (request, found) = (String::from_utf8_lossy(request), String::from_utf8_lossy(found));
        Err(format!("{mode:?} at {now:?} of {request}\nengine {expected}\nmodule {found}"))
    }
}

/// What the engine decides, and as modules write it: they do not say what is wrong with a request that is invalid.
pub fn decided(
    policy: &Policy,
    store: &Store,
    request: &[u8],
    now: Option<Timestamp>,
    mode: Mode,
) -> (Decision, String) {
    let decision = match Request::from_json(policy, request) {
        Ok(bound) => eval::decide(policy, store, &bound, now, mode, &mut Scratch::new()),
        Err(error) => Decision::invalid(error),
    };
    let mut json = decision.to_json(policy);
    json.as_object_mut().unwrap().remove("error");
    (decision, json.to_string())
}
