//! The terminal: where output goes and how it looks.
//!
//! A reader that goes away (`ztc … | head`) is no error: what it does not want is dropped.

pub mod decision;
pub mod page;
pub mod refusals;
pub mod sections;
pub mod sizes;
pub mod trace;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::json;
use terminal_size::{Width, terminal_size_of};
use zt_lang::diag::json::json as diagnostics_json;
use zt_lang::diag::render::{RenderOptions, render};
use zt_lang::{Diagnostic, Sources};

use crate::exit::Stop;
use crate::input::in_words;
use crate::{Format, When};

/// Where output goes.
pub struct Screen {
    /// For whom.
    pub format: Format,
    color: When,
    is_closed: bool,
}

impl Screen {
    /// The standard output and error.
    pub fn new(format: Format, color: When) -> Self {
        Self { format, color, is_closed: false }
    }

    /// Whether programs read the output.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether nobody reads the standard output any more.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// How results are coloured.
    pub fn paint(&self) -> Paint {
        Paint { is_on: self.has_color(io::stdout().is_terminal()) }
    }

    /// How what is not a result is coloured.
    pub fn note_paint(&self) -> Paint {
        Paint { is_on: self.has_color(io::stderr().is_terminal()) }
    }

    /// Writes a result.
    pub fn out(&mut self, text: &str) -> Result<(), Stop> {
        self.bytes(text.as_bytes())
    }

    /// Writes a result that is no text.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            Err(error) => Err(Stop::file("standard output", in_words(&error))),
        }
    }

    /// Writes a result as JSON.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Stop> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Stop::usage(error.to_string()))?;
        self.out(&(text + "\n"))
    }

    /// Writes what is not a result.
    pub fn note(&self, text: &str) {
        // When the standard error is closed there is nobody left to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Writes diagnostics, where they are not themselves the result.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        if self.is_json() {
            let list = diagnostics_json(diagnostics, sources);
            self.note(&format!("{:#}\n", json!({ "diagnostics": list })));
        } else {
            self.note(&render(diagnostics, sources, self.render_options()));
        }
    }

    /// Writes why a command ended early.
    pub fn stop(&self, stop: &Stop) {
        let Some(message) = &stop.message else { return };
        if self.is_json() {
            self.note(&format!("{:#}\n", json!({ "error": message })));
        } else {
            self.note(&format!("{} {}\n", self.note_paint().bad("error:"), plain(message)));
        }
    }

    fn render_options(&self) -> RenderOptions {
        let width = terminal_size_of(io::stderr()).map_or(100, |(Width(width), _)| usize::from(width).clamp(60, 120));
        RenderOptions { color: self.has_color(io::stderr().is_terminal()), width, ..RenderOptions::default() }
    }

    fn has_color(&self, is_terminal: bool) -> bool {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                is_terminal && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// What is as it should be.
    pub fn good(self, text: impl Display) -> String {
        self.with("32", text)
    }

    /// What is not.
    pub fn bad(self, text: impl Display) -> String {
        self.with("31", text)
    }

    /// What nobody knows.
    pub fn unsure(self, text: impl Display) -> String {
        self.with("33", text)
    }

    /// What stands out.
    pub fn bold(self, text: impl Display) -> String {
        self.with("1", text)
    }

    /// What stands back.
    pub fn dim(self, text: impl Display) -> String {
        self.with("2", text)
    }

    fn with(self, style: &str, text: impl Display) -> String {
        if self.is_on { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// Text without the characters that drive terminals.
pub fn plain(text: &str) -> Cow<'_, str> {
    let is_driving = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(is_driving) { text.replace(is_driving, "\u{fffd}").into() } else { text.into() }
}

/// `1 rule`, `2 rules`
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
