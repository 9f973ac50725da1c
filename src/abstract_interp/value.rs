//! What a register may hold.
//!
//! A register is a `Kind` (what it points to, or that it is a scalar), flags
//! that qualify the kind, and numbers. For a scalar the numbers are the value.
//! For a pointer they are the variable part of its offset from the start of the
//! object; `off` is the fixed part. Concretisation of a pointer: the addresses
//! `base(object) + off + v` for each `v` in γ(bounds).
//!
//! `id` groups registers that hold the same unknown: scalars copied from one
//! another, packet pointers that share a variable offset, nullable pointers that
//! one test decides (since 7.2 once it has, too). `ref_id` ties a pointer to an acquired reference.

use super::domain::{Bounds, ScalarRules};
use crate::target::Switches;

/// A map as the program sees it: an index into `Program::maps`, or the
/// template of the inner maps of such a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MapRef(u32);

impl MapRef {
    const INNER: u32 = 1 << 31;

    /// The map at `index` in `Program::maps`.
    pub const fn new(index: u32) -> Self {
        MapRef(index & !Self::INNER)
    }
    /// The template of this map's inner maps.
    #[must_use]
    pub const fn inner(self) -> Self {
        MapRef(self.0 | Self::INNER)
    }
    /// Whether this is an inner template.
    pub const fn is_inner(self) -> bool {
        self.0 & Self::INNER != 0
    }
    /// The index of the (outer) map in `Program::maps`.
    pub const fn index(self) -> usize {
        (self.0 & !Self::INNER) as usize
    }
}

/// An acquired reference, a held lock or an IRQ section, by the number that stands
/// for it. Drawn from the same numbers as `Reg::id`: a lock's is that of the pointer
/// it was taken by, and a nullable object's is its reference's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefId(u32);

impl RefId {
    /// No reference.
    pub const NONE: RefId = RefId(0);

    /// The reference for which the fresh number `id` stands.
    pub const fn new(id: u32) -> Self {
        RefId(id)
    }
    /// Whether there is one.
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }
    /// Whether there is none.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
    /// The number, to hold against numbers of registers; 0 is none.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl From<RefId> for u64 {
    fn from(id: RefId) -> u64 {
        id.0.into()
    }
}

/// Which BTF a type id belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BtfSrc {
    /// The kernel's (vmlinux) BTF, or its stand-in.
    Kernel,
    /// The program's own BTF: allocated objects, program-defined kptr targets.
    Program,
}

/// The kinds of dynptr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DynptrType {
    /// Over a program's own memory (`bpf_dynptr_from_mem`).
    Local,
    /// Over a ring buffer reservation; referenced.
    Ringbuf,
    /// Over a packet (`bpf_dynptr_from_skb`).
    Skb,
    /// Over an XDP frame (`bpf_dynptr_from_xdp`).
    Xdp,
    /// Over a file's pages (`bpf_dynptr_from_file`); referenced.
    File,
    /// Over skb metadata (`bpf_dynptr_from_skb_meta`).
    SkbMeta,
}

/// Where an open-coded iterator stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IterState {
    /// May still give elements.
    Active,
    /// Has given its last.
    Drained,
}

/// What a register (or a spilled slot) holds, without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Never written, or not readable any more.
    Uninit,
    /// A number.
    Scalar,
    /// The program's context.
    Ctx,
    /// A map itself (`LD_IMM64` of a map; the value of a map-in-map).
    ConstMap {
        /// Which.
        map: MapRef,
        /// Distinguishes inner maps of different lookups; 0 for outer maps.
        uid: u32,
    },
    /// A map's value.
    MapValue {
        /// Which map.
        map: MapRef,
        /// Distinguishes values of inner maps of different lookups.
        uid: u32,
    },
    /// A map's key, in a callback.
    MapKey {
        /// Which map.
        map: MapRef,
        /// As for values.
        uid: u32,
    },
    /// The stack of frame `frame`.
    Stack {
        /// 0 is the entry function.
        frame: u8,
    },
    /// Packet metadata (`data_meta`); `Reg::range` bytes are checked.
    PacketMeta,
    /// Packet data; `Reg::range` bytes from the start are checked.
    Packet,
    /// The end of the packet.
    PacketEnd,
    /// `struct bpf_flow_keys`.
    FlowKeys,
    /// A full socket.
    Socket,
    /// The common part of a socket.
    SockCommon,
    /// A TCP socket.
    TcpSock,
    /// An AF_XDP socket.
    XdpSock,
    /// A writable raw tracepoint's buffer.
    TpBuffer,
    /// A kernel or allocated object of BTF type `id`.
    Btf {
        /// Which BTF.
        btf: BtfSrc,
        /// The struct's type id.
        id: u32,
    },
    /// A memory region of `size` bytes.
    Mem {
        /// Bytes.
        size: u32,
        /// For a dynptr's slice: the dynptr's id; else 0.
        dynptr_id: u32,
    },
    /// A buffer whose size is checked at attach time.
    Buf,
    /// An address in the arena.
    Arena,
    /// A subprogram, as a callback argument.
    Func {
        /// Index in `Program::subprogs`.
        subprog: u32,
    },
    /// A dynptr given as an argument (callbacks, global functions).
    ConstDynptr {
        /// Its kind.
        ty: DynptrType,
    },
    /// An instruction address loaded from a jump table.
    Insn {
        /// The table.
        map: MapRef,
    },
    /// Stack slot only: one of the two slots of a dynptr.
    DynptrSlot {
        /// Its kind.
        ty: DynptrType,
        /// Whether this is the slot at the lower address.
        first: bool,
    },
    /// Stack slot only: a slot of an iterator.
    IterSlot {
        /// BTF of the iterator's state struct.
        btf: BtfSrc,
        /// Its type id.
        id: u32,
        /// Where it stands.
        state: IterState,
        /// How many elements were taken on this path.
        depth: u32,
    },
    /// Stack slot only: saved IRQ flags.
    IrqSlot {
        /// Whether a lock kfunc saved them (else the native pair).
        lock: bool,
    },
}

/// Qualifiers of a kind: a bit set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u32);

impl Flags {
    /// None.
    pub const NONE: Flags = Flags(0);
    /// May be null: must be tested before use.
    pub const MAYBE_NULL: Flags = Flags(1);
    /// Memory that may only be read.
    pub const RDONLY: Flags = Flags(1 << 1);
    /// A ring buffer reservation.
    pub const RINGBUF: Flags = Flags(1 << 2);
    /// User memory (`__user`).
    pub const USER: Flags = Flags(1 << 3);
    /// Per-CPU memory (`__percpu`).
    pub const PERCPU: Flags = Flags(1 << 4);
    /// A kernel pointer of no known validity: reads fault safely.
    pub const UNTRUSTED: Flags = Flags(1 << 5);
    /// A kernel pointer known valid.
    pub const TRUSTED: Flags = Flags(1 << 6);
    /// Valid inside an RCU read section.
    pub const RCU: Flags = Flags(1 << 7);
    /// Allocated by the program (`bpf_obj_new`).
    pub const ALLOC: Flags = Flags(1 << 8);
    /// Owned by a collection; usable while its lock is held.
    pub const NON_OWN_REF: Flags = Flags(1 << 9);
    /// A slice of a dynptr over a packet.
    pub const DYNPTR_SLICE: Flags = Flags(1 << 10);
    /// Memory that is not yet written (arguments of callees).
    pub const UNINIT: Flags = Flags(1 << 11);

    /// Whether any bit of `other` is set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }
    /// With the bits of `other`.
    #[must_use]
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
    /// Without the bits of `other`.
    #[must_use]
    pub const fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }
}

/// The bit of `Reg::id` that marks a scalar as "linked value plus `off`".
pub const ADD_CONST: u32 = 1 << 31;
/// On kernels that tell them apart: the link is of the low 32 bits.
pub const ADD_CONST32: u32 = 1 << 30;

/// Range of a packet pointer found at or beyond the end of the packet.
pub const AT_PKT_END: i32 = -1;
/// Range of a packet pointer found beyond the end of the packet.
pub const BEYOND_PKT_END: i32 = -2;

/// The state of one register or spilled slot. 112 bytes, `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reg {
    /// What it holds.
    pub kind: Kind,
    /// Qualifiers.
    pub flags: Flags,
    /// Fixed offset of a pointer; the constant of a linked scalar.
    pub off: i32,
    /// Packet pointers: bytes known to be inside; see [`AT_PKT_END`].
    pub range: i32,
    /// Groups registers that share an unknown; 0 is none.
    pub id: u32,
    /// The acquired reference it stands for.
    pub ref_id: RefId,
    /// A scalar whose value the proof so far depends on.
    pub precise: bool,
    /// The value of a scalar, or the variable offset of a pointer.
    pub bounds: Bounds,
}

impl Reg {
    /// A register that was never written.
    pub const UNINIT: Reg = Reg::bare(Kind::Uninit, Bounds::UNKNOWN);

    const fn bare(kind: Kind, bounds: Bounds) -> Reg {
        Reg {
            kind,
            flags: Flags::NONE,
            off: 0,
            range: 0,
            id: 0,
            ref_id: RefId::NONE,
            precise: false,
            bounds,
        }
    }

    /// An unknown, imprecise number.
    pub const fn unknown() -> Reg {
        Reg::bare(Kind::Scalar, Bounds::UNKNOWN)
    }
    /// A known number, imprecise.
    pub fn constant(value: u64) -> Reg {
        Reg::bare(Kind::Scalar, Bounds::constant(value))
    }
    /// A number within bounds, imprecise.
    pub const fn scalar(bounds: Bounds) -> Reg {
        Reg::bare(Kind::Scalar, bounds)
    }
    /// A pointer to the start of an object.
    pub fn pointer(kind: Kind, flags: Flags) -> Reg {
        Reg {
            flags,
            ..Reg::bare(kind, Bounds::constant(0))
        }
    }

    /// Whether it is a number.
    pub const fn is_scalar(&self) -> bool {
        matches!(self.kind, Kind::Scalar)
    }
    /// Whether it was written.
    pub const fn is_init(&self) -> bool {
        !matches!(self.kind, Kind::Uninit)
    }
    /// Whether it is a pointer of any kind.
    pub const fn is_pointer(&self) -> bool {
        !matches!(self.kind, Kind::Uninit | Kind::Scalar)
    }
    /// Whether it may be null.
    pub const fn maybe_null(&self) -> bool {
        self.flags.has(Flags::MAYBE_NULL)
    }
    /// Whether it points into a packet (metadata or data).
    pub const fn is_packet(&self) -> bool {
        matches!(self.kind, Kind::Packet | Kind::PacketMeta)
    }
    /// Whether it is one of the socket kinds that helpers cast between.
    pub const fn is_socket(&self) -> bool {
        matches!(
            self.kind,
            Kind::Socket | Kind::SockCommon | Kind::TcpSock | Kind::XdpSock
        )
    }
    /// The value of a scalar known exactly.
    pub fn const_value(&self) -> Option<u64> {
        if self.is_scalar() {
            self.bounds.is_const()
        } else {
            None
        }
    }
    /// Whether it is the number 0 (the null pointer).
    pub fn is_null(&self) -> bool {
        self.const_value() == Some(0)
    }
    /// Whether the variable offset of a pointer is 0.
    pub fn var_off_is_zero(&self) -> bool {
        self.bounds.is_const() == Some(0)
    }
    /// Both parts of a pointer's offset as one number, by the target's arithmetic.
    pub fn whole_offset(&self, rules: &ScalarRules) -> Bounds {
        if self.off == 0 {
            return self.bounds;
        }
        let fixed = Bounds::constant(i64::from(self.off) as u64);
        let mut whole = Bounds::pointer_add(&self.bounds, &fixed, false, rules);
        whole.sync(rules);
        whole
    }
    /// The id without the link marks.
    pub const fn base_id(&self) -> u32 {
        self.id & !(ADD_CONST | ADD_CONST32)
    }
    /// The link marks of the id.
    pub const fn link(&self) -> u32 {
        self.id & (ADD_CONST | ADD_CONST32)
    }
    /// Leaves the group of a scalar's id. A number alone has no distance by which
    /// it is linked; some kernels keep it all the same.
    pub fn unlink(&mut self, behaviour: Switches<'_>) {
        self.id = 0;
        if self.is_scalar() && !behaviour.stale_link_distance() {
            self.off = 0;
        }
    }
    /// Whether both hold the same kind with the same payload and qualifiers.
    pub fn same_type(&self, other: &Reg) -> bool {
        self.flags == other.flags && self.kind == other.kind
    }
}
