//! How the result looks.

use super::*;

#[test]
fn the_samples_settle() {
    for text in [include_str!("sample_documents.zt"), include_str!("sample_everything.zt")] {
        let once = formatted(text);
        assert_eq!(formatted(&once), once);
    }
}
