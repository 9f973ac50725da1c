//! Maps with the semantics and error codes that Linux documents.
//!
//! A [`Map`] is its definition and a [`Body`]; the bytes of values live in the
//! runtime's memory, because programs hold pointers to them. Operations come in
//! two kinds: what programs do through helpers (this file, by kind of map in the
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
mod hash;
mod keyless;
mod lpm;
mod populate;
pub mod ringbuf;
mod special;
pub mod user;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use self::errno::{E2BIG, EEXIST, EINVAL, ENOENT, EOPNOTSUPP};
use self::events::Events;
use self::hash::HashBody;
use self::keyless::{Bloom, Fifo};
use self::lpm::LpmBody;
use self::ringbuf::Ring;
use super::engine::{FaultKind, Site};
use super::image::{Def, Image, code_address, map_handle};
use super::memory::{Digest, Kind, Memory, RegionId};
use super::runtime::Runtime;
use crate::helpers_spec::MapType;
use crate::object::{F_RDONLY_PROG, MapOrigin, SlotTarget};

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

/// Fills a new map as a loader does: initial bytes, slots, permissions.
pub fn initialise(rt: &mut Runtime, image: &Image, id: u32) -> Result<(), FaultKind> {
    let Some(map) = rt.maps.get_mut(id as usize) else {
        return Ok(());
    };
    if matches!(map.body, Body::Unused) {
        return Ok(());
    }
    let def = map.def.clone();
    let btf = image.programs.iter().find_map(|c| c.program.btf.clone());
    if let Some(btf) = btf
        && def.value_type != 0
        && !def.is_data()
    {
        map.special = special::fields(&btf, def.value_type, def.value_size);
    }
    if let (Some(bytes), Some(region)) = (&def.initial, map.region()) {
        if let Some((region, _)) = map.arena() {
            let pages = u32::try_from(bytes.len().div_ceil(4096)).unwrap_or(u32::MAX);
            if !rt.mem.map_pages(region, 0, pages) {
                return Err(full());
            }
            for (i, page) in bytes.chunks(4096).enumerate() {
                let at = rt.mem.base(region).wrapping_add(i as u64 * 4096);
                rt.mem.write(at, page)?;
            }
        } else {
            rt.mem.preset(region, bytes);
        }
    }
    if def.kind == MapOrigin::JumpTable {
        let program = image
            .table_of
            .get(id as usize)
            .copied()
            .flatten()
            .unwrap_or(0);
        if let Some(region) = rt.maps.get(id as usize).and_then(Map::region) {
            let first = rt.mem.cell(region, 0);
            for (i, insn) in def.jump_targets.iter().enumerate() {
                let addr = first.saturating_add((i as u64).saturating_mul(8));
                rt.mem.store(
                    addr,
                    8,
                    code_address(Site {
                        program,
                        insn: *insn,
                    }),
                )?;
            }
        }
    }
    if def.flags & F_RDONLY_PROG != 0
        && let Some(region) = rt.maps.get(id as usize).and_then(Map::region)
    {
        rt.mem.set_writable(region, false);
    }
    fill_slots(rt, image, id, &def)
}

fn fill_slots(rt: &mut Runtime, image: &Image, id: u32, def: &Def) -> Result<(), FaultKind> {
    // A map-in-map without initial slots holds one map, so that lookups can hit.
    let mut slots: Vec<(u32, u32)> = Vec::new();
    for (index, target) in &def.slots {
        match target {
            SlotTarget::Map(inner) => slots.push((*index, *inner)),
            SlotTarget::Program(name) => {
                if let (
                    Some(program),
                    Some(Map {
                        body: Body::ProgArray(p),
                        ..
                    }),
                ) = (image.program_named(name), rt.maps.get_mut(id as usize))
                {
                    p.insert(*index, program);
                }
            }
        }
    }
    if def.is_map_in_map()
        && slots.is_empty()
        && let Some(inner) = &def.inner
    {
        let inner_id = rt.maps.len() as u32;
        let inner = Def::Own(Arc::new((**inner).clone()));
        let made = Map::create(&inner, inner_id, &mut rt.mem, rt.config.cpus)?;
        rt.maps.push(made);
        slots.push((0, inner_id));
    }
    if let Some(Map {
        body: Body::Maps(maps),
        ..
    }) = rt.maps.get_mut(id as usize)
    {
        for (index, inner) in slots {
            let mut key = index.to_le_bytes().to_vec();
            if !rt.mem.spend(u64::from(def.key_size)) {
                return Err(FaultKind::Bytes);
            }
            key.resize(def.key_size as usize, 0);
            maps.insert(key, inner);
        }
    }
    Ok(())
}

impl Runtime {
    /// The address of the value of a key (or the handle of an inner map).
    pub fn map_lookup(&mut self, map: u32, key: &[u8], cpu: u32) -> Option<u64> {
        let m = self.maps.get_mut(map as usize)?;
        match &mut m.body {
            Body::Array { region } => {
                let region = *region;
                m.index(key).map(|i| self.mem.cell(region, i))
            }
            Body::PercpuArray { region } => {
                let region = *region;
                let i = m.index(key)? * u64::from(m.cpus) + u64::from(cpu);
                Some(self.mem.cell(region, i))
            }
            Body::Hash(hash) => hash
                .lookup(key, cpu)
                .map(|cell| self.mem.cell(hash.region, cell)),
            Body::Lpm(lpm) => lpm.lookup(key).map(|cell| self.mem.cell(lpm.region, cell)),
            Body::Maps(maps) => maps.get(key).map(|inner| map_handle(*inner)),
            Body::Targets { entries, region } => entries
                .get(key)
                .map(|cell| self.mem.cell(*region, u64::from(*cell))),
            _ => None,
        }
    }

    /// Sets the value of a key, as `bpf_map_update_elem` does.
    pub fn map_update(&mut self, map: u32, key: &[u8], value: &[u8], flags: u64, cpu: u32) -> i64 {
        let Some(m) = self.maps.get_mut(map as usize) else {
            return EINVAL;
        };
        let locked = flags & F_LOCK != 0;
        let has_lock = !m.special.is_empty();
        let plain = flags & !F_LOCK;
        let keyless = matches!(m.body, Body::Fifo(_) | Body::Bloom(_));
        if keyless {
            return self.map_push(map, value, flags);
        }
        if plain > EXIST || (locked && !has_lock) {
            return EINVAL;
        }
        let (region, cell) = match &mut m.body {
            Body::Array { region } | Body::PercpuArray { region } => {
                let region = *region;
                let Some(i) = m.index(key) else { return E2BIG };
                if plain == NOEXIST {
                    return EEXIST;
                }
                let percpu = matches!(m.body, Body::PercpuArray { .. });
                let cell = if percpu {
                    i * u64::from(m.cpus) + u64::from(cpu)
                } else {
                    i
                };
                (region, cell)
            }
            Body::Hash(hash) => match hash.insert(key, plain, cpu) {
                Ok((cell, fresh)) => {
                    let region = hash.region;
                    if fresh {
                        let first = cell - u64::from(cpu) % hash.width;
                        for i in 0..hash.width {
                            self.mem.clear_cell(region, first + i);
                        }
                    }
                    (region, cell)
                }
                Err(error) => return error,
            },
            Body::Lpm(lpm) => match lpm.insert(key, plain) {
                Ok(cell) => (lpm.region, cell),
                Err(error) => return error,
            },
            Body::Targets { entries, region } => {
                if plain == NOEXIST && entries.contains_key(key) {
                    return EEXIST;
                }
                if plain == EXIST && !entries.contains_key(key) {
                    return ENOENT;
                }
                let next = entries.len() as u32;
                if next >= m.def.max_entries && !entries.contains_key(key) {
                    return E2BIG;
                }
                let cell = *entries.entry(key.to_vec()).or_insert(next);
                (*region, u64::from(cell))
            }
            _ => return EOPNOTSUPP,
        };
        let special = m.special.clone();
        let addr = self.mem.cell(region, cell);
        self.copy_value(addr, value, &special);
        0
    }

    /// Copies a value over another but for the fields the kernel keeps.
    fn copy_value(&mut self, addr: u64, value: &[u8], special: &[(u32, u32)]) {
        let mut at = 0usize;
        let fields = special
            .iter()
            .map(|(off, size)| (*off as usize, *size as usize));
        for (off, size) in fields.chain([(value.len(), 0)]) {
            if let Some(part) = value.get(at..off) {
                let _ = self.mem.write(addr.wrapping_add(at as u64), part);
            }
            at = off.saturating_add(size);
        }
    }

    /// Removes a key, as `bpf_map_delete_elem` does.
    pub fn map_delete(&mut self, map: u32, key: &[u8]) -> i64 {
        let Some(m) = self.maps.get_mut(map as usize) else {
            return EINVAL;
        };
        let cells = match &mut m.body {
            Body::Hash(hash) => match hash.remove(key) {
                Some(first) => (hash.region, first, hash.width),
                None => return ENOENT,
            },
            Body::Lpm(lpm) => return lpm.remove(key),
            Body::Targets { entries, .. } => {
                return if entries.remove(key).is_some() {
                    0
                } else {
                    ENOENT
                };
            }
            Body::Array { .. } | Body::PercpuArray { .. } => return EINVAL,
            Body::Fifo(_) => return EINVAL,
            _ => return EOPNOTSUPP,
        };
        // Timers of a deleted element are cancelled.
        for i in 0..cells.2 {
            let addr = self.mem.cell(cells.0, cells.1 + i);
            let size = self.maps.get(map as usize).map_or(0, |m| m.def.value_size);
            let end = addr.saturating_add(u64::from(size));
            self.timers.retain(|at, _| *at < addr || *at >= end);
        }
        0
    }

    /// Adds a value to a queue, stack or Bloom filter.
    pub fn map_push(&mut self, map: u32, value: &[u8], flags: u64) -> i64 {
        match self.maps.get_mut(map as usize).map(|m| &mut m.body) {
            Some(Body::Fifo(fifo)) => fifo.push(value, flags),
            Some(Body::Bloom(bloom)) if flags == ANY => {
                bloom.add(value);
                0
            }
            Some(Body::Bloom(_)) => EINVAL,
            _ => EOPNOTSUPP,
        }
    }

    /// Takes (or looks at) the next value of a queue or stack.
    pub fn map_pop(&mut self, map: u32, remove: bool) -> Result<Vec<u8>, i64> {
        match self.maps.get_mut(map as usize).map(|m| &mut m.body) {
            Some(Body::Fifo(fifo)) => fifo.next(remove).ok_or(ENOENT),
            _ => Err(EOPNOTSUPP),
        }
    }

    /// Whether a Bloom filter may hold a value: 0, or the error that says no.
    pub fn map_may_hold(&self, map: u32, value: &[u8]) -> Option<i64> {
        match self.maps.get(map as usize).map(|m| &m.body) {
            Some(Body::Bloom(bloom)) => Some(if bloom.has(value) { 0 } else { ENOENT }),
            _ => None,
        }
    }

    /// The value of an owner in a local storage, made if `create`.
    pub fn storage(
        &mut self,
        map: u32,
        owner: u64,
        init: Option<&[u8]>,
        create: bool,
    ) -> Option<u64> {
        let m = self.maps.get_mut(map as usize)?;
        let Body::Storage { region, owners } = &mut m.body else {
            return None;
        };
        let region = *region;
        if let Some(cell) = owners.get(&owner) {
            return Some(self.mem.cell(region, u64::from(*cell)));
        }
        let cell = owners.len() as u32;
        if !create || u64::from(cell) >= STORAGE_CELLS {
            return None;
        }
        owners.insert(owner, cell);
        let addr = self.mem.cell(region, u64::from(cell));
        let special = m.special.clone();
        self.mem.clear_cell(region, u64::from(cell));
        if let Some(value) = init {
            self.copy_value(addr, value, &special);
        }
        Some(addr)
    }

    /// Removes an owner's value from a local storage.
    pub fn storage_delete(&mut self, map: u32, owner: u64) -> i64 {
        match self.maps.get_mut(map as usize).map(|m| &mut m.body) {
            Some(Body::Storage { owners, .. }) => {
                if owners.remove(&owner).is_some() {
                    0
                } else {
                    ENOENT
                }
            }
            _ => EINVAL,
        }
    }
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
