//! What the fuzz target `module` does with its bytes; a test replays what it found.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::json::{JsonError, Kind, Scanner};
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Request, Store};
use zt_lang::oracle::Choices;
use zt_lang::oracle::property::Subject;
use zt_lang::oracle::request::{instant, request, store};
use zt_wasm::host::{Host, HostError, HostLimits, Instance, Module};
use zt_wasm::{Target, compile_with_settings};

/// Policies to choose from, compiled once.
const POLICIES: u64 = 8;

struct Form {
    policy: Policy,
    store: Store,
    module: Module,
}

impl Form {
    fn generate(host: &Host, seed: u64) -> Result<Self, String> {
        let mut choices = Choices::endless(seed);
        let policy = Subject::generate(&mut choices)?.compiled;
        let store = Store::from_json(&policy, store(policy.schema(), &mut choices).as_bytes());
        let store = store.map_err(|error| error.to_string())?;
        let settings: Vec<&str> = policy.schema().params.iter().map(|param| &*param.name).collect();
        let module = compile_with_settings(&policy, &store, Target::Core(Default::default()), &settings);
        let module = host.load(&module.map_err(|error| error.to_string())?, None).map_err(|error| error.to_string())?;
        Ok(Self { policy, store, module })
    }
}

fn form(choice: u8) -> Result<&'static Form, String> {
    static FORMS: OnceLock<Vec<Result<Form, String>>> = OnceLock::new();
    let all = FORMS.get_or_init(|| match Host::new(HostLimits { instances_max: 8, ..HostLimits::default() }) {
        Ok(host) => (0..POLICIES).map(|seed| Form::generate(&host, seed)).collect(),
        Err(error) => vec![Err(error.to_string())],
    });
    let found = all.get(usize::from(choice) % all.len()).ok_or("no policies")?;
    found.as_ref().map_err(Clone::clone)
}

/// Any bytes: of the first, three bits choose the policy, and the others how the rest is taken: as a request in one of the
/// modes, with or without an instant, or as settings. The module does what the engine does.
///
/// # Errors
///
/// What is wrong.
pub fn module(bytes: &[u8]) -> Result<(), String> {
    let (first, rest) = bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest));
    let form = form(first & 7)?;
    let mut instance = form.module.instantiate().map_err(|error| error.to_string())?;
    let mut choices = Choices::endless(u64::from(first));
    let now = if first & 8 == 0 { instant(&mut choices) } else { None };
    let mode = if first & 16 == 0 { Mode::Full } else { Mode::Effect };
    if first & 32 == 0 {
        let in_force = form.policy.missing_params().next().is_none().then_some(&form.policy);
        return agree(&mut instance, form, in_force, rest, now, mode);
    }
    let with = applied(&form.policy, rest);
    match (instance.configure(rest), &with) {
        (Ok(()), Some(_)) | (Err(HostError::Settings(_)), None) => {}
        (found, expected) => return Err(format!("settings: {found:?}, expected {}", expected.is_some())),
    }
    let in_force = with.or_else(|| applied(&form.policy, b""));
    for _ in 0..4 {
        let request = request(form.policy.schema(), &mut choices);
        agree(&mut instance, form, in_force.as_ref(), request.as_bytes(), now, mode)?;
    }
    Ok(())
}

/// Without values for all parameters, every request is invalid.
fn agree(
    instance: &mut Instance,
    form: &Form,
    in_force: Option<&Policy>,
    request: &[u8],
    now: Option<Timestamp>,
    mode: Mode,
) -> Result<(), String> {
    let expected = match in_force {
        Some(policy) => decided(policy, &form.store, request, now, mode),
        None => decided(&form.policy, &form.store, b"", now, mode),
    };
    let found = instance.decide(request, now, mode).map_err(|error| error.to_string())?;
    if found == expected.as_bytes() {
        return Ok(());
    }
    Err(format!("{mode:?} at {now:?}\nengine {expected}\nmodule {}", String::from_utf8_lossy(found)))
}

/// The policy with the values that settings have, set one by one; none if they are to be refused.
pub fn applied(policy: &Policy, text: &[u8]) -> Option<Policy> {
    let mut with = policy.clone();
    let limits = policy.limits();
    if text.len() > limits.request_bytes_max as usize {
        return None;
    }
    let mut members = Vec::new();
    let mut read = || -> Result<(), JsonError> {
        let mut scanner = Scanner::new(text, limits.depth_max + 1);
        if scanner.peek()? == Kind::Null {
            scanner.null()?;
        } else {
            scanner.object(|scanner, key, _| {
                members.push((key.to_owned(), scanner.skip()?));
                Ok::<_, JsonError>(())
            })?;
        }
        scanner.finish()
    };
    if !text.is_empty() {
        read().ok()?;
    }
    let mut given = BTreeSet::new();
    for (name, range) in members {
        with.set_param_json(&name, text.get(range)?).ok()?;
        if !given.insert(name) {
            return None;
        }
    }
    let is_whole = with.missing_params().next().is_none();
    is_whole.then_some(with)
}

/// The decision as a module gives it.
pub fn decided(policy: &Policy, store: &Store, text: &[u8], now: Option<Timestamp>, mode: Mode) -> String {
    let decision = match Request::from_json(policy, text) {
        Ok(bound) => eval::decide(policy, store, &bound, now, mode, &mut Scratch::new()),
        Err(error) => Decision::invalid(error),
    };
    let mut json = decision.to_json(policy);
    if let Some(members) = json.as_object_mut() {
        members.remove("error");
    }
    json.to_string()
}
