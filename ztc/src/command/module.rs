//! WebAssembly modules, for the commands that write or read them.

use std::path::Path;
use std::thread;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use zt_eval::{Limits, Mode, Policy, Store};
use zt_wasm::host::{Host, HostError, HostLimits, Instance};
use zt_wasm::target::proxy_wasm::Origins;
use zt_wasm::{CompileError, Description, Target};

use crate::exit::{Exit, Stop};
use crate::input;
use crate::options::Now;

/// What a host's tick lasts.
const TICK: Duration = Duration::from_millis(10);
/// Ticks that a decision may last: two seconds, as admission hooks have it.
const TICKS_MAX: u64 = 200;

/// The targets by their names.
pub fn targets() -> impl TypedValueParser<Value = Target> {
    let names = PossibleValuesParser::new(Target::ALL.iter().map(|(name, _)| *name));
    names.try_map(|name| {
        let found = Target::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, target)| target.clone()).ok_or("there is no such target")
    })
}

/// Whether bytes begin as a module does.
pub fn is_module(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm")
}

/// The module of a policy; `origins` is the file that the target's were read from.
pub fn compile(
    policy: &Policy,
    entities: &Store,
    target: Target,
    settings: &[&str],
    origins: Option<&Path>,
) -> Result<Vec<u8>, Stop> {
    zt_wasm::compile_with_settings(policy, entities, target, settings).map_err(|error| match &error {
        CompileError::MissingParam(name) => {
            Stop::usage(format!("{error}: a module needs one, so give it with `--param {name}=VALUE`"))
        }
        CompileError::NoSuchParam(_) | CompileError::NoSettings(_) => Stop::usage(format!("--setting: {error}")),
        _ => {
            let place = if let CompileError::Origins(inner) = &error { inner.place() } else { None };
            let file = place.and(origins).map_or(String::new(), |path| format!("{}: ", input::shown(path)));
            Stop { exit: Exit::Findings, message: Some(format!("{file}{error}")) }
        }
    })
}

/// A target with the origins that a file states.
pub fn with_origins(target: Target, path: &Path) -> Result<Target, Stop> {
    let Target::ProxyWasm(options) = target else {
        let name = target.name();
        return Err(Stop::usage(format!(
            "hosts of target `{name}` say themselves what is asked: it takes no `--origins`"
        )));
    };
    let text = input::read(path)?;
    let text = str::from_utf8(&text).map_err(|_| Stop::file(input::shown(path), "this is no UTF-8"))?;
    let origins = Origins::parse(text).map_err(|error| Stop::file(input::shown(path), error))?;
    Ok(Target::ProxyWasm(options.with_origins(origins)))
}

/// A module that decides.
pub struct Decider {
    file: String,
    instance: Instance,
    /// The most bytes that a request may have.
    pub request_bytes_max: u32,
}

impl Decider {
    /// Loads a module of the target `core`, and gives it time from now on.
    pub fn load(path: &Path, bytes: &[u8]) -> Result<Self, Stop> {
        let file = input::shown(path);
        // Whoever made the module: what it says of itself is a courtesy, what it exports is what counts.
        let request_bytes_max = match Description::read(bytes) {
            Ok(description) => description.request_bytes_max,
            Err(_) => Limits::default().request_bytes_max,
        };
        let limits = HostLimits { instances_max: 1, ticks_max: TICKS_MAX, ..HostLimits::default() };
        let load = || {
            let host = Host::new(limits)?;
            let instance = host.load(bytes, None)?.instantiate()?;
            Ok((host, instance))
        };
        let (host, instance) = load().map_err(|error: HostError| Stop::file(&file, error))?;
        tick(host)?;
        Ok(Self { file, instance, request_bytes_max })
    }

    /// Gives the parameters values that the module was built to take as settings.
    pub fn configure(&mut self, settings: &str) -> Result<(), Stop> {
        match self.instance.configure(settings.as_bytes()) {
            Err(HostError::Settings(wrong)) => Err(Stop::usage(format!("--param: {wrong}"))),
            Err(HostError::NotTaken(_)) => Err(Stop::usage(
                "--param: the module's parameters have the values that it was built with; `ztc build --setting` leaves them open",
            )),
            other => other.map_err(|error| Stop::file(&self.file, error)),
        }
    }

    /// Puts entity data in force in place of those that are baked in.
    pub fn set_data(&mut self, entities: &[u8]) -> Result<(), Stop> {
        self.instance.set_data(entities).map_err(|error| match error {
            HostError::NotTaken(_) => Stop::usage(
                "--entities: the module's are baked in; `ztc build --takes-data` makes one that takes others",
            ),
            HostError::DataRefused => Stop::usage(
                "--entities: the data do not fit the policy; `ztc eval` with the policy itself says what is wrong",
            ),
            other => Stop::usage(format!("--entities: {other}")),
        })
    }

    /// The decision as JSON.
    pub fn decide(&mut self, request: &[u8], now: Now) -> Result<&[u8], Stop> {
        let file = &self.file;
        self.instance
            .decide(request, now.read(), Mode::Full)
            .map_err(|error| Stop::file(file, format!("{error}; no decision counts as a denial")))
    }
}

/// Tells a host that time passes, as long as the process lasts.
fn tick(host: Host) -> Result<(), Stop> {
    let ticking = move || {
        loop {
            thread::sleep(TICK);
            host.tick();
        }
    };
    let started = thread::Builder::new().name("ticks".into()).spawn(ticking);
    started.map(drop).map_err(|error| Stop::usage(input::in_words(&error)))
}
