//! A policy decision point: a policy and its entities, replaced together while decisions go on.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::decision::{Decision, Mode, Reason};
use crate::eval::{self, Asked, Scratch, Whole};
use crate::facts::World;
use crate::graph::Policy;
use crate::index::Join;
use crate::request::{Request, StoreError};
use crate::store::{Kin, Store};
use crate::value::{Datum, Timestamp, Value};

thread_local! {
    /// Each thread decides in memory of its own, so that deciding shares and counts nothing.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
    /// Each thread reads documents into memory of its own.
    static REQUEST: RefCell<Request> = RefCell::new(Request::empty());
}

/// Decides requests; shared between threads. Replacing the policy and its entities never makes a decision wait, and no
/// decision sees a new policy with old entities.
///
/// ```
/// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
/// #             allow readers: read  deny held: read when resource.held";
/// # let mut sources = zt_lang::Sources::new();
/// # sources.add("papers.zt", text.as_bytes());
/// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
/// use zt_eval::{Effect, Mode, Pdp, Store};
///
/// let store = Store::from_json(&policy, br#"[{"type": "Paper", "id": "p", "properties": {"held": false}}]"#)?;
/// let pdp = Pdp::new(policy, store)?;
/// let request = br#"{"subject": {"type": "User", "id": "ann"}, "action": {"name": "read"},
///                    "resource": {"type": "Paper", "id": "p"}}"#;
/// assert_eq!(pdp.decide_json(request, None, Mode::Full).effect, Effect::Allow);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pdp {
    current: ArcSwap<Snapshot>,
    /// Held while a pair is replaced, so that revisions count up; deciding never takes it.
    replacing: Mutex<()>,
}

/// A policy with its entities, as they were at a time. Rule ids of its decisions are of its policy.
///
/// ```
/// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
/// #             allow readers: read  deny held: read when resource.held";
/// # let mut sources = zt_lang::Sources::new();
/// # sources.add("papers.zt", text.as_bytes());
/// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
/// use zt_eval::{Mode, Pdp, Request, Store};
///
/// let pdp = Pdp::new(policy, Store::empty())?;
/// let snapshot = pdp.snapshot();
/// let request = Request::builder(snapshot.policy()).subject("User", "ann").action("read").resource("Paper", "p");
/// let request = request.attribute("Paper", "p", "held", true).build()?;
/// let decision = snapshot.decide(&request, None, Mode::Full);
/// let names: Vec<&str> =
///     decision.rules.iter().filter_map(|rule| snapshot.policy().rule(*rule)).map(|rule| &*rule.name).collect();
/// assert_eq!(names, ["held"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Snapshot {
    policy: Arc<Policy>,
    store: Store,
    /// Where the store's entities lie, in terms of the policy.
    join: Join,
    /// No other snapshot of this process has the same.
    generation: u64,
}

fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// A request of which it is known who speaks for its subject and its resource in one [`Snapshot`].
///
/// It can be decided by any snapshot of its policy; the one that it was prepared for need not look the two up again. What is
/// known of one snapshot is never used in another, so a number that an entity had in an older store cannot come to name
/// another one.
///
/// ```
/// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
/// #             allow readers: read  deny held: read when resource.held";
/// # let mut sources = zt_lang::Sources::new();
/// # sources.add("papers.zt", text.as_bytes());
/// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
/// use zt_eval::eval::Scratch;
/// use zt_eval::{Decision, Effect, Mode, Request, Snapshot, Store};
///
/// let store = Store::from_json(&policy, br#"[{"type": "Paper", "id": "p", "properties": {"held": false}}]"#)?;
/// let snapshot = Snapshot::new(policy, store)?;
/// let request = Request::builder(snapshot.policy()).subject("User", "ann").action("read").resource("Paper", "p");
/// let prepared = snapshot.prepare(request.build()?);
/// let (mut scratch, mut decision) = (Scratch::new(), Decision::default());
/// for _ in 0..3 {
///     snapshot.decide_into(&prepared, None, Mode::Full, &mut scratch, &mut decision);
///     assert_eq!(decision.effect, Effect::Allow);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Prepared {
    request: Request,
    generation: u64,
    /// Whether the snapshot takes the request at all.
    is_valid: bool,
    subject: Spoken,
    resource: Spoken,
}

impl Prepared {
    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }
}

/// What is said of an entity, or where it stands.
#[derive(Clone, Debug)]
enum Spoken {
    /// The store says this.
    Store {
        attributes: Arc<[Datum]>,
        /// What lies above it, with the anchors among that, if the store holds all of it.
        above: Option<(Arc<Kin>, Box<[u32]>)>,
    },
    /// In the request, at this position.
    Request(usize),
    Nowhere,
}

impl Spoken {
    #[inline]
    fn asked<'a>(&'a self, request: &'a Request, uid: &'a Value) -> Asked<'a> {
        match self {
            Self::Store { attributes, above } => {
                let above = above.as_ref().map(|(kin, anchors)| Whole { kin, anchors });
                Asked { uid, attributes, above }
            }
            Self::Request(at) => Asked::described(uid, request.entities().get(*at)),
            Self::Nowhere => Asked::described(uid, None),
        }
    }
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

    /// Replaces the entities by what `change` makes of them, such as [`Store::upsert_json`] and [`Store::remove`] do.
    /// Changes wait for each other; decisions wait for none.
    ///
    /// ```
    /// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
    /// #             allow readers: read  deny held: read when resource.held";
    /// # let mut sources = zt_lang::Sources::new();
    /// # sources.add("papers.zt", text.as_bytes());
    /// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
    /// use zt_eval::{Effect, Mode, Pdp, Store};
    ///
    /// let store = Store::from_json(&policy, br#"[{"type": "Paper", "id": "p", "properties": {"held": false}}]"#)?;
    /// let pdp = Pdp::new(policy, store)?;
    /// let request = br#"{"subject": {"type": "User", "id": "ann"}, "action": {"name": "read"},
    ///                    "resource": {"type": "Paper", "id": "p"}}"#;
    /// pdp.update(|policy, store| {
    ///     store.upsert_json(policy, br#"[{"type": "Paper", "id": "p", "properties": {"held": true}}]"#)
    /// })?;
    /// assert_eq!(pdp.decide_json(request, None, Mode::Full).effect, Effect::Deny);
    /// assert_eq!(pdp.snapshot().store().revision(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `change` says, or that the entities were read for other declarations; the old ones then stay.
    pub fn update(&self, change: impl FnOnce(&Policy, &Store) -> Result<Store, StoreError>) -> Result<(), StoreError> {
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load();
        let mut store = change(&current.policy, &current.store)?;
        store.check_fits(current.policy.schema())?;
        store.revision = current.store.revision.saturating_add(1);
        let join = current.join.follow(&current.policy.derived.index.anchors, &current.store, &store);
        let next = Snapshot { policy: Arc::clone(&current.policy), store, join, generation: next_generation() };
        self.current.store(Arc::new(next));
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
    /// A policy and the entities that were read for it.
    ///
    /// # Errors
    ///
    /// As for [`Pdp::new`].
    pub fn new(policy: Policy, store: Store) -> Result<Self, PdpError> {
        let missing = policy.missing_params().next().map(|param| param.name.clone());
        if let Some(name) = missing {
            return Err(PdpError { kind: PdpErrorKind::MissingParam(name) });
        }
        if !store.fits(policy.schema()) {
            return Err(PdpError { kind: PdpErrorKind::OtherStore });
        }
        let join = Join::of(&policy.derived.index.anchors, &store);
        Ok(Self { policy: Arc::new(policy), store, join, generation: next_generation() })
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

    /// Looks up once what every decision of the request needs.
    #[must_use]
    pub fn prepare(&self, request: Request) -> Prepared {
        let [subject, resource] = [request.subject(), request.resource()].map(|uid| match self.store.get(uid) {
            Some(stored) => {
                let above = Whole::of(&self.store, &self.join, stored);
                let above = above.map(|Whole { kin, anchors }| (Arc::clone(kin), anchors.into()));
                Spoken::Store { attributes: Arc::clone(&stored.attributes), above }
            }
            None => request.position(uid).map_or(Spoken::Nowhere, Spoken::Request),
        });
        let is_valid = self.world(&request, None).check().is_ok();
        Prepared { request, generation: self.generation, is_valid, subject, resource }
    }

    /// Decides a prepared request at an instant, into a decision that may have been used before.
    ///
    /// Once `scratch` and `decision` have grown to what the policy needs, nothing is allocated but for what a condition
    /// makes of evidence: text in lower case, captures, sets and lists.
    ///
    /// ```
    /// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
    /// #             allow readers: read  deny held: read when resource.held";
    /// # let mut sources = zt_lang::Sources::new();
    /// # sources.add("papers.zt", text.as_bytes());
    /// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
    /// use zt_eval::eval::Scratch;
    /// use zt_eval::{Decision, Effect, Mode, Request, Snapshot, Store};
    ///
    /// let snapshot = Snapshot::new(policy, Store::empty())?;
    /// let (mut scratch, mut decision) = (Scratch::new(), Decision::default());
    /// for (held, effect) in [(true, Effect::Deny), (false, Effect::Allow)] {
    ///     let request = Request::builder(snapshot.policy()).subject("User", "ann").action("read").resource("Paper", "p");
    ///     let prepared = snapshot.prepare(request.attribute("Paper", "p", "held", held).build()?);
    ///     snapshot.decide_into(&prepared, None, Mode::Full, &mut scratch, &mut decision);
    ///     assert_eq!(decision.effect, effect);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide_into(
        &self,
        prepared: &Prepared,
        now: Option<Timestamp>,
        mode: Mode,
        scratch: &mut Scratch,
        decision: &mut Decision,
    ) {
        let request = &prepared.request;
        let world = self.world(request, now);
        if prepared.generation != self.generation || !prepared.is_valid {
            eval::decide_in(world, &self.join, mode, scratch, decision);
            return;
        }
        let subject = prepared.subject.asked(request, request.subject_value());
        let resource = prepared.resource.asked(request, request.resource_value());
        eval::decide_checked(world, &self.join, &[subject, resource], mode, scratch, decision);
    }

    /// Decides prepared requests at an instant, each into the decision at its position.
    ///
    /// ```
    /// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
    /// #             allow readers: read  deny held: read when resource.held";
    /// # let mut sources = zt_lang::Sources::new();
    /// # sources.add("papers.zt", text.as_bytes());
    /// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
    /// use zt_eval::eval::Scratch;
    /// use zt_eval::{Effect, Mode, Request, Snapshot, Store};
    ///
    /// let papers = br#"[{"type": "Paper", "id": "p1", "properties": {"held": false}},
    ///                   {"type": "Paper", "id": "p2", "properties": {"held": true}}]"#;
    /// let store = Store::from_json(&policy, papers)?;
    /// let snapshot = Snapshot::new(policy, store)?;
    /// let mut prepared = Vec::new();
    /// for id in ["p1", "p2", "p3"] {
    ///     let request = Request::builder(snapshot.policy()).subject("User", "ann").action("read").resource("Paper", id);
    ///     prepared.push(snapshot.prepare(request.build()?));
    /// }
    /// let mut decisions = Vec::new();
    /// snapshot.decide_many(&prepared, None, Mode::Effect, &mut Scratch::new(), &mut decisions);
    /// let effects: Vec<Effect> = decisions.iter().map(|decision| decision.effect).collect();
    /// assert_eq!(effects, [Effect::Allow, Effect::Deny, Effect::Deny], "nobody knows whether `p3` is held");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide_many(
        &self,
        prepared: &[Prepared],
        now: Option<Timestamp>,
        mode: Mode,
        scratch: &mut Scratch,
        decisions: &mut Vec<Decision>,
    ) {
        decisions.resize_with(prepared.len(), Decision::default);
        for (prepared, decision) in prepared.iter().zip(decisions) {
            self.decide_into(prepared, now, mode, scratch, decision);
        }
    }

    fn world<'a>(&'a self, request: &'a Request, now: Option<Timestamp>) -> World<'a> {
        World { policy: &self.policy, store: &self.store, request, now, granted: &[] }
    }

    /// Decides a request at an instant.
    pub fn decide(&self, request: &Request, now: Option<Timestamp>, mode: Mode) -> Decision {
        let world = self.world(request, now);
        let decide = |scratch: &mut Scratch| {
            let mut decision = Decision::default();
            eval::decide_in(world, &self.join, mode, scratch, &mut decision);
            decision
        };
        SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => decide(&mut scratch),
            Err(_) => decide(&mut Scratch::new()),
        })
    }

    /// Decides a request document at an instant.
    pub fn decide_json(&self, document: &[u8], now: Option<Timestamp>, mode: Mode) -> Decision {
        let decide = |request: &mut Request| match request.bind_json(&self.policy, document) {
            Ok(()) => self.decide(request, now, mode),
            Err(error) => Decision::invalid(error),
        };
        REQUEST.with(|request| match request.try_borrow_mut() {
            Ok(mut request) => decide(&mut request),
            Err(_) => decide(&mut Request::empty()),
        })
    }

    /// Decides a request document at an instant, in memory that may have been used before: `request` is what is read into.
    pub fn decide_json_into(
        &self,
        document: &[u8],
        now: Option<Timestamp>,
        mode: Mode,
        request: &mut Request,
        scratch: &mut Scratch,
        decision: &mut Decision,
    ) {
        if let Err(error) = request.bind_json(&self.policy, document) {
            scratch.reuse(decision);
            decision.reason = Some(Reason::Invalid(error));
            return;
        }
        let world = self.world(request, now);
        eval::decide_in(world, &self.join, mode, scratch, decision);
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
