//! The Linux rows: each series at the point release that was measured.
//!
//! 5.10, 6.1, 6.12, 6.18 and 7.3 were checked against the sources and verdicts of
//! the release named; 6.16, 6.17, 6.19 and 7.0 to 7.2 against verdicts and types; and
//! 5.10, 6.1, 6.12, 6.16, 7.1 and 7.2 against what they log of single programs. What
//! these have is told by the facts of the measured series that they are nearest to, and
//! by dates. 5.15 and 6.6 are filled from their neighbours, mainline's
//! history and what stable took back: sub-register and immediate spills, reads
//! of uninitialised stack and precision in programs with subprograms came to
//! 5.15 and 6.1 as fixes; loops of callbacks and iterators that converge came to
//! 6.6; nullable tracepoint arguments, packet changes by global functions and
//! private stacks came to 6.12.

use super::{
    Behaviour, Config, Eviction, Limits, LoopConvergence, PrecisionScope, Rights, ScalarLinks,
    ScalarRules, StackLiveness, StackRounding, Target, TargetKind,
};
use crate::helpers_spec::SpecVersion;
use crate::prelude::*;

/// One release.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) spec: SpecVersion,
    release: (u16, u16, u16),
    release_name: &'static str,
    limits: Limits,
    behaviour: Behaviour,
    config: Config,
}

impl Row {
    /// Whether its kernel functions want trusted pointers unasked.
    pub(super) fn trusts_by_default(&self) -> bool {
        self.behaviour.kfunc_trusted_by_default
    }

    /// The target it describes.
    pub(super) fn target(&self) -> Target {
        Target {
            name: format!("linux-{}", self.name),
            release: self.release,
            release_name: self.release_name.into(),
            spec: self.spec,
            limits: self.limits,
            behaviour: self.behaviour,
            config: self.config,
            rights: Rights::ALL,
            kind: TargetKind::Series,
        }
    }
}

/// What every series has had since 5.10.
const LIMITS_5_10: Limits = Limits {
    max_insns: 1_000_000,
    complexity: 1_000_000,
    history: 0,
    jump_sequence: 8192,
    stack: 512,
    tail_call_caller_stack: 256,
    frames: 8,
    subprogs: 256,
    used_maps: 64,
    percpu_alloc: 0,
    cpus: 1,
};
const LIMITS_6_12: Limits = Limits {
    percpu_alloc: 512,
    // 4 MiB in entries of 16 bytes; measured on 6.18.44
    history: 1 << 18,
    ..LIMITS_5_10
};
const LIMITS_6_18_44: Limits = Limits {
    cpus: 2,
    ..LIMITS_6_12
};
const LIMITS_7_3: Limits = Limits {
    frames: 16,
    ..LIMITS_6_12
};

const LINUX_5_10: Behaviour = Behaviour {
    scalars: ScalarRules::V5_10,
    loops_by_any_edge: false,
    long_jumps: false,
    whole_wide_loads: false,
    cut_loads_first: false,
    split_jump_points: false,
    callback_checkpoints: false,
    callback_loops: false,
    abnormal_exits: false,
    reserved_fields_upfront: false,
    stack_rounding: StackRounding::By32,
    private_stack: false,
    eviction: Eviction::Fixed,
    stack_liveness: StackLiveness::Parentage,
    static_register_liveness: false,
    loop_convergence: LoopConvergence::None,
    scalar_links: ScalarLinks::Equal,
    links_in_history: false,
    precise_by_id: false,
    compare_scalar_ids: false,
    independent_covers_linked: false,
    links_grouped: false,
    widening_by_value: false,
    loops_cover_unset: false,
    callback_arguments_held: false,
    slices_correspond: false,
    found_pointers_keep_id: false,
    sums_keep_reference: false,
    drop_singular_ids: false,
    precision_scope: PrecisionScope::SingleFrame,
    results_precise: false,
    fetch_ends_precision: false,
    precise_stack_by_history: false,
    history_checkpoint: false,
    spill_subregs: true,
    spill_unbounded: false,
    fill_narrow: false,
    spill_imm: true,
    imprecise_zero: false,
    uninit_stack_reads: true,
    helper_memory_typed: false,
    var_off_write_scrubs: false,
    misc_matches_unbounded: false,
    misc_matches_half: false,
    zero_spills_whole: false,
    offsets_joined: false,
    moves_clear_packet_end: false,
    flow_keys_offset_checked: true,
    var_off_stack_writes: true,
    immediate_context_stores: false,
    callbacks_as_loops: false,
    lazy_globals: false,
    global_args_by_tag: false,
    global_pkt_change: false,
    globals_may_sleep_checked: false,
    trusted_pointers: false,
    kfunc_trusted_by_default: false,
    untrusted_mem: false,
    helper_message_split: false,
    kfuncs: false,
    atomics_fetch: false,
    isa_v4: false,
    may_goto: false,
    arena_arithmetic_apart: false,
    arena: false,
    arena_loads_extend: false,
    device_hooks_sleep: false,
    fastcall: false,
    load_acquire: false,
    indirect_jumps: false,
    stack_arguments: false,
    global_void_functions: false,
    map_ptr_not_null: false,
    nested_rcu_sections: false,
    ld_abs_returns: false,
    wide_link_delta: false,
    arena_absorbs_numbers: false,
    throw_leaves_sections: true,
    callback_map_uid: false,
    const_map_key: false,
    refine_cpu_id: false,
    refine_task_stack: false,
    tail_call_leaves_frame: false,
    tail_call_changes_packet: false,
    tracing_timers: false,
    null_args_precise: false,
    all_scalars_compared: false,
    cast_forks_null: false,
    retval_helpers_checked: false,
    sleepable_uses_storage: false,
    sleepable_uses_tries: false,
    inline_current_task: false,
    clones_keep_reference: false,
    arena_by_type_tag: false,
    drops_nmi_safe: false,
    throw_ends_program: false,
    contexts_movable: false,
    arena_offsets_free: false,
    kfunc_prototype_decides: false,
    kfuncs_say_lock_safe: false,
    kfunc_results_trusted: false,
    context_keeps_rcu: false,
    context_protects_rcu: false,
    pointer_pointers_as_numbers: false,
    sleepable_tracepoints: false,
    const_dynptrs_usable: false,
    sockmap_updates_restricted: false,
    global_frames_apart: false,
    null_by_zero_register: false,
    globals_may_throw: false,
    one_reference_argument: true,
    lent_objects_written: false,
    null_is_not_nonnull: false,
    kptr_xchg_under_lock: false,
    stack_grows_by_reads: false,
    ids_correspond: false,
    ids_one_to_one: false,
    timers_sleep_as_program: true,
    app_limited_writable: false,
    packet_ids_compared: false,
    sleepable_uses_percpu: false,
    sleepable_probes: false,
    flow_keys_fixed: false,
    kernel_types_need_gpl: false,
    zero_sizes_named: false,
    functions_by_reference: false,
    buffers_checked_for_null: true,
    inner_keys_vary: false,
    syscalls_open: false,
    probe_registers_writable: false,
    nonnull_by_comparison: false,
    kptr_tag_references: false,
    locks_across_functions: false,
    callbacks_of_many_maps: false,
    ksym_functions: false,
    dynptr_slots_guarded: false,
    const_dynptrs_passed_whole: false,
    helper_writes_declared: false,
    mov32_keeps_link: false,
    narrow_spills_linked: false,
    loops_found_exactly: false,
    unions_read_freely: false,
    global_memory_arguments: false,
    int_pointers_as_numbers: false,
    preempt_bars_globals: false,
    self_sums_linked: false,
    synced_keep_link: false,
    results_narrow: false,
    stale_link_distance: false,
    kernel_types_need_perfmon: false,
    narrow_stores_over_numbers: false,
    mispredictions_fenced: false,
    freezing_needs_bpf: true,
};

const LINUX_5_15: Behaviour = Behaviour {
    fetch_ends_precision: true,
    scalars: ScalarRules::V5_15,
    stack_grows_by_reads: true,
    sleepable_uses_percpu: true,
    functions_by_reference: true,
    global_memory_arguments: true,
    int_pointers_as_numbers: true,
    atomics_fetch: true,
    refine_task_stack: true,
    kfuncs: true,
    ..LINUX_5_10
};

const LINUX_6_1: Behaviour = Behaviour {
    scalars: ScalarRules::V6_1,
    whole_wide_loads: true,
    long_jumps: true,
    split_jump_points: true,
    flow_keys_fixed: true,
    sleepable_probes: true,
    buffers_checked_for_null: false,
    sleepable_uses_storage: true,
    helper_writes_declared: true,
    ld_abs_returns: true,
    ..LINUX_5_15
};

const LINUX_6_6: Behaviour = Behaviour {
    scalars: ScalarRules::V6_6,
    callback_checkpoints: true,
    loops_by_any_edge: true,
    ids_correspond: true,
    ids_one_to_one: true,
    app_limited_writable: true,
    packet_ids_compared: true,
    kernel_types_need_gpl: true,
    kernel_types_need_perfmon: true,
    freezing_needs_bpf: false,
    nonnull_by_comparison: true,
    kptr_tag_references: true,
    ksym_functions: true,
    dynptr_slots_guarded: true,
    const_dynptrs_passed_whole: true,
    mov32_keeps_link: true,
    loops_found_exactly: true,
    unions_read_freely: true,
    eviction: Eviction::KeepCheckpoints,
    loop_convergence: LoopConvergence::LoopEntry,
    precision_scope: PrecisionScope::AcrossCalls,
    precise_by_id: true,
    immediate_context_stores: true,
    compare_scalar_ids: true,
    callbacks_as_loops: true,
    trusted_pointers: true,
    isa_v4: true,
    ..LINUX_6_1
};

const LINUX_6_12: Behaviour = Behaviour {
    links_grouped: true,
    synced_keep_link: true,
    scalars: ScalarRules::V6_12,
    map_ptr_not_null: true,
    narrow_stores_over_numbers: true,
    zero_sizes_named: true,
    locks_across_functions: true,
    callbacks_of_many_maps: true,
    narrow_spills_linked: true,
    preempt_bars_globals: true,
    stack_rounding: StackRounding::By16,
    private_stack: true,
    scalar_links: ScalarLinks::Delta,
    links_in_history: true,
    precise_stack_by_history: true,
    history_checkpoint: true,
    spill_unbounded: true,
    results_precise: true,
    fill_narrow: true,
    imprecise_zero: true,
    misc_matches_unbounded: true,
    lazy_globals: true,
    global_args_by_tag: true,
    global_pkt_change: true,
    refine_cpu_id: true,
    tail_call_changes_packet: true,
    helper_message_split: true,
    may_goto: true,
    arena: true,
    fastcall: true,
    ..LINUX_6_6
};

const LINUX_6_18: Behaviour = Behaviour {
    fetch_ends_precision: false,
    arena_loads_extend: true,
    timers_sleep_as_program: false,
    scalars: ScalarRules::V6_18_44,
    mispredictions_fenced: true,
    buffers_checked_for_null: true,
    inner_keys_vary: true,
    probe_registers_writable: true,
    preempt_bars_globals: false,
    helper_memory_typed: true,
    stack_liveness: StackLiveness::Gathered,
    static_register_liveness: true,
    loop_convergence: LoopConvergence::Scc,
    globals_may_sleep_checked: true,
    untrusted_mem: true,
    load_acquire: true,
    // backported to 6.18.y
    wide_link_delta: true,
    arena_absorbs_numbers: true,
    var_off_write_scrubs: true,
    scalar_links: ScalarLinks::DeltaBoth,
    independent_covers_linked: true,
    const_map_key: true,
    tail_call_leaves_frame: true,
    // backported to 6.18.y
    throw_leaves_sections: false,
    inline_current_task: true,
    ..LINUX_6_12
};

/// 6.18 before the fixes that came to it as stable releases.
const LINUX_6_18_15: Behaviour = Behaviour {
    scalars: ScalarRules::V6_18,
    ld_abs_returns: false,
    wide_link_delta: false,
    arena_absorbs_numbers: false,
    var_off_write_scrubs: false,
    scalar_links: ScalarLinks::Delta,
    throw_leaves_sections: true,
    buffers_checked_for_null: false,
    inner_keys_vary: false,
    stale_link_distance: true,
    self_sums_linked: true,
    results_narrow: true,
    links_grouped: false,
    independent_covers_linked: false,
    ..LINUX_6_18
};

/// 6.17: reads of stack are still marked while exploring.
const LINUX_6_17: Behaviour = Behaviour {
    arena_loads_extend: false,
    scalars: ScalarRules::V6_17,
    stack_liveness: StackLiveness::Parentage,
    probe_registers_writable: false,
    tail_call_leaves_frame: false,
    inline_current_task: false,
    timers_sleep_as_program: true,
    synced_keep_link: false,
    ..LINUX_6_18_15
};

const LINUX_6_16: Behaviour = Behaviour {
    scalars: ScalarRules::V6_16,
    loop_convergence: LoopConvergence::LoopEntry,
    untrusted_mem: false,
    ..LINUX_6_17
};

const LINUX_6_19: Behaviour = Behaviour {
    scalars: ScalarRules::V6_19,
    fetch_ends_precision: true,
    throw_leaves_sections: false,
    buffers_checked_for_null: true,
    // Its helpers are described as 7.3 has them.
    const_dynptrs_usable: true,
    callback_loops: true,
    abnormal_exits: true,
    nested_rcu_sections: true,
    indirect_jumps: true,
    ..LINUX_6_18_15
};

const LINUX_7_0: Behaviour = Behaviour {
    scalars: ScalarRules::V7_0,
    links_grouped: true,
    widening_by_value: true,
    loops_cover_unset: true,
    independent_covers_linked: true,
    reserved_fields_upfront: true,
    var_off_write_scrubs: true,
    kfuncs_say_lock_safe: true,
    self_sums_linked: false,
    scalar_links: ScalarLinks::DeltaBoth,
    ld_abs_returns: true,
    wide_link_delta: true,
    arena_absorbs_numbers: true,
    drop_singular_ids: true,
    kfunc_trusted_by_default: true,
    sleepable_uses_tries: true,
    tracing_timers: true,
    null_args_precise: true,
    callback_map_uid: true,
    throw_ends_program: true,
    arena_offsets_free: true,
    kfunc_results_trusted: true,
    context_protects_rcu: true,
    pointer_pointers_as_numbers: true,
    globals_may_throw: true,
    ..LINUX_6_19
};

const LINUX_7_1: Behaviour = Behaviour {
    device_hooks_sleep: true,
    scalars: ScalarRules::V7_1,
    syscalls_open: true,
    arena_arithmetic_apart: true,
    global_void_functions: true,
    stack_liveness: StackLiveness::Static,
    misc_matches_half: true,
    zero_spills_whole: true,
    offsets_joined: true,
    moves_clear_packet_end: true,
    flow_keys_offset_checked: false,
    sums_keep_reference: true,
    inner_keys_vary: true,
    stack_arguments: true,
    clones_keep_reference: true,
    contexts_movable: true,
    sleepable_tracepoints: true,
    global_frames_apart: true,
    null_by_zero_register: true,
    kptr_xchg_under_lock: true,
    stale_link_distance: false,
    results_narrow: false,
    ..LINUX_7_0
};

const LINUX_7_2: Behaviour = Behaviour {
    scalars: ScalarRules::V7_3,
    found_pointers_keep_id: true,
    callback_arguments_held: true,
    slices_correspond: true,
    flow_keys_offset_checked: true,
    cast_forks_null: true,
    retval_helpers_checked: true,
    arena_by_type_tag: true,
    drops_nmi_safe: true,
    kfunc_prototype_decides: true,
    one_reference_argument: false,
    lent_objects_written: true,
    null_is_not_nonnull: true,
    ..LINUX_7_1
};

const LINUX_7_3: Behaviour = Behaviour {
    context_keeps_rcu: true,
    cut_loads_first: true,
    sockmap_updates_restricted: true,
    ..LINUX_7_2
};

const fn row(
    name: &'static str,
    spec: SpecVersion,
    release: (u16, u16, u16),
    release_name: &'static str,
    limits: Limits,
    behaviour: Behaviour,
) -> Row {
    Row {
        name,
        spec,
        release,
        release_name,
        limits,
        behaviour,
        config: Config::DEBIAN,
    }
}

/// The series that kernel.org keeps for years.
pub(super) const LONG_TERM: [&str; 6] = ["5.10", "5.15", "6.1", "6.6", "6.12", "6.18"];

/// The newest long-term series.
pub(super) const NEWEST_LTS: Row = Row {
    config: Config::MICROVM,
    ..row(
        "6.18",
        SpecVersion::V6_18,
        (6, 18, 44),
        "6.18.44",
        LIMITS_6_18_44,
        LINUX_6_18,
    )
};

/// Every series at one of its releases, oldest first.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row("5.10", SpecVersion::V5_10, (5, 10, 262), "5.10.262", LIMITS_5_10, LINUX_5_10),
    row("5.15", SpecVersion::V5_15, (5, 15, 190), "5.15.190", LIMITS_5_10, LINUX_5_15),
    row("6.1", SpecVersion::V6_1, (6, 1, 192), "6.1.192", LIMITS_5_10, LINUX_6_1),
    row("6.6", SpecVersion::V6_6, (6, 6, 100), "6.6.100", LIMITS_5_10, LINUX_6_6),
    row("6.12", SpecVersion::V6_12, (6, 12, 117), "6.12.117", LIMITS_6_12, LINUX_6_12),
    row("6.16", SpecVersion::V6_18, (6, 16, 12), "6.16.12", LIMITS_6_12, LINUX_6_16),
    row("6.17", SpecVersion::V6_18, (6, 17, 13), "6.17.13", LIMITS_6_12, LINUX_6_17),
    NEWEST_LTS,
    row("6.19", SpecVersion::V7_3, (6, 19, 14), "6.19.14", LIMITS_6_12, LINUX_6_19),
    row("7.0", SpecVersion::V7_3, (7, 0, 13), "7.0.13", LIMITS_6_12, LINUX_7_0),
    row("7.1", SpecVersion::V7_3, (7, 1, 13), "7.1.13", LIMITS_7_3, LINUX_7_1),
    row("7.2", SpecVersion::V7_3, (7, 2, 13), "7.2.13", LIMITS_7_3, LINUX_7_2),
    row("7.3", SpecVersion::V7_3, (7, 3, 0), "7.3-rc7", LIMITS_7_3, LINUX_7_3),
];

/// Other releases of a series that were measured: fixes moved verdicts since.
#[rustfmt::skip]
pub(super) static POINTS: &[Row] = &[
    row("6.18.15", SpecVersion::V6_18, (6, 18, 15), "6.18.15", LIMITS_6_12, LINUX_6_18_15),
];
