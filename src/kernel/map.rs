//! Maps, created as a loader creates them.
//!
//! Per-CPU maps read and write one value for each possible CPU, each rounded up to
//! eight bytes, so a [`LiveMap`] knows the sizes that the kernel copies and refuses
//! buffers of any other.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::sys::{self, MapSpec};
use super::{Kernel, LiveBtf, LiveProg};
use crate::helpers_spec::MapType;
use crate::object::{Btf, MapDef, MapOrigin};

/// The possible CPUs, as ranges (`0-3,8`).
const POSSIBLE_CPUS: &str = "/sys/devices/system/cpu/possible";

/// Where user space would map an arena that says nothing itself: the kernel wants
/// to know it before a program is loaded, and nothing has to be there.
const ARENA_ADDRESS: u64 = 1 << 44;

/// A map in the kernel; gone when dropped (and unused).
#[derive(Debug)]
pub struct LiveMap {
    fd: OwnedFd,
    key_size: usize,
    /// Bytes of one value, of all CPUs where it has one for each.
    value_bytes: usize,
    /// CPUs that have a value of their own; 0 if the map is not per CPU.
    pub cpus: usize,
    /// A map-in-map's inner map, which lives as long.
    inner: Option<Box<LiveMap>>,
}

/// How many CPUs there may be: the kernel copies a value for each.
fn possible_cpus() -> io::Result<usize> {
    let text = std::fs::read_to_string(POSSIBLE_CPUS)?;
    let last = text.trim().rsplit([',', '-']).next();
    let last: Option<usize> = last.and_then(|n| n.parse().ok());
    last.map(|n| n + 1)
        .ok_or_else(|| io::Error::other(format!("{POSSIBLE_CPUS} says {text}")))
}

impl LiveMap {
    pub(super) fn raw_fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    /// The map that a map-in-map was created with.
    pub fn inner(&self) -> Option<&LiveMap> {
        self.inner.as_deref()
    }

    /// Bytes of a value as user space sees it.
    pub fn value_bytes(&self) -> usize {
        self.value_bytes
    }

    fn fits(&self, key: &[u8], value: usize) -> io::Result<()> {
        if key.len() == self.key_size && value == self.value_bytes {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::InvalidInput))
        }
    }

    /// Sets the value of a key, of every CPU's where it has one for each.
    pub fn update(&self, key: &[u8], value: &[u8], flags: u64) -> io::Result<()> {
        self.fits(key, value.len())?;
        sys::map_update(&self.fd, key, value, flags)
    }

    /// Puts a map into this map-in-map.
    pub fn put_map(&self, key: &[u8], inner: &LiveMap) -> io::Result<()> {
        self.update(key, &inner.raw_fd().to_le_bytes(), 0)
    }

    /// Puts a program into this program array: it runs when it is tail-called.
    pub fn put_program(&self, key: &[u8], program: &LiveProg) -> io::Result<()> {
        self.update(key, &program.0.as_raw_fd().to_le_bytes(), 0)
    }

    /// The value of a key.
    pub fn lookup(&self, key: &[u8]) -> io::Result<Vec<u8>> {
        let mut value = vec![0; self.value_bytes];
        self.fits(key, value.len())?;
        sys::map_lookup(&self.fd, key, &mut value)?;
        Ok(value)
    }

    /// Its keys, at most `limit` of them, in the kernel's order.
    pub fn keys(&self, limit: usize) -> io::Result<Vec<Vec<u8>>> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        let mut next = vec![0; self.key_size];
        if next.is_empty() {
            return Ok(keys);
        }
        while keys.len() < limit {
            let last = keys.last().map_or(&[][..], |k| k);
            match sys::map_next_key(&self.fd, last, &mut next) {
                Ok(()) => keys.push(next.clone()),
                Err(e) if e.raw_os_error() == Some(libc::ENOENT) => break,
                Err(e) => return Err(e),
            }
        }
        Ok(keys)
    }

    /// No more changes from user space.
    pub(super) fn freeze(&self) -> io::Result<()> {
        sys::map_freeze(&self.fd)
    }
}

fn is_percpu(map_type: u32) -> bool {
    [
        MapType::PercpuArray,
        MapType::PercpuHash,
        MapType::LruPercpuHash,
        MapType::PercpuCgroupStorage,
    ]
    .iter()
    .any(|t| t.id() == map_type)
}

/// Bytes of a value as the kernel copies them.
fn value_bytes(size: u32, cpus: usize) -> usize {
    let size = size as usize;
    if cpus > 0 {
        size.next_multiple_of(8) * cpus
    } else {
        size
    }
}

/// Creates a map with what it holds from the start. `btf` is the object's, loaded.
pub fn create_map(
    kernel: &Kernel,
    def: &MapDef,
    object_btf: Option<&Btf>,
    btf: Option<&LiveBtf>,
) -> io::Result<LiveMap> {
    let inner = match &def.inner {
        Some(inner) => Some(Box::new(create_map(kernel, inner, object_btf, btf)?)),
        None => None,
    };
    let mut spec = MapSpec {
        map_type: def.map_type,
        key_size: def.key_size,
        value_size: def.value_size,
        max_entries: def.max_entries,
        flags: def.flags,
        name: &def.name,
        numa_node: def.numa_node,
        inner: inner.as_ref().map(|m| &m.fd),
        btf: None,
        key_type: 0,
        value_type: 0,
        vmlinux_value_type: 0,
        extra: def.map_extra,
    };
    if def.key_type != 0 || def.value_type != 0 {
        (spec.btf, spec.key_type, spec.value_type) =
            (btf.map(|b| &b.0), def.key_type, def.value_type);
        if btf.is_none() {
            (spec.key_type, spec.value_type) = (0, 0);
        }
    }
    if def.map_type == MapType::Arena.id() && spec.extra == 0 {
        spec.extra = ARENA_ADDRESS;
    }
    if let Some(ops) = &def.struct_ops {
        let name = object_btf.map_or("", |b| b.name(ops.type_id));
        let name = format!(
            "bpf_struct_ops_{}",
            crate::object::btf::essential_name(name)
        );
        let vmlinux = kernel.btf.as_deref();
        let value = vmlinux.and_then(|b| b.find_struct(&name));
        let size = value.and_then(|id| vmlinux.and_then(|b| b.resolve_size(id)));
        let (Some(value), Some(size)) = (value, size) else {
            return Err(io::Error::from_raw_os_error(libc::ENOTSUP));
        };
        (spec.key_type, spec.value_type) = (0, 0);
        (spec.vmlinux_value_type, spec.value_size) = (value, size);
        spec.btf = btf.map(|b| &b.0);
    }
    let fd = match sys::map_create(&spec) {
        // As libbpf does: once more, with untyped keys and values.
        Err(_) if spec.key_type != 0 || spec.value_type != 0 => {
            (spec.btf, spec.key_type, spec.value_type) = (None, 0, 0);
            sys::map_create(&spec)?
        }
        other => other?,
    };
    let cpus = if is_percpu(def.map_type) {
        possible_cpus()?
    } else {
        0
    };
    let map = LiveMap {
        fd,
        key_size: def.key_size as usize,
        value_bytes: value_bytes(spec.value_size, cpus),
        cpus,
        inner,
    };
    fill(&map, def)?;
    Ok(map)
}

/// The initial bytes of a section's variables. A struct_ops map is left alone: to
/// fill it is to register it.
fn fill(map: &LiveMap, def: &MapDef) -> io::Result<()> {
    if def.is_data() && def.map_type == MapType::Array.id() {
        let mut value = def.initial.as_deref().unwrap_or(&[]).to_vec();
        value.resize(def.value_size as usize, 0);
        if value.iter().any(|b| *b != 0) {
            map.update(&[0; 4], &value, 0)?;
        }
    }
    if def.frozen && def.kind != MapOrigin::JumpTable {
        map.freeze()?;
    }
    Ok(())
}
