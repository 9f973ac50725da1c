//! The `helpers_spec` room.

mod ids;

pub use ids::{AttachType, MapType, ProgType};
