//! Engines that decide from a JSON document, and readers of JSON to hold beside them.
//!
//! All get the same bytes. Peers are given what their own crates offer to read JSON with, and the work that does not
//! depend on the request (compiling, functions of the host) is done before anything is timed. Readers decide nothing: they
//! answer what was expected, so that only their time counts.

use std::collections::HashMap;
use std::fmt;
use std::hint::black_box;
use std::num::{NonZeroU32, NonZeroUsize};
use std::rc::Rc;
use std::sync::Arc;

use cel::{Context, Env, Program};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::harness::{Contender, effect};

/// A request document, and what is to be decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// The document.
    pub json: Vec<u8>,
    /// Whether it is to be allowed.
    pub allowed: bool,
}

impl Document {
    /// The document as text, which it is.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.json).expect("documents are text")
    }
}

/// Requests that several engines are given.
pub type Documents = Rc<[Document]>;

/// Reading the same bytes with `serde_json`, for scale: into a `Value`, and past everything.
#[must_use]
pub fn readers(documents: &Documents) -> Vec<Contender> {
    vec![
        reader("serde_json to Value", documents, |json| {
            black_box(serde_json::from_slice::<serde_json::Value>(json).unwrap());
        }),
        reader("serde_json to IgnoredAny", documents, |json| {
            black_box(serde_json::from_slice::<IgnoredAny>(json).unwrap());
        }),
    ]
}

/// A contender that reads a document and answers what was expected.
pub fn reader(name: &'static str, documents: &Documents, read: impl Fn(&[u8]) + 'static) -> Contender {
    let documents = Rc::clone(documents);
    Contender::new(name, move |request| {
        read(&documents[request].json);
        effect(documents[request].allowed)
    })
}

/// Rego, by regorus: its virtual machine, which is the faster way, and its interpreter.
pub struct Rego {
    engine: regorus::Engine,
    data: regorus::Value,
    rule: String,
}

impl Rego {
    /// Reads a policy, of which one rule is asked, with data as JSON. Limits on its length are lifted.
    ///
    /// # Panics
    ///
    /// When it has mistakes.
    #[must_use]
    pub fn new(policy: &str, data: &str, rule: &str) -> Self {
        let mut engine = regorus::Engine::new();
        engine.set_policy_length_config(regorus::PolicyLengthConfig {
            max_col: NonZeroU32::MAX,
            max_file_bytes: NonZeroUsize::MAX,
            max_lines: NonZeroUsize::MAX,
        });
        engine.add_policy("policy.rego".to_owned(), policy.to_owned()).unwrap_or_else(|error| panic!("{error}"));
        let data = regorus::Value::from_json_str(data).unwrap();
        engine.add_data(data.clone()).unwrap();
        Self { engine, data, rule: rule.to_owned() }
    }

    /// The virtual machine with the compiled policy. The limit on the work of a decision is lifted; that on the length of
    /// programs cannot be.
    fn machine(mut self) -> RegoVM {
        let rule = self.rule.as_str();
        let compiled = self.engine.compile_with_entrypoint(&rule.into()).unwrap_or_else(|error| panic!("{error}"));
        let program =
            Compiler::compile_from_policy(&compiled, &[rule]).unwrap_or_else(|error| panic!("{rule}: {error}"));
        let mut vm = RegoVM::new_with_policy(compiled);
        vm.load_program(program);
        vm.set_data(self.data).unwrap();
        vm.set_max_instructions(usize::MAX);
        vm
    }

    /// Decides by the virtual machine, reading each document.
    #[must_use]
    pub fn vm(self, name: &'static str, documents: &Documents) -> Contender {
        let (mut vm, documents) = (self.machine(), Rc::clone(documents));
        Contender::new(name, move |request| {
            vm.set_input(regorus::Value::from_json_str(documents[request].text()).unwrap());
            effect(vm.execute().unwrap() == regorus::Value::Bool(true))
        })
    }

    /// Decides by the virtual machine, with documents that have been read.
    #[must_use]
    pub fn vm_prepared(self, name: &'static str, documents: &Documents) -> Contender {
        let (mut vm, inputs) = (self.machine(), inputs(documents));
        Contender::new(name, move |request| {
            vm.set_input(inputs[request].clone());
            effect(vm.execute().unwrap() == regorus::Value::Bool(true))
        })
    }

    /// Decides by the interpreter, reading each document.
    #[must_use]
    pub fn interpreter(self, name: &'static str, documents: &Documents) -> Contender {
        let (mut engine, rule, documents) = (self.engine, self.rule, Rc::clone(documents));
        Contender::new(name, move |request| {
            engine.set_input(regorus::Value::from_json_str(documents[request].text()).unwrap());
            effect(engine.eval_rule(rule.clone()).unwrap() == regorus::Value::Bool(true))
        })
    }
}

fn inputs(documents: &Documents) -> Vec<regorus::Value> {
    documents.iter().map(|document| regorus::Value::from_json_str(document.text()).unwrap()).collect()
}

/// CEL: expressions, and the order in which a host asks them.
pub struct Cel {
    root: Context<'static, 'static>,
    /// Worked out first, for the others to use.
    variables: Vec<(String, Program)>,
    /// None of them may hold.
    denials: Vec<Program>,
    /// One of them must.
    permissions: Vec<Program>,
}

impl Cel {
    /// Compiles expressions. They see the document's members `resource` and `context`, and `within(address, range)`.
    ///
    /// # Panics
    ///
    /// When one has mistakes.
    #[must_use]
    pub fn new(variables: &[(String, String)], denials: &[String], permissions: &[String]) -> Self {
        let env = Arc::new(Env::stdlib());
        let compile = |text: &String| env.compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let variables = variables.iter().map(|(name, text)| (name.clone(), compile(text))).collect();
        let denials = denials.iter().map(compile).collect();
        let permissions = permissions.iter().map(compile).collect();
        let mut root = Context::with_env(env);
        root.add_function("within", |address: Arc<String>, range: Arc<String>| within(&address, &range)).unwrap();
        Self { root, variables, denials, permissions }
    }

    /// Decides, reading each document.
    #[must_use]
    pub fn from_json(self, name: &'static str, documents: &Documents) -> Contender {
        let documents = Rc::clone(documents);
        Contender::new(name, move |request| {
            let Read(document) = serde_json::from_slice(&documents[request].json).unwrap();
            effect(self.decide(&document))
        })
    }

    /// Decides, with documents that have been read.
    #[must_use]
    pub fn prepared(self, name: &'static str, documents: &Documents) -> Contender {
        let read = |document: &Document| serde_json::from_slice::<Read>(&document.json).unwrap().0;
        let documents: Vec<cel::Value> = documents.iter().map(read).collect();
        Contender::new(name, move |request| effect(self.decide(&documents[request])))
    }

    fn decide(&self, document: &cel::Value) -> bool {
        let cel::Value::Map(document) = document else { panic!("a document is an object") };
        let mut scope = self.root.new_inner_scope();
        for name in ["resource", "context"] {
            let value = document.get(&cel::objects::Key::from(name)).expect("the document has what is asked of it");
            scope.add_variable_from_value(name, value.clone());
        }
        for (name, program) in &self.variables {
            let value = program.execute(&scope).unwrap_or_else(|error| panic!("{name}: {error}"));
            scope.add_variable_from_value(name.clone(), value);
        }
        let holds = |program: &Program| match program.execute(&scope) {
            Ok(cel::Value::Bool(holds)) => holds,
            other => panic!("a condition is {other:?}"),
        };
        !self.denials.iter().any(holds) && self.permissions.iter().any(holds)
    }
}

/// Whether an IPv4 address is in a range, both as text: what hosts of CEL add to it.
fn within(address: &str, range: &str) -> bool {
    let parsed = || {
        let (network, length) = range.split_once('/')?;
        let network = u32::from(network.parse::<std::net::Ipv4Addr>().ok()?);
        let address = u32::from(address.parse::<std::net::Ipv4Addr>().ok()?);
        let shift = 32_u32.checked_sub(length.parse().ok()?)?;
        Some(shift == 32 || address >> shift == network >> shift)
    };
    parsed().unwrap_or(false)
}

/// A document as a value of CEL, without a detour over another tree.
struct Read(cel::Value);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadVisitor).map(Self)
    }
}

struct ReadVisitor;

impl<'de> Visitor<'de> for ReadVisitor {
    type Value = cel::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<cel::Value, E> {
        Ok(cel::Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<cel::Value, E> {
        Ok(cel::Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<cel::Value, E> {
        Ok(i64::try_from(value).map_or(cel::Value::UInt(value), cel::Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<cel::Value, E> {
        Ok(cel::Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<cel::Value, E> {
        Ok(cel::Value::String(Arc::new(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<cel::Value, E> {
        Ok(cel::Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<cel::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Read(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(cel::Value::List(Arc::new(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<cel::Value, A::Error> {
        let mut map = HashMap::new();
        while let Some((name, Read(value))) = members.next_entry::<String, Read>()? {
            map.insert(name, value);
        }
        Ok(cel::Value::Map(map.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_their_ranges() {
        assert!(within("10.1.2.3", "10.1.2.0/24"));
        assert!(within("10.1.2.3", "0.0.0.0/0"));
        assert!(!within("10.1.3.3", "10.1.2.0/24"));
        assert!(!within("10.1.3", "10.1.2.0/24"));
    }
}
