//! The hosts in `examples/hosts` decide with modules what the engine decides, and deny when a module fails.
//!
//! Node.js, Python's package `wasmtime` and a browser are asked where the machine has them; `.ci/run` gets the last two.
//! Where one is missing the test says so, past the capture of output.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use zt_eval::Store;
use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_wasm::target::core;
use zt_wasm::{Target, compile};

use crate::examples::Example;
use crate::process::{run, scratch, text};

const NOW: &str = "2026-03-02T10:00:00Z";
const EXAMPLES: [&str; 6] = ["api-gateway", "documents", "internal-apps", "platform", "pod-security", "segmentation"];

fn shown(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hosts").join(name)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name)
}

fn skip(what: &str) {
    // Not by the macros, whose output the harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

fn works(program: impl AsRef<OsStr>, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn node() -> Option<PathBuf> {
    let found = works("node", &["--version"]).then(|| "node".into());
    if found.is_none() {
        skip("there is no Node.js here, so its host was not asked");
    }
    found
}

fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let candidates = [target.join("hosts/python/bin/python"), "python3".into(), "python".into()];
    let found = candidates.into_iter().find(|python| works(python, &["-c", "import wasmtime"]));
    if found.is_none() {
        skip("there is no Python with the package `wasmtime` here, so its host was not asked");
    }
    found
}

fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|each| works(each, &["--version"]));
    if found.is_none() {
        skip("there is no Chromium here, so no browser was asked");
    }
    found
}

/// What a host answers, line by line.
fn answers(mut command: Command, module: &Path, instant: &str, requests: &[PathBuf]) -> Vec<Json> {
    command.arg(module).arg(instant).args(requests);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An example's requests, and what no host may be led astray by.
fn requests(example: &Example, folder: &Path) -> Vec<PathBuf> {
    let mut requests: Vec<PathBuf> =
        fs::read_dir(example.folder.join("requests")).unwrap().map(|entry| entry.unwrap().path()).collect();
    requests.sort();
    let first = fs::read(&requests[0]).unwrap();
    let mut too_long = first.clone();
    too_long.resize((1 << 20) + 1, b' ');
    let hostile = [b"".to_vec(), first[..first.len() / 2].to_vec(), vec![b'['; 100_000], too_long];
    for (number, bytes) in hostile.iter().enumerate() {
        let file = folder.join(format!("hostile-{number}.json"));
        fs::write(&file, bytes).unwrap();
        requests.push(file);
    }
    requests
}

/// Has a host decide all requests of all examples that it takes.
fn check(name: &str, instants: &[&str], takes: fn(&[u8]) -> bool, host: impl Fn() -> Command) {
    check_with(core::Options::default(), name, instants, takes, host);
}

/// The same with modules that take data or slots: entities are then the host's to set, and requests to put into slots.
fn check_with(
    options: core::Options,
    name: &str,
    instants: &[&str],
    takes: fn(&[u8]) -> bool,
    host: impl Fn() -> Command,
) {
    let folder = scratch(name);
    let module = folder.join("policy.wasm");
    for example in EXAMPLES {
        let example = Example::load(example);
        let snapshot = example.pdp.snapshot();
        let baked = if options.data { Store::empty() } else { snapshot.store().clone() };
        fs::write(&module, compile(snapshot.policy(), &baked, Target::Core(options)).unwrap()).unwrap();
        let mut requests = requests(&example, &folder);
        requests.retain(|request| takes(&fs::read(request).unwrap()));
        for instant in instants {
            let mut command = host();
            let entities = example.folder.join("entities.json");
            if options.data && entities.exists() {
                command.arg("--data").arg(entities);
            }
            let answers = answers(command, &module, instant, &requests);
            assert_eq!(answers.len(), requests.len());
            for (request, answer) in requests.iter().zip(answers) {
                let now = Timestamp::parse_rfc3339(instant);
                let decision = example.pdp.decide_json(&fs::read(request).unwrap(), now, Mode::Full);
                let mut expected = decision.to_json(snapshot.policy());
                expected.as_object_mut().unwrap().remove("error");
                assert_eq!(answer, expected, "{} at {instant}", request.display());
            }
        }
    }
}

/// A module with the exports of the ABI and these bodies of `zt_alloc` and `zt_decide`.
fn broken(name: &str, alloc: &[u8], decide: &[u8]) -> PathBuf {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let mut section = |id: u8, parts: &[&[u8]]| {
        module.extend([id, u8::try_from(parts.concat().len()).unwrap()]);
        module.extend(parts.concat());
    };
    section(1, &[b"\x02", b"\x60\x01\x7F\x01\x7F", b"\x60\x05\x7F\x7F\x7F\x7E\x7F\x01\x7E"]);
    section(3, &[b"\x02\0\x01"]);
    section(5, &[b"\x01\0\x01"]);
    section(6, &[b"\x01\x7F\0\x41\x01\x0B"]);
    let exports =
        [&b"\x04"[..], b"\x06memory\x02\0", b"\x0Ezt_abi_version\x03\0", b"\x08zt_alloc\0\0", b"\x09zt_decide\0\x01"];
    section(7, &exports);
    let body = |code: &[u8]| [&[u8::try_from(code.len()).unwrap() + 2, 0], code, &[0x0B]].concat();
    section(10, &[b"\x02", &body(alloc), &body(decide)]);
    let file = scratch(name).join("broken.wasm");
    fs::write(&file, module).unwrap();
    file
}

const TRAP: &[u8] = b"\0";
const GIVE_16: &[u8] = b"\x41\x10";
/// `loop br 0 end unreachable`
const FOREVER: &[u8] = b"\x03\x40\x0C\0\x0B\0";

fn assert_denied(answers: &[Json], count: usize) {
    assert_eq!(answers.len(), count);
    for answer in answers {
        assert_eq!((&answer["effect"], &answer["reason"]), (&"deny".into(), &"failed".into()), "{answer}");
    }
}

fn a_request() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies/door.request.json")
}

#[test]
fn node_decides_as_the_engine_does() {
    let Some(node) = node() else { return };
    let host = || {
        let mut command = Command::new(&node);
        command.arg(shown("node.mjs"));
        command
    };
    check("host-node", &[NOW, "none"], |_| true, host);
    let trapping = broken("host-node-trap", TRAP, TRAP);
    assert_denied(&answers(host(), &trapping, NOW, &[a_request(), a_request()]), 2);
}

/// What parses, gives no key twice, is one speaker's word, and would not be too long for its spaces alone.
fn is_flat(request: &[u8]) -> bool {
    if request.len() > 1 << 20 {
        return false;
    }
    let parsed = serde_json::from_slice::<Json>(request);
    parsed.is_ok_and(|json| json.is_object() && json.get("evidence").is_none()) && !is_ambiguous(request)
}

/// Whether a document says more than what JavaScript reads of it, to which `3.0` is `3`.
fn is_ambiguous(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let without_spaces = |text: &str| text.chars().filter(|each| !each.is_whitespace()).count();
    let json: Json = serde_json::from_str(&text).unwrap_or_default();
    without_spaces(&json.to_string()) != without_spaces(&text) || has_fraction(&json)
}

fn has_fraction(json: &Json) -> bool {
    match json {
        Json::Number(number) => number.is_f64(),
        Json::Array(all) => all.iter().any(has_fraction),
        Json::Object(members) => members.values().any(has_fraction),
        _ => false,
    }
}

#[test]
fn node_takes_data_and_slots() {
    let Some(node) = node() else { return };
    let host = || {
        let mut command = Command::new(&node);
        command.arg(shown("node.mjs"));
        command
    };
    let options = core::Options::default().with_data(true);
    check_with(options, "host-node-data", &[NOW], |_| true, host);
    let slots = || {
        let mut command = Command::new(&node);
        command.arg(script("slots.mjs")).arg(shown("node.mjs"));
        command
    };
    check_with(options.with_slots(true), "host-node-slots", &[NOW], is_flat, slots);
}

/// What slots cannot say is denied, and not said otherwise.
#[test]
fn node_puts_into_slots_only_what_they_can_say() {
    let Some(node) = node() else { return };
    let module = scratch("host-node-strict").join("policy.wasm");
    let build = ["build", "--target", "core", "--takes-slots", "door", "-o", module.to_str().unwrap()];
    let built = run(&build, b"");
    assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
    let mut command = Command::new(node);
    command.arg(script("strict.mjs")).arg(shown("node.mjs")).arg(&module);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told: Vec<Json> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, others) = told.split_first().unwrap();
    assert_eq!(first["effect"], "allow", "{first}");
    assert_denied(others, 8);
}

/// A host takes settings; what does not fit it tells in the module's words.
fn check_settings(name: &str, host: impl Fn() -> Command) {
    let folder = scratch(name);
    let module = folder.join("policy.wasm");
    let settings = folder.join("settings.json");
    let build = ["build", "--target", "core", "params", "--setting", "region", "--setting", "max_risk", "-o"];
    let built = run(&[&build[..], &[module.to_str().unwrap()]].concat(), b"");
    assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
    let request = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies/params.request.json");
    let asked = |given: &str| {
        fs::write(&settings, given).unwrap();
        let mut command = host();
        command.arg("--settings").arg(&settings).arg(&module).args([NOW.as_ref(), request.as_os_str()]);
        command.output().unwrap()
    };
    for (given, expected) in [
        (r#"{"region": "eu"}"#, "allow"),
        (r#"{"region": "us"}"#, "deny"),
        (r#"{"region": "eu", "max_risk": 39}"#, "deny"),
    ] {
        let answer: Json = serde_json::from_slice(&asked(given).stdout).unwrap();
        assert_eq!(answer["effect"], expected, "{given}");
    }
    let refused = asked(r#"{"region": 3}"#);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(text(&refused.stderr).contains("region"), "{}", text(&refused.stderr));
}

#[test]
fn hosts_take_settings() {
    if let Some(node) = node() {
        check_settings("host-node-settings", || {
            let mut command = Command::new(&node);
            command.arg(shown("node.mjs"));
            command
        });
    }
    if let Some(python) = python() {
        check_settings("host-python-settings", || {
            let mut command = Command::new(&python);
            command.arg(shown("python.py"));
            command
        });
    }
}

#[test]
fn a_page_decides_as_the_engine_does() {
    let (Some(node), Some(chromium)) = (node(), chromium()) else { return };
    let page = script("page.mjs");
    // What is typed into a page is text.
    check(
        "host-page",
        &[NOW],
        |request| std::str::from_utf8(request).is_ok(),
        || {
            let mut command = Command::new(&node);
            command.arg(&page).arg(chromium).arg(shown("browser.html"));
            command
        },
    );
}

#[test]
fn python_decides_as_the_engine_does() {
    let Some(python) = python() else { return };
    let host = || {
        let mut command = Command::new(&python);
        command.arg(shown("python.py"));
        command
    };
    check("host-python", &[NOW, "none"], |_| true, host);
    check_with(core::Options::default().with_data(true), "host-python-data", &[NOW], |_| true, host);
    for (name, alloc, decide) in [("trap", TRAP, TRAP), ("loop", GIVE_16, FOREVER)] {
        let module = broken(&format!("host-python-{name}"), alloc, decide);
        assert_denied(&answers(host(), &module, NOW, &[a_request(), a_request()]), 2);
    }
}

#[test]
fn the_command_line_gives_no_decision_where_a_module_fails() {
    for (name, alloc, decide) in [("trap", TRAP, TRAP), ("loop", GIVE_16, FOREVER)] {
        let module = broken(&format!("host-ztc-{name}"), alloc, decide);
        let eval = ["eval", "--policy", module.to_str().unwrap(), "--now", NOW, "--request"];
        let output = run(&[&eval[..], &["door.request.json"]].concat(), b"");
        assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)));
        assert!(text(&output.stderr).contains("no decision counts as a denial"), "{}", text(&output.stderr));
        let lines = run(&[&eval[..], &["-"]].concat(), b"{}\n{}\n");
        assert_eq!((text(&lines.stdout), lines.status.code()), ("", Some(2)));
    }
}

#[test]
fn a_module_decides_lines_like_its_policy() {
    let folder = scratch("module");
    let file = folder.join("door.wasm");
    let file = file.to_str().unwrap();
    let build = ["build", "--target", "core", "door", "--entities", "door.entities.json", "--format", "json", "-o"];
    let built = run(&[&build[..], &[file]].concat(), b"");
    assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
    assert_eq!(fs::read(file).unwrap(), run(&[&build[..], &["-"]].concat(), b"").stdout, "the same bytes");
    let summary: Json = serde_json::from_slice(&built.stdout).unwrap();
    let inspected: Json = serde_json::from_slice(&run(&["inspect", file, "--format", "json"], b"").stdout).unwrap();
    for member in ["bytes", "sha256", "sections"] {
        assert_eq!(summary[member], inspected[member]);
    }
    assert_eq!((&inspected["policy"]["name"], &inspected["policy"]["entities"]), (&"door".into(), &1.into()));
    assert_eq!(inspected["policy"]["digest"], summary["digest"]);

    let line = |name| crate::process::request(name) + "\n";
    let mut input = [line("door.request.json"), "\n".into(), line("door.stale.json")].concat().into_bytes();
    input.extend(vec![b'x'; 3 << 20]);
    input.extend(b"\n{\n");
    let eval = |more: &[&str]| run(&[&["eval", "--now", NOW, "--request", "-", "--policy"], more].concat(), &input);
    let (module, policy) = (eval(&[file]), eval(&["door", "--entities", "door.entities.json"]));
    assert_eq!((module.status.code(), text(&module.stderr)), (Some(0), ""));
    let decisions = |output: &[u8]| -> Vec<Json> {
        let decision = |line| {
            let mut decision: Json = serde_json::from_str(line).unwrap();
            decision.as_object_mut().unwrap().remove("error");
            decision
        };
        text(output).lines().map(decision).collect()
    };
    assert_eq!(decisions(&module.stdout), decisions(&policy.stdout));
    assert_eq!(decisions(&module.stdout).len(), 4);
}
