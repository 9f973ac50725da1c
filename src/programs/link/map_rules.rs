//! Which maps a kernel creates: sizes, flags and types of each map type.
//!
//! A definition outside these rules is refused by `BPF_MAP_CREATE`, and then a
//! loader loads no program of the object.

use crate::helpers_spec::MapType as T;
use crate::object::MapDef;

const NO_PREALLOC: u32 = 1;
const NO_COMMON_LRU: u32 = 1 << 1;
const NUMA_NODE: u32 = 1 << 2;
const RDONLY: u32 = 1 << 3;
const WRONLY: u32 = 1 << 4;
const STACK_BUILD_ID: u32 = 1 << 5;
const ZERO_SEED: u32 = 1 << 6;
const RDONLY_PROG: u32 = 1 << 7;
const WRONLY_PROG: u32 = 1 << 8;
const CLONE: u32 = 1 << 9;
const MMAPABLE: u32 = 1 << 10;
const PRESERVE_ELEMS: u32 = 1 << 11;
const INNER_MAP: u32 = 1 << 12;
const LINK: u32 = 1 << 13;
const VTYPE_BTF_OBJ_FD: u32 = 1 << 15;
const SEGV_ON_FAULT: u32 = 1 << 17;
const NO_USER_CONV: u32 = 1 << 18;
const RB_OVERWRITE: u32 = 1 << 19;
const USER_ACCESS: u32 = RDONLY | WRONLY;
const ACCESS: u32 = USER_ACCESS | RDONLY_PROG | WRONLY_PROG;

/// The largest allocation of a hash table's element or a queue's value.
const KMALLOC_MAX: u64 = 4 << 20;
/// The largest per-CPU value.
const PERCPU_MAX: u32 = 32 << 10;
/// Frames of a stack trace, unless the administrator allows more.
const STACK_FRAMES: u32 = 127;

/// Sizes that a map type takes.
#[derive(Clone, Copy)]
enum Size {
    Is(u32),
    /// Either of two.
    Or(u32, u32),
    /// From, to.
    Within(u32, u32),
    Any,
}

impl Size {
    fn takes(self, size: u32) -> bool {
        match self {
            Size::Is(n) => size == n,
            Size::Or(m, n) => size == m || size == n,
            Size::Within(from, to) => (from..=to).contains(&size),
            Size::Any => true,
        }
    }
}

/// What a map type takes.
struct Rule {
    /// The first release with the type.
    since: (u16, u16),
    key: Size,
    value: Size,
    entries: Size,
    flags: u32,
}

const SOME: Size = Size::Within(1, u32::MAX);

const fn rule(since: (u16, u16), key: Size, value: Size, entries: Size, flags: u32) -> Rule {
    Rule {
        since,
        key,
        value,
        entries,
        flags,
    }
}

fn rule_of(ty: T) -> Option<Rule> {
    const OLD: (u16, u16) = (4, 19);
    const FOUR: Size = Size::Is(4);
    const FD: Size = Size::Or(4, 8);
    const ARRAY: u32 = NUMA_NODE | ACCESS;
    const HASH: u32 = NO_PREALLOC | NO_COMMON_LRU | NUMA_NODE | ACCESS | ZERO_SEED;
    const STORAGE: u32 = NO_PREALLOC | CLONE;
    const RING: u32 = NUMA_NODE | RB_OVERWRITE;
    Some(match ty {
        T::Hash | T::LruHash => rule(OLD, SOME, SOME, SOME, HASH),
        T::PercpuHash | T::LruPercpuHash => {
            rule(OLD, SOME, Size::Within(1, PERCPU_MAX), SOME, HASH)
        }
        T::HashOfMaps => rule(OLD, SOME, FOUR, SOME, HASH),
        T::Array => rule(
            OLD,
            FOUR,
            Size::Within(1, i32::MAX as u32),
            SOME,
            ARRAY | MMAPABLE | INNER_MAP,
        ),
        T::PercpuArray => rule(OLD, FOUR, Size::Within(1, PERCPU_MAX), SOME, ACCESS),
        T::PerfEventArray => rule(
            OLD,
            FOUR,
            FOUR,
            SOME,
            NUMA_NODE | USER_ACCESS | PRESERVE_ELEMS,
        ),
        T::ProgArray | T::CgroupArray | T::ArrayOfMaps => {
            rule(OLD, FOUR, FOUR, SOME, NUMA_NODE | USER_ACCESS)
        }
        T::ReuseportSockarray => rule(OLD, FOUR, FD, SOME, ARRAY),
        T::StackTrace => rule(
            OLD,
            FOUR,
            Size::Within(8, 32 * STACK_FRAMES),
            SOME,
            NUMA_NODE | USER_ACCESS | STACK_BUILD_ID,
        ),
        T::LpmTrie => rule(
            OLD,
            Size::Within(5, 260),
            Size::Within(1, (KMALLOC_MAX as u32).saturating_sub(512)),
            SOME,
            NO_PREALLOC | ARRAY,
        ),
        T::Devmap | T::Sockmap => rule(OLD, FOUR, FD, SOME, NUMA_NODE | USER_ACCESS),
        T::DevmapHash => rule(
            (5, 4),
            FOUR,
            FD,
            Size::Within(1, 1 << 31),
            NUMA_NODE | USER_ACCESS,
        ),
        T::Sockhash => rule(OLD, Size::Within(1, 512), FD, SOME, NUMA_NODE | USER_ACCESS),
        T::Cpumap => rule(OLD, FOUR, FD, SOME, NUMA_NODE),
        T::Xskmap => rule(OLD, FOUR, FOUR, SOME, NUMA_NODE | USER_ACCESS),
        T::CgroupStorage => rule(
            OLD,
            Size::Or(8, 16),
            Size::Within(1, 4096),
            Size::Is(0),
            ARRAY,
        ),
        T::PercpuCgroupStorage => rule(
            OLD,
            Size::Or(8, 16),
            Size::Within(1, PERCPU_MAX),
            Size::Is(0),
            ARRAY,
        ),
        T::Queue | T::Stack => rule(
            (4, 20),
            Size::Is(0),
            Size::Within(1, (KMALLOC_MAX as u32).saturating_sub(512)),
            SOME,
            ARRAY,
        ),
        T::SkStorage => rule((5, 2), FOUR, Size::Within(1, 65_000), Size::Is(0), STORAGE),
        T::InodeStorage => rule((5, 10), FOUR, Size::Within(1, 65_000), Size::Is(0), STORAGE),
        T::TaskStorage => rule((5, 11), FOUR, Size::Within(1, 65_000), Size::Is(0), STORAGE),
        T::CgrpStorage => rule((6, 2), FOUR, Size::Within(1, 65_000), Size::Is(0), STORAGE),
        T::StructOps => rule((5, 6), FOUR, SOME, Size::Is(1), LINK | VTYPE_BTF_OBJ_FD),
        T::Ringbuf => rule((5, 8), Size::Is(0), Size::Is(0), SOME, RING),
        T::UserRingbuf => rule((6, 1), Size::Is(0), Size::Is(0), SOME, RING),
        T::BloomFilter => rule((5, 16), Size::Is(0), SOME, SOME, ARRAY | ZERO_SEED),
        T::Arena => rule(
            (6, 9),
            Size::Is(0),
            Size::Is(0),
            Size::Within(1, 1 << 20),
            MMAPABLE | SEGV_ON_FAULT | NO_USER_CONV,
        ),
        T::InsnArray => rule((6, 19), FOUR, Size::Is(16), SOME, 0),
        T::Rhash => rule((7, 1), Size::Any, Size::Any, Size::Any, u32::MAX),
        T::Unspec => return None,
    })
}

/// Rules that the table cannot say. `Err` is what breaks them.
fn special(map: &MapDef, ty: T, release: (u16, u16)) -> Result<(), &'static str> {
    let flag = |flag| map.flags & flag != 0;
    let lru = matches!(ty, T::LruHash | T::LruPercpuHash);
    let hash = matches!(ty, T::Hash | T::PercpuHash | T::HashOfMaps) || lru;
    if flag(RDONLY) && flag(WRONLY) || flag(RDONLY_PROG) && flag(WRONLY_PROG) {
        return Err("access flags contradict each other");
    }
    if map.map_extra != 0 && !matches!(ty, T::BloomFilter | T::Arena) {
        return Err("map_extra means nothing to this type");
    }
    match ty {
        _ if lru && flag(NO_PREALLOC) => Err("LRU tables are allocated beforehand"),
        _ if hash && !lru && flag(NO_COMMON_LRU) => Err("no LRU table"),
        _ if hash
            && flag(NUMA_NODE)
            && (flag(NO_COMMON_LRU) || ty == T::PercpuHash || ty == T::LruPercpuHash) =>
        {
            Err("per-CPU memory has no one NUMA node")
        }
        _ if hash
            && u64::from(map.key_size).saturating_add(map.value_size.into())
                >= KMALLOC_MAX.saturating_sub(64) =>
        {
            Err("key and value are too large together")
        }
        T::LpmTrie | T::SkStorage | T::InodeStorage | T::TaskStorage | T::CgrpStorage
            if !flag(NO_PREALLOC) =>
        {
            Err("flag BPF_F_NO_PREALLOC is required")
        }
        T::SkStorage | T::InodeStorage | T::TaskStorage | T::CgrpStorage
            if map.key_type == 0 || map.value_type == 0 =>
        {
            Err("key and value need types")
        }
        T::StackTrace => {
            let frame = if flag(STACK_BUILD_ID) { 32 } else { 8 };
            let fits = map.value_size.is_multiple_of(frame)
                && map
                    .value_size
                    .checked_div(frame)
                    .is_some_and(|n| n <= STACK_FRAMES);
            if fits {
                Ok(())
            } else {
                Err("no whole number of frames, or too many")
            }
        }
        T::Ringbuf | T::UserRingbuf
            if !map.max_entries.is_power_of_two() || !map.max_entries.is_multiple_of(4096) =>
        {
            Err("its size is no power of two of pages")
        }
        T::Ringbuf | T::UserRingbuf
            if flag(RB_OVERWRITE) && (release < (6, 19) || ty == T::UserRingbuf) =>
        {
            Err("flag BPF_F_RB_OVERWRITE is unknown")
        }
        T::BloomFilter if map.map_extra > 15 => Err("more than 15 hashes"),
        T::Arena if !flag(MMAPABLE) => Err("flag BPF_F_MMAPABLE is required"),
        T::Arena if !map.map_extra.is_multiple_of(4096) => Err("its address is not at a page"),
        T::ArrayOfMaps | T::HashOfMaps if map.inner.is_none() && map.slots.is_empty() => {
            Err("it does not say what maps it holds")
        }
        _ => Ok(()),
    }
}

/// The kernel that is to create maps.
pub(super) struct Kernel<'a> {
    /// Its release.
    pub(super) release: (u16, u16, u16),
    /// Whether it has a map type, where that is known of it.
    pub(super) has: &'a dyn Fn(u32) -> Option<bool>,
}

/// Whether a kernel creates the map. `Err` is why not.
pub(super) fn check(map: &MapDef, kernel: &Kernel<'_>) -> Result<(), String> {
    let release = kernel.release;
    let bad = |why: String| format!("map {}: {why}", map.name);
    let Some((ty, rule)) = T::from_id(map.map_type).and_then(|t| rule_of(t).map(|r| (t, r))) else {
        return Err(bad(format!("unknown type {}", map.map_type)));
    };
    let told = (kernel.has)(map.map_type);
    if told == Some(false) {
        return Err(bad(format!("the kernel has no type {ty}")));
    }
    if told.is_none() && (release.0, release.1) < rule.since {
        return Err(bad(format!(
            "type {ty} is there since Linux {}.{}",
            rule.since.0, rule.since.1
        )));
    }
    for (what, size, takes) in [
        ("key of bytes", map.key_size, rule.key),
        ("value of bytes", map.value_size, rule.value),
        ("number of entries", map.max_entries, rule.entries),
    ] {
        if !takes.takes(size) {
            return Err(bad(format!("type {ty} takes no {what} {size}")));
        }
    }
    if map.flags & !rule.flags != 0 {
        return Err(bad(format!(
            "type {ty} takes no flags {:#x}",
            map.flags & !rule.flags
        )));
    }
    special(map, ty, (release.0, release.1)).map_err(|why| bad(why.to_owned()))?;
    match &map.inner {
        Some(inner) if map.is_map_in_map() => match inner.is_map_in_map() {
            true => Err(bad("maps nest only once".into())),
            false => check(inner, kernel),
        },
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn def(ty: T, key: u32, value: u32, entries: u32, flags: u32) -> MapDef {
        MapDef {
            name: "m".into(),
            map_type: ty.id(),
            key_size: key,
            value_size: value,
            max_entries: entries,
            flags,
            ..MapDef::default()
        }
    }

    fn on(m: &MapDef, release: (u16, u16, u16)) -> Result<(), String> {
        let has = &|_| None;
        super::check(m, &Kernel { release, has })
    }

    #[test]
    fn what_a_kernel_lists_overrides_its_release() {
        let arena = def(T::Arena, 0, 0, 1, MMAPABLE);
        let listed = |there: bool| {
            let has = move |_| Some(there);
            let release = (6, 6, 0);
            check(&arena, &Kernel { release, has: &has })
        };
        assert!(listed(true).is_ok());
        assert!(listed(false).unwrap_err().contains("has no type arena"));
    }

    #[test]
    fn sizes_and_flags_are_those_of_the_type() {
        let ok = |m: &MapDef| on(m, (6, 18, 0)).is_ok();
        assert!(ok(&def(T::Hash, 4, 8, 1, 0)));
        assert!(!ok(&def(T::Hash, 0, 8, 1, 0)));
        assert!(!ok(&def(T::Array, 8, 8, 1, 0)));
        assert!(!ok(&def(T::Array, 4, 8, 0, 0)));
        assert!(ok(&def(T::Array, 4, 8, 1, MMAPABLE)));
        assert!(!ok(&def(T::Hash, 4, 8, 1, MMAPABLE)));
        assert!(ok(&def(T::Ringbuf, 0, 0, 8192, 0)));
        assert!(!ok(&def(T::Ringbuf, 0, 0, 12288, 0)));
        assert!(!ok(&def(T::LpmTrie, 8, 8, 1, 0)));
        assert!(ok(&def(T::LpmTrie, 8, 8, 1, NO_PREALLOC)));
        assert!(!ok(&def(T::ArrayOfMaps, 4, 4, 1, 0)));
        assert!(!ok(&def(T::InsnArray, 4, 16, 1, 0)));
        assert!(on(&def(T::InsnArray, 4, 16, 1, 0), (7, 3, 0)).is_ok());
        assert!(on(&def(T::Arena, 0, 0, 1, MMAPABLE), (6, 6, 0)).is_err());
    }
}
