//! Running the automata of regular expressions.
