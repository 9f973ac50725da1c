//! What programs do with maps, through helpers.

use super::errno::{E2BIG, EEXIST, EINVAL, ENOENT, EOPNOTSUPP};
use super::{ANY, Body, EXIST, F_LOCK, NOEXIST, STORAGE_CELLS};
use crate::smoke::image::map_handle;
use crate::smoke::runtime::Runtime;

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
