//! Lists of names in order.

use proptest::prelude::*;
use zt_eval::id::EntityTypeId;
use zt_eval::value::EntityUid;

use super::machine::{place_uid, uid_at};
use crate::runtime::env::copy;
use crate::runtime::layout::*;
use crate::runtime::memory::alloc;
use crate::runtime::store::{names_ascend, names_sort, uid_equal, uid_hash, uid_search};
use crate::runtime::tests::start;

fn uids() -> impl Strategy<Value = Vec<EntityUid>> {
    let uid = (0usize..3, "[ab\u{e4}]{0,3}")
        .prop_map(|(ty, id)| EntityUid { ty: EntityTypeId::new(ty), id: id.as_str().into() });
    proptest::collection::vec(uid, 0..40)
}

proptest! {
    #[test]
    fn names_are_sorted_and_found(uids in uids(), stride in 1i32..4) {
        start();
        let stride = stride * CELL;
        let count = uids.len() as i32;
        let items = alloc(count * stride);
        for (at, uid) in (0..).zip(&uids) {
            copy(items + at * stride, place_uid(uid), CELL);
        }
        let ascends = uids.is_sorted_by(|a, b| a < b);
        prop_assert_eq!(names_ascend(items, count, stride), ascends);
        names_sort(items, count, stride);
        let sorted: Vec<EntityUid> = (0..count).map(|at| uid_at(items + at * stride)).collect();
        let mut expected = uids.clone();
        expected.sort();
        prop_assert_eq!(&sorted, &expected);
        if stride == CELL {
            let other = EntityUid { ty: EntityTypeId::new(1), id: "c".into() };
            prop_assert_eq!(uid_search(place_uid(&other), items, count), -1);
            for uid in &uids {
                let at = uid_search(place_uid(uid), items, count);
                prop_assert_eq!(&uid_at(items + at * CELL), uid);
            }
        }
        for (left, right) in uids.iter().zip(&expected) {
            let (a, b) = (place_uid(left), place_uid(right));
            prop_assert_eq!(uid_equal(a, b), left == right);
            prop_assert_eq!(uid_hash(a) == uid_hash(b), left == right);
        }
    }
}
