//! The comparison of the graph's decisions with the reference's.

use std::fmt;

use zt_eval::decision::{Decision, Fact, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::value::Timestamp;
use zt_eval::{Request, Store};

use crate::hir;

/// Where the engines disagree: a fault of theirs, never of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The decision's field, or the mode that differs.
    pub field: &'static str,
    /// What the decision graph says.
    pub graph: String,
    /// What the reference interpreter says.
    pub reference: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the engines disagree on `{}`: the decision graph says {}, the reference interpreter {}",
            self.field, self.graph, self.reference
        )
    }
}

impl std::error::Error for Difference {}

/// Decides a request with the graph, in both modes, and with the reference; the graph's full decision if they agree.
///
/// # Errors
///
/// The first field in which they do not.
pub fn compare(
    policy: &hir::Policy,
    compiled: &zt_eval::Policy,
    store: &Store,
    request: &Request,
    now: Option<Timestamp>,
) -> Result<Decision, Box<Difference>> {
    let graph = eval::decide(compiled, store, request, now, Mode::Full, &mut Scratch::new());
    let brief = eval::decide(compiled, store, request, now, Mode::Effect, &mut Scratch::new());
    let reference = super::decide(policy, compiled, store, request, now);
    exact(&graph, &reference)?;
    bounds(&graph, &reference)?;
    same("effect, in effect mode", &brief.effect, &reference.effect)?;
    same("obligations, in effect mode", &brief.obligations, &reference.obligations)?;
    Ok(graph)
}

/// The fields that are functions of policy and request.
fn exact(graph: &Decision, reference: &Decision) -> Result<(), Box<Difference>> {
    same("effect", &graph.effect, &reference.effect)?;
    same("reason", &graph.reason, &reference.reason)?;
    same("rules", &graph.rules, &reference.rules)?;
    same("overridden", &graph.overridden, &reference.overridden)?;
    same("audit", &graph.audit, &reference.audit)?;
    same("obligations", &graph.obligations, &reference.obligations)?;
    same("challenge", &graph.challenge, &reference.challenge)
}

/// The fields in which the reference gives the coarsest bound.
fn bounds(graph: &Decision, reference: &Decision) -> Result<(), Box<Difference>> {
    let lasts = match (graph.valid_until, reference.valid_until) {
        (None, _) => true,
        (Some(graph), Some(reference)) => graph >= reference,
        (Some(_), None) => false,
    };
    ensure(lasts, "valid_until", &graph.valid_until, &reference.valid_until)?;
    let depends = is_part(&graph.depends_on, &reference.depends_on);
    ensure(depends, "depends_on", &graph.depends_on, &reference.depends_on)?;
    let known: Vec<Fact> = reference.unknown.iter().filter_map(|unknown| unknown.fact.clone()).collect();
    let named: Vec<Fact> = graph.unknown.iter().filter_map(|unknown| unknown.fact.clone()).collect();
    ensure(is_part(&named, &known), "unknown", &named, &known)
}

fn is_part(facts: &[Fact], whole: &[Fact]) -> bool {
    facts.iter().all(|fact| whole.binary_search(fact).is_ok())
}

fn same<T: PartialEq + fmt::Debug>(field: &'static str, graph: &T, reference: &T) -> Result<(), Box<Difference>> {
    ensure(graph == reference, field, graph, reference)
}

fn ensure<T: fmt::Debug>(holds: bool, field: &'static str, graph: &T, reference: &T) -> Result<(), Box<Difference>> {
    if holds {
        return Ok(());
    }
    Err(Box::new(Difference { field, graph: format!("{graph:?}"), reference: format!("{reference:?}") }))
}
