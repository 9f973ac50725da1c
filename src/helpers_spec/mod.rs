//! Reference data on the kernels: what programs may use and how it is typed.
//!
//! Rows live under `data/` as text. `cargo xtask tables` checks each against its
//! schema and the vocabularies of `words` and writes the `static` tables of
//! `generated`, so nothing is parsed at run time. A lookup costs a binary search
//! at most and allocates nothing.
//!
//! The rows were read from the sources of Linux 5.10, 6.1, 6.12 and 7.3 and
//! measured on a running 6.18; 5.15 and 6.6 are filled from their neighbours
//! and the release in which each thing appeared. The rows are what counts: they
//! are edited by hand, each change with what shows it.
//!
//! This room imports nobody.

mod attach;
mod btf_sets;
mod context;
mod features;
mod helpers;
mod kfuncs;
mod map_create;
mod maps;
mod messages;
mod options;
mod pattern;
mod programs;
mod results;
mod risk;
mod since;
mod tables;
#[cfg(test)]
mod tests;
mod words;

pub use attach::{Hooked, OpsRule, hooked, hooks_many, load_asks_attach_type, ops_rules};
pub use btf_sets::{
    LsmReturn, attach_denied, btf_set, d_path_allowed, error_injectable, faultable_tracepoint,
    fmod_ret_allowed, in_set, lsm_current_hook, lsm_hook_disabled, lsm_hook_return,
    lsm_hook_sleepable, lsm_hook_untrusted, lsm_hooks, lsm_sockopt_hook, never_returns,
    raw_tp_errors, raw_tp_nullable, rcu_protected, sleepable_target, syscall_entry,
};
pub use context::{CtxField, CtxKind, CtxLayout, ctx_access, netfilter_field, pointer_access};
pub use features::{
    Alias, Named, alias, aliases, attach_type_known, attach_type_since, command, named,
};
pub use helpers::{
    HelperCap, HelperProto, accepted_registers, all_helpers, helper_allowed, helper_by_name,
    helper_cap, helper_count, helper_ever_allowed, helper_id, helper_main, helper_name,
    helper_proto, helper_proto_for, helper_since, helpers,
};
pub use kfuncs::{
    KfuncSet, KfuncSpec, kfunc, kfunc_allowed, kfunc_listed_lock_safe, kfunc_role, kfuncs,
};
pub use map_create::{
    Inner, MapFlaw, MapRow, Number, Shape, Sizes, Typed, flaw as map_flaw, map_row,
};
pub use maps::{
    MapCap, map_field_allowed, map_field_known, map_helper_compat, map_type, map_type_cap,
    map_type_known,
};
pub use messages::{MessageClass, message_class, message_classes};
pub use options::config_options;
pub use programs::{
    IterArg, PacketAccess, ProgTypeFacts, RetRange, SectionRule, iter_args, kernel_context,
    prog_type_facts, prog_type_known, ret_range, section, section_target, sections,
    sleepable_allowed,
};
pub use results::helper_fails_negative;
pub use risk::{RiskSet, helper_risk, kfunc_risk};
pub use since::{
    Known, Release, SinceKind, helper_known, kfunc_known, kfunc_present, since, since_source,
};
pub use tables::helper;
pub use words::{
    ArgSpec, ArgType, AttachType, COMMANDS, InsnClass, KfFlags, KfRole, MapOperation, MapType,
    Mechanism, PerfEvent, ProgType, RegBase, RegClass, RetSpec, RetType, Risk, Semantics,
    SpecVersion, TypeFlags,
};
