//! Map definitions as an object states them.

use alloc::sync::Arc;

use crate::prelude::*;

/// Program side may only read (`BPF_F_RDONLY_PROG`).
pub const F_RDONLY_PROG: u32 = 1 << 7;
/// User space may map it (`BPF_F_MMAPABLE`).
pub const F_MMAPABLE: u32 = 1 << 10;
/// A struct_ops map that is attached by a link (`BPF_F_LINK`).
pub const F_LINK: u32 = 1 << 13;

/// Where a definition comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MapOrigin {
    /// `SEC(".maps")`, described by BTF.
    #[default]
    Btf,
    /// A record of a `maps` section.
    Legacy,
    /// A `.data*` section.
    Data,
    /// A `.rodata*` section.
    Rodata,
    /// A `.bss*` section.
    Bss,
    /// The values of `__kconfig` externs.
    Kconfig,
    /// A variable of a `.struct_ops*` section.
    StructOps,
    /// A jump table of `.jumptables`, made while linking.
    JumpTable,
    /// Made by a test, by assembler text or by a caller.
    Synthetic,
}

/// Where something is in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Name of the section.
    pub section: Arc<str>,
    /// Offset in the section.
    pub offset: u64,
}

/// What an initialised slot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotTarget {
    /// The map of that index (in a map-in-map).
    Map(u32),
    /// The program of that name (in a program array).
    Program(Arc<str>),
}

/// What a struct_ops map says besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StructOpsDef {
    /// The structure in the object's BTF.
    pub type_id: u32,
    /// Which function implements which member: (member index, index in
    /// `Object::functions`), by member.
    pub functions: Vec<(u32, u32)>,
    /// `SEC("?.struct_ops")`: not created unless asked.
    pub optional: bool,
}

/// A map, as a loader would create it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapDef {
    /// Its name: the variable's, or the section's for data.
    pub name: Arc<str>,
    /// `BPF_MAP_TYPE_*`.
    pub map_type: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Number of entries (bytes, for a ring buffer).
    pub max_entries: u32,
    /// `BPF_F_*`.
    pub flags: u32,
    /// NUMA node, with its flag.
    pub numa_node: u32,
    /// What map-ins this map-in-map holds.
    pub inner: Option<Box<MapDef>>,
    /// The key's type in the object's BTF; 0 if none reaches the kernel.
    pub key_type: u32,
    /// The value's type in the object's BTF; 0 if none reaches the kernel.
    pub value_type: u32,
    /// Pinned by name.
    pub pinned: bool,
    /// Type-specific extra (Bloom filter's hashes, arena's address).
    pub map_extra: u64,
    /// Where the definition comes from.
    pub kind: MapOrigin,
    /// Bytes of the (single) value, if the object gives them; `None` is zero.
    pub initial: Option<Arc<[u8]>>,
    /// Frozen by the loader: user space cannot change it any more.
    pub frozen: bool,
    /// Entries that the object initialises: (index, what).
    pub slots: Vec<(u32, SlotTarget)>,
    /// Of a struct_ops map.
    pub struct_ops: Option<StructOpsDef>,
    /// Of a jump table: instruction indices of the program.
    pub jump_targets: Arc<[u32]>,
    /// Definition fields that no loader knows.
    pub unknown_fields: Vec<Arc<str>>,
    /// ELF section index of the definition; 0 if none.
    pub section: u32,
    /// Where the definition is.
    pub span: Span,
}

impl MapDef {
    /// Programs may only read it, and nobody can write it any more: what is in
    /// it is constant to the verifier.
    pub fn is_constant(&self) -> bool {
        self.frozen && self.flags & F_RDONLY_PROG != 0
    }

    /// Programs may not change it: its flags say so, or it holds devices, whose values
    /// the kernel shows but takes from user space only.
    pub fn is_read_only(&self) -> bool {
        self.flags & F_RDONLY_PROG != 0 || matches!(self.map_type, 14 | 25)
    }

    /// The value holds a section's variables.
    pub fn is_data(&self) -> bool {
        matches!(
            self.kind,
            MapOrigin::Data | MapOrigin::Rodata | MapOrigin::Bss | MapOrigin::Kconfig
        )
    }

    /// Map-in-map.
    pub fn is_map_in_map(&self) -> bool {
        matches!(self.map_type, 12 | 13)
    }
}
