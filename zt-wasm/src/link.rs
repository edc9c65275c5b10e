//! From functions by name to the functions of a module.
//!
//! A module has what its exports reach, and nothing else. Calls never lead back to the same function, so that a module's
//! stack is bounded by the number of its functions; whoever writes a routine that recurs learns it here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::code::{Generated, I32, Op, Piece, Routine, routine, write_unsigned};

/// What a function takes and gives, in the binary format's types.
pub(crate) type FunctionType = (Vec<u8>, Option<u8>);

/// A function that the host gives.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub module: &'static str,
    pub name: &'static str,
    pub params: Vec<u8>,
    pub result: Option<u8>,
}

/// What modules are linked from.
#[derive(Default)]
pub(crate) struct Parts {
    /// By the name that calls use.
    pub imports: BTreeMap<String, Import>,
    pub generated: BTreeMap<String, Generated>,
    /// What `node_truth` and `node_value` may call, by number.
    pub table: Vec<String>,
    /// Tags of values that the policy uses.
    pub tags: BTreeSet<i64>,
}

/// The functions of a module.
#[derive(Debug, Default)]
pub(crate) struct Linked {
    pub imports: Vec<Import>,
    pub functions: Vec<Function>,
    /// Numbers of functions, imports first, by name.
    pub numbers: HashMap<String, u32>,
    /// Numbers of the table's functions.
    pub table: Vec<u32>,
}

/// A function of a module.
#[derive(Debug)]
pub(crate) struct Function {
    pub name: String,
    pub ty: FunctionType,
    /// Its locals and instructions, as the code section has them but for their length.
    pub body: Vec<u8>,
}

/// Why parts do not make a module: mistakes in this crate, not in a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum LinkError {
    NoSuchFunction(String),
    Recursion(Vec<String>),
}

/// The type of functions in the table.
pub(crate) fn table_type() -> FunctionType {
    (Vec::new(), Some(I32))
}

enum Source<'p> {
    Routine(&'static Routine),
    Generated(&'p Generated),
}

impl Parts {
    /// The functions that the roots reach.
    pub fn link(&self, roots: &[&str]) -> Result<Linked, LinkError> {
        let mut calls: HashMap<String, Vec<String>> = HashMap::new();
        let mut order = Vec::new();
        let mut open: Vec<String> = roots.iter().rev().map(|root| (*root).to_owned()).collect();
        while let Some(name) = open.pop() {
            if calls.contains_key(&name) {
                continue;
            }
            let called = self.called(&name)?;
            open.extend(called.iter().rev().cloned());
            calls.insert(name.clone(), called);
            order.push(name);
        }
        check_acyclic(&order, &calls)?;
        self.number(&order)
    }

    fn find(&self, name: &str) -> Result<Source<'_>, LinkError> {
        if let Some(generated) = self.generated.get(name) {
            return Ok(Source::Generated(generated));
        }
        routine(name).map(Source::Routine).ok_or_else(|| LinkError::NoSuchFunction(name.to_owned()))
    }

    /// What a function calls, in order, each once.
    fn called(&self, name: &str) -> Result<Vec<String>, LinkError> {
        if self.imports.contains_key(name) {
            return Ok(Vec::new());
        }
        let mut called = Vec::new();
        match self.find(name)? {
            Source::Routine(routine) => self.calls_of(routine.body, &mut called),
            Source::Generated(generated) => called.extend(generated.body.iter().filter_map(|piece| match piece {
                Piece::Call(name) => Some(name.clone()),
                Piece::Bytes(_) => None,
            })),
        }
        if name == "node_truth" || name == "node_value" {
            called.extend(self.table.iter().cloned());
        }
        let mut seen = BTreeSet::new();
        called.retain(|name| seen.insert(name.clone()));
        Ok(called)
    }

    fn calls_of(&self, ops: &[Op], called: &mut Vec<String>) {
        for op in ops {
            match op {
                Op::Call(name) => called.push((*name).to_owned()),
                Op::Arm { tags, body, rest, .. } => {
                    if self.uses(tags) {
                        self.calls_of(body, called);
                    }
                    self.calls_of(rest, called);
                }
                _ => {}
            }
        }
    }

    fn uses(&self, tags: &[i64]) -> bool {
        tags.iter().any(|tag| self.tags.contains(tag))
    }

    fn number(&self, order: &[String]) -> Result<Linked, LinkError> {
        let mut linked = Linked::default();
        let (imports, own): (Vec<&String>, Vec<&String>) =
            order.iter().partition(|name| self.imports.contains_key(*name));
        for (number, name) in (0..).zip(imports.iter().chain(&own)) {
            linked.numbers.insert((*name).clone(), number);
        }
        linked.imports = imports.iter().filter_map(|name| self.imports.get(*name).cloned()).collect();
        for name in own {
            let function = match self.find(name)? {
                Source::Routine(routine) => Function {
                    name: name.clone(),
                    ty: (routine.params.to_vec(), routine.result),
                    body: self.routine_body(routine, &linked.numbers),
                },
                Source::Generated(generated) => Function {
                    name: name.clone(),
                    ty: (generated.params.clone(), generated.result),
                    body: generated_body(generated, &linked.numbers),
                },
            };
            linked.functions.push(function);
        }
        if linked.numbers.contains_key("node_truth") || linked.numbers.contains_key("node_value") {
            linked.table = self.table.iter().filter_map(|name| linked.numbers.get(name).copied()).collect();
        }
        Ok(linked)
    }

    fn routine_body(&self, routine: &Routine, numbers: &HashMap<String, u32>) -> Vec<u8> {
        let mut body = locals(routine.locals);
        let mut labels = Vec::new();
        self.emit(routine.body, numbers, &mut labels, &mut body);
        body.push(0x0B);
        body
    }

    fn emit(&self, ops: &[Op], numbers: &HashMap<String, u32>, labels: &mut Vec<u32>, body: &mut Vec<u8>) {
        for op in ops {
            match op {
                Op::Bytes(bytes) => body.extend_from_slice(bytes),
                Op::Call(name) => emit_call(name, numbers, body),
                Op::Open(opcode, ty, label) => {
                    body.extend([*opcode, *ty]);
                    labels.push(*label);
                }
                Op::Else => body.push(0x05),
                Op::End => {
                    body.push(0x0B);
                    labels.pop();
                }
                Op::Branch(opcode, label) => {
                    body.push(*opcode);
                    let depth = labels.iter().rev().position(|open| open == label).unwrap_or_default();
                    write_unsigned(u32::try_from(depth).unwrap_or(u32::MAX), body);
                }
                Op::Arm { tags, test, ty, label, body: arm, rest } => {
                    if !self.uses(tags) {
                        self.emit(rest, numbers, labels, body);
                        continue;
                    }
                    self.emit(test, numbers, labels, body);
                    body.extend([0x04, *ty]);
                    labels.push(*label);
                    self.emit(arm, numbers, labels, body);
                    body.push(0x05);
                    self.emit(rest, numbers, labels, body);
                    body.push(0x0B);
                    labels.pop();
                }
            }
        }
    }
}

fn generated_body(generated: &Generated, numbers: &HashMap<String, u32>) -> Vec<u8> {
    let mut body = locals(&generated.locals);
    for piece in &generated.body {
        match piece {
            Piece::Bytes(bytes) => body.extend_from_slice(bytes),
            Piece::Call(name) => emit_call(name, numbers, &mut body),
        }
    }
    body.push(0x0B);
    body
}

fn emit_call(name: &str, numbers: &HashMap<String, u32>, body: &mut Vec<u8>) {
    body.push(0x10);
    // Whatever is called was reached, and so has a number.
    write_unsigned(numbers.get(name).copied().unwrap_or(u32::MAX), body);
}

/// The declaration of locals: runs of one type.
fn locals(types: &[u8]) -> Vec<u8> {
    let runs: Vec<&[u8]> = types.chunk_by(|a, b| a == b).collect();
    let mut bytes = Vec::new();
    write_unsigned(u32::try_from(runs.len()).unwrap_or(u32::MAX), &mut bytes);
    for run in runs {
        write_unsigned(u32::try_from(run.len()).unwrap_or(u32::MAX), &mut bytes);
        bytes.extend(run.first());
    }
    bytes
}

/// Whether nothing leads back to itself; else the way.
fn check_acyclic(order: &[String], calls: &HashMap<String, Vec<String>>) -> Result<(), LinkError> {
    // Functions whose callees are all known not to lead back.
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for root in order {
        let mut path: Vec<(&str, usize)> = vec![(root, 0)];
        while let Some((name, next)) = path.last_mut() {
            if done.contains(name) {
                path.pop();
                continue;
            }
            let Some(callee) = calls.get(*name).and_then(|called| called.get(*next)) else {
                done.insert(name);
                path.pop();
                continue;
            };
            *next += 1;
            if path.iter().any(|(open, _)| open == callee) {
                let way = path.iter().map(|(name, _)| (*name).to_owned()).chain([callee.clone()]);
                return Err(LinkError::Recursion(way.collect()));
            }
            path.push((callee, 0));
        }
    }
    Ok(())
}
