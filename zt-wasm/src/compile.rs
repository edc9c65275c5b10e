//! From a policy to a module.

use std::collections::BTreeSet;

use thiserror::Error;
use wasmparser::WasmFeatures;
use zt_eval::id::ParamId;
use zt_eval::request::StoreError;
use zt_eval::{Policy, Store};

use crate::code::{Generated, I64, fixed_cell};
use crate::codegen::{self, Places};
use crate::describe::{Description, SECTION};
use crate::inspect::{TABLES_SECTION, tables_section};
use crate::layout::*;
use crate::link::{LinkError, Parts};
use crate::module::{Export, Layout};
use crate::profile::Unsupplied;
use crate::start;
use crate::tables::data::{Data, cell, number};
use crate::tables::row::Widths;
use crate::tables::rules::{Plan, Zeroed};
use crate::tables::schema::Header;
use crate::tables::{rules, schema, settings, store};
use crate::target::proxy_wasm::OriginsError;
use crate::target::{DESCRIBE, Target};

mod tags;

/// Where tables begin: behind the fixed places.
const TABLES: u32 = 2048;
pub(crate) const PAGE: u32 = 1 << 16;
/// Pages of a module's own memory behind the tables: what is left of their last page, and the room for a decision about a
/// request of 10 kB and its scrap. Each growth would take a fresh instance longer than most decisions take; pages that are
/// not written to are free.
const PAGES_BEHIND: u32 = 6;
/// What modules use of WebAssembly: the MVP without floating point, `memory.copy` and `memory.fill`, and 128-bit integers.
/// (`GC_TYPES` is what the validator wants for any reference at all, such as a table's functions.)
const FEATURES: WasmFeatures = WasmFeatures::GC_TYPES.union(WasmFeatures::BULK_MEMORY).union(WasmFeatures::SIMD);

/// Why there is no module of a policy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// A parameter has no value, and is not to be a setting.
    #[error("parameter `{0}` has no value")]
    MissingParam(String),
    /// What is to be a setting is no parameter.
    #[error("there is no parameter `{0}` that could be a setting")]
    NoSuchParam(String),
    /// Hosts of this kind have no way to give settings.
    #[error("hosts of target `{0}` give no settings")]
    NoSettings(&'static str),
    /// The policy asks for what hosts of this kind do not give.
    #[error(transparent)]
    Unsupplied(#[from] Unsupplied),
    /// Where attributes come from is not said, or not as the policy needs it.
    #[error(transparent)]
    Origins(#[from] OriginsError),
    /// The entities were read for another policy.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tables have more bytes than addresses reach.
    #[error("the policy and its entities are too large for a module: more than 2 GiB")]
    TooLarge,
    /// A pattern's automaton cannot be written down.
    #[error("the automaton of pattern {0} has more states than a module's tables can hold")]
    Pattern(usize),
    /// A mistake of this crate.
    #[error("the module that came out is not valid, which is a mistake in zt: {0}")]
    Internal(String),
}

impl From<LinkError> for CompileError {
    fn from(error: LinkError) -> Self {
        Self::Internal(match error {
            LinkError::NoSuchFunction(name) => format!("there is no function {name}"),
            LinkError::Recursion(way) => format!("{} recurs", way.join(" → ")),
        })
    }
}

/// Compiles a policy, with the entities that it decides about, to a module for a target. The same input gives the same bytes.
///
/// # Errors
///
/// When a parameter has no value, a rule needs what the target's hosts do not give, or policy and entities do not fit into a
/// module.
pub fn compile(policy: &Policy, entities: &Store, target: Target) -> Result<Vec<u8>, CompileError> {
    build(policy, entities, &target, &[], false)
}

/// As [`compile`], but these parameters get their values from the host's settings. What they have now is their default.
///
/// # Errors
///
/// As of [`compile`]; and when there is no such parameter, or hosts of the target give no settings.
pub fn compile_with_settings(
    policy: &Policy,
    entities: &Store,
    target: Target,
    settings: &[&str],
) -> Result<Vec<u8>, CompileError> {
    build(policy, entities, &target, settings, false)
}

/// Compiles a policy to a module that also says what its functions and tables are, for [`inspect`](crate::inspect) and for
/// debuggers.
///
/// # Errors
///
/// As of [`compile`].
pub fn compile_with_names(policy: &Policy, entities: &Store, target: Target) -> Result<Vec<u8>, CompileError> {
    build(policy, entities, &target, &[], true)
}

fn build(
    policy: &Policy,
    entities: &Store,
    target: &Target,
    settings: &[&str],
    with_names: bool,
) -> Result<Vec<u8>, CompileError> {
    let late = late(policy, target, settings)?;
    target.check(policy, entities)?;
    let plan = Plan::of(policy).ok_or_else(|| CompileError::Internal("its rules cannot be filed".to_owned()))?;
    let mut widths = Widths::default();
    loop {
        match build_with((policy, entities), target, &late, with_names, &plan, widths) {
            // Each attempt has something wider, and there are two things.
            Err(Failed::Narrow(lacks)) => widths = widths.or(lacks),
            Err(Failed::For(error)) => return Err(error),
            Ok(module) => return Ok(module),
        }
    }
}

/// Why a module did not come out.
enum Failed {
    /// Rows are too narrow: what has to be wider.
    Narrow(Widths),
    For(CompileError),
}

impl<E: Into<CompileError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::For(error.into())
    }
}

fn build_with(
    (policy, entities): (&Policy, &Store),
    target: &Target,
    late: &BTreeSet<ParamId>,
    with_names: bool,
    plan: &Plan,
    widths: Widths,
) -> Result<Vec<u8>, Failed> {
    let mut data = Data::with_rows(TABLES, widths);
    let zeroed = Zeroed::reserve(&mut data, policy, plan);
    data.part("schema");
    let mut schema = schema::write(&mut data, policy);
    let rules = rules::write(&mut data, policy, plan, &zeroed, &mut schema);
    let mut header = schema.header;
    header.extend(rules.header);
    data.part("settings");
    let settings = settings::write(&mut data, policy, late, &mut schema.types);
    header.extend(settings.header);
    data.part("entities");
    header.extend(store::write(&mut data, policy, entities)?);
    data.part("constants");
    let places = Places::write(policy, settings.params, &plan.numbers, zeroed.kept, &mut data)
        .map_err(|unencodable| CompileError::Pattern(unencodable.pattern.index()))?;
    let mut parts = Parts { tags: tags::values(policy), ..Parts::default() };
    parts.tags.extend(tags::read(policy, late, target.takes_data()));
    parts.tags.extend(tags::facts(policy));
    parts.tags.extend(target.takes_data().then_some(i64::from(ORDER_NUMBERS)));
    parts.tags.extend(rules.tags.iter().map(|tag| i64::from(*tag)));
    codegen::generate(policy, &places, &plan.numbers, &mut data, &mut parts);
    let own = target.tables((policy, entities), &plan.numbers, &mut schema.types, &mut data, &mut parts)?;
    header.extend(own);
    let description = Description::of(policy, entities, target, late).to_json();
    if target.describes() {
        parts.generated.insert(DESCRIBE.to_owned(), describe(&mut data, &description));
    }

    if data.lacks != Widths::default() {
        return Err(Failed::Narrow(data.lacks));
    }
    let arena = data.align(8);
    if !data.fits() {
        return Err(CompileError::TooLarge.into());
    }
    header.push((H_ARENA, arena));
    header.extend(target.heap().iter().map(|place| (*place, arena)));
    parts.header = header.iter().map(|(place, value)| (place.cast_unsigned(), *value)).collect();
    // The rest is in the code, or what globals begin with.
    header.retain(|(place, _)| fixed_cell(place.cast_unsigned()).is_none());
    let tables = tables_section(&data.parts());
    let mut segments = vec![cells(), header_segment(&header), (data.base(), data.into_bytes())];
    segments.retain(|(_, bytes)| !bytes.is_empty());
    let memory = target.memory(arena / PAGE + PAGES_BEHIND);
    let start = start::generate(memory, arena, &segments, &mut parts);
    let exports = target.exports(!late.is_empty());
    let functions = exports.iter().filter_map(|export| match export {
        Export::Function { of, .. } => Some(*of),
        Export::Memory(_) | Export::Global(..) => None,
    });
    let roots: Vec<&str> = functions.chain(start).collect();
    let linked = parts.link(&roots)?;
    let mut custom = vec![(SECTION, description.into_bytes())];
    custom.extend(target.section(policy));
    if with_names {
        custom.push((TABLES_SECTION, tables));
    }
    let layout =
        Layout { linked: &linked, memory, exports: &exports, start, data: &segments, custom: &custom, with_names };
    let module = layout.encode();
    match wasmparser::Validator::new_with_features(FEATURES).validate_all(&module) {
        Ok(_) => Ok(module),
        Err(error) => Err(CompileError::Internal(error.to_string()).into()),
    }
}

/// The parameters that are to be settings; all others have values.
fn late(policy: &Policy, target: &Target, settings: &[&str]) -> Result<BTreeSet<ParamId>, CompileError> {
    let params = &policy.schema().params;
    let mut late = BTreeSet::new();
    for name in settings {
        let at = params.iter().position(|param| *param.name == **name);
        late.insert(ParamId::new(at.ok_or_else(|| CompileError::NoSuchParam((*name).to_owned()))?));
    }
    if !late.is_empty() && !target.takes_settings() {
        return Err(CompileError::NoSettings(target.name()));
    }
    match policy.missing_params().find(|param| !settings.contains(&&*param.name)) {
        Some(param) => Err(CompileError::MissingParam(param.name.to_string())),
        None => Ok(late),
    }
}

/// A function that gives the description's address and length.
fn describe(data: &mut Data, description: &str) -> Generated {
    let (at, len) = (data.text(description), number(description.len()));
    let mut function = Generated::new(&[], Some(I64));
    function.i64((u64::from(len) << 32 | u64::from(at)).cast_signed());
    function
}

/// The cells that never change.
fn cells() -> (u32, Vec<u8>) {
    let cells = [cell(T_UNKNOWN, 0, 0), cell(T_ABSENT, 0, 0), cell(T_BOOL, 0, 0), cell(T_BOOL, 1, 0)];
    (CELL_UNKNOWN.cast_unsigned(), cells.concat())
}

/// The header as a segment.
fn header_segment(header: &Header) -> (u32, Vec<u8>) {
    let first = header.iter().map(|(place, _)| *place).min().unwrap_or_default();
    let end = header.iter().map(|(place, _)| *place + 4).max().unwrap_or_default();
    let mut bytes = vec![0; usize::try_from(end - first).unwrap_or_default()];
    for (place, value) in header {
        let at = usize::try_from(place - first).unwrap_or_default();
        if let Some(place) = bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&value.to_le_bytes());
        }
    }
    (first.cast_unsigned(), bytes)
}
