//! `ztc build`

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use zt_eval::{Policy, Store};
use zt_lang::Compiled;
use zt_wasm::describe::{Section, sections};
use zt_wasm::{Target, host};

use super::{compile_one, module};
use crate::exit::{Exit, Stop};
use crate::input::{self, DASH};
use crate::options::{Bounds, Params};
use crate::render::sections::{rows_text, sections_json, sections_text};
use crate::render::sizes::Sizes;
use crate::render::{Screen, hex};

/// Compiles a policy to a file that decision engines load, or to a WebAssembly module.
///
/// The file holds everything that deciding needs, parameters included, and names itself by its digest. With `--target` it
/// is a WebAssembly module for that host, with entities baked in. The same policy and entities give the same bytes.
#[derive(Args, Debug)]
pub struct Build {
    /// Policy files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where to write the compiled policy; `-` for the standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Writes a WebAssembly module for this kind of host
    #[arg(short, long, value_name = "TARGET", value_parser = module::targets())]
    target: Option<Target>,
    /// What is known of entities, as a JSON file; it becomes part of the module
    #[arg(short, long, value_name = "FILE")]
    entities: Option<PathBuf>,
    /// Leaves a parameter to the settings of the module's host; the value that it has here is its default
    #[arg(long = "setting", value_name = "NAME")]
    settings: Vec<String>,
    /// Of the target `opa`: the module says only whether access is granted without obligations, `true` or `false`. Of
    /// `proxy-wasm`: decisions are not told to the proxy for its log
    #[arg(long)]
    bare: bool,
    /// Of the target `kubewarden`: obligations are written to the audit log; without it, access that carries any is denied
    #[arg(long)]
    record_obligations: bool,
    /// Where attributes come from, as a file in TOML; for `--target proxy-wasm`
    #[arg(long, value_name = "FILE")]
    origins: Option<PathBuf>,
    /// The module takes entity data from its host at run time, in place of those baked in; for `--target core`
    #[arg(long)]
    takes_data: bool,
    /// The module also takes requests in a binary form without names; for `--target core`
    #[arg(long)]
    takes_slots: bool,
    /// Also tells how large the policy is, how its rules are found, and how many steps a decision can take
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    params: Params,
    #[command(flatten)]
    bounds: Bounds,
}

impl Build {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        if self.target.is_none() && self.entities.is_some() {
            return Err(Stop::usage(
                "entities become part of a module only: say which with `--target`, or give them to what decides",
            ));
        }
        let target = self.target()?;
        let Compiled { mut policy, warnings } = compile_one(screen, &self.paths, &self.bounds)?;
        self.params.apply(&mut policy)?;
        if !warnings.diagnostics.is_empty() {
            screen.diagnostics(&warnings.diagnostics, &warnings.sources);
        }
        let built = self.built(&policy, target)?;
        if self.output.as_os_str() == DASH {
            screen.bytes(&built.bytes)?;
            screen.note(&self.told(screen, &policy, &built, "standard output"));
            return Ok(Exit::Fine);
        }
        let name = input::shown(&self.output);
        fs::write(&self.output, &built.bytes).map_err(|error| Stop::file(&name, input::in_words(&error)))?;
        let told = self.told(screen, &policy, &built, &name);
        screen.out(&told)?;
        Ok(Exit::Fine)
    }

    /// The target with its options.
    fn target(&self) -> Result<Option<Target>, Stop> {
        let unfit = |option, of| Stop::usage(format!("{option} is an option of `--target {of}`"));
        if self.bare && !matches!(self.target, Some(Target::Opa(_) | Target::ProxyWasm(_))) {
            return Err(unfit("--bare", "opa` and of `--target proxy-wasm"));
        }
        if self.record_obligations && !matches!(self.target, Some(Target::Kubewarden(_))) {
            return Err(unfit("--record-obligations", "kubewarden"));
        }
        if (self.takes_data || self.takes_slots) && !matches!(self.target, Some(Target::Core(_))) {
            return Err(unfit(if self.takes_data { "--takes-data" } else { "--takes-slots" }, "core"));
        }
        if self.target.is_none() && self.origins.is_some() {
            return Err(Stop::usage("origins are for a module only: say which with `--target proxy-wasm`"));
        }
        if self.target.is_none() && !self.settings.is_empty() {
            return Err(Stop::usage(
                "--setting is for modules: without `--target`, what decides gives parameters their values",
            ));
        }
        Ok(self.target.clone().map(|target| match target {
            Target::Core(options) => Target::Core(options.with_data(self.takes_data).with_slots(self.takes_slots)),
            Target::Opa(options) => Target::Opa(options.with_bare(self.bare)),
            Target::Kubewarden(options) => Target::Kubewarden(options.with_record_obligations(self.record_obligations)),
            Target::ProxyWasm(options) => Target::ProxyWasm(options.with_bare(self.bare)),
            other => other,
        }))
    }

    fn built(&self, policy: &Policy, target: Option<Target>) -> Result<Built, Stop> {
        let Some(target) = target else {
            return Ok(Built { bytes: policy.to_bytes(), module: None });
        };
        let target = match &self.origins {
            Some(path) => module::with_origins(target, path)?,
            None => target,
        };
        let name = target.name();
        let entities = match &self.entities {
            None => Store::empty(),
            Some(path) => {
                let text = input::read(path)?;
                Store::from_json(policy, &text).map_err(|error| Stop::file(input::shown(path), error))?
            }
        };
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        let bytes = module::compile(policy, &entities, target, &settings, self.origins.as_deref())?;
        let module = Module {
            target: name,
            entities: entities.len(),
            settings: self.settings.join(", "),
            sha256: hex(&host::digest(&bytes)),
            sections: sections(&bytes).unwrap_or_default(),
        };
        Ok(Built { bytes, module: Some(module) })
    }

    fn told(&self, screen: &Screen, policy: &Policy, built: &Built, file: &str) -> String {
        let sizes = self.stats.then(|| Sizes { stats: policy.stats(), cost: policy.cost() });
        if screen.is_json() {
            return format!("{:#}\n", built.json(policy, file, sizes.as_ref()));
        }
        let mut text = format!("{}\n{}", screen.paint().bold(file), rows_text(&built.rows(policy)));
        if let Some(module) = &built.module {
            text += &sections_text(&module.sections, screen.paint());
        }
        text + &sizes.map_or(String::new(), |sizes| sizes.to_text(policy, screen.paint()))
    }
}

/// What was built.
struct Built {
    bytes: Vec<u8>,
    module: Option<Module>,
}

/// What there is to say of a module besides its policy.
struct Module {
    target: &'static str,
    entities: usize,
    settings: String,
    sha256: String,
    sections: Vec<Section>,
}

impl Built {
    fn rows(&self, policy: &Policy) -> Vec<(&'static str, String)> {
        let missing: Vec<&str> = policy.missing_params().map(|param| &*param.name).collect();
        let module = self.module.as_ref();
        let of_module = |value: fn(&Module) -> String| module.map(value).unwrap_or_default();
        vec![
            ("policy", policy.name().to_owned()),
            ("digest", hex(policy.digest())),
            ("target", of_module(|module| module.target.to_owned())),
            ("sha-256", of_module(|module| module.sha256.clone())),
            ("bytes", self.bytes.len().to_string()),
            ("rules", policy.rules().len().to_string()),
            ("nodes", policy.nodes().len().to_string()),
            ("entities", of_module(|module| module.entities.to_string())),
            ("settings", of_module(|module| module.settings.clone())),
            ("to be set", missing.join(", ")),
        ]
    }

    fn json(&self, policy: &Policy, file: &str, sizes: Option<&Sizes>) -> Json {
        let missing: Vec<&str> = policy.missing_params().map(|param| &*param.name).collect();
        let mut json = json!({
            "file": file, "name": policy.name(), "digest": hex(policy.digest()), "bytes": self.bytes.len(),
            "nodes": policy.nodes().len(), "rules": policy.rules().len(), "params_without_value": missing,
        });
        let Some(members) = json.as_object_mut() else { return json };
        if let Some(module) = &self.module {
            let Module { target, entities, sha256, sections, .. } = module;
            members.insert("target".into(), (*target).into());
            members.insert("entities".into(), (*entities).into());
            members.insert("sha256".into(), sha256.as_str().into());
            members.insert("sections".into(), sections_json(sections));
        }
        if let Some(sizes) = sizes {
            members.insert("stats".into(), sizes.to_json(policy));
        }
        json
    }
}
