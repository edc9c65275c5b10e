//! What fuzz targets do with their bytes.
//!
//! Each function takes any bytes, and says what is wrong. The targets only call them, and so does the test that replays
//! the inputs that were found.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use zt_eval::decision::Mode;
use zt_eval::eval::{self, Scratch};
use zt_eval::{Policy, Request, Store};

use super::choices::Choices;
use super::policy::{self, Files};
use super::property::{Subject, printing_is_faithful};
use super::request::{self, Case};
use crate::syntax::format;
use crate::{Options, Sources};

/// A target by the name of its binary.
pub type Target = fn(&[u8]) -> Result<(), String>;

/// All targets.
pub const ALL: &[(&str, Target)] = &[
    ("parse_check", parse_check),
    ("request", request_document),
    ("entities", entities),
    ("compiled", compiled),
    ("graph_equals_reference", graph_equals_reference),
    ("crowd_equals_reference", crowd_equals_reference),
];

/// Any text is parsed, checked, compiled and formatted without a crash; formatting is idempotent.
///
/// # Errors
///
/// What is wrong.
pub fn parse_check(bytes: &[u8]) -> Result<(), String> {
    let mut sources = Sources::new();
    sources.add("fuzz.zt", bytes);
    if let Ok(checked) = crate::parse(sources, &Options::default()).typecheck() {
        // A policy beyond a limit is refused, with a reason.
        if let Ok(policy) = checked.lower() {
            round_trip(&policy)?;
        }
    }
    let Some(formatted) = std::str::from_utf8(bytes).ok().and_then(|text| format(text).ok()) else { return Ok(()) };
    match format(&formatted) {
        Ok(twice) if twice == formatted => Ok(()),
        Ok(twice) => Err(format!("formatting twice changes it:\n{formatted}\n// ---- twice\n{twice}")),
        Err(_) => Err(format!("what was formatted does not parse:\n{formatted}")),
    }
}

/// A few policies, compiled once.
fn subject(choice: u8) -> Result<&'static Subject, String> {
    static SUBJECTS: OnceLock<Vec<Result<Subject, String>>> = OnceLock::new();
    let all = SUBJECTS.get_or_init(|| (0..8).map(|seed| Subject::generate(&mut Choices::endless(seed))).collect());
    match all.get(usize::from(choice) % all.len().max(1)) {
        Some(found) => found.as_ref().map_err(Clone::clone),
        None => Err("no policies".to_owned()),
    }
}

fn split(bytes: &[u8]) -> (u8, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest))
}

/// Any request document is refused or decided, alike by both engines. The first byte chooses the policy.
///
/// # Errors
///
/// What is wrong.
pub fn request_document(bytes: &[u8]) -> Result<(), String> {
    let (choice, document) = split(bytes);
    let subject = subject(choice)?;
    let Ok(text) = std::str::from_utf8(document) else {
        return match Request::from_json(&subject.compiled, document) {
            Ok(_) => Err("a request that is not UTF-8 was read".to_owned()),
            Err(_) => Ok(()),
        };
    };
    let mut choices = Choices::endless(u64::from(choice));
    let store = request::store(subject.compiled.schema(), &mut choices);
    all_properties(
        subject,
        &Case { store, request: text.to_owned(), now: request::instant(&mut choices) },
        &mut choices,
    )
}

/// Any entity data is refused or used, alike by both engines. The first byte chooses the policy and the requests.
///
/// # Errors
///
/// What is wrong.
pub fn entities(bytes: &[u8]) -> Result<(), String> {
    let (choice, document) = split(bytes);
    let subject = subject(choice)?;
    let Ok(text) = std::str::from_utf8(document) else { return Ok(()) };
    if Store::from_json(&subject.compiled, document).is_err() {
        return Ok(());
    }
    let mut choices = Choices::endless(u64::from(choice));
    for _ in 0..4 {
        let request = request::request(subject.compiled.schema(), &mut choices);
        all_properties(
            subject,
            &Case { store: text.to_owned(), request, now: request::instant(&mut choices) },
            &mut choices,
        )?;
    }
    Ok(())
}

/// Any bytes are refused as a policy, or are one that decides and is written as it was read. An odd first byte asks for a
/// valid header in front of the rest, so that what is behind the digest is reached.
///
/// # Errors
///
/// What is wrong.
pub fn compiled(bytes: &[u8]) -> Result<(), String> {
    let (choice, rest) = split(bytes);
    let sealed;
    let file = if choice % 2 == 1 {
        sealed = seal(rest);
        &sealed
    } else {
        rest
    };
    let Ok(policy) = Policy::from_bytes(file) else { return Ok(()) };
    if policy.to_bytes() != file {
        return Err("a policy is not written as it was read".to_owned());
    }
    let mut choices = Choices::endless(u64::from(choice));
    for _ in 0..4 {
        let document = request::request(policy.schema(), &mut choices);
        let store =
            Store::from_json(&policy, request::store(policy.schema(), &mut choices).as_bytes()).unwrap_or_default();
        let Ok(request) = Request::from_json(&policy, document.as_bytes()) else { continue };
        let now = request::instant(&mut choices);
        let full = eval::decide(&policy, &store, &request, now, Mode::Full, &mut Scratch::new());
        let brief = eval::decide(&policy, &store, &request, now, Mode::Effect, &mut Scratch::new());
        if full.effect != brief.effect || full.obligations != brief.obligations {
            return Err(format!("the modes differ: {full:?}\n{brief:?}"));
        }
        drop(full.to_json(&policy).to_string());
    }
    Ok(())
}

/// A compiled policy's header, digest included, in front of what should follow it: the length of the settings in a byte,
/// the settings, the body.
fn seal(rest: &[u8]) -> Vec<u8> {
    let (len, parts) = split(rest);
    let (settings, body) = parts.split_at(parts.len().min(len.into()));
    let digest = Sha256::new().chain_update(Sha256::digest(body)).chain_update(settings).finalize();
    [b"ZTB\x06", digest.as_slice(), rest].concat()
}

/// The policy and the requests that the bytes make: all promises hold.
///
/// # Errors
///
/// The promise that does not.
pub fn graph_equals_reference(bytes: &[u8]) -> Result<(), String> {
    equals_reference(bytes, policy::policy)
}

/// The same, of policies of many rules over few slots.
///
/// # Errors
///
/// The promise that does not hold.
pub fn crowd_equals_reference(bytes: &[u8]) -> Result<(), String> {
    equals_reference(bytes, policy::crowded)
}

fn equals_reference(bytes: &[u8], generate: fn(&mut Choices<'_>) -> Files) -> Result<(), String> {
    let (for_requests, for_policy) = bytes.split_at(bytes.len() / 4);
    let subject = Subject::compile(generate(&mut Choices::new(for_policy)))?;
    printing_is_faithful(&subject.files)?;
    round_trip(&subject.compiled)?;
    let schema = subject.compiled.schema();
    let seed = for_requests.iter().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    // The first request is the bytes' own, the others follow from them.
    for mut choices in [Choices::new(for_requests), Choices::endless(seed), Choices::endless(seed.wrapping_add(1))] {
        let (request, now) = (request::request(schema, &mut choices), request::instant(&mut choices));
        let case = Case { store: request::store(schema, &mut choices), request, now };
        all_properties(&subject, &case, &mut choices)?;
    }
    Ok(())
}

fn all_properties(subject: &Subject, case: &Case, choices: &mut Choices<'_>) -> Result<(), String> {
    let Some(asked) = subject.ask(case)? else { return Ok(()) };
    let decision = subject.engines_agree(&asked)?;
    drop(decision.to_json(&subject.compiled).to_string());
    subject.holds_until(&asked, &decision, choices)?;
    subject.unread_is_idle(&asked, &decision)?;
    subject.challenge_works(&asked, &decision)?;
    // The others edit documents, and an editor may write numbers in another way: `-0` is an `Int`, `-0.0` is none.
    let rewritten = |text: &str| serde_json::from_str(text).map(|document: serde_json::Value| document.to_string());
    let (Ok(store), Ok(request)) = (rewritten(&case.store), rewritten(&case.request)) else { return Ok(()) };
    if Store::from_json(&subject.compiled, store.as_bytes()).is_err() {
        return Ok(());
    }
    let case = Case { store, request, now: case.now };
    let Some(asked) = subject.ask(&case)? else { return Ok(()) };
    subject.hiding_never_helps(&asked, choices, 3)?;
    subject.forging_never_helps(&asked, choices)?;
    subject.depends_only(&asked, &subject.decide(&asked), choices)
}

fn round_trip(policy: &Policy) -> Result<(), String> {
    match Policy::from_bytes(&policy.to_bytes()) {
        Ok(loaded) if loaded == *policy => Ok(()),
        Ok(_) => Err("a saved policy loads as another one".to_owned()),
        Err(error) => Err(format!("a saved policy does not load: {error}")),
    }
}
