//! `ztc explain`

use clap::Args;
use serde_json::json;
use zt_lang::diag::{Code, Severity, codes};

use crate::exit::{Exit, Stop};
use crate::render::{Screen, page};

/// Explains a diagnostic code.
#[derive(Args, Debug)]
pub struct Explain {
    /// The code, such as `E0301`; without one, all are listed
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        match &self.code {
            None => list(screen)?,
            Some(id) => match Code::find(id) {
                Some(code) => show(screen, code)?,
                None => return Err(Stop::usage(unknown(id))),
            },
        }
        Ok(Exit::Fine)
    }
}

fn show(screen: &mut Screen, code: Code) -> Result<(), Stop> {
    if screen.is_json() {
        let severity = severity_name(code);
        return screen
            .json(&json!({ "code": code.id(), "severity": severity, "title": code.title(), "page": code.page() }));
    }
    let text = page::page(code.page(), screen.paint());
    screen.out(&text)
}

fn list(screen: &mut Screen) -> Result<(), Stop> {
    if screen.is_json() {
        let entry = |code: &Code| json!({ "code": code.id(), "severity": severity_name(*code), "title": code.title() });
        let entries: Vec<_> = codes::ALL.iter().map(entry).collect();
        return screen.json(&entries);
    }
    let paint = screen.paint();
    let mut text = String::new();
    for code in codes::ALL {
        text.push_str(&format!("{}  {}\n", paint.bold(code), code.title()));
    }
    screen.out(&text)
}

fn severity_name(code: Code) -> &'static str {
    match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Names the code that differs in one character, if there is one.
fn unknown(id: &str) -> String {
    let wanted = id.to_ascii_uppercase();
    if wanted.starts_with('R') {
        return format!("`{id}` has no page: codes that begin with R tell why a request or data was refused, in full");
    }
    // The same number with another letter is the likeliest slip: `E0901` for `W0901`.
    let same_number = |code: &Code| code.id().get(1..) == wanted.get(1..);
    let likeness = |code: &&Code| {
        let same = code.id().bytes().zip(wanted.bytes()).filter(|(a, b)| a == b).count();
        same + usize::from(same_number(code))
    };
    let nearest = codes::ALL.iter().rev().max_by_key(likeness).filter(|code| likeness(code) + 1 >= code.id().len());
    match nearest {
        Some(code) => format!("there is no code `{id}`; did you mean `{code}`, {}?", code.title()),
        None => format!("there is no code `{id}`; `ztc explain` lists all"),
    }
}
