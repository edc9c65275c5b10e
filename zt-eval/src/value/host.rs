//! Host names in one form.

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::net::Ip;
use super::number::is_digits;
use super::text::Text;

/// A canonical host: a name in lower case without port and trailing dot, an IPv4 address, or an IPv6 address in brackets.
///
/// ```
/// use zt_eval::value::Host;
///
/// assert_eq!(Host::parse("API.Example.COM.:8443"), Host::parse("api.example.com"));
/// assert_eq!(Host::parse("[2001:DB8:0::1]:443").unwrap().as_str(), "[2001:db8::1]");
/// assert_eq!(Host::parse("a..b"), None);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(Text);

impl Host {
    /// The longest name, in bytes (RFC 1035, §2.3.4, without the dots that DNS does not count).
    pub const LEN_MAX: usize = 253;

    /// The longest label, in bytes.
    pub const LABEL_LEN_MAX: usize = 63;

    /// The host that the text names, in any case, with an optional port and one optional trailing dot. `None` for other
    /// characters than ASCII letters, digits, `-` and `_`, for empty or overlong labels, and for a name whose last label
    /// is a number without the whole being a canonical IPv4 address: other readers take `127.1` and `0x7f.1` for one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('[') {
            Some(rest) => parse_bracketed(rest),
            None => parse_name(text),
        }
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels from left to right; a bracketed address is one.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }
}

/// Whether the text is one label in lower case.
pub(crate) fn is_label(text: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    (1..=Host::LABEL_LEN_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn parse_bracketed(rest: &str) -> Option<Host> {
    let (addr, behind) = rest.split_once(']')?;
    if !behind.is_empty() && !behind.strip_prefix(':').is_some_and(is_port) {
        return None;
    }
    let ip = Ip::new(addr.parse::<Ipv6Addr>().ok()?.into());
    let text = if ip.addr().is_ipv4() { ip.to_string() } else { format!("[{ip}]") };
    Some(Host(text.into()))
}

fn parse_name(text: &str) -> Option<Host> {
    let name = match text.split_once(':') {
        Some((name, port)) => Some(name).filter(|_| is_port(port))?,
        None => text,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.len() > Host::LEN_MAX {
        return None;
    }
    let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    };
    let is_canonical = name.split('.').all(is_label) && (!ends_in_number(&name) || name.parse::<Ipv4Addr>().is_ok());
    is_canonical.then(|| Host(name.into()))
}

fn is_port(text: &str) -> bool {
    text.len() <= 5 && is_digits(text) && text.parse::<u16>().is_ok()
}

/// Whether a URL parser would take the name for an IPv4 address (WHATWG URL Standard, "ends in a number checker").
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digits(last) || last.strip_prefix("0x").is_some_and(is_hex)
}

impl TryFrom<String> for Host {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).filter(|host| host.as_str() == text).ok_or("not a canonical host")
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.as_str().to_owned()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
