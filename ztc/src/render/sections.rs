//! What modules are made of.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use zt_wasm::describe::Section;

use super::{Paint, plain};

/// Rows of a summary: a label and a value, without those that are empty.
pub fn rows_text(rows: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {label:9}  {}", plain(value));
    }
    text
}

/// Sections with their sizes, for people.
pub fn sections_text(sections: &[Section], paint: Paint) -> String {
    let mut text = format!("\n{}\n", paint.bold("bytes by section"));
    for Section { name, is_custom, bytes } in sections {
        let name = if *is_custom { format!("{name} (custom)") } else { name.clone() };
        let _ = writeln!(text, "  {:29}  {bytes:>9}", plain(&name));
    }
    text
}

/// The same for programs.
pub fn sections_json(sections: &[Section]) -> Json {
    let section =
        |Section { name, is_custom, bytes }: &Section| json!({ "name": name, "custom": is_custom, "bytes": bytes });
    sections.iter().map(section).collect()
}
