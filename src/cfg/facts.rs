//! What the analysis is told: facts about calls, and rules that differ by kernel.

use crate::prelude::*;
use crate::programs::isa::IsaRules;
use crate::target::{Bounds, Limits, Switches, Target};

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
#[derive(Clone, Copy, Debug)]
pub struct CfgRules<'a> {
    /// The instruction set.
    pub isa: IsaRules<'a>,
    /// How the verifier behaves: which edges close loops, what is kept where.
    pub switches: Switches<'a>,
    /// Most slots of a program: a million, 4,096 unprivileged.
    pub max_insns: usize,
    /// Most subprograms, the main program included.
    pub max_subprogs: usize,
    /// Whether the loader may call functions and loop (CAP_BPF).
    pub capable: bool,
}

impl<'a> CfgRules<'a> {
    /// The rules of a target, for a privileged loader.
    pub fn of(switches: Switches<'a>, limits: Bounds<'a>) -> CfgRules<'a> {
        CfgRules {
            isa: IsaRules::of(switches),
            switches,
            max_insns: limits.max_insns() as usize,
            max_subprogs: limits.subprogs() as usize,
            capable: true,
        }
    }

    /// The rules of a target of which nobody notes what is asked.
    pub fn of_target(target: &'a Target) -> CfgRules<'a> {
        let switches = Switches::new(&target.behaviour, None);
        CfgRules::of(switches, Bounds::new(&target.limits, None))
    }

    /// The same rules for a loader without capabilities.
    pub const fn unprivileged(self) -> CfgRules<'a> {
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
