//! An origin: something that a proxy knows of a request, by the name that it has in origins.

use zt_eval::schema::Type;

use crate::layout::*;

/// What a proxy knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// A property that is text.
    Text(Vec<String>),
    /// A property that is an address with a port.
    Address(Vec<String>),
    /// A property of the type that the policy declares: metadata, or a claim.
    Typed { path: Vec<String>, is_claim: bool },
    /// What stands before the query.
    Path,
    /// The query's parameters.
    Query,
    /// All headers.
    Headers,
    /// One header.
    Header(String),
    /// A record of the request line's parts.
    RequestLine,
    /// A record of claims.
    Claims,
}

/// All that there is, for messages.
const KNOWN: &str = "`request.method`, `.path`, `.host`, `.scheme`, `.query`, `.headers`, `.headers.NAME`, `.id`; `request`; \
    `source.address`, `destination.address`; `mtls.uri_san`, `.dns_san`, `.subject`; `jwt`, `jwt.CLAIM`; \
    `metadata.FILTER.KEY`; `route.FILTER.KEY`";

impl Origin {
    /// An origin from its parts; `payload` is the name under which the proxy keeps the claims.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn parse(parts: &[String], payload: &str) -> Result<Self, String> {
        let names: Vec<&str> = parts.iter().map(String::as_str).collect();
        if names.iter().any(|name| name.is_empty() || name.contains('\0')) {
            return Err(format!("an origin has a part that is empty; there are {KNOWN}"));
        }
        let text = |path: &[&str]| Self::Text(owned(path));
        let typed =
            |path: &[&str], rest: &[&str], is_claim| Self::Typed { path: owned(&[path, rest].concat()), is_claim };
        Ok(match names.as_slice() {
            ["request"] => Self::RequestLine,
            ["request", "path"] => Self::Path,
            ["request", "query"] => Self::Query,
            ["request", "headers"] => Self::Headers,
            ["request", "headers", name @ ..] => Self::Header(header(&name.join("."))?),
            ["request", "method" | "host" | "scheme" | "id"] => text(&names),
            ["source" | "destination", "address"] => Self::Address(owned(&names)),
            ["mtls", "uri_san"] => text(&["connection", "uri_san_peer_certificate"]),
            ["mtls", "dns_san"] => text(&["connection", "dns_san_peer_certificate"]),
            ["mtls", "subject"] => text(&["connection", "subject_peer_certificate"]),
            ["jwt"] => Self::Claims,
            ["jwt", rest @ ..] => {
                typed(&["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", payload], rest, true)
            }
            ["metadata", filter, key, rest @ ..] => typed(&["metadata", "filter_metadata", filter, key], rest, false),
            ["route", filter, key, rest @ ..] => {
                typed(&["xds", "route_metadata", "filter_metadata", filter, key], rest, false)
            }
            _ => return Err(format!("there is no origin `{}`; there are {KNOWN}", names.join("."))),
        })
    }

    /// Whether the client says it of itself, and nobody checks.
    pub fn is_clients_word(&self) -> bool {
        match self {
            Self::Headers | Self::Header(_) => true,
            // Proxies take the client's id for a request where it gives one.
            Self::Text(path) => path.iter().map(String::as_str).eq(["request", "id"]),
            _ => false,
        }
    }

    /// The property that is asked for, if it is one, and whether it is a claim.
    pub fn property(&self) -> Option<(Vec<String>, bool)> {
        match self {
            Self::Text(path) | Self::Address(path) => Some((path.clone(), false)),
            Self::Typed { path, is_claim } => Some((path.clone(), *is_claim)),
            // Not `request.query`: a host that has none is not told apart there from one that has an empty one.
            Self::Path | Self::Query => Some((owned(&["request", "path"]), false)),
            Self::Headers | Self::Header(_) | Self::RequestLine | Self::Claims => None,
        }
    }

    /// How a value of a type is made of it, if it can be.
    pub fn fills(&self, ty: &Type) -> Option<i32> {
        match (self, ty.present()) {
            (Self::Query, ty) => is_map_of_lists(ty).then_some(T_FILL_QUERY),
            (Self::Headers, ty) => is_map_of_lists(ty).then_some(T_FILL_HEADERS),
            (Self::Header(_), Type::List(of) | Type::Set(of)) => is_text(of).then_some(T_FILL_HEADER_ALL),
            (Self::RequestLine | Self::Claims, Type::Record(_)) => Some(T_FILL_RECORD),
            (Self::Typed { .. }, Type::Bool) => Some(T_FILL_BOOL),
            (Self::Typed { .. }, Type::Int) => Some(T_FILL_NUMBER),
            (Self::Typed { .. }, Type::Timestamp) => Some(T_FILL_TIME),
            (Self::Typed { path, .. }, Type::List(of) | Type::Set(of)) if is_text(of) => {
                // Scopes are one text (RFC 8693), which jwt_authn may split, or not.
                let is_scope = matches!(path.last().map(String::as_str), Some("scope" | "scp"));
                Some(if is_scope { T_FILL_WORDS } else { T_FILL_TEXTS })
            }
            (Self::RequestLine | Self::Claims, _) => None,
            (_, ty) if !is_text(ty) => None,
            (Self::Text(_), _) => Some(T_FILL_NAME),
            (Self::Typed { .. }, _) => Some(T_FILL_TEXT),
            (Self::Address(_), _) => Some(T_FILL_ADDRESS),
            (Self::Path, _) => Some(T_FILL_PATH),
            (Self::Header(_), _) => Some(T_FILL_HEADER),
        }
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|part| (*part).to_owned()).collect()
}

/// Whether values of a type are written as text.
fn is_text(ty: &Type) -> bool {
    match ty {
        Type::Decimal
        | Type::String
        | Type::Timestamp
        | Type::Duration
        | Type::Ip
        | Type::IpRange
        | Type::Version
        | Type::Quantity
        | Type::Path
        | Type::Host
        | Type::Enum(_) => true,
        Type::Bool
        | Type::Int
        | Type::Entity(_)
        | Type::Record(_)
        | Type::Set(_)
        | Type::List(_)
        | Type::Map(_)
        | Type::Optional(_) => false,
    }
}

fn is_map_of_lists(ty: &Type) -> bool {
    match ty {
        Type::Map(of) => matches!(&**of, Type::List(of) | Type::Set(of) if is_text(of)),
        _ => false,
    }
}

/// A header's name, as maps of headers have it (RFC 9110, section 5.1).
///
/// # Errors
///
/// When it is none.
pub(super) fn header(name: &str) -> Result<String, String> {
    let is_token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("`{name}` is no name of a header, in small letters"));
    }
    Ok(name.to_owned())
}

/// Whether a header can carry values of a type.
pub(super) fn can_be_header(ty: &Type) -> bool {
    !matches!(ty, Type::Entity(_) | Type::Record(_) | Type::Set(_) | Type::List(_) | Type::Map(_) | Type::Optional(_))
}
