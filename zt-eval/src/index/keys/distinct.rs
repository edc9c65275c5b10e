//! Appending ids, each once, without memory of its own.
//!
//! What finds the same thing many times (a literal that occurs again and again) must not fill the result with it, nor
//! look through all of it each time. A few ids are looked through; more are sorted whenever they have doubled.

/// Ids that are appended to a vector, each once in the end.
pub(super) struct Distinct<'f> {
    found: &'f mut Vec<u32>,
    start: usize,
    /// The length at which repetitions are dropped next.
    full: usize,
}

/// So many ids are looked through one by one.
const FEW: usize = 16;

impl<'f> Distinct<'f> {
    /// Appends behind what is there.
    pub fn new(found: &'f mut Vec<u32>) -> Self {
        let start = found.len();
        Self { found, start, full: start + 4 * FEW }
    }

    pub fn push(&mut self, id: u32) {
        let tail = self.found.get(self.start..).unwrap_or_default();
        if tail.len() <= FEW && tail.contains(&id) {
            return;
        }
        self.found.push(id);
        if self.found.len() >= self.full {
            self.drop_repeated();
            self.full = self.start + (2 * (self.found.len() - self.start)).max(4 * FEW);
        }
    }

    /// Leaves each id once.
    pub fn finish(mut self) {
        self.drop_repeated();
    }

    fn drop_repeated(&mut self) {
        let tail = self.found.get_mut(self.start..).unwrap_or_default();
        if tail.len() <= FEW {
            return; // looked through when they came
        }
        tail.sort_unstable();
        let mut kept = self.start;
        for at in self.start..self.found.len() {
            let is_new = kept == self.start || self.found.get(at) != self.found.get(kept - 1);
            if is_new {
                self.found.swap(kept, at);
                kept += 1;
            }
        }
        self.found.truncate(kept);
    }
}
