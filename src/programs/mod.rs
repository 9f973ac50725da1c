//! The `programs` room.
