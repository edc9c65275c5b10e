//! Parameters that a host gives values to, as the routines look them up.
//!
//! Each has a cell of its own, which begins with its default, and which nothing but settings writes to.

use std::collections::BTreeSet;

use zt_eval::Policy;
use zt_eval::codegen::member;
use zt_eval::id::ParamId;
use zt_eval::schema::Param;

use super::data::{Data, number};
use super::schema::{Header, Types};
use crate::layout::*;

/// Where parameters are.
#[derive(Debug, Default)]
pub struct Settings {
    /// What the table is found by; nothing without settings.
    pub header: Header,
    /// The cells of parameters, by [`ParamId`].
    pub params: Vec<u32>,
}

/// Writes the cells of a policy's parameters, and the table of those that are set late.
pub fn write(data: &mut Data, policy: &Policy, late: &BTreeSet<ParamId>, types: &mut Types) -> Settings {
    let schema = policy.schema();
    let cells = data.reserve(late.len() * CELL.unsigned_abs() as usize);
    let (mut next, mut rows, mut params) = (cells, data.rows(), Vec::new());
    let mut is_wanted = false;
    for (at, param) in schema.params.iter().enumerate() {
        let default = default(data, param);
        if !late.contains(&ParamId::new(at)) {
            params.push(default.unwrap_or(CELL_UNKNOWN.cast_unsigned()));
            continue;
        }
        if let Some(value) = &param.value {
            let cell = data.encode(value);
            data.patch(next, &cell);
        }
        is_wanted |= default.is_none();
        rows.name(data, &param.name).place(types.address(data, schema, &param.ty)).place(next);
        rows.place(default.unwrap_or_default()).name(data, &wanted(policy, param));
        params.push(next);
        next = next.saturating_add(CELL.unsigned_abs());
    }
    if late.is_empty() {
        return Settings { header: Header::new(), params };
    }
    let header = vec![
        (H_SETTINGS, rows.share(data)),
        (H_SETTINGS_COUNT, number(late.len())),
        (H_SETTINGS_TEXTS, texts(data, policy, late)),
        (H_SETTINGS_CELLS, cells),
        (H_SETTINGS_WANTED, is_wanted.into()),
    ];
    Settings { header, params }
}

/// The cell that a parameter has where nobody sets it.
fn default(data: &mut Data, param: &Param) -> Option<u32> {
    match &param.value {
        Some(value) => Some(data.cell(value)),
        None => param.ty.is_optional().then_some(CELL_ABSENT.cast_unsigned()),
    }
}

fn wanted(policy: &Policy, param: &Param) -> String {
    format!("`{}`: expected a value of type {}", param.name, policy.schema().type_text(&param.ty))
}

/// In the order in which the routines number them.
fn texts(data: &mut Data, policy: &Policy, late: &BTreeSet<ParamId>) -> u32 {
    let names: Vec<String> =
        late.iter().filter_map(|id| policy.schema().param(*id)).map(|param| member(&param.name).to_string()).collect();
    let there_are = format!("`; there are: {}", names.join(", "));
    let texts = [
        "the settings are no JSON object, or go beyond the limits of the policy",
        "there is no setting `",
        "there twice: `",
        "setting ",
        "missing: setting ",
        &there_are,
        "`",
        "there is no memory left",
        "zt: the plugin's configuration, JSON text in a StringValue, was refused: ",
        "settings come before entity data: a fresh instance takes them",
    ];
    let spans: Vec<u8> = texts.iter().flat_map(|text| data.span(text).to_le_bytes()).collect();
    data.shared(&spans, 1)
}
