//! `ztc fmt`

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};
use similar::TextDiff;
use zt_lang::Sources;
use zt_lang::syntax::format;

use crate::exit::{Exit, Stop};
use crate::input::{self, DASH};
use crate::render::{Paint, Screen, counted};

/// Lines of a difference that are shown of one file.
const DIFF_LINES_MAX: usize = 60;

/// Formats policies.
///
/// Files are changed in place; a file with syntax errors stays as it is. There is one layout and nothing to configure.
#[derive(Args, Debug)]
pub struct Fmt {
    /// Policy files, or folders of them; `-` formats the standard input to the standard output
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Changes nothing, and shows what would change
    #[arg(long)]
    check: bool,
}

#[derive(Default)]
struct Tally {
    files: Vec<Json>,
    changed: usize,
    has_errors: bool,
}

impl Fmt {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        if self.paths.iter().any(|path| path.as_os_str() == DASH) {
            return self.stdin(screen);
        }
        let mut tally = Tally::default();
        let mut not_text = None;
        for path in input::policy_files(&self.paths)? {
            match String::from_utf8(input::read(&path)?) {
                Ok(text) => self.file(screen, &path, &text, &mut tally)?,
                Err(_) => not_text = Some(Stop::file(input::shown(&path), "the file is not UTF-8 text")),
            }
        }
        tally.has_errors |= not_text.is_some();
        self.summary(screen, &tally)?;
        match not_text {
            Some(stop) => Err(stop),
            None if tally.has_errors || self.check && tally.changed > 0 => Ok(Exit::Findings),
            None => Ok(Exit::Fine),
        }
    }

    fn file(&self, screen: &mut Screen, path: &Path, text: &str, tally: &mut Tally) -> Result<(), Stop> {
        let name = input::shown(path);
        let Some(formatted) = formatted(screen, &name, text) else {
            tally.has_errors = true;
            return Ok(());
        };
        let is_changed = formatted != text;
        tally.files.push(json!({ "file": name, "changed": is_changed }));
        if !is_changed {
            return Ok(());
        }
        tally.changed += 1;
        if !self.check {
            replace(path, &formatted).map_err(|error| Stop::file(&name, input::in_words(&error)))?;
        }
        if screen.is_json() {
            return Ok(());
        }
        let paint = screen.paint();
        let difference = if self.check { diff(text, &formatted, paint) } else { String::new() };
        let word = if self.check { "not formatted" } else { "formatted" };
        screen.out(&format!("{word}: {}\n{difference}", paint.bold(name)))
    }

    fn stdin(&self, screen: &mut Screen) -> Result<Exit, Stop> {
        if self.paths.len() > 1 {
            return Err(Stop::usage("`-` stands alone: the standard input is one file"));
        }
        let text = String::from_utf8(input::read_or_stdin(Path::new(DASH))?);
        let text = text.map_err(|_| Stop::file("standard input", "this is not UTF-8 text"))?;
        let Some(formatted) = formatted(screen, "standard input", &text) else {
            return Ok(Exit::Findings);
        };
        if !self.check {
            screen.out(&formatted)?;
            return Ok(Exit::Fine);
        }
        let difference = diff(&text, &formatted, screen.paint());
        screen.out(&difference)?;
        Ok(if formatted == text { Exit::Fine } else { Exit::Findings })
    }

    fn summary(&self, screen: &mut Screen, tally: &Tally) -> Result<(), Stop> {
        if screen.is_json() {
            return screen.json(&json!({ "changed": tally.changed, "files": tally.files }));
        }
        if tally.has_errors {
            return Ok(());
        }
        let total = counted(tally.files.len(), "file");
        match (tally.changed, self.check) {
            (0, _) => screen.out(&format!("{total}, nothing to format\n")),
            (changed, true) => screen.out(&format!("{changed} of {total} not formatted; `ztc fmt` formats them\n")),
            (changed, false) => screen.out(&format!("{changed} of {total} formatted\n")),
        }
    }
}

/// The formatted text; says what is wrong if there is none.
fn formatted(screen: &Screen, name: &str, text: &str) -> Option<String> {
    match format(text) {
        Ok(formatted) => Some(formatted),
        Err(diagnostics) => {
            screen.diagnostics(&diagnostics, &Sources::single(name, text));
            None
        }
    }
}

/// Replaces a file's text at once, so that no reader sees half of it, and keeps its permissions.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let real = fs::canonicalize(path)?;
    let beside = real.with_extension(format!("zt.{}.tmp", std::process::id()));
    let result = fs::metadata(&real).and_then(|metadata| {
        fs::write(&beside, text)?;
        fs::set_permissions(&beside, metadata.permissions())?;
        fs::rename(&beside, &real)
    });
    if result.is_err() {
        // What is left of the attempt is of no use; that it cannot be removed does not matter beside the first error.
        let _ = fs::remove_file(&beside);
    }
    result
}

/// The changed lines with one line around them.
fn diff(old: &str, new: &str, paint: Paint) -> String {
    let diff = TextDiff::from_lines(old, new);
    let unified = diff.unified_diff().context_radius(1).to_string();
    let mut text = String::new();
    let mut lines = unified.lines();
    for line in lines.by_ref().take(DIFF_LINES_MAX) {
        let painted = match line.as_bytes().first() {
            Some(b'-') => paint.bad(line),
            Some(b'+') => paint.good(line),
            Some(b'@') => paint.dim(line),
            _ => line.to_owned(),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{painted}");
    }
    let more = lines.count();
    if more > 0 {
        let _ = writeln!(text, "… and {more} more lines");
    }
    text
}
