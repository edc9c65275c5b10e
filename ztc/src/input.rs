//! Reading files: which ones a path stands for, and what is in them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zt_lang::Sources;

use crate::exit::Stop;

/// The name that stands for the standard input or output.
pub const DASH: &str = "-";

/// The policy files that paths stand for: a file for itself, a folder for all `.zt` files below it, sorted. None is named
/// twice.
pub fn policy_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let mut walk = Walk::default();
    for path in paths {
        let before = walk.files.len();
        if path.is_dir() {
            walk.folder(path)?;
            if walk.files.len() == before && !walk.has_seen_files_below(path) {
                return Err(Stop::file(shown(path), "there are no .zt files in this folder"));
            }
        } else {
            walk.file(path)?;
        }
    }
    Ok(walk.files)
}

/// The files' text.
pub fn sources(paths: &[PathBuf]) -> Result<Sources, Stop> {
    let mut sources = Sources::new();
    for path in policy_files(paths)? {
        sources.add(&shown(&path), &read(&path)?);
    }
    Ok(sources)
}

/// A file's bytes.
pub fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    if path.is_dir() {
        return Err(Stop::file(shown(path), "this is a folder, and a file is needed"));
    }
    fs::read(path).map_err(|error| unreadable(path, &error))
}

/// A file's bytes, or those of the standard input for `-`.
pub fn read_or_stdin(path: &Path) -> Result<Vec<u8>, Stop> {
    if path.as_os_str() != DASH {
        return read(path);
    }
    let mut bytes = Vec::new();
    let result = io::stdin().lock().read_to_end(&mut bytes);
    result.map_err(|error| Stop::file("standard input", in_words(&error)))?;
    Ok(bytes)
}

/// A path as messages call it.
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

/// An error of the operating system, without its number.
pub fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => {
            let text = error.to_string();
            let end = text.find(" (os error").unwrap_or(text.len());
            text.get(..end).unwrap_or(&text).to_lowercase()
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Stop {
    Stop::file(shown(path), in_words(error))
}

#[derive(Default)]
struct Walk {
    files: Vec<PathBuf>,
    /// Real places of what was met, so that links neither loop nor repeat.
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn file(&mut self, path: &Path) -> Result<(), Stop> {
        let real = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
        if self.seen.insert(real) {
            self.files.push(path.to_owned());
        }
        Ok(())
    }

    fn folder(&mut self, path: &Path) -> Result<(), Stop> {
        let real = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
        if !self.seen.insert(real) {
            return Ok(());
        }
        for entry in entries(path)? {
            if entry.is_dir() {
                self.folder(&entry)?;
            } else if entry.extension().is_some_and(|extension| extension == "zt") {
                self.file(&entry)?;
            }
        }
        Ok(())
    }

    fn has_seen_files_below(&self, path: &Path) -> bool {
        let real = fs::canonicalize(path).unwrap_or_default();
        self.files.iter().filter_map(|file| fs::canonicalize(file).ok()).any(|file| file.starts_with(&real))
    }
}

/// What is in a folder, sorted, without what is hidden.
fn entries(path: &Path) -> Result<Vec<PathBuf>, Stop> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(path.join(entry.file_name()));
        }
    }
    entries.sort();
    Ok(entries)
}
