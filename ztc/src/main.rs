//! The command line of the `zt` policy language.
//!
//! The only place that touches files, the clock and the terminal; what commands do is in the libraries. Results go to the
//! standard output, diagnostics to the standard error, and exit codes are a contract ([`exit`]).

mod command;
mod exit;
mod input;
mod options;
mod render;
mod schema;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use command::Command;
use render::Screen;

const AFTER_HELP: &str = "\
Exit codes:
  0  all is well; for `eval`: allowed
  1  findings: errors, failing tests, unformatted files; warnings with --deny-warnings
  2  a mistake in the command line, or a file that cannot be read or written
  3  `eval`: denied";

/// Checks, tests, compiles and evaluates zt policies.
#[derive(Parser)]
#[command(name = "ztc", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// For whom results and diagnostics are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Whether to use colours; `auto` uses them on terminals only and respects NO_COLOR
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    color: When,
}

/// For whom output is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[expect(missing_docs, reason = "documented variants would make long help of short words")]
pub enum Format {
    Human,
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[expect(missing_docs, reason = "documented variants would make long help of short words")]
pub enum When {
    Auto,
    Always,
    Never,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut screen = Screen::new(cli.format, cli.color);
    let exit = match cli.command.run(&mut screen) {
        Ok(exit) => exit,
        Err(stop) => {
            screen.stop(&stop);
            stop.exit
        }
    };
    exit.into()
}
