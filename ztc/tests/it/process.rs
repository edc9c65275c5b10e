//! What files of commands cannot say: standard input, files that change, readers that go away, folders that loop.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The command with these arguments, in the folder of the tests' policies.
fn ztc(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ztc"));
    command.args(args).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = ztc(args).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// A fresh folder of this name.
pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ztc-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A request among the tests' policies, on one line.
pub fn request(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies").join(name);
    fs::read_to_string(path).unwrap().replace('\n', "")
}

const STREAM: [&str; 7] = ["eval", "--policy", "door", "--now", "2026-03-02T10:00:00Z", "--request", "-"];

#[test]
fn each_line_is_answered_before_the_next_one_comes() {
    let mut child: Child = ztc(&STREAM).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for (document, effect) in [(request("door.request.json"), "allow"), (request("door.stale.json"), "deny")] {
        writeln!(input, "{document}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap()["effect"], effect);
    }
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn lines_that_are_no_requests_are_denied_and_the_next_ones_answered() {
    let mut input = b"{\n\xff\xfe\n\n".to_vec();
    input.extend(vec![b' '; (1 << 20) + 1]);
    input.extend(vec![b'x'; 3 << 20]);
    input.extend(b"\n");
    input.extend(request("door.request.json").bytes());
    let output = run(&STREAM, &input);
    let decisions: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reasons: Vec<&serde_json::Value> = decisions.iter().map(|decision| &decision["reason"]).collect();
    assert_eq!(reasons.len(), 4, "blank lines are no requests, and long ones are: {reasons:?}");
    assert!(reasons.iter().take(3).all(|reason| **reason == "invalid"), "{reasons:?}");
    assert_eq!(decisions[3]["effect"], "allow");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_line_beyond_the_limit_is_invalid_by_name_of_the_limit() {
    let mut input = b"{\"subject\": \"".to_vec();
    input.extend(vec![b'x'; 3 << 20]);
    input.extend(b"\"}\n");
    let output = run(&STREAM, &input);
    assert_eq!(text(&output.stdout).lines().count(), 1);
    assert!(text(&output.stdout).contains("request_bytes_max"), "{}", text(&output.stdout));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = ztc(&STREAM).spawn().unwrap();
    drop(child.stdout.take().unwrap());
    let mut input = child.stdin.take().unwrap();
    let line = request("door.request.json");
    // The command ends by itself; from then on nobody reads.
    while writeln!(input, "{line}").is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_denial_stays_one_when_nobody_reads_it() {
    let args = ["eval", "--policy", "door", "--now", "none", "--request", "door.request.json"];
    let mut child = ztc(&args).spawn().unwrap();
    drop(child.stdout.take().unwrap());
    let output = child.wait_with_output().unwrap();
    assert_eq!((text(&output.stderr), output.status.code()), ("", Some(3)));
}

#[test]
fn formatting_changes_files_once() {
    let folder = scratch("fmt");
    let file = folder.join("policy.zt");
    let messy = include_str!("../policies/unformatted/unformatted.zt");
    fs::write(&file, messy).unwrap();
    let folder = folder.to_str().unwrap();
    let first = run(&["fmt", folder], b"");
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    let formatted = fs::read_to_string(&file).unwrap();
    assert_ne!(formatted, messy);
    assert_eq!(formatted, text(&run(&["fmt", "-"], messy.as_bytes()).stdout));
    assert!(text(&run(&["fmt", folder], b"").stdout).contains("nothing to format"));
    assert_eq!(run(&["fmt", "--check", folder], b"").status.code(), Some(0));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing is left beside the file");
}

#[test]
fn what_does_not_parse_is_not_formatted() {
    let folder = scratch("fmt-broken");
    let file = folder.join("policy.zt");
    fs::write(&file, "package a\nallow ((").unwrap();
    let output = run(&["fmt", file.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), "package a\nallow ((");
    let output = run(&["fmt", "-"], b"package a\nallow ((");
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(1)));
    assert_eq!(run(&["fmt", "-"], b"\xff").status.code(), Some(2));
}

#[test]
fn what_is_built_decides_like_its_source() {
    let folder = scratch("build");
    let file = folder.join("door.ztb");
    let file = file.to_str().unwrap();
    let built = run(&["build", "door", "-o", file, "--format", "json"], b"");
    let summary: serde_json::Value = serde_json::from_slice(&built.stdout).unwrap();
    assert_eq!((built.status.code(), &summary["rules"]), (Some(0), &2.into()));
    assert_eq!(summary["bytes"], fs::metadata(file).unwrap().len());
    assert_eq!(fs::read(file).unwrap(), run(&["build", "door", "-o", "-"], b"").stdout);
    for document in ["door.request.json", "door.stale.json"] {
        let now = ["--now", "2026-03-02T10:00:00Z", "--request", document];
        let decide = |policy| run(&[&["eval", "--policy", policy][..], &now].concat(), b"");
        let (source, compiled) = (decide("door"), decide(file));
        assert_eq!((source.stdout, source.status.code()), (compiled.stdout, compiled.status.code()));
    }
    let limits = run(&["eval", "--policy", file, "--request", "door.request.json", "--limit", "depth_max=3"], b"");
    assert_eq!(limits.status.code(), Some(2));
    fs::write(file, b"ZTB\x03not really").unwrap();
    let damaged = run(&["eval", "--policy", file, "--request", "door.request.json"], b"");
    assert_eq!(damaged.status.code(), Some(2));
    assert!(text(&damaged.stderr).contains("door.ztb: "), "{}", text(&damaged.stderr));
}

#[test]
fn sizes_and_steps_are_told_when_asked_for() {
    let folder = scratch("stats");
    let file = folder.join("gateway.ztb");
    let args = ["build", "../../../examples/api-gateway", "--stats", "-o", file.to_str().unwrap()];
    let built = run(&args, b"");
    let told = text(&built.stdout);
    assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
    for part in
        ["  steps      at most ", "rules always looked at", "\nhow rules are found\n", "\n  nodes  ", "trie of routes"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = run(&[&args[..], &["--format", "json"]].concat(), b"");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let stats = &json["stats"];
    let parts = stats["bytes_by_part"].as_array().unwrap();
    let bytes: u64 = parts.iter().map(|part| part["bytes"].as_u64().unwrap()).sum();
    assert!(json["bytes"].as_u64().unwrap().abs_diff(bytes) <= 16);
    let steps = stats["cost"]["steps"].as_u64().unwrap();
    let check = |max: u64| run(&["check", "../../../examples/api-gateway", "--max-cost", &max.to_string()], b"");
    assert_eq!(check(steps).status.code(), Some(0));
    assert_eq!(check(steps - 1).status.code(), Some(1));
}

#[test]
fn parameters_are_built_in() {
    let folder = scratch("params");
    let file = folder.join("params.ztb");
    let file = file.to_str().unwrap();
    let unset = run(&["build", "params", "-o", file], b"");
    assert!(text(&unset.stdout).contains("to be set  region"), "{}", text(&unset.stdout));
    let built = run(&["build", "params", "-o", file, "--param", "region=eu"], b"");
    assert!(!text(&built.stdout).contains("to be set"));
    let output = run(&["eval", "--policy", file, "--request", "params.request.json", "--now", "none"], b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn links_neither_loop_nor_repeat() {
    let folder = scratch("links");
    fs::create_dir(folder.join("inner")).unwrap();
    fs::write(folder.join("inner/door.zt"), include_str!("../policies/door/door.zt")).unwrap();
    fs::create_dir(folder.join(".hidden")).unwrap();
    fs::write(folder.join(".hidden/broken.zt"), "package (").unwrap();
    std::os::unix::fs::symlink(&folder, folder.join("inner/loop")).unwrap();
    std::os::unix::fs::symlink(folder.join("inner/door.zt"), folder.join("again.zt")).unwrap();
    std::os::unix::fs::symlink(folder.join("nowhere"), folder.join("dangling")).unwrap();
    let path = folder.to_str().unwrap();
    let output = run(&["check", path, path, "--format", "json"], b"");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &result["policies"][0]["files"]), (Some(0), &1.into()));
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell], b"");
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("deny-warnings"), "{shell}");
    }
}

#[test]
fn pictures_are_drawn_of_every_example() {
    let folder = scratch("graph");
    let file = folder.join("picture.svg");
    for example in ["api-gateway", "documents", "internal-apps", "platform", "pod-security", "segmentation"] {
        let path = format!("../../../examples/{example}");
        let output = run(&["graph", &path, "-o", file.to_str().unwrap()], b"");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(fs::read_to_string(&file).unwrap().starts_with("<svg"));
    }
}

#[test]
fn origins_are_read_and_their_mistakes_have_a_place() {
    let folder = scratch("origins");
    let (origins, module) = (folder.join("origins.toml"), folder.join("gateway.wasm"));
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/api-gateway");
    let entities = example.join("entities.json");
    let build = |target: &str, text: Option<&str>| {
        let [example, entities, module] = [&example, &entities, &module].map(|path| path.to_str().unwrap());
        let mut args = vec!["build", example, "--entities", entities, "--target", target, "-o", module];
        if let Some(text) = text {
            fs::write(&origins, text).unwrap();
            args.extend(["--origins", origins.to_str().unwrap()]);
        }
        let output = run(&args, b"");
        (output.status.code(), text_of(&output.stderr))
    };
    let good = fs::read_to_string(example.join("origins.toml")).unwrap();
    assert_eq!(build("proxy-wasm", Some(&good)), (Some(0), String::new()));
    assert!(fs::read(&module).unwrap().starts_with(b"\0asm"));
    let (code, said) = build("proxy-wasm", None);
    assert!(code == Some(1) && said.contains("say which of them asks"), "{code:?} {said}");
    let (code, said) = build("proxy-wasm", Some(&good.replace("[context]", "[contxt]")));
    assert!(
        code == Some(2) && said.contains("origins.toml") && said.contains("unknown field `contxt`"),
        "{code:?} {said}"
    );
    let (code, said) = build("proxy-wasm", Some(&good.replace("\ntier ", "\n# tier ")));
    assert!(code == Some(1) && said.contains("rule `over_limit` reads `context.tier`"), "{code:?} {said}");
    let (code, said) = build("proxy-wasm", Some(&good.replace("\nmfa ", "\nmfb ")));
    assert!(
        code == Some(1) && said.contains("origins.toml: line ") && said.contains("no attribute `mfb`"),
        "{code:?} {said}"
    );
    let (code, said) = build("core", Some(&good));
    assert!(code == Some(2) && said.contains("takes no `--origins`"), "{code:?} {said}");
}

fn text_of(bytes: &[u8]) -> String {
    text(bytes).to_owned()
}
