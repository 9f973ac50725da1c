//! What the engine says of a program: a verdict, and for a refusal its evidence.
//!
//! A `Violation` states facts only; how they are worded for a person is the
//! business of the `diagnostics` room. `words` are the key words that a kernel
//! prints for the same fault, so that a search engine finds it.

/// Defines [`Code`]: variant, stable number, stable name, kernel message class.
macro_rules! codes {
    ($($variant:ident = $number:literal, $name:literal, $class:literal;)*) => {
        /// A rejection code. Numbers and names are stable and never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $name] $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable number, printed as `BPF0123`.
            pub const fn number(self) -> u16 {
                match self { $(Code::$variant => $number,)* }
            }

            /// The stable kebab-case name; it states the fault.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The class of the kernel's message for this fault.
            pub const fn class(self) -> &'static str {
                match self { $(Code::$variant => $class,)* }
            }
        }
    };
}

codes! {
    // 0xx: registers, control flow, program structure
    UninitRegister = 1, "uninitialized-register-read", "uninit_reg";
    FramePointerWrite = 2, "frame-pointer-write", "fp_readonly";
    InvalidRegister = 3, "invalid-register", "reg_invalid";
    UnreachableInsn = 4, "unreachable-instruction", "unreachable";
    BackEdge = 5, "back-edge", "back_edge";
    InfiniteLoop = 6, "infinite-loop", "infinite_loop";
    JumpOutOfRange = 7, "jump-out-of-range", "jump_range";
    FallThrough = 8, "fall-through-end", "last_insn";
    UnknownOpcode = 9, "unknown-opcode", "no_such_opcode";
    ReservedField = 10, "reserved-field-used", "reserved_field";
    InvalidOpcode = 11, "opcode-invalid-here", "opcode_invalid";
    DivByZero = 12, "division-by-zero", "div_zero";
    InvalidShift = 13, "shift-out-of-range", "bad_shift";
    ProgramTooLarge = 14, "program-too-large", "too_large";
    TooManyJumps = 15, "jump-sequence-too-complex", "jmp_seq";
    TooManySubprogs = 16, "too-many-subprograms", "too_many_subprogs";
    CallDepth = 17, "call-depth-exceeded", "call_depth";
    RecursiveCall = 18, "recursive-call", "call_depth";
    StackTooBig = 19, "combined-stack-too-big", "stack_too_big";
    TailCallStack = 20, "tail-call-misuse", "tailcall_stack";
    CallDestination = 21, "invalid-call-destination", "call_dest";
    LineInfo = 22, "invalid-line-or-func-info", "line_func_info";
    JumpTable = 23, "invalid-jump-table", "insn_array";
    TooManyMaps = 24, "too-many-maps", "used_maps";
    MapLoad = 25, "invalid-map-load", "map_lddw";
    // 1xx: memory
    CtxAccess = 100, "context-access-invalid", "ctx_access";
    CtxModified = 101, "modified-pointer-dereference", "ctx_modified_ptr";
    CtxVarOff = 102, "context-variable-offset", "ctx_var_off";
    NegativeOffset = 103, "negative-offset-pointer", "neg_off_ptr";
    PointerLeak = 104, "pointer-leak", "leak_other";
    CtxPointerLeak = 105, "pointer-leak-into-context", "ctx_ptr_leak";
    MemAccessType = 106, "not-a-pointer-dereference", "mem_access_type";
    MapValueOob = 107, "map-value-out-of-bounds", "map_value_oob";
    PacketOob = 108, "packet-access-unchecked", "pkt_oob";
    MemRegionOob = 109, "memory-out-of-bounds", "mem_region_oob";
    MinNegative = 110, "possibly-negative-offset", "min_negative";
    Unbounded = 111, "unbounded-access", "unbounded";
    StackOob = 112, "stack-out-of-bounds", "stack_oob";
    StackUninit = 113, "uninitialized-stack-read", "stack_uninit";
    StackSpillCorrupt = 114, "spill-corrupted", "stack_spill";
    StackVariable = 115, "stack-variable-offset", "stack_var";
    Misaligned = 116, "misaligned-access", "align";
    PacketWrite = 117, "packet-write-forbidden", "pkt_write";
    ReadOnlyWrite = 118, "read-only-memory-write", "ro_write";
    SockAccess = 119, "socket-access-invalid", "sock_access";
    BufferAccess = 120, "buffer-access-invalid", "buffer_access";
    PointerArith = 121, "pointer-arithmetic-forbidden", "ptr_arith";
    PointerSpeculation = 122, "pointer-arithmetic-out-of-range", "ptr_spec";
    PointerCompare = 123, "pointer-comparison-forbidden", "ptr_cmp";
    PartialPointer = 124, "pointer-partial-copy", "ptr_partial";
    BtfAccess = 125, "kernel-struct-access-invalid", "btf_access";
    MapPtrField = 126, "map-pointer-access-invalid", "map_ptr_field";
    SpecialField = 127, "special-field-access", "special_field";
    CrossFrame = 128, "stack-pointer-escapes-frame", "cross_frame";
    // 2xx: helpers
    TypeMismatch = 200, "argument-type-mismatch", "type_expected";
    UnknownFunc = 201, "unknown-function", "unknown_func";
    FuncNotAllowed = 202, "function-not-allowed", "func_not_allowed";
    GplOnly = 203, "gpl-only-function", "gpl_only";
    MapFunc = 204, "map-type-helper-mismatch", "map_func";
    MapProgCompat = 205, "map-program-mismatch", "map_prog_compat";
    NullArg = 206, "possibly-null-argument", "null_arg";
    MemLenPair = 207, "memory-length-mismatch", "mem_len_pair";
    MustBeConst = 208, "argument-not-constant", "must_be_const";
    ConstStr = 209, "argument-not-constant-string", "const_str";
    ZeroSize = 210, "zero-sized-access", "zero_size";
    ScalarExpected = 211, "argument-not-scalar", "scalar_expected";
    HelperPacket = 212, "helper-packet-access-forbidden", "helper_pkt";
    HelperWrite = 213, "helper-writes-read-only", "helper_write";
    HelperConfig = 214, "helper-misused", "helper_config";
    SockMap = 215, "sockmap-misuse", "sockmap";
    FlowKeys = 216, "flow-keys-variable-offset", "flow_keys_var";
    CtxExpected = 217, "context-argument-expected", "ctx_expected";
    WrongStruct = 218, "wrong-kernel-struct", "wrong_struct";
    RegTypeMismatch = 219, "argument-register-mismatch", "reg_type_mismatch";
    SumTooBig = 220, "offset-sum-too-big", "sum_too_big";
    SameInsn = 221, "instruction-used-with-mixed-pointers", "same_insn";
    ZeroOffset = 222, "pointer-offset-forbidden", "zero_offset";
    RefArgs = 223, "reference-arguments-invalid", "ref_args";
    ReadOnlyMap = 224, "map-not-read-only", "readonly_map";
    SizeUnresolved = 225, "argument-size-unresolved", "size_unresolved";
    FuncProtoArgs = 226, "function-prototype-arguments", "func_proto_args";
    // 3xx: references, locks, sections
    RefLeak = 300, "reference-leak", "ref_leak";
    RefNotAcquired = 301, "reference-not-acquired", "ref_not_acquired";
    RefState = 302, "pointer-not-trusted", "ref_state_generic";
    SpinLock = 303, "spin-lock-misuse", "spin_lock";
    HoldingLock = 304, "call-while-locked", "holding_lock";
    Rcu = 305, "rcu-section-misuse", "rcu";
    Preempt = 306, "preempt-section-misuse", "preempt";
    Irq = 307, "irq-section-misuse", "irq";
    Sleepable = 308, "sleeping-call-forbidden", "sleepable";
    SleepInRcu = 309, "sleeping-call-in-rcu-section", "spin_lock";
    SleepInPreempt = 310, "sleeping-call-in-preempt-section", "preempt";
    RcuAtEnd = 311, "rcu-section-left-open", "spin_lock";
    ReleaseOffset = 312, "released-pointer-offset", "ref_state_generic";
    // 4xx: kfuncs and rich objects
    Kfunc = 400, "kfunc-misuse", "kfunc";
    Dynptr = 401, "dynptr-misuse", "dynptr";
    Iterator = 402, "iterator-misuse", "iterator";
    Kptr = 403, "kptr-misuse", "kptr";
    Graph = 404, "graph-collection-misuse", "graph";
    TimerWq = 405, "timer-or-workqueue-misuse", "timer_wq";
    Arena = 406, "arena-misuse", "arena";
    Callback = 407, "callback-misuse", "callback";
    Exception = 408, "exception-misuse", "exception";
    ObjNew = 409, "object-allocation-misuse", "obj_new";
    KptrType = 410, "kptr-type-mismatch", "type_expected";
    // 5xx: functions and returns
    SubprogArgs = 500, "subprogram-arguments", "subprog_args";
    SubprogReturn = 501, "subprogram-return", "subprog_ret";
    ProgReturn = 502, "program-return-value", "prog_ret";
    LdAbs = 503, "ld-abs-misuse", "ld_abs";
    Atomic = 504, "atomic-misuse", "atomic";
    CtxStore = 505, "immediate-store-into-context", "bpf_st";
    // 6xx: loading, attachment, privileges
    BtfMissing = 600, "btf-missing-or-invalid", "btf_missing";
    AttachTarget = 601, "attach-target-invalid", "attach_target";
    Privilege = 602, "privilege-missing", "priv";
    LoadAttr = 603, "load-attribute-invalid", "load_attr";
    StackArgs = 604, "stack-arguments-invalid", "stack_args";
    LivenessLimit = 605, "liveness-limit-exceeded", "liveness_limit";
    Rewrite = 606, "instruction-not-rewritable", "rewrite";
}

/// One refusal: what, where, and how the program came there.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The stable code.
    pub code: Code,
    /// Index of the refused instruction slot in `Program::insns`.
    pub insn: usize,
    /// The register at fault, where one is.
    pub reg: Option<u8>,
    /// Key words of the kernel's message for the same fault.
    pub words: String,
    /// The instruction slots executed from the entry to the refusal, oldest
    /// first; only the last [`Violation::MAX_PATH`] of them.
    pub path: Vec<u32>,
    /// Whether `path` lost its beginning.
    pub path_truncated: bool,
    /// The register file of the innermost frame at the refusal, worded as a
    /// verifier log words it (`R1=pkt(off=14,r=0)`), initialised ones only.
    pub regs: Vec<(u8, String)>,
}

impl Violation {
    /// The longest path kept, in instructions.
    pub const MAX_PATH: usize = 8192;

    /// A violation whose place and path the exploration fills in.
    pub fn new(code: Code, words: impl Into<String>) -> Box<Violation> {
        Box::new(Violation {
            code,
            insn: usize::MAX,
            reg: None,
            words: words.into(),
            path: Vec::new(),
            path_truncated: false,
            regs: Vec::new(),
        })
    }

    /// Names the register at fault.
    #[must_use]
    pub fn on(mut self: Box<Self>, reg: u8) -> Box<Self> {
        self.reg = Some(reg);
        self
    }

    /// Places the fault at an instruction other than the current one.
    #[must_use]
    pub fn at(mut self: Box<Self>, insn: usize) -> Box<Self> {
        self.insn = insn;
        self
    }
}

/// Why no verdict is given: a construct that isn't modelled, or our own budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The construct's stable name (`arena`, `kfunc:bpf_foo`, `budget:time`).
    pub name: String,
    /// The instruction at which it was met.
    pub insn: Option<usize>,
}

/// The verdict on one program for one target.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The kernel loads it.
    Accept,
    /// The kernel refuses it.
    Reject(Box<Violation>),
    /// Not decided, and why.
    Unknown(Unknown),
}

/// Counts of one exploration, as the kernel's statistics line gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Instructions processed over all paths.
    pub processed: u64,
    /// States ever kept for pruning.
    pub total_states: u64,
    /// The most states kept at one time.
    pub peak_states: u64,
    /// The deepest combined stack, in bytes, rounded as the target rounds.
    pub stack_depth: u32,
}

/// The outcome of one verification.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The verdict.
    pub verdict: Verdict,
    /// What the exploration cost.
    pub stats: Stats,
}
