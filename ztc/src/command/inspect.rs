//! `ztc inspect`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use zt_wasm::describe::{Setting, sections};
use zt_wasm::{Description, host};

use crate::exit::{Exit, Stop};
use crate::input;
use crate::render::sections::{rows_text, sections_json, sections_text};
use crate::render::{Screen, hex};

/// Shows what a module says of itself, and its size by section.
///
/// What a module says was written when it was built, and nothing in the file proves it; its SHA-256 is what a host can hold
/// a module to.
#[derive(Args, Debug)]
pub struct Inspect {
    /// A module that `ztc build --target` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Inspect {
    pub(super) fn run(self, screen: &mut Screen) -> Result<Exit, Stop> {
        let module = input::read_or_stdin(&self.file)?;
        let file = input::shown(&self.file);
        let refused = |error| Stop::file(&file, error);
        let description = Description::read(&module).map_err(refused)?;
        let sections = sections(&module).map_err(refused)?;
        let sha256 = hex(&host::digest(&module));
        if screen.is_json() {
            let said: Json = serde_json::from_str(&description.to_json()).unwrap_or_default();
            screen.json(&json!({
                "file": file, "bytes": module.len(), "sha256": sha256, "policy": said,
                "sections": sections_json(&sections),
            }))?;
            return Ok(Exit::Fine);
        }
        let said = of_itself(&description);
        let Description { name, digest, compiler, writer, target, abi, entities, request_bytes_max, .. } = description;
        let takes_data = description.takes_data.then(|| "entity data".to_owned());
        let takes_slots = description.slots.map(|slots| format!("requests in {} slots", slots.slots.len()));
        let takes: Vec<String> = takes_data.into_iter().chain(takes_slots).collect();
        let mut rows = vec![
            ("policy", name),
            ("digest", digest),
            ("target", if target == "core" { format!("{target}, version {abi} of its ABI") } else { target }),
            ("compiler", compiler),
            ("writer", writer),
            ("entities", entities.to_string()),
            ("requests", format!("at most {request_bytes_max} bytes")),
            ("takes", takes.join(", ")),
            ("bytes", module.len().to_string()),
            ("sha-256", sha256),
        ];
        rows.extend(said);
        let paint = screen.paint();
        let text = format!("{}\n{}{}", paint.bold(&file), rows_text(&rows), sections_text(&sections, paint));
        screen.out(&text)?;
        Ok(Exit::Fine)
    }
}

/// What the policy says of itself, and what its host is to set.
fn of_itself(description: &Description) -> Vec<(&'static str, String)> {
    let annotation = |(name, text): (&String, &String)| {
        ("says", if text.is_empty() { name.clone() } else { format!("{name}: {text}") })
    };
    let setting = |Setting { name, ty, is_required }: &Setting| {
        let required = if *is_required { ", required" } else { "" };
        ("setting", format!("{name}: {ty}{required}"))
    };
    description.annotations.iter().map(annotation).chain(description.settings.iter().map(setting)).collect()
}
