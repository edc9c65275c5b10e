//! The head of a body: what is small in a large policy, in postcard's form.
//!
//! That form does not insist on the shortest numbers, so the head is written again and compared.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bytes::Flaw;
use super::consts;
use crate::graph::{Derived, Policy};
use crate::index::Plan;
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::schema::Schema;
use crate::value::{Duration, Value};
use crate::zone::Zone;

/// What is read of a head.
#[derive(Deserialize)]
struct Head {
    name: Arc<str>,
    compiler: Arc<str>,
    schema: Schema,
    limits: Limits,
    clock_skew: Duration,
    patterns: Vec<Pattern>,
    zones: Vec<Zone>,
    unusual: Vec<Value>,
}

/// What is written: the same.
#[derive(Serialize)]
struct HeadRef<'a> {
    name: &'a str,
    compiler: &'a str,
    schema: &'a Schema,
    limits: &'a Limits,
    clock_skew: Duration,
    patterns: &'a [Pattern],
    zones: &'a [Zone],
    unusual: Vec<&'a Value>,
}

pub(super) fn write(policy: &Policy) -> Vec<u8> {
    form(policy, consts::unusual(&policy.consts))
}

fn form(policy: &Policy, unusual: Vec<&Value>) -> Vec<u8> {
    let head = HeadRef {
        name: &policy.name,
        compiler: &policy.compiler,
        schema: &policy.schema,
        limits: &policy.limits,
        clock_skew: policy.clock_skew,
        patterns: &policy.patterns,
        zones: &policy.zones,
        unusual,
    };
    // Writing into memory fails on sequences of unknown length only, and a head has none. Were it to fail, the empty head
    // would be refused on loading.
    postcard::to_stdvec(&head).unwrap_or_default()
}

/// The policy as far as the head tells, and the unusual constants.
pub(super) fn read(bytes: &[u8]) -> Result<(Policy, Vec<Value>), Flaw> {
    let (head, rest): (Head, _) = postcard::take_from_bytes(bytes).map_err(|_| Flaw::Head)?;
    let policy = Policy {
        name: head.name,
        compiler: head.compiler,
        schema: head.schema,
        limits: head.limits,
        clock_skew: head.clock_skew,
        consts: Vec::new(),
        patterns: head.patterns,
        zones: head.zones,
        nodes: Vec::new(),
        rules: Vec::new(),
        actions: Vec::new(),
        plan: Plan::default(),
        derived: Derived::default(),
    };
    let is_canonical = rest.is_empty() && form(&policy, head.unusual.iter().collect()) == bytes;
    if is_canonical { Ok((policy, head.unusual)) } else { Err(Flaw::NotCanonical) }
}
