//! An API gateway: one decision for each HTTP request, from about 460 bytes of JSON.
//!
//! The policy has 50 to 5,000 routes. What is expected of each request is known to whoever generates it, and all engines
//! have to agree with that before they are timed.

pub mod requests;
pub mod routes;

mod cedar;

use std::hint::black_box;
use std::rc::Rc;

use serde::Deserialize;
use zt_eval::Mode;

use crate::documents::{Cel, Documents, Rego, reader, readers};
use crate::harness::{Case, Contender, Workload};
use crate::module;
use crate::zt::Shared;

/// How many requests are decided in turn.
pub const REQUESTS: usize = 480;

/// Programs of regorus's virtual machine have no more than 65,535 instructions, and a route takes 45. The interpreter has
/// no such limit, and routes as data need few instructions.
const RVM_ROUTES_MAX: usize = 1_000;

/// Where regorus finds the answer.
pub(crate) const RULE: &str = "data.gateway.allow";

/// Deciding from the document.
pub const FROM_JSON: Workload = Workload {
    name: "gateway/json",
    about: "An API gateway's policy: route patterns, methods, scopes, issuer, audience, expiry, address ranges, maintenance \
            windows. From about 460 bytes of JSON to the decision; `serde_json` reads the same bytes for scale. \
            regorus's virtual machine does not take a program of 5,000 routes.",
    axis: "routes",
    cases: &["50", "500", "5000"],
    build: from_json,
};

/// Deciding what has been read.
pub const PREPARED: Workload = Workload {
    name: "gateway/prepared",
    about: "The same policies and requests, the requests read and prepared as each engine likes them.",
    axis: "routes",
    cases: &["50", "500", "5000"],
    build: prepared,
};

fn from_json(case: &str) -> Case {
    let routes = case.parse().expect("a case is a number of routes");
    let documents = documents(routes);
    let zt = Shared::new(&routes::zt(routes));
    let mut contenders =
        vec![zt.from_json("zt, effect", &documents, Mode::Effect), zt.from_json("zt, full", &documents, Mode::Full)];
    contenders.push(module::contender("zt, module, effect", &routes::zt(routes), &documents, Mode::Effect));
    contenders.push(module::contender("zt, module, full", &routes::zt(routes), &documents, Mode::Full));
    contenders.extend(readers(&documents));
    contenders.push(reader("serde_json to a borrowed struct", &documents, |json| {
        black_box(serde_json::from_slice::<Borrowed<'_>>(json).unwrap());
    }));
    let some = some(routes);
    contenders.push(cedar::from_json(routes, &documents).at_most(some));
    if routes <= RVM_ROUTES_MAX {
        contenders.push(rego(routes).vm("regorus, RVM", &documents).at_most(some));
    }
    contenders.push(rego_indexed(routes).vm("regorus, RVM, routes as data", &documents));
    contenders.push(rego(routes).interpreter("regorus, interpreter", &documents).at_most(some));
    contenders.push(cel(routes).from_json("cel", &documents).at_most(some));
    case_of(&documents, contenders)
}

fn prepared(case: &str) -> Case {
    let routes = case.parse().expect("a case is a number of routes");
    let documents = documents(routes);
    let zt = Shared::new(&routes::zt(routes));
    let mut contenders =
        vec![zt.prepared("zt, effect", &documents, Mode::Effect), zt.prepared("zt, full", &documents, Mode::Full)];
    let some = some(routes);
    contenders.push(cedar::prepared(routes, &documents).at_most(some));
    if routes <= RVM_ROUTES_MAX {
        contenders.push(rego(routes).vm_prepared("regorus, RVM", &documents).at_most(some));
    }
    contenders.push(rego_indexed(routes).vm_prepared("regorus, RVM, routes as data", &documents));
    contenders.push(cel(routes).prepared("cel", &documents).at_most(some));
    case_of(&documents, contenders)
}

/// How many requests an engine is asked that looks at every route; the first 48 have every flaw twice.
fn some(routes: usize) -> usize {
    (48_000 / routes).clamp(48, REQUESTS)
}

fn case_of(documents: &Documents, contenders: Vec<Contender>) -> Case {
    Case { requests: documents.iter().map(|document| document.text().to_owned()).collect(), contenders }
}

/// The requests for so many routes.
#[must_use]
pub fn documents(routes: usize) -> Documents {
    Rc::from(requests::requests(routes, REQUESTS))
}

/// The policy in Rego, a rule for each route.
#[must_use]
pub fn rego(routes: usize) -> Rego {
    Rego::new(&routes::rego(routes), "{}", RULE)
}

/// The policy in Rego, the routes as data.
#[must_use]
pub fn rego_indexed(routes: usize) -> Rego {
    Rego::new(&routes::rego_indexed(), &routes::rego_data(routes), RULE)
}

fn cel(routes: usize) -> Cel {
    let (denials, permissions) = routes::cel(routes);
    Cel::new(&[], &denials, &permissions)
}

/// What a program written for this one policy would read.
#[derive(Deserialize)]
#[allow(dead_code, reason = "the time to read it is what counts")]
struct Borrowed<'a> {
    #[serde(borrow)]
    subject: Named<'a>,
    #[serde(borrow)]
    resource: Resource<'a>,
    #[serde(borrow)]
    context: Evidence<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "the time to read it is what counts")]
struct Named<'a> {
    r#type: &'a str,
    id: &'a str,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "the time to read it is what counts")]
struct Resource<'a> {
    r#type: &'a str,
    id: &'a str,
    #[serde(borrow)]
    properties: Properties<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "the time to read it is what counts")]
struct Properties<'a> {
    method: &'a str,
    path: &'a str,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "the time to read it is what counts")]
struct Evidence<'a> {
    source_ip: &'a str,
    #[serde(borrow)]
    token: Token<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "the time to read it is what counts")]
struct Token<'a> {
    iss: &'a str,
    aud: Vec<&'a str>,
    exp: i64,
    scopes: Vec<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::effect;

    #[test]
    fn requests_have_their_size_and_are_mixed() {
        let documents = documents(500);
        let bytes = documents.iter().map(|document| document.json.len()).sum::<usize>() / documents.len();
        assert!((440..480).contains(&bytes), "{bytes}");
        let allowed = documents.iter().filter(|document| document.allowed).count();
        assert!((200..320).contains(&allowed), "{allowed}");
    }

    #[test]
    fn all_engines_decide_as_expected() {
        for mut case in [from_json("50"), prepared("50")] {
            case.compare("gateway");
            for (request, document) in documents(50).iter().enumerate() {
                assert_eq!(case.contenders[0].decide(request), effect(document.allowed), "{}", document.text());
            }
        }
    }
}
