//! Bounds on what is read and on what is compiled. They are part of a compiled policy, so that every engine has the same.

use serde::{Deserialize, Serialize};

/// Limits of a policy. Beyond them a request is invalid, entity data does not load, a policy does not compile.
///
/// ```
/// let limits = zt_eval::Limits { request_bytes_max: 64 * 1024, ..zt_eval::Limits::default() };
/// assert_eq!(limits.depth_max, 64);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of a request document.
    pub request_bytes_max: u32,
    /// Bytes of an entity document.
    pub entities_bytes_max: u32,
    /// Nesting of JSON.
    pub depth_max: u32,
    /// Bytes of a declared string, key or id, after escapes are undone.
    pub string_bytes_max: u32,
    /// Elements of a declared set, list or map.
    pub elements_max: u32,
    /// Entities described by one request.
    pub request_entities_max: u32,
    /// Entities in a store.
    pub store_entities_max: u32,
    /// Steps from an entity of a store up to its farthest ancestor.
    pub hierarchy_depth_max: u32,
    /// Nodes of a decision graph, after functions are expanded.
    pub nodes_max: u32,
    /// Nesting of nodes in a decision graph.
    pub node_depth_max: u32,
    /// Quantifiers inside quantifiers.
    pub quantifier_depth_max: u32,
    /// Bytes of one pattern's automaton.
    pub pattern_bytes_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes_max: 1 << 20,
            entities_bytes_max: 1 << 30,
            depth_max: 64,
            string_bytes_max: 64 << 10,
            elements_max: 1024,
            request_entities_max: 1024,
            store_entities_max: 4 << 20,
            hierarchy_depth_max: 64,
            nodes_max: 4 << 20,
            node_depth_max: 200,
            quantifier_depth_max: 3,
            pattern_bytes_max: 1 << 20,
        }
    }
}
