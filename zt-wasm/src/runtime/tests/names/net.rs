//! Addresses and ranges.

use std::net::{Ipv4Addr, Ipv6Addr};

use zt_eval::value::{Ip, IpRange};

use super::super::super::address::*;
use super::*;

fn texts() -> impl Strategy<Value = String> {
    let sparse = prop::array::uniform8(prop_oneof![3 => Just(0u16), 1 => 0..=20u16, 1 => any::<u16>()]);
    let v6 = sparse.prop_map(|groups| Ipv6Addr::from(groups).to_string());
    let long = prop::collection::vec(prop_oneof![Just(0u16), any::<u16>()], 5..9)
        .prop_map(|groups| groups.iter().map(|group| format!("{group:x}")).collect::<Vec<_>>().join(":"));
    let v4 = any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).to_string());
    let mixed = (prop_oneof!["([0-9a-fA-F]{1,4}:){0,6}", "::(ffff:)?", "(0:){5}(ffff:)?", "([0-9]{1,4}:){0,4}:"], v4.clone())
        .prop_map(|(head, tail)| head + &tail);
    prop_oneof![v6, long, v4, mixed, "([0-9A-Fa-f]{0,4}:){0,8}[0-9A-Fa-f]{0,4}", "[0-9]{1,3}(\\.[0-9]{1,3}){3}"]
}

fn near() -> impl Strategy<Value = String> {
    nearly(texts(), "0159afAF:./%g[ é")
}

/// The cell has the address, and all 16 bytes are determined by it.
fn check_cell(cell: i32, ip: Ip, tag: i32) {
    assert_eq!(env::ld32(cell), tag);
    let bytes = env::read(env::ld32(cell + 8), 16);
    let (family, expected) = match ip.addr() {
        std::net::IpAddr::V4(v4) => (4, [v4.octets().to_vec(), vec![0; 12]].concat()),
        std::net::IpAddr::V6(v6) => (6, v6.octets().to_vec()),
    };
    assert_eq!((env::ld32(cell + 4) & 255, bytes), (family, expected));
}

fn check(text: &str) {
    start();
    let ip = parsed(text, ip_parse);
    assert_eq!(ip.is_some(), Ip::parse(text).is_some(), "{text:?}");
    if let (Some(cell), Some(ip)) = (ip, Ip::parse(text)) {
        check_cell(cell, ip, T_IP);
        assert_eq!(written(|| out_ip(cell)), ip.to_string());
    }
}

fn check_range(text: &str) {
    start();
    let range = parsed(text, range_parse);
    assert_eq!(range.is_some(), IpRange::parse(text).is_some(), "{text:?}");
    if let (Some(cell), Some(range)) = (range, IpRange::parse(text)) {
        check_cell(cell, range.addr(), T_RANGE);
        assert_eq!(env::ld32(cell + 4) >> 8, i32::from(range.prefix()));
        assert_eq!(written(|| out_range(cell)), range.to_string());
    }
}

#[test]
fn addresses_of_every_form_are_read() {
    let texts = [
        "", ":", "::", ":::", "::1", "1::", "1::2", "1::2::3", ":1", "1:", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3::4:5:6:7:8", "1:2:3::5:6:7:8", "12345::",
        "::12345", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4", "1::1.2.3.4",
        "1:2:3:4:5::1.2.3.4", "1:2:3:4:5:6::1.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "::ffff:1.2.3.4", "::FFFF:102:304",
        "::fffe:1.2.3.4", "::ffff:0:1.2.3.4", "0:0:0:0:0:ffff:1.2.3.4", "::ffff:1.2.3", "::ffff:01.2.3.4", "::1.2.3.400",
        "::0001", "::00001", "1.2.3.4", "0.0.0.0", "255.255.255.255", "256.0.0.0", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3",
        "01.2.3.4", "00.0.0.0", "1.2.3.0004", "1..2.3", " 1.2.3.4", "1.2.3.4 ", "fe80::1%eth0", "[::1]", "1.2.3.4:80", "+1.2.3.4",
        "0000000000000000000.0.0.0", "::g", "1::g", "0x1.2.3.4",
    ];
    for text in texts {
        check(text);
    }
}

#[test]
fn ranges_of_every_form_are_read() {
    let texts = [
        "", "/", "1.2.3.4", "1.2.3.4/", "1.2.3.4/32", "1.2.3.4/33", "1.2.3.4/31", "1.2.3.4/032", "0.0.0.0/0", "0.0.0.0/00",
        "10.0.0.0/8", "10.1.0.0/8", "10.128.0.0/9", "10.64.0.0/9", "::/0", "::/128", "::1/128", "::1/127", "::/129", "::/256",
        "::/1000", "::ffff:10.0.0.0/104", "::ffff:10.0.0.0/96", "::ffff:10.0.0.0/95", "::ffff:0.0.0.0/96", "::ffff:0:0/96",
        "::ffff:0:0/95", "::ffff:0:0/128", "::/80", "2001:db8::/32", "2001:db8::/28", "2001:db8::/29", "1.2.3.4/8/8", "/8",
        "1.0.0.0/+8", "1.0.0.0/ 8", "1.0.0.0/8 ", "::ffff:1.2.3.4/255", "1.2.3.4/255",
    ];
    for text in texts {
        check_range(text);
    }
}

proptest! {
    #[test]
    fn addresses_are_read_and_written(text in near()) {
        check(&text);
    }

    #[test]
    fn ranges_are_read_and_written(text in nearly(texts(), "01:."), prefix in 0..=140u32, is_wide in any::<bool>()) {
        // Mostly without bits behind the prefix.
        let network = Ip::parse(&text).map(|ip| match ip.addr() {
            std::net::IpAddr::V4(v4) => {
                let bits = v4.to_bits() & u32::MAX.checked_shl(32u32.saturating_sub(prefix)).unwrap_or(0);
                let mapped = Ipv4Addr::from(bits).to_ipv6_mapped();
                if is_wide { format!("{mapped}/{}", prefix + 96) } else { format!("{}/{prefix}", Ipv4Addr::from(bits)) }
            }
            std::net::IpAddr::V6(v6) => {
                let bits = v6.to_bits() & u128::MAX.checked_shl(128u32.saturating_sub(prefix)).unwrap_or(0);
                format!("{}/{prefix}", Ipv6Addr::from(bits))
            }
        });
        check_range(&format!("{text}/{prefix}"));
        if let Some(network) = network {
            check_range(&network);
        }
    }

    #[test]
    fn text_near_a_range_is_read(text in nearly((texts(), "/[0-9]{0,3}").prop_map(|(ip, prefix)| ip + &prefix), "/0:.1+")) {
        check_range(&text);
    }

    #[test]
    fn ranges_hold_addresses(bits in any::<u128>(), flipped in 0..128u32, prefix in 0..=128u8, is_v4 in any::<bool>(), other in any::<bool>()) {
        start();
        let ip = |bits: u128, is_v4: bool| {
            if is_v4 { Ip::new(Ipv4Addr::from(bits as u32).into()) } else { Ip::new(Ipv6Addr::from(bits).into()) }
        };
        let prefix = if is_v4 { prefix % 33 } else { prefix };
        let width = if is_v4 { 32u32 } else { 128 };
        let mask = u128::MAX.checked_shl(width - u32::from(prefix)).unwrap_or(0);
        let Some(range) = IpRange::new(ip(bits & mask, is_v4).addr(), prefix) else {
            return Ok(());
        };
        let range_cell = parsed(&range.to_string(), range_parse).unwrap();
        for address in [ip(bits, is_v4), ip(bits ^ (1 << flipped), is_v4), ip(bits, is_v4 != other)] {
            let ip_cell = parsed(&address.to_string(), ip_parse).unwrap();
            prop_assert_eq!(range_holds(range_cell, ip_cell), range.contains(address), "{} {}", range, address);
        }
    }
}
