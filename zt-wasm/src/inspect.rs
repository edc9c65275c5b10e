//! Where a module's bytes are.
//!
//! Sections every module has; functions and tables are told by name only of a module that was
//! [compiled with names](crate::compile_with_names).

use std::collections::BTreeMap;

use thiserror::Error;
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// The custom section with the sizes of the parts of a module's data: lines of a name and a number.
pub(crate) const TABLES_SECTION: &str = "zt.tables";

/// A module, by what takes how many bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// All bytes.
    pub total: usize,
    /// Sections in their order, by name; a custom section by its own.
    pub sections: Vec<(String, usize)>,
    /// Bodies of functions in their order, by name, or by number without one.
    pub functions: Vec<(String, usize)>,
    /// Parts of the data, by name; none without names.
    pub tables: Vec<(String, usize)>,
    /// Custom sections and what is in them.
    pub custom: Vec<(String, Vec<u8>)>,
}

/// The bytes are no module.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("this is no WebAssembly module: {0}")]
pub struct NoModule(String);

impl From<wasmparser::BinaryReaderError> for NoModule {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self(error.to_string())
    }
}

/// Says where a module's bytes are. What is in its sections is not checked.
///
/// # Errors
///
/// When the bytes are no module.
pub fn inspect(module: &[u8]) -> Result<Report, NoModule> {
    let mut report = Report { total: module.len(), ..Report::default() };
    let mut names = BTreeMap::new();
    let (mut imported, mut bodies) = (0u32, Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Some((id, range)) = payload.as_section() {
            let name = match &payload {
                Payload::CustomSection(custom) => custom.name().to_owned(),
                _ => section_name(id).to_owned(),
            };
            report.sections.push((name, len(&range)));
        }
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(len(&body.range())),
            Payload::CustomSection(custom) => {
                if let KnownCustom::Name(section) = custom.as_known() {
                    for name in section {
                        if let Name::Function(map) = name? {
                            for naming in map {
                                let naming = naming?;
                                names.insert(naming.index, naming.name.to_owned());
                            }
                        }
                    }
                } else if custom.name() == TABLES_SECTION {
                    report.tables = tables(custom.data());
                }
                report.custom.push((custom.name().to_owned(), custom.data().to_vec()));
            }
            _ => {}
        }
    }
    report.functions =
        (imported..).zip(bodies).map(|(at, len)| (names.remove(&at).unwrap_or_else(|| at.to_string()), len)).collect();
    Ok(report)
}

fn len(range: &std::ops::Range<u64>) -> usize {
    usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX)
}

/// The section that gives parts of data their names.
pub(crate) fn tables_section(parts: &[(&str, usize)]) -> Vec<u8> {
    parts.iter().map(|(name, bytes)| format!("{name} {bytes}\n")).collect::<String>().into_bytes()
}

fn tables(section: &[u8]) -> Vec<(String, usize)> {
    let lines = String::from_utf8_lossy(section);
    let parsed = lines.lines().filter_map(|line| {
        let (name, bytes) = line.rsplit_once(' ')?;
        Some((name.to_owned(), bytes.parse().ok()?))
    });
    parsed.collect()
}

fn section_name(id: u8) -> &'static str {
    match id {
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => "code",
        11 => "data",
        12 => "data count",
        _ => "other",
    }
}
