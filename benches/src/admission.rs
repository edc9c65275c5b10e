//! Kubernetes admission: the *restricted* Pod Security Standard over AdmissionReviews of about 7 kB.
//!
//! The standard's controls are the same in each language, in the files beside this one. Cedar is not among the peers: it has
//! no quantifiers, so that a rule about each container cannot be written in it.

mod review;
mod typed;

use std::hint::black_box;
use std::rc::Rc;

use zt_eval::Mode;

use crate::documents::{Cel, Document, Documents, Rego, reader, readers};
use crate::harness::{Case, Contender, Workload};
use crate::module;
use crate::zt::Shared;

/// The policy.
pub const ZT: &str = include_str!("admission/restricted.zt");
/// The policy in Rego.
pub(crate) const REGO: &str = include_str!("admission/restricted.rego");
const CEL: &str = include_str!("admission/restricted.cel");

/// Where regorus finds the answer.
pub(crate) const RULE: &str = "data.admission.allow";

/// Deciding from the review.
pub const FROM_JSON: Workload = Workload {
    name: "admission/json",
    about: "Kubernetes admission: the restricted Pod Security Standard. From an AdmissionReview of about 7 kB, of a Pod with \
            four containers, to the decision; `serde_json` reads the same bytes for scale.",
    axis: "reviews",
    cases: &["mixed", "allowed"],
    build: from_json,
};

/// Deciding what has been read.
pub const PREPARED: Workload = Workload {
    name: "admission/prepared",
    about: "The same policies and reviews, read and prepared as each engine likes them.",
    axis: "reviews",
    cases: &["mixed", "allowed"],
    build: prepared,
};

fn from_json(case: &str) -> Case {
    let documents = documents(case);
    let zt = Shared::new(ZT);
    let mut contenders =
        vec![zt.from_json("zt, effect", &documents, Mode::Effect), zt.from_json("zt, full", &documents, Mode::Full)];
    contenders.push(module::contender("zt, module, effect", ZT, &documents, Mode::Effect));
    contenders.push(module::contender("zt, module, full", ZT, &documents, Mode::Full));
    contenders.extend(readers(&documents));
    contenders.push(reader("serde_json to a typed struct", &documents, |json| {
        black_box(serde_json::from_slice::<typed::Typed>(json).unwrap());
    }));
    contenders.push(rego().vm("regorus, RVM", &documents));
    contenders.push(rego().interpreter("regorus, interpreter", &documents));
    contenders.push(cel().from_json("cel", &documents));
    case_of(&documents, contenders)
}

fn prepared(case: &str) -> Case {
    let documents = documents(case);
    let zt = Shared::new(ZT);
    let mut contenders =
        vec![zt.prepared("zt, effect", &documents, Mode::Effect), zt.prepared("zt, full", &documents, Mode::Full)];
    contenders.push(rego().vm_prepared("regorus, RVM", &documents));
    contenders.push(cel().prepared("cel", &documents));
    case_of(&documents, contenders)
}

fn case_of(documents: &Documents, contenders: Vec<Contender>) -> Case {
    let name = |document: &Document| review::name(document);
    Case { requests: documents.iter().map(name).collect(), contenders }
}

/// The reviews of a case: `mixed` or `allowed`.
#[must_use]
pub fn documents(case: &str) -> Documents {
    let is_wanted = |document: &Document| document.allowed || case == "mixed";
    Rc::from(review::reviews().into_iter().filter(is_wanted).collect::<Vec<_>>())
}

fn rego() -> Rego {
    Rego::new(REGO, "{}", RULE)
}

/// Reads the file of CEL, which says at its head how it is laid out.
fn cel() -> Cel {
    let mut variables = Vec::new();
    let mut conditions = Vec::new();
    for block in CEL.split("\n\n").filter(|block| !block.starts_with("//")) {
        match block.split_once(" := ") {
            Some((name, text)) => variables.push((name.to_owned(), text.to_owned())),
            None => conditions.push(block.to_owned()),
        }
    }
    let (permission, denials) = conditions.split_first().expect("the file has conditions");
    Cel::new(&variables, denials, std::slice::from_ref(permission))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::effect;

    #[test]
    fn reviews_have_their_size() {
        let documents = documents("allowed");
        let bytes = documents.iter().map(|document| document.json.len()).sum::<usize>() / documents.len();
        assert!((6_800..7_400).contains(&bytes), "{bytes}");
    }

    #[test]
    fn all_engines_decide_as_expected() {
        for mut case in [from_json("mixed"), prepared("mixed")] {
            case.compare("admission");
            for (request, document) in documents("mixed").iter().enumerate() {
                assert_eq!(case.contenders[0].decide(request), effect(document.allowed), "{}", review::name(document));
            }
        }
    }
}
