//! `ztc graph`

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use zt_eval::graph::draw::DrawOptions;

use super::{find_action, load};
use crate::exit::{Exit, Stop};
use crate::input;
use crate::options::{Bounds, Params};
use crate::render::Screen;

/// Draws a policy's rules and the tests they share.
#[derive(Args, Debug)]
pub struct Graph {
    /// A compiled policy, or policy files or folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Draws the rules of this action only
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Writes DOT, for Graphviz and other tools [default, unless the output is an .svg file]
    #[arg(long, conflicts_with = "svg")]
    dot: bool,
    /// Writes a picture
    #[arg(long)]
    svg: bool,
    /// Where to write it, instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Graph {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        let policy = load(screen, &self.paths, &Bounds::default(), &Params::default())?;
        let action = self.action.as_deref().map(|name| find_action(&policy, name)).transpose()?;
        let options = DrawOptions { action, ..DrawOptions::default() };
        let is_svg = self.is_svg();
        let text = if is_svg { policy.to_svg(&options) } else { policy.to_dot(&options) };
        match &self.output {
            Some(path) => {
                fs::write(path, text).map_err(|error| Stop::file(input::shown(path), input::in_words(&error)))?;
            }
            None if screen.is_json() => {
                let kind = if is_svg { "svg" } else { "dot" };
                screen.json(&json!({ "kind": kind, "text": text }))?;
            }
            None => screen.out(&text)?,
        }
        Ok(Exit::Fine)
    }

    fn is_svg(&self) -> bool {
        let names_svg =
            |path: &PathBuf| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
        self.svg || !self.dot && self.output.as_ref().is_some_and(names_svg)
    }
}
