//! Rego in regorus: the policy compiled to a program of its virtual machine, data loaded once, inputs built beforehand. A
//! decision sets the input and runs the program, which says no more than `allow`.
//!
//! Programs of the virtual machine have no more than 65,535 instructions. A policy that needs more is left to regorus's
//! interpreter, which is slower.

use std::num::{NonZeroU32, NonZeroUsize};

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{CompiledPolicy, Engine, PolicyLengthConfig, Rc, Value};
use serde_json::Value as Json;

use crate::harness::{Contender, effect};

/// Regorus, ready to decide inputs by a rule, `data.app.allow`.
///
/// # Panics
///
/// When the policy or the data have a mistake, and in a decision that is not a truth value.
#[must_use]
pub fn contender(
    name: &'static str,
    policy: &str,
    rule: &str,
    data: &Json,
    inputs: impl Iterator<Item = Json>,
) -> Contender {
    let compiled = compiled(policy, rule, data);
    let program = Compiler::compile_from_policy(&compiled, &[rule]).unwrap_or_else(|error| panic!("{error}"));
    let mut machine = RegoVM::new();
    machine.load_program(program);
    // The default ends runs of many rules.
    machine.set_max_instructions(usize::MAX);
    machine.set_data(value(data)).unwrap_or_else(|error| panic!("{error}"));
    let inputs: Vec<Value> = inputs.map(|input| value(&input)).collect();
    Contender::new(name, move |request| {
        machine.set_input(inputs[request].clone());
        match machine.execute() {
            Ok(Value::Bool(is_allowed)) => effect(is_allowed),
            other => panic!("{other:?}"),
        }
    })
}

/// The same in the interpreter, for a policy that is too long for the virtual machine.
///
/// # Panics
///
/// As for [`contender`].
#[must_use]
pub fn interpreter(
    name: &'static str,
    policy: &str,
    rule: &'static str,
    data: &Json,
    inputs: impl Iterator<Item = Json>,
) -> Contender {
    let mut engine = engine(policy, data);
    let inputs: Vec<Value> = inputs.map(|input| value(&input)).collect();
    Contender::new(name, move |request| {
        engine.set_input(inputs[request].clone());
        match engine.eval_rule(rule.to_owned()) {
            Ok(Value::Bool(is_allowed)) => effect(is_allowed),
            other => panic!("{other:?}"),
        }
    })
}

fn compiled(policy: &str, rule: &str, data: &Json) -> CompiledPolicy {
    engine(policy, data).compile_with_entrypoint(&Rc::from(rule)).unwrap_or_else(|error| panic!("{error}"))
}

fn engine(policy: &str, data: &Json) -> Engine {
    let mut engine = Engine::new();
    // Generated policies are longer than what the default lets pass.
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col: NonZeroU32::MAX,
        max_file_bytes: NonZeroUsize::MAX,
        max_lines: NonZeroUsize::MAX,
    });
    engine.add_policy("policy.rego".to_owned(), policy.to_owned()).unwrap_or_else(|error| panic!("{error}"));
    engine.add_data(value(data)).unwrap();
    engine
}

fn value(json: &Json) -> Value {
    Value::from_json_str(&json.to_string()).unwrap()
}
