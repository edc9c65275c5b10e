//! Options that several commands have: limits and values of parameters.

use std::fmt;

use clap::Args;
use serde_json::Value as Json;
use zt_eval::graph::ParamError;
use zt_eval::value::{Duration, Timestamp};
use zt_eval::{Limits, Policy};
use zt_lang::syntax::SyntaxLimits;

use crate::exit::Stop;

/// What compiling depends on besides the text.
#[derive(Args, Debug, Default)]
pub struct Bounds {
    /// Sets a limit, such as `nodes_max=100000`; a wrong name lists all
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
    /// How far in the future evidence may be established, against clocks that differ [default: 1m]
    #[arg(long, value_name = "DURATION")]
    clock_skew: Option<String>,
}

impl Bounds {
    /// Whether any is given.
    pub fn is_set(&self) -> bool {
        !self.limits.is_empty() || self.clock_skew.is_some()
    }

    /// The options for the compiler.
    pub fn options(&self) -> Result<zt_lang::Options, Stop> {
        let mut options = zt_lang::Options::default();
        for setting in &self.limits {
            let (name, value) = assignment("--limit", setting)?;
            let value = value.replace('_', "").parse().map_err(|_| {
                Stop::usage(format!("--limit {setting}: a limit is a whole number between 0 and {}", u32::MAX))
            })?;
            set_limit(&mut options, name, value)?;
        }
        if let Some(text) = &self.clock_skew {
            let skew = Duration::parse(text).filter(|skew| skew.millis() >= 0);
            options.clock_skew = skew.ok_or_else(|| {
                Stop::usage(format!("--clock-skew {text}: expected a duration such as `30s` or `1m30s`"))
            })?;
        }
        Ok(options)
    }
}

fn set_limit(options: &mut zt_lang::Options, name: &str, value: u32) -> Result<(), Stop> {
    if let Some(limit) = syntax_limit(&mut options.syntax, name) {
        *limit = value as usize;
        return Ok(());
    }
    let mut fields = match serde_json::to_value(&options.limits) {
        Ok(Json::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    match fields.get_mut(name) {
        Some(field) => *field = value.into(),
        None => {
            let known: Vec<&str> = SYNTAX_LIMITS.into_iter().chain(fields.keys().map(String::as_str)).collect();
            return Err(Stop::usage(format!("there is no limit `{name}`; there are: {}", known.join(", "))));
        }
    }
    options.limits = serde_json::from_value::<Limits>(Json::Object(fields))
        .map_err(|error| Stop::usage(format!("--limit {name}={value}: {error}")))?;
    Ok(())
}

const SYNTAX_LIMITS: [&str; 4] = ["file_bytes_max", "nesting_max", "items_max", "expression_depth_max"];

fn syntax_limit<'a>(limits: &'a mut SyntaxLimits, name: &str) -> Option<&'a mut usize> {
    Some(match name {
        "file_bytes_max" => &mut limits.file_bytes_max,
        "nesting_max" => &mut limits.nesting_max,
        "items_max" => &mut limits.items_max,
        "expression_depth_max" => &mut limits.expression_depth_max,
        _ => return None,
    })
}

/// Values for a policy's parameters.
#[derive(Args, Debug, Default)]
pub struct Params {
    /// Gives a parameter a value, as JSON or as bare text: `max_risk=30`, `region=eu`, `tenants=["a","b"]`
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
}

impl Params {
    /// Whether any is given.
    pub fn is_set(&self) -> bool {
        !self.params.is_empty()
    }

    /// As the settings of a module; nothing when none is given. What is JSON is taken for that, and all else for text: a
    /// module does not say of a value what it could also be.
    pub fn to_json(&self) -> Result<Option<String>, Stop> {
        let mut settings = serde_json::Map::new();
        for setting in &self.params {
            let (name, value) = assignment("--param", setting)?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value));
            settings.insert(name.to_owned(), value);
        }
        Ok(self.is_set().then(|| Json::from(settings).to_string()))
    }

    /// Sets them.
    pub fn apply(&self, policy: &mut Policy) -> Result<(), Stop> {
        for setting in &self.params {
            let (name, value) = assignment("--param", setting)?;
            let refused = |error: ParamError| Stop::usage(refusal(policy, setting, &error));
            let mut changed = policy.clone();
            set_param(&mut changed, name, value).map_err(refused)?;
            *policy = changed;
        }
        Ok(())
    }
}

/// Sets a value that is JSON, or else the text itself.
fn set_param(policy: &mut Policy, name: &str, value: &str) -> Result<(), ParamError> {
    let is_json = serde_json::from_str::<Json>(value).is_ok();
    let Err(as_json) = policy.set_param_json(name, value.as_bytes()) else {
        return Ok(());
    };
    let as_text = policy.set_param_json(name, Json::from(value).to_string().as_bytes());
    as_text.map_err(|error| if is_json { as_json } else { error })
}

fn refusal(policy: &Policy, setting: &str, error: &ParamError) -> String {
    let params = &policy.schema().params;
    if error.is_undeclared() {
        let names: Vec<String> = params.iter().map(|param| format!("`{}`", param.name)).collect();
        let there_are = if names.is_empty() { "it has none".into() } else { format!("it has {}", names.join(", ")) };
        return format!("{error}; {there_are}");
    }
    let ty = params.iter().find(|param| &*param.name == error.name()).map(|param| policy.schema().type_text(&param.ty));
    format!("--param {setting}: expected a value of type {}", ty.unwrap_or_default())
}

fn assignment<'a>(option: &str, text: &'a str) -> Result<(&'a str, &'a str), Stop> {
    text.split_once('=').ok_or_else(|| Stop::usage(format!("{option} {text}: expected NAME=VALUE")))
}

/// The instant of decisions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Now {
    /// Whatever the clock says when a decision is made.
    Clock,
    /// Nobody tells the time.
    None,
    /// This instant.
    At(Timestamp),
}

impl Now {
    /// Reads `none` or an instant.
    pub fn parse(text: &str) -> Result<Self, NotNow> {
        match text {
            "none" => Ok(Self::None),
            "clock" => Ok(Self::Clock),
            _ => Timestamp::parse_rfc3339(text).map(Self::At).ok_or(NotNow),
        }
    }

    /// The instant for a decision that is made now.
    pub fn read(self) -> Option<Timestamp> {
        match self {
            Self::Clock => read_clock(),
            Self::None => None,
            Self::At(instant) => Some(instant),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]
fn read_clock() -> Option<Timestamp> {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).ok()?)
}

/// A text is no instant.
#[derive(Debug)]
pub struct NotNow;

impl fmt::Display for NotNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an instant such as `2026-03-02T10:00:00Z`, or `none`")
    }
}

impl std::error::Error for NotNow {}
