//! A policy decision point: a policy and its entities, replaced together while decisions go on.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::decision::{Decision, Mode};
use crate::eval::{self, Scratch};
use crate::graph::Policy;
use crate::request::Request;
use crate::store::Store;
use crate::value::Timestamp;

thread_local! {
    /// Each thread decides in memory of its own, so that deciding shares and counts nothing.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Decides requests; shared between threads. Replacing the policy and its entities never makes a decision wait, and no
/// decision sees a new policy with old entities.
#[derive(Debug)]
pub struct Pdp {
    current: ArcSwap<Snapshot>,
    /// Held while a pair is replaced, so that revisions count up; deciding never takes it.
    replacing: Mutex<()>,
}

/// A policy with its entities, as they were at a time. Rule ids of its decisions are of its policy.
#[derive(Debug)]
pub struct Snapshot {
    policy: Policy,
    store: Store,
}

impl Pdp {
    /// A decision point for a policy and the entities that were read for it.
    ///
    /// # Errors
    ///
    /// When a parameter has no value, or the entities were read for other declarations.
    pub fn new(policy: Policy, store: Store) -> Result<Self, PdpError> {
        let snapshot = Snapshot::new(policy, store)?;
        Ok(Self { current: ArcSwap::from_pointee(snapshot), replacing: Mutex::new(()) })
    }

    /// Replaces policy and entities, as a pair. Decisions that have begun end with the old ones.
    ///
    /// # Errors
    ///
    /// As for [`Pdp::new`]; the old pair then stays.
    pub fn replace(&self, policy: Policy, store: Store) -> Result<(), PdpError> {
        let mut snapshot = Snapshot::new(policy, store)?;
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        snapshot.store.revision = self.current.load().store.revision.saturating_add(1);
        self.current.store(Arc::new(snapshot));
        Ok(())
    }

    /// The policy and the entities of this moment. Whoever turns decisions into names needs the policy that made them.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Decides a request at an instant. A request that was bound for another policy is denied as invalid.
    pub fn decide(&self, request: &Request, now: Option<Timestamp>, mode: Mode) -> Decision {
        self.current.load().decide(request, now, mode)
    }

    /// Decides a request document at an instant. One that does not fit the policy is denied as invalid.
    pub fn decide_json(&self, document: &[u8], now: Option<Timestamp>, mode: Mode) -> Decision {
        self.current.load().decide_json(document, now, mode)
    }
}

impl Snapshot {
    /// A pair that fits together.
    fn new(policy: Policy, store: Store) -> Result<Self, PdpError> {
        let missing = policy.missing_params().next().map(|param| param.name.clone());
        if let Some(name) = missing {
            return Err(PdpError { kind: PdpErrorKind::MissingParam(name) });
        }
        if !store.fits(policy.schema()) {
            return Err(PdpError { kind: PdpErrorKind::OtherStore });
        }
        Ok(Self { policy, store })
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The entities.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Decides a request at an instant.
    pub fn decide(&self, request: &Request, now: Option<Timestamp>, mode: Mode) -> Decision {
        let decide = |scratch: &mut Scratch| eval::decide(&self.policy, &self.store, request, now, mode, scratch);
        SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => decide(&mut scratch),
            Err(_) => decide(&mut Scratch::new()),
        })
    }

    /// Decides a request document at an instant.
    pub fn decide_json(&self, document: &[u8], now: Option<Timestamp>, mode: Mode) -> Decision {
        match Request::from_json(&self.policy, document) {
            Ok(request) => self.decide(&request, now, mode),
            Err(error) => Decision::invalid(error),
        }
    }
}

/// Why a policy and its entities cannot be put to work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PdpError {
    kind: PdpErrorKind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum PdpErrorKind {
    MissingParam(Arc<str>),
    OtherStore,
}

impl PdpError {
    /// The parameter that has no value, if that is what is wrong.
    #[must_use]
    pub fn missing_param(&self) -> Option<&str> {
        match &self.kind {
            PdpErrorKind::MissingParam(name) => Some(name),
            PdpErrorKind::OtherStore => None,
        }
    }
}

impl fmt::Display for PdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            PdpErrorKind::MissingParam(name) => write!(f, "parameter `{name}` has no value"),
            PdpErrorKind::OtherStore => write!(f, "the entities were read for other declarations than the policy's"),
        }
    }
}

impl Error for PdpError {}
