//! Labels that can be drawn on one line together.
//!
//! miette draws labels side by side: of two that overlap it moves the second to where nothing was meant. So the wider one
//! of such a pair keeps only the part that it does not share. Of `a in b`, labelled as a whole and on both sides, `in`
//! remains for the whole.

use std::ops::Range;

use miette::LabeledSpan;

use super::lines::Lines;

/// A label by offsets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    pub range: Range<usize>,
    pub text: String,
    /// Whether the report is about this place.
    pub primary: bool,
}

impl Mark {
    pub fn labelled(self) -> LabeledSpan {
        let text = (!self.text.is_empty()).then_some(self.text);
        let new = if self.primary { LabeledSpan::new_primary_with_span } else { LabeledSpan::new_with_span };
        new(text, (self.range.start, self.range.len()))
    }

    fn absorb(&mut self, other: Mark) {
        self.primary |= other.primary;
        if self.text.is_empty() {
            self.text = other.text;
        } else if !other.text.is_empty() && other.text != self.text {
            self.text = if other.primary {
                format!("{}; {}", other.text, self.text)
            } else {
                format!("{}; {}", self.text, other.text)
            };
        }
    }
}

/// The labels without overlaps, narrow ones as they are. A label without a part of its own lends its text to another.
pub(super) fn apart(mut marks: Vec<Mark>, lines: &Lines) -> Vec<Mark> {
    marks.sort_by_key(|mark| mark.range.len());
    let mut placed: Vec<Mark> = Vec::with_capacity(marks.len());
    for mark in marks {
        match own_part(&mark.range, &placed, lines) {
            Some(range) => placed.push(Mark { range, ..mark }),
            None => {
                let same = |other: &&mut Mark| overlap(&other.range, &mark.range);
                if let Some(other) = placed.iter_mut().find(same) {
                    other.absorb(mark);
                }
            }
        }
    }
    placed
}

/// The longest piece of `range` that no mark covers, without white space around it.
fn own_part(range: &Range<usize>, placed: &[Mark], lines: &Lines) -> Option<Range<usize>> {
    let mut pieces = vec![range.clone()];
    for mark in placed.iter().filter(|mark| overlap(&mark.range, range)) {
        let taken = covered(&mark.range);
        let without =
            |piece: Range<usize>| [piece.start..piece.end.min(taken.start), piece.start.max(taken.end)..piece.end];
        pieces = pieces.into_iter().flat_map(without).filter(|piece| !piece.is_empty()).collect();
    }
    if pieces == [range.clone()] {
        return Some(range.clone());
    }
    let trimmed = pieces.into_iter().map(|piece| trimmed(piece, lines)).filter(|piece| !piece.is_empty());
    trimmed.max_by_key(|piece| (piece.len(), std::cmp::Reverse(piece.start)))
}

/// What a label takes up: one of no length is drawn as an arrow under one character.
fn covered(range: &Range<usize>) -> Range<usize> {
    range.start..range.end.max(range.start + 1)
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    let (a, b) = (covered(a), covered(b));
    a.start < b.end && b.start < a.end
}

fn trimmed(piece: Range<usize>, lines: &Lines) -> Range<usize> {
    // An arrow under a character of several bytes may have left a piece that starts inside it.
    let piece = lines.floor(piece.start)..lines.floor(piece.end);
    let text = lines.slice(piece.clone());
    let start = piece.start + (text.len() - text.trim_start().len());
    start..(start + text.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;
    use crate::span::FileId;

    fn mark(range: Range<usize>, text: &str) -> Mark {
        Mark { range, text: text.into(), primary: text == "whole" }
    }

    fn drawn(text: &str, marks: &[Mark]) -> Vec<(String, String)> {
        let lines = Lines::new(&Sources::single("a.zt", text), FileId(0));
        let apart = apart(marks.to_vec(), &lines);
        apart.into_iter().map(|mark| (lines.slice(mark.range).to_owned(), mark.text)).collect()
    }

    #[test]
    fn the_whole_keeps_what_its_parts_leave() {
        let marks = [mark(0..6, "whole"), mark(0..1, "left"), mark(5..6, "right")];
        let expected = [("a", "left"), ("f", "right"), ("in", "whole")];
        assert_eq!(drawn("a in f", &marks), expected.map(|(at, text)| (at.to_owned(), text.to_owned())));
    }

    #[test]
    fn equal_places_share_a_label() {
        let marks = [mark(0..2, "one"), mark(0..2, "whole"), mark(0..2, "")];
        assert_eq!(drawn("ab", &marks), [("ab".to_owned(), "whole; one".to_owned())]);
    }

    #[test]
    fn labels_apart_stay_as_they_are() {
        let marks = [mark(0..1, "one"), mark(3..5, "two")];
        assert_eq!(drawn("a é", &marks).len(), 2);
    }
}
