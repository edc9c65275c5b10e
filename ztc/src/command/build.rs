//! `ztc build`

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use zt_eval::Policy;
use zt_lang::Compiled;

use super::compile_one;
use crate::exit::{Exit, Stop};
use crate::input::{self, DASH};
use crate::options::{Bounds, Params};
use crate::render::Screen;
use crate::render::sizes::Sizes;

/// Compiles a policy to a file that decision engines load.
///
/// The file holds everything that deciding needs, parameters included, and names itself by its digest.
#[derive(Args, Debug)]
pub struct Build {
    /// Policy files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where to write the compiled policy; `-` for the standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
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
        let Compiled { mut policy, warnings } = compile_one(screen, &self.paths, &self.bounds)?;
        self.params.apply(&mut policy)?;
        if !warnings.diagnostics.is_empty() {
            screen.diagnostics(&warnings.diagnostics, &warnings.sources);
        }
        let bytes = policy.to_bytes();
        if self.output.as_os_str() == DASH {
            screen.bytes(&bytes)?;
            screen.note(&self.told(screen, &policy, bytes.len(), "standard output"));
            return Ok(Exit::Fine);
        }
        let name = input::shown(&self.output);
        fs::write(&self.output, &bytes).map_err(|error| Stop::file(&name, input::in_words(&error)))?;
        let told = self.told(screen, &policy, bytes.len(), &name);
        screen.out(&told)?;
        Ok(Exit::Fine)
    }

    fn told(&self, screen: &Screen, policy: &Policy, bytes: usize, file: &str) -> String {
        let sizes = self.stats.then(|| Sizes { stats: policy.stats(), cost: policy.cost() });
        summary(screen, policy, bytes, file, sizes.as_ref())
    }
}

fn summary(screen: &Screen, policy: &Policy, bytes: usize, file: &str, sizes: Option<&Sizes>) -> String {
    let digest: String = policy.digest().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let missing: Vec<&str> = policy.missing_params().map(|param| &*param.name).collect();
    let (nodes, rules) = (policy.nodes().len(), policy.rules().len());
    if screen.is_json() {
        let name = policy.name();
        let mut json = json!({
            "file": file, "name": name, "digest": digest, "bytes": bytes, "nodes": nodes, "rules": rules,
            "params_without_value": missing,
        });
        if let (Some(sizes), Some(members)) = (sizes, json.as_object_mut()) {
            members.insert("stats".into(), sizes.to_json(policy));
        }
        return format!("{json:#}\n");
    }
    let mut text = format!("{}\n", screen.paint().bold(file));
    let rows = [
        ("policy", policy.name().to_owned()),
        ("digest", digest),
        ("bytes", bytes.to_string()),
        ("rules", rules.to_string()),
        ("nodes", nodes.to_string()),
        ("to be set", missing.join(", ")),
    ];
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {label:9}  {value}");
    }
    text + &sizes.map_or(String::new(), |sizes| sizes.to_text(policy, screen.paint()))
}
