//! Versions.

use zt_eval::value::Version;

use super::super::super::version::*;
use super::*;

fn texts() -> impl Strategy<Value = String> {
    let number = prop_oneof![4 => "(0|[1-9][0-9]{0,2})", 1 => any::<u64>().prop_map(|number| number.to_string())];
    let identifiers = "(0|[1-9][0-9]{0,2}|[0-9a-zA-Z-]{1,4})(\\.(0|[1-9]|[0-9a-b-]{1,3})){0,2}";
    (number.clone(), number.clone(), number, prop::option::of(identifiers), prop::option::of("[0-9a-zA-Z.-]{1,6}")).prop_map(
        |(major, minor, patch, pre, build)| {
            let pre = pre.map_or(String::new(), |pre| format!("-{pre}"));
            let build = build.map_or(String::new(), |build| format!("+{build}"));
            format!("{major}.{minor}.{patch}{pre}{build}")
        },
    )
}

fn check(text: &str) -> Option<(i32, Version)> {
    let read = parsed(text, version_parse);
    let expected = Version::parse(text);
    assert_eq!(read.is_some(), expected.is_some(), "{text:?}");
    let (cell, expected) = (read?, expected?);
    let version = env::ld32(cell + 8);
    let part = |at: i32| env::ld64(version + at) as u64;
    let pre = env::read(env::ld32(version + 24), env::ld32(version + 28));
    assert_eq!(env::ld32(cell), T_VERSION);
    assert_eq!((part(0), part(8), part(16)), expected.core());
    assert_eq!((pre.as_slice(), part(32)), (expected.pre_release().as_bytes(), 0));
    assert_eq!(written(|| out_version(cell)), expected.to_string());
    Some((cell, expected))
}

#[test]
fn versions_of_every_form_are_read() {
    let long = format!("1.0.0-{}", "a".repeat(250));
    let too_long = format!("1.0.0-{}", "a".repeat(251));
    let texts = [
        "", "1", "1.2", "1.2.3", "1.2.3.4", "01.2.3", "1.02.3", "1.2.03", "0.0.0", "00.0.0", "1..3", ".1.2", "1.2.", "1.2.3-",
        "1.2.3+", "1.2.3-+a", "1.2.3-a+", "1.2.3-a", "1.2.3-0", "1.2.3-00", "1.2.3-01", "1.2.3-0a", "1.2.3-a.01", "1.2.3-a..b",
        "1.2.3-a.", "1.2.3-.a", "1.2.3+01.00", "1.2.3+a+b", "1.2.3-a+b-c", "1.2.3--", "1.2.3---.-", "1.2.3-é", "1.2.3 ",
        "18446744073709551615.0.0", "18446744073709551616.0.0", "18446744073709551620.0.0", "184467440737095516150.0.0",
        "0.0.18446744073709551615-18446744073709551616", "v1.2.3", "1.2.3-[", "1.2.3-@", "1.2.3-`", "1.2.3-{", &long, &too_long,
    ];
    for text in texts {
        start();
        check(text);
    }
}

proptest! {
    #[test]
    fn versions_are_read_and_written(text in nearly(texts(), "019aZ.-+ é")) {
        start();
        check(&text);
    }

    #[test]
    fn versions_are_ordered(a in nearly(texts(), "019aZ.-+"), b in nearly(texts(), "019aZ.-+"), pre in prop::array::uniform2("[0-1a-]{1,2}(\\.[0-1a-]{1,2}){0,2}")) {
        let [first, second] = pre.map(|pre| format!("1.0.0-{pre}"));
        let all: Vec<_> = {
            start();
            [&*a, &*b, &*first, &*second, "1.0.0"].into_iter().filter_map(check).collect()
        };
        for (left, a) in &all {
            for (right, b) in &all {
                prop_assert_eq!(version_order(*left, *right), a.cmp(b) as i32, "{} {}", a, b);
                prop_assert_eq!(version_equal(*left, *right), a == b, "{} {}", a, b);
            }
        }
    }
}
