//! From functions by name to the functions of a module.
//!
//! A module has what its exports reach, and nothing else. Calls never lead back to the same function, so that a module's
//! stack is bounded by the number of its functions; whoever writes a routine that recurs learns it here.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::code::{Generated, I32, Op, Piece, Routine, fixed_cell, routine, write_unsigned};
use crate::optimize::{self, Ins};

mod inline;

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
    /// What generated functions call through the table.
    pub through: BTreeMap<String, Vec<String>>,
    /// Tags of values that the policy uses.
    pub tags: BTreeSet<i64>,
    /// What is in the header, by address.
    pub header: BTreeMap<u32, u32>,
}

/// The functions of a module.
#[derive(Debug, Default)]
pub(crate) struct Linked {
    pub imports: Vec<Import>,
    pub functions: Vec<Function>,
    /// What stands for fixed cells: whether each has 8 bytes, and what it holds at first.
    pub globals: Vec<(bool, i64)>,
    import_names: Vec<String>,
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
    Import(&'p Import),
}

/// A function on its way into a module.
#[derive(Clone, Default)]
struct Draft {
    params: Vec<u8>,
    result: Option<u8>,
    /// Behind the parameters.
    locals: Vec<u8>,
    code: Vec<Ins>,
    is_import: bool,
    /// Whether it is generated for the policy, of which there may be many.
    is_generated: bool,
    /// Whether its locals are set before they are read, so that it may stand inside of another.
    sets_locals: bool,
}

/// Names of functions as numbers.
#[derive(Default)]
struct Symbols {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Symbols {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }
}

impl Parts {
    /// The functions that the roots reach.
    pub fn link(&self, roots: &[&str]) -> Result<Linked, LinkError> {
        let mut symbols = Symbols::default();
        let mut drafts: HashMap<u32, Draft> = HashMap::new();
        let mut calls: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut order = Vec::new();
        let mut open: Vec<u32> = roots.iter().rev().map(|root| symbols.number(root)).collect();
        while let Some(symbol) = open.pop() {
            if calls.contains_key(&symbol) {
                continue;
            }
            let name = symbols.name(symbol).to_owned();
            let draft = self.draft(&name, &mut symbols)?;
            let mut called = calls_of(&draft.code);
            if name == "node_truth" || name == "node_value" {
                called.extend(self.table.iter().map(|name| symbols.number(name)));
            }
            called.extend(self.through.get(&name).into_iter().flatten().map(|name| symbols.number(name)));
            let mut seen = HashSet::new();
            called.retain(|callee| seen.insert(*callee));
            open.extend(called.iter().rev());
            calls.insert(symbol, called);
            drafts.insert(symbol, draft);
            order.push(symbol);
        }
        check_acyclic(&order, &calls, &symbols)?;
        let is_indirect = ["node_truth", "node_value"].iter().any(|name| symbols.numbers.contains_key(*name));
        let table: Vec<u32> =
            if is_indirect { self.table.iter().map(|name| symbols.number(name)).collect() } else { Vec::new() };
        let mut kept: HashSet<u32> = roots.iter().map(|root| symbols.number(root)).collect();
        kept.extend(&table);
        inline::inline(&order, &calls, &kept, &mut drafts);
        let mut linked = finish(&order, &table, &kept, &drafts, &symbols, &self.header);
        linked.imports = linked.import_names.iter().filter_map(|name| self.imports.get(name).cloned()).collect();
        Ok(linked)
    }

    fn find(&self, name: &str) -> Result<Source<'_>, LinkError> {
        if let Some(import) = self.imports.get(name) {
            return Ok(Source::Import(import));
        }
        if let Some(generated) = self.generated.get(name) {
            return Ok(Source::Generated(generated));
        }
        routine(name).map(Source::Routine).ok_or_else(|| LinkError::NoSuchFunction(name.to_owned()))
    }

    fn draft(&self, name: &str, symbols: &mut Symbols) -> Result<Draft, LinkError> {
        let mut draft = match self.find(name)? {
            Source::Import(import) => {
                let (params, result) = (import.params.clone(), import.result);
                return Ok(Draft { params, result, is_import: true, ..Draft::default() });
            }
            Source::Routine(routine) => {
                let mut code = Vec::new();
                self.lower(routine.body, symbols, &mut Vec::new(), &mut code);
                let (params, locals) = (routine.params.to_vec(), routine.locals.to_vec());
                Draft { params, result: routine.result, locals, code, sets_locals: true, ..Draft::default() }
            }
            Source::Generated(generated) => {
                let mut code = Vec::new();
                for piece in &generated.body {
                    match piece {
                        Piece::Bytes(bytes) => optimize::decode(bytes, &mut code),
                        Piece::Call(name) => code.push(Ins::Call(symbols.number(name))),
                    }
                }
                let (params, locals) = (generated.params.clone(), generated.locals.clone());
                let sets_locals = locals.is_empty();
                Draft {
                    params,
                    result: generated.result,
                    locals,
                    code,
                    sets_locals,
                    is_generated: true,
                    ..Draft::default()
                }
            }
        };
        draft.code = optimize::optimize(draft.code, draft.params.len());
        Ok(draft)
    }

    fn uses(&self, tags: &[i64]) -> bool {
        tags.iter().any(|tag| self.tags.contains(tag))
    }

    /// Whether nothing comes to what is left of a `match`.
    fn is_never(&self, rest: &[Op]) -> bool {
        match rest {
            [Op::Bytes([0x00])] => true,
            [Op::Arm { tags, rest, .. }, ..] => !self.uses(tags) && self.is_never(rest),
            _ => false,
        }
    }

    /// A routine's body, in which labels are depths, and arms of tags that the policy does not use are left out.
    fn lower(&self, ops: &[Op], symbols: &mut Symbols, labels: &mut Vec<u32>, code: &mut Vec<Ins>) {
        for op in ops {
            match op {
                Op::Bytes(bytes) => optimize::decode(bytes, code),
                Op::Call(name) => code.push(Ins::Call(symbols.number(name))),
                Op::Load(opcode, at) => self.load(*opcode, *at, code),
                Op::Place(at) => {
                    if fixed_cell(*at).is_none() {
                        code.push(Ins::I32(0));
                    }
                }
                Op::Store(opcode, at) => code.push(match fixed_cell(*at) {
                    Some(_) => Ins::Global(0x24, *at),
                    None => Ins::Access(*opcode, *at),
                }),
                Op::Open(opcode, ty, label) => {
                    code.push(Ins::Open(*opcode, *ty));
                    labels.push(*label);
                }
                Op::Else => code.push(optimize::ELSE),
                Op::End => {
                    code.push(optimize::END);
                    labels.pop();
                }
                Op::Branch(opcode, label) => {
                    let depth = labels.iter().rev().position(|open| open == label).unwrap_or_default();
                    code.push(Ins::Branch(*opcode, u32::try_from(depth).unwrap_or(u32::MAX)));
                }
                Op::Arm { tags, test, ty, label, body: arm, rest } => {
                    if !self.uses(tags) {
                        self.lower(rest, symbols, labels, code);
                        continue;
                    }
                    if self.is_never(rest) {
                        self.lower(arm, symbols, labels, code);
                        continue;
                    }
                    self.lower(test, symbols, labels, code);
                    code.push(Ins::Open(0x04, *ty));
                    labels.push(*label);
                    self.lower(arm, symbols, labels, code);
                    code.push(optimize::ELSE);
                    self.lower(rest, symbols, labels, code);
                    code.push(optimize::END);
                    labels.pop();
                }
            }
        }
    }

    /// What is at a fixed address: a constant, a global, or in memory.
    fn load(&self, opcode: u8, at: u32, code: &mut Vec<Ins>) {
        match fixed_cell(at) {
            None => code.extend([Ins::I32(0), Ins::Access(opcode, at)]),
            Some(cell) if cell.is_stored => code.push(Ins::Global(0x23, at)),
            Some(_) => code.push(match begins(&self.header, at) {
                (true, value) => Ins::I64(value),
                (false, value) => Ins::I32(i32::try_from(value).unwrap_or_default()),
            }),
        }
    }
}

fn calls_of(code: &[Ins]) -> Vec<u32> {
    let callee = |ins: &Ins| if let Ins::Call(symbol) = ins { Some(*symbol) } else { None };
    code.iter().filter_map(callee).collect()
}

/// Whether a global has 8 bytes, and what the header says is in its cell at first.
fn begins(header: &BTreeMap<u32, u32>, at: u32) -> (bool, i64) {
    let word = |at: u32| header.get(&at).copied().unwrap_or_default();
    if fixed_cell(at).is_some_and(|cell| cell.is_wide) {
        let value = u64::from(word(at)) | u64::from(word(at.saturating_add(4))) << 32;
        (true, value.cast_signed())
    } else {
        (false, word(at).cast_signed().into())
    }
}

/// Numbers functions and writes their bodies.
fn finish(
    order: &[u32],
    table: &[u32],
    kept: &HashSet<u32>,
    drafts: &HashMap<u32, Draft>,
    symbols: &Symbols,
    header: &BTreeMap<u32, u32>,
) -> Linked {
    // What nothing calls any more is gone; what is called most has the shortest numbers.
    let mut uses: HashMap<u32, usize> = HashMap::new();
    let mut cells: BTreeMap<u32, usize> = BTreeMap::new();
    let mut live: Vec<u32> = Vec::new();
    let mut open: Vec<u32> = order.iter().filter(|symbol| kept.contains(symbol)).copied().collect();
    let mut seen: HashSet<u32> = open.iter().copied().collect();
    while let Some(symbol) = open.pop() {
        live.push(symbol);
        for ins in drafts.get(&symbol).map_or(&[][..], |draft| &draft.code) {
            match ins {
                Ins::Call(callee) => {
                    *uses.entry(*callee).or_default() += 1;
                    if seen.insert(*callee) {
                        open.push(*callee);
                    }
                }
                Ins::Global(_, at) => *cells.entry(*at).or_default() += 1,
                _ => {}
            }
        }
    }
    let is_import = |symbol: &u32| drafts.get(symbol).is_some_and(|draft| draft.is_import);
    live.sort_by_key(|symbol| {
        let used = uses.get(symbol).copied().unwrap_or_default();
        (!is_import(symbol), usize::MAX - used, *symbol)
    });
    let numbers: HashMap<u32, u32> = live.iter().copied().zip(0..).collect();
    let mut globals: Vec<u32> = cells.keys().copied().collect();
    globals.sort_by_key(|at| (usize::MAX - cells.get(at).copied().unwrap_or_default(), *at));
    let places: HashMap<u32, u32> = globals.iter().copied().zip(0..).collect();
    let call = |symbol: u32| numbers.get(&symbol).copied().unwrap_or(u32::MAX);
    let global = |at: u32| places.get(&at).copied().unwrap_or(u32::MAX);

    let mut linked = Linked::default();
    for symbol in &live {
        let (name, Some(draft)) = (symbols.name(*symbol), drafts.get(symbol)) else {
            continue;
        };
        linked.numbers.insert(name.to_owned(), call(*symbol));
        if draft.is_import {
            linked.import_names.push(name.to_owned());
            continue;
        }
        let mut code = draft.code.clone();
        let types = optimize::finish(&mut code, &draft.params, &draft.locals);
        let mut body = locals(&types);
        optimize::encode(&code, &call, &global, &mut body);
        body.push(0x0B);
        let ty = (draft.params.clone(), draft.result);
        linked.functions.push(Function { name: name.to_owned(), ty, body });
    }
    linked.globals = globals.iter().map(|at| begins(header, *at)).collect();
    linked.table = table.iter().map(|symbol| call(*symbol)).collect();
    linked
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
fn check_acyclic(order: &[u32], calls: &HashMap<u32, Vec<u32>>, symbols: &Symbols) -> Result<(), LinkError> {
    // Functions whose callees are all known not to lead back.
    let mut done: HashSet<u32> = HashSet::new();
    for root in order {
        let mut path: Vec<(u32, usize)> = vec![(*root, 0)];
        while let Some((symbol, next)) = path.last_mut() {
            if done.contains(symbol) {
                path.pop();
                continue;
            }
            let Some(callee) = calls.get(symbol).and_then(|called| called.get(*next)).copied() else {
                done.insert(*symbol);
                path.pop();
                continue;
            };
            *next += 1;
            if path.iter().any(|(open, _)| *open == callee) {
                let way = path.iter().map(|(symbol, _)| *symbol).chain([callee]);
                return Err(LinkError::Recursion(way.map(|symbol| symbols.name(symbol).to_owned()).collect()));
            }
            path.push((callee, 0));
        }
    }
    Ok(())
}
