//! The engine of this project, as a contender. All of its calls that benchmarks time are in this file.

use std::rc::Rc;
use std::sync::Arc;

use zt_eval::decision::Mode;
use zt_eval::pdp::Snapshot;
use zt_eval::value::Timestamp;
use zt_eval::{Pdp, Request, Store};
use zt_lang::Sources;

use crate::compile;
use crate::documents::{Document, Documents};
use crate::harness::Contender;

/// A policy with its entities and requests, all prepared.
pub struct Prepared {
    snapshot: Arc<Snapshot>,
    requests: Arc<[Request]>,
    now: Option<Timestamp>,
}

impl Prepared {
    /// Prepares a policy, entities and requests, given as text.
    ///
    /// # Panics
    ///
    /// When any of them has a mistake.
    pub fn new<'a>(policy: &str, entities: &str, requests: impl IntoIterator<Item = &'a str>) -> Self {
        let policy = compile(Sources::single("policy.zt", policy)).unwrap_or_else(|report| panic!("{report}"));
        let store = Store::from_json(&policy, entities.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let snapshot = Pdp::new(policy, store).unwrap().snapshot();
        let bound = |text: &str| {
            Request::from_json(snapshot.policy(), text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
        };
        let requests = requests.into_iter().map(bound).collect();
        Self { snapshot, requests, now: Timestamp::parse_rfc3339("2026-03-02T10:00:00Z") }
    }

    /// Decides them in both modes.
    #[must_use]
    pub fn contenders(&self) -> Vec<Contender> {
        vec![self.contender("zt, effect", Mode::Effect), self.contender("zt, full", Mode::Full)]
    }

    /// Decides them in one mode.
    #[must_use]
    pub fn contender(&self, name: &'static str, mode: Mode) -> Contender {
        let (snapshot, requests, now) = (Arc::clone(&self.snapshot), Arc::clone(&self.requests), self.now);
        Contender::new(name, move |request| snapshot.decide(&requests[request], now, mode).effect)
    }
}

/// A policy that several threads decide by.
pub struct Shared {
    snapshot: Arc<Snapshot>,
    now: Option<Timestamp>,
}

impl Shared {
    /// Compiles a policy that needs no entities.
    ///
    /// # Panics
    ///
    /// When it has mistakes.
    #[must_use]
    pub fn new(policy: &str) -> Self {
        let policy = compile(Sources::single("policy.zt", policy)).unwrap_or_else(|report| panic!("{report}"));
        let snapshot = Pdp::new(policy, Store::empty()).unwrap().snapshot();
        Self { snapshot, now: Timestamp::parse_rfc3339("2026-03-02T10:00:00Z") }
    }

    /// Decides from documents: reads, binds and decides each time.
    #[must_use]
    pub fn from_json(&self, name: &'static str, documents: &Documents, mode: Mode) -> Contender {
        let (snapshot, documents, now) = (Arc::clone(&self.snapshot), Rc::clone(documents), self.now);
        Contender::new(name, move |request| snapshot.decide_json(&documents[request].json, now, mode).effect)
    }

    /// Decides what has been read and prepared.
    ///
    /// # Panics
    ///
    /// When a document does not fit the policy.
    #[must_use]
    pub fn prepared(&self, name: &'static str, documents: &Documents, mode: Mode) -> Contender {
        let (snapshot, now) = (Arc::clone(&self.snapshot), self.now);
        let bound = |document: &Document| Request::from_json(snapshot.policy(), &document.json).unwrap();
        let requests: Vec<Request> = documents.iter().map(bound).collect();
        Contender::new(name, move |request| snapshot.decide(&requests[request], now, mode).effect)
    }
}
