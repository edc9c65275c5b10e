//! The request's subject and resource, with what is said of them.
//!
//! Nearly every rule asks of these two. So what is said of them, and what lies above them, is looked up once: when a request is
//! prepared, or else when it is decided.

use std::sync::Arc;

use crate::facts::World;
use crate::index::Join;
use crate::request::Described;
use crate::store::{Kin, Store, Stored};
use crate::value::{Datum, Value};

/// The request's subject or resource.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub uid: &'a Value,
    /// What is said of it, by position.
    pub attributes: &'a [Datum],
    pub above: Option<Whole<'a>>,
}

/// All that lies above an entity of the store, which holds all of it.
#[derive(Clone, Copy)]
pub(crate) struct Whole<'a> {
    pub kin: &'a Arc<Kin>,
    /// The policy's anchors among it.
    pub anchors: &'a [u32],
}

impl<'a> Asked<'a> {
    /// One that the store does not hold.
    #[inline]
    pub fn described(uid: &'a Value, by: Option<&'a Described>) -> Self {
        Self { uid, attributes: by.map_or(&[], Described::attributes), above: None }
    }
}

impl<'a> Whole<'a> {
    pub fn of(store: &'a Store, join: &'a Join, stored: &Stored) -> Option<Self> {
        let above = join.above(stored.lineage());
        let kin = store.kin_of(stored).filter(|_| above.is_whole)?;
        Some(Self { kin, anchors: above.anchors })
    }
}

/// Looks up what is said of the subject and the resource.
pub(super) fn asked<'a>(world: &World<'a>, join: &'a Join) -> [Asked<'a>; 2] {
    let (store, request) = (world.store, world.request);
    let asked = |uid, value, described: Option<&'a Described>| match store.get(uid) {
        Some(stored) => Asked { uid: value, attributes: stored.attributes(), above: Whole::of(store, join, stored) },
        None => Asked::described(value, described),
    };
    [
        asked(request.subject(), request.subject_value(), request.subject_described()),
        asked(request.resource(), request.resource_value(), request.resource_described()),
    ]
}
