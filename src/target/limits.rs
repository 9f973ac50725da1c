//! The numbers that bound a program on a target.

use crate::prelude::*;

/// Bounds that a kernel's verifier holds a program to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Instructions a program may have.
    pub max_insns: u32,
    /// Instructions that may be processed over all paths.
    pub complexity: u32,
    /// Jumps and accesses to spilled registers on a path since a state was kept: what
    /// is remembered of them is one allocation. 0 where only jumps are.
    pub history: u32,
    /// Branches that may wait to be explored.
    pub jump_sequence: u32,
    /// Bytes of stack of one call chain.
    pub stack: u32,
    /// Bytes of stack up to which a caller may be when a subprogram tail-calls.
    pub tail_call_caller_stack: u32,
    /// Frames of a call chain, the main program included.
    pub frames: u32,
    /// Subprograms of a program, the main one included.
    pub subprogs: u32,
    /// Maps that a program may use.
    pub used_maps: u32,
    /// Size of the largest object of `bpf_percpu_obj_new`; 0 without it.
    pub percpu_alloc: u32,
    /// CPUs of the machine on which the row was measured: what
    /// `bpf_get_smp_processor_id` may give where that is known.
    pub cpus: u32,
}

/// Bounds that every release shares.
impl Limits {
    /// Offsets of pointers at or beyond this, either way, are unbounded.
    pub const VAR_OFF: u64 = 1 << 29;
    /// Sizes of memory at or beyond this are unbounded.
    pub const VAR_SIZE: u64 = 1 << 29;
    /// The largest offset from a packet's start that is tracked.
    pub const PACKET_OFF: u64 = 0xffff;
    /// Instructions a program may have without `CAP_BPF`.
    pub const INSNS_UNPRIVILEGED: usize = 4096;
    /// States kept at one instruction without `CAP_BPF`.
    pub const STATES_UNPRIVILEGED: usize = 64;
}

impl Limits {
    /// Every bound by the name of its field.
    pub fn list(&self) -> Vec<(&'static str, u64)> {
        macro_rules! rows {
            ($($field:ident),*) => { vec![$((stringify!($field), u64::from(self.$field))),*] };
        }
        let mut rows = rows!(
            max_insns,
            complexity,
            history,
            jump_sequence,
            stack,
            tail_call_caller_stack,
            frames,
            subprogs,
            used_maps,
            percpu_alloc,
            cpus
        );
        rows.push(("var_off", Limits::VAR_OFF));
        rows.push(("var_size", Limits::VAR_SIZE));
        rows.push(("packet_off", Limits::PACKET_OFF));
        rows
    }
}
