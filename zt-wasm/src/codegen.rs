//! The tests of a policy as code: each node of its graph becomes a function.
//!
//! A condition's function gives its truth, any other node's the address of its datum's cell. What stands for itself (a
//! constant, a parameter, the subject, the resource) has no function where it is an operand. The functions are also in a
//! table, by node number, through which `node_truth` and `node_value` reach them: rules name their conjuncts by number.

use std::collections::BTreeMap;

use zt_eval::Policy;
use zt_eval::codegen::Keeping;
use zt_eval::graph::{CompareOp, Node, NowOp, Quantifier};
use zt_eval::id::{NodeId, PatternId, ZoneId};
use zt_eval::pattern::Pattern;
use zt_eval::value::{Arith, SetOp};

use crate::code::{Generated, I32};
use crate::layout;
use crate::link::Parts;
use crate::tables::data::{Data, number};
use crate::tables::nodes::Numbers;
use crate::tables::{patterns, zones};

/// Where things are that nodes refer to.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Cells of constants.
    consts: Vec<u32>,
    /// Cells of parameters' values.
    params: Vec<u32>,
    patterns: Vec<u32>,
    zones: Vec<u32>,
    /// The first of the places at which data are kept.
    kept: u32,
    /// A bit for each node: whether its function gives a truth.
    conditions: u32,
}

/// Why a policy has no code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unencodable {
    pub pattern: PatternId,
}

impl Places {
    /// Writes what nodes refer to but parameters, whose cells are there. `kept` is where data are kept, of which there are
    /// `policy.kept_count()`.
    pub fn write(
        policy: &Policy,
        params: Vec<u32>,
        numbers: &Numbers,
        kept: u32,
        data: &mut Data,
    ) -> Result<Self, Unencodable> {
        let consts = policy.consts().iter().map(|value| data.cell(value)).collect();
        let mut tables = Vec::new();
        for (at, pattern) in policy.patterns().iter().enumerate() {
            let table = patterns::pattern(pattern).ok_or(Unencodable { pattern: PatternId::new(at) })?;
            tables.push(data.shared(&table, 1));
        }
        let zones = policy.zones().iter().map(|zone| data.shared(&zones::zone(zone), 1)).collect();
        let is_condition = |id: &NodeId| policy.node(*id).is_some_and(Node::is_condition);
        let conditions = std::iter::once(true).chain(numbers.nodes().iter().map(is_condition));
        let mut bits = vec![0u8; numbers.nodes().len() / 8 + 1];
        for (at, is_condition) in conditions.enumerate() {
            bits.get_mut(at / 8).into_iter().for_each(|bits| *bits |= u8::from(is_condition) << (at % 8));
        }
        let conditions = data.shared(&bits, 1);
        Ok(Self { consts, params, patterns: tables, zones, kept, conditions })
    }
}

/// In the place of nodes that nothing asks for.
const NO_NODE: &str = "no node";

/// The name of a node's function.
fn name(node: NodeId) -> String {
    format!("node {}", node.index())
}

/// Adds the functions of a policy's nodes to the parts of its module, and a table of those that have a number.
pub(crate) fn generate(policy: &Policy, places: &Places, numbers: &Numbers, data: &mut Data, parts: &mut Parts) {
    let mut unknown = Generated::new(&[], Some(I32));
    unknown.i32(layout::UNKNOWN);
    parts.generated.insert(NO_NODE.to_owned(), unknown);
    parts.table.push(NO_NODE.to_owned());
    let code = Generated::default();
    let mut nodes = Nodes { policy, places, numbers, data, code, through: Vec::new(), anew: Vec::new() };
    for id in numbers.nodes() {
        let Some(node) = policy.node(*id) else {
            continue;
        };
        nodes.function(*id, node, parts);
        parts.table.push(name(*id));
    }
    parts.generated.extend(nodes.entries());
    parts.table.append(&mut nodes.anew);
    parts.generated.insert(KEPT.to_owned(), kept(false));
    parts.generated.insert(KEPT_FOR_LEVEL.to_owned(), kept(true));
    for quantifier in [Quantifier::All, Quantifier::Any, Quantifier::Count] {
        for of_truths in [true, false] {
            parts.generated.insert(quantified_name(quantifier, of_truths), quantified(quantifier, of_truths));
        }
    }
}

/// What gives what is kept at a place for a decision, or what a function of the table gives, which is kept then.
const KEPT: &str = "kept";
/// The same for a level, which comes last.
const KEPT_FOR_LEVEL: &str = "kept for level";

fn kept(has_level: bool) -> Generated {
    let mut code = Generated::new(if has_level { &[I32; 3] } else { &[I32; 2] }, Some(I32));
    let [slot, function, level] = [0, 1, 2];
    let get_level = |code: &mut Generated| if has_level { code.get(level) } else { code.i32(0) };
    code.get(slot);
    get_level(&mut code);
    code.call("memo_has");
    code.when(I32);
    code.get(slot);
    code.load(4);
    code.otherwise();
    code.get(slot);
    get_level(&mut code);
    code.get(function);
    code.call_indirect();
    code.call("memo_keep");
    code.end();
    code
}

/// Quantifiers, given the level, the collection, the node that gives it, and the body, both by number: the body is asked of
/// each element until no further one can change the result.
fn quantified(quantifier: Quantifier, of_truths: bool) -> Generated {
    let mut code = Generated::new(&[I32; 4], Some(I32));
    let [level, cell, over, body] = [0, 1, 2, 3];
    let [at, count, truth, met] = [(); 4].map(|()| code.local(I32));
    code.get(cell);
    code.call("level_count");
    code.tee(count);
    code.i32(0);
    code.bytes(&[0x48]); // lt_s
    code.when(I32);
    code.i32(if quantifier == Quantifier::Count { layout::CELL_UNKNOWN } else { layout::UNKNOWN });
    code.otherwise();
    code.get(level);
    code.get(cell);
    code.get(over);
    code.call("level_open");
    // What settles the result leaves the block.
    code.block(0x40);
    code.repeat(0x40);
    code.get(at);
    code.get(count);
    code.bytes(&[0x4E]); // ge_s
    code.branch_if(1);
    code.get(level);
    code.get(at);
    code.call("level_go");
    code.get(at);
    code.i32(1);
    code.bytes(&[0x6A]);
    code.set(at);
    code.get(body);
    code.call_indirect();
    if !of_truths {
        code.call("cell_truth");
    }
    code.set(truth);
    gather(&mut code, quantifier, truth, met);
    code.branch(0);
    code.end();
    code.end();
    code.get(level);
    code.call("level_close");
    gathered(&mut code, quantifier, met);
    code.end();
    code
}

/// Takes a truth of the body into account. `all` and `any` gather truths by `or` where none settles the result, and
/// have 4 there where one does; `count` counts, and has -1 where one is unknown.
fn gather(code: &mut Generated, quantifier: Quantifier, truth: u32, met: u32) {
    let settles = match quantifier {
        Quantifier::All => layout::FALSE,
        Quantifier::Any => layout::TRUE,
        Quantifier::Count => layout::UNKNOWN,
    };
    code.get(truth);
    code.i32(settles);
    code.bytes(&[0x46]);
    code.when(0x40);
    code.i32(if quantifier == Quantifier::Count { -1 } else { 4 });
    code.set(met);
    code.branch(2);
    code.end();
    code.get(met);
    code.get(truth);
    code.bytes(&[if quantifier == Quantifier::Count { 0x6A } else { 0x72 }]);
    code.set(met);
}

fn gathered(code: &mut Generated, quantifier: Quantifier, met: u32) {
    let (settled, rest) = match quantifier {
        Quantifier::All => (layout::FALSE, "all_of"),
        Quantifier::Any => (layout::TRUE, ""),
        Quantifier::Count => {
            code.get(met);
            return code.call("counted");
        }
    };
    code.get(met);
    code.i32(4);
    code.bytes(&[0x46]);
    code.when(I32);
    code.i32(settled);
    code.otherwise();
    code.get(met);
    if !rest.is_empty() {
        // Nothing met is true.
        code.call(rest);
    }
    code.end();
}

fn quantified_name(quantifier: Quantifier, of_truths: bool) -> String {
    format!("{quantifier:?} of {}", if of_truths { "truths" } else { "values" })
}

struct Nodes<'p, 'd> {
    policy: &'p Policy,
    places: &'p Places,
    numbers: &'p Numbers,
    data: &'d mut Data,
    /// The function at work.
    code: Generated,
    /// The functions that it calls through the table.
    through: Vec<String>,
    /// The functions of what is kept, which stand in the table behind those of nodes.
    anew: Vec<String>,
}

impl Nodes<'_, '_> {
    /// `node_truth` and `node_value`: through the table, with what the function gives made what is asked for.
    fn entries(&self) -> BTreeMap<String, Generated> {
        let entry = |is_truth: bool| {
            let mut code = Generated::new(&[I32], Some(I32));
            code.get(0);
            code.call_indirect();
            code.get(0);
            code.i32(3);
            code.bytes(&[0x76]); // shr_u
            code.bytes(&[0x2D, 0]); // i32.load8_u
            code.unsigned(self.places.conditions);
            code.get(0);
            code.i32(7);
            code.bytes(&[0x71, 0x76]); // and, shr_u
            code.i32(1);
            code.bytes(&[0x71]);
            let given = code.local(I32);
            let is_condition = code.local(I32);
            code.set(is_condition);
            code.set(given);
            code.get(is_condition);
            code.when(I32);
            code.get(given);
            if !is_truth {
                code.call("truth_cell");
            }
            code.otherwise();
            code.get(given);
            if is_truth {
                code.call("cell_truth");
            }
            code.end();
            code
        };
        BTreeMap::from([("node_truth".to_owned(), entry(true)), ("node_value".to_owned(), entry(false))])
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.policy.node(id)
    }

    /// The address of the cell of a node that stands for itself.
    fn itself(&self, node: &Node) -> Option<u32> {
        let fixed = |address: i32| Some(address.cast_unsigned());
        match node {
            Node::Const(id) => self.places.consts.get(id.index()).copied(),
            Node::Param(id) => self.places.params.get(id.index()).copied(),
            Node::Subject => fixed(layout::SUBJECT),
            Node::Resource => fixed(layout::RESOURCE),
            _ => None,
        }
    }

    /// Puts a node's cell on the stack.
    fn value(&mut self, id: NodeId) {
        let Some(node) = self.node(id) else {
            return self.code.i32(layout::CELL_UNKNOWN);
        };
        if let Some(cell) = self.itself(node) {
            return self.code.u32(cell);
        }
        let gives_truth = node.is_condition();
        self.code.call(name(id));
        if gives_truth {
            self.code.call("truth_cell");
        }
    }

    /// Puts a node's truth on the stack.
    fn truth(&mut self, id: NodeId) {
        if self.node(id).is_some_and(Node::is_condition) {
            return self.code.call(name(id));
        }
        self.value(id);
        self.code.call("cell_truth");
    }

    /// A node's function: what was computed already is not computed again.
    fn function(&mut self, id: NodeId, node: &Node, parts: &mut Parts) {
        self.code = Generated::new(&[], Some(I32));
        self.compute(id, node);
        let computed = std::mem::take(&mut self.code);
        let Keeping::At(place) = self.policy.keeping(id) else {
            parts.generated.insert(name(id), computed);
            parts.through.insert(name(id), std::mem::take(&mut self.through));
            return;
        };
        let inner = format!("{} anew", name(id));
        let slot = self.places.kept.saturating_add(place.saturating_mul(layout::KEPT.cast_unsigned()));
        self.code = Generated::new(&[], Some(I32));
        self.code.u32(slot);
        self.code.u32(self.numbers.end().saturating_add(number(self.anew.len())));
        match self.policy.level(id) {
            0 => self.code.call(KEPT),
            level => {
                self.code.i32(level.into());
                self.code.call(KEPT_FOR_LEVEL);
            }
        }
        parts.through.insert(inner.clone(), std::mem::take(&mut self.through));
        parts.through.insert(name(id), vec![inner.clone()]);
        parts.generated.insert(inner.clone(), computed);
        parts.generated.insert(name(id), std::mem::take(&mut self.code));
        self.anew.push(inner);
    }

    fn compute(&mut self, id: NodeId, node: &Node) {
        if let Some(cell) = self.itself(node) {
            return self.code.u32(cell);
        }
        match node {
            Node::Context(attribute) => {
                self.code.u32(*attribute);
                self.code.call("context_value");
            }
            Node::Attribute { of, ty, attribute } => {
                let routine = match self.node(*of) {
                    Some(Node::Subject) => "subject_attribute",
                    Some(Node::Resource) => "resource_attribute",
                    _ => {
                        self.value(*of);
                        "attribute_of"
                    }
                };
                self.code.i32(i32::try_from(ty.index()).unwrap_or(i32::MAX));
                self.code.u32(*attribute);
                self.code.call(routine);
            }
            Node::Field { of, field, .. } => {
                self.value(*of);
                self.code.u32(*field);
                self.code.call("field_of");
            }
            Node::Element(level) => self.variable(*level, "level_element"),
            Node::Key(level) => self.variable(*level, "level_key"),
            Node::And(all) => self.all(all),
            Node::Or(all) => self.any(all),
            Node::Not(of) => {
                self.truth(*of);
                self.code.call("truth_not");
            }
            Node::If { condition, then, otherwise } => self.choice(*condition, *then, *otherwise),
            Node::Otherwise(first, second) => self.otherwise(*first, *second),
            Node::Quantified { quantifier, over, level, body } => self.quantified(*quantifier, *over, *level, *body),
            Node::Set(elements) => self.collected(elements, "set_of"),
            Node::List(elements) => self.collected(elements, "list_of"),
            _ => self.operator(id, node),
        }
    }

    fn variable(&mut self, level: u8, routine: &str) {
        self.code.i32(level.into());
        self.code.call(routine);
    }

    /// Kleene's conjunction: truths are gathered by `or`, until one is false.
    fn all(&mut self, all: &[NodeId]) {
        let truth = self.code.local(I32);
        self.code.block(I32);
        self.code.block(0x40);
        for (at, id) in all.iter().enumerate() {
            self.truth(*id);
            self.code.tee(truth);
            self.code.bytes(&[0x45]); // eqz
            self.code.branch_if(0);
            self.code.get(truth);
            if at > 0 {
                self.code.bytes(&[0x72]); // or
            }
        }
        self.code.call("all_of");
        self.code.branch(1);
        self.code.end();
        self.code.i32(layout::FALSE);
        self.code.end();
    }

    /// Kleene's disjunction: the truths that are not true are false and unknown, 0 and 2.
    fn any(&mut self, all: &[NodeId]) {
        let truth = self.code.local(I32);
        self.code.block(I32);
        self.code.block(0x40);
        for (at, id) in all.iter().enumerate() {
            self.truth(*id);
            self.code.tee(truth);
            self.code.i32(layout::TRUE);
            self.code.bytes(&[0x46]); // eq
            self.code.branch_if(0);
            self.code.get(truth);
            if at > 0 {
                self.code.bytes(&[0x72]);
            }
        }
        self.code.branch(1);
        self.code.end();
        self.code.i32(layout::TRUE);
        self.code.end();
    }

    fn choice(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) {
        let truth = self.code.local(I32);
        self.truth(condition);
        self.code.tee(truth);
        self.code.i32(layout::TRUE);
        self.code.bytes(&[0x46]);
        self.code.when(I32);
        self.value(then);
        self.code.otherwise();
        self.code.get(truth);
        self.code.when(I32);
        self.value(then);
        self.value(otherwise);
        self.code.call("agreement");
        self.code.otherwise();
        self.value(otherwise);
        self.code.end();
        self.code.end();
    }

    fn otherwise(&mut self, first: NodeId, second: NodeId) {
        if let Some(cell) = self.node(second).and_then(|second| self.itself(second)) {
            self.value(first);
            self.code.u32(cell);
            return self.code.call("or_else");
        }
        let cell = self.code.local(I32);
        self.value(first);
        self.code.tee(cell);
        self.code.load(0);
        self.code.i32(layout::T_ABSENT);
        self.code.bytes(&[0x46]);
        self.code.when(I32);
        self.value(second);
        self.code.otherwise();
        self.code.get(cell);
        self.code.end();
    }

    /// The body is asked through the table, so that quantifiers share their code.
    fn quantified(&mut self, quantifier: Quantifier, over: NodeId, level: u8, body: NodeId) {
        let of_truths = self.node(body).is_some_and(Node::is_condition);
        self.code.i32(level.into());
        self.value(over);
        self.code.u32(self.numbers.get(over));
        self.code.u32(self.numbers.get(body));
        self.code.call(quantified_name(quantifier, of_truths));
        self.through.push(name(body));
    }

    /// A collection of elements, of which none is asked for behind the first that is no value.
    fn collected(&mut self, elements: &[NodeId], routine: &str) {
        let count = i32::try_from(elements.len()).unwrap_or(i32::MAX);
        let [cells, cell] = [(); 2].map(|()| self.code.local(I32));
        self.code.i32(count.saturating_mul(layout::CELL));
        self.code.call("alloc");
        self.code.set(cells);
        self.code.block(I32);
        for (at, element) in (0..).zip(elements) {
            self.value(*element);
            self.code.tee(cell);
            self.code.load(0);
            self.code.i32(layout::T_BOOL);
            self.code.bytes(&[0x48]); // lt_s
            self.code.when(0x40);
            self.code.i32(layout::CELL_UNKNOWN);
            self.code.branch(1);
            self.code.end();
            self.code.get(cells);
            self.code.i32(layout::CELL * at);
            self.code.bytes(&[0x6A]);
            self.code.get(cell);
            self.code.i32(layout::CELL);
            self.code.bytes(&[0xFC, 0x0A, 0, 0]); // memory.copy
        }
        self.code.get(cells);
        self.code.i32(count);
        self.code.call(routine);
        self.code.end();
    }

    fn operator(&mut self, id: NodeId, node: &Node) {
        match node {
            Node::Compare(CompareOp::Equal, left, right) => self.binary(*left, *right, "values_equal"),
            Node::Compare(op, left, right) => {
                self.value(*left);
                self.value(*right);
                self.code.i32((*op == CompareOp::LessOrEqual).into());
                self.code.call("values_less");
            }
            Node::Within(inner, outer) => self.binary(*inner, *outer, "within"),
            Node::Contains(left, right) => self.binary(*left, *right, "contains"),
            Node::ContainsAny(left, right) => self.binary(*left, *right, "contains_any"),
            Node::ContainsAll(left, right) => self.binary(*left, *right, "contains_all"),
            Node::StartsWith(left, right) => self.binary(*left, *right, "starts_with"),
            Node::EndsWith(left, right) => self.binary(*left, *right, "ends_with"),
            Node::Index(map, key) => self.binary(*map, *key, "map_index"),
            Node::IsPresent(of) => self.unary(*of, "is_present"),
            Node::IsEmpty(of) => self.unary(*of, "is_empty"),
            Node::Negate(of) => self.unary(*of, "negate"),
            Node::Lower(of) => self.unary(*of, "lower"),
            Node::Size(of) => self.unary(*of, "size_of"),
            Node::Arith(op, left, right) => {
                self.code.i32(arith(*op));
                self.binary(*left, *right, "arith");
            }
            Node::SetOperation(op, left, right) => {
                self.code.i32(set_operation(*op));
                self.binary(*left, *right, "set_operation");
            }
            Node::Is(of, types) => {
                let count = self.policy.schema().entities.len();
                let bits = self.data.bits(count, types.iter().map(|ty| ty.index()));
                self.value(*of);
                self.code.u32(bits);
                self.code.call("entity_is");
            }
            Node::Matches(of, pattern) => {
                let routine = match self.policy.patterns().get(pattern.index()) {
                    Some(Pattern::Route(_)) => "is_like_route",
                    Some(Pattern::HostGlob(_)) => "is_like_host",
                    Some(Pattern::Regex(_)) => "is_like_regex",
                    _ => "is_like_glob",
                };
                self.pattern(*pattern);
                self.value(*of);
                self.code.call(routine);
            }
            Node::Capture { of, pattern, index } => {
                self.pattern(*pattern);
                self.value(*of);
                self.code.u32(*index);
                self.code.call("capture_of");
            }
            Node::Now(op, time) => {
                self.code.i32(match op {
                    NowOp::Before => 0,
                    NowOp::AtOrBefore => 1,
                    NowOp::At => 2,
                });
                self.value(*time);
                self.code.call("now_is");
            }
            Node::Weekday(zone, days) => {
                self.zone(*zone);
                self.code.i32(days.0.into());
                self.code.call("weekday_is");
            }
            Node::TimeOfDay(zone, ranges) => {
                let table = self.data.shared(&zones::ranges(ranges), 1);
                self.zone(*zone);
                self.code.u32(table);
                self.code.i32(i32::try_from(ranges.len()).unwrap_or(i32::MAX));
                self.code.call("time_in");
            }
            // The other kinds are compiled where they are told apart.
            _ => {
                debug_assert!(false, "node {} is no operator", id.index());
                self.code.i32(layout::UNKNOWN);
            }
        }
    }

    fn unary(&mut self, of: NodeId, routine: &str) {
        self.value(of);
        self.code.call(routine);
    }

    fn binary(&mut self, left: NodeId, right: NodeId, routine: &str) {
        self.value(left);
        self.value(right);
        self.code.call(routine);
    }

    fn pattern(&mut self, pattern: PatternId) {
        self.code.u32(self.places.patterns.get(pattern.index()).copied().unwrap_or_default());
    }

    fn zone(&mut self, zone: ZoneId) {
        self.code.u32(self.places.zones.get(zone.index()).copied().unwrap_or_default());
    }
}

/// As `arithmetic.rs` numbers operations.
fn arith(op: Arith) -> i32 {
    match op {
        Arith::Add => 0,
        Arith::Sub => 1,
        Arith::Mul => 2,
    }
}

/// As `collection.rs` numbers operations.
fn set_operation(op: SetOp) -> i32 {
    match op {
        SetOp::Union => 0,
        SetOp::Intersection => 1,
        SetOp::Difference => 2,
    }
}
