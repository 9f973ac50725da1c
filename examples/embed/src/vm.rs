//! Running what was accepted.
//!
//! rbpf is told that all of memory is allowed: nothing is checked any more. That is sound
//! for programs that the verifier accepted and `lower` carried over, and for no others;
//! hence every `unsafe` block of this host stands here, and says which verified fact it
//! rests on.

#![expect(
    unsafe_code,
    reason = "helpers get addresses from programs; what these point to was verified"
)]

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;

use rbpf::EbpfVmRaw;

use crate::errno::Errno;
use crate::lower::Width;
use crate::maps::Map;

/// What XDP programs of this host get: pointers, where Linux shows numbers of 32 bits.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct XdpContext {
    data: u64,
    data_end: u64,
    data_meta: u64,
    /// The interface that a packet came through.
    pub ingress_ifindex: u32,
    /// Its queue.
    pub rx_queue_index: u32,
    /// The interface that it goes to.
    pub egress_ifindex: u32,
}

impl XdpContext {
    /// Where a field of `struct xdp_md` is: how wide, and at which offset.
    pub fn field(off: i16) -> Option<(Width, i16)> {
        match off {
            0 | 4 | 8 => Some((Width::Pointer, off * 2)),
            12..24 => Some((Width::Same, off + 12)),
            _ => None,
        }
    }
}

/// A map as a program knows it: by the address of this.
pub struct Handle(pub Rc<dyn Map>);

/// A program, ready to run.
pub struct Program {
    /// rbpf's instructions.
    pub code: Vec<u8>,
    /// The maps whose addresses are in the code.
    #[expect(dead_code, reason = "held for the addresses in the code")]
    pub maps: Vec<Rc<Handle>>,
}

impl Program {
    /// Runs it on a packet.
    pub fn on_packet(&self, packet: &mut [u8], mut context: XdpContext) -> Result<u64, Errno> {
        let range = packet.as_mut_ptr_range();
        context.data = range.start as u64;
        context.data_meta = context.data;
        context.data_end = range.end as u64;
        self.run((&raw mut context).cast(), size_of::<XdpContext>())
    }

    /// Runs it on registers.
    pub fn on_registers(&self, registers: &mut [u8]) -> Result<u64, Errno> {
        self.run(registers.as_mut_ptr(), registers.len())
    }

    fn run(&self, context: *mut u8, len: usize) -> Result<u64, Errno> {
        // SAFETY: both callers give memory that they own and that outlives the run.
        let context = unsafe { core::slice::from_raw_parts_mut(context, len) };
        let mut vm = EbpfVmRaw::new(Some(&self.code)).map_err(|_| Errno::EOPNOTSUPP)?;
        vm.register_allowed_memory(0..u64::MAX);
        for (number, helper) in HELPERS {
            vm.register_helper(number, helper)
                .map_err(|_| Errno::EOPNOTSUPP)?;
        }
        vm.execute_program(context).map_err(|_| Errno::EFAULT)
    }
}

/// Whether rbpf itself takes a program.
pub fn takes(code: &[u8]) -> bool {
    EbpfVmRaw::new(Some(code)).is_ok()
}

type Helper = fn(u64, u64, u64, u64, u64) -> u64;

const HELPERS: [(u32, Helper); 3] = [(1, map_lookup), (2, map_update), (3, map_delete)];

fn map<'a>(address: u64) -> &'a dyn Map {
    // SAFETY: the verifier lets nothing but a wide load's map through as this argument,
    // and `lower` made such a load the address of a handle that the program holds.
    let handle = unsafe { &*(address as *const Handle) };
    &*handle.0
}

fn copied(address: u64, len: u32) -> Vec<u8> {
    let mut bytes = vec![0; len as usize];
    // SAFETY: the argument was verified to point at as many readable bytes as the map's
    // keys or values have; the copy is new, so they don't overlap.
    unsafe {
        core::ptr::copy_nonoverlapping(address as *const u8, bytes.as_mut_ptr(), len as usize);
    }
    bytes
}

fn result(done: Result<(), Errno>) -> u64 {
    done.map_or_else(|e| e.negative() as u64, |()| 0)
}

fn map_lookup(at: u64, key: u64, _: u64, _: u64, _: u64) -> u64 {
    let map = map(at);
    let key = copied(key, map.shape().key_size);
    map.lookup(&key).map_or(0, |value| value.as_ptr() as u64)
}

fn map_update(at: u64, key: u64, value: u64, flags: u64, _: u64) -> u64 {
    let map = map(at);
    let key = copied(key, map.shape().key_size);
    let value = copied(value, map.shape().value_size);
    result(map.update(&key, &value, flags))
}

fn map_delete(at: u64, key: u64, _: u64, _: u64, _: u64) -> u64 {
    let map = map(at);
    let key = copied(key, map.shape().key_size);
    result(map.delete(&key))
}
