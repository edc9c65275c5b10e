//! The project's examples, each with a request that is allowed: no deny rule cuts the work short.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use zt_eval::value::Timestamp;
use zt_eval::{Policy, Store};
use zt_lang::Sources;

use crate::compile;

/// An example, compiled, with one of its requests.
pub struct Example {
    /// The folder's name.
    pub name: &'static str,
    /// The policy.
    pub policy: Policy,
    /// Its entities.
    pub store: Store,
    /// A request that every rule of its action has to be looked at for.
    pub request: Vec<u8>,
    /// The instant of the decision.
    pub now: Option<Timestamp>,
}

/// An example and the request of it that is measured.
const EXAMPLES: [(&str, &str); 6] = [
    ("api-gateway", "own-account"),
    ("documents", "read-staff"),
    ("internal-apps", "payroll-strong"),
    ("platform", "deploy-pipeline"),
    ("pod-security", "allow-restricted-pod"),
    ("segmentation", "charge"),
];

/// All examples.
///
/// # Errors
///
/// When a file is missing, or a policy does not compile.
pub fn examples() -> Result<Vec<Example>, Box<dyn Error>> {
    EXAMPLES.into_iter().map(|(name, request)| example(name, request)).collect()
}

fn example(name: &'static str, request: &str) -> Result<Example, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    let policy = compile(sources(&folder)?)?;
    let store = match fs::read(folder.join("entities.json")) {
        Ok(text) => Store::from_json(&policy, &text)?,
        Err(_) => Store::empty(),
    };
    let expected: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("expected.json"))?)?;
    let now = expected.get(request).and_then(|expected| expected.get("now")?.as_str());
    let request = fs::read(folder.join("requests").join(format!("{request}.json")))?;
    Ok(Example { name, policy, store, request, now: now.and_then(Timestamp::parse_rfc3339) })
}

/// The policy files of a folder.
fn sources(folder: &Path) -> Result<Sources, Box<dyn Error>> {
    let mut sources = Sources::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        entries.sort();
        for entry in entries {
            if entry.is_dir() {
                pending.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "zt") {
                sources.add(&entry.to_string_lossy(), &fs::read(&entry)?);
            }
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use zt_eval::decision::Mode;
    use zt_eval::{Effect, Pdp};

    use super::*;

    #[test]
    fn what_is_measured_is_allowed() {
        for example in examples().unwrap() {
            let pdp = Pdp::new(example.policy, example.store).unwrap();
            let decision = pdp.decide_json(&example.request, example.now, Mode::Full);
            assert_eq!(decision.effect, Effect::Allow, "{}: {decision:?}", example.name);
        }
    }
}
