//! The `diagnostics` room.
