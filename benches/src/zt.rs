//! The engine of this project, as a contender. All of its calls that benchmarks time are in this file.

use std::rc::Rc;
use std::sync::Arc;

use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::Scratch;
use zt_eval::pdp::{self, Snapshot};
use zt_eval::value::Timestamp;
use zt_eval::{Request, Store};
use zt_lang::Sources;

use crate::compile;
use crate::documents::{Document, Documents};
use crate::harness::Contender;

/// A policy with its entities and requests, all prepared.
pub struct Prepared {
    snapshot: Arc<Snapshot>,
    requests: Rc<[pdp::Prepared]>,
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
        let snapshot = Arc::new(Snapshot::new(policy, store).unwrap());
        let bound = |text: &str| {
            Request::from_json(snapshot.policy(), text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
        };
        let requests = requests.into_iter().map(|text| snapshot.prepare(bound(text))).collect();
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
        contender(name, Arc::clone(&self.snapshot), Rc::clone(&self.requests), self.now, mode)
    }
}

/// Decides prepared requests, in memory that is used again.
fn contender(
    name: &'static str,
    snapshot: Arc<Snapshot>,
    requests: Rc<[pdp::Prepared]>,
    now: Option<Timestamp>,
    mode: Mode,
) -> Contender {
    let (mut scratch, mut decision) = (Scratch::new(), Decision::default());
    Contender::new(name, move |request| {
        snapshot.decide_into(&requests[request], now, mode, &mut scratch, &mut decision);
        decision.effect
    })
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
        let snapshot = Arc::new(Snapshot::new(policy, Store::empty()).unwrap());
        Self { snapshot, now: Timestamp::parse_rfc3339("2026-03-02T10:00:00Z") }
    }

    /// Decides from documents: reads, binds and decides each time, in memory that is used again.
    #[must_use]
    pub fn from_json(&self, name: &'static str, documents: &Documents, mode: Mode) -> Contender {
        let (snapshot, documents, now) = (Arc::clone(&self.snapshot), Rc::clone(documents), self.now);
        let (mut bound, mut scratch, mut decision) = (Request::empty(), Scratch::new(), Decision::default());
        Contender::new(name, move |request| {
            let document = &documents[request].json;
            snapshot.decide_json_into(document, now, mode, &mut bound, &mut scratch, &mut decision);
            decision.effect
        })
    }

    /// Decides what has been read and prepared.
    ///
    /// # Panics
    ///
    /// When a document does not fit the policy.
    #[must_use]
    pub fn prepared(&self, name: &'static str, documents: &Documents, mode: Mode) -> Contender {
        let bound = |document: &Document| Request::from_json(self.snapshot.policy(), &document.json).unwrap();
        let requests = documents.iter().map(|document| self.snapshot.prepare(bound(document))).collect();
        contender(name, Arc::clone(&self.snapshot), requests, self.now, mode)
    }
}
