//! What the analysis is told: facts about calls, and rules that differ by kernel.

use crate::prelude::*;
use crate::programs::isa::IsaRules;
use crate::target::{Limits, Target};

/// What is known of a call to a helper or a kernel function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallFacts {
    /// Number of parameters; `None` if the function is unknown, which reads all five.
    pub args: Option<u8>,
    /// Runs a callback before it returns, any number of times.
    pub sync_callback: bool,
    /// Runs a callback some time later.
    pub async_callback: bool,
    /// Takes the next element of an open-coded iterator.
    pub iter_next: bool,
    /// May sleep.
    pub might_sleep: bool,
    /// May move the packet.
    pub changes_packet: bool,
    /// May throw.
    pub might_throw: bool,
}

/// Facts the caller supplies; slots are absolute.
pub trait InsnFacts {
    /// The call to a helper or kernel function at a slot.
    fn call(&self, _insn: usize) -> CallFacts {
        CallFacts::default()
    }

    /// Whether the kernel function called at a slot is refused when calls are
    /// collected, before any other structural check.
    fn call_refused(&self, _insn: usize) -> bool {
        false
    }

    /// First slot of the subprogram that is the program's exception callback.
    fn exception_callback(&self) -> Option<u32> {
        None
    }

    /// Targets of the indirect jump at a slot, ascending.
    fn jump_table(&self, _insn: usize) -> Option<Vec<u32>> {
        None
    }
}

/// [`InsnFacts`] of a program that calls nothing known.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFacts;

impl InsnFacts for NoFacts {}

/// Rules that differ by kernel and by privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CfgRules {
    /// The instruction set.
    pub isa: IsaRules,
    /// Most slots of a program: a million, 4,096 unprivileged.
    pub max_insns: usize,
    /// Most subprograms, the main program included.
    pub max_subprogs: usize,
    /// Whether the loader may call functions and loop (CAP_BPF).
    pub capable: bool,
    /// Loops may close by any edge, falling through and calls too; before, by jumps and callback
    /// references only (6.6 stable).
    pub loops_by_any_edge: bool,
    /// A wide load cut off by the program's end comes before its layout (7.3).
    pub cut_loads_first: bool,
    /// The second slot of a wide load is no instruction to walk (6.1 stable).
    pub whole_wide_loads: bool,
    /// History is recorded at points of its own; before, wherever states are
    /// compared (6.1 stable).
    pub split_jump_points: bool,
    /// Calls that run callbacks are checkpoints (6.6 stable).
    pub callback_checkpoints: bool,
    /// A call that runs callbacks is a loop of its own (6.19).
    pub callback_loops: bool,
    /// Tail calls and legacy packet loads have an edge to an exit (6.19).
    pub abnormal_exits: bool,
}

impl CfgRules {
    /// The rules of a target, for a privileged loader.
    pub const fn of(target: &Target) -> CfgRules {
        let (behaviour, limits) = (&target.behaviour, &target.limits);
        CfgRules {
            isa: IsaRules::of(behaviour),
            max_insns: limits.max_insns as usize,
            max_subprogs: limits.subprogs as usize,
            capable: true,
            loops_by_any_edge: behaviour.loops_by_any_edge,
            cut_loads_first: behaviour.cut_loads_first,
            whole_wide_loads: behaviour.whole_wide_loads,
            split_jump_points: behaviour.split_jump_points,
            callback_checkpoints: behaviour.callback_checkpoints,
            callback_loops: behaviour.callback_loops,
            abnormal_exits: behaviour.abnormal_exits,
        }
    }

    /// The same rules for a loader without capabilities.
    pub const fn unprivileged(self) -> CfgRules {
        CfgRules {
            max_insns: Limits::INSNS_UNPRIVILEGED,
            capable: false,
            ..self
        }
    }
}

/// What exploration must do at a slot.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct InsnFlags(u8);

macro_rules! flags {
    ($($bit:literal $name:ident $constant:ident $doc:literal;)*) => {
        impl InsnFlags {
            $(
                pub(super) const $constant: InsnFlags = InsnFlags(1 << $bit);
                #[doc = $doc]
                pub const fn $name(self) -> bool { self.0 & (1 << $bit) != 0 }
            )*

            pub(super) fn set(&mut self, flag: InsnFlags) {
                self.0 |= flag.0;
            }
        }

        impl core::fmt::Debug for InsnFlags {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let all = [$((self.$name(), stringify!($name))),*];
                f.debug_set().entries(all.iter().filter(|x| x.0).map(|x| x.1)).finish()
            }
        }
    };
}

flags! {
    0 prune_point PRUNE_POINT "States are compared before this instruction.";
    1 jmp_point JMP_POINT "Arriving here is recorded in the path's history.";
    2 force_checkpoint FORCE_CHECKPOINT "The state is kept here whatever the heuristics say.";
    3 calls_callback CALLS_CALLBACK "Runs a callback any number of times, and is explored so.";
    4 iter_next ITER_NEXT "Takes the next element of an open-coded iterator.";
    5 sync_callback_call SYNC_CALLBACK_CALL "Runs a callback before it returns.";
    6 async_callback_call ASYNC_CALLBACK_CALL "Runs a callback some time later.";
}
