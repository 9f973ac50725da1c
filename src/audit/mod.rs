//! Audits: what an object needs, whatever a verifier says of it.
//!
//! One pass over each linked program collects calls, instructions, features,
//! relocations and maps as *sites* with spans; `guards` tells which of them are
//! needed on which kernel; `oldest` puts dates on them. A verification of the
//! program on one target adds what only exploration knows: stack depth, processed
//! instructions, which maps a call is given, what is dead.
//!
//! | file | what |
//! |---|---|
//! | `model` | the results |
//! | `reach`, `guards`, `sites` | what control reaches under which answers |
//! | `calls`, `features`, `maps`, `core_needs`, `channels`, `access` | what is used |
//! | `oldest`, `bounds` | when it works, by dates and by verdicts |
//! | `attaching` | what it takes to attach it |
//! | `effects` | what an object may do |
//! | `portability` | what another runtime lacks for it |
//! | `graph`, `diff` | who uses what; what changed between two builds |
//!
//! What it doesn't know: what user space does with maps and programs; kernel
//! options that Kconfig forces on; backports of distributions.

pub mod access;
mod attaching;
mod bounds;
mod calls;
mod channels;
mod core_needs;
mod demands;
pub mod diff;
pub mod effects;
mod features;
pub mod graph;
mod guards;
mod maps;

mod model;
mod oldest;
pub mod portability;
mod program;
mod reach;
mod sites;
#[cfg(test)]
mod tests;

pub use crate::object::{Memory, memory};
pub use attaching::{Attaching, attaching};
pub use bounds::Newest;
pub use calls::strong as strong_kfuncs;
pub use guards::{Condition, Guard, GuardKind, Kconfig, Presence};
pub use maps::{map_need, needs as map_needs};
pub use model::{
    BtfState, Call, Callee, Capability, Channel, Checked, ConfigNeed, CoreNeed, Feature, Lacks,
    MapNeed, MapUse, ObjectAudit, Requirements, SlotHolds, SymbolNeed, Unlinked, Verified,
};
pub use oldest::{Need, Oldest, Reason, together};
pub use program::{Subject, requirements};
pub use sites::Site;
