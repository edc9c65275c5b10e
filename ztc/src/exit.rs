//! How commands end. The codes are a contract with scripts: none ever changes its meaning.

use std::fmt::Display;
use std::process::ExitCode;

use zt_lang::diag::{Code, Diagnostic, Severity};

/// An exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// All is well; for decisions: allowed.
    Fine = 0,
    /// There are findings.
    Findings = 1,
    /// The command line is wrong, or a file cannot be read or written.
    Usage = 2,
    /// The request is denied.
    Denied = 3,
}

impl Exit {
    /// The code for diagnostics about a policy. A file that is not text counts as one that cannot be read.
    pub fn of<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>, deny_warnings: bool) -> Self {
        let of_one = |diagnostic: &Diagnostic| match diagnostic.severity() {
            _ if diagnostic.code == Code::NOT_UTF8 => Self::Usage,
            Severity::Error => Self::Findings,
            Severity::Warning if deny_warnings => Self::Findings,
            Severity::Warning => Self::Fine,
        };
        diagnostics.into_iter().map(of_one).max().unwrap_or(Self::Fine)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The early end of a command.
#[derive(Debug)]
pub struct Stop {
    /// The code.
    pub exit: Exit,
    /// What there is to say, unless it has been said.
    pub message: Option<String>,
}

impl Stop {
    /// The command line is wrong, or a file cannot be read or written.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: Some(message.into()) }
    }

    /// The same about a file.
    pub fn file(name: impl Display, problem: impl Display) -> Self {
        Self::usage(format!("{name}: {problem}"))
    }

    /// All has been said.
    pub fn said(exit: Exit) -> Self {
        Self { exit, message: None }
    }
}
