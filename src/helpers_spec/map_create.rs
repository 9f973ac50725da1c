//! What a kernel wants of a map's definition before it creates the map.
//!
//! A definition is four numbers (type, bytes of a key, bytes of a value, entries),
//! flags, an extra word, and optionally types. Each type has a row with what it takes
//! of each, and a few joint rules (a hash table's key and value lie in one allocation).
//! [`flaw`] names the first thing that a kernel refuses, with the error number that
//! its `BPF_MAP_CREATE` gives. Limits that depend on the machine (memory, number of
//! CPUs) are not here.
//!
//! Source: create calls on a live 6.18.44 at every boundary below; what changed with
//! the release is dated in the rows.

use core::fmt;

use super::MapType;

/// A release: major and minor number.
type Release = (u16, u16);

/// Flags of a definition, by bit.
mod bits {
    pub(super) const NO_PREALLOC: u32 = 1;
    pub(super) const NO_COMMON_LRU: u32 = 1 << 1;
    pub(super) const NUMA_NODE: u32 = 1 << 2;
    pub(super) const RDONLY: u32 = 1 << 3;
    pub(super) const WRONLY: u32 = 1 << 4;
    pub(super) const STACK_BUILD_ID: u32 = 1 << 5;
    pub(super) const ZERO_SEED: u32 = 1 << 6;
    pub(super) const RDONLY_PROG: u32 = 1 << 7;
    pub(super) const WRONLY_PROG: u32 = 1 << 8;
    pub(super) const CLONE: u32 = 1 << 9;
    pub(super) const MMAPABLE: u32 = 1 << 10;
    pub(super) const PRESERVE_ELEMS: u32 = 1 << 11;
    pub(super) const INNER_MAP: u32 = 1 << 12;
    pub(super) const LINK: u32 = 1 << 13;
    pub(super) const VTYPE_BTF_OBJ_FD: u32 = 1 << 15;
    pub(super) const SEGV_ON_FAULT: u32 = 1 << 17;
    pub(super) const NO_USER_CONV: u32 = 1 << 18;
    pub(super) const RB_OVERWRITE: u32 = 1 << 19;
}
use bits::*;

/// Names of flags, and since when there is each.
const FLAGS: &[(u32, &str, Release)] = &[
    (NO_PREALLOC, "BPF_F_NO_PREALLOC", (4, 6)),
    (NO_COMMON_LRU, "BPF_F_NO_COMMON_LRU", (4, 10)),
    (NUMA_NODE, "BPF_F_NUMA_NODE", (4, 14)),
    (RDONLY, "BPF_F_RDONLY", (4, 15)),
    (WRONLY, "BPF_F_WRONLY", (4, 15)),
    (STACK_BUILD_ID, "BPF_F_STACK_BUILD_ID", (4, 17)),
    (ZERO_SEED, "BPF_F_ZERO_SEED", (5, 0)),
    (RDONLY_PROG, "BPF_F_RDONLY_PROG", (5, 2)),
    (WRONLY_PROG, "BPF_F_WRONLY_PROG", (5, 2)),
    (CLONE, "BPF_F_CLONE", (5, 4)),
    (MMAPABLE, "BPF_F_MMAPABLE", (5, 5)),
    (PRESERVE_ELEMS, "BPF_F_PRESERVE_ELEMS", (5, 10)),
    (INNER_MAP, "BPF_F_INNER_MAP", (5, 10)),
    (LINK, "BPF_F_LINK", (6, 4)),
    (VTYPE_BTF_OBJ_FD, "BPF_F_VTYPE_BTF_OBJ_FD", (6, 9)),
    (SEGV_ON_FAULT, "BPF_F_SEGV_ON_FAULT", (6, 9)),
    (NO_USER_CONV, "BPF_F_NO_USER_CONV", (6, 9)),
    (RB_OVERWRITE, "BPF_F_RB_OVERWRITE", (6, 19)),
];

/// Sets of flags by their names: `BPF_F_MMAPABLE | 0x100000`.
struct FlagNames(u32);

impl fmt::Display for FlagNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut first = true;
        let mut part = |f: &mut fmt::Formatter<'_>, text: &dyn fmt::Display| {
            let between = if core::mem::take(&mut first) {
                ""
            } else {
                " | "
            };
            write!(f, "{between}{text}")
        };
        for (bit, name, _) in FLAGS {
            if rest & bit != 0 {
                rest &= !bit;
                part(f, name)?;
            }
        }
        if rest != 0 {
            part(f, &format_args!("{rest:#x}"))?;
        }
        Ok(())
    }
}

/// The largest block that the kernel's allocator gives.
const KMALLOC_MAX: u32 = 4 << 20;
/// The largest per-CPU value.
const PERCPU_MAX: u32 = 32 << 10;
/// What a hash table's element takes besides its key and value.
const HASH_ELEMENT: u32 = 48;
/// What a trie's node takes besides its value, with the longest prefix.
const TRIE_NODE: u32 = 280;
/// The largest value of a local storage.
const STORAGE_MAX: u32 = 65_407;
/// The largest key of a table whose keys come from the stack.
const STACK_KEY: u32 = 512;
/// Buckets that fit: each takes 16 bytes, together below 4 GiB.
const MAX_BUCKETS: u64 = (1 << 28) - 1;
/// Frames of a stack trace, unless the administrator allows more.
const STACK_FRAMES: u32 = 127;
/// `NR_CPUS` of the largest configurations in use.
const MOST_CPUS: u32 = 8192;
const PAGE: u32 = 4096;

/// What a number of a definition may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// That number.
    Is(u32),
    /// One of two.
    Or(u32, u32),
    /// From, to.
    Within(u32, u32),
    /// Whole frames of a stack trace, of that many bytes each.
    Frames(u32),
    /// A power of two of pages.
    Pages,
    /// Anything.
    Any,
}

impl Sizes {
    /// Whether it is that.
    pub fn allows(self, n: u32) -> bool {
        match self {
            Sizes::Is(m) => n == m,
            Sizes::Or(m, o) => n == m || n == o,
            Sizes::Within(from, to) => (from..=to).contains(&n),
            Sizes::Frames(each) => {
                n.is_multiple_of(each) && n != 0 && n <= each.saturating_mul(STACK_FRAMES)
            }
            Sizes::Pages => n.is_power_of_two() && n >= PAGE,
            Sizes::Any => true,
        }
    }

    /// Whether a definition that says 0 leaves it open: 0 is no answer, so user space
    /// has to give one.
    pub fn open_at_zero(self) -> bool {
        !self.allows(0)
    }

    /// What is assumed where user space has to say: the only or the smallest number;
    /// the longest stack trace.
    pub fn assumed(self) -> u32 {
        match self {
            Sizes::Is(n) | Sizes::Or(n, _) => n,
            Sizes::Within(from, _) => from,
            Sizes::Frames(each) => each.saturating_mul(STACK_FRAMES),
            Sizes::Pages => PAGE,
            Sizes::Any => 0,
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Sizes::Is(n) => write!(f, "{n}"),
            Sizes::Or(m, n) => write!(f, "{m} or {n}"),
            Sizes::Within(from, u32::MAX) => write!(f, "{from} or more"),
            Sizes::Within(from, to) => write!(f, "{from} to {to}"),
            Sizes::Frames(each) => write!(
                f,
                "a multiple of {each} up to {}",
                each.saturating_mul(STACK_FRAMES)
            ),
            Sizes::Pages => write!(f, "a power of two and a multiple of {PAGE}"),
            Sizes::Any => f.write_str("anything"),
        }
    }
}

/// What becomes of the types of keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Taken if they fit.
    May,
    /// There must be both.
    Must,
    /// The map type knows none.
    Never,
}

/// What a map type takes.
#[derive(Clone, Copy, Debug)]
pub struct MapRow {
    /// The type.
    pub ty: MapType,
    /// The first release that has it.
    pub since: Release,
    /// Bytes of a key.
    pub key: Sizes,
    /// Bytes of a value.
    pub value: Sizes,
    /// Entries (bytes of a ring buffer, pages of an arena).
    pub entries: Sizes,
    /// Flags that it takes.
    pub flags: u32,
    /// Flags that it needs.
    pub needs: u32,
    /// Types of keys and values.
    pub typed: Typed,
}

const SOME: Sizes = Sizes::Within(1, u32::MAX);
const FOUR: Sizes = Sizes::Is(4);
const NONE: Sizes = Sizes::Is(0);
const FD: Sizes = Sizes::Or(4, 8);
const PERCPU: Sizes = Sizes::Within(1, PERCPU_MAX);
const BLOCK: Sizes = Sizes::Within(1, KMALLOC_MAX);
const STORED: Sizes = Sizes::Within(1, STORAGE_MAX);
const CGROUP_KEY: Sizes = Sizes::Or(8, 16);
/// Limits of user space, and of programs too.
const USER: u32 = RDONLY | WRONLY;
const ACCESS: u32 = USER | RDONLY_PROG | WRONLY_PROG;
const PLAIN: u32 = NUMA_NODE | USER;
const FULL: u32 = NUMA_NODE | ACCESS;
const HASH: u32 = NO_PREALLOC | ACCESS | ZERO_SEED;
/// Old enough for every target.
const OLD: Release = (4, 20);

const fn row(
    ty: MapType,
    since: Release,
    sizes: [Sizes; 3],
    flags: u32,
    needs: u32,
    typed: Typed,
) -> MapRow {
    let [key, value, entries] = sizes;
    MapRow {
        ty,
        since,
        key,
        value,
        entries,
        flags,
        needs,
        typed,
    }
}

/// Every map type: since when, [key, value, entries], flags taken, flags needed, types.
#[rustfmt::skip]
const ROWS: &[MapRow] = {
    use MapType as T;
    use Typed::{May, Must, Never};
    &[
        row(T::Hash, OLD, [SOME, SOME, SOME], HASH | NUMA_NODE, 0, May),
        row(T::Array, OLD, [FOUR, Sizes::Within(1, i32::MAX as u32), SOME], FULL | MMAPABLE | INNER_MAP, 0, May),
        row(T::ProgArray, OLD, [FOUR, FOUR, SOME], PLAIN, 0, May),
        row(T::PerfEventArray, OLD, [FOUR, FOUR, SOME], PLAIN | PRESERVE_ELEMS, 0, Never),
        row(T::PercpuHash, OLD, [SOME, PERCPU, SOME], HASH, 0, May),
        row(T::PercpuArray, OLD, [FOUR, PERCPU, SOME], ACCESS, 0, May),
        row(T::StackTrace, OLD, [FOUR, Sizes::Frames(8), Sizes::Within(1, 1 << 31)], PLAIN | STACK_BUILD_ID, 0, Never),
        row(T::CgroupArray, OLD, [FOUR, FOUR, SOME], PLAIN, 0, Never),
        row(T::LruHash, OLD, [SOME, SOME, SOME], HASH | NUMA_NODE | NO_COMMON_LRU, 0, May),
        row(T::LruPercpuHash, OLD, [SOME, PERCPU, SOME], HASH | NO_COMMON_LRU, 0, May),
        row(T::LpmTrie, OLD, [Sizes::Within(5, 260), Sizes::Within(1, KMALLOC_MAX - TRIE_NODE), SOME], FULL | NO_PREALLOC, NO_PREALLOC, May),
        row(T::ArrayOfMaps, OLD, [FOUR, FOUR, SOME], PLAIN, 0, Never),
        row(T::HashOfMaps, OLD, [SOME, FOUR, SOME], HASH | NUMA_NODE, 0, Never),
        row(T::Devmap, OLD, [FOUR, FD, SOME], PLAIN, 0, Never),
        row(T::Sockmap, OLD, [FOUR, FD, SOME], PLAIN, 0, Never),
        row(T::Cpumap, OLD, [FOUR, FD, Sizes::Within(1, MOST_CPUS)], NUMA_NODE, 0, Never),
        row(T::Xskmap, OLD, [FOUR, FOUR, SOME], PLAIN, 0, Never),
        row(T::Sockhash, OLD, [SOME, FD, Sizes::Within(1, 1 << 30)], PLAIN, 0, Never),
        row(T::CgroupStorage, OLD, [CGROUP_KEY, STORED, NONE], FULL, 0, May),
        row(T::ReuseportSockarray, OLD, [FOUR, FD, SOME], FULL, 0, May),
        row(T::PercpuCgroupStorage, OLD, [CGROUP_KEY, PERCPU, NONE], FULL, 0, May),
        row(T::Queue, OLD, [NONE, BLOCK, SOME], FULL, 0, Never),
        row(T::Stack, OLD, [NONE, BLOCK, SOME], FULL, 0, Never),
        row(T::SkStorage, (5, 2), [FOUR, STORED, NONE], NO_PREALLOC | CLONE, NO_PREALLOC, Must),
        row(T::DevmapHash, (5, 4), [FOUR, FD, Sizes::Within(1, 1 << 31)], PLAIN, 0, Never),
        row(T::StructOps, (5, 6), [FOUR, SOME, Sizes::Is(1)], LINK | VTYPE_BTF_OBJ_FD, 0, Must),
        row(T::Ringbuf, (5, 8), [NONE, NONE, Sizes::Pages], NUMA_NODE | RB_OVERWRITE, 0, Never),
        row(T::InodeStorage, (5, 10), [FOUR, STORED, NONE], NO_PREALLOC | CLONE, NO_PREALLOC, Must),
        row(T::TaskStorage, (5, 11), [FOUR, STORED, NONE], NO_PREALLOC | CLONE, NO_PREALLOC, Must),
        row(T::BloomFilter, (5, 16), [NONE, BLOCK, SOME], FULL | ZERO_SEED, 0, May),
        row(T::UserRingbuf, (6, 1), [NONE, NONE, Sizes::Pages], NUMA_NODE, 0, Never),
        row(T::CgrpStorage, (6, 2), [FOUR, STORED, NONE], NO_PREALLOC | CLONE, NO_PREALLOC, Must),
        row(T::Arena, (6, 9), [NONE, NONE, Sizes::Within(1, 1 << 20)], MMAPABLE | SEGV_ON_FAULT | NO_USER_CONV, MMAPABLE, Never),
        row(T::InsnArray, (6, 19), [FOUR, Sizes::Is(16), SOME], 0, 0, Never),
        row(T::Rhash, (7, 1), [SOME, SOME, Sizes::Any], HASH | NUMA_NODE, NO_PREALLOC, May),
    ]
};

/// The row of a map type.
pub fn map_row(ty: MapType) -> Option<&'static MapRow> {
    ROWS.iter().find(|r| r.ty == ty)
}

/// A definition, as `BPF_MAP_CREATE` gets it.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Number of the map type.
    pub map_type: u32,
    /// Bytes of a key.
    pub key: u32,
    /// Bytes of a value.
    pub value: u32,
    /// Entries.
    pub entries: u32,
    /// `BPF_F_*`.
    pub flags: u32,
    /// `map_extra`.
    pub extra: u64,
    /// Key and value have types that fit.
    pub typed: bool,
    /// What a map of maps holds: nothing said, a map, another map of maps.
    pub inner: Inner,
}

/// What a definition says of inner maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// Nothing.
    None,
    /// A map.
    Map,
    /// A map of maps.
    Nested,
}

/// Which number of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Number {
    /// Bytes of a key.
    KeySize,
    /// Bytes of a value.
    ValueSize,
    /// Entries.
    MaxEntries,
}

impl Number {
    /// As definitions and manifests call it.
    pub const fn name(self) -> &'static str {
        match self {
            Number::KeySize => "key_size",
            Number::ValueSize => "value_size",
            Number::MaxEntries => "max_entries",
        }
    }
}

/// Why a kernel does not create a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapFlaw {
    /// No kernel knows the type of that number.
    NoType(u32),
    /// The kernel has no such type; other kernels have since that release.
    NotThere(MapType, Release),
    /// The type takes no such number.
    Number(MapType, Number, u32, Sizes),
    /// Flags that the type does not take, or the kernel does not know.
    Flags(MapType, u32),
    /// Flags that exclude one another.
    Conflict(u32),
    /// Flags that the type needs.
    Missing(MapType, u32),
    /// `map_extra` that the type does not take.
    Extra(MapType, u64),
    /// Key and value are too large together: bytes there, bytes that fit.
    TooLarge(u64, u64),
    /// Types of key and value are needed.
    Untyped(MapType),
    /// Maps of maps need to know what maps they hold.
    NoInner(MapType),
    /// A map of maps holds maps of maps.
    Nested,
}

/// Error numbers of `BPF_MAP_CREATE`.
mod errno {
    pub(super) const E2BIG: u16 = 7;
    pub(super) const EBADF: u16 = 9;
    pub(super) const EINVAL: u16 = 22;
    pub(super) const ENOTSUPP: u16 = 524;
}

impl MapFlaw {
    /// The error number that the call gives.
    pub fn errno(self) -> u16 {
        use Number::{KeySize, MaxEntries, ValueSize};
        match self {
            MapFlaw::TooLarge(..) => errno::E2BIG,
            MapFlaw::NoInner(_) => errno::EBADF,
            MapFlaw::Conflict(flags) if flags & NO_PREALLOC != 0 => errno::ENOTSUPP,
            MapFlaw::Number(ty, number, n, Sizes::Within(_, to)) if n > to => {
                match (number, ty) {
                    // A trie tests all its sizes at once; a hash of devices and one of
                    // sockets round up first, and get nothing.
                    (_, MapType::LpmTrie)
                    | (MaxEntries, MapType::DevmapHash | MapType::Sockhash) => errno::EINVAL,
                    (KeySize | ValueSize | MaxEntries, _) => errno::E2BIG,
                }
            }
            _ => errno::EINVAL,
        }
    }
}

impl fmt::Display for MapFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            MapFlaw::NoType(n) => write!(f, "there is no map type {n}"),
            MapFlaw::NotThere(ty, (major, minor)) => write!(
                f,
                "the kernel has no maps of type {ty}; Linux has them since {major}.{minor}"
            ),
            MapFlaw::Number(ty, number, n, takes) => {
                write!(
                    f,
                    "{} is {n}; maps of type {ty} take {takes}",
                    number.name()
                )
            }
            MapFlaw::Flags(ty, flags) => {
                write!(
                    f,
                    "maps of type {ty} do not take {} there",
                    FlagNames(flags)
                )
            }
            MapFlaw::Conflict(flags) => write!(f, "{} exclude one another here", FlagNames(flags)),
            MapFlaw::Missing(ty, flags) => {
                write!(f, "maps of type {ty} need {}", FlagNames(flags))
            }
            MapFlaw::Extra(ty, extra) => {
                write!(
                    f,
                    "map_extra is {extra:#x}, which maps of type {ty} do not take"
                )
            }
            MapFlaw::TooLarge(bytes, fits) => write!(
                f,
                "an element takes {bytes} bytes of key and value; {fits} fit"
            ),
            MapFlaw::Untyped(ty) => write!(
                f,
                "maps of type {ty} need a key of type int and a value with a type (`__type(key, …)`)"
            ),
            MapFlaw::NoInner(ty) => write!(
                f,
                "a map of type {ty} has to say what maps it holds (`__array(values, …)`)"
            ),
            MapFlaw::Nested => f.write_str("a map of maps cannot hold maps of maps"),
        }
    }
}

/// The flags of a definition: what is unknown, contradictory or missing.
fn flags_flaw(row: &MapRow, shape: &Shape, release: Release) -> Option<MapFlaw> {
    let known = |bit: u32| {
        FLAGS
            .iter()
            .any(|(b, _, since)| *b == bit && *since <= release)
    };
    let taken = (0..u32::BITS)
        .map(|i| 1 << i)
        .filter(|bit| row.flags & bit != 0 && known(*bit))
        .fold(0, |set, bit: u32| set | bit);
    let both = |flags: u32| (shape.flags & flags == flags).then_some(MapFlaw::Conflict(flags));
    let lru = matches!(row.ty, MapType::LruHash | MapType::LruPercpuHash);
    let unknown = shape.flags & !taken;
    let missing = row.needs & !shape.flags;
    if unknown != 0 {
        return Some(MapFlaw::Flags(row.ty, unknown));
    }
    if missing != 0 {
        return Some(MapFlaw::Missing(row.ty, missing));
    }
    both(RDONLY | WRONLY)
        .or_else(|| both(RDONLY_PROG | WRONLY_PROG))
        .or_else(|| both(NO_COMMON_LRU | NUMA_NODE))
        .or_else(|| {
            (lru && shape.flags & NO_PREALLOC != 0)
                .then_some(MapFlaw::Conflict(shape.flags & NO_PREALLOC))
        })
}

/// What `map_extra` may be: a Bloom filter's hashes, where an arena begins.
fn extra_flaw(row: &MapRow, extra: u64) -> Option<MapFlaw> {
    let fits = match row.ty {
        MapType::BloomFilter => extra <= 15,
        MapType::Arena => extra.is_multiple_of(u64::from(PAGE)),
        MapType::Rhash => true,
        _ => extra == 0,
    };
    (!fits).then_some(MapFlaw::Extra(row.ty, extra))
}

/// What numbers may not be together.
fn joint_flaw(row: &MapRow, shape: &Shape, release: Release) -> Option<MapFlaw> {
    use MapType as T;
    let too_large =
        |bytes: u64, fits: u64| (bytes > fits).then_some(MapFlaw::TooLarge(bytes, fits));
    let number = |number, n, to| {
        (n > to).then_some(MapFlaw::Number(row.ty, number, n, Sizes::Within(1, to)))
    };
    match row.ty {
        T::Hash | T::PercpuHash | T::LruHash | T::LruPercpuHash | T::HashOfMaps => {
            let element = u64::from(shape.key) + u64::from(shape.value);
            let buckets = u64::from(shape.entries)
                .checked_next_power_of_two()
                .unwrap_or(u64::MAX);
            let most = u32::try_from(MAX_BUCKETS.div_ceil(2)).unwrap_or(u32::MAX);
            // Until 5.11 keys had to fit the stack.
            let old_key =
                (release < (5, 11)).then(|| number(Number::KeySize, shape.key, STACK_KEY));
            old_key
                .flatten()
                .or_else(|| too_large(element, u64::from(KMALLOC_MAX - HASH_ELEMENT - 1)))
                .or_else(|| {
                    (buckets > MAX_BUCKETS).then_some(MapFlaw::Number(
                        row.ty,
                        Number::MaxEntries,
                        shape.entries,
                        Sizes::Within(1, most),
                    ))
                })
        }
        T::Sockhash => number(Number::KeySize, shape.key, STACK_KEY),
        _ => None,
    }
}

/// The first thing about a definition for which a kernel refuses to create the map;
/// `has` says whether the kernel has a map type, where more is known of it than its
/// release.
pub fn flaw(shape: &Shape, release: Release, has: &dyn Fn(u32) -> Option<bool>) -> Option<MapFlaw> {
    let Some(row) = MapType::from_id(shape.map_type).and_then(map_row) else {
        return Some(MapFlaw::NoType(shape.map_type));
    };
    let there = has(shape.map_type).unwrap_or(release >= row.since);
    if !there {
        return Some(MapFlaw::NotThere(row.ty, row.since));
    }
    let build_id = row.ty == MapType::StackTrace && shape.flags & STACK_BUILD_ID != 0;
    let value = if build_id {
        Sizes::Frames(32)
    } else {
        row.value
    };
    let numbers = [
        (Number::KeySize, shape.key, row.key),
        (Number::ValueSize, shape.value, value),
        (Number::MaxEntries, shape.entries, row.entries),
    ];
    let number = numbers
        .into_iter()
        .find(|(_, n, takes)| !takes.allows(*n))
        .map(|(number, n, takes)| MapFlaw::Number(row.ty, number, n, takes));
    let inner = || match (row.ty, shape.inner) {
        (MapType::ArrayOfMaps | MapType::HashOfMaps, Inner::None) => Some(MapFlaw::NoInner(row.ty)),
        (MapType::ArrayOfMaps | MapType::HashOfMaps, Inner::Nested) => Some(MapFlaw::Nested),
        _ => None,
    };
    extra_flaw(row, shape.extra)
        .or_else(|| flags_flaw(row, shape, release))
        .or(number)
        .or_else(|| joint_flaw(row, shape, release))
        .or_else(|| (row.typed == Typed::Must && !shape.typed).then_some(MapFlaw::Untyped(row.ty)))
        .or_else(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(ty: MapType, [key, value, entries]: [u32; 3], flags: u32) -> Shape {
        Shape {
            map_type: ty.id(),
            key,
            value,
            entries,
            flags,
            extra: 0,
            typed: false,
            inner: Inner::None,
        }
    }

    /// The error number on a release; 0 if the map is created.
    fn errno(shape: &Shape, release: Release) -> u16 {
        flaw(shape, release, &|_| None).map_or(0, MapFlaw::errno)
    }

    #[test]
    fn sizes_and_flags_are_those_of_the_type() {
        use MapType as T;
        let on = |ty, sizes, flags| errno(&shape(ty, sizes, flags), (6, 18));
        assert_eq!(on(T::Hash, [4, 8, 1], 0), 0);
        assert_eq!(on(T::Hash, [0, 8, 1], 0), 22);
        assert_eq!(on(T::Array, [8, 8, 1], 0), 22);
        assert_eq!(on(T::Array, [4, 8, 0], 0), 22);
        assert_eq!(on(T::Array, [4, 8, 1], MMAPABLE), 0);
        assert_eq!(on(T::Hash, [4, 8, 1], MMAPABLE), 22);
        assert_eq!(on(T::Ringbuf, [0, 0, 8192], 0), 0);
        assert_eq!(on(T::Ringbuf, [0, 0, 12288], 0), 22);
        assert_eq!(on(T::LpmTrie, [8, 8, 1], 0), 22);
        assert_eq!(on(T::LpmTrie, [8, 8, 1], NO_PREALLOC), 0);
        assert_eq!(on(T::LruHash, [4, 8, 1], NO_PREALLOC), 524);
        assert_eq!(on(T::ArrayOfMaps, [4, 4, 1], 0), 9);
        assert_eq!(on(T::StackTrace, [4, 1016, 1], 0), 0);
        assert_eq!(on(T::StackTrace, [4, 1024, 1], 0), 22);
        assert_eq!(on(T::StackTrace, [4, 4064, 1], STACK_BUILD_ID), 0);
        for value in [40, 4096] {
            assert_eq!(on(T::StackTrace, [4, value, 1], STACK_BUILD_ID), 22);
        }
    }

    #[test]
    fn types_and_limits_have_their_release() {
        let wide_key = shape(MapType::Hash, [600, 8, 1], 0);
        assert_eq!(errno(&wide_key, (5, 10)), 7);
        assert_eq!(errno(&wide_key, (5, 15)), 0);
        let table = shape(MapType::InsnArray, [4, 16, 1], 0);
        assert_eq!(errno(&table, (6, 18)), 22);
        assert_eq!(errno(&table, (7, 3)), 0);
    }

    #[test]
    fn what_a_kernel_lists_overrides_its_release() {
        let arena = shape(MapType::Arena, [0, 0, 1], MMAPABLE);
        let listed = |there: bool| flaw(&arena, (6, 6), &move |_| Some(there));
        assert_eq!(errno(&arena, (6, 6)), 22);
        assert_eq!(listed(true), None);
        assert!(matches!(listed(false), Some(MapFlaw::NotThere(..))));
    }
}
