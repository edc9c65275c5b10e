//! A policy in both forms.

use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Request, Store};
use zt_wasm::host::{Host, HostLimits, Instance};
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
        let module = compile(policy, store, Target::Core).unwrap();
        let instance = host.load(&module, None).unwrap().instantiate().unwrap();
        Self { policy, store, instance }
    }

    /// Decides in both forms and compares. A module does not say what is wrong with a request that is invalid.
    pub fn agree(&mut self, request: &[u8], now: Option<Timestamp>, mode: Mode) -> Result<Decision, String> {
        let decision = match Request::from_json(self.policy, request) {
            Ok(bound) => eval::decide(self.policy, self.store, &bound, now, mode, &mut Scratch::new()),
            Err(error) => Decision::invalid(error),
        };
        let mut expected = decision.to_json(self.policy);
        expected.as_object_mut().unwrap().remove("error");
        let found = self.instance.decide(request, now, mode).map_err(|error| error.to_string())?;
        if found == expected.to_string().as_bytes() {
            return Ok(decision);
        }
        let (request, found) = (String::from_utf8_lossy(request), String::from_utf8_lossy(found));
        Err(format!("{mode:?} at {now:?} of {request}\nengine {expected}\nmodule {found}"))
    }
}
