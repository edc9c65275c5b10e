//! Regular expressions, as automata that the compiler built.
//!
//! An automaton read from a file may say anything. `DFA::from_bytes` is documented never to panic and decodes every state
//! and checks every transition and start state, so that whatever it accepts is safe to walk. The walk here takes one
//! transition for each byte of the text and one for its end, with none of the library's accelerators or restarts: it ends
//! after as many steps as there are bytes, whatever the automaton says.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use regex_automata::Anchored;
use regex_automata::dfa::Automaton;
use regex_automata::dfa::sparse::DFA;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use serde::{Deserialize, Serialize};

/// A regular expression that is matched against a whole text, in time linear in the text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "(Arc<str>, Vec<u8>)", into = "(Arc<str>, Vec<u8>)")]
pub struct Regex {
    source: Arc<str>,
    bytes: Arc<[u8]>,
    dfa: Arc<DFA<Vec<u8>>>,
    start: StateID,
}

impl Regex {
    /// A regex of its source text and its automaton: a sparse DFA of `regex-automata` with an anchored start state, in
    /// the bytes of `to_bytes_little_endian`. The compiler anchors the expression itself: `\A(?:…)\z`.
    ///
    /// `None` when the bytes are no valid automaton, or the machine is not little-endian (which the library requires to
    /// agree).
    #[must_use]
    pub fn from_dfa(source: &str, bytes: Vec<u8>) -> Option<Self> {
        let (borrowed, used) = DFA::from_bytes(&bytes).ok()?;
        if used != bytes.len() {
            return None;
        }
        let dfa = borrowed.to_owned();
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
        Some(Self { source: source.into(), dfa: Arc::new(dfa), bytes: bytes.into(), start })
    }

    /// Whether the whole text matches; `None` where the automaton gives up (it has a quit state).
    #[must_use]
    pub fn is_match(&self, text: &str) -> Option<bool> {
        let mut state = self.start;
        for byte in text.bytes() {
            state = self.dfa.next_state(state, byte);
            if self.dfa.is_dead_state(state) {
                return Some(false);
            }
            if self.dfa.is_quit_state(state) {
                return None;
            }
        }
        // Matches are reported one step late, so that the step behind the last byte tells of a match that ends there.
        Some(self.dfa.is_match_state(self.dfa.next_eoi_state(state)))
    }

    /// The text of the regular expression, as the author wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The automaton and where it starts, for what puts automata together.
    pub(crate) fn automaton(&self) -> (&DFA<Vec<u8>>, StateID) {
        (&self.dfa, self.start)
    }

    /// The automaton's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.bytes == other.bytes
    }
}

impl Eq for Regex {}

impl Hash for Regex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.hash(state);
    }
}

impl TryFrom<(Arc<str>, Vec<u8>)> for Regex {
    type Error = &'static str;

    fn try_from((source, bytes): (Arc<str>, Vec<u8>)) -> Result<Self, Self::Error> {
        Self::from_dfa(&source, bytes).ok_or("not an automaton of a regular expression")
    }
}

impl From<Regex> for (Arc<str>, Vec<u8>) {
    fn from(regex: Regex) -> Self {
        (regex.source, regex.bytes.to_vec())
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regex({:?}, {} bytes)", self.source, self.bytes.len())
    }
}
