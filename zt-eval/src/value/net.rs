//! Addresses and ranges of addresses.
//!
//! An IPv4-mapped IPv6 address (RFC 4291, §2.5.5.2) is the IPv4 address that it names, so that a range of one family
//! cannot be walked around in the dress of the other.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// An IPv4 or IPv6 address; never an IPv4-mapped one.
///
/// ```
/// use zt_eval::value::Ip;
///
/// assert_eq!(Ip::parse("::ffff:10.1.2.3"), Ip::parse("10.1.2.3"));
/// assert_eq!(Ip::parse("010.1.2.3"), None); // octal to some readers
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "IpAddr", into = "IpAddr")]
pub struct Ip(IpAddr);

impl Ip {
    /// The address that the text states; `None` for leading zeros, zone ids and whatever else is no plain address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::new)
    }

    /// The address, brought to its canonical family.
    #[must_use]
    pub fn new(addr: IpAddr) -> Self {
        Self(addr.to_canonical())
    }

    /// The address for std.
    #[must_use]
    pub const fn addr(self) -> IpAddr {
        self.0
    }
}

impl From<IpAddr> for Ip {
    fn from(addr: IpAddr) -> Self {
        Self::new(addr)
    }
}

impl From<Ip> for IpAddr {
    fn from(ip: Ip) -> Self {
        ip.0
    }
}

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A range of addresses in prefix notation; all bits behind the prefix are zero.
///
/// ```
/// use zt_eval::value::{Ip, IpRange};
///
/// let office = IpRange::parse("10.0.0.0/8").unwrap();
/// assert!(office.contains(Ip::parse("10.1.2.3").unwrap()));
/// assert_eq!(IpRange::parse("10.1.0.0/8"), None); // host bits are set: which range is meant?
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "(IpAddr, u8)", into = "(IpAddr, u8)")]
pub struct IpRange {
    addr: Ip,
    prefix: u8,
}

impl IpRange {
    /// The range that `address/prefix` states; `None` where [`Ip::parse`] or [`IpRange::new`] gives none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (addr, prefix) = text.split_once('/')?;
        let is_plain = prefix.bytes().all(|byte| byte.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
        if !is_plain {
            return None;
        }
        Self::new(addr.parse().ok()?, prefix.parse().ok()?)
    }

    /// The range of the addresses that share the first `prefix` bits with `addr`; `None` when `addr` has other bits set,
    /// and for a prefix longer than the address.
    ///
    /// A range of IPv4-mapped addresses is the IPv4 range that it names. A wider IPv6 range holds IPv6 addresses only.
    #[must_use]
    pub fn new(addr: IpAddr, prefix: u8) -> Option<Self> {
        let canonical = Ip::new(addr);
        let has_changed_family = addr.is_ipv6() && canonical.0.is_ipv4();
        let prefix = if has_changed_family { prefix.checked_sub(96)? } else { prefix };
        if prefix > width(canonical.0) || network(canonical.0, prefix) != canonical.0 {
            return None;
        }
        Some(Self { addr: canonical, prefix })
    }

    /// The first address of the range.
    #[must_use]
    pub const fn addr(self) -> Ip {
        self.addr
    }

    /// The number of leading bits that its addresses share.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether the address lies in the range; never across families.
    #[must_use]
    pub fn contains(self, ip: Ip) -> bool {
        self.addr.0.is_ipv4() == ip.0.is_ipv4() && network(ip.0, self.prefix) == self.addr.0
    }
}

/// Bits of an address.
const fn width(addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with every bit behind the prefix cleared.
fn network(addr: IpAddr, prefix: u8) -> IpAddr {
    let host_bits = u32::from(width(addr).saturating_sub(prefix));
    match addr {
        // A shift by the whole width leaves no bit of the mask.
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & u32::MAX.checked_shl(host_bits).unwrap_or(0)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & u128::MAX.checked_shl(host_bits).unwrap_or(0)).into(),
    }
}

impl TryFrom<(IpAddr, u8)> for IpRange {
    type Error = &'static str;

    fn try_from((addr, prefix): (IpAddr, u8)) -> Result<Self, Self::Error> {
        Self::new(addr, prefix).ok_or("not a canonical range of addresses")
    }
}

impl From<IpRange> for (IpAddr, u8) {
    fn from(range: IpRange) -> Self {
        (range.addr.0, range.prefix)
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.addr, self.prefix)
    }
}
