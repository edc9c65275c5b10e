//! `ztc explain`: pages of diagnostics in policies, and of refusals of requests and data.

use clap::Args;
use serde_json::json;
use zt_lang::diag::{Code, Severity, codes};

use crate::exit::{Exit, Stop};
use crate::render::refusals::{self, Refusal};
use crate::render::{Screen, page};

/// Explains a code: of a diagnostic, or of a request or data that is refused.
#[derive(Args, Debug)]
pub struct Explain {
    /// The code, such as `E0301`; without one, all are listed
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        match &self.code {
            None => list(screen)?,
            Some(id) => match (Code::find(id), refusals::find(id)) {
                (Some(code), _) => show(screen, code)?,
                (None, Some(refusal)) => show_refusal(screen, refusal)?,
                (None, None) => return Err(Stop::usage(unknown(id))),
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

fn show_refusal(screen: &mut Screen, refusal: Refusal) -> Result<(), Stop> {
    let Refusal { code, title, page } = refusal;
    if screen.is_json() {
        return screen.json(&json!({ "code": code, "severity": "error", "title": title, "page": format!("# {page}") }));
    }
    let text = page::page(&format!("# {page}"), screen.paint());
    screen.out(&text)
}

fn list(screen: &mut Screen) -> Result<(), Stop> {
    if screen.is_json() {
        let entry = |code: &Code| json!({ "code": code.id(), "severity": severity_name(*code), "title": code.title() });
        let refusal = |it: Refusal| json!({ "code": it.code, "severity": "error", "title": it.title });
        let entries: Vec<_> = codes::ALL.iter().map(entry).chain(refusals::all().map(refusal)).collect();
        return screen.json(&entries);
    }
    let paint = screen.paint();
    let mut text = String::new();
    for code in codes::ALL {
        text.push_str(&format!("{}  {}\n", paint.bold(code), code.title()));
    }
    for refusal in refusals::all() {
        text.push_str(&format!("{}  {}\n", paint.bold(refusal.code), refusal.title));
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
