//! The `helpers_spec` room.
