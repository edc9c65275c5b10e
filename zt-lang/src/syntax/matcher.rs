//! The matcher that `build/` makes of `grammar/zt.pest`.
//!
//! It accepts what pest's parser accepts, with the same productions at the same places: tests compare the two. It keeps
//! no account of what else could have stood somewhere, so that a text which it refuses is given to pest for the reasons.
//! Productions are kept as one flat list in the order of the text, without the keywords and signs that no tree keeps, and
//! without the space and comments behind them.

use super::grammar::{Rule, is_noise};

/// A production that was found.
#[derive(Clone, Copy, Debug)]
struct Event {
    production: Rule,
    /// Its first byte.
    start: u32,
    /// One past its last byte.
    end: u32,
    /// How many events it is made of, itself included.
    size: u32,
}

/// The productions of a text; used again from text to text.
#[derive(Default, Debug)]
pub(super) struct Matches {
    events: Vec<Event>,
}

impl Matches {
    /// The productions that make an item of the whole of `text`, if it is one.
    pub fn alone<'a>(&'a mut self, text: &'a str) -> Option<Pairs<'a>> {
        self.run(text, Matcher::match_alone)
    }

    /// The productions of the item that `text` starts with, if it starts with one.
    pub fn item<'a>(&'a mut self, text: &'a str) -> Option<Pairs<'a>> {
        self.run(text, Matcher::match_item)
    }

    fn run<'a>(&'a mut self, text: &'a str, root: impl Fn(&mut Matcher<'a>) -> bool) -> Option<Pairs<'a>> {
        self.events.clear();
        let mut matcher = Matcher { text: text.as_bytes(), at: 0, solid: 0, events: std::mem::take(&mut self.events) };
        let found = root(&mut matcher);
        self.events = matcher.events;
        found.then_some(Pairs { text, events: &self.events })
    }
}

/// A production with what it is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    text: &'a str,
    event: Event,
    inner: &'a [Event],
}

impl<'a> Pair<'a> {
    pub fn as_rule(&self) -> Rule {
        self.event.production
    }

    pub fn start(&self) -> usize {
        self.event.start as usize
    }

    pub fn end(&self) -> usize {
        self.event.end as usize
    }

    pub fn as_str(&self) -> &'a str {
        self.text.get(self.start()..self.end()).unwrap_or("")
    }

    pub fn into_inner(self) -> Pairs<'a> {
        Pairs { text: self.text, events: self.inner }
    }
}

/// Productions in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pairs<'a> {
    text: &'a str,
    events: &'a [Event],
}

impl<'a> Pairs<'a> {
    /// The next one, which stays the next.
    pub fn peek(&self) -> Option<Pair<'a>> {
        let event = *self.events.first()?;
        let inner = self.events.get(1..event.size as usize).unwrap_or(&[]);
        Some(Pair { text: self.text, event, inner })
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let next = self.peek()?;
        self.events = self.events.get(next.event.size as usize..).unwrap_or(&[]);
        Some(next)
    }
}

/// Where a matcher stands.
#[derive(Clone, Copy)]
struct Mark {
    at: usize,
    solid: usize,
    events: usize,
}

struct Matcher<'t> {
    text: &'t [u8],
    at: usize,
    /// One past the last byte that was more than space or comment.
    solid: usize,
    events: Vec<Event>,
}

impl Matcher<'_> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn mark(&self) -> Mark {
        Mark { at: self.at, solid: self.solid, events: self.events.len() }
    }

    #[inline]
    fn reset(&mut self, mark: Mark) {
        (self.at, self.solid) = (mark.at, mark.solid);
        self.events.truncate(mark.events);
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        self.at += count;
        self.solid = self.at;
    }

    #[inline]
    fn step_if(&mut self, fits: bool) -> bool {
        if fits {
            self.advance(1);
        }
        fits
    }

    #[inline]
    fn literal(&mut self, literal: &[u8]) -> bool {
        let fits = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(literal));
        if fits {
            self.advance(literal.len());
        }
        fits
    }

    /// Any character.
    fn any(&mut self) -> bool {
        let is_continuation = |byte: &&u8| **byte & 0xC0 == 0x80;
        let Some((_, rest)) = self.text.get(self.at..).and_then(<[u8]>::split_first) else { return false };
        self.advance(1 + rest.iter().take_while(is_continuation).count());
        true
    }

    /// Starts a production; one that no tree keeps leaves no event.
    #[inline]
    fn open(&mut self, production: Rule) -> Option<usize> {
        if is_noise(production) {
            return None;
        }
        let start = narrow(self.at);
        self.events.push(Event { production, start, end: start, size: 1 });
        Some(self.events.len() - 1)
    }

    /// Ends what was opened.
    #[inline]
    fn close(&mut self, opened: Option<usize>) -> bool {
        let count = self.events.len();
        let end = narrow(self.solid);
        if let Some(event) = opened.and_then(|index| self.events.get_mut(index)) {
            event.end = end.max(event.start);
            event.size = narrow(count - opened.unwrap_or(0));
        }
        true
    }
}

/// Files have fewer bytes than that: a limit sees to it.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[allow(unused_braces, unused_parens, clippy::all, reason = "made by a program")]
mod generated {
    use super::{Matcher, Rule};

    include!(concat!(env!("OUT_DIR"), "/matcher.rs"));
}
