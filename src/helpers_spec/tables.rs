//! The tables that the build script makes of `data/`, and their row types.

use super::context::{Buffer, CtxLayout};
use super::features::Alias;
use super::helpers::{Availability, HelperProto, HelperSlot};
use super::ids::{AttachType, ProgType};
use super::kfuncs::{KfFlags, KfuncSet, KfuncSpec};
use super::messages::MessageClass;
use super::programs::{PacketAccess, ProgTypeFacts, SectionRule};
use super::types::{ArgSpec, ArgType, RegBase, RegClass, RetSpec, RetType, Semantics, TypeFlags};
use super::version::SpecVersion;

/// The generated statics, with names as in `build.rs`.
mod generated {
    #![allow(clippy::all, clippy::pedantic, reason = "generated rows")]
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/spec_tables.rs"));

    /// Register types that an argument type accepts.
    pub(in crate::helpers_spec) fn registers(arg: ArgType, v: SpecVersion) -> &'static [RegClass] {
        arg_registers(arg, v)
    }
}

pub(super) use generated::*;
