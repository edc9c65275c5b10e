//! `ztc eval`

use std::io::{self, BufRead, Read};
use std::path::PathBuf;

use clap::Args;
use serde_json::Value as Json;
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{Explanation, Scratch, explain};
use zt_eval::{Effect, Pdp, Policy, Request, Store};

use super::load;
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
    /// A compiled policy, or policy files or folders
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
        let pdp = self.pdp(screen)?;
        if self.request.as_os_str() == DASH {
            return self.lines(screen, &pdp);
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

    /// Answers each line as it comes.
    fn lines(&self, screen: &mut Screen, pdp: &Pdp) -> Result<Exit, Stop> {
        let snapshot = pdp.snapshot();
        // One byte more than a request may have tells that it has too many; the rest of its line is not kept.
        let bytes_max = u64::from(snapshot.policy().limits().request_bytes_max) + 1;
        let mut input = io::stdin().lock();
        while !screen.is_closed() {
            let Some(line) = next_line(&mut input, bytes_max)? else { break };
            let is_whole = (line.len() as u64) < bytes_max;
            if is_whole && line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let answer = Answer::to(pdp, &line, self.now(), self.explain);
            screen.out(&format!("{}\n", answer.to_json(snapshot.policy())))?;
        }
        Ok(Exit::Fine)
    }
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
