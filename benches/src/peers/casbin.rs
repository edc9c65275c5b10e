//! Casbin: rules and hierarchies as its own policy lines, loaded into memory. A decision is `enforce`, which runs the
//! matcher on one rule after the other.

use casbin::{CoreApi, DefaultModel, Enforcer, MgmtApi};

use crate::harness::{Contender, effect};

/// What a model is told: rules, and who is in what.
#[derive(Debug, Default)]
pub struct Lines {
    /// Policy rules, `p`.
    pub rules: Vec<Vec<String>>,
    /// Children and parents, `g`.
    pub subjects: Vec<Vec<String>>,
    /// The same of resources, `g2`.
    pub resources: Vec<Vec<String>>,
}

/// Casbin, ready to decide requests of type `R`.
///
/// # Panics
///
/// When the model or the lines have a mistake.
pub fn contender<R: casbin::EnforceArgs + Clone + 'static>(model: &str, lines: Lines, requests: Vec<R>) -> Contender {
    let enforcer = pollster::block_on(async {
        let model = DefaultModel::from_str(model).await.unwrap();
        let mut enforcer = Enforcer::new(model, ()).await.unwrap();
        enforcer.add_policies(lines.rules).await.unwrap();
        enforcer.add_grouping_policies(lines.subjects).await.unwrap();
        enforcer.add_named_grouping_policies("g2", lines.resources).await.unwrap();
        enforcer
    });
    Contender::new("casbin", move |request| effect(enforcer.enforce(requests[request].clone()).unwrap()))
}
