//! The vocabulary of signatures: argument, return and register types.
//!
//! A type is a base plus flags, as in the kernel: `MapValue` with
//! [`TypeFlags::MAYBE_NULL`] is "a map value or NULL". Spellings that series
//! used for the same thing (`ARG_PTR_TO_MEM_OR_NULL`, `ARG_PTR_TO_ALLOC_MEM`,
//! `ARG_MEM_SIZE`) are folded into one.

/// Defines a vocabulary enum: variant and the name the data files use.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $type:ident: $($(#[$vdoc:meta])* $variant:ident = $name:literal,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type { $($(#[$vdoc])* $variant,)* }

        impl $type {
            /// Every member.
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// The kernel's word for it.
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }
        }
    };
}

vocabulary! {
    /// What a helper's argument must be.
    ArgType:
    /// No argument: the list has ended.
    DontCare = "ARG_DONTCARE",
    /// Any initialised value.
    Anything = "ARG_ANYTHING",
    /// A scalar (7.x).
    Scalar = "ARG_SCALAR",
    /// A map known at load time.
    ConstMapPtr = "ARG_CONST_MAP_PTR",
    /// Memory of the map's key size.
    MapKey = "ARG_PTR_TO_MAP_KEY",
    /// Memory of the map's value size.
    MapValue = "ARG_PTR_TO_MAP_VALUE",
    /// Memory whose size the next argument gives, or a fixed one.
    Mem = "ARG_PTR_TO_MEM",
    /// Bytes of the memory argument before it, not zero.
    ConstSize = "ARG_CONST_SIZE",
    /// Bytes of the memory argument before it.
    ConstSizeOrZero = "ARG_CONST_SIZE_OR_ZERO",
    /// Bytes to allocate, a known constant.
    ConstAllocSizeOrZero = "ARG_CONST_ALLOC_SIZE_OR_ZERO",
    /// The program's context, unmodified.
    Ctx = "ARG_PTR_TO_CTX",
    /// Any socket, by BTF or not.
    BtfIdSockCommon = "ARG_PTR_TO_BTF_ID_SOCK_COMMON",
    /// A socket with at least the common part.
    SockCommon = "ARG_PTR_TO_SOCK_COMMON",
    /// A full socket.
    Socket = "ARG_PTR_TO_SOCKET",
    /// A kernel object of the named struct.
    BtfId = "ARG_PTR_TO_BTF_ID",
    /// A ring buffer reservation.
    RingbufMem = "ARG_PTR_TO_RINGBUF_MEM",
    /// A per-CPU kernel object.
    PercpuBtfId = "ARG_PTR_TO_PERCPU_BTF_ID",
    /// A `bpf_spin_lock` field.
    SpinLock = "ARG_PTR_TO_SPIN_LOCK",
    /// A subprogram of this program.
    Func = "ARG_PTR_TO_FUNC",
    /// Stack memory, or NULL where so flagged.
    Stack = "ARG_PTR_TO_STACK",
    /// A constant string in a read-only map.
    ConstStr = "ARG_PTR_TO_CONST_STR",
    /// A `bpf_timer` field.
    Timer = "ARG_PTR_TO_TIMER",
    /// A kptr field, to exchange.
    KptrXchgDest = "ARG_KPTR_XCHG_DEST",
    /// A dynptr on the stack.
    Dynptr = "ARG_PTR_TO_DYNPTR",
}

vocabulary! {
    /// What a helper returns.
    RetType:
    /// A scalar.
    Integer = "RET_INTEGER",
    /// Nothing; R0 is unreadable.
    Void = "RET_VOID",
    /// A value of the map argument.
    MapValue = "RET_PTR_TO_MAP_VALUE",
    /// A full socket.
    Socket = "RET_PTR_TO_SOCKET",
    /// A TCP socket.
    TcpSock = "RET_PTR_TO_TCP_SOCK",
    /// A socket's common part.
    SockCommon = "RET_PTR_TO_SOCK_COMMON",
    /// Memory of the size the allocation argument gives.
    Mem = "RET_PTR_TO_MEM",
    /// A kernel object of the named struct.
    BtfId = "RET_PTR_TO_BTF_ID",
    /// What the per-CPU argument points to: memory or a kernel object.
    MemOrBtfId = "RET_PTR_TO_MEM_OR_BTF_ID",
}

vocabulary! {
    /// Register types that argument types accept.
    RegBase:
    /// A number.
    Scalar = "SCALAR_VALUE",
    /// The context.
    Ctx = "PTR_TO_CTX",
    /// A map.
    ConstMap = "CONST_PTR_TO_MAP",
    /// A map's value.
    MapValue = "PTR_TO_MAP_VALUE",
    /// A map's key (in callbacks).
    MapKey = "PTR_TO_MAP_KEY",
    /// The stack.
    Stack = "PTR_TO_STACK",
    /// Packet metadata.
    PacketMeta = "PTR_TO_PACKET_META",
    /// Packet data.
    Packet = "PTR_TO_PACKET",
    /// A socket.
    Socket = "PTR_TO_SOCKET",
    /// A socket's common part.
    SockCommon = "PTR_TO_SOCK_COMMON",
    /// A TCP socket.
    TcpSock = "PTR_TO_TCP_SOCK",
    /// An AF_XDP socket.
    XdpSock = "PTR_TO_XDP_SOCK",
    /// A kernel object.
    BtfId = "PTR_TO_BTF_ID",
    /// Sized memory.
    Mem = "PTR_TO_MEM",
    /// A buffer of an iterator or a tracepoint.
    Buf = "PTR_TO_BUF",
    /// A subprogram.
    Func = "PTR_TO_FUNC",
    /// A dynptr handed to a callback.
    ConstDynptr = "CONST_PTR_TO_DYNPTR",
}

/// Modifiers of a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeFlags(pub u32);

macro_rules! type_flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $word:literal;)*) => {
        impl TypeFlags {
            $($(#[$doc])* pub const $name: TypeFlags = TypeFlags(1 << $bit);)*
            /// Every flag with the kernel's word for it.
            pub const ALL: &'static [(TypeFlags, &'static str)] = &[$((TypeFlags::$name, $word),)*];
        }
    };
}

type_flags! {
    /// May be NULL.
    MAYBE_NULL = 0, "PTR_MAYBE_NULL";
    /// Only read.
    RDONLY = 1, "MEM_RDONLY";
    /// Need not be initialised: the call initialises it.
    UNINIT = 2, "MEM_UNINIT";
    /// Written by the call.
    WRITE = 3, "MEM_WRITE";
    /// Must be aligned to its size.
    ALIGNED = 4, "MEM_ALIGNED";
    /// Its size is fixed by the signature.
    FIXED_SIZE = 5, "MEM_FIXED_SIZE";
    /// The reference it holds is released.
    RELEASE = 6, "OBJ_RELEASE";
    /// A ring buffer reservation.
    RINGBUF = 7, "MEM_RINGBUF";
    /// A trusted kernel object.
    TRUSTED = 8, "PTR_TRUSTED";
    /// An object valid inside the RCU section.
    RCU = 9, "MEM_RCU";
    /// A per-CPU object.
    PERCPU = 10, "MEM_PERCPU";
    /// An object of the program's own types.
    ALLOC = 11, "MEM_ALLOC";
    /// A non-owning reference.
    NON_OWN_REF = 12, "NON_OWN_REF";
    /// A dynptr over local memory.
    DYNPTR_LOCAL = 13, "DYNPTR_TYPE_LOCAL";
    /// A dynptr over a ring buffer reservation.
    DYNPTR_RINGBUF = 14, "DYNPTR_TYPE_RINGBUF";
    /// An untrusted object.
    UNTRUSTED = 15, "PTR_UNTRUSTED";
    /// A dynptr over a socket buffer.
    DYNPTR_SKB = 16, "DYNPTR_TYPE_SKB";
    /// A dynptr over an XDP frame.
    DYNPTR_XDP = 17, "DYNPTR_TYPE_XDP";
}

impl TypeFlags {
    /// No flag.
    pub const NONE: TypeFlags = TypeFlags(0);

    /// Whether all of `flags` are set.
    pub const fn has(self, flags: TypeFlags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether all of `flags` are set; as [`TypeFlags::has`].
    pub const fn contains(self, flags: TypeFlags) -> bool {
        self.has(flags)
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, flags: TypeFlags) -> TypeFlags {
        TypeFlags(self.0 | flags.0)
    }

    /// This set less `flags`.
    #[must_use]
    pub const fn without(self, flags: TypeFlags) -> TypeFlags {
        TypeFlags(self.0 & !flags.0)
    }
}

/// A register type: base and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegClass {
    /// The base.
    pub base: RegBase,
    /// Its modifiers.
    pub flags: TypeFlags,
}

/// One argument of a helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ArgSpec {
    /// What it must be.
    pub base: ArgType,
    /// Modifiers.
    pub flags: TypeFlags,
    /// The argument (1 to 5) that holds this memory's size; 0 for none.
    pub size_arg: u8,
    /// The size in bytes that the signature fixes.
    pub fixed_size: Option<u32>,
    /// The kernel struct it must point to.
    pub btf: Option<&'static str>,
    /// The parameter's name; empty when unknown.
    pub name: &'static str,
}

impl ArgSpec {
    /// The end of the list.
    pub const NONE: ArgSpec = ArgSpec {
        base: ArgType::DontCare,
        flags: TypeFlags::NONE,
        size_arg: 0,
        fixed_size: None,
        btf: None,
        name: "",
    };
}

/// What a helper returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetSpec {
    /// What it is.
    pub base: RetType,
    /// Modifiers.
    pub flags: TypeFlags,
    /// The kernel struct it points to.
    pub btf: Option<&'static str>,
}

/// What a call to a helper does beyond its signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Semantics(pub u32);

macro_rules! semantics {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $word:literal;)*) => {
        impl Semantics {
            $($(#[$doc])* pub const $name: Semantics = Semantics(1 << $bit);)*
            /// Every class with its name.
            pub const ALL: &'static [(Semantics, &'static str)] = &[$((Semantics::$name, $word),)*];
        }
    };
}

semantics! {
    /// The result is a reference to be released. For `bpf_map_lookup_elem`
    /// only when the map holds sockets.
    ACQUIRE = 0, "acquire";
    /// A reference is released.
    RELEASE = 1, "release";
    /// The result is the argument under another type: it shares its reference.
    PTR_CAST = 2, "ptr_cast";
    /// The result lives as long as the dynptr argument.
    DYNPTR_REF = 3, "dynptr_ref";
    /// Runs a callback before it returns.
    CALLBACK_SYNC = 4, "callback_sync";
    /// Arranges that a callback runs later.
    CALLBACK_ASYNC = 5, "callback_async";
    /// Returns local storage, which may be created.
    STORAGE_GET = 6, "storage_get";
    /// The result is bounded by the arguments.
    RETVAL_REFINED = 7, "retval_refined";
    /// Packet pointers are invalid after it.
    CHANGES_PKT_DATA = 8, "changes_pkt_data";
}

impl Semantics {
    /// Whether all of `classes` are set.
    pub const fn has(self, classes: Semantics) -> bool {
        self.0 & classes.0 == classes.0
    }
}
