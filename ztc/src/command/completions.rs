//! `ztc completions`

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::Cli;
use crate::exit::{Exit, Stop};
use crate::render::Screen;

/// Writes a script that lets a shell complete commands.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "ztc", &mut script);
        screen.bytes(&script)?;
        Ok(Exit::Fine)
    }
}
