//! Maps with the semantics and error codes that Linux documents.
//!
//! A [`Map`] is its definition and a [`Body`]; the bytes of values live in the
//! runtime's memory, because programs hold pointers to them. Operations come in
//! two kinds: what programs do through helpers (`programs`, by kind of map in the
//! files beside it) and what user space does through the system call ([`user`]).
//! Both answer with the kernel's negative error numbers.
//!
//! A deleted element's bytes stay readable until its cell is used again, and
//! cells are used again in the order in which they were freed: as under RCU, a
//! pointer found by a lookup outlives a deletion by the same program.
//!
//! Known differences: a Linux hash iterates in bucket order, ours in key order; a
//! Linux LRU keeps lists per CPU and evicts approximately, ours exactly.

pub mod errno;
pub mod events;
mod fill;
mod hash;
mod keyless;
mod lpm;
mod populate;
mod programs;
pub mod ringbuf;
mod special;
pub mod user;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use self::events::Events;
pub use self::fill::initialise;
use self::hash::HashBody;
use self::keyless::{Bloom, Fifo};
use self::lpm::LpmBody;
use self::ringbuf::Ring;
use super::engine::FaultKind;
use super::image::Def;
use super::memory::{Digest, Kind, Memory, RegionId};
use crate::helpers_spec::MapType;

/// Update whether or not the key exists.
pub const ANY: u64 = 0;
/// Update only if the key does not exist.
pub const NOEXIST: u64 = 1;
/// Update only if the key exists.
pub const EXIST: u64 = 2;
/// Update under the value's spin lock.
pub const F_LOCK: u64 = 4;

/// Entries a local storage may hold here.
const STORAGE_CELLS: u64 = 4096;

/// What a map holds.
#[derive(Clone, Debug)]
pub enum Body {
    /// Values by index.
    Array { region: RegionId },
    /// Values by index and CPU.
    PercpuArray { region: RegionId },
    /// Values by key, also per CPU and with LRU eviction.
    Hash(HashBody),
    /// Values by longest matching prefix.
    Lpm(LpmBody),
    /// A queue or a stack.
    Fifo(Fifo),
    /// A Bloom filter.
    Bloom(Bloom),
    /// A ring buffer towards user space.
    Ringbuf(Ring),
    /// A ring buffer from user space.
    UserRingbuf,
    /// Perf events, one per CPU.
    PerfArray(Events),
    /// Programs to tail-call.
    ProgArray(BTreeMap<u32, u32>),
    /// Maps in a map.
    Maps(BTreeMap<Vec<u8>, u32>),
    /// Targets of redirection: devices, CPUs, sockets, cgroups.
    Targets {
        entries: BTreeMap<Vec<u8>, u32>,
        region: RegionId,
    },
    /// Stack traces by id.
    Stacks(BTreeMap<u32, Vec<u64>>),
    /// Values by the object that owns them.
    Storage {
        region: RegionId,
        owners: BTreeMap<u64, u32>,
    },
    /// The one value of a cgroup's storage, per CPU where so typed.
    CgroupStorage { region: RegionId },
    /// A structure of functions.
    StructOps { region: RegionId },
    /// An arena: its region and the address user space maps it at.
    Arena { region: RegionId, user: u64 },
    /// A jump table.
    Table { region: RegionId },
    /// Nothing: no program of the run can reach it.
    Unused,
}

/// Whether user space sees one value per CPU in a map of this type.
pub fn is_percpu(map_type: u32) -> bool {
    use MapType as T;
    matches!(
        T::from_id(map_type),
        Some(T::PercpuArray | T::PercpuHash | T::LruPercpuHash)
    )
}

/// A map of a run.
#[derive(Clone, Debug)]
pub struct Map {
    /// Its index in the runtime.
    pub id: u32,
    /// Its definition.
    pub def: Def,
    /// Its type.
    pub map_type: MapType,
    /// What it holds.
    pub body: Body,
    /// User space may not write any more.
    pub frozen: bool,
    /// Bytes of the value that only the kernel writes: (offset, size), by offset.
    pub special: Vec<(u32, u32)>,
    cpus: u32,
}

fn full() -> FaultKind {
    FaultKind::NotModelled("maps of that size".into())
}

impl Map {
    /// Creates a map, empty.
    pub fn create(def: &Def, id: u32, mem: &mut Memory, cpus: u32) -> Result<Map, FaultKind> {
        use MapType as T;
        let Some(map_type) = T::from_id(def.map_type) else {
            return Err(FaultKind::NotModelled(format!("map type {}", def.map_type)));
        };
        let kind = Kind::MapValue(id);
        let max = u64::from(def.max_entries);
        let mut cells = |count: u64| {
            mem.alloc_cells(kind, def.value_size, count)
                .ok_or_else(full)
        };
        let wide = u64::from(cpus);
        let body = match map_type {
            T::Array => Body::Array {
                region: cells(max)?,
            },
            T::PercpuArray => Body::PercpuArray {
                region: cells(max * wide)?,
            },
            T::Hash | T::LruHash | T::Rhash => Body::Hash(HashBody::new(
                cells(max + 1)?,
                max,
                1,
                map_type == T::LruHash,
            )),
            T::PercpuHash | T::LruPercpuHash => {
                let lru = map_type == T::LruPercpuHash;
                Body::Hash(HashBody::new(cells((max + 1) * wide)?, max, wide, lru))
            }
            T::LpmTrie => Body::Lpm(LpmBody::new(cells(max + 1)?, max)),
            T::Queue | T::Stack => Body::Fifo(Fifo::new(map_type == T::Stack, max)),
            T::BloomFilter => Body::Bloom(Bloom::new(max, def.map_extra)),
            T::Ringbuf => Body::Ringbuf(Ring::new(max)),
            T::UserRingbuf => Body::UserRingbuf,
            T::PerfEventArray => Body::PerfArray(Events::default()),
            T::ProgArray => Body::ProgArray(BTreeMap::new()),
            T::ArrayOfMaps | T::HashOfMaps => Body::Maps(BTreeMap::new()),
            T::Devmap | T::DevmapHash | T::Cpumap | T::Xskmap | T::Sockmap | T::Sockhash => {
                Body::Targets {
                    entries: BTreeMap::new(),
                    region: cells(max + 1)?,
                }
            }
            T::ReuseportSockarray | T::CgroupArray => Body::Targets {
                entries: BTreeMap::new(),
                region: cells(max + 1)?,
            },
            T::StackTrace => Body::Stacks(BTreeMap::new()),
            T::SkStorage | T::InodeStorage | T::TaskStorage | T::CgrpStorage => Body::Storage {
                region: cells(STORAGE_CELLS)?,
                owners: BTreeMap::new(),
            },
            T::CgroupStorage => Body::CgroupStorage { region: cells(1)? },
            T::PercpuCgroupStorage => Body::CgroupStorage {
                region: cells(wide)?,
            },
            T::StructOps => Body::StructOps { region: cells(1)? },
            T::Arena => {
                let region = mem.alloc_arena(id).ok_or_else(full)?;
                let user = if def.map_extra != 0 {
                    def.map_extra
                } else {
                    0x7f00_0000_0000
                };
                Body::Arena { region, user }
            }
            // Addresses lie one behind another: a program reads the table as one array.
            T::InsnArray => Body::Table {
                region: u32::try_from(max)
                    .ok()
                    .and_then(|max| max.checked_mul(8))
                    .and_then(|size| mem.alloc_cells(kind, size, 1))
                    .ok_or_else(full)?,
            },
            T::Unspec => return Err(FaultKind::NotModelled("map type 0".into())),
        };
        Ok(Map {
            map_type,
            body,
            ..Map::unused(def, id, cpus)
        })
    }

    /// A map that nothing can reach; it takes no memory.
    pub fn unused(def: &Def, id: u32, cpus: u32) -> Map {
        Map {
            id,
            def: def.clone(),
            map_type: MapType::Unspec,
            body: Body::Unused,
            frozen: def.frozen,
            special: Vec::new(),
            cpus,
        }
    }

    /// The address of the first value, for maps whose values have fixed addresses.
    pub fn first_value(&self, mem: &Memory) -> Option<u64> {
        match &self.body {
            Body::Array { region }
            | Body::StructOps { region }
            | Body::Table { region }
            | Body::CgroupStorage { region } => Some(mem.cell(*region, 0)),
            Body::Arena { region, .. } => Some(mem.base(*region)),
            _ => None,
        }
    }

    /// The arena's region and user address, if it is one.
    pub fn arena(&self) -> Option<(RegionId, u64)> {
        match self.body {
            Body::Arena { region, user } => Some((region, user)),
            _ => None,
        }
    }

    /// The region of its values, if they have one.
    pub fn region(&self) -> Option<RegionId> {
        match &self.body {
            Body::Array { region }
            | Body::PercpuArray { region }
            | Body::Targets { region, .. }
            | Body::Storage { region, .. }
            | Body::CgroupStorage { region }
            | Body::StructOps { region }
            | Body::Table { region }
            | Body::Arena { region, .. } => Some(*region),
            Body::Hash(hash) => Some(hash.region),
            Body::Lpm(lpm) => Some(lpm.region),
            _ => None,
        }
    }

    fn index(&self, key: &[u8]) -> Option<u64> {
        let key: [u8; 4] = key.try_into().ok()?;
        let index = u32::from_le_bytes(key);
        (index < self.def.max_entries).then_some(u64::from(index))
    }

    /// Mixes what the memory's digest does not show into a digest.
    pub fn digest(&self, hash: &mut Digest) {
        hash.word(u64::from(self.id));
        match &self.body {
            Body::Hash(h) => h.keys().for_each(|k| hash.bytes(k)),
            Body::Lpm(l) => l.keys().for_each(|k| hash.bytes(k)),
            Body::Fifo(f) => f.items().for_each(|v| hash.bytes(v)),
            Body::Bloom(b) => b.digest(hash),
            Body::Ringbuf(r) => hash.word(r.produced),
            Body::PerfArray(events) => events.held().for_each(|(index, used, lost)| {
                hash.word(u64::from(index));
                hash.word(used);
                hash.word(lost);
            }),
            Body::Stacks(s) => s.keys().for_each(|id| hash.word(u64::from(*id))),
            Body::Storage { owners, .. } => owners.keys().for_each(|o| hash.word(*o)),
            Body::Targets { entries, .. } => entries.keys().for_each(|k| hash.bytes(k)),
            _ => {}
        }
    }

    /// The key after one in iteration order; of none, or one that is not there, the first.
    pub fn key_after(&self, key: Option<&[u8]>) -> Option<Vec<u8>> {
        match &self.body {
            Body::Array { .. } | Body::PercpuArray { .. } | Body::Table { .. } => {
                let next = match key.and_then(|k| self.index(k)) {
                    Some(index) => u32::try_from(index).ok()?.checked_add(1)?,
                    None => 0,
                };
                (next < self.def.max_entries).then(|| next.to_le_bytes().to_vec())
            }
            Body::Hash(h) => h.key_after(key).cloned(),
            Body::Lpm(l) => l.key_after(key).cloned(),
            Body::Maps(m) => next_of(m, key.map(<[u8]>::to_vec)),
            Body::Targets { entries, .. } => next_of(entries, key.map(<[u8]>::to_vec)),
            Body::ProgArray(p) => numbered(p, key).map(|i| i.to_le_bytes().to_vec()),
            Body::Stacks(s) => numbered(s, key).map(|i| i.to_le_bytes().to_vec()),
            Body::Storage { owners, .. } => {
                let key = key.and_then(|k| k.try_into().ok()).map(u64::from_le_bytes);
                next_of(owners, key).map(|o| o.to_le_bytes().to_vec())
            }
            _ => None,
        }
    }

    /// The keys whose values may differ from zero: of arrays, those that were written.
    pub fn written_keys(&self, mem: &Memory) -> Vec<Vec<u8>> {
        let (region, per_key) = match &self.body {
            Body::Array { region } => (*region, 1),
            Body::PercpuArray { region } => (*region, u64::from(self.cpus.max(1))),
            _ => {
                let mut key = self.key_after(None);
                return std::iter::from_fn(|| {
                    let next = self.key_after(key.as_deref());
                    let now = std::mem::replace(&mut key, next)?;
                    // At the end the order begins anew.
                    key.take_if(|next| *next <= now);
                    Some(now)
                })
                .collect();
            }
        };
        let cells = mem.written_cells(region).into_iter();
        let mut keys: Vec<u64> = cells.map(|cell| cell / per_key).collect();
        keys.dedup();
        keys.into_iter()
            .filter_map(|i| u32::try_from(i).ok())
            .map(|i| i.to_le_bytes().to_vec())
            .collect()
    }
}

/// The key after one, or the first where that is not there.
fn next_of<K: Ord + Clone, V>(map: &BTreeMap<K, V>, key: Option<K>) -> Option<K> {
    match key.filter(|key| map.contains_key(key)) {
        Some(key) => {
            let after = (Bound::Excluded(key), Bound::Unbounded);
            map.range(after).next().map(|(k, _)| k.clone())
        }
        None => map.keys().next().cloned(),
    }
}

fn numbered<V>(map: &BTreeMap<u32, V>, key: Option<&[u8]>) -> Option<u32> {
    let key = key.and_then(|k| k.try_into().ok()).map(u32::from_le_bytes);
    next_of(map, key)
}

/// Cells that were freed, oldest first, and cells never used.
#[derive(Clone, Debug, Default)]
struct FreeCells {
    freed: VecDeque<u64>,
    next: u64,
}

impl FreeCells {
    /// A cell: never used ones first, so that freed ones rest longest.
    fn take(&mut self, capacity: u64) -> Option<u64> {
        if self.next < capacity {
            self.next += 1;
            return Some(self.next - 1);
        }
        self.freed.pop_front()
    }

    fn give(&mut self, cell: u64) {
        self.freed.push_back(cell);
    }
}
