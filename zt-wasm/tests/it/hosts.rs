//! Hosts that others make, got from their registries into `target/`.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// One at a time: tests share folders.
static GETTING: Mutex<()> = Mutex::new(());

/// A host is not there: says so, or fails where it has to be.
pub fn skipped(what: &str) {
    assert!(env::var("ZT_HOSTS").as_deref() != Ok("required"), "{what} cannot be had");
    // Not by the macros, whose output the harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what} cannot be had on this machine");
}

/// A folder for what tests get and make.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hosts").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

/// The folder in which a package of npm's is.
pub fn node_package(package: &str) -> Option<PathBuf> {
    let _alone = GETTING.lock();
    let folder = folder("npm");
    let name = package.rsplit_once('@')?.0;
    let is_there = folder.join("node_modules").join(name).exists();
    let install = ["install", "--no-audit", "--no-fund", "--no-save", "--prefix"];
    let got = is_there || succeeds(Command::new("npm").args(install).arg(&folder).arg(package));
    (got && succeeds(Command::new("node").arg("--version"))).then_some(folder)
}

/// A Python that has packages from PyPI and can import a module of theirs: the newest for which there are all.
pub fn python(packages: &[&str], module: &str) -> Option<PathBuf> {
    let _alone = GETTING.lock();
    for version in ["python3", "python3.12", "python3.11", "python3.10", "python3.9"] {
        let Some(program) = interpreter(version) else { continue };
        let folder = folder(&format!("{module}-{version}"));
        let python = folder.join("bin/python");
        let imports = || succeeds(Command::new(&python).args(["-c", &format!("import {module}")]));
        if imports() {
            return Some(python);
        }
        let made = succeeds(Command::new(program).args(["-m", "venv"]).arg(&folder))
            && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages));
        if made && imports() {
            return Some(python);
        }
    }
    None
}

/// Where an interpreter is: on the path, or among those that `pyenv` keeps.
fn interpreter(version: &str) -> Option<PathBuf> {
    if succeeds(Command::new(version).arg("--version")) {
        return Some(version.into());
    }
    let number = version.strip_prefix("python")?;
    let versions = PathBuf::from(env::var_os("HOME")?).join(".pyenv/versions");
    let mut found: Vec<PathBuf> = fs::read_dir(versions).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.strip_prefix(number).is_some_and(|rest| rest.starts_with('.'))
    });
    found.sort();
    found.pop().map(|path| path.join("bin/python"))
}

/// A program of `tests/hosts/`, which is built with crates from crates.io; only where `ZT_HOSTS` asks for it, since that
/// takes minutes, or where it was built before.
pub fn rust(name: &str) -> Option<PathBuf> {
    let _alone = GETTING.lock();
    let target = env::var_os("ZT_HOSTS_TARGET").map_or_else(|| folder("rust"), PathBuf::from);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/Cargo.toml");
    let program = target.join("debug").join(name);
    if env::var_os("ZT_HOSTS").is_none() && !program.exists() {
        return None;
    }
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--features", "opa,kubewarden", "--manifest-path"]).arg(manifest);
    succeeds(build.env("CARGO_TARGET_DIR", &target)).then_some(program)
}
