//! The numbers that bound a program on a target.

use crate::prelude::*;

/// Bounds that a kernel's verifier holds a program to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Instructions a program may have without `CAP_BPF`.
    pub max_insns_unprivileged: u32,
    /// Instructions a program may have with it.
    pub max_insns: u32,
    /// Instructions that may be processed over all paths.
    pub complexity: u32,
    /// Jumps and accesses to spilled registers on a path since a state was kept: what
    /// is remembered of them is one allocation. 0 where only jumps are.
    pub history: u32,
    /// Branches that may wait to be explored.
    pub jump_sequence: u32,
    /// States kept at one instruction above which each miss counts
    /// (unprivileged loading only refuses through it).
    pub states_per_insn: u32,
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
    /// Module BTFs that a program may use.
    pub used_btfs: u32,
    /// Iterations that `bpf_loop` may be asked for; 0 without `bpf_loop`.
    pub loop_iterations: u32,
    /// Different kfuncs that a program may call; 0 without kfuncs.
    pub kfuncs: u32,
    /// The largest offset of a pointer.
    pub var_off: u64,
    /// The largest size of memory handed to a call.
    pub var_size: u64,
    /// The largest offset from a packet's start that is tracked.
    pub packet_off: u32,
    /// Size of the largest object of `bpf_percpu_obj_new`; 0 without it.
    pub percpu_alloc: u32,
    /// CPUs of the machine on which the row was measured: what
    /// `bpf_get_smp_processor_id` may give where that is known.
    pub cpus: u32,
    /// Tail calls at run time.
    pub tail_calls: u32,
}

impl Limits {
    /// Every bound by the name of its field.
    pub fn list(&self) -> Vec<(&'static str, u64)> {
        macro_rules! rows {
            ($($field:ident),*) => { vec![$((stringify!($field), u64::from(self.$field))),*] };
        }
        rows!(
            max_insns_unprivileged,
            max_insns,
            complexity,
            history,
            jump_sequence,
            states_per_insn,
            stack,
            tail_call_caller_stack,
            frames,
            subprogs,
            used_maps,
            used_btfs,
            loop_iterations,
            kfuncs,
            var_off,
            var_size,
            packet_off,
            percpu_alloc,
            cpus,
            tail_calls
        )
    }
}
