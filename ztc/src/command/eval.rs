//! `ztc eval`

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value as Json;
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{Explanation, Scratch, explain};
use zt_eval::{Effect, Pdp, Policy, Request, Store};

use super::load;
use super::module::{Decider, is_module};
use crate::exit::{Exit, Stop};
use crate::input::{self, DASH};
use crate::options::{Bounds, Now, Params};
use crate::render::{Paint, Screen, decision, trace};

/// Decides requests.
///
/// A request is a JSON document in the shape of an AuthZEN evaluation request: `subject`, `action`, `resource`, `context`,
/// and optionally `entities` and `evidence`; `ztc schema` describes it. A request that does not fit the policy is invalid,
/// and denied. With `--request -`, each line of the standard input is a request, each line of the output a decision as
/// JSON, and the exit code says nothing of the decisions.
#[derive(Args, Debug)]
pub struct Eval {
    /// A compiled policy, policy files or folders, or a module for the target `core`
    #[arg(short, long = "policy", required = true, value_name = "PATH", num_args = 1..)]
    policies: Vec<PathBuf>,
    /// The request, as a JSON file; `-` reads one request per line from the standard input
    #[arg(short, long, value_name = "FILE")]
    request: PathBuf,
    /// What is known of entities, as a JSON file
    #[arg(short, long, value_name = "FILE")]
    entities: Option<PathBuf>,
    /// The instant of the decision in RFC 3339, or `none` for none [default: the clock's]
    #[arg(long, value_name = "INSTANT", value_parser = Now::parse)]
    now: Option<Now>,
    #[command(flatten)]
    params: Params,
    /// Takes every rule's condition apart, with the values that it met
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    bounds: Bounds,
}

impl Eval {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        if let Some(mut module) = self.module()? {
            return self.by_module(screen, &mut module);
        }
        let pdp = self.pdp(screen)?;
        if self.request.as_os_str() == DASH {
            let snapshot = pdp.snapshot();
            let bytes_max = snapshot.policy().limits().request_bytes_max;
            return lines(screen, bytes_max, |line| {
                let answer = Answer::to(&pdp, line, self.now(), self.explain);
                Ok(answer.to_json(snapshot.policy()).to_string())
            });
        }
        let document = input::read(&self.request)?;
        let answer = Answer::to(&pdp, &document, self.now(), self.explain);
        let snapshot = pdp.snapshot();
        if screen.is_json() {
            screen.json(&answer.to_json(snapshot.policy()))?;
        } else {
            let text = answer.to_text(snapshot.policy(), screen.paint());
            screen.out(&text)?;
        }
        Ok(match answer.decision.effect {
            Effect::Allow => Exit::Fine,
            Effect::Deny => Exit::Denied,
        })
    }

    fn now(&self) -> Now {
        self.now.unwrap_or(Now::Clock)
    }

    fn pdp(&self, screen: &Screen) -> Result<Pdp, Stop> {
        let policy = load(screen, &self.policies, &self.bounds, &self.params)?;
        let store = match &self.entities {
            None => Store::empty(),
            Some(path) => {
                let text = input::read(path)?;
                Store::from_json(&policy, &text).map_err(|error| Stop::file(input::shown(path), error))?
            }
        };
        Pdp::new(policy, store).map_err(|error| match error.missing_param() {
            Some(name) => Stop::usage(format!("{error}: give it one with `--param {name}=VALUE`")),
            None => Stop::usage(error.to_string()),
        })
    }

    /// The module, if that is what decides.
    fn module(&self) -> Result<Option<Decider>, Stop> {
        let [path] = &*self.policies else { return Ok(None) };
        if !path.is_file() {
            return Ok(None);
        }
        let bytes = input::read(path)?;
        if !is_module(&bytes) {
            return Ok(None);
        }
        let refused = [
            (
                self.explain,
                "--explain",
                "a module does not keep rules' conditions as they were written: explain with the policy",
            ),
            (
                self.bounds.is_set(),
                "--limit and --clock-skew",
                "limits and clock skew are part of a module: set them when it is built",
            ),
        ];
        match refused.into_iter().find(|(is_given, ..)| *is_given) {
            Some((_, option, why)) => Err(Stop::usage(format!("{option}: {why}"))),
            None => self.decider(path, &bytes).map(Some),
        }
    }

    /// The module with the settings and the entity data that it is to have.
    fn decider(&self, path: &Path, bytes: &[u8]) -> Result<Decider, Stop> {
        let mut module = Decider::load(path, bytes)?;
        if let Some(settings) = self.params.to_json()? {
            module.configure(&settings)?;
        }
        if let Some(path) = &self.entities {
            module.set_data(&input::read(path)?)?;
        }
        Ok(module)
    }

    fn by_module(&self, screen: &mut Screen, module: &mut Decider) -> Result<Exit, Stop> {
        if self.request.as_os_str() == DASH {
            let bytes_max = module.request_bytes_max;
            return lines(screen, bytes_max, |line| {
                let decision = module.decide(line, self.now())?;
                Ok(String::from_utf8_lossy(decision).into_owned())
            });
        }
        let document = input::read(&self.request)?;
        let decision = module.decide(&document, self.now())?;
        let decision: Json = serde_json::from_slice(decision).map_err(|_| {
            Stop::file(input::shown(&self.request), "the module's answer is no JSON, and counts as a denial")
        })?;
        if screen.is_json() {
            screen.json(&decision)?;
        } else {
            screen.out(&decision::decision_json(&decision, screen.paint()))?;
        }
        Ok(if decision.get("effect").is_some_and(|effect| effect == "allow") { Exit::Fine } else { Exit::Denied })
    }
}

/// Answers each line as it comes.
fn lines(
    screen: &mut Screen,
    bytes_max: u32,
    mut answer: impl FnMut(&[u8]) -> Result<String, Stop>,
) -> Result<Exit, Stop> {
    // One byte more than a request may have tells that it has too many; the rest of its line is not kept.
    let bytes_max = u64::from(bytes_max) + 1;
    let mut input = io::stdin().lock();
    while !screen.is_closed() {
        let Some(line) = next_line(&mut input, bytes_max)? else { break };
        let is_whole = (line.len() as u64) < bytes_max;
        if is_whole && line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = answer(&line)?;
        screen.out(&format!("{answer}\n"))?;
    }
    Ok(Exit::Fine)
}

/// The next line, cut to `bytes_max`; `None` at the end.
fn next_line(input: &mut impl BufRead, bytes_max: u64) -> Result<Option<Vec<u8>>, Stop> {
    let failed = |error: io::Error| Stop::file("standard input", input::in_words(&error));
    let mut line = Vec::new();
    if input.by_ref().take(bytes_max).read_until(b'\n', &mut line).map_err(failed)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else {
        input.skip_until(b'\n').map_err(failed)?;
    }
    Ok(Some(line))
}

/// A decision, and how it came about if that was asked for.
struct Answer {
    decision: Decision,
    explanation: Option<Explanation>,
    /// Who asks for what.
    question: String,
}

impl Answer {
    fn to(pdp: &Pdp, document: &[u8], now: Now, wants_explanation: bool) -> Self {
        let snapshot = pdp.snapshot();
        let now = now.read();
        match Request::from_json(snapshot.policy(), document) {
            Ok(request) if wants_explanation => {
                let explanation = explain(snapshot.policy(), snapshot.store(), &request, now, &mut Scratch::new());
                let question = question(snapshot.policy(), &request);
                Self { decision: explanation.decision.clone(), explanation: Some(explanation), question }
            }
            Ok(request) => Self::plain(snapshot.decide(&request, now, Mode::Full)),
            Err(error) => Self::plain(Decision::invalid(error)),
        }
    }

    fn plain(decision: Decision) -> Self {
        Self { decision, explanation: None, question: String::new() }
    }

    fn to_json(&self, policy: &Policy) -> Json {
        let mut json = self.decision.to_json(policy);
        if let (Some(explanation), Json::Object(members)) = (&self.explanation, &mut json) {
            members.insert("explanation".into(), trace::to_json(policy, explanation));
        }
        json
    }

    fn to_text(&self, policy: &Policy, paint: Paint) -> String {
        let mut text = decision::decision(policy, &self.decision, paint);
        if let Some(explanation) = &self.explanation {
            text.push_str(&decision::depends_on(policy, &self.decision, paint));
            text.push_str(&format!("\n{}\n", self.question));
            text.push_str(&trace::tree(policy, explanation, paint));
        }
        text
    }
}

/// `subject User::"ann", action write, resource Document::"d1"`
fn question(policy: &Policy, request: &Request) -> String {
    let schema = policy.schema();
    let action = schema.action(request.action()).map_or("", |action| &action.name);
    let (subject, resource) = (schema.uid_text(request.subject()), schema.uid_text(request.resource()));
    format!("subject {subject}, action {action}, resource {resource}")
}
