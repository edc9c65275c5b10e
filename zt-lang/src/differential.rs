//! Oracles that compare the engines with each other and with what the language promises.
//!
//! Property tests and fuzz targets feed them; each says what it found to be wrong, if anything.

#[cfg(test)]
mod tests;

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

/// Every document in which one part less is said: an attribute, an entity's attributes or parents as a whole, a described
/// entity, the context, what one source says.
///
/// Where a source is complete, leaving out an attribute says that it is absent; such documents do not say less.
#[must_use]
pub fn hidings(document: &Json) -> Vec<Json> {
    let mut places = Vec::new();
    hidden_parts("", document, &mut places);
    if let Some(Json::Object(sources)) = document.get("evidence") {
        for (source, part) in sources {
            let at = below("/evidence", source);
            hidden_parts(&at, part, &mut places);
            places.push(at);
        }
    }
    places.iter().filter_map(|place| without(document, place)).collect()
}

/// Pointers to what can be left out of the flat form, or of one source's part.
fn hidden_parts(at: &str, part: &Json, places: &mut Vec<String>) {
    hidden_members(&format!("{at}/context"), part.get("context"), places);
    places.push(format!("{at}/context"));
    for entity in ["subject", "resource"] {
        hidden_description(&format!("{at}/{entity}"), part.get(entity), places);
    }
    let entities = part.get("entities").and_then(Json::as_array);
    for (index, entity) in entities.into_iter().flatten().enumerate() {
        let at = format!("{at}/entities/{index}");
        hidden_description(&at, Some(entity), places);
        places.push(at);
    }
}

fn hidden_description(at: &str, entity: Option<&Json>, places: &mut Vec<String>) {
    let properties = format!("{at}/properties");
    hidden_members(&properties, entity.and_then(|entity| entity.get("properties")), places);
    places.extend([properties, format!("{at}/parents")]);
}

fn hidden_members(at: &str, object: Option<&Json>, places: &mut Vec<String>) {
    let members = object.and_then(Json::as_object).into_iter().flatten();
    places.extend(members.map(|(key, _)| below(at, key)));
}

/// The pointer (RFC 6901) to an object's member.
fn below(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The document without what a pointer leads to; `None` when that is not there.
fn without(document: &Json, place: &str) -> Option<Json> {
    let (above, key) = place.rsplit_once('/')?;
    let mut document = document.clone();
    match document.pointer_mut(above)? {
        Json::Object(members) => members.remove(&key.replace("~1", "/").replace("~0", "~")).map(|_| ()),
        Json::Array(elements) => {
            let index = key.parse().ok().filter(|index| *index < elements.len())?;
            elements.remove(index);
            Some(())
        }
        _ => None,
    }?;
    Some(document)
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
