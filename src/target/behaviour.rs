//! How a verifier behaves: one named switch for each thing that differs.
//!
//! Each switch says what it changes and since when. "Since" names the mainline
//! release; stable series carry some of them as backports, so the rows in
//! `linux.rs` are what counts, not a comparison of numbers.

use super::asked::Switches;
use super::scalars::ScalarRules;
use crate::prelude::*;

/// How a frame's stack depth is rounded up before depths are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StackRounding {
    /// At least one byte, up to a multiple of 32.
    By32,
    /// Up to a multiple of 16, zero stays zero (JIT on).
    By16,
}

/// When a kept state that rarely prunes is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Eviction {
    /// Misses exceed three times the hits plus three.
    Fixed,
    /// The same, with 64 in place of three for a state at a forced checkpoint
    /// that still has branches to explore.
    KeepCheckpoints,
}

/// What tells whether a stack slot of a kept state matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StackLiveness {
    /// Read marks handed up the chain of parent states.
    Parentage,
    /// Reads and must-writes gathered per instruction and call chain while
    /// exploring, propagated over the control flow.
    Gathered,
    /// A data-flow analysis before exploring.
    Static,
}

/// How states on an unfinished loop are told from finished ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoopConvergence {
    /// No convergence: loops end by their bounds alone.
    None,
    /// A state remembers the entry of the loop it is part of.
    LoopEntry,
    /// Visits of strongly connected components, with their back-edges.
    Scc,
}

/// What registers with one scalar id share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarLinks {
    /// Their bounds: a refinement of one is copied to the others.
    Equal,
    /// Their bounds up to a constant added since (64-bit add only).
    Delta,
    /// The same, with 32-bit adds and subtraction.
    DeltaBoth,
}

/// How far precision of a scalar is traced back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrecisionScope {
    /// Within a frame; meeting a call makes all scalars precise.
    SingleFrame,
    /// Across calls and returns.
    AcrossCalls,
}

/// A switch's value, for printing.
trait Show {
    fn show(&self) -> String;
}

macro_rules! show_by_debug {
    ($($type:ty),*) => { $(impl Show for $type { fn show(&self) -> String { format!("{self:?}") } })* };
}
show_by_debug!(
    bool,
    StackRounding,
    StackLiveness,
    Eviction,
    LoopConvergence,
    ScalarLinks,
    PrecisionScope
);

impl Show for ScalarRules {
    fn show(&self) -> String {
        self.name().to_owned()
    }
}

/// One switch, for printing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its name: the field of [`Behaviour`].
    pub name: &'static str,
    /// What it changes.
    pub what: &'static str,
    /// The mainline release that introduced it.
    pub since: &'static str,
    /// Its value on the target.
    pub value: String,
}

macro_rules! behaviour {
    ($($field:ident: $type:ty, $since:literal, $what:literal;)*) => {
        /// The switches of one target.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct Behaviour {
            $(#[doc = $what] #[doc = concat!("(", $since, ")")] pub $field: $type,)*
        }

        /// The place of each switch among what is asked of a target.
        #[expect(non_camel_case_types, reason = "named as the fields are")]
        #[derive(Clone, Copy)]
        enum Nth { $($field,)* Count }

        /// How many switches there are.
        pub(super) const SWITCHES: usize = Nth::Count as usize;

        /// The switches of a target, each noted when it is asked for.
        impl Switches<'_> {
            $(#[doc = $what] #[doc = concat!("(", $since, ")")]
            #[inline]
            pub fn $field(self) -> $type {
                self.note(Nth::$field as usize);
                self.of.$field
            })*
        }

        impl Behaviour {
            /// Whether another says the same wherever it was asked.
            pub(super) fn agrees(&self, other: &Behaviour, asked: &dyn Fn(usize) -> bool) -> bool {
                $((!asked(Nth::$field as usize) || self.$field == other.$field))&&*
            }

            /// Every switch with its meaning and value.
            pub fn list(&self) -> Vec<Switch> {
                vec![$(Switch {
                    name: stringify!($field),
                    what: $what,
                    since: $since,
                    value: self.$field.show(),
                },)*]
            }

            /// These switches with one of the other's values at a time, for each that
            /// differs.
            pub fn with_each_of(&self, other: &Behaviour) -> Vec<(Switch, Behaviour)> {
                let mut out = Vec::new();
                $(if self.$field != other.$field {
                    let switch = other.list().into_iter().find(|s| s.name == stringify!($field));
                    let behaviour = Behaviour { $field: other.$field, ..*self };
                    out.extend(switch.map(|s| (s, behaviour)));
                })*
                out
            }
        }
    };
}

behaviour! {
    scalars: ScalarRules, "all", "The rules of arithmetic on scalars (bounds, known bits, refinement), by the release that they were measured on.";
    stack_rounding: StackRounding, "By16 since 6.12", "How a frame's depth is rounded before the frames of a chain are added.";
    private_stack: bool, "6.13, and stable 6.12", "Tracing programs and their subprograms may get their own stack, each of 512 bytes.";
    eviction: Eviction, "KeepCheckpoints since 6.7 and stable 6.6", "When a kept state that rarely prunes is dropped.";
    stack_liveness: StackLiveness, "Gathered since 6.18, Static since 7.1", "What tells whether a stack slot of a kept state matters.";
    static_register_liveness: bool, "6.18", "Dead registers of a kept state are those a data-flow analysis found before exploring, not those without read marks.";
    loop_convergence: LoopConvergence, "LoopEntry since 6.7, Scc since 6.17", "How states on an unfinished loop are told from finished ones.";
    scalar_links: ScalarLinks, "Delta since 6.11, DeltaBoth since 7.0", "What registers with one scalar id share.";
    links_in_history: bool, "6.12", "Which registers a refinement touched is kept per jump, and precision follows those only; before, it follows every register of the id.";
    precise_by_id: bool, "6.5", "Precision of a scalar spreads to the registers with its id.";
    compare_scalar_ids: bool, "6.5", "Precise scalars of two states must have matching ids.";
    independent_covers_linked: bool, "7.0, and stable 6.18", "A kept scalar without id covers every scalar in its range; before, none that shares its value with others.";
    links_grouped: bool, "7.0, and stable 6.12 and 6.18", "Comparing states, a number linked to others by a distance is of their group; before, it is of one of its own.";
    found_pointers_keep_id: bool, "7.2", "A pointer found not to be null keeps its id; before, only one to what may hold a lock does.";
    slices_correspond: bool, "7.2", "Comparing states, slices of two dynptrs correspond where the dynptrs do; before, only slices of the same one.";
    callback_arguments_held: bool, "7.2", "Traced back through a callback, what the call that runs it was given is relied on in the states kept in the callback, too.";
    loops_cover_unset: bool, "7.0", "In an unfinished loop, too, a register or slot that a kept state never wrote covers whatever the current one has there.";
    widening_by_value: bool, "7.0", "A number that nothing relied on is forgotten in a loop if its range changed; before, if the group of numbers that share it did, too.";
    sums_keep_reference: bool, "7.1", "The sum of a number and a pointer is all that the pointer is; before, it loses the pointer's reference and frame.";
    drop_singular_ids: bool, "7.0", "A scalar id that no other register or slot has is cleared when a state is kept, and a load from a slot gives it one anew.";
    precision_scope: PrecisionScope, "SingleFrame since 6.2 and stable 5.10, 5.15 and 6.1, AcrossCalls since 6.4", "How far precision of a scalar is traced back.";
    results_precise: bool, "6.8", "The number that a program returns, or a callback that runs later, is relied on where it has to be in a range; before, the range is looked at only.";
    fetch_ends_precision: bool, "6.19, and stable 5.15, 6.1, 6.6 and 6.12", "Traced back, an atomic fetch gives its register a new value; before, the register's old value becomes precise too.";
    precise_stack_by_history: bool, "6.8", "Stack accesses are marked in the jump history, so that precision follows pointers other than R10.";
    history_checkpoint: bool, "6.12", "A long jump history (over 40 entries) forces a new state.";
    spill_subregs: bool, "5.16, and stable 5.10 and 5.15", "Scalars of 1, 2 and 4 bytes are tracked when spilled and filled.";
    spill_unbounded: bool, "6.9", "Spilled scalars without bounds are tracked too, and so keep their id.";
    fill_narrow: bool, "6.9", "A narrower fill of a spilled scalar keeps what fits of its bounds.";
    spill_imm: bool, "6.3, and stable 5.10, 5.15 and 6.1", "An immediate stored to the stack is tracked as a constant.";
    imprecise_zero: bool, "6.8", "A zero stored to an aligned slot is a spilled constant, not zero bytes; partial spills and fills keep zeros.";
    uninit_stack_reads: bool, "6.3, and stable 5.10, 5.15 and 6.1", "Privileged programs may read stack that was never written.";
    misc_matches_unbounded: bool, "6.9", "Comparing states, an unbounded spilled scalar equals eight misc bytes.";
    zero_spills_whole: bool, "7.1", "A spilled zero stays as it is while the upper half of its slot may be read, though the lower one is dead.";
    offsets_joined: bool, "7.1", "The known and the unknown part of a pointer's offset are one number: states are compared by it, and checks tell of it.";
    moves_clear_packet_end: bool, "7.1", "A packet pointer found at or beyond the packet's end is as good as new once it moves.";
    flow_keys_offset_checked: bool, "not 7.1", "Whether a pointer to flow keys was moved counts when they are accessed.";
    misc_matches_half: bool, "7.1", "Comparing states, a spilled scalar of 32 bits is held against four misc bytes as against another one.";
    helper_memory_typed: bool, "6.14", "A helper's argument says whether the helper reads or writes the memory; before, a helper may write all stack it gets, and surely writes what needn't be initialised.";
    var_off_write_scrubs: bool, "7.0", "A write at a variable offset that touches a spill makes the whole slot data, not just the bytes it touches.";
    var_off_stack_writes: bool, "5.12", "Stack may be written at a variable offset.";
    immediate_context_stores: bool, "6.3", "An immediate may be stored straight into the context; before, only a register.";
    callbacks_as_loops: bool, "6.7, and stable 6.6", "A synchronous callback is explored zero, one and more times until it converges; before, once.";
    lazy_globals: bool, "6.8", "Global functions are verified only when they are reached.";
    global_args_by_tag: bool, "6.8", "Global functions' arguments may be described by declaration tags.";
    global_pkt_change: bool, "6.13, and stable 6.12", "A call to a global function that may change the packet invalidates packet pointers.";
    globals_may_sleep_checked: bool, "6.14", "A global function that may sleep can't be called where sleeping is forbidden.";
    trusted_pointers: bool, "6.2", "Pointers to kernel objects are trusted, untrusted or RCU-protected; before, all alike.";
    kfunc_trusted_by_default: bool, "7.0", "Kfuncs want trusted pointers unless they say otherwise.";
    untrusted_mem: bool, "6.17", "Untrusted pointers to sized memory are read with faults handled.";
    helper_message_split: bool, "6.9", "A helper barred to a program type is told from an unknown one in the message.";
    long_jumps: bool, "6.6, and stable 6.1", "Jumps with a 32-bit offset exist.";
    loops_by_any_edge: bool, "stable 6.6", "Loops may close by any edge, falling through and calls too; before, by jumps and references to callbacks only.";
    cut_loads_first: bool, "7.3", "A wide load cut off by the program's end is refused before the program's layout is looked at.";
    whole_wide_loads: bool, "stable 6.1", "The second slot of a wide load is no instruction to walk.";
    split_jump_points: bool, "stable 6.1", "History is recorded at points of its own; before, wherever states are compared.";
    callback_checkpoints: bool, "stable 6.6", "States are always kept at calls that run callbacks.";
    callback_loops: bool, "6.19", "A call that runs callbacks is a loop of its own.";
    abnormal_exits: bool, "6.19", "Tail calls and legacy packet loads have an edge to an exit.";
    reserved_fields_upfront: bool, "7.1", "Reserved fields of every instruction are looked at before exploring; before, when the instruction is reached.";
    kfuncs: bool, "5.13", "Kernel functions can be called.";
    atomics_fetch: bool, "5.12", "Atomic operations other than add exist.";
    isa_v4: bool, "6.6", "Sign-extending moves and loads, signed division and byte swaps exist.";
    may_goto: bool, "6.9", "Loops can be bounded by may_goto.";
    arena_arithmetic_apart: bool, "7.1", "An instruction of 64-bit arithmetic is used with arena pointers on every path, or on none.";
    arena: bool, "6.9", "Arenas and address space casts exist.";
    device_hooks_sleep: bool, "7.1", "Programs on the LSM hooks of block devices may sleep.";
    arena_loads_extend: bool, "6.18", "Loads from arenas may extend the sign; before, such a program is refused once all is explored.";
    fastcall: bool, "6.12", "Calls that keep registers: spills around them don't count towards the stack.";
    load_acquire: bool, "6.15", "Load-acquire and store-release exist.";
    indirect_jumps: bool, "6.19", "Jump tables exist.";
    stack_arguments: bool, "7.1", "Functions may take more than five arguments, on the stack.";
    global_void_functions: bool, "7.1", "Global functions may return nothing.";
    map_ptr_not_null: bool, "6.17, and stable 6.12", "A map taken from a map of maps is known not to be null.";
    nested_rcu_sections: bool, "6.19", "RCU read sections may nest.";
    const_map_key: bool, "6.14", "A lookup in an array at a constant index in range is known not to fail.";
    refine_cpu_id: bool, "6.9", "The number of the current CPU is known to be below the number of CPUs.";
    refine_task_stack: bool, "5.15", "What bpf_get_task_stack returns is bounded by the size it was given.";
    tail_call_leaves_frame: bool, "6.18", "A tail call in a subprogram is explored as a return with an unknown result too.";
    tail_call_changes_packet: bool, "6.12", "Packet pointers are invalid after a tail call.";
    tracing_timers: bool, "7.0", "Tracing programs may use maps with timers, work queues and resilient spin locks.";
    null_args_precise: bool, "7.0", "A null argument must be known precisely.";
    all_scalars_compared: bool, "never when privileged", "States are compared on every scalar, as for a loader without capabilities, whose scalars are all precise.";
    cast_forks_null: bool, "7.2", "A cast of a referenced socket is explored as failing on a path of its own.";
    retval_helpers_checked: bool, "7.2", "What bpf_set_retval sets must be in the hook's range, and bpf_get_retval gives a number in it.";
    sleepable_uses_storage: bool, "6.2", "Sleepable programs may use local storages, queues and user ring buffers.";
    sleepable_uses_tries: bool, "7.0", "Sleepable programs may use LPM tries, program arrays and newer map types.";
    inline_current_task: bool, "6.18", "The helpers that give the current task are inlined.";
    callback_map_uid: bool, "7.0", "A callback's map, key and value keep the lookup that gave an inner map.";
    ld_abs_returns: bool, "7.0", "A packet load in a subprogram may return 0 from it at once, and that path is walked.";
    wide_link_delta: bool, "7.0", "The distance of two linked registers is taken in 64 bits, so it cannot overflow.";
    arena_absorbs_numbers: bool, "7.0", "Arithmetic on a number and an arena pointer gives an arena pointer, whichever is on the left.";
    throw_leaves_sections: bool, "until 6.19", "A throw from within a subprogram doesn't look at locks and sections.";
    kfunc_prototype_decides: bool, "7.2", "What a kfunc's argument is follows from its prototype alone, not from what is passed; a size is an argument of its own.";
    kfuncs_say_lock_safe: bool, "7.0", "Kfuncs that may be called under a spin lock say so by a flag; before, a list names them.";
    kfunc_results_trusted: bool, "7.0", "Kernel objects that kfuncs return are trusted unless said otherwise.";
    context_keeps_rcu: bool, "7.3", "Leaving an RCU section takes protection from no pointer that something else protects, were it the program's context.";
    context_protects_rcu: bool, "7.0", "Preempt and IRQ sections protect RCU pointers as RCU sections do.";
    pointer_pointers_as_numbers: bool, "7.0", "Arguments that point to other things than structs are read as numbers.";
    sleepable_tracepoints: bool, "7.1", "Programs of tracepoints may sleep.";
    const_dynptrs_usable: bool, "7.2", "A dynptr that is an argument may be passed to whatever doesn't release it.";
    sockmap_updates_restricted: bool, "7.3", "Only iterators, socket operations, socket lookup and reuseport programs change sockmaps.";
    global_frames_apart: bool, "7.1", "Frames are counted anew in each global function.";
    null_by_zero_register: bool, "7.1", "Comparing a pointer with a register known to be zero is a null check.";
    globals_may_throw: bool, "7.0", "After a call of a global function that may throw, the end by the exception is explored too.";
    one_reference_argument: bool, "until 7.2", "Only one argument of a helper may carry a reference.";
    lent_objects_written: bool, "7.2", "What a function may write can't be a kernel object; before, lending one counts as a read.";
    null_is_not_nonnull: bool, "7.2", "A constant zero is refused where a global function wants a non-null pointer.";
    kptr_xchg_under_lock: bool, "7.1", "Kptrs may be exchanged while a spin lock is held.";
    arena_offsets_free: bool, "7.0", "A constant may name any offset into an arena.";
    contexts_movable: bool, "7.1", "A context that the kernel hands over untranslated may be accessed through a moved pointer; a syscall program's at any offset.";
    throw_ends_program: bool, "7.0", "What a global function throws is held to the program's range of return values.";
    clones_keep_reference: bool, "7.1", "What overwrites a dynptr may destroy a referenced one while a clone of it lives.";
    arena_by_type_tag: bool, "7.2", "Pointers that carry the type tag of arenas are arena pointers in a function's prototype.";
    drops_nmi_safe: bool, "7.2", "Tracing programs cannot drop objects whose fields are not safe to free in an NMI.";
    buffers_checked_for_null: bool, "5.10, not 5.17 to 6.18, stable 6.18", "A buffer of an iterator that may be null cannot be accessed before a check.";
    inner_keys_vary: bool, "7.1, and stable 6.18", "A constant index into an inner array that may be exchanged for one of another size is not known to be in range.";
    syscalls_open: bool, "7.1", "Sleeping programs and programs that modify results may hang on entries of system calls, whatever the kernel was built with.";
    probe_registers_writable: bool, "6.18", "Programs on probes may write the registers.";
    nonnull_by_comparison: bool, "6.2", "Equal to a pointer that is not null, a pointer is not null either.";
    kptr_tag_references: bool, "6.2", "The type tag `kptr` means a referenced pointer, `kptr_untrusted` a plain one; before, `kptr_ref` and `kptr`.";
    locks_across_functions: bool, "6.9", "A lock may be held when a static function is left.";
    callbacks_of_many_maps: bool, "6.10", "One call may walk the elements of several maps.";
    ksym_functions: bool, "6.2", "The address of a typed kernel function may be taken.";
    dynptr_slots_guarded: bool, "6.3", "Stores into a dynptr destroy it with its slices, and a dynptr may be made in place of another.";
    const_dynptrs_passed_whole: bool, "6.3", "Helpers that would change a dynptr refuse one that is an argument.";
    helper_writes_declared: bool, "6.12, and stable 6.1", "Whether a helper reads or writes memory other than stack is what its signature says.";
    mov32_keeps_link: bool, "6.5", "A 32-bit move of a number that fits keeps the number's id.";
    narrow_spills_linked: bool, "6.8", "Numbers spilled in fewer than eight bytes learn what their copies learn.";
    loops_found_exactly: bool, "6.7", "A loop is infinite if its state repeats exactly; before, if an earlier state covers it.";
    unions_read_freely: bool, "6.2", "An access may be longer than the first member of a union that it begins in.";
    global_memory_arguments: bool, "5.12", "Global functions may take pointers to memory.";
    int_pointers_as_numbers: bool, "5.11", "Arguments that point to integers are read as numbers.";
    preempt_bars_globals: bool, "6.10 to 6.13", "Global functions cannot be called with preemption disabled.";
    self_sums_linked: bool, "6.11 to 6.19, not stable 6.12 and 6.18", "A known number added to itself counts as linked to its copies by the sum.";
    synced_keep_link: bool, "6.18, and stable 6.12", "A number that learns from one a distance away keeps how it is linked; before, it takes the other's link.";
    results_narrow: bool, "6.12 to 7.0, not stable 6.12", "A hook's return value narrows what the register held before; else it replaces it.";
    stale_link_distance: bool, "6.11 to 7.0, not stable 6.12 and 6.18", "A number that loses its link keeps the distance.";
    app_limited_writable: bool, "6.2", "Congestion control may write the fields by which a connection is limited by its application.";
    packet_ids_compared: bool, "6.2", "A packet pointer without an id in a kept state covers only ones without.";
    sleepable_uses_percpu: bool, "5.13", "Sleepable programs may use maps per CPU, maps of maps and ring buffers.";
    sleepable_probes: bool, "6.0", "Programs on uprobes may sleep.";
    flow_keys_fixed: bool, "6.8, and stable 6.1", "No variable offset may be added to a pointer to flow keys.";
    kernel_types_need_gpl: bool, "6.2", "Only programs under the GPL read kernel structs through typed pointers.";
    zero_sizes_named: bool, "6.8", "A size that may be zero, where it must not be, is refused for itself, before the memory is looked at.";
    functions_by_reference: bool, "5.13", "A function whose address is taken is a function of the program.";
    stack_grows_by_reads: bool, "6.3, and stable 5.15 and 6.1", "Stack below what was ever written may be read; before, only unwritten bytes above it.";
    timers_sleep_as_program: bool, "until 6.17", "The callback of a timer may sleep if the program may; since, never.";
    ids_correspond: bool, "6.3", "Comparing states, ids of references and of pointers to kernel objects and memory correspond; before, they must be the same.";
    ids_one_to_one: bool, "6.5", "Two ids of a kept state never stand for one of the current state.";
    kernel_types_need_perfmon: bool, "6.2", "Only loaders with CAP_PERFMON read kernel structs through typed pointers.";
    narrow_stores_over_numbers: bool, "6.13, and stable 6.12", "Without CAP_PERFMON, a spilled number may be overwritten in part; before, no spill may.";
    mispredictions_fenced: bool, "6.17", "Without CAP_PERFMON, what only a mispredicted path could do wrong is fenced off; before, it is refused.";
    freezing_needs_bpf: bool, "until 6.5", "Constant maps are made by loaders with CAP_BPF only.";
}
