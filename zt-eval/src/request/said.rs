//! The attributes of one thing, as far as they were said.

use super::bits::Bits;
use crate::graph::reads::AttributeReads;
use crate::schema::Attribute;
use crate::value::Datum;

use super::gather::Speaker;

/// What is known of the attributes of one thing, and what has been said of them while a request is put together.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// By position.
    data: Vec<Datum>,
    /// What was known before, whose memory what is read next may take.
    spare: Vec<Datum>,
    /// Positions that their own source has spoken of.
    said: Bits,
    /// Positions that the object being read has given.
    given: Bits,
}

impl Clone for Said {
    /// Leaves the spare memory out: shared by two, it would serve neither.
    fn clone(&self) -> Self {
        Self { data: self.data.clone(), spare: Vec::new(), said: self.said.clone(), given: self.given.clone() }
    }
}

/// What counts is what is known.
impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Said {
    /// Nothing is said of so many attributes.
    pub fn reset(&mut self, count: usize) {
        if !self.data.is_empty() {
            std::mem::swap(&mut self.data, &mut self.spare);
            self.data.clear();
        }
        self.data.resize_with(count, || Datum::Unknown);
        self.said.clear();
    }

    /// By position.
    pub fn data(&self) -> &[Datum] {
        &self.data
    }

    /// What was known of this one before; means nothing but memory.
    pub fn take_spare(&mut self, at: usize) -> Datum {
        self.spare.get_mut(at).map_or(Datum::Unknown, |spare| std::mem::replace(spare, Datum::Unknown))
    }

    /// An object that says attributes begins.
    pub fn begin(&mut self) {
        self.given.clear();
    }

    /// The object gives this one; whether it has not done so before.
    pub fn give(&mut self, at: usize) -> bool {
        self.given.insert(at)
    }

    /// Its own source says it; whether it has not done so before.
    pub fn say(&mut self, at: usize, datum: Datum) -> bool {
        if !self.said.insert(at) {
            return false;
        }
        if let Some(place) = self.data.get_mut(at) {
            *place = datum;
        }
        true
    }

    /// The object ends: what a complete source has left out is absent, unless it is said elsewhere.
    pub fn end(&mut self, declared: &[Attribute], reads: &AttributeReads, speaker: Speaker) {
        for at in reads.silent.iter().map(|at| *at as usize) {
            let is_silent = declared.get(at).is_some_and(|attribute| speaker.speaks_for(attribute.from));
            if is_silent
                && !self.said.contains(at)
                && let Some(place) = self.data.get_mut(at)
            {
                *place = Datum::Absent;
            }
        }
    }
}
