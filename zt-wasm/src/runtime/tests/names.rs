//! Addresses, versions, paths, host names, and writing values.
