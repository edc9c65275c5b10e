//! An origin: something that a proxy knows of a request, by the name that it has in origins.

use zt_eval::schema::Type;

use crate::layout::*;

/// What a proxy knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// A property that is text, by its path.
    Text(&'static str),
    /// A part of the SPIFFE ID in the peer's certificate: how it is cut out.
    Spiffe(i32),
    /// A property that is an address with a port.
    Address(&'static str),
    /// What is a pair among the headers and comes once: part of the request line, but for the path.
    Pair(&'static str),
    /// A value in the metadata of the request, or of its route: the filter, the key, and members. They have types.
    Typed { of: &'static str, path: Vec<String>, is_claim: bool },
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

/// Whose word an origin is: the order is that of trust.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Word {
    /// What the client says of itself, and nobody checks.
    Client,
    /// What the request asks for: the proxy sees it, but the client writes there what it likes.
    Asked,
    /// What the proxy knows, or others tell it that are not the client.
    Proxy,
}

impl Word {
    /// Why it is not to be trusted, after the name of an origin.
    pub fn why(self) -> &'static str {
        match self {
            Self::Client => "is the client's word, which nobody checks",
            Self::Asked => "is what the request asks for, and the client writes there what it likes",
            Self::Proxy => "is what the proxy knows",
        }
    }
}

/// The filter that verifies tokens.
pub(super) const JWT_AUTHN: &str = "envoy.filters.http.jwt_authn";
/// Filters that make metadata of a request's headers or body, under their own names unless they are told otherwise.
const TELLS_WHAT_CLIENTS_SAY: [&str; 2] =
    ["envoy.filters.http.header_to_metadata", "envoy.filters.http.json_to_metadata"];
/// What filters say of a request, all of it.
pub(super) const METADATA: &str = "metadata";
const ROUTE_METADATA: &str = "xds\0route_metadata";
/// The pair that has path and query.
pub(super) const TARGET: &str = ":path";
pub(super) const URI_SAN: &str = "connection\0uri_san_peer_certificate";
const REQUEST_ID: &str = "x-request-id";

/// All that there is, for messages.
const KNOWN: &str = "`request.method`, `.path`, `.host`, `.scheme`, `.query`, `.headers`, `.headers.NAME`, `.id`; `request`; \
    `source.address`, `destination.address`; `mtls.uri_san`, `.dns_san`, `.subject`; `mtls.spiffe.trust_domain`, `.path`, \
    `.namespace`, `.service_account`; `jwt`, `jwt.CLAIM`; `metadata.FILTER.KEY`; `route.FILTER.KEY`";

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
        let typed = |of, path: &[&str], is_claim| Self::Typed { of, path: owned(path), is_claim };
        Ok(match names.as_slice() {
            ["request"] => Self::RequestLine,
            ["request", "path"] => Self::Path,
            ["request", "query"] => Self::Query,
            ["request", "headers"] => Self::Headers,
            ["request", "headers", name @ ..] => Self::Header(header(&name.join("."))?),
            ["request", "method"] => Self::Pair(":method"),
            ["request", "host"] => Self::Pair(":authority"),
            ["request", "scheme"] => Self::Pair(":scheme"),
            ["request", "id"] => Self::Pair(REQUEST_ID),
            ["source", "address"] => Self::Address("source\0address"),
            ["destination", "address"] => Self::Address("destination\0address"),
            ["mtls", "uri_san"] => Self::Text(URI_SAN),
            ["mtls", "spiffe", "trust_domain"] => Self::Spiffe(T_FILL_TRUST_DOMAIN),
            ["mtls", "spiffe", "path"] => Self::Spiffe(T_FILL_WORKLOAD),
            ["mtls", "spiffe", "namespace"] => Self::Spiffe(T_FILL_NAMESPACE),
            ["mtls", "spiffe", "service_account"] => Self::Spiffe(T_FILL_ACCOUNT),
            ["mtls", "dns_san"] => Self::Text("connection\0dns_san_peer_certificate"),
            ["mtls", "subject"] => Self::Text("connection\0subject_peer_certificate"),
            ["jwt"] => Self::Claims,
            ["jwt", rest @ ..] => typed(METADATA, &[&[JWT_AUTHN, payload], rest].concat(), true),
            ["metadata", path @ ..] if path.len() > 1 => typed(METADATA, path, false),
            ["route", path @ ..] if path.len() > 1 => typed(ROUTE_METADATA, path, false),
            _ => return Err(format!("there is no origin `{}`; there are {KNOWN}", names.join("."))),
        })
    }

    /// Whose word it is.
    pub fn word(&self) -> Word {
        match self {
            Self::Headers | Self::Header(_) => Word::Client,
            // Proxies take the client's id for a request where it gives one.
            Self::Pair(name) if *name == REQUEST_ID => Word::Client,
            Self::Typed { path, .. }
                if path.first().is_some_and(|filter| TELLS_WHAT_CLIENTS_SAY.contains(&&**filter)) =>
            {
                Word::Client
            }
            Self::Pair(_) | Self::Path | Self::Query | Self::RequestLine => Word::Asked,
            Self::Text(_) | Self::Spiffe(_) | Self::Address(_) | Self::Typed { .. } | Self::Claims => Word::Proxy,
        }
    }

    /// How a value of a type is made of it, if it can be.
    pub fn fills(&self, ty: &Type) -> Option<i32> {
        match (self, ty.present()) {
            (Self::Query, ty) => is_map_of_lists(ty).then_some(T_FILL_QUERY),
            (Self::Headers, ty) => is_map_of_lists(ty).then_some(T_FILL_HEADERS),
            (Self::Header(_), Type::List(of) | Type::Set(of)) => is_text(of).then_some(T_FILL_HEADER_ALL),
            (Self::RequestLine | Self::Claims, Type::Record(_)) => Some(T_FILL_RECORD),
            (Self::Typed { .. }, Type::Timestamp) => Some(T_FILL_TIME),
            (Self::Typed { path, .. }, Type::List(of) | Type::Set(of)) if is_scalar(of) => {
                // Scopes are one text (RFC 8693), which jwt_authn may split, or not.
                let is_scope = matches!(path.last().map(String::as_str), Some("scope" | "scp"));
                Some(if is_scope { T_FILL_WORDS } else { T_FILL_LIST })
            }
            (Self::Typed { .. }, ty) => is_scalar(ty).then_some(T_FILL_VALUE),
            (Self::RequestLine | Self::Claims, _) => None,
            (_, ty) if !is_text(ty) => None,
            (Self::Text(_) | Self::Pair(_), _) => Some(T_FILL_NAME),
            (Self::Spiffe(kind), _) => Some(*kind),
            (Self::Address(_), _) => Some(T_FILL_ADDRESS),
            (Self::Path, _) => Some(T_FILL_PATH),
            (Self::Header(_), _) => Some(T_FILL_HEADER),
        }
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|part| (*part).to_owned()).collect()
}

/// Whether values of a type have no parts.
fn is_scalar(ty: &Type) -> bool {
    is_text(ty) || matches!(ty, Type::Bool | Type::Int)
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
