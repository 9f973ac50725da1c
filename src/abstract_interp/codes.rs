//! The codes of rejections, from `rules`. Made by `cargo xtask tables`; edit the data instead.

/// A rejection code. Numbers and names are stable and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Code {
    /// `uninitialized-register-read`
    UninitRegister = 1,
    /// `frame-pointer-write`
    FramePointerWrite = 2,
    /// `invalid-register`
    InvalidRegister = 3,
    /// `unreachable-instruction`
    UnreachableInsn = 4,
    /// `back-edge`
    BackEdge = 5,
    /// `infinite-loop`
    InfiniteLoop = 6,
    /// `jump-out-of-range`
    JumpOutOfRange = 7,
    /// `fall-through-end`
    FallThrough = 8,
    /// `unknown-opcode`
    UnknownOpcode = 9,
    /// `reserved-field-used`
    ReservedField = 10,
    /// `opcode-invalid-here`
    InvalidOpcode = 11,
    /// `division-by-zero`
    DivByZero = 12,
    /// `shift-out-of-range`
    InvalidShift = 13,
    /// `program-too-large`
    ProgramTooLarge = 14,
    /// `jump-sequence-too-complex`
    TooManyJumps = 15,
    /// `too-many-subprograms`
    TooManySubprogs = 16,
    /// `call-depth-exceeded`
    CallDepth = 17,
    /// `recursive-call`
    RecursiveCall = 18,
    /// `combined-stack-too-big`
    StackTooBig = 19,
    /// `tail-call-misuse`
    TailCallStack = 20,
    /// `invalid-call-destination`
    CallDestination = 21,
    /// `invalid-line-or-func-info`
    LineInfo = 22,
    /// `invalid-jump-table`
    JumpTable = 23,
    /// `too-many-maps`
    TooManyMaps = 24,
    /// `invalid-map-load`
    MapLoad = 25,
    /// `path-history-too-long`
    HistoryTooLong = 26,
    /// `context-access-invalid`
    CtxAccess = 100,
    /// `modified-pointer-dereference`
    CtxModified = 101,
    /// `context-variable-offset`
    CtxVarOff = 102,
    /// `negative-offset-pointer`
    NegativeOffset = 103,
    /// `pointer-leak`
    PointerLeak = 104,
    /// `pointer-leak-into-context`
    CtxPointerLeak = 105,
    /// `not-a-pointer-dereference`
    MemAccessType = 106,
    /// `map-value-out-of-bounds`
    MapValueOob = 107,
    /// `packet-access-unchecked`
    PacketOob = 108,
    /// `memory-out-of-bounds`
    MemRegionOob = 109,
    /// `possibly-negative-offset`
    MinNegative = 110,
    /// `unbounded-access`
    Unbounded = 111,
    /// `stack-out-of-bounds`
    StackOob = 112,
    /// `uninitialized-stack-read`
    StackUninit = 113,
    /// `spill-corrupted`
    StackSpillCorrupt = 114,
    /// `stack-variable-offset`
    StackVariable = 115,
    /// `misaligned-access`
    Misaligned = 116,
    /// `packet-write-forbidden`
    PacketWrite = 117,
    /// `read-only-memory-write`
    ReadOnlyWrite = 118,
    /// `socket-access-invalid`
    SockAccess = 119,
    /// `buffer-access-invalid`
    BufferAccess = 120,
    /// `pointer-arithmetic-forbidden`
    PointerArith = 121,
    /// `pointer-arithmetic-out-of-range`
    PointerSpeculation = 122,
    /// `pointer-comparison-forbidden`
    PointerCompare = 123,
    /// `pointer-partial-copy`
    PartialPointer = 124,
    /// `kernel-struct-access-invalid`
    BtfAccess = 125,
    /// `map-pointer-access-invalid`
    MapPtrField = 126,
    /// `special-field-access`
    SpecialField = 127,
    /// `stack-pointer-escapes-frame`
    CrossFrame = 128,
    /// `null-pointer-dereference`
    NullDereference = 129,
    /// `stale-pointer-dereference`
    StalePointer = 130,
    /// `kernel-address-dereference`
    KernelAddress = 131,
    /// `argument-type-mismatch`
    TypeMismatch = 200,
    /// `unknown-function`
    UnknownFunc = 201,
    /// `function-not-allowed`
    FuncNotAllowed = 202,
    /// `gpl-only-function`
    GplOnly = 203,
    /// `map-type-helper-mismatch`
    MapFunc = 204,
    /// `map-program-mismatch`
    MapProgCompat = 205,
    /// `possibly-null-argument`
    NullArg = 206,
    /// `memory-length-mismatch`
    MemLenPair = 207,
    /// `argument-not-constant`
    MustBeConst = 208,
    /// `argument-not-constant-string`
    ConstStr = 209,
    /// `zero-sized-access`
    ZeroSize = 210,
    /// `argument-not-scalar`
    ScalarExpected = 211,
    /// `helper-packet-access-forbidden`
    HelperPacket = 212,
    /// `helper-writes-read-only`
    HelperWrite = 213,
    /// `helper-misused`
    HelperConfig = 214,
    /// `sockmap-misuse`
    SockMap = 215,
    /// `flow-keys-variable-offset`
    FlowKeys = 216,
    /// `context-argument-expected`
    CtxExpected = 217,
    /// `wrong-kernel-struct`
    WrongStruct = 218,
    /// `argument-register-mismatch`
    RegTypeMismatch = 219,
    /// `offset-sum-too-big`
    SumTooBig = 220,
    /// `instruction-used-with-mixed-pointers`
    SameInsn = 221,
    /// `pointer-offset-forbidden`
    ZeroOffset = 222,
    /// `reference-arguments-invalid`
    RefArgs = 223,
    /// `map-not-read-only`
    ReadOnlyMap = 224,
    /// `argument-size-unresolved`
    SizeUnresolved = 225,
    /// `function-prototype-arguments`
    FuncProtoArgs = 226,
    /// `reference-leak`
    RefLeak = 300,
    /// `reference-not-acquired`
    RefNotAcquired = 301,
    /// `pointer-not-trusted`
    RefState = 302,
    /// `spin-lock-misuse`
    SpinLock = 303,
    /// `call-while-locked`
    HoldingLock = 304,
    /// `rcu-section-misuse`
    Rcu = 305,
    /// `preempt-section-misuse`
    Preempt = 306,
    /// `irq-section-misuse`
    Irq = 307,
    /// `sleeping-call-forbidden`
    Sleepable = 308,
    /// `sleeping-call-in-rcu-section`
    SleepInRcu = 309,
    /// `sleeping-call-in-preempt-section`
    SleepInPreempt = 310,
    /// `rcu-section-left-open`
    RcuAtEnd = 311,
    /// `released-pointer-offset`
    ReleaseOffset = 312,
    /// `kfunc-misuse`
    Kfunc = 400,
    /// `dynptr-misuse`
    Dynptr = 401,
    /// `iterator-misuse`
    Iterator = 402,
    /// `kptr-misuse`
    Kptr = 403,
    /// `graph-collection-misuse`
    Graph = 404,
    /// `timer-or-workqueue-misuse`
    TimerWq = 405,
    /// `arena-misuse`
    Arena = 406,
    /// `callback-misuse`
    Callback = 407,
    /// `exception-misuse`
    Exception = 408,
    /// `object-allocation-misuse`
    ObjNew = 409,
    /// `kptr-type-mismatch`
    KptrType = 410,
    /// `subprogram-arguments`
    SubprogArgs = 500,
    /// `subprogram-return`
    SubprogReturn = 501,
    /// `program-return-value`
    ProgReturn = 502,
    /// `ld-abs-misuse`
    LdAbs = 503,
    /// `atomic-misuse`
    Atomic = 504,
    /// `immediate-store-into-context`
    CtxStore = 505,
    /// `btf-missing-or-invalid`
    BtfMissing = 600,
    /// `attach-target-invalid`
    AttachTarget = 601,
    /// `privilege-missing`
    Privilege = 602,
    /// `load-attribute-invalid`
    LoadAttr = 603,
    /// `stack-arguments-invalid`
    StackArgs = 604,
    /// `liveness-limit-exceeded`
    LivenessLimit = 605,
    /// `instruction-not-rewritable`
    Rewrite = 606,
    /// `verifier-defect-met`
    VerifierDefect = 607,
    /// `attach-target-not-sleepable`
    AttachNotSleepable = 608,
    /// `attach-target-not-modifiable`
    AttachNotModifiable = 609,
    /// `attach-hook-disabled`
    AttachHookDisabled = 610,
    /// `kernel-option-missing`
    KernelOption = 611,
}

impl Code {
    /// Every code, by number.
    pub const ALL: &'static [Code] = &[
        Code::UninitRegister,
        Code::FramePointerWrite,
        Code::InvalidRegister,
        Code::UnreachableInsn,
        Code::BackEdge,
        Code::InfiniteLoop,
        Code::JumpOutOfRange,
        Code::FallThrough,
        Code::UnknownOpcode,
        Code::ReservedField,
        Code::InvalidOpcode,
        Code::DivByZero,
        Code::InvalidShift,
        Code::ProgramTooLarge,
        Code::TooManyJumps,
        Code::TooManySubprogs,
        Code::CallDepth,
        Code::RecursiveCall,
        Code::StackTooBig,
        Code::TailCallStack,
        Code::CallDestination,
        Code::LineInfo,
        Code::JumpTable,
        Code::TooManyMaps,
        Code::MapLoad,
        Code::HistoryTooLong,
        Code::CtxAccess,
        Code::CtxModified,
        Code::CtxVarOff,
        Code::NegativeOffset,
        Code::PointerLeak,
        Code::CtxPointerLeak,
        Code::MemAccessType,
        Code::MapValueOob,
        Code::PacketOob,
        Code::MemRegionOob,
        Code::MinNegative,
        Code::Unbounded,
        Code::StackOob,
        Code::StackUninit,
        Code::StackSpillCorrupt,
        Code::StackVariable,
        Code::Misaligned,
        Code::PacketWrite,
        Code::ReadOnlyWrite,
        Code::SockAccess,
        Code::BufferAccess,
        Code::PointerArith,
        Code::PointerSpeculation,
        Code::PointerCompare,
        Code::PartialPointer,
        Code::BtfAccess,
        Code::MapPtrField,
        Code::SpecialField,
        Code::CrossFrame,
        Code::NullDereference,
        Code::StalePointer,
        Code::KernelAddress,
        Code::TypeMismatch,
        Code::UnknownFunc,
        Code::FuncNotAllowed,
        Code::GplOnly,
        Code::MapFunc,
        Code::MapProgCompat,
        Code::NullArg,
        Code::MemLenPair,
        Code::MustBeConst,
        Code::ConstStr,
        Code::ZeroSize,
        Code::ScalarExpected,
        Code::HelperPacket,
        Code::HelperWrite,
        Code::HelperConfig,
        Code::SockMap,
        Code::FlowKeys,
        Code::CtxExpected,
        Code::WrongStruct,
        Code::RegTypeMismatch,
        Code::SumTooBig,
        Code::SameInsn,
        Code::ZeroOffset,
        Code::RefArgs,
        Code::ReadOnlyMap,
        Code::SizeUnresolved,
        Code::FuncProtoArgs,
        Code::RefLeak,
        Code::RefNotAcquired,
        Code::RefState,
        Code::SpinLock,
        Code::HoldingLock,
        Code::Rcu,
        Code::Preempt,
        Code::Irq,
        Code::Sleepable,
        Code::SleepInRcu,
        Code::SleepInPreempt,
        Code::RcuAtEnd,
        Code::ReleaseOffset,
        Code::Kfunc,
        Code::Dynptr,
        Code::Iterator,
        Code::Kptr,
        Code::Graph,
        Code::TimerWq,
        Code::Arena,
        Code::Callback,
        Code::Exception,
        Code::ObjNew,
        Code::KptrType,
        Code::SubprogArgs,
        Code::SubprogReturn,
        Code::ProgReturn,
        Code::LdAbs,
        Code::Atomic,
        Code::CtxStore,
        Code::BtfMissing,
        Code::AttachTarget,
        Code::Privilege,
        Code::LoadAttr,
        Code::StackArgs,
        Code::LivenessLimit,
        Code::Rewrite,
        Code::VerifierDefect,
        Code::AttachNotSleepable,
        Code::AttachNotModifiable,
        Code::AttachHookDisabled,
        Code::KernelOption,
    ];

    /// The stable number, printed as `BPF0123`.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The stable kebab-case name; it states the fault.
    pub const fn name(self) -> &'static str {
        match self {
            Code::UninitRegister => "uninitialized-register-read",
            Code::FramePointerWrite => "frame-pointer-write",
            Code::InvalidRegister => "invalid-register",
            Code::UnreachableInsn => "unreachable-instruction",
            Code::BackEdge => "back-edge",
            Code::InfiniteLoop => "infinite-loop",
            Code::JumpOutOfRange => "jump-out-of-range",
            Code::FallThrough => "fall-through-end",
            Code::UnknownOpcode => "unknown-opcode",
            Code::ReservedField => "reserved-field-used",
            Code::InvalidOpcode => "opcode-invalid-here",
            Code::DivByZero => "division-by-zero",
            Code::InvalidShift => "shift-out-of-range",
            Code::ProgramTooLarge => "program-too-large",
            Code::TooManyJumps => "jump-sequence-too-complex",
            Code::TooManySubprogs => "too-many-subprograms",
            Code::CallDepth => "call-depth-exceeded",
            Code::RecursiveCall => "recursive-call",
            Code::StackTooBig => "combined-stack-too-big",
            Code::TailCallStack => "tail-call-misuse",
            Code::CallDestination => "invalid-call-destination",
            Code::LineInfo => "invalid-line-or-func-info",
            Code::JumpTable => "invalid-jump-table",
            Code::TooManyMaps => "too-many-maps",
            Code::MapLoad => "invalid-map-load",
            Code::HistoryTooLong => "path-history-too-long",
            Code::CtxAccess => "context-access-invalid",
            Code::CtxModified => "modified-pointer-dereference",
            Code::CtxVarOff => "context-variable-offset",
            Code::NegativeOffset => "negative-offset-pointer",
            Code::PointerLeak => "pointer-leak",
            Code::CtxPointerLeak => "pointer-leak-into-context",
            Code::MemAccessType => "not-a-pointer-dereference",
            Code::MapValueOob => "map-value-out-of-bounds",
            Code::PacketOob => "packet-access-unchecked",
            Code::MemRegionOob => "memory-out-of-bounds",
            Code::MinNegative => "possibly-negative-offset",
            Code::Unbounded => "unbounded-access",
            Code::StackOob => "stack-out-of-bounds",
            Code::StackUninit => "uninitialized-stack-read",
            Code::StackSpillCorrupt => "spill-corrupted",
            Code::StackVariable => "stack-variable-offset",
            Code::Misaligned => "misaligned-access",
            Code::PacketWrite => "packet-write-forbidden",
            Code::ReadOnlyWrite => "read-only-memory-write",
            Code::SockAccess => "socket-access-invalid",
            Code::BufferAccess => "buffer-access-invalid",
            Code::PointerArith => "pointer-arithmetic-forbidden",
            Code::PointerSpeculation => "pointer-arithmetic-out-of-range",
            Code::PointerCompare => "pointer-comparison-forbidden",
            Code::PartialPointer => "pointer-partial-copy",
            Code::BtfAccess => "kernel-struct-access-invalid",
            Code::MapPtrField => "map-pointer-access-invalid",
            Code::SpecialField => "special-field-access",
            Code::CrossFrame => "stack-pointer-escapes-frame",
            Code::NullDereference => "null-pointer-dereference",
            Code::StalePointer => "stale-pointer-dereference",
            Code::KernelAddress => "kernel-address-dereference",
            Code::TypeMismatch => "argument-type-mismatch",
            Code::UnknownFunc => "unknown-function",
            Code::FuncNotAllowed => "function-not-allowed",
            Code::GplOnly => "gpl-only-function",
            Code::MapFunc => "map-type-helper-mismatch",
            Code::MapProgCompat => "map-program-mismatch",
            Code::NullArg => "possibly-null-argument",
            Code::MemLenPair => "memory-length-mismatch",
            Code::MustBeConst => "argument-not-constant",
            Code::ConstStr => "argument-not-constant-string",
            Code::ZeroSize => "zero-sized-access",
            Code::ScalarExpected => "argument-not-scalar",
            Code::HelperPacket => "helper-packet-access-forbidden",
            Code::HelperWrite => "helper-writes-read-only",
            Code::HelperConfig => "helper-misused",
            Code::SockMap => "sockmap-misuse",
            Code::FlowKeys => "flow-keys-variable-offset",
            Code::CtxExpected => "context-argument-expected",
            Code::WrongStruct => "wrong-kernel-struct",
            Code::RegTypeMismatch => "argument-register-mismatch",
            Code::SumTooBig => "offset-sum-too-big",
            Code::SameInsn => "instruction-used-with-mixed-pointers",
            Code::ZeroOffset => "pointer-offset-forbidden",
            Code::RefArgs => "reference-arguments-invalid",
            Code::ReadOnlyMap => "map-not-read-only",
            Code::SizeUnresolved => "argument-size-unresolved",
            Code::FuncProtoArgs => "function-prototype-arguments",
            Code::RefLeak => "reference-leak",
            Code::RefNotAcquired => "reference-not-acquired",
            Code::RefState => "pointer-not-trusted",
            Code::SpinLock => "spin-lock-misuse",
            Code::HoldingLock => "call-while-locked",
            Code::Rcu => "rcu-section-misuse",
            Code::Preempt => "preempt-section-misuse",
            Code::Irq => "irq-section-misuse",
            Code::Sleepable => "sleeping-call-forbidden",
            Code::SleepInRcu => "sleeping-call-in-rcu-section",
            Code::SleepInPreempt => "sleeping-call-in-preempt-section",
            Code::RcuAtEnd => "rcu-section-left-open",
            Code::ReleaseOffset => "released-pointer-offset",
            Code::Kfunc => "kfunc-misuse",
            Code::Dynptr => "dynptr-misuse",
            Code::Iterator => "iterator-misuse",
            Code::Kptr => "kptr-misuse",
            Code::Graph => "graph-collection-misuse",
            Code::TimerWq => "timer-or-workqueue-misuse",
            Code::Arena => "arena-misuse",
            Code::Callback => "callback-misuse",
            Code::Exception => "exception-misuse",
            Code::ObjNew => "object-allocation-misuse",
            Code::KptrType => "kptr-type-mismatch",
            Code::SubprogArgs => "subprogram-arguments",
            Code::SubprogReturn => "subprogram-return",
            Code::ProgReturn => "program-return-value",
            Code::LdAbs => "ld-abs-misuse",
            Code::Atomic => "atomic-misuse",
            Code::CtxStore => "immediate-store-into-context",
            Code::BtfMissing => "btf-missing-or-invalid",
            Code::AttachTarget => "attach-target-invalid",
            Code::Privilege => "privilege-missing",
            Code::LoadAttr => "load-attribute-invalid",
            Code::StackArgs => "stack-arguments-invalid",
            Code::LivenessLimit => "liveness-limit-exceeded",
            Code::Rewrite => "instruction-not-rewritable",
            Code::VerifierDefect => "verifier-defect-met",
            Code::AttachNotSleepable => "attach-target-not-sleepable",
            Code::AttachNotModifiable => "attach-target-not-modifiable",
            Code::AttachHookDisabled => "attach-hook-disabled",
            Code::KernelOption => "kernel-option-missing",
        }
    }

    /// The class of the kernel's message for this fault.
    pub const fn class(self) -> &'static str {
        match self {
            Code::UninitRegister => "uninit_reg",
            Code::FramePointerWrite => "fp_readonly",
            Code::InvalidRegister => "reg_invalid",
            Code::UnreachableInsn => "unreachable",
            Code::BackEdge => "back_edge",
            Code::InfiniteLoop => "infinite_loop",
            Code::JumpOutOfRange => "jump_range",
            Code::FallThrough => "last_insn",
            Code::UnknownOpcode => "no_such_opcode",
            Code::ReservedField => "reserved_field",
            Code::InvalidOpcode => "opcode_invalid",
            Code::DivByZero => "div_zero",
            Code::InvalidShift => "bad_shift",
            Code::ProgramTooLarge => "too_large",
            Code::TooManyJumps => "jmp_seq",
            Code::TooManySubprogs => "too_many_subprogs",
            Code::CallDepth => "call_depth",
            Code::RecursiveCall => "call_depth",
            Code::StackTooBig => "stack_too_big",
            Code::TailCallStack => "tailcall_stack",
            Code::CallDestination => "call_dest",
            Code::LineInfo => "line_func_info",
            Code::JumpTable => "insn_array",
            Code::TooManyMaps => "used_maps",
            Code::MapLoad => "map_lddw",
            Code::HistoryTooLong => "too_large",
            Code::CtxAccess => "ctx_access",
            Code::CtxModified => "ctx_modified_ptr",
            Code::CtxVarOff => "ctx_var_off",
            Code::NegativeOffset => "neg_off_ptr",
            Code::PointerLeak => "leak_other",
            Code::CtxPointerLeak => "ctx_ptr_leak",
            Code::MemAccessType => "mem_access_type",
            Code::MapValueOob => "map_value_oob",
            Code::PacketOob => "pkt_oob",
            Code::MemRegionOob => "mem_region_oob",
            Code::MinNegative => "min_negative",
            Code::Unbounded => "unbounded",
            Code::StackOob => "stack_oob",
            Code::StackUninit => "stack_uninit",
            Code::StackSpillCorrupt => "stack_spill",
            Code::StackVariable => "stack_var",
            Code::Misaligned => "align",
            Code::PacketWrite => "pkt_write",
            Code::ReadOnlyWrite => "ro_write",
            Code::SockAccess => "sock_access",
            Code::BufferAccess => "buffer_access",
            Code::PointerArith => "ptr_arith",
            Code::PointerSpeculation => "ptr_spec",
            Code::PointerCompare => "ptr_cmp",
            Code::PartialPointer => "ptr_partial",
            Code::BtfAccess => "btf_access",
            Code::MapPtrField => "map_ptr_field",
            Code::SpecialField => "special_field",
            Code::CrossFrame => "cross_frame",
            Code::NullDereference => "mem_access_type",
            Code::StalePointer => "mem_access_type",
            Code::KernelAddress => "mem_access_type",
            Code::TypeMismatch => "type_expected",
            Code::UnknownFunc => "unknown_func",
            Code::FuncNotAllowed => "func_not_allowed",
            Code::GplOnly => "gpl_only",
            Code::MapFunc => "map_func",
            Code::MapProgCompat => "map_prog_compat",
            Code::NullArg => "null_arg",
            Code::MemLenPair => "mem_len_pair",
            Code::MustBeConst => "must_be_const",
            Code::ConstStr => "const_str",
            Code::ZeroSize => "zero_size",
            Code::ScalarExpected => "scalar_expected",
            Code::HelperPacket => "helper_pkt",
            Code::HelperWrite => "helper_write",
            Code::HelperConfig => "helper_config",
            Code::SockMap => "sockmap",
            Code::FlowKeys => "flow_keys_var",
            Code::CtxExpected => "ctx_expected",
            Code::WrongStruct => "wrong_struct",
            Code::RegTypeMismatch => "reg_type_mismatch",
            Code::SumTooBig => "sum_too_big",
            Code::SameInsn => "same_insn",
            Code::ZeroOffset => "zero_offset",
            Code::RefArgs => "ref_args",
            Code::ReadOnlyMap => "readonly_map",
            Code::SizeUnresolved => "size_unresolved",
            Code::FuncProtoArgs => "func_proto_args",
            Code::RefLeak => "ref_leak",
            Code::RefNotAcquired => "ref_not_acquired",
            Code::RefState => "ref_state_generic",
            Code::SpinLock => "spin_lock",
            Code::HoldingLock => "holding_lock",
            Code::Rcu => "rcu",
            Code::Preempt => "preempt",
            Code::Irq => "irq",
            Code::Sleepable => "sleepable",
            Code::SleepInRcu => "spin_lock",
            Code::SleepInPreempt => "preempt",
            Code::RcuAtEnd => "spin_lock",
            Code::ReleaseOffset => "ref_state_generic",
            Code::Kfunc => "kfunc",
            Code::Dynptr => "dynptr",
            Code::Iterator => "iterator",
            Code::Kptr => "kptr",
            Code::Graph => "graph",
            Code::TimerWq => "timer_wq",
            Code::Arena => "arena",
            Code::Callback => "callback",
            Code::Exception => "exception",
            Code::ObjNew => "obj_new",
            Code::KptrType => "type_expected",
            Code::SubprogArgs => "subprog_args",
            Code::SubprogReturn => "subprog_ret",
            Code::ProgReturn => "prog_ret",
            Code::LdAbs => "ld_abs",
            Code::Atomic => "atomic",
            Code::CtxStore => "bpf_st",
            Code::BtfMissing => "btf_missing",
            Code::AttachTarget => "attach_target",
            Code::Privilege => "priv",
            Code::LoadAttr => "load_attr",
            Code::StackArgs => "stack_args",
            Code::LivenessLimit => "liveness_limit",
            Code::Rewrite => "rewrite",
            Code::VerifierDefect => "verifier_bug",
            Code::AttachNotSleepable => "sleepable",
            Code::AttachNotModifiable => "btf_access",
            Code::AttachHookDisabled => "btf_missing",
            Code::KernelOption => "jit",
        }
    }
}
