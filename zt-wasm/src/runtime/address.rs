//! Addresses and ranges of them: from text, as text, and which holds which.
