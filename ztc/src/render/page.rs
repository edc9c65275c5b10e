//! The pages of the diagnostic codes, which are Markdown, as a terminal shows them.

use super::Paint;

/// A page without its Markdown: headings stand out, policies are indented.
pub fn page(markdown: &str, paint: Paint) -> String {
    let mut text = String::with_capacity(markdown.len() + 256);
    let mut is_code = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if is_code {
            text.push_str(&indented(line));
        } else {
            text.push_str(&prose(line, paint));
            text.push('\n');
        }
    }
    text
}

fn indented(line: &str) -> String {
    if line.is_empty() { "\n".into() } else { format!("    {line}\n") }
}

fn prose(line: &str, paint: Paint) -> String {
    match line.split_once(' ') {
        Some((hashes, heading)) if !hashes.is_empty() && hashes.chars().all(|c| c == '#') => paint.bold(heading),
        _ => emphasis(line, paint),
    }
}

/// Words between single stars stand out; stars within backquotes are themselves.
fn emphasis(line: &str, paint: Paint) -> String {
    let mut text = String::new();
    for (index, part) in line.split('`').enumerate() {
        let is_quoted = index % 2 == 1;
        if index > 0 {
            text.push('`');
        }
        if is_quoted { text.push_str(part) } else { text.push_str(&stars(part, paint)) }
    }
    text
}

fn stars(part: &str, paint: Paint) -> String {
    let pieces: Vec<&str> = part.split('*').collect();
    if pieces.len().is_multiple_of(2) {
        return part.to_owned();
    }
    let piece = |(index, piece): (usize, &&str)| if index % 2 == 1 { paint.bold(piece) } else { (*piece).to_owned() };
    pieces.iter().enumerate().map(piece).collect()
}
