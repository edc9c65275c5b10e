//! Obligations as headers: which header carries which argument.
//!
//! A header carries one argument of one obligation and means nothing else: not to the proxy, which would act on it, nor to
//! whoever reads the message's framing, or a policy could be made to smuggle a request. Everything that a rule obliges to is
//! carried by some header.

use std::collections::BTreeMap;

use toml::Spanned;
use zt_eval::Policy;
use zt_eval::id::{ActionId, NodeId};
use zt_eval::schema::{Obligation, Type};

use super::messages::{header_for, unmapped};
use super::origin;
use super::origins::{Origins, OriginsError};

/// What is written to headers.
#[derive(Default)]
pub(super) struct Duties {
    /// All headers that obligations can be written to.
    pub headers: Vec<Header>,
    /// For each rule, what it writes.
    pub heads: Vec<Vec<Head>>,
}

/// A header, and the one obligation that it is of.
pub(super) struct Header {
    pub name: String,
    pub obligation: String,
}

/// An argument's value, and the position of the header that it is written to.
pub(super) struct Head {
    pub node: NodeId,
    pub ty: Type,
    pub header: usize,
}

impl Duties {
    /// What rules about an action write.
    ///
    /// # Errors
    ///
    /// When a header cannot be had, or an argument has none.
    pub fn of(policy: &Policy, origins: &Origins, action: ActionId) -> Result<Self, OriginsError> {
        let (headers, positions) = headers(policy, origins)?;
        let asked = policy.rules_for(action).map_or(&[][..], |rules| &rules.allows);
        let mut heads = Vec::new();
        for (at, rule) in policy.rules().iter().enumerate() {
            let mut of_rule = Vec::new();
            for duty in rule.extras.duties.iter().filter(|_| asked.iter().any(|id| id.index() == at)) {
                let Some(declared) = policy.schema().obligation(duty.obligation) else { continue };
                if declared.params.is_empty() {
                    return Err(unsayable(&rule.name, declared));
                }
                for (param, node) in declared.params.iter().zip(&duty.args) {
                    let header = positions.get(&(&*declared.name, &*param.name));
                    let header = *header.ok_or_else(|| unmapped(&rule.name, declared))?;
                    if !origin::can_be_header(&param.ty) {
                        let (name, arg, ty) = (&declared.name, &param.name, policy.schema().type_text(&param.ty));
                        return Err(OriginsError::missing(format!(
                            "rule `{}` obliges to `{name}`, whose argument `{arg}` is of type {ty}: no header can carry that",
                            rule.name
                        )));
                    }
                    of_rule.push(Head { node: *node, ty: param.ty.clone(), header });
                }
            }
            heads.push(of_rule);
        }
        Ok(Self { headers, heads })
    }
}

/// Where the header of an obligation's argument stands among all headers.
type Positions<'a> = BTreeMap<(&'a str, &'a str), usize>;

fn headers<'a>(policy: &'a Policy, origins: &'a Origins) -> Result<(Vec<Header>, Positions<'a>), OriginsError> {
    let mut headers: Vec<Header> = Vec::new();
    let mut positions = Positions::new();
    for (name, args) in &origins.file().obligations {
        let declared = policy.schema().obligations.iter().find(|known| *known.name == **name.get_ref());
        let declared = declared
            .ok_or_else(|| origins.error(name, format!("the policy has no obligation `{}`", name.get_ref())))?;
        for (arg, written) in args {
            if !declared.params.iter().any(|param| *param.name == **arg.get_ref()) {
                let message = format!("obligation `{}` has no argument `{}`", declared.name, arg.get_ref());
                return Err(origins.error(arg, message));
            }
            let name = own_header(written, &header_for(&declared.name, arg.get_ref()))
                .map_err(|message| origins.error(written, message))?;
            if let Some(other) = headers.iter().find(|other| as_read(&other.name) == as_read(&name)) {
                let message = format!(
                    "`{name}` carries an argument of `{}` already: nobody could tell the two apart, so give each its own",
                    other.obligation
                );
                return Err(origins.error(written, message));
            }
            positions.insert((&declared.name, arg.get_ref()), headers.len());
            headers.push(Header { name, obligation: declared.name.to_string() });
        }
    }
    Ok((headers, positions))
}

fn unsayable(rule: &str, declared: &Obligation) -> OriginsError {
    OriginsError::missing(format!(
        "rule `{rule}` obliges to `{}`, which has no arguments, and headers carry only these: give it one, such as `why: String`",
        declared.name
    ))
}

/// A header that means nothing but what is written to it.
fn own_header(written: &Spanned<String>, instead: &str) -> Result<String, String> {
    let name = written.get_ref();
    match taken(name) {
        Some(why) => Err(format!("`{name}` {why}; use a header of your own, such as `{instead}`")),
        None => origin::header(name),
    }
}

/// Why a header cannot be an obligation's, if it cannot.
fn taken(name: &str) -> Option<&'static str> {
    if name.starts_with(':') {
        return Some("is part of the request line, which the policy has decided about");
    }
    match &*as_read(name) {
        "host" => Some("says where the request goes, and the client's would stay beside it"),
        "content-length" | "expect" | "trailer" | "transfer-encoding" => {
            Some("says where the message ends and how its body comes: the next server would read another request")
        }
        "connection"
        | "http2-settings"
        | "keep-alive"
        | "proxy-authenticate"
        | "proxy-authorization"
        | "proxy-connection"
        | "te"
        | "upgrade" => Some("is about the connection to the next server, which is the proxy's own"),
        envoys if envoys.starts_with("x-envoy-") => {
            Some("is one of Envoy's own headers, which it acts on, replaces or takes away")
        }
        _ => None,
    }
}

/// A header's name as servers read it that make variables of headers (RFC 3875, section 4.1.18).
fn as_read(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::taken;

    #[test]
    fn headers_that_mean_something_else_are_taken() {
        for name in [
            ":path",
            ":authority",
            "host",
            "Host",
            "content-length",
            "Content_Length",
            "transfer-encoding",
            "trailer",
            "expect",
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "upgrade",
            "http2-settings",
            "x-envoy-retry-on",
            "x-envoy-upstream-rq-timeout-ms",
            "x_envoy_internal",
        ] {
            assert!(taken(name).is_some(), "{name}");
        }
        for name in ["x-zt-audit-who", "x-hosts", "tenant", "user-agent", "x-request-id", "authorization", "forwarded"]
        {
            assert!(taken(name).is_none(), "{name}");
        }
    }
}
