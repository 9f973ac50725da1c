//! The `object` room.
