//! Host names.

use zt_eval::value::Host;

use super::super::super::hostname::*;
use super::*;

fn check(text: &str) {
    start();
    let read = parsed(text, hostname_parse);
    let expected = Host::parse(text);
    assert_eq!(read.is_some(), expected.is_some(), "{text:?}");
    if let (Some(cell), Some(host)) = (read, expected) {
        assert_eq!((env::ld32(cell), text_of(cell).as_str()), (T_HOST, host.as_str()), "{text:?}");
    }
}

#[test]
fn hosts_of_every_form_are_read() {
    let label = "a".repeat(63);
    let name = [&*label; 3].join(".") + "." + &"a".repeat(61);
    let texts = [
        "", ".", "..", "a", "a.", "a..", ".a", "a..b", "A", "API.Example.COM.:8443", "a:", "a:0", "a:65535", "a:65536", "a:00080",
        "a:000080", "a:8o", "a:80:80", ":80", ".:80", "a.:80", "a:80.", "a-b_c", "-", "_", "a b", "a/b", "é", "a@b", "a[", "a{", "a`",
        "127.0.0.1", "127.0.0.1.", "127.0.0.1:80", "127.1", "1", "0x7f", "0x", "0X7F", "a.0x7f", "a.0xg", "a.0X", "a.1", "1.a", "a.1e",
        "256.1.1.1", "01.1.1.1", "0x7f.0.0.1", "[::1]", "[::1]:80", "[::1]:", "[::1]x", "[::1].", "[::1", "[]", "[", "]", "[::1]]",
        "[2001:DB8:0::1]:443", "[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]:1", "[1.2.3.4]", "[::1%25eth0]", "[1:2:3:4:5:6:7:8]", "[::ffff:0:0]",
        &label, &(label.clone() + "a"), &format!("a.{label}a.b"), &name, &format!("{name}."), &format!("{name}a"), &format!("{name}:80"),
        "a.b.c.d.e.f", "A.b", "a.B.1", "1.2.3.4.5", "0.0.0.0", "xn--a", "a.0xAF", "::1", "a::1",
    ];
    for text in texts {
        check(text);
    }
}

proptest! {
    #[test]
    fn hosts_are_read(text in nearly("[a-zA-Z0-9_-]{1,5}(\\.[a-zA-Z0-9_-]{1,5}){0,3}\\.?(:[0-9]{1,5})?".boxed(), ".:[]0xAz9-/ é")) {
        check(&text);
    }

    #[test]
    fn hosts_of_numbers_are_read(text in nearly("(0|0x)?[0-9a-fA-F]{0,3}(\\.[0-9]{1,3}){0,3}\\.?".boxed(), ".0x1")) {
        check(&text);
    }

    #[test]
    fn bracketed_addresses_are_read(groups in prop::array::uniform8(prop_oneof![3 => Just(0u16), 1 => any::<u16>()]), port in "(:[0-9]{1,5})?", mapped in any::<bool>()) {
        let mut groups = groups;
        if mapped {
            groups[..6].copy_from_slice(&[0, 0, 0, 0, 0, 0xffff]);
        }
        let ip = std::net::Ipv6Addr::from(groups);
        check(&format!("[{ip}]{port}"));
        let long: Vec<String> = groups.iter().map(|group| format!("{group:04X}")).collect();
        check(&format!("[{}]{port}", long.join(":")));
    }
}
