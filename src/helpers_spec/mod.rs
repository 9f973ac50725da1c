//! Reference data on the kernels: what programs may use and how it is typed.
//!
//! Rows live under `data/` as text; the build script checks each against its
//! schema and turns it into `static` tables, so nothing is parsed at run time.
//! A lookup costs a binary search at most and allocates nothing.
//!
//! This room imports nobody.

mod ids;
mod types;
mod version;

pub use ids::{AttachType, MapType, ProgType};
pub use types::{ArgSpec, ArgType, RegBase, RegClass, RetSpec, RetType, Semantics, TypeFlags};
pub use version::SpecVersion;
