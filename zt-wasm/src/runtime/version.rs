//! Semantic versions: from text, as text, and their precedence.
