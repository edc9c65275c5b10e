//! Requests and entities: bound by the routines and by `zt-eval`, every datum compared.

mod facts;
mod generated;
pub mod machine;
mod names;
mod refusals;

use zt_eval::{Policy, Request, Store};

use machine::Machine;

/// Binds a request both ways: what differs, or the request if both take it.
pub fn bound_alike(machine: &Machine, policy: &Policy, store: &Store, text: &[u8]) -> Result<Option<Request>, String> {
    let expected = Request::from_json(policy, text)
        .and_then(|request| request.check_against(policy.schema(), store).map(|()| request));
    let is_bound = machine.bind(text);
    match (expected, is_bound) {
        (Ok(request), true) => machine.same(&request).map(|()| Some(request)),
        (Err(_), false) => Ok(None),
        (Ok(_), false) => Err("refused by the routines alone".to_owned()),
        (Err(error), true) => Err(format!("taken, in spite of {error}")),
    }
}
