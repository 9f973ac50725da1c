//! The switches and numbers of a target, each noted when it is asked for.
//!
//! A verification is a function of the program and of the answers that it gets of its
//! target. Where another target gives the same answer to all that was asked, it is the
//! same there, by induction over the questions: the first one is the same, and with equal
//! answers so far the next one is. So what explores has no [`Target`], but these views of
//! one: there is no way to an answer that does not note the question.

use core::cell::Cell;

use super::behaviour::SWITCHES;
use super::{Behaviour, Capability, Config, Jit, Limits, Lockdown, Rights, ScalarRules, Target};

/// Places of what is noted: the switches, then the numbers, the configuration, the rest.
const LIMITS: usize = SWITCHES;
const CONFIG: usize = LIMITS + 16;
const OTHERS: usize = CONFIG + 16;
const WORDS: usize = (OTHERS + 8).div_ceil(64);

/// What was asked for, while asking goes on.
#[derive(Debug, Default)]
pub struct Notes([Cell<u64>; WORDS]);

impl Notes {
    #[inline]
    fn note(&self, at: usize) {
        let word = &self.0[at / 64];
        word.set(word.get() | 1 << (at % 64));
    }

    /// What was asked for until now.
    pub fn asked(&self) -> Asked {
        Asked(core::array::from_fn(|i| self.0[i].get()))
    }
}

/// What of a target's switches and numbers was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked([u64; WORDS]);

impl Asked {
    fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    /// Whether two targets answer alike.
    pub fn answered_alike(&self, a: &Target, b: &Target) -> bool {
        a.behaviour.agrees(&b.behaviour, &|at| self.has(at))
            && limits_agree(&a.limits, &b.limits, self)
            && config_agrees(&a.config, &b.config, self)
            && (!self.has(RIGHTS) || a.rights == b.rights)
    }
}

const RIGHTS: usize = OTHERS;

/// A view of a part of a target; notes what is asked for, if somebody listens.
macro_rules! view {
    ($(#[$doc:meta])* $view:ident of $part:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $view<'a> {
            pub(super) of: &'a $part,
            notes: Option<&'a Notes>,
        }

        impl<'a> $view<'a> {
            /// Of this part of a target.
            pub const fn new(of: &'a $part, notes: Option<&'a Notes>) -> Self {
                Self { of, notes }
            }

            #[inline]
            pub(super) fn note(self, at: usize) {
                if let Some(notes) = self.notes {
                    notes.note(at);
                }
            }
        }
    };
}

/// The fields of a view, and whether two targets agree on those asked for.
macro_rules! fields {
    ($view:ident, $agree:ident, $part:ty, $base:expr; $($(#[$doc:meta])* $at:literal $field:ident: $type:ty;)*) => {
        impl $view<'_> {
            $($(#[$doc])* #[inline] pub fn $field(self) -> $type {
                self.note($base + $at);
                self.of.$field
            })*
        }

        fn $agree(a: &$part, b: &$part, asked: &Asked) -> bool {
            $((!asked.has($base + $at) || a.$field == b.$field))&&*
        }
    };
}

view!(
    /// How a verifier behaves.
    Switches of Behaviour
);
view!(
    /// The numbers that bound a program.
    Bounds of Limits
);
view!(
    /// How a kernel was built and booted.
    Build of Config
);
view!(
    /// What the loader may do.
    Permits of Rights
);

fields! { Bounds, limits_agree, Limits, LIMITS;
    /// Instructions a program may have.
    0 max_insns: u32;
    /// Instructions that may be processed.
    1 complexity: u32;
    /// What is remembered of jumps.
    2 history: u32;
    /// Branches that may wait.
    3 jump_sequence: u32;
    /// Bytes of stack of a call chain.
    4 stack: u32;
    /// Bytes of stack of who calls a function with tail calls.
    5 tail_call_caller_stack: u32;
    /// Frames of a call chain.
    6 frames: u32;
    /// Subprograms of a program.
    7 subprogs: u32;
    /// Maps of a program.
    8 used_maps: u32;
    /// Bytes of an object per CPU.
    9 percpu_alloc: u32;
    /// CPUs of the machine.
    10 cpus: u32;
}

fields! { Build, config_agrees, Config, CONFIG;
    /// Functions open to error injection may be modified.
    0 function_error_injection: bool;
    /// Programs on probes may override results.
    1 kprobe_override: bool;
    /// There are probes.
    2 kprobes: bool;
    /// The kernel guards against speculation.
    3 mitigations: bool;
    /// Users without capabilities may load programs.
    4 unprivileged_bpf: bool;
    /// Whether programs are compiled.
    5 jit: Jit;
    /// How far the kernel is locked down.
    6 lockdown: Lockdown;
    /// Options that it was built without.
    7 absent: u64;
}

impl<'a> Switches<'a> {
    /// The rules of arithmetic on scalars, in one.
    pub fn scalar_rules(self) -> &'a ScalarRules {
        self.scalars();
        &self.of.scalars
    }
}

impl<'a> Build<'a> {
    /// As [`Config::has`].
    pub fn has(self, option: &str) -> bool {
        self.absent();
        self.of.has(option)
    }

    /// As [`Config::missing`].
    pub fn missing(self, kind: &str, name: &str) -> Option<&'static str> {
        self.absent();
        self.of.missing(kind, name)
    }
}

impl Permits<'_> {
    /// Whether a demand is met.
    pub fn meets(self, capability: Capability) -> bool {
        self.all().meets(capability)
    }

    /// What is held.
    pub fn all(self) -> Rights {
        self.note(RIGHTS);
        *self.of
    }
}
