//! The commands, one file each.

mod build;
mod check;
mod completions;
mod eval;
mod explain;
mod fmt;
mod graph;
mod inspect;
mod module;
mod schema;
mod specialize;
mod test;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use zt_eval::Policy;
use zt_eval::id::ActionId;
use zt_lang::{Checked, Compiled, Report, Sources};

use crate::exit::{Exit, Stop};
use crate::input;
use crate::options::{Bounds, Params};
use crate::render::Screen;

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Checks policies and shows what is wrong, and how to mend it
    Check(check::Check),
    /// Decides requests
    Eval(eval::Eval),
    /// Runs the tests in policies
    Test(test::Test),
    /// Formats policies
    Fmt(fmt::Fmt),
    /// Compiles a policy to a file that decision engines load, or to a WebAssembly module
    Build(build::Build),
    /// Shows what a module says of itself, and its size by section
    Inspect(inspect::Inspect),
    /// Explains the code of a diagnostic or of a refusal
    Explain(explain::Explain),
    /// Draws a policy's rules and the tests they share
    Graph(graph::Graph),
    /// Writes the JSON Schema of the requests that a policy can decide
    Schema(schema::Schema),
    /// Writes what remains of a policy once a part of a request is known
    Specialize(specialize::Specialize),
    /// Writes a script that lets a shell complete commands
    Completions(completions::Completions),
}

impl Command {
    /// Does what was asked for.
    pub fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        match self {
            Self::Check(command) => command.run(screen),
            Self::Eval(command) => command.run(screen),
            Self::Test(command) => command.run(screen),
            Self::Fmt(command) => command.run(screen),
            Self::Build(command) => command.run(screen),
            Self::Inspect(command) => command.run(screen),
            Self::Explain(command) => command.run(screen),
            Self::Graph(command) => command.run(screen),
            Self::Schema(command) => command.run(screen),
            Self::Specialize(command) => command.run(screen),
            Self::Completions(command) => command.run(screen),
        }
    }
}

/// Compiles sources as far as they go, for who looks at the stages.
fn compile(sources: Sources, options: &zt_lang::Options) -> Result<(Checked, Policy), Report> {
    let checked = zt_lang::parse(sources, options).typecheck()?;
    let policy = checked.lower()?;
    Ok((checked, policy))
}

/// Compiles the one policy that the files make; says what is wrong with it, and stops.
fn compile_one(screen: &Screen, paths: &[PathBuf], bounds: &Bounds) -> Result<Compiled, Stop> {
    let sources = input::sources(paths)?;
    zt_lang::compile(sources, &bounds.options()?).map_err(|report| {
        screen.diagnostics(&report.diagnostics, &report.sources);
        Stop::said(Exit::of(&report.diagnostics, false))
    })
}

/// The policy of a compiled file, or of sources.
fn load(screen: &Screen, paths: &[PathBuf], bounds: &Bounds, params: &Params) -> Result<Policy, Stop> {
    let compiled = match paths {
        [path] if path.is_file() => Some(input::read(path)?).filter(|bytes| is_compiled(path, bytes)),
        _ => None,
    };
    let mut policy = match compiled {
        Some(bytes) if module::is_module(&bytes) => {
            let only = "this is a WebAssembly module, which only `ztc eval` and `ztc inspect` read";
            return Err(Stop::file(shown(paths), only));
        }
        Some(_) if bounds.is_set() => {
            return Err(Stop::usage("limits and clock skew are part of a compiled policy: set them when it is built"));
        }
        Some(bytes) => Policy::from_bytes(&bytes).map_err(|error| Stop::file(shown(paths), error))?,
        None => compile_one(screen, paths, bounds)?.policy,
    };
    params.apply(&mut policy)?;
    Ok(policy)
}

fn is_compiled(path: &Path, bytes: &[u8]) -> bool {
    path.extension().is_some_and(|extension| extension == "ztb")
        || bytes.starts_with(b"ZTB")
        || module::is_module(bytes)
}

fn shown(paths: &[PathBuf]) -> String {
    paths.first().map(|path| input::shown(path)).unwrap_or_default()
}

/// An action by name.
fn find_action(policy: &Policy, name: &str) -> Result<ActionId, Stop> {
    let schema = policy.schema();
    schema.find_action(name).ok_or_else(|| {
        let names: Vec<String> = schema.actions.iter().map(|action| format!("`{}`", action.name)).collect();
        Stop::usage(format!("there is no action `{name}`; the policy has {}", names.join(", ")))
    })
}
