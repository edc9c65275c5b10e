//! Numbers as text: integers, decimals, quantities.
