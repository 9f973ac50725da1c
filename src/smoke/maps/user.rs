//! What user space does with maps through the system call.

use super::errno::{E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM};
use super::events::EventKind;
use super::{ANY, Body, EXIST, F_LOCK, NOEXIST};
use crate::smoke::runtime::Runtime;

/// Bytes of one CPU's value in the arrays that user space sees.
pub fn stride(value_size: u32) -> usize {
    (value_size as usize).next_multiple_of(8)
}

/// What a batch yields: the pairs, and where to go on (`None` at the end).
pub type Batch = (Vec<(Vec<u8>, Vec<u8>)>, Option<Vec<u8>>);

impl Runtime {
    fn percpu(&self, map: u32) -> bool {
        self.maps.get(map as usize).is_some_and(|m| match &m.body {
            Body::PercpuArray { .. } => true,
            Body::Hash(hash) => m.def.map_type == 5 || m.def.map_type == 10 || hash.width > 1,
            _ => false,
        })
    }

    /// The value of a key; for per-CPU maps of all CPUs, each padded to 8 bytes.
    pub fn user_lookup(&mut self, map: u32, key: &[u8]) -> Result<Vec<u8>, i64> {
        let Some(m) = self.maps.get(map as usize) else {
            return Err(EINVAL);
        };
        let size = m.def.value_size as usize;
        let all = stride(m.def.value_size) as u64 * u64::from(self.config.cpus.max(1));
        if !self
            .mem
            .spend(if self.percpu(map) { all } else { size as u64 })
        {
            return Err(ENOMEM);
        }
        match &m.body {
            Body::Fifo(_) => return self.map_pop(map, false),
            Body::Maps(maps) => {
                return maps
                    .get(key)
                    .map(|id| id.to_le_bytes().to_vec())
                    .ok_or(ENOENT);
            }
            Body::ProgArray(progs) => {
                let key: [u8; 4] = key.try_into().map_err(|_| EINVAL)?;
                let id = progs.get(&u32::from_le_bytes(key)).ok_or(ENOENT)?;
                return Ok(id.to_le_bytes().to_vec());
            }
            Body::Stacks(stacks) => {
                let key: [u8; 4] = key.try_into().map_err(|_| EINVAL)?;
                let stack = stacks.get(&u32::from_le_bytes(key)).ok_or(ENOENT)?;
                let mut bytes: Vec<u8> = stack.iter().flat_map(|ip| ip.to_le_bytes()).collect();
                bytes.resize(size, 0);
                return Ok(bytes);
            }
            Body::Storage { region, owners } => {
                let owner: [u8; 8] = key.try_into().map_err(|_| EINVAL)?;
                let cell = owners.get(&u64::from_le_bytes(owner)).ok_or(ENOENT)?;
                let addr = self.mem.cell(*region, u64::from(*cell));
                return self.mem.read(addr, size).map_err(|_| EINVAL);
            }
            Body::StructOps { region } | Body::CgroupStorage { region } => {
                let addr = self.mem.cell(*region, 0);
                return self.mem.read(addr, size).map_err(|_| EINVAL);
            }
            Body::Bloom(_) | Body::Ringbuf(_) | Body::UserRingbuf | Body::PerfArray(_) => {
                return Err(EOPNOTSUPP);
            }
            _ => {}
        }
        if !self.percpu(map) {
            let addr = self.map_lookup(map, key, 0).ok_or(ENOENT)?;
            return self.mem.read(addr, size).map_err(|_| EINVAL);
        }
        let each = stride(size as u32);
        let mut out = Vec::with_capacity(each.saturating_mul(self.config.cpus as usize));
        for cpu in 0..self.config.cpus {
            let addr = self.map_lookup(map, key, cpu).ok_or(ENOENT)?;
            let read = self.mem.append(addr, size, &mut out);
            read.map_err(|_| EINVAL)?;
            out.resize(each.saturating_mul(cpu as usize + 1), 0);
        }
        Ok(out)
    }

    /// Sets a value; per-CPU maps take all CPUs' values, or one that serves all.
    pub fn user_update(&mut self, map: u32, key: &[u8], value: &[u8], flags: u64) -> i64 {
        let Some(m) = self.maps.get_mut(map as usize) else {
            return EINVAL;
        };
        if m.frozen {
            return EPERM;
        }
        let size = m.def.value_size as usize;
        let plain = flags & !F_LOCK;
        match &mut m.body {
            Body::Maps(maps) => {
                let Ok(id) = <[u8; 4]>::try_from(value) else {
                    return EINVAL;
                };
                let array = m.def.map_type == 12;
                let index = key
                    .first_chunk()
                    .map_or(u32::MAX, |k| u32::from_le_bytes(*k));
                return match maps.contains_key(key) {
                    _ if array && index >= m.def.max_entries => E2BIG,
                    true if plain == NOEXIST => EEXIST,
                    false if plain == EXIST => ENOENT,
                    false if maps.len() as u32 >= m.def.max_entries => E2BIG,
                    _ => {
                        maps.insert(key.to_vec(), u32::from_le_bytes(id));
                        0
                    }
                };
            }
            Body::ProgArray(progs) => {
                let (Ok(key), Ok(id)) = (<[u8; 4]>::try_from(key), <[u8; 4]>::try_from(value))
                else {
                    return EINVAL;
                };
                let key = u32::from_le_bytes(key);
                if plain != ANY {
                    return EINVAL;
                }
                if key >= m.def.max_entries {
                    return E2BIG;
                }
                progs.insert(key, u32::from_le_bytes(id));
                return 0;
            }
            // An event by the pages that are mapped of it: none, and it is only open.
            Body::PerfArray(_) => {
                let (Ok(key), Ok(pages)) = (<[u8; 4]>::try_from(key), <[u8; 4]>::try_from(value))
                else {
                    return EINVAL;
                };
                let (index, pages) = (u32::from_le_bytes(key), u32::from_le_bytes(pages));
                let opened = self.event_open(map, index, EventKind::Output);
                if opened != 0 || pages == 0 {
                    return opened;
                }
                return match self.event_mmap(map, index, pages) {
                    0 => self.event_enable(map, index, true),
                    error => error,
                };
            }
            Body::Storage { .. } => {
                let Ok(owner) = <[u8; 8]>::try_from(key) else {
                    return EINVAL;
                };
                let owner = u64::from_le_bytes(owner);
                return match self.storage(map, owner, Some(value), true) {
                    Some(addr) => {
                        let done = self.mem.write(addr, value.get(..size).unwrap_or(value));
                        if done.is_ok() { 0 } else { EINVAL }
                    }
                    None => E2BIG,
                };
            }
            _ => {}
        }
        // User space may write what programs may only read.
        let region = m.region();
        if let Some(region) = region {
            self.mem.set_writable(region, true);
        }
        let done = if self.percpu(map) && value.len() > size {
            let parts = value.chunks(stride(size as u32)).enumerate();
            let mut done = 0;
            for (cpu, part) in parts {
                let flags = if cpu == 0 { flags } else { ANY };
                done = self.map_update(
                    map,
                    key,
                    part.get(..size).unwrap_or(part),
                    flags,
                    cpu as u32,
                );
                if done != 0 {
                    break;
                }
            }
            done
        } else if self.percpu(map) {
            let mut done = self.map_update(map, key, value, flags, 0);
            for cpu in 1..self.config.cpus {
                if done == 0 {
                    done = self.map_update(map, key, value, ANY, cpu);
                }
            }
            done
        } else {
            self.map_update(map, key, value, flags, 0)
        };
        if let Some(region) = region {
            let rdonly = self
                .maps
                .get(map as usize)
                .is_some_and(|m| m.def.flags & crate::object::F_RDONLY_PROG != 0);
            self.mem.set_writable(region, !rdonly);
        }
        done
    }

    /// Removes a key.
    pub fn user_delete(&mut self, map: u32, key: &[u8]) -> i64 {
        let Some(m) = self.maps.get_mut(map as usize) else {
            return EINVAL;
        };
        if m.frozen {
            return EPERM;
        }
        let index = key.first_chunk().map(|k| u32::from_le_bytes(*k));
        let gone = |found: bool| if found { 0 } else { ENOENT };
        match &mut m.body {
            Body::Maps(maps) => gone(maps.remove(key).is_some()),
            Body::ProgArray(progs) => gone(index.is_some_and(|i| progs.remove(&i).is_some())),
            Body::Stacks(stacks) => gone(index.is_some_and(|i| stacks.remove(&i).is_some())),
            Body::Storage { owners, .. } => {
                let owner = key.first_chunk().map(|k| u64::from_le_bytes(*k));
                gone(owner.is_some_and(|o| owners.remove(&o).is_some()))
            }
            _ => self.map_delete(map, key),
        }
    }

    /// The value of a key, which is removed.
    pub fn user_lookup_and_delete(&mut self, map: u32, key: &[u8]) -> Result<Vec<u8>, i64> {
        match self.maps.get(map as usize).map(|m| &m.body) {
            Some(Body::Fifo(_)) => self.map_pop(map, true),
            Some(Body::Hash(_)) => {
                let value = self.user_lookup(map, key)?;
                match self.user_delete(map, key) {
                    0 => Ok(value),
                    error => Err(error),
                }
            }
            _ => Err(EOPNOTSUPP),
        }
    }

    /// The key after `key`, or the first (also when `key` is not there).
    pub fn user_next_key(&self, map: u32, key: Option<&[u8]>) -> Result<Vec<u8>, i64> {
        let Some(m) = self.maps.get(map as usize) else {
            return Err(EINVAL);
        };
        match &m.body {
            Body::Bloom(_) | Body::Ringbuf(_) | Body::UserRingbuf => Err(EOPNOTSUPP),
            Body::Fifo(_) => Err(EINVAL),
            _ => m.key_after(key).ok_or(ENOENT),
        }
    }

    /// Up to `count` pairs after a key.
    pub fn user_batch(
        &mut self,
        map: u32,
        after: Option<&[u8]>,
        count: usize,
        remove: bool,
    ) -> Result<Batch, i64> {
        let mut out = Vec::new();
        let mut at = after.map(<[u8]>::to_vec);
        while out.len() < count {
            let Ok(key) = self.user_next_key(map, at.as_deref()) else {
                return Ok((out, None));
            };
            let value = if remove {
                self.user_lookup_and_delete(map, &key)?
            } else {
                self.user_lookup(map, &key)?
            };
            at = if remove { at } else { Some(key.clone()) };
            out.push((key, value));
        }
        Ok((out, at))
    }

    /// No more changes from user space.
    pub fn user_freeze(&mut self, map: u32) -> i64 {
        match self.maps.get_mut(map as usize) {
            Some(m) if m.frozen => super::errno::EBUSY,
            Some(m) => {
                m.frozen = true;
                0
            }
            None => EINVAL,
        }
    }
}
