//! Classes of instructions, mechanisms, commands of `bpf(2)`: what a runtime may
//! or may not have besides helpers and map types.
//!
//! A class is the smallest part of the instruction set that runtimes are known
//! to lack alone. A mechanism is something that a program relies on without one
//! helper or instruction standing for it. Profiles of runtimes speak in these
//! words; the words are fixed and only ever added to.

/// Defines a vocabulary of features: variant, word, what it is.
macro_rules! features {
    ($(#[$doc:meta])* $type:ident: $($variant:ident = $name:literal, $title:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type { $(#[doc = $title] $variant,)* }

        impl $type {
            /// Every member.
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// Its word, as profiles write it.
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }

            /// What it is, as a phrase.
            pub const fn title(self) -> &'static str {
                match self { $($type::$variant => $title,)* }
            }

            /// The member of that word.
            pub fn from_name(name: &str) -> Option<$type> {
                Self::ALL.iter().copied().find(|member| member.name() == name)
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

features! {
    /// A class of instructions.
    InsnClass:
    Base = "base", "arithmetic, jumps, loads and stores of the first instruction set";
    Jmp32 = "jmp32", "32-bit comparisons";
    AtomicAdd = "atomic_add", "atomic addition without its old value";
    AtomicAnd = "atomic_and", "atomic and";
    AtomicOr = "atomic_or", "atomic or";
    AtomicXor = "atomic_xor", "atomic exclusive or";
    AtomicFetch = "atomic_fetch", "atomic operations that return the old value";
    AtomicXchg = "atomic_xchg", "atomic exchange";
    AtomicCmpxchg = "atomic_cmpxchg", "atomic compare and exchange";
    LoadAcquire = "load_acquire", "loads with acquire ordering";
    StoreRelease = "store_release", "stores with release ordering";
    LdAbs = "ld_abs", "legacy packet loads";
    Sdiv = "sdiv", "signed division and remainder";
    Movsx = "movsx", "sign-extending moves";
    Ldsx = "ldsx", "sign-extending loads";
    Bswap = "bswap", "unconditional byte swaps";
    Gotol = "gotol", "jumps with a 32-bit offset";
    Gotox = "gotox", "indirect jumps";
    MayGoto = "may_goto", "bounded conditional jumps (may_goto)";
    AddrSpaceCast = "addr_space_cast", "casts between address spaces";
}

features! {
    /// A mechanism.
    Mechanism:
    BpfToBpf = "bpf_to_bpf", "calls of the program's own functions";
    TailCalls = "tail_calls", "tail calls";
    Callbacks = "callbacks", "functions handed to helpers as callbacks";
    Btf = "btf", "BTF read at load time (attachment by type, typed map values)";
    CoRe = "co_re", "CO-RE relocations";
    Percpu = "percpu", "values per CPU";
    MapInMap = "map_in_map", "maps that hold maps";
    GlobalData = "global_data", "global variables (addresses of map values)";
    Kconfig = "kconfig", "kernel configuration variables";
    Ksyms = "ksyms", "kernel variables by name";
    Kfuncs = "kfuncs", "kernel functions called directly";
    SpinLocks = "spin_locks", "spin locks in map values";
    Timers = "timers", "timers in map values";
    Kptrs = "kptrs", "kernel pointers in map values";
    Dynptrs = "dynptrs", "dynamic pointers";
    Exceptions = "exceptions", "exceptions";
    Sleepable = "sleepable", "programs that may sleep";
    StructOps = "struct_ops", "kernel structures of BPF functions";
    Arena = "arena", "memory shared with user space at one address";
    PacketAccess = "packet_access", "packet data read and written through pointers";
    KernelPointers = "kernel_pointers", "kernel structures read through typed pointers";
}

features! {
    /// What a map can be asked to do, in the words of DragonOS.
    MapOperation:
    LookupElem = "lookup_elem", "looking up a value of a map";
    UpdateElem = "update_elem", "setting a value of a map";
    DeleteElem = "delete_elem", "deleting an entry of a map";
    ForEachElem = "for_each_elem", "calling a function for each entry of a map";
    LookupAndDeleteElem = "lookup_and_delete_elem", "taking an entry out of a map";
    LookupPercpuElem = "lookup_percpu_elem", "looking up another CPU's value of a map";
    GetNextKey = "get_next_key", "walking the keys of a map";
    PushElem = "push_elem", "pushing into a queue or stack";
    PopElem = "pop_elem", "popping from a queue or stack";
    PeekElem = "peek_elem", "peeking into a queue or stack";
    Freeze = "freeze", "freezing a map";
    FirstValuePtr = "first_value_ptr", "the address of a map's first value";
}

features! {
    /// A kind of perf event that a program hangs on, or writes to.
    PerfEvent:
    BpfOutput = "bpf_output", "perf events that take a program's output (PERF_TYPE_SOFTWARE with PERF_COUNT_SW_BPF_OUTPUT)";
    Kprobe = "kprobe", "perf events on kernel functions";
    Uprobe = "uprobe", "perf events on functions of processes";
    Tracepoint = "tracepoint", "perf events on tracepoints (PERF_TYPE_TRACEPOINT)";
    Counter = "counter", "perf events that sample clocks and counters";
}

/// Commands of `bpf(2)`, in the order of their numbers.
pub const COMMANDS: &[&str] = &[
    "BPF_MAP_CREATE",
    "BPF_MAP_LOOKUP_ELEM",
    "BPF_MAP_UPDATE_ELEM",
    "BPF_MAP_DELETE_ELEM",
    "BPF_MAP_GET_NEXT_KEY",
    "BPF_PROG_LOAD",
    "BPF_OBJ_PIN",
    "BPF_OBJ_GET",
    "BPF_PROG_ATTACH",
    "BPF_PROG_DETACH",
    "BPF_PROG_TEST_RUN",
    "BPF_PROG_GET_NEXT_ID",
    "BPF_MAP_GET_NEXT_ID",
    "BPF_PROG_GET_FD_BY_ID",
    "BPF_MAP_GET_FD_BY_ID",
    "BPF_OBJ_GET_INFO_BY_FD",
    "BPF_PROG_QUERY",
    "BPF_RAW_TRACEPOINT_OPEN",
    "BPF_BTF_LOAD",
    "BPF_BTF_GET_FD_BY_ID",
    "BPF_TASK_FD_QUERY",
    "BPF_MAP_LOOKUP_AND_DELETE_ELEM",
    "BPF_MAP_FREEZE",
    "BPF_BTF_GET_NEXT_ID",
    "BPF_MAP_LOOKUP_BATCH",
    "BPF_MAP_LOOKUP_AND_DELETE_BATCH",
    "BPF_MAP_UPDATE_BATCH",
    "BPF_MAP_DELETE_BATCH",
    "BPF_LINK_CREATE",
    "BPF_LINK_UPDATE",
    "BPF_LINK_GET_FD_BY_ID",
    "BPF_LINK_GET_NEXT_ID",
    "BPF_ENABLE_STATS",
    "BPF_ITER_CREATE",
    "BPF_LINK_DETACH",
    "BPF_PROG_BIND_MAP",
    "BPF_TOKEN_CREATE",
    "BPF_PROG_STREAM_READ_BY_FD",
];
