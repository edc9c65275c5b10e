//! `ztc specialize`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use zt_eval::specialize::{Missing, NoSuchPart, Partial};
use zt_eval::value::Timestamp;
use zt_eval::{Effect, Policy, Store};
use zt_lang::Sources;

use super::load;
use crate::exit::{Exit, Stop};
use crate::input;
use crate::options::{Bounds, Params};
use crate::render::Screen;

const EXAMPLE: &str = r#"Parts:
  subject  resource  context  context.mfa  subject.level  "subject parents"  'User::"ann".level'
  entities (all that the document does not describe)

Example: what may Ann read? `ann.json` says who she is and that she wants to `read`, and no resource.
  ztc specialize --policy documents --known ann.json --entities entities.json --missing subject"#;

/// Writes what remains of a policy once a part of a request is known.
///
/// The known part is a request document in which `subject`, `resource`, `context` and attributes may be left out: they are
/// not known yet. The output is a policy that decides the rest, for the one action; what it still reads, requests still say.
/// Evidence that can go stale or be renewed, and what is sensitive, is never folded into it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLE)]
pub struct Specialize {
    /// A compiled policy, or policy files or folders
    #[arg(short, long = "policy", required = true, value_name = "PATH", num_args = 1..)]
    policies: Vec<PathBuf>,
    /// What is known, as a request in a JSON file from which parts are left out; `-` reads the standard input
    #[arg(short, long, value_name = "FILE")]
    known: PathBuf,
    /// What is known of entities, as a JSON file
    #[arg(short, long, value_name = "FILE")]
    entities: Option<PathBuf>,
    /// A part that is known to be missing, as far as it is not said
    #[arg(long, value_name = "PART")]
    missing: Vec<String>,
    /// A part that is not known yet, though the document says it
    #[arg(long, value_name = "PART")]
    open: Vec<String>,
    /// No decision is made before this instant: what is stale by then stays so
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    not_before: Option<Timestamp>,
    /// Settles conditions that are surely unknown: false in allow rules, true in deny rules
    #[arg(long)]
    settle: bool,
    #[command(flatten)]
    params: Params,
    #[command(flatten)]
    bounds: Bounds,
}

fn instant(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse_rfc3339(text).ok_or("expected an instant such as `2026-03-02T10:00:00Z`")
}

impl Specialize {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        let policy = load(screen, &self.policies, &self.bounds, &self.params)?;
        let store = match &self.entities {
            None => Store::empty(),
            Some(path) => {
                let text = input::read(path)?;
                Store::from_json(&policy, &text).map_err(|error| Stop::file(input::shown(path), error))?
            }
        };
        let partial = self.partial(&policy)?;
        let missing = if self.settle { Missing::Settled } else { Missing::Kept };
        let residual = policy.specialize(&partial, &store, missing);
        let residual = residual.map_err(|error| Stop::file(input::shown(&self.known), error))?;
        let text = residual.to_source().map_err(|error| Stop::usage(error.to_string()))?;
        let text = self.compiled(&text)?;
        if screen.is_json() {
            let effect = residual.effect().map(|effect| if effect == Effect::Allow { "allow" } else { "deny" });
            screen.json(&json!({ "effect": effect, "rules": residual.policy().rules().len(), "text": text }))?;
        } else {
            screen.out(&text)?;
        }
        Ok(Exit::Fine)
    }

    fn partial(&self, policy: &Policy) -> Result<Partial, Stop> {
        let document = input::read_or_stdin(&self.known)?;
        let known = Partial::from_json(policy, &document);
        let mut partial = known.map_err(|error| Stop::file(input::shown(&self.known), error))?;
        let refused = |option: &str, error: NoSuchPart| Stop::usage(format!("{option}: {error}"));
        for part in &self.open {
            partial = partial.open(policy, part).map_err(|error| refused("--open", error))?;
        }
        for part in &self.missing {
            partial = partial.missing(policy, part).map_err(|error| refused("--missing", error))?;
        }
        Ok(match self.not_before {
            Some(instant) => partial.not_before(instant),
            None => partial,
        })
    }

    /// The text as the formatter writes it, once the compiler has read it: nothing is written that does not compile.
    fn compiled(&self, text: &str) -> Result<String, Stop> {
        let mut sources = Sources::new();
        sources.add("residual.zt", text.as_bytes());
        let refused = |report: &dyn std::fmt::Display| {
            Stop::usage(format!("the residual cannot be written as a policy's text: {report}"))
        };
        zt_lang::parse(sources, &self.bounds.options()?).typecheck().map_err(|report| refused(&report))?;
        Ok(zt_lang::syntax::format(text).unwrap_or_else(|_| text.to_owned()))
    }
}
