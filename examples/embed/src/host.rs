//! The host: commands, descriptors, budget, log.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use bpfassay::{Accepted, Load, LoadLimits, LoadMap, Loaded, Target, TargetError};

use crate::attr::{self, Attr, UserMemory};
use crate::errno::Errno;
use crate::lower::{self, Slot, Terms};
use crate::maps::{self, Map};
use crate::vm::{self, Handle, Program, XdpContext};

/// The commands, by their numbers in `bpf(2)`.
pub mod cmd {
    /// Makes a map.
    pub const MAP_CREATE: u32 = 0;
    /// Reads a value.
    pub const MAP_LOOKUP_ELEM: u32 = 1;
    /// Writes a value.
    pub const MAP_UPDATE_ELEM: u32 = 2;
    /// Takes an entry out.
    pub const MAP_DELETE_ELEM: u32 = 3;
    /// Loads a program.
    pub const PROG_LOAD: u32 = 5;
}

/// Instructions that a program may have.
const MAX_INSNS: u32 = 4096;
const KPROBE: u32 = 2;
const XDP: u32 = 6;
/// Bytes of `struct pt_regs`.
const REGISTERS: usize = 168;
const LICENSE_MAX: usize = 128;

enum Object {
    Map(Rc<dyn Map>),
    Program { kind: u32, program: Program },
}

/// A small kernel, as far as `bpf(2)` is concerned.
pub struct Host {
    target: Target,
    limits: LoadLimits,
    objects: Vec<Object>,
}

impl Host {
    /// A host that spends so much on a verification.
    ///
    /// # Errors
    ///
    /// If its own profile is none.
    pub fn new(limits: LoadLimits) -> Result<Host, TargetError> {
        Ok(Host {
            target: Target::from_profile(include_str!("../host.toml"))?,
            limits,
            objects: Vec::new(),
        })
    }

    /// A request as `bpf(2)` gets it. The result is a descriptor, or zero, or an error's
    /// number below zero.
    pub fn bpf(&mut self, command: u32, attr: &[u8], user: &mut dyn UserMemory) -> i64 {
        let attr = Attr(attr);
        let done = match command {
            cmd::MAP_CREATE => self.map_create(attr),
            cmd::MAP_LOOKUP_ELEM => self.map_lookup(attr, user),
            cmd::MAP_UPDATE_ELEM => self.map_update(attr, user),
            cmd::MAP_DELETE_ELEM => self.map_delete(attr, user),
            cmd::PROG_LOAD => self.prog_load(attr, user),
            _ => Err(Errno::EINVAL),
        };
        done.unwrap_or_else(Errno::negative)
    }

    /// Gives a map of the embedder's own a descriptor.
    pub fn add_map(&mut self, map: Rc<dyn Map>) -> i64 {
        self.add(Object::Map(map))
    }

    /// Runs an XDP program on a packet.
    ///
    /// # Errors
    ///
    /// If the descriptor is not of such a program.
    pub fn run_xdp(&self, fd: i64, packet: &mut [u8], from: XdpContext) -> Result<u64, Errno> {
        self.program(fd, XDP)?.on_packet(packet, from)
    }

    /// Runs a kprobe program on the registers of an interrupted thread.
    ///
    /// # Errors
    ///
    /// If the descriptor is not of such a program.
    pub fn run_kprobe(&self, fd: i64, registers: &mut [u8; REGISTERS]) -> Result<u64, Errno> {
        self.program(fd, KPROBE)?.on_registers(registers)
    }

    fn add(&mut self, object: Object) -> i64 {
        self.objects.push(object);
        self.objects.len() as i64
    }

    fn object(&self, fd: i64) -> Option<&Object> {
        self.objects.get(usize::try_from(fd).ok()?.checked_sub(1)?)
    }

    fn map(&self, fd: i64) -> Result<&Rc<dyn Map>, Errno> {
        match self.object(fd) {
            Some(Object::Map(map)) => Ok(map),
            _ => Err(Errno::EBADF),
        }
    }

    fn program(&self, fd: i64, wanted: u32) -> Result<&Program, Errno> {
        match self.object(fd) {
            Some(Object::Program { kind, program }) if *kind == wanted => Ok(program),
            _ => Err(Errno::EBADF),
        }
    }

    /// `map_type, key_size, value_size, max_entries, map_flags`.
    fn map_create(&mut self, attr: Attr<'_>) -> Result<i64, Errno> {
        let map = maps::create(LoadMap {
            map_type: attr.u32(0),
            key_size: attr.u32(4),
            value_size: attr.u32(8),
            max_entries: attr.u32(12),
            flags: attr.u32(16),
        })?;
        Ok(self.add_map(map.into()))
    }

    /// `map_fd, key, value, flags`: the map and the key.
    fn keyed<'a>(
        &'a self,
        attr: Attr<'_>,
        user: &dyn UserMemory,
    ) -> Result<(&'a Rc<dyn Map>, Vec<u8>), Errno> {
        let map = self.map(attr.u32(0).into())?;
        let key = attr::bytes(user, attr.u64(8), map.shape().key_size as usize)?;
        Ok((map, key))
    }

    fn map_lookup(&self, attr: Attr<'_>, user: &mut dyn UserMemory) -> Result<i64, Errno> {
        let (map, key) = self.keyed(attr, user)?;
        let value = map.lookup(&key).ok_or(Errno::ENOENT)?;
        let value: Vec<u8> = value.iter().map(core::cell::Cell::get).collect();
        user.write(attr.u64(16), &value)?;
        Ok(0)
    }

    fn map_update(&self, attr: Attr<'_>, user: &mut dyn UserMemory) -> Result<i64, Errno> {
        let (map, key) = self.keyed(attr, user)?;
        let value = attr::bytes(user, attr.u64(16), map.shape().value_size as usize)?;
        map.update(&key, &value, attr.u64(24))?;
        Ok(0)
    }

    fn map_delete(&self, attr: Attr<'_>, user: &mut dyn UserMemory) -> Result<i64, Errno> {
        let (map, key) = self.keyed(attr, user)?;
        map.delete(&key)?;
        Ok(0)
    }

    /// `prog_type, insn_cnt, insns, license, log_level, log_size, log_buf, kern_version,
    /// prog_flags, prog_name, prog_ifindex, expected_attach_type`.
    fn prog_load(&mut self, attr: Attr<'_>, user: &mut dyn UserMemory) -> Result<i64, Errno> {
        let (kind, count) = (attr.u32(0), attr.u32(4));
        if count == 0 || count > MAX_INSNS {
            return Err(Errno::E2BIG);
        }
        let insns = attr::bytes(user, attr.u64(8), count as usize * 8)?;
        let license = attr::string(user, attr.u64(16), LICENSE_MAX)?;
        let license = core::str::from_utf8(&license).map_err(|_| Errno::EINVAL)?;
        let (name, len) = attr.name(48);
        let name = core::str::from_utf8(name.get(..len).unwrap_or(&[]));
        let shape = |fd: i32| self.map(fd.into()).ok().map(|map| map.shape());
        let load = Load::new(kind, &insns, shape).map_err(|bad| match bad {
            bpfassay::BadLoad::Descriptor { .. } => Errno::EBADF,
            _ => Errno::EINVAL,
        })?;
        let load = load
            .name(name.map_err(|_| Errno::EINVAL)?)
            .license(license)
            .flags(attr.u32(44));
        let (log, done) = match load.verify(&self.target, &self.limits) {
            Loaded::Accept(accepted) => {
                let made = self.prepare(kind, &insns, &accepted);
                (format!("{accepted}\n"), made)
            }
            Loaded::Reject(refused) => (refused.log, Err(Errno::EACCES)),
            Loaded::Lacks(things) => {
                let all = things.join(", ");
                (format!("not offered here: {all}\n"), Err(Errno::EOPNOTSUPP))
            }
            Loaded::Unknown { name, .. } => {
                let errno = match name.as_str() {
                    "budget:memory" => Errno::ENOMEM,
                    name if name.starts_with("budget:") => Errno::E2BIG,
                    _ => Errno::EOPNOTSUPP,
                };
                (format!("not decided: {name}\n"), Err(errno))
            }
            _ => (String::new(), Err(Errno::EOPNOTSUPP)),
        };
        write_log(attr, &log, user)?;
        done.map(|program| self.add(Object::Program { kind, program }))
    }

    /// Makes what was accepted ready to run.
    fn prepare(&self, kind: u32, insns: &[u8], accepted: &Accepted) -> Result<Program, Errno> {
        let slots: Vec<Slot> = insns
            .chunks_exact(8)
            .filter_map(|bytes| bytes.try_into().ok())
            .map(Slot::read)
            .collect();
        // One handle a descriptor would do; one a load is simpler, and as right.
        let handles: RefCell<Vec<Rc<Handle>>> = RefCell::default();
        let map = |fd: i32| {
            let handle = Rc::new(Handle(self.map(fd.into()).ok()?.clone()));
            let address = Rc::as_ptr(&handle) as u64;
            handles.borrow_mut().push(handle);
            Some(address)
        };
        let through_context = match kind {
            XDP => &accepted.context_accesses[..],
            // Registers are what they are.
            _ => &[],
        };
        let terms = Terms {
            map: &map,
            field: &XdpContext::field,
            context_accesses: through_context,
        };
        let code = lower::lower(&slots, &terms).filter(|code| vm::takes(code));
        Ok(Program {
            code: code.ok_or(Errno::EOPNOTSUPP)?,
            maps: handles.into_inner(),
        })
    }
}

/// Writes a log where the caller wants one: as much of it as fits, and a NUL.
fn write_log(attr: Attr<'_>, log: &str, user: &mut dyn UserMemory) -> Result<(), Errno> {
    let (level, size, address) = (attr.u32(24), attr.u32(28) as usize, attr.u64(32));
    if level == 0 || address == 0 {
        return Ok(());
    }
    let room = size.checked_sub(1).ok_or(Errno::EINVAL)?;
    let mut bytes = log
        .as_bytes()
        .get(..room.min(log.len()))
        .unwrap_or(&[])
        .to_vec();
    bytes.push(0);
    user.write(address, &bytes)?;
    if log.len() > room {
        return Err(Errno::ENOSPC);
    }
    Ok(())
}
