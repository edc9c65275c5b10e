//! Typed indices into arenas.
//!
//! An id of one arena cannot index another; ids that come from outside are checked once, when a policy is loaded.

/// Defines `u32` ids: `define_id!(/// doc \n pub NodeId)`.
macro_rules! define_id {
    ($($(#[$meta:meta])* pub $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// The id of the entry at `index`, saturating at the largest id, which no arena holds.
            #[must_use]
            pub const fn new(index: usize) -> Self {
                if index > u32::MAX as usize { Self(u32::MAX) } else { Self(index as u32) }
            }

            /// Position in the arena.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

define_id!(
    /// An enum of the schema.
    pub EnumId,
    /// An entity type of the schema.
    pub EntityTypeId,
    /// A record type of the schema.
    pub RecordId,
    /// A source of the schema.
    pub SourceId,
    /// An action of the schema (groups are resolved by the compiler).
    pub ActionId,
    /// An obligation of the schema.
    pub ObligationId,
    /// A parameter of the schema.
    pub ParamId,
    /// A node of the decision graph.
    pub NodeId,
    /// A constant of the decision graph.
    pub ConstId,
    /// A pattern of the decision graph.
    pub PatternId,
    /// A time zone of the decision graph.
    pub ZoneId,
    /// A rule of a policy, in source order.
    pub RuleId,
);
