//! The `cfg` room.
