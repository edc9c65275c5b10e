//! Oracles that compare the engines with each other and with what the language promises.
//!
//! Property tests and fuzz targets feed them; each says what it found to be wrong, if anything.

use serde_json::Value as Json;
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::value::Timestamp;
use zt_eval::{Effect, Request, Store};

use crate::hir;

pub use crate::reference::{Difference, compare};

/// Decides a request document with all engines; `None` when it is not a valid request of this policy.
///
/// # Errors
///
/// The first field in which they differ.
pub fn compare_document(
    policy: &hir::Policy,
    compiled: &zt_eval::Policy,
    store: &Store,
    document: &[u8],
    now: Option<Timestamp>,
) -> Result<Option<Decision>, Box<Difference>> {
    match Request::from_json(compiled, document) {
        Ok(request) => compare(policy, compiled, store, &request, now).map(Some),
        Err(_) => Ok(None),
    }
}

/// Whether a decision is what it claims to be until `valid_until`: the same one millisecond before it, and halfway there.
///
/// # Errors
///
/// The later instant, with the decision that differs.
pub fn holds_until(
    compiled: &zt_eval::Policy,
    store: &Store,
    request: &Request,
    now: Timestamp,
) -> Result<(), Box<(Timestamp, Decision)>> {
    let decide = |at| eval::decide(compiled, store, request, Some(at), Mode::Full, &mut Scratch::new());
    let decision = decide(now);
    // What never changes is the same at the end of time.
    let last = decision.valid_until.unwrap_or(Timestamp::MAX).millis().saturating_sub(1).max(now.millis());
    let halfway = now.millis() + (last - now.millis()) / 2;
    for later in [last, halfway].into_iter().filter_map(Timestamp::from_millis) {
        let other = decide(later);
        if !is_same(&decision, &other) {
            return Err(Box::new((later, other)));
        }
    }
    Ok(())
}

/// Whether two decisions agree in all that is promised to last.
fn is_same(a: &Decision, b: &Decision) -> bool {
    a.effect == b.effect
        && a.reason == b.reason
        && a.rules == b.rules
        && a.overridden == b.overridden
        && a.audit == b.audit
        && a.obligations == b.obligations
        && a.challenge == b.challenge
}

/// Every document that comes from a request document by leaving out one member of the objects that hold evidence.
#[must_use]
pub fn hidings(document: &Json) -> Vec<Json> {
    let mut paths = Vec::new();
    evidence_paths(document, &mut Vec::new(), &mut paths);
    paths.iter().map(|path| without(document, path)).collect()
}

fn evidence_paths(json: &Json, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let Json::Object(members) = json else { return };
    for (key, value) in members {
        path.push(key.clone());
        // What names the parts of the request is no evidence.
        if !matches!(key.as_str(), "type" | "id" | "action" | "subject" | "resource" | "evidence") || path.len() > 3 {
            paths.push(path.clone());
        }
        evidence_paths(value, path, paths);
        path.pop();
    }
}

fn without(document: &Json, path: &[String]) -> Json {
    let mut document = document.clone();
    if let Some((last, above)) = path.split_last() {
        let mut place = Some(&mut document);
        for key in above {
            place = place.and_then(|place| place.get_mut(key));
        }
        if let Some(Json::Object(members)) = place {
            members.remove(last);
        }
    }
    document
}

/// Whether hiding never helps: no request of `hidden` is allowed unless this one is. Each must be known to say less, and
/// nothing else; a missing key of a complete source says that a value is absent, which is not less.
///
/// # Errors
///
/// The first hidden request that is allowed.
pub fn hiding_never_helps(
    compiled: &zt_eval::Policy,
    store: &Store,
    request: &Request,
    hidden: &[Request],
    now: Option<Timestamp>,
) -> Result<(), Box<Request>> {
    let mut scratch = Scratch::new();
    let mut effect = |request| eval::decide(compiled, store, request, now, Mode::Effect, &mut scratch).effect;
    if effect(request) == Effect::Allow {
        return Ok(());
    }
    match hidden.iter().find(|hidden| effect(hidden) == Effect::Allow) {
        Some(found) => Err(Box::new(found.clone())),
        None => Ok(()),
    }
}
