//! The words that rows of `data/` may use: series, program, attach and map types,
//! types of arguments, flags, features, risks.
//!
//! `cargo xtask tables` compiles these files too and checks each cell against
//! them: they use nothing but one another.

mod features;
mod ids;
mod kf_flags;
mod kf_role;
mod risk;
mod types;
mod version;

pub use features::{COMMANDS, InsnClass, MapOperation, Mechanism, PerfEvent};
pub use ids::{AttachType, MapType, ProgType};
pub use kf_flags::KfFlags;
pub use kf_role::KfRole;
pub use risk::Risk;
pub use types::{ArgSpec, ArgType, RegBase, RegClass, RetSpec, RetType, Semantics, TypeFlags};
pub use version::SpecVersion;
