//! `ztc schema`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value as Json};
use zt_eval::id::ActionId;

use super::{find_action, load};
use crate::exit::{Exit, Stop};
use crate::options::{Bounds, Params};
use crate::render::Screen;
use crate::schema::request_schema;

/// Writes the JSON Schema of the requests that a policy can decide.
///
/// There is a schema for each action, with the evidence that deciding it can consult; a request that says less is decided
/// too, with what is not said unknown. The output is an object with a schema for each action, or the one that is asked for.
#[derive(Args, Debug)]
pub struct Schema {
    /// A compiled policy, or policy files or folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Writes the schema of this action only
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
}

impl Schema {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        let policy = load(screen, &self.paths, &Bounds::default(), &Params::default())?;
        if let Some(name) = &self.action {
            screen.json(&request_schema(&policy, find_action(&policy, name)?))?;
            return Ok(Exit::Fine);
        }
        let actions = policy.schema().actions.iter().enumerate();
        let all: Map<String, Json> = actions
            .map(|(index, action)| (action.name.to_string(), request_schema(&policy, ActionId::new(index))))
            .collect();
        screen.json(&all)?;
        Ok(Exit::Fine)
    }
}
