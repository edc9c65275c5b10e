//! Texts that are long and much alike: what one has of others is there once.
//!
//! A text is written as it is, or as a list of parts, each a place and a length.

use std::collections::HashMap;

use super::data::{Data, number};

/// What is shorter takes no less room as a part than as it is.
const PART_MIN: usize = 12;
/// By how many bytes parts are looked for.
const WINDOW: usize = 8;
/// Bytes of texts in which parts are looked for.
const BYTES_MAX: usize = 1 << 24;

/// Where a text is: its address and length, or those of a table of its parts, whose length is how many there are.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub at: u32,
    pub len: u32,
    pub in_parts: bool,
}

/// Texts that were written.
#[derive(Debug, Default)]
pub struct Texts {
    places: HashMap<String, Placed>,
    /// Whether any is in parts.
    pub has_parts: bool,
}

impl Texts {
    /// Writes texts, of which the longest come first.
    pub fn write(data: &mut Data, texts: &[String]) -> Self {
        let mut written = Self::default();
        if texts.iter().map(String::len).sum::<usize>() > BYTES_MAX {
            return written;
        }
        let mut bytes = Vec::new();
        let mut windows: HashMap<[u8; WINDOW], usize> = HashMap::new();
        let all: Vec<Vec<(usize, usize)>> =
            texts.iter().map(|text| parts(text.as_bytes(), &mut bytes, &mut windows)).collect();
        let start = data.bytes(&bytes);
        let place = |at: usize| start.saturating_add(number(at));
        for (text, parts) in texts.iter().zip(all) {
            let span = match parts.as_slice() {
                [(at, len)] => Placed { at: place(*at), len: number(*len), in_parts: false },
                parts => {
                    let mut rows = data.rows();
                    for (at, len) in parts {
                        rows.place(place(*at)).number(number(*len));
                    }
                    written.has_parts = true;
                    Placed { at: rows.share(data), len: number(parts.len()), in_parts: true }
                }
            };
            written.places.insert(text.clone(), span);
        }
        written
    }

    /// Where a text is, which is written if it is not yet.
    pub fn place(&self, data: &mut Data, text: &str) -> Placed {
        let placed = self.places.get(text).copied();
        placed.unwrap_or_else(|| Placed { at: data.text(text), len: number(text.len()), in_parts: false })
    }
}

/// The parts of a text, of what is there or is added.
fn parts(text: &[u8], bytes: &mut Vec<u8>, windows: &mut HashMap<[u8; WINDOW], usize>) -> Vec<(usize, usize)> {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    let (mut at, known) = (0, bytes.len());
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let found = rest.first_chunk().and_then(|window| windows.get(window)).copied();
        let len = found.map_or(0, |found| {
            let there = bytes.get(found..known).unwrap_or_default();
            there.iter().zip(rest).take_while(|(one, other)| one == other).count()
        });
        if let Some(found) = found
            && len >= PART_MIN
        {
            parts.push((found, len));
            at += len;
            continue;
        }
        bytes.extend(rest.first());
        at += 1;
        match parts.last_mut() {
            Some((start, len)) if *start >= known => *len += 1,
            _ => parts.push((bytes.len() - 1, 1)),
        }
    }
    // What was added can be a part of the next text.
    let from = known.saturating_sub(WINDOW);
    for (start, window) in (from..).zip(bytes.get(from..).unwrap_or_default().windows(WINDOW)) {
        if let Some(window) = window.first_chunk() {
            windows.entry(*window).or_insert(start);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u32 = 1 << 12;

    #[test]
    fn parts_of_texts_make_up_the_texts() {
        let long = "any(input.request.object.spec.containers, container => container.image starts with \"registry\")";
        let texts =
            [format!("not {long} and all({long}, other)"), format!("{long} or {long}"), long.into(), "x".into()];
        let mut data = Data::new(BASE);
        let written = Texts::write(&mut data, &texts);
        assert!(written.has_parts);
        let places: Vec<Placed> = texts.iter().map(|text| written.place(&mut data, text)).collect();
        let bytes = data.into_bytes();
        let read = |at: u32, len: u32| &bytes[(at - BASE) as usize..(at - BASE + len) as usize];
        let word = |at: u32| u32::from_le_bytes(read(at, 4).try_into().unwrap());
        for (text, Placed { at, len, in_parts }) in texts.iter().zip(places) {
            let found = if !in_parts {
                read(at, len).to_vec()
            } else {
                (0..len).flat_map(|part| read(word(at + part * 8), word(at + part * 8 + 4)).to_vec()).collect()
            };
            assert_eq!(String::from_utf8(found).unwrap(), *text);
        }
        assert!(bytes.len() < long.len() * 3, "{} bytes", bytes.len());
    }
}
