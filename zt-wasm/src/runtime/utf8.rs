//! Whether bytes are UTF-8.
