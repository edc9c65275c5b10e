//! A policy in its author's own layout compiles, passes its test, and is formatted to the policy of the example.

use zt_lang::{Options, Sources, parse, syntax, testing};

const AS_WRITTEN: &str = include_str!("../layout/documents.zt");
const FORMATTED: &str = include_str!("../../../examples/documents/documents.zt");

#[test]
fn layout_is_the_authors_own_until_it_is_formatted() {
    let checked = parse(Sources::single("documents.zt", AS_WRITTEN), &Options::default()).typecheck().unwrap();
    assert_eq!(checked.warnings().diagnostics, []);
    let results = testing::run(checked.hir(), &checked.lower().unwrap(), None);
    assert_eq!(results.len(), 1);
    assert!(results.iter().all(testing::TestResult::passed), "{results:?}");
    assert_eq!(syntax::format(AS_WRITTEN).unwrap(), FORMATTED);
    assert_eq!(syntax::format(FORMATTED).unwrap(), FORMATTED);
}
